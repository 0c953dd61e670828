//! How much a signature writes, before it is written: so that one buffer, allocated once, holds all of it.
//!
//! Nothing depends on the numbers but speed: where they fall short, the buffer grows.

use crate::operations::digest::digest_length;
use crate::operations::encode::encoded_length;
use crate::prepare::{Action, Node, Plan, PlannedFormPart, PlannedOutput, PlannedPayload};
use crate::recipe::Encoding;
use crate::request::{SignableBody, SignableRequest};

/// More nodes than any recipe has; those beyond count as short texts.
const NODES: usize = 64;

/// The size of a text, and its size once it is escaped for a JSON string.
#[derive(Clone, Copy, Default)]
struct Size {
    plain: usize,
    escaped: usize,
}

impl Size {
    const fn new(plain: usize) -> Self {
        Size { plain, escaped: plain }
    }

    const fn times(plain: usize, factor: usize) -> Self {
        Size { plain, escaped: factor * plain }
    }
}

/// An upper bound for what the steps and carriers of a plan write, arguments and sessions being `extra` bytes.
pub(crate) fn estimate(plan: &Plan, request: &SignableRequest<'_>, extra: usize) -> usize {
    let body = match request.body {
        SignableBody::Bytes(body) if plan.covers_body => body,
        _ => &[],
    };
    let reads_json = plan.nodes.iter().any(|node| matches!(node.action, Action::PhpJson { .. }));
    let php_body = if reads_json { php_size(body) } else { Size::default() };
    let context = Context { request, extra, body: body.len(), php_body };
    let mut sizes = [Size::default(); NODES];
    let mut total = 64;
    for (index, node) in plan.nodes.iter().enumerate() {
        let size = context.node(plan, node, &sizes);
        // A source that is not written costs a few bytes too many.
        total += size.plain + context.beside(node, &sizes);
        if let Some(slot) = sizes.get_mut(index) {
            *slot = size;
        }
    }
    if let PlannedOutput::Send(send) = &plan.output {
        // Headers that are no slices of a step, and query pairs, which are percent-encoded.
        total += 64 * send.headers.len() + 1024 * send.query.len();
    }
    total
}

struct Context<'a> {
    request: &'a SignableRequest<'a>,
    extra: usize,
    body: usize,
    php_body: Size,
}

impl Context<'_> {
    fn node(&self, plan: &Plan, node: &Node, sizes: &[Size; NODES]) -> Size {
        let of = |index: usize| sizes.get(index).copied().unwrap_or(Size::new(64));
        let target = self.request.target.len();
        match &node.action {
            // Constants are not written, but counted where they are read.
            Action::Constant(bytes) => Size::times(bytes.len(), 3),
            Action::Key | Action::Headers { .. } => Size::default(),
            Action::Random { form, .. } => Size::new(crate::check::random_length(*form).max(99)),
            Action::Time { form, .. } => Size::times(crate::time::length(*form), 2),
            Action::Argument { .. } | Action::Session { .. } => Size::times(self.extra, 6),
            Action::Method => Size::new(self.request.method.len()),
            Action::Path(_) | Action::Query | Action::Target(_) | Action::Host | Action::Url => {
                Size::times(target + self.request.base.len(), 2)
            }
            Action::Body => Size::times(self.body, 2),
            Action::Header { header, .. } => Size::times(self.header(header), 3),
            Action::Hash { algorithm, encode, .. } | Action::Hmac { algorithm, encode, .. } => {
                Size::times(encoded_length(digest_length(*algorithm), *encode), 2)
            }
            Action::Concat { parts, separator, .. } => {
                let plain = parts.iter().map(|part| of(*part).plain + separator.len()).sum();
                Size::times(plain, 2)
            }
            Action::JsonArray { items, .. } => {
                Size::times(2 + items.iter().map(|item| of(*item).escaped + 3).sum::<usize>(), 2)
            }
            Action::JsonObject { members, .. } => Size::times(
                2 + members.iter().map(|(name, item)| 2 * name.len() + of(*item).escaped + 6).sum::<usize>(),
                2,
            ),
            Action::PhpJson { of, .. } => match &plan.nodes[*of].action {
                Action::Headers { only } => {
                    let pair = |(name, header): &(_, _)| {
                        let name: &crate::recipe::Text = name;
                        name.len() + 3 * self.header(header) + 6
                    };
                    Size::times(2 + only.iter().map(pair).sum::<usize>(), 2)
                }
                _ => self.php_body,
            },
            Action::Form { parts, .. } => {
                let part = |part: &PlannedFormPart| match part {
                    PlannedFormPart::Text(index) => of(*index).plain + 1,
                    PlannedFormPart::Pair(name, index) => 3 * (name.len() + of(*index).plain) + 2,
                };
                Size::times(parts.iter().map(part).sum(), 2)
            }
            Action::SortedForm { .. } => Size::times(self.body, 2),
            Action::Jws(jws) => {
                let payload = payload(&jws.payload, sizes);
                Size::new(jws.head.len() + encoded_length(payload, Encoding::Base64Url) + 2 * jws.tag_length)
            }
        }
    }

    /// What a node writes beside its value.
    fn beside(&self, node: &Node, sizes: &[Size; NODES]) -> usize {
        match &node.action {
            Action::Jws(jws) => payload(&jws.payload, sizes) + 32,
            _ => 0,
        }
    }

    fn header(&self, name: &http::HeaderName) -> usize {
        self.request.headers.get(name).map_or(0, http::HeaderValue::len)
    }
}

fn payload(payload: &PlannedPayload, sizes: &[Size; NODES]) -> usize {
    let of = |index: usize| sizes.get(index).copied().unwrap_or(Size::new(64));
    match payload {
        PlannedPayload::Exact(index) => of(*index).plain,
        PlannedPayload::Claims(claims) => {
            2 + claims.iter().map(|claim| 2 * claim.name.len() + of(claim.value).escaped + 6).sum::<usize>()
        }
    }
}

/// The size of a JSON body as PHP prints it: slashes become two bytes, two bytes of UTF-8 become six.
fn php_size(body: &[u8]) -> Size {
    let count = |what: fn(&u8) -> bool| body.iter().filter(|byte| what(byte)).count();
    let wide = count(|byte| *byte >= 0x80);
    let slashes = count(|byte| *byte == b'/');
    let escapes = count(|byte| matches!(byte, b'"' | b'\\'));
    let plain = body.len() + 2 * wide + slashes + 16;
    Size { plain, escaped: plain + escapes + wide + 2 * slashes }
}
