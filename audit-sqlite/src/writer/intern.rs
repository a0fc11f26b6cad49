//! Values that repeat, as small numbers of their tenant.

use audit_core::{Actor, Changes, Entity, Result};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};

use super::recall::{Fingerprint, Recall};
use crate::codec::{Key, Numbered};
use crate::error::{Phase, during};

/// A side table whose numbers are remembered by value alone; records have more, see [`Record`].
#[derive(Clone, Copy)]
enum Kind {
    Actor,
    Verb,
    Label,
    Agent,
    Shape,
}

/// How a value is found, and how it is added with the next number of its tenant.
///
/// Where SQLite compares a parameter with a column it looks at the value when it plans, unless the
/// connection forbids it, which that of a caller does not; and so it compiles the statement anew for
/// each value. A plus sign keeps it from looking.
#[derive(Clone, Copy)]
struct Sql {
    find: &'static str,
    add: &'static str,
}

const RECORD: Sql = Sql {
    find: "SELECT n FROM audit_entity WHERE tenant = +?1 AND key = +?2 AND type = +?3",
    add: "INSERT INTO audit_entity (tenant, n, key, type) SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3 FROM audit_entity WHERE tenant = +?1 RETURNING n",
};

impl Kind {
    const COUNT: usize = 5;

    const fn sql(self) -> Sql {
        match self {
            Self::Actor => Sql {
                find: "SELECT n FROM audit_actor WHERE tenant = +?1 AND kind = +?2 AND key = +?3 AND name = +?4",
                add: "INSERT INTO audit_actor (tenant, n, kind, key, name) SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3, ?4 FROM audit_actor WHERE tenant = +?1 RETURNING n",
            },
            Self::Verb => Sql {
                find: "SELECT n FROM audit_verb WHERE tenant = +?1 AND action = +?2 AND entity_type = +?3",
                add: "INSERT INTO audit_verb (tenant, n, action, entity_type) SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3 FROM audit_verb WHERE tenant = +?1 RETURNING n",
            },
            Self::Label => Sql {
                find: "SELECT n FROM audit_label WHERE tenant = +?1 AND entity = +?2 AND name = +?3",
                add: "INSERT INTO audit_label (tenant, n, entity, name) SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3 FROM audit_label WHERE tenant = +?1 RETURNING n",
            },
            Self::Agent => Sql {
                find: "SELECT n FROM audit_agent WHERE tenant = +?1 AND agent = +?2",
                add: "INSERT INTO audit_agent (tenant, n, agent) SELECT ?1, coalesce(max(n), 0) + 1, ?2 FROM audit_agent WHERE tenant = +?1 RETURNING n",
            },
            Self::Shape => Sql {
                find: "SELECT n FROM audit_shape WHERE tenant = +?1 AND fields = +?2",
                add: "INSERT INTO audit_shape (tenant, n, fields) SELECT ?1, coalesce(max(n), 0) + 1, ?2 FROM audit_shape WHERE tenant = +?1 RETURNING n",
            },
        }
    }
}

const FIND_NAMED: &str = "SELECT e.n, l.n FROM audit_entity AS e LEFT JOIN audit_label AS l ON l.tenant = e.tenant AND l.entity = e.n AND l.name = +?4 WHERE e.tenant = +?1 AND e.key = +?2 AND e.type = +?3";

/// How many records are remembered, of each generation: what fills a map of 131,072 places, which is
/// 6 MiB. They are many, and a statement may change them all.
const RECORDS: usize = 114_688;
/// And of the values of each other kind: 16,384 places, 400 KiB.
const VALUES: usize = 14_336;

/// A shape with more fields than this, or a tenant with more shapes, is not worth a row: such an
/// entry has shape 0, and a search by field looks into it.
const MAX_SHAPE_FIELDS: usize = 64;
const MAX_SHAPE_BYTES: usize = 1024;
const MAX_SHAPES: i64 = 4096;
pub(crate) const UNLISTED_SHAPE: i64 = 0;

/// The numbers of an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    pub(super) actor: i64,
    pub(super) principal: Option<i64>,
    pub(super) verb: i64,
    pub(super) entity: Option<i64>,
    pub(super) label: Option<i64>,
    pub(super) agent: Option<i64>,
    pub(super) shape: Option<i64>,
}

/// Remembers the numbers of values. Only a cache: everything is in the file.
pub(super) struct Interned {
    records: Recall<Record>,
    known: [Recall; Kind::COUNT],
}

/// What is known of a record.
#[derive(Clone, Copy)]
struct Record {
    number: i64,
    /// What it was called when it was last met.
    called: Option<Called>,
}

#[derive(Clone, Copy)]
struct Called {
    /// Half of a fingerprint: it is compared with one other, not looked for among many.
    name: u64,
    label: i64,
}

impl Interned {
    pub(super) fn new() -> Self {
        Self {
            records: Recall::new(RECORDS),
            known: std::array::from_fn(|_| Recall::new(VALUES)),
        }
    }

    pub(super) fn clear(&mut self) {
        self.records.clear();
        for known in &mut self.known {
            known.clear();
        }
    }

    pub(super) fn actor(
        &mut self,
        connection: &Connection,
        tenant: i64,
        actor: &Actor,
    ) -> Result<i64> {
        let key = Key::of(actor.id())?;
        let fields = [
            ValueRef::Integer(actor.kind().number()?),
            key.as_value(),
            text(actor.name().unwrap_or_default()),
        ];
        self.number(connection, Kind::Actor, tenant, &fields)
    }

    pub(super) fn verb(
        &mut self,
        connection: &Connection,
        tenant: i64,
        action: &str,
        entity_type: &str,
    ) -> Result<i64> {
        self.number(
            connection,
            Kind::Verb,
            tenant,
            &[text(action), text(entity_type)],
        )
    }

    /// The number of a record, or nothing for an entity that is only a type. The number 0 stands
    /// for an entity that has a name and no id.
    pub(super) fn entity(
        &mut self,
        connection: &Connection,
        tenant: i64,
        entity: &Entity,
    ) -> Result<(Option<i64>, Option<i64>)> {
        let key = Key::of(entity.id())?;
        let value = [key.as_value(), text(entity.entity_type())];
        match (entity.id(), entity.name()) {
            (None, None) => Ok((None, None)),
            (None, Some(name)) => Ok((Some(0), Some(self.label(connection, tenant, 0, name)?))),
            (Some(_), None) => {
                let fingerprint = self.records.fingerprint(tenant, &value);
                if let Some(known) = self.records.get(fingerprint) {
                    return Ok((Some(known.number), None));
                }
                let number = find_or_add(connection, RECORD, tenant, &value)?;
                let record = Record {
                    number,
                    called: None,
                };
                self.records.insert(fingerprint, record);
                Ok((Some(number), None))
            }
            (Some(_), Some(name)) => self.named(connection, tenant, value, name),
        }
    }

    /// A record and its name. One that is met again is mostly called as before: one look finds both.
    fn named(
        &mut self,
        connection: &Connection,
        tenant: i64,
        value: [ValueRef<'_>; 2],
        name: &str,
    ) -> Result<(Option<i64>, Option<i64>)> {
        let fingerprint = self.records.fingerprint(tenant, &value);
        let [print, _] = self.records.fingerprint(tenant, &[text(name)]);
        let (number, label) = match self.records.get(fingerprint) {
            Some(known) => match known.called {
                Some(called) if called.name == print => {
                    return Ok((Some(known.number), Some(called.label)));
                }
                _ => (known.number, None),
            },
            None => match find_named(connection, tenant, value, name)? {
                Some(found) => found,
                None => (add(connection, RECORD, tenant, &value)?, None),
            },
        };
        let label = match label {
            Some(label) => label,
            None => self.label(connection, tenant, number, name)?,
        };
        let called = Some(Called { name: print, label });
        self.records.insert(fingerprint, Record { number, called });
        Ok((Some(number), Some(label)))
    }

    fn label(
        &mut self,
        connection: &Connection,
        tenant: i64,
        entity: i64,
        name: &str,
    ) -> Result<i64> {
        let fields = [ValueRef::Integer(entity), text(name)];
        self.number(connection, Kind::Label, tenant, &fields)
    }

    pub(super) fn agent(
        &mut self,
        connection: &Connection,
        tenant: i64,
        agent: &str,
    ) -> Result<i64> {
        self.number(connection, Kind::Agent, tenant, &[text(agent)])
    }

    pub(super) fn shape(
        &mut self,
        connection: &Connection,
        tenant: i64,
        changes: &Changes,
    ) -> Result<Option<i64>> {
        if changes.is_empty() {
            return Ok(None);
        }
        let mut fields = changes.fields();
        let bytes: usize = fields.iter().map(|field| field.len() + 3).sum();
        if fields.len() > MAX_SHAPE_FIELDS || bytes > MAX_SHAPE_BYTES {
            return Ok(Some(UNLISTED_SHAPE));
        }
        fields.sort_unstable();
        let Ok(json) = serde_json::to_string(&fields) else {
            return Ok(Some(UNLISTED_SHAPE));
        };
        let values = [text(&json)];
        let fingerprint = match self.recall(Kind::Shape, tenant, &values) {
            Ok(known) => return Ok(Some(known)),
            Err(fingerprint) => fingerprint,
        };
        let sql = Kind::Shape.sql();
        let number = match find(connection, sql, tenant, &values)? {
            Some(number) => number,
            None if shapes(connection, tenant)? >= MAX_SHAPES => UNLISTED_SHAPE,
            None => add(connection, sql, tenant, &values)?,
        };
        if number != UNLISTED_SHAPE {
            self.of(Kind::Shape).insert(fingerprint, number);
        }
        Ok(Some(number))
    }

    fn number(
        &mut self,
        connection: &Connection,
        kind: Kind,
        tenant: i64,
        fields: &[ValueRef<'_>],
    ) -> Result<i64> {
        let fingerprint = match self.recall(kind, tenant, fields) {
            Ok(known) => return Ok(known),
            Err(fingerprint) => fingerprint,
        };
        let number = find_or_add(connection, kind.sql(), tenant, fields)?;
        self.of(kind).insert(fingerprint, number);
        Ok(number)
    }

    /// The number that is remembered for a value, or else what it will be remembered by.
    fn recall(
        &mut self,
        kind: Kind,
        tenant: i64,
        fields: &[ValueRef<'_>],
    ) -> std::result::Result<i64, Fingerprint> {
        let known = self.of(kind);
        let fingerprint = known.fingerprint(tenant, fields);
        known.get(fingerprint).ok_or(fingerprint)
    }

    fn of(&mut self, kind: Kind) -> &mut Recall {
        let [actor, verb, label, agent, shape] = &mut self.known;
        match kind {
            Kind::Actor => actor,
            Kind::Verb => verb,
            Kind::Label => label,
            Kind::Agent => agent,
            Kind::Shape => shape,
        }
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.records.len() + self.known.iter().map(Recall::len).sum::<usize>()
    }
}

fn text(text: &str) -> ValueRef<'_> {
    ValueRef::Text(text.as_bytes())
}

fn find_or_add(
    connection: &Connection,
    sql: Sql,
    tenant: i64,
    fields: &[ValueRef<'_>],
) -> Result<i64> {
    match find(connection, sql, tenant, fields)? {
        Some(number) => Ok(number),
        None => add(connection, sql, tenant, fields),
    }
}

fn find(
    connection: &Connection,
    sql: Sql,
    tenant: i64,
    fields: &[ValueRef<'_>],
) -> Result<Option<i64>> {
    run(connection, sql.find, tenant, fields)
        .optional()
        .map_err(during(Phase::Write))
}

/// A record's number, and that of its name, in one look.
fn find_named(
    connection: &Connection,
    tenant: i64,
    value: [ValueRef<'_>; 2],
    name: &str,
) -> Result<Option<(i64, Option<i64>)>> {
    let [key, entity_type] = value;
    let fields = [key, entity_type, text(name)];
    query(connection, FIND_NAMED, tenant, &fields, |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
    .optional()
    .map_err(during(Phase::Write))
}

fn add(connection: &Connection, sql: Sql, tenant: i64, fields: &[ValueRef<'_>]) -> Result<i64> {
    run(connection, sql.add, tenant, fields).map_err(during(Phase::Write))
}

fn run(
    connection: &Connection,
    sql: &str,
    tenant: i64,
    fields: &[ValueRef<'_>],
) -> rusqlite::Result<i64> {
    query(connection, sql, tenant, fields, |row| row.get(0))
}

fn query<R>(
    connection: &Connection,
    sql: &str,
    tenant: i64,
    fields: &[ValueRef<'_>],
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<R>,
) -> rusqlite::Result<R> {
    struct Bound<'a>(ValueRef<'a>);

    impl ToSql for Bound<'_> {
        fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
            Ok(ToSqlOutput::Borrowed(self.0))
        }
    }

    let values = std::iter::once(ValueRef::Integer(tenant)).chain(fields.iter().copied());
    connection
        .prepare_cached(sql)?
        .query_row(rusqlite::params_from_iter(values.map(Bound)), read)
}

fn shapes(connection: &Connection, tenant: i64) -> Result<i64> {
    let sql = "SELECT coalesce(max(n), 0) FROM audit_shape WHERE tenant = +?1";
    run(connection, sql, tenant, &[]).map_err(during(Phase::Write))
}
