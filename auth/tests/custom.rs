//! Hand-written schemes beyond their vectors: every covered byte, what credentials, sessions and options do, and what
//! the middleware makes of them.
#![cfg(feature = "document")]

use countersign_auth::document::{self, DocumentError, Value};
use countersign_auth::{
    CheckedRecipe, Credentials, OptionError, PrepareError, Prepared, Refusal, Secret, SignError, SignableBody,
    SignableRequest, SigningOptions, Stamp, UnixTime, check,
};
use http::{HeaderMap, HeaderName, HeaderValue};

const NOW: UnixTime = UnixTime::from_secs(1_440_938_160);
const BASE: &str = "https://api.example:8443/v1";
const BODY: &[u8] = br#"{"name":"Zo\u00eb"}"#;

const MESSAGES: &str = r#"{"custom": "rfc9421-hmac-sha256", "with": {
    "key": {"credential": "secret"}, "key-id": {"credential": "id"}, "nonce": true, "expires": "1m", "tag": "acme",
    "components": ["@method", "@target-uri", "@authority", "@scheme", "@path", "@query", "@request-target",
                   "content-type", "x-order", "content-digest"]}, "settable": ["tag", "expires"]}"#;
#[cfg(feature = "aws-sigv4")]
const AWS: &str = r#"{"custom": "aws-sigv4", "with": {
    "access-key-id": {"credential": "id"}, "secret-access-key": {"credential": "secret"},
    "session-token": {"session": "token"}, "region": "eu-west-1", "service": "acme", "content-sha256": true,
    "signed-headers": ["X-Order"]}, "settable": ["region", "signed-headers", "content-sha256"]}"#;

fn checked(recipe: &str) -> CheckedRecipe {
    let recipe = Value::from_json(recipe).unwrap();
    check(document::recipe("acme", &recipe, "").unwrap_or_else(|errors| panic!("{errors:?}"))).unwrap()
}

fn errors(recipe: &str) -> Vec<DocumentError> {
    document::recipe("acme", &Value::from_json(recipe).unwrap(), "").unwrap_err()
}

fn credentials() -> Credentials {
    Credentials::new().text("id", "AKIDEXAMPLE").key("secret", "canary-secret")
}

fn prepared(recipe: &str) -> Prepared {
    checked(recipe).prepare(&credentials()).unwrap()
}

fn stamp() -> Stamp {
    let values = [("created", "20150830T123600Z"), ("nonce", "n-1")];
    let seconds = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Stamp::given(seconds.into()).session("token", &Secret::new("canary-token"))
}

fn message_stamp() -> Stamp {
    let values = [("created", "1440938160"), ("nonce", "n-1")];
    Stamp::given(values.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
}

/// A request as somebody who owns its parts has it.
#[derive(Clone)]
struct Sent {
    method: String,
    base: String,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Sent {
    fn new() -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("x-order", HeaderValue::from_static("7, 8"));
        headers.insert("x-free", HeaderValue::from_static("free"));
        Sent {
            method: "POST".to_owned(),
            base: BASE.to_owned(),
            target: "/orders/a%20b/%C3%A9?b=2&a=1".to_owned(),
            headers,
            body: BODY.to_vec(),
        }
    }

    fn view(&self) -> SignableRequest<'_> {
        let body = SignableBody::Bytes(&self.body);
        SignableRequest { method: &self.method, base: &self.base, target: &self.target, headers: &self.headers, body }
    }

    fn signed(prepared: &Prepared, stamp: &Stamp) -> Self {
        let mut sent = Sent::new();
        let added: Vec<_> = prepared.sign(&sent.view(), stamp).unwrap().headers().collect();
        sent.headers.extend(added);
        sent
    }
}

/// Another byte of the same kind.
const fn other(byte: u8) -> u8 {
    match byte {
        b'0' | b'A' | b'a' => byte + 1,
        b'1'..=b'9' => b'0',
        b'B'..=b'Z' => b'A',
        b'b'..=b'z' => b'a',
        other => other ^ 1,
    }
}

/// The text with each byte changed, one at a time.
fn changes(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).map(|at| {
        let mut changed = bytes.to_vec();
        changed[at] = other(changed[at]);
        changed
    })
}

fn texts(text: &str) -> impl Iterator<Item = String> {
    changes(text.as_bytes()).filter_map(|bytes| String::from_utf8(bytes).ok())
}

/// Every request that differs in one covered byte.
fn tampered(sent: &Sent) -> Vec<(String, Sent)> {
    let mut all = Vec::new();
    all.extend(texts(&sent.method).map(|method| (format!("method {method}"), Sent { method, ..sent.clone() })));
    all.extend(texts(&sent.target).map(|target| (format!("target {target}"), Sent { target, ..sent.clone() })));
    // The scheme of the base URL, its host and port, and its own path.
    let bases = texts(&sent.base).filter(|base| base.starts_with("http"));
    all.extend(bases.map(|base| (format!("base {base}"), Sent { base, ..sent.clone() })));
    all.extend(changes(&sent.body).map(|body| ("body".to_owned(), Sent { body, ..sent.clone() })));
    for (name, value) in sent.headers.iter().filter(|(name, _)| *name != "x-free") {
        for changed in changes(value.as_bytes()) {
            let Ok(value) = HeaderValue::from_bytes(&changed) else { continue };
            let mut request = sent.clone();
            request.headers.insert(name, value.clone());
            all.push((format!("{name}: {value:?}"), request));
        }
        let mut without = sent.clone();
        without.headers.remove(name);
        all.push((format!("without {name}"), without));
        let mut twice = sent.clone();
        twice.headers.append(name, value.clone());
        all.push((format!("twice {name}"), twice));
    }
    all
}

fn every_covered_byte_counts(prepared: &Prepared, sent: &Sent, at_least: usize) {
    assert!(prepared.verify(&sent.view(), NOW).is_ok());
    let mut free = sent.clone();
    free.headers.insert("x-free", HeaderValue::from_static("other"));
    assert!(prepared.verify(&free.view(), NOW).is_ok());
    let all = tampered(sent);
    assert!(all.len() >= at_least, "{}", all.len());
    for (what, request) in all {
        assert!(prepared.verify(&request.view(), NOW).is_err(), "{what}");
    }
}

#[test]
fn every_byte_of_a_signed_message_counts() {
    let prepared = prepared(MESSAGES);
    every_covered_byte_counts(&prepared, &Sent::signed(&prepared, &message_stamp()), 400);
}

#[cfg(feature = "aws-sigv4")]
#[test]
fn every_byte_that_aws_covers_counts() {
    let prepared = prepared(AWS);
    every_covered_byte_counts(&prepared, &Sent::signed(&prepared, &stamp()), 400);
}

#[test]
fn what_came_is_told() {
    let prepared = prepared(MESSAGES);
    let sent = Sent::signed(&prepared, &message_stamp());
    let verified = prepared.verify(&sent.view(), NOW).unwrap();
    assert_eq!(verified.value("created"), Some("1440938160"));
    assert_eq!(verified.value("key-id"), Some("AKIDEXAMPLE"));
    assert_eq!(verified.single_use().collect::<Vec<_>>(), [("nonce", "n-1")]);
    // It expires before it is too old.
    assert_eq!(verified.remember_until(), Some(NOW.plus_seconds(60)));
    let late = prepared.clone().with_leeway(30).unwrap();
    assert!(late.verify(&sent.view(), NOW.plus_seconds(89)).is_ok());
    let cause = late.verify(&sent.view(), NOW.plus_seconds(90)).unwrap_err();
    assert_eq!(cause.cause(), &Refusal::Expired { step: "expires".into() });
}

#[cfg(feature = "aws-sigv4")]
#[test]
fn session_tokens_are_sent_and_read_back() {
    let prepared = prepared(AWS);
    let sent = Sent::signed(&prepared, &stamp());
    assert!(sent.headers["x-amz-security-token"].is_sensitive() && sent.headers["authorization"].is_sensitive());
    let verified = prepared.verify(&sent.view(), NOW).unwrap();
    assert_eq!(verified.session("token").map(Secret::expose), Some("canary-token"));
    assert_eq!(verified.value("region"), Some("eu-west-1"));
    assert_eq!(verified.remember_until(), Some(NOW.plus_seconds(300)));
    let missing = SignError::MissingSession { scheme: "acme".into(), name: "token".into() };
    let without = Stamp::given([("created".to_owned(), "20150830T123600Z".to_owned())].into());
    assert_eq!(prepared.sign(&Sent::new().view(), &without).unwrap_err(), missing);
    assert_eq!(checked(AWS).sessions(), ["token"]);
}

#[cfg(feature = "aws-sigv4")]
#[test]
fn what_an_optional_parameter_reads_need_not_be_there() {
    let recipe = AWS.replace(r#"{"session": "token"}"#, r#"{"credential": "token"}"#);
    let fields = checked(&recipe).credentials();
    let optional: Vec<_> = fields.iter().map(|field| (field.name.as_ref(), field.optional)).collect();
    assert_eq!(optional, [("id", false), ("secret", false), ("token", true)]);
    let names = |credentials: Credentials| {
        let prepared = checked(&recipe).prepare(&credentials).unwrap();
        let sent = Sent::signed(&prepared, &stamp());
        assert!(prepared.verify(&sent.view(), NOW).is_ok());
        sent.headers.contains_key("x-amz-security-token")
    };
    assert!(!names(credentials()));
    assert!(names(credentials().secret("token", "t")));
    let missing = PrepareError::Missing { scheme: "acme".into(), name: "secret".into() };
    assert_eq!(checked(&recipe).prepare(&Credentials::new().text("id", "x")).unwrap_err(), missing);
    let empty = PrepareError::Empty { scheme: "acme".into(), name: "token".into() };
    assert_eq!(checked(&recipe).prepare(&credentials().secret("token", "")).unwrap_err(), empty);
}

#[cfg(feature = "aws-sigv4")]
#[test]
fn what_cannot_stand_in_a_scope_is_refused() {
    for id in ["", "a/b", "a b", "a,b", "é"] {
        let credentials = Credentials::new().text("id", id).key("secret", "x");
        let refused = matches!(checked(AWS).prepare(&credentials), Err(PrepareError::Header { .. }));
        assert!(refused, "{id}");
    }
    let binary = AWS.replace(r#"{"credential": "secret"}"#, r#"{"key": "secret", "decode": "hex"}"#);
    let credentials = Credentials::new().text("id", "x").key("secret", "ff");
    assert!(matches!(checked(&binary).prepare(&credentials), Err(PrepareError::Encoding { .. })));
}

/// Writes down every event that it hears.
#[cfg(feature = "aws-sigv4")]
#[derive(Clone, Default)]
struct Events(std::sync::Arc<std::sync::Mutex<String>>);

#[cfg(feature = "aws-sigv4")]
impl tracing::Subscriber for Events {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Fields<'t>(&'t mut String);
        impl tracing::field::Visit for Fields<'_> {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0.push_str(&format!("{field}={value:?}\n"));
            }
        }
        event.record(&mut Fields(&mut self.0.lock().unwrap()));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[cfg(feature = "aws-sigv4")]
#[test]
fn nothing_that_aws_signs_is_traced() {
    let events = Events::default();
    tracing::subscriber::with_default(events.clone(), || {
        Sent::signed(&prepared(AWS), &stamp());
        tracing::trace!("and this is heard");
    });
    let text = events.0.lock().unwrap().clone();
    assert_eq!(text, "message=and this is heard\n");
}

#[cfg(not(feature = "aws-sigv4"))]
#[test]
fn without_its_feature_a_scheme_is_read_and_signs_nothing() {
    let recipe = r#"{"custom": "aws-sigv4", "with": {"access-key-id": {"credential": "id"},
        "secret-access-key": {"credential": "secret"}, "region": "eu-west-1", "service": "acme"}}"#;
    let error = checked(recipe).prepare(&credentials()).unwrap_err();
    assert!(matches!(error, PrepareError::Feature { feature: "aws-sigv4", .. }), "{error}");
}

#[test]
fn only_what_a_document_leaves_open_is_set() {
    let tag = |options: &SigningOptions| {
        let prepared = checked(MESSAGES).with_options(options)?.prepare(&credentials()).unwrap();
        let sent = Sent::signed(&prepared, &message_stamp());
        Ok::<_, OptionError>(sent.headers["signature-input"].to_str().unwrap().to_owned())
    };
    let input = tag(&SigningOptions::new().parameter("tag", "other").parameter("expires", "10s")).unwrap();
    assert!(input.contains(";expires=1440938170;") && input.ends_with(";tag=\"other\""), "{input}");
    for name in ["label", "components", "key", "nothing"] {
        let error = tag(&SigningOptions::new().parameter(name, "x")).unwrap_err();
        assert_eq!(error, OptionError::Parameter { scheme: "acme".into(), parameter: name.to_owned() });
    }
    let kind = tag(&SigningOptions::new().parameter_flag("tag", true)).unwrap_err();
    assert!(matches!(&kind, OptionError::Check { errors, .. } if errors[0].part == "with/tag"), "{kind}");
    let recipe = Value::from_json(r#"{"values": {"a": {"credential": "a"}}, "send": {"header": {"A": "{a}"}}}"#);
    let recipe = check(document::recipe("plain", &recipe.unwrap(), "").unwrap()).unwrap();
    assert!(recipe.with_options(&SigningOptions::new().parameter("a", "x")).is_err());
}

/// Bytes that are no text all decode to the replacement character, which somebody may have signed.
#[cfg(feature = "aws-sigv4")]
#[test]
fn queries_that_are_no_text_are_not_taken_for_others() {
    let prepared = prepared(AWS);
    let mut sent = Sent { target: "/orders?a=%EF%BF%BD".to_owned(), ..Sent::new() };
    let added: Vec<_> = prepared.sign(&sent.view(), &stamp()).unwrap().headers().collect();
    sent.headers.extend(added);
    assert!(prepared.verify(&sent.view(), NOW).is_ok());
    for other in ["/orders?a=%FF", "/orders?a=%C3", "/orders?a=%EF%BF%BE"] {
        sent.target = other.to_owned();
        assert!(prepared.verify(&sent.view(), NOW).is_err(), "{other}");
    }
    sent.target = "/orders?a=%FF".to_owned();
    assert!(matches!(prepared.sign(&sent.view(), &stamp()), Err(SignError::Unsignable { .. })));
}

#[cfg(feature = "aws-sigv4")]
#[test]
fn lists_and_flags_are_set_too() {
    let options = SigningOptions::new()
        .parameter("region", "us-east-1")
        .parameter_list("signed-headers", ["X-Free"])
        .parameter_flag("content-sha256", false);
    let prepared = checked(AWS).with_options(&options).unwrap().prepare(&credentials()).unwrap();
    let sent = Sent::signed(&prepared, &stamp());
    let authorization = sent.headers["authorization"].to_str().unwrap();
    let names = "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-free,";
    assert!(authorization.contains("/us-east-1/") && authorization.contains(names), "{authorization}");
}

#[test]
fn a_stream_is_sent_only_where_the_body_is_not_covered() {
    let sign = |recipe: &str, stamp: &Stamp| {
        let sent = Sent::new();
        let prepared = prepared(recipe);
        let signed = prepared.sign(&SignableRequest { body: SignableBody::Stream, ..sent.view() }, stamp);
        (prepared.covers_body(), signed.map(|signed| signed.headers().count()))
    };
    let refused = || Err(SignError::StreamingBody { scheme: "acme".into() });
    assert_eq!(sign(MESSAGES, &message_stamp()), (true, refused()));
    let without = MESSAGES.replace(r#", "content-digest""#, "");
    assert_eq!(sign(&without, &message_stamp()), (false, Ok(2)));
    #[cfg(feature = "aws-sigv4")]
    {
        assert_eq!(sign(AWS, &stamp()), (true, refused()));
        let unsigned = AWS.replace(r#""service""#, r#""unsigned-payload": true, "service""#);
        assert_eq!(sign(&unsigned, &stamp()), (false, Ok(4)));
    }
}

#[test]
fn a_header_that_is_covered_must_be_there() {
    let mut sent = Sent::new();
    sent.headers.remove("x-order");
    let error = prepared(MESSAGES).sign(&sent.view(), &message_stamp()).unwrap_err();
    assert_eq!(error, SignError::MissingHeader { scheme: "acme".into(), name: "x-order".into() });
    sent.headers.insert("x-order", HeaderValue::from_static("1"));
    let no_base = Sent { base: "api.example".to_owned(), ..sent };
    let error = prepared(MESSAGES).sign(&no_base.view(), &message_stamp()).unwrap_err();
    assert_eq!(error, SignError::Base { scheme: "acme".into() });
}

#[test]
fn nothing_secret_is_printed() {
    let mut shown = Vec::new();
    let mut show = |recipe: &str, stamp: &Stamp| {
        let prepared = prepared(recipe);
        let sent = Sent::signed(&prepared, stamp);
        let signed = prepared.sign(&Sent::new().view(), stamp).unwrap();
        let verified = prepared.verify(&sent.view(), NOW).unwrap();
        shown.push(format!("{prepared:?} {signed:?} {verified:?} {:?} {:?}", sent.headers, checked(recipe)));
        shown.extend(signed.steps().map(|step| format!("{step:?}")));
    };
    show(MESSAGES, &message_stamp());
    #[cfg(feature = "aws-sigv4")]
    show(AWS, &stamp());
    let shown = shown.join("\n");
    assert!(shown.contains("acme") && !shown.contains("canary"), "{shown}");
    let prepared = prepared(MESSAGES);
    let sent = Sent::signed(&prepared, &message_stamp());
    let signature = sent.headers["signature"].to_str().unwrap().to_owned();
    assert!(!format!("{:?}", sent.headers).contains(&signature));
}

#[test]
fn parameters_are_checked_all_at_once() {
    let errors = errors(
        r#"{"custom": "rfc9421-hmac-sha256", "rules": {}, "with": {
            "key": {"argument": "k"}, "key-id": {"time": "unix-s"}, "keyid": "x", "nonce": 1, "label": ""}}"#,
    );
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/rules", "/with/nonce"]);
    let errors = self::errors(
        r#"{"custom": "rfc9421-hmac-sha256", "with": {
            "key": {"argument": "k"}, "key-id": {"time": "unix-s"}, "keyid": "x", "nonce": "yes", "label": ""}}"#,
    );
    let found: Vec<(&str, &str)> =
        errors.iter().map(|error| (error.pointer.as_str(), error.help.as_deref().unwrap_or_default())).collect();
    let pointers: Vec<&str> = found.iter().map(|(pointer, _)| *pointer).collect();
    assert_eq!(pointers, ["/with/key", "/with/key-id", "/with/keyid", "/with/nonce", "/with/label", "/with"]);
    assert_eq!(found[2].1, "did you mean `key-id`?");
    let unknown = self::errors(r#"{"custom": "rfc9421-hmac-sha512", "with": {}}"#);
    assert_eq!(unknown[0].help.as_deref(), Some("did you mean `rfc9421-hmac-sha256`?"));
}

#[test]
fn lines_of_a_header_are_one_value() {
    let recipe = MESSAGES.replace(r#""content-type", "#, "");
    let prepared = prepared(&recipe);
    let mut sent = Sent::new();
    sent.headers.append("x-order", HeaderValue::from_static(" 9 "));
    let signed = prepared.sign(&sent.view(), &message_stamp()).unwrap();
    let base = signed.steps().find(|step| step.name == "signature_base").unwrap();
    assert!(String::from_utf8(base.bytes.to_vec()).unwrap().contains("\n\"x-order\": 7, 8, 9\n"));
    let bytes = HeaderValue::from_bytes(b"\xff").unwrap();
    sent.headers.insert("x-order", bytes);
    let error = prepared.sign(&sent.view(), &message_stamp()).unwrap_err();
    assert_eq!(error, SignError::NotUtf8 { step: "header x-order".into() });
}

#[cfg(feature = "reqwest")]
mod middleware {
    use super::*;
    use countersign_auth::hook::{Signed, Signers, Signing, SigningMiddleware};
    use http::{Extensions, Method};
    use reqwest::{Body, Request};

    fn request() -> Request {
        let mut request = Request::new(Method::POST, format!("{BASE}/orders?a=1").parse().unwrap());
        *request.body_mut() = Some(Body::from(BODY));
        for (name, value) in Sent::new().headers {
            request.headers_mut().insert(name.unwrap(), value);
        }
        request
    }

    fn middleware(recipes: &[(&str, &str)]) -> SigningMiddleware {
        let signers = recipes.iter().map(|(name, recipe)| ((*name).to_owned(), prepared(recipe)));
        SigningMiddleware::new(BASE, Signers::new(signers))
    }

    fn signed(
        middleware: &SigningMiddleware,
        requirements: &'static [&'static [&'static str]],
        request: &mut Request,
    ) -> Result<Signed, SignError> {
        let mut extensions = Extensions::new();
        extensions.insert(Signing::new(requirements).session("token", "canary-token"));
        middleware.sign(request, &mut extensions)?;
        Ok(extensions.remove::<Signed>().unwrap())
    }

    #[test]
    fn each_attempt_has_its_own_signature() {
        let middleware = middleware(&[("messages", MESSAGES)]);
        let mut request = request();
        let mut nonces = Vec::new();
        let mut signatures = Vec::new();
        for _ in 0..2 {
            let signed = signed(&middleware, &[&["messages"]], &mut request).unwrap();
            nonces.push(signed.single_use);
            signatures.push(request.headers()["signature"].clone());
            for name in ["content-digest", "signature-input", "signature"] {
                assert_eq!(request.headers().get_all(name).iter().count(), 1, "{name}");
            }
        }
        assert_ne!(nonces[0], nonces[1]);
        assert_ne!(signatures[0], signatures[1]);
    }

    /// Pairs that another scheme adds are there before the query is covered; a header that was covered stays.
    #[test]
    fn schemes_beside_it_keep_what_it_covers() {
        let key = r#"{"values": {"k": {"credential": "id"}}, "send": {"query": {"k": "{k}"}}}"#;
        let header = r#"{"values": {"k": {"credential": "id"}}, "send": {"header": {"X-Order": "{k}"}}}"#;
        let plain = r#"{"custom": "rfc9421-hmac-sha256", "with": {
            "key": {"credential": "secret"}, "components": ["@method", "x-order"]}}"#;
        let middleware = middleware(&[("messages", MESSAGES), ("key", key), ("header", header), ("plain", plain)]);
        let mut both = request();
        let signed_by = signed(&middleware, &[&["messages", "key"]], &mut both).unwrap();
        assert_eq!(signed_by.schemes, ["key", "messages"]);
        assert_eq!(both.url().query(), Some("a=1&k=AKIDEXAMPLE"));
        let conflict = signed(&middleware, &[&["plain", "header"]], &mut request()).unwrap_err();
        let (first, second, part) = ("plain".into(), "header".into(), "x-order".into());
        assert_eq!(conflict, SignError::Conflict { first, second, part });
        let view = SignableRequest {
            method: "POST",
            base: BASE,
            target: both.url().as_str().strip_prefix(BASE).unwrap(),
            headers: both.headers(),
            body: SignableBody::Bytes(BODY),
        };
        let created = view.headers["signature-input"].to_str().unwrap().to_owned();
        let created = created.split_once(";created=").unwrap().1.split(';').next().unwrap().parse().unwrap();
        assert!(prepared(MESSAGES).verify(&view, UnixTime::from_secs(created)).is_ok());
    }

    #[cfg(feature = "aws-sigv4")]
    #[test]
    fn the_host_that_is_signed_is_the_one_that_is_sent() {
        let middleware = middleware(&[("aws", AWS)]);
        let mut request = request();
        request.headers_mut().insert(HeaderName::from_static("x-amz-date"), HeaderValue::from_static("forged"));
        signed(&middleware, &[&["aws"]], &mut request).unwrap();
        let date = request.headers()["x-amz-date"].to_str().unwrap().to_owned();
        assert_eq!(date.len(), 16);
        let view = SignableRequest {
            method: "POST",
            base: BASE,
            target: "/orders?a=1",
            headers: request.headers(),
            body: SignableBody::Bytes(BODY),
        };
        let now = countersign_auth::SystemClock;
        assert!(prepared(AWS).verify(&view, countersign_auth::Clock::now(&now)).is_ok());
        let elsewhere = SignableRequest { base: "https://api.example/v1", ..view };
        assert!(prepared(AWS).verify(&elsewhere, countersign_auth::Clock::now(&now)).is_err());
    }
}
