//! Cardlytics' recipes in use: what they make goes to the independent verifier, and back.

use crate::requests::{NOW_MS, asks_for, drawn, now, request, signable, signed, used_up};
use countersign_auth::{CheckedRecipe, CredentialKind, Credentials, Prepared, SignableBody};
use countersign_tests::exact::Exact;
use countersign_tests::verify::cardlytics::{Cardlytics, UserExperience};
use countersign_tests::verify::{Received, Verifier as _, jwt};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

const APPLICATION_ID: &str = "cdlx:\"quoted\" / é";
const SECRET: &str = "no hex, no base64: é";
const NOW_S: i64 = NOW_MS / 1000;

fn prepare(recipe: &CheckedRecipe) -> Result<Prepared, String> {
    asks_for(recipe, &[("application_id", CredentialKind::Text), ("secret_key", CredentialKind::Key)])?;
    let credentials = Credentials::new().text("application_id", APPLICATION_ID).key("secret_key", SECRET);
    recipe.prepare(&credentials).map_err(|error| error.to_string())
}

fn requests() -> [Received; 3] {
    let type_ = ("content-type", "application/json; charset=UTF-8");
    [
        request("POST", "/webhook/transactions", &[type_], r#"{"merchant": "Café/\u{1f600}"}"#),
        request("POST", "/api/notify-reward/test?x=%22", &[], "\n"),
        request("POST", "/", &[], ""),
    ]
}

/// Time and id are drawn, as in a client; both must arrive as drawn. No body and one of no bytes are one.
pub(crate) fn signs_for_the_independent_verifier(recipe: &CheckedRecipe) -> Result<(), String> {
    let prepared = prepare(recipe)?;
    let mut verifier = Cardlytics::new(APPLICATION_ID, SECRET);
    for (draw, request) in requests().iter().enumerate() {
        let bodies = [Some(SignableBody::Bytes(&request.body)), request.body.is_empty().then_some(SignableBody::None)];
        for (index, body) in bodies.into_iter().flatten().enumerate() {
            let (received, added) = signed(&prepared, request, body, &drawn(2 * draw + index))?;
            if added != [("authorization".to_owned(), true)] || received.body != request.body {
                return Err(format!("headers, sensitive or not: {added:?}"));
            }
            verifier.verify("cardlytics", &received, NOW_MS.unsigned_abs())?;
            let value = received.headers["authorization"].to_str().map_err(|error| error.to_string())?;
            check_drawn(value.strip_prefix("Bearer ").ok_or("no bearer")?)?;
        }
        let once = used_up(&prepared, request, &drawn(9))?;
        if once != ["nonce"] {
            return Err(format!("used once only: {once:?}"));
        }
        check_payload(&prepared, request)?;
    }
    Ok(())
}

/// No claim is escaped where RFC 8259 does not ask for it.
fn check_payload(prepared: &Prepared, request: &Received) -> Result<(), String> {
    let signed = prepared.sign(&signable(request, SignableBody::Bytes(&request.body)), &drawn(8));
    let signed = signed.map_err(|error| error.to_string())?;
    let payload = signed.steps().find(|step| step.name == "token.payload_json").ok_or("no payload")?;
    if String::from_utf8_lossy(&payload.bytes).starts_with(r#"{"iss":"cdlx:\"quoted\" / é","sub":"#) {
        return Ok(());
    }
    Err("the payload is written otherwise".to_owned())
}

/// The borders of what a receiver takes: how long a token may live, and what must be there.
pub(crate) fn takes_what_is_signed_independently(recipe: &CheckedRecipe) -> Result<(), String> {
    let prepared = prepare(recipe)?;
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    for request in requests() {
        let verify = |claims: &Value| {
            let token = encode(&Header::new(Algorithm::HS256), claims, &key).expect("a token");
            let mut received = request.clone();
            received.headers.insert("authorization", format!("bearer {token}").parse().expect("a value"));
            prepared.verify(&signable(&received, SignableBody::Bytes(&request.body)), now())
        };
        let digest = format!("{:x}", md5::compute(&request.body));
        let claims =
            |expires: i64| json!({"iss": APPLICATION_ID, "sub": digest, "exp": expires, "jti": "no uuid", "more": {}});
        for (ahead, good) in [(0, false), (1, true), (299, true), (301, true), (3600, true), (3601, false), (-1, false)]
        {
            let verified = verify(&claims(NOW_S + ahead));
            if verified.is_ok() != good {
                return Err(format!(
                    "exp {ahead} s ahead: {:?}",
                    verified.err().map(|error| error.cause().to_string())
                ));
            }
            if let Ok(verified) = verified {
                let once: Vec<_> =
                    verified.single_use().map(|(step, value)| (step.to_owned(), value.to_owned())).collect();
                if once != [("nonce".to_owned(), "no uuid".to_owned())] {
                    return Err(format!("used once only: {once:?}"));
                }
            }
        }
        for name in ["iss", "sub", "exp", "jti"] {
            let mut changed = claims(NOW_S + 60);
            changed.as_object_mut().expect("claims").remove(name);
            if verify(&changed).is_ok() {
                return Err(format!("taken without {name}"));
            }
        }
    }
    Ok(())
}

/// A token for a user, with the URL and without.
pub(crate) fn gives_for_the_independent_verifier(recipe: &CheckedRecipe) -> Result<(), String> {
    let prepared = prepare(recipe)?;
    let mut verifier = Cardlytics::new(APPLICATION_ID, SECRET);
    for (draw, renewal_url) in [None, Some("https://partner.example/renew?é=\"/")].into_iter().enumerate() {
        let mut stamp = drawn(draw).argument("user_id", "user \"1\" / é");
        if let Some(url) = renewal_url {
            stamp = stamp.argument("renewal_url", url);
        }
        let given = prepared.give(&stamp).map_err(|error| error.to_string())?;
        let expected =
            UserExperience { user_id: "user \"1\" / é".to_owned(), renewal_url: renewal_url.map(str::to_owned) };
        let found = verifier.user_experience(given.expose(), NOW_MS.unsigned_abs())?;
        if found != expected {
            return Err(format!("{found:?}"));
        }
        check_drawn(given.expose())?;
    }
    Ok(())
}

/// Five minutes from the clock's reading, and a UUID of version 4.
fn check_drawn(token: &str) -> Result<(), String> {
    let claims = jwt::open(token, SECRET.as_bytes())?;
    if claims.get("exp").and_then(Exact::integer) != Some(NOW_S + 300) {
        return Err("exp is not five minutes from the clock".to_owned());
    }
    let id = claims.get("jti").and_then(Exact::text).unwrap_or_default();
    if id.len() != 36 || id.split('-').map(str::len).collect::<Vec<_>>() != [8, 4, 4, 4, 12] || &id[14..15] != "4" {
        return Err(format!("jti is no UUID of version 4: {id}"));
    }
    Ok(())
}
