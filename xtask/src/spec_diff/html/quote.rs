//! The lines of a document that a change is about, with their numbers.
//!
//! A value is shown with the lines around it, a list or map with what it holds, as far as its indentation tells. A
//! document may be one long line: then the part around the place is shown.

use crate::spec_diff::input::Pair;
use countersign_codegen::diff::Place;
use countersign_codegen::finding::{lines, printable};
use countersign_codegen::spec::Spec;
use std::collections::HashMap;
use std::path::Path;

/// The most lines that are shown.
const MOST_LINES: usize = 9;

/// Lines before a value, and after it.
const AROUND: usize = 2;

/// The most characters of a line.
const WIDEST: usize = 160;

/// What stands at a place.
#[derive(Default)]
pub(super) struct Quote {
    /// The number of the first line.
    pub(super) first: usize,
    /// The number of the line that it is about.
    pub(super) about: usize,
    /// Printable lines, joined with line feeds, indented as little as can be.
    pub(super) text: String,
}

/// The texts of the files that changes stand in.
pub(super) struct Quotes<'p> {
    files: HashMap<&'p Path, &'p str>,
    lines: HashMap<&'p Path, Vec<&'p str>>,
}

impl<'p> Quotes<'p> {
    /// The texts of all specs.
    pub(super) fn of(pairs: &'p [Pair]) -> Self {
        let specs = pairs.iter().flat_map(|pair| pair.old.iter().chain(&pair.new));
        Self { files: specs.flat_map(texts).collect(), lines: HashMap::new() }
    }

    /// What stands at a place; nothing if its text is not at hand.
    pub(super) fn at(&mut self, place: &Place) -> Option<Quote> {
        let (file, text) = self.files.get_key_value(place.file.as_path())?;
        let lines = self.lines.entry(file).or_insert_with(|| lines(text));
        let about = (place.at.line as usize).checked_sub(1)?;
        let here = *lines.get(about)?;
        if here.len() > WIDEST * 2 {
            let column = (place.at.column as usize).saturating_sub(1);
            return Some(Quote { first: about + 1, about: about + 1, text: around(here, column) });
        }
        let (first, last) = if place.value.is_some() { near(lines, about) } else { block(lines, about) };
        Some(Quote { first: first + 1, about: about + 1, text: joined(&lines[first..=last]) })
    }
}

fn texts(spec: &Spec) -> impl Iterator<Item = (&Path, &str)> {
    let others = spec.others.iter().map(|other| (other.file.as_path(), other.text.as_str()));
    std::iter::once((spec.file.as_path(), spec.text.as_str())).chain(others)
}

fn indent(line: &str) -> Option<usize> {
    (!line.trim().is_empty()).then(|| line.len() - line.trim_start().len())
}

/// The lines around a value: none that a neighbour further out brings.
fn near(lines: &[&str], about: usize) -> (usize, usize) {
    let depth = indent(lines[about]).unwrap_or_default();
    let belongs = |line: &&&str| indent(line).is_none_or(|other| other >= depth);
    let before = lines[..about].iter().rev().take(AROUND).take_while(belongs).count();
    // The line that a block hangs on says what it is.
    let before = if before < AROUND { (before + 1).min(about) } else { before };
    let after = lines[about + 1..].iter().take(AROUND).take_while(belongs).count();
    (about - before, about + after)
}

/// The line of a list or map, and what is indented below it.
fn block(lines: &[&str], about: usize) -> (usize, usize) {
    let depth = indent(lines[about]).unwrap_or_default();
    let inside = |line: &&&str| indent(line).is_none_or(|other| other > depth);
    let below = lines[about + 1..].iter().take(MOST_LINES).take_while(inside).count();
    let closes = lines.get(about + 1 + below).is_some_and(|line| line.trim_start().starts_with(['}', ']']));
    let last = about + (below + usize::from(closes)).min(MOST_LINES - 1);
    (about, last.min(lines.len() - 1))
}

/// Lines without the indentation that all of them have.
fn joined(lines: &[&str]) -> String {
    let common = lines.iter().filter_map(|line| indent(line)).min().unwrap_or_default();
    let shown: Vec<String> = lines.iter().map(|line| cut(line.get(common..).unwrap_or_default().trim_end())).collect();
    shown.join("\n")
}

fn cut(line: &str) -> String {
    let mut text: String = line.chars().take(WIDEST).collect::<String>().replace('\t', "    ");
    if line.chars().nth(WIDEST).is_some() {
        text.push('…');
    }
    printable(&text)
}

/// The part of a long line around a column.
fn around(line: &str, column: usize) -> String {
    let from = column.saturating_sub(WIDEST / 4);
    let part: String = line.chars().skip(from).take(WIDEST).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if line.chars().nth(from + WIDEST).is_some() { "…" } else { "" };
    format!("{before}{}{after}", printable(&part))
}
