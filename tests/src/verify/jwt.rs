//! A JWT under HS256, opened strictly; mostly it stands in the `Authorization` header.

use super::{base64url, single};
use crate::exact::{Exact, read};
use aws_lc_rs::hmac;
use http::HeaderMap;

/// The claims of the token that `headers` carry, once its header and MAC hold.
pub(super) fn claims(headers: &HeaderMap, secret: &[u8]) -> Result<Exact, String> {
    open(bearer(single(headers, "authorization")?)?, secret)
}

/// What stands behind `Bearer`.
pub(super) fn bearer(value: &str) -> Result<&str, String> {
    let (scheme, token) = value.split_once(' ').ok_or("authorization has no scheme")?;
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err("authorization is not of the Bearer scheme".to_owned());
    }
    Ok(token)
}

/// The claims of a token, once its header and MAC hold.
///
/// # Errors
/// Why it is no such token.
pub fn open(token: &str, secret: &[u8]) -> Result<Exact, String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { return Err("the token has not three parts".to_owned()) };
    let head = object(header)?;
    if head.get("alg").and_then(Exact::text) != Some("HS256") || head.get("typ").and_then(Exact::text) != Some("JWT") {
        return Err("the token is no JWT under HS256".to_owned());
    }
    let signature = base64url::decode(signature).ok_or("the signature is not base64url")?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::verify(&key, format!("{header}.{payload}").as_bytes(), &signature)
        .map_err(|_| "the signature does not fit".to_owned())?;
    object(payload)
}

/// A claim that must be a text.
pub(super) fn text<'a>(claims: &'a Exact, name: &str) -> Result<&'a str, String> {
    claims.get(name).and_then(Exact::text).ok_or_else(|| format!("the claim {name} is no text"))
}

/// A claim that must be an integer.
pub(super) fn integer(claims: &Exact, name: &str) -> Result<i64, String> {
    claims.get(name).and_then(Exact::integer).ok_or_else(|| format!("the claim {name} is no integer"))
}

fn object(part: &str) -> Result<Exact, String> {
    let bytes = base64url::decode(part).ok_or("a part of the token is not base64url")?;
    let text = std::str::from_utf8(&bytes).map_err(|_| "a part of the token is not UTF-8")?;
    match read(text) {
        Ok(object @ Exact::Object(_)) => Ok(object),
        _ => Err("a part of the token is no JSON object".to_owned()),
    }
}
