//! The embedded provider itself, called by a plain client that signs with the verifier's own code.

use countersign_tests::clock::Time;
use countersign_tests::document::{Document, Operation};
use countersign_tests::exact::{self, Exact};
use countersign_tests::provider::{Exchange, Instead, Provider};
use countersign_tests::sample::{PNG, Sampler, Turns};
use countersign_tests::schema;
use countersign_tests::verify::clutch::{Clutch, IdForm, sign};
use countersign_tests::verify::{Received, Verdict};
use http::HeaderMap;

const KEY: &str = "brand-key-1";
const SECRET: &str = "brand secret, not hex";

async fn provider() -> Provider {
    let document = Document::of("clutch").expect("the spec");
    let verifier = Box::new(Clutch::new(KEY, SECRET, IdForm::Any));
    Provider::start(document, verifier, Time::manual()).await.expect("a port")
}

/// Sends a request of the operation, signed under this id, or not at all.
async fn call(
    provider: &Provider,
    operation: &Operation,
    id: Option<&str>,
    body: Option<String>,
) -> (Exchange, Vec<u8>) {
    let request = Received {
        method: operation.method.clone(),
        target: operation.path.replace("{captchaID}", "c%2F1").replace("{tokenID}", "t"),
        headers: HeaderMap::new(),
        body: body.clone().unwrap_or_default().into_bytes(),
    };
    let url = format!("{}{}", provider.base_url(), request.target);
    let mut sent = reqwest::Client::new().request(request.method.parse().expect("a method"), url);
    for (name, value) in
        id.map(|id| sign(KEY, SECRET, id, &provider.time().now_ms().to_string(), &request)).into_iter().flatten()
    {
        sent = sent.header(name, value);
    }
    if let Some(body) = body {
        sent = sent.header("content-type", "application/json; charset=utf-8").body(body);
    }
    let response = sent.send().await.expect("an answer");
    let exchange = provider.take().pop().expect("an exchange");
    assert_eq!(response.status().as_u16(), exchange.answer.status);
    let came = response.headers().get("content-type").and_then(|value| value.to_str().ok()).map(str::to_owned);
    assert_eq!(came, exchange.answer.media_type);
    (exchange, response.bytes().await.expect("a body").to_vec())
}

fn good_body(provider: &Provider, operation: &Operation) -> Option<String> {
    let (_, schema) = operation.body.as_ref()?.content.first()?;
    Some(Sampler::new(provider.document(), &mut Turns::default()).answer(schema, None).write())
}

#[tokio::test]
async fn every_operation_is_answered_in_full() {
    let provider = provider().await;
    for (index, operation) in provider.document().operations.iter().enumerate() {
        let id = format!("id-{index}");
        let signed = (!operation.security.is_empty()).then_some(id.as_str());
        let (exchange, body) = call(&provider, operation, signed, good_body(&provider, operation)).await;
        let expected = if signed.is_some() { Verdict::Verified } else { Verdict::Unsigned };
        assert_eq!(exchange.verdict, Some(expected), "{}", operation.id);
        assert_eq!((exchange.problems, exchange.answer.status), (Vec::new(), 200), "{}", operation.id);
        assert_eq!(exchange.operation.as_ref(), Some(&operation.id));
        match &operation.answer.content {
            Some((media_type, schema)) if media_type == "application/json" => {
                let sent = exact::read(std::str::from_utf8(&body).expect("UTF-8")).expect("JSON");
                assert_eq!(Some(&sent), exchange.answer.json.as_ref());
                assert_eq!(schema::problems(provider.document(), schema, &sent), Vec::<String>::new());
                assert_eq!(sent.get("success").unwrap_or(&Exact::Bool(true)), &Exact::Bool(true));
            }
            Some(_) => assert_eq!((exchange.answer.media_type.as_deref(), &body[..]), (Some("image/png"), PNG)),
            None => assert_eq!(exchange.answer.media_type, None),
        }
    }
}

#[tokio::test]
async fn what_does_not_fit_is_said() {
    let provider = provider().await;
    let operation = |id: &str| provider.document().operation(id).expect("an operation").clone();

    let (exchange, _) = call(&provider, &operation("show_captcha"), Some("1"), None).await;
    assert_eq!(
        exchange.verdict,
        Some(Verdict::Refused("x-application-key on an operation without credentials".to_owned()))
    );
    let (exchange, body) = call(&provider, &operation("list_fields"), None, None).await;
    assert_eq!(exchange.verdict, Some(Verdict::Refused("x-application-key is missing".to_owned())));
    assert_eq!(
        (exchange.answer.status, exact::read(std::str::from_utf8(&body).expect("UTF-8")).expect("JSON")),
        (401, exact::read(r#"{"success": false}"#).expect("JSON"))
    );

    let event = operation("register_event");
    let (exchange, _) = call(&provider, &event, Some("2"), Some(r#"{"token": "t", "x": 1}"#.to_owned())).await;
    assert_eq!(exchange.problems, ["the body lacks the member categoryId", "/x is not declared"]);
    assert_eq!((exchange.verdict, exchange.answer.status), (Some(Verdict::Verified), 400));
    let (exchange, _) = call(&provider, &event, Some("3"), None).await;
    assert_eq!(exchange.problems, ["the media type None is not declared"]);
    let mut queried = operation("list_fields");
    queried.path.push_str("?page=2");
    let (exchange, _) = call(&provider, &queried, Some("4"), Some("{}".to_owned())).await;
    assert_eq!(
        exchange.problems,
        ["the query holds page, which is not declared", "a body came where none is declared"]
    );
    let nowhere = Operation { path: "/nowhere".to_owned(), ..operation("list_fields") };
    let (exchange, _) = call(&provider, &nowhere, Some("5"), None).await;
    assert_eq!((exchange.operation, exchange.verdict, exchange.answer.status), (None, Some(Verdict::Verified), 404));
}

#[tokio::test]
async fn answers_can_be_changed() {
    let provider = provider().await;
    let fields = provider.document().operation("list_fields").expect("an operation").clone();
    provider.next(Instead::Lose);
    let (exchange, body) = call(&provider, &fields, Some("1"), None).await;
    assert_eq!((exchange.verdict, exchange.answer.status, body), (None, 503, Vec::new()));
    let (exchange, _) = call(&provider, &fields, Some("1"), None).await;
    assert_eq!(exchange.verdict, Some(Verdict::Verified), "a request that got lost uses nothing up");
    provider.next(Instead::Status(429));
    provider.next(Instead::Json("{}".to_owned()));
    assert_eq!(call(&provider, &fields, Some("2"), None).await.0.answer.status, 429);
    assert_eq!(call(&provider, &fields, Some("3"), None).await.1, b"{}");
    let (exchange, _) = call(&provider, &fields, Some("3"), None).await;
    assert_eq!(exchange.verdict, Some(Verdict::Refused("the request id was used before".to_owned())));
}
