//! Pages, polls and batches as the documentation shows them, against the embedded provider: every request of a flow is
//! verified, and fits the spec.

use anyhow::Result;
use clevertap_client::Client;
use clevertap_client::types::{EventQuery, EventUpload, UploadCode, UploadRecord, UploadRequest};
use countersign_tests::accounts::{clevertap, serve};
use countersign_tests::clock::Time;
use countersign_tests::plays::clevertap as plays;
use countersign_tests::provider::{Play, Provider};
use countersign_tests::verify::Verdict;
use futures_util::TryStreamExt;
use std::time::Duration;

async fn playing(play: Play) -> Result<(Provider, Client)> {
    let provider = serve("clevertap", clevertap::verifier(), &Time::manual()).await?;
    provider.play(play);
    let client = clevertap::builder(&provider).build()?;
    Ok((provider, client))
}

/// The operations that were called; each request was verified and fits the spec.
fn called(provider: &Provider) -> Vec<String> {
    let exchanges = provider.take();
    assert!(exchanges.iter().all(|exchange| exchange.verdict == Some(Verdict::Verified)), "{exchanges:#?}");
    assert!(exchanges.iter().all(|exchange| exchange.problems.is_empty()), "{exchanges:#?}");
    exchanges.into_iter().filter_map(|exchange| exchange.operation).collect()
}

#[tokio::test]
async fn items_and_pages() -> Result<()> {
    let (provider, client) = playing(plays::pages(300, 60)).await?;
    let query = EventQuery::new("Charged", 20_260_101, 20_260_131);

    let mut items = client.query_events(&query).items();
    let mut count = 0;
    while let Some(item) = items.next().await? {
        assert_eq!(item.ts, Some(count));
        count += 1;
    }
    assert_eq!(count, 300);
    let first = called(&provider);
    assert_eq!(first[0], "query_events");
    assert!(first.len() > 5 && first[1..].iter().all(|operation| operation == "get_events_page"), "{first:?}");

    // The same as pages, and again from the middle, as after a restart.
    let mut pages = client.query_events(&query).pages();
    let mut sizes = Vec::new();
    let mut saved = None;
    while let Some(page) = pages.next().await? {
        sizes.push(page.records.as_ref().map_or(0, Vec::len));
        saved = saved.or_else(|| pages.cursor().map(str::to_owned));
    }
    assert_eq!(sizes.iter().sum::<usize>(), 300);
    assert!(sizes.contains(&0), "an empty page is not the end: {sizes:?}");
    let saved = saved.expect("there is a second page");
    let rest: Vec<_> = client.get_events_page(&saved).items().try_collect().await?;
    assert_eq!(rest.len(), 300 - sizes[0]);
    let from_query: Vec<_> = client.query_events(&query).items_from(saved).try_collect().await?;
    assert_eq!(from_query, rest);
    called(&provider);
    Ok(())
}

#[tokio::test]
async fn a_poll() -> Result<()> {
    let (provider, client) = playing(plays::counts(2, 42)).await?;
    let query = EventQuery::new("Charged", 20_260_101, 20_260_131);
    let polling = client.count_events(&query).poll().interval(Duration::from_millis(5));
    let result = polling.deadline(Duration::from_secs(300)).await?;
    assert_eq!(result.count, Some(42));
    assert_eq!(called(&provider), ["count_events", "poll_event_count", "poll_event_count", "poll_event_count"]);
    Ok(())
}

#[tokio::test]
async fn a_batch() -> Result<()> {
    let (provider, client) = playing(plays::uploads(&[("42", 555), ("13", 513)])).await?;
    let event = |number: usize| -> UploadRecord {
        EventUpload::new(serde_json::Map::new(), "Charged").with_identity(number.to_string()).into()
    };
    let report = client.upload_records(&UploadRequest::new(Vec::new())).batch((0..2_100).map(event)).await;
    assert_eq!(report.to_string(), "2100 records in 3 calls: 2058 accepted, 42 rejected, 0 unknown");
    for rejected in report.rejected() {
        let code = rejected.told().and_then(|told| told.code);
        let expected = if rejected.index % 100 == 42 { UploadCode::N555 } else { UploadCode::N513 };
        assert_eq!(code, Some(expected), "{rejected:?}");
    }
    let again: Vec<usize> = report.to_send_again().collect();
    assert_eq!(again, (0..21).map(|hundred| hundred * 100 + 42).collect::<Vec<_>>());
    assert_eq!(called(&provider), ["upload_records"; 3]);
    Ok(())
}
