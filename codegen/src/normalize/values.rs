//! The values that a schema lists: text, integers, or what they have in common; and which may follow which.

use super::atoms::Atom;
use super::canonical::{Choices, Kind};
use super::document::Document;
use super::json_types::Word;
use super::{limits, rules};
use crate::ir::{IntegerKind, Transitions, TypeExpr};
use crate::spec::{Node, Value};
use std::collections::BTreeSet;

/// The values of an enum: text, integers, or what they have in common.
pub(super) fn choices<'a>(
    document: &Document<'a>,
    values: Vec<&'a Node>,
    word: Option<Word>,
    kind: Kind<'a>,
    notes: &mut Vec<String>,
) -> Kind<'a> {
    let mut texts: Vec<String> = Vec::new();
    let mut integers: Vec<String> = Vec::new();
    let mut others: Vec<&'a Node> = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for value in values.iter().copied().filter(|value| !matches!(value.value, Value::Null)) {
        let (list, text) = match (&value.value, word) {
            (Value::Text(text), _) => (&mut texts, text.clone()),
            // A bare `10` or `true` in a list of texts is what YAML makes of it; JSON can only mean the text.
            (Value::Number(text), Some(Word::String)) => {
                as_text(document, value, text);
                (&mut texts, text.clone())
            }
            (Value::Bool(flag), Some(Word::String)) => {
                as_text(document, value, &flag.to_string());
                (&mut texts, flag.to_string())
            }
            (Value::Number(text), _) if text.parse::<i64>().is_ok() => (&mut integers, text.clone()),
            _ => {
                others.push(value);
                continue;
            }
        };
        if !seen.insert(text.clone()) {
            document.report(
                rules::LOOSENED_REPEATED_VALUE,
                value,
                &format!("`{text}` stands twice in this list"),
                "take one away",
            );
        } else {
            list.push(text);
        }
    }
    match (texts.is_empty(), integers.is_empty(), others.is_empty()) {
        (false, true, true) if matches!(word, None | Some(Word::String)) => {
            Kind::Choices(Choices { values: texts, ..Choices::default() })
        }
        (true, false, true) if matches!(word, None | Some(Word::Integer | Word::Number)) => {
            Kind::Choices(Choices { integer: true, values: integers, ..Choices::default() })
        }
        (true, true, true) => kind,
        _ => {
            notes.push(listed(&values));
            if let Some(value) = others.iter().find(|value| matches!(value.value, Value::List(_) | Value::Map(_))) {
                let message = "a list or an object can't be a constant of a type; its type is taken";
                document.report(rules::LOOSENED_CONST, value, message, "");
            }
            let booleans = others.iter().all(|value| matches!(value.value, Value::Bool(_)));
            let numbers = others.iter().all(|value| matches!(value.value, Value::Number(_)));
            let large = others.iter().all(|value| matches!(&value.value, Value::Number(n) if n.parse::<u64>().is_ok()));
            let negative = integers.iter().any(|value| value.starts_with('-'));
            let inferred = match (texts.is_empty(), integers.is_empty(), booleans, numbers) {
                (true, true, true, _) => Kind::Scalar(TypeExpr::Bool),
                (true, _, _, true) if large && !negative => Kind::Scalar(TypeExpr::Integer(IntegerKind::U64)),
                (true, _, _, true) => Kind::Scalar(TypeExpr::Float),
                _ => Kind::Any,
            };
            let declared = word.is_some() && !matches!(inferred, Kind::Scalar(TypeExpr::Integer(_)));
            if !declared
                && matches!(inferred, Kind::Any)
                && let [value, _, ..] = values.as_slice()
            {
                let message = "values of different types are listed, so any value is taken";
                document.report(rules::LOOSENED_MIXED_ENUM, value, message, "list values of one type");
            }
            let taken = if declared { kind } else { inferred };
            too_large(document, &others, &taken);
            taken
        }
    }
}

/// Reports integers of a list that the type of the list can't hold.
fn too_large(document: &Document<'_>, values: &[&Node], taken: &Kind<'_>) {
    let fits = |text: &str| match taken {
        Kind::Scalar(TypeExpr::Integer(IntegerKind::U64)) => text.parse::<u64>().is_ok(),
        Kind::Scalar(TypeExpr::Integer(_) | TypeExpr::Float) => false,
        _ => true,
    };
    // What is no integer at all is another matter.
    let is_integer = |text: &str| text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit());
    for value in values {
        if let Value::Number(text) = &value.value
            && is_integer(text)
            && !fits(text)
        {
            let message = "no integer here holds this value and those beside it, so it can't be read as it is";
            document.report(rules::LOOSENED_INTEGER, value, message, "list text, or values of 64 bits");
        }
    }
}

/// The values in a sentence.
fn listed(values: &[&Node]) -> String {
    let shown: Vec<String> = values.iter().map(|value| limits::code(&value.to_json().to_string())).collect();
    match shown.as_slice() {
        [only] => format!("Always {only}."),
        _ => format!("One of {}.", shown.join(", ")),
    }
}

/// Reads what generators of other languages put beside `enum`: a name, or a description, for each value.
pub(super) fn value_names(choices: &mut Choices, atoms: &[Atom<'_>]) {
    for atom in atoms {
        let Some(values) = atom.get("enum").map(Node::items) else { continue };
        let text = |value: &Node| match &value.value {
            Value::Text(text) | Value::Number(text) => Some(text.clone()),
            _ => None,
        };
        let lists = |keys: [&str; 2]| keys.into_iter().find_map(|key| atom.node.get(key));
        for (list, is_name) in [
            (lists(["x-enum-varnames", "x-enumNames"]), true),
            (lists(["x-enum-descriptions", "x-enumDescriptions"]), false),
        ] {
            let Some(list) = list.filter(|list| list.items().len() == values.len()) else { continue };
            for (value, said) in values.iter().zip(list.items()) {
                let (Some(value), Some(said)) = (text(value), said.text().filter(|said| !said.is_empty())) else {
                    continue;
                };
                match is_name {
                    true => drop(choices.names.insert(value, said.to_owned())),
                    false => choices.docs.entry(value).or_default().description = Some(said.to_owned()),
                }
            }
        }
    }
}

fn as_text(document: &Document<'_>, value: &Node, text: &str) {
    let message = format!("{text} is not text, which the type asks for; the text is meant");
    document.report(rules::LOOSENED_ENUM_VALUE, value, &message, &format!("write '{text}' in quotes"));
}

/// Reads `x-transitions`, `x-final` and `x-synonyms`; names that are not among the values are [`crate::lint`]'s to
/// report and left out.
pub(super) fn life_cycle<'a>(choices: &mut Choices, nodes: impl Iterator<Item = &'a Node> + Clone) {
    if choices.integer {
        return;
    }
    let find = |key: &str| nodes.clone().find_map(|node| node.get(key));
    let values = &choices.values;
    let is_value = |text: &str| values.iter().any(|value| value == text);
    let named = |list: &Node| {
        let mut names: Vec<String> = Vec::new();
        for name in list.items().iter().filter_map(Node::text).filter(|name| is_value(name)) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    };
    choices.transitions = find("x-transitions").map(|table| {
        let entries = table.members().filter(|(from, _)| is_value(&from.text));
        let next: Vec<(String, Vec<String>)> =
            entries.map(|(from, list)| (from.text.clone(), named(list))).filter(|(_, to)| !to.is_empty()).collect();
        let finals = find("x-final").map_or_else(
            || values.iter().filter(|value| next.iter().all(|(from, _)| from != *value)).cloned().collect(),
            named,
        );
        Transitions { next, finals }
    });
    let words = find("x-synonyms").into_iter().flat_map(Node::members);
    let pairs = words.filter_map(|(word, same)| Some((word.text.as_str(), same.text()?)));
    let pairs = pairs.filter(|(word, same)| word != same && is_value(word) && is_value(same));
    choices.synonyms = pairs.map(|(word, same)| (word.to_owned(), same.to_owned())).collect();
    // Without `x-final`, another word for a value is as final as that value.
    if find("x-final").is_none()
        && let Some(transitions) = &mut choices.transitions
    {
        transitions.finals.retain(|value| choices.synonyms.iter().all(|(word, _)| word != value));
    }
}
