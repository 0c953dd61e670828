//! Which failures are worth another attempt, and how long to wait for it.

use crate::attempts::State;
use crate::client::Core;
use crate::error::{ErrorKind, Failed};
use crate::operation::Repeat;
use crate::sessions::TokenError;
use countersign_auth::Clock;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often a call is tried, and how long it waits in between.
///
/// What may be repeated at all is the operation's [`Repeat`]: `safe` ones after any failure that passes, `unsafe`
/// ones only if no attempt can have been processed, `never` ones not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryOptions {
    attempts: u32,
    base_delay: Duration,
    max_delay: Duration,
}

impl RetryOptions {
    /// Three attempts; the pauses between are random, up to 200 ms, 400 ms and so on, at most 10 s.
    pub const fn new() -> Self {
        Self { attempts: 3, base_delay: Duration::from_millis(200), max_delay: Duration::from_secs(10) }
    }

    /// One attempt.
    pub const fn none() -> Self {
        Self::new().attempts(1)
    }

    /// How many attempts there are at most, the first one included.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The longest that the first pause can be; it doubles from attempt to attempt. A server that tells when to
    /// come back, or says 429, is heeded whatever stands here.
    pub const fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// The longest that any of these pauses can be.
    pub const fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    pub(crate) fn allows_another(&self, attempts: u32) -> bool {
        attempts < self.attempts
    }

    /// Full jitter: anything between nothing and a time that doubles with each attempt.
    pub(crate) fn pause(&self, attempts: u32, chance: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        self.base_delay.saturating_mul(doubled).min(self.max_delay).mul_f64(chance.clamp(0.0, 1.0))
    }
}

impl Default for RetryOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a failure with this status may be gone next time.
pub(crate) fn status_may_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// Whether a failure of this kind may be gone next time; statuses are told apart by themselves.
pub(crate) fn kind_may_pass<E>(kind: &ErrorKind<E>, status: Option<StatusCode>) -> bool {
    match kind {
        ErrorKind::Transport(_) | ErrorKind::Timeout | ErrorKind::Paused { .. } => true,
        ErrorKind::Status(_) | ErrorKind::Undeclared(_) | ErrorKind::Decode { .. } => {
            status.is_some_and(status_may_pass)
        }
        ErrorKind::Token(error) => error.may_pass(),
        ErrorKind::Credentials(error) => error.may_pass(),
        ErrorKind::Request(_)
        | ErrorKind::Sign(_)
        | ErrorKind::Refused(_)
        | ErrorKind::TooLarge { .. }
        | ErrorKind::Middleware(_) => false,
    }
}

/// Whether a call may be made again, after a failure that may be gone next time.
pub(crate) fn may_repeat(repeat: Repeat, attempts: &State) -> bool {
    match repeat {
        Repeat::Safe => true,
        Repeat::Unsafe => !attempts.maybe_processed,
        Repeat::Never => false,
    }
}

/// What an attempt says about the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the answer, or another attempt would end the same way.
    Stands,
    /// Another attempt may go well.
    MayPass,
    /// The server took no more calls; perhaps it told when it will.
    Refused(Option<Duration>),
}

/// Judges a response by its status.
pub(crate) fn of_response(status: StatusCode, headers: &HeaderMap, clock: &dyn Clock) -> Verdict {
    let told = headers.get(RETRY_AFTER).map(|value| retry_after(value, headers, clock));
    match (status, told) {
        (StatusCode::TOO_MANY_REQUESTS, told) => Verdict::Refused(told.flatten()),
        (StatusCode::SERVICE_UNAVAILABLE, Some(told)) => Verdict::Refused(told),
        _ if status_may_pass(status) => Verdict::MayPass,
        _ => Verdict::Stands,
    }
}

/// Judges a failure without a response that can be read.
pub(crate) fn of_failure(failed: &Failed) -> Verdict {
    // The call that fetches a token has been repeated already.
    if matches!(failed.kind, ErrorKind::Token(TokenError::Operation { .. })) {
        return Verdict::Stands;
    }
    if kind_may_pass(&failed.kind, None) { Verdict::MayPass } else { Verdict::Stands }
}

/// The time that `Retry-After` tells: seconds or a date. A date is held against the server's own clock where it
/// tells that, too. What is neither says nothing.
fn retry_after(value: &HeaderValue, headers: &HeaderMap, clock: &dyn Clock) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let now = date_of(headers).unwrap_or_else(|| {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(clock.now().as_millis()).unwrap_or_default())
    });
    Some(date.duration_since(now).unwrap_or_default())
}

/// The server's time.
pub(crate) fn date_of(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?.trim()).ok()
}

/// A random number between 0 and 1; 1 if there is no chance to be had.
pub(crate) fn chance(core: &Core) -> f64 {
    let mut bytes = [0; 4];
    match core.random().fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_auth::UnixTime;

    #[derive(Debug)]
    struct At(i64);

    impl Clock for At {
        fn now(&self) -> UnixTime {
            UnixTime::from_secs(self.0)
        }
    }

    fn told(status: u16, pairs: &[(&'static str, &'static str)]) -> Verdict {
        let headers = pairs
            .iter()
            .map(|(name, value)| (name.parse::<http::HeaderName>().expect("a name"), HeaderValue::from_static(value)))
            .collect();
        // 1994-11-06 08:49:37, the date of RFC 9110.
        of_response(StatusCode::from_u16(status).expect("a status"), &headers, &At(784_111_777))
    }

    #[test]
    fn times_are_told_in_seconds_or_as_dates() {
        let refused = |seconds| Verdict::Refused(Some(Duration::from_secs(seconds)));
        for (text, seconds) in [
            ("120", 120),
            ("0", 0),
            (" 7 ", 7),
            ("1000000000", 1_000_000_000),
            ("99999999999999999999999", u64::MAX),
            ("Sun, 06 Nov 1994 08:49:47 GMT", 10),
            ("Sunday, 06-Nov-94 08:49:47 GMT", 10),
            ("Sun Nov  6 08:49:47 1994", 10),
            ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
        ] {
            assert_eq!(told(429, &[("retry-after", text)]), refused(seconds), "{text}");
            assert_eq!(told(503, &[("retry-after", text)]), refused(seconds), "{text}");
        }
        let date = ("date", "Sun, 06 Nov 1994 08:49:40 GMT");
        assert_eq!(told(429, &[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"), date]), refused(7));
        for junk in ["-1", "", "soon", "1.5", "1e9", "Sun, 06 Nov 1994 08:49:47 CET"] {
            assert_eq!(told(429, &[("retry-after", junk)]), Verdict::Refused(None), "{junk}");
        }
    }

    #[test]
    fn statuses_that_pass() {
        assert_eq!(told(429, &[]), Verdict::Refused(None));
        assert_eq!(told(503, &[]), Verdict::MayPass, "one of many servers may have said that");
        for status in [408, 425, 500, 502, 504] {
            assert_eq!(told(status, &[("retry-after", "9")]), Verdict::MayPass, "{status}");
        }
        for status in [200, 204, 304, 400, 401, 403, 404, 409, 422, 501, 505] {
            assert_eq!(told(status, &[("retry-after", "9")]), Verdict::Stands, "{status}");
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let options = RetryOptions::new();
        let most: Vec<_> = (1..9).map(|attempts| options.pause(attempts, 1.0).as_millis()).collect();
        assert_eq!(most, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        assert_eq!(options.pause(u32::MAX, 1.0).as_secs(), 10);
        assert_eq!(options.pause(3, 0.0), Duration::ZERO);
        assert_eq!(options.pause(1, 0.5).as_millis(), 100);
    }
}
