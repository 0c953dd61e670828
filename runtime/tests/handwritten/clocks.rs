//! Servers whose clock is wrong, and what must not be taken for a clock that is off.

use crate::calls::{builder, retrying};
use crate::mini::{Client, Profile};
use crate::server::{Answer, Received, Server, reply};
use countersign_runtime as runtime;
use runtime::auth::{Clock, SystemClock};
use runtime::http::Extensions;
use runtime::reqwest_middleware::{Middleware, Next, Result};
use runtime::{ErrorKind, RetryOptions};
use std::time::{Duration, SystemTime};

const TWO_HOURS: Duration = Duration::from_secs(7200);

/// Takes what was signed within five minutes of the system's clock, and tells a date of two hours later.
fn wrong_date(request: &Received) -> Answer {
    let date = httpdate::fmt_http_date(SystemTime::now() + TWO_HOURS);
    let headers = [("date", date.as_str()), ("content-type", "application/json")];
    let signed: Option<i64> = request.all("x-request-time").first().map(|time| time.parse().unwrap());
    let in_time = signed.is_none_or(|signed| (signed - SystemClock.now().as_millis()).abs() < 300_000);
    match (in_time, request.target.contains("forbidden"), signed) {
        (false, ..) => reply("401 Who", &headers, r#"{"message":"time"}"#),
        (true, true, _) | (true, _, None) => reply("403 No", &headers, r#"{"message":"no permission"}"#),
        (true, false, Some(_)) => reply("200 OK", &headers, r#"{"name":"Ann"}"#),
    }
}

#[tokio::test]
async fn a_missing_permission_does_not_move_the_clock() {
    let server = Server::start(|_, request| wrong_date(request)).await;
    let client = retrying(&server.url).build().unwrap();
    // The server's time is tried once, and taken back.
    assert!(client.get_profile("forbidden").await.is_err());
    assert_eq!(server.received().len(), 2);
    for _ in 0..2 {
        assert_eq!(client.get_profile("t").await.unwrap().name, "Ann");
    }
    assert_eq!(server.received().len(), 4);
    // By now it is known that our time is taken.
    let error = client.get_profile("forbidden").await.unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (403, 1));
    assert_eq!(client.get_profile("t").await.unwrap().name, "Ann");

    // Where calls are tried once, the trial takes the next one, which is enough to end it.
    let client = builder(&server.url).build().unwrap();
    assert!(client.get_profile("forbidden").await.is_err());
    assert!(client.get_profile("t").await.is_err());
    assert_eq!(client.get_profile("t").await.unwrap().name, "Ann");
}

#[tokio::test]
async fn what_is_not_signed_moves_no_clock() {
    let server = Server::start(|_, request| wrong_date(request)).await;
    let client = retrying(&server.url).build().unwrap();
    assert_eq!(client.get_captcha().await.unwrap_err().status().unwrap(), 403);
    assert_eq!(client.download().await.unwrap_err().attempts(), 1);
    assert_eq!(server.received().len(), 2);
    assert_eq!(client.get_profile("t").await.unwrap().name, "Ann");
    assert_eq!(server.received().len(), 3);
}

/// Takes its time before a request is sent, as a vault may.
struct Waits(Duration);

#[async_trait::async_trait]
impl Middleware for Waits {
    async fn handle(
        &self,
        request: runtime::reqwest::Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<runtime::reqwest::Response> {
        tokio::time::sleep(self.0).await;
        next.run(request, extensions).await
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_before_the_exchange_is_no_difference_of_clocks() {
    let server = Server::start(|_, _| {
        let date = httpdate::fmt_http_date(SystemTime::now());
        reply("401 Who", &[("date", &date)], "")
    })
    .await;
    let builder = retrying(&server.url).middleware(Waits(Duration::from_secs(720)));
    let client = builder.deadline(Duration::from_secs(3600)).build().unwrap();
    let error = client.get_profile("t").await.unwrap_err();
    assert_eq!((error.attempts(), error.hint()), (1, None), "{error}");
}

/// A refusal whose body does not come to its end, then successes.
async fn refusing(head: &'static str, stalls: bool) -> Server {
    Server::start(move |number, _| match (number, stalls) {
        (0, true) => Answer::Stall(format!("HTTP/1.1 {head}\r\ncontent-length: 20\r\n\r\n{{\"mess").into_bytes()),
        (0, false) => Answer::Send(format!("HTTP/1.1 {head}\r\ncontent-length: 20\r\n\r\n{{\"mess").into_bytes()),
        _ => reply("200 OK", &[("content-type", "application/json")], r#"{"name":"Ann"}"#),
    })
    .await
}

/// A client that gives up bodies soon.
fn hasty(server: &Server, retry: RetryOptions) -> Client {
    retrying(&server.url).retry(retry).stall_timeout(Duration::from_millis(200)).build().unwrap()
}

#[tokio::test]
async fn a_refusal_without_its_body_pauses_all_the_same() {
    let profile = Profile { name: "Ann".to_owned(), balance: None };
    for head in ["429 Slow\r\nretry-after: 60", "503 Later\r\nretry-after: 60"] {
        for stalls in [false, true] {
            let server = refusing(head, stalls).await;
            let client = hasty(&server, RetryOptions::none());
            assert!(client.set_profile(&profile).await.is_err());
            let error = client.set_profile(&profile).deadline(Duration::from_secs(9)).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Paused { .. }), "{head} {stalls}: {error}");
            assert_eq!(server.received().len(), 1, "{head} {stalls}");
        }
    }
    // It is repeated, and not before the time told.
    let server = refusing("429 Slow\r\nretry-after: 1", false).await;
    let began = std::time::Instant::now();
    assert_eq!(hasty(&server, RetryOptions::new()).set_profile(&profile).await.unwrap().name, "Ann");
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_pause_without_end_is_told() {
    let server = Server::start(|number, _| match number {
        0 => reply("200 OK", &[("content-type", "application/json")], r#"{"name":"Ann"}"#),
        _ => reply("429 Slow", &[("retry-after", "99999999999999999999")], ""),
    })
    .await;
    let client = builder(&server.url).max_pause(Duration::MAX).build().unwrap();
    client.get_profile("t").await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(client.get_profile("t").await.unwrap_err().status().unwrap(), 429);
    let error = client.get_profile("t").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Paused { left } if left.as_secs() > 86_400), "{error}");
    assert_eq!(server.received().len(), 2);
}
