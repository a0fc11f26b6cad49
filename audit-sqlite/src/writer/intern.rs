//! Values that repeat, as small numbers of their tenant.

use audit_core::{Actor, Changes, Entity, Result};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::recall::{Fingerprint, Recall};
use super::values::{Kind, RECORD, add, find, find_named, find_or_add, last_shape, text};
use crate::codec::{Key, Numbered};

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
            None if last_shape(connection, tenant)? >= MAX_SHAPES => UNLISTED_SHAPE,
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
