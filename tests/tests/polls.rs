//! Results that take their time, over real sockets: asked for until they are there, or until the deadline.

use clevertap_client::types::EventQuery;
use clevertap_client::{Client, Credentials};
use countersign_runtime::poll::PollErrorKind;
use countersign_tests::answers::{Answer, Answers, query};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(5);
/// Beyond what a double holds.
const ID: i64 = (1 << 53) + 1;

fn client(server: &Answers) -> Client {
    let credentials = Credentials::new("account", "passcode");
    Client::builder().base_url(server.url()).credentials(credentials).build().expect("a client")
}

fn asked() -> EventQuery {
    EventQuery::new("Charged", 20_260_101, 20_260_131)
}

fn partial() -> Answer {
    Answer::Json(200, json!({"status": "partial", "req_id": ID}).to_string())
}

fn done() -> Answer {
    Answer::Json(200, json!({"status": "success", "count": 7}).to_string())
}

/// A server that answers the call of each number; what came.
fn server(answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> (Answers, Arc<Mutex<Vec<String>>>) {
    let came = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&came);
    let count = AtomicUsize::new(0);
    let server = Answers::start(move |request| {
        let id = query(request, "req_id").map_or(String::new(), |id| format!(" {id}"));
        seen.lock().expect("no handler panics").push(format!("{}{id}", request.method));
        answer(count.fetch_add(1, Ordering::SeqCst))
    });
    (server, came)
}

#[tokio::test]
async fn a_result_is_asked_for_until_it_is_there() {
    let (server, came) = server(|call| if call < 4 { partial() } else { done() });
    let result = client(&server).count_events(&asked()).poll().interval(SHORT).await.expect("a result");
    assert_eq!(result.count, Some(7));
    let poll = format!("GET {ID}");
    assert_eq!(*came.lock().expect("the server is idle"), ["POST", &poll, &poll, &poll, &poll]);
}

#[tokio::test]
async fn a_result_that_is_there_at_once_is_not_asked_for() {
    let (server, came) = server(|_| done());
    let result = client(&server).count_events(&asked()).poll().await.expect("a result");
    assert_eq!(result.count, Some(7));
    assert_eq!(came.lock().expect("the server is idle").len(), 1);
}

/// The deadline ends it; the id is kept, and leads on without starting the work anew.
#[tokio::test]
async fn at_the_deadline_the_id_is_kept() {
    let ready = Arc::new(AtomicUsize::new(0));
    let is_ready = Arc::clone(&ready);
    let (server, came) = server(move |_| if is_ready.load(Ordering::SeqCst) > 0 { done() } else { partial() });
    let client = client(&server);
    let polling = client.count_events(&asked()).poll().interval(SHORT).longest_interval(SHORT);
    let error = polling.deadline(Duration::from_millis(400)).await.expect_err("it never ends");
    assert!(matches!(error.kind(), PollErrorKind::Deadline { .. }), "{error:?}");
    assert!(error.polls() > 1, "{error}");
    assert!(error.to_string().starts_with("no result within 0.4 s, asked "), "{error}");
    let id = error.id().expect("an id").to_owned();
    assert_eq!(id, ID.to_string());

    ready.store(1, Ordering::SeqCst);
    came.lock().expect("the server is idle").clear();
    let result = client.count_events(&asked()).poll_from(&id).interval(SHORT).await.expect("a result");
    assert_eq!(result.count, Some(7));
    let result = client.poll_event_count(ID).poll().await.expect("a result");
    assert_eq!(result.count, Some(7));
    let poll = format!("GET {ID}");
    assert_eq!(*came.lock().expect("the server is idle"), [poll.clone(), poll]);
}

/// A pause that would end after the deadline is not begun.
#[tokio::test]
async fn no_pause_goes_beyond_the_deadline() {
    let (server, came) = server(|_| partial());
    let polling = client(&server).count_events(&asked()).poll().interval(Duration::from_secs(600));
    let begin = Instant::now();
    let error = polling.longest_interval(Duration::from_secs(600)).deadline(Duration::from_secs(60)).await;
    assert!(matches!(error.expect_err("no result").kind(), PollErrorKind::Deadline { .. }));
    assert!(begin.elapsed() < Duration::from_secs(60));
    assert_eq!(came.lock().expect("the server is idle").len(), 1);
}

#[tokio::test]
async fn a_call_that_fails_and_an_id_that_is_missing_are_errors() {
    let (broken, _) = server(|call| match call {
        0 => partial(),
        _ => Answer::Json(400, json!({"status": "fail", "error": "no such request", "code": 400}).to_string()),
    });
    let error = client(&broken).count_events(&asked()).poll().interval(SHORT).await.expect_err("refused");
    let PollErrorKind::Call(call) = error.kind() else { panic!("{error:?}") };
    assert_eq!(call.status().map(|status| status.as_u16()), Some(400));
    assert_eq!(call.body().and_then(|body| body.error.as_deref()), Some("no such request"));
    assert_eq!((error.id(), error.polls()), (Some("9007199254740993"), 1));

    let (nameless, _) = server(|_| Answer::Json(200, json!({"status": "partial"}).to_string()));
    let error = client(&nameless).count_events(&asked()).poll().interval(SHORT).await.expect_err("no id");
    assert!(matches!(error.kind(), PollErrorKind::NoId), "{error:?}");
}

#[tokio::test]
async fn a_pause_is_as_long_as_the_server_asks() {
    let (server, _) = server(|call| match call {
        0 => Answer::Wait(200, 1, json!({"status": "partial", "req_id": ID}).to_string()),
        _ => done(),
    });
    let begin = Instant::now();
    client(&server).count_events(&asked()).poll().interval(SHORT).await.expect("a result");
    assert!(begin.elapsed() >= Duration::from_secs(1), "{:?}", begin.elapsed());
}
