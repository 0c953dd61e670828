//! From a request to a verified event, and from there to a handled one.

use super::Webhook;
use super::delivery::{Delivery, VerifiedWebhook};
use super::memory::MemoryReplayStore;
use super::pointer::Pointer;
use super::rejection::{Cause, Rejection, text_response};
use super::store::{ReplayStore, ReplayStoreError};
use crate::base_url::{BaseUrl, BaseUrlError, PlainHttp};
use crate::json;
use bytes::Bytes;
use countersign_auth::recipe::{Carrier, Expression, Output, Recipe, Source, TemplatePart};
use countersign_auth::{
    CheckError, Clock, Credentials, Entropy, PrepareError, Prepared, SignError, SignableBody, SignableRequest, Stamp,
    SystemClock, UnixTime, Verified, check,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

const BODY_LIMIT: usize = 1024 * 1024;
const LEASE: Duration = Duration::from_secs(60);
const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Verifies one kind of webhook and sees to it that each event is handled once. Cloning it is cheap.
pub struct Receiver<W: Webhook> {
    pub(super) inner: Arc<Inner>,
    webhook: PhantomData<fn() -> W>,
}

pub(super) struct Inner {
    prepared: Prepared,
    pub(super) store: Option<Arc<dyn ReplayStore>>,
    clock: Arc<dyn Clock>,
    pub(super) body_limit: usize,
    pub(super) lease: Duration,
    pub(super) retention: Duration,
    base: String,
    /// The base URL's own path, without a trailing slash.
    base_path: String,
    pointer: Option<(&'static str, Pointer)>,
    namespace: Option<String>,
    challenge: HeaderValue,
}

/// How a handled delivery ended; it travels in the extensions of [`Receiver::handle`]'s response, as a
/// [`Rejection`] does, for middleware that writes the operator's log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Handled {
    /// The handler succeeded, and the event is remembered: 200.
    Done,
    /// The handler succeeded, and the store could not be told: 200, since a redelivery would run it once more.
    NotRemembered(ReplayStoreError),
    /// The handler failed, and a redelivery runs it again: 500.
    Failed,
    /// The handler failed, and the store could not be told: 500; a redelivery runs it again after the lease.
    NotReleased(ReplayStoreError),
    /// The handler panicked: 500; a redelivery runs it again after the lease.
    Panicked,
}

impl<W: Webhook> Receiver<W> {
    /// Begins with no credentials, a store in memory, no leeway, 1 MiB of body, leases of 60 s and a memory of 7 days.
    pub fn builder() -> ReceiverBuilder<W> {
        ReceiverBuilder {
            credentials: Credentials::new(),
            guard: Guard::Memory,
            clock: Arc::new(SystemClock),
            leeway: Duration::ZERO,
            body_limit: BODY_LIMIT,
            lease: LEASE,
            retention: RETENTION,
            base_url: None,
            namespace: None,
            webhook: PhantomData,
        }
    }

    /// Verifies a request and reads its event, without the replay guard: for those who queue first and have a guard
    /// behind the queue.
    ///
    /// # Errors
    /// One answer for all that is wrong with a signature; the cause is for the operator's log.
    pub fn verify(&self, request: &Request<Bytes>) -> Result<VerifiedWebhook<W::Event>, Rejection> {
        self.verify_parts(request.uri(), request.method().as_str(), request.headers(), request.body())
    }

    /// Verifies a request, reads its event and reserves it.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); also if the event was handled, is being handled, or the store can't tell.
    pub async fn receive(&self, request: Request<Bytes>) -> Result<Delivery<W>, Rejection> {
        let webhook = self.verify(&request)?;
        drop(request);
        Delivery::reserve(&self.inner, webhook).await
    }

    /// Verifies a request, runs the handler unless the event was handled before, and says what to answer.
    ///
    /// - 200: the handler succeeded, now or with an earlier copy.
    /// - 400: the signature holds, and the body is not the event; 413: the body is too large.
    /// - 401: signature, claims, or a once-only value that came with another event.
    /// - 500: the handler failed; the event was released, and a redelivery runs again.
    /// - 503 with `Retry-After`: a copy is being handled, or the store can't tell.
    ///
    /// A handler that takes longer than the lease may run twice. One whose future is dropped stops half-way, as when
    /// a server drops the requests of senders that hang up; the lease then ends by itself. What the handler's error says is the handler's to
    /// log; the response's extensions hold a [`Handled`] or a [`Rejection`].
    pub async fn handle<F, Fut, E>(&self, request: Request<Bytes>, handler: F) -> Response<Bytes>
    where
        F: FnOnce(W::Event) -> Fut,
        Fut: Future<Output = Result<(), E>>,
    {
        match self.receive(request).await {
            Ok(delivery) => self.finish(delivery, handler).await,
            Err(rejection) => rejection.into_response(),
        }
    }

    pub(super) async fn finish<F, Fut, E>(&self, delivery: Delivery<W>, handler: F) -> Response<Bytes>
    where
        F: FnOnce(W::Event) -> Fut,
        Fut: Future<Output = Result<(), E>>,
    {
        let (event, lease) = delivery.into_parts();
        let handled = match handler(event).await {
            Ok(()) => lease.commit().await.map_or_else(Handled::NotRemembered, |()| Handled::Done),
            Err(_) => lease.release().await.map_or_else(Handled::NotReleased, |()| Handled::Failed),
        };
        handled.into_response()
    }

    pub(super) fn verify_parts(
        &self,
        uri: &Uri,
        method: &str,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<VerifiedWebhook<W::Event>, Rejection> {
        let inner = &*self.inner;
        if body.len() > inner.body_limit {
            return Err(inner.too_large());
        }
        let now = inner.clock.now();
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let signed = SignableRequest {
            method,
            base: &inner.base,
            target: below(target, &inner.base_path),
            headers,
            body: SignableBody::Bytes(body),
        };
        let verified = inner.prepared.verify(&signed, now).map_err(|error| inner.reject(error.into()))?;
        let dedupe = inner.dedupe(body).map_err(|cause| inner.reject(cause))?;
        let event = json::decode(body).map_err(|error| inner.reject(Cause::Event(error)))?;
        let issuer = inner.issuer(&verified, W::INFO.provider);
        Ok(VerifiedWebhook { event, verified, dedupe, issuer, now })
    }
}

impl Inner {
    pub(super) fn reject(&self, cause: Cause) -> Rejection {
        Rejection::new(cause, &self.challenge)
    }

    pub(super) fn too_large(&self) -> Rejection {
        self.reject(Cause::TooLarge { limit: self.body_limit })
    }

    fn dedupe(&self, body: &[u8]) -> Result<Option<String>, Cause> {
        let Some((text, pointer)) = &self.pointer else { return Ok(None) };
        pointer.value(body).map(Some).map_err(|error| Cause::Dedupe { pointer: text, error })
    }

    /// Who sent it: what the recipe holds of public credentials, or the provider where there is none.
    fn issuer(&self, verified: &Verified, provider: &str) -> String {
        if let Some(namespace) = &self.namespace {
            return namespace.clone();
        }
        let recipe = self.prepared.recipe();
        let public =
            |source: &Expression| matches!(source, Expression::Source(Source::Credential { secret: false, .. }));
        let steps = recipe.steps.iter().filter(|step| public(&step.value));
        let values: Vec<&str> = steps.filter_map(|step| verified.value(&step.name)).collect();
        if values.is_empty() { provider.to_owned() } else { values.join("/") }
    }
}

/// The target below the base URL's own path; as it is where something in front has taken that off.
fn below<'t>(target: &'t str, base_path: &str) -> &'t str {
    match target.strip_prefix(base_path) {
        Some(rest) if rest.starts_with('/') => rest,
        _ => target,
    }
}

impl Handled {
    pub(super) fn into_response(self) -> Response<Bytes> {
        let mut response = match self {
            Handled::Done | Handled::NotRemembered(_) => text_response(StatusCode::OK, ""),
            Handled::Failed | Handled::NotReleased(_) | Handled::Panicked => {
                text_response(StatusCode::INTERNAL_SERVER_ERROR, "event was not handled")
            }
        };
        response.extensions_mut().insert(self);
        response
    }
}

impl<W: Webhook> Clone for Receiver<W> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), webhook: PhantomData }
    }
}

impl<W: Webhook> fmt::Debug for Receiver<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("provider", &W::INFO.provider)
            .field("event", &W::INFO.event)
            .field("prepared", &self.inner.prepared)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`Receiver`].
#[must_use]
pub struct ReceiverBuilder<W: Webhook> {
    credentials: Credentials,
    guard: Guard,
    clock: Arc<dyn Clock>,
    leeway: Duration,
    body_limit: usize,
    lease: Duration,
    retention: Duration,
    base_url: Option<String>,
    namespace: Option<String>,
    webhook: PhantomData<fn() -> W>,
}

enum Guard {
    Memory,
    Store(Arc<dyn ReplayStore>),
    Without,
}

impl<W: Webhook> ReceiverBuilder<W> {
    /// The credentials by the recipe's names; several keys of one name while they are changed.
    pub fn credentials(self, credentials: Credentials) -> Self {
        Self { credentials, ..self }
    }

    /// The memory of the replay guard; one that all processes share if several receive this webhook.
    pub fn replay(self, store: impl ReplayStore) -> Self {
        self.shared_replay(Arc::new(store))
    }

    /// The same, for a store that other receivers use, too.
    pub fn shared_replay(self, store: Arc<dyn ReplayStore>) -> Self {
        Self { guard: Guard::Store(store), ..self }
    }

    /// No replay guard: every copy runs the handler. For handlers that have their own, such as a unique column in
    /// the transaction that does the work.
    pub fn without_replay_guard(self) -> Self {
        Self { guard: Guard::Without, ..self }
    }

    /// Where the time comes from.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// How far the sender's clock may be off, at most 60 s; a part of a second counts as a whole one. Default: none.
    pub fn leeway(self, leeway: Duration) -> Self {
        Self { leeway, ..self }
    }

    /// The longest body that is hashed and read.
    pub fn body_limit(self, bytes: usize) -> Self {
        Self { body_limit: bytes, ..self }
    }

    /// How long an event is held for its handler: longer than the handler ever takes.
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// How long a handled event is remembered: longer than the provider redelivers. A token that lives longer is
    /// remembered as long as it lives.
    pub fn retention(self, retention: Duration) -> Self {
        Self { retention, ..self }
    }

    /// The URL at which the provider sees this service; for recipes that cover host or URL.
    pub fn base_url(self, url: impl AsRef<str>) -> Self {
        Self { base_url: Some(url.as_ref().to_owned()), ..self }
    }

    /// What stands for the issuer in the store's keys, in place of the recipe's public credentials: tells apart
    /// several accounts whose recipe has none.
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        Self { namespace: Some(namespace.into()), ..self }
    }

    /// Checks the recipe against the settings.
    ///
    /// # Errors
    /// Credentials, leeway, base URL or durations do not fit, or nothing tells events apart.
    pub fn build(self) -> Result<Receiver<W>, ReceiverError> {
        let recipe = W::recipe();
        let challenge = challenge(&recipe);
        let once = !recipe.rules.single_use.is_empty();
        let checked = check(recipe).map_err(ReceiverError::Recipe)?;
        let seconds = self.leeway.as_secs() + u64::from(self.leeway.subsec_nanos() > 0);
        let leeway = u32::try_from(seconds).unwrap_or(u32::MAX);
        let prepared = checked.prepare(&self.credentials)?.with_leeway(leeway)?;
        if self.lease.is_zero() || self.retention.is_zero() {
            return Err(ReceiverError::Duration);
        }
        let base = self.base_url.map(|url| BaseUrl::parse(&url, PlainHttp::Anywhere)).transpose()?;
        let base = base.map_or_else(String::new, |base| base.as_str().to_owned());
        trial(&prepared, &base)?;
        let pointer = W::INFO.dedupe.map(|text| Pointer::parse(text).map(|pointer| (text, pointer)));
        let pointer = pointer.map(|parsed| parsed.ok_or(ReceiverError::Pointer)).transpose()?;
        let store: Option<Arc<dyn ReplayStore>> = match self.guard {
            Guard::Without => None,
            _ if pointer.is_none() && !once => return Err(ReceiverError::NothingToDedupe),
            Guard::Memory => Some(Arc::new(MemoryReplayStore::default())),
            Guard::Store(store) => Some(store),
        };
        let inner = Inner {
            prepared,
            store,
            clock: self.clock,
            body_limit: self.body_limit,
            lease: self.lease,
            retention: self.retention,
            base_path: base
                .parse::<Uri>()
                .map_or_else(|_| String::new(), |uri| uri.path().trim_end_matches('/').to_owned()),
            base,
            pointer,
            namespace: self.namespace,
            challenge,
        };
        Ok(Receiver { inner: Arc::new(inner), webhook: PhantomData })
    }
}

impl<W: Webhook> fmt::Debug for ReceiverBuilder<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiverBuilder").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}

/// What RFC 9110 wants beside 401: the scheme that the recipe writes into `Authorization`, or a word that says a
/// signature is missing.
fn challenge(recipe: &Recipe) -> HeaderValue {
    let scheme = match &recipe.output {
        Output::Send(send) => send.headers.iter().find_map(|(name, carrier)| match carrier {
            Carrier::One(template) if name.eq_ignore_ascii_case("authorization") => match template.parts.first() {
                Some(TemplatePart::Text(text)) => text.strip_suffix(' '),
                _ => None,
            },
            _ => None,
        }),
        // Its word is also the name of the algorithm.
        Output::Custom(custom) if custom.scheme == "aws-sigv4" => Some("AWS4-HMAC-SHA256"),
        Output::Custom(_) | Output::Give(_) => None,
    };
    let scheme = scheme.and_then(|scheme| HeaderValue::from_str(scheme).ok());
    scheme.unwrap_or(HeaderValue::from_static("Signature"))
}

/// Finds out now what would refuse every request later: a recipe that signs none, or needs the URL.
fn trial(prepared: &Prepared, base: &str) -> Result<(), ReceiverError> {
    let stamp = Stamp::drawn(UnixTime::from_secs(0), Entropy::new([0; Entropy::LENGTH]));
    let headers = HeaderMap::new();
    let body = SignableBody::Bytes(b"{}");
    match prepared.sign(&SignableRequest { method: "POST", base, target: "/", headers: &headers, body }, &stamp) {
        Err(error @ (SignError::Base { .. } | SignError::Output { .. })) => Err(ReceiverError::Unusable(error)),
        // Arguments and headers come with a request.
        _ => Ok(()),
    }
}

/// A receiver can't be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiverError {
    /// The recipe is not valid.
    #[error("the recipe is not valid: {}", joined(.0))]
    Recipe(Vec<CheckError>),
    /// Credentials or leeway do not fit the recipe.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The base URL is not one.
    #[error("the base URL can't be used: {0}")]
    BaseUrl(#[from] BaseUrlError),
    /// No request could be verified.
    #[error("no request could be verified: {0}")]
    Unusable(SignError),
    /// Lease or retention is zero.
    #[error("lease and retention must be longer than nothing")]
    Duration,
    /// The spec's place of the value that tells events apart is not a JSON Pointer.
    #[error("the spec's `dedupe` is not a JSON Pointer below the top")]
    Pointer,
    /// Neither the spec nor the recipe has a value that tells events apart.
    #[error("nothing tells events apart: the spec names no `dedupe`; `without_replay_guard` leaves it to the handler")]
    NothingToDedupe,
}

fn joined(errors: &[CheckError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
