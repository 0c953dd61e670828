//! A made document of many operations, for measuring how time grows with them.
//!
//! Every operation has a body and an answer of its own. Answers refer to each other in circles of ten, and
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
        schemas.insert(format!("Shared{number}"), object(&reference("Shared", number / 2)));
    }
    let mut paths = Map::new();
    for number in 0..count {
        let (next, shared) = (number - number % CIRCLE + (number + 1) % CIRCLE, reference("Shared", number % SHARED));
        schemas.insert(format!("Body{number}"), object(&shared));
        let mut answer = object(&shared);
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

fn object(other: &Value) -> Value {
    json!({"type": "object", "properties": {"id": {"type": "string", "maxLength": 40}, "other": other}})
}

fn operation(number: usize) -> Value {
    let content = |schema: &Value| json!({"application/json": {"schema": schema}});
    json!({
        "operationId": format!("do_{number}"),
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
        "requestBody": {"content": content(&reference("Body", number))},
        "responses": {"200": {"description": "Done.", "content": content(&reference("Answer", number))}}
    })
}

#[cfg(test)]
mod tests {
    use super::document;
    use countersign_codegen::parse::parse;

    #[test]
    fn the_largest_document_can_be_read() {
        let spec = parse("made.json", document(10_000)).unwrap();
        assert_eq!(spec.root.get("paths").unwrap().members().count(), 10_000);
    }
}
