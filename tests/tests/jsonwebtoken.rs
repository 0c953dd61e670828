//! HS256 of the engine against jsonwebtoken, in both directions.

use countersign_auth::document::{self, Value};
use countersign_auth::{Credentials, Entropy, Prepared, SignableBody, SignableRequest, Stamp, UnixTime, check};
use http::{HeaderMap, HeaderValue};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::json;

/// A token in a header, whose claims are an id, a digest of the body, a time and a random value.
const RECIPE: &str = r#"{
  "values": {
    "issuer": {"credential": "issuer"},
    "secret": {"key": "secret"},
    "content_digest": {"hash": "sha-256", "of": {"request": "body"}, "encode": "hex"},
    "expires": {"time": "unix-s", "plus": "5m"},
    "nonce": {"random": "uuid-v4"},
    "token": {"jws": "HS256", "key": "secret", "escape": "minimal", "header": {"alg": "HS256", "typ": "JWT"},
              "claims": {"iss": "issuer", "sub": "content_digest", "exp": "expires", "jti": "nonce"}}},
  "send": {"header": {"Authorization": "Bearer {token}"}},
  "rules": {"single-use": ["nonce"], "lifetime": {"of": "expires", "max": "60m"}}
}"#;

/// Short, as long as the hash's block, longer, and beyond ASCII.
const SECRETS: [&str; 4] = [
    "k",
    "0123456789012345678901234567890123456789012345678901234567890123",
    "a secret that is longer than the block of SHA-256, which is sixty-four bytes, and so is hashed first",
    "clé \u{1f511}",
];
const ISSUER: &str = "acme:\"quoted\"\\é\u{1f600}\u{1}/";
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn prepared(secret: &str) -> Prepared {
    let recipe = document::recipe("acme", &Value::from_json(RECIPE).expect("JSON"), "").expect("a recipe");
    let credentials = Credentials::new().text("issuer", ISSUER).key("secret", secret);
    check(recipe).expect("a valid recipe").prepare(&credentials).expect("good credentials")
}

fn request<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> SignableRequest<'a> {
    SignableRequest {
        method: "POST",
        base: "https://acme.example",
        target: "/a",
        headers,
        body: SignableBody::Bytes(body),
    }
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["iss", "sub", "exp"]);
    // Vectors' time, not the wall clock's; the engine's own rule is checked on the way back.
    validation.validate_exp = false;
    validation
}

#[test]
fn what_the_engine_signs_jsonwebtoken_takes() {
    for secret in SECRETS {
        let stamp = Stamp::drawn(NOW, Entropy::new([7; Entropy::LENGTH]));
        let signed = prepared(secret).sign(&request(&HeaderMap::new(), b"body"), &stamp).expect("signed");
        let (name, value) = signed.headers().next().expect("a header");
        assert_eq!(name, "authorization");
        let token = value.to_str().expect("text").strip_prefix("Bearer ").expect("a bearer").to_owned();

        let opened = decode::<serde_json::Value>(&token, &DecodingKey::from_secret(secret.as_bytes()), &validation());
        let opened = opened.expect("jsonwebtoken takes it");
        assert_eq!(opened.header.alg, Algorithm::HS256);
        assert_eq!(opened.claims["iss"], ISSUER);
        assert_eq!(opened.claims["exp"], 1_700_000_300);
        assert_eq!(opened.claims["sub"], "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5");
        let other = DecodingKey::from_secret(b"another");
        assert!(decode::<serde_json::Value>(&token, &other, &validation()).is_err());
    }
}

#[test]
fn what_jsonwebtoken_signs_the_engine_takes() {
    for secret in SECRETS {
        let claims = json!({"jti": "an id", "exp": 1_700_000_300, "iss": ISSUER, "more": [1, {"x": null}],
            "sub": "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"});
        let key = EncodingKey::from_secret(secret.as_bytes());
        let verify = |algorithm: Algorithm, claims: &serde_json::Value, secret: &str, body: &[u8]| {
            let token = encode(&Header::new(algorithm), claims, &key).expect("a token");
            let mut headers = HeaderMap::new();
            headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {token}")).expect("a value"));
            prepared(secret).verify(&request(&headers, body), NOW)
        };
        let verified = verify(Algorithm::HS256, &claims, secret, b"body").expect("the engine takes it");
        assert_eq!(verified.value("nonce"), Some("an id"));

        assert!(verify(Algorithm::HS256, &claims, "another", b"body").is_err(), "another secret");
        assert!(verify(Algorithm::HS512, &claims, secret, b"body").is_err(), "another algorithm");
        assert!(verify(Algorithm::HS256, &claims, secret, b"changed").is_err(), "another body");
        for (name, value) in
            [("exp", json!(1_700_000_000)), ("exp", json!("1700000300")), ("jti", json!(7)), ("iss", json!("x"))]
        {
            let mut changed = claims.clone();
            changed[name] = value;
            assert!(verify(Algorithm::HS256, &changed, secret, b"body").is_err(), "{name} changed");
        }
    }
}
