//! Changes valid webhook requests at random, and says how many of the changed ones are accepted.

use clap::Parser;
use countersign_auth::{SignableBody, SignableRequest};
use countersign_tests::{forge, mutations};
use std::process::ExitCode;

/// Changes valid webhook requests at random, and says how many of the changed ones are accepted.
#[derive(Parser)]
struct Arguments {
    /// How many changed requests are tried.
    #[arg(long, default_value_t = 1_000_000)]
    count: usize,
    /// What the changes are drawn from; the same seed makes the same changes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let Arguments { count, seed } = Arguments::parse();
    let receiver = forge::receiver(&[forge::SECRET], 0);
    let tally = mutations::run(seed, count, |request| {
        let signable = SignableRequest {
            method: "POST",
            base: "",
            target: "/hooks/cardlytics",
            headers: request.headers(),
            body: SignableBody::Bytes(request.body()),
        };
        receiver.verify(&signable, forge::NOW).is_ok()
    });
    println!("{tally}");
    if tally.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
