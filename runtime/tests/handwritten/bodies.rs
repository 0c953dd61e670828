//! Bodies as bytes on the wire, both ways: forms, parts, uploads, media types, lines, events, headers.

use crate::calls::{builder, client};
use crate::server::{Answer, Received, Server, json, reply};
use countersign_runtime as runtime;
use runtime::{Declared, ErrorKind, FormStyle, Multipart, Outcome, RequestError, StreamError, Upload};
use serde_json::json;
use std::convert::Infallible;

const INFO: runtime::OperationInfo = runtime::OperationInfo {
    provider: "mini",
    id: "bodies",
    method: "POST",
    path: "/bodies",
    server: None,
    security: &[],
    repeat: runtime::Repeat::Unsafe,
    limits: None,
};

/// An operation in a few lines.
macro_rules! operation {
    ($name:ident: $output:ty, $error:ty, $security:expr, [$($declared:expr),*], |$reply:ident| $read:expr) => {
        struct $name;

        impl runtime::Operation for $name {
            type Output = $output;
            type Error = $error;
            const INFO: &'static runtime::OperationInfo = &runtime::OperationInfo { security: $security, ..INFO };
            const RESPONSES: &'static [Declared] = &[$($declared),*];

            fn read($reply: runtime::Reply) -> Outcome<Self> {
                $read
            }
        }
    };
}

operation!(Nothing: (), Infallible, &[], [Declared::on(204)], |reply| match reply.case() {
    0 => Outcome::success(reply.empty()),
    _ => reply.undeclared(),
});

operation!(Signed: (), Infallible, &[&["mini"]], [Declared::on(204)], |reply| match reply.case() {
    0 => Outcome::success(reply.empty()),
    _ => reply.undeclared(),
});

#[derive(Debug)]
enum Answered {
    Json(i64),
    Csv(String),
    File(runtime::Binary),
    Lines(runtime::JsonLines<i64>),
    Events(runtime::Events<Vec<i64>>),
}

operation!(Answers: Answered, serde_json::Value, &[], [
    Declared::on(200).json(),
    Declared::on(200).text("text/csv"),
    Declared::on(200).bytes("application/pdf"),
    Declared::on(200).stream("application/x-ndjson"),
    Declared::on(200).stream("text/event-stream"),
    Declared::on_class(4).json_as("application/problem+json")
], |reply| match reply.case() {
    0 => Outcome::success(reply.json().map(Answered::Json)),
    1 => Outcome::success(reply.text().map(Answered::Csv)),
    2 => Outcome::success(reply.binary().map(Answered::File)),
    3 => Outcome::success(reply.json_lines().map(Answered::Lines)),
    4 => Outcome::success(reply.events().map(Answered::Events)),
    5 => Outcome::failure(reply.json()),
    _ => reply.undeclared(),
});

async fn sent(build: impl FnOnce(runtime::Request) -> runtime::Request) -> Received {
    let server = Server::start(|_, _| reply("204 No Content", &[], "")).await;
    let request = client(&server).core().request(<Nothing as runtime::Operation>::INFO);
    runtime::call::send::<Nothing>(build(request)).await.unwrap();
    server.only()
}

async fn refused(build: impl FnOnce(runtime::Request) -> runtime::Request) -> RequestError {
    let server = Server::start(|_, _| reply("204 No Content", &[], "")).await;
    let request = client(&server).core().request(<Nothing as runtime::Operation>::INFO);
    let error = runtime::call::send::<Nothing>(build(request)).await.unwrap_err();
    assert!(server.received().is_empty());
    match error.into_kind() {
        ErrorKind::Request(error) => error,
        other => panic!("{other}"),
    }
}

async fn answered(answer: Answer) -> Result<runtime::Response<Answered>, runtime::Error<serde_json::Value>> {
    let answer = std::sync::Mutex::new(Some(answer));
    let server = Server::start(move |_, _| answer.lock().unwrap().take().unwrap()).await;
    let request = client(&server).core().request(<Answers as runtime::Operation>::INFO);
    runtime::call::send::<Answers>(request).await
}

#[tokio::test]
async fn media_types_are_sent_as_declared() {
    let received = sent(|request| request.json_as("application/vnd.acme+json; v=2", &json!({"a": 1}))).await;
    assert_eq!(
        (received.one("content-type"), &received.body[..]),
        ("application/vnd.acme+json; v=2", &br#"{"a":1}"#[..])
    );
    let received = sent(|request| request.text("text/markdown", "*a*")).await;
    assert_eq!((received.one("content-type"), &received.body[..]), ("text/markdown", &b"*a*"[..]));
    let received = sent(|request| request).await;
    assert_eq!((received.all("content-type").len(), received.body.len()), (0, 0));
    let styles = [("deep", FormStyle::Deep), ("bars", FormStyle::Pipes)];
    let body = json!({"a": "x y", "bars": [1, 2], "deep": {"b": {"c": [true]}}});
    let received = sent(|request| request.form(&body, &styles)).await;
    assert_eq!(received.one("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(received.body, b"a=x%20y&bars=1%7C2&deep%5Bb%5D%5Bc%5D%5B0%5D=true");
    assert_eq!(refused(|request| request.form(&[1][..], &[])).await, RequestError::Body { format: "form" });
}

#[tokio::test]
async fn uploads_name_their_media_type() {
    for (declared, own, expected) in [
        ("application/octet-stream", None, "application/octet-stream"),
        ("application/octet-stream", Some("image/png"), "image/png"),
        ("*/*", None, "application/octet-stream"),
        ("image/*", Some("image/webp"), "image/webp"),
    ] {
        let upload = Upload::bytes(vec![0, 255]);
        let upload = own.map_or(Upload::bytes(vec![0, 255]), |own| upload.media_type(own));
        let received = sent(|request| request.upload(declared, upload)).await;
        assert_eq!((received.one("content-type"), &received.body[..]), (expected, &[0, 255][..]));
    }
    assert_eq!(refused(|request| request.upload("image/*", "x")).await, RequestError::MediaType);
    let bad = Upload::bytes("x").media_type("a/b\r\nX: y");
    assert_eq!(refused(|request| request.upload("*/*", bad)).await, RequestError::MediaType);
}

/// What a parser of other people makes of a body: name, file name, media type and bytes of each part.
async fn parsed(received: &Received) -> Vec<(String, Option<String>, Option<String>, Vec<u8>)> {
    let boundary = multer::parse_boundary(received.one("content-type")).unwrap();
    let stream = futures_util::stream::iter([Ok::<_, std::io::Error>(received.body.clone())]);
    let mut form = multer::Multipart::new(stream, boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.unwrap() {
        let name = field.name().unwrap().to_owned();
        let file = field.file_name().map(str::to_owned);
        let media_type = field.content_type().map(ToString::to_string);
        parts.push((name, file, media_type, field.bytes().await.unwrap().to_vec()));
    }
    parts
}

fn form() -> Multipart {
    Multipart::new()
        .value("text", "\u{fc} --x\r\n")
        .value("list", &[1, 2][..])
        .value("object", &json!({"a": null}))
        .file("file", "image/png", Upload::bytes(vec![0, 13, 10, 255]).file_name("a b.png"))
}

#[tokio::test]
async fn parts_can_be_read_by_others() {
    let part = |name: &str, file: Option<&str>, media_type: Option<&str>, bytes: &[u8]| {
        (name.to_owned(), file.map(str::to_owned), media_type.map(str::to_owned), bytes.to_vec())
    };
    let expected = [
        part("text", None, None, "\u{fc} --x\r\n".as_bytes()),
        part("list", None, None, b"1"),
        part("list", None, None, b"2"),
        part("object", None, Some("application/json"), br#"{"a":null}"#),
        part("file", Some("a b.png"), Some("image/png"), &[0, 13, 10, 255]),
    ];
    let received = sent(|request| request.multipart("multipart/form-data", form())).await;
    assert_eq!(received.one("content-length"), received.body.len().to_string());
    assert_eq!(parsed(&received).await, expected);

    let pieces = || futures_util::stream::iter(["a", "", "b"].map(Ok::<_, std::io::Error>));
    let streamed = form().file("stream", "text/plain", Upload::stream(pieces()));
    let mut received = sent(|request| request.multipart("multipart/form-data", streamed)).await;
    assert_eq!(received.one("transfer-encoding"), "chunked");
    received.body = unchunked(&received.body);
    let mut expected = expected.to_vec();
    expected.push(part("stream", Some("stream"), Some("text/plain"), b"ab"));
    assert_eq!(parsed(&received).await, expected);

    let received = sent(|request| request.multipart("multipart/related", Multipart::new().value("a", "x"))).await;
    let boundary = multer::parse_boundary(received.one("content-type").replace("related", "form-data")).unwrap();
    assert_eq!(String::from_utf8(received.body).unwrap(), format!("--{boundary}\r\n\r\nx\r\n--{boundary}--\r\n"));
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return out;
        }
        out.extend_from_slice(&body[end + 2..end + 2 + length]);
        body = &body[end + 4 + length..];
    }
}

#[tokio::test]
async fn parts_at_hand_are_signed_and_streams_are_refused() {
    let server = Server::start(|_, _| reply("204 No Content", &[], "")).await;
    let client = client(&server);
    let request = || client.core().request(<Signed as runtime::Operation>::INFO);
    runtime::call::send::<Signed>(request().multipart("multipart/form-data", form())).await.unwrap();
    assert_eq!(server.only().one("x-signature").len(), 128);
    let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>("a")]);
    let streamed = form().file("stream", "text/plain", Upload::stream(pieces));
    let call = runtime::call::send::<Signed>(request().multipart("multipart/form-data", streamed));
    let error = call.await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Sign(runtime::auth::SignError::StreamingBody { .. })), "{error}");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn accept_says_what_is_declared_unless_the_caller_does() {
    let server = Server::start(|_, _| json("200 OK", "1")).await;
    let client = client(&server);
    let request = || client.core().request(<Answers as runtime::Operation>::INFO);
    runtime::call::send::<Answers>(request()).await.unwrap();
    runtime::call::send::<Answers>(request().extra_header("Accept", "text/csv")).await.unwrap();
    let received = server.received();
    assert_eq!(
        received[0].one("accept"),
        "application/json, text/csv;q=0.9, application/pdf;q=0.8, application/x-ndjson;q=0.7, \
         text/event-stream;q=0.6, application/problem+json;q=0.5"
    );
    assert_eq!(received[1].one("accept"), "text/csv");
    assert_eq!(sent(|request| request).await.one("accept"), "*/*");
}

#[tokio::test]
async fn content_types_choose_among_the_declared() {
    let typed =
        |content_type: &'static str, body: &'static str| reply("200 OK", &[("content-type", content_type)], body);
    let answer = answered(typed("application/json;charset=utf-8", " 7\n")).await.unwrap();
    assert!(matches!(*answer, Answered::Json(7)));
    let answer = answered(reply("200 OK", &[], "7")).await.unwrap();
    assert!(matches!(*answer, Answered::Json(7)));
    let answer = answered(typed("text/csv", "a,b")).await.unwrap();
    assert!(matches!(&*answer, Answered::Csv(text) if text == "a,b"));
    let answer = answered(typed("application/octet-stream", "%PDF")).await.unwrap();
    assert!(matches!(&*answer, Answered::File(file) if file.bytes == "%PDF"));
    let error = answered(typed("text/html", "<b>canary</b>")).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 200);
    assert!(
        matches!(error.kind(), ErrorKind::Decode { body, .. }
            if body.media_type() == Some("text/html") && body.text() == "<b>canary</b>"),
        "{error}"
    );
    assert!(!format!("{error} {error:?}").contains("canary"));
    let problem = [("content-type", "application/problem+json")];
    let error = answered(reply("404 Not Found", &problem, r#"{"title":"t"}"#)).await.unwrap_err();
    assert_eq!(error.body(), Some(&json!({"title": "t"})));
    let error = answered(reply("502 Bad", &[("content-type", "text/html")], "<b>")).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Undeclared(body) if body.text() == "<b>"));
}

#[tokio::test]
async fn lines_arrive_one_by_one() {
    let body = "1\r\n\n2\n\"canary\"\n3";
    let answer = answered(reply("200 OK", &[("content-type", "application/jsonl")], body)).await.unwrap();
    let Answered::Lines(mut lines) = answer.into_inner() else { panic!("no lines") };
    assert_eq!(lines.next().await.unwrap(), Some(1));
    assert_eq!(lines.next().await.unwrap(), Some(2));
    let error = lines.next().await.unwrap_err();
    assert!(matches!(&error, StreamError::Decode { body, .. } if body.text() == "\"canary\""), "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"));
    assert_eq!(lines.next().await.unwrap(), Some(3));
    assert_eq!(lines.next().await.unwrap(), None);
}

#[tokio::test]
async fn events_arrive_one_by_one() {
    let body = "\u{feff}: hello\r\nid: 1\r\nevent: e\r\nretry: 10\r\ndata: [1,\r\ndata: 2]\r\n\r\ndata: canary\n\ndata: [3]\n\ndata: [DONE]\n\ndata: [4]\n\n";
    let answer = answered(reply("200 OK", &[("content-type", "text/event-stream")], body)).await.unwrap();
    let Answered::Events(mut events) = answer.into_inner() else { panic!("no events") };
    let first = events.next().await.unwrap().unwrap();
    assert_eq!((first.event.as_deref(), first.id.as_deref(), first.data), (Some("e"), Some("1"), vec![1, 2]));
    assert_eq!(first.retry, Some(std::time::Duration::from_millis(10)));
    let error = events.next().await.unwrap_err();
    assert!(matches!(&error, StreamError::Decode { body, .. } if body.text() == "canary"), "{error}");
    let third = events.next().await.unwrap().unwrap();
    assert_eq!((third.event, third.id.as_deref(), third.data), (None, Some("1"), vec![3]));
    assert_eq!(events.next().await.unwrap(), None);
}

#[tokio::test]
async fn a_stream_that_breaks_off_says_so() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\ncontent-type: text/event-stream\r\n\r\ndata: [1]\n\ndata: [2";
    let answer = answered(Answer::Send(head.as_bytes().to_vec())).await.unwrap();
    let Answered::Events(mut events) = answer.into_inner() else { panic!("no events") };
    assert_eq!(events.next().await.unwrap().unwrap().data, [1]);
    assert!(matches!(events.next().await.unwrap_err(), StreamError::Transport(_)));
    assert_eq!(events.next().await.unwrap(), None);

    let whole = reply("200 OK", &[("content-type", "text/event-stream")], "data: [2");
    let Answered::Events(mut events) = answered(whole).await.unwrap().into_inner() else { panic!("no events") };
    assert!(matches!(events.next().await.unwrap_err(), StreamError::Incomplete(body) if body.text() == "data: [2"));
}

#[tokio::test]
async fn one_value_of_a_stream_has_a_limit() {
    let server = Server::start(|_, _| {
        Answer::Flood(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n".to_vec(), vec![b'1'; 4096])
    })
    .await;
    let client = builder(&server.url).max_body(100_000).build().unwrap();
    let request = client.core().request(<Answers as runtime::Operation>::INFO);
    let answer = runtime::call::send::<Answers>(request).await.unwrap();
    let Answered::Lines(mut lines) = answer.into_inner() else { panic!("no lines") };
    assert!(matches!(lines.next().await.unwrap_err(), StreamError::TooLarge { limit: 100_000 }));
    assert_eq!(lines.next().await.unwrap(), None);
}

#[tokio::test]
async fn headers_are_read_when_asked() {
    let headers =
        [("content-type", "application/json"), ("retry-after", "30"), ("x-tags", "a, b"), ("x-bad", "canary")];
    let answer = answered(reply("200 OK", &headers, "1")).await.unwrap();
    assert_eq!(runtime::header::<i64>(answer.headers(), "Retry-After"), Ok(Some(30)));
    assert_eq!(runtime::header::<Vec<String>>(answer.headers(), "X-Tags").unwrap().unwrap(), ["a", "b"]);
    let error = runtime::header::<i64>(answer.headers(), "X-Bad").unwrap_err();
    assert_eq!((error.name(), error.to_string().as_str()), ("X-Bad", "header `X-Bad` is not an integer"));
    let error = answered(reply("404 Not Found", &headers, "1")).await.unwrap_err();
    assert_eq!(runtime::header::<i64>(error.headers().unwrap(), "retry-after"), Ok(Some(30)));
}
