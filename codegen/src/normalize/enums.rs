//! Names of an enum's values. Enums are open: a value that is not listed survives.
//!
//! Text is its own name. An integer is called by the title that a branch of `oneOf` gives it, else by its digits.

use super::canonical::Choices;
use super::names::{Style, distinct, variant_name};
use crate::ir::{Enum, Variant};
use std::collections::BTreeSet;

/// Variants for values, in their order.
pub(super) fn lower(choices: &Choices) -> Enum {
    let wishes: Vec<(String, String)> =
        choices.values.iter().map(|value| (value.clone(), variant_name(called(choices, value)))).collect();
    // The catch-all keeps its name whatever a provider's values are.
    let taken = BTreeSet::from(["Unrecognized".to_owned()]);
    let names = distinct(&wishes, &taken, Style::Pascal("Value"));
    let variants = choices.values.iter().zip(names).map(|(value, name)| Variant {
        name,
        wire: value.clone(),
        integer: choices.integer,
        doc: choices.docs.get(value).cloned().unwrap_or_default(),
    });
    let (transitions, synonyms) = (choices.transitions.clone(), choices.synonyms.clone());
    Enum { variants: variants.collect(), transitions, synonyms }
}

fn called<'c>(choices: &'c Choices, value: &'c str) -> &'c str {
    let title = choices.docs.get(value).and_then(|doc| doc.summary.as_deref());
    title.filter(|title| choices.integer && title.len() <= LONGEST_TITLE).unwrap_or(value)
}

/// Longer titles are sentences.
const LONGEST_TITLE: usize = 48;
