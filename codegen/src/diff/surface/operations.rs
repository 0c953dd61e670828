//! Operations: where their methods stand, what they take and give.

use super::explained::Which;
use super::{Found, Side, code, indices, shown, types};
use crate::diff::report::{Direction, Place, Report};
use crate::diff::rules::{self, Rule};
use crate::ir::{Ir, Operation};
use crate::operations::{client_of, parameters, responses};
use crate::references::escape_token;
use crate::spec::Node;
use std::collections::{BTreeMap, BTreeSet};

/// Compares all operations that both documents have, by method and path.
pub(super) fn compare(found: &mut Found<'_, '_>, report: &Report) {
    let key = |operation: &Operation| (operation.method.clone(), operation.path.clone());
    let new: BTreeMap<_, &Operation> =
        found.sides.new.ir.operations.iter().map(|operation| (key(operation), operation)).collect();
    let indices = indices(report);
    let old = found.sides.old.ir;
    for was in &old.operations {
        let index = indices.get(&key(was)).copied();
        match new.get(&key(was)) {
            Some(is) => pair(found, (was, is), index),
            None => left_out(found, was, index, false),
        }
    }
    let known: BTreeSet<_> = old.operations.iter().map(key).collect();
    for is in found.sides.new.ir.operations.iter().filter(|operation| !known.contains(&key(operation))) {
        left_out(found, is, indices.get(&key(is)).copied(), true);
    }
    types::errors(found, report);
}

/// An operation that only one of the crates has, and both documents: `info.x-crate.skip` leaves it out of the other.
fn left_out(found: &mut Found<'_, '_>, operation: &Operation, index: Option<usize>, is_new: bool) {
    let at = pointer(operation);
    let has = |side: &Side<'_>| {
        let item = side.node(&format!("/paths/{}", escape_token(&operation.path)));
        let item = item.and_then(|item| side.references.behind(item).ok());
        item.is_some_and(|item| item.get(&operation.method.to_lowercase()).is_some())
    };
    if !has(&found.sides.old) || !has(&found.sides.new) {
        return;
    }
    let (rule, words) = match is_new {
        true => (&rules::METHOD_ADDED, "has a method that was left out:"),
        false => (&rules::METHOD_REMOVED, "has a method less, which is left out:"),
    };
    let message = format!("the client {words} {}", shown(&operation.name));
    found.tell_at(rule, (&at, &at), message, &operation.name).of_operation(index, Direction::Request);
}

type Pair<'o> = (&'o Operation, &'o Operation);

fn pair(found: &mut Found<'_, '_>, pair: Pair<'_>, index: Option<usize>) {
    names(found, pair, index);
    arguments(found, pair, index);
    setters(found, pair, index);
    results(found, pair, index);
}

fn pointer(operation: &Operation) -> String {
    format!("/paths/{}/{}", escape_token(&operation.path), operation.method.to_lowercase())
}

fn tell(
    found: &mut Found<'_, '_>,
    rule: &'static Rule,
    (old, new): Pair<'_>,
    (index, direction): (Option<usize>, Direction),
    message: String,
    detail: &str,
) {
    let place = |side: &Side<'_>, operation: &Operation| -> Place { side.place_at(&pointer(operation)) };
    let places = (Some(place(&found.sides.old, old)), Some(place(&found.sides.new, new)));
    found.tell(rule, places, message, detail).of_operation(index, direction);
}

/// Where the method stands and what it is called.
fn names(found: &mut Found<'_, '_>, pair: Pair<'_>, index: Option<usize>) {
    let (old, new) = pair;
    let stands = |ir: &Ir, operation: &Operation| format!("{}::{}", client_of(ir, operation).name, operation.name);
    let (was, is) = (stands(found.sides.old.ir, old), stands(found.sides.new.ir, new));
    let id = |operation| format!("{}/operationId", pointer(operation));
    let by_id =
        found.explained.above(Which::Old, &id(old)) || found.explained.above(Which::New, &id(new)) || old.id != new.id;
    let by_tag = found.explained.around(Which::Old, &format!("{}/tags", pointer(old)))
        || found.explained.around(Which::New, &format!("{}/tags", pointer(new)));
    let at = (index, Direction::Request);
    let client_moved = was.split("::").next() != is.split("::").next();
    if was != is && (client_moved || !by_id) {
        tell(
            found,
            &rules::METHOD_MOVED,
            pair,
            at,
            format!("the method {} is {} now", shown(&was), shown(&is)),
            "method",
        );
    }
    let marker = |operation: &Operation| format!("operations::{}::{}", operation.module, operation.marker);
    let (was, is) = (marker(old), marker(new));
    if was != is && !by_id && !by_tag {
        let message = format!("the marker {} is {} now", shown(&was), shown(&is));
        tell(found, &rules::METHOD_MOVED, pair, at, message, "marker");
    }
}

/// Positional arguments, by their order and types: names do not count in Rust.
fn arguments(found: &mut Found<'_, '_>, pair: Pair<'_>, index: Option<usize>) {
    let list = |ir: &Ir, operation: &Operation| -> Vec<(String, String)> {
        let arguments = parameters::arguments(ir, operation);
        arguments.iter().map(|argument| (argument.name.to_string(), code(&argument.ty))).collect()
    };
    let (was, is) = (list(found.sides.old.ir, pair.0), list(found.sides.new.ir, pair.1));
    let types = |list: &[(String, String)]| list.iter().map(|(_, ty)| ty.clone()).collect::<Vec<_>>();
    // The same names in another order swap values without a word of the compiler.
    let swapped = was != is && {
        let sorted = |list: &[(String, String)]| {
            let mut list = list.to_vec();
            list.sort();
            list
        };
        sorted(&was) == sorted(&is)
    };
    // Whether a change is explained costs a walk: it is asked for last.
    let renamed_only = types(&was) == types(&is) && !swapped;
    if renamed_only || is_told(found, pair) || is_request_explained(found, pair) {
        return;
    }
    let words = |list: &[(String, String)]| {
        list.iter().map(|(name, ty)| format!("{name}: {ty}")).collect::<Vec<_>>().join(", ")
    };
    let message = format!("the method {} took ({}) and takes ({})", shown(&pair.1.name), words(&was), words(&is));
    tell(found, &rules::ARGUMENT_TYPE_CHANGED, pair, (index, Direction::Request), message, "arguments");
}

fn setters(found: &mut Found<'_, '_>, pair: Pair<'_>, index: Option<usize>) {
    let list = |ir: &Ir, operation: &Operation| -> BTreeMap<String, String> {
        let setters = parameters::setters(ir, operation);
        setters.iter().map(|setter| (setter.argument.method.to_string(), code(&setter.argument.ty))).collect()
    };
    let (was, is) = (list(found.sides.old.ir, pair.0), list(found.sides.new.ir, pair.1));
    if is_told(found, pair) {
        return;
    }
    for (name, ty) in &was {
        let now = is.get(name);
        if now == Some(ty) {
            continue;
        }
        let at = (index, Direction::Request);
        if let (None, Some(to)) = (now, renamed(pair, name)) {
            let message = format!("the setter {} of {} is called {}", shown(name), shown(&pair.1.name), shown(&to));
            tell(found, &rules::MEMBER_RENAMED, pair, at, message, name);
        } else if !is_request_explained(found, pair) {
            let message = match now {
                Some(now) => {
                    format!("the setter {} of {} took `{ty}` and takes `{now}`", shown(name), shown(&pair.1.name))
                }
                None => format!("the setter {} of {} is gone", shown(name), shown(&pair.1.name)),
            };
            tell(found, &rules::ARGUMENT_TYPE_CHANGED, pair, at, message, name);
        }
    }
}

/// What the setter of a parameter is called now, if the parameter is the same.
fn renamed((old, new): Pair<'_>, name: &str) -> Option<String> {
    let was = old.parameters.iter().find(|parameter| parameter.name == name && !parameter.required)?;
    let same = |parameter: &&crate::ir::Parameter| {
        parameter.wire == was.wire && parameter.place == was.place && !parameter.required && parameter.name != was.name
    };
    new.parameters.iter().find(same).map(|parameter| parameter.name.clone())
}

/// Whether an argument's type has a fate that is told.
fn is_told(found: &Found<'_, '_>, (old, new): Pair<'_>) -> bool {
    parameters::types(old).chain(parameters::types(new)).any(|ty| found.is_told(ty))
}

/// Whether a major change stands among what the request is made of.
fn is_request_explained(found: &Found<'_, '_>, (old, new): Pair<'_>) -> bool {
    let explained = |which: Which, side: &Side<'_>, operation: &Operation| {
        let at = pointer(operation);
        let path = at.rsplit_once('/').map_or("", |(path, _)| path).to_owned();
        let parts = [format!("{at}/parameters"), format!("{at}/requestBody"), format!("{path}/parameters")];
        parts.iter().any(|part| found.explained.around(which, part) || is_within(found, which, side, part))
    };
    explained(Which::Old, &found.sides.old, old) || explained(Which::New, &found.sides.new, new)
}

fn is_within(found: &Found<'_, '_>, which: Which, side: &Side<'_>, pointer: &str) -> bool {
    let node: Option<&Node> = side.node(pointer);
    node.is_some_and(|node| found.explained.within(which, side, node))
}

/// What a call yields, and its errors.
fn results(found: &mut Found<'_, '_>, pair: Pair<'_>, index: Option<usize>) {
    let (old, new) = pair;
    let told = responses::content_types(old).chain(responses::content_types(new)).any(|ty| found.is_told(ty));
    if told || old.id != new.id {
        // The types of several results are called after the operation.
        return;
    }
    let explained = |which: Which, side: &Side<'_>, operation: &Operation| {
        let at = format!("{}/responses", pointer(operation));
        found.explained.around(which, &at) || is_within(found, which, side, &at)
    };
    let outputs = (code(&responses::output(old)), code(&responses::output(new)));
    let errors = (code(&responses::error(old)), code(&responses::error(new)));
    if outputs.0 == outputs.1 && errors.0 == errors.1 {
        return;
    }
    if explained(Which::Old, &found.sides.old, old) || explained(Which::New, &found.sides.new, new) {
        return;
    }
    let at = (index, Direction::Response);
    let (was, is) = outputs;
    if was != is {
        let message = format!("the method {} gave `{was}` and gives `{is}`", shown(&new.name));
        tell(found, &rules::RETURN_TYPE_CHANGED, pair, at, message, "output");
    }
    let (was, is) = errors;
    if was != is {
        let message = format!("the error of {} was `{was}` and is `{is}`", shown(&new.name));
        tell(found, &rules::ERROR_TYPE_CHANGED, pair, at, message, "error");
    }
}
