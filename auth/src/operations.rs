//! One small function for each operation of the vocabulary.
//!
//! Each appends its result to a buffer and knows nothing of recipes, requests or keys by name; see
//! [`crate::sign`] for how steps feed them.

pub(crate) mod concat;
pub(crate) mod digest;
pub(crate) mod encode;
pub(crate) mod form;
pub(crate) mod json;
pub(crate) mod jws;
pub(crate) mod mac;
pub(crate) mod php;
