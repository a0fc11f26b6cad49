//! Values that repeat, as small numbers of their tenant.

use audit_core::{Actor, AuditEntry, Changes, Entity, Result};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::prepared::{Printed, Shape, fields_of_actor, fields_of_record, fields_of_verb, shape};
use super::recall::{Fingerprint, Prints, Recall};
use super::values::{Kind, RECORD, add, find, find_named, find_or_add, last_shape, text};

/// How many records are remembered, of each generation: what fills a map of 131,072 places, which is
/// 6 MiB. They are many, and a statement may change them all.
const RECORDS: usize = 114_688;
/// And of the values of each other kind: 16,384 places, 400 KiB.
const VALUES: usize = 14_336;

/// A tenant with more shapes has no more rows of them, as those that are too long have none: such an
/// entry has shape 0, and a search by field looks into it.
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

/// Finds the number of a value by its fields, or gives it the next one.
type Number<'a> = dyn Fn(&[ValueRef<'_>]) -> Result<i64> + 'a;

/// Remembers the numbers of values. Only a cache: everything is in the file.
pub(super) struct Interned {
    prints: Prints,
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
    /// Half of a fingerprint.
    name: u64,
    label: i64,
}

impl Interned {
    pub(super) fn new() -> Self {
        Self {
            prints: Prints::new(),
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

    /// What values are remembered by here.
    pub(super) fn prints(&self) -> &Prints {
        &self.prints
    }

    /// The numbers of an entry, whose values get one if they have none yet.
    pub(super) fn numbers(
        &mut self,
        connection: &Connection,
        tenant: i64,
        entry: &AuditEntry,
        printed: &Printed,
    ) -> Result<Numbers> {
        let (entity, label) = match &entry.entity {
            Some(entity) => self.entity(connection, tenant, entity, printed)?,
            None => (None, None),
        };
        let principal = entry.actor.principal().zip(printed.principal);
        let agent = entry.user_agent.as_deref().zip(printed.agent);
        Ok(Numbers {
            actor: self.actor(connection, tenant, &entry.actor, printed.actor)?,
            principal: match principal {
                Some((principal, print)) => Some(self.actor(connection, tenant, principal, print)?),
                None => None,
            },
            verb: self.number(connection, Kind::Verb, tenant, printed.verb, |number| {
                number(&fields_of_verb(entry))
            })?,
            entity,
            label,
            agent: match agent {
                Some((agent, print)) => {
                    let number = |number: &Number<'_>| number(&[text(agent)]);
                    Some(self.number(connection, Kind::Agent, tenant, print, number)?)
                }
                None => None,
            },
            shape: self.shape(connection, tenant, &entry.changes, printed.shape)?,
        })
    }

    fn actor(
        &mut self,
        connection: &Connection,
        tenant: i64,
        actor: &Actor,
        print: Fingerprint,
    ) -> Result<i64> {
        self.number(connection, Kind::Actor, tenant, print, |number| {
            fields_of_actor(actor, |fields| number(fields))?
        })
    }

    /// The number of a record and that of its name, or nothing for an entity that is only a type. The
    /// number 0 stands for an entity that has a name and no id.
    fn entity(
        &mut self,
        connection: &Connection,
        tenant: i64,
        entity: &Entity,
        printed: &Printed,
    ) -> Result<(Option<i64>, Option<i64>)> {
        if entity.id().is_none() {
            let Some(name) = entity.name() else {
                return Ok((None, None));
            };
            return Ok((Some(0), Some(self.label(connection, tenant, 0, name)?)));
        }
        let print = printed.name.half();
        let known = self.records.get(tenant, printed.record);
        let (number, label) = match (known, entity.name()) {
            (Some(known), None) => return Ok((Some(known.number), None)),
            (Some(known), Some(_)) => match known.called {
                Some(called) if called.name == print => {
                    return Ok((Some(known.number), Some(called.label)));
                }
                _ => (known.number, None),
            },
            (None, None) => {
                let number = fields_of_record(entity, |fields| {
                    find_or_add(connection, RECORD, tenant, fields)
                })?;
                (number?, None)
            }
            (None, Some(name)) => fields_of_record(entity, |fields| {
                Ok(match find_named(connection, tenant, *fields, name)? {
                    Some(found) => found,
                    None => (add(connection, RECORD, tenant, fields)?, None),
                })
            })??,
        };
        let label = match (label, entity.name()) {
            (None, Some(name)) => Some(self.label(connection, tenant, number, name)?),
            (label, _) => label,
        };
        let called = label.map(|label| Called { name: print, label });
        let record = Record { number, called };
        self.records.insert(tenant, printed.record, record);
        Ok((Some(number), label))
    }

    fn label(
        &mut self,
        connection: &Connection,
        tenant: i64,
        entity: i64,
        name: &str,
    ) -> Result<i64> {
        let fields = [ValueRef::Integer(entity), text(name)];
        let print = self.prints.of(&fields);
        self.number(connection, Kind::Label, tenant, print, |number| {
            number(&fields)
        })
    }

    fn shape(
        &mut self,
        connection: &Connection,
        tenant: i64,
        changes: &Changes,
        printed: Shape,
    ) -> Result<Option<i64>> {
        let print = match printed {
            Shape::Nothing => return Ok(None),
            Shape::Unlisted => return Ok(Some(UNLISTED_SHAPE)),
            Shape::Of(print) => print,
        };
        if let Some(known) = self.of(Kind::Shape).get(tenant, print) {
            return Ok(Some(known));
        }
        let Some(json) = shape(changes) else {
            return Ok(Some(UNLISTED_SHAPE));
        };
        let (sql, fields) = (Kind::Shape.sql(), [text(&json)]);
        let number = match find(connection, sql, tenant, &fields)? {
            Some(number) => number,
            None if last_shape(connection, tenant)? >= MAX_SHAPES => {
                return Ok(Some(UNLISTED_SHAPE));
            }
            None => add(connection, sql, tenant, &fields)?,
        };
        self.of(Kind::Shape).insert(tenant, print, number);
        Ok(Some(number))
    }

    /// The number that is remembered, or else that which `ask` gets by the fields.
    fn number(
        &mut self,
        connection: &Connection,
        kind: Kind,
        tenant: i64,
        print: Fingerprint,
        ask: impl FnOnce(&Number<'_>) -> Result<i64>,
    ) -> Result<i64> {
        if let Some(known) = self.of(kind).get(tenant, print) {
            return Ok(known);
        }
        let number = ask(&|fields| find_or_add(connection, kind.sql(), tenant, fields))?;
        self.of(kind).insert(tenant, print, number);
        Ok(number)
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
