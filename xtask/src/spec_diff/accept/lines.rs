//! Which lines of a list are whose, so that an entry goes or is replaced, and nothing else moves.

use countersign_codegen::diff::Entry;

/// The lines of one entry, counted from zero.
pub(super) struct Own {
    /// Where the comment directly above it begins; where the entry does if there is none.
    pub(super) comment: usize,
    /// Where it begins.
    pub(super) begin: usize,
    /// Where what is behind it begins: an empty line, a comment, the next entry.
    pub(super) end: usize,
}

/// The lines of each entry.
pub(super) fn of(lines: &[&str], entries: &[Entry]) -> Vec<Own> {
    let begins: Vec<usize> = entries.iter().map(|entry| entry.suppression.place.at.line as usize - 1).collect();
    let mut all: Vec<Own> = Vec::new();
    for (index, begin) in begins.iter().copied().enumerate() {
        let dash = indentation(lines[begin]);
        let mut end = begins.get(index + 1).copied().unwrap_or(lines.len());
        while end > begin + 1 && is_behind(lines[end - 1], dash) {
            end -= 1;
        }
        let before = all.last().map_or(0, |own| own.end);
        let mut comment = begin;
        while comment > before && is_comment(lines[comment - 1]) {
            comment -= 1;
        }
        all.push(Own { comment, begin, end });
    }
    all
}

/// The spaces that a line begins with.
pub(super) fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

pub(super) fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// Whether a line stands behind an entry: what is further in than its dash belongs to it.
fn is_behind(line: &str, dash: usize) -> bool {
    line.trim().is_empty() || (is_comment(line) && indentation(line) <= dash)
}
