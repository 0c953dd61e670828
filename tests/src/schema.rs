//! Holds what a client sent against the schema of the spec.
//!
//! Stricter than JSON Schema in one point: a member that the schema does not declare is a problem,
//! because a generated client has no business sending it.

use crate::document::Document;
use crate::exact::Exact;
use serde_json::Value;

/// What is wrong with a value, each with its JSON Pointer; nothing if it fits.
pub fn problems(document: &Document, schema: &Value, value: &Exact) -> Vec<String> {
    let mut found = Vec::new();
    Checker { document, found: &mut found }.check("", schema, value);
    found
}

struct Checker<'a> {
    document: &'a Document,
    found: &'a mut Vec<String>,
}

impl Checker<'_> {
    fn check(&mut self, pointer: &str, schema: &Value, value: &Exact) {
        let schema = self.document.resolve(schema);
        if *value == Exact::Null && schema.get("nullable").and_then(Value::as_bool) == Some(true) {
            return;
        }
        for part in list(schema, "allOf") {
            self.check(pointer, part, value);
        }
        let branches: Vec<&Value> = list(schema, "oneOf").chain(list(schema, "anyOf")).collect();
        if !branches.is_empty() && !branches.iter().any(|branch| problems(self.document, branch, value).is_empty()) {
            self.report(pointer, "fits no alternative");
        }
        if let Some(kind) = schema.get("type").and_then(Value::as_str) {
            self.check_kind(pointer, kind, value);
        }
        if let Some(allowed) = schema.get("enum").and_then(Value::as_array) {
            self.check_enum(pointer, allowed, value);
        }
        match value {
            Exact::Text(text) => self.check_count(pointer, schema, ["minLength", "maxLength"], text.chars().count()),
            Exact::List(items) => {
                self.check_count(pointer, schema, ["minItems", "maxItems"], items.len());
                for (index, item) in items.iter().enumerate() {
                    self.check(&format!("{pointer}/{index}"), &schema["items"], item);
                }
            }
            Exact::Object(members) => self.check_members(pointer, schema, members),
            Exact::Number(text) => self.check_range(pointer, schema, text),
            Exact::Null | Exact::Bool(_) => {}
        }
    }

    fn check_kind(&mut self, pointer: &str, kind: &str, value: &Exact) {
        let fits = match (kind, value) {
            ("integer", Exact::Number(text)) => !text.contains(['.', 'e', 'E']),
            _ => kind == value.kind(),
        };
        if !fits {
            self.report(pointer, &format!("is of type {}, not {kind}", value.kind()));
        }
    }

    fn check_enum(&mut self, pointer: &str, allowed: &[Value], value: &Exact) {
        let same = |allowed: &Value| crate::exact::read(&allowed.to_string()).is_ok_and(|allowed| allowed == *value);
        if !allowed.iter().any(same) {
            self.report(pointer, "is none of the values of its enum");
        }
    }

    fn check_count(&mut self, pointer: &str, schema: &Value, [min, max]: [&str; 2], count: usize) {
        let limit = |key: &str| schema.get(key).and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
        if limit(min).is_some_and(|least| count < least) || limit(max).is_some_and(|most| count > most) {
            self.report(pointer, &format!("has a length of {count}"));
        }
    }

    fn check_range(&mut self, pointer: &str, schema: &Value, text: &str) {
        let number: f64 = text.parse().unwrap_or(f64::NAN);
        let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
        if limit("minimum").is_some_and(|least| number < least) || limit("maximum").is_some_and(|most| number > most) {
            self.report(pointer, "is out of range");
        }
    }

    fn check_members(&mut self, pointer: &str, schema: &Value, members: &std::collections::BTreeMap<String, Exact>) {
        for name in list(schema, "required").filter_map(Value::as_str) {
            if !members.contains_key(name) {
                self.report(pointer, &format!("lacks the member {name}"));
            }
        }
        for (name, value) in members {
            let pointer = format!("{pointer}/{name}");
            match (schema["properties"].get(name), &schema["additionalProperties"]) {
                (Some(property), _) => self.check(&pointer, property, value),
                (None, Value::Bool(true)) => {}
                (None, additional @ Value::Object(_)) => self.check(&pointer, additional, value),
                // A composed schema does not know its siblings' members; each part checks its own.
                (None, _) if schema.get("properties").is_none() || schema.get("allOf").is_some() => {}
                (None, _) => self.report(&pointer, "is not declared"),
            }
        }
    }

    fn report(&mut self, pointer: &str, what: &str) {
        let place = if pointer.is_empty() { "the body" } else { pointer };
        self.found.push(format!("{place} {what}"));
    }
}

fn list<'a>(schema: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    schema.get(key).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::read;
    use serde_json::json;

    fn found(schema: &Value, text: &str) -> Vec<String> {
        let document = Document::from_root("acme", json!({"paths": {}})).expect("a document");
        problems(&document, schema, &read(text).expect("JSON"))
    }

    #[test]
    fn every_rule_is_noticed() {
        let schema = json!({"type": "object", "required": ["a"], "properties": {
            "a": {"type": "integer", "maximum": 9}, "b": {"type": "string", "enum": ["x", "y"], "nullable": true},
            "c": {"type": "array", "minItems": 1, "items": {"type": "boolean"}},
            "d": {"oneOf": [{"type": "string", "maxLength": 2}, {"type": "number"}]},
            "e": {"type": "object", "additionalProperties": {"type": "string"}}}});
        let good = r#"{"a": 9, "b": null, "c": [true], "d": 1.5, "e": {"k": "v"}}"#;
        assert_eq!(found(&schema, good), Vec::<String>::new());
        for (bad, expected) in [
            (r#"{}"#, "the body lacks the member a"),
            (r#"{"a": 1.0}"#, "/a is of type number, not integer"),
            (r#"{"a": 10}"#, "/a is out of range"),
            (r#"{"a": 1, "b": "z"}"#, "/b is none of the values of its enum"),
            (r#"{"a": 1, "c": []}"#, "/c has a length of 0"),
            (r#"{"a": 1, "c": [1]}"#, "/c/0 is of type number, not boolean"),
            (r#"{"a": 1, "d": "long"}"#, "/d fits no alternative"),
            (r#"{"a": 1, "e": {"k": 2}}"#, "/e/k is of type number, not string"),
            (r#"{"a": 1, "f": 2}"#, "/f is not declared"),
            (r#"{"a": null}"#, "/a is of type null, not integer"),
        ] {
            assert_eq!(found(&schema, bad), [expected], "{bad}");
        }
    }
}
