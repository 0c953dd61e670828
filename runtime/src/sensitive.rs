//! Text that must not be printed: tokens, passwords, personal data.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use zeroize::Zeroizing;

/// Text that is redacted wherever it could be printed, and wiped on drop.
///
/// serde passes it through, since bodies carry it. Read it with [`expose`](Self::expose), so that reads can be
/// searched for.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sensitive(Zeroizing<String>);

impl Sensitive {
    /// Takes the text as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself. What is made from it is no longer redacted.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive([redacted])")
    }
}

impl From<&str> for Sensitive {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Sensitive {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl Serialize for Sensitive {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Sensitive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_redacted_and_passes_through_serde() {
        let token: Sensitive = serde_json::from_str("\"canary\"").unwrap();
        assert_eq!(token.expose(), "canary");
        assert_eq!(format!("{token:?} {:#?}", Some(&token)).matches("canary").count(), 0);
        assert_eq!(serde_json::to_string(&token).unwrap(), "\"canary\"");
        assert_eq!(token, Sensitive::from("canary"));
    }
}
