#![doc = include_str!("../README.md")]

mod attempts;
mod base_url;
mod binary;
pub mod call;
pub mod client;
mod decimal;
pub mod double_option;
#[doc(hidden)]
pub mod enums;
pub mod environment;
pub mod error;
mod form;
mod json;
mod operation;
mod parameters;
mod reply;
mod request;
mod sensitive;
#[doc(hidden)]
pub mod text;
mod time;
#[doc(hidden)]
pub mod unions;
mod uuid;
pub mod webhooks;

pub use countersign_auth as auth;
pub use {bytes, http, reqwest, reqwest_middleware, serde, serde_json};

pub use self::uuid::Uuid;
pub use base_url::BaseUrlError;
pub use binary::{Binary, ByteStream};
pub use call::{CallFuture, Response};
pub use client::{BuildError, ClientBuilder, Core};
pub use countersign_auth::Secret;
pub use decimal::{Decimal, DecimalError};
pub use environment::{Environment, MissingVariables};
pub use error::{Error, ErrorKind, RawBody, RequestError, TransportError};
pub use json::DecodeError;
pub use operation::{Operation, OperationInfo, Provider, ProviderCredentials, Repeat, Server};
pub use parameters::{ParameterValue, ParameterValues};
pub use reply::{Failure, FailureWhen, JsonConst, Outcome, Reply, Unreadable};
pub use request::Request;
pub use sensitive::Sensitive;
pub use time::{Date, DateTime};
