//! What a sender gets to know about a delivery that is not handled, and what the operator does.
//!
//! All that a forger could learn from is one answer: 401, the same bytes and headers whatever was wrong. The cause
//! stays on this side, behind [`Rejection::cause`].

use super::pointer::DedupeError;
use super::store::ReplayStoreError;
use crate::json::DecodeError;
use bytes::Bytes;
use countersign_auth::{Refusal, VerifyError};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long a sender is asked to wait while the store is gone.
const STORE_PAUSE: Duration = Duration::from_secs(30);

/// A delivery that is not handled: its public face. It is printed without the cause.
#[derive(Clone)]
pub struct Rejection {
    cause: Arc<Cause>,
    challenge: HeaderValue,
}

/// What a sender may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// 401: signature, claims, or a value that was seen before.
    Unverified,
    /// 413: the body is longer than the receiver's limit.
    TooLarge,
    /// 400: the signature holds, and the body is not the event.
    Unreadable,
    /// 200: this event was handled before.
    Duplicate,
    /// 503: a copy is being handled at this moment.
    InProgress,
    /// 503: the replay store can't answer.
    StoreUnavailable,
    /// 400: the body broke off.
    Interrupted,
}

/// Why, precisely: for the operator's log, never for the sender.
///
/// No text here quotes a body, a header or a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The signature or a claim does not hold.
    #[error("{0}")]
    Signature(Refusal),
    /// A value that may be seen once only came before, with another event.
    #[error("`{step}` came before with another event")]
    Replayed {
        /// The step of the recipe.
        step: String,
    },
    /// The body is too long.
    #[error("the body has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The connection ended before the body did.
    #[error("the body broke off")]
    Interrupted,
    /// The body does not have the value that tells events apart.
    #[error("no value to tell events apart at `{pointer}`: {error}")]
    Dedupe {
        /// The JSON Pointer.
        pointer: &'static str,
        /// Why.
        error: DedupeError,
    },
    /// The body is not the event that the spec describes.
    #[error("the body is not the event: {0}")]
    Event(DecodeError),
    /// The event was handled before.
    #[error("the event was handled before")]
    Duplicate,
    /// The event is being handled.
    #[error("a copy of the event is being handled, for {} s at most", seconds(*retry_after))]
    InProgress {
        /// When its lease ends.
        retry_after: Duration,
    },
    /// The store failed.
    #[error("{0}")]
    Store(ReplayStoreError),
}

impl Rejection {
    pub(super) fn new(cause: Cause, challenge: &HeaderValue) -> Self {
        Self { cause: Arc::new(cause), challenge: challenge.clone() }
    }

    /// What the sender may know.
    pub fn kind(&self) -> RejectionKind {
        match *self.cause {
            Cause::Signature(_) | Cause::Replayed { .. } => RejectionKind::Unverified,
            Cause::TooLarge { .. } => RejectionKind::TooLarge,
            Cause::Interrupted => RejectionKind::Interrupted,
            Cause::Dedupe { .. } | Cause::Event(_) => RejectionKind::Unreadable,
            Cause::Duplicate => RejectionKind::Duplicate,
            Cause::InProgress { .. } => RejectionKind::InProgress,
            Cause::Store(_) => RejectionKind::StoreUnavailable,
        }
    }

    /// Why; for the operator's log, never for the sender.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// The status to answer with.
    pub fn status(&self) -> StatusCode {
        match self.kind() {
            RejectionKind::Unverified => StatusCode::UNAUTHORIZED,
            RejectionKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            RejectionKind::Unreadable | RejectionKind::Interrupted => StatusCode::BAD_REQUEST,
            RejectionKind::Duplicate => StatusCode::OK,
            RejectionKind::InProgress | RejectionKind::StoreUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// How long the sender should wait, in whole seconds, at least one; only with 503.
    pub fn retry_after(&self) -> Option<u64> {
        match *self.cause {
            Cause::InProgress { retry_after } => Some(seconds(retry_after)),
            Cause::Store(_) => Some(seconds(STORE_PAUSE)),
            _ => None,
        }
    }

    /// The answer. The rejection itself travels in its extensions, for middleware that writes the operator's log;
    /// extensions never go over the wire.
    pub fn into_response(self) -> Response<Bytes> {
        let mut response = text_response(self.status(), self.text());
        let headers = response.headers_mut();
        if self.kind() == RejectionKind::Unverified {
            headers.insert(WWW_AUTHENTICATE, self.challenge.clone());
        }
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }

    const fn text_of(kind: RejectionKind) -> &'static str {
        match kind {
            RejectionKind::Unverified => "request could not be verified",
            RejectionKind::TooLarge => "body is too large",
            RejectionKind::Unreadable => "body is not the event",
            RejectionKind::Duplicate => "",
            RejectionKind::InProgress => "event is being handled",
            RejectionKind::StoreUnavailable => "try again later",
            RejectionKind::Interrupted => "body broke off",
        }
    }

    fn text(&self) -> &'static str {
        Self::text_of(self.kind())
    }
}

/// A response with a line of text, or without a body.
pub(super) fn text_response(status: StatusCode, text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    if !text.is_empty() {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    response
}

/// Whole seconds, rounded up, at least one.
pub(super) fn seconds(duration: Duration) -> u64 {
    (duration.as_secs() + u64::from(duration.subsec_nanos() > 0)).max(1)
}

impl From<VerifyError> for Cause {
    fn from(error: VerifyError) -> Self {
        Cause::Signature(error.cause().clone())
    }
}

// Neither shows the cause: both may end up in an answer. For the same reason `source` has none.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.kind() == RejectionKind::Duplicate { "event was handled before" } else { self.text() })
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

impl std::error::Error for Rejection {}
