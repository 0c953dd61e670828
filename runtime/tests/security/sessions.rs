//! A session whose token an operation of the API gives, under the limits of the client.

use crate::acme::{Client, Credentials, Op, builder};
use crate::server::{Received, Server, json, reply};
use countersign_runtime as runtime;
use runtime::auth::{Clock, UnixTime};
use runtime::sessions::{Gives, MemorySessions, Session, SessionInfo, TokenError};
use runtime::{ErrorKind, Failure, FailureWhen, JsonConst, OperationInfo, Provided, RetryBudget, RetryOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering, Ordering::SeqCst};
use std::time::Duration;

pub const KEY: &[&[&str]] = &[&["key"]];

/// The text that is the token, whatever the response.
pub struct Text;

impl Gives<Text> for Op {
    const SESSION: &'static SessionInfo = &SessionInfo {
        name: "acme_token",
        operation: "get_token",
        at: "/token",
        lifetime: Some(Duration::from_secs(60)),
        renews: true,
        rejected: None,
    };

    fn token(_: &()) -> Option<&str> {
        Some("canary")
    }
}

/// A text that is another one each time; the body of an answer may reject it.
struct Changing;

impl Gives<Changing> for Op {
    const SESSION: &'static SessionInfo = &SessionInfo {
        rejected: Some(Failure { at: "/state", when: FailureWhen::Equals(&[JsonConst::Text("gone")]) }),
        ..*<Op as Gives<Text>>::SESSION
    };

    fn token(_: &()) -> Option<&str> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        // A test's few tokens may live as long as it does.
        Some(Box::leak(format!("canary {}", COUNT.fetch_add(1, Ordering::Relaxed)).into_boxed_str()))
    }
}

pub fn session(client: &Client) -> Session {
    Session::fetched::<Text, Op>(client.request("get_token", KEY).extra_header("x-login", "1"))
}

pub fn is_login(received: &Received) -> bool {
    !received.all("x-login").is_empty()
}

/// A clock that is set by hand, in seconds.
#[derive(Clone, Debug, Default)]
pub struct ByHand(Arc<AtomicI64>);

impl ByHand {
    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, SeqCst);
    }
}

impl Clock for ByHand {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(SeqCst))
    }
}

pub async fn call(client: &Client, session: &Session) -> crate::acme::Called {
    runtime::call::send::<Op>(client.request("op", KEY).in_session(session)).await
}

/// With one permit for both, the call that needs the token gives it to the call that fetches that.
#[tokio::test]
async fn a_fetch_has_the_permit_of_the_call_that_needs_it() {
    let server = Server::start(|_, _| reply("204 No Content", &[], "")).await;
    let builder = builder(&server.url).credentials(Credentials::of(&["key"])).concurrency("/orders", 1);
    let client = builder.build().unwrap();
    let session = session(&client);
    let calls = futures_util::future::join_all((0..50).map(|_| call(&client, &session)));
    let results = tokio::time::timeout(Duration::from_secs(60), calls).await.expect("nobody waits for ever");
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(server.received().len(), 51);
}

/// The call that fetches is repeated by itself; the calls that wait for it do not repeat it once more.
#[tokio::test]
async fn a_fetch_is_repeated_once_for_all() {
    let server = Server::start(|_, _| json("500 Oops", "{}")).await;
    let builder = builder(&server.url).credentials(Credentials::of(&["key"])).retry(runtime::RetryOptions::new());
    let client = builder.build().unwrap();
    let session = session(&client);
    let results = futures_util::future::join_all((0..10).map(|_| call(&client, &session))).await;
    assert!(results.iter().all(|result| {
        let error = result.as_ref().unwrap_err();
        matches!(error.kind(), runtime::ErrorKind::Token(_)) && error.may_repeat()
    }));
    assert_eq!(server.received().len(), 3, "as many as one call makes");
}

/// The body of an answer of any status may reject the token, as the session declares.
#[tokio::test]
async fn a_declared_rejection_renews_the_token_and_repeats_the_call() {
    for status in ["200 OK", "400 Bad", "403 No"] {
        let server = Server::start(move |number, _| match number {
            1 => json(status, r#"{"state":"gone"}"#),
            _ => reply("204 No Content", &[], ""),
        })
        .await;
        let client = builder(&server.url).credentials(Credentials::of(&["key"])).build().unwrap();
        let session = Session::fetched::<Changing, Op>(client.request("get_token", KEY));
        call(&client, &session).await.unwrap();
        // The token, the call, another token, the call again.
        assert_eq!(server.received().len(), 4, "{status}");
    }
}

/// A repetition has the last token of the budget, and needs a log-in, which is refused: that one must not wait for the
/// budget's token, since nobody brings it back before.
#[tokio::test]
async fn a_log_in_does_not_wait_for_what_its_own_caller_holds() {
    let clock = ByHand::default();
    let ends = clock.clone();
    let server = Server::start(move |number, received| match (number, is_login(received)) {
        (0, true) => reply("204 No Content", &[], ""),
        (_, true) => reply("429 Slow Down", &[], ""),
        (_, false) => {
            // The token is over when the call is made again.
            ends.pass(1000);
            reply("500 Oops", &[], "")
        }
    })
    .await;
    let builder = builder(&server.url).credentials(Credentials::of(&["key"])).clock(clock);
    let builder = builder.retry(RetryOptions::new()).retry_budget(RetryBudget::new().ratio(0.0).reserve(1));
    let client = builder.build().unwrap();
    let session = session(&client);
    let call = tokio::time::timeout(Duration::from_secs(20), call(&client, &session));
    let error = call.await.expect("nobody waits for ever").unwrap_err();
    let ErrorKind::Token(TokenError::Operation { source, .. }) = error.kind() else { panic!("{error:?}") };
    let source: &runtime::Error<std::convert::Infallible> = source.downcast_ref().unwrap();
    assert_eq!(source.status().map(|status| status.as_u16()), Some(429));
    assert!(matches!(source.stopped(), Some(runtime::Stopped::Budget)), "{source:?}");
    assert_eq!(server.received().iter().map(is_login).collect::<Vec<_>>(), [true, false, true]);
}

/// A call of an API of its own, with a limit of its own.
fn at_login(client: &Client, user: usize) -> runtime::Request {
    let info = OperationInfo { path: "/login", security: KEY, ..*<Op as runtime::Operation>::INFO };
    client.0.request(Box::leak(Box::new(info))).extra_header("x-user", &user.to_string())
}

/// Whoever needs the token, a log-in is a call like others to its API.
#[tokio::test]
async fn log_ins_keep_to_the_limit_of_their_own_api() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let answer = || reply("204 No Content", &[], "");
    let logins = Server::slow(Duration::from_millis(30), now, Arc::clone(&most), answer).await;
    let server = Server::start(move |_, _| answer()).await;
    let url = logins.url.clone();
    let builder = builder(&server.url).credentials(Credentials::of(&["key"])).concurrency("/login", 1);
    let builder = builder.base_url_of(move |operation| (operation.path == "/login").then(|| url.clone()));
    let client = builder.build().unwrap();
    let sessions: Vec<_> = (0..5).map(|user| Session::fetched::<Text, Op>(at_login(&client, user))).collect();
    let results = futures_util::future::join_all(sessions.iter().map(|session| call(&client, session))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!((server.received().len(), most.load(SeqCst)), (5, 1));
}

/// Calls of the log-in's own API wait for its token, too; then they must not have the place that it needs.
#[tokio::test]
async fn who_waits_for_a_log_in_does_not_stand_in_its_way() {
    let server = Server::start(|_, _| reply("204 No Content", &[], "")).await;
    let builder = builder(&server.url).credentials(Credentials::of(&["key"])).concurrency("/login", 1);
    let client = builder.build().unwrap();
    let session = Session::fetched::<Text, Op>(at_login(&client, 0));
    let there = (1..20).map(|user| runtime::call::send::<Op>(at_login(&client, user).in_session(&session)));
    let calls = futures_util::future::join(call(&client, &session), futures_util::future::join_all(there));
    let (one, others) = tokio::time::timeout(Duration::from_secs(20), calls).await.expect("nobody waits for ever");
    assert!(one.is_ok() && others.iter().all(Result::is_ok));
    assert_eq!(server.received().len(), 21);
}

/// A service whose log-ins fail after the first one, and that takes no token.
async fn closed(status: &'static str, body: &'static str) -> Server {
    Server::start(move |number, received| match (number, is_login(received)) {
        (0, true) => reply("204 No Content", &[], ""),
        (_, true) => reply("500 Oops", &[], ""),
        (_, false) => json(status, body),
    })
    .await
}

#[tokio::test]
async fn a_rejection_stays_the_answer_where_no_other_token_can_be_had() {
    for (status, body) in [("401 Unauthorized", "{}"), ("200 OK", r#"{"state":"gone"}"#)] {
        let (server, clock) = (closed(status, body).await, ByHand::default());
        let builder = builder(&server.url).credentials(Credentials::of(&["key"])).clock(clock.clone());
        let client = builder.build().unwrap();
        let login = client.request("get_token", KEY).extra_header("x-login", "1");
        let session = Session::fetched::<Changing, Op>(login);
        // What failed is left alone for five seconds.
        for (passes, logins) in [(0, 2), (0, 2), (4, 2), (1, 3)] {
            clock.pass(passes);
            let error = call(&client, &session).await.unwrap_err();
            let ErrorKind::Undeclared(answer) = error.kind() else { panic!("{error:?}") };
            assert_eq!(answer.text(), body);
            assert_eq!(server.received().iter().filter(|received| is_login(received)).count(), logins, "{status}");
        }
    }
}

#[tokio::test]
async fn log_ins_that_are_signed_otherwise_share_no_token() {
    let server = Server::start(|_, _| reply("204 No Content", &[], "")).await;
    let client = builder(&server.url).credentials(Credentials::of(&["key"])).build().unwrap();
    let login = || client.request("get_token", KEY).extra_header("x-login", "1");
    let (one, two) = (runtime::Secret::new("1"), runtime::Secret::new("2"));
    let logins = [
        login(),
        login().argument("user", "1"),
        login().argument("user", "2"),
        login().session("user", &one),
        login().session("user", &two),
        login().argument("user", "1"),
    ];
    for login in logins {
        call(&client, &Session::fetched::<Text, Op>(login)).await.unwrap();
    }
    assert_eq!(server.received().iter().filter(|received| is_login(received)).count(), 5);
}

#[tokio::test]
async fn clients_with_other_signers_share_no_token() {
    let server = Server::start(|_, _| reply("204 No Content", &[], "")).await;
    let store = MemorySessions::new();
    for (key, logins) in [("one", 1), ("two", 2), ("one", 2)] {
        let (_, recipe) = <crate::acme::Acme as runtime::Provider>::schemes().remove(3);
        let credentials = runtime::auth::Credentials::new().secret("key", key);
        let signer = runtime::auth::check(recipe).unwrap().prepare(&credentials).unwrap();
        let client = builder(&server.url).signer("key", signer).session_store(store.clone()).build().unwrap();
        call(&client, &session(&client)).await.unwrap();
        assert_eq!(server.received().iter().filter(|received| is_login(received)).count(), logins);
    }
}

/// Before the first call a provider was not asked yet; the token is kept with the credentials that signed.
#[tokio::test]
async fn a_session_ends_with_the_credentials_that_it_was_used_with() {
    let server = Server::start(|_, _| reply("204 No Content", &[], "")).await;
    let store = MemorySessions::new();
    let provider = || async { Ok(Provided::new(Credentials::of(&["key"]))) };
    let builder = builder(&server.url).credentials_provider(provider).session_store(store.clone());
    let client = builder.build().unwrap();
    let session = session(&client);
    let log_out = client.request("log_out", KEY).in_session(&session).ends_session();
    runtime::call::send::<Op>(log_out).await.unwrap();
    assert_eq!(format!("{store:?}"), "MemorySessions(0 tokens)");
    call(&client, &session).await.unwrap();
    assert_eq!(server.received().iter().map(is_login).collect::<Vec<_>>(), [true, false, true, false]);
}
