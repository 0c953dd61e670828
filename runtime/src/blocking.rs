//! Calls, walks over pages, polls and batches from threads that have no async runtime.
//!
//! One runtime serves all clients of the process; it is made when it is first needed. Inside of an async runtime
//! nothing is sent, since waiting there would stop it: a call fails with [`RequestError::InsideRuntime`]. The threads
//! that such a runtime has for blocking work (`spawn_blocking`) may wait.

use crate::batches::{Batch, Batched, Report};
use crate::call::{self, Response};
use crate::error::{Context, Error, ErrorKind, RequestError};
use crate::operation::Operation;
use crate::pages::{Items, Page, PageError, Paged, Pages};
use crate::poll::{PollError, PollResult, Polled, Polling};
use crate::request::Request;
use futures_util::FutureExt as _;
use std::sync::OnceLock;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::coop::consume_budget;

/// Sends a call and waits for its response.
///
/// # Errors
/// See [`ErrorKind`]; inside of an async runtime [`RequestError::InsideRuntime`].
pub fn send<O: Operation>(request: Request) -> Result<Response<O::Output>, Error<O::Error>> {
    match runtime() {
        Ok(runtime) => runtime.block_on(call::send::<O>(request)),
        Err(error) => Err(unsent(error, &request)),
    }
}

/// A walk over pages as an [`Iterator`], of its pages or of its items.
///
/// A call that fails is an item, and the walk stays where it is; so the next one makes that call again. Inside of an
/// async runtime the first item is an error, and the last one.
#[derive(Debug)]
pub struct Walk<W> {
    walk: W,
    is_over: bool,
}

impl<W> Walk<W> {
    fn new(walk: W) -> Self {
        Self { walk, is_over: false }
    }

    /// The walk, to ask for its cursor.
    pub fn get_ref(&self) -> &W {
        &self.walk
    }

    /// The walk, to go on in an async runtime.
    pub fn into_inner(self) -> W {
        self.walk
    }

    /// The runtime; without one the walk is over.
    fn runtime(&mut self) -> Option<Result<&'static Runtime, RequestError>> {
        if self.is_over {
            return None;
        }
        let runtime = runtime();
        self.is_over = runtime.is_err();
        Some(runtime)
    }
}

impl<O: Paged> Pages<O> {
    /// The pages for a thread without an async runtime.
    pub fn blocking(self) -> Walk<Self> {
        Walk::new(self)
    }
}

impl<O: Paged> Items<O> {
    /// The items for a thread without an async runtime.
    pub fn blocking(self) -> Walk<Self> {
        Walk::new(self)
    }
}

impl<O: Paged> Iterator for Walk<Pages<O>> {
    type Item = Result<Response<Page<O>>, PageError<O::Error>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.runtime()? {
            Ok(runtime) => runtime.block_on(self.walk.next()).transpose(),
            Err(error) => Some(Err(unsent(error, self.walk.start()).into())),
        }
    }
}

impl<O: Paged> Iterator for Walk<Items<O>> {
    type Item = Result<O::Item, PageError<O::Error>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.runtime()? {
            Ok(runtime) => runtime.block_on(self.walk.next()).transpose(),
            Err(error) => Some(Err(unsent(error, self.walk.start()).into())),
        }
    }
}

impl<O: Polled> Polling<O> {
    /// Waits for the result on a thread without an async runtime.
    ///
    /// # Errors
    /// As when it is awaited; inside of an async runtime a call that was not sent.
    pub fn send_blocking(self) -> Result<Response<PollResult<O>>, PollError<O::Error>> {
        match runtime() {
            Ok(runtime) => runtime.block_on(self.into_future()),
            Err(error) => Err(self.failed(|start| unsent(error, start))),
        }
    }
}

impl<O: Batched> Batch<O> {
    /// Sends all records from a thread without an async runtime.
    ///
    /// # Errors
    /// Inside of an async runtime, or if the system has no thread to give; then nothing was sent.
    pub fn send_blocking(self) -> Result<Report<O>, RequestError> {
        Ok(runtime()?.block_on(self.into_future()))
    }
}

/// A call that was not sent.
fn unsent<E>(error: RequestError, request: &Request) -> Error<E> {
    Error::new(ErrorKind::Request(error), Context::new(request))
}

/// The runtime that blocking calls share.
///
/// # Errors
/// Inside of an async runtime, where blocking would stop it; or if the system has no thread to give.
fn runtime() -> Result<&'static Runtime, RequestError> {
    static SHARED: OnceLock<Option<Runtime>> = OnceLock::new();
    if is_driving() {
        return Err(RequestError::InsideRuntime);
    }
    // One thread besides the caller's: connections live on while nobody calls.
    let make = || Builder::new_multi_thread().worker_threads(1).thread_name("countersign").enable_all().build().ok();
    SHARED.get_or_init(make).as_ref().ok_or(RequestError::NoRuntime)
}

/// Whether this thread drives a task, which waiting would stop, and others with it. Threads for blocking work belong
/// to a runtime too, but drive nothing: those of `spawn_blocking` and `block_in_place` may wait.
fn is_driving() -> bool {
    // A task may take so many steps until it lets others come, and blocking work any number. A runtime refuses to be
    // entered where another one is driven, but says so by a panic only.
    const STEPS: usize = 1024;
    Handle::try_current().is_ok() && (0..STEPS).any(|_| consume_budget().now_or_never().is_none())
}
