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

    /// The row that is to be written, as it will be, with those of its columns that a text names.
    ///
    /// Before an update SQLite has not yet computed what is generated. One column may be made of another,
    /// so that each is computed behind those that it names.
    pub(super) fn as_new_table(&self, text: &str) -> String {
        let (mut later, known): (Vec<&Column>, Vec<&Column>) = self
            .needed_for(text)
            .into_iter()
            .partition(|column| column.is_generated);
        let columns: Vec<String> = known
            .iter()
            .map(|column| self.as_column(column, &self.new_value(&column.name)))
            .collect();
        let mut table = select(&columns);
        let mut known: Vec<String> = known
            .iter()
            .map(|column| identifier(&column.name))
            .collect();
        while !later.is_empty() {
            let is_next = |column: &&Column| {
                let names = schema_sql::names(self.expression(&column.name).unwrap_or_default());
                let mut others = later.iter().filter(|other| other.name != column.name);
                !others.any(|other| is_in(&names, other))
            };
            let (mut next, mut rest): (Vec<&Column>, Vec<&Column>) =
                later.iter().copied().partition(is_next);
            if next.is_empty() {
                // Each names the other, if only in a text.
                next.append(&mut rest);
            }
            let computed = next.iter().map(|column| {
                let expression = self.expression(&column.name).unwrap_or_default();
                let value = column.affinity.stored(&format!("({expression}\n)"));
                self.as_column(column, &value)
            });
            let columns: Vec<String> = known.iter().cloned().chain(computed).collect();
            // The limit keeps SQLite from writing each expression into those that name it.
            table = format!("(SELECT {} FROM {table} LIMIT 1)", list(&columns));
            known.extend(next.iter().map(|column| identifier(&column.name)));
            later = rest;
        }
        table
    }

    /// The value of a column that is to be written. `NEW` holds NULL where `OR REPLACE` will put the
    /// default.
    pub(super) fn new_value(&self, column: &str) -> String {
        let value = format!("NEW.{}", identifier(column));
        let Some(column) = self.column(column) else {
            return value;
        };
        match &column.replaces_null {
            Some(default) => column
                .affinity
                .stored(&format!("ifnull({value}, {default})")),
            None => value,
        }
    }

    /// The expression of a generated column.
    pub(super) fn expression(&self, column: &str) -> Option<&str> {
        let found = self.generated.iter().find(|(known, _)| known == column);
        found.map(|(_, expression)| expression.as_str())
    }

    /// The columns that a text names, and those that they are made of.
    fn needed_for(&self, text: &str) -> Vec<&Column> {
        let mut needed: Vec<&Column> = self.named_in(text).collect();
        let mut place = 0;
        while let Some(column) = needed.get(place) {
            let expression = self.expression(&column.name).unwrap_or_default();
            for column in self.named_in(expression) {
                if !needed.iter().any(|known| known.name == column.name) {
                    needed.push(column);
                }
            }
            place += 1;
        }
        needed
    }

    /// The columns that a text of SQL names; rather too many than too few.
    fn named_in(&self, text: &str) -> impl Iterator<Item = &Column> {
        let names = schema_sql::names(text);
        self.columns
            .iter()
            .filter(move |column| is_in(&names, column))
    }

    /// A value under the name of a column, compared as SQLite compares what stands in the column:
    /// `code = 7` finds `'7'` in a column of texts, and in `NEW.code` it does not. A cast would
    /// change values; a subquery has the affinity of its last part, which gives no rows here.
    fn as_column(&self, column: &Column, value: &str) -> String {
        let name = identifier(&column.name);
        format!(
            "(SELECT {value} UNION ALL SELECT none.{name} FROM {} AS none WHERE 0) COLLATE {} AS {name}",
            identifier(&self.name),
            identifier(&column.collation)
        )
    }
}

fn is_in(names: &[String], column: &Column) -> bool {
    names
        .iter()
        .any(|name| name.eq_ignore_ascii_case(&column.name))
}

fn select(columns: &[String]) -> String {
    match columns {
        [] => "(SELECT 1)".to_owned(),
        _ => format!("(SELECT {})", list(columns)),
    }
}
