//! Names of an enum's values. Enums are open: a value that is not listed survives.
//!
//! A value is called what the document calls it, beside the list or by the title of a branch of its own; else text is
//! its own name, and an integer is its digits.

use super::canonical::Choices;
use super::names::{Style, distinct, variant_name};
use crate::ir::{Enum, Variant};
use std::collections::{BTreeMap, BTreeSet};

/// Variants for values, in their order.
pub(super) fn lower(choices: &Choices) -> Enum {
    let titles = titles(choices);
    let wish = |value: &String| variant_name(titles.get(value.as_str()).copied().unwrap_or(value));
    let wishes: Vec<(String, String)> = choices.values.iter().map(|value| (value.clone(), wish(value))).collect();
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

/// What the document calls values: `x-enum-varnames`, else the titles of branches, if they tell all values apart.
fn titles(choices: &Choices) -> BTreeMap<&str, &str> {
    let names = choices.values.iter().filter_map(|value| Some((value.as_str(), choices.names.get(value)?.as_str())));
    let titles = choices.values.iter().filter_map(|value| {
        let title = choices.docs.get(value)?.summary.as_deref()?;
        (title.len() <= LONGEST_TITLE).then_some((value.as_str(), title))
    });
    let different = |found: BTreeMap<&'_ str, &'_ str>| {
        let names: BTreeSet<String> = found.values().map(|name| variant_name(name)).collect();
        names.len() == found.len()
    };
    let names: BTreeMap<&str, &str> = names.collect();
    let titles: BTreeMap<&str, &str> = titles.collect();
    match (names.is_empty(), different(names.clone()), different(titles.clone())) {
        (false, true, _) => names,
        (_, _, true) => titles,
        _ => BTreeMap::new(),
    }
}

/// Longer titles are sentences.
const LONGEST_TITLE: usize = 48;
