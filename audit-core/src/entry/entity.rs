//! What it was done to.

use std::fmt;

use crate::entry::field::{AuditedField, Said};
use crate::entry::id::{EntityId, ToEntityId};

/// What an action was done to: a type, and where known an id and the name as it was.
///
/// A snapshot like the actor: the log names the record after it is renamed or deleted.
///
/// ```
/// use audit_core::Entity;
///
/// let entity = Entity::new("incident").identified(42).named("port scan");
/// assert_eq!(entity.entity_type(), "incident");
/// assert_eq!(entity.id().and_then(|id| id.as_i64()), Some(42));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Entity {
    pub(crate) type_name: Box<str>,
    pub(crate) id: Option<EntityId>,
    pub(crate) name: Option<Box<str>>,
    said: Said,
}

impl Entity {
    /// An entity of a type; the type is at most 50 characters and never empty.
    #[must_use]
    pub fn new(entity_type: impl Into<String>) -> Self {
        Self {
            type_name: entity_type.into().into_boxed_str(),
            id: None,
            name: None,
            said: Said::default(),
        }
    }

    /// The same entity with an id.
    #[must_use]
    pub fn identified(mut self, id: impl ToEntityId) -> Self {
        self.id = Some(id.to_entity_id());
        self
    }

    /// The same entity with the name as it is now. An empty name is none.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        let name: String = name.into();
        self.name = (!name.is_empty()).then(|| name.into_boxed_str());
        self
    }

    /// The same entity with what its type says about its fields. It is not recorded, and two entities
    /// are equal without it.
    #[must_use]
    pub fn with_fields(mut self, fields: &'static [AuditedField]) -> Self {
        self.said = Said(fields);
        self
    }

    /// What its type says about its fields, where it was made from a record: see
    /// [`Audited::FIELDS`](crate::Audited::FIELDS).
    #[must_use]
    pub fn fields(&self) -> &'static [AuditedField] {
        self.said.0
    }

    /// The type.
    #[must_use]
    pub fn entity_type(&self) -> &str {
        &self.type_name
    }

    /// The id, where the action was done to one record.
    #[must_use]
    pub fn id(&self) -> Option<&EntityId> {
        self.id.as_ref()
    }

    /// The name as it was, where one is known.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl fmt::Debug for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.type_name)?;
        if let Some(id) = &self.id {
            write!(f, " {id}")?;
        }
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        Ok(())
    }
}
