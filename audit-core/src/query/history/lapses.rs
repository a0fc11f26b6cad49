//! Where the log may have missed something of a record: entries were lost, capture was paused, or
//! many rows were only counted.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::missing::{Missing, MissingReason, note};
use super::replay::Reached;
use super::state::Since;
use super::{Moment, Record};
use crate::MASK;
use crate::entry::{AuditEntry, action};
use crate::error::Result;
use crate::query::filter::{ActionFilter, Filter, Order};
use crate::query::stream::Source;

/// What the actions of summaries, and of those that tell of capture, begin with.
const BULK: &str = "bulk_";
const CAPTURE: &str = "capture_";
/// Where entries of captured tables say so, and of which table.
const SOURCE: &str = "source";
const TRIGGER: &str = "trigger";
const TABLE: &str = "table";

/// All that may have been missed of one record.
pub(super) struct Lapses(Vec<Lapse>);

/// One of them.
struct Lapse {
    reason: MissingReason,
    what: What,
    /// Where it shows.
    index: u64,
    from: Place,
    /// Nothing while it lasts.
    to: Option<Place>,
}

/// What may have happened to a record.
enum What {
    Anything,
    Came,
    Went,
    /// These fields changed; any of them if there are none.
    Changed(Vec<String>),
}

/// A point of the log. Both matter: what was lost is told of later than it happened.
#[derive(Clone, Copy)]
struct Place {
    index: u64,
    time: Option<DateTime<Utc>>,
}

impl Lapses {
    /// Those that may matter after what is known since then.
    pub(super) fn read(source: Source<'_>, record: &Record, since: Option<Since>) -> Result<Self> {
        let behind = since.map(|since| since.index);
        let of_type = Filter {
            entity_type: Some(record.entity_type.clone()),
            ..Filter::default()
        };
        let lost = with_action(
            Filter::default(),
            ActionFilter::Exact(action::GAP.to_owned()),
        );
        let counted = with_action(of_type.clone(), ActionFilter::Prefix(BULK.to_owned()));
        let capture = with_action(of_type, ActionFilter::Prefix(CAPTURE.to_owned()));
        let mut all = Vec::new();
        for gap in source.stream(lost, Order::OldestFirst, behind) {
            all.push(Lapse::lost(&gap?));
        }
        for summary in source.stream(counted, Order::OldestFirst, behind) {
            all.extend(Lapse::counted(&summary?, record));
        }
        // From the beginning: what is known may be from a time when capture was paused.
        let mut paused = Paused::default();
        for entry in source.stream(capture, Order::OldestFirst, None) {
            all.extend(paused.take(&entry?));
        }
        all.extend(paused.still());
        Ok(Self(all))
    }

    /// Notes what may have been missed of a record that was there, or gone, since then.
    pub(super) fn note(
        &self,
        reached: Reached,
        since: Since,
        is_there: bool,
        missing: &mut Vec<Missing>,
    ) {
        let known = Place {
            index: since.index,
            time: Some(since.time),
        };
        let lapses = self.0.iter();
        for lapse in lapses.filter(|lapse| {
            lapse.from.is_by(reached)
                && lapse.is_after(known)
                && lapse.matters(is_there)
                && (lapse.is_moment() || !known.is_at(reached.moment))
        }) {
            lapse.describe(missing);
        }
    }

    /// The same for a record of which nothing was heard by the moment, and which came with the
    /// entry at `first`, if at all: it may have been there only if it could also have gone since.
    /// What was lost does not count: then every id that ever was asked for could have been one.
    pub(super) fn note_unheard(
        &self,
        reached: Reached,
        first: Option<u64>,
        missing: &mut Vec<Missing>,
    ) {
        let may_have_gone = |first: u64| {
            self.0.iter().any(|lapse| {
                let is_over = lapse.to.is_some_and(|to| to.is_by(reached));
                let is_behind = lapse.from.index > first;
                lapse.matters(true) && !is_over && !is_behind
            })
        };
        if first.is_some_and(|first| !may_have_gone(first)) {
            return;
        }
        let lapses = self.0.iter();
        for lapse in lapses.filter(|lapse| lapse.from.is_by(reached) && lapse.matters(false)) {
            if lapse.reason != MissingReason::Gap {
                lapse.describe(missing);
            }
        }
    }
}

impl Lapse {
    /// Entries were lost.
    fn lost(gap: &AuditEntry) -> Self {
        let time = |name| gap.metadata.get(name).and_then(time_of);
        Self {
            reason: MissingReason::Gap,
            what: What::Anything,
            index: gap.index,
            from: Place {
                index: gap.index,
                time: time("first"),
            },
            to: Some(Place {
                index: gap.index,
                time: time("last"),
            }),
        }
    }

    /// Rows were counted, if that is what the entry says.
    fn counted(entry: &AuditEntry, record: &Record) -> Option<Self> {
        let is_summary = entry.entity_id().is_none() && is_captured(entry);
        let what = match entry.action.as_str() {
            _ if !is_summary => return None,
            action::BULK_CREATE => What::Came,
            action::BULK_DELETE => What::Went,
            action::BULK_UPDATE => {
                let fields = fields_of(entry);
                let told: Vec<String> = fields.into_iter().flatten().collect();
                let is_told = !told.is_empty();
                let changed = told.into_iter().filter(|field| !record.ignores(field));
                let changed: Vec<String> = changed.collect();
                if is_told && changed.is_empty() {
                    return None;
                }
                What::Changed(changed)
            }
            _ => return None,
        };
        Some(Self {
            reason: MissingReason::Counted,
            what,
            index: entry.index,
            from: Place::of(entry),
            // The entry has the time of the first row.
            to: Some(Place {
                index: entry.index,
                time: Some(entry.recorded_at),
            }),
        })
    }

    /// Whether it may have done something to a record that was there, or was not.
    fn matters(&self, is_there: bool) -> bool {
        match self.what {
            What::Anything => true,
            What::Came => !is_there,
            What::Went | What::Changed(_) => is_there,
        }
    }

    /// Whether it ended after a place.
    fn is_after(&self, known: Place) -> bool {
        let Some(to) = self.to else {
            return true;
        };
        to.index > known.index
            && to
                .time
                .is_none_or(|to| known.time.is_none_or(|known| to >= known))
    }

    /// Whether it is told of by one entry alone.
    fn is_moment(&self) -> bool {
        self.reason != MissingReason::Paused
    }

    fn describe(&self, missing: &mut Vec<Missing>) {
        match &self.what {
            What::Changed(fields) if !fields.is_empty() => {
                for field in fields {
                    note(missing, Missing::at(field, self.reason, self.index));
                }
            }
            _ => note(missing, Missing::of_all(self.reason, self.index)),
        }
    }
}

impl Place {
    /// Before all.
    const START: Self = Self {
        index: 0,
        time: None,
    };

    fn of(entry: &AuditEntry) -> Self {
        Self {
            index: entry.index,
            time: Some(entry.timestamp),
        }
    }

    /// Whether it was there by the moment.
    fn is_by(self, reached: Reached) -> bool {
        let Reached { moment, last } = reached;
        let is_before_last = || {
            let (last, time) = last?;
            let is_before = self.index <= last || self.time.is_some_and(|own| own <= time);
            Some(is_before)
        };
        let is_by = match moment {
            Moment::Time(moment) => self.time.is_none_or(|time| time <= moment),
            Moment::Index(moment) => self.index <= moment,
        };
        is_by || is_before_last() == Some(true)
    }

    /// Whether it is the moment itself.
    fn is_at(self, moment: Moment) -> bool {
        match moment {
            Moment::Time(moment) => self.time == Some(moment),
            Moment::Index(moment) => self.index == moment,
        }
    }
}

/// Which tables are not captured, entry after entry.
#[derive(Default)]
struct Paused(HashMap<String, AuditEntry>);

impl Paused {
    /// What an entry ends.
    fn take(&mut self, entry: &AuditEntry) -> Option<Lapse> {
        let table = entry.metadata.get(TABLE).and_then(Value::as_str);
        let table = table.unwrap_or_default();
        match entry.action.as_str() {
            action::CAPTURE_PAUSED => {
                let paused = self.0.entry(table.to_owned());
                paused.or_insert_with(|| entry.clone());
                None
            }
            action::CAPTURE_RESUMED => {
                let paused = self.0.remove(table);
                Some(paused_between(paused.as_ref(), Some(entry), entry.index))
            }
            _ => None,
        }
    }

    /// What is not ended.
    fn still(self) -> impl Iterator<Item = Lapse> {
        let mut paused: Vec<_> = self.0.into_values().collect();
        paused.sort_by_key(|entry| entry.index);
        let paused = paused.into_iter();
        paused.map(|entry| paused_between(Some(&entry), None, entry.index))
    }
}

fn paused_between(from: Option<&AuditEntry>, to: Option<&AuditEntry>, shown: u64) -> Lapse {
    Lapse {
        reason: MissingReason::Paused,
        what: What::Anything,
        index: from.map_or(shown, |from| from.index),
        from: from.map_or(Place::START, Place::of),
        to: to.map(Place::of),
    }
}

/// The fields that a summary names; nothing if it does not name them all.
fn fields_of(entry: &AuditEntry) -> Option<Vec<String>> {
    let fields = entry.metadata.get("fields")?.as_object()?;
    let is_whole = entry.truncated.is_empty() && !fields.keys().any(|field| field.contains(MASK));
    is_whole.then(|| fields.keys().cloned().collect())
}

fn is_captured(entry: &AuditEntry) -> bool {
    entry.metadata.get(SOURCE).and_then(Value::as_str) == Some(TRIGGER)
}

fn with_action(filter: Filter, action: ActionFilter) -> Filter {
    Filter {
        action: Some(action),
        ..filter
    }
}

fn time_of(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str()?.parse().ok()
}
