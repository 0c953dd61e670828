//! An HTTP server in a few lines of the standard library, for tests that must share no code with the workspace.
//!
//! It reads requests, asks the test whether each is signed as it should be, and answers what the test says.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The values of each header, by lower-case name.
    pub headers: BTreeMap<String, Vec<String>>,
    /// The body; empty if there is none.
    pub body: Vec<u8>,
}

impl Request {
    /// A header that must stand once.
    ///
    /// # Errors
    /// If it does not.
    pub fn header(&self, name: &str) -> Result<&str, String> {
        match self.headers.get(name).map(Vec::as_slice) {
            Some([value]) => Ok(value),
            other => Err(format!("{name}: {other:?}")),
        }
    }
}

/// A request and what the test says of it.
#[derive(Clone, Debug)]
pub struct Call {
    /// The request.
    pub request: Request,
    /// Whether it is signed as it should be, or why not.
    pub verdict: Result<(), String>,
}

/// A server that listens until the test ends.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
}

/// Tells whether a request is signed as it should be.
pub type Check = fn(&Request) -> Result<(), String>;

/// The JSON answer to a method and target, such as `GET /accounts`; nothing for 404.
pub type Answer = fn(&str) -> Option<&'static str>;

impl Listener {
    /// Starts a server on a free port of this machine; what is not signed as it should be gets `refusal`, a 401.
    ///
    /// # Panics
    /// If there is no free port.
    pub fn start(check: Check, answer: Answer, refusal: &'static str) -> Listener {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let calls = Arc::new(Mutex::new(Vec::new()));
        let seen = calls.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let seen = seen.clone();
                std::thread::spawn(move || serve(&stream, check, answer, refusal, &seen));
            }
        });
        Listener { address, calls }
    }

    /// The server's URL, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What came so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(stream: &TcpStream, check: Check, answer: Answer, refusal: &str, calls: &Mutex<Vec<Call>>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        let verdict = check(&request);
        let (status, body) = match answer(&format!("{} {}", request.method, request.target)) {
            _ if verdict.is_err() => ("401 Unauthorized", refusal),
            Some(body) => ("200 OK", body),
            None => ("404 Not Found", "{}"),
        };
        calls.lock().unwrap_or_else(PoisonError::into_inner).push(Call { request, verdict });
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        let mut writer = stream;
        if writer.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

pub(crate) fn read_request(reader: &mut impl std::io::BufRead) -> Option<Request> {
    let mut lines = reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let first = lines.next()?;
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        headers.entry(name.to_ascii_lowercase()).or_default().push(value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(Some(0), |values| values[0].parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut words = first.split(' ').map(str::to_owned);
    Some(Request { method: words.next()?, target: words.next()?, headers, body })
}
