//! Drafts that are written into a transaction at once.

use std::fmt;
use std::future::{IntoFuture, Ready, ready};
use std::time::Duration;

use audit_core::{
    AuditContext, Audited, Auditor, Changes, Draft, ErrorDetail, Outcome, Receipt, Result,
    Severity, ToEntityId, TransactionScope,
};
use chrono::{DateTime, Utc};
use rusqlite::Connection;
use serde::Serialize;
use uuid::Uuid;

use super::journal::Journal;

/// The way of an entry into a transaction.
#[derive(Clone, Copy)]
pub(super) struct Way<'t> {
    pub(super) journal: &'t Journal,
    pub(super) scope: &'t TransactionScope,
    pub(super) connection: &'t Connection,
}

impl<'t> Way<'t> {
    pub(super) fn draft(self, make: impl FnOnce(&Auditor) -> Draft) -> TransactionDraft<'t> {
        TransactionDraft {
            draft: self.scope.draft(make),
            way: self,
        }
    }
}

/// A [`Draft`] that goes into one transaction: recording writes it there at once, and the receipt
/// says its index. It is stored when the transaction is committed.
///
/// What a draft can be told, this can be told; [`TransactionDraft::with`] does whatever has no
/// method here.
#[must_use = "a draft is not recorded until `.record()` is called or it is awaited"]
pub struct TransactionDraft<'t> {
    /// Nothing where there is no auditor.
    draft: Option<Draft>,
    way: Way<'t>,
}

macro_rules! pass_on {
    ($($name:ident($($argument:ident: $of:ty),*);)*) => {
        $(
            #[doc = concat!("As [`Draft::", stringify!($name), "`].")]
            pub fn $name(self, $($argument: $of),*) -> Self {
                self.with(|draft| draft.$name($($argument),*))
            }
        )*
    };
}

impl TransactionDraft<'_> {
    /// Tells the draft something.
    pub fn with(mut self, tell: impl FnOnce(Draft) -> Draft) -> Self {
        self.draft = self.draft.map(tell);
        self
    }

    pass_on! {
        entity(entity_type: impl Into<String>, id: impl ToEntityId);
        entity_type(entity_type: impl Into<String>);
        entity_name(name: impl Into<String>);
        changes(changes: Changes);
        metadata(name: impl Into<String>, value: impl Serialize);
        reason(reason: impl Into<String>);
        severity(severity: Severity);
        outcome(outcome: Outcome);
        denied(why: impl Into<String>);
        error(error: ErrorDetail);
        duration(duration: Duration);
        at(time: DateTime<Utc>);
        caused_by(entry: Uuid);
        id(id: Uuid);
        context(context: &AuditContext);
        strict();
        best_effort();
    }

    /// As [`Draft::about`].
    pub fn about<T: Audited + ?Sized>(self, record: &T) -> Self {
        self.with(|draft| draft.about(record))
    }

    /// As [`Draft::failed`].
    pub fn failed<E: fmt::Display + ?Sized>(self, error: &E) -> Self {
        self.with(|draft| draft.failed(error))
    }

    /// The id that the entry will have; none without an auditor.
    #[must_use]
    pub fn entry_id(&self) -> Option<Uuid> {
        self.draft.as_ref().map(Draft::entry_id)
    }

    /// Writes the entry into the transaction.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAuditor`](audit_core::ErrorKind::MissingAuditor) if there is none here,
    /// and those of [`Draft::record`]. If the entry cannot be written, the transaction cannot be
    /// committed any more.
    pub fn record(self) -> Result<Receipt> {
        let Self { draft, way } = self;
        way.scope
            .record(draft, |entry| way.journal.write(way.connection, entry))
    }
}

impl IntoFuture for TransactionDraft<'_> {
    type Output = Result<Receipt>;
    type IntoFuture = Ready<Result<Receipt>>;

    /// Writes the entry at once: nothing is waited for before the commit.
    fn into_future(self) -> Ready<Result<Receipt>> {
        ready(self.record())
    }
}

impl fmt::Debug for TransactionDraft<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TransactionDraft")
            .field(&self.draft)
            .finish()
    }
}
