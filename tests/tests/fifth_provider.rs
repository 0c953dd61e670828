//! A provider is a declaration: one that no crate here knows, from its spec to verified calls.
//!
//! `tests/data/coinbase` has a spec, vectors and a program. The spec becomes a crate with `cargo xtask codegen`, the
//! program calls it, and the server below verifies each request with aws-lc-rs, straight from the provider's rules.

use aws_lc_rs::hmac;
use countersign_tests::listener::{Listener, Request};
use countersign_tests::{outside, workspace};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

const KEY: &str = "fifth-key";
const PASSPHRASE: &str = "fifth-passphrase-71a5";
/// The key's bytes; what is configured is their base64.
const SECRET: &[u8] = b"fifth secret \xff\x00 /+";
const SECRET_BASE64: &str = "ZmlmdGggc2VjcmV0IP8AIC8r";

#[test]
fn a_spec_is_all_that_a_fifth_provider_takes() {
    let root = tempfile::tempdir().unwrap();
    let program = program(root.path());

    let server = Listener::start(check, answer, r#"{"message":"invalid signature"}"#);
    let output = run(&program, &server, SECRET_BASE64);
    assert_eq!(output, "EUR 12.50\n9007199254740993 sell 0.25\no-1 pending false\n");
    let calls = server.calls();
    assert!(calls.iter().all(|call| call.verdict == Ok(())), "{calls:#?}");
    let lines: Vec<_> = calls.iter().map(|call| format!("{} {}", call.request.method, call.request.target)).collect();
    assert_eq!(lines, ["GET /accounts", "GET /fills?product_id=BTC-EUR%20%26%20%C3%A9&limit=2", "POST /orders"]);
    let order: serde_json::Value = serde_json::from_slice(&calls[2].request.body).unwrap();
    assert_eq!(order, serde_json::json!({"product_id": "BTC-EUR", "side": "buy", "size": "0.01", "price": "1/3 é"}));

    // Another secret is refused, and the refusal comes back typed.
    let output = run(&program, &server, "YW5vdGhlciBzZWNyZXQ=");
    assert_eq!(output, "Some(401): invalid signature\n");
    assert!(server.calls()[3].verdict.is_err());
}

#[test]
fn the_spec_is_clean_and_its_vectors_pass() {
    let data = data();
    let lint = workspace::run(workspace::xtask().arg("lint").arg(data.join("openapi.yaml")));
    assert!(workspace::text(&lint).contains("0 errors, 0 warnings"), "{}", workspace::text(&lint));
    let mut vectors = workspace::xtask();
    vectors.arg("vectors").arg("--recipes").arg(data.join("openapi.yaml")).arg(data.join("vectors.json"));
    let vectors = workspace::run(vectors.current_dir(workspace::root()));
    assert!(workspace::text(&vectors).ends_with("2 passed, 0 failed\n"), "{}", workspace::text(&vectors));
}

fn data() -> std::path::PathBuf {
    workspace::root().join("tests/data/coinbase")
}

/// Generates the crate and builds the program against it. The crate lies in the target folder, always at the same
/// place, so that a repeated run builds nothing anew.
fn program(root: &Path) -> std::path::PathBuf {
    let crate_folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("coinbase-client");
    let mut codegen = workspace::xtask();
    codegen.current_dir(workspace::root()).args(["codegen", "--spec", "tests/data/coinbase/openapi.yaml"]);
    workspace::run(codegen.args(["--name", "coinbase-client", "--out"]).arg(&crate_folder));
    let dependencies = format!(
        "coinbase-client = {{ path = {crate_folder:?} }}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}"
    );
    let source = fs::read_to_string(data().join("main.rs")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    outside::program(root, "fifth-provider", &dependencies, &source, target)
}

fn run(program: &Path, server: &Listener, secret: &str) -> String {
    let output = workspace::run(
        Command::new(program)
            .env("COINBASE_API_KEY", KEY)
            .env("COINBASE_PASSPHRASE", PASSPHRASE)
            .env("COINBASE_API_SECRET", secret)
            .env("COINBASE_BASE_URL", server.url()),
    );
    workspace::text(&output)
}

/// HMAC-SHA256 in base64 over time, method, target and body; the time at most half a minute away.
fn check(request: &Request) -> Result<(), String> {
    if (request.header("cb-access-key")?, request.header("cb-access-passphrase")?) != (KEY, PASSPHRASE) {
        return Err("key or passphrase is another one".to_owned());
    }
    let time = request.header("cb-access-timestamp")?;
    let signed = [time.as_bytes(), request.method.as_bytes(), request.target.as_bytes(), &request.body].concat();
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), &signed);
    if request.header("cb-access-sign")? != base64(signature.as_ref()) {
        return Err(format!("the signature is not that of {}", String::from_utf8_lossy(&signed)));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    match time.parse::<u64>() {
        Ok(time) if now.abs_diff(time) <= 30 => Ok(()),
        _ => Err(format!("the time is {time}")),
    }
}

fn answer(line: &str) -> Option<&'static str> {
    Some(match line {
        "GET /accounts" => r#"[{"id":"a-1","currency":"EUR","balance":"12.50"}]"#,
        "POST /orders" => r#"{"id":"o-1","status":"pending","settled":false}"#,
        line if line.starts_with("GET /fills?") => {
            r#"[{"trade_id":9007199254740993,"product_id":"BTC-EUR","side":"sell","size":"0.25"}]"#
        }
        _ => return None,
    })
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let bits = group.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        let digit = |place: usize| char::from(ALPHABET[(bits >> (18 - 6 * place)) as usize & 63]);
        (0..4).map(|place| if place <= group.len() { digit(place) } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[test]
fn the_tests_own_base64() {
    assert_eq!([base64(b""), base64(b"f"), base64(b"fo"), base64(b"foobar")], ["", "Zg==", "Zm8=", "Zm9vYmFy"]);
    assert_eq!(base64(SECRET), SECRET_BASE64);
}
