//! OpenAPI's own security over real sockets: each kind of scheme, alternatives and sets, and tokens of OAuth2.

#![allow(missing_docs, unreachable_pub, reason = "written as a client crate would")]

mod acme;
mod keys;
mod matrix;
mod oauth2;
#[path = "../handwritten/server.rs"]
#[allow(dead_code, reason = "the other tests use more of it")]
mod server;
mod sessions;
mod stores;
