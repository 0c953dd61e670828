//! Schemes that steps can't say: one hand-written file each, behind one trait.
//!
//! 1. A recipe whose output is [`Output::Custom`] names the scheme and gives its parameters: those of the document
//!    itself in `with`, those that come from elsewhere (credentials, sessions, arguments) as steps.
//! 2. `check` holds them against the scheme's table, and the scheme looks at what only it understands.
//! 3. `prepare` hands the scheme its parameters, resolved with credentials; what comes back signs and verifies.
//!
//! Everything around a scheme is the same as for any recipe: one reading of the clock and one draw of random bytes
//! for each attempt, passed in; instructions instead of a changed request; refusals that look alike to a sender.

mod aws_sigv4;
mod rfc9421;
mod structured;
mod values;

use crate::check::{did_you_mean, escape_pointer};
use crate::error::{CheckError, PrepareError, Refusal, SignError};
use crate::recipe::{Custom, Expression, Fixed, Output, Recipe, Source, Text};
use crate::request::SignableRequest;
use crate::stamp::{Stamp, UnixTime};
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use std::borrow::Cow;
pub(crate) use values::{Checked, Parameters, Value};

/// What a scheme is, for documents, checks and tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Its name in documents.
    pub name: &'static str,
    /// One sentence on it.
    pub about: &'static str,
    /// What it takes.
    pub parameters: &'static [Parameter],
    /// The feature of this crate without which it can be read and checked, and signs nothing.
    pub feature: Option<&'static str>,
}

/// A parameter of a scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in documents.
    pub name: &'static str,
    /// What it holds.
    pub kind: ParameterKind,
    /// Whether a document must give it.
    pub required: bool,
    /// One sentence on it, with what holds where it is left out.
    pub about: &'static str,
}

/// What a parameter holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A key, from a credential; a receiver may hold several.
    Key,
    /// A secret text, from a credential, a session or an argument.
    Secret,
    /// A text of the document, or one from a credential, a session or an argument.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of texts.
    List,
    /// `true` or `false`.
    Flag,
    /// A length of time: `30s`, `5m`, `1h`.
    Duration,
}

impl ParameterKind {
    /// What it is called in messages and tables.
    pub fn name(self) -> String {
        match self {
            ParameterKind::Key => "a key".to_owned(),
            ParameterKind::Secret => "a secret text".to_owned(),
            ParameterKind::Text => "text".to_owned(),
            ParameterKind::Word(words) => format!("one of {}", words.join(", ")),
            ParameterKind::List => "a list of texts".to_owned(),
            ParameterKind::Flag => "true or false".to_owned(),
            ParameterKind::Duration => "a length of time".to_owned(),
        }
    }
}

/// All schemes, in the order of their names.
pub fn schemes() -> impl Iterator<Item = &'static Scheme> {
    ALL.iter().map(|custom| custom.scheme())
}

/// The scheme of this name.
pub fn scheme(name: &str) -> Option<&'static Scheme> {
    schemes().find(|scheme| scheme.name == name)
}

/// The headers that a custom recipe's scheme writes, as it spells them; none of other recipes.
pub fn headers(recipe: &Recipe) -> Vec<&'static str> {
    match &recipe.output {
        Output::Custom(custom) => find(&custom.scheme).map(|found| found.headers(recipe, custom)).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Whether a step of a custom recipe is for a parameter that its scheme can do without: its credential need not be
/// there then.
pub fn is_optional(recipe: &Recipe, step: &str) -> bool {
    let Output::Custom(custom) = &recipe.output else { return false };
    let parameter = scheme(&custom.scheme).and_then(|scheme| parameter(scheme, step));
    parameter.is_some_and(|parameter| !parameter.required)
}

/// The feature of this crate that a recipe needs beyond the usual ones.
pub fn feature(recipe: &Recipe) -> Option<&'static str> {
    match &recipe.output {
        Output::Custom(custom) => scheme(&custom.scheme).and_then(|scheme| scheme.feature),
        _ => None,
    }
}

/// What a hand-written scheme is to the rest of this crate.
pub(crate) trait Handwritten: Sync {
    /// Name and parameters.
    fn scheme(&self) -> &'static Scheme;

    /// What is wrong with parameters of the right kind.
    fn check(&self, custom: &Custom) -> Vec<Problem>;

    /// The headers that it writes.
    fn headers(&self, recipe: &Recipe, custom: &Custom) -> Vec<&'static str>;

    /// Whether it reads the body, so that a stream can't be sent.
    fn covers_body(&self, custom: &Custom) -> bool;

    /// Takes the parameters, resolved with credentials.
    fn prepare(&self, parameters: Parameters) -> Result<Box<dyn Signer>, PrepareError>;
}

/// A scheme with everything that does not change from one request to the next.
pub(crate) trait Signer: Send + Sync {
    /// What to add to a request.
    fn sign(&self, request: &SignableRequest<'_>, stamp: &Stamp) -> Result<Signed, SignError>;

    /// Whether a request that came in holds.
    fn verify(&self, request: &SignableRequest<'_>, now: UnixTime, leeway_millis: i64) -> Result<Checked, Refusal>;

    /// Whether it reads this header, so that it must not change afterwards.
    #[cfg_attr(not(feature = "reqwest"), expect(dead_code, reason = "asked for by the middleware"))]
    fn reads_header(&self, name: &HeaderName) -> bool;

    /// Whether it reads the query, so that nothing may be added to it afterwards.
    #[cfg_attr(not(feature = "reqwest"), expect(dead_code, reason = "asked for by the middleware"))]
    fn reads_query(&self) -> bool;

    /// The time that a `created` of vectors stands for.
    #[cfg_attr(not(feature = "vectors"), expect(dead_code, reason = "asked for by the runner of vectors"))]
    fn time_of(&self, created: &str) -> Option<UnixTime>;
}

/// What a scheme adds to a request.
#[derive(Clone, Default)]
pub(crate) struct Signed {
    /// The name as the scheme spells it, the name, the value.
    pub(crate) headers: Vec<(&'static str, HeaderName, HeaderValue)>,
    /// What it computed, for vectors and explanations.
    pub(crate) steps: Vec<(&'static str, Bytes)>,
    /// What may be used once only.
    pub(crate) single_use: Vec<(&'static str, String)>,
}

impl Signed {
    /// Adds a header; the name is one of this crate's own.
    pub(crate) fn header(
        &mut self,
        scheme: &Text,
        spelled: &'static str,
        value: &str,
        sensitive: bool,
    ) -> Result<(), SignError> {
        let unfit = || SignError::HeaderValue { name: spelled.into() };
        let name = HeaderName::from_bytes(spelled.as_bytes())
            .map_err(|_| SignError::Unsignable { scheme: scheme.clone(), reason: "a header has no name" })?;
        let mut value = HeaderValue::from_str(value).map_err(|_| unfit())?;
        value.set_sensitive(sensitive);
        self.headers.push((spelled, name, value));
        Ok(())
    }
}

/// Something wrong with a parameter that only its scheme understands.
pub(crate) struct Problem {
    /// The parameter.
    pub(crate) parameter: &'static str,
    /// The item, where it is a list.
    pub(crate) item: Option<usize>,
    /// What is wrong.
    pub(crate) message: String,
    /// What helps.
    pub(crate) help: Option<String>,
}

static ALL: [&dyn Handwritten; 2] = [&aws_sigv4::AwsSigV4, &rfc9421::Rfc9421];

fn find(name: &str) -> Option<&'static dyn Handwritten> {
    ALL.iter().copied().find(|custom| custom.scheme().name == name)
}

fn parameter<'s>(scheme: &'s Scheme, name: &str) -> Option<&'s Parameter> {
    scheme.parameters.iter().find(|parameter| parameter.name == name)
}

/// Whether the scheme reads the body.
pub(crate) fn covers_body(custom: &Custom) -> bool {
    find(&custom.scheme).is_some_and(|found| found.covers_body(custom))
}

/// The signer of a custom recipe.
pub(crate) fn prepare(custom: &Custom, parameters: Parameters) -> Result<Box<dyn Signer>, PrepareError> {
    match find(&custom.scheme) {
        Some(found) => found.prepare(parameters),
        None => Err(PrepareError::Unsupported { scheme: parameters.name().clone(), custom: custom.scheme.clone() }),
    }
}

/// A fixed parameter.
pub(crate) fn fixed<'c>(custom: &'c Custom, name: &str) -> Option<&'c Fixed> {
    custom.with.iter().find(|(parameter, _)| parameter == name).map(|(_, value)| value)
}

/// A fixed list; empty where there is none.
pub(crate) fn fixed_list<'c>(custom: &'c Custom, name: &str) -> &'c [Text] {
    match fixed(custom, name) {
        Some(Fixed::List(items)) => items,
        _ => &[],
    }
}

/// A fixed flag, or what holds without one.
pub(crate) fn fixed_flag(custom: &Custom, name: &str, otherwise: bool) -> bool {
    match fixed(custom, name) {
        Some(Fixed::Flag(flag)) => *flag,
        _ => otherwise,
    }
}

/// The source of a parameter in the form that its kind has: a secret is secret, and a key is a key.
#[cfg(feature = "document")]
pub(crate) fn source_of(custom: &str, name: &str, source: Source) -> Source {
    let kind = scheme(custom).and_then(|scheme| parameter(scheme, name)).map(|parameter| parameter.kind);
    match (kind, source) {
        (Some(ParameterKind::Key), Source::Credential { name, .. }) => {
            Source::Key { name, decode: crate::recipe::KeyEncoding::Utf8, strip_prefix: None }
        }
        (Some(ParameterKind::Secret), Source::Credential { name, .. }) => Source::Credential { name, secret: true },
        (_, source) => source,
    }
}

/// What is wrong with a custom recipe beyond its sources.
pub(crate) fn check(recipe: &Recipe, custom: &Custom) -> Vec<CheckError> {
    let mut checker = Checker { recipe, custom, errors: Vec::new() };
    let Some(found) = find(&custom.scheme) else {
        let message = format!("there is no custom scheme `{}`", custom.scheme);
        let names = || schemes().map(|scheme| scheme.name);
        let known = || format!("one of {}", names().collect::<Vec<_>>().join(", "));
        let help = did_you_mean(&custom.scheme, names()).unwrap_or_else(known);
        checker.error("custom".to_owned(), message, Some(help));
        return checker.errors;
    };
    checker.parameters(found.scheme());
    checker.settable();
    if recipe.rules != crate::recipe::Rules::default() {
        let help = "what a receiver checks is a parameter of the scheme".to_owned();
        checker.error("rules".to_owned(), "a custom scheme has no `rules`".to_owned(), Some(help));
    }
    if checker.errors.is_empty() {
        for Problem { parameter, item, message, help } in found.check(custom) {
            let item = item.map(|index| format!("/{index}")).unwrap_or_default();
            checker.error(format!("with/{parameter}{item}"), message, help);
        }
    }
    checker.errors
}

struct Checker<'r> {
    recipe: &'r Recipe,
    custom: &'r Custom,
    errors: Vec<CheckError>,
}

impl Checker<'_> {
    fn parameters(&mut self, scheme: &'static Scheme) {
        let steps = self.recipe.steps.iter().map(|step| (&step.name, None));
        let fixed = self.custom.with.iter().map(|(name, value)| (name, Some(value)));
        let given: Vec<(&Text, Option<&Fixed>)> = steps.chain(fixed).collect();
        for (index, (name, value)) in given.iter().enumerate() {
            let place = format!("with/{}", escape_pointer(name));
            if given[..index].iter().any(|(earlier, _)| earlier == name) {
                self.error(place.clone(), format!("`{name}` stands twice"), None);
            }
            let Some(parameter) = parameter(scheme, name) else {
                let names = || scheme.parameters.iter().map(|parameter| parameter.name);
                let known = || format!("it has {}", names().collect::<Vec<_>>().join(", "));
                let help = did_you_mean(name, names()).unwrap_or_else(known);
                self.error(place, format!("{} has no parameter `{name}`", scheme.name), Some(help));
                continue;
            };
            match value {
                Some(value) => self.fixed(place, parameter, value),
                None => self.step(place, parameter),
            }
        }
        let missing = |parameter: &&Parameter| given.iter().all(|(name, _)| *name != parameter.name);
        for parameter in scheme.parameters.iter().filter(|parameter| parameter.required).filter(missing) {
            let message = format!("{} needs the parameter `{}`", scheme.name, parameter.name);
            self.error("with".to_owned(), message, Some(parameter.about.to_owned()));
        }
    }

    fn fixed(&mut self, place: String, parameter: &Parameter, value: &Fixed) {
        let found = match (parameter.kind, value) {
            (ParameterKind::Key | ParameterKind::Secret, _) => {
                let message = format!("`{}` is secret, and stands in the document", parameter.name);
                return self.error(place, message, Some("write `{credential: NAME}`".to_owned()));
            }
            (ParameterKind::Text, Fixed::Text(text)) if !text.is_empty() => return,
            (ParameterKind::Word(words), Fixed::Text(text)) => {
                if words.contains(&text.as_ref()) {
                    return;
                }
                let help = did_you_mean(text, words.iter().copied());
                let message = format!("`{text}` is no {}: {} is due", parameter.name, parameter.kind.name());
                return self.error(place, message, help);
            }
            (ParameterKind::Duration, Fixed::Text(text)) => {
                if crate::time::duration(text).is_some_and(|seconds| seconds > 0) {
                    return;
                }
                let help = Some("like 30s, 5m, 1h or 1d".to_owned());
                return self.error(place, format!("`{text}` is no length of time"), help);
            }
            (ParameterKind::List, Fixed::List(_)) | (ParameterKind::Flag, Fixed::Flag(_)) => return,
            (_, Fixed::Text(text)) if text.is_empty() => "no text",
            (_, Fixed::Text(_)) => "text",
            (_, Fixed::List(_)) => "a list",
            (_, Fixed::Flag(_)) => "true or false",
        };
        self.error(place, format!("`{}` is {found}, and {} is due", parameter.name, parameter.kind.name()), None);
    }

    fn step(&mut self, place: String, parameter: &Parameter) {
        let step = self.recipe.steps.iter().find(|step| step.name == parameter.name);
        let Some(step) = step else { return };
        let fits = match (&step.value, parameter.kind) {
            (Expression::Source(Source::Key { .. }), ParameterKind::Key) => true,
            (Expression::Source(Source::Credential { secret, .. }), kind) => {
                kind == ParameterKind::Text || kind == ParameterKind::Secret && *secret
            }
            (
                Expression::Source(Source::Session { .. } | Source::Argument { .. }),
                ParameterKind::Text | ParameterKind::Secret,
            ) => true,
            _ => false,
        };
        if !fits {
            let help = match parameter.kind {
                ParameterKind::Key => "write `{credential: NAME}`, or `{key: NAME, decode: base64}`",
                ParameterKind::Secret | ParameterKind::Text => {
                    "write `{credential: NAME}`, `{session: NAME}` or `{argument: NAME}`"
                }
                _ => "write it down here",
            };
            let message = format!("`{}` can't come from there: {} is due", parameter.name, parameter.kind.name());
            return self.error(place, message, Some(help.to_owned()));
        }
        let optional = matches!(step.value, Expression::Source(Source::Argument { optional: true, .. }));
        if optional && parameter.required {
            let message = format!("`{}` must be there, and the argument is optional", parameter.name);
            self.error(place, message, None);
        }
    }

    fn settable(&mut self) {
        for (index, name) in self.custom.settable.iter().enumerate() {
            if fixed(self.custom, name).is_none() {
                let names = self.custom.with.iter().map(|(name, _)| name.as_ref());
                let help = did_you_mean(name, names);
                let message = format!("`{name}` is no parameter that stands in `with` as a value");
                self.error(format!("settable/{index}"), message, help);
            }
        }
    }

    fn error(&mut self, part: String, message: String, help: Option<String>) {
        self.errors.push(CheckError { step: None, part, message, help });
    }
}

/// The text of a header for a signature; an error if it is not text.
pub(crate) fn header_text<'h>(value: &'h HeaderValue, name: &HeaderName) -> Result<&'h str, SignError> {
    let not_text = |_| SignError::NotUtf8 { step: Cow::Owned(format!("header {name}")) };
    std::str::from_utf8(value.as_bytes()).map_err(not_text)
}
