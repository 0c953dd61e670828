//! What came of a demo.

use super::screen::Screen;
use crate::verify::Verdict;
use std::time::Duration;

/// The outcome of a demo.
#[derive(Clone, Debug)]
pub struct Report {
    /// One entry for each call, in order.
    pub calls: Vec<Call>,
    /// One entry for each flow of several calls, in order.
    pub flows: Vec<Flow>,
    /// One entry for each attempt to deceive a provider, in order.
    pub attempts: Vec<Attempt>,
    /// What went wrong beside calls and attempts.
    pub problems: Vec<String>,
    /// How many operations the specs have.
    pub operations: usize,
}

/// A call of one operation.
#[derive(Clone, Debug)]
pub struct Call {
    /// The provider.
    pub provider: String,
    /// The operation's id.
    pub operation: String,
    /// The schemes that sign it.
    pub scheme: String,
    /// What the independent verifier said.
    pub verdict: Option<Verdict>,
    /// How long the call took, answer decoded.
    pub elapsed: Duration,
    /// What went wrong; nothing for a good call.
    pub problems: Vec<String>,
}

/// Calls that belong together: pages, polls, batches.
#[derive(Clone, Debug)]
pub struct Flow {
    /// The provider.
    pub provider: String,
    /// What was called.
    pub what: String,
    /// What came of it.
    pub came: String,
    /// How many requests the provider verified.
    pub requests: usize,
    /// What went wrong; nothing for a good flow.
    pub problems: Vec<String>,
}

/// A request that was tampered with.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The provider.
    pub provider: String,
    /// What was changed.
    pub change: String,
    /// What the scheme should make of it.
    pub expected: Expected,
    /// What the verifier said.
    pub verdict: Option<Verdict>,
    /// The status that came back.
    pub status: u16,
}

/// What a scheme makes of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It notices.
    Refused,
    /// It can't notice.
    NotCovered,
    /// Nothing was changed that matters: the counter-check that makes a refusal mean something.
    Accepted,
}

impl Call {
    /// Whether the call is proof: judged, decoded, compared, and nothing amiss.
    pub fn is_verified(&self) -> bool {
        self.problems.is_empty() && matches!(self.verdict, Some(Verdict::Verified | Verdict::Unsigned))
    }
}

impl Attempt {
    /// Whether the provider did what was expected.
    pub fn is_as_expected(&self) -> bool {
        match (self.expected, &self.verdict) {
            (Expected::Refused, Some(Verdict::Refused(_))) => self.status == 401,
            (Expected::NotCovered | Expected::Accepted, Some(Verdict::Verified)) => self.status != 401,
            _ => false,
        }
    }
}

impl Report {
    pub(super) fn new(operations: usize) -> Report {
        Report { calls: Vec::new(), flows: Vec::new(), attempts: Vec::new(), problems: Vec::new(), operations }
    }

    pub(super) fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// How many operations were verified.
    pub fn verified(&self) -> usize {
        let operation = |call: &Call| (call.provider.clone(), call.operation.clone());
        let good = self.calls.iter().filter(|call| call.is_verified()).map(operation);
        good.collect::<std::collections::BTreeSet<_>>().len()
    }

    /// Whether all is well.
    pub fn is_good(&self) -> bool {
        self.verified() == self.operations
            && self.calls.iter().all(Call::is_verified)
            && self.flows.iter().all(|flow| flow.problems.is_empty())
            && self.attempts.iter().all(Attempt::is_as_expected)
            && self.problems.is_empty()
    }

    /// The last line; it only ends with "verified" if all is well.
    pub fn summary(&self) -> String {
        let flows: usize = self.flows.iter().map(|flow| flow.problems.len()).sum();
        let problems =
            flows + self.problems.len() + self.attempts.iter().filter(|attempt| !attempt.is_as_expected()).count();
        let said = if problems == 0 { String::new() } else { format!(", but {problems} problems") };
        format!("{}/{} operations verified{said}", self.verified(), self.operations)
    }

    pub(super) fn show_end(&self, screen: &mut dyn Screen) {
        for problem in &self.problems {
            screen.line(&format!("problem: {problem}"));
        }
        let failed = self.attempts.iter().filter(|attempt| !attempt.is_as_expected()).count();
        if failed > 0 {
            screen.line(&format!(
                "problem: {failed} of {} changed requests were not judged as expected",
                self.attempts.len()
            ));
        }
        screen.line("");
        screen.line(&self.summary());
    }
}
