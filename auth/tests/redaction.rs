//! No secret in any `Debug` or `Display`: canaries go in everywhere, and none comes out.
#![cfg(feature = "vectors")]

use countersign_auth::document::{Value, recipe, recipes_from_components};
use countersign_auth::vectors::VectorFile;
use countersign_auth::{
    Credentials, Entropy, Prepared, Secret, SecretKey, SignableBody, SignableRequest, Stamp, UnixTime, check,
};
use http::{HeaderMap, HeaderValue};
use std::fmt::Debug;

const CANARIES: [&str; 6] =
    ["canary-key-1", "canary-passcode-2", "canary-session-3", "canary-argument-4", "canary-body-5", "canary-other-6"];

#[track_caller]
fn assert_silent(what: &str, text: &str) {
    for canary in CANARIES {
        assert!(!text.contains(canary), "{what} shows {canary}: {text}");
        assert!(!text.contains(&hex(canary)), "{what} shows {canary} in hexadecimal: {text}");
    }
    // Bytes printed as numbers, and tokens made of what is secret.
    assert!(!text.contains("99, 97, 110, 97"), "{what} shows bytes: {text}");
    assert!(!text.contains("eyJ"), "{what} shows a token: {text}");
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[track_caller]
fn assert_debug(what: &str, value: &impl Debug) {
    assert_silent(what, &format!("{value:?}"));
    assert_silent(what, &format!("{value:#?}"));
}

fn credentials() -> Credentials {
    Credentials::new()
        .text("application_key", "id")
        .key("application_secret", CANARIES[0])
        .text("account_id", "account")
        .secret("passcode", CANARIES[1])
        .text("partner_id", "partner")
        .keys("partner_secret", [CANARIES[0], CANARIES[5]])
        .text("application_id", "application")
        .key("secret_key", Secret::new(CANARIES[0]))
}

fn stamp() -> Stamp {
    Stamp::drawn(UnixTime::from_secs(1_700_000_000), Entropy::new([b'c'; Entropy::LENGTH]))
        .argument("user_id", CANARIES[3])
        .session("user_token", &Secret::new(CANARIES[2]))
        .session("service_token", &Secret::new(CANARIES[2]))
}

fn prepared(name: &str) -> Prepared {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/recipes.json");
    let document = Value::from_json(&std::fs::read_to_string(path).unwrap()).unwrap();
    let recipe = recipes_from_components(&document).unwrap().get(name).unwrap().clone();
    let checked = check(recipe).unwrap();
    assert_debug("CheckedRecipe", &checked);
    checked.prepare(&credentials()).unwrap()
}

#[test]
fn secrets_and_what_holds_them() {
    assert_debug("Secret", &Secret::new(CANARIES[0]));
    assert_debug("SecretKey", &SecretKey::new(CANARIES[0]));
    assert_eq!(format!("{:?}", Secret::new("x")), "Secret([redacted])");
    assert_eq!(format!("{:?}", SecretKey::new("x")), "SecretKey([redacted])");
    assert_eq!(format!("{:?}", Entropy::new([1; Entropy::LENGTH])), "Entropy([redacted])");
    assert_debug("Credentials", &credentials());
    assert_debug("Stamp", &stamp());
}

#[test]
fn requests_instructions_and_what_was_verified() {
    let body = format!("{{\"name\":\"{}\"}}", CANARIES[4]);
    for name in ["clutch", "clevertap", "appsmiles_user", "appsmiles_backend", "appsmiles_none", "cardlytics"] {
        let prepared = prepared(name);
        assert_debug("Prepared", &prepared);
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("cookie", HeaderValue::from_static(CANARIES[5]));
        let target = "/token/canary-other-6?x=canary-other-6";
        let body = SignableBody::Bytes(body.as_bytes());
        let request =
            SignableRequest { method: "POST", base: "https://canary.example", target, headers: &headers, body };
        assert_debug("SignableRequest", &request);
        let signed = prepared.sign(&request, &stamp()).unwrap();
        assert_debug("SigningInstructions", &signed);
        for (header, value) in signed.headers() {
            assert_debug(header.as_str(), &value);
        }
        for step in signed.steps() {
            assert_debug(&step.name, &step);
            // Whoever prints values asks whether they are secret first.
            if !step.secret && step.name != "data_body" {
                assert_silent(&step.name, &String::from_utf8_lossy(&step.bytes).replace(CANARIES[5], ""));
            }
        }
        let mut received = headers.clone();
        received.extend(signed.headers().map(|(name, value)| (Some(name), value)));
        let sent = signed.body();
        let body = sent.as_deref().map_or(request.body, SignableBody::Bytes);
        let request = SignableRequest { headers: &received, body, ..request };
        let now = UnixTime::from_secs(1_700_000_000);
        assert_debug("Verified", &prepared.verify(&request, now).unwrap());
        // A key that does not fit, and then a header that does not.
        for (header, value) in signed.headers() {
            let mut wrong = received.clone();
            let flipped = format!("{}x", value.to_str().unwrap());
            wrong.insert(header, HeaderValue::from_str(&flipped).unwrap());
            let error = prepared.verify(&SignableRequest { headers: &wrong, ..request }, now).unwrap_err();
            assert_debug("VerifyError", &error);
            assert_silent("VerifyError", &error.to_string());
            assert_silent("Refusal", &error.cause().to_string());
        }
    }
    let prepared = prepared("cardlytics_user_experience");
    let given = prepared.give(&stamp()).unwrap();
    assert_debug("Given", &given);
    given.steps().for_each(|step| assert_debug(&step.name, &step));
    let now = UnixTime::from_secs(1_700_000_000);
    assert_debug("Verified", &prepared.verify_given(given.expose(), now).unwrap());
}

#[test]
fn errors() {
    let text = |recipe_text: &str| recipe("r", &Value::from_json(recipe_text).unwrap(), "").unwrap();
    let keyed = |source: &str| {
        check(text(&format!(
            r#"{{"values": {{"s": {source}, "m": {{"hmac": "sha-256", "key": "s", "of": {{"request": "body"}}, "encode": "hex"}}}},
            "send": {{"header": {{"X": "{{m}}"}}}}}}"#
        )))
        .unwrap()
    };
    for source in [
        r#"{"key": "k", "decode": "hex"}"#,
        r#"{"key": "k", "decode": "base64"}"#,
        r#"{"key": "k", "decode": "base64url"}"#,
        r#"{"key": "k", "strip-prefix": "whsec_"}"#,
        r#"{"key": "absent"}"#,
    ] {
        // A space is in no encoding.
        let error = keyed(source).prepare(&Credentials::new().key("k", format!("{} ", CANARIES[0]))).unwrap_err();
        assert_debug("PrepareError", &error);
        assert_silent("PrepareError", &error.to_string());
    }
    let error = keyed(r#"{"key": "k"}"#).prepare(&Credentials::new().text("k", CANARIES[0])).unwrap_err();
    assert_debug("PrepareError", &error);
    let header =
        check(text(r#"{"values": {"p": {"credential": "p", "secret": true}}, "send": {"header": {"X": "{p}"}}}"#))
            .unwrap();
    let error = header.prepare(&Credentials::new().secret("p", format!("{}\n", CANARIES[1]))).unwrap_err();
    assert_debug("PrepareError", &error);
    assert_silent("PrepareError", &error.to_string());

    let headers = HeaderMap::new();
    let bodies: [&[u8]; 3] = [b"{\"canary-body-5", b"canary-body-5", b"\"canary-body-5\xff\""];
    for body in bodies {
        let body = SignableBody::Bytes(body);
        let request = SignableRequest { method: "POST", base: "", target: "/", headers: &headers, body };
        let error = prepared("appsmiles_none").sign(&request, &stamp()).unwrap_err();
        assert_debug("SignError", &error);
        assert_silent("SignError", &error.to_string());
    }
    let body = SignableBody::None;
    let request = SignableRequest { method: "POST", base: "", target: "/", headers: &headers, body };
    let values = [("nonce", "canary-other-6\n"), ("created", "canary-other-6")];
    let given = Stamp::given(values.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let error = prepared("clutch").sign(&request, &given).unwrap_err();
    assert_debug("SignError", &error);
    assert_silent("SignError", &error.to_string());
}

#[test]
fn header_values_are_sensitive_where_they_derive_from_a_key_or_are_secret() {
    let headers = HeaderMap::new();
    let request = SignableRequest { method: "GET", base: "", target: "/", headers: &headers, body: SignableBody::None };
    let sensitive = |name: &str| {
        let signed = prepared(name).sign(&request, &stamp()).unwrap();
        let sensitive: Vec<String> =
            signed.headers().filter(|(_, value)| value.is_sensitive()).map(|(name, _)| name.to_string()).collect();
        sensitive.join(" ")
    };
    assert_eq!(sensitive("clutch"), "x-signature");
    assert_eq!(sensitive("clevertap"), "x-clevertap-passcode");
    assert_eq!(sensitive("appsmiles_user"), "authorization");
    assert_eq!(sensitive("cardlytics"), "authorization");
}

#[test]
fn vector_files() {
    let text = r#"{"provider": "p", "vectors": [{"name": "n", "kind": "verify", "recipe": "r",
        "input": {"credentials": {"k": ["canary-key-1"]}, "request": {"method": "GET", "target": "/canary-other-6",
        "headers": [["Authorization", "canary-passcode-2"]], "body_hex": "63616e617279"}, "now": 0,
        "session": {"s": "canary-session-3"}, "arguments": {"a": "canary-argument-4"}}, "expected": {"valid": true}}]}"#;
    assert_debug("VectorFile", &VectorFile::parse(text).unwrap());
}
