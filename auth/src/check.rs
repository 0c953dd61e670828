//! Recipe -> checked recipe: types, order, unused steps, and what a receiver could not read back.
//!
//! 1. Each step's inputs are earlier steps of the type that is due; what they make is noted as `Facts`.
//! 2. Carriers, the body's replacement and the rules name steps that can stand there.
//! 3. Every step leads to the output.
//!
//! Nothing stops at the first error: all of them come back together. What credentials hold is for
//! [`crate::prepare`].

use crate::custom;
use crate::error::{CheckError, OptionError, PrepareError};
use crate::operations::jws::algorithm_name;
use crate::prepare::{Credentials, Prepared};
use crate::recipe::{
    Carrier, Encoding, Expression, FormPart, HashAlgorithm, Input, JwsPayload, Operation, Output, RandomForm, Recipe,
    RequestPart, Send, Setting, Source, Step, Substitutes, Template, TemplatePart, Text,
};
use crate::settings::SigningOptions;
use crate::stamp::Entropy;
use std::sync::Arc;

/// A recipe that holds together: types fit, steps stand in order, each is used.
#[derive(Clone, Debug)]
pub struct CheckedRecipe {
    recipe: Arc<Recipe>,
    facts: Arc<[Facts]>,
}

/// A field of the credentials that a recipe reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialField {
    /// Its name.
    pub name: Text,
    /// What it holds.
    pub kind: CredentialKind,
    /// Whether the recipe can do without it: it is for an optional parameter of a custom scheme.
    pub optional: bool,
}

/// What a field of the credentials holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A text that may be shown.
    Text,
    /// A text that is redacted.
    SecretText,
    /// A key; a receiver may hold several.
    Key,
}

/// An argument that a recipe asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentField {
    /// Its name.
    pub name: Text,
    /// Whether it may be left out.
    pub optional: bool,
}

/// Checks a recipe.
///
/// # Errors
/// Everything that is wrong with it, at once.
pub fn check(recipe: Recipe) -> Result<CheckedRecipe, Vec<CheckError>> {
    let mut checker = Checker { recipe: &recipe, facts: Vec::new(), errors: Vec::new(), entropy: 0 };
    checker.steps();
    checker.output();
    checker.rules();
    checker.unused();
    let Checker { facts, errors, .. } = checker;
    if errors.is_empty() { Ok(CheckedRecipe { facts: facts.into(), recipe: Arc::new(recipe) }) } else { Err(errors) }
}

impl CheckedRecipe {
    /// The recipe.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The credentials that it reads, in the order of the recipe, each once.
    pub fn credentials(&self) -> Vec<CredentialField> {
        let mut fields: Vec<CredentialField> = Vec::new();
        let mut add = |name: &Text, kind, optional| match fields.iter_mut().find(|field| field.name == *name) {
            Some(field) => field.optional &= optional,
            None => fields.push(CredentialField { name: name.clone(), kind, optional }),
        };
        for (step, source) in sources_of_steps(&self.recipe) {
            let optional = custom::is_optional(&self.recipe, &step.name);
            match source {
                Source::Credential { name, secret: false } => add(name, CredentialKind::Text, optional),
                Source::Credential { name, secret: true } => add(name, CredentialKind::SecretText, optional),
                Source::Basic { username, password } => {
                    add(username, CredentialKind::Text, optional);
                    add(password, CredentialKind::SecretText, optional);
                }
                Source::Key { name, .. } => add(name, CredentialKind::Key, optional),
                _ => {}
            }
        }
        fields
    }

    /// The arguments that it asks for, in the order of the recipe, each once.
    pub fn arguments(&self) -> Vec<ArgumentField> {
        let mut fields: Vec<ArgumentField> = Vec::new();
        for source in sources(&self.recipe) {
            if let Source::Argument { name, optional } = source
                && fields.iter().all(|field| field.name != *name)
            {
                fields.push(ArgumentField { name: name.clone(), optional: *optional });
            }
        }
        fields
    }

    /// The sessions that it needs, in the order of the recipe, each once.
    pub fn sessions(&self) -> Vec<Text> {
        let mut names: Vec<Text> = Vec::new();
        for source in sources(&self.recipe) {
            if let Source::Session { name } = source
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
        names
    }

    /// Whether it reads or replaces the body, so that a stream can't be sent.
    pub fn covers_body(&self) -> bool {
        let replaced = match &self.recipe.output {
            Output::Send(send) => send.body.is_some(),
            Output::Custom(custom) => custom::covers_body(custom),
            Output::Give(_) => false,
        };
        replaced || self.facts.iter().any(|facts| facts.reads_body)
    }

    /// The recipe with what a user changed.
    ///
    /// # Errors
    /// What is not settable, or a recipe that no longer holds together.
    pub fn with_options(&self, options: &SigningOptions) -> Result<CheckedRecipe, OptionError> {
        let recipe = crate::settings::apply(&self.recipe, options)?;
        let scheme = recipe.name.clone();
        check(recipe).map_err(|errors| OptionError::Check { scheme, errors })
    }

    /// Resolves the recipe with credentials, once for each client.
    ///
    /// # Errors
    /// A credential that is missing or does not fit.
    pub fn prepare(&self, credentials: &Credentials) -> Result<Prepared, PrepareError> {
        Prepared::new(self, credentials)
    }

    pub(crate) fn shared(&self) -> Arc<Recipe> {
        Arc::clone(&self.recipe)
    }

    pub(crate) fn facts(&self) -> &[Facts] {
        &self.facts
    }
}

/// The type of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Bytes,
    Map,
    Key,
    /// A step with an error of its own, which fits everywhere.
    Unknown,
}

impl Type {
    const fn name(self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Bytes => "bytes",
            Type::Map => "a map",
            Type::Key => "a key",
            Type::Unknown => "unknown",
        }
    }
}

/// What is known of a step without any value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) ty: Type,
    /// The value is a credential or holds one, so nobody prints it.
    pub(crate) secret: bool,
    /// The value derives from a key.
    pub(crate) keyed: bool,
    /// The value depends on the body.
    pub(crate) reads_body: bool,
    /// The value is as long as the body, or longer.
    pub(crate) holds_body: bool,
    /// The value is the body.
    is_body: bool,
    /// The value may be absent.
    optional: bool,
    /// The value is the same for every signature.
    constant: bool,
}

impl Facts {
    /// The facts of a source inside a step with these facts.
    pub(crate) const fn of_inline_source(self) -> Self {
        // A key is never inline, so what stands there does not derive from one.
        Facts { keyed: false, ..self }
    }
}

const UNKNOWN: Facts = Facts {
    ty: Type::Unknown,
    secret: false,
    keyed: false,
    reads_body: false,
    holds_body: false,
    is_body: false,
    optional: false,
    constant: false,
};

/// The inputs of an operation, with the place of each.
pub(crate) fn inputs(operation: &Operation) -> Vec<(String, &Input)> {
    let at = |place: &str| place.to_owned();
    match operation {
        Operation::Hash { of, .. } | Operation::Hmac { of, .. } => vec![(at("of"), of)],
        Operation::Concat { parts, .. } => numbered("concat", parts),
        Operation::JsonArray { items, .. } => numbered("json-array", items),
        Operation::JsonObject { members, .. } => named("json-object", members),
        Operation::PhpJson { of, .. } => vec![(at("php-json"), of)],
        Operation::SortedForm { of, .. } => vec![(at("sorted-form"), of)],
        Operation::Form { parts, .. } => {
            let parts = parts.iter().enumerate().map(|(index, part)| match part {
                FormPart::Text(input) => (format!("form/{index}"), input),
                FormPart::Pair(name, input) => (format!("form/{index}/{}", escape_pointer(name)), input),
            });
            parts.collect()
        }
        Operation::Jws { payload: JwsPayload::Claims(claims), .. } => named("claims", claims),
        Operation::Jws { payload: JwsPayload::Exact(payload), .. } => vec![(at("payload"), payload)],
    }
}

fn numbered<'a>(place: &str, inputs: &'a [Input]) -> Vec<(String, &'a Input)> {
    inputs.iter().enumerate().map(|(index, input)| (format!("{place}/{index}"), input)).collect()
}

fn named<'a>(place: &str, members: &'a [(Text, Input)]) -> Vec<(String, &'a Input)> {
    members.iter().map(|(name, input)| (format!("{place}/{}", escape_pointer(name)), input)).collect()
}

/// A name as a token of a JSON pointer (RFC 6901).
pub(crate) fn escape_pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The step that holds an operation's key.
fn key_of(operation: &Operation) -> Option<&Text> {
    match operation {
        Operation::Hmac { key, .. } | Operation::Jws { key, .. } => Some(key),
        _ => None,
    }
}

fn substitutes(operation: &Operation) -> Option<&Substitutes> {
    match operation {
        Operation::Hash { substitutes, .. }
        | Operation::Hmac { substitutes, .. }
        | Operation::Concat { substitutes, .. }
        | Operation::PhpJson { substitutes, .. }
        | Operation::Form { substitutes, .. }
        | Operation::SortedForm { substitutes, .. } => Some(substitutes),
        Operation::JsonArray { .. } | Operation::JsonObject { .. } | Operation::Jws { .. } => None,
    }
}

/// All sources of a recipe in order, those inside operations, too.
fn sources(recipe: &Recipe) -> impl Iterator<Item = &Source> {
    sources_of_steps(recipe).map(|(_, source)| source)
}

/// The same with the step that each stands in.
fn sources_of_steps(recipe: &Recipe) -> impl Iterator<Item = (&Step, &Source)> {
    recipe.steps.iter().flat_map(|step| match &step.value {
        Expression::Source(source) => vec![(step, source)],
        Expression::Operation(operation) => {
            let inline = inputs(operation).into_iter().filter_map(|(_, input)| match input {
                Input::Source(source) => Some((step, source)),
                Input::Step(_) => None,
            });
            inline.collect()
        }
    })
}

/// The templates of a carrier.
pub(crate) fn templates(carrier: &Carrier) -> &[Template] {
    match carrier {
        Carrier::One(template) => std::slice::from_ref(template),
        Carrier::Many { items, .. } => items,
    }
}

/// How many random bytes a form takes.
pub(crate) const fn random_bytes(form: RandomForm) -> usize {
    match form {
        RandomForm::UuidV4 => 16,
        RandomForm::Hex(bytes) | RandomForm::Base64Url(bytes) => bytes as usize,
    }
}

/// How many characters a random value has.
pub(crate) const fn random_length(form: RandomForm) -> usize {
    match form {
        RandomForm::UuidV4 => 36,
        RandomForm::Hex(bytes) => 2 * bytes as usize,
        RandomForm::Base64Url(bytes) => (4 * bytes as usize).div_ceil(3),
    }
}

/// Where an error stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    step: Option<&'a Text>,
    part: &'a str,
}

struct Checker<'r> {
    recipe: &'r Recipe,
    facts: Vec<Facts>,
    errors: Vec<CheckError>,
    entropy: usize,
}

impl<'r> Checker<'r> {
    fn steps(&mut self) {
        let is_custom = matches!(self.recipe.output, Output::Custom(_));
        if self.recipe.steps.is_empty() && !is_custom {
            self.error(Place { step: None, part: "values" }, "the recipe has no steps", None);
        }
        for (index, step) in self.recipe.steps.iter().enumerate() {
            let values = if is_custom { "with" } else { "values" };
            let part = format!("{values}/{}", escape_pointer(&step.name));
            let place = Place { step: Some(&step.name), part: &part };
            self.name(place, &step.name);
            if !is_custom && self.recipe.steps[..index].iter().any(|earlier| earlier.name == step.name) {
                self.error(place, &format!("there are two steps `{}`", step.name), None);
            }
            let facts = match &step.value {
                Expression::Source(source) => self.source(place, source, false),
                Expression::Operation(operation) => self.operation(place, operation),
            };
            self.settable(place, step, facts);
            self.facts.push(facts);
        }
        if self.entropy > Entropy::LENGTH {
            let message = format!(
                "the random steps take {} bytes together, and one attempt has {}",
                self.entropy,
                Entropy::LENGTH
            );
            self.error(Place { step: None, part: "values" }, &message, Some("draw fewer or shorter values".to_owned()));
        }
    }

    /// What a source yields.
    fn source(&mut self, place: Place<'_>, source: &'r Source, inline: bool) -> Facts {
        let text = Facts { ty: Type::Text, ..UNKNOWN };
        match source {
            Source::Credential { name, secret } => {
                self.name(place, name);
                self.same_credential(place, source);
                Facts { secret: *secret, constant: true, ..text }
            }
            Source::Basic { username, password } => {
                self.name(place, username);
                self.name(place, password);
                if username == password {
                    self.error(place, "user name and password are the same credential", None);
                }
                Facts { secret: true, constant: true, ..text }
            }
            Source::Key { name, .. } => {
                self.name(place, name);
                self.same_credential(place, source);
                if inline {
                    self.error(place, "a key must be a step of its own", None);
                }
                Facts { ty: Type::Key, secret: true, keyed: true, constant: true, ..UNKNOWN }
            }
            Source::Random { form, max_length } => {
                self.drawn(place, inline);
                self.random(place, *form, *max_length);
                text
            }
            Source::Time { .. } => {
                self.drawn(place, inline);
                text
            }
            Source::Argument { name, optional } => {
                self.name(place, name);
                self.same_argument(place, name, *optional);
                Facts { optional: *optional, ..text }
            }
            Source::Session { name } => {
                self.name(place, name);
                Facts { secret: true, ..text }
            }
            Source::Literal(_) => Facts { constant: true, ..text },
            Source::Request(part) => self.request_part(place, part),
        }
    }

    fn drawn(&mut self, place: Place<'_>, inline: bool) {
        if inline {
            let help = "make it a step: vectors, explanations and receivers call it by its name".to_owned();
            self.error(place, "a drawn value must be a step of its own", Some(help));
        }
    }

    fn random(&mut self, place: Place<'_>, form: RandomForm, max_length: Option<u32>) {
        self.entropy += random_bytes(form);
        if random_bytes(form) == 0 {
            self.error(place, "a random value of no bytes", None);
        }
        if let Some(limit) = max_length
            && random_length(form) > limit as usize
        {
            let message = format!("has {} characters, and at most {limit} are taken", random_length(form));
            self.error(place, &message, None);
        }
    }

    fn request_part(&mut self, place: Place<'_>, part: &'r RequestPart) -> Facts {
        if matches!(self.recipe.output, Output::Give(_)) {
            self.error(place, "a recipe that ends in `give` has no request to read", None);
        }
        let text = Facts { ty: Type::Text, ..UNKNOWN };
        match part {
            RequestPart::Body => {
                Facts { ty: Type::Bytes, reads_body: true, holds_body: true, is_body: true, ..UNKNOWN }
            }
            RequestPart::Header { name } => {
                self.read_header(place, name);
                text
            }
            RequestPart::Headers { only } => {
                for (index, name) in only.iter().enumerate() {
                    self.read_header(place, name);
                    if only[..index].iter().any(|earlier| earlier.eq_ignore_ascii_case(name)) {
                        self.error(place, &format!("the header `{name}` stands twice"), None);
                    }
                }
                Facts { ty: Type::Map, ..UNKNOWN }
            }
            _ => text,
        }
    }

    fn read_header(&mut self, place: Place<'_>, name: &str) {
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            self.error(place, &format!("{name:?} is no header name"), None);
        }
        if let Output::Send(send) = &self.recipe.output
            && send.headers.iter().any(|(sent, _)| sent.eq_ignore_ascii_case(name))
        {
            self.error(place, &format!("reads the header `{name}`, which the recipe sends itself"), None);
        }
    }

    fn same_credential(&mut self, place: Place<'_>, source: &Source) {
        let named = |source: &Source| match source {
            Source::Credential { name, .. } | Source::Key { name, .. } => Some(name.clone()),
            _ => None,
        };
        let first = sources(self.recipe).find(|other| named(other) == named(source));
        if first.is_some_and(|first| first != source) {
            let name = named(source).unwrap_or_default();
            let message = format!("the credential `{name}` is read in another way before");
            self.error(place, &message, Some("read it in one step and refer to that".to_owned()));
        }
    }

    fn same_argument(&mut self, place: Place<'_>, name: &Text, optional: bool) {
        let differs = |source: &Source| matches!(source, Source::Argument { name: n, optional: o } if n == name && *o != optional);
        if sources(self.recipe).any(differs) {
            self.error(place, &format!("the argument `{name}` is optional in one place only"), None);
        }
    }

    /// What an operation yields, after its inputs are checked.
    fn operation(&mut self, place: Place<'_>, operation: &'r Operation) -> Facts {
        let key = key_of(operation).map(|key| self.key(place, key));
        let mut all = Vec::new();
        for (at, input) in inputs(operation) {
            let part = format!("{}/{at}", place.part);
            let facts = self.input(Place { part: &part, ..place }, input);
            self.input_type(Place { part: &part, ..place }, operation, &at, facts);
            all.push(facts);
        }
        self.duplicates(place, operation);
        self.substitutes(place, operation, &all);
        self.algorithm(place, operation);
        let any = |what: fn(&Facts) -> bool| all.iter().any(what);
        let digest = matches!(operation, Operation::Hash { .. } | Operation::Hmac { .. });
        let mac = matches!(operation, Operation::Hmac { .. });
        let token = matches!(operation, Operation::Jws { .. });
        Facts {
            ty: self.result_type(operation, &all),
            // A MAC tells nothing of what it covers; a token is itself a credential.
            secret: token || any(|facts| facts.secret) && !mac,
            keyed: key.is_some() || any(|facts| facts.keyed),
            reads_body: any(|facts| facts.reads_body),
            holds_body: any(|facts| facts.holds_body) && !digest,
            ..UNKNOWN
        }
    }

    fn result_type(&self, operation: &Operation, inputs: &[Facts]) -> Type {
        match operation {
            Operation::Hash { encode: Encoding::Raw, .. } | Operation::Hmac { encode: Encoding::Raw, .. } => {
                Type::Bytes
            }
            Operation::Concat { .. } if inputs.iter().any(|facts| facts.ty == Type::Bytes) => Type::Bytes,
            _ => Type::Text,
        }
    }

    fn key(&mut self, place: Place<'_>, key: &'r Text) {
        let part = format!("{}/key", place.part);
        let place = Place { part: &part, ..place };
        let facts = self.step(place, key);
        if !matches!(facts.ty, Type::Key | Type::Unknown) {
            let help = "name a step with `{key: NAME}`".to_owned();
            self.error(place, &format!("`{key}` is {}, and a key is due", facts.ty.name()), Some(help));
        }
    }

    fn input(&mut self, place: Place<'_>, input: &'r Input) -> Facts {
        match input {
            Input::Step(name) => self.step(place, name),
            Input::Source(source) => self.source(place, source, true),
        }
    }

    /// The facts of an earlier step.
    fn step(&mut self, place: Place<'_>, name: &Text) -> Facts {
        let known = self.facts.len();
        match self.recipe.steps.iter().position(|step| step.name == *name) {
            Some(index) if index < known => self.facts[index],
            Some(_) => {
                let help = "a step reads earlier steps only; move it up".to_owned();
                self.error(place, &format!("`{name}` is not an earlier step"), Some(help));
                UNKNOWN
            }
            None => {
                let names = self.recipe.steps.iter().map(|step| step.name.as_ref());
                let help = did_you_mean(name, names);
                self.error(place, &format!("there is no step `{name}`"), help);
                UNKNOWN
            }
        }
    }

    fn input_type(&mut self, place: Place<'_>, operation: &Operation, at: &str, facts: Facts) {
        if facts.ty == Type::Unknown {
            return;
        }
        let due = match operation {
            Operation::Hash { .. } | Operation::Hmac { .. } | Operation::Concat { .. } => {
                &[Type::Text, Type::Bytes][..]
            }
            Operation::Jws { payload: JwsPayload::Exact(_), .. } => &[Type::Text, Type::Bytes],
            Operation::PhpJson { .. } => &[Type::Map],
            _ => &[Type::Text],
        };
        // Bytes of a body become text where an operation decodes them or puts them in front of pairs.
        let form_text = matches!(operation, Operation::Form { .. }) && at.matches('/').count() == 1;
        let decodes = matches!(operation, Operation::PhpJson { .. } | Operation::SortedForm { .. }) || form_text;
        if !(due.contains(&facts.ty) || decodes && facts.is_body) {
            let body = if decodes { "the body or " } else { "" };
            let names: Vec<&str> = due.iter().map(|ty| ty.name()).collect();
            let message = format!("is {}, and {body}{} is due", facts.ty.name(), names.join(" or "));
            self.error(place, &message, None);
        }
        let claim = matches!(operation, Operation::Jws { payload: JwsPayload::Claims(_), .. });
        if facts.optional && !claim {
            self.error(place, "an optional argument may stand in claims only", None);
        }
    }

    fn duplicates(&mut self, place: Place<'_>, operation: &Operation) {
        let names: Vec<&Text> = match operation {
            Operation::JsonObject { members, .. } => members.iter().map(|(name, _)| name).collect(),
            Operation::Jws { payload: JwsPayload::Claims(claims), .. } => claims.iter().map(|(name, _)| name).collect(),
            Operation::Form { parts, .. } => {
                let names = parts.iter().filter_map(|part| match part {
                    FormPart::Pair(name, _) => Some(name),
                    FormPart::Text(_) => None,
                });
                names.collect()
            }
            _ => Vec::new(),
        };
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                self.error(place, &format!("the member `{name}` stands twice"), None);
            }
        }
    }

    fn substitutes(&mut self, place: Place<'_>, operation: &Operation, inputs: &[Facts]) {
        let Some(given) = substitutes(operation) else { return };
        let body = inputs.iter().any(|facts| facts.is_body);
        let map = inputs.iter().any(|facts| facts.ty == Type::Map);
        let unknown = inputs.iter().any(|facts| facts.ty == Type::Unknown);
        if given.without_body.is_some() && !body && !unknown {
            self.error(place, "`without-body` never applies: the step does not read the body itself", None);
        }
        if given.empty.is_some() && !body && !map && !unknown {
            self.error(place, "`empty` never applies: the step reads neither the body itself nor a map", None);
        }
        if matches!(operation, Operation::PhpJson { .. }) && body && given.without_body.is_none() {
            let help = "add `without-body`: no body is no JSON".to_owned();
            self.error(place, "does not say what stands for a request without a body", Some(help));
        }
    }

    fn algorithm(&mut self, place: Place<'_>, operation: &Operation) {
        match operation {
            Operation::Hmac { algorithm: HashAlgorithm::Md5, .. } => {
                self.error(place, "there is no hmac with md5", Some("sha-1, sha-256, sha-384 or sha-512".to_owned()));
            }
            Operation::Jws { algorithm, header, .. } => self.jws(place, *algorithm, header),
            _ => {}
        }
    }

    fn jws(&mut self, place: Place<'_>, algorithm: HashAlgorithm, header: &[(Text, Text)]) {
        let part = format!("{}/header", place.part);
        let Some(name) = algorithm_name(algorithm) else {
            return self.error(place, "not an algorithm of a jws", Some("HS256, HS384 or HS512".to_owned()));
        };
        let place = Place { part: &part, ..place };
        if header.iter().all(|(member, value)| member != "alg" || value != name) {
            self.error(place, &format!("does not say `alg: {name}`"), None);
        }
        for (index, (member, _)) in header.iter().enumerate() {
            if header[..index].iter().any(|(earlier, _)| earlier == member) {
                self.error(place, &format!("the member `{member}` stands twice"), None);
            }
            if member == "crit" {
                self.error(place, "`crit` asks receivers for what this vocabulary does not have", None);
            }
        }
    }

    fn settable(&mut self, place: Place<'_>, step: &'r Step, facts: Facts) {
        let operation = match &step.value {
            Expression::Operation(operation) => Some(operation),
            Expression::Source(_) => None,
        };
        for setting in step.settable.iter() {
            let applies = match setting {
                Setting::Arrays => matches!(operation, Some(Operation::PhpJson { .. })),
                Setting::Only => crate::settings::headers_of(step).is_some(),
                Setting::WithoutBody | Setting::Empty => operation.and_then(substitutes).is_some(),
                Setting::Header | Setting::Query | Setting::Body => false,
            };
            if !applies && facts.ty != Type::Unknown {
                let name = crate::error::setting_name(*setting);
                self.error(place, &format!("`{name}` is no option of this step"), None);
            }
        }
    }

    fn output(&mut self) {
        match &self.recipe.output {
            Output::Give(name) => self.text_step(Place { step: None, part: "give" }, name),
            Output::Send(send) => self.send(send),
            Output::Custom(custom) => self.errors.extend(custom::check(self.recipe, custom)),
        }
    }

    fn send(&mut self, send: &'r Send) {
        if send.headers.is_empty() && send.query.is_empty() && send.body.is_none() {
            self.error(Place { step: None, part: "send" }, "nothing is sent", None);
        }
        for setting in send.settable.iter() {
            if !matches!(setting, Setting::Header | Setting::Query | Setting::Body) {
                let name = crate::error::setting_name(*setting);
                self.error(Place { step: None, part: "send" }, &format!("`{name}` is no option of `send`"), None);
            }
        }
        for (index, (name, carrier)) in send.headers.iter().enumerate() {
            let part = format!("send/header/{}", escape_pointer(name));
            let place = Place { step: None, part: &part };
            self.header_name(place, name);
            if send.headers[..index].iter().any(|(earlier, _)| earlier.eq_ignore_ascii_case(name)) {
                self.error(place, &format!("the header `{name}` stands twice"), None);
            }
            self.carrier(place, carrier);
        }
        for (index, (name, carrier)) in send.query.iter().enumerate() {
            let part = format!("send/query/{}", escape_pointer(name));
            let place = Place { step: None, part: &part };
            if name.is_empty() || send.query[..index].iter().any(|(earlier, _)| earlier == name) {
                self.error(place, &format!("the query pair `{name}` has no name, or stands twice"), None);
            }
            self.carrier(place, carrier);
        }
        if let Some(body) = &send.body {
            self.body(body);
        }
    }

    fn header_name(&mut self, place: Place<'_>, name: &str) {
        // These frame the message or belong to the connection; a signature has no business there.
        const FRAMING: [&str; 9] = [
            "host",
            "content-length",
            "transfer-encoding",
            "connection",
            "te",
            "trailer",
            "upgrade",
            "keep-alive",
            "expect",
        ];
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            self.error(place, &format!("{name:?} is no header name"), None);
        } else if FRAMING.iter().any(|framing| name.eq_ignore_ascii_case(framing)) {
            self.error(place, &format!("the header `{name}` belongs to the connection"), None);
        }
    }

    fn carrier(&mut self, place: Place<'_>, carrier: &'r Carrier) {
        if let Carrier::Many { items, separator } = carrier
            && (items.is_empty() || separator.is_empty())
        {
            self.error(place, "`many` needs items and a separator", None);
        }
        for template in templates(carrier) {
            self.template(place, template);
        }
    }

    fn template(&mut self, place: Place<'_>, template: &'r Template) {
        let mut before: Option<&Text> = None;
        if template.parts.is_empty() {
            self.error(place, "an empty template", None);
        }
        for part in template.parts.iter() {
            match part {
                TemplatePart::Text(text) => {
                    if text.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
                        self.error(place, "a template may hold visible ASCII characters and spaces only", None);
                    }
                    before = if text.is_empty() { before } else { None };
                }
                TemplatePart::Step(name) => {
                    self.text_step(place, name);
                    let index = self.recipe.steps.iter().position(|step| step.name == *name);
                    let constant = index.is_some_and(|index| self.facts[index].constant);
                    if let Some(before) = before.filter(|_| !constant) {
                        let message =
                            format!("nothing stands between `{before}` and `{name}`, so nobody can tell them apart");
                        self.error(place, &message, None);
                    }
                    before = if constant { None } else { Some(name) };
                }
            }
        }
    }

    /// A step that must be text, wherever it stands.
    fn text_step(&mut self, place: Place<'_>, name: &Text) {
        let facts = self.step(place, name);
        if !matches!(facts.ty, Type::Text | Type::Unknown) {
            self.error(place, &format!("`{name}` is {}, and text is due", facts.ty.name()), None);
        }
        if facts.optional {
            self.error(place, &format!("`{name}` is an optional argument, which may stand in claims only"), None);
        }
    }

    /// The body is replaced: only the steps that it is made from may read what was there before.
    fn body(&mut self, body: &'r Text) {
        self.text_step(Place { step: None, part: "send/body" }, body);
        let made_from = self.reachable([body].into_iter());
        let steps = &self.recipe.steps;
        for (index, step) in steps.iter().enumerate().filter(|(index, _)| !made_from[*index]) {
            let reads = match &step.value {
                Expression::Source(source) => is_body(source),
                Expression::Operation(operation) => inputs(operation).iter().any(|(_, input)| match input {
                    Input::Source(source) => is_body(source),
                    Input::Step(name) => {
                        // A step that another one makes from the old body, beside the one that is sent.
                        let read = self.index_before(name, index);
                        read.is_some_and(|read| self.facts[read].is_body)
                    }
                }),
            };
            if reads {
                let part = format!("values/{}", escape_pointer(&step.name));
                let help = format!("read `{body}`, which is what is sent");
                let message = format!("reads the body that `{body}` replaces");
                self.error(Place { step: Some(&step.name), part: &part }, &message, Some(help));
            }
        }
    }

    fn index_before(&self, name: &str, index: usize) -> Option<usize> {
        self.recipe.steps[..index].iter().position(|step| step.name == name)
    }

    fn rules(&mut self) {
        if matches!(self.recipe.output, Output::Custom(_)) {
            return;
        }
        let rules = &self.recipe.rules;
        for (index, name) in rules.single_use.iter().enumerate() {
            let part = format!("rules/single-use/{index}");
            let place = Place { step: None, part: &part };
            let drawn = |source: &Source| {
                matches!(source, Source::Random { .. } | Source::Time { .. } | Source::Argument { optional: false, .. })
            };
            self.rule(place, name, drawn, "a random value, a time or an argument");
        }
        if let Some(freshness) = &rules.freshness {
            let place = Place { step: None, part: "rules/freshness/of" };
            if let Some(Source::Time { plus_seconds, .. }) = self.rule(place, &freshness.of, is_time, "a time")
                && plus_seconds.unsigned_abs() > u64::from(freshness.window_seconds)
            {
                self.error(place, "the step's `plus` lies outside the window", None);
            }
        }
        if let Some(lifetime) = &rules.lifetime {
            let place = Place { step: None, part: "rules/lifetime/of" };
            if let Some(Source::Time { plus_seconds, .. }) = self.rule(place, &lifetime.of, is_time, "a time") {
                if *plus_seconds <= 0 {
                    self.error(place, "an expiry needs a `plus`, else it is past at once", None);
                }
                if *plus_seconds > i64::from(lifetime.max_seconds) {
                    self.error(place, "the step's `plus` is longer than the lifetime allows", None);
                }
            }
        }
    }

    /// The source of a step that a rule names.
    fn rule(&mut self, place: Place<'_>, name: &Text, fits: fn(&Source) -> bool, due: &str) -> Option<&'r Source> {
        self.step(place, name);
        let step = self.recipe.steps.iter().find(|step| step.name == *name)?;
        match &step.value {
            Expression::Source(source) if fits(source) => Some(source),
            _ => {
                self.error(place, &format!("`{name}` is not {due}"), None);
                None
            }
        }
    }

    fn unused(&mut self) {
        let carried: Vec<&Text> = match &self.recipe.output {
            Output::Give(name) => vec![name],
            Output::Send(send) => {
                let carriers = send.headers.iter().chain(send.query.iter()).flat_map(|(_, carrier)| templates(carrier));
                let steps = carriers.flat_map(|template| template.parts.iter()).filter_map(|part| match part {
                    TemplatePart::Step(name) => Some(name),
                    TemplatePart::Text(_) => None,
                });
                steps.chain(&send.body).collect()
            }
            // Each is a parameter, and the scheme uses them all.
            Output::Custom(_) => return,
        };
        let used = self.reachable(carried.into_iter());
        for (step, _) in self.recipe.steps.iter().zip(used).filter(|(_, used)| !used) {
            let part = format!("values/{}", escape_pointer(&step.name));
            let help = "send it, or take it out".to_owned();
            let message = format!("nothing that is sent depends on `{}`", step.name);
            self.error(Place { step: Some(&step.name), part: &part }, &message, Some(help));
        }
    }

    /// Which steps these steps are made from, themselves included.
    fn reachable<'n>(&self, names: impl Iterator<Item = &'n Text>) -> Vec<bool> {
        let mut reached = vec![false; self.recipe.steps.len()];
        let mark = |reached: &mut Vec<bool>, name: &Text| {
            if let Some(index) = self.recipe.steps.iter().position(|step| step.name == *name) {
                reached[index] = true;
            }
        };
        names.for_each(|name| mark(&mut reached, name));
        // Steps read earlier ones only, so one pass from the end finds them all.
        for index in (0..reached.len()).rev() {
            if let (true, Expression::Operation(operation)) = (reached[index], &self.recipe.steps[index].value) {
                for (_, input) in inputs(operation) {
                    if let Input::Step(name) = input {
                        mark(&mut reached, name);
                    }
                }
                if let Some(key) = key_of(operation) {
                    mark(&mut reached, key);
                }
            }
        }
        reached
    }

    /// Names become fields, map keys and parts of templates.
    fn name(&mut self, place: Place<'_>, name: &str) {
        let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if !starts || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
            let help = "a letter, then letters, digits and `_`".to_owned();
            self.error(place, &format!("{name:?} is no name"), Some(help));
        }
    }

    fn error(&mut self, place: Place<'_>, message: &str, help: Option<String>) {
        self.errors.push(CheckError {
            step: place.step.cloned(),
            part: place.part.to_owned(),
            message: message.to_owned(),
            help,
        });
    }
}

fn is_body(source: &Source) -> bool {
    matches!(source, Source::Request(RequestPart::Body))
}

fn is_time(source: &Source) -> bool {
    matches!(source, Source::Time { .. })
}

/// `did you mean`, for a name that is close to one that exists.
pub(crate) fn did_you_mean<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let limit = (name.chars().count() / 3).max(1);
    let closest = names.map(|other| (distance(name, other), other)).min()?;
    (closest.0 <= limit && closest.0 > 0).then(|| format!("did you mean `{}`?", closest.1))
}

/// How many characters must change, come or go; swapped neighbors count as one change.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    (0..=a.len()).for_each(|i| rows[i][0] = i);
    (0..=b.len()).for_each(|j| rows[0][j] = j);
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            rows[i][j] = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                rows[i][j] = rows[i][j].min(rows[i - 2][j - 2] + 1);
            }
        }
    }
    rows[a.len()][b.len()]
}
