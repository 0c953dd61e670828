//! App's Miles' recipe in use: what it signs goes to the independent verifier, and back.

use crate::requests::{NOW_MS, asks_for, drawn, request, signable, signed, used_up};
use countersign_auth::{CheckedRecipe, CredentialKind, Credentials, Prepared, Secret, SignableBody, UnixTime};
use countersign_tests::verify::appsmiles::{AppsMiles, Choices};
use countersign_tests::verify::{Received, Verifier as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;

const PARTNER_ID: &str = "partner / é";
const SECRET: &str = "no hex, no base64: é";
const USER_TOKEN: &str = "user \"1\" / é";
const SERVICE_TOKEN: &str = "service / 1";

fn prepare(recipe: &CheckedRecipe) -> Result<Prepared, String> {
    asks_for(recipe, &[("partner_id", CredentialKind::Text), ("partner_secret", CredentialKind::Key)])?;
    let credentials = Credentials::new().text("partner_id", PARTNER_ID).key("partner_secret", SECRET);
    recipe.prepare(&credentials).map_err(|error| error.to_string())
}

fn verifier() -> AppsMiles {
    AppsMiles {
        partner_id: PARTNER_ID.to_owned(),
        secret: SECRET.to_owned(),
        user_token: USER_TOKEN.to_owned(),
        service_token: SERVICE_TOKEN.to_owned(),
        choices: Choices::default(),
    }
}

/// Each with what PHP prints of headers and body.
fn requests() -> [(Received, &'static str, &'static str); 3] {
    let type_ = ("content-type", "application/json; charset=utf-8");
    let more = ("accept-language", "fr");
    [
        (
            request("POST", "/user/info", &[type_, more], "{\"a\": \"é/\u{1f600}\", \"b\": {}, \"c\": 1.0}"),
            r#"{"Content-Type":"application\/json; charset=utf-8"}"#,
            r#"{"a":"\u00e9\/\ud83d\ude00","b":[],"c":1}"#,
        ),
        (request("POST", "/gift/list?x=%22", &[more], ""), "[]", "[]"),
        (request("POST", "/gift/list", &[], "[]"), "[]", "[]"),
    ]
}

/// The time is drawn, as in a client, and must arrive as drawn; the text that is signed is the body.
pub(crate) fn signs_for_the_independent_verifier(scheme: &str, recipe: &CheckedRecipe) -> Result<(), String> {
    let prepared = prepare(recipe)?;
    let stamp = |draw: usize| {
        drawn(draw)
            .session("user_token", &Secret::from(USER_TOKEN))
            .session("service_token", &Secret::from(SERVICE_TOKEN))
    };
    for (draw, (request, _, printed)) in requests().iter().enumerate() {
        let body = if request.body.is_empty() { SignableBody::None } else { SignableBody::Bytes(&request.body) };
        let (received, added) = signed(&prepared, request, body, &stamp(draw))?;
        if added != [("authorization".to_owned(), true)] {
            return Err(format!("headers, sensitive or not: {added:?}"));
        }
        if received.body != printed.as_bytes() {
            return Err("the body is not what PHP prints".to_owned());
        }
        // Good for five minutes to the second, so the time is the clock's.
        for (away, good) in [(0, true), (300, true), (301, false), (-300, true), (-301, false)] {
            let judged = (NOW_MS + away * 1000).unsigned_abs();
            if verifier().verify(scheme, &received, judged).is_ok() != good {
                return Err(format!("{away} s away: {:?}", verifier().verify(scheme, &received, judged)));
            }
        }
    }
    let once = used_up(&prepared, &requests()[0].0, &stamp(9))?;
    if !once.is_empty() {
        return Err(format!("used once only: {once:?}"));
    }
    // A body of no bytes is no JSON; only one that is not there has a text of its own.
    match signed(&prepared, &requests()[1].0, SignableBody::Bytes(b""), &stamp(10)) {
        Err(_) => Ok(()),
        Ok(_) => Err("a body of no bytes was signed".to_owned()),
    }
}

/// The borders of what a receiver takes: age, and whose token it is.
pub(crate) fn takes_what_is_signed_independently(scheme: &str, recipe: &CheckedRecipe) -> Result<(), String> {
    let prepared = prepare(recipe)?;
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let (session, token) = match scheme {
        "appsmiles_user" => (Some("user_token"), USER_TOKEN),
        "appsmiles_backend" => (Some("service_token"), SERVICE_TOKEN),
        _ => (None, ""),
    };
    for (request, data_header, data_body) in requests() {
        for (away, good) in [(0, true), (300, true), (301, false), (-300, true), (-301, false)] {
            let claims = json!({"iss": PARTNER_ID, "sub": token, "iat": NOW_MS / 1000 + away,
                "data_header": data_header, "data_body": data_body});
            let bearer = encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token");
            let mut received = Received { body: data_body.as_bytes().to_vec(), ..request.clone() };
            received.headers.insert("authorization", format!("bearer {bearer}").parse().expect("a value"));
            // Ages are compared exactly, so both are whole seconds here.
            let now = UnixTime::from_secs(NOW_MS / 1000);
            let verified = prepared.verify(&signable(&received, SignableBody::Bytes(&received.body)), now);
            if verified.is_ok() != good {
                return Err(format!("iat {away} s away: {:?}", verified.err().map(|error| error.cause().to_string())));
            }
            let Ok(verified) = verified else { continue };
            let told = session.map(|session| verified.session(session).map(|secret| secret.expose().to_owned()));
            if told.is_some_and(|told| told.as_deref() != Some(token)) {
                return Err("the token was not read back".to_owned());
            }
            if verified.single_use().next().is_some() {
                return Err("something is used once only".to_owned());
            }
        }
    }
    Ok(())
}
