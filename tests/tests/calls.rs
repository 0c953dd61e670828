//! What clients do by themselves, with generated clients against embedded providers: repeat, wait in line, follow one
//! redirect; and the options of single calls, as a user writes them.

use cardlytics_client::types::SandboxTokenValidation;
use clutch_client::{ErrorKind, Repeat, RetryBudget, RetryOptions};
use countersign_runtime::Sensitive;
use countersign_tests::accounts::{cardlytics, clevertap, clutch, serve};
use countersign_tests::clock::Time;
use countersign_tests::provider::{Instead, Provider};
use countersign_tests::verify::{Verdict, Verifier};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

async fn provider(name: &str, verifier: impl Verifier + 'static) -> Provider {
    serve(name, verifier, &Time::manual()).await.expect("a port")
}

#[tokio::test]
async fn options_of_the_client_and_of_one_call() {
    let provider = provider("clutch", clutch::verifier()).await;
    for _ in 0..2 {
        provider.next(Instead::Status(503));
    }
    let client = clutch::builder(&provider)
        .retry(RetryOptions::new().attempts(5).base_delay(Duration::from_millis(10)))
        .retry_budget(RetryBudget::new().ratio(0.5))
        .deadline(Duration::from_secs(60))
        .build()
        .expect("a client");
    let profile = client
        .get_profile(&Sensitive::from("tok/1"))
        .timeout(Duration::from_secs(20))
        .deadline(Duration::from_secs(50))
        .stall_timeout(Duration::from_secs(10))
        .extra_header("X-Trace", "7")
        .with_raw()
        .await
        .expect("the third attempt is answered");
    let raw = profile.raw().expect("it was asked for").text().into_owned();
    assert!(raw.starts_with('{'), "{raw}");

    let exchanges = provider.take();
    assert_eq!(exchanges.iter().map(|exchange| exchange.answer.status).collect::<Vec<_>>(), [503, 503, 200]);
    assert!(exchanges.iter().all(|exchange| exchange.verdict == Some(Verdict::Verified)), "{exchanges:#?}");
    assert!(exchanges.iter().all(|exchange| exchange.request.headers["x-trace"] == "7"));
    let ids: BTreeSet<_> = exchanges.iter().map(|exchange| exchange.request.headers["x-request-id"].clone()).collect();
    assert_eq!(ids.len(), 3, "each attempt is signed anew");

    provider.next(Instead::Status(503));
    let error = client.list_fields().no_retry().await.expect_err("it is tried once");
    assert_eq!((error.attempts(), provider.take().len()), (1, 1));
    let late = client.list_fields().deadline(Duration::ZERO).await.expect_err("no time at all");
    assert!(matches!(late.kind(), ErrorKind::Timeout), "{late:?}");
}

#[tokio::test]
async fn what_is_not_safe_is_repeated_only_where_it_was_not_processed() {
    let provider = provider("cardlytics", cardlytics::verifier()).await;
    let options = RetryOptions::new().base_delay(Duration::ZERO);
    let client = cardlytics::builder(&provider).retry(options).build().expect("a client");
    let reward = cardlytics_client::types::SandboxReward::new("https://partner.example/callback");
    provider.next(Instead::Status(500));
    client.send_sandbox_reward(&reward).await.expect_err("it may have been processed");
    assert_eq!(provider.take().len(), 1);
    // Told nothing, the client waits for about half a second.
    provider.next(Instead::Status(429));
    client.send_sandbox_reward(&reward).await.expect("the second attempt is answered");
    assert_eq!(provider.take().len(), 2);
    assert!(clutch_client::OPERATIONS.iter().any(|operation| operation.repeat == Repeat::Never));
}

#[tokio::test]
async fn one_redirect_is_followed_where_the_spec_says_so() {
    let provider = provider("cardlytics", cardlytics::verifier()).await;
    let client = cardlytics::builder(&provider).build().expect("a client");
    let validation = SandboxTokenValidation::new("a secret key", "a.b.c");
    for (status, requests) in [(307, 2), (308, 2), (301, 1), (303, 1)] {
        provider.next(Instead::Redirect(status, format!("{}/elsewhere", provider.base_url())));
        client.validate_sandbox_token(&validation).await.expect_err("there is nothing");
        let exchanges = provider.take();
        assert_eq!(exchanges.len(), requests, "{status}");
        if let [first, second] = &exchanges[..] {
            assert_eq!(second.request.target, "/elsewhere");
            assert_eq!((&first.request.method, &first.request.body), (&second.request.method, &second.request.body));
            let tokens = [first, second].map(|exchange| exchange.request.headers["authorization"].clone());
            assert_ne!(tokens[0], tokens[1], "signed anew");
        }
    }
    let provider = self::provider("clevertap", clevertap::verifier()).await;
    provider.next(Instead::Redirect(307, format!("{}/elsewhere", provider.base_url())));
    let client = clevertap::builder(&provider).build().expect("a client");
    client.check_customer("adjust").await.expect_err("no redirect is followed");
    assert_eq!(provider.take().len(), 1);
}

#[test]
fn limits_are_those_of_the_fact_sheet() {
    for operation in clevertap_client::OPERATIONS {
        let concurrent = operation.limits.and_then(|limits| limits.concurrent);
        let expected = match operation.id {
            "upload_records" => Some(15),
            "check_customer" | "update_subscriptions" | "disassociate_phones" => None,
            _ => Some(3),
        };
        assert_eq!(concurrent, expected, "{}", operation.id);
    }
}

/// A server that takes its time, and counts by path how many calls are there at once.
async fn slow(most: [(&'static str, Arc<AtomicUsize>); 2]) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let now: Vec<_> = most.iter().map(|(path, _)| (*path, Arc::new(AtomicUsize::new(0)))).collect();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (most, now) = (most.clone(), now.clone());
            tokio::spawn(async move {
                let mut text = Vec::new();
                while !(text.ends_with(b"}") || text.starts_with(b"GET") && text.ends_with(b"\r\n\r\n")) {
                    if stream.read_buf(&mut text).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                let text = String::from_utf8_lossy(&text).into_owned();
                let at = most.iter().position(|(path, _)| text.contains(path)).expect("a known path");
                let count = now[at].1.fetch_add(1, Ordering::SeqCst) + 1;
                most[at].1.fetch_max(count, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(30)).await;
                now[at].1.fetch_sub(1, Ordering::SeqCst);
                let body = r#"{"status":"success"}"#;
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
                let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    url
}

#[tokio::test]
async fn calls_at_once_stay_within_each_limit() {
    let most = ["/1/upload", "/1/events.json"].map(|path| (path, Arc::new(AtomicUsize::new(0))));
    let url = slow(most.clone()).await;
    let credentials = clevertap_client::Credentials::new("account", "passcode");
    let client = clevertap_client::Client::builder().credentials(credentials).base_url(url).build().expect("a client");
    let uploads: Vec<_> = (0..45)
        .map(|_| {
            let client = client.clone();
            let body = clevertap_client::types::UploadRequest::new(Vec::new());
            tokio::spawn(async move { client.upload_records(&body).await.map(drop).map_err(|error| error.to_string()) })
        })
        .collect();
    let pages: Vec<_> = (0..12)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.get_events_page("c").await.map(drop).map_err(|error| error.to_string()) })
        })
        .collect();
    for call in uploads.into_iter().chain(pages) {
        // What the answers hold is not the question here.
        let _ = call.await.expect("nobody panics");
    }
    let counts = most.map(|(_, count)| count.load(Ordering::SeqCst));
    println!("at once: {} uploads, {} pages of events", counts[0], counts[1]);
    assert_eq!(counts, [15, 3]);
}
