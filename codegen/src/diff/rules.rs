//! The rules of a review: what each is called, what it weighs by default, and what oasdiff calls it.
//!
//! The numbers are those of a catalogue: a letter for the section, then the rule. One number
//! may have several ids, where its two halves weigh differently (`E2` and `E3` are one look at a type). Verdicts are
//! for a client that was made from the old document; the step is for a crate of this generator, whose structs
//! are `#[non_exhaustive]`, whose enums and unions are open and whose optional arguments are setters.

mod bodies;
mod joined;
mod lifecycle;
mod operations;
mod review;
mod rust;
mod schemas;
mod security;

pub use bodies::*;
pub use joined::{IMPOSSIBLE, JOINED};
pub use lifecycle::*;
pub use operations::*;
pub use review::*;
pub use rust::*;
pub use schemas::*;
pub use security::*;

use super::report::{Policy, Step, Verdict};

/// One kind of change.
#[derive(Debug)]
pub struct Rule {
    /// Its name: kebab case, never reused.
    pub id: &'static str,
    /// Its number in the catalogue: `F3`.
    pub number: &'static str,
    /// What it says, in one sentence.
    pub sentence: &'static str,
    /// What it weighs where a request reaches the place.
    pub request: Verdict,
    /// What it weighs where a response reaches the place.
    pub response: Verdict,
    /// Whether the same messages mean something else afterwards.
    pub behaviour: bool,
    /// The version step of the crate where callers make the value.
    pub sent: Step,
    /// The version step where callers only get it.
    pub received: Step,
    /// Whether other generators would break here, and ours does not (`MAJ*` of the catalogue).
    pub shielded: bool,
    /// What the life-cycle policy says.
    pub policy: Policy,
    /// Whether it is shown only when texts are asked for.
    pub docs: bool,
    /// What oasdiff calls it; `*` stands for any text.
    pub upstream: &'static [&'static str],
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

/// Every rule, in the order of the catalogue.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    let sections: [&[&'static Rule]; 7] =
        [operations::ALL, bodies::ALL, schemas::ALL, security::ALL, lifecycle::ALL, rust::ALL, review::ALL];
    sections.into_iter().flatten().copied()
}

/// The rule of this id.
pub fn by_id(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}

/// What a word of the table says of the wire, and whether behaviour changes.
const fn verdict(word: &str) -> (Verdict, bool) {
    match word.as_bytes() {
        b"BRK" => (Verdict::Break, false),
        b"WRN" => (Verdict::Warn, false),
        b"UND" => (Verdict::Undecided, false),
        b"BEH" => (Verdict::Ok, true),
        b"OK" => (Verdict::Ok, false),
        b"NO" => (Verdict::None, false),
        _ => panic!("a verdict is BRK, WRN, UND, BEH, OK or NO"),
    }
}

/// What a word of the table says of the crate's version, and whether it is the generator that makes it small.
const fn step(word: &str) -> (Step, bool) {
    match word.as_bytes() {
        b"MAJ" => (Step::Major, false),
        b"MIN" => (Step::Minor, false),
        b"SHI" => (Step::Minor, true),
        b"PAT" => (Step::Patch, false),
        _ => panic!("a step is MAJ, MIN, SHI or PAT"),
    }
}

/// What a word of the table says of the policy, and whether the rule is about texts.
const fn policy(word: &str) -> (Policy, bool) {
    match word.as_bytes() {
        b"ERR" => (Policy::Error, false),
        b"INF" => (Policy::Info, false),
        b"DOC" => (Policy::None, true),
        b"-" => (Policy::None, false),
        _ => panic!("a policy is ERR, INF, DOC or -"),
    }
}

/// A line of the table.
const fn rule(
    (id, number): (&'static str, &'static str),
    (request, response): (&str, &str),
    (sent, received): (&str, &str),
    policy_word: &str,
    sentence: &'static str,
    upstream: &'static [&'static str],
) -> Rule {
    let (request, request_behaviour) = verdict(request);
    let (response, response_behaviour) = verdict(response);
    let (sent, sent_shielded) = step(sent);
    let (received, received_shielded) = step(received);
    let (policy, docs) = policy(policy_word);
    let behaviour = request_behaviour || response_behaviour;
    let shielded = sent_shielded || received_shielded;
    Rule { id, number, sentence, request, response, behaviour, sent, received, shielded, policy, docs, upstream }
}

/// A section of the table: constants, and the list of them.
macro_rules! rules {
    ($($name:ident $number:literal $id:literal $req:ident $resp:ident $sent:ident $received:ident $policy:tt
       $sentence:literal [$($upstream:literal)*])*) => {
        $(
            #[doc = $sentence]
            pub static $name: super::Rule = super::rule(
                ($id, $number),
                (stringify!($req), stringify!($resp)),
                (stringify!($sent), stringify!($received)),
                stringify!($policy),
                $sentence,
                &[$($upstream),*],
            );
        )*
        pub(super) static ALL: &[&super::Rule] = &[$(&$name),*];
    };
}
use rules;
