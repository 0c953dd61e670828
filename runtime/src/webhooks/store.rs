//! What a replay guard remembers, and who does the remembering.
//!
//! An event is *reserved* while it is handled, then *committed*, or *released* so that a redelivery runs again. A
//! reservation is a lease: it ends by itself, so a process that dies holds nothing back. Beside it, each value that
//! may be seen once only (a JWT's `jti`) is *claimed* for one event: a second event that brings it is refused.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// What a [`ReplayStore`] answers with; `futures`' `BoxFuture` of a result.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, ReplayStoreError>> + Send + 'a>>;

/// The memory of a replay guard.
///
/// [`MemoryReplayStore`](super::MemoryReplayStore) serves one process; several processes that receive the same
/// webhook share one, such as `RedisReplayStore` (feature `redis`). Every method must be atomic, and a store that
/// can't tell whether it has seen a key must fail: an error becomes 503, and the sender tries again.
pub trait ReplayStore: Send + Sync + fmt::Debug + 'static {
    /// Takes the key for `lease`, unless it is taken or done.
    fn reserve<'a>(&'a self, key: &'a ReplayKey, lease: Duration) -> StoreFuture<'a, Reservation>;

    /// Marks the key as done and remembers it for `remember` from now; also if the lease ended meanwhile and nobody
    /// took the key. Fails with [`ReplayStoreError::LeaseEnded`] if somebody did.
    fn commit<'a>(&'a self, key: &'a ReplayKey, token: &'a ReservationToken, remember: Duration)
    -> StoreFuture<'a, ()>;

    /// Gives the key back if the token still holds it; a key that is done, gone, or held by another stays as it is.
    fn release<'a>(&'a self, key: &'a ReplayKey, token: &'a ReservationToken) -> StoreFuture<'a, ()>;

    /// Binds a value that may be seen once only to an event, for `remember` from now, unless it is bound already.
    fn claim<'a>(
        &'a self,
        single_use: &'a ReplayKey,
        event: &'a ReplayKey,
        remember: Duration,
    ) -> StoreFuture<'a, Claim>;
}

/// The key of an event, `<issuer>:<event>:<value>`, or of a value that may be seen once only,
/// `<issuer>:%once:<step>:<value>`.
///
/// `:` and `%` are percent-encoded in all parts but the last, so different parts never make the same key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReplayKey(Arc<str>);

/// What stands where an event has its name; no name is written like this.
const SINGLE_USE: &str = "%once";

impl ReplayKey {
    /// The key of an event.
    pub fn event(issuer: &str, event: &str, value: &str) -> Self {
        Self(format!("{}:{}:{value}", escaped(issuer), escaped(event)).into())
    }

    /// The key of a value that may be seen once only; it belongs to the issuer, whatever the event.
    pub fn single_use(issuer: &str, step: &str, value: &str) -> Self {
        Self(format!("{}:{SINGLE_USE}:{}:{value}", escaped(issuer), escaped(step)).into())
    }

    /// The key as text. It tells who the sender is and which event it was.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

fn escaped(part: &str) -> String {
    part.replace('%', "%25").replace(':', "%3A")
}

// The value comes out of a body, and bodies are not printed.
impl fmt::Debug for ReplayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplayKey([redacted])")
    }
}

/// Who holds a reservation; a store makes them, no two alike.
#[derive(Clone, PartialEq, Eq)]
pub struct ReservationToken(Arc<str>);

impl ReservationToken {
    /// Takes the text as it is.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The token as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// Whoever knows it could commit or release another's reservation.
impl fmt::Debug for ReservationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReservationToken([redacted])")
    }
}

/// What became of an attempt to reserve an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// It is ours to handle.
    Fresh(ReservationToken),
    /// Somebody handles it at this moment.
    InProgress {
        /// When that lease ends at the latest.
        retry_after: Duration,
    },
    /// It was handled before.
    Done,
}

/// What became of a value that may be seen once only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It belongs to this event, since now or since an earlier copy.
    Ours,
    /// It came with another event before: a replay.
    Another,
}

/// A store could not answer. Its text goes to the operator's log, never to the sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayStoreError {
    /// All places are taken by what must not be forgotten yet.
    #[error("the replay store is full: all {capacity} places are taken")]
    Full {
        /// How many there are.
        capacity: usize,
    },
    /// The lease ended before the commit, and another copy is being handled or was.
    #[error("the lease ended before the commit, and another copy took the event")]
    LeaseEnded,
    /// It can't be reached, or answered with an error.
    #[error("the replay store is unavailable: {reason}")]
    Unavailable {
        /// Why, without address or credentials.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_parts_make_different_keys() {
        let keys = [
            ReplayKey::event("a:b", "c", "d"),
            ReplayKey::event("a", "b:c", "d"),
            ReplayKey::event("a", "b", "c:d"),
            ReplayKey::event("a%3Ab", "c", "d"),
            ReplayKey::event("a", "", "c:d"),
            ReplayKey::single_use("a", "b", "c:d"),
            ReplayKey::single_use("a", "b:c", "d"),
            ReplayKey::event("a", "%once", "b:c:d"),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "{}", key.as_str());
        }
        assert_eq!(keys[2].as_str(), "a:b:c:d");
        assert_eq!(format!("{:?}", keys[0]), "ReplayKey([redacted])");
    }
}
