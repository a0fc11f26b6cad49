//! The record before and after an action.

use super::ActionCall;
use super::values::{Behind, Itself, Subject};
use crate::diff::{Audited, FieldDiff, FieldSnapshot};
use crate::entry::Changes;
use crate::error::Result;

/// One side of a change: a record, or none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be audited",
    label = "the trait `Audited` is not implemented for `{Self}`",
    note = "add `#[derive(Audited)]` to `{Self}`; `before` and `after` take a record, an `Option` of one, or a reference"
)]
pub trait Version<M>: Subject<M> {
    /// The record.
    type Record: Audited;

    /// The record, if there is one.
    fn record(&self) -> Option<&Self::Record>;
}

#[diagnostic::do_not_recommend]
impl<T: Audited> Version<Itself> for T {
    type Record = T;

    fn record(&self) -> Option<&T> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl<M, T: Version<M>> Version<Behind<M>> for Option<T> {
    type Record = T::Record;

    fn record(&self) -> Option<&T::Record> {
        self.as_ref()?.record()
    }
}

macro_rules! version_pointers {
    ($($pointer:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<M, T: Version<M>> Version<Behind<M>> for $pointer {
            type Record = T::Record;

            fn record(&self) -> Option<&T::Record> {
                (**self).record()
            }
        }
    )*};
}
// A box is audited by itself.
version_pointers!(&T &mut T std::rc::Rc<T> std::sync::Arc<T>);

impl ActionCall {
    /// Notes what the record was. Unless a word names another one, the action is about it.
    pub fn before<M>(&mut self, before: &dyn Subject<M>) {
        self.about(before);
    }

    /// Notes what changed, and the record as it is now.
    pub fn changed<M, N, B, A>(&mut self, before: &Option<B>, after: &A)
    where
        B: Version<M>,
        A: Version<N, Record = B::Record>,
    {
        self.about(after);
        let Some(before) = before else { return };
        self.with(|live| match difference(before.record(), after.record()) {
            Ok(changes) => live.parts.changes = changes,
            Err(error) => live.remember("changes", Ok(super::unrecordable(&error.to_string()))),
        });
    }

    fn about<M>(&mut self, record: &dyn Subject<M>) {
        self.with(|live| {
            if live.is_named {
                return;
            }
            if let Some(entity) = record.entity() {
                live.parts.entity = Some(entity);
            }
            if live.parts.tenant.is_none() {
                live.parts.tenant = record.tenant();
            }
        });
    }
}

/// A creation has only new values, a deletion only old ones.
fn difference<T: Audited>(before: Option<&T>, after: Option<&T>) -> Result<Changes> {
    let snapshot = |record: &T, mut fields: FieldSnapshot| {
        record.audit_snapshot(&mut fields);
        fields.finish()
    };
    match (before, after) {
        (Some(before), Some(after)) => {
            let mut fields = FieldDiff::new();
            before.audit_diff(after, &mut fields);
            fields.finish()
        }
        (None, Some(after)) => snapshot(after, FieldSnapshot::created()),
        (Some(before), None) => snapshot(before, FieldSnapshot::deleted()),
        (None, None) => Ok(Changes::new()),
    }
}
