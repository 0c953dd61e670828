//! The changes on the page: by spec and rule, side by side or as a line each.

use super::quote::{Quote, Quotes};
use super::words::{Piece, compared};
use super::{escaped, facets, plural, push_escaped, wire_word};
use crate::spec_diff::input::Pair;
use crate::spec_diff::links::Links;
use crate::spec_diff::review::{Review, Reviewed, Weight};
use countersign_codegen::diff::{Change, Place, Policy, Step};
use std::fmt::Write as _;

/// Changes of a group that are shown side by side; more are a line each.
const CARDS_OF_GROUP: usize = 20;

/// Changes of a page that are shown side by side.
const CARDS: usize = 300;

/// Changes of a page that are shown at all.
const MOST: usize = 20_000;

/// Up to this many changes on the page, groups stand open.
const FEW: usize = 60;

/// Operations that are named on the page; all can be chosen in the filter.
const NAMED: usize = 3;

/// The changes of all specs.
pub(super) struct Findings<'r> {
    review: &'r Review,
    links: &'r Links,
    quotes: Quotes<'r>,
    cards: usize,
    written: usize,
    total: usize,
}

/// Changes of one rule that weigh the same.
struct Group<'r> {
    changes: Vec<&'r Change>,
    weight: Weight,
}

impl<'r> Findings<'r> {
    /// The changes of a review, with the texts that they stand in.
    pub(super) fn new(review: &'r Review, pairs: &'r [Pair], links: &'r Links) -> Self {
        let total = review.counts().changes;
        Self { review, links, quotes: Quotes::of(pairs), cards: 0, written: 0, total }
    }

    /// Writes them all.
    pub(super) fn write(mut self, out: &mut String) {
        out.push_str("<section id=\"findings\" tabindex=\"-1\" aria-label=\"Findings\">\n");
        for (index, spec) in self.review.specs.iter().enumerate() {
            if !spec.report.changes.is_empty() {
                self.spec(out, index, spec);
            }
        }
        // Writing to a `String` can't fail.
        let _ = match self.total - self.written {
            0 => Ok(()),
            left => writeln!(
                out,
                "<p class=\"note\">{} more are left out here; <code>--format json</code> has each.</p>",
                plural(left, "change")
            ),
        };
        out.push_str("<p id=\"none\" class=\"note\" hidden>No finding fits these filters.</p>\n</section>\n</main>\n");
    }

    fn spec(&mut self, out: &mut String, index: usize, spec: &'r Reviewed) {
        // Writing to a `String` can't fail.
        let _ = writeln!(
            out,
            "<section class=\"spec\" id=\"spec-{index}\" data-spec=\"{index}\"><h2>{}</h2>",
            escaped(&spec.name)
        );
        for (at, group) in groups(self.review, spec).iter().enumerate() {
            self.group(out, (index, spec), at, group);
        }
        out.push_str("</section>\n");
    }

    fn group(&mut self, out: &mut String, spec: (usize, &Reviewed), at: usize, group: &Group<'_>) {
        let rule = group.changes[0].rule;
        let open = self.total <= FEW || group.weight == Weight::Fails && at < 3 && group.changes.len() <= FEW;
        let (open, kind, count) = (if open { " open" } else { "" }, word(group.weight), group.changes.len());
        // Writing to a `String` can't fail.
        let _ = writeln!(
            out,
            "<details class=\"group {kind}\"{open}><summary><span class=\"dot\" aria-hidden=\"true\"></span>\
             <span class=\"what\">{}</span> <code class=\"rule\">{}</code>\
             <span class=\"n\" data-all=\"{count}\">{count}</span></summary>",
            with_code(rule.sentence),
            rule.id,
        );
        for (nth, change) in group.changes.iter().enumerate() {
            if self.written >= MOST {
                break;
            }
            self.written += 1;
            if nth < CARDS_OF_GROUP && self.cards < CARDS {
                self.cards += 1;
                self.card(out, spec, change);
            } else {
                self.line(out, spec, change);
            }
        }
        out.push_str("</details>\n");
    }

    /// What the script needs of a change: its facets, and the operations that reach it.
    fn attributes(&self, index: usize, change: &Change) -> String {
        let (facets, operations) = (facets(self.review, change).join(" "), ranges(&change.operations));
        format!("id=\"f{index}-{}\" data-v=\"{facets}\" data-o=\"{operations}\"", change.fingerprint)
    }

    fn card(&mut self, out: &mut String, (index, spec): (usize, &Reviewed), change: &Change) {
        let kind = word(self.review.weight(change));
        // Writing to a `String` can't fail.
        let _ = write!(
            out,
            "<article class=\"item card {kind}\" {} tabindex=\"-1\"><h3>{}</h3><p class=\"chips\">{}</p>",
            self.attributes(index, change),
            headline(change),
            chips(self.review, change),
        );
        self.sides(out, change);
        if let Some(suppression) = &change.suppressed {
            let (who, until, reason) = (escaped(&suppression.who), suppression.until, escaped(&suppression.reason));
            let place = self.at(&suppression.place);
            let _ = write!(
                out,
                "<p class=\"accepted\"><b>Accepted</b> by {who} until {until}: {reason} <span class=\"entry\">{place}</span></p>"
            );
        }
        out.push_str("<div class=\"meta\">");
        out.push_str(&reach(spec, change));
        let _ = writeln!(
            out,
            "<p class=\"print\">fingerprint <a href=\"#f{index}-{0}\"><code>{0}</code></a> \
             <button type=\"button\" class=\"copy\" data-copy=\"{0}\" hidden>Copy</button></p></div></article>",
            change.fingerprint
        );
    }

    /// The old and the new lines beside each other.
    fn sides(&mut self, out: &mut String, change: &Change) {
        let mut quote =
            |place: &Option<Place>| place.as_ref().and_then(|place| self.quotes.at(place)).unwrap_or_default();
        let (old, new) = (quote(&change.old), quote(&change.new));
        let (old_pieces, new_pieces) = match (&change.old, &change.new) {
            (Some(_), Some(_)) => compared(&old.text, &new.text),
            _ => (vec![(old.text.as_str(), false)], vec![(new.text.as_str(), false)]),
        };
        let alone = if change.old.is_some() && change.new.is_some() { "" } else { " alone" };
        let _ = write!(out, "<div class=\"sides{alone}\">");
        out.push_str(&self.side("Old", "old", change.old.as_ref(), &old, &old_pieces));
        out.push_str(&self.side("New", "new", change.new.as_ref(), &new, &new_pieces));
        out.push_str("</div>");
    }

    fn side(&self, title: &str, class: &str, place: Option<&Place>, quote: &Quote, pieces: &[Piece<'_>]) -> String {
        let Some(place) = place else {
            return format!(
                "<figure class=\"side {class} empty\"><figcaption><b>{title}</b></figcaption><p>not there</p></figure>"
            );
        };
        let pointer = if place.pointer.is_empty() { "/" } else { &place.pointer };
        format!(
            "<figure class=\"side {class}\"><figcaption><b>{title}</b> {}<code class=\"pointer\">{}</code></figcaption>{}</figure>",
            self.at(place),
            breakable(pointer),
            lines(quote, pieces),
        )
    }

    /// File and line of a place, as a link if there is an address.
    fn at(&self, place: &Place) -> String {
        let text = breakable(&format!("{}:{}", place.file.display(), place.at));
        match self.links.of(place) {
            Some(address) => format!("<a class=\"at\" href=\"{}\">{text}</a>", escaped(&address)),
            None => format!("<span class=\"at\">{text}</span>"),
        }
    }

    fn line(&self, out: &mut String, (index, _): (usize, &Reviewed), change: &Change) {
        let value = |place: &Option<Place>| place.as_ref().and_then(|place| place.value.as_deref()).map(escaped);
        let values = match (value(&change.old), value(&change.new)) {
            (Some(old), Some(new)) => {
                format!(" <span class=\"was\"><del>{old}</del> <ins>{new}</ins></span>")
            }
            _ => String::new(),
        };
        let place = change.place().map(|place| self.at(place)).unwrap_or_default();
        let accepted = change.suppressed.as_ref().map(|one| {
            format!(" <span class=\"chip c-accepted\">accepted by {} until {}</span>", escaped(&one.who), one.until)
        });
        let accepted = accepted.unwrap_or_default();
        // Writing to a `String` can't fail.
        let _ = writeln!(
            out,
            "<div class=\"item line {}\" {} tabindex=\"-1\"><span>{}{values}{accepted}</span> {place}</div>",
            word(self.review.weight(change)),
            self.attributes(index, change),
            headline(change),
        );
    }
}

/// What changed, with the name of what it is about.
fn headline(change: &Change) -> String {
    let name = change.place().map(|place| named(&place.pointer)).unwrap_or_default();
    let message = with_code(&change.message);
    if name.is_empty() || change.message.contains(&name) {
        message
    } else {
        format!("<code class=\"name\">{}</code> {message}", breakable(&name))
    }
}

/// A pointer as people say it: `Order.items[].id`, `GET /orders`; nothing for what has no short name.
fn named(pointer: &str) -> String {
    let pointer = pointer.split_once('#').map_or(pointer, |(_, rest)| rest);
    let parts: Vec<String> =
        pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["components", _, name, rest @ ..] => format!("{name}{}", members(rest)),
        ["paths" | "webhooks" | "x-webhooks", path, method, ..] if METHODS.contains(method) => {
            format!("{} {path}", method.to_uppercase())
        }
        ["paths" | "webhooks" | "x-webhooks", path, ..] => (*path).to_owned(),
        _ => String::new(),
    }
}

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The members that a pointer goes through.
fn members(parts: &[&str]) -> String {
    match parts {
        ["properties", name, rest @ ..] => format!(".{name}{}", members(rest)),
        ["items", rest @ ..] => format!("[]{}", members(rest)),
        ["allOf" | "oneOf" | "anyOf", _, rest @ ..] => members(rest),
        _ => String::new(),
    }
}

/// The changes of a spec by rule and weight, in their order: worst first.
fn groups<'r>(review: &Review, spec: &'r Reviewed) -> Vec<Group<'r>> {
    let mut groups: Vec<Group<'r>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for change in &spec.report.changes {
        let weight = review.weight(change);
        let at = *places.entry((change.rule.id, word(weight))).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.changes.push(change),
            None => groups.push(Group { changes: vec![change], weight }),
        }
    }
    groups.sort_by_key(|group| match group.weight {
        Weight::Fails => 0,
        Weight::Look => 1,
        Weight::Fine => 2,
    });
    groups
}

fn word(weight: Weight) -> &'static str {
    match weight {
        Weight::Fails => "w-fails",
        Weight::Look => "w-look",
        Weight::Fine => "w-fine",
    }
}

/// The verdicts of a change, each with its colour.
fn chips(review: &Review, change: &Change) -> String {
    let mut chips = Vec::new();
    let mut chip = |class: &str, text: &str| chips.push(format!("<span class=\"chip c-{class}\">{text}</span>"));
    if review.fails_on(change) {
        chip("fails", "fails");
    }
    chip(change.wire.word(), &format!("wire: {}", wire_word(change.wire)));
    if change.behaviour {
        chip("behaviour", "behaviour changes");
    }
    let source = match change.source {
        Step::Major => "major",
        Step::Minor | Step::Patch => "quiet",
    };
    chip(source, &format!("Rust: {}", change.source.word()));
    if change.policy == Policy::Error {
        chip("policy", "against the policy");
    }
    if change.suppressed.is_some() {
        chip("accepted", "accepted");
    }
    if change.unstable {
        chip("quiet", "draft or alpha");
    }
    for direction in &change.directions {
        chip("quiet", direction.word());
    }
    chips.join(" ")
}

/// The operations that a change reaches, the first ones by name.
fn reach(spec: &Reviewed, change: &Change) -> String {
    let named: Vec<String> = spec
        .report
        .reached(change)
        .take(NAMED)
        .map(|one| format!("<code>{} {}</code>", escaped(&one.method), breakable(&one.path)))
        .collect();
    if named.is_empty() {
        return "<p class=\"reach\">no operation reaches it</p>".to_owned();
    }
    let more = change.operations.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("<p class=\"reach\">in {}{more}</p>", named.join(", "))
}

/// Rising numbers with runs joined: `0-3 7`.
fn ranges(numbers: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let shown =
        |(first, last): (usize, usize)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    ranges.into_iter().map(shown).collect::<Vec<_>>().join(" ")
}

/// Lines with their numbers; changed pieces are marked.
fn lines(quote: &Quote, pieces: &[Piece<'_>]) -> String {
    if quote.text.is_empty() {
        return "<p>not quoted</p>".to_owned();
    }
    let mut number = quote.first;
    let about = |number: usize| if number == quote.about { " here" } else { "" };
    let mut out = format!("<pre><code><span class=\"l{}\" data-n=\"{number}\">", about(number));
    for (text, changed) in pieces {
        let mut marked = false;
        for c in text.chars() {
            if c == '\n' {
                if std::mem::take(&mut marked) {
                    out.push_str("</mark>");
                }
                number += 1;
                // Writing to a `String` can't fail.
                let _ = write!(out, "</span><span class=\"l{}\" data-n=\"{number}\">", about(number));
                continue;
            }
            if *changed && !marked {
                out.push_str("<mark>");
                marked = true;
            }
            push_escaped(&mut out, c);
        }
        if marked {
            out.push_str("</mark>");
        }
    }
    (out + "</span></code></pre>").replace("</mark><mark>", "")
}

/// A path that may break behind its slashes.
fn breakable(text: &str) -> String {
    escaped(text).replace('/', "/<wbr>")
}

/// A sentence with its code in backticks.
fn with_code(sentence: &str) -> String {
    let parts: Vec<String> = sentence
        .split('`')
        .enumerate()
        .map(|(at, part)| if at % 2 == 1 { format!("<code>{}</code>", escaped(part)) } else { escaped(part) })
        .collect();
    parts.concat()
}
