//! What two crates say of verdicts that the table gives for any crate.
//!
//! 1. What operations ask for (section L) breaks callers only where a credential or the constant of a recipe went, or
//!    `Credentials::new` takes other arguments.
//! 2. One trait has the headers of all responses: one that another response still declares is still there, and each
//!    gives nothing where it did not come, required or not.
//! 3. Callbacks and the webhooks of 3.1 are in no crate, and of `x-webhooks` the answers are not: what stands in them has
//!    no type. A component that they refer to is in the crate, and stands elsewhere.
//!
//! Only the step of the API is lowered. What breaks the wire needs a major step all the same ([`Change::step`]).

use super::service::{arguments, setters};
use crate::diff::report::{Change, Report, Step};
use crate::diff::rules;
use crate::ir::Ir;
use std::collections::BTreeSet;

/// Lowers what the crates disprove.
pub(super) fn by_crates(report: &mut Report, old: &Ir, new: &Ir) {
    let credentials_stay = do_credentials_stay(old, new);
    for change in report.changes.iter_mut().filter(|change| change.source == Step::Major) {
        if change.rule.number.starts_with('L') && credentials_stay {
            change.source = Step::Minor;
        } else if change.rule == &rules::HEADER_OPTIONAL
            || (is_of_lost_header(change) && has_header(new, &change.detail))
            || is_of_no_crate(change)
        {
            change.source = Step::Patch;
        }
    }
}

/// Whether what callers write of credentials and recipes compiles as before.
fn do_credentials_stay(old: &Ir, new: &Ir) -> bool {
    let constants = |ir: &Ir| -> BTreeSet<String> { ir.schemes.iter().map(|scheme| scheme.constant.clone()).collect() };
    let now = setters(new);
    arguments(old) == arguments(new)
        && setters(old).iter().all(|(name, kind)| now.get(name) == Some(kind))
        && constants(old).is_subset(&constants(new))
}

fn is_of_lost_header(change: &Change) -> bool {
    [&rules::REQUIRED_HEADER_REMOVED, &rules::OPTIONAL_HEADER_REMOVED, &rules::STEERING_HEADER_REMOVED]
        .contains(&change.rule)
}

fn has_header(ir: &Ir, wire: &str) -> bool {
    ir.headers.iter().any(|header| header.wire.eq_ignore_ascii_case(wire))
}

fn is_of_no_crate(change: &Change) -> bool {
    let outside = |pointer: &str| {
        pointer.contains("/callbacks/")
            || pointer.starts_with("/webhooks/")
            || (pointer.starts_with("/x-webhooks/") && pointer.contains("/responses"))
    };
    change.place().is_some_and(|place| outside(&place.pointer))
}
