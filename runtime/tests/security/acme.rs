//! A client with a scheme of each kind, in the form in which codegen writes them.

use countersign_runtime as runtime;
use runtime::auth::recipe::{Carrier, Expression, Output, Recipe, Rules, Send, Source, Step, Template, TemplatePart};
use runtime::sessions::oauth2::{ClientCredentialsFlow, OAuth2Scheme};
use std::borrow::Cow::Borrowed;
use std::convert::Infallible;

#[derive(Clone, Debug)]
pub struct Client(pub runtime::Core);

impl From<runtime::Core> for Client {
    fn from(core: runtime::Core) -> Self {
        Self(core)
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Acme;

impl runtime::Provider for Acme {
    const NAME: &'static str = "acme";
    const ENVIRONMENT: &'static str = "ACME";
    const USER_AGENT: &'static str = "acme-client/0.1.0";
    type Server = Server;
    type Credentials = Credentials;
    type Client = Client;

    fn schemes() -> Vec<(&'static str, Recipe)> {
        let secret = |name: &'static str| Source::Credential { name: Borrowed(name), secret: true };
        let header = |name: &'static str, start: &'static str| Send {
            headers: vec![(Borrowed(name), carrier(start))].into(),
            ..Send::default()
        };
        let query = |name: &'static str| Send { query: vec![(Borrowed(name), carrier(""))].into(), ..Send::default() };
        let basic = Source::Basic { username: Borrowed("basic_username"), password: Borrowed("basic_password") };
        let session = |name: &'static str| Source::Session { name: Borrowed(name) };
        vec![
            ("basic", recipe("basic", basic, header("Authorization", "Basic "))),
            ("bearer", recipe("bearer", secret("bearer_token"), header("Authorization", "Bearer "))),
            ("word", recipe("word", secret("word_credentials"), header("Authorization", "Shop-Token "))),
            ("key", recipe("key", secret("key"), header("X-Api-Key", ""))),
            ("id", recipe("id", secret("id"), header("X-App-Id", ""))),
            ("query", recipe("query", secret("query"), query("api key"))),
            ("query2", recipe("query2", secret("query2"), query("token"))),
            ("sid", recipe("sid", secret("sid"), header("Cookie", "sid="))),
            ("csrf", recipe("csrf", secret("csrf"), header("Cookie", "csrf="))),
            ("shop", recipe("shop", session("oauth2_shop"), header("Authorization", "Bearer "))),
            ("login", recipe("login", session("oauth2_login"), header("Authorization", "Bearer "))),
        ]
    }

    fn oauth2() -> Vec<OAuth2Scheme> {
        vec![
            OAuth2Scheme {
                scheme: "shop",
                session: "oauth2_shop",
                access_token: None,
                client: Some(ClientCredentialsFlow {
                    token_url: "/oauth/token",
                    client_id: "shop_client_id",
                    client_secret: "shop_client_secret",
                }),
                scopes: &[
                    ("read", &["orders:read"]),
                    ("write", &["orders:read", "orders:write"]),
                    ("hole", &["a:{b}"]),
                ],
            },
            OAuth2Scheme {
                scheme: "login",
                session: "oauth2_login",
                access_token: Some("login_access_token"),
                client: None,
                scopes: &[],
            },
        ]
    }
}

fn carrier(start: &'static str) -> Carrier {
    let mut parts = vec![TemplatePart::Step(Borrowed("value"))];
    if !start.is_empty() {
        parts.insert(0, TemplatePart::Text(Borrowed(start)));
    }
    Carrier::One(Template { parts: parts.into() })
}

fn recipe(name: &'static str, source: Source, send: Send) -> Recipe {
    let step = Step { name: Borrowed("value"), value: Expression::Source(source), settable: Borrowed(&[]) };
    Recipe { name: Borrowed(name), steps: vec![step].into(), output: Output::Send(send), rules: Rules::default() }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Server;

impl runtime::Server for Server {
    fn url(&self) -> std::borrow::Cow<'_, str> {
        "https://api.acme.example".into()
    }
}

/// Credentials by name.
#[derive(Clone, Debug, Default)]
pub struct Credentials(pub Vec<(&'static str, runtime::Secret)>);

impl Credentials {
    pub fn of(names: &[&'static str]) -> Self {
        Self(names.iter().map(|name| (*name, runtime::Secret::new(format!("canary-{name}")))).collect())
    }
}

impl runtime::ProviderCredentials for Credentials {
    fn from_environment(environment: &mut runtime::Environment<'_>) -> Option<Self> {
        let values = [
            ("basic_username", environment.optional("BASIC_USERNAME").map(runtime::Secret::new)),
            ("basic_password", environment.optional_password("BASIC_PASSWORD")),
        ];
        Some(Self(values.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()))
    }

    fn to_auth(&self) -> runtime::auth::Credentials {
        let all = runtime::auth::Credentials::new();
        self.0.iter().fold(all, |all, (name, value)| all.secret(*name, value.clone()))
    }
}

/// An operation that yields nothing.
#[derive(Debug)]
pub struct Op;

impl runtime::Operation for Op {
    type Output = ();
    type Error = Infallible;
    const INFO: &'static runtime::OperationInfo = &runtime::OperationInfo {
        provider: "acme",
        id: "op",
        method: "GET",
        path: "/orders",
        server: None,
        security: &[],
        repeat: runtime::Repeat::Safe,
        limits: None,
    };

    const RESPONSES: &'static [runtime::Declared] = &[runtime::Declared::on(204)];

    fn read(reply: runtime::Reply) -> runtime::Outcome<Self> {
        match reply.case() {
            0 => runtime::Outcome::success(reply.empty()),
            _ => reply.undeclared(),
        }
    }
}

pub type Called = Result<runtime::Response<()>, runtime::Error<Infallible>>;

impl Client {
    /// Calls an operation with these alternatives.
    pub async fn call(&self, id: &'static str, security: &'static [&'static [&'static str]]) -> Called {
        runtime::call::send::<Op>(self.request(id, security)).await
    }

    pub fn request(&self, id: &'static str, security: &'static [&'static [&'static str]]) -> runtime::Request {
        let info = runtime::OperationInfo { id, security, ..*<Op as runtime::Operation>::INFO };
        // A test's few operations may live as long as it does.
        self.0.request(Box::leak(Box::new(info)))
    }
}

pub fn builder(url: &str) -> runtime::ClientBuilder<Acme> {
    // Each test sees the attempt that it makes.
    runtime::ClientBuilder::new().base_url(url).no_retry()
}
