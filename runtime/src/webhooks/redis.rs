//! A replay guard's memory in Redis, shared by several processes.
//!
//! Each step is one script on one key, so it is atomic, and it can be sent again when a connection broke: a
//! reservation is known by its random token. Scripts go over as text; there is nothing to load after a restart.

use super::store::{Claim, ReplayKey, ReplayStore, ReplayStoreError, Reservation, ReservationToken, StoreFuture};
use countersign_auth::{Random as _, SystemRandom};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, RedisError};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const PREFIX: &str = "countersign:";
const TIMEOUT: Duration = Duration::from_secs(1);

/// Remembers in Redis (or Valkey) for all processes that share it. Needs a Tokio runtime.
///
/// - While Redis can't be reached or does not answer in time, events are refused with 503: see [`Outage`].
/// - Connections come back by themselves. `rediss://` needs a TLS feature of the crate `redis` 1.x, such as
///   `tokio-rustls-comp`, set by the program.
/// - Redis must forget nothing early: `maxmemory-policy noeviction`, and persistence if a restart is to remember.
///   A replica that takes over may lack the last writes.
pub struct RedisReplayStore {
    client: Client,
    /// What drives the connection, and how many came before it.
    manager: Mutex<(u64, Option<ConnectionManager>)>,
    prefix: String,
    timeout: Duration,
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
        let client = Client::open(url).map_err(unavailable)?;
        let prefix = PREFIX.to_owned();
        Ok(Self { client, manager: Mutex::default(), prefix, timeout: TIMEOUT, outage: Outage::default() })
    }

    /// What all keys begin with; default `countersign:`.
    #[must_use]
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// How long connecting may take, and an answer; default 1 s each.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, manager: Mutex::default(), ..self }
    }

    /// What becomes of events while Redis is gone; default: they are refused.
    #[must_use]
    pub fn on_outage(self, outage: Outage) -> Self {
        Self { outage, ..self }
    }

    /// The manager, made inside the runtime that will drive it.
    fn manager(&self) -> Result<(u64, ConnectionManager), RedisError> {
        let mut slot = self.manager.lock().unwrap_or_else(PoisonError::into_inner);
        let (generation, manager) = &mut *slot;
        if let Some(manager) = manager {
            return Ok((*generation, manager.clone()));
        }
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout))
            .set_number_of_retries(0);
        let new = ConnectionManager::new_lazy_with_config(self.client.clone(), config)?;
        *generation += 1;
        Ok((*generation, manager.insert(new).clone()))
    }

    /// Leaves a connection that went silent, unless another caller did: the manager would keep it.
    fn leave(&self, silent: u64) {
        let mut slot = self.manager.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.0 == silent {
            slot.1 = None;
        }
    }

    /// Runs a script; once more if the connection broke: an idle one may have been closed long ago, and the manager
    /// hands an old failure on before it connects again.
    async fn run<T: FromRedisValue>(&self, script: &str, key: &ReplayKey, args: &[&str]) -> Result<T, RedisError> {
        let mut command = redis::cmd("EVAL");
        command.arg(script).arg(1).arg(format!("{}{}", self.prefix, key.as_str())).arg(args);
        match self.once(&command).await {
            Err(error) if !error.is_timeout() && (error.is_io_error() || error.is_connection_dropped()) => {
                self.once(&command).await
            }
            answer => answer,
        }
    }

    async fn once<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let (generation, mut manager) = self.manager()?;
        let answer = command.query_async(&mut manager).await;
        if let Err(error) = &answer
            && RedisError::is_timeout(error)
        {
            self.leave(generation);
        }
        answer
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

/// Redis takes whole milliseconds, at least one, and no more than a signed number holds.
fn millis(duration: Duration) -> String {
    const MAX: u128 = 1000 * 60 * 60 * 24 * 365 * 100;
    duration.as_millis().clamp(1, MAX).to_string()
}

/// The kind of failure and no more: messages may hold addresses, and an address may hold a password.
fn unavailable(error: RedisError) -> ReplayStoreError {
    let reason = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        match error.code() {
            Some(code) => format!("{:?} ({code})", error.kind()),
            None => format!("{:?}", error.kind()),
        }
    };
    ReplayStoreError::Unavailable { reason }
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

    #[test]
    fn durations_are_what_redis_takes() {
        assert_eq!(millis(Duration::ZERO), "1");
        assert_eq!(millis(Duration::from_micros(1500)), "1");
        assert_eq!(millis(Duration::MAX), "3153600000000");
    }
}
