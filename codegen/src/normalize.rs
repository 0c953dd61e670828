//! From an OpenAPI document to the [`Ir`]: what is there, what it is called, and what could not be said exactly.
//!
//! 1. `places` gives every component, operation and place of a schema the name that hoisted types get there.
//! 2. `canonical` brings a schema into one form: references followed, `allOf` merged, `null` pulled out.
//! 3. `unions` decides how the branches of a `oneOf` or `anyOf` are told apart, `differences` whether they can be, and
//!    `labels` what they are called.
//! 4. `schemas` lowers schemas to [`TypeExpr`](crate::ir::TypeExpr)s and named types, `enums` names values.
//! 5. `operations` lowers each method, with `paths`, `parameters` and `styles`, `bodies`, `responses` and `security`;
//!    `webhooks` what the provider sends; `servers` and `service` the rest.
//! 6. `kept` gives what had a name before that name; `order` sorts what has no order of its own; `finish` chooses
//!    final names, places each `Box` and says what is sent and what is received.
//! 7. `flows` finds the members by which calls belong together, under their final names.
//!
//! Schemas are those of OpenAPI 3.0 and 3.1. What can't be expressed is loosened with a note, or is a finding with
//! its place; all findings come at once. Whether a document is good style is the business of [`crate::lint`].

mod atoms;
mod bodies;
mod branches;
mod canonical;
mod contents;
mod differences;
mod document;
mod enums;
mod finish;
mod flows;
mod headers;
mod inside;
mod json_types;
mod kept;
mod keywords;
mod labels;
mod limits;
mod media;
mod multipart;
mod names;
mod operations;
mod order;
mod parameters;
mod paths;
mod places;
mod responses;
pub mod rules;
mod schemas;
mod security;
mod servers;
mod service;
mod shapes;
mod shorter;
mod styles;
mod unions;
mod values;
mod webhooks;

use crate::finding::{Finding, Level};
use crate::ir::Ir;
use crate::kept::Names;
use crate::references::References;
use crate::signing::signing;
use crate::spec::Spec;
use document::Document;
use schemas::Types;

/// What a document does not say itself.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The provider: the spec's folder, `acme`.
    pub provider: String,
    /// The spec's path as headers and links print it: `specs/acme/openapi.yaml`.
    pub spec_path: String,
    /// Name of the crate, if it is not `info.x-crate.name`.
    pub crate_name: Option<String>,
    /// Names that were chosen before.
    pub names: Names,
    /// The file that they are from, as findings name it: `specs/acme/names.json`.
    pub names_file: String,
}

/// A lowered document.
#[derive(Clone, Debug)]
pub struct Normalized {
    /// What the crate is made of.
    pub ir: Ir,
    /// What was expressed more loosely than the document says.
    pub notes: Vec<Finding>,
    /// Every name that was chosen.
    pub names: Names,
}

/// Lowers a document.
///
/// # Errors
/// Every finding of the document, in the order of their places, as soon as one of them is an error: what is not
/// supported, contradicts itself or leads nowhere.
pub fn normalize(spec: &Spec, context: &Context) -> Result<Normalized, Vec<Finding>> {
    let references = References::new(spec);
    let document = Document::new(spec, &references);
    if !document.is_supported() {
        return Err(document.into_findings());
    }
    document.check_chosen_names();
    let signing = match signing(spec) {
        Ok(signing) => signing,
        Err(findings) => {
            document.add(findings);
            crate::signing::Signing::default()
        }
    };
    let mut types = Types::new(&document);
    types.lower_components();
    let mut operations = operations::operations(&document, &mut types, &signing);
    let mut webhooks = webhooks::webhooks(&document, &mut types, &signing);
    order::operations(&mut operations);
    webhooks.sort_by(|a, b| a.name.cmp(&b.name));
    let defs = finish::finish(&document, types.into_defs(), &mut operations, &mut webhooks);
    let api = service::api(&document, context, &operations);
    let (schemes, tokens, sessions) = (signing.schemes, signing.tokens, signing.sessions);
    let mut ir = Ir {
        api,
        schemes,
        tokens,
        sessions,
        types: defs,
        headers: headers::collect(&operations),
        operations,
        webhooks,
    };
    let names = kept::keep(&document, &mut ir, &context.names, &context.names_file);
    order::rest(&mut ir);
    flows::flows(&document, &mut ir);
    let findings = document.into_findings();
    if findings.iter().any(|finding| finding.level == Level::Error) {
        return Err(findings);
    }
    Ok(Normalized { ir, notes: findings, names })
}
