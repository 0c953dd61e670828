//! Digests and MACs as text (RFC 4648).

use crate::recipe::Encoding;
use crate::values::Piece;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::ops::Range;

/// Appends the encoded form of some bytes.
pub(crate) fn encode(out: &mut Vec<u8>, bytes: &[u8], encoding: Encoding) {
    match encoding {
        Encoding::Hex => hex(out, bytes, b"0123456789abcdef"),
        Encoding::HexUpper => hex(out, bytes, b"0123456789ABCDEF"),
        Encoding::Base64 => base64(out, Piece::Slice(bytes), &STANDARD),
        Encoding::Base64Url => base64(out, Piece::Slice(bytes), &URL_SAFE_NO_PAD),
        Encoding::Raw => out.extend_from_slice(bytes),
    }
}

/// Appends a part of the buffer itself as base64url.
pub(crate) fn encode_within(out: &mut Vec<u8>, part: Range<usize>) {
    base64(out, Piece::Within(part.start, part.end), &URL_SAFE_NO_PAD);
}

/// How many bytes [`encode`] appends.
pub(crate) const fn encoded_length(length: usize, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Hex | Encoding::HexUpper => 2 * length,
        Encoding::Base64 => length.div_ceil(3) * 4,
        Encoding::Base64Url => (4 * length).div_ceil(3),
        Encoding::Raw => length,
    }
}

/// The bytes of hexadecimal text, either case.
pub(crate) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks_exact(2);
    let even = pairs.remainder().is_empty();
    let bytes = pairs.map(|pair| Some(hex_digit(pair[0])? << 4 | hex_digit(pair[1])?)).collect();
    if even { bytes } else { None }
}

/// The bytes of standard base64 with padding.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The bytes of base64url without padding; strict about trailing bits.
pub(crate) fn decode_base64url(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The same into a buffer; yields how many bytes there are.
pub(crate) fn decode_base64url_into(text: &[u8], bytes: &mut [u8]) -> Option<usize> {
    URL_SAFE_NO_PAD.decode_slice(text, bytes).ok()
}

/// The value of a hexadecimal digit.
pub(crate) const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn hex(out: &mut Vec<u8>, bytes: &[u8], digits: &[u8; 16]) {
    // No digest is longer, so the buffer is asked for room once.
    let mut block = [0; 128];
    for chunk in bytes.chunks(64) {
        for (pair, byte) in block.chunks_exact_mut(2).zip(chunk) {
            pair.copy_from_slice(&[digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
        }
        out.extend_from_slice(&block[..2 * chunk.len()]);
    }
}

fn base64(out: &mut Vec<u8>, bytes: Piece<'_>, engine: &impl base64::Engine) {
    let start = out.len();
    out.resize(start + bytes.bytes(out).len().div_ceil(3) * 4, 0);
    let (before, room) = out.split_at_mut(start);
    // The room suffices with and without padding.
    let written = engine.encode_slice(bytes.bytes(before), room).unwrap_or_default();
    out.truncate(start + written);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(bytes: &[u8], encoding: Encoding) -> Vec<u8> {
        let mut out = Vec::new();
        encode(&mut out, bytes, encoding);
        assert_eq!(out.len(), encoded_length(bytes.len(), encoding));
        out.to_vec()
    }

    #[test]
    fn rfc_4648_section_10() {
        let vectors: [(&str, &str, &str); 7] = [
            ("", "", ""),
            ("f", "Zg==", "Zg"),
            ("fo", "Zm8=", "Zm8"),
            ("foo", "Zm9v", "Zm9v"),
            ("foob", "Zm9vYg==", "Zm9vYg"),
            ("fooba", "Zm9vYmE=", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy", "Zm9vYmFy"),
        ];
        for (plain, padded, bare) in vectors {
            assert_eq!(encoded(plain.as_bytes(), Encoding::Base64), padded.as_bytes());
            assert_eq!(encoded(plain.as_bytes(), Encoding::Base64Url), bare.as_bytes());
            assert_eq!(decode_base64(padded).as_deref(), Some(plain.as_bytes()));
            assert_eq!(decode_base64url(bare).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(encoded(b"foobar", Encoding::HexUpper), b"666F6F626172");
        assert_eq!(encoded(&[0xfb, 0xef, 0xff], Encoding::Base64Url), b"--__");
        assert_eq!(encoded(&[0xfb, 0xef, 0xff], Encoding::Base64), b"++//");
        assert_eq!(encoded(&[0xde, 0xad], Encoding::Hex), b"dead");
        assert_eq!(encoded(&[0xde, 0xad], Encoding::Raw), [0xde, 0xad]);
    }

    #[test]
    fn long_input_is_encoded_without_seams() {
        let bytes: Vec<u8> = (0..10_000u32).map(|n| (n * 7 % 251) as u8).collect();
        let text = String::from_utf8(encoded(&bytes, Encoding::Base64Url)).unwrap();
        assert_eq!(decode_base64url(&text), Some(bytes));
    }

    #[test]
    fn decoders_are_strict() {
        assert_eq!(decode_hex("dEaD"), Some(vec![0xde, 0xad]));
        for bad in ["a", "0g", "+1"] {
            assert_eq!(decode_hex(bad), None, "{bad}");
        }
        for bad in ["Zg", "Zh==", "Zg=", "Zg==\n", "Z g=="] {
            assert_eq!(decode_base64(bad), None, "{bad}");
        }
        for bad in ["Zg==", "Zh", "Z", "Zm9v+", "Zm9v\n"] {
            assert_eq!(decode_base64url(bad), None, "{bad}");
        }
    }
}
