//! Reading the outcome of a call off its return value.

mod error;
mod http;
mod probe;

pub use self::error::{
    Failed, Sources, ViaAnyError, ViaAsRef, ViaDisplay, ViaError, ViaErrorOutcome, ViaNoSource,
    ViaSendAsRef,
};
pub use self::probe::{
    Ended, Returned, SplitAny, SplitOption, SplitResult, Value, ViaOutcome, ViaSuccess,
};
use crate::entry::{ErrorDetail, Outcome};

/// Says how an action ended that returned this value or failed with this error.
///
/// Implement it for an error type whose values are not all failures: a refusal is `denied`. And
/// for a value that may tell of a failure without being an error, such as a response:
///
/// ```
/// use audit_core::{Outcome, ToOutcome};
///
/// #[derive(Debug)]
/// enum DeskError { Forbidden, Broken }
///
/// impl ToOutcome for DeskError {
///     fn to_outcome(&self) -> Outcome {
///         match self {
///             Self::Forbidden => Outcome::Denied,
///             Self::Broken => Outcome::Failure,
///         }
///     }
/// }
///
/// struct Reply { status: u16 }
///
/// impl ToOutcome for Reply {
///     fn to_outcome(&self) -> Outcome {
///         Outcome::of_http_status(self.status)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how an action ended",
    note = "implement `audit_core::ToOutcome` for `{Self}`"
)]
pub trait ToOutcome {
    /// How it ended.
    fn to_outcome(&self) -> Outcome;
}

/// How a call ended, as its return value tells.
#[derive(Debug)]
pub struct Reading {
    pub(crate) outcome: Outcome,
    pub(crate) error: Option<ErrorDetail>,
}

impl Reading {
    fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            error: None,
        }
    }
}
