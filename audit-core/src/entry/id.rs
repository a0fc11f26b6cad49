//! The id of a record or of an actor, in the type it came in.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::error::{Error, Result};

/// The longest text id in bytes. An id is never cut, since two ids must never become one.
pub const MAX_ID_BYTES: usize = 1024;

/// The id of an entity or of an actor: a UUID, an integer of up to 64 bits, or text.
///
/// Each comes back as it went in: a UUID stays 16 bytes and never becomes text, the text
/// `"7"` never becomes the number 7. In JSON a UUID is its hyphenated text and an integer is a
/// number.
///
/// ```
/// use audit_core::EntityId;
/// use uuid::Uuid;
///
/// assert_eq!(EntityId::from(7_u8), EntityId::from(7_i64));
/// assert_ne!(EntityId::from("7"), EntityId::from(7));
/// assert_eq!(EntityId::from(u64::MAX).as_u64(), Some(u64::MAX));
/// assert_eq!(EntityId::from(Uuid::nil()).as_uuid(), Some(Uuid::nil()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(Repr);

/// The id of an actor; the same kinds as the id of an entity.
pub type ActorId = EntityId;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Repr {
    /// Any `i64` or `u64`; one representation per number, so that equal numbers are equal ids.
    Integer(i128),
    Text(Box<str>),
    Uuid(Uuid),
}

/// An [`EntityId`] laid open, for stores that keep each kind in its own form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdRef<'a> {
    /// An integer that fits an `i64`.
    Integer(i64),
    /// An integer above `i64::MAX`.
    Unsigned(u64),
    /// Text, of at most 1,024 bytes.
    Text(&'a str),
    /// A UUID.
    Uuid(Uuid),
}

impl EntityId {
    /// The id in the form that a store keeps.
    #[must_use]
    pub fn as_ref(&self) -> IdRef<'_> {
        match &self.0 {
            Repr::Text(text) => IdRef::Text(text),
            Repr::Uuid(uuid) => IdRef::Uuid(*uuid),
            Repr::Integer(number) => match i64::try_from(*number) {
                Ok(number) => IdRef::Integer(number),
                Err(_) => IdRef::Unsigned(u64::try_from(*number).unwrap_or(u64::MAX)),
            },
        }
    }

    /// The UUID, if the id is one.
    #[must_use]
    pub fn as_uuid(&self) -> Option<Uuid> {
        match self.0 {
            Repr::Uuid(uuid) => Some(uuid),
            _ => None,
        }
    }

    /// The integer, if the id is one that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Integer(number) => i64::try_from(number).ok(),
            _ => None,
        }
    }

    /// The integer, if the id is one that is not negative.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self.0 {
            Repr::Integer(number) => u64::try_from(number).ok(),
            _ => None,
        }
    }

    /// The text, if the id is text. A UUID or an integer is no text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn check(&self, what: &'static str) -> Result<()> {
        match &self.0 {
            Repr::Text(text) if text.len() > MAX_ID_BYTES => Err(Error::invalid(format!(
                "the {what} has {} bytes of at most {MAX_ID_BYTES}; an id is never cut, record a digest of it instead",
                text.len()
            ))),
            _ => Ok(()),
        }
    }

    pub(crate) fn size(&self) -> usize {
        match &self.0 {
            Repr::Integer(_) => 8,
            Repr::Text(text) => text.len(),
            Repr::Uuid(_) => 16,
        }
    }

    /// Rewrites a text id; other kinds hold nothing that could be a secret.
    pub(crate) fn map_text(&mut self, rewrite: impl for<'a> FnOnce(&'a str) -> Cow<'a, str>) {
        let rewritten = match &self.0 {
            Repr::Text(text) => match rewrite(text) {
                Cow::Owned(text) => Some(text),
                Cow::Borrowed(_) => None,
            },
            _ => None,
        };
        if let Some(text) = rewritten {
            self.0 = Repr::Text(text.into());
        }
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Integer(number) => number.fmt(f),
            Repr::Text(text) => text.fmt(f),
            Repr::Uuid(uuid) => uuid.fmt(f),
        }
    }
}

impl Serialize for EntityId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_ref() {
            IdRef::Integer(number) => serializer.serialize_i64(number),
            IdRef::Unsigned(number) => serializer.serialize_u64(number),
            IdRef::Text(text) => serializer.serialize_str(text),
            IdRef::Uuid(uuid) => serializer.collect_str(&uuid.as_hyphenated()),
        }
    }
}

/// Anything that can name an entity or an actor.
///
/// Implemented for UUIDs, every integer type up to 64 bits, text, and references and boxes of
/// these. Implement it for an id type of your own, so that it can be used wherever an id is asked
/// for, in `#[audit(id)]` fields too.
///
/// ```
/// use audit_core::{EntityId, ToEntityId};
///
/// struct IncidentId(u32);
///
/// impl ToEntityId for IncidentId {
///     fn to_entity_id(&self) -> EntityId {
///         self.0.to_entity_id()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the id of an entity or an actor",
    label = "neither a UUID, an integer of up to 64 bits, nor text",
    note = "implement `audit_core::ToEntityId` for `{Self}`, or name an expression that gives a UUID, an integer or text"
)]
pub trait ToEntityId {
    /// The id.
    fn to_entity_id(&self) -> EntityId;
}

macro_rules! integer_ids {
    ($($integer:ty)*) => {$(
        impl From<$integer> for EntityId {
            fn from(number: $integer) -> Self {
                // `isize` and `usize` have no `From`, but never more than 64 bits.
                #[allow(clippy::cast_lossless, trivial_numeric_casts, reason = "one body for all widths")]
                Self(Repr::Integer(number as i128))
            }
        }
        impl ToEntityId for $integer {
            fn to_entity_id(&self) -> EntityId {
                EntityId::from(*self)
            }
        }
    )*};
}
integer_ids!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

macro_rules! text_ids {
    ($($text:ty)*) => {$(
        impl From<$text> for EntityId {
            fn from(text: $text) -> Self {
                Self(Repr::Text(text.into()))
            }
        }
    )*};
}
text_ids!(&str String Box<str> Cow<'_, str>);

impl From<&String> for EntityId {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Uuid> for EntityId {
    fn from(uuid: Uuid) -> Self {
        Self(Repr::Uuid(uuid))
    }
}

impl From<&Uuid> for EntityId {
    fn from(uuid: &Uuid) -> Self {
        Self::from(*uuid)
    }
}

impl ToEntityId for EntityId {
    fn to_entity_id(&self) -> EntityId {
        self.clone()
    }
}

impl ToEntityId for Uuid {
    fn to_entity_id(&self) -> EntityId {
        EntityId::from(*self)
    }
}

impl ToEntityId for str {
    fn to_entity_id(&self) -> EntityId {
        EntityId::from(self)
    }
}

impl ToEntityId for String {
    fn to_entity_id(&self) -> EntityId {
        EntityId::from(self.as_str())
    }
}

impl ToEntityId for Cow<'_, str> {
    fn to_entity_id(&self) -> EntityId {
        EntityId::from(&**self)
    }
}

macro_rules! pointer_ids {
    ($($pointer:ty)*) => {$(
        impl<T: ToEntityId + ?Sized> ToEntityId for $pointer {
            fn to_entity_id(&self) -> EntityId {
                (**self).to_entity_id()
            }
        }
    )*};
}
pointer_ids!(&T &mut T Box<T> Rc<T> Arc<T>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_keep_their_value_at_both_edges() {
        assert_eq!(EntityId::from(i64::MIN).as_ref(), IdRef::Integer(i64::MIN));
        assert_eq!(EntityId::from(u64::MAX).as_ref(), IdRef::Unsigned(u64::MAX));
        assert_eq!(EntityId::from(u64::MAX).to_string(), "18446744073709551615");
        assert_eq!(EntityId::from(u64::MAX).as_i64(), None);
        assert_eq!(EntityId::from(-1_i8).as_u64(), None);
        assert_eq!(
            serde_json::to_string(&EntityId::from(u64::MAX)).unwrap(),
            "18446744073709551615"
        );
    }

    #[test]
    fn kinds_are_never_confused() {
        let uuid = Uuid::from_u128(7);
        assert_ne!(EntityId::from(uuid), EntityId::from(uuid.to_string()));
        assert_ne!(EntityId::from("7"), EntityId::from(7));
        assert_eq!(EntityId::from(uuid.to_string()).as_uuid(), None);
    }

    #[test]
    fn pointers_name_what_they_point_to() {
        let uuid = Uuid::from_u128(9);
        assert_eq!(Arc::new(&uuid).to_entity_id(), EntityId::from(uuid));
        assert_eq!(Box::new("a").to_entity_id(), EntityId::from("a"));
    }

    #[test]
    fn an_id_is_refused_rather_than_cut() {
        assert!(EntityId::from("x".repeat(MAX_ID_BYTES)).check("id").is_ok());
        let error = EntityId::from("x".repeat(MAX_ID_BYTES + 1))
            .check("entity id")
            .unwrap_err();
        assert!(error.to_string().contains("entity id has 1025 bytes"));
    }
}
