//! The triggers of a tracked table.
//!
//! Each does one thing, and none relies on the order in which SQLite fires those of one event, which
//! is not defined: the place in the order is taken in the row itself.
//!
//! SQLite compiles what stands in the triggers of an event each time when it prepares a statement
//! that may fire them. So they say no more than they have to.

use super::capture::{NEXT, Values};
use super::layout::Staged;
use super::options::RowOperation;
use super::plan::Plan;
use super::sql::{all, identifier, literal};

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

/// The triggers so far.
pub(super) struct Build<'a> {
    pub(super) plan: &'a Plan,
    pub(super) source: i64,
    /// Quoted.
    pub(super) table: String,
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
        }
        self.moved(update || delete, update || insert);
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
    /// so that neither reads what the other had. As far as either is told of.
    fn moved(&mut self, tells_old: bool, tells_new: bool) {
        let Some(same) = self.same_tenant() else {
            return;
        };
        let mut body = Vec::new();
        let sides = [
            (Staged::Delete, "OLD.", tells_old),
            (Staged::Insert, "NEW.", tells_new),
        ];
        for (staged, side, _) in sides.into_iter().filter(|(_, _, tells)| *tells) {
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

    pub(super) fn add(&mut self, name: &str, event: &str, when: Option<String>, body: &[String]) {
        let table = self.table.clone();
        self.add_on(&table, name, event, when, body);
    }

    pub(super) fn add_on(
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

fn stage(row: &Values) -> String {
    format!(
        "INSERT INTO audit_stage {} VALUES ({})",
        row.names(),
        row.expressions()
    )
}
