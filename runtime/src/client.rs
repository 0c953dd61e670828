//! A client: what it is built from, and the part that all its calls share.
//!
//! 1. [`ClientBuilder`] collects credentials, server, limits and the caller's middleware.
//! 2. Each recipe is checked and prepared once; a scheme without credentials is left out.
//! 3. The caller's `reqwest::ClientBuilder` is taken first; redirects, decompression, referer and reqwest's own
//!    retry are switched off afterwards, so that none of them can be switched on by accident.
//! 4. [`Core`] holds the result behind one `Arc`.
//!
//! In a browser (wasm32) the four switches do not exist: `fetch` follows redirects and decompresses by itself.

use crate::attempts::NoteAttempts;
use crate::base_url::{BaseUrl, BaseUrlError, PlainHttp};
use crate::body::BodyLimits;
use crate::budget::{Budget, RetryBudget};
use crate::credentials::{self, Ask, CredentialsError, CredentialsProvider};
use crate::environment::{Environment, MissingVariables};
use crate::error::RequestError;
use crate::gates::Gates;
use crate::keys::{KeyLayer, KeySet, Keyring};
use crate::observe::Observer;
use crate::operation::{OperationInfo, Provider, ProviderCredentials, Server};
use crate::permits::Rate;
use crate::request::Request;
use crate::retry::RetryOptions;
use crate::sessions::{Keeper, MemorySessions, OnStoreFailure, SessionLayer, SessionStore};
use crate::skew::{self, Skew};
use crate::tokens::{Endpoint, Tokens};
use crate::uuid::Uuid;
use countersign_auth as auth;
use countersign_auth::hook::{Signers, SigningMiddleware};
use countersign_auth::{
    CheckError, Clock, OptionError, PrepareError, Prepared, Random, Recipe, SignError, SigningOptions, Stamp,
    SystemClock, SystemRandom,
};
use http::Method;
use reqwest_middleware::{ClientWithMiddleware, Middleware};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Time-out of an attempt, its response's body included.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
/// Time-out of a connection, unless the caller brings a `reqwest::ClientBuilder`.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for a whole call: its attempts and the pauses between them.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(300);
/// The longest that an API can make its callers wait.
pub const DEFAULT_MAX_PAUSE: Duration = Duration::from_secs(300);
/// The longest time in which no byte of a response's body may come.
pub const DEFAULT_STALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of a response's body.
pub const DEFAULT_MAX_BODY: usize = 32 * 1024 * 1024;

/// Builds a client.
#[must_use = "a builder does nothing until it builds"]
pub struct ClientBuilder<P: Provider> {
    credentials: Option<P::Credentials>,
    server: P::Server,
    base_url: Option<String>,
    plain_http: PlainHttp,
    timeout: Option<Duration>,
    connect_timeout: Option<Duration>,
    deadline: Duration,
    retry: RetryOptions,
    budget: RetryBudget,
    max_pause: Duration,
    concurrency: Vec<(String, Option<u32>)>,
    rate: Option<f64>,
    max_body: usize,
    max_decoded: usize,
    stall_timeout: Duration,
    corrects_clock: bool,
    observer: Option<Arc<dyn Observer>>,
    reqwest: Option<reqwest::ClientBuilder>,
    middleware: Vec<Arc<dyn Middleware>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    options: Vec<(String, SigningOptions)>,
    signers: Vec<(String, Prepared)>,
    tokens: Tokens,
    store: Arc<dyn SessionStore>,
    on_store_failure: OnStoreFailure,
    provider: Option<Box<dyn Ask>>,
    methods: Option<Arc<MethodOf>>,
    bases: Option<Arc<BaseUrlOf>>,
}

/// Chooses the base URL of an operation, or leaves it as it is.
type BaseUrlOf = dyn Fn(&'static OperationInfo) -> Option<String> + Send + Sync;

/// Chooses the method of an operation.
type MethodOf = dyn Fn(&'static OperationInfo) -> Method + Send + Sync;

impl<P: Provider> ClientBuilder<P> {
    /// Starts with the API's first server, no credentials, and the limits of this module.
    pub fn new() -> Self {
        Self {
            credentials: None,
            server: P::Server::default(),
            base_url: None,
            plain_http: PlainHttp::default(),
            timeout: Some(DEFAULT_TIMEOUT),
            connect_timeout: None,
            deadline: DEFAULT_DEADLINE,
            retry: RetryOptions::new(),
            budget: RetryBudget::new(),
            max_pause: DEFAULT_MAX_PAUSE,
            concurrency: Vec::new(),
            rate: None,
            max_body: DEFAULT_MAX_BODY,
            max_decoded: DEFAULT_MAX_BODY,
            stall_timeout: DEFAULT_STALL_TIMEOUT,
            corrects_clock: true,
            observer: None,
            reqwest: None,
            middleware: Vec::new(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            options: Vec::new(),
            signers: Vec::new(),
            tokens: Tokens::default(),
            store: Arc::new(MemorySessions::new()),
            on_store_failure: OnStoreFailure::default(),
            provider: None,
            methods: None,
            bases: None,
        }
    }

    /// Starts with credentials, and the base URL if there is one, from environment variables:
    /// `<PROVIDER>_<CREDENTIAL>` and `<PROVIDER>_BASE_URL`.
    ///
    /// # Errors
    /// The names of all variables that are missing, empty or not UTF-8.
    pub fn from_env() -> Result<Self, BuildError> {
        Self::from_environment(Environment::of_process(P::ENVIRONMENT))
    }

    /// The same from another source of variables.
    ///
    /// # Errors
    /// The names of all variables that are missing, empty or not UTF-8.
    pub fn from_environment(mut environment: Environment<'_>) -> Result<Self, BuildError> {
        let mut builder = Self::new();
        builder.credentials = P::Credentials::from_environment(&mut environment);
        builder.base_url = environment.optional("BASE_URL");
        environment.finish()?;
        Ok(builder)
    }

    /// Signs with these credentials. Without any, only unsigned operations can be called.
    pub fn credentials(mut self, credentials: P::Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Asks here for credentials: before the first call unless [`credentials`](Self::credentials) are there, ahead of
    /// the end that the provider tells, and after a 401. What can't be made of them is an error of the call.
    pub fn credentials_provider(mut self, provider: impl CredentialsProvider<P::Credentials>) -> Self {
        self.provider = Some(Box::new(credentials::Of::<P::Credentials, _>::new(provider)));
        self
    }

    /// Talks to this server of the API.
    pub fn server(mut self, server: P::Server) -> Self {
        self.server = server;
        self
    }

    /// Talks to this base URL instead of one of the API's servers; so do operations with a server of their own.
    ///
    /// It is absolute, without query, fragment and user information; plain http is for this machine only,
    /// unless [`allow_plain_http`](Self::allow_plain_http) permits more.
    pub fn base_url(mut self, base_url: impl AsRef<str>) -> Self {
        self.base_url = Some(base_url.as_ref().to_owned());
        self
    }

    /// Permits plain http to other machines: what is signed can then be read on the way.
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = PlainHttp::Anywhere;
        self
    }

    /// Time-out of each attempt, its response's body included; 60 seconds at first. An operation that streams
    /// has none unless its call sets one, or the caller's `reqwest::ClientBuilder` has a read time-out.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Time for each whole call: all attempts, and the pauses between them; 5 minutes at first. Where the response
    /// is a stream, it ends when the stream begins.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How often each call is tried; three times at first, so far as its operation may be repeated.
    pub fn retry(mut self, options: RetryOptions) -> Self {
        self.retry = options;
        self
    }

    /// Tries each call once. After a 401 it is still made again with other credentials or a new token, where there are
    /// any and its operation may be repeated, and a redirect is followed where the API has them.
    pub fn no_retry(self) -> Self {
        self.retry(RetryOptions::none())
    }

    /// How many repetitions all calls of this client share; at first 10, and one more for every ten calls.
    pub fn retry_budget(mut self, budget: RetryBudget) -> Self {
        self.budget = budget;
        self
    }

    /// The longest pause that the API can ask for; 5 minutes at first. What it asks for beyond that, or
    /// beyond a year, is cut.
    ///
    /// After a 429, or a 503 with `Retry-After`, no call of this client to that host and API starts before the time
    /// told. A call whose deadline is sooner fails at once.
    pub fn max_pause(mut self, pause: Duration) -> Self {
        self.max_pause = pause;
        self
    }

    /// How many calls to an API run at once, instead of what its description says; none is no limit. The API's name
    /// is what [`OperationInfo::api`] says. Others stand in line.
    pub fn concurrency(mut self, api: impl Into<String>, calls: impl Into<Option<u32>>) -> Self {
        self.concurrency.push((api.into(), calls.into()));
        self
    }

    /// How many attempts start in a second, all calls of this client taken together; no limit at first. They start
    /// evenly spaced, in the order in which they came. What is repeated within an attempt is not counted anew: by
    /// middleware, and after a 401 with other credentials (at most two) or a new token.
    pub fn rate(mut self, per_second: f64) -> Self {
        self.rate = Some(per_second);
        self
    }

    /// Time-out of a connection; 10 seconds at first. Browsers have their own.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// The most bytes that a response's body may have where it is held as a whole; 32 MiB at first.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// The most bytes that a compressed body may have when it is unpacked, where the feature `gzip` is on; 32 MiB at
    /// first. [`max_body`](Self::max_body) holds for what arrives.
    pub fn max_decoded(mut self, bytes: usize) -> Self {
        self.max_decoded = bytes;
        self
    }

    /// The longest time in which no byte of a response's body may come, also where it is a stream; 60 seconds at
    /// first. A stream of events that are rarer needs more.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.stall_timeout = timeout;
        self
    }

    /// Signs by the clock as it is. Without this, a signature that is rejected while the response's `Date` is
    /// minutes away from our clock leads to one more attempt, by the server's time, and so do later calls begin.
    pub fn no_clock_correction(mut self) -> Self {
        self.corrects_clock = false;
        self
    }

    /// Tells every attempt, wait and call to this observer: for metrics.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Adds a middleware; the first one added is the outermost, and signing stands inside of all.
    pub fn middleware(mut self, middleware: impl Middleware) -> Self {
        self.middleware.push(Arc::new(middleware));
        self
    }

    /// Brings an own `reqwest::ClientBuilder`, with proxy, roots, DNS, connection or read time-outs as needed.
    /// Redirects, decompression, referer, reqwest's own retry and `User-Agent` are set afterwards, and the
    /// time-out of attempts is [`timeout`](Self::timeout)'s.
    ///
    /// Its default headers join a request after it is signed, where neither the call nor the signature has set
    /// them. So a header that a scheme signs, or `Host`, must not be among them: middleware is the place for those.
    pub fn reqwest(mut self, builder: reqwest::ClientBuilder) -> Self {
        self.reqwest = Some(builder);
        self
    }

    /// Takes the time from here.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes random bytes from here.
    pub fn random(mut self, random: impl Random + 'static) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// Changes what the recipe of a scheme leaves open.
    pub fn signing_option(mut self, scheme: impl Into<String>, options: SigningOptions) -> Self {
        self.options.push((scheme.into(), options));
        self
    }

    /// Signs what this scheme asks for in an own way: for a scheme that the API's description names and does not
    /// explain, or explains wrongly. It comes before the client's own recipe of that name.
    pub fn signer(mut self, scheme: impl Into<String>, signer: Prepared) -> Self {
        self.signers.push((scheme.into(), signer));
        self
    }

    /// Sets how tokens of an OAuth2 scheme are fetched: endpoint, scopes, place of the secret.
    pub fn oauth2(mut self, scheme: impl Into<String>, options: crate::sessions::oauth2::OAuth2Options) -> Self {
        self.tokens.options.push((scheme.into(), options));
        self
    }

    /// Takes the tokens of an OAuth2 or OpenID Connect scheme from here, instead of from credentials.
    pub fn token_source(
        mut self,
        scheme: impl Into<String>,
        source: impl crate::sessions::TokenSource + 'static,
    ) -> Self {
        self.tokens.sources.push((scheme.into(), Arc::new(source)));
        self
    }

    /// Keeps tokens here instead of in the client's own memory.
    pub fn session_store(mut self, store: impl SessionStore + 'static) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// What becomes of calls that need a token while the store can't be reached; at first they fail.
    pub fn on_store_failure(mut self, on_failure: OnStoreFailure) -> Self {
        self.on_store_failure = on_failure;
        self
    }

    /// Chooses the method of each operation anew, where a spec had to assume it.
    pub fn method_of(mut self, choose: impl Fn(&'static OperationInfo) -> Method + Send + Sync + 'static) -> Self {
        self.methods = Some(Arc::new(choose));
        self
    }

    /// Chooses the base URL of single operations, above all of those that have a
    /// [`server`](OperationInfo::server) of their own. Where nothing is chosen, an operation goes to
    /// [`base_url`](Self::base_url) if that is set, else to its own server, else to the client's.
    pub fn base_url_of(
        mut self,
        choose: impl Fn(&'static OperationInfo) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.bases = Some(Arc::new(choose));
        self
    }

    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    /// A base URL, credentials or options that do not fit, or a client that reqwest can't build.
    pub fn build(mut self) -> Result<P::Client, BuildError> {
        let base_is_set = self.base_url.is_some();
        let base = self.base_url.take().unwrap_or_else(|| self.server.url().into_owned());
        let base = BaseUrl::parse(&base, self.plain_http)?;
        let http = reqwest_client(self.reqwest, self.connect_timeout, P::USER_AGENT, base.is_loopback())?;
        let keeper = Keeper::new(P::NAME, self.store, self.on_store_failure, Arc::clone(&self.clock));
        let keeper = Arc::new(keeper);
        let preparation = Preparation::<P> {
            options: self.options,
            signers: self.signers,
            tokens: self.tokens,
            keeper: Arc::clone(&keeper),
            base: base.clone(),
            plain_http: self.plain_http,
            http: http.clone(),
            timeout: self.timeout,
            provider: PhantomData,
        };
        preparation.check_options()?;
        let credentials = self.credentials.as_ref().map(ProviderCredentials::to_auth);
        let prepare = Box::new(move |credentials: &auth::Credentials| preparation.keys(credentials));
        let keys = Keyring::new(credentials.as_ref(), prepare, self.provider, Arc::clone(&self.clock))?;
        let keys = Arc::new(keys);
        // Each attempt brings its signers.
        let skew = Arc::new(Skew::new(self.clock, self.corrects_clock, far_apart(&P::schemes())));
        let signing = SigningMiddleware::new(base.as_str(), Signers::default())
            .clock(Arc::clone(&skew) as Arc<dyn Clock>)
            .random(Arc::clone(&self.random));
        let mut stack = self.middleware;
        stack.push(Arc::new(KeyLayer(Arc::clone(&keys))));
        stack.push(Arc::new(SessionLayer));
        stack.push(Arc::new(NoteAttempts(Arc::clone(&skew))));
        stack.push(Arc::new(signing));
        Ok(P::Client::from(Core(Arc::new(Shared {
            provider: P::NAME,
            base,
            base_is_set,
            plain_http: self.plain_http,
            http: ClientWithMiddleware::new(http, stack),
            keys,
            keeper,
            skew,
            random: self.random,
            timeout: self.timeout,
            deadline: self.deadline,
            retry: self.retry,
            budget: Budget::new(self.budget),
            gates: Gates::new(self.concurrency, self.max_pause, self.rate.and_then(Rate::new)),
            limits: BodyLimits {
                max_body: self.max_body,
                max_decoded: self.max_decoded,
                stall: Some(self.stall_timeout),
            },
            redirects: P::REDIRECTS,
            has_other_servers: P::SERVERS > 1 && !base_is_set,
            observer: self.observer,
            methods: self.methods,
            bases: self.bases,
        }))))
    }
}

/// What credentials are made ready with, now and whenever they are exchanged.
struct Preparation<P> {
    options: Vec<(String, SigningOptions)>,
    /// Signers of the client's user.
    signers: Vec<(String, Prepared)>,
    tokens: Tokens,
    keeper: Arc<Keeper>,
    base: BaseUrl,
    plain_http: PlainHttp,
    http: reqwest::Client,
    timeout: Option<Duration>,
    provider: PhantomData<fn() -> P>,
}

impl<P: Provider> Preparation<P> {
    /// Options are for schemes that the API has.
    fn check_options(&self) -> Result<(), BuildError> {
        let recipes: Vec<_> = P::schemes().into_iter().chain(P::tokens()).collect();
        match self.options.iter().find(|(name, _)| !recipes.iter().any(|(scheme, _)| scheme == name)) {
            Some((scheme, _)) => Err(BuildError::UnknownScheme { scheme: scheme.clone() }),
            None => Ok(()),
        }
    }

    fn keys(&self, credentials: &auth::Credentials) -> Result<KeySet, BuildError> {
        let mut signers = self.prepared(P::schemes(), credentials)?;
        let tokens = self.prepared(P::tokens(), credentials)?;
        let endpoint =
            Endpoint { base: &self.base, plain_http: self.plain_http, http: &self.http, timeout: self.timeout };
        let schemes = self.tokens.schemes(P::oauth2(), credentials, endpoint, &self.keeper)?;
        signers.retain(|(name, _)| {
            let oauth2 = P::oauth2().iter().any(|scheme| scheme.scheme == name);
            !oauth2 || schemes.iter().any(|scheme| scheme.scheme == name)
        });
        signers.extend(self.signers.iter().cloned());
        Ok(KeySet {
            print: credentials.fingerprint(),
            owner: self.owner(credentials),
            signers: Signers::new(signers),
            tokens: tokens.into_iter().collect(),
            schemes,
            doubted: AtomicBool::new(false),
        })
    }

    /// Whose credentials these are, at which server; who brings signers of his own may have others in them.
    fn owner(&self, credentials: &auth::Credentials) -> String {
        let mut parts = vec![self.base.as_str().to_owned(), credentials.owner()];
        parts.extend(self.signers.iter().flat_map(|(scheme, signer)| [scheme.clone(), signer.owner().to_owned()]));
        auth::fingerprint(parts.iter().map(String::as_bytes))
    }

    /// Checks and prepares recipes; those without credentials are left out, since an operation may have others.
    fn prepared(
        &self,
        recipes: Vec<(&'static str, Recipe)>,
        credentials: &auth::Credentials,
    ) -> Result<Vec<(String, Prepared)>, BuildError> {
        let mut prepared = Vec::with_capacity(recipes.len());
        for (scheme, recipe) in recipes {
            let mut checked = auth::check(recipe).map_err(|errors| BuildError::Recipe { scheme, errors })?;
            for (_, options) in self.options.iter().filter(|(name, _)| name == scheme) {
                checked = checked.with_options(options)?;
            }
            match checked.prepare(credentials) {
                Ok(signer) => prepared.push((scheme.to_owned(), signer)),
                Err(PrepareError::Missing { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(prepared)
    }
}

impl<P: Provider> Default for ClientBuilder<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Provider> fmt::Debug for ClientBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("provider", &P::NAME)
            .field("credentials", &self.credentials)
            .field("timeout", &self.timeout)
            .field("max_body", &self.max_body)
            .finish_non_exhaustive()
    }
}

/// How far apart clocks are when they may be why a signature was rejected: most of the strictest recipe's window.
fn far_apart(recipes: &[(&'static str, Recipe)]) -> i64 {
    let windows = recipes.iter().filter_map(|(_, recipe)| recipe.rules.freshness.as_ref());
    let strictest = windows.map(|freshness| i64::from(freshness.window_seconds) / 5 * 4).min();
    strictest.map_or(skew::FAR_APART, |seconds| seconds.clamp(1, skew::FAR_APART))
}

#[cfg(not(target_arch = "wasm32"))]
fn reqwest_client(
    builder: Option<reqwest::ClientBuilder>,
    connect_timeout: Option<Duration>,
    user_agent: &'static str,
    loopback: bool,
) -> Result<reqwest::Client, BuildError> {
    let mut builder = builder.unwrap_or_else(|| {
        let builder = reqwest::ClientBuilder::new().connect_timeout(DEFAULT_CONNECT_TIMEOUT);
        // A proxy of the environment would take requests to this machine off it, and in the clear.
        if loopback { builder.no_proxy() } else { builder }
    });
    if let Some(timeout) = connect_timeout {
        builder = builder.connect_timeout(timeout);
    }
    builder
        // A redirect would carry signed headers to wherever the server points, with a stale signature.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // reqwest's retry stands below the signing layer and would send the same signature again.
        .retry(reqwest::retry::never())
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .user_agent(user_agent)
        .build()
        .map_err(|error| BuildError::Http(error.without_url()))
}

/// `fetch` has no such switches, and a `User-Agent` of ours would cost every call a CORS preflight.
#[cfg(target_arch = "wasm32")]
fn reqwest_client(
    builder: Option<reqwest::ClientBuilder>,
    _connect_timeout: Option<Duration>,
    _user_agent: &'static str,
    _loopback: bool,
) -> Result<reqwest::Client, BuildError> {
    builder.unwrap_or_default().build().map_err(|error| BuildError::Http(error.without_url()))
}

/// A client that could not be built. Messages name schemes, credentials and variables, never their values.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The base URL does not fit.
    #[error("base URL is refused: {0}")]
    BaseUrl(#[from] BaseUrlError),
    /// Environment variables are missing.
    #[error(transparent)]
    Environment(#[from] MissingVariables),
    /// Credentials do not fit a recipe.
    #[error(transparent)]
    Credentials(#[from] PrepareError),
    /// Options do not fit a recipe.
    #[error(transparent)]
    Options(#[from] OptionError),
    /// Options for a scheme that the API does not have.
    #[error("the API has no scheme `{scheme}`")]
    UnknownScheme {
        /// The scheme.
        scheme: String,
    },
    /// A recipe of the client crate does not hold together.
    #[error("the recipe of {scheme} does not hold together: {}", .errors.first().map(ToString::to_string).unwrap_or_default())]
    Recipe {
        /// The scheme.
        scheme: &'static str,
        /// Everything that is wrong.
        errors: Vec<CheckError>,
    },
    /// A token endpoint does not fit.
    #[error(transparent)]
    Tokens(#[from] crate::sessions::TokenError),
    /// reqwest could not build its client.
    #[error("the HTTP client could not be built")]
    Http(#[source] reqwest::Error),
}

/// What all calls of a client share; cheap to clone.
#[derive(Clone)]
pub struct Core(Arc<Shared>);

struct Shared {
    provider: &'static str,
    base: BaseUrl,
    base_is_set: bool,
    plain_http: PlainHttp,
    http: ClientWithMiddleware,
    keys: Arc<Keyring>,
    keeper: Arc<Keeper>,
    skew: Arc<Skew>,
    random: Arc<dyn Random>,
    timeout: Option<Duration>,
    deadline: Duration,
    retry: RetryOptions,
    budget: Arc<Budget>,
    gates: Gates,
    limits: BodyLimits,
    redirects: bool,
    has_other_servers: bool,
    observer: Option<Arc<dyn Observer>>,
    methods: Option<Arc<MethodOf>>,
    bases: Option<Arc<BaseUrlOf>>,
}

impl Core {
    /// Starts a call.
    pub fn request(&self, operation: &'static OperationInfo) -> Request {
        Request::new(self.clone(), operation)
    }

    /// Makes the token of a recipe that gives one to its caller.
    ///
    /// # Errors
    /// No credentials for it, or no such recipe; an argument that is missing.
    pub fn give(&self, recipe: &'static str, arguments: &[(&'static str, &str)]) -> Result<auth::Given, SignError> {
        let keys = self.0.keys.at_hand();
        let prepared = keys.as_ref().and_then(|keys| keys.tokens.get(recipe));
        let prepared = prepared.ok_or_else(|| SignError::NoCredentials { schemes: vec![recipe.to_owned()] })?;
        let mut stamp = Stamp::draw(&*self.0.skew, &*self.0.random)?;
        for (name, value) in arguments {
            stamp = stamp.argument(*name, *value);
        }
        prepared.give(&stamp)
    }

    /// Signs with these credentials from now on; attempts on their way keep theirs, and one of them that is rejected
    /// is made again with these.
    ///
    /// # Errors
    /// They do not fit; the old ones stay.
    pub fn set_credentials(&self, credentials: &impl ProviderCredentials) -> Result<(), BuildError> {
        self.0.keys.replace(&credentials.to_auth())
    }

    /// Asks the credentials provider now, if there is one: where keys are known to have changed, or before a token is
    /// made for a caller.
    ///
    /// # Errors
    /// They can't be had, or do not fit; the old ones stay.
    pub async fn refresh_credentials(&self) -> Result<(), CredentialsError> {
        self.0.keys.refresh().await
    }

    pub(crate) fn keeper(&self) -> &Arc<Keeper> {
        &self.0.keeper
    }

    /// The base URL, without a trailing slash.
    pub fn base_url(&self) -> &str {
        self.0.base.as_str()
    }

    pub(crate) fn base(&self) -> &BaseUrl {
        &self.0.base
    }

    /// The base URL of an operation, where it is not that of the client.
    pub(crate) fn own_base(&self, operation: &'static OperationInfo) -> Result<Option<BaseUrl>, RequestError> {
        let base = match self.0.bases.as_ref().and_then(|choose| choose(operation)) {
            Some(chosen) => BaseUrl::parse(&chosen, self.0.plain_http),
            None => match operation.server.filter(|_| !self.0.base_is_set) {
                Some(path) if path.starts_with('/') => self.0.base.with_path(path, self.0.plain_http),
                Some(server) => BaseUrl::parse(server, self.0.plain_http),
                None => return Ok(None),
            },
        };
        base.map(Some).map_err(RequestError::BaseUrl)
    }

    pub(crate) fn http(&self) -> &ClientWithMiddleware {
        &self.0.http
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.0.timeout
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.0.deadline
    }

    pub(crate) fn retry(&self) -> RetryOptions {
        self.0.retry
    }

    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.0.budget
    }

    pub(crate) fn gates(&self) -> &Gates {
        &self.0.gates
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.0.skew.clock()
    }

    pub(crate) fn skew(&self) -> &Skew {
        &self.0.skew
    }

    pub(crate) fn limits(&self) -> BodyLimits {
        self.0.limits
    }

    /// Whether the API has redirects that are followed.
    pub(crate) fn redirects(&self) -> bool {
        self.0.redirects
    }

    /// Whether the API has several servers, of which the client talks to one.
    pub(crate) fn has_other_servers(&self) -> bool {
        self.0.has_other_servers
    }

    pub(crate) fn observer(&self) -> Option<&Arc<dyn Observer>> {
        self.0.observer.as_ref()
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.0.random
    }

    /// The method of an operation; nothing if its spec's is none.
    pub(crate) fn method_of(&self, operation: &'static OperationInfo) -> Option<Method> {
        match &self.0.methods {
            Some(choose) => Some(choose(operation)),
            None => Method::from_bytes(operation.method.as_bytes()).ok(),
        }
    }

    /// What separates the parts of a body, drawn anew for each.
    pub(crate) fn boundary(&self) -> Result<String, RequestError> {
        let mut bytes = [0; 16];
        self.0.random.fill(&mut bytes)?;
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub(crate) fn request_id(&self) -> Result<Uuid, RequestError> {
        let mut bytes = [0; 16];
        self.0.random.fill(&mut bytes)?;
        Ok(Uuid::from_random_bytes(bytes))
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("provider", &self.0.provider)
            .field("base_url", &self.0.base)
            .finish_non_exhaustive()
    }
}
