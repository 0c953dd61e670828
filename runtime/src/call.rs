//! The path of a call: request -> middleware -> signature -> response -> reply -> result.
//!
//! 1. [`Request`] becomes a request of reqwest, with its operation and what it is signed with in its extensions.
//! 2. The client's middleware runs, the caller's outermost, signing innermost: every attempt is signed anew.
//! 3. The body is read up to the client's limit, or left to arrive where that response is a stream.
//! 4. The status and the content type say which declared response it is, and the operation reads the body as that.
//!
//! Generic code is kept to the last step, so that many operations compile as one.

use crate::attempts::{Attempts, Ending};
use crate::binary::ByteStream;
use crate::declared::{self, Choice, Declared};
use crate::error::{BoxError, Context, Error, ErrorKind, Failed, Phase, RequestError, TransportError};
use crate::operation::Operation;
use crate::reply::{self, Head, Outcome, Reply, ReplyBody};
use crate::request::Request;
use crate::uuid::Uuid;
use bytes::{Bytes, BytesMut};
use countersign_auth::hook::Signed;
use futures_util::StreamExt;
use http::header::ACCEPT;
use http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

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
    let ended = request.ended_session();
    let reply = match exchange(request, O::RESPONSES, &mut context).await {
        Ok(reply) => reply,
        Err(failed) => return Err(Error::from_failure(failed, context)),
    };
    if let Some((session, owner)) = ended.filter(|_| succeeded::<O>(&reply)) {
        session.end(context.operation.id, &owner).await;
    }
    let kind = match (O::read(reply), &context) {
        (Outcome::Success(value), Context { head: Some(head), request_id: Some(request_id), .. }) => {
            let (head, request_id) = (Arc::clone(head), request_id.clone());
            return Ok(Response { value, head, request_id, nonce: context.nonce });
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
    Err(Error::new(kind, context))
}

/// Whether a reply is a success; what it holds is read again, since no value may wait for what follows.
fn succeeded<O: Operation>(reply: &Reply) -> bool {
    match reply.copy() {
        Some(copy) => matches!(O::read(copy), Outcome::Success(_)),
        None => reply.status() < 400,
    }
}

async fn exchange(request: Request, declared: &[Declared], context: &mut Context) -> Result<Reply, Failed> {
    let core = request.core().clone();
    context.request_id = Some(core.request_id()?);
    // A stream may take its time.
    let may_stream = declared.iter().any(Declared::streams);
    let timeout = request.own_timeout().or(if may_stream { None } else { core.timeout() });
    let session = request.held_session();
    let (mut request, signing) = request.build()?;
    *request.timeout_mut() = timeout;
    if let (None, Some(accept)) = (request.headers().get(ACCEPT), declared::accept(declared)) {
        request.headers_mut().insert(ACCEPT, HeaderValue::from_str(&accept).map_err(|_| RequestError::MediaType)?);
    }

    let attempts = Attempts::default();
    let mut extensions = Extensions::new();
    extensions.insert(context.operation);
    extensions.insert(signing);
    if let Some(session) = session {
        extensions.insert(session);
    }
    extensions.insert(attempts.clone());
    let result = core.http().execute_with_extensions(request, &mut extensions).await;
    context.attempts = attempts.state();
    context.nonce = extensions.remove::<Signed>().and_then(|signed| Some(signed.single_use.into_iter().next()?.1));

    let mut response = result.map_err(|error| failed(error, context.attempts.last.take()))?;
    let head = Arc::new(Head { status: response.status(), headers: std::mem::take(response.headers_mut()) });
    context.head = Some(Arc::clone(&head));
    let media_type = reply::media_type(&head.headers);
    let choice = declared::choose(declared, head.status.as_u16(), media_type.as_deref());
    let streams = matches!(choice, Choice::Case(at) if declared[at].streams()) && head.status.is_success();
    let body = if streams {
        ReplyBody::Stream(ByteStream::of_response(media_type, response))
    } else {
        ReplyBody::Bytes(buffered(response, core.max_body()).await?)
    };
    Ok(Reply::new(head, body, choice, core.max_body()))
}

/// Sorts an error by how the last attempt ended, whatever middleware has made of it.
fn failed(error: reqwest_middleware::Error, last: Option<Ending>) -> Failed {
    if let reqwest_middleware::Error::Middleware(cause) = &error
        && let Some(error) = cause.downcast_ref::<crate::sessions::TokenError>()
    {
        return ErrorKind::Token(error.clone()).into();
    }
    if let reqwest_middleware::Error::Middleware(cause) = &error
        && let Some(error) = cause.downcast_ref::<crate::credentials::CredentialsError>()
    {
        return ErrorKind::Credentials(error.clone()).into();
    }
    let ending = last.unwrap_or(Ending::Other);
    let cause: BoxError = match error.without_url() {
        // Middleware may wrap an error that it made of a response, with the URL that was signed.
        reqwest_middleware::Error::Middleware(cause) => match cause.downcast::<reqwest::Error>() {
            Ok(cause) => cause.without_url().into(),
            Err(cause) => match cause.downcast::<reqwest_middleware::Error>() {
                Ok(cause) => cause.without_url().into(),
                Err(cause) => cause.into(),
            },
        },
        reqwest_middleware::Error::Reqwest(cause) => cause.into(),
    };
    match ending {
        Ending::Unsigned(error) => ErrorKind::Sign(error).into(),
        Ending::NotTaken => Failed { kind: ErrorKind::Request(RequestError::NotTaken), cause: Some(cause) },
        Ending::TimedOut => Failed::timeout(cause),
        Ending::NotConnected => Failed::transport(Phase::Connect, cause),
        Ending::Broken => Failed::transport(Phase::Exchange, cause),
        // A response came, or no attempt was made: the error is the middleware's own.
        Ending::Responded | Ending::Other => ErrorKind::Middleware(cause).into(),
    }
}

pub(crate) async fn buffered(response: reqwest::Response, limit: usize) -> Result<Bytes, Failed> {
    let mut pieces = std::pin::pin!(response.bytes_stream());
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let mut length = 0_usize;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(body_failed)?;
        length += piece.len();
        if length > limit {
            return Err(ErrorKind::TooLarge { limit }.into());
        }
        // Most bodies are one piece, which needs no copy.
        if first.is_empty() && all.is_empty() {
            first = piece;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&piece);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

fn body_failed(error: reqwest::Error) -> Failed {
    if error.is_timeout() {
        Failed::timeout(error.without_url())
    } else {
        ErrorKind::Transport(TransportError::in_body(error)).into()
    }
}

impl Context {
    fn new(request: &Request) -> Self {
        Self { operation: request.operation(), request_id: None, nonce: None, attempts: Default::default(), head: None }
    }
}
