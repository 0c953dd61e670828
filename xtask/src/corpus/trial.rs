//! A program beside a generated crate that decodes values into its types and encodes them again.
//!
//! It reads a list of `[type, value]` and prints one JSON text a line: `{"ok": value}` or `{"error": text}`.

use super::cargo::{Said, Workspace, write_if_new};
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A value to try on a type.
pub(crate) struct Trial<'v> {
    /// The type's place in the program's list.
    pub(crate) ty: usize,
    /// The value.
    pub(crate) value: &'v Value,
}

/// The value as it is encoded again, or why it can't be decoded.
pub(crate) type Outcome = Result<Value, String>;

/// Writes the program's package.
///
/// # Errors
/// If the folder can't be written.
pub(crate) fn write(folder: &Path, client: &str, client_folder: &str, types: &[String]) -> Result<()> {
    let trouble = || format!("can't write {}", folder.display());
    std::fs::create_dir_all(folder.join("src")).with_context(trouble)?;
    let manifest = format!(
        "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[dependencies]\n\
         {client} = {{ path = \"../{client_folder}\" }}\nserde = \"1\"\nserde_json = {{ version = \"1\", features = [\"raw_value\"] }}\n",
        package(client)
    );
    let trials: String = types.iter().map(|ty| format!("    trial::<{ty}>,\n")).collect();
    let program = PROGRAM.replace("CLIENT", &client.replace('-', "_")).replace("    TRIALS\n", &trials);
    write_if_new(&folder.join("Cargo.toml"), manifest.as_bytes()).with_context(trouble)?;
    write_if_new(&folder.join("src/main.rs"), program.as_bytes()).with_context(trouble)
}

/// The name of the program for a client.
pub(crate) fn package(client: &str) -> String {
    format!("{client}-examples")
}

/// Builds the program; says what the compiler says.
///
/// # Errors
/// If cargo can't be started.
pub(crate) fn build(space: &Workspace, client: &str) -> Result<Said> {
    space.run(&["build"], &package(client))
}

/// Runs the built program.
///
/// # Errors
/// If it can't be started, or says something else than agreed.
pub(crate) fn run(space: &Workspace, client: &str, trials: &[Trial<'_>]) -> Result<Vec<Outcome>> {
    let program = space.program(&package(client));
    let mut child = Command::new(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("can't start {}", program.display()))?;
    let input: Vec<Value> = trials.iter().map(|trial| json!([trial.ty, trial.value])).collect();
    let input = serde_json::to_vec(&input)?;
    // The program reads all of it before it writes anything.
    child.stdin.take().context("the program has no input")?.write_all(&input)?;
    let output = child.wait_with_output()?;
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(outcome).collect()
}

fn outcome(line: &[u8]) -> Result<Outcome> {
    let mut said: Value = serde_json::from_slice(line).context("the trial program prints no JSON")?;
    if let Some(value) = said.get_mut("ok") {
        return Ok(Ok(value.take()));
    }
    match said.get("error").and_then(Value::as_str) {
        Some(error) => Ok(Err(error.to_owned())),
        None => bail!("the trial program prints neither a value nor an error"),
    }
}

const PROGRAM: &str = r#"//! Decodes values into the types of a client and encodes them again.

#[allow(unused_imports, reason = "not every client needs both")]
use CLIENT::{runtime, types};
use serde_json::{Value, json};
use std::io::Read as _;

fn trial<T: serde::de::DeserializeOwned + serde::Serialize>(text: &[u8]) -> Result<Value, String> {
    let value: T = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let again = serde_json::to_vec(&value).map_err(|error| format!("not encoded: {error}"))?;
    serde_json::from_slice(&again).map_err(|error| format!("encoded as no JSON: {error}"))
}

type Trial = fn(&[u8]) -> Result<Value, String>;

const TRIALS: &[Trial] = &[
    TRIALS
];

fn main() {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).expect("input");
    let trials: Vec<(usize, Box<serde_json::value::RawValue>)> = serde_json::from_slice(&input).expect("a list");
    for (ty, value) in trials {
        let tried = std::panic::catch_unwind(|| TRIALS[ty](value.get().as_bytes()));
        let line = match tried {
            Ok(Ok(value)) => json!({"ok": value}),
            Ok(Err(error)) => json!({"error": error}),
            Err(_) => json!({"error": "it panics"}),
        };
        println!("{line}");
    }
}
"#;
