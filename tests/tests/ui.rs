//! What the macros say to who uses them wrongly, word for word, what they let pass, and that nothing reads without a
//! tenant, and which catalogues cannot be made.
//!
//! After a change of a message: `TRYBUILD=overwrite cargo test -p audit-tests --test ui`, then read what changed as its
//! reader would. A message points at what the user wrote, names the way out, and nothing of what is generated.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where each file has to fail.
const WRONG: [&str; 2] = ["ui/audited", "ui/action"];
/// Where each file tries to read without a tenant.
const READING: &str = "ui/reading";
/// Where each file asks for a catalogue that cannot be made.
const CATALOGUE: &str = "ui/catalogue";

#[test]
fn every_message_is_as_reviewed_and_every_right_use_compiles() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    for folder in WRONG {
        cases.compile_fail(format!("{folder}/*.rs"));
    }
    cases.compile_fail(format!("{READING}/*.rs"));
    cases.compile_fail(format!("{CATALOGUE}/*.rs"));
}

#[test]
fn every_wrong_use_has_its_message_and_every_message_its_use() {
    for folder in WRONG {
        let (uses, messages) = (stems(folder, "rs"), stems(folder, "stderr"));
        assert!(uses.len() > 20, "{folder} was found");
        assert_eq!(uses, messages, "in {folder}");
    }
    for folder in [READING, CATALOGUE] {
        assert_eq!(stems(folder, "rs"), stems(folder, "stderr"), "in {folder}");
    }
    assert!(stems("ui/pass", "stderr").is_empty());
}

#[test]
fn no_message_shows_what_is_generated_or_the_source_of_the_standard_library() {
    for folder in WRONG {
        for stem in stems(folder, "stderr") {
            let file = here(folder).join(format!("{stem}.stderr"));
            let text = fs::read_to_string(&file).unwrap();
            for unseen in [
                "__",
                "$RUST",
                "/rustc/",
                "ActionCall",
                "Probe",
                "Failed<",
                "Returned<",
            ] {
                assert!(!text.contains(unseen), "{unseen} in {}", file.display());
            }
        }
    }
}

/// Generated code stands in the edition of its user: `gen` is a name there, and a closure captures `self` whole.
#[test]
fn the_macros_work_in_older_editions() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("editions");
    for edition in ["2018", "2021"] {
        let package = root.join(edition);
        fs::create_dir_all(&package).unwrap();
        fs::write(package.join("Cargo.toml"), manifest(edition)).unwrap();
        fs::copy(here("../Cargo.lock"), package.join("Cargo.lock")).unwrap();
        let output = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--offline"])
            .current_dir(&package)
            .env("CARGO_TARGET_DIR", root.join("target"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "edition {edition}:\n{said}");
        assert_eq!(said, "", "edition {edition} warns");
    }
}

fn manifest(edition: &str) -> String {
    let (main, core) = (here("ui/editions/main.rs"), here("../audit-core"));
    format!(
        "[workspace]\n\
         [package]\nname = \"edition-{edition}\"\nedition = \"{edition}\"\npublish = false\n\
         [[bin]]\nname = \"edition-{edition}\"\npath = {:?}\n\
         [dependencies]\naudit-core = {{ path = {:?} }}\n",
        main.to_str().unwrap(),
        core.to_str().unwrap(),
    )
}

fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

fn stems(folder: &str, extension: &str) -> BTreeSet<String> {
    let files = fs::read_dir(here(folder))
        .unwrap()
        .map(|file| file.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|found| found == extension))
        .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}
