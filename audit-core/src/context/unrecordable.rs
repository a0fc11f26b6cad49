//! What stands in an entry in place of what cannot.

use serde_json::{Value, json};

/// Why there is nothing from code of the user.
pub(crate) const PANICKED: &str = "its code panicked";

/// What stands in an entry in place of what cannot.
pub(crate) fn unrecordable(why: &str) -> Value {
    json!({ "$unrecordable": why })
}
