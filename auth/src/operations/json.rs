//! `json-array`, `json-object` and how JSON text is escaped (RFC 8259 section 7).

use crate::recipe::Escape;
use bytes::BytesMut;

/// Appends a text as a JSON string with its quotes.
pub(crate) fn string(out: &mut BytesMut, text: &str, escape: Escape) {
    out.extend_from_slice(b"\"");
    escaped(out, text, escape);
    out.extend_from_slice(b"\"");
}

/// Appends a text with its escapes, without quotes.
pub(crate) fn escaped(out: &mut BytesMut, text: &str, escape: Escape) {
    let php = escape == Escape::Php;
    let bytes = text.as_bytes();
    // Most texts need none, and looking at all bytes is faster than looking for the first.
    if !bytes.iter().fold(false, |found, byte| found | needs_escape(*byte, php)) {
        return out.extend_from_slice(bytes);
    }
    let mut from = 0;
    while let Some(plain) = bytes[from..].iter().position(|byte| needs_escape(*byte, php)) {
        let at = from + plain;
        out.extend_from_slice(&bytes[from..at]);
        from = at + escape_at(out, text, at);
    }
    out.extend_from_slice(&bytes[from..]);
}

const fn needs_escape(byte: u8, php: bool) -> bool {
    matches!(byte, 0..=0x1f | b'"' | b'\\') || php && (byte == b'/' || byte >= 0x80)
}

/// Appends the escape of the character at `at`; yields how many bytes of the text it takes.
fn escape_at(out: &mut BytesMut, text: &str, at: usize) -> usize {
    let character = text[at..].chars().next().unwrap_or_default();
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
    character.len_utf8()
}

fn unicode_escape(out: &mut BytesMut, unit: u16) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |shift: u16| DIGITS[usize::from(unit >> shift & 15)];
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

/// Appends an array of strings.
pub(crate) fn array<'a>(out: &mut BytesMut, items: impl IntoIterator<Item = &'a str>, escape: Escape) {
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
    Text(&'a str),
    /// Digits, written as a number.
    Number(&'a str),
}

/// Appends an object, members in the order given.
pub(crate) fn object<'a>(out: &mut BytesMut, members: impl IntoIterator<Item = (&'a str, Member<'a>)>, escape: Escape) {
    out.extend_from_slice(b"{");
    for (index, (name, value)) in members.into_iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(b",");
        }
        string(out, name, escape);
        out.extend_from_slice(b":");
        match value {
            Member::Text(text) => string(out, text, escape),
            Member::Number(digits) => out.extend_from_slice(digits.as_bytes()),
        }
    }
    out.extend_from_slice(b"}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str, escape: Escape) -> String {
        let mut out = BytesMut::new();
        string(&mut out, text, escape);
        String::from_utf8(out.to_vec()).unwrap()
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
        let mut out = BytesMut::new();
        array(&mut out, ["a", "", "\""], Escape::Minimal);
        array(&mut out, [], Escape::Minimal);
        object(&mut out, [("b", Member::Text("1")), ("a", Member::Number("1"))], Escape::Minimal);
        object(&mut out, [], Escape::Minimal);
        assert_eq!(out, r#"["a","","\""][]{"b":"1","a":1}{}"#);
    }
}
