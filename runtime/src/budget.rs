//! How many repetitions a client may make: a part of its calls, so that a server in trouble is not asked more
//! and more often.
//!
//! 1. Each call pays in a part of a token (a tenth at first); the account holds at most the reserve (ten at first).
//! 2. Each repetition takes a whole token, and brings it back if it succeeds.
//! 3. Without a token a failure stands. Who was told to come back later waits instead, as long as another
//!    repetition is on its way that may bring its token back.
//!
//! So any 100 calls of a client that all fail cause at most 20 repetitions, whatever went before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// How many repetitions a client may make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryBudget {
    ratio: f64,
    reserve: u32,
}

impl RetryBudget {
    /// A reserve of 10 repetitions, and one more for every ten calls.
    pub const fn new() -> Self {
        Self { ratio: 0.1, reserve: 10 }
    }

    /// As many repetitions as [`RetryOptions`](crate::RetryOptions) allow.
    pub const fn unlimited() -> Self {
        Self { ratio: f64::INFINITY, reserve: u32::MAX }
    }

    /// How many repetitions one call pays for: 0.1 is one for ten calls.
    pub const fn ratio(mut self, ratio: f64) -> Self {
        self.ratio = ratio;
        self
    }

    /// How many repetitions there are to begin with, and at most.
    pub const fn reserve(mut self, repetitions: u32) -> Self {
        self.reserve = repetitions;
        self
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new()
    }
}

/// Who waits for a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Behalf {
    /// Its caller.
    #[default]
    Caller,
    /// Another call, which needs a token, and may hold the budget's last one.
    Call,
}

/// The account of one client.
#[derive(Debug)]
pub(crate) struct Budget {
    ratio: f64,
    reserve: f64,
    account: Mutex<Account>,
    changed: Notify,
}

#[derive(Debug)]
struct Account {
    tokens: f64,
    /// Repetitions on their way.
    lent: u32,
}

/// A token that was taken; it is spent when it is dropped.
#[derive(Debug)]
pub(crate) struct Token(Arc<Budget>);

impl Budget {
    pub(crate) fn new(budget: RetryBudget) -> Arc<Self> {
        let reserve = f64::from(budget.reserve);
        // No number, or less than none, pays in nothing.
        let ratio = if budget.ratio > 0.0 { budget.ratio } else { 0.0 };
        let account = Mutex::new(Account { tokens: reserve, lent: 0 });
        Arc::new(Self { ratio, reserve, account, changed: Notify::new() })
    }

    /// A call pays in.
    pub(crate) fn pay_in(&self) {
        let mut account = self.lock();
        account.tokens = (account.tokens + self.ratio).min(self.reserve);
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(self: &Arc<Self>) -> Option<Token> {
        self.take_from(&mut self.lock())
    }

    fn take_from(self: &Arc<Self>, account: &mut Account) -> Option<Token> {
        // Tenths do not add up exactly.
        if account.tokens < 1.0 - 1e-9 {
            return None;
        }
        account.tokens -= 1.0;
        account.lent += 1;
        Some(Token(Arc::clone(self)))
    }

    /// Takes a token, or waits for one as long as any may come back.
    pub(crate) async fn take_or_wait(self: &Arc<Self>) -> Option<Token> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(answer) = self.take_unless_one_may_come() {
                return answer;
            }
            changed.await;
        }
    }

    /// A token, or none; nothing yet while one is on its way that may come back. Both are looked at under one lock,
    /// or the last one could come back in between.
    fn take_unless_one_may_come(self: &Arc<Self>) -> Option<Option<Token>> {
        let mut account = self.lock();
        let token = self.take_from(&mut account);
        (token.is_some() || account.lent == 0).then_some(token)
    }

    fn lock(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Token {
    /// The repetition succeeded.
    pub(crate) fn give_back(self) {
        let mut account = self.0.lock();
        account.tokens = (account.tokens + 1.0).min(self.0.reserve);
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.lock().lent -= 1;
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls that all fail, with as many repetitions as they get.
    fn repetitions(budget: &Arc<Budget>, calls: u32) -> u32 {
        let each = |_| {
            budget.pay_in();
            std::iter::from_fn(|| budget.take()).count() as u32
        };
        (0..calls).map(each).sum()
    }

    #[test]
    fn any_hundred_calls_that_fail_cause_at_most_twenty_repetitions() {
        let budget = Budget::new(RetryBudget::default());
        assert_eq!(repetitions(&budget, 100), 19, "ten of the reserve, which was full when the first call paid in");
        assert_eq!(repetitions(&budget, 100), 10, "the reserve is spent");
        // However many calls went well before.
        for _ in 0..10_000 {
            budget.pay_in();
        }
        assert_eq!(repetitions(&budget, 100), 19);
    }

    #[test]
    fn what_succeeds_comes_back() {
        let budget = Budget::new(RetryBudget::new().ratio(0.0).reserve(1));
        for _ in 0..100 {
            budget.take().expect("a token").give_back();
        }
        drop(budget.take().expect("a token"));
        assert!(budget.take().is_none());
    }

    #[test]
    fn numbers_that_are_none_pay_in_nothing() {
        for ratio in [f64::NAN, -1.0] {
            assert_eq!(repetitions(&Budget::new(RetryBudget::new().ratio(ratio).reserve(3)), 1000), 3);
        }
        assert_eq!(repetitions(&Budget::new(RetryBudget::new().ratio(1.0)), 100), 109, "ten to begin with");
        let unlimited = Budget::new(RetryBudget::unlimited());
        assert!((0..100_000).all(|_| unlimited.take().is_some()));
    }

    #[test]
    fn a_token_that_comes_back_while_somebody_looks_is_not_missed() {
        let budget = Budget::new(RetryBudget::new().ratio(0.0).reserve(1));
        // At each moment the only token is there, or on its way.
        let look = || {
            (0..200_000).filter(|_| {
                let answer = budget.take_unless_one_may_come();
                let missed = matches!(answer, Some(None));
                answer.flatten().into_iter().for_each(Token::give_back);
                missed
            })
        };
        let missed: usize = std::thread::scope(|scope| {
            let threads = [(); 3].map(|()| scope.spawn(|| look().count()));
            threads.map(|thread| thread.join().expect("no panic")).iter().sum()
        });
        assert_eq!(missed, 0);
    }

    #[tokio::test]
    async fn who_waits_gets_what_comes_back_or_hears_that_nothing_will() {
        let budget = Budget::new(RetryBudget::new().ratio(0.0).reserve(1));
        let token = budget.take().expect("a token");
        let waiting = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.take_or_wait().await.is_some() }
        });
        tokio::task::yield_now().await;
        token.give_back();
        assert!(waiting.await.expect("no panic"), "it came back");
        // The one that waited has spent it.
        assert!(budget.take_or_wait().await.is_none(), "nobody has one that could come back");
    }
}
