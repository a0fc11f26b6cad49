//! Finding out what a return value can tell.
//!
//! Nothing can be asked of a type by its name: `Result` may be an alias or another type. The
//! macros here ask by method lookup, which takes the first trait that fits as it removes one `&`
//! after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Reading, ToOutcome};
use crate::entry::Outcome;

/// Reads how a call ended off what it returned.
#[doc(hidden)]
#[macro_export]
macro_rules! __audit_outcome {
    ($call:ident, $returned:ident) => {
        $crate::__audit_outcome!($call, $returned, error => error.__audit_failure())
    };
    ($call:ident, $returned:ident, sources) => {
        $crate::__audit_outcome!($call, $returned, error => {
            let sources = (&&&&$crate::__private::outcome::Sources::new(error)).__audit_sources();
            error.__audit_failure().caused_by(&sources)
        })
    };
    ($call:ident, $returned:ident, $error:ident => $failure:expr) => {
        if $call.is_on() {
            use $crate::__private::outcome::*;
            match (&&&Returned::new(&$returned)).__audit_split() {
                Ended::Value(value) => $call.ended((&&Value::new(value)).__audit_value()),
                Ended::Nothing => {}
                Ended::Error(error) => {
                    let $error = &&&Failed::new(error);
                    $call.ended($failure);
                }
            }
        }
    };
}

/// The value that was returned, by reference, where the call was a success.
#[doc(hidden)]
#[macro_export]
macro_rules! __audit_success {
    ($call:ident, $returned:ident) => {{
        use $crate::__private::outcome::*;
        $call.success(&(&&&Returned::new(&$returned)).__audit_split())
    }};
}

/// What a call returned.
#[derive(Debug)]
pub struct Returned<'a, R: ?Sized>(&'a R);

impl<'a, R: ?Sized> Returned<'a, R> {
    /// Looks at what a call returned.
    pub fn new(returned: &'a R) -> Self {
        Self(returned)
    }
}

/// What a call returned, taken apart.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "hidden")]
pub enum Ended<'a, T: ?Sized, E: ?Sized> {
    /// `Ok`, `Some`, or a value that is neither.
    Value(&'a T),
    /// `None`.
    Nothing,
    /// `Err`.
    Error(&'a E),
}

/// A type that stands for no error.
type Never = std::convert::Infallible;

/// A `Result`.
pub trait SplitResult<'a, T, E> {
    /// The value or the error.
    fn __audit_split(&self) -> Ended<'a, T, E>;
}

impl<'a, T, E> SplitResult<'a, T, E> for &&Returned<'a, Result<T, E>> {
    fn __audit_split(&self) -> Ended<'a, T, E> {
        match self.0 {
            Ok(value) => Ended::Value(value),
            Err(error) => Ended::Error(error),
        }
    }
}

/// An `Option`.
pub trait SplitOption<'a, T> {
    /// The value or nothing.
    fn __audit_split(&self) -> Ended<'a, T, Never>;
}

impl<'a, T> SplitOption<'a, T> for &Returned<'a, Option<T>> {
    fn __audit_split(&self) -> Ended<'a, T, Never> {
        match self.0 {
            Some(value) => Ended::Value(value),
            None => Ended::Nothing,
        }
    }
}

/// Anything else.
pub trait SplitAny<'a, R: ?Sized> {
    /// The value.
    fn __audit_split(&self) -> Ended<'a, R, Never>;
}

impl<'a, R: ?Sized> SplitAny<'a, R> for Returned<'a, R> {
    fn __audit_split(&self) -> Ended<'a, R, Never> {
        Ended::Value(self.0)
    }
}

/// A value that was returned.
#[derive(Debug)]
pub struct Value<'a, T: ?Sized>(&'a T);

impl<'a, T: ?Sized> Value<'a, T> {
    /// Looks at a value that was returned.
    pub fn new(value: &'a T) -> Self {
        Self(value)
    }
}

/// A value that says its outcome.
pub trait ViaOutcome {
    /// How the call ended.
    fn __audit_value(&self) -> Reading;
}

impl<T: ToOutcome + ?Sized> ViaOutcome for &Value<'_, T> {
    fn __audit_value(&self) -> Reading {
        Reading::of(said(self.0).unwrap_or(Outcome::Success))
    }
}

/// Any other value.
pub trait ViaSuccess {
    /// How the call ended.
    fn __audit_value(&self) -> Reading;
}

impl<T: ?Sized> ViaSuccess for Value<'_, T> {
    fn __audit_value(&self) -> Reading {
        Reading::of(Outcome::Success)
    }
}

/// The outcome that a value says. Where that panics, the call goes on as without the attribute.
pub(super) fn said<T: ToOutcome + ?Sized>(value: &T) -> Option<Outcome> {
    catch_unwind(AssertUnwindSafe(|| value.to_outcome())).ok()
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use crate::entry::ErrorDetail;
    use std::fmt;

    struct Forbidden;
    impl ToOutcome for Forbidden {
        fn to_outcome(&self) -> Outcome {
            Outcome::Denied
        }
    }
    impl fmt::Display for Forbidden {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("not yours")
        }
    }
    struct Silent;

    #[derive(Debug)]
    struct Layered(&'static str, Option<Box<Self>>);
    impl fmt::Display for Layered {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }
    impl std::error::Error for Layered {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            self.1.as_deref().map(|source| source as _)
        }
    }

    struct Panics;
    impl fmt::Display for Panics {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("shown")
        }
    }
    impl ToOutcome for Panics {
        fn to_outcome(&self) -> Outcome {
            panic!("asked")
        }
    }

    /// Stands where a call stands in generated code.
    struct Call(Option<Reading>, bool);
    impl Call {
        fn is_on(&self) -> bool {
            self.1
        }
        fn ended(&mut self, reading: Reading) {
            self.0 = Some(reading);
        }
    }

    macro_rules! reading {
        ($returned:expr $(, $sources:ident)?) => {{
            let (mut call, returned) = (Call(None, true), $returned);
            crate::__audit_outcome!(call, returned $(, $sources)?);
            call.0
        }};
    }

    fn error(reading: Option<Reading>) -> (Outcome, ErrorDetail) {
        let reading = reading.unwrap();
        (reading.outcome, reading.error.unwrap())
    }

    #[test]
    fn the_most_telling_reading_of_an_error_wins() {
        let detail = ErrorDetail::new("Forbidden", "not yours");
        assert_eq!(
            error(reading!(Err::<(), _>(Forbidden))),
            (Outcome::Denied, detail)
        );
        let detail = ErrorDetail::new("str", "boom");
        assert_eq!(
            error(reading!(Err::<(), _>("boom"))),
            (Outcome::Failure, detail)
        );
        let detail = ErrorDetail::new("Silent", "");
        assert_eq!(
            error(reading!(Err::<(), _>(Silent))),
            (Outcome::Failure, detail)
        );
    }

    #[test]
    fn a_value_says_its_outcome_or_is_a_success() {
        let outcome = |reading: Option<Reading>| reading.map(|reading| reading.outcome);
        assert_eq!(outcome(reading!(Forbidden)), Some(Outcome::Denied));
        assert_eq!(
            outcome(reading!(Ok::<_, Silent>(Forbidden))),
            Some(Outcome::Denied)
        );
        assert_eq!(outcome(reading!(Some(Forbidden))), Some(Outcome::Denied));
        assert_eq!(
            outcome(reading!(Ok::<_, Forbidden>(1))),
            Some(Outcome::Success)
        );
        assert_eq!(outcome(reading!(())), Some(Outcome::Success));
        assert_eq!(outcome(reading!(None::<u8>)), None);
    }

    #[test]
    fn what_panics_when_it_is_asked_is_a_failure_with_its_class() {
        let detail = ErrorDetail::new("Panics", "");
        assert_eq!(
            error(reading!(Err::<(), _>(Panics))),
            (Outcome::Failure, detail)
        );
        assert_eq!(reading!(Panics).unwrap().outcome, Outcome::Success);
    }

    #[test]
    fn sources_are_added_where_there_are_any() {
        let layered = || {
            Layered(
                "a",
                Some(Box::new(Layered("b", Some(Layered("c", None).into())))),
            )
        };
        let text = |reading| error(reading).1.text;
        assert_eq!(text(reading!(Err::<(), _>(layered()))), "a");
        assert_eq!(text(reading!(Err::<(), _>(layered()), sources)), "a: b: c");
        let boxed: Box<dyn std::error::Error> = Box::new(layered());
        assert_eq!(text(reading!(Err::<(), _>(boxed), sources)), "a: b: c");
        let boxed: Box<dyn std::error::Error + Send + Sync> = "plain".into();
        assert_eq!(text(reading!(Err::<(), _>(boxed), sources)), "plain");
        assert_eq!(text(reading!(Err::<(), _>(Silent), sources)), "");
    }
}
