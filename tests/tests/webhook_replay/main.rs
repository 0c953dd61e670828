//! Each event is handled once, whatever is copied, killed or gone: two processes of the example service that share
//! a Redis.

use bytes::Bytes;
use cardlytics_client::runtime::webhooks::testing::Sender;
use cardlytics_client::webhooks::RewardWebhook;
use countersign_tests::programs;
use countersign_tests::service::{Redis, Service, count, credentials, until};
use http::Request;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A folder with what a test's processes share.
struct Place {
    folder: TempDir,
    redis: Option<Redis>,
    client: reqwest::Client,
    sender: Sender<RewardWebhook>,
}

impl Place {
    /// Nothing if there is no Redis to start: the test is then skipped.
    fn new() -> Option<Place> {
        if !programs::available(&["redis-server"]) {
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder can be made");
        let redis = Some(Redis::start(folder.path()));
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build();
        let sender = Sender::new(&credentials()).expect("the credentials fit").target(PATH);
        Some(Place { folder, redis, client: client.expect("a client can be made"), sender })
    }

    fn redis(&self) -> &Redis {
        self.redis.as_ref().expect("Redis runs")
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    fn failing(&self) -> PathBuf {
        self.folder.path().join("fail")
    }

    fn service(&self, more: &[(&str, &str)]) -> Service {
        let (journal, failing, url) = (self.journal(), self.failing(), self.redis().url());
        let text = |path: &PathBuf| path.to_str().expect("the path is UTF-8").to_owned();
        let (journal, failing) = (text(&journal), text(&failing));
        let all = [("RECEIVER_JOURNAL", &*journal), ("RECEIVER_FAIL", &*failing), ("RECEIVER_REDIS", &*url)];
        Service::start(&[&all[..], more].concat())
    }

    /// A delivery: each has a token of its own.
    fn delivery(&self, event: &str) -> Request<Bytes> {
        let body = format!(r#"{{"eventId":"{event}","event":"REWARD_PENDING","transactionId":"t-{event}"}}"#);
        self.sender.valid(body).expect("it can be signed")
    }

    fn send(&self, service: &Service, delivery: Request<Bytes>) -> impl Future<Output = Answer> + Send + 'static {
        let (parts, body) = delivery.into_parts();
        let request = self.client.post(service.url(PATH)).headers(parts.headers).body(body);
        async move {
            let response = request.send().await.expect("the service answers");
            let retry_after = response.headers().get("retry-after").map(|value| {
                value.to_str().ok().and_then(|text| text.parse().ok()).expect("Retry-After is a number of seconds")
            });
            Answer { status: response.status().as_u16(), retry_after }
        }
    }

    fn begun(&self) -> usize {
        count(&self.journal(), "begin")
    }

    fn ended(&self) -> usize {
        count(&self.journal(), "end")
    }
}

const PATH: &str = "/webhooks/reward";

#[derive(Debug)]
struct Answer {
    status: u16,
    retry_after: Option<u64>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_copies_at_two_processes_are_handled_once() {
    let Some(place) = Place::new() else { return };
    let services = [place.service(&[("RECEIVER_WORK_MS", "1500")]), place.service(&[("RECEIVER_WORK_MS", "1500")])];
    // Half of them the same request, half redeliveries with tokens of their own.
    let same = place.delivery("copied");
    let copies: Vec<_> = (0..1000)
        .map(|number| if number % 4 < 2 { same.clone() } else { place.delivery("copied") })
        .enumerate()
        .map(|(number, delivery)| tokio::spawn(place.send(&services[number % 2], delivery)))
        .collect();
    let mut statuses = BTreeMap::new();
    for copy in copies {
        let Answer { status, retry_after } = copy.await.expect("nobody panics");
        *statuses.entry(status).or_insert(0) += 1;
        match status {
            200 => assert_eq!(retry_after, None),
            503 => assert!(retry_after.is_some_and(|seconds| (1..=60).contains(&seconds)), "{retry_after:?}"),
            other => panic!("a copy got {other}"),
        }
    }
    println!("1000 copies at two processes: {statuses:?}, handler runs: {}", place.ended());
    assert_eq!((place.begun(), place.ended()), (1, 1));
    assert!(statuses[&200] >= 1);
    for service in &services {
        assert_eq!(place.send(service, place.delivery("copied")).await.status, 200);
        assert_eq!(place.send(service, same.clone()).await.status, 200);
    }
    assert_eq!(place.begun(), 1);
    // The guard tells events apart.
    assert_eq!(place.send(&services[0], place.delivery("another")).await.status, 200);
    assert_eq!(place.ended(), 2);
}

/// What the test above would see if the processes shared nothing.
#[tokio::test(flavor = "multi_thread")]
async fn processes_that_share_no_memory_each_handle_it() {
    let Some(place) = Place::new() else { return };
    let alone = [("RECEIVER_REDIS", "")];
    for service in [place.service(&alone), place.service(&alone)] {
        for _ in 0..2 {
            assert_eq!(place.send(&service, place.delivery("copied")).await.status, 200);
        }
    }
    assert_eq!(place.begun(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_commit_it_runs_again_after_the_lease() {
    let Some(place) = Place::new() else { return };
    let lease = ("RECEIVER_LEASE_MS", "2000");
    let mut killed = place.service(&[("RECEIVER_WORK_MS", "60000"), lease]);
    let other = place.service(&[lease]);
    let delivery = place.delivery("held");
    let lost = tokio::spawn({
        let (parts, body) = delivery.clone().into_parts();
        place.client.post(killed.url(PATH)).headers(parts.headers).body(body).send()
    });
    tokio::task::block_in_place(|| until("the handler begins", || (place.begun() == 1).then_some(())));
    let reserved = Instant::now();
    killed.kill();
    assert!(lost.await.expect("nobody panics").is_err());
    let held = place.send(&other, delivery.clone()).await;
    assert_eq!((held.status, held.retry_after.is_some()), (503, true), "{held:?}");
    let handled = loop {
        let answer = place.send(&other, delivery.clone()).await;
        if answer.status == 200 {
            break reserved.elapsed();
        }
        assert_eq!(answer.status, 503);
        assert!(reserved.elapsed() < Duration::from_secs(20), "the lease does not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    println!("killed while handling: handled again after {} ms, lease 2000 ms", handled.as_millis());
    // The lease began a little before the journal's line was seen.
    assert!(handled > Duration::from_millis(1000), "{handled:?}");
    assert_eq!((place.begun(), place.ended()), (2, 1));
    assert_eq!(place.send(&other, delivery).await.status, 200);
    assert_eq!(place.begun(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_all_is_refused() {
    let Some(mut place) = Place::new() else { return };
    let service = place.service(&[]);
    assert_eq!(place.send(&service, place.delivery("before")).await.status, 200);
    let port = place.redis().port();
    place.redis = None;
    for event in ["before", "meanwhile"] {
        let refused = place.send(&service, place.delivery(event)).await;
        assert_eq!((refused.status, refused.retry_after.is_some()), (503, true), "{refused:?}");
    }
    // What can't be verified does not learn that Redis is gone.
    let forged = place.sender.forged(r#"{"eventId":"x"}"#).expect("it can be made");
    assert_eq!(place.send(&service, forged).await.status, 401);
    assert_eq!((place.begun(), place.ended()), (1, 1));
    place.redis = Some(Redis::start_at(place.folder.path(), port));
    let back = Instant::now();
    while place.send(&service, place.delivery("meanwhile")).await.status != 200 {
        assert!(back.elapsed() < Duration::from_secs(20), "the connection does not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((place.begun(), place.ended()), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_it_runs_again() {
    let Some(place) = Place::new() else { return };
    let services = [place.service(&[]), place.service(&[])];
    let delivery = place.delivery("failed");
    fs::write(place.failing(), "").expect("a file can be written");
    assert_eq!(place.send(&services[0], delivery.clone()).await.status, 500);
    assert_eq!(place.send(&services[1], place.delivery("failed")).await.status, 500);
    fs::remove_file(place.failing()).expect("a file can be removed");
    assert_eq!((place.begun(), place.ended()), (2, 0));
    // The same request, and with a new token, at the other process.
    assert_eq!(place.send(&services[1], delivery).await.status, 200);
    assert_eq!(place.send(&services[0], place.delivery("failed")).await.status, 200);
    assert_eq!((place.begun(), place.ended()), (3, 1));
}
