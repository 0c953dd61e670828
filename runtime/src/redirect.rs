//! The one redirect that an API may ask for, where its description says so: to the same origin, below the same base
//! URL, with the same method and body. The request is signed anew for where it goes.

use http::header::LOCATION;
use http::{HeaderMap, Method, StatusCode};
use reqwest::Url;

/// Where a request is to go instead; nothing if the redirect is not to be followed.
pub(crate) fn target(method: &Method, url: &Url, base: &str, status: StatusCode, headers: &HeaderMap) -> Option<Url> {
    let keeps_method = match status.as_u16() {
        307 | 308 => true,
        // These turn other methods into GET, without the body.
        301 | 302 => matches!(*method, Method::GET | Method::HEAD),
        _ => false,
    };
    let mut locations = headers.get_all(LOCATION).iter();
    let (Some(location), None) = (locations.next(), locations.next()) else { return None };
    let mut target = url.join(location.to_str().ok().filter(|_| keeps_method)?).ok()?;
    target.set_fragment(None);
    let stays = |url: &Url| url.as_str().strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
    (target.origin() == url.origin() && stays(url) && stays(&target) && target != *url).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://api.example/v1";

    fn followed(method: &str, status: u16, location: &str) -> Option<String> {
        let method = method.parse().expect("a method");
        let url = "https://api.example/v1/a?x=1".parse().expect("a URL");
        let headers = [(LOCATION, location.parse().expect("a header"))].into_iter().collect();
        let status = StatusCode::from_u16(status).expect("a status");
        target(&method, &url, BASE, status, &headers).map(|url| url.to_string())
    }

    #[test]
    fn only_what_stays_is_followed() {
        for location in ["/v1/b?y=2", "https://api.example/v1/b?y=2", "//api.example/v1/b?y=2#f", "b?y=2"] {
            assert_eq!(followed("POST", 307, location).as_deref(), Some("https://api.example/v1/b?y=2"), "{location}");
        }
        for location in [
            "https://other.example/v1/b",
            "http://api.example/v1/b",
            "https://api.example:8443/v1/b",
            "https://api.example.evil/v1/b",
            "https://user@api.example/v1/b",
            "https://api.example/v2/b",
            "https://api.example/v10/b",
            "https://api.example/v1",
            "/v1/../v2",
            "/v1/a?x=1",
            "file:///v1/b",
            "",
        ] {
            assert_eq!(followed("GET", 307, location), None, "{location}");
        }
    }

    #[test]
    fn the_method_and_the_body_are_kept() {
        for (status, get, post) in [
            (301, true, false),
            (302, true, false),
            (303, false, false),
            (307, true, true),
            (308, true, true),
            (300, false, false),
            (200, false, false),
        ] {
            assert_eq!(followed("GET", status, "/v1/b").is_some(), get, "{status}");
            assert_eq!(followed("HEAD", status, "/v1/b").is_some(), get, "{status}");
            assert_eq!(followed("POST", status, "/v1/b").is_some(), post, "{status}");
        }
    }
}
