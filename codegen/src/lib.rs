//! From a hand-written OpenAPI description to a client crate.
#![allow(missing_docs)]
pub mod client;
pub mod credentials;
pub mod docs;
pub mod emit;
pub mod enums;
pub mod expressions;
pub mod files;
pub mod finding;
pub mod generate;
pub mod ir;
pub mod layout;
pub mod lint;
pub mod manifest;
pub mod names;
pub mod normalize;
pub mod operations;
pub mod parse;
pub mod recipes;
pub mod references;
pub mod sent;
pub mod signing;
pub mod spec;
pub mod structs;
pub mod tokens;
pub mod unions;
pub mod vectors;
