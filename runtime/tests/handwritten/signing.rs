//! Signatures as they arrive: on every attempt anew, on no other origin, never doubled.

use crate::calls::{builder, client};
use crate::mini::{Client, Profile, verifier};
use crate::server::{Answer, Received, Server, json, reply};
use countersign_runtime as runtime;
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;
use runtime::auth::{Clock, Random, RandomError, SignError, SignableBody, SignableRequest, UnixTime};
use runtime::http::{HeaderMap, HeaderName, HeaderValue};
use runtime::{ErrorKind, reqwest};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const OURS: [&str; 4] = ["x-application-key", "x-request-id", "x-request-time", "x-signature"];

/// A clock that moves on by a second with each reading.
#[derive(Debug)]
struct Steps(AtomicI64);

impl Clock for Steps {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

fn steps() -> Steps {
    Steps(AtomicI64::new(1_700_000_000))
}

fn retry(count: u32) -> RetryTransientMiddleware<ExponentialBackoff> {
    let policy = ExponentialBackoff::builder()
        .retry_bounds(Duration::from_millis(1), Duration::from_millis(5))
        .build_with_max_retries(count);
    RetryTransientMiddleware::new_with_policy(policy)
}

/// Checks a received request against the recipe, read backwards.
fn verify(received: &Received) -> bool {
    verify_below(received, "")
}

/// The same for a base URL with a path.
fn verify_below(received: &Received, base_path: &str) -> bool {
    verify_at(received, base_path, UnixTime::from_secs(1_700_000_010))
}

/// The same by the system's clock.
pub fn assert_signed(received: &Received) {
    assert!(verify_at(received, "", runtime::auth::SystemClock.now()), "{received:?}");
}

fn verify_at(received: &Received, base_path: &str, now: UnixTime) -> bool {
    let mut headers = HeaderMap::new();
    for (name, value) in &received.headers {
        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let body = if received.all("content-length").is_empty() {
        SignableBody::None
    } else {
        SignableBody::Bytes(&received.body)
    };
    let target = received.target.strip_prefix(base_path).unwrap();
    let request = SignableRequest { method: &received.method, base: "", target, headers: &headers, body };
    verifier("canary-secret").verify(&request, now).is_ok()
}

fn profile() -> Profile {
    Profile { name: "Ann".to_owned(), balance: None }
}

#[tokio::test]
async fn each_attempt_is_signed_anew() {
    let server = Server::start(|number, _| match number {
        0 => reply("503 Later", &[], ""),
        1 => Answer::Reset,
        _ => json("200 OK", r#"{"name":"Ann"}"#),
    })
    .await;
    // Forged headers among the client's defaults and in the call; none arrives.
    let defaults =
        HeaderMap::from_iter(OURS.map(|name| (HeaderName::from_static(name), HeaderValue::from_static("forged"))));
    let own = reqwest::ClientBuilder::new().default_headers(defaults);
    let client = builder(&server.url).reqwest(own).clock(steps()).middleware(retry(3)).build().unwrap();
    let response = client.set_profile(&profile()).extra_header("X-Signature", "forged").await.unwrap();
    let received = server.received();
    assert_eq!(received.len(), 3);
    for name in ["x-request-id", "x-request-time", "x-signature"] {
        let values: BTreeSet<_> = received.iter().map(|request| request.one(name)).collect();
        assert_eq!(values.len(), 3, "{name}: {values:?}");
    }
    assert!(received.iter().all(verify));
    let forged = Received { body: b"{}".to_vec(), ..received[0].clone() };
    assert!(!verify(&forged));
    assert_eq!(response.nonce(), Some(received[2].one("x-request-id")));
    assert!(received.iter().all(|request| request.one("x-request-id") != response.request_id()));
}

#[tokio::test]
async fn the_target_is_signed_below_the_base_url() {
    let server = Server::start(|_, _| json("200 OK", "[]")).await;
    let client = builder(&format!("{}/v2/", server.url)).clock(steps()).build().unwrap();
    client.list_profiles().ids(&["a b".to_owned(), "ü'&".to_owned()]).await.unwrap();
    assert_eq!(server.only().target, "/v2/profile?ids=a%20b&ids=%C3%BC%27%26");
    assert!(verify_below(&server.only(), "/v2"));
    assert!(!verify(&server.only()));
}

#[tokio::test]
async fn a_middleware_of_the_callers_that_fails_says_so() {
    struct Fails;
    #[async_trait::async_trait]
    impl runtime::reqwest_middleware::Middleware for Fails {
        async fn handle(
            &self,
            request: reqwest::Request,
            extensions: &mut runtime::http::Extensions,
            next: runtime::reqwest_middleware::Next<'_>,
        ) -> runtime::reqwest_middleware::Result<reqwest::Response> {
            next.run(request, extensions).await?;
            Err(runtime::reqwest_middleware::Error::middleware(std::io::Error::other("circuit is open")))
        }
    }
    let server = Server::start(|_, _| json("200 OK", "[]")).await;
    let client = builder(&server.url).middleware(Fails).build().unwrap();
    let error = client.list_profiles().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Middleware(_)), "{error:?}");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "circuit is open");
}

#[tokio::test]
async fn retried_failures_keep_their_kind() {
    let server = Server::start(|_, _| Answer::Reset).await;
    let client = builder(&server.url).middleware(retry(2)).build().unwrap();
    let error = client.get_profile("canary").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
    assert_eq!(error.attempts(), 3);
    assert_eq!(error.nonce(), Some(server.received()[2].one("x-request-id")));
    assert!(error.to_string().contains("; attempt 3; request "), "{error}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    assert!(error.may_repeat());

    let server = Server::start(|_, _| Answer::Stall(Vec::new())).await;
    let client = builder(&server.url).middleware(retry(1)).timeout(Duration::from_millis(200)).build().unwrap();
    assert!(client.get_profile("t").await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn one_attempt_that_may_have_been_processed_is_enough() {
    let server = Server::start(|number, _| match number {
        0 => Answer::Reset,
        _ => json("429 Slow", r#"{"message":"m"}"#),
    })
    .await;
    let client = builder(&server.url).middleware(retry(1)).build().unwrap();
    let error = client.set_profile(&profile()).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 429);
    assert!(!error.may_repeat(), "the first attempt may have been processed");
}

#[tokio::test]
async fn redirects_carry_nothing_to_another_origin() {
    let other = Server::start(|_, _| json("200 OK", r#"{"name":"Mallory"}"#)).await;
    let lenient = || reqwest::ClientBuilder::new().redirect(reqwest::redirect::Policy::limited(10)).referer(true);
    for status in ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"] {
        let location = format!("{}/profile", other.url);
        let server = Server::start(move |_, _| reply(status, &[("location", &location)], "")).await;
        for client in [client(&server), builder(&server.url).reqwest(lenient()).build().unwrap()] {
            let error = client.get_profile("t").await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Undeclared(_)), "{error}");
            assert_eq!(error.status().unwrap().as_u16().to_string(), status[..3]);
            assert!(client.set_profile(&profile()).await.is_err());
        }
        let received = server.received();
        assert_eq!(received.len(), 4);
        for request in received {
            OURS.iter().for_each(|name| assert!(!request.one(name).is_empty()));
        }
    }
    assert!(other.received().is_empty(), "{:?}", other.received());
}

#[tokio::test]
async fn a_middleware_can_not_send_credentials_elsewhere() {
    struct Divert(String);
    #[async_trait::async_trait]
    impl runtime::reqwest_middleware::Middleware for Divert {
        async fn handle(
            &self,
            mut request: reqwest::Request,
            extensions: &mut runtime::http::Extensions,
            next: runtime::reqwest_middleware::Next<'_>,
        ) -> runtime::reqwest_middleware::Result<reqwest::Response> {
            assert!(extensions.get::<&'static runtime::OperationInfo>().is_some());
            *request.url_mut() = self.0.parse().unwrap();
            next.run(request, extensions).await
        }
    }
    let other = Server::start(|_, _| json("200 OK", r#"{"name":"Mallory"}"#)).await;
    let server = Server::start(|_, _| json("200 OK", r#"{"name":"Ann"}"#)).await;
    let client = builder(&server.url).middleware(Divert(format!("{}/profile", other.url))).build().unwrap();
    let error = client.get_profile("t").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Sign(SignError::Elsewhere)), "{error}");
    assert!(!error.may_repeat());
    assert!(other.received().is_empty() && server.received().is_empty());
}

#[tokio::test]
async fn unsigned_operations_carry_nothing_and_signed_ones_need_credentials() {
    let server = Server::start(|_, _| reply("200 OK", &[], "x")).await;
    let client = client(&server);
    client.get_captcha().await.unwrap();
    OURS.iter().for_each(|name| assert!(server.only().all(name).is_empty()));

    let client = Client::builder().base_url(&server.url).build().unwrap();
    client.get_captcha().await.unwrap();
    let error = client.list_profiles().await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Sign(SignError::NoCredentials { schemes }) if schemes == &["mini and passcode", "mini"]),
        "{error}"
    );
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn the_first_alternative_with_all_credentials_is_taken() {
    let server = Server::start(|_, _| json("200 OK", "[]")).await;
    let client = builder(&server.url).clock(steps()).build().unwrap();
    client.list_profiles().limit(3).await.unwrap();
    assert!(server.only().all("x-passcode").is_empty());
    assert!(verify(&server.only()));
}

#[tokio::test]
async fn a_source_without_random_bytes_sends_nothing() {
    #[derive(Debug)]
    struct Empty;
    impl Random for Empty {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
            Err(RandomError { reason: "empty".to_owned() })
        }
    }
    let server = Server::start(|_, _| json("200 OK", "[]")).await;
    let error = builder(&server.url).random(Empty).build().unwrap().list_profiles().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Request(runtime::RequestError::Random(_))), "{error}");
    assert_eq!(error.request_id(), "");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_stream_under_a_scheme_that_covers_the_body_is_not_sent() {
    let server = Server::start(|_, _| json("200 OK", r#"{"name":"Ann"}"#)).await;
    let client = client(&server);
    let pieces = || futures_util::stream::iter([Ok::<_, std::io::Error>("abc")]);
    let operation = <crate::mini::SetProfile as runtime::Operation>::INFO;
    let request = client.core().request(operation).upload("text/plain", runtime::Upload::stream(pieces()));
    let error = runtime::call::send::<crate::mini::SetProfile>(request).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Sign(SignError::StreamingBody { .. })), "{error}");
    assert!(server.received().is_empty());

    const UNSIGNED: &runtime::OperationInfo =
        &runtime::OperationInfo { method: "POST", ..*<crate::mini::GetCaptcha as runtime::Operation>::INFO };
    let request = client.core().request(UNSIGNED).upload("text/plain", runtime::Upload::stream(pieces()));
    let error = runtime::call::send::<crate::mini::GetCaptcha>(request).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode { body, .. } if body.text() == r#"{"name":"Ann"}"#), "{error}");
    assert_eq!(server.only().body, b"3\r\nabc\r\n0\r\n\r\n");
}
