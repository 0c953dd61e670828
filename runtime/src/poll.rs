//! Answers that are not there yet: a call starts the work, and others ask until it is done.
//!
//! 1. The first call is made. If its answer is the result already, that is all.
//! 2. After a pause the result is asked for, with the id of the first answer; the pauses grow up to a longest one,
//!    and are at least what the last answer says in `Retry-After`.
//! 3. It ends with the result, with the error of a call, or at the deadline. Both errors keep the id, so that asking
//!    can go on later without starting the work anew.
//!
//! What an answer looks like while the work goes on is generated: [`Polled`].

use crate::call::{self, CallFuture, Response};
use crate::error::Error;
use crate::operation::Operation;
use crate::pages::CursorParameter;
use crate::request::Request;
use crate::timer;
use http::HeaderMap;
use http::header::RETRY_AFTER;
use std::fmt;
use std::time::Duration;

/// An operation that starts work whose result comes later; what generated code says.
pub trait Polled: Operation {
    /// The operation that gives the result; the same one where the same call is made again.
    type Next: Operation<Error = Self::Error>;
    /// How it is asked, unless the caller says otherwise.
    const POLL: PollInfo;

    /// The id of the work.
    fn id(answer: &Self::Output) -> Option<String>;

    /// The answer of this operation as the result, if it is one.
    fn result(answer: Response<Self::Output>) -> Option<Response<PollResult<Self>>>;

    /// Whether an answer says that the work still goes on.
    fn is_pending(answer: &PollResult<Self>) -> bool;
}

/// The result of an operation that is polled.
pub type PollResult<O> = <<O as Polled>::Next as Operation>::Output;

/// How a result is asked for.
#[derive(Clone, Copy, Debug)]
pub struct PollInfo {
    /// The parameter that takes the id; none if the same call is made again.
    pub id: Option<CursorParameter>,
    /// The first pause.
    pub interval: Duration,
    /// The longest pause.
    pub longest_interval: Duration,
    /// When to give up.
    pub deadline: Duration,
}

/// A result that is waited for: `.await` makes the calls.
#[must_use = "nothing is asked before it is awaited"]
pub struct Polling<O> {
    start: Request,
    from: Option<String>,
    info: PollInfo,
    operation: std::marker::PhantomData<fn() -> O>,
}

/// A result that did not come.
pub struct PollError<E> {
    kind: PollErrorKind<E>,
    id: Option<String>,
    polls: u32,
}

/// Why a result did not come.
#[derive(Debug)]
#[non_exhaustive]
pub enum PollErrorKind<E> {
    /// A call failed.
    Call(Error<E>),
    /// The work was not done in time.
    Deadline {
        /// The time that it had.
        after: Duration,
    },
    /// The first answer says that the work goes on, and not by which id to ask for it.
    NoId,
}

impl<O: Polled> Polling<O> {
    /// Begins with this call.
    pub fn new(start: Request) -> Self {
        Self { start, from: None, info: O::POLL, operation: std::marker::PhantomData }
    }

    /// Goes on with work that was started before, with the options of this call.
    pub fn from_id(start: Request, id: impl Into<String>) -> Self {
        Self { from: Some(id.into()), ..Self::new(start) }
    }

    /// The first pause; each pause is half as long again as the one before.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.info.interval = interval;
        self
    }

    /// The longest pause.
    pub fn longest_interval(mut self, longest: Duration) -> Self {
        self.info.longest_interval = longest;
        self
    }

    /// When to give up: the time for all calls and pauses together.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.info.deadline = deadline;
        self
    }

    /// The error of a first call that was not made.
    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    pub(crate) fn failed(self, error: impl FnOnce(&Request) -> Error<O::Error>) -> PollError<O::Error> {
        PollError { kind: PollErrorKind::Call(error(&self.start)), id: self.from, polls: 0 }
    }

    async fn run(self) -> Result<Response<PollResult<O>>, PollError<O::Error>> {
        let mut run = Run::<O> { ends: timer::after(self.info.deadline), polling: self, id: None, polls: 0 };
        match run.result().await {
            Ok(result) => Ok(result),
            Err(kind) => Err(PollError { kind, id: run.id, polls: run.polls }),
        }
    }
}

/// A result on its way.
struct Run<O> {
    polling: Polling<O>,
    ends: Option<timer::Instant>,
    id: Option<String>,
    polls: u32,
}

impl<O: Polled> Run<O> {
    async fn result(&mut self) -> Result<Response<PollResult<O>>, PollErrorKind<O::Error>> {
        let info = self.polling.info;
        let mut told = None;
        match self.polling.from.take() {
            Some(id) => self.id = Some(id),
            None => {
                let answer = self.in_time(call::send::<O>(self.polling.start.again())).await?;
                self.id = O::id(&answer);
                told = retry_after(answer.headers());
                if let Some(result) = O::result(answer) {
                    return Ok(result);
                }
            }
        }
        let mut pause = info.interval;
        loop {
            let request = match (info.id, &self.id) {
                (None, _) => self.polling.start.again(),
                (Some(at), Some(id)) => self.polling.start.next_page(O::Next::INFO, at, id),
                (Some(_), None) => return Err(PollErrorKind::NoId),
            };
            self.pause(pause.min(info.longest_interval).max(told.unwrap_or_default())).await?;
            self.polls += 1;
            let answer = self.in_time(call::send::<O::Next>(request)).await?;
            if !O::is_pending(&answer) {
                return Ok(answer);
            }
            told = retry_after(answer.headers());
            pause = pause.saturating_mul(3) / 2;
        }
    }

    /// A call that ends at the deadline.
    async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, Error<O::Error>>>,
    ) -> Result<T, PollErrorKind<O::Error>> {
        match timer::until(self.ends, call).await {
            Some(outcome) => outcome.map_err(PollErrorKind::Call),
            None => Err(self.late()),
        }
    }

    /// A pause, unless the deadline comes before its end.
    async fn pause(&self, pause: Duration) -> Result<(), PollErrorKind<O::Error>> {
        match (timer::after(pause), self.ends) {
            (None, _) => Err(self.late()),
            (Some(until), Some(ends)) if until >= ends => Err(self.late()),
            (Some(until), _) => {
                timer::sleep_until(until).await;
                Ok(())
            }
        }
    }

    fn late(&self) -> PollErrorKind<O::Error> {
        PollErrorKind::Deadline { after: self.polling.info.deadline }
    }
}

/// The seconds of `Retry-After`; a date is left to the pauses.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

impl<O: Polled> IntoFuture for Polling<O> {
    type Output = Result<Response<PollResult<O>>, PollError<O::Error>>;
    type IntoFuture = CallFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<E> PollError<E> {
    /// Why the result did not come.
    pub fn kind(&self) -> &PollErrorKind<E> {
        &self.kind
    }

    /// The same, by value.
    pub fn into_kind(self) -> PollErrorKind<E> {
        self.kind
    }

    /// The id of the work, if it was started: what asking goes on with.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// How often the result was asked for.
    pub fn polls(&self) -> u32 {
        self.polls
    }
}

impl<E: fmt::Debug> fmt::Debug for PollError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollError").field("kind", &self.kind).field("polls", &self.polls).finish_non_exhaustive()
    }
}

impl<E> fmt::Display for PollError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            PollErrorKind::Call(error) => error.fmt(f),
            PollErrorKind::Deadline { after } => {
                write!(f, "no result within {} s, asked {} times", after.as_secs_f64(), self.polls)
            }
            PollErrorKind::NoId => f.write_str("the work goes on, and the answer has no id to ask for it"),
        }
    }
}

impl<E: fmt::Debug> std::error::Error for PollError<E> {
    /// The cause behind the call's own message, which is this one's.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            PollErrorKind::Call(error) => error.source(),
            PollErrorKind::Deadline { .. } | PollErrorKind::NoId => None,
        }
    }
}

impl<O: Polled> fmt::Debug for Polling<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polling").field("operation", &O::INFO.id).field("info", &self.info).finish_non_exhaustive()
    }
}
