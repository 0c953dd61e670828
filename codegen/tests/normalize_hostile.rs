//! Documents that would make a careless lowering overflow its stack or never end: each gives findings or types, soon.

use countersign_codegen::finding::{Finding, Level};
use countersign_codegen::ir::{Ir, TypeKind};
use countersign_codegen::normalize::{Context, normalize};
use countersign_codegen::parse::parse;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Components by key and YAML flow text, lowered; `Err` names the rules of the errors.
fn lower(schemas: impl IntoIterator<Item = (String, String)>) -> Result<Ir, Vec<&'static str>> {
    let mut text = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {}\ncomponents:\n  schemas:\n".to_owned();
    for (key, schema) in schemas {
        let _ = writeln!(text, "    {key}: {schema}");
    }
    let spec = parse("hostile.yaml", text).expect("YAML");
    let context = Context { provider: "acme".to_owned(), spec_path: "hostile.yaml".to_owned(), ..Context::default() };
    let start = Instant::now();
    let result = normalize(&spec, &context);
    // Generous: test machines are slow, and exponential growth is not this close.
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    let rules = |findings: Vec<Finding>| {
        let errors = findings.into_iter().filter(|finding| finding.level == Level::Error);
        let mut rules: Vec<&'static str> = errors.map(|finding| finding.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    };
    result.map(|normalized| normalized.ir).map_err(rules)
}

fn reference(key: &str) -> String {
    format!("{{$ref: '#/components/schemas/{key}'}}")
}

/// `count` schemas, each made from the key of the next; the last is text.
fn chain(count: usize, link: impl Fn(&str) -> String) -> Vec<(String, String)> {
    let links = (0..count).map(|at| (format!("S{at}"), link(&format!("S{}", at + 1))));
    links.chain([(format!("S{count}"), "{type: string}".to_owned())]).collect()
}

#[test]
fn long_chains_end() {
    for link in [
        |next: &str| reference(next),
        |next: &str| format!("{{type: array, items: {}}}", reference(next)),
        |next: &str| format!("{{type: object, additionalProperties: {}}}", reference(next)),
        |next: &str| format!("{{allOf: [{}, {{maxLength: 3}}]}}", reference(next)),
        |next: &str| format!("{{oneOf: [{}]}}", reference(next)),
        |next: &str| format!("{{allOf: [{}, {{type: object, properties: {{a: {{type: string}}}}}}]}}", reference(next)),
    ] {
        assert!(lower(chain(50, link)).is_ok());
        let errors = lower(chain(1_500, link)).err().unwrap_or_default();
        assert!(errors.iter().all(|rule| ["too-nested"].contains(rule)), "{errors:?}");
    }
    let ir = lower(chain(1_500, |next| format!("{{type: object, properties: {{next: {}}}}}", reference(next))));
    assert_eq!(ir.expect("structs need no recursion").types.len(), 1_500);
    assert!(lower(chain(1_500, |next| format!("{{oneOf: [{}, {{type: integer}}]}}", reference(next)))).is_ok());
}

#[test]
fn wide_graphs_end() {
    let both = |at: usize, keyword: &str| {
        let (left, right) = (reference(&format!("A{}", at + 1)), reference(&format!("B{}", at + 1)));
        format!("{{{keyword}: [{left}, {right}]}}")
    };
    for keyword in ["allOf", "oneOf", "anyOf"] {
        let mut schemas = Vec::new();
        for at in 0..40 {
            schemas.push((format!("A{at}"), both(at, keyword)));
            schemas.push((format!("B{at}"), both(at, keyword)));
        }
        schemas.push(("A40".to_owned(), "{type: object, required: [a], properties: {a: {type: string}}}".to_owned()));
        schemas.push(("B40".to_owned(), "{type: object, required: [b], properties: {b: {type: string}}}".to_owned()));
        let _ = lower(schemas);
    }
}

#[test]
fn comparing_branches_ends() {
    let names: Vec<String> = (0..20).map(|at| format!("p{at}")).collect();
    let mut schemas = Vec::new();
    for level in 0..12 {
        for side in ["A", "B"] {
            let next = reference(&format!("{side}{}", level + 1));
            let members: Vec<String> = names.iter().map(|name| format!("{name}: {next}")).collect();
            let (required, members) = (names.join(", "), members.join(", "));
            schemas.push((
                format!("{side}{level}"),
                format!("{{type: object, required: [{required}], properties: {{{members}}}}}"),
            ));
        }
    }
    schemas.push(("A12".to_owned(), "{type: object, properties: {a: {type: string}}}".to_owned()));
    schemas.push(("B12".to_owned(), "{type: object, properties: {a: {type: string}}}".to_owned()));
    schemas.push(("U".to_owned(), format!("{{oneOf: [{}, {}]}}", reference("A0"), reference("B0"))));
    let ir = lower(schemas).expect("a union by shape");
    assert!(
        ir.types.iter().any(|def| def.name == "U" && matches!(&def.kind, TypeKind::Union(u) if u.branches.len() == 2))
    );
}

#[test]
fn products_of_choices_are_limited() {
    let choice = |letter: char| {
        let member =
            |at: usize| format!("{{type: object, required: [{letter}{at}], properties: {{{letter}{at}: {{}}}}}}");
        format!("{{oneOf: [{}]}}", (0..9).map(member).collect::<Vec<_>>().join(", "))
    };
    let choices: Vec<String> = "abcdefgh".chars().map(choice).collect();
    let schema = format!("{{allOf: [{}]}}", choices.join(", "));
    let ir = lower([("Product".to_owned(), schema)]).expect("a union of the first choice");
    let product = ir.types.iter().find(|def| def.name == "Product").expect("the union");
    let TypeKind::Union(union) = &product.kind else { panic!("{product:?}") };
    assert_eq!(union.branches.len(), 9);
    // The members of the other choices may all be there.
    let branches = ir.types.iter().filter_map(|def| match &def.kind {
        TypeKind::Struct(object) => Some(object.fields.len()),
        _ => None,
    });
    assert_eq!(branches.collect::<Vec<_>>(), [1 + 7 * 9; 9]);
}

#[test]
fn families_of_bases_end() {
    let base = |at: usize| {
        let parent = if at == 0 { "{type: object}".to_owned() } else { reference(&format!("Base{}", at / 3)) };
        let own = "{type: object, properties: {kind: {type: string}}}";
        (format!("Base{at}"), format!("{{allOf: [{parent}, {own}], discriminator: {{propertyName: kind}}}}"))
    };
    assert!(lower((0..600).map(base)).is_ok());
}

#[test]
fn values_without_number_get_names() {
    let values: Vec<String> = (0..4_096_u32)
        .map(|bits| {
            "abcdefghijkl"
                .char_indices()
                .map(|(at, c)| if bits >> at & 1 == 1 { c.to_ascii_uppercase() } else { c })
                .collect()
        })
        .collect();
    let ir =
        lower([("Cases".to_owned(), format!("{{type: string, enum: [{}]}}", values.join(", ")))]).expect("an enum");
    assert_eq!(ir.types.len(), 1);
}
