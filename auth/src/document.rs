//! The JSON form of `x-signing` -> resolved, typed recipes.
//!
//! 1. [`recipes_from_components`] finds recipes: those of security schemes, and shared ones.
//! 2. `use` and `with` are resolved: every `bind` of a shared recipe gets its source.
//! 3. Each part becomes a type of [`crate::recipe`]; unknown keys and words are errors.
//! 4. [`crate::check()`] sees the result; its errors get the place in the document that they come from.
//!
//! All errors come back together, each with a JSON pointer. `x-assumed` may stand on any object.

use crate::check::{check, did_you_mean, escape_pointer};
use crate::custom;
use crate::error::CheckError;
use crate::recipe::{
    Carrier, Custom, Encoding, Escape, Expression, Fixed, FormPart, Freshness, HashAlgorithm, Input, JwsPayload,
    KeyEncoding, Lifetime, Operation, Output, PhpArrays, RandomForm, Recipe, RequestPart, Rules, Send, Setting, Source,
    Step, Substitutes, TargetFrom, Template, Text, TimeForm,
};
use crate::settings::{SigningOptions, StepOptions, parse_template};
use crate::tape::{Item, Tape, View};
use crate::time;
use std::collections::BTreeMap;

/// How deeply JSON may be nested.
const DEPTH: usize = 128;

/// A document's value; maps keep their order, because steps, claims and headers have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A map in the order of the document.
    Map(Vec<(String, Value)>),
}

impl Value {
    /// Reads JSON text; members that stand twice are an error.
    ///
    /// # Errors
    /// What is wrong, with the place.
    pub fn from_json(text: &str) -> Result<Value, String> {
        let tape = Tape::read(text, DEPTH).map_err(|error| error.to_string())?;
        if tape.doubled() { Err("a member stands twice".to_owned()) } else { Ok(Value::from_item(tape.root())) }
    }

    fn from_item(item: Item<'_>) -> Value {
        match item.view() {
            View::Null => Value::Null,
            View::Bool(value) => Value::Bool(value),
            View::Number(digits) => Value::Number(digits.to_owned()),
            View::Text(text) => Value::Text(text.to_text().into_owned()),
            View::List(items) => Value::List(items.map(Value::from_item).collect()),
            View::Map(members) => {
                Value::Map(members.map(|(name, item)| (name.to_text().into_owned(), Value::from_item(item))).collect())
            }
        }
    }

    /// A member of a map.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members().iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The members of a map; nothing for other values.
    pub fn members(&self) -> &[(String, Value)] {
        match self {
            Value::Map(members) => members,
            _ => &[],
        }
    }

    /// The items of a list; nothing for other values.
    pub fn items(&self) -> &[Value] {
        match self {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Something wrong in the JSON form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {message}")]
pub struct DocumentError {
    /// JSON pointer into the document (RFC 6901); empty for the whole.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// What helps.
    pub help: Option<String>,
}

/// The recipes of a document.
#[derive(Clone, Debug, Default)]
pub struct Recipes {
    /// Each with the place that declares it, in the order of the document: schemes, then shared recipes that are
    /// complete by themselves.
    pub recipes: Vec<Declared>,
    /// The names under `x-signing-sessions`, in the order of the document.
    pub sessions: Vec<Text>,
}

/// A recipe and where it stands.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The recipe, resolved and checked.
    pub recipe: Recipe,
    /// JSON pointer of its `x-signing`, or of the shared recipe.
    pub pointer: String,
    /// Whether it is a security scheme's, and not a shared recipe.
    pub scheme: bool,
}

impl Recipes {
    /// The recipe of a scheme, or a shared one.
    pub fn get(&self, name: &str) -> Option<&Recipe> {
        self.recipes.iter().map(|declared| &declared.recipe).find(|recipe| recipe.name == name)
    }
}

/// Reads a document's `components`: security schemes with `x-signing`, shared recipes, names of sessions.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn recipes_from_components(document: &Value) -> Result<Recipes, Vec<DocumentError>> {
    let mut reader = Reader::default();
    let recipes = reader.components(document);
    if reader.errors.is_empty() { Ok(recipes) } else { Err(reader.errors) }
}

/// The same as far as it can be read, and what is wrong: recipes that the check refuses are among them.
///
/// A review compares what a document says, also where the new document contradicts itself; nothing runs these.
pub fn recipes_as_written(document: &Value) -> (Recipes, Vec<DocumentError>) {
    let mut reader = Reader { as_written: true, ..Reader::default() };
    let recipes = reader.components(document);
    (recipes, reader.errors)
}

/// Reads one recipe that needs nothing else: `values`, `send` or `give`, `rules`.
///
/// # Errors
/// Everything that is wrong, at once; pointers begin with `pointer`.
pub fn recipe(name: &str, value: &Value, pointer: &str) -> Result<Recipe, Vec<DocumentError>> {
    let mut reader = Reader::default();
    let recipe = reader.recipe(name, value, &At::new(pointer), &Fills::default());
    match recipe {
        Some(recipe) if reader.errors.is_empty() => Ok(recipe),
        _ => Err(reader.errors),
    }
}

/// Reads `input.options` of a vector: what is settable, by step name or `send`; `null` takes an option away.
///
/// # Errors
/// Everything that is wrong, at once; pointers begin with `pointer`.
pub fn options(value: &Value, pointer: &str) -> Result<SigningOptions, Vec<DocumentError>> {
    let mut reader = Reader::default();
    let options = reader.options(value, &At::new(pointer));
    if reader.errors.is_empty() { Ok(options) } else { Err(reader.errors) }
}

/// A place in the document.
#[derive(Clone)]
struct At(String);

impl At {
    fn new(pointer: &str) -> Self {
        At(pointer.to_owned())
    }

    fn member(&self, name: &str) -> Self {
        At(format!("{}/{}", self.0, escape_pointer(name)))
    }

    fn item(&self, index: usize) -> Self {
        At(format!("{}/{index}", self.0))
    }
}

/// Sources for the holes of a shared recipe, by step, and where each stands.
#[derive(Default)]
struct Fills<'v> {
    sources: BTreeMap<&'v str, (&'v Value, At)>,
}

const SOURCES: [&str; 9] =
    ["credential", "basic", "key", "random", "time", "argument", "request", "session", "literal"];
const OPERATIONS: [&str; 9] =
    ["hash", "hmac", "concat", "json-array", "json-object", "php-json", "form", "sorted-form", "jws"];

const SETTINGS: [(&str, Setting); 7] = [
    ("arrays", Setting::Arrays),
    ("only", Setting::Only),
    ("without-body", Setting::WithoutBody),
    ("empty", Setting::Empty),
    ("header", Setting::Header),
    ("query", Setting::Query),
    ("body", Setting::Body),
];
const HASHES: [(&str, HashAlgorithm); 5] = [
    ("md5", HashAlgorithm::Md5),
    ("sha-1", HashAlgorithm::Sha1),
    ("sha-256", HashAlgorithm::Sha256),
    ("sha-384", HashAlgorithm::Sha384),
    ("sha-512", HashAlgorithm::Sha512),
];
const MACS: [(&str, HashAlgorithm); 4] = [
    ("sha-1", HashAlgorithm::Sha1),
    ("sha-256", HashAlgorithm::Sha256),
    ("sha-384", HashAlgorithm::Sha384),
    ("sha-512", HashAlgorithm::Sha512),
];
const TOKENS: [(&str, HashAlgorithm); 3] =
    [("HS256", HashAlgorithm::Sha256), ("HS384", HashAlgorithm::Sha384), ("HS512", HashAlgorithm::Sha512)];
const ENCODINGS: [(&str, Encoding); 5] = [
    ("hex", Encoding::Hex),
    ("hex-upper", Encoding::HexUpper),
    ("base64", Encoding::Base64),
    ("base64url", Encoding::Base64Url),
    ("raw", Encoding::Raw),
];
const KEY_ENCODINGS: [(&str, KeyEncoding); 4] = [
    ("utf8", KeyEncoding::Utf8),
    ("hex", KeyEncoding::Hex),
    ("base64", KeyEncoding::Base64),
    ("base64url", KeyEncoding::Base64Url),
];
const TIMES: [(&str, TimeForm); 4] = [
    ("unix-s", TimeForm::UnixSeconds),
    ("unix-ms", TimeForm::UnixMilliseconds),
    ("rfc3339", TimeForm::Rfc3339),
    ("http-date", TimeForm::HttpDate),
];
const ESCAPES: [(&str, Escape); 2] = [("minimal", Escape::Minimal), ("php", Escape::Php)];
const ARRAYS: [(&str, PhpArrays); 2] = [("assoc", PhpArrays::Assoc), ("object", PhpArrays::Object)];
const STARTS: [(&str, TargetFrom); 2] = [("base", TargetFrom::Base), ("root", TargetFrom::Root)];

#[derive(Default)]
struct Reader {
    errors: Vec<DocumentError>,
    /// Whether recipes that are wrong are handed on, too.
    as_written: bool,
}

impl Reader {
    fn components(&mut self, document: &Value) -> Recipes {
        let at = At::new("/components");
        let empty = Value::Map(Vec::new());
        let components = document.get("components").unwrap_or(&empty);
        let part = |name: &str| components.get(name).unwrap_or(&empty);
        let (shared, schemes) = (part("x-signing-recipes"), part("securitySchemes"));
        let sessions = self.sessions(part("x-signing-sessions"), &at.member("x-signing-sessions"));
        let mut recipes = Recipes { recipes: Vec::new(), sessions };
        let mut used = Vec::new();
        for (name, scheme) in schemes.members() {
            if let Some(value) = scheme.get("x-signing") {
                let at = at.member("securitySchemes").member(name).member("x-signing");
                used.extend(value.get("use").and_then(Value::text));
                let recipe = self.scheme(name, value, &at, shared);
                recipes.recipes.extend(recipe.map(|recipe| Declared { recipe, pointer: at.0, scheme: true }));
            }
        }
        self.map(shared, &at.member("x-signing-recipes"));
        for (name, value) in shared.members() {
            let at = at.member("x-signing-recipes").member(name);
            if schemes.get(name).is_some() {
                self.error(&at, format!("`{name}` is a security scheme, too"), None);
            }
            if used.contains(&name.as_str()) {
                continue;
            }
            if value.get("send").is_some() || value.get("custom").is_some() {
                let help = "a recipe without a scheme ends in `give`".to_owned();
                self.error(&at, format!("no scheme uses `{name}`"), Some(help));
            }
            let recipe = self.recipe(name, value, &at, &Fills::default());
            recipes.recipes.extend(recipe.map(|recipe| Declared { recipe, pointer: at.0, scheme: false }));
        }
        if components.get("x-signing-sessions").is_some() {
            self.known_sessions(&recipes);
        }
        recipes
    }

    /// Whether each session that a recipe needs is declared.
    fn known_sessions(&mut self, recipes: &Recipes) {
        for declared in &recipes.recipes {
            let Ok(checked) = check(declared.recipe.clone()) else { continue };
            for name in checked.sessions().iter().filter(|name| !recipes.sessions.contains(name)) {
                let help = did_you_mean(name, recipes.sessions.iter().map(AsRef::as_ref));
                self.error(&At::new(&declared.pointer), format!("there is no session `{name}`"), help);
            }
        }
    }

    /// What sessions are is read elsewhere; here their names count, and that nothing is misspelt.
    fn sessions(&mut self, value: &Value, at: &At) -> Vec<Text> {
        let known = ["from", "at", "kind", "ends", "lifetime", "lifetime-at", "on-reject", "rejected"];
        for (name, session) in self.map(value, at) {
            self.known_keys(session, &at.member(name), &known);
        }
        value.members().iter().map(|(name, _)| name.clone().into()).collect()
    }

    fn scheme(&mut self, name: &str, value: &Value, at: &At, shared: &Value) -> Option<Recipe> {
        let Some(used) = value.get("use") else {
            return self.recipe(name, value, at, &Fills::default());
        };
        self.known_keys(value, at, &["use", "with"]);
        let used = self.expect_text(used, &at.member("use"))?;
        let Some(recipe) = shared.get(used) else {
            let help = did_you_mean(used, shared.members().iter().map(|(name, _)| name.as_str()));
            self.error(&at.member("use"), format!("there is no shared recipe `{used}`"), help);
            return None;
        };
        let empty = Value::Map(Vec::new());
        let with = value.get("with").unwrap_or(&empty);
        let fills = self.fills(with, &at.member("with"), recipe);
        for hole in holes(recipe).filter(|hole| !fills.sources.contains_key(hole)) {
            let help = format!("add `with: {{{hole}: SOURCE}}`");
            self.error(at, format!("`{hole}` of `{used}` is not filled"), Some(help));
        }
        let shared_at = At::new("/components/x-signing-recipes").member(used);
        self.recipe(name, recipe, &shared_at, &fills)
    }

    fn fills<'v>(&mut self, with: &'v Value, at: &At, recipe: &Value) -> Fills<'v> {
        let mut fills = Fills::default();
        for (step, source) in self.map(with, at) {
            let at = at.member(step);
            if holes(recipe).any(|hole| hole == step) {
                fills.sources.insert(step, (source, at));
            } else {
                let help = did_you_mean(step, holes(recipe));
                self.error(&at, format!("the shared recipe has no hole `{step}`"), help);
            }
        }
        fills
    }

    fn recipe(&mut self, name: &str, value: &Value, at: &At, fills: &Fills<'_>) -> Option<Recipe> {
        let errors = self.errors.len();
        if value.get("custom").is_some() {
            return self.custom(name, value, at, fills);
        }
        self.known_keys(value, at, &["values", "send", "give", "rules"]);
        let values = value.get("values");
        if values.is_none() && matches!(value, Value::Map(_)) {
            self.error(at, "the recipe has no `values`".to_owned(), None);
        }
        let mut steps = Vec::new();
        let mut holes = false;
        for (step, value) in values.map(|values| self.map(values, &at.member("values"))).unwrap_or_default() {
            let place = at.member("values").member(step);
            holes |= value.get("bind").is_some() && !fills.sources.contains_key(step.as_str());
            let read = match fills.sources.get(step.as_str()) {
                Some((source, at)) => {
                    self.hole(value, &place);
                    self.fill(step, source, at)
                }
                None => self.step(step, value, &place),
            };
            steps.extend(read);
        }
        let output = self.output(value, at);
        let rules = value.get("rules").map(|rules| self.rules(rules, &at.member("rules"))).unwrap_or_default();
        // A part that could not be read would only make more errors out of one.
        if holes || (self.errors.len() > errors && !self.as_written) {
            return None;
        }
        let recipe = Recipe { name: name.to_owned().into(), steps: steps.into(), output: output?, rules };
        match check(recipe.clone()) {
            Ok(checked) => Some(checked.recipe().clone()),
            Err(errors) => {
                errors.into_iter().for_each(|error| self.check_error(error, at, fills));
                self.as_written.then_some(recipe)
            }
        }
    }

    /// A recipe of a scheme that is written by hand: values of the document as they are, sources as steps.
    fn custom(&mut self, name: &str, value: &Value, at: &At, fills: &Fills<'_>) -> Option<Recipe> {
        let errors = self.errors.len();
        self.known_keys(value, at, &["custom", "with", "settable"]);
        let scheme = self.required_text(value, at, "custom");
        let settable = value.get("settable").and_then(|list| self.texts(list, &at.member("settable")));
        let (mut steps, mut with, mut holes) = (Vec::new(), Vec::new(), false);
        let at_with = at.member("with");
        for (parameter, given) in value.get("with").map(|with| self.map(with, &at_with)).unwrap_or_default() {
            let mut place = at_with.member(parameter);
            let mut given = given;
            if given.get("bind").is_some() {
                self.hole(given, &place);
                let Some((source, filled)) = fills.sources.get(parameter.as_str()) else {
                    if fills.sources.is_empty() {
                        let help = "a scheme fills it with `use` and `with`".to_owned();
                        self.error(&place, format!("`{parameter}` is a hole that nothing fills"), Some(help));
                    }
                    holes = true;
                    continue;
                };
                (given, place) = (source, filled.clone());
            }
            let parameter = Text::from(parameter.clone());
            match given {
                Value::Text(text) => with.push((parameter, Fixed::Text(text.clone().into()))),
                Value::Bool(flag) => with.push((parameter, Fixed::Flag(*flag))),
                Value::List(_) => {
                    let items = self.texts(given, &place);
                    with.extend(items.map(|items| (parameter, Fixed::List(items.into()))));
                }
                Value::Map(_) => match self.source(given, &place, &[]) {
                    Some(Source::Literal(text)) => with.push((parameter, Fixed::Text(text))),
                    Some(source) => {
                        let source = custom::source_of(scheme.as_deref().unwrap_or_default(), &parameter, source);
                        let value = Expression::Source(source);
                        steps.push(Step { name: parameter, value, settable: Vec::new().into() });
                    }
                    None => {}
                },
                Value::Null | Value::Number(_) => {
                    let help = "text, a list of texts, true or false, or a source".to_owned();
                    self.error(&place, format!("`{parameter}` is no parameter's value"), Some(help));
                }
            }
        }
        if holes || (self.errors.len() > errors && !self.as_written) {
            return None;
        }
        let settable = settable.unwrap_or_default().into();
        let output = Output::Custom(Custom { scheme: scheme?, with: with.into(), settable });
        let recipe = Recipe { name: name.to_owned().into(), steps: steps.into(), output, rules: Rules::default() };
        match check(recipe.clone()) {
            Ok(checked) => Some(checked.recipe().clone()),
            Err(errors) => {
                errors.into_iter().for_each(|error| self.check_error(error, at, fills));
                self.as_written.then_some(recipe)
            }
        }
    }

    /// A hole that stays open is an error where the recipe is used, or here if nothing uses it.
    fn hole(&mut self, value: &Value, at: &At) {
        self.known_keys(value, at, &["bind"]);
        if let Some(ty) = value.get("bind") {
            self.word(ty, &at.member("bind"), &[("text", ())]);
        }
    }

    fn fill(&mut self, step: &str, source: &Value, at: &At) -> Option<Step> {
        let source = self.source(source, at, &[])?;
        if matches!(source, Source::Key { .. } | Source::Request(RequestPart::Body | RequestPart::Headers { .. })) {
            self.error(at, "is not text, and the hole is".to_owned(), None);
        }
        Some(Step { name: step.to_owned().into(), value: Expression::Source(source), settable: Vec::new().into() })
    }

    /// An error of the check, at the place in the document that it comes from.
    fn check_error(&mut self, error: CheckError, at: &At, fills: &Fills<'_>) {
        let filled = error.step.as_ref().and_then(|step| fills.sources.get(step.as_ref()));
        let filled = filled.or_else(|| fills.sources.get(error.part.strip_prefix("with/")?));
        let pointer = filled.map_or_else(|| format!("{}/{}", at.0, error.part), |(_, at)| at.0.clone());
        self.error(&At(pointer), error.message, error.help);
    }

    fn step(&mut self, name: &str, value: &Value, at: &At) -> Option<Step> {
        if value.get("bind").is_some() {
            self.hole(value, at);
            let help = "a scheme fills it with `use` and `with`".to_owned();
            self.error(at, format!("`{name}` is a hole that nothing fills"), Some(help));
            return None;
        }
        let settable = self.settable(value, at);
        let value = match self.kind(value, at)? {
            Kind::Source => Expression::Source(self.source(value, at, &["settable"])?),
            Kind::Operation => Expression::Operation(self.operation(value, at)?),
        };
        Some(Step { name: name.to_owned().into(), value, settable: settable.into() })
    }

    fn settable(&mut self, value: &Value, at: &At) -> Vec<Setting> {
        let Some(list) = value.get("settable") else { return Vec::new() };
        let at = at.member("settable");
        let items = self.list(list, &at);
        items.iter().enumerate().filter_map(|(index, item)| self.word(item, &at.item(index), &SETTINGS)).collect()
    }

    /// Whether a map is a source or an operation.
    fn kind(&mut self, value: &Value, at: &At) -> Option<Kind> {
        let Value::Map(members) = value else {
            self.error(at, "is not a source or an operation".to_owned(), None);
            return None;
        };
        let named = |names: &[&str]| members.iter().filter(|(name, _)| names.contains(&name.as_str())).count();
        // `key` of an `hmac` or `jws` names a step; alone it is a source.
        match (named(&OPERATIONS), named(&SOURCES)) {
            (1, _) => Some(Kind::Operation),
            (0, 1) => Some(Kind::Source),
            (0, 0) => {
                let names = OPERATIONS.iter().chain(&SOURCES).copied();
                let close = members.iter().find_map(|(name, _)| did_you_mean(name, names.clone()));
                let help = close.unwrap_or_else(|| format!("one of {}", names.collect::<Vec<_>>().join(", ")));
                let first = members.first().map(|(name, _)| format!(": `{name}` is neither")).unwrap_or_default();
                self.error(at, format!("is no source and no operation{first}"), Some(help));
                None
            }
            _ => {
                self.error(at, "is several sources or operations at once".to_owned(), None);
                None
            }
        }
    }

    fn input(&mut self, value: &Value, at: &At) -> Option<Input> {
        if let Value::Text(name) = value {
            return Some(Input::Step(name.clone().into()));
        }
        if value.get("bind").is_some() {
            self.error(at, "a hole must be a step of its own".to_owned(), None);
            return None;
        }
        match self.kind(value, at)? {
            Kind::Source => self.source(value, at, &[]).map(Input::Source),
            Kind::Operation => {
                let help = "make it a step, and name that".to_owned();
                self.error(at, "an operation stands inside another".to_owned(), Some(help));
                None
            }
        }
    }

    fn source(&mut self, value: &Value, at: &At, more: &[&str]) -> Option<Source> {
        if !matches!(self.kind(value, at)?, Kind::Source) {
            self.error(at, "is an operation, and a source is due".to_owned(), None);
            return None;
        }
        let (kind, given) = value.members().iter().find(|(name, _)| SOURCES.contains(&name.as_str()))?;
        let here = at.member(kind);
        let known: &[&str] = match kind.as_str() {
            "credential" => &["secret"],
            "basic" => &["password"],
            "key" => &["decode", "strip-prefix"],
            "random" => &["max-length"],
            "time" => &["plus"],
            "argument" => &["optional"],
            "request" => match given.text() {
                Some("path" | "target") => &["from"],
                Some("header") => &["name"],
                Some("headers") => &["only"],
                _ => &[],
            },
            _ => &[],
        };
        let known: Vec<&str> = [kind.as_str()].iter().chain(known).chain(more).copied().collect();
        self.known_keys(value, at, &known);
        let text = self.expect_text(given, &here)?;
        let name = || Text::from(text.to_owned());
        Some(match kind.as_str() {
            "credential" => Source::Credential { name: name(), secret: self.flag(value, at, "secret") },
            "basic" => Source::Basic { username: name(), password: self.required_text(value, at, "password")? },
            "key" => Source::Key {
                name: name(),
                decode: self.optional_word(value, at, "decode", &KEY_ENCODINGS)?.unwrap_or(KeyEncoding::Utf8),
                strip_prefix: self.optional_text(value, at, "strip-prefix")?,
            },
            "random" => {
                Source::Random { form: self.random(text, &here)?, max_length: self.number(value, at, "max-length")? }
            }
            "time" => Source::Time {
                form: self.word(given, &here, &TIMES)?,
                plus_seconds: self.duration(value, at, "plus")?.unwrap_or_default().into(),
            },
            "argument" => Source::Argument { name: name(), optional: self.flag(value, at, "optional") },
            "session" => Source::Session { name: name() },
            "literal" => Source::Literal(name()),
            _ => Source::Request(self.request_part(given, value, at)?),
        })
    }

    fn random(&mut self, text: &str, at: &At) -> Option<RandomForm> {
        let bytes = |prefix: &str| text.strip_prefix(prefix).and_then(canonical_number::<u16>);
        let form = match text {
            "uuid-v4" => Some(RandomForm::UuidV4),
            _ => bytes("hex-").map(RandomForm::Hex).or_else(|| bytes("base64url-").map(RandomForm::Base64Url)),
        };
        if form.is_none() {
            let help = "uuid-v4, hex-N or base64url-N".to_owned();
            self.error(at, format!("`{text}` is no form of a random value"), Some(help));
        }
        form
    }

    fn request_part(&mut self, part: &Value, value: &Value, at: &At) -> Option<RequestPart> {
        const PARTS: [(&str, u8); 9] = [
            ("method", 0),
            ("path", 1),
            ("query", 2),
            ("target", 3),
            ("host", 4),
            ("url", 5),
            ("body", 6),
            ("header", 7),
            ("headers", 8),
        ];
        let from = |reader: &mut Self| reader.optional_word(value, at, "from", &STARTS);
        Some(match self.word(part, &at.member("request"), &PARTS)? {
            0 => RequestPart::Method,
            1 => RequestPart::Path(from(self)?.unwrap_or(TargetFrom::Base)),
            2 => RequestPart::Query,
            3 => RequestPart::Target(from(self)?.unwrap_or(TargetFrom::Base)),
            4 => RequestPart::Host,
            5 => RequestPart::Url,
            6 => RequestPart::Body,
            7 => RequestPart::Header { name: self.required_text(value, at, "name")? },
            _ => {
                let at = at.member("only");
                let only = value.get("only");
                if only.is_none() {
                    self.error(&at, "`headers` needs `only`".to_owned(), None);
                }
                RequestPart::Headers { only: self.texts(only?, &at)?.into() }
            }
        })
    }

    fn operation(&mut self, value: &Value, at: &At) -> Option<Operation> {
        let (kind, given) = value.members().iter().find(|(name, _)| OPERATIONS.contains(&name.as_str()))?;
        let here = at.member(kind);
        let known: &[&str] = match kind.as_str() {
            "hash" => &["of", "encode", "without-body", "empty"],
            "hmac" => &["key", "of", "encode", "without-body", "empty"],
            "concat" => &["separator", "without-body", "empty"],
            "json-array" | "json-object" => &["escape"],
            "php-json" => &["arrays", "without-body", "empty"],
            "form" | "sorted-form" => &["without-body", "empty"],
            _ => &["key", "header", "claims", "payload", "escape"],
        };
        let known: Vec<&str> = [kind.as_str(), "settable"].iter().chain(known).copied().collect();
        self.known_keys(value, at, &known);
        let substitutes = Substitutes {
            without_body: self.optional_text(value, at, "without-body")?,
            empty: self.optional_text(value, at, "empty")?,
        };
        // Every part is read before any is given up, so that all errors come together.
        Some(match kind.as_str() {
            "hash" => {
                let (algorithm, of) = (self.word(given, &here, &HASHES), self.required_input(value, at, "of"));
                let encode = self.required_word(value, at, "encode", &ENCODINGS);
                Operation::Hash { algorithm: algorithm?, of: of?, encode: encode?, substitutes }
            }
            "hmac" => {
                let (algorithm, of) = (self.word(given, &here, &MACS), self.required_input(value, at, "of"));
                let encode = self.required_word(value, at, "encode", &ENCODINGS);
                let key = self.required_text(value, at, "key");
                Operation::Hmac { algorithm: algorithm?, key: key?, of: of?, encode: encode?, substitutes }
            }
            "concat" => {
                let (parts, separator) = (self.inputs(given, &here), self.optional_text(value, at, "separator"));
                Operation::Concat { parts: parts?.into(), separator: separator?.unwrap_or_default(), substitutes }
            }
            "json-array" => {
                let (items, escape) = (self.inputs(given, &here), self.required_word(value, at, "escape", &ESCAPES));
                Operation::JsonArray { items: items?.into(), escape: escape? }
            }
            "json-object" => {
                let members = self.named_inputs(given, &here);
                let escape = self.required_word(value, at, "escape", &ESCAPES);
                Operation::JsonObject { members: members?.into(), escape: escape? }
            }
            "php-json" => {
                let (of, arrays) = (self.input(given, &here), self.required_word(value, at, "arrays", &ARRAYS));
                Operation::PhpJson { of: of?, arrays: arrays?, substitutes }
            }
            "form" => Operation::Form { parts: self.form(given, &here)?.into(), substitutes },
            "sorted-form" => Operation::SortedForm { of: self.input(given, &here)?, substitutes },
            _ => {
                let (algorithm, key) = (self.word(given, &here, &TOKENS), self.required_text(value, at, "key"));
                let (header, payload) = (self.header(value, at), self.payload(value, at));
                let escape = self.required_word(value, at, "escape", &ESCAPES);
                Operation::Jws {
                    algorithm: algorithm?,
                    key: key?,
                    header: header?.into(),
                    payload: payload?,
                    escape: escape?,
                }
            }
        })
    }

    fn form(&mut self, value: &Value, at: &At) -> Option<Vec<FormPart>> {
        let mut parts = Vec::new();
        let mut whole = true;
        for (index, item) in self.list(value, at).iter().enumerate() {
            let at = at.item(index);
            // `{nonce: nonce}` is a pair; `{request: body}` is a source, and no pair can be called like one.
            let pair = match item.members() {
                [(name, of)] if !SOURCES.contains(&name.as_str()) => Some((name, of)),
                _ => None,
            };
            let part = match pair {
                Some((name, of)) => {
                    self.input(of, &at.member(name)).map(|input| FormPart::Pair(name.clone().into(), input))
                }
                None => self.input(item, &at).map(FormPart::Text),
            };
            whole &= part.is_some();
            parts.extend(part);
        }
        whole.then_some(parts)
    }

    fn header(&mut self, value: &Value, at: &At) -> Option<Vec<(Text, Text)>> {
        let header = self.required(value, at, "header")?;
        let at = at.member("header");
        let member = |(name, value): &(String, Value), reader: &mut Self| {
            let text = reader.expect_text(value, &at.member(name))?;
            Some((Text::from(name.clone()), Text::from(text.to_owned())))
        };
        let members = self.map(header, &at);
        members.iter().map(|pair| member(pair, self)).collect()
    }

    fn payload(&mut self, value: &Value, at: &At) -> Option<JwsPayload> {
        match (value.get("claims"), value.get("payload")) {
            (Some(claims), None) => {
                self.named_inputs(claims, &at.member("claims")).map(|claims| JwsPayload::Claims(claims.into()))
            }
            (None, Some(payload)) => self.input(payload, &at.member("payload")).map(JwsPayload::Exact),
            _ => {
                self.error(at, "a jws has either `claims` or `payload`".to_owned(), None);
                None
            }
        }
    }

    fn output(&mut self, value: &Value, at: &At) -> Option<Output> {
        match (value.get("send"), value.get("give")) {
            (Some(send), None) => Some(Output::Send(self.send(send, &at.member("send")))),
            (None, Some(give)) => {
                self.expect_text(give, &at.member("give")).map(|step| Output::Give(step.to_owned().into()))
            }
            _ => {
                if matches!(value, Value::Map(_)) {
                    self.error(at, "a recipe ends in either `send` or `give`".to_owned(), None);
                }
                None
            }
        }
    }

    fn send(&mut self, value: &Value, at: &At) -> Send {
        self.known_keys(value, at, &["header", "query", "body", "settable"]);
        let carriers = |reader: &mut Self, name: &str| {
            value.get(name).map(|map| reader.carriers(map, &at.member(name))).unwrap_or_default()
        };
        Send {
            headers: carriers(self, "header").into(),
            query: carriers(self, "query").into(),
            body: self.optional_text(value, at, "body").flatten(),
            settable: self.settable(value, at).into(),
        }
    }

    fn carriers(&mut self, value: &Value, at: &At) -> Vec<(Text, Carrier)> {
        let mut carriers = Vec::new();
        for (name, value) in self.map(value, at) {
            let carrier = self.carrier(value, &at.member(name));
            carriers.extend(carrier.map(|carrier| (Text::from(name.clone()), carrier)));
        }
        carriers
    }

    fn carrier(&mut self, value: &Value, at: &At) -> Option<Carrier> {
        if matches!(value, Value::Text(_)) {
            return self.template(value, at).map(Carrier::One);
        }
        self.known_keys(value, at, &["many", "separator"]);
        let items = self.required(value, at, "many")?;
        let at_items = at.member("many");
        let items: Vec<Template> = self
            .list(items, &at_items)
            .iter()
            .enumerate()
            .filter_map(|(index, item)| self.template(item, &at_items.item(index)))
            .collect();
        Some(Carrier::Many { items: items.into(), separator: self.required_text(value, at, "separator")? })
    }

    fn template(&mut self, value: &Value, at: &At) -> Option<Template> {
        let text = self.expect_text(value, at)?;
        match parse_template(text) {
            Ok(template) => Some(template),
            Err(reason) => {
                self.error(at, format!("is no template: {reason}"), None);
                None
            }
        }
    }

    fn rules(&mut self, value: &Value, at: &At) -> Rules {
        self.known_keys(value, at, &["single-use", "freshness", "lifetime"]);
        let single_use = value.get("single-use").and_then(|list| self.texts(list, &at.member("single-use")));
        let mut limit = |name: &str, length: &str| {
            let rule = value.get(name)?;
            let at = at.member(name);
            self.known_keys(rule, &at, &["of", length]);
            let of = self.required_text(rule, &at, "of");
            let seconds = self.required(rule, &at, length).and_then(|_| self.duration(rule, &at, length));
            Some((of?, seconds??))
        };
        let freshness = limit("freshness", "window");
        let lifetime = limit("lifetime", "max");
        Rules {
            single_use: single_use.unwrap_or_default().into(),
            freshness: freshness.map(|(of, window_seconds)| Freshness { of, window_seconds }),
            lifetime: lifetime.map(|(of, max_seconds)| Lifetime { of, max_seconds }),
        }
    }

    fn options(&mut self, value: &Value, at: &At) -> SigningOptions {
        let mut options = SigningOptions::new();
        for (name, value) in self.map(value, at) {
            let at = at.member(name);
            let parameter = match value {
                Value::Text(text) => Some(Fixed::Text(text.clone().into())),
                Value::Bool(flag) => Some(Fixed::Flag(*flag)),
                Value::List(_) => self.texts(value, &at).map(|items| Fixed::List(items.into())),
                _ => None,
            };
            if let Some(parameter) = parameter {
                options.parameters.insert(name.clone(), parameter);
            } else if name == "send" {
                self.send_options(value, &at, &mut options);
            } else {
                let step = self.step_options(value, &at);
                options.steps.insert(name.clone(), step);
            }
        }
        options
    }

    fn send_options(&mut self, value: &Value, at: &At, options: &mut SigningOptions) {
        self.known_keys(value, at, &["header", "query", "body"]);
        let mut carriers = |name: &str| match value.get(name) {
            None => None,
            Some(Value::Null) => Some(Vec::new()),
            Some(map) => Some(self.carriers(map, &at.member(name))),
        };
        options.headers = carriers("header");
        options.query = carriers("query");
        options.body = self.removable_text(value, at, "body");
    }

    fn step_options(&mut self, value: &Value, at: &At) -> StepOptions {
        self.known_keys(value, at, &["arrays", "only", "without-body", "empty"]);
        StepOptions {
            arrays: self.optional_word(value, at, "arrays", &ARRAYS).flatten(),
            only: value.get("only").and_then(|list| self.texts(list, &at.member("only"))),
            without_body: self.removable_text(value, at, "without-body"),
            empty: self.removable_text(value, at, "empty"),
        }
    }

    fn removable_text(&mut self, value: &Value, at: &At, name: &str) -> Option<Option<Text>> {
        match value.get(name)? {
            Value::Null => Some(None),
            text => self.expect_text(text, &at.member(name)).map(|text| Some(text.to_owned().into())),
        }
    }

    // The smaller parts.

    fn required<'v>(&mut self, value: &'v Value, at: &At, name: &str) -> Option<&'v Value> {
        let found = value.get(name);
        if found.is_none() {
            self.error(at, format!("`{name}` is missing"), None);
        }
        found
    }

    fn required_input(&mut self, value: &Value, at: &At, name: &str) -> Option<Input> {
        let found = self.required(value, at, name)?;
        self.input(found, &at.member(name))
    }

    fn required_text(&mut self, value: &Value, at: &At, name: &str) -> Option<Text> {
        let found = self.required(value, at, name)?;
        self.expect_text(found, &at.member(name)).map(|text| text.to_owned().into())
    }

    fn required_word<T: Copy>(&mut self, value: &Value, at: &At, name: &str, words: &[(&str, T)]) -> Option<T> {
        let found = self.required(value, at, name)?;
        self.word(found, &at.member(name), words)
    }

    /// The outer `Option` is whether what stands there could be read.
    fn optional_text(&mut self, value: &Value, at: &At, name: &str) -> Option<Option<Text>> {
        match value.get(name) {
            None => Some(None),
            Some(text) => self.expect_text(text, &at.member(name)).map(|text| Some(text.to_owned().into())),
        }
    }

    fn optional_word<T: Copy>(&mut self, value: &Value, at: &At, name: &str, words: &[(&str, T)]) -> Option<Option<T>> {
        match value.get(name) {
            None => Some(None),
            Some(word) => self.word(word, &at.member(name), words).map(Some),
        }
    }

    fn word<T: Copy>(&mut self, value: &Value, at: &At, words: &[(&str, T)]) -> Option<T> {
        let text = self.expect_text(value, at)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let names = words.iter().map(|(word, _)| *word);
            let help = did_you_mean(text, names.clone())
                .unwrap_or_else(|| format!("one of {}", names.collect::<Vec<_>>().join(", ")));
            self.error(at, format!("`{text}` is unknown here"), Some(help));
        }
        found
    }

    fn flag(&mut self, value: &Value, at: &At, name: &str) -> bool {
        match value.get(name) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.error(&at.member(name), "is not true or false".to_owned(), None);
                false
            }
        }
    }

    fn number(&mut self, value: &Value, at: &At, name: &str) -> Option<Option<u32>> {
        match value.get(name) {
            None => Some(None),
            Some(Value::Number(digits)) if canonical_number::<u32>(digits).is_some() => Some(canonical_number(digits)),
            Some(_) => {
                self.error(&at.member(name), "is not a whole number".to_owned(), None);
                None
            }
        }
    }

    fn duration(&mut self, value: &Value, at: &At, name: &str) -> Option<Option<u32>> {
        let Some(found) = value.get(name) else { return Some(None) };
        let at = at.member(name);
        let text = self.expect_text(found, &at)?;
        let seconds = time::duration(text);
        if seconds.is_none() {
            self.error(&at, format!("`{text}` is no length of time"), Some("like 30s, 5m, 1h or 1d".to_owned()));
        }
        seconds.map(Some)
    }

    fn expect_text<'v>(&mut self, value: &'v Value, at: &At) -> Option<&'v str> {
        let text = value.text();
        if text.is_none() {
            self.error(at, "is not text".to_owned(), None);
        }
        text
    }

    fn texts(&mut self, value: &Value, at: &At) -> Option<Vec<Text>> {
        let items = self.list(value, at);
        let text = |(index, item): (usize, &Value), reader: &mut Self| {
            reader.expect_text(item, &at.item(index)).map(|text| Text::from(text.to_owned()))
        };
        items.iter().enumerate().map(|pair| text(pair, self)).collect()
    }

    fn inputs(&mut self, value: &Value, at: &At) -> Option<Vec<Input>> {
        let items = self.list(value, at);
        let inputs: Vec<Option<Input>> =
            items.iter().enumerate().map(|(index, item)| self.input(item, &at.item(index))).collect();
        inputs.into_iter().collect()
    }

    fn named_inputs(&mut self, value: &Value, at: &At) -> Option<Vec<(Text, Input)>> {
        let members = self.map(value, at);
        let inputs: Vec<Option<(Text, Input)>> = members
            .iter()
            .map(|(name, value)| Some((Text::from(name.clone()), self.input(value, &at.member(name))?)))
            .collect();
        inputs.into_iter().collect()
    }

    fn list<'v>(&mut self, value: &'v Value, at: &At) -> &'v [Value] {
        if !matches!(value, Value::List(_)) {
            self.error(at, "is not a list".to_owned(), None);
        }
        value.items()
    }

    /// The members of a map but for notes.
    fn map<'v>(&mut self, value: &'v Value, at: &At) -> Vec<&'v (String, Value)> {
        if !matches!(value, Value::Map(_)) {
            self.error(at, "is not a map".to_owned(), None);
        }
        if let Some(assumed) = value.get("x-assumed") {
            self.expect_text(assumed, &at.member("x-assumed"));
        }
        value.members().iter().filter(|(name, _)| name != "x-assumed").collect()
    }

    fn known_keys(&mut self, value: &Value, at: &At, known: &[&str]) {
        for (name, _) in self.map(value, at) {
            if !known.contains(&name.as_str()) {
                let help = did_you_mean(name, known.iter().copied())
                    .unwrap_or_else(|| format!("known here: {}", known.join(", ")));
                self.error(&at.member(name), format!("`{name}` is unknown here"), Some(help));
            }
        }
    }

    fn error(&mut self, at: &At, message: String, help: Option<String>) {
        let error = DocumentError { pointer: at.0.clone(), message, help };
        // A shared recipe that several schemes use is read for each of them.
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}

enum Kind {
    Source,
    Operation,
}

/// The steps of a shared recipe that a scheme has to fill.
fn holes(recipe: &Value) -> impl Iterator<Item = &str> {
    let values = if recipe.get("custom").is_some() { "with" } else { "values" };
    let values = recipe.get(values).map(Value::members).unwrap_or_default();
    values.iter().filter(|(_, value)| value.get("bind").is_some()).map(|(name, _)| name.as_str())
}

/// A number in plain digits.
fn canonical_number<T: std::str::FromStr>(digits: &str) -> Option<T> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}
