//! Whether a value came through a type unharmed.
//!
//! Numbers are JSON numbers: 1 is 1.0. A member that no schema declares may be kept or left out; one that is
//! declared may not be lost, and nothing may be added or changed.

use super::document::Documents;
use serde_json::Value;

/// A schema and the file it stands in.
type Place<'d> = (usize, &'d Value);

/// The first difference, as a pointer and what is wrong there; nothing if there is none.
pub(crate) fn difference(documents: &Documents, schema: Place<'_>, before: &Value, after: &Value) -> Option<String> {
    let schemas = flat(documents, schema);
    compare(documents, &schemas, before, after, "")
}

fn compare(documents: &Documents, schemas: &[Place<'_>], before: &Value, after: &Value, at: &str) -> Option<String> {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            if let Some(added) = new.keys().find(|name| !old.contains_key(*name)) {
                return Some(format!("{at}/{added} was added"));
            }
            old.iter().find_map(|(name, before)| {
                let at = format!("{at}/{name}");
                let inner = member(documents, schemas, name);
                match new.get(name) {
                    Some(after) => compare(documents, &inner, before, after, &at),
                    None => (!inner.is_empty()).then(|| format!("{at} was lost")),
                }
            })
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            let items = keyword(documents, schemas, "items");
            old.iter().zip(new).enumerate().find_map(|(index, (before, after))| {
                let mut inner = items.clone();
                for (file, schema) in schemas {
                    let item = schema.get("prefixItems").and_then(|items| items.get(index));
                    inner.extend(item.into_iter().flat_map(|item| flat(documents, (*file, item))));
                }
                compare(documents, &inner, before, after, &format!("{at}/{index}"))
            })
        }
        (Value::Number(old), Value::Number(new)) if old.as_f64() == new.as_f64() => None,
        _ => (before != after).then(|| format!("{} became {after} at `{at}`", before)),
    }
}

/// What is declared of a member; nothing if it is not declared at all.
fn member<'d>(documents: &'d Documents, schemas: &[Place<'d>], name: &str) -> Vec<Place<'d>> {
    let named: Vec<Place<'d>> = schemas
        .iter()
        .filter_map(|(file, schema)| Some((*file, schema.get("properties")?.get(name)?)))
        .flat_map(|place| flat(documents, place))
        .collect();
    if named.is_empty() { keyword(documents, schemas, "additionalProperties") } else { named }
}

/// What stands under a keyword of any of the schemas.
fn keyword<'d>(documents: &'d Documents, schemas: &[Place<'d>], keyword: &str) -> Vec<Place<'d>> {
    let under = schemas.iter().filter_map(|(file, schema)| Some((*file, schema.get(keyword)?)));
    under.filter(|(_, schema)| schema.is_object()).flat_map(|place| flat(documents, place)).collect()
}

/// A schema and all that it is made of: targets of references, parts of `allOf`, branches.
fn flat<'d>(documents: &'d Documents, place: Place<'d>) -> Vec<Place<'d>> {
    let mut found: Vec<Place<'d>> = Vec::new();
    let mut open = vec![place];
    while let Some((file, schema)) = open.pop() {
        if found.iter().any(|(_, known)| std::ptr::eq(*known, schema)) {
            continue;
        }
        found.push((file, schema));
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|reference| documents.target(file, reference));
        open.extend(target.map(|(file, _, schema)| (file, schema)));
        for list in ["allOf", "anyOf", "oneOf"] {
            let parts = schema.get(list).and_then(Value::as_array).into_iter().flatten();
            open.extend(parts.map(|part| (file, part)));
        }
        for one in ["then", "else"] {
            open.extend(schema.get(one).map(|part| (file, part)));
        }
    }
    found
}
