//! `spec-diff rules`: the table; `spec-diff explain ID`: one line of it in words, with a pair that shows it.

use crate::workspace;
use anyhow::{Result, bail};
use clap::Args;
use countersign_codegen::diff::explain::{Caller, effect, pair};
use countersign_codegen::diff::rules::{Rule, all, by_id};
use countersign_codegen::diff::{Policy, Step, Verdict};
use std::fmt::Write as _;
use std::process::ExitCode;

/// Arguments of `spec-diff explain`.
#[derive(Args)]
pub(crate) struct Explain {
    /// The rule: `operation-removed`, or its number in the catalogue, `A4`.
    id: String,
}

/// Prints the rules as a table with tabs between its columns.
///
/// # Errors
/// If the reader went away.
pub(super) fn table() -> Result<ExitCode> {
    let mut text =
        "number\tid\tsent\treceived\tbehaviour\tsource sent\tsource received\tpolicy\tsentence\toasdiff\n".to_owned();
    for rule in all() {
        let columns = [
            rule.number,
            rule.id,
            rule.request.word(),
            rule.response.word(),
            if rule.behaviour { "changes" } else { "-" },
            rule.sent.word(),
            rule.received.word(),
            policy(rule.policy),
            rule.sentence,
            &upstream(rule),
        ];
        // Writing to a `String` can't fail.
        let _ = writeln!(text, "{}", columns.join("\t"));
    }
    workspace::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Explains the rule of an id, or all rules of a number.
///
/// # Errors
/// If there is no such rule.
pub(super) fn explain(arguments: &Explain) -> Result<ExitCode> {
    let rules: Vec<&Rule> = match by_id(&arguments.id) {
        Some(rule) => vec![rule],
        None => all().filter(|rule| rule.number.eq_ignore_ascii_case(&arguments.id)).collect(),
    };
    if rules.is_empty() {
        bail!("there is no rule `{}`; `cargo xtask spec-diff rules` lists them", arguments.id);
    }
    let texts: Vec<String> = rules.into_iter().map(explained).collect();
    workspace::print(&texts.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn upstream(rule: &Rule) -> String {
    if rule.upstream.is_empty() { "-".to_owned() } else { rule.upstream.join(" ") }
}

/// The word for what the policy says.
pub(super) fn policy(policy: Policy) -> &'static str {
    match policy {
        Policy::None => "-",
        Policy::Info => "info",
        Policy::Error => "error",
    }
}

fn explained(rule: &Rule) -> String {
    let mut text = format!("{} ({})\n{}\n\n", rule.id, rule.number, rule.sentence);
    // Writing to a `String` can't fail.
    let mut line = |what: &str, means: &str| {
        let _ = writeln!(text, "{what}: {means}");
    };
    if rule.request == rule.response {
        line("wire", wire(rule.request));
    } else {
        line("wire, where we send it", wire(rule.request));
        line("wire, where we receive it", wire(rule.response));
    }
    if rule.behaviour {
        line("behaviour", "changes: the same messages mean something else afterwards");
    }
    if rule.sent == rule.received {
        line("source", source(rule.sent));
    } else {
        line("source, where we send it", source(rule.sent));
        line("source, where we receive it", source(rule.received));
    }
    if rule.shielded {
        line("other generators", "callers would stop compiling; ours keeps structs, enums and unions open");
    }
    match rule.policy {
        Policy::None => {}
        Policy::Info => line("policy", "info: worth a line"),
        Policy::Error => line("policy", "error: against the life-cycle policy, fails by default"),
    }
    if rule.docs {
        line("shown", "only with --docs");
    }
    line("oasdiff", &upstream(rule));
    if let Some(effect) = effect(rule) {
        line("callers", effect.sentence);
        match effect.caller {
            Caller::Code(code, says) => line("stops compiling", &format!("\n  {code}\n  // {says}")),
            Caller::Words(words) => line("stops compiling", words),
            Caller::Compiles => {}
        }
    }
    for part in pair(rule).into_iter().flat_map(|pair| pair.parts) {
        let shown =
            |text: Option<String>| text.map_or("(nothing)".to_owned(), |text| text.replace('\n', "\n          "));
        line("\nat", &part.place);
        line("  before", &shown(part.before));
        line("  after", &shown(part.after));
    }
    line("\nwhat to do", advice(rule));
    text
}

fn wire(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::None => "none: it does not reach the wire",
        Verdict::Ok => "ok: every message that was good still is",
        Verdict::Warn => "warning: it breaks some clients",
        Verdict::Undecided => "undecided: the documents do not say, somebody has to look",
        Verdict::Break => "breaking: messages that were good are refused or not understood, fails by default",
    }
}

fn source(step: Step) -> &'static str {
    match step {
        Step::Patch => "patch: nothing public of the crate changes",
        Step::Minor => "minor: the crate has something new, callers compile as before",
        Step::Major => "major: callers stop compiling",
    }
}

fn advice(rule: &Rule) -> &'static str {
    let wire = rule.request.max(rule.response);
    let step = rule.sent.max(rule.received);
    match rule.number {
        "N8" => return "ask the provider which version this is, and write it into info.version",
        "N9" => return "raise info.x-crate.version to what the review names, and generate again",
        "N10" => return "run `cargo xtask codegen` and commit what it writes; edit the spec, never the crate",
        "S1" => return "remove the entry from accepted.yaml: `cargo xtask spec-diff accept --prune`",
        "S2" => return "mend what was accepted, or accept it anew with a later day",
        _ => {}
    }
    if rule.policy == Policy::Error {
        "ask the provider to keep to the announced dates, or correct the dates in the spec"
    } else if wire == Verdict::Break {
        "check with the provider that its servers do this now; release a new major version before they do, and move callers to it"
    } else if wire == Verdict::Undecided {
        "ask the provider, or try it; then write into the spec what holds"
    } else if wire == Verdict::Warn {
        "look at who uses the place; old crates may fail there"
    } else if rule.behaviour {
        "read what the provider says of it; old crates work on, with another outcome"
    } else if step == Step::Major {
        "nothing for crates that are out; regenerate, and release a new major version"
    } else if step == Step::Minor {
        "regenerate, and release a new minor version"
    } else {
        "nothing; regenerate with the next release"
    }
}
