//! What is wrong with an input: collected, located, and shown together.
//!
//! [`render`] prints findings in the order of the file, each with its line. What a document says is hostile
//! until shown otherwise: control characters and those that change the direction of text are escaped.

use crate::spec::{Mark, Spec};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing is generated while it stands.
    Error,
    /// The crate is right; the author should look.
    Warning,
    /// Something was expressed more loosely than the spec says.
    Note,
}

/// One thing found in an input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// Where in the file.
    pub at: Mark,
    /// How much it weighs.
    pub level: Level,
    /// The rule, in kebab case: `unknown-key`.
    pub rule: &'static str,
    /// JSON Pointer of the place.
    pub pointer: String,
    /// What is wrong, in one sentence without a period.
    pub message: String,
    /// How to mend it, in one sentence without a period.
    pub help: Option<String>,
}

impl Finding {
    /// A finding without help at a place of `spec`.
    pub fn new(
        spec: &Spec,
        level: Level,
        rule: &'static str,
        at: Mark,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        let (pointer, message) = (pointer.into(), message.into());
        Finding { file: spec.file_of(at).to_owned(), at, level, rule, pointer, message, help: None }
    }

    /// The same finding with a sentence on how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Level {
    /// The word that stands before a finding.
    pub fn word(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        }
    }
}

/// Whether any finding stands in the way of generating.
pub fn has_errors(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.level == Level::Error)
}

/// Findings by file and place, each once.
pub fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort();
    findings.dedup();
    findings
}

/// Findings of two looks at one document: where both find the same rule broken on the same line, the heavier one
/// stands, or else the first one's words.
pub fn joined(first: Vec<Finding>, second: Vec<Finding>) -> Vec<Finding> {
    type Place = (PathBuf, &'static str, u16, u32);
    let place = |finding: &Finding| -> Place { (finding.file.clone(), finding.rule, finding.at.file, finding.at.line) };
    let heaviest = |findings: &[Finding]| {
        let mut levels: HashMap<Place, Level> = HashMap::new();
        for finding in findings {
            let level = levels.entry(place(finding)).or_insert(finding.level);
            *level = finding.level.min(*level);
        }
        levels
    };
    let (of_first, of_second) = (heaviest(&first), heaviest(&second));
    let weighs_more = |finding: &Finding| of_first.get(&place(finding)).is_none_or(|level| finding.level < *level);
    let stands = |finding: &Finding| of_second.get(&place(finding)).is_none_or(|level| *level >= finding.level);
    let second = second.into_iter().filter(weighs_more).collect::<Vec<_>>();
    sorted(first.into_iter().filter(stands).chain(second).collect())
}

/// The texts of files, for showing the lines that findings are about.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<(PathBuf, String)>);

impl Sources {
    /// Adds the text of a file under the name that its findings carry.
    #[must_use]
    pub fn with(mut self, file: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        self.0.push((file.into(), text.into()));
        self
    }

    /// The texts of a document's files.
    pub fn of(spec: &Spec) -> Self {
        let others = spec.others.iter().map(|other| (other.file.clone(), other.text.clone()));
        Self(std::iter::once((spec.file.clone(), spec.text.clone())).chain(others).collect())
    }

    /// The file that [`Mark::file`] counts: 0 is the document, and the others follow.
    pub fn file(&self, number: u16) -> Option<&Path> {
        self.0.get(usize::from(number)).map(|(file, _)| file.as_path())
    }

    fn lines(&self, file: &Path) -> Vec<&str> {
        self.0.iter().find(|(known, _)| known == file).map(|(_, text)| lines(text)).unwrap_or_default()
    }
}

/// Findings as plain text, one paragraph each.
///
/// ```text
/// error[unknown-key]: an operation has no key `operationid`
///   --> specs/acme/openapi.yaml:12:7
///    |
/// 12 |       operationid: get_order
///    |       ^
/// help: did you mean `operationId`?
/// ```
pub fn render(findings: &[Finding], sources: &Sources) -> String {
    let mut text = String::new();
    let mut shown: Option<(&Path, Page<'_>)> = None;
    for finding in findings {
        if shown.as_ref().is_none_or(|(file, _)| *file != finding.file) {
            shown = Some((&finding.file, Page::new(sources.lines(&finding.file))));
        }
        let excerpt = shown.as_mut().and_then(|(_, page)| page.excerpt(finding.at));
        render_one(&mut text, finding, excerpt);
        text.push('\n');
    }
    text
}

fn render_one(text: &mut String, finding: &Finding, excerpt: Option<(String, usize)>) {
    // Writing to a `String` can't fail.
    let _ = writeln!(text, "{}[{}]: {}", finding.level.word(), finding.rule, printable(&finding.message));
    let number = finding.at.line.to_string();
    let margin = " ".repeat(number.len());
    let file = printable(&finding.file.display().to_string());
    let _ = writeln!(text, "{margin}--> {file}:{}", finding.at);
    if let Some((line, column)) = excerpt {
        let _ = writeln!(text, "{margin} |\n{number} | {line}\n{margin} | {}^", " ".repeat(column));
    }
    if let Some(help) = &finding.help {
        let _ = writeln!(text, "help: {}", printable(help));
    }
}

/// At most this many characters of a line are shown.
const WIDEST: usize = 160;

/// The lines of a file that is being quoted.
struct Page<'t> {
    lines: Vec<&'t str>,
    /// Line, column and byte of the last quotation: a document may be one line of many megabytes.
    last: (usize, usize, usize),
}

impl<'t> Page<'t> {
    fn new(lines: Vec<&'t str>) -> Self {
        Page { lines, last: (0, 0, 0) }
    }

    /// A line made fit to print, cut to what stands around a place, and where that place is in it then.
    fn excerpt(&mut self, at: Mark) -> Option<(String, usize)> {
        let index = (at.line as usize).checked_sub(1)?;
        let line = *self.lines.get(index)?;
        let column = (at.column as usize).saturating_sub(1);
        let first = column.saturating_sub(WIDEST / 2);
        let part = &line[self.byte(index, line, first)..];
        let mut shown = if first > 0 { "…".to_owned() } else { String::new() };
        let mut caret = None;
        let mut rest = part.chars();
        for (offset, c) in rest.by_ref().take(WIDEST).enumerate() {
            if first + offset == column {
                caret = Some(shown.chars().count());
            }
            match c {
                '\t' => shown.push(' '),
                c => shown.push_str(&printable(c.encode_utf8(&mut [0; 4]))),
            }
        }
        let caret = caret.unwrap_or_else(|| shown.chars().count());
        if rest.next().is_some() {
            shown.push('…');
        }
        (!shown.trim().is_empty()).then_some((shown, caret))
    }

    /// The byte at which a column of a line begins, counted on from the last one that was asked for.
    fn byte(&mut self, index: usize, line: &str, column: usize) -> usize {
        let (from, start) = match self.last {
            (last_index, last_column, byte) if last_index == index && last_column <= column => (last_column, byte),
            _ => (0, 0),
        };
        let part = &line[start..];
        let byte = part.char_indices().nth(column - from).map_or(line.len(), |(offset, _)| start + offset);
        self.last = (index, column, byte);
        byte
    }
}

/// Lines as [`Mark`] counts them.
pub fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(['\n', '\r']) {
        lines.push(&rest[..end]);
        let length = if rest[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = &rest[end + length..];
    }
    lines.push(rest);
    lines
}

/// Text with everything escaped that a terminal or an editor does not show as it stands.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if c.is_control() || is_invisible(c) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

/// Characters that show nothing, or change what is shown around them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// Text cut after `longest` characters, for messages that quote a document.
pub fn shortened(text: &str, longest: usize) -> String {
    let mut short: String = text.chars().take(longest).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The candidate that `name` is most likely a misspelling of, if any is close.
pub fn similar<'n>(name: &str, candidates: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let name = plain(name);
    let near = candidates.into_iter().take(MOST_CANDIDATES).filter_map(|candidate| {
        let other = plain(candidate);
        let farthest = 1 + name.len().max(other.len()) / 5;
        Some((edit_distance(&name, &other, farthest)?, candidate))
    });
    near.min().map(|(_, candidate)| candidate)
}

/// A suggestion is a courtesy: a hostile document must not make it a long search.
const MOST_CANDIDATES: usize = 1_000;
/// Names longer than this are not compared.
const LONGEST_NAME: usize = 64;

/// Letters and digits in lower case: what is left when spelling conventions are taken away.
fn plain(name: &str) -> Vec<char> {
    let letters = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
    letters.take(LONGEST_NAME + 1).collect()
}

/// Insertions, deletions, replacements and swaps of neighbours between two names, up to `farthest`.
fn edit_distance(a: &[char], b: &[char], farthest: usize) -> Option<usize> {
    let comparable = |name: &[char]| !name.is_empty() && name.len() <= LONGEST_NAME;
    if !comparable(a) || !comparable(b) || a.len().abs_diff(b.len()) > farthest {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|distance| *distance <= farthest)
}
