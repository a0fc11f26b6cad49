//! The one choke point through which every value passes before it is stored, hashed or printed.
//!
//! Two independent rules decide what is a secret. *Names*: a field whose name holds a listed word is masked whole,
//! whatever it contains. *Detectors*: a secret that stands in a harmless field, an error text or a URL is recognised
//! by its form. Both leave the constant [`MASK`], which tells neither length nor prefix.

mod assignment;
mod builder;
mod card;
pub(crate) mod choke;
mod extent;
mod issued;
mod label;
mod names;
mod path;
mod role;
mod secret;
mod shown;
mod text;
mod tokens;
mod trigger;
mod url;
mod walk;
mod words;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use path::Rules;

use crate::entry::marks;

pub use builder::SanitizerBuilder;
pub use secret::Secret;

/// What stands in place of a secret.
///
/// It is the same for every secret, so it tells neither the length nor the beginning of what it hides.
///
/// ```
/// use audit_core::{MASK, Sanitizer};
///
/// assert_eq!(Sanitizer::default().text("pwd=hunter2"), format!("pwd={MASK}"));
/// ```
pub const MASK: &str = "********";

/// Masks the secrets of values and texts.
///
/// One sanitizer is shared by everything that records: a clone is a reference count. [`Sanitizer::default`] knows the
/// usual names and has every detector on, which is right for most programs; [`Sanitizer::builder`] adds, removes and
/// allows names. Nothing is allocated for a value or text without a secret, and sanitizing twice equals once.
///
/// ```
/// use audit_core::Sanitizer;
/// use serde_json::json;
///
/// let sanitizer = Sanitizer::default();
/// let mut value = json!({
///     "user": "ada",
///     "apiKey": "k-123",
///     "note": "mail postgres://ada:hunter2@db/main to nobody",
/// });
/// sanitizer.value(&mut value);
/// assert_eq!(
///     value,
///     json!({
///         "user": "ada",
///         "apiKey": "********",
///         "note": "mail postgres://ada:********@db/main to nobody",
///     })
/// );
/// ```
#[derive(Clone)]
pub struct Sanitizer {
    rules: Arc<Rules>,
}

impl Sanitizer {
    /// Starts from the default names and detectors.
    ///
    /// ```
    /// use audit_core::Sanitizer;
    ///
    /// let sanitizer = Sanitizer::builder().name("tax number").allow("keyboard.key").build();
    /// assert!(sanitizer.is_sensitive("taxNumber"));
    /// assert!(!sanitizer.is_sensitive_path("keyboard.key"));
    /// ```
    #[must_use = "a builder does nothing until `build`"]
    pub fn builder() -> SanitizerBuilder {
        SanitizerBuilder {
            names: names::defaults(),
            allowed: Vec::new(),
            detectors: ALL_DETECTORS,
        }
    }

    /// Whether a value under this field name is masked whole.
    ///
    /// A name is read word by word in snake, camel, kebab, dotted and header case; a plural counts as its singular.
    /// For a name inside a structure ask [`is_sensitive_path`](Self::is_sensitive_path), which sees the names above.
    ///
    /// ```
    /// use audit_core::Sanitizer;
    ///
    /// let sanitizer = Sanitizer::default();
    /// assert!(sanitizer.is_sensitive("X-Api-Key"));
    /// assert!(!sanitizer.is_sensitive("monkey"));
    /// ```
    #[must_use]
    pub fn is_sensitive(&self, name: &str) -> bool {
        self.rules.names_secret(name, Vec::new)
    }

    /// Whether the value at this path is masked whole, because one of the names on the path is sensitive.
    ///
    /// Paths are those of changes: `location.city`, `notes[7].api_token`, `headers["X-Api-Key"]`. What stands bare in
    /// brackets is the key of a list item, never a name; what stands quoted in brackets is the name of a member.
    ///
    /// ```
    /// use audit_core::Sanitizer;
    ///
    /// let sanitizer = Sanitizer::default();
    /// assert!(sanitizer.is_sensitive_path("auth.user"));
    /// assert!(!sanitizer.is_sensitive_path("notes[secret-7].title"));
    /// ```
    #[must_use]
    pub fn is_sensitive_path(&self, path: &str) -> bool {
        self.rules.path_secret(path)
    }

    /// Masks every secret in a value, in place.
    ///
    /// Under a sensitive name anything but `null` becomes [`MASK`]; all other strings, member names and whole numbers
    /// pass the detectors. A container more than 100 levels deep is replaced as a whole. In an entry of a list of
    /// names and values (`{"key": "password", "value": "x"}`, `{"field": "pin", "old": 1, "new": 2}`,
    /// `["Cookie", "a=b"]`) the *content* of the first member is the name that decides on the others, so there `key`
    /// is no secret itself and stays readable.
    ///
    /// ```
    /// use audit_core::Sanitizer;
    /// use serde_json::json;
    ///
    /// let mut value = json!([{"name": "Authorization", "value": "abc"}, {"pins": [1, 2]}]);
    /// Sanitizer::default().value(&mut value);
    /// assert_eq!(value, json!([{"name": "Authorization", "value": "********"}, {"pins": "********"}]));
    /// ```
    pub fn value(&self, value: &mut Value) {
        walk::value(&self.rules, value, None, false);
    }

    /// Masks a value that lives under a name or path.
    ///
    /// For one side of a change, one argument, one metadata item: all of it if the path is sensitive, otherwise as
    /// [`value`](Self::value) does, with the path taken into account for what is allowed.
    ///
    /// ```
    /// use audit_core::Sanitizer;
    /// use serde_json::json;
    ///
    /// let mut new = json!(4711);
    /// Sanitizer::default().value_at("account.pin", &mut new);
    /// assert_eq!(new, json!("********"));
    /// ```
    pub fn value_at(&self, path: &str, value: &mut Value) {
        if self.rules.path_secret(path) {
            walk::mask(value);
        } else {
            walk::value(&self.rules, value, Some(path), false);
        }
    }

    /// [`value_at`](Self::value_at) for values in which the recorder has put digests: those stay.
    pub(crate) fn value_with_digests(&self, path: &str, value: &mut Value) {
        if !self.rules.path_secret(path) {
            walk::value(&self.rules, value, Some(path), true);
        } else if !marks::is_digest(value) {
            walk::mask(value);
        }
    }

    /// Masks every secret in an object, in place.
    ///
    /// For metadata and request data, which are kept as maps; the same rules as [`value`](Self::value).
    ///
    /// ```
    /// use audit_core::Sanitizer;
    /// use serde_json::{Map, json};
    ///
    /// let mut metadata = Map::new();
    /// metadata.insert("sessionId".into(), json!("s-1"));
    /// Sanitizer::default().map(&mut metadata);
    /// assert_eq!(metadata["sessionId"], "********");
    /// ```
    pub fn map(&self, map: &mut Map<String, Value>) {
        walk::map(&self.rules, map);
    }

    /// Masks every secret in a free text and leaves the text around it.
    ///
    /// For error texts, URLs, user agents and reasons. Names count here too, as in `password=hunter2`,
    /// `{"api_key": "abc"}` or `Cookie: a=b`. Where the end of a secret is in doubt, more is masked rather than less.
    ///
    /// ```
    /// use audit_core::Sanitizer;
    ///
    /// let sanitizer = Sanitizer::default();
    /// assert_eq!(sanitizer.text("GET /?access_token=abc&page=2"), "GET /?access_token=********&page=2");
    /// assert_eq!(sanitizer.text("room 12, 09:30"), "room 12, 09:30");
    /// ```
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        text::mask_text(&self.rules, text)
    }
}

impl Default for Sanitizer {
    fn default() -> Self {
        // Built once: the tables never change, and a program makes many default sanitizers in tests.
        static DEFAULT: LazyLock<Sanitizer> = LazyLock::new(|| Sanitizer::builder().build());
        DEFAULT.clone()
    }
}

impl fmt::Debug for Sanitizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sanitizer")
            .field("names", &self.rules.names.len())
            .field("allowed", &self.rules.allowed.len())
            .field("detectors", &self.rules.detectors.count_ones())
            .finish()
    }
}

/// A form by which a secret is recognised wherever it stands.
///
/// All are on by default; see [`SanitizerBuilder::detector`].
///
/// ```
/// use audit_core::{Detector, Sanitizer};
///
/// let sanitizer = Sanitizer::builder().detector(Detector::Assignment, false).build();
/// assert_eq!(sanitizer.text("token: x, Bearer x1y2"), "token: x, Bearer ********");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Detector {
    /// A PEM block, `-----BEGIN …-----` to its END line or the end of the text.
    Pem,
    /// A JSON web token: base64url parts with dots between, the first beginning with `eyJ`.
    Jwt,
    /// Keys and tokens that cloud and code hosts issue with a fixed prefix.
    CloudKey,
    /// A payment card number: 13 to 19 digits with a known issuer prefix and a valid check digit.
    CardNumber,
    /// The password of a URL such as `postgres://user:password@host/db`; the user name stays.
    UrlCredentials,
    /// `Bearer …` and `Basic …`, and the header lines `Authorization:`, `Cookie:` and `Set-Cookie:`.
    AuthHeader,
    /// A sensitive name with its value in a text: `password=x`, `"api_key": "x"`, `--token x`, `<pin>1</pin>`.
    Assignment,
}

const ALL_DETECTORS: u8 = 0b111_1111;

impl Detector {
    const fn bit(self) -> u8 {
        1 << self as u8
    }
}
