//! A receiver as a whole: what is answered, what runs, what is told to whom.

use super::testing::Sender;
use super::*;
use bytes::Bytes;
use countersign_auth::recipe::{
    Carrier, Encoding, Escape, Expression, HashAlgorithm, Input, JwsPayload, KeyEncoding, Lifetime, Operation, Output,
    RandomForm, RequestPart, Rules, Send as Sent, Source, Step, Substitutes, Template, TemplatePart, TimeForm,
};
use countersign_auth::{Clock, Credentials, UnixTime};
use http::header::{AUTHORIZATION, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

/// A token for each request: `iss`, the MD5 of the body, `exp`, `jti`.
pub(super) struct Paid;

#[derive(serde::Deserialize, Debug)]
pub(super) struct PaidEvent {
    pub(super) amount: u32,
}

impl Webhook for Paid {
    type Event = PaidEvent;
    const INFO: &'static WebhookInfo =
        &WebhookInfo { provider: "acme", event: "paid", scheme: "acme", dedupe: Some("/eventId") };

    fn recipe() -> Recipe {
        jwt(&["nonce"])
    }
}

/// The same without a value of the body that tells events apart.
struct Once;

impl Webhook for Once {
    type Event = PaidEvent;
    const INFO: &'static WebhookInfo = &WebhookInfo { provider: "acme", event: "once", scheme: "acme", dedupe: None };

    fn recipe() -> Recipe {
        jwt(&["nonce"])
    }
}

/// Nothing tells events apart.
struct Bare;

impl Webhook for Bare {
    type Event = PaidEvent;
    const INFO: &'static WebhookInfo = &WebhookInfo { provider: "acme", event: "bare", scheme: "acme", dedupe: None };

    fn recipe() -> Recipe {
        jwt(&[])
    }
}

/// Covers the URL.
pub(super) struct Placed;

impl Webhook for Placed {
    type Event = PaidEvent;
    const INFO: &'static WebhookInfo =
        &WebhookInfo { provider: "acme", event: "placed", scheme: "placed", dedupe: Some("/eventId") };

    fn recipe() -> Recipe {
        let source = |part| Input::Source(Source::Request(part));
        let concat = Operation::Concat {
            parts: vec![source(RequestPart::Url), source(RequestPart::Body)].into(),
            separator: " ".into(),
            substitutes: Substitutes::default(),
        };
        let signature = Operation::Hmac {
            algorithm: HashAlgorithm::Sha256,
            key: "secret".into(),
            of: Input::Step("text".into()),
            encode: Encoding::Hex,
            substitutes: Substitutes::default(),
        };
        let steps = [
            ("secret", Expression::Source(key())),
            ("text", Expression::Operation(concat)),
            ("signature", Expression::Operation(signature)),
        ];
        recipe("placed", steps, ("X-Signature", vec![TemplatePart::Step("signature".into())]), Rules::default())
    }
}

fn key() -> Source {
    Source::Key { name: "secret_key".into(), decode: KeyEncoding::Utf8, strip_prefix: None }
}

fn jwt(single_use: &'static [&'static str]) -> Recipe {
    let digest = Operation::Hash {
        algorithm: HashAlgorithm::Md5,
        of: Input::Source(Source::Request(RequestPart::Body)),
        encode: Encoding::Hex,
        substitutes: Substitutes::default(),
    };
    let claim = |name: &'static str, step: &'static str| (name.into(), Input::Step(step.into()));
    let claims =
        [claim("iss", "issuer"), claim("sub", "content_digest"), claim("exp", "expires"), claim("jti", "nonce")];
    let token = Operation::Jws {
        algorithm: HashAlgorithm::Sha256,
        key: "secret".into(),
        header: vec![("alg".into(), "HS256".into()), ("typ".into(), "JWT".into())].into(),
        payload: JwsPayload::Claims(claims.to_vec().into()),
        escape: Escape::Minimal,
    };
    let steps = [
        ("issuer", Expression::Source(Source::Credential { name: "application_id".into(), secret: false })),
        ("secret", Expression::Source(key())),
        ("content_digest", Expression::Operation(digest)),
        ("expires", Expression::Source(Source::Time { form: TimeForm::UnixSeconds, plus_seconds: 300 })),
        ("nonce", Expression::Source(Source::Random { form: RandomForm::UuidV4, max_length: None })),
        ("token", Expression::Operation(token)),
    ];
    let bearer = vec![TemplatePart::Text("Bearer ".into()), TemplatePart::Step("token".into())];
    let rules = Rules {
        single_use: single_use.iter().map(|step| (*step).into()).collect::<Vec<_>>().into(),
        freshness: None,
        lifetime: Some(Lifetime { of: "expires".into(), max_seconds: 3600 }),
    };
    recipe("acme", steps, ("Authorization", bearer), rules)
}

fn recipe<const N: usize>(
    name: &'static str,
    steps: [(&'static str, Expression); N],
    header: (&'static str, Vec<TemplatePart>),
    rules: Rules,
) -> Recipe {
    let step =
        |(name, value): (&'static str, Expression)| Step { name: name.into(), value, settable: Vec::new().into() };
    let carrier = Carrier::One(Template { parts: header.1.into() });
    let send = Sent { headers: vec![(header.0.into(), carrier)].into(), ..Sent::default() };
    Recipe { name: name.into(), steps: steps.map(step).to_vec().into(), output: Output::Send(send), rules }
}

#[derive(Clone, Debug)]
pub(super) struct Hand(Arc<AtomicI64>);

impl Hand {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_800_000_000)))
    }

    fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::Relaxed))
    }
}

pub(super) const BODY: &str = r#"{"eventId":"e-1","amount":7}"#;
const KEY: &str = "canary-key-0123456789abcdef01234567";

pub(super) fn credentials() -> Credentials {
    Credentials::new().text("application_id", "cdlx:1").key("secret_key", KEY)
}

pub(super) fn receiver(clock: &Hand) -> ReceiverBuilder<Paid> {
    Receiver::builder().credentials(credentials()).clock(clock.clone())
}

pub(super) fn sender<W: Webhook>(clock: &Hand) -> Sender<W> {
    Sender::new(&credentials()).unwrap().clock(clock.clone())
}

async fn ok(_: PaidEvent) -> Result<(), ()> {
    Ok(())
}

async fn never(_: PaidEvent) -> Result<(), ()> {
    panic!("ran")
}

async fn failing(_: PaidEvent) -> Result<(), ()> {
    Err(())
}

fn cause(response: &Response<Bytes>) -> &Cause {
    response.extensions().get::<Rejection>().unwrap().cause()
}

#[tokio::test]
async fn an_event_runs_once() {
    let clock = Hand::new();
    let (receiver, sender) = (receiver(&clock).build().unwrap(), sender::<Paid>(&clock));
    let ran = AtomicU32::new(0);
    let run = async |event: PaidEvent| {
        ran.fetch_add(event.amount, Ordering::Relaxed);
        Ok::<(), ()>(())
    };
    let first = sender.valid(BODY).unwrap();
    let response = receiver.handle(first.clone(), run).await;
    assert_eq!((response.status(), response.extensions().get()), (StatusCode::OK, Some(&Handled::Done)));
    assert!(response.body().is_empty());
    // The same token, and a redelivery with another: both are copies.
    for copy in [first, sender.valid(BODY).unwrap()] {
        let response = receiver.handle(copy, never).await;
        assert_eq!((response.status(), cause(&response)), (StatusCode::OK, &Cause::Duplicate));
    }
    clock.forward(6 * 24 * 3600);
    assert_eq!(receiver.handle(sender.valid(BODY).unwrap(), never).await.status(), 200);
    assert_eq!(ran.load(Ordering::Relaxed), 7);
    let other = r#"{"eventId":"e-2","amount":1}"#;
    receiver.handle(sender.valid(other).unwrap(), run).await;
    assert_eq!(ran.load(Ordering::Relaxed), 8);
}

#[tokio::test]
async fn a_failed_event_runs_again_with_the_same_token_too() {
    let clock = Hand::new();
    let (receiver, sender) = (receiver(&clock).build().unwrap(), sender::<Paid>(&clock));
    let request = sender.valid(BODY).unwrap();
    let response = receiver.handle(request.clone(), failing).await;
    assert_eq!((response.status().as_u16(), response.extensions().get()), (500, Some(&Handled::Failed)));
    let response = receiver.handle(request, ok).await;
    assert_eq!((response.status().as_u16(), response.extensions().get()), (200, Some(&Handled::Done)));
}

#[tokio::test]
async fn copies_wait_while_the_first_is_handled() {
    let clock = Hand::new();
    let (receiver, sender) = (receiver(&clock).build().unwrap(), sender::<Paid>(&clock));
    let delivery = receiver.receive(sender.valid(BODY).unwrap()).await.unwrap();
    assert_eq!(delivery.event().amount, 7);
    let response = receiver.handle(sender.valid(BODY).unwrap(), never).await;
    assert_eq!((response.status().as_u16(), &response.headers()[RETRY_AFTER]), (503, &HeaderValue::from(60)));
    delivery.release().await.unwrap();
    let delivery = receiver.receive(sender.valid(BODY).unwrap()).await.unwrap();
    delivery.commit().await.unwrap();
    let rejection = receiver.receive(sender.valid(BODY).unwrap()).await.unwrap_err();
    assert_eq!((rejection.kind(), rejection.status().as_u16()), (RejectionKind::Duplicate, 200));
}

#[tokio::test]
async fn a_dropped_delivery_holds_the_event_until_its_lease_ends() {
    let clock = Hand::new();
    let millis = Arc::new(AtomicI64::new(0));
    let now = Arc::clone(&millis);
    let now = move || Duration::from_millis(u64::try_from(now.load(Ordering::Relaxed)).unwrap());
    let store = MemoryReplayStore::with_time(10, now);
    let receiver = receiver(&clock).replay(store).lease(Duration::from_millis(1500)).build().unwrap();
    let sender = sender::<Paid>(&clock);
    drop(receiver.receive(sender.valid(BODY).unwrap()).await.unwrap());
    let rejection = receiver.receive(sender.valid(BODY).unwrap()).await.unwrap_err();
    assert_eq!(rejection.retry_after(), Some(2));
    millis.store(1500, Ordering::Relaxed);
    assert_eq!(receiver.handle(sender.valid(BODY).unwrap(), ok).await.status(), 200);
}

#[tokio::test]
async fn a_thousand_copies_run_once() {
    let clock = Hand::new();
    let (receiver, sender) = (receiver(&clock).build().unwrap(), sender::<Paid>(&clock));
    let ran = Arc::new(AtomicU32::new(0));
    let mut copies = tokio::task::JoinSet::new();
    for at in 0..1000 {
        let (receiver, ran) = (receiver.clone(), Arc::clone(&ran));
        let request = sender.valid(BODY).unwrap();
        copies.spawn(async move {
            let run = async |_| {
                ran.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(at % 5)).await;
                Ok::<(), ()>(())
            };
            receiver.handle(request, run).await.status().as_u16()
        });
    }
    let statuses = copies.join_all().await;
    assert!(statuses.iter().all(|status| [200, 503].contains(status)));
    assert_eq!(ran.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_signature_has_one_answer() {
    let clock = Hand::new();
    let receiver = receiver(&clock).build().unwrap();
    let sender = sender::<Paid>(&clock);
    let mut exchanged = sender.valid(BODY).unwrap();
    let other = Sender::<Paid>::new(&Credentials::new().text("application_id", "cdlx:1").key("secret_key", "other"));
    let foreign = Sender::<Paid>::new(&Credentials::new().text("application_id", "cdlx:2").key("secret_key", KEY));
    let mut doubled = sender.valid(BODY).unwrap();
    let token = doubled.headers()[AUTHORIZATION].clone();
    doubled.headers_mut().append(AUTHORIZATION, token);
    let mut huge = sender.valid(BODY).unwrap();
    huge.headers_mut()
        .insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", "a".repeat(1 << 24))).unwrap());
    *exchanged.body_mut() = Bytes::from_static(b"not json");
    let requests = [
        sender.unsigned(BODY).unwrap(),
        sender.expired(BODY).unwrap(),
        sender.too_far_ahead(BODY).unwrap(),
        sender.tampered(BODY).unwrap(),
        sender.forged(BODY).unwrap(),
        other.unwrap().clock(clock.clone()).valid(BODY).unwrap(),
        foreign.unwrap().clock(clock.clone()).valid(BODY).unwrap(),
        doubled,
        huge,
        exchanged,
        Request::new(Bytes::new()),
    ];
    for (at, request) in requests.into_iter().enumerate() {
        let response = receiver.handle(request, never).await;
        assert!(matches!(cause(&response), Cause::Signature(_)), "{at}: {:?}", cause(&response));
        assert_eq!(public(&response), REFUSAL, "{at}");
    }
    // None of them took a place.
    assert_eq!(receiver.handle(sender.valid(BODY).unwrap(), ok).await.status(), 200);
}

const REFUSAL: &str = "401 [(\"content-type\", \"text/plain; charset=utf-8\"), (\"www-authenticate\", \"Bearer\")] \
                       b\"request could not be verified\"";

fn public(response: &Response<Bytes>) -> String {
    let headers: Vec<_> = response.headers().iter().map(|(name, value)| (name.as_str(), value)).collect();
    format!("{} {headers:?} {:?}", response.status().as_u16(), response.body())
}

/// Says of each once-only value that another event had it.
#[derive(Debug)]
struct Seen;

impl ReplayStore for Seen {
    fn reserve<'a>(&'a self, _: &'a ReplayKey, _: Duration) -> StoreFuture<'a, Reservation> {
        Box::pin(async { panic!("reserved") })
    }

    fn commit<'a>(&'a self, _: &'a ReplayKey, _: &'a ReservationToken, _: Duration) -> StoreFuture<'a, ()> {
        Box::pin(async { panic!("committed") })
    }

    fn release<'a>(&'a self, _: &'a ReplayKey, _: &'a ReservationToken) -> StoreFuture<'a, ()> {
        Box::pin(async { panic!("released") })
    }

    fn claim<'a>(&'a self, once: &'a ReplayKey, event: &'a ReplayKey, remember: Duration) -> StoreFuture<'a, Claim> {
        assert!(once.as_str().starts_with("cdlx%3A1:%once:nonce:"));
        assert_eq!(event.as_str(), "cdlx%3A1:paid:e-1");
        assert!(remember >= Duration::from_secs(300) && remember < Duration::from_secs(400));
        Box::pin(async { Ok(Claim::Another) })
    }
}

#[tokio::test]
async fn a_token_that_came_with_another_event_is_refused_like_any() {
    let clock = Hand::new();
    let receiver = receiver(&clock).replay(Seen).build().unwrap();
    let response = receiver.handle(sender::<Paid>(&clock).valid(BODY).unwrap(), never).await;
    assert_eq!(cause(&response), &Cause::Replayed { step: "nonce".into() });
    assert_eq!(public(&response), REFUSAL);
}

#[tokio::test]
async fn the_body_is_capped_before_anything_is_computed() {
    let clock = Hand::new();
    let receiver = receiver(&clock).body_limit(BODY.len()).build().unwrap();
    let sender = sender::<Paid>(&clock);
    let long = format!("{BODY} ");
    for request in [sender.valid(long.clone()).unwrap(), sender.unsigned(long).unwrap()] {
        let response = receiver.handle(request, never).await;
        assert_eq!((response.status().as_u16(), cause(&response)), (413, &Cause::TooLarge { limit: 28 }));
    }
    assert_eq!(receiver.handle(sender.valid(BODY).unwrap(), ok).await.status(), 200);
}

#[tokio::test]
async fn a_verified_body_that_is_not_the_event_is_told_so() {
    let clock = Hand::new();
    let receiver = receiver(&clock).build().unwrap();
    let sender = sender::<Paid>(&clock);
    for body in [
        "",
        "canary",
        r#"{"amount":7}"#,
        r#"{"eventId":null,"amount":7}"#,
        r#"{"eventId":"canary","eventId":"e-2","amount":7}"#,
        r#"{"eventId":"e-1","amount":"canary"}"#,
        r#"{"eventId":"e-1"}"#,
    ] {
        let response = receiver.handle(sender.valid(body).unwrap(), never).await;
        assert_eq!(response.status(), 400, "{body}");
        let shown = format!("{} {:?} {response:?}", cause(&response), cause(&response));
        assert!(!shown.contains("canary"), "{shown}");
        // The same bytes without a signature tell nothing.
        assert_eq!(receiver.handle(sender.unsigned(body).unwrap(), never).await.status(), 401, "{body}");
    }
    // None of them reserved the event.
    assert_eq!(receiver.handle(sender.valid(BODY).unwrap(), ok).await.status(), 200);
    let number = r#"{"eventId":17,"amount":7}"#;
    assert_eq!(receiver.verify(&sender.valid(number).unwrap()).unwrap().dedupe(), Some("17"));
}

#[tokio::test]
async fn a_store_that_fails_refuses() {
    let clock = Hand::new();
    let receiver = receiver(&clock).replay(MemoryReplayStore::with_capacity(1)).build().unwrap();
    let response = receiver.handle(sender::<Paid>(&clock).valid(BODY).unwrap(), never).await;
    assert_eq!(cause(&response), &Cause::Store(ReplayStoreError::Full { capacity: 1 }));
    assert_eq!((response.status().as_u16(), &response.headers()[RETRY_AFTER]), (503, &HeaderValue::from(30)));
}

#[tokio::test]
async fn both_keys_count_while_they_are_changed() {
    let clock = Hand::new();
    let both = Credentials::new().text("application_id", "cdlx:1").keys("secret_key", ["new", KEY]);
    let receiver = receiver(&clock).credentials(both).build().unwrap();
    assert!(receiver.verify(&sender::<Paid>(&clock).valid(BODY).unwrap()).is_ok());
}

#[tokio::test]
async fn leeway_is_as_set() {
    let clock = Hand::new();
    let exact = receiver(&clock).build().unwrap();
    let wide = receiver(&clock).leeway(Duration::from_secs(60)).build().unwrap();
    let request = sender::<Paid>(&clock).valid(BODY).unwrap();
    clock.forward(299);
    assert!(exact.verify(&request).is_ok());
    clock.forward(1);
    assert!(exact.verify(&request).is_err());
    clock.forward(59);
    assert!(wide.verify(&request).is_ok());
    clock.forward(1);
    assert!(wide.verify(&request).is_err());
    let error = receiver(&clock).leeway(Duration::from_millis(60_001)).build().unwrap_err();
    assert!(matches!(error, ReceiverError::Prepare(_)));
}

#[tokio::test]
async fn without_a_value_in_the_body_the_token_tells_events_apart() {
    let clock = Hand::new();
    let receiver = Receiver::<Once>::builder().credentials(credentials()).clock(clock.clone()).build().unwrap();
    let request = sender::<Once>(&clock).valid(BODY).unwrap();
    assert_eq!(receiver.handle(request.clone(), ok).await.status(), 200);
    assert_eq!(cause(&receiver.handle(request, never).await), &Cause::Duplicate);
}

#[tokio::test]
async fn without_any_value_a_receiver_says_so() {
    let clock = Hand::new();
    let builder = || Receiver::<Bare>::builder().credentials(credentials()).clock(clock.clone());
    assert!(matches!(builder().build(), Err(ReceiverError::NothingToDedupe)));
    let receiver = builder().without_replay_guard().build().unwrap();
    let request = sender::<Bare>(&clock).valid(BODY).unwrap();
    for _ in 0..2 {
        let response = receiver.handle(request.clone(), ok).await;
        assert_eq!(response.extensions().get(), Some(&Handled::Done));
    }
}

#[tokio::test]
async fn a_recipe_that_covers_the_url_takes_it_from_the_base() {
    let clock = Hand::new();
    let builder = || Receiver::<Placed>::builder().credentials(credentials()).clock(clock.clone());
    assert!(matches!(builder().build(), Err(ReceiverError::Unusable(_))));
    assert!(matches!(builder().base_url("nowhere").build(), Err(ReceiverError::BaseUrl(_))));
    let receiver = builder().base_url("https://shop.example/hooks/").build().unwrap();
    let sender = sender::<Placed>(&clock).base_url("https://shop.example/hooks").target("/paid?x=1");
    let mut request = sender.valid(BODY).unwrap();
    assert_eq!(request.uri(), "/hooks/paid?x=1");
    assert!(receiver.verify(&request).is_ok());
    // As HTTP/2 servers hand it on, and behind a proxy that takes the prefix off.
    for uri in ["https://10.0.0.1/hooks/paid?x=1", "/paid?x=1"] {
        *request.uri_mut() = uri.parse().unwrap();
        assert!(receiver.verify(&request).is_ok(), "{uri}");
    }
    for uri in ["/hooks/paid", "/hooks/paid?x=2", "/hooks/other?x=1", "/hookspaid?x=1"] {
        *request.uri_mut() = uri.parse().unwrap();
        assert_eq!(public(&receiver.handle(request.clone(), never).await), REFUSAL.replace("Bearer", "Signature"));
    }
    assert!(matches!(sender.expired(BODY), Err(testing::SenderError::Timeless)));
}

#[tokio::test]
async fn nothing_prints_secrets_bodies_or_causes() {
    let clock = Hand::new();
    let builder = receiver(&clock);
    let mut shown = format!("{builder:?}");
    let receiver = builder.build().unwrap();
    let sender = sender::<Paid>(&clock);
    let body = r#"{"eventId":"canary","amount":7}"#;
    let webhook = receiver.verify(&sender.valid(body).unwrap()).unwrap();
    shown += &format!("{receiver:#?} {sender:?} {webhook:?} {webhook:#?}");
    let delivery = receiver.receive(sender.valid(body).unwrap()).await.unwrap();
    shown += &format!("{delivery:?}");
    let (_, lease) = delivery.into_parts();
    shown += &format!("{lease:?}");
    let rejection = receiver.verify(&sender.expired(body).unwrap()).unwrap_err();
    shown += &format!("{rejection} {rejection:?}");
    assert!(std::error::Error::source(&rejection).is_none());
    assert!(!shown.contains("canary") && !shown.contains("past"), "{shown}");
    assert_eq!(rejection.cause().to_string(), "`expires` is past");
}
