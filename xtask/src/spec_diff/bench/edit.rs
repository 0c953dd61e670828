//! `spec-diff edit FILE COPY`: a copy of a spec with seeded edits, the rest of its text untouched.
//!
//! 1. The document is walked, and every place that may be edited is noted: types, formats, limits, flags, names of
//!    properties; with `--texts` descriptions and summaries instead. Examples, defaults, enums and extensions are
//!    left alone.
//! 2. As many of them as asked for are drawn; the same seed draws the same.
//! 3. The text is changed at these places.

use crate::spec_diff::input::read;
use crate::workspace;
use anyhow::{Context as _, Result};
use clap::Args;
use countersign_codegen::spec::{Mark, Node, Spec, Value};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `spec-diff edit`.
#[derive(Args)]
pub(crate) struct Edit {
    /// The spec.
    file: PathBuf,
    /// Where the copy goes.
    copy: PathBuf,
    /// How many edits; fewer where the spec has not as many places.
    #[arg(long, default_value_t = 100)]
    edits: usize,
    /// What they are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Change descriptions and summaries, and nothing else.
    #[arg(long)]
    texts: bool,
}

/// Writes the copy and prints how many edits it has.
///
/// # Errors
/// If the spec can't be read, or the copy can't be written.
pub(crate) fn run(arguments: &Edit) -> Result<ExitCode> {
    let spec = read(&arguments.file, &arguments.file)?;
    let (text, count) = edited(&spec, arguments.edits, arguments.seed, arguments.texts);
    std::fs::write(&arguments.copy, text).with_context(|| format!("can't write {}", arguments.copy.display()))?;
    workspace::print(&format!("{count} edits\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// What stands at a place, and what is to stand there.
type Change = (String, String);

/// The text with edits, and their number.
fn edited(spec: &Spec, most: usize, seed: u64, texts: bool) -> (String, usize) {
    let mut places = Places { texts, noted: Vec::new() };
    places.walk(&spec.root);
    let mut found = offsets(&spec.text, places.noted, texts);
    let mut random = Random(seed);
    let count = found.len().min(most);
    for index in 0..count {
        let other = index + random.below(found.len() - index);
        found.swap(index, other);
    }
    found.truncate(count);
    found.sort();
    let mut text = String::with_capacity(spec.text.len() + count * 8);
    let mut from = 0;
    for (offset, (was, is)) in found {
        text.push_str(&spec.text[from..offset]);
        text.push_str(&is);
        from = offset + was.len();
    }
    text.push_str(&spec.text[from..]);
    (text, count)
}

/// The places by offset, if the text there is what it is thought to be: no escapes, no folded lines, no aliases.
fn offsets(text: &str, mut noted: Vec<(Mark, Change)>, texts: bool) -> Vec<(usize, Change)> {
    noted.sort();
    noted.dedup_by_key(|(at, _)| *at);
    let mut found = Vec::new();
    let (mut line, mut column) = (1, 1);
    let mut waiting = noted.into_iter().peekable();
    for (offset, c) in text.char_indices() {
        while let Some((_, change)) = waiting.next_if(|(at, _)| (at.line, at.column) <= (line, column)) {
            let skipped = before(&text[offset..]);
            let rest = &text[offset + skipped..];
            let ends = !rest[change.0.len().min(rest.len())..].starts_with(|c: char| c.is_alphanumeric());
            if rest.starts_with(&change.0) && (texts || ends) {
                found.push((offset + skipped, change));
            }
        }
        (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
    }
    found
}

/// What stands before a text: the mark of a block and the line's rest, a quotation mark.
fn before(text: &str) -> usize {
    let block = match text.find('\n') {
        Some(end) if text.starts_with(['|', '>']) => text.len() - text[end..].trim_start().len(),
        _ => 0,
    };
    block + usize::from(text[block..].starts_with(['"', '\'']))
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or_default()
    }
}

/// The places of a document that may be edited.
struct Places {
    texts: bool,
    noted: Vec<(Mark, Change)>,
}

/// Members whose content nobody edits.
fn is_left_alone(key: &str) -> bool {
    matches!(key, "example" | "examples" | "default" | "enum" | "const" | "mapping" | "scopes" | "security")
        || key.starts_with("x-")
}

/// Members that hold names, each with an object.
fn holds_names(key: &str) -> bool {
    matches!(
        key,
        "callbacks"
            | "content"
            | "headers"
            | "parameters"
            | "paths"
            | "patternProperties"
            | "properties"
            | "requestBodies"
            | "responses"
            | "schemas"
            | "variables"
            | "webhooks"
    )
}

impl Places {
    /// A list of its own instead of recursion.
    fn walk(&mut self, root: &Node) {
        let mut open = vec![root];
        while let Some(node) = open.pop() {
            open.extend(node.items());
            for (key, child) in node.members().filter(|(key, _)| !is_left_alone(&key.text)) {
                match &child.value {
                    Value::Map(_) if holds_names(&key.text) => {
                        for (name, member) in child.members().filter(|(name, _)| !name.text.starts_with("x-")) {
                            open.push(member);
                            if key.text == "properties" && !self.texts {
                                self.note(name.at, &name.text, format!("{}_x", name.text));
                            }
                        }
                    }
                    Value::Map(_) | Value::List(_) => open.push(child),
                    _ if self.texts => self.words(&key.text, child),
                    _ => self.keyword(&key.text, child),
                }
            }
        }
    }

    fn keyword(&mut self, key: &str, node: &Node) {
        let changed = match (key, &node.value) {
            ("type", Value::Text(ty)) => match ty.as_str() {
                "string" => "integer",
                "integer" => "number",
                "number" | "boolean" => "string",
                _ => return,
            }
            .to_owned(),
            ("format", Value::Text(format)) if format != "uri" => "uri".to_owned(),
            ("operationId", Value::Text(id)) => format!("{id}_x"),
            ("required" | "deprecated" | "nullable" | "readOnly" | "explode", Value::Bool(value)) => {
                (!value).to_string()
            }
            (
                "maximum" | "minimum" | "maxLength" | "minLength" | "maxItems" | "minItems" | "maxProperties",
                Value::Number(number),
            ) => match number.parse::<u32>() {
                Ok(number) => number.saturating_add(1).to_string(),
                Err(_) => return,
            },
            _ => return,
        };
        let text = match &node.value {
            Value::Bool(value) => value.to_string(),
            Value::Number(text) | Value::Text(text) => text.clone(),
            _ => return,
        };
        self.note(node.at, &text, changed);
    }

    /// The first letter of a description.
    fn words(&mut self, key: &str, node: &Node) {
        let (true, Value::Text(text)) = (matches!(key, "description" | "summary"), &node.value) else { return };
        let Some(first) = text.chars().next().filter(char::is_ascii_alphanumeric) else { return };
        let is = if first == 'Q' { 'Z' } else { 'Q' };
        self.note(node.at, &first.to_string(), is.to_string());
    }

    fn note(&mut self, at: Mark, was: &str, is: String) {
        if at.file == 0 && !was.is_empty() {
            self.noted.push((at, (was.to_owned(), is)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_codegen::diff::{Settings, diff};
    use countersign_codegen::parse::parse;

    const JSON: &str = r#"{"openapi":"3.0.3","paths":{"/a":{"get":{"summary":"S","operationId":"a","responses":{"200":{
        "description":"Ok.","content":{"application/json":{"example":{"description":"kept","type":"string"},
        "schema":{"type":"object","properties":{"type":{"type":"string","description":"A \"name\".","maxLength":4,
        "enum":["string"],"default":"string"}}}}}}}}}}}"#;
    const YAML: &str = "openapi: 3.0.3\ninfo:\n  description: |-\n\n    Über\n  summary: >\n    Two\n    lines\npaths:\n  \
        /a:\n    get:\n      description: 'Ein'\n      responses:\n        '200':\n          description: Gut\n";

    fn copy(file: &str, text: &str, edits: usize, seed: u64, texts: bool) -> (Spec, usize) {
        let (text, count) = edited(&parse(file, text).unwrap(), edits, seed, texts);
        (parse(file, text).unwrap(), count)
    }

    #[test]
    fn edits_are_as_many_as_asked_for_and_the_same_for_a_seed() {
        let old = parse("a.json", JSON).unwrap();
        let (new, count) = copy("a.json", JSON, 2, 7, false);
        assert_eq!(count, 2);
        assert_eq!(new.text, copy("a.json", JSON, 2, 7, false).0.text);
        assert!(!diff(&old, &new, &Settings::default()).changes.is_empty());
        // operationId, the property's name, its type and its limit; `object` has no other type.
        assert_eq!(copy("a.json", JSON, 99, 1, false).1, 4);
        let all = copy("a.json", JSON, 99, 1, false).0.text;
        assert!(all.contains(r#""type_x":{"type":"integer""#) && all.contains(r#""maxLength":5"#), "{all}");
        assert!(all.contains(r#""enum":["string"],"default":"string""#), "{all}");
    }

    #[test]
    fn texts_are_texts_only() {
        for (file, text, places) in [("a.json", JSON, 3), ("a.yaml", YAML, 3)] {
            let old = parse(file, text).unwrap();
            let (new, count) = copy(file, text, 99, 1, true);
            assert_eq!(count, places, "{}", new.text);
            assert!(diff(&old, &new, &Settings::default()).changes.is_empty());
            let docs = diff(&old, &new, &Settings { docs: true, ..Settings::default() });
            assert_eq!(docs.changes.len(), places);
            assert!(file != "a.json" || new.text.contains(r#""example":{"description":"kept""#), "{}", new.text);
        }
    }
}
