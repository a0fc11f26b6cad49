//! What an error says of itself.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use audit_core::ErrorDetail;

/// The class and the text of an error. Of what is in a box, the type is not known. A `Display` that
/// panics costs the text, and not the entry.
pub(crate) fn of<E: Display>(error: &E) -> ErrorDetail {
    let detail = catch_unwind(AssertUnwindSafe(|| ErrorDetail::of(error)));
    let Ok(detail) = detail else {
        return ErrorDetail::new("Error", "");
    };
    match detail.class.as_str() {
        "Box" => ErrorDetail::new("Error", detail.text),
        _ => detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_cannot_say_what_it_is_is_one_all_the_same() {
        struct Broken;

        impl Display for Broken {
            fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::panic::panic_any("no words")
            }
        }

        assert_eq!(of(&Broken), ErrorDetail::new("Error", ""));
    }

    #[test]
    fn a_box_is_no_class() {
        let error: Box<dyn std::error::Error> = "down".into();
        assert_eq!(of(&error), ErrorDetail::new("Error", "down"));
        let error = "x".parse::<u8>().unwrap_err();
        assert_eq!(of(&error).class, "ParseIntError");
    }
}
