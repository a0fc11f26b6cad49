//! A store that judges each append by what is in it.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use super::*;
use crate::store::{Appended, Query};
use crate::{AuditStore, Count, Durability, Error, ErrorKind, Filter, GroupBy, Result, Tenant};

type Judge = dyn Fn(&[AuditEntry]) -> Option<ErrorKind> + Send + Sync;

/// Refuses what its judge has an error for; clones are the same store.
#[derive(Clone)]
pub(super) struct Picky {
    inner: MemoryStore,
    judge: Arc<Judge>,
    appends: Arc<AtomicU64>,
}

impl Picky {
    pub(super) fn new(
        judge: impl Fn(&[AuditEntry]) -> Option<ErrorKind> + Send + Sync + 'static,
    ) -> Self {
        Self {
            inner: MemoryStore::new(),
            judge: Arc::new(judge),
            appends: Arc::default(),
        }
    }

    /// How often something was appended or tried to be.
    pub(super) fn appends(&self) -> u64 {
        self.appends.load(Ordering::SeqCst)
    }
}

impl AuditStore for Picky {
    fn append(&self, entries: &[AuditEntry]) -> Result<Vec<Appended>> {
        self.appends.fetch_add(1, Ordering::SeqCst);
        match (self.judge)(entries) {
            Some(kind) => Err(Error::new(kind, "the store is picky")),
            None => self.inner.append(entries),
        }
    }

    fn open_attempt(&self, entry: &AuditEntry) -> Result<()> {
        self.inner.open_attempt(entry)
    }

    fn close_attempt(&self, tenant: &Tenant, id: Uuid) -> Result<()> {
        self.inner.close_attempt(tenant, id)
    }

    fn entries(&self, tenant: &Tenant, query: &Query<'_>) -> Result<Vec<AuditEntry>> {
        self.inner.entries(tenant, query)
    }

    fn entry(&self, tenant: &Tenant, id: Uuid) -> Result<Option<AuditEntry>> {
        self.inner.entry(tenant, id)
    }

    fn count_by(&self, tenant: &Tenant, filter: &Filter, by: GroupBy) -> Result<Vec<Count>> {
        self.inner.count_by(tenant, filter, by)
    }

    fn count(&self, tenant: &Tenant, filter: &Filter) -> Result<u64> {
        self.inner.count(tenant, filter)
    }

    fn tenants(&self) -> Result<Vec<Tenant>> {
        self.inner.tenants()
    }

    fn cursor_key(&self) -> Result<[u8; 32]> {
        self.inner.cursor_key()
    }

    fn durability(&self) -> Durability {
        self.inner.durability()
    }
}

/// Something that a store waits for before it goes on.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<std::sync::atomic::AtomicBool>);

impl Gate {
    pub(super) fn open(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_open(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    pub(super) fn wait(&self) {
        while !self.is_open() {
            std::thread::yield_now();
        }
    }
}
