//! A process that is killed at any moment loses nothing that was acknowledged, stores nothing
//! twice, and leaves a log without gaps.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where something is wrong"
)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use audit_core::{Actor, AuditContext, Auditor};
use audit_sqlite::SqliteStore;
use uuid::Uuid;

/// How often a process is killed.
const KILLS: u32 = 25;
const FILE: &str = "AUDIT_CRASH_FILE";

/// The process that is killed: records for ever, and says what was acknowledged.
#[test]
fn child() {
    let Ok(path) = std::env::var(FILE) else {
        return;
    };
    let auditor = Auditor::new(SqliteStore::open(path).unwrap());
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let auditor = &auditor;
            scope.spawn(move || {
                let context =
                    AuditContext::new(format!("tenant {writer}")).actor(Actor::user(writer, "ada"));
                loop {
                    let receipt = context.scope(|| {
                        auditor
                            .log("work")
                            .entity("thing", writer)
                            .metadata("pid", std::process::id())
                            .record()
                    });
                    let receipt = receipt.unwrap();
                    let line = format!(
                        "ack {} {}\n",
                        receipt.entry_id().unwrap(),
                        receipt.index().unwrap()
                    );
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            });
        }
    });
}

/// Runs a child for a moment, kills it, and gives what it had acknowledged.
fn run_and_kill(path: &Path, moment: Duration) -> Vec<(Uuid, u64)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(FILE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let reader = std::thread::spawn(move || {
        let mut acknowledged = Vec::new();
        for line in lines.map_while(Result::ok) {
            // The first line of a child shares its line with the name of the test; the last one
            // may be cut.
            let Some(at) = line.find("ack ") else {
                continue;
            };
            let words: Vec<&str> = line[at..].split(' ').collect();
            if let [_, id, index] = words[..]
                && let (Ok(id), Ok(index)) = (id.parse(), index.parse())
            {
                acknowledged.push((id, index));
            }
        }
        acknowledged
    });
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

#[test]
fn what_was_acknowledged_is_there_after_every_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    let mut acknowledged: HashMap<Uuid, u64> = HashMap::new();
    for round in 0..KILLS {
        let moment = Duration::from_millis(u64::from(20 + 7 * (round % 9)));
        acknowledged.extend(run_and_kill(&path, moment));
    }
    assert!(
        acknowledged.len() > 100,
        "only {} acknowledged",
        acknowledged.len()
    );

    let auditor = Auditor::new(SqliteStore::open(&path).unwrap());
    let mut stored = HashMap::new();
    for writer in 0..3 {
        let log = auditor.tenant(format!("tenant {writer}"));
        for (expected, entry) in (0..).zip(log.entries().oldest_first().stream().unwrap()) {
            let entry = entry.unwrap();
            assert_eq!(entry.index, expected, "the log has a gap");
            assert!(
                stored.insert(entry.id, entry.index).is_none(),
                "stored twice"
            );
        }
    }
    for (id, index) in &acknowledged {
        assert_eq!(stored.get(id), Some(index), "an acknowledged entry is lost");
    }
}
