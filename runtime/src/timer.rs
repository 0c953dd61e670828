//! Time that only moves forward, and waiting: tokio's natively, the browser's on wasm32.

use std::time::Duration;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use tokio::time::Instant;
#[cfg(target_arch = "wasm32")]
pub(crate) use web_time::Instant;

/// Waits until then; a time that is past is no wait.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) async fn sleep_until(at: Instant) {
    tokio::time::sleep_until(at).await;
}

/// Waits until then; a time that is past is no wait.
#[cfg(target_arch = "wasm32")]
pub(crate) async fn sleep_until(at: Instant) {
    // A browser's timer has at most 2^31 milliseconds.
    const LONGEST: Duration = Duration::from_secs(86_400);
    loop {
        let left = at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        let millis = left.min(LONGEST).as_nanos().div_ceil(1_000_000);
        gloo_timers::future::TimeoutFuture::new(u32::try_from(millis).unwrap_or(u32::MAX)).await;
    }
}

/// The outcome of a future, or nothing if that time comes first. If it is past already, nothing begins: a timer
/// rounds up, and much can be done in a millisecond.
pub(crate) async fn until<T>(at: Option<Instant>, future: impl Future<Output = T>) -> Option<T> {
    let Some(at) = at else { return Some(future.await) };
    if at <= Instant::now() {
        return None;
    }
    let (future, sleep) = (std::pin::pin!(future), std::pin::pin!(sleep_until(at)));
    match futures_util::future::select(future, sleep).await {
        futures_util::future::Either::Left((outcome, _)) => Some(outcome),
        futures_util::future::Either::Right(_) => None,
    }
}

/// A time so far ahead; none if it is beyond what the clock can tell.
pub(crate) fn after(duration: Duration) -> Option<Instant> {
    Instant::now().checked_add(duration)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_begins_after_its_time() {
        let mut begun = false;
        assert_eq!(until(Some(Instant::now()), async { begun = true }).await, None);
        assert!(!begun);
        assert_eq!(until(after(Duration::from_secs(60)), async { 1 }).await, Some(1));
        assert_eq!(until(None, async { 2 }).await, Some(2));
    }
}
