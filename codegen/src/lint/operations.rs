//! Paths, operations, contents and security.

use super::kinds::Kind;
use super::servers::is_dots;
use super::shape::follow;
use super::{Lint, parameters, rules};
use crate::finding::shortened;
use crate::spec::{Key, Mark, Node, Value};
use std::collections::HashMap;

/// The methods of a path.
pub(crate) const METHODS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Looks at everything below `tags`, `security` and `paths`.
pub(super) fn check(lint: &mut Lint<'_>) {
    tags(lint);
    paths(lint);
    operation_ids(lint);
    for kind in [Kind::Parameter, Kind::RequestBody, Kind::Response] {
        for node in lint.all(kind) {
            contents(lint, node);
        }
    }
    for node in lint.all(Kind::Response) {
        for (key, header) in node.get("headers").into_iter().flat_map(Node::members) {
            header_name(lint, &key.text, key.at, header);
        }
    }
    for node in lint.all(Kind::Responses) {
        responses(lint, node);
    }
    let root = &lint.spec().root;
    security(lint, root);
    for operation in lint.all(Kind::Operation) {
        security(lint, operation);
    }
    for scheme in lint.all(Kind::SecurityScheme) {
        scheme_fields(lint, scheme);
    }
}

fn tags(lint: &mut Lint<'_>) {
    let mut declared: HashMap<&str, Mark> = HashMap::new();
    for tag in lint.all(Kind::Tag) {
        let Some(node) = tag.get("name") else { continue };
        let Some(name) = node.text() else { continue };
        if let Some(first) = declared.insert(name, node.at) {
            let message = format!("the tag `{}` is declared here and at {first}", shortened(name, 60));
            lint.on(rules::TAG_DUPLICATE, node, message);
        }
    }
    for operation in lint.all(Kind::Operation) {
        let tags = operation.get("tags");
        let count = tags.map(Node::items).unwrap_or_default().len();
        if count != 1 {
            let at = tags.map_or_else(|| lint.key_at(operation), |tags| tags.at);
            let message = format!("this operation has {count} tags");
            lint.at(rules::ONE_TAG, at, operation, message).help("give it the one tag of its chapter in the manual");
        }
        for tag in tags.map(Node::items).unwrap_or_default() {
            let Some(name) = tag.text() else { continue };
            if !declared.contains_key(name) {
                let similar = crate::finding::similar(name, declared.keys().copied());
                let help = similar.map(|name| format!("did you mean `{name}`?"));
                let message = format!("the tag `{}` is not declared", shortened(name, 60));
                lint.on(rules::TAG_UNDECLARED, tag, message)
                    .maybe_help(help.or_else(|| Some("add it to `tags`, with a description".to_owned())));
            }
        }
    }
}

fn paths(lint: &mut Lint<'_>) {
    let mut forms: HashMap<String, Mark> = HashMap::new();
    let Some(paths) = lint.spec().root.get("paths") else { return };
    for (key, item) in paths.members().filter(|(key, _)| !key.text.starts_with("x-")) {
        let variables = match variables(&key.text) {
            Ok(variables) => variables,
            Err(problem) => {
                let message = format!("the path `{}` {problem}", shortened(&key.text, 80));
                lint.at(rules::PATH_SYNTAX, key.at, item, message)
                    .help("write it as the manual does: `/orders/{orderId}`");
                continue;
            }
        };
        let form = variables.iter().fold(key.text.clone(), |form, name| form.replace(&format!("{{{name}}}"), "{}"));
        if let Some(first) = forms.insert(form, key.at) {
            let message = format!("this path differs from the one at {first} only by the names of its variables");
            lint.at(rules::PATH_AMBIGUOUS, key.at, item, message);
        }
        // A path item may be a reference, which has a finding of its own if it leads nowhere.
        let item = follow(&lint.references, item).unwrap_or(item);
        for (method, operation) in item.members().filter(|(method, _)| METHODS.contains(&method.text.as_str())) {
            parameters::parameters(lint, key, &variables, item, method, operation);
            repeat(lint, method, operation);
            if operation.get("responses").is_none_or(|responses| responses.members().next().is_none()) {
                let message = "this operation has no response";
                lint.at(rules::RESPONSE_MISSING, method.at, operation, message).help("add `responses`");
            }
        }
    }
}

/// The variables of a path template, or what is wrong with it.
fn variables(path: &str) -> Result<Vec<&str>, &'static str> {
    if !path.starts_with('/') {
        return Err("does not begin with `/`");
    }
    if path.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("holds white space or control characters");
    }
    let (mut names, mut fixed, mut rest) = (Vec::new(), String::new(), path);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("has a `{` without `}`")?;
        if name.is_empty() || name.contains(['{', '/', '?', '#']) {
            return Err("has a variable without a proper name");
        }
        if names.contains(&name) {
            return Err("has a variable twice");
        }
        names.push(name);
        fixed.push_str(before);
        fixed.push('x');
        rest = after;
    }
    fixed.push_str(rest);
    if fixed.contains(['}', '?', '#', '\\']) {
        return Err("holds `?`, `#`, `\\` or a stray `}`");
    }
    if fixed.split('/').any(is_dots) {
        return Err("has a segment `.` or `..`, which leads elsewhere");
    }
    Ok(names)
}

fn repeat(lint: &mut Lint<'_>, method: &Key, operation: &Node) {
    if operation.get("x-repeat").is_none() {
        let message = "this operation does not say whether it may be repeated";
        lint.at(rules::REPEAT_MISSING, method.at, operation, message)
            .help("add `x-repeat: safe`, `unsafe` (the default) or `never`");
    }
}

fn operation_ids(lint: &mut Lint<'_>) {
    let mut places: HashMap<&str, Mark> = HashMap::new();
    for operation in lint.all(Kind::Operation) {
        let Some(node) = operation.get("operationId") else {
            let at = lint.key_at(operation);
            lint.at(rules::OPERATION_ID_MISSING, at, operation, "this operation has no operationId")
                .help("add `operationId: verb_noun`");
            continue;
        };
        let Some(id) = node.text() else { continue };
        // A path item that several paths refer to may be here more than once.
        if let Some(first) = places.insert(id, node.at).filter(|first| *first != node.at) {
            let message = format!("the operationId `{}` stands here and at {first}", shortened(id, 60));
            lint.on(rules::OPERATION_ID_DUPLICATE, node, message).help("give each operation an id of its own");
        }
        if id.trim().is_empty() {
            lint.on(rules::OPERATION_ID_MISSING, node, "this operationId is empty").help("write `verb_noun`");
        } else if !is_snake_case(id) {
            let message = format!("the operationId `{}` is not snake case", shortened(id, 60));
            lint.on(rules::OPERATION_ID_STYLE, node, message).help("write `verb_noun`: `list_orders`");
        }
    }
}

fn is_snake_case(id: &str) -> bool {
    let plain = id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    plain && id.starts_with(|c: char| c.is_ascii_lowercase()) && !id.ends_with('_') && !id.contains("__")
}

pub(super) fn header_name(lint: &mut Lint<'_>, name: &str, at: Mark, node: &Node) {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(token) {
        let message = format!("`{}` can't be the name of a header", shortened(name, 60));
        lint.at(rules::HEADER_NAME, at, node, message).help("use letters, digits and `-`");
    }
}

fn contents(lint: &mut Lint<'_>, holder: &Node) {
    for (key, content) in holder.get("content").into_iter().flat_map(Node::members) {
        let range = key.text.split(';').next().unwrap_or_default().trim();
        let part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+*".contains(&b))
        };
        let fits = range.split_once('/').is_some_and(|(first, second)| part(first) && part(second));
        if !fits || key.text.contains(char::is_control) {
            let message = format!("`{}` is not a media type", shortened(&key.text, 60));
            lint.at(rules::MEDIA_TYPE, key.at, content, message).help("write `application/json`");
        } else if content.get("schema").is_none() {
            let message = format!("the content `{}` has no schema", shortened(&key.text, 60));
            lint.at(rules::SCHEMA_MISSING, key.at, content, message).help("add `schema`");
        }
    }
}

fn responses(lint: &mut Lint<'_>, responses: &Node) {
    for (key, response) in responses.members().filter(|(key, _)| !key.text.starts_with("x-")) {
        let digits = key.text.as_bytes();
        let range = matches!(digits, [b'1'..=b'5', b'X', b'X']);
        let exact = matches!(digits, [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9']);
        if !range && !exact && key.text != "default" {
            let message = format!("`{}` is not a status", shortened(&key.text, 60));
            lint.at(rules::RESPONSE_STATUS, key.at, response, message).help("write `'200'`, `'4XX'` or `default`");
        }
    }
}

fn security(lint: &mut Lint<'_>, holder: &Node) {
    let schemes = lint.spec().root.at_pointer("/components/securitySchemes");
    let names: Vec<&str> = schemes.into_iter().flat_map(Node::members).map(|(key, _)| key.text.as_str()).collect();
    for requirement in holder.get("security").map(Node::items).unwrap_or_default() {
        for (key, scopes) in requirement.members() {
            if !names.contains(&key.text.as_str()) {
                let similar = crate::finding::similar(&key.text, names.iter().copied());
                let help = match similar {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => "declare it under `components.securitySchemes`".to_owned(),
                };
                let message = format!("there is no security scheme `{}`", shortened(&key.text, 60));
                lint.at(rules::UNKNOWN_SCHEME, key.at, scopes, message).help(help);
            }
        }
    }
}

fn scheme_fields(lint: &mut Lint<'_>, scheme: &Node) {
    if scheme.get("x-signing").is_none() {
        // What such a scheme sends follows from these fields; `signing` looks at them.
        return;
    }
    let text = |key| scheme.get(key).and_then(Node::text);
    let needed: &[&str] = match text("type") {
        Some("apiKey") => &["name", "in"],
        Some("http") => &["scheme"],
        Some("oauth2") => &["flows"],
        Some("openIdConnect") => &["openIdConnectUrl"],
        _ => &[],
    };
    for name in needed.iter().filter(|name| scheme.get(name).is_none()) {
        let at = lint.key_at(scheme);
        lint.at(rules::MISSING_KEY, at, scheme, format!("this security scheme lacks `{name}`"))
            .help("OpenAPI requires it for this type");
    }
    if text("in") == Some("header")
        && let Some(node) = scheme.get("name")
        && let Value::Text(name) = &node.value
    {
        header_name(lint, name, node.at, node);
    }
}
