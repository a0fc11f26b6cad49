//! The record before and after an action.

use super::values::{Behind, Itself};
use super::{ActionCall, Live, unrecordable};
use crate::diff::{Audited, FieldDiff, FieldSnapshot};
use crate::entry::Changes;
use crate::error::Result;

/// One side of a change: a record, or none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be audited",
    label = "`Audited` is not implemented for it",
    note = "add `#[derive(Audited)]` to the type of the record",
    note = "`before` and `after` take a record, an `Option` of one, or a reference"
)]
pub trait Version<M> {
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
    pub fn before<M, R: Audited>(&mut self, before: &dyn Version<M, Record = R>) {
        self.with(|live| live.is_about(before));
    }

    /// Notes what changed, and the record as it is now.
    pub fn changed<M, N, R: Audited>(
        &mut self,
        before: &dyn Version<M, Record = R>,
        after: &dyn Version<N, Record = R>,
    ) {
        self.with(|live| {
            live.is_about(after);
            match difference(before.record(), after.record()) {
                Ok(changes) => live.parts.changes = changes,
                Err(error) => live.remember("changes", Ok(unrecordable(&error.to_string()))),
            }
        });
    }
}

impl Live {
    fn is_about<M, R: Audited>(&mut self, version: &dyn Version<M, Record = R>) {
        let Some(record) = version.record().filter(|_| !self.is_named) else {
            return;
        };
        self.parts.entity = Some(record.audit_entity());
        if self.parts.tenant.is_none() {
            self.parts.tenant = record.audit_tenant();
        }
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
