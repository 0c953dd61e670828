//! The table of changes: a name in brackets, then `file`, `find` and `with`, one a line.
//!
//! `find` and `with` differ in one byte: another one, one more, or one less. Where no such change of a line
//! compiles, `why` says so. A line is taken as it is, from behind `= ` to its end.

use std::path::Path;

/// One changed byte.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The operation, and what is changed.
    pub(crate) name: String,
    /// The file below `auth/src`.
    pub(crate) file: String,
    find: String,
    with: String,
    why: String,
}

impl Change {
    /// The source with the change; [`read`] made sure that it fits once.
    pub(crate) fn apply(&self, source: &str) -> String {
        source.replacen(&self.find, &self.with, 1)
    }

    /// What stood there and what stands there now, a few characters around the place.
    pub(crate) fn shown(&self) -> String {
        let at = common(self.find.bytes(), self.with.bytes());
        let around = |text: &str| text.get(at.saturating_sub(8)..(at + 8).min(text.len())).unwrap_or(text).to_owned();
        format!("{:16} -> {:16}", around(&self.find), around(&self.with))
    }

    /// How many bytes were replaced, added or taken away.
    fn size(&self) -> usize {
        let before = common(self.find.bytes(), self.with.bytes());
        let after = common(self.find[before..].bytes().rev(), self.with[before..].bytes().rev());
        self.find.len().max(self.with.len()) - before - after
    }
}

/// How many bytes are the same from the beginning.
fn common(a: impl Iterator<Item = u8>, b: impl Iterator<Item = u8>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).count()
}

/// Reads the table and holds it against the sources.
pub(crate) fn read(table: &str, sources: &Path) -> Result<Vec<Change>, String> {
    let mut changes: Vec<Change> = Vec::new();
    for line in table.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let empty = String::new();
            changes.push(Change {
                name: name.to_owned(),
                file: empty.clone(),
                find: empty.clone(),
                with: empty.clone(),
                why: empty,
            });
            continue;
        }
        let change = changes.last_mut().ok_or("the table does not begin with a name")?;
        match line.split_once(" = ") {
            Some(("file", file)) => change.file = file.to_owned(),
            Some(("find", find)) => change.find = find.to_owned(),
            Some(("with", with)) => change.with = with.to_owned(),
            Some(("why", why)) => change.why = why.to_owned(),
            _ => return Err(format!("the table can't be read: {line}")),
        }
    }
    let problems: Vec<String> = changes.iter().filter_map(|change| problem(change, sources)).collect();
    if problems.is_empty() { Ok(changes) } else { Err(format!("table.txt is out of date:\n{}", problems.join("\n"))) }
}

fn problem(change: &Change, sources: &Path) -> Option<String> {
    let Change { name, file, find, .. } = change;
    match change.size() {
        0 => return Some(format!("{name}: nothing is changed")),
        1 => {}
        size if change.why.is_empty() => return Some(format!("{name}: {size} bytes are changed")),
        _ => {}
    }
    let source = match std::fs::read_to_string(sources.join(file)) {
        Ok(source) => source,
        Err(error) => return Some(format!("{name}: {file}: {error}")),
    };
    match source.matches(find.as_str()).count() {
        1 => None,
        count => Some(format!("{name}: {file} holds `{find}` {count} times")),
    }
}
