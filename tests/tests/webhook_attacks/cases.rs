//! The attack table: algorithm, key, time, body, identity, encoding, JSON. Replay needs more than one request and
//! stands in [`crate::replay`].

use crate::table::Table;
use crate::table::Verdict::{self, Accept, NotTheEvent, Oversized, Refuse, TooLarge, Trimmed, Unsendable};
use countersign_tests::forge::{
    BODY, ISSUER, Mac, NONCE, NOW, SECRET, Token, base64url, json_text, md5_hex, sign, tag,
};

/// All cases.
pub(crate) fn all() -> Table {
    let mut table = Table::default();
    for class in [algorithm, header, key, time, dates, body, flips, issuer, subject, nonce, encoding, carrier, json] {
        class(&mut table);
    }
    table
}

fn token() -> Token {
    Token::for_body(BODY.as_bytes())
}

/// Seconds since 1970 at this distance from the receiver's time.
fn at(seconds: i64) -> String {
    (NOW.as_secs() + seconds).to_string()
}

fn algorithm(table: &mut Table) {
    let class = "algorithm";
    table.token(class, "as the provider sends it", token(), Accept);
    for name in ["none", "None", "NONE", "nOnE", "", "HS255", "hs256", "Hs256", "HS256 ", " HS256", "HS256\0", "sha256"]
    {
        let forged = token().header("alg", &json_text(name));
        table.token(class, format!("alg {name:?} under a good MAC"), forged.clone(), Refuse);
        let [head, claims, _] = forged.parts();
        table.text(class, format!("alg {name:?} without a signature"), format!("{head}.{claims}."), Refuse);
    }
    for name in ["RS256", "RS512", "ES256", "ES384", "PS256", "EdDSA", "HS384", "HS512", "A128KW", "dir"] {
        let forged = token().header("alg", &json_text(name));
        table.token(class, format!("alg {name} with an HS256 tag"), forged, Refuse);
    }
    table.token(class, "HS384 throughout", token().header("alg", "\"HS384\"").mac(Mac::Sha384), Refuse);
    table.token(class, "HS512 throughout", token().header("alg", "\"HS512\"").mac(Mac::Sha512), Refuse);
    table.token(class, "alg HS256 with an HS384 tag", token().mac(Mac::Sha384), Refuse);
    table.token(class, "alg HS256 with an HS512 tag", token().mac(Mac::Sha512), Refuse);
    let [head, claims, _] = token().parts();
    let long = tag(SECRET.as_bytes(), format!("{head}.{claims}").as_bytes(), Mac::Sha512);
    let cut = base64url(&long[..32]);
    table.text(class, "HS512 tag cut to 32 bytes", format!("{head}.{claims}.{cut}"), Refuse);
    for (name, value) in [
        ("missing", r#"{"typ":"JWT"}"#),
        ("null", r#"{"alg":null,"typ":"JWT"}"#),
        ("a number", r#"{"alg":256,"typ":"JWT"}"#),
        ("true", r#"{"alg":true,"typ":"JWT"}"#),
        ("a list", r#"{"alg":["HS256"],"typ":"JWT"}"#),
        ("an object", r#"{"alg":{"HS256":1},"typ":"JWT"}"#),
        ("twice, the same", r#"{"alg":"HS256","alg":"HS256","typ":"JWT"}"#),
        ("twice, none first", r#"{"alg":"none","alg":"HS256","typ":"JWT"}"#),
        ("twice, none last", r#"{"alg":"HS256","typ":"JWT","alg":"none"}"#),
        ("twice, once escaped", r#"{"alg":"HS256","\u0061lg":"none","typ":"JWT"}"#),
        ("in capitals", r#"{"ALG":"HS256","typ":"JWT"}"#),
        ("inside another object", r#"{"x":{"alg":"HS256"},"typ":"JWT"}"#),
    ] {
        table.token(class, format!("alg {name}"), token().header_text(value), Refuse);
    }
    table.token(class, "alg escaped", token().header_text(r#"{"\u0061lg":"HS\u003256","typ":"JWT"}"#), Accept);
    // What a verifier does that takes an RSA or EC key's text for a secret.
    let pem =
        "-----BEGIN PUBLIC KEY-----\nbm90LWEtcmVhbC1jYXJkbHl0aWNzLXNlY3JldC1rZXktMDAwMQ==\n-----END PUBLIC KEY-----\n";
    table.token(class, "RS256 with the secret as PEM for the MAC", token().header("alg", "\"RS256\"").key(pem), Refuse);
    table.token(class, "HS256 with the secret as PEM for the MAC", token().key(pem), Refuse);
}

fn header(table: &mut Table) {
    let class = "header";
    for (name, member, value) in [
        ("an unknown crit", "crit", r#"["unknown"]"#),
        ("crit of a claim", "crit", r#"["exp"]"#),
        ("an empty crit", "crit", "[]"),
        ("crit null", "crit", "null"),
        ("crit of alg", "crit", r#"["alg"]"#),
        ("b64 false", "b64", "false"),
        ("b64 true", "b64", "true"),
        ("jku", "jku", r#""https://attacker.example/keys.json""#),
        ("jwk with the attacker's key", "jwk", r#"{"kty":"oct","k":"YXR0YWNrZXI"}"#),
        ("jwk null", "jwk", "null"),
        ("x5u", "x5u", r#""https://attacker.example/cert.pem""#),
        ("x5c", "x5c", r#"["MIIB"]"#),
        ("x5t", "x5t", r#""AAAA""#),
        ("x5t#S256", "x5t#S256", r#""AAAA""#),
        ("kid with a path", "kid", r#""../../../../dev/null""#),
        ("kid with an absolute path", "kid", r#""/dev/null""#),
        ("kid with SQL", "kid", r#""x' UNION SELECT 'attacker' --""#),
        ("kid with a command", "kid", r#""key|cat /etc/passwd""#),
        ("kid with a URL", "kid", r#""https://attacker.example/key""#),
        ("kid with NUL", "kid", r#""key\u0000""#),
        ("kid with a line feed", "kid", r#""key\nalg: none""#),
        ("kid empty", "kid", r#""""#),
        ("kid a number", "kid", "1"),
        ("kid null", "kid", "null"),
        ("kid a list", "kid", r#"["a"]"#),
        ("kid an object", "kid", r#"{"$ne":null}"#),
        ("zip", "zip", r#""DEF""#),
        ("enc", "enc", r#""A128GCM""#),
        ("typ of an access token", "typ", r#""at+jwt""#),
        ("typ JWE", "typ", r#""JWE""#),
        ("typ in small letters", "typ", r#""jwt""#),
        ("typ null", "typ", "null"),
        ("typ a list", "typ", r#"["JWT"]"#),
    ] {
        table.token(class, format!("{name}, under a good MAC"), token().header(member, value), Refuse);
    }
    table.token(class, "kid over 255 characters", token().header("kid", &json_text(&"k".repeat(256))), Refuse);
    table.token(class, "typ missing", token().header_text(r#"{"alg":"HS256"}"#), Refuse);
    table.token(class, "typ twice", token().header_text(r#"{"alg":"HS256","typ":"JWT","typ":"JWT"}"#), Refuse);
    let b64 = r#"{"alg":"HS256","typ":"JWT","b64":false,"crit":["b64"]}"#;
    table.token(class, "b64 false, declared critical", token().header_text(b64), Refuse);
    let unencoded = format!("{}.{}", base64url(b64.as_bytes()), String::from_utf8_lossy(&token().claims_json()));
    let detached = base64url(&tag(SECRET.as_bytes(), unencoded.as_bytes(), Mac::Sha256));
    table.text(class, "b64 false, payload not encoded", format!("{unencoded}.{detached}"), Refuse);
    let embedded = r#"{"alg":"HS256","typ":"JWT","jwk":{"kty":"oct","k":"YXR0YWNrZXI"}}"#;
    table.token(class, "jwk, MAC under that key", token().header_text(embedded).key("attacker"), Refuse);
    table.token(class, "kid of /dev/null, MAC under no key", token().header("kid", r#""/dev/null""#).key(""), Refuse);
    table.token(class, "kid as an id", token().header("kid", r#""2026-10.key_1:a""#), Accept);
    table.token(class, "cty", token().header("cty", r#""JWT""#), Refuse);
    table.token(class, "a member of nobody's", token().header("x-trace", r#""1""#), Accept);
    let other_order = r#"{ "typ" : "JWT",
        "alg" : "HS256" }"#;
    table.token(class, "other order and white space", token().header_text(other_order), Accept);
}

fn key(table: &mut Table) {
    let class = "key";
    let old = "not-a-real-cardlytics-secret-key-0000";
    for (name, key) in [
        ("another", "attacker"),
        ("none", ""),
        ("another application's", "not-a-real-cardlytics-secret-key-0002"),
        ("an old one, after the grace", old),
        ("a prefix", &SECRET[..SECRET.len() - 1]),
        ("a suffix", &SECRET[1..]),
        ("with a line feed", "not-a-real-cardlytics-secret-key-0001\n"),
        ("with CRLF", "not-a-real-cardlytics-secret-key-0001\r\n"),
        ("with a space", "not-a-real-cardlytics-secret-key-0001 "),
        ("with a BOM", "\u{feff}not-a-real-cardlytics-secret-key-0001"),
        ("in capitals", "NOT-A-REAL-CARDLYTICS-SECRET-KEY-0001"),
        ("the application id", ISSUER),
        ("the sample's", "your-256-bit-secret"),
        ("twice", "not-a-real-cardlytics-secret-key-0001not-a-real-cardlytics-secret-key-0001"),
        ("quoted", "\"not-a-real-cardlytics-secret-key-0001\""),
        ("the JSON null", "null"),
    ] {
        table.token(class, format!("key: {name}"), token().key(key), Refuse);
    }
    table.token(class, "key: base64 of it", token().key(base64url(SECRET.as_bytes())), Refuse);
    table.token(class, "key: MD5 of it", token().key(md5_hex(SECRET.as_bytes())), Refuse);
    table.token(class, "key: 64 zero bytes", token().key([0; 64]), Refuse);
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    table.token(class, "key: hex of it", token().key(hex), Refuse);
    let other = "not-a-real-cardlytics-secret-key-0002";
    table
        .token(class, "key: another, at a receiver with two", token().key("attacker"), Refuse)
        .secrets(&[SECRET, other]);
    table.token(class, "key: both joined", token().key([SECRET, other].concat()), Refuse).secrets(&[SECRET, other]);
    table.token(class, "key: retired from a rotation", token().key(old), Refuse).secrets(&[SECRET, other]);
    table.token(class, "rotation: the first key", token(), Accept).secrets(&[SECRET, other]);
    table.token(class, "rotation: the second key", token(), Accept).secrets(&[other, SECRET]);
    table.token(class, "rotation: the third key", token(), Accept).secrets(&[other, old, SECRET]);
}

fn time(table: &mut Table) {
    let class = "time";
    let mut exp = |name: &str, value: &str, verdict| {
        table.token(class, format!("exp {name}"), token().claim("exp", value), verdict);
    };
    exp("one second ahead", &at(1), Accept);
    exp("59 minutes ahead", &at(59 * 60), Accept);
    exp("exactly 60 minutes ahead", &at(3600), Accept);
    exp("60 minutes and a second ahead", &at(3601), Refuse);
    exp("61 minutes ahead", &at(3660), Refuse);
    exp("a day ahead", &at(86_400), Refuse);
    exp("ten years ahead", &at(10 * 365 * 86_400), Refuse);
    exp("now", &at(0), Refuse);
    exp("a second ago", &at(-1), Refuse);
    exp("30 seconds ago", &at(-30), Refuse);
    exp("an hour ago", &at(-3600), Refuse);
    for (name, value) in [
        ("0", "0"),
        ("-0", "-0"),
        ("-1", "-1"),
        ("very negative", "-9223372036854775808"),
        ("2^31", "2147483648"),
        ("2^53", "9007199254740992"),
        ("2^63 - 1", "9223372036854775807"),
        ("2^63", "9223372036854775808"),
        ("2^64 - 1", "18446744073709551615"),
        ("2^64", "18446744073709551616"),
        ("2^64 and five minutes", "18446744075409551916"),
        ("10^400", "1e400"),
        ("null", "null"),
        ("true", "true"),
        ("an empty text", "\"\""),
        ("text", "\"tomorrow\""),
        ("a date as text", "\"2023-11-14T22:18:20Z\""),
        ("an empty list", "[]"),
        ("an empty object", "{}"),
    ] {
        exp(name, value, Refuse);
    }
    let good = at(300);
    exp("as text", &json_text(&good), Refuse);
    exp("in a list", &format!("[{good}]"), Refuse);
    exp("with a fraction of zero", &format!("{good}.0"), Refuse);
    exp("with a half", &format!("{good}.5"), Refuse);
    exp("with an exponent", &format!("{good}e0"), Refuse);
    exp("as 1.7000003e9", "1.7000003e9", Refuse);
    exp("with a leading zero", &format!("0{good}"), Refuse);
    exp("with a plus", &format!("+{good}"), Refuse);
    exp("in hexadecimal", "0x6553f22c", Refuse);
    exp("in milliseconds", &format!("{good}000"), Refuse);
    exp("in Arabic digits", "١٧٠٠٠٠٠٣٠٠", Refuse);
    exp("with NaN", "NaN", Refuse);
    exp("with Infinity", "Infinity", Refuse);
    table.token(class, "exp missing", token().without("exp"), Refuse);
    table.token(class, "exp in capitals", token().without("exp").and_claim("EXP", &good), Refuse);
    table.token(class, "exp twice, the same", token().and_claim("exp", &good), Refuse);
    table.token(class, "exp twice, past first", token().first_claim("exp", &at(-1)), Refuse);
    table.token(class, "exp twice, past last", token().and_claim("exp", &at(-1)), Refuse);
    table.token(class, "exp twice, far last", token().and_claim("exp", &at(999_999)), Refuse);
    table.token(class, "exp a millisecond from now", token().claim("exp", &at(1)), Accept).later(999);
    table.token(class, "exp reached in the middle of a second", token().claim("exp", &at(0)), Refuse).later(1);
    table.token(class, "exp 60 minutes and a millisecond ahead", token().claim("exp", &at(3600)), Refuse).later(-1);
    table.token(class, "clock back by an hour", token(), Refuse).later(-3_600_000);
    table.token(class, "clock back to 1970", token(), Refuse).later(-NOW.as_millis());
    table.token(class, "clock on by an hour", token(), Refuse).later(3_600_000);
    table.token(class, "clock far ahead", token(), Refuse).later(i64::MAX / 4);
    for (name, seconds, verdict) in [
        ("exp 59 s ago", -59, Accept),
        ("exp 60 s ago", -60, Refuse),
        ("exp 61 s ago", -61, Refuse),
        ("exp 61 minutes ahead", 3660, Accept),
        ("exp 61 minutes and a second ahead", 3661, Refuse),
    ] {
        let forged = token().claim("exp", &at(seconds));
        table.token(class, format!("leeway of 60 s: {name}"), forged, verdict).leeway(60);
    }
    table.token(class, "leeway of 1 s: exp now", token().claim("exp", &at(0)), Accept).leeway(1);
    table.token(class, "leeway of 1 s: exp a second ago", token().claim("exp", &at(-1)), Refuse).leeway(1);
}

/// Times that the recipe does not ask for; a token that says when it begins must have begun (RFC 7519).
fn dates(table: &mut Table) {
    let class = "time";
    for claim in ["nbf", "iat"] {
        for (name, value, verdict) in [
            ("in the past", at(-60), Accept),
            ("now", at(0), Accept),
            ("with a fraction", format!("{}.5", at(-1)), Accept),
            ("a second ahead", at(1), Refuse),
            ("an hour ahead", at(3600), Refuse),
            ("2^63", "9223372036854775808".to_owned(), Refuse),
            ("10^400", "1e400".to_owned(), Refuse),
            ("as text", json_text(&at(-60)), Refuse),
            ("null", "null".to_owned(), Refuse),
            ("in a list", format!("[{}]", at(-60)), Refuse),
        ] {
            table.token(class, format!("{claim} {name}"), token().and_claim(claim, &value), verdict);
        }
        let twice = token().and_claim(claim, &at(-60)).and_claim(claim, &at(3600));
        table.token(class, format!("{claim} twice"), twice, Refuse);
    }
}

fn body(table: &mut Table) {
    let class = "body";
    let spaced = BODY.replace("\":", "\": ");
    let reordered = BODY.replacen(r#""currency":"USD","last4":"4242""#, r#""last4":"4242","currency":"USD""#, 1);
    let escaped = BODY.replace('é', "\\u00e9");
    let other_amount = BODY.replace("250", "25000");
    let other_user = BODY.replace("user-1", "user-2");
    let doubled = BODY.replace("\"amount\":250", "\"amount\":250,\"amount\":25000");
    let decomposed = BODY.replace('é', "e\u{301}");
    for (name, changed) in [
        ("a line feed behind", format!("{BODY}\n")),
        ("CRLF behind", format!("{BODY}\r\n")),
        ("a space behind", format!("{BODY} ")),
        ("NUL behind", format!("{BODY}\0")),
        ("a line feed in front", format!("\n{BODY}")),
        ("a BOM in front", format!("\u{feff}{BODY}")),
        ("printed again with spaces", spaced),
        ("members in another order", reordered),
        ("escapes for characters", escaped),
        ("slashes escaped", BODY.replace('/', "\\/")),
        ("another amount", other_amount),
        ("another user", other_user),
        ("a member twice", doubled),
        ("another normal form", decomposed),
        ("last byte cut", BODY[..BODY.len() - 1].to_owned()),
        ("first byte cut", BODY[1..].to_owned()),
        ("twice", format!("{BODY}{BODY}")),
        ("in capitals", BODY.to_uppercase()),
        ("an empty object", "{}".to_owned()),
        ("empty", String::new()),
        ("null", "null".to_owned()),
        ("a form", "eventId=1".to_owned()),
    ] {
        table.token(class, format!("body: {name}"), token(), Refuse).body(changed);
    }
    let utf16: Vec<u8> = BODY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    table.token(class, "body: as UTF-16", token(), Refuse).body(utf16);
    let latin1: Vec<u8> = BODY.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect();
    table.token(class, "body: as Latin-1", token(), Refuse).body(latin1);
    let gzip = stored_gzip(BODY.as_bytes());
    table.token(class, "body: gzip", token(), Refuse).body(gzip.clone()).and("Content-Encoding", "gzip");
    table.token(class, "body: gzip, not declared", token(), Refuse).body(gzip.clone());
    table
        .token(class, "body: gzip, digest of the gzip", Token::for_body(&gzip), NotTheEvent)
        .body(gzip)
        .and("Content-Encoding", "gzip");
    for signed in ["", "{}", "[]", "null", "not json", "{\"eventId\":1}", "\u{feff}{}"] {
        let case = table.token(
            class,
            format!("signed, but no event: {signed:?}"),
            Token::for_body(signed.as_bytes()),
            NotTheEvent,
        );
        case.body(signed);
    }
    table.token(class, "signed, but not UTF-8", Token::for_body(b"\xff\xfe"), NotTheEvent).body(b"\xff\xfe");
    let mut padded = BODY.as_bytes().to_vec();
    padded.resize(64 * 1024, b' ');
    table.token(class, "signed, exactly at the cap", Token::for_body(&padded), Accept).body(padded.clone());
    padded.push(b' ');
    table.token(class, "signed, one byte over the cap", Token::for_body(&padded), TooLarge).body(padded.clone());
    table
        .token(
            class,
            "signed, a thousand events over the cap",
            Token::for_body(&BODY.repeat(1000).into_bytes()),
            TooLarge,
        )
        .body(BODY.repeat(1000));
}

/// One bit of each byte, in turn.
fn flips(table: &mut Table) {
    for at in 0..BODY.len() {
        let mut changed = BODY.as_bytes().to_vec();
        changed[at] ^= 1 << (at % 8);
        table.token("body, one bit", format!("bit {} of byte {at} flipped", at % 8), token(), Refuse).body(changed);
    }
    for (part, name) in ["header", "claims", "signature"].iter().enumerate() {
        let parts = token().parts();
        for at in (0..parts[part].len()).step_by(8) {
            let mut changed = parts.clone();
            // The neighbor in the alphabet: still base64url.
            let byte = changed[part].as_bytes()[at];
            let other = if byte == b'A' { 'B' } else { 'A' };
            changed[part].replace_range(at..=at, &other.to_string());
            table.text("token, one character", format!("{name}: character {at} changed"), changed.join("."), Refuse);
        }
    }
}

fn issuer(table: &mut Table) {
    let class = "identity";
    for (name, value) in [
        ("empty", String::new()),
        ("of the old prefix", ISSUER.replace("cdlx:", "dosh:")),
        ("without its prefix", ISSUER.replace("cdlx:", "")),
        ("another", "cdlx:eeeeeeee-dddd-dddd-dddd-dddddddddddd".to_owned()),
        ("in capitals", ISSUER.to_uppercase()),
        ("with a space behind", format!("{ISSUER} ")),
        ("with a space in front", format!(" {ISSUER}")),
        ("with a line feed", format!("{ISSUER}\n")),
        ("with NUL", format!("{ISSUER}\0")),
        ("with more behind", format!("{ISSUER}d")),
        ("one character short", ISSUER[..ISSUER.len() - 1].to_owned()),
        ("with a look-alike с", ISSUER.replacen('c', "\u{441}", 1)),
        ("with a full-width d", ISSUER.replacen('d', "\u{ff44}", 1)),
        ("with a combining mark", format!("{ISSUER}\u{301}")),
        ("with a zero-width space", format!("{ISSUER}\u{200b}")),
        ("with a soft hyphen", ISSUER.replacen('-', "\u{ad}-", 1)),
        ("with an en dash", ISSUER.replacen('-', "\u{2013}", 1)),
        ("with a right-to-left mark", format!("\u{200f}{ISSUER}")),
        ("as a pattern", "cdlx:*".to_owned()),
        ("two, joined", format!("{ISSUER},{ISSUER}")),
    ] {
        table.token(class, format!("iss {name}"), token().claim("iss", &json_text(&value)), Refuse);
    }
    for (name, value) in [
        ("a number", "1".to_owned()),
        ("0", "0".to_owned()),
        ("null", "null".to_owned()),
        ("true", "true".to_owned()),
        ("a list with it", format!("[{}]", json_text(ISSUER))),
        ("a list with it and another", format!("[{},\"x\"]", json_text(ISSUER))),
        ("an empty list", "[]".to_owned()),
        ("an object", format!("{{\"id\":{}}}", json_text(ISSUER))),
    ] {
        table.token(class, format!("iss {name}"), token().claim("iss", &value), Refuse);
    }
    table.token(class, "iss missing", token().without("iss"), Refuse);
    table.token(
        class,
        "iss in capitals as a name",
        token().without("iss").and_claim("ISS", &json_text(ISSUER)),
        Refuse,
    );
    table.token(class, "iss twice, the same", token().and_claim("iss", &json_text(ISSUER)), Refuse);
    table.token(class, "iss twice, another first", token().first_claim("iss", "\"attacker\""), Refuse);
    table.token(class, "iss twice, another last", token().and_claim("iss", "\"attacker\""), Refuse);
    table.token(class, "iss in the header only", token().without("iss").header("iss", &json_text(ISSUER)), Refuse);
    let escaped = ISSUER.replacen('c', "\\u0063", 1);
    table.token(class, "iss with an escape in it", token().claim("iss", &format!("\"{escaped}\"")), Accept);
}

fn subject(table: &mut Table) {
    let class = "subject";
    let digest = md5_hex(BODY.as_bytes());
    for (name, value) in [
        ("in capitals", digest.to_uppercase()),
        ("of 31 digits", digest[..31].to_owned()),
        ("of 33 digits", format!("{digest}0")),
        ("empty", String::new()),
        ("with a space", format!("{digest} ")),
        ("with 0x", format!("0x{digest}")),
        ("with md5=", format!("md5={digest}")),
        ("of an empty body", md5_hex(b"")),
        ("of the body and a line feed", md5_hex(format!("{BODY}\n").as_bytes())),
        ("of the digest", md5_hex(digest.as_bytes())),
        ("all zeros", "0".repeat(32)),
        ("backwards", digest.chars().rev().collect()),
        ("in base64url", base64url(&md5::compute(BODY).0)),
        ("that looks like 0 to PHP", "0e462097431906509019562988736854".to_owned()),
        ("with a full-width digit", digest.replacen(|c: char| c.is_ascii_digit(), "\u{ff11}", 1)),
        ("twice over", format!("{digest}{digest}")),
    ] {
        table.token(class, format!("sub {name}"), token().claim("sub", &json_text(&value)), Refuse);
    }
    for (name, value) in [
        ("null", "null".to_owned()),
        ("a number", "0".to_owned()),
        ("true", "true".to_owned()),
        ("a list", format!("[{}]", json_text(&digest))),
        ("an object", "{}".to_owned()),
    ] {
        table.token(class, format!("sub {name}"), token().claim("sub", &value), Refuse);
    }
    table.token(class, "sub missing", token().without("sub"), Refuse);
    table.token(class, "sub twice, the same", token().and_claim("sub", &json_text(&digest)), Refuse);
    table.token(class, "sub twice, another first", token().first_claim("sub", &json_text(&md5_hex(b""))), Refuse);
    table.token(class, "sub twice, another last", token().and_claim("sub", &json_text(&md5_hex(b""))), Refuse);
    table.token(class, "sub for an empty body that came", Token::for_body(BODY.as_bytes()), Refuse).body("");
    table.token(class, "sub of another event", Token::for_body(b"{}"), Refuse);
}

fn nonce(table: &mut Table) {
    let class = "nonce";
    for (name, value) in [
        ("empty", "\"\"".to_owned()),
        ("null", "null".to_owned()),
        ("a number", "1".to_owned()),
        ("true", "true".to_owned()),
        ("a list", format!("[\"{NONCE}\"]")),
        ("an object", "{}".to_owned()),
        ("with NUL", "\"a\\u0000b\"".to_owned()),
        ("with a line feed", "\"a\\nb\"".to_owned()),
        ("with an escape character", "\"a\\u001b[2Jb\"".to_owned()),
        ("with DEL", "\"a\\u007fb\"".to_owned()),
        ("with a C1 control", "\"a\\u0085b\"".to_owned()),
        ("of 256 characters", format!("\"{}\"", "n".repeat(256))),
        ("of 10 KB", format!("\"{}\"", "n".repeat(10_000))),
        ("of 100 KB", format!("\"{}\"", "n".repeat(100_000))),
        ("half a surrogate pair", "\"\\ud800\"".to_owned()),
    ] {
        table.token(class, format!("jti {name}"), token().claim("jti", &value), Refuse);
    }
    table.token(class, "jti of 1 MB", token().claim("jti", &json_text(&"n".repeat(1_000_000))), Oversized);
    table.token(class, "jti missing", token().without("jti"), Refuse);
    table.token(class, "jti in capitals as a name", token().without("jti").and_claim("JTI", "\"a\""), Refuse);
    table.token(class, "jti twice, the same", token().and_claim("jti", &json_text(NONCE)), Refuse);
    table.token(class, "jti twice, another first", token().first_claim("jti", "\"a\""), Refuse);
    table.token(class, "jti twice, another last", token().and_claim("jti", "\"a\""), Refuse);
    table.token(class, "jti twice, once escaped", token().and_claim("\u{6a}ti", "\"a\""), Refuse);
    for value in ["a", "eeeeeeee-ffff-eeee-ffff-eeeeeeeeeeee", "0B9D7C1E52F44E0B8A523F1F7A2F9C11", "é-1", "a b"] {
        table.token(class, format!("jti {value:?}"), token().claim("jti", &json_text(value)), Accept);
    }
    table.token(class, "jti of 255 characters", token().claim("jti", &json_text(&"n".repeat(255))), Accept);
}

fn encoding(table: &mut Table) {
    let class = "encoding";
    let [head, claims, signature] = token().parts();
    let whole = token().text();
    let signed = |head: &str, claims: &str| sign(head, claims, SECRET.as_bytes(), Mac::Sha256);
    let mut text = |name: &str, text: String, verdict| {
        table.text(class, name, text, verdict);
    };
    text("signature padded", format!("{whole}="), Refuse);
    text("signature padded twice", format!("{whole}=="), Refuse);
    text("signature padded as %3D", format!("{whole}%3D"), Refuse);
    text("header padded, signed so", signed(&format!("{head}="), &claims), Refuse);
    text("claims padded, signed so", signed(&head, &format!("{claims}=")), Refuse);
    text("no signature", format!("{head}.{claims}."), Refuse);
    text("two parts", format!("{head}.{claims}"), Refuse);
    text("one part", head.clone(), Refuse);
    text("four parts", format!("{whole}.{signature}"), Refuse);
    text("four parts, the last empty", format!("{whole}."), Refuse);
    text("five parts, as a JWE", format!("{head}.{claims}.{claims}.{claims}.{signature}"), Refuse);
    text("leading dot", format!(".{whole}"), Refuse);
    text("dots doubled", whole.replace('.', ".."), Refuse);
    text("header left out", format!(".{claims}.{signature}"), Refuse);
    text("claims left out", format!("{head}..{signature}"), Refuse);
    text("claims left out, signed so", signed(&head, ""), Refuse);
    text("header left out, signed so", signed("", &claims), Refuse);
    text("only dots", "..".to_owned(), Refuse);
    text("one dot", ".".to_owned(), Refuse);
    text("nothing", String::new(), Refuse);
    text("parts in another order", format!("{claims}.{head}.{signature}"), Refuse);
    text("in capitals", whole.to_uppercase(), Refuse);
    text("quoted", format!("\"{whole}\""), Refuse);
    text("in angle brackets", format!("<{whole}>"), Refuse);
    text("percent-encoded dot", whole.replacen('.', "%2E", 1), Refuse);
    text("full-width dot", whole.replacen('.', "\u{ff0e}", 1), Refuse);
    text("a space inside", format!("{head}. {claims}.{signature}"), Refuse);
    text("a tab inside", format!("{head}.\t{claims}.{signature}"), Refuse);
    text("a comma behind", format!("{whole},"), Refuse);
    text("a semicolon and more behind", format!("{whole}; a=b"), Refuse);
    text("signature cut", whole[..whole.len() - 1].to_owned(), Refuse);
    text("signature cut to 16 bytes", format!("{head}.{claims}.{}", &signature[..22]), Refuse);
    text("signature with more behind", format!("{whole}AAAA"), Refuse);
    text("signature twice", format!("{whole}{signature}"), Refuse);
    text("signature of zeros", format!("{head}.{claims}.{}", base64url(&[0; 32])), Refuse);
    text("signature in hex", format!("{head}.{claims}.{}", hex_of(&head, &claims)), Refuse);
    text("signature in long base64url", format!("{head}.{claims}.{}", "A".repeat(60_000)), Refuse);
    text("claims of the first 70 KB", format!("{head}.{}.{signature}", "A".repeat(70_000)), Refuse);
    text("65,537 dots", ".".repeat(65_537), Refuse);
    text("30,000 dots", ".".repeat(30_000), Refuse);
    text("a token of 300 KB", "A".repeat(300_000), Refuse);
    text("a token of 16 MiB", "A".repeat(16 << 20), Oversized);
    text("a token of 16 MiB, signed", signed(&head, &"A".repeat(16 << 20)), Oversized);
    for (name, byte) in [("NUL", 0), ("a line feed", b'\n'), ("a carriage return", b'\r'), ("ESC", 0x1b), ("DEL", 0x7f)]
    {
        let mut inside = whole.clone().into_bytes();
        inside.insert(head.len() + 5, byte);
        table.text(class, format!("{name} inside"), inside, Unsendable);
    }
    for (name, bytes) in [
        ("a lone byte 0x80", &b"\x80"[..]),
        ("0xff", b"\xff"),
        ("an overlong slash", b"\xc0\xaf"),
        ("a surrogate in UTF-8", b"\xed\xa0\x80"),
        ("a no-break space", "\u{a0}".as_bytes()),
        ("a BOM", "\u{feff}".as_bytes()),
        ("a zero-width space", "\u{200b}".as_bytes()),
    ] {
        table.text(class, format!("{name} behind"), [whole.as_bytes(), bytes].concat(), Refuse);
        table.text(class, format!("{name} in front"), [bytes, whole.as_bytes()].concat(), Refuse);
    }
    // Every other text that a lenient decoder takes for the same bytes.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.find(&signature[signature.len() - 1..]).expect("it is base64url");
    for other in (last & !3..last | 3).map(|place| place + usize::from(place >= last)) {
        let changed = format!("{}{}", &whole[..whole.len() - 1], &alphabet[other..=other]);
        table.text(class, format!("last character's spare bits set to {}", other & 3), changed, Refuse);
    }
    // A token whose parts hold `-` and `_`, in the other alphabet.
    let dashed = (0u32..)
        .map(|n| token().claim("jti", &json_text(&format!("~~~???>>>{n}"))))
        .find(|token| token.parts()[2].contains(['-', '_']))
        .expect("one in two");
    let [head, claims, signature] = dashed.parts();
    let standard = |text: &str| text.replace('-', "+").replace('_', "/");
    table.token(class, "a token with `-` or `_` in it", dashed.clone(), Accept);
    table.text(class, "signature in `+/`", format!("{head}.{claims}.{}", standard(&signature)), Refuse);
    let other = (0u32..)
        .map(|n| token().claim("jti", &json_text(&format!("\u{fb}\u{ff}{n}~~~???"))))
        .find(|token| token.parts()[1].contains(['-', '_']))
        .expect("some");
    let [head, claims, _] = other.parts();
    let standard = sign(&head, &standard(&claims), SECRET.as_bytes(), Mac::Sha256);
    table.text(class, "claims in `+/`, signed so", standard, Refuse);
}

fn hex_of(head: &str, claims: &str) -> String {
    let tag = tag(SECRET.as_bytes(), format!("{head}.{claims}").as_bytes(), Mac::Sha256);
    tag.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn carrier(table: &mut Table) {
    let class = "carrier";
    let whole = token().text();
    let mut value = |name: &str, value: String, verdict: Verdict| {
        table.authorization(class, name, value, verdict);
    };
    for scheme in ["bearer", "BEARER", "bEaReR"] {
        value(&format!("scheme {scheme}"), format!("{scheme} {whole}"), Accept);
    }
    for scheme in
        ["Basic", "JWT", "Token", "Digest", "Bearer:", "Bearer=", "Bearer,", "Bearers", "Beare", "Βearer", "\"Bearer\""]
    {
        value(&format!("scheme {scheme}"), format!("{scheme} {whole}"), Refuse);
    }
    value("no scheme", whole.clone(), Refuse);
    value("no space", format!("Bearer{whole}"), Refuse);
    value("two spaces", format!("Bearer  {whole}"), Refuse);
    value("a tab", format!("Bearer\t{whole}"), Refuse);
    value("a space and a tab", format!("Bearer \t{whole}"), Refuse);
    value("a no-break space", format!("Bearer\u{a0}{whole}"), Refuse);
    value("a plus", format!("Bearer+{whole}"), Refuse);
    value("%20", format!("Bearer%20{whole}"), Refuse);
    value("scheme twice", format!("Bearer Bearer {whole}"), Refuse);
    value("the scheme alone", "Bearer".to_owned(), Refuse);
    value("empty", String::new(), Refuse);
    value("spaces in front", format!("   Bearer {whole}"), Trimmed);
    value("spaces behind", format!("Bearer {whole}   "), Trimmed);
    value("a tab behind", format!("Bearer {whole}\t"), Trimmed);
    value("comma-joined, the same twice", format!("Bearer {whole}, Bearer {whole}"), Refuse);
    value("comma-joined, tokens only", format!("Bearer {whole},{whole}"), Refuse);
    value("comma-joined, another first", format!("Basic eDp5, Bearer {whole}"), Refuse);
    value("comma-joined, another last", format!("Bearer {whole}, Basic eDp5"), Refuse);
    value("as a parameter", format!("Bearer token={whole}"), Refuse);
    value("as a quoted parameter", format!("Bearer token=\"{whole}\""), Refuse);
    let good = || format!("Bearer {whole}").into_bytes();
    let mut headers = |name: &str, headers: Vec<(&'static str, Vec<u8>)>, verdict| {
        table.authorization(class, name, "", verdict).headers(headers);
    };
    headers("no header", Vec::new(), Refuse);
    headers("header in capitals", vec![("AUTHORIZATION", good())], Accept);
    headers("header in small letters", vec![("authorization", good())], Accept);
    headers("header twice, the same", vec![("Authorization", good()), ("Authorization", good())], Refuse);
    headers("header twice, in two cases", vec![("Authorization", good()), ("authorization", good())], Refuse);
    headers("header twice, none last", vec![("Authorization", good()), ("Authorization", Vec::new())], Refuse);
    headers(
        "header twice, Basic first",
        vec![("Authorization", b"Basic eDp5".to_vec()), ("Authorization", good())],
        Refuse,
    );
    headers("header a hundred times", vec![("Authorization", good()); 60], Refuse);
    headers("in Proxy-Authorization", vec![("Proxy-Authorization", good())], Refuse);
    headers("in X-Authorization", vec![("X-Authorization", good())], Refuse);
    headers("in X-Forwarded-Authorization", vec![("X-Forwarded-Authorization", good())], Refuse);
    headers("in a cookie", vec![("Cookie", format!("Authorization=Bearer {whole}").into_bytes())], Refuse);
    headers("a space before the colon", vec![("Authorization ", good())], Unsendable);
    headers("folded", vec![("Authorization", format!("Bearer\r\n {whole}").into_bytes())], Unsendable);
    headers(
        "underscore for the hyphen, beside it",
        vec![("Authorization", good()), ("X_Authorization", good())],
        Accept,
    );
}

fn json(table: &mut Table) {
    let class = "json";
    let claims = String::from_utf8(token().claims_json()).expect("JSON is UTF-8");
    let deep = |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    let with = |member: &str| format!("{},{member}}}", &claims[..claims.len() - 1]);
    for (name, text) in [
        ("trailing bytes", format!("{claims}x")),
        ("trailing object", format!("{claims}{{}}")),
        ("trailing comma", claims.replace('}', ",}")),
        ("trailing NUL", format!("{claims}\0")),
        ("leading BOM", format!("\u{feff}{claims}")),
        ("a list around it", format!("[{claims}]")),
        ("a list of pairs", format!("[[\"iss\",{}]]", json_text(ISSUER))),
        ("text", json_text(&claims)),
        ("a number", "1".to_owned()),
        ("null", "null".to_owned()),
        ("true", "true".to_owned()),
        ("an empty object", "{}".to_owned()),
        ("nothing", String::new()),
        ("white space", "  ".to_owned()),
        ("cut short", claims[..claims.len() - 1].to_owned()),
        ("no braces", claims[1..claims.len() - 1].to_owned()),
        ("single quotes", claims.replace('"', "'")),
        ("names without quotes", claims.replace("\"iss\"", "iss")),
        ("a comment", claims.replace('{', "{/**/")),
        ("a comment at the end", format!("{claims}//")),
        ("equals for colon", claims.replacen("\":", "\"=", 1)),
        ("a line feed in a text", claims.replacen("cdlx", "cd\nlx", 1)),
        ("an escape that is none", claims.replacen("cdlx", "\\cdlx", 1)),
        ("two claim sets on two lines", format!("{claims}\n{claims}")),
        ("lists 100 deep", with(&format!("\"x\":{}", deep("[", "]", 100)))),
        ("lists 10,000 deep", with(&format!("\"x\":{}", deep("[", "]", 10_000)))),
        ("lists 24,000 deep, never closed", with(&format!("\"x\":{}", "[".repeat(24_000)))),
        ("objects 5,000 deep", with(&format!("\"x\":{}", deep("{\"a\":", "}", 5_000)))),
        ("a member twice, deep inside", with("\"x\":[{\"a\":1,\"a\":2}]")),
        ("another member twice", with("\"x\":1,\"x\":1")),
        ("an empty name twice", with("\"\":1,\"\":1")),
        ("a name twice, once escaped", with("\"x\":1,\"\\u0078\":1")),
        ("iss twice, once escaped", with("\"\\u0069ss\":\"attacker\"")),
        ("exp twice, once escaped", with("\"e\\u0078p\":1")),
        ("a lone surrogate", with("\"x\":\"\\ud800\"")),
        ("a number with two dots", with("\"x\":1.2.3")),
        ("a number with a leading zero", with("\"x\":01")),
        ("NaN", with("\"x\":NaN")),
    ] {
        table.token(class, format!("claims: {name}"), token().claims_text(text), Refuse);
    }
    for (name, bytes) in [("0xff", &b"\xff"[..]), ("a surrogate in UTF-8", b"\xed\xa0\x80"), ("cut UTF-8", b"\xe2\x82")]
    {
        let mut text = with("\"x\":\"@\"").into_bytes();
        let place = text.iter().position(|byte| *byte == b'@').expect("it is there");
        text.splice(place..=place, bytes.iter().copied());
        table.token(class, format!("claims with {name}"), token().claims_text(text), Refuse);
        let header = [b"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"x\":\"", bytes, b"\"}"].concat();
        table.token(class, format!("header with {name}"), token().header_text(header), Refuse);
    }
    let utf16: Vec<u8> = claims.encode_utf16().flat_map(u16::to_be_bytes).collect();
    table.token(class, "claims in UTF-16", token().claims_text(utf16), Refuse);
    let header = r#"{"alg":"HS256","typ":"JWT"}"#;
    for (name, text) in [
        ("trailing bytes", format!("{header}x")),
        ("a list around it", format!("[{header}]")),
        ("text", json_text(header)),
        ("null", "null".to_owned()),
        ("nothing", String::new()),
        ("an empty object", "{}".to_owned()),
        ("a BOM", format!("\u{feff}{header}")),
        ("lists 10,000 deep", format!("{{\"alg\":\"HS256\",\"typ\":\"JWT\",\"x\":{}}}", deep("[", "]", 10_000))),
        ("two objects", format!("{header}{header}")),
    ] {
        table.token(class, format!("header: {name}"), token().header_text(text), Refuse);
    }
    for (name, text) in [
        ("lists 60 deep in a claim of nobody's", with(&format!("\"x\":{}", deep("[", "]", 60)))),
        ("more claims", with("\"x\":{\"a\":[1,null,true,\"\"]},\"y\":1e3")),
        ("white space", claims.replace("\":", "\" :\r\n\t ")),
        (
            "claims in another order",
            claims.replacen(&format!("\"iss\":{},", json_text(ISSUER)), "", 1).replacen(
                '}',
                &format!(",\"iss\":{}}}", json_text(ISSUER)),
                1,
            ),
        ),
    ] {
        table.token(class, name, token().claims_text(text), Accept);
    }
}

/// RFC 1952 with one stored block: no compressor is needed.
fn stored_gzip(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("a short body");
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    let block = [&length.to_le_bytes()[..], &(!length).to_le_bytes(), bytes].concat();
    [&head[..], &block, &(!crc).to_le_bytes(), &u32::from(length).to_le_bytes()].concat()
}
