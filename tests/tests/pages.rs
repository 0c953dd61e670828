//! Pages over real sockets: each item once whatever fails, the end where it is, and a walk that goes on later.

use clevertap_client::types::{EventQuery, EventRecord};
use clevertap_client::{Client, Credentials};
use countersign_runtime::pages::{Items, PageError, Paged, Pages};
use countersign_tests::answers::{Answer, Answers, query};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn client(server: &Answers) -> Client {
    let builder = Client::builder().base_url(server.url()).credentials(Credentials::new("account", "passcode"));
    builder.timeout(Duration::from_secs(60)).build().expect("a client")
}

fn asked() -> EventQuery {
    EventQuery::new("Charged", 20_260_101, 20_260_131)
}

/// The page of items from `from` to `to`, with the cursor of the next one.
fn page(items: std::ops::Range<i64>, next: Option<String>) -> Answer {
    let records: Vec<_> = items.map(|ts| json!({"ts": ts})).collect();
    let mut page = json!({"status": "success", "records": records});
    if let Some(next) = next {
        page["next_cursor"] = next.into();
    }
    Answer::Json(200, page.to_string())
}

const ITEMS: i64 = 10_000;

/// Where the page after the one that begins at an item begins: pages are of all sizes, some of them empty.
fn next_of(from: i64, empty: bool) -> i64 {
    if empty { from } else { ITEMS.min(from + 1 + from % 190) }
}

/// 10,000 items on pages of all sizes; one call in ten fails, each in its own way.
fn hostile(calls: Arc<AtomicUsize>, faults: Arc<AtomicUsize>) -> Answers {
    Answers::start(move |request| {
        // A linear congruential generator: the mix matters here, not the quality.
        let call = calls.fetch_add(1, Ordering::SeqCst) as u64;
        let draw = (call.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33) % 40;
        let answer = match query(request, "cursor") {
            None => Answer::Json(200, json!({"status": "success", "cursor": "0 é&=/+"}).to_string()),
            Some(cursor) => {
                let (from, empty) = match cursor.split_once(' ') {
                    Some((from, _)) => (from.parse::<i64>().expect("a number"), true),
                    None => (cursor.parse().expect("a number"), false),
                };
                let to = next_of(from, empty);
                let next = (to < ITEMS).then(|| if empty || to % 7 > 0 { to.to_string() } else { format!("{to} é") });
                page(from..to, next)
            }
        };
        faults.fetch_add(usize::from(draw < 4), Ordering::SeqCst);
        match (draw, answer) {
            (0, _) => Answer::Cut,
            (1, Answer::Json(_, body)) => Answer::CutInBody(body),
            (2, _) => Answer::Json(500, json!({"status": "fail", "error": "broken", "code": 500}).to_string()),
            (3, _) => Answer::Wait(429, 0, json!({"status": "fail", "error": "too many", "code": 429}).to_string()),
            (_, answer) => answer,
        }
    })
}

#[tokio::test]
async fn ten_thousand_items_come_once_each_with_one_call_in_ten_failing() {
    for retries in [true, false] {
        let (calls, faults) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let server = hostile(Arc::clone(&calls), Arc::clone(&faults));
        let query = client(&server).query_events(&asked());
        let query = if retries { query } else { query.no_retry() };
        let (mut came, mut failures) = (Vec::new(), 0);
        let mut items = query.items();
        loop {
            match items.next().await {
                Ok(Some(item)) => came.push(item.ts.expect("a time")),
                Ok(None) => break,
                Err(PageError::Call(error)) => {
                    assert!(error.may_repeat(), "{error}");
                    failures += 1;
                    assert!(failures < 1_000, "a walk that does not go on");
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert!(items.is_ended());
        assert_eq!(came, (0..ITEMS).collect::<Vec<_>>());
        let (calls, faults) = (calls.load(Ordering::SeqCst), faults.load(Ordering::SeqCst));
        println!("{} items in {calls} calls, {faults} of them faults, {failures} seen by the caller", came.len());
        assert!(calls > 120 && faults * 100 / calls >= 7, "{faults} of {calls}");
        assert_eq!(failures == 0, retries, "{failures} of {faults}");
    }
}

/// Passes over some items and takes 700; where the next one is.
async fn take<O: Paged<Item = EventRecord>>(
    mut items: Items<O>,
    mut passed: usize,
    came: &mut Vec<i64>,
) -> Option<(String, usize)> {
    let mut left = 700;
    while left > 0 {
        match items.next().await {
            Ok(Some(_)) if passed > 0 => passed -= 1,
            Ok(Some(item)) => {
                came.push(item.ts.expect("a time"));
                left -= 1;
            }
            Ok(None) => break,
            Err(_) => {}
        }
    }
    items.cursor().map(|cursor| (cursor.to_owned(), items.offset()))
}

/// What is saved after any item leads on: each item once, over walks that end early.
#[tokio::test]
async fn a_walk_goes_on_at_a_saved_cursor() {
    let server = hostile(Arc::new(AtomicUsize::new(7)), Arc::default());
    let client = client(&server);
    let (mut came, mut saved): (Vec<i64>, Option<(String, usize)>) = (Vec::new(), None);
    for walk in 0_usize.. {
        let query = client.query_events(&asked());
        saved = match saved {
            None => take(query.items(), 0, &mut came).await,
            Some((cursor, offset)) if walk % 2 == 0 => take(query.items_from(cursor), offset, &mut came).await,
            Some((cursor, offset)) => take(client.get_events_page(&cursor).items(), offset, &mut came).await,
        };
        if saved.is_none() {
            break;
        }
    }
    assert_eq!(came, (0..ITEMS).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_cursor_that_comes_again_is_an_error_and_the_end() {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let server = Answers::start(move |request| {
        seen.fetch_add(1, Ordering::SeqCst);
        let next = |name: &str| page(0..1, Some(name.to_owned()));
        match query(request, "cursor").as_deref() {
            None => Answer::Json(200, json!({"status": "success", "cursor": "a"}).to_string()),
            Some("a") => next("b"),
            Some("b") => next("c"),
            _ => next("a"),
        }
    });
    let client = client(&server);
    three_pages_and_an_error(client.query_events(&asked()).pages()).await;
    assert_eq!(calls.swap(0, Ordering::SeqCst), 4);
    three_pages_and_an_error(client.get_events_page("a").pages()).await;
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

async fn three_pages_and_an_error<O: Paged>(mut pages: Pages<O>) {
    for _ in 0..3 {
        assert!(pages.next().await.is_ok_and(|page| page.is_some()));
    }
    let Err(error) = pages.next().await else { panic!("the cursor was there before") };
    assert!(matches!(error, PageError::RepeatedCursor));
    assert!(!error.to_string().contains('"'), "{error}");
    assert!(pages.next().await.is_ok_and(|page| page.is_none()));
    assert!(pages.is_ended());
}

#[tokio::test]
async fn no_cursor_is_the_end_and_no_data() {
    for end in [json!({"status": "success"}), json!({"status": "success", "cursor": ""})] {
        let server = Answers::start(move |_| Answer::Json(200, end.to_string()));
        let mut pages = client(&server).query_events(&asked()).pages();
        assert!(pages.next().await.expect("the end").is_none());
        assert!(pages.next().await.expect("still the end").is_none());
    }
}

/// Nothing is fetched ahead, and the options of the first call are those of all.
#[tokio::test]
async fn pages_are_fetched_when_asked_for_with_the_options_of_the_call() {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    let server = Answers::start(move |request| {
        seen.lock().expect("no test panics here").push(request.clone());
        match query(request, "cursor") {
            None => Answer::Json(200, json!({"status": "success", "cursor": "1"}).to_string()),
            Some(cursor) => {
                let from: i64 = cursor.parse().expect("a number");
                page(from..from + 2, (from < 5).then(|| (from + 2).to_string()))
            }
        }
    });
    let count = || requests.lock().expect("no handler panics").len();
    let client = client(&server);
    let call =
        client.query_events(&asked()).batch_size(2).extra_header("x-trace", "t 1").timeout(Duration::from_secs(9));
    let mut items = call.items();
    assert_eq!(count(), 0);
    for (item, calls) in [(1, 2), (2, 2), (3, 3), (4, 3), (5, 4), (6, 4)] {
        assert_eq!(items.next().await.expect("an item").expect("an item").ts, Some(item));
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(count(), calls, "after item {item}");
    }
    assert!(items.next().await.expect("the end").is_none());

    let requests = requests.lock().expect("no handler panics");
    let targets: Vec<_> = requests.iter().map(|request| format!("{} {}", request.method, request.target)).collect();
    let pages = [1, 3, 5].map(|cursor| format!("GET /1/events.json?cursor={cursor}"));
    assert_eq!(targets[0], "POST /1/events.json?batch_size=2");
    assert_eq!(targets[1..], pages);
    for request in requests.iter() {
        assert_eq!(request.header("x-trace"), Ok("t 1"));
        assert_eq!(request.header("x-clevertap-passcode"), Ok("passcode"));
        assert_eq!(request.headers.contains_key("content-type"), request.method == "POST");
        assert_eq!(request.body.is_empty(), request.method == "GET");
    }
}
