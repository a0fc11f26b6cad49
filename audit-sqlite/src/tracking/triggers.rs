//! The triggers of a tracked table.
//!
//! Each does one thing, and none relies on the order in which SQLite fires those of one event, which
//! is not defined: the place in the order is taken in the row itself.
//!
//! A `REPLACE` deletes the rows that are in its way without firing their delete triggers, unless the
//! writer has set `recursive_triggers`. So the rows that *would* be in the way are put aside before
//! each write, and those that are gone after it are told of. An `OR IGNORE` or an upsert leaves them
//! where they are. A row that is put aside and then told of by another trigger is no longer needed, and
//! none is when the statement is over: `VACUUM` may then give rows other rowids.

use super::capture::{NEXT, TIME, Values, column};
use super::layout::Staged;
use super::options::RowOperation;
use super::plan::Plan;
use super::sql::{all, any, identifier, list, literal, row};
use super::unique::Conflict;

/// How many rows that were put aside and stayed are kept while a statement runs. More than one
/// write in the middle of another ever needs.
const MOST_PUT_ASIDE: usize = 16;

/// One trigger.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trigger {
    pub(super) name: String,
    /// What stands behind `CREATE TRIGGER`; SQLite keeps it as it is.
    pub(super) text: String,
}

/// What the names of all triggers of a table begin with.
pub(super) fn prefix(source: i64) -> String {
    format!("audit_tracked_{source}_")
}

/// Every trigger that a plan asks for.
pub(super) fn triggers(plan: &Plan, source: i64) -> Vec<Trigger> {
    let build = Build {
        plan,
        source,
        table: identifier(&plan.shape.name),
        triggers: Vec::new(),
    };
    build.all()
}

struct Build<'a> {
    plan: &'a Plan,
    source: i64,
    table: String,
    triggers: Vec<Trigger>,
}

impl Build<'_> {
    fn all(mut self) -> Vec<Trigger> {
        if self.plan.options.refuse_foreign_writes {
            for event in ["INSERT", "UPDATE", "DELETE"] {
                self.refuse(event);
            }
        }
        let tells = |operation| self.plan.options.tells(operation);
        let (insert, update, delete) = (
            tells(RowOperation::Insert),
            tells(RowOperation::Update),
            tells(RowOperation::Delete),
        );
        if insert {
            self.insert();
        }
        if update {
            self.update();
            if self.plan.tenant.is_some() {
                self.moved();
            }
        }
        if delete {
            self.delete();
            self.displaced();
        }
        self.departed();
        self.triggers
    }

    fn insert(&mut self) {
        let row = self
            .plan
            .whole_row(self.source, Staged::Insert, NEXT, "NEW.");
        let when = self.plan.condition("NEW.");
        self.add("insert", "AFTER INSERT", when, &[stage(&row)]);
    }

    fn delete(&mut self) {
        let row = self
            .plan
            .whole_row(self.source, Staged::Delete, NEXT, "OLD.");
        let when = self.plan.condition("OLD.");
        self.add("delete", "AFTER DELETE", when, &[stage(&row)]);
    }

    fn update(&mut self) {
        let mut conditions = vec![self.plan.has_changed()];
        conditions.extend(self.same_tenant());
        conditions.extend(self.plan.condition("NEW."));
        let mut body = vec![stage(&self.plan.changed_row(self.source))];
        body.extend(self.refresh());
        self.add("update", "AFTER UPDATE", Some(all(&conditions)), &body);
    }

    /// A row that goes from one tenant to another: to the one it is deleted, to the other created,
    /// so that neither reads what the other had.
    fn moved(&mut self) {
        let Some(same) = self.same_tenant() else {
            return;
        };
        let mut body = Vec::new();
        for (staged, side) in [(Staged::Delete, "OLD."), (Staged::Insert, "NEW.")] {
            let row = self.plan.whole_row(self.source, staged, NEXT, side);
            let when = self.plan.condition(side);
            body.push(format!(
                "INSERT INTO audit_stage {} SELECT {} WHERE {}",
                row.names(),
                row.expressions(),
                when.as_deref().unwrap_or("1"),
            ));
        }
        body.extend(self.refresh());
        let when = format!("NOT ({same})");
        self.add("moved", "AFTER UPDATE", Some(when), &body);
    }

    fn same_tenant(&self) -> Option<String> {
        let (old, new) = (
            self.plan.tenant(self.source, "OLD.")?,
            self.plan.tenant(self.source, "NEW.")?,
        );
        Some(format!("{old} IS {new} COLLATE BINARY"))
    }

    fn displaced(&mut self) {
        let conflicts = self.plan.shape.conflicts();
        let in_the_way: Vec<String> = conflicts
            .iter()
            .map(|conflict| self.exists(&conflict.condition))
            .collect();
        self.add(
            "displacing_insert",
            "BEFORE INSERT",
            Some(any(&in_the_way)),
            &self.put_aside(&conflicts, None),
        );
        let other = format!(
            "NOT ({})",
            all(&self.plan.shape.same_identity("x.", "OLD."))
        );
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
        self.add(
            "displacing_update",
            "BEFORE UPDATE",
            Some(any(&in_the_way)),
            &self.put_aside(&conflicts, Some(&other)),
        );

        let (old, new) = (
            self.plan.is_displaced("OLD."),
            self.plan.is_displaced("NEW."),
        );
        let ours = format!("source = {} AND time = {TIME}", self.source);
        let is_any = format!(
            "EXISTS (SELECT 1 FROM audit_displaced WHERE source = {})",
            self.source
        );
        let is_any = || Some(is_any.clone());
        let tell = |is_gone: &str| {
            [
                format!(
                    "INSERT INTO audit_stage SELECT * FROM audit_displaced WHERE {ours} AND ({is_gone})"
                ),
                format!("DELETE FROM audit_displaced WHERE {ours} AND ({is_gone})"),
            ]
        };
        let is_there = format!(
            "EXISTS (SELECT 1 FROM {} AS x WHERE {})",
            self.table,
            self.plan.is_displaced("x.")
        );
        let after_insert = tell(&format!("NOT {is_there} OR ({new})"));
        self.add("displaced_insert", "AFTER INSERT", is_any(), &after_insert);

        // A row that moved to another key was told of as an update.
        let mut after_update = vec![format!(
            "DELETE FROM audit_displaced WHERE {ours} AND {old} AND NOT ({new})"
        )];
        if let Some(condition) = self.plan.condition("NEW.") {
            after_update.push(format!(
                "DELETE FROM audit_displaced WHERE {ours} AND {old} AND NOT {condition}"
            ));
        }
        after_update.extend(tell(&format!("NOT {is_there} OR ({new} AND NOT ({old}))")));
        self.add("displaced_update", "AFTER UPDATE", is_any(), &after_update);

        // Before: while a cascade of the deletion is under way the row is gone already, and would be
        // taken for displaced.
        let before_delete = format!("DELETE FROM audit_displaced WHERE {ours} AND {old}");
        self.add(
            "displaced_delete",
            "BEFORE DELETE",
            is_any(),
            &[before_delete],
        );
    }

    /// Puts a row that is aside there as it is now, behind the change that was just told of.
    fn refresh(&self) -> Option<String> {
        if !self.plan.options.tells(RowOperation::Delete) {
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

    fn put_aside(&self, conflicts: &[Conflict], other: Option<&str>) -> Vec<String> {
        let shape = &self.plan.shape;
        let identity: Vec<String> = shape
            .identity
            .iter()
            .map(|one| format!("x.{one}"))
            .collect();
        let in_the_way: Vec<String> = conflicts
            .iter()
            .map(|conflict| {
                format!(
                    "SELECT {} FROM {} AS x WHERE {}",
                    list(&identity),
                    self.table,
                    conflict.condition
                )
            })
            .collect();
        let in_the_way = in_the_way.join(" UNION ");
        let slots: Vec<String> = self
            .plan
            .layout
            .identity
            .iter()
            .map(|slot| column(*slot))
            .collect();
        let n = format!("{NEXT} + row_number() OVER ()");
        let mut values = self.plan.whole_row(self.source, Staged::Delete, &n, "x.");
        for (slot, identity) in self.plan.layout.identity.iter().zip(&identity) {
            values.set(*slot, identity.clone());
        }
        let mut conditions = vec![format!("{} IN ({in_the_way})", row(&identity))];
        conditions.extend(other.map(str::to_owned));
        conditions.extend(self.plan.condition("x."));
        let source = self.source;
        vec![
            format!(
                "DELETE FROM audit_displaced WHERE source = {source} AND {} IN ({in_the_way})",
                row(&slots)
            ),
            format!(
                "DELETE FROM audit_displaced WHERE time <> {TIME} OR source = {source} AND n NOT IN (SELECT n FROM audit_displaced WHERE source = {source} ORDER BY n DESC LIMIT {MOST_PUT_ASIDE})"
            ),
            format!(
                "INSERT INTO audit_displaced {} SELECT {} FROM {} AS x WHERE {}",
                values.names(),
                values.expressions(),
                self.table,
                all(&conditions)
            ),
        ]
    }

    fn exists(&self, condition: &str) -> String {
        format!(
            "EXISTS (SELECT 1 FROM {} AS x WHERE {condition})",
            self.table
        )
    }

    /// The row that says the tenant may go before those that name it.
    fn departed(&mut self) {
        let tenant = self.plan.tenant.as_ref();
        let Some(through) = tenant.and_then(|tenant| tenant.through.as_ref()) else {
            return;
        };
        let source = self.source;
        let key = format!("OLD.{}", through.key);
        let body = [
            format!("DELETE FROM audit_departed WHERE source = {source} AND key = {key}"),
            format!(
                "INSERT INTO audit_departed (source, key, tenant) VALUES ({source}, {key}, OLD.{})",
                through.shown
            ),
        ];
        let table = through.table.clone();
        let when = Some(format!("{key} IS NOT NULL"));
        self.add_on(&table, "departed", "BEFORE DELETE", when, &body);
    }

    fn refuse(&mut self, event: &str) {
        let message = format!(
            "table {} is tracked and takes writes only inside of SqliteStore::begin",
            self.plan.shape.name
        );
        let body = format!(
            "SELECT RAISE(ABORT, {}) WHERE NOT {}()",
            literal(&message),
            super::admit::IS_ADMITTED
        );
        let name = format!("refuse_{}", event.to_ascii_lowercase());
        self.add(&name, &format!("BEFORE {event}"), None, &[body]);
    }

    fn add(&mut self, name: &str, event: &str, when: Option<String>, body: &[String]) {
        let table = self.table.clone();
        self.add_on(&table, name, event, when, body);
    }

    fn add_on(
        &mut self,
        table: &str,
        name: &str,
        event: &str,
        when: Option<String>,
        body: &[String],
    ) {
        let name = format!("{}{name}", prefix(self.source));
        let when = when.map_or_else(String::new, |when| format!(" WHEN {when}"));
        let statements: Vec<String> = body.iter().map(|sql| format!("{sql};")).collect();
        let text = format!(
            "{name} {event} ON {table}{when} BEGIN {} END",
            statements.join(" ")
        );
        self.triggers.push(Trigger { name, text });
    }
}

fn changes_any(columns: &[String]) -> String {
    let differ: Vec<String> = columns
        .iter()
        .map(|column| format!("NEW.{column} IS NOT OLD.{column} COLLATE BINARY"))
        .collect();
    any(&differ)
}

fn stage(row: &Values) -> String {
    format!(
        "INSERT INTO audit_stage {} VALUES ({})",
        row.names(),
        row.expressions()
    )
}
