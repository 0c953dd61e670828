//! A failure inside a success: status 200, and a body that says no, comes back as `ErrorKind::Refused` with
//! the typed body. Cardlytics declares no such failure.

use countersign_runtime::{ErrorKind, Sensitive};
use countersign_tests::accounts::{appsmiles, clevertap, clutch, serve};
use countersign_tests::clock::Time;
use countersign_tests::demo::Answered;
use countersign_tests::provider::{Instead, Provider};
use countersign_tests::verify::appsmiles::Choices;
use countersign_tests::verify::{Verdict, Verifier};

async fn provider(provider: &str, verifier: impl Verifier + 'static) -> Provider {
    serve(provider, verifier, &Time::manual()).await.expect("a port")
}

/// Answers the call with this text, and takes the typed body of the refusal.
async fn refused<T, E>(provider: &Provider, text: &str, call: impl IntoFuture<Output = Answered<T, E>>) -> E {
    provider.next(Instead::Json(text.to_owned()));
    let Err(error) = call.await else { panic!("answered as a success: {text}") };
    assert_eq!(error.status().map(|status| status.as_u16()), Some(200), "{error}");
    assert!(!error.to_string().contains("canary"), "{error}");
    let came = provider.take();
    assert!(came.len() == 1 && came[0].verdict == Some(Verdict::Verified), "{came:#?}");
    match error.into_kind() {
        ErrorKind::Refused(body) => body,
        other => panic!("{text}: no refusal, but {}", std::any::type_name_of_val(&other)),
    }
}

#[tokio::test]
async fn clutch_success_false() {
    let provider = provider("clutch", clutch::verifier()).await;
    let client = clutch::builder(&provider).build().expect("a client");
    let token = Sensitive::from("tok/1");
    let text = r#"{"success": false, "why": "canary"}"#;
    assert!(!refused(&provider, text, client.release_token(&token)).await.success);

    provider.next(Instead::Json(r#"{"success": true}"#.to_owned()));
    assert!(client.release_token(&token).await.is_ok(), "the counter-check");
}

#[tokio::test]
async fn clevertap_status_fail() {
    use clevertap_client::types::{Status, UploadCode, UploadRequest};
    let provider = provider("clevertap", clevertap::verifier()).await;
    let client = clevertap::builder(&provider).build().expect("a client");
    let upload = UploadRequest::new(Vec::new());
    let text = r#"{"status": "fail", "processed": 0, "unprocessed": [
        {"status": "fail", "code": 525, "error": "canary", "record": {"ts": 9007199254740993}},
        {"status": "fail", "code": 599}]}"#;
    let body = refused(&provider, text, client.upload_records(&upload)).await;
    assert_eq!((body.status, body.processed, body.code), (Status::Fail, Some(0), None));
    let records = body.unprocessed.expect("records");
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].code, Some(UploadCode::N525));
    assert_eq!(records[0].record.as_ref().expect("the record")["ts"], 9_007_199_254_740_993_i64);
    assert_eq!(serde_json::to_string(&records[1].code).expect("JSON"), "599", "a code that is new is kept");

    let text = r#"{"status": "fail", "error": "canary", "code": 400}"#;
    let body = refused(&provider, text, client.poll_event_count(1)).await;
    assert_eq!((body.error.as_deref(), body.code), (Some("canary"), Some(400)));

    for (text, status) in [
        (r#"{"status": "partial", "req_id": 9007199254740993}"#, Status::Partial),
        (r#"{"status": "success"}"#, Status::Success),
    ] {
        provider.next(Instead::Json(text.to_owned()));
        let count = client.poll_event_count(1).await.expect("no failure");
        assert_eq!(count.status, status);
        assert_eq!(count.req_id.is_some(), status == Status::Partial);
    }
}

#[tokio::test]
async fn appsmiles_error_code() {
    let provider = provider("appsmiles", appsmiles::verifier(Choices::default())).await;
    let client = appsmiles::builder(&provider).build().expect("a client");
    let action = appsmiles_client::types::UserActionRequest::new("app", "fr", "client", "tag");
    let backend = client.backend(appsmiles::SERVICE_TOKEN);
    let text = r#"{"errorCode": 2, "errorMsg": "canary: d\u00e9j\u00e0 fait", "data": []}"#;
    let body = refused(&provider, text, backend.store_user_action(&action)).await;
    assert_eq!((body.error_code, body.error_msg.as_deref()), (Some(2), Some("canary: déjà fait")));

    // Where the success has members that a failure lacks.
    let credentials = appsmiles_client::types::ClientCredentials::new("zoë@example.com", "client");
    let body = refused(&provider, r#"{"errorCode": -1}"#, client.check_client_credentials(&credentials)).await;
    assert_eq!((body.error_code, body.error_msg), (Some(-1), None));

    for text in [r#"{"errorCode": 0, "errorMsg": "ok", "data": {"points": 3}}"#, r#"{"data": []}"#] {
        provider.next(Instead::Json(text.to_owned()));
        assert!(backend.store_user_action(&action).await.is_ok(), "no failure: {text}");
    }
}
