//! What of a row is staged, as SQL.

use super::layout::{Kind, Staged, TenantSource};
use super::plan::Plan;
use super::shape::Column;
use super::sql::{all, any, identifier, list};

/// When a row was staged, in microseconds. SQLite's clock has milliseconds, and stands still while
/// a statement runs. By the Julian day, since `unixepoch` had no fractions before SQLite 3.42, and
/// whatever program writes has to know it.
pub(super) const TIME: &str =
    "CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000";

/// The next place in the order of all that is staged, of whatever table. A displaced row has taken
/// its place before the one that displaces it.
pub(super) const NEXT: &str = "max(ifnull((SELECT max(n) FROM audit_stage), 0), ifnull((SELECT max(n) FROM audit_displaced), 0)) + 1";

/// Columns of the staging table with their values.
pub(super) struct Values {
    columns: Vec<String>,
    values: Vec<String>,
}

impl Values {
    /// `n` is a place in the order, as SQL.
    pub(super) fn new(source: i64, staged: Staged, n: &str) -> Self {
        let mut all = Self {
            columns: Vec::new(),
            values: Vec::new(),
        };
        all.put("n", n);
        all.put("source", source.to_string());
        all.put("operation", staged.number().to_string());
        all.put("time", TIME);
        all
    }

    pub(super) fn set(&mut self, slot: usize, value: impl Into<String>) {
        self.put(&column(slot), value);
    }

    fn put(&mut self, column: &str, value: impl Into<String>) {
        self.columns.push(column.to_owned());
        self.values.push(value.into());
    }

    /// `(columns)`.
    pub(super) fn names(&self) -> String {
        format!("({})", self.columns())
    }

    /// The columns, without parentheses.
    pub(super) fn columns(&self) -> String {
        list(&self.columns)
    }

    /// The values, without parentheses.
    pub(super) fn expressions(&self) -> String {
        list(&self.values)
    }

    /// `column = value, …`.
    pub(super) fn assignments(&self) -> String {
        let pairs: Vec<String> = self
            .columns
            .iter()
            .zip(&self.values)
            .map(|(column, value)| format!("{column} = {value}"))
            .collect();
        list(&pairs)
    }
}

/// The column of a slot.
pub(super) fn column(slot: usize) -> String {
    format!("v{slot}")
}

impl Plan {
    /// A row that is there as a whole, on the side on which `staged` has it. `row` qualifies its
    /// columns: `NEW.`, `OLD.` or `x.`.
    pub(super) fn whole_row(&self, source: i64, staged: Staged, n: &str, row: &str) -> Values {
        let mut values = Values::new(source, staged, n);
        let is_old = staged == Staged::Delete;
        for (field, column) in self.layout.fields.iter().zip(&self.columns) {
            if field.kind != Kind::Redacted {
                let slot = if is_old { field.slot } else { field.slot + 1 };
                values.set(slot, format!("{row}{column}"));
            }
        }
        self.put_owner(&mut values, source, row);
        values
    }

    /// A row that has changed.
    pub(super) fn changed_row(&self, source: i64) -> Values {
        let mut values = Values::new(source, Staged::Update, NEXT);
        for (place, (field, column)) in self.layout.fields.iter().zip(&self.columns).enumerate() {
            let differs = self.differs(place);
            match field.kind {
                Kind::Id => {
                    values.set(field.slot, format!("OLD.{column}"));
                    values.set(field.slot + 1, format!("NEW.{column}"));
                }
                Kind::Plain if self.column(place).is_some_and(|column| column.is_small) => {
                    values.set(field.slot, format!("OLD.{column}"));
                    values.set(field.slot + 1, format!("NEW.{column}"));
                }
                // Values that are the same are left out: both NULL says so, and a large text that
                // did not change is not copied.
                Kind::Plain | Kind::Json => {
                    values.set(
                        field.slot,
                        format!("CASE WHEN {differs} THEN OLD.{column} END"),
                    );
                    values.set(
                        field.slot + 1,
                        format!("CASE WHEN {differs} THEN NEW.{column} END"),
                    );
                }
                Kind::Redacted => values.set(field.slot, differs),
            }
        }
        self.put_owner(&mut values, source, "NEW.");
        values
    }

    fn put_owner(&self, values: &mut Values, source: i64, row: &str) {
        if let (Some(slot), Some(name)) = (self.layout.name, &self.name) {
            values.set(slot, format!("{row}{name}"));
        }
        if let (TenantSource::Slot(slot), Some(tenant)) =
            (&self.layout.tenant, self.tenant(source, row))
        {
            values.set(*slot, tenant);
        }
    }

    /// The tenant of a row.
    pub(super) fn tenant(&self, source: i64, row: &str) -> Option<String> {
        Some(self.tenant.as_ref()?.of_row(source, row))
    }

    /// Makes SQL of this for statements outside of triggers, where a temporary table would come before
    /// the table of the tenant.
    pub(super) fn qualify(&mut self) {
        if let Some(tenant) = &mut self.tenant {
            tenant.qualify();
        }
    }

    /// Whether anything that is told of differs between `OLD` and `NEW`.
    pub(super) fn has_changed(&self) -> String {
        let conditions: Vec<String> = (0..self.columns.len())
            .map(|place| self.differs(place))
            .collect();
        any(&conditions)
    }

    /// Whether a field differs: in its value or, where SQLite lets a column hold equal numbers of
    /// two types, in its type. Letters are compared as they are, whatever the collation.
    fn differs(&self, place: usize) -> String {
        let column = self.columns.get(place).map_or("rowid", String::as_str);
        let values = format!("OLD.{column} IS NOT NEW.{column} COLLATE BINARY");
        if self.column(place).is_some_and(Column::is_loose) {
            format!("({values} OR typeof(OLD.{column}) <> typeof(NEW.{column}))")
        } else {
            format!("({values})")
        }
    }

    /// The column of a field; the rowid is none.
    fn column(&self, place: usize) -> Option<&Column> {
        let column = self.columns.get(place)?;
        let columns = &mut self.shape.columns.iter();
        columns.find(|known| identifier(&known.name) == *column)
    }

    /// The user's condition on a row, if there is one.
    pub(super) fn condition(&self, row: &str) -> Option<String> {
        let when = self.options.when.as_ref()?;
        Some(match row {
            "x." => format!("({when}\n)"),
            _ => format!(
                "EXISTS (SELECT 1 FROM {} WHERE ({when}\n))",
                self.shape.as_table(row, when)
            ),
        })
    }

    /// Conditions under which a displaced row is the row of a side.
    pub(super) fn is_displaced(&self, row: &str) -> String {
        self.is_aside(row, "audit_displaced.")
    }

    /// The same of a row that is aside under another name.
    pub(super) fn is_aside(&self, row: &str, aside: &str) -> String {
        let conditions: Vec<String> = self
            .shape
            .compared(row)
            .iter()
            .zip(&self.layout.identity)
            .map(|(identity, slot)| format!("{identity} = {aside}{}", column(*slot)))
            .collect();
        all(&conditions)
    }
}
