//! Clutch's recipe in use: what it signs goes to the independent verifier, and back.

use countersign_auth::{CheckedRecipe, Credentials, Entropy, Prepared, SignableBody, SignableRequest, Stamp, UnixTime};
use countersign_tests::verify::clutch::{Clutch, IdForm, sign};
use countersign_tests::verify::{Received, Verifier as _};
use http::{HeaderMap, HeaderName, HeaderValue};

const KEY: &str = "brand-key-1";
const SECRET: &str = "no hex, no base64: é";
const NOW_MS: i64 = 1_767_323_045_678;
const BASE: &str = "https://mobile.example/stem";

fn prepare(recipe: &CheckedRecipe) -> Result<Prepared, String> {
    let credentials = Credentials::new().text("application_key", KEY).key("application_secret", SECRET);
    recipe.prepare(&credentials).map_err(|error| error.to_string())
}

fn requests() -> [Received; 3] {
    let request = |method: &str, target: &str, body: &str| Received {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: HeaderMap::new(),
        body: body.as_bytes().to_vec(),
    };
    [
        request("GET", "/profile/token/a%2Fb?x=%22", ""),
        request("POST", "/profile/event", r#"{"token": "é"}"#),
        request("POST", "/profile/optInStatus", ""),
    ]
}

fn signable(request: &Received) -> SignableRequest<'_> {
    let body = if request.method == "GET" { SignableBody::None } else { SignableBody::Bytes(&request.body) };
    SignableRequest { method: &request.method, base: BASE, target: &request.target, headers: &request.headers, body }
}

/// Time and id are drawn, as in a client; both must arrive as drawn.
pub(crate) fn signs_for_the_independent_verifier(recipe: &CheckedRecipe) -> Result<(), String> {
    let prepared = prepare(recipe)?;
    let mut verifier = Clutch::new(KEY, SECRET, IdForm::UuidV4);
    for (draw, request) in requests().iter().enumerate() {
        let random = std::array::from_fn(|index| u8::try_from(index * 37 % 251 + draw).unwrap_or_default());
        let stamp = Stamp::drawn(UnixTime::from_millis(NOW_MS), Entropy::new(random));
        let signed = prepared.sign(&signable(request), &stamp).map_err(|error| error.to_string())?;
        if signed.query().is_some() || signed.body().is_some() {
            return Err("query or body was changed".to_owned());
        }
        let mut received = request.clone();
        let mut sensitive = Vec::new();
        for (name, value) in signed.headers() {
            if value.is_sensitive() {
                sensitive.push(name.as_str().to_owned());
            }
            received.headers.append(name, value);
        }
        if sensitive != ["x-signature"] {
            return Err(format!("marked sensitive: {sensitive:?}"));
        }
        if received.headers.get("x-request-time").and_then(|time| time.to_str().ok()) != Some(&NOW_MS.to_string()) {
            return Err("the time is not the clock's".to_owned());
        }
        if received.headers.len() != 4 {
            return Err(format!("{} headers", received.headers.len()));
        }
        verifier.verify("clutch", &received, NOW_MS.unsigned_abs())?;
        let once: Vec<_> = signed.single_use().map(|(step, _)| step.to_owned()).collect();
        if once != ["nonce"] {
            return Err(format!("used once only: {once:?}"));
        }
    }
    Ok(())
}

/// The borders of what a receiver takes: length of the id, age, and what must differ each time.
pub(crate) fn takes_what_is_signed_independently(recipe: &CheckedRecipe) -> Result<(), String> {
    let prepared = prepare(recipe)?;
    let verify = |id: &str, age_ms: i64, request: &Received| {
        let mut received = request.clone();
        for (name, value) in sign(KEY, SECRET, id, &(NOW_MS - age_ms).to_string(), request) {
            let name: HeaderName = name.parse().expect("a header name");
            received.headers.append(name, HeaderValue::from_str(&value).expect("a value"));
        }
        prepared.verify(&signable(&received), UnixTime::from_millis(NOW_MS))
    };
    for request in requests() {
        for (id, age_ms, good) in [
            ("0933EC8F-FA72-458D-A5FB-2399E74601B7".to_owned(), 0, true),
            ("r".repeat(99), 0, true),
            ("r".repeat(100), 0, false),
            ("a".to_owned(), 300_000, true),
            ("a".to_owned(), 300_001, false),
            ("a".to_owned(), -300_000, true),
            ("a".to_owned(), -300_001, false),
        ] {
            let verified = verify(&id, age_ms, &request);
            if verified.is_ok() != good {
                return Err(format!(
                    "id of {}, age {age_ms} ms: {:?}",
                    id.len(),
                    verified.err().map(|error| error.cause().to_string())
                ));
            }
            if let Ok(verified) = verified {
                let once: Vec<_> =
                    verified.single_use().map(|(step, value)| (step.to_owned(), value.to_owned())).collect();
                if once != [("nonce".to_owned(), id)] {
                    return Err(format!("used once only: {once:?}"));
                }
            }
        }
    }
    Ok(())
}
