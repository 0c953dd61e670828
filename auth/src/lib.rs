#![doc = include_str!("../README.md")]

pub mod check;
mod cookie;
pub mod custom;
#[cfg(feature = "document")]
pub mod document;
mod error;
mod fingerprint;
#[cfg(feature = "reqwest")]
pub mod hook;
mod operations;
pub mod prepare;
pub mod recipe;
mod request;
mod secret;
mod settings;
pub mod sign;
mod size;
mod stamp;
mod tape;
mod time;
mod values;
#[cfg(feature = "vectors")]
pub mod vectors;
pub mod verify;

pub use check::{ArgumentField, CheckedRecipe, CredentialField, CredentialKind, check};
pub use error::{CheckError, OptionError, PrepareError, Refusal, SignError, VerifyError};
pub use fingerprint::fingerprint;
pub use prepare::{Credentials, Prepared};
pub use recipe::Recipe;
pub use request::{SignableBody, SignableRequest};
pub use secret::{Secret, SecretKey};
pub use settings::{SigningOptions, parse_template};
pub use sign::{Given, SigningInstructions, StepValue};
pub use stamp::{Clock, Entropy, Random, RandomError, Stamp, SystemClock, SystemRandom, UnixTime};
pub use verify::Verified;
