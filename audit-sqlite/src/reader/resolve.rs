//! A filter in words as numbers of one tenant, and the indexes that could lead.

use audit_core::query::{ActionFilter, Filter};
use audit_core::{ActorKind, EntityId, Result, Severity};
use rusqlite::types::{ToSqlOutput, Value};

use super::residual::{Changed, Names, Residual};
use super::row::{integer, text};
use super::side::{Scope, each};
use super::source::Source;
use super::sql;
use super::tally::Tallied;
use crate::codec::{Key, Numbered, RequestKey, micros_not_before};
use crate::error::corrupt;
use crate::writer::{Lookup, Tally};

/// The most ranges that are merged; with more, another index leads.
pub(crate) const MAX_STREAMS: usize = 32;

/// One range of an index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stream {
    pub(crate) source: Source,
    pub(crate) value: Value,
}

impl Stream {
    /// The log itself, narrowed to some verbs or actors: in full blocks of the whole log, and behind
    /// them.
    pub(crate) fn log(verbs: bool, actors: bool) -> [Self; 2] {
        let sources = [
            Source::Log { verbs, actors },
            Source::LogTail { verbs, actors },
        ];
        sources.map(|source| Self {
            source,
            value: Value::Null,
        })
    }

    fn number(source: Source, number: i64) -> Self {
        Self {
            source,
            value: Value::Integer(number),
        }
    }
}

/// A filter, resolved.
#[derive(Default)]
pub(crate) struct Resolved<'f> {
    /// Sets of ranges, each of which alone holds every entry that is meant; the most selective
    /// kind first.
    pub(crate) candidates: Vec<Vec<Stream>>,
    /// Sets of verbs or actors, each of which alone holds every entry that is meant.
    pub(crate) tallied: Vec<Tallied>,
    pub(crate) residual: Residual<'f>,
    /// How many things were asked for. If it is one, and it is a candidate, nothing is left to
    /// check.
    pub(crate) restrictions: usize,
}

/// Resolves a filter; nothing if no entry can be meant.
pub(crate) fn resolve<'f>(scope: Scope<'_>, filter: &'f Filter) -> Result<Option<Resolved<'f>>> {
    let mut resolved = Resolved::default();
    resolved.ids(filter);
    let is_possible = resolved.entity(scope, filter)?
        && resolved.names(scope, filter)?
        && resolved.actor(scope, filter)?
        && resolved.verbs(scope, filter)?
        && filter.outcomes.as_ref().is_none_or(|any| !any.is_empty())
        && resolved.changed(scope, filter)?;
    if !is_possible {
        return Ok(None);
    }
    resolved.levels(filter)?;
    resolved.time(filter);
    Ok(Some(resolved))
}

impl<'f> Resolved<'f> {
    fn add(&mut self, source: Source, numbers: &[i64]) {
        if numbers.len() <= MAX_STREAMS {
            let streams = numbers.iter().map(|number| Stream::number(source, *number));
            self.candidates.push(streams.collect());
        }
    }

    /// A record stands in full blocks of the tenant's log and behind them.
    fn records(&mut self, numbers: &[i64]) {
        if numbers.len() <= MAX_STREAMS {
            let sources = [Source::Entity, Source::EntityOpen];
            let streams = numbers
                .iter()
                .flat_map(|number| sources.map(|source| Stream::number(source, *number)));
            let mut streams: Vec<Stream> = streams.collect();
            match numbers {
                [number] => streams.push(Stream::number(Source::EntityTail, *number)),
                // Walked once for all of them.
                _ => streams.extend(Stream::log(false, false).into_iter().skip(1)),
            }
            self.candidates.push(streams);
        }
    }

    fn tally(&mut self, kind: Tally, numbers: &[i64]) {
        self.tallied.push(Tallied {
            kind,
            numbers: numbers.to_vec(),
        });
    }

    /// What an id leads to stands in full blocks and behind them.
    fn lookup(&mut self, lookup: Lookup, value: &Value) {
        let sources = [Source::Lookup(lookup), Source::LookupTail(lookup)];
        let streams = sources.map(|source| Stream {
            source,
            value: value.clone(),
        });
        self.candidates.push(streams.into());
        self.restrictions += 1;
    }

    fn ids(&mut self, filter: &'f Filter) {
        if let Some(operation) = &filter.operation {
            let value = Value::Blob(operation.as_bytes().to_vec());
            self.lookup(Lookup::Operation, &value);
            self.residual.operation = Some(value);
        }
        if let Some(cause) = &filter.caused_by {
            let value = Value::Blob(cause.as_bytes().to_vec());
            self.lookup(Lookup::Cause, &value);
            self.residual.cause = Some(value);
        }
        if let Some(request) = &filter.request_id {
            let value = RequestKey::of(request).to_value();
            self.lookup(Lookup::Request, &value);
            self.residual.request = Some(value);
        }
    }

    fn entity(&mut self, scope: Scope<'_>, filter: &'f Filter) -> Result<bool> {
        let Some(id) = &filter.entity_id else {
            return Ok(true);
        };
        let key = Key::of(Some(id))?;
        let key = ToSqlOutput::Borrowed(key.as_value());
        let mut numbers = Vec::new();
        let collect = |row: &rusqlite::Row<'_>| {
            numbers.push(integer(row, 0)?);
            Ok(true)
        };
        match &filter.entity_type {
            Some(of_type) => each(
                scope.connection,
                sql::ENTITIES_OF_TYPE_AND_ID,
                &[&scope.tenant, &key, of_type],
                collect,
            )?,
            None => each(
                scope.connection,
                sql::ENTITIES_OF_ID,
                &[&scope.tenant, &key],
                collect,
            )?,
        }
        numbers.sort_unstable();
        self.records(&numbers);
        self.restrictions += 1;
        let any = !numbers.is_empty();
        self.residual.entities = Some(numbers);
        Ok(any)
    }

    fn actor(&mut self, scope: Scope<'_>, filter: &'f Filter) -> Result<bool> {
        let mut numbers = Vec::new();
        match (&filter.actor_id, filter.actor_kind) {
            (None, None) => return Ok(true),
            (Some(id), kind) => match kind {
                Some(kind) => actors_of_id(scope, kind, id, &mut numbers)?,
                None => {
                    for kind in ActorKind::ALL {
                        actors_of_id(scope, *kind, id, &mut numbers)?;
                    }
                }
            },
            (None, Some(kind)) => {
                let number = kind.number()?;
                each(
                    scope.connection,
                    sql::ACTORS_OF_KIND,
                    &[&scope.tenant, &number],
                    |row| {
                        numbers.push(integer(row, 0)?);
                        Ok(true)
                    },
                )?;
                if numbers.len() > MAX_STREAMS {
                    self.residual.actor_kind = Some(kind);
                    self.restrictions += 1;
                    return Ok(true);
                }
            }
        }
        numbers.sort_unstable();
        self.tally(Tally::Actor, &numbers);
        self.restrictions += 1;
        let any = !numbers.is_empty();
        self.residual.actors = Some(numbers);
        Ok(any)
    }

    fn verbs(&mut self, scope: Scope<'_>, filter: &'f Filter) -> Result<bool> {
        // The number of an entity says its type already.
        let of_type = filter
            .entity_type
            .as_deref()
            .filter(|_| filter.entity_id.is_none());
        // No type is kept as the empty one, which nobody can ask for.
        if filter.entity_type.as_deref() == Some("") {
            return Ok(false);
        }
        if filter.action.is_none() && of_type.is_none() {
            return Ok(true);
        }
        let mut numbers = Vec::new();
        let collect = |row: &rusqlite::Row<'_>| {
            if filter
                .action
                .as_ref()
                .is_none_or(|action| text(row, 1).is_ok_and(|text| action.matches(text)))
                && of_type.is_none_or(|wanted| text(row, 2).is_ok_and(|text| text == wanted))
            {
                numbers.push(integer(row, 0)?);
            }
            Ok(true)
        };
        match &filter.action {
            Some(ActionFilter::Exact(action)) => {
                each(
                    scope.connection,
                    sql::VERBS_OF_ACTION,
                    &[&scope.tenant, action],
                    collect,
                )?;
            }
            _ => each(scope.connection, sql::VERBS, &[&scope.tenant], collect)?,
        }
        numbers.sort_unstable();
        self.tally(Tally::Verb, &numbers);
        self.restrictions += 1;
        let any = !numbers.is_empty();
        self.residual.verbs = Some(numbers);
        Ok(any)
    }

    fn changed(&mut self, scope: Scope<'_>, filter: &'f Filter) -> Result<bool> {
        let Some(path) = &filter.changed else {
            return Ok(true);
        };
        let (field, is_deep) = match path.find(['.', '[']).and_then(|end| path.get(..end)) {
            Some(field) => (field, true),
            None => (path.as_str(), false),
        };
        let mut shapes = Vec::new();
        each(scope.connection, sql::SHAPES, &[&scope.tenant], |row| {
            let fields: Vec<String> = serde_json::from_str(text(row, 1)?).map_err(|_| corrupt())?;
            if fields.iter().any(|present| present == field) {
                shapes.push(integer(row, 0)?);
            }
            Ok(true)
        })?;
        shapes.sort_unstable();
        self.residual.changed = Some(Changed {
            path,
            shapes,
            is_deep,
        });
        self.restrictions += 1;
        Ok(true)
    }

    /// Walks the names of the tenant. A few records lead through their index; with many, or with
    /// actors among them, the log is walked and each name looked at.
    fn names(&mut self, scope: Scope<'_>, filter: &'f Filter) -> Result<bool> {
        let Some(wanted) = &filter.name_contains else {
            return Ok(true);
        };
        let names = Names::new(wanted);
        let mut actors = false;
        each(
            scope.connection,
            sql::ACTOR_NAMES,
            &[&scope.tenant],
            |row| {
                let name = text(row, 1)?;
                // An actor without a name has the empty one here.
                actors = !name.is_empty() && names.matches(name);
                Ok(!actors)
            },
        )?;
        let mut records: Vec<i64> = Vec::new();
        each(
            scope.connection,
            sql::LABEL_NAMES,
            &[&scope.tenant],
            |row| {
                let record = integer(row, 0)?;
                if names.matches(text(row, 1)?) && !records.contains(&record) {
                    records.push(record);
                }
                Ok(records.len() <= MAX_STREAMS)
            },
        )?;
        let any = actors || !records.is_empty();
        if !actors {
            self.records(&records);
        }
        // A record that was renamed is found under each name, so that the name is checked too;
        // hence two, never decided by the index alone.
        self.restrictions += 2;
        self.residual.names = Some(names);
        Ok(any)
    }

    fn levels(&mut self, filter: &'f Filter) -> Result<()> {
        if let Some(outcomes) = &filter.outcomes {
            let numbers = outcomes.iter().map(|outcome| outcome.number());
            let mut numbers = numbers.collect::<Result<Vec<_>>>()?;
            numbers.sort_unstable();
            numbers.dedup();
            self.restrictions += 1;
            // Success is what most entries are, and has no index.
            if !numbers.contains(&0) {
                self.add(Source::Outcome, &numbers);
            }
            self.residual.outcomes = Some(numbers);
        }
        if let Some(least) = filter.severity {
            let number = least.number()?;
            if number != 0 {
                self.residual.severity = Some(number);
                self.restrictions += 1;
                let numbers = Severity::ALL
                    .iter()
                    .filter(|severity| **severity >= least)
                    .map(|severity| severity.number())
                    .collect::<Result<Vec<_>>>()?;
                self.add(Source::Severity, &numbers);
            }
        }
        Ok(())
    }

    fn time(&mut self, filter: &'f Filter) {
        self.residual.since = filter.since.map(micros_not_before);
        self.residual.until = filter.until.map(micros_not_before);
        if filter.since.is_some() || filter.until.is_some() {
            self.restrictions += 1;
        }
    }
}

fn actors_of_id(
    scope: Scope<'_>,
    kind: ActorKind,
    id: &EntityId,
    numbers: &mut Vec<i64>,
) -> Result<()> {
    let key = Key::of(Some(id))?;
    let key = ToSqlOutput::Borrowed(key.as_value());
    let kind = kind.number()?;
    each(
        scope.connection,
        sql::ACTORS_OF_ID,
        &[&scope.tenant, &kind, &key],
        |row| {
            numbers.push(integer(row, 0)?);
            Ok(true)
        },
    )
}
