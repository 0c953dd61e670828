//! What means the same and must stay silent, where edits of one document can't show it: other formats, other files,
//! other spellings of a text. With `cases/diff/r-silent.txt` every entry of list R has a pair.

use countersign_codegen::diff::{Day, Report, Settings, Verdict, diff, text};
use countersign_codegen::load::load;
use countersign_codegen::parse::parse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// List R of the catalogue, in its order.
const LIST: [&str; 24] = [
    "inline and by reference",
    "a chain of references shortened",
    "a component renamed",
    "`allOf`, `oneOf` or `anyOf` of one schema, and that schema",
    "`allOf` flattened",
    "the spellings of null",
    "`const` and an enum of one value",
    "an enum and `oneOf` of constants",
    "a parameter at its path or at its operations",
    "a shared parameter by reference or inline",
    "keys, tags, `required` and `enum` in another order",
    "defaults of OpenAPI spelt out",
    "the spellings of a number",
    "YAML and JSON, anchors, comments, line ends, a byte order mark",
    "several files and one",
    "a path parameter renamed",
    "the spellings of 3.0 and 3.1",
    "escapes in JSON Pointers",
    "security that repeats the document's",
    "an unused component touched",
    "an example that moved",
    "the case of media types",
    "the case of header names",
    "extensions that are ignored",
];

/// Entries that are about the wire: the crate's own names may change, which is said.
const ON_THE_WIRE: [&str; 4] = ["R3", "R16", "R17", "R20"];

const YAML: &str = r#"openapi: 3.0.3
info: {title: Acme, version: '1'}
paths:
  /things/{id}:
    get:
      operationId: get_thing
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
      responses:
        '200':
          description: One.
          headers:
            X-Total: {schema: {type: integer}}
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Thing'}
  /things:
    post:
      requestBody:
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Thing'}
      responses:
        '204': {description: Done.}
components:
  schemas:
    Thing:
      type: object
      required: [id]
      properties:
        id: {type: string, maxLength: 40}
        size: {type: integer, minimum: 1}
        note: {type: string, nullable: true}
        bytes: {type: string, format: byte}
        price: {type: number, minimum: 0, exclusiveMinimum: true, example: 1.5}
        part: {$ref: '#/components/schemas/Part'}
    Part:
      type: object
      properties:
        name: {type: string}
    Unused:
      type: object
      properties:
        a: {type: string}
"#;

/// A pair: the entry, what it shows, and both documents as files; the first file of each is the document.
struct Pair {
    entry: &'static str,
    what: &'static str,
    old: Vec<(&'static str, String)>,
    new: Vec<(&'static str, String)>,
}

fn one(entry: &'static str, what: &'static str, new: impl Into<String>) -> Pair {
    Pair { entry, what, old: vec![("a.yaml", YAML.to_owned())], new: vec![("a.yaml", new.into())] }
}

/// The text with one part changed, which must be there.
fn with(from: &str, to: &str) -> String {
    replaced(YAML, from, to)
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "`{from}` is not in the document");
    text.replace(from, to)
}

fn json() -> String {
    serde_json::to_string(&parse("a.yaml", YAML).unwrap().root.to_json()).unwrap()
}

fn pairs() -> Vec<Pair> {
    let mut pairs = texts();
    pairs.extend(files());
    pairs.extend(dialects());
    pairs
}

fn texts() -> Vec<Pair> {
    let anchored = replaced(
        &with("X-Total: {schema: {type: integer}}", "X-Total: {schema: &int {type: integer}}"),
        "size: {type: integer, minimum: 1}",
        "size: {<<: *int, minimum: 1}",
    );
    let aliased = replaced(
        &with("        name: {type: string}", "        name: &text {type: string}"),
        "        a: {type: string}",
        "        a: *text",
    );
    let renamed = replaced(&with("schemas/Part'", "schemas/Piece'"), "    Part:\n", "    Piece:\n");
    let parameter = replaced(&with("/things/{id}:", "/things/{key}:"), "name: id, in: path", "name: key, in: path");
    let moved = replaced(&with(", example: 1.5", ""), "X-Total: {schema", "X-Total: {example: 3, schema");
    let ignored = with("operationId: get_thing", "operationId: get_thing\n      x-ignored: {a: 1}");
    vec![
        one("R3", "component", renamed),
        one("R11", "keys", {
            let json = json();
            // serde_json's maps are sorted, so every key of the document is in another place.
            assert!(json.starts_with(r#"{"components""#), "{json}");
            json
        }),
        Pair {
            entry: "R14",
            what: "YAML and JSON",
            old: vec![("a.yaml", YAML.to_owned())],
            new: vec![("a.json", json())],
        },
        one("R14", "anchor and merge key", anchored),
        one("R14", "anchor and alias", aliased),
        one("R14", "comments", YAML.replace('\n', " # why\n").replace("paths: #", "\n# what\n\npaths: #")),
        one("R14", "line ends", YAML.replace('\n', "\r\n")),
        one("R14", "byte order mark", format!("\u{feff}{YAML}")),
        one("R14", "quotes and indents", with("type: object", "'type': \"object\"").replace("\n    ", "\n      ")),
        one("R16", "path parameter", parameter),
        one("R20", "unused", with("        a: {type: string}\n", "        a: {type: integer}\n        b: {}\n")),
        one("R20", "unused is gone", {
            let start = YAML.find("    Unused:").unwrap();
            YAML[..start].to_owned()
        }),
        one("R21", "example", moved),
        one("R21", "examples", with(", example: 1.5", "")),
        one("R24", "ignored", ignored),
    ]
}

fn files() -> Vec<Pair> {
    let start = YAML.find("    Part:\n").unwrap();
    let part = "type: object\nproperties:\n  name: {type: string}\n";
    let parts = "shapes:\n  a/b~c d:\n    type: object\n    properties:\n      name: {type: string}\n";
    let split = |reference: &str| {
        let head = YAML[..start].replace("'#/components/schemas/Part'", &format!("'{reference}'"));
        head + "    Part: {$ref: '" + reference + "'}\n    Unused: {type: object, properties: {a: {type: string}}}\n"
    };
    let item = "get:\n  operationId: get_thing\n  parameters:\n    - {name: id, in: path, required: true, schema: {type: string}}\n  responses:\n    '200':\n      description: One.\n      headers:\n        X-Total: {schema: {type: integer}}\n      content:\n        application/json:\n          schema: {$ref: 'a.yaml#/components/schemas/Thing'}\n";
    let (from, to) = (YAML.find("    get:\n").unwrap(), YAML.find("  /things:\n").unwrap());
    let paths = format!("{}    $ref: item.yaml\n{}", &YAML[..from], &YAML[to..]);
    let bundled = || vec![("a.yaml", YAML.to_owned())];
    let local = |reference: &str| {
        let escaped = replaced(YAML, "'#/components/schemas/Part'", &format!("'{reference}'"));
        replaced(&escaped, "    Part:\n", "    Part: &part\n") + "    a/b~c d: *part\n"
    };
    vec![
        Pair {
            entry: "R15",
            what: "a schema in a file",
            old: bundled(),
            new: vec![("a.yaml", split("part.yaml")), ("part.yaml", part.to_owned())],
        },
        Pair {
            entry: "R15",
            what: "a path in a file that refers back",
            old: bundled(),
            new: vec![("a.yaml", paths), ("item.yaml", item.to_owned())],
        },
        Pair {
            entry: "R15",
            what: "from one file to another",
            old: vec![("a.yaml", split("part.yaml")), ("part.yaml", part.to_owned())],
            new: vec![("a.yaml", split("more/part.yaml")), ("more/part.yaml", part.to_owned())],
        },
        Pair {
            entry: "R18",
            what: "escaped in another file",
            old: bundled(),
            new: vec![("a.yaml", split("parts.yaml#/shapes/a~1b~0c%20d")), ("parts.yaml", parts.to_owned())],
        },
        Pair {
            entry: "R18",
            what: "escaped and percent-encoded",
            old: vec![("a.yaml", local("#/components/schemas/a~1b~0c d"))],
            new: vec![("a.yaml", local("#/components/schemas/a%7E1b%7e0c%20d"))],
        },
    ]
}

fn dialects() -> Vec<Pair> {
    let newer = with("openapi: 3.0.3", "openapi: 3.1.0");
    let newer = replaced(&newer, "{type: string, nullable: true}", "{type: [string, 'null']}");
    let newer =
        replaced(&newer, "minimum: 0, exclusiveMinimum: true, example: 1.5", "exclusiveMinimum: 0, examples: [1.5]");
    let encoded = replaced(&newer, "format: byte", "contentEncoding: base64");
    let bytes = with("format: byte", "format: binary");
    let octets = replaced(&newer, "format: byte", "contentMediaType: application/octet-stream");
    let binary = Pair { entry: "R17", what: "binary", old: vec![("a.yaml", bytes)], new: vec![("a.yaml", octets)] };
    vec![one("R17", "null, limits, examples", newer), one("R17", "base64", encoded), binary]
}

fn review(pair: &Pair) -> Report {
    let spec = |files: &[(&str, String)]| {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        load(&folder.path().join(files[0].0), Path::new(files[0].0), None)
            .unwrap_or_else(|error| panic!("{} {}: {error:?}", pair.entry, pair.what))
    };
    let today = Day::parse("2026-11-21").unwrap();
    let settings = Settings { today, ignored_extensions: vec!["x-ignored".to_owned()], ..Settings::default() };
    diff(&spec(&pair.old), &spec(&pair.new), &settings)
}

/// Entries of list R that a file of cases has.
fn in_cases() -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/diff/r-silent.txt");
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().filter(|line| line.starts_with('R')).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn every_pair_is_silent() {
    let mut wrong = Vec::new();
    for pair in pairs() {
        let report = review(&pair);
        let wire = ON_THE_WIRE.contains(&pair.entry);
        let quiet = |change: &countersign_codegen::diff::Change| wire && change.wire <= Verdict::Ok && !change.fails();
        if !report.changes.iter().all(quiet) {
            wrong.push(format!("{} {}:\n{}", pair.entry, pair.what, text(&report, true)));
        }
        // The other way round means the same, too.
        let back = Pair { old: pair.new, new: pair.old, ..pair };
        let report = review(&back);
        if !report.changes.iter().all(quiet) {
            wrong.push(format!("{} {}, back:\n{}", back.entry, back.what, text(&report, true)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_entry_of_the_list_has_a_pair() {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for entry in in_cases().into_iter().chain(pairs().iter().map(|pair| pair.entry.to_owned())) {
        *count.entry(entry).or_default() += 1;
    }
    let known: BTreeSet<String> = (1..=LIST.len()).map(|number| format!("R{number}")).collect();
    let missing: Vec<&String> = known.iter().filter(|entry| !count.contains_key(*entry)).collect();
    assert!(missing.is_empty(), "no pair for {missing:?}");
    let unknown: Vec<&String> =
        count.keys().filter(|entry| !entry.starts_with("R-") && !known.contains(*entry)).collect();
    assert!(unknown.is_empty(), "{unknown:?} are not in list R");
    let all: usize = count.values().sum();
    println!("list R: {} of {} entries have a pair, {all} pairs", known.len(), LIST.len());
    for (number, what) in LIST.iter().enumerate() {
        let entry = format!("R{}", number + 1);
        println!("  {entry} {what}: {}", count.get(&entry).copied().unwrap_or_default());
    }
}
