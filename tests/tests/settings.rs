//! What App's Miles leaves open, set through the client's builder: a provider that is set the same way takes
//! it, one that is not refuses it.

use appsmiles_client::types::{ActionRequest, ClientCredentials, UserActionRequest};
use appsmiles_client::{BuildError, ClientBuilder};
use countersign_auth::SigningOptions;
use countersign_auth::parse_template;
use countersign_auth::recipe::PhpArrays;
use countersign_tests::accounts::appsmiles::{SERVICE_TOKEN, USER_TOKEN, builder, verifier};
use countersign_tests::accounts::serve;
use countersign_tests::clock::Time;
use countersign_tests::provider::{Exchange, Provider};
use countersign_tests::verify::Verdict;
use countersign_tests::verify::appsmiles::{Carrier, Choices, Maps};
use serde_json::json;

const SCHEMES: [&str; 3] = ["appsmiles_none", "appsmiles_user", "appsmiles_backend"];

async fn provider(choices: Choices) -> Provider {
    serve("appsmiles", verifier(choices), &Time::manual()).await.expect("a port")
}

fn with(builder: ClientBuilder, options: &SigningOptions) -> ClientBuilder {
    SCHEMES.into_iter().fold(builder, |builder, scheme| builder.signing_option(scheme, options.clone()))
}

/// Makes calls of all three schemes, with and without a body; both sides are set the same way. Then the same
/// calls go to a provider that is set as the spec says, and `noticed` says which of them it refuses.
async fn agree(options: &SigningOptions, choices: Choices, noticed: [bool; 4]) -> Vec<Exchange> {
    let chosen = provider(choices).await;
    let exchanges = calls(&chosen, options).await;
    for exchange in &exchanges {
        assert_eq!((&exchange.verdict, exchange.answer.status), (&Some(Verdict::Verified), 200), "{exchange:#?}");
        assert_eq!(exchange.problems, Vec::<String>::new());
    }
    let usual = provider(Choices::default()).await;
    let refused: Vec<bool> =
        calls(&usual, options).await.iter().map(|exchange| exchange.verdict != Some(Verdict::Verified)).collect();
    assert_eq!(refused, noticed, "what a provider refuses that is not set the same way");
    exchanges
}

#[expect(deprecated, reason = "the one request with a free map")]
async fn calls(provider: &Provider, options: &SigningOptions) -> Vec<Exchange> {
    let client = with(builder(provider), options).build().expect("a client");
    let segments = json!({"empty": {}, "0": {"1": [{}]}}).as_object().cloned().expect("a map");
    let credentials = ClientCredentials::new("zoë/1@example.com", "c-1").with_segments(segments);
    drop(client.check_client_credentials(&credentials).await);
    drop(client.user(USER_TOKEN).list_gifts().extra_header("Accept-Language", "fr-FR, en;q=0.5").await);
    drop(
        client.user(USER_TOKEN).store_action(&ActionRequest::new("t/1 é")).extra_header("Accept-Language", "fr").await,
    );
    drop(client.backend(SERVICE_TOKEN).store_user_action(&UserActionRequest::new("a", "fr", "c", "t")).await);
    let exchanges = provider.take();
    assert_eq!(exchanges.len(), 4);
    exchanges
}

#[tokio::test]
async fn nothing_set() {
    let exchanges = agree(&SigningOptions::new(), Choices::default(), [false; 4]).await;
    assert_eq!(
        body(&exchanges[0]),
        r#"{"email":"zo\u00eb\/1@example.com","partnerClientId":"c-1","segments":{"0":{"1":[[]]},"empty":[]}}"#
    );
    assert_eq!(body(&exchanges[1]), "[]");
    assert_eq!(exchanges[1].request.headers["content-type"], "application/json");
}

#[tokio::test]
async fn the_token_in_another_header() {
    let template = parse_template("{token}").expect("a template");
    let options = SigningOptions::new().headers([("X-Authorization", template)]);
    let choices = Choices { carrier: Carrier::Header("x-authorization"), ..Choices::default() };
    let exchanges = agree(&options, choices, [true; 4]).await;
    assert!(exchanges.iter().all(|exchange| !exchange.request.headers.contains_key("authorization")));
}

#[tokio::test]
async fn the_body_as_the_caller_wrote_it() {
    let options = SigningOptions::new().body(None);
    let choices = Choices { body_is_what_was_signed: false, ..Choices::default() };
    // The last one has no character that PHP would escape: it is the same text either way.
    let exchanges = agree(&options, choices, [true, true, true, false]).await;
    assert_eq!(body(&exchanges[2]), r#"{"tagId":"t/1 é"}"#);
    assert_eq!(body(&exchanges[1]), "");
}

#[tokio::test]
async fn maps_held_as_objects() {
    let arrays = PhpArrays::Object;
    let options = SigningOptions::new().arrays("data_body", arrays).arrays("data_header", arrays);
    let choices = Choices { body_maps: Maps::Objects, header_maps: Maps::Objects, ..Choices::default() };
    // Noticed where a map is empty: in the first body.
    let exchanges = agree(&options, choices, [true, false, false, false]).await;
    assert!(body(&exchanges[0]).ends_with(r#""segments":{"0":{"1":[{}]},"empty":{}}}"#), "{}", body(&exchanges[0]));
}

#[tokio::test]
async fn other_headers_covered() {
    let names = ["Accept-Language", "Content-Type"];
    let options = SigningOptions::new().only("data_header", names);
    let choices = Choices { covered: names.map(str::to_owned).to_vec(), ..Choices::default() };
    // Noticed where the header is there.
    agree(&options, choices, [false, true, true, false]).await;
}

#[tokio::test]
async fn no_headers_covered() {
    let options = SigningOptions::new().only("data_header", [""; 0]);
    let choices = Choices { covered: Vec::new(), ..Choices::default() };
    agree(&options, choices, [true; 4]).await;
}

#[tokio::test]
async fn another_text_for_no_body() {
    for text in ["{}", "null", "\"\""] {
        let options = SigningOptions::new().without_body("data_body", Some(text.into()));
        let choices = Choices { without_body: text.to_owned(), ..Choices::default() };
        // PHP prints `null` and `""` as they are, so a provider that expects `[]` can't tell.
        let exchanges = agree(&options, choices, [false, text == "{}", false, false]).await;
        assert_eq!(body(&exchanges[1]), text);
    }
}

/// The verb is assumed in the spec, and is not signed.
#[tokio::test]
async fn another_method() {
    let provider = provider(Choices::default()).await;
    let client = builder(&provider)
        .method_of(|operation| if operation.id == "list_gifts" { http::Method::PUT } else { http::Method::POST })
        .build()
        .expect("a client");
    drop(client.user(USER_TOKEN).list_gifts().await);
    drop(client.backend(SERVICE_TOKEN).store_user_action(&UserActionRequest::new("a", "fr", "c", "t")).await);
    let exchanges = provider.take();
    let seen: Vec<(&str, u16)> = exchanges.iter().map(|e| (e.request.method.as_str(), e.answer.status)).collect();
    assert_eq!(seen, [("PUT", 404), ("POST", 200)]);
}

/// What is not open can't be set, and a scheme that is not there neither.
#[test]
fn the_rest_is_fixed() {
    let attempt = |scheme: &str, options: SigningOptions| {
        appsmiles_client::Client::builder().signing_option(scheme, options).build()
    };
    let only = || SigningOptions::new().only("data_header", ["Accept"]);
    assert!(attempt("appsmiles_user", only()).is_ok());
    assert!(matches!(attempt("appsmiles", only()), Err(BuildError::UnknownScheme { .. })));
    let fixed = SigningOptions::new().without_body("data_header", None);
    assert!(matches!(attempt("appsmiles_user", fixed), Err(BuildError::Options(_))));
    let unknown = SigningOptions::new().arrays("data", PhpArrays::Object);
    assert!(matches!(attempt("appsmiles_user", unknown), Err(BuildError::Options(_))));
}

fn body(exchange: &Exchange) -> &str {
    std::str::from_utf8(&exchange.request.body).expect("text")
}
