//! The crates themselves: is each what its document generates, and what changed in its sources and manifest alone?
//!
//! 1. [`outdated`] generates the new document's crate in memory and compares it with the folder.
//! 2. [`crates`] compares the folders of both states: what no document says, since it comes with another version of
//!    the generator or of the runtime: generic parameters, what types hold, attributes, dependencies, the Rust version.

use super::classify::{arrange, beside};
use super::report::{Change, Place, Report};
use super::rules::{self, Rule};
use crate::files::{self, StaleKind};
use crate::finding::{Level, shortened};
use crate::generate::{Failure, Source, generate};
use crate::spec::Mark;
use proc_macro2::TokenTree;
use quote::ToTokens as _;
use semver::VersionReq;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

/// The files of a crate that count: its manifest, and its sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// The folder as messages show it: `generated/acme`.
    pub shown: String,
    /// Texts by path: `src/lib.rs`.
    pub files: BTreeMap<String, String>,
}

impl Folder {
    /// Reads a crate's folder; nothing if there is none.
    ///
    /// # Errors
    /// If a file can't be read.
    pub fn read(folder: &Path, shown: &str) -> io::Result<Option<Self>> {
        if !folder.join("Cargo.toml").is_file() {
            return Ok(None);
        }
        let mut read = Self { shown: shown.to_owned(), files: BTreeMap::new() };
        for name in ["Cargo.toml", "README.md"] {
            match fs::read(folder.join(name)) {
                Ok(bytes) => drop(read.files.insert(name.to_owned(), String::from_utf8_lossy(&bytes).into_owned())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        read.sources(&folder.join("src"), "src")?;
        Ok(Some(read))
    }

    fn sources(&mut self, folder: &Path, below: &str) -> io::Result<()> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = format!("{below}/{name}");
            if entry.file_type()?.is_dir() {
                self.sources(&entry.path(), &path)?;
            } else if name.ends_with(".rs") {
                self.files.insert(path, String::from_utf8_lossy(&fs::read(entry.path())?).into_owned());
            }
        }
        Ok(())
    }

    fn place(&self, file: &str, line: u32, value: Option<String>) -> Place {
        let file = format!("{}/{file}", self.shown).into();
        Place { file, at: Mark::new(line, 1), pointer: String::new(), value }
    }
}

/// What changed between two states of a document and its crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Whether the document, or the names beside it, changed.
    pub spec: bool,
    /// Whether the crate's folder changed.
    pub files: bool,
}

/// Adds what is wrong with a crate whose document or folder changed: it is not what the document generates.
///
/// # Errors
/// If a file can't be read.
pub fn outdated(report: &mut Report, source: &Source, folder: &Path, shown: &str, moved: Moved) -> io::Result<()> {
    let found = match generate(source) {
        Err(Failure::Io { source, .. }) => return Err(source),
        Err(Failure::Findings { findings, .. }) => {
            let first = findings.iter().find(|finding| finding.level == Level::Error);
            let said = first.map(|finding| {
                (
                    Place { file: finding.file.clone(), at: finding.at, pointer: finding.pointer.clone(), value: None },
                    format!(": {}", shortened(&finding.message, 200)),
                )
            });
            let (place, said) = said.map_or((None, String::new()), |(place, said)| (Some(place), said));
            Some((place, format!("no crate can be generated from {}{said}", source.shown)))
        }
        Ok(made) => {
            let stale = files::compare(&made.files, folder).map_err(io::Error::other)?;
            match stale.first() {
                Some(first) => Some(stale_crate(shown, &source.shown, (stale.len(), first), moved)),
                None if !made.has_fresh_names()? => {
                    let message = format!("the names file beside {} is missing or out of date", source.shown);
                    Some((
                        Some(Folder { shown: shown.to_owned(), ..Folder::default() }.place("Cargo.toml", 1, None)),
                        message,
                    ))
                }
                None => None,
            }
        }
    };
    if let Some((place, message)) = found {
        report.changes.push(beside(&rules::CRATE_OUT_OF_DATE, (None, place), message, shown.to_owned()));
        arrange(&mut report.changes);
    }
    Ok(())
}

fn stale_crate(
    shown: &str,
    spec: &str,
    (count, first): (usize, &files::Stale),
    moved: Moved,
) -> (Option<Place>, String) {
    let line = match first.kind {
        StaleKind::Different { line } => u32::try_from(line).unwrap_or(u32::MAX),
        StaleKind::Missing | StaleKind::Orphan => 1,
    };
    let what = match first.kind {
        StaleKind::Missing => format!("{} is missing", first.path),
        StaleKind::Different { line } => format!("{} differs in line {line}", first.path),
        StaleKind::Orphan => format!("{} is not made from it", first.path),
    };
    let more = if count > 1 { format!(", and {} files more", count - 1) } else { String::new() };
    let why = match (moved.spec, moved.files) {
        (true, false) => "the spec changed, and the crate was not generated again",
        (false, _) => "the crate was edited by hand",
        (true, true) => "the crate was generated before the last change, or edited by hand",
    };
    let message = format!("{shown} is not what {spec} generates: {what}{more}; {why}");
    let folder = Folder { shown: shown.to_owned(), ..Folder::default() };
    (Some(folder.place(&first.path, line, None)), message)
}

/// A crate whose document is gone.
pub fn abandoned(report: &mut Report, shown: &str, spec: &str) {
    let place = Folder { shown: shown.to_owned(), ..Folder::default() }.place("Cargo.toml", 1, None);
    let message = format!("{shown} has no {spec} any more: remove the folder, or bring the spec back");
    report.changes.push(beside(&rules::CRATE_OUT_OF_DATE, (None, Some(place)), message, shown.to_owned()));
    arrange(&mut report.changes);
}

/// Adds what changed between the folders of a crate that no document says.
pub fn crates(report: &mut Report, old: &Folder, new: &Folder) {
    let mut found = Vec::new();
    manifest(&mut found, old, new);
    if sources(old) != sources(new) {
        items(&mut found, report, (old, &Items::of(old)), (new, &Items::of(new)));
    }
    report.changes.extend(found);
    arrange(&mut report.changes);
}

fn sources(folder: &Folder) -> Vec<(&String, &String)> {
    folder.files.iter().filter(|(path, _)| path.starts_with("src/")).collect()
}

/// A line of a manifest: its table, key, value as written, and number.
struct Line<'t> {
    table: &'t str,
    key: &'t str,
    value: &'t str,
    number: u32,
}

/// The lines of a manifest as the generator writes it: one key a line.
fn lines(folder: &Folder) -> Vec<Line<'_>> {
    let text = folder.files.get("Cargo.toml").map_or("", String::as_str);
    let mut table = "";
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = name;
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            lines.push(Line { table, key: key.trim(), value: value.trim(), number });
        }
    }
    lines
}

/// The version in `"1.2"` or `{ version = "1.2", … }`.
fn version(value: &str) -> Option<&str> {
    let rest = match value.strip_prefix('"') {
        Some(rest) => rest,
        None => value.split_once("version")?.1.trim_start_matches([' ', '=']).strip_prefix('"')?,
    };
    rest.split('"').next()
}

fn manifest(found: &mut Vec<Change>, old: &Folder, new: &Folder) {
    let (before, after) = (lines(old), lines(new));
    for is in &after {
        let Some(was) = before.iter().find(|was| (was.table, was.key) == (is.table, is.key)) else { continue };
        let (Some(from), Some(to)) = (version(was.value), version(is.value)) else { continue };
        let places = |from: &str, to: &str| {
            let old = old.place("Cargo.toml", was.number, Some(from.to_owned()));
            (Some(old), Some(new.place("Cargo.toml", is.number, Some(to.to_owned()))))
        };
        let key = shortened(is.key, 60);
        if is.table == "dependencies" && compatible(from) != compatible(to) {
            let message = format!("the dependency `{key}`, whose types are in the crate's API, was {from} and is {to}");
            found.push(beside(&rules::DEPENDENCY_MOVED, places(from, to), message, key));
        } else if is.table == "package" && is.key == "rust-version" && numbers(to) > numbers(from) {
            let message = format!("the crate needed Rust {from} and needs Rust {to}");
            found.push(beside(&rules::MSRV_RAISED, places(from, to), message, key));
        }
    }
}

/// What stays the same as long as a dependency's versions are compatible: up to the first number that is not zero.
fn compatible(requirement: &str) -> Option<Vec<u64>> {
    let requirement = VersionReq::parse(requirement).ok()?;
    let first = requirement.comparators.first()?;
    Some(match (first.major, first.minor) {
        (0, Some(0)) => vec![0, 0, first.patch.unwrap_or_default()],
        (0, minor) => vec![0, minor.unwrap_or_default()],
        (major, _) => vec![major],
    })
}

fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or_default()).collect()
}

/// What stands in the sources of a crate, by the way to it: `types::Order`.
#[derive(Default)]
struct Items {
    /// Generic parameters of public types.
    generics: BTreeMap<String, String>,
    /// Names in the fields of types.
    holds: BTreeMap<String, BTreeSet<String>>,
    /// Attributes of public things.
    attributes: BTreeMap<String, BTreeSet<&'static str>>,
    /// The file of each thing, and the words that declare it there.
    places: BTreeMap<String, (String, String)>,
}

/// Attributes that a compiler speaks of.
const ATTRIBUTES: [&str; 2] = ["deprecated", "must_use"];

/// Types that are not Send, not Sync or not Unpin, and make so what holds them.
const BOUND: [&str; 9] =
    ["Rc", "RefCell", "Cell", "UnsafeCell", "OnceCell", "NonNull", "MutexGuard", "PhantomPinned", "LocalBoxFuture"];

/// What stands for a raw pointer among the names that a type holds.
const POINTER: &str = "*";

impl Items {
    fn of(folder: &Folder) -> Self {
        let mut items = Self::default();
        for (path, text) in sources(folder) {
            // What does not parse does not compile: somebody hears of it elsewhere.
            let Ok(file) = syn::parse_file(text) else { continue };
            let module = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
            let module = if module == "lib" { String::new() } else { module.replace('/', "::") + "::" };
            items.list(&module, path, &file.items);
        }
        items
    }

    fn list(&mut self, module: &str, file: &str, list: &[syn::Item]) {
        for item in list {
            match item {
                syn::Item::Struct(item) if is_public(&item.vis) => {
                    let name = format!("{module}{}", item.ident);
                    self.item(&name, file, format!("struct {}", item.ident), &item.attrs);
                    self.type_item(&name, &item.generics, item.fields.iter().map(|field| &field.ty));
                    for field in &item.fields {
                        if let Some(ident) = field.ident.as_ref().filter(|_| is_public(&field.vis)) {
                            self.item(&format!("{name}.{ident}"), file, format!("pub {ident}:"), &field.attrs);
                        }
                    }
                }
                syn::Item::Enum(item) if is_public(&item.vis) => {
                    let name = format!("{module}{}", item.ident);
                    self.item(&name, file, format!("enum {}", item.ident), &item.attrs);
                    let fields = item.variants.iter().flat_map(|variant| variant.fields.iter().map(|field| &field.ty));
                    self.type_item(&name, &item.generics, fields);
                }
                syn::Item::Type(item) if is_public(&item.vis) => {
                    let name = format!("{module}{}", item.ident);
                    self.item(&name, file, format!("type {}", item.ident), &item.attrs);
                    self.type_item(&name, &item.generics, std::iter::once(&*item.ty));
                }
                syn::Item::Fn(item) if is_public(&item.vis) => {
                    let words = format!("fn {}", item.sig.ident);
                    self.item(&format!("{module}{}", item.sig.ident), file, words, &item.attrs);
                }
                syn::Item::Impl(block) if block.trait_.is_none() => {
                    let owner = block.self_ty.to_token_stream().to_string().replace(' ', "");
                    for item in &block.items {
                        if let syn::ImplItem::Fn(method) = item
                            && is_public(&method.vis)
                        {
                            let name = format!("{module}{owner}::{}", method.sig.ident);
                            self.item(&name, file, format!("fn {}(", method.sig.ident), &method.attrs);
                        }
                    }
                }
                syn::Item::Mod(item) if is_public(&item.vis) => {
                    let inner = item.content.as_ref().map(|(_, items)| items.as_slice()).unwrap_or_default();
                    self.list(&format!("{module}{}::", item.ident), file, inner);
                }
                _ => {}
            }
        }
    }

    fn item(&mut self, name: &str, file: &str, words: String, attributes: &[syn::Attribute]) {
        self.places.insert(name.to_owned(), (file.to_owned(), words));
        let named = attributes
            .iter()
            .flat_map(|attribute| ATTRIBUTES.into_iter().filter(|name| attribute.path().is_ident(name)));
        self.attributes.insert(name.to_owned(), named.collect());
    }

    fn type_item<'i>(&mut self, name: &str, generics: &syn::Generics, fields: impl Iterator<Item = &'i syn::Type>) {
        self.generics.insert(name.to_owned(), generics.params.to_token_stream().to_string());
        let mut held = BTreeSet::new();
        for ty in fields {
            names(ty.to_token_stream(), &mut held);
        }
        let last = name.rsplit("::").next().unwrap_or(name);
        self.holds.entry(last.to_owned()).or_default().extend(held);
    }

    /// What a type holds, through other types of the crate, that binds it to a thread or a place.
    fn bound(&self, name: &str) -> BTreeSet<String> {
        let (mut open, mut seen, mut bound) = (vec![name.to_owned()], BTreeSet::new(), BTreeSet::new());
        while let Some(name) = open.pop() {
            for held in self.holds.get(&name).into_iter().flatten() {
                if BOUND.contains(&held.as_str()) || held == POINTER {
                    bound.insert(held.clone());
                } else if seen.insert(held.clone()) {
                    open.push(held.clone());
                }
            }
        }
        bound
    }

    fn place(&self, folder: &Folder, name: &str) -> Option<Place> {
        let (file, words) = self.places.get(name)?;
        let line = folder.files.get(file)?.lines().position(|line| line.contains(words.as_str())).unwrap_or_default();
        Some(folder.place(file, u32::try_from(line + 1).unwrap_or(u32::MAX), None))
    }
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

/// Names in a type, and whether it has a raw pointer.
fn names(tokens: proc_macro2::TokenStream, found: &mut BTreeSet<String>) {
    let mut star = false;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                let ident = ident.to_string();
                if star && (ident == "const" || ident == "mut") {
                    found.insert(POINTER.to_owned());
                }
                found.insert(ident);
                star = false;
            }
            TokenTree::Group(group) => names(group.stream(), found),
            TokenTree::Punct(punct) => star = punct.as_char() == '*',
            TokenTree::Literal(_) => star = false,
        }
    }
}

fn items(found: &mut Vec<Change>, report: &Report, (old, was): (&Folder, &Items), (new, is): (&Folder, &Items)) {
    let mut tell = |rule: &'static Rule, name: &str, message: String| {
        found.push(beside(rule, (was.place(old, name), is.place(new, name)), message, name.to_owned()));
    };
    for (name, after) in &is.generics {
        let Some(before) = was.generics.get(name) else { continue };
        if before != after {
            let message = format!("the parameters of `{name}` were <{before}> and are <{after}>");
            tell(&rules::GENERICS_CHANGED, name, message);
        }
        let last = name.rsplit("::").next().unwrap_or(name);
        let (before, after) = (was.bound(last), is.bound(last));
        if let Some(held) = after.difference(&before).next().filter(|_| before.is_empty()) {
            let held = if held == POINTER { "a raw pointer" } else { held };
            let message = format!("`{name}` holds {held} now, and is no longer Send, Sync or Unpin");
            tell(&rules::AUTO_TRAIT_LOST, name, message);
        }
    }
    let of_document = [&rules::DEPRECATED, &rules::PARAMETER_DEPRECATED];
    let told = report.changes.iter().any(|change| of_document.contains(&change.rule));
    for attribute in ATTRIBUTES.into_iter().filter(|attribute| *attribute != "deprecated" || !told) {
        let marked = is.attributes.iter().filter(|(name, attributes)| {
            let before = was.attributes.get(*name);
            attributes.contains(attribute) && before.is_some_and(|before| !before.contains(attribute))
        });
        let marked: Vec<&String> = marked.map(|(name, _)| name).collect();
        if let Some(first) = marked.first() {
            let more = if marked.len() > 1 { format!(" and {} more", marked.len() - 1) } else { String::new() };
            let message = format!("`{first}`{more} are marked `#[{attribute}]` now");
            tell(&rules::ATTRIBUTE_ADDED, first, message);
        }
    }
}
