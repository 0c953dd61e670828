//! One process, watched: how long it took, how much memory it had at most, how much it wrote.

use anyhow::{Context as _, Result};
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use wait4::{ResUse, Wait4 as _};

/// When a process is stopped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) time: Duration,
    /// In bytes.
    pub(super) memory: u64,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Itself,
    OutOfTime,
    OutOfMemory,
}

/// What was measured.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) wall: Duration,
    /// User and system time of all its threads.
    pub(super) processor: Duration,
    /// Most memory at one time, in bytes.
    pub(super) memory: u64,
    /// Bytes written to standard output.
    pub(super) output: u64,
    pub(super) ended: Ended,
    /// Exit code, unless a signal ended it.
    pub(super) code: Option<i32>,
    /// The first line on standard error.
    pub(super) said: String,
}

impl Run {
    /// Whether its time means something: it did its work, or was stopped while it did.
    pub(super) fn counts(&self) -> bool {
        self.ended != Ended::Itself || self.code == Some(0)
    }
}

/// Runs a command; what it writes goes to a file.
///
/// # Errors
/// If it can't be started or watched.
pub(super) fn run(mut command: Command, output: &Path, limits: Limits) -> Result<Run> {
    let trouble = || format!("can't write {}", output.display());
    let errors = output.with_extension("err");
    command.stdin(Stdio::null()).stdout(File::create(output).with_context(trouble)?);
    command.stderr(File::create(&errors).with_context(trouble)?);
    let begin = Instant::now();
    let child = command.spawn().with_context(|| format!("can't start {}", command.get_program().display()))?;
    let (used, ended) = watched(child, limits).context("can't wait for a process")?;
    let wall = begin.elapsed();
    let said = std::fs::read_to_string(&errors).with_context(trouble)?;
    Ok(Run {
        wall,
        processor: used.rusage.utime + used.rusage.stime,
        memory: used.rusage.maxrss,
        output: std::fs::metadata(output).with_context(trouble)?.len(),
        ended,
        code: used.status.code(),
        said: said.lines().next().unwrap_or_default().to_owned(),
    })
}

/// How often a process is looked at.
const OFTEN: Duration = Duration::from_millis(2);

/// Waits for a process, and stops it when it has taken too much.
fn watched(mut child: Child, limits: Limits) -> std::io::Result<(ResUse, Ended)> {
    let begin = Instant::now();
    loop {
        if let Some(used) = child.try_wait4()? {
            return Ok((used, Ended::Itself));
        }
        let ended = if begin.elapsed() > limits.time {
            Ended::OutOfTime
        } else if memory(child.id()).is_some_and(|memory| memory > limits.memory) {
            Ended::OutOfMemory
        } else {
            std::thread::sleep(OFTEN);
            continue;
        };
        child.kill()?;
        return Ok((child.wait4()?, ended));
    }
}

/// The memory that a process has now; Linux tells.
fn memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024)
}

/// The run whose time lies in the middle.
pub(super) fn middle(mut runs: Vec<Run>) -> Option<Run> {
    runs.sort_by_key(|run| run.wall);
    let index = runs.len() / 2;
    (index < runs.len()).then(|| runs.swap_remove(index))
}

/// A time in seconds, with as many digits as it deserves.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    fn shell(text: &str, limits: Limits) -> Run {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", text]);
        run(command, &folder.path().join("out"), limits).unwrap()
    }

    const WIDE: Limits = Limits { time: Duration::from_secs(60), memory: 4_000_000_000 };

    #[test]
    fn a_process_is_measured() {
        let run = shell("echo 12345; echo no >&2; exit 3", WIDE);
        assert_eq!((run.output, run.code, run.ended, run.said.as_str()), (6, Some(3), Ended::Itself, "no"));
        assert!(!run.counts());
    }

    #[test]
    fn memory_is_that_of_the_process() {
        // 64 MiB of zeros in one read.
        let small = shell("dd if=/dev/zero of=/dev/null bs=1k count=1", WIDE);
        let large = shell("dd if=/dev/zero of=/dev/null bs=64M count=1", WIDE);
        assert!(large.memory > 64 << 20, "{}", large.memory);
        // A child begins with its parent's most memory, and here other tests run beside this one.
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let own = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let own: u64 = own.trim().strip_suffix("kB").unwrap().trim().parse().unwrap();
        assert!(small.memory < (48 << 20).max((own << 10) + (8 << 20)), "{} beside {own} KiB", small.memory);
    }

    #[test]
    fn a_process_is_stopped() {
        let brief = Limits { time: Duration::from_millis(100), ..WIDE };
        let run = shell("exec sleep 60", brief);
        assert_eq!(run.ended, Ended::OutOfTime);
        assert!(run.counts() && run.wall < Duration::from_secs(30));
        let tiny = Limits { memory: 1, ..WIDE };
        assert_eq!(shell("exec sleep 60", tiny).ended, Ended::OutOfMemory);
    }
}
