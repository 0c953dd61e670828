//! Secrets: wiped on drop, redacted in every `Debug`, without `Display` or serialization.

use std::fmt;
use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroizing;

/// A secret text: an API secret, a passcode, a session token.
///
/// It is wiped on drop and never printed. Reading it takes [`Secret::expose`], so reads can be searched for.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the text as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(Zeroizing::new(text.into().into_bytes()))
    }

    /// The secret itself.
    ///
    /// What is copied from here is no longer wiped or redacted; the engine needs it, a program hardly ever does.
    pub fn expose(&self) -> &str {
        // Only text goes in, so this never falls back.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Secret::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Secret::new(text)
    }
}

/// The bytes of a key, decoded; wiped on drop, never printed.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<Vec<u8>>);

impl SecretKey {
    /// Takes the bytes as they are.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        SecretKey(Zeroizing::new(bytes.into()))
    }

    /// The bytes, for a MAC.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey([redacted])")
    }
}

/// Whether two texts are equal, in a time that depends on their lengths only.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> Choice {
    // Differences are gathered and looked at once: `subtle` asks for each byte on its own.
    let differences = a.iter().zip(b).fold(0, |differences, (a, b)| differences | (a ^ b));
    differences.ct_eq(&0) & a.len().ct_eq(&b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_equal_only_if_all_bytes_are() {
        let text: Vec<u8> = (0..=255).collect();
        for length in 0..text.len() {
            let same = &text[..length];
            assert!(bool::from(equal(same, same)));
            assert!(!bool::from(equal(same, &text[..=length])) && !bool::from(equal(&text[..=length], same)));
            for at in 0..length {
                let mut other = same.to_vec();
                other[at] ^= 1 << (at % 8);
                assert!(!bool::from(equal(same, &other)), "{length} {at}");
            }
        }
    }
}
