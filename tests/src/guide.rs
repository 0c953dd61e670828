//! How tokens and credentials are used, as examples that run against the embedded providers.
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
