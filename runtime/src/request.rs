//! A call on its way to a request: parameters and body are put in one after another, and what is wrong with
//! them comes out when the call is sent.
//!
//! 1. Path values fill the template; each stays within its segment.
//! 2. Query pairs and headers are added in the order of the calls.
//! 3. One of the body methods writes the body and its media type.

use crate::base_url::{BaseUrl, template_into};
use crate::budget::Behalf;
use crate::client::Core;
use crate::error::RequestError;
use crate::form::{self, FormStyle};
use crate::hint;
use crate::members;
use crate::multipart::Multipart;
use crate::operation::OperationInfo;
use crate::pages::CursorParameter;
use crate::parameters::{ParameterValues, encode_into, joined};
use crate::retry::RetryOptions;
use crate::sessions::Session;
use crate::styles::{self, ParameterStyle};
use crate::upload::Upload;
use countersign_auth::hook::Signing;
use countersign_auth::{Secret, fingerprint};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// What a call wants otherwise than its client.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CallOptions {
    /// Of each attempt.
    pub(crate) timeout: Option<Duration>,
    /// Of the whole call.
    pub(crate) deadline: Option<Duration>,
    pub(crate) retry: Option<RetryOptions>,
    /// Between two bytes of the response's body.
    pub(crate) stall: Option<Duration>,
    /// Whether the body is kept as it came.
    pub(crate) keeps_raw: bool,
}

/// A call that is being put together. Errors are kept until it is sent.
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    core: Core,
    operation: &'static OperationInfo,
    path: Vec<(&'static str, String)>,
    query: String,
    headers: HeaderMap,
    /// Names of the headers that are the caller's own.
    own_headers: Vec<HeaderName>,
    cookies: Vec<String>,
    body: Option<reqwest::Body>,
    options: CallOptions,
    /// Whether the body is JSON inside of a JSON text.
    doubled_body: bool,
    signing: Signing,
    session: Option<Session>,
    ends_session: bool,
    behalf: Behalf,
    error: Option<RequestError>,
}

impl Request {
    /// Fills a parameter of the path template; a list is joined by commas.
    ///
    /// The value is percent-encoded, so it stays within its segment. One that is empty, `.` or `..` would
    /// make the segment vanish or climb; it is refused.
    pub fn path(mut self, name: &'static str, value: &(impl ParameterValues + ?Sized)) -> Self {
        match joined(value) {
            Some(text) if !vanishes(&text) => self.path.push((name, text)),
            _ => self.fail(RequestError::PathValue { name }),
        }
        self
    }

    /// Adds a query pair for each value.
    pub fn query(mut self, name: &str, value: &(impl ParameterValues + ?Sized)) -> Self {
        let query = &mut self.query;
        value.each(&mut |text| pair_into(name, |out| encode_into(&text, out), query));
        self
    }

    /// Adds one query pair with the values joined by commas; none if there are no values.
    pub fn query_joined(mut self, name: &str, value: &(impl ParameterValues + ?Sized)) -> Self {
        if let Some(text) = joined(value) {
            pair_into(name, |out| out.push_str(&text), &mut self.query);
        }
        self
    }

    /// Sets a header; a list is joined by commas, and no value at all leaves it out.
    pub fn header(mut self, name: &'static str, value: &(impl ParameterValues + ?Sized)) -> Self {
        let mut text: Option<String> = None;
        value.each(&mut |value| match &mut text {
            None => text = Some(value.into_owned()),
            Some(text) => {
                text.push(',');
                text.push_str(&value);
            }
        });
        if let Some(text) = text {
            self.set_header(name, &text, value.any_sensitive());
        }
        self
    }

    /// Fills a parameter of the path template in a style; see [`path`](Self::path) for what is refused.
    pub fn path_as(mut self, name: &'static str, style: ParameterStyle, value: &(impl Serialize + ?Sized)) -> Self {
        match styles::path(name, style, value) {
            Ok(Some(text)) if !vanishes(&text) => self.path.push((name, text)),
            Ok(_) => self.fail(RequestError::PathValue { name }),
            Err(error) => self.fail(error),
        }
        self
    }

    /// Adds query pairs in a style; a value that holds nothing adds none.
    pub fn query_as(mut self, name: &str, style: ParameterStyle, value: &(impl Serialize + ?Sized)) -> Self {
        if let Err(error) = styles::query(name, style, value, &mut self.query) {
            self.fail(error);
        }
        self
    }

    /// Sets a header in a style; a value that holds nothing leaves it out. It is not shown in traces.
    pub fn header_as(mut self, name: &'static str, style: ParameterStyle, value: &(impl Serialize + ?Sized)) -> Self {
        match styles::header(name, style, value) {
            Ok(Some(text)) => self.set_header(name, &text, true),
            Ok(None) => {}
            Err(error) => self.fail(error),
        }
        self
    }

    /// Adds cookies; all of a request stand in one `Cookie` header.
    pub fn cookie_as(mut self, name: &'static str, style: ParameterStyle, value: &(impl Serialize + ?Sized)) -> Self {
        match styles::cookies(name, style, value) {
            Ok(pairs) => self.cookies.extend(pairs),
            Err(error) => self.fail(error),
        }
        self
    }

    /// Sets a header of the caller's. Headers that sign the request are set later and win.
    pub fn extra_header(mut self, name: &str, value: &str) -> Self {
        self.set_header(name, value, false);
        self.own_headers.extend(HeaderName::from_bytes(name.as_bytes()));
        self
    }

    /// Writes the body as `application/json`.
    pub fn json(self, body: &(impl Serialize + ?Sized)) -> Self {
        self.json_as("application/json", body)
    }

    /// Writes the body as JSON of another media type.
    pub fn json_as(mut self, media_type: &str, body: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(body) {
            Ok(text) => {
                self.doubled_body = hint::is_json_in_json(&text);
                self.set_body(media_type, text);
            }
            Err(_) => self.fail(RequestError::Body { format: "JSON" }),
        }
        self
    }

    /// Writes the body as `application/x-www-form-urlencoded`: the members of an object. Lists repeat the name and
    /// objects are JSON text, unless a style says otherwise.
    pub fn form(mut self, body: &(impl Serialize + ?Sized), styles: &[(&str, FormStyle)]) -> Self {
        match form::encode(body, styles) {
            Ok(text) => self.set_body("application/x-www-form-urlencoded", text),
            Err(_) => self.fail(RequestError::Body { format: "form" }),
        }
        self
    }

    /// Puts parts between boundaries; the boundary comes from the client's random source.
    pub fn multipart(mut self, media_type: &str, body: impl Into<Multipart>) -> Self {
        let boundary = match self.core.boundary() {
            Ok(boundary) => boundary,
            Err(error) => {
                self.fail(error);
                return self;
            }
        };
        let is_named = matches!(members::essence(media_type).as_str(), "multipart/form-data" | "multipart/mixed");
        match body.into().encode(is_named, &boundary) {
            Ok(content) => self.set_body(&format!("{media_type}; boundary={boundary}"), content.into_body()),
            Err(error) => self.fail(error),
        }
        self
    }

    /// Takes text as the body.
    pub fn text(mut self, media_type: &str, body: impl Into<String>) -> Self {
        self.set_body(media_type, body.into());
        self
    }

    /// Takes bytes or a stream as the body. Its own media type comes before the one that is declared, and must be
    /// there where that is a range. A scheme that covers the body refuses a stream before anything is sent.
    pub fn upload(mut self, media_type: &str, body: impl Into<Upload>) -> Self {
        let body = body.into();
        match body.media_type.as_deref().unwrap_or(media_type) {
            "*/*" => self.set_body("application/octet-stream", body.content.into_body()),
            range if range.contains('*') => self.fail(RequestError::MediaType),
            media_type => self.set_body(media_type, body.content.into_body()),
        }
        self
    }

    /// Time-out of each attempt of this call, its response's body included.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Time for the whole call: all attempts, and the pauses between them. Where the response is a stream, it ends
    /// when the stream begins.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options.deadline = Some(deadline);
        self
    }

    /// The longest time in which no byte of the response's body may come, also where it is a stream.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.options.stall = Some(timeout);
        self
    }

    /// Keeps the response's body as it came, for [`Response::raw`](crate::Response::raw).
    pub fn with_raw(mut self) -> Self {
        self.options.keeps_raw = true;
        self
    }

    /// How often this call is tried.
    pub fn retry(mut self, options: RetryOptions) -> Self {
        self.options.retry = Some(options);
        self
    }

    /// Gives an argument that the signing recipe asks for.
    pub fn argument(mut self, name: &'static str, value: impl Into<Secret>) -> Self {
        self.signing = self.signing.argument(name, value);
        self
    }

    /// Gives a session token that the signing recipe asks for.
    pub fn session(mut self, name: &'static str, token: &Secret) -> Self {
        self.signing = self.signing.session(name, token.clone());
        self
    }

    /// Makes the call in this session: its token is fetched if need be, and given to the signing recipe.
    pub fn in_session(mut self, session: &Session) -> Self {
        self.session = Some(session.clone());
        self
    }

    /// Ends the session of this call once it succeeded.
    pub fn ends_session(mut self) -> Self {
        self.ends_session = true;
        self
    }

    pub(crate) fn new(core: Core, operation: &'static OperationInfo) -> Self {
        Self {
            core,
            operation,
            path: Vec::new(),
            query: String::new(),
            headers: HeaderMap::new(),
            own_headers: Vec::new(),
            cookies: Vec::new(),
            body: None,
            options: CallOptions::default(),
            doubled_body: false,
            signing: Signing::new(operation.security),
            session: None,
            ends_session: false,
            behalf: Behalf::Caller,
            error: None,
        }
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    pub(crate) fn operation(&self) -> &'static OperationInfo {
        self.operation
    }

    /// The session that the call is made in.
    pub(crate) fn held_session(&self) -> Option<Session> {
        self.session.clone()
    }

    /// The session that the call ends.
    pub(crate) fn ended_session(&self) -> Option<Session> {
        self.session.as_ref().filter(|_| self.ends_session).cloned()
    }

    /// Who waits for the call.
    pub(crate) fn behalf(&self) -> Behalf {
        self.behalf
    }

    /// Makes the call for another one, which needs a token.
    pub(crate) fn for_a_call(self) -> Self {
        Self { behalf: Behalf::Call, ..self }
    }

    /// The same call once more. A body that is a stream is there once only; then sending is an error.
    pub(crate) fn again(&self) -> Self {
        let body = self.body.as_ref().map(|body| body.as_bytes().map(|bytes| reqwest::Body::from(bytes.to_vec())));
        let is_stream = matches!(body, Some(None));
        let again = self.with_body(body.flatten());
        if is_stream { again.failing(RequestError::StreamAgain) } else { again }
    }

    /// The same call with another body.
    pub(crate) fn with_body(&self, body: Option<reqwest::Body>) -> Self {
        Self {
            core: self.core.clone(),
            operation: self.operation,
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.clone(),
            own_headers: self.own_headers.clone(),
            cookies: self.cookies.clone(),
            body,
            options: self.options,
            doubled_body: self.doubled_body,
            signing: self.signing.clone(),
            session: self.session.clone(),
            ends_session: self.ends_session,
            behalf: self.behalf,
            error: self.error.clone(),
        }
    }

    /// A call that goes on from this one: of the same operation with all its parameters and its body, or of another
    /// one with the caller's own headers, the time-out and what signs.
    pub(crate) fn go_on(&self, operation: &'static OperationInfo) -> Self {
        if self.operation == operation {
            return self.again();
        }
        let own = self.own_headers.iter().filter_map(|name| Some((name.clone(), self.headers.get(name)?.clone())));
        Self {
            headers: own.collect(),
            own_headers: self.own_headers.clone(),
            options: self.options,
            signing: self.signing.for_operation(operation.security),
            session: self.session.clone(),
            error: self.error.clone(),
            ..Self::new(self.core.clone(), operation)
        }
    }

    /// The body, where it is text at hand.
    pub(crate) fn body_text(&self) -> Option<&str> {
        std::str::from_utf8(self.body.as_ref()?.as_bytes()?).ok()
    }

    /// The same call, which fails when it is sent.
    pub(crate) fn failing(mut self, error: RequestError) -> Self {
        self.fail(error);
        self
    }

    /// A call that goes on from this one, with a cursor in the place of the one that it has.
    pub(crate) fn next_page(&self, operation: &'static OperationInfo, at: CursorParameter, cursor: &str) -> Self {
        let mut next = self.go_on(operation);
        match at {
            CursorParameter::Query(name) => {
                let mut encoded = String::new();
                encode_into(name, &mut encoded);
                let others = next.query.split('&').filter(|pair| pair.split('=').next() != Some(&encoded));
                next.query = others.collect::<Vec<_>>().join("&");
                next.query(name, cursor)
            }
            CursorParameter::Path(name) => {
                next.path.retain(|(known, _)| *known != name);
                next.path(name, cursor)
            }
            CursorParameter::Header(name) => next.header(name, cursor),
        }
    }

    /// The cursor that this call has.
    pub(crate) fn cursor(&self, at: CursorParameter) -> Option<String> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned);
        match at {
            CursorParameter::Query(name) => {
                let mut encoded = String::new();
                encode_into(name, &mut encoded);
                let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
                decoded(pairs.find(|(known, _)| *known == encoded)?.1)
            }
            CursorParameter::Path(name) => decoded(&self.path.iter().find(|(known, _)| *known == name)?.1),
            CursorParameter::Header(name) => Some(self.headers.get(name)?.to_str().ok()?.to_owned()),
        }
    }

    /// What tells this call from others of the API, as a hash.
    pub(crate) fn fingerprint(&self) -> String {
        let session = self.session.as_ref().map(Session::fingerprint).unwrap_or_default();
        let base = self.core.own_base(self.operation).ok().flatten();
        let path = self.path.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        let headers = self.headers.iter().flat_map(|(name, value)| [name.as_str().as_bytes(), value.as_bytes()]);
        // Lists are hashed one by one, so that none goes on in the next.
        let parts = [
            fingerprint(path),
            fingerprint(headers),
            fingerprint(self.cookies.iter().map(String::as_bytes)),
            fingerprint(self.body.as_ref().and_then(reqwest::Body::as_bytes)),
            self.signing.fingerprint(),
        ];
        let base = base.as_ref().map_or("", BaseUrl::as_str);
        let parts =
            [self.operation.id, &self.query, &session, base].into_iter().chain(parts.iter().map(String::as_str));
        fingerprint(parts.map(str::as_bytes))
    }

    pub(crate) fn has_doubled_body(&self) -> bool {
        self.doubled_body
    }

    pub(crate) fn options(&self) -> CallOptions {
        self.options
    }

    /// The request, and how it is to be signed.
    pub(crate) fn build(mut self) -> Result<(reqwest::Request, Signing), RequestError> {
        self.join_cookies();
        if let Some(error) = self.error {
            return Err(error);
        }
        let method = self.core.method_of(self.operation).ok_or(RequestError::Method)?;
        let own_base = self.core.own_base(self.operation)?;
        let base = own_base.as_ref().unwrap_or(self.core.base());
        let (path, query) = target(self.operation.path, &self.path, &self.query)?;
        let url = base.join(&path, &query)?;
        let mut request = reqwest::Request::new(method, url);
        *request.headers_mut() = self.headers;
        *request.body_mut() = self.body;
        let signing = match &own_base {
            Some(base) => self.signing.base(base.as_str()),
            None => self.signing,
        };
        Ok((request, signing))
    }

    /// Puts the cookies behind those that the caller has set.
    fn join_cookies(&mut self) {
        if self.cookies.is_empty() {
            return;
        }
        let cookies = std::mem::take(&mut self.cookies).join("; ");
        let before = self.headers.get(COOKIE).and_then(|value| value.to_str().ok()).map(|text| format!("{text}; "));
        self.set_header("cookie", &format!("{}{cookies}", before.unwrap_or_default()), true);
    }

    fn set_body(&mut self, media_type: &str, body: impl Into<reqwest::Body>) {
        match HeaderValue::from_str(media_type) {
            Ok(value) => {
                self.headers.insert(CONTENT_TYPE, value);
                self.body = Some(body.into());
            }
            Err(_) => self.fail(RequestError::MediaType),
        }
    }

    fn set_header(&mut self, name: &str, value: &str, sensitive: bool) {
        let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
            return self.fail(RequestError::HeaderName { name: format!("{name:?}") });
        };
        if RESERVED.contains(&header) {
            return self.fail(RequestError::ReservedHeader { name: header.to_string() });
        }
        match HeaderValue::from_bytes(value.as_bytes()) {
            Ok(mut value) => {
                value.set_sensitive(sensitive);
                self.headers.insert(header, value);
            }
            Err(_) => self.fail(RequestError::HeaderValue { name: header.to_string() }),
        }
    }

    /// Keeps the first error.
    fn fail(&mut self, error: RequestError) {
        self.error.get_or_insert(error);
    }
}

/// Parameters may be secrets, so none is shown.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("provider", &self.operation.provider)
            .field("operation", &self.operation.id)
            .field("method", &self.operation.method)
            .field("path", &self.operation.path)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// Headers that decide where a request goes and how long it is.
const RESERVED: [HeaderName; 6] = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, TE, UPGRADE];

/// Whether a segment with this text alone would vanish or climb.
fn vanishes(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().replace("%2e", ".").as_str(), "" | "." | "..")
}

fn pair_into(name: &str, value: impl FnOnce(&mut String), query: &mut String) {
    if !query.is_empty() {
        query.push('&');
    }
    encode_into(name, query);
    query.push('=');
    value(query);
}

/// The path of a template, and its query before the call's.
fn target(template: &str, values: &[(&'static str, String)], pairs: &str) -> Result<(String, String), RequestError> {
    let Some((path, query)) = template.split_once('?') else {
        return Ok((fill(template, values)?, pairs.to_owned()));
    };
    let in_path = |name: &str| path.contains(&format!("{{{name}}}"));
    let (of_path, of_query): (Vec<_>, Vec<_>) = values.iter().cloned().partition(|(name, _)| in_path(name));
    let mut query = fill(query, &of_query)?;
    if !query.is_empty() && !pairs.is_empty() {
        query.push('&');
    }
    Ok((fill(path, &of_path)?, query + pairs))
}

/// Puts encoded values into a template.
fn fill(template: &str, values: &[(&'static str, String)]) -> Result<String, RequestError> {
    let mut path = String::with_capacity(template.len() + 32);
    let mut rest = template;
    let mut filled = 0;
    while let Some((literal, (name, after))) =
        rest.split_once('{').and_then(|(literal, rest)| Some((literal, rest.split_once('}')?)))
    {
        let mut matching = values.iter().filter(|(value, _)| *value == name);
        let (Some((_, value)), None) = (matching.next(), matching.next()) else {
            return Err(RequestError::PathParameter { name: name.to_owned() });
        };
        template_into(literal, &mut path);
        path.push_str(value);
        filled += 1;
        rest = after;
    }
    template_into(rest, &mut path);
    if filled < values.len() {
        let name = values.iter().map(|(name, _)| *name).find(|name| !template.contains(&format!("{{{name}}}")));
        return Err(RequestError::PathParameter { name: name.unwrap_or_default().to_owned() });
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base_url::PlainHttp;

    fn filled(template: &str, values: &[(&'static str, &str)]) -> Result<String, RequestError> {
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        fill(template, &values)
    }

    #[test]
    fn templates_are_filled() {
        assert_eq!(filled("/a", &[]).unwrap(), "/a");
        assert_eq!(filled("/a/{b}/c", &[("b", "x")]).unwrap(), "/a/x/c");
        assert_eq!(filled("/{a}.{b}:verb", &[("b", "y"), ("a", "x")]).unwrap(), "/x.y:verb");
        assert_eq!(filled("/a{b", &[]).unwrap(), "/a%7Bb");
    }

    #[test]
    fn a_template_may_have_a_query() {
        let target = |template, values: &[(&'static str, &str)], pairs| {
            let values: Vec<_> = values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            super::target(template, &values, pairs).map(|(path, query)| format!("{path} {query}"))
        };
        assert_eq!(target("/a?beta=true", &[], "").unwrap(), "/a beta=true");
        assert_eq!(target("/{a}?beta=true&b={b}", &[("b", "y"), ("a", "x")], "c=1").unwrap(), "/x beta=true&b=y&c=1");
        assert_eq!(target("/a", &[], "c=1").unwrap(), "/a c=1");
        assert!(target("/a?b={b}", &[], "").is_err());
    }

    #[test]
    fn each_parameter_stands_once_in_both() {
        for (template, values) in
            [("/{a}", &[][..]), ("/{a}", &[("b", "x")]), ("/{a}", &[("a", "x"), ("a", "y")]), ("/a", &[("a", "x")])]
        {
            assert!(matches!(filled(template, values), Err(RequestError::PathParameter { .. })), "{template}");
        }
    }
    #[test]
    fn no_value_changes_the_number_of_segments() {
        let base = BaseUrl::parse("https://api.example/v1", PlainHttp::Loopback).unwrap();
        let characters: Vec<char> = "./\\%2eE?#&=:;@ \t\n\r\0aü\u{202e}{}".chars().collect();
        // A linear congruential generator: the mix matters here, not the quality.
        let mut state = 1_u64;
        let mut draw = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for template in ["/user/{id}/tail", "/user/{id}", "/{id}:verb", "/user/.{id}"] {
            let segments = template.matches('/').count() + 1;
            for _ in 0..10_000 {
                let length = draw(5);
                let value: String = (0..length).map(|_| characters[draw(characters.len())]).collect();
                let url = joined(value.as_str())
                    .filter(|text| !vanishes(text))
                    .ok_or(RequestError::PathValue { name: "id" })
                    .and_then(|text| base.join(&fill(template, &[("id", text)])?, ""));
                match url {
                    Ok(url) => {
                        assert_eq!(url.path_segments().unwrap().count(), segments, "{value:?}");
                        assert_eq!((url.host_str(), url.query(), url.fragment()), (Some("api.example"), None, None));
                    }
                    Err(_) => assert!(["", ".", ".."].contains(&value.as_str()), "{value:?}"),
                }
            }
        }
    }
}
