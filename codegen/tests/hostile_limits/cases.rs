//! The cases, and which attack each of them is.

use std::fmt::Write as _;
use std::path::Path;

/// What must come of a case.
#[derive(Clone, Copy)]
pub(crate) enum Must {
    /// Located errors, one of this rule.
    Refused(&'static str),
    /// Located errors, or a sound crate.
    Answered,
}

/// A spec, and what must come of it.
pub(crate) struct Case {
    pub(crate) name: String,
    /// The name of its file.
    pub(crate) file: String,
    pub(crate) must: Must,
    pub(crate) write: Box<dyn Fn(&Path)>,
}

/// Attacks on a generator, and the cases for each; `*` stands for any end of a name.
pub(crate) const TABLE: &[(&str, &[&str])] = &[
    // What a reader of YAML may choke on.
    ("alias bomb 9x9", &["alias-bomb-9x9"]),
    ("flat fan-out of one anchor", &["alias-bomb-flat", "made-fan-out-20000"]),
    ("recursive anchor", &["anchor-inside-itself"]),
    ("merge-key bomb", &["made-merge-key-bomb"]),
    ("nested 100,000 deep, flow", &["too-deep-flow", "made-flow-100000", "made-json-100000"]),
    ("nested 5,000 deep, block", &["too-deep-block", "made-block-5000"]),
    ("a scalar of 10 MB", &["made-scalar-10mb"]),
    ("duplicate keys", &["duplicate-key", "made-json-duplicate"]),
    ("norway, octal and float keys", &["norway", "small-odd-keys"]),
    ("tabs", &["syntax-tab"]),
    ("NUL", &["control-character", "small-nul"]),
    ("UTF-16", &["made-utf16-little", "made-utf16-big"]),
    ("invalid UTF-8", &["not-utf8"]),
    ("quoted text left of its key, again and again", &["made-quoted-lines"]),
    ("trailing garbage, huge numbers", &["made-json-garbage", "small-huge-number"]),
    // References.
    ("cycles of 1, 2, 50", &["ref-cycle-of-one", "small-cycle-of-two", "ref-cycle-of-three", "made-cycle-of-50"]),
    ("cycles through allOf", &["small-all-of-cycle", "small-all-of-cycle-of-two"]),
    ("dangling", &["dangling-ref", "small-dangling-parameter"]),
    ("~0~1, percent-encoded", &["ref-escapes-are-read", "small-ref-escapes-wrong"]),
    ("into itself", &["small-ref-into-itself", "small-ref-to-root"]),
    (
        "a file, file:, http(s), UNC",
        &["ref-to-file", "ref-file-scheme", "ref-to-web", "ref-network-share", "small-ref-https"],
    ),
    ("a parent folder", &["ref-to-parent", "small-ref-parent-encoded"]),
    ("a link out of the folder", &["made-symlink"]),
    (
        "files that refer to each other",
        &["made-files-cycle", "made-files-1100", "made-files-bomb", "made-files-broken"],
    ),
    ("a pipe in place of a file", &["made-folder-as-file"]),
    // Names, each as tag, operation, parameter, schema, property, enum value and header.
    ("../../x, absolute", &["name-parent", "name-absolute"]),
    ("NUL in a name", &["name-nul"]),
    ("300 characters", &["name-long"]),
    ("CON", &["name-con"]),
    ("case clash", &["small-case-clash"]),
    ("mod.rs, lib.rs", &["name-mod-rs", "name-lib-rs"]),
    ("empty, only symbols", &["name-empty", "name-symbols"]),
    ("emoji", &["name-emoji"]),
    ("bidi, zero-width", &["bidi", "name-bidi", "name-zero-width"]),
    ("NFC and NFD twins", &["small-unicode-twins"]),
    ("keywords", &["keyword-self", "keyword-Self", "keyword-super", "keyword-crate", "keyword-gen", "keyword-*"]),
    (
        "prelude names",
        &["keyword-String", "keyword-Option", "keyword-Result", "keyword-Vec", "keyword-Box", "keyword-Ok"],
    ),
    // Text that tries to become code.
    (
        "injection",
        &["description-injection", "enum-injection", "operation-id-injection", "step-name-injection", "inject-*"],
    ),
    ("header name with a line break", &["header-name-line-break", "response-header-name"]),
    ("path with a line break", &["path-line-break"]),
    // Size.
    ("an enum of 10,000 values", &["made-enum-10000"]),
    ("500 and more operations", &["made-operations-500"]),
    ("a description of 5 MB", &["made-description-5mb"]),
    ("allOf 1,000 deep", &["made-all-of-1000"]),
    ("allOf joined in 2^n ways", &["made-joined-mesh-7", "made-joined-mesh-25", "made-joined-children-200"]),
    ("a base that each schema is", &["made-discriminators-60"]),
    ("a chain of 10,000 references", &["made-references-10000"]),
    // Regular expressions.
    (
        "pattern: invalid, catastrophic, look-around, 1 MB",
        &["small-pattern-invalid", "pattern-catastrophic", "small-pattern-look-around", "made-pattern-1mb"],
    ),
    // Contradictions.
    ("min > max", &["bounds"]),
    ("default outside enum, of another type", &["default-outside-enum", "default-type"]),
    ("allOf string + integer", &["small-all-of-contradiction"]),
    ("required unknown", &["required-undeclared"]),
    ("two success types, two error types", &["small-two-successes", "small-two-errors"]),
    ("cookie, deepObject", &["small-cookie", "small-deep-object"]),
    // What a generator is known to fail on.
    ("enum a-b and a_b", &["small-enum-clash"]),
    ("enum with an empty text, of symbols", &["small-enum-empty-text", "small-enum-symbols"]),
    ("JSON without schema", &["response-without-schema", "small-json-without-schema"]),
    ("undeclared path parameter, absent one", &["path-variable-undeclared", "path-variable-absent"]),
    ("not", &["small-not"]),
    ("same query parameter twice", &["parameter-twice"]),
    ("exclusiveMinimum alone", &["small-exclusive-alone"]),
    ("operationId empty, _, emoji", &["operation-id-empty", "name-underscore", "name-emoji"]),
    ("no operationId, the same twice", &["operation-id-missing", "operation-id-twice"]),
    ("multipart, XML", &["small-multipart", "small-xml"]),
    ("bad default, bad regex", &["default-type", "small-pattern-invalid"]),
    ("3.1, 3.2, Swagger 2", &["openapi-3-1", "openapi-3-2", "swagger-2"]),
    ("operationId new", &["keyword-new"]),
    ("schemas FooBar and foo_bar", &["small-schema-clash"]),
    ("properties fooBar and foo_bar", &["small-property-clash"]),
    // 3.1.
    ("boolean schemas, type lists, $defs", &["openapi-3-1", "small-3-1-false", "small-3-1-types"]),
    ("$anchor and $id that are not one", &["small-3-1-anchors", "small-3-1-id"]),
    ("if, dependentSchemas, unevaluatedProperties in circles", &["small-3-1-circles"]),
    ("webhooks only", &["small-3-1-webhooks"]),
];

const HEAD: &str = "info: {title: A, version: '1'}\nservers: [{url: 'https://a.example'}]\n";

fn text(name: &str, must: Must, make: impl Fn() -> Vec<u8> + 'static) -> Case {
    let file = if name.starts_with("made-json") { "openapi.json" } else { "openapi.yaml" };
    let write = Box::new(move |file: &Path| std::fs::write(file, make()).unwrap());
    Case { name: name.to_owned(), file: file.to_owned(), must, write }
}

/// A document with schemas, and an operation that uses the one called `A`.
fn schemas(version: &str, schemas: &str) -> String {
    document(
        version,
        "'200': {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}",
        "",
        schemas,
    )
}

fn document(version: &str, responses: &str, operation: &str, schemas: &str) -> String {
    format!(
        "openapi: {version}\n{HEAD}paths:\n  /a:\n    post:\n      operationId: do_a\n      responses:\n        {responses}\n{operation}\ncomponents:\n  schemas:\n{schemas}\n"
    )
}

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = files();
    cases.extend(small());
    cases.extend(names());
    cases.extend(injections());
    cases.extend(made());
    cases
}

/// Those that are files of their own; what is said of them is held in `hostile.rs`.
fn files() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/hostile");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let case = |source: std::path::PathBuf| {
        let name = source.file_stem().unwrap().to_str().unwrap().to_owned();
        text(&name, Must::Answered, move || std::fs::read(&source).unwrap())
    };
    files.into_iter().map(case).collect()
}

/// Schemas `A`, for 3.0.
const SCHEMAS: &[(&str, &str)] = &[
    (
        "odd-keys",
        "    A: {type: object, properties: {0o17: {type: string}, 1.0: {type: string}, true: {type: string}, no: {type: string}, null: {type: string}, =: {type: string}}}",
    ),
    ("nul", "    A: {type: string, enum: [\"a\\0b\"]}"),
    (
        "huge-number",
        "    A: {type: integer, maximum: 99999999999999999999999999999999999999999999999999, enum: [1e400, -1e400]}",
    ),
    ("cycle-of-two", "    A: {$ref: '#/components/schemas/B'}\n    B: {$ref: '#/components/schemas/A'}"),
    ("all-of-cycle", "    A: {allOf: [{$ref: '#/components/schemas/A'}, {type: object}]}"),
    (
        "all-of-cycle-of-two",
        "    A: {allOf: [{$ref: '#/components/schemas/B'}]}\n    B: {allOf: [{$ref: '#/components/schemas/A'}], type: object}",
    ),
    ("ref-escapes-wrong", "    A: {$ref: '#/components/schemas/a~2b'}"),
    (
        "ref-into-itself",
        "    A: {type: object, properties: {x: {$ref: '#/components/schemas/A/properties'}, y: {$ref: '#/components/schemas/A/properties/y/items'}}}",
    ),
    ("ref-to-root", "    A: {$ref: '#'}"),
    ("ref-https", "    A: {$ref: 'https://a.example/a.yaml#/A'}"),
    ("ref-parent-encoded", "    A: {$ref: '%2e%2e/%2e%2e/etc/passwd'}"),
    ("case-clash", "    A: {type: object, properties: {x: {$ref: '#/components/schemas/a'}}}\n    a: {type: object}"),
    (
        "unicode-twins",
        "    A: {type: object, properties: {\"caf\\u00e9\": {type: string}, \"cafe\\u0301\": {type: string}}}",
    ),
    ("pattern-invalid", "    A: {type: string, pattern: '(['}"),
    ("pattern-look-around", "    A: {type: string, pattern: '^(?!x)(?<=y)(a)\\1$'}"),
    ("all-of-contradiction", "    A: {allOf: [{type: string}, {type: integer}]}"),
    ("enum-clash", "    A: {type: string, enum: [a-b, a_b, aB, 'a b']}"),
    ("enum-empty-text", "    A: {type: string, enum: ['', ' ', a]}"),
    ("enum-symbols", "    A: {type: string, enum: ['<', '<=', '>', '=', '!=', '*', '+', '-']}"),
    ("not", "    A: {not: {type: string}}"),
    ("exclusive-alone", "    A: {type: integer, exclusiveMinimum: true}"),
    (
        "schema-clash",
        "    A: {type: object, properties: {x: {$ref: '#/components/schemas/FooBar'}, y: {$ref: '#/components/schemas/foo_bar'}}}\n    FooBar: {type: object}\n    foo_bar: {type: object}",
    ),
    (
        "property-clash",
        "    A: {type: object, properties: {fooBar: {type: string}, foo_bar: {type: string}, FooBar: {type: string}}}",
    ),
    ("ref-is-a-property", "    A: {type: object, properties: {$ref: {type: string}}}"),
];

/// Schemas `A`, for 3.1.
const NEWER: &[(&str, &str)] = &[
    ("3-1-false", "    A: {type: object, properties: {x: false, y: true}, additionalProperties: false, items: false}"),
    ("3-1-types", "    A: {type: [string, integer, 'null', array, object, string, number, boolean]}"),
    ("3-1-anchors", "    A: {$ref: '#x'}\n    B: {$anchor: x}\n    C: {$anchor: x}"),
    (
        "3-1-id",
        "    A: {$ref: 'https://a.example/b'}\n    B: {$id: 'https://a.example/b', type: object, properties: {c: {$ref: '#/$defs/C'}}, $defs: {C: {$ref: '#'}}}",
    ),
    (
        "3-1-circles",
        "    A: {type: object, if: {$ref: '#/components/schemas/A'}, then: {$ref: '#/components/schemas/A'}, dependentSchemas: {x: {$ref: '#/components/schemas/A'}}, unevaluatedProperties: {$ref: '#/components/schemas/A'}, not: {$ref: '#/components/schemas/A'}}",
    ),
    ("3-1-dynamic", "    A: {$dynamicAnchor: a, type: array, items: {$dynamicRef: '#a'}}"),
    (
        "3-1-tuple",
        "    A: {type: array, prefixItems: [{type: string}, {$ref: '#/components/schemas/A'}], items: false, contains: true}",
    ),
    ("3-1-const", "    A: {enum: [1, a, null, {}, []], const: [1, {a: [null]}]}"),
    ("3-1-null", "    A: {type: 'null'}"),
    ("3-1-siblings", "    A: {$ref: '#/components/schemas/B', type: integer, minimum: 9}\n    B: {type: string}"),
];

/// Responses and the rest of an operation.
const OPERATIONS: &[(&str, &str, &str)] = &[
    (
        "two-successes",
        "'200': {description: d, content: {application/json: {schema: {type: string}}}}\n        '201': {description: d, content: {application/json: {schema: {type: integer}}}}",
        "",
    ),
    (
        "two-errors",
        "'400': {description: d, content: {application/json: {schema: {type: string}}}}\n        '500': {description: d, content: {application/json: {schema: {type: integer}}}}",
        "",
    ),
    (
        "json-without-schema",
        "'200': {description: d, content: {application/json: {}}}",
        "      requestBody: {content: {application/json: {}}}",
    ),
    ("dangling-parameter", "'200': {description: d}", "      parameters: [{$ref: '#/components/parameters/P'}]"),
    ("cookie", "'200': {description: d}", "      parameters: [{name: a, in: cookie, schema: {type: string}}]"),
    (
        "deep-object",
        "'200': {description: d}",
        "      parameters: [{name: a, in: query, style: deepObject, schema: {type: object, properties: {b: {type: object}}}}]",
    ),
    (
        "multipart",
        "'200': {description: d}",
        "      requestBody: {content: {multipart/form-data: {schema: {type: object, properties: {f: {type: string, format: binary}}}}}}",
    ),
    ("xml", "'200': {description: d}", "      requestBody: {content: {application/xml: {schema: {type: object}}}}"),
];

fn small() -> Vec<Case> {
    let refused = |name: &str| match name {
        "cycle-of-two" => Must::Refused("ref-cycle"),
        "ref-escapes-wrong" | "3-1-anchors" => Must::Refused("invalid-ref"),
        "ref-https" | "ref-parent-encoded" => Must::Refused("external-ref"),
        "dangling-parameter" => Must::Refused("dangling-ref"),
        _ => Must::Answered,
    };
    let mut cases = Vec::new();
    for (version, list) in [("3.0.3", SCHEMAS), ("3.1.0", NEWER)] {
        for (name, schema) in list {
            cases.push(text(&format!("small-{name}"), refused(name), move || schemas(version, schema).into_bytes()));
        }
    }
    for (name, responses, operation) in OPERATIONS {
        let make = move || document("3.0.3", responses, operation, "    A: {type: string}").into_bytes();
        cases.push(text(&format!("small-{name}"), refused(name), make));
    }
    let webhooks =
        format!("openapi: 3.1.0\n{HEAD}webhooks: {{w: {{post: {{responses: {{'200': {{description: d}}}}}}}}}}\n");
    cases.push(text("small-3-1-webhooks", Must::Answered, move || webhooks.clone().into_bytes()));
    cases
}

const NAMES: &[(&str, &str)] = &[
    ("parent", "../../x"),
    ("absolute", "/etc/passwd"),
    ("nul", "a\0b"),
    ("con", "CON"),
    ("mod-rs", "mod.rs"),
    ("lib-rs", "lib.rs"),
    ("empty", ""),
    ("symbols", "!@#$%^&*()"),
    ("underscore", "_"),
    ("emoji", "😀"),
    ("bidi", "a\u{202E}b"),
    ("zero-width", "a\u{200B}b"),
    ("digits", "007"),
    ("quotes", "\"'`"),
    ("braces", "{}{x}"),
    ("line-break", "a\r\nb"),
    ("backslash", "..\\..\\x"),
];

const KEYWORDS: &str = "as async await become box break const continue crate do dyn else enum extern false final fn for \
    gen if impl in let loop macro match mod move mut new override priv pub ref return self Self static struct super trait \
    true try type typeof unsafe unsized use virtual where while yield union String Option Result Vec Box Ok Err Some None \
    Default Clone std core serde Client Error types";

/// A document in which a name is everything that has a name.
fn named(name: &str) -> Vec<u8> {
    let name = serde_json::Value::from(name);
    serde_json::to_vec(&serde_json::json!({
        "openapi": "3.1.0", "info": {"title": name, "version": "1"}, "servers": [{"url": "https://a.example"}],
        "tags": [{"name": name}],
        "paths": {"/a": {"get": {
            "operationId": name, "tags": [name],
            "parameters": [{"name": name, "in": "query", "schema": {"type": "string", "enum": [name, "other"]}}],
            "responses": {"200": {"description": "d", "content": {"application/json": {"schema": {
                "type": "object", "required": [name],
                "properties": {name.as_str().unwrap(): {"type": "object", "properties": {name.as_str().unwrap(): {"type": "string"}}}}
            }}}}}
        }}}
    }))
    .unwrap()
}

fn names() -> Vec<Case> {
    // The text is JSON, which is YAML, too.
    let long = ("long".to_owned(), "x".repeat(300));
    let mut all: Vec<_> = NAMES.iter().map(|(name, text)| (format!("name-{name}"), (*text).to_owned())).collect();
    all.push((format!("name-{}", long.0), long.1));
    all.extend(KEYWORDS.split_whitespace().map(|word| (format!("keyword-{word}"), word.to_owned())));
    all.into_iter().map(|(name, word)| text(&name, Must::Answered, move || named(&word))).collect()
}

const PLACES: &[&str] = &[
    "description",
    "title",
    "version",
    "path",
    "operation",
    "parameter",
    "header",
    "enum",
    "default",
    "pattern",
    "example",
    "server",
    "extension",
    "tag",
    "summary",
    "schema",
    "property",
    "media",
    "scheme",
];

/// A document with text in one place that ends strings, comments and attributes.
fn injected(place: &str) -> Vec<u8> {
    let evil =
        "\"]*/ pub fn canary() {} /*#[doc = \"\r\n```\nfn canary() {}\n```\n<script>canary()</script> {canary} \\";
    let at = |here: &str, plain: &str| if place == here { evil.to_owned() } else { plain.to_owned() };
    let property = at("property", "p");
    let schema = at("schema", "S");
    let path = format!("/a{}", if place == "path" { evil } else { "" });
    let (media, scheme) = (at("media", "application/json"), at("scheme", "k"));
    let header = at("header", "X-A");
    serde_json::to_vec(&serde_json::json!({
        "openapi": "3.0.3",
        "info": {"title": at("title", "t"), "version": at("version", "1"), "description": at("description", "d")},
        "servers": [{"url": format!("https://a.example/{}", at("server", ""))}],
        "tags": [{"name": at("tag", "t"), "description": at("description", "d")}],
        "x-foreign": at("extension", "x"),
        "paths": {path: {"get": {
            "operationId": at("operation", "a"), "tags": [at("tag", "t")], "summary": at("summary", "s"),
            "description": at("description", "d"), "security": [{scheme.clone(): []}],
            "parameters": [
                {"name": at("parameter", "q"), "in": "query", "description": at("description", "d"), "schema": {"type": "string"}},
                {"name": at("header", "X-B"), "in": "header", "schema": {"type": "string", "default": at("default", "d")}},
            ],
            "responses": {"200": {"description": at("description", "d"), "headers": {header: {"schema": {"type": "string"}}},
                "content": {media: {"schema": {"$ref": format!("#/components/schemas/{}", if place == "schema" { "none" } else { "S" })},
                "example": at("example", "e")}}}}
        }}},
        "components": {
            "securitySchemes": {scheme: {"type": "apiKey", "in": "header", "name": at("header", "X-K")}},
            "schemas": {schema: {"type": "object", "description": at("description", "d"), "properties": {
                property: {"type": "string", "enum": [at("enum", "e")], "pattern": at("pattern", "p"), "description": at("description", "d")}
            }}}
        }
    }))
    .unwrap()
}

fn injections() -> Vec<Case> {
    let case = |place: &&'static str| {
        let place = *place;
        text(&format!("inject-{place}"), Must::Answered, move || injected(place))
    };
    PLACES.iter().map(case).collect()
}

/// Those that would be large files, and those of several files.
fn made() -> Vec<Case> {
    let yaml = |name: &str, must: Must, make: fn() -> String| text(name, must, move || make().into_bytes());
    let mut cases = vec![
        yaml("made-fan-out-20000", Must::Refused("alias-bomb"), || {
            format!("a: &a [{}]\nb: [{}]\n", ["x"; 2_000].join(", "), vec!["*a"; 20_000].join(", "))
        }),
        yaml("made-merge-key-bomb", Must::Refused("alias-bomb"), || {
            let members: String = (0..2_000).map(|n| format!("k{n}: x, ")).collect();
            format!("a: &a {{{members}}}\n{}", (0..20_000).map(|n| format!("b{n}: {{<<: *a}}\n")).collect::<String>())
        }),
        yaml("made-flow-100000", Must::Refused("too-deep"), || "[".repeat(100_000)),
        yaml("made-json-100000", Must::Refused("too-deep"), || "{\"a\":".repeat(100_000)),
        yaml("made-block-5000", Must::Refused("too-deep"), || {
            (0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect()
        }),
        yaml("made-scalar-10mb", Must::Answered, || {
            schemas("3.0.3", &format!("    A: {{type: string, description: '{}'}}", "x".repeat(10 << 20)))
        }),
        yaml("made-json-duplicate", Must::Refused("duplicate-key"), || {
            "{\"openapi\": \"3.0.3\", \"openapi\": \"3.1.0\"}".into()
        }),
        yaml("made-json-garbage", Must::Refused("syntax"), || "{\"openapi\": \"3.0.3\"} x".into()),
        text("made-utf16-little", Must::Refused("encoding"), || [0xFF, 0xFE, b'a', 0, b':', 0].to_vec()),
        text("made-utf16-big", Must::Refused("encoding"), || [0xFE, 0xFF, 0, b'a', 0, b':'].to_vec()),
        yaml("made-quoted-lines", Must::Answered, || {
            schemas("3.0.3", &format!("    A: {{type: string, description: \"{}\"}}", "x\ny\n".repeat(20_000)))
        }),
        yaml("made-cycle-of-50", Must::Refused("ref-cycle"), || {
            let one = |n: usize| format!("    S{n}: {{$ref: '#/components/schemas/S{}'}}\n", (n + 1) % 50);
            schemas(
                "3.0.3",
                &format!("    A: {{$ref: '#/components/schemas/S0'}}\n{}", (0..50).map(one).collect::<String>()),
            )
        }),
        yaml("made-enum-10000", Must::Answered, || {
            let values: String = (0..10_000).map(|n| format!("v{n}, ")).collect();
            schemas("3.0.3", &format!("    A: {{type: string, enum: [{values}]}}"))
        }),
        yaml("made-operations-500", Must::Answered, || {
            let mut text = format!("openapi: 3.0.3\n{HEAD}paths:\n");
            for n in 0..500 {
                let _ = writeln!(
                    text,
                    "  /a{n}: {{get: {{operationId: get_a{n}, responses: {{'200': {{description: d, content: {{application/json: {{schema: {{type: object, properties: {{a: {{type: string}}}}}}}}}}}}}}}}}}"
                );
            }
            text
        }),
        yaml("made-description-5mb", Must::Answered, || {
            let long = "lorem *ipsum* `dolor` ".repeat(240_000);
            schemas(
                "3.0.3",
                &format!("    A: {{type: object, description: '{long}', properties: {{a: {{type: string}}}}}}"),
            )
        }),
        yaml("made-all-of-1000", Must::Answered, || {
            let one = |n: usize| {
                format!(
                    "    S{n}: {{allOf: [{{$ref: '#/components/schemas/S{}'}}], properties: {{p{n}: {{type: string}}}}}}\n",
                    n + 1
                )
            };
            let chain: String = (0..1_000).map(one).collect();
            schemas("3.0.3", &format!("    A: {{$ref: '#/components/schemas/S0'}}\n{chain}    S1000: {{type: object}}"))
        }),
        yaml("made-pattern-1mb", Must::Answered, || {
            schemas("3.0.3", &format!("    A: {{type: string, pattern: '{}'}}", "(a|b)*".repeat(170_000)))
        }),
    ];
    cases.extend(joined());
    cases.extend(several_files());
    cases
}

fn reference(n: usize) -> String {
    format!("{{$ref: '#/components/schemas/S{n}'}}")
}

/// Those where each schema leads to all others, through what is joined or chosen.
fn joined() -> Vec<Case> {
    let case = |name: &str, must: Must, count: usize, one: fn(usize, usize) -> String| {
        text(name, must, move || {
            let all: String = (0..count).map(|n| format!("    S{n}: {}\n", one(n, count))).collect();
            schemas("3.0.3", &format!("    A: {}\n{all}", reference(0))).into_bytes()
        })
    };
    let mesh = |n: usize, count: usize| {
        let both = |p: usize| format!("p{p}: {{allOf: [{}, {}]}}", reference(p), reference((7 * p + n) % count));
        format!("{{type: object, properties: {{{}}}}}", (0..count).map(both).collect::<Vec<_>>().join(", "))
    };
    let refused = Must::Refused("too-many-joins");
    vec![
        case("made-joined-mesh-7", refused, 7, mesh),
        case("made-joined-mesh-25", refused, 25, mesh),
        case("made-joined-children-200", refused, 200, |n, count| match n {
            0 => format!("{{type: object, {}, {}}}", discriminator(count), members(1)),
            _ => format!("{{type: object, {}, allOf: [{}]}}", members((n + 1) % count), reference(0)),
        }),
        case("made-discriminators-60", Must::Answered, 60, |n, count| match n {
            0 => format!("{{type: object, {}, {}}}", discriminator(count), members(1)),
            _ => {
                let (discriminator, members) = (discriminator(count), members((n + 1) % count));
                format!("{{type: object, {discriminator}, {members}, allOf: [{}]}}", reference(0))
            }
        }),
        case("made-references-10000", Must::Refused("too-nested"), 10_000, |n, count| match n + 1 == count {
            true => "{type: string}".to_owned(),
            false => reference(n + 1),
        }),
    ]
}

/// A tag, and a value of it for each schema.
fn discriminator(count: usize) -> String {
    let values: String = (0..count).map(|n| format!("m{n}: '#/components/schemas/S{n}', ")).collect();
    format!("discriminator: {{propertyName: t, mapping: {{{values}}}}}")
}

fn members(next: usize) -> String {
    format!("required: [t], properties: {{t: {{type: string}}, x: {}}}", reference(next))
}

fn several_files() -> Vec<Case> {
    let case = |name: &str, must: Must, write: fn(&Path)| Case {
        name: name.to_owned(),
        file: "openapi.yaml".to_owned(),
        must,
        write: Box::new(move |file| {
            let root = schemas("3.0.3", "    A: {$ref: 'a.yaml#/A'}");
            std::fs::write(file, root).unwrap();
            write(file.parent().unwrap());
        }),
    };
    vec![
        case("made-symlink", Must::Refused("external-ref"), |folder| {
            #[cfg(unix)]
            std::os::unix::fs::symlink("/etc/passwd", folder.join("a.yaml")).unwrap();
            #[cfg(not(unix))]
            std::fs::create_dir(folder.join("a.yaml")).unwrap();
        }),
        case("made-folder-as-file", Must::Refused("external-ref"), |folder| {
            std::fs::create_dir(folder.join("a.yaml")).unwrap();
        }),
        case("made-files-cycle", Must::Refused("ref-cycle"), |folder| {
            std::fs::write(folder.join("a.yaml"), "A: {$ref: 'openapi.yaml#/components/schemas/A'}").unwrap();
        }),
        case("made-files-broken", Must::Refused("syntax"), |folder| {
            std::fs::write(folder.join("a.yaml"), "A: [").unwrap();
        }),
        case("made-files-1100", Must::Refused("too-large"), |folder| {
            std::fs::write(folder.join("a.yaml"), "A: {$ref: 'n0.yaml'}").unwrap();
            for n in 0..1_100 {
                std::fs::write(folder.join(format!("n{n}.yaml")), format!("{{$ref: 'n{}.yaml'}}", n + 1)).unwrap();
            }
        }),
        case("made-files-bomb", Must::Answered, |folder| {
            // Each file refers to the next one twice.
            std::fs::write(folder.join("a.yaml"), "A: {$ref: 'n0.yaml'}").unwrap();
            for n in 0..40 {
                let next = format!(
                    "{{type: object, properties: {{a: {{$ref: 'n{0}.yaml'}}, b: {{$ref: 'n{0}.yaml'}}}}}}",
                    n + 1
                );
                std::fs::write(folder.join(format!("n{n}.yaml")), next).unwrap();
            }
            std::fs::write(folder.join("n40.yaml"), "{type: string}").unwrap();
        }),
    ]
}
