//! What became of each attempt of a call.
//!
//! Middleware outside may try several times, besides what the client itself repeats, and wrap the last error in one
//! of its own. Whether the call may be repeated depends on every attempt, and the kind of failure on the last one; so
//! both are noted here, just outside the signing layer. So is what the last one says about clocks: outside of this
//! layer tokens and credentials are waited for, which is no part of the exchange.

use crate::skew::{Sample, Skew};
use crate::timer::Instant;
use countersign_auth::SignError;
use countersign_auth::hook::Signed;
use http::{Extensions, StatusCode, header::RETRY_AFTER};
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The attempts of one call; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempts(Arc<Mutex<State>>);

/// What is known of the attempts so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// How many there were.
    pub(crate) count: u32,
    /// How many came to an end.
    ended: u32,
    /// Whether the server may have processed one of them.
    pub(crate) maybe_processed: bool,
    /// How the last one ended, if it has.
    pub(crate) last: Option<Ending>,
    /// What the last one says about clocks.
    sample: Option<Sample>,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    /// A response came.
    Responded,
    /// It was not signed, and so not sent.
    Unsigned(SignError),
    /// Time ran out.
    TimedOut,
    /// There was no connection.
    NotConnected,
    /// The exchange broke off.
    Broken,
    /// The HTTP client did not take the request, so it was not sent.
    NotTaken,
    /// Something else inside failed.
    Other,
}

impl Attempts {
    pub(crate) fn state(&self) -> State {
        let mut state = self.lock().clone();
        // Whoever drops an attempt, to set it a time limit, say, can't tell how far it came.
        state.maybe_processed |= state.ended < state.count;
        state
    }

    /// What the last attempt says about clocks, once.
    pub(crate) fn take_sample(&self) -> Option<Sample> {
        self.lock().sample.take()
    }

    fn begin(&self) {
        let mut state = self.lock();
        state.count += 1;
        (state.last, state.sample) = (None, None);
    }

    fn measured(&self, sample: Sample) {
        self.lock().sample = Some(sample);
    }

    fn end(&self, ending: Ending, maybe_processed: bool) {
        let mut state = self.lock();
        state.ended += 1;
        state.maybe_processed |= maybe_processed;
        state.last = Some(ending);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The middleware that notes them.
pub(crate) struct NoteAttempts(pub(crate) Arc<Skew>);

#[cfg_attr(not(target_arch = "wasm32"), async_trait::async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait::async_trait(?Send))]
impl Middleware for NoteAttempts {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let attempts = extensions.get_or_insert_default::<Attempts>().clone();
        attempts.begin();
        let (corrected, began) = (self.0.applied(), Instant::now());
        // URLs carry tokens, so middleware outside gets errors without them.
        let result = next.run(request, extensions).await.map_err(Error::without_url);
        match &result {
            Ok(response) => {
                let holds_time = extensions.get::<Signed>().is_some_and(|signed| signed.holds_time);
                let signed_with = holds_time.then_some(corrected);
                let sample = self.0.sample(began.elapsed(), response.status(), response.headers(), signed_with);
                attempts.measured(sample);
                attempts.end(Ending::Responded, !refused_unprocessed(response));
            }
            Err(Error::Middleware(error)) => match error.downcast_ref::<SignError>() {
                Some(error) => attempts.end(Ending::Unsigned(error.clone()), false),
                None => attempts.end(Ending::Other, true),
            },
            Err(Error::Reqwest(error)) if not_connected(error) => {
                let ending = if error.is_timeout() { Ending::TimedOut } else { Ending::NotConnected };
                attempts.end(ending, false);
            }
            Err(Error::Reqwest(error)) if error.is_builder() => attempts.end(Ending::NotTaken, false),
            Err(Error::Reqwest(error)) if error.is_timeout() => attempts.end(Ending::TimedOut, true),
            Err(Error::Reqwest(_)) => attempts.end(Ending::Broken, true),
        }
        result
    }
}

/// Whether the server says that it did nothing: 429, and 503 with a time to come back.
fn refused_unprocessed(response: &Response) -> bool {
    match response.status() {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::SERVICE_UNAVAILABLE => response.headers().contains_key(RETRY_AFTER),
        _ => false,
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn not_connected(error: &reqwest::Error) -> bool {
    error.is_connect()
}

/// A browser does not tell.
#[cfg(target_arch = "wasm32")]
fn not_connected(_: &reqwest::Error) -> bool {
    false
}
