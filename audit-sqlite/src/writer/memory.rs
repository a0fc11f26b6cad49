//! What the writer knows of the file, and the entries of a batch going in.

use audit_core::store::{Appended, attempt_conflict, is_same_record};
use audit_core::{AuditEntry, Result, Tenant};
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use uuid::Uuid;

use super::attempts;
use super::blocks::{self, Span};
use super::insert::{INSERT, INSERT_ATTEMPT, insert};
use super::intern::Interned;
use super::lookups::Keys;
use super::newest::Newest;
use super::prepared::{Batch, Prepared};
use super::recall::{ByPrint, Prints};
use super::tail::Tail;
use crate::error::{Phase, corrupt, during};
use crate::reader::{Side, attempt_by_id, entry_by_id};

/// The most tenants that are remembered from one batch to the next.
const MAX_TENANTS: usize = 16 * 1024;

/// What is known of the file without asking it.
///
/// The numbers of values hold for as long as the log is the same one, since no row of a side table is
/// ever changed or removed. Whoever will remove some has to see to it that a log that has lost
/// them is not taken for the same.
pub(crate) struct Memory {
    /// All of it holds for a log that ends with this entry.
    newest: Option<Newest>,
    tail: Tail,
    tenants: ByPrint<TenantState>,
    interned: Interned,
    prepared: Prepared,
    /// Whether any attempt is open, of whatever store: while none is, no entry can close one.
    has_attempts: bool,
}

struct TenantState {
    n: i64,
    /// The index that the next entry gets.
    next: i64,
    /// Of the block in which that is.
    span: Span,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            newest: None,
            tail: Tail::default(),
            tenants: ByPrint::default(),
            interned: Interned::new(),
            prepared: Prepared::default(),
            has_attempts: false,
        }
    }

    fn forget(&mut self) {
        self.newest = None;
        self.tail.forget();
        self.tenants.clear();
        self.interned.clear();
    }

    /// Whether everything holds in a log that ends with this entry.
    pub(crate) fn knows(&self, newest: Newest) -> bool {
        self.newest == Some(newest)
    }

    /// Begins a transaction, in a log that ends with this entry: forgets what does not hold in it.
    pub(crate) fn meet(
        &mut self,
        connection: &Connection,
        newest: Newest,
        has_attempts: bool,
    ) -> Result<()> {
        if !self.knows(newest) {
            match self.newest {
                // It has grown: only where the logs of tenants end is another place now.
                Some(known) if known.is_in(connection)? => self.tenants.clear(),
                _ => self.forget(),
            }
        }
        self.newest = Some(newest);
        self.has_attempts = has_attempts;
        self.limit();
        Ok(())
    }

    /// The same where nobody has looked yet.
    pub(super) fn meet_log(&mut self, connection: &Connection) -> Result<()> {
        let newest = Newest::of(connection)?;
        self.meet(connection, newest, attempts::are_open(connection)?)
    }

    fn limit(&mut self) {
        if self.tenants.len() > MAX_TENANTS {
            self.tenants.clear();
        }
    }

    /// Forgets what the transaction has added: a part of it was rolled back.
    pub(crate) fn forget_added(&mut self, connection: &Connection) -> Result<()> {
        self.forget();
        self.meet_log(connection)
    }

    /// Puts entries into the transaction that is open.
    pub(crate) fn insert(
        &mut self,
        connection: &Connection,
        entries: &[AuditEntry],
    ) -> Result<Vec<Appended>> {
        let entries = entries.iter().map(|entry| (entry, None));
        let appended = self.insert_each(connection, entries)?;
        self.settle(connection)?;
        Ok(appended)
    }

    /// The same of one of many batches; [`settle`](Self::settle) has to follow the last one.
    pub(super) fn insert_batch(
        &mut self,
        connection: &Connection,
        batch: &Batch,
    ) -> Result<Vec<Appended>> {
        let entries = batch
            .each()
            .map(|(entry, prepared)| (entry, Some(prepared)));
        self.insert_each(connection, entries)
    }

    /// Has to be done before the transaction is committed, and before anybody reads in it.
    pub(super) fn settle(&mut self, connection: &Connection) -> Result<()> {
        self.tail.settle(connection)
    }

    /// What values are remembered by here.
    pub(super) fn prints(&self) -> &Prints {
        self.interned.prints()
    }

    fn insert_each<'a>(
        &mut self,
        connection: &Connection,
        entries: impl ExactSizeIterator<Item = (&'a AuditEntry, Option<&'a Prepared>)>,
    ) -> Result<Vec<Appended>> {
        let newest = match self.newest {
            Some(newest) => newest,
            None => Newest::of(connection)?,
        };
        self.newest = Some(newest);
        self.tail.reach(connection, newest.seq)?;
        let mut statement = connection
            .prepare_cached(INSERT)
            .map_err(during(Phase::Write))?;
        let mut appended = Vec::with_capacity(entries.len());
        for (entry, prepared) in entries {
            appended.push(self.add(connection, &mut statement, entry, prepared)?);
        }
        if self.has_attempts {
            self.has_attempts = attempts::are_open(connection)?;
        }
        Ok(appended)
    }

    fn add(
        &mut self,
        connection: &Connection,
        statement: &mut CachedStatement<'_>,
        entry: &AuditEntry,
        prepared: Option<&Prepared>,
    ) -> Result<Appended> {
        let Self {
            tail,
            tenants,
            interned,
            ..
        } = self;
        let print = match prepared {
            Some(prepared) => prepared.printed.tenant,
            None => interned.prints().of_tenant(&entry.tenant),
        };
        let tenant = match tenants.get_mut(&print) {
            Some(tenant) => tenant,
            None => {
                tenants
                    .entry(print)
                    .or_insert(TenantState::load(connection, tail, &entry.tenant)?)
            }
        };
        let appended = if tail.has(connection, tenant.n, entry.id)? {
            tail.settle(connection)?;
            resolve(connection, tenant.n, entry)?
        } else {
            let Prepared { texts, printed } = match prepared {
                Some(prepared) => prepared,
                None => self.prepared.prepare(interned.prints(), entry)?,
            };
            let numbers = interned.numbers(connection, tenant.n, entry, printed)?;
            // SQLite gives the next number; nobody else has the write lock.
            let newest = self.newest.ok_or_else(corrupt)?.followed_by(entry.id)?;
            let index = ValueRef::Integer(tenant.next);
            if !insert(statement, entry, tenant.n, index, numbers, texts)? {
                // A unique index that is not ours.
                return Err(corrupt());
            }
            self.newest = Some(newest);
            let keys = Keys::of(entry, numbers, (tenant.n, tenant.next, newest.seq));
            let (index, time) = (keys.index, keys.time);
            tail.added(connection, keys)?;
            blocks::added(connection, tenant.n, (index, time), tail, &mut tenant.span)?;
            let index = u64::try_from(tenant.next).map_err(|_| corrupt())?;
            tenant.next += 1;
            Appended::Stored { index }
        };
        if self.has_attempts {
            close(connection, tenant.n, entry.id)?;
        }
        Ok(appended)
    }

    /// Notes that an action has begun, unless that is known.
    pub(super) fn open_attempt(
        &mut self,
        connection: &Connection,
        entry: &AuditEntry,
        store: Uuid,
    ) -> Result<()> {
        let print = self.interned.prints().of_tenant(&entry.tenant);
        let tenant = match self.tenants.get(&print) {
            Some(tenant) => tenant.n,
            None => TenantState::number(connection, &entry.tenant)?,
        };
        let mut side = Side::new();
        let logged = entry_by_id(connection, &mut side, tenant, &entry.tenant, entry.id)?;
        let present = match logged {
            Some(logged) => Some(logged),
            None if self.has_attempts => {
                attempt_by_id(connection, &mut side, tenant, &entry.tenant, entry.id)?
            }
            None => None,
        };
        match present {
            Some(present) if is_same_record(&present, entry) => return Ok(()),
            Some(_) => return Err(attempt_conflict(entry.id)),
            None => {}
        }
        let Prepared { texts, printed } = self.prepared.prepare(self.interned.prints(), entry)?;
        let numbers = self.interned.numbers(connection, tenant, entry, printed)?;
        let mut statement = connection
            .prepare_cached(INSERT_ATTEMPT)
            .map_err(during(Phase::Write))?;
        let store = ValueRef::Blob(store.as_bytes());
        if !insert(&mut statement, entry, tenant, store, numbers, texts)? {
            return Err(corrupt());
        }
        self.has_attempts = true;
        Ok(())
    }

    /// Ends an attempt that ends without an entry.
    pub(super) fn close_attempt(
        &mut self,
        connection: &Connection,
        tenant: &Tenant,
        id: Uuid,
    ) -> Result<()> {
        if !self.has_attempts {
            return Ok(());
        }
        if let Some(tenant) = TenantState::find(connection, tenant.as_str())? {
            close(connection, tenant, id)?;
        }
        self.has_attempts = attempts::are_open(connection)?;
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn has_attempts(&self) -> bool {
        self.has_attempts
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.tenants.len() + self.interned.remembered()
    }
}

fn close(connection: &Connection, tenant: i64, id: Uuid) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM audit_attempt WHERE tenant = +?1 AND id = +?2")
        .and_then(|mut close| close.execute(params![tenant, id.as_bytes()]))
        .map_err(during(Phase::Write))?;
    Ok(())
}

/// What an entry is to the one that has its id already.
fn resolve(connection: &Connection, tenant: i64, entry: &AuditEntry) -> Result<Appended> {
    // Read within a transaction that may be rolled back, so nothing of it may be remembered.
    let mut side = Side::new();
    let present = entry_by_id(connection, &mut side, tenant, &entry.tenant, entry.id)?;
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
    fn load(connection: &Connection, tail: &Tail, tenant: &Tenant) -> Result<Self> {
        let n = Self::number(connection, tenant)?;
        let next = tail.next_index(connection, n)?;
        Ok(Self {
            n,
            next,
            span: Span::before(next),
        })
    }

    /// The number of a tenant, which is added if it is new.
    fn number(connection: &Connection, tenant: &Tenant) -> Result<i64> {
        let name = tenant.as_str();
        let present = Self::find(connection, name)?;
        if present.is_none() {
            connection
                .prepare_cached("INSERT INTO audit_tenant (name, handle) VALUES (?1, ?2)")
                .and_then(|mut add| add.execute(params![name, Uuid::new_v4().as_bytes()]))
                .map_err(during(Phase::Write))?;
        }
        match present {
            Some(n) => Ok(n),
            None => Self::find(connection, name)?.ok_or_else(corrupt),
        }
    }

    fn find(connection: &Connection, name: &str) -> Result<Option<i64>> {
        connection
            .prepare_cached("SELECT n FROM audit_tenant WHERE name = +?1")
            .and_then(|mut find| find.query_row([name], |row| row.get(0)).optional())
            .map_err(during(Phase::Write))
    }
}
