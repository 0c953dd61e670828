//! The provider of App's Miles as far as tokens go: `auth/token` gives numbered ones, and every other call is
//! answered only if its JWT, read by another implementation, bears one that is not too old.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

pub(crate) const PARTNER: &str = "partner-1";
pub(crate) const SECRET: &str = "canary-secret";
/// A token of a user.
pub(crate) const USER: &str = "canary-user";

/// A running service; it ends with the test's runtime.
pub(crate) struct Service {
    pub(crate) url: String,
    book: Arc<Mutex<Book>>,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    /// How many tokens were given, or asked for.
    pub(crate) fetches: usize,
    /// The tokens that other calls came with.
    pub(crate) used: Vec<String>,
    /// The paths of all calls, in their order.
    pub(crate) paths: Vec<String>,
    /// Tokens below this number are rejected.
    pub(crate) valid_from: usize,
    /// Whether a rejection is a 200 whose body says so.
    pub(crate) rejects_in_body: bool,
    /// What `expiresIn` says.
    pub(crate) lifetime: Option<u64>,
    /// What `auth/token` answers instead of a token.
    pub(crate) instead: Option<(u16, Value)>,
    /// How long `auth/token` takes.
    pub(crate) takes: Duration,
}

impl Service {
    pub(crate) async fn start() -> Service {
        let book = Arc::new(Mutex::new(Book { lifetime: Some(3600), ..Book::default() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let url = format!("http://{}", listener.local_addr().expect("a listener has an address"));
        let routes = axum::Router::new().fallback(serve).with_state(Arc::clone(&book));
        tokio::spawn(async move { drop(axum::serve(listener, routes).await) });
        Service { url, book }
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("nobody panics with it")
    }

    pub(crate) fn fetches(&self) -> usize {
        self.book().fetches
    }

    /// The tokens that calls came with since the last question.
    pub(crate) fn used(&self) -> Vec<String> {
        std::mem::take(&mut self.book().used)
    }
}

async fn serve(State(book): State<Arc<Mutex<Book>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let _: Bytes = axum::body::to_bytes(body, 1 << 20).await.expect("the body comes");
    let bearer = parts.headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(subject) = bearer.and_then(subject) else { return answer(401, &json!({"errorCode": 3})) };
    let path = parts.uri.path().to_owned();
    let (status, value, takes) = book.lock().expect("nobody panics with it").handle(&path, &subject);
    tokio::time::sleep(takes).await;
    answer(status, &value)
}

impl Book {
    fn handle(&mut self, path: &str, subject: &str) -> (u16, Value, Duration) {
        self.paths.push(path.to_owned());
        if path == "/auth/token" {
            assert_eq!(subject, "", "nothing is needed for a token");
            self.fetches += 1;
            if let Some((status, value)) = &self.instead {
                return (*status, value.clone(), self.takes);
            }
            let mut data = json!({"token": format!("canary-{}", self.fetches)});
            if let Some(lifetime) = self.lifetime {
                data["expiresIn"] = lifetime.into();
            }
            return (200, json!({"errorCode": 0, "data": data}), self.takes);
        }
        self.used.push(subject.to_owned());
        let number = subject.strip_prefix("canary-").and_then(|number| number.parse().ok()).unwrap_or(0);
        match number >= self.valid_from.max(1) || subject == USER {
            true => (200, json!({"errorCode": 0, "errorMsg": "ok"}), Duration::ZERO),
            false => {
                let status = if self.rejects_in_body { 200 } else { 401 };
                (status, json!({"errorCode": 4, "errorMsg": "jeton"}), Duration::ZERO)
            }
        }
    }
}

/// The claim `sub` of a JWT that the partner's secret made.
fn subject(token: &str) -> Option<String> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_secret(SECRET.as_bytes());
    let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).ok()?.claims;
    (claims["iss"] == PARTNER).then(|| claims["sub"].as_str().map(str::to_owned)).flatten()
}

fn answer(status: u16, value: &Value) -> Response {
    let builder = Response::builder().status(status).header("content-type", "application/json");
    builder.body(Body::from(value.to_string())).expect("the head fits")
}
