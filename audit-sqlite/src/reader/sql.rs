//! Every statement that reads, in one place, so that a test can ask SQLite how it runs each.
//!
//! Each begins with the tenant and names its index: a tenant's reading costs what the tenant has,
//! whatever else is in the file and whatever `ANALYZE` of the business application says.

use audit_core::query::Order;

/// Which index leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The tenant's log itself.
    Log,
    Operation,
    Request,
    Entity,
    Outcome,
    Severity,
}

/// How much of an entry is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// What filters and counts look at.
    Thin,
    /// Everything.
    Full,
}

/// The columns that filters look at, then the rest; see [`column`](super::row::column).
const THIN: &str =
    "seq, idx, time, verb, actor, outcome, severity, entity, label, shape, request_id, operation";
const REST: &str = "changes, id, recorded, ip, agent, request_data, metadata, duration, cause, principal, reason, error_class, error_text, truncated";

impl Source {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 6] = [
        Self::Log,
        Self::Operation,
        Self::Request,
        Self::Entity,
        Self::Outcome,
        Self::Severity,
    ];

    fn index(self) -> &'static str {
        match self {
            Self::Log => "audit_entry_index",
            Self::Operation => "audit_entry_operation",
            Self::Request => "audit_entry_request",
            Self::Entity => "audit_entry_entity",
            Self::Outcome => "audit_entry_outcome",
            Self::Severity => "audit_entry_severity",
        }
    }

    /// The range: tenant, bounds, value. A partial index is only used if its condition is said.
    fn range(self) -> &'static str {
        match self {
            // Verb and actor are in the index: an entry that is not meant is not looked up.
            Self::Log => {
                "tenant = ?1 AND idx BETWEEN ?2 AND ?3 AND verb BETWEEN ?4 AND ?5 AND actor BETWEEN ?6 AND ?7"
            }
            Self::Operation => "tenant = ?1 AND operation = ?4 AND seq BETWEEN ?2 AND ?3",
            Self::Request => "tenant = ?1 AND request_id = ?4 AND seq BETWEEN ?2 AND ?3",
            Self::Entity => "tenant = ?1 AND entity = ?4 AND seq BETWEEN ?2 AND ?3",
            Self::Outcome => {
                "tenant = ?1 AND outcome = ?4 AND outcome <> 0 AND seq BETWEEN ?2 AND ?3"
            }
            Self::Severity => {
                "tenant = ?1 AND severity = ?4 AND severity <> 0 AND seq BETWEEN ?2 AND ?3"
            }
        }
    }

    fn order(self) -> &'static str {
        match self {
            Self::Log => "idx",
            _ => "seq",
        }
    }
}

/// The entries of one range in order. `slot` tells apart the cursors of one merge, since a cached
/// statement serves one at a time.
pub(crate) fn stream(source: Source, order: Order, width: Width, slot: usize) -> String {
    let rest = match width {
        Width::Thin => "",
        Width::Full => ", ",
    };
    let more = match width {
        Width::Thin => "",
        Width::Full => REST,
    };
    let direction = match order {
        Order::OldestFirst => "ASC",
        _ => "DESC",
    };
    let (index, range, by) = (source.index(), source.range(), source.order());
    format!(
        "SELECT {THIN}{rest}{more} FROM audit_entry INDEXED BY {index} WHERE {range} ORDER BY {by} {direction} /* {slot} */"
    )
}

/// How many entries a range has; from the index alone.
pub(crate) fn count(source: Source) -> String {
    let (index, range) = (source.index(), source.range());
    format!("SELECT count(*) FROM audit_entry INDEXED BY {index} WHERE {range}")
}

/// Whether a range is short: counts up to [`PROBE`] entries, from the index alone.
pub(crate) fn probe(source: Source) -> String {
    let (index, range) = (source.index(), source.range());
    format!(
        "SELECT count(*) FROM (SELECT 1 FROM audit_entry INDEXED BY {index} WHERE {range} LIMIT 256)"
    )
}

/// How far a probe counts.
pub(crate) const PROBE: i64 = 256;

/// One entry by its id.
pub(crate) fn by_id() -> String {
    format!(
        "SELECT {THIN}, {REST} FROM audit_entry INDEXED BY audit_entry_id WHERE tenant = ?1 AND id = ?2"
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
    /// The first entry at or behind an index.
    SEQ_FROM = "SELECT seq FROM audit_entry INDEXED BY audit_entry_index WHERE tenant = ?1 AND idx >= ?2 ORDER BY idx ASC LIMIT 1";
    /// The last entry at or before an index.
    SEQ_TO = "SELECT seq FROM audit_entry INDEXED BY audit_entry_index WHERE tenant = ?1 AND idx <= ?2 ORDER BY idx DESC LIMIT 1";
    /// The block that is not full yet.
    OPEN_BLOCK = "SELECT coalesce(max(block) + 1, 0) FROM audit_span WHERE tenant = ?1";
    /// What stands behind the full blocks.
    TAIL = "SELECT idx, verb, actor FROM audit_entry INDEXED BY audit_entry_index WHERE tenant = ?1 AND idx >= ?2";
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
    /// How many entries each verb or actor has in full blocks, and where it stands first.
    TALLIED = "SELECT number, sum(entries), min(first) FROM audit_tally WHERE tenant = ?1 AND kind = ?2 GROUP BY number";
    /// All but successes, which are the rest.
    BY_OUTCOME = "SELECT outcome, count(*) FROM audit_entry INDEXED BY audit_entry_outcome WHERE tenant = ?1 AND outcome <> 0 GROUP BY outcome";
}

/// Every tenant that has entries; for readers of all tenants only.
pub(crate) const TENANTS: &str = "SELECT name FROM audit_tenant AS t WHERE EXISTS (SELECT 1 FROM audit_entry AS e INDEXED BY audit_entry_index WHERE e.tenant = t.n)";

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn all() -> Vec<String> {
        let mut all: Vec<String> = NAMED.iter().map(|sql| (*sql).to_owned()).collect();
        all.push(by_id());
        for source in Source::ALL {
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
            let lead = if sql == TENANT {
                "(name=?)"
            } else {
                "(tenant=?"
            };
            assert!(
                plan.iter()
                    .any(|step| step.starts_with("SEARCH") && step.contains(lead)),
                "{sql}\n{plan:#?}"
            );
            for step in &plan {
                let scans = step.starts_with("SCAN")
                    && !step.contains("SUBQUERY")
                    && !step.contains("(subquery");
                assert!(!scans, "{sql}\n{plan:#?}");
                assert!(!step.contains("TEMP B-TREE"), "{sql}\n{plan:#?}");
                assert!(
                    !step.starts_with("SEARCH") || step.contains(lead),
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
        for source in Source::ALL {
            let plan = plan(
                &connection,
                &stream(source, Order::NewestFirst, Width::Full, 0),
            )
            .concat();
            assert!(
                plan.contains("rowid>? AND rowid<?") || plan.contains("idx>? AND idx<?"),
                "{plan}"
            );
        }
        for source in Source::ALL {
            let plan = plan(&connection, &count(source)).concat();
            assert!(plan.contains("USING COVERING INDEX"), "{plan}");
        }
    }
}
