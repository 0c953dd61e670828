//! Every style of every place, as the bytes of a request on a socket.

use crate::calls::{builder, client};
use crate::mini::GetCaptcha;
use crate::server::{Received, Server, reply};
use countersign_runtime as runtime;
use reqwest::Url;
use reqwest_middleware::{Error, Middleware, Next};
use runtime::serde_json::{Value, json};
use runtime::{BaseUrlError, ErrorKind, OperationInfo, ParameterStyle, Request, RequestError, Sensitive, Style};
use std::sync::{Arc, Mutex};

const CAPTCHA: &OperationInfo = <GetCaptcha as runtime::Operation>::INFO;
const IN_PATH: &OperationInfo = &OperationInfo { path: "/p/{v}/t", ..*CAPTCHA };
const IN_QUERY: &OperationInfo = &OperationInfo { path: "/q", ..*CAPTCHA };

const fn style(style: Style, explode: bool) -> ParameterStyle {
    ParameterStyle { style, explode, reserved: false }
}

const fn reserved(style: Style, explode: bool) -> ParameterStyle {
    ParameterStyle { style, explode, reserved: true }
}

async fn server() -> Server {
    Server::start(|_, _| reply("200 OK", &[], "")).await
}

/// The request that a call becomes, or why it becomes none.
async fn sent(
    server: &Server,
    operation: &'static OperationInfo,
    change: impl FnOnce(Request) -> Request,
) -> Result<Received, RequestError> {
    let request = change(client(server).core().request(operation));
    match runtime::call::send::<GetCaptcha>(request).await {
        Ok(_) => Ok(server.received().last().unwrap().clone()),
        Err(error) => match error.into_kind() {
            ErrorKind::Request(error) => Err(error),
            other => panic!("{other:?}"),
        },
    }
}

/// Notes where a request would go, and does not send it.
#[derive(Clone, Default)]
struct NotSent(Arc<Mutex<Option<Url>>>);

#[async_trait::async_trait]
impl Middleware for NotSent {
    async fn handle(
        &self,
        request: reqwest::Request,
        _: &mut runtime::http::Extensions,
        _: Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        *self.0.lock().unwrap() = Some(request.url().clone());
        Err(Error::middleware(std::io::Error::other("not sent")))
    }
}

impl NotSent {
    /// Where a call goes.
    async fn url(&self, request: Request) -> Result<Url, RequestError> {
        match runtime::call::send::<GetCaptcha>(request).await.unwrap_err().into_kind() {
            ErrorKind::Middleware(_) => Ok(self.0.lock().unwrap().take().unwrap()),
            ErrorKind::Request(error) => Err(error),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn paths() {
    use Style::{Json, Label, Matrix, Simple};
    let server = server().await;
    let object = || json!({"a": "x", "b": 2, "n": null});
    let rows: Vec<(Style, bool, Value, &str)> = vec![
        (Simple, false, json!("a/b?c#d"), "a%2Fb%3Fc%23d"),
        (Simple, false, json!("\u{fc} %"), "%C3%BC%20%25"),
        (Simple, false, json!(["a,b", "c"]), "a%2Cb,c"),
        (Simple, true, json!(["a", 1, true]), "a,1,true"),
        (Simple, false, object(), "a,x,b,2"),
        (Simple, true, object(), "a=x,b=2"),
        (Simple, true, json!({"k=": "v=,"}), "k%3D=v%3D%2C"),
        (Label, false, json!("a.b"), ".a.b"),
        (Label, false, json!(["a", "b"]), ".a,b"),
        (Label, true, json!(["a.b", "c"]), ".a%2Eb.c"),
        (Label, false, object(), ".a,x,b,2"),
        (Label, true, object(), ".a=x.b=2"),
        (Matrix, false, json!("x;y"), ";v=x%3By"),
        (Matrix, false, json!(""), ";v"),
        (Matrix, false, json!(["a", "b"]), ";v=a,b"),
        (Matrix, true, json!(["a", ""]), ";v=a;v"),
        (Matrix, false, object(), ";v=a,x,b,2"),
        (Matrix, true, object(), ";a=x;b=2"),
        (Json, false, json!({"a": ["/"]}), "%7B%22a%22%3A%5B%22%2F%22%5D%7D"),
    ];
    for (kind, explode, value, expected) in rows {
        let received = sent(&server, IN_PATH, |r| r.path_as("v", style(kind, explode), &value)).await.unwrap();
        assert_eq!(received.target, format!("/p/{expected}/t"), "{kind:?} {explode} {value}");
    }
    let refused: Vec<(Style, bool, Value)> = vec![
        (Simple, false, json!("")),
        (Simple, false, json!(".")),
        (Simple, false, json!("..")),
        (Simple, false, json!(null)),
        (Simple, false, json!([])),
        (Simple, true, json!({"a": null})),
        (Label, false, json!("")),
        (Label, false, json!(".")),
        (Label, true, json!(["."])),
        (Label, true, json!(["", ""])),
        (Matrix, true, json!([])),
    ];
    for (kind, explode, value) in refused {
        let error = sent(&server, IN_PATH, |r| r.path_as("v", style(kind, explode), &value)).await.unwrap_err();
        assert!(matches!(error, RequestError::PathValue { name: "v" }), "{kind:?} {value}: {error}");
    }
}

#[tokio::test]
async fn queries() {
    use Style::{DeepObject, Form, Json, PipeDelimited, SpaceDelimited};
    let server = server().await;
    let object = || json!({"a": "x&y", "b": 2, "n": null});
    let rows: Vec<(&str, ParameterStyle, Value, &str)> = vec![
        ("v", style(Form, true), json!("a b&c=d+e#f"), "v=a%20b%26c%3Dd%2Be%23f"),
        ("v", style(Form, true), json!("\u{fc}\u{1f600}"), "v=%C3%BC%F0%9F%98%80"),
        ("v", style(Form, true), json!(""), "v="),
        ("v", style(Form, true), json!(1.5), "v=1.5"),
        ("v", style(Form, true), json!(["a,b", "", "c"]), "v=a%2Cb&v=&v=c"),
        ("v", style(Form, false), json!(["a,b", "c"]), "v=a%2Cb,c"),
        ("v", style(Form, true), object(), "a=x%26y&b=2"),
        ("v", style(Form, false), object(), "v=a,x%26y,b,2"),
        ("v", style(Form, true), json!({"k": ["1", "2"]}), "k=1&k=2"),
        ("v", style(Form, true), json!([{"a": 1}]), "v=%7B%22a%22%3A1%7D"),
        ("v", style(Form, true), json!({"o": {"p": 1}}), "o=%7B%22p%22%3A1%7D"),
        ("ids[]", style(Form, true), json!(["1", "2"]), "ids%5B%5D=1&ids%5B%5D=2"),
        ("$top", style(Form, true), json!(5), "%24top=5"),
        ("filter[name]", style(Form, true), json!("x"), "filter%5Bname%5D=x"),
        ("v", style(SpaceDelimited, false), json!(["a", "b"]), "v=a%20b"),
        ("v", style(SpaceDelimited, true), json!(["a", "b c"]), "v=a&v=b%20c"),
        ("v", style(SpaceDelimited, false), json!({"a": 1}), "v=a%201"),
        ("v", style(PipeDelimited, false), json!(["a", "b,c"]), "v=a%7Cb%2Cc"),
        ("v", style(PipeDelimited, true), json!(["a|", "b"]), "v=a%7C&v=b"),
        ("v", style(PipeDelimited, false), json!("a|b"), "v=a%7Cb"),
        ("v", style(DeepObject, true), object(), "v%5Ba%5D=x%26y&v%5Bb%5D=2"),
        ("v", style(DeepObject, true), json!({"a": {"b": {"c": 1}}}), "v%5Ba%5D%5Bb%5D%5Bc%5D=1"),
        ("v", style(DeepObject, true), json!({"a": [1, 2]}), "v%5Ba%5D%5B%5D=1&v%5Ba%5D%5B%5D=2"),
        ("v", style(DeepObject, true), json!({"a": [{"b": 1}]}), "v%5Ba%5D%5B0%5D%5Bb%5D=1"),
        ("v", style(DeepObject, true), json!(["x"]), "v%5B%5D=x"),
        ("v", style(DeepObject, true), json!({"k]": "["}), "v%5Bk%5D%5D=%5B"),
        ("v", style(Json, true), json!({"a": ["x", null]}), "v=%7B%22a%22%3A%5B%22x%22%2Cnull%5D%7D"),
        ("v", reserved(Form, true), json!("https://a.b/?c=[d]@!$()*,;"), "v=https://a.b/?c%3D[d]@!$()*,;"),
        ("v", reserved(Form, true), json!("a&b#c+d'e%20"), "v=a%26b%23c%2Bd%27e%2520"),
        ("v", reserved(Form, false), json!(["a,b", "/c"]), "v=a%2Cb,/c"),
        ("v", style(Form, true), json!([]), ""),
        ("v", style(Form, false), json!([null]), ""),
        ("v", style(DeepObject, true), json!({}), ""),
        ("v", style(PipeDelimited, false), json!(null), ""),
    ];
    for (name, style, value, expected) in rows {
        let received = sent(&server, IN_QUERY, |r| r.query_as(name, style, &value)).await.unwrap();
        let expected = if expected.is_empty() { "/q".to_owned() } else { format!("/q?{expected}") };
        assert_eq!(received.target, expected, "{style:?} {value}");
    }
    for (kind, value) in [(SpaceDelimited, json!(["a b", "c"])), (PipeDelimited, json!({"a|": 1}))] {
        let error = sent(&server, IN_QUERY, |r| r.query_as("v", style(kind, false), &value)).await.unwrap_err();
        assert!(matches!(error, RequestError::Parameter { .. }), "{kind:?}: {error}");
    }
    const FIXED: &OperationInfo = &OperationInfo { path: "/q?beta=true", ..*CAPTCHA };
    let received = sent(&server, FIXED, |r| r.query("a", "b").query_as("c", style(Form, true), &json!(1))).await;
    assert_eq!(received.unwrap().target, "/q?beta=true&a=b&c=1");
}

#[tokio::test]
async fn headers() {
    let server = server().await;
    let rows: Vec<(Style, bool, Value, &str)> = vec![
        (Style::Simple, false, json!("a, b"), "a, b"),
        (Style::Simple, false, json!(["a", "b c"]), "a,b c"),
        (Style::Simple, false, json!({"a": 1, "b": "x"}), "a,1,b,x"),
        (Style::Simple, true, json!({"a": 1, "b": "x"}), "a=1,b=x"),
        (Style::Json, false, json!({"a": "\u{fc}\u{1f600}"}), r#"{"a":"\u00fc\ud83d\ude00"}"#),
    ];
    for (kind, explode, value, expected) in rows {
        let received = sent(&server, IN_QUERY, |r| r.header_as("X-V", style(kind, explode), &value)).await.unwrap();
        assert_eq!(received.one("x-v"), expected, "{kind:?} {explode} {value}");
    }
    let simple = style(Style::Simple, false);
    let received = sent(&server, IN_QUERY, |r| r.header_as("X-V", simple, &json!([]))).await.unwrap();
    assert!(received.all("x-v").is_empty());
    let error = sent(&server, IN_QUERY, |r| r.header_as("X-V", simple, &json!(["a,b"]))).await.unwrap_err();
    assert!(matches!(error, RequestError::Parameter { .. }), "{error}");
    let error = sent(&server, IN_QUERY, |r| r.header_as("X-V", simple, &json!("a\r\nX-Evil: 1"))).await.unwrap_err();
    assert!(matches!(error, RequestError::HeaderValue { .. }), "{error}");
}

#[tokio::test]
async fn cookies() {
    let server = server().await;
    let (form, joined) = (style(Style::Form, true), style(Style::Form, false));
    let received = sent(&server, IN_QUERY, |r| {
        r.cookie_as("session", form, &Sensitive::from("abc/def=="))
            .cookie_as("odd", form, "a; b=\"c\" %,\u{fc}")
            .cookie_as("list", form, &["1", "2"][..])
            .cookie_as("joined", joined, &json!({"a": 1, "b": ","}))
            .cookie_as("none", form, &json!(null))
            .cookie_as("object", form, &json!({"k": "v"}))
            .cookie_as("json", style(Style::Json, true), &json!({"a": [1, 2]}))
    })
    .await
    .unwrap();
    assert_eq!(
        received.one("cookie"),
        "session=abc/def==; odd=a%3B%20b=%22c%22%20%25%2C%C3%BC; list=1; list=2; joined=a,1,b,%2C; k=v; \
         json={%22a%22:[1%2C2]}"
    );
    let received = sent(&server, IN_QUERY, |r| r.cookie_as("a", form, "1").extra_header("Cookie", "own=2")).await;
    assert_eq!(received.unwrap().one("cookie"), "own=2; a=1");
}

#[tokio::test]
async fn no_value_changes_the_number_of_segments() {
    const PATHS: [(&OperationInfo, usize); 4] = [
        (&OperationInfo { path: "/p/{v}/t", ..*CAPTCHA }, 3),
        (&OperationInfo { path: "/{v}", ..*CAPTCHA }, 1),
        (&OperationInfo { path: "/p/{v}:verb", ..*CAPTCHA }, 2),
        (&OperationInfo { path: "/.{v}", ..*CAPTCHA }, 1),
    ];
    const STYLES: [(Style, bool); 7] = [
        (Style::Simple, false),
        (Style::Simple, true),
        (Style::Label, false),
        (Style::Label, true),
        (Style::Matrix, false),
        (Style::Matrix, true),
        (Style::Json, false),
    ];
    let not_sent = NotSent::default();
    let client = builder("https://api.example/v1").middleware(not_sent.clone()).build().unwrap();
    let characters: Vec<char> = "./\\%2eE?#&=:;,@ \t\n\r\0a\u{fc}\u{202e}{}".chars().collect();
    // A linear congruential generator: the mix matters here, not the quality.
    let mut state = 7_u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut built, mut refused) = (0, 0);
    for _ in 0..10_000 {
        let mut text = || -> String {
            let length = draw(5);
            (0..length).map(|_| characters[draw(characters.len())]).collect()
        };
        let values = [json!(text()), json!([text(), text()]), json!({text(): text(), text(): text()})];
        let value = &values[draw(3)];
        let (operation, segments) = PATHS[draw(PATHS.len())];
        let (kind, explode) = STYLES[draw(STYLES.len())];
        let request = client.core().request(operation).path_as("v", style(kind, explode), value);
        match not_sent.url(request).await {
            Ok(url) => {
                // Two more for the base path and the text before the first slash.
                assert_eq!(url.as_str().matches('/').count(), segments + 3, "{kind:?} {explode} {value} {url}");
                assert_eq!(url.path_segments().unwrap().count(), segments + 1, "{kind:?} {explode} {value} {url}");
                assert_eq!((url.host_str(), url.query(), url.fragment()), (Some("api.example"), None, None));
                built += 1;
            }
            Err(RequestError::PathValue { .. } | RequestError::Url) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(built > 9_000 && refused > 10, "{built} built, {refused} refused");
}

#[tokio::test]
async fn an_operation_may_have_a_server_of_its_own() {
    const ELSEWHERE: &OperationInfo =
        &OperationInfo { path: "/q", server: Some("https://files.example/v9"), security: &[&["mini"]], ..*CAPTCHA };
    const BESIDE: &OperationInfo = &OperationInfo { path: "/q", server: Some("/v2"), ..*CAPTCHA };
    const OPEN: &OperationInfo = &OperationInfo { path: "/q", server: Some("https://{n}.example"), ..*CAPTCHA };
    // Without a base URL, the operation's server holds.
    let not_sent = NotSent::default();
    let plain = crate::mini::Client::builder().middleware(not_sent.clone()).build().unwrap();
    for (operation, expected) in [
        (ELSEWHERE, "https://files.example/v9/q"),
        (BESIDE, "https://api.mini.example/v2/q"),
        (IN_QUERY, "https://api.mini.example/q"),
    ] {
        assert_eq!(not_sent.url(plain.core().request(operation)).await.unwrap().as_str(), expected);
    }
    let error = not_sent.url(plain.core().request(OPEN)).await.unwrap_err();
    assert!(matches!(error, RequestError::BaseUrl(BaseUrlError::Variable)), "{error}");
    // A base URL takes the place of all, and a choice the place of that; each is signed for where it goes.
    let (main, files) = (server().await, server().await);
    let request = |client: &crate::mini::Client| client.core().request(ELSEWHERE);
    let client = builder(&main.url).build().unwrap();
    runtime::call::send::<GetCaptcha>(request(&client)).await.unwrap();
    let chosen = format!("{}/v3", files.url);
    let client =
        builder(&main.url).base_url_of(move |operation| operation.server.map(|_| chosen.clone())).build().unwrap();
    runtime::call::send::<GetCaptcha>(request(&client)).await.unwrap();
    assert_eq!(main.only().target, "/q");
    assert_eq!(files.only().target, "/v3/q");
    for received in [main.only(), files.only()] {
        assert!(!received.one("x-signature").is_empty());
    }
}

#[tokio::test]
async fn other_methods() {
    const METHODS: [&OperationInfo; 5] = [
        &OperationInfo { method: "HEAD", ..*CAPTCHA },
        &OperationInfo { method: "OPTIONS", ..*CAPTCHA },
        &OperationInfo { method: "TRACE", ..*CAPTCHA },
        &OperationInfo { method: "PATCH", ..*CAPTCHA },
        &OperationInfo { method: "DELETE", ..*CAPTCHA },
    ];
    for operation in METHODS {
        let method = operation.method;
        let length = if method == "HEAD" { "12" } else { "0" };
        let server = Server::start(move |_, _| {
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nx-total: 3\r\nconnection: close\r\n\r\n");
            crate::server::Answer::Send(head.into_bytes())
        })
        .await;
        let request = client(&server).core().request(operation);
        let response = runtime::call::send::<GetCaptcha>(request).await.unwrap();
        assert_eq!(response.headers()["content-length"], length, "{method}");
        assert_eq!(response.headers()["x-total"], "3");
        assert_eq!(server.only().method, method);
    }
}
