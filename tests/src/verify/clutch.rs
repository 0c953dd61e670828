//! Clutch: HMAC-SHA512 over id, time, request target and body digest, in four headers.
//!
//! 1. Every header stands exactly once, and the key is known.
//! 2. The id is 1 to 99 characters and new; the time is at most five minutes away, past or future.
//! 3. The digest is nothing for GET, else the SHA-512 of the body, in lower-case hex.
//! 4. The signature is the MAC of the JSON array of the four.
//!
//! Clutch says "method" for the request target; the verb is not signed, nor is the application key.

use super::{Received, Used, Verifier, hex, single};
use aws_lc_rs::{constant_time, digest, hmac};

const FIVE_MINUTES_MS: u64 = 300_000;

/// The receiving end of one brand.
#[derive(Debug)]
pub struct Clutch {
    key_id: String,
    secret: Vec<u8>,
    ids: IdForm,
    used: Used,
}

/// Which ids are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdForm {
    /// Whatever the manual allows: fewer than 100 characters.
    Any,
    /// What the manual advises and our recipe promises: UUID version 4.
    UuidV4,
}

impl Clutch {
    /// A receiver with one application key.
    pub fn new(key_id: &str, secret: &str, ids: IdForm) -> Clutch {
        Clutch { key_id: key_id.to_owned(), secret: secret.as_bytes().to_vec(), ids, used: Used::default() }
    }
}

impl Verifier for Clutch {
    fn credential_headers(&self) -> &'static [&'static str] {
        &["x-application-key", "x-request-id", "x-request-time", "x-signature"]
    }

    fn verify(&mut self, scheme: &str, request: &Received, now_ms: u64) -> Result<(), String> {
        if scheme != "clutch" {
            return Err(format!("{scheme} is not a scheme of this provider"));
        }
        let key_id = single(&request.headers, "x-application-key")?;
        let id = single(&request.headers, "x-request-id")?;
        let time = single(&request.headers, "x-request-time")?;
        let signature = single(&request.headers, "x-signature")?;
        if key_id != self.key_id {
            return Err("the application key is not known".to_owned());
        }
        check_id(id, self.ids)?;
        check_time(time, now_ms)?;
        let expected = signature_of(&self.secret, &string_to_sign(id, time, request));
        constant_time::verify_slices_are_equal(expected.as_bytes(), signature.as_bytes())
            .map_err(|_| "the signature does not fit".to_owned())?;
        self.used.check(id).map_err(|reason| format!("the request id was {reason}"))?;
        self.used.remember(id);
        Ok(())
    }
}

/// The headers of a signed request: what a client of ours must arrive at by its own means.
pub fn sign(key_id: &str, secret: &str, id: &str, time: &str, request: &Received) -> [(&'static str, String); 4] {
    let signature = signature_of(secret.as_bytes(), &string_to_sign(id, time, request));
    [
        ("X-Application-Key", key_id.to_owned()),
        ("X-Request-Id", id.to_owned()),
        ("X-Request-Time", time.to_owned()),
        ("X-Signature", signature),
    ]
}

fn check_id(id: &str, form: IdForm) -> Result<(), String> {
    if id.is_empty() || id.chars().count() > 99 {
        return Err("the request id has no length from 1 to 99".to_owned());
    }
    let fits = |(index, character): (usize, char)| match index {
        8 | 13 | 18 | 23 => character == '-',
        14 => character == '4',
        19 => matches!(character, '8' | '9' | 'a' | 'b'),
        _ => matches!(character, '0'..='9' | 'a'..='f'),
    };
    if form == IdForm::UuidV4 && !(id.len() == 36 && id.chars().enumerate().all(fits)) {
        return Err("the request id is no UUID of version 4".to_owned());
    }
    Ok(())
}

fn check_time(time: &str, now_ms: u64) -> Result<(), String> {
    if time.is_empty() || !time.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("the request time is no number of milliseconds".to_owned());
    }
    let time: u64 = time.parse().map_err(|_| "the request time is out of range".to_owned())?;
    if now_ms.abs_diff(time) > FIVE_MINUTES_MS {
        return Err("the request time is more than five minutes away".to_owned());
    }
    Ok(())
}

fn string_to_sign(id: &str, time: &str, request: &Received) -> String {
    let digest = match request.method.as_str() {
        "GET" => String::new(),
        _ => hex(digest::digest(&digest::SHA512, &request.body).as_ref()),
    };
    format!("[{},{},{},{}]", quoted(id), quoted(time), quoted(&request.target), quoted(&digest))
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

fn signature_of(secret: &[u8], string_to_sign: &str) -> String {
    hex(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, secret), string_to_sign.as_bytes()).as_ref())
}
