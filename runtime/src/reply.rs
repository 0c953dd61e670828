//! A response as an operation reads it: by status, then as the type that is declared for that status.

use crate::binary::{Binary, ByteStream};
use crate::declared::Choice;
use crate::error::RawBody;
use crate::events::Events;
use crate::json::{self, DecodeError};
use crate::lines::JsonLines;
use crate::members::is_json;
use crate::operation::Operation;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// A response whose body is at hand, or about to arrive.
pub struct Reply {
    head: Arc<Head>,
    body: ReplyBody,
    choice: Choice,
    /// How many bytes one value of a stream may have.
    limit: usize,
}

/// Status and headers of a response.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

/// The body of a response.
pub(crate) enum ReplyBody {
    Bytes(Bytes),
    Stream(ByteStream),
}

/// What an operation makes of a response.
pub enum Outcome<O: Operation> {
    /// A declared success.
    Success(O::Output),
    /// A declared error.
    Failure(O::Error),
    /// A declared failure inside a success.
    Refused(O::Error),
    /// A status that is not declared.
    Undeclared(RawBody),
    /// A body that is not what is declared.
    Unreadable(Unreadable),
}

/// A body that is not what is declared for its status.
#[derive(Clone, Debug)]
pub struct Unreadable {
    pub(crate) error: DecodeError,
    pub(crate) body: RawBody,
}

/// When a success status carries a failure: `{at: /success, equals: [false]}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// JSON Pointer of the member that says so; an absent member means success.
    pub at: &'static str,
    /// Which of its values mean failure.
    pub when: FailureWhen,
}

/// Which values of a member mean failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureWhen {
    /// These.
    Equals(&'static [JsonConst]),
    /// All but these.
    NotEquals(&'static [JsonConst]),
}

/// A JSON value that can stand in a `const`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonConst {
    /// `null`; an absent member is not.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A string.
    Text(&'static str),
}

impl Reply {
    /// The same once more; nothing if its body is a stream.
    pub(crate) fn copy(&self) -> Option<Self> {
        let ReplyBody::Bytes(bytes) = &self.body else { return None };
        let body = ReplyBody::Bytes(bytes.clone());
        Some(Self { head: Arc::clone(&self.head), body, choice: self.choice, limit: self.limit })
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Which of the operation's declared responses it is; none of them is a number beyond.
    pub fn case(&self) -> usize {
        match self.choice {
            Choice::Case(at) => at,
            Choice::MediaType | Choice::Status => usize::MAX,
        }
    }

    /// The body as JSON of this type, to its last byte.
    ///
    /// # Errors
    /// Another media type (a missing one is tolerated), or JSON that does not fit the type.
    pub fn json<T: DeserializeOwned>(self) -> Result<T, Unreadable> {
        let body = self.json_body()?;
        decode(body)
    }

    /// The body as JSON: of one type, or of another if a member says failure.
    ///
    /// # Errors
    /// As for [`json`](Self::json).
    pub fn json_or_refused<T: DeserializeOwned, F: DeserializeOwned>(
        self,
        failure: &Failure,
    ) -> Result<Result<T, F>, Unreadable> {
        let body = self.json_body()?;
        match json::decode::<Value>(&body.bytes) {
            Ok(value) if failure.holds(&value) => decode(body).map(Err),
            // What is no JSON at all fails here with the same words.
            _ => decode(body).map(Ok),
        }
    }

    /// The body as text: UTF-8, or Latin-1 where the media type says so.
    ///
    /// # Errors
    /// Bytes that are neither.
    pub fn text(self) -> Result<String, Unreadable> {
        let body = self.buffered()?;
        if body.media_type.as_deref().is_some_and(is_latin_1) {
            return Ok(body.bytes.iter().map(|byte| char::from(*byte)).collect());
        }
        match std::str::from_utf8(&body.bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(Unreadable { error: DecodeError::whole("the body is not UTF-8"), body }),
        }
    }

    /// The body as bytes.
    ///
    /// # Errors
    /// None so far.
    pub fn binary(self) -> Result<Binary, Unreadable> {
        let RawBody { media_type, bytes } = self.buffered()?;
        Ok(Binary { media_type, bytes })
    }

    /// The body as it arrives.
    ///
    /// # Errors
    /// None so far.
    pub fn stream(self) -> Result<ByteStream, Unreadable> {
        let media_type = media_type(&self.head.headers);
        Ok(match self.body {
            ReplyBody::Stream(stream) => stream,
            ReplyBody::Bytes(bytes) => ByteStream::of_bytes(media_type, bytes),
        })
    }

    /// The body as JSON values that arrive one by one.
    ///
    /// # Errors
    /// None so far.
    pub fn json_lines<T: DeserializeOwned>(self) -> Result<JsonLines<T>, Unreadable> {
        let limit = self.limit;
        Ok(JsonLines::new(self.stream()?, limit))
    }

    /// The body as events whose data is JSON.
    ///
    /// # Errors
    /// None so far.
    pub fn events<T: DeserializeOwned>(self) -> Result<Events<T>, Unreadable> {
        let limit = self.limit;
        Ok(Events::of_data(self.stream()?, limit))
    }

    /// The body as events that are described as objects with `event` and `data`.
    ///
    /// # Errors
    /// None so far.
    pub fn whole_events<T: DeserializeOwned>(self) -> Result<Events<T>, Unreadable> {
        let limit = self.limit;
        Ok(Events::whole(self.stream()?, limit))
    }

    /// The body as events whose data is text.
    ///
    /// # Errors
    /// None so far.
    pub fn text_events(self) -> Result<Events<String>, Unreadable> {
        let limit = self.limit;
        Ok(Events::texts(self.stream()?, limit))
    }

    /// No body; one that comes anyway is dropped.
    ///
    /// # Errors
    /// None so far.
    pub fn empty(self) -> Result<(), Unreadable> {
        Ok(())
    }

    /// A status that the operation does not declare, or a media type that it does not declare for the status.
    pub fn undeclared<O: Operation>(self) -> Outcome<O> {
        let choice = self.choice;
        match self.buffered() {
            Ok(body) if choice == Choice::MediaType => {
                Outcome::Unreadable(Unreadable { error: DecodeError::whole("the media type is not declared"), body })
            }
            Ok(body) => Outcome::Undeclared(body),
            Err(unreadable) => Outcome::Undeclared(unreadable.body),
        }
    }

    /// Whether its body is JSON with the member of a failure.
    pub(crate) fn says(&self, failure: &Failure) -> bool {
        let ReplyBody::Bytes(bytes) = &self.body else { return false };
        json::decode::<Value>(bytes).is_ok_and(|body| failure.holds(&body))
    }

    /// The body as it came, if it is held.
    pub(crate) fn raw(&self) -> Option<RawBody> {
        match &self.body {
            ReplyBody::Bytes(bytes) => {
                Some(RawBody { media_type: media_type(&self.head.headers), bytes: bytes.clone() })
            }
            ReplyBody::Stream(_) => None,
        }
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    pub(crate) fn new(head: Arc<Head>, body: ReplyBody, choice: Choice, limit: usize) -> Self {
        Self { head, body, choice, limit }
    }

    fn json_body(self) -> Result<RawBody, Unreadable> {
        let body = self.buffered()?;
        match &body.media_type {
            Some(media_type) if !is_json(media_type) => {
                Err(Unreadable { error: DecodeError::whole("the media type is not JSON"), body })
            }
            _ => Ok(body),
        }
    }

    fn buffered(self) -> Result<RawBody, Unreadable> {
        let media_type = media_type(&self.head.headers);
        match self.body {
            ReplyBody::Bytes(bytes) => Ok(RawBody { media_type, bytes }),
            ReplyBody::Stream(_) => Err(Unreadable {
                error: DecodeError::whole("the body is a stream"),
                body: RawBody { media_type, bytes: Bytes::new() },
            }),
        }
    }
}

impl<O: Operation> Outcome<O> {
    /// A body that was read, or not, for a status of success.
    pub fn success(read: Result<O::Output, Unreadable>) -> Self {
        read.map_or_else(Self::Unreadable, Self::Success)
    }

    /// A body that was read, or not, for a status of failure.
    pub fn failure(read: Result<O::Error, Unreadable>) -> Self {
        read.map_or_else(Self::Unreadable, Self::Failure)
    }

    /// A body of [`Reply::json_or_refused`], with what makes it the operation's types.
    pub fn success_unless_refused<T, F>(
        read: Result<Result<T, F>, Unreadable>,
        success: impl FnOnce(T) -> O::Output,
        refused: impl FnOnce(F) -> O::Error,
    ) -> Self {
        match read {
            Ok(Ok(body)) => Self::Success(success(body)),
            Ok(Err(body)) => Self::Refused(refused(body)),
            Err(unreadable) => Self::Unreadable(unreadable),
        }
    }
}

impl Failure {
    fn holds(&self, body: &Value) -> bool {
        let Some(member) = body.pointer(self.at) else { return false };
        match self.when {
            FailureWhen::Equals(values) => values.iter().any(|value| value.is(member)),
            FailureWhen::NotEquals(values) => !values.iter().any(|value| value.is(member)),
        }
    }
}

impl JsonConst {
    pub(crate) fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (JsonConst::Null, Value::Null) => true,
            (JsonConst::Bool(constant), Value::Bool(value)) => constant == value,
            (JsonConst::Integer(constant), Value::Number(value)) => value.as_i64() == Some(*constant),
            (JsonConst::Text(constant), Value::String(value)) => constant == value,
            _ => false,
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("status", &self.status()).finish_non_exhaustive()
    }
}

fn decode<T: DeserializeOwned>(body: RawBody) -> Result<T, Unreadable> {
    json::decode(&body.bytes).map_err(|error| Unreadable { error, body })
}

pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn is_latin_1(media_type: &str) -> bool {
    media_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("charset")
            && ["iso-8859-1", "latin1"]
                .iter()
                .any(|charset| value.trim().trim_matches('"').eq_ignore_ascii_case(charset))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    fn reply(content_type: Option<&'static str>, body: &'static [u8]) -> Reply {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
        }
        let head = Arc::new(Head { status: StatusCode::OK, headers });
        Reply::new(head, ReplyBody::Bytes(Bytes::from_static(body)), Choice::Case(0), 100)
    }

    #[test]
    fn json_wants_json() {
        for media_type in [
            None,
            Some("application/json"),
            Some("Application/Problem+JSON; charset=utf-8"),
            Some("text/json"),
            Some(""),
        ] {
            assert_eq!(reply(media_type, b" 1 ").json::<i64>().unwrap(), 1);
        }
        for media_type in ["text/html", "application/jsonp", "application/json-seq", "json"] {
            let unreadable = reply(Some(media_type), b"1").json::<i64>().unwrap_err();
            assert_eq!(unreadable.error.message(), "the media type is not JSON");
            assert_eq!(unreadable.body.bytes(), "1");
        }
        assert!(reply(None, b"").json::<i64>().is_err());
        assert!(reply(None, b"1 canary").json::<i64>().is_err());
    }

    #[test]
    fn a_member_can_say_failure() {
        #[derive(Debug, Deserialize)]
        struct Body {
            value: i64,
        }
        const FAILURE: Failure = Failure {
            at: "/state/ok",
            when: FailureWhen::Equals(&[JsonConst::Bool(false), JsonConst::Text("fail"), JsonConst::Integer(-1)]),
        };
        let read = |body| reply(None, body).json_or_refused::<Body, Value>(&FAILURE);
        assert_eq!(read(br#"{"value":1,"state":{"ok":true}}"#).unwrap().unwrap().value, 1);
        assert_eq!(read(br#"{"value":1}"#).unwrap().unwrap().value, 1);
        for failed in [&br#"{"state":{"ok":false}}"#[..], br#"{"state":{"ok":"fail"}}"#, br#"{"state":{"ok":-1}}"#] {
            assert!(read(failed).unwrap().is_err());
        }
        assert_eq!(read(br#"{"state":{}}"#).unwrap_err().error.path(), ".");
        const CODE: Failure = Failure { at: "/code", when: FailureWhen::NotEquals(&[JsonConst::Integer(0)]) };
        let read_code = |body| reply(None, body).json_or_refused::<Body, Value>(&CODE).unwrap();
        assert!(read_code(br#"{"value":1,"code":0}"#).is_ok());
        assert!(read_code(br#"{"value":1}"#).is_ok());
        assert!(read_code(br#"{"value":1,"code":2}"#).is_err());
        assert!(read_code(br#"{"value":1,"code":"0"}"#).is_err());
        assert!(read(b"<html>").is_err());
    }

    #[test]
    fn text_is_utf_8_or_latin_1() {
        assert_eq!(reply(Some("text/plain"), "ü".as_bytes()).text().unwrap(), "ü");
        assert_eq!(reply(Some("text/plain; charset=\"ISO-8859-1\""), b"\xfc").text().unwrap(), "ü");
        assert!(reply(Some("text/plain"), b"\xfc").text().is_err());
    }
}
