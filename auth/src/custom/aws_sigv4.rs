//! `aws-sigv4`: AWS Signature Version 4 in headers, computed by the crate `aws-sigv4`.
//!
//! 1. Of a request are covered: method, path, query, host, body, `Content-Type`, `Content-MD5`, every `X-Amz-` header,
//!    and the headers that the document names.
//! 2. The signature goes into `Authorization`, the time into `X-Amz-Date`; the session token and the body's digest
//!    into headers of their own where the document asks for them.
//! 3. A receiver reads `Authorization` strictly, asks that all of the above is among the signed headers, lets the same
//!    crate sign what came once more, and compares in constant time.
//!
//! Not here: signatures in the query, chunked payloads, SigV4A. What is read and checked without the feature
//! `aws-sigv4` stands in this file, what computes in `signer`.

#[cfg(feature = "aws-sigv4")]
mod signer;

use super::{Handwritten, Parameter, ParameterKind, Parameters, Problem, Scheme, Signer, fixed_flag, fixed_list};
use crate::error::PrepareError;
use crate::recipe::{Custom, Recipe};
use http::HeaderName;

const fn parameter(name: &'static str, kind: ParameterKind, required: bool, about: &'static str) -> Parameter {
    Parameter { name, kind, required, about }
}

static SCHEME: Scheme = Scheme {
    name: "aws-sigv4",
    about: "AWS Signature Version 4, in headers.",
    parameters: &[
        parameter("access-key-id", ParameterKind::Text, true, "The name of the key."),
        parameter("secret-access-key", ParameterKind::Key, true, "The key."),
        parameter(
            "session-token",
            ParameterKind::Secret,
            false,
            "Sent as `X-Amz-Security-Token`; left out, or without its credential, none is sent.",
        ),
        parameter("region", ParameterKind::Text, true, "The region that the credential is scoped to."),
        parameter("service", ParameterKind::Text, true, "The service that the credential is scoped to."),
        parameter(
            "signed-headers",
            ParameterKind::List,
            false,
            "Headers that are signed, where they are there, besides `Host`, `Content-Type`, `Content-MD5` and `X-Amz-*`.",
        ),
        parameter(
            "content-sha256",
            ParameterKind::Flag,
            false,
            "Whether `X-Amz-Content-Sha256` is sent; it is not if left out.",
        ),
        parameter(
            "unsigned-payload",
            ParameterKind::Flag,
            false,
            "Whether the body is left unsigned, so that it may be a stream; it is signed if left out.",
        ),
        parameter(
            "double-encode",
            ParameterKind::Flag,
            false,
            "Whether the path is percent-encoded once more; it is if left out, as all services but S3 have it.",
        ),
        parameter(
            "normalize-path",
            ParameterKind::Flag,
            false,
            "Whether `.`, `..` and empty segments are taken out; they are if left out, as all services but S3 have it.",
        ),
        parameter(
            "window",
            ParameterKind::Duration,
            false,
            "How far from now `X-Amz-Date` may lie at a receiver; `5m` if left out.",
        ),
    ],
    feature: Some("aws-sigv4"),
};

/// These change on their way, or are written when the request has left this crate.
const UNSIGNABLE: [&str; 8] = [
    "authorization",
    "connection",
    "content-length",
    "expect",
    "te",
    "transfer-encoding",
    "user-agent",
    "x-amzn-trace-id",
];

pub(super) struct AwsSigV4;

impl Handwritten for AwsSigV4 {
    fn scheme(&self) -> &'static Scheme {
        &SCHEME
    }

    fn check(&self, custom: &Custom) -> Vec<Problem> {
        let mut problems = Vec::new();
        let names = fixed_list(custom, "signed-headers");
        for (index, name) in names.iter().enumerate() {
            let lower = name.to_ascii_lowercase();
            let message = match () {
                () if HeaderName::from_bytes(name.as_bytes()).is_err() => format!("{name:?} is no header name"),
                () if UNSIGNABLE.contains(&lower.as_str()) => {
                    format!("`{name}` changes on its way, or is not there yet when a request is signed")
                }
                () if names[..index].iter().any(|earlier| earlier.eq_ignore_ascii_case(name)) => {
                    format!("`{name}` stands twice")
                }
                () => continue,
            };
            problems.push(Problem { parameter: "signed-headers", item: Some(index), message, help: None });
        }
        if fixed_flag(custom, "unsigned-payload", false) && !fixed_flag(custom, "content-sha256", true) {
            let message = "a body that is not signed is announced in `X-Amz-Content-Sha256`".to_owned();
            let help = Some("take `content-sha256: false` out".to_owned());
            problems.push(Problem { parameter: "content-sha256", item: None, message, help });
        }
        problems
    }

    fn headers(&self, recipe: &Recipe, custom: &Custom) -> Vec<&'static str> {
        let digest = fixed_flag(custom, "content-sha256", fixed_flag(custom, "unsigned-payload", false));
        let token = recipe.steps.iter().any(|step| step.name == "session-token");
        let optional = [(digest, "X-Amz-Content-Sha256"), (token, "X-Amz-Security-Token")];
        let optional = optional.into_iter().filter_map(|(there, name)| there.then_some(name));
        ["X-Amz-Date", "Authorization"].into_iter().chain(optional).collect()
    }

    fn covers_body(&self, custom: &Custom) -> bool {
        !fixed_flag(custom, "unsigned-payload", false)
    }

    #[cfg(feature = "aws-sigv4")]
    fn prepare(&self, parameters: Parameters) -> Result<Box<dyn Signer>, PrepareError> {
        signer::prepare(parameters)
    }

    #[cfg(not(feature = "aws-sigv4"))]
    fn prepare(&self, parameters: Parameters) -> Result<Box<dyn Signer>, PrepareError> {
        let scheme = parameters.name().clone();
        Err(PrepareError::Feature { scheme, custom: SCHEME.name, feature: "aws-sigv4" })
    }
}
