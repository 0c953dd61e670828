//! What verifying a webhook costs beside the bare work on the same token, and what refusing a huge one costs.
//!
//! Ratios of medians inside one run; run it with `--release`. Fails above the limits.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use countersign_auth::{Prepared, SignableBody, SignableRequest};
use countersign_tests::forge::{self, NOW, SECRET, Token};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use sha2::Sha256;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const ROUNDS: usize = 101;
const CALLS: usize = 500;
/// Verifying, beside the bare work.
const MOST: f64 = 1.25;
/// Refusing 16 MiB.
const LONGEST: Duration = Duration::from_millis(1);

fn main() -> ExitCode {
    let body = br#"{"a":1}"#;
    let token = Token::for_body(body).text();
    // The same claims as another sender may write them.
    let shuffled = {
        let mut token = Token::for_body(body);
        token.claims.reverse();
        self::headers(&token.text())
    };
    let receiver = forge::receiver(&[SECRET], 0);
    let headers = headers(&token);
    let bare = Bare::new();
    assert!(verify(&receiver, &headers, body) && bare.typed(&token) && bare.untyped(&token), "the token is good");
    assert!(verify(&receiver, &shuffled, body), "the order of claims has no meaning");

    let mut ours = || verify(&receiver, &headers, body);
    let mut reordered = || verify(&receiver, &shuffled, body);
    let mut typed = || bare.typed(&token);
    let mut untyped = || bare.untyped(&token);
    let mut digest = || md5::compute(black_box(body)).0[0] < 255 || black_box(true);
    let [ours, reordered, typed, untyped, digest] =
        medians([&mut ours, &mut reordered, &mut typed, &mut untyped, &mut digest]);
    println!("verify (MAC, header, claims, body digest, times)   {:>8.0} ns", ours);
    println!("bare: HMAC + base64 + JSON into values              {:>8.0} ns   {:.2}x", untyped, ours / untyped);
    println!("bare: HMAC + base64 + JSON into structs             {:>8.0} ns   {:.2}x", typed, ours / typed);
    println!("verify, claims in another order than the recipe's   {:>8.0} ns   {:.2}x", reordered, reordered / untyped);
    println!("MD5 of the body alone                               {:>8.0} ns", digest);

    let huge = self::headers(&"A".repeat(16 << 20));
    let dotted = self::headers(&format!("{}.{}", token, "A".repeat(16 << 20)));
    let mut slowest = Duration::ZERO;
    for headers in [&huge, &dotted] {
        for _ in 0..ROUNDS {
            let start = Instant::now();
            assert!(!verify(&receiver, headers, body), "16 MiB are no token");
            slowest = slowest.max(start.elapsed());
        }
    }
    println!("refusing a token of 16 MiB, slowest of {}          {:>8} ns", 2 * ROUNDS, slowest.as_nanos());
    let good = ours / untyped <= MOST && slowest < LONGEST;
    println!("{}", if good { "within the limits" } else { "above the limits" });
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn headers(token: &str) -> HeaderMap {
    let value = HeaderValue::from_maybe_shared(Bytes::from(format!("Bearer {token}"))).expect("a header takes it");
    HeaderMap::from_iter([(http::header::AUTHORIZATION, value)])
}

fn verify(receiver: &Prepared, headers: &HeaderMap, body: &[u8]) -> bool {
    let request =
        SignableRequest { method: "POST", base: "", target: "/hooks", headers, body: SignableBody::Bytes(body) };
    black_box(receiver.verify(black_box(&request), NOW)).is_ok()
}

/// The median nanoseconds of a call of each, measured in turns so that all see the same machine.
fn medians<const N: usize>(mut candidates: [&mut dyn FnMut() -> bool; N]) -> [f64; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for (candidate, times) in candidates.iter_mut().zip(&mut times) {
            let start = Instant::now();
            for _ in 0..CALLS {
                black_box(candidate());
            }
            times.push(start.elapsed().as_nanos() as f64 / CALLS as f64);
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    })
}

/// What no verifier can leave out.
struct Bare {
    key: Hmac<Sha256>,
}

#[derive(Deserialize)]
struct Header<'t> {
    alg: &'t str,
    typ: &'t str,
}

#[derive(Deserialize)]
struct Claims<'t> {
    iss: &'t str,
    sub: &'t str,
    exp: i64,
    jti: &'t str,
}

impl Bare {
    fn new() -> Bare {
        Bare { key: Hmac::new_from_slice(SECRET.as_bytes()).expect("any length will do") }
    }

    /// Header and claims as bytes, once the MAC holds.
    fn open(&self, token: &str) -> Option<(Vec<u8>, Vec<u8>)> {
        let (input, signature) = black_box(token).rsplit_once('.')?;
        let (header, claims) = input.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.key.clone().chain_update(input).verify_slice(&signature).ok()?;
        Some((URL_SAFE_NO_PAD.decode(header).ok()?, URL_SAFE_NO_PAD.decode(claims).ok()?))
    }

    fn typed(&self, token: &str) -> bool {
        let Some((header, claims)) = self.open(token) else { return false };
        let header: Option<Header<'_>> = black_box(serde_json::from_slice(&header).ok());
        let claims: Option<Claims<'_>> = black_box(serde_json::from_slice(&claims).ok());
        header.is_some_and(|header| header.alg.len() + header.typ.len() == 8)
            && claims.is_some_and(|claims| claims.iss.len() + claims.sub.len() + claims.jti.len() > 0 && claims.exp > 0)
    }

    fn untyped(&self, token: &str) -> bool {
        let Some((header, claims)) = self.open(token) else { return false };
        let header: Option<serde_json::Value> = black_box(serde_json::from_slice(&header).ok());
        let claims: Option<serde_json::Value> = black_box(serde_json::from_slice(&claims).ok());
        header.is_some() && claims.is_some()
    }
}
