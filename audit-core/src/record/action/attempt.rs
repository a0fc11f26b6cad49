//! The note that an action has started, before its body runs.

use super::ActionCall;
use crate::entry::AuditEntry;
use crate::error::{Error, ErrorKind, Result};
use crate::record::auditor::Auditor;
use crate::record::delivery::Note;
use crate::record::policy::FailurePolicy;
use crate::record::transaction::TransactionScope;

impl ActionCall {
    /// Notes durably that the action starts.
    ///
    /// # Errors
    ///
    /// If it is strict, whatever the store says; then the action is not to run, and leaves no
    /// entry.
    pub fn open(&mut self) -> Result<()> {
        let Some((auditor, entry)) = self.starting()? else {
            return Ok(());
        };
        let noted = Note::Open(Box::new(entry.clone())).tell(&*auditor.store());
        self.opened(&auditor, &entry, noted)
    }

    /// [`ActionCall::open`] for async code: the thread that writes does the waiting.
    ///
    /// # Errors
    ///
    /// As [`ActionCall::open`].
    pub async fn open_async(&mut self) -> Result<()> {
        let Some((auditor, entry)) = self.starting()? else {
            return Ok(());
        };
        let note = Note::Open(Box::new(entry.clone()));
        if TransactionScope::is_open(auditor.store_ref()) {
            // The thread that writes does not see the transaction, and would wait for its end. The
            // store does, from here, and answers at once.
            let noted = note.tell(auditor.store_ref());
            return self.opened(&auditor, &entry, noted);
        }
        let sent = auditor.delivery().send(note);
        let noted = match sent {
            Ok(noting) => {
                // It may be noted although this future is dropped: then the entry closes it.
                self.with(|live| live.attempt = Some(entry.tenant.clone()));
                noting.await
            }
            Err(error) => Err(error),
        };
        self.opened(&auditor, &entry, noted)
    }

    /// The entry as it is known now.
    fn starting(&mut self) -> Result<Option<(Auditor, AuditEntry)>> {
        let Some(live) = &mut self.live else {
            return Ok(None);
        };
        live.name();
        let auditor = live.auditor.as_ref();
        let entry = auditor.map_or_else(
            || Err(Auditor::none()),
            |auditor| live.parts.entry_so_far(auditor),
        );
        match (entry, auditor) {
            (Ok(entry), Some(auditor)) => Ok(Some((auditor.clone(), entry))),
            (Err(error), auditor) if live.parts.policy == Some(FailurePolicy::Strict) => {
                if let Some(auditor) = auditor {
                    auditor.delivery().shared.note_failed(&error, 1);
                }
                self.live = None;
                Err(error)
            }
            // Recording will say so.
            _ => Ok(None),
        }
    }

    fn opened(&mut self, auditor: &Auditor, entry: &AuditEntry, noted: Result<()>) -> Result<()> {
        let Err(error) = noted else {
            self.with(|live| live.attempt = Some(entry.tenant.clone()));
            return Ok(());
        };
        let error: Error = error.with_entry(entry.id);
        let Some(live) = &mut self.live else {
            return Ok(());
        };
        if live.parts.policy == Some(FailurePolicy::Strict) {
            auditor.delivery().shared.note_failed(&error, 1);
            if error.kind() != ErrorKind::Unsupported {
                // It may be noted all the same, and did not run.
                let close = Note::Close(entry.tenant.clone(), entry.id);
                drop(auditor.delivery().send(close));
            }
            self.live = None;
            return Err(error);
        }
        auditor.report_unnoted(entry, &error);
        Ok(())
    }
}
