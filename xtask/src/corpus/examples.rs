//! The examples that a document itself gives of its bodies, JSON or forms, and how they fare in the generated types.
//!
//! 1. [`find`] collects them: of media types, of the schemas under them, and of components that those refer to.
//! 2. A validator of JSON Schema says which ones their own schema accepts; only those are tried.
//! 3. [`super::trial`] decodes each one into the type of its body and encodes it again.
//! 4. [`super::same`] compares.

use super::document::Documents;
use super::trial::{Outcome, Trial};
use super::{same, schema};
use countersign_codegen::body_types::BodyType;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An example of a body.
pub(crate) struct Example<'d> {
    /// The operation and the body: `GET /orders`, `200`.
    operation: String,
    place: String,
    /// Without parameters, in lower case.
    media_type: String,
    /// What it is called in its place: `example`, `examples/one`, `schema/example`.
    name: String,
    /// The body's schema, and the file it stands in.
    schema: (usize, &'d Value),
    value: &'d Value,
}

impl Example<'_> {
    fn place(&self) -> String {
        format!("{} {} {}", self.operation, self.place, self.name)
    }
}

/// How the examples of a document fare.
#[derive(Default)]
pub(crate) struct Score {
    /// In the document.
    pub(crate) all: usize,
    /// By their own schemas.
    pub(crate) accepted: usize,
    /// By their own schemas, too: which keyword refuses how many, and the first of them.
    pub(crate) refused: BTreeMap<String, Refused>,
    /// Into the generated type.
    pub(crate) decoded: usize,
    /// After encoding again.
    pub(crate) identical: usize,
    /// What went wrong, one line each.
    pub(crate) misses: Vec<String>,
}

/// Examples that a keyword of their own schema refuses.
pub(crate) struct Refused {
    /// How many there are.
    pub(crate) count: usize,
    /// Where the first one is, and what the validator says of it.
    pub(crate) first: String,
}

/// The examples of all bodies of a document that are JSON or a form, each place once.
pub(crate) fn find(documents: &Documents) -> Vec<Example<'_>> {
    let mut found = Vec::new();
    for (path, method, file, operation) in documents.operations() {
        let name = format!("{} {path}", method.to_uppercase());
        if let Some(body) = operation.get("requestBody") {
            of_contents(documents, (file, body), &name, "request", &mut found);
        }
        let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
        for (status, response) in responses.filter(|(status, _)| !status.starts_with("x-")) {
            let status = if status == "default" { status.clone() } else { status.to_uppercase() };
            of_contents(documents, (file, response), &name, &status, &mut found);
        }
    }
    found
}

fn of_contents<'d>(
    documents: &'d Documents,
    (file, holder): (usize, &'d Value),
    operation: &str,
    place: &str,
    found: &mut Vec<Example<'d>>,
) {
    let (file, holder) = documents.resolved(file, holder);
    let contents = holder.get("content").and_then(Value::as_object).into_iter().flatten();
    for (media_type, content) in contents {
        let media_type = essence(media_type);
        let Some(schema) = content.get("schema").filter(|_| has_type(&media_type)) else { continue };
        let mut add = |name: String, value: &'d Value| {
            let (operation, place, media_type) = (operation.to_owned(), place.to_owned(), media_type.clone());
            found.push(Example { operation, place, media_type, name, schema: (file, schema), value });
        };
        if let Some(value) = content.get("example") {
            add("example".to_owned(), value);
        }
        for (name, example) in content.get("examples").and_then(Value::as_object).into_iter().flatten() {
            if let Some(value) = documents.resolved(file, example).1.get("value") {
                add(format!("examples/{name}"), value);
            }
        }
        let (_, schema) = documents.resolved(file, schema);
        if let Some(value) = schema.get("example") {
            add("schema/example".to_owned(), value);
        }
        for (index, value) in schema.get("examples").and_then(Value::as_array).into_iter().flatten().enumerate() {
            add(format!("schema/examples/{index}"), value);
        }
    }
}

/// A media type without parameters.
fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// `application/json`, what ends in `+json`, and forms: their fields are a struct, too.
fn has_type(essence: &str) -> bool {
    essence.ends_with("/json") || essence.ends_with("+json") || essence == "application/x-www-form-urlencoded"
}

/// The keyword that refuses a value, and what the validator says; nothing if the value is accepted.
fn refusal(validator: Option<&jsonschema::Validator>, value: &Value) -> Option<(String, String)> {
    let Some(validator) = validator else {
        return Some(("no validator".to_owned(), "its schema can't be asked".to_owned()));
    };
    let error = validator.validate(value).err()?;
    let at = error.instance_path().as_str().to_owned();
    // The value itself may be long.
    let said: String = error.masked_with("what stands").to_string().chars().take(LONGEST_REASON).collect();
    Some((error.kind().keyword().to_owned(), format!("{said} at `{at}`")))
}

const LONGEST_REASON: usize = 200;

/// What a body is known by: operation, place and media type.
type Body = (String, String, String);

/// Those examples that their own schema accepts, with what to try them on.
pub(crate) struct Accepted<'d> {
    examples: Vec<Example<'d>>,
    /// Types, each once; the trial program has a function for each.
    pub(crate) types: Vec<String>,
    /// The type of each example, if it has any.
    of: Vec<Option<usize>>,
    score: Score,
}

impl<'d> Accepted<'d> {
    /// Asks the validator.
    pub(crate) fn new(documents: &'d Documents, bodies: &[BodyType]) -> Self {
        let all = find(documents);
        let mut score = Score { all: all.len(), ..Score::default() };
        let mut validators: HashMap<*const Value, Option<jsonschema::Validator>> = HashMap::new();
        let mut examples = Vec::new();
        for example in all {
            let (file, schema) = example.schema;
            let validator = validators.entry(std::ptr::from_ref(schema)).or_insert_with(|| {
                let made = schema::validator(documents, file, schema);
                made.map_err(|error| {
                    score.misses.push(format!("{} {}: no validator: {error}", example.operation, example.place));
                })
                .ok()
            });
            match refusal(validator.as_ref(), example.value) {
                None => examples.push(example),
                Some((keyword, reason)) => {
                    let first = || Refused { count: 0, first: format!("{}: {reason}", example.place()) };
                    score.refused.entry(keyword).or_insert_with(first).count += 1;
                }
            }
        }
        score.accepted = examples.len();
        let mut known: HashMap<Body, &str> = HashMap::new();
        for body in bodies {
            for media_type in &body.media_types {
                let operation = format!("{} {}", body.method, body.path);
                known.insert((operation, body.place.clone(), essence(media_type)), &body.ty);
            }
        }
        let ty = |example: &Example<'_>| {
            let Example { operation, place, media_type, .. } = example;
            known.get(&(operation.clone(), place.clone(), media_type.clone())).copied()
        };
        let types: BTreeSet<&str> = examples.iter().filter_map(ty).collect();
        let types: Vec<String> = types.into_iter().map(str::to_owned).collect();
        let of = examples.iter().map(|example| types.iter().position(|known| Some(known.as_str()) == ty(example)));
        let of = of.collect();
        Accepted { examples, types, of, score }
    }

    /// The examples that have a type, in order.
    pub(crate) fn trials(&self) -> Vec<Trial<'d>> {
        let both = self.examples.iter().zip(&self.of);
        both.filter_map(|(example, ty)| Some(Trial { ty: (*ty)?, value: example.value })).collect()
    }

    /// Compares what came back of each trial.
    pub(crate) fn score(mut self, documents: &Documents, outcomes: Vec<Outcome>) -> Score {
        let mut outcomes = outcomes.into_iter();
        for (example, ty) in self.examples.iter().zip(&self.of) {
            let outcome = match ty {
                Some(_) => outcomes.next().unwrap_or_else(|| Err("the trial ended before it".to_owned())),
                None => Err("its body has no type".to_owned()),
            };
            let reason = match outcome {
                Ok(after) => {
                    self.score.decoded += 1;
                    same::difference(documents, example.schema, example.value, &after)
                        .map(|difference| format!("not the same: {difference}"))
                }
                Err(error) => Some(format!("not decoded: {error}")),
            };
            match reason {
                None => self.score.identical += 1,
                Some(reason) => {
                    self.score.misses.push(format!("{}: {reason}", example.place()));
                }
            }
        }
        self.score
    }
}
