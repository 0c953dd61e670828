//! The program that makes the calls of all rows: a module for each row, and `support.rs`.

use crate::rows::{Case, Row};
use std::collections::BTreeSet;

/// A row's module.
pub(crate) struct Module {
    row: String,
    krate: String,
    text: String,
}

/// The module of a row, whose types and calls are in `krate`.
pub(crate) fn module(krate: &str, row: &Row) -> Module {
    let credentials = match &row.credentials {
        Some(given) if given.starts_with('(') => format!(".credentials(api::Credentials::new{given})"),
        Some(given) => format!(".credentials(api::Credentials::new(){given})"),
        None => String::new(),
    };
    let cases: String = row.cases.iter().enumerate().map(|(at, case)| this(at, case)).collect();
    let text = format!(
        "#![allow(unused, deprecated)]\nuse crate::support::*;\nuse {} as api;\nuse api::runtime::{{self, ErrorKind, \
         RequestError}};\nuse api::runtime::serde_json::{{self, Value, json}};\nuse api::types::*;\n\n\
         pub async fn call() -> Result<(), String> {{\n    let server = Server::start();\n    let client = \
         api::Client::builder().base_url(&server.url){credentials}.build().map_err(|error| \
         format!(\"{{error:?}}\"))?;\n{cases}    Ok(())\n}}\n",
        krate.replace('-', "_"),
    );
    Module { row: row.name.clone(), krate: krate.to_owned(), text }
}

fn this(at: usize, case: &Case) -> String {
    let request = case.request.as_deref().unwrap_or_default();
    format!(
        "    server.play({:?});\n    let result = {}.await;\n    let shown = format!(\"{{result:?}}\");\n    \
         server.check({request:?}).map_err(|why| format!(\"case {at}: {{why}} after {{shown}}\"))?;\n    \
         let right: bool = {{ {} }};\n    if !right {{\n        return Err(format!(\"case {at}: {{shown}}, sent \
         {{:?}}\", server.last()));\n    }}\n",
        case.answer, case.call, case.expect,
    )
}

/// The files of the program.
pub(crate) fn files(modules: &[Module]) -> Vec<(String, String)> {
    let crates: BTreeSet<&str> = modules.iter().map(|module| module.krate.as_str()).collect();
    let folder = |krate: &str| krate.strip_suffix("-client").unwrap_or(krate).to_owned();
    let dependencies: String = crates
        .iter()
        .map(|krate| format!("{krate} = {{ path = \"../crates/{}\", default-features = false }}\n", folder(krate)))
        .collect();
    let profiles: String = crates.iter().map(|krate| format!("\n[profile.dev.package.{krate}]\ndebug = 0\n")).collect();
    let manifest = format!(
        "[package]\nname = \"matrix-driver\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         {dependencies}serde_json = \"1\"\ntokio = {{ version = \"1\", features = [\"rt\"] }}\n\n[profile.dev.package.matrix-driver]\n\
         debug = 0\n{profiles}\n[workspace]\n"
    );
    let declared: String = modules.iter().map(|module| format!("mod {};\n", file(module))).collect();
    let calls: String = modules
        .iter()
        .map(|module| format!("    support::row({:?}, {}::call());\n", module.row, file(module)))
        .collect();
    let main = format!("mod support;\n{declared}\nfn main() {{\n{calls}}}\n");
    let mut files = vec![
        ("Cargo.toml".to_owned(), manifest),
        ("src/main.rs".to_owned(), main),
        ("src/support.rs".to_owned(), include_str!("support.rs").to_owned()),
    ];
    files.extend(modules.iter().map(|module| (format!("src/{}.rs", file(module)), module.text.clone())));
    files
}

fn file(module: &Module) -> String {
    format!("row_{}", module.row)
}
