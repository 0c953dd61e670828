//! Two recipes from what is sent down to their sources.
//!
//! Every step has an identity, a hash of what it computes, names left out: equal identities end the comparison, so
//! a renamed step is silent, and each pair of steps is looked at once.

mod custom;

use super::{place, rules_of_recipes};
use crate::diff::compare::Compare;
use crate::diff::rules::{self, Rule};
use crate::finding::shortened;
use crate::spec::Node;
use countersign_auth::recipe::{
    Carrier, Expression, FormPart, Input, JwsPayload, Operation, Output, RandomForm, Recipe, Send, Source, Step,
    Substitutes, Template, TemplatePart, Text,
};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};

/// One recipe with the place of its steps.
pub(super) struct Side<'r, 'a> {
    pub(super) recipe: &'r Recipe,
    node: Option<&'a Node>,
    identities: HashMap<&'r str, String>,
}

/// Both recipes.
pub(super) struct Sides<'r, 'a> {
    pub(super) old: Side<'r, 'a>,
    pub(super) new: Side<'r, 'a>,
}

impl<'r, 'a> Side<'r, 'a> {
    fn new(recipe: &'r Recipe, node: Option<&'a Node>) -> Self {
        let mut side = Side { recipe, node, identities: HashMap::new() };
        // Steps refer to steps before them only.
        for step in recipe.steps.iter() {
            let identity = digest(&side.text(&step.value));
            side.identities.insert(&step.name, identity);
        }
        side
    }

    /// What a step computes, as a hash.
    pub(super) fn identity(&self, step: &str) -> Option<&str> {
        self.identities.get(step).map(String::as_str)
    }

    /// The node at a pointer below the recipe, or the recipe's.
    pub(super) fn at(&self, pointer: &str) -> Option<&'a Node> {
        self.node.and_then(|node| node.at_pointer(pointer)).or(self.node)
    }

    fn step_at(&self, step: &str) -> Option<&'a Node> {
        let member = |key: &str| self.node.and_then(|node| node.get(key)?.get(step));
        member("values").or_else(|| member("with")).or(self.node)
    }

    fn step(&self, name: &str) -> Option<&'r Step> {
        self.recipe.steps.iter().find(|step| step.name == name)
    }

    /// The expression behind an input.
    fn expression(&self, input: &'r Input) -> Option<(Expression, Option<&'r str>)> {
        match input {
            Input::Source(source) => Some((Expression::Source(source.clone()), None)),
            Input::Step(name) => self.step(name).map(|step| (step.value.clone(), Some(&*step.name))),
        }
    }

    fn of_input(&self, input: &Input) -> String {
        match input {
            Input::Source(source) => digest(&format!("{:?}", Expression::Source(source.clone()))),
            Input::Step(name) => self.identity(name).unwrap_or_default().to_owned(),
        }
    }

    /// An expression as text, steps by their identities.
    fn text(&self, expression: &Expression) -> String {
        let Expression::Operation(operation) = expression else { return format!("{expression:?}") };
        let inputs = |list: &[Input]| list.iter().map(|input| self.of_input(input)).collect::<Vec<_>>().join(",");
        let key = |name: &str| self.identity(name).unwrap_or_default().to_owned();
        match operation {
            Operation::Hash { algorithm, of, encode, substitutes } => {
                format!("hash {algorithm:?} {} {encode:?} {substitutes:?}", self.of_input(of))
            }
            Operation::Hmac { algorithm, key: name, of, encode, substitutes } => {
                format!("hmac {algorithm:?} {} {} {encode:?} {substitutes:?}", key(name), self.of_input(of))
            }
            Operation::Concat { parts, separator, substitutes } => {
                format!("concat {} {separator:?} {substitutes:?}", inputs(parts))
            }
            Operation::JsonArray { items, escape } => format!("array {} {escape:?}", inputs(items)),
            Operation::JsonObject { members, escape } => format!("object {} {escape:?}", self.members(members)),
            Operation::PhpJson { of, arrays, substitutes } => {
                format!("php {} {arrays:?} {substitutes:?}", self.of_input(of))
            }
            Operation::Form { parts, substitutes } => {
                let parts: Vec<String> = parts
                    .iter()
                    .map(|part| match part {
                        FormPart::Text(input) => self.of_input(input),
                        FormPart::Pair(name, input) => format!("{name:?}={}", self.of_input(input)),
                    })
                    .collect();
                format!("form {} {substitutes:?}", parts.join(","))
            }
            Operation::SortedForm { of, substitutes } => format!("sorted {} {substitutes:?}", self.of_input(of)),
            Operation::Jws { algorithm, key: name, header, payload, escape } => {
                let payload = match payload {
                    JwsPayload::Claims(claims) => self.members(claims),
                    JwsPayload::Exact(input) => self.of_input(input),
                };
                format!("jws {algorithm:?} {} {header:?} {payload} {escape:?}", key(name))
            }
        }
    }

    fn members(&self, members: &[(Text, Input)]) -> String {
        members.iter().map(|(name, input)| format!("{name:?}:{},", self.of_input(input))).collect()
    }
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A pair of expressions that waits, with the step each stands in.
struct Open<'r> {
    old: (Expression, Option<&'r str>),
    new: (Expression, Option<&'r str>),
    /// The steps to show where the expression itself stands in none.
    within: (Option<&'r str>, Option<&'r str>),
}

struct Walk<'c, 'r, 'a> {
    compare: &'c mut Compare<'a>,
    sides: &'c Sides<'r, 'a>,
    open: Vec<Open<'r>>,
    seen: HashSet<(String, String)>,
}

/// Compares two recipes.
pub(super) fn compare<'a>(compare: &mut Compare<'a>, old: (&str, &Recipe), new: (&str, &Recipe)) {
    let sides = Sides {
        old: Side::new(old.1, place(compare.old.spec, old.0)),
        new: Side::new(new.1, place(compare.new.spec, new.0)),
    };
    let mut walk = Walk { compare, sides: &sides, open: Vec::new(), seen: HashSet::new() };
    walk.output(&old.1.output, &new.1.output);
    walk.run();
    walk.settings(&old.1.steps, &new.1.steps);
    rules_of_recipes::compare(walk.compare, &sides);
}

impl<'r> Walk<'_, 'r, '_> {
    fn emit(&mut self, rule: &'static Rule, steps: (Option<&str>, Option<&str>), message: impl Into<String>) {
        let old = match steps.0 {
            Some(step) => self.sides.old.step_at(step),
            None => self.sides.old.at("/send"),
        };
        let new = match steps.1 {
            Some(step) => self.sides.new.step_at(step),
            None => self.sides.new.at("/send"),
        };
        let message = message.into();
        let detail = format!("{}: {message}", steps.0.or(steps.1).unwrap_or("send"));
        self.compare.emit(rule, old, new, message).detail(detail);
    }

    fn steps(&mut self, old: &'r str, new: &'r str) {
        let (Some(was), Some(is)) = (self.sides.old.step(old), self.sides.new.step(new)) else { return };
        self.open.push(Open {
            old: (was.value.clone(), Some(&was.name)),
            new: (is.value.clone(), Some(&is.name)),
            within: (Some(&was.name), Some(&is.name)),
        });
    }

    fn inputs(&mut self, old: &'r Input, new: &'r Input, within: (Option<&'r str>, Option<&'r str>)) {
        let (Some(old), Some(new)) = (self.sides.old.expression(old), self.sides.new.expression(new)) else { return };
        let within = (old.1.or(within.0), new.1.or(within.1));
        self.open.push(Open { old, new, within });
    }

    fn output(&mut self, old: &'r Output, new: &'r Output) {
        match (old, new) {
            (Output::Give(old), Output::Give(new)) => self.steps(old, new),
            (Output::Send(old), Output::Send(new)) => {
                self.carriers("header", &old.headers, &new.headers);
                self.carriers("query parameter", &old.query, &new.query);
                self.body(old, new);
            }
            (Output::Custom(old), Output::Custom(new)) => custom::compare(self, old, new),
            (Output::Custom(custom), _) => {
                let message = format!("`{}` signed, and a recipe does", custom.scheme);
                self.emit(&rules::SIGNING_KIND_CHANGED, (None, None), message);
            }
            (_, Output::Custom(custom)) => {
                let message = format!("a recipe signed, and `{}` does", custom.scheme);
                self.emit(&rules::SIGNING_KIND_CHANGED, (None, None), message);
            }
            _ => self.emit(&rules::SIGNING_KIND_CHANGED, (None, None), "the recipe sends what it gave, or the reverse"),
        }
    }

    fn body(&mut self, old: &'r Send, new: &'r Send) {
        match (&old.body, &new.body) {
            (Some(old), Some(new)) => self.steps(old, new),
            (None, None) => {}
            _ => self.emit(&rules::CANONICAL_FORM_CHANGED, (None, None), "the body is sent in another form"),
        }
        self.settable((None, None), "what is sent", &old.settable, &new.settable);
    }

    /// Headers or query parameters: by name, the case of headers aside.
    fn carriers(&mut self, kind: &str, old: &'r [(Text, Carrier)], new: &'r [(Text, Carrier)]) {
        let key = |name: &str| if kind == "header" { name.to_lowercase() } else { name.to_owned() };
        let map = |list: &'r [(Text, Carrier)]| {
            list.iter().map(|(name, carrier)| (key(name), (&**name, carrier))).collect::<BTreeMap<_, _>>()
        };
        let (mut was, mut is) = (map(old), map(new));
        let both: Vec<String> = was.keys().filter(|name| is.contains_key(*name)).cloned().collect();
        for name in both {
            if let (Some((_, old)), Some((_, new))) = (was.remove(&name), is.remove(&name)) {
                self.carrier(kind, &name, old, new);
            }
        }
        if was.len() == 1
            && is.len() == 1
            && let (Some((from, old)), Some((to, new))) = (was.values().next().copied(), is.values().next().copied())
        {
            let message = format!("the {kind} `{}` is `{}` now", shortened(from, 60), shortened(to, 60));
            self.emit(&rules::SIGNATURE_HEADER_CHANGED, (None, None), message);
            self.carrier(kind, to, old, new);
            return;
        }
        for (name, _) in was.values() {
            let message = format!("the {kind} `{}` is no longer sent", shortened(name, 60));
            self.emit(&rules::SIGNATURE_HEADER_CHANGED, (None, None), message);
        }
        for (name, _) in is.values() {
            let message = format!("the {kind} `{}` is sent as well", shortened(name, 60));
            self.emit(&rules::SIGNATURE_HEADER_CHANGED, (None, None), message);
        }
    }

    fn carrier(&mut self, kind: &str, name: &str, old: &'r Carrier, new: &'r Carrier) {
        let (olds, news, same) = match (old, new) {
            (Carrier::One(old), Carrier::One(new)) => (std::slice::from_ref(old), std::slice::from_ref(new), true),
            (Carrier::Many { items: old, separator: was }, Carrier::Many { items: new, separator: is }) => {
                (&**old, &**new, was == is)
            }
            (Carrier::One(one), Carrier::Many { items, .. }) => (std::slice::from_ref(one), &**items, false),
            (Carrier::Many { items, .. }, Carrier::One(one)) => (&**items, std::slice::from_ref(one), false),
        };
        let mut other = !same || olds.len() != news.len();
        for (old, new) in olds.iter().zip(news) {
            other |= !self.template(old, new);
        }
        if other {
            let message = format!("the {kind} `{}` is put together in another way", shortened(name, 60));
            self.emit(&rules::SEPARATOR_CHANGED, (None, None), message);
        }
    }

    /// False when texts or the number of parts differ; steps are looked at later.
    fn template(&mut self, old: &'r Template, new: &'r Template) -> bool {
        let mut same = old.parts.len() == new.parts.len();
        for (old, new) in old.parts.iter().zip(new.parts.iter()) {
            match (old, new) {
                (TemplatePart::Step(old), TemplatePart::Step(new)) => self.steps(old, new),
                (TemplatePart::Text(old), TemplatePart::Text(new)) => same &= old == new,
                _ => same = false,
            }
        }
        same
    }

    fn run(&mut self) {
        while let Some(open) = self.open.pop() {
            let texts = (self.sides.old.text(&open.old.0), self.sides.new.text(&open.new.0));
            if texts.0 == texts.1 || !self.seen.insert(texts) {
                continue;
            }
            // The expressions live in the recipes; a source of an input is the only one that was copied.
            let find =
                |side: &Side<'r, '_>, step: Option<&str>| step.and_then(|name| side.step(name)).map(|step| &step.value);
            match (find(&self.sides.old, open.old.1), find(&self.sides.new, open.new.1)) {
                (Some(Expression::Operation(old)), Some(Expression::Operation(new))) => {
                    self.operations(old, new, open.within);
                }
                _ => self.others(&open),
            }
        }
    }

    fn others(&mut self, open: &Open<'r>) {
        match (&open.old.0, &open.new.0) {
            (Expression::Source(old), Expression::Source(new)) => self.sources(old, new, open.within),
            (old, new) => {
                let request = |expression: &Expression| matches!(expression, Expression::Source(Source::Request(_)));
                let rule = if request(old) || request(new) {
                    &rules::REQUEST_PART_CHANGED
                } else {
                    &rules::SIGNING_KIND_CHANGED
                };
                self.emit(rule, open.within, "what is computed here is something else");
            }
        }
    }

    fn sources(&mut self, old: &Source, new: &Source, steps: (Option<&str>, Option<&str>)) {
        match (old, new) {
            (Source::Credential { name: was, .. }, Source::Credential { name: is, .. }) if was == is => {
                self.emit(&rules::SIGNING_SETTING_CHANGED, steps, format!("whether `{is}` is a secret changed"));
            }
            (Source::Key { name: was, .. }, Source::Key { name: is, .. }) if was == is => {
                self.emit(&rules::KEY_DECODING_CHANGED, steps, format!("the key `{is}` is decoded in another way"));
            }
            (Source::Random { form: was, .. }, Source::Random { form: is, max_length }) => {
                let fits = max_length.is_none_or(|longest| length(*was) <= longest);
                let text = "a random value has another form or length";
                if was == is && fits {
                    self.emit(
                        &rules::SIGNING_SETTING_CHANGED,
                        steps,
                        "the longest random value that is accepted changed",
                    );
                } else {
                    self.emit(&rules::RANDOM_CHANGED, steps, text);
                }
            }
            (Source::Time { form: was, .. }, Source::Time { form: is, .. }) if was == is => {
                self.emit(&rules::ISSUED_LIFETIME_CHANGED, steps, "the time is put further ahead, or less far");
            }
            (Source::Time { .. }, Source::Time { .. }) => {
                self.emit(&rules::SIGNED_TIME_CHANGED, steps, "the time is written in another form");
            }
            (Source::Argument { optional: was, .. }, Source::Argument { optional: is, .. }) => {
                let rule =
                    if *was && !*is { &rules::SIGNED_CREDENTIAL_CHANGED } else { &rules::SIGNING_SETTING_CHANGED };
                self.emit(rule, steps, "an argument of the recipe is called otherwise, or is optional, or no longer");
            }
            (Source::Request(_), _) | (_, Source::Request(_)) => {
                self.emit(&rules::REQUEST_PART_CHANGED, steps, "another part of the request is covered");
            }
            (Source::Literal(_), Source::Literal(_)) => {
                self.emit(&rules::SEPARATOR_CHANGED, steps, "a fixed text changed");
            }
            _ => self.emit(&rules::SIGNED_CREDENTIAL_CHANGED, steps, "a value comes from elsewhere"),
        }
    }

    fn operations(&mut self, old: &'r Operation, new: &'r Operation, steps: (Option<&'r str>, Option<&'r str>)) {
        use Operation as O;
        match (old, new) {
            (
                O::Hash { algorithm: a, of: old, encode: x, substitutes: s },
                O::Hash { algorithm: b, of: new, encode: y, substitutes: t },
            ) => {
                self.differ(&rules::DIGEST_CHANGED, steps, a != b, format!("the digest was {a:?} and is {b:?}"));
                self.differ(
                    &rules::DIGEST_CHANGED,
                    steps,
                    x != y,
                    format!("the digest was written as {x:?} and is as {y:?}"),
                );
                self.substitutes(s, t, steps);
                self.inputs(old, new, steps);
            }
            (
                O::Hmac { algorithm: a, key: k, of: old, encode: x, substitutes: s },
                O::Hmac { algorithm: b, key: l, of: new, encode: y, substitutes: t },
            ) => {
                let message = format!("the signature was made with {a:?} and is with {b:?}");
                self.differ(&rules::SIGNATURE_ALGORITHM_CHANGED, steps, a != b, message);
                let message = format!("the signature was written as {x:?} and is as {y:?}");
                self.differ(&rules::SIGNATURE_ENCODING_CHANGED, steps, x != y, message);
                self.substitutes(s, t, steps);
                self.steps(k, l);
                self.inputs(old, new, steps);
            }
            (
                O::Concat { parts: old, separator: a, substitutes: s },
                O::Concat { parts: new, separator: b, substitutes: t },
            ) => {
                self.differ(&rules::SEPARATOR_CHANGED, steps, a != b, "the separator changed".to_owned());
                self.substitutes(s, t, steps);
                self.list(old, new, steps);
            }
            (O::JsonArray { items: old, escape: a }, O::JsonArray { items: new, escape: b }) => {
                self.differ(&rules::CANONICAL_FORM_CHANGED, steps, a != b, "JSON is escaped in another way".to_owned());
                self.list(old, new, steps);
            }
            (O::JsonObject { members: old, escape: a }, O::JsonObject { members: new, escape: b }) => {
                self.differ(&rules::CANONICAL_FORM_CHANGED, steps, a != b, "JSON is escaped in another way".to_owned());
                self.members(old, new, steps, true);
            }
            (O::PhpJson { of: old, arrays: a, substitutes: s }, O::PhpJson { of: new, arrays: b, substitutes: t }) => {
                self.differ(
                    &rules::CANONICAL_FORM_CHANGED,
                    steps,
                    a != b,
                    "empty arrays are written in another way".to_owned(),
                );
                self.substitutes(s, t, steps);
                self.inputs(old, new, steps);
            }
            (O::Form { parts: old, substitutes: s }, O::Form { parts: new, substitutes: t }) => {
                self.substitutes(s, t, steps);
                self.form(old, new, steps);
            }
            (O::SortedForm { of: old, substitutes: s }, O::SortedForm { of: new, substitutes: t }) => {
                self.substitutes(s, t, steps);
                self.inputs(old, new, steps);
            }
            (
                O::Jws { algorithm: a, key: k, header: h, payload: old, .. },
                O::Jws { algorithm: b, key: l, header: i, payload: new, .. },
            ) => {
                let message = format!("the token was signed with {a:?} and is with {b:?}");
                self.differ(&rules::SIGNATURE_ALGORITHM_CHANGED, steps, a != b, message);
                self.steps(k, l);
                self.header(h, i, steps);
                match (old, new) {
                    (JwsPayload::Claims(old), JwsPayload::Claims(new)) => self.members(old, new, steps, false),
                    (JwsPayload::Exact(old), JwsPayload::Exact(new)) => self.inputs(old, new, steps),
                    _ => self.emit(&rules::SIGNING_KIND_CHANGED, steps, "the token's payload is made in another way"),
                }
            }
            _ => self.emit(&rules::SIGNING_KIND_CHANGED, steps, "what is computed here is something else"),
        }
    }

    fn differ(&mut self, rule: &'static Rule, steps: (Option<&str>, Option<&str>), differ: bool, message: String) {
        if differ {
            self.emit(rule, steps, message);
        }
    }

    fn substitutes(&mut self, old: &Substitutes, new: &Substitutes, steps: (Option<&str>, Option<&str>)) {
        let message = "what stands for a missing or empty value changed".to_owned();
        self.differ(&rules::EMPTY_BODY_RULE_CHANGED, steps, old != new, message);
    }

    /// Parts in order: more or fewer, another order, or others.
    fn list(&mut self, old: &'r [Input], new: &'r [Input], steps: (Option<&'r str>, Option<&'r str>)) {
        let was: Vec<String> = old.iter().map(|input| self.sides.old.of_input(input)).collect();
        let is: Vec<String> = new.iter().map(|input| self.sides.new.of_input(input)).collect();
        let sorted = |list: &[String]| {
            let mut list = list.to_vec();
            list.sort();
            list
        };
        if was.len() != is.len() {
            let message = format!("{} parts were covered, and {} are", was.len(), is.len());
            self.emit(&rules::SIGNED_PART_CHANGED, steps, message);
        } else if was != is && sorted(&was) == sorted(&is) {
            self.emit(&rules::SIGNED_ORDER_CHANGED, steps, "the parts stand in another order");
        } else {
            for (old, new) in old.iter().zip(new) {
                self.inputs(old, new, steps);
            }
        }
    }

    /// Named members; their order counts where the text itself is signed by somebody else.
    fn members(
        &mut self,
        old: &'r [(Text, Input)],
        new: &'r [(Text, Input)],
        steps: (Option<&'r str>, Option<&'r str>),
        ordered: bool,
    ) {
        let names = |list: &[(Text, Input)]| list.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>();
        let (was, is) = (names(old), names(new));
        for (name, input) in old {
            match new.iter().find(|(other, _)| other == name) {
                Some((_, other)) => self.inputs(input, other, steps),
                None => {
                    let renamed = new.iter().find(|(other, value)| {
                        !was.contains(&other.to_string())
                            && self.sides.new.of_input(value) == self.sides.old.of_input(input)
                    });
                    match renamed {
                        Some((other, _)) => {
                            self.emit(
                                &rules::CLAIM_CHANGED,
                                steps,
                                format!("the member `{name}` is called `{other}` now"),
                            );
                        }
                        None => self.emit(&rules::CLAIM_REMOVED, steps, format!("the member `{name}` is gone")),
                    }
                }
            }
        }
        for (name, input) in new.iter().filter(|(name, _)| !was.contains(&name.to_string())) {
            let renamed = old.iter().any(|(other, value)| {
                !is.contains(&other.to_string()) && self.sides.old.of_input(value) == self.sides.new.of_input(input)
            });
            if !renamed {
                self.emit(&rules::CLAIM_ADDED, steps, format!("the member `{name}` is new"));
            }
        }
        let common = |list: &[String], other: &[String]| {
            list.iter().filter(|name| other.contains(name)).cloned().collect::<Vec<_>>()
        };
        if ordered && common(&was, &is) != common(&is, &was) {
            self.emit(&rules::SIGNED_ORDER_CHANGED, steps, "the members stand in another order");
        }
    }

    /// Members of a token's header: fixed texts.
    fn header(&mut self, old: &[(Text, Text)], new: &[(Text, Text)], steps: (Option<&str>, Option<&str>)) {
        for (name, value) in old {
            match new.iter().find(|(other, _)| other == name) {
                None => self.emit(&rules::CLAIM_REMOVED, steps, format!("the header member `{name}` is gone")),
                Some((_, other)) if other != value => {
                    let message = format!("the header member `{name}` was `{value}` and is `{other}`");
                    self.emit(&rules::CLAIM_CHANGED, steps, message);
                }
                Some(_) => {}
            }
        }
        for (name, _) in new.iter().filter(|(name, _)| !old.iter().any(|(other, _)| other == name)) {
            self.emit(&rules::CLAIM_ADDED, steps, format!("the header member `{name}` is new"));
        }
    }

    fn form(&mut self, old: &'r [FormPart], new: &'r [FormPart], steps: (Option<&'r str>, Option<&'r str>)) {
        if old.len() != new.len() {
            self.emit(
                &rules::SIGNED_PART_CHANGED,
                steps,
                format!("{} parts were covered, and {} are", old.len(), new.len()),
            );
            return;
        }
        for (old, new) in old.iter().zip(new) {
            match (old, new) {
                (FormPart::Text(old), FormPart::Text(new)) => self.inputs(old, new, steps),
                (FormPart::Pair(was, old), FormPart::Pair(is, new)) => {
                    let message = format!("the pair `{was}` is called `{is}` now");
                    self.differ(&rules::CLAIM_CHANGED, steps, was != is, message);
                    self.inputs(old, new, steps);
                }
                _ => self.emit(&rules::CANONICAL_FORM_CHANGED, steps, "a pair became a text, or the reverse"),
            }
        }
    }

    /// What callers may set: it is in the crate's API.
    fn settings(&mut self, old: &'r [Step], new: &'r [Step]) {
        let of = |steps: &'r [Step], name: &Text| {
            steps.iter().find(|step| step.name == *name).map(|step| &*step.settable).unwrap_or_default()
        };
        for was in old {
            self.settable((Some(&*was.name), None), &format!("`{}`", was.name), &was.settable, of(new, &was.name));
        }
        for is in new.iter().filter(|is| !old.iter().any(|was| was.name == is.name)) {
            self.settable((None, Some(&*is.name)), &format!("`{}`", is.name), &[], &is.settable);
        }
    }

    /// What callers may set of one thing: less breaks them, more does not.
    fn settable<T: PartialEq>(&mut self, steps: (Option<&str>, Option<&str>), of: &str, old: &[T], new: &[T]) {
        if old.iter().any(|setting| !new.contains(setting)) {
            self.emit(&rules::SIGNING_SETTING_CHANGED, steps, format!("what a caller may set of {of} changed"));
        } else if new.iter().any(|setting| !old.contains(setting)) {
            self.emit(&rules::SIGNING_SETTING_ADDED, steps, format!("a caller may set more of {of}"));
        }
    }
}

/// How long a random value of this form is.
fn length(form: RandomForm) -> u32 {
    match form {
        RandomForm::UuidV4 => 36,
        RandomForm::Hex(bytes) => u32::from(bytes) * 2,
        RandomForm::Base64Url(bytes) => (u32::from(bytes) * 4).div_ceil(3),
    }
}
