//! What a signature takes from outside the request: one reading of the clock, one draw of random bytes, and
//! what the caller gives.
//!
//! [`Clock`] and [`Random`] are where time and chance come from; they are read before an attempt is signed,
//! never inside [`crate::Prepared::sign`].

use crate::secret::Secret;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(i64);

impl UnixTime {
    /// From whole milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        UnixTime(millis)
    }

    /// From whole seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        UnixTime(seconds.saturating_mul(1000))
    }

    /// In milliseconds.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// In whole seconds, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This many seconds later.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        UnixTime(self.0.saturating_add(seconds.saturating_mul(1000)))
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time now.
    fn now(&self) -> UnixTime;
}

/// The system's clock, in browsers too.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        let since = web_time::SystemTime::now().duration_since(web_time::UNIX_EPOCH).unwrap_or_default();
        UnixTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Where random bytes come from.
pub trait Random: Send + Sync + fmt::Debug {
    /// Fills the whole buffer.
    ///
    /// # Errors
    /// The source has no bytes to give.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError>;
}

/// The random source failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("random source failed: {reason}")]
pub struct RandomError {
    /// What the source says.
    pub reason: String,
}

/// The system's random source, in browsers too.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(buffer).map_err(|error| RandomError { reason: error.to_string() })
    }
}

/// The random bytes of one attempt; random steps take theirs one after another.
#[derive(Clone)]
pub struct Entropy([u8; Entropy::LENGTH]);

impl Entropy {
    /// How many bytes there are: enough for six version-4 UUIDs. The check holds recipes against it.
    pub const LENGTH: usize = 96;

    /// Takes the bytes as they are.
    pub const fn new(bytes: [u8; Entropy::LENGTH]) -> Self {
        Entropy(bytes)
    }

    /// Draws the bytes.
    ///
    /// # Errors
    /// The source has no bytes to give.
    pub fn draw(source: &(impl Random + ?Sized)) -> Result<Self, RandomError> {
        let mut bytes = [0; Entropy::LENGTH];
        source.fill(&mut bytes)?;
        Ok(Entropy(bytes))
    }

    pub(crate) fn slice(&self, offset: usize, length: usize) -> &[u8] {
        &self.0[offset..offset + length]
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy([redacted])")
    }
}

/// Everything that one signature takes from outside the request.
#[derive(Clone, Debug)]
pub struct Stamp {
    drawn: Drawn,
    arguments: Vec<(Cow<'static, str>, Secret)>,
    sessions: Vec<(Cow<'static, str>, Secret)>,
}

#[derive(Clone, Debug)]
enum Drawn {
    Now(UnixTime, Entropy),
    Given(BTreeMap<String, String>),
}

impl Stamp {
    /// From a reading of the clock and a draw of random bytes.
    pub const fn drawn(now: UnixTime, entropy: Entropy) -> Self {
        Stamp { drawn: Drawn::Now(now, entropy), arguments: Vec::new(), sessions: Vec::new() }
    }

    /// From the texts that clock and random source would yield, by step name: for vectors and examples.
    pub const fn given(values: BTreeMap<String, String>) -> Self {
        Stamp { drawn: Drawn::Given(values), arguments: Vec::new(), sessions: Vec::new() }
    }

    /// Reads the clock and draws random bytes.
    ///
    /// # Errors
    /// The random source has no bytes to give.
    pub fn draw(clock: &(impl Clock + ?Sized), random: &(impl Random + ?Sized)) -> Result<Self, RandomError> {
        Ok(Stamp::drawn(clock.now(), Entropy::draw(random)?))
    }

    /// Adds an argument that the recipe asks for; a later one of the same name wins.
    #[must_use]
    pub fn argument(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        // Arguments are redacted, too: user ids and renewal URLs need not stand in logs.
        self.arguments.push((name.into(), Secret::new(value)));
        self
    }

    /// Adds a session token; a later one of the same name wins.
    #[must_use]
    pub fn session(mut self, name: impl Into<Cow<'static, str>>, value: &Secret) -> Self {
        self.sessions.push((name.into(), value.clone()));
        self
    }

    pub(crate) fn find_argument(&self, name: &str) -> Option<&str> {
        find(&self.arguments, name)
    }

    pub(crate) fn find_session(&self, name: &str) -> Option<&str> {
        find(&self.sessions, name)
    }

    /// The given text of a step, or the reading and the draw that make it.
    pub(crate) fn value_of(&self, step: &str) -> StampValue<'_> {
        match &self.drawn {
            Drawn::Now(now, entropy) => StampValue::Drawn(*now, entropy),
            Drawn::Given(values) => values.get(step).map_or(StampValue::Missing, |text| StampValue::Given(text)),
        }
    }

    /// How many bytes arguments and session tokens have together.
    pub(crate) fn extra_length(&self) -> usize {
        self.arguments.iter().chain(&self.sessions).map(|(_, value)| value.expose().len()).sum()
    }
}

pub(crate) enum StampValue<'a> {
    Drawn(UnixTime, &'a Entropy),
    Given(&'a str),
    Missing,
}

fn find<'a>(pairs: &'a [(Cow<'static, str>, Secret)], name: &str) -> Option<&'a str> {
    pairs.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.expose())
}
