//! `CleverTap` on stage: 30 operations, one scheme that signs nothing.

use super::report::{Expected, Report};
use super::screen::{Columns, Screen};
use super::stage::{Stage, with_header};
use crate::accounts::clevertap::{ACCOUNT_ID, PASSCODE, builder, verifier};
use crate::accounts::serve;
use crate::clock::Time;
use crate::plays::clevertap as plays;
use crate::provider::{Instead, Provider};
use crate::verify::Received;
use anyhow::{Context as _, Result};
use clevertap_client::operations::profiles::GetProfileBy;
use clevertap_client::types::*;
use clevertap_client::{Client, Credentials, OPERATIONS, RetryOptions};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const A_YEAR_MS: i64 = 365 * 24 * 3600 * 1000;
/// Beyond what a double holds.
const BIG: i64 = (1 << 53) + 1;
/// Everything that must be encoded in a query.
const HOSTILE: &str = "c/1 %+é?#&=\u{1f600}";

pub(super) async fn run(time: &Time, columns: &Columns, report: &mut Report, screen: &mut dyn Screen) -> Result<()> {
    let provider = serve("clevertap", verifier(), time).await?;
    let mut stage = Stage::new(&provider, columns, report, screen);
    let client = client(&provider, ACCOUNT_ID, PASSCODE, 0)?;
    stage.json("check_customer", client.check_customer(HOSTILE)).await;
    stage.compare_query("check_customer", "partner", HOSTILE);
    download(&mut stage, &client).await;
    change(&mut stage, &client).await;
    count(&mut stage, &client).await;
    send(&mut stage, &client).await;
    campaigns(&mut stage, &client).await;
    stage.compare_operations(OPERATIONS);
    stage.title("clevertap: calls that follow one another");
    follow(&mut stage, &client).await;
    stage.title("clevertap: what the scheme notices");
    misuse(&mut stage, &client).await?;
    stage.title("clevertap: what it can't notice");
    exceed(&mut stage, &client).await
}

/// A client whose clock is this much ahead of the provider's.
fn client(provider: &Provider, account_id: &str, passcode: &str, ahead_ms: i64) -> Result<Client> {
    let credentials = Credentials::new(account_id, passcode);
    Ok(builder(provider).credentials(credentials).clock(provider.time().ahead(ahead_ms)).build()?)
}

async fn download(stage: &mut Stage<'_>, client: &Client) {
    let (short, long) = (EventQuery::new("Charged", 20_260_101, 20_260_131), event_query());
    stage.json("query_events", client.query_events(&short)).await;
    let all = client.query_events(&long).batch_size(5000).app(true).events(false).profile(true);
    stage.json("query_events", all).await;
    stage.json("get_events_page", client.get_events_page(HOSTILE)).await;
    stage.compare_query("get_events_page", "cursor", HOSTILE);
    stage.json("query_profiles", client.query_profiles(&short)).await;
    let all = client.query_profiles(&long).batch_size(1).app(false).events(true).profile(false);
    stage.json("query_profiles", all).await;
    stage.json("get_profiles_page", client.get_profiles_page(HOSTILE)).await;
    stage.compare_query("get_profiles_page", "cursor", HOSTILE);
    for (name, value, by) in [
        ("email", "zoë+1@example.com", GetProfileBy::Email("zoë+1@example.com".to_owned())),
        ("identity", HOSTILE, GetProfileBy::Identity(HOSTILE.to_owned())),
        ("objectId", "-abc_1", GetProfileBy::ObjectId("-abc_1".to_owned())),
    ] {
        stage.json("get_profile", client.get_profile(&by)).await;
        stage.compare_query("get_profile", name, value);
    }
}

async fn change(stage: &mut Stage<'_>, client: &Client) {
    let upload = UploadRequest::new(records());
    stage.json("upload_records", client.upload_records(&upload)).await;
    stage.json("upload_records", client.upload_records(&upload).dry_run(1)).await;
    let many = || Texts::from(vec!["a".to_owned(), HOSTILE.to_owned()]);
    let one = DeleteProfilesRequest::new().with_identity("a".into()).with_guid(many());
    stage.json("delete_profiles", client.delete_profiles(&one)).await;
    let other = DeleteProfilesRequest::new().with_identity(many()).with_guid("a".into());
    stage.json("delete_profiles", client.delete_profiles(&other)).await;
    stage.json("demerge_profiles", client.demerge_profiles(&DemergeProfilesRequest::new("a".into()))).await;
    stage.json("demerge_profiles", client.demerge_profiles(&DemergeProfilesRequest::new(many()))).await;
    let subscriptions = SubscriptionRequest::new(vec![
        SubscriptionChange::new(SubscriptionStatus::Unsubscribe, AddressKind::Phone, "+33612345678"),
        SubscriptionChange::new(SubscriptionStatus::Resubscribe, AddressKind::Email, "zoë@example.com"),
    ]);
    stage.json("update_subscriptions", client.update_subscriptions(&subscriptions)).await;
    let phones = DisassociateRequest::new(vec![PhoneNumber::new("+33612345678")]);
    stage.json("disassociate_phones", client.disassociate_phones(&phones)).await;
}

async fn count(stage: &mut Stage<'_>, client: &Client) {
    stage.json("count_events", client.count_events(&event_query())).await;
    stage.json("poll_event_count", client.poll_event_count(BIG)).await;
    stage.compare_query("poll_event_count", "req_id", "9007199254740993");
    stage.json("count_profiles", client.count_profiles(&event_query())).await;
    stage.json("poll_profile_count", client.poll_profile_count(i64::MAX)).await;
    stage.json("count_active_users", client.count_active_users(&ActiveUsersRequest::new())).await;
    let all = ActiveUsersRequest::new()
        .with_browser(true)
        .with_device(false)
        .with_os(true)
        .with_session_source(false)
        .with_user_type(true);
    stage.json("count_active_users", client.count_active_users(&all)).await;
    let group =
        TopPropertyGroup::new("amount", PropertyType::EventProperties).with_order(SortOrder::Desc).with_top_n(10);
    let groups = BTreeMap::from([("clé \"1\"".to_owned(), group)]);
    let top = TopPropertiesRequest::new("Charged", 20_260_101, groups, 20_260_131);
    stage.json("count_top_properties", client.count_top_properties(&top)).await;
    stage.json("poll_top_properties", client.poll_top_properties(BIG)).await;
    let groups = BTreeMap::from([("g".to_owned(), TrendGroup::new(TrendType::Weekly))]);
    let trends = TrendsRequest::new("Charged", 20_260_101, groups, 20_260_131);
    stage.json("count_trends", client.count_trends(&trends)).await;
    let all = trends.with_unique(true).with_sum_event_prop("amount");
    stage.json("count_trends", client.count_trends(&all)).await;
    stage.json("poll_trends", client.poll_trends(-1)).await;
}

async fn send(stage: &mut Stage<'_>, client: &Client) {
    let content = PushContent::new().with_title("Hé").with_body("\u{1f600}").with_platform_specific(platforms());
    let push = SendPushRequest::new(content, recipients())
        .with_campaign_id(BIG)
        .with_provider_nick_name("p")
        .with_respect_frequency_caps(false)
        .with_tag_group("tag");
    stage.json("send_push", client.send_push(&push)).await;
    stage.json("send_web_push", client.send_web_push(&push)).await;
    let content = EmailContent::new()
        .with_bcc(vec!["b@example.com".to_owned()])
        .with_body("<p>é</p>")
        .with_cc(vec!["c@example.com".to_owned()])
        .with_reply_to("r@example.com")
        .with_sender_name("Zoë")
        .with_subject("\u{1f600}");
    let email = SendEmailRequest::new(content, recipients())
        .with_campaign_id(1)
        .with_provider_nick_name("p")
        .with_respect_frequency_caps(true)
        .with_tag_group("tag");
    stage.json("send_email", client.send_email(&email)).await;
    let sms = SendSmsRequest::new(SmsContent::new().with_body("é"), recipients())
        .with_campaign_id(1)
        .with_provider_nick_name("p")
        .with_respect_frequency_caps(true)
        .with_tag_group("tag");
    stage.json("send_sms", client.send_sms(&sms)).await;
    let whatsapp = SendWhatsappRequest::new(free(), recipients())
        .with_campaign_id(1)
        .with_message_id("12345678")
        .with_provider_nick_name("p")
        .with_respect_frequency_caps(true)
        .with_tag_group("tag");
    stage.json("send_whatsapp", client.send_whatsapp(&whatsapp)).await;
    let few = SendPushRequest::new(PushContent::new(), Recipients::new().with_identity(vec!["1".to_owned()]));
    stage.json("send_push", client.send_push(&few)).await;
}

async fn campaigns(stage: &mut Stage<'_>, client: &Client) {
    let now = CreateCampaignRequest::new(CampaignContent::new().with_body("é"), "now", "now".into());
    stage.json("create_campaign", client.create_campaign(&now)).await;
    stage.json("create_campaign", client.create_campaign(&campaign())).await;
    stage.json("stop_campaign", client.stop_campaign(&CampaignRequest::new(1_234_567_890))).await;
    let days = ListCampaignsRequest::new(20_260_101, 20_260_131);
    stage.json("list_campaigns", client.list_campaigns(&days)).await;
    stage.json("get_campaign_report", client.get_campaign_report(&CampaignRequest::new(BIG))).await;
    let reports = MessageReportsRequest::new("20260101", "20260131");
    stage.json("get_message_reports", client.get_message_reports(&reports)).await;
    let all = reports
        .with_channel(vec![MessageChannel::Push, MessageChannel::WebNativeDisplay])
        .with_daily(true)
        .with_delivery(vec!["delivered".to_owned()])
        .with_status(vec![MessageState::Completed, MessageState::Pending]);
    stage.json("get_message_reports", client.get_message_reports(&all)).await;
}

/// Pages, a poll, and an upload of more records than a call takes.
async fn follow(stage: &mut Stage<'_>, client: &Client) {
    let query = EventQuery::new("Charged", 20_260_101, 20_260_131);
    stage.provider.play(plays::pages(500, 90));
    let items = async {
        let (mut items, mut came) = (client.query_events(&query).items(), Vec::new());
        while let Some(item) = items.next().await? {
            came.push(item.ts);
        }
        let in_order = came.iter().enumerate().all(|(at, ts)| ts.and_then(|ts| ts.try_into().ok()) == Some(at));
        Ok(format!("{} items, each once: {in_order}", came.len()))
    };
    stage.flow("query_events, then page by page", "500 items, each once: true", items).await;
    stage.provider.play(plays::counts(3, 42));
    let poll = async {
        let short = Duration::from_millis(10);
        let result = client.count_events(&query).poll().interval(short).longest_interval(short).await?;
        Ok(format!("a count of {} after partial answers", result.count.context("no count")?))
    };
    stage.flow("count_events, polled until it is there", "a count of 42 after partial answers", poll).await;
    stage.provider.play(plays::uploads(&[("7", 509), ("99", 555)]));
    let records = (0..2_500)
        .map(|number| UploadRecord::from(ProfileUpload::new(ProfileData::new()).with_identity(number.to_string())));
    let upload = async {
        let report = client.upload_records(&UploadRequest::new(Vec::new())).batch(records).await;
        Ok(format!("{report}, {} to send again", report.to_send_again().count()))
    };
    let expected = "2500 records in 3 calls: 2225 accepted, 275 rejected, 0 unknown, 25 to send again";
    stage.flow("upload_records, 1000 records a call", expected, upload).await;
    throttle(stage).await;
}

/// One call is told to come back after a second; all others wait for that, and then come at the pace of before.
async fn throttle(stage: &mut Stage<'_>) {
    let client = builder(stage.provider).retry(RetryOptions::new()).build();
    let provider = stage.provider;
    let run = async {
        let client = client?;
        let month = ListCampaignsRequest::new(20_260_101, 20_260_131);
        for _ in 0..20 {
            client.list_campaigns(&month).await?;
        }
        provider.next(Instead::Later(429, 1));
        let began = Instant::now();
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..12 {
            // The first one is refused before the others begin.
            if number == 1 {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            calls.spawn(client.list_campaigns(&month).into_future());
        }
        let (mut answered, mut early) = (0, 0);
        while let Some(call) = calls.join_next().await {
            call??;
            answered += 1;
            early += usize::from(began.elapsed() < Duration::from_secs(1));
        }
        Ok(format!("{answered} answered, {early} of them before the second was over"))
    };
    let what = "list_campaigns, 429 with `Retry-After: 1`";
    stage.flow(what, "12 answered, 0 of them before the second was over", run).await;
}

fn event_query() -> EventQuery {
    EventQuery::new("Charged \"é\"", 20_260_101, 20_260_131)
        .with_common_profile_properties(profile_filter())
        .with_event_properties(event_filters())
        .with_session_properties(vec![SessionFilter::new("Session Source", "organic")])
}

fn event_filters() -> Vec<PropertyFilter> {
    vec![
        PropertyFilter::new("amount", 9_007_199_254_740_993_i64).with_operator(PropertyOperator::GreaterThanEquals),
        PropertyFilter::new("currency", json!(["EUR", "USD"])),
    ]
}

fn profile_filter() -> ProfileFilter {
    let field = PropertyFilter::new("Customer Type", "Platinum").with_operator(PropertyOperator::Equals);
    ProfileFilter::new().with_demographics(vec![free()]).with_profile_fields(vec![field])
}

/// A profile, an event and a device token, each with all its members.
fn records() -> Vec<UploadRecord> {
    let profile = ProfileData::new()
        .with_age(33)
        .with_customer_type("Platinum")
        .with_dob("$D_1468322268")
        .with_education("Graduate")
        .with_email("zoë@example.com")
        .with_employed("Y")
        .with_gender("F")
        .with_married("N")
        .with_msg_email(true)
        .with_msg_push(false)
        .with_msg_sms(true)
        .with_name("Zoë \"Z\" \\ \u{1f600}")
        .with_phone("+33612345678")
        .with_extra(free());
    let profile = ProfileUpload::new(profile)
        .with_fbid("f")
        .with_gpid("g")
        .with_identity("i")
        .with_object_id("o")
        .with_ts(1_468_308_340);
    let event = EventUpload::new(free(), "Charged")
        .with_fbid("f")
        .with_gpid("g")
        .with_identity("i")
        .with_object_id("o")
        .with_ts(1_468_308_340);
    let keys = WebPushKeys::new().with_auth("auth").with_p256dh("BLc4xRzKlKORKWlbdgFaBrrPK3ydWAHo4M0gs0i1oEKg");
    let token = TokenUpload::new("o", TokenData::new("t/1", TokenType::Chrome).with_keys(keys));
    vec![profile.into(), event.into(), token.into()]
}

fn recipients() -> Recipients {
    let one = |text: &str| vec![text.to_owned()];
    Recipients::new()
        .with_email(one("zoë@example.com"))
        .with_fbid(one("f"))
        .with_gpid(one("g"))
        .with_identity(one("i"))
        .with_object_id(one("o"))
}

fn platforms() -> PlatformSpecific {
    let content = || {
        PlatformContent::new()
            .with_background_image("https://example.com/i.png")
            .with_badge_count(2)
            .with_category("reactive")
            .with_deep_link("app://é")
            .with_default_sound(true)
            .with_sound_file("s.caf")
            .with_wzrk_cid("engagement")
            .with_extra(free())
    };
    PlatformSpecific::new()
        .with_android(content())
        .with_chrome(content())
        .with_firefox(content())
        .with_ios(content())
        .with_safari(content())
}

fn campaign() -> CreateCampaignRequest {
    let content = CampaignContent::new()
        .with_body("é")
        .with_platform_specific(platforms())
        .with_sender_name("Zoë")
        .with_subject("s")
        .with_title("t")
        .with_extra(free());
    let audience = CampaignAudience::new()
        .with_common_profile_properties(profile_filter())
        .with_event_name("Charged")
        .with_event_properties(event_filters())
        .with_from(20_260_101)
        .with_session_properties(vec![SessionFilter::new("x", 1.5)])
        .with_to(20_260_131);
    let when = CampaignSchedule::new().with_type("later").with_delivery_date_time(json!(["20260201 10:00"]));
    CreateCampaignRequest::new(content, "all", when.into())
        .with_conversion_goal(ConversionGoal::new().with_conversion_time("1H").with_event_name("Charged"))
        .with_devices(vec!["ios".to_owned(), "android".to_owned()])
        .with_draft(true)
        .with_estimate_only(true)
        .with_labels(vec!["é".to_owned()])
        .with_provider_nick_name("p")
        .with_respect_frequency_caps(true)
        .with_segment(BIG)
        .with_send_to_all_devices(true)
        .with_skip_estimate(false)
        .with_target_mode(TargetMode::Push)
        .with_ttl(3600)
        .with_users_limit_overall(1000)
        .with_where(audience)
}

/// Members that no page describes.
fn free() -> Map<String, Value> {
    let free = json!({"amount": 9_007_199_254_740_993_i64, "when": "$D_1468322268", "Items": [{"clé \"1\"": null}, 1.5, true]});
    free.as_object().cloned().unwrap_or_default()
}

fn stop() -> CampaignRequest {
    CampaignRequest::new(1_234_567_890)
}

/// Clients and requests that hold the wrong things. The right ones are let through last.
async fn misuse(stage: &mut Stage<'_>, client: &Client) -> Result<()> {
    for (change, account_id, passcode) in [
        ("a wrong passcode", ACCOUNT_ID, "another passcode"),
        ("the start of the passcode", ACCOUNT_ID, &PASSCODE[..PASSCODE.len() - 1]),
        ("a wrong account id", "ACC-1-2X", PASSCODE),
        ("the account id in lower case", "acc-1-2z", PASSCODE),
    ] {
        let client = self::client(stage.provider, account_id, passcode, 0)?;
        stage.attempt_call(change, Expected::Refused, client.stop_campaign(&stop())).await?;
    }
    let signed = stage.catch(client.stop_campaign(&stop())).await?;
    let mut changed = signed.clone();
    changed.headers.remove("x-clevertap-passcode");
    stage.attempt("the passcode taken away", Expected::Refused, &changed).await?;
    stage.attempt("nothing changed", Expected::Accepted, &signed).await
}

/// Two headers that are always the same say nothing of the rest.
async fn exceed(stage: &mut Stage<'_>, client: &Client) -> Result<()> {
    let signed = stage.catch(client.stop_campaign(&stop())).await?;
    let body = String::from_utf8(signed.body.clone())?.replace("1234567890", "1234567891");
    let changed = Received { body: body.into_bytes(), ..signed.clone() };
    stage.attempt("the body changed", Expected::NotCovered, &changed).await?;
    let changed = Received { target: "/1/targets/result.json".to_owned(), ..signed.clone() };
    stage.attempt("the path changed", Expected::NotCovered, &changed).await?;
    let changed = Received { target: format!("{}?x=1", signed.target), ..signed.clone() };
    stage.attempt("a query added", Expected::NotCovered, &changed).await?;
    let changed = Received { method: "PUT".to_owned(), ..signed.clone() };
    stage.attempt("the HTTP method changed (POST to PUT)", Expected::NotCovered, &changed).await?;
    let changed = with_header(&signed, "content-type", "text/plain")?;
    stage.attempt("another header changed (Content-Type)", Expected::NotCovered, &changed).await?;
    stage.attempt("sent once", Expected::Accepted, &signed).await?;
    stage.attempt("the same again", Expected::NotCovered, &signed).await?;
    let late = self::client(stage.provider, ACCOUNT_ID, PASSCODE, -A_YEAR_MS)?;
    stage.attempt_call("a time of a year ago", Expected::NotCovered, late.stop_campaign(&stop())).await
}
