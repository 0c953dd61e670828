//! Which pull request: flags, or what a GitHub workflow has in its environment.

use anyhow::{Context as _, Result, bail};
use countersign_codegen::finding::printable;
use serde_json::Value;

/// A pull request and where GitHub's API is.
pub(super) struct Pull {
    /// The API's base without a slash at its end.
    pub(super) api: String,
    /// `OWNER/NAME`.
    pub(super) repository: String,
    /// The pull request.
    pub(super) number: u64,
}

/// The pull request that flags name, or else the environment.
///
/// # Errors
/// If neither does, or the API's address would send the token in the clear.
pub(super) fn named(repository: Option<&str>, number: Option<u64>) -> Result<Pull> {
    let repository = match repository.map(str::to_owned).or_else(|| set("GITHUB_REPOSITORY")) {
        Some(name) if is_repository(&name) => name,
        Some(name) => bail!("`{}` is no repository; it is written OWNER/NAME", printable(&name)),
        None => bail!("name the repository: --repository OWNER/NAME, or GITHUB_REPOSITORY"),
    };
    let number = match number {
        Some(number) => number,
        None => of_event()?,
    };
    let api = set("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned());
    Ok(Pull { api: safe(&api)?, repository, number })
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn is_repository(name: &str) -> bool {
    let is_word = |word: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        !word.is_empty() && word.bytes().all(plain) && word.bytes().any(|b| b != b'.')
    };
    name.split_once('/').is_some_and(|(owner, name)| is_word(owner) && is_word(name))
}

/// The pull request that a workflow runs for.
fn of_event() -> Result<u64> {
    let Some(file) = set("GITHUB_EVENT_PATH") else {
        bail!("name the pull request: --pull NUMBER, or GITHUB_EVENT_PATH");
    };
    let text = std::fs::read_to_string(&file).with_context(|| format!("can't read GITHUB_EVENT_PATH, {file}"))?;
    let event: Value = serde_json::from_str(&text).with_context(|| format!("{file} is no JSON"))?;
    // An event of an issue has the second member only where the issue is a pull request.
    let number = ["/pull_request/number", "/number"].iter().find_map(|at| event.pointer(at).and_then(Value::as_u64));
    let of_issue = || event.pointer("/issue/pull_request").and(event.pointer("/issue/number")).and_then(Value::as_u64);
    let number = number.or_else(of_issue);
    number.with_context(|| format!("the event in {file} is not one of a pull request; name it: --pull NUMBER"))
}

/// An address that does not show the token to the network: https, or this machine.
fn safe(api: &str) -> Result<String> {
    let url = reqwest::Url::parse(api).context("GITHUB_API_URL is not an absolute URL")?;
    let here = match url.host_str() {
        Some(host) => {
            let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
            host == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
        None => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && here) {
        bail!("GITHUB_API_URL is not https: the token would be sent in the clear");
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        bail!("GITHUB_API_URL holds more than a host and a path");
    }
    Ok(api.trim_end_matches('/').to_owned())
}
