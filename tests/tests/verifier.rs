//! The independent verifiers against the vectors, and against requests that were tampered with.
//!
//! They judge the demo, so they are judged here: every valid case is accepted, every other refused, and
//! one changed byte of a signature or of what it covers is noticed.

use countersign_tests::vectors::{Case, cases};
use countersign_tests::verify::appsmiles::{AppsMiles, Carrier, Choices, Maps};
use countersign_tests::verify::cardlytics::Cardlytics;
use countersign_tests::verify::clevertap::CleverTap;
use countersign_tests::verify::clutch::{Clutch, IdForm};
use countersign_tests::verify::{Received, Verifier};
use http::HeaderValue;
use serde_json::{Value, json};

#[test]
fn clutch_vectors() {
    let accepted = judge("clutch", |case| Box::new(clutch(case)), 18);
    for (case, now) in accepted {
        refuse_changes(&case, now, &clutch, &["x-signature", "x-request-id", "x-request-time", "x-application-key"]);
        let changed_target = Received { target: format!("{}x", case.request.target), ..case.request.clone() };
        assert!(clutch(&case).verify(&case.recipe, &changed_target, now).is_err(), "{}: target", case.name);
        for away in [-300_001i64, 300_001] {
            let created = created(&case);
            assert!(clutch(&case).verify(&case.recipe, &case.request, created.saturating_add_signed(away)).is_err());
        }
    }
}

#[test]
fn clevertap_vectors() {
    let accepted = judge("clevertap", |case| Box::new(clevertap(case)), 3);
    for (case, now) in accepted {
        for header in ["x-clevertap-account-id", "x-clevertap-passcode"] {
            refuse_changed_header(&case, now, &clevertap, header);
        }
    }
}

#[test]
fn appsmiles_vectors() {
    let accepted = judge("appsmiles", |case| Box::new(appsmiles(case)), 29);
    for (case, now) in accepted {
        let carrier = if case.name == "token-elsewhere" { "x-authorization" } else { "authorization" };
        refuse_changes(&case, now, &appsmiles, &[carrier]);
        let mut other = case.request.clone();
        if other.headers.insert("content-type", HeaderValue::from_static("text/html")).is_some() {
            assert!(appsmiles(&case).verify(&case.recipe, &other, now).is_err(), "{}: header", case.name);
        }
    }
}

#[test]
fn cardlytics_vectors() {
    let accepted = judge("cardlytics", |case| Box::new(cardlytics(case)), 17);
    for (case, now) in accepted {
        refuse_changes(&case, now, &cardlytics, &["authorization"]);
    }
}

/// Runs the cases of a provider, `count` of them, and returns those that are accepted with the time.
fn judge(provider: &str, verifier: impl Fn(&Case) -> Box<dyn Verifier>, count: usize) -> Vec<(Case, u64)> {
    let cases = cases(provider).expect("vectors");
    assert_eq!(cases.len(), count, "cases of {provider}");
    let mut accepted = Vec::new();
    for case in cases {
        let expected = case.kind == "sign" || case.expected["valid"] == true;
        let now = now(&case);
        let mut verifier = verifier(&case);
        let verdict = verifier.verify(&case.recipe, &case.request, now);
        assert_eq!(verdict.is_ok(), expected, "{}: {verdict:?}, expected {}", case.name, case.expected["reason"]);
        assert!(verifier.verify("another", &case.request, now).is_err(), "{}: unknown scheme", case.name);
        if expected {
            // App's Miles and CleverTap have nothing that may be used once only.
            let again = verifier.verify(&case.recipe, &case.request, now);
            assert_eq!(again.is_err(), matches!(provider, "clutch" | "cardlytics"), "{}: used twice", case.name);
            accepted.push((case, now));
        }
    }
    accepted
}

fn refuse_changes<V: Verifier>(case: &Case, now: u64, verifier: &impl Fn(&Case) -> V, headers: &[&str]) {
    for header in headers {
        refuse_changed_header(case, now, verifier, header);
    }
    // A GET of Clutch has no digest: its body is nothing by definition.
    if case.request.method != "GET" || case.recipe != "clutch" {
        let mut changed = case.request.clone();
        // Where the caller's own text is sent, PHP reads over white space.
        changed.body.push(if case.name == "token-elsewhere" { b'x' } else { b' ' });
        assert!(verifier(case).verify(&case.recipe, &changed, now).is_err(), "{}: body", case.name);
    }
}

/// One character changed, the header missing, the header twice.
fn refuse_changed_header<V: Verifier>(case: &Case, now: u64, verifier: &impl Fn(&Case) -> V, header: &str) {
    let value = case.request.headers.get(header).expect("the header").as_bytes().to_vec();
    let refuse = |what: &str, request: &Received| {
        let verdict = verifier(case).verify(&case.recipe, request, now);
        assert!(verdict.is_err(), "{}: {header} {what}", case.name);
    };
    for at in [value.len() / 3, value.len() / 2, value.len() - 1] {
        let mut changed = value.clone();
        changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
        let mut request = case.request.clone();
        request.headers.insert(header_name(header), HeaderValue::from_bytes(&changed).expect("a value"));
        refuse("changed", &request);
    }
    let mut request = case.request.clone();
    request.headers.append(header_name(header), HeaderValue::from_bytes(&value).expect("a value"));
    refuse("twice", &request);
    request.headers.remove(header);
    refuse("missing", &request);
}

fn header_name(name: &str) -> http::HeaderName {
    name.parse().expect("a header name")
}

fn credential(case: &Case, name: &str) -> String {
    case.input["credentials"][name].as_str().unwrap_or_default().to_owned()
}

/// The time at which a case is judged: its own, or for what is to be signed, that of signing.
fn now(case: &Case) -> u64 {
    case.input["now"].as_u64().map_or_else(|| created(case), |now| now * 1000)
}

fn created(case: &Case) -> u64 {
    let value = |name: &str| case.input["values"][name].as_str().and_then(|text| text.parse::<u64>().ok());
    let header = |name: &str| case.request.headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
    match case.recipe.as_str() {
        "clutch" => header("x-request-time").unwrap_or_default(),
        "cardlytics" => value("expires").map_or(0, |expires| (expires - 300) * 1000),
        _ => value("created").map_or(0, |created| created * 1000),
    }
}

fn clutch(case: &Case) -> Clutch {
    Clutch::new(&credential(case, "application_key"), &credential(case, "application_secret"), IdForm::Any)
}

fn clevertap(case: &Case) -> CleverTap {
    CleverTap::new(&credential(case, "account_id"), &credential(case, "passcode"))
}

fn cardlytics(case: &Case) -> Cardlytics {
    Cardlytics::new(&credential(case, "application_id"), &credential(case, "secret_key"))
}

fn appsmiles(case: &Case) -> AppsMiles {
    // The cases to verify leave the token to be read back; it is the one of the cases to sign.
    let session = |name: &str| case.input["session"][name].as_str().unwrap_or("user-token-aaaa-1111").to_owned();
    AppsMiles {
        partner_id: credential(case, "partner_id"),
        secret: credential(case, "partner_secret"),
        user_token: session("user_token"),
        service_token: session("service_token"),
        choices: choices(&case.input["options"]),
    }
}

fn choices(options: &Value) -> Choices {
    let mut choices = Choices::default();
    let names = |only: &Vec<Value>| only.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
    if let Some(only) = options["data_header"]["only"].as_array() {
        choices.covered = names(only);
    }
    let maps = |step: &str| if options[step]["arrays"] == "object" { Maps::Objects } else { Maps::Arrays };
    (choices.header_maps, choices.body_maps) = (maps("data_header"), maps("data_body"));
    if let Some(send) = options["send"].as_object() {
        // The one case that changes these.
        assert_eq!(Value::from(send.clone()), json!({"header": {"X-Authorization": "{token}"}, "body": null}));
        (choices.carrier, choices.body_is_what_was_signed) = (Carrier::Header("x-authorization"), false);
    }
    choices
}
