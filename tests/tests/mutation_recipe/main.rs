//! Changes each part of a recipe, one at a time: every change must be noticed.
//!
//! 1. [`changes`] lists the changes: each key of each step, each header, each rule.
//! 2. A changed recipe is read and checked; what the check refuses is noticed there.
//! 3. Else the provider's vectors are run against it.
//! 4. What vectors can't see (the form of what is drawn, the receiver's rules) is tried with requests:
//!    signed by the changed recipe and judged by the independent verifier, and the other way round.
//!
//! The table of all changes is printed.

mod appsmiles;
mod cardlytics;
mod changes;
mod clevertap;
mod clutch;
mod requests;

use changes::{Change, changes};
use countersign_auth::document::{Value, recipe};
use countersign_auth::recipe::Recipe;
use countersign_auth::vectors::{Outcome, VectorFile, run};
use countersign_auth::{CheckedRecipe, check};
use countersign_codegen::spec::{Node, Value as Spec};
use countersign_tests::{document, vectors};
use std::io::Write as _;

/// What a changed recipe is tried with.
type Probe = fn(&CheckedRecipe) -> Result<(), String>;

/// A recipe under its name in the vectors.
struct Original {
    name: &'static str,
    recipe: Value,
    vectors: VectorFile,
    probes: &'static [(&'static str, Probe)],
}

#[test]
fn clutch_every_change_is_noticed() {
    let probes: &[(&str, Probe)] = &[
        ("signed request", clutch::signs_for_the_independent_verifier),
        ("received request", clutch::takes_what_is_signed_independently),
    ];
    let recipe = part_of_spec("clutch", "/components/securitySchemes/clutch/x-signing");
    every_change_is_noticed(&Original::new("clutch", "clutch", recipe, probes));
}

#[test]
fn clevertap_every_change_is_noticed() {
    let probes: &[(&str, Probe)] = &[
        ("signed request", clevertap::signs_for_the_independent_verifier),
        ("received request", clevertap::takes_the_credentials_alone),
    ];
    let recipe = part_of_spec("clevertap", "/components/securitySchemes/clevertap/x-signing");
    every_change_is_noticed(&Original::new("clevertap", "clevertap", recipe, probes));
}

#[test]
fn cardlytics_every_change_is_noticed() {
    let probes: &[(&str, Probe)] = &[
        ("signed request", cardlytics::signs_for_the_independent_verifier),
        ("received request", cardlytics::takes_what_is_signed_independently),
    ];
    let recipe = part_of_spec("cardlytics", "/components/securitySchemes/cardlytics/x-signing");
    every_change_is_noticed(&Original::new("cardlytics", "cardlytics", recipe, probes));
}

/// Its rules are promises to a receiver that is not here: a token that is given is verified by nobody of ours.
#[test]
fn cardlytics_user_experience_every_change_is_noticed() {
    let probes: &[(&str, Probe)] = &[("token given", cardlytics::gives_for_the_independent_verifier)];
    let recipe = part_of_spec("cardlytics", "/components/x-signing-recipes/cardlytics_user_experience");
    let original = Original::new("cardlytics", "cardlytics_user_experience", recipe, probes);
    original.notices(|change| !change.place.starts_with("/rules"));
}

/// The template with the hole filled as the scheme of user calls does.
#[test]
fn appsmiles_every_change_is_noticed() {
    every_change_is_noticed(&appsmiles_scheme("appsmiles_user"));
}

/// The other two schemes differ in what fills the hole.
#[test]
fn appsmiles_every_change_of_whose_token_is_noticed() {
    for scheme in ["appsmiles_backend", "appsmiles_none"] {
        appsmiles_scheme(scheme).notices(|change| change.place.starts_with("/values/subject"));
    }
}

fn appsmiles_scheme(scheme: &'static str) -> Original {
    let mut recipe = part_of_spec("appsmiles", "/components/x-signing-recipes/appsmiles");
    let subject = part_of_spec("appsmiles", &format!("/components/securitySchemes/{scheme}/x-signing/with/subject"));
    changes::replace(&mut recipe, "/values/subject", subject);
    let probes: &[(&str, Probe)] = match scheme {
        "appsmiles_user" => &[
            ("signed request", |recipe| appsmiles::signs_for_the_independent_verifier("appsmiles_user", recipe)),
            ("received request", |recipe| appsmiles::takes_what_is_signed_independently("appsmiles_user", recipe)),
        ],
        "appsmiles_backend" => &[
            ("signed request", |recipe| appsmiles::signs_for_the_independent_verifier("appsmiles_backend", recipe)),
            ("received request", |recipe| appsmiles::takes_what_is_signed_independently("appsmiles_backend", recipe)),
        ],
        _ => &[
            ("signed request", |recipe| appsmiles::signs_for_the_independent_verifier("appsmiles_none", recipe)),
            ("received request", |recipe| appsmiles::takes_what_is_signed_independently("appsmiles_none", recipe)),
        ],
    };
    Original::new("appsmiles", scheme, recipe, probes)
}

fn part_of_spec(provider: &str, pointer: &str) -> Value {
    let spec = countersign_codegen::parse::read(&document::spec_file(provider, "openapi.yaml")).expect("the spec");
    value(spec.root.at_pointer(pointer).expect("this part of the spec"))
}

fn every_change_is_noticed(original: &Original) {
    let changes = original.notices(|_| true);
    let untouched = changes::untouched(&original.recipe, &changes);
    assert!(untouched.is_empty(), "nothing changes {untouched:?}");
}

impl Original {
    fn new(provider: &str, name: &'static str, recipe: Value, probes: &'static [(&'static str, Probe)]) -> Original {
        let text = std::fs::read_to_string(vectors::file(provider)).expect("vectors");
        let mut vectors = VectorFile::parse(&text).expect("vectors");
        // The other schemes of the provider have recipes of their own.
        vectors.cases.retain(|case| case.recipe == name);
        Original { name, recipe, vectors, probes }
    }

    /// Tries the changes that `which` lets pass, prints the table, and returns them.
    fn notices(&self, which: impl Fn(&Change) -> bool) -> Vec<Change> {
        let noticed = |recipe: &Value| noticed(self.name, recipe, &self.vectors, self.probes);
        assert_eq!(noticed(&self.recipe), None, "{}: the recipe as it is", self.name);
        let changes: Vec<Change> = changes(&self.recipe).into_iter().filter(which).collect();
        assert!(!changes.is_empty(), "{}: no changes", self.name);
        let mut table = Vec::new();
        let mut missed = Vec::new();
        for Change { place, change, recipe } in &changes {
            let noticed = noticed(recipe);
            if noticed.is_none() {
                missed.push(format!("{place}: {change}"));
            }
            table.push([place.clone(), change.clone(), noticed.unwrap_or_else(|| "NOTHING".to_owned())]);
        }
        print(self.name, &table);
        let (count, all) = (missed.len(), changes.len());
        assert!(missed.is_empty(), "{}: {count} of {all} changes went unnoticed:\n{}", self.name, missed.join("\n"));
        changes
    }
}

/// What notices that this is not the provider's recipe.
fn noticed(name: &str, value: &Value, vectors: &VectorFile, probes: &[(&str, Probe)]) -> Option<String> {
    let recipe = match recipe(name, value, "") {
        Ok(recipe) => recipe,
        Err(errors) => {
            return Some(format!("reading: {}", errors.first().map(ToString::to_string).unwrap_or_default()));
        }
    };
    let checked = match check(recipe.clone()) {
        Ok(checked) => checked,
        Err(errors) => return Some(format!("check: {}", errors.first().map(ToString::to_string).unwrap_or_default())),
    };
    if let Some(failure) = failing_vector(vectors, recipe) {
        return Some(failure);
    }
    probes.iter().find_map(|(what, probe)| probe(&checked).err().map(|reason| format!("{what}: {reason}")))
}

fn failing_vector(vectors: &VectorFile, recipe: Recipe) -> Option<String> {
    let outcomes = run(vectors, &[recipe]);
    assert!(!outcomes.is_empty(), "there are vectors");
    outcomes.into_iter().find_map(|case| match case.outcome {
        Outcome::Passed => None,
        Outcome::Failed { step, .. } => Some(format!("vector {}: {step}", case.name)),
    })
}

fn value(node: &Node) -> Value {
    match &node.value {
        Spec::Null => Value::Null,
        Spec::Bool(value) => Value::Bool(*value),
        Spec::Number(text) => Value::Number(text.clone()),
        Spec::Text(text) => Value::Text(text.clone()),
        Spec::List(items) => Value::List(items.iter().map(value).collect()),
        Spec::Map(members) => Value::Map(members.iter().map(|(key, node)| (key.text.clone(), value(node))).collect()),
    }
}

/// Straight to standard output: the table is shown also when the test passes.
fn print(name: &str, table: &[[String; 3]]) {
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let (place, change) = (width(0), width(1));
    let mut text = format!("\n{name}: {} changes of the recipe\n", table.len());
    for row in table {
        text.push_str(&format!("{:place$}  {:change$}  {}\n", row[0], row[1], row[2]));
    }
    drop(std::io::stdout().write_all(text.as_bytes()));
}
