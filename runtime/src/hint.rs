//! What to do next after a failure, where that can be told from what is known of the call.

use crate::operation::OperationInfo;
use crate::skew;
use http::StatusCode;
use std::fmt;
use std::time::Duration;

/// Clocks that are nearer than this are nobody's problem, in milliseconds.
const WORTH_TELLING: i64 = 60_000;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// The signature was rejected, and our clock is ahead of the server's.
    ClockAhead {
        /// By so much.
        by: Duration,
    },
    /// The signature was rejected, and our clock is behind the server's.
    ClockBehind {
        /// By so much.
        by: Duration,
    },
    /// The credentials were rejected, and the API has other servers, one of which may know them.
    OtherServer,
    /// The body is JSON inside of a JSON text: it was made to text before it was given to the call.
    BodyTwice,
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |f: &mut fmt::Formatter<'_>, by: &Duration, side: &str| {
            let (seconds, minutes) = (by.as_secs(), by.as_secs().saturating_add(30) / 60);
            match minutes {
                0..=1 => write!(f, "this clock is {seconds} s {side} the server's: set it"),
                _ => write!(f, "this clock is {minutes} min {side} the server's: set it"),
            }
        };
        match self {
            Self::ClockAhead { by } => clock(f, by, "ahead of"),
            Self::ClockBehind { by } => clock(f, by, "behind"),
            Self::OtherServer => f.write_str("these credentials may belong to another region: try another `Server`"),
            Self::BodyTwice => f.write_str("the body was serialized twice: give the call a value, not its JSON text"),
        }
    }
}

/// What is known of a call that a hint can be made of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clues {
    /// By how many milliseconds the server is ahead.
    pub(crate) skew: Option<i64>,
    /// Whether the client chose one of several servers.
    pub(crate) has_other_servers: bool,
    /// Whether the body is JSON inside of a JSON text.
    pub(crate) doubled_body: bool,
}

impl Clues {
    pub(crate) fn hint(&self, status: Option<StatusCode>, operation: &OperationInfo) -> Option<Hint> {
        let status = status.filter(StatusCode::is_client_error)?;
        if self.doubled_body {
            return Some(Hint::BodyTwice);
        }
        if operation.security.is_empty() || !skew::is_rejection(status) {
            return None;
        }
        match self.skew {
            Some(ahead) if ahead.saturating_abs() >= WORTH_TELLING => {
                let by = Duration::from_millis(ahead.unsigned_abs());
                Some(if ahead < 0 { Hint::ClockAhead { by } } else { Hint::ClockBehind { by } })
            }
            _ => (self.has_other_servers && status == StatusCode::UNAUTHORIZED).then_some(Hint::OtherServer),
        }
    }
}

/// Whether JSON text is a text that holds an object or a list.
pub(crate) fn is_json_in_json(text: &[u8]) -> bool {
    let inner = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
    inner.is_some_and(|inner| match (inner.first(), inner.last()) {
        (Some(b'{'), Some(b'}')) => inner == b"{}" || inner.starts_with(b"{\\\""),
        (Some(b'['), Some(b']')) => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_json_is_known() {
        for (text, doubled) in [
            (r#""{\"a\":1}""#, true),
            (r#""{}""#, true),
            (r#""[1,2]""#, true),
            (r#"{"a":"{}"}"#, false),
            (r#""{name}""#, false),
            (r#""""#, false),
            ("[]", false),
            ("\"", false),
            ("", false),
        ] {
            assert_eq!(is_json_in_json(text.as_bytes()), doubled, "{text}");
        }
    }

    #[test]
    fn a_hint_needs_a_failure_that_it_explains() {
        const INFO: OperationInfo = OperationInfo {
            provider: "acme",
            id: "op",
            method: "GET",
            path: "/",
            server: None,
            security: &[&["acme"]],
            repeat: crate::operation::Repeat::Safe,
            limits: None,
        };
        let hint = |clues: Clues, status: u16, operation: &OperationInfo| {
            clues.hint(Some(StatusCode::from_u16(status).expect("a status")), operation)
        };
        let several = Clues { has_other_servers: true, ..Clues::default() };
        assert_eq!(hint(several, 401, &INFO), Some(Hint::OtherServer));
        assert_eq!(hint(several, 403, &INFO), None, "who is known there is not elsewhere");
        assert_eq!(hint(several, 401, &OperationInfo { security: &[], ..INFO }), None);
        assert_eq!(hint(Clues::default(), 401, &INFO), None);
        let off = Clues { skew: Some(-420_000), ..several };
        assert_eq!(hint(off, 401, &INFO), Some(Hint::ClockAhead { by: Duration::from_secs(420) }));
        assert_eq!(hint(off, 500, &INFO), None);
        let near = Clues { skew: Some(59_999), ..several };
        assert_eq!(hint(near, 401, &INFO), Some(Hint::OtherServer));
    }

    #[test]
    fn clocks_are_told_in_words() {
        let ahead = |seconds| Hint::ClockAhead { by: Duration::from_secs(seconds) }.to_string();
        assert_eq!(ahead(420), "this clock is 7 min ahead of the server's: set it");
        assert_eq!(ahead(75), "this clock is 75 s ahead of the server's: set it");
        let behind = Hint::ClockBehind { by: Duration::from_secs(3600) };
        assert_eq!(behind.to_string(), "this clock is 60 min behind the server's: set it");
    }
}
