//! Which values are unique in a table, and which of its rows stand in the way of a new one.

use audit_core::{Error, ErrorKind, Result};
use rusqlite::Connection;

use super::schema_sql;
use super::shape::Shape;
use super::sql::{all, identifier};
use crate::error::{Phase, during};

/// A primary key with an index, a UNIQUE constraint or a unique index.
pub(super) struct Unique {
    pub(super) is_primary_key: bool,
    terms: Vec<Term>,
    condition: Option<String>,
}

impl Unique {
    /// The columns among its terms, with the collations by which they are unique.
    pub(super) fn columns(&self) -> Vec<(&str, &str)> {
        let terms = self.terms.iter().filter_map(|term| match &term.what {
            What::Column(name) => Some((name.as_str(), term.collation.as_str())),
            What::Rowid | What::Expression(_) => None,
        });
        terms.collect()
    }
}

struct Term {
    what: What,
    collation: String,
}

enum What {
    Column(String),
    Rowid,
    Expression(String),
}

/// Reads what is unique in a table.
pub(super) fn read(connection: &Connection, table: &str) -> Result<Vec<Unique>> {
    let failed = during(Phase::Read);
    let mut statement = connection
        .prepare(
            "SELECT l.name, l.origin, s.sql FROM pragma_index_list(?1, 'main') AS l LEFT JOIN main.sqlite_schema AS s ON s.type = 'index' AND s.name = l.name WHERE l.\"unique\" ORDER BY l.name",
        )
        .map_err(failed)?;
    let mut rows = statement.query([table]).map_err(failed)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let name: String = row.get(0).map_err(failed)?;
        let origin: String = row.get(1).map_err(failed)?;
        let sql: Option<String> = row.get(2).map_err(failed)?;
        let parts = sql.as_deref().and_then(schema_sql::index_parts);
        let (texts, condition) = match parts {
            Some(parts) => (parts.terms, parts.condition),
            None => (Vec::new(), None),
        };
        all.push(Unique {
            is_primary_key: origin == "pk",
            terms: terms(connection, &name, &texts)?,
            condition,
        });
    }
    Ok(all)
}

fn terms(connection: &Connection, index: &str, texts: &[String]) -> Result<Vec<Term>> {
    let failed = during(Phase::Read);
    let mut statement = connection
        .prepare(
            "SELECT cid, name, coll FROM pragma_index_xinfo(?1, 'main') WHERE key ORDER BY seqno",
        )
        .map_err(failed)?;
    let mut rows = statement.query([index]).map_err(failed)?;
    let mut terms = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let number: i64 = row.get(0).map_err(failed)?;
        let name: Option<String> = row.get(1).map_err(failed)?;
        let what = match (number, name) {
            (-1, _) => What::Rowid,
            (_, Some(name)) => What::Column(name),
            _ => What::Expression(texts.get(terms.len()).cloned().ok_or_else(|| {
                Error::new(
                    ErrorKind::Unsupported,
                    format!("the expression of the unique index `{index}` cannot be read; create the index anew in a plainer form"),
                )
            })?),
        };
        let collation: Option<String> = row.get(2).map_err(failed)?;
        terms.push(Term {
            what,
            collation: collation.unwrap_or_else(|| "BINARY".to_owned()),
        });
    }
    Ok(terms)
}

/// Rows that stand in the way of `NEW`, as far as one unique thing goes.
pub(super) struct Conflict {
    /// The condition on a row `x` of the table.
    pub(super) condition: String,
    /// The columns that have to change for an update to get into the way of another row, if it
    /// depends on nothing else.
    pub(super) columns: Option<Vec<String>>,
}

impl Shape {
    /// For each thing that is unique: which rows stand in the way of `NEW`. Rather too many than too
    /// few: whether a row is gone in the end is looked at afterwards.
    pub(super) fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        if !self.is_without_rowid {
            conflicts.push(Conflict {
                condition: all(&self.same_identity("x.", "NEW.")),
                columns: Some(self.identity.clone()),
            });
        }
        conflicts.extend(self.unique.iter().map(|unique| self.conflict(unique)));
        conflicts
    }

    fn conflict(&self, unique: &Unique) -> Conflict {
        let mut conditions = Vec::new();
        let mut columns = Some(Vec::new()).filter(|_| unique.condition.is_none());
        for term in &unique.terms {
            let (column, left, right) = match &term.what {
                What::Column(name) => {
                    let column = identifier(name);
                    let left = format!("x.{column}");
                    if self.expression(name).is_some() {
                        let new = format!("(SELECT {column} FROM {})", self.as_new_table(&column));
                        (None, left, new)
                    } else {
                        (Some(column), left, self.new_value(name))
                    }
                }
                What::Rowid => (
                    Some("rowid".to_owned()),
                    "x.rowid".to_owned(),
                    "NEW.rowid".to_owned(),
                ),
                What::Expression(text) => (
                    None,
                    format!("({text}\n)"),
                    format!("(SELECT {text}\n FROM {})", self.as_new_table(text)),
                ),
            };
            match (column, &mut columns) {
                (Some(column), Some(columns)) => columns.push(column),
                _ => columns = None,
            }
            conditions.push(format!(
                "{left} = {right} COLLATE {}",
                identifier(&term.collation)
            ));
        }
        conditions.extend(
            unique
                .condition
                .as_ref()
                .map(|condition| format!("({condition}\n)")),
        );
        Conflict {
            condition: all(&conditions),
            columns,
        }
    }
}
