//! A reqwest middleware that signs: innermost, so every attempt is signed anew over the bytes that are sent.
//!
//! 1. [`Signing`], put into the request's extensions by whoever built it, says what the operation asks for.
//!    A request without it is an error; nothing leaves unsigned by accident.
//! 2. The first alternative is taken whose schemes all have credentials in [`Signers`].
//! 3. One reading of the clock and one draw of random bytes make the [`Stamp`] of this attempt.
//! 4. Each scheme of the alternative signs; its instructions replace headers of the same name (`Cookie` is joined
//!    with what is there), append query pairs, replace the body.
//! 5. [`Signed`] in the extensions tells the caller what was used once only.
//!
//! Nothing here retries or reads a response. Redirects must be off in the client below, or signed headers
//! travel on to wherever a server points.

use crate::cookie;
use crate::{
    Clock, Prepared, Random, Secret, SignError, SignableBody, SignableRequest, SigningInstructions, Stamp, SystemClock,
    SystemRandom,
};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST};
use http::{Extensions, HeaderName, HeaderValue};
use reqwest::{Body, Request, Response};
use reqwest_middleware::{Error, Middleware, Next};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// How a request is to be signed: what the operation declares, and what its caller gives.
#[derive(Clone, Debug)]
pub struct Signing {
    requirements: &'static [&'static [&'static str]],
    base: Option<Arc<str>>,
    signers: Option<Signers>,
    arguments: Vec<(Cow<'static, str>, Secret)>,
    sessions: Vec<(Cow<'static, str>, Secret)>,
}

impl Signing {
    /// Takes an operation's `security`: alternatives, each a set of schemes that all apply. No alternative at
    /// all means unsigned, and so does an alternative without schemes.
    pub const fn new(requirements: &'static [&'static [&'static str]]) -> Self {
        Signing { requirements, base: None, signers: None, arguments: Vec::new(), sessions: Vec::new() }
    }

    /// The same arguments and sessions for another operation, whose `security` this is.
    #[must_use]
    pub fn for_operation(&self, requirements: &'static [&'static [&'static str]]) -> Self {
        let (arguments, sessions) = (self.arguments.clone(), self.sessions.clone());
        Signing { requirements, base: None, signers: None, arguments, sessions }
    }

    /// Signs for this base URL instead of the middleware's: an operation may have a server of its own.
    ///
    /// It is written as that of [`SigningMiddleware::new`] is.
    #[must_use]
    pub fn base(mut self, base: impl Into<Arc<str>>) -> Self {
        self.base = Some(base.into());
        self
    }

    /// Signs with these schemes instead of the middleware's: an attempt may have credentials of its own.
    #[must_use]
    pub fn signers(mut self, signers: Signers) -> Self {
        self.signers = Some(signers);
        self
    }

    /// Adds an argument that a recipe asks for.
    #[must_use]
    pub fn argument(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Secret>) -> Self {
        self.arguments.push((name.into(), value.into()));
        self
    }

    /// Adds a session token that a recipe asks for.
    #[must_use]
    pub fn session(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Secret>) -> Self {
        let name = name.into();
        // A renewed token takes the place of the old one.
        self.sessions.retain(|(known, _)| *known != name);
        self.sessions.push((name, value.into()));
        self
    }

    /// What tells these arguments and sessions from others, as a [`fingerprint`](crate::fingerprint()).
    pub fn fingerprint(&self) -> String {
        let parts = |values: &[(Cow<'static, str>, Secret)]| {
            let parts = values.iter().flat_map(|(name, value)| [name.as_bytes(), value.expose().as_bytes()]);
            crate::fingerprint(parts)
        };
        crate::fingerprint([parts(&self.arguments).as_bytes(), parts(&self.sessions).as_bytes()])
    }
}

/// What one attempt was signed with; found in the request's extensions after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signed {
    /// The schemes that were applied, in order; none for an unsigned operation.
    pub schemes: Vec<String>,
    /// Values that may be used once only, by step name: what a provider's support asks for.
    pub single_use: Vec<(String, String)>,
    /// Whether any of the schemes holds the time, so that a clock that is off can be why it was rejected.
    pub holds_time: bool,
}

/// Prepared schemes by name, shared and exchangeable: an attempt that is being signed keeps the set that it
/// started with, the next one sees the new set.
#[derive(Clone, Default)]
pub struct Signers(Arc<RwLock<Arc<BTreeMap<String, Prepared>>>>);

impl Signers {
    /// Takes the schemes that have credentials.
    pub fn new(schemes: impl IntoIterator<Item = (String, Prepared)>) -> Self {
        let signers = Signers::default();
        signers.replace(schemes);
        signers
    }

    /// Exchanges all schemes at once, for every clone of this value.
    pub fn replace(&self, schemes: impl IntoIterator<Item = (String, Prepared)>) {
        let schemes = Arc::new(schemes.into_iter().collect());
        // A panic elsewhere can't leave the Arc half-written, so a poisoned lock is as good as any.
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = schemes;
    }

    /// The schemes that a request is going to be signed with; nothing if no alternative has credentials.
    pub fn alternative(&self, signing: &Signing) -> Option<&'static [&'static str]> {
        let signers = signing.signers.as_ref().unwrap_or(self).current();
        signing.requirements.iter().copied().find(|schemes| schemes.iter().all(|name| signers.contains_key(*name)))
    }

    fn current(&self) -> Arc<BTreeMap<String, Prepared>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Signers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.current().keys()).finish()
    }
}

/// The middleware. Put it last, so that every other middleware stands outside.
///
/// Errors travel as [`reqwest_middleware::Error::Middleware`] around a [`SignError`].
#[derive(Clone, Debug)]
pub struct SigningMiddleware {
    base: Arc<str>,
    signers: Signers,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl SigningMiddleware {
    /// Signs requests to this base URL with these schemes, by the system's clock and random source.
    ///
    /// The base URL is written as a parsed URL is, without a trailing slash: `https://api.example/v1`. A
    /// request to any other place is refused.
    pub fn new(base: impl Into<Arc<str>>, signers: Signers) -> Self {
        SigningMiddleware { base: base.into(), signers, clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) }
    }

    /// Takes the time from here.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Takes random bytes from here.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Signs one attempt in place.
    ///
    /// # Errors
    /// No declaration, no credentials, another place than the base URL, or what a recipe can't sign; the
    /// request is not to be sent then.
    pub fn sign(&self, request: &mut Request, extensions: &mut Extensions) -> Result<(), SignError> {
        extensions.remove::<Signed>();
        let signing = extensions.get::<Signing>().ok_or(SignError::Undeclared)?;
        let signers = signing.signers.as_ref().unwrap_or(&self.signers).current();
        let schemes = ordered(chosen(signing.requirements, &signers)?);
        let base = signing.base.as_ref().unwrap_or(&self.base);
        let mut signed = Signed::default();
        // The HTTP library writes the length of what is there in the end.
        let counted = !matches!(request.body(), Some(body) if body.as_bytes().is_none());
        if counted {
            request.headers_mut().remove(CONTENT_LENGTH);
        }
        if !schemes.is_empty() {
            let stamp = self.stamp(signing)?;
            let mut applied = Applied::default();
            for (name, prepared) in schemes {
                // A call without a body gets one here; its media type may be among what is signed.
                if let (None, Some(media_type)) = (request.body(), prepared.body_media_type()) {
                    let media_type = HeaderValue::from_static(media_type);
                    request.headers_mut().entry(CONTENT_TYPE).or_insert(media_type);
                }
                let instructions = prepared.sign(&signable(request, base)?, &stamp)?;
                applied.apply(name, &instructions, request)?;
                applied.signed.push((name, prepared));
                signed.schemes.push(name.to_owned());
                signed.holds_time |= prepared.holds_time();
                signed
                    .single_use
                    .extend(instructions.single_use().map(|(step, value)| (step.to_owned(), value.to_owned())));
            }
        }
        // A body of zero bytes is signed as one, and without its length it arrives as none.
        if request.body().and_then(Body::as_bytes).is_some_and(<[u8]>::is_empty) {
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        extensions.insert(signed);
        Ok(())
    }

    fn stamp(&self, signing: &Signing) -> Result<Stamp, SignError> {
        let mut stamp = Stamp::draw(&*self.clock, &*self.random)?;
        for (name, value) in &signing.arguments {
            stamp = stamp.argument(name.clone(), value.expose());
        }
        for (name, value) in &signing.sessions {
            stamp = stamp.session(name.clone(), value);
        }
        Ok(stamp)
    }
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait::async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait::async_trait(?Send))]
impl Middleware for SigningMiddleware {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        self.sign(&mut request, extensions).map_err(Error::middleware)?;
        next.run(request, extensions).await
    }
}

/// The first alternative whose schemes are all there.
fn chosen<'a>(
    requirements: &'static [&'static [&'static str]],
    signers: &'a BTreeMap<String, Prepared>,
) -> Result<Vec<(&'static str, &'a Prepared)>, SignError> {
    if requirements.is_empty() {
        return Ok(Vec::new());
    }
    requirements
        .iter()
        .find_map(|schemes| schemes.iter().map(|name| Some((*name, signers.get(*name)?))).collect())
        .ok_or_else(|| SignError::NoCredentials {
            schemes: requirements.iter().map(|schemes| schemes.join(" and ")).collect(),
        })
}

/// Schemes that read what others add come after those that read nothing of the request.
fn ordered<'a>(mut schemes: Vec<(&'static str, &'a Prepared)>) -> Vec<(&'static str, &'a Prepared)> {
    schemes.sort_by_key(|(_, prepared)| prepared.reads_query());
    schemes
}

fn signable<'a>(request: &'a Request, base: &'a str) -> Result<SignableRequest<'a>, SignError> {
    let url = request.url().as_str();
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    // The URL is normalized, so origin and base path are equal exactly when the text begins with them; the
    // slash keeps `https://api.example.evil` and `https://api.example@evil` out.
    let target = url.strip_prefix(base).filter(|target| target.starts_with('/')).ok_or(SignError::Elsewhere)?;
    if request.headers().contains_key(HOST) {
        return Err(SignError::Elsewhere);
    }
    let body = match request.body() {
        None => SignableBody::None,
        Some(body) => body.as_bytes().map_or(SignableBody::Stream, SignableBody::Bytes),
    };
    Ok(SignableRequest { method: request.method().as_str(), base, target, headers: request.headers(), body })
}

/// What the schemes of one requirement have set so far; none may undo or change what another has signed.
#[derive(Default)]
struct Applied<'a> {
    first: Option<&'static str>,
    headers: Vec<(HeaderName, &'static str)>,
    signed: Vec<(&'static str, &'a Prepared)>,
}

impl Applied<'_> {
    fn apply(
        &mut self,
        scheme: &'static str,
        instructions: &SigningInstructions,
        request: &mut Request,
    ) -> Result<(), SignError> {
        let conflict = |first: &'static str, part: String| SignError::Conflict {
            first: first.into(),
            second: scheme.into(),
            part: part.into(),
        };
        if let Some(first) = self.first
            && instructions.body().is_some()
        {
            return Err(conflict(first, "body".to_owned()));
        }
        let adds = instructions.query().is_some_and(|query| !query.is_empty());
        if adds && let Some((first, _)) = self.signed.iter().find(|(_, prepared)| prepared.reads_query()) {
            return Err(conflict(first, "query".to_owned()));
        }
        for (name, value) in instructions.headers() {
            let shared = name == COOKIE;
            let other = self.headers.iter().find(|(set, by)| *set == name && *by != scheme);
            if let Some((name, first)) = other.filter(|_| !shared) {
                return Err(conflict(first, name.to_string()));
            }
            if let Some((first, _)) = self.signed.iter().find(|(_, prepared)| prepared.reads_header(&name)) {
                return Err(conflict(first, name.to_string()));
            }
            let value = if shared { cookie::joined(request.headers(), &value) } else { value };
            // Also replaces what the caller set, however often.
            request.headers_mut().insert(name.clone(), value);
            self.headers.push((name, scheme));
        }
        if let Some(pairs) = instructions.query().filter(|pairs| !pairs.is_empty()) {
            let query = match request.url().query() {
                Some(query) if !query.is_empty() => format!("{query}&{pairs}"),
                _ => pairs.to_owned(),
            };
            request.url_mut().set_query(Some(&query));
        }
        if let Some(body) = instructions.body() {
            *request.body_mut() = Some(Body::from(body));
        }
        self.first.get_or_insert(scheme);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{
        Carrier, Encoding, Expression, FormPart, HashAlgorithm, Input, KeyEncoding, Operation, Output, RandomForm,
        Recipe, RequestPart, Rules, Send, Source, Step, Substitutes, Template, TemplatePart, TimeForm,
    };
    use crate::{Credentials, RandomError, UnixTime, check};
    use http::Method;
    use std::sync::atomic::{AtomicU32, Ordering};

    const BASE: &str = "https://api.example/v1";

    fn step(name: &'static str, value: Expression) -> Step {
        Step { name: name.into(), value, settable: Cow::Borrowed(&[]) }
    }

    fn source(name: &'static str, source: Source) -> Step {
        step(name, Expression::Source(source))
    }

    fn carried(name: &'static str, step: &'static str) -> (Cow<'static, str>, Carrier) {
        (name.into(), Carrier::One(Template { parts: vec![TemplatePart::Step(step.into())].into() }))
    }

    fn prepared(name: &'static str, steps: Vec<Step>, send: Send) -> (String, Prepared) {
        let rules = Rules { single_use: vec!["nonce".into()].into(), ..Rules::default() };
        let recipe = Recipe { name: name.into(), steps: steps.into(), output: Output::Send(send), rules };
        let credentials = Credentials::new().key("secret", "canary");
        (name.to_owned(), check(recipe).unwrap().prepare(&credentials).unwrap())
    }

    /// A secret text, and where it goes; a cookie's has no octets that a cookie can't carry.
    fn constant(name: &'static str, send: Send) -> (String, Prepared) {
        let secret = if send.headers.is_empty() { "canary &" } else { "canary" };
        let steps = vec![source("secret_text", Source::Credential { name: "text".into(), secret: true })];
        let recipe =
            Recipe { name: name.into(), steps: steps.into(), output: Output::Send(send), rules: Rules::default() };
        let credentials = Credentials::new().secret("text", secret);
        (name.to_owned(), check(recipe).unwrap().prepare(&credentials).unwrap())
    }

    fn steps(of: Source) -> Vec<Step> {
        vec![
            source("secret", Source::Key { name: "secret".into(), decode: KeyEncoding::Utf8, strip_prefix: None }),
            source("nonce", Source::Random { form: RandomForm::UuidV4, max_length: None }),
            source("created", Source::Time { form: TimeForm::UnixSeconds, plus_seconds: 0 }),
            step(
                "string_to_sign",
                Expression::Operation(Operation::Concat {
                    parts: vec![Input::Step("nonce".into()), Input::Step("created".into()), Input::Source(of)].into(),
                    separator: "|".into(),
                    substitutes: Substitutes::default(),
                }),
            ),
            step(
                "signature",
                Expression::Operation(Operation::Hmac {
                    algorithm: HashAlgorithm::Sha256,
                    key: "secret".into(),
                    of: Input::Step("string_to_sign".into()),
                    encode: Encoding::Hex,
                    substitutes: Substitutes::default(),
                }),
            ),
        ]
    }

    /// Covers the body and sets headers.
    fn headers(name: &'static str, prefix: &'static str) -> (String, Prepared) {
        let header = |suffix: &str, step| (Cow::Owned(format!("{prefix}{suffix}")), carried("", step).1);
        let headers = vec![header("Id", "nonce"), header("Time", "created"), header("Signature", "signature")];
        prepared(name, steps(Source::Request(RequestPart::Body)), Send { headers: headers.into(), ..Send::default() })
    }

    /// Appends to the query.
    fn query() -> (String, Prepared) {
        let query = vec![carried("nonce", "nonce"), carried("time", "created"), carried("signature", "signature")];
        prepared("query", steps(Source::Request(RequestPart::Query)), Send { query: query.into(), ..Send::default() })
    }

    /// Makes the body.
    fn body() -> (String, Prepared) {
        let mut steps = steps(Source::Literal("x".into()));
        steps.push(step(
            "form_body",
            Expression::Operation(Operation::Form {
                parts: vec![
                    FormPart::Pair("nonce".into(), Input::Step("nonce".into())),
                    FormPart::Pair("time".into(), Input::Step("created".into())),
                    FormPart::Pair("signature".into(), Input::Step("signature".into())),
                    FormPart::Text(Input::Source(Source::Request(RequestPart::Body))),
                ]
                .into(),
                substitutes: Substitutes::default(),
            }),
        ));
        prepared("body", steps, Send { body: Some("form_body".into()), ..Send::default() })
    }

    /// Counts its readings and draws.
    #[derive(Debug, Default)]
    struct Counted(AtomicU32);

    impl Clock for Counted {
        fn now(&self) -> UnixTime {
            UnixTime::from_secs(1_700_000_000 + i64::from(self.0.fetch_add(1, Ordering::Relaxed)))
        }
    }

    impl Random for Counted {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
            buffer.fill(self.0.fetch_add(1, Ordering::Relaxed) as u8);
            Ok(())
        }
    }

    fn middleware(signers: impl IntoIterator<Item = (String, Prepared)>) -> SigningMiddleware {
        SigningMiddleware::new(BASE, Signers::new(signers))
    }

    fn request(url: &str) -> Request {
        Request::new(Method::POST, url.parse().unwrap())
    }

    fn sign(
        middleware: &SigningMiddleware,
        requirements: &'static [&'static [&'static str]],
        request: &mut Request,
    ) -> Result<Signed, SignError> {
        let mut extensions = Extensions::new();
        extensions.insert(Signing::new(requirements));
        middleware.sign(request, &mut extensions)?;
        Ok(extensions.remove::<Signed>().unwrap())
    }

    #[test]
    fn what_says_nothing_is_not_sent() {
        let mut request = request("https://api.example/v1/x");
        let error = middleware([headers("a", "X-")]).sign(&mut request, &mut Extensions::new());
        assert_eq!(error, Err(SignError::Undeclared));
    }

    #[test]
    fn headers_are_replaced_and_marked() {
        let middleware = middleware([headers("a", "X-")]);
        let mut request = request("https://api.example/v1/x");
        request.headers_mut().append("x-signature", HeaderValue::from_static("forged"));
        request.headers_mut().append("x-signature", HeaderValue::from_static("twice"));
        let first = sign(&middleware, &[&["a"]], &mut request).unwrap();
        let second = sign(&middleware, &[&["a"]], &mut request).unwrap();
        assert_ne!(first.single_use, second.single_use);
        for name in ["x-id", "x-time", "x-signature"] {
            assert_eq!(request.headers().get_all(name).iter().count(), 1, "{name}");
        }
        assert_eq!(second.single_use, [("nonce".to_owned(), request.headers()["x-id"].to_str().unwrap().to_owned())]);
        assert!(request.headers()["x-signature"].is_sensitive());
        assert!(!format!("{middleware:?}").contains("canary"));
    }

    #[test]
    fn pairs_follow_the_callers() {
        for (url, begin) in
            [("https://api.example/v1/x?b=2&a=%20", "b=2&a=%20&nonce="), ("https://api.example/v1/x", "nonce=")]
        {
            let mut request = request(url);
            sign(&middleware([query()]), &[&["query"]], &mut request).unwrap();
            let query = request.url().query().unwrap();
            assert!(query.starts_with(begin) && query.contains("&signature="), "{query}");
        }
    }

    #[test]
    fn a_made_body_replaces_the_callers() {
        let mut request = request("https://api.example/v1/x");
        *request.body_mut() = Some(Body::from("a=1"));
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("3"));
        sign(&middleware([body()]), &[&["body"]], &mut request).unwrap();
        let body = std::str::from_utf8(request.body().unwrap().as_bytes().unwrap()).unwrap();
        assert!(body.starts_with("nonce=") && body.ends_with("&a=1"), "{body}");
        assert!(!request.headers().contains_key(CONTENT_LENGTH));
    }

    #[test]
    fn a_body_of_no_bytes_arrives_as_one() {
        let lengths = |body: Option<Body>, requirements| {
            let mut request = request("https://api.example/v1/x");
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("7"));
            *request.body_mut() = body;
            sign(&middleware([headers("a", "X-")]), requirements, &mut request).unwrap();
            request.headers().get(CONTENT_LENGTH).map(|length| length.to_str().unwrap().to_owned())
        };
        const SIGNED: &[&[&str]] = &[&["a"]];
        for requirements in [SIGNED, &[]] {
            assert_eq!(lengths(None, requirements), None);
            assert_eq!(lengths(Some(Body::from("")), requirements).as_deref(), Some("0"));
            assert_eq!(lengths(Some(Body::from("x")), requirements), None);
        }
    }

    #[test]
    fn a_header_that_one_scheme_has_signed_is_not_set_by_another() {
        let reads = |name: &'static str| {
            prepared(
                "reads",
                steps(Source::Request(RequestPart::Header { name: name.into() })),
                Send {
                    headers: vec![
                        carried("Y-Id", "nonce"),
                        carried("Y-Time", "created"),
                        carried("Y-Signature", "signature"),
                    ]
                    .into(),
                    ..Send::default()
                },
            )
        };
        let middleware = middleware([headers("a", "X-"), reads("x-TIME")]);
        let signed = |requirements| {
            let mut request = request("https://api.example/v1/x");
            request.headers_mut().insert("x-time", HeaderValue::from_static("1"));
            sign(&middleware, requirements, &mut request).map(|signed| signed.schemes)
        };
        let conflict = SignError::Conflict { first: "reads".into(), second: "a".into(), part: "x-time".into() };
        assert_eq!(signed(&[&["reads", "a"]]), Err(conflict));
        assert_eq!(signed(&[&["a", "reads"]]).unwrap(), ["a", "reads"]);
    }

    #[test]
    fn only_the_base_url_is_signed_for() {
        let middleware = middleware([headers("a", "X-")]);
        for url in [
            "https://api.example/v1",
            "https://api.example/v10/x",
            "https://api.example/v2/x",
            "https://api.example.evil/v1/x",
            "https://api.example@evil.example/v1/x",
            "https://user@api.example/v1/x",
            "https://api.example:8443/v1/x",
            "http://api.example/v1/x",
            "https://api.example/v1/../x",
        ] {
            let mut request = request(url);
            assert_eq!(sign(&middleware, &[&["a"]], &mut request), Err(SignError::Elsewhere), "{url}");
            assert!(request.headers().is_empty(), "{url}");
        }
        let mut request = request("https://api.example/v1/x#fragment");
        request.headers_mut().insert(HOST, HeaderValue::from_static("evil.example"));
        assert_eq!(sign(&middleware, &[&["a"]], &mut request), Err(SignError::Elsewhere));
        request.headers_mut().remove(HOST);
        assert!(sign(&middleware, &[&["a"]], &mut request).is_ok());
    }

    #[test]
    fn an_operation_may_have_a_base_url_of_its_own() {
        let middleware = middleware([headers("a", "X-")]);
        let signed = |url: &str| {
            let mut extensions = Extensions::new();
            extensions.insert(Signing::new(&[&["a"]]).base("https://files.example"));
            middleware.sign(&mut request(url), &mut extensions)
        };
        assert_eq!(signed("https://files.example/x"), Ok(()));
        assert_eq!(signed("https://api.example/v1/x"), Err(SignError::Elsewhere));
    }

    #[test]
    fn the_first_alternative_that_is_there_applies() {
        let middleware = middleware([headers("a", "X-"), headers("b", "Y-")]);
        let schemes = |requirements| {
            sign(&middleware, requirements, &mut request("https://api.example/v1/x")).map(|signed| signed.schemes)
        };
        assert_eq!(schemes(&[]).unwrap(), [""; 0]);
        assert_eq!(schemes(&[&[]]).unwrap(), [""; 0]);
        assert_eq!(schemes(&[&["c"], &["b"], &["a"]]).unwrap(), ["b"]);
        assert_eq!(schemes(&[&["a", "c"], &["a", "b"]]).unwrap(), ["a", "b"]);
        let none = SignError::NoCredentials { schemes: vec!["c".to_owned(), "a and c".to_owned()] };
        assert_eq!(schemes(&[&["c"], &["a", "c"]]), Err(none));
    }

    #[test]
    fn schemes_do_not_undo_each_other() {
        let pair = |name: &'static str| {
            let send = Send { query: vec![carried(name, "secret_text")].into(), ..Send::default() };
            constant(name, send)
        };
        let again = ("again".to_owned(), query().1);
        let all = [headers("a", "X-"), headers("b", "x-"), query(), again, body(), pair("k1"), pair("k2")];
        let middleware = middleware(all);
        let conflict = |requirements| match sign(&middleware, requirements, &mut request("https://api.example/v1/x")) {
            Err(SignError::Conflict { first, second, part }) => format!("{first} {second} {part}"),
            other => panic!("{other:?}"),
        };
        assert_eq!(conflict(&[&["a", "b"]]), "a b x-id");
        let twice = sign(&middleware, &[&["query", "again"]], &mut request("https://api.example/v1/x"));
        assert!(matches!(twice, Err(SignError::DoubledPair { .. })), "{twice:?}");
        assert_eq!(conflict(&[&["a", "body"]]), "a body body");
        const ALLOWED: [&[&[&str]]; 4] =
            [&[&["body", "a"]], &[&["a", "query"]], &[&["k1", "query"]], &[&["query", "k1"]]];
        for allowed in ALLOWED {
            assert!(sign(&middleware, allowed, &mut request("https://api.example/v1/x")).is_ok(), "{allowed:?}");
        }
        let mut request = request("https://api.example/v1/x?a=1");
        sign(&middleware, &[&["k1", "k2"]], &mut request).unwrap();
        assert_eq!(request.url().query(), Some("a=1&k1=canary%20%26&k2=canary%20%26"));
    }

    #[test]
    fn cookies_are_joined() {
        let cookie = |name: &'static str| {
            let start = TemplatePart::Text(format!("{name}=").into());
            let parts = vec![start, TemplatePart::Step("secret_text".into())];
            let carrier = Carrier::One(Template { parts: parts.into() });
            constant(name, Send { headers: vec![("Cookie".into(), carrier)].into(), ..Send::default() })
        };
        let middleware = middleware([cookie("sid"), cookie("csrf")]);
        let mut request = request("https://api.example/v1/x");
        request.headers_mut().append(COOKIE, HeaderValue::from_static("theme=dark; sid=forged"));
        request.headers_mut().append(COOKIE, HeaderValue::from_static("sid=twice"));
        for _ in 0..2 {
            sign(&middleware, &[&["sid", "csrf"]], &mut request).unwrap();
            let lines: Vec<&HeaderValue> = request.headers().get_all(COOKIE).iter().collect();
            assert_eq!(lines, ["theme=dark; sid=canary; csrf=canary"]);
            assert!(lines[0].is_sensitive());
        }
        let signers = middleware.signers.current();
        let signable = signable(&request, BASE).unwrap();
        for name in ["sid", "csrf"] {
            assert!(signers[name].verify(&signable, UnixTime::from_secs(0)).is_ok(), "{name}");
        }
        let mut other = Request::new(Method::GET, "https://api.example/v1/x".parse().unwrap());
        for wrong in ["sid=canary; sid=canary", "xsid=canary", "sid=canar", "", "a=sid=canary"] {
            other.headers_mut().insert(COOKIE, HeaderValue::from_static(wrong));
            let signable = super::signable(&other, BASE).unwrap();
            assert!(signers["sid"].verify(&signable, UnixTime::from_secs(0)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_reading_and_one_draw_for_each_attempt() {
        let (clock, random) = (Arc::new(Counted::default()), Arc::new(Counted::default()));
        let middleware =
            middleware([headers("a", "X-"), headers("b", "Y-")]).clock(clock.clone()).random(random.clone());
        for attempt in 1..=3 {
            sign(&middleware, &[&["a", "b"]], &mut request("https://api.example/v1/x")).unwrap();
            assert_eq!((clock.0.load(Ordering::Relaxed), random.0.load(Ordering::Relaxed)), (attempt, attempt));
        }
    }

    #[test]
    fn signers_are_exchanged_while_calls_run() {
        let signers = Signers::new([headers("a", "X-")]);
        let middleware = SigningMiddleware::new(BASE, signers.clone());
        signers.replace([headers("b", "X-")]);
        let signed = sign(&middleware, &[&["a"], &["b"]], &mut request("https://api.example/v1/x")).unwrap();
        assert_eq!(signed.schemes, ["b"]);
    }
}
