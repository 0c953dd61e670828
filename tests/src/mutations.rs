//! Random changes to valid webhook requests: none of them may be accepted.
//!
//! 1. A pool of valid requests is forged from a seed; each of them is accepted.
//! 2. One to three changes fall on the token, the body or both; the same seed makes the same changes.
//! 3. What comes out is counted only if it differs from the request that it was made of and can be sent at all.
//!
//! The word `Bearer` stays as it is: a receiver reads it in any case, so changing it is no attack.

use crate::forge::{BODY, ISSUER, Mac, NOW, SECRET, Token, base64url, json_text, md5_hex, sign};
use bytes::Bytes;
use http::{HeaderValue, Method, Request};
use std::fmt;

/// What is changed, by kind.
pub const KINDS: [&str; 15] = [
    "bit flipped in the token",
    "bit flipped in the body",
    "byte inserted",
    "bytes deleted",
    "bytes swapped",
    "stretch doubled",
    "token's parts exchanged",
    "spliced with another request",
    "body of another request",
    "claim edited, not signed again",
    "claim edited, signed with a wrong key",
    "header edited, not signed again",
    "header edited, signed with a wrong key",
    "bit flipped in what is encoded",
    "several of these",
];

/// A webhook request as it comes in: the token and the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// What stands behind `Bearer `.
    pub token: Vec<u8>,
    /// The body.
    pub body: Vec<u8>,
}

impl Webhook {
    /// The request; nothing if a header can't carry the token.
    pub fn request(&self) -> Option<Request<Bytes>> {
        let mut request = Request::new(Bytes::copy_from_slice(&self.body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = http::Uri::from_static("/hooks/cardlytics");
        let value = HeaderValue::from_bytes(&[b"Bearer ", self.token.as_slice()].concat()).ok()?;
        request.headers_mut().insert(http::header::AUTHORIZATION, value);
        request.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Some(request)
    }
}

/// How a run of mutations ended.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How many valid requests were accepted before any change, of how many.
    pub valid: (usize, usize),
    /// How many mutations there were of each kind.
    pub counts: [usize; KINDS.len()],
    /// Those that came out as they went in.
    pub identical: usize,
    /// Those that no header can carry.
    pub unsendable: usize,
    /// What was accepted: the kind and the request.
    pub accepted: Vec<(&'static str, Webhook)>,
}

impl Tally {
    /// How many mutations were tried.
    pub fn tried(&self) -> usize {
        self.counts.iter().sum()
    }

    /// Whether all that is valid was accepted and nothing else.
    pub fn is_good(&self) -> bool {
        self.valid.0 == self.valid.1 && self.accepted.is_empty()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, count) in KINDS.iter().zip(self.counts) {
            writeln!(f, "{count:>9}  {kind}")?;
        }
        writeln!(f, "{:>9}  mutations, {} accepted", self.tried(), self.accepted.len())?;
        writeln!(f, "{:>9}  not counted: the same request as before", self.identical)?;
        writeln!(f, "{:>9}  not counted: a header can't carry it", self.unsendable)?;
        write!(f, "{:>9}  valid requests accepted, of {}", self.valid.0, self.valid.1)?;
        for (kind, webhook) in &self.accepted {
            let token = String::from_utf8_lossy(&webhook.token);
            write!(f, "\naccepted: {kind}: {token} {}", String::from_utf8_lossy(&webhook.body))?;
        }
        Ok(())
    }
}

/// Tries `count` mutations; `accepts` is the receiver.
pub fn run(seed: u64, count: usize, mut accepts: impl FnMut(&Request<Bytes>) -> bool) -> Tally {
    let mut draw = Draw(seed);
    let pool: Vec<Source> = (0..64).map(|_| Source::draw(&mut draw)).collect();
    let good = |source: &Source| source.webhook.request().is_some_and(|request| accepts(&request));
    let mut tally =
        Tally { valid: (pool.iter().map(good).filter(|good| *good).count(), pool.len()), ..Tally::default() };
    while tally.tried() < count {
        let source = &pool[draw.below(pool.len())];
        let kind = draw.below(KINDS.len());
        let mut changed = source.webhook.clone();
        if kind == KINDS.len() - 1 {
            for _ in 0..2 + draw.below(3) {
                let kind = draw.below(KINDS.len() - 1);
                change(&mut draw, kind, &mut changed, source, &pool);
            }
        } else {
            change(&mut draw, kind, &mut changed, source, &pool);
        }
        // Two requests of the pool may share a body, so that a splice yields the other one.
        if pool.iter().any(|source| source.webhook == changed) {
            tally.identical += 1;
        } else if let Some(request) = changed.request() {
            tally.counts[kind] += 1;
            if accepts(&request) {
                tally.accepted.push((KINDS[kind], changed));
            }
        } else {
            tally.unsendable += 1;
        }
    }
    tally
}

/// A valid request, and what it was made of.
struct Source {
    token: Token,
    webhook: Webhook,
}

impl Source {
    fn draw(draw: &mut Draw) -> Source {
        let body = match draw.below(4) {
            0 => BODY.as_bytes().to_vec(),
            1 => format!(r#"{{"eventId":"{:x}","event":"ENROLLMENT_CONFIRMED"}}"#, draw.number()).into_bytes(),
            2 => Vec::new(),
            _ => (0..draw.below(2000)).map(|_| draw.byte()).collect(),
        };
        let seconds = 1 + i64::try_from(draw.below(3600)).expect("an hour is short");
        let nonce = format!("{:08x}-{:016x}", draw.below(1 << 32), draw.number());
        let token = Token::for_body(&body)
            .claim("exp", &(NOW.as_secs() + seconds).to_string())
            .claim("jti", &json_text(&nonce));
        Source { webhook: Webhook { token: token.text().into_bytes(), body }, token }
    }
}

fn change(draw: &mut Draw, kind: usize, webhook: &mut Webhook, source: &Source, pool: &[Source]) {
    match kind {
        0 => flip(draw, &mut webhook.token),
        1 => flip(draw, &mut webhook.body),
        2 => {
            let part = either(draw, webhook);
            let (at, byte) = (draw.below(part.len() + 1), draw.likely_byte());
            part.insert(at, byte);
        }
        3 => {
            let part = either(draw, webhook);
            let (from, to) = draw.stretch(part.len());
            part.drain(from..to);
        }
        4 => {
            let part = either(draw, webhook);
            if !part.is_empty() {
                let (a, b) = (draw.below(part.len()), draw.below(part.len()));
                part.swap(a, b);
            }
        }
        5 => {
            let part = either(draw, webhook);
            let (from, to) = draw.stretch(part.len());
            let copy = part[from..to].to_vec();
            let at = if draw.below(2) == 0 { to } else { draw.below(part.len() + 1) };
            part.splice(at..at, copy);
        }
        6 => exchange(draw, webhook),
        7 => {
            let other = draw.below(pool.len());
            splice(draw, webhook, &pool[other].webhook);
        }
        8 => webhook.body.clone_from(&pool[draw.below(pool.len())].webhook.body),
        9 => {
            let [head, _, signature] = source.token.parts();
            let claims = base64url(&edited_claims(draw, source).claims_json());
            webhook.token = format!("{head}.{claims}.{signature}").into_bytes();
        }
        10 => webhook.token = edited_claims(draw, source).key(draw.wrong_key()).text().into_bytes(),
        11 => {
            let [_, claims, signature] = source.token.parts();
            let (header, _) = edited_header(draw, source);
            webhook.token = format!("{}.{claims}.{signature}", base64url(&header)).into_bytes();
        }
        12 => {
            let (header, mac) = edited_header(draw, source);
            let claims = base64url(&source.token.claims_json());
            webhook.token = sign(&base64url(&header), &claims, &draw.wrong_key(), mac).into_bytes();
        }
        _ => {
            let [.., signature] = source.token.parts();
            let (mut header, mut payload) = (source.token.header_json(), source.token.claims_json());
            if draw.below(2) == 0 {
                flip(draw, &mut header)
            } else {
                flip(draw, &mut payload)
            }
            webhook.token = format!("{}.{}.{signature}", base64url(&header), base64url(&payload)).into_bytes();
        }
    }
}

fn flip(draw: &mut Draw, bytes: &mut [u8]) {
    if !bytes.is_empty() {
        bytes[draw.below(bytes.len())] ^= 1 << draw.below(8);
    }
}

/// The token twice as often as the body.
fn either<'w>(draw: &mut Draw, webhook: &'w mut Webhook) -> &'w mut Vec<u8> {
    if draw.below(3) == 0 { &mut webhook.body } else { &mut webhook.token }
}

/// Parts of a token left out, doubled, or in another order.
fn exchange(draw: &mut Draw, webhook: &mut Webhook) {
    let parts: Vec<Vec<u8>> = webhook.token.split(|byte| *byte == b'.').map(<[u8]>::to_vec).collect();
    let count = draw.below(6);
    let chosen: Vec<&[u8]> = (0..count).map(|_| parts[draw.below(parts.len())].as_slice()).collect();
    webhook.token = chosen.join(&b'.');
}

/// The front of one token and the back of another.
fn splice(draw: &mut Draw, webhook: &mut Webhook, other: &Webhook) {
    let (front, back) = (draw.below(webhook.token.len() + 1), draw.below(other.token.len() + 1));
    // Mostly at the same place, so that the parts stay whole.
    let back = if draw.below(3) == 0 { back } else { front.min(other.token.len()) };
    webhook.token.truncate(front);
    webhook.token.extend_from_slice(&other.token[back..]);
}

fn edited_claims(draw: &mut Draw, source: &Source) -> Token {
    let token = source.token.clone();
    let now = NOW.as_secs();
    match draw.below(14) {
        0 => token.claim("exp", &(now + 1 + i64::try_from(draw.below(3600)).expect("an hour is short")).to_string()),
        1 => token.claim("exp", &draw.number().to_string()),
        2 => token.claim("exp", &json_text(&(now + 60).to_string())),
        3 => token.claim("jti", &json_text(&format!("{:x}", draw.number()))),
        4 => token.claim("sub", &json_text(&md5_hex(&draw.number().to_le_bytes()))),
        5 => token.claim("iss", &json_text(&ISSUER.to_uppercase())),
        6 => token.claim("iss", &format!("[{}]", json_text(ISSUER))),
        7 => token.without(["iss", "sub", "exp", "jti"][draw.below(4)]),
        8 => token.and_claim("exp", &(now + 3000).to_string()),
        9 => token.and_claim("jti", &json_text(&draw.number().to_string())),
        10 => token.and_claim(&format!("x{}", draw.below(1000)), "null"),
        11 => token.claim(["iss", "sub", "exp", "jti"][draw.below(4)], "null"),
        12 => {
            let text = [b" ".as_slice(), &token.claims_json()].concat();
            token.claims_text(text)
        }
        _ => {
            let mut token = token;
            let at = draw.below(token.claims.len());
            token.claims.rotate_left(at);
            token
        }
    }
}

fn edited_header(draw: &mut Draw, source: &Source) -> (Vec<u8>, Mac) {
    let token = source.token.clone();
    let (token, mac) = match draw.below(8) {
        0 => (token.header("alg", "\"none\""), Mac::Sha256),
        1 => (token.header("alg", "\"HS384\""), Mac::Sha384),
        2 => (token.header("alg", "\"HS512\""), Mac::Sha512),
        3 => (token.header("alg", "\"RS256\""), Mac::Sha256),
        4 => (token.header("kid", &json_text(&format!("{:x}", draw.number()))), Mac::Sha256),
        5 => (token.header("crit", "[\"exp\"]"), Mac::Sha256),
        6 => (token.header("typ", "\"at+jwt\""), Mac::Sha256),
        _ => (token.header(&format!("x{}", draw.below(1000)), "1"), Mac::Sha256),
    };
    (token.header_json(), mac)
}

/// SplitMix64: a seed means the same on every machine.
struct Draw(u64);

impl Draw {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.number() % limit as u64).expect("it is below a usize")
    }

    fn byte(&mut self) -> u8 {
        self.number().to_le_bytes()[0]
    }

    /// Half the time one that a token may hold.
    fn likely_byte(&mut self) -> u8 {
        let likely = b"ABCyz019-_.=+/ ,;\"";
        if self.below(2) == 0 { likely[self.below(likely.len())] } else { self.byte() }
    }

    /// Up to 16 bytes of this many.
    fn stretch(&mut self, length: usize) -> (usize, usize) {
        let from = self.below(length + 1);
        (from, (from + 1 + self.below(16)).min(length))
    }

    /// Close to the right key, or far from it.
    fn wrong_key(&mut self) -> Vec<u8> {
        let mut key = SECRET.as_bytes().to_vec();
        match self.below(5) {
            0 => flip(self, &mut key),
            1 => key.truncate(self.below(key.len())),
            2 => key.push(self.byte() | 1),
            3 => key.clear(),
            _ => key = self.number().to_le_bytes().to_vec(),
        }
        key
    }
}
