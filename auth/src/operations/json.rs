//! `json-array`, `json-object` and how JSON text is escaped (RFC 8259 section 7).

use crate::recipe::Escape;
use crate::sign::text_of;
use crate::values::Piece;

/// Appends a text as a JSON string with its quotes.
pub(crate) fn string(out: &mut Vec<u8>, text: Piece<'_>, escape: Escape) {
    out.push(b'"');
    escaped(out, text, escape);
    out.push(b'"');
}

/// Appends a text with its escapes, without quotes.
pub(crate) fn escaped(out: &mut Vec<u8>, text: Piece<'_>, escape: Escape) {
    let php = escape == Escape::Php;
    // Most texts need none.
    if plain(text.bytes(out), php) {
        return text.append(out);
    }
    let mut from = 0;
    while let Some(length) = text.bytes(out)[from..].iter().position(|byte| needs_escape(*byte, php)) {
        let at = from + length;
        let character = first_character(&text.bytes(out)[at..]);
        text.part(from, at).append(out);
        escape_character(out, character);
        from = at + character.len_utf8();
    }
    let end = text.bytes(out).len();
    text.part(from, end).append(out);
}

/// The first character of a text that is not empty.
fn first_character(bytes: &[u8]) -> char {
    let width = match bytes[0] {
        0..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    text_of(&bytes[..width]).chars().next().unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Whether nothing needs an escape; looking at all bytes is faster than looking for the first.
fn plain(bytes: &[u8], php: bool) -> bool {
    !bytes.iter().fold(false, |found, byte| found | needs_escape(*byte, php))
}

const fn needs_escape(byte: u8, php: bool) -> bool {
    matches!(byte, 0..=0x1f | b'"' | b'\\') || php && (byte == b'/' || byte >= 0x80)
}

fn escape_character(out: &mut Vec<u8>, character: char) {
    match character {
        '\u{8}' => out.extend_from_slice(b"\\b"),
        '\u{c}' => out.extend_from_slice(b"\\f"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '/' => out.extend_from_slice(b"\\/"),
        other => other.encode_utf16(&mut [0; 2]).iter().for_each(|unit| unicode_escape(out, *unit)),
    }
}

fn unicode_escape(out: &mut Vec<u8>, unit: u16) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |shift: u16| DIGITS[usize::from(unit >> shift & 15)];
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

/// Appends an array of strings.
pub(crate) fn array<'a>(out: &mut Vec<u8>, items: impl IntoIterator<Item = Piece<'a>>, escape: Escape) {
    out.extend_from_slice(b"[");
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(b",");
        }
        string(out, item, escape);
    }
    out.extend_from_slice(b"]");
}

/// The value of a member.
#[derive(Clone, Copy)]
pub(crate) enum Member<'a> {
    /// A string.
    Text(Piece<'a>),
    /// Digits, written as a number.
    Number(Piece<'a>),
}

/// Appends an object, members in the order given.
pub(crate) fn object<'a>(out: &mut Vec<u8>, members: impl IntoIterator<Item = (&'a str, Member<'a>)>, escape: Escape) {
    out.extend_from_slice(b"{");
    for (index, (name, value)) in members.into_iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(b",");
        }
        string(out, Piece::Slice(name.as_bytes()), escape);
        out.extend_from_slice(b":");
        match value {
            Member::Text(text) => string(out, text, escape),
            Member::Number(digits) => digits.append(out),
        }
    }
    out.extend_from_slice(b"}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str) -> Piece<'_> {
        Piece::Slice(text.as_bytes())
    }

    fn printed(text: &str, escape: Escape) -> String {
        let mut out = Vec::new();
        string(&mut out, piece(text), escape);
        // A text of the same buffer is printed alike.
        let mut within = text.as_bytes().to_vec();
        string(&mut within, Piece::Within(0, text.len()), escape);
        assert_eq!(within[text.len()..], out, "{text:?}");
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn minimal_escapes_what_rfc_8259_demands() {
        let text = "\u{8}\u{c}\n\r\t\"\\\0\u{1f}/\u{7f}é\u{2028}🎁<>&'=";
        let expected = "\"\\b\\f\\n\\r\\t\\\"\\\\\\u0000\\u001f/\u{7f}é\u{2028}🎁<>&'=\"";
        assert_eq!(printed(text, Escape::Minimal), expected);
        // Another implementation agrees.
        assert_eq!(printed(text, Escape::Minimal), serde_json::to_string(text).unwrap());
    }

    #[test]
    fn php_escapes_slashes_and_everything_beyond_ascii() {
        let text = "a/é東🎁\u{2028}\u{feff}<>&'=\u{7f}\u{1}";
        let expected = "\"a\\/\\u00e9\\u6771\\ud83c\\udf81\\u2028\\ufeff<>&'=\u{7f}\\u0001\"";
        assert_eq!(printed(text, Escape::Php), expected);
    }

    #[test]
    fn arrays_and_objects_have_no_white_space() {
        let mut out = Vec::new();
        array(&mut out, ["a", "", "\""].map(piece), Escape::Minimal);
        array(&mut out, [], Escape::Minimal);
        object(&mut out, [("b", Member::Text(piece("1"))), ("a", Member::Number(piece("1")))], Escape::Minimal);
        object(&mut out, [], Escape::Minimal);
        assert_eq!(out, br#"["a","","\""][]{"b":"1","a":1}{}"#);
    }
}
