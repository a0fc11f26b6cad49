//! The history of a record together with that of the records that belong to it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;

use super::descent::Descent;
use super::{History, Relation};
use crate::entry::AuditEntry;
use crate::error::Result;
use crate::query::filter::{Filter, Order};
use crate::query::stream::Source;

/// A record with its children; made by [`History::with_children`].
///
/// ```
/// use audit_core::{AuditContext, Audited, Auditor, MemoryStore, Relation};
///
/// #[derive(Audited)]
/// #[audit(entity_type = "note")]
/// struct Note {
///     #[audit(id)]
///     id: u32,
///     incident: u32,
/// }
///
/// let auditor = Auditor::new(MemoryStore::new());
/// AuditContext::new("acme").scope(|| {
///     auditor.log("close").entity("incident", 7).record()?;
///     auditor.created(&Note { id: 1, incident: 7 }).record()?;
///     auditor.created(&Note { id: 2, incident: 8 }).record()?;
///     auditor.log("pin").entity("note", 1).record()
/// })?;
/// let history = auditor.tenant("acme").history("incident", 7);
/// let family = history.with_children(Relation::field("note", "incident"));
/// let actions: Vec<String> = family.stream()?.map(|entry| Ok(entry?.action)).collect::<Result<_, audit_core::Error>>()?;
/// assert_eq!(actions, ["close", "create", "pin"]);
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is read until `stream` is called"]
pub struct Family {
    history: History,
    relations: Vec<Relation>,
    after: Option<u64>,
}

impl Family {
    pub(super) fn new(history: History, relation: Relation) -> Self {
        Self {
            history,
            relations: vec![relation],
            after: None,
        }
    }

    /// Other children too.
    pub fn with_children(mut self, relation: Relation) -> Self {
        self.relations.push(relation);
        self
    }

    /// Begins behind the entry with this index: for the next page, that of the last one seen.
    pub fn after(mut self, index: u64) -> Self {
        self.after = Some(index);
        self
    }

    /// Every entry about the record or one of its children while it belonged to it, oldest first.
    ///
    /// Which children there are is found by walking the entries about records of their type, so
    /// this costs what the tenant has of them. All come in the order of the log, whatever the level
    /// at which they belong to the record; an entry comes once.
    ///
    /// # Errors
    ///
    /// Any failure of the store; one on the way ends the stream with an error.
    pub fn stream(&self) -> Result<FamilyStream<'_>> {
        let source = self.history.source()?;
        let record = &self.history.record;
        let descent = Descent::of(source, &record.id, &self.relations)?;
        let mut parts: Vec<Part<'_>> = vec![self.part(source, record.filter(), |_| true)];
        for (child, spans) in descent.records {
            let is_within = move |entry: &AuditEntry| spans.holds(entry.index);
            parts.push(self.part(source, child.filter(), is_within));
        }
        for named in descent.named {
            let of_type = named.filter();
            parts.push(self.part(source, of_type, move |entry| named.is_meant(entry)));
        }
        FamilyStream::of(parts)
    }

    fn part<'a>(
        &'a self,
        source: Source<'a>,
        filter: Filter,
        is_meant: impl Fn(&AuditEntry) -> bool + 'a,
    ) -> Part<'a> {
        /// Many parts are open at once.
        const PAGE: usize = 32;

        let stream = source
            .stream(filter, Order::OldestFirst, self.after)
            .in_pages_of(PAGE);
        Box::new(stream.filter(move |entry| entry.as_ref().map_or(true, &is_meant)))
    }
}

impl fmt::Debug for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family")
            .field("history", &self.history)
            .field("relations", &self.relations)
            .field("after", &self.after)
            .finish()
    }
}

type Part<'a> = Box<dyn Iterator<Item = Result<AuditEntry>> + 'a>;

/// Entries about a record and its children, in the order of the log; made by [`Family::stream`].
#[must_use = "streams do nothing unless iterated"]
pub struct FamilyStream<'a> {
    parts: Vec<Part<'a>>,
    /// The next of each part, which has an index.
    heads: Vec<Option<AuditEntry>>,
    order: BinaryHeap<Reverse<(u64, usize)>>,
    failed: bool,
}

impl<'a> FamilyStream<'a> {
    fn of(parts: Vec<Part<'a>>) -> Result<Self> {
        let mut stream = Self {
            heads: vec![None; parts.len()],
            order: BinaryHeap::with_capacity(parts.len()),
            parts,
            failed: false,
        };
        for place in 0..stream.parts.len() {
            stream.read(place)?;
        }
        Ok(stream)
    }

    fn read(&mut self, place: usize) -> Result<()> {
        let part = self.parts.get_mut(place).and_then(Iterator::next);
        if let (Some(entry), Some(head)) = (part.transpose()?, self.heads.get_mut(place)) {
            self.order.push(Reverse((entry.index, place)));
            *head = Some(entry);
        }
        Ok(())
    }
}

impl Iterator for FamilyStream<'_> {
    type Item = Result<AuditEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let Reverse((index, place)) = self.order.pop()?;
        let entry = self.heads.get_mut(place)?.take()?;
        let mut read = self.read(place);
        // Two relations may name one child.
        while let (Ok(()), Some(Reverse((same, again)))) = (&read, self.order.peek().copied()) {
            if same != index {
                break;
            }
            self.order.pop();
            read = self.read(again);
        }
        match read {
            Ok(()) => Some(Ok(entry)),
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }
}

impl fmt::Debug for FamilyStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FamilyStream")
            .field("parts", &self.parts.len())
            .finish_non_exhaustive()
    }
}
