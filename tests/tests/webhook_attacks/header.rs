//! `Receiver::verify` and `Receiver::handle`: requests as `http` holds them, with the body read already.

use crate::pure::header_map;
use crate::table::Case;
use bytes::Bytes;
use cardlytics_client::webhooks::{Receiver, RewardWebhook};
use countersign_auth::{Clock, UnixTime};
use countersign_tests::forge;
use http::{Method, Request, Response, Uri};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

/// A clock that a test sets.
#[derive(Clone, Debug)]
pub(crate) struct SetClock(pub(crate) Arc<AtomicI64>);

impl Clock for SetClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl SetClock {
    /// A clock that stands at this time.
    pub(crate) fn at(millis: i64) -> SetClock {
        SetClock(Arc::new(AtomicI64::new(millis)))
    }
}

/// The receiver of a case.
pub(crate) fn receiver(case: &Case) -> Receiver<RewardWebhook> {
    Receiver::builder()
        .credentials(forge::credentials(&case.receiver.secrets))
        .clock(SetClock::at(case.receiver.now))
        .leeway(Duration::from_secs(u64::from(case.receiver.leeway)))
        .body_limit(case.receiver.body_limit)
        .build()
        .expect("the receiver's settings fit")
}

/// The case as a request; nothing if `http` can't hold it.
pub(crate) fn request(case: &Case) -> Option<Request<Bytes>> {
    let mut request = Request::new(Bytes::copy_from_slice(&case.body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static("/hooks/cardlytics");
    *request.headers_mut() = header_map(case)?;
    Some(request)
}

/// What came back, and how often the handler ran.
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The header lines, sorted, and the body: what a sender can see.
    pub(crate) seen: Vec<u8>,
    /// How often the handler ran.
    pub(crate) runs: usize,
    /// Whether [`Receiver::verify`] agrees.
    pub(crate) verified: bool,
}

/// Hands the case to a receiver of its own; nothing if `http` can't hold it.
pub(crate) async fn handle(case: &Case) -> Option<Answer> {
    let receiver = receiver(case);
    let verified = receiver.verify(&request(case)?).is_ok();
    let runs = AtomicUsize::new(0);
    let response = receiver
        .handle(request(case)?, |_| {
            runs.fetch_add(1, Ordering::SeqCst);
            async { Ok::<(), Infallible>(()) }
        })
        .await;
    Some(Answer { status: response.status().as_u16(), seen: seen(&response), runs: runs.into_inner(), verified })
}

fn seen(response: &Response<Bytes>) -> Vec<u8> {
    let mut lines: Vec<String> = response.headers().iter().map(|header| format!("{header:?}\n")).collect();
    lines.sort();
    [lines.concat().as_bytes(), response.body()].concat()
}
