//! A process that is killed in the middle of audited transactions: rows and entries agree exactly,
//! and what was acknowledged is there.
//!
//! `AUDIT_KILLS` says how often a process is killed.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

use std::collections::{BTreeSet, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use audit_core::{Actor, AuditContext, Auditor};
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::{SqliteOptions, SqliteStore, Synchronous};
use uuid::Uuid;

/// How often a process is killed.
const KILLS: u32 = 300;
/// How often in one file: a small one is looked through quickly.
const KILLS_OF_FILE: u32 = 15;
/// How many files are written at the same time.
const LANES: u32 = 2;
const WRITERS: u64 = 2;
const FILE: &str = "AUDIT_TRANSACTIONS_FILE";
const KILLS_NAME: &str = "AUDIT_KILLS";

/// A thing, and the tenant in whose log its entry stands.
type Thing = (String, String);

fn tenant(number: u64) -> String {
    format!("tenant {number}")
}

fn open(path: &Path) -> SqliteStore {
    // Nothing here loses the power.
    let options = SqliteOptions::new()
        .synchronous(Synchronous::Normal)
        .busy_deadline(Duration::from_mins(1));
    SqliteStore::open_with(path, options).unwrap()
}

/// The process that is killed: writes things with their entries for ever, and says which were
/// committed and which taken back.
#[test]
fn child() {
    let Ok(path) = std::env::var(FILE) else {
        return;
    };
    let path = Path::new(&path);
    std::panic::set_hook(Box::new(|_| say("failed", "")));
    say("opening", "");
    let store = open(path);
    let auditor = Auditor::new(store.clone());
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (store, auditor) = (&store, &auditor);
            scope.spawn(move || write(path, store, auditor, writer));
        }
    });
}

fn say(what: &str, id: &str) {
    let line = format!("say {what} {id}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

fn write(path: &Path, store: &SqliteStore, auditor: &Auditor, writer: u64) {
    let mut connection = Connection::open(path).unwrap();
    connection
        .execute_batch("PRAGMA synchronous = NORMAL")
        .unwrap();
    for round in 0_u64.. {
        let tenant = tenant((writer + round) % 3);
        let context = AuditContext::new(tenant.as_str()).actor(Actor::user(writer, "ada"));
        context.auditor(auditor).scope(|| {
            let mut tx = store.begin(&mut connection).unwrap();
            let mut made = Vec::new();
            let mut insert = |connection: &Connection| {
                let id = Uuid::now_v7().to_string();
                connection
                    .execute("INSERT INTO thing VALUES (?1, ?2)", [&id, &tenant])
                    .unwrap();
                made.push(id.clone());
                id
            };
            // One that the transaction writes, one that joins, one that is taken back.
            let id = insert(&tx);
            tx.log("make").entity("thing", id).record().unwrap();
            let id = insert(&tx);
            auditor.log("make").entity("thing", id).record().unwrap();
            let part = tx.savepoint().unwrap();
            let id = insert(&part);
            part.log("make").entity("thing", &id).record().unwrap();
            if round % 3 == 0 {
                part.commit().unwrap();
            } else {
                part.rollback().unwrap();
                say("back", &id);
                made.pop();
            }
            let what = match round % 4 {
                0 => {
                    tx.rollback().unwrap();
                    "back"
                }
                1 => {
                    drop(tx);
                    "back"
                }
                _ => {
                    tx.commit().unwrap();
                    "kept"
                }
            };
            for id in made {
                say(what, &id);
            }
        });
    }
}

/// What a child said before it was killed.
#[derive(Default)]
struct Said {
    kept: HashSet<String>,
    back: HashSet<String>,
}

/// Runs a child, kills it a moment after it began, and adds what it had said.
fn run_and_kill(path: &Path, moment: Duration, said: &mut Said) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(FILE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let began = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("say opening")));
    assert!(began.is_some(), "the child ended by itself");
    let reader = thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
    thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    for line in reader.join().unwrap() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["say", "failed", _] => panic!("the child failed by itself"),
            // The last line may be cut.
            ["say", "kept", id] if id.len() == 36 => said.kept.insert(id.to_owned()),
            ["say", "back", id] if id.len() == 36 => said.back.insert(id.to_owned()),
            _ => false,
        };
    }
}

/// Sees that each row has its entry and each entry its row, and gives them.
fn agreed(path: &Path) -> BTreeSet<Thing> {
    let auditor = Auditor::new(open(path));
    let connection = Connection::open(path).unwrap();
    let mut rows = connection.prepare("SELECT id, tenant FROM thing").unwrap();
    let rows: BTreeSet<Thing> = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut told = BTreeSet::new();
    for number in 0..3 {
        let tenant = tenant(number);
        let log = auditor.tenant(tenant.as_str());
        for (index, entry) in (0..).zip(log.entries().oldest_first().stream().unwrap()) {
            let entry = entry.unwrap();
            assert_eq!(entry.index, index, "the log has a gap");
            let id = entry.entity_id().unwrap().to_string();
            assert!(told.insert((id, tenant.clone())), "told of twice");
        }
    }
    assert_eq!(rows, told, "rows and entries disagree");
    rows
}

/// Writes one file through many kills; says how many things are in it.
fn kill_often(file: u32, kills: u32) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("things.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE thing (id TEXT PRIMARY KEY, tenant TEXT NOT NULL)")
        .unwrap();
    drop(connection);
    let mut said = Said::default();
    let mut things = BTreeSet::new();
    for kill in 0..kills {
        // Spread evenly, though not in order: from the opening of the store to many commits.
        let place = (file * KILLS_OF_FILE + kill) % 97;
        let moment = Duration::from_micros(u64::from(place * 61 % 97) * 1_000);
        run_and_kill(&path, moment, &mut said);
        let now = agreed(&path);
        assert!(now.is_superset(&things), "what was there is lost");
        things = now;
        let ids: HashSet<&String> = things.iter().map(|(id, _)| id).collect();
        assert!(
            said.kept.iter().all(|id| ids.contains(id)),
            "what was acknowledged is lost"
        );
        assert!(
            said.back.iter().all(|id| !ids.contains(id)),
            "what was taken back is there"
        );
    }
    let connection = Connection::open(&path).unwrap();
    let found: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(found, "ok");
    things.len()
}

#[test]
fn rows_and_entries_agree_after_every_kill() {
    let kills = std::env::var(KILLS_NAME).map_or(KILLS, |kills| kills.parse().unwrap());
    let begun = Instant::now();
    let files: Vec<(u32, u32)> = (0..kills.div_ceil(KILLS_OF_FILE))
        .map(|file| (file, KILLS_OF_FILE.min(kills - file * KILLS_OF_FILE)))
        .collect();
    let things: usize = thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES)
            .map(|lane| {
                let files = files.iter().filter(move |(file, _)| file % LANES == lane);
                scope.spawn(move || {
                    files
                        .map(|(file, of)| kill_often(*file, *of))
                        .sum::<usize>()
                })
            })
            .collect();
        lanes.into_iter().map(|lane| lane.join().unwrap()).sum()
    });
    println!("{kills} kills, {things} things, {:?}", begun.elapsed());
    assert!(things > kills as usize, "only {things} things were made");
}
