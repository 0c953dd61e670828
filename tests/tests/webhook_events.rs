//! The events of Cardlytics' webhooks as types: samples of both spellings decode and lose nothing, and the life cycle
//! is the one that the spec states.

use cardlytics_client::types::{EnrollmentEvent, EnrollmentState, PaymentNetwork, RewardEvent, RewardState};
use cardlytics_client::webhooks::{EnrollmentWebhook, RewardWebhook, WEBHOOKS};
use countersign_runtime::webhooks::Webhook;
use serde_json::{Value, json};

/// Decodes an event and compares what it is written as.
fn whole<W: Webhook>(body: &Value) -> W::Event
where
    W::Event: serde::Serialize,
{
    let event: W::Event = serde_json::from_str(&body.to_string()).expect("an event");
    assert_eq!(serde_json::to_value(&event).expect("JSON"), *body);
    event
}

#[test]
fn an_enrollment_as_the_webhooks_page_has_it() {
    let event: EnrollmentEvent = whole::<EnrollmentWebhook>(&json!({
        "eventId": "a3a9f4d0-1c2b-4d6e-8f90-1234567890ab",
        "event": "ENROLLMENT_CONFIRMED",
        "eventTimestamp": "2021-04-29T11:06:55.000Z",
        "notificationTimestamp": "2021-04-29T11:06:57.000Z",
        "userId": "4b990ed8-fde8-4409-9aa7-d710e44cf66b",
        "paymentNetworkId": "VISA",
        "cardId": "card-1",
        "cardLastFour": "4242",
    }));
    assert_eq!(event.state(), Some(&EnrollmentState::EnrollmentConfirmed));
    assert_eq!(event.payment_network_id, Some(PaymentNetwork::Visa));
    assert_eq!(event.event_timestamp.as_ref().map(|at| at.as_str()), Some("2021-04-29T11:06:55.000Z"));
    assert_eq!(event.card_last_four.as_deref(), Some("4242"));
}

#[test]
fn an_enrollment_as_the_test_call_spells_it() {
    for (word, same) in
        [("ENROLL", EnrollmentState::EnrollmentConfirmed), ("UNENROLL", EnrollmentState::EnrollmentTerminated)]
    {
        // The page's example has an empty network, which is none of the values and no reason to refuse the event.
        let body = json!({"eventId": "1", "eventType": word, "paymentNetworkId": ""});
        let event: EnrollmentEvent = whole::<EnrollmentWebhook>(&body);
        assert_eq!(event.event, None);
        let state = event.state().expect("a state");
        assert_eq!((state.as_str(), state.canonical()), (word, same));
        assert!(matches!(&event.payment_network_id, Some(PaymentNetwork::Unrecognized(text)) if text.is_empty()));
    }
}

#[test]
fn a_reward_in_both_spellings_and_with_members_of_tomorrow() {
    let body = json!({
        "eventId": "0a1b2c3d-4e5f-6071-8293-a4b5c6d",
        "eventType": "REWARD_PENDING",
        "transactionId": "transaction-1",
        "userId": "user-1",
        "amount": 2000,
        "last4": "1234",
        "currency": "USD",
        "merchant": "Caf\u{e9} \u{1F354}",
        "icon": "https://images.example/merchant.png",
    });
    let event: RewardEvent = whole::<RewardWebhook>(&body);
    assert_eq!((event.state(), event.amount), (Some(&RewardState::RewardPending), Some(2000)));
    // `event` is the webhook's own name of the member, so it comes first.
    let both = json!({"eventId": "1", "event": "PAYOUT_CONFIRMED", "eventType": "REWARD_PENDING"});
    assert_eq!(whole::<RewardWebhook>(&both).state(), Some(&RewardState::PayoutConfirmed));
    let more = json!({"eventId": "1", "event": "REWARD_VOIDED", "loyalty": {"points": 5}});
    let event: RewardEvent = serde_json::from_value(more).expect("an event");
    assert!(matches!(event.state(), Some(RewardState::Unrecognized(text)) if text == "REWARD_VOIDED"));
    assert_eq!(whole::<RewardWebhook>(&json!({"eventId": "1"})).state(), None);
    assert!(serde_json::from_value::<RewardEvent>(json!({"event": "REWARD_PENDING"})).is_err(), "without its id");
}

#[test]
fn the_life_cycle_of_a_reward() {
    const STATES: [&str; 6] =
        ["REWARD_PENDING", "REWARD_CONFIRMED", "REWARD_FAILED", "PAYOUT_PENDING", "PAYOUT_FAILED", "PAYOUT_CONFIRMED"];
    const DESCRIBED: [(&str, &str); 8] = [
        ("REWARD_PENDING", "REWARD_PENDING"),
        ("REWARD_PENDING", "REWARD_CONFIRMED"),
        ("REWARD_PENDING", "REWARD_FAILED"),
        ("REWARD_FAILED", "REWARD_PENDING"),
        ("REWARD_CONFIRMED", "PAYOUT_PENDING"),
        ("PAYOUT_PENDING", "PAYOUT_FAILED"),
        ("PAYOUT_PENDING", "PAYOUT_CONFIRMED"),
        ("PAYOUT_FAILED", "PAYOUT_PENDING"),
    ];
    for from in STATES {
        for to in STATES {
            let may = RewardState::from(from).may_become(&RewardState::from(to));
            assert_eq!(may, DESCRIBED.contains(&(from, to)), "{from} to {to}");
        }
        let is_final = ["REWARD_CONFIRMED", "PAYOUT_CONFIRMED"].contains(&from);
        assert_eq!(RewardState::from(from).is_final(), is_final, "{from}");
    }
    let unknown = RewardState::from("REWARD_VOIDED");
    assert!(!unknown.is_final() && !unknown.may_become(&unknown));
    assert!(!unknown.may_become(&RewardState::RewardPending) && !RewardState::RewardPending.may_become(&unknown));
    // Equality is the text's, so a value that was kept as unknown means what it says.
    let kept = RewardState::Unrecognized("PAYOUT_CONFIRMED".to_owned());
    assert!(kept.is_final() && RewardState::PayoutPending.may_become(&kept));
}

#[test]
fn the_life_cycle_of_an_enrollment_in_all_four_words() {
    let (on, off) = (["ENROLLMENT_CONFIRMED", "ENROLL"], ["ENROLLMENT_TERMINATED", "UNENROLL"]);
    let state = |word| EnrollmentState::from(word);
    for (here, there) in [(on, off), (off, on)] {
        for word in here {
            assert!(there.iter().all(|other| state(word).may_become(&state(other))), "{word}");
            assert!(here.iter().all(|same| !state(word).may_become(&state(same))), "{word}");
            assert!(!state(word).is_final());
        }
    }
    assert_eq!(state("PAUSED").canonical(), state("PAUSED"));
}

#[test]
fn webhooks_are_listed_with_what_verifies_them() {
    let shown: Vec<_> = WEBHOOKS.iter().map(|info| (info.provider, info.event, info.scheme, info.dedupe)).collect();
    let expected = ["enrollment", "reward"].map(|event| ("cardlytics", event, "cardlytics", Some("/eventId")));
    assert_eq!(shown, expected);
    assert_eq!(RewardWebhook::recipe(), cardlytics_client::recipes::CARDLYTICS);
    assert_eq!(*EnrollmentWebhook::INFO, *WEBHOOKS[0]);
}
