//! What a job brings along from where it was enqueued.

use audit_core::{Actor, AuditContext, Carrier};

/// What a job brings along of the context that it was enqueued in.
///
/// ```
/// use audit_core::AuditContext;
/// use audit_tower::Carried;
///
/// let payload = AuditContext::new("acme").scope(|| {
///     Carried::current().to_json().unwrap()
/// });
/// assert!(matches!(Carried::from_json(Some(&payload)), Carried::Context(_)));
/// assert!(matches!(Carried::from_json(Some("{")), Carried::Broken));
/// assert!(matches!(Carried::from_json(None), Carried::Missing));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub enum Carried {
    /// The context of whoever enqueued it.
    Context(Carrier),
    /// Nothing, where there should be a context; the entry says so.
    Missing,
    /// Something that cannot be read; the entry says so, as it does of a carrier that
    /// [`Carrier::into_context`] refuses.
    Broken,
    /// Nothing, since nobody has enqueued it: a timer runs it.
    Nothing,
}

impl Carried {
    /// The context of here and now, to be put into a job; missing where there is none.
    pub fn current() -> Self {
        Self::from(Carrier::current())
    }

    /// A carrier that travels as JSON, in the metadata of a job.
    pub fn from_json(text: Option<&str>) -> Self {
        match text.map(serde_json::from_str) {
            Some(Ok(carrier)) => Self::Context(carrier),
            Some(Err(_)) => Self::Broken,
            None => Self::Missing,
        }
    }

    /// The carrier as JSON, if there is one.
    #[must_use]
    pub fn to_json(&self) -> Option<String> {
        match self {
            Self::Context(carrier) => serde_json::to_string(carrier).ok(),
            Self::Missing | Self::Broken | Self::Nothing => None,
        }
    }

    /// The context of the job, or what the entry says about why there is none.
    pub(super) fn into_context(self, actor: Actor) -> (Option<AuditContext>, Option<&'static str>) {
        match self {
            Self::Context(carrier) => match carrier.into_context(actor) {
                Ok(context) => (Some(context), None),
                Err(_) => (None, Some("broken")),
            },
            Self::Broken => (None, Some("broken")),
            Self::Missing => (None, Some("missing")),
            Self::Nothing => (None, None),
        }
    }
}

impl From<Carrier> for Carried {
    fn from(carrier: Carrier) -> Self {
        Self::Context(carrier)
    }
}

/// `None` is [`Carried::Missing`].
impl From<Option<Carrier>> for Carried {
    fn from(carrier: Option<Carrier>) -> Self {
        carrier.map_or(Self::Missing, Self::Context)
    }
}

/// An error is [`Carried::Broken`].
impl<E: std::error::Error> From<Result<Carrier, E>> for Carried {
    fn from(read: Result<Carrier, E>) -> Self {
        read.map_or(Self::Broken, Self::Context)
    }
}
