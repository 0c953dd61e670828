//! Prepared signer + request + stamp -> instructions.
//!
//! 1. Each node of the plan is computed in order; what it yields is written into one buffer.
//! 2. Each carrier's template is filled; where it can be, the value is the very slice that a step wrote.
//! 3. [`SigningInstructions`] say what to add to the request; who adds it is the business of the `hook` module.
//!
//! Nothing here reads a clock, draws random bytes or looks at anything but its arguments.

use crate::error::SignError;
use crate::operations::{concat, digest, encode, form, json, jws, php};
use crate::prepare::{
    Action, Claim, Macs, Node, Plan, PlannedCarrier, PlannedFormPart, PlannedHeader, PlannedJws, PlannedOutput,
    PlannedPart, PlannedPayload, PlannedSend, PlannedSubstitutes, Prepared, header_value,
};
use crate::recipe::{RandomForm, TargetFrom, Text};
use crate::request::{Base, SignableBody, SignableRequest};
use crate::stamp::{Stamp, StampValue};
use crate::time;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// What to change in a request so that it is signed.
#[derive(Clone)]
pub struct SigningInstructions {
    plan: Arc<Plan>,
    values: Vec<Value>,
    headers: Vec<HeaderValue>,
    query: Option<Bytes>,
}

/// What a recipe that ends in `give` yields.
#[derive(Clone)]
pub struct Given {
    plan: Arc<Plan>,
    values: Vec<Value>,
    text: Bytes,
}

/// One step's value, for explanations, vectors and traces.
#[derive(Clone)]
pub struct StepValue<'a> {
    /// The step's name; parts of a JWS are called `token.header_json` and so on.
    pub name: Cow<'a, str>,
    /// Its value.
    pub bytes: Bytes,
    /// Whether its type is text; bytes are shown as hexadecimal.
    pub text: bool,
    /// Whether it is an operation, and not a source.
    pub operation: bool,
    /// Whether the value is itself a credential, or holds one.
    pub secret: bool,
}

impl Prepared {
    /// Signs a request.
    ///
    /// # Errors
    /// What the recipe needs and request or stamp do not have; see [`SignError`].
    pub fn sign(&self, request: &SignableRequest<'_>, stamp: &Stamp) -> Result<SigningInstructions, SignError> {
        let plan = &self.plan;
        let PlannedOutput::Send(send) = &plan.output else {
            return Err(SignError::Output {
                scheme: plan.recipe.name.clone(),
                ends: "gives a value and signs no request",
            });
        };
        let request = &below_own_pairs(send, request)?;
        let mut engine = Engine::new(plan, request, stamp)?;
        engine.run()?;
        let mut headers = Vec::with_capacity(send.headers.len());
        for header in &send.headers {
            headers.push(engine.header(send, header)?);
        }
        let query = engine.query(send)?;
        Ok(SigningInstructions { plan: Arc::clone(plan), values: engine.values, headers, query })
    }

    /// Computes what a recipe that ends in `give` yields.
    ///
    /// # Errors
    /// What the recipe needs and the stamp does not have; see [`SignError`].
    pub fn give(&self, stamp: &Stamp) -> Result<Given, SignError> {
        let plan = &self.plan;
        let PlannedOutput::Give(node) = plan.output else {
            return Err(SignError::Output {
                scheme: plan.recipe.name.clone(),
                ends: "signs requests and gives no value",
            });
        };
        let headers = HeaderMap::new();
        let request = no_request(&headers);
        let mut engine = Engine::new(plan, &request, stamp)?;
        engine.run()?;
        let text = engine.values[node].bytes().cloned().unwrap_or_default();
        Ok(Given { plan: Arc::clone(plan), values: engine.values, text })
    }
}

impl SigningInstructions {
    /// The headers to set, in order; values that derive from a key or are secret are marked sensitive.
    pub fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> + '_ {
        let names = self.send().map(|send| send.headers.as_slice()).unwrap_or_default();
        names.iter().zip(&self.headers).map(|(header, value)| (header.name.clone(), value.clone()))
    }

    /// The headers to set with their names as the recipe spells them.
    pub fn spelled_headers(&self) -> impl Iterator<Item = (&str, &HeaderValue)> {
        let names = self.send().map(|send| send.headers.as_slice()).unwrap_or_default();
        names.iter().zip(&self.headers).map(|(header, value)| (header.spelled.as_ref(), value))
    }

    /// Pairs to append to the query, encoded and joined by `&`.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref().map(text_of)
    }

    /// The text that replaces the body.
    pub fn body(&self) -> Option<Bytes> {
        let body = self.send()?.body?;
        self.values[body].bytes().cloned()
    }

    /// The values that may be used once only, by step name.
    pub fn single_use(&self) -> impl Iterator<Item = (&str, &str)> {
        single_use(&self.plan, &self.values)
    }

    /// Each named step with its value, in order; keys and the body itself are left out.
    pub fn steps(&self) -> impl Iterator<Item = StepValue<'_>> {
        steps(&self.plan, &self.values)
    }

    fn send(&self) -> Option<&PlannedSend> {
        match &self.plan.output {
            PlannedOutput::Send(send) => Some(send),
            PlannedOutput::Give(_) => None,
        }
    }
}

impl Given {
    /// The text; mostly a credential, so it is neither printed nor compared.
    pub fn expose(&self) -> &str {
        text_of(&self.text)
    }

    /// Each named step with its value, in order; keys are left out.
    pub fn steps(&self) -> impl Iterator<Item = StepValue<'_>> {
        steps(&self.plan, &self.values)
    }
}

impl fmt::Debug for SigningInstructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.spelled_headers().map(|(name, _)| name).collect();
        f.debug_struct("SigningInstructions")
            .field("scheme", &self.plan.recipe.name)
            .field("headers", &names)
            .field("query", &self.query.is_some())
            .field("body", &self.body().is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").field("scheme", &self.plan.recipe.name).finish_non_exhaustive()
    }
}

// A step may hold a body or a user's id without being secret, so values are for those who ask for them.
impl fmt::Debug for StepValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StepValue({}, [{} bytes])", self.name, self.bytes.len())
    }
}

/// What a node yields.
#[derive(Clone)]
pub(crate) enum Value {
    /// Not computed yet.
    Unset,
    /// Not known to a receiver.
    Unknown,
    /// A key, a map or the body: read where they are used.
    Elsewhere,
    /// An optional argument that was not given.
    Absent,
    Bytes(Bytes),
}

impl Value {
    /// The text or bytes.
    pub(crate) const fn bytes(&self) -> Option<&Bytes> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// The request as a receiver sees it once the recipe's own query pairs are taken off.
fn below_own_pairs<'a>(send: &PlannedSend, request: &'a SignableRequest<'_>) -> Result<SignableRequest<'a>, SignError> {
    if send.query.is_empty() {
        return Ok(*request);
    }
    for (name, _) in &send.query {
        if form::contains(request.query(), name) {
            return Err(SignError::DoubledPair { name: name.clone(), part: "query" });
        }
    }
    // Nobody sees afterwards whether a `?` stood there before.
    let target = if request.query().is_empty() { request.path() } else { request.target };
    Ok(SignableRequest { target, ..*request })
}

/// A request for recipes that read none.
pub(crate) const fn no_request(headers: &HeaderMap) -> SignableRequest<'_> {
    SignableRequest { method: "", base: "", target: "/", headers, body: SignableBody::None }
}

/// The texts of steps are UTF-8: the check gives bytes another type.
pub(crate) fn text_of(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

pub(crate) fn single_use<'a>(plan: &'a Plan, values: &'a [Value]) -> impl Iterator<Item = (&'a str, &'a str)> {
    let value = |node: &usize| Some((plan.nodes[*node].name.as_ref(), text_of(values[*node].bytes()?)));
    plan.rules.single_use.iter().filter_map(value)
}

fn steps<'a>(plan: &'a Plan, values: &'a [Value]) -> impl Iterator<Item = StepValue<'a>> {
    plan.steps.iter().flat_map(|index| step_values(&plan.nodes[*index], &values[*index]))
}

/// The values of a step: one, or the parts of a token.
fn step_values<'a>(node: &'a Node, value: &Value) -> Vec<StepValue<'a>> {
    let whole = |bytes: &Bytes| StepValue {
        name: Cow::Borrowed(node.name.as_ref()),
        bytes: bytes.clone(),
        text: node.facts.ty == crate::check::Type::Text,
        operation: node.action.is_operation(),
        secret: node.facts.secret,
    };
    match (value, &node.action) {
        (Value::Bytes(token), Action::Jws(jws)) => token_parts(&whole(token), jws),
        (Value::Bytes(bytes), _) => vec![whole(bytes)],
        _ => Vec::new(),
    }
}

fn token_parts<'a>(whole: &StepValue<'a>, jws: &PlannedJws) -> Vec<StepValue<'a>> {
    let part = |suffix: &str, bytes: Bytes, secret| StepValue {
        name: Cow::Owned(format!("{}.{suffix}", whole.name)),
        bytes,
        secret,
        ..whole.clone()
    };
    let token = &whole.bytes;
    let dot = token.iter().rposition(|byte| *byte == b'.').unwrap_or_default();
    let decode = |part: &[u8]| encode::decode_base64url(text_of(part)).unwrap_or_default();
    let signature = decode(&token[dot + 1..]);
    let payload = token[..dot].iter().position(|byte| *byte == b'.').map(|first| decode(&token[first + 1..dot]));
    let mut hex = BytesMut::new();
    encode::encode(&mut hex, &signature, crate::recipe::Encoding::Hex);
    vec![
        part("header_json", jws.header_json.clone(), false),
        part("payload_json", payload.unwrap_or_default().into(), whole.secret),
        part("signing_input", token.slice(..dot), whole.secret),
        part("signature_hex", hex.freeze(), whole.secret),
        whole.clone(),
    ]
}

/// Where drawn values come from.
pub(crate) enum Origin<'r> {
    /// A sender draws them.
    Stamp(&'r Stamp),
    /// A receiver reads them back; what is not set by then is unknown.
    ReadBack(&'r ReadBack),
}

/// Arguments and sessions that a receiver read back, by name; times and random values are set by node.
#[derive(Default)]
pub(crate) struct ReadBack {
    pub(crate) arguments: Vec<(Text, Option<Bytes>)>,
    pub(crate) sessions: Vec<(Text, Bytes)>,
}

/// Computes the nodes of a plan.
pub(crate) struct Engine<'r> {
    plan: &'r Plan,
    request: &'r SignableRequest<'r>,
    origin: Origin<'r>,
    pub(crate) values: Vec<Value>,
    /// Which key of each name; the first where nothing is chosen.
    pub(crate) choice: Vec<usize>,
    buffer: BytesMut,
    /// The value that a text was written in front of, together with that text.
    prefixed: Option<Bytes>,
}

impl<'r> Engine<'r> {
    fn new(plan: &'r Plan, request: &'r SignableRequest<'r>, stamp: &'r Stamp) -> Result<Self, SignError> {
        Engine::with(plan, request, Origin::Stamp(stamp), vec![Value::Unset; plan.nodes.len()])
    }

    /// An engine that some values are known to already.
    pub(crate) fn with(
        plan: &'r Plan,
        request: &'r SignableRequest<'r>,
        origin: Origin<'r>,
        values: Vec<Value>,
    ) -> Result<Self, SignError> {
        if plan.covers_body && matches!(request.body, SignableBody::Stream) {
            return Err(SignError::StreamingBody { scheme: plan.recipe.name.clone() });
        }
        if !request.target.starts_with('/') {
            return Err(SignError::Target);
        }
        let capacity = crate::size::estimate(plan, request, &origin);
        Ok(Engine {
            plan,
            request,
            origin,
            values,
            choice: Vec::new(),
            buffer: BytesMut::with_capacity(capacity),
            prefixed: None,
        })
    }

    /// Whether a node derives from a key.
    pub(crate) fn is_keyed(&self, node: usize) -> bool {
        self.plan.nodes[node].facts.keyed
    }

    fn run(&mut self) -> Result<(), SignError> {
        (0..self.plan.nodes.len()).try_for_each(|index| self.compute(index))
    }

    /// Computes one node from earlier ones.
    pub(crate) fn compute(&mut self, index: usize) -> Result<(), SignError> {
        if !matches!(self.values[index], Value::Unset) {
            return Ok(());
        }
        let node = &self.plan.nodes[index];
        if !node.action.is_operation() {
            if let Some(value) = self.source(node)? {
                self.values[index] = value;
                return Ok(());
            }
        } else if let PlannedOutput::Send(PlannedSend { prefix: Some((of, prefix)), .. }) = &self.plan.output
            && *of == index
        {
            self.operation(node, prefix)?;
            let whole = self.buffer.split().freeze();
            self.values[index] = Value::Bytes(whole.slice(prefix.len()..));
            self.prefixed = Some(whole);
            return Ok(());
        } else {
            self.operation(node, &[])?;
        }
        self.values[index] = Value::Bytes(self.buffer.split().freeze());
        Ok(())
    }

    /// The value of a source; nothing where it is what was written.
    fn source(&mut self, node: &Node) -> Result<Option<Value>, SignError> {
        match &node.action {
            Action::Constant(bytes) => return Ok(Some(Value::Bytes(bytes.clone()))),
            Action::Key | Action::Body | Action::Headers { .. } => return Ok(Some(Value::Elsewhere)),
            Action::Random { form, offset, max_length } => return self.random(node, *form, *offset, *max_length),
            Action::Time { form, plus_seconds } => return self.time(node, *form, *plus_seconds),
            Action::Argument { name, optional } => return self.argument(name, *optional),
            Action::Session { name } => return self.session(name),
            Action::Method => self.buffer.extend_from_slice(self.request.method.as_bytes()),
            Action::Path(from) => self.below_base(*from, self.request.path())?,
            Action::Query => self.buffer.extend_from_slice(self.request.query().as_bytes()),
            Action::Target(from) => self.below_base(*from, self.request.target)?,
            Action::Host => {
                let host = self.base()?.host;
                self.lower_case(host);
            }
            Action::Url => {
                let base = self.base()?;
                self.lower_case(base.scheme);
                self.buffer.extend_from_slice(b"://");
                self.lower_case(base.host);
                self.buffer.extend_from_slice(base.path.as_bytes());
                self.buffer.extend_from_slice(self.request.target.as_bytes());
            }
            Action::Header { name, header } => self.header_text(node, name, header)?,
            _ => return Ok(Some(Value::Unknown)),
        }
        Ok(None)
    }

    fn base(&self) -> Result<Base<'r>, SignError> {
        Base::parse(self.request.base).ok_or_else(|| SignError::Base { scheme: self.plan.recipe.name.clone() })
    }

    fn below_base(&mut self, from: TargetFrom, text: &str) -> Result<(), SignError> {
        if from == TargetFrom::Root {
            let path = self.base()?.path;
            self.buffer.extend_from_slice(path.as_bytes());
        }
        self.buffer.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn lower_case(&mut self, text: &str) {
        self.buffer.extend(text.bytes().map(|byte| byte.to_ascii_lowercase()));
    }

    fn header_text(&mut self, node: &Node, name: &Text, header: &HeaderName) -> Result<(), SignError> {
        let scheme = || self.plan.recipe.name.clone();
        let value = single_header(self.request.headers, header)
            .map_err(|()| SignError::RepeatedHeader { scheme: scheme(), name: name.clone() })?
            .ok_or_else(|| SignError::MissingHeader { scheme: scheme(), name: name.clone() })?;
        let text = std::str::from_utf8(value).map_err(|_| SignError::NotUtf8 { step: node.name.clone() })?;
        self.buffer.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn random(
        &mut self,
        node: &Node,
        form: RandomForm,
        offset: usize,
        max_length: Option<u32>,
    ) -> Result<Option<Value>, SignError> {
        let Origin::Stamp(stamp) = &self.origin else { return Ok(Some(Value::Unknown)) };
        match stamp.value_of(&node.name) {
            StampValue::Missing => return Err(self.no_value(node)),
            StampValue::Given(text) => {
                if max_length.is_some_and(|limit| text.chars().count() > limit as usize) {
                    return Err(SignError::TooLong { step: node.name.clone(), limit: max_length.unwrap_or_default() });
                }
                self.buffer.extend_from_slice(text.as_bytes());
            }
            StampValue::Drawn(_, entropy) => {
                let bytes = entropy.slice(offset, crate::check::random_bytes(form));
                match form {
                    RandomForm::UuidV4 => uuid_v4(&mut self.buffer, bytes),
                    RandomForm::Hex(_) => encode::encode(&mut self.buffer, bytes, crate::recipe::Encoding::Hex),
                    RandomForm::Base64Url(_) => {
                        encode::encode(&mut self.buffer, bytes, crate::recipe::Encoding::Base64Url);
                    }
                }
            }
        }
        Ok(None)
    }

    fn time(&mut self, node: &Node, form: crate::recipe::TimeForm, plus: i64) -> Result<Option<Value>, SignError> {
        let Origin::Stamp(stamp) = &self.origin else { return Ok(Some(Value::Unknown)) };
        match stamp.value_of(&node.name) {
            StampValue::Missing => return Err(self.no_value(node)),
            StampValue::Given(text) => {
                // A given time goes on the wire as it is, so it must be one that a receiver can read.
                time::parse(text, form).ok_or_else(|| SignError::MalformedValue {
                    step: node.name.clone(),
                    expected: time::description(form),
                })?;
                self.buffer.extend_from_slice(text.as_bytes());
            }
            StampValue::Drawn(now, _) => time::write(&mut self.buffer, now.plus_seconds(plus), form),
        }
        Ok(None)
    }

    fn argument(&mut self, name: &Text, optional: bool) -> Result<Option<Value>, SignError> {
        let missing = || SignError::MissingArgument { scheme: self.plan.recipe.name.clone(), name: name.clone() };
        match &self.origin {
            Origin::Stamp(stamp) => match stamp.find_argument(name) {
                Some(text) => self.buffer.extend_from_slice(text.as_bytes()),
                None if optional => return Ok(Some(Value::Absent)),
                None => return Err(missing()),
            },
            Origin::ReadBack(read) => {
                return Ok(Some(match read.arguments.iter().find(|(n, _)| n == name) {
                    Some((_, Some(bytes))) => Value::Bytes(bytes.clone()),
                    Some((_, None)) => Value::Absent,
                    None => Value::Unknown,
                }));
            }
        }
        Ok(None)
    }

    fn session(&mut self, name: &Text) -> Result<Option<Value>, SignError> {
        let missing = || SignError::MissingSession { scheme: self.plan.recipe.name.clone(), name: name.clone() };
        match &self.origin {
            Origin::Stamp(stamp) => {
                let text = stamp.find_session(name).ok_or_else(missing)?;
                self.buffer.extend_from_slice(text.as_bytes());
            }
            Origin::ReadBack(read) => {
                let session = read.sessions.iter().find(|(n, _)| n == name);
                return Ok(Some(session.map_or(Value::Unknown, |(_, bytes)| Value::Bytes(bytes.clone()))));
            }
        }
        Ok(None)
    }

    /// Writes the prefix and the result of an operation.
    fn operation(&mut self, node: &Node, prefix: &[u8]) -> Result<(), SignError> {
        if matches!(self.origin, Origin::ReadBack(_)) {
            self.known(&node.action)?;
        }
        let payload = match &node.action {
            Action::Jws(jws) => Some(self.payload(jws)),
            _ => None,
        };
        self.buffer.extend_from_slice(prefix);
        match (&node.action, &payload) {
            (Action::Jws(jws), Some(payload)) => {
                let mac = self.state(&jws.macs).ok_or_else(|| self.no_value(node))?;
                jws::sign(&mut self.buffer, prefix.len(), &jws.head, payload, mac);
            }
            _ => self.write(node)?,
        }
        Ok(())
    }

    /// Whether all inputs are there; only a receiver may lack one.
    fn known(&self, action: &Action) -> Result<(), SignError> {
        let unknown = |index: &usize| matches!(self.values[*index], Value::Unknown | Value::Unset);
        match inputs(action).find(unknown) {
            Some(index) => Err(self.no_value(&self.plan.nodes[index])),
            None => Ok(()),
        }
    }

    fn no_value(&self, node: &Node) -> SignError {
        SignError::MissingValue { step: node.name.clone() }
    }

    /// The bytes of a node.
    pub(crate) fn bytes(&self, index: usize) -> &[u8] {
        match &self.values[index] {
            Value::Bytes(bytes) => bytes,
            Value::Elsewhere => match self.request.body {
                SignableBody::Bytes(body) => body,
                _ => &[],
            },
            _ => &[],
        }
    }

    fn text(&self, index: usize) -> &str {
        text_of(self.bytes(index))
    }

    /// The text of a node that may be the body.
    fn checked_text(&self, node: &Node, index: usize) -> Result<&str, SignError> {
        std::str::from_utf8(self.bytes(index)).map_err(|_| SignError::NotUtf8 { step: node.name.clone() })
    }

    /// What stands in for missing input.
    fn substitute<'p>(&self, substitutes: &'p PlannedSubstitutes) -> Option<&'p Bytes> {
        let of = substitutes.of?;
        let empty = match &self.plan.nodes[of].action {
            Action::Headers { only } => only.iter().all(|(_, header)| !self.request.headers.contains_key(header)),
            _ => self.bytes(of).is_empty(),
        };
        let body = matches!(self.plan.nodes[of].action, Action::Body);
        if body && matches!(self.request.body, SignableBody::None) && substitutes.without_body.is_some() {
            return substitutes.without_body.as_ref();
        }
        substitutes.empty.as_ref().filter(|_| empty)
    }

    /// Appends the result of an operation other than `jws`.
    fn write(&mut self, node: &Node) -> Result<(), SignError> {
        // The buffer is taken out while values are read; nothing else touches it.
        let mut out = std::mem::take(&mut self.buffer);
        let result = self.write_to(&mut out, node);
        self.buffer = out;
        result
    }

    fn write_to(&self, out: &mut BytesMut, node: &Node) -> Result<(), SignError> {
        if let Some(substitute) = substitutes(&node.action).and_then(|given| self.substitute(given)) {
            out.extend_from_slice(substitute);
            return Ok(());
        }
        match &node.action {
            Action::Hash { algorithm, of, encode, .. } => {
                encode::encode(out, digest::digest(*algorithm, self.bytes(*of)).as_ref(), *encode);
            }
            Action::Hmac { macs, of, encode, .. } => {
                let state = self.state(macs).ok_or_else(|| self.no_value(node))?;
                encode::encode(out, state.mac(self.bytes(*of)).as_ref(), *encode);
            }
            Action::Concat { parts, separator, .. } => {
                concat::concat(out, parts.iter().map(|part| self.bytes(*part)), separator);
            }
            Action::JsonArray { items, escape } => {
                json::array(out, items.iter().map(|item| self.text(*item)), *escape);
            }
            Action::JsonObject { members, escape } => {
                let members =
                    members.iter().map(|(name, value)| (name.as_ref(), json::Member::Text(self.text(*value))));
                json::object(out, members, *escape);
            }
            Action::PhpJson { of, arrays, .. } => self.php_json(out, node, *of, *arrays)?,
            Action::Form { parts, .. } => self.form(out, node, parts)?,
            Action::SortedForm { of, .. } => self.sorted_form(out, node, *of)?,
            _ => {}
        }
        Ok(())
    }

    fn php_json(
        &self,
        out: &mut BytesMut,
        node: &Node,
        of: usize,
        arrays: crate::recipe::PhpArrays,
    ) -> Result<(), SignError> {
        let Action::Headers { only } = &self.plan.nodes[of].action else {
            let text = self.checked_text(node, of)?;
            let not_json = |reason| SignError::NotJson { step: node.name.clone(), reason };
            return php::document(out, text, arrays).map_err(not_json);
        };
        for (name, header) in only {
            let repeated = |()| SignError::RepeatedHeader { scheme: self.plan.recipe.name.clone(), name: name.clone() };
            let value = single_header(self.request.headers, header).map_err(repeated)?.unwrap_or_default();
            std::str::from_utf8(value).map_err(|_| SignError::NotUtf8 { step: node.name.clone() })?;
        }
        let pair = |(name, header): &'r (Text, HeaderName)| {
            self.request.headers.get(header).map(|value| (name.as_ref(), text_of(value.as_bytes())))
        };
        php::map(out, only.iter().filter_map(pair), arrays);
        Ok(())
    }

    fn form(&self, out: &mut BytesMut, node: &Node, parts: &[PlannedFormPart]) -> Result<(), SignError> {
        for part in parts {
            if let PlannedFormPart::Text(index) = part {
                let text = self.checked_text(node, *index)?;
                let doubled = parts.iter().find_map(|part| match part {
                    PlannedFormPart::Pair(name, _) if form::contains(text, name) => Some(name),
                    _ => None,
                });
                if let Some(name) = doubled {
                    return Err(SignError::DoubledPair { name: name.clone(), part: "form" });
                }
            }
        }
        let part = |part| match part {
            &PlannedFormPart::Text(index) => form::Part::Text(self.text(index)),
            PlannedFormPart::Pair(name, index) => form::Part::Pair(name, self.text(*index)),
        };
        form::form(out, parts.iter().map(part));
        Ok(())
    }

    fn sorted_form(&self, out: &mut BytesMut, node: &Node, of: usize) -> Result<(), SignError> {
        let not_form = || SignError::NotForm { step: node.name.clone() };
        let body = matches!(self.plan.nodes[of].action, Action::Body);
        let media_type = self.request.headers.get(http::header::CONTENT_TYPE);
        // Another media type would be signed by other rules; taking it for a form would cover something else.
        if body && !self.bytes(of).is_empty() && media_type.is_some_and(|value| !is_form(value)) {
            return Err(not_form());
        }
        form::sorted_form(out, self.checked_text(node, of)?).ok_or_else(not_form)
    }

    fn payload(&mut self, jws: &PlannedJws) -> Bytes {
        let mut out = std::mem::take(&mut self.buffer);
        match &jws.payload {
            PlannedPayload::Exact(index) => out.extend_from_slice(self.bytes(*index)),
            PlannedPayload::Claims(claims) => {
                json::object(&mut out, claims.iter().filter_map(|claim| self.claim(claim)), jws.escape);
            }
        }
        let payload = out.split().freeze();
        self.buffer = out;
        payload
    }

    fn claim<'c>(&'c self, claim: &'c Claim) -> Option<(&'c str, json::Member<'c>)> {
        if matches!(self.values[claim.value], Value::Absent) {
            return None;
        }
        let text = self.text(claim.value);
        let member = if claim.number { json::Member::Number(text) } else { json::Member::Text(text) };
        Some((claim.name.as_ref(), member))
    }

    fn state(&self, macs: &'r Macs) -> Option<&'r crate::operations::mac::MacState> {
        macs.states.get(self.choice.get(macs.key).copied().unwrap_or_default())
    }

    fn header(&mut self, send: &PlannedSend, header: &PlannedHeader) -> Result<HeaderValue, SignError> {
        if let Some(value) = &header.constant {
            return Ok(value.clone());
        }
        let bytes = match (&header.carrier, &send.prefix, &self.prefixed) {
            (PlannedCarrier::One(parts), Some((of, text)), Some(prefixed)) if is_prefixed(parts, *of, text) => {
                prefixed.clone()
            }
            _ => self.carrier(&header.spelled, &header.carrier)?,
        };
        let unfit = || SignError::HeaderValue { name: header.spelled.clone() };
        header_value(bytes, header.sensitive).ok_or_else(unfit)
    }

    /// The text of a carrier; of a step alone it is the step's own slice.
    fn carrier(&mut self, name: &Text, carrier: &PlannedCarrier) -> Result<Bytes, SignError> {
        match carrier {
            PlannedCarrier::One(parts) => {
                if let [PlannedPart::Step(index)] = parts.as_slice()
                    && let Some(bytes) = self.values[*index].bytes()
                {
                    return Ok(bytes.clone());
                }
                self.template(name, parts, None)?;
            }
            PlannedCarrier::Many(items, separator) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        self.buffer.extend_from_slice(separator.as_bytes());
                    }
                    self.template(name, item, Some(separator))?;
                }
            }
        }
        Ok(self.buffer.split().freeze())
    }

    fn template(&mut self, name: &Text, parts: &[PlannedPart], separator: Option<&Text>) -> Result<(), SignError> {
        for (at, part) in parts.iter().enumerate() {
            match part {
                PlannedPart::Text(text) => self.buffer.extend_from_slice(text.as_bytes()),
                PlannedPart::Step(index) => {
                    let bytes = self.values[*index].bytes().cloned().unwrap_or_default();
                    // What a receiver could not tell apart is not sent.
                    let after = parts.get(at + 1).and_then(|next| self.known_text(next));
                    let ends = |end: &[u8]| ends_early(&bytes, end);
                    let constant = matches!(self.plan.nodes[*index].action, Action::Constant(_));
                    // A credential without text separates nothing.
                    let runs_on = after.is_some_and(<[u8]>::is_empty) && parts.len() > at + 2;
                    let ambiguous = !constant && (runs_on || after.is_some_and(&ends))
                        || separator.is_some_and(|separator| ends(separator.as_bytes()));
                    if ambiguous {
                        let step = self.plan.nodes[*index].name.clone();
                        return Err(SignError::Ambiguous { name: name.clone(), step });
                    }
                    self.buffer.extend_from_slice(&bytes);
                }
            }
        }
        Ok(())
    }

    /// The text of a part that is the same in every message.
    fn known_text<'p>(&self, part: &'p PlannedPart) -> Option<&'p [u8]>
    where
        'r: 'p,
    {
        match part {
            PlannedPart::Text(text) => Some(text.as_bytes()),
            PlannedPart::Step(index) => match &self.plan.nodes[*index].action {
                Action::Constant(bytes) => Some(bytes),
                _ => None,
            },
        }
    }

    /// The recipe's own query pairs, encoded and joined.
    fn query(&mut self, send: &PlannedSend) -> Result<Option<Bytes>, SignError> {
        let mut pairs = Vec::new();
        for (name, carrier) in &send.query {
            pairs.push((name, self.carrier(name, carrier)?));
        }
        if pairs.is_empty() {
            return Ok(None);
        }
        let pairs = pairs.iter().map(|(name, value)| form::Part::Pair(name, text_of(value)));
        form::form(&mut self.buffer, pairs);
        Ok(Some(self.buffer.split().freeze()))
    }
}

fn is_prefixed(parts: &[PlannedPart], of: usize, prefix: &[u8]) -> bool {
    match parts {
        [PlannedPart::Text(text), PlannedPart::Step(index)] => *index == of && text.as_bytes() == prefix,
        _ => false,
    }
}

/// The nodes that an operation reads.
fn inputs(action: &Action) -> impl Iterator<Item = usize> + '_ {
    let mut read = Inputs::default();
    match action {
        Action::Hash { of, .. }
        | Action::Hmac { of, .. }
        | Action::PhpJson { of, .. }
        | Action::SortedForm { of, .. } => read.one = Some(*of),
        Action::Concat { parts: many, .. } | Action::JsonArray { items: many, .. } => read.many = many,
        Action::JsonObject { members, .. } => read.members = members,
        Action::Form { parts, .. } => read.form = parts,
        Action::Jws(jws) => match &jws.payload {
            PlannedPayload::Exact(of) => read.one = Some(*of),
            PlannedPayload::Claims(claims) => read.claims = claims,
        },
        _ => {}
    }
    let part = |part: &PlannedFormPart| match part {
        PlannedFormPart::Text(index) | PlannedFormPart::Pair(_, index) => *index,
    };
    let named = read.members.iter().map(|(_, index)| *index).chain(read.claims.iter().map(|claim| claim.value));
    read.one.into_iter().chain(read.many.iter().copied()).chain(read.form.iter().map(part)).chain(named)
}

/// What an operation reads, in the form in which its action has it.
#[derive(Default)]
struct Inputs<'a> {
    one: Option<usize>,
    many: &'a [usize],
    form: &'a [PlannedFormPart],
    members: &'a [(Text, usize)],
    claims: &'a [Claim],
}

const fn substitutes(action: &Action) -> Option<&PlannedSubstitutes> {
    match action {
        Action::Hash { substitutes, .. }
        | Action::Hmac { substitutes, .. }
        | Action::Concat { substitutes, .. }
        | Action::PhpJson { substitutes, .. }
        | Action::Form { substitutes, .. }
        | Action::SortedForm { substitutes, .. } => Some(substitutes),
        _ => None,
    }
}

/// The only value of a header; an error if there are several.
pub(crate) fn single_header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h [u8]>, ()> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(HeaderValue::as_bytes);
    if values.next().is_some() { Err(()) } else { Ok(first) }
}

fn is_form(media_type: &HeaderValue) -> bool {
    let essence = media_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Whether `end`, written behind these bytes, would be found before it begins: inside them, or across the seam.
fn ends_early(bytes: &[u8], end: &[u8]) -> bool {
    if end.is_empty() {
        return false;
    }
    let inside = bytes.windows(end.len()).any(|window| window == end);
    let across = |shared: usize| bytes.ends_with(&end[..shared]) && end[shared..] == end[..end.len() - shared];
    inside || (1..end.len()).any(across)
}

/// Appends an RFC 9562 version 4 UUID from sixteen random bytes.
fn uuid_v4(out: &mut BytesMut, bytes: &[u8]) {
    let random = bytes.try_into().unwrap_or_default();
    let mut text = uuid::Uuid::encode_buffer();
    out.extend_from_slice(
        uuid::Builder::from_random_bytes(random).into_uuid().hyphenated().encode_lower(&mut text).as_bytes(),
    );
}
