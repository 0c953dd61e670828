//! App's Miles on stage: 21 operations, three schemes that differ in whose token they carry.

use super::report::{Expected, Report};
use super::screen::{Columns, Screen};
use super::stage::{Stage, with_header};
use crate::accounts::appsmiles::{PARTNER_ID, SECRET, SERVICE_TOKEN, USER_TOKEN, builder, verifier};
use crate::accounts::serve;
use crate::clock::Time;
use crate::provider::Provider;
use crate::verify::Received;
use crate::verify::appsmiles::Choices;
use anyhow::Result;
use appsmiles_client::types::*;
use appsmiles_client::{BackendClient, Client, Credentials, OPERATIONS, UserClient};
use serde_json::json;

/// Ten seconds inside and outside of five minutes: the scheme counts whole seconds, and a demo takes time.
const INSIDE_MS: i64 = 290_000;
const OUTSIDE_MS: i64 = 310_000;
/// What PHP escapes, and what it does not.
const HOSTILE: &str = "https://a/b?é=\u{1f600}\u{2028}\u{7f}<>&'\"\\\n";

pub(super) async fn run(time: &Time, columns: &Columns, report: &mut Report, screen: &mut dyn Screen) -> Result<()> {
    let provider = serve("appsmiles", verifier(Choices::default()), time).await?;
    let mut stage = Stage::new(&provider, columns, report, screen);
    let client = client(&provider, PARTNER_ID, SECRET, 0)?;
    call_for_nobody(&mut stage, &client).await;
    call_for_a_user(&mut stage, &client.user(USER_TOKEN)).await;
    // Each of these ends its session, and a session that ended makes no more calls.
    stage.json("logout_user", client.user(USER_TOKEN).logout_user()).await;
    stage.json("delete_user", client.user(USER_TOKEN).delete_user()).await;
    call_for_the_back_end(&mut stage, &client.backend(SERVICE_TOKEN)).await;
    stage.compare_operations(OPERATIONS);
    stage.title("appsmiles: what the scheme notices");
    tamper(&mut stage, &client.user(USER_TOKEN)).await?;
    misuse(&mut stage, &client).await?;
    stage.title("appsmiles: what it can't notice");
    exceed(&mut stage, &client.user(USER_TOKEN)).await
}

/// A client whose clock is this much ahead of the provider's.
fn client(provider: &Provider, partner_id: &str, secret: &str, ahead_ms: i64) -> Result<Client> {
    let credentials = Credentials::new(partner_id, secret);
    Ok(builder(provider).credentials(credentials).clock(provider.time().ahead(ahead_ms)).build()?)
}

#[expect(deprecated, reason = "a deprecated member is sent like any other")]
async fn call_for_nobody(stage: &mut Stage<'_>, client: &Client) {
    stage.json("get_program", client.get_program()).await;
    let user = ClientCredentials::new("zoë@example.com", HOSTILE);
    stage.json("check_client_credentials", client.check_client_credentials(&user)).await;
    for consent in [DataConsentCode::Minus1, DataConsentCode::N0, DataConsentCode::N1] {
        let user = ClientCredentials::new("zoë@example.com", HOSTILE)
            .with_data_consent_code(consent)
            .with_first_name("Zoë \"Z\"")
            .with_lang("fr")
            .with_last_name("\u{1f600}")
            .with_segments(json!({"vip": true, "list": [1.5, {"a/b": null}]}).as_object().cloned().unwrap_or_default());
        stage.json("check_client_credentials", client.check_client_credentials(&user)).await;
    }
    stage.json("get_token", client.get_token(&TokenRequest::new("com.mycompany.myapp"))).await;
}

async fn call_for_a_user(stage: &mut Stage<'_>, user: &UserClient) {
    let page = PageRequest::new().with_limit(50).with_page((1 << 53) + 1);
    let language = LanguageRequest::new().with_lang("fr");
    stage.json("get_user_program", user.get_user_program()).await;
    stage.json("list_burns", user.list_burns()).await;
    stage.json("list_burns", user.list_burns().body(&page)).await;
    stage.json("list_earns", user.list_earns()).await;
    stage.json("list_earns", user.list_earns().body(&page)).await;
    stage.json("store_action", user.store_action(&ActionRequest::new(HOSTILE))).await;
    stage.json("store_action", user.store_action(&action())).await;
    stage.json("list_gifts", user.list_gifts()).await;
    stage.json("list_gifts", user.list_gifts().body(&language)).await;
    stage.json("buy_gift", user.buy_gift(&GiftRequest::new("g/1 é".into()))).await;
    stage.json("buy_gift", user.buy_gift(&GiftRequest::new(i64::MAX.into()))).await;
    stage.json("list_bonus_ads", user.list_bonus_ads()).await;
    stage.json("list_bonus_ads", user.list_bonus_ads().body(&language)).await;
    stage.json("list_special_ads", user.list_special_ads()).await;
    stage.json("list_special_ads", user.list_special_ads().body(&language)).await;
    stage.json("list_news_ads", user.list_news_ads()).await;
    stage.json("list_news_ads", user.list_news_ads().body(&language)).await;
}

async fn call_for_the_back_end(stage: &mut Stage<'_>, backend: &BackendClient) {
    let one = UserActionRequest::new("com.mycompany.myapp", "fr", HOSTILE, "tag-1");
    stage.json("store_user_action", backend.store_user_action(&one)).await;
    let one = one.with_date("15/04/2016").with_param1("once");
    stage.json("store_user_action", backend.store_user_action(&one)).await;
    let many = UsersActionRequest::new("com.mycompany.myapp", "fr", "tag-1", vec![HOSTILE.to_owned(), "2".to_owned()]);
    stage.json("store_users_action", backend.store_users_action(&many)).await;
    let many = many.with_date("15/04/2016").with_param1("once");
    stage.json("store_users_action", backend.store_users_action(&many)).await;
    stage.json("list_user_changes", backend.list_user_changes()).await;
    for since in [Since::from(1_700_000_000), Since::from("15/04/2016")] {
        let changes = UserChangesRequest::new().with_limit(1).with_page(2).with_since(since);
        stage.json("list_user_changes", backend.list_user_changes().body(&changes)).await;
    }
    stage.json("list_users", backend.list_users()).await;
    stage.json("list_users", backend.list_users().body(&PageRequest::new().with_limit(1).with_page(2))).await;
    stage.json("get_user", backend.get_user(&UserRequest::new(HOSTILE))).await;
    stage.json("get_ranking", backend.get_ranking(&RankingRequest::new(3, HOSTILE))).await;
    let users = DeleteUsersRequest::new(vec!["1".to_owned(), HOSTILE.to_owned()]);
    stage.json("delete_users", backend.delete_users(&users)).await;
}

fn action() -> ActionRequest {
    ActionRequest::new("tag/1").with_lang("fr").with_param1("once")
}

/// A request that was signed for a client, then changed on its way. The original is let through last: what
/// was refused was refused for the change.
async fn tamper(stage: &mut Stage<'_>, user: &UserClient) -> Result<()> {
    let signed = stage.catch(user.store_action(&action())).await?;
    let with_body = |body: String| Received { body: body.into_bytes(), ..signed.clone() };
    let body = String::from_utf8(signed.body.clone())?;
    stage.attempt("the body changed", Expected::Refused, &with_body(body.replace("once", "more"))).await?;
    // The same JSON value; what was signed is the text.
    let changed = with_body(body.replace("\":", "\": "));
    stage.attempt("the body written otherwise: a space", Expected::Refused, &changed).await?;
    let changed = with_body(body.replace("\\/", "/"));
    stage.attempt("the body written otherwise: / for \\/", Expected::Refused, &changed).await?;
    stage.attempt("the body taken away", Expected::Refused, &with_body("[]".to_owned())).await?;
    let changed = with_header(&signed, "content-type", "application/json; charset=utf-8")?;
    stage.attempt("a covered header changed (Content-Type)", Expected::Refused, &changed).await?;
    let mut changed = signed.clone();
    changed.headers.remove("content-type");
    stage.attempt("a covered header taken away", Expected::Refused, &changed).await?;
    stage.attempt("nothing changed", Expected::Accepted, &signed).await
}

/// Clients that hold the wrong things.
async fn misuse(stage: &mut Stage<'_>, client: &Client) -> Result<()> {
    for (change, partner_id, secret, ahead_ms, expected) in [
        ("an iat older than five minutes", PARTNER_ID, SECRET, -OUTSIDE_MS, Expected::Refused),
        ("an iat a little short of that", PARTNER_ID, SECRET, -INSIDE_MS, Expected::Accepted),
        ("an iat more than five minutes ahead", PARTNER_ID, SECRET, OUTSIDE_MS, Expected::Refused),
        ("a wrong secret", PARTNER_ID, "another secret", 0, Expected::Refused),
        ("another partner id", "partner-2", SECRET, 0, Expected::Refused),
    ] {
        let client = self::client(stage.provider, partner_id, secret, ahead_ms)?;
        stage.attempt_call(change, expected, client.get_program()).await?;
    }
    let other = client.user("the token of another user");
    stage.attempt_call("the token of another user", Expected::Refused, other.list_gifts()).await?;
    let back_end = client.user(SERVICE_TOKEN);
    stage.attempt_call("the back end's token for a user's call", Expected::Refused, back_end.list_gifts()).await?;
    let user = client.backend(USER_TOKEN);
    stage.attempt_call("a user's token for a back-end call", Expected::Refused, user.list_users()).await
}

/// What no claim of this scheme covers.
async fn exceed(stage: &mut Stage<'_>, user: &UserClient) -> Result<()> {
    let signed = stage.catch(user.list_gifts()).await?;
    let changed = Received { target: "/user/delete".to_owned(), ..signed.clone() };
    stage.attempt("the path changed (to /user/delete)", Expected::NotCovered, &changed).await?;
    let changed = Received { target: format!("{}?x=1", signed.target), ..signed.clone() };
    stage.attempt("a query added", Expected::NotCovered, &changed).await?;
    let changed = Received { method: "PUT".to_owned(), ..signed.clone() };
    stage.attempt("the HTTP method changed (POST to PUT)", Expected::NotCovered, &changed).await?;
    let changed = with_header(&signed, "accept-language", "fr")?;
    stage.attempt("another header added (Accept-Language)", Expected::NotCovered, &changed).await?;
    stage.attempt("sent once", Expected::Accepted, &signed).await?;
    stage.attempt("the same again, within five minutes", Expected::NotCovered, &signed).await
}
