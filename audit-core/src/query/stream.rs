//! Entries of one tenant, one after the other.

use std::collections::VecDeque;
use std::fmt;

use uuid::Uuid;

use crate::entry::{AuditEntry, Tenant};
use crate::error::Result;
use crate::query::filter::{Filter, Order};
use crate::store::{AuditStore, Query};

/// How many entries a stream reads at a time.
const PAGE: usize = 256;

/// Whose log is read, and out of which store.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) store: &'a dyn AuditStore,
    pub(crate) tenant: &'a Tenant,
}

impl<'a> Source<'a> {
    /// The entries that a filter means, behind an index.
    pub(crate) fn stream(
        self,
        filter: Filter,
        order: Order,
        after: Option<u64>,
    ) -> EntryStream<'a> {
        EntryStream {
            source: self,
            filter,
            order,
            after,
            page: PAGE,
            buffer: VecDeque::new(),
            ended: false,
        }
    }

    /// The first of them.
    pub(crate) fn first(
        self,
        filter: &Filter,
        order: Order,
        after: Option<u64>,
    ) -> Result<Option<AuditEntry>> {
        let query = Query::new(filter, 1).from(order, after);
        Ok(self.store.entries(self.tenant, &query)?.pop())
    }

    /// One entry by its id.
    pub(crate) fn entry(self, id: Uuid) -> Result<Option<AuditEntry>> {
        self.store.entry(self.tenant, id)
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(self.tenant).finish()
    }
}

/// Entries one after the other; made by [`Entries::stream`](crate::Entries::stream).
#[must_use = "streams do nothing unless iterated"]
pub struct EntryStream<'a> {
    source: Source<'a>,
    filter: Filter,
    order: Order,
    after: Option<u64>,
    page: usize,
    buffer: VecDeque<AuditEntry>,
    ended: bool,
}

impl EntryStream<'_> {
    /// The same stream, reading so many at a time: less where many streams are read at once.
    pub(super) fn in_pages_of(mut self, entries: usize) -> Self {
        self.page = entries;
        self
    }
}

impl Iterator for EntryStream<'_> {
    type Item = Result<AuditEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.buffer.is_empty() && !self.ended {
            let query = Query::new(&self.filter, self.page).from(self.order, self.after);
            match self.source.store.entries(self.source.tenant, &query) {
                Ok(entries) => {
                    self.ended = entries.len() < self.page;
                    self.after = entries.last().map(|entry| entry.index).or(self.after);
                    self.buffer = entries.into();
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        self.buffer.pop_front().map(Ok)
    }
}

impl fmt::Debug for EntryStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntryStream")
            .field("tenant", self.source.tenant)
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}
