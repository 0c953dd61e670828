//! A server that breaks off, stalls, sends garbage or resets, at each stage of an exchange: raw bytes over TCP.
//!
//! 1. [`all`] is the table: how much of the request is read, which bytes are sent, how the connection ends, and
//!    the error that is documented for it.
//! 2. [`FaultServer`] plays one of them to every connection, and counts the requests that it read.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How much of the request is read before anything is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// There is no server.
    Refuses,
    /// Nothing.
    Nothing,
    /// The first bytes.
    Some,
    /// All of it.
    Whole,
}

/// How the connection ends after what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is closed.
    Close,
    /// It is reset.
    Reset,
    /// It stays open, and nothing comes any more.
    Stall,
    /// One byte comes every few milliseconds, and no end.
    Drip,
    /// The same bytes come again and again.
    Flood(&'static [u8]),
}

/// What a caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// A success.
    Success,
    /// `ErrorKind::Transport`, and there was no connection.
    NotConnected,
    /// `ErrorKind::Transport`, before the response.
    Exchange,
    /// `ErrorKind::Transport`, in the body of the response.
    Body,
    /// `ErrorKind::Timeout`.
    Timeout,
    /// `ErrorKind::Decode`.
    Decode,
    /// `ErrorKind::Undeclared`.
    Undeclared,
    /// `ErrorKind::TooLarge`.
    TooLarge,
    /// `ErrorKind::Status`.
    Status,
    /// Another kind, or none of the documented ones.
    Other,
}

/// One fault.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The stage: `body`.
    pub stage: &'static str,
    /// What happens there: `reset in the middle`.
    pub what: &'static str,
    /// What is read first.
    pub reads: Reads,
    /// What is sent then.
    pub sends: Vec<u8>,
    /// How it ends.
    pub end: End,
    /// What every caller is told.
    pub told: Told,
}

/// A JSON body of these bytes, and a length that may be another one.
fn json(length: usize, body: &[u8]) -> Vec<u8> {
    let mut bytes = head(&format!("content-type: application/json\r\ncontent-length: {length}"));
    bytes.extend_from_slice(body);
    bytes
}

/// A JSON body of exactly these bytes.
fn whole(body: &[u8]) -> Vec<u8> {
    json(body.len(), body)
}

fn head(headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n").into_bytes()
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut bytes = head("content-type: application/json\r\ntransfer-encoding: chunked");
    bytes.extend_from_slice(body);
    bytes
}

/// The bytes that a client takes at most in these tests.
pub const MAX_BODY: usize = 64 * 1024;

/// Every fault.
pub fn all() -> Vec<Fault> {
    let mut faults = vec![fault("connect", "refused", Reads::Refuses, b"", End::Close, Told::NotConnected)];
    let stages: [(&str, Reads, &[u8]); 7] = [
        ("accepted", Reads::Nothing, b""),
        ("request", Reads::Some, b""),
        ("response", Reads::Whole, b""),
        ("status line", Reads::Whole, b"HTTP/1.1 2"),
        ("headers", Reads::Whole, b"HTTP/1.1 200 OK\r\ncontent-type: applic"),
        (
            "body",
            Reads::Whole,
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"status",
        ),
        (
            "chunks",
            Reads::Whole,
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"sta\r\n",
        ),
    ];
    for (stage, reads, sends) in stages {
        let broken = if matches!(stage, "body" | "chunks") { Told::Body } else { Told::Exchange };
        faults.push(fault(stage, "cut", reads, sends, End::Close, broken));
        faults.push(fault(stage, "reset", reads, sends, End::Reset, broken));
        faults.push(fault(stage, "stall", reads, sends, End::Stall, Told::Timeout));
    }
    faults.extend(garbled_heads());
    faults.extend(garbled_bodies());
    faults.extend(too_much());
    faults
}

fn fault(stage: &'static str, what: &'static str, reads: Reads, sends: &[u8], end: End, told: Told) -> Fault {
    Fault { stage, what, reads, sends: sends.to_vec(), end, told }
}

fn answer(stage: &'static str, what: &'static str, sends: &[u8], told: Told) -> Fault {
    fault(stage, what, Reads::Whole, sends, End::Close, told)
}

/// Heads that are none.
fn garbled_heads() -> Vec<Fault> {
    let bad = |what, sends: &[u8]| answer("garbage", what, sends, Told::Exchange);
    vec![
        bad("no HTTP at all", b"lorem ipsum dolor sit amet\r\n\r\n"),
        bad("binary", &[0, 1, 2, 0xff, 0xfe, b'\r', b'\n', b'\r', b'\n']),
        bad("an alert of TLS", &[21, 3, 3, 0, 2, 2, 40]),
        bad("frames of HTTP/2", b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
        bad("another version", b"HTTP/9.7 200 OK\r\ncontent-length: 2\r\n\r\n{}"),
        bad("a status that is none", b"HTTP/1.1 banana\r\ncontent-length: 2\r\n\r\n{}"),
        bad("a header without a colon", b"HTTP/1.1 200 OK\r\nno colon\r\ncontent-length: 2\r\n\r\n{}"),
        bad("a zero byte in a header", b"HTTP/1.1 200 OK\r\nx-a: \0\r\ncontent-length: 2\r\n\r\n{}"),
        bad("a length that is none", b"HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n{}"),
        bad("a negative length", b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n{}"),
        bad("two lengths", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}"),
    ]
}

/// Bodies that are not what they say.
fn garbled_bodies() -> Vec<Fault> {
    let decode = |what, sends: &[u8]| answer("garbage", what, sends, Told::Decode);
    vec![
        decode("no JSON", &whole(b"lorem ipsum")),
        decode("JSON that ends early", &whole(b"{\"status\": \"succ")),
        decode("JSON and more after it", &whole(b"{} {}")),
        decode("no body", &whole(b"")),
        decode("bytes that are not UTF-8", &whole(b"{\"\xff\": 1}")),
        decode("60,000 brackets", &whole(&[b'['; 60_000])),
        decode("a number for an object", &whole(b"7")),
        answer("garbage", "a size of a chunk that is none", &chunked(b"zz\r\n{}\r\n0\r\n\r\n"), Told::Body),
        answer("garbage", "a huge size of a chunk", &chunked(b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n"), Told::Body),
        answer(
            "garbage",
            "HTML",
            b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>",
            Told::Decode,
        ),
        answer("garbage", "an unknown status", b"HTTP/1.1 299 Odd\r\ncontent-length: 2\r\n\r\n{}", Told::Undeclared),
        answer(
            "garbage",
            "a redirect to itself",
            b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n",
            Told::Undeclared,
        ),
    ]
}

/// Answers without end.
fn too_much() -> Vec<Fault> {
    let flood = |what, sends: &[u8], piece, told| fault("flood", what, Reads::Whole, sends, End::Flood(piece), told);
    vec![
        flood("a body of no stated length", &head("content-type: application/json"), b"[1, 2, 3, 4]", Told::TooLarge),
        flood("a stated length above the cap", &json(10_000_000_000, b"["), b"[1, 2, 3, 4]", Told::TooLarge),
        flood("chunks without end", &chunked(b""), b"10\r\n                \r\n", Told::TooLarge),
        flood("headers without end", b"HTTP/1.1 200 OK\r\n", b"x-a: lorem ipsum\r\n", Told::Exchange),
        flood("one header without end", b"HTTP/1.1 200 OK\r\nx-a: ", b"lorem ipsum ", Told::Exchange),
        flood("a status line without end", b"HTTP/1.1 200 ", b"lorem ipsum ", Told::Exchange),
        fault("drip", "a body that never ends", Reads::Whole, &json(9_000, b""), End::Drip, Told::Timeout),
        fault("drip", "a header that never ends", Reads::Whole, b"HTTP/1.1 200 OK\r\nx-a: ", End::Drip, Told::Timeout),
    ]
}

/// A server that plays one fault.
#[derive(Debug)]
pub struct FaultServer {
    address: SocketAddr,
    read: Arc<AtomicUsize>,
    server: Option<JoinHandle<()>>,
}

impl FaultServer {
    /// Listens on a free port of this machine, or finds one where nobody does.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(fault: Fault) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let read = Arc::new(AtomicUsize::new(0));
        if fault.reads == Reads::Refuses {
            return Ok(Self { address, read, server: None });
        }
        let (count, fault) = (Arc::clone(&read), Arc::new(fault));
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (count, fault) = (Arc::clone(&count), Arc::clone(&fault));
                // A client that goes away in the middle is what most of the faults lead to.
                tokio::spawn(async move { play(stream, &fault, &count).await.ok() });
            }
        });
        Ok(Self { address, read, server: Some(server) })
    }

    /// The server's URL, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests were read to their end.
    pub fn read(&self) -> usize {
        self.read.load(Ordering::SeqCst)
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

async fn play(mut stream: TcpStream, fault: &Fault, count: &AtomicUsize) -> io::Result<()> {
    match fault.reads {
        Reads::Refuses | Reads::Nothing => {}
        Reads::Some => {
            stream.read_exact(&mut [0; 16]).await?;
        }
        Reads::Whole => {
            read_request(&mut stream).await?;
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
    stream.write_all(&fault.sends).await?;
    stream.flush().await?;
    match fault.end {
        End::Close => stream.shutdown().await,
        End::Reset => {
            // What was sent has to be there before the reset, which overtakes it.
            tokio::time::sleep(Duration::from_millis(20)).await;
            stream.set_zero_linger()
        }
        End::Stall => std::future::pending().await,
        End::Drip => loop {
            stream.write_all(b" ").await?;
            tokio::time::sleep(Duration::from_millis(10)).await;
        },
        End::Flood(piece) => {
            let pieces = piece.repeat(4096 / piece.len() + 1);
            loop {
                stream.write_all(&pieces).await?;
            }
        }
    }
}

/// Reads a request to its end, by its `content-length`.
async fn read_request(stream: &mut TcpStream) -> io::Result<()> {
    let mut bytes = Vec::new();
    let end = loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    while bytes.len() < end + length.unwrap_or(0) {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}
