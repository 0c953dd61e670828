//! What an environment, a middleware or an odd value could turn a call into.

use crate::calls::{builder, client};
use crate::mini::{GetProfile, Profile, SetProfile, verifier};
use crate::server::{Server, json, reply};
use countersign_runtime as runtime;
use runtime::auth::{SignableBody, SignableRequest, UnixTime};
use runtime::http::{HeaderMap, HeaderName, HeaderValue};
use runtime::reqwest_middleware::{self, Middleware, Next};
use runtime::{ErrorKind, Operation, RequestError, reqwest};
use std::error::Error as _;
use std::time::Duration;

#[tokio::test]
async fn a_body_of_no_bytes_is_signed_as_it_arrives() {
    let server = Server::start(|_, _| json("200 OK", r#"{"name":"Ann"}"#)).await;
    let core = client(&server).core().clone();
    for body in [None, Some(""), Some("x")] {
        let request = core.request(SetProfile::INFO);
        let request = body.into_iter().fold(request, |request, body| request.text("text/plain", body));
        runtime::call::send::<SetProfile>(request).await.unwrap();
        let received = server.received().pop().unwrap();
        assert_eq!(received.all("content-length").is_empty(), body.is_none(), "{received:?}");
        let headers: HeaderMap = received
            .headers
            .iter()
            .map(|(name, value)| (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap()))
            .collect();
        let body = body.map_or(SignableBody::None, |body| SignableBody::Bytes(body.as_bytes()));
        let request = SignableRequest { method: "POST", base: "", target: "/profile", headers: &headers, body };
        let now = UnixTime::from_millis(received.one("x-request-time").parse().unwrap());
        assert!(verifier("canary-secret").verify(&request, now).is_ok(), "{received:?}");
    }
}

#[tokio::test]
async fn a_url_that_the_http_client_does_not_take_is_not_a_broken_connection() {
    let server = Server::start(|_, _| json("200 OK", "[]")).await;
    let error = client(&server).list_profiles().ids(&["canary".repeat(20_000)]).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Request(RequestError::NotTaken)), "{error:?}");
    assert!(!error.may_repeat());
    assert!(error.source().is_some());
    assert!(!format!("{error} {error:?} {error:#?}").contains("canary"));
    assert!(server.received().is_empty());
}

/// Gives up on the first attempt after a moment, and tries once more.
struct Impatient;

#[async_trait::async_trait]
impl Middleware for Impatient {
    async fn handle(
        &self,
        request: reqwest::Request,
        extensions: &mut runtime::http::Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        let second = request.try_clone().unwrap();
        let first = next.clone().run(request, extensions);
        match tokio::time::timeout(Duration::from_millis(300), first).await {
            Ok(result) => result,
            Err(_) => next.run(second, extensions).await,
        }
    }
}

#[tokio::test]
async fn an_attempt_that_a_middleware_dropped_may_have_been_processed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // The first attempt gets no answer, the second no connection.
    tokio::spawn(async move {
        let first = listener.accept().await;
        drop(listener);
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(first);
    });
    let client = builder(&url).middleware(Impatient).build().unwrap();
    let profile = Profile { name: "Ann".to_owned(), balance: None };
    let error = client.set_profile(&profile).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(error) if error.is_connect()), "{error:?}");
    assert_eq!(error.attempts(), 2);
    assert!(!error.may_repeat(), "{error:?}");
}

#[tokio::test]
async fn errors_that_a_middleware_makes_of_a_response_carry_no_url() {
    struct Strict(bool);
    #[async_trait::async_trait]
    impl Middleware for Strict {
        async fn handle(
            &self,
            request: reqwest::Request,
            extensions: &mut runtime::http::Extensions,
            next: Next<'_>,
        ) -> reqwest_middleware::Result<reqwest::Response> {
            let error = next.run(request, extensions).await?.error_for_status().unwrap_err();
            let error = reqwest_middleware::Error::Reqwest(error);
            Err(if self.0 { reqwest_middleware::Error::middleware(error) } else { error })
        }
    }
    struct Wrapped;
    #[async_trait::async_trait]
    impl Middleware for Wrapped {
        async fn handle(
            &self,
            request: reqwest::Request,
            extensions: &mut runtime::http::Extensions,
            next: Next<'_>,
        ) -> reqwest_middleware::Result<reqwest::Response> {
            let error = next.run(request, extensions).await?.error_for_status().unwrap_err();
            Err(reqwest_middleware::Error::middleware(error))
        }
    }
    let server = Server::start(|_, _| reply("500 Oops", &[], "x")).await;
    for client in [
        builder(&server.url).middleware(Strict(false)).build().unwrap(),
        builder(&server.url).middleware(Strict(true)).build().unwrap(),
        builder(&server.url).middleware(Wrapped).build().unwrap(),
    ] {
        let error = client.get_profile("canary").await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Middleware(_)), "{error:?}");
        let mut texts = format!("{error} {error:?} {error:#?}");
        let mut source = error.source();
        while let Some(cause) = source {
            texts.push_str(&format!(" {cause} {cause:?}"));
            source = cause.source();
        }
        assert!(!texts.contains("canary"), "{texts}");
    }
}

/// The part of the next test that runs with a proxy in its environment.
#[tokio::test]
#[ignore = "runs inside of another test"]
async fn behind_a_proxy() {
    let server = Server::start(|_, _| json("200 OK", r#"{"name":"Ann"}"#)).await;
    client(&server).get_profile("t").await.unwrap();
    assert_eq!(server.only().target, <GetProfile as Operation>::INFO.path.replace("{tokenID}", "t"));
}

#[test]
fn requests_to_this_machine_stay_on_it() {
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--include-ignored", "attacks::behind_a_proxy"])
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("http_proxy", "http://127.0.0.1:9")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
}
