//! What a client repeats by itself, how often and when.

use crate::calls::{builder, retrying};
use crate::mini::{Client, Profile};
use crate::server::{Answer, Server, json, reply};
use countersign_runtime as runtime;
use runtime::{ErrorKind, RetryBudget, RetryOptions, Stopped};
use std::time::{Duration, Instant};

/// As many attempts, one right after the other.
fn at_once(attempts: u32) -> RetryOptions {
    RetryOptions::new().attempts(attempts).base_delay(Duration::ZERO)
}

fn profile() -> Profile {
    Profile { name: "canary".to_owned(), balance: None }
}

fn good() -> Answer {
    json("200 OK", r#"{"name":"Ann"}"#)
}

type Fails = fn() -> Answer;

/// A failure of each stage, and whether nothing can have been processed.
fn failures() -> Vec<(&'static str, Fails, bool)> {
    vec![
        ("429", || json("429 Slow", r#"{"message":"m"}"#), true),
        ("503 with a time", || reply("503 Later", &[("retry-after", "0")], ""), true),
        ("503", || reply("503 Later", &[], ""), false),
        ("500", || reply("500 Oops", &[], ""), false),
        ("502", || reply("502 Bad", &[], ""), false),
        ("504", || reply("504 Late", &[], ""), false),
        ("reset", || Answer::Reset, false),
        ("cut in the head", || Answer::Send(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()), false),
        ("cut in the body", || Answer::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"nam".to_vec()), false),
    ]
}

#[tokio::test]
async fn each_class_is_repeated_as_it_may_be() {
    for (what, failure, is_unprocessed) in failures() {
        let serve = || Server::start(move |number, _| if number == 0 { failure() } else { good() });
        let client = |server: &Server| retrying(&server.url).retry(at_once(3)).build().unwrap();

        let server = serve().await;
        let profile = client(&server).get_profile("t").await;
        assert_eq!(profile.unwrap().name, "Ann", "{what}: safe");
        let received = server.received();
        assert_eq!(received.len(), 2, "{what}");
        for header in ["x-request-id", "x-signature"] {
            assert_ne!(received[0].one(header), received[1].one(header), "{what}: each attempt is signed anew");
        }

        let server = serve().await;
        let result = client(&server).set_profile(&self::profile()).await;
        assert_eq!(result.is_ok(), is_unprocessed, "{what}: unsafe");
        assert_eq!(server.received().len(), if is_unprocessed { 2 } else { 1 }, "{what}: unsafe");

        let server = serve().await;
        assert!(client(&server).get_captcha().await.is_err(), "{what}: never");
        assert_eq!(server.received().len(), 1, "{what}: never");
    }
}

#[tokio::test]
async fn answers_and_failures_that_stay_are_not_repeated() {
    for status in ["200 OK", "400 Bad", "401 Who", "403 No", "404 Gone", "409 Twice", "422 No", "501 What"] {
        let server = Server::start(move |_, _| json(status, r#"{"nick":1}"#)).await;
        let error = retrying(&server.url).build().unwrap().get_profile("t").await.unwrap_err();
        assert_eq!((server.received().len(), error.attempts(), error.stopped()), (1, 1, None), "{status}");
    }
    let server = Server::start(|_, _| good()).await;
    let client = retrying(&server.url).max_body(4).build().unwrap();
    assert!(matches!(client.get_profile("t").await.unwrap_err().kind(), ErrorKind::TooLarge { limit: 4 }));
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn no_connection_is_repeated_even_where_repeating_is_not_safe() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = retrying(&url).retry(at_once(4)).build().unwrap();
    let error = client.set_profile(&profile()).await.unwrap_err();
    assert_eq!((error.attempts(), error.stopped()), (4, Some(Stopped::Attempts)));
    assert!(error.may_repeat());
    assert_eq!(client.get_captcha().await.unwrap_err().attempts(), 1);
}

#[tokio::test]
async fn attempts_are_counted_and_the_last_failure_is_the_error() {
    let server = Server::start(|number, _| match number {
        0 => Answer::Reset,
        1 => reply("502 Bad", &[], ""),
        _ => json("503 Later", r#"{"message":"the third"}"#),
    })
    .await;
    let client = retrying(&server.url).retry(at_once(9)).build().unwrap();
    let error = client.get_profile("t").retry(at_once(3)).await.unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (503, 3));
    assert_eq!(error.stopped(), Some(Stopped::Attempts));
    assert!(error.to_string().contains("attempt 3; request "), "{error}");
    assert_eq!(error.nonce(), Some(server.received()[2].one("x-request-id")));
    let error = client.get_profile("t").retry(RetryOptions::none()).await.unwrap_err();
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn a_stream_is_repeated_before_it_begins_and_not_in_its_middle() {
    let server = Server::start(|number, _| match number {
        0 => reply("502 Bad", &[("content-type", "text/html")], "<b>"),
        _ => Answer::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc".to_vec()),
    })
    .await;
    let mut stream = retrying(&server.url).retry(at_once(3)).build().unwrap().download().await.unwrap().into_inner();
    while let Ok(piece) = stream.chunk().await {
        assert!(piece.is_some(), "a cut must not look like the end");
    }
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn a_server_that_fails_every_call_sees_at_most_a_fifth_more() {
    for answer in [|| reply("500 Oops", &[], ""), || reply("429 Slow", &[("retry-after", "0")], "")] {
        let server = Server::start(move |_, _| answer()).await;
        let client = retrying(&server.url).build().unwrap();
        let mut spent = 0;
        for _ in 0..100 {
            let call = client.get_profile("t").retry(at_once(3));
            spent += usize::from(call.await.unwrap_err().stopped() == Some(Stopped::Budget));
        }
        let seen = server.received().len();
        println!("100 calls that all fail: {seen} attempts with the default budget, {spent} stopped by it");
        assert!((101..=120).contains(&seen), "{seen}");
        assert!(spent >= 80, "{spent}");
    }
    let server = Server::start(|_, _| reply("500 Oops", &[], "")).await;
    let client = retrying(&server.url).retry_budget(RetryBudget::unlimited()).build().unwrap();
    for _ in 0..20 {
        assert!(client.get_profile("t").retry(at_once(3)).await.is_err());
    }
    assert_eq!(server.received().len(), 60, "the counter-check");
}

/// Milliseconds from the first request to each of the others.
async fn arrivals(answer: fn(usize) -> Answer, call: impl AsyncFn(&Client)) -> Vec<u128> {
    let times = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&times);
    let server = Server::start(move |number, _| {
        seen.lock().unwrap().push(Instant::now());
        answer(number)
    })
    .await;
    call(&retrying(&server.url).build().unwrap()).await;
    let times = times.lock().unwrap();
    times.iter().map(|time| time.duration_since(times[0]).as_millis()).collect()
}

#[tokio::test]
async fn a_time_that_is_told_holds_for_all_calls_to_that_api() {
    let told = |number| match number {
        0 => reply("503 Later", &[("retry-after", "1")], ""),
        _ => json("200 OK", r#"[{"name":"Ann"}]"#),
    };
    let times = arrivals(told, async |client: &Client| {
        let first = client.list_profiles().into_future();
        let second = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            client.list_profiles().await
        };
        let (first, second) = tokio::join!(first, second);
        assert!(first.is_ok() && second.is_ok());
    })
    .await;
    assert!(times.len() == 3 && times[1] >= 1000 && times[2] >= 1000, "{times:?}");

    let times = arrivals(told, async |client: &Client| {
        let error = client.list_profiles().deadline(Duration::from_millis(500)).await.unwrap_err();
        assert_eq!(error.status().unwrap(), 503, "the failure is known, so nobody waits for the end of the pause");
        assert_eq!(error.stopped(), Some(Stopped::Deadline { after: Duration::from_millis(500) }));
        assert!(error.to_string().contains("; the whole call may take 0.5 s; request "), "{error}");
        let error = client.list_profiles().deadline(Duration::from_millis(100)).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Paused { left } if left.as_millis() > 100), "{error:?}");
        assert_eq!((error.attempts(), error.may_repeat()), (0, true));
        // Another API of the same host is not meant.
        assert_eq!(client.download().await.unwrap().status(), 200);
    })
    .await;
    assert_eq!(times.len(), 2);
    assert!(times[1] < 1000, "{times:?}");
}

#[tokio::test]
async fn the_deadline_ends_a_call_wherever_it_is() {
    // In an attempt.
    let server = Server::start(|number, _| match number {
        0 => reply("502 Bad", &[], ""),
        _ => Answer::Stall(Vec::new()),
    })
    .await;
    let client = retrying(&server.url).retry(at_once(9)).build().unwrap();
    let error = client.get_profile("t").deadline(Duration::from_millis(400)).await.unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(error.attempts(), 2);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "attempt 1 had ended: status 502");
    // Before a pause that would go beyond it.
    let server = Server::start(|_, _| reply("502 Bad", &[], "")).await;
    let client = retrying(&server.url).deadline(Duration::from_secs(30)).build().unwrap();
    let patient = RetryOptions::new().attempts(1_000).base_delay(Duration::from_secs(3600)).max_delay(Duration::MAX);
    let error = client.get_profile("t").retry(patient).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 502);
    assert_eq!(error.stopped(), Some(Stopped::Deadline { after: Duration::from_secs(30) }));
    // In the line for a permit.
    let server = Server::start(|_, _| Answer::Stall(Vec::new())).await;
    let client = builder(&server.url).concurrency("/profile/token/{tokenID}", 1).build().unwrap();
    let first = tokio::spawn(client.get_profile("t").into_future());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let error = client.get_profile("t").deadline(Duration::from_millis(100)).await.unwrap_err();
    assert!(error.is_timeout() && error.attempts() == 0, "{error:?}");
    assert!(error.may_repeat());
    first.abort();
}

#[tokio::test]
async fn calls_at_once_are_limited_and_a_stream_keeps_its_place() {
    let (now, most) = (std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0)), std::sync::Arc::default());
    let highest: std::sync::Arc<std::sync::atomic::AtomicUsize> = std::sync::Arc::clone(&most);
    let server = Server::slow(Duration::from_millis(20), now, most, || json("200 OK", "[]")).await;
    let client = builder(&server.url).concurrency("/profile", 3).build().unwrap();
    let calls = futures_util::future::join_all((0..30).map(|_| client.list_profiles().into_future()));
    assert!(calls.await.into_iter().all(|result| result.is_ok()));
    assert_eq!(highest.load(std::sync::atomic::Ordering::SeqCst), 3);

    let server = Server::start(|_, _| reply("200 OK", &[("content-type", "text/csv")], "abc")).await;
    let client = builder(&server.url).concurrency("/download", 1).build().unwrap();
    let stream = client.download().await.unwrap();
    let second = || client.download().deadline(Duration::from_millis(200)).into_future();
    assert!(second().await.unwrap_err().is_timeout(), "the first one is still read");
    drop(stream);
    assert!(second().await.is_ok());
}
