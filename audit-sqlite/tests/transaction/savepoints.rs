//! Parts of a transaction that are taken back: ours, nested, and those of SQL.

use audit_core::{Auditor, Outcome, Receipt};

use crate::desk::{Desk, insert};

#[test]
fn a_savepoint_keeps_or_takes_back_rows_and_entries() {
    let mut desk = Desk::new();
    desk.context.scope(|| {
        let mut tx = desk.store.begin(&mut desk.connection).unwrap();
        desk.auditor.log("before").record().unwrap();
        for (id, end) in ["kept", "rolled back", "dropped"].iter().enumerate() {
            let part = tx.savepoint().unwrap();
            insert(&part, id.try_into().unwrap());
            part.log(format!("own {end}"))
                .entity(format!("type of {end}"), 1)
                .record()
                .unwrap();
            desk.auditor.log(format!("joined {end}")).record().unwrap();
            match *end {
                "kept" => part.commit().unwrap(),
                "rolled back" => part.rollback().unwrap(),
                _ => drop(part),
            }
        }
        // New in the file, for the savepoint that had it is gone.
        let after = tx
            .log("own dropped")
            .entity("type of dropped", 1)
            .record()
            .unwrap();
        assert_eq!(after.index(), Some(3));
        let committed = tx.commit().unwrap();
        let indexes: Vec<_> = committed.receipts().iter().map(Receipt::index).collect();
        assert_eq!(indexes, [Some(0), Some(1), Some(2), Some(3)]);
    });
    assert_eq!(desk.rows(), [0]);
    assert_eq!(
        desk.actions(),
        ["before", "own kept", "joined kept", "own dropped"]
    );
    assert_eq!(desk.entries()[3].entity_type(), Some("type of dropped"));
}

#[test]
fn what_is_around_a_savepoint_decides_in_the_end() {
    let mut desk = Desk::new();
    desk.context.scope(|| {
        let mut tx = desk.store.begin(&mut desk.connection).unwrap();
        let mut outer = tx.savepoint().unwrap();
        let inner = outer.savepoint().unwrap();
        insert(&inner, 1);
        inner.log("kept inside what is not").record().unwrap();
        desk.auditor.log("waits").record().unwrap();
        inner.commit().unwrap();
        outer.rollback().unwrap();

        let mut outer = tx.savepoint().unwrap();
        insert(&outer, 2);
        outer.log("outer").record().unwrap();
        let inner = outer.savepoint().unwrap();
        insert(&inner, 3);
        inner.log("inner").record().unwrap();
        desk.auditor.log("waits").record().unwrap();
        inner.rollback().unwrap();
        desk.auditor.log("after").record().unwrap();
        outer.commit().unwrap();
        tx.commit().unwrap();
    });
    assert_eq!(desk.rows(), [2]);
    assert_eq!(desk.actions(), ["outer", "after"]);
}

#[test]
fn savepoints_of_sql_take_entries_with_them() {
    let mut desk = Desk::new();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        tx.log("before").record().unwrap();
        tx.execute_batch("SAVEPOINT a").unwrap();
        insert(&tx, 1);
        tx.log("new here").entity("new here", 1).record().unwrap();
        desk.auditor.log("joined").record().unwrap();
        tx.execute_batch("SAVEPOINT b").unwrap();
        insert(&tx, 2);
        desk.auditor.log("deeper").record().unwrap();
        tx.execute_batch("RELEASE b").unwrap();
        tx.execute_batch("ROLLBACK TO a").unwrap();
        insert(&tx, 3);
        tx.log("new here").entity("new here", 1).record().unwrap();
        tx.execute_batch("RELEASE a").unwrap();
        desk.auditor.log("after").record().unwrap();
        let committed = tx.commit().unwrap();
        assert_eq!(committed.receipts().len(), 3);
    });
    assert_eq!(desk.rows(), [3]);
    assert_eq!(desk.actions(), ["before", "new here", "after"]);
    assert_eq!(desk.entries()[1].entity_type(), Some("new here"));
}

#[test]
fn a_savepoint_that_is_replaced_by_as_many_entries_is_seen() {
    let mut desk = Desk::new();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        for round in 0..5 {
            tx.execute_batch("SAVEPOINT a").unwrap();
            tx.log(format!("round {round}"))
                .entity(format!("type {round}"), round)
                .record()
                .unwrap();
            if round < 4 {
                tx.execute_batch("ROLLBACK TO a").unwrap();
            }
            tx.execute_batch("RELEASE a").unwrap();
        }
        tx.commit().unwrap();
        desk.auditor
            .log("after")
            .entity("type 4", 4)
            .record()
            .unwrap();
    });
    assert_eq!(desk.actions(), ["round 4", "after"]);
    assert_eq!(desk.entries()[1].entity_type(), Some("type 4"));
}

#[test]
fn a_failure_stays_whichever_savepoint_is_taken_back() {
    let fail = |auditor: &Auditor, what: &str| {
        auditor.log(what).failed("no").record().unwrap();
    };
    for is_committed in [true, false] {
        let mut desk = Desk::new();
        desk.context.scope(|| {
            let mut tx = desk.store.begin(&mut desk.connection).unwrap();
            let mut part = tx.savepoint().unwrap();
            insert(&part, 1);
            part.log("written").failed("no").record().unwrap();
            part.log("gone").record().unwrap();
            fail(&desk.auditor, "waiting");
            let inner = part.savepoint().unwrap();
            fail(&desk.auditor, "inner");
            drop(inner);
            part.rollback().unwrap();
            tx.execute_batch("SAVEPOINT a").unwrap();
            fail(&desk.auditor, "sql");
            tx.execute_batch("ROLLBACK TO a; RELEASE a").unwrap();
            fail(&desk.auditor, "outside");
            insert(&tx, 2);
            if is_committed {
                let committed = tx.commit().unwrap();
                assert_eq!(committed.receipts().len(), 5);
            } else {
                tx.rollback().unwrap();
            }
        });
        let mut actions = desk.actions();
        actions.sort();
        assert_eq!(actions, ["inner", "outside", "sql", "waiting", "written"]);
        assert!(
            desk.entries()
                .iter()
                .all(|entry| entry.outcome == Outcome::Failure)
        );
        assert_eq!(desk.rows(), if is_committed { vec![2] } else { vec![] });
    }
}
