//! Tokens over real sockets: fetched once for all, renewed ahead of their end and once after a 401, never shown.

use crate::acme::{Client, Credentials, builder};
use crate::server::{Answer, Received, Server, json, reply};
use countersign_runtime as runtime;
use runtime::ErrorKind;
use runtime::auth::{Clock, UnixTime};
use runtime::sessions::oauth2::OAuth2Options;
use runtime::sessions::{MemorySessions, SessionFuture, SessionStore, Token, TokenError, TokenRequest, TokenSource};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

const START: i64 = 1_700_000_000;
const SHOP: &[&[&str]] = &[&["shop"]];

/// A clock that is set by hand, in seconds.
#[derive(Clone, Debug)]
struct ByHand(Arc<AtomicI64>);

impl ByHand {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START)))
    }

    fn at(&self, seconds: i64) {
        self.0.store(START + seconds, SeqCst);
    }
}

impl Clock for ByHand {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(SeqCst))
    }
}

/// A service with a token endpoint: tokens are numbered, and last so long; `refused` ones are answered with 401.
struct Service {
    server: Server,
    /// Tokens below this number are rejected.
    valid_from: Arc<AtomicUsize>,
}

impl Service {
    async fn start(lifetime: Option<u32>) -> Self {
        let valid_from = Arc::new(AtomicUsize::new(1));
        let (valid, given) = (Arc::clone(&valid_from), AtomicUsize::new(0));
        let server = Server::start(move |_, received| {
            if received.target == "/oauth/token" {
                let number = given.fetch_add(1, SeqCst) + 1;
                let lifetime = lifetime.map(|seconds| format!(r#","expires_in":{seconds}"#)).unwrap_or_default();
                return json(
                    "200 OK",
                    &format!(r#"{{"access_token":"canary-{number}","token_type":"Bearer"{lifetime}}}"#),
                );
            }
            let number: usize =
                token_of(received).and_then(|token| token.strip_prefix("canary-")?.parse().ok()).unwrap_or(0);
            if number >= valid.load(SeqCst) {
                reply("204 No Content", &[], "")
            } else {
                reply("401 Unauthorized", &[], "")
            }
        })
        .await;
        Self { server, valid_from }
    }

    fn client(&self, clock: &ByHand) -> Client {
        self.builder(clock).build().unwrap()
    }

    fn builder(&self, clock: &ByHand) -> runtime::ClientBuilder<crate::acme::Acme> {
        let credentials = Credentials::of(&["shop_client_id", "shop_client_secret"]);
        builder(&self.server.url).credentials(credentials).clock(clock.clone())
    }

    fn fetches(&self) -> Vec<Received> {
        self.server.received().into_iter().filter(|request| request.target == "/oauth/token").collect()
    }

    /// The tokens that calls came with.
    fn used(&self) -> Vec<String> {
        let calls = self.server.received().into_iter().filter(|request| request.target != "/oauth/token");
        calls.map(|call| token_of(&call).unwrap_or_default().to_owned()).collect()
    }
}

fn token_of(received: &Received) -> Option<&str> {
    received.all("authorization").first()?.strip_prefix("Bearer ")
}

/// Everything that an error shows.
fn shown(error: &(impl std::error::Error + 'static)) -> String {
    let mut shown = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(cause) = source {
        shown.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    shown
}

#[tokio::test]
async fn a_token_is_fetched_with_id_and_secret_and_kept() {
    let service = Service::start(Some(3600)).await;
    let client = service.client(&ByHand::new());
    for _ in 0..3 {
        client.call("op", SHOP).await.unwrap();
    }
    let fetches = service.fetches();
    assert_eq!(fetches.len(), 1);
    assert_eq!(fetches[0].method, "POST");
    assert_eq!(fetches[0].body, b"grant_type=client_credentials");
    assert_eq!(fetches[0].one("content-type"), "application/x-www-form-urlencoded");
    // printf 'canary-shop_client_id:canary-shop_client_secret' | base64 -w0
    let basic = "Basic Y2FuYXJ5LXNob3BfY2xpZW50X2lkOmNhbmFyeS1zaG9wX2NsaWVudF9zZWNyZXQ=";
    assert_eq!(fetches[0].one("authorization"), basic);
    assert_eq!(service.used(), ["canary-1"; 3]);
}

#[tokio::test]
async fn id_and_secret_may_go_in_the_form() {
    let service = Service::start(Some(3600)).await;
    let builder = service.builder(&ByHand::new()).oauth2("shop", OAuth2Options::new().client_secret_post());
    builder.build().unwrap().call("read", SHOP).await.unwrap();
    let fetch = &service.fetches()[0];
    assert!(fetch.all("authorization").is_empty());
    let form = "grant_type=client_credentials&scope=orders%3Aread&client_id=canary-shop_client_id&client_secret=canary-shop_client_secret";
    assert_eq!(String::from_utf8_lossy(&fetch.body), form);
}

#[tokio::test]
async fn scopes_are_the_operations_or_the_users() {
    let service = Service::start(Some(3600)).await;
    let client = service.client(&ByHand::new());
    for id in ["read", "write", "read", "write", "op"] {
        client.call(id, SHOP).await.unwrap();
    }
    let bodies: Vec<String> =
        service.fetches().iter().map(|fetch| String::from_utf8_lossy(&fetch.body).into_owned()).collect();
    assert_eq!(
        bodies,
        [
            "grant_type=client_credentials&scope=orders%3Aread",
            "grant_type=client_credentials&scope=orders%3Aread%20orders%3Awrite",
            "grant_type=client_credentials",
        ]
    );
    assert_eq!(service.used(), ["canary-1", "canary-2", "canary-1", "canary-2", "canary-3"]);

    let error = client.call("hole", SHOP).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Token(TokenError::Scope { .. })), "{error:?}");
    let options = OAuth2Options::new().scopes(["all"]);
    let client = service.builder(&ByHand::new()).oauth2("shop", options).build().unwrap();
    client.call("hole", SHOP).await.unwrap();
    client.call("read", SHOP).await.unwrap();
    assert_eq!(service.fetches().len(), 4);
    assert_eq!(service.fetches()[3].body, b"grant_type=client_credentials&scope=all");
}

#[tokio::test]
async fn a_thousand_callers_cause_one_fetch() {
    let service = Service::start(Some(3600)).await;
    let client = service.client(&ByHand::new());
    let calls = (0..1000).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.call("op", SHOP).await.map(|_| ()) })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(service.fetches().len(), 1);
    assert_eq!(service.used().len(), 1000);
}

#[tokio::test]
async fn waiting_callers_share_a_refusal_and_the_next_one_tries_again() {
    let server = Server::start(|_, _| json("401 Unauthorized", r#"{"error":"invalid_client"}"#)).await;
    let credentials = Credentials::of(&["shop_client_id", "shop_client_secret"]);
    let client = builder(&server.url).credentials(credentials).build().unwrap();
    let results = futures_util::future::join_all((0..100).map(|_| client.call("op", SHOP))).await;
    assert!(results.iter().all(|result| {
        let kind = result.as_ref().unwrap_err().kind();
        matches!(kind, ErrorKind::Token(TokenError::Refused { code: Some("invalid_client"), .. }))
    }));
    assert_eq!(server.received().len(), 1);
    client.call("op", SHOP).await.unwrap_err();
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let service = Service::start(Some(600)).await;
    let clock = ByHand::new();
    let client = service.client(&clock);
    for seconds in [0, 539, 540, 1079, 1080] {
        clock.at(seconds);
        client.call("op", SHOP).await.unwrap();
    }
    assert_eq!(service.used(), ["canary-1", "canary-1", "canary-2", "canary-2", "canary-3"]);
}

#[tokio::test]
async fn a_token_without_a_lifetime_gets_an_assumed_one() {
    for (options, last) in
        [(OAuth2Options::new(), 239), (OAuth2Options::new().assumed_lifetime(Duration::from_secs(50)), 39)]
    {
        let service = Service::start(None).await;
        let clock = ByHand::new();
        let client = service.builder(&clock).oauth2("shop", options).build().unwrap();
        for seconds in [0, last, last + 1] {
            clock.at(seconds);
            client.call("op", SHOP).await.unwrap();
        }
        assert_eq!(service.used(), ["canary-1", "canary-1", "canary-2"]);
    }
}

#[tokio::test]
async fn a_rejected_token_is_renewed_once() {
    let service = Service::start(Some(3600)).await;
    let client = service.client(&ByHand::new());
    client.call("op", SHOP).await.unwrap();
    service.valid_from.store(2, SeqCst);
    client.call("op", SHOP).await.unwrap();
    assert_eq!(service.used(), ["canary-1", "canary-1", "canary-2"]);
    assert_eq!(service.fetches().len(), 2);

    // A second 401 is the answer.
    service.valid_from.store(usize::MAX, SeqCst);
    let error = client.call("op", SHOP).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(401));
    assert_eq!(service.fetches().len(), 3);
    assert_eq!(service.used().len(), 5);
}

#[tokio::test]
async fn a_thousand_rejections_cause_one_renewal() {
    let service = Service::start(Some(3600)).await;
    let client = service.client(&ByHand::new());
    client.call("op", SHOP).await.unwrap();
    service.valid_from.store(2, SeqCst);
    let results = futures_util::future::join_all((0..1000).map(|_| client.call("op", SHOP))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(service.fetches().len(), 2);
}

#[tokio::test]
async fn a_token_that_still_holds_outlives_a_failing_endpoint() {
    let fail = Arc::new(AtomicUsize::new(0));
    let failing = Arc::clone(&fail);
    let server = Server::start(move |_, received| match received.target.as_str() {
        "/oauth/token" if failing.load(SeqCst) > 0 => reply("503 Busy", &[], ""),
        "/oauth/token" => json("200 OK", r#"{"access_token":"canary","token_type":"bearer","expires_in":"100"}"#),
        _ => reply("204 No Content", &[], ""),
    })
    .await;
    let clock = ByHand::new();
    let credentials = Credentials::of(&["shop_client_id", "shop_client_secret"]);
    let client = builder(&server.url).credentials(credentials).clock(clock.clone()).build().unwrap();
    client.call("op", SHOP).await.unwrap();
    fail.store(1, SeqCst);
    // Two tries in the last fifth of its life, five seconds apart, then it is over.
    for seconds in [85, 86, 91] {
        clock.at(seconds);
        client.call("op", SHOP).await.unwrap();
    }
    clock.at(100);
    let error = client.call("op", SHOP).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Token(TokenError::Refused { .. })), "{error:?}");
    assert!(error.may_repeat());
    let fetches = server.received().iter().filter(|request| request.target == "/oauth/token").count();
    assert_eq!(fetches, 4);
}

#[tokio::test]
async fn answers_of_the_endpoint_are_typed_and_show_no_secret() {
    #[rustfmt::skip]
    let cases: [(&str, &str, &str); 9] = [
        ("400 Bad Request", r#"{"error":"invalid_scope","error_description":"canary-shop_client_secret"}"#, "400 Bad Request, invalid_scope"),
        ("401 Unauthorized", r#"{"error":"canary"}"#, "401 Unauthorized"),
        ("500 Oops", "canary", "500 Internal Server Error"),
        ("302 Found", "canary", "302 Found"),
        ("200 OK", "canary", "no JSON object"),
        ("200 OK", r#"{"token":"canary"}"#, "no `access_token`"),
        ("200 OK", r#"{"access_token":""}"#, "no `access_token`"),
        ("200 OK", r#"{"access_token":"canary","token_type":"mac"}"#, "another type"),
        ("200 OK", r#"{"access_token":["canary"]}"#, "no JSON object"),
    ];
    for (status, body, expected) in cases {
        let server = Server::start(move |_, _| json(status, body)).await;
        let credentials = Credentials::of(&["shop_client_id", "shop_client_secret"]);
        let client = builder(&server.url).credentials(credentials).build().unwrap();
        let error = client.call("op", SHOP).await.unwrap_err();
        let text = shown(&error);
        assert!(matches!(error.kind(), ErrorKind::Token(_)) && text.contains(expected), "{text}");
        assert!(text.contains("shop") && !text.contains("canary"), "{text}");
        assert_eq!(server.received().len(), 1, "the call itself is never sent");
    }
    let server = Server::start(|_, _| Answer::Reset).await;
    let credentials = Credentials::of(&["shop_client_id", "shop_client_secret"]);
    let client = builder(&server.url).credentials(credentials).build().unwrap();
    let error = client.call("op", SHOP).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Token(TokenError::Transport { .. })), "{error:?}");
    assert!(!shown(&error).contains("canary") && !shown(&error).contains(&server.url), "{}", shown(&error));
    assert!(!format!("{client:?}").contains("canary"));
}

#[tokio::test]
async fn the_endpoint_is_held_to_the_rules_of_the_base_url() {
    let credentials = || Credentials::of(&["shop_client_id", "shop_client_secret"]);
    for url in [
        "http://login.acme.example/token",
        "https://{region}.acme.example/token",
        "https://a:b@acme.example/",
        "ftp://acme.example/",
    ] {
        let options = OAuth2Options::new().token_url(url);
        let result = builder("https://api.acme.example").credentials(credentials()).oauth2("shop", options).build();
        assert!(matches!(result, Err(runtime::BuildError::Tokens(TokenError::Endpoint { .. }))), "{url}");
    }
    let options = OAuth2Options::new();
    let result = builder("https://api.acme.example").credentials(credentials()).oauth2("shoe", options).build();
    assert!(matches!(result, Err(runtime::BuildError::UnknownScheme { .. })));

    let (login, api) = (Service::start(Some(60)).await, Service::start(Some(60)).await);
    let options = OAuth2Options::new().token_url(format!("{}/oauth/token", login.server.url));
    let client = api.builder(&ByHand::new()).oauth2("shop", options).build().unwrap();
    client.call("op", SHOP).await.unwrap();
    assert_eq!((login.fetches().len(), api.fetches().len()), (1, 0));
}

/// Tokens of a log-in of the user's.
#[derive(Debug, Default)]
struct LogIn(Arc<AtomicUsize>);

impl TokenSource for LogIn {
    fn token<'a>(&'a self, wanted: &'a TokenRequest) -> SessionFuture<'a, Result<Token, TokenError>> {
        Box::pin(async move {
            match self.0.fetch_add(1, SeqCst) {
                0 | 1 => Ok(Token::new(format!("canary-{}", self.0.load(SeqCst))).lasting(Duration::from_secs(60))),
                _ => Err(TokenError::source(wanted, "the vault is sealed")),
            }
        })
    }
}

#[tokio::test]
async fn tokens_may_be_brought() {
    const LOGIN: &[&[&str]] = &[&["login"], &["shop"]];
    // A value.
    let service = Service::start(None).await;
    let clock = ByHand::new();
    let credentials = Credentials(vec![("login_access_token", runtime::Secret::new("canary-7"))]);
    let client = builder(&service.server.url).credentials(credentials).clock(clock.clone()).build().unwrap();
    client.call("op", LOGIN).await.unwrap();
    // Nothing can renew it, so a 401 is the answer at once.
    service.valid_from.store(8, SeqCst);
    let error = client.call("op", LOGIN).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(401));
    assert_eq!(service.used(), ["canary-7", "canary-7"]);

    // A source, for a scheme of either kind.
    for scheme in ["login", "shop"] {
        let service = Service::start(None).await;
        let source = LogIn::default();
        let client = builder(&service.server.url).token_source(scheme, source).clock(clock.clone()).build().unwrap();
        clock.at(0);
        client.call("op", LOGIN).await.unwrap();
        clock.at(48);
        client.call("op", LOGIN).await.unwrap();
        assert_eq!(service.used(), ["canary-1", "canary-2"], "{scheme}");
        clock.at(200);
        let error = client.call("op", LOGIN).await.unwrap_err();
        assert!(shown(&error).contains("the vault is sealed"), "{error:?}");
        assert!(service.fetches().is_empty());
    }
}

#[tokio::test]
async fn a_store_serves_several_clients_but_never_those_of_others() {
    let service = Service::start(Some(3600)).await;
    let (store, clock) = (MemorySessions::new(), ByHand::new());
    for _ in 0..2 {
        let client = service.builder(&clock).session_store(store.clone()).build().unwrap();
        client.call("op", SHOP).await.unwrap();
    }
    assert_eq!(service.fetches().len(), 1);
    let mut credentials = Credentials::of(&["shop_client_id", "shop_client_secret"]);
    credentials.0[0].1 = runtime::Secret::new("other");
    let client = service.builder(&clock).credentials(credentials).session_store(store.clone()).build().unwrap();
    client.call("op", SHOP).await.unwrap();
    assert_eq!(service.fetches().len(), 2);
    assert_eq!(format!("{store:?}"), "MemorySessions(2 tokens)");
    assert!(store.get("no such key").await.unwrap().is_none());
}

/// Fixed tokens are those of their client: no store, and no client that shares it, ever has them.
#[tokio::test]
async fn a_fixed_token_stays_with_its_client() {
    const LOGIN: &[&[&str]] = &[&["login"]];
    let login =
        |number: usize| Credentials(vec![("login_access_token", runtime::Secret::new(format!("canary-{number}")))]);
    let (service, store) = (Service::start(None).await, MemorySessions::new());
    let clients = [1, 2].map(|number| {
        let builder = builder(&service.server.url).credentials(login(number)).session_store(store.clone());
        builder.build().unwrap()
    });
    for client in &clients {
        client.call("op", LOGIN).await.unwrap();
    }
    assert_eq!(service.used(), ["canary-1", "canary-2"]);
    // Another one is taken at once, and not after the old one was rejected.
    service.valid_from.store(3, SeqCst);
    clients[0].0.set_credentials(&login(3)).unwrap();
    clients[0].call("op", LOGIN).await.unwrap();
    assert_eq!(service.used(), ["canary-1", "canary-2", "canary-3"]);
    assert_eq!(format!("{store:?}"), "MemorySessions(0 tokens)");
}

#[tokio::test]
async fn a_source_that_does_not_say_whose_tokens_it_has_shares_them_with_nobody() {
    let (service, store, source) = (Service::start(None).await, MemorySessions::new(), LogIn::default());
    for _ in 0..2 {
        let source = LogIn(Arc::clone(&source.0));
        let builder = builder(&service.server.url).token_source("login", source).session_store(store.clone());
        let client = builder.build().unwrap();
        for _ in 0..2 {
            client.call("op", &[&["login"]]).await.unwrap();
        }
    }
    assert_eq!(service.used(), ["canary-1", "canary-1", "canary-2", "canary-2"]);
    assert_eq!(format!("{store:?}"), "MemorySessions(0 tokens)");
}

#[tokio::test]
async fn every_attempt_has_the_token_that_holds_then() {
    // The first attempt is too busy; by the second, the token has to be renewed.
    let clock = ByHand::new();
    let service = Service::start(Some(60)).await;
    let late = clock.clone();
    let builder = service.builder(&clock).middleware(Twice(Box::new(move || late.at(100))));
    builder.build().unwrap().call("op", SHOP).await.unwrap();
    assert_eq!(service.used(), ["canary-1", "canary-2"]);
}

/// Sends each request twice, and does something in between.
struct Twice(Box<dyn Fn() + Send + Sync>);

#[async_trait::async_trait]
impl runtime::reqwest_middleware::Middleware for Twice {
    async fn handle(
        &self,
        request: runtime::reqwest::Request,
        extensions: &mut runtime::http::Extensions,
        next: runtime::reqwest_middleware::Next<'_>,
    ) -> runtime::reqwest_middleware::Result<runtime::reqwest::Response> {
        let again = request.try_clone().unwrap();
        next.clone().run(request, extensions).await?;
        (self.0)();
        next.run(again, extensions).await
    }
}
