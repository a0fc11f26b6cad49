//! What is written for full blocks says what the entries in them say, however large the batches were.

use audit_core::AuditStore;
use audit_core::store::Appended;
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::{SqliteOptions, SqliteStore, Synchronous};
use uuid::Uuid;

use crate::sample::{self, Dice};

/// Each table with the rows that it should have.
const KEPT: &[(&str, &str)] = &[
    (
        "audit_place",
        "SELECT tenant, idx, seq, verb, actor, entity FROM written",
    ),
    (
        "audit_lookup",
        "SELECT 0, id, tenant, seq FROM written
         UNION ALL SELECT 1, operation, tenant, seq FROM written WHERE operation IS NOT NULL
         UNION ALL SELECT 2, request_id, tenant, seq FROM written WHERE request_id IS NOT NULL
         UNION ALL SELECT 3, cause, tenant, seq FROM written WHERE cause IS NOT NULL",
    ),
    (
        "audit_span",
        "SELECT tenant, idx / 256, min(time), max(time) FROM audit_entry GROUP BY 1, 2 HAVING count(*) = 256",
    ),
    (
        "audit_posting",
        "SELECT tenant, entity, seq FROM summed WHERE entity IS NOT NULL",
    ),
    (
        "audit_tally",
        "SELECT tenant, 1, verb, idx / 256, min(idx), count(*), CASE WHEN count(*) <= 32 THEN unhex(group_concat(printf('%016x', seq), '' ORDER BY seq)) END
         FROM summed GROUP BY tenant, verb, idx / 256
         UNION ALL
         SELECT tenant, 2, actor, idx / 256, min(idx), count(*), NULL FROM summed GROUP BY tenant, actor, idx / 256",
    ),
];

/// Compares each of the tables with the log, row by row.
pub(crate) fn check(connection: &Connection) {
    for (table, expected) in KEPT {
        let sql = format!(
            "WITH written AS (SELECT * FROM audit_entry WHERE seq < (SELECT max(open) FROM audit_block)),
                  summed AS (SELECT e.* FROM audit_entry AS e JOIN audit_span AS s ON s.tenant = e.tenant AND s.block = e.idx / 256),
                  expected AS ({expected})
             SELECT (SELECT count(*) FROM {table}), (SELECT count(*) FROM expected),
                    (SELECT count(*) FROM (SELECT * FROM {table} EXCEPT SELECT * FROM expected))"
        );
        let (rows, expected, others): (i64, i64, i64) = connection
            .query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        assert_eq!((rows, others), (expected, 0), "{table}");
    }
    let behind: i64 = connection
        .query_row(
            "SELECT count(*) FROM audit_entry WHERE seq >= (SELECT max(open) FROM audit_block)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(behind < 256, "{behind}");
}

#[test]
fn batches_of_every_size_keep_the_same() {
    const SIZES: &[usize] = &[
        1, 100, 255, 256, 257, 511, 1023, 1024, 1025, 1500, 2048, 3000,
    ];
    for seed in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let options = || SqliteOptions::new().synchronous(Synchronous::Normal);
        let stores = [(); 2].map(|()| SqliteStore::open_with(&path, options()).unwrap());
        let connection = Connection::open(&path).unwrap();
        let mut dice = Dice::new(seed);
        let names: Vec<String> = (0..20).map(|n| format!("tenant {n}")).collect();
        let mut logs = std::collections::HashMap::<String, u64>::new();
        for step in 0..8 {
            // More tenants from step to step, of which one may have all.
            let mut tenants: Vec<&str> = names[..=step * 2].iter().map(String::as_str).collect();
            if dice.one_in(3) {
                tenants.truncate(1);
            }
            let size = dice.pick(SIZES);
            let mut batch = sample::entries(dice.roll(1 << 40) as u64, size, &tenants);
            let in_order = dice.one_in(2);
            for entry in batch.iter_mut().filter(|_| in_order) {
                entry.id = Uuid::now_v7();
            }
            for _ in 0..dice.roll(20) {
                let again = dice.pick(&batch);
                batch.insert(dice.roll(batch.len() + 1), again);
            }
            let appended = dice.pick(&stores).append(&batch).unwrap();
            for (entry, what) in batch.iter().zip(appended) {
                let next = logs.entry(entry.tenant.to_string()).or_default();
                match what {
                    Appended::Stored { index } => {
                        assert_eq!(index, *next, "{seed} {step}");
                        *next += 1;
                    }
                    Appended::Present { index } => assert!(index < *next, "{seed} {step}"),
                    other => panic!("{seed} {step}: {other:?}"),
                }
            }
            check(&connection);
        }
    }
}

#[test]
fn many_small_batches_keep_the_same_whoever_wrote_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let stores = [(); 3].map(|()| SqliteStore::open(&path).unwrap());
    let all = sample::entries(1, 2_600, &["acme"]);
    let mut rest = all.as_slice();
    for n in 0.. {
        let size = rest.len().min(1 + n * 37 % 90);
        let (batch, others) = rest.split_at(size);
        stores[n % 3].append(batch).unwrap();
        rest = others;
        if rest.is_empty() {
            break;
        }
    }
    let connection = Connection::open(&path).unwrap();
    check(&connection);
    for (table, _) in KEPT {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table})");
        let is_filled: bool = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert!(is_filled, "{table}");
    }
}
