//! JSON (RFC 8259) to a tree.
//!
//! 1. [`scan`] goes over the bytes once: it holds depth, size and the characters between tokens to the letter, and
//!    notes where each key and value begins.
//! 2. `serde_json` reads the text; each of its values takes the next of these places.
//!
//! There is no tree in between, and what a list or map will hold is known before it is made: half of the time of a
//! review is reading.

use super::{Cursor, DEEPEST, MOST_NODES, Members, Problem, START, Tree, duplicate_key, too_deep, too_many_nodes};
use crate::lint::rules;
use crate::spec::{Key, Mark, Node, Value};
use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The tree of the one value in `text`.
pub(super) fn tree(text: &str) -> Result<Tree, Vec<Problem>> {
    let starts = scan(text).map_err(|problem| vec![problem])?;
    if starts.is_empty() {
        return Err(vec![Problem::new(rules::SYNTAX, START, "the file holds no document")]);
    }
    let mut builder = Builder { starts: starts.into_iter(), problems: Vec::new() };
    let mut reader = serde_json::Deserializer::from_str(text);
    // The scan has limited the depth.
    reader.disable_recursion_limit();
    let root = NodeSeed(&mut builder).deserialize(&mut reader).and_then(|root| reader.end().map(|()| root));
    let root = root.map_err(|error| vec![syntax(text, &error)])?;
    if builder.problems.is_empty() { Ok(Tree { root, notes: Vec::new() }) } else { Err(builder.problems) }
}

/// What `serde_json` says, at the place that it names by line and byte.
fn syntax(text: &str, error: &serde_json::Error) -> Problem {
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = Cursor::new(text).mark(before + error.column().saturating_sub(1));
    let said = error.to_string();
    let message = said.rsplit_once(" at line ").map_or(said.as_str(), |(message, _)| message);
    Problem::new(rules::SYNTAX, at, format!("this is not JSON: {message}"))
}

/// Where a key or value begins. There are as many as values and keys, so a file has no place in it.
#[derive(Clone, Copy)]
struct Start {
    line: u32,
    column: u32,
    /// Commas in it, if it is a list or map; of hostile text only the parser knows.
    commas: u32,
}

impl Start {
    /// In the place of the commas: this is a number.
    const NUMBER: u32 = u32::MAX;

    fn at(self) -> Mark {
        Mark::new(self.line, self.column)
    }
}

/// Depth, number of values, the characters that may stand inside and between tokens, and where tokens begin.
fn scan(text: &str) -> Result<Vec<Start>, Problem> {
    let mut scan = Scan { bytes: text.as_bytes(), offset: 0, at: START, starts: Vec::new(), open: Vec::new() };
    // About as many as a document of this length has.
    scan.starts.reserve(text.len() / 16);
    scan.run()?;
    Ok(scan.starts)
}

struct Scan<'t> {
    bytes: &'t [u8],
    offset: usize,
    /// The place of `offset`.
    at: Mark,
    starts: Vec<Start>,
    /// Lists and maps that are not closed, by their numbers in `starts`.
    open: Vec<usize>,
}

impl Scan<'_> {
    fn run(&mut self) -> Result<(), Problem> {
        while let Some(&byte) = self.bytes.get(self.offset) {
            match byte {
                b'\n' => self.line(),
                b'\r' if self.bytes.get(self.offset + 1) != Some(&b'\n') => self.line(),
                b' ' => self.pass(|byte| byte == b' '),
                b'\t' | b'\r' => self.step(),
                b'"' => self.quoted()?,
                b'{' | b'[' => self.begin(byte)?,
                b'}' | b']' => {
                    self.open.pop();
                    self.step();
                }
                b',' | b':' => {
                    if byte == b','
                        && let Some(start) = self.open.last().and_then(|index| self.starts.get_mut(*index))
                    {
                        start.commas += 1;
                    }
                    self.step();
                }
                _ => self.word()?,
            }
        }
        Ok(())
    }

    fn step(&mut self) {
        self.offset += 1;
        self.at.column += 1;
    }

    /// Passes over bytes that are a character each and end no line.
    fn pass(&mut self, wanted: impl Fn(u8) -> bool) {
        let count = self.bytes[self.offset..].iter().take_while(|byte| wanted(**byte)).count();
        self.offset += count;
        // No file is longer.
        self.at.column += u32::try_from(count).unwrap_or(u32::MAX);
    }

    fn line(&mut self) {
        self.offset += 1;
        self.at = Mark::new(self.at.line + 1, 1);
    }

    fn start(&mut self, byte: u8) -> Result<(), Problem> {
        if self.starts.len() == MOST_NODES {
            return Err(too_many_nodes(self.at));
        }
        let commas = if matches!(byte, b'-' | b'0'..=b'9') { Start::NUMBER } else { 0 };
        self.starts.push(Start { line: self.at.line, column: self.at.column, commas });
        Ok(())
    }

    fn begin(&mut self, byte: u8) -> Result<(), Problem> {
        if self.open.len() == DEEPEST {
            return Err(too_deep(self.at));
        }
        self.open.push(self.starts.len());
        self.start(byte)?;
        self.step();
        Ok(())
    }

    /// Text in quotes, to the closing one or the end.
    fn quoted(&mut self) -> Result<(), Problem> {
        self.start(b'"')?;
        self.step();
        loop {
            // Most text is plain, so that is passed over in one go.
            self.pass(|byte| IS_PLAIN[usize::from(byte)]);
            let Some(&byte) = self.bytes.get(self.offset) else { break };
            match byte {
                b'"' => {
                    self.step();
                    break;
                }
                // What is escaped closes nothing.
                b'\\' if self.bytes.get(self.offset + 1).is_some_and(u8::is_ascii_graphic) => {
                    self.step();
                    self.step();
                }
                byte if byte.is_ascii_control() => return Err(control_in_text(self.at)),
                // Columns count characters: what continues one counts nothing.
                0x80..0xC0 => self.offset += 1,
                _ => self.step(),
            }
        }
        Ok(())
    }

    /// A number or a word.
    fn word(&mut self) -> Result<(), Problem> {
        self.start(self.bytes[self.offset])?;
        while let Some(&byte) = self.bytes.get(self.offset) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'{' | b'}' | b'[' | b']' | b',' | b':' => break,
                byte if !byte.is_ascii() => return Err(outside_text(self.at)),
                _ => self.step(),
            }
        }
        Ok(())
    }
}

/// Bytes that are a character of text each and end nothing.
const IS_PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        plain[byte as usize] = byte != b'"' && byte != b'\\';
        byte += 1;
    }
    plain
};

fn control_in_text(at: Mark) -> Problem {
    Problem::new(rules::SYNTAX, at, "this is not JSON: a control character stands in text without an escape")
}

fn outside_text(at: Mark) -> Problem {
    Problem::new(rules::SYNTAX, at, "this is not JSON: this character may stand in quotes only")
}

struct Builder {
    starts: std::vec::IntoIter<Start>,
    problems: Vec<Problem>,
}

impl Builder {
    /// The next place. Up to the first mistake in the text, scan and parser see the same tokens.
    fn next<E: serde::de::Error>(&mut self) -> Result<Start, E> {
        self.starts.next().ok_or_else(|| E::custom("a value is missing"))
    }
}

struct NodeSeed<'b>(&'b mut Builder);

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Node, D::Error> {
        let start = self.0.next()?;
        let value = match start.commas {
            Start::NUMBER => Value::Number(<&RawValue>::deserialize(reader)?.get().to_owned()),
            _ => reader.deserialize_any(ValueVisitor { builder: self.0, start })?,
        };
        Ok(Node { value, at: start.at() })
    }
}

struct ValueVisitor<'b> {
    builder: &'b mut Builder,
    start: Start,
}

impl ValueVisitor<'_> {
    /// How many members or items there are; a comma that stands alone must not cost memory.
    fn size(&self) -> usize {
        let most = self.builder.starts.len();
        (self.start.commas as usize + 1).min(most)
    }
}

impl<'de> Visitor<'de> for ValueVisitor<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::with_capacity(self.size());
        while let Some(item) = list.next_element_seed(NodeSeed(self.builder))? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Members::with_capacity(self.size());
        while let Some(text) = map.next_key::<String>()? {
            let key = Key { text, at: self.builder.next::<A::Error>()?.at() };
            let node = map.next_value_seed(NodeSeed(self.builder))?;
            match members.place(&key.text) {
                Some(first) => self.builder.problems.push(duplicate_key(&key, first)),
                None => members.push(key, node),
            }
        }
        Ok(Value::Map(members.list))
    }
}
