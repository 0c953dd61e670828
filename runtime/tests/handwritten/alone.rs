//! What needs a process of its own: its peak memory, and a subscriber that nobody else's calls reach.
//!
//! Each test runs this program again, with one of the ignored tests here and the address of a server.

use crate::calls::{builder, retrying};
use crate::server::{Answer, Server, json, reply};
use countersign_runtime::ErrorKind;
use std::io::Write as _;
use std::process::Command;
use std::sync::{Arc, Mutex};

const MIB: u64 = 1024 * 1024;
/// The limit of bytes, as it is at first.
const CAP: u64 = 32 * MIB;
const URL: &str = "COUNTERSIGN_TEST_URL";

/// Runs one of the ignored tests in a process of its own, and gives what it printed.
fn alone(test: &str, url: &str) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("alone::{test}"), "--ignored", "--nocapture"]).env(URL, url);
    let output = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    text
}

fn url() -> String {
    std::env::var(URL).expect("another test runs this one, with the address of its server")
}

const JSON: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

/// Sixteen mebibytes of spaces, packed; one after another they unpack to as many as one likes.
fn member() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![b' '; 16 << 20]).unwrap();
    encoder.finish().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_gigabytes_and_a_bomb_stop_at_the_cap() {
    let member = member();
    let ratio = (16 << 20) / member.len();
    let server = Server::start(move |number, _| match number {
        0 => json("200 OK", r#"{"name":"Ann"}"#),
        1 => Answer::Flood(format!("{JSON}content-length: 10737418240\r\n\r\n").into_bytes(), vec![b' '; 64 * 1024]),
        2 => Answer::Flood(format!("{JSON}\r\n").into_bytes(), vec![b' '; 64 * 1024]),
        _ => Answer::Flood(format!("{JSON}content-encoding: gzip\r\n\r\n").into_bytes(), member.clone()),
    })
    .await;
    let url = server.url.clone();
    let text = tokio::task::spawn_blocking(move || alone("peak_of_endless_bodies", &url)).await.unwrap();
    for line in text.lines().filter(|line| line.contains("peak memory")) {
        println!("{} (a bomb of {ratio}:1)", line.trim());
    }
}

/// The most memory that this process ever had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
}

#[tokio::test]
#[ignore = "run by `ten_gigabytes_and_a_bomb_stop_at_the_cap`"]
async fn peak_of_endless_bodies() {
    let client = builder(&url()).build().unwrap();
    client.get_profile("t").await.unwrap();
    let before = peak();
    let mut cost = Vec::new();
    for _ in 0..3 {
        let error = client.get_profile("t").await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TooLarge { limit } if *limit as u64 == CAP), "{error}");
        cost.push((peak() - before).div_ceil(1024));
    }
    println!("peak memory above the start, in KiB: length told {}, no length {}, bomb {}", cost[0], cost[1], cost[2]);
    assert!(cost[0] < 1024, "what is told to be too long is not read");
    assert!(cost.iter().all(|cost| cost * 1024 <= CAP + 8 * MIB), "{cost:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traces_tell_the_operation_and_no_secret() {
    let server = Server::start(|number, _| match number {
        0 => reply("500 Oops", &[("set-cookie", "canary"), ("x-canary", "canary"), ("age", "7")], "canary"),
        _ => json("200 OK", r#"{"name":"canary"}"#),
    })
    .await;
    let url = server.url.clone();
    let text = tokio::task::spawn_blocking(move || alone("trace_of_a_call", &url)).await.unwrap();
    let ours: String =
        text.lines().filter(|line| line.contains(" countersign: ")).map(|line| format!("{line}\n")).collect();
    assert!(!ours.is_empty(), "{text}");
    for request in server.received() {
        for header in ["x-signature", "x-request-id"] {
            assert!(!text.contains(request.one(header)), "{header} in {text}");
        }
    }
    assert_eq!(server.received().len(), 2);
}

/// Collects what is written.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
#[ignore = "run by `traces_tell_the_operation_and_no_secret`"]
async fn trace_of_a_call() {
    use tracing_subscriber::fmt::format::FmtSpan;
    let buffer = Buffer::default();
    let writer = buffer.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let client = retrying(&url()).build().unwrap();
    let profile = client.get_profile("canary").extra_header("x-mine", "canary").await.unwrap();
    let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
    println!("{text}");
    let ours: Vec<&str> = text.lines().filter(|line| line.contains(" countersign: ")).collect();
    let ours = ours.join("\n");
    for expected in [
        "countersign.operation=\"get_profile\"",
        "countersign.provider=\"mini\"",
        &format!("countersign.request_id=\"{}\"", profile.request_id()),
        "url.template=\"/profile/token/{tokenID}\"",
        "http.request.method=\"GET\"",
        "server.address=\"127.0.0.1\"",
        "http.response.status_code=500",
        "http.response.status_code=200",
        "error.type=\"500\"",
        "http.request.resend_count=1",
        "otel.name=\"GET /profile/token/{tokenID}\"",
        "name=\"age\" value=\"7\"",
        "countersign.attempts=2",
    ] {
        assert!(ours.contains(expected), "{expected} in {ours}");
    }
    for secret in ["canary", "x-mine", "cookie", "x-signature"] {
        assert!(!ours.to_lowercase().contains(secret), "{secret} in {ours}");
    }
}
