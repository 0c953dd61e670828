//! Why there is no token.

use super::{StoreError, TokenRequest};
use std::sync::Arc;

/// A token that could not be fetched. Messages name the scheme, never a credential, a token or what a token
/// endpoint says in its own words.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token endpoint can't be called.
    #[error("the token endpoint of {scheme} can't be called: {reason}")]
    Endpoint {
        /// The scheme.
        scheme: &'static str,
        /// Why not.
        reason: &'static str,
    },
    /// There was no answer.
    #[error("the token endpoint of {scheme} did not answer")]
    Transport {
        /// The scheme.
        scheme: &'static str,
        /// What went wrong, without the URL.
        #[source]
        source: Arc<reqwest::Error>,
    },
    /// The token endpoint gives none.
    #[error("the token endpoint of {scheme} gives no token: {status}{}", .code.map(|code| format!(", {code}")).unwrap_or_default())]
    Refused {
        /// The scheme.
        scheme: &'static str,
        /// The status of its answer.
        status: http::StatusCode,
        /// Its error code, if it is one of the standard's.
        code: Option<&'static str>,
    },
    /// The answer is no token.
    #[error("the token endpoint of {scheme} answers what can't be read: {reason}")]
    Unreadable {
        /// The scheme.
        scheme: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A scope of the API's description has a part to be filled in.
    #[error("the scope `{scope}` of {scheme} has a part to be filled in; set the scopes with `OAuth2Options::scopes`")]
    Scope {
        /// The scheme.
        scheme: &'static str,
        /// The scope.
        scope: String,
    },
    /// The operation that yields the token failed.
    #[error("no token for {session}, because {operation} failed")]
    Operation {
        /// The session.
        session: &'static str,
        /// The operationId.
        operation: &'static str,
        /// Whether another try may do better.
        may_pass: bool,
        /// The operation's own error: an [`Error`](crate::Error) of its type.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The operation that yields the token succeeded without one.
    #[error("no token for {session}: the answer of {operation} has none at {at}")]
    Absent {
        /// The session.
        session: &'static str,
        /// The operationId.
        operation: &'static str,
        /// JSON Pointer of the member that should hold it.
        at: &'static str,
    },
    /// The session was ended by a call.
    #[error("{session} was ended by {operation}")]
    Ended {
        /// The session.
        session: &'static str,
        /// The operationId of that call.
        operation: &'static str,
    },
    /// The store of tokens failed.
    #[error("no token for {scheme}: {source}")]
    Store {
        /// The scheme or session.
        scheme: &'static str,
        /// What the store says.
        source: StoreError,
    },
    /// A source of the client's user failed.
    #[error("no token for {scheme}")]
    Source {
        /// The scheme.
        scheme: &'static str,
        /// What it says.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}

impl TokenError {
    /// Whether another try may do better: nothing answered, or it was too busy.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Transport { .. } | Self::Store { .. } => true,
            Self::Refused { status, .. } => matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504),
            Self::Operation { may_pass, .. } => *may_pass,
            _ => false,
        }
    }

    /// The failure of a source of one's own.
    pub fn source(wanted: &TokenRequest, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Source { scheme: wanted.scheme, source: Arc::from(error.into()) }
    }
}
