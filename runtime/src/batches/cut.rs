//! From records to the bodies of calls.
//!
//! 1. [`Frame`] is the body around the list: the text before it, and the text after it. So all other members go out
//!    as the caller has them, byte by byte.
//! 2. [`Chunks`] takes records as they come, writes each as JSON once, and ends a chunk where one more record would
//!    exceed a limit of it.

use super::{BatchInfo, Batched, Records};
use crate::error::RequestError;
use crate::reply::JsonConst;
use crate::request::Request;
use futures_core::Stream;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A body without its records.
#[derive(Debug)]
pub(super) struct Frame {
    before: String,
    after: String,
    /// The records that the body had itself.
    own: Vec<Box<RawValue>>,
}

/// The records of one call.
#[derive(Debug)]
pub(super) struct Chunk {
    /// The place of each record among all, and its text.
    pub(super) records: Vec<(usize, Box<RawValue>)>,
    /// A record that is not sent, and why.
    pub(super) unsent: Option<(usize, Unsent)>,
}

/// Why a record is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsent {
    NotJson,
    TooLarge { bytes: usize, limit: usize },
}

impl Frame {
    /// The body of a call around the list at a pointer.
    pub(super) fn of(call: &Request, pointer: &str) -> Result<Frame, RequestError> {
        let none = || RequestError::Batch;
        let text = call.body_text().ok_or_else(none)?;
        let (from, to) = locate(text, pointer).ok_or_else(none)?;
        let own = serde_json::from_str(&text[from..to]).map_err(|_| none())?;
        Ok(Frame { before: text[..from].to_owned(), after: text[to..].to_owned(), own })
    }

    /// The body with the records of a chunk.
    pub(super) fn around(&self, chunk: &Chunk) -> Vec<u8> {
        let length: usize = chunk.records.iter().map(|(_, record)| record.get().len() + 1).sum();
        let mut body = String::with_capacity(self.before.len() + length + 2 + self.after.len());
        body.push_str(&self.before);
        body.push('[');
        for (at, (_, record)) in chunk.records.iter().enumerate() {
            if at > 0 {
                body.push(',');
            }
            body.push_str(record.get());
        }
        body.push(']');
        body.push_str(&self.after);
        body.into_bytes()
    }

    fn length(&self) -> usize {
        self.before.len() + "[]".len() + self.after.len()
    }
}

/// Where the value at a JSON Pointer stands in a text: its begin and its end.
fn locate(text: &str, pointer: &str) -> Option<(usize, usize)> {
    let (mut from, mut value) = (0, text);
    for token in pointer.split('/').skip(1) {
        let name = token.replace("~1", "/").replace("~0", "~");
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(value).ok()?;
        let member = members.get(&name)?.get();
        // A borrowed member is a part of the text that it was read from.
        from += (member.as_ptr() as usize).checked_sub(value.as_ptr() as usize)?;
        value = member;
    }
    Some((from, from + value.len()))
}

/// Records cut into calls.
pub(super) struct Chunks<O: Batched> {
    records: Option<Records<O::Record>>,
    own: VecDeque<Box<RawValue>>,
    info: BatchInfo,
    frame_length: usize,
    /// How many records came.
    count: usize,
    open: Chunk,
    /// The bytes and the limit of the open chunk.
    length: usize,
    limit: usize,
    ready: VecDeque<Chunk>,
    operation: PhantomData<fn() -> O>,
}

impl<O: Batched> Chunks<O> {
    pub(super) fn new(records: Records<O::Record>, info: BatchInfo, frame: &Frame) -> Self {
        Self {
            records: Some(records),
            own: frame.own.clone().into(),
            info,
            frame_length: frame.length(),
            count: 0,
            open: Chunk::empty(),
            length: frame.length(),
            limit: info.limit,
            ready: VecDeque::new(),
            operation: PhantomData,
        }
    }

    /// Takes one record into the open chunk, or into the next one.
    fn take(&mut self, record: Option<Box<RawValue>>) {
        let index = self.count;
        self.count += 1;
        let Some(record) = record else { return self.unsent(index, Unsent::NotJson) };
        let (bytes, limit) = (record.get().len(), self.info.limit_of(&record));
        if let Some(most) = self.info.bytes
            && self.frame_length + bytes > most
        {
            return self.unsent(index, Unsent::TooLarge { bytes, limit: most });
        }
        let comma = usize::from(!self.open.records.is_empty());
        let too_many = self.open.records.len() + 1 > self.limit.min(limit);
        let too_long = self.info.bytes.is_some_and(|most| self.length + comma + bytes > most);
        if comma > 0 && (too_many || too_long) {
            self.close();
        }
        self.length += bytes + usize::from(!self.open.records.is_empty());
        self.limit = self.limit.min(limit);
        self.open.records.push((index, record));
        if self.open.records.len() >= self.limit {
            self.close();
        }
    }

    fn unsent(&mut self, index: usize, why: Unsent) {
        self.ready.push_back(Chunk { records: Vec::new(), unsent: Some((index, why)) });
    }

    /// Ends the open chunk.
    fn close(&mut self) {
        let open = std::mem::replace(&mut self.open, Chunk::empty());
        if !open.records.is_empty() {
            self.ready.push_back(open);
        }
        (self.length, self.limit) = (self.frame_length, self.info.limit);
    }
}

impl Chunk {
    const fn empty() -> Self {
        Self { records: Vec::new(), unsent: None }
    }
}

impl BatchInfo {
    /// The most records of a call that has this one; at least 1.
    fn limit_of(&self, record: &RawValue) -> usize {
        let smallest = match self.smaller {
            [] => None,
            smaller => {
                let value: Value = serde_json::from_str(record.get()).unwrap_or_default();
                let holds = |at: &str, equals: &[JsonConst]| {
                    value.pointer(at).is_some_and(|member| equals.iter().any(|constant| constant.is(member)))
                };
                smaller.iter().filter(|smaller| holds(smaller.at, smaller.equals)).map(|smaller| smaller.limit).min()
            }
        };
        smallest.unwrap_or(self.limit).min(self.limit).max(1)
    }
}

impl<O: Batched> Stream for Chunks<O> {
    type Item = Chunk;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Chunk>> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Poll::Ready(Some(chunk));
            }
            if let Some(own) = self.own.pop_front() {
                self.take(Some(own));
                continue;
            }
            let Some(records) = &mut self.records else { return Poll::Ready(None) };
            match ready!(records.as_mut().poll_next(context)) {
                Some(record) => self.take(to_raw_value(&record).ok()),
                None => {
                    self.records = None;
                    self.close();
                }
            }
        }
    }
}

// Records have a box of their own, and nothing else is pinned.
impl<O: Batched> Unpin for Chunks<O> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_found_where_it_stands() {
        let text = r#" {"a" : 1.50, "b/c": {"d": [ 1, {"x":"]"} ] , "e":[]}, "d":[2]} "#;
        let at = |pointer| locate(text, pointer).map(|(from, to)| &text[from..to]);
        assert_eq!(at("/b~1c/d"), Some(r#"[ 1, {"x":"]"} ]"#));
        assert_eq!(at("/d"), Some("[2]"));
        assert_eq!(at("/a"), Some("1.50"));
        assert_eq!(at("/b"), None);
        assert_eq!(at("/a/b"), None);
    }
}
