//! A connection to Redis that comes back by itself; needs a Tokio runtime.
//!
//! Scripts go over as text, so there is nothing to load after a restart. Each of ours can be sent again when a
//! connection broke.

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, RedisError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long connecting may take at first, and an answer.
const TIMEOUT: Duration = Duration::from_secs(1);

pub(crate) struct Connection {
    client: Client,
    /// What drives the connection, and how many came before it.
    manager: Mutex<(u64, Option<ConnectionManager>)>,
    timeout: Duration,
}

impl Connection {
    /// Takes the URL; connects when first used.
    pub(crate) fn new(url: &str) -> Result<Self, RedisError> {
        Ok(Self { client: Client::open(url)?, manager: Mutex::default(), timeout: TIMEOUT })
    }

    /// How long connecting may take, and an answer.
    pub(crate) fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, manager: Mutex::default(), ..self }
    }

    /// Runs a script on one key.
    pub(crate) async fn eval<T: FromRedisValue>(
        &self,
        script: &str,
        key: &str,
        args: &[&str],
    ) -> Result<T, RedisError> {
        let mut command = redis::cmd("EVAL");
        command.arg(script).arg(1).arg(key).arg(args);
        self.run(&command).await
    }

    /// Runs a command; once more if the connection broke: an idle one may have been closed long ago, and the manager
    /// hands an old failure on before it connects again.
    pub(crate) async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        match self.once(command).await {
            Err(error) if !error.is_timeout() && (error.is_io_error() || error.is_connection_dropped()) => {
                self.once(command).await
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
}

/// The kind of failure and no more: messages may hold addresses, and an address may hold a password.
pub(crate) fn reason(error: &RedisError) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    match error.code() {
        Some(code) => format!("{:?} ({code})", error.kind()),
        None => format!("{:?}", error.kind()),
    }
}

/// Redis takes whole milliseconds, at least one, and no more than a signed number holds.
pub(crate) fn millis(duration: Duration) -> String {
    const MAX: u128 = 1000 * 60 * 60 * 24 * 365 * 100;
    duration.as_millis().clamp(1, MAX).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_what_redis_takes() {
        assert_eq!(millis(Duration::ZERO), "1");
        assert_eq!(millis(Duration::from_micros(1500)), "1");
        assert_eq!(millis(Duration::MAX), "3153600000000");
    }
}
