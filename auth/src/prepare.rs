//! Checked recipe + credentials -> prepared signer: keys decoded, MAC states ready, templates split.
//!
//! The recipe becomes a `Plan`: steps and the sources that stand inside them as `Node`s in the order of
//! computing, which refer to each other by index. [`crate::sign`] computes them, [`crate::verify`] reads them
//! back; both leave the plan as it is, so one plan serves all requests of a client.

use crate::check::{CheckedRecipe, Facts, inputs, random_bytes};
use crate::custom::{self, Parameters, Signer};
use crate::error::PrepareError;
use crate::operations::encode::{decode_base64, decode_base64url, decode_hex, encode};
use crate::operations::json::{self, Member};
use crate::operations::jws;
use crate::operations::mac::MacState;
use crate::recipe::{
    Carrier, Custom, Encoding, Escape, Expression, FormPart, HashAlgorithm, Input, JwsPayload, KeyEncoding, Operation,
    Output, PhpArrays, RandomForm, Recipe, RequestPart, Send, Source, Substitutes, TargetFrom, Template, TemplatePart,
    Text, TimeForm,
};
use crate::secret::{Secret, SecretKey};
use crate::values::Piece;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// How many combinations of keys a receiver tries.
const KEY_LIMIT: usize = 32;
/// How much leeway a receiver's clock may have.
const LEEWAY_LIMIT: u32 = 60;

/// Credentials by name, as the recipe calls them.
#[derive(Clone, Default)]
pub struct Credentials {
    values: Vec<(Cow<'static, str>, CredentialValue)>,
}

#[derive(Clone)]
enum CredentialValue {
    Text(String),
    Secret(Secret),
    Keys(Vec<Secret>),
}

impl Credentials {
    /// No credentials.
    pub fn new() -> Self {
        Credentials::default()
    }

    /// Adds a text that may be shown; a later value of the same name wins.
    #[must_use]
    pub fn text(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.values.push((name.into(), CredentialValue::Text(value.into())));
        self
    }

    /// Adds a secret text; a later value of the same name wins.
    #[must_use]
    pub fn secret(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Secret>) -> Self {
        self.values.push((name.into(), CredentialValue::Secret(value.into())));
        self
    }

    /// Adds a key; a later value of the same name wins.
    #[must_use]
    pub fn key(self, name: impl Into<Cow<'static, str>>, value: impl Into<Secret>) -> Self {
        self.keys(name, [value])
    }

    /// Adds a key of which a receiver holds several; a sender signs with the first.
    #[must_use]
    pub fn keys(
        mut self,
        name: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item = impl Into<Secret>>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.values.push((name.into(), CredentialValue::Keys(values)));
        self
    }

    /// A text or secret by its name; of several keys the first.
    pub fn get(&self, name: &str) -> Option<Secret> {
        match self.find(name)? {
            CredentialValue::Text(text) => Some(Secret::new(text.clone())),
            CredentialValue::Secret(secret) => Some(secret.clone()),
            CredentialValue::Keys(keys) => keys.first().cloned(),
        }
    }

    /// Whose credentials these are, as a [`fingerprint`](crate::fingerprint()): of those that may be shown, so that a
    /// new key of the same account changes nothing; of all where none may be shown.
    pub fn owner(&self) -> String {
        let may_be_shown = |value: &CredentialValue| matches!(value, CredentialValue::Text(_));
        let any = self.values.iter().any(|(_, value)| may_be_shown(value));
        self.fingerprint_of(|value| !any || may_be_shown(value))
    }

    /// What tells these credentials from others, as a [`fingerprint`](crate::fingerprint()).
    pub fn fingerprint(&self) -> String {
        self.fingerprint_of(|_| true)
    }

    fn fingerprint_of(&self, takes: impl Fn(&CredentialValue) -> bool) -> String {
        let mut parts: Vec<&[u8]> = Vec::new();
        for (name, value) in self.values.iter().filter(|(_, value)| takes(value)) {
            parts.push(name.as_bytes());
            match value {
                CredentialValue::Text(text) => parts.push(text.as_bytes()),
                CredentialValue::Secret(secret) => parts.push(secret.expose().as_bytes()),
                CredentialValue::Keys(keys) => parts.extend(keys.iter().map(|key| key.expose().as_bytes())),
            }
            // Between the keys of one and the name of the next.
            parts.push(&[0xff]);
        }
        crate::fingerprint(parts)
    }

    fn find(&self, name: &str) -> Option<&CredentialValue> {
        self.values.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value)
    }
}

// Whoever gives a secret as plain text by mistake shall not find it in a log.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let redacted = format_args!("[redacted]");
        f.debug_map().entries(self.values.iter().map(|(name, _)| (name, &redacted))).finish()
    }
}

/// A recipe resolved with credentials: keys decoded, MAC states ready, templates split.
///
/// Cloning it is cheap; one serves all requests of a client.
#[derive(Clone)]
pub struct Prepared {
    pub(crate) plan: Arc<Plan>,
    pub(crate) leeway_millis: i64,
}

impl Prepared {
    pub(crate) fn new(checked: &CheckedRecipe, credentials: &Credentials) -> Result<Self, PrepareError> {
        let recipe = checked.shared();
        let mut planner = Planner {
            recipe: &recipe,
            facts: checked.facts(),
            credentials,
            nodes: Vec::new(),
            steps: Vec::new(),
            keys: Vec::new(),
            entropy: 0,
        };
        // The steps of a custom recipe are parameters, which its scheme resolves by their names.
        if !matches!(recipe.output, Output::Custom(_)) {
            planner.steps()?;
        }
        let output = planner.output()?;
        let Planner { nodes, steps, keys, .. } = planner;
        let combinations = keys.iter().try_fold(1, |product: usize, key| product.checked_mul(key.secrets.len()));
        if combinations.is_none_or(|count| count > KEY_LIMIT) {
            return Err(PrepareError::TooManyKeys { scheme: recipe.name.clone(), limit: KEY_LIMIT });
        }
        let key_counts = keys.iter().map(|key| key.secrets.len()).collect();
        let rules = PlannedRules::new(&recipe, &steps);
        let covers_body = checked.covers_body();
        let (recipe, owner) = (Arc::clone(&recipe), credentials.owner());
        let plan = Plan { recipe, owner, nodes, steps, key_counts, output, rules, covers_body };
        Ok(Prepared { plan: Arc::new(plan), leeway_millis: 0 })
    }

    /// The recipe.
    pub fn recipe(&self) -> &Recipe {
        &self.plan.recipe
    }

    /// Whose credentials it signs with: [`Credentials::owner`] of those that it was prepared with.
    pub fn owner(&self) -> &str {
        &self.plan.owner
    }

    /// Whether the recipe reads or replaces the body, so that a stream can't be sent.
    pub fn covers_body(&self) -> bool {
        self.plan.covers_body
    }

    /// Whether what the recipe sends depends on the time. Each scheme that is written by hand may.
    #[cfg(feature = "reqwest")]
    pub(crate) fn holds_time(&self) -> bool {
        let custom = matches!(self.plan.output, PlannedOutput::Custom(_));
        custom || self.plan.nodes.iter().any(|node| matches!(node.action, Action::Time { .. }))
    }

    /// The media type of the body that the recipe makes, if it makes one whose form is known.
    #[cfg(feature = "reqwest")]
    pub(crate) fn body_media_type(&self) -> Option<&'static str> {
        let PlannedOutput::Send(send) = &self.plan.output else { return None };
        match self.plan.nodes[send.body?].action {
            Action::PhpJson { .. } | Action::JsonArray { .. } | Action::JsonObject { .. } => Some("application/json"),
            Action::Form { .. } => Some("application/x-www-form-urlencoded"),
            _ => None,
        }
    }

    /// Whether the recipe reads this header, so that it must not change afterwards.
    #[cfg(feature = "reqwest")]
    pub(crate) fn reads_header(&self, name: &HeaderName) -> bool {
        if let PlannedOutput::Custom(signer) = &self.plan.output {
            return signer.reads_header(name);
        }
        self.plan.nodes.iter().any(|node| match &node.action {
            Action::Header { header, .. } => header == name,
            Action::Headers { only } => only.iter().any(|(_, header)| header == name),
            _ => false,
        })
    }

    /// Whether the recipe reads the query, so that nothing may be added to it afterwards.
    #[cfg(feature = "reqwest")]
    pub(crate) fn reads_query(&self) -> bool {
        if let PlannedOutput::Custom(signer) = &self.plan.output {
            return signer.reads_query();
        }
        let reads = |node: &Node| matches!(node.action, Action::Query | Action::Target(_) | Action::Url);
        self.plan.nodes.iter().any(reads)
    }

    /// The same with leeway for a receiver's clock, at most 60 s; without it there is none.
    ///
    /// # Errors
    /// More than 60 s.
    pub fn with_leeway(self, seconds: u32) -> Result<Self, PrepareError> {
        if seconds > LEEWAY_LIMIT {
            return Err(PrepareError::Leeway { seconds });
        }
        Ok(Prepared { leeway_millis: i64::from(seconds) * 1000, ..self })
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let credentials = format_args!("[redacted]");
        f.debug_struct("Prepared").field("scheme", &self.plan.recipe.name).field("credentials", &credentials).finish()
    }
}

/// A recipe with everything in it that does not change from one request to the next.
pub(crate) struct Plan {
    pub(crate) recipe: Arc<Recipe>,
    /// Whose credentials are in it.
    pub(crate) owner: String,
    pub(crate) nodes: Vec<Node>,
    /// The node of each step.
    pub(crate) steps: Vec<usize>,
    /// How many keys there are of each name.
    pub(crate) key_counts: Vec<usize>,
    pub(crate) output: PlannedOutput,
    pub(crate) rules: PlannedRules,
    pub(crate) covers_body: bool,
}

/// A step, or a source that stands inside one.
pub(crate) struct Node {
    /// The step's name; of an inline source, the name of the step that it stands in.
    pub(crate) name: Text,
    pub(crate) action: Action,
    pub(crate) facts: Facts,
}

pub(crate) enum Action {
    /// A credential or a literal.
    Constant(Bytes),
    Key,
    Random {
        form: RandomForm,
        offset: usize,
        max_length: Option<u32>,
    },
    Time {
        form: TimeForm,
        plus_seconds: i64,
    },
    Argument {
        name: Text,
        optional: bool,
    },
    Session {
        name: Text,
    },
    Method,
    Path(TargetFrom),
    Query,
    Target(TargetFrom),
    Host,
    Url,
    Body,
    Header {
        name: Text,
        header: HeaderName,
    },
    Headers {
        only: Vec<(Text, HeaderName)>,
    },
    Hash {
        algorithm: HashAlgorithm,
        of: usize,
        encode: Encoding,
        substitutes: PlannedSubstitutes,
    },
    Hmac {
        algorithm: HashAlgorithm,
        macs: Macs,
        of: usize,
        encode: Encoding,
        substitutes: PlannedSubstitutes,
    },
    Concat {
        parts: Vec<usize>,
        separator: Bytes,
        substitutes: PlannedSubstitutes,
    },
    JsonArray {
        items: Vec<usize>,
        escape: Escape,
    },
    JsonObject {
        members: Vec<(Text, usize)>,
        escape: Escape,
    },
    PhpJson {
        of: usize,
        arrays: PhpArrays,
        substitutes: PlannedSubstitutes,
    },
    Form {
        parts: Vec<PlannedFormPart>,
        substitutes: PlannedSubstitutes,
    },
    SortedForm {
        of: usize,
        substitutes: PlannedSubstitutes,
    },
    Jws(Box<PlannedJws>),
}

impl Action {
    /// Whether it computes something, and is not a source.
    pub(crate) const fn is_operation(&self) -> bool {
        matches!(
            self,
            Action::Hash { .. }
                | Action::Hmac { .. }
                | Action::Concat { .. }
                | Action::JsonArray { .. }
                | Action::JsonObject { .. }
                | Action::PhpJson { .. }
                | Action::Form { .. }
                | Action::SortedForm { .. }
                | Action::Jws(_)
        )
    }
}

/// One MAC state for each key, in the order of the keys.
pub(crate) struct Macs {
    /// Which name of key.
    pub(crate) key: usize,
    pub(crate) states: Vec<MacState>,
}

/// Results that stand in for missing input.
pub(crate) struct PlannedSubstitutes {
    /// The input that may be missing: the body, or a map.
    pub(crate) of: Option<usize>,
    pub(crate) without_body: Option<Bytes>,
    pub(crate) empty: Option<Bytes>,
}

#[derive(Clone)]
pub(crate) enum PlannedFormPart {
    Text(usize),
    Pair(Text, usize),
}

pub(crate) struct PlannedJws {
    pub(crate) macs: Macs,
    pub(crate) algorithm: &'static str,
    pub(crate) tag_length: usize,
    pub(crate) header: Vec<(Text, Text)>,
    pub(crate) header_json: Bytes,
    /// The encoded header with its dot.
    pub(crate) head: Bytes,
    pub(crate) payload: PlannedPayload,
    pub(crate) escape: Escape,
}

pub(crate) enum PlannedPayload {
    Claims(Vec<Claim>),
    Exact(usize),
}

pub(crate) struct Claim {
    pub(crate) name: Text,
    pub(crate) value: usize,
    /// A Unix time, which is a JSON number.
    pub(crate) number: bool,
    /// An argument that may be absent.
    pub(crate) optional: bool,
}

pub(crate) enum PlannedOutput {
    Give(usize),
    Send(PlannedSend),
    Custom(Box<dyn Signer>),
}

pub(crate) struct PlannedSend {
    pub(crate) headers: Vec<PlannedHeader>,
    pub(crate) query: Vec<(Text, PlannedCarrier)>,
    pub(crate) body: Option<usize>,
    /// A text that is written in front of a node, because a header begins with both.
    pub(crate) prefix: Option<(usize, Bytes)>,
}

pub(crate) struct PlannedHeader {
    /// As the recipe spells it.
    pub(crate) spelled: Text,
    pub(crate) name: HeaderName,
    pub(crate) carrier: PlannedCarrier,
    /// The whole value, where it is the same for every signature.
    pub(crate) constant: Option<HeaderValue>,
    pub(crate) sensitive: bool,
}

pub(crate) enum PlannedCarrier {
    One(Vec<PlannedPart>),
    Many(Vec<Vec<PlannedPart>>, Text),
}

pub(crate) enum PlannedPart {
    Text(Text),
    Step(usize),
}

impl PlannedPart {
    /// The node of a step.
    pub(crate) const fn step(&self) -> Option<usize> {
        match self {
            PlannedPart::Text(_) => None,
            PlannedPart::Step(node) => Some(*node),
        }
    }
}

pub(crate) struct PlannedRules {
    pub(crate) single_use: Vec<usize>,
    /// The time's node and the window in milliseconds.
    pub(crate) freshness: Option<(usize, i64)>,
    /// The expiry's node and the longest time ahead in milliseconds.
    pub(crate) lifetime: Option<(usize, i64)>,
}

impl PlannedRules {
    fn new(recipe: &Recipe, steps: &[usize]) -> Self {
        let node = |name: &Text| {
            let index = recipe.steps.iter().position(|step| step.name == *name);
            index.map_or(0, |index| steps[index])
        };
        let rules = &recipe.rules;
        PlannedRules {
            single_use: rules.single_use.iter().map(node).collect(),
            freshness: rules.freshness.as_ref().map(|rule| (node(&rule.of), i64::from(rule.window_seconds) * 1000)),
            lifetime: rules.lifetime.as_ref().map(|rule| (node(&rule.of), i64::from(rule.max_seconds) * 1000)),
        }
    }
}

/// The keys of one name.
struct KeySet {
    name: Text,
    secrets: Vec<SecretKey>,
}

struct Planner<'a> {
    recipe: &'a Recipe,
    facts: &'a [Facts],
    credentials: &'a Credentials,
    nodes: Vec<Node>,
    steps: Vec<usize>,
    keys: Vec<KeySet>,
    entropy: usize,
}

impl Planner<'_> {
    fn steps(&mut self) -> Result<(), PrepareError> {
        for (step, facts) in self.recipe.steps.iter().zip(self.facts) {
            let action = match &step.value {
                Expression::Source(source) => self.source(source)?,
                Expression::Operation(operation) => self.operation(&step.name, operation, *facts)?,
            };
            self.nodes.push(Node { name: step.name.clone(), action, facts: *facts });
            self.steps.push(self.nodes.len() - 1);
        }
        Ok(())
    }

    /// The parameters of a custom scheme, resolved; optional ones without their credential are left out.
    fn custom(&mut self, custom: &Custom) -> Result<Box<dyn Signer>, PrepareError> {
        let fixed = custom.with.iter().map(|(name, value)| (name.clone(), custom::Value::fixed(value)));
        let mut values: Vec<(Text, custom::Value)> = fixed.collect();
        for step in self.recipe.steps.iter() {
            let Expression::Source(source) = &step.value else { continue };
            match self.parameter(source) {
                Ok(value) => values.push((step.name.clone(), value)),
                Err(PrepareError::Missing { .. }) if custom::is_optional(self.recipe, &step.name) => {}
                Err(error) => return Err(error),
            }
        }
        custom::prepare(custom, Parameters::new(self.recipe.name.clone(), values))
    }

    fn parameter(&mut self, source: &Source) -> Result<custom::Value, PrepareError> {
        Ok(match source {
            Source::Credential { name, secret } => custom::Value::Constant(self.text(name, *secret)?),
            Source::Key { name, decode, strip_prefix } => {
                self.key_set(name, *decode, strip_prefix.as_ref())?;
                let set = self.keys.iter().find(|set| set.name == *name);
                custom::Value::Keys(set.map(|set| set.secrets.clone()).unwrap_or_default())
            }
            Source::Session { name } => custom::Value::Session(name.clone()),
            Source::Argument { name, optional } => custom::Value::Argument { name: name.clone(), optional: *optional },
            Source::Literal(text) => custom::Value::Text(text.clone()),
            // The check has refused all else.
            _ => {
                return Err(PrepareError::Unsupported { scheme: self.recipe.name.clone(), custom: "source".into() });
            }
        })
    }

    fn source(&mut self, source: &Source) -> Result<Action, PrepareError> {
        Ok(match source {
            Source::Credential { name, secret } => Action::Constant(self.text(name, *secret)?),
            Source::Basic { username, password } => Action::Constant(self.basic(username, password)?),
            Source::Key { name, decode, strip_prefix } => {
                self.key_set(name, *decode, strip_prefix.as_ref())?;
                Action::Key
            }
            Source::Random { form, max_length } => {
                let offset = self.entropy;
                self.entropy += random_bytes(*form);
                Action::Random { form: *form, offset, max_length: *max_length }
            }
            Source::Time { form, plus_seconds } => Action::Time { form: *form, plus_seconds: *plus_seconds },
            Source::Argument { name, optional } => Action::Argument { name: name.clone(), optional: *optional },
            Source::Session { name } => Action::Session { name: name.clone() },
            Source::Literal(text) => Action::Constant(Bytes::from_owner(text.clone().into_owned())),
            Source::Request(part) => request_part(part),
        })
    }

    /// A text credential; whoever drops its last copy wipes it if it is secret.
    fn text(&self, name: &Text, secret: bool) -> Result<Bytes, PrepareError> {
        let scheme = || self.recipe.name.clone();
        let missing = || PrepareError::Missing { scheme: scheme(), name: name.clone() };
        let found = self.credentials.find(name).ok_or_else(missing)?;
        let empty = match found {
            CredentialValue::Text(text) => text.is_empty(),
            CredentialValue::Secret(text) => text.is_empty(),
            CredentialValue::Keys(_) => false,
        };
        if secret && empty {
            // A receiver would take everyone who sends nothing.
            return Err(PrepareError::Empty { scheme: scheme(), name: name.clone() });
        }
        match (found, secret) {
            (CredentialValue::Text(text), false) => Ok(Bytes::from_owner(text.clone())),
            (CredentialValue::Text(text), true) => Ok(wiped(text)),
            (CredentialValue::Secret(text), _) => Ok(wiped(text.expose())),
            (CredentialValue::Keys(_), _) => {
                Err(PrepareError::Kind { scheme: scheme(), name: name.clone(), expected: "text" })
            }
        }
    }

    /// `user-pass` of RFC 7617, section 2; the password may be empty, the user name has no colon.
    fn basic(&self, username: &Text, password: &Text) -> Result<Bytes, PrepareError> {
        let scheme = || self.recipe.name.clone();
        let text = |name: &Text| match self.credentials.find(name) {
            Some(CredentialValue::Text(text)) => Ok(Zeroizing::new(text.clone())),
            Some(CredentialValue::Secret(text)) => Ok(Zeroizing::new(text.expose().to_owned())),
            Some(CredentialValue::Keys(_)) => {
                Err(PrepareError::Kind { scheme: scheme(), name: name.clone(), expected: "text" })
            }
            None => Err(PrepareError::Missing { scheme: scheme(), name: name.clone() }),
        };
        let (user, pass) = (text(username)?, text(password)?);
        let control = |text: &str| text.chars().any(char::is_control);
        if user.contains(':') || control(&user) || control(&pass) {
            return Err(PrepareError::Header { scheme: scheme(), header: "Authorization".into() });
        }
        if user.is_empty() && pass.is_empty() {
            return Err(PrepareError::Empty { scheme: scheme(), name: username.clone() });
        }
        let joined = Zeroizing::new(format!("{}:{}", *user, *pass));
        let mut encoded = Vec::new();
        encode(&mut encoded, joined.as_bytes(), Encoding::Base64);
        Ok(Bytes::from_owner(Zeroizing::new(encoded)))
    }

    fn key_set(&mut self, name: &Text, decode: KeyEncoding, prefix: Option<&Text>) -> Result<(), PrepareError> {
        if self.keys.iter().any(|set| set.name == *name) {
            return Ok(());
        }
        let scheme = || self.recipe.name.clone();
        let given = match self.credentials.find(name) {
            Some(CredentialValue::Keys(keys)) => keys.as_slice(),
            Some(CredentialValue::Secret(secret)) => std::slice::from_ref(secret),
            Some(CredentialValue::Text(_)) => {
                return Err(PrepareError::Kind { scheme: scheme(), name: name.clone(), expected: "key" });
            }
            None => return Err(PrepareError::Missing { scheme: scheme(), name: name.clone() }),
        };
        let decoded = |secret| decode_key(secret, decode, prefix).map_err(|error| error.at(self.recipe, name));
        let secrets = given.iter().map(decoded).collect::<Result<Vec<_>, _>>()?;
        if secrets.is_empty() {
            return Err(PrepareError::Missing { scheme: scheme(), name: name.clone() });
        }
        self.keys.push(KeySet { name: name.clone(), secrets });
        Ok(())
    }

    fn operation(&mut self, step: &Text, operation: &Operation, facts: Facts) -> Result<Action, PrepareError> {
        // Inline sources become nodes of their own, in front of the step; the rest is already there.
        let mut indexes = Vec::new();
        for (_, input) in inputs(operation) {
            indexes.push(self.input(step, input, facts)?);
        }
        let substitutes = |given: &Substitutes| PlannedSubstitutes {
            of: indexes.iter().copied().find(|index| self.may_be_missing(*index)),
            without_body: given.without_body.clone().map(|text| Bytes::from_owner(text.into_owned())),
            empty: given.empty.clone().map(|text| Bytes::from_owner(text.into_owned())),
        };
        let with_names = |members: &[(Text, Input)]| -> Vec<(Text, usize)> {
            members.iter().map(|(name, _)| name.clone()).zip(indexes.iter().copied()).collect()
        };
        let of = indexes.first().copied().unwrap_or_default();
        Ok(match operation {
            Operation::Hash { algorithm, encode, substitutes: given, .. } => {
                Action::Hash { algorithm: *algorithm, of, encode: *encode, substitutes: substitutes(given) }
            }
            Operation::Hmac { algorithm, key, encode, substitutes: given, .. } => Action::Hmac {
                algorithm: *algorithm,
                macs: self.macs(key, *algorithm),
                of,
                encode: *encode,
                substitutes: substitutes(given),
            },
            Operation::Concat { separator, substitutes: given, .. } => Action::Concat {
                substitutes: substitutes(given),
                separator: Bytes::from_owner(separator.clone().into_owned()),
                parts: indexes,
            },
            Operation::JsonArray { escape, .. } => Action::JsonArray { items: indexes, escape: *escape },
            Operation::JsonObject { members, escape } => {
                Action::JsonObject { members: with_names(members), escape: *escape }
            }
            Operation::PhpJson { arrays, substitutes: given, .. } => {
                Action::PhpJson { of, arrays: *arrays, substitutes: substitutes(given) }
            }
            Operation::Form { parts, substitutes: given } => {
                let planned = |(part, index): (&FormPart, &usize)| match part {
                    FormPart::Text(_) => PlannedFormPart::Text(*index),
                    FormPart::Pair(name, _) => PlannedFormPart::Pair(name.clone(), *index),
                };
                Action::Form {
                    parts: parts.iter().zip(&indexes).map(planned).collect(),
                    substitutes: substitutes(given),
                }
            }
            Operation::SortedForm { substitutes: given, .. } => {
                Action::SortedForm { of, substitutes: substitutes(given) }
            }
            Operation::Jws { algorithm, key, header, payload, escape } => {
                let payload = match payload {
                    JwsPayload::Exact(_) => PlannedPayload::Exact(of),
                    JwsPayload::Claims(claims) => {
                        PlannedPayload::Claims(with_names(claims).into_iter().map(|pair| self.claim(pair)).collect())
                    }
                };
                Action::Jws(Box::new(self.jws(key, *algorithm, header, payload, *escape)))
            }
        })
    }

    fn input(&mut self, step: &Text, input: &Input, facts: Facts) -> Result<usize, PrepareError> {
        match input {
            Input::Step(name) => Ok(self.step(name)),
            Input::Source(source) => {
                let action = self.source(source)?;
                self.nodes.push(Node { name: step.clone(), action, facts: facts.of_inline_source() });
                Ok(self.nodes.len() - 1)
            }
        }
    }

    /// The node of a step; the check has seen that it is there.
    fn step(&self, name: &Text) -> usize {
        let index = self.recipe.steps.iter().position(|step| step.name == *name);
        index.and_then(|index| self.steps.get(index).copied()).unwrap_or_default()
    }

    fn may_be_missing(&self, index: usize) -> bool {
        matches!(self.nodes[index].action, Action::Body | Action::Headers { .. })
    }

    fn macs(&self, key: &Text, algorithm: HashAlgorithm) -> Macs {
        // The step's name leads to the credential's name, and that to the keys.
        let step = self.recipe.steps.iter().find(|step| step.name == *key);
        let name = step.and_then(|step| match &step.value {
            Expression::Source(Source::Key { name, .. }) => Some(name),
            _ => None,
        });
        let key = self.keys.iter().position(|set| Some(&set.name) == name).unwrap_or_default();
        let states = self.keys.get(key).into_iter().flat_map(|set| &set.secrets);
        let states = states.filter_map(|secret| MacState::new(algorithm, secret.expose())).collect();
        Macs { key, states }
    }

    fn claim(&self, (name, value): (Text, usize)) -> Claim {
        let action = &self.nodes[value].action;
        let number = matches!(action, Action::Time { form: TimeForm::UnixSeconds | TimeForm::UnixMilliseconds, .. });
        let optional = matches!(action, Action::Argument { optional: true, .. });
        Claim { name, value, number, optional }
    }

    fn jws(
        &self,
        key: &Text,
        algorithm: HashAlgorithm,
        header: &[(Text, Text)],
        payload: PlannedPayload,
        escape: Escape,
    ) -> PlannedJws {
        let mut header_json = Vec::new();
        let members = header.iter().map(|(name, value)| (name.as_ref(), Member::Text(Piece::Slice(value.as_bytes()))));
        json::object(&mut header_json, members, escape);
        PlannedJws {
            macs: self.macs(key, algorithm),
            algorithm: jws::algorithm_name(algorithm).unwrap_or_default(),
            tag_length: crate::operations::digest::digest_length(algorithm),
            header: header.to_vec(),
            head: Bytes::from_owner(jws::head(&header_json)),
            header_json: Bytes::from_owner(header_json),
            payload,
            escape,
        }
    }

    fn output(&mut self) -> Result<PlannedOutput, PrepareError> {
        let recipe = self.recipe;
        match &recipe.output {
            Output::Give(name) => Ok(PlannedOutput::Give(self.step(name))),
            Output::Send(send) => self.send(send).map(PlannedOutput::Send),
            Output::Custom(custom) => self.custom(custom).map(PlannedOutput::Custom),
        }
    }

    fn send(&self, send: &Send) -> Result<PlannedSend, PrepareError> {
        let headers = send.headers.iter().map(|(name, carrier)| self.header(name, carrier));
        let headers = headers.collect::<Result<Vec<_>, _>>()?;
        let query = send.query.iter().map(|(name, carrier)| (name.clone(), self.carrier(carrier))).collect();
        let prefix = headers.iter().find_map(|header| self.prefix(header));
        Ok(PlannedSend { headers, query, body: send.body.as_ref().map(|name| self.step(name)), prefix })
    }

    fn header(&self, spelled: &Text, carrier: &Carrier) -> Result<PlannedHeader, PrepareError> {
        let scheme = || self.recipe.name.clone();
        let unfit = || PrepareError::Header { scheme: scheme(), header: spelled.clone() };
        let name = HeaderName::from_bytes(spelled.as_bytes()).map_err(|_| unfit())?;
        // The first copy of a name allocates what all later copies share; it is made here, once.
        drop(name.clone());
        let carrier = self.carrier(carrier);
        let parts = || match &carrier {
            PlannedCarrier::One(parts) => vec![parts.as_slice()],
            PlannedCarrier::Many(items, _) => items.iter().map(Vec::as_slice).collect(),
        };
        let mut facts = parts().into_iter().flatten().filter_map(|part| match part {
            PlannedPart::Step(index) => Some(self.nodes[*index].facts),
            PlannedPart::Text(_) => None,
        });
        let sensitive = facts.any(|facts| facts.keyed || facts.secret);
        let constant = match &carrier {
            PlannedCarrier::One(parts) => self.constant(parts),
            PlannedCarrier::Many(..) => None,
        };
        let value = |bytes| header_value(bytes, sensitive).ok_or_else(unfit);
        if name == http::header::COOKIE && constant.as_ref().is_some_and(|pair| !crate::cookie::is_pair(pair)) {
            return Err(unfit());
        }
        let constant = constant.map(value).transpose()?;
        Ok(PlannedHeader { spelled: spelled.clone(), name, carrier, constant, sensitive })
    }

    fn carrier(&self, carrier: &Carrier) -> PlannedCarrier {
        match carrier {
            Carrier::One(template) => PlannedCarrier::One(self.template(template)),
            Carrier::Many { items, separator } => {
                let items = items.iter().map(|template| self.template(template)).collect();
                PlannedCarrier::Many(items, separator.clone())
            }
        }
    }

    fn template(&self, template: &Template) -> Vec<PlannedPart> {
        let part = |part: &TemplatePart| match part {
            TemplatePart::Text(text) => PlannedPart::Text(text.clone()),
            TemplatePart::Step(name) => PlannedPart::Step(self.step(name)),
        };
        template.parts.iter().map(part).collect()
    }

    /// The value of a template without anything that changes.
    fn constant(&self, parts: &[PlannedPart]) -> Option<Bytes> {
        let node = |index: &usize| match &self.nodes[*index].action {
            Action::Constant(bytes) => Some(bytes),
            _ => None,
        };
        if let [PlannedPart::Step(index)] = parts {
            return node(index).cloned();
        }
        let mut value = Zeroizing::new(Vec::new());
        for part in parts {
            match part {
                PlannedPart::Text(text) => value.extend_from_slice(text.as_bytes()),
                PlannedPart::Step(index) => value.extend_from_slice(node(index)?),
            }
        }
        Some(Bytes::from_owner(value))
    }

    /// `Bearer ` in front of a computed step is written together with it.
    fn prefix(&self, header: &PlannedHeader) -> Option<(usize, Bytes)> {
        match &header.carrier {
            PlannedCarrier::One(parts) => match parts.as_slice() {
                [PlannedPart::Text(text), PlannedPart::Step(index)] if self.nodes[*index].action.is_operation() => {
                    Some((*index, Bytes::from_owner(text.clone().into_owned())))
                }
                _ => None,
            },
            PlannedCarrier::Many(..) => None,
        }
    }
}

/// A header's value, if it can be one: a header loses spaces at its ends, so they can't be part of it.
pub(crate) fn header_value(bytes: Bytes, sensitive: bool) -> Option<HeaderValue> {
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    if blank(bytes.first()) || blank(bytes.last()) {
        return None;
    }
    let mut value = HeaderValue::from_maybe_shared(bytes).ok()?;
    value.set_sensitive(sensitive);
    Some(value)
}

fn wiped(text: &str) -> Bytes {
    Bytes::from_owner(Zeroizing::new(text.as_bytes().to_vec()))
}

fn request_part(part: &RequestPart) -> Action {
    // The check has seen that these are header names.
    let header = |name: &Text| HeaderName::from_bytes(name.as_bytes()).unwrap_or(http::header::CONTENT_TYPE);
    match part {
        RequestPart::Method => Action::Method,
        RequestPart::Path(from) => Action::Path(*from),
        RequestPart::Query => Action::Query,
        RequestPart::Target(from) => Action::Target(*from),
        RequestPart::Host => Action::Host,
        RequestPart::Url => Action::Url,
        RequestPart::Body => Action::Body,
        RequestPart::Header { name } => Action::Header { name: name.clone(), header: header(name) },
        RequestPart::Headers { only } => {
            Action::Headers { only: only.iter().map(|name| (name.clone(), header(name))).collect() }
        }
    }
}

/// Why a key's text gives no bytes.
enum KeyError {
    Prefix(Text),
    Encoding(&'static str),
    Empty,
}

impl KeyError {
    fn at(self, recipe: &Recipe, name: &Text) -> PrepareError {
        let (scheme, name) = (recipe.name.clone(), name.clone());
        match self {
            KeyError::Prefix(prefix) => PrepareError::Prefix { scheme, name, prefix },
            KeyError::Encoding(encoding) => PrepareError::Encoding { scheme, name, encoding },
            KeyError::Empty => PrepareError::Empty { scheme, name },
        }
    }
}

fn decode_key(secret: &Secret, decode: KeyEncoding, prefix: Option<&Text>) -> Result<SecretKey, KeyError> {
    let text = secret.expose();
    let text = match prefix {
        Some(prefix) => text.strip_prefix(prefix.as_ref()).ok_or_else(|| KeyError::Prefix(prefix.clone()))?,
        None => text,
    };
    let (bytes, encoding) = match decode {
        KeyEncoding::Utf8 => (Some(text.as_bytes().to_vec()), "text"),
        KeyEncoding::Hex => (decode_hex(text), "hexadecimal"),
        KeyEncoding::Base64 => (decode_base64(text), "base64"),
        KeyEncoding::Base64Url => (decode_base64url(text), "base64url"),
    };
    let bytes = bytes.ok_or(KeyError::Encoding(encoding))?;
    if bytes.is_empty() { Err(KeyError::Empty) } else { Ok(SecretKey::new(bytes)) }
}
