//! Every attempt is signed anew: a retrying middleware above the signing one, two failures, one success.

use countersign_runtime::Sensitive;
use countersign_tests::accounts::{appsmiles, cardlytics, clevertap, clutch, serve};
use countersign_tests::clock::Time;
use countersign_tests::exact::Exact;
use countersign_tests::provider::{Exchange, Instead, Provider};
use countersign_tests::verify::appsmiles::Choices;
use countersign_tests::verify::{Verdict, Verifier, jwt, verdict};
use reqwest_retry::{RetryDecision, RetryPolicy, RetryTransientMiddleware};
use std::collections::BTreeSet;
use std::time::SystemTime;

/// Three attempts, one right after the other.
struct AtOnce;

impl RetryPolicy for AtOnce {
    fn should_retry(&self, _started: SystemTime, past_retries: u32) -> RetryDecision {
        if past_retries < 2 {
            RetryDecision::Retry { execute_after: SystemTime::UNIX_EPOCH }
        } else {
            RetryDecision::DoNotRetry
        }
    }
}

fn three_attempts() -> RetryTransientMiddleware<AtOnce> {
    RetryTransientMiddleware::new_with_policy(AtOnce)
}

/// A provider that fails twice. Clients move its time on with each reading of their clock.
async fn failing_twice(provider: &str, verifier: impl Verifier + 'static) -> Provider {
    let provider = serve(provider, verifier, &Time::manual()).await.expect("a port");
    for _ in 0..2 {
        provider.next(Instead::Status(503));
    }
    provider
}

/// The three attempts of one call, each accepted by the verifier.
fn attempts(provider: &Provider) -> Vec<Exchange> {
    let exchanges = provider.take();
    assert_eq!(exchanges.iter().map(|exchange| exchange.answer.status).collect::<Vec<_>>(), [503, 503, 200]);
    assert!(exchanges.iter().all(|exchange| exchange.verdict == Some(Verdict::Verified)), "{exchanges:#?}");
    assert!(exchanges.iter().all(|exchange| exchange.problems.is_empty()), "{exchanges:#?}");
    exchanges
}

#[tokio::test]
async fn clutch_three_attempts_have_three_ids_times_and_signatures() {
    let provider = failing_twice("clutch", clutch::verifier()).await;
    let builder = clutch::builder(&provider).clock(provider.time().stepping(1000)).middleware(three_attempts());
    let client = builder.build().expect("a client");
    let profile = client.get_profile(&Sensitive::from("tok/1")).await.expect("the third attempt is answered");
    assert_eq!(profile.status(), 200);

    let exchanges = attempts(&provider);
    for header in ["x-request-id", "x-request-time", "x-signature"] {
        assert_eq!(different(&exchanges, header).len(), 3, "{header}");
    }
    let times: Vec<u64> =
        different(&exchanges, "x-request-time").iter().map(|time| time.parse().expect("a time")).collect();
    assert_eq!([times[1] - times[0], times[2] - times[1]], [1000, 1000], "each attempt reads the clock once");
    assert_eq!(different(&exchanges, "x-application-key").len(), 1);
}

#[tokio::test]
async fn clutch_a_failure_that_stays_is_an_error_after_three_attempts() {
    let provider = failing_twice("clutch", clutch::verifier()).await;
    provider.next(Instead::Status(503));
    let builder = clutch::builder(&provider).clock(provider.time().stepping(1000)).middleware(three_attempts());
    let client = builder.build().expect("a client");
    let error = client.list_fields().await.expect_err("all attempts fail");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(503));
    let exchanges = provider.take();
    assert_eq!(exchanges.len(), 3);
    assert_eq!(different(&exchanges, "x-signature").len(), 3);
}

#[tokio::test]
async fn cardlytics_three_attempts_have_three_jti() {
    let provider = failing_twice("cardlytics", cardlytics::verifier()).await;
    let builder = cardlytics::builder(&provider).clock(provider.time().stepping(1000)).middleware(three_attempts());
    let client = builder.build().expect("a client");
    let reward = cardlytics_client::types::SandboxReward::new("https://partner.example/callback");
    let response = client.send_sandbox_reward(&reward).await.expect("the third attempt is answered");
    assert_eq!(response.status(), 200);

    let exchanges = attempts(&provider);
    let claims: Vec<Exact> = exchanges.iter().map(|exchange| claims(exchange, cardlytics::SECRET)).collect();
    let ids: BTreeSet<_> = claims.iter().map(|claims| text(claims, "jti")).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
    assert_eq!(steps(&claims, "exp"), [1, 1]);
    assert_eq!(claims.iter().map(|claims| text(claims, "sub")).collect::<BTreeSet<_>>().len(), 1, "the same body");
}

/// The second attempt comes 200 seconds after the first, the third another 200 later: beyond the five minutes
/// in which the first one's token is good.
#[tokio::test]
async fn appsmiles_three_attempts_take_iat_anew() {
    let provider = failing_twice("appsmiles", appsmiles::verifier(Choices::default())).await;
    let builder = appsmiles::builder(&provider).clock(provider.time().stepping(200_000)).middleware(three_attempts());
    let client = builder.build().expect("a client").user(appsmiles::USER_TOKEN);
    let request = appsmiles_client::types::LanguageRequest::new().with_lang("fr");
    let response = client.list_gifts().body(&request).await.expect("the third attempt is answered");
    assert_eq!(response.status(), 200);

    let exchanges = attempts(&provider);
    let claims: Vec<Exact> = exchanges.iter().map(|exchange| claims(exchange, appsmiles::SECRET)).collect();
    assert_eq!(steps(&claims, "iat"), [200, 200]);
    assert_eq!(exchanges.iter().map(|exchange| &exchange.request.body).collect::<BTreeSet<_>>().len(), 1);

    // The counter-check: at the end, the first attempt's token is refused, the second one's is not.
    let mut verifier = appsmiles::verifier(Choices::default());
    let mut judge = |index: usize| {
        let security = [vec!["appsmiles_user".to_owned()]];
        verdict(&mut verifier, &security, &exchanges[index].request, provider.time().now_ms())
    };
    assert_eq!(judge(0), Verdict::Refused("iat is more than five minutes away".to_owned()));
    assert_eq!(judge(1), Verdict::Verified);
}

/// What signs nothing has nothing to renew: the same two headers each time, once each.
#[tokio::test]
async fn clevertap_three_attempts_carry_the_credentials() {
    let provider = failing_twice("clevertap", clevertap::verifier()).await;
    let builder = clevertap::builder(&provider).clock(provider.time().stepping(1000)).middleware(three_attempts());
    let client = builder.build().expect("a client");
    let response = client.check_customer("adjust").await.expect("the third attempt is answered");
    assert_eq!(response.status(), 200);

    let exchanges = attempts(&provider);
    for header in ["x-clevertap-account-id", "x-clevertap-passcode"] {
        assert_eq!(different(&exchanges, header).len(), 1, "{header}");
    }
}

/// The different values of a header that stands once in each request.
fn different(exchanges: &[Exchange], header: &str) -> BTreeSet<String> {
    exchanges.iter().map(|exchange| once(exchange, header)).collect()
}

fn once(exchange: &Exchange, header: &str) -> String {
    let values: Vec<_> = exchange.request.headers.get_all(header).iter().collect();
    assert_eq!(values.len(), 1, "{header} stands once");
    values[0].to_str().expect("text").to_owned()
}

fn claims(exchange: &Exchange, secret: &str) -> Exact {
    let value = once(exchange, "authorization");
    jwt::open(value.strip_prefix("Bearer ").expect("a bearer"), secret.as_bytes()).expect("claims")
}

fn text<'a>(claims: &'a Exact, name: &str) -> &'a str {
    claims.get(name).and_then(Exact::text).expect("a text")
}

/// How far a time moves from attempt to attempt, in seconds.
fn steps(claims: &[Exact], name: &str) -> Vec<i64> {
    let times: Vec<i64> =
        claims.iter().map(|claims| claims.get(name).and_then(Exact::integer).expect("a time")).collect();
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}
