//! `x-poll`: what an answer looks like while work goes on, and who gives the result.

use super::{Reader, other};
use crate::ir::{Operation, Poll};
use crate::signing::seconds;
use crate::spec::Node;

/// Seconds, where a spec says nothing.
const INTERVAL: u32 = 1;
const LONGEST: u32 = 30;
const DEADLINE: u32 = 600;

impl<'r> Reader<'r, '_> {
    pub(super) fn poll(&self, operation: &'r Operation, node: &Node) -> Option<Poll> {
        let interval_seconds = self.duration(node, "interval", INTERVAL)?;
        let longest_seconds = self.duration(node, "longest-interval", LONGEST.max(interval_seconds))?;
        let deadline_seconds = self.duration(node, "deadline", DEADLINE.max(longest_seconds.saturating_mul(4)))?;
        if longest_seconds < interval_seconds || deadline_seconds < interval_seconds {
            self.report(node, "`interval` is the shortest of the times", "give `longest-interval` and `deadline` more");
            return None;
        }
        let pending = node.get("while")?;
        let Some(operation_node) = node.get("operation") else {
            if let Some(extra) = node.get("id").or_else(|| node.get("parameter")) {
                self.report(extra, "the same call is made again, so it needs no id", "name the other operation");
                return None;
            }
            let pending = self.condition(self.body(operation, node)?, pending)?;
            let (next, id, first_is_result) = (other(operation), None, true);
            return Some(Poll {
                next,
                id,
                first_is_result,
                pending,
                interval_seconds,
                longest_seconds,
                deadline_seconds,
            });
        };
        let next = self.operation(self.member(node, "operation")?)?;
        let (first, result) = (self.body(operation, node)?, self.body(next, operation_node)?);
        let parameter = self.parameter(next, self.member(node, "parameter")?)?;
        let id = self.cursor(operation, first, self.member(node, "id")?, parameter)?;
        let pending = self.condition(result, pending)?;
        self.others(operation, next, parameter, operation_node)?;
        Some(Poll {
            next: other(next),
            id: Some((id, parameter.place, parameter.wire.clone())),
            first_is_result: first == result,
            pending,
            interval_seconds,
            longest_seconds,
            deadline_seconds,
        })
    }

    /// A time in seconds, not 0.
    fn duration(&self, node: &Node, key: &str, usual: u32) -> Option<u32> {
        let Some(member) = node.get(key) else { return Some(usual) };
        let found = member.text().filter(|text| text.is_ascii()).and_then(seconds).filter(|seconds| *seconds > 0);
        if found.is_none() {
            self.report(member, &format!("`{key}` is not a time"), "write `30s`, `5m`, `1h` or `1d`");
        }
        found
    }
}
