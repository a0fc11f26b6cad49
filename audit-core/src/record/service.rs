//! The mixin of the mirrored system: a handler that logs what it does.

use crate::diff::Audited;
use crate::entry::{ToEntityId, action};
use crate::record::auditor::Auditor;
use crate::record::draft::Draft;

/// A service, controller or view that records its actions through an auditor it holds.
///
/// [`AuditedService::ENTITY_TYPE`] is said once, for actions on what there is no record of, only an
/// id. As the state of an axum router it makes `desk.log_action("close", &incident).await?` of a
/// handler; see the [cookbook](crate::guide::cookbook).
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
///     const ENTITY_TYPE: &'static str = "report";
///
///     fn auditor(&self) -> &Auditor {
///         &self.auditor
///     }
/// }
///
/// # let reports = Reports { auditor: Auditor::new(MemoryStore::new()) };
/// # let report = Report { id: 1, title: "2026".to_owned() };
/// # AuditContext::new("acme").scope(|| {
/// reports.log_action("approve", &report).reason("quarter closed").record()?;
/// reports.log_action_on("export", 1).record()?;
/// # Ok::<(), audit_core::Error>(())
/// # })?;
/// # assert_eq!(reports.auditor.tenant("acme").entries().entity("report", 1).count()?, 2);
/// # Ok::<(), audit_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no auditor to log actions through",
    label = "the trait `AuditedService` is not implemented for `{Self}`",
    note = "implement `audit_core::AuditedService` for `{Self}`: its `auditor` gives the auditor that it holds"
)]
pub trait AuditedService {
    /// The type of what this service is about, where it is about one.
    const ENTITY_TYPE: &'static str = "";

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

    /// An action on the record with this id, of the type that the service is about.
    ///
    /// Recording gives an error if the service says no [`AuditedService::ENTITY_TYPE`].
    fn log_action_on(&self, action: &str, id: impl ToEntityId) -> Draft {
        of_type(self.auditor().log(action), Self::ENTITY_TYPE).entity(Self::ENTITY_TYPE, id)
    }

    /// An action on no single record, of the type that the service is about: a list, an import.
    ///
    /// Recording gives an error if the service says no [`AuditedService::ENTITY_TYPE`].
    fn log_action_on_all(&self, action: &str) -> Draft {
        of_type(self.auditor().log(action), Self::ENTITY_TYPE)
    }
}

fn of_type(mut draft: Draft, entity_type: &str) -> Draft {
    if entity_type.is_empty() {
        draft.mistake(
            "the service does not say what it is about; give its `AuditedService` a `const ENTITY_TYPE: &'static str`",
        );
    }
    draft.entity_type(entity_type)
}
