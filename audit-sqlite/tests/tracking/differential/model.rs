//! A table as the log tells it.

use std::collections::BTreeMap;

use audit_core::{AuditEntry, ColumnValue, EntityId};
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::rusqlite::types::ValueRef;
use serde_json::Value;

/// The values of a row by column.
pub(crate) type Row = BTreeMap<String, Value>;

/// A table by what tells its rows apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    pub(crate) rows: BTreeMap<Vec<String>, Row>,
    /// The columns of the id, in order.
    pub(crate) ids: Vec<String>,
    /// Where references may be written back after they were mended: what they were before, by row.
    pub(crate) mended: Option<BTreeMap<Vec<String>, Value>>,
}

impl Model {
    /// Believes what rows refer to, of those that both have.
    pub(crate) fn take_references(&mut self, present: &Self) {
        for (id, row) in &mut self.rows {
            if let (Some(refers), Some(present)) = (row.get_mut("p"), present.rows.get(id)) {
                refers.clone_from(&present["p"]);
            }
        }
    }

    pub(crate) fn new(ids: &[&str]) -> Self {
        Self {
            rows: BTreeMap::new(),
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            mended: None,
        }
    }

    /// Does what an entry tells; its old values have to be the present ones.
    pub(crate) fn apply(&mut self, entry: &AuditEntry) {
        let key = parts(entry.entity_id().unwrap(), self.ids.len());
        match entry.action.as_str() {
            "create" => {
                let row = entry.changes.iter().map(|(path, change)| {
                    assert_eq!(change.old, None, "a new row has no old values");
                    (path.to_owned(), change.new.clone().unwrap())
                });
                let before = self.rows.insert(key, row.collect());
                assert_eq!(before, None, "a row comes that is there");
            }
            "delete" => {
                let row = self.rows.remove(&key);
                let mut row =
                    row.unwrap_or_else(|| panic!("a row goes that is not there: {key:?}"));
                let told: Row = entry
                    .changes
                    .iter()
                    .map(|(path, change)| {
                        assert_eq!(change.new, None, "an old row has no new values");
                        (path.to_owned(), change.old.clone().unwrap())
                    })
                    .collect();
                if self.is_written_back(&key, told.get("p")) {
                    row.insert("p".to_owned(), told["p"].clone());
                }
                assert_eq!(row, told, "a row goes that was another");
            }
            "update" => self.update(entry, key),
            other => panic!("nobody did {other}"),
        }
    }

    fn update(&mut self, entry: &AuditEntry, key: Vec<String>) {
        assert!(!entry.changes.is_empty(), "no change, no entry");
        let mut old_key = key.clone();
        for (part, column) in old_key.iter_mut().zip(&self.ids) {
            if let Some(change) = entry.changes.get(column) {
                *part = plain(change.old.as_ref().unwrap());
            }
        }
        let row = self.rows.remove(&old_key);
        let mut row = row.unwrap_or_else(|| panic!("a row changes that is not there: {old_key:?}"));
        for (path, change) in entry.changes.iter() {
            assert_ne!(change.old, change.new, "{path} is told and did not change");
            if path == "rowid" {
                continue;
            }
            let before = row.insert(path.to_owned(), change.new.clone().unwrap());
            if path != "p" || !self.is_written_back(&old_key, change.old.as_ref()) {
                assert_eq!(before, change.old, "{path} was another");
            }
            if let (Some(mended), "p", Some(old)) = (&mut self.mended, path, &change.old) {
                mended.insert(key.clone(), old.clone());
            }
        }
        let before = self.rows.insert(key, row);
        assert_eq!(before, None, "a row changes to one that is there");
    }

    /// Whether a reference is what it was before an action of its foreign key.
    fn is_written_back(&self, key: &[String], told: Option<&Value>) -> bool {
        let mended = self.mended.as_ref().and_then(|mended| mended.get(key));
        mended.is_some() && mended == told
    }

    /// The table as it is.
    pub(crate) fn read(connection: &Connection, table: &str, ids: &[String]) -> Self {
        let key = ids.join(", ");
        let mut statement = connection
            .prepare(&format!("SELECT {key}, * FROM {table}"))
            .unwrap();
        let names: Vec<String> = (0..statement.column_count())
            .map(|place| statement.column_name(place).unwrap().to_owned())
            .collect();
        let mut rows = statement.query([]).unwrap();
        let mut model = Self {
            rows: BTreeMap::new(),
            ids: ids.to_vec(),
            mended: None,
        };
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<Value> = (0..names.len())
                .map(|place| json_of(row.get_ref(place).unwrap()))
                .collect();
            let (key, values) = values.split_at(ids.len());
            let row = names[ids.len()..]
                .iter()
                .cloned()
                .zip(values.iter().cloned());
            let key = key.iter().map(plain).collect();
            model.rows.insert(key, row.collect());
        }
        model
    }
}

fn json_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => ColumnValue::Null,
        ValueRef::Integer(number) => ColumnValue::Integer(number),
        ValueRef::Real(number) => ColumnValue::Real(number),
        ValueRef::Text(text) => ColumnValue::Text(text),
        ValueRef::Blob(bytes) => ColumnValue::Blob(bytes),
    }
    .to_json()
}

/// The values of the id columns, as they are written.
fn parts(id: &EntityId, count: usize) -> Vec<String> {
    if count > 1 {
        let parts: Vec<Value> = serde_json::from_str(id.as_str().unwrap()).unwrap();
        return parts.iter().map(plain).collect();
    }
    vec![id.to_string()]
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
