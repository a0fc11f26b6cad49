//! Processes that are killed in the middle of what they do: each action that had begun has one
//! entry afterwards, its own or an interrupted one, and nobody ends what a living process does.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where something is wrong"
)]

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use audit_core::query::{Filter, Order};
use audit_core::store::{Query, to_micros};
use audit_core::{Actor, AuditEntry, AuditStore, Outcome, Tenant};
use audit_sqlite::SqliteStore;
use chrono::Utc;
use uuid::Uuid;

/// How often a process is killed.
const KILLS: u32 = 25;
/// How many actions the process that lives has begun.
const LIVING: usize = 5;
const FILE: &str = "AUDIT_ATTEMPTS_FILE";

fn action(tenant: &str) -> AuditEntry {
    let now = to_micros(Utc::now());
    let actor = Actor::user(7, "ada");
    AuditEntry::new(Uuid::now_v7(), now, tenant.into(), actor, "work")
}

fn say(what: &str, entry: &AuditEntry) {
    let line = format!("say {what} {}\n", entry.id);
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

/// The process that is killed: begins actions for ever, ends most of them, and says each step
/// before and after.
#[test]
fn child_that_is_killed() {
    let Ok(path) = std::env::var(FILE) else {
        return;
    };
    let store = SqliteStore::open(path).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let store = &store;
            scope.spawn(move || {
                for round in 0_u32.. {
                    let mut entry = action(&format!("tenant {writer}"));
                    say("opening", &entry);
                    store.open_attempt(&entry).unwrap();
                    say("opened", &entry);
                    match round % 4 {
                        // Never ended.
                        0 => {}
                        1 => {
                            say("skipping", &entry);
                            store.close_attempt(&entry.tenant, entry.id).unwrap();
                            say("skipped", &entry);
                        }
                        _ => {
                            entry.outcome = Outcome::Denied;
                            say("appending", &entry);
                            store.append(std::slice::from_ref(&entry)).unwrap();
                            say("appended", &entry);
                        }
                    }
                }
            });
        }
    });
}

/// The process that lives through it all: ends what it has begun when it is told to.
#[test]
fn child_that_lives() {
    let Ok(path) = std::env::var(FILE) else {
        return;
    };
    let store = SqliteStore::open(path).unwrap();
    let mut entries: Vec<AuditEntry> = (0..LIVING).map(|_| action("alive")).collect();
    for entry in &mut entries {
        store.open_attempt(entry).unwrap();
        entry.outcome = Outcome::Failure;
    }
    say("opened", &entries[0]);
    // Until the other end is closed.
    std::io::stdin().lines().for_each(drop);
    store.append(&entries).unwrap();
}

fn child(test: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(FILE, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What a line of a child says; it may stand behind the name of the test, and the last one may be
/// cut.
fn said(line: &str) -> Option<(String, Uuid)> {
    let words: Vec<&str> = line[line.find("say ")?..].split(' ').collect();
    match words[..] {
        [_, what, id] if id.len() == 36 => Some((what.to_owned(), id.parse().ok()?)),
        _ => None,
    }
}

/// Runs a child for a moment, kills it, and gives the last step that it said of each action.
fn run_and_kill(path: &Path, moment: Duration) -> HashMap<Uuid, String> {
    let mut child = child("child_that_is_killed", path);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let reader = std::thread::spawn(move || {
        let said = lines.map_while(Result::ok).filter_map(|line| said(&line));
        said.map(|(what, id)| (id, what)).collect()
    });
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

/// A process that has begun its actions, and what it says from then on.
fn live(path: &Path) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = child("child_that_lives", path);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| said(&line.unwrap()).is_some()));
    (child, lines)
}

fn entries(store: &SqliteStore, tenant: &str) -> Vec<AuditEntry> {
    let filter = Filter::default();
    let query = Query::new(&filter, usize::MAX).from(Order::OldestFirst, None);
    store.entries(&Tenant::from(tenant), &query).unwrap()
}

#[test]
fn each_action_that_began_has_one_entry_after_every_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    drop(SqliteStore::open(&path).unwrap());
    let (mut living, says) = live(&path);

    let mut steps: HashMap<Uuid, String> = HashMap::new();
    for round in 0..KILLS {
        // The shortest moments end in the middle of opening, and of closing what others left.
        let moment = Duration::from_millis(u64::from(4 + 11 * (round % 9)));
        steps.extend(run_and_kill(&path, moment));
    }
    assert!(steps.len() > KILLS as usize, "only {} began", steps.len());

    let store = SqliteStore::open(&path).unwrap();
    let mut outcomes: HashMap<Uuid, Outcome> = HashMap::new();
    for writer in 0..3 {
        for (expected, entry) in (0..).zip(entries(&store, &format!("tenant {writer}"))) {
            assert_eq!(entry.index, expected, "the log has a gap");
            assert!(entry.recorded_at >= entry.timestamp);
            assert!(
                outcomes.insert(entry.id, entry.outcome).is_none(),
                "stored twice"
            );
        }
    }
    let (own, interrupted) = (Some(Outcome::Denied), Some(Outcome::Interrupted));
    for (id, step) in &steps {
        let outcome = outcomes.get(id).copied();
        let allowed: &[Option<Outcome>] = match step.as_str() {
            "opened" => &[interrupted],
            "appending" => &[own, interrupted],
            "appended" => &[own],
            "skipped" => &[None],
            _ => &[None, interrupted],
        };
        assert!(allowed.contains(&outcome), "{step} became {outcome:?}");
    }
    let known: HashSet<&Uuid> = steps.keys().collect();
    assert!(
        outcomes.keys().all(|id| known.contains(id)),
        "nothing else was stored"
    );

    // What lives has not been ended by anybody, and ends by itself.
    assert_eq!(entries(&store, "alive"), []);
    assert_eq!(store.recover_attempts().unwrap(), 0);
    drop(living.stdin.take());
    says.for_each(drop);
    assert!(living.wait().unwrap().success());
    let alive = entries(&store, "alive");
    assert_eq!(alive.len(), LIVING);
    assert!(alive.iter().all(|entry| entry.outcome == Outcome::Failure));

    // Nothing is left beside the database.
    drop(store);
    drop(SqliteStore::open(&path).unwrap());
    assert!(!folder.path().join("audit.db-audit-attempts").exists());
}
