//! What tells a row from all others at any moment.

use audit_core::{Error, ErrorKind, Result};

use super::shape::Shape;
use super::sql::identifier;

impl Shape {
    /// Finds it out, when all else is known.
    pub(super) fn identify(&mut self) -> Result<()> {
        let key = self.unique.iter().find(|unique| unique.is_primary_key);
        if self.is_without_rowid {
            let columns = key.map(|key| key.columns()).unwrap_or_default();
            let parts = columns.iter().map(|(name, collation)| {
                let column = self.column(name);
                let is_other =
                    column.is_none_or(|column| !column.collation.eq_ignore_ascii_case(collation));
                (identifier(name), is_other.then(|| identifier(collation)))
            });
            (self.identity, self.collations) = parts.unzip();
            return Ok(());
        }
        self.collations = vec![None];
        // A primary key that has no index of its own is the rowid.
        if let [name] = self.primary_key.as_slice()
            && key.is_none()
        {
            self.identity = vec![identifier(name)];
            return Ok(());
        }
        self.has_hidden_rowid = true;
        for alias in ["rowid", "_rowid_", "oid"] {
            if self.column(alias).is_none() {
                self.identity = vec![alias.to_owned()];
                return Ok(());
            }
        }
        Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "table `{}` hides its rowid behind columns named `rowid`, `_rowid_` and `oid`; rename one, or give the table an INTEGER PRIMARY KEY",
                self.name
            ),
        ))
    }

    /// The identity of a row, to be compared or ordered by. The index of a primary key may have other
    /// collations than the columns of it.
    pub(super) fn compared(&self, row: &str) -> Vec<String> {
        self.identity
            .iter()
            .zip(&self.collations)
            .map(|(one, collation)| match collation {
                Some(collation) => format!("{row}{one} COLLATE {collation}"),
                None => format!("{row}{one}"),
            })
            .collect()
    }

    /// Conditions under which two rows are the same row.
    pub(super) fn same_identity(&self, left: &str, right: &str) -> Vec<String> {
        self.compared(left)
            .iter()
            .zip(&self.identity)
            .map(|(compared, one)| format!("{compared} = {right}{one}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn shape(sql: &str) -> Result<Shape> {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        Shape::read(&connection, "t")
    }

    #[test]
    fn rows_are_told_apart_by_what_sqlite_tells_them_apart_by() {
        for (columns, expected) in [
            ("t (a)", &["rowid"] as &[&str]),
            ("t (rowid, a)", &["_rowid_"]),
            ("t (a INTEGER PRIMARY KEY)", &["\"a\""]),
            ("t (a INTEGER PRIMARY KEY DESC)", &["rowid"]),
            ("t (a INT PRIMARY KEY)", &["rowid"]),
            ("t (a TEXT, b, PRIMARY KEY (b, a))", &["rowid"]),
            (
                "t (a TEXT, b, PRIMARY KEY (b, a)) WITHOUT ROWID",
                &["\"b\"", "\"a\""],
            ),
            (
                "t (a COLLATE NOCASE, b, PRIMARY KEY (a COLLATE BINARY, a, b)) WITHOUT ROWID",
                &["\"a\" COLLATE \"BINARY\"", "\"a\"", "\"b\""],
            ),
            (
                "t (rowid INTEGER PRIMARY KEY, oid, _rowid_)",
                &["\"rowid\""],
            ),
        ] {
            let shape = shape(&format!("CREATE TABLE {columns}")).unwrap();
            assert_eq!(shape.compared(""), expected, "{columns}");
        }
        let error = shape("CREATE TABLE t (rowid, oid, _rowid_)").err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
}
