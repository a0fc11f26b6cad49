//! When.

use chrono::{DateTime, TimeDelta, Utc};

use super::Record;
use crate::entry::AuditEntry;
use crate::error::Result;
use crate::query::filter::Order;
use crate::query::stream::Source;

/// A point in the history of a record: a time, or a place in the tenant's log.
///
/// Both come by themselves where one is asked for: give a `DateTime<Utc>` or the
/// [`index`](AuditEntry::index) of an entry.
///
/// ```
/// use audit_core::Moment;
///
/// assert_eq!(Moment::from(7_u64), Moment::Index(7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Moment {
    /// A time. What happened at this very time has happened.
    Time(DateTime<Utc>),
    /// After the entry with this index, and after all before it. No entry of the record needs to
    /// have it; [`u64::MAX`] is now.
    Index(u64),
}

impl From<DateTime<Utc>> for Moment {
    fn from(time: DateTime<Utc>) -> Self {
        Self::Time(time)
    }
}

impl From<u64> for Moment {
    fn from(index: u64) -> Self {
        Self::Index(index)
    }
}

/// A moment as a part of one record's history: which of its entries were there by then.
///
/// The index is the order, whatever the clocks say. So the entries that were there by a time are
/// all up to the last one that had both happened and been recorded by then, and those behind it as
/// long as none is later. A clock that was ahead hides nothing for good, and what is told of late,
/// with an old time, does not bring along what stands before it and happened later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    moment: Moment,
    /// Up to here the times do not matter.
    settled: Option<u64>,
}

impl Extent {
    pub(super) fn of(moment: Moment, source: Source<'_>, record: &Record) -> Result<Self> {
        let settled = match moment {
            Moment::Time(time) => settled(time, source, record)?,
            Moment::Index(index) => Some(index),
        };
        Ok(Self { moment, settled })
    }

    pub(super) fn holds(self, entry: &AuditEntry) -> bool {
        self.settled.is_some_and(|settled| entry.index <= settled)
            || matches!(self.moment, Moment::Time(time) if ended(entry) <= time)
    }
}

fn settled(time: DateTime<Utc>, source: Source<'_>, record: &Record) -> Result<Option<u64>> {
    /// Mostly it is the first, or one of those that began before the moment and ended after it.
    const FEW: usize = 8;

    let mut begun = record.filter();
    begun.until = time.checked_add_signed(TimeDelta::microseconds(1));
    for entry in source
        .stream(begun, Order::NewestFirst, None)
        .in_pages_of(FEW)
    {
        let entry = entry?;
        if ended(&entry) <= time && entry.recorded_at <= time {
            return Ok(Some(entry.index));
        }
    }
    Ok(None)
}

/// When it was over: what an action changed is seen when it ends.
pub(super) fn ended(entry: &AuditEntry) -> DateTime<Utc> {
    let duration = entry
        .duration
        .and_then(|took| TimeDelta::from_std(took).ok());
    duration
        .and_then(|took| entry.timestamp.checked_add_signed(took))
        .unwrap_or(entry.timestamp)
}
