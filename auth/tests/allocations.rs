//! At most six heap allocations a signature, whatever the number of steps.
#![cfg(feature = "document")]
#![expect(unsafe_code, reason = "a counting allocator has to be one")]

use countersign_auth::document::{Recipes, Value, recipes_from_components};
use countersign_auth::{Credentials, Entropy, Prepared, Secret, SignableBody, SignableRequest, Stamp, UnixTime, check};
use http::{HeaderMap, HeaderValue};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts what the current thread allocates; growing counts, too.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const LIMIT: usize = 6;

fn recipes() -> Recipes {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/recipes.json");
    let document = Value::from_json(&std::fs::read_to_string(path).unwrap()).unwrap();
    recipes_from_components(&document).unwrap()
}

fn prepared(name: &str) -> Prepared {
    let credentials = Credentials::new()
        .text("application_key", "key")
        .key("application_secret", "secret")
        .text("account_id", "account")
        .secret("passcode", "passcode")
        .text("partner_id", "partner")
        .key("partner_secret", "secret")
        .text("application_id", "application")
        .key("secret_key", "secret");
    check(recipes().get(name).unwrap().clone()).unwrap().prepare(&credentials).unwrap()
}

fn stamp() -> Stamp {
    let entropy = Entropy::new(std::array::from_fn(|index| index as u8));
    Stamp::drawn(UnixTime::from_millis(1_700_000_000_123), entropy)
        .session("user_token", &Secret::new("user-token-aaaa-1111"))
        .session("service_token", &Secret::new("service-token"))
        .argument("user_id", "00000000-0000-0000-0000-000000000000")
}

fn count<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = COUNT.with(Cell::get);
    let result = work();
    (COUNT.with(Cell::get) - before, result)
}

fn bodies() -> Vec<(&'static str, Option<Vec<u8>>)> {
    let members: Vec<String> = (0..200).map(|n| format!("\"name/{n}\":\"é東🎁\\u00e9\\\\ {n}.5\"")).collect();
    let deep = format!("{}1{}", "[{\"a\":".repeat(100), "}]".repeat(100));
    vec![
        ("no body", None),
        ("no bytes", Some(b"[]".to_vec())),
        ("short", Some(br#"{"url":"https://example.com/a/b","n":[1,2.50,{}]}"#.to_vec())),
        ("many members", Some(format!("{{{}}}", members.join(",")).into_bytes())),
        ("nested", Some(deep.into_bytes())),
        ("64 KiB", Some(format!("[\"{}\"]", "/é\\n".repeat(11_000)).into_bytes())),
        ("numbers", Some(format!("[{}0]", "1.25,100,-3,".repeat(300)).into_bytes())),
    ]
}

#[test]
fn a_signature_takes_at_most_six_allocations() {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    for name in ["clutch", "clevertap", "appsmiles_user", "appsmiles_backend", "appsmiles_none", "cardlytics"] {
        let prepared = prepared(name);
        for (what, body) in bodies() {
            let body = body.as_deref().map_or(SignableBody::None, SignableBody::Bytes);
            let target = "/v1/things/1?page=2";
            let request = SignableRequest { method: "POST", base: "", target, headers: &headers, body };
            let stamp = stamp();
            let (allocations, signed) = count(|| prepared.sign(&request, &stamp).unwrap());
            let (reading, _) = count(|| signed.headers().map(|(_, value)| value.len()).sum::<usize>());
            println!("{name:<20} {what:<14} {allocations} to sign, {reading} to read");
            assert!(allocations + reading <= LIMIT, "{name}, {what}: {allocations} + {reading}");
        }
    }
}

#[test]
fn a_given_token_takes_at_most_six_allocations() {
    let prepared = prepared("cardlytics_user_experience");
    let stamp = stamp();
    let (allocations, _) = count(|| prepared.give(&stamp).unwrap());
    assert!(allocations <= LIMIT, "{allocations}");
}
