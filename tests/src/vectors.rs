//! Vector files, read without the engine: cases as requests and what they should come to.

use crate::document::spec_file;
use crate::verify::Received;
use anyhow::{Context as _, Result};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use std::path::PathBuf;

/// One case of a vector file.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// `sign` or `verify`.
    pub kind: String,
    /// The scheme.
    pub recipe: String,
    /// `input`, as it stands there.
    pub input: Value,
    /// `expected`, as it stands there.
    pub expected: Value,
    /// The request, signed: for a sign case with what the recipe adds.
    pub request: Received,
}

/// The vector file of a provider, beside its spec.
pub fn file(provider: &str) -> PathBuf {
    spec_file(provider, "vectors.json")
}

/// The cases of a provider that touch a request.
///
/// # Errors
/// When the file is missing or malformed.
pub fn cases(provider: &str) -> Result<Vec<Case>> {
    let file = file(provider);
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let document: Value = serde_json::from_str(&text)?;
    let cases = document["vectors"].as_array().context("no vectors")?;
    let with_request = cases.iter().filter(|case| !case["input"]["request"].is_null());
    with_request.map(|case| read(case).with_context(|| case["name"].to_string())).collect()
}

fn read(case: &Value) -> Result<Case> {
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a text is missing");
    let (request, expected) = (&case["input"]["request"], &case["expected"]);
    let mut headers = HeaderMap::new();
    for pairs in [&request["headers"], &expected["headers"]] {
        for pair in pairs.as_array().into_iter().flatten() {
            let name: HeaderName = text(&pair[0])?.parse()?;
            headers.append(name, HeaderValue::from_bytes(text(&pair[1])?.as_bytes())?);
        }
    }
    let body = if expected["body_hex"].is_string() { &expected["body_hex"] } else { &request["body_hex"] };
    let target = if expected["target"].is_string() { &expected["target"] } else { &request["target"] };
    Ok(Case {
        name: text(&case["name"])?,
        kind: text(&case["kind"])?,
        recipe: text(&case["recipe"])?,
        input: case["input"].clone(),
        expected: expected.clone(),
        request: Received {
            method: text(&request["method"])?,
            target: text(target)?,
            headers,
            body: unhex(body.as_str().unwrap_or_default())?,
        },
    })
}

fn unhex(text: &str) -> Result<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2).map(|at| text.get(at..at + 2).context("half a byte"));
    pairs.map(|pair| Ok(u8::from_str_radix(pair?, 16)?)).collect()
}
