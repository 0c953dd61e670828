//! `CleverTap`: account id and passcode in two headers; nothing is signed.
//!
//! Changes of body or path, replays and old requests can't be noticed.

use super::{Received, Verifier, single};
use aws_lc_rs::constant_time;

/// The receiving end of one account.
#[derive(Debug)]
pub struct CleverTap {
    account_id: String,
    passcode: String,
}

impl CleverTap {
    /// A receiver with one passcode.
    pub fn new(account_id: &str, passcode: &str) -> CleverTap {
        CleverTap { account_id: account_id.to_owned(), passcode: passcode.to_owned() }
    }
}

impl Verifier for CleverTap {
    fn credential_headers(&self) -> &'static [&'static str] {
        &["x-clevertap-account-id", "x-clevertap-passcode"]
    }

    fn verify(&mut self, scheme: &str, request: &Received, _now_ms: u64) -> Result<(), String> {
        if scheme != "clevertap" {
            return Err(format!("{scheme} is not a scheme of this provider"));
        }
        let account_id = single(&request.headers, "x-clevertap-account-id")?;
        let passcode = single(&request.headers, "x-clevertap-passcode")?;
        if account_id != self.account_id {
            return Err("the account is not known".to_owned());
        }
        constant_time::verify_slices_are_equal(passcode.as_bytes(), self.passcode.as_bytes())
            .map_err(|_| "the passcode is not valid".to_owned())
    }
}
