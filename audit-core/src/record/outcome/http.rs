//! Outcomes of HTTP.

use crate::entry::Outcome;

impl Outcome {
    /// What an HTTP status says: 401 and 403 are denied, every other from 400 on is a failure.
    ///
    /// For implementations of [`ToOutcome`](crate::ToOutcome) on response types.
    ///
    /// ```
    /// use audit_core::Outcome;
    ///
    /// assert_eq!(Outcome::of_http_status(204), Outcome::Success);
    /// assert_eq!(Outcome::of_http_status(403), Outcome::Denied);
    /// assert_eq!(Outcome::of_http_status(404), Outcome::Failure);
    /// ```
    #[must_use]
    pub fn of_http_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Denied,
            400.. => Self::Failure,
            _ => Self::Success,
        }
    }
}
