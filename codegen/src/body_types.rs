//! The Rust type of each JSON body, for tools that decode a document's own examples into it.
//!
//! The types are written as they are outside of the crate: under `types`, with the runtime as `runtime`.

use crate::expressions;
use crate::ir::{BodyContent, Ir, Response, ResponseContent, StatusPattern};

/// A JSON body and its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyType {
    /// `GET`.
    pub method: String,
    /// The path template as written.
    pub path: String,
    /// `request`, or the response as the document names it: `200`, `4XX`, `default`.
    pub place: String,
    /// The Rust type.
    pub ty: String,
}

/// The JSON bodies of all operations, in the order of the operations.
pub fn all(ir: &Ir) -> Vec<BodyType> {
    let mut found = Vec::new();
    for operation in &ir.operations {
        let mut add = |place: String, ty| {
            let ty = expressions::outside(ty).to_string();
            found.push(BodyType { method: operation.method.clone(), path: operation.path.clone(), place, ty });
        };
        if let Some(BodyContent::Json(ty)) = operation.body.as_ref().map(|body| &body.content) {
            add("request".to_owned(), ty);
        }
        for response in operation.successes.iter().chain(&operation.errors) {
            if let Response { status, content: ResponseContent::Json(ty), .. } = response {
                add(place(*status), ty);
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
