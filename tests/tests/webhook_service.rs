//! The example service and `cargo xtask webhook` against each other.

use cardlytics_client::runtime::webhooks::testing::Sender;
use cardlytics_client::webhooks::{EnrollmentWebhook, RewardWebhook};
use countersign_tests::service::{APPLICATION_ID, SECRET, Service, count, credentials, until};
use countersign_tests::workspace;
use std::fs;
use std::io::Write as _;
use std::process::{Output, Stdio};
use std::time::Duration;

/// Runs `xtask webhook` in the workspace with the webhooks' credentials; code and all that it printed.
fn webhook(arguments: &[&str], input: &[u8], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut process = workspace::xtask()
        .arg("webhook")
        .args(arguments)
        .env("CARDLYTICS_APPLICATION_ID", APPLICATION_ID)
        .env("CARDLYTICS_SECRET_KEY", SECRET)
        .envs(variables.iter().copied())
        .current_dir(workspace::root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("xtask starts");
    // It may end without reading.
    drop(process.stdin.take().expect("it is piped").write_all(input));
    let output: Output = process.wait_with_output().expect("xtask ends");
    let text = workspace::text(&output);
    assert!(!text.contains(SECRET), "{text}");
    (output.status.code(), text)
}

const VERIFY: [&str; 5] = ["verify", "--provider", "cardlytics", "--webhook", "reward"];
const AT: [&str; 2] = ["--at", "1700000000"];

/// A request as text, signed at [`AT`].
fn captured(body: &str) -> String {
    let sender = Sender::<RewardWebhook>::new(&credentials()).expect("the credentials fit").target("/hooks?a=1");
    let at = countersign_auth::UnixTime::from_secs(1_700_000_000);
    let request = sender.signed_at(at, body.to_owned().into()).expect("it can be signed");
    let token = request.headers()["authorization"].to_str().expect("a token is ASCII");
    let length = body.len();
    format!(
        "POST /hooks?a=1 HTTP/1.1\r\nHost: a.example\r\nAuthorization: {token}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn a_captured_request_is_verified() {
    let text = captured(r#"{"eventId":"1"}"#);
    let (code, said) = webhook(&[&VERIFY[..], &AT].concat(), text.as_bytes(), &[]);
    assert_eq!(code, Some(0), "{said}");
    for part in
        ["valid: cardlytics reward", APPLICATION_ID, "secret          [secret]", "2023-11-14T22:18:20Z", "nonce"]
    {
        assert!(said.contains(part), "{part} in\n{said}");
    }
    // A token that still holds must not be read off a terminal.
    let token = text.split("Bearer ").nth(1).and_then(|rest| rest.split("\r\n").next()).expect("there is a token");
    assert!(!said.contains(token), "{said}");
    let file = tempfile::NamedTempFile::new().expect("a file can be made");
    fs::write(file.path(), text.replace("\r\n", "\n")).expect("a file can be written");
    let path = file.path().to_str().expect("the path is UTF-8");
    assert_eq!(webhook(&[&VERIFY[..], &["--at", "2023-11-14T22:13:20Z", path]].concat(), b"", &[]).0, Some(0));
}

#[test]
fn a_refusal_has_its_cause() {
    let text = captured(r#"{"eventId":"1"}"#);
    let verify = |more: &[&str], text: &str, variables: &[(&str, &str)]| {
        webhook(&[&VERIFY[..], more].concat(), text.as_bytes(), variables)
    };
    let wrong = [("CARDLYTICS_SECRET_KEY", "another-secret")];
    let elsewhere = [("CARDLYTICS_APPLICATION_ID", "cdlx:another")];
    for ((code, said), parts) in [
        (
            verify(&AT, &format!("{text}\n"), &[]),
            &["claim sub differs", "has 16 bytes, and a line break at its end"][..],
        ),
        (verify(&[], &text, &[]), &["`expires` is past", "--at"]),
        (verify(&["--at", "1699990000"], &text, &[]), &["`expires` is too far ahead"]),
        (verify(&AT, &text, &wrong), &["the signature does not fit"]),
        (verify(&AT, &text, &elsewhere), &["claim iss differs", APPLICATION_ID, "cdlx:another"]),
        (verify(&AT, &text.replace("Authorization", "X-Other"), &[]), &["header Authorization is missing"]),
    ] {
        assert_eq!(code, Some(1), "{said}");
        for part in parts {
            assert!(said.contains(part), "{part} in\n{said}");
        }
    }
    assert_eq!(verify(&["--at", "1700000310", "--leeway", "30"], &text, &[]).0, Some(0));
}

#[test]
fn a_secret_comes_from_the_environment_or_a_file_and_never_from_an_argument() {
    let text = captured("{}");
    let verify = |more: &[&str], variables: &[(&str, &str)]| {
        webhook(&[&VERIFY[..], &AT, more].concat(), text.as_bytes(), variables)
    };
    for flag in ["--secret", "--secret-key", "--key", "--password", "-s"] {
        for arguments in [vec![format!("{flag}={SECRET}")], vec![flag.to_owned(), SECRET.to_owned()]] {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let (code, said) = verify(&arguments, &[]);
            assert_eq!(code, Some(2), "{flag}: {said}");
            assert!(said.contains("unexpected argument"), "{said}");
        }
    }
    let (code, said) = verify(&[], &[("CARDLYTICS_SECRET_KEY", "")]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("not set: CARDLYTICS_SECRET_KEY"), "{said}");
    let file = tempfile::NamedTempFile::new().expect("a file can be made");
    fs::write(file.path(), format!("a-newer-secret\n{SECRET}\n")).expect("a file can be written");
    let path = file.path().to_str().expect("the path is UTF-8");
    let (code, said) = verify(&["--secret-file", path], &[("CARDLYTICS_SECRET_KEY", "")]);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("a-newer-secret"), "{said}");
}

#[test]
fn the_service_answers_what_is_sent_to_it_and_logs_no_secret() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let journal = folder.path().join("journal");
    let mut service = Service::start(&[("RECEIVER_JOURNAL", journal.to_str().expect("the path is UTF-8"))]);
    let send = |webhook_name: &str, variant: &str, body: &str, variables: &[(&str, &str)]| {
        let to = service.url(&format!("/webhooks/{webhook_name}"));
        let which = ["send", "--provider", "cardlytics", "--webhook", webhook_name, "--to", &to, "--variant", variant];
        webhook(&which, body.as_bytes(), variables)
    };
    for (webhook_name, variant, event, handled) in [
        ("reward", "valid", "1", 1),
        ("reward", "valid", "1", 1),
        ("reward", "expired", "2", 1),
        ("reward", "tampered", "3", 1),
        ("reward", "replayed", "4", 2),
        ("enrollment", "valid", "1", 3),
    ] {
        let body = format!(r#"{{"eventId":"{event}","event":"REWARD_PENDING"}}"#);
        let (code, said) = send(webhook_name, variant, &body, &[]);
        assert_eq!(code, Some(0), "{webhook_name} {variant}: {said}");
        assert_eq!(count(&journal, "end"), handled, "{webhook_name} {variant}");
    }
    let (code, said) = send("reward", "valid", r#"{"eventId":"5"}"#, &[("CARDLYTICS_SECRET_KEY", "another-secret")]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("401"), "{said}");
    service.ask_to_end();
    let (status, log) = service.ended();
    assert!(status.success(), "{status}\n{log}");
    for part in ["/webhooks/reward: 401: the signature does not fit", "401: `expires` is past", "200: Done"] {
        assert!(log.contains(part), "{part} in\n{log}");
    }
    for private in [SECRET, "eyJ", "Bearer"] {
        assert!(!log.contains(private), "{private} in\n{log}");
    }
}

#[test]
fn nothing_is_sent_in_the_clear_or_to_nobody() {
    let send = |to: &str| webhook(&["send", "--provider", "cardlytics", "--webhook", "reward", "--to", to], b"{}", &[]);
    let (code, said) = send("http://receiver.example/");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("http goes to this machine only"), "{said}");
    let (code, said) = send("http://127.0.0.1:1/");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("nobody answers"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_the_service_finishes_what_it_began() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let journal = folder.path().join("journal");
    let text = journal.to_str().expect("the path is UTF-8");
    let mut service = Service::start(&[("RECEIVER_JOURNAL", text), ("RECEIVER_WORK_MS", "800")]);
    let sender = Sender::<EnrollmentWebhook>::new(&credentials()).expect("the credentials fit");
    let (parts, body) =
        sender.valid(r#"{"eventId":"1","event":"ENROLLMENT_CONFIRMED"}"#).expect("it can be signed").into_parts();
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().expect("a client");
    let url = service.url("/webhooks/enrollment");
    let running = tokio::spawn(client.post(&url).headers(parts.headers.clone()).body(body.clone()).send());
    tokio::task::block_in_place(|| until("the handler begins", || (count(&journal, "begin") == 1).then_some(())));
    service.ask_to_end();
    tokio::task::block_in_place(|| {
        until("nothing new is accepted", || {
            std::net::TcpStream::connect(url.trim_start_matches("http://").split('/').next()?).is_err().then_some(())
        })
    });
    assert_eq!(count(&journal, "end"), 0, "it was asked to end while the handler ran");
    assert_eq!(running.await.expect("nobody panics").expect("the answer comes").status(), 200);
    let (status, log) = service.ended();
    assert!(status.success(), "{status}");
    assert!(log.contains("ended; all that was begun is answered"), "{log}");
    assert_eq!(count(&journal, "end"), 1);
}
