//! Throttling and random failures, counted by the server.
//!
//! The storm runs on a clock that moves only when nobody has anything to do, so its 20 seconds take one.

use crate::calls::retrying;
use crate::mini::{Client, Profile};
use countersign_runtime as runtime;
use futures_util::future::join_all;
use runtime::{RetryBudget, RetryOptions};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// Answers a request, given its target and body; nothing cuts the connection.
type Respond = dyn Fn(&str, &[u8]) -> Option<&'static str> + Send + Sync;

/// A server that keeps connections open, so that thousands of calls need few of them.
async fn serve(respond: impl Fn(&str, &[u8]) -> Option<&'static str> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let respond: Arc<Respond> = Arc::new(respond);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, Arc::clone(&respond)));
        }
    });
    url
}

async fn connection(mut stream: TcpStream, respond: Arc<Respond>) -> Option<()> {
    let mut bytes = Vec::new();
    loop {
        let head = loop {
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
        };
        let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
        let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        let target = text.split(' ').nth(1)?.to_owned();
        let end = head + length.unwrap_or(0_usize);
        while bytes.len() < end {
            (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
        }
        let answer = respond(&target, &bytes[head..end])?;
        bytes.drain(..end);
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{\"name\":\"Ann\"}";
const PICTURE: &str = "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 3\r\n\r\npng";
const SLOW: &str = "HTTP/1.1 429 Slow\r\nretry-after: 1\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{\"message\":\"m\"}";
const OOPS: &str = "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n";
const BUSY: &str = "HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n";

/// What the throttling server has seen.
#[derive(Debug, Default)]
struct Seen {
    admitted: usize,
    refused: usize,
    /// The second that is counted, and how many were admitted in it.
    window: Option<(Instant, usize)>,
    /// When the last refusal was sent.
    told: Option<Instant>,
    /// How long after a refusal calls came that had not been on their way: the shortest.
    early: Option<Duration>,
}

#[tokio::test(start_paused = true)]
async fn a_429_storm_is_weathered() {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let of_server = Arc::clone(&seen);
    let url = serve(move |_, _| {
        let (now, mut seen) = (Instant::now(), of_server.lock().unwrap());
        // What comes within two milliseconds was on its way; the client's timers are that coarse.
        let since = seen.told.map(|told| now.duration_since(told)).filter(|since| since.as_millis() > 2);
        if let Some(since) = since {
            seen.early = Some(seen.early.map_or(since, |early| early.min(since)));
        }
        let (start, count) =
            seen.window.filter(|(start, _)| now.duration_since(*start).as_secs() < 1).unwrap_or((now, 0));
        if count == 100 {
            seen.refused += 1;
            seen.told = Some(now);
            return Some(SLOW);
        }
        seen.window = Some((start, count + 1));
        seen.admitted += 1;
        Some(FINE)
    })
    .await;
    let client = retrying(&url).retry(RetryOptions::new().attempts(8)).build().unwrap();
    let start = Instant::now();
    let caller = |client: Client| async move {
        let mut succeeded = 0;
        for _ in 0..20 {
            succeeded += usize::from(client.get_profile("t").await.is_ok());
        }
        succeeded
    };
    let succeeded: usize = join_all((0..100).map(|_| caller(client.clone()))).await.into_iter().sum();
    let seen = seen.lock().unwrap();
    let attempts = seen.admitted + seen.refused;
    println!(
        "429 storm: {succeeded} of 2000 calls succeeded in {:.1} s, {attempts} attempts ({:.2} for each success), the \
         earliest call came {:?} after a refusal",
        start.elapsed().as_secs_f64(),
        attempts as f64 / succeeded as f64,
        seen.early.unwrap_or_default(),
    );
    assert_eq!(succeeded, 2000);
    assert!(attempts * 2 <= succeeded * 3, "{attempts} attempts");
    assert!(seen.refused >= 100, "all callers begin at once");
    assert!(seen.early.is_some_and(|early| early >= Duration::from_secs(1)), "{:?}", seen.early);
}

/// A sequence that looks like chance and is the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// How often each call was seen, and how often it was processed.
type Counts = Arc<Mutex<HashMap<String, (usize, usize)>>>;

/// Three in ten requests fail: half of them before they are processed, half afterwards.
async fn unreliable(counts: &Counts) -> String {
    let (counts, chance) = (Arc::clone(counts), Mutex::new(Chance(7)));
    serve(move |target, body| {
        // Calls are told apart by what they carry.
        let call = format!("{target} {}", String::from_utf8_lossy(body));
        let mut counts = counts.lock().unwrap();
        let (seen, processed) = counts.entry(call).or_default();
        *seen += 1;
        let mut chance = chance.lock().unwrap();
        let (fails, how) = (chance.below(100), chance.below(3));
        let failure = match how {
            0 => None,
            1 => Some(OOPS),
            // Before processing, the server says that it did nothing.
            _ if fails < 15 => Some(BUSY),
            _ => Some(OOPS),
        };
        if fails < 15 {
            return failure;
        }
        *processed += 1;
        match fails {
            0..30 => failure,
            _ if target.starts_with("/captcha") => Some(PICTURE),
            _ => Some(FINE),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_with_failures_are_repeated_as_they_may_be() {
    let counts = Counts::default();
    let url = unreliable(&counts).await;
    let client = retrying(&url)
        .retry(RetryOptions::new().attempts(8).base_delay(Duration::from_millis(1)))
        .retry_budget(RetryBudget::unlimited())
        .build()
        .unwrap();
    let each = |worker: usize| {
        let client = client.clone();
        tokio::spawn(async move {
            let mut succeeded = [0_usize; 3];
            for call in (worker..10_000).step_by(32) {
                let name = format!("call {call}");
                let result = match call % 10 {
                    0..5 => client.get_profile(&name).await.is_ok(),
                    5..8 => client.set_profile(&Profile { name, balance: None }).await.is_ok(),
                    _ => client.get_captcha_of(&name).await.is_ok(),
                };
                succeeded[[0, 0, 0, 0, 0, 1, 1, 1, 2, 2][call % 10]] += usize::from(result);
            }
            succeeded
        })
    };
    let mut succeeded = [0; 3];
    for worker in join_all((0..32).map(each)).await {
        let worker = worker.unwrap();
        succeeded.iter_mut().zip(worker).for_each(|(sum, count)| *sum += count);
    }
    let counts = counts.lock().unwrap();
    let most = |kind: &str| {
        let of_kind = counts.iter().filter(|(call, _)| call.starts_with(kind));
        of_kind.fold((0, 0), |most, (_, counts)| (most.0.max(counts.0), most.1.max(counts.1)))
    };
    let (safe, not_safe, never) = (most("/profile/token/"), most("/profile {"), most("/captcha"));
    println!("10000 calls, 30 % fail: {succeeded:?} of [5000, 3000, 2000] succeeded (safe, unsafe, never)");
    println!("one call was at most seen and processed: safe {safe:?}, unsafe {not_safe:?}, never {never:?}");
    assert_eq!(counts.len(), 10_000);
    assert!(succeeded[0] * 1000 >= 5000 * 999, "{succeeded:?}");
    assert!((1200..1600).contains(&succeeded[2]), "what is tried once fails as often as the server does");
    assert!(safe.1 > 1, "the counter-check: what is safe is processed again");
    assert!(not_safe.0 > 1, "what was surely not processed is sent again");
    assert_eq!(not_safe.1, 1, "nothing that is unsafe is processed twice");
    assert_eq!(never.0, 1, "nothing that must not be repeated is seen twice");
}
