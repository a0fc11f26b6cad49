//! The example runs as a newcomer runs it.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::process::{Command, Output};

fn run(example: &str, arguments: &[&str]) -> Output {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    Command::new(cargo)
        .args(["run", "--quiet", "--example", example, "--"])
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_day_of_work_audits_itself_and_a_second_one_appends() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("desk.db");
    let db = db.to_str().unwrap();
    for day in ["first", "second"] {
        let output = run("incident_desk", &["--db", db]);
        let (out, error) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{day}: {out}\n{error}");
        assert!(out.contains("304 operations"), "{out}");
        assert!(out.contains(" 0 found in "), "{out}");
        assert!(out.lines().all(|line| !line.contains("WRONG")), "{out}");
        for title in ["The newest", "The history of", "Who did most", "failed"] {
            assert!(out.contains(title), "{title} is missing: {out}");
        }
    }
}

#[test]
fn a_wrong_option_is_answered_with_the_right_ones() {
    let output = run("incident_desk", &["--bd", "x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--db"));
}

#[test]
fn the_quick_start_prints_an_entry() {
    let output = run("quickstart", &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("\"company\""));
}
