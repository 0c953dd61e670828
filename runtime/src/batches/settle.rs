//! What a call's outcome says of each of its records.
//!
//! 1. Rejections are matched with records: by place, or by an echo that equals a record. Of equal records the first
//!    ones are taken; they can't be told apart, and sending any of them again is the same.
//! 2. The others are accepted only if every rejection found its record and the answer accounts for all of them: by
//!    the number that it accepted, or by saying that nothing else was rejected. Else they are unknown. An answer that
//!    never speaks of that accounts for all of them if it is a success, and for none if it is an error.
//! 3. A call that failed says nothing of its records, unless its error does. They are rejected if it surely was not
//!    processed, else unknown.

use super::cut::{Chunk, Unsent};
use super::report::{Doubt, RejectedRecord, Rejection, UnknownRecord};
use super::{BatchAnswer, Batched, Which};
use crate::error::{Error, ErrorKind};
use crate::operation::Repeat;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;

/// What became of the records of one call; those that are in neither list are accepted.
pub(super) struct Settled<R, E> {
    pub(super) records: usize,
    pub(super) sent: bool,
    pub(super) rejected: Vec<RejectedRecord<R, E>>,
    pub(super) unknown: Vec<UnknownRecord<E>>,
}

/// A record that is not sent.
pub(super) fn unsent<R, E>(chunk: Chunk) -> Settled<R, E> {
    let rejected = chunk.unsent.map(|(index, why)| {
        let why = match why {
            Unsent::NotJson => Rejection::NotJson,
            Unsent::TooLarge { bytes, limit } => Rejection::TooLarge { bytes, limit },
        };
        RejectedRecord { index, why, may_pass: false }
    });
    let rejected: Vec<_> = rejected.into_iter().collect();
    Settled { records: rejected.len(), sent: false, rejected, unknown: Vec::new() }
}

/// The records of a call that was made.
pub(super) fn settle<O: Batched>(
    chunk: Chunk,
    outcome: Result<O::Output, Error<O::Error>>,
) -> Settled<O::Rejected, O::Error> {
    let error = match outcome {
        // A success that never speaks of that has rejected nothing else.
        Ok(answer) => return told::<O>(&chunk, O::answer(answer), true),
        Err(error) => error,
    };
    if let Some(answer) = error.body().and_then(O::failure)
        && (answer.accepted.is_some() || !answer.rejected.is_empty())
    {
        return told::<O>(&chunk, answer, false);
    }
    let (surely_not, may_pass) = (surely_not_processed(&error), error.may_repeat());
    let error = Arc::new(error);
    let mut settled = Settled { records: chunk.records.len(), sent: true, rejected: Vec::new(), unknown: Vec::new() };
    for (index, _) in chunk.records {
        let error = Arc::clone(&error);
        match surely_not {
            true => settled.rejected.push(RejectedRecord { index, why: Rejection::Call(error), may_pass }),
            false => settled.unknown.push(UnknownRecord { index, why: Doubt::Call(error) }),
        }
    }
    settled
}

/// Whether a call that failed surely was not processed: it never came to the server, the server said so, or refused
/// the request itself.
fn surely_not_processed<E>(error: &Error<E>) -> bool {
    if !error.may_be_processed() {
        return true;
    }
    // An attempt before the last one may have been processed only where the operation may be repeated even so.
    let last_decides = error.attempts() == 1 || error.operation().repeat != Repeat::Safe;
    let refused = error.status().is_some_and(|status| status.is_client_error() && status.as_u16() != 408);
    let answered = matches!(error.kind(), ErrorKind::Status(_) | ErrorKind::Undeclared(_) | ErrorKind::Decode { .. });
    last_decides && refused && answered
}

/// The records of a call whose answer speaks of them, and what became of the others if it does not say.
fn told<O: Batched>(
    chunk: &Chunk,
    answer: BatchAnswer<O::Rejected>,
    rest_by_default: bool,
) -> Settled<O::Rejected, O::Error> {
    let BatchAnswer { accepted, is_complete, rejected } = answer;
    let count = chunk.records.len();
    let mut places = Places::new(&chunk.records);
    let mut found: BTreeMap<usize, O::Rejected> = BTreeMap::new();
    let mut all_found = true;
    for rejection in rejected {
        match places.take(O::which(&rejection)) {
            Some(place) => {
                found.insert(place, rejection);
            }
            None => all_found = false,
        }
    }
    let left = count - found.len();
    let accounted = match accepted {
        Some(accepted) => u64::try_from(left) == Ok(accepted),
        None => is_complete.unwrap_or(rest_by_default),
    };
    let rest_is_accepted = all_found && accounted;
    let mut settled = Settled { records: count, sent: true, rejected: Vec::new(), unknown: Vec::new() };
    for (place, (index, _)) in chunk.records.iter().enumerate() {
        let index = *index;
        match found.remove(&place) {
            Some(rejection) => {
                let may_pass = O::may_pass(&rejection);
                settled.rejected.push(RejectedRecord { index, why: Rejection::Record(rejection), may_pass });
            }
            None if rest_is_accepted => {}
            None => settled.unknown.push(UnknownRecord { index, why: Doubt::Untold }),
        }
    }
    settled
}

/// The records of a call that no rejection has found yet.
struct Places<'c> {
    records: &'c [(usize, Box<RawValue>)],
    taken: Vec<bool>,
    /// Places by the record's text, once an echo asks for them.
    by_text: Option<HashMap<String, VecDeque<usize>>>,
}

impl<'c> Places<'c> {
    fn new(records: &'c [(usize, Box<RawValue>)]) -> Self {
        Self { records, taken: vec![false; records.len()], by_text: None }
    }

    /// The place that is meant, each once.
    fn take(&mut self, which: Which) -> Option<usize> {
        let place = match which {
            Which::Index(index) => usize::try_from(index).ok().filter(|index| *index < self.records.len())?,
            Which::Echo(echo) => {
                let records = self.records;
                let by_text = self.by_text.get_or_insert_with(|| by_text(records));
                by_text.get_mut(&canonical(&echo))?.pop_front()?
            }
            Which::Untold => return None,
        };
        (!std::mem::replace(&mut self.taken[place], true)).then_some(place)
    }
}

fn by_text(records: &[(usize, Box<RawValue>)]) -> HashMap<String, VecDeque<usize>> {
    let mut places: HashMap<String, VecDeque<usize>> = HashMap::new();
    for (place, (_, record)) in records.iter().enumerate() {
        if let Ok(value) = serde_json::from_str::<Value>(record.get()) {
            places.entry(canonical(&value)).or_default().push_back(place);
        }
    }
    places
}

/// A value as text that equal values share: members in the order of their names.
fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_canonical(value, &mut text);
    text
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write_canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (name, member) in sorted {
                // Writing to a `String` does not fail.
                let _ = write!(out, "{name:?}:");
                write_canonical(member, out);
                out.push(',');
            }
            out.push('}');
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}
