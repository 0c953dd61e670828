//! What generated code says about an API: its operations, its servers, its credentials.

use crate::declared::Declared;
use crate::environment::Environment;
use crate::reply::{Outcome, Reply};
use countersign_auth as auth;
use std::borrow::Cow;
use std::fmt;

/// The facts of one operation: what hooks, traces and tests read.
///
/// A `&'static OperationInfo` stands in the extensions of every request, for middleware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationInfo {
    /// The provider: `acme`.
    pub provider: &'static str,
    /// The operationId.
    pub id: &'static str,
    /// The method: `GET`.
    pub method: &'static str,
    /// The path template: `/profile/token/{tokenID}`; pairs of the query that never change follow it after `?`.
    pub path: &'static str,
    /// The server of this operation, if it has one of its own: a base URL, or a path on the host of the client's.
    pub server: Option<&'static str>,
    /// Security schemes: alternatives, each a set that applies together; none means unsigned.
    pub security: &'static [&'static [&'static str]],
    /// Whether a call may be repeated.
    pub repeat: Repeat,
    /// How often it may be called at once, where the API says so.
    pub limits: Option<Limits>,
}

impl OperationInfo {
    /// The name under which its calls are counted and paused together with others: that of its
    /// [`limits`](Self::limits), else its path template without the query.
    pub fn api(&self) -> &'static str {
        match self.limits {
            Some(limits) => limits.api,
            None => self.path.split_once('?').map_or(self.path, |(path, _)| path),
        }
    }
}

/// The limits of an API, which one or more operations share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The name of the API: a path template, or a name of the spec's.
    pub api: &'static str,
    /// How many calls may run at once, for one account.
    pub concurrent: Option<u32>,
}

/// May a call be repeated?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// After any transient failure.
    Safe,
    /// Only when it surely was not processed.
    Unsafe,
    /// Not even then: a captcha is spent once.
    Never,
}

/// An operation as a type, which carries what its calls yield.
pub trait Operation: Sized + 'static {
    /// What a success yields.
    type Output;
    /// The declared error bodies; [`Infallible`](std::convert::Infallible) where none are.
    type Error;
    /// The facts.
    const INFO: &'static OperationInfo;
    /// The responses that are declared: [`Reply::case`] says which of them came.
    const RESPONSES: &'static [Declared];

    /// Reads the body as what is declared for its case.
    fn read(reply: Reply) -> Outcome<Self>;
}

/// An API: what a client needs to know before its first call.
pub trait Provider: 'static {
    /// Its name: `acme`.
    const NAME: &'static str;
    /// The prefix of environment variables: `ACME`.
    const ENVIRONMENT: &'static str;
    /// `User-Agent`: name and version of the client crate.
    const USER_AGENT: &'static str;
    /// Whether one redirect is followed, to the same origin; each request of it is signed.
    const REDIRECTS: bool = false;
    /// How many servers it has.
    const SERVERS: usize = 1;
    /// Its servers.
    type Server: Server;
    /// Its credentials.
    type Credentials: ProviderCredentials;
    /// The client that is built.
    type Client: From<crate::Core>;

    /// The recipes of its security schemes.
    fn schemes() -> Vec<(&'static str, auth::Recipe)>;

    /// Its schemes that sign with a token of OAuth2.
    fn oauth2() -> Vec<crate::sessions::oauth2::OAuth2Scheme> {
        Vec::new()
    }

    /// The recipes that yield a token to the caller.
    fn tokens() -> Vec<(&'static str, auth::Recipe)> {
        Vec::new()
    }
}

/// The servers of an API; the default is the first one.
pub trait Server: Default {
    /// The base URL; empty if the API names none, so that the client's builder asks for one.
    fn url(&self) -> Cow<'_, str>;
}

/// The credentials of an API.
pub trait ProviderCredentials: Clone + fmt::Debug {
    /// Reads each credential from the environment: first all of them, then `?`, so that everything that is
    /// missing is reported at once.
    fn from_environment(environment: &mut Environment<'_>) -> Option<Self>;

    /// The same by the names of the recipes.
    fn to_auth(&self) -> auth::Credentials;
}
