//! What becomes of a rejection: whether another key is the first from then on, and what a failing provider changes.

use crate::acme::{Called, Client, Credentials, Op, builder};
use crate::server::{Answer, Received, Server, reply};
use crate::sessions::ByHand;
use countersign_runtime as runtime;
use runtime::{ErrorKind, OperationInfo, Provided, Repeat};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

fn key(value: &str) -> Credentials {
    Credentials(vec![("key", runtime::Secret::new(value))])
}

/// A call that is signed with the key, for a user of that name.
async fn call(client: &Client, repeat: Repeat, user: &str) -> Called {
    let info = OperationInfo { security: &[&["key"]], repeat, ..*<Op as runtime::Operation>::INFO };
    let request = client.0.request(Box::leak(Box::new(info))).extra_header("x-user", user);
    runtime::call::send::<Op>(request).await
}

/// Takes what this key signed, unless it is for nobody.
fn takes(received: &Received, key: &str) -> Answer {
    match received.one("x-api-key") == key && received.one("x-user") != "nobody" {
        true => reply("204 No Content", &[], ""),
        false => reply("401 Unauthorized", &[], "why"),
    }
}

fn keys(server: &Server) -> Vec<String> {
    server.received().iter().map(|received| received.one("x-api-key").to_owned()).collect()
}

fn with_two_keys(server: &Server) -> Client {
    let provider = || async { Ok(Provided::new(key("first")).or(key("second"))) };
    builder(&server.url).credentials_provider(provider).build().unwrap()
}

#[tokio::test]
async fn a_call_that_is_rejected_once_puts_no_other_key_first() {
    let server = Server::start(|_, received| takes(received, "first")).await;
    let client = with_two_keys(&server);
    for (user, taken) in [("nobody", false), ("ann", true), ("nobody", false), ("ann", true)] {
        assert_eq!(call(&client, Repeat::Never, user).await.is_ok(), taken);
    }
    assert_eq!(keys(&server), ["first"; 4]);
}

#[tokio::test]
async fn calls_that_are_rejected_in_a_row_try_the_other_key() {
    let server = Server::start(|_, received| takes(received, "second")).await;
    let client = with_two_keys(&server);
    for taken in [false, false, true, true] {
        assert_eq!(call(&client, Repeat::Never, "ann").await.is_ok(), taken);
    }
    assert_eq!(keys(&server), ["first", "first", "second", "second"]);
}

/// A provider that fails has nothing to say to a caller who was rejected, and is left alone for five seconds.
#[tokio::test]
async fn a_rejection_stays_the_answer_where_the_provider_fails() {
    let server = Server::start(|_, _| reply("401 Unauthorized", &[], "why")).await;
    let (clock, asked) = (ByHand::default(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    let provider = move || {
        let number = count.fetch_add(1, SeqCst);
        async move { if number == 0 { Ok(Provided::new(key("first"))) } else { Err("the vault is sealed".into()) } }
    };
    let client = builder(&server.url).credentials_provider(provider).clock(clock.clone()).build().unwrap();
    for (passes, expected) in [(0, 2), (0, 2), (4, 2), (1, 3), (0, 3)] {
        clock.pass(passes);
        let error = call(&client, Repeat::Safe, "ann").await.unwrap_err();
        assert_eq!(error.status().map(|status| status.as_u16()), Some(401), "{error:?}");
        let ErrorKind::Undeclared(body) = error.kind() else { panic!("{error:?}") };
        assert_eq!(body.bytes().as_ref(), b"why");
        assert_eq!(asked.load(SeqCst), expected);
    }
    assert_eq!(server.received().len(), 5);
}
