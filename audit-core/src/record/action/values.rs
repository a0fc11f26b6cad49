//! What may stand behind the words of the attribute, as traits that objects can be made of.

use std::borrow::Cow;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use crate::context::{AuditContext, ContextGuard, InContext, WithContext};
use crate::diff::Audited;
use crate::entry::{Entity, Tenant};
use crate::record::auditor::Auditor;

/// A record that an action is about, or none. `M` tells the ways apart in which a type can be one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be audited",
    label = "`Audited` is not implemented for it",
    note = "add `#[derive(Audited)]` to the type of the record, or name the record with `entity_type`, `entity_id` and `entity_name`"
)]
pub trait Subject<M> {
    /// Its type, id and name.
    fn entity(&self) -> Option<Entity>;

    /// Whose log it belongs to, if it says so.
    fn tenant(&self) -> Option<Tenant>;
}

/// A record by itself.
#[derive(Debug)]
#[non_exhaustive]
pub struct Itself;

/// A record behind something.
#[derive(Debug)]
pub struct Behind<M>(std::marker::PhantomData<M>);

#[diagnostic::do_not_recommend]
impl<T: Audited + ?Sized> Subject<Itself> for T {
    fn entity(&self) -> Option<Entity> {
        Some(self.audit_entity())
    }

    fn tenant(&self) -> Option<Tenant> {
        self.audit_tenant()
    }
}

#[diagnostic::do_not_recommend]
impl<M, T: Subject<M>> Subject<Behind<M>> for Option<T> {
    fn entity(&self) -> Option<Entity> {
        self.as_ref()?.entity()
    }

    fn tenant(&self) -> Option<Tenant> {
        self.as_ref()?.tenant()
    }
}

macro_rules! subject_pointers {
    ($($pointer:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<M, T: Subject<M> + ?Sized> Subject<Behind<M>> for $pointer {
            fn entity(&self) -> Option<Entity> {
                (**self).entity()
            }

            fn tenant(&self) -> Option<Tenant> {
                (**self).tenant()
            }
        }
    )*};
}
// A box is audited by itself.
subject_pointers!(&T &mut T Rc<T> Arc<T>);

/// Why something is done: text, or none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the reason of an action",
    label = "neither text nor an `Option` of text",
    note = "give `&str`, `String`, or an `Option` of one, as in `reason = why.to_string()`"
)]
pub trait ToReason {
    /// The text.
    fn reason(&self) -> Option<&str>;
}

macro_rules! reasons {
    ($($text:ty)*) => {$(
        impl ToReason for $text {
            fn reason(&self) -> Option<&str> {
                Some(self)
            }
        }
    )*};
}
reasons!(str String Cow<'_, str> Box<str> Arc<str>);

impl<T: ToReason + ?Sized> ToReason for &T {
    fn reason(&self) -> Option<&str> {
        (**self).reason()
    }
}

impl<T: ToReason> ToReason for Option<T> {
    fn reason(&self) -> Option<&str> {
        self.as_ref()?.reason()
    }
}

/// Whose log it is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a tenant",
    label = "neither text, a UUID, an `i64`, nor an `audit_core::Tenant`",
    note = "give one of these, or implement `From<{Self}> for audit_core::Tenant` and `Clone` for `{Self}`"
)]
pub trait ToTenant {
    /// The tenant.
    fn tenant(&self) -> Tenant;
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Into<Tenant>> ToTenant for T {
    fn tenant(&self) -> Tenant {
        self.clone().into()
    }
}

/// Where an action is recorded.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no auditor",
    label = "expected an `Auditor` or a reference to one",
    note = "give an `audit_core::Auditor`, as in `auditor = self.auditor`"
)]
pub trait ToAuditor {
    /// The auditor.
    fn auditor(&self) -> &Auditor;
}

impl ToAuditor for Auditor {
    fn auditor(&self) -> &Auditor {
        self
    }
}

/// Who and where.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no audit context",
    label = "expected an `AuditContext` or a reference to one",
    note = "give an `audit_core::AuditContext`, as in `context = AuditContext::new(tenant)`"
)]
pub trait ToContext {
    /// The context.
    fn context(&self) -> &AuditContext;
}

impl ToContext for AuditContext {
    fn context(&self) -> &AuditContext {
        self
    }
}

macro_rules! pointers {
    ($($pointer:ty)*) => {$(
        impl<T: ToAuditor + ?Sized> ToAuditor for $pointer {
            fn auditor(&self) -> &Auditor {
                (**self).auditor()
            }
        }

        impl<T: ToContext + ?Sized> ToContext for $pointer {
            fn context(&self) -> &AuditContext {
                (**self).context()
            }
        }
    )*};
}
pointers!(&T &mut T Box<T> Rc<T> Arc<T>);

/// Runs what follows in a context.
pub fn enter(context: &dyn ToContext) -> ContextGuard {
    context.context().enter()
}

/// The context to run a future in.
pub fn context(context: &dyn ToContext) -> AuditContext {
    context.context().clone()
}

/// Runs a future in a context.
pub fn within<F: Future>(context: AuditContext, work: F) -> WithContext<F> {
    work.in_context(context)
}

/// A return value in which `None` can be found.
#[diagnostic::on_unimplemented(
    message = "`none` says what `None` means, and `{Self}` is no `Option`",
    label = "neither an `Option` nor a `Result` of one",
    note = "leave out `none`, or return an `Option`"
)]
pub trait MaybeNone {
    /// Whether it is `None`.
    fn is_none(&self) -> bool;
}

impl<T> MaybeNone for Option<T> {
    fn is_none(&self) -> bool {
        self.is_none()
    }
}

impl<T, E> MaybeNone for Result<Option<T>, E> {
    fn is_none(&self) -> bool {
        matches!(self, Ok(None))
    }
}
