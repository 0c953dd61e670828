//! The program on the other side: started once, fed all requests, its answers read back.

use super::{Answer, Case, hex};
use crate::workspace;
use anyhow::{Context as _, Result, ensure};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

/// The answers of `program` running `script`, one for each request.
pub(super) fn answers(program: &str, script: &str, cases: &[Case]) -> Result<Vec<Answer>> {
    let script = workspace::root().join("tests/differential").join(script);
    let mut child = command(program)
        .arg(&script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("can't start {program}"))?;
    let (mut input, mut output) = (child.stdin.take().context("no input")?, child.stdout.take().context("no output")?);
    let lines: String = cases.iter().map(line).collect();
    // The program answers while it reads: writing waits for a reader on the other end.
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let mut text = String::new();
    output.read_to_string(&mut text)?;
    let status = child.wait()?;
    ensure!(status.success(), "{program} {}: {status}", script.display());
    writer.join().ok().context("the writer panicked")??;
    let answers: Vec<Answer> = text.lines().map(answer).collect::<Result<_>>()?;
    ensure!(answers.len() == cases.len(), "{} answers to {} requests", answers.len(), cases.len());
    Ok(answers)
}

/// The program's name and version, as it tells them.
pub(super) fn version(program: &str) -> Result<String> {
    let output = command(program).arg("--version").output().with_context(|| format!("can't start {program}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    Ok(words.join(" "))
}

/// The program with its own settings only, not those of the machine.
fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    match program {
        "php" => command.arg("-n"),
        _ => command.arg("-I"),
    };
    command
}

/// A request as a line: fields in hexadecimal, `-` where there is none.
fn line(case: &Case) -> String {
    let mut line = String::new();
    for (index, field) in case.fields.iter().enumerate() {
        let field = field.as_deref().map_or("-".to_owned(), hex);
        let _ = write!(line, "{}{field}", if index > 0 { "\t" } else { "" });
    }
    line + "\n"
}

fn answer(line: &str) -> Result<Answer> {
    if line == "refused" {
        return Ok(None);
    }
    let parts = line.split('\t').map(|field| unhex(field).with_context(|| format!("an answer is {line:?}")));
    parts.collect::<Result<_>>().map(Some)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(pair).collect()
}
