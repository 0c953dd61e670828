//! What a rule means in practice: a pair of documents that it finds something in, what callers see of it, and the
//! code of a caller that stops compiling.
//!
//! The pairs are the cases of `tests/cases/diff`, so they are reviewed by the tests: a line of `shown.pairs` or
//! `signing.pairs` if there is one for the rule, else the first case that expects it, with as little else as can be.
//! `explain/effects.txt` says the rest.

use super::rules::Rule;
use serde_json::Value;

const EFFECTS: &str = include_str!("explain/effects.txt");
const BASE: &str = include_str!("../../tests/cases/diff/base.json");
const SIGNED: &str = include_str!("../../tests/cases/diff/signed.yaml");
const SHOWN: &str = include_str!("../../tests/cases/diff/shown.pairs");
const SIGNING: &str = include_str!("../../tests/cases/diff/signing.pairs");
const CASES: [&str; 3] = [
    include_str!("../../tests/cases/diff/a-d-operations.txt"),
    include_str!("../../tests/cases/diff/e-k-schemas.txt"),
    include_str!("../../tests/cases/diff/l-p-others.txt"),
];

/// What callers see of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What happens to them, in a sentence.
    pub sentence: &'static str,
    /// The code that stops compiling.
    pub caller: Caller,
}

/// What stops compiling with the crate that is made of the new document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// This code of the pair's caller, and what the compiler says.
    Code(&'static str, &'static str),
    /// Code that depends on the recipe or the receiver, in words.
    Words(&'static str),
    /// Nothing: what changes is what the code does.
    Compiles,
}

/// Two documents that a rule finds something in.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The old document.
    pub old: String,
    /// The new document.
    pub new: String,
    /// What differs.
    pub parts: Vec<Part>,
}

/// A place at which the documents of a pair differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where: a JSON Pointer, or words.
    pub place: String,
    /// What stands there in the old document; nothing if nothing does.
    pub before: Option<String>,
    /// What stands there in the new document.
    pub after: Option<String>,
}

/// What callers see of a rule.
pub fn effect(rule: &Rule) -> Option<Effect> {
    let mut columns = line_of(EFFECTS, rule.id)?.split(" | ").map(str::trim);
    let sentence = columns.next()?;
    let caller = match (columns.next(), columns.next()) {
        (Some(code), Some(says)) => Caller::Code(code, says),
        (Some(words), None) => Caller::Words(words.trim_start_matches("= ")),
        (None, _) => Caller::Compiles,
    };
    Some(Effect { sentence, caller })
}

/// A pair that the rule finds something in; nothing for rules on other files than documents.
pub fn pair(rule: &Rule) -> Option<Pair> {
    if let Some(edits) = line_of(SIGNING, rule.id) {
        return signed(edits);
    }
    let (edits, received) = match line_of(SHOWN, rule.id) {
        Some(edits) => (edits, false),
        None => case_of(rule)?,
    };
    match edits.strip_prefix("x ") {
        Some(schemas) => of_schemas(schemas, received),
        None => of_edits(edits),
    }
}

/// What stands behind `id | ` in the line for a rule.
fn line_of(lines: &'static str, id: &str) -> Option<&'static str> {
    lines.lines().find_map(|line| line.strip_prefix(id)?.strip_prefix(" | "))
}

/// The edits of a case, and whether they are looked at where the schema is received.
type Case = (&'static str, bool);

/// How well a case shows a rule, best least: whether it is not source-breaking there, and how much is found at all.
type Rank = (bool, usize);

/// The edits of the case that shows a rule best, and whether it does so where the schema is received.
fn case_of(rule: &Rule) -> Option<Case> {
    let mut best: Option<(Rank, Case)> = None;
    for line in CASES.iter().flat_map(|cases| cases.lines()).filter(|line| !line.starts_with('#')) {
        let mut columns = line.split(" | ").skip(1);
        let Some(edits) = columns.next() else { continue };
        for (at, expected) in columns.enumerate() {
            let found: Vec<&str> = expected.split_once(' ').map_or("", |(_, found)| found).split(", ").collect();
            let Some(one) = found.iter().find(|one| one.split(' ').next() == Some(rule.id)) else { continue };
            let rank = (!one.ends_with(" major"), found.len());
            if best.as_ref().is_none_or(|(known, _)| rank < *known) {
                best = Some((rank, (edits.trim(), at == 1)));
            }
        }
    }
    best.map(|(_, case)| case)
}

fn base() -> Option<Value> {
    serde_json::from_str(BASE).ok()
}

/// A member of what is sent or received gets another schema: `OLD => NEW`.
fn of_schemas(schemas: &str, received: bool) -> Option<Pair> {
    let (was, is) = schemas.split_once(" => ")?;
    let (owner, way) = if received { ("Got", "receive") } else { ("Sent", "send") };
    let with = |schema: &str| {
        let mut document = base()?;
        let schema = serde_json::from_str(schema).ok()?;
        edit(&mut document, &format!("/components/schemas/{owner}/properties/x"), Some(schema))?;
        Some(document)
    };
    let place = format!("member `x` of `{owner}`, which we {way}");
    let part = Part { place, before: Some(was.to_owned()), after: Some(is.to_owned()) };
    Some(Pair { old: pretty(&with(was)?), new: pretty(&with(is)?), parts: vec![part] })
}

/// Edits of the base by pointers: `set POINTER VALUE`, `del POINTER`, and `both …` in the old document, too.
fn of_edits(edits: &str) -> Option<Pair> {
    let (mut old, mut new) = (base()?, base()?);
    let mut places: Vec<&str> = Vec::new();
    for one in edits.split(" ; ") {
        let (both, one) = one.strip_prefix("both ").map_or((false, one), |rest| (true, rest));
        let (verb, rest) = one.split_once(' ')?;
        let (pointer, value) = match verb {
            "set" => {
                rest.split_once(' ').and_then(|(at, value)| Some((at, Some(serde_json::from_str(value).ok()?))))?
            }
            _ => (rest, None),
        };
        if both {
            edit(&mut old, pointer, value.clone())?;
        }
        edit(&mut new, pointer, value)?;
        places.push(pointer.strip_suffix("/-").unwrap_or(pointer));
    }
    places.dedup();
    let part = |place: &&str| {
        let at = |document: &Value| document.pointer(place).map(Value::to_string);
        Part { place: (*place).to_owned(), before: at(&old), after: at(&new) }
    };
    let parts = places.iter().map(part).collect();
    Some(Pair { old: pretty(&old), new: pretty(&new), parts })
}

/// Edits of the signed document as text: `OLD => NEW`; `BOTH` in the old document, too.
fn signed(edits: &str) -> Option<Pair> {
    let (mut old, mut new, mut parts) = (SIGNED.to_owned(), SIGNED.to_owned(), Vec::new());
    for one in edits.split(" ;; ") {
        let one = one.replace("\\n", "\n");
        let (both, one) = one.strip_prefix("BOTH ").map_or((false, one.as_str()), |rest| (true, rest));
        let (was, is) = one.split_once(" => ")?;
        if !new.contains(was) {
            return None;
        }
        new = new.replacen(was, is, 1);
        if both {
            old = old.replacen(was, is, 1);
        } else {
            let shown = |text: &str| Some(text.trim_matches('\n').to_owned());
            parts.push(Part { place: "the signing of a request".to_owned(), before: shown(was), after: shown(is) });
        }
    }
    Some(Pair { old, new, parts })
}

fn pretty(document: &Value) -> String {
    format!("{document:#}\n")
}

/// Puts a value at a pointer, or takes what is there away.
fn edit(document: &mut Value, pointer: &str, value: Option<Value>) -> Option<()> {
    let (parent, last) = pointer.rsplit_once('/')?;
    let last = last.replace("~1", "/").replace("~0", "~");
    match (document.pointer_mut(parent)?, value) {
        (Value::Object(members), Some(value)) => {
            members.insert(last, value);
        }
        (Value::Object(members), None) => {
            members.remove(&last)?;
        }
        (Value::Array(items), Some(value)) if last == "-" => items.push(value),
        (Value::Array(items), Some(value)) => *items.get_mut(last.parse::<usize>().ok()?)? = value,
        (Value::Array(items), None) => {
            let at = last.parse::<usize>().ok().filter(|at| *at < items.len())?;
            items.remove(at);
        }
        _ => return None,
    }
    Some(())
}
