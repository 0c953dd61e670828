//! The credentials that calls are signed with, made ready, and exchanged while calls run.
//!
//! 1. [`Keyring`] holds one or two [`KeySet`]s; each attempt takes one and keeps it, so one that is on its way is
//!    not disturbed when they are exchanged.
//! 2. [`KeyLayer`], a middleware outside of sessions, puts the set into the attempt.
//! 3. After a 401 it looks for a set that this call has not tried: one that was put in its place meanwhile, the
//!    second one, or what the provider brings. With that the attempt is made again, unless the call must never be
//!    repeated.

use crate::client::BuildError;
use crate::credentials::{Ask, CredentialsError};
use crate::operation::{OperationInfo, Repeat};
use crate::sessions::TokenScheme;
use countersign_auth::hook::{Signed, Signers, Signing};
use countersign_auth::{Clock, Credentials, Prepared, UnixTime};
use futures_util::lock::Mutex;
use http::{Extensions, StatusCode};
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Credentials are renewed this long before they end, or a fifth of their lifetime before, whichever is less.
const LONGEST_MARGIN: i64 = 60_000;

/// A provider that could not help is not asked again before this time is over.
const PAUSE: i64 = 5_000;

/// How many sets one attempt is made with at most: the first, the second, and what the provider brings then.
const MOST_SETS: usize = 3;

/// Makes credentials ready.
pub(crate) type Prepare = dyn Fn(&Credentials) -> Result<KeySet, BuildError> + Send + Sync;

/// Credentials that are ready to sign.
#[derive(Debug)]
pub(crate) struct KeySet {
    /// What tells them from others.
    pub(crate) print: String,
    /// Whose they are, at which server: part of the key of a stored token.
    pub(crate) owner: String,
    pub(crate) signers: Signers,
    /// Recipes that give a token to their caller.
    pub(crate) tokens: BTreeMap<String, Prepared>,
    /// Schemes that sign with a token.
    pub(crate) schemes: Vec<TokenScheme>,
    /// Whether a call that must not be made again was rejected, and none has succeeded since.
    pub(crate) doubted: AtomicBool,
}

/// All that a client may sign with.
pub(crate) struct Keyring {
    state: RwLock<State>,
    prepare: Box<Prepare>,
    provider: Option<Box<dyn Ask>>,
    /// The error of the last question; whoever holds the lock asks.
    asking: Mutex<Option<CredentialsError>>,
    /// How often the provider was asked; read without waiting for the lock.
    asked: AtomicU64,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct State {
    /// The first one signs.
    sets: Vec<Arc<KeySet>>,
    renew_at: Option<UnixTime>,
    expires_at: Option<UnixTime>,
    /// When the provider may be asked again after a rejection.
    ask_again_at: Option<UnixTime>,
}

impl Keyring {
    /// Starts with these credentials; none at all only where there is a provider.
    pub(crate) fn new(
        credentials: Option<&Credentials>,
        prepare: Box<Prepare>,
        provider: Option<Box<dyn Ask>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BuildError> {
        let sets = match (credentials, &provider) {
            (Some(credentials), _) => vec![Arc::new(prepare(credentials)?)],
            (None, Some(_)) => Vec::new(),
            (None, None) => vec![Arc::new(prepare(&Credentials::new())?)],
        };
        let state = RwLock::new(State { sets, ..State::default() });
        Ok(Self { state, prepare, provider, asking: Mutex::default(), asked: AtomicU64::new(0), clock })
    }

    /// The set that signs, if there is one already.
    pub(crate) fn at_hand(&self) -> Option<Arc<KeySet>> {
        self.read(|state| state.sets.first().cloned())
    }

    /// Exchanges all sets; attempts on their way keep theirs.
    pub(crate) fn replace(&self, credentials: &Credentials) -> Result<(), BuildError> {
        let sets = vec![Arc::new((self.prepare)(credentials)?)];
        self.set(State { sets, ..State::default() });
        Ok(())
    }

    /// Asks the provider now.
    pub(crate) async fn refresh(&self) -> Result<(), CredentialsError> {
        let Some(provider) = &self.provider else { return Ok(()) };
        let mut error = self.asking.lock().await;
        self.ask(&**provider, &mut error).await
    }

    /// The set to sign with, and how often the provider had been asked before.
    async fn current(&self) -> Result<(Arc<KeySet>, u64), CredentialsError> {
        let asked = self.asked.load(SeqCst);
        if let Some(set) = self.fresh() {
            return Ok((set, asked));
        }
        let Some(provider) = &self.provider else { unreachable!("without a provider there is a set, and it lasts") };
        let mut error = match self.asking.try_lock() {
            Some(asking) => asking,
            // Somebody else is asking; until they end, nobody has to wait for that.
            None => match self.lasting() {
                Some(set) => return Ok((set, asked)),
                None => self.asking.lock().await,
            },
        };
        if let Some(set) = self.fresh() {
            return Ok((set, self.asked.load(SeqCst)));
        }
        // Somebody else asked meanwhile, or has just now, and the answer is for both.
        if (self.asked.load(SeqCst) != asked || self.waits())
            && let Some(error) = &*error
        {
            return Err(error.clone());
        }
        let answer = self.ask(&**provider, &mut error).await;
        match (answer, self.lasting()) {
            (_, Some(set)) => Ok((set, self.asked.load(SeqCst))),
            (Err(error), None) => Err(error),
            // What was brought has ended already; it is as good as it gets.
            (Ok(()), None) => match self.at_hand() {
                Some(set) => Ok((set, self.asked.load(SeqCst))),
                None => unreachable!("an answer has at least one set"),
            },
        }
    }

    /// A set that this call has not tried, after it was rejected with those. A provider that fails has none.
    async fn other(&self, tried: &[String], asked: u64) -> Option<Arc<KeySet>> {
        if let Some(set) = self.untried(tried) {
            return Some(set);
        }
        let provider = self.provider.as_ref()?;
        let mut error = self.asking.lock().await;
        if let Some(set) = self.untried(tried) {
            return Some(set);
        }
        let waits = self.read(|state| state.ask_again_at).is_some_and(|at| self.clock.now() < at);
        // Somebody else asked since this attempt began, and the answer is for both.
        if waits || self.asked.load(SeqCst) != asked {
            return None;
        }
        // Why it failed is kept for who needs credentials; here the rejection says more.
        let _ = self.ask(&**provider, &mut error).await;
        let other = self.untried(tried);
        if other.is_none() {
            let later = self.later(PAUSE);
            self.change(|state| state.ask_again_at = Some(later));
        }
        other
    }

    /// Signs with this set first from now on.
    fn prefer(&self, set: &Arc<KeySet>) {
        self.change(|state| {
            if let Some(at) = state.sets.iter().position(|known| Arc::ptr_eq(known, set)) {
                state.sets.swap(0, at);
            }
        });
    }

    async fn ask(&self, provider: &dyn Ask, error: &mut Option<CredentialsError>) -> Result<(), CredentialsError> {
        let answer = match provider.ask().await {
            Ok(brought) => self.take(brought.sets, brought.lifetime),
            Err(source) => Err(CredentialsError::Provider { source: Arc::from(source) }),
        };
        self.asked.fetch_add(1, SeqCst);
        *error = answer.as_ref().err().cloned();
        if answer.is_err() {
            // Those at hand serve on while they last, and what has failed is left alone for a while.
            let later = self.later(PAUSE);
            self.change(|state| state.renew_at = state.expires_at.map(|_| later));
        }
        answer
    }

    fn take(&self, credentials: Vec<Credentials>, lifetime: Option<Duration>) -> Result<(), CredentialsError> {
        let known = self.read(|state| state.sets.clone());
        let ready = credentials.iter().map(|credentials| {
            // The same credentials stay the same set, with what was fetched for it.
            let print = credentials.fingerprint();
            match known.iter().find(|set| set.print == print) {
                Some(set) => Ok(Arc::clone(set)),
                None => (self.prepare)(credentials).map(Arc::new),
            }
        });
        let sets: Result<Vec<_>, BuildError> = ready.collect();
        let mut sets = sets.map_err(|error| CredentialsError::Unfit { source: Arc::new(error) })?;
        // Of the same two, the one that worked last stays the first.
        if sets.len() == known.len() && known.iter().all(|one| sets.iter().any(|other| Arc::ptr_eq(one, other))) {
            sets = known;
        }
        let lifetime = lifetime.map(|lifetime| i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX));
        let margin = |lifetime: i64| (lifetime / 5).min(LONGEST_MARGIN);
        self.set(State {
            sets,
            renew_at: lifetime.map(|lifetime| self.later(lifetime - margin(lifetime))),
            expires_at: lifetime.map(|lifetime| self.later(lifetime)),
            ask_again_at: None,
        });
        Ok(())
    }

    /// The set that signs, unless it has to be renewed or has ended.
    fn fresh(&self) -> Option<Arc<KeySet>> {
        let ends = |state: &State| [state.renew_at, state.expires_at].into_iter().flatten().min();
        self.read(|state| match ends(state) {
            Some(at) if self.provider.is_some() && self.clock.now() >= at => None,
            _ => state.sets.first().cloned(),
        })
    }

    /// Whether credentials have ended, and the provider has failed a moment ago.
    fn waits(&self) -> bool {
        self.read(|state| state.renew_at.is_some_and(|at| self.clock.now() < at))
    }

    /// The set that signs, unless it has ended.
    fn lasting(&self) -> Option<Arc<KeySet>> {
        self.read(|state| match state.expires_at {
            Some(at) if self.clock.now() >= at => None,
            _ => state.sets.first().cloned(),
        })
    }

    fn sets(&self) -> Vec<Arc<KeySet>> {
        self.read(|state| state.sets.clone())
    }

    fn untried(&self, tried: &[String]) -> Option<Arc<KeySet>> {
        self.read(|state| state.sets.iter().find(|set| !tried.contains(&set.print)).cloned())
    }

    fn later(&self, millis: i64) -> UnixTime {
        UnixTime::from_millis(self.clock.now().as_millis().saturating_add(millis))
    }

    // No code that can panic runs under the lock, so a poisoned one is as good as any.
    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("sets", &self.read(|state| state.sets.len())).finish_non_exhaustive()
    }
}

/// The middleware.
#[derive(Debug)]
pub(crate) struct KeyLayer(pub(crate) Arc<Keyring>);

impl KeyLayer {
    fn put(keys: &Arc<KeySet>, extensions: &mut Extensions) {
        extensions.insert(Arc::clone(keys));
        if let Some(signing) = extensions.remove::<Signing>() {
            extensions.insert(signing.signers(keys.signers.clone()));
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait::async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait::async_trait(?Send))]
impl Middleware for KeyLayer {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let (mut keys, asked) = self.0.current().await.map_err(Error::middleware)?;
        let (mut tried, at_hand) = (Vec::new(), self.0.sets());
        loop {
            Self::put(&keys, extensions);
            let again = if may_come_again(extensions) { request.try_clone() } else { None };
            let response = next.clone().run(request, extensions).await?;
            if response.status() != StatusCode::UNAUTHORIZED || !is_signed(extensions) {
                if response.status().is_success() && is_signed(extensions) {
                    keys.doubted.store(false, SeqCst);
                    if !tried.is_empty() {
                        self.0.prefer(&keys);
                    }
                }
                return Ok(response);
            }
            tried.push(keys.print.clone());
            if tried.len() == MOST_SETS {
                return Ok(response);
            }
            let Some(other) = self.0.other(&tried, asked).await else { return Ok(response) };
            let Some(again) = again else {
                // A call that can't be made again leaves a new set to the next one. One that was there before proves
                // nothing by that: the call may be rejected for another reason. After two in a row it is tried, too.
                if keys.doubted.swap(true, SeqCst) || !at_hand.iter().any(|set| Arc::ptr_eq(set, &other)) {
                    self.0.prefer(&other);
                }
                return Ok(response);
            };
            (keys, request) = (other, again);
        }
    }
}

/// Whether a call may reach the service a second time after it was rejected.
pub(crate) fn may_come_again(extensions: &Extensions) -> bool {
    extensions.get::<&'static OperationInfo>().is_none_or(|operation| operation.repeat != Repeat::Never)
}

fn is_signed(extensions: &Extensions) -> bool {
    extensions.get::<Signed>().is_some_and(|signed| !signed.schemes.is_empty())
}
