//! An IR with everything that an IR can hold, built by hand.

use countersign_auth::recipe::{
    Carrier, Encoding, Escape, Expression, FormPart, Freshness, HashAlgorithm, Input, JwsPayload, KeyEncoding,
    Lifetime, Operation, Output, PhpArrays, RandomForm, Recipe, RequestPart, Rules, Send, Setting, Source, Step,
    Substitutes, TargetFrom, Template, TemplatePart, TimeForm,
};
use countersign_codegen::ir::{
    self, Api, Body, BodyAlternative, BodyContent, Branch, Doc, Enum, EventShape, FailureWhen, Field, FirstOf,
    FormStyle, IntegerKind, Ir, Multipart, Parameter, ParameterChoice, ParameterPlace, Part, PartContent, Repeat,
    Response, ResponseContent, ResponseHeader, Scheme, ServerPiece, ServerTemplate, ServerVariable, Session,
    SessionKind, StatusPattern, Struct, Style, Tag, TextKind, Transitions, TypeDef, TypeExpr, TypeKind, Union, UnionBy,
    Variant, Webhook,
};
use countersign_codegen::spec::Mark;
use serde_json::json;
use std::borrow::Cow;

/// A service that has one of everything.
pub(crate) fn everything() -> Ir {
    Ir {
        api: Api {
            provider: "acme".into(),
            title: "Acme".into(),
            version: "2024-01".into(),
            doc: doc(
                "Orders and more.",
                "Long text with `code`, a link to [the manual](https://acme.example/manual) and https://acme.example/bare.",
            ),
            crate_name: "acme-client".into(),
            crate_version: "0.1.0".into(),
            spec_path: "specs/acme/openapi.yaml".into(),
            other_files: Vec::new(),
            docs_url: Some("https://docs.acme.example/".into()),
            redirects: true,
            servers: vec![
                ir::Server {
                    name: "Production".into(),
                    url: "https://api.acme.example".into(),
                    template: None,
                    doc: Doc::default(),
                },
                ir::Server {
                    name: "Sandbox".into(),
                    url: "https://eu.sandbox.acme.example/{version}".into(),
                    template: Some(sandbox()),
                    doc: doc("For tests.", ""),
                },
            ],
            tags: vec![
                Tag { module: "orders".into(), name: "orders".into(), doc: doc("", "All about orders.") },
                Tag { module: "files".into(), name: "files & more".into(), doc: Doc::default() },
            ],
        },
        schemes: vec![
            scheme("acme", signing_recipe("acme", Source::Literal("".into()))),
            scheme("acme_user", signing_recipe("acme_user", Source::Session { name: "user_token".into() })),
            scheme("acme_service", signing_recipe("acme_service", Source::Session { name: "service_token".into() })),
            scheme("header", header_recipe()),
        ],
        tokens: vec![token_recipe()],
        sessions: vec![
            session("user_token", SessionKind::User, "/textNull"),
            session("service_token", SessionKind::Service, "/anyDouble/deep/e~1r"),
        ],
        types: types(),
        operations: operations(),
        webhooks: webhooks(),
        headers: vec![ResponseHeader {
            name: "retry_after".into(),
            wire: "Retry-After".into(),
            ty: TypeExpr::Integer(IntegerKind::I64),
            doc: doc("", "When to come back."),
        }],
    }
}

/// A URL with variables, one of them without a default.
fn sandbox() -> ServerTemplate {
    let text = |text: &str| ServerPiece::Text(text.into());
    let variable = |name: &str, default: Option<&str>, values: &[&str]| ServerVariable {
        name: name.into(),
        wire: name.into(),
        default: default.map(Into::into),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        doc: Doc::default(),
    };
    ServerTemplate {
        type_name: "SandboxServer".into(),
        pieces: vec![
            text("https://"),
            ServerPiece::Variable("region".into()),
            text(".sandbox.acme.example/"),
            ServerPiece::Variable("version".into()),
        ],
        variables: vec![variable("region", Some("eu"), &["eu", "us"]), variable("version", None, &[])],
    }
}

pub(crate) fn doc(summary: &str, description: &str) -> Doc {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Doc { summary: text(summary), description: text(description), url: None, notes: Vec::new() }
}

fn scheme(name: &str, recipe: Recipe) -> Scheme {
    let constant = name.to_uppercase();
    Scheme {
        name: name.into(),
        constant,
        recipe,
        standard: false,
        oauth2: None,
        doc: Doc::default(),
        at: Mark::new(7, 3),
    }
}

fn session(name: &str, kind: SessionKind, at: &str) -> Session {
    Session {
        name: name.into(),
        kind,
        from: "get_order".into(),
        at: at.into(),
        ends: vec!["send_form".into()],
        lifetime_seconds: Some(3600),
        lifetime_at: Some("/i64Optional".into()),
        refresh_once: true,
        rejected: Some(("/state~1of".into(), vec![json!("gone"), json!(-4), json!(false), json!(null)])),
    }
}

fn step(name: &'static str, value: Expression) -> Step {
    Step { name: name.into(), value, settable: Cow::Borrowed(&[]) }
}

fn source(source: Source) -> Expression {
    Expression::Source(source)
}

fn one(parts: Vec<TemplatePart>) -> Carrier {
    Carrier::One(Template { parts: parts.into() })
}

/// Every source and operation that may stand together.
fn signing_recipe(name: &'static str, subject: Source) -> Recipe {
    let body = || Input::Source(Source::Request(RequestPart::Body));
    let named = |name: &'static str| Input::Step(name.into());
    let operation = Expression::Operation;
    let steps = vec![
        step("key_id", source(Source::Credential { name: "application_key".into(), secret: false })),
        step(
            "secret",
            source(Source::Key {
                name: "application_secret".into(),
                decode: KeyEncoding::Utf8,
                strip_prefix: Some("whsec_".into()),
            }),
        ),
        step("subject", source(subject)),
        step("nonce", source(Source::Random { form: RandomForm::UuidV4, max_length: Some(99) })),
        step("salt", source(Source::Random { form: RandomForm::Hex(8), max_length: None })),
        step("created", source(Source::Time { form: TimeForm::UnixSeconds, plus_seconds: -5 })),
        Step {
            name: "headers".into(),
            value: operation(Operation::PhpJson {
                of: Input::Source(Source::Request(RequestPart::Headers { only: vec!["Content-Type".into()].into() })),
                arrays: PhpArrays::Assoc,
                substitutes: Substitutes { without_body: Some("[]".into()), empty: Some("{}".into()) },
            }),
            settable: vec![Setting::Only, Setting::Arrays].into(),
        },
        step(
            "content_digest",
            operation(Operation::Hash {
                algorithm: HashAlgorithm::Sha512,
                of: body(),
                encode: Encoding::Hex,
                substitutes: Substitutes { without_body: Some("".into()), empty: None },
            }),
        ),
        step("pairs", operation(Operation::SortedForm { of: body(), substitutes: Substitutes::default() })),
        step(
            "form",
            operation(Operation::Form {
                parts: vec![FormPart::Text(named("pairs")), FormPart::Pair("n".into(), named("nonce"))].into(),
                substitutes: Substitutes::default(),
            }),
        ),
        step(
            "object",
            operation(Operation::JsonObject { members: vec![("a".into(), named("form"))].into(), escape: Escape::Php }),
        ),
        step(
            "joined",
            operation(Operation::Concat {
                parts: vec![named("object"), named("subject"), named("salt")].into(),
                separator: ".".into(),
                substitutes: Substitutes::default(),
            }),
        ),
        step(
            "string_to_sign",
            operation(Operation::JsonArray {
                items: vec![
                    named("nonce"),
                    named("created"),
                    Input::Source(Source::Request(RequestPart::Target(TargetFrom::Base))),
                    named("content_digest"),
                    named("joined"),
                ]
                .into(),
                escape: Escape::Minimal,
            }),
        ),
        step(
            "signature",
            operation(Operation::Hmac {
                algorithm: HashAlgorithm::Sha512,
                key: "secret".into(),
                of: named("string_to_sign"),
                encode: Encoding::Base64,
                substitutes: Substitutes::default(),
            }),
        ),
        step(
            "token",
            operation(Operation::Jws {
                algorithm: HashAlgorithm::Sha256,
                key: "secret".into(),
                header: vec![("alg".into(), "HS256".into())].into(),
                payload: JwsPayload::Claims(
                    vec![("iss".into(), named("key_id")), ("h".into(), named("headers"))].into(),
                ),
                escape: Escape::Minimal,
            }),
        ),
    ];
    Recipe {
        name: name.into(),
        steps: steps.into(),
        output: Output::Send(Send {
            headers: vec![
                ("X-Key".into(), one(vec![TemplatePart::Step("key_id".into())])),
                (
                    "Authorization".into(),
                    one(vec![TemplatePart::Text("Bearer ".into()), TemplatePart::Step("token".into())]),
                ),
                (
                    "X-Signature".into(),
                    Carrier::Many {
                        items: vec![
                            Template {
                                parts: vec![TemplatePart::Text("n=".into()), TemplatePart::Step("nonce".into())].into(),
                            },
                            Template {
                                parts: vec![TemplatePart::Text("v1=".into()), TemplatePart::Step("signature".into())]
                                    .into(),
                            },
                        ]
                        .into(),
                        separator: ",".into(),
                    },
                ),
            ]
            .into(),
            query: vec![("created".into(), one(vec![TemplatePart::Step("created".into())]))].into(),
            body: None,
            settable: vec![Setting::Header].into(),
        }),
        rules: Rules {
            single_use: vec!["nonce".into()].into(),
            freshness: Some(Freshness { of: "created".into(), window_seconds: 300 }),
            lifetime: None,
        },
    }
}

fn header_recipe() -> Recipe {
    Recipe {
        name: "header".into(),
        steps: vec![
            step("key_id", source(Source::Credential { name: "application_key".into(), secret: false })),
            step("passcode", source(Source::Credential { name: "type".into(), secret: true })),
            step(
                "other",
                source(Source::Key { name: "other_key".into(), decode: KeyEncoding::Base64, strip_prefix: None }),
            ),
            step(
                "signature",
                Expression::Operation(Operation::Hmac {
                    algorithm: HashAlgorithm::Sha1,
                    key: "other".into(),
                    of: Input::Source(Source::Request(RequestPart::Url)),
                    encode: Encoding::Base64Url,
                    substitutes: Substitutes::default(),
                }),
            ),
        ]
        .into(),
        output: Output::Send(Send {
            headers: vec![
                ("X-Key".into(), one(vec![TemplatePart::Step("key_id".into())])),
                ("X-Passcode".into(), one(vec![TemplatePart::Step("passcode".into())])),
                ("X-Signature".into(), one(vec![TemplatePart::Step("signature".into())])),
            ]
            .into(),
            ..Send::default()
        }),
        rules: Rules::default(),
    }
}

fn token_recipe() -> Recipe {
    let named = |name: &'static str| Input::Step(name.into());
    Recipe {
        name: "acme_experience".into(),
        steps: vec![
            step("issuer", source(Source::Credential { name: "application_key".into(), secret: false })),
            step(
                "secret",
                source(Source::Key {
                    name: "application_secret".into(),
                    decode: KeyEncoding::Utf8,
                    strip_prefix: None,
                }),
            ),
            step("user_id", source(Source::Argument { name: "user_id".into(), optional: false })),
            step("renewal_url", source(Source::Argument { name: "renewal_url".into(), optional: true })),
            step("expires", source(Source::Time { form: TimeForm::UnixSeconds, plus_seconds: 300 })),
            step(
                "token",
                Expression::Operation(Operation::Jws {
                    algorithm: HashAlgorithm::Sha256,
                    key: "secret".into(),
                    header: vec![("alg".into(), "HS256".into()), ("typ".into(), "JWT".into())].into(),
                    payload: JwsPayload::Claims(
                        vec![
                            ("iss".into(), named("issuer")),
                            ("sub".into(), named("user_id")),
                            ("exp".into(), named("expires")),
                            ("rnw".into(), named("renewal_url")),
                        ]
                        .into(),
                    ),
                    escape: Escape::Minimal,
                }),
            ),
        ]
        .into(),
        output: Output::Give("token".into()),
        rules: Rules { lifetime: Some(Lifetime { of: "expires".into(), max_seconds: 3600 }), ..Rules::default() },
    }
}

pub(crate) fn field(name: &str, wire: &str, ty: TypeExpr, required: bool, nullable: bool) -> Field {
    Field {
        name: name.into(),
        wire: wire.into(),
        ty,
        required,
        nullable,
        boxed: false,
        constant: None,
        doc: Doc::default(),
        deprecated: false,
    }
}

pub(crate) fn named(name: &str) -> TypeExpr {
    TypeExpr::Named(name.into())
}

pub(crate) fn list(item: TypeExpr) -> TypeExpr {
    TypeExpr::List(Box::new(item))
}

pub(crate) fn map(value: TypeExpr) -> TypeExpr {
    TypeExpr::Map(Box::new(value))
}

pub(crate) fn plain() -> TypeExpr {
    TypeExpr::Text(TextKind::Plain)
}

pub(crate) fn type_def(name: &str, kind: TypeKind) -> TypeDef {
    TypeDef {
        pointer: format!("/components/schemas/{name}"),
        name: name.into(),
        doc: Doc::default(),
        at: Mark::new(40, 5),
        deprecated: false,
        sent: true,
        received: true,
        kind,
    }
}

pub(crate) fn object(name: &str, fields: Vec<Field>) -> TypeDef {
    type_def(name, TypeKind::Struct(Struct { fields, ..Struct::default() }))
}

fn variant(name: &str, wire: &str, integer: bool) -> Variant {
    Variant { name: name.into(), wire: wire.into(), integer, doc: Doc::default() }
}

fn branch(name: &str, ty: TypeExpr, tags: &[&str], boxed: bool) -> Branch {
    let tags = tags.iter().map(|t| t.to_string()).collect();
    Branch { name: name.into(), ty, tags, guards: Vec::new(), boxed, doc: Doc::default() }
}

fn types() -> Vec<TypeDef> {
    let integer = TypeExpr::Integer(IntegerKind::I64);
    let mut old = field("old", "old", plain(), false, false);
    old.deprecated = true;
    old.doc.notes = vec!["At most 36 characters.".into(), "Assumed: nobody says so".into()];
    let mut next = field("next", "next", named("Node"), false, false);
    next.boxed = true;
    let mut left = field("left", "left", named("Node"), false, true);
    left.boxed = true;
    let every = vec![
        field("any", "any", TypeExpr::Any, true, false),
        field("any_null", "anyNull", TypeExpr::Any, true, true),
        field("any_optional", "anyOptional", TypeExpr::Any, false, false),
        field("any_double", "anyDouble", TypeExpr::Any, false, true),
        field("bool", "bool", TypeExpr::Bool, true, false),
        field("choice", "choice", named("PushTokenType"), true, false),
        field("choice_double", "choiceDouble", named("PushTokenType"), false, true),
        field("choice_null", "choiceNull", named("PushTokenType"), true, true),
        field("date", "date", TypeExpr::Text(TextKind::Date), true, false),
        field("date_time", "dateTime", TypeExpr::Text(TextKind::DateTime), false, true),
        field("decimal", "decimal", TypeExpr::Decimal, true, false),
        field("decimal_double", "decimalDouble", TypeExpr::Decimal, false, true),
        field("float", "float", TypeExpr::Float, true, false),
        field("i32", "i32", TypeExpr::Integer(IntegerKind::I32), true, false),
        field("i64_optional", "i64Optional", integer.clone(), false, false),
        field("id", "ID", named("Id"), true, false),
        field("items_double", "itemsDouble", list(integer.clone()), false, true),
        field("items_optional", "items", list(named("Node")), false, false),
        field("map_any", "mapAny", map(TypeExpr::Any), true, false),
        field("map_null", "mapNull", map(TypeExpr::Nullable(Box::new(named("Node")))), true, true),
        field("map_of_decimals", "balances", map(TypeExpr::Decimal), true, false),
        field("nested", "nested", list(list(TypeExpr::Nullable(Box::new(plain())))), true, false),
        old,
        field("sensitive", "sensitive", TypeExpr::Text(TextKind::Sensitive), true, false),
        field("text_null", "textNull", plain(), true, true),
        field("type_", "type", plain(), true, false),
        field("u32", "u32", TypeExpr::Integer(IntegerKind::U32), true, false),
        field("u64", "u64", TypeExpr::Integer(IntegerKind::U64), true, false),
        field("uuid", "uuid", TypeExpr::Text(TextKind::Uuid), true, false),
    ];
    let mut types = vec![
        type_def(
            "Action",
            TypeKind::Union(Union {
                by: UnionBy::Tag("type".into()),
                branches: vec![
                    branch("Await", named("AwaitAction"), &["await", "wait"], false),
                    branch("Tree", named("Node"), &["tree"], true),
                ],
            }),
        ),
        object(
            "AwaitAction",
            vec![
                field("kind", "type", plain(), true, false),
                field("seconds", "seconds", integer.clone(), false, false),
            ],
        ),
        object("Empty", vec![]),
        object("ErrorBody", vec![field("success", "success", TypeExpr::Bool, true, false)]),
        object("Every", every),
        object("Filter", vec![field("ids", "ids", list(plain()), false, false)]),
        type_def(
            "Id",
            TypeKind::Union(Union {
                by: UnionBy::Shape,
                branches: vec![
                    branch("Integer", integer.clone(), &[], false),
                    branch("Text", plain(), &[], false),
                    branch("Node", named("Node"), &[], true),
                    branch("List", list(named("Id")), &[], false),
                ],
            }),
        ),
        type_def(
            "Level",
            TypeKind::Enum(Enum {
                variants: vec![variant("Low", "-1", true), variant("High", "2", true)],
                ..Enum::default()
            }),
        ),
        object(
            "Node",
            vec![
                field("action", "action", named("Action"), false, false),
                field("level", "level", named("Level"), true, false),
                left,
                next,
            ],
        ),
        type_def(
            "Open",
            TypeKind::Struct(Struct {
                fields: vec![field("id", "id", plain(), true, false)],
                extra: Some(list(plain())),
                ..Struct::default()
            }),
        ),
        object("OtherError", vec![field("message", "message", plain(), true, false)]),
        type_def(
            "PushTokenType",
            TypeKind::Enum(Enum {
                variants: vec![variant("Apns", "apns", false), variant("Quote", "a\"b\\c\nd", false)],
                ..Enum::default()
            }),
        ),
        type_def("OrderEvent", TypeKind::Struct(order_event())),
        type_def(
            "OrderState",
            TypeKind::Enum(Enum {
                variants: vec![
                    variant("Open", "OPEN", false),
                    variant("Paid", "PAID", false),
                    variant("Quote", "a\"b\\c\nd", false),
                    variant("Done", "DONE", false),
                ],
                transitions: Some(Transitions {
                    next: vec![
                        ("OPEN".into(), vec!["OPEN".into(), "PAID".into()]),
                        ("a\"b\\c\nd".into(), vec!["OPEN".into()]),
                    ],
                    finals: vec!["PAID".into()],
                }),
                synonyms: vec![("DONE".into(), "PAID".into())],
            }),
        ),
        // No value follows another, none is final.
        type_def(
            "Still",
            TypeKind::Enum(Enum {
                variants: vec![variant("Here", "here", false)],
                transitions: Some(Transitions::default()),
                ..Enum::default()
            }),
        ),
    ];
    types[0].deprecated = true;
    types
}

/// An event with members that say the same.
fn order_event() -> Struct {
    let state = |name, wire| field(name, wire, named("OrderState"), false, false);
    let mut boxed = field("boxed", "boxed", named("Node"), false, false);
    boxed.boxed = true;
    let mut other = field("other", "other", named("Node"), false, false);
    other.boxed = true;
    Struct {
        fields: vec![
            boxed,
            state("event", "event"),
            field("event_id", "eventId", plain(), true, false),
            state("event_type", "eventType"),
            field("merchant", "merchant", plain(), false, false),
            other,
            field("shop", "shop", plain(), false, false),
        ],
        first_of: [("state", ["event", "event_type"]), ("seller", ["shop", "merchant"]), ("node", ["boxed", "other"])]
            .map(|(name, fields)| FirstOf { name: name.into(), fields: fields.map(str::to_owned).into() })
            .into(),
        ..Struct::default()
    }
}

fn webhooks() -> Vec<Webhook> {
    let webhook = |name: &str, marker: &str, event| Webhook {
        name: name.into(),
        id: format!("receive_{name}"),
        marker: marker.into(),
        doc: doc("An order changed", "A longer story."),
        at: Mark::new(30, 3),
        deprecated: false,
        scheme: "acme".into(),
        dedupe: Some("/eventId".into()),
        event,
    };
    let mut any = webhook("any", "AnyWebhook", TypeExpr::Any);
    any.dedupe = None;
    any.scheme = "header".into();
    any.deprecated = true;
    any.doc = Doc::default();
    vec![
        webhook("order", "OrderWebhook", named("OrderEvent")),
        webhook("list", "ListWebhook", list(named("Node"))),
        any,
    ]
}

pub(crate) fn parameter(name: &str, wire: &str, place: ParameterPlace, ty: TypeExpr, required: bool) -> Parameter {
    let style = place.usual();
    Parameter {
        name: name.into(),
        wire: wire.into(),
        place,
        style,
        ty,
        required,
        doc: Doc::default(),
        deprecated: false,
    }
}

pub(crate) fn response(status: StatusPattern, variant: &str, content: ResponseContent) -> Response {
    let media_types: &[&str] = match content {
        ResponseContent::Empty => &[],
        ResponseContent::Json(_) => &["application/json"],
        ResponseContent::Text => &["text/plain"],
        ResponseContent::Binary => &["image/png"],
        ResponseContent::Stream => &["application/octet-stream"],
        ResponseContent::JsonLines(_) => &["application/x-ndjson"],
        ResponseContent::Events(..) => &["text/event-stream"],
    };
    let media_types = media_types.iter().map(|media_type| (*media_type).to_owned()).collect();
    let doc = doc("", "What it says.");
    Response { status, variant: variant.into(), media_types, content, failure: None, headers: Vec::new(), doc }
}

pub(crate) fn operation(name: &str, module: &str, method: &str, path: &str) -> ir::Operation {
    ir::Operation {
        id: name.into(),
        name: name.into(),
        marker: heck::ToUpperCamelCase::to_upper_camel_case(name),
        module: module.into(),
        method: method.into(),
        path: path.into(),
        target: path.into(),
        server: None,
        doc: doc("Does something", "A longer story.\n\n- one\n- two"),
        at: Mark::new(214, 5),
        deprecated: false,
        repeat: Repeat::Safe,
        limits: Some(ir::Limits { api: "every".into(), concurrent: Some(3) }),
        security: vec![vec!["acme".into()]],
        scopes: Vec::new(),
        session: None,
        parameters: Vec::new(),
        choices: Vec::new(),
        body: None,
        successes: vec![response(StatusPattern::Exact(200), "Ok", ResponseContent::Json(named("Every")))],
        errors: Vec::new(),
        success_type: None,
        error_type: None,
        flows: ir::Flows::default(),
    }
}

fn body(media_type: &str, content: BodyContent, required: bool) -> Option<Body> {
    Some(Body {
        required,
        media_type: media_type.into(),
        content,
        variant: "Body".into(),
        alternatives: Vec::new(),
        type_name: None,
        doc: doc("", "The thing itself."),
    })
}

/// Parameters that go through serde: every place and style, every kind of type.
fn styled() -> Vec<Parameter> {
    use ParameterPlace::{Cookie, Header, Query};
    let map = || TypeExpr::Map(Box::new(TypeExpr::Integer(IntegerKind::I64)));
    let types = [
        ("object", Query, Style::Form, named("Every")),
        ("deep", Query, Style::DeepObject, named("Open")),
        ("json", Query, Style::Json, list(named("Node"))),
        ("piped", Query, Style::PipeDelimited, list(plain())),
        ("spaced", Query, Style::SpaceDelimited, list(TypeExpr::Integer(IntegerKind::I32))),
        ("any", Query, Style::DeepObject, TypeExpr::Any),
        ("map", Query, Style::Form, map()),
        ("header_list", Header, Style::Simple, list(plain())),
        ("header_map", Header, Style::Simple, map()),
        ("cookie_text", Cookie, Style::Form, plain()),
        ("cookie_number", Cookie, Style::Form, TypeExpr::Bool),
        ("cookie_list", Cookie, Style::Form, list(named("PushTokenType"))),
    ];
    let styled = types.into_iter().map(|(name, place, style, ty)| {
        let name = format!("styled_{name}");
        let mut parameter = parameter(&name, &name, place, ty, false);
        parameter.style = ir::ParameterStyle { style, explode: name.len() % 2 == 0, reserved: place == Query };
        parameter
    });
    styled.collect()
}

fn operations() -> Vec<ir::Operation> {
    use ParameterPlace::{Header, Path, Query};
    let json = |name: &str| ResponseContent::Json(named(name));
    let exact = StatusPattern::Exact;
    let failure = |body: &str| {
        Some(ir::Failure {
            at: "/success".into(),
            when: FailureWhen::Equals(vec![false.into(), "no".into(), 0.into(), serde_json::Value::Null]),
            body: named(body),
        })
    };

    let mut get = operation("get_order", "orders", "GET", "/orders/{orderId}/{kind}");
    let mut joined = parameter("fields", "fields", Query, list(named("PushTokenType")), false);
    joined.style.explode = false;
    get.parameters = vec![
        parameter("order_id", "orderId", Path, plain(), true),
        parameter("kind", "kind", Path, named("PushTokenType"), true),
        parameter("at", "at", Query, TypeExpr::Text(TextKind::DateTime), true),
        parameter("secret", "X-Secret", Header, TypeExpr::Text(TextKind::Sensitive), true),
        parameter("n", "n", Query, TypeExpr::Integer(IntegerKind::I64), true),
        parameter("limit", "limit", Query, TypeExpr::Integer(IntegerKind::U32), false),
        parameter("ids", "ids", Query, list(plain()), false),
        joined,
        parameter("timeout", "timeout", Query, TypeExpr::Float, false),
        parameter("price", "X-Price", Header, TypeExpr::Decimal, false),
        parameter("level", "level", Query, named("Level"), false),
    ];
    get.parameters[5].deprecated = true;
    get.parameters.extend(styled());
    get.target = "/orders/{orderId}/{kind}?fixed=1".into();
    get.server = Some("https://orders.acme.example".into());
    get.errors = vec![
        response(exact(404), "NotFound", ResponseContent::Empty),
        response(StatusPattern::Range(4), "Status4xx", json("ErrorBody")),
        response(exact(500), "InternalServerError", ResponseContent::Text),
        response(StatusPattern::Default, "Default", json("OtherError")),
    ];

    let mut create = operation("create_order", "orders", "POST", "/orders");
    create.body = body("application/json", BodyContent::Json(named("Every")), true);
    create.repeat = Repeat::Unsafe;
    create.security = vec![vec!["acme".into(), "header".into()], vec!["header".into()]];
    create.successes[0].failure = failure("ErrorBody");
    create.errors = vec![
        response(StatusPattern::Range(4), "Status4xx", json("ErrorBody")),
        response(StatusPattern::Range(5), "Status5xx", json("ErrorBody")),
    ];

    let mut upsert = operation("upsert_order", "orders", "PUT", "/orders");
    upsert.body = body("application/vnd.acme+json", BodyContent::Json(list(named("Open"))), true);
    upsert.repeat = Repeat::Never;
    upsert.successes = vec![
        response(exact(200), "Ok", json("Every")),
        response(exact(201), "Created", json("Node")),
        response(exact(204), "NoContent", ResponseContent::Empty),
    ];
    upsert.successes[0].failure = failure("OtherError");
    upsert.successes[1].failure = failure("ErrorBody");
    if let Some(failure) = &mut upsert.successes[1].failure {
        failure.when = FailureWhen::NotEquals(vec!["ok".into()]);
    }
    upsert.errors = vec![response(exact(400), "BadRequest", json("ErrorBody"))];
    upsert.success_type = Some("UpsertOrderSuccess".into());
    upsert.error_type = Some("UpsertOrderError".into());

    let mut search = operation("search", "orders", "POST", "/search");
    search.body = body("application/json", BodyContent::Json(named("Filter")), false);
    search.choices = vec![ParameterChoice {
        name: "who".into(),
        type_name: "SearchWho".into(),
        variants: vec![
            ("Email".into(), parameter("email", "email", Query, plain(), true)),
            ("Number".into(), parameter("number", "number", Query, TypeExpr::Integer(IntegerKind::I64), true)),
        ],
    }];
    search.deprecated = true;
    search.successes = vec![response(StatusPattern::Default, "Default", ResponseContent::Json(list(named("Id"))))];

    let mut form = operation("send_form", "files", "POST", "/form");
    form.body = body("application/x-www-form-urlencoded", BodyContent::Form(named("Filter"), Vec::new()), true);
    form.session = Some("user_token".into());
    form.security = vec![vec!["acme_user".into()]];
    form.successes = vec![response(exact(204), "NoContent", ResponseContent::Empty)];

    let mut text = operation("send_text", "files", "POST", "/text");
    text.body = body("text/plain", BodyContent::Text, true);
    text.session = Some("service_token".into());
    text.security = vec![vec!["acme_service".into()]];
    text.successes = vec![response(exact(200), "Ok", ResponseContent::Text)];

    let mut bytes = operation("send_bytes", "files", "PUT", "/bytes/{body}");
    bytes.parameters = vec![parameter("body", "body", Path, TypeExpr::Text(TextKind::Uuid), true)];
    bytes.body = body("application/octet-stream", BodyContent::Bytes, true);
    bytes.successes = vec![response(StatusPattern::Range(2), "Status2xx", ResponseContent::Stream)];
    bytes.errors = vec![response(StatusPattern::Range(4), "Status4xx", json("ErrorBody"))];

    let mut image = operation("show_image", "files", "GET", "/image");
    image.security = Vec::new();
    image.successes = vec![response(exact(200), "Ok", ResponseContent::Binary)];
    image.doc = Doc::default();

    let mut raw = operation("send_raw", "files", "POST", "/raw");
    raw.body = body("application/json", BodyContent::Json(TypeExpr::Nullable(Box::new(map(TypeExpr::Any)))), true);
    raw.successes = vec![
        response(exact(200), "Ok", ResponseContent::Json(TypeExpr::Any)),
        response(exact(202), "Accepted", ResponseContent::Stream),
    ];

    vec![get, create, upsert, search, form, text, bytes, image, raw, parts(), choice(), optional_choice()]
}

/// An operation whose body has parts of every kind.
fn parts() -> ir::Operation {
    let part = |name: &str, content, required| Part {
        name: name.into(),
        wire: name.into(),
        content,
        media_type: None,
        required,
        constant: None,
        headers: Vec::new(),
        doc: doc("", "A part."),
        deprecated: false,
    };
    let header = ("file_x_part".to_owned(), "X-Part".to_owned(), doc("", "Of the part."));
    let parts = vec![
        Part { media_type: Some("image/png".into()), headers: vec![header], ..part("file", PartContent::File, true) },
        Part { deprecated: true, ..part("files", PartContent::Files, false) },
        part("count", PartContent::Value(TypeExpr::Integer(IntegerKind::I64)), true),
        Part { media_type: Some("application/json".into()), ..part("tags", PartContent::Value(named("Every")), false) },
        Part {
            constant: Some("only".into()),
            ..part("kind", PartContent::Value(TypeExpr::Text(TextKind::Plain)), true)
        },
    ];
    let mut operation = operation("send_parts", "files", "POST", "/parts");
    let form = Multipart { type_name: Some("SendPartsForm".into()), parts };
    operation.body = body("multipart/form-data", BodyContent::Multipart(form), true);
    let header = ResponseHeader {
        name: "retry_after".into(),
        wire: "Retry-After".into(),
        ty: TypeExpr::Integer(IntegerKind::I64),
        doc: doc("", "When to come back."),
    };
    operation.successes = vec![
        response(StatusPattern::Exact(200), "OkJson", ResponseContent::Json(named("Every"))),
        response(StatusPattern::Exact(200), "OkLines", ResponseContent::JsonLines(named("Every"))),
        response(StatusPattern::Exact(200), "OkEvents", ResponseContent::Events(named("Every"), EventShape::Whole)),
    ];
    operation.successes.iter_mut().for_each(|response| response.headers.push(header.clone()));
    operation.success_type = Some("SendPartsOk".into());
    operation
}

/// An operation whose body is one of several.
fn choice() -> ir::Operation {
    let mut operation = operation("send_choice", "files", "POST", "/choice");
    let alternative = |variant: &str, media_type: &str, content| BodyAlternative {
        variant: variant.into(),
        media_type: media_type.into(),
        content,
    };
    operation.body = body("application/json", BodyContent::Json(named("Every")), true).map(|body| Body {
        variant: "Json".into(),
        type_name: Some("SendChoiceBody".into()),
        alternatives: vec![
            alternative(
                "Form",
                "application/x-www-form-urlencoded",
                BodyContent::Form(named("Filter"), vec![("a".into(), FormStyle::Deep)]),
            ),
            alternative("Multipart", "multipart/form-data", BodyContent::Multipart(Multipart::default())),
            alternative("Xml", "application/xml", BodyContent::Text),
            alternative("Bytes", "*/*", BodyContent::Bytes),
        ],
        ..body
    });
    operation.successes = vec![response(StatusPattern::Exact(204), "NoContent", ResponseContent::Empty)];
    operation
}

/// The same where the body may be left out: a setter.
fn optional_choice() -> ir::Operation {
    let mut operation = choice();
    operation.id = "maybe_send_choice".into();
    operation.name = "maybe_send_choice".into();
    operation.marker = "MaybeSendChoice".into();
    operation.path = "/maybe".into();
    operation.body =
        operation.body.map(|body| Body { required: false, type_name: Some("MaybeSendChoiceBody".into()), ..body });
    operation
}
