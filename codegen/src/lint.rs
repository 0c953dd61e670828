//! Findings in a document: all of them at once.
//!
//! 1. `shape` holds the document against the table of OpenAPI's objects in `kinds`, and finds every object.
//! 2. `servers`, `operations`, `parameters`, `schemas`, `limits`, `extensions` and
//!    `webhooks` look at what stands in them.
//! 3. [`crate::signing`] and [`crate::vectors`] add theirs.
//!
//! What can't be lowered to types is [`crate::normalize`]'s to say. The rules are a table: [`rules::ALL`].

pub(crate) mod extensions;
mod kinds;
mod kinds_3_1;
mod levels;
pub(crate) mod limits;
pub(crate) mod operations;
mod parameters;
pub mod rules;
mod schemas;
mod servers;
mod shape;
pub(crate) mod webhooks;

use crate::finding::{Finding, shortened, sorted};
use crate::references::References;
use crate::spec::{Dialect, Mark, Node, Spec, Value};
use crate::vectors::Vectors;
use kinds::Kind;
use rules::Rule;
use std::collections::HashSet;

/// What stands around a document and is not in it.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The vector file beside the spec.
    pub vectors: Vectors,
    /// Whether the crate's name is given from outside: the document is somebody else's, and house rules are not its.
    pub crate_is_named: bool,
}

/// Everything that is found in a document, in the order of its lines.
///
/// A document with [errors](crate::finding::Level::Error) is not generated; one with warnings is.
pub fn lint(spec: &Spec, context: &Context) -> Vec<Finding> {
    let mut lint = Lint {
        references: References::new(spec),
        dialect: spec.dialect(),
        findings: spec.notes.clone(),
        objects: Vec::new(),
        seen: HashSet::new(),
        waiting: Vec::new(),
        sent: false,
    };
    shape::texts(&mut lint);
    let signing = crate::signing::signing(spec);
    let is_known = version(&mut lint);
    if is_known {
        shape::walk(&mut lint);
        extensions::check(&mut lint, context);
        servers::check(&mut lint);
        operations::check(&mut lint);
        limits::check(&mut lint);
        parameters::check(&mut lint);
        schemas::check(&mut lint);
        webhooks::check(&mut lint, signing.as_ref().ok());
    }
    let mut findings = lint.findings;
    match signing {
        Ok(signing) => {
            findings.extend(crate::vectors::check(spec, &signing, &context.vectors));
            findings.extend(signing.warnings);
        }
        Err(more) => findings.extend(more),
    }
    // A crate that is named from outside is of a document that others publish.
    sorted(if is_known && context.crate_is_named { levels::of_others(findings) } else { findings })
}

/// Whether the document is of a version that the other rules speak of.
fn version(lint: &mut Lint<'_>) -> bool {
    let root = &lint.spec().root;
    let text = |node: &Node| match &node.value {
        Value::Text(text) | Value::Number(text) => text.clone(),
        _ => String::new(),
    };
    let Some(version) = root.get("openapi") else {
        if let Some((key, node)) = root.entry("swagger") {
            let message = format!("Swagger {} is not OpenAPI 3", shortened(&text(node), 20));
            lint.at(rules::UNSUPPORTED_VERSION, key.at, node, message)
                .help("convert it to OpenAPI 3, for example with `npx swagger2openapi`, and review what comes out");
        } else {
            let message = "this is not an OpenAPI 3 document: `openapi` is missing";
            lint.on(rules::MISSING_KEY, root, message).help("begin the document with `openapi: 3.0.3`");
        }
        return false;
    };
    let text = text(version);
    let known = Dialect::of(&text).is_some();
    if !known {
        let message = format!("OpenAPI version `{}` is not supported", shortened(&text, 20));
        lint.on(rules::UNSUPPORTED_VERSION, version, message).help("write the document in OpenAPI 3.0.x or 3.1.x");
    }
    known
}

/// A document under examination.
struct Lint<'a> {
    references: References<'a>,
    findings: Vec<Finding>,
    dialect: Dialect,
    /// Every object that is no reference, by kind, in the order of the walk.
    objects: Vec<(Kind, &'a Node)>,
    /// The objects that the walk has been at.
    seen: HashSet<*const Node>,
    /// Objects that only references lead to, and whether the provider sends them.
    waiting: Vec<(Kind, &'a Node, bool)>,
    /// Whether the walk is in what the provider sends.
    sent: bool,
}

impl<'a> Lint<'a> {
    fn spec(&self) -> &'a Spec {
        self.references.spec()
    }

    /// The objects of a kind.
    fn all(&self, kind: Kind) -> Vec<&'a Node> {
        self.objects.iter().filter(|(other, _)| *other == kind).map(|(_, node)| *node).collect()
    }

    fn key_at(&self, node: &Node) -> Mark {
        self.references.key_at(node)
    }

    /// Reports at the node itself.
    fn on(&mut self, rule: Rule, node: &Node, message: impl Into<String>) -> Report<'_> {
        self.at(rule, node.at, node, message)
    }

    /// Reports at a place in or before the node.
    fn at(&mut self, rule: Rule, at: Mark, node: &Node, message: impl Into<String>) -> Report<'_> {
        let pointer = self.references.pointer_of(node);
        self.findings.push(Finding::new(self.spec(), rule.level, rule.id, at, pointer, message));
        Report(self.findings.last_mut())
    }
}

/// The finding that was just reported, for its help line.
struct Report<'f>(Option<&'f mut Finding>);

impl Report<'_> {
    fn help(self, help: impl Into<String>) {
        self.maybe_help(Some(help.into()));
    }

    fn maybe_help(self, help: Option<String>) {
        if let Some(finding) = self.0 {
            finding.help = help;
        }
    }
}
