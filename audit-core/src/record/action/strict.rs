//! Giving the caller the error of recording.

use crate::error::Error;

/// A return value that can carry the error of recording.
#[diagnostic::on_unimplemented(
    message = "`strict` returns an error where the entry cannot be stored, and `{Self}` is no `Result`",
    label = "this function cannot fail",
    note = "return `Result<_, E>` where `E: From<audit_core::Error>`, or leave out `strict`"
)]
pub trait Refusable {
    /// Becomes the error, unless it is one already.
    fn refuse(&mut self, error: Error);
}

impl<T, E: StrictError> Refusable for Result<T, E> {
    fn refuse(&mut self, error: Error) {
        if self.is_ok() {
            *self = Err(E::of(error));
        }
    }
}

/// An error type that can carry the error of recording.
#[diagnostic::on_unimplemented(
    message = "`strict` returns an error where the entry cannot be stored, and `{Self}` cannot carry it",
    label = "the trait `From<audit_core::Error>` is not implemented for `{Self}`",
    note = "implement `From<audit_core::Error>` for `{Self}`, or leave out `strict`"
)]
pub trait StrictError: Sized {
    /// The error of recording as one of the function's own.
    fn of(error: Error) -> Self;
}

#[diagnostic::do_not_recommend]
impl<E: From<Error>> StrictError for E {
    fn of(error: Error) -> Self {
        error.into()
    }
}

/// Gives the caller the error, unless the call has failed anyway.
pub fn refuse(returned: &mut dyn Refusable, error: Error) {
    returned.refuse(error);
}
