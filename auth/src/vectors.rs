//! Vector files: run, compare every step, turn round.
//!
//! 1. [`VectorFile::parse`] reads a file; what a runner must know and can't is an error with its place.
//! 2. [`run`] signs or verifies each case and names the first thing that differs.
//! 3. Each signed request is turned round: it must verify, and must not with one byte of its signature, of a
//!    plain secret, or of a covered body changed.
//!
//! Vectors state what another implementation or the provider's documents say; nothing here writes them.

use crate::check::{CheckedRecipe, CredentialKind, Facts, check, escape_pointer};
use crate::document::{self, DocumentError, Value};
use crate::operations::encode::{decode_hex, encode};
use crate::operations::form::percent_encode;
use crate::prepare::{Action, Credentials, PlannedOutput, PlannedPart, PlannedSend, Prepared};
use crate::recipe::{Encoding, Recipe};
use crate::request::{SignableBody, SignableRequest};
use crate::secret::Secret;
use crate::settings::SigningOptions;
use crate::sign::{Given, SigningInstructions, StepValue};
use crate::stamp::{Stamp, UnixTime};
use crate::time;
use crate::verify::Verified;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::collections::BTreeMap;
use std::fmt;

/// A vector file.
#[derive(Clone, Debug)]
pub struct VectorFile {
    /// The folder under `specs/`.
    pub provider: String,
    /// Recipes that the file carries itself; they come before the spec's.
    pub recipes: Vec<Recipe>,
    /// The cases.
    pub cases: Vec<Case>,
}

/// One case of a vector file.
#[derive(Clone)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// JSON pointer of the case in its file.
    pub pointer: String,
    /// Name of the scheme, or of the shared recipe.
    pub recipe: String,
    input: CaseInput,
    expected: Expected,
}

// A case holds credentials; those of vectors are made up, but nobody can tell by looking.
impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).field("recipe", &self.recipe).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct CaseInput {
    credentials: Vec<(String, Vec<Secret>)>,
    request: Option<CaseRequest>,
    values: BTreeMap<String, String>,
    arguments: Vec<(String, String)>,
    sessions: Vec<(String, Secret)>,
    options: SigningOptions,
}

#[derive(Clone)]
struct CaseRequest {
    method: String,
    base: String,
    target: String,
    headers: HeaderMap,
    body: Option<Bytes>,
}

impl CaseRequest {
    fn signable(&self) -> SignableRequest<'_> {
        let body = self.body.as_deref().map_or(SignableBody::None, SignableBody::Bytes);
        SignableRequest { method: &self.method, base: &self.base, target: &self.target, headers: &self.headers, body }
    }
}

#[derive(Clone)]
enum Expected {
    Signed {
        steps: Vec<(String, String)>,
        headers: Vec<(String, String)>,
        target: Option<String>,
        body: Option<String>,
    },
    Given {
        steps: Vec<(String, String)>,
        give: String,
    },
    Verified {
        now: i64,
        valid: bool,
    },
}

/// What became of a case.
#[derive(Clone, Debug)]
pub struct CaseOutcome {
    /// The case's name.
    pub name: String,
    /// JSON pointer of the case in its file.
    pub pointer: String,
    /// What became of it.
    pub outcome: Outcome,
}

impl CaseOutcome {
    /// Whether everything fits.
    pub const fn passed(&self) -> bool {
        matches!(self.outcome, Outcome::Passed)
    }
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything fits.
    Passed,
    /// The first thing that differs.
    Failed {
        /// The step, or `recipe`, `credentials`, `options`, `sign`, `headers`, `target`, `body_hex`, `give`, `valid`,
        /// `turned round`.
        step: String,
        /// What the vector says.
        expected: String,
        /// What the engine yields.
        got: String,
    },
}

/// The first thing that differs; what a failed case returns early with.
struct Difference {
    step: String,
    expected: String,
    got: String,
}

fn differs(step: &str, expected: impl Into<String>, got: impl Into<String>) -> Result<(), Difference> {
    Err(Difference { step: step.to_owned(), expected: expected.into(), got: got.into() })
}

fn equal(step: &str, expected: &str, got: &str) -> Result<(), Difference> {
    if expected == got { Ok(()) } else { differs(step, expected, got) }
}

/// Runs the cases, against the file's own recipes first, then against `recipes`.
pub fn run(file: &VectorFile, recipes: &[Recipe]) -> Vec<CaseOutcome> {
    let find = |name: &str| file.recipes.iter().chain(recipes).find(|recipe| recipe.name == name);
    let outcome = |case: &Case| CaseOutcome {
        name: case.name.clone(),
        pointer: case.pointer.clone(),
        outcome: match run_case(case, find(&case.recipe)) {
            Ok(()) => Outcome::Passed,
            Err(Difference { step, expected, got }) => Outcome::Failed { step, expected, got },
        },
    };
    file.cases.iter().map(outcome).collect()
}

fn run_case(case: &Case, recipe: Option<&Recipe>) -> Result<(), Difference> {
    let missing =
        || Difference { step: "recipe".to_owned(), expected: case.recipe.clone(), got: "no such recipe".to_owned() };
    let checked = check(recipe.ok_or_else(missing)?.clone()).map_err(|errors| failed("recipe", &errors[0]))?;
    let checked = checked.with_options(&case.input.options).map_err(|error| failed("options", &error))?;
    let credentials = credentials(&checked, &case.input.credentials);
    let prepared = checked.prepare(&credentials).map_err(|error| failed("credentials", &error))?;
    match (&case.expected, &case.input.request) {
        (Expected::Verified { now, valid }, Some(request)) => verify(&prepared, case, request, *now, *valid),
        (Expected::Signed { .. }, Some(request)) => sign(&checked, &prepared, case, request),
        (Expected::Given { steps, give }, _) => self::give(&prepared, case, steps, give),
        _ => differs("request", "a request", "null"),
    }
}

fn failed(step: &str, error: &dyn fmt::Display) -> Difference {
    Difference { step: step.to_owned(), expected: "no error".to_owned(), got: error.to_string() }
}

/// Credentials of the kinds that the recipe asks for.
fn credentials(checked: &CheckedRecipe, given: &[(String, Vec<Secret>)]) -> Credentials {
    let mut credentials = Credentials::new();
    for field in checked.credentials() {
        let Some((_, values)) = given.iter().find(|(name, _)| field.name == *name) else { continue };
        let first = values.first().cloned().unwrap_or_else(|| Secret::new(""));
        credentials = match field.kind {
            CredentialKind::Text => credentials.text(field.name, first.expose()),
            CredentialKind::SecretText => credentials.secret(field.name, first),
            CredentialKind::Key => credentials.keys(field.name, values.iter().cloned()),
        };
    }
    credentials
}

fn stamp(case: &Case) -> Stamp {
    let stamp = Stamp::given(case.input.values.clone());
    let stamp = case.input.arguments.iter().fold(stamp, |stamp, (name, value)| stamp.argument(name.clone(), value));
    case.input.sessions.iter().fold(stamp, |stamp, (name, value)| stamp.session(name.clone(), value))
}

fn verify(prepared: &Prepared, case: &Case, request: &CaseRequest, now: i64, valid: bool) -> Result<(), Difference> {
    let verified = prepared.verify(&request.signable(), UnixTime::from_secs(now));
    let got = match &verified {
        Ok(verified) if !fits_given(verified, case) => "false: another session or argument".to_owned(),
        Ok(_) => "true".to_owned(),
        Err(error) => format!("false: {}", error.cause()),
    };
    if got.starts_with("true") == valid { Ok(()) } else { differs("valid", valid.to_string(), got) }
}

/// Arguments are read back; a session or argument that the case gives must be the one that came.
fn fits_given(verified: &Verified, case: &Case) -> bool {
    let session = |(name, value): &(String, Secret)| verified.session(name).map(Secret::expose) == Some(value.expose());
    let argument = |(name, value): &(String, String)| verified.argument(name) == Some(value);
    case.input.sessions.iter().all(session) && case.input.arguments.iter().all(argument)
}

fn sign(checked: &CheckedRecipe, prepared: &Prepared, case: &Case, request: &CaseRequest) -> Result<(), Difference> {
    let Expected::Signed { steps, headers, target, body } = &case.expected else { return Ok(()) };
    let signed = prepared.sign(&request.signable(), &stamp(case)).map_err(|error| failed("sign", &error))?;
    compare_steps(steps, signed.steps())?;
    let got =
        signed.spelled_headers().map(|(name, value)| (name, String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let got: Vec<(String, String)> = got.map(|(name, value)| (name.to_owned(), value)).collect();
    equal("headers", &lines(headers), &lines(&got))?;
    let received = received(request, &signed);
    equal("target", target.as_ref().unwrap_or(&request.target), &received.target)?;
    let made = signed.body().map(|bytes| hex(&bytes));
    equal("body_hex", body.as_deref().unwrap_or("none"), made.as_deref().unwrap_or("none"))?;
    let added: Vec<HeaderName> = signed.headers().map(|(name, _)| name).collect();
    turn_round(checked, prepared, case, &received, &added)
}

fn give(prepared: &Prepared, case: &Case, steps: &[(String, String)], give: &str) -> Result<(), Difference> {
    let given: Given = prepared.give(&stamp(case)).map_err(|error| failed("give", &error))?;
    compare_steps(steps, given.steps())?;
    equal("give", give, given.expose())?;
    let now = moment(prepared, case);
    if let Err(error) = prepared.verify_given(given.expose(), now) {
        return differs("turned round", "verified", error.cause().to_string());
    }
    for changed in changes(given.expose().as_bytes()) {
        let text = String::from_utf8_lossy(&changed).into_owned();
        if prepared.verify_given(&text, now).is_ok() {
            return differs("turned round", "refused with one byte changed", text);
        }
    }
    Ok(())
}

fn lines(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
}

/// Every operation of the recipe, in order, and no other.
fn compare_steps<'a>(
    expected: &[(String, String)],
    steps: impl Iterator<Item = StepValue<'a>>,
) -> Result<(), Difference> {
    let mut expected = expected.iter();
    for step in steps.filter(|step| step.operation) {
        let got = if step.text { String::from_utf8_lossy(&step.bytes).into_owned() } else { hex(&step.bytes) };
        match expected.next() {
            Some((name, value)) if *name == step.name => equal(name, value, &got)?,
            Some((name, _)) => return differs(name, format!("step {name}"), format!("step {}", step.name)),
            None => return differs(&step.name, "no such step", got),
        }
    }
    match expected.next() {
        Some((name, value)) => differs(name, value, "no such step"),
        None => Ok(()),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    encode(&mut out, bytes, Encoding::Hex);
    String::from_utf8_lossy(&out).into_owned()
}

/// The request as it arrives.
fn received(request: &CaseRequest, signed: &SigningInstructions) -> CaseRequest {
    let mut received = request.clone();
    for (name, value) in signed.headers() {
        received.headers.insert(name, value);
    }
    if let Some(query) = signed.query() {
        received.target.push(if request.target.contains('?') { '&' } else { '?' });
        received.target.push_str(query);
    }
    if let Some(body) = signed.body() {
        received.body = Some(body);
    }
    received
}

/// A moment at which the rules hold for what the case signed.
fn moment(prepared: &Prepared, case: &Case) -> UnixTime {
    let plan = &prepared.plan;
    if let PlannedOutput::Custom(signer) = &plan.output {
        let created = case.input.values.get("created").and_then(|created| signer.time_of(created));
        return created.unwrap_or(UnixTime::from_secs(0));
    }
    let value = |node: usize| {
        let Action::Time { form, .. } = plan.nodes[node].action else { return None };
        time::parse(case.input.values.get(plan.nodes[node].name.as_ref())?, form)
    };
    let created = plan.rules.freshness.and_then(|(node, _)| value(node));
    let before_expiry =
        |(node, max): (usize, i64)| Some(UnixTime::from_millis(value(node)?.as_millis() - max.min(1000)));
    created.or_else(|| plan.rules.lifetime.and_then(before_expiry)).unwrap_or(UnixTime::from_secs(0))
}

fn turn_round(
    checked: &CheckedRecipe,
    prepared: &Prepared,
    case: &Case,
    received: &CaseRequest,
    added: &[HeaderName],
) -> Result<(), Difference> {
    let now = moment(prepared, case);
    match prepared.verify(&received.signable(), now) {
        Ok(verified) if !fits_given(&verified, case) => return differs("turned round", "the same session", "another"),
        Ok(_) => {}
        Err(error) => return differs("turned round", "verified", error.cause().to_string()),
    }
    for (what, changed) in tampered(checked, prepared, received, added) {
        if prepared.verify(&changed.signable(), now).is_ok() {
            return differs("turned round", format!("refused with one byte of {what} changed"), "verified");
        }
    }
    Ok(())
}

/// The request with one byte changed: of each value that derives from a key or is secret, and of a covered body.
fn tampered(
    checked: &CheckedRecipe,
    prepared: &Prepared,
    received: &CaseRequest,
    added: &[HeaderName],
) -> Vec<(String, CaseRequest)> {
    let mut all = Vec::new();
    let none = PlannedSend { headers: Vec::new(), query: Vec::new(), body: None, prefix: None };
    let send = match &prepared.plan.output {
        PlannedOutput::Send(send) => send,
        // All that a custom scheme adds is its signature, or covered by it.
        PlannedOutput::Custom(_) => {
            for name in added {
                let value = received.headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
                let changed = last_changes(value).into_iter().filter_map(|value| HeaderValue::from_bytes(&value).ok());
                let changed = changed.map(|value| {
                    let mut request = received.clone();
                    request.headers.insert(name.clone(), value);
                    (format!("header {name}"), request)
                });
                all.extend(changed);
            }
            &none
        }
        PlannedOutput::Give(_) => return all,
    };
    let guarded = |parts: &[PlannedPart]| {
        let facts = |node: usize| -> Facts { prepared.plan.nodes[node].facts };
        parts.iter().filter_map(PlannedPart::step).any(|node| facts(node).keyed || facts(node).secret)
    };
    for header in send.headers.iter().filter(|header| header.sensitive) {
        let value = received.headers.get(&header.name).map(HeaderValue::as_bytes).unwrap_or_default();
        let spelled = format!("header {}", header.spelled);
        // The last bytes belong to the signature or secret; what stands before may be a word of no account.
        for changed in last_changes(value) {
            let Ok(value) = HeaderValue::from_bytes(&changed) else { continue };
            let mut request = received.clone();
            request.headers.insert(header.name.clone(), value);
            all.push((spelled.clone(), request));
        }
    }
    for (name, carrier) in &send.query {
        let crate::prepare::PlannedCarrier::One(parts) = carrier else { continue };
        if guarded(parts) {
            all.extend(changed_pair(received, name).map(|request| (format!("query pair {name}"), request)));
        }
    }
    if checked.covers_body() {
        let body = received.body.clone().unwrap_or_default();
        let bodies = if body.is_empty() { vec![b"x".to_vec()] } else { changes(&body) };
        all.extend(
            bodies
                .into_iter()
                .map(|body| ("body".to_owned(), CaseRequest { body: Some(body.into()), ..received.clone() })),
        );
    }
    all
}

/// A query pair with the first byte of its value changed.
fn changed_pair(received: &CaseRequest, name: &str) -> Option<CaseRequest> {
    let mut encoded = Vec::new();
    percent_encode(&mut encoded, name.as_bytes());
    let pair = format!("{}=", String::from_utf8_lossy(&encoded));
    let query = received.target.find('?')? + 1;
    let starts = received.target[query..].match_indices(&pair).map(|(at, _)| query + at);
    let start = starts.into_iter().find(|at| matches!(received.target.as_bytes()[at - 1], b'?' | b'&'))?;
    let mut target = received.target.clone().into_bytes();
    let byte = target.get_mut(start + pair.len())?;
    *byte = other(*byte);
    Some(CaseRequest { target: String::from_utf8(target).ok()?, ..received.clone() })
}

/// The bytes with the first, the middle or the last of them changed.
fn changes(bytes: &[u8]) -> Vec<Vec<u8>> {
    at(bytes, [0, bytes.len() / 2, bytes.len().saturating_sub(1)])
}

/// The bytes with one of the last three changed.
fn last_changes(bytes: &[u8]) -> Vec<Vec<u8>> {
    at(bytes, [1, 2, 3].map(|back| bytes.len().saturating_sub(back)))
}

fn at(bytes: &[u8], places: [usize; 3]) -> Vec<Vec<u8>> {
    let changed = |place: usize| {
        let mut changed = bytes.to_vec();
        let byte = changed.get_mut(place)?;
        *byte = other(*byte);
        Some(changed)
    };
    places.into_iter().filter_map(changed).collect()
}

/// Another byte that may stand where this one does.
const fn other(byte: u8) -> u8 {
    match byte {
        b'0' => b'1',
        b'A' => b'B',
        b'a' => b'b',
        b'1'..=b'9' => b'0',
        b'B'..=b'Z' => b'A',
        b'b'..=b'z' => b'a',
        other => other ^ 1,
    }
}

impl VectorFile {
    /// Reads a vector file's text.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn parse(text: &str) -> Result<VectorFile, Vec<DocumentError>> {
        let whole = |message| vec![DocumentError { pointer: String::new(), message, help: None }];
        VectorFile::read(&Value::from_json(text).map_err(whole)?)
    }

    /// Reads a vector file's value.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn read(value: &Value) -> Result<VectorFile, Vec<DocumentError>> {
        let mut reader = FileReader { errors: Vec::new() };
        let provider = reader.text(value, "", "provider").unwrap_or_default();
        let mut recipes = Vec::new();
        for (name, recipe) in value.get("recipes").map(Value::members).unwrap_or_default() {
            match document::recipe(name, recipe, &format!("/recipes/{}", escape_pointer(name))) {
                Ok(recipe) => recipes.push(recipe),
                Err(errors) => reader.errors.extend(errors),
            }
        }
        let cases = reader.required(value, "", "vectors").map(Value::items).unwrap_or_default();
        let cases =
            cases.iter().enumerate().filter_map(|(index, case)| reader.case(case, &format!("/vectors/{index}")));
        let cases: Vec<Case> = cases.collect();
        for (index, case) in cases.iter().enumerate() {
            if cases[..index].iter().any(|earlier| earlier.name == case.name && earlier.recipe == case.recipe) {
                reader.error(&case.pointer, format!("there are two cases `{}`", case.name));
            }
        }
        if reader.errors.is_empty() { Ok(VectorFile { provider, recipes, cases }) } else { Err(reader.errors) }
    }
}

struct FileReader {
    errors: Vec<DocumentError>,
}

impl FileReader {
    fn case(&mut self, value: &Value, at: &str) -> Option<Case> {
        let people = ["purpose", "basis", "origin", "note"];
        self.known(value, at, &[&["name", "kind", "recipe", "input", "steps", "expected"], &people[..]].concat());
        let name = self.text(value, at, "name");
        let recipe = self.text(value, at, "recipe");
        let kind = self.text(value, at, "kind");
        let input_at = format!("{at}/input");
        let input = self.required(value, at, "input").and_then(|input| self.input(input, &input_at));
        let expected = match kind.as_deref() {
            Some("sign") => self.signed(value, at, input.as_ref().is_some_and(|input| input.request.is_some())),
            Some("verify") => self.verified(value, at),
            Some(_) => {
                self.error(&format!("{at}/kind"), "is neither `sign` nor `verify`".to_owned());
                None
            }
            None => None,
        };
        Some(Case { name: name?, pointer: at.to_owned(), recipe: recipe?, input: input?, expected: expected? })
    }

    fn input(&mut self, value: &Value, at: &str) -> Option<CaseInput> {
        self.known(value, at, &["credentials", "request", "values", "session", "arguments", "options", "now"]);
        let credentials = self.credentials(value, at);
        let request = match value.get("request") {
            None | Some(Value::Null) => None,
            Some(request) => Some(self.request(request, &format!("{at}/request"))?),
        };
        let options_at = format!("{at}/options");
        let options = value.get("options").map(|options| document::options(options, &options_at));
        let options = options.unwrap_or_else(|| Ok(SigningOptions::new())).unwrap_or_else(|errors| {
            self.errors.extend(errors);
            SigningOptions::new()
        });
        let sessions = self.texts(value, at, "session").into_iter();
        Some(CaseInput {
            credentials,
            request,
            values: self.texts(value, at, "values").into_iter().collect(),
            arguments: self.texts(value, at, "arguments"),
            sessions: sessions.map(|(name, value)| (name, Secret::new(value))).collect(),
            options,
        })
    }

    fn credentials(&mut self, value: &Value, at: &str) -> Vec<(String, Vec<Secret>)> {
        let mut credentials = Vec::new();
        for (name, value) in value.get("credentials").map(Value::members).unwrap_or_default() {
            let values: Vec<Secret> = match value {
                Value::Text(text) => vec![Secret::new(text.clone())],
                _ => value.items().iter().filter_map(Value::text).map(Secret::from).collect(),
            };
            if values.is_empty() {
                self.error(
                    &format!("{at}/credentials/{}", escape_pointer(name)),
                    "is no text and no list of texts".to_owned(),
                );
            }
            credentials.push((name.clone(), values));
        }
        credentials
    }

    fn request(&mut self, value: &Value, at: &str) -> Option<CaseRequest> {
        self.known(value, at, &["method", "target", "headers", "body_hex", "base"]);
        let mut headers = HeaderMap::new();
        for (index, pair) in value.get("headers").map(Value::items).unwrap_or_default().iter().enumerate() {
            let header = match pair.items() {
                [Value::Text(name), Value::Text(value)] => {
                    HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok())
                }
                _ => None,
            };
            match header {
                Some((name, value)) => drop(headers.append(name, value)),
                None => self.error(&format!("{at}/headers/{index}"), "is no header".to_owned()),
            }
        }
        let body = match value.get("body_hex") {
            None | Some(Value::Null) => None,
            Some(text) => {
                let bytes = text.text().and_then(decode_hex);
                if bytes.is_none() {
                    self.error(&format!("{at}/body_hex"), "is not hexadecimal".to_owned());
                }
                bytes.map(Bytes::from)
            }
        };
        let base = value.get("base").and_then(Value::text).unwrap_or_default().to_owned();
        let method = self.text(value, at, "method");
        let target = self.text(value, at, "target");
        Some(CaseRequest { method: method?, base, target: target?, headers, body })
    }

    fn signed(&mut self, value: &Value, at: &str, request: bool) -> Option<Expected> {
        let steps = self.texts(value, at, "steps");
        let expected = self.required(value, at, "expected")?;
        let at = format!("{at}/expected");
        self.known(expected, &at, &["headers", "target", "body_hex", "give"]);
        if !request {
            return Some(Expected::Given { steps, give: self.text(expected, &at, "give")? });
        }
        let mut headers = Vec::new();
        for (index, pair) in expected.get("headers").map(Value::items).unwrap_or_default().iter().enumerate() {
            match pair.items() {
                [Value::Text(name), Value::Text(value)] => headers.push((name.clone(), value.clone())),
                _ => self.error(&format!("{at}/headers/{index}"), "is no pair of texts".to_owned()),
            }
        }
        let text = |name: &str| expected.get(name).and_then(Value::text).map(str::to_owned);
        Some(Expected::Signed { steps, headers, target: text("target"), body: text("body_hex") })
    }

    fn verified(&mut self, value: &Value, at: &str) -> Option<Expected> {
        let now = match value.get("input").and_then(|input| input.get("now")) {
            Some(Value::Number(digits)) => digits.parse().ok(),
            _ => None,
        };
        if now.is_none() {
            self.error(&format!("{at}/input/now"), "is no Unix time".to_owned());
        }
        let expected = self.required(value, at, "expected")?;
        let at = format!("{at}/expected");
        self.known(expected, &at, &["valid", "reason"]);
        match (now, expected.get("valid")) {
            (Some(now), Some(Value::Bool(valid))) => Some(Expected::Verified { now, valid: *valid }),
            (_, Some(Value::Bool(_))) => None,
            _ => {
                self.error(&format!("{at}/valid"), "is not true or false".to_owned());
                None
            }
        }
    }

    fn texts(&mut self, value: &Value, at: &str, name: &str) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        for (member, value) in value.get(name).map(Value::members).unwrap_or_default() {
            match value {
                Value::Text(text) => texts.push((member.clone(), text.clone())),
                _ => self.error(&format!("{at}/{name}/{}", escape_pointer(member)), "is not text".to_owned()),
            }
        }
        texts
    }

    fn text(&mut self, value: &Value, at: &str, name: &str) -> Option<String> {
        let found = self.required(value, at, name)?;
        let text = found.text().map(str::to_owned);
        if text.is_none() {
            self.error(&format!("{at}/{name}"), "is not text".to_owned());
        }
        text
    }

    fn required<'v>(&mut self, value: &'v Value, at: &str, name: &str) -> Option<&'v Value> {
        let found = value.get(name);
        if found.is_none() {
            self.error(at, format!("`{name}` is missing"));
        }
        found
    }

    fn known(&mut self, value: &Value, at: &str, known: &[&str]) {
        for (name, _) in value.members() {
            if !known.contains(&name.as_str()) {
                let help = crate::check::did_you_mean(name, known.iter().copied());
                let pointer = format!("{at}/{}", escape_pointer(name));
                self.errors.push(DocumentError { pointer, message: format!("`{name}` is unknown here"), help });
            }
        }
    }

    fn error(&mut self, pointer: &str, message: String) {
        self.errors.push(DocumentError { pointer: pointer.to_owned(), message, help: None });
    }
}
