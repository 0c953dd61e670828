//! Attacks on a webhook receiver as a table of named cases, each at three levels.

mod cases;
mod header;
mod pure;
mod replay;
mod table;
mod wire;

use cardlytics_client::webhooks::{Receiver, RewardWebhook};
use countersign_auth::vectors::{VectorFile, run};
use countersign_auth::{Credentials, SignableBody, SignableRequest, UnixTime, check};
use countersign_tests::{forge, mutations};
use http::HeaderMap;
use std::collections::BTreeSet;
use table::Verdict;

/// What the table must hold at least, without the cases that only change one bit or character.
const FLOOR: usize = 300;

#[test]
fn the_table_is_large_and_its_names_are_its_own() {
    let table = cases::all();
    println!("{:<22} {:>6} {:>9}", "class", "lawful", "forbidden");
    let (mut lawful, mut forbidden) = (0, 0);
    for (class, (good, bad)) in table.by_class() {
        println!("{class:<22} {good:>6} {bad:>9}");
        lawful += good;
        forbidden += bad;
    }
    println!("{:<22} {lawful:>6} {forbidden:>9}", "all");
    println!("{:<22} {:>6} stories of several requests", "replay", replay::count());
    let hand_made = table.cases.iter().filter(|case| !case.class.contains("one ")).count();
    assert!(hand_made >= FLOOR, "{hand_made}");
    let names: BTreeSet<_> = table.cases.iter().map(|case| (case.class, &case.name)).collect();
    assert_eq!(names.len(), table.cases.len(), "two cases have one name");
}

#[test]
fn pure_level() {
    let table = cases::all();
    let mut wrong = Vec::new();
    let mut faces = BTreeSet::new();
    for case in &table.cases {
        let verified = pure::verify(case);
        assert!(verified.is_some() || !case.verdict.pure(), "{} can't be built", case.name);
        let accepted = matches!(verified, Some(Ok(())));
        if accepted != case.verdict.pure() {
            wrong.push(format!("{}: {} ({:?})", case.class, case.name, case.verdict));
        }
        faces.extend(verified.and_then(Result::err));
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), table.cases.len(), wrong.join("\n"));
    assert_eq!(faces.len(), 1, "one face for all refusals: {faces:?}");
}

#[tokio::test]
async fn header_level() {
    let table = cases::all();
    let mut wrong = Vec::new();
    let mut faces = BTreeSet::new();
    for case in &table.cases {
        let Some(answer) = header::handle(case).await else {
            assert!(case.verdict == Verdict::Unsendable, "{} can't be built", case.name);
            continue;
        };
        let expected = (case.verdict.status(), usize::from(case.verdict.status() == 200), case.verdict.status() == 200);
        if (answer.status, answer.runs, answer.verified) != expected {
            wrong.push(format!("{}: {} ({:?}): {}", case.class, case.name, case.verdict, answer.status));
        }
        if answer.status == 401 {
            faces.insert(answer.seen);
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), table.cases.len(), wrong.join("\n"));
    assert_eq!(faces.len(), 1, "one face for all refusals");
}

#[tokio::test]
async fn extractor_level() {
    let table = cases::all();
    let server = wire::serve(&table.cases).await;
    let mut wrong = Vec::new();
    let mut faces = BTreeSet::new();
    for (index, case) in table.cases.iter().enumerate() {
        let answer = server.send(index, case).await;
        let good = match case.verdict.wire_status() {
            Some(status) => answer.status == Some(status) && answer.runs == usize::from(status == 200),
            None => answer.status.is_none_or(|status| status >= 400) && answer.runs == 0,
        };
        if !good {
            wrong.push(format!("{}: {} ({:?}): {:?}", case.class, case.name, case.verdict, answer.status));
        }
        if answer.status == Some(401) {
            faces.insert(answer.seen);
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), table.cases.len(), wrong.join("\n"));
    assert_eq!(
        faces.len(),
        1,
        "one face for all refusals: {:?}",
        faces.iter().map(|face| String::from_utf8_lossy(face)).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn replay_stories() {
    let wrong = replay::run().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    replay::while_handled().await;
}

/// The provider's printed token, at its own time.
#[test]
fn the_printed_token_verifies() {
    const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJkb3NoOmRkZGRkZGRkLWRkZGQtZGRkZC1kZGRkLWRkZGRkZGRkZGRkZCIsInN1YiI6IjdmMTZkY2Y2OGVjMWYwZDFkZDZjMzE2NWE1NWJhNWRiIiwiZXhwIjoxNTkwNTk4Mjc2LCJqdGkiOiJlZWVlZWVlZS1mZmZmLWVlZWUtZmZmZi1lZWVlZWVlZWVlZWUifQ.RNDSifWcP5IMcmYybeh4cSBz8fBpOXYlpIKdtaUVTfw";
    let credentials = Credentials::new()
        .text("application_id", "dosh:dddddddd-dddd-dddd-dddd-dddddddddddd")
        .key("secret_key", "your-256-bit-secret");
    let receiver =
        check(cardlytics_client::recipes::CARDLYTICS).expect("a recipe").prepare(&credentials).expect("fits");
    let value = format!("Bearer {TOKEN}").parse().expect("a header takes it");
    let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]);
    let verify = |body: &[u8], seconds| {
        let body = SignableBody::Bytes(body);
        let request = SignableRequest { method: "POST", base: "", target: "/", headers: &headers, body };
        receiver.verify(&request, UnixTime::from_secs(seconds))
    };
    // Its subject is the digest of the sample body with a line feed behind it.
    let body = b"{\"example\":\"value\"}\n";
    let verified = verify(body, 1_590_598_275).expect("the printed token");
    assert_eq!(verified.single_use().collect::<Vec<_>>(), [("nonce", "eeeeeeee-ffff-eeee-ffff-eeeeeeeeeeee")]);
    assert!(verify(body, 1_590_598_276 - 3600).is_ok());
    assert!(verify(body, 1_590_598_276).is_err(), "its time is over");
    assert!(verify(body, 1_590_598_275 - 3600).is_err(), "its time is too far ahead");
    assert!(verify(b"{\"example\":\"value\"}", 1_590_598_275).is_err(), "the digest that is printed beside it");
}

#[test]
fn the_provider_s_vectors_hold() {
    let file = VectorFile::parse(include_str!("../../../specs/cardlytics/vectors.json")).expect("a vector file");
    let recipes = [cardlytics_client::recipes::CARDLYTICS, cardlytics_client::recipes::CARDLYTICS_USER_EXPERIENCE];
    let outcomes = run(&file, &recipes);
    assert_eq!(outcomes.len(), 19);
    let failed: Vec<_> = outcomes.iter().filter(|outcome| !outcome.passed()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn random_mutations() {
    let receiver = forge::receiver(&[forge::SECRET], 0);
    let receiving = Receiver::<RewardWebhook>::builder()
        .credentials(forge::credentials(&[forge::SECRET]))
        .clock(header::SetClock::at(forge::NOW.as_millis()))
        .build()
        .expect("the settings fit");
    let tally = mutations::run(2, 20_000, |request| {
        let body = SignableBody::Bytes(request.body());
        let headers = request.headers();
        let signable = SignableRequest { method: "POST", base: "", target: "/hooks/cardlytics", headers, body };
        let accepted = receiver.verify(&signable, forge::NOW).is_ok();
        // Verified, and an event; the pool's bodies are not all events.
        assert!(accepted || receiving.verify(request).is_err_and(|rejection| rejection.status() == 401));
        accepted
    });
    println!("{tally}");
    assert!(tally.is_good());
}
