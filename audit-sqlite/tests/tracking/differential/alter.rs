//! Random changes of the schema, and mending the capture after them.

use audit_core::ErrorKind;
use audit_sqlite::{TrackedTable, check_tracking, pause_tracking, resume_tracking};
use serde_json::Value;

use super::program::Program;
use super::schema::trigger;

impl Program<'_> {
    /// Alters the schema between transactions, and mends the capture.
    pub(super) fn alter(&mut self) {
        let connection = &self.bench.connections[0];
        if !connection.is_autocommit() {
            return;
        }
        self.compare();
        let name = format!("x{}", self.random.below(1000));
        if self.columns.contains(&name) {
            return;
        }
        match self.random.below(5) {
            0 => {
                self.must(&format!("ALTER TABLE t ADD COLUMN {name} DEFAULT 1.5"));
                for row in self.models[0].1.rows.values_mut() {
                    row.insert(name.clone(), Value::from(1.5));
                }
                self.columns.push(name);
            }
            1 => {
                // The others stand in what is run later.
                let place = 2 + self.random.below(self.columns.len() - 2);
                let old = std::mem::replace(&mut self.columns[place], name.clone());
                if self.may(
                    0,
                    &format!("ALTER TABLE t RENAME COLUMN \"{old}\" TO {name}"),
                ) {
                    for row in self.models[0].1.rows.values_mut() {
                        let value = row.remove(&old).unwrap();
                        row.insert(name.clone(), value);
                    }
                } else {
                    self.columns[place] = old;
                }
            }
            2 if self.columns.len() > 3 => return self.drop_column(),
            3 => {
                self.must("ALTER TABLE t RENAME TO other; ALTER TABLE other RENAME TO t");
            }
            _ => {
                let sql = trigger(self.random, &self.models[0].1.ids);
                self.may(0, &format!("DROP TRIGGER IF EXISTS touch; {sql}"));
            }
        }
        let stale = check_tracking(connection);
        if let Err(error) = stale {
            assert_eq!(error.kind(), ErrorKind::StaleCapture);
            TrackedTable::new("t").retrack(connection).unwrap();
            self.log.push("-- retracked".to_owned());
        }
        check_tracking(connection).unwrap();
    }

    fn drop_column(&mut self) {
        let connection = &self.bench.connections[0];
        pause_tracking(connection, "a column goes").unwrap();
        self.log.push("-- paused".to_owned());
        let name = self.columns[self.columns.len() - 1].clone();
        if self.may(0, &format!("ALTER TABLE t DROP COLUMN \"{name}\"")) {
            self.columns.pop();
            for row in self.models[0].1.rows.values_mut() {
                row.remove(&name);
            }
        }
        resume_tracking(connection).unwrap();
        self.log.push("-- resumed".to_owned());
    }
}
