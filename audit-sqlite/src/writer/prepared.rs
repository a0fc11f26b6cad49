//! What can be made of an entry without the file: what its values are remembered by, and its texts.
//!
//! Where many entries are stored, another thread than the one that writes does it.

use audit_core::{Actor, AuditEntry, Changes, Entity, Error, ErrorKind, Result};
use rusqlite::types::ValueRef;

use super::recall::{Fingerprint, Prints};
use super::texts::Texts;
use super::values::text;
use crate::codec::{Key, Numbered as _};

/// A shape with more fields than this, or of more bytes, is not worth a row.
const MAX_SHAPE_FIELDS: usize = 64;
const MAX_SHAPE_BYTES: usize = 1024;

/// What is made of one entry, in memory that serves the next one, too.
#[derive(Default)]
pub(super) struct Prepared {
    pub(super) texts: Texts,
    pub(super) printed: Printed,
}

impl Prepared {
    pub(super) fn prepare(&mut self, prints: &Prints, entry: &AuditEntry) -> Result<&Self> {
        self.prepare_after(None, prints, entry)
    }

    /// The same of an entry that may say much of what the one before it has said.
    fn prepare_after(
        &mut self,
        before: Option<(&AuditEntry, &Printed)>,
        prints: &Prints,
        entry: &AuditEntry,
    ) -> Result<&Self> {
        self.texts.write(entry)?;
        self.printed = Printed::after(before, prints, entry)?;
        Ok(self)
    }
}

/// Entries with what is made of them.
#[derive(Default)]
pub(super) struct Batch {
    /// The place of the last one among staged rows, where they were read.
    pub(super) last: Option<i64>,
    entries: Vec<AuditEntry>,
    /// At least as many.
    prepared: Vec<Prepared>,
}

impl Batch {
    pub(super) fn add(&mut self, prints: &Prints, entry: AuditEntry) -> Result<()> {
        let count = self.entries.len();
        if count == self.prepared.len() {
            self.prepared.push(Prepared::default());
        }
        let (done, free) = self.prepared.split_at_mut(count);
        let before = done.last().map(|prepared| &prepared.printed);
        if let Some(next) = free.first_mut() {
            next.prepare_after(self.entries.last().zip(before), prints, &entry)?;
        }
        self.entries.push(entry);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entries(&self) -> &[AuditEntry] {
        &self.entries
    }

    pub(super) fn each(&self) -> impl ExactSizeIterator<Item = (&AuditEntry, &Prepared)> {
        self.entries.iter().zip(&self.prepared)
    }

    /// Forgets the entries, and keeps the memory for others.
    pub(super) fn clear(&mut self) {
        self.last = None;
        self.entries.clear();
    }
}

/// What the values of an entry are remembered by.
#[derive(Clone, Copy, Default)]
pub(super) struct Printed {
    pub(super) tenant: Fingerprint,
    pub(super) actor: Fingerprint,
    pub(super) principal: Option<Fingerprint>,
    pub(super) verb: Fingerprint,
    /// Of the id and the type of a record.
    pub(super) record: Fingerprint,
    pub(super) name: Fingerprint,
    pub(super) agent: Option<Fingerprint>,
    pub(super) shape: Shape,
}

/// Which fields have changed.
#[derive(Clone, Copy, Default)]
pub(super) enum Shape {
    #[default]
    Nothing,
    /// More than are worth a row.
    Unlisted,
    Of(Fingerprint),
}

impl Printed {
    fn after(
        before: Option<(&AuditEntry, &Self)>,
        prints: &Prints,
        entry: &AuditEntry,
    ) -> Result<Self> {
        // No type is kept as the empty one, which therefore cannot be a type.
        if entry.entity_type() == Some("") {
            return Err(Error::new(
                ErrorKind::Invalid,
                "the entity type is empty; give it 1 to 50 characters",
            ));
        }
        let before = |is_same: fn(&AuditEntry, &AuditEntry) -> bool| {
            let (before, printed) = before?;
            is_same(before, entry).then_some(printed)
        };
        let text = |value: &str| prints.of(&[text(value)]);
        let actor = |actor: &Actor| fields_of_actor(actor, |fields| prints.of(fields));
        let entity = entry.entity.as_ref();
        let record = entity.map(|entity| fields_of_record(entity, |fields| prints.of(fields)));
        let name = entity.and_then(Entity::name).map(text);
        let (by, principal) = match before(|one, other| one.actor == other.actor) {
            Some(printed) => (printed.actor, printed.principal),
            None => (
                actor(&entry.actor)?,
                entry.actor.principal().map(actor).transpose()?,
            ),
        };
        Ok(Self {
            tenant: prints.of_tenant(&entry.tenant),
            actor: by,
            principal,
            verb: match before(|one, other| fields_of_verb(one) == fields_of_verb(other)) {
                Some(printed) => printed.verb,
                None => prints.of(&fields_of_verb(entry)),
            },
            record: record.transpose()?.unwrap_or_default(),
            name: name.unwrap_or_default(),
            agent: entry.user_agent.as_deref().map(text),
            shape: match before(|one, other| paths(one).eq(paths(other))) {
                Some(printed) => printed.shape,
                None => Shape::of(prints, &entry.changes),
            },
        })
    }
}

fn paths(entry: &AuditEntry) -> impl Iterator<Item = &str> {
    entry.changes.iter().map(|(path, _)| path)
}

impl Shape {
    fn of(prints: &Prints, changes: &Changes) -> Self {
        match shape(changes) {
            _ if changes.is_empty() => Self::Nothing,
            Some(shape) => Self::Of(prints.of(&[text(&shape)])),
            None => Self::Unlisted,
        }
    }
}

/// The fields of an actor in the file.
pub(super) fn fields_of_actor<R>(
    actor: &Actor,
    with: impl FnOnce(&[ValueRef<'_>; 3]) -> R,
) -> Result<R> {
    let key = Key::of(actor.id())?;
    Ok(with(&[
        ValueRef::Integer(actor.kind().number()?),
        key.as_value(),
        text(actor.name().unwrap_or_default()),
    ]))
}

/// What was done to which kind of thing.
pub(super) fn fields_of_verb(entry: &AuditEntry) -> [ValueRef<'_>; 2] {
    let entity_type = entry.entity_type().unwrap_or_default();
    [text(&entry.action), text(entity_type)]
}

pub(super) fn fields_of_record<R>(
    entity: &Entity,
    with: impl FnOnce(&[ValueRef<'_>; 2]) -> R,
) -> Result<R> {
    let key = Key::of(entity.id())?;
    Ok(with(&[key.as_value(), text(entity.entity_type())]))
}

/// The fields that have changed, in order, as JSON; nothing if they are too many.
pub(super) fn shape(changes: &Changes) -> Option<String> {
    let mut fields = changes.fields();
    let bytes: usize = fields.iter().map(|field| field.len() + 3).sum();
    if fields.len() > MAX_SHAPE_FIELDS || bytes > MAX_SHAPE_BYTES {
        return None;
    }
    fields.sort_unstable();
    serde_json::to_string(&fields).ok()
}
