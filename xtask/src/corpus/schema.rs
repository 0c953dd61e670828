//! A schema of an OpenAPI document as JSON Schema 2020-12 that stands alone, for a validator that knows nothing of ours.
//!
//! OpenAPI 3.1 is taken as it is. Of 3.0, `nullable` becomes a type, boolean exclusive bounds become numbers, and what
//! stands beside a `$ref` is left out. Every `$ref` is bundled under `$defs`, each target once, so cycles are no matter.

use super::document::Documents;
use anyhow::{Result, anyhow};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// A validator of one schema.
///
/// # Errors
/// If a `$ref` leads nowhere, or the schema is none.
pub(crate) fn validator(documents: &Documents, file: usize, schema: &Value) -> Result<jsonschema::Validator> {
    let mut bundle = Bundle { documents, numbers: HashMap::new(), definitions: Vec::new() };
    let root = bundle.schema(file, schema)?;
    let definitions: Map<String, Value> =
        bundle.definitions.into_iter().enumerate().map(|(number, schema)| (number.to_string(), schema)).collect();
    let whole = json!({"$defs": definitions, "allOf": [root]});
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
    options.build(&whole).map_err(|error| anyhow!("{error}"))
}

/// A schema on its way to stand alone.
struct Bundle<'d> {
    documents: &'d Documents,
    /// Where the target of a `$ref` stands in `definitions`, by file and pointer.
    numbers: HashMap<(usize, String), usize>,
    definitions: Vec<Value>,
}

impl Bundle<'_> {
    fn schema(&mut self, file: usize, schema: &Value) -> Result<Value> {
        let Value::Object(members) = schema else { return Ok(schema.clone()) };
        let old = self.documents.is_3_0();
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            let target = json!(format!("#/$defs/{}", self.definition(file, reference)?));
            if old || members.len() == 1 {
                return Ok(json!({"$ref": target}));
            }
            let mut beside = self.members(file, members)?;
            beside.insert("$ref".to_owned(), target);
            return Ok(Value::Object(beside));
        }
        let mut members = self.members(file, members)?;
        if old {
            modern(&mut members);
        }
        Ok(Value::Object(members))
    }

    /// The number of a `$ref`'s target.
    fn definition(&mut self, file: usize, reference: &str) -> Result<usize> {
        let target = self.documents.target(file, reference);
        let (file, pointer, schema) = target.ok_or_else(|| anyhow!("`{reference}` leads nowhere"))?;
        if let Some(number) = self.numbers.get(&(file, pointer.clone())) {
            return Ok(*number);
        }
        let number = self.definitions.len();
        self.numbers.insert((file, pointer), number);
        self.definitions.push(Value::Bool(true));
        self.definitions[number] = self.schema(file, schema)?;
        Ok(number)
    }

    fn members(&mut self, file: usize, members: &Map<String, Value>) -> Result<Map<String, Value>> {
        let mut out = Map::new();
        for (key, value) in members {
            let value = match (key.as_str(), value) {
                ("properties" | "patternProperties" | "dependentSchemas", Value::Object(schemas)) => {
                    let named = schemas.iter().map(|(name, schema)| Ok((name.clone(), self.schema(file, schema)?)));
                    Value::Object(named.collect::<Result<_>>()?)
                }
                ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => {
                    Value::Array(schemas.iter().map(|schema| self.schema(file, schema)).collect::<Result<_>>()?)
                }
                (key, value) if ONE_SCHEMA.contains(&key) => self.schema(file, value)?,
                (key, value) if ASSERTIONS.contains(&key) => value.clone(),
                // What only describes, what is bundled elsewhere, and what is not JSON Schema's.
                _ => continue,
            };
            out.insert(key.clone(), value);
        }
        Ok(out)
    }
}

const ONE_SCHEMA: &[&str] = &[
    "items",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
];

const ASSERTIONS: &[&str] = &[
    "type",
    "nullable",
    "enum",
    "const",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxContains",
    "minContains",
    "maxProperties",
    "minProperties",
    "required",
    "dependentRequired",
];

/// Keywords of OpenAPI 3.0 in the words of 3.1.
fn modern(members: &mut Map<String, Value>) {
    let nullable = members.remove("nullable") == Some(Value::Bool(true));
    if let (true, Some(Value::String(one))) = (nullable, members.get("type")) {
        let both = json!([one, "null"]);
        members.insert("type".to_owned(), both);
    }
    for (exclusive, bound) in [("exclusiveMaximum", "maximum"), ("exclusiveMinimum", "minimum")] {
        match members.get(exclusive) {
            Some(Value::Bool(true)) => {
                let bound = members.remove(bound);
                members.remove(exclusive);
                members.extend(bound.map(|bound| (exclusive.to_owned(), bound)));
            }
            Some(Value::Bool(false)) => {
                members.remove(exclusive);
            }
            _ => {}
        }
    }
}
