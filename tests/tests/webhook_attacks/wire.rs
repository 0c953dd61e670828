//! The axum handler behind a real socket: bytes go in as they are, so the server's own rules count, too.

use crate::header;
use crate::table::Case;
use axum::Router;
use axum::routing::post;
use countersign_runtime::webhooks::axum::handler;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A server with a path and a receiver for each case.
pub(crate) struct Server {
    address: SocketAddr,
    runs: Vec<Arc<AtomicUsize>>,
}

/// What came back over the socket.
pub(crate) struct Answer {
    /// The status; nothing if the server closed the connection without one.
    pub(crate) status: Option<u16>,
    /// All that came back but the date.
    pub(crate) seen: Vec<u8>,
    /// How often the handler ran.
    pub(crate) runs: usize,
}

/// Starts the server.
pub(crate) async fn serve(cases: &[Case]) -> Server {
    let mut router = Router::new();
    let mut runs = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let count = Arc::new(AtomicUsize::new(0));
        runs.push(Arc::clone(&count));
        let handle = handler(header::receiver(case), move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            async { Ok::<(), Infallible>(()) }
        });
        router = router.route(&format!("/hooks/{index}"), post(handle));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    Server { address, runs }
}

impl Server {
    /// Sends a case to its receiver.
    pub(crate) async fn send(&self, index: usize, case: &Case) -> Answer {
        let mut bytes =
            format!("POST /hooks/{index} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n").into_bytes();
        for (name, value) in &case.headers {
            bytes.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", case.body.len()).as_bytes());
        bytes.extend_from_slice(&case.body);
        let raw = self.exchange(&bytes).await;
        let text = String::from_utf8_lossy(&raw).into_owned();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        let dated = |line: &&str| !line.to_ascii_lowercase().starts_with("date:");
        let seen = text.split("\r\n").filter(dated).collect::<Vec<_>>().join("\r\n").into_bytes();
        Answer { status, seen, runs: self.runs[index].load(Ordering::SeqCst) }
    }

    async fn exchange(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        let (mut read, mut write) = stream.split();
        let mut answer = Vec::new();
        // A server may answer and close before it has read everything.
        let (_, _) = tokio::join!(write.write_all(bytes), read.read_to_end(&mut answer));
        answer
    }
}
