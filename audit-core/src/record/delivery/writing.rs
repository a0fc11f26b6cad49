//! Appending a group, as one or one by one.

use uuid::Uuid;

use super::Shared;
use super::gaps::{self, Gap, Told};
use super::queue::Batch;
use super::settling::{fail, settle_gaps, succeed, turn_down};
use crate::entry::{AuditEntry, Tenant};
use crate::error::{Error, ErrorKind, Result};
use crate::record::guarded::guarded;
use crate::store::Appended;

/// What the store says of each entry.
struct Written {
    appended: Vec<Appended>,
    /// It was asked twice.
    retried: bool,
}

/// Appends batches and gaps as one, and answers the callers. True if it has to be tried again.
pub(super) fn write(
    shared: &Shared,
    mut batches: Vec<Batch>,
    mut gaps: Vec<(Tenant, Gap)>,
) -> bool {
    let mut telling = gaps::entries(shared, &mut gaps);
    match append_batches(shared, &mut batches, &mut telling) {
        Ok(written) => {
            let own = written.appended.len().saturating_sub(gaps.len());
            let (own, of_gaps) = written.appended.split_at_checked(own).unwrap_or_default();
            let is_unfinished = !gaps.is_empty() && {
                let told = told(gaps, of_gaps, written.retried);
                settle_gaps(shared, told, None)
            };
            succeed(shared, batches, own, written.retried);
            is_unfinished
        }
        Err(error) if error.kind() == ErrorKind::Invalid => {
            if gaps.is_empty() {
                return write_one_by_one(shared, batches, error);
            }
            // A batch is not judged by a gap that the store refuses.
            let failed = write(shared, batches, Vec::new());
            tell_one_by_one(shared, gaps, telling, failed) || failed
        }
        Err(error) => {
            fail(shared, batches, gaps, &error);
            true
        }
    }
}

/// One entry that the store refuses for what it is must not hold up the others, nor be tried for
/// ever.
fn write_one_by_one(shared: &Shared, batches: Vec<Batch>, error: Error) -> bool {
    let mut known = (batches.len() == 1).then_some(error);
    let mut rest = batches.into_iter();
    while let Some(batch) = rest.next() {
        let mut one = vec![batch];
        let written = match known.take() {
            Some(error) => Err(error),
            None => append_batches(shared, &mut one, &mut Vec::new()),
        };
        match written {
            Ok(written) => succeed(shared, one, &written.appended, written.retried),
            Err(error) if error.kind() == ErrorKind::Invalid => {
                for batch in one {
                    turn_down(shared, batch, &error);
                }
            }
            Err(error) => {
                // The rest would fail alike, and keeps its order.
                one.extend(rest);
                fail(shared, one, Vec::new(), &error);
                return true;
            }
        }
    }
    false
}

/// The same for entries that tell of gaps. True if some have to be tried again.
fn tell_one_by_one(
    shared: &Shared,
    gaps: Vec<(Tenant, Gap)>,
    telling: Vec<AuditEntry>,
    store_failed: bool,
) -> bool {
    let mut all = Told::default();
    let mut refusal = None;
    let mut store_failed = store_failed;
    for (gap, entry) in gaps.into_iter().zip(telling) {
        if store_failed {
            all.try_again(gap);
            continue;
        }
        match append(shared, std::slice::from_ref(&entry)) {
            Ok(written) => all.append(told(vec![gap], &written.appended, written.retried)),
            Err(error) if error.kind() == ErrorKind::Invalid => {
                all.refused.push(gap);
                refusal = Some(error);
            }
            Err(error) => {
                all.try_again(gap);
                store_failed = true;
                fail(shared, Vec::new(), Vec::new(), &error);
            }
        }
    }
    settle_gaps(shared, all, refusal.as_ref())
}

/// What became of gaps, as the store says. One whose id belongs to something else gets another.
fn told(gaps: Vec<(Tenant, Gap)>, appended: &[Appended], retried: bool) -> Told {
    let mut all = Told::default();
    for ((tenant, mut gap), appended) in gaps.into_iter().zip(appended) {
        // Another gap may have the id, where ids are not given once only.
        let is_own = gap.is_tried || retried || matches!(appended, Appended::Stored { .. });
        if is_own && *appended != Appended::Conflict {
            all.stored += 1;
        } else {
            (gap.id, gap.is_tried) = (Some(Uuid::now_v7()), false);
            all.untold.push((tenant, gap));
        }
    }
    all
}

/// Appends batches, and other entries behind them. Both get theirs back, to be answered or tried
/// again.
fn append_batches(
    shared: &Shared,
    batches: &mut [Batch],
    behind: &mut Vec<AuditEntry>,
) -> Result<Written> {
    let own: usize = batches.iter().map(|batch| batch.entries.len()).sum();
    let sizes: Vec<usize> = batches.iter().map(|batch| batch.entries.len()).collect();
    let mut entries = Vec::with_capacity(own + behind.len());
    for batch in batches.iter_mut() {
        entries.append(&mut batch.entries);
    }
    entries.append(behind);
    let appended = append(shared, &entries);
    *behind = entries.split_off(own.min(entries.len()));
    for (batch, size) in batches.iter_mut().zip(sizes).rev() {
        let start = entries.len().saturating_sub(size);
        batch.entries = entries.split_off(start);
    }
    appended
}

/// Appends, once more with the same ids where the first answer leaves doubt; says whether it did.
fn append(shared: &Shared, entries: &[AuditEntry]) -> Result<Written> {
    if entries.is_empty() {
        return Ok(Written {
            appended: Vec::new(),
            retried: false,
        });
    }
    let attempt = || {
        // A panic in a store is a failure like any other; its callers still get an answer.
        guarded(|| shared.store.append(entries))
            .unwrap_or_else(|| {
                Err(Error::new(
                    ErrorKind::Unknown,
                    "the store panicked, the entries may or may not be stored; record the same drafts again, they are never stored twice",
                ))
            })
            .and_then(|appended| {
                if appended.len() == entries.len() {
                    Ok(appended)
                } else {
                    Err(Error::new(
                        ErrorKind::Unknown,
                        "the store did not say what became of each entry; it does not keep the contract of `AuditStore::append`",
                    ))
                }
            })
    };
    let written = |retried| move |appended| Written { appended, retried };
    match attempt() {
        // The same ids again cannot store twice, and usually end the doubt.
        Err(error) if error.kind() == ErrorKind::Unknown => {
            attempt().map(written(true)).map_err(|_| error)
        }
        answer => answer.map(written(false)),
    }
}
