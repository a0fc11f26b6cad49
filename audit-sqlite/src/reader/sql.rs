//! Every statement that reads, in one place, so that a test can ask SQLite how it runs each.
//!
//! Each begins with the tenant and names its index: a tenant's reading costs what the tenant has,
//! whatever else is in the file and whatever `ANALYZE` of the business application says.

use audit_core::query::Order;

use crate::writer::{BLOCK, Lookup};

/// Which index leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The tenant's log itself, narrowed to some verbs or actors.
    Log {
        verbs: bool,
        actors: bool,
    },
    /// What names an operation, a request or a cause, in full blocks of the whole log.
    Lookup(Lookup),
    /// The same behind those blocks.
    LookupTail(Lookup),
    /// Entries of a record in full blocks.
    Entity,
    /// Entries of a record behind the full blocks.
    Tail,
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
const THIN: &str = "e.seq, e.idx, e.time, e.verb, e.actor, e.outcome, e.severity, e.entity, e.label, e.shape, e.request_id, e.operation, e.cause";
const REST: &str = "e.changes, e.id, e.recorded, e.ip, e.agent, e.request_data, e.metadata, e.duration, e.principal, e.reason, e.error_class, e.error_text, e.truncated, e.sensitive";

impl Source {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 12] = [
        Self::Log {
            verbs: false,
            actors: false,
        },
        Self::Log {
            verbs: true,
            actors: false,
        },
        Self::Log {
            verbs: false,
            actors: true,
        },
        Self::Log {
            verbs: true,
            actors: true,
        },
        Self::Lookup(Lookup::Operation),
        Self::LookupTail(Lookup::Operation),
        Self::LookupTail(Lookup::Request),
        Self::LookupTail(Lookup::Cause),
        Self::Entity,
        Self::Tail,
        Self::Outcome,
        Self::Severity,
    ];

    /// Where rows are found by the index alone.
    fn keys(self) -> &'static str {
        match self {
            Self::Log { .. } | Self::Tail => "audit_entry AS e INDEXED BY audit_entry_index",
            Self::Lookup(_) => "audit_lookup AS p",
            Self::LookupTail(_) => "audit_entry AS e NOT INDEXED",
            Self::Entity => "audit_posting AS p",
            Self::Outcome => "audit_entry AS e INDEXED BY audit_entry_outcome",
            Self::Severity => "audit_entry AS e INDEXED BY audit_entry_severity",
        }
    }

    /// What has to be added to read whole rows.
    fn rows(self) -> &'static str {
        match self {
            Self::Lookup(_) | Self::Entity => {
                " CROSS JOIN audit_entry AS e ON e.seq = p.seq AND e.tenant = p.tenant"
            }
            _ => "",
        }
    }

    /// The range: tenant, bounds, values. A partial index is only used if its condition is said.
    /// Verb and actor are in the index of the log: an entry that is not meant is not looked up.
    fn range(self) -> String {
        let range = match self {
            Self::Log { verbs, actors } => match (verbs, actors) {
                (false, false) => "e.tenant = ?1 AND e.idx BETWEEN ?2 AND ?3",
                (true, false) => {
                    "e.tenant = ?1 AND e.idx BETWEEN ?2 AND ?3 AND e.verb BETWEEN ?4 AND ?5"
                }
                (false, true) => {
                    "e.tenant = ?1 AND e.idx BETWEEN ?2 AND ?3 AND e.actor BETWEEN ?6 AND ?7"
                }
                (true, true) => {
                    "e.tenant = ?1 AND e.idx BETWEEN ?2 AND ?3 AND e.verb BETWEEN ?4 AND ?5 AND e.actor BETWEEN ?6 AND ?7"
                }
            },
            Self::Lookup(lookup) => {
                let kind = lookup.number();
                return format!(
                    "p.kind = {kind} AND p.value = ?4 AND p.tenant = ?1 AND p.seq BETWEEN ?2 AND ?3"
                );
            }
            Self::LookupTail(lookup) => {
                let (open, column) = (behind_lookups(), lookup.column());
                return format!(
                    "e.seq BETWEEN max(?2, {open}) AND ?3 AND e.tenant = ?1 AND e.{column} = ?4"
                );
            }
            Self::Entity => "p.tenant = ?1 AND p.entity = ?4 AND p.seq BETWEEN ?2 AND ?3",
            Self::Tail => "e.tenant = ?1 AND e.idx BETWEEN ?2 AND ?3 AND e.entity = ?4",
            Self::Outcome => {
                "e.tenant = ?1 AND e.outcome = ?4 AND e.outcome <> 0 AND e.seq BETWEEN ?2 AND ?3"
            }
            Self::Severity => {
                "e.tenant = ?1 AND e.severity = ?4 AND e.severity <> 0 AND e.seq BETWEEN ?2 AND ?3"
            }
        };
        range.to_owned()
    }

    fn order(self) -> &'static str {
        match self {
            Self::Log { .. } | Self::Tail => "e.idx",
            Self::Lookup(_) | Self::Entity => "p.seq",
            _ => "e.seq",
        }
    }
}

/// The first entry of the log that `audit_lookup` does not tell of.
fn behind_lookups() -> String {
    format!("(SELECT (max(seq) + 1) / {BLOCK} * {BLOCK} FROM audit_entry)")
}

fn columns(width: Width) -> String {
    match width {
        Width::Thin => THIN.to_owned(),
        Width::Full => format!("{THIN}, {REST}"),
    }
}

/// The entries of one range in order. `slot` tells apart the cursors of one merge, since a cached
/// statement serves one at a time.
pub(crate) fn stream(source: Source, order: Order, width: Width, slot: usize) -> String {
    let columns = columns(width);
    let direction = match order {
        Order::OldestFirst => "ASC",
        _ => "DESC",
    };
    let (keys, rows) = (source.keys(), source.rows());
    let (range, by) = (source.range(), source.order());
    format!(
        "SELECT {columns} FROM {keys}{rows} WHERE {range} ORDER BY {by} {direction} /* {slot} */"
    )
}

/// How many entries a range has; from the index alone.
pub(crate) fn count(source: Source) -> String {
    let (keys, range) = (source.keys(), source.range());
    format!("SELECT count(*) FROM {keys} WHERE {range}")
}

/// Whether a range is short: counts up to [`PROBE`] entries, from the index alone.
pub(crate) fn probe(source: Source) -> String {
    let (keys, range) = (source.keys(), source.range());
    format!("SELECT count(*) FROM (SELECT 1 FROM {keys} WHERE {range} LIMIT 256)")
}

/// How far a probe counts.
pub(crate) const PROBE: i64 = 256;

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
    let open = behind_lookups();
    format!(
        "coalesce((SELECT p.seq FROM audit_lookup AS p WHERE p.kind = 0 AND p.value = {id} AND p.tenant = {tenant} LIMIT 1), (SELECT t.seq FROM audit_entry AS t NOT INDEXED WHERE t.seq >= {open} AND t.tenant = {tenant} AND t.id = {id} LIMIT 1))"
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
    /// Where a verb stands in full blocks; null where it is not rare.
    PLACES = "SELECT block, places FROM audit_tally WHERE tenant = ?1 AND kind = 1 AND number = ?2 AND block BETWEEN ?3 AND ?4";
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
        all.extend([by_id(), has_id(), attempt_by_id()]);
        all.extend([at_place(Width::Thin), at_place(Width::Full)]);
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
            // What names an id begins with it; tenants are in it as well, and are given.
            let lookup = "p USING PRIMARY KEY (kind=? AND value=? AND tenant=?";
            let leads: &[&str] = if sql == TENANT {
                &["(name=?)"]
            } else if [at_place(Width::Thin), at_place(Width::Full)].contains(&sql) {
                // Places come from the tenant's own tallies, and the row has to be the tenant's.
                &["e USING INTEGER PRIMARY KEY (rowid=?)"]
            } else if sql == by_id() || sql == has_id() {
                &[lookup, "t USING INTEGER PRIMARY KEY (rowid>?)", "(name=?)"]
            } else if sql.contains(&behind_lookups()) {
                // Fewer than 256 rows, whosoever they are.
                &["e USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"]
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
                // The end of the log.
                let newest = step == "SEARCH audit_entry";
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
        for source in Source::ALL {
            let plan = plan(
                &connection,
                &stream(source, Order::NewestFirst, Width::Full, 0),
            )
            .concat();
            assert!(
                ["rowid>? AND rowid<?", "idx>? AND idx<?", "seq>? AND seq<?"]
                    .iter()
                    .any(|bounds| plan.contains(bounds)),
                "{plan}"
            );
        }
        for source in Source::ALL {
            let plan = plan(&connection, &count(source)).concat();
            assert!(
                plan.contains("USING COVERING INDEX")
                    || plan.contains("SEARCH p USING PRIMARY KEY")
                    || matches!(source, Source::LookupTail(_)),
                "{plan}"
            );
        }
    }
}
