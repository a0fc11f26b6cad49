//! W2e: 100,000 entries, 1000 a transaction; and its peak memory.

use std::path::Path;
use std::process::Command;

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
    let mut rounds: Vec<[f64; 3]> = (0..ROUNDS)
        .map(|round| {
            let path = |name: &str| folder.join(format!("w2e-{name}-{round}.db"));
            [
                through_library(&path("library"), &works),
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
    let (ours, text, interned) = (median(0), median(1), median(2));
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

fn through_library(path: &Path, works: &[Work]) -> f64 {
    let auditor = library::auditor(library::open(path, Synchronous::Full));
    rate(ENTRIES, || {
        for works in works.chunks(TRANSACTION) {
            let drafts = works.iter().map(|work| library::draft(&auditor, work));
            auditor.batch(drafts).record().unwrap();
        }
    })
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
    let auditor = library::auditor(library::open(&folder.join("alone.db"), Synchronous::Full));
    for start in (0..ENTRIES).step_by(TRANSACTION) {
        let drafts =
            (start..start + TRANSACTION as u64).map(|j| library::draft(&auditor, &update(j)));
        auditor.batch(drafts).record().unwrap();
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = peak
        .and_then(|peak| peak.trim().strip_suffix("kB"))
        .and_then(|kib| kib.trim().parse().ok())
        .unwrap_or(f64::NAN);
    println!("{}", kib / 1024.0);
}
