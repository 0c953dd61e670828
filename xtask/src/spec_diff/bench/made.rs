//! A made document of many operations, for measuring how time grows with them.
//!
//! Every operation has a body and an answer of its own. Answers refer to each other in circles of ten, and
//! to fifty schemas that all operations share.

use serde_json::{Value, json};
use std::fmt::Write as _;

/// Schemas that everything shares.
const SHARED: usize = 50;
/// Answers in one circle.
const CIRCLE: usize = 10;

/// The text of a document with `count` operations.
///
/// It is written member by member: a tree of all would count as memory of the processes that are measured.
pub(super) fn document(count: usize) -> String {
    let mut schemas = String::new();
    for number in 0..SHARED {
        member(&mut schemas, &format!("Shared{number}"), &object(&reference("Shared", number / 2)));
    }
    let mut paths = String::new();
    for number in 0..count {
        let (next, shared) = (number - number % CIRCLE + (number + 1) % CIRCLE, reference("Shared", number % SHARED));
        member(&mut schemas, &format!("Body{number}"), &object(&shared));
        let mut answer = object(&shared);
        answer["properties"]["next"] = reference("Answer", next.min(count - 1));
        member(&mut schemas, &format!("Answer{number}"), &answer);
        member(&mut paths, &format!("/things/{number}/{{id}}"), &json!({"post": operation(number)}));
    }
    let info = json!({"title": "Many operations", "version": "1"});
    format!(r#"{{"openapi":"3.0.3","info":{info},"paths":{{{paths}}},"components":{{"schemas":{{{schemas}}}}}}}"#)
}

/// Writes a member of an object, after those that stand there.
fn member(text: &mut String, name: &str, value: &Value) {
    let comma = if text.is_empty() { "" } else { "," };
    // Writing to a `String` can't fail.
    let _ = write!(text, "{comma}{}:{value}", Value::from(name));
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
