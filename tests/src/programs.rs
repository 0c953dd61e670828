//! Programs that some tests need beside cargo; `.ci/setup` installs them.

use std::env;
use std::path::Path;

/// Whether all of these programs are there. If one is missing, says so: the test that asked is skipped.
///
/// # Panics
/// If one is missing and `COUNTERSIGN_CI=1`: the gate skips nothing.
pub fn available(programs: &[&str]) -> bool {
    let missing: Vec<_> = programs.iter().filter(|program| !is_on_path(program)).collect();
    for program in &missing {
        println!("skipped: {program} not found, run .ci/setup");
    }
    let in_ci = env::var("COUNTERSIGN_CI").is_ok_and(|value| value == "1");
    assert!(missing.is_empty() || !in_ci, "not found: {missing:?}; run .ci/setup");
    missing.is_empty()
}

fn is_on_path(program: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    let is_in = |folder: &Path| folder.join(program).is_file() || folder.join(format!("{program}.exe")).is_file();
    env::split_paths(&folders).any(|folder| is_in(&folder))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_program_is_found_or_not() {
        assert!(super::is_on_path("cargo"));
        assert!(!super::is_on_path("no-such-program"));
        assert!(super::available(&["cargo"]));
    }
}
