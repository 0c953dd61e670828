//! Every fault of a connection against all four clients: no panic, no hang, the documented error each time, and
//! another attempt only where the operation allows it.
//!
//! The table is printed: `cargo test -p countersign-tests --test faults -- --nocapture`.

use countersign_runtime::{Error, ErrorKind, Repeat, Response, RetryOptions};
use countersign_tests::faults::{self, Fault, FaultServer, MAX_BODY, Told};
use std::fmt::Debug;
use std::pin::Pin;
use std::time::Duration;

/// Time-out of an attempt: longer than a busy machine takes for anything else.
const ATTEMPT: Duration = Duration::from_secs(5);
/// Nothing takes longer, whatever the server does.
const HANGS: Duration = Duration::from_secs(60);

/// Two attempts, one right after the other.
const TWICE: RetryOptions = RetryOptions::new().attempts(2).base_delay(Duration::from_millis(1));

/// What became of a call.
#[derive(Debug)]
struct Seen {
    told: Told,
    repeat: Option<Repeat>,
    may_repeat: bool,
    attempts: u32,
    text: String,
}

impl Seen {
    fn of<T, E: Debug>(result: Result<Response<T>, Error<E>>) -> Self {
        let Err(error) = result else {
            return Self { told: Told::Success, repeat: None, may_repeat: false, attempts: 1, text: String::new() };
        };
        let told = match error.kind() {
            ErrorKind::Transport(transport) if transport.is_connect() => Told::NotConnected,
            ErrorKind::Transport(transport) if transport.is_body() => Told::Body,
            ErrorKind::Transport(_) => Told::Exchange,
            ErrorKind::Timeout => Told::Timeout,
            ErrorKind::Status(_) => Told::Status,
            ErrorKind::Undeclared(_) => Told::Undeclared,
            ErrorKind::Decode { .. } => Told::Decode,
            ErrorKind::TooLarge { .. } => Told::TooLarge,
            _ => Told::Other,
        };
        let (may_repeat, attempts) = (error.may_repeat(), error.attempts());
        let repeat = Some(error.operation().repeat);
        Self { told, repeat, may_repeat, attempts, text: format!("{error}\n{error:?}") }
    }
}

type Calling = Pin<Box<dyn Future<Output = Seen> + Send>>;

/// A call of one of the clients to a server.
struct Caller {
    name: &'static str,
    call: fn(String) -> Calling,
}

macro_rules! caller {
    ($name:literal, $krate:ident, $credentials:expr, |$client:ident| $call:expr) => {
        Caller {
            name: $name,
            call: |url| {
                Box::pin(async move {
                    let builder = $krate::Client::builder().credentials($credentials).base_url(url);
                    let builder = builder.timeout(ATTEMPT).max_body(MAX_BODY).retry(TWICE);
                    let $client = builder.build().expect("a client");
                    Seen::of($call.await)
                })
            },
        }
    };
}

fn callers() -> [Caller; 8] {
    [
        caller!("clutch get", clutch_client, clutch_client::Credentials::new("key", SECRET), |client| client
            .list_subscription_lists()),
        caller!("clutch post", clutch_client, clutch_client::Credentials::new("key", SECRET), |client| client
            .register_event(&clutch_client::types::RegisterEventRequest::new("category", "a user token"))),
        caller!("clevertap get", clevertap_client, clevertap_client::Credentials::new("account", SECRET), |client| {
            client.get_events_page("a cursor")
        }),
        caller!("clevertap post", clevertap_client, clevertap_client::Credentials::new("account", SECRET), |client| {
            client.send_sms(&clevertap_client::types::SendSmsRequest::new(
                clevertap_client::types::SmsContent::new(),
                clevertap_client::types::Recipients::new(),
            ))
        }),
        caller!("appsmiles get", appsmiles_client, appsmiles_client::Credentials::new("partner", SECRET), |client| {
            client.get_program()
        }),
        caller!("appsmiles user", appsmiles_client, appsmiles_client::Credentials::new("partner", SECRET), |client| {
            client.user("token").store_action(&appsmiles_client::types::ActionRequest::new("tag"))
        }),
        caller!(
            "cardlytics notify",
            cardlytics_client,
            cardlytics_client::Credentials::new("application", SECRET),
            |client| client.notify_transaction(&purchase())
        ),
        caller!(
            "cardlytics reward",
            cardlytics_client,
            cardlytics_client::Credentials::new("application", SECRET),
            |client| client
                .send_sandbox_reward(&cardlytics_client::types::SandboxReward::new("https://partner.example/callback"))
        ),
    ]
}

fn purchase() -> cardlytics_client::types::TransactionNotification {
    use cardlytics_client::types::{PaymentMethod, TransactionNotification, TransactionType};
    TransactionNotification::new(
        1250,
        PaymentMethod::Debit,
        "card-1",
        "Café de la Gare",
        "transaction-1",
        "2026-03-01T12:00:00+01:00",
        TransactionType::Authorized,
        "user-1",
    )
}

/// A secret that no error may show.
const SECRET: &str = "a-very-secret-secret";

/// What is wrong with what a caller was told; nothing if all is well.
fn judge(fault: &Fault, caller: &Caller, seen: &Result<Seen, String>, read: usize) -> Vec<String> {
    let place = format!("{} {}, {}", fault.stage, fault.what, caller.name);
    let seen = match seen {
        Ok(seen) => seen,
        Err(what) => return vec![format!("{place}: {what}")],
    };
    let mut wrong = Vec::new();
    if seen.told != fault.told {
        wrong.push(format!("{place}: {:?} instead of {:?}: {}", seen.told, fault.told, seen.text));
    }
    let passes = matches!(seen.told, Told::NotConnected | Told::Exchange | Told::Body | Told::Timeout);
    let repeats = match seen.repeat {
        Some(Repeat::Safe) => passes,
        Some(Repeat::Unsafe) => seen.told == Told::NotConnected,
        Some(Repeat::Never) | None => false,
    };
    if seen.may_repeat != repeats || seen.attempts != 1 + u32::from(repeats) {
        wrong.push(format!("{place}: {} attempts, may be repeated: {}", seen.attempts, seen.may_repeat));
    }
    if read > 1 && seen.repeat != Some(Repeat::Safe) {
        wrong.push(format!("{place}: the server read {read} requests of a call that is not safe"));
    }
    if seen.text.contains(SECRET) {
        wrong.push(format!("{place}: the secret stands in the error"));
    }
    wrong
}

async fn call(fault: Fault, caller: &Caller) -> (Result<Seen, String>, usize) {
    let server = FaultServer::start(fault).await.expect("a port");
    // A task of its own, so that a panic is seen as one.
    let calling = tokio::spawn((caller.call)(server.url()));
    let seen = match tokio::time::timeout(HANGS, calling).await {
        Err(_) => Err("it hangs".to_owned()),
        Ok(Err(panic)) => Err(format!("it panics: {panic}")),
        Ok(Ok(seen)) => Ok(seen),
    };
    (seen, server.read())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_the_documented_error() {
    let callers = callers();
    let faults = faults::all();
    println!("{:<12} {:<34} {:<13} attempts of each caller", "stage", "fault", "told");
    println!("{:61} {}", "", callers.each_ref().map(|caller| caller.name).join(", "));
    // Those that take a whole time-out wait together; the others come a few at a time.
    let (mut waiting, mut quick): (Vec<_>, Vec<_>) = faults.into_iter().partition(|fault| fault.told == Told::Timeout);
    let mut all = Vec::new();
    let size = waiting.len();
    for faults in waiting.chunks_mut(size).chain(quick.chunks_mut(4)) {
        let calls = faults.iter().map(|fault| async {
            let calls = callers.iter().map(|caller| call(fault.clone(), caller));
            (fault.clone(), futures_util::future::join_all(calls).await)
        });
        all.extend(futures_util::future::join_all(calls).await);
    }
    let mut wrong = Vec::new();
    for (fault, seen) in &all {
        let attempts = seen.iter().map(|(seen, _)| match seen {
            Ok(seen) if seen.told == fault.told => seen.attempts.to_string(),
            Ok(seen) => format!("{:?}", seen.told),
            Err(what) => what.clone(),
        });
        let attempts = attempts.collect::<Vec<_>>().join(" ");
        println!("{:<12} {:<34} {:<13} {attempts}", fault.stage, fault.what, format!("{:?}", fault.told));
        for (caller, (seen, read)) in callers.iter().zip(seen) {
            wrong.extend(judge(fault, caller, seen, *read));
        }
    }
    println!("{} faults, {} calls, {} wrong", all.len(), all.len() * callers.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
