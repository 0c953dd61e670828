//! `spec-diff bench`: our time and memory beside oasdiff's, on the largest files of a folder.
//!
//! 1. Each file gets copies with 1, 100 and 5,000 seeded edits, and one in which only texts differ ([`mod@edit`]).
//! 2. Both programs review each pair, one after the other in the same run; each is a process that is watched
//!    ([`process`]): wall time, processor time, most memory, bytes written.
//! 3. Documents of 5,000 and 10,000 operations ([`made`]) say how our time grows.
//!
//! `COUNTERSIGN_CORPUS` names the folder and `OASDIFF` the other program; without one of them its part is left out,
//! which is said. Exit code 1: one of the targets is missed. Build with `--release`: the figures are about that.

mod edit;
mod made;
mod process;

use crate::{verdict, workspace};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use process::{Ended, Limits, Run};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

pub(crate) use edit::Edit;
pub(crate) use edit::run as edit;

/// Arguments of `spec-diff bench`.
#[derive(Args)]
pub(crate) struct Bench {
    /// How many files, the largest first.
    #[arg(long, default_value_t = 5)]
    files: usize,
    /// Only these, by name without ending.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// How long a program may take, in seconds; one that is stopped counts with this time.
    #[arg(long, default_value_t = 300)]
    limit: u64,
    /// How much memory a program may use, in megabytes.
    #[arg(long, default_value_t = 6_000)]
    memory: u64,
    /// How often each pair is reviewed; the middle time counts.
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// What the edits are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Measure how time grows, and nothing else.
    #[arg(long)]
    growth_only: bool,
}

/// At most this part of oasdiff's time.
const TIME: f64 = 0.1;
const MEMORY: u64 = 500_000_000;
const OUTPUT: u64 = 1_000_000;
/// Twice the operations may take this much more time: a little above 2, for the noise of a shared machine.
const GROWTH: f64 = 2.5;

/// What a copy differs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Edits(usize),
    Texts,
}

const KINDS: [Kind; 4] = [Kind::Edits(1), Kind::Edits(100), Kind::Edits(5_000), Kind::Texts];

/// Measures, prints a line for each pair, and ends with 1 if a target is missed.
///
/// # Errors
/// If a file can't be read or written, or a program can't be started.
pub(crate) fn run(arguments: &Bench) -> Result<ExitCode> {
    let mut bench = Started::new(arguments)?;
    if cfg!(debug_assertions) {
        bench.say("this is not a release build: the figures say nothing\n")?;
    }
    if !arguments.growth_only {
        match std::env::var_os("COUNTERSIGN_CORPUS") {
            Some(folder) => bench.files(Path::new(&folder))?,
            None => bench.say("COUNTERSIGN_CORPUS names no folder: no published file is measured\n")?,
        }
    }
    bench.growth()?;
    let text = match bench.missed.as_slice() {
        [] => "every target is met\n".to_owned(),
        missed => format!("targets that are missed: {}\n  {}\n", missed.len(), missed.join("\n  ")),
    };
    bench.say(&text)?;
    Ok(verdict(bench.missed.is_empty()))
}

struct Started<'b> {
    arguments: &'b Bench,
    folder: tempfile::TempDir,
    this: PathBuf,
    other: Option<PathBuf>,
    limits: Limits,
    missed: Vec<String>,
}

impl<'b> Started<'b> {
    fn new(arguments: &'b Bench) -> Result<Self> {
        let limits =
            Limits { time: Duration::from_secs(arguments.limit), memory: arguments.memory.saturating_mul(1_000_000) };
        Ok(Started {
            arguments,
            folder: tempfile::tempdir().context("can't make a temporary folder")?,
            this: std::env::current_exe().context("can't find this program")?,
            other: std::env::var_os("OASDIFF").map(PathBuf::from),
            limits,
            missed: Vec::new(),
        })
    }

    /// Prints at once: a run takes minutes.
    fn say(&self, text: &str) -> Result<()> {
        workspace::print(text)
    }

    fn files(&mut self, folder: &Path) -> Result<()> {
        if self.other.is_none() {
            self.say("OASDIFF names no program: only our own figures are shown\n")?;
        }
        self.say(HEAD)?;
        for file in largest(folder, self.arguments)? {
            for kind in KINDS {
                self.file(&file, kind)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, file: &Path, kind: Kind) -> Result<()> {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let copy = self.folder.path().join(format!("new-{name}"));
        let edits = self.copy(file, &copy, kind)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..self.arguments.rounds.max(1) {
            ours.push(self.ours(file, &copy)?);
            // What was stopped once would be stopped again.
            if theirs.last().is_none_or(|run: &Run| run.ended == Ended::Itself) {
                theirs.extend(self.theirs(file, &copy)?);
            }
        }
        let ours = process::middle(ours).context("nothing ran")?;
        let theirs = process::middle(theirs);
        self.say(&line(&name, kind, edits, &ours, theirs.as_ref()))?;
        self.check(&format!("{name}, {edits} edits"), kind, &ours, theirs.as_ref());
        std::fs::remove_file(&copy).context("can't remove a copy")
    }

    /// Holds what was measured against the targets.
    fn check(&mut self, what: &str, kind: Kind, ours: &Run, theirs: Option<&Run>) {
        if ours.ended != Ended::Itself || ours.code != Some(0) {
            self.missed.push(format!("{what}: our review did not end well"));
        }
        if theirs.is_some_and(|theirs| theirs.counts() && ratio(ours, theirs) > TIME) {
            self.missed.push(format!("{what}: more than {TIME} of oasdiff's time"));
        }
        if ours.memory >= MEMORY {
            self.missed.push(format!("{what}: {} MB of memory", ours.memory / 1_000_000));
        }
        if ours.output >= OUTPUT {
            self.missed.push(format!("{what}: {} bytes of output", ours.output));
        }
        if kind == Kind::Texts && ours.output > 0 {
            self.missed.push(format!("{what}: texts are findings"));
        }
    }

    /// A process of its own: this one stays small, since a child begins with its parent's memory.
    fn copy(&self, file: &Path, copy: &Path, kind: Kind) -> Result<usize> {
        let (edits, texts) = match kind {
            Kind::Edits(edits) => (edits, false),
            Kind::Texts => (5_000, true),
        };
        let mut command = Command::new(&self.this);
        command.args(["spec-diff", "edit"]).arg(file).arg(copy);
        command.args(["--edits", &edits.to_string(), "--seed", &self.arguments.seed.to_string()]);
        command.args(texts.then_some("--texts"));
        let output = command.output().context("can't start this program again")?;
        if !output.status.success() {
            bail!("can't edit {}: {}", file.display(), String::from_utf8_lossy(&output.stderr).trim());
        }
        let said = String::from_utf8_lossy(&output.stdout);
        said.split_whitespace().next().and_then(|count| count.parse().ok()).context("nobody said how many edits")
    }

    fn ours(&self, old: &Path, new: &Path) -> Result<Run> {
        let mut command = Command::new(&self.this);
        command.args(["spec-diff", "--fail-on", "none"]).arg(old).arg(new);
        process::run(command, &self.folder.path().join("ours.txt"), self.limits)
    }

    fn theirs(&self, old: &Path, new: &Path) -> Result<Option<Run>> {
        let Some(other) = &self.other else { return Ok(None) };
        let mut command = Command::new(other);
        command.args(["changelog", "--format", "json"]).arg(old).arg(new).env("OASDIFF_NO_TELEMETRY", "1");
        process::run(command, &self.folder.path().join("theirs.json"), self.limits).map(Some)
    }

    /// How our time grows when operations are doubled.
    ///
    /// Both documents take turns, and the least of each counts: how long a machine needs for memory that nobody has
    /// used before says nothing about a review.
    fn growth(&mut self) -> Result<()> {
        let mut pairs = Vec::new();
        for operations in [5_000, 10_000] {
            let old = self.folder.path().join(format!("made-{operations}.json"));
            let new = self.folder.path().join(format!("made-{operations}-new.json"));
            std::fs::write(&old, made::document(operations)).context("can't write a document")?;
            // Every second operation gets an edit.
            let edits = self.copy(&old, &new, Kind::Edits(operations / 2))?;
            pairs.push((operations, edits, [old, new], Vec::new()));
        }
        for _ in 0..self.arguments.rounds.max(9) {
            for (_, _, [old, new], runs) in &mut pairs {
                runs.push(self.ours(old, new)?);
            }
        }
        let mut runs = Vec::new();
        for (operations, edits, _, rounds) in pairs {
            let run = rounds.into_iter().min_by_key(|run| run.processor).context("nothing ran")?;
            self.say(&format!(
                "{operations} operations, {edits} edits: {} ({} of processor), {} MB, {} bytes of output\n",
                process::seconds(run.wall),
                process::seconds(run.processor),
                run.memory / 1_000_000,
                run.output
            ))?;
            self.check(&format!("{operations} operations"), Kind::Edits(edits), &run, None);
            runs.push(run);
        }
        let [half, whole] = runs.as_slice() else { bail!("two runs are compared") };
        let growth = whole.processor.as_secs_f64() / half.processor.as_secs_f64().max(0.001);
        self.say(&format!("twice the operations take {growth:.2} times the processor time\n"))?;
        if growth > GROWTH {
            self.missed.push(format!("twice the operations take {growth:.2} times the time"));
        }
        Ok(())
    }
}

/// The largest files of a folder; specs that are folders of files are left out.
fn largest(folder: &Path, arguments: &Bench) -> Result<Vec<PathBuf>> {
    let trouble = || format!("can't read {}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(trouble)? {
        let entry = entry.with_context(trouble)?;
        let file = entry.path();
        let is_spec = file.extension().is_some_and(|ending| ending == "json" || ending == "yaml" || ending == "yml");
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let chosen = arguments.only.is_empty() || arguments.only.contains(&stem);
        let size = entry.metadata().with_context(trouble)?;
        if is_spec && chosen && size.is_file() {
            files.push((std::cmp::Reverse(size.len()), file));
        }
    }
    if files.is_empty() {
        bail!("{} has no such file", folder.display());
    }
    files.sort();
    Ok(files.into_iter().take(arguments.files).map(|(_, file)| file).collect())
}

const HEAD: &str = "\
file                 change       edits |  ours s   cpu s     MB    bytes | oasdiff s   cpu s     MB      bytes | ratio
";

fn line(name: &str, kind: Kind, edits: usize, ours: &Run, theirs: Option<&Run>) -> String {
    let change = match kind {
        Kind::Edits(count) => format!("{count} edits"),
        Kind::Texts => "texts".to_owned(),
    };
    let mut line = format!(
        "{name:<20} {change:<12} {edits:>5} | {:>7} {:>7} {:>6} {:>8} |",
        process::seconds(ours.wall),
        process::seconds(ours.processor),
        ours.memory / 1_000_000,
        ours.output
    );
    // Writing to a `String` can't fail.
    let _ = match theirs {
        None => writeln!(line, " -"),
        Some(theirs) => writeln!(
            line,
            " {:>9} {:>7} {:>6} {:>10} | {}",
            format!("{}{}", if theirs.ended == Ended::Itself { "" } else { ">" }, process::seconds(theirs.wall)),
            process::seconds(theirs.processor),
            theirs.memory / 1_000_000,
            theirs.output,
            compared(ours, theirs)
        ),
    };
    line
}

fn compared(ours: &Run, theirs: &Run) -> String {
    match (&theirs.ended, theirs.counts()) {
        (_, false) => format!("it fails: {}", theirs.said),
        (Ended::Itself, true) => {
            let of_processor = theirs.processor.as_secs_f64() / ours.processor.as_secs_f64().max(0.001);
            format!("1/{:.1}, of processor time 1/{of_processor:.1}", 1.0 / ratio(ours, theirs))
        }
        (Ended::OutOfTime, true) => format!("below 1/{:.0}, it was stopped", 1.0 / ratio(ours, theirs)),
        (Ended::OutOfMemory, true) => format!("below 1/{:.0}, it took all memory", 1.0 / ratio(ours, theirs)),
    }
}

fn ratio(ours: &Run, theirs: &Run) -> f64 {
    ours.wall.as_secs_f64() / theirs.wall.as_secs_f64().max(0.001)
}
