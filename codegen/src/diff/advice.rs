//! Which version the crate needs: the step of all changes together against `info.x-crate.version` before and after.
//!
//! Versions are weighed as cargo does: below 1.0.0 the leftmost number that is not zero takes the major's role. A
//! patch step is advised and not asked for, since nothing public changes; a version that goes back is always refused.
//! What stands behind a `+` does not count.

use super::classify::{arrange, beside};
use super::report::{Advice, Change, Place, Report, Step, Verdict};
use super::rules;
use crate::finding::shortened;
use crate::spec::{Node, Spec};
use semver::{Prerelease, Version};
use std::cmp::Ordering;

/// Adds what only all changes together tell: how the document's own version and the crate's moved.
pub fn advise(report: &mut Report, old: &Spec, new: &Spec) {
    let mut found: Vec<Change> = document_version(report, old, new).into_iter().collect();
    report.advice = advice(report, old, new);
    if let Some(advice) = report.advice.as_ref().filter(|advice| !advice.enough) {
        let places = (place(old, CRATE_VERSION), place(new, CRATE_VERSION));
        let name = advice.crate_name.clone();
        found.push(beside(&rules::CRATE_VERSION_TOO_SMALL, places, advice.sentence(), name));
    }
    if !found.is_empty() {
        report.changes.extend(found);
        arrange(&mut report.changes);
    }
}

/// Where a document says which version its crate has.
const CRATE_VERSION: &str = "/info/x-crate/version";
/// Where it says its own.
const VERSION: &str = "/info/version";

/// The text of `info.x-crate.version`.
fn declared(spec: &Spec) -> Option<&Node> {
    spec.root.at_pointer(CRATE_VERSION)
}

fn text(node: &Node) -> Option<&str> {
    match &node.value {
        crate::spec::Value::Text(text) | crate::spec::Value::Number(text) => Some(text),
        _ => None,
    }
}

fn place(spec: &Spec, pointer: &str) -> Option<Place> {
    let node = spec.root.at_pointer(pointer)?;
    let value = text(node).map(|text| shortened(text, 80));
    Some(Place { file: spec.file.clone(), at: node.at, pointer: pointer.to_owned(), value })
}

fn advice(report: &Report, old: &Spec, new: &Spec) -> Option<Advice> {
    let head = text(declared(new)?)?.to_owned();
    let crate_name = new.root.at_pointer("/info/x-crate/name").and_then(Node::text)?.to_owned();
    let step = report.step();
    let base = declared(old).and_then(text).map(str::to_owned);
    let mut advice = Advice { crate_name, base, head, step, least: None, enough: true, unreadable: None };
    let unchanged = report.changes.is_empty();
    match (advice.base.as_deref().map(Version::parse), Version::parse(&advice.head)) {
        (_, Err(_)) => (advice.enough, advice.unreadable) = (unchanged, Some(advice.head.clone())),
        // Nothing says how far the step is: the new version can't be held against it.
        (Some(Err(_)), Ok(_)) => advice.unreadable = advice.base.clone(),
        (Some(Ok(base)), Ok(head)) => (advice.least, advice.enough) = weigh(&base, &head, unchanged, step),
        (None, Ok(_)) => {}
    }
    Some(advice)
}

/// The smallest version that is enough, and whether this one is.
fn weigh(base: &Version, head: &Version, unchanged: bool, step: Step) -> (Option<String>, bool) {
    let moved = head.cmp_precedence(base);
    if moved == Ordering::Less {
        return (None, false);
    }
    if unchanged {
        return (None, true);
    }
    let least = least(base, step);
    // A pre-release of the next version has made the step; from a pre-release, any later one has.
    let core = Version::new(head.major, head.minor, head.patch);
    let made = if base.pre.is_empty() { core >= least } else { moved == Ordering::Greater };
    (Some(least.to_string()), step == Step::Patch || made)
}

/// The version after `base` by this step, in cargo's reading.
fn least(base: &Version, step: Step) -> Version {
    let Version { major, minor, patch, .. } = *base;
    if !base.pre.is_empty() {
        // What is not out yet promises nothing: the next pre-release is enough, or the release where none is counted.
        let pre = next(&base.pre).unwrap_or_default();
        return Version { pre, ..Version::new(major, minor, patch) };
    }
    match (step, major, minor) {
        (Step::Major, 1.., _) => Version::new(major.saturating_add(1), 0, 0),
        (Step::Major, 0, 1..) => Version::new(0, minor.saturating_add(1), 0),
        (Step::Minor, 1.., _) => Version::new(major, minor.saturating_add(1), 0),
        _ => Version::new(major, minor, patch.saturating_add(1)),
    }
}

/// The pre-release after `rc.1`, if its last part is a number.
fn next(pre: &Prerelease) -> Option<Prerelease> {
    let (before, number) = pre.rsplit_once('.').map_or(("", pre.as_str()), |(before, number)| (before, number));
    let number = number.parse::<u64>().ok()?.checked_add(1)?;
    let dot = if before.is_empty() { "" } else { "." };
    Prerelease::new(&format!("{before}{dot}{number}")).ok()
}

/// Whether the document's own version says of a break what it should.
fn document_version(report: &Report, old: &Spec, new: &Spec) -> Option<Change> {
    let broken = report.changes.iter().filter(|change| change.wire == Verdict::Break).count();
    let (was, is) = (old.root.at_pointer(VERSION)?, new.root.at_pointer(VERSION)?);
    let (before, after) = (text(was)?, text(is)?);
    let moved = match (numbers(before), numbers(after)) {
        (Some(before), Some(after)) => after > before,
        _ => before != after,
    };
    if broken == 0 || moved {
        return None;
    }
    let message = format!(
        "{broken} changes break clients, and the document's version says `{}` after `{}`",
        shortened(after, 40),
        shortened(before, 40)
    );
    let places = (place(old, VERSION), place(new, VERSION));
    Some(beside(&rules::DOCUMENT_VERSION_NOT_MOVED, places, message, String::new()))
}

/// What stands for the major version of `v2.1` or `0.3.0`: up to the first number that is not zero. Dates and words
/// have none.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let parts: Vec<u64> =
        version.trim_start_matches(['v', 'V']).split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let end = parts.iter().position(|part| *part > 0).map_or(parts.len(), |index| index + 1);
    Some(parts[..end].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighed(base: &str, head: &str, step: Step) -> (String, bool) {
        let version = |text: &str| Version::parse(text).expect("a version");
        let (least, enough) = weigh(&version(base), &version(head), false, step);
        (least.unwrap_or_default(), enough)
    }

    #[test]
    fn versions_are_weighed_as_cargo_does() {
        use Step::{Major, Minor, Patch};
        let cases = [
            ("1.2.3", "2.0.0", Major, "2.0.0", true),
            ("1.2.3", "1.3.0", Major, "2.0.0", false),
            ("1.2.3", "1.3.0", Minor, "1.3.0", true),
            ("1.2.3", "1.2.4", Minor, "1.3.0", false),
            ("1.2.3", "1.2.3", Patch, "1.2.4", true),
            ("0.1.0", "0.2.0", Major, "0.2.0", true),
            ("0.1.0", "0.1.1", Major, "0.2.0", false),
            ("0.1.0", "0.1.1", Minor, "0.1.1", true),
            ("0.1.0", "0.1.0", Minor, "0.1.1", false),
            ("0.1.9", "1.0.0", Major, "0.2.0", true),
            ("0.0.3", "0.0.4", Major, "0.0.4", true),
            ("0.0.3", "0.0.3", Minor, "0.0.4", false),
            ("1.4.0", "2.0.0-rc.1", Major, "2.0.0", true),
            ("2.0.0-rc.1", "2.0.0-rc.2", Major, "2.0.0-rc.2", true),
            ("2.0.0-rc.1", "2.0.0", Major, "2.0.0-rc.2", true),
            ("2.0.0-rc.1", "2.0.0-rc.1", Major, "2.0.0-rc.2", false),
            ("2.0.0-rc.1", "2.0.0-rc.1+a", Minor, "2.0.0-rc.2", false),
            ("2.0.0-rc.1", "2.0.0-rc.1", Patch, "2.0.0-rc.2", true),
            ("2.0.0-beta", "2.0.0-beta", Major, "2.0.0", false),
            ("1.0.0+b", "1.0.0+a", Patch, "1.0.1", true),
            ("2.0.0", "2.0.0+build", Major, "3.0.0", false),
        ];
        for (base, head, step, least, enough) in cases {
            assert_eq!(weighed(base, head, step), (least.to_owned(), enough), "{base} -> {head}, {step:?}");
        }
        assert_eq!(weighed("1.2.3", "1.2.2", Patch), (String::new(), false), "never back");
    }

    #[test]
    fn nothing_changed_needs_no_version() {
        let version = Version::new(0, 1, 0);
        assert_eq!(weigh(&version, &version, true, Step::Patch), (None, true));
        let (built, again) = (Version::parse("1.0.0+b").expect("a version"), Version::parse("1.0.0+a").expect("one"));
        assert_eq!(weigh(&built, &again, true, Step::Patch), (None, true), "a build's name does not go back");
    }
}
