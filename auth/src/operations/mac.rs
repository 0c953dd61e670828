//! `hmac`: RFC 2104 with a key that was set up once.

use crate::operations::digest::Tag;
use crate::recipe::HashAlgorithm;
use hmac::{Hmac, KeyInit, Mac};

/// A key in the form that a MAC starts from; wiped on drop.
#[derive(Clone)]
pub(crate) enum MacState {
    Sha1(Hmac<sha1::Sha1>),
    Sha256(Hmac<sha2::Sha256>),
    Sha384(Hmac<sha2::Sha384>),
    Sha512(Hmac<sha2::Sha512>),
}

impl MacState {
    /// Sets up a key; nothing for MD5, which the check refuses.
    pub(crate) fn new(algorithm: HashAlgorithm, key: &[u8]) -> Option<Self> {
        // HMAC takes keys of any length.
        match algorithm {
            HashAlgorithm::Md5 => None,
            HashAlgorithm::Sha1 => Hmac::new_from_slice(key).ok().map(MacState::Sha1),
            HashAlgorithm::Sha256 => Hmac::new_from_slice(key).ok().map(MacState::Sha256),
            HashAlgorithm::Sha384 => Hmac::new_from_slice(key).ok().map(MacState::Sha384),
            HashAlgorithm::Sha512 => Hmac::new_from_slice(key).ok().map(MacState::Sha512),
        }
    }

    /// The MAC of some bytes.
    pub(crate) fn mac(&self, bytes: &[u8]) -> Tag {
        match self {
            MacState::Sha1(state) => Tag::new(&finish(state, bytes)),
            MacState::Sha256(state) => Tag::new(&finish(state, bytes)),
            MacState::Sha384(state) => Tag::new(&finish(state, bytes)),
            MacState::Sha512(state) => Tag::new(&finish(state, bytes)),
        }
    }
}

fn finish<M: Mac + Clone>(state: &M, bytes: &[u8]) -> hmac::digest::Output<M> {
    state.clone().chain_update(bytes).finalize().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::encode::decode_hex;

    fn assert_mac(algorithm: HashAlgorithm, key: &[u8], bytes: &[u8], hex: &str) {
        let state = MacState::new(algorithm, key).unwrap();
        assert_eq!(state.mac(bytes).as_ref(), decode_hex(hex).unwrap(), "{algorithm:?}");
        assert_eq!(state.mac(bytes).as_ref(), decode_hex(hex).unwrap(), "the state can be used again");
    }

    // RFC 4231, test cases 1, 2 and 6 (a key longer than a block).
    #[test]
    fn rfc_4231() {
        let key = [0x0b; 20];
        let sha256 = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_mac(HashAlgorithm::Sha256, &key, b"Hi There", sha256);
        let sha384 = "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c\
                      faea9ea9076ede7f4af152e8b2fa9cb6";
        assert_mac(HashAlgorithm::Sha384, &key, b"Hi There", sha384);
        let sha512 = "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde\
                      daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854";
        assert_mac(HashAlgorithm::Sha512, &key, b"Hi There", sha512);

        let message = b"what do ya want for nothing?";
        let sha256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_mac(HashAlgorithm::Sha256, b"Jefe", message, sha256);
        let sha512 = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
                      9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";
        assert_mac(HashAlgorithm::Sha512, b"Jefe", message, sha512);

        let message = b"Test Using Larger Than Block-Size Key - Hash Key First";
        let sha256 = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
        assert_mac(HashAlgorithm::Sha256, &[0xaa; 131], message, sha256);
        let sha512 = "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352\
                      6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598";
        assert_mac(HashAlgorithm::Sha512, &[0xaa; 131], message, sha512);
    }

    // RFC 2202, test case 2.
    #[test]
    fn rfc_2202() {
        let sha1 = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
        assert_mac(HashAlgorithm::Sha1, b"Jefe", b"what do ya want for nothing?", sha1);
    }

    #[test]
    fn no_hmac_md5() {
        assert!(MacState::new(HashAlgorithm::Md5, b"key").is_none());
    }
}
