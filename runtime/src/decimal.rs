//! Numbers that must stay exact.
//!
//! A JSON number is text; reading it as a double changes some of them (`0.10`, `12345678901234567.89`).
//! [`Decimal`] keeps the text. serde_json's feature `arbitrary_precision` would do the same, and change
//! every crate in the consumer's build; a raw value does not.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;
use std::str::FromStr;

/// A JSON number by its own text: `10.50` stays `10.50`.
///
/// Equality is that of the text: `1.0` and `1.00` differ, as they do to a signature. Convert before you
/// calculate: to a decimal type of your choice by [`as_str`](Self::as_str), or to a double by
/// [`to_f64`](Self::to_f64).
///
/// The text survives serde_json from and to text or bytes, and the unions of generated crates. It does not
/// survive [`serde_json::Value`] and members that no schema names (`#[serde(flatten)]`): serde holds these
/// as doubles.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal(Box<str>);

impl Decimal {
    /// Takes the text of a JSON number (RFC 8259, section 6).
    ///
    /// # Errors
    /// [`DecimalError`] for any other text: `+1`, `.5`, `1.`, `01`, `NaN`, spaces.
    pub fn new(text: impl Into<String>) -> Result<Self, DecimalError> {
        let text = text.into();
        if is_number(text.as_bytes()) { Ok(Self(text.into_boxed_str())) } else { Err(DecimalError(())) }
    }

    /// The number as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest double; infinite where the number is larger than any.
    pub fn to_f64(&self) -> f64 {
        // JSON's grammar is a part of Rust's, so this does not fail.
        self.0.parse().unwrap_or(f64::NAN)
    }
}

/// A text that is not a JSON number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON number")]
pub struct DecimalError(());

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decimal({})", self.0)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        Self::new(text)
    }
}

impl TryFrom<&str> for Decimal {
    type Error = DecimalError;

    fn try_from(text: &str) -> Result<Self, DecimalError> {
        Self::new(text)
    }
}

impl TryFrom<f64> for Decimal {
    type Error = DecimalError;

    /// The shortest text that reads back as the same double.
    fn try_from(number: f64) -> Result<Self, DecimalError> {
        // Debug keeps the exponent short for large and small numbers; `inf` and `NaN` are refused below.
        Self::new(format!("{number:?}"))
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Decimal {
            fn from(number: $integer) -> Self {
                Self(number.to_string().into_boxed_str())
            }
        }
    )*};
}
from_integers!(i8, i16, i32, i64, i128, u8, u16, u32, u64, u128);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: Box<str> = crate::json::raw(deserializer)?.into();
        if is_number(raw.as_bytes()) {
            Ok(Self(raw))
        } else {
            Err(D::Error::invalid_type(unexpected(&raw), &"a number"))
        }
    }
}

/// The kind of a JSON value, for an error that does not quote it.
fn unexpected(raw: &str) -> serde::de::Unexpected<'static> {
    use serde::de::Unexpected;
    match raw.as_bytes().first() {
        Some(b'"') => Unexpected::Str(""),
        Some(b'[') => Unexpected::Seq,
        Some(b'{') => Unexpected::Map,
        Some(b'n') => Unexpected::Unit,
        Some(b't') => Unexpected::Bool(true),
        Some(b'f') => Unexpected::Bool(false),
        _ => Unexpected::Other("something else"),
    }
}

fn is_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let (integer, rest) = digits(text);
    if integer.is_empty() || (integer.len() > 1 && integer[0] == b'0') {
        return false;
    }
    let rest = match rest.strip_prefix(b".") {
        None => rest,
        Some(rest) => match digits(rest) {
            ([], _) => return false,
            (_, rest) => rest,
        },
    };
    match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] => {
            let (exponent, rest) = digits(rest);
            !exponent.is_empty() && rest.is_empty()
        }
        _ => false,
    }
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const TEXTS: &[&str] =
        &["0", "-0", "0.10", "10.50", "12345678901234567.89", "1e400", "-1.5E-7", "100000000000000000000000000"];

    #[test]
    fn the_text_survives() {
        for text in TEXTS {
            let decimal: Decimal = serde_json::from_str(text).unwrap();
            assert_eq!(decimal.as_str(), *text);
            assert_eq!(serde_json::to_string(&decimal).unwrap(), *text);
            assert_eq!(
                serde_json::from_slice::<Vec<Option<Decimal>>>(format!("[ {text} ,null]").as_bytes()).unwrap(),
                [Some(decimal), None]
            );
        }
    }

    #[test]
    fn only_numbers_are_taken() {
        for text in ["", "+1", ".5", "1.", "01", "-", "1e", "1e+", "NaN", "inf", " 1", "1 ", "0x1", "1_0", "\"1\"", "٣"]
        {
            assert!(Decimal::new(text).is_err(), "{text:?}");
        }
        for text in ["\"1\"", "null", "[1]", "{}", "true"] {
            let error = serde_json::from_str::<Decimal>(text).unwrap_err().to_string();
            assert!(error.ends_with("column 0") || error.contains("expected a number"), "{error}");
        }
    }

    #[test]
    fn a_member_without_a_schema_still_decodes() {
        #[derive(Deserialize)]
        struct Extra {
            #[serde(flatten)]
            extra: BTreeMap<String, Decimal>,
        }
        let decoded: Extra = serde_json::from_str(r#"{"a":0.25,"b":-7}"#).unwrap();
        assert_eq!(decoded.extra["a"].as_str(), "0.25");
        assert_eq!(decoded.extra["b"].as_str(), "-7");
        let value: Decimal = serde_json::from_value(serde_json::json!(1.5)).unwrap();
        assert_eq!(value.as_str(), "1.5");
        assert_eq!(serde_json::to_value(value).unwrap(), serde_json::json!(1.5));
    }

    #[test]
    fn conversions() {
        assert_eq!(Decimal::from(-3_i64).as_str(), "-3");
        assert_eq!(Decimal::try_from(1e300).unwrap().to_f64(), 1e300);
        assert_eq!(Decimal::try_from(0.1).unwrap().as_str(), "0.1");
        assert!(Decimal::try_from(f64::NAN).is_err());
        assert!(Decimal::try_from(f64::INFINITY).is_err());
        assert_ne!(Decimal::new("1.0").unwrap(), Decimal::new("1.00").unwrap());
    }
}
