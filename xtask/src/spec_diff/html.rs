//! A review as one page that needs nothing else: summary, filters, and each change with its old and new lines.
//!
//! 1. [`render`] writes the head with a policy that lets only our own style and script in, by their digests.
//! 2. `summary` writes what there is how often and what each crate needs, `filters` what can be chosen.
//! 3. [`findings`] writes the changes by spec and rule: the first of each group side by side ([`quote`] brings the
//!    lines, [`words`] marks what differs), the others as a line each.
//!
//! What a document says is made printable and escaped. Without the script all of it is there, only not filtered.

mod findings;
mod quote;
mod words;

use super::input::Pair;
use super::links::Links;
use super::review::{Fate, Review, Reviewed, Weight};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_codegen::diff::{Change, Policy, Step, Verdict};
use countersign_codegen::finding::printable;
use findings::Findings;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// What can be filtered by: the word in the page, what it is called, what it means.
const FACETS: [(&str, &str, &str); 9] = [
    ("fails", "Fails", "ends with exit code 1"),
    ("breaking", "Breaking", "breaks messages on the wire"),
    ("undecided", "Undecided", "the documents do not say"),
    ("warning", "Warning", "breaks some clients"),
    ("behaviour", "Behaviour", "the same messages mean something else"),
    ("major", "Rust major", "callers of the crate stop compiling, or old crates stop working"),
    ("policy", "Policy", "against the life-cycle policy"),
    ("fine", "Compatible", "every message that was good still is"),
    ("accepted", "Accepted", "somebody accepts it until a day"),
];

/// The review as a page.
pub(super) fn render(review: &Review, pairs: &[Pair], links: &Links) -> String {
    let title = title(review);
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; \
         script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Spec review: {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#findings\">Skip to the findings</a>\n",
        digest(STYLE),
        digest(SCRIPT),
        escaped(&title),
    );
    summary(&mut out, review, &title);
    if review.counts().changes > 0 {
        filters(&mut out, review);
    }
    Findings::new(review, pairs, links).write(&mut out);
    out.push_str(ENDING);
    // Writing to a `String` can't fail.
    let _ = write!(out, "<script>{SCRIPT}</script>\n</body>\n</html>\n");
    out
}

const ENDING: &str = "\
<dialog id=\"keys\" aria-labelledby=\"keys-title\"><h2 id=\"keys-title\">Keyboard</h2><dl>\
<div><dt><kbd>/</kbd></dt><dd>search</dd></div>\
<div><dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>next and previous finding</dd></div>\
<div><dt><kbd>e</kbd> <kbd>c</kbd></dt><dd>expand and collapse all groups</dd></div>\
<div><dt><kbd>r</kbd></dt><dd>reset the filters</dd></div>\
<div><dt><kbd>?</kbd></dt><dd>this list</dd></div></dl>\
<form method=\"dialog\"><button>Close</button></form></dialog>\n\
<footer class=\"foot\">Written by <code>cargo xtask spec-diff --format html</code>. \
<code>cargo xtask spec-diff explain RULE</code> says what a rule means.</footer>\n";

fn title(review: &Review) -> String {
    let counts = review.counts();
    match (counts.changes, counts.failing) {
        (0, _) if review.specs.iter().all(|spec| spec.fate == Fate::Compared) => "nothing changed".to_owned(),
        (0, _) => "nothing to compare".to_owned(),
        (all, 0) => format!("none of {} fails", plural(all, "change")),
        (all, failing) if all == failing && all > 1 => format!("all {all} changes fail"),
        (1, 1) => "the one change fails".to_owned(),
        (all, 1) => format!("1 of {} fails", plural(all, "change")),
        (all, failing) => format!("{failing} of {} fail", plural(all, "change")),
    }
}

fn summary(out: &mut String, review: &Review, title: &str) {
    let counts = review.counts();
    let (state, sign) = if counts.failing > 0 { ("bad", "M6 6l12 12M18 6L6 18") } else { ("good", "M5 13l5 5L19 7") };
    let first: String = title.chars().take(1).flat_map(char::to_uppercase).collect();
    let touched = review.specs.iter().filter(|spec| !spec.report.changes.is_empty()).count();
    let fails_on = match review.fail_on.word() {
        "none" => "Nothing fails here, as asked for.",
        "source" => "What breaks the wire or the crate’s callers fails.",
        "behaviour" => "What breaks the wire or means something else fails.",
        _ => "What breaks the wire or is against the policy fails.",
    };
    let accepted = match counts.suppressed {
        0 => String::new(),
        1 => " 1 change is accepted.".to_owned(),
        many => format!(" {many} changes are accepted."),
    };
    // Writing to a `String` can't fail.
    let _ = writeln!(
        out,
        "<header class=\"top {state}\"><p class=\"brand\">Spec review</p><div class=\"verdict\">\
         <svg class=\"sign\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path d=\"{sign}\"/></svg>\
         <div><h1>{first}{}</h1><p>{} changed. {fails_on}{accepted}</p></div></div></header>\n<main>",
        escaped(&title[first.len().min(title.len())..]),
        of(touched, review.specs.len(), "spec"),
    );
    let same = |spec: &&Reviewed| spec.fate == Fate::Compared && spec.report.changes.is_empty();
    out.push_str("<section class=\"specs\" aria-label=\"Specs\">\n");
    for (index, spec) in review.specs.iter().enumerate().filter(|(_, spec)| !same(spec)) {
        out.push_str(&spec_card(review, index, spec));
    }
    out.push_str("</section>\n");
    let names: Vec<String> = review.specs.iter().filter(same).map(|spec| escaped(&spec.name)).collect();
    if !names.is_empty() {
        let _ = writeln!(out, "<p class=\"same\">Without a change: {}.</p>", names.join(", "));
    }
}

/// A spec in the summary: its name, its files, how its changes are shared out, what its crate needs.
fn spec_card(review: &Review, index: usize, spec: &Reviewed) -> String {
    let total = spec.report.changes.len();
    let failing = spec.report.changes.iter().filter(|change| review.fails_on(change)).count();
    let files: Vec<String> = match (&spec.old, &spec.new) {
        (Some(old), Some(new)) => vec![old.display().to_string(), new.display().to_string()],
        (old, new) => old.iter().chain(new).map(|file| file.display().to_string()).collect(),
    };
    let files: Vec<String> = files.iter().map(|file| format!("<code>{}</code>", escaped(file))).collect();
    let fate = match spec.fate {
        Fate::New => "<p>This spec is new: there is nothing to compare.</p>".to_owned(),
        Fate::Gone => format!("<p>This spec is gone.</p>{}", needs(spec)),
        Fate::Compared => needs(spec),
    };
    let state = if failing > 0 { "bad" } else { "good" };
    let count = match (total, failing) {
        (0, _) => String::new(),
        (_, 0) => format!("<a href=\"#spec-{index}\">{}</a>", plural(total, "change")),
        _ => format!("<a href=\"#spec-{index}\">{}, {failing} failing</a>", plural(total, "change")),
    };
    format!(
        "<article class=\"spec-card {state}\"><h2>{}</h2><p class=\"files\">{}</p>{}<p class=\"count\">{count}</p>{fate}</article>\n",
        escaped(&spec.name),
        files.join("<span class=\"to\"> to </span>"),
        bar(spec),
    )
}

/// What the version of the crate needs.
fn needs(spec: &Reviewed) -> String {
    if let Some(advice) = &spec.report.advice {
        let class = if advice.enough { "enough" } else { "small" };
        return format!("<p class=\"needs {class}\">{}</p>", escaped(&advice.sentence()));
    }
    let step = spec.report.step();
    let class = if step == Step::Major { "major" } else { "minor" };
    format!(
        "<p class=\"needs\">A crate of it needs a <strong class=\"step {class}\">{}</strong> step.</p>",
        step.word()
    )
}

/// How many changes have each verdict, as a bar.
fn bar(spec: &Reviewed) -> String {
    let counts = spec.report.counts();
    let total = spec.report.changes.len();
    if total == 0 {
        return String::new();
    }
    let (mut parts, mut words, mut at) = (String::new(), Vec::new(), 0.0);
    for verdict in Verdict::ALL {
        let count = counts.get(&verdict).copied().unwrap_or_default();
        if count == 0 {
            continue;
        }
        words.push(format!("{count} {}", wire_word(verdict)));
        #[expect(clippy::cast_precision_loss, reason = "a width in a picture")]
        let width = count as f64 * 100.0 / total as f64;
        // Writing to a `String` can't fail.
        let _ = write!(parts, "<rect class=\"b-{}\" x=\"{at:.2}\" width=\"{width:.2}\" height=\"6\"/>", verdict.word());
        at += width;
    }
    let words = words.join(", ");
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"On the wire: {words}\">\
         {parts}</svg><p class=\"legend\">{words}</p>"
    )
}

/// A wire verdict as people read it.
fn wire_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::None => "not on the wire",
        Verdict::Ok => "compatible",
        verdict => verdict.word(),
    }
}

fn filters(out: &mut String, review: &Review) {
    out.push_str(
        "<section class=\"filters\" id=\"filters\" aria-label=\"Filters\" hidden>\n<div class=\"row\">\
         <label class=\"search\"><span class=\"label\">Search <kbd>/</kbd></span>\
         <input id=\"search\" type=\"search\" placeholder=\"word, rule, path, fingerprint\" autocomplete=\"off\" spellcheck=\"false\"></label>\n",
    );
    let several = if review.specs.len() > 1 { "" } else { " hidden" };
    // Writing to a `String` can't fail.
    let _ = write!(
        out,
        "<label{several}><span class=\"label\">Provider</span><select id=\"spec\"><option value=\"\">All providers</option>"
    );
    for (index, spec) in review.specs.iter().enumerate().filter(|(_, spec)| !spec.report.changes.is_empty()) {
        let _ = write!(out, "<option value=\"{index}\">{}</option>", escaped(&spec.name));
    }
    out.push_str("</select></label>\n");
    operations(out, review);
    out.push_str("</div>\n<div class=\"row second\"><div class=\"facets\" role=\"group\" aria-label=\"Verdicts\">");
    for (word, name, means) in FACETS {
        let _ = write!(
            out,
            "<button type=\"button\" class=\"facet f-{word}\" data-facet=\"{word}\" aria-pressed=\"false\" title=\"{means}\">\
             {name} <span class=\"n\"></span></button>"
        );
    }
    out.push_str(
        "</div>\n<div class=\"end\"><p id=\"shown\" role=\"status\"></p><div class=\"tools\">\
         <button type=\"button\" id=\"reset\" hidden>Reset</button><button type=\"button\" id=\"expand\">Expand all</button>\
         <button type=\"button\" id=\"collapse\">Collapse all</button>\
         <button type=\"button\" id=\"help\" aria-haspopup=\"dialog\" aria-label=\"Keyboard\" title=\"Keyboard\">?</button></div></div></div>\n</section>\n",
    );
}

/// The operations that changes reach, by spec; their values are what changes refer to.
fn operations(out: &mut String, review: &Review) {
    out.push_str(
        "<label><span class=\"label\">Operation</span><select id=\"operation\"><option value=\"\">All operations</option>",
    );
    for (index, spec) in review.specs.iter().enumerate() {
        let reached: std::collections::BTreeSet<usize> =
            spec.report.changes.iter().flat_map(|change| change.operations.iter().copied()).collect();
        if reached.is_empty() {
            continue;
        }
        // Writing to a `String` can't fail.
        let _ = write!(out, "<optgroup label=\"{}\">", escaped(&spec.name));
        for at in reached {
            let Some(operation) = spec.report.operations.get(at) else { continue };
            let _ = write!(
                out,
                "<option value=\"{index}:{at}\">{} {}</option>",
                escaped(&operation.method),
                escaped(&operation.path)
            );
        }
        out.push_str("</optgroup>");
    }
    out.push_str("</select></label>\n");
}

/// The words of the facets that a change belongs to.
fn facets(review: &Review, change: &Change) -> Vec<&'static str> {
    let mut words = Vec::new();
    words.extend((review.weight(change) == Weight::Fails).then_some("fails"));
    words.push(match change.wire {
        Verdict::Ok | Verdict::None => "fine",
        verdict => verdict.word(),
    });
    words.extend(change.behaviour.then_some("behaviour"));
    words.extend((change.step() == Step::Major).then_some("major"));
    words.extend((change.policy == Policy::Error).then_some("policy"));
    words.extend(change.suppressed.is_some().then_some("accepted"));
    words
}

/// `1 change`, `2 changes`.
fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// `2 of 4 specs`.
fn of(some: usize, all: usize, what: &str) -> String {
    if all == 1 { format!("{some} of 1 {what}") } else { format!("{some} of {all} {what}s") }
}

/// Text of a document as text of the page, also inside an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        push_escaped(&mut out, c);
    }
    out
}

fn push_escaped(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        c => out.push(c),
    }
}
