//! `form` and `sorted-form`: urlencoded pairs.

use crate::operations::encode::hex_digit;
use bytes::BufMut;
use std::borrow::Cow;

/// Appends bytes percent-encoded; only RFC 3986's unreserved characters stay.
pub(crate) fn percent_encode(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.put_u8(*byte),
            _ => out.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]),
        }
    }
}

/// A part of a form.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    /// Text as it is.
    Text(&'a str),
    /// A pair, percent-encoded.
    Pair(&'a str, &'a str),
}

/// Appends parts joined by `&`; empty texts are left out.
pub(crate) fn form<'a>(out: &mut Vec<u8>, parts: impl IntoIterator<Item = Part<'a>>) {
    let mut first = true;
    for part in parts {
        if matches!(part, Part::Text("")) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.extend_from_slice(b"&");
        }
        match part {
            Part::Text(text) => out.extend_from_slice(text.as_bytes()),
            Part::Pair(name, value) => {
                percent_encode(out, name.as_bytes());
                out.extend_from_slice(b"=");
                percent_encode(out, value.as_bytes());
            }
        }
    }
}

/// Appends the pairs of a form, decoded, equal ones once, sorted by name and value, without separators.
///
/// Nothing is appended and nothing returned where the text is no form.
pub(crate) fn sorted_form(out: &mut Vec<u8>, text: &str) -> Option<()> {
    let mut pairs =
        pairs(text).map(|(name, value)| Some((decode(name)?, decode(value)?))).collect::<Option<Vec<_>>>()?;
    pairs.sort_unstable();
    pairs.dedup();
    for (name, value) in pairs {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(value.as_bytes());
    }
    Some(())
}

/// The pairs of a form as they are written; empty segments are none.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('&')
        .filter(|segment| !segment.is_empty())
        .map(|segment| segment.split_once('=').unwrap_or((segment, "")))
}

/// Whether a pair of this name stands in a query or form, however it is written.
pub(crate) fn contains(text: &str, name: &str) -> bool {
    pairs(text).any(|(other, _)| decode(other).as_deref() == Some(name))
}

/// A name or value decoded: `+` is a space, `%XX` a byte; nothing if the result is not text.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(bytes.next()?)? << 4 | hex_digit(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// A value decoded, if it is written exactly as [`percent_encode`] writes it.
pub(crate) fn decode_exact(text: &str) -> Option<Cow<'_, str>> {
    let decoded = decode(text)?;
    let mut again = Vec::with_capacity(text.len());
    percent_encode(&mut again, decoded.as_bytes());
    (again == text.as_bytes()).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreserved_characters_stay() {
        let mut out = Vec::new();
        percent_encode(&mut out, "aZ09-._~ +&=/é%".as_bytes());
        assert_eq!(out, b"aZ09-._~%20%2B%26%3D%2F%C3%A9%25");
    }

    #[test]
    fn empty_texts_are_left_out_and_pairs_are_not() {
        let mut out = Vec::new();
        form(&mut out, [Part::Text(""), Part::Pair("n", ""), Part::Text("a=b&c"), Part::Pair("x y", "1/2")]);
        assert_eq!(out, b"n=&a=b&c&x%20y=1%2F2");
    }

    #[test]
    fn sorted_forms_are_decoded_and_hold_equal_pairs_once() {
        let mut out = Vec::new();
        sorted_form(&mut out, "b=2&a=%2B1&&a=%2b1&a=+&c").unwrap();
        assert_eq!(out, b"a a+1b2c");
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for bad in ["a=%", "a=%4", "a=%zz", "%ff=1", "a=%C3"] {
            assert!(sorted_form(&mut Vec::new(), bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn only_our_own_encoding_is_read_back() {
        assert_eq!(decode_exact("a%2Bb").as_deref(), Some("a+b"));
        for other in ["a%2bb", "a+b", "%61", "a b", "a/b"] {
            assert_eq!(decode_exact(other), None, "{other}");
        }
    }
}
