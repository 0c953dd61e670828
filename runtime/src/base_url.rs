//! The place that a client talks to, and the URLs below it.
//!
//! A URL is put together as text and parsed once; what comes out must be the text that went in. So neither a
//! path template nor a value can move a request to another host, climb out of the base path, or begin a query.

use crate::error::RequestError;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use reqwest::Url;
use std::fmt;

/// An absolute http or https URL without query, fragment, user information or trailing slash.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl(String);

/// A base URL that a client does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseUrlError {
    /// There is none, and the API has no server of its own.
    #[error("there is none, and the API names no server; set `base_url`")]
    Unset,
    /// The API names a path only, relative to where its description lies.
    #[error("the API names its path only and no host; set `base_url`")]
    Relative,
    /// It has a variable of the API's server that has no value.
    #[error("a variable of the server has no value; set it, or `base_url`")]
    Variable,
    /// It does not parse as an absolute URL with a host.
    #[error("it is not an absolute http or https URL")]
    Malformed,
    /// It has a query or a fragment, which would get lost.
    #[error("it has a query or a fragment")]
    QueryOrFragment,
    /// It has a user name or a password, which would stand in logs.
    #[error("it has a user name or a password; credentials have their own place")]
    UserInformation,
    /// It would carry credentials in the clear to another machine.
    #[error("it is plain http to another machine than this one; `allow_plain_http` permits it")]
    PlainHttp,
}

/// Whether plain http may leave this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PlainHttp {
    #[default]
    Loopback,
    Anywhere,
}

impl BaseUrl {
    pub(crate) fn parse(text: &str, plain_http: PlainHttp) -> Result<Self, BaseUrlError> {
        if text.trim().is_empty() {
            return Err(BaseUrlError::Unset);
        }
        let text = text.trim();
        if text.contains(['{', '}']) {
            return Err(BaseUrlError::Variable);
        }
        if text.starts_with('/') {
            return Err(BaseUrlError::Relative);
        }
        let url = Url::parse(text).map_err(|_| BaseUrlError::Malformed)?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(BaseUrlError::Malformed);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::QueryOrFragment);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlError::UserInformation);
        }
        if url.scheme() == "http" && plain_http == PlainHttp::Loopback && !is_loopback(&url) {
            return Err(BaseUrlError::PlainHttp);
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The same host with another path.
    pub(crate) fn with_path(&self, path: &str, plain_http: PlainHttp) -> Result<Self, BaseUrlError> {
        let mut url = Url::parse(&self.0).map_err(|_| BaseUrlError::Malformed)?;
        url.set_path("");
        Self::parse(&format!("{}{path}", url.as_str().trim_end_matches('/')), plain_http)
    }

    /// Whether it leads to this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| is_loopback(&url))
    }

    /// The URL of an encoded path below the base, with encoded pairs as its query.
    pub(crate) fn join(&self, path: &str, query: &str) -> Result<Url, RequestError> {
        if !path.starts_with('/') {
            return Err(RequestError::Url);
        }
        let mut text = format!("{}{path}", self.0);
        if !query.is_empty() {
            text.push('?');
            text.push_str(query);
        }
        match Url::parse(&text) {
            Ok(url) if url.as_str() == text => Ok(url),
            _ => Err(RequestError::Url),
        }
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// Appends the text between the parameters of a template; characters that would end the path are encoded.
pub(crate) fn template_into(text: &str, out: &mut String) {
    out.extend(utf8_percent_encode(text, &NOT_IN_PATHS));
}

const NOT_IN_PATHS: AsciiSet = CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Result<String, BaseUrlError> {
        BaseUrl::parse(text, PlainHttp::Loopback).map(|base| base.0)
    }

    #[test]
    fn base_urls() {
        assert_eq!(base("https://API.example").unwrap(), "https://api.example");
        assert_eq!(base(" https://api.example:443/v1// ").unwrap(), "https://api.example/v1");
        assert_eq!(base("http://127.0.0.1:8080/").unwrap(), "http://127.0.0.1:8080");
        assert_eq!(base("http://[::1]:80").unwrap(), "http://[::1]");
        assert_eq!(base("http://localhost:1").unwrap(), "http://localhost:1");
        for (text, error) in [
            (" ", BaseUrlError::Unset),
            ("/v1", BaseUrlError::Relative),
            ("https://{region}.api.example", BaseUrlError::Variable),
            ("https://api.example/{version}", BaseUrlError::Variable),
            ("api.example", BaseUrlError::Malformed),
            ("ftp://api.example", BaseUrlError::Malformed),
            ("file:///etc", BaseUrlError::Malformed),
            ("https://api.example?x", BaseUrlError::QueryOrFragment),
            ("https://api.example/#x", BaseUrlError::QueryOrFragment),
            ("https://user@api.example", BaseUrlError::UserInformation),
            ("https://:pass@api.example", BaseUrlError::UserInformation),
            ("http://api.example", BaseUrlError::PlainHttp),
            ("http://127.0.0.1.example", BaseUrlError::PlainHttp),
            ("http://localhost.example", BaseUrlError::PlainHttp),
        ] {
            assert_eq!(base(text).unwrap_err(), error, "{text}");
        }
        assert!(BaseUrl::parse("http://api.example", PlainHttp::Anywhere).is_ok());
    }

    #[test]
    fn a_relative_server_keeps_the_host() {
        let base = BaseUrl::parse("https://api.example:8443/v1", PlainHttp::Loopback).unwrap();
        let other = |path| base.with_path(path, PlainHttp::Loopback).map(|base| base.0);
        assert_eq!(other("/v2/").unwrap(), "https://api.example:8443/v2");
        assert_eq!(other("/").unwrap(), "https://api.example:8443");
        assert_eq!(other("//evil.example/x").unwrap(), "https://api.example:8443//evil.example/x");
        assert_eq!(other("/v2?x").unwrap_err(), BaseUrlError::QueryOrFragment);
    }

    #[test]
    fn urls_stay_below_the_base() {
        for stem in ["https://api.example", "https://api.example/v1"] {
            let base = BaseUrl::parse(stem, PlainHttp::Loopback).unwrap();
            assert_eq!(base.join("/a%2Fb/", "x=1").unwrap().as_str(), format!("{stem}/a%2Fb/?x=1"));
            assert_eq!(base.join("/", "").unwrap().as_str(), format!("{stem}/"));
            assert_eq!(base.join("//evil.example/x", "").unwrap().host_str(), Some("api.example"));
            for path in [
                "",
                "x",
                "@evil.example",
                ".evil.example",
                "/a/../b",
                "/..",
                "/%2e%2E/a",
                "/./a",
                "/a?b",
                "/a#b",
                "/a\\b",
                "/a b",
                "/a\nb",
                "/ä",
            ] {
                let joined = base.join(path, "");
                assert!(joined.is_err() || path == "/a?b" || path == "/a#b", "{path}");
            }
        }
    }

    #[test]
    fn a_template_can_not_end_the_path() {
        let mut out = String::new();
        template_into("/a?b#c\\d e%2F:@ü", &mut out);
        assert_eq!(out, "/a%3Fb%23c%5Cd%20e%2F:@%C3%BC");
    }
}
