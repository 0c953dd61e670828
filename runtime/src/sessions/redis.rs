//! Tokens in Redis: a fleet of processes shares one, and one of them fetches it.
//!
//! 1. A token is one key. It holds the times and the token itself, and ends when the token does.
//! 2. Who is going to fetch takes a lock, another key with a random name for its owner (`SET NX PX`); a script gives
//!    it back, if it is still the owner's.
//! 3. The others look again every few milliseconds, until the token is there or the lock is free. The lock of a
//!    process that died ends by itself.

use super::{FetchLock, SessionFuture, SessionStore, StoreError, StoredToken};
use crate::redis::{Connection, millis, reason};
use countersign_auth::{Secret, UnixTime};
use redis::RedisError;
use std::fmt;
use std::time::Duration;

const PREFIX: &str = "countersign:";

/// How long a lock is held at most: longer than a fetch takes.
const LEASE: Duration = Duration::from_secs(30);

/// How long those wait who look again.
const WAIT: Duration = Duration::from_millis(25);

/// Keeps tokens in Redis (or Valkey) for all processes that share it. Needs a Tokio runtime.
///
/// - Tokens stand there as they are: whoever reads that Redis can call as the service's user. Keys hold the names of
///   provider and session, and a hash of whose token it is; credentials are not in them.
/// - While Redis can't be reached, see [`OnStoreFailure`](super::OnStoreFailure); a token at hand is used until it
///   has to be renewed. Connections come back by themselves. `rediss://` needs a TLS feature of the crate `redis` 1.x,
///   such as `tokio-rustls-comp`, set by the program.
/// - Processes compare times by their own clocks; a token ends in Redis by its lifetime.
pub struct RedisSessions {
    connection: Connection,
    prefix: String,
    lease: Duration,
}

impl RedisSessions {
    /// Takes the URL, `redis://[user:password@]host:port/db`; connects when first used.
    ///
    /// # Errors
    /// The URL is not one.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        let connection = Connection::new(url).map_err(failed)?;
        Ok(Self { connection, prefix: PREFIX.to_owned(), lease: LEASE })
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

    /// How long a process may take to fetch a token before another one tries; default 30 s.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    fn token_key(&self, key: &str) -> String {
        format!("{}session:{key}", self.prefix)
    }

    fn lock_key(&self, key: &str) -> String {
        format!("{}fetching:{key}", self.prefix)
    }
}

/// Answers 1 if the owner has the lock now. A key that is no lock makes way.
const LOCK: &str = "
if redis.call('TYPE', KEYS[1]).ok ~= 'string' then redis.call('DEL', KEYS[1]) end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1
end
return 0";

const UNLOCK: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1";

impl SessionStore for RedisSessions {
    fn get<'a>(&'a self, key: &'a str) -> SessionFuture<'a, Result<Option<StoredToken>, StoreError>> {
        Box::pin(async move {
            let answer = self.connection.run(redis::cmd("GET").arg(self.token_key(key))).await;
            let bytes: Option<Vec<u8>> = match answer {
                Err(error) if error.code() == Some("WRONGTYPE") => None,
                answer => answer.map_err(failed)?,
            };
            // What another version wrote, or another program, is not there for this one; the next token takes its place.
            Ok(bytes.as_deref().and_then(|bytes| read(std::str::from_utf8(bytes).ok()?)))
        })
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        token: StoredToken,
        lasts: Duration,
    ) -> SessionFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut command = redis::cmd("SET");
            command.arg(self.token_key(key)).arg(written(&token)).arg("PX").arg(millis(lasts));
            self.connection.run(&command).await.map_err(failed)
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> SessionFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let removed: i64 = self.connection.run(redis::cmd("DEL").arg(self.token_key(key))).await.map_err(failed)?;
            let _ = removed;
            Ok(())
        })
    }

    fn lock<'a>(&'a self, key: &'a str, owner: &'a str) -> SessionFuture<'a, Result<FetchLock, StoreError>> {
        Box::pin(async move {
            let args = [owner, &millis(self.lease)];
            let ours: i64 = self.connection.eval(LOCK, &self.lock_key(key), &args).await.map_err(failed)?;
            if ours == 1 {
                return Ok(FetchLock::Ours);
            }
            tokio::time::sleep(WAIT).await;
            Ok(FetchLock::Others)
        })
    }

    fn unlock<'a>(&'a self, key: &'a str, owner: &'a str) -> SessionFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let _: i64 = self.connection.eval(UNLOCK, &self.lock_key(key), &[owner]).await.map_err(failed)?;
            Ok(())
        })
    }
}

/// Version, times, whether the lifetime is assumed, and the token: words between spaces, the token last.
fn written(token: &StoredToken) -> String {
    let (renew_at, expires_at) = (token.renew_at.as_millis(), token.expires_at.as_millis());
    format!("1 {renew_at} {expires_at} {} {}", u8::from(token.assumed), token.secret.expose())
}

fn read(text: &str) -> Option<StoredToken> {
    let mut words = text.splitn(5, ' ');
    if words.next()? != "1" {
        return None;
    }
    let renew_at = UnixTime::from_millis(words.next()?.parse().ok()?);
    let expires_at = UnixTime::from_millis(words.next()?.parse().ok()?);
    let assumed = words.next()? == "1";
    let secret = words.next().filter(|token| !token.is_empty())?;
    Some(StoredToken::new(Secret::new(secret), renew_at, expires_at, assumed))
}

fn failed(error: RedisError) -> StoreError {
    StoreError::new(reason(&error))
}

impl fmt::Debug for RedisSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSessions")
            .field("prefix", &self.prefix)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_nothing_else() {
        let at = |millis| UnixTime::from_millis(millis);
        for secret in ["t", "with spaces and é", "1 2 3 4 5"] {
            let token = StoredToken::new(Secret::new(secret), at(-1), at(1_700_000_000_000), true);
            let again = read(&written(&token)).unwrap();
            assert_eq!(again.secret.expose(), secret);
            assert_eq!((again.renew_at, again.expires_at, again.assumed), (at(-1), at(1_700_000_000_000), true));
        }
        for wrong in ["", "1", "2 1 1 0 t", "1 x 1 0 t", "1 1 x 0 t", "1 1 1 0", "1 1 1 0 "] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_store_that_is_gone_says_so_and_shows_nothing() {
        // Nothing listens on port 1.
        let store = RedisSessions::new("redis://user:canary@127.0.0.1:1/0").unwrap();
        let error = store.get("key").await.unwrap_err();
        assert_eq!(store.lock("key", "owner").await.unwrap_err(), error);
        let shown = format!("{error} {error:?} {store:?}");
        assert!(!shown.contains("canary") && !shown.contains("127.0.0.1"), "{shown}");
        let error = RedisSessions::new("canary://user:canary@host").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
