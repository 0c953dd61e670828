//! Clutch on stage: 13 operations, one scheme.

use super::report::{Expected, Report};
use super::screen::{Columns, Screen};
use super::stage::{Stage, with_header};
use crate::accounts::clutch::{KEY, SECRET, builder, verifier};
use crate::accounts::serve;
use crate::clock::Time;
use crate::provider::Provider;
use crate::verify::Received;
use anyhow::{Context as _, Result};
use clutch_client::types::{
    DemographicsUpdateRequest, GetTokenRequest, PushTokenType, PushTokenUpdateRequest, RegisterEventRequest,
    RegisterRequest, SubscriptionListUpdateRequest,
};
use clutch_client::{Client, Credentials, OPERATIONS};
use countersign_runtime::Sensitive;
use std::collections::BTreeMap;

const FOUR_MINUTES_59: i64 = 299_000;
const FIVE_MINUTES_1: i64 = 301_000;

pub(super) async fn run(time: &Time, columns: &Columns, report: &mut Report, screen: &mut dyn Screen) -> Result<()> {
    let provider = serve("clutch", verifier(), time).await?;
    let mut stage = Stage::new(&provider, columns, report, screen);
    let client = client(&provider, KEY, SECRET, 0)?;
    call_everything(&mut stage, &client).await;
    stage.compare_operations(OPERATIONS);
    stage.title("clutch: what the scheme notices");
    tamper(&mut stage, &client).await?;
    misuse(&mut stage).await?;
    stage.title("clutch: what it can't notice");
    exceed(&mut stage, &client).await
}

/// A client whose clock is this much ahead of the provider's.
fn client(provider: &Provider, key: &str, secret: &str, ahead_ms: i64) -> Result<Client> {
    Ok(builder(provider).credentials(Credentials::new(key, secret)).clock(provider.time().ahead(ahead_ms)).build()?)
}

async fn call_everything(stage: &mut Stage<'_>, client: &Client) {
    // A token with everything that must be encoded in a path.
    let token = Sensitive::from("tok/1 %+é?#\u{1f600}");
    let fields = BTreeMap::from([("firstName".to_owned(), "Zoë \"Z\" \\ \u{1f600}".to_owned())]);

    stage.empty("check_health", client.check_health()).await;
    stage.json("list_subscription_lists", client.list_subscription_lists()).await;
    stage.json("list_fields", client.list_fields()).await;
    stage.json("get_captcha", client.get_captcha()).await;
    stage.binary("show_captcha", client.show_captcha("cap/1 é")).await;
    let registration = RegisterRequest::new("cap-1", "aBcDe", fields.clone(), fields.clone());
    stage.json("register_card", client.register_card(&registration)).await;
    let login = GetTokenRequest::new("cap-2", "aBcDe", "6000000000000001").with_pin("1234");
    stage.json("get_token", client.get_token(&login)).await;
    stage.json("release_token", client.release_token(&token)).await;
    let demographics = DemographicsUpdateRequest::new(fields.clone(), fields, token.clone());
    stage.json("update_demographics", client.update_demographics(&demographics)).await;
    let event = RegisterEventRequest::new("category-7", token.clone());
    stage.json("register_event", client.register_event(&event)).await;
    stage.json("update_opt_in_status", client.update_opt_in_status(&opt_in())).await;
    let push_token = PushTokenUpdateRequest::new("a1b2c3", PushTokenType::Apns, token.clone());
    stage.json("update_push_token", client.update_push_token(&push_token)).await;
    stage.json("get_profile", client.get_profile(&token)).await;
}

fn opt_in() -> SubscriptionListUpdateRequest {
    SubscriptionListUpdateRequest::new("tok-1")
        .with_global_opt_in(true)
        .with_new_opt_in(false)
        .with_subscription_list_id("news")
}

/// A request that was signed for a client, then changed on its way. The original is let through last: what
/// was refused was refused for the change.
async fn tamper(stage: &mut Stage<'_>, client: &Client) -> Result<()> {
    let signed = stage.catch(client.update_opt_in_status(&opt_in())).await?;
    let body = String::from_utf8(signed.body.clone())?.replacen("true", "false", 1);
    let changed = Received { body: body.into_bytes(), ..signed.clone() };
    stage.attempt("the body changed", Expected::Refused, &changed).await?;
    let changed = Received { target: "/profile/event".to_owned(), ..signed.clone() };
    stage.attempt("the path changed", Expected::Refused, &changed).await?;
    let changed = Received { target: format!("{}?x=1", signed.target), ..signed.clone() };
    stage.attempt("a query added", Expected::Refused, &changed).await?;
    let later = signed.headers.get("x-request-time").and_then(|time| time.to_str().ok()?.parse::<u64>().ok());
    let later = later.context("no time was sent")? + 1;
    stage
        .attempt("the time changed", Expected::Refused, &with_header(&signed, "x-request-time", &later.to_string())?)
        .await?;
    let id = "0933ec8f-fa72-458d-a5fb-2399e74601b7";
    stage.attempt("the id changed", Expected::Refused, &with_header(&signed, "x-request-id", id)?).await?;
    stage.attempt("nothing changed", Expected::Accepted, &signed).await?;
    stage.attempt("the same again: its id is used twice", Expected::Refused, &signed).await
}

/// Clients that hold the wrong things.
async fn misuse(stage: &mut Stage<'_>) -> Result<()> {
    for (change, key, secret, ahead_ms, expected) in [
        ("a time of five minutes and a second ago", KEY, SECRET, -FIVE_MINUTES_1, Expected::Refused),
        ("a time a second short of that", KEY, SECRET, -FOUR_MINUTES_59, Expected::Accepted),
        ("a time five minutes and a second ahead", KEY, SECRET, FIVE_MINUTES_1, Expected::Refused),
        ("a wrong secret", KEY, "another secret", 0, Expected::Refused),
        ("an unknown application key", "brand-key-2", SECRET, 0, Expected::Refused),
    ] {
        let client = client(stage.provider, key, secret, ahead_ms)?;
        stage.attempt_call(change, expected, client.list_fields()).await?;
    }
    Ok(())
}

/// What no signature of this scheme covers.
async fn exceed(stage: &mut Stage<'_>, client: &Client) -> Result<()> {
    let signed = stage.catch(client.update_opt_in_status(&opt_in())).await?;
    let changed = Received { method: "PUT".to_owned(), ..signed };
    stage.attempt("the HTTP method changed (POST to PUT)", Expected::NotCovered, &changed).await?;
    let signed = stage.catch(client.update_opt_in_status(&opt_in())).await?;
    let changed = with_header(&signed, "content-type", "text/plain")?;
    stage.attempt("another header changed (Content-Type)", Expected::NotCovered, &changed).await
}
