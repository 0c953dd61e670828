//! Parameters resolved with credentials, and what verifying reads back.

use crate::error::{Refusal, SignError};
use crate::operations::mac::MacState;
use crate::recipe::{Fixed, HashAlgorithm, List, Text};
use crate::secret::{Secret, SecretKey, equal};
use crate::sign::text_of;
use crate::stamp::{Stamp, UnixTime};
use bytes::Bytes;

/// The parameters of one scheme, resolved with credentials.
pub(crate) struct Parameters {
    scheme: Text,
    values: Vec<(Text, Value)>,
}

/// The value of a parameter.
pub(crate) enum Value {
    /// A text of the document.
    Text(Text),
    /// A list of the document.
    List(List<Text>),
    /// A flag of the document.
    Flag(bool),
    /// A credential; secret ones are wiped with the last copy.
    Constant(Bytes),
    /// Keys; a sender uses the first.
    Keys(Vec<SecretKey>),
    /// The caller gives it for each signature.
    Argument { name: Text, optional: bool },
    /// The session machinery holds it.
    Session(Text),
}

impl Value {
    /// A value of the document.
    pub(crate) fn fixed(value: &Fixed) -> Self {
        match value {
            Fixed::Text(text) => Value::Text(text.clone()),
            Fixed::List(items) => Value::List(items.clone()),
            Fixed::Flag(flag) => Value::Flag(*flag),
        }
    }
}

impl Parameters {
    /// Takes what a recipe gives, by the names of the parameters.
    pub(crate) const fn new(scheme: Text, values: Vec<(Text, Value)>) -> Self {
        Parameters { scheme, values }
    }

    /// The recipe's name.
    pub(crate) const fn name(&self) -> &Text {
        &self.scheme
    }

    fn get(&self, parameter: &str) -> Option<&Value> {
        self.values.iter().find(|(name, _)| name == parameter).map(|(_, value)| value)
    }

    /// A text that is the same for every signature.
    pub(crate) fn constant(&self, parameter: &str) -> Option<&str> {
        match self.get(parameter)? {
            Value::Text(text) => Some(text),
            Value::Constant(bytes) => Some(text_of(bytes)),
            _ => None,
        }
    }

    /// A text for one signature; nothing of an optional one that is not there.
    pub(crate) fn text<'v>(&'v self, parameter: &str, stamp: &'v Stamp) -> Result<Option<&'v str>, SignError> {
        match self.get(parameter) {
            Some(Value::Argument { name, optional }) => match stamp.find_argument(name) {
                None if !optional => {
                    Err(SignError::MissingArgument { scheme: self.scheme.clone(), name: name.clone() })
                }
                found => Ok(found),
            },
            Some(Value::Session(name)) => {
                let missing = || SignError::MissingSession { scheme: self.scheme.clone(), name: name.clone() };
                stamp.find_session(name).map(Some).ok_or_else(missing)
            }
            _ => Ok(self.constant(parameter)),
        }
    }

    /// A list; empty where there is none.
    pub(crate) fn list(&self, parameter: &str) -> &[Text] {
        match self.get(parameter) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }

    /// A flag, or what holds without one.
    pub(crate) fn flag(&self, parameter: &str, otherwise: bool) -> bool {
        match self.get(parameter) {
            Some(Value::Flag(flag)) => *flag,
            _ => otherwise,
        }
    }

    /// A length of time in milliseconds.
    pub(crate) fn millis(&self, parameter: &str) -> Option<i64> {
        self.constant(parameter).and_then(crate::time::duration).map(|seconds| i64::from(seconds) * 1000)
    }

    /// The keys; never none, as the check has seen.
    pub(crate) fn keys(&self, parameter: &str) -> &[SecretKey] {
        match self.get(parameter) {
            Some(Value::Keys(keys)) => keys,
            _ => &[],
        }
    }

    /// The keys, ready for MACs.
    pub(crate) fn macs(&self, parameter: &str, algorithm: HashAlgorithm) -> Vec<MacState> {
        self.keys(parameter).iter().filter_map(|key| MacState::new(algorithm, key.expose())).collect()
    }

    /// Holds what came for a parameter against it, or notes it where only the sender knows it.
    pub(crate) fn read(
        &self,
        parameter: &str,
        came: Option<&str>,
        part: &str,
        checked: &mut Checked,
    ) -> Result<(), Refusal> {
        let missing = || Refusal::Missing { part: part.to_owned() };
        let differs = || Refusal::Differs { part: part.to_owned() };
        match (self.get(parameter), came) {
            (Some(Value::Session(_) | Value::Argument { .. }), Some("")) => {
                return Err(Refusal::Malformed { part: part.to_owned() });
            }
            (Some(Value::Session(name)), Some(came)) => checked.sessions.push((name.clone(), Secret::new(came))),
            (Some(Value::Session(_) | Value::Argument { optional: false, .. }), None) => return Err(missing()),
            (Some(Value::Argument { name, .. }), came) => {
                checked.arguments.push((name.clone(), came.map(str::to_owned)));
            }
            (_, came) => match (self.constant(parameter), came) {
                (Some(_), None) => return Err(missing()),
                (Some(known), Some(came)) if !bool::from(equal(known.as_bytes(), came.as_bytes())) => {
                    return Err(differs());
                }
                (None, Some(_)) => return Err(differs()),
                _ => {}
            },
        }
        Ok(())
    }

    /// The parameters that anybody may see, by name.
    pub(crate) fn public(&self, names: &[&'static str]) -> Vec<(&'static str, String)> {
        names.iter().filter_map(|name| Some((*name, self.constant(name)?.to_owned()))).collect()
    }
}

/// What a request that holds carried.
#[derive(Clone, Default)]
pub(crate) struct Checked {
    /// Values by name: `created`, `nonce`, public parameters.
    pub(crate) values: Vec<(&'static str, String)>,
    /// What may be seen once only.
    pub(crate) single_use: Vec<(&'static str, String)>,
    /// What the sender's caller gave.
    pub(crate) arguments: Vec<(Text, Option<String>)>,
    /// The session tokens that the sender used.
    pub(crate) sessions: Vec<(Text, Secret)>,
    /// Until when a replay guard has to remember what may be seen once only.
    pub(crate) remember_until: Option<UnixTime>,
}

/// Whether a time lies in the window around now; yields until when what it stamps may come again.
pub(crate) fn fresh(
    step: &'static str,
    created: UnixTime,
    now: UnixTime,
    window_millis: i64,
) -> Result<UnixTime, Refusal> {
    let age = now.as_millis().saturating_sub(created.as_millis());
    if age > window_millis || age < -window_millis {
        return Err(Refusal::NotFresh { step: step.into() });
    }
    Ok(UnixTime::from_millis(created.as_millis().saturating_add(window_millis)))
}
