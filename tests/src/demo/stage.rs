//! One provider on stage: calls are made, judged and compared; requests are caught and tampered with.

use super::report::{Attempt, Call, Expected, Flow, Report};
use super::screen::{Columns, Screen, scheme};
use crate::coverage;
use crate::exact::{differences, read};
use crate::provider::{Exchange, Instead, Provider};
use crate::verify::{Received, Verdict};
use anyhow::{Context as _, Result, ensure};
use countersign_runtime::{Binary, Error, OperationInfo, Response};
use http::HeaderValue;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::time::{Duration, Instant};

/// One provider of a demo.
pub struct Stage<'a> {
    /// The provider.
    pub provider: &'a Provider,
    columns: &'a Columns,
    report: &'a mut Report,
    screen: &'a mut dyn Screen,
    /// The requests of the calls, by operation.
    sent: BTreeMap<String, Vec<Received>>,
}

impl<'a> Stage<'a> {
    /// A stage for a provider that was just started.
    pub fn new(
        provider: &'a Provider,
        columns: &'a Columns,
        report: &'a mut Report,
        screen: &'a mut dyn Screen,
    ) -> Self {
        Stage { provider, columns, report, screen, sent: BTreeMap::new() }
    }

    /// Calls an operation that answers with JSON.
    pub async fn json<T: Serialize, E: Debug>(&mut self, id: &str, call: impl IntoFuture<Output = Answered<T, E>>) {
        let compare = |exchange: &Exchange, decoded: &T| {
            let Some(sent) = &exchange.answer.json else { return vec!["no JSON was sent".to_owned()] };
            let decoded = serde_json::to_string(decoded).and_then(|text| read(&text));
            decoded.map_or_else(|error| vec![error.to_string()], |decoded| differences(sent, &decoded))
        };
        self.call(id, call, compare).await;
    }

    /// Calls an operation that answers with bytes.
    pub async fn binary<E: Debug>(&mut self, id: &str, call: impl IntoFuture<Output = Answered<Binary, E>>) {
        let compare = |exchange: &Exchange, decoded: &Binary| {
            let mut found = Vec::new();
            if decoded.bytes != exchange.answer.body {
                found.push(format!("{} bytes were sent, others decoded", exchange.answer.body.len()));
            }
            if decoded.media_type.as_deref() != exchange.answer.media_type.as_deref() {
                found.push(format!("sent {:?}, decoded {:?}", exchange.answer.media_type, decoded.media_type));
            }
            found
        };
        self.call(id, call, compare).await;
    }

    /// Calls an operation whose answer says nothing.
    pub async fn empty<E: Debug>(&mut self, id: &str, call: impl IntoFuture<Output = Answered<(), E>>) {
        self.call(id, call, |_, ()| Vec::new()).await;
    }

    async fn call<T, E: Debug>(
        &mut self,
        id: &str,
        call: impl IntoFuture<Output = Answered<T, E>>,
        compare: impl FnOnce(&Exchange, &T) -> Vec<String>,
    ) {
        let Some(operation) = self.provider.document().operation(id).cloned() else {
            return self.report.problem(format!("{id} is not in the spec"));
        };
        self.screen.progress(&format!("{}/{}  {id}", self.report.calls.len() + 1, self.report.operations));
        self.provider.take();
        let started = Instant::now();
        let answered = call.await;
        let elapsed = started.elapsed();
        let exchanges = self.provider.take();
        let mut problems = Vec::new();
        match (&exchanges[..], &answered) {
            ([exchange], Ok(response)) => {
                problems.extend(exchange.problems.iter().cloned());
                problems.extend(compare(exchange, response));
                if response.status().as_u16() != exchange.answer.status {
                    problems.push(format!("status {} was sent, {} came", exchange.answer.status, response.status()));
                }
                if exchange.operation.as_deref() != Some(id) {
                    problems.push(format!("the request went to {:?}", exchange.operation));
                }
            }
            (exchanges, Ok(_)) => problems.push(format!("{} requests came", exchanges.len())),
            (exchanges, Err(error)) => {
                problems.push(error.to_string());
                problems.extend(exchanges.iter().flat_map(|exchange| exchange.problems.clone()));
            }
        }
        let verdict = exchanges.last().and_then(|exchange| exchange.verdict.clone());
        self.sent.entry(id.to_owned()).or_default().extend(exchanges.into_iter().map(|exchange| exchange.request));
        self.finish(Call {
            provider: self.provider.document().provider.clone(),
            operation: id.to_owned(),
            scheme: scheme(&operation),
            verdict,
            elapsed,
            problems,
        });
    }

    fn finish(&mut self, call: Call) {
        let operation = self.provider.document().operation(&call.operation).expect("it was looked up before the call");
        self.screen.line(&self.columns.call(&call, operation));
        self.report.calls.push(call);
    }

    /// Holds a query parameter of an operation's last call against what was meant.
    pub fn compare_query(&mut self, id: &str, name: &str, meant: &str) {
        let came = self.sent.get(id).and_then(|requests| value_of_query(&requests.last()?.target, name));
        if came.as_deref() != Some(meant) {
            self.report.problem(format!("{id}: {name} was {meant:?}, {came:?} came"));
        }
    }

    /// Holds the operations that were called against the crate's table and the spec, and what was sent
    /// against all that could be.
    pub fn compare_operations(&mut self, table: &[&OperationInfo]) {
        let provider = &self.provider.document().provider;
        let spec: BTreeSet<_> =
            self.provider.document().operations.iter().map(|operation| operation.id.clone()).collect();
        let listed: BTreeSet<_> = table.iter().map(|info| info.id.to_owned()).collect();
        for id in spec.symmetric_difference(&listed) {
            self.report.problem(format!("{provider}: {id} is not both in the spec and in OPERATIONS"));
        }
        for operation in &self.provider.document().operations {
            let Some(requests) = self.sent.get(&operation.id) else {
                self.report.problem(format!("{provider}: {} was not called", operation.id));
                continue;
            };
            for missing in coverage::missing(self.provider.document(), operation, requests) {
                self.report.problem(format!("{provider}: {}: {missing}", operation.id));
            }
        }
        for info in table {
            let fits = self.provider.document().operation(info.id).is_some_and(|operation| {
                let alternatives =
                    info.security.iter().map(|schemes| schemes.iter().map(ToString::to_string).collect::<Vec<_>>());
                operation.method == info.method
                    && operation.path == info.path
                    && alternatives.eq(operation.security.iter().cloned())
            });
            if !fits {
                self.report.problem(format!("{provider}: OPERATIONS says something else of {} than the spec", info.id));
            }
        }
    }

    /// Makes calls that belong together, and holds what came of them against what should.
    pub async fn flow(&mut self, what: &str, expected: &str, run: impl Future<Output = Result<String>>) {
        self.provider.take();
        let came = run.await.unwrap_or_else(|error| format!("{error:#}"));
        let exchanges = self.provider.take();
        let mut problems: Vec<String> = exchanges.iter().flat_map(|exchange| exchange.problems.clone()).collect();
        if came != expected {
            problems.push(format!("expected: {expected}"));
        }
        let is_verified = |exchange: &&Exchange| exchange.verdict == Some(Verdict::Verified);
        let requests = exchanges.iter().filter(is_verified).count();
        if requests == 0 || requests < exchanges.len() {
            problems.push(format!("{requests} of {} requests are verified", exchanges.len()));
        }
        let provider = self.provider.document().provider.clone();
        let flow = Flow { provider, what: what.to_owned(), came, requests, problems };
        self.screen.line(&self.columns.flow(&flow));
        self.report.flows.push(flow);
    }

    /// A line between calls and attempts.
    pub fn title(&mut self, text: &str) {
        self.screen.line("");
        self.screen.line(text);
    }

    /// Lets a client sign a request and catches it before the provider looks at it.
    ///
    /// # Errors
    /// When no request came.
    pub async fn catch<T, E: Debug>(&mut self, call: impl IntoFuture<Output = Answered<T, E>>) -> Result<Received> {
        self.provider.take();
        self.provider.next(Instead::Lose);
        ensure!(call.await.is_err(), "a request that got lost was answered");
        Ok(self.provider.take().pop().context("no request came")?.request)
    }

    /// Sends a request that was caught, after a change.
    ///
    /// # Errors
    /// When it can't be sent.
    pub async fn attempt(&mut self, change: &str, expected: Expected, request: &Received) -> Result<()> {
        let status = send(&self.provider.base_url(), request).await?;
        let verdict = self.provider.take().pop().and_then(|exchange| exchange.verdict);
        self.note(change, expected, verdict, status);
        Ok(())
    }

    /// Lets a client call that should be refused, or not, for what the client holds: its secret, its clock.
    ///
    /// # Errors
    /// When the client's error does not carry the provider's status.
    pub async fn attempt_call<T, E: Debug>(
        &mut self,
        change: &str,
        expected: Expected,
        call: impl IntoFuture<Output = Answered<T, E>>,
    ) -> Result<()> {
        self.provider.take();
        let status = match call.await {
            Ok(response) => response.status().as_u16(),
            Err(error) => error.status().with_context(|| format!("no status: {error}"))?.as_u16(),
        };
        let verdict = self.provider.take().pop().and_then(|exchange| exchange.verdict);
        self.note(change, expected, verdict, status);
        Ok(())
    }

    fn note(&mut self, change: &str, expected: Expected, verdict: Option<Verdict>, status: u16) {
        let provider = self.provider.document().provider.clone();
        let attempt = Attempt { provider, change: change.to_owned(), expected, verdict, status };
        self.screen.line(&self.columns.attempt(&attempt));
        self.report.attempts.push(attempt);
    }
}

/// What a call yields.
pub type Answered<T, E> = Result<Response<T>, Error<E>>;

fn value_of_query(target: &str, name: &str) -> Option<String> {
    let url = reqwest::Url::parse(&format!("http://provider{target}")).ok()?;
    let mut values = url.query_pairs().filter(|(known, _)| known == name).map(|(_, value)| value.into_owned());
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// The request with another value of a header.
///
/// # Errors
/// When a header can't have this value.
pub(super) fn with_header(request: &Received, name: &'static str, value: &str) -> Result<Received> {
    let mut changed = request.clone();
    changed.headers.insert(name, HeaderValue::from_str(value)?);
    Ok(changed)
}

/// Sends a request as it was caught: a plain client that knows nothing of signing.
async fn send(base_url: &str, request: &Received) -> Result<u16> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()?;
    let mut headers = request.headers.clone();
    for name in ["host", "content-length", "transfer-encoding", "connection"] {
        headers.remove(name);
    }
    let method = request.method.parse::<reqwest::Method>()?;
    let mut sent = client.request(method, format!("{base_url}{}", request.target)).headers(headers);
    if request.headers.contains_key("content-length") {
        sent = sent.body(request.body.clone());
    }
    Ok(sent.send().await?.status().as_u16())
}
