//! The middleware that gets tokens: outside of signing, inside of everything that repeats a request.
//!
//! 1. It finds out which alternative of the operation's security is going to sign.
//! 2. Each scheme of it that signs with a token gets that of its session, fetched if need be.
//! 3. After a 401 each of these is renewed once, and the attempt made again; a second 401 is the answer.

use super::{Sessions, TokenError, TokenRequest};
use crate::operation::OperationInfo;
use countersign_auth::Secret;
use countersign_auth::hook::{Signers, Signing};
use http::{Extensions, StatusCode};
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next};

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
#[derive(Debug)]
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
pub(crate) struct SessionLayer {
    pub(crate) signers: Signers,
    pub(crate) schemes: Vec<TokenScheme>,
}

/// A token that an attempt is signed with.
struct Used<'a> {
    scheme: &'a TokenScheme,
    wanted: TokenRequest,
    token: Secret,
}

impl SessionLayer {
    /// Puts the tokens of the alternative that is going to sign into the extensions.
    async fn tokens(&self, extensions: &mut Extensions) -> Result<Vec<Used<'_>>, TokenError> {
        let alternative = extensions.get::<Signing>().and_then(|signing| self.signers.alternative(signing));
        let mut used = Vec::new();
        for name in alternative.unwrap_or_default() {
            let Some(scheme) = self.schemes.iter().find(|scheme| scheme.scheme == *name) else { continue };
            let wanted = scheme.wanted(extensions)?;
            let token = scheme.sessions.token(&wanted).await?;
            set(extensions, scheme, &token);
            used.push(Used { scheme, wanted, token });
        }
        Ok(used)
    }

    /// Renews tokens that were rejected; whether any is another now.
    async fn renew(&self, used: &[Used<'_>], extensions: &mut Extensions) -> Result<bool, TokenError> {
        let mut changed = false;
        for Used { scheme, wanted, token } in used {
            if let Some(token) = scheme.sessions.renew(wanted, token).await? {
                set(extensions, scheme, &token);
                changed = true;
            }
        }
        Ok(changed)
    }
}

fn set(extensions: &mut Extensions, scheme: &TokenScheme, token: &Secret) {
    if let Some(signing) = extensions.remove::<Signing>() {
        extensions.insert(signing.session(scheme.session, token.clone()));
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
        let used = self.tokens(extensions).await.map_err(Error::middleware)?;
        if used.is_empty() {
            return next.run(request, extensions).await;
        }
        // A stream can't be sent twice; its token is renewed all the same, for the next call.
        let again = request.try_clone();
        let response = next.clone().run(request, extensions).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let changed = self.renew(&used, extensions).await.map_err(Error::middleware)?;
        match again {
            Some(request) if changed => next.run(request, extensions).await,
            _ => Ok(response),
        }
    }
}
