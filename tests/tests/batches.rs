//! Uploads of any size, over real sockets: each record is accounted for, and none is processed twice.

use clevertap_client::operations::upload::UploadRecords;
use clevertap_client::types::{
    EventUpload, TokenData, TokenType, TokenUpload, UnprocessedRecord, UploadCode, UploadRecord, UploadRequest,
};
use clevertap_client::{Client, Credentials};
use countersign_runtime::batches::{Doubt, RecordOutcome, Rejection, Report};
use countersign_tests::answers::{Answer, Answers};
use countersign_tests::listener::Request;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

fn client(server: &Answers) -> Client {
    let credentials = Credentials::new("account", "passcode");
    Client::builder().base_url(server.url()).credentials(credentials).build().expect("a client")
}

fn event(number: usize) -> UploadRecord {
    let properties = json!({
        "amount": 1.5, "big": 9_007_199_254_740_993_i64, "name": "é \"1\" \u{1f600}", "items": [{"b": 1, "a": null}],
    });
    let Value::Object(properties) = properties else { unreachable!("it is an object") };
    EventUpload::new(properties, "Charged").with_identity(number.to_string()).into()
}

fn token(number: usize) -> UploadRecord {
    TokenUpload::new(number.to_string(), TokenData::new("t", TokenType::Fcm)).into()
}

fn records(request: &Request) -> Vec<Value> {
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    body["d"].as_array().expect("a list").clone()
}

/// The number of a record, as the server knows it.
fn number(record: &Value) -> usize {
    let text = record.get("identity").or_else(|| record.get("objectId")).and_then(Value::as_str);
    text.and_then(|text| text.parse().ok()).expect("a number")
}

fn success(count: usize) -> Answer {
    Answer::Json(200, json!({"status": "success", "processed": count, "unprocessed": []}).to_string())
}

fn fail(status: u16) -> Answer {
    Answer::Json(status, json!({"status": "fail", "error": "no", "code": status}).to_string())
}

/// What a server has processed: how often each record.
type Processed = Arc<Mutex<BTreeMap<usize, usize>>>;

/// Rejects records by number, and fails calls before and after they are processed.
fn hostile(processed: &Processed) -> Answers {
    let (processed, calls) = (Arc::clone(processed), Mutex::new(0_usize));
    Answers::start(move |request| {
        let records = records(request);
        let tokens = records.iter().filter(|record| record["type"] == "token").count();
        assert!(records.len() <= if tokens > 0 { 100 } else { 1000 }, "{} records, {tokens} tokens", records.len());
        let call = {
            let mut calls = calls.lock().expect("no handler panics");
            *calls += 1;
            *calls
        };
        match call % 16 {
            3 => return Answer::Cut,
            5 => return fail(500),
            7 => return fail(400),
            _ => {}
        }
        let mut done = 0;
        let mut unprocessed = Vec::new();
        for record in &records {
            match number(record) {
                number if number % 97 == 0 => unprocessed.push(json!({"code": 509, "record": record})),
                number if number % 101 == 0 => unprocessed.push(json!({"code": 555, "record": record})),
                number if number % 103 == 0 => unprocessed.push(json!({"code": 599, "record": record})),
                number => {
                    *processed.lock().expect("no handler panics").entry(number).or_default() += 1;
                    done += 1;
                }
            }
        }
        let text = json!({"status": "partial", "processed": done, "unprocessed": unprocessed}).to_string();
        match call % 16 {
            1 => Answer::Cut,
            9 => Answer::CutInBody(text),
            11 => fail(500),
            // It tells what it rejected, and not which.
            13 => Answer::Json(200, json!({"status": "partial", "processed": done}).to_string()),
            _ => Answer::Json(200, text),
        }
    })
}

/// Each record of a report against what the server processed: accepted, rejected, unknown.
fn compare(report: &Report<UploadRecords>, processed: &Processed) -> [usize; 3] {
    let processed = processed.lock().expect("the server is idle");
    let mut counts = [0; 3];
    for index in 0..report.records() {
        let times = processed.get(&index).copied().unwrap_or_default();
        match report.outcome(index).expect("a record") {
            RecordOutcome::Accepted => {
                assert_eq!(times, 1, "record {index} is accepted");
                counts[0] += 1;
            }
            RecordOutcome::Rejected(_) => {
                assert_eq!(times, 0, "record {index} is rejected");
                counts[1] += 1;
            }
            RecordOutcome::Unknown(_) => {
                assert!(times <= 1, "record {index} is processed {times} times");
                counts[2] += 1;
            }
        }
    }
    assert_eq!(processed.keys().filter(|number| **number >= report.records()).count(), 0);
    assert_eq!(counts, [report.accepted(), report.rejected().len(), report.unknown().len()]);
    counts
}

const RECORDS: usize = 25_000;

#[tokio::test]
async fn twenty_five_thousand_records_are_accounted_for() {
    let processed = Processed::default();
    let server = hostile(&processed);
    let client = client(&server);
    // Device tokens stand among the events, so some calls are small.
    let records = (0..RECORDS).map(|number| if number / 250 % 20 == 3 { token(number) } else { event(number) });
    let report = client.upload_records(&UploadRequest::new(Vec::new())).batch(records).await;
    println!("{report}");
    assert_eq!(report.records(), RECORDS);
    let [accepted, rejected, unknown] = compare(&report, &processed);
    assert_eq!(accepted + rejected + unknown, RECORDS);
    assert!(accepted > RECORDS / 3 && rejected > 100 && unknown > 1000, "{report}");
    assert!(report.calls() > 25, "{report}");

    // Codes are typed, and one that no page lists survives.
    let codes: Vec<UploadCode> =
        report.rejected().iter().filter_map(|record| record.told().and_then(|told| told.code)).collect();
    for code in [UploadCode::N509, UploadCode::N555, UploadCode::Unrecognized(599)] {
        assert!(codes.contains(&code), "{code:?}");
    }
    let again: Vec<usize> = report.to_send_again().collect();
    assert!(!again.is_empty());
    for record in report.rejected().iter().filter(|record| record.told().is_some()) {
        assert_eq!(again.contains(&record.index), record.index % 101 == 0 && record.index % 97 > 0, "{record:?}");
    }
}

/// A stream is taken as calls get free, and nothing of it is lost.
#[tokio::test]
async fn a_stream_of_records_is_taken_as_it_comes() {
    let processed = Processed::default();
    let server = hostile(&processed);
    let (sender, mut receiver) = tokio::sync::mpsc::channel(10);
    let feed = tokio::spawn(async move {
        for number in 1..3_500 {
            sender.send(event(number)).await.expect("it is received");
        }
    });
    let stream = futures_util::stream::poll_fn(move |context| receiver.poll_recv(context));
    // Records of the call's own body go first.
    let call = client(&server).upload_records(&UploadRequest::new(vec![event(0)]));
    let report = call.batch_stream(stream).at_once(3).await;
    feed.await.expect("all are sent");
    println!("{report}");
    assert_eq!(report.records(), 3_500);
    compare(&report, &processed);
}

/// One call of three records, and what is made of its answer: `a`ccepted, `r`ejected, `u`nknown.
#[tokio::test]
async fn an_answer_says_what_it_says() {
    let one = |number: usize, code: i64| {
        let mut echo = serde_json::to_value(event(number)).expect("JSON");
        echo["type"] = "event".into();
        json!({"code": code, "record": echo})
    };
    let stranger = json!({"code": 509, "record": {"identity": "1"}});
    let cases: Vec<(&str, u16, Value)> = vec![
        ("aaa", 200, json!({"status": "success"})),
        ("aaa", 200, json!({"status": "success", "processed": 3})),
        ("uuu", 200, json!({"status": "success", "processed": 2})),
        ("uuu", 200, json!({"status": "partial"})),
        ("uuu", 200, json!({"status": "a new word"})),
        ("aaa", 200, json!({"status": "partial", "processed": 3})),
        ("ara", 200, json!({"status": "partial", "processed": 2, "unprocessed": [one(1, 509)]})),
        // It does not account for one of them.
        ("uru", 200, json!({"status": "partial", "processed": 1, "unprocessed": [one(1, 509)]})),
        ("uru", 200, json!({"status": "partial", "unprocessed": [one(1, 509)]})),
        // A rejection that fits no record may be any of them.
        ("uuu", 200, json!({"status": "partial", "processed": 2, "unprocessed": [stranger]})),
        ("ruu", 200, json!({"status": "partial", "processed": 1, "unprocessed": [stranger, one(0, 509)]})),
        // The same rejection twice is one too many.
        ("uru", 200, json!({"status": "partial", "processed": 2, "unprocessed": [one(1, 509), one(1, 509)]})),
        ("uuu", 200, json!({"status": "partial", "processed": 2, "unprocessed": [{"code": 509}]})),
        // A failure that speaks of records, and failures that don't.
        ("rrr", 200, json!({"status": "fail", "processed": 0, "unprocessed": [one(0, 1), one(1, 2), one(2, 3)]})),
        ("arr", 400, json!({"status": "fail", "processed": 1, "unprocessed": [one(1, 2), one(2, 3)]})),
        // One that tells a rejection and no number accepts nothing by that.
        ("uru", 400, json!({"status": "fail", "unprocessed": [one(1, 2)]})),
        ("uru", 500, json!({"status": "fail", "unprocessed": [one(1, 2)]})),
        ("uru", 200, json!({"status": "fail", "unprocessed": [one(1, 2)]})),
        ("rrr", 400, json!({"status": "fail", "unprocessed": [one(0, 1), one(1, 2), one(2, 3)]})),
        ("uuu", 200, json!({"status": "fail", "error": "who knows"})),
        ("rrr", 400, json!({"status": "fail", "error": "no"})),
        ("rrr", 401, json!({"status": "fail"})),
        ("uuu", 500, json!({"status": "fail"})),
        ("uuu", 408, json!({})),
        ("uuu", 200, json!(["what"])),
    ];
    for (expected, status, answer) in cases {
        let text = answer.to_string();
        let server = Answers::start(move |_| Answer::Json(status, text.clone()));
        let call = client(&server).upload_records(&UploadRequest::new(Vec::new()));
        let report = call.batch((0..3).map(event)).await;
        let outcome = |index| match report.outcome(index) {
            Some(RecordOutcome::Accepted) => 'a',
            Some(RecordOutcome::Rejected(_)) => 'r',
            Some(RecordOutcome::Unknown(_)) => 'u',
            None => '-',
        };
        assert_eq!((0..4).map(outcome).collect::<String>(), format!("{expected}-"), "{status} {answer}: {report:?}");
        assert_eq!(report.calls(), 1);
        assert_eq!(report.is_complete(), expected == "aaa");
    }
}

/// Equal records can't be told apart: as many are rejected as the answer says.
#[tokio::test]
async fn equal_records_are_counted() {
    let server = Answers::start(|request| {
        let records = records(request);
        let rejected = [json!({"code": 555, "record": records[0]}), json!({"code": 509, "record": records[1]})];
        Answer::Json(200, json!({"status": "partial", "processed": 2, "unprocessed": rejected}).to_string())
    });
    let call = client(&server).upload_records(&UploadRequest::new(Vec::new()));
    let report = call.batch([event(1), event(1), event(1), event(2)]).await;
    assert_eq!((report.accepted(), report.rejected().len(), report.unknown().len()), (2, 2, 0), "{report:?}");
    assert_eq!(report.to_send_again().collect::<Vec<_>>(), [0]);
    let told: Vec<Option<&UnprocessedRecord>> = report.rejected().iter().map(|record| record.told()).collect();
    assert_eq!(told.len(), 2);
}

#[tokio::test]
async fn no_record_is_no_call() {
    let server = Answers::start(|_| success(0));
    let report = client(&server).upload_records(&UploadRequest::new(Vec::new())).batch([]).await;
    assert_eq!((report.records(), report.calls(), report.is_complete()), (0, 0, true));
}

/// Where nobody listens, nothing was processed.
#[tokio::test]
async fn without_a_connection_all_are_rejected_and_may_be_sent_again() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let builder = Client::builder().base_url(format!("http://{port}")).credentials(Credentials::new("a", "p"));
    let client = builder.build().expect("a client");
    let report = client.upload_records(&UploadRequest::new(Vec::new())).batch((0..1_500).map(event)).await;
    assert_eq!((report.calls(), report.rejected().len()), (2, 1_500), "{report}");
    assert!(report.rejected().iter().all(|record| matches!(record.why, Rejection::Call(_)) && record.may_pass()));
    assert_eq!(report.to_send_again().count(), 1_500);
}

#[tokio::test]
async fn what_is_unknown_says_why() {
    let server = Answers::start(|_| Answer::Cut);
    let call = client(&server).upload_records(&UploadRequest::new(Vec::new()));
    let report = call.dry_run(1).batch([event(0)]).await;
    let [unknown] = report.unknown() else { panic!("{report:?}") };
    let Doubt::Call(error) = &unknown.why else { panic!("{unknown:?}") };
    assert_eq!((error.attempts(), error.may_repeat()), (1, false));
    assert!(!format!("{report:?}").contains("passcode"));
}
