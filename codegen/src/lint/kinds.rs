//! The table of OpenAPI 3.0: the keys of each kind of object, and what may stand behind them.
//!
//! [`super::kinds_3_1`] adds what 3.1 has besides; [`super::shape`] holds documents against both.

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Document,
    Info,
    Contact,
    License,
    Server,
    ServerVariable,
    PathItem,
    Operation,
    ExternalDocs,
    Parameter,
    RequestBody,
    MediaType,
    Encoding,
    Responses,
    Response,
    Callback,
    Example,
    Link,
    Header,
    Tag,
    Schema,
    Discriminator,
    Xml,
    SecurityScheme,
    OAuthFlows,
    OAuthFlow,
    Components,
    Crate,
    Failure,
    Pages,
    NextPages,
    Limits,
    Poll,
    Batch,
    SmallerBatch,
    Condition,
    Webhook,
}

/// What may stand behind a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Anything.
    Any,
    /// Text.
    Text,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A whole number that is not negative.
    Count,
    /// Text out of a list.
    OneOf(&'static [&'static str]),
    /// An object.
    Object(Kind),
    /// An object or a reference to one.
    OrReference(Kind),
    /// A list.
    List(&'static Shape),
    /// A map with names of the author's own.
    Map(&'static Shape),
    /// `paths`: names that begin with `/`.
    Paths,
    /// One of two.
    Either(&'static Shape, &'static Shape),
    /// Looked at by the rules of [`crate::signing`].
    Signing,
    /// What the provider sends: operations in it are not those of the client.
    Sent(&'static Shape),
    /// `x-webhooks`: ours, or somebody else's key of that name.
    Webhooks,
}

/// A key and whether it must be there.
pub(super) type Member = (&'static str, Shape, bool);

use Kind as K;
use Shape::{
    Any, Bool, Count, Either, List, Map, Number, Object, OneOf, OrReference, Paths, Sent, Signing, Text, Webhooks,
};

pub(super) const fn key(name: &'static str, shape: Shape) -> Member {
    (name, shape, false)
}

const fn must(name: &'static str, shape: Shape) -> Member {
    (name, shape, true)
}

pub(super) const SCHEMA: Shape = OrReference(K::Schema);
pub(super) const PATH_ITEM: Shape = OrReference(K::PathItem);
const STYLES: Shape = OneOf(&["matrix", "label", "form", "simple", "spaceDelimited", "pipeDelimited", "deepObject"]);
const SECURITY: Shape = List(&Map(&List(&Text)));

/// Each kind, words for it, and its keys.
const KINDS: &[(Kind, &str, &[Member])] = &[
    (
        K::Document,
        "the document",
        &[
            must("openapi", Text),
            must("info", Object(K::Info)),
            key("servers", List(&Object(K::Server))),
            must("paths", Paths),
            key("components", Object(K::Components)),
            key("security", SECURITY),
            key("tags", List(&Object(K::Tag))),
            key("externalDocs", Object(K::ExternalDocs)),
            key("x-redirects", OneOf(&["none", "one"])),
            key("x-webhooks", Webhooks),
        ],
    ),
    (
        K::Info,
        "`info`",
        &[
            must("title", Text),
            key("description", Text),
            key("termsOfService", Text),
            key("contact", Object(K::Contact)),
            key("license", Object(K::License)),
            must("version", Text),
            key("x-crate", Object(K::Crate)),
        ],
    ),
    (K::Contact, "a contact", &[key("name", Text), key("url", Text), key("email", Text)]),
    (K::License, "a license", &[must("name", Text), key("url", Text)]),
    (K::Crate, "`x-crate`", &[must("name", Text), must("version", Text), key("skip", List(&Text))]),
    (
        K::Server,
        "a server",
        &[
            must("url", Text),
            key("description", Text),
            key("variables", Map(&Object(K::ServerVariable))),
            key("x-name", Text),
        ],
    ),
    (
        K::ServerVariable,
        "a server variable",
        &[key("enum", List(&Text)), must("default", Text), key("description", Text)],
    ),
    (
        K::PathItem,
        "a path",
        &[
            key("summary", Text),
            key("description", Text),
            key("get", Object(K::Operation)),
            key("put", Object(K::Operation)),
            key("post", Object(K::Operation)),
            key("delete", Object(K::Operation)),
            key("options", Object(K::Operation)),
            key("head", Object(K::Operation)),
            key("patch", Object(K::Operation)),
            key("trace", Object(K::Operation)),
            key("servers", List(&Object(K::Server))),
            key("parameters", List(&OrReference(K::Parameter))),
            key("x-limits", Object(K::Limits)),
        ],
    ),
    (
        K::Operation,
        "an operation",
        &[
            key("tags", List(&Text)),
            key("summary", Text),
            key("description", Text),
            key("externalDocs", Object(K::ExternalDocs)),
            key("operationId", Text),
            key("parameters", List(&OrReference(K::Parameter))),
            key("requestBody", OrReference(K::RequestBody)),
            key("responses", Object(K::Responses)),
            key("callbacks", Map(&Sent(&OrReference(K::Callback)))),
            key("deprecated", Bool),
            key("security", SECURITY),
            key("servers", List(&Object(K::Server))),
            key("x-repeat", OneOf(&["safe", "unsafe", "never"])),
            key("x-limits", Object(K::Limits)),
            key("x-one-of-parameters", List(&Text)),
            key("x-batch", Object(K::Batch)),
            key("x-pages", Object(K::Pages)),
            key("x-poll", Object(K::Poll)),
            key("x-rust-name", Text),
        ],
    ),
    (K::ExternalDocs, "`externalDocs`", &[key("description", Text), must("url", Text)]),
    (
        K::Parameter,
        "a parameter",
        &[
            must("name", Text),
            must("in", OneOf(&["query", "header", "path", "cookie"])),
            key("description", Text),
            key("required", Bool),
            key("deprecated", Bool),
            key("allowEmptyValue", Bool),
            key("style", STYLES),
            key("explode", Bool),
            key("allowReserved", Bool),
            key("schema", SCHEMA),
            key("example", Any),
            key("examples", Map(&OrReference(K::Example))),
            key("content", Map(&Object(K::MediaType))),
            key("x-rust-name", Text),
        ],
    ),
    (
        K::RequestBody,
        "a request body",
        &[key("description", Text), must("content", Map(&Object(K::MediaType))), key("required", Bool)],
    ),
    (
        K::MediaType,
        "a content",
        &[
            key("schema", SCHEMA),
            key("example", Any),
            key("examples", Map(&OrReference(K::Example))),
            key("encoding", Map(&Object(K::Encoding))),
        ],
    ),
    (
        K::Encoding,
        "an encoding",
        &[
            key("contentType", Text),
            key("headers", Map(&OrReference(K::Header))),
            key("style", STYLES),
            key("explode", Bool),
            key("allowReserved", Bool),
        ],
    ),
    // Statuses are looked at where it is walked.
    (K::Responses, "`responses`", &[]),
    (
        K::Response,
        "a response",
        &[
            must("description", Text),
            key("headers", Map(&OrReference(K::Header))),
            key("content", Map(&Object(K::MediaType))),
            key("links", Map(&OrReference(K::Link))),
            key("x-failure", Object(K::Failure)),
        ],
    ),
    (
        K::Failure,
        "`x-failure`",
        &[must("at", Text), key("equals", List(&Any)), key("not-equals", List(&Any)), key("schema", SCHEMA)],
    ),
    (
        K::Pages,
        "`x-pages`",
        &[key("items", Text), must("cursor", Text), key("parameter", Text), key("next", Object(K::NextPages))],
    ),
    (
        K::NextPages,
        "`next` of `x-pages`",
        &[must("operation", Text), must("parameter", Text), must("items", Text), must("cursor", Text)],
    ),
    (K::Limits, "`x-limits`", &[key("concurrent", Count), key("api", Text)]),
    (
        K::Poll,
        "`x-poll`",
        &[
            must("while", Object(K::Condition)),
            key("operation", Text),
            key("id", Text),
            key("parameter", Text),
            key("interval", Text),
            key("longest-interval", Text),
            key("deadline", Text),
        ],
    ),
    (
        K::Batch,
        "`x-batch`",
        &[
            must("records", Text),
            must("limit", Count),
            key("bytes", Count),
            key("smaller", List(&Object(K::SmallerBatch))),
            key("accepted", Text),
            key("complete", Object(K::Condition)),
            key("rejected", Text),
            key("index", Text),
            key("echo", Text),
            key("again", Object(K::Condition)),
        ],
    ),
    (K::SmallerBatch, "a smaller limit", &[must("at", Text), must("equals", List(&Any)), must("limit", Count)]),
    (K::Condition, "a condition", &[must("at", Text), key("equals", List(&Any)), key("not-equals", List(&Any))]),
    (K::Webhook, "a webhook", &[key("dedupe", Text), must("post", Object(K::Operation))]),
    // Expressions are looked at where it is walked.
    (K::Callback, "a callback", &[]),
    (
        K::Example,
        "an example",
        &[key("summary", Text), key("description", Text), key("value", Any), key("externalValue", Text)],
    ),
    (
        K::Link,
        "a link",
        &[
            key("operationRef", Text),
            key("operationId", Text),
            key("parameters", Map(&Any)),
            key("requestBody", Any),
            key("description", Text),
            key("server", Object(K::Server)),
        ],
    ),
    (
        K::Header,
        "a header",
        &[
            key("description", Text),
            key("required", Bool),
            key("deprecated", Bool),
            key("allowEmptyValue", Bool),
            key("style", STYLES),
            key("explode", Bool),
            key("allowReserved", Bool),
            key("schema", SCHEMA),
            key("example", Any),
            key("examples", Map(&OrReference(K::Example))),
            key("content", Map(&Object(K::MediaType))),
        ],
    ),
    (K::Tag, "a tag", &[must("name", Text), key("description", Text), key("externalDocs", Object(K::ExternalDocs))]),
    (
        K::Schema,
        "a schema",
        &[
            key("title", Text),
            key("multipleOf", Number),
            key("maximum", Number),
            key("exclusiveMaximum", Bool),
            key("minimum", Number),
            key("exclusiveMinimum", Bool),
            key("maxLength", Count),
            key("minLength", Count),
            key("pattern", Text),
            key("maxItems", Count),
            key("minItems", Count),
            key("uniqueItems", Bool),
            key("maxProperties", Count),
            key("minProperties", Count),
            key("required", List(&Text)),
            key("enum", List(&Any)),
            key("type", Text),
            key("allOf", List(&SCHEMA)),
            key("oneOf", List(&SCHEMA)),
            key("anyOf", List(&SCHEMA)),
            key("not", SCHEMA),
            key("items", SCHEMA),
            key("properties", Map(&SCHEMA)),
            key("additionalProperties", Either(&Bool, &SCHEMA)),
            key("description", Text),
            key("format", Text),
            key("default", Any),
            key("nullable", Bool),
            key("discriminator", Object(K::Discriminator)),
            key("readOnly", Bool),
            key("writeOnly", Bool),
            key("xml", Object(K::Xml)),
            key("externalDocs", Object(K::ExternalDocs)),
            key("example", Any),
            key("deprecated", Bool),
            key("x-final", List(&Text)),
            key("x-first-of", Map(&List(&Text))),
            key("x-rust-name", Text),
            key("x-synonyms", Map(&Text)),
            key("x-transitions", Map(&List(&Text))),
        ],
    ),
    (K::Discriminator, "a discriminator", &[must("propertyName", Text), key("mapping", Map(&Text))]),
    (
        K::Xml,
        "`xml`",
        &[key("name", Text), key("namespace", Text), key("prefix", Text), key("attribute", Bool), key("wrapped", Bool)],
    ),
    (
        K::SecurityScheme,
        "a security scheme",
        &[
            must("type", OneOf(&["apiKey", "http", "oauth2", "openIdConnect", "mutualTLS"])),
            key("description", Text),
            key("name", Text),
            key("in", OneOf(&["query", "header", "cookie"])),
            key("scheme", Text),
            key("bearerFormat", Text),
            key("flows", Object(K::OAuthFlows)),
            key("openIdConnectUrl", Text),
            key("x-signing", Signing),
        ],
    ),
    (
        K::OAuthFlows,
        "`flows`",
        &[
            key("implicit", Object(K::OAuthFlow)),
            key("password", Object(K::OAuthFlow)),
            key("clientCredentials", Object(K::OAuthFlow)),
            key("authorizationCode", Object(K::OAuthFlow)),
        ],
    ),
    (
        K::OAuthFlow,
        "a flow",
        &[key("authorizationUrl", Text), key("tokenUrl", Text), key("refreshUrl", Text), must("scopes", Map(&Text))],
    ),
    (
        K::Components,
        "`components`",
        &[
            key("schemas", Map(&SCHEMA)),
            key("responses", Map(&OrReference(K::Response))),
            key("parameters", Map(&OrReference(K::Parameter))),
            key("examples", Map(&OrReference(K::Example))),
            key("requestBodies", Map(&OrReference(K::RequestBody))),
            key("headers", Map(&OrReference(K::Header))),
            key("securitySchemes", Map(&OrReference(K::SecurityScheme))),
            key("links", Map(&OrReference(K::Link))),
            key("callbacks", Map(&Sent(&OrReference(K::Callback)))),
            key("x-signing-recipes", Signing),
            key("x-signing-sessions", Signing),
        ],
    ),
];

/// Words for a kind, and its keys.
pub(super) fn kind(kind: Kind) -> (&'static str, &'static [Member]) {
    let found = KINDS.iter().find(|(other, ..)| *other == kind);
    found.map_or(("an object", &[]), |(_, words, members)| (words, members))
}

/// The map of `components` that holds things of a kind.
pub(super) fn home(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        K::Schema => "schemas",
        K::Response => "responses",
        K::Parameter => "parameters",
        K::Example => "examples",
        K::RequestBody => "requestBodies",
        K::Header => "headers",
        K::SecurityScheme => "securitySchemes",
        K::Link => "links",
        K::Callback => "callbacks",
        K::PathItem => "pathItems",
        _ => return None,
    })
}

/// Extensions of ours, and the kinds of objects in which they stand; none means any.
pub(super) const OURS: &[(&str, &[Kind])] = &[
    ("x-assumed", &[]),
    ("x-batch", &[K::Operation]),
    ("x-crate", &[K::Info]),
    ("x-failure", &[K::Response]),
    ("x-final", &[K::Schema]),
    ("x-first-of", &[K::Schema]),
    ("x-limits", &[K::PathItem, K::Operation]),
    ("x-name", &[K::Server]),
    ("x-one-of-parameters", &[K::Operation]),
    ("x-pages", &[K::Operation]),
    ("x-poll", &[K::Operation]),
    ("x-redirects", &[K::Document]),
    ("x-repeat", &[K::Operation]),
    ("x-rust-name", &[K::Schema, K::Operation, K::Parameter]),
    ("x-signing", &[K::SecurityScheme]),
    ("x-signing-recipes", &[K::Components]),
    ("x-signing-sessions", &[K::Components]),
    ("x-synonyms", &[K::Schema]),
    ("x-transitions", &[K::Schema]),
    ("x-webhooks", &[K::Document]),
];
