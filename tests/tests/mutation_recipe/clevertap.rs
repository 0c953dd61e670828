//! `CleverTap`'s recipe in use: two headers, and nothing of the request in them.

use crate::requests::{asks_for, drawn, now, request, signable, signed, used_up};
use countersign_auth::{CheckedRecipe, CredentialKind, Credentials, Prepared, SignableBody};
use countersign_tests::verify::clevertap::CleverTap;
use countersign_tests::verify::{Received, Verifier as _};

const ACCOUNT_ID: &str = "ACC-1-2Z";
const PASSCODE: &str = "P:a\\ss / code";

fn prepare(recipe: &CheckedRecipe) -> Result<Prepared, String> {
    asks_for(recipe, &[("account_id", CredentialKind::Text), ("passcode", CredentialKind::SecretText)])?;
    let credentials = Credentials::new().text("account_id", ACCOUNT_ID).secret("passcode", PASSCODE);
    recipe.prepare(&credentials).map_err(|error| error.to_string())
}

fn requests() -> [Received; 2] {
    [request("GET", "/1/events.json?cursor=a%2Fb", &[], ""), request("POST", "/1/upload", &[], r#"{"d": []}"#)]
}

pub(crate) fn signs_for_the_independent_verifier(recipe: &CheckedRecipe) -> Result<(), String> {
    let prepared = prepare(recipe)?;
    if prepared.covers_body() {
        return Err("the body is covered".to_owned());
    }
    for request in requests() {
        // A body that can't be read is signed as well as any.
        for body in [SignableBody::None, SignableBody::Bytes(&request.body), SignableBody::Stream] {
            let (received, added) = signed(&prepared, &request, body, &drawn(0))?;
            let expected = [("x-clevertap-account-id".to_owned(), false), ("x-clevertap-passcode".to_owned(), true)];
            if added != expected {
                return Err(format!("headers, sensitive or not: {added:?}"));
            }
            CleverTap::new(ACCOUNT_ID, PASSCODE).verify("clevertap", &received, 0)?;
            if received.body != request.body {
                return Err("the body was changed".to_owned());
            }
        }
        let once = used_up(&prepared, &request, &drawn(0))?;
        if !once.is_empty() {
            return Err(format!("used once only: {once:?}"));
        }
    }
    Ok(())
}

pub(crate) fn takes_the_credentials_alone(recipe: &CheckedRecipe) -> Result<(), String> {
    let prepared = prepare(recipe)?;
    for (account_id, passcode, good) in
        [(ACCOUNT_ID, PASSCODE, true), ("ACC-1-2X", PASSCODE, false), (ACCOUNT_ID, "another", false)]
    {
        let headers = [("X-CleverTap-Account-Id", account_id), ("X-CleverTap-Passcode", passcode)];
        let received = request("POST", "/1/upload", &headers, "anything");
        let verified = prepared.verify(&signable(&received, SignableBody::Bytes(&received.body)), now());
        if verified.is_ok() != good {
            return Err(format!("{account_id}, {passcode}: {verified:?}"));
        }
    }
    Ok(())
}
