//! A service token is fetched once for all, ahead of its end and once after a rejection; nobody's method changes.

use crate::server::{PARTNER, SECRET, Service, USER};
use appsmiles_client::runtime::sessions::TokenError;
use appsmiles_client::runtime::{Failure, FailureWhen, JsonConst};
use appsmiles_client::types::{TokenRequest, UserActionRequest, UserRequest, UserSessionResponse};
use appsmiles_client::{BackendClient, Client, Credentials, ErrorKind, ServiceToken, UserToken};
use countersign_tests::clock::Time;
use serde_json::json;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

fn client(service: &Service, time: &Time) -> Client {
    let credentials = Credentials::new(PARTNER, SECRET);
    let builder = Client::builder().credentials(credentials).base_url(&service.url).clock(time.ahead(0));
    // The time of the tests is far from that of the server's `Date`.
    builder.no_clock_correction().build().expect("a client")
}

fn backend(client: &Client) -> BackendClient {
    client.backend_from(client.get_token(&TokenRequest::new("com.acme.app")))
}

fn pass(time: &Time, seconds: u64) {
    let Time::Manual(now) = time else { panic!("the time is set by hand") };
    now.fetch_add(seconds * 1000, SeqCst);
}

/// So many calls at once; how many failed.
async fn calls(backend: &BackendClient, count: usize) -> usize {
    let calls: Vec<_> = (0..count)
        .map(|_| {
            let backend = backend.clone();
            tokio::spawn(async move { backend.get_user(&UserRequest::new("u")).await.map(|_| ()) })
        })
        .collect();
    let mut failed = 0;
    for call in calls {
        failed += usize::from(call.await.expect("nobody panics").is_err());
    }
    failed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_callers_cause_one_fetch_at_the_start_at_the_end_and_after_a_rejection() {
    let (service, time) = (Service::start().await, Time::manual());
    let client = client(&service, &time);
    let backend = backend(&client);
    assert_eq!(service.fetches(), 0, "a client alone fetches nothing");

    let mut fetches = Vec::new();
    for step in ["start", "held", "ahead of the end", "after the end", "rejected"] {
        match step {
            "held" => pass(&time, 3539),
            "ahead of the end" => pass(&time, 1),
            "after the end" => pass(&time, 4000),
            "rejected" => service.book().valid_from = 4,
            _ => {}
        }
        assert_eq!(calls(&backend, 1000).await, 0, "{step}");
        fetches.push(service.fetches());
    }
    println!("1000 callers each: tokens fetched so far {fetches:?}");
    assert_eq!(fetches, [1, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_rejected_token_is_renewed_once_and_a_second_rejection_is_the_answer() {
    let (service, time) = (Service::start().await, Time::manual());
    let client = client(&service, &time);
    let backend = backend(&client);
    backend.get_user(&UserRequest::new("u")).await.expect("an answer");
    service.book().valid_from = 2;
    backend.get_user(&UserRequest::new("u")).await.expect("an answer");
    assert_eq!(service.used(), ["canary-1", "canary-1", "canary-2"]);

    service.book().valid_from = usize::MAX;
    let error = backend.get_user(&UserRequest::new("u")).await.expect_err("rejected twice");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(401));
    assert_eq!(service.used(), ["canary-2", "canary-3"]);
    assert_eq!(service.fetches(), 3);
}

#[tokio::test]
async fn what_must_never_be_repeated_is_not_even_then() {
    let (service, time) = (Service::start().await, Time::manual());
    let client = client(&service, &time);
    let backend = backend(&client);
    backend.get_user(&UserRequest::new("u")).await.expect("an answer");
    service.book().valid_from = 2;
    let action = UserActionRequest::new("com.acme.app", "fr", "u", "tag");
    let error = backend.store_user_action(&action).await.expect_err("it is rejected");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(401));
    // The token is new all the same, so the next call goes through.
    backend.store_user_action(&action).await.expect("an answer");
    assert_eq!(service.used(), ["canary-1", "canary-1", "canary-2"]);
    assert_eq!(service.book().paths.iter().filter(|path| *path == "/buffer/store").count(), 2);
}

/// What rejects a token in the body of a 200.
const IN_BODY: Failure = Failure { at: "/errorCode", when: FailureWhen::Equals(&[JsonConst::Integer(4)]) };

async fn rejecting_in_body() -> (Service, Client) {
    let (service, time) = (Service::start().await, Time::manual());
    service.book().rejects_in_body = true;
    let client = client(&service, &time);
    (service, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_rejected_inside_a_success_is_renewed_once_for_all() {
    let (service, client) = rejecting_in_body().await;
    let backend = backend(&client).rejected_when(IN_BODY);
    assert_eq!(calls(&backend, 200).await, 0);
    service.book().valid_from = 2;
    assert_eq!(calls(&backend, 200).await, 0);
    assert_eq!(service.fetches(), 2);

    // A second rejection is the answer, and no reason to fetch a third one.
    service.used();
    service.book().valid_from = usize::MAX;
    let error = backend.get_user(&UserRequest::new("u")).await.expect_err("rejected twice");
    assert!(matches!(error.kind(), ErrorKind::Refused(body) if body.error_code == Some(4)), "{error:?}");
    assert_eq!((service.used(), service.fetches()), (vec!["canary-2".to_owned(), "canary-3".to_owned()], 3));

    // It needs no further attempt of those that are allowed, as after a 401.
    service.book().valid_from = 4;
    backend.get_user(&UserRequest::new("u")).no_retry().await.expect("an answer");
}

#[tokio::test]
async fn what_is_not_said_to_reject_a_token_is_a_failure_like_others() {
    let (service, client) = rejecting_in_body().await;
    let other = Failure { at: "/errorCode", when: FailureWhen::Equals(&[JsonConst::Integer(5)]) };
    for backend in [backend(&client), backend(&client).rejected_when(other)] {
        backend.get_user(&UserRequest::new("u")).await.expect("an answer");
        service.book().valid_from = usize::MAX;
        let error = backend.get_user(&UserRequest::new("u")).await.expect_err("it is refused");
        assert!(matches!(error.kind(), ErrorKind::Refused(_)), "{error:?}");
        service.book().valid_from = 0;
    }
    // Nor is a token renewed that was given.
    service.book().valid_from = usize::MAX;
    let given = client.backend("canary-1").rejected_when(IN_BODY);
    given.get_user(&UserRequest::new("u")).await.expect_err("nothing renews it");
    assert_eq!(service.fetches(), 1);
}

#[tokio::test]
async fn what_must_never_be_repeated_is_not_after_a_rejection_inside_a_success() {
    let (service, client) = rejecting_in_body().await;
    let backend = backend(&client).rejected_when(IN_BODY);
    backend.get_user(&UserRequest::new("u")).await.expect("an answer");
    service.book().valid_from = 2;
    let action = UserActionRequest::new("com.acme.app", "fr", "u", "tag");
    let error = backend.store_user_action(&action).await.expect_err("it is rejected");
    assert!(matches!(error.kind(), ErrorKind::Refused(_)), "{error:?}");
    backend.store_user_action(&action).await.expect("the token is new all the same");
    assert_eq!(service.used(), ["canary-1", "canary-1", "canary-2"]);
}

#[tokio::test]
async fn a_token_that_can_not_be_had_is_an_error_that_names_its_operation() {
    let cases = [
        ((500, json!({"canary": "canary-secret"})), "get_token failed", true),
        ((200, json!({"errorCode": 1, "errorMsg": "canary"})), "get_token failed", false),
        ((200, json!({"errorCode": 0, "data": {"token": ""}})), "answer of get_token has none at /data/token", false),
        ((200, json!({"errorCode": 0})), "get_token failed", false),
    ];
    for (instead, expected, may_repeat) in cases {
        let (service, time) = (Service::start().await, Time::manual());
        service.book().instead = Some(instead);
        let client = client(&service, &time);
        let backend = backend(&client);
        let error = backend.get_user(&UserRequest::new("u")).await.expect_err("there is no token");
        let text = format!("{error}");
        assert!(matches!(error.kind(), ErrorKind::Token(_)), "{error:?}");
        assert!(text.contains("service_token") && text.contains(expected), "{text}");
        assert!(!text.contains("canary"), "{text}");
        assert_eq!(error.may_repeat(), may_repeat, "{text}");
        assert_eq!(service.used(), [""; 0], "the call itself is never sent");
        if let ErrorKind::Token(TokenError::Operation { source, .. }) = error.kind() {
            let source = source.downcast_ref::<appsmiles_client::Error<
                <appsmiles_client::operations::back_end::GetToken as appsmiles_client::Operation>::Error,
            >>();
            assert_eq!(source.expect("the operation's own error").operation().id, "get_token");
        }
    }
}

#[tokio::test]
async fn lifetimes_are_the_answers_or_the_specs_or_the_users() {
    // `expiresIn`, then the hour of the spec, then the user's own.
    for (told, own, last) in [(Some(100), Some(50), 79), (None, None, 3539), (None, Some(50), 39)] {
        let (service, time) = (Service::start().await, Time::manual());
        service.book().lifetime = told;
        let client = client(&service, &time);
        let backend = match own {
            Some(seconds) => backend(&client).token_lifetime(Duration::from_secs(seconds)),
            None => backend(&client),
        };
        for (passes, fetches) in [(0, 1), (last, 1), (1, 2)] {
            pass(&time, passes);
            backend.get_user(&UserRequest::new("u")).await.expect("an answer");
            assert_eq!(service.fetches(), fetches, "{told:?} {own:?}");
        }
    }
}

#[tokio::test]
async fn equal_calls_share_a_token_and_others_do_not() {
    let (service, time) = (Service::start().await, Time::manual());
    let client = client(&service, &time);
    let other = client.backend_from(client.get_token(&TokenRequest::new("com.acme.other")));
    let clients = [backend(&client), backend(&client), other];
    let (one, two, three) = tokio::join!(calls(&clients[0], 10), calls(&clients[1], 10), calls(&clients[2], 10));
    assert_eq!((one, two, three), (0, 0, 0));
    assert_eq!(service.fetches(), 2);
    // A client whose token is fetched by a call that needs a fetched token itself does not wait for itself.
    let again = clients[0].clone();
    assert_eq!(calls(&again, 1).await, 0);
    assert_eq!(service.fetches(), 2);
}

#[tokio::test]
async fn a_given_token_stays_as_it_is() {
    let (service, time) = (Service::start().await, Time::manual());
    let client = client(&service, &time);
    let response = client.get_token(&TokenRequest::new("com.acme.app")).await.expect("a token");
    let token = ServiceToken::of(&response).expect("the response has one");
    assert_eq!((token.expose(), format!("{token:?}").contains("canary")), ("canary-1", false));
    service.book().valid_from = 2;
    let error = client.backend(token).get_user(&UserRequest::new("u")).await.expect_err("nothing renews it");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(401));
    assert_eq!(service.fetches(), 1);
}

#[tokio::test]
async fn a_user_who_logs_out_is_out_in_every_clone() {
    let (service, time) = (Service::start().await, Time::manual());
    let client = client(&service, &time);
    let (user, other) = (client.user(USER), client.user(USER));
    let clone = user.clone();
    user.list_gifts().await.expect("an answer");
    user.logout_user().await.expect("an answer");
    assert_eq!(service.used().len(), 2);
    for user in [user, clone] {
        let error = user.list_gifts().await.expect_err("the session is over");
        let ended = matches!(error.kind(), ErrorKind::Token(TokenError::Ended { operation: "logout_user", .. }));
        assert!(ended && !error.may_repeat(), "{error:?}");
    }
    assert_eq!(service.used(), [""; 0], "nothing is sent for it");
    // A call that fails ends nothing.
    let stranger = client.user("a stranger");
    stranger.logout_user().await.expect_err("it is rejected");
    stranger.list_gifts().await.expect_err("it is rejected");
    assert_eq!(service.used().len(), 2);
    other.list_gifts().await.expect("another session goes on until the service says otherwise");
}

#[test]
fn a_users_token_is_taken_from_the_response() {
    let response = |token: serde_json::Value| {
        let value = json!({"errorCode": 0, "data": {"user": {"userToken": token}}});
        serde_json::from_value::<UserSessionResponse>(value).expect("it is one")
    };
    let token = UserToken::of(&response(json!("canary"))).expect("there is one");
    assert_eq!(token.expose(), "canary");
    // Empty means not connected.
    assert!(UserToken::of(&response(json!(""))).is_none());
}
