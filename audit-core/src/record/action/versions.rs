//! The record before and after an action.

use super::values::{Behind, Itself};
use super::{ActionCall, Live, PANICKED, guarded};
use crate::diff::{Audited, FieldDiff, FieldSnapshot};
use crate::entry::{Changes, Entity, Tenant};
use crate::error::Result;

/// One side of a change: a record, or none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be audited",
    label = "`Audited` is not implemented for it",
    note = "add `#[derive(Audited)]` to the type of the record",
    note = "`before` and `after` take a record, an `Option` of one, or a reference"
)]
pub trait Version<M> {
    /// What the record is by itself; both sides are of one type.
    // Without a bound, so that what is missing is said of the user's type, and once.
    type Record;

    /// The record, if there is one.
    fn record(&self) -> Option<&Self::Record>;

    /// Its type, id and name.
    fn entity(&self) -> Option<Entity>;

    /// Whose log it belongs to, if it says so.
    fn tenant(&self) -> Option<Tenant>;

    /// What became of it since it was this.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if a field cannot be written as JSON.
    fn changes_since(&self, before: Option<&Self::Record>) -> Result<Changes>;

    /// What became of a record that is not there any more.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if a field cannot be written as JSON.
    fn gone(before: Option<&Self::Record>) -> Result<Changes>
    where
        Self: Sized;
}

#[diagnostic::do_not_recommend]
impl<T: Audited> Version<Itself> for T {
    type Record = T;

    fn record(&self) -> Option<&T> {
        Some(self)
    }

    fn entity(&self) -> Option<Entity> {
        Some(self.audit_entity())
    }

    fn tenant(&self) -> Option<Tenant> {
        self.audit_tenant()
    }

    /// A creation has only new values.
    fn changes_since(&self, before: Option<&T>) -> Result<Changes> {
        let Some(before) = before else {
            let mut fields = FieldSnapshot::created();
            self.audit_snapshot(&mut fields);
            return fields.finish();
        };
        let mut fields = FieldDiff::new();
        before.audit_diff(self, &mut fields);
        fields.finish()
    }

    /// A deletion has only old values.
    fn gone(before: Option<&T>) -> Result<Changes> {
        let Some(before) = before else {
            return Ok(Changes::new());
        };
        let mut fields = FieldSnapshot::deleted();
        before.audit_snapshot(&mut fields);
        fields.finish()
    }
}

#[diagnostic::do_not_recommend]
impl<M, T: Version<M>> Version<Behind<M>> for Option<T> {
    type Record = T::Record;

    fn record(&self) -> Option<&T::Record> {
        self.as_ref()?.record()
    }

    fn entity(&self) -> Option<Entity> {
        self.as_ref()?.entity()
    }

    fn tenant(&self) -> Option<Tenant> {
        self.as_ref()?.tenant()
    }

    fn changes_since(&self, before: Option<&T::Record>) -> Result<Changes> {
        match self {
            Some(after) => after.changes_since(before),
            None => T::gone(before),
        }
    }

    fn gone(before: Option<&T::Record>) -> Result<Changes> {
        T::gone(before)
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

            fn entity(&self) -> Option<Entity> {
                (**self).entity()
            }

            fn tenant(&self) -> Option<Tenant> {
                (**self).tenant()
            }

            fn changes_since(&self, before: Option<&T::Record>) -> Result<Changes> {
                (**self).changes_since(before)
            }

            fn gone(before: Option<&T::Record>) -> Result<Changes> {
                T::gone(before)
            }
        }
    )*};
}
// A box is audited by itself.
version_pointers!(&T &mut T std::rc::Rc<T> std::sync::Arc<T>);

impl ActionCall {
    /// Notes what the record was. Unless a word names another one, the action is about it.
    pub fn before<M, R>(&mut self, before: &dyn Version<M, Record = R>) {
        self.with(|live| live.is_about(before));
    }

    /// Notes what changed, and the record as it is now.
    pub fn changed<M, N, R>(
        &mut self,
        before: &dyn Version<M, Record = R>,
        after: &dyn Version<N, Record = R>,
    ) {
        self.with(|live| {
            live.is_about(after);
            match guarded(|| after.changes_since(before.record())) {
                Some(Ok(changes)) => live.parts.changes = changes,
                Some(Err(error)) => live.miss("changes", &error.to_string()),
                None => live.miss("changes", PANICKED),
            }
        });
    }
}

impl Live {
    fn is_about<M, R>(&mut self, version: &dyn Version<M, Record = R>) {
        if self.is_named || version.record().is_none() {
            return;
        }
        match guarded(|| version.entity()) {
            Some(entity) => self.parts.entity = entity,
            None => self.miss("entity", PANICKED),
        }
        if self.parts.tenant.is_none() {
            self.parts.tenant = self.tenant_of(|| version.tenant());
        }
    }
}
