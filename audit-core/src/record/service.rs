//! The mixin of the mirrored system: a handler that logs what it does.

use crate::diff::Audited;
use crate::entry::action;
use crate::record::auditor::Auditor;
use crate::record::draft::Draft;

/// A service, controller or view that records its actions through an auditor it holds.
///
/// ```
/// use audit_core::{AuditContext, Audited, AuditedService, Auditor, MemoryStore};
///
/// #[derive(Audited)]
/// struct Report { #[audit(id)] id: u32, title: String }
///
/// struct Reports { auditor: Auditor }
///
/// impl AuditedService for Reports {
///     fn auditor(&self) -> &Auditor {
///         &self.auditor
///     }
/// }
///
/// # let reports = Reports { auditor: Auditor::new(MemoryStore::new()) };
/// # let report = Report { id: 1, title: "2026".to_owned() };
/// # AuditContext::new("acme").scope(|| {
/// reports.log_action("approve", &report).reason("quarter closed").record()?;
/// # Ok::<(), audit_core::Error>(())
/// # })?;
/// # Ok::<(), audit_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no auditor to log actions through",
    label = "the trait `AuditedService` is not implemented for `{Self}`",
    note = "implement `audit_core::AuditedService` for `{Self}`: its `auditor` gives the auditor that it holds"
)]
pub trait AuditedService {
    /// Where this service records.
    fn auditor(&self) -> &Auditor;

    /// An action on a record: `create` and `delete` take a snapshot of it, any other names it.
    fn log_action<T: Audited>(&self, action: &str, record: &T) -> Draft {
        match action {
            action::CREATE => self.auditor().created(record),
            action::DELETE => self.auditor().deleted(record),
            other => self.auditor().log(other).about(record),
        }
    }
}
