//! Requests that someone forges, joins or shifts: what a receiver must refuse, and what a sender must not send.
#![cfg(feature = "document")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use countersign_auth::document::{Value, recipe, recipes_from_components};
use countersign_auth::{
    Credentials, Entropy, PrepareError, Prepared, SignError, SignableBody, SignableRequest, Stamp, UnixTime, Verified,
    VerifyError, check,
};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};

const NOW: i64 = 1_700_000_000;
const SECRET: &str = "not-a-real-secret-key-0001";
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
const BODY: &[u8] = br#"{"a":1}"#;
const BODY_MD5: &str = "bb6cb5c68df4652941caf652a366f2d8";

/// A scheme with a token over the MD5 of the body, an issuer, an expiry and an id.
fn hook() -> Prepared {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/recipes.json");
    let recipes = recipes_from_components(&Value::from_json(&std::fs::read_to_string(path).unwrap()).unwrap()).unwrap();
    let credentials = Credentials::new().text("application_id", "cdlx:1").key("secret_key", SECRET);
    check(recipes.get("cardlytics").unwrap().clone()).unwrap().prepare(&credentials).unwrap()
}

fn prepared(text: &str, credentials: &Credentials) -> Result<Prepared, PrepareError> {
    check(recipe("r", &Value::from_json(text).unwrap(), "").unwrap()).unwrap().prepare(credentials)
}

fn request<'a>(target: &'a str, headers: &'a HeaderMap, body: &'a [u8]) -> SignableRequest<'a> {
    SignableRequest { method: "POST", base: "https://api.example", target, headers, body: SignableBody::Bytes(body) }
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn stamp() -> Stamp {
    Stamp::drawn(UnixTime::from_secs(NOW), Entropy::new([7; Entropy::LENGTH]))
}

fn token(header: &str, payload: &str) -> String {
    let input = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(payload));
    let mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    format!("{input}.{}", BASE64URL.encode(mac.chain_update(&input).finalize().into_bytes()))
}

fn verify(header: &str, payload: &str) -> Result<Verified, VerifyError> {
    let headers = headers(&[("authorization", &format!("Bearer {}", token(header, payload)))]);
    hook().verify(&request("/hook", &headers, BODY), UnixTime::from_secs(NOW))
}

fn claims(more: &str) -> String {
    format!(r#"{{"iss":"cdlx:1","sub":"{BODY_MD5}","exp":{},"jti":"id-1"{more}}}"#, NOW + 300)
}

#[test]
fn times_that_a_token_adds_hold_too() {
    for more in
        ["", r#","nbf":1699999999"#, r#","nbf":1700000000"#, r#","nbf":1.5"#, r#","nbf":1.7e9"#, r#","iat":1700000000"#]
    {
        assert!(verify(HEADER, &claims(more)).is_ok(), "{more}");
    }
    for more in [
        r#","iat":1800000000"#,
        r#","nbf":1700000001"#,
        r#","nbf":1700000000.5"#,
        r#","nbf":1e300"#,
        r#","nbf":"1600000000""#,
        r#","nbf":null"#,
        r#","n\u0062f":1700000001"#,
        r#","nbf":99999999999999999999999999999999"#,
    ] {
        assert!(verify(HEADER, &claims(more)).is_err(), "{more}");
    }
    // A recipe without an expiry does not make a sender's own one void.
    let text = r#"{"values": {"secret": {"key": "k"}, "created": {"time": "unix-s"},
        "token": {"jws": "HS256", "key": "secret", "escape": "minimal", "header": {"alg": "HS256"}, "claims": {"iat": "created"}}},
        "send": {"header": {"Authorization": "Bearer {token}"}}, "rules": {"freshness": {"of": "created", "window": "5m"}}}"#;
    let prepared = prepared(text, &Credentials::new().key("k", SECRET)).unwrap();
    let verify = |more: &str, leeway: u32| {
        let headers = headers(&[(
            "authorization",
            &format!("Bearer {}", token(r#"{"alg":"HS256"}"#, &format!(r#"{{"iat":{NOW}{more}}}"#))),
        )]);
        let prepared = prepared.clone().with_leeway(leeway).unwrap();
        prepared.verify(&request("/", &headers, BODY), UnixTime::from_secs(NOW)).is_ok()
    };
    assert!(verify("", 0) && verify(r#","exp":1700000001"#, 0) && verify(r#","exp":1700000000.5"#, 0));
    assert!(!verify(r#","exp":1700000000"#, 0) && !verify(r#","exp":0"#, 0) && !verify(r#","exp":-1"#, 0));
    assert!(!verify(r#","exp":"1800000000""#, 0));
    assert!(verify(r#","exp":1699999971"#, 30) && !verify(r#","exp":1699999970"#, 30));
    assert!(verify(r#","nbf":1700000030"#, 30) && !verify(r#","nbf":1700000031"#, 30));
}

#[test]
fn a_payload_that_is_not_encoded_is_refused() {
    for header in [r#"{"alg":"HS256","b64":false}"#, r#"{"alg":"HS256","b64":true}"#, r#"{"alg":"HS256","b\u00364":0}"#]
    {
        assert!(verify(header, &claims("")).is_err(), "{header}");
    }
}

#[test]
fn only_the_schemes_word_is_compared_without_case() {
    let text = r#"{"values": {"passcode": {"credential": "p", "secret": true}}, "send": {"header": {"Authorization": "{passcode}"}}}"#;
    let prepared = prepared(text, &Credentials::new().secret("p", "Hunter 2")).unwrap();
    let verify = |value: &str| {
        let headers = headers(&[("authorization", value)]);
        prepared.verify(&request("/", &headers, b""), UnixTime::from_secs(NOW)).is_ok()
    };
    assert!(verify("Hunter 2"));
    for other in ["hunter 2", "HUNTER 2", "Hunter 3", "Hunter 2 ", "", "Hunter"] {
        assert!(!verify(other), "{other}");
    }
}

#[test]
fn an_empty_secret_is_no_secret() {
    let text = r#"{"values": {"passcode": {"credential": "p", "secret": true}}, "send": {"header": {"X-Passcode": "{passcode}"}}}"#;
    for empty in [Credentials::new().secret("p", ""), Credentials::new().text("p", "")] {
        assert!(matches!(prepared(text, &empty), Err(PrepareError::Empty { .. })));
    }
}

const IN_QUERY: &str = r#"{"values": {"secret": {"key": "k"}, "created": {"time": "unix-s"},
    "string_to_sign": {"concat": [{"request": "target"}, "created"], "separator": "|"},
    "signature": {"hmac": "sha-256", "key": "secret", "of": "string_to_sign", "encode": "hex"}},
    "send": {"query": {"created": "{created}", "signature": "{signature}"}}}"#;

#[test]
fn a_pair_of_the_recipes_name_is_not_sent_twice() {
    let prepared = prepared(IN_QUERY, &Credentials::new().key("k", SECRET)).unwrap();
    let none = HeaderMap::new();
    for target in ["/x?created=1", "/x?a=1&signature", "/x?a&%63reated=1&b", "/x?signature=&a"] {
        let error = prepared.sign(&request(target, &none, b""), &stamp()).unwrap_err();
        assert!(matches!(error, SignError::DoubledPair { .. }), "{target}: {error}");
    }
    for target in ["/x", "/x?", "/x?a=created", "/x?Created=1", "/x?%zz", "/created=1"] {
        assert!(prepared.sign(&request(target, &none, b""), &stamp()).is_ok(), "{target}");
    }
    let form = r#"{"values": {"secret": {"key": "k"}, "nonce": {"time": "unix-ms"},
        "form_body": {"form": [{"nonce": "nonce"}, {"request": "body"}]},
        "signature": {"hmac": "sha-256", "key": "secret", "of": "form_body", "encode": "hex"}},
        "send": {"body": "form_body", "header": {"X": "{signature}"}}}"#;
    let prepared = self::prepared(form, &Credentials::new().key("k", SECRET)).unwrap();
    for body in ["nonce=1", "a=1&nonce", "n%6Fnce=2&a"] {
        let error = prepared.sign(&request("/x", &none, body.as_bytes()), &stamp()).unwrap_err();
        assert!(matches!(error, SignError::DoubledPair { .. }), "{body}: {error}");
    }
    assert!(prepared.sign(&request("/x", &none, b"a=nonce&Nonce=1"), &stamp()).is_ok());
}

#[test]
fn every_target_is_verified_as_it_was_signed() {
    let prepared = prepared(IN_QUERY, &Credentials::new().key("k", SECRET)).unwrap();
    let none = HeaderMap::new();
    for target in [
        "/",
        "/x",
        "/x/",
        "//x",
        "/x?",
        "/x?a",
        "/x?a=",
        "/x?&",
        "/x?a&",
        "/x?&a",
        "/x??a=?",
        "/x?a=1&a=1",
        "/%2e%2e/x",
        "/x;y=1?z;w",
        "/x?a=%C3%A9&b=+",
        "/x?=1",
        "/x?a=b=c",
    ] {
        let signed = prepared.sign(&request(target, &none, b""), &stamp()).unwrap();
        // As the hook and every URL library put it together.
        let join = match target.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        let sent = format!("{target}{join}{}", signed.query().unwrap());
        let verified = prepared.verify(&request(&sent, &none, b""), UnixTime::from_secs(NOW));
        assert!(verified.is_ok(), "{target} {sent}: {:?}", verified.unwrap_err().cause());
        for (other, with) in [("/x", "/y"), ("signature=", "signature=0"), ("created=1", "created=2")] {
            let forged = sent.replacen(other, with, 1);
            if forged != sent {
                assert!(prepared.verify(&request(&forged, &none, b""), UnixTime::from_secs(NOW)).is_err(), "{forged}");
            }
        }
    }
}

/// `{a}` and `{b}` in one header, with a text or a credential between them.
fn joined(between: &str) -> String {
    format!(
        r#"{{"values": {{"secret": {{"key": "k"}}, "c": {{"credential": "c"}}, "a": {{"argument": "a"}}, "b": {{"argument": "b"}},
        "signature": {{"hmac": "sha-256", "key": "secret", "of": {{"request": "path"}}, "encode": "hex"}}}},
        "send": {{"header": {{"X": "{{a}}{between}{{b}}", "Y": "{{c}}.{{signature}}"}}}}}}"#
    )
}

#[test]
fn two_values_in_one_header_are_read_back_as_they_were_or_not_sent() {
    let values = ["", "-", "--", "x", "x-", "-x", "x--", "x-y", "x--y", "-x-"];
    for (between, credential) in [("-", "c"), ("--", "c"), ("-x-", "c"), ("{c}", "--"), ("{c}", "c"), ("{c}", "")] {
        let credentials = Credentials::new().key("k", SECRET).text("c", credential);
        let prepared = prepared(&joined(between), &credentials).unwrap();
        let (mut sent, mut kept) = (0, 0);
        for a in values {
            for b in values {
                let none = HeaderMap::new();
                let stamp = stamp().argument("a", a).argument("b", b);
                let Ok(signed) = prepared.sign(&request("/", &none, b""), &stamp) else { continue };
                sent += 1;
                let headers: HeaderMap = signed.headers().collect();
                let verified = prepared.verify(&request("/", &headers, b""), UnixTime::from_secs(NOW)).unwrap();
                let came = (verified.argument("a").unwrap(), verified.argument("b").unwrap());
                assert_eq!(came, (a, b), "{between} {credential}");
                kept += 1;
            }
        }
        assert_eq!(sent, kept);
        assert_eq!(sent == 0, credential.is_empty(), "{between} {credential}");
    }
}

#[test]
fn no_moment_is_beyond_the_rules() {
    let authorization = format!("Bearer {}", token(HEADER, &claims("")));
    let headers = headers(&[("authorization", &authorization)]);
    for now in [i64::MIN, i64::MAX, -1, 0] {
        let prepared = hook().with_leeway(60).unwrap();
        assert!(prepared.verify(&request("/", &headers, BODY), UnixTime::from_millis(now)).is_err(), "{now}");
    }
}
