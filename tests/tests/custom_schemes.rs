//! Hand-written schemes from two specs to calls over a socket: AWS Signature Version 4 and HTTP message signatures.
//!
//! `tests/data/storage` and `tests/data/parcels` have a spec and vectors each. The crates are generated, one program
//! calls both, every call is sent twice, and the servers below verify each request with aws-lc-rs, straight from what
//! AWS and RFC 9421 say.

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_tests::listener::{Call, Listener, Request};
use countersign_tests::{outside, workspace};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const KEY_ID: &str = "AKIDSTORAGE";
const SECRET: &str = "storage/secret+71a5";
const TOKEN: &str = "token/+=";
/// The bytes of the parcels' key; what is configured is their base64.
const SHARED: &[u8] = b"parcels \xff\x00 key";

#[test]
fn generated_clients_sign_by_hand_written_schemes() {
    let root = tempfile::tempdir().unwrap();
    let program = program(root.path());
    crates_say_what_signs_them();
    let storage = Listener::start(storage_check, storage_answer, r#"{"message":"refused"}"#);
    let parcels = Listener::start(parcels_check, parcels_answer, r#"{"message":"refused"}"#);

    let output = run(&program, &storage, &parcels, SECRET, Some(TOKEN));
    let settable = "the parameter `service` is not settable in storage";
    assert_eq!(output, format!("Zoë\nSome(401)\n{settable}\nKöln\n"));
    let calls = storage.calls();
    let lines = calls.iter().map(line).collect::<Vec<_>>();
    let (list, put, delete) =
        ("GET /prod/items?prefix=a%20b%26%C3%A9&limit=2", "POST /prod/items", "DELETE /prod/items/a%20b%2F%C3%A9");
    assert_eq!(lines, [list, list, put, put, delete, delete, "GET /prod/items?prefix=x"]);
    let (elsewhere, accepted) = calls.split_last().unwrap();
    assert!(accepted.iter().all(|call| call.verdict == Ok(())), "{calls:#?}");
    assert!(elsewhere.verdict.as_ref().is_err_and(|why| why.contains("us-east-1")), "{elsewhere:?}");
    each_is_new(accepted, &["x-amz-date", "authorization"]);

    let calls = parcels.calls();
    let lines = calls.iter().map(line).collect::<Vec<_>>();
    let list = "GET /parcels?city=K%C3%B6ln%20%26%20Bonn";
    assert_eq!(lines, [list, list, "POST /parcels", "POST /parcels"]);
    assert!(calls.iter().all(|call| call.verdict == Ok(())), "{calls:#?}");
    each_is_new(&calls, &["signature-input", "signature"]);
    let inputs = calls.iter().map(|call| call.request.header("signature-input").unwrap());
    let nonces = inputs.map(|input| input.split_once(";nonce=").unwrap().1.split(';').next().unwrap());
    assert_eq!(nonces.collect::<BTreeSet<_>>().len(), calls.len());

    // Without a session token there is no header for one; another secret is refused, and the refusal is typed.
    let seen = storage.calls().len();
    assert_eq!(run(&program, &storage, &parcels, "another", None), "Some(401): refused\n");
    let call = &storage.calls()[seen];
    assert!(call.verdict.is_err() && !call.request.headers.contains_key("x-amz-security-token"), "{call:?}");
}

#[test]
fn the_specs_are_clean_and_their_vectors_pass() {
    for (name, count) in [("storage", 7), ("parcels", 1)] {
        let data = data(name);
        let lint = workspace::run(workspace::xtask().arg("lint").arg(data.join("openapi.yaml")));
        assert!(workspace::text(&lint).contains("0 errors, 0 warnings"), "{}", workspace::text(&lint));
        let mut vectors = workspace::xtask();
        vectors.arg("vectors").arg("--recipes").arg(data.join("openapi.yaml")).arg(data.join("vectors.json"));
        let vectors = workspace::text(&workspace::run(vectors.current_dir(workspace::root())));
        assert!(vectors.ends_with(&format!("{count} passed, 0 failed\n")), "{vectors}");
    }
}

/// Only the crate that needs it turns the feature on, and each method says what signs it.
fn crates_say_what_signs_them() {
    for (name, tag, scheme) in [("storage", "items", "aws-sigv4"), ("parcels", "parcels", "rfc9421-hmac-sha256")] {
        let manifest = fs::read_to_string(client(name).join("Cargo.toml")).unwrap();
        assert_eq!(manifest.contains("features = [\"aws-sigv4\"]"), scheme == "aws-sigv4", "{manifest}");
        let methods = fs::read_to_string(client(name).join(format!("src/operations/{tag}.rs"))).unwrap();
        assert!(methods.contains(&format!("/// Signed by `{name}` (`{scheme}`).")), "{methods}");
    }
}

fn line(call: &Call) -> String {
    format!("{} {}", call.request.method, call.request.target)
}

/// A repeated request has a time and a signature of its own.
fn each_is_new(calls: &[Call], headers: &[&str]) {
    for header in headers {
        let values: BTreeSet<&str> = calls.iter().map(|call| call.request.header(header).unwrap()).collect();
        assert_eq!(values.len(), calls.len(), "{header}");
    }
}

fn data(name: &str) -> PathBuf {
    workspace::root().join("tests/data").join(name)
}

fn client(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-client"))
}

fn generate(name: &str) {
    let mut codegen = workspace::xtask();
    let spec = format!("tests/data/{name}/openapi.yaml");
    codegen.current_dir(workspace::root()).args(["codegen", "--spec", &spec, "--name", &format!("{name}-client")]);
    workspace::run(codegen.arg("--out").arg(client(name)));
}

/// Generates the crates, always at the same place, and builds the program against them.
fn program(root: &Path) -> PathBuf {
    ["storage", "parcels"].into_iter().for_each(generate);
    let dependencies = format!(
        "storage-client = {{ path = {:?} }}\nparcels-client = {{ path = {:?} }}\nasync-trait = \"0.1\"\nhttp = \"1\"\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}",
        client("storage"),
        client("parcels"),
    );
    let source = fs::read_to_string(data("storage").join("main.rs")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    outside::program(root, "custom-schemes", &dependencies, &source, target)
}

fn run(program: &Path, storage: &Listener, parcels: &Listener, secret: &str, token: Option<&str>) -> String {
    let mut command = Command::new(program);
    command
        .env("STORAGE_ACCESS_KEY_ID", KEY_ID)
        .env("STORAGE_SECRET_ACCESS_KEY", secret)
        .env("STORAGE_BASE_URL", storage.url())
        .env("PARCELS_KEY_ID", "parcels-1")
        .env("PARCELS_SHARED_SECRET", STANDARD.encode(SHARED))
        .env("PARCELS_BASE_URL", parcels.url());
    if let Some(token) = token {
        command.env("STORAGE_SESSION_TOKEN", token);
    }
    workspace::text(&workspace::run(&mut command))
}

fn storage_answer(line: &str) -> Option<&'static str> {
    line.contains(" /prod/items").then_some(r#"[{"name":"Zoë"}]"#)
}

fn parcels_answer(line: &str) -> Option<&'static str> {
    line.contains(" /parcels").then_some(r#"[{"city":"Köln"}]"#)
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

/// What "Create a signed AWS API request" says, for paths and queries such as the program's.
fn storage_check(request: &Request) -> Result<(), String> {
    let authorization = request.header("authorization")?;
    let date = request.header("x-amz-date")?;
    let token = request.headers.contains_key("x-amz-security-token");
    let kind = request.headers.contains_key("content-type");
    let target = request.headers.contains_key("x-amz-target");
    let names = [(kind, "content-type"), (true, "host"), (true, "x-amz-date")];
    let names = names.into_iter().chain([(token, "x-amz-security-token"), (target, "x-amz-target")]);
    let names: Vec<&str> = names.filter_map(|(there, name)| there.then_some(name)).collect();
    let mut headers = String::new();
    for name in &names {
        headers += &format!("{name}:{}\n", request.header(name)?);
    }
    if token && request.header("x-amz-security-token")? != TOKEN {
        return Err("another token".to_owned());
    }
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.sort_unstable();
    // Services but one encode the path once more.
    let path = path.replace('%', "%25");
    let canonical = format!(
        "{}\n{path}\n{}\n{headers}\n{}\n{}",
        request.method,
        pairs.join("&"),
        names.join(";"),
        sha256(&request.body)
    );
    let scope = format!("{}/eu-west-1/execute-api/aws4_request", &date[..8]);
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(canonical.as_bytes()));
    let key = mac(format!("AWS4{SECRET}").as_bytes(), &date[..8]);
    let key = ["eu-west-1", "execute-api", "aws4_request"].iter().fold(key, |key, part| mac(&key, part));
    let expected = format!(
        "AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope}, SignedHeaders={}, Signature={}",
        names.join(";"),
        hex(&mac(&key, &text))
    );
    match authorization == expected {
        true => Ok(()),
        false => Err(format!("{authorization} is not {expected}\n{canonical}")),
    }
}

/// RFC 9421, sections 2.5 and 3.1, and RFC 9530, for the components that the document names.
fn parcels_check(request: &Request) -> Result<(), String> {
    let came = digest::digest(&digest::SHA512, &request.body);
    let content_digest = request.header("content-digest")?;
    if content_digest != format!("sha-512=:{}:", STANDARD.encode(came.as_ref())) {
        return Err(format!("{content_digest} is not that of the body"));
    }
    let params = request.header("signature-input")?.strip_prefix("sig1=").ok_or("no sig1")?;
    for part in [
        "(\"@method\" \"@target-uri\" \"content-digest\");created=",
        ";keyid=\"parcels-1\";alg=\"hmac-sha256\";expires=",
        ";nonce=\"",
        ";tag=\"parcels\"",
    ] {
        if !params.contains(part) {
            return Err(format!("{part} is not in {params}"));
        }
    }
    let base = format!(
        "\"@method\": {}\n\"@target-uri\": http://{}{}\n\"content-digest\": {content_digest}\n\"@signature-params\": {params}",
        request.method,
        request.header("host")?,
        request.target,
    );
    let expected = format!("sig1=:{}:", STANDARD.encode(mac(SHARED, &base)));
    match request.header("signature")? == expected {
        true => Ok(()),
        false => Err(format!("the signature is not {expected} of\n{base}")),
    }
}
