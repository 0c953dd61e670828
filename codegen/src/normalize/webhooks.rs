//! What the provider sends: an event and what verifies it, one for each entry of `x-webhooks`.
//!
//! What is answered is the runtime's business, so the responses are not read.

use super::document::Document;
use super::names::type_name;
use super::operations::doc;
use super::schemas::Types;
use super::{bodies, rules};
use crate::ir::{BodyContent, TypeExpr, Webhook};
use crate::lint::webhooks::are_ours;
use crate::signing::{Signing, security_of};
use crate::spec::Node;

/// Lowers all webhooks.
pub(super) fn webhooks<'a>(document: &Document<'a>, types: &mut Types<'_, 'a>, signing: &Signing) -> Vec<Webhook> {
    let webhooks = document.spec.root.get("x-webhooks").filter(|_| are_ours(document.spec));
    let entries = webhooks.into_iter().flat_map(Node::members);
    entries.filter_map(|(key, webhook)| lower(document, types, signing, &key.text, webhook)).collect()
}

fn lower<'a>(
    document: &Document<'a>,
    types: &mut Types<'_, 'a>,
    signing: &Signing,
    name: &str,
    webhook: &'a Node,
) -> Option<Webhook> {
    let Some(node) = webhook.get("post") else {
        document.report(rules::WEBHOOK, webhook, "a webhook is a POST", "describe it under `post`");
        return None;
    };
    let event = event(document, types, node)?;
    let chosen = node.get("x-rust-name").and_then(Node::text);
    Some(Webhook {
        name: name.to_owned(),
        id: node.get("operationId").and_then(Node::text).unwrap_or(name).to_owned(),
        marker: chosen.map_or_else(|| marker(name), type_name),
        doc: doc(node),
        at: document.references.key_at(node),
        deprecated: node.get("deprecated").and_then(Node::bool) == Some(true),
        scheme: scheme(document, node, signing)?,
        dedupe: webhook.get("dedupe").and_then(Node::text).map(str::to_owned),
        event,
    })
}

/// `reward` becomes `RewardWebhook`, `reward_webhook` too.
fn marker(name: &str) -> String {
    let own = type_name(name);
    if own.ends_with("Webhook") && own != "Webhook" { own } else { type_name(&format!("{name} webhook")) }
}

fn event<'a>(document: &Document<'a>, types: &mut Types<'_, 'a>, node: &'a Node) -> Option<TypeExpr> {
    if node.get("requestBody").is_none() {
        let help = "describe it under `requestBody`";
        document.report(rules::WEBHOOK, node, "this webhook has no body, so there is no event in it", help);
        return None;
    }
    match bodies::body(document, types, node, "")?.content {
        BodyContent::Json(event) => Some(event),
        BodyContent::Form(..) | BodyContent::Multipart(_) | BodyContent::Text | BodyContent::Bytes => {
            let message = "a webhook whose body is not JSON is not supported yet";
            document.report(rules::WEBHOOK, node, message, "describe JSON, if the provider sends it");
            None
        }
    }
}

/// The one scheme that signs it.
fn scheme(document: &Document<'_>, node: &Node, signing: &Signing) -> Option<String> {
    let security = security_of(document.spec, node);
    let only = match security.as_slice() {
        [schemes] => match schemes.as_slice() {
            [only] => Some(only),
            _ => None,
        },
        _ => None,
    };
    let signs = only.filter(|name| signing.schemes.iter().any(|scheme| scheme.name == **name));
    if signs.is_none() {
        let message = "a webhook is signed by one scheme with a recipe";
        document.report(rules::WEBHOOK, node, message, "name one under `security`, and give it `x-signing`");
    }
    signs.cloned()
}
