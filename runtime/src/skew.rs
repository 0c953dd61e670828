//! How far the server's clock is from ours, and the clock that signs.
//!
//! 1. Each response that tells its `Date` is a measurement, against the middle of the exchange. What a cache kept
//!    (`Age`), a date that is none, and an exchange that took too long say nothing.
//! 2. A rejected signature (401, 403) with clocks that are far apart corrects the clock that signs, and the call may
//!    be made once more. Only attempts whose signature holds the time count.
//! 3. The correction is on trial until an attempt that was signed with it succeeds. If one is rejected as well, or
//!    one that was signed without it succeeds, the correction before comes back.
//! 4. From then on the correction follows the measurements.
//!
//! Measurements alone correct nothing: a server that tells the wrong time and takes our signatures is left alone. When
//! it rejects one for another reason, such as a missing permission, the trial fails once; after that the same
//! difference is no reason for another trial, since calls with it have succeeded.

use crate::retry::date_of;
use countersign_auth::{Clock, UnixTime};
use http::header::AGE;
use http::{HeaderMap, StatusCode};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

/// Clocks that are nearer than this are not why a signature was rejected: four minutes, unless a recipe is stricter.
pub(crate) const FAR_APART: i64 = 240;
/// An exchange that took longer says nothing about clocks.
const TOO_LONG: Duration = Duration::from_secs(15 * 60);
/// Differences that are nearer than this are the same, in milliseconds: a `Date` has whole seconds.
const SAME: i64 = 5_000;

/// A clock, and the correction of it.
#[derive(Debug)]
pub(crate) struct Skew {
    clock: Arc<dyn Clock>,
    enabled: bool,
    /// In milliseconds.
    far_apart: i64,
    state: Mutex<State>,
}

/// What is known, in milliseconds.
#[derive(Debug, Default)]
struct State {
    measured: Option<i64>,
    /// What is added to our clock.
    applied: i64,
    /// The correction before, while the one that is applied has not been seen to help.
    before: Option<i64>,
    /// How far from the server's time a signature was that led to a success.
    taken: Option<i64>,
    /// How far from the server's time a signature was when a correction did not help.
    in_vain: Option<i64>,
}

/// What an attempt that got a response says about clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    status: StatusCode,
    /// By how many milliseconds the server is ahead of our own clock.
    measured: Option<i64>,
    /// The correction that it was signed with; nothing if its signature holds no time.
    signed_with: Option<i64>,
}

impl Skew {
    pub(crate) fn new(clock: Arc<dyn Clock>, enabled: bool, far_apart_seconds: i64) -> Self {
        let far_apart = far_apart_seconds.saturating_mul(1000);
        Self { clock, enabled, far_apart, state: Mutex::default() }
    }

    /// Our own clock.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The correction that an attempt is signed with now.
    pub(crate) fn applied(&self) -> i64 {
        self.lock().applied
    }

    /// What the response of an exchange that took so long, and ended just now, says.
    pub(crate) fn sample(
        &self,
        took: Duration,
        status: StatusCode,
        headers: &HeaderMap,
        signed_with: Option<i64>,
    ) -> Sample {
        // What can't be corrected is worth a look where it explains a failure.
        let looks = self.enabled || is_rejection(status);
        Sample { status, measured: looks.then(|| self.measure(took, headers)).flatten(), signed_with }
    }

    /// Learns from an attempt. Whether the same call would be signed with another time now, one that may be taken.
    pub(crate) fn learn(&self, sample: &Sample) -> bool {
        let mut state = self.lock();
        state.measured = sample.measured.or(state.measured);
        let Some(used) = sample.signed_with.filter(|_| self.enabled) else { return false };
        if !is_rejection(sample.status) {
            state.passed(used, sample, self.far_apart);
            return false;
        }
        state.rejected(used, sample.measured, self.far_apart);
        is_far(state.applied, used, self.far_apart)
    }

    /// By how many milliseconds the server is ahead of our own clock, as far as that was measured.
    pub(crate) fn measured(&self) -> Option<i64> {
        self.lock().measured
    }

    fn measure(&self, took: Duration, headers: &HeaderMap) -> Option<i64> {
        if headers.contains_key(AGE) || took > TOO_LONG {
            return None;
        }
        let date = i64::try_from(date_of(headers)?.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()?;
        let half = i64::try_from(took.as_millis() / 2).unwrap_or_default();
        Some(date.saturating_sub(self.clock.now().as_millis().saturating_sub(half)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// An attempt that was signed with this correction was not rejected.
    fn passed(&mut self, used: i64, sample: &Sample, far_apart: i64) {
        if sample.status.is_success() {
            self.taken = sample.measured.map(|measured| measured.saturating_sub(used)).or(self.taken);
            match self.before {
                Some(before) if is_far(used, self.applied, far_apart) => {
                    // Our time was right before.
                    if !is_far(used, before, far_apart) {
                        (self.applied, self.before) = (before, None);
                    }
                }
                _ => self.before = None,
            }
        }
        if let Some(measured) = sample.measured
            && self.applied != 0
            && !is_far(used, self.applied, far_apart)
        {
            self.applied = measured;
        }
    }

    /// An attempt that was signed with this correction was rejected.
    fn rejected(&mut self, used: i64, measured: Option<i64>, far_apart: i64) {
        // Somebody else has changed it meanwhile.
        if is_far(used, self.applied, far_apart) {
            return;
        }
        if let Some(before) = self.before.take() {
            self.in_vain = measured.map(|measured| measured.saturating_sub(before)).or(self.in_vain);
            self.applied = before;
            return;
        }
        let Some(measured) = measured else { return };
        let apart = measured.saturating_sub(used);
        let same = |known: Option<i64>| known.is_some_and(|known| !is_far(known, apart, SAME));
        if is_far(measured, self.applied, far_apart) && !(same(self.taken) && same(self.in_vain)) {
            self.before = Some(std::mem::replace(&mut self.applied, measured));
        }
    }
}

fn is_far(one: i64, other: i64, apart: i64) -> bool {
    one.saturating_sub(other).saturating_abs() >= apart
}

/// The clock that signs.
impl Clock for Skew {
    fn now(&self) -> UnixTime {
        UnixTime::from_millis(self.clock.now().as_millis().saturating_add(self.applied()))
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
    use std::sync::atomic::{AtomicI64, Ordering};

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
        *skew.lock() = State { applied: initial * 1000, measured: Some(initial * 1000), ..State::default() };
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
            let sample = skew.sample(took, status, &headers, Some(skew.applied()));
            assert_eq!(skew.learn(&sample), attempt.again, "attempt {at}");
            assert_eq!(skew.measured().unwrap_or_default() / 1000, attempt.skew, "attempt {at}");
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
    fn it_is_corrected_in_both_directions_and_taken_back() {
        let behind = Attempt { again: true, ..attempt([1000, 1000, 1000], 401, 600, -400) };
        // By the server's time already: our own comes back, and another call may try again.
        let not_twice = Attempt { again: true, ..attempt([1001, 1001, 601], 401, 601, -400) };
        run(0, &[behind, not_twice, attempt([1002, 1002, 1002], 200, 602, -400)]);
    }

    #[test]
    fn what_tells_the_wrong_time_and_takes_signatures_is_left_alone() {
        // A zone's time with GMT written behind it.
        run(0, &[attempt([0, 0, 0], 200, 7200, 7200), attempt([9, 9, 9], 200, 7209, 7200)]);
        let zone = [("date", "Thu, 01 Jan 2026 02:00:00 +0200"), ("date", "Thu, 01 Jan 2026 02:00:00 CET")];
        for (name, value) in zone {
            let skew = Skew::new(Arc::new(Hands::default()), true, FAR_APART);
            let headers = [(name.parse().expect("a name"), HeaderValue::from_static(value))].into_iter().collect();
            assert!(!skew.learn(&skew.sample(Duration::ZERO, StatusCode::UNAUTHORIZED, &headers, Some(0))), "{value}");
            assert_eq!(skew.measured(), None);
        }
    }

    #[test]
    fn a_correction_that_does_not_help_is_taken_back() {
        let missing = |at: i64| Attempt { again: true, ..attempt([at, at, at], 403, at + 7200, 7200) };
        let in_vain = |at: i64| Attempt { again: true, ..attempt([at, at, at + 7200], 403, at + 7200, 7200) };
        let fine = |at: i64| attempt([at, at, at], 200, at + 7200, 7200);
        // A server two hours ahead that takes our time, and a permission that is missing.
        let once_more = attempt([9, 9, 9], 403, 7209, 7200);
        run(0, &[fine(0), missing(1), in_vain(2), fine(3), once_more, fine(10)]);
        run(0, &[missing(0), in_vain(1), fine(2), attempt([3, 3, 3], 403, 7203, 7200)]);
        // Ours is off, and a permission is missing: nothing has succeeded with it, so it is tried again.
        run(0, &[missing(0), in_vain(1), missing(2), attempt([3, 3, 7203], 200, 7203, 7200)]);
        // What is not told is no measurement, and a trial can fail all the same.
        let silent = Attempt { date: None, again: true, ..attempt([1, 1, 7201], 401, 0, 7200) };
        run(0, &[missing(0), silent, fine(2)]);
        // A fault of the server says nothing; a success keeps it.
        let kept = attempt([2, 2, 7202], 200, 7202, 7200);
        run(0, &[missing(0), attempt([1, 1, 7201], 500, 7201, 7200), kept, attempt([3, 3, 7203], 403, 7203, 7200)]);
    }

    #[test]
    fn attempts_that_were_on_their_way_are_told_apart() {
        let skew = Skew::new(Arc::new(Hands::default()), true, FAR_APART);
        let sample = |status: StatusCode, signed_with: i64| {
            skew.learn(&Sample { status, measured: Some(7_200_000), signed_with: Some(signed_with) })
        };
        assert!(sample(StatusCode::UNAUTHORIZED, 0), "a trial begins");
        assert!(sample(StatusCode::UNAUTHORIZED, 0), "this one was signed before; it may be made again");
        assert_eq!(skew.applied(), 7_200_000, "and says nothing about the trial");
        assert!(!sample(StatusCode::OK, 0));
        assert_eq!(skew.applied(), 0, "our own time was right");
        assert!(sample(StatusCode::FORBIDDEN, 7_200_000), "by that it may be made again");
        assert_eq!(skew.applied(), 0);
    }

    #[test]
    fn signatures_without_a_time_are_no_matter_of_clocks() {
        let skew = Skew::new(Arc::new(Hands::default()), true, FAR_APART);
        let sample = Sample { status: StatusCode::FORBIDDEN, measured: Some(7_200_000), signed_with: None };
        assert!(!skew.learn(&sample));
        assert_eq!((skew.applied(), skew.measured()), (0, Some(7_200_000)));
    }
}
