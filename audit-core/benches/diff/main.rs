//! What changed between two records in memory (W4): no storage, no sanitizer.
//!
//! `cargo bench -p audit-core --bench diff` prints a table.

#![expect(clippy::print_stdout, reason = "a program that measures")]
#![expect(
    clippy::unwrap_used,
    reason = "a program that measures stops at the first error"
)]

mod by_hand;
mod data;
mod measure;
mod peers;

use std::hint::black_box;

use audit_core::{Audited, Changes, FieldDiff};

use self::data::{Board, Incident, NOTES};
use self::measure::{Table, interleaved};

fn main() {
    let before = Incident::number(7);
    let same = Incident {
        password: "other".to_owned(),
        ..before.clone()
    };
    let one = Incident {
        password: "other".to_owned(),
        ..before.moved_on()
    };
    let all = before.all_different();
    assert_eq!(compared(&before, &same), 0);
    assert_eq!(compared(&before, &one), 1);
    assert_eq!(compared(&before, &all), 11);
    let mut table = Table::default();

    let allocations = allocation_counter::measure(|| {
        keep(compared(seen(&before), seen(&same)));
    });
    table.count(
        "0 of 11 fields differ: allocations",
        allocations.count_total,
        0,
    );

    let [audited, by_hand, structdiff, patch] = interleaved([
        &mut || keep(compared(seen(&before), seen(&same))),
        &mut || keep(by_hand::is_equal(seen(&before), seen(&same))),
        &mut || keep(peers::structdiff(seen(&before), seen(&same))),
        &mut || keep(peers::json_patch(seen(&before), seen(&same))),
    ]);
    table.slower(
        "0 differ, against `==` by hand",
        audited,
        by_hand,
        Some(1.5),
    );
    table.faster("0 differ, against structdiff", audited, structdiff, None);
    table.faster(
        "0 differ, against json-patch with conversion",
        audited,
        patch,
        None,
    );

    let [audited, by_hand, structdiff, patch, tree] = interleaved([
        &mut || keep(changes(seen(&before), seen(&one))),
        &mut || keep(by_hand::changes(seen(&before), seen(&one))),
        &mut || keep(peers::structdiff(seen(&before), seen(&one))),
        &mut || keep(peers::json_patch(seen(&before), seen(&one))),
        &mut || keep(peers::treediff(seen(&before), seen(&one))),
    ]);
    table.slower("1 differs, against by hand", audited, by_hand, Some(4.0));
    table.faster(
        "1 differs, against structdiff, which keeps no old value",
        audited,
        structdiff,
        None,
    );
    table.faster(
        "1 differs, against json-patch with conversion",
        audited,
        patch,
        Some(10.0),
    );
    table.faster(
        "1 differs, against treediff with conversion",
        audited,
        tree,
        None,
    );

    let [audited, by_hand, patch, tree] = interleaved([
        &mut || keep(changes(seen(&before), seen(&all))),
        &mut || keep(by_hand::changes(seen(&before), seen(&all))),
        &mut || keep(peers::json_patch(seen(&before), seen(&all))),
        &mut || keep(peers::treediff(seen(&before), seen(&all))),
    ]);
    table.slower("11 differ, against by hand", audited, by_hand, None);
    table.faster(
        "11 differ, against json-patch with conversion",
        audited,
        patch,
        Some(2.0),
    );
    table.faster(
        "11 differ, against treediff with conversion",
        audited,
        tree,
        None,
    );

    let board = Board::with_notes(NOTES);
    let (equal, moved) = (board.clone(), board.with_ten_moved());
    assert_eq!(compared(&board, &moved), 10);
    let [audited, comparison] = interleaved([
        &mut || keep(changes(seen(&board), seen(&moved))),
        &mut || keep(seen(&board).notes == seen(&equal).notes),
    ]);
    table.slower(
        "1,000 items by key, 10 moved, against comparing two equal lists",
        audited,
        comparison,
        Some(20.0),
    );
    table.print();
}

fn changes<T: Audited>(before: &T, after: &T) -> Changes {
    audit_core::diff(before, after).unwrap()
}

fn compared<T: Audited>(before: &T, after: &T) -> usize {
    let mut fields = FieldDiff::new();
    before.audit_diff(after, &mut fields);
    fields.finish().unwrap().len()
}

fn keep<R>(result: R) {
    black_box(result);
}

fn seen<T>(record: &T) -> &T {
    black_box(record)
}
