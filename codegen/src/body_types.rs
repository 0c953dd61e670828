//! The Rust type of each body of JSON or of a form, for tools that decode a document's own examples into it.
//!
//! The types are written as they are outside of the crate: under `types`, with the runtime as `runtime`.

use crate::expressions;
use crate::ir::{BodyContent, Ir, ResponseContent, StatusPattern};

/// A body and its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyType {
    /// `GET`.
    pub method: String,
    /// The path template as written.
    pub path: String,
    /// `request`, or the response as the document names it: `200`, `4XX`, `default`.
    pub place: String,
    /// The media types that it stands for.
    pub media_types: Vec<String>,
    /// The Rust type.
    pub ty: String,
}

/// The bodies of all operations that have a type, in the order of the operations.
pub fn all(ir: &Ir) -> Vec<BodyType> {
    let mut found = Vec::new();
    for operation in &ir.operations {
        let mut add = |place: String, media_types: Vec<String>, ty| {
            let (method, path) = (operation.method.clone(), operation.path.clone());
            found.push(BodyType { method, path, place, media_types, ty: expressions::outside(ty).to_string() });
        };
        if let Some(body) = &operation.body {
            let others = body.alternatives.iter().map(|other| (&other.media_type, &other.content));
            for (media_type, content) in std::iter::once((&body.media_type, &body.content)).chain(others) {
                if let BodyContent::Json(ty) | BodyContent::Form(ty, _) = content {
                    add("request".to_owned(), vec![media_type.clone()], ty);
                }
            }
        }
        for response in operation.successes.iter().chain(&operation.errors) {
            if let ResponseContent::Json(ty) = &response.content {
                add(place(response.status), response.media_types.clone(), ty);
            }
        }
    }
    found
}

/// A response as the document names it.
fn place(status: StatusPattern) -> String {
    match status {
        StatusPattern::Exact(code) => code.to_string(),
        StatusPattern::Range(digit) => format!("{digit}XX"),
        StatusPattern::Default => "default".to_owned(),
    }
}
