//! What a change is known by: another value is another change, another order or line is the same one.

use countersign_codegen::diff::{Change, Settings, diff};
use countersign_codegen::parse::parse;
use serde_json::{Value, json};

fn base() -> Value {
    let body =
        json!({"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/M"}}}});
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Acme", "version": "1"},
        "servers": [{"url": "https://a.acme.test"}],
        "security": [{"signed": []}],
        "paths": {"/orders": {
            "get": {
                "operationId": "list",
                "parameters": [
                    {"name": "from", "in": "query", "schema": {"type": "string", "maxLength": 100}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 10}},
                ],
                "responses": {"204": {"description": "Done."}},
            },
            "post": {"operationId": "make", "requestBody": body, "responses": {"204": {"description": "Done."}}},
            "put": {"operationId": "put", "requestBody": body, "responses": {"204": {"description": "Done."}}},
        }},
        "components": {
            "schemas": {"M": {"type": "object", "properties": {
                "code": {"type": "string", "maxLength": 100},
                "kind": {"const": "a"},
                "other": {"not": {"type": "string"}},
                "state": {"type": "string", "enum": ["x", "y", "z"]},
            }}},
            "securitySchemes": {"signed": {
                "type": "apiKey", "in": "header", "name": "Authorization",
                "x-signing": {"custom": "sigv4", "with": {"region": "eu", "service": "service"}},
            }},
        },
    })
}

const CODE: &str = "/components/schemas/M/properties/code/maxLength";

fn set(document: &mut Value, pointer: &str, value: Value) {
    *document.pointer_mut(pointer).unwrap_or_else(|| panic!("nothing is at {pointer}")) = value;
}

fn changes(old: &Value, new: &Value, pretty: bool) -> Vec<Change> {
    let text = |document: &Value| match pretty {
        true => serde_json::to_string_pretty(document).unwrap(),
        false => document.to_string(),
    };
    let (old, new) = (parse("old.json", text(old)).unwrap(), parse("new.json", text(new)).unwrap());
    diff(&old, &new, &Settings::default()).changes
}

/// The fingerprint of the one change of a rule.
fn print(old: &Value, new: &Value, rule: &str) -> String {
    let all = changes(old, new, true);
    let of_rule: Vec<&Change> = all.iter().filter(|change| change.rule.id == rule).collect();
    let [one] = of_rule.as_slice() else {
        panic!("{rule} is there {} times: {:?}", of_rule.len(), all.iter().map(|c| c.rule.id).collect::<Vec<_>>())
    };
    one.fingerprint.clone()
}

#[test]
fn another_value_is_another_change() {
    let old = base();
    let state = "/components/schemas/M/properties/state";
    let cases = [
        ("limit-tightened", CODE, json!(50), json!(1)),
        ("parameter-default-changed", "/paths/~1orders/get/parameters/1/schema/default", json!(20), json!(30)),
        ("const-changed", "/components/schemas/M/properties/kind/const", json!("b"), json!("c")),
        (
            "not-changed",
            "/components/schemas/M/properties/other/not",
            json!({"type": "null"}),
            json!({"type": "array"}),
        ),
        ("server-changed", "/servers/0/url", json!("https://b.acme.test"), json!("https://c.acme.test")),
        (
            "custom-parameter-changed",
            "/components/securitySchemes/signed/x-signing/with/service",
            json!("s3"),
            json!("s4"),
        ),
        ("no-longer-enum", state, json!({"type": "string"}), json!({"type": "string"})),
    ];
    for (rule, pointer, first, second) in cases {
        let (mut one, mut other) = (base(), base());
        let equal = first == second;
        set(&mut one, pointer, first);
        set(&mut other, pointer, second);
        assert_eq!(print(&old, &one, rule) == print(&old, &other, rule), equal, "{rule}");
    }
    // The old value counts as well.
    let (mut lower, mut new) = (base(), base());
    set(&mut lower, CODE, json!(80));
    set(&mut new, CODE, json!(50));
    assert_ne!(print(&old, &new, "limit-tightened"), print(&lower, &new, "limit-tightened"));
}

#[test]
fn neither_lines_nor_order_nor_neighbours_count() {
    let old = base();
    let mut new = base();
    set(&mut new, CODE, json!(50));
    set(&mut new, "/paths/~1orders/get/parameters/0/schema/maxLength", json!(50));
    let prints = |new: &Value, pretty: bool| {
        let all = changes(&old, new, pretty);
        let tightened = all.iter().filter(|change| change.rule.id == "limit-tightened");
        let mut prints: Vec<String> = tightened.map(|change| change.fingerprint.clone()).collect();
        prints.sort();
        prints
    };
    let expected = prints(&new, true);
    assert_eq!(expected.len(), 2);
    assert_eq!(prints(&new, false), expected, "all on one line");
    let mut moved = new.clone();
    let parameters = moved.pointer_mut("/paths/~1orders/get/parameters").and_then(Value::as_array_mut).unwrap();
    parameters.reverse();
    parameters.insert(0, json!({"name": "more", "in": "query", "schema": {"type": "string"}}));
    assert_eq!(prints(&moved, true), expected, "parameters in another order");
    let mut neighbours = new.clone();
    set(&mut neighbours, "/components/schemas/M/properties/state", json!({"type": "string", "enum": ["x"]}));
    assert_eq!(prints(&neighbours, true), expected, "another change beside it");
    // The same of a value that is gone from a list, whatever else goes.
    let removed = |left: Value| {
        let mut new = base();
        set(&mut new, "/components/schemas/M/properties/state/enum", left);
        let all = changes(&old, &new, true);
        let gone = all.iter().find(|change| change.rule.id == "enum-value-removed" && change.detail.contains('z'));
        gone.map(|change| change.fingerprint.clone()).expect("z is gone")
    };
    assert_eq!(removed(json!(["x", "y"])), removed(json!(["y"])));
    let added = |values: Value| {
        let mut new = base();
        set(&mut new, "/components/schemas/M/properties/state/enum", values);
        print(&old, &new, "enum-value-added")
    };
    assert_eq!(added(json!(["x", "y", "z", "w"])), added(json!(["w", "z", "y", "x"])));
}

#[test]
fn the_halves_of_a_component_are_told_apart() {
    let old = base();
    let split = |first: u64, second: u64| {
        let mut new = base();
        let schemas = new.pointer_mut("/components/schemas").and_then(Value::as_object_mut).unwrap();
        let model = schemas.remove("M").unwrap();
        for (name, most) in [("M1", first), ("M2", second)] {
            let mut half = model.clone();
            set(&mut half, "/properties/code/maxLength", json!(most));
            schemas.insert(name.to_owned(), half);
        }
        for (method, name) in [("post", "M1"), ("put", "M2")] {
            let pointer = format!("/paths/~1orders/{method}/requestBody/content/application~1json/schema/$ref");
            set(&mut new, &pointer, json!(format!("#/components/schemas/{name}")));
        }
        new
    };
    let first = print(&old, &split(50, 100), "limit-tightened");
    let second = print(&old, &split(100, 50), "limit-tightened");
    assert_ne!(first, second);
    let both = changes(&old, &split(50, 50), true);
    let both: Vec<&str> = both
        .iter()
        .filter(|change| change.rule.id == "limit-tightened")
        .map(|change| change.fingerprint.as_str())
        .collect();
    assert!(both.len() == 2 && both.contains(&first.as_str()) && both.contains(&second.as_str()), "{both:?}");
}
