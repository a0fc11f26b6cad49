//! W2e: 100,000 entries, 1000 a transaction, its peak memory, and group commit beside it.

use std::path::Path;
use std::time::Duration;

use audit_core::Auditor;
use audit_sqlite::Synchronous;

use crate::by_hand::{Interned, TextTable, connect};
use crate::data::{Work, update};
use crate::figures::{Better, Table, peak_mebibytes, peak_mebibytes_of, per_second, rate};
use crate::{group, library};

const ENTRIES: u64 = 100_000;
const TRANSACTION: usize = 1000;
const ROUNDS: usize = 5;

fn works() -> Vec<Work> {
    (0..ENTRIES).map(update).collect()
}

/// Every way in turn, in rounds: what the machine does beside this strikes all of them. A ratio
/// is the median of the ratios of the rounds.
pub(crate) fn run(folder: &Path, table: &mut Table) {
    let works = works();
    let rounds: Vec<Round> = (0..ROUNDS)
        .map(|round| {
            let path = |name: &str| folder.join(format!("w2e-{name}-{round}.db"));
            Round {
                batches: as_batches(&path("batches"), &works),
                text: as_text(&path("text"), &works),
                interned: interned(&path("interned"), &works),
                import: as_import(&path("import"), &works),
                one: group::callers(&path("one"), 1),
                many: group::callers(&path("many"), 64),
            }
        })
        .collect();
    let median = |of: &dyn Fn(&Round) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[ROUNDS / 2]
    };
    let ours = per_second(median(&|round| round.batches));
    let text = per_second(median(&|round| round.text));
    let interned = per_second(median(&|round| round.interned));
    let many = per_second(median(&|round| round.many));
    table.goal(
        "W2e against fourteen columns as text",
        (ours.clone(), text.clone()),
        median(&|round| round.batches / round.text),
        2.5,
        Better::More,
    );
    table.goal(
        "W2e against a hand-written interned layout",
        (ours.clone(), interned),
        median(&|round| round.batches / round.interned),
        0.75,
        Better::More,
    );
    table.note(
        "W2e as an import: buffered, one flush at the end, against text",
        per_second(median(&|round| round.import)),
        text,
        Some(median(&|round| round.import / round.text)),
    );
    table.goal(
        "group commit: 64 callers against 1",
        (many.clone(), per_second(median(&|round| round.one))),
        median(&|round| round.many / round.one),
        5.0,
        Better::More,
    );
    table.goal(
        "group commit: 64 callers against W2e",
        (many, ours),
        median(&|round| round.many / round.batches),
        0.5,
        Better::More,
    );
    let peak = peak_mebibytes_of("only-w2e");
    table.goal(
        "W2e peak memory",
        (format!("{peak:.1} MiB"), "64 MiB".to_owned()),
        peak / 64.0,
        1.0,
        Better::Less,
    );
}

/// Entries per second.
struct Round {
    /// 1000 a transaction, each waited for before the next is prepared.
    batches: f64,
    /// Fourteen columns as text, three indexes, by hand.
    text: f64,
    /// A hand-written interned layout.
    interned: f64,
    /// 1000 a transaction, the next prepared while one is written.
    import: f64,
    /// Single durable entries of one caller, and of 64 at once.
    one: f64,
    many: f64,
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

/// The bulk work alone; prints the peak memory in MiB.
pub(crate) fn alone(folder: &Path) {
    let auditor = library::importer(library::open(&folder.join("alone.db"), Synchronous::Full));
    for start in (0..ENTRIES).step_by(TRANSACTION) {
        let drafts =
            (start..start + TRANSACTION as u64).map(|j| library::draft(&auditor, &update(j)));
        auditor.batch(drafts).record().unwrap();
    }
    auditor.flush(Duration::from_mins(1)).unwrap();
    println!("{}", peak_mebibytes());
}
