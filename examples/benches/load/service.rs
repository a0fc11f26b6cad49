//! The service as a process.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use audit_core::Auditor;
use audit_sqlite::SqliteStore;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Service {
    process: Child,
    /// Kept, since it says a word at its end.
    _out: BufReader<ChildStdout>,
    pub(crate) url: String,
    folder: TempDir,
    pub(crate) people: Vec<Value>,
}

impl Service {
    pub(crate) fn start(auditing: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(program())
            .args(["serve", "--port", "0", "--audit", auditing, "--db"])
            .arg(folder.path().join("desk.db"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        let people = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/people.json");
        let people = serde_json::from_slice(&fs::read(people).unwrap()).unwrap();
        Self {
            process,
            _out: out,
            url,
            folder,
            people,
        }
    }

    /// Ends it as an operator would; what is queued is stored.
    pub(crate) fn stop(&mut self) {
        kill_process(Pid::from_child(&self.process), Signal::TERM).unwrap();
        assert!(self.process.wait().unwrap().success());
    }

    /// How many entries there are of the requests, of the actions, and of what they changed.
    pub(crate) fn stored(&self) -> [u64; 3] {
        let store = SqliteStore::open_read_only(self.folder.path().join("desk.db")).unwrap();
        let auditor = Auditor::new(store);
        let mut stored = [0; 3];
        let mut companies: Vec<_> = self.people.iter().map(company).collect();
        companies.sort_unstable();
        companies.dedup();
        for company in companies {
            let log = auditor.tenant(company);
            let access = log.entries().action("access").name_contains("/note");
            stored[0] += access.count().unwrap();
            stored[1] += log.entries().action("note").count().unwrap();
            stored[2] += log.entries().action("update").count().unwrap();
        }
        stored
    }

    /// In KiB, as the system sees it: now, and at most so far.
    pub(crate) fn memory(&self) -> [u64; 2] {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.unwrap_or_default();
        ["VmRSS:", "VmHWM:"].map(|name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            number.unwrap_or(0)
        })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It has ended already, unless something went wrong.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

pub(crate) fn company(person: &Value) -> &str {
    person["company"].as_str().unwrap()
}

/// The service, built as this bench was.
fn program() -> PathBuf {
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--release",
            "--example",
            "incident_desk",
        ])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .status()
        .unwrap();
    assert!(status.success(), "the service does not build");
    let bench = std::env::current_exe().unwrap();
    let profile = bench.ancestors().nth(2).unwrap();
    profile.join("examples/incident_desk")
}
