//! What the macros ask of a value before they record it.

use serde::Serialize;
use serde_json::Value;

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
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> Recordable for T {
    fn to_json(&self) -> serde_json::Result<Value> {
        serde_json::to_value(self)
    }
}
