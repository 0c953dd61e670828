//! What a spec lets a client send, and what of it was never sent.
//!
//! An optional member that no call sets proves nothing: [`missing`] names each property, alternative, kind
//! of map entry and query parameter that no request of an operation had.

use crate::document::{Document, Operation};
use crate::exact::{Exact, read};
use crate::schema::problems;
use crate::verify::Received;
use serde_json::Value;

/// What was in none of the requests of one operation.
pub fn missing(document: &Document, operation: &Operation, requests: &[Received]) -> Vec<String> {
    let mut found = Vec::new();
    let queries: Vec<&str> = requests.iter().filter_map(|request| Some(request.target.split_once('?')?.1)).collect();
    for parameter in operation.parameters.iter().filter(|parameter| parameter.place == "query") {
        let is_it = |pair: &str| pair.split('=').next() == Some(parameter.name.as_str());
        if !queries.iter().any(|query| query.split('&').any(is_it)) {
            found.push(format!("the query parameter {} was never sent", parameter.name));
        }
    }
    if let Some((_, schema)) = operation.body.as_ref().and_then(|body| body.content.first()) {
        let text = |request: &Received| String::from_utf8(request.body.clone()).ok();
        let bodies: Vec<Exact> = requests.iter().filter_map(|request| read(&text(request)?).ok()).collect();
        let mut walk = Walk { document, found: &mut found, inside: Vec::new() };
        walk.visit("", schema, &bodies.iter().collect::<Vec<_>>());
    }
    found
}

struct Walk<'a> {
    document: &'a Document,
    found: &'a mut Vec<String>,
    /// The references that are being followed; a schema inside itself ends there.
    inside: Vec<String>,
}

impl Walk<'_> {
    /// All values that stood where `schema` describes them.
    fn visit(&mut self, pointer: &str, schema: &Value, values: &[&Exact]) {
        if values.is_empty() {
            self.found.push(format!("{pointer} was never sent"));
            return;
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            if !self.inside.iter().any(|followed| followed == reference) {
                self.inside.push(reference.to_owned());
                self.visit(pointer, self.document.resolve(schema), values);
                self.inside.pop();
            }
            return;
        }
        for part in list(schema, "allOf") {
            self.visit(pointer, part, values);
        }
        for (index, branch) in list(schema, "oneOf").chain(list(schema, "anyOf")).enumerate() {
            let fits = |value: &&&Exact| problems(self.document, branch, value).is_empty();
            let fitting: Vec<&Exact> = values.iter().filter(fits).copied().collect();
            self.visit(&format!("{pointer} (alternative {index})"), branch, &fitting);
        }
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let there: Vec<&Exact> = values.iter().filter_map(|value| value.get(name)).collect();
            self.visit(&format!("{pointer}/{name}"), property, &there);
        }
        if let Some(entry @ Value::Object(_)) = schema.get("additionalProperties") {
            let there: Vec<&Exact> = values.iter().flat_map(|value| undeclared(schema, value)).collect();
            self.visit(&format!("{pointer}/*"), entry, &there);
        }
        if let Some(item) = schema.get("items").filter(|_| schema.get("maxItems") != Some(&Value::from(0))) {
            let items =
                values.iter().filter_map(|value| if let Exact::List(items) = value { Some(items) } else { None });
            self.visit(&format!("{pointer}/-"), item, &items.flatten().collect::<Vec<_>>());
        }
    }
}

fn undeclared<'v>(schema: &Value, value: &'v Exact) -> Vec<&'v Exact> {
    let Exact::Object(members) = value else { return Vec::new() };
    members.iter().filter(|(name, _)| schema["properties"].get(name).is_none()).map(|(_, value)| value).collect()
}

fn list<'a>(schema: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    schema.get(key).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;
    use serde_json::json;

    #[test]
    fn what_no_request_had_is_named() {
        let schema = json!({"type": "object", "additionalProperties": {"type": "boolean"}, "properties": {
            "a": {"type": "array", "items": {"type": "object", "properties": {"b": {"type": "string"}}}},
            "c": {"oneOf": [{"type": "string"}, {"type": "object", "properties": {"d": {"type": "string"}}}]}}});
        let operation = json!({"operationId": "send", "responses": {"200": {"description": "Done."}},
            "parameters": [{"name": "q", "in": "query"}, {"name": "r", "in": "query"}],
            "requestBody": {"content": {"application/json": {"schema": schema}}}});
        let document = Document::from_root("acme", json!({"paths": {"/a": {"post": operation}}})).expect("a document");
        let request = |target: &str, body: &str| Received {
            method: "POST".to_owned(),
            target: target.to_owned(),
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        };
        let found = |requests: &[Received]| missing(&document, &document.operations[0], requests);
        let first = request("/a?r=1", r#"{"a": [], "c": "x"}"#);
        let expected = [
            "the query parameter q was never sent",
            "/a/- was never sent",
            "/c (alternative 1) was never sent",
            "/* was never sent",
        ];
        assert_eq!(found(std::slice::from_ref(&first)), expected);
        let second = request("/a?q=", r#"{"a": [{"b": "x"}], "c": {"d": "x"}, "more": true}"#);
        assert_eq!(found(&[first, second]), Vec::<String>::new());
    }
}
