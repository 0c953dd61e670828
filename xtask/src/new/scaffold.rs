//! The texts that a new provider begins with, and the two manifests that learn its crate's name.

use super::Plan;
use anyhow::{Context as _, Result, bail};
use countersign_codegen::generate::Generated;
use std::fs;
use std::path::Path;
use yaml_serde::{Mapping, Value};

/// The crate of a provider.
pub(super) fn crate_name(provider: &str) -> String {
    format!("{}-client", provider.replace('_', "-"))
}

/// A spec with one operation, to be replaced.
pub(super) fn empty_spec(provider: &str) -> Result<Value> {
    let text = format!(
        "openapi: 3.0.3\n\
         info:\n  title: {provider}\n  version: unversioned\n  description: What the service is for.\n\
         servers:\n  - url: https://api.{host}.example\n    description: The only host that is published.\n\
         paths:\n  /status:\n    get:\n      operationId: get_status\n      summary: Ask whether the service is up.\n\
         \x20     responses:\n        '200':\n          description: It is.\n          content:\n\
         \x20           application/json:\n              schema:\n                type: object\n\
         \x20               properties:\n                  status: {{type: string, description: How it is.}}\n",
        host = provider.replace('_', "-"),
    );
    yaml_serde::from_str(&text).context("the empty spec can't be read")
}

/// Writes `info.x-crate`.
pub(super) fn name_crate(document: &mut Value, provider: &str) {
    let named = Mapping::from_iter([
        (Value::from("name"), Value::from(crate_name(provider))),
        (Value::from("version"), Value::from("0.1.0")),
    ]);
    if let Some(Value::Mapping(info)) = document.get_mut("info") {
        info.insert("x-crate".into(), Value::Mapping(named));
    }
}

/// The spec's text.
pub(super) fn spec_text(document: &Value) -> Result<String> {
    yaml_serde::to_string(document).context("the document can't be written as YAML")
}

/// `SOURCES.md`.
pub(super) fn sources(plan: &Plan) -> String {
    let read = match &plan.from {
        Some(file) => format!("| published | `{file}`, as the provider publishes it | all of `openapi.yaml` |\n"),
        None => "| manual | the provider's pages, with address and date of reading | |\n".to_owned(),
    };
    let assumed = match plan.recipe {
        Some(_) => "| recipe | every step that carries `x-assumed` in the spec |\n",
        None => "",
    };
    format!(
        "# Sources: {}\n\n## Read\n| key | what | used for |\n|---|---|---|\n{read}\n\
         ## Contradictions, and what the spec says\nNone was found yet.\n\n\
         ## Assumptions (`x-assumed` in the spec)\n| where | what |\n|---|---|\n{assumed}",
        plan.provider
    )
}

/// Writes a test of the first call, and names the crate in the manifests that it needs.
pub(super) fn add_test(root: &Path, provider: &str, made: &Generated) -> Result<()> {
    let name = crate_name(provider);
    let readme = made.files.0.get("README.md").map(|text| String::from_utf8_lossy(text).into_owned());
    let example = readme.as_deref().and_then(first_block).context("the crate's README has no example")?;
    let file = root.join("tests/tests").join(format!("{provider}.rs"));
    if file.exists() {
        bail!("{} is there already", file.display());
    }
    let (workspace, tests) = (root.join("Cargo.toml"), root.join("tests/Cargo.toml"));
    let dependency = format!("{name} = {{ path = \"generated/{provider}\", version = \"0.1.0\" }} # generated");
    let first = with_line(&workspace, &["-client = { path = \"generated/"], &dependency)?;
    let clients = ["-client.workspace = true", "-client = { workspace = true"];
    let second = with_line(&tests, &clients, &format!("{name}.workspace = true"))?;
    fs::write(&file, test(provider, &example)).with_context(|| format!("can't write {}", file.display()))?;
    for (manifest, text) in [(workspace, first), (tests, second)] {
        fs::write(&manifest, text).with_context(|| format!("can't write {}", manifest.display()))?;
    }
    Ok(())
}

/// A manifest with one more line behind the last one that holds one of `like`.
fn with_line(manifest: &Path, like: &[&str], line: &str) -> Result<String> {
    let text = fs::read_to_string(manifest).with_context(|| format!("can't read {}", manifest.display()))?;
    let mut lines: Vec<&str> = text.lines().collect();
    let Some(last) = lines.iter().rposition(|line| like.iter().any(|like| line.contains(like))) else {
        bail!("{} has no line with `{}`; add `{line}` by hand", manifest.display(), like.join("` or `"));
    };
    lines.insert(last + 1, line);
    Ok(lines.join("\n") + "\n")
}

/// The first Rust block of a README, hidden lines left out.
fn first_block(readme: &str) -> Option<Vec<String>> {
    let (_, block) = readme.split_once("```rust,no_run\n")?;
    let (block, _) = block.split_once("```")?;
    let hidden = |line: &&str| !line.starts_with("# ") && *line != "#";
    Some(block.lines().filter(hidden).map(str::to_owned).collect())
}

/// A test that sends the README's call to a server on this machine.
fn test(provider: &str, example: &[String]) -> String {
    let (imports, statements): (Vec<&String>, Vec<&String>) = example.iter().partition(|line| line.starts_with("use "));
    let imports: String = imports.iter().map(|line| format!("{line}\n")).collect();
    let statements: String = statements
        .iter()
        .filter(|line| !line.trim().is_empty() && !line.starts_with("println!"))
        .map(|line| format!("    {line}\n"))
        .collect();
    let statements = statements
        .replace("Client::builder()", "Client::builder().base_url(&base_url)")
        .replace("let response = ", "let answered = ")
        .replace(".await?;", ".await.is_ok();");
    format!(
        "//! The first call of the {provider} client, against a server on this machine. Next: the requests and answers\n\
         //! that the provider's manual prints, and vectors of its signature.\n\n\
         {imports}use std::io::{{Read as _, Write as _}};\nuse std::net::TcpListener;\n\n\
         #[tokio::test]\nasync fn a_first_call_reaches_the_server() -> Result<(), Box<dyn std::error::Error>> {{\n\
         \x20   let listener = TcpListener::bind((\"127.0.0.1\", 0))?;\n\
         \x20   let base_url = format!(\"http://{{}}\", listener.local_addr()?);\n\
         \x20   let server = std::thread::spawn(move || received(&listener));\n\
         {statements}\
         \x20   let request = server.join().expect(\"the server ends\")?;\n\
         \x20   println!(\"answered: {{answered}}\\n{{request}}\");\n\
         \x20   assert!(request.contains(\" HTTP/1.1\\r\\n\"), \"{{request}}\");\n\
         \x20   assert!(request.to_ascii_lowercase().contains(\"\\r\\nuser-agent: {name}/\"), \"{{request}}\");\n\
         \x20   Ok(())\n}}\n\n\
         /// The head of one request; its answer is empty.\n\
         fn received(listener: &TcpListener) -> std::io::Result<String> {{\n\
         \x20   let (mut stream, _) = listener.accept()?;\n\
         \x20   let mut head = Vec::new();\n\
         \x20   let mut piece = [0; 4096];\n\
         \x20   while !head.windows(4).any(|end| end == b\"\\r\\n\\r\\n\") {{\n\
         \x20       match stream.read(&mut piece)? {{\n\
         \x20           0 => break,\n\
         \x20           length => head.extend_from_slice(&piece[..length]),\n\
         \x20       }}\n\
         \x20   }}\n\
         \x20   stream.write_all(b\"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\ncontent-type: application/json\\r\\nconnection: close\\r\\n\\r\\n{{}}\")?;\n\
         \x20   Ok(String::from_utf8_lossy(&head).into_owned())\n}}\n",
        name = crate_name(provider),
    )
}
