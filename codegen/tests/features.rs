//! Features by tag: what each one reaches is compiled, and nothing else; every choice of them is free of warnings.

use countersign_codegen::emit::{EmitOptions, RuntimeLocation, emit};
use countersign_codegen::files::CrateFiles;
use countersign_codegen::ir::Ir;
use countersign_codegen::normalize::{Context, normalize};
use countersign_codegen::parse::parse;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Three tags, one with the name of another feature: a hundred operations and one.
fn large() -> Ir {
    let mut text = String::from(
        "openapi: 3.0.3\ninfo: {title: Large, version: '1'}\nservers: [{url: 'https://acme.example'}]\npaths:\n",
    );
    for at in 0..101 {
        let (tag, own) = [("orders", "Order"), ("Bulk Mail", "Mail"), ("default", "Plain")][at % 3];
        let _ = writeln!(
            text,
            "  /{own}/{at}: {{post: {{tags: [{tag}], operationId: '{own} {at}', requestBody: {{content: {{application/json: \
             {{schema: {{type: object, required: [kind], properties: {{kind: {{type: string, enum: [a, b]}}, part: {{$ref: \
             '#/components/schemas/{own}'}}}}}}}}}}}}, responses: {{'200': {{description: d, content: {{application/json: \
             {{schema: {{$ref: '#/components/schemas/{own}'}}}}}}}}}}}}}}"
        );
    }
    text.push_str(
        "components:\n  schemas:\n\
         \x20   Order: {type: object, properties: {shared: {$ref: '#/components/schemas/Shared'}, any: {}}}\n\
         \x20   Mail: {type: object, properties: {shared: {$ref: '#/components/schemas/Shared'}}}\n\
         \x20   Plain: {type: string, enum: [x, y]}\n\
         \x20   Shared: {oneOf: [{type: string}, {type: object, properties: {a: {type: string}}}]}\n\
         \x20   Unused: {type: object, properties: {state: {type: string, enum: [on, off]}}}\n",
    );
    let spec = parse("large.yaml", text).expect("YAML");
    let context =
        Context { crate_name: Some("large-client".to_owned()), provider: "large".to_owned(), ..Context::default() };
    normalize(&spec, &context).unwrap_or_else(|findings| panic!("{findings:#?}")).ir
}

fn files(ir: &Ir) -> CrateFiles {
    let path = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime").into());
    let options = EmitOptions {
        runtime: RuntimeLocation { version: "0.1.0".into(), path },
        standalone: true,
        command: "cargo xtask codegen large".into(),
        repository: "https://github.com/acme/acme".into(),
        spec_url: None,
    };
    emit(ir, &options).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

fn text(files: &CrateFiles, path: &str) -> String {
    let bytes = files.0.get(path).unwrap_or_else(|| panic!("{path} in {:?}", files.0.keys()));
    String::from_utf8(bytes.clone()).expect("UTF-8")
}

#[test]
fn tags_become_features() {
    let files = files(&large());
    let manifest = text(&files, "Cargo.toml");
    let all = "all-tags = [\n    \"bulk-mail\",\n    \"default-operations\",\n    \"orders\",\n]\n";
    assert!(
        manifest.contains("default = [\"all-tags\", \"rustls\", \"tracing\"]\n") && manifest.contains(all),
        "{manifest}"
    );
    let features = manifest.split("[features]").nth(1).and_then(|rest| rest.split("\n[").next()).expect("features");
    let names: Vec<&str> = features.lines().filter_map(|line| Some(line.split_once(" = ")?.0)).skip(1).collect();
    assert!(names.is_sorted(), "{names:?}");
    let types = text(&files, "src/types.rs");
    assert!(types.contains("#[cfg(feature = \"orders\")]\nmod in_orders;"), "{types}");
    assert!(types.contains("#[cfg(feature = \"unreferenced\")]\nmod unreferenced_u;"), "{types}");
    let shared = text(&files, "src/types/letter_s.rs");
    assert!(
        shared.contains("#[cfg(any(feature = \"bulk-mail\", feature = \"orders\"))]\ncountersign_runtime::"),
        "{shared}"
    );
    assert!(text(&files, "src/operations.rs").contains("#[cfg(feature = \"bulk-mail\")]\npub mod bulk_mail;"));
}

#[test]
fn a_small_crate_has_none() {
    let mut ir = large();
    ir.operations.truncate(100);
    let files = files(&ir);
    assert!(!text(&files, "Cargo.toml").contains("all-tags"));
    assert!(!text(&files, "src/types.rs").contains("cfg"));
}

#[test]
fn every_choice_compiles_without_a_warning() {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, bytes) in &files(&large()).0 {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, bytes).expect("writable");
    }
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    std::fs::copy(lock, folder.path().join("Cargo.lock")).expect("a lock file");
    let choices = ["", "orders", "bulk-mail", "default-operations", "orders,default-operations", "unreferenced"];
    for features in choices {
        cargo(folder.path(), &["clippy", "--no-default-features", "--features", features, "--", "-D", "warnings"]);
    }
    cargo(folder.path(), &["doc", "--no-deps", "--no-default-features", "--features", "all-tags,unreferenced"]);
}

/// Runs cargo with the workspace's target folder.
fn cargo(folder: &Path, arguments: &[&str]) {
    let target: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").into();
    let output = Command::new(env!("CARGO"))
        .args(&arguments[..1])
        .args(["--offline", "--quiet"])
        .args(&arguments[1..])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTDOCFLAGS", "-D warnings")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
}
