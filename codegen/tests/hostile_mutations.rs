//! A sound spec, broken at random in thousands of ways: never a panic, and findings always have a place.
//!
//! The seeds are fixed, so a failure comes back. What breaks is text (bytes, lines, words) and trees (members
//! left out, doubled, moved, renamed).

use countersign_codegen::finding::{Finding, Sources, render};
use countersign_codegen::lint::{Context, lint};
use countersign_codegen::normalize::{self, normalize};
use countersign_codegen::parse::parse;
use countersign_codegen::spec::{Node, Spec, Value};
use countersign_codegen::vectors::Vectors;
use std::path::Path;

/// Marsaglia's xorshift: repeatable, and no dependency.
struct Dice(u64);

impl Dice {
    fn new(seed: u64, salt: u64) -> Self {
        Dice(seed.wrapping_mul(salt) | 1)
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides.max(1) as u64).unwrap_or_default()
    }

    fn pick<'p, T>(&mut self, items: &'p [T]) -> &'p T {
        &items[self.roll(items.len())]
    }
}

fn case(name: &str) -> (String, Vectors) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/hostile");
    let text = std::fs::read_to_string(folder.join(name).with_extension("yaml")).unwrap();
    let file = folder.join(name).with_extension("vectors.json");
    let vectors = std::fs::read(&file).map_or(Vectors::Missing, |text| Vectors::File { file, text });
    (text, vectors)
}

/// Vectors for some seeds only: running them costs more than all the rest.
fn some(vectors: &Vectors, seed: u64) -> &Vectors {
    if seed.is_multiple_of(8) { vectors } else { &Vectors::Missing }
}

fn examine(spec: &Spec, vectors: &Vectors) {
    let findings = lint(spec, &Context { vectors: vectors.clone(), crate_is_named: false });
    assert_located(&findings, &spec.text);
    let context = normalize::Context { provider: "acme".to_owned(), ..normalize::Context::default() };
    let lowering = normalize(spec, &context).map_or_else(|errors| errors, |lowered| lowered.notes);
    assert_located(&lowering, &spec.text);
}

fn assert_located(findings: &[Finding], text: &str) {
    let located = |finding: &Finding| finding.at.line >= 1 && finding.at.column >= 1 && !finding.message.is_empty();
    assert!(findings.iter().all(located), "{findings:?}");
    let shown = render(findings, &Sources::default().with("mutant.yaml", text));
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
}

/// Words that mean something to the reader, to OpenAPI or to us.
const WORDS: &[&str] = &[
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "- ",
    "? ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "'",
    "\"",
    "|\n",
    ">-\n",
    "#",
    "%",
    "@",
    "`",
    "---\n",
    "...\n",
    "\t",
    "\r\n",
    "\u{FEFF}",
    "\u{202E}",
    "\0",
    "null",
    "~",
    "true",
    "-1",
    "1e999",
    ".inf",
    "0x",
    "$ref: '#'",
    "$ref: '#/components/schemas/Order'",
    "'#/a~2%zz'",
    "/..",
    "{x}",
    "x-signing: ",
    "use: ",
    "with: ",
    "values: ",
    "send: ",
    "claims: ",
    "request: body",
    "\u{1F600}",
    "é",
    "9999999999999999999999",
    "enum: []",
];

#[test]
fn texts_broken_at_random() {
    for (name, rounds) in [("signing-good", 1_000), ("webhook-good", 1_000), ("everything-good", 500)] {
        let (text, vectors) = case(name);
        for seed in 1..=rounds {
            let mut dice = Dice::new(seed, 0x9E37_79B9_7F4A_7C15);
            let mut bytes = text.clone().into_bytes();
            for _ in 0..=dice.roll(3) {
                break_text(&mut bytes, &mut dice);
            }
            match parse("mutant.yaml", bytes.clone()) {
                Ok(spec) => examine(&spec, some(&vectors, seed)),
                Err(findings) => assert_located(&findings, &String::from_utf8_lossy(&bytes)),
            }
        }
    }
}

fn break_text(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.roll(bytes.len());
    let end = (at + 1 + dice.roll(30)).min(bytes.len());
    match dice.roll(6) {
        0 => drop(bytes.drain(at..end)),
        1 => {
            let word = *dice.pick(WORDS);
            drop(bytes.splice(at..at, word.bytes()));
        }
        2 => {
            let word = *dice.pick(WORDS);
            drop(bytes.splice(at..end, word.bytes()));
        }
        3 => {
            let copy = bytes[at..end].to_vec();
            let to = dice.roll(bytes.len());
            drop(bytes.splice(to..to, copy));
        }
        4 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = u8::try_from(dice.roll(256)).unwrap_or_default();
            }
        }
        _ => {
            let mut lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let (from, to) = (dice.roll(lines.len()), dice.roll(lines.len()));
            lines.swap(from, to);
            *bytes = lines.join(&b'\n');
        }
    }
}

#[test]
fn json_broken_at_random() {
    let (text, vectors) = case("everything-good");
    let json = parse("mutant.yaml", text).unwrap().root.to_json().to_string();
    assert!(parse("mutant.json", json.clone()).is_ok());
    for seed in 1..=500 {
        let mut dice = Dice::new(seed, 0xD1B5_4A32_D192_ED03);
        let mut bytes = json.clone().into_bytes();
        break_text(&mut bytes, &mut dice);
        if let Ok(spec) = parse("mutant.json", bytes) {
            examine(&spec, some(&vectors, seed));
        }
    }
}

#[test]
fn trees_broken_at_random() {
    for (name, rounds) in [("signing-good", 1_000), ("webhook-good", 1_000), ("everything-good", 500)] {
        let (text, vectors) = case(name);
        let spec = parse("mutant.yaml", text).unwrap();
        let mut parts = Vec::new();
        collect(&spec.root, &mut parts);
        for seed in 1..=rounds {
            let mut dice = Dice::new(seed, 0xA076_1D64_78BD_642F);
            let mut root = spec.root.clone();
            for _ in 0..=dice.roll(2) {
                break_tree(&mut root, &parts, &mut dice);
            }
            examine(&Spec { root, ..spec.clone() }, some(&vectors, seed));
        }
    }
}

/// Every part of a document that is not its larger half.
fn collect(node: &Node, parts: &mut Vec<Node>) {
    for (_, child) in node.members() {
        collect(child, parts);
    }
    for child in node.items() {
        collect(child, parts);
    }
    if node.to_json().to_string().len() < 4_000 {
        parts.push(node.clone());
    }
}

/// Goes down at random and breaks what it comes to.
fn break_tree(node: &mut Node, parts: &[Node], dice: &mut Dice) {
    let stop = dice.roll(5) == 0;
    match &mut node.value {
        Value::Map(members) if !members.is_empty() => {
            let index = dice.roll(members.len());
            if !stop {
                return break_tree(&mut members[index].1, parts, dice);
            }
            match dice.roll(5) {
                0 => drop(members.remove(index)),
                1 => members[index].1 = dice.pick(parts).clone(),
                2 => members[index].0.text = (*dice.pick(WORDS)).to_owned(),
                3 => {
                    let other = dice.roll(members.len());
                    let text = members[other].0.text.clone();
                    members[index].0.text = text;
                }
                _ => {
                    let mut member = members[index].clone();
                    member.0.text.push('x');
                    members.push(member);
                }
            }
        }
        Value::List(items) if !items.is_empty() => {
            let index = dice.roll(items.len());
            if !stop {
                return break_tree(&mut items[index], parts, dice);
            }
            match dice.roll(3) {
                0 => drop(items.remove(index)),
                1 => items[index] = dice.pick(parts).clone(),
                _ => items.push(items[index].clone()),
            }
        }
        _ => match dice.roll(3) {
            0 => node.value = Value::Text((*dice.pick(WORDS)).to_owned()),
            1 => node.value = Value::Null,
            _ => node.value = dice.pick(parts).value.clone(),
        },
    }
}
