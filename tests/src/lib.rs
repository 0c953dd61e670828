//! What proves that Countersign works: embedded providers, a demo, and tests across the crates.

pub mod accounts;
pub mod answers;
pub mod browser;
pub mod clock;
pub mod coverage;
pub mod demo;
pub mod differential;
pub mod document;
pub mod exact;
pub mod faults;
pub mod forge;
pub mod guide;
pub mod listener;
pub mod mutations;
pub mod outside;
pub mod plays;
pub mod programs;
pub mod provider;
pub mod sample;
pub mod schema;
pub mod service;
pub mod vectors;
pub mod verify;
pub mod witness;
pub mod workspace;
