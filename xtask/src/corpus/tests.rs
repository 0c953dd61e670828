//! What `corpus` measures with must itself be right.

use super::document::Documents;
use super::examples::{Accepted, find};
use super::{same, schema};
use countersign_codegen::body_types::BodyType;
use serde_json::{Value, json};

fn document(version: &str, schema: &Value, content: &Value) -> Documents {
    let mut content = content.clone();
    content["schema"] = schema.clone();
    Documents::of(json!({
        "openapi": version,
        "paths": {
            "/orders": {"$ref": "#/x-items/orders"},
            "x-note": {"get": {}},
        },
        "x-items": {"orders": {
            "get": {"responses": {"4xx": {"$ref": "#/components/responses/R"}, "x-note": 1}},
            "post": {"requestBody": {"content": {
                "application/vnd.acme+json; v=1": content,
                "text/plain": {"schema": true, "example": "not tried"},
                "application/x-www-form-urlencoded": {"schema": {"type": "object"}, "example": {"id": "4"}},
            }}},
            "parameters": [],
        }},
        "components": {
            "responses": {"R": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}}},
            "examples": {"E": {"value": {"id": 3}}},
            "schemas": {"Node": {
                "type": "object",
                "properties": {"id": {"type": "integer"}, "next": {"$ref": "#/components/schemas/Node"}},
                "additionalProperties": false,
                "example": {"id": 1, "next": {"id": 2}},
            }},
        },
    }))
}

fn accepts(version: &str, schema: &Value, value: &Value) -> bool {
    let documents = document(version, schema, &json!({}));
    schema::validator(&documents, 0, schema).expect("a schema").is_valid(value)
}

#[test]
fn operations_are_counted_through_references() {
    let documents = document("3.0.3", &json!({}), &json!({}));
    let found: Vec<(&str, &str)> = documents.operations().iter().map(|(path, method, ..)| (*path, *method)).collect();
    assert_eq!(found, [("/orders", "get"), ("/orders", "post")]);
}

#[test]
fn schemas_of_3_0_mean_what_3_0_says() {
    let old = |schema: Value, value: Value| accepts("3.0.3", &schema, &value);
    assert!(old(json!({"type": "string", "nullable": true}), json!(null)));
    assert!(!old(json!({"type": "string"}), json!(null)));
    assert!(!old(json!({"type": "number", "minimum": 0, "exclusiveMinimum": true}), json!(0)));
    assert!(old(json!({"type": "number", "minimum": 0, "exclusiveMinimum": false}), json!(0)));
    // What stands beside a reference does not count in 3.0, and does in 3.1.
    let beside = json!({"$ref": "#/components/schemas/Node", "minProperties": 2});
    assert!(old(beside.clone(), json!({"id": 1})));
    assert!(!accepts("3.1.0", &beside, &json!({"id": 1})));
}

#[test]
fn a_cycle_of_references_validates() {
    let node = json!({"$ref": "#/components/schemas/Node"});
    assert!(accepts("3.1.0", &node, &json!({"id": 1, "next": {"id": 2, "next": {}}})));
    assert!(!accepts("3.1.0", &node, &json!({"id": 1, "next": {"id": 2, "next": {"id": "three"}}})));
}

#[test]
fn examples_are_found_and_only_accepted_ones_are_tried() {
    let content = json!({
        "example": {"id": "refused by the schema"},
        "examples": {"one": {"value": {"id": 2}}, "two": {"$ref": "#/components/examples/E"}},
    });
    let documents = document("3.0.3", &json!({"$ref": "#/components/schemas/Node"}), &content);
    assert_eq!(find(&documents).len(), 6, "one of the response's schema, four of the JSON, one of the form");
    let body = |media_type: &str, ty: &str| BodyType {
        method: "POST".to_owned(),
        path: "/orders".to_owned(),
        place: "request".to_owned(),
        media_types: vec![media_type.to_owned()],
        ty: ty.to_owned(),
    };
    let form = body("application/x-www-form-urlencoded", "types::Form");
    let accepted = Accepted::new(&documents, &[body("application/vnd.acme+json", "types::Node"), form]);
    assert_eq!(accepted.types, ["types::Form", "types::Node"]);
    let values: Vec<&Value> = accepted.trials().iter().map(|trial| trial.value).collect();
    let form = json!({"id": "4"});
    assert_eq!(values, [&json!({"id": 2}), &json!({"id": 3}), &json!({"id": 1, "next": {"id": 2}}), &form]);
    let outcomes = vec![Ok(json!({"id": 2.0})), Ok(json!({})), Err("no".to_owned()), Ok(form.clone())];
    let score = accepted.score(&documents, outcomes);
    assert_eq!((score.all, score.accepted, score.decoded, score.identical), (6, 5, 3, 2));
    let refused: Vec<_> =
        score.refused.iter().map(|(keyword, one)| (keyword.as_str(), one.count, one.first.as_str())).collect();
    let first = "POST /orders request example: what stands is not of type \"integer\" at `/id`";
    assert_eq!(refused, [("type", 1, first)]);
    assert_eq!(
        score.misses,
        [
            "GET /orders 4XX schema/example: not decoded: its body has no type",
            "POST /orders request examples/two: not the same: /id was lost",
            "POST /orders request schema/example: not decoded: no",
        ]
    );
}

#[test]
fn only_unknown_members_may_be_left_out() {
    let schema = json!({
        "allOf": [{"$ref": "#/components/schemas/Node"}, {"properties": {"list": {"items": {"properties": {"a": {}}}}}}],
    });
    let documents = document("3.1.0", &schema, &json!({}));
    let differs = |before: Value, after: Value| same::difference(&documents, (0, &schema), &before, &after);
    assert_eq!(differs(json!({"id": 1, "unknown": 2}), json!({"id": 1.0})), None);
    assert_eq!(differs(json!({"unknown": 2}), json!({"unknown": 2})), None);
    assert_eq!(differs(json!({"id": 1}), json!({})).as_deref(), Some("/id was lost"));
    assert_eq!(differs(json!({}), json!({"id": null})).as_deref(), Some("/id was added"));
    assert_eq!(
        differs(json!({"next": {"id": 1}}), json!({"next": {"id": 2}})).as_deref(),
        Some("1 became 2 at `/next/id`")
    );
    assert_eq!(differs(json!({"list": [{"a": 1}]}), json!({"list": [{}]})).as_deref(), Some("/list/0/a was lost"));
    assert_eq!(differs(json!({"list": [{"b": 1}]}), json!({"list": [{}]})), None);
    assert!(differs(json!({"list": [1]}), json!({"list": []})).is_some());
}

#[test]
fn a_file_of_any_name_gets_a_crate() {
    assert_eq!(super::package("Acme_Orders.v2"), "acme-orders-v2-client");
    assert_eq!(super::package("1st"), "api-1st-client");
    assert_eq!(super::package("über"), "api--ber-client");
}
