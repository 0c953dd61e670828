//! What the types of the clients keep of what came: absent, null and value apart where the provider tells them apart,
//! unknown members where a caller sends back what it got, unknown codes everywhere.

use clevertap_client::types::{ProfileData, ProfileUpload, UploadCode, UploadRecord, UploadRequest};
use clevertap_client::{Client, Credentials};
use countersign_tests::answers::{Answer, Answers};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

#[tokio::test]
async fn absent_null_and_value_are_three_things() {
    let profile = |segments: Option<Value>| {
        let mut body = json!({"success": true});
        if let Some(segments) = segments {
            body["segments"] = segments;
        }
        body
    };
    let bodies = [profile(None), profile(Some(Value::Null)), profile(Some(json!([])))];
    let answers = Mutex::new(bodies.clone().map(|body| body.to_string()).into_iter());
    let server = Answers::start(move |_| {
        Answer::Json(200, answers.lock().expect("no handler panics").next().expect("three calls"))
    });
    let credentials = clutch_client::Credentials::new("key", "secret");
    let builder = clutch_client::Client::builder().credentials(credentials).base_url(server.url()).no_retry();
    let client = builder.build().expect("a client");
    for (body, expected) in bodies.into_iter().zip([None, Some(None), Some(Some(0))]) {
        let profile = client.get_profile(&"token".into()).await.expect("an answer");
        let segments = profile.segments.as_ref().map(|segments| segments.as_ref().map(Vec::len));
        assert_eq!(segments, expected, "{body}");
        assert_eq!(serde_json::to_value(profile.into_inner()).expect("JSON"), body, "it goes back as it came");
    }
}

/// A profile is downloaded, one member of it changed, and the whole sent back.
#[tokio::test]
async fn unknown_members_go_back_as_they_came() {
    let data = json!({"Name": "Jane", "Score": 9_007_199_254_740_993_i64, "tags": ["a", null], "": {"x": 1.50}});
    let sent = Arc::new(Mutex::new(Vec::new()));
    let (seen, answer) = (Arc::clone(&sent), data.clone());
    let server = Answers::start(move |request| {
        let body = match request.method.as_str() {
            "GET" => json!({"status": "success", "record": {"profileData": answer}}),
            _ => {
                seen.lock().expect("no handler panics").push(request.body.clone());
                let rejected = [json!({"code": 599, "status": "odd", "error": "e", "record": {"type": "profile"}})];
                json!({"status": "partial", "processed": 0, "unprocessed": rejected})
            }
        };
        Answer::Json(200, body.to_string())
    });
    let builder = Client::builder().credentials(Credentials::new("account", "passcode")).base_url(server.url());
    let client = builder.build().expect("a client");
    let by = clevertap_client::operations::profiles::GetProfileBy::Identity("1".to_owned());
    let profile = client.get_profile(&by).await.expect("an answer").into_inner();
    let came = Value::from(profile.record.and_then(|record| record.profile_data).expect("it has data"));
    let back: ProfileData = serde_json::from_value(came).expect("what came fits what is sent");
    let record: UploadRecord = ProfileUpload::new(back.with_name("Joan")).with_identity("1").into();
    let answer = client.upload_records(&UploadRequest::new(vec![record])).await.expect("an answer");

    let mut expected = data;
    expected["Name"] = "Joan".into();
    let body: Value = serde_json::from_slice(&sent.lock().expect("the server is idle")[0]).expect("JSON");
    assert_eq!(body["d"][0]["profileData"], expected);
    // Codes and words of tomorrow are kept, too.
    let unprocessed = &answer.unprocessed.as_ref().expect("it tells")[0];
    assert_eq!(unprocessed.code, Some(UploadCode::Unrecognized(599)));
    assert_eq!(serde_json::to_value(unprocessed).expect("JSON")["status"], "odd");
}
