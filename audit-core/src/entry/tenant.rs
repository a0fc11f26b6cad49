//! Whose log it is.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::entry::limits::check_text;
use crate::error::Result;

/// Whose log an entry belongs to: the company, the customer, the workspace.
///
/// Every entry has one and every read starts from one. Text of 1 to 255 characters, compared
/// exactly: a tenant is never trimmed, folded or cut, since two tenants must never become one.
///
/// ```
/// use audit_core::Tenant;
///
/// let tenant = Tenant::from("acme");
/// assert_eq!(tenant.as_str(), "acme");
/// assert_ne!(tenant, Tenant::from("Acme"));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant(Arc<str>);

impl Tenant {
    /// The tenant as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether this can be a tenant: text of 1 to 255 characters.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if it is empty or too long.
    pub fn check(&self) -> Result<()> {
        check_text("tenant", self.as_str(), 255)
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&str> for Tenant {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Tenant {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&String> for Tenant {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&Self> for Tenant {
    fn from(tenant: &Self) -> Self {
        tenant.clone()
    }
}

impl From<Uuid> for Tenant {
    fn from(uuid: Uuid) -> Self {
        Self(uuid.to_string().into())
    }
}

impl From<i64> for Tenant {
    fn from(number: i64) -> Self {
        Self(number.to_string().into())
    }
}

impl AsRef<str> for Tenant {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Serialize for Tenant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Tenant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}
