//! W2e: 100,000 entries, 1000 a transaction; and its peak memory.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use audit_core::Auditor;
use audit_sqlite::Synchronous;

use crate::by_hand::{Interned, TextTable, connect};
use crate::data::{Work, update};
use crate::figures::{Better, Table, per_second, rate};
use crate::library;

const ENTRIES: u64 = 100_000;
const TRANSACTION: usize = 1000;
const ROUNDS: usize = 3;

fn works() -> Vec<Work> {
    (0..ENTRIES).map(update).collect()
}

/// Gives the rate of the library, which group commit is compared with.
pub(crate) fn run(folder: &Path, table: &mut Table) -> f64 {
    let works = works();
    let mut rounds: Vec<[f64; 4]> = (0..ROUNDS)
        .map(|round| {
            let path = |name: &str| folder.join(format!("w2e-{name}-{round}.db"));
            [
                as_import(&path("import"), &works),
                as_batches(&path("batches"), &works),
                as_text(&path("text"), &works),
                interned(&path("interned"), &works),
            ]
        })
        .collect();
    // The median round by each figure: the disk has good and bad moments.
    let mut median = |which: usize| {
        rounds.sort_by(|a, b| a[which].total_cmp(&b[which]));
        rounds[ROUNDS / 2][which]
    };
    let (import, ours) = (median(0), median(1));
    let (text, interned) = (median(2), median(3));
    let pair = |limit: f64| (per_second(ours), per_second(limit));
    table.goal(
        "W2e against fourteen columns as text",
        pair(text),
        ours / text,
        2.5,
        Better::More,
    );
    table.goal(
        "W2e against a hand-written interned layout",
        pair(interned),
        ours / interned,
        0.75,
        Better::More,
    );
    table.note(
        "W2e as an import: buffered, one flush at the end, against text",
        per_second(import),
        per_second(text),
        Some(import / text),
    );
    let peak = peak_memory();
    table.goal(
        "W2e peak memory",
        (format!("{peak:.1} MiB"), "64 MiB".to_owned()),
        peak / 64.0,
        1.0,
        Better::Less,
    );
    ours
}

/// The way to import: buffered, so that the next batch is prepared while one is written; a flush
/// at the end waits for the last commit.
fn as_import(path: &Path, works: &[Work]) -> f64 {
    let auditor = library::importer(library::open(path, Synchronous::Full));
    rate(ENTRIES, || {
        record(&auditor, works);
        auditor.flush(Duration::from_mins(1)).unwrap();
    })
}

/// Each batch is waited for before the next is prepared.
fn as_batches(path: &Path, works: &[Work]) -> f64 {
    let auditor = library::auditor(library::open(path, Synchronous::Full));
    rate(ENTRIES, || record(&auditor, works))
}

fn record(auditor: &Auditor, works: &[Work]) {
    for works in works.chunks(TRANSACTION) {
        let drafts = works.iter().map(|work| library::draft(auditor, work));
        auditor.batch(drafts).record().unwrap();
    }
}

fn as_text(path: &Path, works: &[Work]) -> f64 {
    let mut connection = connect(path, "FULL");
    TextTable::create(&connection);
    TextTable::index(&connection);
    rate(ENTRIES, || {
        for works in works.chunks(TRANSACTION) {
            TextTable::append(&mut connection, works);
        }
    })
}

fn interned(path: &Path, works: &[Work]) -> f64 {
    let mut log = Interned::new(connect(path, "FULL"));
    rate(ENTRIES, || {
        for works in works.chunks(TRANSACTION) {
            log.append(works);
        }
    })
}

/// What a process needs at most that does only this.
fn peak_memory() -> f64 {
    let output = Command::new(std::env::current_exe().unwrap())
        .arg("only-w2e")
        .output()
        .unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

/// The bulk work alone; prints the peak memory in MiB.
pub(crate) fn alone(folder: &Path) {
    let auditor = library::importer(library::open(&folder.join("alone.db"), Synchronous::Full));
    for start in (0..ENTRIES).step_by(TRANSACTION) {
        let drafts =
            (start..start + TRANSACTION as u64).map(|j| library::draft(&auditor, &update(j)));
        auditor.batch(drafts).record().unwrap();
    }
    auditor.flush(Duration::from_mins(1)).unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = peak
        .and_then(|peak| peak.trim().strip_suffix("kB"))
        .and_then(|kib| kib.trim().parse().ok())
        .unwrap_or(f64::NAN);
    println!("{}", kib / 1024.0);
}
