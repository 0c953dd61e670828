//! What is compared: BASE and HEAD as they are named, to pairs of specs.
//!
//! A name is `-`, a file, `REV:path`, or a git revision, looked up in this order. A revision stands for all
//! providers in its `specs/`, or beside a single spec for that spec in the revision.

use super::accepted::Accepted;
use super::crates::Crates;
use super::git::{self, Git};
use crate::workspace;
use anyhow::{Context as _, Result, bail};
use countersign_codegen::finding::{Sources, render, shortened};
use countersign_codegen::load::{LoadError, load};
use countersign_codegen::parse::{LONGEST_FILE, parse};
use countersign_codegen::spec::{Spec, Value};
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A spec before and after. Neither is there where only a list of accepted changes is left.
pub(super) struct Pair {
    /// What the pair is called: the provider, or the new file.
    pub(super) name: String,
    /// The old spec; nothing if it is new.
    pub(super) old: Option<Spec>,
    /// The new spec; nothing if it is gone.
    pub(super) new: Option<Spec>,
    /// The changes that somebody accepts, as they stand beside the new spec.
    pub(super) accepted: Accepted,
    /// The crates of both states, for a provider.
    pub(super) crates: Option<Crates>,
    /// Whether the crates that two files would make are compared, too.
    pub(super) rust: bool,
}

/// What a name stands for.
enum Input {
    Stdin,
    File(PathBuf),
    /// A file in a commit, and the revision as it was named.
    Blob {
        revision: String,
        commit: String,
        path: String,
    },
    /// All providers of a commit.
    Commit {
        revision: String,
        commit: String,
    },
    /// All providers of the working tree.
    Tree,
}

/// The pairs that two names stand for.
///
/// # Errors
/// If a name stands for nothing, or what it stands for can't be read.
pub(super) fn pairs(base: Option<&str>, head: Option<&str>) -> Result<Vec<Pair>> {
    let base = match base {
        Some(name) => input(name)?,
        None => merge_base()?,
    };
    let head = match (head, &base) {
        (Some(name), _) => input(name)?,
        (None, Input::Commit { .. }) => Input::Tree,
        (None, Input::Blob { path, .. }) => Input::File(Git::here()?.root.join(path)),
        (None, _) => bail!("name HEAD, too: spec-diff BASE HEAD"),
    };
    match (base.beside(&head)?, head.beside(&base)?) {
        (Input::Stdin, Input::Stdin) => bail!("only one of BASE and HEAD can be standard input"),
        (base, head) if base.is_many() && head.is_many() => providers(base, head),
        (base, head) if base.is_many() || head.is_many() => bail!("name two specs, or two revisions"),
        (base, head) => {
            // Reading takes longer than comparing: both at once.
            let (old, new) = std::thread::scope(|scope| {
                let old = scope.spawn(|| base.spec());
                let new = head.spec();
                (old.join(), new)
            });
            let Ok(old) = old else { bail!("the old spec can't be read") };
            let ((old, _), (new, accepted)) = (old?, new?);
            Ok(vec![Pair { name: head.name(), old: Some(old), new: Some(new), accepted, crates: None, rust: false }])
        }
    }
}

fn merge_base() -> Result<Input> {
    let commit = Git::here()?.merge_base()?;
    let revision = commit.chars().take(12).collect();
    Ok(Input::Commit { revision, commit })
}

fn input(name: &str) -> Result<Input> {
    if name == "-" {
        return Ok(Input::Stdin);
    }
    if Path::new(name).is_file() {
        return Ok(Input::File(name.into()));
    }
    let nothing = || format!("`{name}` is neither a file nor a git revision");
    let git = Git::here().with_context(nothing)?;
    if let Some(commit) = git.commit(name)? {
        return Ok(Input::Commit { revision: name.to_owned(), commit });
    }
    let Some((revision, path)) = name.split_once(':') else { bail!(nothing()) };
    let path = path.trim_start_matches("./");
    let Some(commit) = git.commit(revision)? else { bail!("`{revision}` of `{name}` is no git revision") };
    match git.kind(&commit, path)?.as_deref() {
        None => bail!("{revision} has no file `{path}`; the path begins at the root of the repository"),
        Some("blob") => {}
        Some(_) => bail!("`{path}` is a folder in {revision}; name a file, or the revision alone for all providers"),
    }
    Ok(Input::Blob { revision: revision.to_owned(), commit, path: path.to_owned() })
}

impl Input {
    fn is_many(&self) -> bool {
        matches!(self, Self::Commit { .. } | Self::Tree)
    }

    fn name(&self) -> String {
        match self {
            Self::Stdin => "-".to_owned(),
            Self::File(file) => git::slashes(file),
            Self::Blob { path, .. } => path.clone(),
            Self::Commit { revision, .. } => revision.clone(),
            Self::Tree => "the working tree".to_owned(),
        }
    }

    /// A revision beside a single spec stands for that spec in the revision.
    fn beside(&self, other: &Self) -> Result<Self> {
        let path = match (self, other) {
            (Self::Commit { .. }, Self::Blob { path, .. }) => path.clone(),
            (Self::Commit { .. }, Self::File(file)) => {
                let there = file.canonicalize().with_context(|| format!("can't read {}", file.display()))?;
                let root = Git::here()?.root.canonicalize().context("can't find the repository")?;
                let Ok(inside) = there.strip_prefix(&root) else {
                    bail!("{} lies outside the repository, so no revision has it", file.display());
                };
                git::slashes(inside)
            }
            _ => return Ok(self.copy()),
        };
        let Self::Commit { revision, .. } = self else { return Ok(self.copy()) };
        input(&format!("{revision}:{path}"))
    }

    fn copy(&self) -> Self {
        match self {
            Self::Stdin => Self::Stdin,
            Self::File(file) => Self::File(file.clone()),
            Self::Blob { revision, commit, path } => {
                Self::Blob { revision: revision.clone(), commit: commit.clone(), path: path.clone() }
            }
            Self::Commit { revision, commit } => Self::Commit { revision: revision.clone(), commit: commit.clone() },
            Self::Tree => Self::Tree,
        }
    }

    /// The one spec that this is, and what is accepted beside it.
    fn spec(&self) -> Result<(Spec, Accepted)> {
        match self {
            Self::Stdin => Ok((stdin()?, Accepted { shown: PathBuf::from("standard input"), ..Accepted::default() })),
            Self::File(file) => {
                let accepted = Accepted::beside(file, file)?.writable(file);
                Ok((read(file, file)?, accepted))
            }
            Self::Blob { revision, commit, path } => {
                let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
                let place = Git::here()?.export(commit, folder)?;
                // A file at the root keeps its name: what stands behind the last slash.
                let folder = if folder.is_empty() { "." } else { folder };
                let (file, shown) =
                    (git::files(&place).join(file), PathBuf::from(format!("{revision}:{folder}/{file}")));
                Ok((read(&file, &shown)?, Accepted::beside(&file, &shown)?))
            }
            Self::Commit { .. } | Self::Tree => bail!("{} is not one spec", self.name()),
        }
    }
}

/// A spec from disk, with the files that it refers to in its folder.
///
/// # Errors
/// If it can't be read, or is no document.
pub(super) fn read(file: &Path, shown: &Path) -> Result<Spec> {
    let spec = load(file, shown, None).or_else(|error| match error {
        LoadError::Findings { findings, sources } => {
            bail!("{} is no document:\n{}", shown.display(), render(&findings, &sources))
        }
        error => Err(error).with_context(|| format!("can't read {}", shown.display())),
    })?;
    checked(spec, &shown.display().to_string())
}

/// Refuses what is no OpenAPI 3: there is nothing in it that the rules know.
fn checked(spec: Spec, name: &str) -> Result<Spec> {
    let version = spec.root.entry("openapi").map(|(key, node)| match &node.value {
        Value::Text(text) | Value::Number(text) => (key.at, text.as_str()),
        _ => (key.at, ""),
    });
    match (version, spec.root.entry("swagger")) {
        (Some((_, version)), _) if version == "3" || version.starts_with("3.") => Ok(spec),
        (Some((at, version)), _) => {
            bail!("{name}:{at} is for OpenAPI `{}`; only OpenAPI 3 is reviewed", shortened(version, 40))
        }
        (None, Some((key, _))) => {
            bail!("{name}:{} is Swagger 2; only OpenAPI 3 is reviewed, so convert it first", key.at)
        }
        (None, None) => bail!("{name}:{} is no OpenAPI document: it has no `openapi: 3.x`", spec.root.at),
    }
}

fn stdin() -> Result<Spec> {
    let mut bytes = Vec::new();
    let most = LONGEST_FILE as u64 + 1;
    std::io::stdin().lock().take(most).read_to_end(&mut bytes).context("can't read standard input")?;
    let sources = Sources::default().with("-", String::from_utf8_lossy(&bytes));
    let spec = parse("-", bytes)
        .or_else(|findings| bail!("standard input is no document:\n{}", render(&findings, &sources)))?;
    checked(spec, "standard input")
}

/// All providers of two states, by name.
fn providers(base: Input, head: Input) -> Result<Vec<Pair>> {
    let (base, head) = (Rc::new(State::of(&base)?), Rc::new(State::of(&head)?));
    let mut names: BTreeSet<&String> = base.providers.iter().chain(&head.providers).collect();
    for name in &head.lists {
        // A list without a spec counts as long as anything is in it.
        if !names.contains(name) && !head.accepted(name)?.entries()?.is_empty() {
            names.insert(name);
        }
    }
    let pair = |name: &String| {
        let (old, new, accepted) = (base.spec(name)?, head.spec(name)?, head.accepted(name)?);
        let crates = Crates { provider: name.clone(), base: Rc::clone(&base), head: Rc::clone(&head) };
        Ok(Pair { name: name.clone(), old, new, accepted, crates: Some(crates), rust: false })
    };
    names.into_iter().map(pair).collect()
}

/// A state of `specs/` and `generated/` on disk.
pub(super) struct State {
    /// The folder that holds both.
    pub(super) root: PathBuf,
    /// What stands before paths: `REV:`.
    pub(super) before: String,
    providers: Vec<String>,
    /// Folders with a list of accepted changes.
    lists: Vec<String>,
    /// Goes away with the state.
    _place: Option<tempfile::TempDir>,
}

impl State {
    fn of(input: &Input) -> Result<Self> {
        let Input::Commit { revision, commit } = input else {
            let root = Git::here()?.root;
            let (providers, lists) = (workspace::providers(&root)?, workspace::lists(&root)?);
            return Ok(Self { root, before: String::new(), providers, lists, _place: None });
        };
        let git = Git::here()?;
        let place = tempfile::tempdir().context("can't make a temporary folder")?;
        let mut state = Self {
            root: place.path().to_owned(),
            before: format!("{revision}:"),
            providers: Vec::new(),
            lists: Vec::new(),
            _place: Some(place),
        };
        for folder in ["specs", "generated"] {
            if git.has(commit, folder)? {
                let files = git.export(commit, folder)?;
                std::fs::rename(git::files(&files), state.root.join(folder)).context("can't move what git wrote")?;
            }
        }
        state.providers = workspace::providers(&state.root)?;
        state.lists = workspace::lists(&state.root)?;
        Ok(state)
    }

    fn spec(&self, provider: &String) -> Result<Option<Spec>> {
        if !self.providers.contains(provider) {
            return Ok(None);
        }
        let (file, shown) = self.file(provider);
        read(&file, &shown).map(Some)
    }

    /// What is accepted of a provider, also where its spec is gone.
    fn accepted(&self, provider: &str) -> Result<Accepted> {
        let (file, shown) = self.file(provider);
        let accepted = Accepted::beside(&file, &shown)?;
        Ok(if self.before.is_empty() { accepted.writable(&file) } else { accepted })
    }

    /// A provider's spec, and how messages call it.
    fn file(&self, provider: &str) -> (PathBuf, PathBuf) {
        let path = format!("specs/{provider}/openapi.yaml");
        (self.root.join(&path), PathBuf::from(format!("{}{path}", self.before)))
    }
}
