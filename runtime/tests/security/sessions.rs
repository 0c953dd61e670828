//! A session whose token an operation of the API gives, under the limits of the client.

use crate::acme::{Client, Credentials, Op, builder};
use crate::server::{Received, Server, json, reply};
use countersign_runtime as runtime;
use runtime::auth::{Clock, UnixTime};
use runtime::sessions::{Gives, Session, SessionInfo, TokenError};
use runtime::{ErrorKind, Failure, FailureWhen, JsonConst, RetryBudget, RetryOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering, Ordering::SeqCst};
use std::time::Duration;

const KEY: &[&[&str]] = &[&["key"]];

/// The text that is the token, whatever the response.
struct Text;

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

fn session(client: &Client) -> Session {
    Session::fetched::<Text, Op>(client.request("get_token", KEY).extra_header("x-login", "1"))
}

fn is_login(received: &Received) -> bool {
    !received.all("x-login").is_empty()
}

/// A clock that is set by hand, in seconds.
#[derive(Clone, Debug, Default)]
struct ByHand(Arc<AtomicI64>);

impl Clock for ByHand {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(SeqCst))
    }
}

async fn call(client: &Client, session: &Session) -> crate::acme::Called {
    runtime::call::send::<Op>(client.request("op", KEY).in_session(session)).await
}

/// With one permit for both, the call that needs the token holds it, and the call that fetches the token runs within.
#[tokio::test]
async fn a_fetch_does_not_wait_for_the_permit_of_the_call_that_needs_it() {
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
            ends.0.store(1000, SeqCst);
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
