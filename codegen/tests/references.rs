//! References between files, and in every place where one may stand.

use countersign_codegen::finding::{Finding, has_errors, render};
use countersign_codegen::generate::{Failure, Generated, Source, generate};
use countersign_codegen::lint::{Context, lint};
use countersign_codegen::load::{LoadError, load};
use countersign_codegen::parse::parse;
use countersign_codegen::references::References;
use countersign_codegen::spec::{Node, Spec};
use std::path::Path;
use tempfile::TempDir;

const HEAD: &str = "openapi: 3.0.3\ninfo: {title: A, version: '1'}\nservers: [{url: 'https://a.example'}]\n";

/// A folder with these files; those that do not begin with a version get a head.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let whole = !text.starts_with("paths:");
        std::fs::write(file, if whole { (*text).to_owned() } else { format!("{HEAD}{text}") }).unwrap();
    }
    folder
}

fn made(folder: &Path, spec: &str, inside: Option<&Path>) -> Result<Generated, (Vec<Finding>, String)> {
    let mut source = Source::anywhere(folder, &folder.join(spec), "acme-client", "codegen");
    source.shown = spec.to_owned();
    source.folder = inside.map(Path::to_owned);
    generate(&source).map_err(|failure| match failure {
        Failure::Findings { findings, sources } => (findings.clone(), render(&findings, &sources)),
        other => panic!("{other}"),
    })
}

/// The file `types.rs` or whatever else holds this text.
fn has(generated: &Generated, text: &str) -> bool {
    generated.files.0.values().any(|content| String::from_utf8_lossy(content).contains(text))
}

const MANY: &[(&str, &str)] = &[
    (
        "api/openapi.yaml",
        "paths:\n  /users/{id}: {$ref: 'paths/users.yaml'}\n  /pets:\n    get:\n      operationId: pets\n      parameters: [{$ref: '../common.json#/parameters/Limit'}]\n      responses:\n        '200': {$ref: '../common.json#/responses/Pets'}\n        '404': {$ref: '#/components/responses/Error'}\ncomponents:\n  responses:\n    Error:\n      description: e\n      content: {application/json: {schema: {$ref: 'schemas/error.yaml'}}}\n  schemas:\n    Kind: {type: string, enum: [cat, dog]}\n",
    ),
    (
        "api/paths/users.yaml",
        "get:\n  operationId: one_user\n  parameters: [{name: id, in: path, required: true, schema: {type: string}}]\n  responses:\n    '200':\n      description: ok\n      content: {application/json: {schema: {$ref: '../schemas/user.yaml#/User'}}}\n",
    ),
    (
        "api/schemas/user.yaml",
        "User:\n  type: object\n  properties:\n    name: {type: string}\n    friend: {$ref: '#/User'}\n    kind: {$ref: '../openapi.yaml#/components/schemas/Kind'}\n    pet: {$ref: '../../common.json#/definitions/my%20pet'}\n    home: {type: object, properties: {street: {type: string}}}\n",
    ),
    ("api/schemas/error.yaml", "type: object\nproperties: {code: {type: integer}}\n"),
    (
        "common.json",
        r##"{"parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}}},
 "responses": {"Pets": {"description": "ok", "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/definitions/my pet"}}}}}},
 "definitions": {"my pet": {"type": "object", "properties": {"owner": {"$ref": "api/schemas/user.yaml#/User"}}}}}"##,
    ),
];

#[test]
fn a_document_of_many_files_becomes_one_crate() {
    let folder = folder(MANY);
    let generated =
        made(folder.path(), "api/openapi.yaml", Some(folder.path())).unwrap_or_else(|(_, shown)| panic!("{shown}"));
    for name in ["pub struct User", "pub struct MyPet", "pub struct Error", "pub enum Kind", "pub struct UserHome"] {
        assert!(has(&generated, name), "{name}");
    }
    for method in ["fn one_user(", "fn pets("] {
        assert!(has(&generated, method), "{method}");
    }
    assert!(has(&generated, "Option<Box<User>>") || has(&generated, "Option<Box<types::User>>"));
    // An edit in a file that is referred to changes what is made, so a check of freshness sees it.
    let error = folder.path().join("api/schemas/error.yaml");
    std::fs::write(error, "type: object\nproperties: {code: {type: integer}, more: {type: string}}\n").unwrap();
    let again =
        made(folder.path(), "api/openapi.yaml", Some(folder.path())).unwrap_or_else(|(_, shown)| panic!("{shown}"));
    assert!(generated.files.0 != again.files.0);
}

#[test]
fn without_a_folder_it_is_the_spec_s_own() {
    let folder = folder(MANY);
    let (findings, _) = made(folder.path(), "api/openapi.yaml", None).expect_err("common.json lies outside");
    let first = findings.iter().find(|finding| finding.rule == "external-ref").unwrap();
    assert_eq!(first.message, "`../common.json#/parameters/Limit` lies outside the folder of the spec");
    assert!(findings.iter().any(|finding| finding.file == Path::new("api/schemas/user.yaml")), "{findings:?}");
}

#[test]
fn every_node_of_every_file_knows_its_place() {
    let folder = folder(MANY);
    let spec =
        load(&folder.path().join("api/openapi.yaml"), Path::new("api/openapi.yaml"), Some(folder.path())).unwrap();
    assert_eq!(spec.others.len(), 4);
    let shown: Vec<_> = spec.others.iter().map(|other| other.file.to_str().unwrap()).collect();
    assert!(shown.contains(&"common.json") && shown.contains(&"api/schemas/user.yaml"), "{shown:?}");
    let references = References::new(&spec);
    let mut open: Vec<(&Node, u16)> = spec.roots().zip(0..).collect();
    let mut count = 0;
    while let Some((node, file)) = open.pop() {
        count += 1;
        assert_eq!(node.at.file, file);
        let text = if file == 0 { &spec.text } else { &spec.other(file).unwrap().text };
        let line = text.lines().nth(node.at.line as usize - 1).unwrap();
        let there: String = line.chars().skip(node.at.column as usize - 1).collect();
        if let Some(text) = node.text() {
            assert!(there.trim_start_matches(['"', '\'']).starts_with(text), "{there} is not {text}");
        }
        for (key, child) in node.members() {
            let line = text.lines().nth(key.at.line as usize - 1).unwrap();
            let there: String = line.chars().skip(key.at.column as usize - 1).collect();
            assert!(there.trim_start_matches(['"', '\'']).starts_with(&key.text), "{there} is not {}", key.text);
            open.push((child, file));
        }
        open.extend(node.items().iter().map(|item| (item, file)));
        let pointer = references.pointer_of(node);
        assert!(spec.at_pointer(&pointer).is_some_and(|found| std::ptr::eq(found, node)), "{pointer}");
    }
    assert!(count > 60, "{count}");
}

#[test]
fn what_is_wrong_in_another_file_is_shown_there() {
    let folder = folder(&[
        ("openapi.yaml", "paths:\n  /a: {$ref: 'a.yaml'}\n"),
        ("a.yaml", "get:\n  operationId: a\n  responses:\n    '200': {$ref: '#/nowhere'}\n"),
    ]);
    let (findings, shown) = made(folder.path(), "openapi.yaml", None).expect_err("there is nothing at `#/nowhere`");
    let found: Vec<_> =
        findings.iter().map(|f| (f.rule, f.file.to_str().unwrap(), f.at.to_string(), f.pointer.as_str())).collect();
    let there = |(rule, file, at, pointer): &(&str, &str, String, &str)| {
        (*rule, *file) == ("dangling-ref", "a.yaml")
            && at.starts_with("4:")
            && pointer.starts_with("a.yaml#/get/responses/200")
    };
    assert!(found.iter().any(there), "{found:?}");
    assert!(shown.contains("--> a.yaml:4:") && shown.contains("4 |     '200': {$ref: '#/nowhere'}"), "{shown}");
    std::fs::write(folder.path().join("a.yaml"), "get:\n  x: [\n").unwrap();
    let (findings, shown) = made(folder.path(), "openapi.yaml", None).expect_err("this is not YAML");
    assert_eq!((findings[0].rule, findings[0].file.to_str()), ("syntax", Some("a.yaml")));
    assert!(shown.contains("--> a.yaml:"), "{shown}");
}

/// What is found in a document whose one schema is this reference.
fn reference(folder: &TempDir, text: &str) -> Vec<(&'static str, String)> {
    let body = format!("paths: {{}}\ncomponents: {{schemas: {{A: {{$ref: '{text}'}}}}}}\n");
    std::fs::write(folder.path().join("openapi.yaml"), format!("{HEAD}{body}")).unwrap();
    match made(folder.path(), "openapi.yaml", None) {
        Ok(_) => Vec::new(),
        Err((findings, _)) => {
            let errors = findings.into_iter().filter(|finding| has_errors(std::slice::from_ref(finding)));
            errors.map(|finding| (finding.rule, format!("{}: {}", finding.at, finding.message))).collect()
        }
    }
}

#[test]
fn nothing_outside_the_folder_is_read() {
    let folder = folder(&[("in/ok.yaml", "{type: string}"), ("secret.yaml", "{type: string}")]);
    let own = TempDir::new_in(folder.path()).unwrap();
    std::fs::write(own.path().join("ok.yaml"), "{type: string}").unwrap();
    let outside = folder.path().join("secret.yaml");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&outside, own.path().join("link.yaml")).unwrap();
        std::os::unix::fs::symlink(folder.path(), own.path().join("up")).unwrap();
    }
    assert_eq!(reference(&own, "ok.yaml"), []);
    assert_eq!(reference(&own, "./ok.yaml"), []);
    assert_eq!(reference(&own, "sub/../ok.yaml"), []);
    let absolute = outside.display().to_string();
    let file = format!("file://{absolute}");
    let mut refused = vec![
        "../secret.yaml",
        "../in/ok.yaml",
        "%2e%2e/secret.yaml",
        "../nothing.yaml",
        "sub/../../secret.yaml",
        "../../../../../../../../etc/passwd",
        "/etc/passwd",
        "%2Fetc/passwd",
        "//host/share.yaml",
        "..\\\\secret.yaml",
        "..%5Csecret.yaml",
        "C:/x.yaml",
        "http://a.example/x.yaml",
        "https://a.example/x.yaml#/A",
        "HTTPS://a.example/x.yaml",
        "ok.yaml?x=1",
        "a%00b.yaml",
        "%zz.yaml",
        &absolute,
        &file,
    ];
    if cfg!(unix) {
        refused.extend(["link.yaml", "up/secret.yaml", "up/in/ok.yaml"]);
    }
    for text in refused {
        let found = reference(&own, text);
        assert!(found.iter().any(|(rule, at)| *rule == "external-ref" && at.starts_with("5:")), "{text}: {found:?}");
    }
    for text in ["missing.yaml", "ok.yaml#/none", "sub", "openapi.yaml#/none"] {
        let found = reference(&own, text);
        assert!(found.iter().any(|(rule, _)| *rule == "dangling-ref"), "{text}: {found:?}");
    }
    std::fs::create_dir(own.path().join("folder.yaml")).unwrap();
    assert_eq!(reference(&own, "folder.yaml")[0].0, "external-ref");
}

#[test]
fn circles_between_files_end() {
    let folder = folder(&[
        (
            "openapi.yaml",
            "paths: {/t: {get: {operationId: t, responses: {'200': {description: d, content: {application/json: {schema: {$ref: 't.yaml'}}}}}}}}\ncomponents: {schemas: {A: {$ref: 'b.yaml#/B'}}}\n",
        ),
        ("b.yaml", "B: {$ref: 'openapi.yaml#/components/schemas/A'}\n"),
        ("t.yaml", "type: object\nproperties: {next: {$ref: 't.yaml'}, all: {type: array, items: {$ref: '#'}}}\n"),
    ]);
    let (findings, _) = made(folder.path(), "openapi.yaml", None).expect_err("A is nothing but itself");
    assert!(findings.iter().any(|finding| finding.rule == "ref-cycle"), "{findings:?}");
    std::fs::write(folder.path().join("b.yaml"), "B: {type: string}\n").unwrap();
    let generated = made(folder.path(), "openapi.yaml", None).unwrap_or_else(|(_, shown)| panic!("{shown}"));
    assert!(has(&generated, "pub struct T "));
}

#[test]
fn the_number_of_files_has_a_limit() {
    let folder = folder(&[("openapi.yaml", "paths: {}\ncomponents: {schemas: {A: {$ref: 'n0.yaml'}}}\n")]);
    for n in 0..1_100 {
        let text = format!("allOf: [{{$ref: 'n{}.yaml'}}]\n", n + 1);
        std::fs::write(folder.path().join(format!("n{n}.yaml")), text).unwrap();
    }
    let Err(LoadError::Findings { findings, .. }) =
        load(&folder.path().join("openapi.yaml"), Path::new("o.yaml"), None)
    else {
        panic!("1,100 files are too many")
    };
    assert_eq!((findings[0].rule, findings[0].file.to_str().unwrap()), ("too-large", "n998.yaml"));
}

/// One file.
fn spec(text: &str) -> Spec {
    parse("openapi.yaml", text).unwrap_or_else(|findings| panic!("{findings:?}"))
}

/// Where the reference at a pointer leads.
fn leads(spec: &Spec, pointer: &str) -> Result<String, (&'static str, String)> {
    let references = References::new(spec);
    let node = spec.at_pointer(pointer).unwrap();
    references.resolve(node).map(|found| found.pointer).map_err(|finding| (finding.rule, finding.message))
}

#[test]
fn references_lead_into_the_middle() {
    let spec = spec(
        "openapi: 3.1.0\ninfo: {title: A, version: '1'}\npaths:\n  /a/{b}:\n    get:\n      responses:\n        '200': {description: d, content: {application/json: {schema: {type: object}}}}\ncomponents:\n  schemas:\n    A: {$ref: '#/paths/~1a~1%7Bb%7D/get/responses/200/content/application~1json/schema'}\n    B: {type: object, properties: {x: {type: array, items: {type: string}}}, $defs: {D: {$anchor: d}}}\n    C: {$ref: '#/components/schemas/B/properties/x/items'}\n    D: {$ref: '#d'}\n    E: {$ref: '#/components/schemas/B/$defs/D'}\n    F: {$id: 'https://a.example/f', $defs: {G: {type: string}}, properties: {g: {$ref: '#/$defs/G'}}}\n    H: {$ref: 'https://a.example/f#/$defs/G'}\n    I: {$ref: '#nobody'}\n    J: {$anchor: twice}\n    K: {$anchor: twice}\n    L: {$ref: '#twice'}\n    M: {$ref: '#/components/schemas/B/properties/y'}\n",
    );
    let of = |name: &str| leads(&spec, &format!("/components/schemas/{name}"));
    assert_eq!(of("A").unwrap(), "/paths/~1a~1{b}/get/responses/200/content/application~1json/schema");
    assert_eq!(of("C").unwrap(), "/components/schemas/B/properties/x/items");
    assert_eq!(of("D").unwrap(), "/components/schemas/B/$defs/D");
    assert_eq!(of("E").unwrap(), "/components/schemas/B/$defs/D");
    assert_eq!(of("F/properties/g").unwrap(), "/components/schemas/F/$defs/G");
    assert_eq!(of("H").unwrap(), "/components/schemas/F/$defs/G");
    assert_eq!(of("I").unwrap_err().0, "invalid-ref");
    assert_eq!(
        of("L").unwrap_err(),
        ("invalid-ref", "several schemas have the `$anchor` that this reference names".into())
    );
    assert_eq!(of("M").unwrap_err().0, "dangling-ref");
}

#[test]
fn in_memory_another_file_is_not_looked_for() {
    let spec = spec(&format!("{HEAD}paths: {{}}\ncomponents: {{schemas: {{A: {{$ref: 'a.yaml'}}}}}}\n"));
    let findings = lint(&spec, &Context { crate_is_named: true, ..Context::default() });
    assert_eq!(findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), ["external-ref"]);
}

/// Each node has a pointer, and that pointer leads to this node and to no other, also where an alias has copied it.
#[test]
fn a_pointer_leads_back_to_its_node() {
    let yaml = "a: &one\n  b: [1, {c: 2}, null]\n  'd/e~': ''\n  empty:\nf:\n  - *one\n  - <<: *one\n    g: {}\n  - *one\nh: *one\n";
    let json = r##"{"a":{"b":[1,{"c":2},[],{}],"":{"":null}},"f":[[["x"],"y"],{"d/e":{"~":0}}]}"##;
    let pretty = "{\n  \"a\":\n  {\"b\": [\n1, \"ü\", 2]},\r\n \"c\": {}\r}";
    let files = folder(MANY);
    let specs = [
        parse("a.yaml", yaml).unwrap(),
        parse("a.json", json).unwrap(),
        parse("b.json", pretty).unwrap(),
        load(&files.path().join("api/openapi.yaml"), Path::new("api/openapi.yaml"), Some(files.path())).unwrap(),
    ];
    for (spec, least) in specs.iter().zip([40, 15, 6, 90]) {
        let references = References::new(spec);
        let mut open: Vec<&Node> = spec.roots().collect();
        let mut seen = 0;
        while let Some(node) = open.pop() {
            let pointer = references.pointer_of(node);
            let there = spec.at_pointer(&pointer).unwrap();
            assert!(std::ptr::eq(there, node), "{}: `{pointer}` is another node", spec.file.display());
            for (key, child) in node.members() {
                assert_eq!(references.key_of(child), Some(key.text.as_str()), "{pointer}");
                assert_eq!(references.key_at(child), key.at, "{pointer}");
            }
            open.extend(node.members().map(|(_, child)| child).chain(node.items()));
            seen += 1;
        }
        assert!(seen >= least, "{}: {seen} nodes", spec.file.display());
    }
}
