//! `php-json`: JSON decoded and printed again as PHP's `json_encode` prints it without flags.
//!
//! PHP decodes into its own values first: integers beyond 64 bits become floats, maps may become arrays, and of
//! members that stand twice the last value stays at the first one's place. Measured on PHP 8.2 with
//! `serialize_precision=-1`; <https://www.php.net/manual/en/function.json-encode.php>.

use crate::operations::json;
use crate::recipe::{Escape, PhpArrays};
use crate::tape::{Item, Members, Piece, Tape, Text, View};
use crate::values;
use bytes::BufMut;
use std::fmt::{self, Write as _};

/// How deeply lists and maps may be nested: `json_decode` goes 512 deep by default and counts the innermost value.
const DEPTH: usize = 511;

/// Appends JSON text as PHP prints it; the reason where PHP could not read or print it.
pub(crate) fn document(out: &mut Vec<u8>, text: &str, arrays: PhpArrays) -> Result<(), String> {
    let tape = Tape::read(text, DEPTH).map_err(|error| error.to_string())?;
    value(out, tape.root(), arrays)
}

/// Appends a map of texts as PHP prints it.
pub(crate) fn map<'a>(out: &mut Vec<u8>, pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone, arrays: PhpArrays) {
    if arrays == PhpArrays::Assoc && pairs.clone().enumerate().all(|(index, (name, _))| is_index(name.chars(), index)) {
        json::array(out, pairs.map(|(_, value)| values::Piece::Slice(value.as_bytes())), Escape::Php);
    } else {
        let member = |value: &'a str| json::Member::Text(values::Piece::Slice(value.as_bytes()));
        json::object(out, pairs.map(|(name, value)| (name, member(value))), Escape::Php);
    }
}

fn value(out: &mut Vec<u8>, item: Item<'_>, arrays: PhpArrays) -> Result<(), String> {
    match item.view() {
        View::Null => out.extend_from_slice(b"null"),
        View::Bool(true) => out.extend_from_slice(b"true"),
        View::Bool(false) => out.extend_from_slice(b"false"),
        View::Number(digits) => number(out, digits)?,
        View::Text(text) => string(out, text),
        View::List(items) => list(out, items, arrays)?,
        View::Map(members) if arrays == PhpArrays::Assoc && is_list(members) => {
            list(out, members.map(|(_, item)| item), arrays)?;
        }
        View::Map(members) => object(out, members, arrays)?,
    }
    Ok(())
}

fn list<'a>(out: &mut Vec<u8>, items: impl Iterator<Item = Item<'a>>, arrays: PhpArrays) -> Result<(), String> {
    out.extend_from_slice(b"[");
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.extend_from_slice(b",");
        }
        value(out, item, arrays)?;
    }
    out.extend_from_slice(b"]");
    Ok(())
}

fn object(out: &mut Vec<u8>, members: Members<'_>, arrays: PhpArrays) -> Result<(), String> {
    out.extend_from_slice(b"{");
    for (index, (name, item)) in members.enumerate() {
        if arrays == PhpArrays::Object && name.chars().next() == Some('\0') {
            return Err("a member name that begins with U+0000".to_owned());
        }
        if index > 0 {
            out.extend_from_slice(b",");
        }
        string(out, name);
        out.extend_from_slice(b":");
        value(out, item, arrays)?;
    }
    out.extend_from_slice(b"}");
    Ok(())
}

/// A PHP array prints as a list if its keys are 0 to n-1 in order; an empty one does, too.
fn is_list(members: Members<'_>) -> bool {
    members.enumerate().all(|(index, (name, _))| is_index(name.chars(), index))
}

/// Whether a name is this index in PHP's canonical digits.
fn is_index(mut name: impl Iterator<Item = char>, index: usize) -> bool {
    let mut digits = Ascii::default();
    // A usize has at most twenty digits.
    write!(digits, "{index}").is_ok()
        && digits.as_str().chars().all(|digit| name.next() == Some(digit))
        && name.next().is_none()
}

fn string(out: &mut Vec<u8>, text: Text<'_>) {
    out.extend_from_slice(b"\"");
    for piece in text.pieces() {
        match piece {
            Piece::Plain(plain) => json::escaped(out, values::Piece::Slice(plain.as_bytes()), Escape::Php),
            Piece::Escaped(character) => {
                let mut bytes = [0; 4];
                let text = character.encode_utf8(&mut bytes);
                json::escaped(out, values::Piece::Slice(text.as_bytes()), Escape::Php);
            }
        }
    }
    out.extend_from_slice(b"\"");
}

fn number(out: &mut Vec<u8>, digits: &str) -> Result<(), String> {
    let integer = !digits.contains(['.', 'e', 'E']);
    if integer && digits.parse::<i64>().is_ok() {
        // JSON integers have no leading zeros, so the text is what PHP prints; but `-0` is the integer 0 to PHP.
        out.extend_from_slice(if digits == "-0" { b"0" } else { digits.as_bytes() });
        return Ok(());
    }
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() => float(out, value),
        _ => return Err("a number beyond what PHP can hold".to_owned()),
    }
    Ok(())
}

/// The shortest digits that read back, placed as PHP's `smart_str_append_double` does.
fn float(out: &mut Vec<u8>, value: f64) {
    let text = shortest(value);
    let (mantissa, exponent) = text.as_str().split_once('e').unwrap_or(("0", "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (first, rest) = mantissa.split_at(1);
    let fraction = rest.strip_prefix('.').unwrap_or_default();
    out.extend_from_slice(sign.as_bytes());
    match usize::try_from(exponent) {
        Ok(places) if exponent < 17 => fixed(out, first, fraction, places),
        Err(_) if exponent >= -4 => small(out, first, fraction, exponent.unsigned_abs() as usize),
        _ => exponential(out, first, fraction, exponent),
    }
}

/// The fewest digits that read back. Of two numbers that are equally near PHP takes the one with the even last digit
/// (686400216343507.25 gives `.2`), Rust the larger one; the even one is taken if it, too, reads back.
fn shortest(value: f64) -> Ascii {
    let (mut larger, mut even) = (Ascii::default(), Ascii::default());
    // The longest shortest form has 24 characters.
    let _ = write!(larger, "{value:e}");
    let fraction = larger.as_str().split(['.', 'e']).nth(1).filter(|_| larger.as_str().contains('.'));
    let _ = write!(even, "{value:.*e}", fraction.map_or(0, str::len));
    if even.as_str().parse() == Ok(value) { even } else { larger }
}

/// `123.5`, `100`: the point moves right.
fn fixed(out: &mut Vec<u8>, first: &str, fraction: &str, places: usize) {
    let (whole, rest) = fraction.split_at(places.min(fraction.len()));
    out.extend_from_slice(first.as_bytes());
    out.extend_from_slice(whole.as_bytes());
    out.put_bytes(b'0', places - whole.len());
    if !rest.is_empty() {
        out.extend_from_slice(b".");
        out.extend_from_slice(rest.as_bytes());
    }
}

/// `0.00012`: the point moves left.
fn small(out: &mut Vec<u8>, first: &str, fraction: &str, places: usize) {
    out.extend_from_slice(b"0.");
    out.put_bytes(b'0', places - 1);
    out.extend_from_slice(first.as_bytes());
    out.extend_from_slice(fraction.as_bytes());
}

/// `1.0e+25`: the mantissa always has a fraction, the sign is always written.
fn exponential(out: &mut Vec<u8>, first: &str, fraction: &str, exponent: i32) {
    let mut digits = Ascii::default();
    let _ = write!(digits, "{exponent:+}");
    out.extend_from_slice(first.as_bytes());
    out.extend_from_slice(b".");
    out.extend_from_slice(if fraction.is_empty() { b"0" } else { fraction.as_bytes() });
    out.extend_from_slice(b"e");
    out.extend_from_slice(digits.as_str().as_bytes());
}

/// A short ASCII text without an allocation.
#[derive(Default)]
struct Ascii {
    bytes: [u8; 32],
    length: usize,
}

impl Ascii {
    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl fmt::Write for Ascii {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assoc(text: &str) -> Result<String, String> {
        printed(text, PhpArrays::Assoc)
    }

    fn printed(text: &str, arrays: PhpArrays) -> Result<String, String> {
        let mut out = Vec::new();
        document(&mut out, text, arrays)?;
        Ok(String::from_utf8(out.to_vec()).unwrap())
    }

    // What `php -r 'echo json_encode(json_decode($argv[1], true));'` prints.
    #[test]
    fn numbers() {
        let numbers = [
            ("1.0", "1"),
            ("100.0", "100"),
            ("-0.0", "-0"),
            ("-0", "0"),
            ("0", "0"),
            ("0.1", "0.1"),
            ("1.50", "1.5"),
            ("-12.5e1", "-125"),
            ("1e-4", "0.0001"),
            ("1.25e-4", "0.000125"),
            ("1e-5", "1.0e-5"),
            ("1e15", "1000000000000000"),
            ("1e16", "10000000000000000"),
            ("1e17", "1.0e+17"),
            ("123456789012345680.0", "1.2345678901234568e+17"),
            ("12345678901234567.0", "12345678901234568"),
            ("1e25", "1.0e+25"),
            ("1.5e300", "1.5e+300"),
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("9223372036854775808", "9.223372036854776e+18"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("686400216343507.25", "686400216343507.2"),
            ("133331538340351.625", "133331538340351.62"),
            ("5.684341886080802e-14", "5.684341886080802e-14"),
            ("5e-324", "5.0e-324"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ];
        for (json, php) in numbers {
            assert_eq!(assoc(json).as_deref(), Ok(php), "{json}");
        }
        assert!(assoc("1e309").is_err());
        assert!(assoc("[-1e400]").is_err());
    }

    #[test]
    fn arrays_and_objects() {
        let maps = [
            ("{}", "[]", "{}"),
            ("[]", "[]", "[]"),
            (r#"{"0":"a","1":"b"}"#, r#"["a","b"]"#, r#"{"0":"a","1":"b"}"#),
            (r#"{"1":"b","0":"a"}"#, r#"{"1":"b","0":"a"}"#, r#"{"1":"b","0":"a"}"#),
            (r#"{"00":"a"}"#, r#"{"00":"a"}"#, r#"{"00":"a"}"#),
            (r#"{"0":1,"0":2,"1":3}"#, "[2,3]", r#"{"0":2,"1":3}"#),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#, r#"{"a":3,"b":2}"#),
            (r#"{"a":{"b":{}}}"#, r#"{"a":{"b":[]}}"#, r#"{"a":{"b":{}}}"#),
            (r#"{"":1}"#, r#"{"":1}"#, r#"{"":1}"#),
        ];
        for (json, assoc, object) in maps {
            assert_eq!(printed(json, PhpArrays::Assoc).as_deref(), Ok(assoc), "{json}");
            assert_eq!(printed(json, PhpArrays::Object).as_deref(), Ok(object), "{json}");
        }
        assert_eq!(assoc(r#"{"\u0000a":1}"#).as_deref(), Ok(r#"{"\u0000a":1}"#));
        assert!(printed(r#"{"\u0000a":1}"#, PhpArrays::Object).is_err());
    }

    #[test]
    fn texts_are_decoded_before_they_are_printed() {
        let json = "\"\\u0041\\/\\u00e9é\\ud83c\\udf81 \\b\\u007f\\\\\"";
        assert_eq!(assoc(json).as_deref(), Ok("\"A\\/\\u00e9\\u00e9\\ud83c\\udf81 \\b\u{7f}\\\\\""));
        assert_eq!(assoc(" [ true , null ] ").as_deref(), Ok("[true,null]"));
    }

    #[test]
    fn what_php_can_not_decode_is_refused() {
        for bad in ["", "{", "{'a':1}", "\"\\ud800\"", "[1,]"] {
            assert!(assoc(bad).is_err(), "{bad}");
        }
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(assoc(&nested(511)).is_ok());
        assert!(assoc(&nested(512)).is_err());
    }

    #[test]
    fn header_maps() {
        let print = |pairs: &[(&'static str, &'static str)], arrays| {
            let mut out = Vec::new();
            map(&mut out, pairs.iter().copied(), arrays);
            String::from_utf8(out.to_vec()).unwrap()
        };
        let pairs = [("Content-Type", "a/b"), ("X", "é")];
        assert_eq!(print(&pairs, PhpArrays::Assoc), r#"{"Content-Type":"a\/b","X":"\u00e9"}"#);
        assert_eq!(print(&[], PhpArrays::Assoc), "[]");
        assert_eq!(print(&[], PhpArrays::Object), "{}");
        assert_eq!(print(&[("0", "x")], PhpArrays::Assoc), r#"["x"]"#);
    }
}
