//! `spec-diff comment` against a local server that plays the part of GitHub's API that is about comments.
//!
//! The server keeps comments as GitHub does: pages with a `Link` header, an author for each, 404 for what is gone. It
//! can be told to answer otherwise, and it remembers every request.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/spec_diff");
const TOKEN: &str = "ghs_0123456789abcdefTOKEN";
const MARKER: &str = "<!-- countersign spec-diff -->";

/// What the server does instead of its work: for requests of a method, so many times.
struct Fault {
    method: Method,
    /// Only for addresses that end so.
    at: &'static str,
    times: usize,
    status: u16,
    headers: Vec<(&'static str, String)>,
    message: String,
}

#[derive(Default)]
struct Hub {
    comments: Vec<Value>,
    last: u64,
    seen: Vec<(Method, String, HeaderMap)>,
    fault: Option<Fault>,
    /// Whose token it is, where it is a person's.
    login: Option<String>,
    /// Whether lists come without a `Link` header.
    no_links: bool,
}

impl Hub {
    fn add(&mut self, body: &str, login: &str, kind: &str) -> u64 {
        self.last += 1;
        self.comments.push(json!({"id": self.last, "body": body, "user": {"login": login, "type": kind}}));
        self.last
    }
}

struct Server {
    hub: Arc<Mutex<Hub>>,
    url: String,
    _runtime: tokio::runtime::Runtime,
}

fn server() -> Server {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let hub = Arc::new(Mutex::new(Hub::default()));
    let app = axum::Router::new().fallback(answer).with_state(Arc::clone(&hub));
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
    let url = format!("http://{}/api/v3", listener.local_addr().expect("an address"));
    runtime.spawn(async move { axum::serve(listener, app).await.expect("it serves") });
    Server { hub, url, _runtime: runtime }
}

fn reply(status: u16, headers: &[(&str, String)], body: &Value) -> Response<Body> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    let text = if status == 204 { String::new() } else { body.to_string() };
    response.body(Body::from(text)).expect("a response")
}

async fn answer(
    State(hub): State<Arc<Mutex<Hub>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let mut hub = hub.lock().expect("a lock");
    hub.seen.push((method.clone(), uri.to_string(), headers.clone()));
    if headers.get("authorization").is_none_or(|value| value != &format!("Bearer {TOKEN}")) {
        return reply(401, &[], &json!({"message": "Bad credentials"}));
    }
    if let Some(fault) =
        hub.fault.as_mut().filter(|fault| fault.times > 0 && fault.method == method && uri.path().ends_with(fault.at))
    {
        fault.times -= 1;
        let headers: Vec<(&str, String)> = fault.headers.clone();
        return reply(fault.status, &headers, &json!({"message": fault.message}));
    }
    let path = uri.path().strip_prefix("/api/v3").expect("the base's path");
    match (method.as_str(), path.strip_prefix("/repos/acme/shop/issues/")) {
        ("GET", None) if path == "/user" => match &hub.login {
            Some(login) => reply(200, &[], &json!({"login": login})),
            None => reply(403, &[], &json!({"message": "Resource not accessible by integration"})),
        },
        ("GET", Some("7/comments")) => page(&hub, &uri),
        ("POST", Some("7/comments")) => {
            let text = sent(&body);
            let login = hub.login.clone();
            let kind = if login.is_some() { "User" } else { "Bot" };
            let id = hub.add(&text, login.as_deref().unwrap_or("github-actions[bot]"), kind);
            reply(201, &[], &json!({"id": id}))
        }
        (verb, Some(rest)) => {
            let id = rest.strip_prefix("comments/").and_then(|id| id.parse::<u64>().ok());
            match (verb, hub.comments.iter().position(|one| id.is_some() && one["id"].as_u64() == id)) {
                ("PATCH", Some(at)) => {
                    hub.comments[at]["body"] = Value::String(sent(&body));
                    reply(200, &[], &hub.comments[at])
                }
                ("DELETE", Some(at)) => {
                    hub.comments.remove(at);
                    reply(204, &[], &Value::Null)
                }
                _ => reply(404, &[], &json!({"message": "Not Found"})),
            }
        }
        _ => reply(404, &[], &json!({"message": "Not Found"})),
    }
}

fn sent(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).expect("JSON");
    body["body"].as_str().expect("a text").to_owned()
}

/// A page of comments with a link to the next one, in GitHub's form.
fn page(hub: &Hub, uri: &Uri) -> Response<Body> {
    let number = |name: &str, other: usize| {
        let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse().ok()).unwrap_or(other)
    };
    let (size, at) = (number("per_page", 30).min(100), number("page", 1));
    let listed: Vec<&Value> = hub.comments.iter().skip((at - 1) * size).take(size).collect();
    let mut headers = Vec::new();
    if hub.comments.len() > at * size && !hub.no_links {
        headers.push(("link", format!("<http://elsewhere.test/x?page={}>; rel=\"next\"", at + 1)));
    } else if !hub.no_links {
        headers.push(("link", "<http://elsewhere.test/x?page=1>; rel=\"first\"".to_owned()));
    }
    reply(200, &headers, &json!(listed))
}

/// Exit code, and everything that is printed. What would tell of the machine's own GitHub is taken away.
fn comment(server: &Server, new: &str, change: impl FnOnce(&mut Command)) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(FOLDER).args(["spec-diff", "comment", "old.yaml", new]);
    for name in ["GH_TOKEN", "GITHUB_EVENT_PATH", "GITHUB_REF"] {
        command.env_remove(name);
    }
    command.env("GITHUB_TOKEN", TOKEN).env("GITHUB_API_URL", &server.url).env("GITHUB_REPOSITORY", "acme/shop");
    command.args(["--pull", "7"]);
    change(&mut command);
    let output = command.output().expect("xtask runs");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("text")).concat();
    assert!(!text.contains(TOKEN), "the token is printed: {text}");
    (output.status.code(), text)
}

fn run(server: &Server, new: &str) -> (Option<i32>, String) {
    comment(server, new, |_| ())
}

/// The methods of requests since the last look.
fn methods(server: &Server) -> Vec<String> {
    let seen = std::mem::take(&mut server.hub.lock().expect("a lock").seen);
    seen.into_iter().map(|(method, _, _)| method.to_string()).collect()
}

fn bodies(server: &Server) -> Vec<String> {
    let hub = server.hub.lock().expect("a lock");
    hub.comments.iter().map(|one| one["body"].as_str().expect("a text").to_owned()).collect()
}

/// A new spec with one change, in a file of its own.
fn small() -> (tempfile::TempDir, String) {
    let place = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(Path::new(FOLDER).join("old.yaml")).expect("a fixture");
    std::fs::copy(Path::new(FOLDER).join("order.yaml"), place.path().join("order.yaml")).expect("copied");
    let file = place.path().join("new.yaml");
    std::fs::write(&file, text.replace("default: 10", "default: 20")).expect("written");
    (place, file.display().to_string())
}

#[test]
fn one_comment_is_posted_updated_and_removed() {
    let server = server();
    assert_eq!(run(&server, "old.yaml"), (Some(0), "nothing changed, and acme/shop#7 has no comment\n".into()));
    assert_eq!(methods(&server), ["GET"]);

    assert_eq!(run(&server, "new.yaml"), (Some(0), "posted comment 1 on acme/shop#7\n".into()));
    assert_eq!(methods(&server), ["GET", "POST"]);
    let posted = bodies(&server);
    assert!(posted.len() == 1 && posted[0].starts_with(&format!("{MARKER}\n### Spec review: ")));

    assert_eq!(run(&server, "new.yaml"), (Some(0), "comment 1 of acme/shop#7 says it already\n".into()));
    assert_eq!(methods(&server), ["GET"], "nothing is written");

    let (_place, file) = small();
    assert_eq!(run(&server, &file), (Some(0), "updated comment 1 of acme/shop#7\n".into()));
    assert_eq!(methods(&server), ["GET", "PATCH"]);
    assert!(bodies(&server)[0].contains("1 changes, 0 of them fail"), "{:?}", bodies(&server));

    assert_eq!(run(&server, "old.yaml"), (Some(0), "nothing changed; removed comment 1 of acme/shop#7\n".into()));
    assert_eq!(methods(&server), ["GET", "DELETE"]);
    assert!(bodies(&server).is_empty());
}

#[test]
fn every_request_is_one_that_github_takes() {
    let server = server();
    run(&server, "new.yaml");
    let hub = server.hub.lock().expect("a lock");
    assert_eq!(hub.seen.len(), 2);
    for (_, uri, headers) in &hub.seen {
        assert!(uri.starts_with("/api/v3/repos/acme/shop/issues/7/comments"), "{uri}");
        assert_eq!(headers["accept"], "application/vnd.github+json");
        assert_eq!(headers["x-github-api-version"], "2022-11-28");
        assert!(headers["user-agent"].to_str().expect("text").starts_with("countersign-spec-diff/"));
    }
    assert_eq!(hub.seen[0].1, "/api/v3/repos/acme/shop/issues/7/comments?per_page=100&page=1");
    assert_eq!(hub.seen[1].2["content-type"], "application/json");
}

#[test]
fn the_old_comment_is_found_on_a_later_page_and_twins_go() {
    for no_links in [false, true] {
        let server = server();
        {
            let mut hub = server.hub.lock().expect("a lock");
            hub.no_links = no_links;
            for at in 0..230 {
                hub.add(&format!("looks good {at}, see {MARKER}"), "jane", "User");
            }
            hub.add(&format!("{MARKER}\nold"), "github-actions[bot]", "Bot");
            hub.add(&format!("{MARKER}\ntwin"), "github-actions[bot]", "Bot");
        }
        assert_eq!(run(&server, "new.yaml"), (Some(0), "updated comment 231 of acme/shop#7\n".into()));
        assert_eq!(methods(&server), ["GET", "GET", "GET", "DELETE", "PATCH"]);
        assert_eq!(bodies(&server).iter().filter(|body| body.starts_with(MARKER)).count(), 1);
        assert_eq!(bodies(&server).len(), 231);
    }
}

#[test]
fn a_comment_that_a_person_wrote_is_ours_only_if_the_token_is_theirs() {
    let server = server();
    server.hub.lock().expect("a lock").add(&format!("{MARKER}\nnothing breaks, trust me"), "mallory", "User");
    assert_eq!(run(&server, "new.yaml"), (Some(0), "posted comment 2 on acme/shop#7\n".into()));
    assert!(bodies(&server)[0].ends_with("trust me"), "it is left alone");
    let server = self::server();
    {
        let mut hub = server.hub.lock().expect("a lock");
        hub.login = Some("jane".to_owned());
        hub.add(&format!("{MARKER}\nhers"), "mallory", "User");
        hub.add(&format!("{MARKER}\nmine"), "jane", "User");
    }
    assert_eq!(run(&server, "new.yaml"), (Some(0), "updated comment 2 of acme/shop#7\n".into()));
    assert!(bodies(&server)[0].ends_with("hers"));
}

#[test]
fn a_comment_that_goes_in_between_is_posted_anew() {
    let server = server();
    let (_place, file) = small();
    run(&server, "new.yaml");
    methods(&server);
    let gone = Fault {
        method: Method::PATCH,
        at: "",
        times: 1,
        status: 404,
        headers: Vec::new(),
        message: "Not Found".to_owned(),
    };
    server.hub.lock().expect("a lock").fault = Some(gone);
    assert_eq!(run(&server, &file), (Some(0), "posted comment 2 on acme/shop#7\n".into()));
    assert_eq!(methods(&server), ["GET", "PATCH", "POST"]);
}

/// A method, a status, headers and a message of the server, and what is said of them.
type Refusal = (Method, u16, &'static [(&'static str, &'static str)], &'static str, &'static str);

#[test]
fn refusals_are_told_in_clear_words() {
    let cases: [Refusal; 10] = [
        (
            Method::GET,
            401,
            &[],
            "Bad credentials",
            "GitHub does not know the token (401: Bad credentials): it is wrong",
        ),
        (Method::POST, 403, &[], "Resource not accessible by integration", "requests from forks"),
        (Method::POST, 403, &[], "Resource not accessible by integration", "`pull-requests: write`"),
        (Method::GET, 404, &[], "Not Found", "there is no pull request acme/shop#7 (404: Not Found), or the token"),
        (Method::POST, 422, &[], "Validation Failed", "does not take the comment (422: Validation Failed)"),
        (Method::GET, 301, &[("location", "http://elsewhere.test")], "Moved Permanently", "by another name (301"),
        (Method::POST, 502, &[], "<html>", "GitHub is in trouble (502: <html>); try again later"),
        (
            Method::GET,
            429,
            &[("retry-after", "60")],
            "slow down",
            "rate limit is used up (429: slow down); try again in 60 s",
        ),
        (
            Method::GET,
            403,
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1767225600")],
            "API rate limit exceeded",
            "try again after 2026-01-01T00:00:00Z",
        ),
        (Method::POST, 403, &[], "You have exceeded a secondary rate limit", "try again in a minute"),
    ];
    for (method, status, headers, message, said) in cases {
        let server = server();
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let fault = Fault { method, at: "", times: 9, status, headers, message: message.to_owned() };
        server.hub.lock().expect("a lock").fault = Some(fault);
        let (code, text) = run(&server, "new.yaml");
        assert_eq!(code, Some(2), "{text}");
        assert!(text.starts_with("error: ") && text.contains(said), "{status}: {text}");
        assert!(bodies(&server).is_empty());
    }
}

#[test]
fn passing_trouble_is_waited_out_and_a_post_is_sent_once() {
    let fault = |method: Method, times: usize| {
        Some(Fault { method, at: "", times, status: 503, headers: Vec::new(), message: "down".to_owned() })
    };
    let server = server();
    server.hub.lock().expect("a lock").fault = fault(Method::GET, 2);
    assert_eq!(run(&server, "new.yaml").0, Some(0));
    assert_eq!(methods(&server), ["GET", "GET", "GET", "POST"]);
    let server = self::server();
    server.hub.lock().expect("a lock").fault = fault(Method::POST, 1);
    assert_eq!(run(&server, "new.yaml").0, Some(2));
    assert_eq!(methods(&server), ["GET", "POST"]);
}

#[test]
fn who_we_are_is_never_guessed() {
    let hers = |status: u16, times: usize, headers: Vec<(&'static str, String)>| {
        let server = server();
        {
            let mut hub = server.hub.lock().expect("a lock");
            hub.login = Some("jane".to_owned());
            hub.add(&format!("{MARKER}\nmine"), "jane", "User");
            let message = "Bad Gateway".to_owned();
            hub.fault = Some(Fault { method: Method::GET, at: "/user", times, status, headers, message });
        }
        server
    };
    let server = hers(502, 1, Vec::new());
    assert_eq!(run(&server, "new.yaml"), (Some(0), "updated comment 1 of acme/shop#7\n".into()));
    let limited = vec![("x-ratelimit-remaining", "0".to_owned())];
    for (status, headers) in [(502, Vec::new()), (429, Vec::new()), (403, limited), (301, Vec::new())] {
        let server = hers(status, 9, headers);
        let (code, said) = run(&server, "new.yaml");
        assert!(code == Some(2) && said.contains("can't find out whose token it is: "), "{status}: {said}");
        assert_eq!(bodies(&server), [format!("{MARKER}\nmine")], "no second comment");
    }
    for status in [401, 403, 404] {
        let server = hers(status, 9, Vec::new());
        assert_eq!(run(&server, "new.yaml"), (Some(0), "posted comment 2 on acme/shop#7\n".into()), "{status}");
    }
}

#[test]
fn the_token_is_shown_nowhere() {
    // A server that repeats it, and a token that no header can hold.
    let server = server();
    let message = format!("who is {TOKEN}?");
    let fault = Fault { method: Method::GET, at: "", times: 9, status: 418, headers: Vec::new(), message };
    server.hub.lock().expect("a lock").fault = Some(fault);
    let (code, text) = run(&server, "new.yaml");
    assert!(code == Some(2) && text.contains("GitHub refuses (418: who is [redacted]?)"), "{text}");
    let (code, text) = comment(&server, "new.yaml", |command| {
        command.env("GITHUB_TOKEN", "secret\nvalue");
    });
    assert!(code == Some(2) && text.contains("no header can") && !text.contains("secret"), "{text}");
    let (code, text) = comment(&server, "new.yaml", |command| {
        command.env_remove("GITHUB_TOKEN");
    });
    assert!(code == Some(2) && text.contains("there is no token; set GITHUB_TOKEN or GH_TOKEN"), "{text}");
    let (_, text) = comment(&server, "new.yaml", |command| {
        command.arg("--help");
    });
    assert!(!text.contains("--token"), "a token as an argument would be seen by everybody on the machine");
}

#[test]
fn the_token_is_not_sent_in_the_clear() {
    let server = server();
    for (url, said) in [
        ("http://github.acme.test/api", "is not https"),
        ("http://127.0.0.1.acme.test", "is not https"),
        ("ftp://127.0.0.1", "is not https"),
        ("https://user:word@acme.test", "more than a host and a path"),
        ("github", "not an absolute URL"),
    ] {
        let (code, text) = comment(&server, "new.yaml", |command| {
            command.env("GITHUB_API_URL", url);
        });
        assert!(code == Some(2) && text.contains(said), "{url}: {text}");
    }
    assert!(methods(&server).is_empty());
}

#[test]
fn the_pull_request_is_that_of_the_event() {
    let server = server();
    let place = tempfile::tempdir().expect("a folder");
    let event = |text: &str| -> PathBuf {
        let file = place.path().join("event.json");
        std::fs::write(&file, text).expect("written");
        file
    };
    let with = |file: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.current_dir(FOLDER).args(["spec-diff", "comment", "old.yaml", "old.yaml"]);
        command.env("GITHUB_TOKEN", TOKEN).env("GITHUB_API_URL", &server.url).env("GITHUB_REPOSITORY", "acme/shop");
        let output = command.env("GITHUB_EVENT_PATH", file).output().expect("xtask runs");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    for text in [r#"{"number": 7, "pull_request": {"number": 7}}"#, r#"{"issue": {"number": 7, "pull_request": {}}}"#] {
        assert_eq!(with(&event(text)), (Some(0), "nothing changed, and acme/shop#7 has no comment\n".into()));
    }
    for text in [r#"{"issue": {"number": 7}}"#, "{}", r#"{"ref": "refs/heads/main"}"#] {
        let (code, said) = with(&event(text));
        assert!(code == Some(2) && said.contains("not one of a pull request; name it: --pull NUMBER"), "{said}");
    }
    let (code, said) = comment(&server, "new.yaml", |command| {
        command.args(["--repository", "../user"]);
    });
    assert!(code == Some(2) && said.contains("`../user` is no repository"), "{said}");
}

#[test]
fn nobody_answers() {
    let server = server();
    let (code, text) = comment(&server, "new.yaml", |command| {
        command.env("GITHUB_API_URL", "http://127.0.0.1:1");
    });
    assert!(code == Some(2) && text.contains("GitHub does not answer at http://127.0.0.1:1"), "{text}");
}

#[test]
fn the_workflow_asks_for_little_and_hands_the_token_to_one_step() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.github/workflows/spec-diff.yml");
    let text = std::fs::read_to_string(file).expect("the workflow");
    let workflow: Value = yaml_serde::from_str(&text).expect("YAML");
    assert_eq!(workflow["on"], json!("pull_request"), "never pull_request_target: it runs code of the pull request");
    assert_eq!(workflow["permissions"], json!({}));
    let job = &workflow["jobs"]["review"];
    assert_eq!(job["permissions"], json!({"contents": "read", "pull-requests": "write"}));
    let steps = job["steps"].as_array().expect("steps");
    assert_eq!(steps[0]["with"], json!({"fetch-depth": 2, "persist-credentials": false}));
    let with_token: Vec<&Value> = steps.iter().filter(|step| step.to_string().contains("github.token")).collect();
    assert_eq!(with_token.len(), 1);
    assert_eq!(with_token[0]["env"], json!({"GITHUB_TOKEN": "${{ github.token }}"}));
    assert_eq!(with_token[0]["run"], "cargo xtask spec-diff comment HEAD^1");
    assert!(with_token[0]["if"].as_str().expect("a condition").contains("head.repo.full_name == github.repository"));
    // What a pull request brings (titles, branch names) never becomes a part of a script.
    for step in steps {
        assert!(!step["run"].as_str().unwrap_or_default().contains("${{"), "{step}");
    }
}
