//! How it ended.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

macro_rules! named_enum {
    ($(#[$meta:meta])* $name:ident, $what:literal { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The value as it stands in JSON and in the database.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(Error::invalid(concat!("unknown ", $what, ", known are" $(, " ", $text)*))),
                }
            }
        }
    };
}

named_enum! {
    /// How an action ended: a closed set, so that "did it succeed" always has an answer.
    Outcome, "outcome" {
        /// It did what it was asked to do.
        #[default]
        Success = "success",
        /// It failed; the entry's [`ErrorDetail`] says with what.
        Failure = "failure",
        /// It was refused: the actor may not do this.
        Denied = "denied",
        /// It was dropped half-way: a client went away, a timeout struck.
        Cancelled = "cancelled",
        /// The code panicked.
        Panicked = "panicked",
        /// The process died in the middle of it.
        Interrupted = "interrupted",
    }
}

named_enum! {
    /// How much attention an entry asks for, least first.
    Severity, "severity" {
        /// Everyday work.
        #[default]
        Info = "info",
        /// Worth a look in a review.
        Notice = "notice",
        /// Worth a look today.
        Warning = "warning",
        /// Security critical: worth waking somebody.
        Critical = "critical",
    }
}

/// What went wrong, in words that are safe to keep.
///
/// The class is for counting and alerting (a type name, a code); the text is for people and has
/// passed the sanitizer.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorDetail {
    /// A stable name: the error's type, or a code.
    pub class: String,
    /// A sentence for people, without secrets.
    pub text: String,
}

impl ErrorDetail {
    /// A class and a text.
    #[must_use]
    pub fn new(class: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            class: class.into(),
            text: text.into(),
        }
    }

    /// The type's short name as class, its `Display` as text. Of what is in a box the type is not known:
    /// its class is `Error`. A `Display` that panics costs the text, and not the entry.
    ///
    /// ```
    /// use audit_core::ErrorDetail;
    ///
    /// let detail = ErrorDetail::of(&"x".parse::<u8>().unwrap_err());
    /// assert_eq!(detail.class, "ParseIntError");
    /// assert_eq!(detail.text, "invalid digit found in string");
    /// ```
    #[must_use]
    pub fn of<E: fmt::Display + ?Sized>(error: &E) -> Self {
        let class = match short_type_name::<E>() {
            "Box" => "Error",
            class => class,
        };
        let text = catch_unwind(AssertUnwindSafe(|| error.to_string()));
        Self::new(class, text.unwrap_or_default())
    }
}

/// The text has not always passed the sanitizer yet, so only the class is shown.
impl fmt::Debug for ErrorDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorDetail")
            .field("class", &self.class)
            .finish_non_exhaustive()
    }
}

/// `desk::DeskError` as `DeskError`, `&alloc::string::String` as `String`.
pub(crate) fn short_type_name<T: ?Sized>() -> &'static str {
    let full = std::any::type_name::<T>();
    let outer = full.split('<').next().unwrap_or(full);
    outer
        .rsplit("::")
        .next()
        .unwrap_or(outer)
        .trim_start_matches('&')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse::<Outcome>().unwrap(), *outcome);
            assert_eq!(
                serde_json::to_string(outcome).unwrap(),
                format!("{:?}", outcome.as_str())
            );
        }
        for severity in Severity::ALL {
            assert_eq!(severity.as_str().parse::<Severity>().unwrap(), *severity);
        }
        let error = "sucess".parse::<Outcome>().unwrap_err().to_string();
        assert!(error.ends_with("success failure denied cancelled panicked interrupted"));
    }

    #[test]
    fn type_names_are_short() {
        assert_eq!(short_type_name::<Vec<Option<String>>>(), "Vec");
        assert_eq!(short_type_name::<&str>(), "str");
        assert_eq!(short_type_name::<dyn std::error::Error>(), "Error");
    }

    #[test]
    fn an_error_that_cannot_say_what_it_is_is_one_all_the_same() {
        struct Broken;

        impl fmt::Display for Broken {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                std::panic::panic_any("no words")
            }
        }

        assert_eq!(ErrorDetail::of(&Broken), ErrorDetail::new("Broken", ""));
    }

    #[test]
    fn a_box_is_no_class() {
        let error: Box<dyn std::error::Error> = "down".into();
        assert_eq!(ErrorDetail::of(&error), ErrorDetail::new("Error", "down"));
    }
}
