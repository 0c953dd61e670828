//! Headers of responses, read when someone asks: a value that is not what the API declares is an error of the
//! access, not of the call.
//!
//! Values have the style `simple`: scalars as text, lists joined by commas, objects as members joined by commas.

use crate::{Date, DateTime, Decimal, Sensitive, Uuid};
use http::HeaderMap;
use std::collections::BTreeMap;

/// A header that is not what the API declares. The message does not quote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("header `{name}` is not {expected}")]
pub struct HeaderError {
    name: &'static str,
    expected: &'static str,
}

impl HeaderError {
    /// The header.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// A type that a header can have.
pub trait FromHeader: Sized {
    /// What it is, in words.
    const EXPECTED: &'static str;

    /// Reads the whole text.
    fn from_header(text: &str) -> Option<Self>;
}

/// The value of a header: nothing if it is absent, several lines joined by commas.
///
/// # Errors
/// The value is not of this type.
pub fn header<T: FromHeader>(headers: &HeaderMap, name: &'static str) -> Result<Option<T>, HeaderError> {
    let Some(text) = joined(headers, name).transpose() else { return Ok(None) };
    let error = HeaderError { name, expected: T::EXPECTED };
    match text {
        Ok(text) => T::from_header(text.trim()).map(Some).ok_or(error),
        Err(NotText) => Err(error),
    }
}

/// A value that is not UTF-8.
struct NotText;

fn joined(headers: &HeaderMap, name: &str) -> Result<Option<String>, NotText> {
    let mut all: Option<String> = None;
    for value in headers.get_all(name) {
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| NotText)?;
        match &mut all {
            None => all = Some(text.to_owned()),
            Some(all) => {
                all.push_str(", ");
                all.push_str(text);
            }
        }
    }
    Ok(all)
}

macro_rules! parsed {
    ($($type:ty: $expected:literal),*) => {$(
        impl FromHeader for $type {
            const EXPECTED: &'static str = $expected;

            fn from_header(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}
parsed!(
    i32: "an integer", i64: "an integer", u32: "an integer", u64: "an integer", f64: "a number",
    bool: "`true` or `false`", Decimal: "a number"
);

macro_rules! texts {
    ($($type:ty),*) => {$(
        impl FromHeader for $type {
            const EXPECTED: &'static str = "text";

            fn from_header(text: &str) -> Option<Self> {
                Some(text.into())
            }
        }
    )*};
}
texts!(String, DateTime, Date, Uuid, Sensitive);

impl<T: FromHeader> FromHeader for Vec<T> {
    const EXPECTED: &'static str = "a list of what it should hold";

    fn from_header(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Vec::new());
        }
        text.split(',').map(|item| T::from_header(item.trim())).collect()
    }
}

/// Members as `name=value`, or in turn a name and a value.
impl<T: FromHeader> FromHeader for BTreeMap<String, T> {
    const EXPECTED: &'static str = "members joined by commas";

    fn from_header(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        if parts.iter().all(|part| part.contains('=')) {
            let members = parts.iter().filter_map(|part| part.split_once('='));
            return members.map(|(name, value)| Some((name.to_owned(), T::from_header(value)?))).collect();
        }
        let members = parts.chunks(2).map(|member| match member {
            [name, value] => Some(((*name).to_owned(), T::from_header(value)?)),
            _ => None,
        });
        members.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &[u8])]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, http::HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn headers_have_types() {
        let headers = headers(&[
            ("retry-after", b"30"),
            ("x-list", b"1, 2"),
            ("x-list", b"3"),
            ("x-flat", b"r,100,g,200"),
            ("x-explode", b"r=100,g=200"),
            ("x-bad", b"canary"),
            ("x-bytes", b"\xff"),
            ("x-time", b"2026-01-31T12:00:00Z"),
            ("x-flag", b"true"),
            ("x-empty", b""),
        ]);
        let map = BTreeMap::from([("g".to_owned(), 200), ("r".to_owned(), 100)]);
        assert_eq!(header::<i64>(&headers, "Retry-After"), Ok(Some(30)));
        assert_eq!(header::<i64>(&headers, "X-Absent"), Ok(None));
        assert_eq!(header::<Vec<i64>>(&headers, "X-List"), Ok(Some(vec![1, 2, 3])));
        assert_eq!(header::<String>(&headers, "X-List"), Ok(Some("1, 2, 3".to_owned())));
        assert_eq!(header::<BTreeMap<String, i64>>(&headers, "X-Flat"), Ok(Some(map.clone())));
        assert_eq!(header::<BTreeMap<String, i64>>(&headers, "X-Explode"), Ok(Some(map)));
        assert_eq!(header::<DateTime>(&headers, "X-Time").unwrap().unwrap().as_str(), "2026-01-31T12:00:00Z");
        assert_eq!(header::<bool>(&headers, "X-Flag"), Ok(Some(true)));
        assert_eq!(header::<Vec<String>>(&headers, "X-Empty"), Ok(Some(Vec::new())));
        let error = header::<i64>(&headers, "X-Bad").unwrap_err();
        assert_eq!(error.to_string(), "header `X-Bad` is not an integer");
        assert!(header::<String>(&headers, "X-Bytes").is_err());
        assert!(header::<BTreeMap<String, i64>>(&headers, "X-Bad").is_err());
    }
}
