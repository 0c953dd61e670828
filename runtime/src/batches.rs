//! Many records, in as many calls as it takes, and what became of each.
//!
//! 1. `cut` takes records as they come and cuts them into calls, by number and by bytes.
//! 2. Calls run at once as far as the API's limits go. Each is made as its operation may be: one that may have been
//!    processed is not made again.
//! 3. `settle` holds the answer of each call against the records that went with it. A record is accepted or rejected
//!    only if the answer says so; all others are unknown.
//!
//! What the answers say is generated: [`Batched`].

mod cut;
mod report;
mod settle;

pub use report::{BatchReport, Doubt, RecordOutcome, RejectedRecord, Rejection, UnknownRecord};

use crate::call::{self, CallFuture};
use crate::operation::Operation;
use crate::reply::JsonConst;
use crate::request::Request;
use cut::{Chunk, Chunks, Frame};
use futures_core::Stream;
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::Value;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// An operation that takes a list of records; what generated code says.
pub trait Batched: Operation<Error: Send + Sync> {
    /// A record.
    type Record: Serialize + 'static;
    /// What an answer says of a record that was rejected.
    type Rejected: Send + 'static;
    /// How records are cut into calls.
    const BATCH: BatchInfo;

    /// What a success says of its records.
    fn answer(answer: Self::Output) -> BatchAnswer<Self::Rejected>;

    /// What a declared error says of its records, if it speaks of them.
    fn failure(error: &Self::Error) -> Option<BatchAnswer<Self::Rejected>>;

    /// Which record was rejected.
    fn which(rejected: &Self::Rejected) -> Which;

    /// Whether the same record may be accepted when it is sent again.
    fn may_pass(rejected: &Self::Rejected) -> bool;
}

/// How records are cut into calls.
#[derive(Clone, Copy, Debug)]
pub struct BatchInfo {
    /// JSON Pointer of the list in the body.
    pub records: &'static str,
    /// The most records of a call.
    pub limit: usize,
    /// The most bytes of a body, if there is a limit.
    pub bytes: Option<usize>,
    /// Smaller limits of calls that have certain records.
    pub smaller: &'static [SmallerLimit],
}

/// The limit of a call that has a certain record.
#[derive(Clone, Copy, Debug)]
pub struct SmallerLimit {
    /// JSON Pointer in a record.
    pub at: &'static str,
    /// The values there that mean it.
    pub equals: &'static [JsonConst],
    /// The most records of a call then.
    pub limit: usize,
}

/// What an answer says of the records of its call.
#[derive(Clone, Debug)]
pub struct BatchAnswer<R> {
    /// How many were accepted, if it says so.
    pub accepted: Option<u64>,
    /// Whether it says that all but the rejected ones were accepted; nothing if it never speaks of that:
    /// then a success does, and an error does not.
    pub is_complete: Option<bool>,
    /// Those that were rejected.
    pub rejected: Vec<R>,
}

/// Which record of a call is meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Which {
    /// The one at this place, counted from 0.
    Index(u64),
    /// The one that is equal to this.
    Echo(Value),
    /// That is not said.
    Untold,
}

#[cfg(not(target_arch = "wasm32"))]
type Records<R> = Pin<Box<dyn Stream<Item = R> + Send>>;
#[cfg(target_arch = "wasm32")]
type Records<R> = Pin<Box<dyn Stream<Item = R>>>;

/// The report of an operation's batch.
pub type Report<O> = BatchReport<<O as Batched>::Rejected, <O as Operation>::Error>;

/// How many calls run at once where the API says nothing.
const CALLS_AT_ONCE: u32 = 4;

/// Records on their way: `.await` makes the calls, and never fails as a whole.
///
/// Records are taken as calls get free, so a stream of them need not fit into memory. Dropping it gives up the calls
/// that run; what became of their records is then not known.
#[must_use = "nothing is sent before it is awaited"]
pub struct Batch<O: Batched> {
    call: Request,
    records: Records<O::Record>,
    at_once: usize,
}

impl<O: Batched> Batch<O> {
    /// Sends records in calls like this one; records in its own body go first.
    pub fn new(call: Request, records: impl IntoIterator<Item = O::Record, IntoIter: Source>) -> Self {
        Self::of_stream(call, futures_util::stream::iter(records))
    }

    /// The same for records that arrive one by one.
    pub fn of_stream(call: Request, records: impl Stream<Item = O::Record> + Source) -> Self {
        let at_once = O::INFO.limits.and_then(|limits| limits.concurrent).unwrap_or(CALLS_AT_ONCE);
        Self { call, records: Box::pin(records), at_once: usize::try_from(at_once).unwrap_or(usize::MAX).max(1) }
    }

    /// How many calls run at once, at least 1. At first it is the API's own limit, or 4 where it has none.
    pub fn at_once(mut self, calls: usize) -> Self {
        self.at_once = calls.max(1);
        self
    }

    async fn run(self) -> Report<O> {
        let Self { call, records, at_once } = self;
        let mut report = BatchReport::default();
        let frame = match Frame::of(&call, O::BATCH.records) {
            Ok(frame) => Arc::new(frame),
            // Whatever is sent fails alike, so one call says why.
            Err(error) => {
                let error = call::send::<O>(call.failing(error)).await.err().map(Arc::new);
                let mut records = records;
                while records.next().await.is_some() {
                    report.refuse(&error);
                }
                return report;
            }
        };
        let chunks = Chunks::<O>::new(records, O::BATCH, &frame);
        let calls = chunks.map(|chunk| send::<O>(call.with_body(Some(frame.around(&chunk).into())), chunk));
        let mut calls = std::pin::pin!(calls.buffer_unordered(at_once));
        while let Some(settled) = calls.next().await {
            report.add(settled);
        }
        report.sort();
        report
    }
}

/// One call, and what became of its records.
async fn send<O: Batched>(request: Request, chunk: Chunk) -> settle::Settled<O::Rejected, O::Error> {
    if chunk.records.is_empty() {
        return settle::unsent(chunk);
    }
    let outcome = call::send::<O>(request).await;
    settle::settle::<O>(chunk, outcome.map(crate::Response::into_inner))
}

/// What records may come from: something that can move between threads, where there are any.
#[cfg(not(target_arch = "wasm32"))]
pub trait Source: Send + 'static {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send + 'static> Source for T {}
/// What records may come from.
#[cfg(target_arch = "wasm32")]
pub trait Source: 'static {}
#[cfg(target_arch = "wasm32")]
impl<T: 'static> Source for T {}

impl<O: Batched> IntoFuture for Batch<O> {
    type Output = Report<O>;
    type IntoFuture = CallFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<O: Batched> fmt::Debug for Batch<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("operation", &O::INFO.id).field("at_once", &self.at_once).finish_non_exhaustive()
    }
}
