//! `json_encode(json_decode($text))` of PHP 7.1 and newer, without flags.
//!
//! Written for the verifiers alone, straight from the text: members keep their order, so no map of ours
//! is in between. What PHP fails on is refused.

use serde::de::{DeserializeSeed, Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// What PHP holds a map as between reading and printing: the second argument of `json_decode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maps {
    /// PHP arrays, which print as lists if they are empty or have the keys 0..n-1.
    Arrays,
    /// Objects, which stay what they are.
    Objects,
}

/// JSON text as PHP prints it again.
pub(super) fn reprint(json: &str, maps: Maps) -> Result<String, String> {
    whole(json, Print { maps, author: Author::Anyone })
}

/// Whether PHP can have printed this text.
pub(super) fn is_printed(json: &str, maps: Maps) -> Result<bool, String> {
    Ok(whole(json, Print { maps, author: Author::Php })? == json)
}

fn whole(json: &str, print: Print) -> Result<String, String> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let printed = print.deserialize(&mut reader).map_err(|error| error.to_string())?;
    reader.end().map_err(|error| error.to_string())?;
    Ok(printed)
}

/// A text as PHP prints it, quotes included.
pub(super) fn text(text: &str) -> String {
    let mut printed = String::from('"');
    for unit in text.encode_utf16() {
        match unit {
            0x22 => printed.push_str("\\\""),
            0x5c => printed.push_str("\\\\"),
            0x2f => printed.push_str("\\/"),
            0x08 => printed.push_str("\\b"),
            0x0c => printed.push_str("\\f"),
            0x0a => printed.push_str("\\n"),
            0x0d => printed.push_str("\\r"),
            0x09 => printed.push_str("\\t"),
            0x20..=0x7f => printed.extend(char::from_u32(u32::from(unit))),
            _ => printed.push_str(&format!("\\u{unit:04x}")),
        }
    }
    printed.push('"');
    printed
}

#[derive(Clone, Copy)]
struct Print {
    maps: Maps,
    author: Author,
}

/// Who wrote the text that is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Author {
    Anyone,
    /// PHP prints the double -0.0 as `-0`, which it reads as the integer 0: the one text of its own that it
    /// would print otherwise.
    Php,
}

impl<'de> DeserializeSeed<'de> for Print {
    type Value = String;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<String, D::Error> {
        let raw = <&'de RawValue as serde::Deserialize<'de>>::deserialize(reader)?;
        print(raw.get(), self).map_err(serde::de::Error::custom)
    }
}

fn print(raw: &str, how: Print) -> Result<String, String> {
    let fail = |error: serde_json::Error| error.to_string();
    let mut reader = serde_json::Deserializer::from_str(raw);
    match raw.as_bytes().first() {
        Some(b'"') => Ok(text(&serde_json::from_str::<String>(raw).map_err(fail)?)),
        Some(b'[') => Ok(format!("[{}]", reader.deserialize_seq(Items(how)).map_err(fail)?.join(","))),
        Some(b'{') => map(reader.deserialize_map(Members(how)).map_err(fail)?, how.maps),
        Some(b't' | b'f' | b'n') => Ok(raw.to_owned()),
        _ if raw == "-0" && how.author == Author::Php => Ok(raw.to_owned()),
        _ => number(raw),
    }
}

/// Members that are printed already.
pub(super) fn map(members: Vec<(String, String)>, maps: Maps) -> Result<String, String> {
    if maps == Maps::Arrays && members.iter().enumerate().all(|(index, (name, _))| *name == index.to_string()) {
        let items: Vec<String> = members.into_iter().map(|(_, value)| value).collect();
        return Ok(format!("[{}]", items.join(",")));
    }
    if maps == Maps::Objects && members.iter().any(|(name, _)| name.starts_with('\0')) {
        return Err("PHP has no member whose name begins with U+0000".to_owned());
    }
    let members: Vec<String> = members.iter().map(|(name, value)| format!("{}:{value}", text(name))).collect();
    Ok(format!("{{{}}}", members.join(",")))
}

/// Integers of 64 bits stay, `-0` is 0; what is beyond, or has a fraction, is a double with its shortest digits.
fn number(raw: &str) -> Result<String, String> {
    if let Ok(integer) = raw.parse::<i64>() {
        return Ok(integer.to_string());
    }
    let value: f64 = raw.parse().map_err(|_| "not a number".to_owned())?;
    if !value.is_finite() {
        return Err("PHP has no such number".to_owned());
    }
    let scientific = nearer(value, format!("{value:e}"), |places| format!("{value:.places$e}"));
    let (mantissa, exponent) = scientific.split_once('e').ok_or("not a number")?;
    let exponent: i32 = exponent.parse().map_err(|_| "not a number".to_owned())?;
    if value != 0.0 && !(-4..17).contains(&exponent) {
        let fraction = if mantissa.contains('.') { "" } else { ".0" };
        return Ok(format!("{mantissa}{fraction}e{exponent:+}"));
    }
    Ok(nearer(value, value.to_string(), |places| format!("{value:.places$}")))
}

/// Of two texts that are equally short and near Rust takes the larger one, PHP the even one, if that reads back.
fn nearer(value: f64, shortest: String, rounded: impl Fn(usize) -> String) -> String {
    let Some((_, fraction)) = shortest.split_once('.') else { return shortest };
    let even = rounded(fraction.split('e').next().map_or(0, str::len));
    if even.parse() == Ok(value) { even } else { shortest }
}

struct Items(Print);

impl<'de> Visitor<'de> for Items {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<String>, A::Error> {
        let mut printed = Vec::new();
        while let Some(item) = items.next_element_seed(self.0)? {
            printed.push(item);
        }
        Ok(printed)
    }
}

struct Members(Print);

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    /// A name that stands twice keeps its first place and its last value, as in PHP.
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Vec<(String, String)>, A::Error> {
        let mut printed: Vec<(String, String)> = Vec::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self.0)?;
            match printed.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = value,
                None => printed.push((name, value)),
            }
        }
        Ok(printed)
    }
}

#[cfg(test)]
mod tests {
    use super::{Maps, is_printed, reprint};

    #[test]
    fn as_php_prints_it() {
        for (json, printed) in [
            (r#"{"url": "https://a/b"}"#, r#"{"url":"https:\/\/a\/b"}"#),
            ("\"\u{e9}\u{1f600}\u{2028}\u{7f}<>&'\"", "\"\\u00e9\\ud83d\\ude00\\u2028\u{7f}<>&'\""),
            (r#""\b\f\n\r\t\u0001\"\\""#, r#""\b\f\n\r\t\u0001\"\\""#),
            ("{}", "[]"),
            (r#"{"0": 1, "1": {}}"#, "[1,[]]"),
            (r#"{"1": 1}"#, r#"{"1":1}"#),
            (r#"{"b": 1, "a": 2, "b": 3}"#, r#"{"b":3,"a":2}"#),
            ("[1.0, 1.50, 0.1, 100.0, -0.0, -0]", "[1,1.5,0.1,100,-0,0]"),
            ("[1e25, 1e17, 1e15, 0.00001, 0.0001, 1.5e-7]", "[1.0e+25,1.0e+17,1000000000000000,1.0e-5,0.0001,1.5e-7]"),
            ("[9223372036854775807, 9223372036854775808]", "[9223372036854775807,9.223372036854776e+18]"),
            ("[686400216343507.25, 5.684341886080802e-14]", "[686400216343507.2,5.684341886080802e-14]"),
            ("[true, false, null]", "[true,false,null]"),
        ] {
            assert_eq!(reprint(json, Maps::Arrays).as_deref(), Ok(printed), "{json}");
        }
        assert!(reprint("1e999", Maps::Arrays).is_err());
    }

    #[test]
    fn its_own_minus_zero_is_printed() {
        assert_eq!(is_printed("[-0,0,1.5]", Maps::Arrays), Ok(true));
        assert_eq!(is_printed("[-0.0]", Maps::Arrays), Ok(false));
    }

    #[test]
    fn maps_held_as_objects_stay_maps() {
        let json = r#"{"0": {}, "1": [{}, []]}"#;
        assert_eq!(reprint(json, Maps::Objects).as_deref(), Ok(r#"{"0":{},"1":[{},[]]}"#));
        assert!(reprint(r#"{"\u0000a": 1}"#, Maps::Objects).is_err());
    }
}
