//! An embedded provider: the spec of a provider, served on loopback.
//!
//! For each request, in this order:
//! 1. the route is looked up among the spec's operations;
//! 2. the credentials are judged by a [`Verifier`] that shares nothing with the signing engine;
//! 3. parameters and body are held against the spec;
//! 4. the answer fills every field of the response's schema;
//! 5. all of it is kept as an [`Exchange`], for the caller to look at.

use crate::clock::Time;
use crate::document::{Document, Operation};
use crate::exact::{self, Exact};
use crate::sample::{PNG, Sampler, Turns};
use crate::schema;
use crate::verify::{Received, Verdict, Verifier, verdict};
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, header};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running provider; it stops when it is dropped.
#[derive(Debug)]
pub struct Provider {
    address: SocketAddr,
    desk: Arc<Desk>,
    server: JoinHandle<()>,
}

/// What the provider does with the next request instead of answering it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instead {
    /// It is kept but not looked at, as if it had got lost; the client sees 503.
    Lose,
    /// It is verified and counted, then answered with this status and no success body.
    Status(u16),
    /// The same, with `Retry-After` in seconds.
    Later(u16, u64),
    /// It is verified and counted, then sent elsewhere: status and `Location`.
    Redirect(u16, String),
    /// It is verified and counted, then answered with this JSON text.
    Json(String),
}

/// What a provider answers instead of a sample: JSON for an operation and a request, or nothing.
pub type Play = Box<dyn FnMut(&str, &Received) -> Option<String> + Send>;

/// One request and what became of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The operation, if a route fits.
    pub operation: Option<String>,
    /// The request, its target below the base path.
    pub request: Received,
    /// What the verifier said; none for a request that got lost.
    pub verdict: Option<Verdict>,
    /// What does not fit the spec.
    pub problems: Vec<String>,
    /// What was answered.
    pub answer: Answer,
}

/// The answer to one request.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The media type, if there is a body.
    pub media_type: Option<String>,
    /// The bytes of the body.
    pub body: Vec<u8>,
    /// The body, where it is JSON.
    pub json: Option<Exact>,
    location: Option<String>,
    retry_after: Option<u64>,
}

#[derive(Debug)]
struct Desk {
    document: Document,
    time: Time,
    state: Mutex<Book>,
}

struct Book {
    verifier: Box<dyn Verifier>,
    exchanges: Vec<Exchange>,
    instead: VecDeque<Instead>,
    play: Option<Play>,
    turns: Turns,
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Book").field("exchanges", &self.exchanges).finish_non_exhaustive()
    }
}

impl Provider {
    /// Starts to serve `document` on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(document: Document, verifier: Box<dyn Verifier>, time: Time) -> std::io::Result<Provider> {
        let book =
            Book { verifier, exchanges: Vec::new(), instead: VecDeque::new(), play: None, turns: Turns::default() };
        let desk = Arc::new(Desk { document, time, state: Mutex::new(book) });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let routes = axum::Router::new().fallback(serve).with_state(Arc::clone(&desk));
        let server = tokio::spawn(async move {
            // It only ends with the task.
            drop(axum::serve(listener, routes).await);
        });
        Ok(Provider { address, desk, server })
    }

    /// The URL that stands for the spec's server URL.
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.address, self.desk.document.base_path())
    }

    /// The document that is served.
    pub fn document(&self) -> &Document {
        &self.desk.document
    }

    /// The time that requests are judged by.
    pub fn time(&self) -> &Time {
        &self.desk.time
    }

    /// Treats the next request differently; several calls queue up.
    pub fn next(&self, instead: Instead) {
        self.desk.book().instead.push_back(instead);
    }

    /// Answers requests that hold in this way from now on.
    pub fn play(&self, play: impl FnMut(&str, &Received) -> Option<String> + Send + 'static) {
        self.desk.book().play = Some(Box::new(play));
    }

    /// The exchanges since the last call.
    pub fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.desk.book().exchanges)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let below = target.strip_prefix(desk.document.base_path()).unwrap_or(target);
    let received = Received {
        method: parts.method.as_str().to_owned(),
        target: below.to_owned(),
        headers: parts.headers,
        body: to_bytes(body, 16 << 20).await.map(Vec::from).unwrap_or_default(),
    };
    let answer = desk.handle(received);
    let mut response = Response::builder().status(answer.status).header("x-served-by", "embedded");
    if let Some(media_type) = answer.media_type {
        response = response.header(header::CONTENT_TYPE, media_type);
    }
    if let Some(location) = answer.location {
        response = response.header(header::LOCATION, location);
    }
    if let Some(seconds) = answer.retry_after {
        response = response.header(header::RETRY_AFTER, seconds);
    }
    response.body(Body::from(answer.body)).unwrap_or_default()
}

impl Desk {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.state.lock().expect("no handler panics while it holds the book")
    }

    fn handle(&self, request: Received) -> Answer {
        let mut book = self.book();
        let operation = find(&self.document, &request);
        let instead = book.instead.pop_front();
        let (verdict, problems, answer) = match instead {
            Some(Instead::Lose) => (None, Vec::new(), Answer { status: 503, ..Answer::default() }),
            instead => self.judge(&mut book, operation, &request, instead),
        };
        let operation = operation.map(|operation| operation.id.clone());
        book.exchanges.push(Exchange { operation, request, verdict, problems, answer: answer.clone() });
        answer
    }

    fn judge(
        &self,
        book: &mut Book,
        operation: Option<&Operation>,
        request: &Received,
        instead: Option<Instead>,
    ) -> (Option<Verdict>, Vec<String>, Answer) {
        // A request that fits no route is judged, too: whether its signature holds is another question.
        let default = self.document.default_security();
        let security = operation.map_or(&default, |operation| &operation.security);
        let verdict = verdict(&mut *book.verifier, security, request, self.time.now_ms());
        let problems = operation
            .map(|operation| problems(&self.document, operation, request, &*book.verifier))
            .unwrap_or_default();
        let answer = match (&verdict, operation, instead) {
            (Verdict::Refused(_), ..) => self.error(operation, 401),
            (_, None, _) => self.error(operation, 404),
            (_, _, Some(Instead::Status(status))) => self.error(operation, status),
            (_, _, Some(Instead::Later(status, seconds))) => {
                Answer { retry_after: Some(seconds), ..self.error(operation, status) }
            }
            (_, _, Some(Instead::Redirect(status, location))) => {
                Answer { status, location: Some(location), ..Answer::default() }
            }
            (_, _, Some(Instead::Json(text))) => json(200, text),
            (..) if !problems.is_empty() => self.error(operation, 400),
            (_, Some(operation), _) => {
                let played = book.play.as_mut().and_then(|play| play(&operation.id, request));
                played.map_or_else(|| self.answer(book, operation), |text| json(200, text))
            }
        };
        (Some(verdict), problems, answer)
    }

    /// An error as the operation declares it; without a body where it declares none.
    fn error(&self, operation: Option<&Operation>, status: u16) -> Answer {
        let schema = operation.and_then(|operation| operation.error(status));
        match schema.and_then(|schema| Sampler::new(&self.document, &mut Turns::default()).error(schema)) {
            Some(value) => json(status, value.write()),
            None => Answer { status, ..Answer::default() },
        }
    }

    fn answer(&self, book: &mut Book, operation: &Operation) -> Answer {
        let response = &operation.answer;
        let Some((media_type, schema)) = &response.content else {
            // Nothing is said of a body, so a client must not mind one.
            let body = b"OK, \xc3\xa0 votre service".to_vec();
            let body = if response.status == 200 { body } else { Vec::new() };
            return Answer { status: response.status, body, ..Answer::default() };
        };
        if media_type.contains("json") {
            let value = Sampler::new(&self.document, &mut book.turns).answer(schema, response.failure.as_ref());
            return Answer { media_type: Some(media_type.clone()), ..json(response.status, value.write()) };
        }
        let (media_type, body) = match media_type.as_str() {
            "text/plain" => ("text/plain; charset=utf-8", "zwölf Boxkämpfer \u{1f600}\r\n".as_bytes().to_vec()),
            "image/*" => ("image/png", PNG.to_vec()),
            other => (other, PNG.to_vec()),
        };
        Answer { status: response.status, media_type: Some(media_type.to_owned()), body, ..Answer::default() }
    }
}

fn json(status: u16, text: String) -> Answer {
    let json = exact::read(&text).ok();
    let media_type = Some("application/json".to_owned());
    Answer { status, media_type, body: text.into_bytes(), json, ..Answer::default() }
}

fn find<'a>(document: &'a Document, request: &Received) -> Option<&'a Operation> {
    let path = request.target.split('?').next().unwrap_or_default();
    let fits = |operation: &&Operation| operation.method == request.method && path_fits(&operation.path, path);
    document.operations.iter().find(fits)
}

/// A parameter takes one segment that is not empty.
fn path_fits(template: &str, path: &str) -> bool {
    let (mut expected, mut came) = (template.split('/'), path.split('/'));
    loop {
        match (expected.next(), came.next()) {
            (None, None) => return true,
            (Some(expected), Some(came)) if expected == came => {}
            (Some(expected), Some(came)) if expected.starts_with('{') && !came.is_empty() => {}
            _ => return false,
        }
    }
}

fn problems(document: &Document, operation: &Operation, request: &Received, verifier: &dyn Verifier) -> Vec<String> {
    let mut found = parameter_problems(operation, request);
    let media_type = media_type(&request.headers);
    let no_body = verifier.is_no_body(&request.body);
    let Some(body) = &operation.body else {
        if !no_body {
            found.push("a body came where none is declared".to_owned());
        }
        return found;
    };
    if no_body && !body.required {
        return found;
    }
    let Some((_, schema)) = body.content.iter().find(|(declared, _)| Some(declared) == media_type.as_ref()) else {
        found.push(format!("the media type {media_type:?} is not declared"));
        return found;
    };
    match std::str::from_utf8(&request.body).map(exact::read) {
        Ok(Ok(value)) => found.extend(schema::problems(document, schema, &value)),
        _ if !media_type.is_some_and(|media_type| media_type.contains("json")) => {}
        _ => found.push("the body is not JSON".to_owned()),
    }
    found
}

fn parameter_problems(operation: &Operation, request: &Received) -> Vec<String> {
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let names: Vec<&str> =
        query.split('&').filter_map(|pair| pair.split('=').next()).filter(|name| !name.is_empty()).collect();
    let mut found = Vec::new();
    for parameter in operation.parameters.iter().filter(|parameter| parameter.required) {
        let there = match parameter.place.as_str() {
            "query" => names.contains(&parameter.name.as_str()),
            "header" => request.headers.contains_key(&parameter.name),
            _ => true,
        };
        if !there {
            found.push(format!("the {} parameter {} is missing", parameter.place, parameter.name));
        }
    }
    let declared = |name: &str| operation.parameters.iter().any(|known| known.place == "query" && known.name == name);
    found.extend(
        names
            .into_iter()
            .filter(|name| !declared(name))
            .map(|name| format!("the query holds {name}, which is not declared")),
    );
    found
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}
