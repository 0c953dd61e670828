//! One review over all specs: what every format is written from.
//!
//! A spec that is new has nothing to compare; one that is gone is compared with itself without operations.

use super::input::Pair;
use anyhow::Result;
use clap::ValueEnum;
use countersign_codegen::diff::{
    Change, Made, Policy, Report, Settings, Step, Verdict, accept, advise, diff, lowered_pair, rules, surface,
};
use countersign_codegen::spec::{Spec, Value};
use std::path::PathBuf;

/// What ends with exit code 1. What breaks the wire and what is against the policy fail with all but `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// What breaks the wire, and what is against the life-cycle policy.
    Wire,
    /// Also what needs a major version of the crate.
    Source,
    /// Also what makes the same messages mean something else.
    Behaviour,
    /// Nothing.
    None,
}

impl FailOn {
    /// The word that chooses it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Source => "source",
            Self::Behaviour => "behaviour",
            Self::None => "none",
        }
    }
}

/// How much a change weighs in formats that know three levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// It fails.
    Fails,
    /// Somebody should look: it breaks some clients, can't be decided, or means something else.
    Look,
    /// Nothing that was good is touched.
    Fine,
}

/// What happened to a spec as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Compared,
    New,
    Gone,
}

/// One spec's part of a review.
pub(super) struct Reviewed {
    /// What the pair is called.
    pub(super) name: String,
    /// The old file.
    pub(super) old: Option<PathBuf>,
    /// The new file.
    pub(super) new: Option<PathBuf>,
    /// What happened to it as a whole.
    pub(super) fate: Fate,
    /// What changed in it.
    pub(super) report: Report,
}

/// What changed in all specs.
pub(super) struct Review {
    /// The specs by name.
    pub(super) specs: Vec<Reviewed>,
    /// What fails.
    pub(super) fail_on: FailOn,
}

/// What there is how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// All changes.
    pub(super) changes: usize,
    /// Those that fail.
    pub(super) failing: usize,
    /// Those that somebody accepts.
    pub(super) suppressed: usize,
    /// Those that change behaviour.
    pub(super) behaviour: usize,
    /// Those that need a major version.
    pub(super) major: usize,
}

impl Review {
    /// Compares the pairs.
    ///
    /// # Errors
    /// If a list of accepted changes is malformed, or a crate can't be read.
    pub(super) fn of(pairs: &[Pair], settings: &Settings, fail_on: FailOn) -> Result<Self> {
        let specs = pairs.iter().map(|pair| reviewed(pair, settings)).collect::<Result<_>>()?;
        Ok(Self { specs, fail_on })
    }

    /// Whether a change fails here.
    pub(super) fn fails_on(&self, change: &Change) -> bool {
        if change.suppressed.is_some() {
            return false;
        }
        match self.fail_on {
            FailOn::Wire => change.fails(),
            FailOn::Source => change.fails() || change.step() == Step::Major,
            FailOn::Behaviour => change.fails() || change.behaviour,
            FailOn::None => false,
        }
    }

    /// How much a change weighs here.
    pub(super) fn weight(&self, change: &Change) -> Weight {
        if self.fails_on(change) {
            Weight::Fails
        } else if change.suppressed.is_some() {
            Weight::Fine
        } else if change.wire >= Verdict::Warn || change.behaviour || change.policy == Policy::Error {
            Weight::Look
        } else {
            Weight::Fine
        }
    }

    /// Whether anything fails here.
    pub(super) fn fails(&self) -> bool {
        self.changes().any(|(_, change)| self.fails_on(change))
    }

    /// Whether a crate is out of date, or its version too small.
    pub(super) fn has_stale_crates(&self) -> bool {
        let of_crates = [&rules::CRATE_VERSION_TOO_SMALL, &rules::CRATE_OUT_OF_DATE];
        self.changes().any(|(_, change)| of_crates.contains(&change.rule) && self.fails_on(change))
    }

    /// Every change with its spec: spec by spec, worst first.
    pub(super) fn changes(&self) -> impl Iterator<Item = (&Reviewed, &Change)> {
        self.specs.iter().flat_map(|spec| spec.report.changes.iter().map(move |change| (spec, change)))
    }

    /// What each crate's version needs, one sentence each.
    pub(super) fn advice(&self) -> Vec<String> {
        self.specs.iter().filter_map(|spec| spec.report.advice.as_ref()).map(|advice| advice.sentence()).collect()
    }

    /// What there is how often.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, change) in self.changes() {
            counts.changes += 1;
            counts.failing += usize::from(self.fails_on(change));
            counts.suppressed += usize::from(change.suppressed.is_some());
            counts.behaviour += usize::from(change.behaviour);
            counts.major += usize::from(change.step() == Step::Major);
        }
        counts
    }

    /// How many changes have a wire verdict.
    pub(super) fn with(&self, verdict: Verdict) -> usize {
        self.specs.iter().map(|spec| spec.report.counts().get(&verdict).copied().unwrap_or_default()).sum()
    }
}

fn reviewed(pair: &Pair, settings: &Settings) -> Result<Reviewed> {
    let file = |spec: &Option<Spec>| spec.as_ref().map(|spec| spec.file.clone());
    let (fate, mut report) = match (&pair.old, &pair.new) {
        (Some(old), Some(new)) => (Fate::Compared, diff(old, new, settings)),
        (Some(old), None) => (Fate::Gone, diff(old, &emptied(old), settings)),
        (None, Some(_)) => (Fate::New, Report::default()),
        // Only what was accepted of it is left.
        (None, None) => (Fate::Gone, Report::default()),
    };
    if let (Some(old), Some(new), true) = (&pair.old, &pair.new, pair.rust && pair.crates.is_none())
        && let Some((was, is)) = lowered_pair(old, new)
    {
        surface(&mut report, Made { spec: old, ir: &was }, Made { spec: new, ir: &is });
    }
    if let Some(crates) = &pair.crates {
        crates.look(&mut report, pair.old.as_ref(), pair.new.as_ref())?;
    }
    if let (Some(old), Some(new)) = (&pair.old, &pair.new) {
        advise(&mut report, old, new);
    }
    accept(&mut report, &pair.accepted.entries()?, settings.today);
    Ok(Reviewed { name: pair.name.clone(), old: file(&pair.old), new: file(&pair.new), fate, report })
}

/// The same document without operations, outgoing and incoming.
fn emptied(spec: &Spec) -> Spec {
    let mut empty = spec.clone();
    if let Value::Map(members) = &mut empty.root.value {
        for (key, node) in members {
            if ["paths", "webhooks", "x-webhooks"].contains(&key.text.as_str()) {
                node.value = Value::Map(Vec::new());
            }
        }
    }
    empty
}
