//! Where the tenant of a row is read: in the row itself, or in one that it names.

use audit_core::Result;
use rusqlite::{Connection, OptionalExtension, params};

use super::options::TenantRule;
use super::plan::invalid;
use super::shape::Shape;
use super::sql::identifier;
use crate::error::{Phase, during};

/// Where the tenant of a row is read.
pub(super) struct TenantColumn {
    /// In the row itself, as SQL after a qualifier.
    pub(super) column: String,
    pub(super) through: Option<Through>,
}

/// A table that says the tenant of those who name its rows. Names are SQL.
pub(super) struct Through {
    pub(super) table: String,
    pub(super) key: String,
    pub(super) shown: String,
    pub(super) parent: Shape,
}

impl TenantColumn {
    /// What a row says.
    pub(super) fn of_row(&self, source: i64, row: &str) -> String {
        let column = format!("{row}{}", self.column);
        match &self.through {
            None => column,
            // Where the row that is named is there and says nothing, what it once said is not asked for:
            // an empty text is no tenant.
            Some(through) => format!(
                "ifnull((SELECT ifnull(p.{}, '') FROM {} AS p WHERE p.{} = {column}), (SELECT tenant FROM audit_departed WHERE source = {source} AND key = {column}))",
                through.shown, through.table, through.key
            ),
        }
    }

    /// The same, see `Plan::qualify`.
    pub(super) fn qualify(&mut self) {
        if let Some(through) = &mut self.through {
            through.table.insert_str(0, "main.");
        }
    }

    /// Finds the columns that a rule names.
    pub(super) fn read(
        connection: &Connection,
        shape: &Shape,
        rule: &TenantRule,
    ) -> Result<Option<Self>> {
        Ok(match rule {
            TenantRule::Context | TenantRule::Constant(_) => None,
            TenantRule::Column(name) => Some(Self {
                column: identifier(shape.expect_column(name, "the tenant")?),
                through: None,
            }),
            TenantRule::Through {
                column,
                table,
                shown,
            } => {
                let column = shape.expect_column(column, "the way to the tenant")?;
                let parent = Shape::read(connection, table)?;
                let shown = identifier(parent.expect_column(shown, "the tenant")?);
                Some(Self {
                    column: identifier(column),
                    through: Some(Through {
                        table: identifier(&parent.name),
                        key: identifier(&referenced(connection, shape, column, &parent)?),
                        shown,
                        parent,
                    }),
                })
            }
        })
    }
}

/// The column that a foreign key names; the primary key where none is declared.
fn referenced(
    connection: &Connection,
    shape: &Shape,
    column: &str,
    parent: &Shape,
) -> Result<String> {
    let declared: Option<Option<String>> = connection
        .query_row(
            "SELECT \"to\" FROM pragma_foreign_key_list(?1, 'main') WHERE \"from\" = ?2 COLLATE NOCASE AND \"table\" = ?3 COLLATE NOCASE",
            params![shape.name, column, parent.name],
            |row| row.get(0),
        )
        .optional()
        .map_err(during(Phase::Read))?;
    if let Some(Some(key)) = declared {
        return Ok(parent
            .expect_column(&key, "the key of the tenant")?
            .to_owned());
    }
    match parent.primary_key.as_slice() {
        [key] => Ok(key.clone()),
        _ => Err(invalid(
            parent,
            format!(
                "has no primary key of one column by which `{column}` could name its rows; declare a foreign key"
            ),
        )),
    }
}
