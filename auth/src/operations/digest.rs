//! `hash`: a digest of some bytes.

use crate::recipe::HashAlgorithm;
use sha2::Digest as _;

/// A digest or MAC of up to 64 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Tag {
    bytes: [u8; 64],
    length: usize,
}

impl Tag {
    pub(crate) fn new(tag: &[u8]) -> Self {
        let mut bytes = [0; 64];
        bytes[..tag.len()].copy_from_slice(tag);
        Tag { bytes, length: tag.len() }
    }
}

impl AsRef<[u8]> for Tag {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The digest of some bytes.
pub(crate) fn digest(algorithm: HashAlgorithm, bytes: &[u8]) -> Tag {
    match algorithm {
        HashAlgorithm::Md5 => Tag::new(&md5::Md5::digest(bytes)),
        HashAlgorithm::Sha1 => Tag::new(&sha1::Sha1::digest(bytes)),
        HashAlgorithm::Sha256 => Tag::new(&sha2::Sha256::digest(bytes)),
        HashAlgorithm::Sha384 => Tag::new(&sha2::Sha384::digest(bytes)),
        HashAlgorithm::Sha512 => Tag::new(&sha2::Sha512::digest(bytes)),
    }
}

/// How many bytes a digest has.
pub(crate) const fn digest_length(algorithm: HashAlgorithm) -> usize {
    match algorithm {
        HashAlgorithm::Md5 => 16,
        HashAlgorithm::Sha1 => 20,
        HashAlgorithm::Sha256 => 32,
        HashAlgorithm::Sha384 => 48,
        HashAlgorithm::Sha512 => 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::encode::decode_hex;

    fn assert_digest(algorithm: HashAlgorithm, bytes: &[u8], hex: &str) {
        let tag = digest(algorithm, bytes);
        assert_eq!(tag.as_ref(), decode_hex(hex).unwrap(), "{algorithm:?}");
        assert_eq!(tag.as_ref().len(), digest_length(algorithm));
    }

    // FIPS 180-4 example values for "abc", and RFC 1321 appendix A.5.
    #[test]
    fn abc() {
        assert_digest(HashAlgorithm::Md5, b"abc", "900150983cd24fb0d6963f7d28e17f72");
        assert_digest(HashAlgorithm::Sha1, b"abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_digest(HashAlgorithm::Sha256, b"abc", sha256);
        let sha384 = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
                      8086072ba1e7cc2358baeca134c825a7";
        assert_digest(HashAlgorithm::Sha384, b"abc", sha384);
        let sha512 = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                      2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
        assert_digest(HashAlgorithm::Sha512, b"abc", sha512);
    }

    #[test]
    fn nothing() {
        assert_digest(HashAlgorithm::Md5, b"", "d41d8cd98f00b204e9800998ecf8427e");
        assert_digest(HashAlgorithm::Sha1, b"", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_digest(HashAlgorithm::Sha256, b"", sha256);
        let sha512 = "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
                      47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";
        assert_digest(HashAlgorithm::Sha512, b"", sha512);
    }
}
