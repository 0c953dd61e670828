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
use crate::custom::Checked;
use crate::error::{Refusal, SignError, VerifyError};
use crate::operations::form;
use crate::operations::jws::{self, ExpectedHeader, TokenError, Written};
use crate::prepare::{
    Action, Claim, Plan, PlannedCarrier, PlannedFormPart, PlannedJws, PlannedOutput, PlannedPart, PlannedPayload,
    PlannedSend, Prepared,
};
use crate::recipe::Text;
use crate::request::{SignableBody, SignableRequest};
use crate::secret::{Secret, equal};
use crate::sign::{Engine, Origin, ReadBack, no_request, single_header, single_use, text_of};
use crate::stamp::UnixTime;
use crate::tape::{Members, View};
use crate::time;
use crate::values::{Slot, own};
use http::{HeaderMap, header::COOKIE};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The longest header value or query pair that is read, where it does not hold the body.
const PART_LIMIT: usize = 64 * 1024;
/// Most requests carry no more text than this, and no more is computed from it.
const SHORT: usize = 1024;
/// The key of a name that no token has settled.
const OPEN: usize = usize::MAX;
/// The longest random value that is read back, in characters, where the recipe sets no limit.
const RANDOM_LIMIT: usize = 255;
/// How many times longer than the body a part may be that holds it: escaped twice, then base64: eight times
/// where all of it is escaped.
const BODY_FACTOR: usize = 10;

/// What a verified request carried.
#[derive(Clone)]
pub struct Verified {
    plan: Arc<Plan>,
    slots: Vec<Slot>,
    written: Vec<u8>,
    arguments: Vec<(Text, Option<Place>)>,
    sessions: Vec<(Text, Secret)>,
    remember_until: Option<UnixTime>,
    /// What a custom scheme read, instead of all of the above.
    custom: Option<Box<Checked>>,
}

/// Where a text stands in the buffer.
type Place = (usize, usize);

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
        let send = match &plan.output {
            PlannedOutput::Send(send) => send,
            PlannedOutput::Custom(signer) => {
                let checked = signer.verify(request, now, self.leeway_millis)?;
                return Ok(Verified::of_custom(plan, checked));
            }
            PlannedOutput::Give(_) => {
                let ends = "gives a value and signs no request";
                return Err(Refusal::Recompute(SignError::Output { scheme: plan.recipe.name.clone(), ends }).into());
            }
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
        let (slots, written) = reader.recompute(request)?;
        let remember_until = self.rules(&slots, &written, now)?;
        let sessions = reader.read.sessions.into_iter();
        let session = |(start, end)| Secret::new(text_of(&written[start..end]));
        let sessions = sessions.map(|(name, place)| (name, session(place))).collect();
        let arguments = reader.read.arguments;
        let plan = Arc::clone(&self.plan);
        Ok(Verified { plan, slots, written, arguments, sessions, remember_until, custom: None })
    }

    /// Freshness and lifetime; until when a replay guard has to remember.
    fn rules(&self, slots: &[Slot], written: &[u8], now: UnixTime) -> Result<Option<UnixTime>, Refusal> {
        let rules = &self.plan.rules;
        for node in &rules.single_use {
            self.value(slots, written, *node)?;
        }
        let mut until = None;
        if let Some((node, window)) = rules.freshness {
            let age = now.as_millis().saturating_sub(self.time(slots, written, node)?.as_millis());
            let window = window + self.leeway_millis;
            if age > window || age < -window {
                return Err(Refusal::NotFresh { step: self.plan.nodes[node].name.clone() });
            }
            until = Some(now.as_millis().saturating_sub(age).saturating_add(window));
        }
        if let Some((node, max)) = rules.lifetime {
            let left = self.time(slots, written, node)?.as_millis().saturating_sub(now.as_millis());
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

    fn time(&self, slots: &[Slot], written: &[u8], node: usize) -> Result<UnixTime, Refusal> {
        let text = self.value(slots, written, node)?;
        let Action::Time { form, .. } = self.plan.nodes[node].action else { return Err(self.not_carried(node)) };
        time::parse(text, form).ok_or_else(|| Refusal::Malformed { part: self.plan.nodes[node].name.to_string() })
    }

    fn value<'v>(&'v self, slots: &[Slot], written: &'v [u8], node: usize) -> Result<&'v str, Refusal> {
        own(&self.plan, slots, written, node).map(text_of).ok_or_else(|| self.not_carried(node))
    }

    fn not_carried(&self, node: usize) -> Refusal {
        Refusal::NotCarried { name: self.plan.nodes[node].name.clone() }
    }
}

impl Verified {
    fn of_custom(plan: &Arc<Plan>, mut checked: Checked) -> Self {
        Verified {
            plan: Arc::clone(plan),
            slots: Vec::new(),
            written: Vec::new(),
            arguments: Vec::new(),
            sessions: std::mem::take(&mut checked.sessions),
            remember_until: checked.remember_until,
            custom: Some(Box::new(checked)),
        }
    }

    /// The value of a step that was read back or recomputed; keys, maps and the body have none here.
    pub fn value(&self, step: &str) -> Option<&str> {
        if let Some(custom) = &self.custom {
            return custom.values.iter().find(|(name, _)| *name == step).map(|(_, value)| value.as_str());
        }
        let index = self.plan.recipe.steps.iter().position(|other| other.name == step)?;
        std::str::from_utf8(own(&self.plan, &self.slots, &self.written, self.plan.steps[index])?).ok()
    }

    /// The values that may be seen once only, by step name: for the replay guard.
    pub fn single_use(&self) -> impl Iterator<Item = (&str, &str)> {
        let customs = self.custom.iter().flat_map(|custom| &custom.single_use);
        let customs = customs.map(|(step, value)| (*step, value.as_str()));
        single_use(&self.plan, &self.slots, &self.written).chain(customs)
    }

    /// Until when a replay guard must remember them; nothing if the recipe sets no limit.
    pub const fn remember_until(&self) -> Option<UnixTime> {
        self.remember_until
    }

    /// An argument that the sender gave.
    pub fn argument(&self, name: &str) -> Option<&str> {
        if let Some(custom) = &self.custom {
            return custom.arguments.iter().find(|(n, _)| n == name)?.1.as_deref();
        }
        let (_, value) = self.arguments.iter().find(|(n, _)| n == name)?;
        value.map(|(start, end)| text_of(&self.written[start..end]))
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

/// What came for a claim.
enum ClaimValue<'v> {
    Number(&'v str),
    Text(Cow<'v, str>),
    Other,
}

/// What came for a node that is recomputed; one of several must be it.
struct Check<'p> {
    node: usize,
    came: Came,
    part: Part<'p>,
}

/// What came for a node: mostly one text, or several of which one must do.
enum Came {
    One(Place),
    Several(Vec<Place>),
}

impl Came {
    fn places(&self) -> &[Place] {
        match self {
            Came::One(place) => std::slice::from_ref(place),
            Came::Several(places) => places,
        }
    }
}

/// Reads back what a request carries.
struct Reader<'p> {
    plan: &'p Plan,
    now: UnixTime,
    leeway_millis: i64,
    body_length: usize,
    slots: Vec<Slot>,
    /// What came; what is computed is written behind it.
    buffer: Vec<u8>,
    read: ReadBack,
    checks: Vec<Check<'p>>,
    /// Tokens that came for a node; one of several must hold.
    tokens: Few<(usize, Came)>,
    /// Which key of each name a token fits, or [`OPEN`].
    choice: Vec<usize>,
}

/// The texts that a template finds, by node.
type Captures<'v> = Few<(usize, &'v str)>;

/// Mostly one, which needs no place of its own.
struct Few<T> {
    first: Option<T>,
    more: Vec<T>,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Few { first: None, more: Vec::new() }
    }
}

impl<T> Few<T> {
    fn push(&mut self, item: T) {
        match &self.first {
            None => self.first = Some(item),
            Some(_) => self.more.push(item),
        }
    }

    /// Takes the last one.
    fn pop(&mut self) -> Option<T> {
        self.more.pop().or_else(|| self.first.take())
    }

    const fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

impl<T> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.more)
    }
}

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
            slots: vec![Slot::Unset; plan.nodes.len()],
            buffer: Vec::with_capacity(SHORT),
            read: ReadBack::default(),
            checks: Vec::new(),
            tokens: Few::default(),
            choice: vec![OPEN; plan.key_counts.len()],
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
            let came = found.into_iter().flatten().map(|(_, text)| self.keep(text.as_bytes()));
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
        let mut captures = Few::default();
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
            if let Some(node) = part.step() {
                captures.push((node, text));
            }
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
                Some((_, before)) if self.came(*before) != text.as_bytes() => Err(part.differs()),
                Some(_) => Ok(()),
                None => {
                    let token = self.keep(text.as_bytes());
                    self.read.sessions.push((name.clone(), token));
                    Ok(())
                }
            },
            Action::Jws(_) => {
                let token = self.keep(text.as_bytes());
                self.tokens.push((node, Came::One(token)));
                Ok(())
            }
            _ => {
                let came = Came::One(self.keep(text.as_bytes()));
                self.checks.push(Check { node, came, part });
                Ok(())
            }
        }
    }

    /// A copy of a text; all of them stand in one buffer.
    fn keep(&mut self, text: &[u8]) -> Place {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(text);
        (start, self.buffer.len())
    }

    fn came(&self, (start, end): Place) -> &[u8] {
        &self.buffer[start..end]
    }

    fn set(&mut self, node: usize, text: &str, part: Part<'p>) -> Result<(), Refusal> {
        match self.slots[node] {
            Slot::Written(start, end) if self.came((start, end)) != text.as_bytes() => Err(part.differs()),
            Slot::Written(..) => Ok(()),
            _ => {
                let (start, end) = self.keep(text.as_bytes());
                self.slots[node] = Slot::Written(start, end);
                Ok(())
            }
        }
    }

    fn set_argument(&mut self, name: &Text, text: Option<&str>, part: Part<'p>) -> Result<(), Refusal> {
        match self.read.arguments.iter().find(|(n, _)| n == name) {
            Some((_, before)) if before.map(|place| self.came(place)) != text.map(str::as_bytes) => Err(part.differs()),
            Some(_) => Ok(()),
            None => {
                let value = text.map(|text| self.keep(text.as_bytes()));
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
                self.slots[index] = Slot::Unknown;
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
                let came = Came::One(self.keep(body));
                self.checks.push(Check { node, came, part: Part::Body });
                return Ok(());
            }
        }
        self.slots[node] = Slot::Elsewhere;
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
            let mut room = [0; 512];
            let (token, payload, key) = open(jws, &came, &self.buffer, &mut room)?;
            self.choice[jws.macs.key] = key;
            match self.slots[node] {
                Slot::Written(start, end) if self.came((start, end)) != self.came(token) => {
                    return Err(Part::Token.differs());
                }
                _ => self.slots[node] = Slot::Written(token.0, token.1),
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
                let came = Came::One(self.keep(payload));
                self.checks.push(Check { node: *node, came, part: Part::Payload });
                Ok(())
            }
            PlannedPayload::Claims(claims) => {
                let reason = "the claims are not a JSON object with each member once";
                let malformed = || Refusal::Token { reason: reason.to_owned() };
                let text = std::str::from_utf8(payload).map_err(|_| malformed())?;
                // Most senders send the recipe's claims and no others; then there is little to look for.
                let index_of = |name: &str| claims.iter().position(|claim| claim.name == name);
                if let Some(plain) = jws::plain_claims(text, index_of) {
                    let value = |value| match value {
                        Written::Text(text) => ClaimValue::Text(Cow::Borrowed(text)),
                        Written::Number(digits) => ClaimValue::Number(digits),
                    };
                    let mut written = claims.iter().zip(plain.into_iter().chain(std::iter::repeat(None)));
                    return written.try_for_each(|(claim, plain)| self.claim(claim, plain.map(value)));
                }
                let tape = jws::object(text).ok_or_else(malformed)?;
                let View::Map(members) = tape.root().view() else { return Ok(()) };
                self.times(claims, members)?;
                claims.iter().try_for_each(|claim| {
                    let item = members.into_iter().find(|(name, _)| name.is(&claim.name));
                    let value = item.map(|(_, item)| match item.view() {
                        View::Number(digits) => ClaimValue::Number(digits),
                        View::Text(text) => ClaimValue::Text(text.to_text()),
                        _ => ClaimValue::Other,
                    });
                    self.claim(claim, value)
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

    fn claim(&mut self, claim: &'p Claim, value: Option<ClaimValue<'_>>) -> Result<(), Refusal> {
        let part = Part::Claim(&claim.name);
        match value {
            None if claim.optional => match &self.plan.nodes[claim.value].action {
                Action::Argument { name, .. } => self.set_argument(name, None, part),
                _ => Ok(()),
            },
            None => Err(part.missing()),
            Some(ClaimValue::Number(digits)) if claim.number => self.take(claim.value, digits, part),
            Some(ClaimValue::Text(text)) if !claim.number => self.take(claim.value, &text, part),
            Some(_) => Err(part.malformed()),
        }
    }

    /// Computes everything that was not read back, and compares; yields what the nodes have become.
    fn recompute(&mut self, request: &SignableRequest<'_>) -> Result<(Vec<Slot>, Vec<u8>), Refusal> {
        let (slots, buffer) = (std::mem::take(&mut self.slots), std::mem::take(&mut self.buffer));
        let engine = Engine::with(self.plan, request, Origin::ReadBack(&self.read), slots, buffer);
        let mut engine = engine.map_err(Refusal::Recompute)?;
        compute(&mut engine, false)?;
        self.compare(&engine, false)?;
        // What is computed with one key is taken back before the next is tried.
        let several = self.choice.iter().zip(&self.plan.key_counts).any(|(key, count)| *key == OPEN && *count > 1);
        // An engine takes the first key where nothing is chosen.
        if several || self.choice.iter().any(|key| *key != OPEN && *key != 0) {
            engine.choice = self.choice.iter().map(|key| if *key == OPEN { 0 } else { *key }).collect();
        }
        let unset = several.then(|| (engine.slots.clone(), engine.buffer.len()));
        loop {
            let result = compute(&mut engine, true).and_then(|()| self.compare(&engine, true));
            match (result, &unset) {
                (Ok(()), _) => return Ok((engine.slots, engine.buffer)),
                (Err(_), Some((slots, length))) if self.next(&mut engine.choice) => {
                    engine.slots.clone_from(slots);
                    engine.buffer.truncate(*length);
                }
                (Err(refusal), _) => return Err(refusal),
            }
        }
    }

    /// The next combination of keys that no token has settled.
    fn next(&self, choice: &mut [usize]) -> bool {
        for (key, count) in self.plan.key_counts.iter().enumerate().filter(|(key, _)| self.choice[*key] == OPEN) {
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
            if engine.slots[check.node] == Slot::Unknown {
                return Err(Refusal::NotCarried { name: self.plan.nodes[check.node].name.clone() });
            }
            let computed = engine.bytes(check.node);
            // All are compared, whichever fits.
            let came = check.came.places().iter().map(|(start, end)| &engine.buffer[*start..*end]);
            let fits = came.fold(subtle::Choice::from(0), |fits, came| fits | equal(computed, came));
            if !bool::from(fits) {
                return Err(if keyed { Refusal::Signature } else { check.part.differs() });
            }
        }
        Ok(())
    }
}

/// Computes the nodes that derive from a key, or those that do not; what only the sender can know stays unknown.
fn compute(engine: &mut Engine<'_>, keyed: bool) -> Result<(), Refusal> {
    for node in 0..engine.slots.len() {
        if engine.is_keyed(node) != keyed {
            continue;
        }
        match engine.compute(node) {
            Ok(()) => {}
            Err(SignError::MissingValue { .. }) => engine.slots[node] = Slot::Unknown,
            Err(error) => return Err(Refusal::Recompute(error)),
        }
    }
    Ok(())
}

/// The first of the tokens that holds, its payload and its key.
fn open<'r>(
    jws: &PlannedJws,
    came: &Came,
    buffer: &[u8],
    room: &'r mut [u8],
) -> Result<(Place, Cow<'r, [u8]>, usize), Refusal> {
    let head = jws.head.strip_suffix(b".");
    let expected = ExpectedHeader { algorithm: jws.algorithm, members: &jws.header, head };
    let mut refusal = Refusal::Signature;
    for (start, end) in came.places() {
        match jws::open(&buffer[*start..*end], &jws.macs.states, &expected) {
            Ok((payload, key)) => match jws::payload(payload, room) {
                Some(payload) => return Ok(((*start, *end), payload, key)),
                None => return Err(Refusal::Token { reason: jws::PAYLOAD.to_owned() }),
            },
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
    let rest = equal(&front[fold..], &text.as_bytes()[fold..]);
    if word && bool::from(rest) { value.get(text.len()..) } else { None }
}
