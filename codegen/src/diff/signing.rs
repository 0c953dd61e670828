//! Signing.
use super::compare::Compare;
use crate::spec::Node;
pub(super) fn operation<'a>(_compare: &mut Compare<'a>, _old: &'a Node, _new: &'a Node) {}
pub(super) fn declarations(_compare: &mut Compare<'_>) {}
