//! Callers that are cancelled while they fetch a token, and stores that hang or fail then.

use crate::acme::{Client, Credentials, builder};
use crate::server::{Answer, Server, reply};
use crate::sessions::{KEY, call, is_login, session};
use countersign_runtime as runtime;
use runtime::ErrorKind;
use runtime::sessions::{FetchLock, SessionFuture, SessionStore, StoreError, StoredToken, TokenError};
use std::future::{pending, ready};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A store that locks, keeps nothing, and hangs or fails as it is told.
#[derive(Clone, Debug, Default)]
struct Moody(Arc<Moods>);

#[derive(Debug, Default)]
struct Moods {
    locked_by: Mutex<Option<String>>,
    puts_hang: AtomicBool,
    gets: AtomicUsize,
    /// The number of the question that it does not answer.
    fails_at: AtomicUsize,
}

impl Moody {
    /// Waits until nobody has the lock.
    async fn is_free(&self) {
        let free = async {
            while self.0.locked_by.lock().unwrap().is_some() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), free).await.expect("the lock is given back");
    }
}

impl SessionStore for Moody {
    fn get<'a>(&'a self, _: &'a str) -> SessionFuture<'a, Result<Option<StoredToken>, StoreError>> {
        let fails = self.0.gets.fetch_add(1, SeqCst) + 1 == self.0.fails_at.load(SeqCst);
        Box::pin(ready(if fails { Err(StoreError::new("a mood")) } else { Ok(None) }))
    }

    fn put<'a>(&'a self, _: &'a str, _: StoredToken, _: Duration) -> SessionFuture<'a, Result<(), StoreError>> {
        if self.0.puts_hang.load(SeqCst) { Box::pin(pending()) } else { Box::pin(ready(Ok(()))) }
    }

    fn remove<'a>(&'a self, _: &'a str) -> SessionFuture<'a, Result<(), StoreError>> {
        Box::pin(ready(Ok(())))
    }

    fn lock<'a>(&'a self, _: &'a str, owner: &'a str) -> SessionFuture<'a, Result<FetchLock, StoreError>> {
        Box::pin(async move {
            let ours = self.0.locked_by.lock().unwrap().get_or_insert_with(|| owner.to_owned()) == owner;
            if !ours {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok(if ours { FetchLock::Ours } else { FetchLock::Others })
        })
    }

    fn unlock<'a>(&'a self, _: &'a str, owner: &'a str) -> SessionFuture<'a, Result<(), StoreError>> {
        let mut locked_by = self.0.locked_by.lock().unwrap();
        if locked_by.as_deref() == Some(owner) {
            *locked_by = None;
        }
        Box::pin(ready(Ok(())))
    }
}

fn client(server: &Server, store: &Moody) -> Client {
    builder(&server.url).credentials(Credentials::of(&["key"])).session_store(store.clone()).build().unwrap()
}

fn logins(server: &Server) -> usize {
    server.received().iter().filter(|received| is_login(received)).count()
}

/// The first log-in hangs, and its caller has no more time.
#[tokio::test]
async fn a_caller_that_is_cancelled_gives_the_lock_back() {
    let server = Server::start(|number, _| match number {
        0 => Answer::Stall(Vec::new()),
        _ => reply("204 No Content", &[], ""),
    })
    .await;
    let store = Moody::default();
    let (one, other) = (client(&server, &store), client(&server, &store));
    let short = one.request("op", KEY).in_session(&session(&one)).deadline(Duration::from_millis(200));
    let error = runtime::call::send::<crate::acme::Op>(short).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
    store.is_free().await;
    for client in [&one, &other] {
        call(client, &session(client)).await.unwrap();
    }
    assert_eq!(logins(&server), 3);
}

#[tokio::test]
async fn a_token_is_there_although_the_store_hangs() {
    let server = Server::start(|_, _| reply("204 No Content", &[], "")).await;
    let store = Moody::default();
    store.0.puts_hang.store(true, SeqCst);
    let client = client(&server, &store);
    let short = client.request("op", KEY).in_session(&session(&client)).deadline(Duration::from_millis(300));
    let error = runtime::call::send::<crate::acme::Op>(short).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
    store.is_free().await;
    let session = session(&client);
    let again = tokio::time::timeout(Duration::from_secs(20), call(&client, &session));
    again.await.expect("nobody waits for the store").unwrap();
    assert_eq!(logins(&server), 1);
}

#[tokio::test]
async fn a_store_that_fails_after_it_has_locked_is_unlocked() {
    let server = Server::start(|_, _| reply("204 No Content", &[], "")).await;
    let store = Moody::default();
    // The first question is asked before the lock, the second with it.
    store.0.fails_at.store(2, SeqCst);
    let client = client(&server, &store);
    let error = call(&client, &session(&client)).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Token(TokenError::Store { .. })), "{error:?}");
    store.is_free().await;
    call(&client, &session(&client)).await.unwrap();
    assert_eq!(logins(&server), 1);
}
