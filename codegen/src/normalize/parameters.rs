//! Arguments of an operation that go into the path, the query or headers.
//!
//! Parameters of the path item come first; the operation's own replace those of the same name and place.

use super::document::Document;
use super::limits::{assumed, sentences};
use super::names::{Style, distinct, field_name, joined, variant_name};
use super::places::OperationName;
use super::rules;
use super::schemas::Types;
use crate::ir::{Doc, Parameter, ParameterChoice, ParameterPlace, TextKind, TypeExpr, TypeKind};
use crate::spec::Node;
use std::collections::BTreeSet;

/// A parameter that has been found, before it is lowered.
struct Found<'a> {
    name: &'a str,
    place: &'a str,
    node: &'a Node,
}

/// Lowers the parameters of an operation, and its choices of exactly one.
pub(super) fn parameters<'a>(
    document: &Document<'a>,
    types: &mut Types<'_, 'a>,
    item: &'a Node,
    named: &OperationName<'a>,
) -> (Vec<Parameter>, Vec<ParameterChoice>) {
    let mut found = Vec::new();
    for list in [item.get("parameters"), named.node.get("parameters")].into_iter().flatten() {
        collect(document, list, &mut found);
    }
    let variables = path_variables(named.path);
    let mut lowered: Vec<(Parameter, &str)> = Vec::new();
    for parameter in found {
        if parameter.place == "path" && !variables.contains(&parameter.name) {
            let message = format!("the path has no `{{{}}}`", parameter.name);
            document.report(rules::PATH_VARIABLE_ABSENT, parameter.node, &message, "correct the name, or take it away");
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
        match found.iter_mut().find(|other| other.name == name && other.place == place) {
            Some(other) => *other = parameter,
            None => found.push(parameter),
        }
    }
}

/// Names in braces, in their order.
fn path_variables(path: &str) -> Vec<&str> {
    let mut variables = Vec::new();
    for part in path.split('{').skip(1) {
        if let Some((name, _)) = part.split_once('}')
            && !variables.contains(&name)
        {
            variables.push(name);
        }
    }
    variables
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
        ty: TypeExpr::Text(TextKind::Plain),
        required: true,
        doc: Doc::default(),
        deprecated: false,
    }
}

fn lower<'a>(document: &Document<'a>, types: &mut Types<'_, 'a>, found: &Found<'a>) -> Option<Parameter> {
    let node = found.node;
    let place = place(document, found)?;
    if let Some(content) = node.get("content") {
        let help = "describe the value with `schema`";
        document.report(
            rules::UNSUPPORTED_PARAMETER_CONTENT,
            content,
            "parameters with `content` are not supported yet",
            help,
        );
        return None;
    }
    let Some(schema) = node.get("schema") else {
        document.report(rules::PARAMETER_SHAPE, node, "the parameter has no `schema`", "describe its value");
        return None;
    };
    let is_required = node.get("required").and_then(Node::bool) == Some(true);
    if place == ParameterPlace::Path && !is_required {
        let help = "write `required: true`";
        document.report(rules::LOOSENED_PATH_PARAMETER, node, "a path parameter is always required", help);
    }
    let lowered = types.lower_node(schema);
    let ty = value_type(document, types, found, schema, place, lowered.ty)?;
    let mut doc = Doc {
        summary: lowered.doc.summary,
        description: node.get("description").and_then(Node::text).map(str::to_owned).or(lowered.doc.description),
        url: lowered.doc.url,
        notes: lowered.doc.notes,
    };
    doc.notes.extend(assumed(node));
    if let Some(example) = node.get("example").filter(|_| schema.get("example").is_none()) {
        doc.notes.extend(sentences(node).into_iter().filter(|note| note.starts_with("Example")));
        let _ = example;
    }
    Some(Parameter {
        name: String::new(),
        wire: found.name.to_owned(),
        place,
        ty,
        required: is_required || place == ParameterPlace::Path,
        doc,
        deprecated: lowered.deprecated || node.get("deprecated").and_then(Node::bool) == Some(true),
    })
}

fn place(document: &Document<'_>, found: &Found<'_>) -> Option<ParameterPlace> {
    let node = found.node;
    let style = node.get("style").and_then(Node::text);
    let explode = node.get("explode").and_then(Node::bool);
    let (usual, place) = match found.place {
        "path" => ("simple", ParameterPlace::Path),
        "query" => ("form", ParameterPlace::Query { explode: explode.unwrap_or(true) }),
        "header" => {
            let ours = ["accept", "content-type", "authorization"];
            if ours.contains(&found.name.to_ascii_lowercase().as_str()) {
                let message =
                    format!("OpenAPI gives the header `{}` no meaning as a parameter, so it is none", found.name);
                let help = "describe it with media types, or with security";
                document.report(rules::RESERVED_HEADER, node, &message, help);
                return None;
            }
            if !is_token(found.name) {
                let message = "the name is not that of a header";
                document.report(rules::HEADER_NAME, node, message, "write letters, digits and '-' only");
                return None;
            }
            ("simple", ParameterPlace::Header)
        }
        "cookie" => {
            let help = "take it away, or let the client's own cookie store carry it";
            document.report(rules::UNSUPPORTED_COOKIE_PARAMETER, node, "cookie parameters are not supported yet", help);
            return None;
        }
        other => {
            let message = format!("a parameter can't be in `{other}`");
            document.report(rules::PARAMETER_SHAPE, node, &message, "write `path`, `query` or `header`");
            return None;
        }
    };
    if let Some(style) = style.filter(|style| *style != usual) {
        let message = format!("the style `{style}` is not supported yet for a parameter in `{}`", found.place);
        let help = format!("use `style: {usual}`, if the provider takes it");
        document.report(rules::UNSUPPORTED_PARAMETER_STYLE, node, &message, &help);
        return None;
    }
    if node.get("allowReserved").and_then(Node::bool) == Some(true) {
        let message = "reserved characters are percent-encoded all the same";
        document.report(rules::LOOSENED_ALLOW_RESERVED, node, message, "");
    }
    Some(place)
}

/// RFC 9110 `token`.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// The type of a value that becomes text, or a list of them in a query.
fn value_type<'a>(
    document: &Document<'a>,
    types: &Types<'_, 'a>,
    found: &Found<'a>,
    schema: &'a Node,
    place: ParameterPlace,
    ty: TypeExpr,
) -> Option<TypeExpr> {
    if let (TypeExpr::List(item), ParameterPlace::Query { .. }) = (&ty, place) {
        let item = match item.as_ref() {
            TypeExpr::Nullable(inner) => inner.as_ref().clone(),
            other => other.clone(),
        };
        return scalar(document, types, found, schema, item).map(|item| TypeExpr::List(Box::new(item)));
    }
    scalar(document, types, found, schema, ty)
}

fn scalar<'a>(
    document: &Document<'a>,
    types: &Types<'_, 'a>,
    found: &Found<'a>,
    schema: &'a Node,
    ty: TypeExpr,
) -> Option<TypeExpr> {
    let loosened = || {
        let message = format!("values of `{}` have several types; they are taken as text", found.name);
        document.report(rules::LOOSENED_PARAMETER, schema, &message, "give it one type");
        Some(TypeExpr::Text(TextKind::Plain))
    };
    let refused = |what: &str| {
        let message = format!("`{}` is {what}, which is not supported yet in `{}`", found.name, found.place);
        document.report(rules::UNSUPPORTED_PARAMETER_TYPE, schema, &message, "describe the text that goes on the wire");
        None
    };
    match &ty {
        TypeExpr::Any => loosened(),
        TypeExpr::List(_) => refused("a list"),
        TypeExpr::Map(_) => refused("an object"),
        TypeExpr::Nullable(inner) => scalar(document, types, found, schema, inner.as_ref().clone()),
        TypeExpr::Named(key) => match types.draft(key).map(|draft| &draft.def.kind) {
            Some(TypeKind::Struct(_)) => refused("an object"),
            Some(TypeKind::Union(union)) => {
                let plain = union.branches.iter().all(|branch| match &branch.ty {
                    TypeExpr::Named(key) => {
                        matches!(types.draft(key).map(|draft| &draft.def.kind), Some(TypeKind::Enum(_)))
                    }
                    TypeExpr::Any | TypeExpr::List(_) | TypeExpr::Map(_) | TypeExpr::Nullable(_) => false,
                    _ => true,
                });
                if plain { loosened() } else { refused("an object or a list") }
            }
            Some(TypeKind::Enum(_)) | None => Some(ty),
        },
        _ => Some(ty),
    }
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
                ParameterPlace::Query { .. } => "_query",
                ParameterPlace::Header => "_header",
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
pub(super) const ARGUMENTS: [&str; 11] =
    ["body", "by", "clone", "extra_header", "fmt", "from", "into", "into_future", "map", "new", "timeout"];

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
