//! What a rule means in practice: a pair of documents that it finds something in, what callers see of it, and the
//! code of a caller that stops compiling.
//!
//! The pairs are the cases of `tests/cases/diff`, so they are reviewed by the tests: a line of `shown.pairs` or
//! `signing.pairs` if there is one for the rule, else the first case that expects it, with as little else as can be.
//! `explain/effects.txt` says the rest.

use super::rules::Rule;
use serde_json::Value;

const EFFECTS: &str = include_str!("explain/effects.txt");
const RUST: &str = include_str!("../../tests/cases/diff/rust.json");
const CRATES: &str = include_str!("../../tests/cases/diff/crates.txt");
const BASE: &str = include_str!("../../tests/cases/diff/base.json");
const SIGNED: &str = include_str!("../../tests/cases/diff/signed.yaml");
const SHOWN: &str = include_str!("../../tests/cases/diff/shown.pairs");
const SIGNING: &str = include_str!("../../tests/cases/diff/signing.pairs");
const CASES: [(&str, &str); 4] = [
    (BASE, include_str!("../../tests/cases/diff/a-d-operations.txt")),
    (BASE, include_str!("../../tests/cases/diff/e-k-schemas.txt")),
    (BASE, include_str!("../../tests/cases/diff/l-p-others.txt")),
    (RUST, include_str!("../../tests/cases/diff/q-rust.txt")),
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

/// What a rule finds something in.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The two documents; nothing where a file of the crate changed.
    pub documents: Option<Documents>,
    /// What differs.
    pub parts: Vec<Part>,
}

/// Two documents that a rule finds something in.
#[derive(Clone, Debug)]
pub struct Documents {
    /// The old document.
    pub old: String,
    /// The new document.
    pub new: String,
    /// Whether the crates that they make are compared, too.
    pub crates: bool,
    /// Whether all names of the new crate are chosen anew.
    pub forgets_names: bool,
}

impl Documents {
    fn new(old: String, new: String) -> Self {
        Self { old, new, crates: false, forgets_names: false }
    }
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

/// A pair that the rule finds something in; nothing for rules on other files.
pub fn pair(rule: &Rule) -> Option<Pair> {
    if let Some(edits) = line_of(SIGNING, rule.id) {
        return signed(edits);
    }
    let case = match line_of(SHOWN, rule.id) {
        Some(edits) => Some(Case { base: BASE, edits, received: false }),
        None => case_of(rule),
    };
    let Some(case) = case else { return of_crate(rule) };
    match case.edits.strip_prefix("x ") {
        Some(schemas) => of_schemas(schemas, case.received),
        None => of_edits(case.base, case.edits),
    }
}

/// What stands behind `id | ` in the line for a rule.
fn line_of(lines: &'static str, id: &str) -> Option<&'static str> {
    lines.lines().find_map(|line| line.strip_prefix(id)?.strip_prefix(" | "))
}

/// A case: the edits of a base.
#[derive(Clone, Copy)]
struct Case {
    base: &'static str,
    edits: &'static str,
    /// Whether it is looked at where the schema is received.
    received: bool,
}

/// How well a case shows a rule, best least: whether it is not source-breaking there, and how much is found at all.
type Rank = (bool, usize);

/// The case that shows a rule best.
fn case_of(rule: &Rule) -> Option<Case> {
    let mut best: Option<(Rank, Case)> = None;
    let lines = CASES.iter().flat_map(|(base, cases)| cases.lines().map(move |line| (*base, line)));
    for (base, line) in lines.filter(|(_, line)| !line.starts_with('#')) {
        let mut columns = line.split(" | ").skip(1);
        let Some(edits) = columns.next() else { continue };
        for (at, expected) in columns.enumerate() {
            let Some(rank) = rank(rule, expected.split_once(' ').map_or("", |(_, found)| found)) else { continue };
            if best.as_ref().is_none_or(|(known, _)| rank < *known) {
                best = Some((rank, Case { base, edits: edits.trim(), received: at == 1 }));
            }
        }
    }
    best.map(|(_, case)| case)
}

/// How well what is expected of a case shows a rule; nothing if it does not.
fn rank(rule: &Rule, expected: &str) -> Option<Rank> {
    let found: Vec<&str> = expected.split(", ").map(|one| one.split_once(" x ").map_or(one, |(_, one)| one)).collect();
    let one = found.iter().find(|one| one.split(' ').next() == Some(rule.id))?;
    Some((!one.trim_end().ends_with(" major"), found.len()))
}

/// A change of a file of the crate or beside it.
fn of_crate(rule: &Rule) -> Option<Pair> {
    let shows = |line: &&&str| line.rsplit_once(" | ").is_some_and(|(_, expected)| rank(rule, expected).is_some());
    let lines: Vec<&str> = CRATES.lines().filter(|line| !line.starts_with('#')).collect();
    let mut columns = lines.iter().find(shows)?.split(" | ").skip(1);
    let (file, (was, is)) = (columns.next()?, columns.next()?.split_once(" => ")?);
    let part = Part { place: file.to_owned(), before: Some(was.to_owned()), after: Some(is.to_owned()) };
    Some(Pair { documents: None, parts: vec![part] })
}

/// A member of what is sent or received gets another schema: `OLD => NEW`.
fn of_schemas(schemas: &str, received: bool) -> Option<Pair> {
    let (was, is) = schemas.split_once(" => ")?;
    let (owner, way) = if received { ("Got", "receive") } else { ("Sent", "send") };
    let with = |schema: &str| {
        let mut document = serde_json::from_str(BASE).ok()?;
        let schema = serde_json::from_str(schema).ok()?;
        edit(&mut document, &format!("/components/schemas/{owner}/properties/x"), Some(schema))?;
        Some(document)
    };
    let place = format!("member `x` of `{owner}`, which we {way}");
    let part = Part { place, before: Some(was.to_owned()), after: Some(is.to_owned()) };
    let documents = Documents::new(pretty(&with(was)?), pretty(&with(is)?));
    Some(Pair { documents: Some(documents), parts: vec![part] })
}

/// Edits of a base by pointers: `set POINTER VALUE`, `del POINTER`, `both …` in the old document, too; `many N` adds
/// operations, `swap` exchanges the documents, `forget` chooses all names anew.
fn of_edits(base: &str, edits: &str) -> Option<Pair> {
    let read = || serde_json::from_str::<Value>(base).ok();
    let (mut old, mut new) = (read()?, read()?);
    let mut places: Vec<String> = Vec::new();
    for one in edits.split(" ; ").filter(|one| *one != "forget") {
        if one == "swap" {
            std::mem::swap(&mut old, &mut new);
            continue;
        }
        if let Some(count) = one.strip_prefix("many ") {
            many(&mut new, count.parse().ok()?)?;
            places.push("/paths/~1many~10".to_owned());
            continue;
        }
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
        places.push(pointer.strip_suffix("/-").unwrap_or(pointer).to_owned());
    }
    places.dedup();
    let part = |place: &String| {
        let at = |document: &Value| document.pointer(place).map(Value::to_string);
        Part { place: place.clone(), before: at(&old), after: at(&new) }
    };
    let parts = places.iter().map(part).collect();
    let mut documents = Documents::new(pretty(&old), pretty(&new));
    documents.crates = base == RUST;
    documents.forgets_names = edits.starts_with("forget");
    Some(Pair { documents: Some(documents), parts })
}

/// That many more operations, in two tags in turn.
fn many(document: &mut Value, count: usize) -> Option<()> {
    for number in 0..count {
        let operation = serde_json::json!({
            "tags": [format!("m{}", number % 2)],
            "operationId": format!("many_{number}"),
            "responses": {"204": {"description": ""}},
        });
        edit(document, &format!("/paths/~1many~1{number}"), Some(serde_json::json!({"get": operation})))?;
    }
    Some(())
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
    Some(Pair { documents: Some(Documents::new(old, new)), parts })
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
