//! One process of a fleet that shares a token in Redis: it makes calls when it is told to, and says what came of them.
//!
//! Each line on standard input is a command: `calls N` makes so many calls at once, `ahead S` sets the clock ahead by
//! so many seconds. Each `calls` is answered with a line: how many calls succeeded, and the errors of the others.

use anyhow::{Context as _, Result, bail};
use appsmiles_client::runtime::auth::{Clock, SystemClock, UnixTime};
use appsmiles_client::runtime::sessions::{OnStoreFailure, RedisSessions};
use appsmiles_client::types::{TokenRequest, UserRequest};
use appsmiles_client::{BackendClient, Client, Credentials};
use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead as _, stdin};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// The system's clock, set ahead.
#[derive(Clone, Debug, Default)]
struct Ahead(Arc<AtomicI64>);

impl Clock for Ahead {
    fn now(&self) -> UnixTime {
        UnixTime::from_millis(SystemClock.now().as_millis() + self.0.load(Ordering::SeqCst))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let clock = Ahead::default();
    let store = RedisSessions::new(&variable("WORKER_REDIS")?)?.timeout(Duration::from_secs(60));
    let on_failure = match variable("WORKER_ON_FAILURE")?.as_str() {
        "fail" => OnStoreFailure::Fail,
        "fetch" => OnStoreFailure::FetchLocally,
        other => bail!("WORKER_ON_FAILURE is {other}"),
    };
    let client = Client::builder()
        .credentials(Credentials::new(variable("WORKER_PARTNER")?, variable("WORKER_SECRET")?))
        .base_url(variable("WORKER_URL")?)
        .clock(clock.clone())
        .session_store(store)
        .on_store_failure(on_failure)
        .build()?;
    let backend = client.backend_from(client.get_token(&TokenRequest::new("com.acme.app")));
    println!("ready");
    for line in stdin().lock().lines() {
        let line = line?;
        match line.split_once(' ') {
            Some(("ahead", seconds)) => clock.0.store(seconds.parse::<i64>()? * 1000, Ordering::SeqCst),
            Some(("calls", count)) => println!("{}", calls(&backend, count.parse()?).await?),
            _ => bail!("no such command: {line}"),
        }
    }
    Ok(())
}

fn variable(name: &str) -> Result<String> {
    env::var(name).with_context(|| format!("{name} is not set"))
}

async fn calls(backend: &BackendClient, count: usize) -> Result<String> {
    let calls: Vec<_> = (0..count)
        .map(|_| {
            let backend = backend.clone();
            tokio::spawn(async move { backend.get_user(&UserRequest::new("u")).await.map(|_| ()) })
        })
        .collect();
    let (mut succeeded, mut errors) = (0, BTreeSet::new());
    for call in calls {
        match call.await? {
            Ok(()) => succeeded += 1,
            Err(error) => {
                // Each call has an id of its own.
                let text = error.to_string();
                errors.insert(text.split("; request ").next().unwrap_or_default().to_owned());
            }
        }
    }
    Ok(format!("{succeeded} {}", errors.into_iter().collect::<Vec<_>>().join(" | ")))
}
