//! What the macros ask of a value before they record it.

use serde::Serialize;
use serde_json::Value;

use super::recorded::{self, Recorded};

/// A value that can stand in an entry: any [`Serialize`].
///
/// A trait of its own for two reasons: an object can be made of it, so that generated code is
/// small, and where it is missing rustc says what to do about it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be recorded in an audit entry",
    label = "`serde::Serialize` is not implemented for `{Self}`",
    note = "add `#[derive(serde::Serialize)]` to `{Self}`, if it is yours",
    note = "or leave it out: a field with `#[audit(exclude)]` or `#[audit(redact)]`, metadata by naming another value, as in `metadata(key = value.to_string())`"
)]
pub trait Recordable {
    /// The value as JSON.
    ///
    /// # Errors
    ///
    /// Whatever its `Serialize` says.
    fn to_json(&self) -> serde_json::Result<Value>;

    /// The value as it stands in changes, with marks for what JSON has no word for.
    ///
    /// # Errors
    ///
    /// Whatever its `Serialize` says.
    #[expect(
        private_interfaces,
        reason = "the trait is hidden, and called by generated code as an object only"
    )]
    fn to_recorded(&self) -> serde_json::Result<Recorded>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> Recordable for T {
    fn to_json(&self) -> serde_json::Result<Value> {
        serde_json::to_value(self)
    }

    #[expect(private_interfaces, reason = "see the trait")]
    fn to_recorded(&self) -> serde_json::Result<Recorded> {
        recorded::record(self)
    }
}
