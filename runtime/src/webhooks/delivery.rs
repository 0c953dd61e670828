//! A verified event, and the lease on it.

use super::Webhook;
use super::receiver::Inner;
use super::rejection::{Cause, Rejection};
use super::store::{Claim, ReplayKey, ReplayStore, ReplayStoreError, Reservation, ReservationToken};
use countersign_auth::{UnixTime, Verified};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How much longer than a signature lives its once-only values are remembered: clocks are set, too.
const CLOCK_MARGIN: Duration = Duration::from_secs(60);

/// An event whose signature and claims hold. Nothing says yet whether it came before.
pub struct VerifiedWebhook<E> {
    pub(super) event: E,
    pub(super) verified: Verified,
    pub(super) dedupe: Option<String>,
    pub(super) issuer: String,
    pub(super) now: UnixTime,
}

impl<E> VerifiedWebhook<E> {
    /// The event.
    pub const fn event(&self) -> &E {
        &self.event
    }

    /// The event itself.
    pub fn into_event(self) -> E {
        self.event
    }

    /// What the signature carried.
    pub const fn verified(&self) -> &Verified {
        &self.verified
    }

    /// The value that tells this event apart, if the spec names one.
    pub fn dedupe(&self) -> Option<&str> {
        self.dedupe.as_deref()
    }
}

// Events hold personal data.
impl<E> fmt::Debug for VerifiedWebhook<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedWebhook").field("verified", &self.verified).finish_non_exhaustive()
    }
}

/// A verified event that is ours to handle: nobody else does while the lease lasts.
///
/// After the work, [`commit`](Self::commit); after a failure, [`release`](Self::release). Dropped without either,
/// the lease ends by itself, and a redelivery runs again.
#[must_use = "a delivery that is neither committed nor released holds the event back until its lease ends"]
pub struct Delivery<W: Webhook> {
    event: W::Event,
    verified: Verified,
    lease: Lease,
}

impl<W: Webhook> Delivery<W> {
    /// The event.
    pub const fn event(&self) -> &W::Event {
        &self.event
    }

    /// What the signature carried.
    pub const fn verified(&self) -> &Verified {
        &self.verified
    }

    /// The event itself, and the lease on it.
    pub fn into_parts(self) -> (W::Event, Lease) {
        (self.event, self.lease)
    }

    /// Remembers the event as handled: copies get 200 and do not run.
    ///
    /// # Errors
    /// The store is gone, or the lease ended and another copy took the event.
    pub async fn commit(self) -> Result<(), ReplayStoreError> {
        self.lease.commit().await
    }

    /// Gives the event back: the next copy runs.
    ///
    /// # Errors
    /// The store is gone; the lease then ends by itself.
    pub async fn release(self) -> Result<(), ReplayStoreError> {
        self.lease.release().await
    }

    /// Claims what may be seen once only, then reserves the event.
    pub(super) async fn reserve(inner: &Inner, webhook: VerifiedWebhook<W::Event>) -> Result<Self, Rejection> {
        let Some(store) = &inner.store else {
            return Ok(Self { event: webhook.event, verified: webhook.verified, lease: Lease(None) });
        };
        let signed = signed_for(&webhook);
        let key = event_key(&webhook, W::INFO.event);
        for (step, value) in webhook.verified.single_use() {
            let once = ReplayKey::single_use(&webhook.issuer, step, value);
            let remember = signed.map_or(inner.retention, |signed| signed + CLOCK_MARGIN);
            match store.claim(&once, &key, remember).await {
                Ok(Claim::Ours) => {}
                Ok(Claim::Another) => return Err(inner.reject(Cause::Replayed { step: step.to_owned() })),
                Err(error) => return Err(inner.reject(Cause::Store(error))),
            }
        }
        let token = match store.reserve(&key, inner.lease).await {
            Ok(Reservation::Fresh(token)) => token,
            Ok(Reservation::InProgress { retry_after }) => return Err(inner.reject(Cause::InProgress { retry_after })),
            Ok(Reservation::Done) => return Err(inner.reject(Cause::Duplicate)),
            Err(error) => return Err(inner.reject(Cause::Store(error))),
        };
        // Redeliveries carry new tokens, so the event is remembered longer than this token lives.
        let remember = signed.map_or(inner.retention, |signed| inner.retention.max(signed + CLOCK_MARGIN));
        let hold = Hold { store: Arc::clone(store), key, token, remember };
        Ok(Self { event: webhook.event, verified: webhook.verified, lease: Lease(Some(hold)) })
    }
}

/// How long from now the signature would still be taken.
fn signed_for<E>(webhook: &VerifiedWebhook<E>) -> Option<Duration> {
    let until = webhook.verified.remember_until()?.as_millis();
    let millis = until.saturating_sub(webhook.now.as_millis()).saturating_add(1);
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or_default()))
}

/// The spec's value, or all that may be seen once only where it names none; the receiver's builder saw to it that
/// there is one of the two.
fn event_key<E>(webhook: &VerifiedWebhook<E>, event: &str) -> ReplayKey {
    if let Some(value) = &webhook.dedupe {
        return ReplayKey::event(&webhook.issuer, event, value);
    }
    let values = webhook.verified.single_use().map(|(_, value)| format!("{}:{value}", value.len()));
    ReplayKey::event(&webhook.issuer, event, &values.collect::<Vec<_>>().join(":"))
}

// Events hold personal data.
impl<W: Webhook> fmt::Debug for Delivery<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let provider = &W::INFO.provider;
        f.debug_struct("Delivery").field("provider", provider).field("event", &W::INFO.event).finish_non_exhaustive()
    }
}

/// The lease on an event.
#[must_use = "a lease that is neither committed nor released holds the event back until it ends"]
pub struct Lease(Option<Hold>);

struct Hold {
    store: Arc<dyn ReplayStore>,
    key: ReplayKey,
    token: ReservationToken,
    remember: Duration,
}

impl Lease {
    /// As [`Delivery::commit`].
    ///
    /// # Errors
    /// The store is gone, or the lease ended and another copy took the event.
    pub async fn commit(self) -> Result<(), ReplayStoreError> {
        let Some(Hold { store, key, token, remember }) = self.0 else { return Ok(()) };
        store.commit(&key, &token, remember).await
    }

    /// As [`Delivery::release`].
    ///
    /// # Errors
    /// The store is gone; the lease then ends by itself.
    pub async fn release(self) -> Result<(), ReplayStoreError> {
        let Some(Hold { store, key, token, .. }) = self.0 else { return Ok(()) };
        store.release(&key, &token).await
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease([redacted])")
    }
}
