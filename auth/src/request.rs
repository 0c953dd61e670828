//! A borrowed view of a built request: what signing and verifying read, and nothing else.

use std::fmt;

/// A request as it goes on the wire.
#[derive(Clone, Copy)]
pub struct SignableRequest<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The absolute base URL without a trailing slash; may be empty for recipes that read neither host nor URL.
    pub base: &'a str,
    /// Path and query below the base URL's own path, as sent; it starts with `/`.
    pub target: &'a str,
    /// The headers: for signing what caller and client set before, for verifying all that came.
    pub headers: &'a http::HeaderMap,
    /// The body.
    pub body: SignableBody<'a>,
}

/// The body of a request.
#[derive(Clone, Copy)]
pub enum SignableBody<'a> {
    /// There is no body at all; a body of zero bytes is something else.
    None,
    /// The exact bytes that are sent.
    Bytes(&'a [u8]),
    /// Bytes that nobody has seen yet; a recipe that reads the body refuses them.
    Stream,
}

impl SignableRequest<'_> {
    /// The path part of the target.
    pub(crate) fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target, |(path, _)| path)
    }

    /// The query part of the target, without `?`; empty if there is none.
    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }
}

// Targets, headers and bodies may carry tokens, so only their sizes are shown.
impl fmt::Debug for SignableRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignableRequest")
            .field("method", &self.method)
            .field("base", &Base::parse(self.base).map_or("", |base| base.host))
            .field("target", &format_args!("[{} bytes]", self.target.len()))
            .field("headers", &format_args!("[{}]", self.headers.len()))
            .field("body", &self.body)
            .finish()
    }
}

impl fmt::Debug for SignableBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignableBody::None => f.write_str("None"),
            SignableBody::Bytes(bytes) => write!(f, "Bytes([{} bytes])", bytes.len()),
            SignableBody::Stream => f.write_str("Stream"),
        }
    }
}

/// The parts of a base URL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Base<'a> {
    /// `http` or `https`, any case.
    pub(crate) scheme: &'a str,
    /// Host and port, without the scheme's own port; any case.
    pub(crate) host: &'a str,
    /// The base's own path without a trailing slash; mostly empty.
    pub(crate) path: &'a str,
}

impl<'a> Base<'a> {
    /// Splits `https://host:port/path`; nothing for anything else, user information and queries included.
    pub(crate) fn parse(base: &'a str) -> Option<Base<'a>> {
        let (scheme, rest) = base.split_once("://")?;
        let default_port = match () {
            () if scheme.eq_ignore_ascii_case("https") => ":443",
            () if scheme.eq_ignore_ascii_case("http") => ":80",
            () => return None,
        };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if host.is_empty() || base.contains(['@', '?', '#']) {
            return None;
        }
        // RFC 9421 section 2.2.3: the scheme's own port is not part of the authority.
        let host = host.strip_suffix(default_port).unwrap_or(host);
        Some(Base { scheme, host, path: path.strip_suffix('/').unwrap_or(path) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_split() {
        let base = |scheme, host, path| Some(Base { scheme, host, path });
        assert_eq!(Base::parse("https://a.example"), base("https", "a.example", ""));
        assert_eq!(Base::parse("https://a.example:443/v1/"), base("https", "a.example", "/v1"));
        assert_eq!(Base::parse("http://a.example:443"), base("http", "a.example:443", ""));
        assert_eq!(Base::parse("http://[::1]:80/x"), base("http", "[::1]", "/x"));
        for bad in ["", "a.example", "ftp://a.example", "https://", "https://u:p@a.example", "https://a.example?x=1"] {
            assert_eq!(Base::parse(bad), None, "{bad}");
        }
    }
}
