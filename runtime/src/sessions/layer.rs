//! The middleware that gets tokens: outside of signing, inside of everything that repeats a request.
//!
//! 1. It finds out which alternative of the operation's security is going to sign.
//! 2. Each scheme of it that signs with a token gets that of its session, fetched if need be; so does the session
//!    that the call is made in.
//! 3. After a 401 each of these is renewed once, and the attempt made again; a second 401 is the answer. A call that
//!    must never be repeated is not: the next one has the new token.
//! 4. What the call's session was used with stays in the extensions: an answer whose body rejects the token is seen
//!    only when that is read, by `exchange`.

use super::{Session, Sessions, TokenError, TokenRequest};
use crate::keys::{KeySet, may_come_again};
use crate::operation::OperationInfo;
use crate::permits::Seat;
use crate::reply::Reply;
use countersign_auth::Secret;
use countersign_auth::hook::Signing;
use http::{Extensions, StatusCode};
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next};
use std::sync::Arc;

/// A scheme that signs with a token.
#[derive(Debug)]
pub(crate) struct TokenScheme {
    pub(crate) scheme: &'static str,
    /// The session of its recipe.
    pub(crate) session: &'static str,
    pub(crate) sessions: Sessions,
    pub(crate) scopes: Scopes,
}

/// The scopes that are asked for.
#[derive(Clone, Debug)]
pub(crate) enum Scopes {
    /// Those of each operation, by operationId.
    OfOperation(&'static [(&'static str, &'static [&'static str])]),
    /// The same for all.
    Fixed(Vec<String>),
}

impl TokenScheme {
    fn wanted(&self, extensions: &Extensions) -> Result<TokenRequest, TokenError> {
        let scopes = match &self.scopes {
            Scopes::Fixed(scopes) => scopes.clone(),
            Scopes::OfOperation(all) => {
                let id = extensions.get::<&'static OperationInfo>().map(|operation| operation.id);
                let own = all.iter().find(|(operation, _)| Some(*operation) == id).map(|(_, scopes)| *scopes);
                own.unwrap_or_default().iter().map(|scope| (*scope).to_owned()).collect()
            }
        };
        match scopes.iter().find(|scope| scope.contains(['{', '}'])) {
            Some(scope) => Err(TokenError::Scope { scheme: self.scheme, scope: scope.clone() }),
            None => Ok(TokenRequest { scheme: self.scheme, scopes }),
        }
    }
}

/// The middleware.
#[derive(Debug)]
pub(crate) struct SessionLayer;

/// The token of the call's session that an attempt was signed with, and whose it is.
#[derive(Clone)]
pub(crate) struct UsedSession {
    session: Session,
    owner: String,
    token: Secret,
}

impl UsedSession {
    /// Whose credentials it was used with.
    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    /// Whether an answer rejects the token in its body.
    pub(crate) fn is_rejected_by(&self, reply: &Reply) -> bool {
        self.session.is_rejected_by(reply)
    }

    /// Renews the token; whether there is another one now.
    pub(crate) async fn renew(&self) -> bool {
        matches!(self.session.renew(&self.owner, &self.token).await, Ok(Some(_)))
    }
}

/// A token that an attempt is signed with.
struct Used<'a> {
    from: From<'a>,
    token: Secret,
}

/// Where it comes from.
enum From<'a> {
    Scheme(&'a TokenScheme, TokenRequest),
    Session(Session),
}

impl Used<'_> {
    fn session(&self) -> &'static str {
        match &self.from {
            From::Scheme(scheme, _) => scheme.session,
            From::Session(session) => session.name(),
        }
    }
}

/// Puts the tokens of the alternative that is going to sign, and that of the call's session, into the extensions.
async fn tokens<'a>(keys: &'a KeySet, extensions: &mut Extensions) -> Result<Vec<Used<'a>>, TokenError> {
    let alternative = extensions.get::<Signing>().and_then(|signing| keys.signers.alternative(signing));
    let mut used = Vec::new();
    for name in alternative.unwrap_or_default() {
        let Some(scheme) = keys.schemes.iter().find(|scheme| scheme.scheme == *name) else { continue };
        let wanted = scheme.wanted(extensions)?;
        let token = scheme.sessions.token(&wanted, &keys.owner).await?;
        used.push(Used { from: From::Scheme(scheme, wanted), token });
    }
    if let Some(session) = extensions.get::<Session>().cloned() {
        let token = session.token(&keys.owner).await?;
        remember(extensions, &session, &keys.owner, &token);
        used.push(Used { from: From::Session(session), token });
    }
    for used in &used {
        set(extensions, used.session(), &used.token);
    }
    Ok(used)
}

/// Renews tokens that were rejected; whether any is another now. One that can't be renewed stays: the rejection is the
/// answer, and says more to the caller than what went wrong afterwards.
async fn renew(keys: &KeySet, used: &[Used<'_>], extensions: &mut Extensions) -> bool {
    let mut changed = false;
    for used in used {
        let token = match &used.from {
            From::Scheme(scheme, wanted) => scheme.sessions.renew(wanted, &keys.owner, &used.token).await,
            From::Session(session) => session.renew(&keys.owner, &used.token).await,
        };
        if let Ok(Some(token)) = token {
            set(extensions, used.session(), &token);
            if let From::Session(session) = &used.from {
                remember(extensions, session, &keys.owner, &token);
            }
            changed = true;
        }
    }
    changed
}

async fn without<T>(seat: Option<&Seat>, wait: impl Future<Output = T>) -> T {
    match seat {
        Some(seat) => seat.without(wait).await,
        None => wait.await,
    }
}

fn remember(extensions: &mut Extensions, session: &Session, owner: &str, token: &Secret) {
    extensions.insert(UsedSession { session: session.clone(), owner: owner.to_owned(), token: token.clone() });
}

fn set(extensions: &mut Extensions, session: &'static str, token: &Secret) {
    if let Some(signing) = extensions.remove::<Signing>() {
        extensions.insert(signing.session(session, token.clone()));
    }
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait::async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait::async_trait(?Send))]
impl Middleware for SessionLayer {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let Some(keys) = extensions.get::<Arc<KeySet>>().cloned() else { return next.run(request, extensions).await };
        // While the call waits for a token, others may have its place: the one that fetches it, too.
        let seat = extensions.get::<Seat>().cloned();
        let used = without(seat.as_ref(), tokens(&keys, extensions)).await.map_err(Error::middleware)?;
        if used.is_empty() {
            return next.run(request, extensions).await;
        }
        // A stream can't be sent twice; its token is renewed all the same, for the next call.
        let again = request.try_clone();
        let response = next.clone().run(request, extensions).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let changed = without(seat.as_ref(), renew(&keys, &used, extensions)).await;
        match again {
            Some(request) if changed && may_come_again(extensions) => next.run(request, extensions).await,
            _ => Ok(response),
        }
    }
}
