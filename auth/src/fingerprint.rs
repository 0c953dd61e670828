//! A short text that stands for values which must not be shown.

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Half of a SHA-256 over all parts, each with its length in front, as 32 hex digits: other parts, or parts cut
/// elsewhere, give another text, and none can be read back from it.
pub fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut text = String::with_capacity(32);
    for byte in &hash.finalize()[..16] {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Credentials;

    #[test]
    fn other_parts_give_another_text() {
        let cases: [&[&[u8]]; 6] = [&[], &[b""], &[b"ab"], &[b"a", b"b"], &[b"b", b"a"], &[b"ab", b""]];
        let texts: std::collections::BTreeSet<_> =
            cases.iter().map(|parts| fingerprint(parts.iter().copied())).collect();
        assert_eq!(texts.len(), cases.len());
        // printf '\0\0\0\0\0\0\0\2ab' | sha256sum | head -c 32
        assert_eq!(fingerprint([&b"ab"[..]]), "9caccc24b5d7e06c21c0277b6530d666");
    }

    #[test]
    fn an_owner_keeps_its_name_when_its_key_changes() {
        let of = |id: &str, key: &str| Credentials::new().text("id", id).key("key", key);
        assert_eq!(of("a", "1").owner(), of("a", "2").owner());
        assert_ne!(of("a", "1").fingerprint(), of("a", "2").fingerprint());
        assert_ne!(of("a", "1").owner(), of("b", "1").owner());
        assert_eq!(of("a", "1").fingerprint(), of("a", "1").fingerprint());
        let secret = |key: &str| Credentials::new().secret("key", key);
        assert_ne!(secret("1").owner(), secret("2").owner());
    }
}
