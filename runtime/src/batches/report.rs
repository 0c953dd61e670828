//! What became of each record of a batch.

use super::settle::Settled;
use crate::error::Error;
use std::fmt;
use std::sync::Arc;

/// What became of each record, by its place among all records, from 0.
///
/// Each record is accepted, rejected or unknown. An unknown one may have been processed; nothing repeats it but the
/// caller.
pub struct BatchReport<R, E> {
    records: usize,
    calls: usize,
    rejected: Vec<RejectedRecord<R, E>>,
    unknown: Vec<UnknownRecord<E>>,
}

/// A record that surely was not processed.
pub struct RejectedRecord<R, E> {
    /// Its place among all records, from 0.
    pub index: usize,
    /// Why.
    pub why: Rejection<R, E>,
    pub(super) may_pass: bool,
}

/// Why a record was not processed.
#[non_exhaustive]
pub enum Rejection<R, E> {
    /// The API said so of this record.
    Record(R),
    /// Its call failed as a whole, and surely before any record was processed.
    Call(Arc<Error<E>>),
    /// It has more bytes than a call may have.
    TooLarge {
        /// The bytes of the record.
        bytes: usize,
        /// The limit of a body.
        limit: usize,
    },
    /// It can't be written as JSON.
    NotJson,
    /// The call has no list of records to put it in.
    NoList,
}

/// A record of which it is not known whether it was processed.
pub struct UnknownRecord<E> {
    /// Its place among all records, from 0.
    pub index: usize,
    /// Why.
    pub why: Doubt<E>,
}

/// Why it is not known what became of a record.
#[non_exhaustive]
pub enum Doubt<E> {
    /// Its call failed, and may have been processed before.
    Call(Arc<Error<E>>),
    /// The answer came, and does not tell which records it rejected, or not all of them.
    Untold,
}

/// What became of one record.
#[derive(Debug)]
pub enum RecordOutcome<'r, R, E> {
    /// It was processed.
    Accepted,
    /// It surely was not processed.
    Rejected(&'r RejectedRecord<R, E>),
    /// It may have been processed.
    Unknown(&'r UnknownRecord<E>),
}

impl<R, E> BatchReport<R, E> {
    /// How many records there were.
    pub fn records(&self) -> usize {
        self.records
    }

    /// How many calls were made.
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// How many records were accepted.
    pub fn accepted(&self) -> usize {
        self.records - self.rejected.len() - self.unknown.len()
    }

    /// The records that surely were not processed, in their order.
    pub fn rejected(&self) -> &[RejectedRecord<R, E>] {
        &self.rejected
    }

    /// The records of which it is not known whether they were processed, in their order.
    pub fn unknown(&self) -> &[UnknownRecord<E>] {
        &self.unknown
    }

    /// Whether every record was accepted.
    pub fn is_complete(&self) -> bool {
        self.rejected.is_empty() && self.unknown.is_empty()
    }

    /// What became of a record; nothing if there was none at this place.
    pub fn outcome(&self, index: usize) -> Option<RecordOutcome<'_, R, E>> {
        if index >= self.records {
            return None;
        }
        let rejected = self.rejected.binary_search_by_key(&index, |record| record.index);
        let unknown = self.unknown.binary_search_by_key(&index, |record| record.index);
        Some(match (rejected, unknown) {
            (Ok(at), _) => RecordOutcome::Rejected(&self.rejected[at]),
            (_, Ok(at)) => RecordOutcome::Unknown(&self.unknown[at]),
            _ => RecordOutcome::Accepted,
        })
    }

    /// The places of the records that surely were not processed and may be accepted when they are sent again.
    pub fn to_send_again(&self) -> impl Iterator<Item = usize> {
        self.rejected.iter().filter(|record| record.may_pass).map(|record| record.index)
    }

    pub(super) fn add(&mut self, settled: Settled<R, E>) {
        self.records += settled.records;
        self.calls += usize::from(settled.sent);
        self.rejected.extend(settled.rejected);
        self.unknown.extend(settled.unknown);
    }

    /// Takes one more record, which no call can have.
    pub(super) fn refuse(&mut self, error: &Option<Arc<Error<E>>>) {
        let why = match error {
            Some(error) => Rejection::Call(Arc::clone(error)),
            None => Rejection::NoList,
        };
        self.rejected.push(RejectedRecord { index: self.records, why, may_pass: false });
        self.records += 1;
    }

    pub(super) fn sort(&mut self) {
        self.rejected.sort_by_key(|record| record.index);
        self.unknown.sort_by_key(|record| record.index);
    }
}

impl<R, E> RejectedRecord<R, E> {
    /// Whether the same record may be accepted when it is sent again.
    pub fn may_pass(&self) -> bool {
        self.may_pass
    }

    /// What the API said of the record, if it did.
    pub fn told(&self) -> Option<&R> {
        match &self.why {
            Rejection::Record(told) => Some(told),
            _ => None,
        }
    }
}

impl<R, E> Default for BatchReport<R, E> {
    fn default() -> Self {
        Self { records: 0, calls: 0, rejected: Vec::new(), unknown: Vec::new() }
    }
}

impl<R: fmt::Debug, E: fmt::Debug> fmt::Debug for BatchReport<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchReport")
            .field("records", &self.records)
            .field("calls", &self.calls)
            .field("accepted", &self.accepted())
            .field("rejected", &self.rejected)
            .field("unknown", &self.unknown)
            .finish()
    }
}

impl<R: fmt::Debug, E: fmt::Debug> fmt::Debug for RejectedRecord<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RejectedRecord").field("index", &self.index).field("why", &self.why).finish()
    }
}

impl<R: fmt::Debug, E: fmt::Debug> fmt::Debug for Rejection<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(told) => f.debug_tuple("Record").field(told).finish(),
            Self::Call(error) => f.debug_tuple("Call").field(error).finish(),
            Self::TooLarge { bytes, limit } => {
                f.debug_struct("TooLarge").field("bytes", bytes).field("limit", limit).finish()
            }
            Self::NotJson => f.write_str("NotJson"),
            Self::NoList => f.write_str("NoList"),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for UnknownRecord<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnknownRecord").field("index", &self.index).field("why", &self.why).finish()
    }
}

impl<E: fmt::Debug> fmt::Debug for Doubt<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => f.debug_tuple("Call").field(error).finish(),
            Self::Untold => f.write_str("Untold"),
        }
    }
}

/// One line for people: numbers, never a record.
impl<R, E> fmt::Display for BatchReport<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { records, calls, rejected, unknown } = self;
        let accepted = self.accepted();
        let (rejected, unknown) = (rejected.len(), unknown.len());
        write!(f, "{records} records in {calls} calls: {accepted} accepted, {rejected} rejected, {unknown} unknown")
    }
}
