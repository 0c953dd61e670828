//! Crates of somebody else, with client crates and tokio as their only dependencies, make signed calls.
//!
//! One has `clutch-client` alone and is the README's first example; the other has all four clients and is made of
//! the README's quick starts. The servers below check every request with aws-lc-rs, md5 and jsonwebtoken, and share
//! no code with the crates under test. Both are consumed by path and from a git repository.

use aws_lc_rs::{digest, hmac};
use countersign_tests::listener::{Answer, Check, Listener, Request};
use countersign_tests::{outside, programs, workspace};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

const KEY: &str = "consumer-key";
const SECRET: &str = "consumer-secret-5f0c";
const TOKIO: &str = r#"tokio = { version = "1", features = ["macros", "rt-multi-thread"] }"#;
const REPOSITORY: &str = "https://github.com/countersign-rs/countersign";

/// A provider as its server here sees it: the client's variables, what is checked, what is answered.
struct Provider {
    name: &'static str,
    variables: [&'static str; 2],
    check: Check,
    answer: Answer,
}

const PROVIDERS: [Provider; 4] = [
    Provider {
        name: "clutch",
        variables: ["CLUTCH_APPLICATION_KEY", "CLUTCH_APPLICATION_SECRET"],
        check: check_clutch,
        answer: answer_clutch,
    },
    Provider {
        name: "clevertap",
        variables: ["CLEVERTAP_ACCOUNT_ID", "CLEVERTAP_PASSCODE"],
        check: check_clevertap,
        answer: answer_clevertap,
    },
    Provider {
        name: "appsmiles",
        variables: ["APPSMILES_PARTNER_ID", "APPSMILES_PARTNER_SECRET"],
        check: check_appsmiles,
        answer: answer_appsmiles,
    },
    Provider {
        name: "cardlytics",
        variables: ["CARDLYTICS_APPLICATION_ID", "CARDLYTICS_SECRET_KEY"],
        check: check_cardlytics,
        answer: answer_cardlytics,
    },
];

#[test]
fn by_path() {
    let source = |name: &str| format!("path = {:?}", workspace::root().join("generated").join(name));
    first_example("consumer-by-path", &source("clutch"));
    quick_starts("consumers-by-path", source);
}

#[test]
fn from_a_git_repository() {
    if !programs::available(&["git"]) {
        return;
    }
    // Always at the same place: cargo keeps what it fetched by address, and would keep a copy for each run.
    let bare = Path::new(env!("CARGO_TARGET_TMPDIR")).join("countersign.git");
    let root = tempfile::tempdir().unwrap();
    let copy = root.path().join("countersign");
    workspace::copy(&[], &copy);
    workspace::commit(&copy);
    if bare.exists() {
        fs::remove_dir_all(&bare).unwrap();
    }
    workspace::run(workspace::git().args(["clone", "--quiet", "--bare", "--no-hardlinks"]).arg(&copy).arg(&bare));
    let source = format!("git = \"file://{}\"", bare.display());
    first_example("consumer-from-git", &source);
    quick_starts("consumers-from-git", |_| source.clone());
}

#[test]
fn a_crate_for_a_spec_that_lies_anywhere_builds_by_itself() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("acme");
    let spec = workspace::root().join("specs/clutch/openapi.yaml");
    let codegen = |folder: &Path| {
        let mut xtask = workspace::xtask();
        xtask.current_dir(workspace::root()).arg("codegen").arg("--spec").arg(&spec);
        xtask.args(["--name", "acme-client", "--out"]).arg(folder);
        xtask
    };
    workspace::run(&mut codegen(&folder));
    outside::build(&folder, target());
    let again = workspace::run(&mut codegen(&folder));
    assert!(workspace::text(&again).contains("unchanged"), "{}", workspace::text(&again));
    assert!(folder.join("Cargo.lock").is_file());

    // A folder that holds something else is not ours to replace.
    let home = root.path().join("home");
    fs::create_dir(&home).unwrap();
    fs::write(home.join("diary"), "mine").unwrap();
    let refused = codegen(&home).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", workspace::text(&refused));
    assert_eq!(fs::read_dir(&home).unwrap().count(), 1);
}

/// The README's first example, with its two dependencies.
fn first_example(name: &str, source: &str) {
    let readme = readme();
    let shown = first_block(&readme, "toml");
    assert_eq!(shown, format!("[dependencies]\nclutch-client = {{ git = \"{REPOSITORY}\" }}\n{TOKIO}"));
    let dependencies = format!("clutch-client = {{ {source} }}\n{TOKIO}");
    let root = tempfile::tempdir().unwrap();
    let program = outside::program(root.path(), name, &dependencies, first_block(&readme, "rust,no_run"), target());

    let (output, servers) = run(&program);
    assert_eq!(output, "status 200 OK, a token: true\n");
    assert_eq!(lines(&servers[0]), ["GET /captcha/new", "POST /auth/token/existing"]);
    let calls = servers[0].calls();
    assert_ne!(calls[0].request.header("x-request-id"), calls[1].request.header("x-request-id"));
}

/// One program of the README's four quick starts, each a module.
fn quick_starts(name: &str, source: impl Fn(&str) -> String) {
    let readme = readme();
    let (_, quick_start) = readme.split_once("\n## Quick start\n").expect("README has a quick start");
    let quick_start = quick_start.split("\n## ").next().unwrap();
    let (mut modules, mut calls) = (String::new(), String::new());
    for (index, rest) in quick_start.split("```rust,no_run\n").skip(1).enumerate() {
        let snippet = rest.split("\n```").next().unwrap();
        let (_, signature) = snippet.split_once("\npub async fn ").expect("a quick start is a function");
        let function = signature.split('(').next().unwrap();
        modules.push_str(&format!("mod quick_start_{index} {{\n{snippet}\n}}\n"));
        calls.push_str(&format!("    quick_start_{index}::{function}().await?;\n"));
    }
    let main = "#[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {\n";
    let program = format!("{modules}{main}{calls}    Ok(())\n}}\n");
    let clients = PROVIDERS.map(|Provider { name, .. }| format!("{name}-client = {{ {} }}", source(name)));
    let dependencies = format!("{}\n{TOKIO}", clients.join("\n"));
    let root = tempfile::tempdir().unwrap();
    let program = outside::program(root.path(), name, &dependencies, &program, target());

    let (output, servers) = run(&program);
    assert_eq!(output, "News\nSome(\"Jane\")\nMug: Some(120) points\ntaken: true\n");
    assert_eq!(lines(&servers[0]), ["GET /brand/lists"]);
    assert_eq!(lines(&servers[1]), ["GET /1/profile.json?email=jane%40example.com"]);
    assert_eq!(lines(&servers[2]), ["POST /user/clientcheckcredentials", "POST /gift/list"]);
    assert_eq!(lines(&servers[3]), ["POST /webhook/transactions"]);
}

fn readme() -> String {
    fs::read_to_string(workspace::root().join("README.md")).unwrap()
}

fn first_block<'r>(readme: &'r str, fence: &str) -> &'r str {
    let (_, rest) = readme.split_once(&format!("```{fence}\n")).unwrap_or_else(|| panic!("no {fence} in README"));
    rest.split_once("\n```").unwrap().0
}

fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

/// Runs the program against a server for each provider.
fn run(program: &PathBuf) -> (String, [Listener; 4]) {
    let servers = PROVIDERS.map(|provider| Listener::start(provider.check, provider.answer, "{}"));
    let mut command = Command::new(program);
    for (provider, server) in PROVIDERS.iter().zip(&servers) {
        command.env(format!("{}_BASE_URL", provider.name.to_uppercase()), server.url());
        command.env(provider.variables[0], KEY).env(provider.variables[1], SECRET);
    }
    let output = workspace::run(&mut command);
    (workspace::text(&output), servers)
}

/// What was called, every request signed as it should be.
fn lines(server: &Listener) -> Vec<String> {
    let calls = server.calls();
    assert!(calls.iter().all(|call| call.verdict == Ok(())), "{calls:#?}");
    calls.iter().map(|call| format!("{} {}", call.request.method, call.request.target)).collect()
}

/// Clutch's manual in a dozen lines: digest, canonical array, HMAC-SHA512.
fn check_clutch(request: &Request) -> Result<(), String> {
    let (id, time) = (request.header("x-request-id")?, request.header("x-request-time")?);
    let body = match request.method.as_str() {
        "GET" => String::new(),
        _ => hex(digest::digest(&digest::SHA512, &request.body).as_ref()),
    };
    let text = format!("[\"{id}\",\"{time}\",\"{}\",\"{body}\"]", request.target);
    let expected = hex(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, SECRET.as_bytes()), text.as_bytes()).as_ref());
    match time.parse::<u64>() {
        _ if request.header("x-application-key")? != KEY => Err("the key is another one".to_owned()),
        _ if request.header("x-signature")? != expected => Err(format!("the signature is not that of {text}")),
        Ok(time) if now().abs_diff(time / 1000) < 300 => Ok(()),
        _ => Err(format!("the time is {time}")),
    }
}

fn answer_clutch(line: &str) -> Option<&'static str> {
    Some(match line {
        "GET /captcha/new" => r#"{"captchaId":"c-1"}"#,
        "POST /auth/token/existing" => r#"{"success":true,"token":"t-1"}"#,
        "GET /brand/lists" => r#"{"subscriptionLists":[{"id":"l-1","name":"News"}]}"#,
        _ => return None,
    })
}

/// Nothing is signed: account and passcode in two headers.
fn check_clevertap(request: &Request) -> Result<(), String> {
    match (request.header("x-clevertap-account-id")?, request.header("x-clevertap-passcode")?) {
        (KEY, SECRET) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

fn answer_clevertap(line: &str) -> Option<&'static str> {
    line.starts_with("GET /1/profile.json?").then_some(r#"{"status":"success","record":{"name":"Jane"}}"#)
}

/// The claims, whole, but for `iat`: headers and body stand there as PHP prints them.
fn check_appsmiles(request: &Request) -> Result<(), String> {
    let claims = claims(request, &["iss", "sub"])?;
    let (subject, body) = match request.target.as_str() {
        "/gift/list" => ("user-token-1", r#"{"lang":"fr"}"#),
        _ => ("", r#"{"email":"zo\u00e9@example.com","partnerClientId":"customer\/42"}"#),
    };
    let expected = serde_json::json!({
        "iss": KEY, "sub": subject, "iat": claims["iat"],
        "data_header": r#"{"Content-Type":"application\/json"}"#, "data_body": body,
    });
    match claims["iat"].as_u64() {
        _ if claims != expected => Err(format!("{claims} instead of {expected}")),
        _ if request.body != body.as_bytes() => Err("the body is not the text that was signed".to_owned()),
        Some(created) if now().abs_diff(created) < 300 => Ok(()),
        _ => Err("iat is not the time".to_owned()),
    }
}

fn answer_appsmiles(line: &str) -> Option<&'static str> {
    Some(match line {
        "POST /user/clientcheckcredentials" => {
            r#"{"errorCode":0,"errorMsg":"ok","data":{"user":{"userToken":"user-token-1"}}}"#
        }
        "POST /gift/list" => r#"{"errorCode":0,"errorMsg":"ok","data":[{"id":7,"name":"Mug","points":120}]}"#,
        _ => return None,
    })
}

/// The claims, whole: the subject is the MD5 of the raw body.
fn check_cardlytics(request: &Request) -> Result<(), String> {
    let claims = claims(request, &["iss", "sub", "exp"])?;
    let expected = serde_json::json!({
        "iss": KEY, "sub": format!("{:x}", md5::compute(&request.body)), "exp": claims["exp"], "jti": claims["jti"],
    });
    match (claims["exp"].as_u64(), claims["jti"].as_str()) {
        _ if claims != expected => Err(format!("{claims} instead of {expected}")),
        (Some(expires), Some(id)) if (now()..now() + 3600).contains(&expires) && id.len() == 36 => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

fn answer_cardlytics(line: &str) -> Option<&'static str> {
    (line == "POST /webhook/transactions").then_some(r#"{"success":true}"#)
}

/// The claims of the bearer token; jsonwebtoken checks signature, algorithm and, where it stands there, `exp`.
fn claims(request: &Request, required: &[&str]) -> Result<Value, String> {
    let token = request.header("authorization")?.strip_prefix("Bearer ").ok_or("no bearer token")?;
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_required_spec_claims(required);
    validation.leeway = 0;
    let decoded = decode::<Value>(token, &DecodingKey::from_secret(SECRET.as_bytes()), &validation);
    decoded.map(|token| token.claims).map_err(|error| error.to_string())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
