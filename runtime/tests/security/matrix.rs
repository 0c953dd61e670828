//! Each kind of scheme on the wire, alternatives in order, sets that apply together, and what must not be sent.

use crate::acme::{Client, Credentials, builder};
use crate::server::{Received, Server, reply};
use countersign_runtime as runtime;
use runtime::ErrorKind;
use runtime::auth::SignError;

type Security = &'static [&'static [&'static str]];

const ALL: [&str; 10] = [
    "basic_username",
    "basic_password",
    "bearer_token",
    "word_credentials",
    "key",
    "id",
    "query",
    "query2",
    "sid",
    "csrf",
];

async fn server() -> Server {
    Server::start(|_, _| reply("204 No Content", &[], "")).await
}

fn client(server: &Server, credentials: &[&'static str]) -> Client {
    builder(&server.url).credentials(Credentials::of(credentials)).build().unwrap()
}

/// What a request carries, in a fixed order.
fn carried(received: &Received) -> Vec<String> {
    let mut found: Vec<String> = ["authorization", "x-api-key", "x-app-id", "cookie"]
        .iter()
        .flat_map(|name| received.all(name).into_iter().map(move |value| format!("{name}: {value}")))
        .collect();
    found.extend(received.target.split_once('?').map(|(_, query)| format!("?{query}")));
    found
}

/// `canary-basic_username:canary-basic_password`, encoded by coreutils' `base64`.
const BASIC: &str = "authorization: Basic Y2FuYXJ5LWJhc2ljX3VzZXJuYW1lOmNhbmFyeS1iYXNpY19wYXNzd29yZA==";

#[tokio::test]
async fn what_is_sent_is_what_security_says() {
    const BEARER: &str = "authorization: Bearer canary-bearer_token";
    const KEY: &str = "x-api-key: canary-key";
    #[rustfmt::skip]
    let cases: [(Security, &[&'static str], &[&str]); 26] = [
        // One scheme of each kind.
        (&[&["basic"]], &ALL, &[BASIC]),
        (&[&["bearer"]], &ALL, &[BEARER]),
        (&[&["word"]], &ALL, &["authorization: Shop-Token canary-word_credentials"]),
        (&[&["key"]], &ALL, &[KEY]),
        (&[&["query"]], &ALL, &["?api%20key=canary-query"]),
        (&[&["sid"]], &ALL, &["cookie: sid=canary-sid"]),
        // Nothing, whatever credentials are there.
        (&[], &ALL, &[]),
        (&[&[]], &ALL, &[]),
        (&[], &[], &[]),
        (&[&[]], &[], &[]),
        // Alternatives: the first one that is there.
        (&[&["basic"], &["bearer"]], &ALL, &[BASIC]),
        (&[&["bearer"], &["basic"]], &ALL, &[BEARER]),
        (&[&["basic"], &["bearer"]], &["bearer_token"], &[BEARER]),
        (&[&["basic"], &["key"]], &["basic_username", "key"], &[KEY]),
        (&[&["query"], &["key"], &["sid"]], &["sid", "key"], &[KEY]),
        (&[&["bearer"], &["key"], &[]], &["key"], &[KEY]),
        (&[&["bearer"], &["key"], &[]], &[], &[]),
        (&[&["bearer"], &["key"], &[]], &["id"], &[]),
        // A scheme that nobody explains is not there.
        (&[&["nowhere"], &["key"]], &ALL, &[KEY]),
        // Sets: all of them, or none.
        (&[&["basic", "key"]], &ALL, &[BASIC, KEY]),
        (&[&["id", "key"]], &ALL, &[KEY, "x-app-id: canary-id"]),
        (&[&["query", "query2"]], &ALL, &["?api%20key=canary-query&token=canary-query2"]),
        (&[&["csrf", "sid"]], &ALL, &["cookie: csrf=canary-csrf; sid=canary-sid"]),
        (&[&["bearer", "csrf", "key", "query", "sid"]], &ALL,
         &[BEARER, KEY, "cookie: csrf=canary-csrf; sid=canary-sid", "?api%20key=canary-query"]),
        (&[&["id", "key"], &["bearer"]], &["id", "bearer_token"], &[BEARER]),
        (&[&["id", "key"], &["id"]], &["id"], &["x-app-id: canary-id"]),
    ];
    for (security, credentials, expected) in cases {
        let server = server().await;
        client(&server, credentials).call("op", security).await.unwrap();
        let received = server.only();
        assert_eq!(carried(&received), expected, "{security:?} with {credentials:?}");
        // Nothing else of the credentials is anywhere in the request.
        let all = format!("{} {:?} {:?}", received.target, received.headers, received.body);
        let named: usize = expected.iter().map(|part| part.matches("canary").count()).sum();
        assert_eq!(all.matches("canary").count(), named, "{all}");
    }
}

#[tokio::test]
async fn what_is_missing_is_named_before_anything_is_sent() {
    #[rustfmt::skip]
    let cases: [(Security, &[&'static str], &[&str]); 7] = [
        (&[&["basic"]], &[], &["basic"]),
        (&[&["basic"]], &["basic_username", "key"], &["basic"]),
        (&[&["basic"], &["id", "key"]], &["id"], &["basic", "id and key"]),
        (&[&["nowhere"]], &ALL, &["nowhere"]),
        (&[&["nowhere", "key"]], &ALL, &["nowhere and key"]),
        (&[&["shop"]], &ALL, &["shop"]),
        (&[&["login"], &["shop"]], &["shop_client_id"], &["login", "shop"]),
    ];
    for (security, credentials, expected) in cases {
        let server = server().await;
        let error = client(&server, credentials).call("get_order", security).await.unwrap_err();
        let ErrorKind::Sign(SignError::NoCredentials { schemes }) = error.kind() else { panic!("{error:?}") };
        assert_eq!(schemes, expected);
        let text = format!("{error}");
        assert!(text.contains("get_order") && expected.iter().all(|name| text.contains(name)), "{text}");
        assert!(!format!("{text} {error:?}").contains("canary"), "{error:?}");
        assert!(server.received().is_empty());
    }
}

#[tokio::test]
async fn two_schemes_do_not_write_one_header() {
    let server = server().await;
    let error = client(&server, &ALL).call("op", &[&["basic", "bearer"]]).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Sign(SignError::Conflict { .. })), "{error:?}");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn what_a_caller_sets_stays_beside_and_never_wins() {
    let server = server().await;
    let client = client(&server, &ALL);
    let request = client.request("op", &[&["bearer", "sid", "query"]]).query("page", &2);
    let request = request.extra_header("cookie", "theme=dark; sid=forged").extra_header("authorization", "forged");
    runtime::call::send::<crate::acme::Op>(request).await.unwrap();
    let received = server.only();
    assert_eq!(received.one("cookie"), "theme=dark; sid=canary-sid");
    assert_eq!(received.one("authorization"), "Bearer canary-bearer_token");
    assert_eq!(received.target, "/orders?page=2&api%20key=canary-query");
}

#[tokio::test]
async fn a_key_in_the_query_is_encoded_and_in_no_error() {
    for answer in ["HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", "no http at all", ""] {
        let server = Server::start(move |_, _| crate::server::Answer::Send(answer.into())).await;
        let secret = "canary &=#/+ü";
        let credentials = Credentials(vec![("query", runtime::Secret::new(secret))]);
        let client = builder(&server.url).credentials(credentials.clone()).build().unwrap();
        let error = client.call("op", &[&["query"]]).await.unwrap_err();
        assert_eq!(server.only().target, "/orders?api%20key=canary%20%26%3D%23%2F%2B%C3%BC");
        let mut shown = format!("{error} {error:?} {client:?} {credentials:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            shown.push_str(&format!(" {cause} {cause:?}"));
            source = cause.source();
        }
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[tokio::test]
async fn credentials_that_a_place_can_not_carry_are_refused_at_once() {
    for (name, value) in [
        ("key", "a\r\nx: y"),
        ("sid", "a; admin=1"),
        ("sid", "a b"),
        ("bearer_token", "a\nb"),
        ("key", " padded"),
        ("key", ""),
        ("basic_username", "a:b"),
    ] {
        let mut credentials = Credentials::of(&["basic_password"]);
        credentials.0.push((name, runtime::Secret::new(value)));
        let result = builder("https://api.acme.example").credentials(credentials).build();
        assert!(matches!(result, Err(runtime::BuildError::Credentials(_))), "{name} {value:?}");
    }
}

#[tokio::test]
async fn a_password_may_be_empty_and_a_user_has_no_colon() {
    let server = server().await;
    let variables = |name: &str| match name {
        "ACME_BASIC_USERNAME" => Some("key".into()),
        "ACME_BASIC_PASSWORD" => Some("".into()),
        _ => None,
    };
    let environment = runtime::Environment::from_fn("ACME", &variables);
    let builder = runtime::ClientBuilder::<crate::acme::Acme>::from_environment(environment).unwrap();
    builder.base_url(&server.url).build().unwrap().call("op", &[&["basic"]]).await.unwrap();
    // RFC 7617, computed by coreutils: printf 'key:' | base64
    assert_eq!(server.only().one("authorization"), "Basic a2V5Og==");
}

#[tokio::test]
async fn a_signer_stands_in_for_a_scheme_that_nobody_explains() {
    let server = server().await;
    let (_, recipe) = <crate::acme::Acme as runtime::Provider>::schemes().remove(3);
    let credentials = runtime::auth::Credentials::new().secret("key", "brought");
    let signer = runtime::auth::check(recipe).unwrap().prepare(&credentials).unwrap();
    let client = builder(&server.url).signer("nowhere", signer).build().unwrap();
    client.call("op", &[&["nowhere"]]).await.unwrap();
    assert_eq!(server.only().one("x-api-key"), "brought");
}
