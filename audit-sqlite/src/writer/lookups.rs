//! What entries are looked up by: where they stand in the log of their tenant, their ids, and the
//! operations, requests and causes that they name.
//!
//! Rows of `audit_place` and `audit_lookup` are written with the batch that makes 256 entries full, whatever
//! tenants they are of, so that a single entry dirties no page for them. The entries behind those
//! are looked at one by one, by readers in the file, by the writer in its [memory](super::tail).

use std::sync::LazyLock;

use audit_core::{AuditEntry, Result};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row};
use uuid::Uuid;

use super::intern::Numbers;
use super::newest::id_from;
use super::rows::Rows;
use crate::codec::RequestKey;
use crate::error::{Phase, during};

/// What a row of `audit_lookup` is about; 0 is the id of the entry itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    Operation,
    Request,
    Cause,
}

impl Lookup {
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Operation => 1,
            Self::Request => 2,
            Self::Cause => 3,
        }
    }

    /// The column of an entry that it is.
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::Operation => "operation",
            Self::Request => "request_id",
            Self::Cause => "cause",
        }
    }
}

/// A row says all by being there. `OR IGNORE` also spares a statement the journal by which it would be taken
/// back alone: SQLite looks for a conflict before it writes anything of a row.
static LOOKUPS: LazyLock<Rows<4>> =
    LazyLock::new(|| Rows::new("INSERT OR IGNORE INTO audit_lookup (kind, value, tenant, seq)"));
static PLACES: LazyLock<Rows<6>> = LazyLock::new(|| {
    Rows::new("INSERT OR IGNORE INTO audit_place (tenant, idx, seq, verb, actor, entity)")
});
const BEHIND: &str = "SELECT tenant, idx, seq, id, time, verb, actor, entity, operation, request_id, cause FROM audit_entry WHERE seq BETWEEN +?1 AND +?2";

/// What an entry is looked up by.
pub(super) struct Keys {
    pub(super) tenant: i64,
    pub(super) index: i64,
    pub(super) seq: i64,
    pub(super) id: [u8; 16],
    pub(super) time: i64,
    pub(super) verb: i64,
    pub(super) actor: i64,
    pub(super) entity: Option<i64>,
    /// Whatever stands there, as with the next ones.
    operation: Option<Value>,
    request: Option<Value>,
    cause: Option<Value>,
}

impl Keys {
    /// Of an entry that stands at a place.
    pub(super) fn of(
        entry: &AuditEntry,
        numbers: Numbers,
        (tenant, index, seq): (i64, i64, i64),
    ) -> Self {
        Self {
            tenant,
            index,
            seq,
            id: entry.id.into_bytes(),
            time: entry.timestamp.timestamp_micros(),
            verb: numbers.verb,
            actor: numbers.actor,
            entity: numbers.entity,
            operation: entry.operation.map(bytes),
            request: entry
                .request_id
                .as_deref()
                .map(|id| RequestKey::of(id).to_value()),
            cause: entry.cause.map(bytes),
        }
    }

    fn itself(&self) -> Named<'_> {
        Named {
            kind: 0,
            value: ValueRef::Blob(&self.id),
            keys: self,
        }
    }

    fn named(&self, kind: Lookup) -> Option<Named<'_>> {
        let value = match kind {
            Lookup::Operation => &self.operation,
            Lookup::Request => &self.request,
            Lookup::Cause => &self.cause,
        };
        Some(Named {
            kind: kind.number(),
            value: value.as_ref()?.into(),
            keys: self,
        })
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            tenant: row.get(0)?,
            index: row.get(1)?,
            seq: row.get(2)?,
            id: id_from(row.get_ref(3)?),
            time: row.get(4)?,
            verb: row.get(5)?,
            actor: row.get(6)?,
            entity: row.get(7)?,
            operation: row.get(8)?,
            request: row.get(9)?,
            cause: row.get(10)?,
        })
    }
}

/// What an entry names, or its id.
struct Named<'a> {
    kind: i64,
    value: ValueRef<'a>,
    keys: &'a Keys,
}

fn bytes(id: Uuid) -> Value {
    Value::Blob(id.as_bytes().to_vec())
}

/// Reads those of the entries from one number to another.
pub(super) fn read(
    connection: &Connection,
    (first, last): (i64, i64),
    each: &mut impl FnMut(Keys),
) -> Result<()> {
    let failed = during(Phase::Write);
    let mut behind = connection.prepare_cached(BEHIND).map_err(failed)?;
    let mut rows = behind.query([first, last]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        each(Keys::read(row).map_err(failed)?);
    }
    Ok(())
}

/// Writes those of full blocks.
pub(super) fn write(connection: &Connection, block: &mut [Keys]) -> Result<()> {
    let mut lookups: Vec<Named<'_>> = block.iter().map(Keys::itself).collect();
    for kind in [Lookup::Operation, Lookup::Request, Lookup::Cause] {
        lookups.extend(block.iter().filter_map(|keys| keys.named(kind)));
    }
    LOOKUPS.write(connection, &lookups, |named| {
        [
            ValueRef::Integer(named.kind),
            named.value,
            ValueRef::Integer(named.keys.tenant),
            ValueRef::Integer(named.keys.seq),
        ]
    })?;
    // In the order of the table, tenant by tenant.
    block.sort_unstable_by_key(|keys| (keys.tenant, keys.index));
    PLACES.write(connection, block, |keys| {
        [
            ValueRef::Integer(keys.tenant),
            ValueRef::Integer(keys.index),
            ValueRef::Integer(keys.seq),
            ValueRef::Integer(keys.verb),
            ValueRef::Integer(keys.actor),
            keys.entity.map_or(ValueRef::Null, ValueRef::Integer),
        ]
    })
}

#[cfg(test)]
mod tests {
    use audit_core::store::Appended;
    use audit_core::{AuditStore, Tenant};

    use super::super::tests::{entries, open};
    use super::*;

    fn rows(connection: &Connection, kind: i64) -> (i64, i64) {
        let sql = "SELECT count(*), total(EXISTS (SELECT 1 FROM audit_entry AS e WHERE e.seq = l.seq AND e.tenant = l.tenant
                       AND CASE kind WHEN 0 THEN e.id WHEN 1 THEN e.operation WHEN 2 THEN e.request_id ELSE e.cause END = value))
                   FROM audit_lookup AS l WHERE kind = ?1";
        let row = connection.query_row(sql, [kind], |row| Ok((row.get(0)?, row.get::<_, f64>(1)?)));
        let (all, right) = row.unwrap();
        #[expect(clippy::cast_possible_truncation, reason = "a count")]
        let right = right as i64;
        (all, right)
    }

    #[test]
    fn full_blocks_are_looked_up_and_the_rest_is_walked() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = open(&folder.path().join("a.db"));
        let mut all = entries(1_000, 1);
        for (n, entry) in (0..).zip(&mut all) {
            entry.operation = (n % 3 == 0).then(|| Uuid::from_u128(n / 30));
            entry.request_id = (n % 5 == 0).then(|| format!("r-{n}"));
            entry.cause = (n % 7 == 0).then(|| Uuid::from_u128(1_000 + n));
        }
        for batch in all.chunks(77) {
            writer.append(batch).unwrap();
        }
        let connection = writer.connection().unwrap();
        // Written with the batch that fills a block: after four, eight and twelve of 77.
        assert_eq!(rows(connection, 0), (924, 924));
        for (kind, every) in [
            (Lookup::Operation, 3),
            (Lookup::Request, 5),
            (Lookup::Cause, 7),
        ] {
            let expected = 924_i64.div_euclid(every) + i64::from(924 % every != 0);
            assert_eq!(rows(connection, kind.number()), (expected, expected));
        }
    }

    #[test]
    fn an_id_comes_once_wherever_it_stands_and_whoever_wrote_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let (mut first, mut second) = (open(&path), open(&path));
        let all = entries(600, 1);
        for (n, batch) in all.chunks(50).enumerate() {
            let writer = if n % 3 == 0 { &mut first } else { &mut second };
            writer.append(batch).unwrap();
        }
        for writer in [&mut first, &mut second] {
            let again = writer.append(&all).unwrap();
            let is_present = |what: &Appended| matches!(what, Appended::Present { .. });
            assert!(again.iter().all(is_present));
        }
        // In a process that knows nothing yet, too, and an id that is lower than all others.
        let mut third = open(&path);
        let mut low = all[0].clone();
        low.id = Uuid::from_u128(1);
        let appended = third.append(&[low.clone(), low, all[599].clone()]).unwrap();
        assert!(matches!(
            appended[..],
            [
                Appended::Stored { .. },
                Appended::Present { .. },
                Appended::Present { .. }
            ]
        ));
    }

    #[test]
    fn an_id_comes_once_in_a_batch_that_fills_many_blocks() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = open(&folder.path().join("a.db"));
        // Every third one again, some right behind it, some after it was written; and ids in no order.
        let all = entries(2_000, 1);
        let mut batch = Vec::new();
        for (n, entry) in all.iter().enumerate() {
            batch.push(all[n * 7 % all.len()].clone());
            if n % 3 == 0 {
                batch.push(entry.clone());
            }
        }
        let appended = writer.append(&batch).unwrap();
        let mut seen = std::collections::HashMap::new();
        for (entry, what) in batch.iter().zip(&appended) {
            match (seen.get(&entry.id), what) {
                (None, Appended::Stored { index }) => {
                    seen.insert(entry.id, *index);
                }
                (Some(known), Appended::Present { index }) => assert_eq!(known, index),
                (known, what) => panic!("{known:?} {what:?}"),
            }
        }
        assert_eq!(seen.len(), 2_000);
        let (ids, right) = rows(writer.connection().unwrap(), 0);
        assert!(ids == right && ids > 2_000 - 256, "{ids} {right}");
    }

    #[test]
    fn entries_are_found_by_their_ids_in_blocks_and_behind_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = crate::SqliteStore::open(&path).unwrap();
        let all = entries(300, 1);
        store.append(&all).unwrap();
        for entry in &all {
            let found = store.entry(&entry.tenant, entry.id).unwrap().unwrap();
            assert_eq!(found.id, entry.id);
            let other = Tenant::from("somebody else");
            assert!(store.entry(&other, entry.id).unwrap().is_none());
        }
    }
}
