//! What a type of record says about its fields, known without a record.

use std::hash::{Hash, Hasher};

/// What a type that is [`Audited`](crate::Audited) says about one of its fields.
///
/// The derive writes it from the words on the field. It is for code that meets values of a record
/// in another way than through its type, such as the triggers of a tracked table, and has to treat
/// them alike.
///
/// ```
/// use audit_core::{Audited, FieldCapture};
///
/// #[derive(Audited)]
/// struct Account {
///     #[audit(id)]
///     id: u32,
///     #[audit(redact)]
///     iban: String,
///     #[audit(exclude)]
///     password: String,
/// }
///
/// let said: Vec<_> = Account::FIELDS.iter().map(|field| (field.name(), field.capture())).collect();
/// assert_eq!(said, [
///     ("id", FieldCapture::Told),
///     ("iban", FieldCapture::Hidden),
///     ("password", FieldCapture::Excluded),
/// ]);
/// assert!(Account::FIELDS[0].is_id());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditedField {
    name: &'static str,
    written: &'static str,
    capture: FieldCapture,
    is_id: bool,
    is_name: bool,
    is_tenant: bool,
}

/// How much of a field is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldCapture {
    /// Its values.
    Told,
    /// A part of it, or what it comes to: a nested record, a list, or what a function of the type gives. The rest
    /// may be left out or hidden.
    Inside,
    /// That it changed, and no value: redacted, masked or hashed.
    Hidden,
    /// Nothing.
    Excluded,
}

impl AuditedField {
    /// A field, by the name under which its changes are recorded.
    #[must_use]
    pub const fn new(name: &'static str, capture: FieldCapture) -> Self {
        Self {
            name,
            written: name,
            capture,
            is_id: false,
            is_name: false,
            is_tenant: false,
        }
    }

    /// The name that the field has in the program, where that is another one.
    #[must_use]
    pub const fn written_as(mut self, written: &'static str) -> Self {
        self.written = written;
        self
    }

    /// It holds the id of the record.
    #[must_use]
    pub const fn holding_id(mut self) -> Self {
        self.is_id = true;
        self
    }

    /// It holds the name of the record.
    #[must_use]
    pub const fn holding_name(mut self) -> Self {
        self.is_name = true;
        self
    }

    /// It says whose the record is.
    #[must_use]
    pub const fn holding_tenant(mut self) -> Self {
        self.is_tenant = true;
        self
    }

    /// The name under which its changes are recorded.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The name that it has in the program.
    #[must_use]
    pub const fn written(&self) -> &'static str {
        self.written
    }

    /// How much of it is recorded.
    #[must_use]
    pub const fn capture(&self) -> FieldCapture {
        self.capture
    }

    /// Whether it holds the id of the record.
    #[must_use]
    pub const fn is_id(&self) -> bool {
        self.is_id
    }

    /// Whether it holds the name of the record.
    #[must_use]
    pub const fn is_name(&self) -> bool {
        self.is_name
    }

    /// Whether it says whose the record is.
    #[must_use]
    pub const fn is_tenant(&self) -> bool {
        self.is_tenant
    }
}

/// What the type of a record says, beside what is recorded of it: no part of what is compared.
#[derive(Clone, Copy, Default)]
pub(crate) struct Said(pub(crate) &'static [AuditedField]);

impl PartialEq for Said {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Said {}

impl Hash for Said {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
