//! From OAuth2 schemes, credentials and what a builder was told to the sessions of a client.
//!
//! Each scheme takes the first of these that is there: a source of the user's, an access token, client credentials.
//! A scheme that has none of them is not there, so that operations take another alternative.

use crate::base_url::{BaseUrl, PlainHttp};
use crate::client::BuildError;
use crate::sessions::oauth2::{ClientCredentials, ClientCredentialsFlow, OAuth2Options, OAuth2Scheme};
use crate::sessions::{Keeper, Scopes, Sessions, TokenError, TokenScheme, TokenSource};
use countersign_auth::Credentials;
use std::sync::Arc;
use std::time::Duration;

/// What a builder was told.
#[derive(Default)]
pub(crate) struct Tokens {
    pub(crate) options: Vec<(String, OAuth2Options)>,
    pub(crate) sources: Vec<(String, Arc<dyn TokenSource>)>,
}

/// What a token endpoint is called with.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint<'a> {
    pub(crate) base: &'a BaseUrl,
    pub(crate) plain_http: PlainHttp,
    pub(crate) http: &'a reqwest::Client,
    pub(crate) timeout: Option<Duration>,
}

impl Tokens {
    /// The schemes that have a source of tokens.
    pub(crate) fn schemes(
        &self,
        declared: Vec<OAuth2Scheme>,
        credentials: &Credentials,
        endpoint: Endpoint<'_>,
        keeper: &Arc<Keeper>,
    ) -> Result<Vec<TokenScheme>, BuildError> {
        let named = self.options.iter().map(|(name, _)| name).chain(self.sources.iter().map(|(name, _)| name));
        for name in named {
            if !declared.iter().any(|scheme| scheme.scheme == name) {
                return Err(BuildError::UnknownScheme { scheme: name.clone() });
            }
        }
        let mut schemes = Vec::new();
        for scheme in declared {
            let options = self.options.iter().rev().find(|(name, _)| name == scheme.scheme);
            let options = options.map(|(_, options)| options.clone()).unwrap_or_default();
            let Some(source) = self.source(&scheme, &options, credentials, endpoint)? else { continue };
            schemes.push(TokenScheme {
                scheme: scheme.scheme,
                session: scheme.session,
                sessions: Sessions::new(source, Arc::clone(keeper), options.assumed_lifetime),
                scopes: options.scopes.map_or(Scopes::OfOperation(scheme.scopes), Scopes::Fixed),
            });
        }
        Ok(schemes)
    }

    fn source(
        &self,
        scheme: &OAuth2Scheme,
        options: &OAuth2Options,
        credentials: &Credentials,
        endpoint: Endpoint<'_>,
    ) -> Result<Option<Arc<dyn TokenSource>>, TokenError> {
        if let Some((_, source)) = self.sources.iter().rev().find(|(name, _)| name == scheme.scheme) {
            return Ok(Some(Arc::clone(source)));
        }
        if let Some(token) = scheme.access_token.and_then(|name| credentials.get(name)) {
            return Ok(Some(Arc::new(token)));
        }
        let Some(flow) = &scheme.client else { return Ok(None) };
        let (Some(client_id), Some(client_secret)) =
            (credentials.get(flow.client_id), credentials.get(flow.client_secret))
        else {
            return Ok(None);
        };
        Ok(Some(Arc::new(ClientCredentials {
            http: endpoint.http.clone(),
            url: token_url(scheme.scheme, flow, options, endpoint)?,
            client_id,
            client_secret,
            secret_in_form: options.secret_in_form,
            timeout: endpoint.timeout.unwrap_or(crate::client::DEFAULT_TIMEOUT),
        })))
    }
}

/// Where the secret goes: as declared or set, and under the same rule of plain http as everything else.
fn token_url(
    scheme: &'static str,
    flow: &ClientCredentialsFlow,
    options: &OAuth2Options,
    endpoint: Endpoint<'_>,
) -> Result<reqwest::Url, TokenError> {
    let refused = |reason| TokenError::Endpoint { scheme, reason };
    let text = options.token_url.as_deref().unwrap_or(flow.token_url);
    if text.contains(['{', '}']) {
        return Err(refused("its URL has a part to be filled in; set it with `OAuth2Options::token_url`"));
    }
    let base = reqwest::Url::parse(endpoint.base.as_str()).map_err(|_| refused("the base URL is none"))?;
    let url = base.join(text).map_err(|_| refused("its URL is none"))?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(refused("its URL has user information or a fragment"));
    }
    let origin = format!("{}/", url.origin().ascii_serialization());
    match BaseUrl::parse(&origin, endpoint.plain_http) {
        Ok(_) => Ok(url),
        Err(_) => Err(refused("its URL is not https, and leads to another machine")),
    }
}
