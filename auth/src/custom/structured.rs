//! Structured field values (RFC 9651, which replaces RFC 8941) as far as signatures need them: dictionaries of items
//! and inner lists.
//!
//! Reading is as strict as the RFC's grammar, and stricter where it lets a later member win: a key that stands twice
//! is refused. Writing is the RFC's serialization, so text that was read and written again is canonical.

use crate::operations::encode::{decode_base64, encode};
use crate::recipe::Encoding;

/// An item without parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bare {
    Integer(i64),
    /// As it is written; signatures have none.
    Decimal(String),
    Text(String),
    Token(String),
    Bytes(Vec<u8>),
    Flag(bool),
}

/// Parameters in order.
pub(crate) type Params = Vec<(String, Bare)>;

/// A member of a dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    Item(Bare, Params),
    List(Vec<(Bare, Params)>, Params),
}

/// Reads a dictionary.
pub(crate) fn dictionary(text: &str) -> Option<Vec<(String, Member)>> {
    let mut reader = Reader { rest: text.trim_matches(' ') };
    let mut members: Vec<(String, Member)> = Vec::new();
    if reader.rest.is_empty() {
        return Some(members);
    }
    loop {
        let key = reader.key()?;
        if members.iter().any(|(known, _)| *known == key) {
            return None;
        }
        let member = reader.member()?;
        members.push((key, member));
        reader.optional_space();
        if reader.rest.is_empty() {
            return Some(members);
        }
        reader.take(',')?;
        reader.optional_space();
        if reader.rest.is_empty() {
            return None;
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self, expected: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    fn optional_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// The longest beginning of these characters.
    fn run(&mut self, fits: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !fits(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run
    }

    fn key(&mut self) -> Option<String> {
        let begins = self.peek().is_some_and(|c| c.is_ascii_lowercase() || c == '*');
        begins.then(|| self.run(key_character).to_owned())
    }

    fn member(&mut self) -> Option<Member> {
        if self.peek() != Some('=') {
            return Some(Member::Item(Bare::Flag(true), self.params()?));
        }
        self.take('=')?;
        if self.peek() == Some('(') {
            let items = self.inner_list()?;
            return Some(Member::List(items, self.params()?));
        }
        let item = self.bare()?;
        Some(Member::Item(item, self.params()?))
    }

    fn inner_list(&mut self) -> Option<Vec<(Bare, Params)>> {
        self.take('(')?;
        let mut items = Vec::new();
        loop {
            self.rest = self.rest.trim_start_matches(' ');
            if self.peek() == Some(')') {
                self.take(')')?;
                return Some(items);
            }
            let item = self.bare()?;
            items.push((item, self.params()?));
            if !matches!(self.peek(), Some(' ' | ')')) {
                return None;
            }
        }
    }

    fn params(&mut self) -> Option<Params> {
        let mut params: Params = Vec::new();
        while self.peek() == Some(';') {
            self.take(';')?;
            self.rest = self.rest.trim_start_matches(' ');
            let key = self.key()?;
            if params.iter().any(|(known, _)| *known == key) {
                return None;
            }
            let value = if self.take('=').is_some() { self.bare()? } else { Bare::Flag(true) };
            params.push((key, value));
        }
        Some(params)
    }

    fn bare(&mut self) -> Option<Bare> {
        match self.peek()? {
            '"' => self.text().map(Bare::Text),
            ':' => self.bytes().map(Bare::Bytes),
            '?' => self.flag().map(Bare::Flag),
            '-' | '0'..='9' => self.number(),
            'A'..='Z' | 'a'..='z' | '*' => Some(Bare::Token(self.run(token_character).to_owned())),
            _ => None,
        }
    }

    fn text(&mut self) -> Option<String> {
        self.take('"')?;
        let mut text = String::new();
        let mut characters = self.rest.char_indices();
        loop {
            match characters.next()? {
                (at, '"') => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                (_, '\\') => match characters.next()? {
                    (_, escaped @ ('"' | '\\')) => text.push(escaped),
                    _ => return None,
                },
                (_, c @ ' '..='~') => text.push(c),
                _ => return None,
            }
        }
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        self.take(':')?;
        let (encoded, rest) = self.rest.split_once(':')?;
        self.rest = rest;
        decode_base64(encoded)
    }

    fn flag(&mut self) -> Option<bool> {
        self.take('?')?;
        match self.take('1') {
            Some(()) => Some(true),
            None => self.take('0').map(|()| false),
        }
    }

    fn number(&mut self) -> Option<Bare> {
        let start = self.rest;
        let negative = self.take('-').is_some();
        let whole = self.run(|c| c.is_ascii_digit());
        if whole.is_empty() {
            return None;
        }
        if self.take('.').is_some() {
            let fraction = self.run(|c| c.is_ascii_digit());
            let fits = whole.len() <= 12 && (1..=3).contains(&fraction.len());
            let text = &start[..start.len() - self.rest.len()];
            return fits.then(|| Bare::Decimal(text.to_owned()));
        }
        let value: i64 = if whole.len() <= 15 { whole.parse().ok()? } else { return None };
        Some(Bare::Integer(if negative { -value } else { value }))
    }
}

fn key_character(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.' | '*')
}

fn token_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:/".contains(c)
}

/// Whether a text can be a key.
pub(crate) fn is_key(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase() || c == '*') && text.chars().all(key_character)
}

/// Whether a text can be a string: visible ASCII and spaces.
pub(crate) fn is_text(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Writes an inner list with its parameters.
pub(crate) fn write_list(out: &mut String, items: &[(Bare, Params)], params: &Params) {
    out.push('(');
    for (index, (item, params)) in items.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        write_bare(out, item);
        write_params(out, params);
    }
    out.push(')');
    write_params(out, params);
}

fn write_params(out: &mut String, params: &Params) {
    for (key, value) in params {
        out.push(';');
        out.push_str(key);
        if *value != Bare::Flag(true) {
            out.push('=');
            write_bare(out, value);
        }
    }
}

/// Writes an item.
pub(crate) fn write_bare(out: &mut String, item: &Bare) {
    match item {
        Bare::Integer(value) => out.push_str(&value.to_string()),
        Bare::Decimal(text) | Bare::Token(text) => out.push_str(text),
        Bare::Text(text) => {
            out.push('"');
            for c in text.chars() {
                if matches!(c, '"' | '\\') {
                    out.push('\\');
                }
                out.push(c);
            }
            out.push('"');
        }
        Bare::Bytes(bytes) => {
            let mut encoded = Vec::new();
            encode(&mut encoded, bytes, Encoding::Base64);
            out.push(':');
            out.push_str(crate::sign::text_of(&encoded));
            out.push(':');
        }
        Bare::Flag(flag) => out.push_str(if *flag { "?1" } else { "?0" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> Option<String> {
        let members = dictionary(text)?;
        let mut out = String::new();
        for (key, member) in &members {
            if !out.is_empty() {
                out.push_str(", ");
            }
            out.push_str(key);
            match member {
                Member::Item(Bare::Flag(true), params) => write_params(&mut out, params),
                Member::Item(item, params) => {
                    out.push('=');
                    write_bare(&mut out, item);
                    write_params(&mut out, params);
                }
                Member::List(items, params) => {
                    out.push('=');
                    write_list(&mut out, items, params);
                }
            }
        }
        Some(out)
    }

    #[test]
    fn what_is_read_is_written_canonically() {
        // RFC 8941 sections 3.1.2, 3.2, 3.3 and RFC 9421 section 4.1.
        for (text, canonical) in [
            ("", ""),
            ("a=1,    b=2;x=1;y=2,\tc=(a   b   c), d=(a b);valid", "a=1, b=2;x=1;y=2, c=(a b c), d=(a b);valid"),
            ("en=\"Applepie\", da=:w4ZibGV0w6ZydGU=:", "en=\"Applepie\", da=:w4ZibGV0w6ZydGU=:"),
            ("a=?0, b, c; foo=bar", "a=?0, b, c;foo=bar"),
            ("rating=1.5, feelings=(joy sadness)", "rating=1.5, feelings=(joy sadness)"),
            ("a=-42, b=*x/y:z, c=\"q\\\"\\\\\"", "a=-42, b=*x/y:z, c=\"q\\\"\\\\\""),
            (
                "sig1=(\"@method\" \"@target-uri\");created=1618884473;keyid=\"k\"",
                "sig1=(\"@method\" \"@target-uri\");created=1618884473;keyid=\"k\"",
            ),
        ] {
            assert_eq!(again(text).as_deref(), Some(canonical), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_read() {
        for bad in [
            "a=1,",
            ",a=1",
            "a=1 b=2",
            "a=1, a=2",
            "a;x=1;x=2",
            "A=1",
            "a=(\"x\"\"y\")",
            "a=(\"x\"",
            "a=\"x",
            "a=\"\\x\"",
            "a=\"é\"",
            "a=:w4Zib:",
            "a=:YQ=",
            "a=:YQ:",
            "a=?2",
            "a=-",
            "a=1234567890123456",
            "a=1.",
            "a=1.2345",
            "a=1=2",
            "a= 1",
        ] {
            assert_eq!(dictionary(bad), None, "{bad}");
        }
    }
}
