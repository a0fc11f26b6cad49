//! The view `audit_log`: an entry as people and other tools see it.
//!
//! It says the same as `serde_json::to_value` of an entry, column by column, and needs nothing
//! but SQLite 3.38 itself.

/// The hyphenated text of a column with 16 bytes; null stays null.
macro_rules! uuid {
    ($c:literal) => {
        concat!(
            "lower(substr(hex(",
            $c,
            "), 1, 8) || '-' || substr(hex(",
            $c,
            "), 9, 4) || '-' || substr(hex(",
            $c,
            "), 13, 4) || '-' || substr(hex(",
            $c,
            "), 17, 4) || '-' || substr(hex(",
            $c,
            "), 21))"
        )
    };
}

/// An id: a number or text as it is, 16 bytes as a UUID, other bytes as the digits that they are.
macro_rules! key {
    ($c:literal) => {
        concat!(
            "CASE WHEN typeof(",
            $c,
            ") <> 'blob' THEN ",
            $c,
            " WHEN length(",
            $c,
            ") = 16 THEN ",
            uuid!($c),
            " WHEN length(",
            $c,
            ") > 0 THEN CAST(",
            $c,
            " AS TEXT) END"
        )
    };
}

/// The same inside JSON, where digits are a number.
macro_rules! json_key {
    ($c:literal) => {
        concat!(
            "CASE WHEN typeof(",
            $c,
            ") = 'text' THEN json_quote(",
            $c,
            ") WHEN typeof(",
            $c,
            ") = 'integer' THEN json(",
            $c,
            ") WHEN length(",
            $c,
            ") = 16 THEN json_quote(",
            uuid!($c),
            ") WHEN length(",
            $c,
            ") > 0 THEN json(CAST(",
            $c,
            " AS TEXT)) ELSE json('null') END"
        )
    };
}

/// RFC 3339 with six digits, of microseconds that may be negative; the remainder is made positive
/// first, since SQL rounds towards zero.
macro_rules! time {
    ($c:literal) => {
        concat!(
            "strftime('%Y-%m-%dT%H:%M:%S', (",
            $c,
            " - ((",
            $c,
            " % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch')",
            " || printf('.%06dZ', ((",
            $c,
            " % 1000000) + 1000000) % 1000000)"
        )
    };
}

macro_rules! actor_kind {
    ($c:literal) => {
        concat!(
            "CASE ",
            $c,
            " WHEN 0 THEN 'user' WHEN 1 THEN 'service' WHEN 2 THEN 'system'",
            " WHEN 3 THEN 'anonymous' WHEN 4 THEN 'unattributed' END"
        )
    };
}

/// What the view shows, with the columns that its migration has added at the end; where from; and where the
/// tenant, and the place of an entry with what it is about, are known first.
macro_rules! select {
    ($from:literal, $tenant:literal, $of:literal $(, $added:literal)?) => { concat!(
    "SELECT\n  ",
    uuid!("e.id"),
    " AS id,\n  ",
    time!("e.time"),
    " AS timestamp,\n  ",
    key!("a.key"),
    " AS actor,\n  ",
    "nullif(a.name, '') AS actor_name,\n  ",
    "v.action AS action,\n  ",
    "nullif(v.entity_type, '') AS entity_type,\n  ",
    key!("o.key"),
    " AS entity_id,\n  ",
    "l.name AS entity_name,\n  ",
    "t.name AS company,\n  ",
    "CASE typeof(e.ip) WHEN 'integer' THEN printf('%d.%d.%d.%d', (e.ip >> 24) & 255, (e.ip >> 16) & 255,",
    " (e.ip >> 8) & 255, e.ip & 255) ELSE e.ip END AS ip_address,\n  ",
    "g.agent AS user_agent,\n  ",
    "e.request_data AS request_data,\n  e.changes AS changes,\n  e.metadata AS metadata,\n  ",
    $of,
    "idx AS \"index\",\n  ",
    time!("(e.time + e.recorded)"),
    " AS recorded_at,\n  ",
    actor_kind!("a.kind"),
    " AS actor_kind,\n  ",
    "CASE WHEN e.principal IS NOT NULL THEN json_object('kind', ",
    actor_kind!("d.kind"),
    ", 'id', ",
    json_key!("d.key"),
    ", 'name', nullif(d.name, '')) END AS on_behalf_of,\n  ",
    "CASE e.outcome WHEN 0 THEN 'success' WHEN 1 THEN 'failure' WHEN 2 THEN 'denied' WHEN 3 THEN 'cancelled'",
    " WHEN 4 THEN 'panicked' WHEN 5 THEN 'interrupted' END AS outcome,\n  ",
    "CASE WHEN e.error_class IS NOT NULL THEN json_object('class', e.error_class, 'text', e.error_text) END AS error,\n  ",
    "e.duration AS duration_us,\n  e.reason AS reason,\n  ",
    "CASE e.severity WHEN 0 THEN 'info' WHEN 1 THEN 'notice' WHEN 2 THEN 'warning' WHEN 3 THEN 'critical' END AS severity,\n  ",
    "CASE typeof(e.request_id) WHEN 'blob' THEN ",
    uuid!("e.request_id"),
    " ELSE e.request_id END AS request_id,\n  ",
    "CASE WHEN e.operation IS NOT NULL THEN ",
    uuid!("e.operation"),
    " END AS operation,\n  ",
    "CASE WHEN e.cause IS NOT NULL THEN ",
    uuid!("e.cause"),
    " END AS cause,\n  ",
    "e.truncated AS truncated",
    $($added,)?
    "\n",
    $from,
    "\n",
    "JOIN audit_actor AS a ON a.tenant = ",
    $tenant,
    " AND a.n = ",
    $of,
    "actor\nJOIN audit_verb AS v ON v.tenant = ",
    $tenant,
    " AND v.n = ",
    $of,
    "verb\nLEFT JOIN audit_entity AS o ON o.tenant = ",
    $tenant,
    " AND o.n = ",
    $of,
    "entity\n",
    "LEFT JOIN audit_label AS l ON l.tenant = e.tenant AND l.n = e.label\n",
    "LEFT JOIN audit_agent AS g ON g.tenant = e.tenant AND g.n = e.agent\n",
    "LEFT JOIN audit_actor AS d ON d.tenant = e.tenant AND d.n = e.principal"
) };
}

macro_rules! first {
    ($($added:literal)?) => {
        concat!(
            "CREATE VIEW audit_log AS ",
            select!("FROM audit_entry AS e\nJOIN audit_tenant AS t ON t.n = e.tenant", "e.tenant", "e." $(, $added)?)
        )
    };
}

/// The view of the first schema.
pub(super) const FIRST: &str = first!();
/// The view with the paths of personal values.
pub(super) const WITH_SENSITIVE: &str = first!(",\n  e.sensitive AS sensitive");
/// The view that finds the entries of one `company` without an index of the log: those in full blocks by
/// their places, in order, and those behind them by looking at each.
pub(super) const BY_TENANT: &str = concat!(
    "CREATE VIEW audit_log AS\n",
    select!(
        "FROM audit_tenant AS t\nJOIN audit_place AS p ON p.tenant = t.n\nJOIN audit_entry AS e ON e.seq = p.seq AND e.tenant = p.tenant",
        "t.n",
        "p.",
        ",\n  e.sensitive AS sensitive"
    ),
    "\nUNION ALL\n",
    select!(
        "FROM audit_entry AS e\nJOIN audit_tenant AS t ON t.n = e.tenant",
        "e.tenant",
        "e.",
        ",\n  e.sensitive AS sensitive"
    ),
    "\nWHERE e.seq >= (SELECT max(open) FROM audit_block)"
);

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::migrate;

    #[test]
    fn the_view_finds_the_entries_of_one_company() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        let plan = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get(3)).unwrap();
            rows.collect::<rusqlite::Result<_>>().unwrap()
        };
        for sql in [
            "SELECT * FROM audit_log WHERE company = 'acme'",
            "SELECT id, changes FROM audit_log WHERE action = 'delete' AND company = 'acme' ORDER BY \"index\"",
            "SELECT action, count(*) FROM audit_log WHERE company = 'acme' GROUP BY action",
        ] {
            let plan = plan(&format!("EXPLAIN QUERY PLAN {sql}"));
            assert!(
                plan.iter()
                    .any(|step| step.contains("SEARCH p USING PRIMARY KEY (tenant=?)")),
                "{sql}\n{plan:#?}"
            );
            assert!(
                plan.iter().all(|step| !step.contains("SCAN e")),
                "{sql}\n{plan:#?}"
            );
        }
        // A page is read in order: only what is behind the full blocks is sorted, and one entry is found.
        let newest =
            "SELECT * FROM audit_log WHERE company = 'acme' ORDER BY \"index\" DESC LIMIT 20";
        let newest = plan(&format!("EXPLAIN QUERY PLAN {newest}"));
        let sorts = newest.iter().filter(|step| step.contains("TEMP B-TREE"));
        assert_eq!(sorts.count(), 1, "{newest:#?}");
        let one = "SELECT * FROM audit_log WHERE company = 'acme' AND \"index\" = 7";
        let one = plan(&format!("EXPLAIN QUERY PLAN {one}"));
        assert!(
            one.iter().any(|step| step.contains("(tenant=? AND idx=?)")),
            "{one:#?}"
        );
    }
}
