//! Text to document: positions, YAML's core schema, JSON to the letter, and every limit.

use countersign_codegen::finding::Finding;
use countersign_codegen::parse::{DEEPEST, LONGEST_FILE, parse, read};
use countersign_codegen::spec::{Mark, Node, Spec, Value};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

fn yaml(text: &str) -> Spec {
    parse("case.yaml", text).unwrap_or_else(|findings| panic!("{findings:?}"))
}

fn json(text: &str) -> Spec {
    parse("case.json", text).unwrap_or_else(|findings| panic!("{findings:?}"))
}

/// The rules and places of what is found in a text that is refused.
fn refused(file: &str, text: impl Into<Vec<u8>>) -> Vec<(&'static str, u32, u32)> {
    let place = |finding: &Finding| (finding.rule, finding.at.line, finding.at.column);
    let begin = Instant::now();
    let findings = parse(file, text).expect_err("this must be refused");
    // A bound that only an explosion breaks: this runs on machines that do other things, too.
    assert!(begin.elapsed() < Duration::from_secs(60), "refused after {:?}", begin.elapsed());
    findings.iter().map(place).collect()
}

fn at(node: &Node) -> (u32, u32) {
    (node.at.line, node.at.column)
}

#[test]
fn yaml_nodes_know_their_places() {
    let spec = yaml("a:\n  b: [1, 'zwei', {c: d}]\n  200: ü: x\n".replace("ü: x", "'ü'  # x").as_str());
    let (key, a) = spec.root.entry("a").unwrap();
    assert_eq!((key.at, at(a)), (Mark::new(1, 1), (2, 3)));
    let b = a.get("b").unwrap();
    assert_eq!(at(b), (2, 6));
    let places: Vec<_> = b.items().iter().map(at).collect();
    assert_eq!(places, [(2, 7), (2, 10), (2, 18)]);
    assert_eq!(at(b.items()[2].get("c").unwrap()), (2, 22));
    assert_eq!(a.entry("200").unwrap().0.at, Mark::new(3, 3));
    assert_eq!(spec.root.at_pointer("/a/b/2/c").unwrap().text(), Some("d"));
}

#[test]
fn json_nodes_know_their_places_in_any_kind_of_lines() {
    let spec = json("{\"ü\": 1,\r\n \"b\": [true,\r null]}");
    let marks: Vec<_> = spec.root.members().map(|(key, node)| (key.at.line, key.at.column, at(node))).collect();
    assert_eq!(marks, [(1, 2, (1, 7)), (2, 2, (2, 7))]);
    let items: Vec<_> = spec.root.get("b").unwrap().items().iter().map(at).collect();
    assert_eq!(items, [(2, 8), (3, 2)]);
}

#[test]
fn a_byte_order_mark_is_not_text() {
    let spec = yaml("\u{FEFF}a: b\n");
    assert_eq!(spec.root.entry("a").unwrap().0.at, Mark::new(1, 1));
    assert_eq!(json("\u{FEFF}{}").root.members().count(), 0);
}

#[test]
fn yaml_is_read_by_its_core_schema() {
    let value = |text: &str| yaml(&format!("v: {text}\n")).root.get("v").unwrap().clone();
    for text in ["no", "on", "yes", "off", "y", "2024-01-31", "12:30:00", "1_000", "0b11", ".inf", ".nan", "-", "+"] {
        let text = if text == "-" { "'-'" } else { text };
        assert!(value(text).text().is_some(), "{text} is text");
    }
    for (text, expected) in [("true", true), ("True", true), ("FALSE", false)] {
        assert_eq!(value(text).bool(), Some(expected), "{text}");
    }
    for text in ["", "~", "null", "Null", "NULL"] {
        assert!(matches!(value(text).value, Value::Null), "{text:?} is null");
    }
    let numbers = [
        ("12", "12"),
        ("1.10", "1.10"),
        ("-0", "-0"),
        ("+7", "7"),
        ("007", "7"),
        ("0o17", "15"),
        ("0xfF", "255"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e9", "1e9"),
        ("123456789012345678901234567890.123", "123456789012345678901234567890.123"),
    ];
    for (text, expected) in numbers {
        assert!(matches!(&value(text).value, Value::Number(number) if number == expected), "{text}");
    }
    for text in ["0x", "0o8", "0x-1", "1e", "1e+", "e5", ".", "1.2.3", "--1", "٣"] {
        assert!(value(text).text().is_some(), "{text} is text");
    }
    assert_eq!(value("'12'").text(), Some("12"));
    assert_eq!(value("\"true\"").text(), Some("true"));
}

#[test]
fn keys_are_text() {
    let spec = yaml("200: a\nno: b\n1.5: c\ntrue: d\n~: e\n'': f\n");
    let keys: Vec<_> = spec.root.members().map(|(key, _)| key.text.as_str()).collect();
    assert_eq!(keys, ["200", "no", "1.5", "true", "~", ""]);
}

#[test]
fn aliases_are_followed() {
    let spec = yaml("a: &x {k: [1, 2]}\nb: *x\nc: [*x, *x]\n");
    assert_eq!(spec.root.get("a").unwrap().to_json(), spec.root.get("b").unwrap().to_json());
    assert_eq!(at(spec.root.at_pointer("/c/1").unwrap()), at(spec.root.get("a").unwrap()));
}

#[test]
fn merge_keys_are_merged_with_a_note() {
    let spec = yaml("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  z: 3\n  <<: [*a, *b]\n  '<<': text\nd: {<<: *a}\n");
    let c = spec.root.get("c").unwrap().to_json();
    assert_eq!(c, serde_json::json!({"z": 3, "<<": "text", "x": 1, "y": 1}));
    assert_eq!(spec.root.at_pointer("/d/y").unwrap().at, Mark::new(1, 17));
    let notes: Vec<_> = spec.notes.iter().map(|note| (note.rule, note.at)).collect();
    assert_eq!(notes, [("merge-key", Mark::new(5, 3)), ("merge-key", Mark::new(7, 5))]);
    assert_eq!(refused("f.yaml", "a: {<<: 1}\n"), [("complex-key", 1, 9)]);
    assert_eq!(refused("f.yaml", "a: {<<: {}, <<: {}}\n"), [("duplicate-key", 1, 13)]);
}

#[test]
fn the_name_chooses_the_format_then_the_first_character() {
    assert!(parse("spec", " {\"a\": 1}").is_ok());
    assert!(parse("spec", "a: 1").is_ok());
    assert_eq!(refused("spec", " {a: 1}"), [("syntax", 1, 3)]);
    assert!(parse("spec.yml", "{a: 1}").is_ok());
    assert_eq!(refused("spec.JSON", "a: 1"), [("syntax", 1, 1)]);
}

#[test]
fn what_yaml_leaves_to_chance_is_refused() {
    assert_eq!(refused("f.yaml", "a: 1\nb: 2\na: 3\n"), [("duplicate-key", 3, 1)]);
    assert!(yaml("'<<': text\n").root.get("<<").is_some());
    assert_eq!(refused("f.yaml", "a: !!str 1\nb: !own {}\n"), [("yaml-tag", 1, 4), ("yaml-tag", 2, 4)]);
    assert_eq!(refused("f.yaml", "a: 1\n---\nb: 2\n"), [("several-documents", 2, 1)]);
    assert_eq!(refused("f.yaml", "[1, 2]: x\n"), [("complex-key", 1, 1)]);
    assert_eq!(refused("f.yaml", "? {a: b}\n: x\n"), [("complex-key", 1, 3)]);
    assert_eq!(refused("f.yaml", "a: &a k\n*a : x\n"), [("complex-key", 2, 1)]);
    assert_eq!(refused("f.yaml", ": x\n")[0].0, "complex-key");
    assert_eq!(refused("f.yaml", "a:\n\tb: 1\n")[0].0, "syntax");
    assert_eq!(refused("f.yaml", "a: [1, 2\n")[0].0, "syntax");
    assert_eq!(refused("f.yaml", "a: *nobody\n")[0].0, "syntax");
    assert_eq!(refused("f.yaml", ""), [("syntax", 1, 1)]);
    assert_eq!(refused("f.yaml", "# only a comment\n"), [("syntax", 1, 1)]);
}

#[test]
fn both_places_of_a_doubled_key_are_named() {
    let findings = parse("f.yaml", "x:\n  a: 1\n  b: 2\n  a: 3\n").expect_err("doubled");
    assert_eq!(findings[0].message, "the key `a` stands here and at 2:3");
    let many: String = (0..40).map(|n| format!("\"k{n}\": 0, ")).collect();
    let findings = parse("f.json", format!("{{{many}\"k7\": 1}}")).expect_err("doubled");
    assert_eq!(findings[0].message, "the key `k7` stands here and at 1:65");
}

#[test]
fn json_is_held_to_the_letter() {
    for text in [
        "{\"a\": 1,}",
        "[1,]",
        "{a: 1}",
        "{'a': 1}",
        "[1 2]",
        "{\"a\" 1}",
        "// no\n{}",
        "/* no */ {}",
        "{} {}",
        "[01]",
        "[+1]",
        "[.5]",
        "[5.]",
        "[0x1]",
        "[NaN]",
        "[Infinity]",
        "[-]",
        "[1e]",
        "[\"\t\"]",
        "[\"\\x41\"]",
        "[\"\\ud800\"]",
        "[\"a]",
        "[tru]",
        "[True]",
        "{\"a\":}",
        "[,]",
        "]",
        "[\u{A0}1]",
        "",
        " ",
        "{\"a\": 1",
        "[\"\\\"]",
        "nul",
    ] {
        assert_eq!(refused("f.json", text)[0].0, "syntax", "{text:?}");
    }
    let doubled = refused("f.json", "{\"a\": 1, \"\\u0061\": 2}");
    assert_eq!(doubled, [("duplicate-key", 1, 10)]);
    let spec = json("{\"\\ud83d\\ude00\": \"\\u00e9\\n\", \"n\": -1.50E+7}");
    assert_eq!(spec.root.get("😀").unwrap().text(), Some("é\n"));
    assert!(matches!(&spec.root.get("n").unwrap().value, Value::Number(text) if text == "-1.50E+7"));
}

#[test]
fn characters_and_encodings_that_no_document_needs() {
    assert_eq!(refused("f.yaml", "a: x\0y\n"), [("control-character", 1, 5)]);
    assert_eq!(refused("f.json", "[\"\u{1B}[31m\"]"), [("control-character", 1, 3)]);
    assert_eq!(refused("f.yaml", b"a: ok\nb: \xff\xfe\n".to_vec()), [("encoding", 2, 4)]);
    assert_eq!(refused("f.yaml", b"\xff\xfea\0:\0".to_vec()), [("encoding", 1, 1)]);
    assert_eq!(refused("f.yaml", b"\xfe\xff\0a".to_vec()), [("encoding", 1, 1)]);
    assert_eq!(refused("f.yaml", "a: \"\\q\"\n")[0].0, "syntax");
}

#[test]
fn a_file_has_a_size() {
    let long = vec![b'#'; LONGEST_FILE + 1];
    assert_eq!(refused("f.yaml", long), [("file-too-large", 1, 1)]);
    let text = "x".repeat(10 << 20);
    assert_eq!(yaml(&format!("a: '{text}'\n")).root.get("a").unwrap().text().map(str::len), Some(10 << 20));
}

#[test]
fn nesting_has_a_limit_in_every_style() {
    let flow = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse("f.yaml", flow(DEEPEST)).is_ok());
    assert_eq!(refused("f.yaml", flow(DEEPEST + 1)), [("too-deep", 1, 129)]);
    assert!(parse("f.json", flow(DEEPEST)).is_ok());
    assert_eq!(refused("f.json", flow(DEEPEST + 1)), [("too-deep", 1, 129)]);
    assert_eq!(refused("f.json", "[".repeat(100_000)), [("too-deep", 1, 129)]);
    assert_eq!(refused("f.json", "{\"a\":".repeat(100_000)), [("too-deep", 1, 641)]);
    assert_eq!(refused("f.yaml", "[".repeat(100_000))[0].0, "too-deep");
    assert_eq!(refused("f.yaml", "{a: ".repeat(100_000))[0].0, "too-deep");
    let mut block = String::new();
    for depth in 0..5_000 {
        let _ = writeln!(block, "{}a:", " ".repeat(depth));
    }
    assert_eq!(refused("f.yaml", block), [("too-deep", 129, 129)]);
    assert_eq!(refused("f.yaml", "- ".repeat(5_000)), [("too-deep", 1, 257)]);
    // Aliases add up, too.
    let half = DEEPEST / 2 + 1;
    let deep = format!("a: &x {}\nb: {}*x{}\n", flow(half), "[".repeat(half), "]".repeat(half));
    assert_eq!(refused("f.yaml", deep), [("too-deep", 2, 69)]);
}

#[test]
fn alias_bombs_are_refused_before_they_grow() {
    let mut nine = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let before = vec![format!("*a{}", level - 1); 9].join(", ");
        let _ = writeln!(nine, "a{level}: &a{level} [{before}]");
    }
    assert_eq!(refused("f.yaml", nine)[0].0, "alias-bomb");

    let items = vec!["x"; 2_000].join(", ");
    let uses = vec!["*a"; 20_000].join(", ");
    assert_eq!(refused("f.yaml", format!("a: &a [{items}]\nb: [{uses}]\n"))[0].0, "alias-bomb");

    let text = "x".repeat(1 << 20);
    let uses = vec!["*a"; 20_000].join(", ");
    assert_eq!(refused("f.yaml", format!("a: &a {text}\nb: [{uses}]\n"))[0].0, "alias-bomb");

    // Anchors inside anchors copy without a single alias.
    let nested: String = (0..100).map(|n| format!("&a{n} [")).collect();
    let filling = vec!["x"; 20_000].join(",");
    assert_eq!(refused("f.yaml", format!("{nested}{filling}{}", "]".repeat(100)))[0].0, "alias-bomb");
}

#[test]
fn an_anchor_inside_itself_is_refused() {
    assert_eq!(refused("f.yaml", "a: &a [1, *a]\n"), [("anchor-inside-itself", 1, 11)]);
    assert_eq!(refused("f.yaml", "a: &a\n  b: &b {c: *a}\n"), [("anchor-inside-itself", 2, 13)]);
}

#[test]
fn a_document_has_a_number_of_values() {
    let many = format!("[{}1]", "1,".repeat(1_000_000));
    assert_eq!(refused("f.json", many.clone())[0].0, "too-large");
    assert_eq!(refused("f.yaml", many)[0].0, "too-large");
}

#[test]
fn large_and_flat_documents_are_read() {
    let mut text = String::from("components:\n  schemas:\n");
    for n in 0..20_000 {
        let _ = writeln!(text, "    S{n}: {{type: string}}");
    }
    let begin = Instant::now();
    let spec = yaml(&text);
    assert_eq!(spec.root.at_pointer("/components/schemas").unwrap().members().count(), 20_000);
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
}

#[test]
fn a_file_that_is_not_there_is_trouble_and_no_finding() {
    let error = read(std::path::Path::new("/nowhere/openapi.yaml")).expect_err("there is no such file");
    assert_eq!(error.to_string(), "can't read /nowhere/openapi.yaml");
}

#[test]
fn quoted_text_may_go_on_left_of_its_key() {
    let text = "a:\n  - b: \"one\n two\n\n  three\"\n    c: {d: 'x\ny', e: z}\n    f: |\n      \"not\n      quoted\n    g: 'it''s\nfine' # no\n    h: \"q\\\n r\"\n    i: [don't, 'one line']\n    j: '\n  k'\n";
    let spec = yaml(text);
    let item = spec.root.at_pointer("/a/0").unwrap();
    assert_eq!(item.get("b").unwrap().text(), Some("one two\nthree"));
    assert_eq!(item.at_pointer("/c/d").unwrap().text(), Some("x y"));
    assert_eq!(item.get("f").unwrap().text(), Some("\"not\nquoted\n"));
    assert_eq!(item.get("g").unwrap().text(), Some("it's fine"));
    assert_eq!(item.get("h").unwrap().text(), Some("qr"));
    assert_eq!(item.get("j").unwrap().text(), Some(" k"));
    // Columns are those of the file, also behind the text on its last line.
    assert_eq!(at(item.at_pointer("/c/e").unwrap()), (7, 8));
    assert_eq!(item.entry("h").unwrap().0.at, Mark::new(13, 5));
    assert_eq!(refused("f.yaml", "a:\n  - b: \"one\n two\n"), [("syntax", 2, 8)]);
    assert_eq!(refused("f.yaml", "a:\n  - b: \"one\n two\"\n    b: 1\n"), [("duplicate-key", 4, 5)]);
}
