//! One value of a JSON text by JSON Pointer (RFC 6901), without building the rest.
//!
//! A member that stands twice on the way is refused: which of the two counts would be a matter of the parser.

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// The longest value that tells events apart.
const VALUE_LIMIT: usize = 1024;

/// Why a body has no value that tells events apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DedupeError {
    /// The body is not JSON.
    #[error("the body is not JSON")]
    NotJson,
    /// Nothing stands there.
    #[error("nothing stands there")]
    Missing,
    /// A member on the way stands twice.
    #[error("a member on the way stands twice")]
    Doubled,
    /// What stands there is neither text nor a number, or is empty.
    #[error("it is neither text nor a number, or is empty")]
    NotText,
    /// It is longer than any id.
    #[error("it has more than {VALUE_LIMIT} bytes")]
    TooLong,
}

/// A pointer, split into its steps.
#[derive(Clone, Debug)]
pub(super) struct Pointer(Vec<String>);

impl Pointer {
    /// Splits a pointer; it must name a place below the top.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let steps = text.strip_prefix('/')?.split('/').map(unescaped).collect::<Option<_>>()?;
        Some(Self(steps))
    }

    /// The text or the exact digits that stand there.
    pub(super) fn value(&self, json: &[u8]) -> Result<String, DedupeError> {
        let mut found = None;
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let walk = Walk { steps: &self.0, found: &mut found };
        let walked = walk.deserialize(&mut deserializer).and_then(|()| deserializer.end());
        match (walked, found) {
            (_, Some(Err(error))) => Err(error),
            (Err(_), _) => Err(DedupeError::NotJson),
            (Ok(()), None) => Err(DedupeError::Missing),
            (Ok(()), Some(Ok(value))) if value.len() > VALUE_LIMIT => Err(DedupeError::TooLong),
            (Ok(()), Some(Ok(value))) => Ok(value),
        }
    }
}

fn unescaped(step: &str) -> Option<String> {
    let valid = step.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    valid.then(|| step.replace("~1", "/").replace("~0", "~"))
}

type Found = Option<Result<String, DedupeError>>;

struct Walk<'s> {
    steps: &'s [String],
    found: &'s mut Found,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.steps.is_empty() {
            // The exact text of a number, which no float keeps.
            let raw: &serde_json::value::RawValue = serde::Deserialize::deserialize(deserializer)?;
            *self.found = Some(scalar(raw.get()));
            return Ok(());
        }
        deserializer.deserialize_any(self)
    }
}

fn scalar(raw: &str) -> Result<String, DedupeError> {
    let value = match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw).map_err(|_| DedupeError::NotJson)?,
        Some(b'-' | b'0'..=b'9') => raw.to_owned(),
        _ => String::new(),
    };
    if value.is_empty() { Err(DedupeError::NotText) } else { Ok(value) }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = false;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if name != self.steps[0] {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if seen {
                *self.found = Some(Err(DedupeError::Doubled));
                return Err(A::Error::custom("doubled"));
            }
            seen = true;
            map.next_value_seed(Walk { steps: &self.steps[1..], found: self.found })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        // RFC 6901 section 4: no leading zeros.
        let step = &self.steps[0];
        let index = step.parse().ok().filter(|index: &usize| index.to_string() == *step);
        let mut at = 0;
        loop {
            let more = if Some(at) == index {
                seq.next_element_seed(Walk { steps: &self.steps[1..], found: self.found })?.is_some()
            } else {
                seq.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                return Ok(());
            }
            at += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(pointer: &str, json: &str) -> Result<String, DedupeError> {
        Pointer::parse(pointer).unwrap().value(json.as_bytes())
    }

    #[test]
    fn values_are_found() {
        assert_eq!(at("/eventId", r#"{"a":[1,{}],"eventId":"e-1","z":null}"#).unwrap(), "e-1");
        assert_eq!(at("/eventId", r#"{"eventId":"\u00e9\"\n"}"#).unwrap(), "é\"\n");
        assert_eq!(at("/eventId", r#"{"\u0065ventId":"x"}"#).unwrap(), "x");
        assert_eq!(at("/id", r#"{"id":123456789012345678901234567890}"#).unwrap(), "123456789012345678901234567890");
        assert_eq!(at("/id", r#"{"id":-1.50}"#).unwrap(), "-1.50");
        assert_eq!(at("/a/b~1c/~0d/1", r#"{"a":{"b/c":{"~d":["x","y"]}}}"#).unwrap(), "y");
        assert_eq!(at("/0/id", r#"[{"id":"x"},{"id":"y"}]"#).unwrap(), "x");
    }

    #[test]
    fn what_is_missing_or_doubtful_is_not() {
        use DedupeError::{Doubled, Missing, NotJson, NotText, TooLong};
        for (json, error) in [
            ("", NotJson),
            ("{", NotJson),
            (r#"{"id":"x"} x"#, NotJson),
            (r#"{"id":"x",}"#, NotJson),
            (r#"{"id":"\ud800"}"#, NotJson),
            ("\u{feff}{\"id\":\"x\"}", NotJson),
            ("{}", Missing),
            ("[]", Missing),
            ("\"id\"", Missing),
            ("1", Missing),
            (r#"{"ID":"x"}"#, Missing),
            (r#"{"a":{"id":"x"}}"#, Missing),
            (r#"{"id":null}"#, NotText),
            (r#"{"id":true}"#, NotText),
            (r#"{"id":""}"#, NotText),
            (r#"{"id":["x"]}"#, NotText),
            (r#"{"id":{"id":"x"}}"#, NotText),
            (r#"{"id":"x","id":"x"}"#, Doubled),
            (r#"{"id":"x","\u0069d":"y"}"#, Doubled),
        ] {
            assert_eq!(at("/id", json), Err(error), "{json}");
        }
        assert_eq!(at("/id", &format!("{{\"id\":\"{}\"}}", "x".repeat(1025))), Err(TooLong));
        assert_eq!(at("/01", "[1,2]"), Err(Missing));
        assert_eq!(at("/a/id", r#"{"a":{"id":1},"a":{"id":2}}"#), Err(Doubled));
        let deep = format!("{{\"x\":{}{},\"id\":1}}", "[".repeat(100_000), "]".repeat(100_000));
        let _ = at("/id", &deep);
        for bad in ["", "id", "/a~", "/a~2"] {
            assert!(Pointer::parse(bad).is_none(), "{bad}");
        }
    }
}
