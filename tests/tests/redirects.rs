//! Credentials never cross an origin: a redirect ends the call, and the other origin hears nothing.

use countersign_tests::accounts::{appsmiles, cardlytics, clevertap, clutch, serve};
use countersign_tests::clock::Time;
use countersign_tests::demo::Answered;
use countersign_tests::provider::{Instead, Provider};
use countersign_tests::verify::appsmiles::Choices;
use countersign_tests::verify::{Received, Verdict, Verifier};
use countersign_tests::witness::Witness;

const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

async fn provider(provider: &str, verifier: impl Verifier + 'static) -> Provider {
    serve(provider, verifier, &Time::manual()).await.expect("a port")
}

/// The usual client, and the caller's own one, which follows redirects so far as the builder lets it.
fn clients() -> [reqwest::ClientBuilder; 2] {
    [reqwest::Client::builder(), reqwest::Client::builder().redirect(reqwest::redirect::Policy::limited(5))]
}

/// Calls once for each status; each time the provider sends the request elsewhere.
async fn stays<T, E, C>(provider: &Provider, headers: &[&str], call: impl Fn() -> C)
where
    C: IntoFuture<Output = Answered<T, E>>,
{
    for status in REDIRECTS {
        let other = Witness::start().await.expect("a port");
        provider.next(Instead::Redirect(status, other.url("/elsewhere")));
        let Err(error) = call().await else { panic!("{status}: a redirect is no answer") };
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status), "{error}");

        let came = provider.take();
        assert!(came.len() == 1 && came[0].verdict == Some(Verdict::Verified), "{came:#?}");
        assert!(headers.iter().all(|header| came[0].request.headers.contains_key(*header)), "{came:#?}");
        assert_eq!(other.heard(), Vec::<String>::new(), "{status}: the other origin heard something");
    }
}

#[tokio::test]
async fn clutch_credentials_stay_with_their_origin() {
    let provider = provider("clutch", clutch::verifier()).await;
    let headers = ["x-application-key", "x-request-id", "x-request-time", "x-signature"];
    for http in clients() {
        let client = clutch::builder(&provider).reqwest(http).build().expect("a client");
        stays(&provider, &headers, || client.list_subscription_lists()).await;
        let event = clutch_client::types::RegisterEventRequest::new("category", "a user token");
        stays(&provider, &headers, || client.register_event(&event)).await;
    }
}

#[tokio::test]
async fn clevertap_credentials_stay_with_their_origin() {
    let provider = provider("clevertap", clevertap::verifier()).await;
    let headers = ["x-clevertap-account-id", "x-clevertap-passcode"];
    for http in clients() {
        let client = clevertap::builder(&provider).reqwest(http).build().expect("a client");
        stays(&provider, &headers, || client.get_events_page("a cursor")).await;
        let campaign = clevertap_client::types::CampaignRequest::new(1);
        stays(&provider, &headers, || client.stop_campaign(&campaign)).await;
    }
}

#[tokio::test]
async fn appsmiles_credentials_stay_with_their_origin() {
    let provider = provider("appsmiles", appsmiles::verifier(Choices::default())).await;
    for http in clients() {
        let client = appsmiles::builder(&provider).reqwest(http).build().expect("a client");
        stays(&provider, &["authorization"], || client.get_program()).await;
        let user = client.user(appsmiles::USER_TOKEN);
        let action = appsmiles_client::types::ActionRequest::new("tag");
        stays(&provider, &["authorization"], || user.store_action(&action)).await;
        let backend = client.backend(appsmiles::SERVICE_TOKEN);
        stays(&provider, &["authorization"], || backend.list_users()).await;
    }
}

#[tokio::test]
async fn cardlytics_credentials_stay_with_their_origin() {
    let provider = provider("cardlytics", cardlytics::verifier()).await;
    for http in clients() {
        let client = cardlytics::builder(&provider).reqwest(http).build().expect("a client");
        let validation = cardlytics_client::types::SandboxTokenValidation::new("a secret key", "a.b.c");
        stays(&provider, &["authorization"], || client.validate_sandbox_token(&validation)).await;
        let reward = cardlytics_client::types::SandboxReward::new("https://partner.example/callback");
        stays(&provider, &["authorization"], || client.send_sandbox_reward(&reward)).await;
    }
}

/// The counter-check: a client that does follow is heard, with what must not travel. `Authorization` is kept
/// back by reqwest itself, but not the body, and here that is a secret, too.
#[tokio::test]
async fn a_plain_client_carries_them_away() {
    let clutch_provider = provider("clutch", clutch::verifier()).await;
    let client = clutch::builder(&clutch_provider).build().expect("a client");
    clutch_provider.next(Instead::Lose);
    assert!(client.list_fields().await.is_err());
    let heard = carried_away(&clutch_provider).await;
    assert!(heard.contains("x-signature") && heard.contains("x-application-key"), "{heard}");

    let clevertap_provider = provider("clevertap", clevertap::verifier()).await;
    let client = clevertap::builder(&clevertap_provider).build().expect("a client");
    clevertap_provider.next(Instead::Lose);
    assert!(client.get_events_page("a cursor").await.is_err());
    let heard = carried_away(&clevertap_provider).await;
    assert!(heard.contains("x-clevertap-passcode") && heard.contains(clevertap::PASSCODE), "{heard}");

    let cardlytics_provider = provider("cardlytics", cardlytics::verifier()).await;
    let client = cardlytics::builder(&cardlytics_provider).build().expect("a client");
    cardlytics_provider.next(Instead::Lose);
    let validation = cardlytics_client::types::SandboxTokenValidation::new("a secret key", "a.b.c");
    assert!(client.validate_sandbox_token(&validation).await.is_err());
    let heard = carried_away(&cardlytics_provider).await;
    assert!(heard.contains("a secret key") && !heard.contains("authorization"), "{heard}");
}

/// What another origin hears when a plain client sends the request that the provider did not look at.
async fn carried_away(provider: &Provider) -> String {
    let Received { method, target, mut headers, body } = provider.take().pop().expect("a request").request;
    let other = Witness::start().await.expect("a port");
    provider.next(Instead::Redirect(307, other.url("/elsewhere")));
    headers.remove("content-length");
    let plain =
        reqwest::Client::new().request(method.parse().expect("a method"), format!("{}{target}", provider.base_url()));
    let status = plain.headers(headers).body(body).send().await.expect("an answer").status();
    assert_eq!(status, 200);
    let mut heard = other.heard();
    assert_eq!(heard.len(), 1);
    heard.remove(0)
}
