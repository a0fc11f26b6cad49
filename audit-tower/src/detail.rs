//! What an error says of itself.

use std::fmt::Display;

use audit_core::ErrorDetail;

/// The class and the text of an error. Of what is in a box, the type is not known.
pub(crate) fn of<E: Display>(error: &E) -> ErrorDetail {
    let detail = ErrorDetail::of(error);
    match detail.class.as_str() {
        "Box" => ErrorDetail::new("Error", detail.text),
        _ => detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_no_class() {
        let error: Box<dyn std::error::Error> = "down".into();
        assert_eq!(of(&error), ErrorDetail::new("Error", "down"));
        let error = "x".parse::<u8>().unwrap_err();
        assert_eq!(of(&error).class, "ParseIntError");
    }
}
