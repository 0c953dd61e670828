//! An OpenAPI document as an HTTP server needs it: routes, what may come in, what goes out.
//!
//! The embedded provider reads the spec itself instead of the generator's IR, so that a fault of the
//! generator can't stand on both sides of a call.

use crate::workspace;
use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A document and its operations.
#[derive(Clone, Debug)]
pub struct Document {
    /// The provider: the folder's name under `specs/`.
    pub provider: String,
    /// The operations, in the order of the document.
    pub operations: Vec<Operation>,
    root: Value,
}

/// One method on one path.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `operationId`.
    pub id: String,
    /// The method, upper case.
    pub method: String,
    /// The path template.
    pub path: String,
    /// Alternatives, each a list of schemes that all apply; none means unsigned.
    pub security: Vec<Vec<String>>,
    /// Parameters of the operation and of its path.
    pub parameters: Vec<Parameter>,
    /// What a request may hold.
    pub body: Option<RequestBody>,
    /// The first success response.
    pub answer: Response,
    /// Status, range or `default` of the error responses with JSON bodies, and their schemas.
    pub errors: Vec<(String, Value)>,
}

/// A parameter that stands beside the body.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `path`, `query` or `header`.
    pub place: String,
    /// Whether it must be there.
    pub required: bool,
}

/// The body of a request.
#[derive(Clone, Debug)]
pub struct RequestBody {
    /// Whether it must be there.
    pub required: bool,
    /// Media type and schema.
    pub content: Vec<(String, Value)>,
}

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Media type and schema, if there is a body.
    pub content: Option<(String, Value)>,
    /// The failure inside the success.
    pub failure: Option<Failure>,
}

/// What makes a success a failure.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Where it is said (JSON Pointer).
    pub at: String,
    /// When it is one.
    pub when: When,
}

/// When a value says that a call failed.
#[derive(Clone, Debug)]
pub enum When {
    /// It is one of these.
    Equals(Vec<Value>),
    /// It is none of these.
    NotEquals(Vec<Value>),
}

/// The file `name` of a provider's spec.
pub fn spec_file(provider: &str, name: &str) -> PathBuf {
    workspace::root().join("specs").join(provider).join(name)
}

impl Document {
    /// Reads the spec of a provider.
    ///
    /// # Errors
    /// When the file can't be read, or is not a document with operations.
    pub fn of(provider: &str) -> Result<Document> {
        let file = spec_file(provider, "openapi.yaml");
        let root = read(&file).with_context(|| format!("failed to read {}", file.display()))?;
        Document::from_root(provider, root)
    }

    /// Takes a document that was read already.
    ///
    /// # Errors
    /// When it is not a document with operations.
    pub fn from_root(provider: &str, root: Value) -> Result<Document> {
        let mut document = Document { provider: provider.to_owned(), operations: Vec::new(), root };
        document.operations = document.read_operations()?;
        Ok(document)
    }

    /// The operation `id`.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// The path of the first server's URL: where the provider's routes begin.
    pub fn base_path(&self) -> &str {
        let url = self.root.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or_default();
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.find('/').map_or("", |start| &rest[start..]).trim_end_matches('/')
    }

    /// A value of the document, as it is written there.
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        self.root.pointer(pointer)
    }

    /// What holds for operations that say nothing of security.
    pub fn default_security(&self) -> Vec<Vec<String>> {
        requirements(self.root.get("security"))
    }

    /// Follows `$ref` until there is none.
    pub fn resolve<'a>(&'a self, mut value: &'a Value) -> &'a Value {
        while let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            value = target.unwrap_or_else(|| panic!("{reference} leads nowhere"));
        }
        value
    }

    fn read_operations(&self) -> Result<Vec<Operation>> {
        let paths = self.root.get("paths").and_then(Value::as_object).context("no paths")?;
        let mut operations = Vec::new();
        for (path, item) in paths {
            for method in ["get", "put", "post", "delete", "options", "head", "patch", "trace"] {
                if let Some(operation) = item.get(method) {
                    let read = self.read_operation(method, path, item, operation);
                    operations.push(read.with_context(|| format!("{method} {path}"))?);
                }
            }
        }
        Ok(operations)
    }

    fn read_operation(&self, method: &str, path: &str, item: &Value, operation: &Value) -> Result<Operation> {
        let id = operation.get("operationId").and_then(Value::as_str).context("no operationId")?;
        let security = operation.get("security").or_else(|| self.root.get("security"));
        let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let parameters = list(item.get("parameters")).into_iter().chain(list(operation.get("parameters")));
        Ok(Operation {
            id: id.to_owned(),
            method: method.to_uppercase(),
            path: path.to_owned(),
            security: requirements(security),
            parameters: parameters.map(|parameter| self.read_parameter(&parameter)).collect(),
            body: operation.get("requestBody").map(|body| self.read_body(body)),
            answer: self.read_answer(operation)?,
            errors: self.read_errors(operation),
        })
    }

    fn read_parameter(&self, parameter: &Value) -> Parameter {
        let parameter = self.resolve(parameter);
        let text = |key: &str| parameter.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let required = parameter.get("required").and_then(Value::as_bool).unwrap_or(false);
        Parameter { name: text("name"), place: text("in"), required }
    }

    fn read_body(&self, body: &Value) -> RequestBody {
        let body = self.resolve(body);
        let required = body.get("required").and_then(Value::as_bool).unwrap_or(false);
        RequestBody { required, content: content_of(body) }
    }

    fn read_answer(&self, operation: &Value) -> Result<Response> {
        let responses = operation.get("responses").and_then(Value::as_object).context("no responses")?;
        let success = responses.iter().find(|(status, _)| status.starts_with('2'));
        let Some((status, response)) = success else { bail!("no success response") };
        let response = self.resolve(response);
        let failure = response.get("x-failure").map(|failure| {
            let at = failure.get("at").and_then(Value::as_str).unwrap_or_default().to_owned();
            let list = |key: &str| failure.get(key).and_then(Value::as_array).cloned();
            let when =
                list("not-equals").map_or_else(|| When::Equals(list("equals").unwrap_or_default()), When::NotEquals);
            Failure { at, when }
        });
        let status = status.replace("XX", "00").parse().map_err(|_| anyhow!("status {status} is not a number"))?;
        Ok(Response { status, content: content_of(response).into_iter().next(), failure })
    }

    fn read_errors(&self, operation: &Value) -> Vec<(String, Value)> {
        let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
        let read = |(status, response): (&String, &Value)| {
            let (media_type, schema) = content_of(self.resolve(response)).into_iter().next()?;
            (!status.starts_with('2') && media_type.contains("json")).then(|| (status.clone(), schema))
        };
        responses.filter_map(read).collect()
    }
}

impl Operation {
    /// The schema of the error body that is declared for `status`, most specific first.
    pub fn error(&self, status: u16) -> Option<&Value> {
        let find = |key: &str| self.errors.iter().find(|(declared, _)| declared == key).map(|(_, schema)| schema);
        find(&status.to_string()).or_else(|| find(&format!("{}XX", status / 100))).or_else(|| find("default"))
    }
}

fn requirements(security: Option<&Value>) -> Vec<Vec<String>> {
    let alternatives = security.and_then(Value::as_array).into_iter().flatten();
    let schemes =
        |requirement: &Value| requirement.as_object().into_iter().flat_map(|map| map.keys().cloned()).collect();
    alternatives.map(schemes).collect()
}

fn content_of(value: &Value) -> Vec<(String, Value)> {
    let content = value.get("content").and_then(Value::as_object);
    let schema = |media: &Value| media.get("schema").cloned().unwrap_or(Value::Null);
    content.into_iter().flatten().map(|(media_type, media)| (media_type.clone(), schema(media))).collect()
}

/// The only place that knows how YAML becomes JSON.
fn read(file: &Path) -> Result<Value> {
    let spec = countersign_codegen::parse::read(file)?;
    Ok(spec.root.to_json())
}
