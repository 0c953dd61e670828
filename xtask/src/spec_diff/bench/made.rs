//! A made document of many operations, for measuring how time grows with them.
//!
//! Every operation has a body, an answer and parameters of its own. Answers refer to each other in circles of ten, and
//! to fifty schemas that all operations share.

use serde_json::{Map, Value, json};

/// Schemas that everything shares.
const SHARED: usize = 50;
/// Answers in one circle.
const CIRCLE: usize = 10;

/// The text of a document with `count` operations.
pub(super) fn document(count: usize) -> String {
    let mut schemas = Map::new();
    for number in 0..SHARED {
        let next = reference("Shared", number / 2);
        schemas.insert(format!("Shared{number}"), object(&format!("Shared, number {number}."), &next));
    }
    schemas.insert("Problem".to_owned(), json!({"type": "object", "properties": {"code": {"type": "string"}}}));
    let mut paths = Map::new();
    for number in 0..count {
        let (next, shared) = (number - number % CIRCLE + (number + 1) % CIRCLE, reference("Shared", number % SHARED));
        schemas.insert(format!("Body{number}"), object("What is sent.", &shared));
        let mut answer = object("What comes back.", &shared);
        answer["properties"]["next"] = reference("Answer", next.min(count - 1));
        schemas.insert(format!("Answer{number}"), answer);
        paths.insert(format!("/things/{number}/{{id}}"), json!({"post": operation(number)}));
    }
    let document = json!({
        "openapi": "3.0.3",
        "info": {"title": "Many operations", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas}
    });
    document.to_string()
}

fn reference(name: &str, number: usize) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}{number}")})
}

fn object(description: &str, other: &Value) -> Value {
    json!({"type": "object", "description": description, "required": ["id"], "properties": {
        "id": {"type": "string", "maxLength": 40},
        "size": {"type": "integer", "minimum": 1},
        "other": other
    }})
}

fn operation(number: usize) -> Value {
    let content = |schema: &Value| json!({"application/json": {"schema": schema}});
    json!({
        "operationId": format!("do_{number}"),
        "parameters": [
            {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
            {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}}
        ],
        "requestBody": {"required": true, "content": content(&reference("Body", number))},
        "responses": {
            "200": {"description": "Done.", "content": content(&reference("Answer", number))},
            "404": {"description": "No.", "content": content(&json!({"$ref": "#/components/schemas/Problem"}))}
        }
    })
}
