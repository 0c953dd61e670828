//! `concat`: parts one after another.

use crate::values::Piece;

/// Appends the parts with the separator between them.
pub(crate) fn concat<'a>(out: &mut Vec<u8>, parts: impl IntoIterator<Item = Piece<'a>>, separator: &[u8]) {
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(separator);
        }
        part.append(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_parts_keep_their_separators() {
        let mut out = b"v0".to_vec();
        concat(&mut out, [Piece::Slice(b"1"), Piece::Slice(b""), Piece::Within(0, 2)], b":");
        assert_eq!(out, b"v01::v0");
    }
}
