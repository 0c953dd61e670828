//! One attempt: a request goes through the middleware, and its response's body is read or left to arrive.

use crate::attempts::{Attempts, Ending};
use crate::binary::ByteStream;
use crate::body::{self, BodyLimits};
use crate::declared::{self, Choice, Declared};
use crate::error::{BoxError, Context, ErrorKind, Failed, Phase, RequestError};
use crate::permits::Permit;
use crate::reply::{self, Head, Reply, ReplyBody};
use crate::sessions::{Session, UsedSession};
use crate::skew::Skew;
use countersign_auth::hook::{Signed, Signing};
use http::header::CONTENT_ENCODING;
use http::{Extensions, HeaderMap, HeaderValue};
use reqwest_middleware::ClientWithMiddleware;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is the same for all attempts of a call.
pub(crate) struct Exchange<'a> {
    pub(crate) http: &'a ClientWithMiddleware,
    pub(crate) signing: Signing,
    pub(crate) session: Option<Session>,
    pub(crate) attempts: Attempts,
    pub(crate) declared: &'a [Declared],
    pub(crate) limits: BodyLimits,
    pub(crate) skew: &'a Skew,
    /// Whether packed bodies were asked for.
    pub(crate) unpacks: bool,
    /// Whether a body has led to another token already, which happens once in a call.
    pub(crate) renewed: AtomicBool,
}

impl Exchange<'_> {
    /// Sends a request, and takes the head of its response; the context has it, too.
    pub(crate) async fn send(
        &self,
        request: reqwest::Request,
        permit: &Permit,
        context: &mut Context,
    ) -> Result<Begun, Failed> {
        context.head = None;
        let mut extensions = Extensions::new();
        extensions.insert(context.operation);
        extensions.insert(self.signing.clone());
        if let Some(session) = &self.session {
            extensions.insert(session.clone());
        }
        extensions.insert(self.attempts.clone());
        extensions.insert(permit.seat());
        let result = self.http.execute_with_extensions(request, &mut extensions).await;
        context.owner = extensions.get::<UsedSession>().map(|used| used.owner().to_owned());
        context.nonce = extensions.remove::<Signed>().and_then(|signed| Some(signed.single_use.into_iter().next()?.1));

        let mut response = result.map_err(|error| failed(error, self.attempts.state().last))?;
        let head = Arc::new(Head { status: response.status(), headers: std::mem::take(response.headers_mut()) });
        context.head = Some(Arc::clone(&head));
        let skewed = self.attempts.take_sample().is_some_and(|sample| self.skew.learn(&sample));
        Ok(Begun { response, head, skewed, used: extensions.remove() })
    }

    /// Reads what was begun; the permit is held until that is done. Then a token that its body rejects is renewed.
    pub(crate) async fn read(&self, begun: Begun, permit: Permit) -> Result<Answer, Failed> {
        let Begun { response, head, skewed, used } = begun;
        let media_type = reply::media_type(&head.headers);
        let choice = declared::choose(self.declared, head.status.as_u16(), media_type.as_deref());
        let streams = matches!(choice, Choice::Case(at) if self.declared[at].streams()) && head.status.is_success();
        if streams {
            let body = ReplyBody::Stream(ByteStream::of_response(media_type, response, self.limits, permit));
            return Ok(Answer { reply: Reply::new(head, body, choice, self.limits.max_body), skewed, renewed: false });
        }
        let packed = self.unpacks && is_gzip(&head.headers);
        let body = ReplyBody::Bytes(body::whole(response, self.limits, packed).await?);
        let reply = Reply::new(head, body, choice, self.limits.max_body);
        let rejected = used.filter(|used| used.is_rejected_by(&reply));
        // A token is fetched by a call of its own, which needs the place.
        drop(permit);
        let renewed = self.renewed(rejected).await;
        Ok(Answer { reply, skewed, renewed })
    }

    /// Whether there is another token than the one that an answer has rejected.
    async fn renewed(&self, rejected: Option<UsedSession>) -> bool {
        let Some(rejected) = rejected.filter(|_| !self.renewed.load(Ordering::Relaxed)) else { return false };
        let renewed = rejected.renew().await;
        self.renewed.fetch_or(renewed, Ordering::Relaxed);
        renewed
    }
}

/// A response whose body is still to be read.
pub(crate) struct Begun {
    response: reqwest::Response,
    pub(crate) head: Arc<Head>,
    skewed: bool,
    /// The session that it was signed with.
    used: Option<UsedSession>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    /// Whether the signature was rejected for its time, and another one may be taken.
    pub(crate) skewed: bool,
    /// Whether the token of the session was rejected in the body, and another one is there.
    pub(crate) renewed: bool,
}

/// Whether a body is packed in the one way that is asked for.
fn is_gzip(headers: &HeaderMap) -> bool {
    let encoding = headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    encoding.is_some_and(|name| name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip"))
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
