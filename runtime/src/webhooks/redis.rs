//! A replay guard's memory in Redis, shared by several processes.
//!
//! Each step is one script on one key, so it is atomic, and it can be sent again when a connection broke: a
//! reservation is known by its random token.

use super::store::{Claim, ReplayKey, ReplayStore, ReplayStoreError, Reservation, ReservationToken, StoreFuture};
use crate::redis::{Connection, millis, reason};
use countersign_auth::{Random as _, SystemRandom};
use redis::{FromRedisValue, RedisError};
use std::fmt;
use std::time::Duration;

const PREFIX: &str = "countersign:";

/// Remembers in Redis (or Valkey) for all processes that share it. Needs a Tokio runtime.
///
/// - While Redis can't be reached or does not answer in time, events are refused with 503: see [`Outage`].
/// - Connections come back by themselves. `rediss://` needs a TLS feature of the crate `redis` 1.x, such as
///   `tokio-rustls-comp`, set by the program.
/// - Redis must forget nothing early: `maxmemory-policy noeviction`, and persistence if a restart is to remember.
///   A replica that takes over may lack the last writes.
pub struct RedisReplayStore {
    connection: Connection,
    prefix: String,
    outage: Outage,
}

/// What becomes of events while Redis is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outage {
    /// They are refused with 503, and the sender comes again.
    #[default]
    Refuse,
    /// They are handled without a replay guard. Dangerous: while Redis is gone, each copy of an event runs the
    /// handler, also copies that an attacker sends again; a reward would be paid as often. Only for handlers that may
    /// run any number of times.
    HandleUnguarded,
}

impl RedisReplayStore {
    /// Takes the URL, `redis://[user:password@]host:port/db`; connects when first used.
    ///
    /// # Errors
    /// The URL is not one.
    pub fn new(url: &str) -> Result<Self, ReplayStoreError> {
        let connection = Connection::new(url).map_err(unavailable)?;
        Ok(Self { connection, prefix: PREFIX.to_owned(), outage: Outage::default() })
    }

    /// What all keys begin with; default `countersign:`.
    #[must_use]
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// How long connecting may take, and an answer; default 1 s each.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { connection: self.connection.timeout(timeout), ..self }
    }

    /// What becomes of events while Redis is gone; default: they are refused.
    #[must_use]
    pub fn on_outage(self, outage: Outage) -> Self {
        Self { outage, ..self }
    }

    async fn run<T: FromRedisValue>(&self, script: &str, key: &ReplayKey, args: &[&str]) -> Result<T, RedisError> {
        self.connection.eval(script, &format!("{}{}", self.prefix, key.as_str()), args).await
    }

    /// What the script said, or what stands for it while Redis is gone.
    fn settle<T>(&self, answer: Result<T, ReplayStoreError>, unguarded: T) -> Result<T, ReplayStoreError> {
        match answer {
            Err(ReplayStoreError::Unavailable { .. }) if self.outage == Outage::HandleUnguarded => Ok(unguarded),
            answer => answer,
        }
    }
}

/// `held:<token>` while it is handled, `done:<token>` after it. Answers 0 ours, 1 held by another, 2 done.
const RESERVE: &str = "
local ours = 'held:' .. ARGV[1]
if redis.call('SET', KEYS[1], ours, 'NX', 'PX', ARGV[2]) then return {0, 0} end
local held = redis.call('GET', KEYS[1])
if held == ours then return {0, 0} end
if string.sub(held, 1, 5) == 'held:' then return {1, redis.call('PTTL', KEYS[1])} end
return {2, 0}";

/// Answers 1 if it is done by us, 0 if another copy took it.
const COMMIT: &str = "
local done = 'done:' .. ARGV[1]
local held = redis.call('GET', KEYS[1])
if held == done then return 1 end
if held and held ~= 'held:' .. ARGV[1] then return 0 end
redis.call('SET', KEYS[1], done, 'PX', ARGV[2])
return 1";

const RELEASE: &str = "
if redis.call('GET', KEYS[1]) == 'held:' .. ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1";

/// Answers 1 if the value belongs to this event.
const CLAIM: &str = "
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
return 0";

impl ReplayStore for RedisReplayStore {
    fn reserve<'a>(&'a self, key: &'a ReplayKey, lease: Duration) -> StoreFuture<'a, Reservation> {
        Box::pin(async move {
            let token = random_token()?;
            let answer = match self.run(RESERVE, key, &[token.as_str(), &millis(lease)]).await {
                Ok((0, _)) => Ok(Reservation::Fresh(token.clone())),
                Ok((1, left)) => Ok(Reservation::InProgress { retry_after: Duration::from_millis(left) }),
                Ok((_, _)) => Ok(Reservation::Done),
                Err(error) => Err(unavailable(error)),
            };
            self.settle(answer, Reservation::Fresh(token))
        })
    }

    fn commit<'a>(
        &'a self,
        key: &'a ReplayKey,
        token: &'a ReservationToken,
        remember: Duration,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let answer = match self.run(COMMIT, key, &[token.as_str(), &millis(remember)]).await {
                Ok(1) => Ok(()),
                Ok(_) => Err(ReplayStoreError::LeaseEnded),
                Err(error) => Err(unavailable(error)),
            };
            self.settle(answer, ())
        })
    }

    fn release<'a>(&'a self, key: &'a ReplayKey, token: &'a ReservationToken) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let answer = self.run::<i64>(RELEASE, key, &[token.as_str()]).await;
            self.settle(answer.map(|_| ()).map_err(unavailable), ())
        })
    }

    fn claim<'a>(
        &'a self,
        single_use: &'a ReplayKey,
        event: &'a ReplayKey,
        remember: Duration,
    ) -> StoreFuture<'a, Claim> {
        Box::pin(async move {
            let answer = match self.run(CLAIM, single_use, &[event.as_str(), &millis(remember)]).await {
                Ok(1) => Ok(Claim::Ours),
                Ok(_) => Ok(Claim::Another),
                Err(error) => Err(unavailable(error)),
            };
            self.settle(answer, Claim::Ours)
        })
    }
}

fn random_token() -> Result<ReservationToken, ReplayStoreError> {
    let mut bytes = [0; 16];
    let drawn = SystemRandom.fill(&mut bytes);
    drawn.map_err(|error| ReplayStoreError::Unavailable { reason: error.to_string() })?;
    Ok(ReservationToken::new(format!("{:032x}", u128::from_be_bytes(bytes))))
}

fn unavailable(error: RedisError) -> ReplayStoreError {
    ReplayStoreError::Unavailable { reason: reason(&error) }
}

impl fmt::Debug for RedisReplayStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisReplayStore")
            .field("prefix", &self.prefix)
            .field("outage", &self.outage)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused(store: &RedisReplayStore) -> Result<Reservation, ReplayStoreError> {
        store.reserve(&ReplayKey::event("acme", "paid", "e-1"), Duration::from_secs(60)).await
    }

    #[tokio::test]
    async fn a_store_that_is_gone_refuses_unless_told_otherwise() {
        // Nothing listens on port 1.
        let store = RedisReplayStore::new("redis://user:canary@127.0.0.1:1/0").unwrap();
        for _ in 0..3 {
            let error = refused(&store).await.unwrap_err();
            assert!(matches!(error, ReplayStoreError::Unavailable { .. }));
            let shown = format!("{error} {error:?} {store:?}");
            assert!(!shown.contains("canary") && !shown.contains("127.0.0.1"), "{shown}");
        }
        let store = store.on_outage(Outage::HandleUnguarded);
        assert!(matches!(refused(&store).await, Ok(Reservation::Fresh(_))));
        let error = RedisReplayStore::new("canary://user:canary@host").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    #[tokio::test]
    async fn silence_ends_in_time() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}/", listener.local_addr().unwrap());
        let store = RedisReplayStore::new(&url).unwrap().timeout(Duration::from_millis(50));
        let answer = tokio::time::timeout(Duration::from_secs(5), refused(&store)).await.unwrap();
        assert!(matches!(answer, Err(ReplayStoreError::Unavailable { .. })));
    }
}
