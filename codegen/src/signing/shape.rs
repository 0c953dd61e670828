//! The JSON Schema of x-signing, enforced; its errors as findings that a person can act on.

use crate::finding::{Finding, shortened, similar};
use crate::lint::rules::{self, Rule};
use crate::references::{References, escape_token};
use crate::spec::{Node, Spec};
use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// The schema, as text; specs/x-signing.schema.json is the same, for people and editors.
pub(crate) const SCHEMA: &str = include_str!("x-signing.schema.json");

static PARSED: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(SCHEMA).unwrap_or(Value::Bool(false)));
static VALIDATOR: LazyLock<Option<Validator>> = LazyLock::new(|| jsonschema::validator_for(&PARSED).ok());

/// What the schema says of a document's signing.
pub(super) fn findings(references: &References<'_>) -> Vec<Finding> {
    let Some(validator) = VALIDATOR.as_ref() else { return Vec::new() };
    let part = part(references.spec());
    validator.iter_errors(&part).flat_map(|error| explain(references, &error)).collect()
}

/// The members of `components` that the schema describes; of schemes only `x-signing`.
fn part(spec: &Spec) -> Value {
    let mut part = Map::new();
    for (key, node) in spec.root.get("components").into_iter().flat_map(Node::members) {
        match key.text.as_str() {
            "x-signing-recipes" | "x-signing-sessions" => {
                part.insert(key.text.clone(), node.to_json());
            }
            "securitySchemes" => {
                let signing = node.members().filter_map(|(name, scheme)| {
                    let signing = scheme.get("x-signing")?.to_json();
                    Some((name.text.clone(), json!({ "x-signing": signing })))
                });
                part.insert(key.text.clone(), signing.collect::<Map<_, _>>().into());
            }
            _ => {}
        }
    }
    part.into()
}

/// One error of the schema as one finding, or one for each key that it names.
fn explain(references: &References<'_>, error: &ValidationError<'_>) -> Vec<Finding> {
    let pointer = format!("/components{}", error.instance_path().as_str());
    let (node, at) = references.nearest(&pointer);
    let found = node.to_json();
    let mut finding = Explained { rule: rules::SIGNING_SHAPE, at, message: String::new(), help: None };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } if unexpected.iter().any(|key| is_kind(key)) => {
            // Each of the two would complain about the other's parts.
            finding.rule = rules::SIGNING_STEP;
            finding.message = "this is several sources or operations at once".to_owned();
            finding.help = Some("make a step of each".to_owned());
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
            if let Some((key, kind)) = misspelt_kind(unexpected) =>
        {
            // `{hmca: …, key: K}` was taken for a key, whose parts then fit nowhere.
            finding.rule = rules::SIGNING_STEP;
            finding.at = node.entry(key).map_or(at, |(key, _)| key.at);
            finding.message = format!("`{}` is no source or operation of x-signing", shortened(key, 60));
            finding.help = Some(format!("did you mean `{kind}`?"));
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = known_keys(error);
            let one = |key: &String| {
                let at = node.entry(key).map_or(at, |(key, _)| key.at);
                let message = format!("`{}` is not known here", shortened(key, 60));
                let help = match similar(key, known.iter().map(String::as_str)) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("what may stand here: {}", known.join(", ")),
                };
                let pointer = format!("{pointer}/{}", escape_token(key));
                Explained { rule: rules::SIGNING_SHAPE, at, message, help: Some(help) }.finding(references, pointer)
            };
            return unexpected.iter().map(one).collect();
        }
        ValidationErrorKind::AnyOf { .. } => finding.unknown_step(node, &step_keys(error)),
        ValidationErrorKind::OneOfNotValid { .. } | ValidationErrorKind::OneOfMultipleValid { .. } => {
            let choices = step_keys(error).join("` or `");
            finding.message = format!("this needs either `{choices}`");
        }
        ValidationErrorKind::Required { property } => {
            finding.message = format!("`{}` is missing", property.as_str().unwrap_or_default());
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            finding.message = format!("{} is none of {}", shown(&found), options.join(", "));
            let name = found.as_str().and_then(|text| similar(text, options.iter().copied()));
            finding.help = name.map(|name| format!("did you mean `{name}`?"));
        }
        ValidationErrorKind::PropertyNames { error } => {
            finding.message = what_is_wrong(error, error.instance());
            let key = error.instance().as_str().and_then(|name| node.entry(name));
            finding.at = key.map_or(at, |(key, _)| key.at);
        }
        ValidationErrorKind::FalseSchema => {
            let key = pointer.rsplit('/').next().unwrap_or_default();
            finding.message = format!("`{}` means nothing here", shortened(key, 60));
            finding.help = Some("remove it".to_owned());
        }
        _ => finding.message = what_is_wrong(error, &found),
    }
    vec![finding.finding(references, pointer)]
}

struct Explained {
    rule: Rule,
    at: crate::spec::Mark,
    message: String,
    help: Option<String>,
}

impl Explained {
    fn finding(self, references: &References<'_>, pointer: String) -> Finding {
        let mut finding =
            Finding::new(references.spec(), self.rule.level, self.rule.id, self.at, pointer, self.message);
        finding.help = self.help;
        finding
    }

    /// A step or source without the key that says what it is.
    fn unknown_step(&mut self, node: &Node, known: &[String]) {
        self.rule = rules::SIGNING_STEP;
        self.message = "this is none of the sources and operations of x-signing".to_owned();
        self.help = Some(format!("it needs one of {}", known.join(", ")));
        let names = || known.iter().map(String::as_str);
        for (key, _) in node.members() {
            if let Some(name) = similar(&key.text, names()) {
                self.at = key.at;
                self.message = format!("`{}` is no source or operation of x-signing", shortened(&key.text, 60));
                self.help = Some(format!("did you mean `{name}`?"));
                return;
            }
        }
    }
}

/// Sentences for the kinds of text that the schema names.
fn what_is_wrong(error: &ValidationError<'_>, found: &Value) -> String {
    let found = shown(found);
    let of = error.schema_path().as_str();
    let sentence = |definition: &str| of.contains(&format!("/$defs/{definition}/"));
    match error.kind() {
        ValidationErrorKind::Pattern { .. } if sentence("name") => {
            format!("{found} is not a name: a letter, then letters, digits, `_` and `-`")
        }
        ValidationErrorKind::Pattern { .. } if sentence("header-name") => {
            format!("{found} can't be the name of a header")
        }
        ValidationErrorKind::Pattern { .. } if sentence("duration") => {
            format!("{found} is not a duration, such as 30s, 5m or 1h")
        }
        ValidationErrorKind::Pattern { .. } if sentence("random") => {
            format!("{found} is none of uuid-v4, hex-N, base64url-N")
        }
        ValidationErrorKind::Pattern { .. } if sentence("session-declaration") => {
            format!("{found} is not a JSON Pointer, such as /data/token")
        }
        ValidationErrorKind::Type { .. } => format!("{found} is of the wrong type: {}", error.masked_with("it")),
        _ => format!("{found} does not fit: {}", error.masked_with("it")),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", shortened(text, 60)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
        other => format!("`{other}`"),
    }
}

/// The keys that the schema behind an error knows.
fn known_keys(error: &ValidationError<'_>) -> Vec<String> {
    let properties = schema_around(error).and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    properties.into_iter().flat_map(Map::keys).filter(|key| *key != "x-assumed").cloned().collect()
}

/// The keys of which the schema behind an error wants one.
fn step_keys(error: &ValidationError<'_>) -> Vec<String> {
    let choices = PARSED.pointer(error.schema_path().as_str()).and_then(Value::as_array);
    let required = choices.into_iter().flatten().filter_map(|choice| choice.get("required")?.get(0)?.as_str());
    required.map(str::to_owned).collect()
}

/// Whether a key says what a step is.
fn is_kind(key: &str) -> bool {
    kinds().any(|kind| kind == key)
}

/// The first key that almost says what a step is, and what it almost says.
fn misspelt_kind(keys: &[String]) -> Option<(&str, &'static str)> {
    keys.iter().find_map(|key| Some((key.as_str(), similar(key, kinds())?)))
}

/// The keys that say what a step is.
fn kinds() -> impl Iterator<Item = &'static str> {
    let kinds = LazyLock::force(&PARSED).pointer("/$defs/step/anyOf").and_then(Value::as_array);
    kinds.into_iter().flatten().filter_map(|kind| kind.pointer("/required/0").and_then(Value::as_str))
}

/// The schema that holds the keyword of an error.
fn schema_around(error: &ValidationError<'_>) -> Option<&'static Value> {
    let (schema, _keyword) = error.schema_path().as_str().rsplit_once('/')?;
    LazyLock::force(&PARSED).pointer(schema)
}
