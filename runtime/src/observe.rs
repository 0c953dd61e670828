//! Who watches calls: a trait for metrics, and spans for traces.
//!
//! Neither sees bodies, header values or URLs; an operation is told by its id and its path template.

use crate::operation::OperationInfo;
use crate::uuid::Uuid;
use http::StatusCode;
use std::time::Duration;

/// Hears of every attempt, wait and call of a client: for metrics.
///
/// An attempt may take several requests: after a 401 it is made again with other credentials or a new token, and
/// middleware may repeat it. That is one attempt here, which ends once, in one span; [`CallEnd::attempts`] counts the
/// requests. A call that is dropped before it ends is told as `cancelled`; the attempt or wait that it was in is not.
///
/// It is called where the call runs, so it should be quick.
pub trait Observer: Send + Sync {
    /// An attempt ended.
    fn attempt(&self, attempt: &AttemptEnd<'_>) {
        let _ = attempt;
    }

    /// A call has waited.
    fn waited(&self, wait: &Waited<'_>) {
        let _ = wait;
    }

    /// A call ended.
    fn call(&self, call: &CallEnd<'_>) {
        let _ = call;
    }
}

/// An attempt that ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AttemptEnd<'a> {
    /// The operation.
    pub operation: &'static OperationInfo,
    /// Our id of the call.
    pub request_id: &'a str,
    /// Which attempt it was, from 1.
    pub number: u32,
    /// The status, if a response came.
    pub status: Option<StatusCode>,
    /// Which kind of failure it was, if there is nothing to read: `timeout`, `transport`.
    pub error: Option<&'static str>,
    /// How long it took, the response's body included.
    pub took: Duration,
}

/// A wait that is over.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Waited<'a> {
    /// The operation.
    pub operation: &'static OperationInfo,
    /// Our id of the call.
    pub request_id: &'a str,
    /// What was waited for.
    pub why: WaitReason,
    /// How long it took.
    pub took: Duration,
}

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitReason {
    /// Its turn: a permit, the end of the API's pause, its pace.
    Turn,
    /// The next attempt.
    BackOff,
}

/// A call that ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CallEnd<'a> {
    /// The operation.
    pub operation: &'static OperationInfo,
    /// Our id of the call; empty if there was none.
    pub request_id: &'a str,
    /// How many times a request was signed to be sent, those within one attempt counted one by one.
    pub attempts: u32,
    /// The status of the last response, if one came.
    pub status: Option<StatusCode>,
    /// Which kind of failure it was: `status`, `timeout`, `decode`, and `cancelled` for a call that was dropped; none
    /// for a success.
    pub error: Option<&'static str>,
    /// How long it took, waits included.
    pub took: Duration,
}

/// The span of a call or an attempt; nothing without the feature `tracing`.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

#[cfg(feature = "tracing")]
impl Span {
    pub(crate) fn call(operation: &'static OperationInfo) -> Self {
        let span = tracing::info_span!(
            target: "countersign",
            "call",
            "countersign.provider" = operation.provider,
            "countersign.operation" = operation.id,
            "countersign.request_id" = tracing::field::Empty,
            "countersign.attempts" = tracing::field::Empty,
            "http.response.status_code" = tracing::field::Empty,
            "error.type" = tracing::field::Empty,
        );
        Self { span }
    }

    pub(crate) fn attempt(&self, operation: &'static OperationInfo, request: &reqwest::Request, number: u32) -> Self {
        let span = tracing::info_span!(
            target: "countersign",
            parent: &self.span,
            "attempt",
            "otel.name" = format!("{} {}", request.method(), operation.path),
            "otel.kind" = "client",
            "http.request.method" = request.method().as_str(),
            "url.template" = operation.path,
            "url.scheme" = request.url().scheme(),
            "server.address" = request.url().host_str().unwrap_or_default(),
            "server.port" = request.url().port_or_known_default().unwrap_or_default(),
            "http.request.resend_count" = tracing::field::Empty,
            "http.response.status_code" = tracing::field::Empty,
            "error.type" = tracing::field::Empty,
        );
        // As the conventions say, the first attempt has none.
        if number > 1 {
            span.record("http.request.resend_count", number - 1);
        }
        Self { span }
    }

    /// The id of a call, as soon as it has one.
    pub(crate) fn identify(&self, request_id: &Uuid) {
        self.span.record("countersign.request_id", request_id.as_str());
    }

    /// How it ended.
    pub(crate) fn end(&self, status: Option<StatusCode>, error: Option<&'static str>, attempts: Option<u32>) {
        if let Some(attempts) = attempts {
            self.span.record("countersign.attempts", attempts);
        }
        if let Some(status) = status {
            self.span.record("http.response.status_code", status.as_u16());
        }
        match (error, status) {
            (Some(error), _) => {
                self.span.record("error.type", error);
            }
            (None, Some(status)) if status.is_client_error() || status.is_server_error() => {
                self.span.record("error.type", status.as_str());
            }
            _ => {}
        }
    }

    /// The headers of a response that may be shown.
    pub(crate) fn headers(&self, headers: &http::HeaderMap) {
        for name in SHOWN {
            if let Some(value) = headers.get(&name).and_then(|value| value.to_str().ok()) {
                let name = name.as_str();
                tracing::debug!(target: "countersign", parent: &self.span, name, value, "response header");
            }
        }
    }

    pub(crate) fn waited(&self, why: WaitReason, took: Duration) {
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(target: "countersign", parent: &self.span, why = ?why, millis, "waited");
    }

    pub(crate) async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        use tracing::Instrument as _;
        future.instrument(self.span.clone()).await
    }
}

/// Headers of responses that are shown; all others stay out of traces.
#[cfg(feature = "tracing")]
const SHOWN: [http::HeaderName; 6] = [
    http::header::AGE,
    http::header::CONTENT_ENCODING,
    http::header::CONTENT_LENGTH,
    http::header::CONTENT_TYPE,
    http::header::DATE,
    http::header::RETRY_AFTER,
];

#[cfg(not(feature = "tracing"))]
impl Span {
    pub(crate) fn call(_: &'static OperationInfo) -> Self {
        Self {}
    }

    pub(crate) fn attempt(&self, _: &'static OperationInfo, _: &reqwest::Request, _: u32) -> Self {
        Self {}
    }

    pub(crate) fn identify(&self, _: &Uuid) {}

    pub(crate) fn end(&self, _: Option<StatusCode>, _: Option<&'static str>, _: Option<u32>) {}

    pub(crate) fn headers(&self, _: &http::HeaderMap) {}

    pub(crate) fn waited(&self, _: WaitReason, _: Duration) {}

    pub(crate) async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        future.await
    }
}
