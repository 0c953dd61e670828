//! One time for a provider and its clients, so that no test looks at a wall clock.

use countersign_auth as auth;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The time that a provider goes by.
#[derive(Clone, Debug)]
pub enum Time {
    /// The system's.
    System,
    /// Milliseconds since 1970 that stand still until they are moved.
    Manual(Arc<AtomicU64>),
}

impl Time {
    /// A time that stands still: 2 January 2026, 03:04:05.678 UTC.
    pub fn manual() -> Time {
        Time::Manual(Arc::new(AtomicU64::new(1_767_323_045_678)))
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        match self {
            Time::System => {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
            }
            Time::Manual(now) => now.load(Ordering::SeqCst),
        }
    }

    /// A client's clock that is this much ahead.
    pub fn ahead(&self, offset_ms: i64) -> ClientClock {
        ClientClock { time: self.clone(), offset_ms, step_ms: 0 }
    }

    /// A client's clock that moves this time on by `step_ms` with each reading.
    pub fn stepping(&self, step_ms: u64) -> ClientClock {
        ClientClock { time: self.clone(), offset_ms: 0, step_ms }
    }
}

/// A client's clock.
#[derive(Clone, Debug)]
pub struct ClientClock {
    time: Time,
    offset_ms: i64,
    step_ms: u64,
}

impl auth::Clock for ClientClock {
    fn now(&self) -> auth::UnixTime {
        if let Time::Manual(now) = &self.time {
            now.fetch_add(self.step_ms, Ordering::SeqCst);
        }
        let now = i64::try_from(self.time.now_ms()).unwrap_or(i64::MAX);
        auth::UnixTime::from_millis(now.saturating_add(self.offset_ms))
    }
}
