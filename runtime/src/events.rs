//! Server-sent events (`text/event-stream`), as the HTML standard reads them.
//!
//! 1. [`Reader`] cuts the bytes into lines and the lines into events, wherever the pieces of the stream begin and
//!    end. Lines end in LF, CR or CRLF; comments are left out; the byte order mark is taken off.
//! 2. [`Events`] decodes the data of each event.
//!
//! An event without data is none. One that the end of the stream cuts off is an error that keeps its bytes. The data
//! `[DONE]`, by which many APIs end a stream of JSON, is the end.

use crate::binary::ByteStream;
use crate::error::{RawBody, StreamError};
use crate::json::{self, DecodeError};
use crate::lines::{Cut, Records};
use bytes::Bytes;
use futures_core::Stream;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// An event of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event<T> {
    /// Its name, if it has one.
    pub event: Option<String>,
    /// The last id that the server gave: what `Last-Event-ID` takes to go on from here.
    pub id: Option<String>,
    /// How long to wait before connecting again, if this event says so.
    pub retry: Option<Duration>,
    /// What it holds.
    pub data: T,
}

/// The events of a response as they arrive; dropping it closes the exchange.
///
/// An event that does not decode is an error of its own, and the next one follows.
pub struct Events<T> {
    records: Records<Reader>,
    decode: fn(&Event<String>) -> Result<T, DecodeError>,
    /// Whether `[DONE]` ends it.
    ends: bool,
    item: PhantomData<fn() -> T>,
}

impl<T> Events<T> {
    /// The next event, or nothing at the end.
    ///
    /// # Errors
    /// The connection broke off, or an event does not decode.
    pub async fn next(&mut self) -> Result<Option<Event<T>>, StreamError> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await.transpose()
    }
}

impl Events<String> {
    /// Events whose data is text.
    pub(crate) fn texts(stream: ByteStream, limit: usize) -> Self {
        let decode = |event: &Event<String>| Ok(event.data.clone());
        Self { records: Records::new(stream, Reader::default(), limit), decode, ends: false, item: PhantomData }
    }
}

impl<T: DeserializeOwned> Events<T> {
    /// Events whose data is JSON.
    pub(crate) fn of_data(stream: ByteStream, limit: usize) -> Self {
        let decode = |event: &Event<String>| json::decode(event.data.as_bytes());
        Self { records: Records::new(stream, Reader::default(), limit), decode, ends: true, item: PhantomData }
    }

    /// Events that are described as objects with `event`, `data` and so on.
    pub(crate) fn whole(stream: ByteStream, limit: usize) -> Self {
        let decode = |event: &Event<String>| decode_whole(event);
        Self { records: Records::new(stream, Reader::default(), limit), decode, ends: true, item: PhantomData }
    }
}

/// The event as an object: data that is no JSON, or does not fit as JSON, is text.
fn decode_whole<T: DeserializeOwned>(event: &Event<String>) -> Result<T, DecodeError> {
    let text = |data: &str| serde_json::to_string(data).ok().and_then(|text| RawValue::from_string(text).ok());
    let as_json = RawValue::from_string(event.data.clone()).ok();
    let object = |data: Option<Box<RawValue>>| {
        #[derive(serde::Serialize)]
        struct Whole<'e> {
            #[serde(skip_serializing_if = "Option::is_none")]
            event: Option<&'e str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            id: Option<&'e str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            retry: Option<u64>,
            data: Option<Box<RawValue>>,
        }
        let retry = event.retry.and_then(|retry| u64::try_from(retry.as_millis()).ok());
        let whole = Whole { event: event.event.as_deref(), id: event.id.as_deref(), retry, data };
        serde_json::to_vec(&whole).unwrap_or_default()
    };
    let first = as_json.map(|data| json::decode(&object(Some(data))));
    match first {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => json::decode(&object(text(&event.data))).map_err(|_| error),
        None => json::decode(&object(text(&event.data))),
    }
}

impl<T> Stream for Events<T> {
    type Item = Result<Event<T>, StreamError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let event = match std::task::ready!(self.records.poll(context)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            Some(Ok(event)) => event,
        };
        if self.ends && event.data.trim() == "[DONE]" {
            self.records.close();
            return Poll::Ready(None);
        }
        Poll::Ready(Some(match (self.decode)(&event) {
            Ok(data) => Ok(Event { event: event.event, id: event.id, retry: event.retry, data }),
            Err(error) => {
                let body = RawBody { media_type: None, bytes: Bytes::from(event.data) };
                Err(StreamError::decode(&error, body))
            }
        }))
    }
}

impl<T> fmt::Debug for Events<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

/// Cuts bytes into events.
#[derive(Default)]
pub(crate) struct Reader {
    line: Vec<u8>,
    begun: bool,
    after_cr: bool,
    data: Option<String>,
    event: Option<String>,
    id: Option<String>,
    retry: Option<Duration>,
}

impl Reader {
    fn line(&mut self, out: &mut VecDeque<Event<String>>) {
        let line = std::mem::take(&mut self.line);
        let mut bytes = line.as_slice();
        if !std::mem::replace(&mut self.begun, true) {
            bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        }
        if bytes.is_empty() {
            return self.dispatch(out);
        }
        let line = String::from_utf8_lossy(bytes);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "event" => self.event = Some(value.to_owned()),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = value.parse().ok().map(Duration::from_millis);
            }
            // Comments, and fields that the standard does not know.
            _ => {}
        }
    }

    fn dispatch(&mut self, out: &mut VecDeque<Event<String>>) {
        let (event, retry) = (self.event.take().filter(|event| !event.is_empty()), self.retry.take());
        if let Some(data) = self.data.take() {
            let id = self.id.clone().filter(|id| !id.is_empty());
            out.push_back(Event { event, id, retry, data });
        }
    }
}

impl Cut for Reader {
    type Record = Event<String>;

    fn feed(&mut self, bytes: &[u8], out: &mut VecDeque<Event<String>>) {
        for byte in bytes {
            match byte {
                b'\n' if std::mem::take(&mut self.after_cr) => {}
                b'\n' => self.line(out),
                b'\r' => {
                    self.after_cr = true;
                    self.line(out);
                }
                byte => {
                    self.after_cr = false;
                    self.line.push(*byte);
                }
            }
        }
    }

    fn end(&mut self, out: &mut VecDeque<Event<String>>) -> Result<(), Vec<u8>> {
        let rest = std::mem::take(&mut self.line);
        match self.data.take() {
            // The end itself may stand without the empty line after it.
            Some(data) if rest.is_empty() && data.trim() == "[DONE]" => {
                self.data = Some(data);
                self.dispatch(out);
                Ok(())
            }
            Some(data) => Err([data.as_bytes(), b"\n", &rest].concat()),
            None if rest.starts_with(b"data") => Err(rest),
            None => Ok(()),
        }
    }

    fn held(&self) -> usize {
        self.line.len() + self.data.as_ref().map_or(0, String::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events of a text, and what its end cuts off.
    type Case = (&'static str, &'static [(&'static str, &'static str, u64, &'static str)], Option<&'static str>);

    type Read = (Vec<(Option<String>, Option<String>, Option<u64>, String)>, Result<(), Vec<u8>>);

    fn read(pieces: &[&[u8]]) -> Read {
        let mut reader = Reader::default();
        let mut out = VecDeque::new();
        pieces.iter().for_each(|piece| reader.feed(piece, &mut out));
        let end = reader.end(&mut out);
        let millis = |retry: Duration| u64::try_from(retry.as_millis()).unwrap();
        (out.into_iter().map(|e| (e.event, e.id, e.retry.map(millis), e.data)).collect(), end)
    }

    #[test]
    fn events_are_the_same_wherever_the_stream_is_cut() {
        let table: [Case; 14] = [
            ("", &[], None),
            ("data: a\n\n", &[("", "", 0, "a")], None),
            ("data:a\r\n\r\ndata:b\r\rdata: c\n\n", &[("", "", 0, "a"), ("", "", 0, "b"), ("", "", 0, "c")], None),
            ("data: a\ndata:  b\ndata\n\n", &[("", "", 0, "a\n b\n")], None),
            ("\u{feff}data: \u{fc}\u{1f600}\n\n", &[("", "", 0, "\u{fc}\u{1f600}")], None),
            (": comment\n:\ndata: a\n: more\n\n", &[("", "", 0, "a")], None),
            ("event: x\nid: 1\nretry: 5\ndata: a\n\ndata: b\n\n", &[("x", "1", 5, "a"), ("", "1", 0, "b")], None),
            ("event: x\n\ndata: b\n\n", &[("", "", 0, "b")], None),
            ("id: 1\n\ndata: b\n\nid\ndata: c\n\n", &[("", "1", 0, "b"), ("", "", 0, "c")], None),
            ("id: a\0b\nretry: 1x\nother: y\ndata: {\"a\":\"b: c\"}\n\n", &[("", "", 0, "{\"a\":\"b: c\"}")], None),
            ("data\n\n", &[("", "", 0, "")], None),
            ("data: a\n\ndata: cut", &[("", "", 0, "a")], Some("data: cut")),
            ("data: a\ndata: cut", &[], Some("a\ndata: cut")),
            ("data: [DONE]\n", &[("", "", 0, "[DONE]")], None),
        ];
        let optional = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        for (text, events, cut) in table {
            let events: Vec<_> = events
                .iter()
                .map(|(event, id, retry, data)| {
                    (optional(event), optional(id), Some(*retry).filter(|retry| *retry > 0), (*data).to_owned())
                })
                .collect();
            let expected = (events, cut.map_or(Ok(()), |bytes| Err(bytes.as_bytes().to_vec())));
            let text = text.as_bytes();
            assert_eq!(read(&[text]), expected);
            for first in 0..=text.len() {
                for second in first..=text.len() {
                    let pieces = [&text[..first], &text[first..second], &text[second..]];
                    assert_eq!(read(&pieces), expected, "{first} {second}");
                }
            }
            assert_eq!(read(&text.chunks(1).collect::<Vec<_>>()), expected);
        }
    }

    #[test]
    fn whole_events_are_objects() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Whole<T> {
            event: String,
            data: T,
        }
        let event = |data: &str| Event { event: Some("e".to_owned()), id: None, retry: None, data: data.to_owned() };
        let object: Whole<Vec<i64>> = decode_whole(&event("[1]")).unwrap();
        assert_eq!(object, Whole { event: "e".to_owned(), data: vec![1] });
        let text: Whole<String> = decode_whole(&event("1")).unwrap();
        assert_eq!(text.data, "1");
        let text: Whole<String> = decode_whole(&event("[DONE]")).unwrap();
        assert_eq!(text.data, "[DONE]");
        assert_eq!(decode_whole::<Whole<bool>>(&event("{}")).unwrap_err().path(), "data");
    }
}
