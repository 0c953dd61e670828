//! Values that fill every field of a schema.
//!
//! Required or not, every declared member is there; maps have two entries, arrays two items, enums and
//! alternatives take turns. Texts hold what breaks careless code: quotes, controls, characters beyond
//! the Basic Multilingual Plane. Numbers are beyond what a double holds wherever the schema allows it.
//! The same document gives the same values in every run.

use crate::document::{Document, Failure, When};
use crate::exact::{Exact, read};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// A PNG image of one pixel.
pub const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\xdac\
\xfc\xcf\xc0P\x0f\0\x04\x85\x01\x80\x84\xa9\x8c!\0\0\0\0IEND\xaeB`\x82";

/// What was drawn so far: what takes turns goes on from answer to answer.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    drawn: usize,
    /// For each enum and union, by its text, the alternative that is next.
    next: HashMap<String, usize>,
}

/// Draws values for one document.
#[derive(Debug)]
pub struct Sampler<'a> {
    document: &'a Document,
    turns: &'a mut Turns,
    truth: bool,
    /// The references that are being followed; a schema inside itself ends there.
    inside: Vec<String>,
}

impl<'a> Sampler<'a> {
    /// A sampler that goes on after `turns`.
    pub fn new(document: &'a Document, turns: &'a mut Turns) -> Sampler<'a> {
        Sampler { document, turns, truth: true, inside: Vec::new() }
    }

    /// A value that fills the schema of an error; nothing in it is true.
    pub fn error(&mut self, schema: &Value) -> Option<Exact> {
        self.truth = false;
        let value = self.fill(schema);
        self.truth = true;
        value
    }

    /// A value that fills `schema`, and is not the failure that a response declares inside its success.
    ///
    /// # Panics
    /// When the schema can't be filled without end.
    pub fn answer(&mut self, schema: &Value, failure: Option<&Failure>) -> Exact {
        let mut value = self.fill(schema).expect("a schema that ends");
        let Some(Failure { at, when }) = failure else { return value };
        let exact =
            |values: &[Value]| values.iter().filter_map(|value| read(&value.to_string()).ok()).collect::<Vec<_>>();
        let place = "x-failure points into the schema";
        match when {
            When::NotEquals(good) => *value.at_pointer_mut(at).expect(place) = exact(good).swap_remove(0),
            When::Equals(bad) => {
                let bad = exact(bad);
                for attempt in 0..16 {
                    let here = value.at_pointer_mut(at).expect(place);
                    if !bad.contains(here) {
                        break;
                    }
                    // An answer that draws from the same enum several times could come round to the same value.
                    self.turns.next.values_mut().for_each(|next| *next += attempt % 2);
                    // Another turn: the enum's next value, a boolean's other one.
                    *here = match here {
                        Exact::Bool(value) => Exact::Bool(!*value),
                        _ => {
                            self.fill(schema).and_then(|mut next| next.at_pointer_mut(at).cloned()).expect("as before")
                        }
                    };
                }
            }
        }
        value
    }

    fn fill(&mut self, schema: &Value) -> Option<Exact> {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            if self.inside.iter().any(|followed| followed == reference) {
                return None;
            }
            self.inside.push(reference.to_owned());
            let value = self.fill(self.document.resolve(schema));
            self.inside.pop();
            return value;
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            let values: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
            let turn = self.turn_of(schema);
            return read(&values[turn % values.len()].to_string()).ok();
        }
        for key in ["oneOf", "anyOf"] {
            if let Some(branches) = schema.get(key).and_then(Value::as_array) {
                return self.fill_branch(schema, branches);
            }
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            return self.fill_all(schema, parts);
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("boolean") => Some(Exact::Bool(self.truth)),
            Some("integer") => Some(self.integer(schema)),
            Some("number") => Some(self.number(schema)),
            Some("string") => Some(Exact::Text(self.text(schema))),
            Some("array") => Some(self.list(schema)),
            Some("object") => self.object(schema),
            _ if schema.get("properties").is_some() => self.object(schema),
            _ => read(r#"{"free": [1, "two", null, {"three": 3.5}]}"#).ok(),
        }
    }

    fn turn(&mut self) -> usize {
        self.turns.drawn += 1;
        self.turns.drawn - 1
    }

    fn turn_of(&mut self, schema: &Value) -> usize {
        let next = self.turns.next.entry(schema.to_string()).or_default();
        *next += 1;
        *next - 1
    }

    fn fill_branch(&mut self, schema: &Value, branches: &[Value]) -> Option<Exact> {
        let first = self.turn_of(schema);
        let (branch, mut value) = (0..branches.len()).find_map(|offset| {
            let branch = &branches[(first + offset) % branches.len()];
            Some((branch, self.fill(branch)?))
        })?;
        let tag = schema.pointer("/discriminator/propertyName").and_then(Value::as_str);
        if let (Some(tag), Exact::Object(members)) = (tag, &mut value) {
            let reference = branch.get("$ref").and_then(Value::as_str).unwrap_or_default();
            let name = reference.rsplit('/').next().unwrap_or_default();
            let mapping = schema.pointer("/discriminator/mapping").and_then(Value::as_object);
            let mapped = mapping.and_then(|map| map.iter().find(|(_, to)| to.as_str() == Some(reference)));
            let value = mapped.map_or(name, |(value, _)| value);
            members.insert(tag.to_owned(), Exact::Text(value.to_owned()));
        }
        Some(value)
    }

    fn fill_all(&mut self, schema: &Value, parts: &[Value]) -> Option<Exact> {
        let mut members = BTreeMap::new();
        for part in parts {
            match self.fill(part)? {
                Exact::Object(more) => members.extend(more),
                // `allOf` around one reference is how 3.0 gives a reference a description.
                other => return Some(other),
            }
        }
        if let Some(Exact::Object(more)) = schema.get("properties").and_then(|_| self.object(schema)) {
            members.extend(more);
        }
        Some(Exact::Object(members))
    }

    fn object(&mut self, schema: &Value) -> Option<Exact> {
        let mut members = BTreeMap::new();
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            match self.fill(property) {
                Some(value) => drop(members.insert(name.clone(), value)),
                None if is_required(schema, name) => return None,
                None => {}
            }
        }
        if let Some(entry @ Value::Object(_)) = schema.get("additionalProperties") {
            for name in ["Currency.USD", "clé \"ключ\" \u{1f511}"] {
                if let Some(value) = self.fill(entry) {
                    members.insert(name.to_owned(), value);
                }
            }
        }
        Some(Exact::Object(members))
    }

    fn list(&mut self, schema: &Value) -> Exact {
        let limit = |key: &str| schema.get(key).and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
        let count = 2.max(limit("minItems").unwrap_or(0)).min(limit("maxItems").unwrap_or(usize::MAX));
        Exact::List((0..count).map_while(|_| self.fill(&schema["items"])).collect())
    }

    fn integer(&mut self, schema: &Value) -> Exact {
        let turn = i128::try_from(self.turn()).unwrap_or_default();
        let most = match schema.get("format").and_then(Value::as_str) {
            Some("int32") => i128::from(i32::MAX),
            Some("uint32") => i128::from(u32::MAX),
            Some("uint64") => i128::from(u64::MAX),
            _ => i128::from(i64::MAX),
        };
        let limit = |key: &str| schema.get(key).and_then(Value::as_i64).map(i128::from);
        let value = limit("maximum").unwrap_or(most) - turn % 7;
        Exact::Number(value.max(limit("minimum").unwrap_or(value)).to_string())
    }

    fn number(&mut self, schema: &Value) -> Exact {
        let turn = self.turn();
        let decimals = ["98765432109876543210.12345678901234567890", "-0.10", "1234567890.00", "0.1e-7"];
        let exact = schema.get("format").and_then(Value::as_str) == Some("decimal");
        let text = if exact { decimals[turn % decimals.len()].to_owned() } else { format!("{}.25", 1000 + turn) };
        match schema.get("maximum").and_then(Value::as_f64) {
            Some(most) if text.parse::<f64>().is_ok_and(|value| value > most) => Exact::Number(format!("{most:?}")),
            _ => Exact::Number(text),
        }
    }

    fn text(&mut self, schema: &Value) -> String {
        let turn = self.turn();
        let day = 1 + turn % 28;
        let text = match schema.get("format").and_then(Value::as_str) {
            Some("date-time") if turn.is_multiple_of(2) => format!("2024-02-{day:02}T23:59:59Z"),
            Some("date-time") => format!("2031-05-{day:02}T03:02:01.123456789+05:30"),
            Some("date") => format!("2024-02-{day:02}"),
            Some("uuid") => format!("0933ec8f-fa72-458d-A5FB-{turn:012x}"),
            Some("email") => format!("zoë+{turn}@example.com"),
            Some("uri" | "url") => format!("https://example.com/a%2Fb?c={turn}&d=é#e"),
            Some("byte") => "+/8AAQID".to_owned(),
            _ => format!("{turn} \"é\\/\u{1f600}\u{2028}\n\u{1}\u{7f} </script> '%41"),
        };
        match schema.get("maxLength").and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok()) {
            Some(limit) => text.chars().take(limit).collect(),
            None => text,
        }
    }
}

fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|required| required.iter().any(|required| required.as_str() == Some(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::problems;
    use serde_json::json;

    fn document() -> Document {
        let schemas = json!({
            "Tree": {"type": "object", "properties": {
                "name": {"type": "string", "maxLength": 3},
                "below": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
                "up": {"$ref": "#/components/schemas/Tree"}}},
            "Cat": {"type": "object", "properties": {"kind": {"type": "string"}, "meow": {"type": "boolean"}}},
            "Dog": {"type": "object", "properties": {"kind": {"type": "string"}, "bark": {"type": "boolean"}}},
            "All": {"type": "object", "required": ["status"], "properties": {
                "status": {"type": "string", "enum": ["fail", "success"]},
                "count": {"type": "integer"}, "small": {"type": "integer", "minimum": 1, "maximum": 9},
                "balance": {"type": "number", "format": "decimal"},
                "tree": {"$ref": "#/components/schemas/Tree"},
                "pets": {"type": "array", "items": {
                    "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
                    "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat"}}}},
                "map": {"type": "object", "additionalProperties": {"type": "boolean"}}}}});
        Document::from_root("acme", json!({"paths": {}, "components": {"schemas": schemas}})).expect("a document")
    }

    #[test]
    fn every_member_is_filled_and_fits() {
        let document = document();
        let schema = json!({"$ref": "#/components/schemas/All"});
        let failure = Failure { at: "/status".to_owned(), when: When::Equals(vec![json!("fail")]) };
        let value = Sampler::new(&document, &mut Turns::default()).answer(&schema, Some(&failure));
        assert_eq!(problems(&document, &schema, &value), Vec::<String>::new());
        let members = ["status", "count", "small", "balance", "tree", "pets", "map"];
        assert!(members.iter().all(|name| value.get(name).is_some()), "{value:?}");
        assert_eq!(value.get("status").and_then(Exact::text), Some("success"));
        let code = Failure { at: "/count".to_owned(), when: When::NotEquals(vec![json!(0)]) };
        let well = Sampler::new(&document, &mut Turns::default()).answer(&schema, Some(&code));
        assert_eq!(well.get("count").and_then(Exact::integer), Some(0));
        assert!(value.get("count").and_then(Exact::integer).is_some_and(|count| count > 1 << 53));
        let Some(Exact::List(pets)) = value.get("pets") else { panic!("no pets") };
        let kinds: Vec<_> = pets.iter().map(|pet| pet.get("kind").and_then(Exact::text).unwrap_or_default()).collect();
        assert!(kinds.contains(&"cat") && kinds.contains(&"Dog"), "{kinds:?}");
        let again = Sampler::new(&document, &mut Turns::default()).answer(&schema, Some(&failure));
        assert_eq!(value, again, "the same in every run");
    }
}
