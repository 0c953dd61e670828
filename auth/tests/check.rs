//! What makes a recipe valid: every finding with its place, all at once.
#![cfg(feature = "document")]

use countersign_auth::document::{DocumentError, Value, options, recipe, recipes_from_components};
use countersign_auth::recipe::{PhpArrays, Text};
use countersign_auth::{CredentialKind, OptionError, SigningOptions, check, parse_template};

const CLUTCH: &str = r#"{
    "values": {
        "key_id": {"credential": "application_key"}, "secret": {"key": "application_secret"},
        "nonce": {"random": "uuid-v4", "max-length": 99},
        "created": {"time": "unix-ms"},
        "content_digest": {"hash": "sha-512", "of": {"request": "body"}, "encode": "hex", "without-body": ""},
        "string_to_sign": {"json-array": ["nonce", "created", {"request": "target"}, "content_digest"], "escape": "minimal"},
        "signature": {"hmac": "sha-512", "key": "secret", "of": "string_to_sign", "encode": "hex"}},
    "send": {"header": {"X-Application-Key": "{key_id}", "X-Request-Id": "{nonce}", "X-Request-Time": "{created}",
        "X-Signature": "{signature}"}},
    "rules": {"single-use": ["nonce"], "freshness": {"of": "created", "window": "5m", "x-assumed": "why"}}}"#;

const TOKEN: &str = r#"{
    "values": {
        "application_id": {"credential": "application_id"}, "secret": {"key": "secret_key"},
        "user_id": {"argument": "user_id"}, "renewal_url": {"argument": "renewal_url", "optional": true},
        "expires": {"time": "unix-s", "plus": "5m"}, "nonce": {"random": "uuid-v4"},
        "token": {"jws": "HS256", "key": "secret", "escape": "minimal", "header": {"alg": "HS256", "typ": "JWT"},
            "claims": {"iss": "application_id", "sub": "user_id", "exp": "expires", "jti": "nonce", "rnw": "renewal_url"}}},
    "give": "token",
    "rules": {"single-use": ["nonce"], "lifetime": {"of": "expires", "max": "60m"}}}"#;

fn read(text: &str) -> Result<countersign_auth::Recipe, Vec<DocumentError>> {
    recipe("test", &Value::from_json(text).unwrap_or_else(|error| panic!("{error}: {text}")), "")
}

/// The findings of a recipe in which one thing is changed.
fn findings(text: &str, from: &str, to: &str) -> Vec<(String, String)> {
    let changed = text.replacen(from, to, 1);
    assert_ne!(changed, text, "{from}");
    let errors = read(&changed).err().unwrap_or_else(|| panic!("no finding: {to}"));
    errors
        .into_iter()
        .map(|error| (error.pointer, format!("{} {}", error.message, error.help.unwrap_or_default())))
        .collect()
}

#[test]
fn the_unchanged_recipes_are_valid() {
    assert!(read(CLUTCH).is_ok());
    assert!(read(TOKEN).is_ok());
}

#[test]
fn each_mistake_has_its_place() {
    let digest = r#""hash": "sha-512", "of": {"request": "body"}, "encode": "hex""#;
    let cases = [
        // unknown keys and words
        (CLUTCH, r#""max-length""#, r#""max-lenght""#, "/values/nonce/max-lenght", "did you mean `max-length`?"),
        (CLUTCH, r#""uuid-v4""#, r#""uuid-v5""#, "/values/nonce/random", "uuid-v4, hex-N"),
        (CLUTCH, r#""hash""#, r#""hsah""#, "/values/content_digest", "did you mean `hash`?"),
        (
            CLUTCH,
            r#""sha-512", "of": {"#,
            r#""sha512", "of": {"#,
            "/values/content_digest/hash",
            "did you mean `sha-512`?",
        ),
        (CLUTCH, r#""hmac": "sha-512""#, r#""hmac": "md5""#, "/values/signature/hmac", "one of sha-1"),
        (CLUTCH, r#""encode": "hex", "#, r#""#, "/values/content_digest", "`encode` is missing"),
        (CLUTCH, r#", "escape": "minimal""#, r#""#, "/values/string_to_sign", "`escape` is missing"),
        (
            CLUTCH,
            r#""request": "target""#,
            r#""request": "tarjet""#,
            "/values/string_to_sign/json-array/2/request",
            "`target`?",
        ),
        (
            CLUTCH,
            r#""request": "body""#,
            r#""request": "body", "from": "root""#,
            "/values/content_digest/of/from",
            "unknown",
        ),
        (CLUTCH, r#""time": "unix-ms""#, r#""time": "unix""#, "/values/created/time", "unix"),
        (CLUTCH, r#""5m""#, r#""5 minutes""#, "/rules/freshness/window", "30s, 5m"),
        (CLUTCH, r#""rules""#, r#""rule""#, "/rule", "did you mean `rules`?"),
        (CLUTCH, r#""window""#, r#""windou""#, "/rules/freshness/windou", "did you mean `window`?"),
        (
            CLUTCH,
            r#""key": "application_secret""#,
            r#""key": "application_secret", "secret": true"#,
            "/values/secret/secret",
            "unknown",
        ),
        (
            CLUTCH,
            r#""key": "application_secret""#,
            r#""key": "application_secret", "decode": "b64""#,
            "/values/secret/decode",
            "base64",
        ),
        (CLUTCH, r#""{nonce}""#, r#""{nonce""#, "/send/header/X-Request-Id", "nothing closes"),
        (CLUTCH, r#""key_id": {"#, r#""key_id": {"literal": "x", "#, "/values/key_id", "several"),
        // steps
        (
            CLUTCH,
            r#""nonce", "created", {"#,
            r#""nonse", "created", {"#,
            "/values/string_to_sign/json-array/0",
            "did you mean `nonce`?",
        ),
        (
            CLUTCH,
            r#""nonce", "created", {"#,
            r#""signature", "created", {"#,
            "/values/string_to_sign/json-array/0",
            "not an earlier step",
        ),
        (CLUTCH, r#""of": "string_to_sign""#, r#""of": "signature""#, "/values/signature/of", "not an earlier step"),
        (
            CLUTCH,
            r#""key": "secret""#,
            r#""key": "nonce""#,
            "/values/signature/key",
            "`nonce` is text, and a key is due",
        ),
        (
            CLUTCH,
            r#""of": "string_to_sign""#,
            r#""of": "secret""#,
            "/values/signature/of",
            "is a key, and text or bytes is due",
        ),
        (
            CLUTCH,
            r#""created", {"#,
            r#"{"request": "body"}, {"#,
            "/values/string_to_sign/json-array/1",
            "is bytes, and text is due",
        ),
        (CLUTCH, r#""{signature}""#, r#""{secret}""#, "/send/header/X-Signature", "`secret` is a key, and text is due"),
        (
            CLUTCH,
            digest,
            r#""hash": "sha-512", "of": {"request": "headers", "only": ["A"]}, "encode": "hex""#,
            "/values/content_digest/of",
            "is a map",
        ),
        (
            CLUTCH,
            digest,
            r#""hash": "sha-512", "of": {"request": "query"}, "encode": "hex""#,
            "/values/content_digest",
            "`without-body` never applies",
        ),
        (
            CLUTCH,
            digest,
            r#""php-json": {"request": "query"}, "arrays": "assoc""#,
            "/values/content_digest/php-json",
            "is text, and the body or a map is due",
        ),
        (CLUTCH, r#""max-length": 99"#, r#""max-length": 35"#, "/values/nonce", "has 36 characters"),
        (
            CLUTCH,
            r#""nonce": {"#,
            r#""spare": {"literal": "x"}, "nonce": {"#,
            "/values/spare",
            "nothing that is sent depends on `spare`",
        ),
        (
            CLUTCH,
            r#""nonce": {"random": "uuid-v4", "max-length": 99}"#,
            r#""nonce": {"random": "hex-97"}"#,
            "/values",
            "take 97 bytes",
        ),
        (
            CLUTCH,
            r#""nonce", "created", {"#,
            r#""nonce", {"time": "unix-ms"}, {"#,
            "/values/string_to_sign/json-array/1",
            "must be a step of its own",
        ),
        (CLUTCH, r#""key_id": {"#, r#""key id": {"#, "/values/key id", "is no name"),
        (
            CLUTCH,
            r#""credential": "application_key""#,
            r#""credential": "application_secret""#,
            "/values/secret",
            "in another way before",
        ),
        (
            CLUTCH,
            r#"{"hmac": "sha-512", "key": "secret", "of": "string_to_sign""#,
            r#"{"hmac": "sha-512", "key": "secret", "of": {"hash": "md5"}"#,
            "/values/signature/of",
            "an operation stands inside another",
        ),
        (
            CLUTCH,
            r#""created": {"time": "unix-ms"}"#,
            r#""created": {"bind": "text"}"#,
            "/values/created",
            "a hole that nothing fills",
        ),
        (
            CLUTCH,
            r#""without-body": """#,
            r#""without-body": "", "settable": ["arrays"]"#,
            "/values/content_digest",
            "`arrays` is no option",
        ),
        (
            CLUTCH,
            r#""without-body": """#,
            r#""without-body": "", "settable": ["without_body"]"#,
            "/values/content_digest/settable/0",
            "`without-body`?",
        ),
        // carriers
        (CLUTCH, r#""X-Request-Id": "#, r#""x-signature": "#, "/send/header/X-Signature", "stands twice"),
        (CLUTCH, r#""X-Request-Id": "#, r#""X Request": "#, "/send/header/X Request", "no header name"),
        (
            CLUTCH,
            r#""X-Request-Id": "#,
            r#""Content-Length": "#,
            "/send/header/Content-Length",
            "belongs to the connection",
        ),
        (CLUTCH, r#""{nonce}""#, r#""{nonce}{created}""#, "/send/header/X-Request-Id", "nothing stands between"),
        (CLUTCH, r#""{nonce}""#, r#""\r\nX: {nonce}""#, "/send/header/X-Request-Id", "visible ASCII"),
        (CLUTCH, r#""{nonce}""#, r#""{nonnce}""#, "/send/header/X-Request-Id", "did you mean `nonce`?"),
        (
            CLUTCH,
            r#""{nonce}""#,
            r#"{"many": [], "separator": ","}"#,
            "/send/header/X-Request-Id",
            "`many` needs items",
        ),
        (
            CLUTCH,
            r#""send": {"#,
            r#""send": {"body": "created", "#,
            "/values/content_digest",
            "reads the body that `created` replaces",
        ),
        (CLUTCH, r#""send": {"#, r#""give": "signature", "send": {"#, "", "either `send` or `give`"),
        (
            CLUTCH,
            r#"{"request": "target"}"#,
            r#"{"request": "header", "name": "X-Signature"}"#,
            "/values/string_to_sign/json-array/2",
            "sends itself",
        ),
        // rules
        (CLUTCH, r#"["nonce"]"#, r#"["key_id"]"#, "/rules/single-use/0", "is not a random value"),
        (CLUTCH, r#""of": "created""#, r#""of": "nonce""#, "/rules/freshness/of", "is not a time"),
        (TOKEN, r#""plus": "5m""#, r#""plus": "61m""#, "/rules/lifetime/of", "longer than the lifetime allows"),
        (TOKEN, r#", "plus": "5m""#, r#""#, "/rules/lifetime/of", "an expiry needs a `plus`"),
        // tokens
        (TOKEN, r#""jws": "HS256""#, r#""jws": "RS256""#, "/values/token/jws", "`HS256`?"),
        (TOKEN, r#"{"alg": "HS256", "#, r#"{"#, "/values/token/header", "does not say `alg: HS256`"),
        (TOKEN, r#""jws": "HS256""#, r#""jws": "HS512""#, "/values/token/header", "does not say `alg: HS512`"),
        (TOKEN, r#""typ": "JWT""#, r#""crit": "exp""#, "/values/token/header", "`crit`"),
        (TOKEN, r#""claims""#, r#""payload": "nonce", "claims""#, "/values/token", "either `claims` or `payload`"),
        (
            TOKEN,
            r#""user_id": {"argument": "user_id"}"#,
            r#""user_id": {"concat": ["renewal_url"]}"#,
            "/values/user_id/concat/0",
            "not an earlier step",
        ),
        (
            TOKEN,
            r#""user_id": {"argument": "user_id"}"#,
            r#""user_id": {"concat": [{"argument": "renewal_url", "optional": true}]}"#,
            "/values/user_id/concat/0",
            "claims only",
        ),
        (
            TOKEN,
            r#""user_id": {"argument": "user_id"}"#,
            r#""user_id": {"request": "path"}"#,
            "/values/user_id",
            "no request to read",
        ),
        (TOKEN, r#""give": "token""#, r#""give": "tokken""#, "/give", "did you mean `token`?"),
    ];
    for (text, from, to, pointer, part) in cases {
        let findings = findings(text, from, to);
        let found = findings.iter().any(|(at, message)| at == pointer && message.contains(part));
        assert!(found, "{to}: {pointer} {part} in {findings:#?}");
    }
}

#[test]
fn a_body_is_not_replaced_and_read() {
    let text = r#"{"values": {"secret": {"key": "k"}, "body": {"php-json": {"request": "body"}, "arrays": "assoc", "without-body": "[]"},
        "signature": {"hmac": "sha-256", "key": "secret", "of": {"request": "body"}, "encode": "hex"}},
        "send": {"body": "body", "header": {"X-Signature": "{signature}"}}}"#;
    let errors = read(text).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].pointer, "/values/signature");
    assert!(read(&text.replace(r#"{"request": "body"}, "encode""#, r#""body", "encode""#)).is_ok());
    let findings = findings(text, r#", "without-body": "[]""#, "");
    assert!(findings.iter().any(|(at, message)| at == "/values/body" && message.contains("without a body")));
}

#[test]
fn all_findings_come_at_once() {
    let text = CLUTCH
        .replace("\"hash\"", "\"hsah\"")
        .replace("\"unix-ms\"", "\"unix\"")
        .replace("\"rules\"", "\"rule\"")
        .replace("{nonce}", "{nonce");
    assert_eq!(read(&text).unwrap_err().len(), 4);
    let text = CLUTCH
        .replace("\"of\": \"created\"", "\"of\": \"nonce\"")
        .replace("{signature}", "{secret}")
        .replace("99", "3");
    // The three, and three steps that nothing leads to any more.
    assert_eq!(read(&text).unwrap_err().len(), 3 + 3);
}

#[test]
fn whatever_stands_there_nothing_panics() {
    let value = Value::from_json(CLUTCH).unwrap();
    let strange = [
        Value::Null,
        Value::Bool(true),
        Value::Number("1".to_owned()),
        Value::Text(String::new()),
        Value::Text("{a}".to_owned()),
        Value::List(vec![Value::Null]),
        Value::List(Vec::new()),
        Value::Map(Vec::new()),
        Value::Map(vec![("bind".to_owned(), Value::Null)]),
        Value::Map(vec![("request".to_owned(), Value::Text("headers".to_owned()))]),
    ];
    let mut count = 0;
    for strange in &strange {
        replace_each(&value, strange, &mut |changed| {
            count += 1;
            let _ = recipe("test", changed, "");
            let _ = options(changed, "");
            let document = Value::Map(vec![("components".to_owned(), changed.clone())]);
            let _ = recipes_from_components(&document);
        });
    }
    assert!(count > 400);
}

/// Calls back with each part of a value replaced.
fn replace_each(value: &Value, with: &Value, call: &mut dyn FnMut(&Value)) {
    call(with);
    match value {
        Value::List(items) => {
            for index in 0..items.len() {
                replace_each(&items[index], with, &mut |changed| {
                    let mut items = items.clone();
                    items[index] = changed.clone();
                    call(&Value::List(items));
                });
            }
        }
        Value::Map(members) => {
            for index in 0..members.len() {
                replace_each(&members[index].1, with, &mut |changed| {
                    let mut members = members.clone();
                    members[index].1 = changed.clone();
                    call(&Value::Map(members));
                });
            }
        }
        _ => {}
    }
}

fn components(text: &str) -> Vec<(String, String)> {
    let errors = recipes_from_components(&Value::from_json(text).unwrap()).map(drop).err().unwrap_or_default();
    errors
        .into_iter()
        .map(|error| (error.pointer, format!("{} {}", error.message, error.help.unwrap_or_default())))
        .collect()
}

#[test]
fn shared_recipes_and_their_holes() {
    let shared = r#"{"values": {"secret": {"key": "k"}, "subject": {"bind": "text"},
        "signature": {"hmac": "sha-256", "key": "secret", "of": "subject", "encode": "hex"}},
        "send": {"header": {"X-Subject": "{subject}", "X-Signature": "{signature}"}}}"#;
    let document = |schemes: &str| {
        format!(
            r#"{{"components": {{"x-signing-recipes": {{"shared": {shared}}},
            "x-signing-sessions": {{"user": {{"from": "log_in", "at": "/token", "kind": "user"}}}},
            "securitySchemes": {schemes}}}}}"#
        )
    };
    let text = r#"{"a": {"x-signing": {"use": "shared", "with": {"subject": {"session": "user"}, "x-assumed": "why"}}},
        "b": {"x-signing": {"use": "shared", "with": {"subject": {"literal": ""}}}}, "c": {"type": "http"}}"#;
    assert_eq!(components(&document(text)), []);
    let recipes = recipes_from_components(&Value::from_json(&document(text)).unwrap()).unwrap();
    let names: Vec<&Text> = recipes.recipes.iter().map(|declared| &declared.recipe.name).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(recipes.sessions, ["user"]);
    assert_eq!(check(recipes.get("a").unwrap().clone()).unwrap().sessions(), ["user"]);

    let at = "/components/securitySchemes/a/x-signing";
    let cases = [
        (r#"{"use": "shard", "with": {}}"#, format!("{at}/use"), "did you mean `shared`?"),
        (r#"{"use": "shared"}"#, at.to_owned(), "`subject` of `shared` is not filled"),
        (
            r#"{"use": "shared", "with": {"subjekt": {"literal": ""}}}"#,
            format!("{at}/with/subjekt"),
            "did you mean `subject`?",
        ),
        (r#"{"use": "shared", "with": {"subject": {"key": "k2"}}}"#, format!("{at}/with/subject"), "is not text"),
        (r#"{"use": "shared", "with": {"subject": {"hash": "md5"}}}"#, format!("{at}/with/subject"), "a source is due"),
        (r#"{"use": "shared", "with": {"subject": {"session": "usr"}}}"#, at.to_owned(), "did you mean `user`?"),
        (
            r#"{"use": "shared", "with": {"subject": {"credential": "k"}}}"#,
            format!("{at}/with/subject"),
            "in another way before",
        ),
        (r#"{"use": "shared", "wiht": {"subject": {"literal": ""}}}"#, format!("{at}/wiht"), "did you mean `with`?"),
    ];
    for (scheme, pointer, part) in cases {
        let findings = components(&document(&format!("{{\"a\": {{\"x-signing\": {scheme}}}}}")));
        let found = findings.iter().any(|(at, message)| *at == pointer && message.contains(part));
        assert!(found, "{scheme}: {pointer} {part} in {findings:#?}");
    }
    // Nothing uses it, and it does not end in `give`.
    let findings = components(&document("{}"));
    assert!(
        findings
            .iter()
            .any(|(at, message)| at == "/components/x-signing-recipes/shared" && message.contains("no scheme uses"))
    );
}

#[test]
fn what_a_recipe_asks_for() {
    let checked = check(read(TOKEN).unwrap()).unwrap();
    let fields: Vec<(Text, CredentialKind)> =
        checked.credentials().into_iter().map(|field| (field.name, field.kind)).collect();
    assert_eq!(fields, [("application_id".into(), CredentialKind::Text), ("secret_key".into(), CredentialKind::Key)]);
    let arguments: Vec<(Text, bool)> =
        checked.arguments().into_iter().map(|field| (field.name, field.optional)).collect();
    assert_eq!(arguments, [("user_id".into(), false), ("renewal_url".into(), true)]);
    assert!(!checked.covers_body());
    assert!(check(read(CLUTCH).unwrap()).unwrap().covers_body());
}

#[test]
fn only_what_is_settable_is_set() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/recipes.json");
    let document = Value::from_json(&std::fs::read_to_string(path).unwrap()).unwrap();
    let recipes = recipes_from_components(&document).unwrap();
    let checked = check(recipes.get("appsmiles_user").unwrap().clone()).unwrap();
    let set = |options: SigningOptions| checked.with_options(&options).map(drop);
    assert_eq!(set(SigningOptions::new()), Ok(()));
    assert_eq!(
        set(SigningOptions::new().arrays("data_body", PhpArrays::Object).without_body("data_body", Some("{}".into()))),
        Ok(())
    );
    assert_eq!(set(SigningOptions::new().only("data_header", ["Accept", "X-Any"])), Ok(()));
    assert_eq!(
        set(SigningOptions::new().headers([("X-Token", parse_template("{token}").unwrap())]).body(None)),
        Ok(())
    );
    assert!(matches!(set(SigningOptions::new().only("data_body", ["A"])), Err(OptionError::NotSettable { .. })));
    assert!(matches!(set(SigningOptions::new().empty("data_body", None)), Err(OptionError::NotSettable { .. })));
    assert!(matches!(
        set(SigningOptions::new().arrays("data", PhpArrays::Object)),
        Err(OptionError::UnknownStep { .. })
    ));
    assert!(matches!(
        set(SigningOptions::new().query([("t", parse_template("{token}").unwrap())])),
        Err(OptionError::NotSettable { .. })
    ));
    // What is set must hold together, too.
    assert!(matches!(
        set(SigningOptions::new().only("data_header", ["Authorization"])),
        Err(OptionError::Check { .. })
    ));
    assert!(matches!(
        set(SigningOptions::new().headers([("X", parse_template("{x}").unwrap())])),
        Err(OptionError::Check { .. })
    ));
    let clutch = check(recipes.get("clutch").unwrap().clone()).unwrap();
    assert!(clutch.with_options(&SigningOptions::new().without_body("content_digest", None)).is_err());
}
