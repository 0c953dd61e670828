//! Powered by Cardlytics: a JWT (HS256) whose subject is the MD5 of the raw body.
//!
//! `iss` equals the application id, `sub` the lower-case digest, `exp` lies ahead, at most an hour,
//! `jti` is there and new.

use super::{Received, Used, Verifier, jwt};
use crate::exact::Exact;

const ONE_HOUR: i64 = 3600;

/// The receiving end of one application.
#[derive(Debug)]
pub struct Cardlytics {
    application_id: String,
    secret: Vec<u8>,
    used: Used,
}

/// What a user-experience token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserExperience {
    /// The partner's user: `sub`.
    pub user_id: String,
    /// Where the user is sent to log in again: `rnw`.
    pub renewal_url: Option<String>,
}

impl Cardlytics {
    /// A receiver with one secret.
    pub fn new(application_id: &str, secret: &str) -> Cardlytics {
        Cardlytics {
            application_id: application_id.to_owned(),
            secret: secret.as_bytes().to_vec(),
            used: Used::default(),
        }
    }
}

impl Verifier for Cardlytics {
    fn credential_headers(&self) -> &'static [&'static str] {
        &["authorization"]
    }

    fn verify(&mut self, scheme: &str, request: &Received, now_ms: u64) -> Result<(), String> {
        if scheme != "cardlytics" {
            return Err(format!("{scheme} is not a scheme of this provider"));
        }
        let claims = jwt::claims(&request.headers, &self.secret)?;
        if self.subject(&claims)? != format!("{:x}", md5::compute(&request.body)) {
            return Err("sub is not the MD5 of the body".to_owned());
        }
        self.check_and_remember(&claims, now_ms)
    }
}

impl Cardlytics {
    /// Checks a token for SDK or web experience, as their receiver would.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn user_experience(&mut self, token: &str, now_ms: u64) -> Result<UserExperience, String> {
        let claims = jwt::open(token, &self.secret)?;
        let user_id = self.subject(&claims)?.to_owned();
        let renewal_url = match claims.get("rnw") {
            None => None,
            Some(_) => Some(jwt::text(&claims, "rnw")?.to_owned()),
        };
        self.check_and_remember(&claims, now_ms)?;
        Ok(UserExperience { user_id, renewal_url })
    }

    fn subject<'a>(&self, claims: &'a Exact) -> Result<&'a str, String> {
        if jwt::text(claims, "iss")? != self.application_id {
            return Err("iss is another application".to_owned());
        }
        jwt::text(claims, "sub")
    }

    fn check_and_remember(&mut self, claims: &Exact, now_ms: u64) -> Result<(), String> {
        let now = i64::try_from(now_ms / 1000).map_err(|_| "the clock is out of range".to_owned())?;
        match jwt::integer(claims, "exp")? {
            expires if expires <= now => return Err("exp is past".to_owned()),
            expires if expires > now + ONE_HOUR => return Err("exp is more than an hour ahead".to_owned()),
            _ => {}
        }
        let id = jwt::text(claims, "jti")?;
        if id.is_empty() {
            return Err("jti is empty".to_owned());
        }
        self.used.check(id).map_err(|reason| format!("jti was {reason}"))?;
        self.used.remember(id);
        Ok(())
    }
}
