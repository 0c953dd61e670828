//! UUIDs as providers write them.

use crate::text::text_type;

text_type! {
    /// A UUID, as far as the provider keeps to RFC 9562; the text stays as it came.
    ///
    /// Equality is that of the text: upper and lower case differ.
    Uuid
}

impl Uuid {
    /// A version 4 UUID (RFC 9562, section 5.4) from random bytes.
    pub fn from_random_bytes(mut bytes: [u8; 16]) -> Self {
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let mut text = String::with_capacity(36);
        for (index, byte) in bytes.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            for digit in [byte >> 4, byte & 0x0f] {
                text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
            }
        }
        Self::new(text)
    }
}

#[cfg(feature = "uuid")]
impl Uuid {
    /// The sixteen bytes.
    ///
    /// # Errors
    /// When the text is no UUID.
    pub fn to_uuid(&self) -> Result<::uuid::Uuid, ::uuid::Error> {
        self.as_str().parse()
    }
}

#[cfg(feature = "uuid")]
impl From<::uuid::Uuid> for Uuid {
    fn from(uuid: ::uuid::Uuid) -> Self {
        Self::new(uuid.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_become_version_4() {
        assert_eq!(Uuid::from_random_bytes([0xff; 16]).as_str(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(Uuid::from_random_bytes([0; 16]).as_str(), "00000000-0000-4000-8000-000000000000");
    }

    #[cfg(feature = "uuid")]
    #[test]
    fn conversions() {
        let uuid = Uuid::from_random_bytes([7; 16]);
        assert_eq!(uuid.to_uuid().unwrap().get_version_num(), 4);
        assert_eq!(Uuid::from(uuid.to_uuid().unwrap()), uuid);
        assert!(Uuid::from("seven").to_uuid().is_err());
    }
}
