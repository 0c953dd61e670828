//! Which finding of ours explains which lint of cargo-semver-checks, and what its lints do not see.

use std::collections::BTreeSet;

/// Lints, and the ids of which one explains it.
const EXPLAINS: &[(&str, &[&str])] = &[];

/// Ids of which no lint need speak, each with the reason.
const UNSEEN: &[(&str, &str)] = &[];

/// Whether one of the findings explains a lint.
pub(super) fn explains(lint: &str, ours: &BTreeSet<&'static str>) -> bool {
    EXPLAINS.iter().any(|(name, ids)| *name == lint && ids.iter().any(|id| ours.contains(id)))
}

/// Whether one of the lints speaks of a finding.
pub(super) fn is_seen(id: &str, theirs: &BTreeSet<String>) -> bool {
    EXPLAINS.iter().any(|(name, ids)| theirs.contains(*name) && ids.contains(&id))
}

/// Why its lints need not see a finding.
pub(super) fn unseen(id: &str) -> Option<&'static str> {
    UNSEEN.iter().find(|(known, _)| *known == id).map(|(_, reason)| *reason)
}
