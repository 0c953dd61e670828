//! A spec and the files that its references lead to, from disk.
//!
//! 1. [`load`] reads and parses the spec.
//! 2. Each reference to another file, in any file, is looked up by `location` and read once.
//! 3. Path items that are partly a reference are joined (`path_items`), and each `$dynamicRef` becomes the `$ref` that
//!    it is without what uses it (`dynamic_refs`).
//! 4. What is not followed (a file outside the named folder, one that is not there) is remembered with the
//!    reason, and becomes a finding where the reference is used.
//!
//! Only files inside one folder are read: the spec's own, or one that the caller names. A link that leads out of it
//! is outside. Number and size of the files have limits, which hold for all of them together.

use crate::finding::{Finding, Sources, has_errors};
use crate::lint::rules;
use crate::location::{self, beside};
use crate::parse::{LONGEST_FILE, MOST_NODES, parse};
use crate::spec::{Mark, Node, Other, Refused, Spec, Value};
use crate::{dynamic_refs, path_items};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The most files that one spec is made of.
pub const MOST_FILES: usize = 1_000;

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The spec itself can't be read.
    #[error("can't read {}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file can be read, but is no document.
    #[error("{} findings", findings.len())]
    Findings {
        /// The findings, each in its file.
        findings: Vec<Finding>,
        /// The texts of the files.
        sources: Sources,
    },
}

/// Reads the spec at `path`, which findings call `shown`, and the files that it refers to inside `folder`.
///
/// Without a folder, it is the one that the spec lies in.
///
/// # Errors
/// [`LoadError`].
pub fn load(path: &Path, shown: &Path, folder: Option<&Path>) -> Result<Spec, LoadError> {
    let trouble = |source| LoadError::Io { file: path.to_owned(), source };
    let bytes = bounded(path, LONGEST_FILE).map_err(trouble)?;
    let spec = match parse(shown, bytes) {
        Ok(spec) => spec,
        Err(findings) => {
            // Parsing has used the bytes up; what is shown of them is read again.
            let bytes = bounded(path, LONGEST_FILE).map_err(trouble)?;
            let sources = Sources::default().with(shown, String::from_utf8_lossy(&bytes));
            return Err(LoadError::Findings { findings, sources });
        }
    };
    let own = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let inside = folder.unwrap_or(own).canonicalize().map_err(trouble)?;
    let mut loader = Loader::new(spec, own, inside).map_err(trouble)?;
    loader.run();
    if !has_errors(&loader.findings) {
        loader.settle();
    }
    let Loader { spec, findings, .. } = loader;
    if has_errors(&findings) {
        return Err(LoadError::Findings { findings, sources: Sources::of(&spec) });
    }
    Ok(spec)
}

/// A file's bytes, one more than `most` at most.
fn bounded(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let length = file.metadata().map_or(0, |data| data.len()).min(most as u64);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

const OUTSIDE: (&str, &str) =
    ("lies outside the folder of the spec", "move the file there, or name a folder that holds both files");
const MISSING: (&str, &str) = ("can't be read", "correct the name, or add the file");

struct Loader {
    spec: Spec,
    /// The folder that names begin at.
    base: PathBuf,
    /// The folder that no file may lie outside of.
    inside: PathBuf,
    findings: Vec<Finding>,
    /// Names that have been looked at.
    known: HashSet<String>,
    /// References that are still to be followed: the file's name, and where the reference stands.
    waiting: Vec<(String, Mark)>,
    bytes: usize,
    nodes: usize,
}

impl Loader {
    fn new(mut spec: Spec, own: &Path, inside: PathBuf) -> io::Result<Self> {
        let own = own.canonicalize()?;
        let base = match own.strip_prefix(&inside) {
            Ok(way) => {
                spec.name = slashes(&way.join(&spec.name));
                inside.clone()
            }
            Err(_) => own,
        };
        let bytes = spec.text.len();
        let known = HashSet::from([spec.name.clone()]);
        Ok(Self { spec, base, inside, findings: Vec::new(), known, waiting: Vec::new(), bytes, nodes: 0 })
    }

    fn run(&mut self) {
        let name = self.spec.name.clone();
        let (nodes, found) = references(&self.spec.root, &name);
        self.nodes = nodes;
        self.follow(found);
        while let Some((name, at)) = self.waiting.pop() {
            if !self.read(name, at) {
                return;
            }
        }
    }

    /// Gives references that are more than one, or that lead elsewhere by where they are used, one meaning.
    fn settle(&mut self) {
        dynamic_refs::settle(&mut self.spec);
        if let Err(at) = path_items::join(&mut self.spec, MOST_NODES) {
            let message = "path items joined with what they refer to have more than a million values and keys";
            self.too_much(at, message.to_owned());
        }
    }

    fn follow(&mut self, found: Vec<(String, Mark)>) {
        // The first reference of a file is followed first.
        for (name, at) in found.into_iter().rev() {
            if self.known.insert(name.clone()) {
                self.waiting.push((name, at));
            }
        }
    }

    /// Reads one file; false if there can be no more.
    fn read(&mut self, name: String, at: Mark) -> bool {
        let bytes = match self.bytes_of(&name) {
            Ok(bytes) => bytes,
            Err((reason, help)) => {
                let is_missing = reason == MISSING.0;
                self.spec.refused.push(Refused { name, is_missing, reason: reason.to_owned(), help: help.to_owned() });
                return true;
            }
        };
        self.bytes += bytes.len();
        if self.spec.others.len() + 1 >= MOST_FILES {
            return self.too_much(at, format!("the document is made of more than {MOST_FILES} files"));
        }
        if self.bytes > LONGEST_FILE {
            return self.too_much(at, "the files of this document are larger than 64 MiB together".to_owned());
        }
        let shown = self.shown(&name);
        let number = u16::try_from(self.spec.others.len() + 1).unwrap_or(u16::MAX);
        match parse(&shown, bytes) {
            Ok(mut parsed) => {
                enter(&mut parsed.root, number);
                for note in &mut parsed.notes {
                    note.at.file = number;
                }
                let (nodes, found) = references(&parsed.root, &name);
                self.nodes += nodes;
                let Spec { text, root, notes, .. } = parsed;
                self.spec.notes.extend(notes);
                self.spec.others.push(Other { file: shown, name, text, root });
                if self.nodes > MOST_NODES {
                    let message = format!("the files of this document have more than {MOST_NODES} values and keys");
                    return self.too_much(at, message);
                }
                self.follow(found);
            }
            Err(findings) => {
                // Parsing has used the bytes up; what is shown of them is read again.
                let text = self.bytes_of(&name).unwrap_or_default();
                let text = String::from_utf8_lossy(&text).into_owned();
                let root = Node { value: Value::Null, at: Mark { file: number, line: 1, column: 1 } };
                self.spec.others.push(Other { file: shown, name, text, root });
                self.findings.extend(findings.into_iter().map(|mut finding| {
                    finding.at.file = number;
                    finding
                }));
            }
        }
        true
    }

    /// A file as messages show it: from where they show the spec.
    fn shown(&self, name: &str) -> PathBuf {
        let up = "../".repeat(self.spec.name.matches('/').count());
        beside(&slashes(&self.spec.file), &format!("{up}{name}")).into()
    }

    fn bytes_of(&self, name: &str) -> Result<Vec<u8>, (&'static str, &'static str)> {
        // Whether something is there is not told of places outside.
        if name.starts_with("..") {
            return Err(OUTSIDE);
        }
        let file = self.base.join(name).canonicalize().map_err(|_| MISSING)?;
        if !file.starts_with(&self.inside) {
            return Err(OUTSIDE);
        }
        // Anything else, a pipe for example, may never end.
        if !file.is_file() {
            return Err(("is not a file", "refer to a file"));
        }
        bounded(&file, LONGEST_FILE).map_err(|_| MISSING)
    }

    fn too_much(&mut self, at: Mark, message: String) -> bool {
        let rule = rules::TOO_LARGE;
        let finding = Finding::new(&self.spec, rule.level, rule.id, at, "", message);
        self.findings.push(finding.help("leave out what the client does not need"));
        false
    }
}

fn slashes(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}

/// Says of every node which file it is in.
fn enter(node: &mut Node, file: u16) {
    node.at.file = file;
    match &mut node.value {
        Value::Map(members) => {
            for (key, child) in members {
                key.at.file = file;
                enter(child, file);
            }
        }
        Value::List(items) => items.iter_mut().for_each(|child| enter(child, file)),
        _ => {}
    }
}

/// Members that hold what somebody sends, where a `$ref` is nothing but text.
pub(crate) fn holds_values(key: &str, child: &Node) -> bool {
    match key {
        "const" | "default" | "enum" | "example" | "externalValue" | "value" => true,
        "examples" => matches!(child.value, Value::List(_)),
        key => key.starts_with("x-example"),
    }
}

/// The number of values and keys of a file, and the names of the files that it refers to.
fn references(root: &Node, name: &str) -> (usize, Vec<(String, Mark)>) {
    let mut nodes = 0;
    let mut found = Vec::new();
    let mut open = vec![(root, false)];
    while let Some((node, is_value)) = open.pop() {
        nodes += 1;
        open.extend(node.items().iter().rev().map(|item| (item, is_value)));
        let from = open.len();
        for (key, child) in node.members() {
            nodes += 1;
            let is_value = is_value || holds_values(&key.text, child);
            open.push((child, is_value));
            let texts: Vec<&Node> = match key.text.as_str() {
                "$ref" => vec![child],
                // Elsewhere these are names of schemas.
                "mapping" => child.members().map(|(_, target)| target).filter(|target| is_file(target)).collect(),
                _ => Vec::new(),
            };
            for target in texts.into_iter().filter(|_| !is_value) {
                let Some(text) = target.text() else { continue };
                let file = text.split('#').next().unwrap_or_default();
                if file.is_empty() {
                    continue;
                }
                if let Ok(other) = location::name(name, file) {
                    found.push((other, target.at));
                }
            }
        }
        open[from..].reverse();
    }
    (nodes, found)
}

fn is_file(target: &Node) -> bool {
    target.text().is_some_and(location::is_reference)
}
