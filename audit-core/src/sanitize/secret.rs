use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::MASK;

/// A value that is used but never shown.
///
/// Wrap a field in it, and `Debug`, `Display` and `Serialize` of the whole structure print the mask in its place;
/// [`expose`](Self::expose) is the one way to the value and easy to search for. Reading (`Deserialize`) is
/// transparent, so configuration files and requests look as before. There is no `Hash` and no order, which would let a
/// secret be guessed from the outside; `==` is for change detection and takes no constant time, so do not check
/// passwords with it.
///
/// ```
/// use audit_core::Secret;
///
/// #[derive(Debug, PartialEq, serde::Serialize)]
/// struct Login {
///     user: String,
///     token: Secret<String>,
/// }
///
/// let login = Login { user: "ada".into(), token: Secret::new("hunter2".into()) };
/// assert_eq!(format!("{login:?}"), r#"Login { user: "ada", token: ******** }"#);
/// assert_eq!(serde_json::to_string(&login)?, r#"{"user":"ada","token":"********"}"#);
/// assert_eq!(login.token.expose(), "hunter2");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T> {
    value: T,
}

impl<T> Secret<T> {
    /// Wraps a value.
    ///
    /// Do it where the value enters the program, so that no part of it can print it by accident.
    ///
    /// ```
    /// use audit_core::Secret;
    ///
    /// assert_eq!(Secret::new(4711).to_string(), "********");
    /// ```
    pub const fn new(value: T) -> Self {
        Self { value }
    }

    /// Shows the value.
    ///
    /// For the one place that needs it, such as the call that sends the token.
    ///
    /// ```
    /// use audit_core::Secret;
    ///
    /// assert_eq!(*Secret::new(4711).expose(), 4711);
    /// ```
    pub const fn expose(&self) -> &T {
        &self.value
    }

    /// Gives the value out.
    ///
    /// For handing it on to a library that takes it by value; from then on nothing hides it.
    ///
    /// ```
    /// use audit_core::Secret;
    ///
    /// assert_eq!(Secret::new(4711).into_inner(), 4711);
    /// ```
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self { value }
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Login {
        user: String,
        token: Secret<String>,
        pin: Option<Secret<u16>>,
    }

    fn login() -> Login {
        Login {
            user: "ada".to_owned(),
            token: Secret::new("hunter2".to_owned()),
            pin: Some(4711.into()),
        }
    }

    #[test]
    fn nothing_prints_the_value() {
        let login = login();
        for text in [
            format!("{login:?}"),
            format!("{login:#?}"),
            format!("{} {:>40}", login.token, login.token),
            serde_json::to_string(&login).unwrap(),
        ] {
            assert!(text.contains(MASK), "{text}");
            assert!(
                !text.contains("hunter2") && !text.contains("4711"),
                "{text}"
            );
        }
    }

    #[test]
    fn reading_is_transparent() {
        let read: Login =
            serde_json::from_str(r#"{"user":"ada","token":"hunter2","pin":4711}"#).unwrap();
        assert_eq!(read, login());
        assert_eq!(read.token.expose(), "hunter2");
        assert_eq!(read.pin.unwrap().into_inner(), 4711);
    }

    #[test]
    fn a_value_without_debug_or_serialize_is_hidden_too() {
        struct Opaque;
        let secret = Secret::new(Opaque);
        assert_eq!(format!("{secret:?}"), MASK);
        assert_eq!(serde_json::to_value(&secret).unwrap(), MASK);
    }

    #[test]
    fn comparison_sees_the_value() {
        assert_eq!(Secret::new(1), 1.into());
        assert_ne!(Secret::new(1), Secret::new(2));
        assert_eq!(Secret::<String>::default().expose(), "");
    }
}
