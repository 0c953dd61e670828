//! Tokens of an API's own sessions, and credentials that change, over real sockets.

mod credentials;
mod redis;
mod server;
mod tokens;
