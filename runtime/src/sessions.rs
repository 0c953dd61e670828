//! Tokens that are fetched, kept and renewed: OAuth2, and whatever else signs with a token that lasts for a while.
//!
//! 1. `layer`, a middleware outside of signing, asks for the token of each attempt before that is signed.
//! 2. [`Sessions`] looks into the [`SessionStore`]; a token that is there and lasts is taken as it is.
//! 3. Else one caller fetches a new one from the [`TokenSource`], and all who wait for it share what comes of it,
//!    token or error.
//! 4. A token is renewed before it ends. One that the service rejects (401) is renewed once, and the attempt made
//!    again.
//!
//! Nothing here knows how a token is fetched; [`oauth2`] does for client credentials.

mod layer;
pub mod oauth2;

pub(crate) use layer::{Scopes, SessionLayer, TokenScheme};

use countersign_auth::{Clock, Secret, UnixTime};
use futures_util::lock::Mutex;
use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// How long a token is taken to last that comes without a lifetime. The standard leaves it to each service
/// (RFC 6749, section 5.1), so this is an assumption; [`oauth2::OAuth2Options::assumed_lifetime`] sets another.
pub const ASSUMED_LIFETIME: Duration = Duration::from_secs(300);

/// A token is renewed this long before it ends, or a fifth of its lifetime before, whichever is less.
const LONGEST_MARGIN: i64 = 60_000;

/// After a renewal that failed, a token that still holds is used this long before the next try.
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
    /// The security scheme.
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
    /// credentials never share a token there.
    fn identity(&self) -> String {
        String::new()
    }
}

/// A fixed token; nothing renews it.
impl TokenSource for Secret {
    fn token<'a>(&'a self, _: &'a TokenRequest) -> SessionFuture<'a, Result<Token, TokenError>> {
        let token = Token::new(self.clone()).lasting(Duration::from_secs(u64::from(u32::MAX)));
        Box::pin(std::future::ready(Ok(token)))
    }
}

/// A token that is kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoredToken {
    /// The token.
    pub secret: Secret,
    /// When it is to be renewed.
    pub renew_at: UnixTime,
    /// When it ends.
    pub expires_at: UnixTime,
    /// Whether its lifetime is our assumption.
    pub assumed: bool,
}

impl StoredToken {
    /// A token with its times.
    pub const fn new(secret: Secret, renew_at: UnixTime, expires_at: UnixTime, assumed: bool) -> Self {
        Self { secret, renew_at, expires_at, assumed }
    }
}

/// Where tokens are kept, by key. Several processes may share one; each still renews by itself.
pub trait SessionStore: Send + Sync + fmt::Debug {
    /// The token of a key, if there is one.
    fn get<'a>(&'a self, key: &'a str) -> SessionFuture<'a, Option<StoredToken>>;

    /// Keeps a token in the place of an earlier one.
    fn put<'a>(&'a self, key: &'a str, token: StoredToken) -> SessionFuture<'a, ()>;
}

/// Keeps tokens in memory; clones share them.
#[derive(Clone, Default)]
pub struct MemorySessions(Arc<RwLock<BTreeMap<String, StoredToken>>>);

impl MemorySessions {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl SessionStore for MemorySessions {
    fn get<'a>(&'a self, key: &'a str) -> SessionFuture<'a, Option<StoredToken>> {
        // No code that can panic runs under the lock.
        let token = self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        Box::pin(std::future::ready(token))
    }

    fn put<'a>(&'a self, key: &'a str, token: StoredToken) -> SessionFuture<'a, ()> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), token);
        Box::pin(std::future::ready(()))
    }
}

impl fmt::Debug for MemorySessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.read().unwrap_or_else(PoisonError::into_inner).len();
        write!(f, "MemorySessions({count} tokens)")
    }
}

/// A token that could not be fetched. Messages name the scheme, never a credential, a token or what a token
/// endpoint says in its own words.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token endpoint can't be called.
    #[error("the token endpoint of {scheme} can't be called: {reason}")]
    Endpoint {
        /// The scheme.
        scheme: &'static str,
        /// Why not.
        reason: &'static str,
    },
    /// There was no answer.
    #[error("the token endpoint of {scheme} did not answer")]
    Transport {
        /// The scheme.
        scheme: &'static str,
        /// What went wrong, without the URL.
        #[source]
        source: Arc<reqwest::Error>,
    },
    /// The token endpoint gives none.
    #[error("the token endpoint of {scheme} gives no token: {status}{}", .code.map(|code| format!(", {code}")).unwrap_or_default())]
    Refused {
        /// The scheme.
        scheme: &'static str,
        /// The status of its answer.
        status: http::StatusCode,
        /// Its error code, if it is one of the standard's.
        code: Option<&'static str>,
    },
    /// The answer is no token.
    #[error("the token endpoint of {scheme} answers what can't be read: {reason}")]
    Unreadable {
        /// The scheme.
        scheme: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A scope of the API's description has a part to be filled in.
    #[error("the scope `{scope}` of {scheme} has a part to be filled in; set the scopes with `OAuth2Options::scopes`")]
    Scope {
        /// The scheme.
        scheme: &'static str,
        /// The scope.
        scope: String,
    },
    /// A source of the client's user failed.
    #[error("no token for {scheme}")]
    Source {
        /// The scheme.
        scheme: &'static str,
        /// What it says.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}

impl TokenError {
    /// Whether another try may do better: nothing answered, or it was too busy.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Transport { .. } => true,
            Self::Refused { status, .. } => matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// The failure of a source of one's own.
    pub fn source(wanted: &TokenRequest, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Source { scheme: wanted.scheme, source: Arc::from(error.into()) }
    }
}

/// The tokens of one scheme: fetched once for all who wait.
#[derive(Debug)]
pub(crate) struct Sessions {
    source: Arc<dyn TokenSource>,
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    assumed_lifetime: Duration,
    /// What is before `/scheme/scopes` in keys.
    owner: String,
    slots: RwLock<BTreeMap<Vec<String>, Arc<Slot>>>,
}

/// One token: whoever holds the lock fetches it.
#[derive(Debug, Default)]
struct Slot {
    fetched: Mutex<Fetched>,
    /// How often it was fetched, or tried to be; read without waiting for the lock.
    count: std::sync::atomic::AtomicU64,
}

#[derive(Debug, Default)]
struct Fetched {
    /// The error of the last fetch.
    error: Option<TokenError>,
}

impl Sessions {
    pub(crate) fn new(
        provider: &str,
        source: Arc<dyn TokenSource>,
        store: Arc<dyn SessionStore>,
        clock: Arc<dyn Clock>,
        assumed_lifetime: Duration,
    ) -> Self {
        let owner = format!("{provider}/{}", source.identity());
        Self { source, store, clock, assumed_lifetime, owner, slots: RwLock::default() }
    }

    /// A token that holds.
    pub(crate) async fn token(&self, wanted: &TokenRequest) -> Result<Secret, TokenError> {
        let key = self.key(wanted);
        match self.store.get(&key).await {
            Some(token) if self.clock.now() < token.renew_at => Ok(token.secret),
            _ => self.fetch(&key, wanted, None).await,
        }
    }

    /// Another token than the one that was rejected; nothing if there is none.
    pub(crate) async fn renew(&self, wanted: &TokenRequest, rejected: &Secret) -> Result<Option<Secret>, TokenError> {
        let token = self.fetch(&self.key(wanted), wanted, Some(rejected)).await?;
        Ok((token.expose() != rejected.expose()).then_some(token))
    }

    async fn fetch(&self, key: &str, wanted: &TokenRequest, rejected: Option<&Secret>) -> Result<Secret, TokenError> {
        use std::sync::atomic::Ordering::SeqCst;
        let slot = self.slot(wanted);
        let before = slot.count.load(SeqCst);
        let mut fetched = slot.fetched.lock().await;
        let held = self.store.get(key).await;
        let held = held.filter(|token| rejected.is_none_or(|rejected| rejected.expose() != token.secret.expose()));
        if let Some(token) = held.as_ref().filter(|token| self.clock.now() < token.renew_at) {
            return Ok(token.secret.clone());
        }
        // Somebody else asked while this caller was waiting, and the answer is for both.
        if slot.count.load(SeqCst) != before
            && let Some(error) = &fetched.error
        {
            return Err(error.clone());
        }
        let answer = self.source.token(wanted).await;
        slot.count.fetch_add(1, SeqCst);
        // Fetching takes time, and a lifetime counts from its end.
        let now = self.clock.now();
        match answer {
            Ok(token) => {
                fetched.error = None;
                let stored = self.stored(token, now);
                let secret = stored.secret.clone();
                self.store.put(key, stored).await;
                Ok(secret)
            }
            Err(error) => match held.filter(|token| now < token.expires_at) {
                // It was about to be renewed ahead of time; until it ends, nobody needs to know.
                Some(mut token) => {
                    token.renew_at = UnixTime::from_millis(now.as_millis().saturating_add(PAUSE)).min(token.expires_at);
                    let secret = token.secret.clone();
                    self.store.put(key, token).await;
                    Ok(secret)
                }
                None => {
                    fetched.error = Some(error.clone());
                    Err(error)
                }
            },
        }
    }

    fn stored(&self, token: Token, now: UnixTime) -> StoredToken {
        let lifetime = token.lifetime.unwrap_or(self.assumed_lifetime);
        let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        let at = |after: i64| UnixTime::from_millis(now.as_millis().saturating_add(after));
        let margin = (lifetime / 5).min(LONGEST_MARGIN);
        StoredToken::new(token.secret, at(lifetime - margin), at(lifetime), token.lifetime.is_none())
    }

    fn key(&self, wanted: &TokenRequest) -> String {
        format!("{}/{}/{}", self.owner, wanted.scheme, wanted.scopes.join(" "))
    }

    fn slot(&self, wanted: &TokenRequest) -> Arc<Slot> {
        let known = self.slots.read().unwrap_or_else(PoisonError::into_inner).get(&wanted.scopes).cloned();
        known.unwrap_or_else(|| {
            let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(wanted.scopes.clone()).or_default())
        })
    }
}
