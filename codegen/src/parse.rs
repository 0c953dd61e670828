//! Text to [`Spec`]: YAML 1.2 or JSON, with the position of every node, within limits.
//!
//! 1. [`parse`] checks size, encoding and characters, and chooses the format by the file's name, else by the
//!    first character.
//! 2. `yaml` builds the tree from events; `json` from a syntax tree. Both count depth, nodes and text.
//!
//! YAML is read by its core schema: `no`, `on` and dates are text, keys are text (`200:` too). What a reader
//! of YAML may understand differently from its author is refused with a place: keys that stand twice, tags, keys
//! that are not text, more than one document. Merge keys of YAML 1.1 are merged, with a note. Aliases are followed, up to a size; an anchor
//! inside itself is not. JSON is RFC 8259: no comments, no trailing commas.
//!
//! Nothing here knows OpenAPI, and nothing reads a file but [`read`].

mod indent;
mod json;
mod yaml;

use crate::finding::Finding;
use crate::lint::rules::{self, Rule};
use crate::spec::{Key, Mark, Node, Spec, Value};
use std::collections::HashMap;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The longest file that is read: 64 MiB.
pub const LONGEST_FILE: usize = 64 << 20;
/// The deepest nesting of lists and maps, aliases followed.
pub const DEEPEST: usize = 128;
/// The most values and keys, aliases followed.
pub const MOST_NODES: usize = 1_000_000;
/// The most nodes that anchors and aliases may copy.
pub const MOST_COPIED_NODES: usize = 100_000;
/// The most bytes of text that anchors and aliases may copy.
pub const MOST_COPIED_TEXT: usize = 8 << 20;

/// Why [`read`] yields no document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file can't be read.
    #[error("can't read {}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file can be read, but is no document.
    #[error("{} findings", .0.len())]
    Findings(Vec<Finding>),
}

/// Reads a file and parses it.
///
/// # Errors
/// What the system says, or what [`parse`] finds.
pub fn read(file: &Path) -> Result<Spec, ReadError> {
    let io = |source| ReadError::Io { file: file.to_owned(), source };
    let mut bytes = Vec::new();
    // One byte beyond the limit is enough for `parse` to refuse the rest.
    let limit = LONGEST_FILE as u64 + 1;
    std::fs::File::open(file).map_err(io)?.take(limit).read_to_end(&mut bytes).map_err(io)?;
    parse(file, bytes).map_err(ReadError::Findings)
}

/// Parses the text of `file`; the name chooses the format and stands in findings.
///
/// # Errors
/// Findings with their places: everything up to the first place from which reading can't go on.
pub fn parse(file: impl Into<PathBuf>, text: impl Into<Vec<u8>>) -> Result<Spec, Vec<Finding>> {
    let file = file.into();
    let text = match decode(text.into()) {
        Ok(text) => text,
        Err(problem) => return Err(vec![problem.finding(&file)]),
    };
    // The parsers behind these two are other people's: should one panic on hostile text, that is a finding.
    let tree =
        catch_unwind(AssertUnwindSafe(|| if is_json(&file, &text) { json::tree(&text) } else { yaml::tree(&text) }))
            .unwrap_or_else(|_| Err(vec![Problem::new(rules::SYNTAX, START, "this text can't be parsed")]));
    match tree {
        Ok(Tree { root, notes }) => {
            let notes = notes.iter().map(|problem| problem.finding(&file)).collect();
            Ok(Spec { notes, ..Spec::new(file, text, root) })
        }
        Err(problems) => Err(problems.iter().map(|problem| problem.finding(&file)).collect()),
    }
}

/// What a text holds.
struct Tree {
    root: Node,
    /// What was read although it does not stand so in the format's own rules.
    notes: Vec<Problem>,
}

const START: Mark = Mark { file: 0, line: 1, column: 1 };

/// A finding before it knows its file.
#[derive(Debug)]
struct Problem {
    rule: Rule,
    at: Mark,
    message: String,
    help: Option<String>,
}

impl Problem {
    fn new(rule: Rule, at: Mark, message: impl Into<String>) -> Self {
        Problem { rule, at, message: message.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn finding(&self, file: &Path) -> Finding {
        Finding {
            file: file.to_owned(),
            at: self.at,
            level: self.rule.level,
            rule: self.rule.id,
            pointer: String::new(),
            message: self.message.clone(),
            help: self.help.clone(),
        }
    }
}

/// Bytes to text: size, byte order marks, UTF-8, characters that no document needs.
fn decode(bytes: Vec<u8>) -> Result<String, Problem> {
    if bytes.len() > LONGEST_FILE {
        return Err(Problem::new(rules::FILE_TOO_LARGE, START, "the file is larger than 64 MiB"));
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(Problem::new(rules::ENCODING, START, "the file is UTF-16").help("save it as UTF-8"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let at = Cursor::new(&before).mark(valid);
        Problem::new(rules::ENCODING, at, "this is not UTF-8").help("save the file as UTF-8")
    })?;
    let text = text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text);
    let control = |c: u8| c.is_ascii_control() && !matches!(c, b'\t' | b'\n' | b'\r');
    // Without an early end, a whole block of bytes is looked at in one step.
    if !text.bytes().fold(false, |any, byte| any | control(byte)) {
        return Ok(text);
    }
    match text.bytes().position(control) {
        None => Ok(text),
        Some(offset) => {
            let message = format!("the control character U+{:04X} stands here", text.as_bytes()[offset]);
            let at = Cursor::new(&text).mark(offset);
            Err(Problem::new(rules::CONTROL_CHARACTER, at, message)
                .help("remove it, or write it as an escape in quotes"))
        }
    }
}

/// By the name, else by the first character.
fn is_json(file: &Path, text: &str) -> bool {
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if extension.eq_ignore_ascii_case("json") {
        return true;
    }
    if extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml") {
        return false;
    }
    text.trim_start().starts_with(['{', '['])
}

/// Turns byte offsets, asked for in rising order, into marks.
struct Cursor<'t> {
    text: &'t str,
    offset: usize,
    at: Mark,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str) -> Self {
        Cursor { text, offset: 0, at: START }
    }

    fn mark(&mut self, offset: usize) -> Mark {
        if offset < self.offset {
            *self = Cursor::new(self.text);
        }
        let bytes = self.text.as_bytes();
        let end = offset.min(bytes.len());
        for at in self.offset..end {
            match bytes[at] {
                b'\n' => self.at = Mark::new(self.at.line + 1, 1),
                b'\r' if bytes.get(at + 1) != Some(&b'\n') => self.at = Mark::new(self.at.line + 1, 1),
                // Columns count characters: what continues one counts nothing.
                0x80..0xC0 => {}
                _ => self.at.column += 1,
            }
        }
        self.offset = end;
        self.at
    }
}

/// The members of a map so far; finds keys that stand twice.
#[derive(Debug, Default)]
struct Members {
    list: Vec<(Key, Node)>,
    /// Only for maps that are too long to search.
    places: HashMap<String, Mark>,
}

impl Members {
    const LONG: usize = 16;

    fn with_capacity(size: usize) -> Self {
        Members { list: Vec::with_capacity(size), places: HashMap::new() }
    }

    /// The place of the member that already has this key.
    fn place(&self, key: &str) -> Option<Mark> {
        if self.list.len() < Self::LONG {
            return self.list.iter().find(|(known, _)| known.text == key).map(|(known, _)| known.at);
        }
        self.places.get(key).copied()
    }

    fn push(&mut self, key: Key, node: Node) {
        self.list.push((key, node));
        if self.list.len() == Self::LONG {
            self.places = self.list.iter().map(|(key, _)| (key.text.clone(), key.at)).collect();
        } else if self.list.len() > Self::LONG
            && let Some((key, _)) = self.list.last()
        {
            self.places.insert(key.text.clone(), key.at);
        }
    }
}

fn duplicate_key(key: &Key, first: Mark) -> Problem {
    let message = format!("the key `{}` stands here and at {first}", key.text.trim_end_matches('\0'));
    Problem::new(rules::DUPLICATE_KEY, key.at, message).help("remove one of the two")
}

fn too_deep(at: Mark) -> Problem {
    let message = format!("lists and maps are nested more than {DEEPEST} deep");
    Problem::new(rules::TOO_DEEP, at, message).help("give the inner parts names of their own and refer to them")
}

fn too_many_nodes(at: Mark) -> Problem {
    Problem::new(rules::TOO_LARGE, at, format!("the document has more than {MOST_NODES} values and keys"))
}

/// A scalar of YAML's core schema that stands without quotes.
fn plain_scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::Text(text.to_owned()), Value::Number),
    }
}

/// A number of the core schema in JSON's spelling; as it is written wherever JSON allows that.
///
/// Infinities and "not a number" stay text: nothing that is sent as JSON can hold them.
fn number(text: &str) -> Option<String> {
    if let Some(digits) = text.strip_prefix("0x") {
        return Some(u128::from_str_radix(unsigned(digits)?, 16).ok()?.to_string());
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return Some(u128::from_str_radix(unsigned(digits)?, 8).ok()?.to_string());
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at..])),
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let has_digits = !whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = &exponent[1..];
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    if !has_digits || !digits(whole) || !digits(fraction.unwrap_or_default()) || !exponent_fits {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let mut number = format!("{sign}{whole}");
    if let Some(fraction) = fraction.filter(|fraction| !fraction.is_empty()) {
        number.push('.');
        number.push_str(fraction);
    }
    number.push_str(exponent.unwrap_or_default());
    Some(number)
}

/// Digits without the sign that Rust's own reading of numbers would take.
fn unsigned(digits: &str) -> Option<&str> {
    (!digits.starts_with(['+', '-'])).then_some(digits)
}
