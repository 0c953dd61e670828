//! The crates in `generated` are what the specs say, and `cargo xtask codegen` keeps its promises about them.
//!
//! The commands run on copies of the workspace's specs and crates; nothing here changes the workspace.

use countersign_codegen::files;
use countersign_codegen::generate::{Failure, Generated, Source, generate};
use countersign_tests::{programs, workspace};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::SystemTime;

fn fresh(root: &Path, provider: &str) -> Generated {
    let spec = format!("specs/{provider}/openapi.yaml");
    generate(&Source::of_provider(root, provider, spec.as_ref())).unwrap_or_else(|failure| match failure {
        Failure::Findings { findings, .. } => panic!("{provider}: {findings:#?}"),
        failure => panic!("{provider}: {failure}"),
    })
}

#[test]
fn the_crates_equal_a_fresh_run_and_two_runs_are_equal() {
    let root = workspace::root();
    for provider in workspace::providers() {
        let generated = fresh(root, &provider);
        let stale = files::compare(&generated.files, &root.join("generated").join(&provider)).unwrap();
        assert!(stale.is_empty(), "run `cargo xtask codegen {provider}` and commit the result: {stale:#?}");
        assert!(generated.files.0.len() > 5);
        assert_eq!(generated.files, fresh(root, &provider).files, "{provider}: two runs differ");
    }
}

#[test]
fn copies_in_different_folders_give_identical_bytes() {
    let Some(copies) = copies(2) else { return };
    for copy in &copies {
        for provider in workspace::providers() {
            fs::remove_dir_all(copy.root.join("generated").join(provider)).unwrap();
        }
        let written = copy.codegen(&[]);
        assert_eq!(written.status.code(), Some(0), "{}", workspace::text(&written));
    }
    let [one, other] = [0, 1].map(|index: usize| contents(&copies[index].root.join("generated")));
    assert!(one == other, "the folder's place shows in its files");
    for provider in workspace::providers() {
        let here = fresh(workspace::root(), &provider).files.0;
        let there = contents(&copies[0].root.join("generated").join(&provider));
        assert!(here == there, "{provider}: the place of the workspace shows in its files");
    }
}

#[test]
fn after_a_spec_edit_check_names_each_stale_file_until_codegen_has_run() {
    let Some(copies) = copies(1) else { return };
    let copy = &copies[0];
    expect(&copy.codegen(&[]), 0, &["clutch: "]);
    expect(&copy.codegen(&["--check"]), 0, &[]);
    let before = read_all(&copy.root);

    copy.edit(SPEC, "      summary: List the brand's e-mail subscription lists.\n", "      summary: All lists.\n");
    fs::write(copy.root.join("generated/clutch/src/orphan.rs"), "").unwrap();
    let edited = read_all(&copy.root);
    let check = copy.codegen(&["--check"]);
    let stale = "error: generated/clutch/src/operations/brand.rs is out of date with specs/clutch/openapi.yaml";
    let orphan = "error: generated/clutch/src/orphan.rs";
    let help = "help: run `cargo xtask codegen clutch` and commit the result";
    expect(&check, 1, &[stale, orphan, help]);
    expect(&copy.run(&["demo"]), 1, &[stale, help]);
    assert_eq!(read_all(&copy.root), edited, "--check wrote something");

    let written = copy.codegen(&[]);
    expect(&written, 0, &["clutch: ", " written, 1 removed"]);
    let after = read_all(&copy.root);
    let rewritten: Vec<_> =
        before.iter().filter(|(path, file)| after.get(*path) != Some(file)).map(|(p, _)| p).collect();
    assert!(rewritten.iter().any(|path| path.ends_with("brand.rs")), "{rewritten:?}");
    assert!(!rewritten.iter().any(|path| path.ends_with("types.rs") || path.ends_with("lib.rs")), "{rewritten:?}");

    expect(&copy.codegen(&["--check"]), 0, &[]);
    expect(&copy.codegen(&["clutch"]), 0, &["clutch: unchanged"]);
    assert_eq!(read_all(&copy.root), after, "a second run wrote something");
    expect(&copy.codegen(&["nobody"]), 2, &["nobody"]);
}

const SPEC: &str = "specs/clutch/openapi.yaml";

/// An edit that spoils a spec: what for what, and what the findings then say.
struct Spoiled {
    file: &'static str,
    find: &'static str,
    replace: &'static str,
    said: &'static [&'static str],
}

const SPOILED: [Spoiled; 7] = [
    // An unknown key.
    Spoiled {
        file: SPEC,
        find: "      summary: List the brand's",
        replace: "      sumary: List the brand's",
        said: &["unknown-key", "`sumary`", "summary"],
    },
    // No operationId.
    Spoiled { file: SPEC, find: "      operationId: list_fields\n", replace: "", said: &["operationId"] },
    // A reference to nothing.
    Spoiled {
        file: SPEC,
        find: "'#/components/schemas/ListFieldsResponse'",
        replace: "'#/components/schemas/ListFieldResponse'",
        said: &["dangling-ref", "ListFieldResponse"],
    },
    // A file that is not there.
    Spoiled {
        file: SPEC,
        find: "'#/components/schemas/CaptchaResponse'",
        replace: "'captcha.yaml#/CaptchaResponse'",
        said: &["dangling-ref", "captcha.yaml"],
    },
    // A misspelt step of the recipe.
    Spoiled { file: SPEC, find: "{hmac: sha-512, key:", replace: "{hmca: sha-512, key:", said: &["hmca"] },
    // A recipe whose vectors fail.
    Spoiled {
        file: SPEC,
        find: "[nonce, created, {",
        replace: "[created, nonce, {",
        said: &["vector", "string_to_sign"],
    },
    // The same from the other side.
    Spoiled {
        file: "specs/clutch/vectors.json",
        find: "/brand/lists",
        replace: "/brand/list",
        said: &["vector", "get-seed-canonical"],
    },
];

#[test]
fn a_bad_spec_gets_located_findings_and_nothing_on_disk_changes() {
    let Some(copies) = copies(SPOILED.len()) else { return };
    for (spoiled, copy) in SPOILED.iter().zip(&copies) {
        copy.edit(spoiled.file, spoiled.find, spoiled.replace);
        copy.expect_findings(spoiled.said);
    }
}

#[test]
fn all_findings_come_at_once() {
    let Some(copies) = copies(1) else { return };
    let spoiled = &SPOILED[..5];
    for spoiled in spoiled {
        copies[0].edit(spoiled.file, spoiled.find, spoiled.replace);
    }
    let said: Vec<_> = spoiled.iter().flat_map(|spoiled| spoiled.said).copied().collect();
    copies[0].expect_findings(&said);
}

#[test]
fn an_alias_bomb_is_refused() {
    let Some(copies) = copies(1) else { return };
    let mut bomb = String::from("x-bomb-a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for (name, inner) in ["b", "c", "d", "e", "f", "g", "h", "i"].iter().zip(["a", "b", "c", "d", "e", "f", "g", "h"]) {
        let items = vec![format!("*{inner}"); 9].join(", ");
        bomb.push_str(&format!("x-bomb-{name}: &{name} [{items}]\n"));
    }
    copies[0].edit(SPEC, "servers:\n", &format!("{bomb}servers:\n"));
    copies[0].expect_findings(&["alias"]);
}

#[test]
fn a_good_provider_is_not_written_beside_a_bad_one() {
    let Some(copies) = copies(1) else { return };
    let copy = &copies[0];
    // A second provider with the same description, and the first one spoiled.
    fs::create_dir(copy.root.join("specs/acme")).unwrap();
    for file in ["openapi.yaml", "vectors.json"] {
        fs::copy(copy.root.join("specs/clutch").join(file), copy.root.join("specs/acme").join(file)).unwrap();
    }
    copy.edit(SPEC, SPOILED[0].find, SPOILED[0].replace);
    copy.expect_findings(SPOILED[0].said);
    assert!(!copy.root.join("generated/acme").exists());
}

#[test]
fn a_spec_that_is_gone_or_cannot_be_read_is_not_a_finding_in_it() {
    let Some(copies) = copies(1) else { return };
    let copy = &copies[0];
    fs::create_dir_all(copy.root.join("generated/acme/src")).unwrap();
    fs::write(copy.root.join("generated/acme/Cargo.toml"), "").unwrap();
    let before = read_all(&copy.root);
    expect(&copy.codegen(&["--check"]), 1, &["error: generated/acme", "specs/acme", "help: "]);
    expect(&copy.codegen(&["acme"]), 2, &["acme"]);
    expect(&copy.codegen(&["../specs/clutch"]), 2, &[]);
    let missing = copy.codegen(&["--spec", "nowhere.yaml", "--name", "acme-client", "--out", "out"]);
    expect(&missing, 2, &["nowhere.yaml"]);
    assert_eq!(read_all(&copy.root), before);
}

/// A copy of the workspace's specs and crates.
struct Copy {
    root: PathBuf,
    _folder: tempfile::TempDir,
}

fn copies(count: usize) -> Option<Vec<Copy>> {
    programs::available(&["git"]).then(|| (0..count).map(|_| Copy::new()).collect())
}

impl Copy {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("somewhere/else");
        workspace::copy(&["Cargo.toml", "specs", "generated"], &root);
        Self { root, _folder: folder }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        workspace::xtask().args(arguments).current_dir(&self.root).output().unwrap()
    }

    fn codegen(&self, arguments: &[&str]) -> Output {
        self.run(&[&["codegen"], arguments].concat())
    }

    /// Replaces a text that must be there.
    fn edit(&self, file: &str, find: &str, replace: &str) {
        let file = self.root.join(file);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(find), "{} has no {find:?}", file.display());
        fs::write(&file, text.replacen(find, replace, 1)).unwrap();
    }

    /// Runs codegen and `--check` over a bad spec.
    fn expect_findings(&self, said: &[&str]) {
        let before = read_all(&self.root);
        for arguments in [&[][..], &["--check"]] {
            let output = self.codegen(arguments);
            expect(&output, 1, said);
            let text = workspace::text(&output);
            assert!(!text.contains("panicked"), "{text}");
            let places = text.lines().filter_map(|line| line.trim_start().strip_prefix("--> specs/clutch/"));
            let is_place = |place: &str| {
                let mut parts = place.rsplitn(3, ':');
                parts.next().is_some_and(|column| column.parse::<u32>().is_ok_and(|column| column > 0))
                    && parts.next().is_some_and(|line| line.parse::<u32>().is_ok_and(|line| line > 0))
            };
            assert!(places.clone().count() > 0 && places.clone().all(is_place), "{text}");
        }
        assert_eq!(read_all(&self.root), before, "something on disk changed");
    }
}

fn expect(output: &Output, code: i32, said: &[&str]) {
    let text = workspace::text(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for said in said {
        assert!(text.contains(said), "no {said:?} in:\n{text}");
    }
}

/// Every file below a folder with its content and time.
fn read_all(folder: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    fn walk(folder: &Path, prefix: &str, found: &mut BTreeMap<String, (Vec<u8>, SystemTime)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), &format!("{path}/"), found);
            } else {
                let modified = entry.metadata().unwrap().modified().unwrap();
                found.insert(path, (fs::read(entry.path()).unwrap(), modified));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, "", &mut found);
    found
}

/// Files without their times.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    read_all(folder).into_iter().map(|(path, (content, _))| (path, content)).collect()
}
