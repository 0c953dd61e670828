//! Why each rule is there, with an example that breaks it and one that does not: `explain/rules.md`, in parts.
//!
//! An example shows only the keys that matter. [`document`] completes it to a document that can be looked at, so a test
//! runs every example: the first one breaks its rule and no other, the second one breaks none.

/// What is said of a rule beyond its sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Why it matters.
    pub why: String,
    /// An example that breaks the rule, and one that does not; rules on sizes and other files have none.
    pub example: Option<(String, String)>,
}

/// The explanation of a rule.
pub fn explanation(id: &str) -> Option<Explanation> {
    all().find(|(known, _)| *known == id).map(|(_, explanation)| explanation)
}

/// All explanations in order, each with its rule's id.
pub fn all() -> impl Iterator<Item = (&'static str, Explanation)> {
    let sections = RULES.split("\n## ").skip(1);
    sections.map(|section| {
        let (id, rest) = section.split_once('\n').unwrap_or((section, ""));
        let mut parts = rest.split("```");
        let why = parts.next().unwrap_or_default().trim().to_owned();
        let mut code = parts.step_by(2).map(|block| block.trim_start_matches("yaml\n").to_owned());
        (id.trim(), Explanation { why, example: code.next().zip(code.next()) })
    })
}

const RULES: &str = include_str!("explain/rules.md");

/// An example completed with the top-level keys that it does not show.
pub fn document(example: &str) -> String {
    let mut document = String::new();
    for line in BASE.split_inclusive('\n') {
        let key = line.split(':').next().unwrap_or_default();
        if !example.lines().any(|shown| shown.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'))) {
            document.push_str(line);
        }
    }
    document + example
}

const BASE: &str = "\
openapi: 3.0.3
info: {title: Acme, version: '1', x-crate: {name: acme-client, version: 0.1.0}}
servers: [{url: 'https://api.acme.example'}]
tags: [{name: orders}]
security: []
paths: {/orders: {get: {operationId: get_order, tags: [orders], x-repeat: safe, responses: {'200': {description: An order., content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}}}}}
components: {schemas: {Order: {type: object, properties: {id: {type: string}}}}}
";
