//! Powered by Cardlytics on stage: 4 operations, one scheme.

use super::report::{Expected, Report};
use super::screen::{Columns, Screen};
use super::stage::{Stage, with_header};
use crate::accounts::cardlytics::{APPLICATION_ID, SECRET, builder, verifier};
use crate::accounts::serve;
use crate::clock::Time;
use crate::provider::Provider;
use crate::verify::Received;
use anyhow::Result;
use cardlytics_client::types::*;
use cardlytics_client::{Client, Credentials, OPERATIONS};
use serde_json::json;

/// A token lives five minutes. Ten seconds inside and outside: the scheme counts whole seconds, and a demo
/// takes time.
const ALIVE_MS: i64 = -290_000;
const EXPIRED_MS: i64 = -310_000;
/// With its five minutes, such a clock makes a token that ends an hour ahead, or ten seconds beyond.
const AN_HOUR_MS: i64 = 55 * 60 * 1000;
const BEYOND_MS: i64 = AN_HOUR_MS + 10_000;
const CALLBACK: &str = "https://partner.example/callback?a=é&b=%2F";

pub(super) async fn run(time: &Time, columns: &Columns, report: &mut Report, screen: &mut dyn Screen) -> Result<()> {
    let provider = serve("cardlytics", verifier(), time).await?;
    let mut stage = Stage::new(&provider, columns, report, screen);
    let client = client(&provider, APPLICATION_ID, SECRET, 0)?;
    call_everything(&mut stage, &client).await;
    stage.compare_operations(OPERATIONS);
    stage.title("cardlytics: what the scheme notices");
    tamper(&mut stage, &client).await?;
    misuse(&mut stage).await?;
    stage.title("cardlytics: what it can't notice");
    exceed(&mut stage, &client).await
}

/// A client whose clock is this much ahead of the provider's.
fn client(provider: &Provider, application_id: &str, secret: &str, ahead_ms: i64) -> Result<Client> {
    let credentials = Credentials::new(application_id, secret);
    Ok(builder(provider).credentials(credentials).clock(provider.time().ahead(ahead_ms)).build()?)
}

async fn call_everything(stage: &mut Stage<'_>, client: &Client) {
    stage.json("notify_transaction", client.notify_transaction(&purchase())).await;
    stage.json("notify_transaction", client.notify_transaction(&full_transaction())).await;
    let validation = SandboxTokenValidation::new("a secret key", "a.b.c");
    stage.empty("validate_sandbox_token", client.validate_sandbox_token(&validation)).await;
    stage.json("send_sandbox_reward", client.send_sandbox_reward(&SandboxReward::new(CALLBACK))).await;
    let reward = SandboxReward::new(CALLBACK)
        .with_amount((1 << 53) + 1)
        .with_currency("USD")
        .with_event_id("0933ec8f-fa72-458d-a5fb-2399e74601b7")
        .with_event_type(RewardState::PayoutConfirmed)
        .with_icon("https://example.com/i.png")
        .with_last4("0001")
        .with_merchant("Café \u{1f600} \"quoted\"")
        .with_sandbox_client_cert_pem("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
        .with_transaction_id("t-1")
        .with_user_id("u-1");
    stage.json("send_sandbox_reward", client.send_sandbox_reward(&reward)).await;
    stage.json("send_sandbox_enrollment", client.send_sandbox_enrollment(&SandboxEnrollment::new(CALLBACK))).await;
    let enrollment = SandboxEnrollment::new(CALLBACK)
        .with_card_id("c-1")
        .with_card_last_four("0001")
        .with_event_id("0933ec8f-fa72-458d-a5fb-2399e74601b7")
        .with_event_type(SandboxEnrollmentType::Unenroll)
        .with_payment_network_id(PaymentNetwork::Mastercard)
        .with_user_id("u-1");
    stage.json("send_sandbox_enrollment", client.send_sandbox_enrollment(&enrollment)).await;
}

fn purchase() -> TransactionNotification {
    TransactionNotification::new(
        500,
        PaymentMethod::Credit,
        "pm-1",
        "Café \u{1f600}",
        "t-1",
        "2026-01-31T12:00:00.123456789+05:30",
        TransactionType::Authorized,
        "u-1",
    )
}

fn full_transaction() -> TransactionNotification {
    purchase()
        .with_ach_account_holder_name_encrypted("+/8AAQID")
        .with_ach_account_number_encrypted("+/8AAQID")
        .with_ach_account_type(AchAccountType::Savings)
        .with_ach_encryption_initialization_vector("7e947ed42da0d733")
        .with_ach_routing_number("091000022")
        .with_currency("USD")
        .with_last4("0001")
        .with_payment_method_billing_postal_code("75011")
        .with_payment_method_entry_type("APPLE_PAY")
        .with_payment_network_mcc("5812")
        .with_payment_network_merchant_address1("1 rue \"é\"")
        .with_payment_network_merchant_address2("b")
        .with_payment_network_merchant_city("Paris")
        .with_payment_network_merchant_country_code("FR")
        .with_payment_network_merchant_id("m-1")
        .with_payment_network_merchant_id_type("MID")
        .with_payment_network_merchant_postal_code("75011")
        .with_payment_network_merchant_state("IDF")
        .with_sandbox_callback_url(CALLBACK)
        .with_sandbox_client_cert_pem("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
        .with_sensitive_field_application_id("cdlx:00000000-0000-0000-0000-000000000000")
        .with_transaction_posting_timestamp("2026-02-01T00:00:00Z")
        .with_extra(json!({"paymentNetworkMerchantPostal": "75011"}).as_object().cloned().unwrap_or_default())
}

/// A request that was signed for a client, then changed on its way. The original is let through last: what
/// was refused was refused for the change.
async fn tamper(stage: &mut Stage<'_>, client: &Client) -> Result<()> {
    let signed = stage.catch(client.notify_transaction(&purchase())).await?;
    let body = String::from_utf8(signed.body.clone())?;
    let with_body = |body: String| Received { body: body.into_bytes(), ..signed.clone() };
    stage.attempt("the body changed", Expected::Refused, &with_body(body.replace("500", "501"))).await?;
    stage.attempt("a line feed after the body", Expected::Refused, &with_body(format!("{body}\n"))).await?;
    let other = stage.catch(client.send_sandbox_reward(&SandboxReward::new(CALLBACK))).await?;
    let changed = Received { headers: other.headers, ..signed.clone() };
    stage.attempt("the token of another request", Expected::Refused, &changed).await?;
    let token = client.cardlytics_user_experience("u-1").give()?;
    let changed = with_header(&signed, "authorization", &format!("Bearer {}", token.expose()))?;
    stage.attempt("a user-experience token", Expected::Refused, &changed).await?;
    stage.attempt("nothing changed", Expected::Accepted, &signed).await?;
    stage.attempt("the same again: its jti is used twice", Expected::Refused, &signed).await
}

/// Clients that hold the wrong things.
async fn misuse(stage: &mut Stage<'_>) -> Result<()> {
    for (change, application_id, secret, ahead_ms, expected) in [
        ("an exp that is past", APPLICATION_ID, SECRET, EXPIRED_MS, Expected::Refused),
        ("an exp a little before that", APPLICATION_ID, SECRET, ALIVE_MS, Expected::Accepted),
        ("an exp more than an hour ahead", APPLICATION_ID, SECRET, BEYOND_MS, Expected::Refused),
        ("an exp an hour ahead", APPLICATION_ID, SECRET, AN_HOUR_MS, Expected::Accepted),
        ("a wrong secret", APPLICATION_ID, "another secret", 0, Expected::Refused),
        ("another application id (iss)", "dosh:dddddddd-dddd-dddd-dddd-dddddddddddd", SECRET, 0, Expected::Refused),
    ] {
        let client = client(stage.provider, application_id, secret, ahead_ms)?;
        stage.attempt_call(change, expected, client.send_sandbox_reward(&SandboxReward::new(CALLBACK))).await?;
    }
    Ok(())
}

/// What no claim of this scheme covers. Each try is a request of its own: an id counts once.
async fn exceed(stage: &mut Stage<'_>, client: &Client) -> Result<()> {
    let reward = SandboxReward::new(CALLBACK);
    let signed = stage.catch(client.send_sandbox_reward(&reward)).await?;
    let changed = Received { target: "/api/notify-enrollment/test".to_owned(), ..signed };
    stage.attempt("the path changed", Expected::NotCovered, &changed).await?;
    let signed = stage.catch(client.send_sandbox_reward(&reward)).await?;
    let changed = Received { target: format!("{}?x=1", signed.target), ..signed };
    stage.attempt("a query added", Expected::NotCovered, &changed).await?;
    let signed = stage.catch(client.send_sandbox_reward(&reward)).await?;
    let changed = Received { method: "PUT".to_owned(), ..signed };
    stage.attempt("the HTTP method changed (POST to PUT)", Expected::NotCovered, &changed).await?;
    let signed = stage.catch(client.send_sandbox_reward(&reward)).await?;
    let changed = with_header(&signed, "content-type", "text/plain")?;
    stage.attempt("another header changed (Content-Type)", Expected::NotCovered, &changed).await
}
