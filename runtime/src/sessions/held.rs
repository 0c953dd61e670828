//! What a session's client holds: a token that was given to it, or the call that fetches one.
//!
//! The call is an ordinary call of the API, made through the same client: signed as its operation says, within the
//! client's limits. A call that waits for the token gives its permit back meanwhile, so a limit of one is enough for all.

use super::{Sessions, Token, TokenError, TokenRequest, TokenSource};
use crate::call::send;
use crate::operation::Operation;
use crate::reply::{Failure, Reply};
use crate::request::Request;
use countersign_auth::Secret;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A session of the API, as its description says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// Its name.
    pub name: &'static str,
    /// The operation whose response yields the token.
    pub operation: &'static str,
    /// JSON Pointer of the token in that response.
    pub at: &'static str,
    /// How long a token lasts, if that is known.
    pub lifetime: Option<Duration>,
    /// Whether a rejected token is renewed.
    pub renews: bool,
    /// Which answers reject it, besides those of status 401.
    pub rejected: Option<Failure>,
}

/// An operation whose response yields the token `T`.
pub trait Gives<T>: Operation<Error: fmt::Debug + Send + Sync> {
    /// The session.
    const SESSION: &'static SessionInfo;

    /// The token, if the response has one.
    fn token(output: &Self::Output) -> Option<&str>;

    /// How long it lasts, if the response says so.
    fn lifetime(output: &Self::Output) -> Option<Duration> {
        let _ = output;
        None
    }
}

/// A session that calls are made in; clones share it.
#[derive(Clone)]
pub struct Session(Arc<Shared>);

struct Shared {
    name: &'static str,
    token: Held,
    /// Which answers reject the token, besides those of status 401.
    rejected: Option<Failure>,
    /// The operation that ended it.
    ended: OnceLock<&'static str>,
}

enum Held {
    Given(Secret),
    Fetched { sessions: Sessions, wanted: TokenRequest },
}

impl Session {
    /// A session with a token that is at hand.
    pub fn given(name: &'static str, token: Secret) -> Self {
        Self::held(name, Held::Given(token), None)
    }

    /// A session whose token this call yields; it is fetched when a call needs it, and renewed.
    pub fn fetched<T: 'static, O: Gives<T>>(request: Request) -> Self {
        let info = O::SESSION;
        let keeper = Arc::clone(request.core().keeper());
        let lifetime = info.lifetime.unwrap_or(super::ASSUMED_LIFETIME);
        let source = Call::<T, O> { identity: request.fingerprint(), request, operation: PhantomData };
        let sessions = Sessions::new(Arc::new(source), keeper, lifetime).renewing(info.renews);
        let wanted = TokenRequest { scheme: info.name, scopes: Vec::new() };
        Self::held(info.name, Held::Fetched { sessions, wanted }, info.rejected)
    }

    /// The same where a token lasts this long whose response does not say so.
    #[must_use]
    pub fn lasting(self, lifetime: Duration) -> Self {
        match &self.0.token {
            Held::Given(_) => self,
            Held::Fetched { sessions, wanted } => {
                let sessions = sessions.clone().lasting(lifetime);
                self.with(sessions, wanted.clone(), self.0.rejected)
            }
        }
    }

    /// The same where these answers, too, reject a token that was fetched.
    #[must_use]
    pub fn rejected_when(self, rejected: Failure) -> Self {
        match &self.0.token {
            Held::Given(_) => self,
            Held::Fetched { sessions, wanted } => {
                let sessions = sessions.clone().renewing(true);
                self.with(sessions, wanted.clone(), Some(rejected))
            }
        }
    }

    fn with(&self, sessions: Sessions, wanted: TokenRequest, rejected: Option<Failure>) -> Self {
        Self::held(self.0.name, Held::Fetched { sessions, wanted }, rejected)
    }

    fn held(name: &'static str, token: Held, rejected: Option<Failure>) -> Self {
        Self(Arc::new(Shared { name, token, rejected, ended: OnceLock::new() }))
    }

    /// Whether an answer rejects the token, although its status is not 401.
    pub(crate) fn is_rejected_by(&self, reply: &Reply) -> bool {
        self.0.rejected.is_some_and(|rejected| reply.status() != 401 && reply.says(&rejected))
    }

    /// What tells it from others, as a hash.
    pub(crate) fn fingerprint(&self) -> String {
        match &self.0.token {
            Held::Given(token) => countersign_auth::fingerprint([token.expose().as_bytes()]),
            Held::Fetched { sessions, .. } => sessions.identity().to_owned(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// A token that holds.
    pub(crate) async fn token(&self, owner: &str) -> Result<Secret, TokenError> {
        match (&self.0.token, self.0.ended.get()) {
            (_, Some(operation)) => Err(TokenError::Ended { session: self.0.name, operation }),
            (Held::Given(token), None) => Ok(token.clone()),
            (Held::Fetched { sessions, wanted }, None) => sessions.token(wanted, owner).await,
        }
    }

    /// Another token than the rejected one; nothing if there is none.
    pub(crate) async fn renew(&self, owner: &str, rejected: &Secret) -> Result<Option<Secret>, TokenError> {
        match &self.0.token {
            Held::Given(_) => Ok(None),
            Held::Fetched { sessions, wanted } => sessions.renew(wanted, owner, rejected).await,
        }
    }

    /// Ends it, after a call of this operation did so at the service: what was given is spent, and what was fetched
    /// is forgotten, so that the next call fetches another.
    pub(crate) async fn end(&self, operation: &'static str, owner: &str) {
        match &self.0.token {
            Held::Given(_) => {
                let _ = self.0.ended.set(operation);
            }
            // A token that stays in a store which can't be reached is rejected by the service, and renewed then.
            Held::Fetched { sessions, wanted } => {
                let _ = sessions.forget(wanted, owner).await;
            }
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("name", &self.0.name)
            .field("ended", &self.0.ended.get())
            .finish_non_exhaustive()
    }
}

/// The call that yields the token.
struct Call<T, O> {
    request: Request,
    identity: String,
    operation: PhantomData<fn() -> (T, O)>,
}

impl<T: 'static, O: Gives<T>> TokenSource for Call<T, O> {
    fn token<'a>(&'a self, wanted: &'a TokenRequest) -> super::SessionFuture<'a, Result<Token, TokenError>> {
        let (session, operation) = (wanted.scheme, O::INFO.id);
        let request = self.request.again();
        Box::pin(async move {
            let response = send::<O>(request.for_a_call()).await.map_err(|error| TokenError::Operation {
                session,
                operation,
                may_pass: error.may_repeat(),
                source: Arc::new(error),
            })?;
            let token = O::token(&response).filter(|token| !token.is_empty());
            let token = token.ok_or(TokenError::Absent { session, operation, at: O::SESSION.at })?;
            let token = Token::new(token);
            Ok(match O::lifetime(&response) {
                Some(lifetime) => token.lasting(lifetime),
                None => token,
            })
        })
    }

    fn identity(&self) -> Option<String> {
        Some(self.identity.clone())
    }
}

impl<T, O: Operation> fmt::Debug for Call<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&O::INFO.id).finish()
    }
}
