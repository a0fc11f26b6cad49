//! Reading the outcome of a call off its return value.
//!
//! The generated code calls `(&&&&Probe::new(&returned)).__audit_outcome()` with all of these traits in
//! scope. Method lookup takes the first that fits: an error that says its outcome, an error that
//! can be displayed, any error, a value that says its outcome, and anything else as success.

use std::fmt::Display;

use crate::entry::{ErrorDetail, Outcome, short_type_name};
use crate::record::action::ActionOutcome;

/// Says how an action ended that returned this value or failed with this error.
///
/// Implement it for an error type whose values are not all failures: a refusal is `denied`.
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
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how an action ended",
    note = "implement `audit_core::ToOutcome` for `{Self}`"
)]
pub trait ToOutcome {
    /// How it ended.
    fn to_outcome(&self) -> Outcome;
}

/// What a call returned.
#[derive(Debug)]
pub struct Probe<'a, T: ?Sized>(&'a T);

impl<'a, T: ?Sized> Probe<'a, T> {
    /// Looks at what a call returned.
    pub fn new(returned: &'a T) -> Self {
        Self(returned)
    }
}

/// An error that says its outcome.
pub trait ViaErrorOutcome {
    /// How the call ended.
    fn __audit_outcome(&self) -> ActionOutcome;
}

impl<T, E: ToOutcome + Display> ViaErrorOutcome for &&&Probe<'_, Result<T, E>> {
    fn __audit_outcome(&self) -> ActionOutcome {
        match self.0 {
            Ok(_) => ActionOutcome::success(),
            Err(error) => ActionOutcome {
                outcome: error.to_outcome(),
                error: Some(ErrorDetail::of(error)),
            },
        }
    }
}

/// An error that can be displayed.
pub trait ViaErrorText {
    /// How the call ended.
    fn __audit_outcome(&self) -> ActionOutcome;
}

impl<T, E: Display> ViaErrorText for &&Probe<'_, Result<T, E>> {
    fn __audit_outcome(&self) -> ActionOutcome {
        match self.0 {
            Ok(_) => ActionOutcome::success(),
            Err(error) => failure(ErrorDetail::of(error)),
        }
    }
}

/// An error of which only the type is known.
pub trait ViaError {
    /// How the call ended.
    fn __audit_outcome(&self) -> ActionOutcome;
}

impl<T, E> ViaError for &Probe<'_, Result<T, E>> {
    fn __audit_outcome(&self) -> ActionOutcome {
        match self.0 {
            Ok(_) => ActionOutcome::success(),
            Err(_) => failure(ErrorDetail::new(short_type_name::<E>(), "")),
        }
    }
}

/// Anything else.
pub trait ViaReturn {
    /// How the call ended.
    fn __audit_outcome(&self) -> ActionOutcome;
}

impl<T: ?Sized> ViaReturn for Probe<'_, T> {
    fn __audit_outcome(&self) -> ActionOutcome {
        ActionOutcome::success()
    }
}

fn failure(error: ErrorDetail) -> ActionOutcome {
    ActionOutcome {
        outcome: Outcome::Failure,
        error: Some(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Forbidden;
    impl ToOutcome for Forbidden {
        fn to_outcome(&self) -> Outcome {
            Outcome::Denied
        }
    }
    impl Display for Forbidden {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("not yours")
        }
    }
    struct Silent;

    macro_rules! outcome {
        ($returned:expr) => {
            (&&&&Probe::new(&$returned)).__audit_outcome()
        };
    }

    #[test]
    fn the_most_telling_reading_wins() {
        let denied = outcome!(Err::<(), _>(Forbidden));
        assert_eq!(denied.outcome, Outcome::Denied);
        assert_eq!(denied.error.unwrap().text, "not yours");

        let failed = outcome!(Err::<(), _>("boom"));
        assert_eq!(
            (failed.outcome, failed.error.unwrap().text.as_str()),
            (Outcome::Failure, "boom")
        );

        let silent = outcome!(Err::<(), _>(Silent));
        assert_eq!(
            (silent.outcome, silent.error.unwrap().class.as_str()),
            (Outcome::Failure, "Silent")
        );

        assert_eq!(outcome!(Ok::<_, Forbidden>(1)).outcome, Outcome::Success);
        assert_eq!(outcome!(Some(1)).outcome, Outcome::Success);
        assert_eq!(outcome!(()).outcome, Outcome::Success);
    }
}
