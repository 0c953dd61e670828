//! A service that receives Cardlytics' webhooks: each event is verified, typed, and handled once.
//!
//! ```sh
//! export CARDLYTICS_APPLICATION_ID=cdlx:… CARDLYTICS_SECRET_KEY=…
//! cargo run -p countersign-tests --example webhook_receiver
//! echo '{"eventId":"1","event":"REWARD_PENDING"}' | cargo xtask webhook send \
//!     --provider cardlytics --webhook reward --to http://127.0.0.1:8080/webhooks/reward
//! ```
//!
//! | variable | means | without it |
//! |---|---|---|
//! | `CARDLYTICS_APPLICATION_ID`, `CARDLYTICS_SECRET_KEY` | the webhooks' own id and secret | it does not start |
//! | `CARDLYTICS_OLD_SECRET_KEY` | the secret before, while it is changed | one secret |
//! | `RECEIVER_ADDRESS` | where to listen | `127.0.0.1:8080` |
//! | `RECEIVER_REDIS` | the replay guard's Redis, for several processes | the guard is in memory |
//! | `RECEIVER_LEASE_MS` | how long an event is held for its handler | 60 000 |
//! | `RECEIVER_JOURNAL` | a file that gets a line as each handler begins and ends | no journal |
//! | `RECEIVER_WORK_MS` | how long a handler works | 0 |
//! | `RECEIVER_FAIL` | a file: while it is there, handlers fail | they succeed |
//!
//! TERM or INT ends it: nothing new is accepted, running handlers finish, and their answers are sent. A proxy in
//! front ends TLS and limits how slowly requests may arrive.

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use cardlytics_client::runtime::auth::{Credentials, Secret};
use cardlytics_client::runtime::webhooks::{Handled, RedisReplayStore, Webhook, axum::handler};
use cardlytics_client::types::{EnrollmentEvent, RewardEvent, RewardState};
use cardlytics_client::webhooks::{
    EnrollmentWebhook, MemoryReplayStore, Receiver, Rejection, ReplayStore, RewardWebhook,
};
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal;

#[tokio::main]
async fn main() -> Result<()> {
    let store = store()?;
    let rewards = receiver::<RewardWebhook>(&store)?;
    let enrollments = receiver::<EnrollmentWebhook>(&store)?;
    let books = Arc::new(Books::open()?);
    let others = Arc::clone(&books);
    let app = Router::new()
        .route("/webhooks/reward", post(handler(rewards, move |event| Arc::clone(&books).reward(event))))
        .route("/webhooks/enrollment", post(handler(enrollments, move |event| Arc::clone(&others).enrollment(event))))
        .layer(middleware::from_fn(log))
        .route("/health", get(|| async { "ok" }));
    let address = variable("RECEIVER_ADDRESS")?.unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await.with_context(|| format!("can't listen on {address}"))?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(asked_to_end()).await?;
    println!("ended; all that was begun is answered");
    Ok(())
}

/// The replay guard's memory, one for both webhooks.
fn store() -> Result<Arc<dyn ReplayStore>> {
    Ok(match variable("RECEIVER_REDIS")? {
        Some(url) => Arc::new(RedisReplayStore::new(&url).context("RECEIVER_REDIS")?),
        None => Arc::new(MemoryReplayStore::default()),
    })
}

fn receiver<W: Webhook>(store: &Arc<dyn ReplayStore>) -> Result<Receiver<W>> {
    let secret = |name| Ok::<_, anyhow::Error>(variable(name)?.map(Secret::new));
    let new = secret("CARDLYTICS_SECRET_KEY")?.context("CARDLYTICS_SECRET_KEY is not set")?;
    let old = secret("CARDLYTICS_OLD_SECRET_KEY")?;
    let id = variable("CARDLYTICS_APPLICATION_ID")?.context("CARDLYTICS_APPLICATION_ID is not set")?;
    let credentials = Credentials::new().text("application_id", id).keys("secret_key", [new].into_iter().chain(old));
    let lease = Duration::from_millis(number("RECEIVER_LEASE_MS")?.unwrap_or(60_000));
    Ok(Receiver::builder().credentials(credentials).shared_replay(Arc::clone(store)).lease(lease).build()?)
}

/// What the service does with events.
struct Books {
    journal: Option<PathBuf>,
    fail: Option<PathBuf>,
    work: Duration,
    /// The last state of each transaction's reward that this process heard of.
    rewards: Mutex<HashMap<String, RewardState>>,
}

impl Books {
    fn open() -> Result<Self> {
        Ok(Self {
            journal: variable("RECEIVER_JOURNAL")?.map(PathBuf::from),
            fail: variable("RECEIVER_FAIL")?.map(PathBuf::from),
            work: Duration::from_millis(number("RECEIVER_WORK_MS")?.unwrap_or_default()),
            rewards: Mutex::default(),
        })
    }

    async fn reward(self: Arc<Self>, event: RewardEvent) -> Result<()> {
        self.work(&event.event_id).await?;
        let (Some(transaction), Some(state)) = (&event.transaction_id, event.state()) else { return Ok(()) };
        let mut rewards = self.rewards.lock().unwrap_or_else(PoisonError::into_inner);
        let before = rewards.insert(transaction.clone(), state.clone());
        if let Some(before) = before.filter(|before| !before.may_become(state)) {
            // Deliveries may come out of order, so it is for people to look at, and not an error.
            eprintln!("reward: {before} is not described to become {state}");
        }
        Ok(())
    }

    async fn enrollment(self: Arc<Self>, event: EnrollmentEvent) -> Result<()> {
        self.work(&event.event_id).await
    }

    async fn work(&self, event: &str) -> Result<()> {
        self.write("begin", event)?;
        tokio::time::sleep(self.work).await;
        if self.fail.as_ref().is_some_and(|file| file.exists()) {
            anyhow::bail!("asked to fail");
        }
        self.write("end", event)
    }

    /// One line, one write: several processes may keep one journal.
    fn write(&self, word: &str, event: &str) -> Result<()> {
        let Some(journal) = &self.journal else { return Ok(()) };
        let line = format!("{word} {event:?}\n");
        OpenOptions::new().append(true).create(true).open(journal)?.write_all(line.as_bytes())?;
        Ok(())
    }
}

/// The operator's log: what was answered and why; no header, no body, no id of an event.
async fn log(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let extensions = response.extensions();
    match (extensions.get::<Handled>(), extensions.get::<Rejection>()) {
        (Some(handled), _) => eprintln!("{path}: {status}: {handled:?}"),
        (_, Some(rejection)) => eprintln!("{path}: {status}: {}", rejection.cause()),
        _ => eprintln!("{path}: {status}"),
    }
    response
}

/// Ends with TERM, which service managers send, or INT, which a terminal sends.
async fn asked_to_end() {
    #[cfg(unix)]
    let term = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut term) => drop(term.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let term = std::future::pending::<()>();
    tokio::select! {
        () = term => {}
        _ = signal::ctrl_c() => {}
    }
}

fn variable(name: &str) -> Result<Option<String>> {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => anyhow::bail!("{name} is not UTF-8"),
    }
}

fn number(name: &str) -> Result<Option<u64>> {
    variable(name)?.map(|text| text.parse().with_context(|| format!("{name} is not a number"))).transpose()
}
