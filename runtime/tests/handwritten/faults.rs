//! What goes wrong on the way, and whether the call may be made again.

use crate::calls::{builder, client};
use crate::mini::Profile;
use crate::server::{Answer, Server, json, reply};
use countersign_runtime as runtime;
use runtime::ErrorKind;
use std::error::Error as _;
use std::time::Duration;

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n";

fn profile() -> Profile {
    Profile { name: "canary".to_owned(), balance: None }
}

#[tokio::test]
async fn no_connection() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = builder(&url).build().unwrap();
    let error = client.set_profile(&profile()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(error) if error.is_connect()));
    assert!(error.may_repeat(), "nothing was sent, so even an unsafe call may be repeated");
    assert!(error.status().is_none());
    assert!(error.source().is_some());
    assert!(!client.get_captcha().await.unwrap_err().may_repeat(), "never is never");
    let error = client.get_profile("canary").await.unwrap_err();
    let mut texts = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        texts.push_str(&format!("{error} {error:?}"));
        source = error.source();
    }
    assert!(!texts.contains("canary"), "{texts}");
}

#[tokio::test]
async fn time_out_before_and_in_the_response() {
    for answer in [|| Answer::Stall(Vec::new()), || Answer::Stall([HEAD, "{\"name\""].concat().into_bytes())] {
        let server = Server::start(move |_, _| answer()).await;
        let client = client(&server);
        let error = client.get_profile("t").timeout(Duration::from_millis(300)).await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
        assert!(error.may_repeat());
        let error = client.set_profile(&profile()).timeout(Duration::from_millis(300)).await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
        assert!(!error.may_repeat(), "it may have been processed");
        assert_eq!(error.attempts(), 1);
    }
}

#[tokio::test]
async fn a_cut_is_transport_and_not_decoding() {
    for (answer, in_body) in [
        (Answer::Reset, false),
        (Answer::Send(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()), false),
        (Answer::Send([HEAD, "{\"name\""].concat().into_bytes()), true),
        (Answer::Send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"nam".to_vec()), true),
    ] {
        let answer = std::sync::Mutex::new(Some(answer));
        let server = Server::start(move |_, _| answer.lock().unwrap().take().unwrap_or(Answer::Reset)).await;
        let error = client(&server).get_profile("t").await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Transport(error) if error.is_body() == in_body && !error.is_connect()),
            "{error:?}"
        );
        assert_eq!(error.status().is_some(), in_body);
        assert!(error.may_repeat());
    }
}

#[tokio::test]
async fn a_cut_stream_says_so() {
    let server = Server::start(|_, _| Answer::Send([HEAD, "abc"].concat().into_bytes())).await;
    let mut stream = client(&server).download().await.unwrap().into_inner();
    let error = loop {
        match stream.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a cut must not look like the end"),
            Err(error) => break error,
        }
    };
    assert!(error.is_body());
}

#[tokio::test]
async fn bodies_that_are_not_what_is_declared() {
    for (content_type, body, message) in [
        ("text/html", r#"{"name":"canary"}"#, "the media type is not declared at ."),
        ("application/json", r#"{"name":"Ann"} canary"#, "trailing characters"),
        ("application/json", r#"{"name":["canary"]}"#, "invalid type: sequence, expected a string at name"),
        (
            "application/json",
            r#"{"name":"Ann","balance":"canary"}"#,
            "invalid type: string, expected a number at balance",
        ),
        ("application/json", r#"{"nick":"canary"}"#, "missing field `name` at ."),
        ("application/json", "", "the body is empty, expected JSON at ."),
        ("application/json", r#"{"name":"#, "EOF while parsing"),
        ("application/json", "{\"name\":\"\u{1}\"}", "control character"),
    ] {
        let server = Server::start(move |_, _| reply("200 OK", &[("content-type", content_type)], body)).await;
        let error = client(&server).get_profile("t").await.unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        assert!(matches!(error.kind(), ErrorKind::Decode { body: raw, .. } if raw.bytes() == body));
        assert!(!error.may_repeat());
    }
}

#[tokio::test]
async fn a_body_without_a_media_type_is_read() {
    let server = Server::start(|_, _| reply("200 OK", &[], r#"{"name":"Ann"}"#)).await;
    assert_eq!(client(&server).get_profile("t").await.unwrap().name, "Ann");
}

#[tokio::test]
async fn a_huge_body_stops_at_the_limit() {
    let server = Server::start(|_, _| {
        Answer::Flood(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".to_vec(), vec![b' '; 64 * 1024])
    })
    .await;
    let client = builder(&server.url).max_body(1024 * 1024).build().unwrap();
    let error = client.get_profile("t").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooLarge { limit: 1_048_576 }), "{error}");
    assert!(!error.may_repeat());
}

#[tokio::test]
async fn an_encoded_body_is_not_inflated() {
    let server = Server::start(|_, _| {
        reply("200 OK", &[("content-encoding", "gzip"), ("content-type", "application/json")], b"\x1f\x8b\x08")
    })
    .await;
    let error = client(&server).get_profile("t").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode { .. }));
}

#[tokio::test]
async fn an_unsafe_call_may_be_repeated_when_the_server_says_that_it_did_nothing() {
    for (status, headers, may) in [
        ("429 Slow", &[][..], true),
        ("503 Later", &[("retry-after", "1")], true),
        ("503 Later", &[], false),
        ("500 Oops", &[], false),
        ("400 Bad", &[], false),
    ] {
        let server = Server::start(move |_, _| reply(status, headers, r#"{"message":"m"}"#)).await;
        let error = client(&server).set_profile(&profile()).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Status(_)), "{error}");
        assert_eq!(error.may_repeat(), may, "{status}");
    }
    let server = Server::start(|_, _| json("429 Slow", "{}")).await;
    assert!(!client(&server).get_captcha().await.unwrap_err().may_repeat());
}
