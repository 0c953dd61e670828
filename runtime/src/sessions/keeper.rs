//! What all sessions of a client share: the store, and the tokens at hand.
//!
//! 1. A [`Slot`] is the place of one token; who has its lock fetches that. Slots whose token has ended go when others
//!    come, so that a client with a session for each of its users does not grow for ever.
//! 2. A [`Claim`] is the right to fetch, as the store gives it. It is given back also where its owner is cancelled.

use super::{FetchLock, MemorySessions, OnStoreFailure, SessionStore, StoreError, StoredToken, TokenError, is};
use countersign_auth::{Clock, Random as _, Secret, SystemRandom, UnixTime};
use futures_util::lock::Mutex;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// What is kept for tokens is looked through when there is twice as much as after the last time, and at least this.
pub(super) const FEW: usize = 64;

/// The store, the clock, and the tokens at hand.
pub(crate) struct Keeper {
    pub(super) provider: &'static str,
    pub(super) store: Arc<dyn SessionStore>,
    on_failure: OnStoreFailure,
    pub(super) clock: Arc<dyn Clock>,
    slots: RwLock<Slots>,
    /// Names this client to a store that locks.
    name: OnceLock<String>,
    /// How many claims there were.
    claims: AtomicU64,
}

#[derive(Default)]
struct Slots {
    by_key: BTreeMap<String, Arc<Slot>>,
    /// How many there may be before they are looked through.
    many: usize,
}

/// The place of one token: whoever holds the lock fetches it.
#[derive(Debug)]
pub(super) struct Slot {
    held: RwLock<Option<StoredToken>>,
    /// The error of the last fetch.
    pub(super) fetching: Mutex<Option<TokenError>>,
    /// How often it was fetched, or tried to be; read without waiting for the lock.
    pub(super) count: AtomicU64,
    /// When a rejected token may be renewed again, in milliseconds.
    rests_until: AtomicI64,
}

impl Default for Slot {
    fn default() -> Self {
        let (held, fetching) = (RwLock::default(), Mutex::default());
        Self { held, fetching, count: AtomicU64::new(0), rests_until: AtomicI64::new(i64::MIN) }
    }
}

// No code that can panic runs under these locks, so a poisoned one is as good as any.
impl Slot {
    pub(super) fn held(&self) -> Option<StoredToken> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn hold(&self, token: Option<StoredToken>) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = token;
    }

    /// After a renewal that failed, the rejected token is left as it is for a while.
    pub(super) fn rest(&self, until: UnixTime) {
        self.rests_until.store(until.as_millis(), SeqCst);
    }

    pub(super) fn rests(&self, now: UnixTime) -> bool {
        now.as_millis() < self.rests_until.load(SeqCst)
    }

    fn lasts(&self, now: UnixTime) -> bool {
        self.held.read().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(|token| now < token.expires_at)
    }
}

impl Keeper {
    pub(crate) fn new(
        provider: &'static str,
        store: Arc<dyn SessionStore>,
        on_failure: OnStoreFailure,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (slots, name, claims) = (RwLock::default(), OnceLock::new(), AtomicU64::new(0));
        Self { provider, store, on_failure, clock, slots, name, claims }
    }

    /// The same for tokens that nobody shares.
    pub(super) fn alone(&self) -> Self {
        let store = Arc::new(MemorySessions::new());
        Self::new(self.provider, store, OnStoreFailure::Fail, Arc::clone(&self.clock))
    }

    /// The slot of a key.
    pub(super) fn slot(&self, key: &str) -> Arc<Slot> {
        let known = self.slots.read().unwrap_or_else(PoisonError::into_inner).by_key.get(key).cloned();
        known.unwrap_or_else(|| {
            let now = self.clock.now();
            let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
            if slots.by_key.len() >= slots.many {
                // Who has a slot got it from here, so nobody can take one meanwhile that nobody has.
                slots.by_key.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.lasts(now));
                slots.many = (2 * slots.by_key.len()).max(FEW);
            }
            Arc::clone(slots.by_key.entry(key.to_owned()).or_default())
        })
    }

    /// The token of the store, unless it was rejected or has to be renewed.
    pub(super) async fn stored(&self, key: &str, rejected: Option<&Secret>) -> Result<Option<StoredToken>, StoreError> {
        let token = self.settle(self.store.get(key).await, None)?;
        Ok(token.filter(|token| !is(token, rejected) && self.clock.now() < token.renew_at))
    }

    /// A claim that is still to be made. Each has a name of its own: a late end of one ends no other.
    pub(super) fn claim<'a>(self: &'a Arc<Self>, key: &'a str) -> Result<Claim<'a>, StoreError> {
        let owner = format!("{}-{}", self.name()?, self.claims.fetch_add(1, SeqCst));
        Ok(Claim { keeper: self, key, owner, may_be_held: false })
    }

    fn name(&self) -> Result<&str, StoreError> {
        if let Some(name) = self.name.get() {
            return Ok(name);
        }
        let mut bytes = [0; 16];
        SystemRandom.fill(&mut bytes).map_err(|error| StoreError::new(error.to_string()))?;
        Ok(self.name.get_or_init(|| format!("{:032x}", u128::from_be_bytes(bytes))))
    }

    /// What the store says, or what stands for it while it is gone.
    pub(super) fn settle<T>(&self, answer: Result<T, StoreError>, alone: T) -> Result<T, StoreError> {
        match (answer, self.on_failure) {
            (Err(_), OnStoreFailure::FetchLocally) => Ok(alone),
            (answer, _) => answer,
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("store", &self.store)
            .field("on_failure", &self.on_failure)
            .finish_non_exhaustive()
    }
}

/// The right to fetch a token.
pub(super) struct Claim<'a> {
    keeper: &'a Arc<Keeper>,
    pub(super) key: &'a str,
    owner: String,
    /// Whether the store may have given it, as far as is known here.
    may_be_held: bool,
}

impl Claim<'_> {
    /// Asks the store for it.
    pub(super) async fn make(&mut self) -> Result<FetchLock, StoreError> {
        // It may be given to a caller who stops listening.
        self.may_be_held = true;
        let answer = self.keeper.store.lock(self.key, &self.owner).await;
        let lock = self.keeper.settle(answer, FetchLock::Ours)?;
        self.may_be_held = lock == FetchLock::Ours;
        Ok(lock)
    }

    /// Gives it back; one that can't be given back ends by itself.
    pub(super) async fn give_back(mut self) {
        if self.may_be_held {
            let _ = self.keeper.store.unlock(self.key, &self.owner).await;
            self.may_be_held = false;
        }
    }
}

/// A caller that was cancelled, or that the store has failed, does not wait any more.
impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if !self.may_be_held {
            return;
        }
        let (store, key, owner) =
            (Arc::clone(&self.keeper.store), self.key.to_owned(), std::mem::take(&mut self.owner));
        go_on(async move {
            let _ = store.unlock(&key, &owner).await;
        });
    }
}

/// Lets a future go on by itself, in the runtime that has driven its caller.
#[cfg(not(target_arch = "wasm32"))]
fn go_on(future: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(future);
    }
}

/// Stores of browsers have nobody to share a token with, so there is nothing to give back.
#[cfg(target_arch = "wasm32")]
fn go_on(future: impl Future<Output = ()> + 'static) {
    drop(future);
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_auth::SystemClock;

    #[test]
    fn slots_whose_token_has_ended_go_unless_somebody_has_them() {
        let store = Arc::new(MemorySessions::new());
        let keeper = Keeper::new("acme", store, OnStoreFailure::Fail, Arc::new(SystemClock));
        let now = SystemClock.now().as_millis();
        let token = |ends| {
            let ends = UnixTime::from_millis(ends);
            StoredToken::new(Secret::new("t"), ends, ends, false)
        };
        let empty = keeper.slot("somebody has it");
        keeper.slot("it lasts").hold(Some(token(now + 3_600_000)));
        for user in 0..10_000 {
            keeper.slot(&format!("user {user}")).hold(Some(token(now - 1)));
        }
        let slots = keeper.slots.read().unwrap();
        assert!(slots.by_key.len() <= FEW, "{}", slots.by_key.len());
        assert!(slots.by_key["it lasts"].held().is_some());
        assert!(Arc::ptr_eq(&slots.by_key["somebody has it"], &empty));
    }

    #[test]
    fn tokens_that_last_are_all_kept() {
        let store = Arc::new(MemorySessions::new());
        let keeper = Keeper::new("acme", store, OnStoreFailure::Fail, Arc::new(SystemClock));
        let ends = UnixTime::from_millis(SystemClock.now().as_millis() + 3_600_000);
        for user in 0..1000 {
            keeper.slot(&format!("user {user}")).hold(Some(StoredToken::new(Secret::new("t"), ends, ends, false)));
        }
        assert_eq!(keeper.slots.read().unwrap().by_key.len(), 1000);
    }
}
