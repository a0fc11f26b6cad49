//! Which columns hold secrets by their names.

use audit_core::Sanitizer;

use super::options::contains;
use super::registry::Tracked;

/// Who decides.
pub(super) enum Names<'a> {
    /// What the user says now, of all columns.
    Said(&'a Sanitizer),
    /// What was decided when the table was tracked, since nobody says anything now; this one says it of
    /// columns that are new.
    Kept(&'a Sanitizer),
}

impl Names<'_> {
    /// Whether a name, of a column or shown for it, is that of a secret.
    pub(super) fn is_secret(&self, present: Option<&Tracked>, name: &str) -> bool {
        match (self, present) {
            (Self::Kept(sanitizer), Some(present)) => {
                let is_new = !contains(&present.known, name);
                contains(&present.secrets, name) || (is_new && sanitizer.is_sensitive(name))
            }
            (Self::Said(sanitizer) | Self::Kept(sanitizer), _) => sanitizer.is_sensitive(name),
        }
    }
}
