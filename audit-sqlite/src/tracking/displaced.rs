//! Triggers that see the rows which a `REPLACE` displaces.
//!
//! It deletes the rows that are in its way without firing their delete triggers, unless the writer
//! has set `recursive_triggers`. So the rows that *would* be in the way are put aside before each
//! write, and those that are gone after it are told of. An `OR IGNORE` or an upsert leaves them where
//! they are. A row that is put aside and then told of by another trigger is no longer needed, and
//! none is when the statement is over: `VACUUM` may then give rows other rowids.

use std::fmt::Write as _;

use super::capture::{NEXT, TIME};
use super::layout::Staged;
use super::options::RowOperation;
use super::sql::{all, any, identifier, list, row};
use super::triggers::Build;
use super::unique::Conflict;

/// How many rows that were put aside and stayed are kept while a statement runs, so that they do not
/// pile up.
const MOST_PUT_ASIDE: usize = 16;

impl Build<'_> {
    /// Adds the triggers.
    pub(super) fn displaced(&mut self) {
        let conflicts = self.plan.shape.conflicts();
        let of_columns = of_columns(&conflicts);
        self.before_insert(&conflicts);
        self.before_update(&conflicts, &of_columns);
        let is_there = self.exists(&self.plan.is_displaced("x."));
        let (old, new) = (
            self.plan.is_displaced("OLD."),
            self.plan.is_displaced("NEW."),
        );
        self.tell(
            "insert",
            "AFTER INSERT",
            &format!("NOT {is_there} OR ({new})"),
            None,
        );
        // A row that moved to another key was told of as an update.
        self.tell(
            "update",
            &format!("AFTER UPDATE{of_columns}"),
            &format!("NOT {is_there} OR ({new} AND NOT ({old}))"),
            Some(&format!("NOT ({old})")),
        );
        // Before: while a cascade of the deletion is under way the row is gone already, and would be
        // taken for displaced.
        self.forget("delete", "BEFORE DELETE", &old);
        self.unmet(&old);
        self.interrupted(&is_there, (&old, &new), &of_columns);
    }

    /// Tells of the rows that are gone where the cascade of their deletion takes the row with it whose
    /// update displaces them: that update ends without its trigger. A row on its way to another key is
    /// not gone.
    fn interrupted(&mut self, is_there: &str, (old, new): (&str, &str), of_columns: &str) {
        if !self.plan.shape.has_cascades {
            return;
        }
        let moves = format!("{old} AND NOT ({new})");
        self.forget("moves", &format!("BEFORE UPDATE{of_columns}"), &moves);
        self.tell("cascade", "AFTER DELETE", &format!("NOT {is_there}"), None);
    }

    /// Puts a row that is aside there as it is now, behind the change that was just told of. Only a
    /// cascade changes a row that is about to be displaced.
    pub(super) fn refresh(&self) -> Option<String> {
        if !self.has_to_refresh() {
            return None;
        }
        let row = self
            .plan
            .whole_row(self.source, Staged::Delete, NEXT, "NEW.");
        Some(format!(
            "UPDATE audit_displaced SET {} WHERE source = {} AND {} AND {}",
            row.assignments(),
            self.source,
            self.plan.is_displaced("OLD."),
            self.plan.is_displaced("NEW."),
        ))
    }

    fn has_to_refresh(&self) -> bool {
        self.plan.shape.has_cascades && self.plan.options.tells(RowOperation::Delete)
    }

    /// Forgets a row that a cascade has changed so that it is not to be told of.
    fn unmet(&mut self, old: &str) {
        if let Some(condition) = self.plan.condition("NEW.")
            && self.has_to_refresh()
        {
            let unmet = format!("{old} AND NOT {condition}");
            self.forget("unmet", "AFTER UPDATE", &unmet);
        }
    }

    fn before_insert(&mut self, conflicts: &[Conflict]) {
        let in_the_way: Vec<String> = conflicts
            .iter()
            .map(|conflict| self.exists(&conflict.condition))
            .collect();
        let body = self.put_aside(conflicts, None);
        self.add(
            "displacing_insert",
            "BEFORE INSERT",
            Some(any(&in_the_way)),
            &body,
        );
    }

    fn before_update(&mut self, conflicts: &[Conflict], of_columns: &str) {
        let same = self.plan.shape.same_identity("x.", "OLD.");
        let other = format!("NOT ({})", all(&same));
        let in_the_way: Vec<String> = conflicts
            .iter()
            .map(|conflict| {
                let exists = self.exists(&format!("{} AND {other}", conflict.condition));
                match &conflict.columns {
                    // Most updates leave what is unique as it is, and need not look.
                    Some(columns) => format!("({} AND {exists})", changes_any(columns)),
                    None => exists,
                }
            })
            .collect();
        let body = self.put_aside(conflicts, Some(&other));
        self.add(
            "displacing_update",
            &format!("BEFORE UPDATE{of_columns}"),
            Some(any(&in_the_way)),
            &body,
        );
    }

    /// Puts the rows aside that are in the way.
    fn put_aside(&self, conflicts: &[Conflict], other: Option<&str>) -> Vec<String> {
        let shape = &self.plan.shape;
        let identity: Vec<String> = shape
            .identity
            .iter()
            .map(|one| format!("x.{one}"))
            .collect();
        let mut values = self
            .plan
            .whole_row(self.source, Staged::Delete, &place(conflicts), "x.");
        for (slot, identity) in self.plan.layout.identity.iter().zip(&identity) {
            values.set(*slot, identity.clone());
        }
        let in_the_way = match conflicts {
            [only] => only.condition.clone(),
            // Each by an index of its own; for several conditions at once SQLite reads the table.
            several => {
                let selects: Vec<String> = several
                    .iter()
                    .map(|conflict| {
                        let columns = list(&identity);
                        let table = &self.table;
                        format!(
                            "SELECT {columns} FROM {table} AS x WHERE {}",
                            conflict.condition
                        )
                    })
                    .collect();
                let compared = row(&shape.compared("x."));
                format!("{compared} IN ({})", selects.join(" UNION ALL "))
            }
        };
        let mut meant = vec![in_the_way.clone()];
        meant.extend(other.map(str::to_owned));
        meant.extend(self.plan.condition("x."));
        let again = self.exists(&format!(
            "{in_the_way} AND {}",
            self.plan.is_displaced("x.")
        ));
        let source = self.source;
        let stayed = self.stayed(conflicts.len());
        vec![
            format!(
                "DELETE FROM audit_displaced WHERE time <> {TIME} OR source = {source} AND ({again} OR n NOT IN (SELECT n FROM audit_displaced WHERE source = {source} ORDER BY n DESC LIMIT {MOST_PUT_ASIDE}) AND {stayed})"
            ),
            format!(
                "INSERT INTO audit_displaced {} SELECT {} FROM {} AS x WHERE {}",
                values.names(),
                values.expressions(),
                self.table,
                all(&meant)
            ),
        ]
    }

    /// Whether a row that is aside is still there, and so are those that the same write has put aside.
    /// In the middle of a `REPLACE`, where a cascade writes, some of them are gone and others about to go.
    fn stayed(&self, at_once: usize) -> String {
        let is_there = self.exists(&self.plan.is_displaced("x."));
        let others = at_once.saturating_sub(1);
        if others == 0 {
            return is_there;
        }
        let source = self.source;
        let is_other_there = self.exists(&self.plan.is_aside("x.", "d."));
        format!(
            "{is_there} AND NOT EXISTS (SELECT 1 FROM audit_displaced AS d WHERE d.source = {source} AND d.n BETWEEN audit_displaced.n - {others} AND audit_displaced.n + {others} AND NOT {is_other_there})"
        )
    }

    /// Tells of the rows that are gone, and forgets them.
    fn tell(&mut self, name: &str, event: &str, is_gone: &str, but: Option<&str>) {
        let ours = self.ours();
        let but = but.map_or_else(String::new, |but| format!(" AND {but}"));
        // Not what tells the rows apart: it may be a column that is never to be staged.
        let row = self.plan.whole_row(self.source, Staged::Delete, NEXT, "x.");
        let columns = row.columns();
        let source = self.source;
        let body = [
            format!(
                "INSERT INTO audit_stage ({columns}) SELECT {columns} FROM audit_displaced WHERE {ours} AND ({is_gone}){but}"
            ),
            format!(
                "DELETE FROM audit_displaced WHERE time <> {TIME} OR source = {source} AND ({is_gone})"
            ),
        ];
        self.add(
            &format!("displaced_{name}"),
            event,
            Some(self.is_any()),
            &body,
        );
    }

    /// Forgets a row that is told of otherwise, or not to be told of.
    fn forget(&mut self, name: &str, event: &str, which: &str) {
        let body = format!(
            "DELETE FROM audit_displaced WHERE {} AND {which}",
            self.ours()
        );
        let name = format!("displaced_{name}");
        self.add(&name, event, Some(self.is_any()), &[body]);
    }

    /// Whether any row is aside, which is seldom.
    fn is_any(&self) -> String {
        let source = self.source;
        format!("EXISTS (SELECT 1 FROM audit_displaced WHERE source = {source})")
    }

    /// The rows of this table that this statement has put aside.
    fn ours(&self) -> String {
        format!("source = {} AND time = {TIME}", self.source)
    }

    fn exists(&self, condition: &str) -> String {
        format!(
            "EXISTS (SELECT 1 FROM {} AS x WHERE {condition})",
            self.table
        )
    }
}

/// The columns without which no update gets into the way of a row, for the head of a trigger: one
/// that sets none of them does not even compile it.
pub(super) fn of_columns(conflicts: &[Conflict]) -> String {
    let mut columns: Vec<String> = ["rowid", "_rowid_", "oid"].map(identifier).to_vec();
    for conflict in conflicts {
        match &conflict.columns {
            Some(of_conflict) => columns.extend(of_conflict.iter().cloned()),
            None => return String::new(),
        }
    }
    columns.dedup();
    format!(" OF {}", list(&columns))
}

/// A place in the order for each row that is in the way: each condition means one row at most.
fn place(conflicts: &[Conflict]) -> String {
    let Some((_, others @ [_, ..])) = conflicts.split_last() else {
        return NEXT.to_owned();
    };
    let mut cases = String::new();
    for (place, conflict) in others.iter().enumerate() {
        // Writing to a string never fails.
        let _ = write!(cases, " WHEN {} THEN {place}", conflict.condition);
    }
    format!("{NEXT} + CASE{cases} ELSE {} END", others.len())
}

/// Whether an update writes other values.
pub(super) fn changes_any(columns: &[String]) -> String {
    let differ: Vec<String> = columns
        .iter()
        .map(|column| format!("NEW.{column} IS NOT OLD.{column} COLLATE BINARY"))
        .collect();
    any(&differ)
}
