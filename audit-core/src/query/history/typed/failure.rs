//! Why what was recorded does not become what was asked for: where, and never the value.

use std::fmt;

use serde::de::{Expected, Unexpected};

use crate::entry::Obscured;
use crate::entry::path::prefix;
use crate::error::{Error, ErrorKind};

/// A failure to read, on its way out.
#[derive(Debug)]
pub(super) struct Failure {
    path: String,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Obscured(Obscured),
    /// What the type wants there.
    Wanted(String),
    /// What the type wants of the members there.
    Members(String),
}

impl Failure {
    pub(super) fn obscured(why: Obscured) -> Self {
        Self::new(Why::Obscured(why))
    }

    fn new(why: Why) -> Self {
        Self {
            path: String::new(),
            why,
        }
    }

    /// The same failure, seen from one step further out.
    pub(super) fn inside(mut self, step: impl FnOnce(&mut String)) -> Self {
        let mut outer = String::new();
        step(&mut outer);
        prefix(&mut self.path, &outer);
        self
    }

    pub(super) fn into_error(self) -> Error {
        let kind = match self.why {
            Why::Obscured(_) => ErrorKind::NotStored,
            Why::Wanted(_) | Why::Members(_) => ErrorKind::WrongType,
        };
        Error::new(kind, self.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.why {
            Why::Obscured(why) => write!(
                f,
                "the value at `{path}` is {why}, not stored as it was; leave the field out of the type, or read `state_at`"
            ),
            Why::Wanted(wanted) => write!(
                f,
                "what was recorded at `{path}` does not fit the type, which asks for {wanted}; give the field its type of then, or read `state_at`"
            ),
            Why::Members(wanted) => {
                let at = if path.is_empty() { "the record" } else { path };
                write!(
                    f,
                    "what was recorded of `{at}` does not fit the type: {wanted}; give the field `#[serde(default)]`, or read `state_at`"
                )
            }
        }
    }
}

impl std::error::Error for Failure {}

impl serde::de::Error for Failure {
    /// The words of others may hold the value.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::new(Why::Wanted("another value".to_owned()))
    }

    fn invalid_type(_: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::new(Why::Wanted(wanted.to_string()))
    }

    fn invalid_value(_: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::new(Why::Wanted(wanted.to_string()))
    }

    fn invalid_length(_: usize, wanted: &dyn Expected) -> Self {
        Self::new(Why::Wanted(wanted.to_string()))
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::new(Why::Wanted(format!("one of {}", known.join(", "))))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::new(Why::Members(format!("it has no field `{field}`")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Why::Members(format!("its field `{field}` is not recorded")))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(Why::Members(format!("its field `{field}` came twice")))
    }
}
