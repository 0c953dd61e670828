//! What the provider sends: whether it can be verified, and known again when it comes twice.

use super::extensions::has_member;
use super::shape::follow;
use super::{Lint, rules};
use crate::finding::shortened;
use crate::signing::{Signing, security_of};
use crate::spec::{Key, Node, Spec};
use countersign_auth::recipe::{Output, Recipe};

/// Looks at each webhook; at its recipe only if all recipes of the document hold.
pub(super) fn check(lint: &mut Lint<'_>, signing: Option<&Signing>) {
    let Some(webhooks) = lint.spec().root.get("x-webhooks").filter(|_| are_ours(lint.spec())) else { return };
    for (key, webhook) in webhooks.members() {
        name(lint, key, webhook);
        let Some((method, post)) = webhook.entry("post") else { continue };
        if post.get("responses").is_none_or(|responses| responses.members().next().is_none()) {
            lint.at(rules::RESPONSE_MISSING, method.at, post, "this operation has no response").help("add `responses`");
        }
        security(lint, method, post, signing);
        let Some(schema) = body(lint, method, post) else { continue };
        dedupe(lint, key, webhook, schema);
    }
}

/// Whether `x-webhooks` is our extension: something else of ours stands in the document.
///
/// Published files use the same name for webhooks that nothing signs.
pub(crate) fn are_ours(spec: &Spec) -> bool {
    let root = &spec.root;
    let components = root.get("components");
    let schemes = components.and_then(|components| components.get("securitySchemes"));
    let webhooks = root.get("x-webhooks");
    root.at_pointer("/info/x-crate").is_some()
        || components.is_some_and(|components| components.get("x-signing-recipes").is_some())
        || schemes.into_iter().flat_map(Node::members).any(|(_, scheme)| scheme.get("x-signing").is_some())
        || webhooks.into_iter().flat_map(Node::members).any(|(_, webhook)| webhook.get("dedupe").is_some())
}

fn name(lint: &mut Lint<'_>, key: &Key, webhook: &Node) {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if key.text.is_empty() || !key.text.bytes().all(plain) {
        let message = format!("`{}` can't be the name of a webhook", shortened(&key.text, 60));
        lint.at(rules::WEBHOOK, key.at, webhook, message).help("use letters, digits, `.`, `-` and `_`");
    }
}

/// One scheme, and a recipe of it that a receiver can read backwards.
fn security(lint: &mut Lint<'_>, key: &Key, post: &Node, signing: Option<&Signing>) {
    let spec = lint.spec();
    let alternatives = security_of(spec, post);
    let at = post.entry("security").map_or(key.at, |(key, _)| key.at);
    let [schemes] = alternatives.as_slice() else {
        let message = match alternatives.is_empty() {
            true => "nothing signs this webhook, so anyone could send it",
            false => "a webhook signed in one of several ways is not supported yet",
        };
        lint.at(rules::WEBHOOK, at, post, message).help("name one scheme under `security`");
        return;
    };
    let [scheme] = schemes.as_slice() else {
        let message = match schemes.is_empty() {
            true => "nothing signs this webhook, so anyone could send it",
            false => "a webhook signed by several schemes at once is not supported yet",
        };
        lint.at(rules::WEBHOOK, at, post, message).help("name one scheme under `security`");
        return;
    };
    let declared = spec.root.at_pointer("/components/securitySchemes").and_then(|schemes| schemes.get(scheme));
    // A scheme that is not declared, or whose recipe does not hold, has a finding of its own.
    let (Some(_), Some(signing)) = (declared, signing) else { return };
    let shown = shortened(scheme, 60);
    let Some(found) = signing.schemes.iter().find(|known| known.name == *scheme) else {
        let message = format!("`{shown}` has no recipe, so the webhook can't be verified");
        lint.at(rules::WEBHOOK, at, post, message).help("give the scheme `x-signing`");
        return;
    };
    match readable(&found.recipe) {
        Err(problem) => {
            let message = format!("`{shown}` {problem}, so the webhook can't be verified");
            lint.at(rules::WEBHOOK, at, post, message).help("name a scheme that only reads the request");
        }
        Ok(false) => {
            let message = format!("`{shown}` does not cover the body: whoever sees one webhook can send others");
            lint.at(rules::WEBHOOK_WEAK, at, post, message).help("check with the provider's manual");
        }
        Ok(true) => {}
    }
}

/// Whether a recipe covers the body, or why a receiver can do nothing with it.
pub(crate) fn readable(recipe: &Recipe) -> Result<bool, &'static str> {
    if matches!(recipe.output, Output::Give(_)) {
        return Err("gives a value and signs no request");
    }
    let Ok(checked) = countersign_auth::check(recipe.clone()) else { return Err("has a recipe that does not hold") };
    if !checked.sessions().is_empty() {
        return Err("needs the token of a session");
    }
    Ok(checked.covers_body())
}

/// The schema of the one JSON body.
fn body<'a>(lint: &mut Lint<'a>, key: &Key, post: &'a Node) -> Option<&'a Node> {
    let body = match post.get("requestBody") {
        Some(body) => follow(&lint.references, body)?,
        None => {
            let message = "this webhook has no body, so there is no event in it";
            lint.at(rules::WEBHOOK, key.at, post, message).help("describe it under `requestBody`");
            return None;
        }
    };
    let contents: Vec<(&Key, &Node)> = body.get("content").into_iter().flat_map(Node::members).collect();
    let [(media, content)] = contents.as_slice() else {
        lint.at(rules::WEBHOOK, key.at, post, "a webhook's body has one media type").help("write `application/json`");
        return None;
    };
    let essence = media.text.split(';').next().unwrap_or_default().trim();
    if !(essence.ends_with("/json") || essence.ends_with("+json")) {
        let message = format!("`{}` is not JSON; other webhooks are not supported yet", shortened(&media.text, 60));
        lint.at(rules::WEBHOOK, media.at, content, message).help("describe JSON, if the provider sends it");
        return None;
    }
    // A content without a schema has a finding of its own.
    content.get("schema")
}

fn dedupe<'a>(lint: &mut Lint<'a>, key: &Key, webhook: &'a Node, schema: &'a Node) {
    let Some(node) = webhook.get("dedupe") else {
        let message = "nothing says which events are the same, so each delivery counts as a new one";
        lint.at(rules::WEBHOOK_WEAK, key.at, webhook, message).help("add `dedupe: /eventId`, the id of the event");
        return;
    };
    let Some(pointer) = node.text() else { return };
    if !is_pointer(pointer) {
        let message = format!("`{}` is not a JSON Pointer to a member", shortened(pointer, 60));
        lint.on(rules::WEBHOOK, node, message).help("write `dedupe: /eventId`");
    } else if !has_member(&lint.references, schema, pointer) {
        let message = format!("the body has no member at `{}`", shortened(pointer, 60));
        lint.on(rules::WEBHOOK, node, message).help("name a property of the body's schema");
    } else if !always_has(lint, schema, pointer) {
        let message =
            format!("the member at `{}` may be missing, and an event without it is refused", shortened(pointer, 60));
        lint.on(rules::WEBHOOK_WEAK, node, message).help("add it to the schema's `required`");
    }
}

/// RFC 6901, not the whole document.
fn is_pointer(text: &str) -> bool {
    let escapes_hold = text.match_indices('~').all(|(at, _)| matches!(text.as_bytes().get(at + 1), Some(b'0' | b'1')));
    text.starts_with('/') && text.len() > 1 && escapes_hold
}

/// Whether each member on the way is required; schemas that do not tell are believed.
fn always_has<'a>(lint: &Lint<'a>, schema: &'a Node, pointer: &str) -> bool {
    let mut schema = schema;
    for token in pointer.split('/').skip(1) {
        let name = token.replace("~1", "/").replace("~0", "~");
        let Some(node) = follow(&lint.references, schema) else { return true };
        if ["allOf", "oneOf", "anyOf"].iter().any(|key| node.get(key).is_some()) {
            return true;
        }
        let Some(property) = node.get("properties").and_then(|properties| properties.get(&name)) else { return true };
        let required = node.get("required").map(Node::items).unwrap_or_default();
        if !required.iter().any(|item| item.text() == Some(&name)) {
            return false;
        }
        schema = property;
    }
    true
}
