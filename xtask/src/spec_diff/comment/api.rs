//! The few calls of GitHub's REST API for comments, and what its refusals mean.
//!
//! The token is a header that prints as nothing, redirects are not followed, and what GitHub says is shown without
//! the token should it ever repeat it.

use super::pull::Pull;
use anyhow::{Context as _, Result, bail};
use countersign_codegen::finding::printable;
use http::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// Comments on a page; the most that GitHub gives.
const PAGE: usize = 100;

/// The most pages that are read.
const PAGES: usize = 100;

/// The most bytes of an answer: a page of the longest comments, escaped.
const LONGEST: usize = 64 << 20;

/// How long to wait before each further attempt of a call that may be repeated.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(1)];

/// A comment as GitHub has it.
pub(super) struct Written {
    /// Its number.
    pub(super) id: u64,
    /// Its text.
    pub(super) body: String,
    /// Who wrote it, if that is a person and not a bot.
    pub(super) person: Option<String>,
}

/// GitHub's API for one pull request.
pub(super) struct Api {
    client: reqwest::Client,
    pull: Pull,
    token: String,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Api {
    /// The API that is called with a token.
    ///
    /// # Errors
    /// If the token can't be sent.
    pub(super) fn new(pull: Pull, token: &str) -> Result<Self> {
        // The error of a bad header would not name the token, and must not be asked to.
        let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {token}")) else {
            bail!("the token holds characters that no header can");
        };
        bearer.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, bearer),
            (ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
            (USER_AGENT, HeaderValue::from_static(concat!("countersign-spec-diff/", env!("CARGO_PKG_VERSION")))),
            (http::HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28")),
        ]);
        let builder = reqwest::Client::builder().default_headers(headers).timeout(Duration::from_secs(30));
        let builder = builder.redirect(reqwest::redirect::Policy::none());
        // A proxy of the environment has no business with what stays on this machine.
        let builder = if pull.api.starts_with("http://") { builder.no_proxy() } else { builder };
        Ok(Self { client: builder.build().context("can't make an HTTP client")?, pull, token: token.to_owned() })
    }

    /// The pull request in words.
    pub(super) fn place(&self) -> String {
        format!("{}#{}", self.pull.repository, self.pull.number)
    }

    /// All comments, oldest first.
    ///
    /// # Errors
    /// If GitHub does not list them.
    pub(super) async fn comments(&self) -> Result<Vec<Written>> {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let path = format!("{}?per_page={PAGE}&page={page}", self.of_pull());
            let answer = self.call(Method::GET, &path, None).await?;
            let Value::Array(listed) = &answer.body else { bail!("GitHub lists the comments in a form not known") };
            all.extend(listed.iter().filter_map(written));
            let more = match answer.headers.get(http::header::LINK).and_then(|link| link.to_str().ok()) {
                Some(link) => link.contains("rel=\"next\""),
                None => listed.len() >= PAGE,
            };
            if !more {
                return Ok(all);
            }
        }
        bail!("{} has more than {} comments", self.place(), PAGE * PAGES)
    }

    /// Whose token it is; nothing for that of a workflow or an app, which GitHub refuses to tell.
    ///
    /// # Errors
    /// If GitHub does not say: who guesses would take an old comment for somebody else's, and post a second one.
    pub(super) async fn me(&self) -> Result<Option<String>> {
        let answer = self.answered(Method::GET, "/user", None).await?;
        let refused = matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
        if refused && until(&answer).is_none() {
            return Ok(None);
        }
        let answer = self.good(answer).context("can't find out whose token it is")?;
        let login =
            answer.body.get("login").and_then(Value::as_str).context("GitHub does not say whose token it is")?;
        Ok(Some(login.to_owned()))
    }

    /// Posts a comment; its number comes back.
    ///
    /// # Errors
    /// If GitHub refuses.
    pub(super) async fn post(&self, body: &str) -> Result<u64> {
        let answer = self.call(Method::POST, &self.of_pull(), Some(json!({"body": body}))).await?;
        answer.body.get("id").and_then(Value::as_u64).context("GitHub posted the comment and does not say its number")
    }

    /// Gives a comment another text; nothing comes back if there is no such comment any more.
    ///
    /// # Errors
    /// If GitHub refuses.
    pub(super) async fn update(&self, id: u64, body: &str) -> Result<Option<u64>> {
        let answer = self.answered(Method::PATCH, &self.of_comment(id), Some(json!({"body": body}))).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        self.good(answer)?;
        Ok(Some(id))
    }

    /// Removes a comment; one that is gone already is as good.
    ///
    /// # Errors
    /// If GitHub refuses.
    pub(super) async fn remove(&self, id: u64) -> Result<()> {
        let answer = self.answered(Method::DELETE, &self.of_comment(id), None).await?;
        if answer.status != StatusCode::NOT_FOUND {
            self.good(answer)?;
        }
        Ok(())
    }

    fn of_pull(&self) -> String {
        format!("/repos/{}/issues/{}/comments", self.pull.repository, self.pull.number)
    }

    fn of_comment(&self, id: u64) -> String {
        format!("/repos/{}/issues/comments/{id}", self.pull.repository)
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Answer> {
        let answer = self.answered(method, path, body).await?;
        self.good(answer)
    }

    /// An answer that is not a passing trouble of the server, if waiting helps. What posts is sent once.
    async fn answered(&self, method: Method, path: &str, body: Option<Value>) -> Result<Answer> {
        if method != Method::POST {
            for pause in PAUSES {
                match self.send(method.clone(), path, body.as_ref()).await {
                    Ok(answer) if !answer.status.is_server_error() => return Ok(answer),
                    _ => tokio::time::sleep(pause).await,
                }
            }
        }
        self.send(method, path, body.as_ref()).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut request = self.client.request(method, format!("{}{path}", self.pull.api));
        if let Some(body) = body {
            let json = HeaderValue::from_static("application/json");
            request = request.header(http::header::CONTENT_TYPE, json).body(body.to_string());
        }
        let trouble = || format!("GitHub does not answer at {}", self.pull.api);
        let mut response = request.send().await.map_err(reqwest::Error::without_url).with_context(trouble)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url).with_context(trouble)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LONGEST {
                bail!("an answer of GitHub is longer than {LONGEST} bytes");
            }
        }
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Answer { status: response.status(), headers: response.headers().clone(), body })
    }

    /// The answer if it is a good one, else what is wrong and what helps.
    fn good(&self, answer: Answer) -> Result<Answer> {
        let status = answer.status;
        if status.is_success() {
            return Ok(answer);
        }
        let (said, place) = (self.said(&answer), self.place());
        if let Some(until) = until(&answer) {
            bail!("GitHub's rate limit is used up{said}; try again {until}");
        }
        match status.as_u16() {
            401 => bail!("GitHub does not know the token{said}: it is wrong, expired or revoked"),
            403 => bail!(
                "the token may not comment on {place}{said}; give the job `pull-requests: write`. Runs for pull \
                 requests from forks, and those of Dependabot, have a token that only reads: leave the comment out there"
            ),
            404 => bail!("there is no pull request {place}{said}, or the token may not see it"),
            422 => bail!("GitHub does not take the comment{said}"),
            300..=399 => {
                bail!("GitHub knows {} by another name{said}; name it with --repository", self.pull.repository)
            }
            500.. => bail!("GitHub is in trouble{said}; try again later"),
            _ => bail!("GitHub refuses{said}"),
        }
    }

    /// Status and message of an answer in brackets.
    fn said(&self, answer: &Answer) -> String {
        let status = answer.status.as_u16();
        let message = answer.body.get("message").and_then(Value::as_str).unwrap_or_default();
        let message: String = message.replace(&self.token, "[redacted]").chars().take(200).collect();
        if message.is_empty() { format!(" ({status})") } else { format!(" ({status}: {})", printable(&message)) }
    }
}

/// A listed comment; what has no number is none.
fn written(listed: &Value) -> Option<Written> {
    let user = listed.get("user");
    let is_person = user.and_then(|user| user.get("type")).and_then(Value::as_str) == Some("User");
    let login = user.and_then(|user| user.get("login")).and_then(Value::as_str).unwrap_or_default();
    Some(Written {
        id: listed.get("id").and_then(Value::as_u64)?,
        body: listed.get("body").and_then(Value::as_str).unwrap_or_default().to_owned(),
        person: is_person.then(|| login.to_owned()),
    })
}

/// When a rate limit ends, in words; nothing if the answer is not about one.
fn until(answer: &Answer) -> Option<String> {
    let number = |name: &str| answer.headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let message = answer.body.get("message").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let used_up = number("x-ratelimit-remaining") == Some(0);
    let refused = answer.status == StatusCode::TOO_MANY_REQUESTS
        || answer.status == StatusCode::FORBIDDEN && (used_up || message.contains("rate limit"));
    if !refused {
        return None;
    }
    let at = number("x-ratelimit-reset").filter(|_| used_up);
    let at = at.and_then(|at| jiff::Timestamp::from_second(at).ok()).map(|at| format!("after {at}"));
    Some(number("retry-after").map(|seconds| format!("in {seconds} s")).or(at).unwrap_or_else(|| "in a minute".into()))
}
