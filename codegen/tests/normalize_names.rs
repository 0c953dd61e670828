//! Names depend on a place and its own text: never on order, never on neighbours, and never on what is hostile.

use countersign_codegen::ir::{Ir, TypeKind};
use countersign_codegen::normalize::{Context, normalize};
use countersign_codegen::parse::parse;
use countersign_codegen::spec::{Key, Mark, Node, Spec, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const HEAD: &str = "openapi: 3.0.3\ninfo: {title: Case, version: '1'}\nservers: [{url: 'https://acme.example'}]\n";

#[test]
fn order_changes_no_name() {
    for (file, spec) in cases() {
        let Some(facts) = facts_of(&spec) else { continue };
        for seed in 1..=8 {
            let mut shuffled = spec.clone();
            shuffle(&mut shuffled.root, "", &mut Random(seed));
            let again = facts_of(&shuffled).unwrap_or_default();
            assert_eq!(facts, again, "{} shuffled with {seed}", file.display());
        }
    }
}

#[test]
fn neighbours_change_no_name() {
    for (file, spec) in cases() {
        let Some(facts) = facts_of(&spec) else { continue };
        let mut grown = spec.clone();
        grow(&mut grown.root);
        let again = facts_of(&grown).expect("a grown document is as right as before");
        let lost: Vec<&String> = facts.difference(&again).collect();
        assert!(lost.is_empty(), "{}: {lost:#?}", file.display());
    }
}

#[test]
fn a_new_branch_renames_no_other() {
    let union = |branches: &str| {
        let text = format!("{HEAD}paths: {{}}\ncomponents: {{schemas: {{U: {{oneOf: [{branches}]}}}}}}\n");
        facts_of(&parse("case.yaml", text).expect("YAML")).expect("a union").into_iter().filter_map(|fact| {
            // Without positions: they move.
            let (kind, rest) = fact.split_once(' ')?;
            (kind != "type").then(|| format!("{kind} {rest}"))
        })
    };
    let tagged =
        |tag: &str| format!("{{type: object, required: [t], properties: {{t: {{type: string, enum: [{tag}]}}}}}}");
    let before: BTreeSet<String> = union(&[tagged("a"), tagged("b")].join(",")).collect();
    let after: BTreeSet<String> = union(&[tagged("new"), tagged("a"), tagged("b")].join(",")).collect();
    assert!(before.is_subset(&after), "{before:#?} {after:#?}");
    let with = |name: &str| format!("{{type: object, required: [{name}], properties: {{{name}: {{type: string}}}}}}");
    let before: BTreeSet<String> = union(&[with("a"), with("b")].join(",")).collect();
    let after: BTreeSet<String> = union(&[with("new"), with("a"), with("b")].join(",")).collect();
    assert!(before.is_subset(&after), "{before:#?} {after:#?}");
}

#[test]
fn hostile_names_become_names() {
    let long = "long".repeat(75);
    let texts: Vec<&str> = vec![
        "../../x",
        "r#type",
        "🙂",
        "\u{202E}evil",
        &long,
        "",
        " ",
        "a\nb",
        "\0",
        "self",
        "Self",
        "crate",
        "super",
        "_",
        "__",
        "1",
        "1st",
        "-",
        "--",
        "é",
        "E\u{301}",
        "ß",
        "İ",
        "ǅ",
        "ﬁ",
        "²",
        "٣",
        "日本",
        "日本語",
        "fn main(){}",
        "*/",
        "\"",
        "'",
        "`",
        "</script>",
        "${x}",
        "{x}",
        "%00",
        "new",
        "clone",
        "body",
        "Unrecognized",
        "unrecognized",
        "UnrecognizedValue",
        "Option",
        "option",
        "OPTION",
        "String",
        "Error",
        "a-b",
        "a_b",
        "a.b",
        "aB",
        "AB",
        "ab",
        "Ab",
        "extra",
        "Extra",
        "LL",
        "Ll",
        "ll",
        "XMLHttp",
        "x2y",
        "x_2_y",
        "X2Y",
        "type",
        "Type",
        "async",
        "gen",
        "try",
    ];
    let mut paths = Vec::new();
    let mut schemas = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let schema = map(vec![("type", string("object")), ("properties", map(vec![("inner", object(&texts))]))]);
        schemas.push((*text, schema));
        let parameter =
            |place: &str| map(vec![("name", string(text)), ("in", string(place)), ("schema", choice(&texts))]);
        let operation = map(vec![
            ("operationId", string(text)),
            ("tags", list(vec![string(text)])),
            ("parameters", list(vec![parameter("query")])),
            (
                "requestBody",
                map(vec![("content", map(vec![("application/json", map(vec![("schema", object(&texts))]))]))]),
            ),
            ("responses", map(vec![("200", map(vec![("description", string(text))]))])),
        ]);
        paths.push((format!("/p{at}"), map(vec![("post", operation)])));
    }
    let paths = paths.iter().map(|(path, item)| (path.as_str(), item.clone())).collect();
    let servers = texts.iter().map(|text| map(vec![("url", string("https://acme.example")), ("x-name", string(text))]));
    let root = map(vec![
        ("openapi", string("3.0.3")),
        ("info", map(vec![("title", string("t")), ("version", string("1"))])),
        ("servers", list(servers.collect())),
        ("paths", map(paths)),
        ("components", map(vec![("schemas", map(schemas))])),
    ]);
    let spec = Spec::new("hostile.yaml", "", root);
    let ir = normalize(&spec, &context()).expect("hostile names are names in the end").ir;
    assert_eq!(ir.operations.len(), texts.len());
    check_names(&ir);
}

/// All names are Rust's, and unique where they must be.
fn check_names(ir: &Ir) {
    let mut top = BTreeSet::new();
    for def in &ir.types {
        assert_eq!(def.name, heck::AsUpperCamelCase(&def.name).to_string(), "a fixpoint");
        unique(&mut top, &def.name);
        let mut inner = BTreeSet::new();
        match &def.kind {
            TypeKind::Struct(object) => object.fields.iter().for_each(|field| unique(&mut inner, &field.name)),
            TypeKind::Enum(choices) => choices.variants.iter().for_each(|variant| unique(&mut inner, &variant.name)),
            TypeKind::Union(union) => union.branches.iter().for_each(|branch| unique(&mut inner, &branch.name)),
        }
        assert!(!inner.contains("Unrecognized"));
    }
    let mut methods = BTreeSet::new();
    for operation in &ir.operations {
        unique(&mut top, &operation.marker);
        unique(&mut methods, &operation.name);
        let mut arguments = BTreeSet::from(["body".to_owned()]);
        operation.parameters.iter().for_each(|parameter| unique(&mut arguments, &parameter.name));
    }
    let mut modules = BTreeSet::new();
    ir.api.tags.iter().for_each(|tag| unique(&mut modules, &tag.module));
    let mut servers = BTreeSet::new();
    ir.api.servers.iter().for_each(|server| unique(&mut servers, &server.name));
}

fn unique(seen: &mut BTreeSet<String>, name: &str) {
    assert!(syn::parse_str::<syn::Ident>(name).is_ok(), "`{name}` is no identifier");
    assert!(name.is_ascii() && name.len() <= 160, "`{name}`");
    assert!(seen.insert(name.to_owned()), "`{name}` stands twice");
}

fn cases() -> Vec<(PathBuf, Spec)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/normalize/cases");
    let files = std::fs::read_dir(folder).expect("the folder of cases").map(|entry| entry.expect("an entry").path());
    let mut cases = Vec::new();
    for file in files.filter(|file| file.extension().is_some_and(|extension| extension == "yaml")) {
        let text = std::fs::read_to_string(&file).expect("a case");
        let text = if text.contains("openapi:") { text } else { format!("{HEAD}{text}") };
        if let Ok(spec) = parse("case.yaml", text) {
            cases.push((file, spec));
        }
    }
    assert!(cases.len() > 10);
    cases
}

fn context() -> Context {
    Context { provider: "acme".to_owned(), spec_path: "case.yaml".to_owned(), ..Context::default() }
}

/// Each name with the place that it stands for.
fn facts_of(spec: &Spec) -> Option<BTreeSet<String>> {
    let ir = normalize(spec, &context()).ok()?.ir;
    let mut facts = BTreeSet::new();
    let mut fact = |text: String| {
        facts.insert(text);
    };
    for def in &ir.types {
        let name = &def.name;
        fact(format!("type {} {name}", def.at));
        match &def.kind {
            TypeKind::Struct(object) => {
                object.fields.iter().for_each(|field| fact(format!("field {name} {:?} {}", field.wire, field.name)))
            }
            TypeKind::Enum(choices) => {
                choices
                    .variants
                    .iter()
                    .for_each(|variant| fact(format!("variant {name} {:?} {}", variant.wire, variant.name)));
            }
            TypeKind::Union(union) => {
                union.branches.iter().for_each(|branch| fact(format!("branch {name} {:?} {}", branch.ty, branch.name)));
            }
        }
    }
    for operation in &ir.operations {
        let place = format!("{} {}", operation.method, operation.path);
        fact(format!("fn {place} {} {} {}", operation.name, operation.marker, operation.module));
        for parameter in &operation.parameters {
            fact(format!("argument {place} {:?} {} {}", parameter.place, parameter.wire, parameter.name));
        }
        for name in operation.success_type.iter().chain(&operation.error_type) {
            fact(format!("outcome {place} {name}"));
        }
    }
    Some(facts)
}

/// A small generator (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap_or(0)
    }
}

/// Reorders everything whose order says nothing: members of maps, parameters, branches, values.
fn shuffle(node: &mut Node, key: &str, random: &mut Random) {
    match &mut node.value {
        Value::Map(members) => {
            for at in (1..members.len()).rev() {
                members.swap(at, random.below(at + 1));
            }
            // Names that stand beside values belong to them by their order.
            let is_named =
                members.iter().any(|(key, _)| ["x-enum-varnames", "x-enumNames"].contains(&key.text.as_str()));
            for (key, member) in members.iter_mut() {
                let key = if is_named && key.text == "enum" { "" } else { key.text.as_str() };
                shuffle(member, key, random);
            }
        }
        Value::List(items) => {
            if ["parameters", "oneOf", "anyOf", "enum", "servers"].contains(&key) {
                for at in (1..items.len()).rev() {
                    items.swap(at, random.below(at + 1));
                }
            }
            items.iter_mut().for_each(|item| shuffle(item, "", random));
        }
        _ => {}
    }
}

/// Puts a new operation, component, and a member of every object in front of the others.
fn grow(root: &mut Node) {
    let inner = map(vec![("type", string("object")), ("properties", map(vec![("deep", choice(&["p", "q"]))]))]);
    let Value::Map(top) = &mut root.value else { return };
    for (key, node) in top.iter_mut() {
        match (key.text.as_str(), &mut node.value) {
            ("paths", Value::Map(paths)) => {
                let media = map(vec![("application/json", map(vec![("schema", inner.clone())]))]);
                let responses = map(vec![("200", map(vec![("description", string("d")), ("content", media)]))]);
                let operation = map(vec![("operationId", string("added_operation")), ("responses", responses)]);
                paths.insert(0, (name("/added"), map(vec![("get", operation)])));
            }
            ("components", Value::Map(components)) => {
                for (_, schemas) in components.iter_mut().filter(|(key, _)| key.text == "schemas") {
                    members_of_objects(schemas, &inner);
                    if let Value::Map(schemas) = &mut schemas.value {
                        schemas.insert(0, (name("AddedComponent"), inner.clone()));
                    }
                }
            }
            _ => {}
        }
    }
}

fn members_of_objects(node: &mut Node, added: &Node) {
    match &mut node.value {
        Value::Map(members) => {
            let is_object = members.iter().any(|(key, node)| key.text == "type" && node.text() == Some("object"));
            for (key, member) in members.iter_mut() {
                members_of_objects(member, added);
                if let (true, "properties", Value::Map(properties)) = (is_object, key.text.as_str(), &mut member.value)
                {
                    properties.insert(0, (name("zz_added"), added.clone()));
                }
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| members_of_objects(item, added)),
        _ => {}
    }
}

fn name(text: &str) -> Key {
    Key { text: text.to_owned(), at: Mark::default() }
}

fn node(value: Value) -> Node {
    Node { value, at: Mark::default() }
}

fn string(text: &str) -> Node {
    node(Value::Text(text.to_owned()))
}

fn list(items: Vec<Node>) -> Node {
    node(Value::List(items))
}

fn map(members: Vec<(&str, Node)>) -> Node {
    let unique: BTreeMap<&str, Node> = members.into_iter().collect();
    node(Value::Map(unique.into_iter().map(|(key, node)| (name(key), node)).collect()))
}

/// An object with a member for each text, one of them a choice of all.
fn object(texts: &[&str]) -> Node {
    let plain = || map(vec![("type", string("string"))]);
    let mut members: Vec<(&str, Node)> = texts.iter().map(|text| (*text, plain())).collect();
    members.push(("choice", choice(texts)));
    map(vec![("type", string("object")), ("properties", map(members))])
}

fn choice(texts: &[&str]) -> Node {
    map(vec![("type", string("string")), ("enum", list(texts.iter().map(|text| string(text)).collect()))])
}
