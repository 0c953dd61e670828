//! What an operation is signed with: OpenAPI's `security`, resolved, and the session that it needs.
//!
//! 1. The operation's own requirements, or the document's.
//! 2. What can be met by nothing, or contradicts itself, is reported where it stands.
//! 3. The alternative without schemes comes last: it is what is left when no credentials are there.
//!
//! An alternative that nothing can meet is left out only if there are others. So an operation never becomes
//! unsigned because a document is wrong: its calls fail, and name what they need.

use super::document::Document;
use super::rules;
use crate::ir::Scheme;
use crate::signing::{Signing, security_of};
use crate::spec::{Node, Spec};
use countersign_auth::recipe::{self, Expression, Input, Output, Source};

/// The alternatives of an operation, each a set of schemes that all apply.
pub(super) fn security(document: &Document<'_>, node: &Node, signing: &Signing) -> Vec<Vec<String>> {
    let mut alternatives: Vec<Vec<String>> = Vec::new();
    let mut contradictory: Vec<Vec<String>> = Vec::new();
    let mut anonymous = false;
    for mut schemes in security_of(document.spec, node) {
        for name in &schemes {
            declared(document, node, signing, name);
        }
        // A certificate is the connection's business, and adds nothing to the request.
        schemes.retain(|name| !signing.mutual_tls.contains(name));
        // They are members of a map, which have no order.
        schemes.sort();
        if schemes.is_empty() {
            anonymous = true;
        } else if conflict(document, node, signing, &schemes) {
            contradictory.push(schemes);
        } else if !alternatives.contains(&schemes) {
            alternatives.push(schemes);
        }
    }
    if alternatives.is_empty() {
        alternatives = contradictory;
    }
    if anonymous && !alternatives.is_empty() {
        alternatives.push(Vec::new());
    }
    alternatives
}

/// The scopes that an operation asks of each scheme with tokens of OAuth2, where there are any.
pub(super) fn scopes(document: &Document<'_>, node: &Node, signing: &Signing) -> Vec<(String, Vec<String>)> {
    let security = node.get("security").or_else(|| document.spec.root.get("security"));
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for (key, scopes) in security.into_iter().flat_map(Node::items).flat_map(Node::members) {
        let oauth2 = |scheme: &&Scheme| scheme.name == key.text && scheme.oauth2.is_some();
        if !signing.schemes.iter().any(|scheme| oauth2(&scheme)) || found.iter().any(|(name, _)| *name == key.text) {
            continue;
        }
        let mut scopes: Vec<String> =
            scopes.items().iter().filter_map(|scope| scope.text().map(str::to_owned)).collect();
        // They are a set, and asked for as one.
        scopes.sort();
        scopes.dedup();
        found.push((key.text.clone(), scopes));
    }
    found.retain(|(_, scopes)| !scopes.is_empty());
    found.sort();
    found
}

/// The session that a scheme of the operation reads.
pub(super) fn session(
    document: &Document<'_>,
    node: &Node,
    signing: &Signing,
    security: &[Vec<String>],
) -> Option<String> {
    let mut found: Option<&str> = None;
    for name in security.iter().flatten() {
        let Some(scheme) = signing.schemes.iter().find(|scheme| scheme.name == *name) else { continue };
        let Some(session) = session_of(&scheme.recipe).filter(|_| !scheme.standard) else { continue };
        if found.is_some_and(|known| known != session) {
            let message = "the schemes of this operation read different sessions";
            document.report(rules::UNSUPPORTED_SESSIONS, node, message, "let an operation need one session");
        }
        found = Some(session);
    }
    found.map(str::to_owned)
}

/// Reports a scheme that the document does not declare. One that can't be sent is reported by `signing`.
fn declared(document: &Document<'_>, operation: &Node, signing: &Signing, name: &str) {
    let schemes = document.spec.root.get("components").and_then(|components| components.get("securitySchemes"));
    let known = signing.schemes.iter().any(|scheme| scheme.name == *name);
    if known || schemes.is_some_and(|schemes| schemes.get(name).is_some()) {
        return;
    }
    let message = format!("there is no security scheme `{}`", crate::finding::shortened(name, 60).escape_debug());
    let help = "declare it under `components.securitySchemes`; until then, the client's builder takes a signer for it";
    document.report(rules::UNKNOWN_SCHEME, requirement(document.spec, operation, name), &message, help);
}

/// Where an operation, or the document for it, names a scheme.
fn requirement<'n>(spec: &'n Spec, operation: &'n Node, name: &str) -> &'n Node {
    let security = operation.get("security").or_else(|| spec.root.get("security"));
    let mut requirements = security.map(Node::items).unwrap_or_default().iter();
    requirements.find_map(|requirement| requirement.get(name)).unwrap_or(operation)
}

/// Whether two schemes of one set write the same place; reported.
fn conflict(document: &Document<'_>, operation: &Node, signing: &Signing, schemes: &[String]) -> bool {
    let known: Vec<&Scheme> =
        schemes.iter().filter_map(|name| signing.schemes.iter().find(|scheme| scheme.name == *name)).collect();
    for (at, second) in known.iter().enumerate() {
        for first in &known[..at] {
            let Some(place) = shared_place(&first.recipe, &second.recipe) else { continue };
            let message = format!("`{}` and `{}` apply together, and both write {place}", first.name, second.name);
            let help = "name them as alternatives, one list item each, if either is enough";
            let at = requirement(document.spec, operation, &second.name);
            document.report(rules::SECURITY_CONFLICT, at, &message, help);
            return true;
        }
    }
    false
}

fn shared_place(first: &recipe::Recipe, second: &recipe::Recipe) -> Option<String> {
    let (first, second) = match (&first.output, &second.output) {
        (Output::Send(first), Output::Send(second)) => (first, second),
        _ => {
            let others = sent_headers(second);
            let shared = sent_headers(first).into_iter().find(|name| others.iter().any(|other| other == name));
            return shared.map(|name| format!("the header `{name}`"));
        }
    };
    let cookie = |name: &str| name.eq_ignore_ascii_case("cookie");
    for (name, carrier) in first.headers.iter() {
        let other = second.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        // Cookies share a header, each with a name of its own.
        if other.is_some_and(|(_, other)| !cookie(name) || start(other) == start(carrier)) {
            return Some(format!("the header `{name}`"));
        }
    }
    let pair = first.query.iter().find(|(name, _)| second.query.iter().any(|(other, _)| other == name));
    pair.map(|(name, _)| format!("the query pair `{}`", name.escape_debug()))
}

/// The headers that a recipe sends, in lower case.
fn sent_headers(recipe: &recipe::Recipe) -> Vec<String> {
    match &recipe.output {
        Output::Send(send) => send.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect(),
        _ => countersign_auth::custom::headers(recipe).into_iter().map(str::to_ascii_lowercase).collect(),
    }
}

/// What every way to sign an operation sends by itself, so that no caller has to.
#[derive(Debug, Default)]
pub(super) struct Sent(Vec<(&'static str, String)>);

impl Sent {
    /// Whether a parameter of this place and name is sent.
    pub(super) fn holds(&self, place: &str, name: &str) -> bool {
        let same = |sent: &str| if place == "header" { sent.eq_ignore_ascii_case(name) } else { sent == name };
        self.0.iter().any(|(at, sent)| *at == place && same(sent))
    }
}

/// Headers, query pairs and cookies that all alternatives send; one that asks for nothing does not count.
pub(super) fn sent(signing: &Signing, security: &[Vec<String>]) -> Sent {
    let alternatives: Vec<Vec<(&'static str, String)>> =
        security.iter().filter(|schemes| !schemes.is_empty()).map(|schemes| places(signing, schemes)).collect();
    let Some((first, others)) = alternatives.split_first() else { return Sent::default() };
    Sent(first.iter().filter(|place| others.iter().all(|other| other.contains(place))).cloned().collect())
}

fn places(signing: &Signing, schemes: &[String]) -> Vec<(&'static str, String)> {
    let recipes = signing.schemes.iter().filter(|scheme| schemes.contains(&scheme.name)).map(|scheme| &scheme.recipe);
    let mut places = Vec::new();
    for recipe in recipes {
        let cookie = |name: &str| name == "cookie";
        places.extend(sent_headers(recipe).into_iter().filter(|name| !cookie(name)).map(|name| ("header", name)));
        let Output::Send(send) = &recipe.output else { continue };
        places.extend(send.query.iter().map(|(name, _)| ("query", name.to_string())));
        let cookies = send.headers.iter().filter(|(name, _)| cookie(&name.to_ascii_lowercase()));
        let names = cookies.filter_map(|(_, carrier)| start(carrier)?.strip_suffix('='));
        places.extend(names.map(|name| ("cookie", name.to_owned())));
    }
    places
}

/// The text that a carrier begins with.
fn start(carrier: &recipe::Carrier) -> Option<&str> {
    match carrier {
        recipe::Carrier::One(template) => match template.parts.first() {
            Some(recipe::TemplatePart::Text(text)) => Some(text),
            _ => None,
        },
        recipe::Carrier::Many { .. } => None,
    }
}

/// The session whose token a recipe reads.
fn session_of(recipe: &recipe::Recipe) -> Option<&str> {
    recipe.steps.iter().find_map(|step| match &step.value {
        Expression::Source(source) => session_source(source),
        Expression::Operation(operation) => inputs(operation).into_iter().find_map(|input| match input {
            Input::Source(source) => session_source(source),
            Input::Step(_) => None,
        }),
    })
}

fn session_source(source: &Source) -> Option<&str> {
    match source {
        Source::Session { name } => Some(name),
        _ => None,
    }
}

/// What an operation of a recipe reads.
fn inputs(operation: &recipe::Operation) -> Vec<&Input> {
    match operation {
        recipe::Operation::Hash { of, .. }
        | recipe::Operation::Hmac { of, .. }
        | recipe::Operation::PhpJson { of, .. }
        | recipe::Operation::SortedForm { of, .. } => vec![of],
        recipe::Operation::Concat { parts, .. } => parts.iter().collect(),
        recipe::Operation::JsonArray { items, .. } => items.iter().collect(),
        recipe::Operation::JsonObject { members, .. } => members.iter().map(|(_, input)| input).collect(),
        recipe::Operation::Form { parts, .. } => parts
            .iter()
            .map(|part| match part {
                recipe::FormPart::Text(input) | recipe::FormPart::Pair(_, input) => input,
            })
            .collect(),
        recipe::Operation::Jws { payload, .. } => match payload {
            recipe::JwsPayload::Claims(claims) => claims.iter().map(|(_, input)| input).collect(),
            recipe::JwsPayload::Exact(input) => vec![input],
        },
    }
}
