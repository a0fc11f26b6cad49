//! What changed: the [`Audited`] trait and what its fields report to.

pub(crate) mod apply;
pub(crate) mod digest;
mod exact;
mod fields;
mod inside;
pub(crate) mod keyed;
mod nested;
mod recordable;
mod recorded;
mod row;
mod set;
mod snapshot;

use serde_json::{Map, Value};

pub use self::digest::Digestible;
pub(crate) use self::fields::VARIANT;
pub use self::fields::{FieldDiff, Mark};
pub use self::nested::Nested;
pub use self::recordable::Recordable;
pub(crate) use self::row::is_one_to_a_database;
pub use self::row::{ColumnValue, RowDiff};
pub use self::snapshot::{FieldSnapshot, SnapshotMark};
use crate::entry::{AuditedField, Entity, EntityId, Tenant, marks};

/// A record whose changes can be audited; derive it.
///
/// The derive names each field once: to compare two versions of the record, and to take a
/// snapshot of one. A field marked `#[audit(exclude)]` is never read.
///
/// ```
/// use audit_core::{Audited, diff};
/// use serde_json::json;
///
/// #[derive(Audited)]
/// #[audit(entity_type = "incident")]
/// struct Incident {
///     #[audit(id)]
///     id: u32,
///     #[audit(name)]
///     title: String,
///     open: bool,
///     #[audit(redact)]
///     api_token: String,
///     #[audit(exclude)]
///     password: String,
/// }
///
/// # let incident = |open, secret: &str| Incident {
/// #     id: 7, title: "scan".to_owned(), open, api_token: secret.to_owned(), password: secret.to_owned(),
/// # };
/// let changes = diff(&incident(true, "old"), &incident(false, "new"))?;
/// assert_eq!(
///     serde_json::to_value(&changes).unwrap(),
///     json!({
///         "open": {"old": true, "new": false},
///         "api_token": {"old": "********", "new": "********"},
///     }),
/// );
/// # Ok::<(), audit_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be audited",
    label = "the trait `Audited` is not implemented for `{Self}`",
    note = "add `#[derive(Audited)]` to `{Self}`, or record it by hand with `auditor.log(…)`"
)]
pub trait Audited {
    /// The type of record, as it stands in entries: 1 to 50 characters.
    const ENTITY_TYPE: &'static str;

    /// What the type says about its fields. The derive writes it; who implements the trait by hand names
    /// here at least what is left out or hidden.
    const FIELDS: &'static [AuditedField] = &[];

    /// The id of this record.
    fn audit_id(&self) -> Option<EntityId>;

    /// The name of this record as people know it.
    fn audit_name(&self) -> Option<String>;

    /// The tenant of this record, where it says one: its entries go to this tenant's log, whatever
    /// the context is.
    fn audit_tenant(&self) -> Option<Tenant> {
        None
    }

    /// Reports each field that differs between this and `after`.
    fn audit_diff(&self, after: &Self, fields: &mut FieldDiff);

    /// Reports each field with its value.
    fn audit_snapshot(&self, fields: &mut FieldSnapshot);

    /// Type, id and name together.
    fn audit_entity(&self) -> Entity {
        let entity = Entity::new(Self::ENTITY_TYPE).with_fields(Self::FIELDS);
        let entity = match self.audit_id() {
            Some(id) => entity.identified(id),
            None => entity,
        };
        match self.audit_name() {
            Some(name) => entity.named(name),
            None => entity,
        }
    }
}

/// The changes from one version of a record to the next, decided on typed values.
///
/// The values have not passed a sanitizer; an [`Auditor`](crate::Auditor) does that when it
/// records them.
///
/// # Errors
///
/// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if a field that differs cannot be written
/// as JSON.
pub fn diff<T: Audited>(before: &T, after: &T) -> crate::Result<crate::Changes> {
    let mut fields = FieldDiff::new();
    before.audit_diff(after, &mut fields);
    let mut changes = fields.finish()?;
    if changes.extra().is_some_and(|extra| extra.cuts) {
        for (_, change) in changes.iter_mut() {
            let values = change.old.iter_mut().chain(&mut change.new);
            values.for_each(marks::cut);
        }
    }
    Ok(changes)
}

/// The changes from one state of a record to another; where there is none, there was no record.
pub(crate) fn diff_states(
    before: Option<Value>,
    after: Option<Value>,
) -> crate::Result<crate::Changes> {
    let members = |state: Option<Value>| match state {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let mut fields = FieldDiff::of_all();
    inside::compare_states(members(before), members(after), &mut fields);
    fields.finish()
}

/// The fields of a record, as an object: what [`Changes::apply`](crate::Changes::apply) begins
/// with, and what point in time queries answer.
///
/// Excluded fields are not in it; redacted, masked and hashed ones are in it as they are stored,
/// digests without a key as `{"$hash": "?0"}`. The values have not passed a sanitizer.
///
/// # Errors
///
/// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if a field cannot be written as JSON.
pub fn record_fields<T: Audited + ?Sized>(record: &T) -> crate::Result<Value> {
    let mut fields = FieldSnapshot::created();
    record.audit_snapshot(&mut fields);
    let mut value = fields.value()?;
    marks::cut(&mut value);
    Ok(value)
}
