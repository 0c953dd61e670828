//! How a demo looks: aligned lines, and a counter that rewrites itself where there is a terminal.

use super::report::{Attempt, Call, Expected, Flow};
use crate::document::{Document, Operation};
use crate::verify::Verdict;
use std::io::{IsTerminal as _, Write as _, stdout};

/// Where a demo is shown.
pub trait Screen: Send {
    /// Shows a line that stays.
    fn line(&mut self, text: &str);
    /// Shows what goes on at the moment; an empty text takes it away.
    fn progress(&mut self, text: &str);
}

/// Standard output.
#[derive(Debug)]
pub struct Console {
    is_terminal: bool,
}

impl Console {
    /// With a counter if standard output is a terminal.
    #[expect(clippy::new_without_default, reason = "it looks at the process's standard output")]
    pub fn new() -> Console {
        Console { is_terminal: stdout().is_terminal() }
    }

    fn write(&mut self, text: &str) {
        // A closed pipe ends the show, not the demo: its exit status still counts.
        drop(stdout().write_all(text.as_bytes()).and_then(|()| stdout().flush()));
    }
}

impl Screen for Console {
    fn line(&mut self, text: &str) {
        let clear = if self.is_terminal { "\r\x1b[K" } else { "" };
        self.write(&format!("{clear}{text}\n"));
    }

    fn progress(&mut self, text: &str) {
        if self.is_terminal {
            self.write(&format!("\r\x1b[K{text}"));
        }
    }
}

/// Lines kept for a test.
#[derive(Clone, Debug, Default)]
pub struct Lines(pub Vec<String>);

impl Screen for Lines {
    fn line(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }

    fn progress(&mut self, _text: &str) {}
}

/// The widths of the columns, known before the first call.
#[derive(Clone, Debug)]
pub struct Columns {
    provider: usize,
    operation: usize,
    path: usize,
    scheme: usize,
}

/// "unsigned" and "verified" have the same width.
const VERDICT: usize = 8;

impl Columns {
    pub(super) fn of(documents: &[Document]) -> Columns {
        let operations = || documents.iter().flat_map(|document| &document.operations);
        let widest = |heading: &str, widths: &mut dyn Iterator<Item = usize>| widths.fold(heading.len(), usize::max);
        Columns {
            provider: widest("provider", &mut documents.iter().map(|document| document.provider.len())),
            operation: widest("operation", &mut operations().map(|operation| operation.id.len())),
            path: widest("path", &mut operations().map(|operation| operation.path.len())),
            scheme: widest("scheme", &mut operations().map(|operation| scheme(operation).len())),
        }
    }

    pub(super) fn heading(&self) -> String {
        self.row(["provider", "operation", "method", "path", "scheme", "verdict", "ms"])
    }

    pub(super) fn call(&self, call: &Call, operation: &Operation) -> String {
        let verdict = call.verdict.as_ref().map_or_else(|| "nothing came".to_owned(), Verdict::to_string);
        let verdict = if call.problems.is_empty() { verdict } else { "FAILED".to_owned() };
        let elapsed = format!("{:.1}", call.elapsed.as_secs_f64() * 1000.0);
        let Operation { id, method, path, .. } = operation;
        let mut text = self.row([&call.provider, id, method, path, &call.scheme, &verdict, &elapsed]);
        for problem in &call.problems {
            text.push_str(&format!("\n    {problem}"));
        }
        text
    }

    pub(super) fn attempt(&self, attempt: &Attempt) -> String {
        let verdict = attempt.verdict.as_ref().map_or_else(|| "nothing came".to_owned(), Verdict::to_string);
        let said = match attempt.expected {
            _ if !attempt.is_as_expected() => format!("FAILED: {verdict}"),
            Expected::NotCovered => "not covered by this scheme".to_owned(),
            Expected::Refused | Expected::Accepted => verdict,
        };
        format!(
            "{:provider$}  {:44}  {}  {said}",
            attempt.provider,
            attempt.change,
            attempt.status,
            provider = self.provider
        )
    }

    pub(super) fn flow(&self, flow: &Flow) -> String {
        let Flow { provider, what, came, requests, problems } = flow;
        let said = if problems.is_empty() { "verified" } else { "FAILED" };
        let mut text =
            format!("{provider:width$}  {what:44}  {came}: {requests} requests {said}", width = self.provider);
        for problem in problems {
            text.push_str(&format!("\n    {problem}"));
        }
        text
    }

    fn row(&self, [provider, operation, method, path, scheme, verdict, elapsed]: [&str; 7]) -> String {
        let Columns { provider: w0, operation: w1, path: w3, scheme: w4 } = self;
        format!(
            "{provider:w0$}  {operation:w1$}  {method:6}  {path:w3$}  {scheme:w4$}  {verdict:VERDICT$}  {elapsed:>6}"
        )
    }
}

/// The schemes of an operation, as shown.
pub(super) fn scheme(operation: &Operation) -> String {
    match operation.security.first() {
        None => "none".to_owned(),
        Some(schemes) => schemes.join("+"),
    }
}
