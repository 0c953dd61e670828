//! Maps whose keys are addresses of nodes, or numbers that we give out.
//!
//! Large documents have a million of them, and nobody outside chooses them, so a hash of a few instructions is enough;
//! what a document writes itself is hashed with the standard library's, which nobody can aim at.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map by address or number.
pub(crate) type AddressMap<K, V> = HashMap<K, V, BuildHasherDefault<AddressHasher>>;

/// Multiplies and rotates: the low bits of addresses say nothing, and the map looks at low and at high bits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AddressHasher(u64);

impl AddressHasher {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(word));
        }
    }

    fn write_usize(&mut self, number: usize) {
        self.add(number as u64);
    }

    fn write_u32(&mut self, number: u32) {
        self.add(u64::from(number));
    }
}

#[cfg(test)]
mod tests {
    use super::AddressHasher;
    use std::collections::HashSet;
    use std::hash::Hasher as _;

    #[test]
    fn addresses_are_spread() {
        let hash = |address: usize| {
            let mut hasher = AddressHasher::default();
            hasher.write_usize(address);
            hasher.finish()
        };
        // Neighbours of 64 bytes, as nodes of one list are.
        let hashes: Vec<u64> = (0..4_096).map(|n| hash(0x7f00_0000_0000 + n * 64)).collect();
        let low: HashSet<u64> = hashes.iter().map(|hash| hash % 4_096).collect();
        let high: HashSet<u64> = hashes.iter().map(|hash| hash >> 57).collect();
        assert!(low.len() > 2_000, "{} of 4096 places", low.len());
        assert_eq!(high.len(), 128);
    }
}
