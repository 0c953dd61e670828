//! How many calls run at once, and how many start in a second.
//!
//! Who waits stands in line; who stops waiting leaves the line, and the next one moves up. A permit is held until
//! the response is read, also where it is a stream.

use crate::timer::{self, Instant};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The permits of one API; none if it has no limit.
#[derive(Debug)]
pub(crate) struct Permits(Option<Arc<Semaphore>>);

/// The right to make a call now; dropping it gives the place to the next in line.
#[derive(Debug)]
pub(crate) struct Permit {
    _permit: Option<OwnedSemaphorePermit>,
}

/// Whether a call runs within the permit of another one, which waits for it and is not on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lent {
    #[default]
    No,
    Yes,
}

impl Permit {
    /// The other call's.
    pub(crate) fn lent() -> Self {
        Self { _permit: None }
    }
}

impl Permits {
    pub(crate) fn new(concurrent: Option<u32>) -> Self {
        // A limit of none would wait forever.
        let semaphore =
            |limit: u32| Arc::new(Semaphore::new(limit.max(1).try_into().unwrap_or(Semaphore::MAX_PERMITS)));
        Self(concurrent.map(semaphore))
    }

    pub(crate) async fn acquire(&self) -> Permit {
        let Some(semaphore) = &self.0 else { return Permit { _permit: None } };
        // It is never closed.
        Permit { _permit: Arc::clone(semaphore).acquire_owned().await.ok() }
    }
}

/// The rate of an account: calls start so far apart, one after another.
#[derive(Debug)]
pub(crate) struct Rate {
    interval: Duration,
    line: Semaphore,
    next: Mutex<Option<Instant>>,
}

impl Rate {
    /// So many calls a second; a rate that is not a positive number is none.
    pub(crate) fn new(per_second: f64) -> Option<Self> {
        let interval = Duration::try_from_secs_f64(1.0 / per_second).ok().filter(|interval| !interval.is_zero())?;
        Some(Self { interval, line: Semaphore::new(1), next: Mutex::new(None) })
    }

    pub(crate) async fn admit(&self) {
        let _turn = self.line.acquire().await;
        let next = *self.lock();
        if let Some(at) = next {
            timer::sleep_until(at).await;
        }
        *self.lock() = timer::after(self.interval);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn who_leaves_the_line_leaves_no_gap() {
        let permits = Permits::new(Some(1));
        let held = permits.acquire().await;
        let mut first = Box::pin(permits.acquire());
        let mut second = Box::pin(permits.acquire());
        let mut third = Box::pin(permits.acquire());
        for waiting in [&mut first, &mut second, &mut third] {
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        drop(second);
        drop(held);
        assert!(third.as_mut().now_or_never().is_none(), "the first in line comes first");
        let held = first.as_mut().now_or_never().expect("its turn");
        // A permit that was granted and never looked at comes back, too.
        drop(held);
        drop(third);
        assert!(permits.acquire().now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn calls_start_so_far_apart() {
        let rate = Rate::new(4.0).expect("a rate");
        let start = Instant::now();
        let times = futures_util::future::join_all((0..5).map(|_| async {
            rate.admit().await;
            start.elapsed().as_millis()
        }));
        assert_eq!(times.await, [0, 250, 500, 750, 1000]);
        // Somebody who stops waiting takes nobody's time.
        assert!(rate.admit().now_or_never().is_none());
        rate.admit().await;
        assert_eq!(start.elapsed().as_millis(), 1250);
        for none in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Rate::new(none).is_none(), "{none}");
        }
    }
}
