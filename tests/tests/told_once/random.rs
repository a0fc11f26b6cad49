//! Random programs that change one record, told of by type before, after or never: the log is what the
//! table is, and has one entry for each change.

use audit_core::{AuditEntry, Audited, Auditor};
use audit_sqlite::rusqlite::{Connection, params};
use audit_sqlite::{AuditedTransaction, TrackedTable};
use proptest::prelude::*;
use serde_json::json;

use super::{Desk, execute};

const STATUSES: [&str; 3] = ["open", "triaged", "closed"];
const OWNERS: [&str; 2] = ["ada", "hank"];

#[derive(Clone, Audited)]
struct Thing {
    #[audit(id)]
    id: i64,
    status: String,
    owner: String,
}

/// Who tells of a change by type, if anybody does.
#[derive(Clone, Copy, Debug)]
enum Told {
    Never,
    Before,
    After,
}

#[derive(Clone, Debug)]
enum Step {
    /// The record gets these values, whether there is one or not; `None` is that it goes.
    Put(Option<(usize, usize)>, Told, Way),
    /// Several changes, all told of before any row is written: one by one, or as what they come to.
    TellAll(Vec<(usize, usize)>, bool),
    /// Some steps that are kept or taken back.
    Within(Vec<Step>, bool),
}

/// Whether the entry is written at once or when the transaction is used the next time.
#[derive(Clone, Copy, Debug)]
enum Way {
    AtOnce,
    Waiting,
}

type Values = Option<(usize, usize)>;

struct Program<'a> {
    auditor: &'a Auditor,
    present: Values,
    /// How many entries there have to be.
    entries: usize,
}

fn record((status, owner): (usize, usize)) -> Thing {
    Thing {
        id: 7,
        status: (*STATUSES.get(status).unwrap()).to_owned(),
        owner: (*OWNERS.get(owner).unwrap()).to_owned(),
    }
}

fn write(connection: &Connection, before: Values, after: Values) {
    let values = after.map(record);
    match (before, values) {
        (None, Some(new)) => connection.execute(
            "INSERT INTO thing VALUES (7, ?1, ?2)",
            params![new.status, new.owner],
        ),
        (Some(_), Some(new)) => connection.execute(
            "UPDATE thing SET status = ?1, owner = ?2 WHERE id = 7",
            params![new.status, new.owner],
        ),
        (_, None) => connection.execute("DELETE FROM thing WHERE id = 7", []),
    }
    .unwrap();
}

/// Whether a field gets a value that it had before.
fn goes_back(first: (usize, usize), all: &[(usize, usize)]) -> bool {
    let has_been = |of: fn(&(usize, usize)) -> usize| {
        let mut values: Vec<_> = [first].iter().chain(all).map(of).collect();
        values.dedup();
        let count = values.len();
        values.sort_unstable();
        values.dedup();
        values.len() < count
    };
    has_been(|values| values.0) || has_been(|values| values.1)
}

impl Program<'_> {
    fn tell(&self, tx: &AuditedTransaction<'_>, before: Values, after: Values, way: Way) {
        let (before, after) = (before.map(record), after.map(record));
        let told = match (way, before, after) {
            (_, None, None) => return,
            (Way::AtOnce, None, Some(after)) => tx.created(&after).record(),
            (Way::AtOnce, Some(before), None) => tx.deleted(&before).record(),
            (Way::AtOnce, Some(before), Some(after)) => tx.updated(&before, &after).record(),
            (Way::Waiting, None, Some(after)) => self.auditor.created(&after).record(),
            (Way::Waiting, Some(before), None) => self.auditor.deleted(&before).record(),
            (Way::Waiting, Some(before), Some(after)) => {
                self.auditor.updated(&before, &after).record()
            }
        };
        told.unwrap();
    }

    fn run(&mut self, tx: &AuditedTransaction<'_>, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Put(after, told, way) => {
                    let (before, after) = (self.present, *after);
                    if let Told::Before = told {
                        self.tell(tx, before, after, *way);
                    }
                    write(tx, before, after);
                    if let Told::After = told {
                        self.tell(tx, before, after, *way);
                    }
                    self.entries += usize::from(before != after);
                    self.present = after;
                }
                Step::TellAll(all, is_one_by_one) => {
                    let Some(first) = self.present else { continue };
                    if !is_one_by_one && goes_back(first, all) {
                        // What was taken back in between comes to be no row.
                        continue;
                    }
                    let mut before = first;
                    for after in all {
                        self.tell(tx, Some(before), Some(*after), Way::AtOnce);
                        self.entries += usize::from(before != *after);
                        before = *after;
                    }
                    let mut row = first;
                    for after in all.iter().filter(|_| *is_one_by_one) {
                        write(tx, Some(row), Some(*after));
                        row = *after;
                    }
                    write(tx, Some(row), Some(before));
                    self.present = Some(before);
                }
                Step::Within(steps, is_kept) => {
                    let (present, entries) = (self.present, self.entries);
                    tx.execute_batch("SAVEPOINT s").unwrap();
                    self.run(tx, steps);
                    if *is_kept {
                        tx.execute_batch("RELEASE s").unwrap();
                    } else {
                        tx.execute_batch("ROLLBACK TO s; RELEASE s").unwrap();
                        (self.present, self.entries) = (present, entries);
                    }
                }
            }
        }
    }
}

fn values() -> impl Strategy<Value = (usize, usize)> {
    (0..STATUSES.len(), 0..OWNERS.len())
}

/// Steps, some of which are taken back: all are told of, before or after, or some by nobody. Where some
/// are told of before and some by nobody in one transaction, the same change may be meant by either.
fn steps(all_are_told: bool) -> impl Strategy<Value = Vec<Step>> {
    let other = if all_are_told {
        Told::Before
    } else {
        Told::Never
    };
    let told = prop_oneof![Just(other), Just(Told::After)];
    let way = prop_oneof![Just(Way::AtOnce), Just(Way::Waiting)];
    let put = (prop::option::weighted(0.8, values()), told, way)
        .prop_map(|(values, told, way)| Step::Put(values, told, way));
    let all = (prop::collection::vec(values(), 2..4), any::<bool>())
        .prop_map(|(all, is_one_by_one)| Step::TellAll(all, is_one_by_one));
    let leaf = prop_oneof![6 => put, u32::from(all_are_told) => all];
    let step = leaf.prop_recursive(2, 8, 4, |inner| {
        (prop::collection::vec(inner, 1..4), any::<bool>())
            .prop_map(|(steps, is_kept)| Step::Within(steps, is_kept))
    });
    prop::collection::vec(step, 1..8)
}

fn check(steps: &[Step]) -> Result<(), TestCaseError> {
    let mut desk = Desk::new();
    let table = "CREATE TABLE thing (id INTEGER PRIMARY KEY, status TEXT, owner TEXT)";
    execute(&desk.connection, table);
    TrackedTable::of::<Thing>("thing")
        .track(&desk.connection)
        .unwrap();
    let auditor = desk.auditor.clone();
    let mut program = Program {
        auditor: &auditor,
        present: None,
        entries: 0,
    };
    desk.write(|tx| program.run(tx, steps));
    let Program {
        present,
        entries: expected,
        ..
    } = program;
    let entries = desk.entries("acme");
    let shown = || {
        let told = entries.iter().map(|entry| {
            let changes = serde_json::to_string(&entry.changes).unwrap();
            let metadata = serde_json::to_string(&entry.metadata).unwrap();
            format!("{} {changes} {metadata}", entry.action)
        });
        told.collect::<Vec<_>>().join("\n")
    };
    let history = desk.auditor.tenant("acme").history("thing", 7);
    let state = history.state_at(u64::MAX);
    let state = state.map_err(|error| TestCaseError::fail(format!("{error}\n{}", shown())))?;
    let present = present
        .map(record)
        .map(|now| json!({"id": now.id, "status": now.status, "owner": now.owner}));
    prop_assert_eq!(state, present, "{}", shown());
    // What several statements do may be told of as one change, and nothing twice.
    prop_assert!(entries.len() <= expected, "{expected}: {}", shown());
    let disagrees = |entry: &AuditEntry| entry.metadata.contains_key("capture_disagrees");
    prop_assert!(!entries.iter().any(disagrees), "{}", shown());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_record_is_what_the_log_says_and_each_change_is_told_once(steps in steps(true)) {
        check(&steps)?;
    }

    #[test]
    fn the_same_where_nobody_tells_of_some(steps in steps(false)) {
        check(&steps)?;
    }
}
