//! OAuth 2.0 client credentials (RFC 6749, section 4.4): id and secret for a token.
//!
//! 1. `grant_type=client_credentials` and the scopes go to the token endpoint as a form.
//! 2. Id and secret go in `Authorization: Basic`, each percent-encoded first (section 2.3.1), or in the form.
//! 3. The answer is a bearer token, with its lifetime if it says so; or an error code, of which only those of the
//!    standard are shown.
//!
//! Flows that ask a person need a browser: who uses the client brings their token, or a [`TokenSource`] of one.

use super::{ASSUMED_LIFETIME, SessionFuture, Token, TokenError, TokenRequest, TokenSource};
use crate::body::short;
use crate::parameters::encode_into;
use countersign_auth::Secret;
use http::header::{ACCEPT, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A scheme of `oauth2` or `openIdConnect`, as a client crate knows it.
#[derive(Clone, Copy, Debug)]
pub struct OAuth2Scheme {
    /// Its name.
    pub scheme: &'static str,
    /// The session that its recipe reads.
    pub session: &'static str,
    /// The credential that is a token.
    pub access_token: Option<&'static str>,
    /// Client credentials, if the scheme has that flow.
    pub client: Option<ClientCredentialsFlow>,
    /// The scopes that operations need, by operationId.
    pub scopes: &'static [(&'static str, &'static [&'static str])],
}

/// The flow of client credentials.
#[derive(Clone, Copy, Debug)]
pub struct ClientCredentialsFlow {
    /// Where tokens are given: absolute, or relative to the server.
    pub token_url: &'static str,
    /// The credential that is the client's id.
    pub client_id: &'static str,
    /// The credential that is the client's secret.
    pub client_secret: &'static str,
}

/// What a user may set for a scheme; see [`crate::ClientBuilder::oauth2`].
#[derive(Clone, Debug)]
pub struct OAuth2Options {
    pub(crate) token_url: Option<String>,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) secret_in_form: bool,
    pub(crate) assumed_lifetime: Duration,
}

impl Default for OAuth2Options {
    fn default() -> Self {
        Self { token_url: None, scopes: None, secret_in_form: false, assumed_lifetime: ASSUMED_LIFETIME }
    }
}

impl OAuth2Options {
    /// What the API's description says.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another token endpoint: absolute, or relative to the server.
    #[must_use]
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = Some(url.into());
        self
    }

    /// Asks for these scopes whatever the operation; none leaves them to the service.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Sends id and secret in the form (`client_secret_post`) instead of in `Authorization: Basic`.
    #[must_use]
    pub fn client_secret_post(mut self) -> Self {
        self.secret_in_form = true;
        self
    }

    /// How long a token lasts that comes without a lifetime; [`ASSUMED_LIFETIME`] at first.
    #[must_use]
    pub fn assumed_lifetime(mut self, lifetime: Duration) -> Self {
        self.assumed_lifetime = lifetime;
        self
    }
}

/// Fetches tokens for client credentials.
pub(crate) struct ClientCredentials {
    pub(crate) http: reqwest::Client,
    pub(crate) url: reqwest::Url,
    pub(crate) client_id: Secret,
    pub(crate) client_secret: Secret,
    pub(crate) secret_in_form: bool,
    pub(crate) timeout: Duration,
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials").field("secret_in_form", &self.secret_in_form).finish_non_exhaustive()
    }
}

impl TokenSource for ClientCredentials {
    fn token<'a>(&'a self, wanted: &'a TokenRequest) -> SessionFuture<'a, Result<Token, TokenError>> {
        Box::pin(self.fetch(wanted))
    }

    fn identity(&self) -> Option<String> {
        Some(format!("{}@{}", encoded(self.client_id.expose()), self.url))
    }
}

impl ClientCredentials {
    async fn fetch(&self, wanted: &TokenRequest) -> Result<Token, TokenError> {
        let scheme = wanted.scheme;
        let transport = |error: reqwest::Error| TokenError::Transport { scheme, source: Arc::new(error.without_url()) };
        let response = self.request(wanted).send().await.map_err(transport)?;
        let status = response.status();
        let unreadable = |reason| TokenError::Unreadable { scheme, reason };
        let body = short(response, LONGEST_ANSWER).await.map_err(|_| unreadable("it breaks off, or is too long"))?;
        let answer: Option<Answer> = serde_json::from_slice(&body).ok();
        if !status.is_success() {
            let code = answer.and_then(|answer| standard_code(answer.error.as_deref()?));
            return Err(TokenError::Refused { scheme, status, code });
        }
        let answer = answer.ok_or_else(|| unreadable("it is no JSON object of a token"))?;
        let token = answer.access_token.filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| unreadable("it has no `access_token`"))?;
        if answer.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(unreadable("its token is of another type than `bearer`"));
        }
        let token = Token::new(token);
        Ok(match answer.expires_in.and_then(|seconds| lifetime(&seconds)) {
            Some(lifetime) => token.lasting(lifetime),
            None => token,
        })
    }

    fn request(&self, wanted: &TokenRequest) -> reqwest::RequestBuilder {
        let mut form = "grant_type=client_credentials".to_owned();
        let mut pair = |name: &str, value: &str| {
            form.push('&');
            form.push_str(name);
            form.push('=');
            encode_into(value, &mut form);
        };
        if !wanted.scopes.is_empty() {
            pair("scope", &wanted.scopes.join(" "));
        }
        if self.secret_in_form {
            pair("client_id", self.client_id.expose());
            pair("client_secret", self.client_secret.expose());
        }
        let request = self.http.post(self.url.clone()).timeout(self.timeout);
        let request =
            request.header(ACCEPT, "application/json").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = match self.secret_in_form {
            true => request,
            false => request.basic_auth(encoded(self.client_id.expose()), Some(encoded(self.client_secret.expose()))),
        };
        request.body(form)
    }
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    encode_into(text, &mut out);
    out
}

/// Bytes of a token endpoint's answer.
const LONGEST_ANSWER: usize = 256 * 1024;

#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    token_type: Option<String>,
    expires_in: Option<Value>,
    error: Option<String>,
}

/// Seconds, which some services write as text.
fn lifetime(seconds: &Value) -> Option<Duration> {
    let seconds = match seconds {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

/// The error codes of RFC 6749, section 5.2. Others could be anything, so they are not shown.
fn standard_code(code: &str) -> Option<&'static str> {
    const CODES: [&str; 8] = [
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
    ];
    CODES.into_iter().find(|known| *known == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_numbers_or_text() {
        let of = |json: &str| lifetime(&serde_json::from_str(json).unwrap()).map(|lifetime| lifetime.as_secs());
        assert_eq!(of("3600"), Some(3600));
        assert_eq!(of("\"3600\""), Some(3600));
        assert_eq!(of("0"), Some(0));
        for wrong in ["-1", "null", "\"soon\"", "[]", "1e300"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
