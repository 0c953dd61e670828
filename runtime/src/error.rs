//! Why a call failed, and what is known about it.
//!
//! Messages carry the provider, the operation, its path template and our request id. They never carry bodies,
//! header or query values, or URLs; a cause that is someone else's text stands in `source`.

use crate::attempts::State;
use crate::base_url::BaseUrlError;
use crate::body::Stalled;
use crate::credentials::CredentialsError;
use crate::hint::{Clues, Hint};
use crate::json::DecodeError;
use crate::operation::OperationInfo;
#[cfg(doc)]
use crate::operation::Repeat;
use crate::reply::{Head, Reply};
use crate::retry;
use crate::uuid::Uuid;
use bytes::Bytes;
use countersign_auth::{RandomError, SignError};
use http::{HeaderMap, StatusCode};
use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A cause of any type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A call that failed; `E` holds the declared error bodies.
pub struct Error<E>(Box<Inner<E>>);

struct Inner<E> {
    kind: ErrorKind<E>,
    context: Context,
    cause: Option<BoxError>,
}

/// What is known about a call, however it ends.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) operation: &'static OperationInfo,
    pub(crate) request_id: Option<Uuid>,
    pub(crate) nonce: Option<String>,
    pub(crate) attempts: State,
    pub(crate) head: Option<Arc<Head>>,
    pub(crate) stopped: Option<Stopped>,
    /// What `Error::hint` is made of.
    pub(crate) clues: Clues,
    /// The body as it came, where the call asks for it.
    pub(crate) raw: Option<RawBody>,
    /// Whose credentials the last attempt was signed with, as a hash, where it was made in a session.
    pub(crate) owner: Option<String>,
}

/// Why a failure that may be gone next time was not followed by another attempt, although the operation may be
/// repeated after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stopped {
    /// All attempts of [`RetryOptions`](crate::RetryOptions) were made.
    Attempts,
    /// The client's [`RetryBudget`](crate::RetryBudget) is spent.
    Budget,
    /// There was not enough time left of the whole call's.
    Deadline {
        /// The time that the whole call had.
        after: Duration,
    },
    /// The body is a stream, which can't be sent twice.
    Body,
}

/// Why a call failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind<E> {
    /// The request could not be built; nothing was sent.
    Request(RequestError),
    /// The request could not be signed; this attempt was not sent.
    Sign(SignError),
    /// The connection failed or broke off, perhaps in the middle of the response.
    Transport(TransportError),
    /// Time ran out: that of an attempt, or of the whole call, as [`Error::stopped`] tells.
    Timeout,
    /// The API asked to wait, and for longer than the call may take; nothing was sent.
    Paused {
        /// How long the API's pause still is.
        left: Duration,
    },
    /// An error response that the API declares.
    Status(E),
    /// A failure that the API declares inside a response of success.
    Refused(E),
    /// A response that the API does not declare.
    Undeclared(RawBody),
    /// A response that is not what the API declares.
    Decode {
        /// The path of the member that failed, `data.items[3].price`; `.` is the body as a whole.
        path: String,
        /// What was expected and what kind of thing came instead, without its value.
        message: String,
        /// The body.
        body: RawBody,
    },
    /// The response has more bytes than the client takes.
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// There was no token to sign with; this attempt was not sent.
    Token(crate::sessions::TokenError),
    /// There were no credentials to sign with; this attempt was not sent.
    Credentials(CredentialsError),
    /// A middleware failed.
    Middleware(BoxError),
}

impl<E> Error<E> {
    /// Why the call failed.
    pub fn kind(&self) -> &ErrorKind<E> {
        &self.0.kind
    }

    /// The same, by value.
    pub fn into_kind(self) -> ErrorKind<E> {
        self.0.kind
    }

    /// The declared error body, if one came.
    pub fn body(&self) -> Option<&E> {
        match &self.0.kind {
            ErrorKind::Status(body) | ErrorKind::Refused(body) => Some(body),
            _ => None,
        }
    }

    /// The status of the last response, if one came.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.context.head.as_ref().map(|head| head.status)
    }

    /// The headers of the last response, if one came.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.context.head.as_ref().map(|head| &head.headers)
    }

    /// The body of the last response as it came, if the call asked for it with `with_raw`, and it is no stream.
    pub fn raw(&self) -> Option<&RawBody> {
        self.0.context.raw.as_ref()
    }

    /// The provider.
    pub fn provider(&self) -> &'static str {
        self.0.context.operation.provider
    }

    /// The operation.
    pub fn operation(&self) -> &'static OperationInfo {
        self.0.context.operation
    }

    /// Our id of this call, the same for all its attempts; empty if there were no random bytes to make one.
    pub fn request_id(&self) -> &str {
        self.0.context.request_id.as_ref().map_or("", Uuid::as_str)
    }

    /// The value that the last attempt used once only, where the API has one: what its support asks for.
    pub fn nonce(&self) -> Option<&str> {
        self.0.context.nonce.as_deref()
    }

    /// How many attempts were made.
    pub fn attempts(&self) -> u32 {
        self.0.context.attempts.count
    }

    /// Why there was no further attempt, where there could have been one.
    pub fn stopped(&self) -> Option<Stopped> {
        self.0.context.stopped
    }

    /// What to do next, where that is known; it ends the message, too.
    pub fn hint(&self) -> Option<Hint> {
        self.0.context.clues.hint(self.status(), self.0.context.operation)
    }

    /// Whether the server may have processed the call, as far as connections and statuses tell: an attempt came to
    /// it, and was not refused with 429, or 503 and `Retry-After`.
    pub fn may_be_processed(&self) -> bool {
        self.0.context.attempts.maybe_processed
    }

    /// Whether time ran out.
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Timeout)
    }

    /// Whether the same call may be made again: the failure is one that passes, and making the call twice can't
    /// do twice what should be done once.
    ///
    /// [`Repeat::Safe`] operations may be repeated after any failure that passes. [`Repeat::Unsafe`] ones only
    /// if no attempt can have been processed: there was no connection, or the server said 429, or 503 with
    /// `Retry-After`. [`Repeat::Never`] ones never.
    pub fn may_repeat(&self) -> bool {
        let Context { operation, attempts, .. } = &self.0.context;
        retry::kind_may_pass(&self.0.kind, self.status()) && retry::may_repeat(operation.repeat, attempts)
    }

    pub(crate) fn new(kind: ErrorKind<E>, context: Context) -> Self {
        Self(Box::new(Inner { kind, context, cause: None }))
    }

    pub(crate) fn from_failure(failure: Failed, context: Context) -> Self {
        Self(Box::new(Inner { kind: failure.kind.widen(), context, cause: failure.cause }))
    }
}

/// A call that failed before its operation had a say.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) kind: ErrorKind<Infallible>,
    pub(crate) cause: Option<BoxError>,
}

impl From<ErrorKind<Infallible>> for Failed {
    fn from(kind: ErrorKind<Infallible>) -> Self {
        Self { kind, cause: None }
    }
}

impl From<RequestError> for Failed {
    fn from(error: RequestError) -> Self {
        ErrorKind::Request(error).into()
    }
}

/// What a call had come to before its time ran out.
#[derive(Debug, thiserror::Error)]
#[error("attempt {attempt} had ended: {ending}")]
pub(crate) struct Earlier {
    attempt: u32,
    ending: String,
}

impl Earlier {
    pub(crate) fn of(attempt: u32, result: &Result<Reply, Failed>) -> Self {
        let ending = match result {
            Ok(reply) => format!("status {}", reply.head().status.as_u16()),
            Err(failed) => failed.kind.to_string(),
        };
        Self { attempt, ending }
    }
}

impl Failed {
    /// The time of the whole call is over.
    pub(crate) fn out_of_time(earlier: Option<Earlier>) -> Self {
        Self { kind: ErrorKind::Timeout, cause: earlier.map(Into::into) }
    }

    pub(crate) fn timeout(cause: impl Into<BoxError>) -> Self {
        Self { kind: ErrorKind::Timeout, cause: Some(cause.into()) }
    }

    pub(crate) fn transport(phase: Phase, cause: impl Into<BoxError>) -> Self {
        ErrorKind::Transport(TransportError { phase, cause: cause.into() }).into()
    }
}

impl<E> ErrorKind<E> {
    /// Its name, for metrics and traces.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Request(_) => "request",
            Self::Sign(_) => "sign",
            Self::Transport(error) if error.is_connect() => "connect",
            Self::Transport(_) => "transport",
            Self::Timeout => "timeout",
            Self::Paused { .. } => "paused",
            Self::Status(_) => "status",
            Self::Refused(_) => "refused",
            Self::Undeclared(_) => "undeclared",
            Self::Decode { .. } => "decode",
            Self::TooLarge { .. } => "too_large",
            Self::Token(_) => "token",
            Self::Credentials(_) => "credentials",
            Self::Middleware(_) => "middleware",
        }
    }
}

impl ErrorKind<Infallible> {
    fn widen<E>(self) -> ErrorKind<E> {
        match self {
            Self::Request(error) => ErrorKind::Request(error),
            Self::Sign(error) => ErrorKind::Sign(error),
            Self::Transport(error) => ErrorKind::Transport(error),
            Self::Timeout => ErrorKind::Timeout,
            Self::Paused { left } => ErrorKind::Paused { left },
            Self::Status(never) | Self::Refused(never) => match never {},
            Self::Undeclared(body) => ErrorKind::Undeclared(body),
            Self::Decode { path, message, body } => ErrorKind::Decode { path, message, body },
            Self::TooLarge { limit } => ErrorKind::TooLarge { limit },
            Self::Token(error) => ErrorKind::Token(error),
            Self::Credentials(error) => ErrorKind::Credentials(error),
            Self::Middleware(error) => ErrorKind::Middleware(error),
        }
    }
}

impl<E> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Context { operation, request_id, attempts, stopped, .. } = &self.0.context;
        write!(f, "{} {} ({} {}): ", operation.provider, operation.id, operation.method, operation.path)?;
        if let Some(status) = self.status() {
            write!(f, "status {}, ", status.as_u16())?;
        }
        write!(f, "{}", self.0.kind)?;
        if attempts.count > 1 {
            write!(f, "; attempt {}", attempts.count)?;
        }
        if let Some(stopped) = stopped.filter(|stopped| *stopped != Stopped::Attempts) {
            write!(f, "; {stopped}")?;
        }
        if let Some(id) = request_id {
            write!(f, "; request {id}")?;
        }
        match self.hint() {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempts => f.write_str("the last one allowed"),
            Self::Budget => f.write_str("the client's budget of repetitions is spent"),
            Self::Deadline { after } => write!(f, "the whole call may take {} s", after.as_secs_f64()),
            Self::Body => f.write_str("a body that is a stream can't be sent again"),
        }
    }
}

impl<E> fmt::Display for ErrorKind<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => write!(f, "request could not be built: {error}"),
            Self::Sign(error) => write!(f, "request could not be signed: {error}"),
            Self::Transport(error) => write!(f, "{error}"),
            Self::Timeout => f.write_str("time ran out"),
            Self::Paused { left } => write!(f, "not sent, the API asked to wait for another {} s", left.as_secs()),
            Self::Status(_) => f.write_str("declared error"),
            Self::Refused(_) => f.write_str("declared failure inside a success"),
            Self::Undeclared(body) => write!(f, "undeclared response of {} bytes", body.bytes.len()),
            Self::Decode { path, message, .. } => write!(f, "response does not decode: {message} at {path}"),
            Self::TooLarge { limit } => write!(f, "response has more than {limit} bytes"),
            Self::Token(error) => write!(f, "{error}"),
            Self::Credentials(error) => write!(f, "{error}"),
            Self::Middleware(_) => f.write_str("a middleware failed"),
        }
    }
}

/// Bodies of unknown shape and headers are left out; declared bodies print themselves.
impl<E: fmt::Debug> fmt::Debug for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Context { operation, attempts, stopped, .. } = &self.0.context;
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("provider", &operation.provider)
            .field("operation", &operation.id)
            .field("status", &self.status())
            .field("request_id", &self.request_id())
            .field("attempts", &attempts.count)
            .field("stopped", stopped)
            .field("may_repeat", &self.may_repeat())
            .field("cause", &self.0.cause)
            .finish()
    }
}

impl<E: fmt::Debug> std::error::Error for Error<E> {
    /// The cause behind the message; our own errors are part of the message already.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            ErrorKind::Request(error) => error.source().or(self.0.cause.as_deref().map(|cause| cause as _)),
            ErrorKind::Sign(error) => error.source(),
            ErrorKind::Transport(error) => error.source(),
            ErrorKind::Token(error) => error.source(),
            ErrorKind::Credentials(error) => error.source(),
            ErrorKind::Middleware(error) => Some(&**error),
            _ => self.0.cause.as_deref().map(|cause| cause as _),
        }
    }
}

/// A request that could not be built. Messages name parameters, never their values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A path parameter that would make its segment vanish or climb.
    #[error("path parameter `{name}` is empty, `.` or `..`")]
    PathValue {
        /// The parameter.
        name: &'static str,
    },
    /// A path parameter that the template does not have, or that was not given.
    #[error("path parameter `{name}` does not stand once in the template and once in the call")]
    PathParameter {
        /// The parameter.
        name: String,
    },
    /// A parameter whose value can't be written in its style.
    #[error("parameter `{name}` {why}")]
    Parameter {
        /// The parameter.
        name: String,
        /// What is wrong, never the value.
        why: &'static str,
    },
    /// The operation has a server of its own, or one that replaces it, whose URL does not fit.
    #[error("base URL of the operation is refused: {0}")]
    BaseUrl(BaseUrlError),
    /// The URL would not be the base URL with the filled template.
    #[error("the path template does not make a URL below the base URL")]
    Url,
    /// A header value with line breaks or other control characters.
    #[error("header `{name}` has characters that a header can't carry")]
    HeaderValue {
        /// The header.
        name: String,
    },
    /// A header name that is not one.
    #[error("header name {name} is not one")]
    HeaderName {
        /// The name, quoted.
        name: String,
    },
    /// A header that belongs to the connection and not to the caller.
    #[error("header `{name}` is not the caller's to set")]
    ReservedHeader {
        /// The header.
        name: String,
    },
    /// A body that can't be written.
    #[error("body can't be written as {format}")]
    Body {
        /// `JSON`, `form` or `multipart`.
        format: &'static str,
    },
    /// A batch of records whose call has no JSON with a list for them.
    #[error("body has no list of records at hand")]
    Batch,
    /// A body that is a stream, of a call that is made several times.
    #[error("body is a stream, which can't be sent a second time")]
    StreamAgain,
    /// A media type that is not one.
    #[error("media type of the body is not one")]
    MediaType,
    /// The method is not one.
    #[error("method is not one")]
    Method,
    /// The HTTP client does not take it: its URL is too long, or not one that the client may call.
    #[error("the HTTP client does not take it; its URL may be too long")]
    NotTaken,
    /// A blocking call inside of an async runtime would stop it.
    #[error("a blocking call inside of an async runtime would stop it; await the call instead")]
    InsideRuntime,
    /// The system had no thread for blocking calls.
    #[error("the system has no thread for blocking calls")]
    NoRuntime,
    /// There were no random bytes for the request id.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// A stream of values or events that went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The connection broke off; nothing follows.
    #[error(transparent)]
    Transport(TransportError),
    /// One value is not what the API declares; others follow.
    #[error("value does not decode: {message} at {path}")]
    Decode {
        /// The path of the member that failed; `.` is the value as a whole.
        path: String,
        /// What was expected and what kind of thing came instead, without its value.
        message: String,
        /// The value's text.
        body: RawBody,
    },
    /// The stream ended in the middle of a value.
    #[error("the stream ended in the middle of a value")]
    Incomplete(RawBody),
    /// One value has more bytes than the client takes; nothing follows.
    #[error("one value has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

impl StreamError {
    pub(crate) fn decode(error: &DecodeError, body: RawBody) -> Self {
        Self::Decode { path: error.path().to_owned(), message: error.message().to_owned(), body }
    }
}

/// A connection that failed or broke off.
#[derive(Debug)]
pub struct TransportError {
    phase: Phase,
    cause: BoxError,
}

/// Where a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Connect,
    Exchange,
    Body,
    Stalled,
}

impl TransportError {
    /// Whether there was no connection at all, so that nothing was sent.
    pub fn is_connect(&self) -> bool {
        self.phase == Phase::Connect
    }

    /// Whether the response broke off in its body.
    pub fn is_body(&self) -> bool {
        matches!(self.phase, Phase::Body | Phase::Stalled)
    }

    /// Whether time ran out in the body of a stream.
    pub fn is_timeout(&self) -> bool {
        self.phase == Phase::Stalled
    }

    /// No byte came for too long.
    pub(crate) fn stalled(stalled: Stalled) -> Self {
        Self { phase: Phase::Stalled, cause: stalled.into() }
    }

    /// An error in the body of a response.
    pub(crate) fn in_body(error: reqwest::Error) -> Self {
        let phase = if error.is_timeout() { Phase::Stalled } else { Phase::Body };
        Self { phase, cause: error.without_url().into() }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.phase {
            Phase::Connect => "no connection",
            Phase::Exchange => "connection broke off before the response",
            Phase::Body => "connection broke off in the response's body",
            Phase::Stalled => "time ran out in the response's body",
        })
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.cause)
    }
}

/// A body as it came, with its media type; printed by its length only.
#[derive(Clone, PartialEq, Eq)]
pub struct RawBody {
    pub(crate) media_type: Option<String>,
    pub(crate) bytes: Bytes,
}

impl RawBody {
    /// `Content-Type` as the server said it.
    pub fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The bytes as text, with replacement characters where they are not UTF-8.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

impl fmt::Debug for RawBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawBody({} bytes)", self.bytes.len())
    }
}
