//! Where tokens are kept: in memory, or in a store that several processes share.
//!
//! A store only keeps. When a token is fetched or renewed is decided by [`super::Sessions`], which asks the store
//! once for each token that it fetches, never for each call.

use super::SessionFuture;
use super::keeper::FEW;
use crate::timer::{self, Instant};
use countersign_auth::{Secret, UnixTime};
use std::collections::BTreeMap;
use std::fmt;
use std::future::ready;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

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

/// Where tokens are kept, by key. Clients that share one share tokens, and fetch each once if it locks.
pub trait SessionStore: Send + Sync + fmt::Debug {
    /// The token of a key, if there is one.
    fn get<'a>(&'a self, key: &'a str) -> SessionFuture<'a, Result<Option<StoredToken>, StoreError>>;

    /// Keeps a token in the place of an earlier one; it lasts this long from now on.
    fn put<'a>(
        &'a self,
        key: &'a str,
        token: StoredToken,
        lasts: Duration,
    ) -> SessionFuture<'a, Result<(), StoreError>>;

    /// Forgets the token of a key.
    fn remove<'a>(&'a self, key: &'a str) -> SessionFuture<'a, Result<(), StoreError>>;

    /// Takes the right to fetch the token of a key; whoever has it already gets it again. It must end by itself if
    /// its owner never gives it back. Each fetch has an owner of its own.
    ///
    /// A store of one process needs none: callers of one client wait for each other anyway.
    fn lock<'a>(&'a self, key: &'a str, owner: &'a str) -> SessionFuture<'a, Result<FetchLock, StoreError>> {
        let _ = (key, owner);
        Box::pin(ready(Ok(FetchLock::Ours)))
    }

    /// Gives the right back, if this owner still has it.
    fn unlock<'a>(&'a self, key: &'a str, owner: &'a str) -> SessionFuture<'a, Result<(), StoreError>> {
        let _ = (key, owner);
        Box::pin(ready(Ok(())))
    }
}

/// Who may fetch a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchLock {
    /// Whoever asked.
    Ours,
    /// Somebody else. A store answers so after a short wait, as it is asked again at once.
    Others,
}

/// What becomes of calls that need a token while the store can't be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStoreFailure {
    /// They fail with [`TokenError::Store`](super::TokenError::Store), once the token that is held has to be renewed.
    #[default]
    Fail,
    /// Each client fetches a token of its own.
    FetchLocally,
}

/// A store that can't be reached or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("session store failed: {reason}")]
#[non_exhaustive]
pub struct StoreError {
    /// Why, without addresses and values.
    pub reason: String,
}

impl StoreError {
    /// A failure with its reason, which must hold no secret.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// Keeps tokens in memory until they end; clones share them.
#[derive(Clone, Default)]
pub struct MemorySessions(Arc<RwLock<Kept>>);

#[derive(Default)]
struct Kept {
    tokens: BTreeMap<String, (StoredToken, Option<Instant>)>,
    /// How many there may be before those that have ended are taken out.
    many: usize,
}

impl MemorySessions {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    // No code that can panic runs under the lock, so a poisoned one is as good as any.
    fn read<T>(&self, read: impl FnOnce(&Kept) -> T) -> T {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl SessionStore for MemorySessions {
    fn get<'a>(&'a self, key: &'a str) -> SessionFuture<'a, Result<Option<StoredToken>, StoreError>> {
        let token = self.read(|kept| kept.tokens.get(key).map(|(token, _)| token.clone()));
        Box::pin(ready(Ok(token)))
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        token: StoredToken,
        lasts: Duration,
    ) -> SessionFuture<'a, Result<(), StoreError>> {
        self.change(|kept| {
            if kept.tokens.len() >= kept.many {
                let now = Instant::now();
                kept.tokens.retain(|_, (_, ends)| ends.is_none_or(|ends| now < ends));
                kept.many = (2 * kept.tokens.len()).max(FEW);
            }
            kept.tokens.insert(key.to_owned(), (token, timer::after(lasts)));
        });
        Box::pin(ready(Ok(())))
    }

    fn remove<'a>(&'a self, key: &'a str) -> SessionFuture<'a, Result<(), StoreError>> {
        self.change(|kept| drop(kept.tokens.remove(key)));
        Box::pin(ready(Ok(())))
    }
}

impl fmt::Debug for MemorySessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.read(|kept| kept.tokens.len());
        write!(f, "MemorySessions({count} tokens)")
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tokens_that_have_ended_go_when_others_come() {
        let (store, hour) = (MemorySessions::new(), Duration::from_secs(3600));
        let at = UnixTime::from_millis(0);
        let token = || StoredToken::new(Secret::new("t"), at, at, false);
        store.put("it lasts", token(), Duration::MAX).await.expect("it is kept");
        for user in 0..10_000 {
            store.put(&format!("user {user}"), token(), hour).await.expect("it is kept");
            tokio::time::advance(hour / 20).await;
        }
        let count = store.read(|kept| kept.tokens.len());
        assert!((20..=FEW).contains(&count), "{count}");
        assert!(store.get("it lasts").await.expect("it answers").is_some());
    }
}
