//! `rfc9421-hmac-sha256`: HTTP message signatures (RFC 9421) of requests, with a shared key.
//!
//! 1. The covered components are written as the signature base (section 2.5): derived ones, header fields, and
//!    `content-digest` (RFC 9530), which is made here where it is covered.
//! 2. `Signature-Input` says what is covered and when, `Signature` is the MAC of the base.
//! 3. A receiver reads both strictly, asks for every component of the document, recomputes the base from what came,
//!    and compares in constant time; then it looks at `created`, `expires` and the digest of the body.
//!
//! Not here: components of responses, parameters of components (`sf`, `key`, `bs`, `req`, `tr`), `@query-param`.

use super::structured::{Bare, Member, Params, dictionary, is_key, is_text, write_bare, write_list};
use super::values::fresh;
use super::{
    Checked, Handwritten, Parameter, ParameterKind, Parameters, Problem, Scheme, Signed, Signer, fixed, fixed_list,
    header_text,
};
use crate::error::{PrepareError, Refusal, SignError};
use crate::operations::digest;
use crate::operations::mac::MacState;
use crate::recipe::{Custom, Fixed, HashAlgorithm, Recipe, Text};
use crate::request::{Base, SignableBody, SignableRequest};
use crate::secret::equal;
use crate::stamp::{Stamp, StampValue, UnixTime};
use bytes::Bytes;
use http::header::HeaderName;
use std::borrow::Cow;
use subtle::Choice;

const fn parameter(name: &'static str, kind: ParameterKind, required: bool, about: &'static str) -> Parameter {
    Parameter { name, kind, required, about }
}

static SCHEME: Scheme = Scheme {
    name: "rfc9421-hmac-sha256",
    about: "HTTP message signatures of RFC 9421 with a shared key.",
    parameters: &[
        parameter("key", ParameterKind::Key, true, "The shared key."),
        parameter("key-id", ParameterKind::Text, false, "Sent as `keyid`; left out, no key is named."),
        parameter(
            "components",
            ParameterKind::List,
            true,
            "What is covered, in order: derived components (`@method`, `@target-uri`, `@authority`, `@scheme`, \
             `@path`, `@query`, `@request-target`) and header fields in lower case; `content-digest` covers the body.",
        ),
        parameter("label", ParameterKind::Text, false, "The signature's name in both headers; `sig1` if left out."),
        parameter(
            "digest",
            ParameterKind::Word(&["sha-256", "sha-512"]),
            false,
            "The algorithm of `content-digest`; `sha-256` if left out.",
        ),
        parameter("algorithm", ParameterKind::Flag, false, "Whether `alg` is sent; it is if left out."),
        parameter("nonce", ParameterKind::Flag, false, "Whether a random `nonce` is sent; it is not if left out."),
        parameter("expires", ParameterKind::Duration, false, "How long a signature holds; left out, none is sent."),
        parameter("tag", ParameterKind::Text, false, "Sent as `tag`; left out, there is none."),
        parameter(
            "window",
            ParameterKind::Duration,
            false,
            "How far from now `created` may lie at a receiver; `5m` if left out.",
        ),
    ],
    feature: None,
};

const ALGORITHM: &str = "hmac-sha256";
const DIGEST: &str = "content-digest";
const LABEL: &str = "sig1";
const WINDOW: i64 = 300_000;
const DERIVED: [&str; 7] = ["@method", "@target-uri", "@authority", "@scheme", "@path", "@query", "@request-target"];
/// These belong to the connection, or are written when the request has left this crate.
const TOO_LATE: [&str; 8] =
    ["host", "content-length", "transfer-encoding", "connection", "te", "upgrade", "signature", "signature-input"];
/// The longest header that is read: labels and components are compared with each other.
const LIMIT: usize = 8 * 1024;
/// The longest nonce that is read, in characters.
const NONCE_LIMIT: usize = 255;

pub(super) struct Rfc9421;

impl Handwritten for Rfc9421 {
    fn scheme(&self) -> &'static Scheme {
        &SCHEME
    }

    fn check(&self, custom: &Custom) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |parameter, item, message: String, help: Option<&str>| {
            problems.push(Problem { parameter, item, message, help: help.map(str::to_owned) });
        };
        let components = fixed_list(custom, "components");
        if components.is_empty() {
            problem("components", None, "nothing is covered".to_owned(), Some("at least `@method` and `@target-uri`"));
        }
        for (index, name) in components.iter().enumerate() {
            if components[..index].contains(name) {
                problem("components", Some(index), format!("`{name}` is covered twice"), None);
            } else if let Some((message, help)) = wrong_component(name) {
                problem("components", Some(index), message, Some(&help));
            }
        }
        if let Some(Fixed::Text(label)) = fixed(custom, "label")
            && !is_key(label)
        {
            let help = "a small letter, then small letters, digits, `_`, `-`, `.` and `*`";
            problem("label", None, format!("`{label}` can't be the name of a signature"), Some(help));
        }
        for name in ["key-id", "tag"] {
            if let Some(Fixed::Text(text)) = fixed(custom, name)
                && !is_text(text)
            {
                problem(name, None, "holds more than visible ASCII characters and spaces".to_owned(), None);
            }
        }
        if fixed(custom, "digest").is_some() && !components.iter().any(|name| name == DIGEST) {
            let help = "cover `content-digest`, or take `digest` out";
            problem("digest", None, "`content-digest` is not covered".to_owned(), Some(help));
        }
        problems
    }

    fn headers(&self, _: &Recipe, custom: &Custom) -> Vec<&'static str> {
        let digest = fixed_list(custom, "components").iter().any(|name| name == DIGEST).then_some("Content-Digest");
        digest.into_iter().chain(["Signature-Input", "Signature"]).collect()
    }

    fn covers_body(&self, custom: &Custom) -> bool {
        fixed_list(custom, "components").iter().any(|name| name == DIGEST)
    }

    fn prepare(&self, parameters: Parameters) -> Result<Box<dyn Signer>, PrepareError> {
        for name in ["key-id", "tag"] {
            if parameters.constant(name).is_some_and(|text| !is_text(text)) {
                let header = "Signature-Input".into();
                return Err(PrepareError::Header { scheme: parameters.name().clone(), header });
            }
        }
        Ok(Box::new(Rfc9421Signer { macs: parameters.macs("key", HashAlgorithm::Sha256), parameters }))
    }
}

/// Why a component can't be covered.
fn wrong_component(name: &str) -> Option<(String, String)> {
    if let Some(derived) = name.strip_prefix('@') {
        if DERIVED.contains(&name) {
            return None;
        }
        let help = crate::check::did_you_mean(name, DERIVED.into_iter())
            .unwrap_or_else(|| format!("one of {}", DERIVED.join(", ")));
        return Some((format!("`@{derived}` is no component of requests that can be covered here"), help));
    }
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Some((format!("{name:?} is no header name"), "header names, without parameters".to_owned()));
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let help = format!("write `{}`", name.to_ascii_lowercase());
        return Some((format!("`{name}` is not in lower case"), help));
    }
    if TOO_LATE.contains(&name) {
        let help = match name {
            "host" => "cover `@authority`",
            "content-length" => "cover `content-digest`",
            _ => "take it out",
        };
        return Some((format!("`{name}` is not there yet when a request is signed"), help.to_owned()));
    }
    None
}

struct Rfc9421Signer {
    parameters: Parameters,
    macs: Vec<MacState>,
}

impl Rfc9421Signer {
    fn scheme(&self) -> &Text {
        self.parameters.name()
    }

    fn label(&self) -> &str {
        self.parameters.constant("label").unwrap_or(LABEL)
    }

    fn covers(&self, component: &str) -> bool {
        self.parameters.list("components").iter().any(|name| name == component)
    }

    /// The body's bytes; none are as good as a body of zero bytes.
    fn body<'r>(&self, request: &SignableRequest<'r>) -> Result<&'r [u8], SignError> {
        match request.body {
            SignableBody::Bytes(body) => Ok(body),
            SignableBody::None => Ok(&[]),
            SignableBody::Stream => Err(SignError::StreamingBody { scheme: self.scheme().clone() }),
        }
    }

    /// `Content-Digest` of what is sent.
    fn digest(&self, request: &SignableRequest<'_>) -> Result<Option<String>, SignError> {
        if !self.covers(DIGEST) {
            return Ok(None);
        }
        let name = self.parameters.constant("digest").unwrap_or("sha-256");
        let body = self.body(request)?;
        let digest = digest_of(name, body).unwrap_or_default();
        let mut value = format!("{name}=");
        write_bare(&mut value, &Bare::Bytes(digest));
        Ok(Some(value))
    }

    /// The parameters of a new signature, always in this order.
    fn drawn(&self, stamp: &Stamp) -> Result<(Params, Option<String>), SignError> {
        let missing = |step: &'static str| SignError::MissingValue { step: step.into() };
        let malformed = || SignError::MalformedValue { step: "created".into(), expected: "a Unix time in seconds" };
        let created = match stamp.value_of("created") {
            StampValue::Drawn(now, _) => now.as_secs(),
            StampValue::Given(text) => seconds(text).ok_or_else(malformed)?,
            StampValue::Missing => return Err(missing("created")),
        };
        let nonce = match self.parameters.flag("nonce", false).then(|| stamp.value_of("nonce")) {
            None => None,
            Some(StampValue::Drawn(_, entropy)) => {
                let mut nonce = Vec::new();
                crate::operations::encode::encode(&mut nonce, entropy.slice(0, 18), crate::recipe::Encoding::Base64Url);
                Some(crate::sign::text_of(&nonce).to_owned())
            }
            Some(StampValue::Given(text)) => Some(text.to_owned()),
            Some(StampValue::Missing) => return Err(missing("nonce")),
        };
        let expires = self.parameters.millis("expires").map(|millis| created.saturating_add(millis / 1000));
        let algorithm = self.parameters.flag("algorithm", true).then_some(ALGORITHM);
        let text = |value: Option<&str>| value.map(|value| Bare::Text(value.to_owned()));
        let all = [
            ("created", Some(Bare::Integer(created))),
            ("keyid", text(self.parameters.text("key-id", stamp)?)),
            ("alg", text(algorithm)),
            ("expires", expires.map(Bare::Integer)),
            ("nonce", text(nonce.as_deref())),
            ("tag", text(self.parameters.text("tag", stamp)?)),
        ];
        if all.iter().any(|(_, value)| matches!(value, Some(Bare::Text(text)) if !is_text(text))) {
            return Err(SignError::HeaderValue { name: "Signature-Input".into() });
        }
        let there = all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Ok((there.collect(), nonce))
    }

    /// The value of a component, as section 2 derives it.
    fn component<'r>(
        &self,
        name: &str,
        request: &SignableRequest<'r>,
        digest: Option<&'r str>,
    ) -> Result<Cow<'r, str>, SignError> {
        let base = || Base::parse(request.base).ok_or_else(|| SignError::Base { scheme: self.scheme().clone() });
        Ok(match name {
            "@method" => Cow::Borrowed(request.method),
            "@authority" => Cow::Owned(base()?.host.to_ascii_lowercase()),
            "@scheme" => Cow::Owned(base()?.scheme.to_ascii_lowercase()),
            "@path" => Cow::Owned(format!("{}{}", base()?.path, request.path())),
            "@query" => Cow::Owned(format!("?{}", request.query())),
            "@request-target" => Cow::Owned(format!("{}{}", base()?.path, request.target)),
            "@target-uri" => {
                let base = base()?;
                let (scheme, host) = (base.scheme.to_ascii_lowercase(), base.host.to_ascii_lowercase());
                Cow::Owned(format!("{scheme}://{host}{}{}", base.path, request.target))
            }
            DIGEST if digest.is_some() => Cow::Borrowed(digest.unwrap_or_default()),
            _ => self.field(name, request)?,
        })
    }

    /// A header field: its lines trimmed and joined (section 2.1).
    fn field<'r>(&self, name: &str, request: &SignableRequest<'r>) -> Result<Cow<'r, str>, SignError> {
        let missing = || SignError::MissingHeader { scheme: self.scheme().clone(), name: name.to_owned().into() };
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| missing())?;
        let lines = request.headers.get_all(&header).iter().map(|value| header_text(value, &header));
        let lines = lines.map(|line| line.map(|line| line.trim_matches([' ', '\t'])));
        let lines = lines.collect::<Result<Vec<&str>, _>>()?;
        match lines.as_slice() {
            [] => Err(missing()),
            [line] => Ok(Cow::Borrowed(*line)),
            lines => Ok(Cow::Owned(lines.join(", "))),
        }
    }

    /// The signature base (section 2.5).
    fn base<'c>(
        &self,
        components: impl Iterator<Item = &'c str>,
        input: &str,
        request: &SignableRequest<'_>,
        digest: Option<&str>,
    ) -> Result<String, SignError> {
        let mut base = String::with_capacity(1024);
        for name in components {
            let value = self.component(name, request, digest)?;
            // No header has a line break, and no URL; a line of ours would be somebody else's.
            if value.contains(['\n', '\r']) {
                return Err(SignError::Unsignable { scheme: self.scheme().clone(), reason: "a line break is covered" });
            }
            for part in ["\"", name, "\": ", &value, "\n"] {
                base.push_str(part);
            }
        }
        base.push_str("\"@signature-params\": ");
        base.push_str(input);
        Ok(base)
    }
}

/// Unix seconds as they stand in a parameter.
fn seconds(text: &str) -> Option<i64> {
    crate::time::parse(text, crate::recipe::TimeForm::UnixSeconds).map(UnixTime::as_secs)
}

/// A digest by its name in RFC 9530; of its algorithms the two that hold.
fn digest_of(name: &str, body: &[u8]) -> Option<Vec<u8>> {
    let algorithm = match name {
        "sha-256" => HashAlgorithm::Sha256,
        "sha-512" => HashAlgorithm::Sha512,
        _ => return None,
    };
    Some(digest::digest(algorithm, body).as_ref().to_vec())
}

fn items(components: &[Text]) -> Vec<(Bare, Params)> {
    components.iter().map(|name| (Bare::Text(name.to_string()), Vec::new())).collect()
}

impl Signer for Rfc9421Signer {
    fn sign(&self, request: &SignableRequest<'_>, stamp: &Stamp) -> Result<Signed, SignError> {
        if !request.target.starts_with('/') {
            return Err(SignError::Target);
        }
        let digest = self.digest(request)?;
        let (params, nonce) = self.drawn(stamp)?;
        let components = self.parameters.list("components");
        let mut input = String::new();
        write_list(&mut input, &items(components), &params);
        let base = self.base(components.iter().map(AsRef::as_ref), &input, request, digest.as_deref())?;
        let key = || SignError::Unsignable { scheme: self.scheme().clone(), reason: "there is no key" };
        let tag = self.macs.first().ok_or_else(key)?.mac(base.as_bytes());
        let mut signature = String::new();
        write_bare(&mut signature, &Bare::Bytes(tag.as_ref().to_vec()));
        let mut signed = Signed::default();
        let label = self.label();
        if let Some(digest) = digest {
            signed.header(self.scheme(), "Content-Digest", &digest, false)?;
            signed.steps.push(("content_digest", Bytes::from(digest)));
        }
        signed.header(self.scheme(), "Signature-Input", &format!("{label}={input}"), false)?;
        signed.header(self.scheme(), "Signature", &format!("{label}={signature}"), true)?;
        signed.steps.push(("signature_params", Bytes::from(input)));
        signed.steps.push(("signature_base", Bytes::from(base)));
        signed.steps.push(("signature", Bytes::from(signature)));
        signed.single_use.extend(nonce.map(|nonce| ("nonce", nonce)));
        Ok(signed)
    }

    fn verify(&self, request: &SignableRequest<'_>, now: UnixTime, leeway_millis: i64) -> Result<Checked, Refusal> {
        let Member::List(items, params) = self.member(request, "signature-input")? else {
            return Err(malformed("signature-input"));
        };
        let Member::Item(Bare::Bytes(signature), of_signature) = self.member(request, "signature")? else {
            return Err(malformed("signature"));
        };
        if !of_signature.is_empty() {
            return Err(malformed("signature"));
        }
        let components = self.components(&items)?;
        let params_read = Read::new(&params)?;
        let mut input = String::new();
        write_list(&mut input, &items, &params);
        let base = self.base(components.iter().copied(), &input, request, None).map_err(recompute)?;
        let holds = |mac: &MacState| equal(mac.mac(base.as_bytes()).as_ref(), &signature);
        // All keys are tried, so that the time does not say which one fits.
        let held = self.macs.iter().map(holds).fold(Choice::from(0), |held, holds| held | holds);
        if !bool::from(held) {
            return Err(Refusal::Signature);
        }
        let mut checked = self.rules(&params_read, now, leeway_millis)?;
        if components.contains(&DIGEST) {
            self.digest_holds(request)?;
        }
        checked.values.extend(self.parameters.public(&["key-id", "tag"]));
        Ok(checked)
    }

    fn reads_header(&self, name: &HeaderName) -> bool {
        self.covers(name.as_str())
    }

    fn reads_query(&self) -> bool {
        ["@query", "@request-target", "@target-uri"].into_iter().any(|component| self.covers(component))
    }

    fn time_of(&self, created: &str) -> Option<UnixTime> {
        seconds(created).map(UnixTime::from_secs)
    }
}

fn malformed(part: &str) -> Refusal {
    Refusal::Malformed { part: format!("header {part}") }
}

fn recompute(error: SignError) -> Refusal {
    match error {
        SignError::MissingHeader { name, .. } => Refusal::Missing { part: format!("header {name}") },
        error => Refusal::Recompute(error),
    }
}

/// The parameters of a signature that came; each once and of its type, no others.
#[derive(Default)]
struct Read<'p> {
    created: Option<i64>,
    expires: Option<i64>,
    nonce: Option<&'p str>,
    algorithm: Option<&'p str>,
    key_id: Option<&'p str>,
    tag: Option<&'p str>,
}

impl<'p> Read<'p> {
    fn new(params: &'p Params) -> Result<Self, Refusal> {
        let mut read = Read::default();
        for (name, value) in params {
            match (name.as_str(), value) {
                ("created", Bare::Integer(seconds)) => read.created = Some(*seconds),
                ("expires", Bare::Integer(seconds)) => read.expires = Some(*seconds),
                ("nonce", Bare::Text(text)) => read.nonce = Some(text),
                ("alg", Bare::Text(text)) => read.algorithm = Some(text),
                ("keyid", Bare::Text(text)) => read.key_id = Some(text),
                ("tag", Bare::Text(text)) => read.tag = Some(text),
                _ => return Err(Refusal::Malformed { part: format!("signature parameter {name}") }),
            }
        }
        Ok(read)
    }
}

impl Rfc9421Signer {
    /// Our member of a dictionary that may stand in several lines.
    fn member(&self, request: &SignableRequest<'_>, header: &'static str) -> Result<Member, Refusal> {
        let name = HeaderName::from_static(header);
        let lines = request.headers.get_all(&name).iter().map(|value| header_text(value, &name));
        let lines = lines.collect::<Result<Vec<&str>, _>>().map_err(|_| malformed(header))?;
        if lines.iter().map(|line| line.len()).sum::<usize>() > LIMIT {
            return Err(Refusal::TooLong { part: format!("header {header}") });
        }
        let missing = || Refusal::Missing { part: format!("header {header}") };
        if lines.is_empty() {
            return Err(missing());
        }
        let members = dictionary(&lines.join(", ")).ok_or_else(|| malformed(header))?;
        members.into_iter().find(|(label, _)| label == self.label()).map(|(_, member)| member).ok_or_else(missing)
    }

    /// The components that came: each once, known here, without parameters, and all of the document's among them.
    fn components<'i>(&self, items: &'i [(Bare, Params)]) -> Result<Vec<&'i str>, Refusal> {
        let mut components: Vec<&str> = Vec::with_capacity(items.len());
        for (item, params) in items {
            let Bare::Text(name) = item else { return Err(malformed("signature-input")) };
            let part = || format!("component {name}");
            if !params.is_empty() || wrong_component(name).is_some() {
                return Err(Refusal::Malformed { part: part() });
            }
            if components.contains(&name.as_str()) {
                return Err(Refusal::Doubled { part: part() });
            }
            components.push(name);
        }
        match self.parameters.list("components").iter().find(|name| !components.contains(&name.as_ref())) {
            Some(name) => Err(Refusal::Missing { part: format!("component {name}") }),
            None => Ok(components),
        }
    }

    /// What the document's parameters say of those that came.
    fn rules(&self, read: &Read<'_>, now: UnixTime, leeway_millis: i64) -> Result<Checked, Refusal> {
        let missing = |name: &str| Refusal::Missing { part: format!("signature parameter {name}") };
        let mut checked = Checked::default();
        if read.algorithm.is_some_and(|algorithm| algorithm != ALGORITHM) {
            return Err(Refusal::Differs { part: "signature parameter alg".to_owned() });
        }
        if read.algorithm.is_none() && self.parameters.flag("algorithm", true) {
            return Err(missing("alg"));
        }
        self.parameters.read("key-id", read.key_id, "signature parameter keyid", &mut checked)?;
        self.parameters.read("tag", read.tag, "signature parameter tag", &mut checked)?;
        let created = read.created.map(UnixTime::from_secs).ok_or_else(|| missing("created"))?;
        let window = self.parameters.millis("window").unwrap_or(WINDOW) + leeway_millis;
        let mut until = fresh("created", created, now, window)?;
        if read.expires.is_none() && self.parameters.millis("expires").is_some() {
            return Err(missing("expires"));
        }
        if let Some(expires) = read.expires.map(UnixTime::from_secs) {
            let end = expires.as_millis().saturating_add(leeway_millis);
            if end <= now.as_millis() {
                return Err(Refusal::Expired { step: "expires".into() });
            }
            until = until.min(UnixTime::from_millis(end));
        }
        if let Some(nonce) = read.nonce {
            if nonce.is_empty() || nonce.len() > NONCE_LIMIT {
                return Err(Refusal::Malformed { part: "signature parameter nonce".to_owned() });
            }
            checked.values.push(("nonce", nonce.to_owned()));
            checked.single_use.push(("nonce", nonce.to_owned()));
        } else if self.parameters.flag("nonce", false) {
            return Err(missing("nonce"));
        }
        checked.values.push(("created", created.as_secs().to_string()));
        checked.remember_until = Some(until);
        Ok(checked)
    }

    /// At least one digest that is known, and all of those right.
    fn digest_holds(&self, request: &SignableRequest<'_>) -> Result<(), Refusal> {
        let body = self.body(request).map_err(Refusal::Recompute)?;
        let value = self.field(DIGEST, request).map_err(recompute)?;
        if value.len() > LIMIT {
            return Err(Refusal::TooLong { part: format!("header {DIGEST}") });
        }
        let members = dictionary(&value).ok_or_else(|| malformed(DIGEST))?;
        let mut held = false;
        for (name, member) in &members {
            let Some(expected) = digest_of(name, body) else { continue };
            let Member::Item(Bare::Bytes(came), _) = member else { return Err(malformed(DIGEST)) };
            if !bool::from(equal(&expected, came)) {
                return Err(Refusal::Differs { part: "content_digest".to_owned() });
            }
            held = true;
        }
        if held { Ok(()) } else { Err(Refusal::Missing { part: format!("a known digest in {DIGEST}") }) }
    }
}
