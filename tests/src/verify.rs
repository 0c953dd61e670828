//! Verification that shares nothing with the signing engine.
//!
//! Each provider's scheme is coded here a second time, by hand, from the provider's own words: other
//! crates for hashes and MACs, another base64url, another JSON. What the engine and these verifiers
//! agree on is not a mistake that one piece of code makes twice.

pub mod appsmiles;
mod base64url;
pub mod cardlytics;
pub mod clevertap;
pub mod clutch;
pub mod jwt;
mod php;

use http::HeaderMap;
use std::collections::HashSet;
use std::fmt;

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method.
    pub method: String,
    /// Path and query, below the base path.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The bytes of the body; none and zero look alike.
    pub body: Vec<u8>,
}

/// What a verifier says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The credentials hold.
    Verified,
    /// The operation takes no credentials, and none came.
    Unsigned,
    /// They don't, for this reason.
    Refused(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Verified => f.write_str("verified"),
            Verdict::Unsigned => f.write_str("unsigned"),
            Verdict::Refused(reason) => write!(f, "refused: {reason}"),
        }
    }
}

/// One provider's receiving end.
pub trait Verifier: Send {
    /// Headers that carry credentials, lower case: an unsigned operation must come without them.
    fn credential_headers(&self) -> &'static [&'static str];

    /// Whether a body says that there is none; the scheme may send a text in its place.
    fn is_no_body(&self, body: &[u8]) -> bool {
        body.is_empty()
    }

    /// Checks a request under `scheme` at `now_ms` and remembers what may be used once only.
    ///
    /// # Errors
    /// Why the request is refused.
    fn verify(&mut self, scheme: &str, request: &Received, now_ms: u64) -> Result<(), String>;
}

/// The verdict on a request whose operation asks for `security`.
pub fn verdict(verifier: &mut dyn Verifier, security: &[Vec<String>], request: &Received, now_ms: u64) -> Verdict {
    if security.is_empty() {
        let carried = verifier.credential_headers().iter().find(|name| request.headers.contains_key(**name));
        return match carried {
            Some(name) => Verdict::Refused(format!("{name} on an operation without credentials")),
            None => Verdict::Unsigned,
        };
    }
    let mut reasons = Vec::new();
    for requirement in security {
        match requirement.iter().try_for_each(|scheme| verifier.verify(scheme, request, now_ms)) {
            Ok(()) => return Verdict::Verified,
            Err(reason) => reasons.push(reason),
        }
    }
    Verdict::Refused(reasons.join("; "))
}

/// The value of a header that must stand exactly once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, String> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(format!("{name} is missing")),
        (Some(_), Some(_)) => Err(format!("{name} stands twice")),
        (Some(value), None) => value.to_str().map_err(|_| format!("{name} is not text")),
    }
}

/// Values that were used; a second use is refused.
#[derive(Debug, Default)]
struct Used(HashSet<String>);

impl Used {
    fn check(&self, value: &str) -> Result<(), String> {
        if self.0.contains(value) { Err("used before".to_owned()) } else { Ok(()) }
    }

    /// Called last: a request that is refused for another reason does not use up its id.
    fn remember(&mut self, value: &str) {
        self.0.insert(value.to_owned());
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
