//! Strict JSON text -> a flat list of its parts, in one allocation.
//!
//! Tokens and bodies come from outside, so nothing here recurses over their length: nesting has a limit, numbers
//! keep their text, and members that stand twice are found by sorting, whatever their names are. See
//! [`crate::operations::php`] and [`crate::operations::jws`] for who reads it.

use crate::operations::encode::hex_digit;
use std::borrow::Cow;
use std::cmp::Ordering;

/// JSON text with its parts in order.
pub(crate) struct Tape<'t> {
    text: &'t str,
    nodes: Vec<Node>,
    doubled: bool,
}

/// Why a text is not strict JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JsonError {
    pub(crate) offset: usize,
    pub(crate) reason: &'static str,
}

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.reason, self.offset)
    }
}

#[derive(Clone, Copy)]
struct Node {
    kind: Kind,
    /// Where the part's text lies; of a string what is between its quotes.
    start: u32,
    end: u32,
    /// The node after this one and all that is in it; of a key, the next key.
    next: u32,
    /// Of a key: its value's node, or [`DEAD`] where the same name came before.
    value: u32,
}

const DEAD: u32 = u32::MAX;
/// Up to here a text is short.
const SHORT: usize = 512;
/// Up to here the names of a map are compared each with each.
const FEW: usize = 8;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    True,
    False,
    Number,
    Text,
    List,
    Map,
    Key,
}

impl<'t> Tape<'t> {
    /// Reads a text that is exactly one JSON value (RFC 8259), nested at most `max_depth` times.
    pub(crate) fn read(text: &'t str, max_depth: usize) -> Result<Tape<'t>, JsonError> {
        if u32::try_from(text.len()).is_err() {
            return Err(JsonError { offset: 0, reason: "too long" });
        }
        let mut reader = Reader { text, at: 0, nodes: Vec::with_capacity(capacity(text)), doubled: false, max_depth };
        reader.value(0)?;
        reader.white_space();
        if reader.at < text.len() {
            return Err(reader.error("something after the value"));
        }
        Ok(Tape { text, nodes: reader.nodes, doubled: reader.doubled })
    }

    /// Whether any map, at any depth, holds a member twice.
    pub(crate) const fn doubled(&self) -> bool {
        self.doubled
    }

    /// The value.
    pub(crate) fn root(&self) -> Item<'_> {
        self.item(0)
    }

    fn item(&self, index: u32) -> Item<'_> {
        Item { tape: self, index }
    }

    fn node(&self, index: u32) -> Node {
        self.nodes[index as usize]
    }

    fn slice(&self, node: Node) -> &str {
        &self.text[node.start as usize..node.end as usize]
    }
}

/// A value of a tape.
#[derive(Clone, Copy)]
pub(crate) struct Item<'a> {
    tape: &'a Tape<'a>,
    index: u32,
}

/// A value by its kind.
pub(crate) enum View<'a> {
    Null,
    Bool(bool),
    /// A number as it is written.
    Number(&'a str),
    Text(Text<'a>),
    List(Items<'a>),
    Map(Members<'a>),
}

impl<'a> Item<'a> {
    pub(crate) fn view(self) -> View<'a> {
        let node = self.tape.node(self.index);
        match node.kind {
            Kind::Null => View::Null,
            Kind::True => View::Bool(true),
            Kind::False => View::Bool(false),
            Kind::Number => View::Number(self.tape.slice(node)),
            Kind::Text | Kind::Key => View::Text(Text(self.tape.slice(node))),
            Kind::List => View::List(Items { tape: self.tape, at: self.index + 1, end: node.next }),
            Kind::Map => View::Map(Members { tape: self.tape, at: self.index + 1, end: node.next }),
        }
    }
}

/// The items of a list.
#[derive(Clone, Copy)]
pub(crate) struct Items<'a> {
    tape: &'a Tape<'a>,
    at: u32,
    end: u32,
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let item = (self.at < self.end).then(|| self.tape.item(self.at))?;
        self.at = self.tape.node(self.at).next;
        Some(item)
    }
}

/// The members of a map; one that stands several times comes once, where it stands first, with its last value.
#[derive(Clone, Copy)]
pub(crate) struct Members<'a> {
    tape: &'a Tape<'a>,
    at: u32,
    end: u32,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Text<'a>, Item<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        while self.at < self.end {
            let key = self.tape.node(self.at);
            self.at = key.next;
            if key.value != DEAD {
                return Some((Text(self.tape.slice(key)), self.tape.item(key.value)));
            }
        }
        None
    }
}

/// A string as it is written, without its quotes; its escapes are known to be valid.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// The characters that the string stands for.
    pub(crate) fn chars(self) -> impl Iterator<Item = char> + 'a {
        self.pieces().flat_map(|piece| {
            let (plain, escaped) = match piece {
                Piece::Plain(plain) => (plain, None),
                Piece::Escaped(character) => ("", Some(character)),
            };
            plain.chars().chain(escaped)
        })
    }

    /// The string in stretches without escapes, and its escapes as the characters that they stand for.
    pub(crate) fn pieces(self) -> impl Iterator<Item = Piece<'a>> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let plain = rest.find('\\').unwrap_or(rest.len());
            if plain > 0 {
                let (piece, after) = rest.split_at(plain);
                rest = after;
                return Some(Piece::Plain(piece));
            }
            let (character, length) = unescape(rest.as_bytes())?;
            rest = &rest[length..];
            Some(Piece::Escaped(character))
        })
    }

    /// The text that the string stands for.
    pub(crate) fn to_text(self) -> Cow<'a, str> {
        if self.0.contains('\\') { Cow::Owned(self.chars().collect()) } else { Cow::Borrowed(self.0) }
    }

    /// Whether the string stands for this text.
    pub(crate) fn is(self, text: &str) -> bool {
        // An escape is longer than what it stands for, so only a longer string can be this text by escapes.
        match self.0.len().cmp(&text.len()) {
            Ordering::Less => false,
            Ordering::Equal => self.0 == text && !text.contains('\\'),
            Ordering::Greater => self.0.contains('\\') && self.chars().eq(text.chars()),
        }
    }

    /// Whether both strings stand for the same text.
    fn same(self, other: Text<'_>) -> bool {
        // Without escapes, texts of another length differ.
        if self.0.len() != other.0.len() && !self.0.contains('\\') && !other.0.contains('\\') {
            return false;
        }
        self.compare(other) == Ordering::Equal
    }

    fn compare(self, other: Text<'_>) -> Ordering {
        if self.0.contains('\\') || other.0.contains('\\') {
            self.chars().cmp(other.chars())
        } else {
            self.0.cmp(other.0)
        }
    }
}

/// A stretch of a string.
pub(crate) enum Piece<'a> {
    Plain(&'a str),
    Escaped(char),
}

/// The character of an escape at the beginning, and its length; nothing if it is none.
fn unescape(bytes: &[u8]) -> Option<(char, usize)> {
    let simple = |character| Some((character, 2));
    match bytes.get(1)? {
        b'"' => simple('"'),
        b'\\' => simple('\\'),
        b'/' => simple('/'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'u' => {
            let unit = unit(bytes)?;
            if let Some(character) = char::from_u32(unit) {
                return Some((character, 6));
            }
            // Half of a surrogate pair; the other half must follow.
            let low = unit_after(bytes).filter(|_| unit < 0xdc00)?;
            char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)).map(|character| (character, 12))
        }
        _ => None,
    }
}

fn unit_after(bytes: &[u8]) -> Option<u32> {
    let rest = bytes.get(6..).filter(|rest| rest.starts_with(b"\\u"))?;
    unit(rest).filter(|low| (0xdc00..0xe000).contains(low))
}

fn unit(bytes: &[u8]) -> Option<u32> {
    bytes.get(2..6)?.iter().try_fold(0, |unit, byte| Some(unit << 4 | u32::from(hex_digit(*byte)?)))
}

/// An upper bound for the nodes of a text, and for the keys of one map beside them.
fn capacity(text: &str) -> usize {
    // In a short text it costs less to count what stands in strings, too.
    if text.len() <= SHORT {
        let before = |byte: &u8| matches!(byte, b'[' | b'{' | b',' | b':');
        let nodes = 1 + text.as_bytes().iter().filter(|byte| before(byte)).count();
        return nodes + nodes / 2 + 1;
    }
    let mut structure = 1;
    let mut in_string = false;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => drop(bytes.next()),
            b'[' | b']' | b'{' | b'}' | b',' | b':' if !in_string => structure += 1,
            _ => {}
        }
    }
    structure + structure / 2
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    nodes: Vec<Node>,
    doubled: bool,
    max_depth: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<(), JsonError> {
        self.white_space();
        match self.peek() {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string(Kind::Text).map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Kind::True),
            Some(b'f') => self.word("false", Kind::False),
            Some(b'n') => self.word("null", Kind::Null),
            _ => Err(self.error("no value")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<(), JsonError> {
        let list = self.open(Kind::List, depth)?;
        if !self.closes(b']') {
            loop {
                self.value(depth + 1)?;
                if self.closes(b']') {
                    break;
                }
                self.expect(b',', "neither `,` nor `]`")?;
            }
        }
        self.close(list);
        Ok(())
    }

    fn map(&mut self, depth: usize) -> Result<(), JsonError> {
        let map = self.open(Kind::Map, depth)?;
        let mut members = 0;
        if !self.closes(b'}') {
            loop {
                self.member(depth)?;
                members += 1;
                if self.closes(b'}') {
                    break;
                }
                self.expect(b',', "neither `,` nor `}`")?;
            }
        }
        self.close(map);
        self.find_doubled(map, members);
        Ok(())
    }

    fn member(&mut self, depth: usize) -> Result<(), JsonError> {
        self.white_space();
        if self.peek() != Some(b'"') {
            return Err(self.error("no member name"));
        }
        let key = self.string(Kind::Key)?;
        self.expect(b':', "no `:`")?;
        self.value(depth + 1)?;
        self.nodes[key].value = self.nodes[key].next;
        self.nodes[key].next = self.length();
        Ok(())
    }

    fn open(&mut self, kind: Kind, depth: usize) -> Result<usize, JsonError> {
        if depth >= self.max_depth {
            return Err(self.error("nested too deeply"));
        }
        self.at += 1;
        self.push(kind, self.at, self.at);
        Ok(self.nodes.len() - 1)
    }

    fn close(&mut self, index: usize) {
        self.nodes[index].next = self.length();
    }

    fn string(&mut self, kind: Kind) -> Result<usize, JsonError> {
        self.at += 1;
        let start = self.at;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
            self.at += plain.unwrap_or(rest.len());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let escape = unescape(&self.text.as_bytes()[self.at..]);
                    self.at += escape.ok_or_else(|| self.error("an escape that is none"))?.1;
                }
                Some(_) => return Err(self.error("a control character in a string")),
                None => return Err(self.error("a string without an end")),
            }
        }
        self.push(kind, start, self.at);
        self.at += 1;
        Ok(self.nodes.len() - 1)
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        self.skip(b'-');
        if !self.skip(b'0') {
            self.digits()?;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _ = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        self.push(Kind::Number, start, self.at);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        self.at += count;
        if count == 0 { Err(self.error("a number without digits")) } else { Ok(()) }
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<(), JsonError> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.error("no value"));
        }
        self.push(kind, self.at, self.at + word.len());
        self.at += word.len();
        Ok(())
    }

    /// Marks names that stand twice: the first keeps its place and gets the last one's value.
    fn find_doubled(&mut self, map: usize, members: usize) {
        if members <= FEW && !self.doubled_in(map) {
            return;
        }
        // The keys are sorted behind the nodes, so that no second list is needed.
        let tail = self.nodes.len();
        let mut key = map + 1;
        for _ in 0..members {
            let mut entry = self.nodes[key];
            let next = entry.next as usize;
            entry.next = u32::try_from(key).unwrap_or(DEAD);
            self.nodes.push(entry);
            key = next;
        }
        let text = self.text;
        let name = |node: &Node| Text(&text[node.start as usize..node.end as usize]);
        self.nodes[tail..].sort_unstable_by(|a, b| name(a).compare(name(b)).then(a.next.cmp(&b.next)));
        let mut first = tail;
        for other in tail + 1..self.nodes.len() {
            if name(&self.nodes[first]).compare(name(&self.nodes[other])) == Ordering::Equal {
                self.doubled = true;
                let (kept, dropped) = (self.nodes[first].next as usize, self.nodes[other].next as usize);
                self.nodes[kept].value = self.nodes[other].value;
                self.nodes[dropped].value = DEAD;
            } else {
                first = other;
            }
        }
        self.nodes.truncate(tail);
    }

    /// Whether a map holds a name twice, found by looking at all pairs.
    fn doubled_in(&self, map: usize) -> bool {
        let keys = |from: usize| {
            let there = |at: &usize| *at < self.nodes.len();
            let after = move |at: &usize| Some(self.nodes[*at].next as usize).filter(there);
            std::iter::successors(Some(from).filter(there), after)
        };
        let name = |at: usize| Text(&self.text[self.nodes[at].start as usize..self.nodes[at].end as usize]);
        keys(map + 1).any(|first| keys(self.nodes[first].next as usize).any(|other| name(first).same(name(other))))
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let next = self.length() + 1;
        let place = |offset| u32::try_from(offset).unwrap_or(DEAD);
        self.nodes.push(Node { kind, start: place(start), end: place(end), next, value: DEAD });
    }

    // A text of at most 4 GiB has fewer nodes than bytes.
    fn length(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(DEAD)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let skips = self.peek() == Some(byte);
        self.at += usize::from(skips);
        skips
    }

    fn closes(&mut self, byte: u8) -> bool {
        self.white_space();
        self.skip(byte)
    }

    fn expect(&mut self, byte: u8, reason: &'static str) -> Result<(), JsonError> {
        self.white_space();
        if self.skip(byte) { Ok(()) } else { Err(self.error(reason)) }
    }

    fn white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    const fn error(&self, reason: &'static str) -> JsonError {
        JsonError { offset: self.at, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Tape<'_>, JsonError> {
        Tape::read(text, 512)
    }

    /// The tape as serde_json's value.
    fn value(item: Item<'_>) -> serde_json::Value {
        match item.view() {
            View::Null => serde_json::Value::Null,
            View::Bool(value) => value.into(),
            View::Number(text) => serde_json::from_str(text).unwrap(),
            View::Text(text) => text.to_text().into_owned().into(),
            View::List(items) => items.map(value).collect(),
            View::Map(members) => serde_json::Value::Object(
                members.map(|(name, item)| (name.to_text().into_owned(), value(item))).collect(),
            ),
        }
    }

    #[test]
    fn agrees_with_another_reader() {
        let texts = [
            "null",
            " true ",
            "[]",
            "{}",
            "[[],{},[[1]],\"\"]",
            r#"{"a":{"b":[1,2,{"c":null}],"d":false},"e":"x"}"#,
            r#"["\u00e9\ud83c\udf81\n\/\"\\","é🎁"]"#,
            "[-0,0.5,1e5,1E-5,-12.50e+3]",
            r#"{"b":1,"a":2,"b":3,"\u0062":4}"#,
        ];
        for text in texts {
            let tape = read(text).unwrap();
            assert_eq!(value(tape.root()), serde_json::from_str::<serde_json::Value>(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_json() {
        let texts = [
            "",
            " ",
            "[",
            "]",
            "[1,]",
            "[,1]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "{\"a\":1,}",
            "nul",
            "True",
            "01",
            "1.",
            ".5",
            "1e",
            "+1",
            "-",
            "NaN",
            "\"",
            "\"\\",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\udc00\"",
            "\"\n\"",
            "1 2",
            "[1 2]",
            "\u{feff}1",
            "{\"a\":1 \"b\":2}",
            "'a'",
            "[1]x",
            "\"\\ud800\\ud800\"",
        ];
        for text in texts {
            assert!(read(text).is_err(), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn strings_are_compared_by_what_they_stand_for() {
        for (string, text, same) in [
            ("", "", true),
            ("a", "a", true),
            ("a", "b", false),
            ("a", "ab", false),
            ("ab", "a", false),
            ("\\u0061", "a", true),
            ("\\u0061", "\\u0061", false),
            ("\\\\n", "\\n", true),
            ("\\n", "\\n", false),
            ("\\ud83c\\udf81", "🎁", true),
            ("é", "\u{e9}", true),
            ("\\u00e9x", "éx", true),
        ] {
            assert_eq!(Text(string).is(text), same, "{string} {text}");
        }
    }

    #[test]
    fn members_that_stand_twice_are_noticed_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"x":{"a":1,"b":2,"\u0061":3}}]"#, r#"{"":1,"":2}"#] {
            assert!(read(text).unwrap().doubled(), "{text}");
        }
        for text in [r#"{"a":1,"A":1}"#, r#"{"a":{"a":1},"b":{"a":1}}"#, r#"[{"a":1},{"a":1}]"#] {
            assert!(!read(text).unwrap().doubled(), "{text}");
        }
        let many: Vec<String> = (0..500).map(|n| format!("\"k{}\":{n}", n % 499)).collect();
        let text = format!("{{{}}}", many.join(","));
        let tape = read(&text).unwrap();
        assert!(tape.doubled());
        let View::Map(mut members) = tape.root().view() else { panic!() };
        assert_eq!(members.count(), 499);
        let (name, item) = members.next().unwrap();
        assert!(name.is("k0") && matches!(item.view(), View::Number("499")));
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(512)).is_ok());
        assert_eq!(read(&nested(513)).err().unwrap().reason, "nested too deeply");
        assert!(read(&"[".repeat(1_000_000)).is_err());
        assert!(read(&"{\"a\":".repeat(1_000_000)).is_err());
    }

    #[test]
    fn the_capacity_is_never_exceeded() {
        let many = format!("[{}[]]", "[{}],".repeat(SHORT));
        let texts =
            ["1", "[]", "[1,2,3]", r#"{"a":1,"b":[{},{"c":"\\\",,,,"}]}"#, r#"{"a":1,"b":2,"c":3,"d":4}"#, &many];
        for text in texts {
            let capacity = capacity(text);
            let tape = read(text).unwrap();
            assert!(tape.nodes.capacity() <= capacity.max(4) * 2 && tape.nodes.len() <= capacity, "{text}");
        }
    }
}
