//! Quoted text whose later lines stand too far left.
//!
//! YAML wants the lines of a quoted text deeper than its key. Most parsers read them anywhere, and published
//! files hold such text, so what the parser refuses is given to it once more with these lines moved to the right:
//!
//! 1. [`quoted_lines`] guesses where quoted text goes on, with a small reading of YAML's structure.
//! 2. [`indented`] moves these lines to the right, and remembers by how much.
//! 3. `yaml` checks with the parser's own events that each of them lies in quoted text, where leading spaces mean
//!    nothing, and takes the shift out of every column.

use std::collections::BTreeMap;

/// How far a line is moved: deeper than any document is nested that fits the limits.
const SHIFT: usize = 512;

/// More lines than this are not moved: the text must not grow without bounds.
const MOST_LINES: usize = 50_000;

/// A text with moved lines, and the numbers of these lines, from 1.
pub(super) struct Indented {
    pub(super) text: String,
    pub(super) lines: BTreeMap<usize, usize>,
}

/// The text with the lines of quoted text moved to the right; none if there are no such lines.
pub(super) fn indented(text: &str) -> Option<Indented> {
    let starts = quoted_lines(text);
    if starts.is_empty() || starts.len() > MOST_LINES {
        return None;
    }
    let mut moved = String::with_capacity(text.len() + starts.len() * SHIFT);
    let mut lines = BTreeMap::new();
    let mut from = 0;
    for (line, offset) in starts {
        moved.push_str(&text[from..offset]);
        moved.push_str(&" ".repeat(SHIFT));
        lines.insert(line, SHIFT);
        from = offset;
    }
    moved.push_str(&text[from..]);
    Some(Indented { text: moved, lines })
}

/// Number and offset of each line that begins inside quoted text and is not empty.
fn quoted_lines(text: &str) -> Vec<(usize, usize)> {
    let mut reader = Reader::default();
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let bytes = line.trim_end_matches(['\n', '\r']).as_bytes();
        if reader.quote.is_some() && !bytes.iter().all(u8::is_ascii_whitespace) {
            reader.found.push((index + 1, offset));
        }
        reader.line(bytes);
        offset += line.len();
    }
    reader.found
}

/// What is known of the place that the reading has come to.
#[derive(Default)]
struct Reader {
    /// The quotation mark of the text that is open.
    quote: Option<u8>,
    /// Open brackets and braces.
    flow: usize,
    /// The column of the entry whose block text is being skipped.
    block: Option<usize>,
    found: Vec<(usize, usize)>,
}

impl Reader {
    fn line(&mut self, line: &[u8]) {
        let indent = line.iter().take_while(|byte| **byte == b' ').count();
        if self.quote.is_none()
            && let Some(column) = self.block
        {
            if indent == line.len() || indent > column {
                return;
            }
            self.block = None;
        }
        let mut at = indent;
        // Where the last entry of a list or map begins that this line opens.
        let mut entry = indent;
        // Whether a value may begin here.
        let mut fresh = self.quote.is_none();
        while at < line.len() {
            if let Some(quote) = self.quote {
                at = self.quoted(line, at, quote);
                fresh = false;
                continue;
            }
            let (byte, next) = (line[at], line.get(at + 1).copied());
            let spaced = next.is_none_or(|next| next == b' ' || next == b'\t');
            match byte {
                b' ' | b'\t' => {
                    if next == Some(b'#') {
                        return;
                    }
                }
                b'#' if at == indent => return,
                b'"' | b'\'' if fresh => self.quote = Some(byte),
                b'[' | b'{' if fresh => self.flow += 1,
                b']' | b'}' if self.flow > 0 => {
                    self.flow -= 1;
                    fresh = false;
                }
                b',' if self.flow > 0 => fresh = true,
                b':' if spaced || (self.flow > 0 && !fresh) => fresh = true,
                b'-' | b'?' if fresh && spaced => {
                    entry = at + 1 + line[at + 1..].iter().take_while(|b| **b == b' ').count()
                }
                b'|' | b'>' if fresh && self.flow == 0 => {
                    self.block = Some(if entry > at { indent } else { entry });
                    // The dash of a list is the entry then: its text stands deeper than the dash.
                    if entry == at {
                        self.block = Some(indent);
                    }
                    return;
                }
                // An anchor or a tag, which a value follows.
                b'&' | b'!' if fresh => {
                    at += line[at..].iter().take_while(|byte| **byte != b' ').count();
                    continue;
                }
                _ => fresh = false,
            }
            at += 1;
        }
    }

    /// Goes on in quoted text; returns where to read next.
    fn quoted(&mut self, line: &[u8], at: usize, quote: u8) -> usize {
        match line[at] {
            b'\\' if quote == b'"' => at + 2,
            byte if byte == quote => {
                if quote == b'\'' && line.get(at + 1) == Some(&quote) {
                    return at + 2;
                }
                self.quote = None;
                at + 1
            }
            _ => at + 1,
        }
    }
}
