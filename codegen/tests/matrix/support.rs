//! A server that plays one answer and keeps the bytes of what it is asked, and what rows compare with.
#![allow(unused)]

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

/// Makes a row's calls, and prints its verdict.
pub fn row(name: &str, call: impl Future<Output = Result<(), String>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let verdict = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(call)));
    match verdict {
        Ok(Ok(())) => println!("{name}\tright"),
        Ok(Err(why)) => println!("{name}\t{}", why.replace('\n', "\\n").replace('\t', " ")),
        Err(_) => println!("{name}\tpanics"),
    }
}

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
    }

    pub fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }
}

/// The server; it lives as long as the program.
pub struct Server {
    pub url: String,
    state: Arc<Mutex<(Vec<u8>, Vec<Request>)>>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new((Vec::new(), Vec::new())));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { url, state }
    }

    /// Answers with this from now on: a status, headers, an empty line, a body; `<<ff>>` is a byte in hex.
    /// `never` is no answer.
    pub fn play(&self, answer: &str) {
        let (head, body) = answer.split_once("\n\n").unwrap_or((answer, ""));
        let mut lines = head.lines();
        let status = lines.next().unwrap_or("204");
        let mut bytes = format!("HTTP/1.1 {status} S\r\n");
        lines.for_each(|line| bytes.push_str(&format!("{line}\r\n")));
        let body = unescaped(body);
        if !matches!(status, "204" | "304") {
            bytes.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        bytes.push_str("\r\n");
        let mut state = self.state.lock().unwrap();
        *state = ([bytes.into_bytes(), body].concat(), Vec::new());
    }

    /// What came last.
    pub fn last(&self) -> Option<Request> {
        self.state.lock().unwrap().1.last().cloned()
    }

    /// What came since the answer was set.
    pub fn count(&self) -> usize {
        self.state.lock().unwrap().1.len()
    }

    /// Whether the one request that came is this: line, headers, an empty line, body. `! name` is a header that
    /// must not be there; `none` is no request at all. The boundary of a multipart body reads `BOUNDARY`.
    pub fn check(&self, expected: &str) -> Result<(), String> {
        if expected.is_empty() {
            return Ok(());
        }
        let count = self.count();
        if expected == "none" {
            return if count == 0 { Ok(()) } else { Err(format!("sent {:?}", self.last())) };
        }
        let request = self.last().ok_or("nothing came")?;
        if count != 1 {
            return Err(format!("{count} requests came"));
        }
        let (head, body) = expected.split_once("\n\n").unwrap_or((expected, ""));
        let mut lines = head.lines();
        let line = lines.next().unwrap();
        if request.line != line {
            return Err(format!("sent `{}`, not `{line}`", request.line));
        }
        let media = request.all("content-type").first().map(|media| (*media).to_owned()).unwrap_or_default();
        let boundary = media.split_once("boundary=").map(|(_, boundary)| boundary.to_owned());
        let hidden = |text: &str| match &boundary {
            Some(boundary) => text.replace(boundary, "BOUNDARY"),
            None => text.to_owned(),
        };
        for line in lines {
            if let Some(name) = line.strip_prefix("! ") {
                if !request.all(name).is_empty() {
                    return Err(format!("sent a header `{name}`: {request:?}"));
                }
                continue;
            }
            let (name, value) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
            let values: Vec<String> = request.all(name).into_iter().map(hidden).collect();
            if values != [value] {
                return Err(format!("sent {name} {values:?}, not {value:?}"));
            }
        }
        let mut wanted = unescaped(body);
        if boundary.is_some() {
            wanted = String::from_utf8(wanted).unwrap().replace('\n', "\r\n").into_bytes();
            if !wanted.ends_with(b"\r\n") {
                wanted.extend(b"\r\n");
            }
        }
        let got = match boundary {
            Some(_) => hidden(&String::from_utf8_lossy(&request.body)).into_bytes(),
            None => request.body.clone(),
        };
        if got != wanted {
            let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            return Err(format!("sent body {:?}, not {:?}", shown(&got), shown(&wanted)));
        }
        Ok(())
    }
}

/// Whether the last request carried this JSON value; 2 and 2.0 are one number.
pub fn sent_json(server: &Server, expected: &str) -> bool {
    let body = server.last().map(|request| request.body).unwrap_or_default();
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    match (read(&body), read(expected.as_bytes())) {
        (Some(sent), Some(expected)) => same(&sent, &expected),
        _ => false,
    }
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) if one.is_f64() != other.is_f64() => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(key, one)| other.get(key).is_some_and(|other| same(one, other)))
        }
        _ => one == other,
    }
}

/// Replaces `<<ff00>>` by bytes.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<<") {
        let (hex, after) = after.split_once(">>").expect("an end of bytes");
        out.extend(before.as_bytes());
        out.extend((0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")));
        rest = after;
    }
    out.extend(rest.as_bytes());
    out
}

fn serve(mut stream: TcpStream, state: &Mutex<(Vec<u8>, Vec<Request>)>) {
    stream.set_nodelay(true).unwrap();
    let mut waiting = Vec::new();
    while let Some(request) = read(&mut stream, &mut waiting) {
        let is_head = request.line.starts_with("HEAD ");
        let mut answer = {
            let mut state = state.lock().unwrap();
            state.1.push(request);
            state.0.clone()
        };
        if answer.starts_with(b"HTTP/1.1 never") {
            std::thread::sleep(std::time::Duration::from_secs(5));
            return;
        }
        if is_head && let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
            answer.truncate(end + 4);
        }
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

fn read(stream: &mut TcpStream, waiting: &mut Vec<u8>) -> Option<Request> {
    let end = loop {
        match waiting.windows(4).position(|window| window == b"\r\n\r\n") {
            Some(end) => break end,
            None => more(stream, waiting)?,
        }
    };
    let head = String::from_utf8_lossy(&waiting[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let split = |line: &str| line.split_once(':').map(|(n, v)| (n.to_lowercase(), v.trim().to_owned()));
    let mut request = Request { line, headers: lines.filter_map(split).collect(), body: Vec::new() };
    waiting.drain(..end + 4);
    let length: usize = request.all("content-length").first().map_or(0, |length| length.parse().unwrap());
    if request.all("transfer-encoding").is_empty() {
        while waiting.len() < length {
            more(stream, waiting)?;
        }
        request.body = waiting.drain(..length).collect();
        return Some(request);
    }
    loop {
        let end = loop {
            match waiting.windows(2).position(|window| window == b"\r\n") {
                Some(end) => break end,
                None => more(stream, waiting)?,
            }
        };
        let size = usize::from_str_radix(std::str::from_utf8(&waiting[..end]).ok()?.trim(), 16).ok()?;
        while waiting.len() < end + 2 + size + 2 {
            more(stream, waiting)?;
        }
        request.body.extend(&waiting[end + 2..end + 2 + size]);
        waiting.drain(..end + 2 + size + 2);
        if size == 0 {
            return Some(request);
        }
    }
}

fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer) {
        Ok(0) | Err(_) => None,
        Ok(count) => {
            bytes.extend(&buffer[..count]);
            Some(())
        }
    }
}

/// Texts that would leave their segment if they could; always the same ones.
pub fn path_values(seed: u64) -> impl Iterator<Item = String> {
    const PIECES: [&str; 28] = [
        "/", "//", ".", "..", "...", "%2e", "%2E%2e", "%2f", "%", "%00", "\\", ";", "?", "#", "&", "=", ",", ":", "@",
        " ", "\n", "\r\n", "\0", "\u{fc}", "\u{2025}", "\u{ff0f}", "a", "Z9-_~",
    ];
    let mut state = seed | 1;
    let mut next = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % below
    };
    std::iter::repeat_with(move || {
        let count = next(5);
        (0..count).map(|_| PIECES[next(28) as usize]).collect()
    })
}

/// Bytes behind percent signs.
pub fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at] == b'%' && at + 2 < bytes.len() {
            out.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

/// Whether a target is `/row/<value>/tail`, and says the value after `before`; a server that takes dots in any
/// spelling for what they are must find no segment that climbs.
pub fn keeps_its_segment(target: &str, row: &str, before: &str, value: &str) -> bool {
    let parts: Vec<&str> = target.split('/').collect();
    let [first, second, segment, last] = parts[..] else { return false };
    let plain = !segment.contains(['?', '#', '\\']) && !matches!(decoded(segment)[..], [] | [b'.'] | [b'.', b'.']);
    let said = decoded(segment) == [before.as_bytes(), value.as_bytes()].concat();
    first.is_empty() && second == row && last == "tail" && plain && said
}
