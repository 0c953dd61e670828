//! `Prepared::verify`, without sockets, clocks or guards.

use crate::table::Case;
use countersign_auth::{SignableBody, SignableRequest, UnixTime};
use countersign_tests::forge;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The headers of a case; nothing if `http` can't hold them.
pub(crate) fn header_map(case: &Case) -> Option<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in &case.headers {
        map.append(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_bytes(value).ok()?);
    }
    Some(map)
}

/// Whether the case is accepted, and the public face of the refusal; nothing if it can't be built.
pub(crate) fn verify(case: &Case) -> Option<Result<(), String>> {
    let headers = header_map(case)?;
    let receiver = forge::receiver(&case.receiver.secrets, case.receiver.leeway);
    let request = SignableRequest {
        method: "POST",
        base: "",
        target: "/hooks/cardlytics",
        headers: &headers,
        body: SignableBody::Bytes(&case.body),
    };
    let verified = receiver.verify(&request, UnixTime::from_millis(case.receiver.now));
    Some(verified.map(drop).map_err(|error| format!("{error} {}", std::error::Error::source(&error).is_some())))
}
