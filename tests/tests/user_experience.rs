//! The token for Cardlytics' SDK and web experience: made by the client, not by a call.

use cardlytics_client::recipes::{CARDLYTICS, CARDLYTICS_USER_EXPERIENCE};
use cardlytics_client::{Client, ClientBuilder, Credentials};
use countersign_auth::vectors::{Outcome, VectorFile, run};
use countersign_auth::{Clock, Random, RandomError, UnixTime};
use countersign_tests::vectors;
use countersign_tests::verify::Verifier as _;
use countersign_tests::verify::cardlytics::{Cardlytics, UserExperience};
use http::{HeaderMap, HeaderValue};
use serde_json::Value;

const APPLICATION_ID: &str = "cdlx:\"quoted\" é\u{1f511}";
const SECRET: &str = "not hex, not base64: é";
const NOW_S: i64 = 1_767_323_045;
const NOW_MS: u64 = 1_767_323_045_678;

#[derive(Debug)]
struct At(i64);

impl Clock for At {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0)
    }
}

/// The same bytes at each draw.
#[derive(Debug)]
struct Same([u8; 16]);

impl Random for Same {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = self.0[index % 16];
        }
        Ok(())
    }
}

fn builder() -> ClientBuilder {
    Client::builder().credentials(Credentials::new(APPLICATION_ID, SECRET)).clock(At(NOW_S))
}

#[test]
fn vectors_of_the_recipe() {
    let text = std::fs::read_to_string(vectors::file("cardlytics")).expect("vectors");
    let file = VectorFile::parse(&text).expect("vectors");
    let outcomes = run(&file, &[CARDLYTICS_USER_EXPERIENCE, CARDLYTICS]);
    let ours = outcomes.into_iter().filter(|case| case.name.starts_with("user-experience-")).collect::<Vec<_>>();
    assert_eq!(ours.len(), 2);
    for case in ours {
        assert!(matches!(case.outcome, Outcome::Passed), "{}: {:?}", case.name, case.outcome);
    }
}

/// With the vector's time and random bytes, the client gives the vector's token to the letter.
#[test]
fn the_client_gives_the_vector() {
    let text = std::fs::read_to_string(vectors::file("cardlytics")).expect("vectors");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let case = file["vectors"].as_array().expect("cases").iter().find(|case| case["name"] == "user-experience-renewal");
    let case = case.expect("the case");
    let input = |pointer: &str| case["input"].pointer(pointer).and_then(Value::as_str).expect("a text");
    let expires: i64 = input("/values/expires").parse().expect("a time");
    let nonce: Vec<u8> = input("/values/nonce").replace('-', "").into_bytes();
    let byte = |at: usize| {
        u8::from_str_radix(std::str::from_utf8(&nonce[2 * at..2 * at + 2]).expect("text"), 16).expect("hex")
    };
    let client = Client::builder()
        .credentials(Credentials::new(input("/credentials/application_id"), input("/credentials/secret_key")))
        .clock(At(expires - 300))
        .random(Same(std::array::from_fn(byte)))
        .build()
        .expect("a client");
    let token =
        client.cardlytics_user_experience(input("/arguments/user_id")).renewal_url(input("/arguments/renewal_url"));
    assert_eq!(token.give().expect("a token").expose(), case["expected"]["give"]);
}

#[test]
fn the_independent_verifier_takes_it() {
    let client = builder().build().expect("a client");
    let mut verifier = Cardlytics::new(APPLICATION_ID, SECRET);
    for (user_id, renewal_url) in [
        ("00000000-0000-0000-0000-000000000001", None),
        ("user \"1\" \\ é\u{1f600}", Some("https://partner.example/renew?x=1&é=\"/")),
    ] {
        let mut token = client.cardlytics_user_experience(user_id);
        if let Some(url) = renewal_url {
            token = token.renewal_url(url);
        }
        let expected = UserExperience { user_id: user_id.to_owned(), renewal_url: renewal_url.map(str::to_owned) };
        let first = token.give().expect("a token");
        assert_eq!(verifier.user_experience(first.expose(), NOW_MS), Ok(expected.clone()));
        // Each one is new, and each is good once.
        let second = token.give().expect("a token");
        assert_eq!(verifier.user_experience(second.expose(), NOW_MS), Ok(expected));
        assert_eq!(verifier.user_experience(second.expose(), NOW_MS), Err("jti was used before".to_owned()));
        assert!(!format!("{second:?}").contains(second.expose()), "a token is a credential");
    }
}

#[test]
fn what_is_not_such_a_token_is_refused() {
    let client = builder().build().expect("a client");
    let token = client.cardlytics_user_experience("u-1").give().expect("a token");
    let judge =
        |secret: &str, now_ms: u64| Cardlytics::new(APPLICATION_ID, secret).user_experience(token.expose(), now_ms);
    assert!(judge(SECRET, NOW_MS + 299_000).is_ok());
    assert_eq!(judge(SECRET, NOW_MS + 300_000), Err("exp is past".to_owned()));
    assert_eq!(judge("another", NOW_MS), Err("the signature does not fit".to_owned()));
    assert!(Cardlytics::new("another", SECRET).user_experience(token.expose(), NOW_MS).is_err());

    // It is no substitute for a request's token, which covers the body.
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {}", token.expose())).expect("a value"));
    let request = countersign_tests::verify::Received {
        method: "POST".to_owned(),
        target: "/webhook/transactions".to_owned(),
        headers,
        body: b"{}".to_vec(),
    };
    let verdict = Cardlytics::new(APPLICATION_ID, SECRET).verify("cardlytics", &request, NOW_MS);
    assert_eq!(verdict, Err("sub is not the MD5 of the body".to_owned()));

    let unknown = Client::builder().build().expect("a client without credentials");
    assert!(unknown.cardlytics_user_experience("u-1").give().is_err());
}
