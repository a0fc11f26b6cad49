//! The history of a record together with that of the records that belong to it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fmt;

use serde_json::Value;
use uuid::Uuid;

use super::History;
use super::effect::only_takes_away;
use super::paths::values;
use crate::entry::path::steps;
use crate::entry::{AuditEntry, EntityId, IdRef, Outcome, first_segment};
use crate::error::Result;
use crate::query::filter::{Filter, Order};
use crate::query::stream::Source;

/// How children say to which record they belong.
///
/// ```
/// use audit_core::Relation;
///
/// // `Note::incident` holds the id of its incident.
/// let notes = Relation::field("note", "incident");
/// // Jobs are recorded with `.metadata("incident", id)`.
/// let jobs = Relation::metadata("job", "incident");
/// # let _ = (notes, jobs);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Relation {
    child: String,
    says: Says,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Says {
    Field(String),
    Metadata(String),
}

impl Relation {
    /// Records of type `child` whose field at `path` holds the id of the record they belong to.
    ///
    /// A child that is moved to another record belongs to both while it moves: what it was before
    /// is in the history of the one, what it is after in that of the other.
    #[must_use]
    pub fn field(child: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            child: child.into(),
            says: Says::Field(path.into()),
        }
    }

    /// Entries about records of type `child` whose metadata holds the id under `name`.
    #[must_use]
    pub fn metadata(child: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            child: child.into(),
            says: Says::Metadata(name.into()),
        }
    }
}

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
    /// this costs what the tenant has of them.
    ///
    /// # Errors
    ///
    /// Any failure of the store; one on the way ends the stream with an error.
    pub fn stream(&self) -> Result<FamilyStream<'_>> {
        let source = self.history.source()?;
        let record = &self.history.record;
        let mut parts: Vec<Part<'_>> = vec![self.part(source, record.filter(), |_| true)];
        let parent = &record.id;
        for relation in &self.relations {
            let of_type = Filter {
                entity_type: Some(relation.child.clone()),
                ..Filter::default()
            };
            match &relation.says {
                Says::Metadata(name) => {
                    parts.push(self.part(source, of_type, move |entry| {
                        let named = entry.metadata.get(name);
                        named.is_some_and(|value| is_id(value, parent))
                    }));
                }
                Says::Field(path) => {
                    let children = children(source, &of_type, path, parent)?;
                    for (id, spans) in children {
                        let child = Filter {
                            entity_id: Some(id),
                            ..of_type.clone()
                        };
                        let is_within = move |entry: &AuditEntry| {
                            spans.iter().any(|span| span.holds(entry.index))
                        };
                        parts.push(self.part(source, child, is_within));
                    }
                }
            }
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

/// A part of the log in which a child belonged to the record, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    from: u64,
    to: u64,
}

impl Span {
    fn holds(self, index: u64) -> bool {
        (self.from..=self.to).contains(&index)
    }
}

/// The children of a record, and when they were.
fn children(
    source: Source<'_>,
    of_type: &Filter,
    path: &str,
    parent: &EntityId,
) -> Result<Vec<(EntityId, Vec<Span>)>> {
    let told = Filter {
        changed: Some(first_segment(path).to_owned()),
        outcomes: Some(vec![Outcome::Success]),
        ..of_type.clone()
    };
    let way: Vec<_> = steps(path).collect();
    let mut heard: HashMap<EntityId, Vec<Span>> = HashMap::new();
    for entry in source.stream(told, Order::OldestFirst, None) {
        let entry = entry?;
        let (Some(id), Some((old, new))) = (entry.entity_id(), values(&entry.changes, &way)) else {
            continue;
        };
        let is_parent = |value: Option<&Value>| value.is_some_and(|value| is_id(value, parent));
        let was = is_parent(old);
        // A child that went still was one.
        let is = is_parent(new) || (was && new.is_none() && only_takes_away(&entry));
        let spans = heard.get_mut(id);
        let is_open = |spans: &[Span]| spans.last().is_some_and(|span| span.to == u64::MAX);
        match (was, is, spans) {
            // What was before the first that is told of it belonged to the record as well.
            (true, _, None) => {
                let to = if is { u64::MAX } else { entry.index };
                heard.insert(id.clone(), vec![Span { from: 0, to }]);
            }
            (_, false, Some(spans)) if is_open(spans) => {
                if let Some(span) = spans.last_mut() {
                    span.to = entry.index;
                }
            }
            (_, true, Some(spans)) if !is_open(spans) => spans.push(Span {
                from: entry.index,
                to: u64::MAX,
            }),
            (false, true, None) => {
                let span = Span {
                    from: entry.index,
                    to: u64::MAX,
                };
                heard.insert(id.clone(), vec![span]);
            }
            _ => {}
        }
    }
    let mut children: Vec<_> = heard.into_iter().collect();
    children.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(children)
}

/// Whether a recorded value is an id.
fn is_id(value: &Value, id: &EntityId) -> bool {
    match id.as_ref() {
        IdRef::Integer(id) => value.as_i64() == Some(id),
        IdRef::Unsigned(id) => value.as_u64() == Some(id),
        IdRef::Text(id) => value.as_str() == Some(id),
        IdRef::Uuid(id) => value.as_str().and_then(|text| Uuid::parse_str(text).ok()) == Some(id),
    }
}
