//! A row that only a trigger has, `NEW` or `OLD`, as a table of one row, so that expressions can
//! name its columns as they are and find what they find in a row of the table.

use super::schema_sql;
use super::shape::{Column, Shape};
use super::sql::{identifier, list};

impl Shape {
    /// A row of a side, with those of its columns that a text names.
    pub(super) fn as_table(&self, side: &str, text: &str) -> String {
        let columns: Vec<String> = self
            .named_in(text)
            .map(|column| self.as_column(column, &format!("{side}{}", identifier(&column.name))))
            .collect();
        select(&columns)
    }

    /// The columns that a text of SQL names; rather too many than too few.
    fn named_in(&self, text: &str) -> impl Iterator<Item = &Column> {
        let names = schema_sql::names(text);
        self.columns.iter().filter(move |column| {
            names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(&column.name))
        })
    }

    /// A value under the name of a column, compared as SQLite compares what stands in the column:
    /// `code = 7` finds `'7'` in a column of texts, and in `NEW.code` it does not. A cast would
    /// change values; a subquery has the affinity of its last part, which gives no rows here.
    fn as_column(&self, column: &Column, value: &str) -> String {
        let name = identifier(&column.name);
        format!(
            "(SELECT {value} UNION ALL SELECT {name} FROM {} WHERE 0) COLLATE {} AS {name}",
            identifier(&self.name),
            identifier(&column.collation)
        )
    }
}

fn select(columns: &[String]) -> String {
    match columns {
        [] => "(SELECT 1)".to_owned(),
        _ => format!("(SELECT {})", list(columns)),
    }
}
