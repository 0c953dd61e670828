//! How far the server's clock is from ours, and the clock that signs.
//!
//! 1. Each response that tells its `Date` is a measurement, against the middle of the exchange. What a cache kept
//!    (`Age`), a date that is none, and an exchange that took too long say nothing.
//! 2. A rejected signature (401, 403) with clocks that are far apart corrects the clock that signs, and the call may
//!    be made once more.
//! 3. From then on the correction follows the measurements.
//!
//! Measurements alone correct nothing: a server that tells the wrong time and takes our signatures is left alone.

use crate::retry::date_of;
use countersign_auth::{Clock, UnixTime};
use http::header::AGE;
use http::{HeaderMap, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

/// Clocks that are nearer than this are not why a signature was rejected: four minutes, unless a recipe is stricter.
pub(crate) const FAR_APART: i64 = 240;
/// An exchange that took longer says nothing about clocks.
const TOO_LONG: Duration = Duration::from_secs(15 * 60);

/// A clock, and the correction of it.
#[derive(Debug)]
pub(crate) struct Skew {
    clock: Arc<dyn Clock>,
    enabled: bool,
    /// In milliseconds.
    far_apart: i64,
    measured: AtomicI64,
    is_measured: AtomicBool,
    applied: AtomicI64,
}

impl Skew {
    pub(crate) fn new(clock: Arc<dyn Clock>, enabled: bool, far_apart_seconds: i64) -> Self {
        Self {
            clock,
            enabled,
            far_apart: far_apart_seconds.saturating_mul(1000),
            measured: AtomicI64::new(0),
            is_measured: AtomicBool::new(false),
            applied: AtomicI64::new(0),
        }
    }

    /// Our own clock.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Learns from the response of an exchange that took so long. Whether the same call would be signed with another time now, one
    /// that may be taken.
    pub(crate) fn learn(&self, took: Duration, status: StatusCode, headers: &HeaderMap) -> bool {
        let rejected = is_rejection(status);
        // What can't be corrected is worth a look where it explains a failure.
        let Some(measured) = (self.enabled || rejected).then(|| self.measure(took, headers)).flatten() else {
            return false;
        };
        self.measured.store(measured, Ordering::Relaxed);
        self.is_measured.store(true, Ordering::Relaxed);
        if !self.enabled {
            return false;
        }
        let applied = self.applied.load(Ordering::Relaxed);
        let is_far = measured.saturating_sub(applied).saturating_abs() >= self.far_apart;
        if (rejected && is_far) || (!rejected && applied != 0) {
            self.applied.store(measured, Ordering::Relaxed);
        }
        rejected && is_far
    }

    /// By how many milliseconds the server is ahead of our own clock, as far as that was measured.
    pub(crate) fn measured(&self) -> Option<i64> {
        self.is_measured.load(Ordering::Relaxed).then(|| self.measured.load(Ordering::Relaxed))
    }

    fn measure(&self, took: Duration, headers: &HeaderMap) -> Option<i64> {
        if headers.contains_key(AGE) || took > TOO_LONG {
            return None;
        }
        let date = i64::try_from(date_of(headers)?.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()?;
        let half = i64::try_from(took.as_millis() / 2).unwrap_or_default();
        Some(date.saturating_sub(self.clock.now().as_millis().saturating_sub(half)))
    }
}

/// The clock that signs.
impl Clock for Skew {
    fn now(&self) -> UnixTime {
        UnixTime::from_millis(self.clock.now().as_millis().saturating_add(self.applied.load(Ordering::Relaxed)))
    }
}

/// Whether a signature may have been rejected.
pub(crate) fn is_rejection(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    /// 2026-01-01T00:00:00Z.
    const START: i64 = 1_767_225_600;

    #[derive(Debug, Default)]
    struct Hands(AtomicI64);

    impl Clock for Hands {
        fn now(&self) -> UnixTime {
            UnixTime::from_secs(START + self.0.load(Ordering::Relaxed))
        }
    }

    /// One attempt: what our clock shows when it is sent and when the response is there, the time that signs, and
    /// the response. All in seconds from the start.
    struct Attempt {
        sent: i64,
        received: i64,
        signed: i64,
        status: u16,
        date: Option<i64>,
        age: bool,
        /// Whether another attempt follows.
        again: bool,
        /// What is known of the server's clock afterwards.
        skew: i64,
    }

    const fn attempt(times: [i64; 3], status: u16, date: i64, skew: i64) -> Attempt {
        let [sent, received, signed] = times;
        Attempt { sent, received, signed, status, date: Some(date), age: false, again: false, skew }
    }

    /// Runs attempts against a clock whose correction is `initial` seconds.
    fn run(initial: i64, attempts: &[Attempt]) {
        let hands = Arc::new(Hands::default());
        let skew = Skew::new(hands.clone(), true, FAR_APART);
        skew.applied.store(initial * 1000, Ordering::Relaxed);
        skew.measured.store(initial * 1000, Ordering::Relaxed);
        for (at, attempt) in attempts.iter().enumerate() {
            hands.0.store(attempt.sent, Ordering::Relaxed);
            assert_eq!(skew.now().as_secs() - START, attempt.signed, "attempt {at}");
            let took = Duration::from_secs((attempt.received - attempt.sent).unsigned_abs());
            hands.0.store(attempt.received, Ordering::Relaxed);
            let mut headers = HeaderMap::new();
            if let Some(date) = attempt.date {
                let date = UNIX_EPOCH + Duration::from_secs((START + date).unsigned_abs());
                let text = httpdate::fmt_http_date(date);
                headers.insert("date", HeaderValue::from_str(&text).expect("a date"));
            }
            if attempt.age {
                headers.insert("age", HeaderValue::from_static("17280"));
            }
            let status = StatusCode::from_u16(attempt.status).expect("a status");
            assert_eq!(skew.learn(took, status, &headers), attempt.again, "attempt {at}");
            assert_eq!(skew.measured.load(Ordering::Relaxed) / 1000, attempt.skew, "attempt {at}");
        }
    }

    /// The situations of the table that AWS tests its SDKs with, in words of ours.
    #[test]
    fn ten_situations() {
        let corrected = Attempt { again: true, ..attempt([0, 2, 0], 403, 301, 300) };
        // 1. The clocks agree.
        run(0, &[attempt([0, 2, 0], 200, 1, 0)]);
        // 2. A rejection, a correction, and the next call begins with it.
        run(0, &[corrected, attempt([2, 4, 302], 200, 303, 300), attempt([60, 62, 360], 200, 361, 300)]);
        // 3. A rejection that may not be repeated corrects all the same.
        run(0, &[Attempt { again: true, ..attempt([0, 2, 0], 401, 301, 300) }, attempt([9, 9, 309], 200, 309, 300)]);
        // 4. An exchange that took too long says nothing; the next one does.
        run(0, &[attempt([0, 960, 0], 200, 600, 0), attempt([1020, 1022, 1020], 200, 1321, 300)]);
        // 5. A correction that is out of date goes away by itself.
        run(300, &[attempt([0, 2, 300], 200, 1, 0), attempt([9, 9, 9], 200, 9, 0)]);
        // 6. A rejection with clocks that are near is no matter of clocks.
        run(0, &[attempt([0, 2, 0], 401, 121, 120)]);
        // 7. One with clocks that are far apart is.
        run(0, &[Attempt { again: true, ..attempt([0, 2, 0], 401, 301, 300) }, attempt([2, 4, 302], 200, 303, 300)]);
        // 8. Without a date nothing is known.
        run(0, &[Attempt { date: None, ..attempt([0, 2, 0], 403, 0, 0) }]);
        // 9. What a cache kept says nothing; the next one does.
        let kept = || Attempt { age: true, ..attempt([60_660, 60_662, 60_660], 200, 43_381, 0) };
        run(0, &[kept(), attempt([60_670, 60_672, 60_670], 200, 60_971, 300)]);
        // 10. It does no harm to what follows either.
        run(0, &[kept(), attempt([60_670, 60_672, 60_670], 200, 60_671, 0)]);
    }

    #[test]
    fn it_is_corrected_in_both_directions_and_not_twice() {
        let behind = Attempt { again: true, ..attempt([1000, 1000, 1000], 401, 600, -400) };
        run(0, &[behind, attempt([1001, 1001, 601], 401, 601, -400)]);
    }

    #[test]
    fn what_tells_the_wrong_time_and_takes_signatures_is_left_alone() {
        // A zone's time with GMT written behind it.
        run(0, &[attempt([0, 0, 0], 200, 7200, 7200), attempt([9, 9, 9], 200, 7209, 7200)]);
        let zone = [("date", "Thu, 01 Jan 2026 02:00:00 +0200"), ("date", "Thu, 01 Jan 2026 02:00:00 CET")];
        for (name, value) in zone {
            let skew = Skew::new(Arc::new(Hands::default()), true, FAR_APART);
            let headers = [(name.parse().expect("a name"), HeaderValue::from_static(value))].into_iter().collect();
            assert!(!skew.learn(Duration::ZERO, StatusCode::UNAUTHORIZED, &headers), "{value}");
            assert_eq!(skew.measured(), None);
        }
    }
}
