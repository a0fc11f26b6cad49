//! What the writer knows of the file, and the entries of a batch going in.

use std::collections::HashMap;

use audit_core::store::{Appended, is_same_record};
use audit_core::{AuditEntry, Error, ErrorKind, Result, Tenant};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::blocks;
use super::insert::{INSERT, Texts, insert};
use super::intern::{Interned, Numbers};
use crate::error::{Phase, corrupt, during};
use crate::reader::{Side, entry_by_id};

/// The most tenants that are remembered from one batch to the next.
const MAX_TENANTS: usize = 16 * 1024;

/// What is known of the file without asking it.
pub(super) struct Memory {
    /// Moves when somebody else has written: then nothing is known.
    data_version: Option<i64>,
    tenants: HashMap<Tenant, TenantState>,
    interned: Interned,
    texts: Texts,
}

struct TenantState {
    n: i64,
    /// The index that the next entry gets.
    next: i64,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            data_version: None,
            tenants: HashMap::new(),
            interned: Interned::new(),
            texts: Texts::default(),
        }
    }

    pub(super) fn forget(&mut self) {
        self.data_version = None;
        self.tenants.clear();
        self.interned.clear();
    }

    /// Forgets everything if somebody else has written since the last batch.
    fn refresh(&mut self, connection: &Connection) -> Result<()> {
        let version: i64 = connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut pragma| pragma.query_row([], |row| row.get(0)))
            .map_err(during(Phase::Write))?;
        if self.data_version != Some(version) || self.tenants.len() > MAX_TENANTS {
            self.forget();
            self.data_version = Some(version);
        }
        Ok(())
    }

    /// Puts the entries of a batch into the transaction that is open.
    pub(super) fn insert_all(
        &mut self,
        connection: &Connection,
        entries: &[AuditEntry],
    ) -> Result<Vec<Appended>> {
        self.refresh(connection)?;
        let mut statement = connection
            .prepare_cached(INSERT)
            .map_err(during(Phase::Write))?;
        let mut appended = Vec::with_capacity(entries.len());
        for entry in entries {
            let Self {
                tenants,
                interned,
                texts,
                ..
            } = self;
            let tenant = match tenants.get_mut(&entry.tenant) {
                Some(tenant) => tenant,
                None => tenants
                    .entry(entry.tenant.clone())
                    .or_insert(TenantState::load(connection, entry.tenant.as_str())?),
            };
            texts.write(entry)?;
            let numbers = numbers(interned, connection, tenant.n, entry)?;
            if insert(&mut statement, entry, tenant.n, tenant.next, numbers, texts)? {
                let index = u64::try_from(tenant.next).map_err(|_| corrupt())?;
                appended.push(Appended::Stored { index });
                blocks::added(connection, tenant.n, tenant.next)?;
                tenant.next += 1;
            } else {
                appended.push(resolve(connection, tenant.n, entry)?);
            }
        }
        Ok(appended)
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.tenants.len() + self.interned.remembered()
    }
}

fn numbers(
    interned: &mut Interned,
    connection: &Connection,
    tenant: i64,
    entry: &AuditEntry,
) -> Result<Numbers> {
    // No type is kept as the empty one, which therefore cannot be a type.
    if entry.entity_type() == Some("") {
        return Err(Error::new(
            ErrorKind::Invalid,
            "the entity type is empty; give it 1 to 50 characters",
        ));
    }
    let (entity, label) = match &entry.entity {
        Some(entity) => interned.entity(connection, tenant, entity)?,
        None => (None, None),
    };
    let entity_type = entry.entity_type().unwrap_or_default();
    Ok(Numbers {
        actor: interned.actor(connection, tenant, &entry.actor)?,
        principal: match entry.actor.principal() {
            Some(principal) => Some(interned.actor(connection, tenant, principal)?),
            None => None,
        },
        verb: interned.verb(connection, tenant, &entry.action, entity_type)?,
        entity,
        label,
        agent: match &entry.user_agent {
            Some(agent) => Some(interned.agent(connection, tenant, agent)?),
            None => None,
        },
        shape: interned.shape(connection, tenant, &entry.changes)?,
    })
}

/// What an entry is to the one that has its id already.
fn resolve(connection: &Connection, tenant: i64, entry: &AuditEntry) -> Result<Appended> {
    // Read within a transaction that may be rolled back, so nothing of it may be remembered.
    let mut side = Side::new();
    let present = entry_by_id(connection, &mut side, tenant, &entry.tenant, entry.id)?;
    // Not the id, then: the index is taken, which only a writer that ignores the lock can do.
    let present = present.ok_or_else(corrupt)?;
    Ok(if is_same_record(&present, entry) {
        Appended::Present {
            index: present.index,
        }
    } else {
        Appended::Conflict
    })
}

impl TenantState {
    /// What the file knows of a tenant, which is added if it is new.
    fn load(connection: &Connection, name: &str) -> Result<Self> {
        let failed = during(Phase::Write);
        let known: Option<i64> = connection
            .prepare_cached("SELECT n FROM audit_tenant WHERE name = ?1")
            .and_then(|mut find| find.query_row([name], |row| row.get(0)).optional())
            .map_err(failed)?;
        let n = match known {
            Some(n) => n,
            None => connection
                .prepare_cached(
                    "INSERT INTO audit_tenant (name, handle) VALUES (?1, ?2) RETURNING n",
                )
                .and_then(|mut add| {
                    add.query_row(params![name, Uuid::new_v4().as_bytes()], |row| row.get(0))
                })
                .map_err(failed)?,
        };
        let next: i64 = connection
            .prepare_cached("SELECT coalesce(max(idx), -1) + 1 FROM audit_entry WHERE tenant = ?1")
            .and_then(|mut last| last.query_row([n], |row| row.get(0)))
            .map_err(failed)?;
        Ok(Self { n, next })
    }
}
