//! `cargo xtask`: the one door to Countersign's tools. `cargo xtask help` lists them.
//!
//! Each command is one file that reads arguments, calls a library and prints. Exit codes are those of `diff`:
//! 0 clean, 1 findings, 2 trouble.

mod codegen;
mod corpus;
mod demo;
mod lint;
mod new;
mod spec_diff;
mod vectors;
mod webhook;
mod workspace;

use clap::{Parser, Subcommand};
use std::io::Write as _;
use std::process::ExitCode;

/// Documents become a million small nodes, which this allocator makes and gives back faster than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Countersign's tools.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Generate client crates from the specs; with `--check`, fail if they differ.
    Codegen(codegen::Codegen),
    /// Show what is wrong with the specs, all of it at once.
    Lint(lint::Lint),
    /// Begin a provider: spec folder, crate and a first test, from a published file or from nothing.
    New(new::New),
    /// Run vector files against recipes, and turn each signed request round.
    Vectors(vectors::Vectors),
    /// Measure a folder of published specs: what generates, compiles, and has all its operations.
    Corpus(corpus::Corpus),
    /// Call every operation against a server that verifies each request.
    Demo,
    /// Review what changed between two specs.
    SpecDiff(spec_diff::SpecDiff),
    /// Verify a captured webhook, or send one to a receiver under test.
    Webhook(webhook::Webhook),
}

/// Nothing to say, or something to mend.
fn verdict(clean: bool) -> ExitCode {
    ExitCode::from(u8::from(!clean))
}

/// The command could not do its work.
const TROUBLE: u8 = 2;

fn main() -> ExitCode {
    let ended = match Arguments::parse().task {
        Task::Codegen(arguments) => codegen::run(&arguments),
        Task::Lint(arguments) => lint::run(&arguments),
        Task::New(arguments) => new::run(&arguments),
        Task::Vectors(arguments) => vectors::run(&arguments),
        Task::Corpus(arguments) => corpus::run(&arguments),
        Task::Demo => demo::run(),
        Task::SpecDiff(arguments) => spec_diff::run(&arguments),
        Task::Webhook(arguments) => webhook::run(&arguments),
    };
    ended.unwrap_or_else(|error| {
        // Nobody may be there to read it, which is no reason to end otherwise.
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::from(TROUBLE)
    })
}
