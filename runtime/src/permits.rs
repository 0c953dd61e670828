//! How many calls run at once, and how many start in a second.
//!
//! Who waits stands in line; who stops waiting leaves the line, and the next one moves up. A permit is held until
//! the response is read, also where it is a stream; but not while its call waits for a token to sign with.

use crate::timer::{self, Instant};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The permits of one API; none if it has no limit.
#[derive(Debug)]
pub(crate) struct Permits(Option<Arc<Semaphore>>);

/// The right to make a call now; dropping it gives the place to the next in line.
#[derive(Debug)]
pub(crate) struct Permit(Arc<Place>);

/// The place of a permit, for what waits inside of its call.
#[derive(Clone, Debug)]
pub(crate) struct Seat(Arc<Place>);

#[derive(Debug)]
struct Place {
    semaphore: Option<Arc<Semaphore>>,
    held: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Permits {
    pub(crate) fn new(concurrent: Option<u32>) -> Self {
        // A limit of none would wait forever.
        let semaphore =
            |limit: u32| Arc::new(Semaphore::new(limit.max(1).try_into().unwrap_or(Semaphore::MAX_PERMITS)));
        Self(concurrent.map(semaphore))
    }

    pub(crate) async fn acquire(&self) -> Permit {
        let place = Arc::new(Place { semaphore: self.0.clone(), held: Mutex::default() });
        place.take().await;
        Permit(place)
    }
}

impl Permit {
    pub(crate) fn seat(&self) -> Seat {
        Seat(Arc::clone(&self.0))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Seat {
    /// Waits for something else than the service's answer to this call: others may have the permit meanwhile. What is
    /// waited for may need it, or wait for somebody who does.
    pub(crate) async fn without<T>(&self, wait: impl Future<Output = T>) -> T {
        let mut wait = std::pin::pin!(wait);
        // What is there at once costs nobody a place.
        if let Poll::Ready(ready) = std::future::poll_fn(|context| Poll::Ready(wait.as_mut().poll(context))).await {
            return ready;
        }
        self.0.leave();
        let ready = wait.await;
        self.0.take().await;
        ready
    }
}

impl Place {
    async fn take(&self) {
        let Some(semaphore) = &self.semaphore else { return };
        // It is never closed.
        *self.held() = Arc::clone(semaphore).acquire_owned().await.ok();
    }

    fn leave(&self) {
        let held = self.held().take();
        drop(held);
    }

    fn held(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
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

    #[tokio::test]
    async fn who_waits_for_something_else_stands_in_line_again() {
        let permits = Permits::new(Some(1));
        let held = permits.acquire().await;
        let seat = held.seat();
        let mut next = Box::pin(permits.acquire());
        assert_eq!(seat.without(async { 1 }).await, 1);
        assert!(next.as_mut().now_or_never().is_none(), "what is there at once gives nobody a place");
        let (tell, told) = tokio::sync::oneshot::channel();
        let mut waiting = Box::pin(seat.without(told));
        assert!(waiting.as_mut().now_or_never().is_none());
        let other = next.as_mut().now_or_never().expect("its turn");
        tell.send(2).expect("somebody waits");
        assert!(waiting.as_mut().now_or_never().is_none(), "the other one has the place");
        drop(other);
        assert_eq!(waiting.as_mut().now_or_never(), Some(Ok(2)));
        assert!(permits.acquire().now_or_never().is_none());
        drop(held);
        assert!(permits.acquire().now_or_never().is_some(), "a seat alone is no permit");
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
