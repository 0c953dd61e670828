//! A published document as plain JSON, read without the generator: what is counted here can't share its mistakes.

use anyhow::{Context as _, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A published file.
pub(crate) struct Published {
    /// What the table calls it: the file's or folder's name without its ending.
    pub(crate) name: String,
    /// The root document.
    pub(crate) file: PathBuf,
}

/// The documents of a folder in the order of their names: files, and folders that hold an `openapi.*`.
///
/// # Errors
/// If the folder can't be read.
pub(crate) fn find(folder: &Path) -> Result<Vec<Published>> {
    let trouble = || format!("can't read {}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(trouble)? {
        let path = entry.with_context(trouble)?.path();
        let file = if path.is_dir() {
            ENDINGS.map(|end| path.join(format!("openapi.{end}"))).into_iter().find(|root| root.is_file())
        } else {
            is_document(&path).then(|| path.clone())
        };
        let stem = if path.is_dir() { path.file_name() } else { path.file_stem() };
        if let (Some(file), Some(name)) = (file, stem) {
            found.push(Published { name: name.to_string_lossy().into_owned(), file });
        }
    }
    found.sort_by(|a, b| (&a.name, &a.file).cmp(&(&b.name, &b.file)));
    Ok(found)
}

const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

fn is_document(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|end| ENDINGS.iter().any(|known| end.eq_ignore_ascii_case(known)))
}

/// Reads a file as JSON, or else as YAML.
fn read(file: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?;
    let is_json = text.trim_start_matches('\u{FEFF}').trim_start().starts_with('{');
    if is_json && let Ok(value) = serde_json::from_str(&text) {
        return Ok(value);
    }
    yaml_serde::from_str(&text).with_context(|| format!("{} is no YAML", file.display()))
}

/// A root document with all that it refers to.
pub(crate) struct Documents(Vec<(PathBuf, Value)>);

impl Documents {
    /// Reads a document, and every file that a `$ref` in it names.
    ///
    /// # Errors
    /// If the root can't be read. What else can't be read is as if it were not there.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut documents = Documents(vec![(root.to_owned(), read(root)?)]);
        let mut next = 0;
        while let Some((file, document)) = documents.0.get(next) {
            let mut named = Vec::new();
            references(document, &mut |reference| named.extend(other_file(file, reference)));
            for file in named {
                if !documents.0.iter().any(|(known, _)| *known == file)
                    && let Ok(document) = read(&file)
                {
                    documents.0.push((file, document));
                }
            }
            next += 1;
        }
        Ok(documents)
    }

    /// A document that is no file.
    #[cfg(test)]
    pub(crate) fn of(root: Value) -> Self {
        Documents(vec![(PathBuf::from("openapi.json"), root)])
    }

    /// The root document.
    pub(crate) fn root(&self) -> &Value {
        &self.0[0].1
    }

    /// Whether the root says that it is OpenAPI, or what came before.
    pub(crate) fn is_openapi(&self) -> bool {
        self.root().get("openapi").or_else(|| self.root().get("swagger")).is_some()
    }

    /// Whether schemas are those of OpenAPI 3.0.
    pub(crate) fn is_3_0(&self) -> bool {
        self.root().get("openapi").and_then(Value::as_str).is_some_and(|version| version.starts_with("3.0"))
    }

    /// What a `$ref` in a file names: its file, its pointer there, and the thing itself.
    pub(crate) fn target(&self, file: usize, reference: &str) -> Option<(usize, String, &Value)> {
        let pointer = percent_decoded(reference.split_once('#').map_or("", |(_, fragment)| fragment));
        let index = match other_file(&self.0.get(file)?.0, reference) {
            None => file,
            Some(other) => self.0.iter().position(|(known, _)| *known == other)?,
        };
        let target = self.0[index].1.pointer(&pointer)?;
        Some((index, pointer, target))
    }

    /// A thing and its file, after all `$ref`s.
    pub(crate) fn resolved<'d>(&'d self, file: usize, thing: &'d Value) -> (usize, &'d Value) {
        self.chain(file, thing).pop().unwrap_or((file, thing))
    }

    /// A thing and all that its `$ref`s lead to, one after the other.
    fn chain<'d>(&'d self, file: usize, thing: &'d Value) -> Vec<(usize, &'d Value)> {
        let mut chain = vec![(file, thing)];
        let mut here = (file, thing);
        while chain.len() <= LONGEST_CHAIN {
            let reference = here.1.get("$ref").and_then(Value::as_str);
            let Some((file, _, thing)) = reference.and_then(|reference| self.target(here.0, reference)) else { break };
            here = (file, thing);
            chain.push(here);
        }
        chain
    }

    /// Every operation: its path, its method in lower case, its file and itself. Path items may stand elsewhere, or in
    /// parts: beside a `$ref` and in what that names.
    pub(crate) fn operations(&self) -> Vec<(&str, &'static str, usize, &Value)> {
        let items = self.root().get("paths").and_then(Value::as_object).into_iter().flatten();
        let mut found = Vec::new();
        for (path, item) in items.filter(|(path, _)| !path.starts_with("x-")) {
            let parts = self.chain(0, item);
            for method in METHODS {
                let operation = parts.iter().find_map(|(file, part)| Some((*file, part.get(method)?)));
                if let Some((file, operation)) = operation.filter(|(_, operation)| operation.is_object()) {
                    found.push((path.as_str(), method, file, operation));
                }
            }
        }
        found
    }
}

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// A chain of references longer than this is taken for a cycle.
const LONGEST_CHAIN: usize = 20;

/// The file that a reference names beside the one it stands in.
fn other_file(file: &Path, reference: &str) -> Option<PathBuf> {
    let other = reference.split('#').next().filter(|other| !other.is_empty() && !other.contains("://"))?;
    let joined = file.with_file_name("").join(percent_decoded(other));
    Some(joined.canonicalize().unwrap_or(joined))
}

fn references(value: &Value, found: &mut dyn FnMut(&str)) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                found(reference);
            }
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// The JSON Pointer in a URI fragment.
fn percent_decoded(fragment: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = fragment.as_bytes();
    while let [first, more @ ..] = rest {
        let hex = (*first == b'%').then(|| more.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
