//! Streams of JSON values: one to a line (NDJSON, JSON Lines), or each after a record separator (RFC 7464).
//!
//! 1. [`Splitter`] cuts the bytes into records, wherever the pieces of the stream begin and end.
//! 2. [`JsonLines`] decodes each record.

use crate::binary::ByteStream;
use crate::error::{RawBody, StreamError};
use crate::json;
use crate::members::essence;
use bytes::Bytes;
use futures_core::Stream;
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The values of a response as they arrive; dropping it closes the exchange.
///
/// A value that does not decode is an error of its own, and the next one follows.
pub struct JsonLines<T> {
    records: Records<Splitter>,
    item: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> JsonLines<T> {
    /// The next value, or nothing at the end.
    ///
    /// # Errors
    /// The connection broke off, or a value does not decode.
    pub async fn next(&mut self) -> Result<Option<T>, StreamError> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await.transpose()
    }

    pub(crate) fn new(stream: ByteStream, limit: usize) -> Self {
        let by_separator = stream.media_type().map(essence).is_some_and(|essence| essence.ends_with("json-seq"));
        let splitter = Splitter { by_separator, ..Splitter::default() };
        Self { records: Records::new(stream, splitter, limit), item: PhantomData }
    }
}

impl<T: DeserializeOwned> Stream for JsonLines<T> {
    type Item = Result<T, StreamError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.records.poll(context).map(|record| {
            let record = match record? {
                Ok(record) => record,
                Err(error) => return Some(Err(error)),
            };
            Some(
                json::decode(&record).map_err(|error| {
                    StreamError::decode(&error, RawBody { media_type: None, bytes: Bytes::from(record) })
                }),
            )
        })
    }
}

impl<T> fmt::Debug for JsonLines<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JsonLines")
    }
}

/// Cuts bytes into records.
pub(crate) trait Cut: Unpin {
    type Record;

    /// Takes the next bytes.
    fn feed(&mut self, bytes: &[u8], out: &mut VecDeque<Self::Record>);

    /// Takes the end: a record that was whole without it, or the bytes of one that was not.
    fn end(&mut self, out: &mut VecDeque<Self::Record>) -> Result<(), Vec<u8>>;

    /// How many bytes wait for the end of their record.
    fn held(&self) -> usize;
}

/// The records of a stream; not generic over what they hold, so that many types compile as one.
pub(crate) struct Records<C: Cut> {
    stream: ByteStream,
    cut: C,
    ready: VecDeque<C::Record>,
    limit: usize,
    ended: bool,
}

impl<C: Cut> Records<C> {
    pub(crate) fn new(stream: ByteStream, cut: C, limit: usize) -> Self {
        Self { stream, cut, ready: VecDeque::new(), limit, ended: false }
    }

    /// Ends the stream before its bytes do.
    pub(crate) fn close(&mut self) {
        self.ended = true;
        self.ready.clear();
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<C::Record, StreamError>>> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(record)));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            match std::task::ready!(Pin::new(&mut self.stream).poll_next(context)) {
                Some(Ok(bytes)) => {
                    self.cut.feed(&bytes, &mut self.ready);
                    if self.cut.held() > self.limit {
                        self.ended = true;
                        return Poll::Ready(Some(Err(StreamError::TooLarge { limit: self.limit })));
                    }
                }
                Some(Err(error)) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(StreamError::Transport(error))));
                }
                None => {
                    self.ended = true;
                    if let Err(bytes) = self.cut.end(&mut self.ready) {
                        let body = RawBody { media_type: None, bytes: bytes.into() };
                        return Poll::Ready(Some(Err(StreamError::Incomplete(body))));
                    }
                }
            }
        }
    }
}

/// Cuts at line feeds, or at record separators.
#[derive(Default)]
pub(crate) struct Splitter {
    by_separator: bool,
    record: Vec<u8>,
    begun: bool,
}

impl Splitter {
    fn finish(&mut self, out: &mut VecDeque<Vec<u8>>) {
        let mut record = std::mem::take(&mut self.record);
        if !std::mem::replace(&mut self.begun, true) && record.starts_with(b"\xEF\xBB\xBF") {
            record.drain(..3);
        }
        let whole = record.trim_ascii();
        if whole.is_empty() {
            return;
        }
        out.push_back(whole.to_vec());
    }
}

impl Cut for Splitter {
    type Record = Vec<u8>;

    fn feed(&mut self, bytes: &[u8], out: &mut VecDeque<Vec<u8>>) {
        let end = if self.by_separator { 0x1E } else { b'\n' };
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == end) {
            self.record.extend_from_slice(&rest[..at]);
            self.finish(out);
            rest = &rest[at + 1..];
        }
        self.record.extend_from_slice(rest);
    }

    fn end(&mut self, out: &mut VecDeque<Vec<u8>>) -> Result<(), Vec<u8>> {
        self.finish(out);
        Ok(())
    }

    fn held(&self) -> usize {
        self.record.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(by_separator: bool, pieces: &[&[u8]]) -> Vec<String> {
        let mut splitter = Splitter { by_separator, ..Splitter::default() };
        let mut out = VecDeque::new();
        pieces.iter().for_each(|piece| splitter.feed(piece, &mut out));
        splitter.end(&mut out).unwrap();
        out.into_iter().map(|record| String::from_utf8(record).unwrap()).collect()
    }

    #[test]
    fn records_are_the_same_wherever_the_stream_is_cut() {
        let table: [(bool, &[u8], &[&str]); 7] = [
            (false, b"", &[]),
            (false, b"{\"a\":1}\n{\"a\":2}\n", &["{\"a\":1}", "{\"a\":2}"]),
            (false, b"\n\r\n 1 \r\n\n2", &["1", "2"]),
            (false, "\u{feff}\"\u{fc}\u{1f600}\"\n\"\u{feff}\"\n".as_bytes(), &["\"\u{fc}\u{1f600}\"", "\"\u{feff}\""]),
            (true, b"\x1e{\"a\":\n1}\n\x1e2\n", &["{\"a\":\n1}", "2"]),
            (true, b"\x1e\x1e1\n", &["1"]),
            (true, b"1", &["1"]),
        ];
        for (by_separator, text, expected) in table {
            assert_eq!(records(by_separator, &[text]), expected);
            for first in 0..=text.len() {
                for second in first..=text.len() {
                    let pieces = [&text[..first], &text[first..second], &text[second..]];
                    assert_eq!(records(by_separator, &pieces), expected, "{first} {second}");
                }
            }
            let bytes: Vec<&[u8]> = text.chunks(1).collect();
            assert_eq!(records(by_separator, &bytes), expected);
        }
    }
}
