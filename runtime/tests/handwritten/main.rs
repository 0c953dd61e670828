//! A client written by hand in the form of generated ones, against raw servers on loopback.

#![allow(missing_docs, unreachable_pub, reason = "written as a client crate would")]

mod alone;
mod attacks;
mod bodies;
mod calls;
mod clocks;
mod faults;
mod mini;
mod production;
mod retries;
mod server;
mod signing;
mod storm;
mod styles;
