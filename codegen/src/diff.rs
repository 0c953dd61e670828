//! A review of two documents: what breaks on the wire, what behaves otherwise, which version the crate needs.
//!
//! 1. `model` holds each document so that schemas have identity and are read once, in one form (`schema`).
//! 2. `compare` goes through pairs of places, each pair once: `operations` with parameters, bodies, responses
//!    and security, `signing` with each operation's resolved recipe, `schemas` keyword by keyword. What `same` finds
//!    equal in both, with all that it refers to, is not looked at.
//! 3. `reach` says which operations reach what changed, and in which direction.
//! 4. `classify` weighs it by the rules (`rules`) and joins what is one change, which `fingerprint` names; `report`
//!    is what outputs read.
//! 5. `surface` adds what changes in Rust only, from the IRs of both; `crates` what only the crates' folders tell.
//! 6. `advice` says which version the crate needs, `accepted` which changes somebody accepts.
//!
//! The work is linear in the pairs of places; nothing is expanded, so circles end and depth costs nothing.

mod accepted;
mod advice;
mod bodies;
mod classify;
mod compare;
mod components;
mod crates;
mod encoding;
pub mod explain;
mod fingerprint;
mod life;
mod model;
mod operations;
mod parameters;
mod reach;
pub mod report;
mod responses;
pub mod rules;
mod same;
mod schema;
mod schemas;
mod security;
mod service;
mod signing;
mod surface;
mod texts;
mod values;
mod vector_files;
mod webhooks;

pub use accepted::{Entry, accept, mend, read as read_accepted, written as accepted_text};
pub use advice::advise;
pub use crates::{Folder, Moved, abandoned, crates, outdated};
pub use life::Day;
pub use report::{
    Advice, Change, Direction, OperationRef, Place, Policy, Report, Step, Suppression, Verdict, details, text,
};
pub use surface::{Made, lowered_pair, surface};

pub use vector_files::vectors;

use crate::spec::Spec;
use compare::Compare;

/// What a review does not find in the documents.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The day on which a sunset is over or not.
    pub today: Day,
    /// Whether changed texts are shown.
    pub docs: bool,
    /// Days between a deprecation and its sunset; 0 asks for no sunset.
    pub deprecation_days: i64,
    /// Extensions that nobody wants to hear of.
    pub ignored_extensions: Vec<String>,
}

/// Reviews two documents.
pub fn diff(old: &Spec, new: &Spec, settings: &Settings) -> Report {
    let mut compare = Compare::new(old, new, settings);
    let prefixes = (service::prefix(old), service::prefix(new));
    let same_below = operations::compare(&mut compare, (&prefixes.0, &prefixes.1));
    webhooks::compare(&mut compare);
    service::compare(&mut compare, same_below);
    security::declarations(&mut compare);
    signing::declarations(&mut compare);
    compare.run();
    components::compare(&mut compare);
    compare.run();
    compare.overflow();
    classify::classify(compare)
}
