//! Tokens that are fetched, kept and renewed: sessions of the API itself, OAuth2, and whatever else signs with a
//! token that lasts for a while.
//!
//! 1. `layer`, a middleware outside of signing, asks for the token of each attempt before that is signed.
//! 2. A token that is held and lasts is taken as it is.
//! 3. Else one caller looks into the [`SessionStore`] and fetches a new one from the [`TokenSource`], and all who
//!    wait for it share what comes of it, token or error. A store that processes share lets one of them fetch.
//! 4. A token is renewed before it ends; while one caller does, the others go on with the old one. One that the
//!    service rejects (401, or what its description says of the body) is renewed once, and the attempt made again.
//!
//! Nothing here knows how a token is fetched: `held` does for operations of the API, [`oauth2`] for client
//! credentials.

mod error;
pub(crate) mod held;
mod keeper;
mod layer;
pub mod oauth2;
#[cfg(feature = "redis")]
mod redis;
mod store;

pub use error::TokenError;
pub use held::{Gives, Session, SessionInfo};
pub(crate) use keeper::Keeper;
pub(crate) use layer::{Scopes, SessionLayer, TokenScheme, UsedSession};
#[cfg(feature = "redis")]
pub use redis::RedisSessions;
pub use store::{FetchLock, MemorySessions, OnStoreFailure, SessionStore, StoreError, StoredToken};

use countersign_auth::{Secret, UnixTime};
use futures_util::lock::MutexGuard;
use keeper::{Claim, Slot};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

/// How long a token is taken to last that comes without a lifetime. The standard leaves it to each service
/// (RFC 6749, section 5.1), so this is an assumption; [`oauth2::OAuth2Options::assumed_lifetime`] sets another.
pub const ASSUMED_LIFETIME: Duration = Duration::from_secs(300);

/// A token is renewed this long before it ends, or a fifth of its lifetime before, whichever is less.
const LONGEST_MARGIN: i64 = 60_000;

/// After a renewal that failed, a token that still holds is used this long before the next try; and one that was
/// rejected is left as it is, so that a log-in that fails is not asked once more by each call.
const PAUSE: i64 = 5_000;

/// The future of a source or a store.
#[cfg(not(target_arch = "wasm32"))]
pub type SessionFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
/// The future of a source or a store; in a browser it stays on its thread.
#[cfg(target_arch = "wasm32")]
pub type SessionFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A token as it comes from its source.
#[derive(Clone, Debug)]
pub struct Token {
    secret: Secret,
    lifetime: Option<Duration>,
}

impl Token {
    /// A token of unknown lifetime.
    pub fn new(secret: impl Into<Secret>) -> Self {
        Self { secret: secret.into(), lifetime: None }
    }

    /// The same with a lifetime, from now on.
    #[must_use]
    pub fn lasting(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }
}

/// What a token is wanted for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenRequest {
    /// The security scheme, or the session.
    pub scheme: &'static str,
    /// The scopes that it has to have; none means whatever the service gives.
    pub scopes: Vec<String>,
}

/// Where tokens come from: an identity provider, a vault, a log-in.
pub trait TokenSource: Send + Sync + fmt::Debug {
    /// Fetches a new token. It is called once for all callers that need the same token, and again when that ends
    /// or is rejected.
    fn token<'a>(&'a self, wanted: &'a TokenRequest) -> SessionFuture<'a, Result<Token, TokenError>>;

    /// Whose tokens these are: a client id, say. Part of the key in a [`SessionStore`], so that clients with other
    /// credentials never share a token there. It is hashed there.
    ///
    /// Without one, each client keeps the tokens to itself, and asks anew when its credentials are exchanged.
    fn identity(&self) -> Option<String> {
        None
    }
}

/// A fixed token; nothing renews it, and it never enters a store.
impl TokenSource for Secret {
    fn token<'a>(&'a self, _: &'a TokenRequest) -> SessionFuture<'a, Result<Token, TokenError>> {
        let token = Token::new(self.clone()).lasting(Duration::from_secs(u64::from(u32::MAX)));
        Box::pin(std::future::ready(Ok(token)))
    }
}

/// Whether this is the token that was rejected.
fn is(token: &StoredToken, rejected: Option<&Secret>) -> bool {
    rejected.is_some_and(|rejected| rejected.expose() == token.secret.expose())
}

/// The tokens of one source: fetched once for all who wait.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    source: Arc<dyn TokenSource>,
    identity: String,
    keeper: Arc<Keeper>,
    assumed_lifetime: Duration,
    /// Whether a rejected token is renewed.
    renews: bool,
}

impl Sessions {
    pub(crate) fn new(source: Arc<dyn TokenSource>, keeper: Arc<Keeper>, assumed_lifetime: Duration) -> Self {
        let (identity, keeper) = match source.identity() {
            Some(identity) => (identity, keeper),
            None => (String::new(), Arc::new(keeper.alone())),
        };
        Self { source, identity, keeper, assumed_lifetime, renews: true }
    }

    /// Leaves a rejected token as it is, unless told otherwise.
    pub(crate) fn renewing(self, renews: bool) -> Self {
        Self { renews, ..self }
    }

    /// Takes tokens of unknown lifetime to last this long.
    pub(crate) fn lasting(self, assumed_lifetime: Duration) -> Self {
        Self { assumed_lifetime, ..self }
    }

    /// Whose tokens these are.
    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }

    /// A token that holds, for credentials of this owner.
    pub(crate) async fn token(&self, wanted: &TokenRequest, owner: &str) -> Result<Secret, TokenError> {
        let key = self.key(wanted, owner);
        let slot = self.keeper.slot(&key);
        match slot.held() {
            Some(token) if self.now() < token.renew_at => Ok(token.secret),
            _ => self.fetch(&key, &slot, wanted, None).await,
        }
    }

    /// Another token than the one that was rejected; nothing if there is none.
    pub(crate) async fn renew(
        &self,
        wanted: &TokenRequest,
        owner: &str,
        rejected: &Secret,
    ) -> Result<Option<Secret>, TokenError> {
        if !self.renews {
            return Ok(None);
        }
        let key = self.key(wanted, owner);
        let slot = self.keeper.slot(&key);
        if slot.rests(self.now()) && slot.held().is_none_or(|token| is(&token, Some(rejected))) {
            return Ok(None);
        }
        let token = self.fetch(&key, &slot, wanted, Some(rejected)).await?;
        Ok((token.expose() != rejected.expose()).then_some(token))
    }

    /// Forgets the token, here and in the store.
    pub(crate) async fn forget(&self, wanted: &TokenRequest, owner: &str) -> Result<(), StoreError> {
        let key = self.key(wanted, owner);
        self.keeper.slot(&key).hold(None);
        self.keeper.settle(self.keeper.store.remove(&key).await, ())
    }

    async fn fetch(
        &self,
        key: &str,
        slot: &Slot,
        wanted: &TokenRequest,
        rejected: Option<&Secret>,
    ) -> Result<Secret, TokenError> {
        let before = slot.count.load(SeqCst);
        let lasting = || slot.held().filter(|token| !is(token, rejected) && self.now() < token.expires_at);
        let mut error = match slot.fetching.try_lock() {
            Some(fetching) => fetching,
            // Somebody else is renewing it; until it ends, nobody has to wait for that.
            None => match lasting() {
                Some(token) => return Ok(token.secret),
                None => slot.fetching.lock().await,
            },
        };
        let held = lasting();
        if let Some(token) = held.as_ref().filter(|token| self.now() < token.renew_at) {
            return Ok(token.secret.clone());
        }
        // Somebody else asked while this caller was waiting, and the answer is for both.
        if slot.count.load(SeqCst) != before
            && let Some(error) = &*error
        {
            return Err(error.clone());
        }
        let store_failed = |source| TokenError::Store { scheme: wanted.scheme, source };
        let mut claim = self.keeper.claim(key).map_err(store_failed)?;
        let turn = self.turn(&mut claim, rejected, held.as_ref()).await;
        let answer = match turn {
            Ok(Turn::Held(token)) => {
                *error = None;
                let secret = token.secret.clone();
                slot.hold(Some(token));
                claim.give_back().await;
                return Ok(secret);
            }
            // Fetching takes time, and a lifetime counts from its end.
            Ok(Turn::Ours) => self.source.token(wanted).await.map(|token| self.stored(token, self.now())),
            Err(source) => {
                slot.count.fetch_add(1, SeqCst);
                drop(claim);
                return self.settle(slot, &mut error, Err(store_failed(source)), held, rejected);
            }
        };
        slot.count.fetch_add(1, SeqCst);
        let new = answer.as_ref().ok().cloned();
        // It is held before it is stored, so that nobody who is cancelled while the store hangs throws it away.
        let answer = self.settle(slot, &mut error, answer, held, rejected);
        if let Some(token) = new {
            let left = token.expires_at.as_millis().saturating_sub(self.now().as_millis());
            let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
            // Who can't put it has it all the same.
            let _ = self.keeper.store.put(key, token, left).await;
        }
        claim.give_back().await;
        answer
    }

    /// Waits until this client may fetch, or until another one has.
    async fn turn(
        &self,
        claim: &mut Claim<'_>,
        rejected: Option<&Secret>,
        held: Option<&StoredToken>,
    ) -> Result<Turn, StoreError> {
        if let Some(token) = self.keeper.stored(claim.key, rejected).await? {
            return Ok(Turn::Held(token));
        }
        loop {
            let lock = claim.make().await?;
            // Another client may have fetched it since.
            match (self.keeper.stored(claim.key, rejected).await?, lock) {
                (Some(token), _) => return Ok(Turn::Held(token)),
                (None, FetchLock::Ours) => return Ok(Turn::Ours),
                (None, FetchLock::Others) => {
                    // Another client is renewing it; until it ends, nobody has to wait for that.
                    if let Some(token) = held.filter(|token| self.now() < token.expires_at) {
                        return Ok(Turn::Held(self.paused(token.clone())));
                    }
                }
            }
        }
    }

    /// Keeps what a fetch has come to.
    fn settle(
        &self,
        slot: &Slot,
        error: &mut MutexGuard<'_, Option<TokenError>>,
        answer: Result<StoredToken, TokenError>,
        held: Option<StoredToken>,
        rejected: Option<&Secret>,
    ) -> Result<Secret, TokenError> {
        let token = match (answer, held.filter(|token| self.now() < token.expires_at)) {
            (Ok(token), _) => token,
            // It was about to be renewed ahead of time; until it ends, nobody needs to know.
            (Err(_), Some(token)) => self.paused(token),
            (Err(failure), None) => {
                if rejected.is_some() {
                    slot.rest(self.later(PAUSE));
                }
                **error = Some(failure.clone());
                return Err(failure);
            }
        };
        **error = None;
        let secret = token.secret.clone();
        slot.hold(Some(token));
        Ok(secret)
    }

    /// A token that holds, to be renewed a little later.
    fn paused(&self, mut token: StoredToken) -> StoredToken {
        token.renew_at = self.later(PAUSE).min(token.expires_at);
        token
    }

    fn stored(&self, token: Token, now: UnixTime) -> StoredToken {
        let lifetime = token.lifetime.unwrap_or(self.assumed_lifetime);
        let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        let at = |after: i64| UnixTime::from_millis(now.as_millis().saturating_add(after));
        let margin = (lifetime / 5).min(LONGEST_MARGIN);
        StoredToken::new(token.secret, at(lifetime - margin), at(lifetime), token.lifetime.is_none())
    }

    /// The key of a token: what may be read stands in it, and whose it is as a hash.
    fn key(&self, wanted: &TokenRequest, owner: &str) -> String {
        let scopes = wanted.scopes.join(" ");
        let print = countersign_auth::fingerprint([self.identity.as_bytes(), owner.as_bytes(), scopes.as_bytes()]);
        format!("{}/{}/{print}", self.keeper.provider, wanted.scheme)
    }

    fn now(&self) -> UnixTime {
        self.keeper.clock.now()
    }

    fn later(&self, millis: i64) -> UnixTime {
        UnixTime::from_millis(self.now().as_millis().saturating_add(millis))
    }
}

/// Who fetches a token.
enum Turn {
    /// This client.
    Ours,
    /// Nobody: this one holds.
    Held(StoredToken),
}
