//! Credentials that change while calls run, at all four clients: asked for once, exchanged, two at a time.

use countersign_runtime as runtime;
use countersign_runtime::{CredentialsError, ErrorKind, Provided};
use countersign_tests::clock::Time;
use countersign_tests::document::Document;
use countersign_tests::provider::Provider;
use countersign_tests::verify::{Received, Verifier};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Hook = Box<dyn FnOnce() + Send>;

/// What the embedded provider accepts, as indexes of the keys.
#[derive(Clone, Default)]
struct Valid {
    keys: Arc<Mutex<Vec<usize>>>,
    /// Done once, when the next request is judged.
    hook: Arc<Mutex<Option<Hook>>>,
}

impl Valid {
    fn set(&self, keys: &[usize]) {
        *self.keys.lock().expect("nobody panics with it") = keys.to_vec();
    }
}

/// Accepts what any valid key signed.
struct AnyKey {
    keys: Vec<Box<dyn Verifier>>,
    valid: Valid,
}

impl Verifier for AnyKey {
    fn credential_headers(&self) -> &'static [&'static str] {
        self.keys[0].credential_headers()
    }

    fn is_no_body(&self, body: &[u8]) -> bool {
        self.keys[0].is_no_body(body)
    }

    fn verify(&mut self, scheme: &str, request: &Received, now_ms: u64) -> Result<(), String> {
        if let Some(hook) = self.valid.hook.lock().expect("nobody panics with it").take() {
            hook();
        }
        let valid = self.valid.keys.lock().expect("nobody panics with it").clone();
        let mut refusal = "no key is valid".to_owned();
        for key in valid {
            match self.keys[key].verify(scheme, request, now_ms) {
                Ok(()) => return Ok(()),
                Err(why) => refusal = why,
            }
        }
        Err(refusal)
    }
}

/// Where credentials come from: what is in it now, and how often it was asked.
#[derive(Clone)]
struct Vault<C> {
    holds: Arc<Mutex<Option<Provided<C>>>>,
    asked: Arc<AtomicUsize>,
}

impl<C: Clone + Send + 'static> Vault<C> {
    fn new(holds: Provided<C>) -> Self {
        Self { holds: Arc::new(Mutex::new(Some(holds))), asked: Arc::default() }
    }

    fn put(&self, holds: Option<Provided<C>>) {
        *self.holds.lock().expect("nobody panics with it") = holds;
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }
}

impl<C: Clone + Send + Sync + 'static> runtime::CredentialsProvider<C> for Vault<C> {
    async fn credentials(&self) -> Result<Provided<C>, runtime::error::BoxError> {
        self.asked.fetch_add(1, SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.holds.lock().expect("nobody panics with it").clone().ok_or_else(|| "the vault is sealed".into())
    }
}

fn pass(time: &Time, seconds: u64) {
    let Time::Manual(now) = time else { panic!("the time is set by hand") };
    now.fetch_add(seconds * 1000, SeqCst);
}

async fn provider(name: &str, keys: Vec<Box<dyn Verifier>>, valid: &Valid) -> Provider {
    let document = Document::of(name).expect("the spec is there");
    let verifier = AnyKey { keys, valid: valid.clone() };
    Provider::start(document, Box::new(verifier), Time::manual()).await.expect("a port")
}

/// The same tests for a client: its crate, its credentials and verifier by secret, and a call that is safe.
macro_rules! client {
    ($name:ident, $client:ident, $credentials:expr, $verifier:expr, $call:expr) => {
        mod $name {
            use super::*;
            use $client::{Client, ClientBuilder, Credentials};

            const SECRETS: [&str; 2] = ["canary-old", "canary-new"];

            fn key(index: usize) -> Credentials {
                let make: fn(&str) -> Credentials = $credentials;
                make(SECRETS[index])
            }

            async fn start() -> (Provider, Valid) {
                let verifier: fn(&str) -> Box<dyn Verifier> = $verifier;
                let valid = Valid::default();
                valid.set(&[0]);
                let provider = provider(stringify!($name), SECRETS.map(verifier).into(), &valid).await;
                (provider, valid)
            }

            fn builder(provider: &Provider) -> ClientBuilder {
                // The time of the tests is far from that of the server's `Date`.
                let builder = Client::builder().base_url(provider.base_url()).clock(provider.time().ahead(0));
                builder.no_clock_correction()
            }

            /// So many calls at once; how many succeed.
            async fn calls(client: &Client, count: usize) -> usize {
                let calls: Vec<_> = (0..count)
                    .map(|_| {
                        let client = client.clone();
                        tokio::spawn(async move { ($call)(&client).await.map(|_| ()) })
                    })
                    .collect();
                let mut succeeded = 0;
                for call in calls {
                    succeeded += usize::from(call.await.expect("nobody panics").is_ok());
                }
                succeeded
            }

            #[tokio::test]
            async fn a_provider_is_asked_once_at_the_start_and_once_after_a_rejection() {
                let (provider, valid) = start().await;
                let vault = Vault::new(Provided::new(key(0)));
                let client = builder(&provider).credentials_provider(vault.clone()).build().expect("a client");
                assert_eq!(vault.asked(), 0, "a client alone asks for nothing");
                assert_eq!((calls(&client, 100).await, vault.asked()), (100, 1));

                valid.set(&[1]);
                vault.put(Some(Provided::new(key(1))));
                assert_eq!((calls(&client, 100).await, vault.asked()), (100, 2));

                // Nothing new: all are told so, and nobody asks again at once.
                valid.set(&[]);
                assert_eq!((calls(&client, 100).await, vault.asked()), (0, 3));
                assert_eq!((calls(&client, 10).await, vault.asked()), (0, 3));
                provider.take();
                pass(provider.time(), 5);
                let error = ($call)(&client).await.map(|_| ()).expect_err("no key is valid");
                assert_eq!(error.status().map(|status| status.as_u16()), Some(401), "{error:?}");
                assert_eq!((provider.take().len(), vault.asked()), (1, 4));
            }

            #[tokio::test]
            async fn two_keys_may_be_valid_at_once() {
                let (provider, valid) = start().await;
                let vault = Vault::new(Provided::new(key(0)).or(key(1)));
                let client = builder(&provider).credentials_provider(vault.clone()).build().expect("a client");
                assert_eq!((calls(&client, 1).await, provider.take().len()), (1, 1));
                valid.set(&[1]);
                // The second one is tried, and is the first from then on.
                assert_eq!((calls(&client, 1).await, provider.take().len()), (1, 2));
                assert_eq!((calls(&client, 1).await, provider.take().len()), (1, 1));
                assert_eq!(vault.asked(), 1);
            }

            #[tokio::test]
            async fn credentials_are_exchanged_while_calls_run() {
                let (provider, valid) = start().await;
                let client = builder(&provider).credentials(key(0)).build().expect("a client");
                assert_eq!((calls(&client, 1).await, provider.take().len()), (1, 1));
                // While the provider looks at a call, the key changes on both sides.
                let (changed, accepts) = (client.clone(), valid.clone());
                let change = move || {
                    accepts.set(&[1]);
                    changed.set_credentials(&key(1)).expect("they fit");
                };
                *valid.hook.lock().expect("nobody panics with it") = Some(Box::new(change));
                assert_eq!((calls(&client, 1).await, provider.take().len()), (1, 2));
                assert_eq!((calls(&client, 1).await, provider.take().len()), (1, 1));
                // Without a provider a rejection is the answer.
                valid.set(&[0]);
                assert_eq!((calls(&client, 1).await, provider.take().len()), (0, 1));
            }

            #[tokio::test]
            async fn credentials_are_renewed_ahead_of_their_end_and_used_until_then() {
                let (provider, _) = start().await;
                let lasting = || Provided::new(key(0)).lasting(Duration::from_secs(100));
                let vault = Vault::new(lasting());
                let client = builder(&provider).credentials_provider(vault.clone()).build().expect("a client");
                for (passes, asked) in [(0, 1), (79, 1), (1, 2)] {
                    pass(provider.time(), passes);
                    assert_eq!((calls(&client, 20).await, vault.asked()), (20, asked));
                }
                // They hold for another 100 s, and the vault fails from now on.
                vault.put(None);
                for (passes, succeeds, asked) in
                    [(80, 1, 3), (4, 1, 3), (1, 1, 4), (14, 1, 5), (1, 0, 5), (3, 0, 5), (1, 0, 6), (4, 0, 6)]
                {
                    // What has failed is left alone for five seconds, also after their end.
                    pass(provider.time(), passes);
                    assert_eq!((calls(&client, 1).await, vault.asked()), (succeeds, asked));
                }
                let error = ($call)(&client).await.map(|_| ()).expect_err("there are none");
                assert!(matches!(error.kind(), ErrorKind::Credentials(CredentialsError::Provider { .. })), "{error:?}");
                assert!(!format!("{error} {error:?} {client:?}").contains("canary"));
                vault.put(Some(lasting()));
                client.refresh_credentials().await.expect("it is open again");
                assert_eq!(calls(&client, 1).await, 1);
            }
        }
    };
}

client!(
    appsmiles,
    appsmiles_client,
    |secret| appsmiles_client::Credentials::new("partner", secret),
    |secret| {
        use countersign_tests::verify::appsmiles::{AppsMiles, Choices};
        Box::new(AppsMiles {
            partner_id: "partner".to_owned(),
            secret: secret.to_owned(),
            user_token: "user".to_owned(),
            service_token: "service".to_owned(),
            choices: Choices::default(),
        })
    },
    async |client: &appsmiles_client::Client| {
        client.get_token(&appsmiles_client::types::TokenRequest::new("com.acme.app")).await
    }
);

client!(
    cardlytics,
    cardlytics_client,
    |secret| cardlytics_client::Credentials::new("cdlx:acme", secret),
    |secret| Box::new(countersign_tests::verify::cardlytics::Cardlytics::new("cdlx:acme", secret)),
    async |client: &cardlytics_client::Client| client
        .validate_sandbox_token(&cardlytics_client::types::SandboxTokenValidation::new("key", "token"))
        .await
);

client!(
    clevertap,
    clevertap_client,
    |secret| clevertap_client::Credentials::new("ACC", secret),
    |secret| Box::new(countersign_tests::verify::clevertap::CleverTap::new("ACC", secret)),
    async |client: &clevertap_client::Client| client
        .list_campaigns(&clevertap_client::types::ListCampaignsRequest::new(20260101, 20260102))
        .await
);

client!(
    clutch,
    clutch_client,
    |secret| clutch_client::Credentials::new("brand", secret),
    |secret| {
        use countersign_tests::verify::clutch::{Clutch, IdForm};
        Box::new(Clutch::new("brand", secret, IdForm::UuidV4))
    },
    async |client: &clutch_client::Client| client.list_fields().await
);
