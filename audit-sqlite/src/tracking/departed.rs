//! Triggers that keep in mind what a row said of the tenant of those that name it.
//!
//! It may go before they do: deleted, displaced by a `REPLACE`, or known by another key from now on,
//! while a foreign key has SQLite delete or change them. As long as it is there it is asked itself, so
//! that it does no harm to keep too much in mind.

use super::displaced::{changes_any, of_columns};
use super::sql::{any, list, row};
use super::tenant::Through;
use super::triggers::Build;
use super::unique::Conflict;

impl Build<'_> {
    /// Adds the triggers, to the table that says the tenant.
    pub(super) fn departed(&mut self) {
        let plan = self.plan;
        let tenant = plan.tenant.as_ref();
        let Some(through) = tenant.and_then(|tenant| tenant.through.as_ref()) else {
            return;
        };
        let table = &through.table;
        let conflicts = through.parent.conflicts();

        let body = self.keep(through, &[itself(through)]);
        self.add_on(table, "departed", "BEFORE DELETE", None, &body);

        let exist: Vec<String> = conflicts
            .iter()
            .map(|conflict| {
                let condition = &conflict.condition;
                format!("EXISTS (SELECT 1 FROM {table} AS x WHERE {condition})")
            })
            .collect();
        let in_the_way = in_the_way(through, &conflicts);
        let body = self.keep(through, &in_the_way);
        self.add_on(
            table,
            "departed_insert",
            "BEFORE INSERT",
            Some(any(&exist)),
            &body,
        );

        let may_displace: Option<Vec<String>> = conflicts
            .iter()
            .map(|conflict| conflict.columns.as_deref().map(changes_any))
            .collect();
        let mut rows = in_the_way;
        rows.push(itself(through));
        let body = self.keep(through, &rows);
        self.add_on(
            table,
            "departed_update",
            &format!("BEFORE UPDATE{}", of_columns(&conflicts)),
            may_displace.map(|conditions| any(&conditions)),
            &body,
        );
    }

    /// Keeps what rows say that queries tell from others.
    fn keep(&self, through: &Through, queries: &[String]) -> Vec<String> {
        let source = self.source;
        let Through {
            table, key, shown, ..
        } = through;
        let rows = format!(
            "FROM {table} AS x WHERE {} IN ({}) AND x.{key} IS NOT NULL",
            row(&identity(through, "x.")),
            queries.join(" UNION ALL ")
        );
        vec![
            format!(
                "DELETE FROM audit_departed WHERE source = {source} AND key IN (SELECT x.{key} {rows})"
            ),
            format!(
                "INSERT INTO audit_departed (source, key, tenant) SELECT {source}, x.{key}, x.{shown} {rows}"
            ),
        ]
    }
}

/// What tells the row apart that is written, as it was.
fn itself(through: &Through) -> String {
    format!("SELECT {}", list(&identity(through, "OLD.")))
}

/// What tells the rows apart that are in the way. Each unique thing by an index of its own.
fn in_the_way(through: &Through, conflicts: &[Conflict]) -> Vec<String> {
    let (columns, table) = (list(&identity(through, "x.")), &through.table);
    conflicts
        .iter()
        .map(|conflict| {
            let condition = &conflict.condition;
            format!("SELECT {columns} FROM {table} AS x WHERE {condition}")
        })
        .collect()
}

fn identity(through: &Through, side: &str) -> Vec<String> {
    let identity = through.parent.identity.iter();
    identity.map(|one| format!("{side}{one}")).collect()
}
