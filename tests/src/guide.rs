//! How clients are used in production, as examples that run against the embedded providers.
//!
//! # Repeating
//!
//! A client repeats calls by itself, as far as their operation allows; how often is its builder's to say. An error tells
//! how many attempts there were, and whether the same call may be made again.
//!
//! ```rust
//! use clutch_client::{RetryBudget, RetryOptions};
//! use countersign_tests::accounts::{clutch, serve};
//! use countersign_tests::provider::Instead;
//! # use countersign_tests::clock::Time;
//! use std::time::Duration;
//!
//! # fn main() -> anyhow::Result<()> { tokio::runtime::Runtime::new()?.block_on(run()) }
//! # async fn run() -> anyhow::Result<()> {
//! # let provider = serve("clutch", clutch::verifier(), &Time::manual()).await?;
//! let client = clutch::builder(&provider)
//!     .retry(RetryOptions::new().attempts(4).base_delay(Duration::from_millis(10)))
//!     .retry_budget(RetryBudget::new().ratio(0.2))
//!     .deadline(Duration::from_secs(60))
//!     .build()?;
//! provider.next(Instead::Status(502));
//! provider.next(Instead::Later(429, 1));
//! client.list_fields().await?;
//! assert_eq!(provider.take().len(), 3, "each attempt was signed anew");
//!
//! (0..4).for_each(|_| provider.next(Instead::Status(502)));
//! let error = client.list_fields().await.unwrap_err();
//! assert_eq!((error.attempts(), error.may_repeat()), (4, true));
//! # Ok(())
//! # }
//! ```
//!
//! # Options of one call
//!
//! A call is built, and sent when it is awaited.
//!
//! ```rust
//! # use countersign_tests::accounts::{clevertap, serve};
//! # use countersign_tests::clock::Time;
//! # use clevertap_client::RetryOptions;
//! # use std::time::Duration;
//! # fn main() -> anyhow::Result<()> { tokio::runtime::Runtime::new()?.block_on(run()) }
//! # async fn run() -> anyhow::Result<()> {
//! # let provider = serve("clevertap", clevertap::verifier(), &Time::manual()).await?;
//! # let client = clevertap::builder(&provider).build()?;
//! let answer = client
//!     .check_customer("adjust")
//!     .timeout(Duration::from_secs(5))
//!     .deadline(Duration::from_secs(20))
//!     .retry(RetryOptions::new().attempts(2))
//!     .extra_header("X-Trace", "7")
//!     .with_raw()
//!     .await?;
//! assert_eq!(answer.status(), 200);
//! assert!(answer.raw().is_some(), "the body as it came, beside the typed one");
//! assert_eq!(provider.take()[0].request.headers["x-trace"], "7");
//! # Ok(())
//! # }
//! ```
//!
//! # Pages
//!
//! `items()` is a stream of items, `pages()` one of pages; the next page is fetched when it is asked for. A cursor that was
//! saved leads on later.
//!
//! ```rust
//! # use clevertap_client::types::EventQuery;
//! # use countersign_tests::accounts::{clevertap, serve};
//! # use countersign_tests::clock::Time;
//! # use countersign_tests::plays::clevertap as plays;
//! # fn main() -> anyhow::Result<()> { tokio::runtime::Runtime::new()?.block_on(run()) }
//! # async fn run() -> anyhow::Result<()> {
//! # let provider = serve("clevertap", clevertap::verifier(), &Time::manual()).await?;
//! # provider.play(plays::pages(300, 60));
//! # let client = clevertap::builder(&provider).build()?;
//! let query = EventQuery::new("Charged", 20_260_101, 20_260_131);
//! let mut items = client.query_events(&query).items();
//! let mut first = Vec::new();
//! while first.len() < 100 {
//!     first.extend(items.next().await?);
//! }
//! let (cursor, offset) = (items.cursor().expect("more follow").to_owned(), items.offset());
//!
//! // After a restart, say.
//! let mut items = client.query_events(&query).items_from(cursor);
//! let mut rest = Vec::new();
//! while let Some(item) = items.next().await? {
//!     rest.push(item);
//! }
//! assert_eq!(first.len() + rest[offset..].len(), 300);
//! # Ok(())
//! # }
//! ```
//!
//! # Polling
//!
//! `poll()` asks until the result is there, or until the deadline; an error keeps the id, for `poll_from`.
//!
//! ```rust
//! # use clevertap_client::types::EventQuery;
//! # use countersign_tests::accounts::{clevertap, serve};
//! # use countersign_tests::clock::Time;
//! # use countersign_tests::plays::clevertap as plays;
//! # use std::time::Duration;
//! # fn main() -> anyhow::Result<()> { tokio::runtime::Runtime::new()?.block_on(run()) }
//! # async fn run() -> anyhow::Result<()> {
//! # let provider = serve("clevertap", clevertap::verifier(), &Time::manual()).await?;
//! # provider.play(plays::counts(3, 42));
//! # let client = clevertap::builder(&provider).build()?;
//! let query = EventQuery::new("Charged", 20_260_101, 20_260_131);
//! let polling = client.count_events(&query).poll().interval(Duration::from_millis(10)).deadline(Duration::from_secs(60));
//! match polling.await {
//!     Ok(result) => assert_eq!(result.count, Some(42)),
//!     Err(error) => println!("{error}; go on with {:?}", error.id()),
//! }
//! # assert_eq!(provider.take().len(), 5);
//! # Ok(())
//! # }
//! ```
//!
//! # Batches
//!
//! Any number of records goes out in as many calls as it takes. The report says of each whether it was accepted, rejected
//! or unknown; nothing unknown is sent again by itself.
//!
//! ```rust
//! # use clevertap_client::types::{ProfileData, ProfileUpload, UploadRecord, UploadRequest};
//! # use countersign_tests::accounts::{clevertap, serve};
//! # use countersign_tests::clock::Time;
//! # use countersign_tests::plays::clevertap as plays;
//! # fn main() -> anyhow::Result<()> { tokio::runtime::Runtime::new()?.block_on(run()) }
//! # async fn run() -> anyhow::Result<()> {
//! # let provider = serve("clevertap", clevertap::verifier(), &Time::manual()).await?;
//! # provider.play(plays::uploads(&[("99", 555)]));
//! # let client = clevertap::builder(&provider).build()?;
//! let record = |number: usize| -> UploadRecord {
//!     ProfileUpload::new(ProfileData::new()).with_identity(number.to_string()).into()
//! };
//! let report = client.upload_records(&UploadRequest::new(Vec::new())).batch((0..2_500).map(record)).await;
//! assert_eq!(report.to_string(), "2500 records in 3 calls: 2475 accepted, 25 rejected, 0 unknown");
//! for rejected in report.rejected() {
//!     println!("record {}: {:?}", rejected.index, rejected.told().and_then(|told| told.code));
//! }
//! assert_eq!(report.to_send_again().count(), 25);
//! assert!(report.unknown().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # Without an async runtime
//!
//! With the feature `blocking`, calls, polls and batches have `send_blocking()`, and pages and items are iterators.
//!
//! ```rust
//! # use clevertap_client::types::EventQuery;
//! # use countersign_tests::accounts::{clevertap, serve};
//! # use countersign_tests::clock::Time;
//! # use countersign_tests::plays::clevertap as plays;
//! # fn main() -> anyhow::Result<()> {
//! # let servers = tokio::runtime::Runtime::new()?;
//! # let provider = servers.block_on(serve("clevertap", clevertap::verifier(), &Time::manual()))?;
//! # provider.play(plays::pages(300, 60));
//! # let client = clevertap::builder(&provider).build()?;
//! let answer = client.check_customer("adjust").send_blocking()?;
//! assert_eq!(answer.status(), 200);
//! let query = EventQuery::new("Charged", 20_260_101, 20_260_131);
//! let mut count = 0;
//! for item in client.query_events(&query).items().blocking() {
//!     assert_eq!(item?.ts, Some(count));
//!     count += 1;
//! }
//! assert_eq!(count, 300);
//! # Ok(())
//! # }
//! ```
//!
//! # A service token that is fetched by itself
//!
//! `backend_from` takes the call that yields the token. It is sent when a token is needed, once for all who wait.
//!
//! ```rust
//! use appsmiles_client::types::{TokenRequest, UserRequest};
//! use countersign_tests::accounts::{appsmiles, serve};
//! use countersign_tests::clock::Time;
//! use countersign_tests::verify::appsmiles::Choices;
//!
//! # fn main() -> anyhow::Result<()> { tokio::runtime::Runtime::new()?.block_on(run()) }
//! # async fn run() -> anyhow::Result<()> {
//! let provider = serve("appsmiles", appsmiles::verifier(Choices::default()), &Time::manual()).await?;
//! # let token = appsmiles::SERVICE_TOKEN;
//! # provider.next(countersign_tests::provider::Instead::Json(format!(r#"{{"errorCode":0,"data":{{"token":"{token}"}}}}"#)));
//! let client = appsmiles::builder(&provider).build()?;
//! let backend = client.backend_from(client.get_token(&TokenRequest::new("com.acme.app")));
//! for user in ["u-1", "u-2"] {
//!     backend.get_user(&UserRequest::new(user)).await?;
//! }
//! let operations: Vec<_> = provider.take().into_iter().filter_map(|exchange| exchange.operation).collect();
//! assert_eq!(operations, ["get_token", "get_user", "get_user"]);
//! # Ok(())
//! # }
//! ```
//!
//! # A user's token
//!
//! It is taken from the answer of the log-in. Calls that need it are methods of what `user` gives, and fail before
//! they are sent once the user has logged out.
//!
//! ```rust
//! use appsmiles_client::UserToken;
//! use appsmiles_client::types::ClientCredentials;
//! # use countersign_tests::accounts::{appsmiles, serve};
//! # use countersign_tests::clock::Time;
//! # use countersign_tests::provider::Instead;
//! # use countersign_tests::verify::appsmiles::Choices;
//!
//! # fn main() -> anyhow::Result<()> { tokio::runtime::Runtime::new()?.block_on(run()) }
//! # async fn run() -> anyhow::Result<()> {
//! # let provider = serve("appsmiles", appsmiles::verifier(Choices::default()), &Time::manual()).await?;
//! # let token = "user/token \\\"1\\\" \\\\ é\u{1f600}";
//! # provider.next(Instead::Json(format!(r#"{{"errorCode":0,"data":{{"user":{{"userToken":"{token}"}}}}}}"#)));
//! # let client = appsmiles::builder(&provider).build()?;
//! let response = client.check_client_credentials(&ClientCredentials::new("a@acme.example", "u-1")).await?;
//! let token = UserToken::of(&response).expect("the user is connected");
//! let user = client.user(token);
//! user.list_gifts().await?;
//! user.logout_user().await?;
//! assert!(user.list_gifts().await.is_err());
//! assert_eq!(provider.take().len(), 3);
//! # Ok(())
//! # }
//! ```
//!
//! # Credentials from a vault
//!
//! A provider is asked before the first call, ahead of the end that it tells, and after a 401. Of two keys that are
//! valid while they are rotated, the second is tried when the first is rejected.
//!
//! ```rust
//! use clutch_client::runtime::Provided;
//! use clutch_client::Credentials;
//! use countersign_tests::accounts::{clutch, serve};
//! # use countersign_tests::clock::Time;
//!
//! # fn main() -> anyhow::Result<()> { tokio::runtime::Runtime::new()?.block_on(run()) }
//! # async fn run() -> anyhow::Result<()> {
//! # let provider = serve("clutch", clutch::verifier(), &Time::manual()).await?;
//! let client = clutch::builder(&provider)
//!     .credentials(Credentials::new(clutch::KEY, "the secret of last month"))
//!     .credentials_provider(|| async {
//!         // Ask the vault here.
//!         Ok(Provided::new(Credentials::new(clutch::KEY, clutch::SECRET)))
//!     })
//!     .build()?;
//! client.list_fields().await?;
//! assert_eq!(provider.take().len(), 2, "rejected once, then signed with the new secret");
//!
//! // Or by hand, while calls run.
//! client.set_credentials(&Credentials::new(clutch::KEY, clutch::SECRET))?;
//! client.list_fields().await?;
//! # Ok(())
//! # }
//! ```
