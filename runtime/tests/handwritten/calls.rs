//! Requests as they arrive, responses as they are read.

use crate::mini::{Client, Credentials, GetProfileError, Mini, Problem, Profile};
use crate::server::{Server, json, reply};
use countersign_runtime as runtime;
use runtime::{BuildError, ErrorKind, RequestError};
use std::ffi::OsString;

/// A client with credentials for this server.
pub fn client(server: &Server) -> Client {
    builder(&server.url).build().unwrap()
}

/// A client that tries each call once, so that each test sees the attempt that it makes.
pub fn builder(url: &str) -> runtime::ClientBuilder<Mini> {
    retrying(url).no_retry()
}

/// As clients are, unless they are told not to repeat calls.
pub fn retrying(url: &str) -> runtime::ClientBuilder<Mini> {
    Client::builder().credentials(Credentials::new("key", "canary-secret")).base_url(url)
}

#[tokio::test]
async fn a_path_value_stays_in_its_segment() {
    let server = Server::start(|_, _| json("200 OK", r#"{"name":"Ann","balance":10.50}"#)).await;
    let client = builder(&format!("{}/v2/", server.url)).build().unwrap();
    let profile = client.get_profile("a/../b?c#d%2e ü").await.unwrap();
    assert_eq!(profile.name, "Ann");
    assert_eq!(profile.balance.as_ref().unwrap().as_str(), "10.50");
    assert_eq!(profile.status(), 200);
    assert_eq!(profile.headers()["content-type"], "application/json");
    assert_eq!(profile.request_id().len(), 36);
    let received = server.only();
    assert_eq!(
        (received.method.as_str(), received.target.as_str()),
        ("GET", "/v2/profile/token/a%2F..%2Fb%3Fc%23d%252e%20%C3%BC")
    );
    assert_eq!(received.one("user-agent"), concat!("mini-client/", env!("CARGO_PKG_VERSION")));
    assert_eq!(received.one("accept-encoding"), "gzip", "with the feature of that name");
}

#[tokio::test]
async fn values_that_would_move_a_request_are_refused() {
    let server = Server::start(|_, _| json("200 OK", "{}")).await;
    let client = client(&server);
    for value in ["", ".", ".."] {
        let error = client.get_profile(value).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Request(RequestError::PathValue { name: "tokenID" })));
        assert!(!error.may_repeat());
    }
    let error = client.list_profiles().language("de\r\nX-Evil: canary").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Request(RequestError::HeaderValue { .. })));
    assert!(!format!("{error} {error:?}").contains("canary"));
    for (name, value) in [
        ("X-A", "a\nb"),
        ("X-A", "a\0"),
        ("X A", "b"),
        ("X-A\r\nB", "c"),
        ("", "d"),
        ("Host", "evil.example"),
        ("content-length", "0"),
    ] {
        let error = client.get_captcha().extra_header(name, value).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Request(_)), "{name:?}");
        assert!(!error.to_string().contains(['\n', '\r', '\0']));
    }
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn query_and_headers_are_written() {
    let server = Server::start(|_, _| json("200 OK", r#"[{"name":"Ann"}]"#)).await;
    let ids = ["a&b".to_owned(), "c d".to_owned()];
    let profiles = client(&server)
        .list_profiles()
        .limit(10)
        .ids(&ids)
        .fields(&["x,y".to_owned(), "z".to_owned()])
        .language("de")
        .extra_header("X-Trace", "t")
        .await
        .unwrap();
    assert_eq!(profiles.len(), 1);
    let received = server.only();
    assert_eq!(received.target, "/profile?limit=10&ids=a%26b&ids=c%20d&fields=x%2Cy,z");
    assert_eq!(received.one("accept-language"), "de");
    assert_eq!(received.one("x-trace"), "t");
}

#[tokio::test]
async fn a_json_body_is_sent_and_a_failure_inside_success_is_an_error() {
    let server = Server::start(|number, _| match number {
        0 => json("200 OK", r#"{"name":"Ann"}"#),
        _ => json("200 OK", r#"{"success":false,"message":"taken"}"#),
    })
    .await;
    let client = client(&server);
    let profile = Profile { name: "Ann".to_owned(), balance: Some("0.10".parse().unwrap()) };
    client.set_profile(&profile).await.unwrap();
    assert_eq!(server.only().body, br#"{"name":"Ann","balance":0.10}"#);
    assert_eq!(server.only().one("content-type"), "application/json");
    assert_eq!(server.only().one("content-length"), "29");
    let error = client.set_profile(&profile).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Refused(Problem { message }) if message == "taken"));
    assert_eq!(error.body().unwrap().message, "taken");
    assert!(!error.may_repeat());
}

#[tokio::test]
async fn errors_are_typed_by_status() {
    let server = Server::start(|number, _| match number {
        0 => reply("404 Not Found", &[], ""),
        1 => json("422 Unprocessable", r#"{"message":"canary"}"#),
        2 => reply("500 Oops", &[("content-type", "text/plain")], "canary"),
        3 => reply("418 Teapot", &[("content-type", "application/json")], "not JSON: canary"),
        _ => reply("503 Later", &[("retry-after", "1"), ("content-type", "text/html")], "<b>canary</b>"),
    })
    .await;
    let client = client(&server);
    let error = client.get_profile("canary").await.unwrap_err();
    assert_eq!(error.body(), Some(&GetProfileError::NotFound));
    assert_eq!(error.status().unwrap(), 404);
    assert!(!error.may_repeat());
    let error = client.get_profile("canary").await.unwrap_err();
    assert_eq!(error.body(), Some(&GetProfileError::Status4xx(Problem { message: "canary".to_owned() })));
    assert!(!error.to_string().contains("canary"), "{error}");
    let error = client.get_profile("canary").await.unwrap_err();
    assert!(matches!(error.body(), Some(GetProfileError::InternalServerError(text)) if text == "canary"));
    assert!(error.may_repeat());
    let error = client.get_profile("canary").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode { body, .. } if body.text() == "not JSON: canary"));
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    let error = client.get_profile("canary").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Undeclared(body) if body.media_type() == Some("text/html")));
    assert_eq!(error.headers().unwrap()["retry-after"], "1");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "mini get_profile (GET /profile/token/{{tokenID}}): status 503, undeclared response of 13 bytes; request {}",
            error.request_id()
        )
    );
    assert!(error.may_repeat());
}

#[tokio::test]
async fn an_image_has_its_media_type() {
    let server = Server::start(|_, _| reply("200 OK", &[("content-type", "image/png")], b"\x89PNG\xff")).await;
    let image = client(&server).get_captcha().await.unwrap().into_inner();
    assert_eq!(image.media_type.as_deref(), Some("image/png"));
    assert_eq!(&image.bytes[..], b"\x89PNG\xff");
}

#[tokio::test]
async fn a_stream_is_read_piece_by_piece() {
    let server = Server::start(|number, _| match number {
        0 => reply("200 OK", &[("content-type", "text/csv")], vec![b'x'; 100_000]),
        _ => json("403 No", r#"{"message":"no"}"#),
    })
    .await;
    let client = builder(&server.url).max_body(10).build().unwrap();
    let mut stream = client.download().await.unwrap().into_inner();
    assert_eq!(stream.media_type(), Some("text/csv"));
    let mut length = 0;
    while let Some(piece) = stream.chunk().await.unwrap() {
        length += piece.len();
    }
    assert_eq!(length, 100_000);
    let error = client.download().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooLarge { limit: 10 }));
    let client = builder(&server.url).build().unwrap();
    assert_eq!(client.download().await.unwrap_err().body().unwrap().message, "no");
}

#[tokio::test]
async fn calls_can_be_spawned_and_shared() {
    fn send_and_sync<T: Send + Sync>(value: T) -> T {
        value
    }
    fn send<T: Send>(value: T) -> T {
        value
    }
    let server = Server::start(|_, _| json("200 OK", r#"{"name":"Ann"}"#)).await;
    let client = send_and_sync(client(&server));
    let call = send(client.get_profile("t")).into_future();
    drop(client);
    let result = tokio::spawn(send(call)).await.unwrap();
    assert_eq!(send_and_sync(result).unwrap().name, "Ann");
}

#[tokio::test]
async fn nothing_prints_secrets() {
    let server = Server::start(|_, _| reply("500 Oops", &[("set-cookie", "canary")], "canary")).await;
    let credentials = Credentials::new("key", "canary-secret");
    let builder = builder(&server.url).credentials(credentials.clone());
    let texts = [format!("{credentials:?}"), format!("{builder:?}")];
    let client = builder.build().unwrap();
    let call = client.get_profile("canary").extra_header("X-A", "canary");
    let texts = [texts.concat(), format!("{client:?} {:?} {call:?}", client.core())];
    let error = call.await.unwrap_err();
    let error = error.into_kind();
    assert!(matches!(&error, ErrorKind::Status(GetProfileError::InternalServerError(_))));
    let captcha = client.get_captcha().await.unwrap_err();
    let texts = [texts.concat(), format!("{captcha} {captcha:?} {error}")].concat();
    assert!(!texts.contains("canary"), "{texts}");
}

#[test]
fn base_urls_that_would_leak_or_lose_something_are_refused() {
    for url in
        ["http://api.mini.example", "https://u:canary@api.mini.example", "https://api.mini.example?a=canary", "canary"]
    {
        let error = builder(url).build().unwrap_err();
        assert!(matches!(error, BuildError::BaseUrl(_)), "{url}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
    builder("http://api.mini.example").allow_plain_http().build().unwrap();
    assert_eq!(Client::builder().build().unwrap().core().base_url(), "https://api.mini.example");
}

#[test]
fn the_environment_names_all_that_is_missing() {
    let none = |_: &str| None;
    let error =
        runtime::ClientBuilder::<Mini>::from_environment(runtime::Environment::from_fn("MINI", &none)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "environment variables are missing, empty or not UTF-8: MINI_APPLICATION_KEY, MINI_APPLICATION_SECRET"
    );
    let all = |name: &str| -> Option<OsString> {
        Some(if name == "MINI_BASE_URL" { "http://127.0.0.1:9/v1/".into() } else { format!("canary of {name}").into() })
    };
    let builder =
        runtime::ClientBuilder::<Mini>::from_environment(runtime::Environment::from_fn("MINI", &all)).unwrap();
    assert_eq!(builder.build().unwrap().core().base_url(), "http://127.0.0.1:9/v1");
}
