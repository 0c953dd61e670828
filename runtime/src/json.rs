//! JSON text to values, with errors that name the field and never quote the text.
//!
//! 1. A byte order mark is taken off and the nesting is measured, so that hostile text can't exhaust the stack.
//! 2. [`decode`] reads one value to the end of the input and tracks the path of the member it reads.
//! 3. What serde says about a failure is reduced to words that come from code, because serde quotes the value
//!    it did not expect, and error messages end up in logs.

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::value::RawValue;
use serde_path_to_error::{Path, Segment};
use std::fmt;

/// How deep arrays and objects may nest; also serde_json's own limit within one value.
pub(crate) const MAX_DEPTH: usize = 128;

/// Why a text did not decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    path: String,
    message: String,
}

impl DecodeError {
    /// The path of the member that failed, `data.items[3].price`; `.` is the value as a whole.
    ///
    /// Maps have keys of their users' making; one that does not look like a name is written `*`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What was expected and what kind of thing came instead, without its value.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn whole(message: impl Into<String>) -> Self {
        Self { path: ".".to_owned(), message: message.into() }
    }

    /// The form in which an error inside a union travels through serde's own errors.
    pub(crate) fn marked(&self) -> String {
        format!("{MARK}{}{SEPARATOR}{}", self.path, self.message)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.message, self.path)
    }
}

impl std::error::Error for DecodeError {}

/// Reads one value that fills the whole text.
pub(crate) fn decode<'de, T: Deserialize<'de>>(text: &'de [u8]) -> Result<T, DecodeError> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(DecodeError::whole("the body is empty, expected JSON"));
    }
    check_depth(text)?;
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().clone();
        located(&path, error.inner())
    })?;
    deserializer.end().map_err(|error| DecodeError::whole(described(&error)))?;
    Ok(value)
}

/// The exact text of a value, from serde_json; printed anew where serde holds the value in a buffer of its own
/// (inside `#[serde(flatten)]`), which is the only case where the text is gone.
pub(crate) fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<RawValue>, D::Error> {
    Box::<RawValue>::deserialize(Buffered(deserializer))
}

const MARK: &str = "\u{1}in ";
const SEPARATOR: char = '\u{1}';

fn located(path: &Path, error: &serde_json::Error) -> DecodeError {
    let outer = shown(path);
    let text = error.to_string();
    match text.strip_prefix(MARK).and_then(|inner| inner.split_once(SEPARATOR)) {
        Some((inner, message)) => {
            DecodeError { path: joined(&outer, inner), message: without_position(message).to_owned() }
        }
        None => DecodeError { path: outer, message: described(error) },
    }
}

fn joined(outer: &str, inner: &str) -> String {
    match (outer, inner) {
        (".", inner) => inner.to_owned(),
        (outer, ".") => outer.to_owned(),
        (outer, inner) if inner.starts_with('[') => format!("{outer}{inner}"),
        (outer, inner) => format!("{outer}.{inner}"),
    }
}

/// The path with every key left out that could be data.
fn shown(path: &Path) -> String {
    let mut text = String::new();
    for segment in path.iter() {
        let key = match segment {
            Segment::Seq { index } => {
                text.push_str(&format!("[{index}]"));
                continue;
            }
            Segment::Map { key } => key.as_str(),
            Segment::Enum { variant } => variant.as_str(),
            Segment::Unknown => "?",
        };
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(if looks_like_a_name(key) { key } else { "*" });
    }
    if text.is_empty() { ".".to_owned() } else { text }
}

fn looks_like_a_name(key: &str) -> bool {
    key.len() <= 64
        && key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == '$')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$'))
}

/// serde's message, reduced to what the code says: what was expected, and the kind of what came.
fn described(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&position).unwrap_or(&text);
    if !error.is_data() {
        return format!("{text}, line {} column {}", error.line(), error.column());
    }
    for whole in ["missing field `", "duplicate field `"] {
        if text.starts_with(whole) {
            return text.to_owned();
        }
    }
    let Some(kind) = KINDS.iter().find(|kind| text.starts_with(**kind)) else {
        return "a value that its type does not take".to_owned();
    };
    // The part after the last ", expected " is written in code; all before it may hold the value.
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("{kind}, expected {expected}"),
        None => (*kind).to_owned(),
    }
}

/// The beginnings of serde's messages, up to where it quotes the value.
const KINDS: &[&str] = &[
    "invalid type: boolean",
    "invalid type: integer",
    "invalid type: floating point",
    "invalid type: string",
    "invalid type: null",
    "invalid type: unit value",
    "invalid type: sequence",
    "invalid type: map",
    "invalid type",
    "invalid value: boolean",
    "invalid value: integer",
    "invalid value: floating point",
    "invalid value: string",
    "invalid value",
    "invalid length",
    "unknown variant",
    "unknown field",
];

/// A union decodes from a text of its own, so the position inside it means nothing outside.
fn without_position(message: &str) -> &str {
    match message.rsplit_once(" at line ") {
        Some((message, _)) => message,
        None => message,
    }
}

fn check_depth(text: &[u8]) -> Result<(), DecodeError> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(DecodeError::whole(format!("more than {MAX_DEPTH} levels of arrays and objects")));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Lets [`RawValue`] be read from deserializers that know nothing of it.
struct Buffered<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Buffered<D> {
    type Error = D::Error;

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, BufferedVisitor { name, visitor })
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct BufferedVisitor<V> {
    name: &'static str,
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for BufferedVisitor<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    /// serde_json hands the text over as a map with one member.
    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(map)
    }

    /// Everyone else hands over the value itself; a [`serde_json::Value`] of it knows how to be a text.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        value.deserialize_newtype_struct(self.name, self.visitor).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Item {
        price: i64,
    }

    fn failure<T: fmt::Debug + for<'de> Deserialize<'de>>(text: &str) -> DecodeError {
        decode::<T>(text.as_bytes()).expect_err("must not decode")
    }

    #[test]
    fn an_error_names_the_member_and_not_its_value() {
        let error =
            failure::<BTreeMap<String, Vec<Item>>>(r#"{"items":[{"price":1},{"price":"canary, expected canary"}]}"#);
        assert_eq!(error.path(), "items[1].price");
        assert_eq!(error.message(), "invalid type: string, expected i64");
        assert_eq!(error.to_string(), "invalid type: string, expected i64 at items[1].price");
    }

    #[test]
    fn keys_that_look_like_data_are_not_shown() {
        let error = failure::<BTreeMap<String, Item>>(r#"{"ann@example.com":{}}"#);
        assert_eq!(error.to_string(), "missing field `price` at *");
    }

    #[test]
    fn what_follows_the_value_is_an_error() {
        assert!(failure::<i64>("1 2").to_string().contains("trailing characters"));
        assert_eq!(decode::<i64>(b" 1 \n").unwrap(), 1);
        assert_eq!(decode::<i64>(b"\xEF\xBB\xBF1").unwrap(), 1);
    }

    #[test]
    fn an_empty_text_says_so() {
        assert_eq!(failure::<i64>(" \n").message(), "the body is empty, expected JSON");
    }

    #[test]
    fn a_cut_text_is_told_from_a_wrong_one() {
        assert!(failure::<Vec<i64>>("[1,").message().starts_with("EOF while parsing"));
    }

    #[test]
    fn hostile_nesting_is_refused() {
        let text = "[".repeat(1_000_000);
        assert_eq!(failure::<serde_json::Value>(&text).message(), "more than 128 levels of arrays and objects");
        assert!(decode::<serde_json::Value>(br#"["[[[[", "\"[["]"#).is_ok());
    }

    #[test]
    fn messages_of_other_types_are_not_repeated() {
        #[derive(Debug)]
        struct Picky;
        impl<'de> Deserialize<'de> for Picky {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Err(serde::de::Error::custom(format!("I dislike {text}")))
            }
        }
        assert!(!failure::<Picky>(r#""canary""#).to_string().contains("canary"));
    }
}
