//! What OpenAPI 3.1 adds to the table of [`super::kinds`], and what it says differently.
//!
//! A member that stands here replaces the one of the same name there.

use super::kinds::{Kind as K, Member, PATH_ITEM, SCHEMA, Shape, key};
use Shape::{Any, Bool, Count, Either, List, Map, Number, OneOf, Text};

const TEXTS: Shape = List(&Text);

/// Each kind that has more keys in 3.1, and these keys.
const KINDS: &[(K, &[Member])] = &[
    (K::Document, &[key("webhooks", Map(&Shape::Sent(&PATH_ITEM))), key("jsonSchemaDialect", Text)]),
    (K::Info, &[key("summary", Text)]),
    (K::License, &[key("identifier", Text)]),
    (K::Components, &[key("pathItems", Map(&PATH_ITEM))]),
    (K::SecurityScheme, &[key("type", OneOf(&["apiKey", "http", "mutualTLS", "oauth2", "openIdConnect"]))]),
    (
        K::Schema,
        &[
            key("$anchor", Text),
            key("$comment", Text),
            key("$defs", Map(&SCHEMA)),
            key("$dynamicAnchor", Text),
            key("$dynamicRef", Text),
            key("$id", Text),
            key("$schema", Text),
            key("$vocabulary", Map(&Bool)),
            key("additionalProperties", SCHEMA),
            key("const", Any),
            key("contains", SCHEMA),
            key("contentEncoding", Text),
            key("contentMediaType", Text),
            key("contentSchema", SCHEMA),
            key("definitions", Map(&SCHEMA)),
            key("dependentRequired", Map(&TEXTS)),
            key("dependentSchemas", Map(&SCHEMA)),
            key("else", SCHEMA),
            key("examples", List(&Any)),
            key("exclusiveMaximum", Number),
            key("exclusiveMinimum", Number),
            key("if", SCHEMA),
            key("maxContains", Count),
            key("minContains", Count),
            key("patternProperties", Map(&SCHEMA)),
            key("prefixItems", List(&SCHEMA)),
            key("propertyNames", SCHEMA),
            key("then", SCHEMA),
            key("type", Either(&TEXTS, &Text)),
            key("unevaluatedItems", SCHEMA),
            key("unevaluatedProperties", SCHEMA),
        ],
    ),
];

/// The keys that a kind has in 3.1 only, or differently.
pub(super) fn members(kind: K) -> &'static [Member] {
    KINDS.iter().find(|(other, _)| *other == kind).map(|(_, members)| *members).unwrap_or_default()
}

/// Whether this is a key of 3.1, so that a 3.0 document with it can be told so.
pub(super) fn has(name: &str) -> bool {
    KINDS.iter().flat_map(|(_, members)| *members).any(|(other, ..)| *other == name)
}
