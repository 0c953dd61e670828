//! Requests for the tests of a receiver: valid ones, and such that must be refused.
//!
//! ```
//! use countersign_runtime::webhooks::{Receiver, Webhook, testing::{Sender, SenderError}};
//!
//! async fn check<W: Webhook>(receiver: &Receiver<W>, sender: &Sender<W>, body: &'static str) -> Result<(), SenderError> {
//!     let handler = async |event| Ok::<(), ()>(drop(event));
//!     assert_eq!(receiver.handle(sender.valid(body)?, handler).await.status(), 200);
//!     assert_eq!(receiver.handle(sender.expired(body)?, handler).await.status(), 401);
//!     Ok(())
//! }
//! ```

use super::Webhook;
use bytes::Bytes;
use countersign_auth::{
    CheckError, Clock, Credentials, PrepareError, Prepared, Random, RandomError, SignError, SignableBody,
    SignableRequest, Stamp, SystemClock, SystemRandom, UnixTime, check,
};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Signs events as the provider does, from the same recipe.
pub struct Sender<W: Webhook> {
    prepared: Prepared,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    base: String,
    target: String,
    headers: HeaderMap,
    arguments: Vec<(String, String)>,
    webhook: PhantomData<fn() -> W>,
}

/// A copy with some other byte in its place.
#[derive(Clone, Copy)]
enum Tampered {
    Body,
    Signature,
}

impl<W: Webhook> Sender<W> {
    /// A sender with the provider's half of the credentials; of several keys the first signs.
    ///
    /// # Errors
    /// The credentials do not fit the recipe.
    pub fn new(credentials: &Credentials) -> Result<Self, SenderError> {
        let checked = check(W::recipe()).map_err(SenderError::Recipe)?;
        let json = HeaderValue::from_static("application/json");
        Ok(Self {
            prepared: checked.prepare(credentials)?,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            base: String::new(),
            target: "/".to_owned(),
            headers: HeaderMap::from_iter([(CONTENT_TYPE, json)]),
            arguments: Vec::new(),
            webhook: PhantomData,
        })
    }

    /// Where the time comes from.
    #[must_use]
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Where random values come from.
    #[must_use]
    pub fn random(self, random: impl Random + 'static) -> Self {
        Self { random: Arc::new(random), ..self }
    }

    /// The receiver's base URL, as the receiver was given it; for recipes that cover host or URL.
    #[must_use]
    pub fn base_url(self, url: impl Into<String>) -> Self {
        let url: String = url.into();
        Self { base: url.trim_end_matches('/').to_owned(), ..self }
    }

    /// Path and query below the base URL; `/` unless said.
    #[must_use]
    pub fn target(self, target: impl Into<String>) -> Self {
        Self { target: target.into(), ..self }
    }

    /// Adds a header to each request, or replaces it.
    #[must_use]
    pub fn header(mut self, name: http::HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// A value that the recipe takes from its caller, such as Standard Webhooks' `message_id`.
    #[must_use]
    pub fn argument(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.arguments.push((name.into(), value.into()));
        self
    }

    /// A request that must be accepted. Called again with the same body it is a redelivery: another token, the same
    /// event. The same request twice is a replay; it can be cloned.
    ///
    /// # Errors
    /// The recipe needs something that the sender was not given.
    pub fn valid(&self, body: impl Into<Bytes>) -> Result<Request<Bytes>, SenderError> {
        self.signed_at(self.clock.now(), body.into())
    }

    /// A request that was signed long ago.
    ///
    /// # Errors
    /// The recipe says nothing about time, so nothing expires.
    pub fn expired(&self, body: impl Into<Bytes>) -> Result<Request<Bytes>, SenderError> {
        self.signed_off_by(-YEAR, body.into())
    }

    /// A request that is to be signed in a far future.
    ///
    /// # Errors
    /// The recipe says nothing about time.
    pub fn too_far_ahead(&self, body: impl Into<Bytes>) -> Result<Request<Bytes>, SenderError> {
        self.signed_off_by(YEAR, body.into())
    }

    /// A request of which one byte of the body was changed after signing.
    ///
    /// # Errors
    /// The body is empty; or as [`valid`](Self::valid).
    pub fn tampered(&self, body: impl Into<Bytes>) -> Result<Request<Bytes>, SenderError> {
        self.tamper(body.into(), Tampered::Body)
    }

    /// A request of which one character of what signs it was changed.
    ///
    /// # Errors
    /// As [`valid`](Self::valid).
    pub fn forged(&self, body: impl Into<Bytes>) -> Result<Request<Bytes>, SenderError> {
        self.tamper(body.into(), Tampered::Signature)
    }

    /// A request without anything that signs it.
    ///
    /// # Errors
    /// The target is not one.
    pub fn unsigned(&self, body: impl Into<Bytes>) -> Result<Request<Bytes>, SenderError> {
        self.request(&self.target, self.headers.clone(), body.into())
    }

    /// The same request so many times: all but the first are replays.
    ///
    /// # Errors
    /// As [`valid`](Self::valid).
    pub fn replayed(&self, body: impl Into<Bytes>, times: usize) -> Result<Vec<Request<Bytes>>, SenderError> {
        Ok(vec![self.valid(body)?; times])
    }

    /// A request signed at a time of the caller's choice.
    ///
    /// # Errors
    /// As [`valid`](Self::valid).
    pub fn signed_at(&self, now: UnixTime, body: Bytes) -> Result<Request<Bytes>, SenderError> {
        let mut stamp = Stamp::draw(&FixedClock(now), &*self.random)?;
        for (name, value) in &self.arguments {
            stamp = stamp.argument(name.clone(), value.clone());
        }
        let request = SignableRequest {
            method: Method::POST.as_str(),
            base: &self.base,
            target: &self.target,
            headers: &self.headers,
            body: SignableBody::Bytes(&body),
        };
        let signed = self.prepared.sign(&request, &stamp)?;
        let mut headers = self.headers.clone();
        for (name, value) in signed.headers() {
            headers.insert(name, value);
        }
        let target = match signed.query() {
            Some(pairs) => format!("{}{}{pairs}", self.target, if self.target.contains('?') { '&' } else { '?' }),
            None => self.target.clone(),
        };
        let body = signed.body().unwrap_or(body);
        self.request(&target, headers, body)
    }

    fn signed_off_by(&self, seconds: i64, body: Bytes) -> Result<Request<Bytes>, SenderError> {
        let rules = &self.prepared.recipe().rules;
        if rules.freshness.is_none() && rules.lifetime.is_none() {
            return Err(SenderError::Timeless);
        }
        self.signed_at(self.clock.now().plus_seconds(seconds), body)
    }

    fn tamper(&self, body: Bytes, part: Tampered) -> Result<Request<Bytes>, SenderError> {
        let mut request = self.valid(body)?;
        match part {
            Tampered::Body => {
                let mut bytes = request.body().to_vec();
                let middle = bytes.len() / 2;
                *bytes.get_mut(middle).ok_or(SenderError::NothingToTamper)? ^= 1;
                *request.body_mut() = bytes.into();
            }
            Tampered::Signature => {
                let own = |name: &http::HeaderName| !self.headers.contains_key(name);
                let name = request.headers().keys().filter(|name| own(name)).last().cloned();
                let name = name.ok_or(SenderError::NothingToTamper)?;
                let value = request.headers_mut().get_mut(&name).ok_or(SenderError::NothingToTamper)?;
                let mut bytes = value.as_bytes().to_vec();
                // Not the last character, whose low bits base64 may not use.
                let at = bytes.len().checked_sub(4).ok_or(SenderError::NothingToTamper)?;
                bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
                *value = HeaderValue::from_bytes(&bytes).map_err(|_| SenderError::NothingToTamper)?;
            }
        }
        Ok(request)
    }

    fn request(&self, target: &str, headers: HeaderMap, body: Bytes) -> Result<Request<Bytes>, SenderError> {
        let base_path = self.base.parse::<Uri>().map_or_else(|_| String::new(), |uri| uri.path().to_owned());
        let uri = format!("{}{target}", base_path.trim_end_matches('/'));
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri.parse().map_err(|_| SenderError::Target)?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

const YEAR: i64 = 366 * 24 * 60 * 60;

#[derive(Debug)]
struct FixedClock(UnixTime);

impl Clock for FixedClock {
    fn now(&self) -> UnixTime {
        self.0
    }
}

impl<W: Webhook> fmt::Debug for Sender<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("prepared", &self.prepared).finish_non_exhaustive()
    }
}

/// A request can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SenderError {
    /// The recipe is not valid.
    #[error("the recipe is not valid, {} findings", .0.len())]
    Recipe(Vec<CheckError>),
    /// The credentials do not fit the recipe.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The request can't be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// No random values.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The target is not one.
    #[error("the target is not a path with or without a query")]
    Target,
    /// Nothing expires.
    #[error("the recipe says nothing about time, so nothing expires")]
    Timeless,
    /// There is no byte to change.
    #[error("there is no byte to change")]
    NothingToTamper,
}
