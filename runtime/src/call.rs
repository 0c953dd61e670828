//! The path of a call: request -> middleware -> signature -> response -> reply -> result.
//!
//! 1. [`Request`] becomes a request of reqwest, with its operation and what it is signed with in its extensions.
//! 2. The call waits at its gate: for a permit, for the end of a pause, for its turn.
//! 3. The client's middleware runs, the caller's outermost, signing innermost: every attempt is signed anew.
//! 4. The body is read up to the client's limit, or left to arrive where that response is a stream.
//! 5. A failure that may be gone next time leads back to 2, after a pause, as far as the operation, the call's
//!    options, the client's budget and the time that is left allow.
//! 6. A redirect of an API that has them, a signature that was rejected for its time, and a token that was rejected
//!    in the body of an answer lead back to 2 once.
//! 7. The status and the content type say which declared response it is, and the operation reads the body as that.
//!
//! Generic code is kept to the last step, so that many operations compile as one.

use crate::attempts::Attempts;
use crate::body::BodyLimits;
use crate::budget::{Behalf, Token};
use crate::client::Core;
use crate::declared::{self, Declared};
use crate::error::{Context, Earlier, Error, ErrorKind, Failed, RawBody, RequestError, Stopped};
use crate::exchange::{Answer, Exchange};
use crate::gates::Gate;
use crate::hint::Clues;
use crate::observe::{AttemptEnd, CallEnd, Observer, Span, WaitReason, Waited};
use crate::operation::{Operation, OperationInfo, Repeat};
use crate::permits::Permit;
use crate::redirect;
use crate::reply::{Head, Outcome, Reply};
use crate::request::Request;
use crate::retry::{self, RetryOptions, Verdict};
use crate::timer::{self, Instant};
use crate::uuid::Uuid;
use http::header::{ACCEPT, ACCEPT_ENCODING};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The future of a call.
#[cfg(not(target_arch = "wasm32"))]
pub type CallFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// The future of a call; in a browser it stays on its thread.
#[cfg(target_arch = "wasm32")]
pub type CallFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// A success: what the operation yields, with status and headers at hand.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    head: Arc<Head>,
    request_id: Uuid,
    nonce: Option<String>,
    raw: Option<RawBody>,
}

impl<T> Response<T> {
    /// What the operation yields.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The body as it came, if the call asked for it with `with_raw`, and it is no stream. A compressed one is
    /// unpacked.
    pub fn raw(&self) -> Option<&RawBody> {
        self.raw.as_ref()
    }

    /// Our id of this call, the same for all its attempts.
    pub fn request_id(&self) -> &str {
        self.request_id.as_str()
    }

    /// The value that the last attempt used once only, where the API has one: what its support asks for.
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Headers may carry cookies, so they are left out.
impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.head.status)
            .field("request_id", &self.request_id.as_str())
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

/// Sends a call and reads its response.
///
/// # Errors
/// See [`ErrorKind`].
pub async fn send<O: Operation>(request: Request) -> Result<Response<O::Output>, Error<O::Error>> {
    let mut context = Context::new(&request);
    let watch = Watch::new(&request);
    let ended = request.ended_session();
    let reply = match watch.span.run(exchange(request, O::RESPONSES, &mut context, &watch)).await {
        Ok(reply) => reply,
        Err(failed) => {
            watch.ended(&context, Some(failed.kind.label()));
            return Err(Error::from_failure(failed, context));
        }
    };
    if let (Some(session), Some(owner)) = (ended.filter(|_| succeeded::<O>(&reply)), context.owner.take()) {
        session.end(context.operation.id, &owner).await;
    }
    let kind = match (O::read(reply), &context) {
        (Outcome::Success(value), Context { head: Some(head), request_id: Some(request_id), .. }) => {
            watch.ended(&context, None);
            let (head, request_id) = (Arc::clone(head), request_id.clone());
            return Ok(Response { value, head, request_id, nonce: context.nonce, raw: context.raw });
        }
        // A reply has a head, and a request that was sent has an id.
        (Outcome::Success(_), _) => unreachable!("a success without a response"),
        (Outcome::Failure(body), _) => ErrorKind::Status(body),
        (Outcome::Refused(body), _) => ErrorKind::Refused(body),
        (Outcome::Undeclared(body), _) => ErrorKind::Undeclared(body),
        (Outcome::Unreadable(unreadable), _) => ErrorKind::Decode {
            path: unreadable.error.path().to_owned(),
            message: unreadable.error.message().to_owned(),
            body: unreadable.body,
        },
    };
    watch.ended(&context, Some(kind.label()));
    Err(Error::new(kind, context))
}

#[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
pub use crate::blocking::send as send_blocking;

/// Whether a reply is a success; what it holds is read again, since no value may wait for what follows.
fn succeeded<O: Operation>(reply: &Reply) -> bool {
    match reply.copy() {
        Some(copy) => matches!(O::read(copy), Outcome::Success(_)),
        None => reply.status() < 400,
    }
}

/// Makes attempts until one stands.
async fn exchange(
    request: Request,
    declared: &[Declared],
    context: &mut Context,
    watch: &Watch,
) -> Result<Reply, Failed> {
    let core = request.core().clone();
    let request_id = core.request_id()?;
    watch.identify(&request_id);
    context.request_id = Some(request_id);
    let options = request.options();
    // A stream may take its time.
    let may_stream = declared.iter().any(Declared::streams);
    let timeout = options.timeout.or(if may_stream { None } else { core.timeout() });
    let (session, behalf) = (request.held_session(), request.behalf());
    context.clues.doubled_body = request.has_doubled_body();
    let (mut request, signing) = request.build()?;
    *request.timeout_mut() = timeout;
    if let (None, Some(accept)) = (request.headers().get(ACCEPT), declared::accept(declared)) {
        request.headers_mut().insert(ACCEPT, HeaderValue::from_str(&accept).map_err(|_| RequestError::MediaType)?);
    }
    // A browser unpacks by itself, and a stream is passed on as it arrives.
    let can_unpack = cfg!(all(feature = "gzip", not(target_arch = "wasm32"))) && !may_stream;
    let unpacks = can_unpack && !request.headers().contains_key(ACCEPT_ENCODING);
    if unpacks {
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let after = options.deadline.unwrap_or(core.deadline());
    let call = Calling {
        gate: core.gates().of(request.url(), context.operation),
        behalf,
        exchange: Exchange {
            http: core.http(),
            signing,
            session,
            attempts: watch.attempts.clone(),
            declared,
            limits: BodyLimits { stall: options.stall.or(core.limits().stall), ..core.limits() },
            skew: core.skew(),
            unpacks,
            renewed: AtomicBool::new(false),
        },
        retry: options.retry.unwrap_or(core.retry()),
        after,
        deadline: timer::after(after),
        core: &core,
        watch,
    };
    core.budget().pay_in();
    let result = call.run(request, context).await;
    context.attempts = watch.attempts.state();
    context.clues.skew = core.skew().measured();
    if options.keeps_raw {
        context.raw = result.as_ref().ok().and_then(Reply::raw);
    }
    result
}

/// A call on its way.
struct Calling<'a> {
    core: &'a Core,
    gate: Arc<Gate>,
    behalf: Behalf,
    exchange: Exchange<'a>,
    retry: RetryOptions,
    /// The time that the whole call has, and when that is over.
    after: Duration,
    deadline: Option<Instant>,
    watch: &'a Watch,
}

impl Calling<'_> {
    async fn run(&self, request: reqwest::Request, context: &mut Context) -> Result<Reply, Failed> {
        let mut request = Some(request);
        let mut last: Option<Result<Reply, Failed>> = None;
        let mut token: Option<Token> = None;
        let mut only_once = OnlyOnce::default();
        for made in 0_u32.. {
            let permit = match self.enter(context).await {
                Ok(permit) => permit,
                // What was known before the wait is worth more than that the wait was too long.
                Err(waited) => {
                    context.stopped = Some(self.out_of_time());
                    return last.unwrap_or(Err(waited));
                }
            };
            let again = request.as_ref().and_then(reqwest::Request::try_clone);
            let Some(current) = std::mem::replace(&mut request, again) else { break };
            let Some(result) = self.attempt(current, permit, made + 1, context).await else {
                context.stopped = Some(self.out_of_time());
                return Err(Failed::out_of_time(last.as_ref().map(|last| Earlier::of(made, last))));
            };
            if self.goes_on(&result, &mut request, &mut only_once, made + 1, context) {
                last = Some(result.map(|answer| answer.reply));
                continue;
            }
            let result = result.map(|answer| answer.reply);
            let verdict = self.judge(&result, context);
            if verdict == Verdict::Stands {
                token.into_iter().for_each(Token::give_back);
                return result;
            }
            if !retry::may_repeat(context.operation.repeat, &self.exchange.attempts.state()) {
                return result;
            }
            drop(token.take());
            match self.prepare(made + 1, verdict, request.is_some(), context).await {
                Ok(next) => token = Some(next),
                Err(stopped) => {
                    context.stopped = Some(stopped);
                    return result;
                }
            }
            last = Some(result);
        }
        // A request that can't be sent twice has stopped above.
        unreachable!("an attempt without a request")
    }

    /// Waits for the right to make an attempt.
    async fn enter(&self, context: &Context) -> Result<Permit, Failed> {
        let began = Instant::now();
        let entered = timer::until(self.deadline, self.gate.enter(self.deadline)).await;
        self.watch.waited(context, WaitReason::Turn, began.elapsed());
        match entered {
            Some(Ok(permit)) => Ok(permit),
            Some(Err(left)) => Err(ErrorKind::Paused { left }.into()),
            None => Err(Failed::out_of_time(None)),
        }
    }

    /// Makes an attempt; nothing if the time of the whole call ends before.
    async fn attempt(
        &self,
        request: reqwest::Request,
        permit: Permit,
        number: u32,
        context: &mut Context,
    ) -> Option<Result<Answer, Failed>> {
        let began = Instant::now();
        let span = self.watch.span.attempt(context.operation, &request, number);
        let attempt = span.run(async {
            let begun = self.exchange.send(request, &permit, context).await?;
            // The others need not wait for the body, which may never come.
            self.tell_pace(&begun.head, began);
            self.exchange.read(begun, permit).await
        });
        let result = timer::until(self.deadline, attempt).await;
        let error = match &result {
            Some(Ok(_)) => None,
            Some(Err(failed)) => Some(failed.kind.label()),
            None => Some("timeout"),
        };
        if let Some(head) = &context.head {
            span.headers(&head.headers);
        }
        let status = context.head.as_ref().map(|head| head.status);
        span.end(status, error, None);
        self.watch.attempt(context, number, error, began.elapsed());
        result
    }

    /// Whether a response asks for another request at once, which happens once in a call for each cause: a
    /// redirect, where the API has them, a token that was renewed, and a signature that was rejected for its time.
    fn goes_on(
        &self,
        result: &Result<Answer, Failed>,
        request: &mut Option<reqwest::Request>,
        only_once: &mut OnlyOnce,
        made: u32,
        context: &Context,
    ) -> bool {
        let (Ok(answer), Some(request)) = (result, request) else { return false };
        if context.operation.repeat == Repeat::Never {
            return false;
        }
        if answer.renewed {
            return true;
        }
        let head = answer.reply.head();
        if self.core.redirects() && !std::mem::replace(&mut only_once.redirected, true) {
            let base = self.core.base().as_str();
            if let Some(url) = redirect::target(request.method(), request.url(), base, head.status, &head.headers) {
                *request.url_mut() = url;
                return true;
            }
            only_once.redirected = false;
        }
        let corrects = answer.skewed && self.retry.allows_another(made);
        corrects && !std::mem::replace(&mut only_once.corrected, true)
    }

    /// The API's pace hears how an attempt was answered that began then.
    fn tell_pace(&self, head: &Head, began: Instant) {
        match retry::of_response(head.status, &head.headers, self.core.clock()) {
            // It may come back at once, so it says nothing about the others.
            Verdict::Refused(Some(Duration::ZERO)) => {}
            Verdict::Refused(told) => self.gate.pace.refused(began, told, retry::chance(self.core)),
            Verdict::MayPass | Verdict::Stands => self.gate.pace.accepted(began),
        }
    }

    /// What an attempt says about the next one.
    fn judge(&self, result: &Result<Reply, Failed>, context: &Context) -> Verdict {
        let head = context.head.as_ref();
        let answered = head.map(|head| retry::of_response(head.status, &head.headers, self.core.clock()));
        match (result, answered) {
            // Without its body a refusal is still one.
            (Ok(_), Some(verdict)) | (Err(_), Some(verdict @ Verdict::Refused(_))) => verdict,
            (Err(failed), _) => retry::of_failure(failed),
            // A reply has a head.
            (Ok(_), None) => Verdict::Stands,
        }
    }

    /// Prepares another attempt: a token of the budget, and a pause.
    async fn prepare(
        &self,
        made: u32,
        verdict: Verdict,
        has_request: bool,
        context: &Context,
    ) -> Result<Token, Stopped> {
        if !self.retry.allows_another(made) {
            return Err(Stopped::Attempts);
        }
        if !has_request {
            return Err(Stopped::Body);
        }
        let budget = self.core.budget();
        // The gate makes those wait that were told to.
        let refused = matches!(verdict, Verdict::Refused(told) if told != Some(Duration::ZERO));
        // A call that waits for this one may hold the token that it would wait for.
        let token = if refused && self.behalf == Behalf::Caller {
            timer::until(self.deadline, budget.take_or_wait()).await.ok_or(self.out_of_time())?
        } else {
            budget.take()
        };
        let token = token.ok_or(Stopped::Budget)?;
        if !refused {
            let pause = self.retry.pause(made, retry::chance(self.core));
            match (timer::after(pause), self.deadline) {
                (Some(until), None) => timer::sleep_until(until).await,
                (Some(until), Some(deadline)) if until < deadline => timer::sleep_until(until).await,
                _ => return Err(self.out_of_time()),
            }
            self.watch.waited(context, WaitReason::BackOff, pause);
        }
        Ok(token)
    }

    fn out_of_time(&self) -> Stopped {
        Stopped::Deadline { after: self.after }
    }
}

/// What happens at most once in a call.
#[derive(Default)]
struct OnlyOnce {
    redirected: bool,
    corrected: bool,
}

/// Who watches a call. If it goes before the call has ended, the call was cancelled.
struct Watch {
    span: Span,
    observer: Option<Arc<dyn Observer>>,
    operation: &'static OperationInfo,
    began: Instant,
    request_id: OnceLock<Uuid>,
    attempts: Attempts,
    has_ended: AtomicBool,
}

impl Watch {
    fn new(request: &Request) -> Self {
        let operation = request.operation();
        Self {
            span: Span::call(operation),
            observer: request.core().observer().cloned(),
            operation,
            began: Instant::now(),
            request_id: OnceLock::new(),
            attempts: Attempts::default(),
            has_ended: AtomicBool::new(false),
        }
    }

    fn identify(&self, request_id: &Uuid) {
        self.span.identify(request_id);
        // A call has one id.
        let _ = self.request_id.set(request_id.clone());
    }

    fn waited(&self, context: &Context, why: WaitReason, took: Duration) {
        // Most calls may start at once.
        if took.as_millis() == 0 {
            return;
        }
        self.span.waited(why, took);
        if let Some(observer) = &self.observer {
            observer.waited(&Waited { operation: context.operation, request_id: context.id(), why, took });
        }
    }

    fn attempt(&self, context: &Context, number: u32, error: Option<&'static str>, took: Duration) {
        let Some(observer) = &self.observer else { return };
        let status = context.head.as_ref().map(|head| head.status);
        let (operation, request_id) = (context.operation, context.id());
        observer.attempt(&AttemptEnd { operation, request_id, number, status, error, took });
    }

    fn ended(&self, context: &Context, error: Option<&'static str>) {
        self.has_ended.store(true, Ordering::Relaxed);
        let status = context.head.as_ref().map(|head| head.status);
        self.tell_end(status, error);
    }

    fn tell_end(&self, status: Option<StatusCode>, error: Option<&'static str>) {
        let attempts = self.attempts.state().count;
        self.span.end(status, error, Some(attempts));
        let Some(observer) = &self.observer else { return };
        let request_id = self.request_id.get().map(Uuid::as_str).unwrap_or_default();
        let (operation, took) = (self.operation, self.began.elapsed());
        observer.call(&CallEnd { operation, request_id, attempts, status, error, took });
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.has_ended.load(Ordering::Relaxed) {
            self.tell_end(None, Some("cancelled"));
        }
    }
}

impl Context {
    pub(crate) fn new(request: &Request) -> Self {
        let clues = Clues { has_other_servers: request.core().has_other_servers(), ..Clues::default() };
        Self {
            operation: request.operation(),
            request_id: None,
            nonce: None,
            attempts: Default::default(),
            head: None,
            stopped: None,
            clues,
            raw: None,
            owner: None,
        }
    }

    fn id(&self) -> &str {
        self.request_id.as_ref().map_or("", Uuid::as_str)
    }
}
