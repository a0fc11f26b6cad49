//! What a table is: its columns, what tells its rows apart, and which values are unique in it.

use audit_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, params};

use super::affinity::Affinity;
use super::schema_sql;
use super::sql::identifier;
use super::suggest::there_is;
use super::unique::{self, Unique};
use crate::error::{Phase, during};

/// A table as it is now.
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// The names of the primary key; empty if there is none.
    pub(super) primary_key: Vec<String>,
    /// What tells a row from all others at any moment: SQL after a qualifier such as `NEW.`.
    pub(super) identity: Vec<String>,
    /// How each part of it is compared, where its column is compared otherwise.
    pub(super) collations: Vec<Option<String>>,
    /// Whether the identity is the rowid under a name of SQLite's own.
    pub(super) has_hidden_rowid: bool,
    pub(super) is_without_rowid: bool,
    /// Whether deleting a row makes SQLite write to rows that refer to it.
    pub(super) has_cascades: bool,
    pub(super) unique: Vec<Unique>,
    /// Generated columns with their expressions.
    pub(super) generated: Vec<(String, String)>,
}

/// One column.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) affinity: Affinity,
    /// Whether its values are as small as what would say that they did not change.
    pub(super) is_small: bool,
    pub(super) is_generated: bool,
    pub(super) collation: String,
    /// What a NULL becomes under `OR REPLACE`, as SQL.
    pub(super) replaces_null: Option<String>,
}

impl Column {
    /// Whether equal values in it can have different types, such as 1 and 1.0: not where SQLite
    /// gives all numbers one type.
    pub(super) fn is_loose(&self) -> bool {
        matches!(self.affinity, Affinity::Blob | Affinity::Numeric)
    }
}

impl Shape {
    /// Reads a table; refuses what cannot be tracked.
    pub(super) fn read(connection: &Connection, name: &str) -> Result<Self> {
        let failed = during(Phase::Read);
        let (name, kind) = find(connection, name)?;
        let mut columns = Vec::new();
        let mut key: Vec<(i64, String)> = Vec::new();
        let mut statement = connection
            .prepare("SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1, 'main')")
            .map_err(failed)?;
        let mut rows = statement.query([&name]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let column: String = row.get(0).map_err(failed)?;
            let declared: String = row.get(1).map_err(failed)?;
            let is_required: bool = row.get(2).map_err(failed)?;
            let default: Option<String> = row.get(3).map_err(failed)?;
            let place: i64 = row.get(4).map_err(failed)?;
            let hidden: i64 = row.get(5).map_err(failed)?;
            if place > 0 {
                key.push((place, column.clone()));
            }
            columns.push(Column {
                collation: collation(connection, &name, &column)?,
                affinity: Affinity::of(&declared, kind.is_strict),
                is_small: is_small(&declared),
                is_generated: hidden != 0,
                replaces_null: default
                    .filter(|_| is_required)
                    .map(|default| as_expression(&default)),
                name: column,
            });
        }
        key.sort();
        let primary_key: Vec<String> = key.into_iter().map(|(_, name)| name).collect();
        let unique = unique::read(connection, &name)?;
        let has_cascades = has_cascades(connection, &name)?;
        let mut shape = Self {
            name,
            columns,
            primary_key,
            identity: Vec::new(),
            collations: Vec::new(),
            has_hidden_rowid: false,
            is_without_rowid: kind.is_without_rowid,
            has_cascades,
            unique,
            generated: Vec::new(),
        };
        if shape.columns.iter().any(|column| column.is_generated) {
            shape.generated = generated(connection, &shape)?;
        }
        shape.identify()?;
        Ok(shape)
    }

    /// The table in a statement of ours. A temporary table of the same name would come first; inside
    /// of a trigger none does, and no schema may be named.
    pub(super) fn qualified(&self) -> String {
        format!("main.{}", identifier(&self.name))
    }

    /// The column of a name, as the table spells it.
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The same; an error names the columns that there are.
    pub(super) fn expect_column(&self, name: &str, role: &str) -> Result<&str> {
        match self.column(name) {
            Some(column) => Ok(&column.name),
            None => Err(Error::new(
                ErrorKind::Invalid,
                format!(
                    "table `{}` has no column `{name}`, which is to be {role}; there is {}",
                    self.name,
                    there_is(name, self.columns.iter().map(|column| column.name.as_str()))
                ),
            )),
        }
    }
}

/// The collation of a column, which no pragma tells.
fn collation(connection: &Connection, table: &str, column: &str) -> Result<String> {
    let (_, collation, ..) = connection
        .column_metadata(Some("main"), table, column)
        .map_err(during(Phase::Read))?;
    Ok(collation.map_or_else(
        || "BINARY".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    ))
}

fn has_cascades(connection: &Connection, table: &str) -> Result<bool> {
    connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM pragma_table_list AS l, pragma_foreign_key_list(l.name, 'main') AS f WHERE l.schema = 'main' AND l.type = 'table' AND f.\"table\" = ?1 COLLATE NOCASE AND f.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT'))",
            [table],
            |row| row.get(0),
        )
        .map_err(during(Phase::Read))
}

/// The generated columns, spelled as the table spells them.
fn generated(connection: &Connection, shape: &Shape) -> Result<Vec<(String, String)>> {
    let sql: String = connection
        .query_row(
            "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?1",
            [&shape.name],
            |row| row.get(0),
        )
        .map_err(during(Phase::Read))?;
    let found = schema_sql::generated_columns(&sql);
    let columns = shape.columns.iter().filter(|column| column.is_generated);
    columns
        .map(|column| {
            let known = found
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(&column.name));
            known
                .map(|(_, expression)| (column.name.clone(), expression.clone()))
                .ok_or_else(|| {
                    Error::new(
                        ErrorKind::Unsupported,
                        format!(
                            "the expression of the generated column `{}` of table `{}` cannot be read; write it in a plainer form",
                            column.name, shape.name
                        ),
                    )
                })
        })
        .collect()
}

/// The tables that can be tracked, in the order of their names.
pub(super) fn tables(connection: &Connection) -> Result<Vec<String>> {
    let failed = during(Phase::Read);
    let mut statement = connection
        .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name")
        .map_err(failed)?;
    let rows = statement.query_map([], |row| row.get(0)).map_err(failed)?;
    let names: Vec<String> = rows.collect::<rusqlite::Result<_>>().map_err(failed)?;
    Ok(names
        .into_iter()
        .filter(|name| !is_reserved(name))
        .collect())
}

/// How a table is stored.
struct Kind {
    is_without_rowid: bool,
    is_strict: bool,
}

fn find(connection: &Connection, name: &str) -> Result<(String, Kind)> {
    let failed = during(Phase::Read);
    let mut statement = connection
        .prepare("SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main' AND name = ?1 COLLATE NOCASE")
        .map_err(failed)?;
    let mut rows = statement.query(params![name]).map_err(failed)?;
    let Some(row) = rows.next().map_err(failed)? else {
        let known = tables(connection)?;
        return Err(Error::new(
            ErrorKind::Invalid,
            format!(
                "there is no table `{name}` in the file; there is {}",
                there_is(name, known.iter().map(String::as_str))
            ),
        ));
    };
    let found: String = row.get(0).map_err(failed)?;
    let kind: String = row.get(1).map_err(failed)?;
    let stored = Kind {
        is_without_rowid: row.get(2).map_err(failed)?,
        is_strict: row.get(3).map_err(failed)?,
    };
    if is_reserved(&found) {
        return Err(Error::new(
            ErrorKind::Invalid,
            format!(
                "table `{found}` belongs to SQLite or to the audit log itself; track tables of your own"
            ),
        ));
    }
    let hint = match kind.as_str() {
        "table" => return Ok((found, stored)),
        "view" => "is a view, which stores no rows; track the tables behind it",
        "virtual" => {
            "is a virtual table, which fires no triggers; track a table of your own that feeds it"
        }
        _ => {
            "belongs to a virtual table, and fires no triggers; track a table of your own that feeds it"
        }
    };
    Err(Error::new(
        ErrorKind::Unsupported,
        format!("`{found}` {hint}"),
    ))
}

fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("audit_") || name.starts_with("sqlite_")
}

fn is_small(declared: &str) -> bool {
    let declared = declared.to_ascii_uppercase();
    [
        "INT", "REAL", "FLOA", "DOUB", "NUM", "DEC", "BOOL", "DATE", "TIME",
    ]
    .iter()
    .any(|part| declared.contains(part))
}

/// A default, which may be a bare word that stands for a text.
fn as_expression(default: &str) -> String {
    const WORDS: [&str; 6] = [
        "null",
        "true",
        "false",
        "current_date",
        "current_time",
        "current_timestamp",
    ];
    let is_word = default
        .chars()
        .all(|sign| sign.is_alphanumeric() || sign == '_')
        && !default.starts_with(|sign: char| sign.is_ascii_digit())
        && !WORDS.contains(&default.to_ascii_lowercase().as_str());
    let unquoted = default
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match unquoted {
        Some(text) => super::sql::literal(&text.replace("\"\"", "\"")),
        None if is_word => super::sql::literal(default),
        None => format!("({default})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(sql: &str) -> Result<Shape> {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        Shape::read(&connection, "T")
    }

    #[test]
    fn what_stores_no_rows_is_refused() {
        for sql in [
            "CREATE VIEW t AS SELECT 1",
            "CREATE VIRTUAL TABLE t USING fts5(a)",
            "CREATE VIRTUAL TABLE u USING fts5(a); CREATE TEMP TABLE t (a)",
        ] {
            assert!(shape(sql).is_err(), "{sql}");
        }
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE VIRTUAL TABLE u USING fts5(a)")
            .unwrap();
        let error = Shape::read(&connection, "u_data").err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(Shape::read(&connection, "sqlite_schema").is_err());
    }

    #[test]
    fn errors_name_what_there_is() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE incidents (id, \"the name\"); CREATE TABLE notes (id)")
            .unwrap();
        let error = Shape::read(&connection, "incident")
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.ends_with("there is `incidents`, `notes`; did you mean `incidents`?"),
            "{error}"
        );
        let shape = Shape::read(&connection, "INCIDENTS").unwrap();
        assert_eq!(
            shape.expect_column("THE NAME", "shown").unwrap(),
            "the name"
        );
        let error = shape
            .expect_column("idd", "the id")
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "table `incidents` has no column `idd`, which is to be the id; there is `id`, `the name`; did you mean `id`?"
        );
    }

    #[test]
    fn defaults_are_expressions() {
        for (default, expected) in [
            ("'x'", "('x')"),
            ("-1", "(-1)"),
            ("abc", "'abc'"),
            ("\"a\"\"b\"", "'a\"b'"),
            ("CURRENT_DATE", "(CURRENT_DATE)"),
            ("random()", "(random())"),
            ("7", "(7)"),
        ] {
            assert_eq!(as_expression(default), expected);
        }
    }
}
