//! Rows of tracked tables that the transaction has changed: whose changes they are, and which of
//! them somebody has told of already.

use audit_core::store::withhold;
use audit_core::{
    AuditContext, AuditEntry, Auditor, Changes, Entity, Result, Sanitizer, TransactionScope,
};

use super::typed::{Key, Kind, differing};
use crate::tracking::{self, RowChange};

/// The member of the metadata that names the fields on which a typed change and the row disagree.
const DISAGREES: &str = "capture_disagrees";
/// The member that names the fields of a typed entry of which only the row tells.
const ADDS: &str = "capture_adds";

/// How many changes of one row are kept apart until it is known which of them were told of.
const MOST_STEPS: usize = 32;

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
    /// Typed changes that were told of before their rows were written.
    told: Vec<Told>,
}

/// A typed change, which is the same change as that of its row.
struct Told {
    seq: i64,
    key: Key,
    entity: Option<Entity>,
    typed: Changes,
    /// What its row has told so far.
    row: Option<Changes>,
}

/// The typed changes that are about to be written, and what rows tell of the same records.
pub(super) struct Hearing(Vec<Group>);

/// Those of one record.
struct Group {
    key: Key,
    /// Where they stand among the entries.
    entries: Vec<usize>,
    /// What became of the row, step by step.
    steps: Vec<RowChange>,
}

impl Claims {
    pub(super) fn new(is_tracking: bool, sanitizer: Sanitizer, named: Option<Auditor>) -> Self {
        Self {
            is_tracking,
            tracked: tracking::tracked_here(),
            sanitizer,
            named,
            told: Vec::new(),
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
        if hearing.0.is_empty() {
            own.extend(self.unless_told(change)?);
            return Ok(());
        }
        for change in hearing.take(change) {
            own.extend(self.unless_told(change)?);
        }
        Ok(())
    }

    /// Ends a hearing: gives typed entries what only their rows tell. What became of those rows
    /// after that, of which nobody has told, comes after these entries.
    pub(super) fn decide(
        &mut self,
        hearing: Hearing,
        typed: &mut [AuditEntry],
    ) -> Result<Vec<AuditEntry>> {
        let mut later = Vec::new();
        for group in hearing.0 {
            later.extend(self.decide_group(group, typed)?);
        }
        let later = later.into_iter();
        later
            .filter_map(|change| self.unless_told(change).transpose())
            .collect()
    }

    fn decide_group(&mut self, group: Group, typed: &mut [AuditEntry]) -> Result<Vec<RowChange>> {
        let Group {
            entries, mut steps, ..
        } = group;
        let told_by_any = |typed: &[AuditEntry], path: &str| {
            let mut all = entries.iter().filter_map(|place| typed.get(*place));
            all.any(|entry| entry.changes.get(path).is_some())
        };
        for (number, place) in entries.iter().enumerate() {
            let is_last = number + 1 == entries.len();
            let Some(entry) = typed.get(*place) else {
                continue;
            };
            let Some((count, mut together)) = agreeing(&steps, &entry.changes, is_last) else {
                continue;
            };
            let differing = differing(&together.changes, &entry.changes);
            steps.drain(..count);
            withhold_from(entry.entity.as_ref(), &entry.changes, &mut together);
            together.changes.retain(|path, _| !told_by_any(typed, path));
            let captured = if together.changes.is_empty() {
                None
            } else {
                self.attributed(together)?
            };
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
            self.told.push(Told {
                seq,
                key,
                entity: entry.entity.clone(),
                typed: entry.changes.clone(),
                row: None,
            });
        }
    }

    /// Forgets what a savepoint took back.
    pub(super) fn forget_after(&mut self, seq: i64) {
        self.told.retain(|told| told.seq <= seq);
    }

    /// The entry of a row, unless it was told of before.
    fn unless_told(&mut self, mut change: RowChange) -> Result<Option<AuditEntry>> {
        if self.told.is_empty() {
            return self.attributed(change);
        }
        let context = AuditContext::current();
        let tenant = context.as_ref().map(AuditContext::tenant);
        let Some(key) = Key::of_row(&change, tenant) else {
            return self.attributed(change);
        };
        let Some(place) = self.told.iter().position(|told| told.key.is_same(&key)) else {
            return self.attributed(change);
        };
        let told = self.told.swap_remove(place);
        let so_far = told
            .row
            .as_ref()
            .and_then(|row| row.followed_by(&change.changes))
            // Also where a savepoint has taken the row back, and it is written once more.
            .unwrap_or_else(|| change.changes.clone());
        let differing = differing(&so_far, &told.typed);
        withhold_from(told.entity.as_ref(), &told.typed, &mut change);
        if !differing.is_empty() {
            let is_first = told.row.is_none();
            let mut entry = self.attributed(change)?;
            // That entry is written; what the row says stands beside it.
            if let Some(entry) = entry.as_mut().filter(|_| is_first) {
                entry
                    .metadata
                    .insert(DISAGREES.to_owned(), differing.into());
            }
            return Ok(entry);
        }
        change
            .changes
            .retain(|path, _| told.typed.get(path).is_none());
        self.told.push(Told {
            row: Some(so_far),
            ..told
        });
        if change.changes.is_empty() {
            return Ok(None);
        }
        self.attributed(change)
    }

    /// An entry of the current context, or of nobody where there is none.
    fn attributed(&self, change: RowChange) -> Result<Option<AuditEntry>> {
        let auditor = self.named.clone().or_else(Auditor::current);
        match (auditor, AuditContext::current()) {
            (Some(auditor), Some(_)) => TransactionScope::entry(change.into_draft(&auditor)),
            (None, Some(context)) => Ok(Some(change.into_entry_of(&context, &self.sanitizer))),
            _ => Ok(Some(change.into_unattributed(&self.sanitizer))),
        }
    }
}

impl Hearing {
    /// Begins to look at rows, which some entries that are about to be written may tell of.
    pub(super) fn of(entries: &[AuditEntry]) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for (place, entry) in entries.iter().enumerate() {
            let Some(key) = Key::of_entry(entry) else {
                continue;
            };
            match groups.iter_mut().find(|group| group.key.is_same(&key)) {
                Some(group) => group.entries.push(place),
                None => groups.push(Group {
                    key,
                    entries: vec![place],
                    steps: Vec::new(),
                }),
            }
        }
        Self(groups)
    }

    /// Keeps what a typed change may tell of; gives back what none does.
    fn take(&mut self, change: RowChange) -> Vec<RowChange> {
        let context = AuditContext::current();
        let tenant = context.as_ref().map(AuditContext::tenant);
        let Some(key) = Key::of_row(&change, tenant) else {
            return vec![change];
        };
        let about = self.0.iter_mut().find(|group| group.key.is_of_record(&key));
        let Some(group) = about else {
            return vec![change];
        };
        let is_step = match (group.key.kind, key.kind) {
            (Kind::Update, Kind::Update) => true,
            (Kind::Create, Kind::Update) => !group.steps.is_empty(),
            (typed, row) => typed == row && group.steps.is_empty(),
        };
        if is_step && group.steps.len() < MOST_STEPS {
            group.steps.push(change);
            return Vec::new();
        }
        if is_step
            && let Some(last) = group.steps.last_mut()
            && let Some(both) = last.changes.followed_by(&change.changes)
        {
            last.changes = both;
            return Vec::new();
        }
        // Something else became of the record in between.
        let mut own = std::mem::take(&mut group.steps);
        own.push(change);
        own
    }

    /// Which of the entries tell of what rows have told.
    pub(super) fn is_told(&self, place: usize) -> bool {
        let mut groups = self.0.iter();
        groups.any(|group| group.entries.contains(&place) && !group.steps.is_empty())
    }
}

/// How many steps of a row a typed change tells of, and what they do together: as many as agree
/// with it. All that can be told as one where none do, if it is the `last` to tell.
fn agreeing(steps: &[RowChange], typed: &Changes, last: bool) -> Option<(usize, RowChange)> {
    let mut all: Option<RowChange> = None;
    let mut best = None;
    let mut count = 0;
    for step in steps {
        let changes = match &all {
            None => step.changes.clone(),
            Some(so_far) => match so_far.changes.followed_by(&step.changes) {
                Some(both) => both,
                None => break,
            },
        };
        count += 1;
        let together = step.after(all.as_ref(), changes);
        if differing(&together.changes, typed).is_empty() {
            best = Some((count, together.clone()));
        }
        all = Some(together);
    }
    best.or_else(|| all.filter(|_| last).map(|all| (count, all)))
}

/// The type of a record says what the log may hold of it, whoever tells.
fn withhold_from(entity: Option<&Entity>, typed: &Changes, row: &mut RowChange) {
    if let Some(entity) = entity {
        withhold(entity, typed, &mut row.changes);
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
