//! Rows of tracked tables that the transaction has changed: whose changes they are, and which of
//! them somebody has told of already.

use audit_core::store::withhold;
use audit_core::{
    AuditContext, AuditEntry, Auditor, Changes, Result, Sanitizer, TransactionScope, action,
};

use super::hearing::{Group, Hearing, agreeing};
use super::told::{AllTold, Told, tells_of};
use super::typed::{Key, Kind, differing, leads_to};
use crate::store::SqliteStore;
use crate::tracking::{self, RowChange};

/// The member of the metadata that names the fields on which a typed change and the row disagree.
const DISAGREES: &str = "capture_disagrees";
/// The member that names the fields of a typed entry of which only the row tells.
const ADDS: &str = "capture_adds";

/// What is known of changed rows.
pub(super) struct Claims {
    /// Whether the file has tracked tables at all.
    is_tracking: bool,
    /// What this thread had tracked when that was found out.
    tracked: u64,
    /// For rows that nobody claims.
    sanitizer: Sanitizer,
    /// The auditor that the transaction was begun with.
    named: Option<Auditor>,
    /// The store of the log; nothing in another file.
    store: Option<SqliteStore>,
    /// Rows that are told of now were changed outside of any context.
    is_outside: bool,
    /// Typed changes that were told of before their rows were written.
    told: AllTold,
}

/// What becomes of entries that tell of rows.
#[derive(Default)]
pub(super) struct Claimed {
    /// Which of them do.
    pub(super) told: Vec<bool>,
    /// The entries of what became of those rows after that.
    pub(super) later: Vec<AuditEntry>,
}

impl Claims {
    pub(super) fn new(
        is_tracking: bool,
        sanitizer: Sanitizer,
        named: Option<Auditor>,
        store: Option<SqliteStore>,
    ) -> Self {
        Self {
            is_tracking,
            tracked: tracking::tracked_here(),
            sanitizer,
            named,
            store,
            is_outside: false,
            told: AllTold::default(),
        }
    }

    /// Whether there may be rows to claim.
    pub(super) fn is_tracking(&self) -> bool {
        self.is_tracking || self.tracked != tracking::tracked_here()
    }

    /// Takes in what became of a row; adds the entries of which it is certain that nobody else
    /// tells.
    pub(super) fn take(
        &mut self,
        hearing: &mut Hearing,
        change: RowChange,
        own: &mut Vec<AuditEntry>,
    ) -> Result<()> {
        // Who has told of it first, has.
        if hearing.0.is_empty() || self.is_told(&change) {
            own.extend(self.unless_told(change)?);
            return Ok(());
        }
        let Some(key) = self.key_of(&change) else {
            own.extend(self.attributed(change)?);
            return Ok(());
        };
        for change in hearing.take(&key, change) {
            own.extend(self.unless_told(change)?);
        }
        Ok(())
    }

    /// Says which entry comes next, before rows are looked at.
    pub(super) fn begin(&mut self, next: i64) {
        self.told.begin(next);
    }

    /// Ends a hearing: gives typed entries what only their rows tell. What became of those rows before,
    /// of which nobody has told, goes to `earlier`. What became of them after that comes after these entries.
    pub(super) fn decide(
        &mut self,
        hearing: Hearing,
        typed: &mut [AuditEntry],
        earlier: &mut Vec<AuditEntry>,
    ) -> Result<Claimed> {
        let mut told = vec![false; typed.len()];
        let mut later = Vec::new();
        for group in hearing.0 {
            later.extend(self.decide_group(group, typed, &mut told, earlier)?);
        }
        let later = later.into_iter();
        let later: Result<_> = later
            .filter_map(|change| self.unless_told(change).transpose())
            .collect();
        Ok(Claimed {
            told,
            later: later?,
        })
    }

    fn decide_group(
        &mut self,
        group: Group,
        typed: &mut [AuditEntry],
        told: &mut [bool],
        earlier: &mut Vec<AuditEntry>,
    ) -> Result<Vec<RowChange>> {
        let Group {
            entries, mut steps, ..
        } = group;
        let told_by_any = |typed: &[AuditEntry], path: &str| {
            let mut all = entries.iter().filter_map(|place| typed.get(*place));
            all.any(|entry| entry.changes.get(path).is_some())
        };
        for entry in entries.iter().filter_map(|place| typed.get(*place)) {
            let Some(entity) = &entry.entity else {
                continue;
            };
            for step in &mut steps {
                // The type of a record says what the log may hold of it, whoever tells.
                withhold(entity, &entry.changes, &mut step.changes);
            }
        }
        for (number, place) in entries.iter().enumerate() {
            let (is_first, is_last) = (number == 0, number + 1 == entries.len());
            let Some(entry) = typed.get(*place) else {
                continue;
            };
            let Some(agreed) = agreeing(&steps, &entry.changes, is_first, is_last) else {
                continue;
            };
            let mut together = agreed.together;
            let differing = differing(&together.changes, &entry.changes);
            if !differing.is_empty() && leads_to(&together.changes, &entry.changes) {
                // Nobody has told of that; the row of this one is still to come.
                for change in steps.drain(..) {
                    earlier.extend(self.unless_told(change)?);
                }
                continue;
            }
            if let Some(told) = told.get_mut(*place) {
                *told = true;
            }
            together.changes.retain(|path, _| !told_by_any(typed, path));
            let captured = if together.changes.is_empty() {
                None
            } else {
                self.attributed(together)?
            };
            let mut before: Vec<_> = steps.drain(..agreed.range.end).collect();
            before.truncate(agreed.range.start);
            for change in before {
                earlier.extend(self.unless_told(change)?);
            }
            if let Some(entry) = typed.get_mut(*place) {
                if !differing.is_empty() {
                    entry
                        .metadata
                        .insert(DISAGREES.to_owned(), differing.into());
                }
                if let Some(captured) = captured {
                    join(entry, captured);
                }
            }
        }
        Ok(steps)
    }

    /// Remembers a typed change whose row has not been seen.
    pub(super) fn remember(&mut self, entry: &AuditEntry, seq: i64) {
        if self.is_tracking()
            && let Some(key) = Key::of_entry(entry)
        {
            self.told.push(Told::new(entry, key, seq));
        }
    }

    /// Forgets what a savepoint took back.
    pub(super) fn forget_after(&mut self, seq: i64) {
        self.told.forget_after(seq);
    }

    /// The entry of a row, unless it was told of before.
    fn unless_told(&mut self, mut change: RowChange) -> Result<Option<AuditEntry>> {
        let Some(key) = self.key_of(&change) else {
            return self.attributed(change);
        };
        self.told.withhold(&key, &mut change);
        let mut is_claimed = false;
        while !change.changes.is_empty() {
            let tellers = self.tellers(&key, &change.changes);
            if tellers.is_empty() {
                break;
            }
            let told = self.told.of_record(&key);
            let told = told.filter(|(place, _)| tellers.contains(place));
            let mut rest = change.changes.clone();
            for (_, told) in told {
                rest.retain(|path, _| told.typed.get(path).is_none());
            }
            for place in tellers {
                self.told.note(&key, place, &change.changes);
            }
            change.changes = rest;
            is_claimed = true;
        }
        if is_claimed && change.changes.is_empty() {
            return Ok(None);
        }
        if is_claimed {
            if key.kind == Kind::Create {
                // It has come already; a second creation would mean that this is all of it.
                change.action = action::UPDATE;
            }
            return self.attributed(change);
        }
        let unseen = self.told.of_record(&key).find(|(_, told)| {
            told.is_unseen() && told.key.fits(&key) && told.shares_a_path(&change.changes)
        });
        let Some((place, told)) = unseen else {
            self.told.end_seen(&key);
            return self.attributed(change);
        };
        let differing = differing(&change.changes, &told.typed);
        // That entry is written; what the row says stands beside it.
        self.told.end_one(&key, place);
        let mut entry = self.attributed(change)?;
        if let Some(entry) = &mut entry {
            let metadata = &mut entry.metadata;
            metadata.insert(DISAGREES.to_owned(), differing.into());
        }
        Ok(entry)
    }

    /// Which typed changes tell of this change of their row: the oldest one that does, or several that
    /// do together.
    fn tellers(&self, key: &Key, change: &Changes) -> Vec<usize> {
        let all = || {
            let all = self.told.of_record(key);
            all.filter(|(_, told)| told.key.fits(key))
        };
        if let Some((place, _)) = all().find(|(_, told)| told.goes_on_with(change)) {
            return vec![place];
        }
        let mut together: Option<(Vec<usize>, Changes)> = None;
        for (place, told) in all().filter(|(_, told)| told.is_unseen()) {
            let (mut places, so_far) = together.take().unwrap_or_default();
            let Some(both) = so_far.followed_by(&told.typed) else {
                break;
            };
            places.push(place);
            if places.len() > 1 && tells_of(change, &both) {
                return places;
            }
            together = Some((places, both));
        }
        Vec::new()
    }

    /// Whether somebody has told of this change of a row before.
    fn is_told(&self, change: &RowChange) -> bool {
        if self.told.is_empty() {
            return false;
        }
        let Some(key) = self.key_of(change) else {
            return false;
        };
        if self.told.of_record(&key).next().is_none() {
            return false;
        }
        let mut change = change.clone();
        self.told.withhold(&key, &mut change);
        !self.tellers(&key, &change.changes).is_empty()
    }

    fn key_of(&self, change: &RowChange) -> Option<Key> {
        let context = self.context();
        Key::of_row(change, context.as_ref().map(AuditContext::tenant))
    }

    /// Where rows are told of that were changed outside of any context, there is none.
    fn context(&self) -> Option<AuditContext> {
        AuditContext::current().filter(|_| !self.is_outside)
    }

    /// An entry of the current context, or of nobody where there is none.
    fn attributed(&self, change: RowChange) -> Result<Option<AuditEntry>> {
        let Some(context) = self.context() else {
            return Ok(Some(change.into_unattributed(&self.sanitizer)));
        };
        // An auditor of another log says nothing about what is captured for this one.
        let is_of_log = |auditor: &Auditor| {
            let store = self.store.as_ref();
            store.is_none_or(|store| auditor.records_into(store))
        };
        let auditor = self.named.clone().or_else(Auditor::current);
        match auditor.filter(is_of_log) {
            Some(auditor) => TransactionScope::entry(change.into_draft(&auditor)),
            None => Ok(Some(change.into_entry_of(&context, &self.sanitizer))),
        }
    }

    /// Tells of rows that were changed outside of any context.
    pub(super) fn set_outside(&mut self, is_outside: bool) {
        self.is_outside = is_outside;
    }
}

/// Adds to a typed entry what only its row tells.
fn join(entry: &mut AuditEntry, captured: AuditEntry) {
    let paths: Vec<_> = captured.changes.iter().map(|(path, _)| path).collect();
    entry.metadata.insert(ADDS.to_owned(), paths.into());
    for (path, change) in captured.changes.iter() {
        entry.changes.insert(path, change.clone());
    }
    let is_of_changes = |path: &str| path.starts_with("changes");
    let truncated = captured.truncated.into_iter();
    entry
        .truncated
        .extend(truncated.filter(|truncation| is_of_changes(&truncation.path)));
    entry.sensitive.extend(captured.sensitive);
}
