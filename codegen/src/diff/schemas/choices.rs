//! Enums, constants, and values that an extension lists.

use super::Pair;
use crate::diff::compare::{Compare, Use};
use crate::diff::rules;
use crate::diff::schema::{Choice, Schema};
use crate::diff::values::canonical;
use crate::finding::shortened;
use crate::spec::Node;
use std::collections::{HashMap, HashSet};

pub(super) fn compare<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    match (&pair.old.values, &pair.new.values) {
        (Some(old), Some(new)) => values(compare, pair, old, new),
        (None, Some(_)) => {
            let node = pair.new.values_node.unwrap_or(pair.new_node);
            let (rule, message) = match (pair.new.is_const, pair.usage) {
                (true, _) => (&rules::CONST_ADDED, "this must be one certain value"),
                (_, Use::Parameter) => (&rules::PARAMETER_BECAME_ENUM, "this parameter must be one of a list"),
                _ => (&rules::BECAME_ENUM, "this must be one of a list"),
            };
            compare.emit(rule, pair.old_node, node, message);
        }
        (Some(_), None) => {
            let node = pair.old.values_node.unwrap_or(pair.old_node);
            let (rule, message) = match pair.old.is_const {
                true => (&rules::CONST_REMOVED, "this no longer is one certain value"),
                false => (&rules::NO_LONGER_ENUM, "this no longer is one of a list"),
            };
            compare.emit(rule, node, pair.new_node, message);
        }
        (None, None) => {}
    }
    extensible(compare, pair);
}

fn is_open(schema: &Schema<'_>) -> bool {
    schema.extensible.is_some()
}

fn values<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>, old: &[Choice<'a>], new: &[Choice<'a>]) {
    let missing = |from: &[Choice<'a>], other: &[Choice<'a>]| -> Vec<Choice<'a>> {
        let known: std::collections::HashSet<&str> = other.iter().map(|choice| choice.text.as_str()).collect();
        from.iter().filter(|choice| !known.contains(choice.text.as_str())).cloned().collect()
    };
    let (mut removed, mut added) = (missing(old, new), missing(new, old));
    let nodes = (pair.old.values_node.unwrap_or(pair.old_node), pair.new.values_node.unwrap_or(pair.new_node));
    if let ([was], [is]) = (removed.as_slice(), added.as_slice())
        && pair.old.is_const
        && pair.new.is_const
    {
        let message = format!("the fixed value was {} and is {}", shown(was), shown(is));
        compare.emit(&rules::CONST_CHANGED, was.node, is.node, message);
        return;
    }
    for (was, is) in renamed(&mut removed, &mut added) {
        let message = format!("the value {} is spelt {} now", shown(&was), shown(&is));
        compare.emit(&rules::ENUM_VALUE_RENAMED, was.node, is.node, message).detail(was.text);
    }
    for choice in removed {
        let message = format!("the value {} is gone", shown(&choice));
        compare.emit(&rules::ENUM_VALUE_REMOVED, choice.node, nodes.1, message).detail(choice.text);
    }
    let rule = if is_open(pair.old) { &rules::EXTENSIBLE_VALUE_ADDED } else { &rules::ENUM_VALUE_ADDED };
    for choice in added {
        let message = format!("the value {} is new", shown(&choice));
        compare.emit(rule, nodes.0, choice.node, message).detail(choice.text);
    }
}

/// Takes values out that went and came back the same but for case and separators.
fn renamed<'a>(removed: &mut Vec<Choice<'a>>, added: &mut Vec<Choice<'a>>) -> Vec<(Choice<'a>, Choice<'a>)> {
    let plain = |choice: &Choice<'_>| -> String {
        choice.text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let mut known: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, choice) in added.iter().enumerate().rev() {
        known.entry(plain(choice)).or_default().push(index);
    }
    let (mut pairs, mut taken) = (Vec::new(), HashSet::new());
    removed.retain(|was| {
        let text = plain(was);
        let same = known.get_mut(&text).filter(|_| !text.is_empty()).and_then(Vec::pop);
        let Some(index) = same else { return true };
        pairs.push((was.clone(), added[index].clone()));
        taken.insert(index);
        false
    });
    let mut index = 0;
    added.retain(|_| {
        index += 1;
        !taken.contains(&(index - 1))
    });
    pairs
}

fn shown(choice: &Choice<'_>) -> String {
    shortened(&format!("`{}`", choice.text.trim_matches('"')), 80)
}

/// `x-extensible-enum`: a mark, or a list of values of its own.
fn extensible<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    match (pair.old.extensible, pair.new.extensible) {
        (Some(old), Some(new)) => {
            let texts = |node: &Node| node.items().iter().map(canonical).collect::<Vec<_>>();
            let (was, is) = (texts(old), texts(new));
            let set = |texts: &[String]| texts.iter().cloned().collect::<HashSet<_>>();
            let (known, now) = (set(&was), set(&is));
            for (item, text) in old.items().iter().zip(&was).filter(|(_, text)| !now.contains(*text)) {
                let message = format!("the value `{}` is gone", shortened(text.trim_matches('"'), 80));
                compare.emit(&rules::ENUM_VALUE_REMOVED, item, new, message).detail(text.clone());
            }
            for (item, text) in new.items().iter().zip(&is).filter(|(_, text)| !known.contains(*text)) {
                let message = format!("the value `{}` is new", shortened(text.trim_matches('"'), 80));
                compare.emit(&rules::EXTENSIBLE_VALUE_ADDED, old, item, message).detail(text.clone());
            }
        }
        (Some(old), None) => {
            compare.emit(&rules::EXTENSIBLE_REMOVED, old, pair.new_node, "this list of values is closed now");
        }
        (None, Some(new)) => {
            compare.emit(&rules::EXTENSIBLE_ADDED, pair.old_node, new, "this list of values is open now");
        }
        (None, None) => {}
    }
}
