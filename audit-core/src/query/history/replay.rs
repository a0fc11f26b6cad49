//! Reading the entries of a record, one after the other, up to a moment.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::Record;
use super::effect::Effect;
use super::missing::{LossyState, Missing, MissingReason, note, truncated};
use super::moment::{Extent, Moment, ended};
use super::state::{Presence, Since, State};
use crate::entry::{AuditEntry, action};
use crate::error::Result;
use crate::query::filter::{ActionFilter, Filter, Order};
use crate::query::stream::{EntryStream, Source};

/// The state of a record at a moment.
pub(crate) fn state_at(source: Source<'_>, record: &Record, moment: Moment) -> Result<LossyState> {
    let mut replay = Replay::start(source, record);
    replay.advance(moment, |_| {})?;
    replay.state()
}

/// A record on its way from its beginning to a moment.
pub(crate) struct Replay<'a> {
    source: Source<'a>,
    record: &'a Record,
    stream: EntryStream<'a>,
    /// Read, and later than the moment.
    ahead: Option<AuditEntry>,
    state: State,
    reached: Option<Reached>,
}

/// How far it has come.
#[derive(Clone, Copy)]
struct Reached {
    moment: Moment,
    /// The last entry that was there by then, and when it was over.
    last: Option<(u64, DateTime<Utc>)>,
}

impl<'a> Replay<'a> {
    pub(crate) fn start(source: Source<'a>, record: &'a Record) -> Self {
        Self {
            source,
            record,
            stream: source.stream(record.filter(), Order::OldestFirst, None),
            ahead: None,
            state: State::default(),
            reached: None,
        }
    }

    /// Goes on to a moment, and shows each entry on the way.
    pub(crate) fn advance(
        &mut self,
        moment: Moment,
        mut see: impl FnMut(&AuditEntry),
    ) -> Result<()> {
        let extent = Extent::of(moment, self.source, self.record)?;
        let mut last = self.reached.and_then(|reached| reached.last);
        loop {
            let next = match self.ahead.take() {
                Some(entry) => Some(entry),
                None => self.stream.next().transpose()?,
            };
            match next {
                Some(entry) if extent.holds(&entry) => {
                    see(&entry);
                    last = Some((entry.index, ended(&entry)));
                    self.state.take(entry, self.record);
                }
                later => {
                    self.ahead = later;
                    break;
                }
            }
        }
        self.reached = Some(Reached { moment, last });
        Ok(())
    }

    /// What is known at the moment that it has come to.
    pub(crate) fn state(&self) -> Result<LossyState> {
        let fields = self.state.fields().cloned();
        let mut missing = self.state.missing.clone();
        match &self.state.presence {
            Presence::There(fields, since) => {
                truncated(fields, &mut missing);
                self.gaps(*since, &mut missing)?;
            }
            Presence::Gone(since, _) => self.gaps(*since, &mut missing)?,
            Presence::Unheard | Presence::Used => missing.extend(self.beginning()?),
        }
        Ok(LossyState { fields, missing })
    }

    /// Where nothing has been said of a record yet: what is said next tells whether there was one.
    fn beginning(&self) -> Result<Option<Missing>> {
        let mut used = None;
        let behind = self.reached.and_then(|reached| reached.last);
        if self.state.presence == Presence::Used {
            used = behind.map(|(index, _)| index);
        }
        let behind = behind.map(|(index, _)| index);
        for entry in self
            .source
            .stream(self.record.filter(), Order::OldestFirst, behind)
        {
            let entry = entry?;
            match Effect::of(&entry, false) {
                Effect::None => {}
                Effect::Used => used = used.or(Some(entry.index)),
                effect if effect.is_first(&entry) => return Ok(None),
                _ => {
                    used = Some(entry.index);
                    break;
                }
            }
        }
        Ok(used.map(|index| Missing::of_all(MissingReason::Beginning, index)))
    }

    /// Entries that were lost after the record came or went as far as is known, and by the moment.
    fn gaps(&self, since: Since, missing: &mut Vec<Missing>) -> Result<()> {
        let Some(Reached { moment, last }) = self.reached else {
            return Ok(());
        };
        let told = Filter {
            action: Some(ActionFilter::Exact(action::GAP.to_owned())),
            ..Filter::default()
        };
        for gap in self
            .source
            .stream(told, Order::OldestFirst, Some(since.index))
        {
            let gap = gap?;
            let time = |name| gap.metadata.get(name).and_then(time_of);
            let (first, end) = (time("first"), time("last"));
            let is_early = match moment {
                Moment::Time(moment) => first.is_none_or(|first| first <= moment),
                Moment::Index(index) => {
                    let last = last.map(|(_, time)| time);
                    gap.index <= index || first.zip(last).is_some_and(|(first, last)| first <= last)
                }
            };
            if is_early && end.is_none_or(|end| end >= since.time) {
                note(missing, Missing::of_all(MissingReason::Gap, gap.index));
            }
        }
        Ok(())
    }
}

fn time_of(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str()?.parse().ok()
}
