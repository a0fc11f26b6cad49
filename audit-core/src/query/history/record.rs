//! Which record is meant, and what of it is not always told.

use crate::entry::{AuditEntry, Entity, EntityId, is_at_or_beneath};
use crate::query::filter::Filter;

/// The record that a history is about.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) entity_type: String,
    pub(crate) id: EntityId,
    /// Paths whose changes are not always told.
    pub(crate) ignored: Vec<String>,
}

impl Record {
    pub(crate) fn new(entity_type: String, id: EntityId) -> Self {
        Self {
            entity_type,
            id,
            ignored: Vec::new(),
        }
    }

    /// Its entries.
    pub(crate) fn filter(&self) -> Filter {
        Filter {
            entity_type: Some(self.entity_type.clone()),
            entity_id: Some(self.id.clone()),
            ..Filter::default()
        }
    }

    /// Whether an entry is about it.
    pub(crate) fn is_of(&self, entry: &AuditEntry) -> bool {
        entry.entity_type() == Some(self.entity_type.as_str())
            && entry.entity_id() == Some(&self.id)
    }

    pub(crate) fn entity(&self) -> Entity {
        Entity::new(self.entity_type.clone()).identified(self.id.clone())
    }

    pub(crate) fn ignores(&self, path: &str) -> bool {
        let mut ignored = self.ignored.iter();
        ignored.any(|ignored| is_at_or_beneath(path, ignored))
    }
}
