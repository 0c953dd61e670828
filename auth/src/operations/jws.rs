//! `jws`: RFC 7515 compact form with HS256, HS384 or HS512.
//!
//! 1. [`head`] is the encoded header and its dot: the same for every token of a recipe.
//! 2. [`sign`] appends the encoded payload, a dot and the encoded MAC of all before it.
//! 3. [`open`] goes back: three parts, the MAC first, then strict base64url and JSON without doubled members.
//!
//! Which claims a token must hold is for [`crate::verify`].

use crate::operations::encode::{decode_base64url, decode_base64url_into, encode, encode_within};
use crate::operations::mac::MacState;
use crate::recipe::{Encoding, HashAlgorithm, Text};
use crate::secret::equal;
use crate::tape::{self, Tape, View};
use std::borrow::Cow;
use std::ops::Range;

/// How deeply the JSON of a token may be nested.
const DEPTH: usize = 64;
/// How long a `kid` may be that the recipe does not name.
const KEY_ID_LIMIT: usize = 255;
/// Members that no token of a recipe holds unless it names them: what must be understood (RFC 7515 section
/// 4.1.11: `crit`), what names or brings another key, and what makes the payload something else.
const FORBIDDEN: [&str; 11] = ["crit", "b64", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "zip", "enc", "cty"];

/// What is wrong with a payload that can't be decoded.
pub(crate) const PAYLOAD: &str = "the payload is not base64url";

/// The name of the algorithm in a token's header (RFC 7518 section 3.2).
pub(crate) const fn algorithm_name(algorithm: HashAlgorithm) -> Option<&'static str> {
    match algorithm {
        HashAlgorithm::Sha256 => Some("HS256"),
        HashAlgorithm::Sha384 => Some("HS384"),
        HashAlgorithm::Sha512 => Some("HS512"),
        HashAlgorithm::Md5 | HashAlgorithm::Sha1 => None,
    }
}

/// The encoded header with the dot behind it.
pub(crate) fn head(header_json: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    encode(&mut head, header_json, Encoding::Base64Url);
    head.extend_from_slice(b".");
    head
}

/// Appends the token of a payload that stands in the same buffer.
pub(crate) fn sign(out: &mut Vec<u8>, head: &[u8], payload: Range<usize>, mac: &MacState) {
    let start = out.len();
    out.extend_from_slice(head);
    encode_within(out, payload);
    let tag = mac.mac(&out[start..]);
    out.push(b'.');
    encode(out, tag.as_ref(), Encoding::Base64Url);
}

/// Why a token is not what the recipe makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// It does not have the form of a token.
    Form(&'static str),
    /// No key fits.
    Signature,
    /// The header does not fit.
    Header(&'static str),
}

/// What the header of a token must say.
pub(crate) struct ExpectedHeader<'a> {
    pub(crate) algorithm: &'a str,
    pub(crate) members: &'a [(Text, Text)],
    /// The recipe's own header, encoded.
    pub(crate) head: Option<&'a [u8]>,
}

/// The encoded payload of a token that one of the keys fits, and which key that is.
pub(crate) fn open<'t>(
    token: &'t [u8],
    macs: &[MacState],
    expected: &ExpectedHeader<'_>,
) -> Result<(&'t [u8], usize), TokenError> {
    let parts = TokenError::Form("not three parts");
    let mut dots = token.iter().enumerate().filter(|(_, byte)| **byte == b'.').map(|(at, _)| at);
    let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else { return Err(parts) };
    let (signing_input, signature) = (&token[..second], &token[second + 1..]);
    let (head, payload) = (&token[..first], &token[first + 1..second]);
    // No MAC is longer than 64 bytes; nothing is computed for one that can't fit.
    let mut tag = [0; 66];
    let length = Some(signature).filter(|text| text.len() <= 86).and_then(|text| decode_base64url_into(text, &mut tag));
    let tag = &tag[..length.ok_or(TokenError::Form("the signature is not base64url"))?];
    let fits = |mac: &MacState| bool::from(equal(mac.mac(signing_input).as_ref(), tag));
    let key = macs.iter().position(fits).ok_or(TokenError::Signature)?;
    // Most senders write the header as the recipe does; then there is nothing to read.
    if expected.head != Some(head) {
        let head = decode_base64url(head).ok_or(TokenError::Form("the header is not base64url"))?;
        check_header(&head, expected.algorithm, expected.members)?;
    }
    Ok((payload, key))
}

/// The bytes of a payload, in `room` if it is large enough; nothing if it is not base64url.
pub(crate) fn payload<'r>(encoded: &[u8], room: &'r mut [u8]) -> Option<Cow<'r, [u8]>> {
    if encoded.len() / 4 * 3 + 3 > room.len() {
        return decode_base64url(encoded).map(Cow::Owned);
    }
    let length = decode_base64url_into(encoded, room)?;
    Some(Cow::Borrowed(&room[..length]))
}

/// More claims than most recipes have.
const MOST_PLAIN: usize = 12;

/// A claim of a payload that is plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written<'p> {
    Text(&'p str),
    Number(&'p str),
}

/// Reads a payload that holds these claims only, each at most once, without white space, escapes, lists and maps.
/// Nothing of any other payload, which has to be read as JSON.
pub(crate) fn plain_claims<'p>(
    payload: &'p str,
    index_of: impl Fn(&str) -> Option<usize>,
) -> Option<[Option<Written<'p>>; MOST_PLAIN]> {
    let mut claims = [None; MOST_PLAIN];
    let mut rest = payload.strip_prefix('{')?;
    loop {
        let (name, after) = plain_text(rest)?;
        let claim = claims.get_mut(index_of(name)?).filter(|claim| claim.is_none())?;
        let (value, after) = plain_value(after.strip_prefix(':')?)?;
        *claim = Some(value);
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None => return (after == "}").then_some(claims),
        }
    }
}

/// A string that stands for itself, and what follows it.
fn plain_text(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('"')?;
    let end = text.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
    Some((&text[..end], text[end..].strip_prefix('"')?))
}

fn plain_value(text: &str) -> Option<(Written<'_>, &str)> {
    if text.starts_with('"') {
        let (text, rest) = plain_text(text)?;
        return Some((Written::Text(text), rest));
    }
    let end = text.bytes().position(|byte| !byte.is_ascii_digit())?;
    let digits = &text[..end];
    let number = digits == "0" || end > 0 && !digits.starts_with('0');
    number.then_some((Written::Number(digits), &text[end..]))
}

/// The JSON object of a header or a claim set, without doubled members at any depth.
pub(crate) fn object(text: &str) -> Option<Tape<'_>> {
    let tape = Tape::read(text, DEPTH).ok()?;
    (!tape.doubled() && matches!(tape.root().view(), View::Map(_))).then_some(tape)
}

fn check_header(bytes: &[u8], algorithm: &str, expected: &[(Text, Text)]) -> Result<(), TokenError> {
    let tape = std::str::from_utf8(bytes)
        .ok()
        .and_then(object)
        .ok_or(TokenError::Form("the header is not a JSON object with each member once"))?;
    let mut has_algorithm = false;
    let mut missing = expected.iter().filter(|(name, _)| name != "alg").count();
    let View::Map(members) = tape.root().view() else { return Ok(()) };
    for (name, item) in members {
        let text = match item.view() {
            View::Text(text) => Some(text),
            _ => None,
        };
        if name.is("alg") {
            has_algorithm = text.is_some_and(|text| text.is(algorithm));
        } else if let Some((_, value)) = expected.iter().find(|(expected, _)| name.is(expected)) {
            if !text.is_some_and(|text| text.is(value)) {
                return Err(TokenError::Header("a member differs from the recipe's"));
            }
            missing -= 1;
        } else if FORBIDDEN.iter().any(|forbidden| name.is(forbidden)) {
            return Err(TokenError::Header("it holds a member that changes what the token means"));
        } else if name.is("kid") && !text.is_some_and(is_key_id) {
            return Err(TokenError::Header("`kid` is no plain id"));
        }
    }
    if !has_algorithm {
        return Err(TokenError::Header("`alg` is not the recipe's"));
    }
    if missing > 0 { Err(TokenError::Header("it lacks a member of the recipe's")) } else { Ok(()) }
}

/// Whether a `kid` can be meant as one; keys are never chosen by it.
fn is_key_id(text: tape::Text<'_>) -> bool {
    let count = text.chars().take(KEY_ID_LIMIT + 1).count();
    let plain = |character: char| character.is_ascii_alphanumeric() || "-._~:=+@".contains(character);
    (1..=KEY_ID_LIMIT).contains(&count) && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7515 appendix A.1.
    const KEY: &str = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
        dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const HEADER: &[u8] = b"{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}";
    const PAYLOAD: &[u8] = b"{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

    fn key(text: &str) -> MacState {
        MacState::new(HashAlgorithm::Sha256, &decode_base64url(text).unwrap()).unwrap()
    }

    fn token(header: &str, payload: &[u8]) -> String {
        let mut out = payload.to_vec();
        sign(&mut out, &head(header.as_bytes()), 0..payload.len(), &key(KEY));
        String::from_utf8(out.split_off(payload.len())).unwrap()
    }

    fn any(algorithm: &str) -> ExpectedHeader<'_> {
        ExpectedHeader { algorithm, members: &[], head: None }
    }

    /// Opens a token and decodes its payload.
    fn read(token: &str, macs: &[MacState], expected: &ExpectedHeader<'_>) -> Result<(Vec<u8>, usize), TokenError> {
        let (encoded, key) = open(token.as_bytes(), macs, expected)?;
        let mut room = [0; 8];
        let bytes = payload(encoded, &mut room).ok_or(TokenError::Form(super::PAYLOAD))?;
        assert_eq!(payload(encoded, &mut [0; 4096]).as_ref(), Some(&bytes), "the room makes no difference");
        Ok((bytes.into_owned(), key))
    }

    fn open_ours(token: &str) -> Result<(Vec<u8>, usize), TokenError> {
        let members = [("typ".into(), "JWT".into())];
        read(token, &[key(KEY)], &ExpectedHeader { algorithm: "HS256", members: &members, head: None })
    }

    #[test]
    fn rfc_7515_appendix_a_1() {
        let mut out = [PAYLOAD, b"Bearer "].concat();
        sign(&mut out, &head(HEADER), 0..PAYLOAD.len(), &key(KEY));
        assert_eq!(&out[PAYLOAD.len() + 7..], TOKEN.as_bytes());
        assert_eq!(open_ours(TOKEN), Ok((PAYLOAD.to_vec(), 0)));
    }

    // Made with Python's hmac and base64.
    #[test]
    fn longer_macs() {
        let cases = [
            (
                HashAlgorithm::Sha384,
                "HS384",
                "eyJhbGciOiJIUzM4NCJ9.e30.GaVarURywU6NEjl5RnCQgSNxgTJQYDWsuwuK1Jp8zYNLCmK6QJc3EQm8R-KSGHqL",
            ),
            (
                HashAlgorithm::Sha512,
                "HS512",
                "eyJhbGciOiJIUzUxMiJ9.e30.7xSz_AOQfrdGqcmNP1PS4_86EgKP9U7QIy8bq5-JSUZz7c41JJs3A4hk3fa6mvRptcoNyLj6d6g_Rq2Ur2YtCQ",
            ),
        ];
        for (algorithm, name, expected) in cases {
            assert_eq!(algorithm_name(algorithm), Some(name));
            let mac = MacState::new(algorithm, b"not-a-real-key").unwrap();
            let mut out = b"{}".to_vec();
            sign(&mut out, &head(format!("{{\"alg\":\"{name}\"}}").as_bytes()), 0..2, &mac);
            assert_eq!(&out[2..], expected.as_bytes());
            assert_eq!(read(expected, &[mac], &any(name)), Ok((b"{}".to_vec(), 0)));
        }
    }

    #[test]
    fn any_of_several_keys_may_fit() {
        let other = MacState::new(HashAlgorithm::Sha256, b"other").unwrap();
        assert_eq!(read(TOKEN, &[other.clone(), key(KEY)], &any("HS256")).unwrap().1, 1);
        assert_eq!(read(TOKEN, &[other], &any("HS256")), Err(TokenError::Signature));
    }

    #[test]
    fn headers_are_read_strictly() {
        let accepted = [
            r#"{"alg":"HS256","typ":"JWT"}"#,
            r#"{"typ":"JWT","alg":"HS256"}"#,
            r#"{"alg":"HS256","typ":"JWT","kid":"x"}"#,
            r#"{"alg":"HS256","typ":"JWT","x":{"a":[1]}}"#,
            r#" {"t\u0079p":"JWT","alg":"HS\u0032\u00356"} "#,
        ];
        for header in accepted {
            assert!(open_ours(&token(header, b"x")).is_ok(), "{header}");
        }
        let refused = [
            r#"{"alg":"HS512","typ":"JWT"}"#,
            r#"{"alg":"none"}"#,
            r#"{"alg":"hs256"}"#,
            r#"{"alg":["HS256"]}"#,
            r#"{"typ":"JWT"}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"HS256","typ":"JWT","kid":{"a":[1]}}"#,
            r#"{"alg":"HS256","typ":"JWT","kid":"../../dev/null"}"#,
            r#"{"alg":"HS256","typ":"JWT","kid":""}"#,
            r#"{"alg":"HS256","typ":"JWT","jwk":null}"#,
            r#"{"alg":"HS256","typ":"JWT","b64":true}"#,
            r#"{"alg":"HS256","typ":"JWT","\u006aku":"https://acme.example"}"#,
            r#"{"alg":"HS256","typ":"at+jwt"}"#,
            r#"{"alg":"HS256","typ":null}"#,
            r#"{"alg":"HS256","typ":"JWT","crit":["exp"]}"#,
            r#"{"alg":"HS256","typ":"JWT","crit":[]}"#,
            r#"{"alg":"HS256","typ":"JWT","b64":false,"crit":["b64"]}"#,
            r#"{"alg":"HS256","typ":"JWT","alg":"HS256"}"#,
            r#"{"alg":"HS256","typ":"JWT","\u0061lg":"HS256"}"#,
            r#"{"alg":"HS256","typ":"JWT","x":{"a":1,"a":2}}"#,
            r#"["HS256"]"#,
            r#"{"alg":"HS256","typ":"JWT"}{}"#,
            "",
        ];
        for header in refused {
            assert!(open_ours(&token(header, b"x")).is_err(), "{header}");
        }
        assert!(open_ours(&token(&format!("{{\"alg\":\"HS256\",\"x\":{}", "[".repeat(100_000)), b"x")).is_err());
    }

    /// What a payload holds, as another reader sees it: texts and numbers by name, in the order of [`NAMES`].
    fn claims_of(text: &str) -> Option<Vec<(String, String, bool)>> {
        let tape = object(text)?;
        let View::Map(members) = tape.root().view() else { return None };
        let claim = |(name, item): (tape::Text<'_>, tape::Item<'_>)| match item.view() {
            View::Text(text) => Some((name.to_text().into_owned(), text.to_text().into_owned(), false)),
            View::Number(digits) => Some((name.to_text().into_owned(), digits.to_owned(), true)),
            _ => None,
        };
        let mut claims: Vec<_> = members.map(claim).collect::<Option<_>>()?;
        claims.sort_by_key(|(name, ..)| NAMES.iter().position(|known| known == name));
        Some(claims)
    }

    fn plain_claims_of(text: &str, names: &[&str]) -> Option<Vec<(String, String, bool)>> {
        let claims = plain_claims(text, |name| names.iter().position(|known| *known == name))?;
        let claim = |(name, claim): (&&str, Option<Written<'_>>)| match claim? {
            Written::Text(text) => Some(((*name).to_owned(), text.to_owned(), false)),
            Written::Number(digits) => Some(((*name).to_owned(), digits.to_owned(), true)),
        };
        Some(names.iter().zip(claims).filter_map(claim).collect())
    }

    const NAMES: [&str; 4] = ["iss", "sub", "exp", "jti"];

    #[test]
    fn plain_claims_are_those_that_json_has() {
        let taken =
            [r#"{"iss":"a","sub":"","exp":0,"jti":"é🎁"}"#, r#"{"iss":1,"sub":"x","exp":1700000300,"jti":"y"}"#];
        for text in taken {
            assert_eq!(plain_claims_of(text, &NAMES), claims_of(text), "{text}");
            assert!(claims_of(text).is_some());
        }
        let left = [
            "",
            "{}",
            "null",
            r#"{"iss":"a","sub":"b","exp":1,"jti":"c","x":1}"#,
            r#"{"iss":"a","sub":"b","exp":1,"jti":"c"} "#,
            r#"{"iss":"a","sub":"b","exp":1,"jti":"c"}{}"#,
            r#"{"iss":"a","sub":"b","exp":1,"jti":"c""#,
            r#"{"iss":"a","iss":"b","exp":1,"jti":"c"}"#,
            r#"{"iss" :"a","sub":"b","exp":1,"jti":"c"}"#,
            r#"{"iss":"a\u0000","sub":"b","exp":1,"jti":"c"}"#,
            r#"{"iss":"a\"","sub":"b","exp":1,"jti":"c"}"#,
            "{\"iss\":\"a\n\",\"sub\":\"b\",\"exp\":1,\"jti\":\"c\"}",
            r#"{"iss":"a","sub":"b","exp":01,"jti":"c"}"#,
            r#"{"iss":"a","sub":"b","exp":-1,"jti":"c"}"#,
            r#"{"iss":"a","sub":"b","exp":1.0,"jti":"c"}"#,
            r#"{"iss":"a","sub":"b","exp":1e3,"jti":"c"}"#,
            r#"{"iss":"a","sub":"b","exp":,"jti":"c"}"#,
            r#"{"iss":"a","sub":"b","exp":null,"jti":"c"}"#,
            r#"{"iss":"a","sub":["b"],"exp":1,"jti":"c"}"#,
        ];
        for text in left {
            assert_eq!(plain_claims_of(text, &NAMES), None, "{text}");
        }
        let many: Vec<String> = (0..=MOST_PLAIN).map(|n| format!("c{n}")).collect();
        let text = format!("{{{}}}", many.iter().map(|name| format!("\"{name}\":1")).collect::<Vec<_>>().join(","));
        assert!(plain_claims(&text, |name| many.iter().position(|known| known == name)).is_none());
    }

    /// Each byte of a payload replaced, left out and doubled: what is taken is what the JSON says.
    #[test]
    fn changed_claims_are_never_misread() {
        let payload = r#"{"iss":"cdlx:d","sub":"0f","exp":1700000300,"jti":"n"}"#;
        let with = |at: usize, middle: &[u8], rest: usize| {
            String::from_utf8([&payload.as_bytes()[..at], middle, &payload.as_bytes()[rest..]].concat()).ok()
        };
        let mut taken = 0;
        for at in 0..payload.len() {
            let doubled = [payload.as_bytes()[at]; 2];
            let replaced = (0..128).filter_map(|byte| with(at, &[byte], at + 1));
            for text in replaced.chain(with(at, &[], at + 1)).chain(with(at, &doubled, at + 1)) {
                if let Some(claims) = plain_claims_of(&text, &NAMES) {
                    assert_eq!(Some(claims), claims_of(&text), "{text}");
                    taken += 1;
                }
            }
        }
        assert!(taken > 1000, "{taken}");
    }

    #[test]
    fn the_form_is_read_strictly() {
        let parts: Vec<&str> = TOKEN.split('.').collect();
        let refused = [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            parts[..2].join("."),
            format!("{TOKEN}."),
            format!("{TOKEN}.x"),
            format!(".{TOKEN}"),
            format!("{TOKEN}="),
            format!("{TOKEN}\n"),
            format!(" {TOKEN}"),
            // The last character has two bits that must be zero.
            TOKEN.replace("jXk", "jXl"),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}.{}", parts[0], parts[1], "A".repeat(1000)),
        ];
        for bad in refused {
            assert!(open_ours(&bad).is_err(), "{bad}");
        }
    }

    /// C2SP/wycheproof's symmetric cases; the file names its source, and says where a strict reader must differ.
    #[test]
    fn wycheproof() {
        let text = include_str!("../../tests/vectors/jws-symmetric.json");
        let file: serde_json::Value = serde_json::from_str(text).unwrap();
        let valid = |case: &serde_json::Value| case.get("strict").unwrap_or(&case["expected"]) == "valid";
        let mac = |jwk: &serde_json::Value, algorithm| {
            let bytes = decode_base64url(jwk["k"].as_str().unwrap()).unwrap();
            MacState::new(algorithm, &bytes).unwrap()
        };
        let mut cases = 0;
        for case in file["jws_cases"].as_array().unwrap() {
            let key = mac(&file["keys"][case["key"].as_str().unwrap()], HashAlgorithm::Sha256);
            let opened = read(case["jws"].as_str().unwrap(), &[key], &any("HS256"));
            assert_eq!(opened.is_ok(), valid(case), "{case}");
            cases += 1;
        }
        // Choosing among keys by `kid`, and refusing empty ones, is for those who hold the keys.
        let ours = |case: &&serde_json::Value| {
            case.get("flags").is_none() && case["keys"].as_array().unwrap().iter().all(|key| key["k"] != "")
        };
        for case in file["keyset_cases"].as_array().unwrap().iter().filter(ours) {
            let keys = case["keys"].as_array().unwrap();
            let algorithm = match keys[0]["alg"].as_str().unwrap() {
                "HS256" => HashAlgorithm::Sha256,
                "HS384" => HashAlgorithm::Sha384,
                _ => HashAlgorithm::Sha512,
            };
            let macs: Vec<MacState> = keys.iter().map(|key| mac(key, algorithm)).collect();
            let opened = read(case["jws"].as_str().unwrap(), &macs, &any(algorithm_name(algorithm).unwrap()));
            assert_eq!(opened.is_ok(), valid(case), "{case}");
            cases += 1;
        }
        assert_eq!(cases, 48);
    }
}
