//! Digests of values that are not stored, made with the auditor's key.

use serde_json::Value;

use crate::diff::digest::{self, DigestKey};
use crate::diff::{Audited, Digestible};
use crate::entry::{AuditEntry, Changes, Entity, Tenant};
use crate::error::{Error, Result};
use crate::record::auditor::Auditor;

impl Auditor {
    /// What stands in changes for a value of a field that is marked `#[audit(hash)]`, to compare
    /// with: whether an entry concerns it can be asked without the log containing it.
    ///
    /// Digests of one value differ by tenant, by type of record and by field.
    ///
    /// ```
    /// use audit_core::{AuditContext, Audited, Auditor, MemoryStore};
    ///
    /// #[derive(Audited)]
    /// struct Person {
    ///     #[audit(id)]
    ///     id: u32,
    ///     #[audit(hash)]
    ///     email: String,
    /// }
    ///
    /// let auditor = Auditor::builder(MemoryStore::new()).digest_key(&[7; 32]).build()?;
    /// let ada = Person { id: 1, email: "ada@example.org".to_owned() };
    /// AuditContext::new("acme").scope(|| auditor.created(&ada).record())?;
    ///
    /// let entry = &auditor.tenant("acme").entries().page()?.entries[0];
    /// let wanted = auditor.digest::<Person>("acme", "email", "ada@example.org")?;
    /// assert_eq!(entry.changes.get("email").unwrap().new, Some(wanted));
    /// # Ok::<(), audit_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) without a [key](crate::AuditorBuilder::digest_key).
    pub fn digest<T: Audited>(
        &self,
        tenant: impl Into<Tenant>,
        path: &str,
        value: &(impl Digestible + ?Sized),
    ) -> Result<Value> {
        let value = digest::recorded(value)?;
        let key = self.digest_key()?;
        Ok(key.digest(&tenant.into(), T::ENTITY_TYPE, path, &value))
    }

    fn digest_key(&self) -> Result<&DigestKey> {
        self.settings().digest_key.as_ref().ok_or_else(|| {
            Error::invalid(
                "a field is marked `#[audit(hash)]`, and the auditor has no key for digests; give it one with `AuditorBuilder::digest_key`",
            )
        })
    }

    /// Whether there is a key for the values that wait for a digest, if any do.
    pub(crate) fn can_digest(&self, changes: &Changes) -> Result<()> {
        if wait(changes) {
            self.digest_key()?;
        }
        Ok(())
    }

    /// Puts digests in place of the values that wait for one.
    pub(crate) fn digest_changes(&self, entry: &mut AuditEntry) -> Result<()> {
        if wait(&entry.changes) {
            let entity = entry.entity.as_ref().map_or("", Entity::entity_type);
            let key = self.digest_key()?;
            key.resolve(&mut entry.changes, &entry.tenant, entity);
        }
        Ok(())
    }
}

fn wait(changes: &Changes) -> bool {
    let waiting = changes.extra();
    waiting.is_some_and(|extra| !extra.digests.is_empty())
}
