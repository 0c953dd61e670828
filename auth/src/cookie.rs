//! The `Cookie` header, which several senders share: a recipe's own pair beside those that are there already.
//!
//! A recipe carries its cookie as `name={value}`. The pair replaces one of the same name and stands last; a receiver
//! looks for it among the others, which may have come in several header lines (RFC 9113, section 8.2.3).

use crate::prepare::{PlannedCarrier, PlannedPart};
use http::{HeaderMap, header::COOKIE};

/// The header with this pair in it.
#[cfg(feature = "reqwest")]
pub(crate) fn joined(headers: &HeaderMap, own: &http::HeaderValue) -> http::HeaderValue {
    use zeroize::Zeroizing;
    let name = name_of(own.as_bytes());
    let others: Vec<&[u8]> = pairs(headers).filter(|pair| name_of(pair) != name).collect();
    if others.is_empty() {
        return own.clone();
    }
    let mut value = Zeroizing::new(others.join(&b"; "[..]));
    value.extend_from_slice(b"; ");
    value.extend_from_slice(own.as_bytes());
    // Both halves were header values, so the whole is one.
    let mut joined = http::HeaderValue::from_bytes(&value).unwrap_or_else(|_| own.clone());
    joined.set_sensitive(own.is_sensitive());
    joined
}

/// Whether this is one pair, with a value of RFC 6265's octets.
pub(crate) fn is_pair(pair: &[u8]) -> bool {
    let octet = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\');
    pair.iter().position(|byte| *byte == b'=').is_some_and(|at| at > 0 && pair[at + 1..].iter().all(octet))
}

/// The pair that a recipe carries, if it is there once.
pub(crate) fn received<'h>(headers: &'h HeaderMap, carrier: &PlannedCarrier) -> Result<Option<&'h [u8]>, ()> {
    let PlannedCarrier::One(parts) = carrier else { return Ok(None) };
    let Some(PlannedPart::Text(start)) = parts.first() else { return Ok(None) };
    let name = name_of(start.as_bytes());
    let mut found = pairs(headers).filter(|pair| name_of(pair) == name);
    let first = found.next();
    if found.next().is_some() { Err(()) } else { Ok(first) }
}

/// Pairs of all header lines.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.map(<[u8]>::trim_ascii).filter(|pair| !pair.is_empty())
}

fn name_of(pair: &[u8]) -> &[u8] {
    pair.split(|byte| *byte == b'=').next().unwrap_or_default()
}
