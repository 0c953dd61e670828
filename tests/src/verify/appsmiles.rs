//! App's Miles: a JWT (HS256) with copies of headers and body, as PHP prints them.
//!
//! `iss` is the partner, `sub` the token of user or back end (empty without one), `iat` at most five
//! minutes away; `data_header` and `data_body` are what PHP makes of the headers and the body that came.

use super::{Received, Verifier, jwt, php, single};
use crate::exact::read;
pub use php::Maps;

const FIVE_MINUTES: u64 = 300;

/// The receiving end of one partner.
#[derive(Debug)]
pub struct AppsMiles {
    /// The partner's id.
    pub partner_id: String,
    /// The partner's secret.
    pub secret: String,
    /// The token that user calls must carry.
    pub user_token: String,
    /// The token that back-end calls must carry.
    pub service_token: String,
    /// What the provider's documents leave open.
    pub choices: Choices,
}

/// What the documents leave open; the default is what our spec assumes.
#[derive(Clone, Debug)]
pub struct Choices {
    /// The headers that `data_header` covers.
    pub covered: Vec<String>,
    /// How the map of headers is held.
    pub header_maps: Maps,
    /// How the body's maps are held.
    pub body_maps: Maps,
    /// `data_body` of a call without a body.
    pub without_body: String,
    /// Whether the body that is sent is `data_body`, rather than the caller's own text.
    pub body_is_what_was_signed: bool,
    /// Where the token stands.
    pub carrier: Carrier,
}

/// Where the token stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// In `Authorization`, after `Bearer`.
    Bearer,
    /// In this header, lower case, by itself.
    Header(&'static str),
}

impl Default for Choices {
    fn default() -> Choices {
        Choices {
            covered: vec!["Content-Type".to_owned()],
            header_maps: Maps::Arrays,
            body_maps: Maps::Arrays,
            without_body: "[]".to_owned(),
            body_is_what_was_signed: true,
            carrier: Carrier::Bearer,
        }
    }
}

impl Verifier for AppsMiles {
    fn credential_headers(&self) -> &'static [&'static str] {
        match self.choices.carrier {
            Carrier::Bearer => &["authorization"],
            // Every App's Miles operation is signed; nothing is asked for in vain.
            Carrier::Header(_) => &[],
        }
    }

    fn is_no_body(&self, body: &[u8]) -> bool {
        body.is_empty() || body == self.choices.without_body.as_bytes()
    }

    fn verify(&mut self, scheme: &str, request: &Received, now_ms: u64) -> Result<(), String> {
        let subject = match scheme {
            "appsmiles_user" => &self.user_token,
            "appsmiles_backend" => &self.service_token,
            "appsmiles_none" => "",
            _ => return Err(format!("{scheme} is not a scheme of this provider")),
        };
        let token = match self.choices.carrier {
            Carrier::Bearer => jwt::bearer(single(&request.headers, "authorization")?)?,
            Carrier::Header(name) => single(&request.headers, name)?,
        };
        let claims = jwt::open(token, self.secret.as_bytes())?;
        if jwt::text(&claims, "iss")? != self.partner_id {
            return Err("iss is another partner".to_owned());
        }
        if jwt::text(&claims, "sub")? != subject {
            return Err("sub is not the token that this call needs".to_owned());
        }
        let created = u64::try_from(jwt::integer(&claims, "iat")?).map_err(|_| "iat is negative".to_owned())?;
        if (now_ms / 1000).abs_diff(created) > FIVE_MINUTES {
            return Err("iat is more than five minutes away".to_owned());
        }
        if jwt::text(&claims, "data_header")? != self.data_header(request)? {
            return Err("data_header is not what PHP makes of the headers".to_owned());
        }
        if jwt::text(&claims, "data_body")? != self.data_body(&request.body)? {
            return Err("data_body is not what PHP makes of the body".to_owned());
        }
        Ok(())
    }
}

impl AppsMiles {
    fn data_header(&self, request: &Received) -> Result<String, String> {
        let mut members = Vec::new();
        for name in &self.choices.covered {
            if request.headers.contains_key(name) {
                members.push((name.clone(), php::text(single(&request.headers, name)?)));
            }
        }
        php::map(members, self.choices.header_maps)
    }

    fn data_body(&self, body: &[u8]) -> Result<String, String> {
        let text = std::str::from_utf8(body).map_err(|_| "the body is not UTF-8".to_owned())?;
        if self.choices.body_is_what_was_signed {
            // What PHP reads from the text that stands for no body may print as something else.
            return if text == self.choices.without_body { Ok(text.to_owned()) } else { self.unchanged(text) };
        }
        if text.is_empty() { Ok(self.choices.without_body.clone()) } else { self.printed(text) }
    }

    /// The body that is sent is the text that was signed, so PHP must print it unchanged.
    fn unchanged(&self, text: &str) -> Result<String, String> {
        read(text).map_err(|_| "the body is not JSON".to_owned())?;
        match php::is_printed(text, self.choices.body_maps)? {
            true => Ok(text.to_owned()),
            false => Err("the body is not as PHP prints it".to_owned()),
        }
    }

    fn printed(&self, text: &str) -> Result<String, String> {
        read(text).map_err(|_| "the body is not JSON".to_owned())?;
        php::reprint(text, self.choices.body_maps)
    }
}
