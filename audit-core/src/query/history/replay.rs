//! Reading the entries of a record, one after the other, up to a moment.

use chrono::{DateTime, Utc};

use super::Record;
use super::effect::Effect;
use super::lapses::Lapses;
use super::missing::{LossyState, Missing, MissingReason, truncated};
use super::moment::{Extent, Moment, ended};
use super::state::{Presence, Since, State};
use crate::entry::AuditEntry;
use crate::error::Result;
use crate::query::filter::Order;
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
pub(super) struct Reached {
    pub(super) moment: Moment,
    /// The last entry that was there by then, and when it was over.
    pub(super) last: Option<(u64, DateTime<Utc>)>,
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
                self.lapses(*since, &mut missing)?;
            }
            Presence::Gone(since, _) => self.lapses(*since, &mut missing)?,
            Presence::Unheard | Presence::Used => self.beginning(&mut missing)?,
        }
        Ok(LossyState { fields, missing })
    }

    /// Where nothing has been said of a record yet: what is said next tells whether there was one.
    fn beginning(&self, missing: &mut Vec<Missing>) -> Result<()> {
        let reached = self.reached;
        let behind = reached.and_then(|reached| reached.last);
        let behind = behind.map(|(index, _)| index);
        let mut used = behind.filter(|_| self.state.presence == Presence::Used);
        let mut first = None;
        for entry in self
            .source
            .stream(self.record.filter(), Order::OldestFirst, behind)
        {
            let entry = entry?;
            match Effect::of(&entry, false) {
                Effect::None => {}
                Effect::Used => used = used.or(Some(entry.index)),
                effect if effect.is_first(&entry) => {
                    used = None;
                    first = Some(entry.index);
                    break;
                }
                _ => {
                    used = Some(entry.index);
                    break;
                }
            }
        }
        match (used, reached) {
            (Some(index), _) => {
                missing.push(Missing::of_all(MissingReason::Beginning, index));
            }
            (None, Some(reached)) => {
                let lapses = Lapses::read(self.source, self.record, None)?;
                lapses.note_unheard(reached, first, missing);
            }
            (None, None) => {}
        }
        Ok(())
    }

    /// What may have happened unheard after the record came or went as far as is known, and by
    /// the moment.
    fn lapses(&self, since: Since, missing: &mut Vec<Missing>) -> Result<()> {
        let Some(reached) = self.reached else {
            return Ok(());
        };
        let lapses = Lapses::read(self.source, self.record, Some(since))?;
        let is_there = matches!(self.state.presence, Presence::There(..));
        lapses.note(reached, since, is_there, missing);
        Ok(())
    }
}
