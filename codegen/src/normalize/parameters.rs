//! Arguments of an operation that go into the path, the query, headers or cookies.
//!
//! Parameters of the path item come first; the operation's own replace those of the same name and place.

use super::document::Document;
use super::limits::{assumed, sentences};
use super::names::{Style, distinct, field_name, joined, variant_name};
use super::places::OperationName;
use super::rules;
use super::schemas::Types;
use super::security::Sent;
use super::{paths, styles};
use crate::ir::{Doc, Parameter, ParameterChoice, ParameterPlace, TextKind, TypeExpr};
use crate::spec::Node;
use std::collections::BTreeSet;

/// A parameter that has been found, before it is lowered.
pub(super) struct Found<'a> {
    pub(super) name: &'a str,
    pub(super) place: &'a str,
    pub(super) node: &'a Node,
}

/// Lowers the parameters of an operation but for those that its schemes send, and its choices of exactly one.
pub(super) fn parameters<'a>(
    document: &Document<'a>,
    types: &mut Types<'_, 'a>,
    item: &'a Node,
    named: &OperationName<'a>,
    sent: &Sent,
) -> (Vec<Parameter>, Vec<ParameterChoice>) {
    let mut found = Vec::new();
    for list in [item.get("parameters"), named.node.get("parameters")].into_iter().flatten() {
        collect(document, list, &mut found);
    }
    let in_query: Vec<&str> = found.iter().filter(|one| one.place == "query").map(|one| one.name).collect();
    let target = paths::target(named.path, &in_query);
    let variables = paths::variables(&target);
    let mut lowered: Vec<(Parameter, &str)> = Vec::new();
    for parameter in found {
        if parameter.place == "path" && !variables.contains(&parameter.name) {
            let message = format!("the path has no `{{{}}}`, so this is no parameter", parameter.name);
            let help = "correct the name, or take it away";
            document.report(rules::IGNORED_PATH_PARAMETER, parameter.node, &message, help);
            continue;
        }
        if sent.holds(parameter.place, parameter.name) {
            let message = format!("the operation's security sends `{}`, so this is no parameter", parameter.name);
            document.report(rules::IGNORED_SIGNED_PARAMETER, parameter.node, &message, "");
            continue;
        }
        let chosen = parameter.node.get("x-rust-name").and_then(Node::text);
        if let Some(lowered_parameter) = lower(document, types, &parameter) {
            lowered.push((lowered_parameter, chosen.unwrap_or(parameter.name)));
        }
    }
    for variable in variables {
        let is_declared = lowered.iter().any(|(p, _)| p.place == ParameterPlace::Path && p.wire == variable);
        if !is_declared && !named_in(document, item, named.node, variable) {
            let message = format!("`{{{variable}}}` of the path is not described; it is taken as text");
            document.report(rules::LOOSENED_PATH_PARAMETER, named.node, &message, "describe it under `parameters`");
            lowered.push((path_text(variable), variable));
        }
    }
    let names = argument_names(&lowered);
    for ((parameter, text), name) in lowered.iter().zip(&names) {
        if *name != field_name(text) {
            let message = format!("the name of `{}` is taken, so its argument is called `{name}`", parameter.wire);
            document.report(rules::RENAMED_ARGUMENT, named.node, &message, "choose another with `x-rust-name`");
        }
    }
    let mut parameters: Vec<Parameter> =
        lowered.into_iter().zip(names).map(|((parameter, _), name)| Parameter { name, ..parameter }).collect();
    let choices = choices(document, named, &mut parameters);
    (parameters, choices)
}

fn collect<'a>(document: &Document<'a>, list: &'a Node, found: &mut Vec<Found<'a>>) {
    for node in list.items() {
        let Some(node) = document.resolve(node) else { continue };
        let (Some(name), Some(place)) = (node.get("name").and_then(Node::text), node.get("in").and_then(Node::text))
        else {
            document.report(rules::PARAMETER_SHAPE, node, "a parameter needs `name` and `in`", "write both as text");
            continue;
        };
        let parameter = Found { name, place, node };
        let same = |other: &&mut Found<'_>| {
            let equal = other.name == name || (place == "header" && other.name.eq_ignore_ascii_case(name));
            equal && other.place == place
        };
        match found.iter_mut().find(same) {
            Some(other) => *other = parameter,
            None => found.push(parameter),
        }
    }
}

/// Whether a path variable has a parameter, even one that could not be lowered.
fn named_in<'a>(document: &Document<'a>, item: &'a Node, operation: &'a Node, name: &str) -> bool {
    let lists = [item.get("parameters"), operation.get("parameters")].into_iter().flatten().flat_map(Node::items);
    lists.filter_map(|node| document.references.resolve(node).ok()).any(|resolved| {
        let is = |key: &str, value: &str| resolved.node.get(key).and_then(Node::text) == Some(value);
        is("in", "path") && is("name", name)
    })
}

fn path_text(name: &str) -> Parameter {
    Parameter {
        name: String::new(),
        wire: name.to_owned(),
        place: ParameterPlace::Path,
        style: ParameterPlace::Path.usual(),
        ty: TypeExpr::Text(TextKind::Plain),
        required: true,
        doc: Doc::default(),
        deprecated: false,
    }
}

fn lower<'a>(document: &Document<'a>, types: &mut Types<'_, 'a>, found: &Found<'a>) -> Option<Parameter> {
    let node = found.node;
    let place = styles::place(document, found)?;
    let (schema, style) = styles::style(document, found, place);
    let is_required = node.get("required").and_then(Node::bool) == Some(true);
    if place == ParameterPlace::Path && !is_required {
        let help = "write `required: true`";
        document.report(rules::LOOSENED_PATH_PARAMETER, node, "a path parameter is always required", help);
    }
    let lowered = schema.map(|schema| types.lower_node(schema));
    let (ty, mut doc, deprecated) = match lowered {
        Some(lowered) => (lowered.ty, lowered.doc, lowered.deprecated),
        None => (TypeExpr::Any, Doc::default(), false),
    };
    let ty = styles::value_type(document, types, found, (schema, style), ty);
    doc.description = node.get("description").and_then(Node::text).map(str::to_owned).or(doc.description);
    doc.notes.extend(assumed(node));
    if node.get("example").is_some() && schema.is_none_or(|schema| schema.get("example").is_none()) {
        doc.notes.extend(sentences(node).into_iter().filter(|note| note.starts_with("Example")));
    }
    Some(Parameter {
        name: String::new(),
        wire: found.name.to_owned(),
        place,
        style,
        ty,
        required: is_required || place == ParameterPlace::Path,
        doc,
        deprecated: deprecated || node.get("deprecated").and_then(Node::bool) == Some(true),
    })
}

/// RFC 9110 `token`.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Names of arguments: a name that two places share gets the place, but in the path.
fn argument_names(parameters: &[(Parameter, &str)]) -> Vec<String> {
    let names: Vec<String> = parameters.iter().map(|(_, name)| field_name(name)).collect();
    let shared = |at: usize| names.iter().enumerate().any(|(other, name)| other != at && *name == names[at]);
    let wishes: Vec<(String, String)> = parameters
        .iter()
        .enumerate()
        .map(|(at, (parameter, text))| {
            let suffix = match parameter.place {
                ParameterPlace::Path => "",
                ParameterPlace::Query => "_query",
                ParameterPlace::Header => "_header",
                ParameterPlace::Cookie => "_cookie",
            };
            let suffix = if shared(at) { suffix } else { "" };
            (format!("{text}{suffix}"), format!("{}{suffix}", names[at].trim_end_matches('_')))
        })
        .zip(&names)
        .map(
            |((text, wish), name)| if wish == name.trim_end_matches('_') { (text, name.clone()) } else { (text, wish) },
        )
        .collect();
    distinct(&wishes, &ARGUMENTS.map(str::to_owned).into(), Style::Snake("param"))
}

/// Names that a call has already, and that other arguments have.
pub(super) const ARGUMENTS: [&str; 17] = [
    "body",
    "by",
    "clone",
    "deadline",
    "extra_header",
    "fmt",
    "from",
    "into",
    "into_future",
    "map",
    "new",
    "no_retry",
    "retry",
    "send_blocking",
    "stall_timeout",
    "timeout",
    "with_raw",
];

/// Takes the parameters of which exactly one is given out of the others.
fn choices(
    document: &Document<'_>,
    named: &OperationName<'_>,
    parameters: &mut Vec<Parameter>,
) -> Vec<ParameterChoice> {
    let Some(list) = named.node.get("x-one-of-parameters") else { return Vec::new() };
    let mut variants: Vec<(String, Parameter)> = Vec::new();
    let mut seen = BTreeSet::new();
    for item in list.items() {
        let name = item.text().unwrap_or_default();
        let Some(at) = parameters.iter().position(|parameter| parameter.wire == name) else {
            let message = format!("there is no parameter `{name}` to choose");
            document.report(rules::ONE_OF_PARAMETERS, item, &message, "name parameters of this operation");
            continue;
        };
        if parameters[at].place == ParameterPlace::Path || !seen.insert(name) {
            let message = format!("`{name}` can't be one of several");
            let help = "name parameters of the query or of headers, each once";
            document.report(rules::ONE_OF_PARAMETERS, item, &message, help);
            continue;
        }
        let parameter = parameters.remove(at);
        variants.push((name.to_owned(), Parameter { required: true, ..parameter }));
    }
    if variants.len() < 2 {
        let help = "name at least two parameters";
        document.report(rules::ONE_OF_PARAMETERS, list, "a choice needs at least two parameters", help);
        return Vec::new();
    }
    let wishes: Vec<(String, String)> = variants.iter().map(|(text, _)| (text.clone(), variant_name(text))).collect();
    let names = distinct(&wishes, &BTreeSet::new(), Style::Pascal("Value"));
    let variants = names.into_iter().zip(variants).map(|(name, (_, parameter))| (name, parameter)).collect();
    vec![ParameterChoice { name: "by".to_owned(), type_name: joined(&named.stem, "By"), variants }]
}
