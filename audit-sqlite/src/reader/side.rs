//! Values that repeat, read once and remembered.
//!
//! Joining four side tables to each entry costs half the speed of a page; looking a number up in
//! memory costs next to nothing. What is remembered belongs to one connection and is bounded.

use std::sync::Arc;

use audit_core::{Actor, ActorKind, Entity, EntityId, Result, Tenant};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};

use super::row::{integer, text, value};
use super::sql;
use crate::bounded::{Bounded, Numbers};
use crate::codec::{Numbered, id_from};
use crate::error::{Phase, corrupt, during};

const MAX_REMEMBERED: usize = 64 * 1024;
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// What a map and a shared pointer need for a value besides itself.
const OVERHEAD: usize = 96;

/// Where numbers are looked up.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) tenant: i64,
}

/// An action on a type of record.
pub(crate) struct Verb {
    pub(crate) action: Box<str>,
    pub(crate) entity_type: Option<Box<str>>,
}

type Known<T> = Bounded<(i64, i64), Arc<T>, Numbers>;

/// What one connection has read of the side tables.
pub(crate) struct Side {
    tenants: Bounded<Tenant, i64>,
    actors: Known<Actor>,
    verbs: Known<Verb>,
    entities: Bounded<(i64, i64, i64), Arc<Entity>, Numbers>,
    labels: Known<str>,
    agents: Known<str>,
}

impl Side {
    pub(crate) fn new() -> Self {
        Self {
            tenants: Bounded::new(MAX_REMEMBERED, MAX_BYTES),
            actors: Bounded::new(MAX_REMEMBERED, MAX_BYTES),
            verbs: Bounded::new(MAX_REMEMBERED, MAX_BYTES),
            entities: Bounded::new(MAX_REMEMBERED, MAX_BYTES),
            labels: Bounded::new(MAX_REMEMBERED, MAX_BYTES),
            agents: Bounded::new(MAX_REMEMBERED, MAX_BYTES),
        }
    }

    /// The number of a tenant, if it has one.
    pub(crate) fn tenant(
        &mut self,
        connection: &Connection,
        tenant: &Tenant,
    ) -> Result<Option<i64>> {
        if let Some(known) = self.tenants.get(tenant) {
            return Ok(Some(known));
        }
        let number: Option<i64> = connection
            .prepare_cached(sql::TENANT)
            .and_then(|mut find| {
                find.query_row([tenant.as_str()], |row| row.get(0))
                    .optional()
            })
            .map_err(during(Phase::Read))?;
        if let Some(number) = number {
            self.tenants
                .insert(tenant.clone(), number, tenant.as_str().len() + OVERHEAD);
        }
        Ok(number)
    }

    pub(crate) fn actor(&mut self, scope: Scope<'_>, n: i64) -> Result<Arc<Actor>> {
        look_up(&mut self.actors, scope, n, sql::ACTOR, |row| {
            let mut actor = Actor::new(ActorKind::from_number(integer(row, 0)?)?);
            if let Some(id) = id_from(value(row, 1)?)? {
                actor = actor.identified(id);
            }
            let name = text(row, 2)?;
            let bytes = 128 + name.len();
            // An empty name is none.
            Ok((Arc::new(actor.named(name)), bytes))
        })
    }

    pub(crate) fn verb(&mut self, scope: Scope<'_>, n: i64) -> Result<Arc<Verb>> {
        look_up(&mut self.verbs, scope, n, sql::VERB, |row| {
            let (action, entity_type) = (text(row, 0)?, text(row, 1)?);
            let verb = Verb {
                action: action.into(),
                entity_type: (!entity_type.is_empty()).then(|| entity_type.into()),
            };
            Ok((Arc::new(verb), action.len() + entity_type.len()))
        })
    }

    /// A record under the name it had. An entity without id has the number 0; its type is that
    /// of the verb.
    pub(crate) fn entity(
        &mut self,
        scope: Scope<'_>,
        entity_type: &str,
        entity: Option<i64>,
        label: Option<i64>,
    ) -> Result<Entity> {
        let number = entity.unwrap_or(0);
        let key = (scope.tenant, number, label.unwrap_or(0));
        // Not under the number 0, since records of several types have it.
        if number != 0
            && let Some(known) = self.entities.get(&key)
        {
            return Ok(known.as_ref().clone());
        }
        let mut entity = Entity::new(entity_type);
        if number != 0 {
            let id = first(
                scope.connection,
                sql::ENTITY,
                &[&scope.tenant, &number],
                |row| id_from(value(row, 0)?)?.ok_or_else(corrupt),
            )?;
            entity = entity.identified(id.ok_or_else(corrupt)?);
        }
        if let Some(label) = label {
            entity = entity.named(&*self.label(scope, label)?);
        }
        if number != 0 {
            let text = |text: Option<&str>| text.map_or(0, str::len);
            let bytes = text(entity.id().and_then(EntityId::as_str))
                + text(entity.name())
                + entity_type.len();
            self.entities
                .insert(key, Arc::new(entity.clone()), bytes + 64 + OVERHEAD);
        }
        Ok(entity)
    }

    pub(crate) fn label(&mut self, scope: Scope<'_>, n: i64) -> Result<Arc<str>> {
        look_up(&mut self.labels, scope, n, sql::LABEL, shared_text)
    }

    pub(crate) fn agent(&mut self, scope: Scope<'_>, n: i64) -> Result<Arc<str>> {
        look_up(&mut self.agents, scope, n, sql::AGENT, shared_text)
    }
}

fn shared_text(row: &Row<'_>) -> Result<(Arc<str>, usize)> {
    let text = text(row, 0)?;
    Ok((text.into(), text.len()))
}

fn look_up<T: ?Sized>(
    known: &mut Known<T>,
    scope: Scope<'_>,
    n: i64,
    sql: &str,
    read: impl FnOnce(&Row<'_>) -> Result<(Arc<T>, usize)>,
) -> Result<Arc<T>> {
    let key = (scope.tenant, n);
    if let Some(value) = known.get(&key) {
        return Ok(value);
    }
    // A number without a row was not written by us.
    let (value, bytes) =
        first(scope.connection, sql, &[&scope.tenant, &n], read)?.ok_or_else(corrupt)?;
    known.insert(key, Arc::clone(&value), bytes + OVERHEAD);
    Ok(value)
}

/// The first row of a statement, if it has one.
pub(crate) fn first<T>(
    connection: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let failed = during(Phase::Read);
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(values).map_err(failed)?;
    rows.next().map_err(failed)?.map(read).transpose()
}

/// Every row of a statement, until `read` has seen enough and says `false`.
pub(crate) fn each(
    connection: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
    mut read: impl FnMut(&Row<'_>) -> Result<bool>,
) -> Result<()> {
    let failed = during(Phase::Read);
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(values).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        if !read(row)? {
            break;
        }
    }
    Ok(())
}
