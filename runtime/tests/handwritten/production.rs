//! Clocks, redirects, limits of bodies, raw responses, hints, and who watches.

use crate::calls::{builder, retrying};
use crate::mini::{Client, Credentials, GetProfileError, Mini, Profile};
use crate::server::{Answer, Received, Server, json, reply};
use countersign_runtime as runtime;
use runtime::auth::{Clock, SystemClock, UnixTime};
use runtime::{AttemptEnd, CallEnd, ErrorKind, Hint, Observer, RequestError, RetryOptions, WaitReason, Waited};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// The system's clock, so many seconds off.
#[derive(Debug)]
struct Off(i64);

impl Clock for Off {
    fn now(&self) -> UnixTime {
        SystemClock.now().plus_seconds(self.0)
    }
}

/// Takes what was signed within five minutes of the system's clock, and tells its date.
fn strict(request: &Received) -> Answer {
    let signed: i64 = request.one("x-request-time").parse().unwrap();
    let off = signed - SystemClock.now().as_millis();
    let date = httpdate::fmt_http_date(SystemTime::now());
    let headers = [("date", date.as_str()), ("content-type", "application/json")];
    match off.abs() < 300_000 {
        true => reply("200 OK", &headers, r#"{"name":"Ann"}"#),
        false => reply("401 Who", &headers, r#"{"message":"time"}"#),
    }
}

#[tokio::test]
async fn a_clock_that_is_off_costs_one_more_attempt_once() {
    for off in [-3600, 420] {
        let server = Server::start(|_, request| strict(request)).await;
        let client = retrying(&server.url).clock(Off(off)).build().unwrap();
        for _ in 0..3 {
            assert_eq!(client.get_profile("t").await.unwrap().name, "Ann");
        }
        assert_eq!(server.received().len(), 4, "the first call takes two attempts, the others one");

        let client = builder(&server.url).clock(Off(off)).no_clock_correction().build().unwrap();
        let error = client.get_profile("t").await.unwrap_err();
        let (words, is_expected) = match error.hint() {
            Some(Hint::ClockAhead { by }) => ("7 min ahead of", off > 0 && by.as_secs().abs_diff(420) < 60),
            Some(Hint::ClockBehind { by }) => ("60 min behind", off < 0 && by.as_secs().abs_diff(3600) < 60),
            other => panic!("{other:?}"),
        };
        assert!(is_expected, "{error:?}");
        assert!(error.to_string().ends_with(&format!("; this clock is {words} the server's: set it")), "{error}");
    }
}

#[tokio::test]
async fn a_rejection_that_stays_costs_one_more_attempt_and_never_is_never() {
    let server = Server::start(|_, _| {
        let date = httpdate::fmt_http_date(SystemTime::now());
        reply("401 Who", &[("date", &date)], "")
    })
    .await;
    let client = retrying(&server.url).clock(Off(1000)).retry(RetryOptions::new().attempts(9)).build().unwrap();
    assert_eq!(client.get_profile("t").await.unwrap_err().attempts(), 2);
    // A correction that did not help is not kept, so the next call tries it again: another cause may be gone.
    assert_eq!(client.get_profile("t").await.unwrap_err().attempts(), 2);
    let client = retrying(&server.url).clock(Off(1000)).build().unwrap();
    assert_eq!(client.get_captcha().await.unwrap_err().attempts(), 1);
    // Clocks that agree are no reason.
    let client = retrying(&server.url).build().unwrap();
    let error = client.get_profile("t").await.unwrap_err();
    assert_eq!((error.attempts(), error.hint()), (1, None));
}

/// The same API with one redirect.
struct Redirecting;

impl runtime::Provider for Redirecting {
    const NAME: &'static str = "mini";
    const ENVIRONMENT: &'static str = "MINI";
    const USER_AGENT: &'static str = "mini-client/0";
    const REDIRECTS: bool = true;
    const SERVERS: usize = 2;
    type Server = crate::mini::Server;
    type Credentials = Credentials;
    type Client = Client;

    fn schemes() -> Vec<(&'static str, runtime::auth::Recipe)> {
        <Mini as runtime::Provider>::schemes()
    }
}

fn redirecting(url: &str) -> Client {
    let builder = runtime::ClientBuilder::<Redirecting>::new().credentials(Credentials::new("key", "canary-secret"));
    builder.base_url(url).build().unwrap()
}

#[tokio::test]
async fn one_redirect_is_followed_and_signed_anew() {
    let profile = Profile { name: "Ann".to_owned(), balance: None };
    let server = Server::start(|number, _| match number {
        0 => reply("308 Moved", &[("location", "/elsewhere")], ""),
        _ => json("200 OK", r#"{"name":"Ann"}"#),
    })
    .await;
    assert_eq!(redirecting(&server.url).set_profile(&profile).await.unwrap().name, "Ann");
    let [first, second] = &server.received()[..] else { panic!("two requests") };
    assert_eq!((second.method.as_str(), second.target.as_str()), ("POST", "/elsewhere"));
    assert_eq!(first.body, second.body);
    assert_ne!(first.one("x-signature"), second.one("x-signature"));
    crate::signing::assert_signed(second);

    // Not twice, not for APIs that do not say so, not where it leads away.
    let server = Server::start(|number, _| reply("307 Moved", &[("location", &format!("/to{number}"))], "")).await;
    assert_eq!(redirecting(&server.url).get_profile("t").await.unwrap_err().status().unwrap(), 307);
    assert_eq!(server.received().len(), 2);
    assert!(redirecting(&server.url).get_captcha().await.is_err());
    assert_eq!(server.received().len(), 3, "never is never");
    assert!(retrying(&server.url).build().unwrap().get_profile("t").await.is_err());
    assert_eq!(server.received().len(), 4);
    let other = Server::start(|_, _| json("200 OK", r#"{"name":"Mallory"}"#)).await;
    let location = format!("{}/profile", other.url);
    let server = Server::start(move |_, _| reply("307 Moved", &[("location", &location)], "")).await;
    assert!(redirecting(&server.url).get_profile("t").await.is_err());
    assert_eq!((server.received().len(), other.received().len()), (1, 0));
}

#[tokio::test]
async fn a_body_that_stands_still_is_given_up() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{\"name";
    let server = Server::start(|_, _| Answer::Stall(HEAD.into())).await;
    let client = builder(&server.url).stall_timeout(Duration::from_millis(300)).build().unwrap();
    let error = client.get_profile("t").await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "no byte of the body came for 0.3 s");
    // Streams, too; and a call may want less.
    let client = builder(&server.url).build().unwrap();
    let mut stream = client.download().stall_timeout(Duration::from_millis(300)).await.unwrap().into_inner();
    let error = loop {
        match stream.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("no end came"),
            Err(error) => break error,
        }
    };
    assert!(error.is_timeout(), "{error:?}");
    assert!(stream.chunk().await.unwrap().is_none(), "nothing follows");
}

#[tokio::test]
async fn a_stream_that_is_over_stays_over_and_leaves_its_place() {
    let server = Server::start(|_, _| reply("200 OK", &[("content-type", "application/octet-stream")], "abc")).await;
    let client = builder(&server.url).concurrency("/download", 1).build().unwrap();
    let mut kept = Vec::new();
    for _ in 0..3 {
        let call = tokio::time::timeout(Duration::from_secs(10), client.download().into_future());
        let mut stream = call.await.expect("the place is free").unwrap().into_inner();
        assert_eq!(stream.chunk().await.unwrap().unwrap(), "abc");
        for _ in 0..3 {
            assert!(stream.chunk().await.unwrap().is_none());
        }
        kept.push(stream);
    }
}

fn gzip(body: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn compressed_bodies_have_two_limits() {
    let headers = [("content-encoding", "gzip"), ("content-type", "application/json")];
    let packed = gzip(br#"{"name":"Ann"}"#);
    let bomb = gzip(&vec![b' '; 4 << 20]);
    assert!(bomb.len() < 8 * 1024);
    let cut = packed[..packed.len() - 4].to_vec();
    let bodies = [packed.clone(), bomb, cut, b"no gzip".to_vec(), packed];
    let server = Server::start(move |number, request| {
        assert_eq!(request.one("accept-encoding"), "gzip");
        reply("200 OK", &headers, &bodies[number])
    })
    .await;
    let client = builder(&server.url).max_body(64 * 1024).max_decoded(1 << 20).build().unwrap();
    let profile = client.get_profile("t").with_raw().await.unwrap();
    assert_eq!(profile.raw().unwrap().text(), r#"{"name":"Ann"}"#);
    let error = client.get_profile("t").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooLarge { limit: 1_048_576 }), "{error}");
    for _ in 0..2 {
        let error = client.get_profile("t").await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Decode { message, .. } if message.contains("gzip")), "{error}");
    }
    let client = builder(&server.url).max_body(16).build().unwrap();
    let error = client.get_profile("t").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooLarge { limit: 16 }), "{error}");
    // Who asks for something else gets what comes, as it is.
    let server = Server::start(|_, _| reply("200 OK", &[("content-encoding", "br")], "abc")).await;
    let call = self::builder(&server.url).build().unwrap().get_captcha().extra_header("accept-encoding", "br");
    assert_eq!(&call.await.unwrap().bytes[..], b"abc");
}

#[tokio::test]
async fn a_compressed_body_may_be_none_and_has_a_limit_of_members() {
    let headers = [("content-encoding", "gzip"), ("content-type", "application/json")];
    let members = |count: usize| [gzip(br#"{"name":"Ann"}"#), gzip(b"").repeat(count - 1)].concat();
    let bodies = [members(10_000), members(10_001)];
    let server = Server::start(move |number, _| match bodies.get(number) {
        Some(body) => reply("200 OK", &headers, body),
        None => reply("404 Gone", &headers, ""),
    })
    .await;
    let client = builder(&server.url).build().unwrap();
    assert_eq!(client.get_profile("t").await.unwrap().name, "Ann");
    let error = client.get_profile("t").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode { message, .. } if message.contains("members")), "{error}");
    assert_eq!(client.get_profile("t").await.unwrap_err().body(), Some(&GetProfileError::NotFound));
}

#[tokio::test]
async fn the_raw_body_is_there_when_it_is_asked_for() {
    let server = Server::start(|_, _| json("200 OK", r#"{"name":"Ann", "more":1}"#)).await;
    let client = builder(&server.url).build().unwrap();
    let profile = client.get_profile("t").with_raw().await.unwrap();
    assert_eq!(profile.raw().unwrap().text(), r#"{"name":"Ann", "more":1}"#);
    assert_eq!(profile.raw().unwrap().media_type(), Some("application/json"));
    assert!(client.get_profile("t").await.unwrap().raw().is_none());
    // Beside a typed error, too.
    let server = Server::start(|_, _| json("404 Gone", r#"{"message":"m", "more":1}"#)).await;
    let client = builder(&server.url).build().unwrap();
    let error = client.get_profile("t").with_raw().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Status(_)), "{error:?}");
    assert_eq!(error.raw().unwrap().text(), r#"{"message":"m", "more":1}"#);
    assert!(client.get_profile("t").await.unwrap_err().raw().is_none());
}

#[tokio::test]
async fn failures_end_with_what_to_do_next() {
    let server = Server::start(|_, _| json("400 Bad", r#"{"message":"m"}"#)).await;
    let text = serde_json::to_string(&Profile { name: "Ann".to_owned(), balance: None }).unwrap();
    let error = builder(&server.url).build().unwrap().set_any(&text).await.unwrap_err();
    assert_eq!(error.hint(), Some(Hint::BodyTwice));
    assert!(error.to_string().ends_with("; the body was serialized twice: give the call a value, not its JSON text"));
    let error = builder(&server.url).build().unwrap().set_any(&"plain").await.unwrap_err();
    assert_eq!(error.hint(), None);
    // A base URL of one's own is no choice among servers.
    let server = Server::start(|_, _| reply("401 Who", &[], "")).await;
    assert_eq!(redirecting(&server.url).get_profile("t").await.unwrap_err().hint(), None);
}

/// Writes down what it hears.
#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Observer for Notes {
    fn attempt(&self, end: &AttemptEnd<'_>) {
        let status = end.status.map(|status| status.as_u16());
        self.0.lock().unwrap().push(format!("attempt {} {status:?} {:?}", end.number, end.error));
    }

    fn waited(&self, wait: &Waited<'_>) {
        if wait.why == WaitReason::BackOff {
            self.0.lock().unwrap().push("waited".to_owned());
        }
    }

    fn call(&self, end: &CallEnd<'_>) {
        let status = end.status.map(|status| status.as_u16());
        let line = format!("{} {} {status:?} {:?}", end.operation.id, end.attempts, end.error);
        assert_eq!(end.request_id.len(), 36);
        self.0.lock().unwrap().push(line);
    }
}

#[tokio::test]
async fn an_observer_hears_of_every_attempt_wait_and_call() {
    let server = Server::start(|number, _| match number {
        0 => Answer::Reset,
        1 => reply("502 Bad", &[], ""),
        2 => json("200 OK", r#"{"name":"Ann"}"#),
        _ => json("404 Gone", ""),
    })
    .await;
    let notes = Notes::default();
    // Pauses are at least a millisecond long, as far as chance allows.
    let retry = RetryOptions::new().base_delay(Duration::from_millis(200));
    let client = retrying(&server.url).retry(retry).observer(notes.clone()).build().unwrap();
    client.get_profile("t").await.unwrap();
    client.get_profile("t").await.unwrap_err();
    let notes: Vec<String> = notes.0.lock().unwrap().iter().filter(|line| *line != "waited").cloned().collect();
    assert_eq!(
        notes,
        [
            "attempt 1 None Some(\"transport\")",
            "attempt 2 Some(502) None",
            "attempt 3 Some(200) None",
            "get_profile 3 Some(200) None",
            "attempt 1 Some(404) None",
            "get_profile 1 Some(404) Some(\"status\")",
        ]
    );
}

/// Collects the waits.
#[derive(Clone, Debug, Default)]
struct Waits(Arc<Mutex<Vec<(WaitReason, Duration)>>>);

impl Observer for Waits {
    fn waited(&self, wait: &Waited<'_>) {
        assert_eq!(wait.operation.id, "get_profile");
        self.0.lock().unwrap().push((wait.why, wait.took));
    }
}

/// Chance that is always as great as can be, so that pauses are as long as they may.
#[derive(Debug)]
struct Greatest;

impl runtime::auth::Random for Greatest {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), runtime::auth::RandomError> {
        buffer.fill(0xff);
        Ok(())
    }
}

#[tokio::test]
async fn an_observer_hears_how_long_calls_wait_and_for_what() {
    let server = Server::start(|number, _| match number {
        0 => reply("502 Bad", &[], ""),
        1 => reply("429 Slow", &[("retry-after", "1")], ""),
        _ => json("200 OK", r#"{"name":"Ann"}"#),
    })
    .await;
    let waits = Waits::default();
    let retry = RetryOptions::new().base_delay(Duration::from_millis(40));
    let client = retrying(&server.url).retry(retry).random(Greatest).observer(waits.clone()).build().unwrap();
    client.get_profile("t").await.unwrap();
    let waits = waits.0.lock().unwrap().clone();
    let [(WaitReason::BackOff, pause), (WaitReason::Turn, turn)] = waits[..] else { panic!("{waits:?}") };
    assert_eq!(pause, Duration::from_millis(40));
    assert!((900..60_000).contains(&turn.as_millis()), "{turn:?}");
}

#[tokio::test]
async fn an_observer_hears_of_calls_that_are_dropped() {
    let server = Server::start(|_, _| Answer::Stall(Vec::new())).await;
    let notes = Notes::default();
    let client = builder(&server.url).observer(notes.clone()).build().unwrap();
    let call = client.get_profile("t").into_future();
    assert!(tokio::time::timeout(Duration::from_millis(500), call).await.is_err());
    assert_eq!(*notes.0.lock().unwrap(), ["get_profile 1 None Some(\"cancelled\")"]);
    // One that nobody has begun is none.
    drop(client.get_profile("t").into_future());
    assert_eq!(notes.0.lock().unwrap().len(), 1);
}

#[test]
fn blocking_calls_need_no_runtime_and_refuse_to_stop_one() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start(|_, _| json("200 OK", r#"{"name":"Ann"}"#)));
    let client = builder(&server.url).build().unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let client = client.clone();
            std::thread::spawn(move || client.get_profile("t").send_blocking().unwrap().name.clone())
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), "Ann");
    }
    let refused = |client: Client| {
        let error = client.get_profile("t").send_blocking().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Request(RequestError::InsideRuntime)), "{error:?}");
    };
    runtime.block_on(async { refused(client.clone()) });
    for runtime in [&runtime, &tokio::runtime::Builder::new_current_thread().build().unwrap()] {
        let client = client.clone();
        runtime.block_on(async { tokio::spawn(async move { refused(client) }).await.unwrap() });
    }
    assert_eq!(server.received().len(), 4);
    // A runtime's threads for blocking work may wait.
    let name = |client: Client| client.get_profile("t").send_blocking().unwrap().name.clone();
    runtime.block_on(async {
        let (one, two) = (client.clone(), client.clone());
        assert_eq!(tokio::task::spawn_blocking(move || name(one)).await.unwrap(), "Ann");
        let in_place = tokio::spawn(async move { tokio::task::block_in_place(|| name(two)) });
        assert_eq!(in_place.await.unwrap(), "Ann");
    });
    let _entered = runtime.enter();
    assert_eq!(name(client), "Ann");
    assert_eq!(server.received().len(), 7);
}
