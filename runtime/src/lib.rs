#![doc = include_str!("../README.md")]

mod attempts;
mod base_url;
pub mod batches;
mod binary;
#[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
pub mod blocking;
mod body;
mod budget;
pub mod call;
pub mod client;
mod credentials;
mod decimal;
mod declared;
pub mod double_option;
#[doc(hidden)]
pub mod enums;
pub mod environment;
pub mod error;
mod events;
mod exchange;
mod form;
mod gates;
mod headers;
mod hint;
mod json;
mod keys;
mod lines;
mod members;
mod multipart;
mod observe;
mod operation;
mod pace;
pub mod pages;
mod parameters;
mod permits;
pub mod poll;
mod redirect;
#[cfg(feature = "redis")]
mod redis;
mod reply;
mod request;
mod retry;
mod sensitive;
pub mod sessions;
mod skew;
mod styles;
#[doc(hidden)]
pub mod text;
mod time;
mod timer;
mod tokens;
#[doc(hidden)]
pub mod unions;
mod upload;
mod uuid;
pub mod webhooks;

pub use countersign_auth as auth;
pub use {bytes, http, reqwest, reqwest_middleware, serde, serde_json};

pub use self::uuid::Uuid;
pub use base_url::BaseUrlError;
pub use batches::{Batch, BatchReport};
pub use binary::{Binary, ByteStream};
pub use budget::RetryBudget;
pub use call::{CallFuture, Response};
pub use client::{BuildError, ClientBuilder, Core};
pub use countersign_auth::Secret;
pub use credentials::{CredentialsError, CredentialsProvider, Provided};
pub use decimal::{Decimal, DecimalError};
pub use declared::Declared;
pub use environment::{Environment, MissingVariables};
pub use error::{Error, ErrorKind, RawBody, RequestError, Stopped, StreamError, TransportError};
pub use events::{Event, Events};
pub use form::FormStyle;
pub use futures_core::Stream;
pub use headers::{FromHeader, HeaderError, header};
pub use hint::Hint;
pub use json::DecodeError;
pub use lines::JsonLines;
pub use multipart::Multipart;
pub use observe::{AttemptEnd, CallEnd, Observer, WaitReason, Waited};
pub use operation::{Limits, Operation, OperationInfo, Provider, ProviderCredentials, Repeat, Server};
pub use pages::{Items, PageError, Pages};
pub use parameters::{ParameterValue, ParameterValues};
pub use poll::{PollError, Polling};
pub use reply::{Failure, FailureWhen, JsonConst, Outcome, Reply, Unreadable};
pub use request::Request;
pub use retry::RetryOptions;
pub use sensitive::Sensitive;
pub use styles::{ParameterStyle, Style};
pub use time::{Date, DateTime};
pub use upload::Upload;
