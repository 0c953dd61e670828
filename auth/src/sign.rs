//! Prepared signer + request + stamp -> instructions.
//!
//! 1. Each node of the plan is computed in order; what it yields is written into one buffer (`values`).
//! 2. Each carrier's template is filled; where it can be, the value is the very slice that a step wrote.
//! 3. [`SigningInstructions`] say what to add to the request; who adds it is the business of the `hook` module.
//!
//! Nothing here reads a clock, draws random bytes or looks at anything but its arguments.

use crate::custom::Signed;
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
use crate::values::{Piece, Slot, constant, own, piece};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// What to change in a request so that it is signed.
#[derive(Clone)]
pub struct SigningInstructions {
    plan: Arc<Plan>,
    slots: Vec<Slot>,
    written: Bytes,
    headers: Vec<HeaderValue>,
    query: Option<Bytes>,
    /// What a custom scheme adds, instead of all of the above.
    custom: Option<Box<Signed>>,
}

/// What a recipe that ends in `give` yields.
#[derive(Clone)]
pub struct Given {
    plan: Arc<Plan>,
    slots: Vec<Slot>,
    written: Bytes,
    node: usize,
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
        let send = match &plan.output {
            PlannedOutput::Send(send) => send,
            PlannedOutput::Custom(signer) => {
                let custom = Some(Box::new(signer.sign(request, stamp)?));
                let (slots, written, headers, query) = (Vec::new(), Bytes::new(), Vec::new(), None);
                return Ok(SigningInstructions { plan: Arc::clone(plan), slots, written, headers, query, custom });
            }
            PlannedOutput::Give(_) => {
                return Err(SignError::Output {
                    scheme: plan.recipe.name.clone(),
                    ends: "gives a value and signs no request",
                });
            }
        };
        let request = &below_own_pairs(send, request)?;
        let mut engine = Engine::new(plan, request, stamp)?;
        engine.run()?;
        let carriers = engine.carriers(send)?;
        let query = engine.query(send)?;
        let written = Bytes::from(engine.buffer);
        let mut headers = Vec::with_capacity(send.headers.len());
        for (header, carrier) in send.headers.iter().zip(carriers) {
            headers.push(header_of(header, carrier, &written)?);
        }
        let query = query.map(|(start, end)| written.slice(start..end));
        Ok(SigningInstructions { plan: Arc::clone(plan), slots: engine.slots, written, headers, query, custom: None })
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
        Ok(Given { plan: Arc::clone(plan), slots: engine.slots, written: engine.buffer.into(), node })
    }
}

impl SigningInstructions {
    /// The headers to set, in order; values that derive from a key or are secret are marked sensitive.
    pub fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> + '_ {
        let names = self.send().map(|send| send.headers.as_slice()).unwrap_or_default();
        let headers = names.iter().zip(&self.headers).map(|(header, value)| (header.name.clone(), value.clone()));
        headers.chain(self.customs().map(|(_, name, value)| (name.clone(), value.clone())))
    }

    /// The headers to set with their names as the recipe spells them.
    pub fn spelled_headers(&self) -> impl Iterator<Item = (&str, &HeaderValue)> {
        let names = self.send().map(|send| send.headers.as_slice()).unwrap_or_default();
        let headers = names.iter().zip(&self.headers).map(|(header, value)| (header.spelled.as_ref(), value));
        headers.chain(self.customs().map(|(spelled, _, value)| (*spelled, value)))
    }

    /// Pairs to append to the query, encoded and joined by `&`.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref().map(text_of)
    }

    /// The text that replaces the body.
    pub fn body(&self) -> Option<Bytes> {
        shared(&self.plan, &self.slots, &self.written, self.send()?.body?)
    }

    /// The values that may be used once only, by step name.
    pub fn single_use(&self) -> impl Iterator<Item = (&str, &str)> {
        let customs = self.custom.iter().flat_map(|custom| &custom.single_use);
        let customs = customs.map(|(step, value)| (*step, value.as_str()));
        single_use(&self.plan, &self.slots, &self.written).chain(customs)
    }

    /// Each named step with its value, in order; keys and the body itself are left out.
    pub fn steps(&self) -> impl Iterator<Item = StepValue<'_>> {
        let customs = self.custom.iter().flat_map(|custom| &custom.steps);
        let customs = customs.map(|(name, value)| StepValue {
            name: Cow::Borrowed(*name),
            bytes: value.clone(),
            text: true,
            operation: true,
            secret: false,
        });
        steps(&self.plan, &self.slots, &self.written).chain(customs)
    }

    fn customs(&self) -> impl Iterator<Item = &(&'static str, HeaderName, HeaderValue)> {
        self.custom.iter().flat_map(|custom| &custom.headers)
    }

    fn send(&self) -> Option<&PlannedSend> {
        match &self.plan.output {
            PlannedOutput::Send(send) => Some(send),
            PlannedOutput::Give(_) | PlannedOutput::Custom(_) => None,
        }
    }
}

impl Given {
    /// The text; mostly a credential, so it is neither printed nor compared.
    pub fn expose(&self) -> &str {
        own(&self.plan, &self.slots, &self.written, self.node).map(text_of).unwrap_or_default()
    }

    /// Each named step with its value, in order; keys are left out.
    pub fn steps(&self) -> impl Iterator<Item = StepValue<'_>> {
        steps(&self.plan, &self.slots, &self.written)
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

pub(crate) fn single_use<'a>(
    plan: &'a Plan,
    slots: &'a [Slot],
    written: &'a [u8],
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let value = |node: &usize| Some((plan.nodes[*node].name.as_ref(), text_of(own(plan, slots, written, *node)?)));
    plan.rules.single_use.iter().filter_map(value)
}

/// The value of a node, without a copy.
fn shared(plan: &Plan, slots: &[Slot], written: &Bytes, node: usize) -> Option<Bytes> {
    match slots[node] {
        Slot::Written(start, end) => Some(written.slice(start..end)),
        Slot::Constant => constant(plan, node).cloned(),
        _ => None,
    }
}

fn steps<'a>(plan: &'a Plan, slots: &'a [Slot], written: &'a Bytes) -> impl Iterator<Item = StepValue<'a>> {
    plan.steps.iter().flat_map(move |node| step_values(&plan.nodes[*node], shared(plan, slots, written, *node)))
}

/// The values of a step: one, or the parts of a token.
fn step_values(node: &Node, value: Option<Bytes>) -> Vec<StepValue<'_>> {
    let whole = |bytes: Bytes| StepValue {
        name: Cow::Borrowed(node.name.as_ref()),
        bytes,
        text: node.facts.ty == crate::check::Type::Text,
        operation: node.action.is_operation(),
        secret: node.facts.secret,
    };
    match (value, &node.action) {
        (Some(token), Action::Jws(jws)) => token_parts(&whole(token), jws),
        (Some(bytes), _) => vec![whole(bytes)],
        (None, _) => Vec::new(),
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
    let mut hex = Vec::new();
    encode::encode(&mut hex, &signature, crate::recipe::Encoding::Hex);
    vec![
        part("header_json", jws.header_json.clone(), false),
        part("payload_json", payload.unwrap_or_default().into(), whole.secret),
        part("signing_input", token.slice(..dot), whole.secret),
        part("signature_hex", hex.into(), whole.secret),
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
    /// Where the text stands in the buffer; nothing of one that was not given.
    pub(crate) arguments: Vec<(Text, Option<(usize, usize)>)>,
    pub(crate) sessions: Vec<(Text, (usize, usize))>,
}

/// Computes the nodes of a plan.
pub(crate) struct Engine<'r> {
    plan: &'r Plan,
    request: &'r SignableRequest<'r>,
    origin: Origin<'r>,
    pub(crate) slots: Vec<Slot>,
    /// All that was written.
    pub(crate) buffer: Vec<u8>,
    /// Which key of each name; the first where nothing is chosen.
    pub(crate) choice: Vec<usize>,
    /// The value that a text was written in front of, together with that text.
    prefixed: Option<(usize, usize)>,
}

impl<'r> Engine<'r> {
    fn new(plan: &'r Plan, request: &'r SignableRequest<'r>, stamp: &'r Stamp) -> Result<Self, SignError> {
        let buffer = Vec::with_capacity(crate::size::estimate(plan, request, stamp.extra_length()));
        Engine::with(plan, request, Origin::Stamp(stamp), vec![Slot::Unset; plan.nodes.len()], buffer)
    }

    /// An engine that some values are known to already.
    pub(crate) fn with(
        plan: &'r Plan,
        request: &'r SignableRequest<'r>,
        origin: Origin<'r>,
        slots: Vec<Slot>,
        buffer: Vec<u8>,
    ) -> Result<Self, SignError> {
        if plan.covers_body && matches!(request.body, SignableBody::Stream) {
            return Err(SignError::StreamingBody { scheme: plan.recipe.name.clone() });
        }
        if !request.target.starts_with('/') {
            return Err(SignError::Target);
        }
        Ok(Engine { plan, request, origin, slots, buffer, choice: Vec::new(), prefixed: None })
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
        if self.slots[index] != Slot::Unset {
            return Ok(());
        }
        let node = &self.plan.nodes[index];
        if !node.action.is_operation() {
            let start = self.buffer.len();
            self.slots[index] = match self.source(node)? {
                Some(slot) => slot,
                None => Slot::Written(start, self.buffer.len()),
            };
            return Ok(());
        }
        let prefix = match &self.plan.output {
            PlannedOutput::Send(PlannedSend { prefix: Some((of, prefix)), .. }) if *of == index => Some(prefix),
            _ => None,
        };
        let start = self.operation(node, prefix.map_or(&[], AsRef::as_ref))?;
        let end = self.buffer.len();
        self.slots[index] = Slot::Written(start, end);
        if let Some(prefix) = prefix {
            self.prefixed = Some((start - prefix.len(), end));
        }
        Ok(())
    }

    /// The value of a source; nothing where it is what was written.
    fn source(&mut self, node: &Node) -> Result<Option<Slot>, SignError> {
        match &node.action {
            Action::Constant(_) => return Ok(Some(Slot::Constant)),
            Action::Key | Action::Body | Action::Headers { .. } => return Ok(Some(Slot::Elsewhere)),
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
            _ => return Ok(Some(Slot::Unknown)),
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
    ) -> Result<Option<Slot>, SignError> {
        let Origin::Stamp(stamp) = &self.origin else { return Ok(Some(Slot::Unknown)) };
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

    fn time(&mut self, node: &Node, form: crate::recipe::TimeForm, plus: i64) -> Result<Option<Slot>, SignError> {
        let Origin::Stamp(stamp) = &self.origin else { return Ok(Some(Slot::Unknown)) };
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

    fn argument(&mut self, name: &Text, optional: bool) -> Result<Option<Slot>, SignError> {
        let missing = || SignError::MissingArgument { scheme: self.plan.recipe.name.clone(), name: name.clone() };
        match &self.origin {
            Origin::Stamp(stamp) => match stamp.find_argument(name) {
                Some(text) => self.buffer.extend_from_slice(text.as_bytes()),
                None if optional => return Ok(Some(Slot::Absent)),
                None => return Err(missing()),
            },
            Origin::ReadBack(read) => {
                return Ok(Some(match read.arguments.iter().find(|(n, _)| n == name) {
                    Some((_, Some((start, end)))) => Slot::Written(*start, *end),
                    Some((_, None)) => Slot::Absent,
                    None => Slot::Unknown,
                }));
            }
        }
        Ok(None)
    }

    fn session(&mut self, name: &Text) -> Result<Option<Slot>, SignError> {
        let missing = || SignError::MissingSession { scheme: self.plan.recipe.name.clone(), name: name.clone() };
        match &self.origin {
            Origin::Stamp(stamp) => {
                let text = stamp.find_session(name).ok_or_else(missing)?;
                self.buffer.extend_from_slice(text.as_bytes());
            }
            Origin::ReadBack(read) => {
                let session = read.sessions.iter().find(|(n, _)| n == name);
                return Ok(Some(session.map_or(Slot::Unknown, |(_, (start, end))| Slot::Written(*start, *end))));
            }
        }
        Ok(None)
    }

    /// Writes the prefix and the result of an operation; yields where the result begins.
    fn operation(&mut self, node: &'r Node, prefix: &[u8]) -> Result<usize, SignError> {
        if matches!(self.origin, Origin::ReadBack(_)) {
            self.known(&node.action)?;
        }
        if let Action::Jws(jws) = &node.action {
            let payload = self.payload(jws);
            self.buffer.extend_from_slice(prefix);
            let start = self.buffer.len();
            let mac = self.state(&jws.macs).ok_or_else(|| self.no_value(node))?;
            jws::sign(&mut self.buffer, &jws.head, payload, mac);
            return Ok(start);
        }
        self.buffer.extend_from_slice(prefix);
        let start = self.buffer.len();
        self.write(node)?;
        Ok(start)
    }

    /// Whether all inputs are there; only a receiver may lack one.
    fn known(&self, action: &Action) -> Result<(), SignError> {
        let unknown = |index: &usize| matches!(self.slots[*index], Slot::Unknown | Slot::Unset);
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
        self.piece(index).bytes(&self.buffer)
    }

    fn piece(&self, index: usize) -> Piece<'r> {
        piece(self.plan, self.request, &self.slots, index).unwrap_or(Piece::Slice(&[]))
    }

    /// The text of a node, in a place of its own where more is written behind it.
    fn text(&self, index: usize) -> Cow<'r, str> {
        match self.piece(index) {
            Piece::Slice(bytes) => Cow::Borrowed(text_of(bytes)),
            Piece::Within(start, end) => Cow::Owned(text_of(&self.buffer[start..end]).to_owned()),
        }
    }

    /// The text of a node that may be the body.
    fn checked_text(&self, node: &Node, index: usize) -> Result<Cow<'r, str>, SignError> {
        let not_utf8 = |_| SignError::NotUtf8 { step: node.name.clone() };
        match self.piece(index) {
            Piece::Slice(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(not_utf8),
            Piece::Within(..) => Ok(self.text(index)),
        }
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
    fn write(&mut self, node: &'r Node) -> Result<(), SignError> {
        if let Some(substitute) = substitutes(&node.action).and_then(|given| self.substitute(given)) {
            self.buffer.extend_from_slice(substitute);
            return Ok(());
        }
        let (plan, request, slots) = (self.plan, self.request, &self.slots);
        let piece = |index: &usize| piece(plan, request, slots, *index).unwrap_or(Piece::Slice(&[]));
        match &node.action {
            Action::Hash { algorithm, of, encode, .. } => {
                let digest = digest::digest(*algorithm, self.bytes(*of));
                encode::encode(&mut self.buffer, digest.as_ref(), *encode);
            }
            Action::Hmac { macs, of, encode, .. } => {
                let state = self.state(macs).ok_or_else(|| self.no_value(node))?;
                let tag = state.mac(self.bytes(*of));
                encode::encode(&mut self.buffer, tag.as_ref(), *encode);
            }
            Action::Concat { parts, separator, .. } => {
                concat::concat(&mut self.buffer, parts.iter().map(piece), separator);
            }
            Action::JsonArray { items, escape } => {
                json::array(&mut self.buffer, items.iter().map(piece), *escape);
            }
            Action::JsonObject { members, escape } => {
                let members = members.iter().map(|(name, value)| (name.as_ref(), json::Member::Text(piece(value))));
                json::object(&mut self.buffer, members, *escape);
            }
            Action::PhpJson { of, arrays, .. } => self.php_json(node, *of, *arrays)?,
            Action::Form { parts, .. } => self.form(node, parts)?,
            Action::SortedForm { of, .. } => self.sorted_form(node, *of)?,
            _ => {}
        }
        Ok(())
    }

    fn php_json(&mut self, node: &'r Node, of: usize, arrays: crate::recipe::PhpArrays) -> Result<(), SignError> {
        let Action::Headers { only } = &self.plan.nodes[of].action else {
            let text = self.checked_text(node, of)?;
            let not_json = |reason| SignError::NotJson { step: node.name.clone(), reason };
            return php::document(&mut self.buffer, &text, arrays).map_err(not_json);
        };
        let headers = self.request.headers;
        for (name, header) in only {
            let repeated = |()| SignError::RepeatedHeader { scheme: self.plan.recipe.name.clone(), name: name.clone() };
            let value = single_header(headers, header).map_err(repeated)?.unwrap_or_default();
            std::str::from_utf8(value).map_err(|_| SignError::NotUtf8 { step: node.name.clone() })?;
        }
        let pair = |(name, header): &'r (Text, HeaderName)| {
            headers.get(header).map(|value| (name.as_ref(), text_of(value.as_bytes())))
        };
        php::map(&mut self.buffer, only.iter().filter_map(pair), arrays);
        Ok(())
    }

    fn form(&mut self, node: &Node, parts: &'r [PlannedFormPart]) -> Result<(), SignError> {
        let mut texts = Vec::with_capacity(parts.len());
        for part in parts {
            let index = match part {
                PlannedFormPart::Text(index) => index,
                PlannedFormPart::Pair(_, index) => {
                    texts.push(self.text(*index));
                    continue;
                }
            };
            let text = self.checked_text(node, *index)?;
            let doubled = parts.iter().find_map(|part| match part {
                PlannedFormPart::Pair(name, _) if form::contains(&text, name) => Some(name),
                _ => None,
            });
            if let Some(name) = doubled {
                return Err(SignError::DoubledPair { name: name.clone(), part: "form" });
            }
            texts.push(text);
        }
        let part = |(part, text)| match part {
            &PlannedFormPart::Text(_) => form::Part::Text(text),
            PlannedFormPart::Pair(name, _) => form::Part::Pair(name, text),
        };
        form::form(&mut self.buffer, parts.iter().zip(texts.iter().map(AsRef::as_ref)).map(part));
        Ok(())
    }

    fn sorted_form(&mut self, node: &Node, of: usize) -> Result<(), SignError> {
        let not_form = || SignError::NotForm { step: node.name.clone() };
        let body = matches!(self.plan.nodes[of].action, Action::Body);
        let media_type = self.request.headers.get(http::header::CONTENT_TYPE);
        // Another media type would be signed by other rules; taking it for a form would cover something else.
        if body && !self.bytes(of).is_empty() && media_type.is_some_and(|value| !is_form(value)) {
            return Err(not_form());
        }
        let text = self.checked_text(node, of)?;
        form::sorted_form(&mut self.buffer, &text).ok_or_else(not_form)
    }

    /// Writes the payload of a token, and says where it stands.
    fn payload(&mut self, jws: &'r PlannedJws) -> Range<usize> {
        let start = self.buffer.len();
        match &jws.payload {
            PlannedPayload::Exact(index) => self.piece(*index).append(&mut self.buffer),
            PlannedPayload::Claims(claims) => {
                let (plan, request, slots) = (self.plan, self.request, &self.slots);
                let member = |claim: &'r Claim| {
                    let value = piece(plan, request, slots, claim.value).unwrap_or(Piece::Slice(&[]));
                    let absent = slots[claim.value] == Slot::Absent;
                    let member = if claim.number { json::Member::Number(value) } else { json::Member::Text(value) };
                    (!absent).then_some((claim.name.as_ref(), member))
                };
                json::object(&mut self.buffer, claims.iter().filter_map(member), jws.escape);
            }
        }
        start..self.buffer.len()
    }

    fn state(&self, macs: &'r Macs) -> Option<&'r crate::operations::mac::MacState> {
        macs.states.get(self.choice.get(macs.key).copied().unwrap_or_default())
    }

    /// Where the value of each header stands; nothing of a constant one.
    fn carriers(&mut self, send: &PlannedSend) -> Result<Vec<Option<(usize, usize)>>, SignError> {
        let mut carriers = Vec::with_capacity(send.headers.len());
        for header in &send.headers {
            carriers.push(match (&header.constant, &header.carrier, &send.prefix, self.prefixed) {
                (Some(_), ..) => None,
                (None, PlannedCarrier::One(parts), Some((of, text)), Some((start, end)))
                    if is_prefixed(parts, *of, text) =>
                {
                    Some((start, end))
                }
                _ => Some(self.carrier(&header.spelled, &header.carrier)?),
            });
        }
        Ok(carriers)
    }

    /// The text of a carrier; of a step alone it is the step's own.
    fn carrier(&mut self, name: &Text, carrier: &PlannedCarrier) -> Result<(usize, usize), SignError> {
        let start = self.buffer.len();
        match carrier {
            PlannedCarrier::One(parts) => {
                if let [PlannedPart::Step(index)] = parts.as_slice()
                    && let Slot::Written(start, end) = self.slots[*index]
                {
                    return Ok((start, end));
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
        Ok((start, self.buffer.len()))
    }

    fn template(&mut self, name: &Text, parts: &[PlannedPart], separator: Option<&Text>) -> Result<(), SignError> {
        for (at, part) in parts.iter().enumerate() {
            match part {
                PlannedPart::Text(text) => self.buffer.extend_from_slice(text.as_bytes()),
                PlannedPart::Step(index) => {
                    let bytes = own(self.plan, &self.slots, &self.buffer, *index).unwrap_or_default();
                    // What a receiver could not tell apart is not sent.
                    let after = parts.get(at + 1).and_then(|next| self.known_text(next));
                    let ends = |end: &[u8]| ends_early(bytes, end);
                    let fixed = constant(self.plan, *index);
                    // A credential without text separates nothing.
                    let runs_on = after.is_some_and(<[u8]>::is_empty) && parts.len() > at + 2;
                    let ambiguous = fixed.is_none() && (runs_on || after.is_some_and(&ends))
                        || separator.is_some_and(|separator| ends(separator.as_bytes()));
                    if ambiguous {
                        let step = self.plan.nodes[*index].name.clone();
                        return Err(SignError::Ambiguous { name: name.clone(), step });
                    }
                    match self.slots[*index] {
                        Slot::Written(start, end) => self.buffer.extend_from_within(start..end),
                        _ => self.buffer.extend_from_slice(fixed.map_or(&[], AsRef::as_ref)),
                    }
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
    fn query(&mut self, send: &PlannedSend) -> Result<Option<(usize, usize)>, SignError> {
        if send.query.is_empty() {
            return Ok(None);
        }
        let mut values = Vec::with_capacity(send.query.len());
        for (name, carrier) in &send.query {
            let (start, end) = self.carrier(name, carrier)?;
            values.push(text_of(&self.buffer[start..end]).to_owned());
        }
        let start = self.buffer.len();
        let pairs = send.query.iter().zip(&values).map(|((name, _), value)| form::Part::Pair(name, value));
        form::form(&mut self.buffer, pairs);
        Ok(Some((start, self.buffer.len())))
    }
}

/// The value of a header that is constant, or stands in what was written.
fn header_of(
    header: &PlannedHeader,
    carrier: Option<(usize, usize)>,
    written: &Bytes,
) -> Result<HeaderValue, SignError> {
    if let Some(value) = &header.constant {
        return Ok(value.clone());
    }
    let (start, end) = carrier.unwrap_or_default();
    let unfit = || SignError::HeaderValue { name: header.spelled.clone() };
    header_value(written.slice(start..end), header.sensitive).ok_or_else(unfit)
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
fn uuid_v4(out: &mut Vec<u8>, bytes: &[u8]) {
    let random = bytes.try_into().unwrap_or_default();
    let mut text = uuid::Uuid::encode_buffer();
    out.extend_from_slice(
        uuid::Builder::from_random_bytes(random).into_uuid().hyphenated().encode_lower(&mut text).as_bytes(),
    );
}
