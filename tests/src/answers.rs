//! An HTTP server on a raw socket whose answers a test writes: whole, cut off, or none at all.
//!
//! Faults are what a client sees of a network: the connection closes before the answer, or in its body.

use crate::listener::{Request, read_request};
use std::io::{BufReader, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

/// What comes back for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A status with JSON.
    Json(u16, String),
    /// A status with JSON that asks to wait for so many seconds.
    Wait(u16, u64, String),
    /// The connection closes before the answer.
    Cut,
    /// The connection closes within the body of a 200.
    CutInBody(String),
}

/// A server that listens until the test ends.
#[derive(Debug)]
pub struct Answers {
    address: SocketAddr,
}

impl Answers {
    /// Starts a server on a free port of this machine.
    ///
    /// # Panics
    /// If there is no free port.
    pub fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Answers {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || serve(&stream, &*answer));
            }
        });
        Answers { address }
    }

    /// The server's URL, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn serve(stream: &TcpStream, answer: &(impl Fn(&Request) -> Answer + ?Sized)) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        let mut wait = String::new();
        let (status, body, sent) = match answer(&request) {
            Answer::Cut => break,
            Answer::Json(status, body) => (status, body.clone(), body),
            Answer::Wait(status, seconds, body) => {
                wait = format!("retry-after: {seconds}\r\n");
                (status, body.clone(), body)
            }
            Answer::CutInBody(body) => (200, body.clone(), body[..body.len() / 2].to_owned()),
        };
        let head = format!(
            "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\n{wait}content-length: {}\r\n\r\n",
            body.len()
        );
        let mut writer = stream;
        if writer.write_all(format!("{head}{sent}").as_bytes()).is_err() || sent.len() < body.len() {
            break;
        }
    }
    drop(stream.shutdown(Shutdown::Both));
}

/// The value of a query pair, decoded.
pub fn query(request: &Request, name: &str) -> Option<String> {
    let url = reqwest::Url::parse(&format!("http://server{}", request.target)).ok()?;
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
