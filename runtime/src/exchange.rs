//! One attempt: a request goes through the middleware, and its response's body is read or left to arrive.

use crate::attempts::{Attempts, Ending};
use crate::binary::ByteStream;
use crate::declared::{self, Choice, Declared};
use crate::error::{BoxError, Context, ErrorKind, Failed, Phase, RequestError, TransportError};
use crate::permits::Permit;
use crate::reply::{self, Head, Reply, ReplyBody};
use crate::sessions::Session;
use bytes::{Bytes, BytesMut};
use countersign_auth::hook::{Signed, Signing};
use futures_util::StreamExt;
use http::Extensions;
use reqwest_middleware::ClientWithMiddleware;
use std::sync::Arc;

/// What is the same for all attempts of a call.
pub(crate) struct Exchange<'a> {
    pub(crate) http: &'a ClientWithMiddleware,
    pub(crate) signing: Signing,
    pub(crate) session: Option<Session>,
    pub(crate) attempts: Attempts,
    pub(crate) declared: &'a [Declared],
    pub(crate) max_body: usize,
}

impl Exchange<'_> {
    /// Makes one attempt; the permit is held until the response is read.
    pub(crate) async fn attempt(
        &self,
        request: reqwest::Request,
        permit: Permit,
        context: &mut Context,
    ) -> Result<Reply, Failed> {
        context.head = None;
        let mut extensions = Extensions::new();
        extensions.insert(context.operation);
        extensions.insert(self.signing.clone());
        if let Some(session) = &self.session {
            extensions.insert(session.clone());
        }
        extensions.insert(self.attempts.clone());
        let result = self.http.execute_with_extensions(request, &mut extensions).await;
        context.nonce = extensions.remove::<Signed>().and_then(|signed| Some(signed.single_use.into_iter().next()?.1));

        let mut response = result.map_err(|error| failed(error, self.attempts.state().last))?;
        let head = Arc::new(Head { status: response.status(), headers: std::mem::take(response.headers_mut()) });
        context.head = Some(Arc::clone(&head));
        let media_type = reply::media_type(&head.headers);
        let choice = declared::choose(self.declared, head.status.as_u16(), media_type.as_deref());
        let streams = matches!(choice, Choice::Case(at) if self.declared[at].streams()) && head.status.is_success();
        let body = if streams {
            ReplyBody::Stream(ByteStream::of_response(media_type, response, permit))
        } else {
            ReplyBody::Bytes(buffered(response, self.max_body).await?)
        };
        Ok(Reply::new(head, body, choice, self.max_body))
    }
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
