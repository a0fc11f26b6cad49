//! Which entries a transaction has written: a line for each that somebody has recorded, and one for all that
//! rows of tracked tables became at once, so that a hundred thousand of them take no memory.

use audit_core::{Receipt, Tenant};
use uuid::Uuid;

#[derive(Default)]
pub(super) struct Ledger(Vec<Line>);

struct Line {
    what: What,
    /// The number of the last entry; nothing for one that was there before.
    seq: Option<i64>,
    /// Whose the last entry is, and which.
    last: (Tenant, Uuid),
}

enum What {
    /// An entry that has this index, if it stands in a log.
    Recorded(Option<u64>),
    /// So many entries, between which the caller did nothing: they stay, or go, together.
    Rows(u64),
}

impl Ledger {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Somebody has recorded an entry.
    pub(super) fn add(&mut self, entry: (Tenant, Uuid), seq: Option<i64>, index: Option<u64>) {
        self.0.push(Line {
            what: What::Recorded(index),
            seq,
            last: entry,
        });
    }

    /// Rows have become entries, the last of which is this one.
    pub(super) fn add_rows(&mut self, entries: u64, last: (Tenant, Uuid), seq: i64) {
        self.0.push(Line {
            what: What::Rows(entries),
            seq: Some(seq),
            last,
        });
    }

    /// Forgets what was rolled back: what came after this number.
    pub(super) fn forget_after(&mut self, newest: i64) {
        self.0
            .retain(|line| line.seq.is_none_or(|seq| seq <= newest));
    }

    /// An entry that is stored if the transaction is, if there is one.
    pub(super) fn witness(&self) -> Option<(Tenant, Uuid)> {
        let line = self.0.iter().rev().find(|line| line.seq.is_some())?;
        Some(line.last.clone())
    }

    /// The receipts of what was recorded, and how many entries rows have become.
    pub(super) fn into_receipts(self) -> (Vec<Receipt>, u64) {
        let mut receipts = Vec::new();
        let mut rows = 0;
        for Line { what, last, .. } in self.0 {
            match what {
                What::Recorded(index) => receipts.push(Receipt::in_transaction(last.1, index)),
                What::Rows(entries) => rows += entries,
            }
        }
        (receipts, rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rolled_back_is_forgotten_and_what_was_there_before_is_no_witness() {
        let entry = |n: u128| (Tenant::from("acme"), Uuid::from_u128(n));
        let mut written = Ledger::default();
        assert!(written.witness().is_none());
        written.add(entry(1), Some(7), Some(0));
        written.add_rows(100, entry(2), 107);
        written.add(entry(3), None, Some(1));
        assert_eq!(written.witness(), Some(entry(2)));
        written.add_rows(5, entry(4), 112);
        written.forget_after(107);
        let (receipts, rows) = written.into_receipts();
        let ids: Vec<_> = receipts.iter().filter_map(Receipt::entry_id).collect();
        assert_eq!(ids, [entry(1).1, entry(3).1]);
        assert_eq!(rows, 100);
    }
}
