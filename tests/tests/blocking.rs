//! The feature `blocking`, with all four generated clients, over real sockets: calls, pages, polls and batches from
//! threads that have no async runtime, and a refusal where there is one.

use clevertap_client::types::{EventQuery, EventUpload, UploadRecord, UploadRequest};
use countersign_runtime::blocking::Walk;
use countersign_runtime::pages::PageError;
use countersign_runtime::poll::PollErrorKind;
use countersign_runtime::{Error, ErrorKind, RequestError, Response};
use countersign_tests::accounts::{appsmiles, cardlytics, clevertap, clutch, serve};
use countersign_tests::clock::Time;
use countersign_tests::plays::clevertap as plays;
use countersign_tests::provider::{Play, Provider};
use countersign_tests::verify::appsmiles::Choices;
use countersign_tests::verify::{Verdict, Verifier};
use std::fmt::Debug;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Where the embedded providers run: on threads of their own.
fn servers() -> Runtime {
    Runtime::new().expect("there are threads")
}

fn start(servers: &Runtime, name: &str, verifier: impl Verifier + 'static) -> Provider {
    servers.block_on(serve(name, verifier, &Time::manual())).expect("a port")
}

/// How many requests came; each was verified and fits the spec.
fn verified(provider: &Provider) -> usize {
    let exchanges = provider.take();
    assert!(exchanges.iter().all(|exchange| exchange.verdict == Some(Verdict::Verified)), "{exchanges:#?}");
    assert!(exchanges.iter().all(|exchange| exchange.problems.is_empty()), "{exchanges:#?}");
    exchanges.len()
}

fn answered<T: Debug, E: Debug>(result: Result<Response<T>, Error<E>>) {
    assert_eq!(result.expect("an answer").status(), 200);
}

#[test]
fn calls_of_all_four_clients() {
    let servers = servers();
    let provider = start(&servers, "clutch", clutch::verifier());
    let client = clutch::builder(&provider).build().expect("a client");
    answered(client.list_fields().timeout(Duration::from_secs(20)).send_blocking());
    assert_eq!(verified(&provider), 1);

    let provider = start(&servers, "clevertap", clevertap::verifier());
    let client = clevertap::builder(&provider).build().expect("a client");
    answered(client.check_customer("adjust").send_blocking());
    assert_eq!(verified(&provider), 1);

    let provider = start(&servers, "appsmiles", appsmiles::verifier(Choices::default()));
    let client = appsmiles::builder(&provider).build().expect("a client");
    answered(client.user(appsmiles::USER_TOKEN).list_gifts().send_blocking());
    assert_eq!(verified(&provider), 1);

    let provider = start(&servers, "cardlytics", cardlytics::verifier());
    let client = cardlytics::builder(&provider).build().expect("a client");
    let reward = cardlytics_client::types::SandboxReward::new("https://partner.example/callback");
    answered(client.send_sandbox_reward(&reward).send_blocking());
    assert_eq!(verified(&provider), 1);
}

/// Threads share a client, its connections and the one runtime.
#[test]
fn many_threads_share_a_client() {
    let servers = servers();
    let provider = start(&servers, "clutch", clutch::verifier());
    let client = clutch::builder(&provider).build().expect("a client");
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| (0..5).for_each(|_| answered(client.list_fields().send_blocking())));
        }
    });
    assert_eq!(verified(&provider), 80);
}

fn playing(servers: &Runtime, play: Play) -> (Provider, clevertap_client::Client) {
    let provider = start(servers, "clevertap", clevertap::verifier());
    provider.play(play);
    let client = clevertap::builder(&provider).build().expect("a client");
    (provider, client)
}

fn asked() -> EventQuery {
    EventQuery::new("Charged", 20_260_101, 20_260_131)
}

fn event(number: usize) -> UploadRecord {
    EventUpload::new(serde_json::Map::new(), "Charged").with_identity(number.to_string()).into()
}

#[test]
fn pages_and_items_are_iterators() {
    let servers = servers();
    let (provider, client) = playing(&servers, plays::pages(300, 60));
    let mut items = client.query_events(&asked()).items().blocking();
    let first = items.next().expect("there is one").expect("an item");
    assert_eq!((first.ts, items.get_ref().offset()), (Some(0), 0), "the first page has one item");
    let rest: Result<Vec<_>, _> = items.map(|item| item.map(|item| item.ts)).collect();
    assert_eq!(rest.expect("all of them"), (1..300).map(Some).collect::<Vec<_>>());
    let requests = verified(&provider);

    let pages: Result<Vec<_>, _> = client.query_events(&asked()).pages().blocking().collect();
    let sizes: Vec<usize> =
        pages.expect("all of them").iter().map(|page| page.records.as_ref().map_or(0, Vec::len)).collect();
    assert_eq!((sizes.iter().sum::<usize>(), verified(&provider)), (300, requests));
}

#[test]
fn polls_and_batches() {
    let servers = servers();
    let (provider, client) = playing(&servers, plays::counts(2, 42));
    let result = client.count_events(&asked()).poll().interval(Duration::from_millis(5)).send_blocking();
    assert_eq!((result.expect("a result").count, verified(&provider)), (Some(42), 4));

    let (provider, client) = playing(&servers, plays::uploads(&[("13", 513)]));
    let report = client.upload_records(&UploadRequest::new(Vec::new())).batch((0..1_100).map(event)).send_blocking();
    assert_eq!(report.expect("a report").to_string(), "1100 records in 2 calls: 1089 accepted, 11 rejected, 0 unknown");
    assert_eq!(verified(&provider), 2);
}

/// Waiting would stop the runtime's thread, so nothing is sent; a walk does not say so for ever.
#[test]
fn inside_of_a_runtime_nothing_is_sent() {
    let servers = servers();
    let (provider, client) = playing(&servers, plays::pages(3, 2));
    servers.block_on(async {
        let error = client.check_customer("adjust").send_blocking().expect_err("it would wait");
        assert!(is_inside(&error), "{error:?}");
        let error = client.count_events(&asked()).poll().send_blocking().expect_err("it would wait");
        assert!(matches!(error.kind(), PollErrorKind::Call(error) if is_inside(error)), "{error:?}");
        let batch = client.upload_records(&UploadRequest::new(Vec::new())).batch([event(1)]);
        assert!(matches!(batch.send_blocking(), Err(RequestError::InsideRuntime)));
        once(client.query_events(&asked()).items().blocking());
        once(client.query_events(&asked()).pages().blocking());
    });
    assert_eq!(verified(&provider), 0);
}

fn is_inside<E>(error: &Error<E>) -> bool {
    matches!(error.kind(), ErrorKind::Request(RequestError::InsideRuntime)) && error.attempts() == 0
}

fn once<W, T, E: Debug>(mut walk: Walk<W>)
where
    Walk<W>: Iterator<Item = Result<T, PageError<E>>>,
{
    let Some(Err(PageError::Call(error))) = walk.next() else { panic!("it would wait") };
    assert!(is_inside(&error), "{error:?}");
    assert!(walk.next().is_none(), "it is over");
}
