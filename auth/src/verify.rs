//! The same recipe, read backwards, and the receiver's rules.
//!
//! 1. What the sender drew (times, random values, arguments, session tokens) is read back from where the recipe
//!    carries it: a template, a claim, a form member.
//! 2. All else is recomputed and must equal what came, in constant time: credentials, literals, digests,
//!    signatures.
//! 3. Of a JWS the MAC comes first, then its header, then each claim of the recipe.
//! 4. The rules: freshness, lifetime. Values that may be seen once only are handed out for a replay guard.
//!
//! Lengths are checked before any work, and no work is more than linear in what came.

use crate::cookie;
use crate::error::{Refusal, SignError, VerifyError};
use crate::operations::form;
use crate::operations::jws::{self, ExpectedHeader, TokenError};
use crate::prepare::{
    Action, Claim, Plan, PlannedCarrier, PlannedFormPart, PlannedJws, PlannedOutput, PlannedPart, PlannedPayload,
    PlannedSend, Prepared,
};
use crate::recipe::Text;
use crate::request::{SignableBody, SignableRequest};
use crate::secret::Secret;
use crate::sign::{Engine, Origin, ReadBack, Value, no_request, single_header, single_use, text_of};
use crate::stamp::UnixTime;
use crate::tape::{Members, View};
use crate::time;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header::COOKIE};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// The longest header value or query pair that is read, where it does not hold the body.
const PART_LIMIT: usize = 64 * 1024;
/// Most requests carry no more text than this.
const SHORT: usize = 512;
/// The longest random value that is read back, in characters, where the recipe sets no limit.
const RANDOM_LIMIT: usize = 255;
/// How many times longer than the body a part may be that holds it: escaped twice, then base64: eight times
/// where all of it is escaped.
const BODY_FACTOR: usize = 10;

/// What a verified request carried.
#[derive(Clone)]
pub struct Verified {
    plan: Arc<Plan>,
    values: Vec<Value>,
    arguments: Vec<(Text, Option<Bytes>)>,
    sessions: Vec<(Text, Secret)>,
    remember_until: Option<UnixTime>,
}

impl Prepared {
    /// Verifies a request that came in.
    ///
    /// The replay guard stands beside it: a request whose [`Verified::single_use`] values were seen before must
    /// be refused by the caller.
    ///
    /// # Errors
    /// One public face; [`VerifyError::cause`] is for the operator.
    pub fn verify(&self, request: &SignableRequest<'_>, now: UnixTime) -> Result<Verified, VerifyError> {
        let plan = &self.plan;
        let PlannedOutput::Send(send) = &plan.output else {
            let ends = "gives a value and signs no request";
            return Err(Refusal::Recompute(SignError::Output { scheme: plan.recipe.name.clone(), ends }).into());
        };
        let (target, pairs) = own_pairs(send, request.target)?;
        let received = SignableRequest { target: &target, ..*request };
        let mut reader = Reader::new(plan, request.body, now, self.leeway_millis);
        for header in &send.headers {
            let part = Part::Header(&header.spelled);
            let value = if header.name == COOKIE {
                cookie::received(request.headers, &header.carrier)
            } else {
                single_header(request.headers, &header.name)
            };
            let value = value.map_err(|()| part.doubled())?;
            let value = value.ok_or_else(|| part.missing())?;
            reader.check_length(&header.carrier, value, part)?;
            let value = std::str::from_utf8(value).map_err(|_| part.malformed())?;
            let scheme = matches!(header.name.as_str(), "authorization" | "proxy-authorization");
            reader.carrier(&header.carrier, value, scheme, part)?;
        }
        for ((name, carrier), value) in send.query.iter().zip(&pairs) {
            reader.carrier(carrier, value, false, Part::Query(name))?;
        }
        if let Some(body) = send.body {
            reader.body(body, request.body)?;
        }
        self.finish(reader, &received, now)
    }

    /// Verifies the text that a recipe ending in `give` yields.
    ///
    /// # Errors
    /// One public face; [`VerifyError::cause`] is for the operator.
    pub fn verify_given(&self, given: &str, now: UnixTime) -> Result<Verified, VerifyError> {
        let plan = &self.plan;
        let PlannedOutput::Give(node) = plan.output else {
            let ends = "signs requests and gives no value";
            return Err(Refusal::Recompute(SignError::Output { scheme: plan.recipe.name.clone(), ends }).into());
        };
        let headers = HeaderMap::new();
        let request = no_request(&headers);
        let mut reader = Reader::new(plan, request.body, now, self.leeway_millis);
        reader.carrier(&PlannedCarrier::One(vec![PlannedPart::Step(node)]), given, false, Part::Given)?;
        self.finish(reader, &request, now)
    }

    fn finish(
        &self,
        mut reader: Reader<'_>,
        request: &SignableRequest<'_>,
        now: UnixTime,
    ) -> Result<Verified, VerifyError> {
        reader.tokens()?;
        let values = reader.recompute(request)?;
        let remember_until = self.rules(&values, now)?;
        let sessions = reader.read.sessions.into_iter();
        Ok(Verified {
            plan: Arc::clone(&self.plan),
            values,
            arguments: reader.read.arguments,
            sessions: sessions.map(|(name, bytes)| (name, Secret::new(text_of(&bytes)))).collect(),
            remember_until,
        })
    }

    /// Freshness and lifetime; until when a replay guard has to remember.
    fn rules(&self, values: &[Value], now: UnixTime) -> Result<Option<UnixTime>, Refusal> {
        let rules = &self.plan.rules;
        for node in &rules.single_use {
            self.value(values, *node)?;
        }
        let mut until = None;
        if let Some((node, window)) = rules.freshness {
            let age = now.as_millis().saturating_sub(self.time(values, node)?.as_millis());
            let window = window + self.leeway_millis;
            if age > window || age < -window {
                return Err(Refusal::NotFresh { step: self.plan.nodes[node].name.clone() });
            }
            until = Some(now.as_millis().saturating_sub(age).saturating_add(window));
        }
        if let Some((node, max)) = rules.lifetime {
            let left = self.time(values, node)?.as_millis().saturating_sub(now.as_millis());
            let step = || self.plan.nodes[node].name.clone();
            if left <= -self.leeway_millis {
                return Err(Refusal::Expired { step: step() });
            }
            if left > max + self.leeway_millis {
                return Err(Refusal::TooFarAhead { step: step() });
            }
            let end = now.as_millis().saturating_add(left).saturating_add(self.leeway_millis);
            until = Some(until.map_or(end, |until: i64| until.min(end)));
        }
        Ok(until.map(UnixTime::from_millis))
    }

    fn time(&self, values: &[Value], node: usize) -> Result<UnixTime, Refusal> {
        let text = self.value(values, node)?;
        let Action::Time { form, .. } = self.plan.nodes[node].action else { return Err(self.not_carried(node)) };
        time::parse(text, form).ok_or_else(|| Refusal::Malformed { part: self.plan.nodes[node].name.to_string() })
    }

    fn value<'v>(&self, values: &'v [Value], node: usize) -> Result<&'v str, Refusal> {
        values[node].bytes().map(|bytes| text_of(bytes)).ok_or_else(|| self.not_carried(node))
    }

    fn not_carried(&self, node: usize) -> Refusal {
        Refusal::NotCarried { name: self.plan.nodes[node].name.clone() }
    }
}

impl Verified {
    /// The value of a step that was read back or recomputed; keys, maps and the body have none here.
    pub fn value(&self, step: &str) -> Option<&str> {
        let index = self.plan.recipe.steps.iter().position(|other| other.name == step)?;
        std::str::from_utf8(self.values[self.plan.steps[index]].bytes()?).ok()
    }

    /// The values that may be seen once only, by step name: for the replay guard.
    pub fn single_use(&self) -> impl Iterator<Item = (&str, &str)> {
        single_use(&self.plan, &self.values)
    }

    /// Until when a replay guard must remember them; nothing if the recipe sets no limit.
    pub const fn remember_until(&self) -> Option<UnixTime> {
        self.remember_until
    }

    /// An argument that the sender gave.
    pub fn argument(&self, name: &str) -> Option<&str> {
        let (_, value) = self.arguments.iter().find(|(n, _)| n == name)?;
        value.as_deref().map(text_of)
    }

    /// A session token that the sender used.
    pub fn session(&self, name: &str) -> Option<&Secret> {
        self.sessions.iter().find(|(n, _)| n == name).map(|(_, secret)| secret)
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("scheme", &self.plan.recipe.name).finish_non_exhaustive()
    }
}

/// The target without the recipe's own query pairs, and the values of those.
fn own_pairs<'t>(send: &PlannedSend, target: &'t str) -> Result<(Cow<'t, str>, Vec<String>), Refusal> {
    let Some((path, query)) = target.split_once('?').filter(|_| !send.query.is_empty()) else {
        return match send.query.first() {
            Some((name, _)) => Err(Part::Query(name).missing()),
            None => Ok((Cow::Borrowed(target), Vec::new())),
        };
    };
    let mut values: Vec<Option<String>> = vec![None; send.query.len()];
    let mut rest = String::with_capacity(target.len());
    rest.push_str(path);
    let mut separator = '?';
    for segment in query.split('&') {
        let (name, value) = segment.split_once('=').unwrap_or((segment, ""));
        let decoded = form::decode(name);
        let own = send.query.iter().position(|(own, _)| decoded.as_deref() == Some(own.as_ref()));
        let Some(own) = own else {
            rest.push(separator);
            rest.push_str(segment);
            separator = '&';
            continue;
        };
        let part = Part::Query(&send.query[own].0);
        if values[own].is_some() {
            return Err(part.doubled());
        }
        let exact = form::decode_exact(name).and(form::decode_exact(value));
        values[own] = Some(exact.ok_or_else(|| part.malformed())?.into_owned());
    }
    let value = |(value, (name, _)): (Option<String>, &(Text, _))| value.ok_or_else(|| Part::Query(name).missing());
    let values = values.into_iter().zip(&send.query).map(value).collect::<Result<_, _>>()?;
    Ok((Cow::Owned(rest), values))
}

/// A part of what came; its name is put together only where it is refused.
#[derive(Clone, Copy)]
enum Part<'p> {
    Header(&'p str),
    Query(&'p str),
    Member(&'p str),
    Claim(&'p str),
    Body,
    Payload,
    Token,
    Given,
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Header(name) => write!(f, "header {name}"),
            Part::Query(name) => write!(f, "query pair {name}"),
            Part::Member(name) => write!(f, "form member {name}"),
            Part::Claim(name) => write!(f, "claim {name}"),
            Part::Body => f.write_str("body"),
            Part::Payload => f.write_str("payload"),
            Part::Token => f.write_str("token"),
            Part::Given => f.write_str("given value"),
        }
    }
}

impl Part<'_> {
    fn missing(self) -> Refusal {
        Refusal::Missing { part: self.to_string() }
    }

    fn doubled(self) -> Refusal {
        Refusal::Doubled { part: self.to_string() }
    }

    fn malformed(self) -> Refusal {
        Refusal::Malformed { part: self.to_string() }
    }

    fn differs(self) -> Refusal {
        Refusal::Differs { part: self.to_string() }
    }
}

/// What came for a node that is recomputed; one of several must be it.
struct Check<'p> {
    node: usize,
    came: Came,
    part: Part<'p>,
}

/// What came for a node: mostly one text, or several of which one must do.
enum Came {
    One(Bytes),
    Several(Vec<Bytes>),
}

impl Came {
    fn texts(&self) -> &[Bytes] {
        match self {
            Came::One(text) => std::slice::from_ref(text),
            Came::Several(texts) => texts,
        }
    }
}

/// Reads back what a request carries.
struct Reader<'p> {
    plan: &'p Plan,
    now: UnixTime,
    leeway_millis: i64,
    body_length: usize,
    values: Vec<Value>,
    buffer: BytesMut,
    read: ReadBack,
    checks: Vec<Check<'p>>,
    /// Tokens that came for a node; one of several must hold.
    tokens: Vec<(usize, Came)>,
    /// Which key of each name a token fits.
    choice: Vec<Option<usize>>,
}

/// The texts that a template finds, by node.
type Captures<'v> = Vec<(usize, &'v str)>;

impl<'p> Reader<'p> {
    fn new(plan: &'p Plan, body: SignableBody<'_>, now: UnixTime, leeway_millis: i64) -> Self {
        Reader {
            plan,
            now,
            leeway_millis,
            body_length: match body {
                SignableBody::Bytes(body) => body.len(),
                _ => 0,
            },
            values: vec![Value::Unset; plan.nodes.len()],
            buffer: BytesMut::with_capacity(SHORT),
            read: ReadBack::default(),
            checks: Vec::new(),
            tokens: Vec::new(),
            choice: vec![None; plan.key_counts.len()],
        }
    }

    fn carrier(&mut self, carrier: &PlannedCarrier, value: &str, scheme: bool, part: Part<'p>) -> Result<(), Refusal> {
        self.check_length(carrier, value.as_bytes(), part)?;
        match carrier {
            PlannedCarrier::One(parts) => {
                let captures = self.captures(parts, value, scheme).map_err(|mismatch| mismatch.of(part))?;
                captures.into_iter().try_for_each(|(node, text)| self.take(node, text, part))
            }
            PlannedCarrier::Many(items, separator) => {
                items.iter().try_for_each(|item| self.many(item, value.split(separator.as_ref()), part))
            }
        }
    }

    /// Before anything is read, so that refusing costs nothing.
    fn check_length(&self, carrier: &PlannedCarrier, value: &[u8], part: Part<'_>) -> Result<(), Refusal> {
        if value.len() > self.limit(carrier) { Err(Refusal::TooLong { part: part.to_string() }) } else { Ok(()) }
    }

    fn limit(&self, carrier: &PlannedCarrier) -> usize {
        let holds = |parts: &[PlannedPart]| {
            let mut steps = parts.iter().filter_map(PlannedPart::step);
            steps.any(|node| self.plan.nodes[node].facts.holds_body)
        };
        let holds_body = match carrier {
            PlannedCarrier::One(parts) => holds(parts),
            PlannedCarrier::Many(items, _) => items.iter().any(|parts| holds(parts)),
        };
        PART_LIMIT + if holds_body { self.body_length.saturating_mul(BODY_FACTOR) } else { 0 }
    }

    /// One item of several: what the sender drew stands once, signatures may stand several times.
    fn many<'v>(
        &mut self,
        item: &[PlannedPart],
        values: impl Iterator<Item = &'v str>,
        part: Part<'p>,
    ) -> Result<(), Refusal> {
        let mut found: Vec<Captures<'v>> = values.filter_map(|value| self.captures(item, value, false).ok()).collect();
        let changing = item.iter().filter_map(PlannedPart::step).filter(|node| !self.constant(*node));
        let alternatives = match changing.collect::<Vec<_>>().as_slice() {
            [node] if !self.drawn(*node) => Some(*node),
            _ => None,
        };
        if found.is_empty() {
            return Err(part.missing());
        }
        if let Some(node) = alternatives {
            let came = found.into_iter().flatten().map(|(_, text)| Bytes::copy_from_slice(text.as_bytes()));
            let came = Came::Several(came.collect());
            if matches!(self.plan.nodes[node].action, Action::Jws(_)) {
                self.tokens.push((node, came));
            } else {
                self.checks.push(Check { node, came, part });
            }
            return Ok(());
        }
        let captures = found.pop().unwrap_or_default();
        if !found.is_empty() && !captures.is_empty() {
            return Err(part.doubled());
        }
        captures.into_iter().try_for_each(|(node, text)| self.take(node, text, part))
    }

    fn constant(&self, node: usize) -> bool {
        matches!(self.plan.nodes[node].action, Action::Constant(_))
    }

    fn drawn(&self, node: usize) -> bool {
        matches!(
            self.plan.nodes[node].action,
            Action::Random { .. } | Action::Time { .. } | Action::Argument { .. } | Action::Session { .. }
        )
    }

    /// Splits a value as the template says; what is the same in every message must stand there.
    fn captures<'v>(&self, parts: &[PlannedPart], value: &'v str, scheme: bool) -> Result<Captures<'v>, Mismatch> {
        let mut captures = Vec::new();
        let mut rest = value;
        for (at, part) in parts.iter().enumerate() {
            if let Some(text) = self.known_text(part) {
                // A credential in the same place is no word of a scheme.
                let word = if scheme && at == 0 && part.step().is_none() { text.find(' ') } else { None };
                rest = strip(rest, text, word.unwrap_or_default()).ok_or_else(|| Mismatch::new(part))?;
                continue;
            }
            let end = match parts.get(at + 1).and_then(|next| self.known_text(next)) {
                // A credential without text separates nothing.
                Some("") if parts.len() > at + 2 => return Err(Mismatch::Form),
                Some(after) if !after.is_empty() => rest.find(after).ok_or(Mismatch::Form)?,
                _ => rest.len(),
            };
            let (text, tail) = rest.split_at(end);
            captures.extend(part.step().map(|node| (node, text)));
            rest = tail;
        }
        if rest.is_empty() { Ok(captures) } else { Err(parts.last().map_or(Mismatch::Form, Mismatch::new)) }
    }

    fn known_text<'s>(&'s self, part: &'s PlannedPart) -> Option<&'s str> {
        match part {
            PlannedPart::Text(text) => Some(text),
            PlannedPart::Step(node) => match &self.plan.nodes[*node].action {
                Action::Constant(bytes) => Some(text_of(bytes)),
                _ => None,
            },
        }
    }

    /// Takes what came for a node: what was drawn is kept, all else is for comparing.
    fn take(&mut self, node: usize, text: &str, part: Part<'p>) -> Result<(), Refusal> {
        let plan = self.plan;
        let malformed = || part.malformed();
        match &plan.nodes[node].action {
            Action::Random { max_length, .. } => {
                let limit = max_length.map_or(RANDOM_LIMIT, |limit| limit as usize);
                let fits = text.chars().take(limit + 1).count() <= limit && !text.contains(char::is_control);
                if text.is_empty() || !fits { Err(malformed()) } else { self.set(node, text, part) }
            }
            Action::Time { form, .. } => {
                time::parse(text, *form).ok_or_else(malformed)?;
                self.set(node, text, part)
            }
            Action::Argument { name, .. } => self.set_argument(name, Some(text), part),
            Action::Session { name } => match self.read.sessions.iter().find(|(n, _)| n == name) {
                Some((_, before)) if *before != text.as_bytes() => Err(part.differs()),
                Some(_) => Ok(()),
                None => {
                    let token = self.keep(text);
                    self.read.sessions.push((name.clone(), token));
                    Ok(())
                }
            },
            Action::Jws(_) => {
                let token = self.keep(text);
                self.tokens.push((node, Came::One(token)));
                Ok(())
            }
            _ => {
                let came = Came::One(self.keep(text));
                self.checks.push(Check { node, came, part });
                Ok(())
            }
        }
    }

    /// A copy of a text; all of them stand in one buffer.
    fn keep(&mut self, text: &str) -> Bytes {
        self.buffer.extend_from_slice(text.as_bytes());
        self.buffer.split().freeze()
    }

    fn set(&mut self, node: usize, text: &str, part: Part<'p>) -> Result<(), Refusal> {
        match &self.values[node] {
            Value::Bytes(before) if before != text => Err(part.differs()),
            Value::Bytes(_) => Ok(()),
            _ => {
                self.values[node] = Value::Bytes(self.keep(text));
                Ok(())
            }
        }
    }

    fn set_argument(&mut self, name: &Text, text: Option<&str>, part: Part<'p>) -> Result<(), Refusal> {
        match self.read.arguments.iter().find(|(n, _)| n == name) {
            Some((_, before)) if before.as_deref() != text.map(str::as_bytes) => Err(part.differs()),
            Some(_) => Ok(()),
            None => {
                let value = text.map(|text| self.keep(text));
                self.read.arguments.push((name.clone(), value));
                Ok(())
            }
        }
    }

    /// The received body is the step that replaced the caller's.
    fn body(&mut self, node: usize, body: SignableBody<'_>) -> Result<(), Refusal> {
        let body = match body {
            SignableBody::Bytes(body) => body,
            SignableBody::None => return Err(Part::Body.missing()),
            SignableBody::Stream => {
                let scheme = self.plan.recipe.name.clone();
                return Err(Refusal::Recompute(SignError::StreamingBody { scheme }));
            }
        };
        let text = std::str::from_utf8(body).map_err(|_| Part::Body.malformed())?;
        // What the caller's body was before is gone.
        for (index, other) in self.plan.nodes.iter().enumerate() {
            if matches!(other.action, Action::Body) {
                self.values[index] = Value::Unknown;
            }
        }
        match &self.plan.nodes[node].action {
            Action::Form { parts, .. } => self.form(parts, text)?,
            _ if self.depends_on_body(node) => {
                // Nobody can see whether a signature inside it was made from what it replaced.
                if self.plan.nodes[node].facts.keyed {
                    return Err(Refusal::NotCarried { name: self.plan.nodes[node].name.clone() });
                }
            }
            _ => {
                let came = Came::One(Bytes::copy_from_slice(body));
                self.checks.push(Check { node, came, part: Part::Body });
                return Ok(());
            }
        }
        self.values[node] = Value::Elsewhere;
        Ok(())
    }

    fn depends_on_body(&self, node: usize) -> bool {
        self.plan.nodes[node].facts.reads_body
    }

    /// Reads the recipe's own pairs off both ends of a form body.
    fn form(&mut self, parts: &'p [PlannedFormPart], text: &str) -> Result<(), Refusal> {
        let segments: Vec<&str> = text.split('&').filter(|segment| !segment.is_empty()).collect();
        let texts = parts.iter().enumerate().filter_map(|(at, part)| match part {
            PlannedFormPart::Text(node) => Some((at, *node)),
            PlannedFormPart::Pair(..) => None,
        });
        let texts: Vec<(usize, usize)> = texts.collect();
        let (leading, opaque) = match texts.as_slice() {
            [] => (parts.len(), false),
            [(at, node)] if matches!(self.plan.nodes[*node].action, Action::Body) => (*at, true),
            [(_, node), ..] => return Err(Refusal::NotCarried { name: self.plan.nodes[*node].name.clone() }),
        };
        let trailing = parts.len() - leading - usize::from(opaque);
        if segments.len() < leading + trailing || !opaque && segments.len() > leading {
            return Err(Part::Body.malformed());
        }
        let front = parts[..leading].iter().zip(&segments);
        let back = parts[parts.len() - trailing..].iter().zip(&segments[segments.len() - trailing..]);
        for (part, segment) in front.chain(back) {
            if let PlannedFormPart::Pair(name, node) = part {
                self.member(name, *node, segment, &segments)?;
            }
        }
        Ok(())
    }

    fn member(&mut self, name: &'p Text, node: usize, segment: &str, segments: &[&str]) -> Result<(), Refusal> {
        let part = Part::Member(name);
        let named = |segment: &&&str| {
            let (other, _) = segment.split_once('=').unwrap_or((segment, ""));
            form::decode(other).as_deref() == Some(name.as_ref())
        };
        match segments.iter().filter(named).count() {
            0 => return Err(part.missing()),
            1 => {}
            _ => return Err(part.doubled()),
        }
        let (came, value) = segment.split_once('=').ok_or_else(|| part.malformed())?;
        if form::decode_exact(came).as_deref() != Some(name.as_ref()) {
            return Err(part.missing());
        }
        let value = form::decode_exact(value).ok_or_else(|| part.malformed())?;
        self.take(node, &value, part)
    }

    /// Opens the tokens and reads their claims.
    fn tokens(&mut self) -> Result<(), Refusal> {
        // A claim may itself hold a token.
        while let Some((node, came)) = self.tokens.pop() {
            let Action::Jws(jws) = &self.plan.nodes[node].action else { continue };
            let (token, payload, key) = open(jws, came)?;
            self.choice[jws.macs.key] = Some(key);
            match &self.values[node] {
                Value::Bytes(before) if *before != token => return Err(Part::Token.differs()),
                _ => self.values[node] = Value::Bytes(token),
            }
            self.payload(jws, &payload)?;
        }
        Ok(())
    }

    fn payload(&mut self, jws: &'p PlannedJws, payload: &[u8]) -> Result<(), Refusal> {
        match &jws.payload {
            PlannedPayload::Exact(node) if self.drawn(*node) => {
                let text = std::str::from_utf8(payload).map_err(|_| Part::Payload.malformed())?;
                self.take(*node, text, Part::Payload)
            }
            PlannedPayload::Exact(node) => {
                let came = Came::One(Bytes::copy_from_slice(payload));
                self.checks.push(Check { node: *node, came, part: Part::Payload });
                Ok(())
            }
            PlannedPayload::Claims(claims) => {
                let reason = "the claims are not a JSON object with each member once";
                let tape = jws::object(payload).ok_or_else(|| Refusal::Token { reason: reason.to_owned() })?;
                let View::Map(members) = tape.root().view() else { return Ok(()) };
                self.times(claims, members)?;
                claims.iter().try_for_each(|claim| {
                    let item = members.into_iter().find(|(name, _)| name.is(&claim.name));
                    self.claim(claim, item.map(|(_, item)| item.view()))
                })
            }
        }
    }

    /// RFC 7519 sections 4.1.4 to 4.1.6: a sender may say more of when its token holds than the recipe asks for.
    fn times(&self, claims: &[Claim], members: Members<'_>) -> Result<(), Refusal> {
        for (name, item) in members {
            let Some(known) = ["exp", "nbf", "iat"].into_iter().find(|known| name.is(known)) else { continue };
            if claims.iter().any(|claim| claim.name == known) {
                continue;
            }
            let seconds = match item.view() {
                View::Number(digits) => digits.parse::<f64>().ok(),
                _ => None,
            };
            let seconds = seconds.filter(|seconds| seconds.is_finite());
            let seconds = seconds.ok_or_else(|| Part::Claim(known).malformed())?;
            // Milliseconds of any clock are exact in a float.
            let (at, now, leeway) = (seconds * 1000.0, self.now.as_millis() as f64, self.leeway_millis as f64);
            match known {
                "exp" if at <= now - leeway => return Err(Refusal::Expired { step: known.into() }),
                "nbf" | "iat" if at > now + leeway => {
                    return Err(Refusal::NotYet { part: Part::Claim(known).to_string() });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn claim(&mut self, claim: &'p Claim, value: Option<View<'_>>) -> Result<(), Refusal> {
        let part = Part::Claim(&claim.name);
        match value {
            None if claim.optional => match &self.plan.nodes[claim.value].action {
                Action::Argument { name, .. } => self.set_argument(name, None, part),
                _ => Ok(()),
            },
            None => Err(part.missing()),
            Some(View::Number(digits)) if claim.number => self.take(claim.value, digits, part),
            Some(View::Text(text)) if !claim.number => self.take(claim.value, &text.to_text(), part),
            Some(_) => Err(part.malformed()),
        }
    }

    /// Computes everything that was not read back, and compares.
    fn recompute(&mut self, request: &SignableRequest<'_>) -> Result<Vec<Value>, Refusal> {
        let values = std::mem::take(&mut self.values);
        let engine = Engine::with(self.plan, request, Origin::ReadBack(&self.read), values);
        let mut engine = engine.map_err(Refusal::Recompute)?;
        compute(&mut engine, false)?;
        self.compare(&engine, false)?;
        let mut choice: Vec<usize> = self.choice.iter().map(|key| key.unwrap_or_default()).collect();
        // What is computed with one key is taken back before the next is tried.
        let several = self.choice.iter().zip(&self.plan.key_counts).any(|(key, count)| key.is_none() && *count > 1);
        let unset = several.then(|| engine.values.clone());
        loop {
            engine.choice.clone_from(&choice);
            let result = compute(&mut engine, true).and_then(|()| self.compare(&engine, true));
            match (result, &unset) {
                (Ok(()), _) => return Ok(engine.values),
                (Err(_), Some(unset)) if self.next(&mut choice) => engine.values.clone_from(unset),
                (Err(refusal), _) => return Err(refusal),
            }
        }
    }

    /// The next combination of keys that no token has settled.
    fn next(&self, choice: &mut [usize]) -> bool {
        for (key, count) in self.plan.key_counts.iter().enumerate().filter(|(key, _)| self.choice[*key].is_none()) {
            choice[key] += 1;
            if choice[key] < *count {
                return true;
            }
            choice[key] = 0;
        }
        false
    }

    fn compare(&self, engine: &Engine<'_>, keyed: bool) -> Result<(), Refusal> {
        for check in self.checks.iter().filter(|check| self.plan.nodes[check.node].facts.keyed == keyed) {
            if matches!(engine.values[check.node], Value::Unknown) {
                return Err(Refusal::NotCarried { name: self.plan.nodes[check.node].name.clone() });
            }
            let computed = engine.bytes(check.node);
            // All are compared, whichever fits.
            let fits = check.came.texts().iter();
            let fits = fits.fold(subtle::Choice::from(0), |fits, came| fits | computed.ct_eq(came));
            if !bool::from(fits) {
                return Err(if keyed { Refusal::Signature } else { check.part.differs() });
            }
        }
        Ok(())
    }
}

/// Computes the nodes that derive from a key, or those that do not; what only the sender can know stays unknown.
fn compute(engine: &mut Engine<'_>, keyed: bool) -> Result<(), Refusal> {
    for node in 0..engine.values.len() {
        if engine.is_keyed(node) != keyed {
            continue;
        }
        match engine.compute(node) {
            Ok(()) => {}
            Err(SignError::MissingValue { .. }) => engine.values[node] = Value::Unknown,
            Err(error) => return Err(Refusal::Recompute(error)),
        }
    }
    Ok(())
}

/// The first of the tokens that holds, its payload and its key.
fn open(jws: &PlannedJws, came: Came) -> Result<(Bytes, Vec<u8>, usize), Refusal> {
    let head = text_of(&jws.head).strip_suffix('.');
    let expected = ExpectedHeader { algorithm: jws.algorithm, members: &jws.header, head };
    let mut refusal = Refusal::Signature;
    let (one, several) = match came {
        Came::One(token) => (Some(token), Vec::new()),
        Came::Several(tokens) => (None, tokens),
    };
    for token in one.into_iter().chain(several) {
        match jws::open(text_of(&token), &jws.macs.states, &expected) {
            Ok((payload, key)) => return Ok((token, payload, key)),
            Err(TokenError::Signature) => {}
            Err(TokenError::Form(reason)) => refusal = Refusal::Token { reason: reason.to_owned() },
            Err(TokenError::Header(reason)) => refusal = Refusal::TokenHeader { reason: reason.to_owned() },
        }
    }
    Err(refusal)
}

/// Why a value does not fit a template.
#[derive(Clone, Copy)]
enum Mismatch {
    Form,
    Differs,
}

impl Mismatch {
    const fn new(part: &PlannedPart) -> Self {
        match part {
            PlannedPart::Text(_) => Mismatch::Form,
            PlannedPart::Step(_) => Mismatch::Differs,
        }
    }

    fn of(self, part: Part<'_>) -> Refusal {
        match self {
            Mismatch::Form => part.malformed(),
            Mismatch::Differs => part.differs(),
        }
    }
}

/// Takes a text off the front, in constant time; the first `fold` bytes of it without regard to case.
fn strip<'v>(value: &'v str, text: &str, fold: usize) -> Option<&'v str> {
    let front = value.as_bytes().get(..text.len())?;
    let word = front[..fold].eq_ignore_ascii_case(&text.as_bytes()[..fold]);
    let rest = front[fold..].ct_eq(&text.as_bytes()[fold..]);
    if word && bool::from(rest) { value.get(text.len()..) } else { None }
}
