//! JSON that keeps the text of its numbers.
//!
//! What the provider sent and what the client decoded are compared in this form: a double in between
//! would make two different balances equal. [`read`] takes text apart, [`Exact::write`] prints it as a
//! server may (white space, escapes where none are needed), [`differences`] says where two values part.

use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A JSON value; numbers are the text that stood there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exact {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// Text, unescaped.
    Text(String),
    /// An array.
    List(Vec<Exact>),
    /// An object; the order of its members says nothing.
    Object(BTreeMap<String, Exact>),
}

/// Reads JSON text.
///
/// # Errors
/// When the text is not JSON.
pub fn read(text: &str) -> Result<Exact, serde_json::Error> {
    let raw: &RawValue = serde_json::from_str(text)?;
    let raw = raw.get();
    Ok(match raw.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(raw)?;
            let read_member = |(name, value): (String, &RawValue)| Ok((name, read(value.get())?));
            Exact::Object(members.into_iter().map(read_member).collect::<Result<_, serde_json::Error>>()?)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(raw)?;
            Exact::List(items.into_iter().map(|item| read(item.get())).collect::<Result<_, _>>()?)
        }
        Some(b'"') => Exact::Text(serde_json::from_str(raw)?),
        Some(b't' | b'f') => Exact::Bool(serde_json::from_str(raw)?),
        Some(b'n') => Exact::Null,
        _ => Exact::Number(raw.to_owned()),
    })
}

impl Exact {
    /// The member `name` of an object.
    pub fn get(&self, name: &str) -> Option<&Exact> {
        match self {
            Exact::Object(members) => members.get(name),
            _ => None,
        }
    }

    /// The text of a text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Exact::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a number that is written as an integer.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Exact::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The place that a JSON Pointer (RFC 6901) names.
    pub fn at_pointer_mut(&mut self, pointer: &str) -> Option<&mut Exact> {
        let mut place = self;
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            place = match place {
                Exact::Object(members) => members.get_mut(&token)?,
                Exact::List(items) => items.get_mut(token.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(place)
    }

    /// What kind of value this is, as JSON Schema calls it.
    pub fn kind(&self) -> &'static str {
        match self {
            Exact::Null => "null",
            Exact::Bool(_) => "boolean",
            Exact::Number(_) => "number",
            Exact::Text(_) => "string",
            Exact::List(_) => "array",
            Exact::Object(_) => "object",
        }
    }

    /// JSON text with white space, and with escapes that a server need not write but may.
    pub fn write(&self) -> String {
        let mut text = String::new();
        self.write_to(&mut text);
        text
    }

    fn write_to(&self, out: &mut String) {
        match self {
            Exact::Null => out.push_str("null"),
            Exact::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Exact::Number(text) => out.push_str(text),
            Exact::Text(text) => write_text(text, out),
            Exact::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { " " } else { " , " });
                    item.write_to(out);
                }
                out.push(']');
            }
            Exact::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    out.push_str(if index == 0 { "\n\t" } else { ",\r\n\t" });
                    write_text(name, out);
                    out.push_str(": ");
                    value.write_to(out);
                }
                out.push('}');
            }
        }
    }
}

/// Every second character beyond ASCII is escaped, so that both forms stand in every body.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for (index, character) in text.chars().enumerate() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' => out.push_str("\\/"),
            '\n' => out.push_str("\\n"),
            '\u{0}'..='\u{1f}' => write!(out, "\\u{:04x}", u32::from(character)).expect("a String takes text"),
            _ if !character.is_ascii() && index % 2 == 0 => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04X}").expect("a String takes text");
                }
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// Where two values differ, each place as a JSON Pointer with both sides; nothing if they are equal.
pub fn differences(sent: &Exact, decoded: &Exact) -> Vec<String> {
    let mut found = Vec::new();
    compare("", Some(sent), Some(decoded), &mut found);
    found
}

fn compare(pointer: &str, sent: Option<&Exact>, decoded: Option<&Exact>, found: &mut Vec<String>) {
    match (sent, decoded) {
        (Some(Exact::Object(a)), Some(Exact::Object(b))) => {
            let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                compare(&pointer, a.get(name), b.get(name), found);
            }
        }
        (Some(Exact::List(a)), Some(Exact::List(b))) => {
            for index in 0..a.len().max(b.len()) {
                compare(&format!("{pointer}/{index}"), a.get(index), b.get(index), found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => {
            let print = |side: Option<&Exact>| side.map_or_else(|| "nothing".to_owned(), Exact::write);
            found.push(format!("{}: sent {}, decoded {}", place(pointer), print(a), print(b)));
        }
    }
}

fn place(pointer: &str) -> &str {
    if pointer.is_empty() { "the whole body" } else { pointer }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let text = r#"{"a": [1, 1.50, -0, 12345678901234567890.123, "é\u0001\"\\/😀", {}, [], null, true]}"#;
        let value = read(text).expect("JSON");
        assert_eq!(read(&value.write()).expect("JSON"), value);
        assert!(value.write().contains("1.50") && value.write().contains("12345678901234567890.123"));
    }

    #[test]
    fn differences_name_the_place() {
        let a = read(r#"{"x/y": [1, 2.0], "z": null}"#).expect("JSON");
        let b = read(r#"{"x/y": [1, 2], "w": 3}"#).expect("JSON");
        let expected =
            ["/w: sent nothing, decoded 3", "/x~1y/1: sent 2.0, decoded 2", "/z: sent null, decoded nothing"];
        assert_eq!(differences(&a, &b), expected);
        assert!(differences(&a, &a).is_empty());
    }
}
