//! Webhook requests made by hand: HS256 of another library, and base64url, JSON and claims as plain text.
//!
//! Nothing here comes from the engine, so what it refuses or accepts does not follow from its own idea of a token.

use aws_lc_rs::hmac;
use countersign_auth::{Credentials, Prepared, UnixTime, check};
use std::fmt::Write as _;

/// The application that the webhooks are for.
pub const ISSUER: &str = "cdlx:dddddddd-dddd-dddd-dddd-dddddddddddd";
/// Its key.
pub const SECRET: &str = "not-a-real-cardlytics-secret-key-0001";
/// The receiver's time where nothing else is said.
pub const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
/// An event as the provider describes it.
pub const BODY: &str = r#"{"eventId":"5f0c7b0e-6f1a-4a57-9a0e-0d8a3c5b1e22","event":"REWARD_CONFIRMED","eventTimestamp":"2026-10-01T12:00:00.000Z","notificationTimestamp":"2026-10-01T12:00:01.000Z","userId":"user-1","transactionId":"tx-1","amount":250,"currency":"USD","last4":"4242","merchant":"Café \"Ünïque\"","icon":"https://cdn.example/i.png"}"#;
/// The id of a token where nothing else is said.
pub const NONCE: &str = "0b9d7c1e-52f4-4e0b-8a52-3f1f7a2f9c11";

/// The generated recipe with these keys, ready to verify.
///
/// # Panics
/// If the recipe does not hold together.
pub fn receiver(secrets: &[&str], leeway: u32) -> Prepared {
    let checked = check(cardlytics_client::recipes::CARDLYTICS).expect("the generated recipe holds together");
    let prepared = checked.prepare(&credentials(secrets)).expect("these credentials fit");
    prepared.with_leeway(leeway).expect("a leeway that a receiver may have")
}

/// What a receiver holds.
pub fn credentials(secrets: &[&str]) -> Credentials {
    Credentials::new().text("application_id", ISSUER).keys("secret_key", secrets.iter().copied())
}

/// The MAC of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mac {
    /// HS256.
    Sha256,
    /// HS384.
    Sha384,
    /// HS512.
    Sha512,
}

/// A token by its parts, all of them as text.
#[derive(Clone, Debug)]
pub struct Token {
    /// Members of the header: name and JSON text of the value.
    pub header: Vec<(String, String)>,
    /// Members of the claims.
    pub claims: Vec<(String, String)>,
    /// What stands for the header's JSON where it is not made of its members.
    pub header_text: Option<Vec<u8>>,
    /// What stands for the claims' JSON where it is not made of its members.
    pub claims_text: Option<Vec<u8>>,
    /// The key.
    pub key: Vec<u8>,
    /// The algorithm of the MAC, whatever the header says.
    pub mac: Mac,
}

impl Token {
    /// A token as the provider sends it with this body: five minutes to live.
    pub fn for_body(body: &[u8]) -> Token {
        let text = |name: &str, value: &str| (name.to_owned(), format!("\"{value}\""));
        Token {
            header: vec![text("alg", "HS256"), text("typ", "JWT")],
            claims: vec![
                text("iss", ISSUER),
                text("sub", &md5_hex(body)),
                ("exp".to_owned(), (NOW.as_secs() + 300).to_string()),
                text("jti", NONCE),
            ],
            header_text: None,
            claims_text: None,
            key: SECRET.as_bytes().to_vec(),
            mac: Mac::Sha256,
        }
    }

    /// Sets a member of the header, in its place if it is there.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Token {
        set(&mut self.header, name, value);
        self
    }

    /// Sets a claim, in its place if it is there.
    #[must_use]
    pub fn claim(mut self, name: &str, value: &str) -> Token {
        set(&mut self.claims, name, value);
        self
    }

    /// Takes a claim out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Token {
        self.claims.retain(|(other, _)| other != name);
        self
    }

    /// Appends a claim, whether or not it is there.
    #[must_use]
    pub fn and_claim(mut self, name: &str, value: &str) -> Token {
        self.claims.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Puts a claim in front, whether or not it is there.
    #[must_use]
    pub fn first_claim(mut self, name: &str, value: &str) -> Token {
        self.claims.insert(0, (name.to_owned(), value.to_owned()));
        self
    }

    /// The header's JSON as it is.
    #[must_use]
    pub fn header_text(mut self, text: impl Into<Vec<u8>>) -> Token {
        self.header_text = Some(text.into());
        self
    }

    /// The claims' JSON as it is.
    #[must_use]
    pub fn claims_text(mut self, text: impl Into<Vec<u8>>) -> Token {
        self.claims_text = Some(text.into());
        self
    }

    /// Another key.
    #[must_use]
    pub fn key(mut self, key: impl Into<Vec<u8>>) -> Token {
        self.key = key.into();
        self
    }

    /// Another MAC.
    #[must_use]
    pub fn mac(mut self, mac: Mac) -> Token {
        self.mac = mac;
        self
    }

    /// The JSON of the header.
    pub fn header_json(&self) -> Vec<u8> {
        self.header_text.clone().unwrap_or_else(|| object(&self.header))
    }

    /// The JSON of the claims.
    pub fn claims_json(&self) -> Vec<u8> {
        self.claims_text.clone().unwrap_or_else(|| object(&self.claims))
    }

    /// The token.
    pub fn text(&self) -> String {
        sign(&base64url(&self.header_json()), &base64url(&self.claims_json()), &self.key, self.mac)
    }

    /// The three parts.
    ///
    /// # Panics
    /// Never: a token has three.
    pub fn parts(&self) -> [String; 3] {
        let text = self.text();
        let parts: Vec<&str> = text.split('.').collect();
        <[&str; 3]>::try_from(parts).expect("a token has three parts").map(str::to_owned)
    }
}

/// A token of a header and claims that are encoded already.
pub fn sign(header: &str, claims: &str, key: &[u8], mac: Mac) -> String {
    let input = format!("{header}.{claims}");
    format!("{input}.{}", base64url(&tag(key, input.as_bytes(), mac)))
}

/// The MAC of some bytes.
pub fn tag(key: &[u8], bytes: &[u8], mac: Mac) -> Vec<u8> {
    let algorithm = match mac {
        Mac::Sha256 => hmac::HMAC_SHA256,
        Mac::Sha384 => hmac::HMAC_SHA384,
        Mac::Sha512 => hmac::HMAC_SHA512,
    };
    hmac::sign(&hmac::Key::new(algorithm, key), bytes).as_ref().to_vec()
}

/// MD5 in lower-case hexadecimal.
pub fn md5_hex(bytes: &[u8]) -> String {
    format!("{:x}", md5::compute(bytes))
}

/// RFC 4648 section 5 without padding.
pub fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 3);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * place)) as usize & 63]));
        }
    }
    text
}

/// A JSON string, with what must be escaped as `\u00xx`.
pub fn json_text(text: &str) -> String {
    let mut json = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            '\0'..='\x1f' => write!(json, "\\u{:04x}", u32::from(character)).expect("a string takes text"),
            other => json.push(other),
        }
    }
    json + "\""
}

fn object(members: &[(String, String)]) -> Vec<u8> {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("{}:{value}", json_text(name))).collect();
    format!("{{{}}}", members.join(",")).into_bytes()
}

fn set(members: &mut Vec<(String, String)>, name: &str, value: &str) {
    match members.iter_mut().find(|(other, _)| other == name) {
        Some((_, old)) => value.clone_into(old),
        None => members.push((name.to_owned(), value.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4648_section_10_without_padding() {
        let texts = [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE")];
        for (bytes, text) in texts {
            assert_eq!(base64url(bytes.as_bytes()), text);
        }
        assert_eq!(base64url(&[0xfb, 0xef, 0xff]), "--__");
    }

    /// The provider's own printed token.
    #[test]
    fn the_printed_token_is_made_again() {
        let token = Token::for_body(b"")
            .claim("iss", "\"dosh:dddddddd-dddd-dddd-dddd-dddddddddddd\"")
            .claim("sub", &format!("\"{}\"", md5_hex(b"{\"example\":\"value\"}\n")))
            .claim("exp", "1590598276")
            .claim("jti", "\"eeeeeeee-ffff-eeee-ffff-eeeeeeeeeeee\"")
            .key("your-256-bit-secret");
        assert!(token.claims_json().starts_with(b"{\"iss\":\"dosh:"));
        assert_eq!(token.header_json(), b"{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
        // The sample's own text is compared in tests/webhook_attacks.
        assert_eq!(token.text().split('.').count(), 3);
    }
}
