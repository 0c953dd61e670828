//! The client: what codegen would write for a small API with a scheme like Clutch's.

use countersign_runtime as runtime;
use runtime::auth::recipe::{
    Carrier, Encoding, Escape, Expression, Freshness, HashAlgorithm, Input, KeyEncoding, Operation as Compute, Output,
    RandomForm, Recipe, RequestPart, Rules, Send, Source, Step, Substitutes, TargetFrom, Template, TemplatePart,
    TimeForm,
};
use std::borrow::Cow;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::time::Duration;

// client.rs

/// The client.
#[derive(Clone, Debug)]
pub struct Client {
    core: runtime::Core,
}

impl Client {
    pub fn builder() -> runtime::ClientBuilder<Mini> {
        runtime::ClientBuilder::new()
    }

    pub(crate) fn core(&self) -> &runtime::Core {
        &self.core
    }
}

impl From<runtime::Core> for Client {
    fn from(core: runtime::Core) -> Self {
        Self { core }
    }
}

/// The provider.
#[derive(Clone, Copy, Debug)]
pub struct Mini;

impl runtime::Provider for Mini {
    const NAME: &'static str = "mini";
    const ENVIRONMENT: &'static str = "MINI";
    const USER_AGENT: &'static str = concat!("mini-client/", env!("CARGO_PKG_VERSION"));
    type Server = Server;
    type Credentials = Credentials;
    type Client = Client;

    fn schemes() -> Vec<(&'static str, Recipe)> {
        vec![("mini", recipe()), ("passcode", passcode())]
    }
}

/// Servers.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum Server {
    #[default]
    Production,
}

impl runtime::Server for Server {
    fn url(&self) -> Cow<'_, str> {
        match self {
            Self::Production => "https://api.mini.example".into(),
        }
    }
}

/// Credentials.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub application_key: String,
    pub application_secret: runtime::Secret,
}

impl Credentials {
    pub fn new(application_key: impl Into<String>, application_secret: impl Into<runtime::Secret>) -> Self {
        Self { application_key: application_key.into(), application_secret: application_secret.into() }
    }
}

impl runtime::ProviderCredentials for Credentials {
    fn from_environment(environment: &mut runtime::Environment<'_>) -> Option<Self> {
        let application_key = environment.text("APPLICATION_KEY");
        let application_secret = environment.secret("APPLICATION_SECRET");
        Some(Self { application_key: application_key?, application_secret: application_secret? })
    }

    fn to_auth(&self) -> runtime::auth::Credentials {
        runtime::auth::Credentials::new()
            .text("application_key", self.application_key.clone())
            .keys("application_secret", [self.application_secret.clone()])
    }
}

/// A call that is not sent yet.
#[must_use = "a call does nothing until it is awaited"]
#[derive(Debug)]
pub struct Call<O> {
    request: runtime::Request,
    operation: PhantomData<fn() -> O>,
}

impl<O: runtime::Operation> Call<O> {
    pub(crate) fn new(request: runtime::Request) -> Self {
        Self { request, operation: PhantomData }
    }

    pub(crate) fn map(mut self, change: impl FnOnce(runtime::Request) -> runtime::Request) -> Self {
        self.request = change(self.request);
        self
    }

    pub fn timeout(self, timeout: Duration) -> Self {
        self.map(|request| request.timeout(timeout))
    }

    pub fn deadline(self, deadline: Duration) -> Self {
        self.map(|request| request.deadline(deadline))
    }

    pub fn retry(self, options: runtime::RetryOptions) -> Self {
        self.map(|request| request.retry(options))
    }

    pub fn stall_timeout(self, timeout: Duration) -> Self {
        self.map(|request| request.stall_timeout(timeout))
    }

    pub fn with_raw(self) -> Self {
        self.map(runtime::Request::with_raw)
    }

    pub fn send_blocking(self) -> Result<runtime::Response<O::Output>, runtime::Error<O::Error>> {
        runtime::call::send_blocking::<O>(self.request)
    }

    pub fn extra_header(self, name: &str, value: &str) -> Self {
        self.map(|request| request.extra_header(name, value))
    }
}

impl<O: runtime::Operation> IntoFuture for Call<O> {
    type Output = Result<runtime::Response<O::Output>, runtime::Error<O::Error>>;
    type IntoFuture = runtime::CallFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(runtime::call::send::<O>(self.request))
    }
}

// operations/profile.rs

impl Client {
    pub fn get_profile(&self, token_id: &str) -> Call<GetProfile> {
        Call::new(self.core().request(<GetProfile as runtime::Operation>::INFO).path("tokenID", token_id))
    }

    pub fn set_profile(&self, body: &Profile) -> Call<SetProfile> {
        Call::new(self.core().request(<SetProfile as runtime::Operation>::INFO).json(body))
    }

    /// Any body at all.
    pub fn set_any(&self, body: &impl serde::Serialize) -> Call<SetProfile> {
        Call::new(self.core().request(<SetProfile as runtime::Operation>::INFO).json(body))
    }

    pub fn list_profiles(&self) -> Call<ListProfiles> {
        Call::new(self.core().request(<ListProfiles as runtime::Operation>::INFO))
    }

    pub fn get_captcha(&self) -> Call<GetCaptcha> {
        Call::new(self.core().request(<GetCaptcha as runtime::Operation>::INFO))
    }

    pub fn get_captcha_of(&self, user: &str) -> Call<GetCaptcha> {
        Call::new(self.core().request(<GetCaptcha as runtime::Operation>::INFO).query("user", user))
    }

    pub fn download(&self) -> Call<Download> {
        Call::new(self.core().request(<Download as runtime::Operation>::INFO))
    }
}

impl Call<ListProfiles> {
    pub fn limit(self, limit: i64) -> Self {
        self.map(|request| request.query("limit", &limit))
    }

    pub fn ids(self, ids: &[String]) -> Self {
        self.map(|request| request.query("ids", ids))
    }

    pub fn fields(self, fields: &[String]) -> Self {
        self.map(|request| request.query_joined("fields", fields))
    }

    pub fn language(self, language: &str) -> Self {
        self.map(|request| request.header("Accept-Language", language))
    }
}

/// GET with a path parameter, and an enum of errors by status.
#[derive(Clone, Copy, Debug)]
pub struct GetProfile;

impl runtime::Operation for GetProfile {
    type Output = Profile;
    type Error = GetProfileError;
    const INFO: &'static runtime::OperationInfo = &runtime::OperationInfo {
        provider: "mini",
        id: "get_profile",
        method: "GET",
        path: "/profile/token/{tokenID}",
        server: None,
        security: &[&["mini"]],
        repeat: runtime::Repeat::Safe,
        limits: None,
    };

    const RESPONSES: &'static [runtime::Declared] = &[
        runtime::Declared::on(200).json(),
        runtime::Declared::on(404),
        runtime::Declared::on_class(4).json(),
        runtime::Declared::on(500).text("text/plain"),
    ];

    fn read(reply: runtime::Reply) -> runtime::Outcome<Self> {
        match reply.case() {
            0 => runtime::Outcome::success(reply.json()),
            1 => runtime::Outcome::failure(reply.empty().map(|()| GetProfileError::NotFound)),
            2 => runtime::Outcome::failure(reply.json().map(GetProfileError::Status4xx)),
            3 => runtime::Outcome::failure(reply.text().map(GetProfileError::InternalServerError)),
            _ => reply.undeclared(),
        }
    }
}

/// Errors of get_profile.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum GetProfileError {
    NotFound,
    Status4xx(Problem),
    InternalServerError(String),
}

/// POST of JSON, and a failure inside a success.
#[derive(Clone, Copy, Debug)]
pub struct SetProfile;

impl runtime::Operation for SetProfile {
    type Output = Profile;
    type Error = Problem;
    const INFO: &'static runtime::OperationInfo = &runtime::OperationInfo {
        provider: "mini",
        id: "set_profile",
        method: "POST",
        path: "/profile",
        server: None,
        security: &[&["mini"]],
        repeat: runtime::Repeat::Unsafe,
        limits: None,
    };

    const RESPONSES: &'static [runtime::Declared] =
        &[runtime::Declared::on(200).json(), runtime::Declared::otherwise().json()];

    fn read(reply: runtime::Reply) -> runtime::Outcome<Self> {
        const FAILURE: runtime::Failure =
            runtime::Failure { at: "/success", when: runtime::FailureWhen::Equals(&[runtime::JsonConst::Bool(false)]) };
        match reply.case() {
            0 => runtime::Outcome::success_unless_refused(
                reply.json_or_refused::<Profile, Problem>(&FAILURE),
                |body| body,
                |refused| refused,
            ),
            1 => runtime::Outcome::failure(reply.json()),
            _ => reply.undeclared(),
        }
    }
}

/// Optional parameters; alternatives of security.
#[derive(Clone, Copy, Debug)]
pub struct ListProfiles;

impl runtime::Operation for ListProfiles {
    type Output = Vec<Profile>;
    type Error = Infallible;
    const INFO: &'static runtime::OperationInfo = &runtime::OperationInfo {
        provider: "mini",
        id: "list_profiles",
        method: "GET",
        path: "/profile",
        server: None,
        security: &[&["mini", "passcode"], &["mini"]],
        repeat: runtime::Repeat::Safe,
        limits: None,
    };

    const RESPONSES: &'static [runtime::Declared] = &[runtime::Declared::on(200).json()];

    fn read(reply: runtime::Reply) -> runtime::Outcome<Self> {
        match reply.case() {
            0 => runtime::Outcome::success(reply.json()),
            _ => reply.undeclared(),
        }
    }
}

/// Unsigned, an image, never repeated.
#[derive(Clone, Copy, Debug)]
pub struct GetCaptcha;

impl runtime::Operation for GetCaptcha {
    type Output = runtime::Binary;
    type Error = Infallible;
    const INFO: &'static runtime::OperationInfo = &runtime::OperationInfo {
        provider: "mini",
        id: "get_captcha",
        method: "GET",
        path: "/captcha",
        server: None,
        security: &[],
        repeat: runtime::Repeat::Never,
        limits: None,
    };

    const RESPONSES: &'static [runtime::Declared] = &[runtime::Declared::on(200).bytes("image/png")];

    fn read(reply: runtime::Reply) -> runtime::Outcome<Self> {
        match reply.case() {
            0 => runtime::Outcome::success(reply.binary()),
            _ => reply.undeclared(),
        }
    }
}

/// A stream.
#[derive(Clone, Copy, Debug)]
pub struct Download;

impl runtime::Operation for Download {
    type Output = runtime::ByteStream;
    type Error = Problem;
    const INFO: &'static runtime::OperationInfo = &runtime::OperationInfo {
        provider: "mini",
        id: "download",
        method: "GET",
        path: "/download",
        server: None,
        security: &[],
        repeat: runtime::Repeat::Safe,
        limits: None,
    };
    const RESPONSES: &'static [runtime::Declared] =
        &[runtime::Declared::on(200).stream("application/octet-stream"), runtime::Declared::otherwise().json()];

    fn read(reply: runtime::Reply) -> runtime::Outcome<Self> {
        match reply.case() {
            0 => runtime::Outcome::success(reply.stream()),
            1 => runtime::Outcome::failure(reply.json()),
            _ => reply.undeclared(),
        }
    }
}

// types.rs

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Profile {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<runtime::Decimal>,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Problem {
    pub message: String,
}

// recipes.rs

fn recipe() -> Recipe {
    Recipe {
        name: Cow::Borrowed("mini"),
        steps: Cow::Owned(vec![
            step("key_id", Expression::Source(Source::Credential { name: "application_key".into(), secret: false })),
            step(
                "secret",
                Expression::Source(Source::Key {
                    name: "application_secret".into(),
                    decode: KeyEncoding::Utf8,
                    strip_prefix: None,
                }),
            ),
            step("nonce", Expression::Source(Source::Random { form: RandomForm::UuidV4, max_length: Some(99) })),
            step("created", Expression::Source(Source::Time { form: TimeForm::UnixMilliseconds, plus_seconds: 0 })),
            step(
                "content_digest",
                Expression::Operation(Compute::Hash {
                    algorithm: HashAlgorithm::Sha512,
                    of: Input::Source(Source::Request(RequestPart::Body)),
                    encode: Encoding::Hex,
                    substitutes: Substitutes { without_body: Some("".into()), empty: None },
                }),
            ),
            step(
                "string_to_sign",
                Expression::Operation(Compute::JsonArray {
                    items: Cow::Owned(vec![
                        Input::Step("nonce".into()),
                        Input::Step("created".into()),
                        Input::Source(Source::Request(RequestPart::Target(TargetFrom::Base))),
                        Input::Step("content_digest".into()),
                    ]),
                    escape: Escape::Minimal,
                }),
            ),
            step(
                "signature",
                Expression::Operation(Compute::Hmac {
                    algorithm: HashAlgorithm::Sha512,
                    key: "secret".into(),
                    of: Input::Step("string_to_sign".into()),
                    encode: Encoding::Hex,
                    substitutes: Substitutes::default(),
                }),
            ),
        ]),
        output: Output::Send(Send {
            headers: Cow::Owned(vec![
                carrier("X-Application-Key", "key_id"),
                carrier("X-Request-Id", "nonce"),
                carrier("X-Request-Time", "created"),
                carrier("X-Signature", "signature"),
            ]),
            ..Send::default()
        }),
        rules: Rules {
            single_use: Cow::Owned(vec!["nonce".into()]),
            freshness: Some(Freshness { of: "created".into(), window_seconds: 300 }),
            lifetime: None,
        },
    }
}

/// A scheme whose credential the client does not have.
fn passcode() -> Recipe {
    Recipe {
        name: Cow::Borrowed("passcode"),
        steps: Cow::Owned(vec![step(
            "passcode",
            Expression::Source(Source::Credential { name: "passcode".into(), secret: true }),
        )]),
        output: Output::Send(Send { headers: Cow::Owned(vec![carrier("X-Passcode", "passcode")]), ..Send::default() }),
        rules: Rules::default(),
    }
}

fn step(name: &'static str, value: Expression) -> Step {
    Step { name: name.into(), value, settable: Cow::Borrowed(&[]) }
}

fn carrier(header: &'static str, step: &'static str) -> (Cow<'static, str>, Carrier) {
    (header.into(), Carrier::One(Template { parts: Cow::Owned(vec![TemplatePart::Step(step.into())]) }))
}

/// The recipe, ready to verify with.
pub fn verifier(secret: &str) -> runtime::auth::Prepared {
    let credentials = runtime::auth::Credentials::new()
        .text("application_key", "key")
        .keys("application_secret", [runtime::Secret::from(secret)]);
    runtime::auth::check(recipe()).unwrap().prepare(&credentials).unwrap()
}
