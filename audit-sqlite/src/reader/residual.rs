//! What the leading index does not decide, checked on the numbers of a row before an entry is built.

use std::collections::HashMap;

use audit_core::query::name_contains;
use audit_core::{ActorKind, Changes, Result};
use rusqlite::Row;
use rusqlite::types::{Value, ValueRef};

use super::row::{column, integer, json, optional_integer, value};
use super::side::{Scope, Side};
use crate::writer::UNLISTED_SHAPE;

/// Checks on a row; what is `None` is not asked for.
#[derive(Default)]
pub(crate) struct Residual<'f> {
    pub(crate) verbs: Option<Vec<i64>>,
    pub(crate) entities: Option<Vec<i64>>,
    pub(crate) actors: Option<Vec<i64>>,
    /// Only where a kind has too many actors to list.
    pub(crate) actor_kind: Option<ActorKind>,
    pub(crate) outcomes: Option<Vec<i64>>,
    pub(crate) severity: Option<i64>,
    pub(crate) request: Option<Value>,
    pub(crate) operation: Option<Value>,
    pub(crate) cause: Option<Value>,
    pub(crate) since: Option<i64>,
    pub(crate) until: Option<i64>,
    pub(crate) changed: Option<Changed<'f>>,
    pub(crate) names: Option<Names>,
}

/// A path that has to have changed.
pub(crate) struct Changed<'f> {
    pub(crate) path: &'f str,
    /// The shapes that have its first segment, in order.
    pub(crate) shapes: Vec<i64>,
    /// Whether the path goes deeper than a shape tells.
    pub(crate) is_deep: bool,
}

/// A text that a name has to contain, and the names that were looked at.
pub(crate) struct Names {
    lower: String,
    actors: HashMap<i64, bool>,
    labels: HashMap<i64, bool>,
}

impl Names {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            lower: text.to_lowercase(),
            actors: HashMap::new(),
            labels: HashMap::new(),
        }
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        name_contains(name, &self.lower)
    }

    /// How many answers are remembered: a page of names, not a tenant's.
    const MAX: usize = 8 * 1024;

    fn actor(&mut self, scope: Scope<'_>, side: &mut Side, n: i64) -> Result<bool> {
        if let Some(known) = self.actors.get(&n) {
            return Ok(*known);
        }
        let hit = side
            .actor(scope, n)?
            .name()
            .is_some_and(|name| self.matches(name));
        if self.actors.len() >= Self::MAX {
            self.actors.clear();
        }
        self.actors.insert(n, hit);
        Ok(hit)
    }

    fn label(&mut self, scope: Scope<'_>, side: &mut Side, n: i64) -> Result<bool> {
        if let Some(known) = self.labels.get(&n) {
            return Ok(*known);
        }
        let hit = self.matches(&side.label(scope, n)?);
        if self.labels.len() >= Self::MAX {
            self.labels.clear();
        }
        self.labels.insert(n, hit);
        Ok(hit)
    }
}

impl Residual<'_> {
    /// Whether a row has to be of full width to be checked.
    pub(crate) fn needs_changes(&self) -> bool {
        self.changed.is_some()
    }

    /// Whether the filter means the entry of a row.
    pub(crate) fn admits(
        &mut self,
        row: &Row<'_>,
        scope: Scope<'_>,
        side: &mut Side,
    ) -> Result<bool> {
        Ok(among(self.verbs.as_deref(), row, column::VERB)?
            && among(self.actors.as_deref(), row, column::ACTOR)?
            && among(self.entities.as_deref(), row, column::ENTITY)?
            && among(self.outcomes.as_deref(), row, column::OUTCOME)?
            && self.admits_numbers(row)?
            && same(self.request.as_ref(), row, column::REQUEST)?
            && same(self.operation.as_ref(), row, column::OPERATION)?
            && same(self.cause.as_ref(), row, column::CAUSE)?
            && self.admits_actor_kind(row, scope, side)?
            && self.admits_names(row, scope, side)?
            && self.admits_changes(row)?)
    }

    fn admits_numbers(&self, row: &Row<'_>) -> Result<bool> {
        if let Some(least) = self.severity
            && integer(row, column::SEVERITY)? < least
        {
            return Ok(false);
        }
        if self.since.is_some() || self.until.is_some() {
            let time = integer(row, column::TIME)?;
            return Ok(self.since.is_none_or(|since| time >= since)
                && self.until.is_none_or(|until| time < until));
        }
        Ok(true)
    }

    fn admits_actor_kind(&self, row: &Row<'_>, scope: Scope<'_>, side: &mut Side) -> Result<bool> {
        let Some(kind) = self.actor_kind else {
            return Ok(true);
        };
        Ok(side.actor(scope, integer(row, column::ACTOR)?)?.kind() == kind)
    }

    fn admits_names(&mut self, row: &Row<'_>, scope: Scope<'_>, side: &mut Side) -> Result<bool> {
        let Some(names) = &mut self.names else {
            return Ok(true);
        };
        if let Some(label) = optional_integer(row, column::LABEL)?
            && names.label(scope, side, label)?
        {
            return Ok(true);
        }
        names.actor(scope, side, integer(row, column::ACTOR)?)
    }

    fn admits_changes(&self, row: &Row<'_>) -> Result<bool> {
        let Some(wanted) = &self.changed else {
            return Ok(true);
        };
        let Some(shape) = optional_integer(row, column::SHAPE)? else {
            return Ok(false);
        };
        if shape != UNLISTED_SHAPE {
            if wanted.shapes.binary_search(&shape).is_err() {
                return Ok(false);
            }
            if !wanted.is_deep {
                return Ok(true);
            }
        }
        let changes: Changes = json(row, column::CHANGES)?;
        Ok(changes.touches(wanted.path))
    }
}

fn among(numbers: Option<&[i64]>, row: &Row<'_>, column: usize) -> Result<bool> {
    let Some(numbers) = numbers else {
        return Ok(true);
    };
    let number = optional_integer(row, column)?;
    Ok(number.is_some_and(|number| numbers.binary_search(&number).is_ok()))
}

fn same(wanted: Option<&Value>, row: &Row<'_>, column: usize) -> Result<bool> {
    let Some(wanted) = wanted else {
        return Ok(true);
    };
    Ok(ValueRef::from(wanted) == value(row, column)?)
}
