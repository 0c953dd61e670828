//! Webhooks in axum: an extractor, and a handler.
//!
//! ```
//! use axum::{Router, routing::post};
//! use countersign_runtime::webhooks::{Receiver, Webhook, axum::handler};
//!
//! fn app<W: Webhook>(receiver: Receiver<W>) -> Router {
//!     let pay = async |event| Ok::<(), std::io::Error>(drop(event));
//!     Router::new().route("/hooks/acme", post(handler(receiver, pay)))
//! }
//! ```

use super::rejection::Cause;
use super::{Delivery, Handled, Receiver, Rejection, Webhook};
use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRef, FromRequest, OriginalUri, Request};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use std::future::Future;
use std::pin::Pin;

/// What [`handler`]'s function returns.
pub type ResponseFuture = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A handler for [`axum::routing::post`]: [`Receiver::handle`] for each request.
///
/// It runs in a task of its own, so a sender that hangs up does not stop it half-way: the event is committed all the
/// same, and the redelivery gets 200.
pub fn handler<W, F, Fut, E>(
    receiver: Receiver<W>,
    handler: F,
) -> impl Fn(Request) -> ResponseFuture + Clone + Send + Sync + 'static
where
    W: Webhook,
    F: Fn(W::Event) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<(), E>> + Send + 'static,
    E: Send + 'static,
{
    move |request| {
        let (receiver, handler) = (receiver.clone(), handler.clone());
        Box::pin(async move {
            let delivery = match receive(&receiver, request).await {
                Ok(delivery) => delivery,
                Err(rejection) => return rejection.into_response().map(Body::from),
            };
            let work = async move { receiver.finish(delivery, handler).await };
            tokio::spawn(work).await.unwrap_or_else(|_| Handled::Panicked.into_response()).map(Body::from)
        })
    }
}

/// The event, verified and reserved; the function that takes it calls [`Delivery::commit`] or
/// [`Delivery::release`]. What is not ours to handle is answered before that function runs, copies of a handled
/// event with 200.
impl<W, S> FromRequest<S> for Delivery<W>
where
    W: Webhook,
    Receiver<W>: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        receive(&Receiver::from_ref(state), request).await
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        Rejection::into_response(self).map(Body::from)
    }
}

async fn receive<W: Webhook>(receiver: &Receiver<W>, request: Request) -> Result<Delivery<W>, Rejection> {
    let (parts, body) = request.into_parts();
    let body = read(receiver, body).await?;
    // A nested router cuts off its own prefix; the sender signed the whole path.
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
    let webhook = receiver.verify_parts(uri, parts.method.as_str(), &parts.headers, &body)?;
    drop((parts, body));
    Delivery::reserve(&receiver.inner, webhook).await
}

/// Reads until the cap: what a header or the framing says about the length can only end it sooner.
async fn read<W: Webhook>(receiver: &Receiver<W>, body: Body) -> Result<Bytes, Rejection> {
    let inner = &receiver.inner;
    let limit = inner.body_limit;
    if body.size_hint().lower() > limit as u64 {
        return Err(inner.too_large());
    }
    let mut chunks = body.into_data_stream();
    let mut read = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| inner.reject(Cause::Interrupted))?;
        if chunk.len() > limit - read.len() {
            return Err(inner.too_large());
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read.freeze())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{BODY, Hand, Paid, PaidEvent, Placed, credentials, receiver, sender};
    use super::super::{Cause, RejectionKind};
    use super::*;
    use axum::Router;
    use axum::routing::post;
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    const LIMIT: usize = 64 * 1024;

    async fn serve(app: Router) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    /// A service that counts what it runs; `/slow` takes its time, `/panic` panics.
    async fn counting(clock: &Hand) -> (SocketAddr, Arc<AtomicU32>) {
        let ran = Arc::new(AtomicU32::new(0));
        let receiver = receiver(clock).body_limit(LIMIT).build().unwrap();
        let count = Arc::clone(&ran);
        let run = move |pause: u64| {
            let count = Arc::clone(&count);
            move |event: PaidEvent| {
                let count = Arc::clone(&count);
                async move {
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    count.fetch_add(event.amount, Ordering::Relaxed);
                    Ok::<(), ()>(())
                }
            }
        };
        let panics = |_: PaidEvent| async { if true { panic!("on purpose") } else { Ok::<(), ()>(()) } };
        let app = Router::new()
            .route("/", post(handler(receiver.clone(), run(0))))
            .route("/slow", post(handler(receiver.clone(), run(300))))
            .route("/panic", post(handler(receiver, panics)));
        (serve(app).await, ran)
    }

    fn head(path: &str, request: &http::Request<Bytes>, framing: &str) -> Vec<u8> {
        let mut text = format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{framing}\r\n").into_bytes();
        for (name, value) in request.headers() {
            text.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        text.extend(b"\r\n");
        text
    }

    fn length(request: &http::Request<Bytes>) -> String {
        format!("content-length: {}", request.body().len())
    }

    /// Sends head and body and reads what comes back, without the date.
    async fn exchange(address: SocketAddr, head: Vec<u8>, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&head).await.unwrap();
        let _ = stream.write_all(body).await;
        read_answer(stream).await
    }

    async fn read_answer(mut stream: TcpStream) -> String {
        let mut bytes = Vec::new();
        let mut part = [0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut part).await {
            bytes.extend_from_slice(&part[..read]);
        }
        let text = String::from_utf8(bytes).unwrap();
        text.split("\r\n").filter(|line| !line.starts_with("date: ")).collect::<Vec<_>>().join("\n")
    }

    async fn sent(address: SocketAddr, path: &str, request: &http::Request<Bytes>) -> String {
        exchange(address, head(path, request, &length(request)), request.body()).await
    }

    #[tokio::test]
    async fn an_event_runs_once_over_a_socket() {
        let clock = Hand::new();
        let (address, ran) = counting(&clock).await;
        let sender = sender::<Paid>(&clock);
        for _ in 0..3 {
            let answer = sent(address, "/", &sender.valid(BODY).unwrap()).await;
            assert_eq!(answer, "HTTP/1.1 200 OK\nconnection: close\ncontent-length: 0\n\n");
        }
        let chunked = sender.valid(r#"{"eventId":"e-2","amount":1}"#).unwrap();
        let body = format!("1c\r\n{}\r\n0\r\n\r\n", std::str::from_utf8(chunked.body()).unwrap());
        let answer = exchange(address, head("/", &chunked, "transfer-encoding: chunked"), body.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(ran.load(Ordering::Relaxed), 8);
    }

    #[tokio::test]
    async fn every_refusal_is_the_same_bytes() {
        let clock = Hand::new();
        let (address, ran) = counting(&clock).await;
        let sender = sender::<Paid>(&clock);
        let requests = [sender.unsigned(BODY), sender.expired(BODY), sender.tampered(BODY), sender.forged(BODY)];
        let mut answers = Vec::new();
        for request in requests {
            answers.push(sent(address, "/", &request.unwrap()).await);
        }
        assert!(answers[0].starts_with("HTTP/1.1 401 Unauthorized\n"), "{}", answers[0]);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(ran.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn reading_stops_at_the_cap() {
        let clock = Hand::new();
        let (address, ran) = counting(&clock).await;
        let sender = sender::<Paid>(&clock);
        let request = sender.valid(BODY).unwrap();
        // A body that never ends.
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut from, mut to) = stream.into_split();
        to.write_all(&head("/", &request, "transfer-encoding: chunked")).await.unwrap();
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(4096));
        let endless = tokio::spawn(async move { while to.write_all(chunk.as_bytes()).await.is_ok() {} });
        let mut answer = [0; 12];
        from.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 413");
        endless.abort();
        // A length that promises more than the cap: not one byte of the body is waited for.
        let answer = exchange(address, head("/", &request, "content-length: 10000000000"), b"").await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        let exact = format!("{{\"eventId\":\"e\",\"amount\":1,\"x\":\"{}\"}}", "x".repeat(LIMIT - 33));
        assert_eq!(exact.len(), LIMIT);
        assert!(sent(address, "/", &sender.valid(exact.clone()).unwrap()).await.starts_with("HTTP/1.1 200"));
        assert!(sent(address, "/", &sender.valid(exact + " ").unwrap()).await.starts_with("HTTP/1.1 413"));
        assert_eq!(ran.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_length_that_lies_gets_nothing_handled() {
        let clock = Hand::new();
        let (address, ran) = counting(&clock).await;
        let request = sender::<Paid>(&clock).valid(BODY).unwrap();
        let short = format!("content-length: {}", BODY.len() - 1);
        let answer = exchange(address, head("/", &request, &short), BODY.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        let long = format!("content-length: {}", BODY.len() + 1);
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&head("/", &request, &long)).await.unwrap();
        stream.write_all(BODY.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = read_answer(stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert_eq!(ran.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_sender_that_hangs_up_does_not_stop_the_handler() {
        let clock = Hand::new();
        let (address, ran) = counting(&clock).await;
        let sender = sender::<Paid>(&clock);
        let request = sender.valid(BODY).unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&head("/slow", &request, &length(&request))).await.unwrap();
        stream.write_all(BODY.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let copy = sent(address, "/slow", &sender.valid(BODY).unwrap()).await;
        assert!(copy.starts_with("HTTP/1.1 503") && copy.contains("\nretry-after: 60\n"), "{copy}");
        drop(stream);
        let mut copy = String::new();
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            copy = sent(address, "/", &sender.valid(BODY).unwrap()).await;
            if copy.starts_with("HTTP/1.1 200") {
                break;
            }
        }
        assert!(copy.starts_with("HTTP/1.1 200"), "{copy}");
        assert_eq!(ran.load(Ordering::Relaxed), 7);
    }

    #[tokio::test]
    async fn a_panic_is_answered_and_holds_the_event() {
        let clock = Hand::new();
        let (address, _) = counting(&clock).await;
        let sender = sender::<Paid>(&clock);
        assert!(sent(address, "/panic", &sender.valid(BODY).unwrap()).await.starts_with("HTTP/1.1 500"));
        assert!(sent(address, "/", &sender.valid(BODY).unwrap()).await.starts_with("HTTP/1.1 503"));
    }

    #[tokio::test]
    async fn the_extractor_takes_its_receiver_from_the_state() {
        let clock = Hand::new();
        let paid = receiver(&clock).body_limit(LIMIT).build().unwrap();
        let take = async |delivery: Delivery<Paid>| {
            assert_eq!(delivery.event().amount, 7);
            delivery.commit().await.unwrap();
            http::StatusCode::ACCEPTED
        };
        let address = serve(Router::new().route("/", post(take)).with_state(paid.clone())).await;
        let sender = sender::<Paid>(&clock);
        for status in ["202", "200", "200"] {
            let answer = sent(address, "/", &sender.valid(BODY).unwrap()).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        }
        assert!(sent(address, "/", &sender.expired(BODY).unwrap()).await.starts_with("HTTP/1.1 401"));
        let broken = futures_util::stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))]);
        let rejection = receive(&paid, Request::new(Body::from_stream(broken))).await.unwrap_err();
        assert_eq!((rejection.kind(), rejection.cause()), (RejectionKind::Interrupted, &Cause::Interrupted));
    }

    #[tokio::test]
    async fn nested_routers_see_the_signed_path() {
        let clock = Hand::new();
        let receiver = Receiver::<Placed>::builder().credentials(credentials()).clock(clock.clone());
        let receiver = receiver.base_url("https://shop.example").build().unwrap();
        let inner = Router::new().route("/paid", post(handler(receiver, async |_| Ok::<(), ()>(()))));
        let address = serve(Router::new().nest("/hooks", inner)).await;
        let sender = sender::<Placed>(&clock).base_url("https://shop.example");
        let request = sender.target("/hooks/paid?x=1").valid(BODY).unwrap();
        assert!(sent(address, "/hooks/paid?x=1", &request).await.starts_with("HTTP/1.1 200"));
        assert!(sent(address, "/hooks/paid?x=2", &request).await.starts_with("HTTP/1.1 401"));
    }
}
