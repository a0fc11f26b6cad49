//! What cannot be recorded: told to the caller, or counted and reported, as the policy says.

use uuid::Uuid;

use crate::context::AuditContext;
use crate::entry::{AuditEntry, Tenant};
use crate::error::{Error, ErrorKind, Result};
use crate::record::auditor::Auditor;
use crate::record::delivery::{Batch, Refused};
use crate::record::policy::FailurePolicy;
use crate::record::receipt::Receipt;
use crate::record::report::{Problem, ProblemKind, report_unrecorded};

impl Auditor {
    /// Turns what became of a batch into what its caller is told, by policy.
    pub(crate) fn settle(
        &self,
        answer: std::result::Result<Vec<Receipt>, Refused>,
        policy: FailurePolicy,
    ) -> Result<Vec<Receipt>> {
        let Refused { error, batch } = match answer {
            Ok(receipts) => return Ok(receipts),
            Err(refused) => refused,
        };
        let Some(batch) = batch else {
            // It was accepted: the queue has counted the failure and follows the policy.
            return Err(error);
        };
        let count = batch.entries.len() as u64;
        match policy {
            FailurePolicy::Strict => {
                self.delivery().shared.note_failed(&error, count);
                Err(match batch.entries.first() {
                    Some(entry) => error.with_entry(entry.id),
                    None => error,
                })
            }
            FailurePolicy::BestEffort => {
                self.let_go(&batch.entries, count, &error);
                let lost = batch.entries.iter().map(|entry| Receipt::lost(entry.id));
                Ok(lost.collect())
            }
        }
    }

    /// Delivers entries that were refused to a caller who went away before it heard of it. They
    /// joined no transaction before, and join none now.
    pub(crate) fn record_after_all(&self, batch: Batch) {
        let delivery = self.delivery();
        delivery.shared.note_not_failed(batch.count as u64);
        if let Err(refused) = delivery.submit_detached(batch) {
            drop(self.settle(Err(refused), FailurePolicy::BestEffort));
        }
    }

    /// What cannot even become an entry.
    pub(crate) fn refuse(
        &self,
        error: Error,
        policy: FailurePolicy,
        action: &str,
        tenant: Option<&Tenant>,
    ) -> Result<Receipt> {
        match policy {
            FailurePolicy::Strict => {
                self.delivery().shared.note_failed(&error, 1);
                Err(error)
            }
            FailurePolicy::BestEffort => {
                // A tenant that cannot be has no log to tell of it.
                let told = tenant.filter(|tenant| tenant.check().is_ok());
                let lost = told.map(|tenant| (tenant, self.now()));
                self.delivery().note_lost(lost.into_iter(), 1, &error);
                self.report_lost(1, tenant, Some(action), &error);
                Ok(Receipt::lost(error.entry_id().unwrap_or_default()))
            }
        }
    }

    /// What has no auditor to go to.
    pub(crate) fn missing(policy: Option<FailurePolicy>, action: &str) -> Result<Receipt> {
        let error = Self::none();
        if policy == Some(FailurePolicy::BestEffort) {
            report_unrecorded(&Problem {
                kind: ProblemKind::Lost,
                entries: 1,
                tenant: None,
                action: Some(action),
                error: &error,
            });
            return Ok(Receipt::lost(Uuid::nil()));
        }
        Err(error)
    }

    pub(crate) fn none() -> Error {
        let message = if AuditContext::current().is_some() {
            "there is no auditor to record through; call `auditor.install()` at the start of the process, or bring one along with `AuditContext::auditor` or `ContextLayer::auditor`"
        } else {
            "there is no auditor to record through, and no audit context that could bring one along; wrap the work in `AuditContext::new(tenant).auditor(&auditor).scope(…)` or `.in_context(…)`; what is spawned needs `in_current_context`, and of a service what is inside of its context layer is in one"
        };
        Error::new(ErrorKind::MissingAuditor, message)
    }

    /// Tells that an action runs without a note that it started.
    pub(crate) fn report_unnoted(&self, entry: &AuditEntry, error: &Error) {
        self.delivery().shared.note_error(error);
        self.delivery().shared.reporter.report(&Problem {
            kind: ProblemKind::Unnoted,
            entries: 1,
            tenant: Some(&entry.tenant),
            action: Some(&entry.action),
            error,
        });
    }

    fn let_go(&self, entries: &[AuditEntry], count: u64, error: &Error) {
        let lost = entries.iter().map(|entry| (&entry.tenant, entry.timestamp));
        self.delivery().note_lost(lost, count, error);
        match entries {
            [entry] => self.report_lost(1, Some(&entry.tenant), Some(&entry.action), error),
            _ => self.report_lost(count, None, None, error),
        }
    }

    fn report_lost(
        &self,
        entries: u64,
        tenant: Option<&Tenant>,
        action: Option<&str>,
        error: &Error,
    ) {
        self.delivery().shared.reporter.report(&Problem {
            kind: ProblemKind::Lost,
            entries,
            tenant,
            action,
            error,
        });
    }
}
