//! Requests to try a recipe with, and what comes out of it.

use countersign_auth::{
    CheckedRecipe, CredentialKind, Entropy, Prepared, SignableBody, SignableRequest, Stamp, UnixTime,
};
use countersign_tests::verify::Received;
use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const NOW_MS: i64 = 1_767_323_045_678;
const BASE: &str = "https://mobile.example/stem";

pub(crate) fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Received {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().expect("a header name");
        map.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    Received { method: method.to_owned(), target: target.to_owned(), headers: map, body: body.as_bytes().to_vec() }
}

pub(crate) fn signable<'a>(request: &'a Received, body: SignableBody<'a>) -> SignableRequest<'a> {
    SignableRequest { method: &request.method, base: BASE, target: &request.target, headers: &request.headers, body }
}

pub(crate) fn now() -> UnixTime {
    UnixTime::from_millis(NOW_MS)
}

/// Time and random bytes as in a client.
pub(crate) fn drawn(draw: usize) -> Stamp {
    let random = std::array::from_fn(|index| u8::try_from(index * 37 % 251 + draw).unwrap_or_default());
    Stamp::drawn(now(), Entropy::new(random))
}

/// The request as it goes out, the headers that were added, and whether each is marked sensitive.
pub(crate) fn signed(
    prepared: &Prepared,
    request: &Received,
    body: SignableBody<'_>,
    stamp: &Stamp,
) -> Result<(Received, Vec<(String, bool)>), String> {
    let signed = prepared.sign(&signable(request, body), stamp).map_err(|error| error.to_string())?;
    if signed.query().is_some_and(|query| !query.is_empty()) {
        return Err("the query was changed".to_owned());
    }
    let mut received = request.clone();
    let mut added = Vec::new();
    for (name, value) in signed.headers() {
        added.push((name.as_str().to_owned(), value.is_sensitive()));
        received.headers.append(name, value);
    }
    if let Some(body) = signed.body() {
        received.body = body.to_vec();
    }
    Ok((received, added))
}

/// The names of the values that a signature uses up.
pub(crate) fn used_up(prepared: &Prepared, request: &Received, stamp: &Stamp) -> Result<Vec<String>, String> {
    let signed = prepared
        .sign(&signable(request, SignableBody::Bytes(&request.body)), stamp)
        .map_err(|error| error.to_string())?;
    Ok(signed.single_use().map(|(step, _)| step.to_owned()).collect())
}

/// Whether the recipe asks for these credentials.
pub(crate) fn asks_for(recipe: &CheckedRecipe, expected: &[(&str, CredentialKind)]) -> Result<(), String> {
    let credentials = recipe.credentials();
    let found: Vec<_> = credentials.iter().map(|field| (&*field.name, field.kind)).collect();
    if found == expected { Ok(()) } else { Err(format!("asks for {found:?}")) }
}
