use std::fmt;
use std::sync::Arc;

use super::names::Names;
use super::path::{Allowed, Rules};
use super::words::lowercase_words;
use super::{ALL_DETECTORS, Detector, Sanitizer};

/// Chooses the names and detectors of a [`Sanitizer`].
///
/// It starts from the defaults, so a program says only what is different about it. The order of calls matters for
/// [`name`](Self::name) and [`remove`](Self::remove) of the same name only; what is allowed is allowed at the end.
///
/// ```
/// use audit_core::{Detector, Sanitizer};
///
/// let sanitizer = Sanitizer::builder()
///     .name("X-Internal-Ticket")
///     .remove("session")
///     .allow("key")
///     .detector(Detector::CardNumber, false)
///     .build();
/// assert!(!sanitizer.is_sensitive("internalTicket"));
/// assert!(sanitizer.is_sensitive("x_internal_ticket"));
/// assert!(!sanitizer.is_sensitive("session"));
/// assert!(!sanitizer.is_sensitive("key"));
/// assert!(sanitizer.is_sensitive("api_key"));
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct SanitizerBuilder {
    pub(super) names: Vec<Vec<String>>,
    pub(super) allowed: Vec<Allowed>,
    pub(super) detectors: u8,
}

impl SanitizerBuilder {
    /// Adds a name of one or several words, in any case style.
    ///
    /// Every field whose name holds these words in this order is sensitive from then on: `"private key"`,
    /// `"privateKey"` and `"Private-Key"` are the same. A name without a letter or digit is ignored.
    ///
    /// ```
    /// use audit_core::Sanitizer;
    ///
    /// let sanitizer = Sanitizer::builder().name("iban").build();
    /// assert!(sanitizer.is_sensitive("customerIban"));
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        let words = lowercase_words(&name.into());
        if !words.is_empty() && !self.names.contains(&words) {
            self.names.push(words);
        }
        self
    }

    /// Takes a name off the list, in any case style.
    ///
    /// Only this very name: after `remove("key")` a field `key` is stored as it is, while `private_key` and `api_key`
    /// are still listed as names of their own.
    ///
    /// ```
    /// use audit_core::Sanitizer;
    ///
    /// let sanitizer = Sanitizer::builder().remove("key").build();
    /// assert!(!sanitizer.is_sensitive("sort_key"));
    /// assert!(sanitizer.is_sensitive("private_key"));
    /// ```
    pub fn remove(mut self, name: &str) -> Self {
        let words = lowercase_words(name);
        self.names.retain(|listed| *listed != words);
        self
    }

    /// Never masks a field because of its name, although a word of it is listed.
    ///
    /// The whole field name is compared, word by word and in any case style: allowing `key` leaves `api_key`
    /// sensitive. With dots it is a path and counts only where the path ends so: `keyboard.key` allows the `key` of a
    /// `keyboard` and no other. The content still passes the detectors, and names inside it still count.
    ///
    /// ```
    /// use audit_core::Sanitizer;
    ///
    /// let sanitizer = Sanitizer::builder().allow("keyboard.key").build();
    /// assert!(!sanitizer.is_sensitive_path("order.keyboard.key"));
    /// assert!(sanitizer.is_sensitive_path("order.key"));
    /// ```
    pub fn allow(mut self, name: impl Into<String>) -> Self {
        if let Some(allowed) = Allowed::parse(&name.into()) {
            self.allowed.push(allowed);
        }
        self
    }

    /// Switches all detectors on or off.
    ///
    /// Off leaves the names alone to decide, for values whose form is known and never free text.
    ///
    /// ```
    /// use audit_core::{Detector, Sanitizer};
    ///
    /// let sanitizer = Sanitizer::builder().detectors(false).detector(Detector::Pem, true).build();
    /// assert_eq!(sanitizer.text("pwd=hunter2"), "pwd=hunter2");
    /// ```
    pub fn detectors(mut self, on: bool) -> Self {
        self.detectors = if on { ALL_DETECTORS } else { 0 };
        self
    }

    /// Switches one detector on or off.
    ///
    /// For a program whose own values look like a secret, such as sixteen-digit order numbers.
    ///
    /// ```
    /// use audit_core::{Detector, Sanitizer};
    ///
    /// let sanitizer = Sanitizer::builder().detector(Detector::CardNumber, false).build();
    /// assert_eq!(sanitizer.text("order 4111111111111111"), "order 4111111111111111");
    /// ```
    pub fn detector(mut self, detector: Detector, on: bool) -> Self {
        if on {
            self.detectors |= detector.bit();
        } else {
            self.detectors &= !detector.bit();
        }
        self
    }

    /// Builds the tables that make the look-ups fast.
    ///
    /// Do it once at start-up and clone the result.
    ///
    /// ```
    /// use audit_core::Sanitizer;
    ///
    /// let sanitizer = Sanitizer::builder().build();
    /// assert!(sanitizer.is_sensitive("password"));
    /// ```
    #[must_use]
    pub fn build(self) -> Sanitizer {
        Sanitizer {
            rules: Arc::new(Rules {
                names: Names::new(self.names),
                allowed: self.allowed,
                detectors: self.detectors,
            }),
        }
    }
}

impl fmt::Debug for SanitizerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SanitizerBuilder")
            .field("names", &self.names.len())
            .field("allowed", &self.allowed.len())
            .field("detectors", &self.detectors.count_ones())
            .finish()
    }
}
