//! What a receiver must refuse, and what it must not.
#![cfg(feature = "document")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use countersign_auth::document::{Recipes, Value, recipe, recipes_from_components};
use countersign_auth::{
    Credentials, Entropy, Prepared, Refusal, SignError, SignableBody, SignableRequest, Stamp, UnixTime, Verified,
    VerifyError, check,
};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};

const NOW: i64 = 1_700_000_000;
const SECRET: &str = "not-a-real-cardlytics-secret-key-0001";
const BODY: &[u8] = br#"{"a":1}"#;
const BODY_MD5: &str = "bb6cb5c68df4652941caf652a366f2d8";

fn recipes() -> Recipes {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/recipes.json");
    recipes_from_components(&Value::from_json(&std::fs::read_to_string(path).unwrap()).unwrap()).unwrap()
}

fn others(name: &str) -> Prepared {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/others.json");
    let file = Value::from_json(&std::fs::read_to_string(path).unwrap()).unwrap();
    let value = file.get("recipes").unwrap().get(name).unwrap();
    prepare(recipe(name, value, "").unwrap())
}

fn scheme(name: &str) -> Prepared {
    prepare(recipes().get(name).unwrap().clone())
}

fn prepare(recipe: countersign_auth::Recipe) -> Prepared {
    let checked = check(recipe).unwrap();
    let mut credentials = Credentials::new().text("application_id", "cdlx:1").key("secret_key", SECRET);
    for field in checked.credentials().iter().filter(|field| !["application_id", "secret_key"].contains(&&*field.name))
    {
        let name = field.name.to_string();
        credentials = match field.kind {
            countersign_auth::CredentialKind::Key => credentials.key(name, "bm90LWEtcmVhbC1rZXk="),
            _ => credentials.text(name, "given text"),
        };
    }
    checked.prepare(&credentials).unwrap()
}

fn tag(input: &str, secret: &str) -> String {
    let mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    BASE64URL.encode(mac.chain_update(input).finalize().into_bytes())
}

/// A token that another implementation might make: any header and payload, signed well.
fn token(header: &str, payload: &str) -> String {
    let input = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(payload));
    format!("{input}.{}", tag(&input, SECRET))
}

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn claims() -> String {
    format!(r#"{{"iss":"cdlx:1","sub":"{BODY_MD5}","exp":{},"jti":"id-1"}}"#, NOW + 300)
}

fn verify_bearer(prepared: &Prepared, authorization: &str) -> Result<Verified, VerifyError> {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_str(authorization).unwrap());
    let request = SignableRequest {
        method: "POST",
        base: "",
        target: "/hook",
        headers: &headers,
        body: SignableBody::Bytes(BODY),
    };
    prepared.verify(&request, UnixTime::from_secs(NOW))
}

fn verify_token(header: &str, payload: &str) -> Result<Verified, VerifyError> {
    verify_bearer(&scheme("cardlytics"), &format!("Bearer {}", token(header, payload)))
}

#[test]
fn a_token_is_read_back() {
    let verified = verify_token(HEADER, &claims()).unwrap();
    assert_eq!(verified.value("nonce"), Some("id-1"));
    assert_eq!(verified.value("content_digest"), Some(BODY_MD5));
    assert_eq!(verified.single_use().collect::<Vec<_>>(), [("nonce", "id-1")]);
    assert_eq!(verified.remember_until(), Some(UnixTime::from_secs(NOW + 300)));
    // Order does not matter, more claims do not hurt, escapes stand for characters, other header members either.
    let other = format!(
        r#" {{"aud":{{"x":[1]}},"jti":"id\u002d1","exp":{},"sub":"{BODY_MD5}","nbf":1.5,"iss":"cdlx:1"}} "#,
        NOW + 3600
    );
    assert_eq!(verify_token(r#"{"kid":"1","typ":"JWT","alg":"HS256"}"#, &other).unwrap().value("nonce"), Some("id-1"));
    for word in ["bearer", "BEARER", "bEaReR"] {
        assert!(verify_bearer(&scheme("cardlytics"), &format!("{word} {}", token(HEADER, &claims()))).is_ok());
    }
}

/// Recipes with many claims: each of them must be there, whatever their number.
#[test]
fn each_of_many_claims_must_be_there() {
    for count in 1..=20 {
        let names: Vec<String> = (0..count).map(|n| format!("c{n}")).collect();
        let values: Vec<String> = names.iter().map(|name| format!(r#""v_{name}":{{"literal":"{name}"}}"#)).collect();
        let members: Vec<String> = names.iter().map(|name| format!(r#""{name}":"v_{name}""#)).collect();
        let text = format!(
            r#"{{"values":{{"secret":{{"key":"secret_key"}},{},"token":{{"jws":"HS256","key":"secret",
            "escape":"minimal","header":{{"alg":"HS256","typ":"JWT"}},"claims":{{{}}}}}}},
            "send":{{"header":{{"Authorization":"Bearer {{token}}"}}}}}}"#,
            values.join(","),
            members.join(",")
        );
        let prepared = prepare(recipe("many", &Value::from_json(&text).unwrap(), "").unwrap());
        let payload = |without: Option<usize>| {
            let kept = names.iter().enumerate().filter(|(index, _)| Some(*index) != without);
            let members: Vec<String> = kept.map(|(_, name)| format!(r#""{name}":"{name}""#)).collect();
            format!("{{{}}}", members.join(","))
        };
        let verify = |payload: &str| verify_bearer(&prepared, &format!("Bearer {}", token(HEADER, payload)));
        assert!(verify(&payload(None)).is_ok(), "{count}");
        for without in 0..count {
            assert!(verify(&payload(Some(without))).is_err(), "{count} claims without {without}");
        }
    }
}

#[test]
fn claims_that_do_not_fit_are_refused() {
    let good = claims();
    let exp = format!("\"exp\":{}", NOW + 300);
    let with_exp = |text: &str| good.replace(&exp, &format!("\"exp\":{text}"));
    let cases: Vec<(&str, String)> = vec![
        ("expired", with_exp(&NOW.to_string())),
        ("expired long ago", with_exp(&(NOW - 30).to_string())),
        ("too far ahead", with_exp(&(NOW + 3601).to_string())),
        ("ten years ahead", with_exp(&(NOW + 315_360_000).to_string())),
        ("the largest number", with_exp("18446744073709551615")),
        ("beyond any number", with_exp(&"9".repeat(400))),
        ("a fraction", with_exp(&format!("{}.0", NOW + 300))),
        ("an exponent", with_exp("1.7000003e9")),
        ("negative", with_exp("-1")),
        ("minus nothing", with_exp("-0")),
        ("text", with_exp(&format!("\"{}\"", NOW + 300))),
        ("null", with_exp("null")),
        ("no exp", good.replace(&format!("{exp},"), "")),
        ("no jti", good.replace(",\"jti\":\"id-1\"", "")),
        ("empty jti", good.replace("\"id-1\"", "\"\"")),
        ("numeric jti", good.replace("\"id-1\"", "1")),
        ("no sub", good.replace(&format!("\"sub\":\"{BODY_MD5}\","), "")),
        ("upper-case sub", good.replace(BODY_MD5, &BODY_MD5.to_uppercase())),
        ("another sub", good.replace(BODY_MD5, "00000000000000000000000000000000")),
        ("no iss", good.replace("\"iss\":\"cdlx:1\",", "")),
        ("another iss", good.replace("cdlx:1", "cdlx:2")),
        ("numeric iss", good.replace("\"cdlx:1\"", "1")),
        ("iss in a list", good.replace("\"cdlx:1\"", "[\"cdlx:1\"]")),
        ("jti twice", good.replace("\"jti\"", "\"jti\":\"id-0\",\"jti\"")),
        ("jti twice, once escaped", good.replace("\"jti\"", "\"\\u006ati\":\"id-0\",\"jti\"")),
        ("a doubled member in another claim", good.replace("{\"iss\"", "{\"x\":[{\"a\":1,\"a\":1}],\"iss\"")),
        ("a list", format!("[{good}]")),
        ("no JSON", "x".to_owned()),
        ("something behind", format!("{good}x")),
        ("nothing", String::new()),
        ("deep", good.replace("{\"iss\"", &format!("{{\"x\":{}{},\"iss\"", "[".repeat(100_000), "]".repeat(100_000)))),
        ("depth without end", "{\"a\":".repeat(10_000)),
    ];
    for (what, payload) in cases {
        assert_ne!(payload, good, "{what}");
        assert!(verify_token(HEADER, &payload).is_err(), "{what}");
    }
}

#[test]
fn headers_and_forms_that_do_not_fit_are_refused() {
    let good = token(HEADER, &claims());
    let parts: Vec<&str> = good.split('.').collect();
    let signed = |head: &str| {
        let input = format!("{}.{}", BASE64URL.encode(head), parts[1]);
        format!("Bearer {input}.{}", tag(&input, SECRET))
    };
    let cases = [
        good.clone(),
        format!("Bearer  {good}"),
        format!("Bearer {good} "),
        format!("Bearer\t{good}"),
        format!("Basic {good}"),
        format!("Bearer {good}="),
        format!("Bearer {good}.{}", parts[2]),
        format!("Bearer {}.{}", parts[0], parts[1]),
        format!("Bearer {}.{}.", parts[0], parts[1]),
        format!("Bearer {good}, {good}"),
        "Bearer ".to_owned(),
        "Bearer ..".to_owned(),
        signed(r#"{"alg":"none","typ":"JWT"}"#),
        signed(r#"{"alg":"HS512","typ":"JWT"}"#),
        signed(r#"{"alg":"HS256","typ":"at+jwt"}"#),
        signed(r#"{"alg":"HS256","typ":"JWT","crit":["exp"]}"#),
        signed(r#"{"alg":"HS256","alg":"HS256","typ":"JWT"}"#),
    ];
    let prepared = scheme("cardlytics");
    for authorization in cases {
        assert!(verify_bearer(&prepared, &authorization).is_err(), "{authorization}");
    }
    // A MAC over another encoding of the same bytes is not the recipe's form, even if it fits.
    let padded = format!("{}=.{}", parts[0], parts[1]);
    assert!(verify_bearer(&prepared, &format!("Bearer {padded}.{}", tag(&padded, SECRET))).is_err());
}

#[test]
fn long_tokens_are_refused_before_any_work() {
    let prepared = scheme("cardlytics");
    let long = format!("Bearer {}", token(HEADER, &format!("{{\"x\":\"{}\"}}", "y".repeat(16 << 20))));
    let refused = verify_bearer(&prepared, &long).unwrap_err();
    assert!(matches!(refused.cause(), Refusal::TooLong { .. }), "{:?}", refused.cause());
}

#[test]
fn leeway_has_a_limit() {
    let expired = claims().replace(&(NOW + 300).to_string(), &(NOW - 59).to_string());
    let authorization = format!("Bearer {}", token(HEADER, &expired));
    assert!(verify_bearer(&scheme("cardlytics"), &authorization).is_err());
    assert!(verify_bearer(&scheme("cardlytics").with_leeway(60).unwrap(), &authorization).is_ok());
    assert!(verify_bearer(&scheme("cardlytics").with_leeway(59).unwrap(), &authorization).is_err());
    assert!(scheme("cardlytics").with_leeway(61).is_err());
}

#[test]
fn the_public_face_of_all_refusals_is_one() {
    let faces: Vec<String> = ["Bearer x", "Bearer a.b.c", "x"]
        .iter()
        .map(|bad| verify_bearer(&scheme("cardlytics"), bad).unwrap_err().to_string())
        .collect();
    assert!(faces.iter().all(|face| face == "request could not be verified"));
}

type Change = fn(&mut Arrived);

/// A signed request as it arrives.
struct Arrived {
    method: &'static str,
    base: &'static str,
    target: String,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

impl Arrived {
    fn signed(prepared: &Prepared, base: &'static str, target: &str, body: Option<&[u8]>, stamp: &Stamp) -> Arrived {
        let mut headers = HeaderMap::new();
        if body.is_some() {
            headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        }
        let given = body.map_or(SignableBody::None, SignableBody::Bytes);
        let request = SignableRequest { method: "POST", base, target, headers: &headers, body: given };
        let signed = prepared.sign(&request, stamp).unwrap();
        let mut target = target.to_owned();
        if let Some(query) = signed.query() {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(query);
        }
        let body = signed.body().map(|body| body.to_vec()).or_else(|| body.map(<[u8]>::to_vec));
        let mut arrived = Arrived { method: "POST", base, target, headers, body };
        arrived.headers.extend(signed.headers().map(|(name, value)| (Some(name), value)));
        arrived
    }

    fn verify(&self, prepared: &Prepared) -> Result<Verified, VerifyError> {
        self.verify_at(prepared, NOW)
    }

    fn verify_at(&self, prepared: &Prepared, now: i64) -> Result<Verified, VerifyError> {
        let body = self.body.as_deref().map_or(SignableBody::None, SignableBody::Bytes);
        let (method, base, target) = (self.method, self.base, &self.target);
        prepared
            .verify(&SignableRequest { method, base, target, headers: &self.headers, body }, UnixTime::from_secs(now))
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
}

fn stamp() -> Stamp {
    Stamp::drawn(UnixTime::from_secs(NOW), Entropy::new([7; Entropy::LENGTH])).argument("message_id", "msg_1")
}

#[test]
fn every_part_of_an_hmac_request_counts() {
    let prepared = scheme("clutch");
    let target = "/auth/token/existing?x=%C3%A9";
    let sign = || Arrived::signed(&prepared, "", target, Some(b"{}"), &stamp());
    let verified = sign().verify(&prepared).unwrap();
    let nonce = verified.value("nonce").unwrap().to_owned();
    assert_eq!(nonce.len(), 36);
    assert_eq!(verified.single_use().collect::<Vec<_>>(), [("nonce", nonce.as_str())]);
    assert_eq!(verified.remember_until(), Some(UnixTime::from_secs(NOW + 300)));
    let changes: [(&str, Change); 13] = [
        ("body", |arrived| arrived.body = Some(b"{} ".to_vec())),
        ("no body", |arrived| arrived.body = None),
        ("target", |arrived| arrived.target = "/auth/token/existing?x=%c3%a9".to_owned()),
        ("key id", |arrived| arrived.set("x-application-key", "other")),
        ("longer key id", |arrived| arrived.set("x-application-key", "given text 2")),
        ("no key id", |arrived| drop(arrived.headers.remove("x-application-key"))),
        ("id", |arrived| arrived.set("x-request-id", "07070707-0707-4707-8707-070707070708")),
        ("empty id", |arrived| arrived.set("x-request-id", "")),
        ("long id", |arrived| arrived.set("x-request-id", &"a".repeat(100))),
        ("time", |arrived| arrived.set("x-request-time", "1700000000001")),
        ("time with a sign", |arrived| arrived.set("x-request-time", "+1700000000000")),
        ("signature in upper case", |arrived| {
            let upper = arrived.headers["x-signature"].to_str().unwrap().to_uppercase();
            arrived.set("x-signature", &upper);
        }),
        ("signature twice", |arrived| {
            let value = arrived.headers["x-signature"].clone();
            arrived.headers.append("x-signature", value);
        }),
    ];
    for (what, change) in changes {
        let mut arrived = sign();
        change(&mut arrived);
        assert!(arrived.verify(&prepared).is_err(), "{what}");
    }
    let arrived = sign();
    for (now, fits) in [(NOW - 301, false), (NOW - 300, true), (NOW + 300, true), (NOW + 301, false)] {
        assert_eq!(arrived.verify_at(&prepared, now).is_ok(), fits, "{now}");
    }
}

#[test]
fn the_recipes_own_query_pairs_are_taken_off() {
    let prepared = others("binance");
    let sign = |target: &str| Arrived::signed(&prepared, "", target, Some(b"a=1"), &stamp());
    for target in ["/order", "/order?symbol=A%20B&side=BUY", "/order?x"] {
        assert!(sign(target).verify(&prepared).is_ok(), "{target}");
    }
    let good = sign("/order?symbol=AB").target;
    let changes: [(&str, String); 9] = [
        ("another query", good.replace("AB", "AC")),
        ("a pair more", good.replace("&timestamp", "&x=1&timestamp")),
        ("another time", good.replace("timestamp=1700000000000", "timestamp=1700000000001")),
        ("time twice", good.replace("&signature", "&timestamp=1700000000000&signature")),
        ("time twice, once escaped", good.replace("?symbol", "?times%74amp=1700000000000&symbol")),
        ("time escaped", good.replace("timestamp=1", "timestamp=%31")),
        ("no time", good.replace("&timestamp=1700000000000", "")),
        ("no signature", good.split("&signature").next().unwrap().to_owned()),
        ("no query", "/order".to_owned()),
    ];
    for (what, target) in changes {
        let arrived = Arrived { target, ..sign("/order?symbol=AB") };
        assert!(arrived.verify(&prepared).is_err(), "{what}");
    }
}

#[test]
fn form_members_are_read_back() {
    let prepared = others("kraken");
    let base = "https://api.kraken.example/0";
    let sign = |body| Arrived::signed(&prepared, base, "/private/Add", body, &stamp());
    let arrived = sign(Some(b"pair=A&volume=1.25"));
    assert_eq!(arrived.body.as_deref(), Some(&b"nonce=1700000000000&pair=A&volume=1.25"[..]));
    assert_eq!(arrived.verify(&prepared).unwrap().value("nonce"), Some("1700000000000"));
    assert!(sign(None).verify(&prepared).is_ok());
    let changes: [(&str, &[u8]); 8] = [
        ("a value", b"nonce=1700000000000&pair=B&volume=1.25"),
        ("the nonce", b"nonce=1700000000001&pair=A&volume=1.25"),
        ("nonce twice", b"nonce=1700000000000&pair=A&volume=1.25&nonce=1700000000000"),
        ("nonce twice, once escaped", b"nonce=1700000000000&pair=A&volume=1.25&n%6fnce=1"),
        ("nonce elsewhere", b"pair=A&nonce=1700000000000&volume=1.25"),
        ("no nonce", b"pair=A&volume=1.25"),
        ("not text", b"nonce=1700000000000&pair=\xff"),
        ("nothing", b""),
    ];
    for (what, body) in changes {
        let arrived = Arrived { body: Some(body.to_vec()), ..sign(Some(b"pair=A&volume=1.25")) };
        assert!(arrived.verify(&prepared).is_err(), "{what}");
    }
    let arrived = Arrived { body: None, ..sign(Some(b"pair=A")) };
    assert!(arrived.verify(&prepared).is_err());
}

#[test]
fn of_several_signatures_one_must_hold() {
    let prepared = others("stripe");
    let sign = || Arrived::signed(&prepared, "", "/hook", Some(b"{}"), &stamp());
    let good = sign().headers["stripe-signature"].to_str().unwrap().to_owned();
    let signature = good.split_once("v1=").unwrap().1;
    let wrong = "0".repeat(64);
    let accepted = [
        good.clone(),
        format!("v1={wrong},{good}"),
        format!("{good},v1={wrong},v0=x,,y"),
        format!("v1={signature},t={NOW}"),
    ];
    for value in accepted {
        let mut arrived = sign();
        arrived.set("stripe-signature", &value);
        assert!(arrived.verify(&prepared).is_ok(), "{value}");
    }
    let refused = [
        format!("t={NOW}"),
        format!("v1={signature}"),
        format!("t={NOW},v0={signature}"),
        format!("t={NOW},v1={wrong}"),
        format!("t={NOW},t={NOW},v1={signature}"),
        format!("t={},v1={signature}", NOW + 1),
        format!("t=,v1={signature}"),
        format!("t={NOW}, v1={signature}"),
        format!("t={NOW};v1={signature}"),
        String::new(),
    ];
    for value in refused {
        let mut arrived = sign();
        arrived.set("stripe-signature", &value);
        assert!(arrived.verify(&prepared).is_err(), "{value}");
    }
    // A header of many wrong signatures costs no more than its length.
    let mut arrived = sign();
    arrived.set("stripe-signature", &format!("t={NOW}{}", ",v1=0".repeat(10_000)));
    assert!(arrived.verify(&prepared).is_err());
}

#[test]
fn rotated_keys() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/others.json");
    let file = Value::from_json(&std::fs::read_to_string(path).unwrap()).unwrap();
    let checked = check(recipe("github", file.get("recipes").unwrap().get("github").unwrap(), "").unwrap()).unwrap();
    let with = |keys: &[&str]| checked.prepare(&Credentials::new().keys("webhook_secret", keys.iter().copied()));
    let old = Arrived::signed(&with(&["old"]).unwrap(), "", "/", Some(b"x"), &stamp());
    assert!(old.verify(&with(&["new", "old"]).unwrap()).is_ok());
    assert!(old.verify(&with(&["new", "newer"]).unwrap()).is_err());
    // A sender signs with the first.
    assert!(
        Arrived::signed(&with(&["new", "old"]).unwrap(), "", "/", Some(b"x"), &stamp())
            .verify(&with(&["new"]).unwrap())
            .is_ok()
    );
    assert!(with(&[]).is_err());
    assert!(with(&[""]).is_err());
    assert!(with(&["x"; 33]).is_err());
}

#[test]
fn what_can_not_be_signed_is_an_error_before_anything_is_sent() {
    let headers = HeaderMap::new();
    let request = |body| SignableRequest { method: "POST", base: "", target: "/x", headers: &headers, body };
    let sign = |prepared: &Prepared, request: SignableRequest<'_>| prepared.sign(&request, &stamp()).unwrap_err();
    let streamed = sign(&scheme("clutch"), request(SignableBody::Stream));
    assert_eq!(streamed, SignError::StreamingBody { scheme: "clutch".into() });
    assert_eq!(streamed.to_string(), "request body is a stream, and clutch covers the body");
    // A recipe that does not look at the body takes streams.
    assert!(scheme("clevertap").sign(&request(SignableBody::Stream), &stamp()).is_ok());
    let appsmiles = sign(&scheme("appsmiles_user"), request(SignableBody::Bytes(b"{}")));
    assert_eq!(appsmiles, SignError::MissingSession { scheme: "appsmiles_user".into(), name: "user_token".into() });
    let not_json = sign(&scheme("appsmiles_none"), request(SignableBody::Bytes(b"{\"a\":1e999}")));
    assert!(matches!(not_json, SignError::NotJson { .. }));
    assert!(matches!(
        sign(&scheme("appsmiles_none"), request(SignableBody::Bytes(b"\"\xff\""))),
        SignError::NotUtf8 { .. }
    ));
    assert!(matches!(sign(&others("twilio"), request(SignableBody::None)), SignError::Base { .. }));
    assert!(matches!(
        sign(&scheme("cardlytics_user_experience"), request(SignableBody::None)),
        SignError::Output { .. }
    ));
    assert!(matches!(scheme("clutch").give(&stamp()).unwrap_err(), SignError::Output { .. }));
    assert!(matches!(
        scheme("cardlytics_user_experience").give(&stamp()).unwrap_err(),
        SignError::MissingArgument { .. }
    ));
    let nowhere = SignableRequest { target: "x", ..request(SignableBody::None) };
    assert_eq!(sign(&scheme("clutch"), nowhere), SignError::Target);
    let json = HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let not_form = SignableRequest { base: "https://a.example", headers: &json, ..request(SignableBody::Bytes(b"{}")) };
    assert!(matches!(sign(&others("twilio"), not_form), SignError::NotForm { .. }));
}

#[test]
fn given_stamps_must_be_of_the_steps_form() {
    let headers = HeaderMap::new();
    let request = SignableRequest { method: "GET", base: "", target: "/", headers: &headers, body: SignableBody::None };
    let sign = |nonce: &str, created: &str| {
        let values = [("nonce", nonce), ("created", created)].map(|(name, value)| (name.to_owned(), value.to_owned()));
        scheme("clutch").sign(&request, &Stamp::given(values.into())).map(drop)
    };
    assert_eq!(sign("a", "1700000000000"), Ok(()));
    assert!(matches!(sign("a", "1.7e12"), Err(SignError::MalformedValue { .. })));
    assert!(matches!(sign(&"a".repeat(100), "1"), Err(SignError::TooLong { limit: 99, .. })));
    assert!(matches!(sign("a\r\nb", "1"), Err(SignError::HeaderValue { .. })));
    assert!(matches!(sign(" a", "1"), Err(SignError::HeaderValue { .. })));
    let empty = scheme("clutch").sign(&request, &Stamp::given([].into())).map(drop);
    assert!(matches!(empty, Err(SignError::MissingValue { .. })));
}

#[test]
fn absolute_urls_are_those_on_the_wire() {
    let prepared = others("twilio");
    let signature =
        |base| Arrived::signed(&prepared, base, "/x?y=1", None, &stamp()).headers["x-twilio-signature"].clone();
    let plain = signature("https://a.example");
    for same in ["https://A.example", "HTTPS://a.example", "https://a.example:443", "https://a.example/"] {
        assert_eq!(signature(same), plain, "{same}");
    }
    for other in ["http://a.example", "https://a.example:444", "https://a.example/v1"] {
        assert_ne!(signature(other), plain, "{other}");
    }
}

#[test]
fn every_attempt_draws_anew() {
    let prepared = scheme("clutch");
    let nonce = |byte| {
        let stamp = Stamp::drawn(UnixTime::from_secs(NOW), Entropy::new([byte; Entropy::LENGTH]));
        Arrived::signed(&prepared, "", "/", None, &stamp).headers["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(nonce(0), "00000000-0000-4000-8000-000000000000");
    assert_eq!(nonce(0xff), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}
