//! When an API may be called: not before the time that it told, and then as often as it took calls before.
//!
//! 1. A refusal (429, or 503 with `Retry-After`) stops all calls of the client to that host and API until the time
//!    told. Nothing told stops them for a while that grows from round to round. Answers to what was on its way
//!    when the first one came belong to the same round.
//! 2. Afterwards callers are let in one by one, in the order in which they came, at the rate that was accepted
//!    before the refusal. Each call that is accepted adds a twentieth of a call a second, so the rate grows by 5 %
//!    a second.
//! 3. A minute without a refusal ends this.

use crate::timer::{self, Instant};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// The first pause where none is told; it doubles with each round.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause where none is told.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(30);
/// No pause is longer than a year, whatever is told and permitted: later times can't be computed with.
const LONGEST_PAUSE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Without a refusal for so long, calls are free again.
const FORGIVEN: Duration = Duration::from_secs(60);
/// What each accepted call adds to the rate.
const GROWTH: f64 = 0.05;
/// Timers are coarse: who is so late is on time.
const LATENESS: Duration = Duration::from_millis(2);

/// The pace of one API.
#[derive(Debug)]
pub(crate) struct Pace {
    line: Semaphore,
    longest: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    paused_until: Option<Instant>,
    /// When the last round of refusals began.
    refused_at: Option<Instant>,
    /// Rounds of refusals in a row.
    rounds: u32,
    /// Calls a second, after a refusal.
    rate: Option<f64>,
    /// When the next caller is let in.
    next: Option<Instant>,
    accepted: Accepted,
}

impl Pace {
    /// A pace whose pauses are at most so long, whatever is told.
    pub(crate) fn new(longest: Duration) -> Self {
        Self { line: Semaphore::new(1), longest: longest.min(LONGEST_PAUSE), state: Mutex::default() }
    }

    /// Waits for the caller's turn.
    ///
    /// # Errors
    /// How long the pause still is, if it ends after the caller's deadline.
    pub(crate) async fn admit(&self, deadline: Option<Instant>) -> Result<(), Duration> {
        if self.is_free() {
            return Ok(());
        }
        self.in_time(deadline)?;
        let _turn = self.line.acquire().await;
        loop {
            self.in_time(deadline)?;
            let opens = self.lock().come_in(Instant::now());
            match opens {
                Some(at) => timer::sleep_until(at).await,
                None => return Ok(()),
            }
        }
    }

    /// Whether calls may start without waiting.
    pub(crate) fn is_free(&self) -> bool {
        let state = self.lock();
        state.rate.is_none() && state.paused_until.is_none_or(|until| until <= Instant::now())
    }

    /// Whether calls are stopped right now.
    pub(crate) fn is_paused(&self) -> bool {
        self.lock().paused_until.is_some_and(|until| until > Instant::now())
    }

    /// A call that began then was refused, until the time told. Chance is between 0 and 1.
    pub(crate) fn refused(&self, began: Instant, told: Option<Duration>, chance: f64) {
        let now = Instant::now();
        let mut state = self.lock();
        let is_new_round = state.refused_at.is_none_or(|at| began > at);
        let pause = match told {
            Some(told) => told.min(self.longest),
            None if is_new_round => back_off(state.rounds, chance).min(self.longest),
            None => return,
        };
        if is_new_round {
            state.rounds = state.rounds.saturating_add(1);
            state.refused_at = Some(now);
            state.rate = Some(state.accepted.rate(now, pause));
        }
        let until = now.checked_add(pause).max(state.paused_until);
        (state.paused_until, state.next) = (until, until);
    }

    /// A call that began then was not refused.
    pub(crate) fn accepted(&self, began: Instant) {
        let now = Instant::now();
        let mut state = self.lock();
        state.accepted.count(now);
        let Some(refused_at) = state.refused_at else { return };
        if began <= refused_at {
            return;
        }
        state.rounds = 0;
        let forgiven = now.saturating_duration_since(refused_at) > FORGIVEN;
        // A rate below one call a second doubles first.
        let grown = |rate: f64| if rate < 0.5 { rate * 2.0 } else { rate + GROWTH };
        state.rate = state.rate.filter(|_| !forgiven).map(grown);
    }

    fn in_time(&self, deadline: Option<Instant>) -> Result<(), Duration> {
        match (self.lock().paused_until, deadline) {
            (Some(until), Some(deadline)) if until > deadline => Err(until.saturating_duration_since(Instant::now())),
            _ => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Lets a caller in, or says when to come again.
    fn come_in(&mut self, now: Instant) -> Option<Instant> {
        let opens = self.paused_until.max(self.rate.and(self.next)).filter(|at| *at > now);
        if let (None, Some(rate)) = (opens, self.rate) {
            let from = self.next.max(now.checked_sub(LATENESS)).unwrap_or(now);
            let interval = Duration::try_from_secs_f64(1.0 / rate).unwrap_or(FORGIVEN);
            self.next = from.checked_add(interval);
        }
        opens
    }
}

/// Half of it is certain, so that the server gets a rest.
fn back_off(rounds: u32, chance: f64) -> Duration {
    let whole = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(rounds)).min(LONGEST_BACK_OFF);
    whole.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

/// How many calls were accepted in each of the last seconds.
#[derive(Debug)]
struct Accepted {
    since: Option<Instant>,
    /// The second that was counted last.
    last: u64,
    counts: [u32; 64],
}

impl Default for Accepted {
    fn default() -> Self {
        Self { since: None, last: 0, counts: [0; 64] }
    }
}

impl Accepted {
    fn count(&mut self, now: Instant) {
        let second = now.saturating_duration_since(*self.since.get_or_insert(now)).as_secs();
        self.forget(second);
        self.counts[(second % 64) as usize] += 1;
    }

    /// Forgets what seconds have seen that share their place with newer ones.
    fn forget(&mut self, second: u64) {
        for newer in (self.last + 1..=second).rev().take(64) {
            self.counts[(newer % 64) as usize] = 0;
        }
        self.last = self.last.max(second);
    }

    /// The rate that would have kept within what was accepted, if the pause that is asked for now were spread over
    /// it: the highest of those over the last second, ten seconds, minute.
    fn rate(&mut self, now: Instant, pause: Duration) -> f64 {
        let elapsed = self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        self.forget(elapsed.as_secs());
        let over = |window: u64| {
            let first = elapsed.as_secs().saturating_sub(window);
            let count: u32 = (first..=elapsed.as_secs()).map(|second| self.counts[(second % 64) as usize]).sum();
            let span = elapsed.saturating_sub(Duration::from_secs(first)).max(Duration::from_millis(10));
            f64::from(count) / span.saturating_add(pause).as_secs_f64()
        };
        let rate = [1, 10, 60].map(over).into_iter().fold(0.0, f64::max);
        // Nothing was accepted: one call for each pause.
        rate.max(1.0 / pause.as_secs_f64().clamp(1.0, 60.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    const LONGEST: Duration = Duration::from_secs(300);

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_comes_in_before_the_time_told() {
        for (told, comes) in [(seconds(7), 7), (seconds(0), 0), (seconds(1_000_000_000), 300)] {
            let pace = Pace::new(LONGEST);
            let start = Instant::now();
            assert!(pace.is_free());
            pace.refused(start, Some(told), 0.5);
            pace.admit(None).await.expect("no deadline");
            assert_eq!(start.elapsed().as_secs(), comes, "{told:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_without_end_is_a_pause() {
        let pace = Pace::new(Duration::MAX);
        pace.accepted(Instant::now());
        tokio::time::sleep(seconds(2)).await;
        pace.refused(Instant::now(), Some(Duration::MAX), 0.5);
        assert!(pace.is_paused());
        tokio::time::sleep(LONGEST_PAUSE - seconds(1)).await;
        assert!(pace.is_paused());
        tokio::time::sleep(seconds(1)).await;
        assert!(!pace.is_paused());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_beyond_the_deadline_is_told_at_once() {
        let pace = Pace::new(LONGEST);
        let start = Instant::now();
        pace.refused(start, Some(seconds(10)), 0.5);
        assert_eq!(pace.admit(start.checked_add(seconds(9))).await, Err(seconds(10)));
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(pace.admit(start.checked_add(seconds(11))).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_grows_while_somebody_waits_holds_for_them_too() {
        let pace = Pace::new(LONGEST);
        let start = Instant::now();
        pace.refused(start, Some(seconds(2)), 0.5);
        let waits = async {
            pace.admit(None).await.expect("no deadline");
            start.elapsed().as_secs()
        };
        let grows = async {
            tokio::time::sleep(seconds(1)).await;
            pace.refused(start, Some(seconds(9)), 0.5);
        };
        assert_eq!(tokio::join!(waits, grows).0, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn callers_come_in_at_the_pace_that_was_accepted_and_in_their_order() {
        let pace = Pace::new(LONGEST);
        let start = Instant::now();
        for _ in 0..100 {
            pace.accepted(start);
        }
        // 100 calls at once, then a second's pause: about 100 a second.
        pace.refused(start, Some(seconds(1)), 0.5);
        let order = Mutex::new(Vec::new());
        let times = join_all((0..50).map(|caller| {
            let (pace, order) = (&pace, &order);
            async move {
                pace.admit(None).await.expect("no deadline");
                order.lock().expect("no panic").push(caller);
                start.elapsed().as_millis()
            }
        }));
        let times = times.await;
        assert_eq!(*order.lock().expect("no panic"), (0..50).collect::<Vec<_>>());
        assert_eq!(times[0], 1000);
        let took = times[49] - times[0];
        assert!((480..=520).contains(&took), "50 calls at 99 a second take {took} ms");
    }

    #[tokio::test(start_paused = true)]
    async fn the_pace_grows_and_is_forgotten() {
        let pace = Pace::new(LONGEST);
        pace.accepted(Instant::now());
        pace.refused(Instant::now(), Some(seconds(1)), 0.5);
        let start = Instant::now();
        let mut count = 0;
        while !pace.is_free() {
            pace.admit(None).await.expect("no deadline");
            pace.accepted(Instant::now());
            count += 1;
            assert!(start.elapsed() < seconds(70), "{pace:?}");
        }
        assert!(start.elapsed() > seconds(60));
        assert!((300..=420).contains(&count), "a twentieth more each second, from 1 to 20: {count}");
    }

    #[tokio::test(start_paused = true)]
    async fn untold_pauses_grow_from_round_to_round_and_not_within_one() {
        let pace = Pace::new(LONGEST);
        let mut pauses = Vec::new();
        for _ in 0..4 {
            let began = Instant::now();
            for _ in 0..100 {
                pace.refused(began, None, 1.0);
            }
            let start = Instant::now();
            while pace.is_paused() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            pauses.push(start.elapsed().as_millis());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(pauses, [500, 1000, 2000, 4000]);
        pace.accepted(Instant::now());
        assert_eq!(pace.lock().rounds, 0);
        assert_eq!(back_off(40, 0.0), LONGEST_BACK_OFF / 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_waiting_gives_the_place_back() {
        let pace = Pace::new(LONGEST);
        let start = Instant::now();
        pace.refused(start, Some(seconds(1)), 0.5);
        let impatient = join_all((0..20).map(|_| pace.admit(None)));
        assert!(timer::until(timer::after(Duration::from_millis(500)), impatient).await.is_none());
        pace.admit(None).await.expect("no deadline");
        assert_eq!(start.elapsed().as_millis(), 1000);
    }

    #[test]
    fn the_rate_fits_limits_by_second_and_by_minute() {
        let start = Instant::now();
        let at = |second: u64| start + seconds(second);
        let rate = |counts: &[(u64, u32)], now: u64, pause: u64| {
            let mut accepted = Accepted::default();
            for (second, count) in counts {
                (0..*count).for_each(|_| accepted.count(at(*second)));
            }
            accepted.rate(at(now), seconds(pause))
        };
        // Sixty in a minute, all at once.
        assert!((0.9..=1.02).contains(&rate(&[(0, 60)], 0, 59)));
        // The same, spread out.
        let spread: Vec<_> = (0..50).map(|second| (second, 1)).collect();
        assert!((0.8..=1.0).contains(&rate(&spread, 50, 10)));
        // Hardly anything for an hour, then two hundred at once.
        let hour: Vec<_> = (0..3600).step_by(60).map(|second| (second, 1)).chain([(3600, 200)]).collect();
        assert!((90.0..=200.0).contains(&rate(&hour, 3600, 1)));
        // Nothing at all.
        assert_eq!(rate(&[], 0, 10), 0.1);
    }
}
