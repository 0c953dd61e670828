//! `concat`: parts one after another.

use bytes::BytesMut;

/// Appends the parts with the separator between them.
pub(crate) fn concat<'a>(out: &mut BytesMut, parts: impl IntoIterator<Item = &'a [u8]>, separator: &[u8]) {
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(separator);
        }
        out.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_parts_keep_their_separators() {
        let mut out = BytesMut::new();
        concat(&mut out, [&b"v0"[..], b"", b"body"], b":");
        assert_eq!(out, "v0::body");
    }
}
