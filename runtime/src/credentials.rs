//! Credentials that come from somewhere and change: a vault, a file that is written anew, a service of one's own.
//!
//! 1. A [`CredentialsProvider`] is asked before the first call, ahead of the end that it tells, and after a call was
//!    rejected with 401; once for all callers that wait.
//! 2. It may bring two sets that are both valid, as while keys are rotated. Calls are signed with the first; one that
//!    is rejected with it is made again with the second, and the second is the first from then on if that worked.
//!
//! `keys` holds what is brought; who sets credentials by hand exchanges them there too.

use crate::client::BuildError;
use crate::error::BoxError;
use crate::operation::ProviderCredentials;
use crate::sessions::SessionFuture;
use countersign_auth as auth;
use std::sync::Arc;
use std::time::Duration;

/// Where a client's credentials come from.
///
/// Its calls must not go through the client that asks it. An async function or closure is a provider too.
pub trait CredentialsProvider<C>: Send + Sync + 'static {
    /// The credentials that hold now.
    ///
    /// # Errors
    /// They can't be had; calls go on with those at hand while they last.
    #[cfg(not(target_arch = "wasm32"))]
    fn credentials(&self) -> impl Future<Output = Result<Provided<C>, BoxError>> + Send;

    /// The credentials that hold now.
    ///
    /// # Errors
    /// They can't be had; calls go on with those at hand while they last.
    #[cfg(target_arch = "wasm32")]
    fn credentials(&self) -> impl Future<Output = Result<Provided<C>, BoxError>>;
}

#[cfg(not(target_arch = "wasm32"))]
impl<C, F, Fut> CredentialsProvider<C> for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Provided<C>, BoxError>> + Send,
{
    fn credentials(&self) -> impl Future<Output = Result<Provided<C>, BoxError>> + Send {
        self()
    }
}

#[cfg(target_arch = "wasm32")]
impl<C, F, Fut> CredentialsProvider<C> for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Provided<C>, BoxError>>,
{
    fn credentials(&self) -> impl Future<Output = Result<Provided<C>, BoxError>> {
        self()
    }
}

/// What a provider brings.
#[derive(Clone, Debug)]
pub struct Provided<C> {
    current: C,
    other: Option<C>,
    lifetime: Option<Duration>,
}

impl<C> Provided<C> {
    /// Credentials that last until they are rejected.
    pub fn new(current: C) -> Self {
        Self { current, other: None, lifetime: None }
    }

    /// Others that are valid too: the next ones, or the previous ones.
    #[must_use]
    pub fn or(mut self, other: C) -> Self {
        self.other = Some(other);
        self
    }

    /// How long they last from now on: the provider is asked again ahead of that, by a fifth of it or a minute.
    #[must_use]
    pub fn lasting(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }
}

impl<C> From<C> for Provided<C> {
    fn from(current: C) -> Self {
        Self::new(current)
    }
}

/// Credentials that can't be had, or do not fit. Messages name schemes and credentials, never values.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The provider failed, and those at hand have ended.
    #[error("credentials could not be had")]
    Provider {
        /// What it says.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// They do not fit the recipes of the client.
    #[error("credentials do not fit: {source}")]
    Unfit {
        /// Why not.
        source: Arc<BuildError>,
    },
}

impl CredentialsError {
    /// Whether another try may do better.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Provider { .. })
    }
}

/// What was brought, without the provider's own type: the first set signs.
pub(crate) struct Brought {
    pub(crate) sets: Vec<auth::Credentials>,
    pub(crate) lifetime: Option<Duration>,
}

/// A provider of any credentials.
pub(crate) trait Ask: Send + Sync {
    fn ask(&self) -> SessionFuture<'_, Result<Brought, BoxError>>;
}

/// A provider of the credentials `C`.
pub(crate) struct Of<C, T> {
    provider: T,
    credentials: std::marker::PhantomData<fn() -> C>,
}

impl<C, T> Of<C, T> {
    pub(crate) fn new(provider: T) -> Self {
        Self { provider, credentials: std::marker::PhantomData }
    }
}

impl<C: ProviderCredentials, T: CredentialsProvider<C>> Ask for Of<C, T> {
    fn ask(&self) -> SessionFuture<'_, Result<Brought, BoxError>> {
        Box::pin(async move {
            let Provided { current, other, lifetime } = self.provider.credentials().await?;
            let sets = std::iter::once(current).chain(other).map(|credentials| credentials.to_auth()).collect();
            Ok(Brought { sets, lifetime })
        })
    }
}
