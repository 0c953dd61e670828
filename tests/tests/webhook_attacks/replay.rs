//! Replay: several requests to one receiver, in order; what comes back and how often the handler runs.

use crate::header::SetClock;
use bytes::Bytes;
use cardlytics_client::webhooks::{Receiver, RewardWebhook};
use countersign_tests::forge::{BODY, NOW, SECRET, Token, credentials, json_text};
use countersign_tests::mutations::Webhook;
use http::Request;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

/// One request of a story.
struct Step {
    /// The id of the event in the body.
    event: &'static str,
    /// The id of the token.
    nonce: &'static str,
    /// Whether the handler succeeds.
    succeeds: bool,
    /// Seconds since the first request.
    after: i64,
    /// What must come back.
    status: u16,
    /// How often the handler has run by then.
    runs: usize,
}

const fn step(event: &'static str, nonce: &'static str, succeeds: bool, after: i64, status: u16, runs: usize) -> Step {
    Step { event, nonce, succeeds, after, status, runs }
}

/// Each story has a receiver of its own.
const STORIES: &[(&str, &[Step])] = &[
    ("the same request twice", &[step("a", "1", true, 0, 200, 1), step("a", "1", true, 0, 200, 1)]),
    ("a redelivery with a new jti after success", &[step("a", "1", true, 0, 200, 1), step("a", "2", true, 9, 200, 1)]),
    ("the same request after a failure", &[step("a", "1", false, 0, 500, 1), step("a", "1", true, 9, 200, 2)]),
    ("a redelivery after a failure", &[step("a", "1", false, 0, 500, 1), step("a", "2", true, 9, 200, 2)]),
    (
        "three failures, then success, then a copy",
        &[
            step("a", "1", false, 0, 500, 1),
            step("a", "2", false, 1, 500, 2),
            step("a", "3", false, 2, 500, 3),
            step("a", "4", true, 3, 200, 4),
            step("a", "5", true, 4, 200, 4),
        ],
    ),
    ("a jti that came with another event", &[step("a", "1", true, 0, 200, 1), step("b", "1", true, 1, 401, 1)]),
    ("two events", &[step("a", "1", true, 0, 200, 1), step("b", "2", true, 1, 200, 2)]),
    ("the same request after it expired", &[step("a", "1", true, 0, 200, 1), step("a", "1", true, 300, 401, 1)]),
    ("a failed one after it expired", &[step("a", "1", false, 0, 500, 1), step("a", "1", true, 300, 401, 1)]),
    ("ids in another case", &[step("a", "1", true, 0, 200, 1), step("A", "2", true, 1, 200, 2)]),
    ("an id that ends with the separator", &[step("a:1", "1", true, 0, 200, 1), step("a", "1:1", true, 1, 200, 2)]),
    (
        "a redelivery whose jti is another event's",
        &[step("a", "1", true, 0, 200, 1), step("b", "2", true, 1, 200, 2), step("a", "2", true, 2, 401, 2)],
    ),
];

/// The event with this id, signed.
fn request(event: &str, nonce: &str) -> Request<Bytes> {
    let body = BODY.replace("5f0c7b0e-6f1a-4a57-9a0e-0d8a3c5b1e22", event);
    let token = Token::for_body(body.as_bytes()).claim("jti", &json_text(nonce));
    let webhook = Webhook { token: token.text().into_bytes(), body: body.into_bytes() };
    webhook.request().expect("a header takes it")
}

fn receiver(clock: SetClock) -> Receiver<RewardWebhook> {
    Receiver::builder().credentials(credentials(&[SECRET])).clock(clock).build().expect("the settings fit")
}

/// How many stories there are.
pub(crate) fn count() -> usize {
    STORIES.len()
}

/// Runs all stories, and says which went wrong.
pub(crate) async fn run() -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, steps) in STORIES {
        let clock = SetClock(Arc::new(AtomicI64::new(NOW.as_millis())));
        let receiver = receiver(clock.clone());
        let runs = AtomicUsize::new(0);
        for (index, step) in steps.iter().enumerate() {
            clock.0.store(NOW.plus_seconds(step.after).as_millis(), Ordering::SeqCst);
            let response = receiver
                .handle(request(step.event, step.nonce), |_| {
                    runs.fetch_add(1, Ordering::SeqCst);
                    async { if step.succeeds { Ok(()) } else { Err(()) } }
                })
                .await;
            let came = (response.status().as_u16(), runs.load(Ordering::SeqCst));
            if came != (step.status, step.runs) {
                wrong.push(format!("{name}, request {index}: {came:?} and not {:?}", (step.status, step.runs)));
            }
        }
    }
    wrong
}

/// A copy that comes while the first is being handled gets 503 and a time to come back; after it, 200.
pub(crate) async fn while_handled() {
    let receiver = receiver(SetClock::at(NOW.as_millis()));
    let delivery = receiver.receive(request("a", "1")).await.expect("the first is fresh");
    for nonce in ["1", "2"] {
        let copy = receiver.handle(request("a", nonce), |_| async { Ok::<(), ()>(()) }).await;
        assert_eq!(copy.status(), 503);
        assert!(copy.headers().contains_key("retry-after"));
    }
    delivery.commit().await.expect("the memory is there");
    let copy = receiver.handle(request("a", "1"), |_| async { Err::<(), ()>(()) }).await;
    assert_eq!(copy.status(), 200, "the handler does not run");
}
