//! Request signing: the resolved recipe of each scheme, step by step, and which operations it covers.
//!
//! What is compared are recipes as the engine runs them, `use` and `with` resolved, so neither the spelling of the
//! extension nor the names of steps count. A recipe begins at what is sent and is followed to its sources. What the
//! engine does not understand is a change of its own, never silence.

mod rules_of_recipes;
mod steps;

use super::compare::Compare;
use super::model::Side;
use super::values::canonical_without_texts;
use super::{rules, security};
use crate::finding::shortened;
use crate::signing;
use crate::spec::{Node, Spec};
use countersign_auth::recipe::{Output, Recipe};
use std::collections::{BTreeMap, BTreeSet};

/// Whether a scheme of this name declares how it signs.
fn signs(side: &Side<'_>, name: &str) -> bool {
    security::declared(side).get(name).is_some_and(|scheme| scheme.get("x-signing").is_some())
}

/// How much an operation is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Duty {
    None,
    Choice,
    Always,
}

fn duty(alternatives: &[BTreeSet<String>], signed: &impl Fn(&str) -> bool) -> Duty {
    let with = alternatives.iter().filter(|schemes| schemes.iter().any(|name| signed(name))).count();
    match with {
        0 => Duty::None,
        count if count == alternatives.len() => Duty::Always,
        _ => Duty::Choice,
    }
}

/// Compares by what two operations are signed.
pub(super) fn operation<'a>(compare: &mut Compare<'a>, old: &'a Node, new: &'a Node) {
    let sets = |side: &Side<'a>, operation| {
        let sets = signing::security_of(side.spec, operation).into_iter();
        sets.map(|names| names.into_iter().collect::<BTreeSet<String>>()).collect::<Vec<_>>()
    };
    let (was, is) = (sets(&compare.old, old), sets(&compare.new, new));
    let renamed = compare.renamed_schemes.clone();
    let new_name = |name: &str| renamed.get(name).map_or_else(|| name.to_owned(), |name| (*name).to_owned());
    // A scheme that signs on one side only is a change of its declaration.
    let signed = |name: &str| signs(&compare.old, name) || signs(&compare.new, name);
    let duties = (duty(&was, &signed), duty(&is, &signed));
    let names = |sets: &[BTreeSet<String>]| {
        sets.iter().flatten().filter(|name| signed(name)).map(|name| new_name(name)).collect::<BTreeSet<_>>()
    };
    let same = names(&was) == names(&is);
    let nodes = (old.get("security").unwrap_or(old), new.get("security").unwrap_or(new));
    let (rule, message) = match duties {
        (Duty::None, Duty::Always) => (&rules::SIGNING_ADDED, "requests of this operation must be signed"),
        (Duty::None, Duty::Choice) => (&rules::SIGNING_OFFERED, "requests of this operation may be signed"),
        (Duty::Choice, Duty::Always) => (&rules::SIGNING_MANDATORY, "requests of this operation must be signed"),
        (was, is) if is < was => (&rules::SIGNING_WEAKENED, "requests of this operation need not be signed any more"),
        _ if !same => (&rules::SIGNED_OPERATIONS_CHANGED, "requests of this operation are signed by another scheme"),
        _ => return,
    };
    compare.emit(rule, nodes.0, nodes.1, message);
}

/// Whatever a document says of signing.
fn extension(spec: &Spec) -> Vec<&Node> {
    let schemes = spec.root.at_pointer("/components/securitySchemes").into_iter().flat_map(Node::members);
    let of_schemes = schemes.filter_map(|(_, scheme)| scheme.get("x-signing"));
    let shared = ["/components/x-signing-recipes", "/components/x-signing-sessions"];
    of_schemes.chain(shared.iter().filter_map(|pointer| spec.root.at_pointer(pointer))).collect()
}

/// Compares the recipes of two documents.
pub(super) fn declarations(compare: &mut Compare<'_>) {
    let (old_spec, new_spec) = (compare.old.spec, compare.new.spec);
    let (old_parts, new_parts) = (extension(old_spec), extension(new_spec));
    if old_parts.is_empty() && new_parts.is_empty() {
        return;
    }
    let text = |parts: &[&Node]| parts.iter().map(|part| canonical_without_texts(part)).collect::<Vec<_>>();
    if text(&old_parts) == text(&new_parts) && compare.renamed_schemes.is_empty() {
        return;
    }
    let (old, old_errors) = signing::recipes_as_written(old_spec);
    let (new, new_errors) = signing::recipes_as_written(new_spec);
    if let Some(error) = new_errors.iter().find(|error| !old_errors.contains(error)) {
        let error = shortened(error, 200);
        let message = format!("the new document's signing is not understood, or contradicts itself: {error}");
        let nodes = (old_parts.first().copied(), new_parts.first().copied());
        compare.emit(&rules::SIGNING_NOT_UNDERSTOOD, nodes.0, nodes.1, message);
    }
    let by_name = |recipes: &[Recipe]| {
        recipes.iter().map(|recipe| (recipe.name.to_string(), recipe.clone())).collect::<BTreeMap<_, _>>()
    };
    let (old, new) = (by_name(&old), by_name(&new));
    both(compare, &old, &new);
    sessions(compare);
}

type Recipes = BTreeMap<String, Recipe>;

fn both(compare: &mut Compare<'_>, old: &Recipes, new: &Recipes) {
    let outside = compare.work.at;
    let renamed = compare.renamed_schemes.clone();
    let to = |name: &str| renamed.get(name).map_or_else(|| name.to_owned(), |name| (*name).to_owned());
    for (name, recipe) in old {
        let is_token = matches!(recipe.output, Output::Give(_));
        let (was, is) = (place(compare.old.spec, name), place(compare.new.spec, &to(name)));
        // Recipes without a scheme are functions of the crate: the document has them, and no operation.
        if !is_token {
            security::reached_by(compare, &to(name));
        }
        match new.get(&to(name)) {
            Some(other) => steps::compare(compare, (name, recipe), (&to(name), other)),
            None if is_token => {
                compare.work.at = outside;
                let message = format!("the recipe `{}` is gone, and with it a function", shortened(name, 60));
                compare.emit(&rules::RECIPE_REMOVED, was, is, message).detail(name.clone());
            }
            // The scheme is there and says nothing of signing: its requests are sent plain.
            None if security::declared(&compare.new).contains_key(to(name).as_str()) => {
                let message = format!("the scheme `{}` no longer says how requests are signed", shortened(name, 60));
                compare.emit(&rules::SIGNING_WEAKENED, was, is, message).detail(name.clone());
            }
            None => {}
        }
        compare.work.at = outside;
    }
    let known: BTreeSet<String> = old.keys().map(|name| to(name)).collect();
    for (name, recipe) in new.iter().filter(|(name, _)| !known.contains(*name)) {
        let is = place(compare.new.spec, name);
        let was = security::declared(&compare.old).get(name.as_str()).copied();
        if matches!(recipe.output, Output::Give(_)) {
            let message = format!("the recipe `{}` is new", shortened(name, 60));
            compare.emit(&rules::RECIPE_ADDED, None, is, message).detail(name.clone());
        } else if was.is_some() {
            security::reached_by(compare, name);
            let message = format!("the scheme `{}` says how requests are signed", shortened(name, 60));
            compare.emit(&rules::SIGNING_ADDED, was, is, message).detail(name.clone());
        }
        compare.work.at = outside;
    }
}

/// Where a recipe's steps stand, or its scheme.
fn place<'a>(spec: &'a Spec, name: &str) -> Option<&'a Node> {
    signing::recipe_pointer(spec, name).and_then(|pointer| spec.root.at_pointer(&pointer))
}

/// What a session is taken from, and how long it lasts.
fn sessions(compare: &mut Compare<'_>) {
    let (old, new) = (compare.old.root(), compare.new.root());
    let pointer = "/components/x-signing-sessions";
    let (Some(old), Some(new)) = (old.at_pointer(pointer), new.at_pointer(pointer)) else { return };
    for (name, was) in old.members() {
        let Some(is) = new.get(&name.text) else { continue };
        for key in ["from", "at", "kind", "ends", "on-reject", "rejected", "lifetime", "lifetime-at"] {
            let (before, after) = (was.get(key), is.get(key));
            if before.map(canonical_without_texts) != after.map(canonical_without_texts) {
                let message = format!("`{key}` of the session `{}` changed", shortened(&name.text, 60));
                let nodes = (before.unwrap_or(was), after.unwrap_or(is));
                compare.emit(&rules::SESSION_CHANGED, nodes.0, nodes.1, message).detail(key);
            }
        }
    }
}
