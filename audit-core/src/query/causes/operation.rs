//! Everything of one unit of work.

use std::collections::HashMap;
use std::fmt;

use uuid::Uuid;

use super::tree::CauseTree;
use crate::entry::AuditEntry;
use crate::error::Result;
use crate::query::filter::{Filter, Order};
use crate::query::stream::Source;
use crate::query::{Entries, TenantLog};

/// One unit of work: one request, one job, one transaction. Made by [`TenantLog::operation`].
///
/// ```
/// use audit_core::{AuditContext, Auditor, MemoryStore, audit_action};
///
/// #[audit_action(action = "close", entity_type = "incident", entity_id = id)]
/// fn close(auditor: &Auditor, id: u32) -> Result<(), audit_core::Error> {
///     auditor.log("notify").record()?;
///     Ok(())
/// }
///
/// let auditor = Auditor::new(MemoryStore::new());
/// AuditContext::new("acme").auditor(&auditor).scope(|| close(&auditor, 7))?;
/// let log = auditor.tenant("acme");
/// let close = &log.entries().action("close").page()?.entries[0];
///
/// // The log has them in the order in which they were written; a tree has the cause first.
/// let operation = log.operation(close.operation.unwrap());
/// assert_eq!(operation.entries().page()?.entries[0].action, "notify");
/// let tree = operation.tree()?;
/// assert_eq!((tree.entries[0].entry.action.as_str(), tree.entries[0].depth), ("close", 0));
/// assert_eq!((tree.entries[1].entry.action.as_str(), tree.entries[1].depth), ("notify", 1));
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Operation {
    log: TenantLog,
    id: Uuid,
}

impl Operation {
    pub(in crate::query) fn new(log: TenantLog, id: Uuid) -> Self {
        Self { log, id }
    }

    /// Its entries, oldest first: read a page or a stream, count, or narrow down.
    pub fn entries(&self) -> Entries<'_> {
        Entries::of(&self.log, filter(self.id)).oldest_first()
    }

    /// Its entries, each before what it caused. What was caused from outside stands at the top.
    ///
    /// # Errors
    ///
    /// Any failure of the store.
    pub fn tree(&self) -> Result<CauseTree> {
        self.log.name().check()?;
        tree(self.log.source(), self.id)
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("log", &self.log)
            .field("id", &self.id)
            .finish()
    }
}

fn filter(operation: Uuid) -> Filter {
    Filter {
        operation: Some(operation),
        ..Filter::default()
    }
}

pub(crate) fn tree(source: Source<'_>, operation: Uuid) -> Result<CauseTree> {
    let mut tree = CauseTree::new();
    let mut entries: Vec<Option<AuditEntry>> = Vec::new();
    for entry in source.stream(filter(operation), Order::OldestFirst, None) {
        if entries.len() == super::tree::MOST_ENTRIES {
            tree.is_complete = false;
            break;
        }
        entries.push(Some(entry?));
    }
    let ids: HashMap<Uuid, usize> = entries
        .iter()
        .enumerate()
        .filter_map(|(place, entry)| Some((entry.as_ref()?.id, place)))
        .collect();
    let mut effects: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut tops = Vec::new();
    for (place, cause) in (0..).zip(entries.iter().flatten().map(|entry| entry.cause)) {
        match cause.and_then(|cause| ids.get(&cause)) {
            Some(cause) => effects.entry(*cause).or_default().push(place),
            None => tops.push(place),
        }
    }
    // Where causes go round in a circle none is at the top: the first of it stands there.
    let starts: Vec<usize> = tops.into_iter().chain(0..entries.len()).collect();
    let mut open: Vec<(usize, usize)> = starts.into_iter().rev().map(|top| (top, 0)).collect();
    while let Some((place, depth)) = open.pop() {
        let Some(entry) = entries.get_mut(place).and_then(Option::take) else {
            continue;
        };
        tree.entries.push(super::Caused { entry, depth });
        let caused = effects.remove(&place).unwrap_or_default();
        open.extend(caused.into_iter().rev().map(|place| (place, depth + 1)));
    }
    Ok(tree)
}
