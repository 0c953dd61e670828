//! Webhooks: requests that a provider sends, verified as strictly as ours are signed, each event handled once.
//!
//! 1. The body is held against a cap before anything is computed.
//! 2. The recipe that signs requests verifies this one: signature first, then claims ([`countersign_auth`]).
//! 3. The value that tells events apart is read from the verified body, and the body is read as the event.
//! 4. A [`ReplayStore`] reserves the event, so that of any number of copies one is handled.
//! 5. The handler runs; after it the event is committed, or released so that a redelivery runs again.
//!
//! [`Receiver::handle`] does all of it for plain `http` requests, the module `axum` (a feature) for that
//! framework; [`Receiver::receive`] stops before the handler, [`Receiver::verify`] before the reservation.
//! [`testing::Sender`] makes the requests, valid ones and others.
//!
//! What is not here: a limit on how slowly a body may arrive, and on requests at a time; a server has both.

#[cfg(feature = "axum")]
pub mod axum;
mod delivery;
mod memory;
mod pointer;
mod receiver;
#[cfg(feature = "redis")]
mod redis;
mod rejection;
mod store;
pub mod testing;
#[cfg(test)]
mod tests;

pub use self::pointer::DedupeError;
#[cfg(feature = "redis")]
pub use self::redis::{Outage, RedisReplayStore};
pub use delivery::{Delivery, Lease, VerifiedWebhook};
pub use memory::MemoryReplayStore;
pub use receiver::{Handled, Receiver, ReceiverBuilder, ReceiverError};
pub use rejection::{Cause, Rejection, RejectionKind};
pub use store::{Claim, ReplayKey, ReplayStore, ReplayStoreError, Reservation, ReservationToken, StoreFuture};

use countersign_auth::Recipe;
use serde::de::DeserializeOwned;

/// The facts of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookInfo {
    /// The provider: `acme`.
    pub provider: &'static str,
    /// The event: `order_paid`.
    pub event: &'static str,
    /// The security scheme whose recipe signs it.
    pub scheme: &'static str,
    /// JSON Pointer to the value of the body that tells events apart: the same in each redelivery.
    pub dedupe: Option<&'static str>,
}

/// A webhook as a type, which carries what its requests hold.
pub trait Webhook: Sized + 'static {
    /// The body.
    type Event: DeserializeOwned + Send + 'static;
    /// The facts.
    const INFO: &'static WebhookInfo;

    /// The recipe that signs it.
    fn recipe() -> Recipe;
}
