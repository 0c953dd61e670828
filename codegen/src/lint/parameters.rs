//! Parameters: of a path, of an operation, and the variables of the path template that they fill.

use super::kinds::Kind;
use super::operations::header_name;
use super::rules::Rule;
use super::shape::follow;
use super::{Lint, rules};
use crate::finding::{Level, shortened};
use crate::spec::{Key, Node};

/// Looks at every parameter by itself.
pub(super) fn check(lint: &mut Lint<'_>) {
    for parameter in lint.all(Kind::Parameter) {
        shape_of_parameter(lint, parameter);
    }
}

/// Looks at the parameters of one operation together.
pub(super) fn parameters<'a>(
    lint: &mut Lint<'a>,
    path: &Key,
    variables: &[&str],
    item: &'a Node,
    method: &Key,
    operation: &'a Node,
) {
    let mut known: Vec<(&str, &str, &'a Node)> = Vec::new();
    let lists = [item.get("parameters"), operation.get("parameters")];
    for (own, list) in lists.into_iter().enumerate() {
        let first_own = known.len();
        for node in list.map(Node::items).unwrap_or_default() {
            let Some(parameter) = follow(&lint.references, node) else { continue };
            let text = |key| parameter.get(key).and_then(Node::text);
            let (Some(place), Some(name)) = (text("in"), text("name")) else { continue };
            let same = |(other_place, other, _): &(&str, &str, &Node)| {
                *other_place == place && (*other == name || (place == "header" && other.eq_ignore_ascii_case(name)))
            };
            match known.iter().position(same) {
                // An operation may override its path's parameters, each once.
                Some(index) if own == 1 && index < first_own => known[index] = (place, name, node),
                Some(index) => {
                    let (first, equal) = (known[index].2.at, known[index].2.to_json() == node.to_json());
                    let message = format!("the {place} parameter `{}` stands here and at {first}", shortened(name, 60));
                    // Two equal ones do no harm.
                    let level = if equal { Level::Warning } else { Level::Error };
                    let rule = Rule { level, ..rules::DUPLICATE_PARAMETER };
                    lint.on(rule, node, message).help("remove one of the two");
                }
                None => known.push((place, name, node)),
            }
        }
    }
    for (place, name, node) in known.iter().filter(|(place, ..)| *place == "path") {
        if !variables.contains(name) {
            let similar = crate::finding::similar(name, variables.iter().copied());
            let help = similar.map(|name| format!("did you mean `{name}`?"));
            let message = format!(
                "the {place} parameter `{}` does not stand in `{}`",
                shortened(name, 60),
                shortened(&path.text, 80)
            );
            lint.on(rules::PATH_VARIABLE_ABSENT, node, message).maybe_help(help);
        }
    }
    for name in variables {
        if !known.iter().any(|(place, other, _)| *place == "path" && other == name) {
            let message = format!("`{}` of the path is not declared as a parameter", shortened(name, 60));
            lint.at(rules::PATH_VARIABLE_UNDECLARED, method.at, operation, message).help(format!(
                "add `{{name: {name}, in: path, required: true, schema: {{type: string}}}}` to `parameters`"
            ));
        }
    }
    one_of_parameters(lint, operation, &known);
}

fn one_of_parameters<'a>(lint: &mut Lint<'a>, operation: &Node, known: &[(&str, &str, &'a Node)]) {
    let Some((key, list)) = operation.entry("x-one-of-parameters") else { return };
    if list.items().len() < 2 {
        let message = "`x-one-of-parameters` needs two names or more";
        lint.at(rules::ONE_OF_PARAMETERS, key.at, list, message).help("write `x-one-of-parameters: [email, phone]`");
    }
    for (index, item) in list.items().iter().enumerate() {
        let Some(name) = item.text() else { continue };
        if list.items().iter().take(index).any(|other| other.text() == Some(name)) {
            lint.on(rules::ONE_OF_PARAMETERS, item, format!("`{}` stands here twice", shortened(name, 60)))
                .maybe_help(None);
        }
        match known.iter().find(|(_, other, _)| *other == name) {
            None => {
                let similar = crate::finding::similar(name, known.iter().map(|(_, name, _)| *name));
                let help = similar.map(|name| format!("did you mean `{name}`?"));
                let message = format!("this operation has no parameter `{}`", shortened(name, 60));
                lint.on(rules::ONE_OF_PARAMETERS, item, message).maybe_help(help);
            }
            Some((place, _, node)) => {
                let required = follow(&lint.references, node).and_then(|node| node.get("required")?.bool());
                if required == Some(true) || *place == "path" {
                    let message = format!("`{}` is required, so it can't be one of several", shortened(name, 60));
                    lint.on(rules::ONE_OF_PARAMETERS, item, message).help("remove `required: true` from the parameter");
                }
            }
        }
    }
}

fn shape_of_parameter(lint: &mut Lint<'_>, parameter: &Node) {
    let text = |key| parameter.get(key).and_then(Node::text);
    let (Some(place), Some(name)) = (text("in"), text("name")) else { return };
    let name_at = parameter.get("name").map_or(parameter.at, |node| node.at);
    if name.is_empty() {
        lint.at(rules::PARAMETER_SHAPE, name_at, parameter, "a parameter's name is empty").maybe_help(None);
    }
    if place == "path" && parameter.get("required").is_none_or(|required| required.bool() == Some(false)) {
        let message = format!("the path parameter `{}` is not required", shortened(name, 60));
        lint.at(rules::PARAMETER_SHAPE, name_at, parameter, message).help("add `required: true`");
    }
    if place == "header" {
        header_name(lint, name, name_at, parameter);
        if ["accept", "content-type", "authorization"].contains(&name.to_ascii_lowercase().as_str()) {
            let message = format!("OpenAPI ignores a header parameter named `{}`", shortened(name, 60));
            lint.at(rules::RESERVED_HEADER, name_at, parameter, message)
                .help("the client sets it from the contents and from security");
        }
    }
    let content = parameter.get("content").map(|content| content.members().count());
    match (parameter.get("schema"), content) {
        (Some(_), None) | (None, Some(1)) => {}
        _ => {
            let message = format!("the parameter `{}` needs either a schema or one content", shortened(name, 60));
            lint.at(rules::PARAMETER_SHAPE, parameter.at, parameter, message).help("add `schema: {type: string}`");
        }
    }
}
