//! Every statement that reads, in one place, so that a test can ask SQLite how it runs each.
//!
//! Each begins with the tenant and names its index: a tenant's reading costs what the tenant has,
//! whatever else is in the file and whatever `ANALYZE` of the business application says.

use super::source::{OPEN, REST, THIN, Width, columns};

/// One entry of the tenant by its place.
pub(crate) fn at_place(width: Width) -> String {
    let columns = columns(width);
    format!("SELECT {columns} FROM audit_entry AS e WHERE e.tenant = ?1 AND e.seq = ?2")
}

/// One entry by its id.
pub(crate) fn by_id() -> String {
    let seq = seq_of_id("?1", "?2");
    format!("SELECT {THIN}, {REST} FROM audit_entry AS e WHERE e.tenant = ?1 AND e.seq = {seq}")
}

/// Whether a tenant, given by its name, has an entry with an id.
pub(crate) fn has_id() -> String {
    let seq = seq_of_id("a.n", "?2");
    format!(
        "SELECT EXISTS (SELECT 1 FROM audit_tenant AS a WHERE a.name = ?1 AND {seq} IS NOT NULL)"
    )
}

/// Where the entry with an id stands: in a full block, or behind those.
fn seq_of_id(tenant: &str, id: &str) -> String {
    format!(
        "coalesce((SELECT p.seq FROM audit_lookup AS p WHERE p.kind = 0 AND p.value = {id} AND p.tenant = {tenant} LIMIT 1), (SELECT t.seq FROM audit_entry AS t NOT INDEXED WHERE t.seq >= {OPEN} AND t.tenant = {tenant} AND t.id = {id} LIMIT 1))"
    )
}

/// Attempts as if they were entries.
const ATTEMPTS: &str = "(SELECT *, 0 AS idx FROM audit_attempt) AS e";

/// One attempt by its id.
pub(crate) fn attempt_by_id() -> String {
    format!("SELECT {THIN}, {REST} FROM {ATTEMPTS} WHERE e.tenant = ?1 AND e.id = ?2")
}

/// The attempts of one store, of whatever tenants; for the writer that closes them only.
pub(crate) fn attempts_of_store() -> String {
    format!(
        "SELECT {THIN}, {REST}, t.n, t.name FROM {ATTEMPTS} CROSS JOIN audit_tenant AS t ON t.n = e.tenant WHERE e.store = ?1 AND e.seq > ?2 ORDER BY e.seq LIMIT ?3"
    )
}

/// Where the first entry at or behind an index stands; null if there is none.
pub(crate) fn seq_from() -> String {
    format!(
        "SELECT coalesce((SELECT p.seq FROM audit_place AS p WHERE p.tenant = ?1 AND p.idx >= ?2 ORDER BY p.idx ASC LIMIT 1), (SELECT t.seq FROM audit_entry AS t NOT INDEXED WHERE t.seq >= {OPEN} AND t.tenant = ?1 AND t.idx >= ?2 ORDER BY t.seq ASC LIMIT 1))"
    )
}

/// Where the last entry at or before an index stands; null if there is none.
pub(crate) fn seq_to() -> String {
    format!(
        "SELECT coalesce((SELECT t.seq FROM audit_entry AS t NOT INDEXED WHERE t.seq >= {OPEN} AND t.tenant = ?1 AND t.idx <= ?2 ORDER BY t.seq DESC LIMIT 1), (SELECT p.seq FROM audit_place AS p WHERE p.tenant = ?1 AND p.idx <= ?2 ORDER BY p.idx DESC LIMIT 1))"
    )
}

/// What stands behind the full blocks of a tenant's log.
pub(crate) fn tail() -> String {
    format!(
        "SELECT p.idx, p.verb, p.actor FROM audit_place AS p WHERE p.tenant = ?1 AND p.idx >= ?2 UNION ALL SELECT t.idx, t.verb, t.actor FROM audit_entry AS t NOT INDEXED WHERE t.seq >= {OPEN} AND t.tenant = ?1 AND t.idx >= ?2"
    )
}

/// Every tenant that has entries; for readers of all tenants only.
pub(crate) fn tenants() -> String {
    format!(
        "SELECT a.name FROM audit_tenant AS a WHERE EXISTS (SELECT 1 FROM audit_place AS p WHERE p.tenant = a.n) OR a.n IN (SELECT t.tenant FROM audit_entry AS t NOT INDEXED WHERE t.seq >= {OPEN})"
    )
}

/// Names a statement and puts it where the plan test finds it.
macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident = $sql:literal;)*) => {
        $($(#[$meta])* pub(crate) const $name: &str = $sql;)*

        #[cfg(test)]
        const NAMED: &[&str] = &[$($name),*];
    };
}

statements! {
    /// The number of a tenant: the only statement that is led by a name.
    TENANT = "SELECT n FROM audit_tenant WHERE name = ?1";
    /// The last entry in full blocks of the whole log.
    LAST_PLACED = "SELECT coalesce(max(idx), -1) FROM audit_place WHERE tenant = ?1";
    /// The block that is not full yet.
    OPEN_BLOCK = "SELECT coalesce(max(block) + 1, 0) FROM audit_span WHERE tenant = ?1";
    /// The full blocks that a time range may touch.
    BLOCKS = "SELECT min(block), max(block) FROM audit_span WHERE tenant = ?1 AND max_time >= ?2 AND min_time < ?3";

    ACTOR = "SELECT kind, key, name FROM audit_actor WHERE tenant = ?1 AND n = ?2";
    VERB = "SELECT action, entity_type FROM audit_verb WHERE tenant = ?1 AND n = ?2";
    ENTITY = "SELECT key FROM audit_entity WHERE tenant = ?1 AND n = ?2";
    LABEL = "SELECT name FROM audit_label WHERE tenant = ?1 AND n = ?2";
    AGENT = "SELECT agent FROM audit_agent WHERE tenant = ?1 AND n = ?2";

    ACTORS_OF_ID = "SELECT n FROM audit_actor WHERE tenant = ?1 AND kind = ?2 AND key = ?3";
    ACTORS_OF_KIND = "SELECT n FROM audit_actor WHERE tenant = ?1 AND kind = ?2 LIMIT 33";
    ENTITIES_OF_ID = "SELECT n FROM audit_entity WHERE tenant = ?1 AND key = ?2";
    ENTITIES_OF_TYPE_AND_ID = "SELECT n FROM audit_entity WHERE tenant = ?1 AND key = ?2 AND type = ?3";
    VERBS_OF_ACTION = "SELECT n, action, entity_type FROM audit_verb WHERE tenant = ?1 AND action = ?2";
    VERBS = "SELECT n, action, entity_type FROM audit_verb WHERE tenant = ?1";
    SHAPES = "SELECT n, fields FROM audit_shape WHERE tenant = ?1";
    ACTOR_NAMES = "SELECT n, name FROM audit_actor WHERE tenant = ?1";
    LABEL_NAMES = "SELECT entity, name FROM audit_label WHERE tenant = ?1";

    /// The full blocks that a verb or an actor stands in.
    TALLIED_BLOCKS = "SELECT block FROM audit_tally WHERE tenant = ?1 AND kind = ?2 AND number = ?3 AND block BETWEEN ?4 AND ?5";
    /// Where a verb stands in full blocks; null where it is not rare.
    PLACES = "SELECT block, places FROM audit_tally WHERE tenant = ?1 AND kind = 1 AND number = ?2 AND block BETWEEN ?3 AND ?4";
    /// How many entries each verb or actor has in full blocks, and where it stands first.
    TALLIED = "SELECT number, sum(entries), min(first) FROM audit_tally WHERE tenant = ?1 AND kind = ?2 GROUP BY number";
    /// All but successes, which are the rest.
    BY_OUTCOME = "SELECT outcome, count(*) FROM audit_entry INDEXED BY audit_entry_outcome WHERE tenant = ?1 AND outcome <> 0 GROUP BY outcome";
}

#[cfg(test)]
mod tests {
    use audit_core::query::Order;
    use rusqlite::Connection;

    use super::super::source::{Source, count, probe, stream};
    use super::*;

    fn all() -> Vec<String> {
        let mut all: Vec<String> = NAMED.iter().map(|sql| (*sql).to_owned()).collect();
        all.extend([by_id(), has_id(), attempt_by_id()]);
        all.extend([seq_from(), seq_to(), tail()]);
        all.extend([at_place(Width::Thin), at_place(Width::Full)]);
        for source in Source::all() {
            all.extend([count(source), probe(source)]);
            for order in [Order::NewestFirst, Order::OldestFirst] {
                for width in [Width::Thin, Width::Full] {
                    all.push(stream(source, order, width, 1));
                }
            }
        }
        all
    }

    fn plan(connection: &Connection, sql: &str) -> Vec<String> {
        let mut explain = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        // What is not bound is null, which is a value like any other to the planner.
        let mut rows = explain.raw_query();
        let mut plan = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            plan.push(row.get::<_, String>(3).unwrap());
        }
        plan
    }

    fn check(connection: &Connection) {
        for sql in all() {
            let plan = plan(connection, &sql);
            // What names an id begins with it; tenants are in it as well, and are given.
            let lookup = "p USING PRIMARY KEY (kind=? AND value=? AND tenant=?";
            let leads: &[&str] = if sql == TENANT {
                &["(name=?)"]
            } else if [at_place(Width::Thin), at_place(Width::Full)].contains(&sql) {
                // Places come from the tenant's own tallies, and the row has to be the tenant's.
                &["e USING INTEGER PRIMARY KEY (rowid=?)"]
            } else if sql == by_id() || sql == has_id() {
                &[lookup, "t USING INTEGER PRIMARY KEY (rowid>?)", "(name=?)"]
            } else if [seq_from(), seq_to(), tail()].contains(&sql) {
                &["(tenant=?", "t USING INTEGER PRIMARY KEY (rowid>?)"]
            } else if sql.contains(OPEN) {
                // Fewer than 256 rows, whosoever they are.
                &["e USING INTEGER PRIMARY KEY (rowid>?"]
            } else if sql.contains("audit_lookup") {
                &[lookup]
            } else {
                &["(tenant=?"]
            };
            let leads = |step: &str| leads.iter().any(|lead| step.contains(lead));
            assert!(
                plan.iter()
                    .any(|step| step.starts_with("SEARCH") && leads(step)),
                "{sql}\n{plan:#?}"
            );
            for step in &plan {
                let scans = step.starts_with("SCAN")
                    && step != "SCAN CONSTANT ROW"
                    && !step.contains("SUBQUERY")
                    && !step.contains("(subquery");
                assert!(!scans, "{sql}\n{plan:#?}");
                assert!(!step.contains("TEMP B-TREE"), "{sql}\n{plan:#?}");
                // The row that a posting of the tenant names.
                let named = step.contains("SEARCH e USING INTEGER PRIMARY KEY (rowid=?)");
                // The end of the full blocks.
                let newest = step == "SEARCH audit_block USING PRIMARY KEY";
                assert!(
                    !step.starts_with("SEARCH") || named || newest || leads(step),
                    "{sql}\n{plan:#?}"
                );
            }
        }
    }

    #[test]
    fn every_statement_is_led_by_the_tenant_and_served_by_an_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::schema::migrate(&mut connection).unwrap();
        check(&connection);
        // Statistics of a business application must not change that.
        connection.execute_batch("ANALYZE").unwrap();
        check(&connection);
    }

    #[test]
    fn bounds_are_part_of_the_search() {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::schema::migrate(&mut connection).unwrap();
        for source in Source::all() {
            let plan = plan(
                &connection,
                &stream(source, Order::NewestFirst, Width::Full, 0),
            )
            .concat();
            assert!(
                ["rowid>?", "idx>? AND idx<?", "seq>? AND seq<?"]
                    .iter()
                    .any(|bounds| plan.contains(bounds)),
                "{plan}"
            );
        }
        for source in Source::all() {
            let plan = plan(&connection, &count(source)).concat();
            assert!(
                plan.contains("USING COVERING INDEX")
                    || plan.contains("SEARCH p USING PRIMARY KEY")
                    || plan.contains("SEARCH e USING INTEGER PRIMARY KEY (rowid>?"),
                "{plan}"
            );
        }
    }
}
