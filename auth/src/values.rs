//! What the nodes of a plan yield: everything that is written stands in one buffer, and a [`Slot`] says where.
//!
//! An operation reads values from the buffer that it appends to; a [`Piece`] is such a value, or one that stands
//! elsewhere. So a signature needs one buffer, and no value is counted or copied on its own.

use crate::prepare::{Action, Plan};
use crate::request::{SignableBody, SignableRequest};
use bytes::Bytes;

/// What a node yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// Not computed yet.
    Unset,
    /// Not known to a receiver.
    Unknown,
    /// A key, a map or the body: read where they are used.
    Elsewhere,
    /// An optional argument that was not given.
    Absent,
    /// A credential or a literal: the plan has it.
    Constant,
    /// What stands from here to there in the buffer.
    Written(usize, usize),
}

/// Bytes that are appended to a buffer: some of another place, or a part of the buffer itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece<'a> {
    Slice(&'a [u8]),
    Within(usize, usize),
}

impl<'a> Piece<'a> {
    /// The bytes, while nothing is appended.
    pub(crate) fn bytes<'b>(self, buffer: &'b [u8]) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Piece::Slice(bytes) => bytes,
            Piece::Within(start, end) => &buffer[start..end],
        }
    }

    /// A part of the bytes.
    pub(crate) fn part(self, from: usize, to: usize) -> Piece<'a> {
        match self {
            Piece::Slice(bytes) => Piece::Slice(&bytes[from..to]),
            Piece::Within(start, _) => Piece::Within(start + from, start + to),
        }
    }

    /// Appends the bytes.
    pub(crate) fn append(self, buffer: &mut Vec<u8>) {
        match self {
            Piece::Slice(bytes) => buffer.extend_from_slice(bytes),
            Piece::Within(start, end) => buffer.extend_from_within(start..end),
        }
    }
}

/// The value of a node; nothing of one that has none.
pub(crate) fn piece<'r>(
    plan: &'r Plan,
    request: &SignableRequest<'r>,
    slots: &[Slot],
    node: usize,
) -> Option<Piece<'r>> {
    match slots[node] {
        Slot::Written(start, end) => Some(Piece::Within(start, end)),
        Slot::Constant => Some(Piece::Slice(constant(plan, node)?)),
        Slot::Elsewhere => match request.body {
            SignableBody::Bytes(body) => Some(Piece::Slice(body)),
            _ => None,
        },
        Slot::Unset | Slot::Unknown | Slot::Absent => None,
    }
}

/// The value of a node that is the same in every message.
pub(crate) fn constant(plan: &Plan, node: usize) -> Option<&Bytes> {
    match &plan.nodes[node].action {
        Action::Constant(bytes) => Some(bytes),
        _ => None,
    }
}

/// The value of a node that was written, or is the same in every message; keys, maps and the body have none.
pub(crate) fn own<'a>(plan: &'a Plan, slots: &[Slot], buffer: &'a [u8], node: usize) -> Option<&'a [u8]> {
    match slots[node] {
        Slot::Written(start, end) => Some(&buffer[start..end]),
        Slot::Constant => constant(plan, node).map(AsRef::as_ref),
        _ => None,
    }
}
