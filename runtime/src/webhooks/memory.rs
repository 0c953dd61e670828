//! A replay guard's memory in this process.

use super::store::{Claim, ReplayKey, ReplayStore, ReplayStoreError, Reservation, ReservationToken, StoreFuture};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use web_time::Instant;

/// How many keys are remembered unless said otherwise: two for each event of a JWT sender.
const CAPACITY: usize = 250_000;

/// Remembers in this process: for one process, and lost with it.
///
/// Nothing is forgotten before its time: a full store refuses, and the sender is told to come again. Time is
/// monotonic, so setting the machine's clock forgets nothing either. A full store of the default capacity of 250,000
/// keys (two for each event of a JWT sender) takes some 60 MB.
pub struct MemoryReplayStore {
    entries: Mutex<Entries>,
    capacity: usize,
    now: Box<dyn Fn() -> Duration + Send + Sync>,
}

#[derive(Default)]
struct Entries {
    by_key: HashMap<Arc<str>, Entry>,
    /// The keys by the second in which they end.
    ending: BTreeMap<u64, HashSet<Arc<str>>>,
    tokens: u64,
}

struct Entry {
    state: State,
    ends: Duration,
}

#[derive(PartialEq, Eq)]
enum State {
    Reserved(ReservationToken),
    Done(ReservationToken),
    Claimed(Arc<str>),
}

impl MemoryReplayStore {
    /// A store of so many keys.
    pub fn with_capacity(capacity: usize) -> Self {
        let start = Instant::now();
        Self::with_time(capacity, move || start.elapsed())
    }

    /// A store of so many keys with another reading of time, which must never run backwards: for tests.
    pub fn with_time(capacity: usize, now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self { entries: Mutex::default(), capacity, now: Box::new(now) }
    }

    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.locked(|entries, _| entries.by_key.len())
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs with what has ended taken out. No step below can panic half-way, so a poisoned lock is whole.
    fn locked<T>(&self, run: impl FnOnce(&mut Entries, Duration) -> T) -> T {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, so that time does not run backwards between two callers.
        let now = (self.now)();
        entries.forget(now);
        run(&mut entries, now)
    }

    fn insert(&self, entries: &mut Entries, key: &ReplayKey, entry: Entry) -> Result<(), ReplayStoreError> {
        if entries.by_key.len() >= self.capacity {
            return Err(ReplayStoreError::Full { capacity: self.capacity });
        }
        entries.insert(key.shared(), entry);
        Ok(())
    }
}

impl Entries {
    /// Takes out what has ended; every key is taken out once, so this costs no more than putting in did.
    fn forget(&mut self, now: Duration) {
        while let Some(second) = self.ending.first_entry()
            && *second.key() < now.as_secs()
        {
            for key in second.remove() {
                self.by_key.remove(&key);
            }
        }
    }

    /// What is remembered of a key; of what ended within this second, nothing.
    fn find(&mut self, key: &str, now: Duration) -> Option<&Entry> {
        if self.by_key.get(key).is_some_and(|entry| entry.ends <= now) {
            self.remove(key);
        }
        self.by_key.get(key)
    }

    fn insert(&mut self, key: Arc<str>, entry: Entry) {
        self.remove(&key);
        self.ending.entry(entry.ends.as_secs()).or_default().insert(Arc::clone(&key));
        self.by_key.insert(key, entry);
    }

    fn remove(&mut self, key: &str) {
        let Some(entry) = self.by_key.remove(key) else { return };
        let second = entry.ends.as_secs();
        if let Some(keys) = self.ending.get_mut(&second) {
            keys.remove(key);
            if keys.is_empty() {
                self.ending.remove(&second);
            }
        }
    }

    fn token(&mut self) -> ReservationToken {
        self.tokens += 1;
        ReservationToken::new(self.tokens.to_string())
    }
}

impl ReplayStore for MemoryReplayStore {
    fn reserve<'a>(&'a self, key: &'a ReplayKey, lease: Duration) -> StoreFuture<'a, Reservation> {
        Box::pin(async move {
            self.locked(|entries, now| match entries.find(key.as_str(), now) {
                Some(Entry { state: State::Reserved(_), ends }) => {
                    Ok(Reservation::InProgress { retry_after: ends.saturating_sub(now) })
                }
                Some(_) => Ok(Reservation::Done),
                None => {
                    let token = entries.token();
                    let entry = Entry { state: State::Reserved(token.clone()), ends: now.saturating_add(lease) };
                    self.insert(entries, key, entry)?;
                    Ok(Reservation::Fresh(token))
                }
            })
        })
    }

    fn commit<'a>(
        &'a self,
        key: &'a ReplayKey,
        token: &'a ReservationToken,
        remember: Duration,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.locked(|entries, now| {
                let done = Entry { state: State::Done(token.clone()), ends: now.saturating_add(remember) };
                match entries.find(key.as_str(), now).map(|entry| &entry.state) {
                    Some(State::Reserved(holder)) if holder == token => {
                        entries.insert(key.shared(), done);
                        Ok(())
                    }
                    Some(State::Done(holder)) if holder == token => Ok(()),
                    Some(_) => Err(ReplayStoreError::LeaseEnded),
                    None => self.insert(entries, key, done),
                }
            })
        })
    }

    fn release<'a>(&'a self, key: &'a ReplayKey, token: &'a ReservationToken) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.locked(|entries, now| {
                let held = entries.find(key.as_str(), now).map(|entry| &entry.state);
                if matches!(held, Some(State::Reserved(holder)) if holder == token) {
                    entries.remove(key.as_str());
                }
                Ok(())
            })
        })
    }

    fn claim<'a>(
        &'a self,
        single_use: &'a ReplayKey,
        event: &'a ReplayKey,
        remember: Duration,
    ) -> StoreFuture<'a, Claim> {
        Box::pin(async move {
            self.locked(|entries, now| match entries.find(single_use.as_str(), now) {
                Some(Entry { state: State::Claimed(owner), .. }) if **owner == *event.as_str() => Ok(Claim::Ours),
                Some(_) => Ok(Claim::Another),
                None => {
                    let entry = Entry { state: State::Claimed(event.shared()), ends: now.saturating_add(remember) };
                    self.insert(entries, single_use, entry)?;
                    Ok(Claim::Ours)
                }
            })
        })
    }
}

impl Default for MemoryReplayStore {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl fmt::Debug for MemoryReplayStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryReplayStore").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    const LEASE: Duration = Duration::from_secs(60);
    const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    fn store(capacity: usize) -> (MemoryReplayStore, Arc<AtomicU64>) {
        let millis = Arc::new(AtomicU64::new(0));
        let now = Arc::clone(&millis);
        (MemoryReplayStore::with_time(capacity, move || Duration::from_millis(now.load(Ordering::Relaxed))), millis)
    }

    fn key(value: impl ToString) -> ReplayKey {
        ReplayKey::event("acme", "paid", &value.to_string())
    }

    fn fresh(reservation: Result<Reservation, ReplayStoreError>) -> ReservationToken {
        match reservation {
            Ok(Reservation::Fresh(token)) => token,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn reserve_commit_release() {
        let (store, millis) = store(10);
        let event = key("e-1");
        let token = fresh(store.reserve(&event, LEASE).await);
        millis.store(20_500, Ordering::Relaxed);
        let wait = Reservation::InProgress { retry_after: Duration::from_millis(39_500) };
        assert_eq!(store.reserve(&event, LEASE).await, Ok(wait));
        store.release(&event, &ReservationToken::new("another")).await.unwrap();
        assert!(matches!(store.reserve(&event, LEASE).await, Ok(Reservation::InProgress { .. })));
        store.release(&event, &token).await.unwrap();
        let token = fresh(store.reserve(&event, LEASE).await);
        store.commit(&event, &token, WEEK).await.unwrap();
        store.commit(&event, &token, WEEK).await.unwrap();
        store.release(&event, &token).await.unwrap();
        assert_eq!(store.reserve(&event, LEASE).await, Ok(Reservation::Done));
        millis.store(20_500 + 604_799_999, Ordering::Relaxed);
        assert_eq!(store.reserve(&event, LEASE).await, Ok(Reservation::Done));
        millis.store(20_500 + 604_800_000, Ordering::Relaxed);
        fresh(store.reserve(&event, LEASE).await);
    }

    #[tokio::test]
    async fn a_lease_ends_by_itself() {
        let (store, millis) = store(10);
        let (event, late) = (key("e-1"), key("e-2"));
        let dead = fresh(store.reserve(&event, LEASE).await);
        let slow = fresh(store.reserve(&late, LEASE).await);
        millis.store(59_999, Ordering::Relaxed);
        let wait = Reservation::InProgress { retry_after: Duration::from_millis(1) };
        assert_eq!(store.reserve(&event, LEASE).await, Ok(wait));
        millis.store(60_000, Ordering::Relaxed);
        let token = fresh(store.reserve(&event, LEASE).await);
        assert_eq!(store.commit(&event, &dead, WEEK).await, Err(ReplayStoreError::LeaseEnded));
        store.release(&event, &dead).await.unwrap();
        store.commit(&event, &token, WEEK).await.unwrap();
        // Nobody took this one, so what was done late is remembered all the same.
        store.commit(&late, &slow, WEEK).await.unwrap();
        assert_eq!(store.reserve(&late, LEASE).await, Ok(Reservation::Done));
    }

    #[tokio::test]
    async fn a_once_only_value_belongs_to_one_event() {
        let (store, millis) = store(10);
        let once = ReplayKey::single_use("acme", "nonce", "j-1");
        let hour = Duration::from_secs(3600);
        for _ in 0..2 {
            assert_eq!(store.claim(&once, &key(1), hour).await, Ok(Claim::Ours));
        }
        assert_eq!(store.claim(&once, &key(2), hour).await, Ok(Claim::Another));
        millis.store(3_600_000, Ordering::Relaxed);
        assert_eq!(store.claim(&once, &key(2), hour).await, Ok(Claim::Ours));
    }

    #[tokio::test]
    async fn a_full_store_refuses_and_forgets_nothing_early() {
        let (store, millis) = store(3);
        let mut tokens = Vec::new();
        for value in 0..3 {
            tokens.push(fresh(store.reserve(&key(value), LEASE).await));
        }
        let full = ReplayStoreError::Full { capacity: 3 };
        assert_eq!(store.reserve(&key(3), LEASE).await, Err(full.clone()));
        assert_eq!(store.claim(&key(4), &key(0), LEASE).await, Err(full.clone()));
        // What has a place keeps it.
        store.commit(&key(0), &tokens[0], WEEK).await.unwrap();
        store.commit(&key(1), &tokens[1], LEASE * 2).await.unwrap();
        assert_eq!(store.reserve(&key(0), LEASE).await, Ok(Reservation::Done));
        store.release(&key(2), &tokens[2]).await.unwrap();
        fresh(store.reserve(&key(3), LEASE).await);
        assert_eq!(store.reserve(&key(5), LEASE).await, Err(full));
        millis.store(121_000, Ordering::Relaxed);
        assert_eq!(store.len(), 1);
        assert_eq!(store.reserve(&key(0), LEASE).await, Ok(Reservation::Done));
        fresh(store.reserve(&key(5), LEASE).await);
    }

    #[tokio::test]
    async fn nothing_stays_behind() {
        let (store, millis) = store(1000);
        for round in 0..5000_u64 {
            millis.store(round * 700, Ordering::Relaxed);
            let token = fresh(store.reserve(&key(round), Duration::from_secs(round % 90 + 1)).await);
            match round % 3 {
                0 => store.commit(&key(round), &token, LEASE).await.unwrap(),
                1 => store.release(&key(round), &token).await.unwrap(),
                _ => {}
            }
        }
        {
            let entries = store.entries.lock().unwrap();
            let listed: usize = entries.ending.values().map(HashSet::len).sum();
            assert_eq!(listed, entries.by_key.len());
        }
        millis.store(10_000_000, Ordering::Relaxed);
        assert!(store.is_empty());
        assert!(store.entries.lock().unwrap().ending.is_empty());
    }
}
