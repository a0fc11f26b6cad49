//! An annotated function whose process dies in its body leaves an entry, if it is an attempt.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where something is wrong"
)]

use std::path::PathBuf;
use std::process::{Command, Stdio};

use audit_core::{
    Actor, AuditContext, Auditor, InContext, MemoryStore, Outcome, audit_action, current_action,
};
use audit_sqlite::SqliteStore;

const FILE: &str = "AUDIT_INTERRUPTED_FILE";

#[audit_action(entity_id = invoice, metadata(password = "hunter2"), attempt)]
fn pay_invoice(invoice: u32) {
    // Said inside, so it dies with the process.
    current_action().metadata("step", 1);
    std::process::abort();
}

#[audit_action(entity_id = invoice, attempt, strict)]
async fn refund_invoice(invoice: u32) -> audit_core::Result<u32> {
    tokio::task::yield_now().await;
    if invoice == 9 {
        std::process::abort();
    }
    Ok(invoice)
}

/// The process that dies.
#[tokio::test]
async fn child() {
    let Some(path) = std::env::var_os(FILE) else {
        return;
    };
    let auditor = Auditor::new(SqliteStore::open(PathBuf::from(path)).unwrap());
    let context = AuditContext::new("acme")
        .actor(Actor::user(7, "ada"))
        .auditor(&auditor);
    if std::env::var_os("AUDIT_INTERRUPTED_SYNC").is_some() {
        context.scope(|| pay_invoice(8));
    }
    refund_invoice(1).in_context(context.clone()).await.unwrap();
    refund_invoice(9).in_context(context).await.unwrap();
}

#[test]
fn what_a_crash_leaves_open_is_interrupted_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    for sync in [true, false] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["child", "--exact"]).env(FILE, &path);
        if sync {
            command.env("AUDIT_INTERRUPTED_SYNC", "");
        }
        let output = command.stdout(Stdio::null()).stderr(Stdio::null());
        assert!(!output.status().unwrap().success());
    }
    // Opening closes what is open, and once.
    drop(SqliteStore::open(&path).unwrap());
    let auditor = Auditor::new(SqliteStore::open(&path).unwrap());
    let log = auditor.tenant("acme");
    let all = log.entries().oldest_first().page().unwrap().entries;
    let told: Vec<_> = all
        .iter()
        .map(|entry| {
            let id = entry.entity_id().unwrap().as_i64();
            (entry.action.as_str(), id, entry.outcome)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("pay", Some(8), Outcome::Interrupted),
            ("refund", Some(1), Outcome::Success),
            ("refund", Some(9), Outcome::Interrupted),
        ]
    );
    assert_eq!(all[0].actor.name(), Some("ada"));
    assert_eq!(all[0].metadata["password"], "********");
    assert!(!all[0].metadata.contains_key("step"));
}

#[test]
fn a_store_in_memory_keeps_an_attempt_as_long_as_it_lives() {
    #[audit_action(action = "look", attempt)]
    fn look(memory: &MemoryStore) -> usize {
        memory.open_attempts("acme").len()
    }
    let memory = MemoryStore::new();
    let auditor = Auditor::new(memory.clone());
    let context = AuditContext::new("acme").auditor(&auditor);
    assert_eq!(context.scope(|| look(&memory)), 1);
    assert!(memory.open_attempts("acme").is_empty());
}
