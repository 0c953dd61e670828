//! What can go wrong while signing and verifying.
//!
//! Messages name steps, headers and credentials of the recipe, never their values.

use crate::recipe::{Setting, Text};
use crate::stamp::RandomError;

/// A recipe that does not hold together; [`crate::check()`] gives all of them at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CheckError {
    /// The step, where the error stands in one.
    pub step: Option<Text>,
    /// JSON pointer inside the recipe, without the leading slash: `values/token/key`.
    pub part: String,
    /// What is wrong.
    pub message: String,
    /// What helps.
    pub help: Option<String>,
}

/// Credentials that do not fit a recipe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// A credential is not there.
    #[error("{scheme} needs the credential `{name}`")]
    Missing {
        /// The recipe.
        scheme: Text,
        /// The credential.
        name: Text,
    },
    /// A key is given as plain text, or a text as a key.
    #[error("{scheme} takes the credential `{name}` as a {expected}")]
    Kind {
        /// The recipe.
        scheme: Text,
        /// The credential.
        name: Text,
        /// What the recipe asks for.
        expected: &'static str,
    },
    /// A key or a secret text has no bytes.
    #[error("the credential `{name}` of {scheme} is empty")]
    Empty {
        /// The recipe.
        scheme: Text,
        /// The credential.
        name: Text,
    },
    /// The text of a key is not in the encoding that the recipe names.
    #[error("the credential `{name}` of {scheme} is not valid {encoding}")]
    Encoding {
        /// The recipe.
        scheme: Text,
        /// The credential.
        name: Text,
        /// What the recipe asks for.
        encoding: &'static str,
    },
    /// The text of a key does not begin as the recipe says.
    #[error("the credential `{name}` of {scheme} does not begin with `{prefix}`")]
    Prefix {
        /// The recipe.
        scheme: Text,
        /// The credential.
        name: Text,
        /// The prefix that the recipe takes off.
        prefix: Text,
    },
    /// A text credential goes into a header and can't stand there.
    #[error("a credential of {scheme} has characters that the header `{header}` can't carry")]
    Header {
        /// The recipe.
        scheme: Text,
        /// The header.
        header: Text,
    },
    /// A receiver holds too many keys to try.
    #[error("{scheme} is given too many keys to try: at most {limit} combinations")]
    TooManyKeys {
        /// The recipe.
        scheme: Text,
        /// The limit.
        limit: usize,
    },
    /// A custom scheme needs a feature of this crate that is off.
    #[error("{scheme} needs `{custom}`, which the feature `{feature}` of countersign-auth brings")]
    Feature {
        /// The recipe.
        scheme: Text,
        /// The custom scheme.
        custom: &'static str,
        /// The feature.
        feature: &'static str,
    },
    /// There is no such custom scheme; the check says so first.
    #[error("{scheme} needs `{custom}`, and there is no such scheme")]
    Unsupported {
        /// The recipe.
        scheme: Text,
        /// The custom scheme.
        custom: Text,
    },
    /// More leeway than a receiver may have.
    #[error("a leeway of {seconds} s is more than the 60 s that a receiver may have")]
    Leeway {
        /// What was asked for.
        seconds: u32,
    },
}

/// An option that a recipe does not let a user change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// There is no such step.
    #[error("{scheme} has no step `{step}`")]
    UnknownStep {
        /// The recipe.
        scheme: Text,
        /// The step.
        step: String,
    },
    /// The recipe does not leave this open.
    #[error("`{}` of `{part}` is not settable in {scheme}", setting_name(*.setting))]
    NotSettable {
        /// The recipe.
        scheme: Text,
        /// The step, or `send`.
        part: String,
        /// The option.
        setting: Setting,
    },
    /// A custom scheme's parameter that is not there, or that its recipe does not leave open.
    #[error("the parameter `{parameter}` is not settable in {scheme}")]
    Parameter {
        /// The recipe.
        scheme: Text,
        /// The parameter.
        parameter: String,
    },
    /// A template is not well formed.
    #[error("the template of `{name}` is not well formed: {reason}")]
    Template {
        /// The header or query pair.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// With the options the recipe no longer holds together.
    #[error("{scheme} does not hold together with these options: {}", first_message(.errors))]
    Check {
        /// The recipe.
        scheme: Text,
        /// Everything that is wrong.
        errors: Vec<CheckError>,
    },
}

fn first_message(errors: &[CheckError]) -> String {
    errors.first().map(|error| format!("{}: {}", error.part, error.message)).unwrap_or_default()
}

pub(crate) const fn setting_name(setting: Setting) -> &'static str {
    match setting {
        Setting::Arrays => "arrays",
        Setting::Only => "only",
        Setting::WithoutBody => "without-body",
        Setting::Empty => "empty",
        Setting::Header => "header",
        Setting::Query => "query",
        Setting::Body => "body",
    }
}

/// A request that could not be signed; nothing has been sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The body is a stream, and the recipe reads or replaces it.
    #[error("request body is a stream, and {scheme} covers the body")]
    StreamingBody {
        /// The scheme.
        scheme: Text,
    },
    /// The recipe asks for an argument that the caller did not give.
    #[error("{scheme} needs the argument `{name}`")]
    MissingArgument {
        /// The scheme.
        scheme: Text,
        /// The argument.
        name: Text,
    },
    /// The recipe asks for a session token that is not there.
    #[error("{scheme} needs a session: no `{name}`")]
    MissingSession {
        /// The scheme.
        scheme: Text,
        /// The session.
        name: Text,
    },
    /// A given stamp lacks a step's value.
    #[error("the given stamp has no value for the step `{step}`")]
    MissingValue {
        /// The step.
        step: Text,
    },
    /// A given value is not of the form that the step has.
    #[error("the value given for the step `{step}` is not {expected}")]
    MalformedValue {
        /// The step.
        step: Text,
        /// What it should be.
        expected: &'static str,
    },
    /// A value is longer than the provider takes.
    #[error("the step `{step}` has more than {limit} characters")]
    TooLong {
        /// The step.
        step: Text,
        /// The limit.
        limit: u32,
    },
    /// A header that the recipe reads is not there.
    #[error("{scheme} reads the header `{name}`, and the request has none")]
    MissingHeader {
        /// The scheme.
        scheme: Text,
        /// The header.
        name: Text,
    },
    /// A header that the recipe reads stands twice.
    #[error("{scheme} reads the header `{name}`, and the request has several")]
    RepeatedHeader {
        /// The scheme.
        scheme: Text,
        /// The header.
        name: Text,
    },
    /// The recipe reads host or URL, and the base URL is not one.
    #[error("{scheme} reads the URL, and the base is not an absolute http or https URL")]
    Base {
        /// The scheme.
        scheme: Text,
    },
    /// The request target is not a path.
    #[error("the request target does not start with `/`")]
    Target,
    /// A body or header that must be text is not UTF-8.
    #[error("what the step `{step}` reads is not UTF-8")]
    NotUtf8 {
        /// The step.
        step: Text,
    },
    /// A body that must be JSON is not.
    #[error("what the step `{step}` reads is not JSON that can be printed again: {reason}")]
    NotJson {
        /// The step.
        step: Text,
        /// What is wrong, with the byte's place.
        reason: String,
    },
    /// A body that must be a form is not.
    #[error("what the step `{step}` reads is not an urlencoded form")]
    NotForm {
        /// The step.
        step: Text,
    },
    /// A value can't stand in a header.
    #[error("the value of the header `{name}` has characters that a header can't carry")]
    HeaderValue {
        /// The header.
        name: Text,
    },
    /// A value contains what separates it from its neighbor.
    #[error("the step `{step}` contains the text that follows it in `{name}`")]
    Ambiguous {
        /// The header or query pair.
        name: Text,
        /// The step.
        step: Text,
    },
    /// The caller's query or form has a pair that the recipe adds; every receiver refuses two.
    #[error("`{name}` stands in the caller's {part} already, and the recipe adds it")]
    DoubledPair {
        /// The pair.
        name: Text,
        /// `query` or `form`.
        part: &'static str,
    },
    /// A custom scheme can't sign this request.
    #[error("{scheme} can't sign this request: {reason}")]
    Unsignable {
        /// The scheme.
        scheme: Text,
        /// What is in the way.
        reason: &'static str,
    },
    /// The recipe ends the other way.
    #[error("{scheme} {ends}")]
    Output {
        /// The scheme.
        scheme: Text,
        /// How it ends.
        ends: &'static str,
    },
    /// The random source failed.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A request came to the signing layer without a word on how it is signed.
    #[error("request does not say how it is to be signed")]
    Undeclared,
    /// None of the operation's requirements can be met with the credentials that are there.
    #[error("no credentials for any of: {}", .schemes.join(", "))]
    NoCredentials {
        /// The schemes, alternatives in order.
        schemes: Vec<String>,
    },
    /// Two schemes of one requirement set the same header or body.
    #[error("{first} and {second} both set `{part}`")]
    Conflict {
        /// One scheme.
        first: Text,
        /// The other.
        second: Text,
        /// A header's name, or `body`.
        part: Text,
    },
    /// The request goes to another place than the client's base URL.
    #[error("request does not go to the base URL that the credentials are for")]
    Elsewhere,
}

/// A request that was not verified.
///
/// Its text is the same whatever the cause, because it may reach the sender; [`VerifyError::cause`] is for the
/// operator's log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("request could not be verified")]
pub struct VerifyError {
    cause: Refusal,
}

impl VerifyError {
    /// Why, precisely; for the operator, not for the sender.
    pub const fn cause(&self) -> &Refusal {
        &self.cause
    }
}

impl From<Refusal> for VerifyError {
    fn from(cause: Refusal) -> Self {
        VerifyError { cause }
    }
}

/// Why a request was not verified.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A part that the recipe puts into a request is not there.
    #[error("{part} is missing")]
    Missing {
        /// The header, query pair, form member or claim.
        part: String,
    },
    /// A part stands twice.
    #[error("{part} stands twice")]
    Doubled {
        /// The header, query pair, form member or claim.
        part: String,
    },
    /// A part does not have the form that the recipe gives it.
    #[error("{part} is not of the recipe's form")]
    Malformed {
        /// The header, query pair, form member or claim.
        part: String,
    },
    /// A part is longer than any sender's.
    #[error("{part} is too long")]
    TooLong {
        /// The header, query pair or body.
        part: String,
    },
    /// What came is not what the recipe yields.
    #[error("{part} differs")]
    Differs {
        /// The step, or the claim.
        part: String,
    },
    /// A token is not one: its parts, their encoding, or their JSON.
    #[error("the token is malformed: {reason}")]
    Token {
        /// What is wrong.
        reason: String,
    },
    /// A token says another algorithm, or asks for something that must be understood.
    #[error("the token's header does not fit: {reason}")]
    TokenHeader {
        /// What is wrong.
        reason: String,
    },
    /// No key fits.
    #[error("the signature does not fit")]
    Signature,
    /// A time lies too far from now.
    #[error("`{step}` is outside the window")]
    NotFresh {
        /// The step with the time.
        step: Text,
    },
    /// An expiry is past.
    #[error("`{step}` is past")]
    Expired {
        /// The step with the expiry.
        step: Text,
    },
    /// A token says that it begins, or was issued, later than now.
    #[error("{part} is ahead")]
    NotYet {
        /// The claim.
        part: String,
    },
    /// An expiry lies too far ahead.
    #[error("`{step}` is too far ahead")]
    TooFarAhead {
        /// The step with the expiry.
        step: Text,
    },
    /// The recipe carries a drawn value nowhere, so no receiver can know it.
    #[error("the recipe does not carry `{name}`")]
    NotCarried {
        /// The step, argument or session.
        name: Text,
    },
    /// A step can't be recomputed from this request.
    #[error("can't recompute: {0}")]
    Recompute(SignError),
}
