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

/// Reads a document.
///
/// # Errors
/// If it can't be read, or is no JSON or YAML.
pub(crate) fn read(file: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?;
    let is_json = text.trim_start_matches('\u{FEFF}').trim_start().starts_with('{');
    if is_json && let Ok(value) = serde_json::from_str(&text) {
        return Ok(value);
    }
    yaml_serde::from_str(&text).with_context(|| format!("{} is no YAML", file.display()))
}

/// Whether a document says that it is OpenAPI, or what came before.
pub(crate) fn is_openapi(document: &Value) -> bool {
    document.get("openapi").or_else(|| document.get("swagger")).is_some()
}

/// The operations of a document: every method of every path, also of path items that stand elsewhere.
pub(crate) fn operations(document: &Value, file: &Path) -> usize {
    let items = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    let items = items.filter(|(path, _)| !path.starts_with("x-"));
    items.map(|(_, item)| methods(document, file, item, LONGEST_CHAIN)).sum()
}

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// A chain of references longer than this is taken for a cycle.
const LONGEST_CHAIN: usize = 20;

fn methods(document: &Value, file: &Path, item: &Value, steps: usize) -> usize {
    let own = METHODS.iter().filter(|method| item.get(method).is_some_and(Value::is_object)).count();
    let elsewhere = item.get("$ref").and_then(Value::as_str).filter(|_| steps > 0).map_or(0, |reference| {
        let (other, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let pointer = percent_decoded(pointer);
        if other.is_empty() {
            return document.pointer(&pointer).map_or(0, |item| methods(document, file, item, steps - 1));
        }
        let file = file.with_file_name("").join(other);
        let found = read(&file).ok();
        found.and_then(|other| Some(methods(&other, &file, other.pointer(&pointer)?, steps - 1))).unwrap_or(0)
    });
    own + elsewhere
}

/// The JSON Pointer in a URI fragment.
pub(crate) fn percent_decoded(fragment: &str) -> String {
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
