//! A random schema, and random statements over it.

use audit_core::{AuditEntry, ErrorKind};
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::{
    SqliteOptions, SqliteStore, Synchronous, TrackedTable, check_tracking, pause_tracking,
    resume_tracking,
};
use serde_json::Value;
use tempfile::TempDir;

use super::model::Model;
use super::random::Random;
use crate::desk::{blind, entries_of};

/// What a program is run on.
pub(crate) struct Bench {
    store: SqliteStore,
    connections: [Connection; 2],
    _folder: TempDir,
}

/// The keys of `t`, with the columns that make it.
const KEYS: [(&str, &str, &[&str]); 6] = [
    ("id INTEGER PRIMARY KEY", "", &["id"]),
    ("id INTEGER", "", &["rowid"]),
    ("id INTEGER NOT NULL PRIMARY KEY DESC", "", &["id"]),
    ("id TEXT NOT NULL PRIMARY KEY", "", &["id"]),
    (
        "id TEXT PRIMARY KEY COLLATE NOCASE",
        " WITHOUT ROWID",
        &["id"],
    ),
    (
        "id INTEGER, PRIMARY KEY (id, u)",
        " WITHOUT ROWID",
        &["id", "u"],
    ),
];

const UNIQUE: [&str; 8] = [
    "CREATE UNIQUE INDEX t_u ON t (u)",
    "CREATE UNIQUE INDEX t_u ON t (u COLLATE NOCASE)",
    "CREATE UNIQUE INDEX t_u ON t (a, u)",
    "CREATE UNIQUE INDEX t_u ON t (u DESC) WHERE a > 2 -- some\n",
    "CREATE UNIQUE INDEX t_u ON t (lower(u))",
    "CREATE UNIQUE INDEX t_u ON t (a + 1, substr(u, 1, 1)) WHERE u IS NOT NULL",
    "CREATE UNIQUE INDEX t_u ON t (u); CREATE UNIQUE INDEX t_a ON t (a)",
    "CREATE UNIQUE INDEX t_u ON t (g)",
];

/// Triggers of the user, which do what users' triggers do.
const TRIGGERS: [&str; 6] = [
    "CREATE TRIGGER touch AFTER UPDATE OF a ON t BEGIN UPDATE t SET b = ifnull(b, 0) + 1 WHERE rowid_of = NEW.rowid_of; END",
    "CREATE TRIGGER touch AFTER INSERT ON t BEGIN UPDATE t SET b = 7 WHERE rowid_of = NEW.rowid_of; END",
    "CREATE TRIGGER touch BEFORE INSERT ON t BEGIN DELETE FROM t WHERE a = 5; END",
    "CREATE TRIGGER touch AFTER DELETE ON t WHEN OLD.a = 3 BEGIN INSERT OR IGNORE INTO t (id, u, a) VALUES (OLD.id, OLD.u, 4); END",
    "CREATE TRIGGER touch BEFORE INSERT ON t WHEN NEW.a = 1 BEGIN INSERT OR REPLACE INTO t (id, u, a) VALUES (3, 'b', 2); END",
    "CREATE TRIGGER touch AFTER UPDATE ON t WHEN NEW.a = 2 BEGIN DELETE FROM t WHERE a = 2; END",
];

const ACTIONS: [&str; 5] = [
    "CASCADE",
    "SET NULL",
    "SET DEFAULT",
    "RESTRICT",
    "NO ACTION",
];
const POLICIES: [&str; 6] = [
    "",
    " OR REPLACE",
    " OR REPLACE",
    " OR IGNORE",
    " OR FAIL",
    " OR ROLLBACK",
];
const VALUES: [&str; 16] = [
    "NULL",
    "0",
    "1",
    "1.0",
    "'1'",
    "2",
    "3",
    "4",
    "5",
    "-0.5",
    "1e300",
    "9223372036854775807",
    "'a'",
    "'Ä\"\n'",
    "x'00ff'",
    "'a' || char(0) || 'b'",
];
const WORDS: [&str; 8] = ["NULL", "'a'", "'A'", "'b'", "'c'", "'d'", "''", "'e'"];

struct Program<'a> {
    random: &'a mut Random,
    log: &'a mut Vec<String>,
    bench: &'a Bench,
    tenant: String,
    models: [(&'static str, Model); 2],
    /// Columns that hold any value.
    columns: Vec<String>,
    told: u64,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new()
            .synchronous(Synchronous::Normal)
            .sanitizer(blind());
        let store = SqliteStore::open_with(folder.path().join("desk.db"), options).unwrap();
        let connections = [(); 2].map(|()| {
            let connection = Connection::open(store.path().unwrap()).unwrap();
            connection
                .execute_batch("PRAGMA synchronous = OFF; PRAGMA recursive_triggers = OFF")
                .unwrap();
            connection
        });
        Self {
            store,
            connections,
            _folder: folder,
        }
    }

    pub(crate) fn run(&self, random: &mut Random, seed: u64, log: &mut Vec<String>) {
        let mut program = Program {
            random,
            log,
            bench: self,
            tenant: format!("program {seed}"),
            models: [("t", Model::default()), ("child", Model::default())],
            columns: ["a", "b", "c", "the d"].map(str::to_owned).to_vec(),
            told: 0,
        };
        program.build();
        for _ in 0..12 + program.random.below(24) {
            program.step();
            program.compare();
        }
        let connection = &self.connections[0];
        if !connection.is_autocommit() {
            connection
                .execute_batch("COMMIT")
                .or_else(|_| connection.execute_batch("ROLLBACK"))
                .unwrap();
        }
        program.compare();
        program.tear_down();
    }
}

impl Program<'_> {
    fn build(&mut self) {
        let (key, end, ids) = self.random.pick(&KEYS);
        self.models[0].1 = Model::new(ids);
        self.models[1].1 = Model::new(&["id"]);
        let or_replace = if self.random.one_in(6) {
            " ON CONFLICT REPLACE"
        } else {
            ""
        };
        let stored = self.random.pick(&["VIRTUAL", "STORED"]);
        let (delete, update) = (self.random.pick(&ACTIONS), self.random.pick(&ACTIONS));
        let own = if self.random.one_in(3) && ids == ["id"] {
            format!(
                ", CHECK (b IS NULL OR b < 100), FOREIGN KEY (p) REFERENCES t (id) ON DELETE {delete}"
            )
        } else {
            String::new()
        };
        let (columns, constraints) = key.split_once(',').unwrap_or((key, ""));
        let constraints = if constraints.is_empty() {
            String::new()
        } else {
            format!(", {constraints}")
        };
        let mut sql = format!(
            "CREATE TABLE t ({columns}, u TEXT NOT NULL{or_replace} DEFAULT 'b', p, a INTEGER, b REAL, c, \"the d\" ANY, g TEXT AS (lower(u) || a) {stored}{constraints}{own}){end};"
        );
        if self.random.one_in(2) {
            sql += self.random.pick(&UNIQUE);
            sql += ";";
        }
        let parent = if ids == ["id"] {
            format!(" REFERENCES t (id) ON DELETE {delete} ON UPDATE {update}")
        } else {
            String::new()
        };
        let child = format!("CREATE TABLE child (id INTEGER PRIMARY KEY, t_id{parent}, v);");
        sql.push_str(&child);
        if self.random.one_in(3) {
            sql += &self.trigger();
        }
        let keys = if self.random.one_in(2) { "ON" } else { "OFF" };
        for connection in &self.bench.connections {
            connection
                .execute_batch(&format!("PRAGMA foreign_keys = {keys}"))
                .unwrap();
        }
        self.must(&sql);
        self.log.push(format!("PRAGMA foreign_keys = {keys};"));
        for table in ["t", "child"] {
            TrackedTable::new(table)
                .tenant_constant(&self.tenant)
                .track(&self.bench.connections[0])
                .unwrap();
        }
        self.log.push("-- tracked".to_owned());
    }

    fn trigger(&mut self) -> String {
        let key = match self.models[0].1.ids.as_slice() {
            [id] => id.clone(),
            _ => "id".to_owned(),
        };
        format!("{};", self.random.pick(&TRIGGERS).replace("rowid_of", &key))
    }

    fn tear_down(&mut self) {
        for table in ["t", "child"] {
            TrackedTable::new(table)
                .untrack(&self.bench.connections[0])
                .unwrap();
        }
        for connection in &self.bench.connections {
            connection
                .execute_batch("PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = OFF")
                .unwrap();
        }
        self.must("DROP TABLE child; DROP TABLE t");
        self.bench.store.collect_row_changes().unwrap();
    }

    fn step(&mut self) {
        let connection =
            usize::from(self.bench.connections[0].is_autocommit() && self.random.one_in(5));
        let sql = match self.random.below(34) {
            0..=8 => self.insert(),
            9 => format!(
                "INSERT{} INTO t (id, u, a) SELECT {}, u, a FROM t",
                self.policy(),
                self.value()
            ),
            10 | 11 => self.upsert(),
            12..=18 => self.update(),
            19..=21 => format!("DELETE FROM t WHERE {}", self.condition()),
            22 => "DELETE FROM t".to_owned(),
            23 | 24 => format!(
                "INSERT{} INTO child (t_id, v) VALUES ((SELECT id FROM t LIMIT 1 OFFSET {}), {})",
                self.policy(),
                self.random.below(3),
                self.value()
            ),
            25 => format!(
                "UPDATE{} child SET v = {} WHERE id < {}",
                self.policy(),
                self.value(),
                self.random.below(5)
            ),
            26 => return self.begin_or_end(),
            27 => "SAVEPOINT s".to_owned(),
            28 => (self
                .random
                .pick(&["ROLLBACK TO s", "RELEASE s", "ROLLBACK TO s; RELEASE s"]))
            .to_owned(),
            29 => format!("PRAGMA recursive_triggers = {}", self.random.below(2)),
            30 => format!("REPLACE INTO t (id, u) SELECT id, {} FROM t", self.word()),
            31 => format!(
                "UPDATE{} t SET id = {} WHERE {}",
                self.policy(),
                self.key(),
                self.condition()
            ),
            32 => return self.alter(),
            // Where the rowid is the id, it would be another afterwards.
            _ if self.random.one_in(5) && self.models[0].1.ids != ["rowid"] => "VACUUM".to_owned(),
            _ => return,
        };
        let connection = if sql.contains('s') && sql.ends_with(" s") {
            0
        } else {
            connection
        };
        self.may(connection, &sql);
    }

    fn insert(&mut self) -> String {
        let column = self.column();
        let rows: Vec<String> = (0..=self.random.below(2))
            .map(|_| {
                format!(
                    "({}, {}, {}, {}, {})",
                    self.key(),
                    self.word(),
                    self.number(),
                    self.key(),
                    self.value()
                )
            })
            .collect();
        format!(
            "INSERT{} INTO t (id, u, a, p, {column}) VALUES {}",
            self.policy(),
            rows.join(", ")
        )
    }

    fn upsert(&mut self) -> String {
        let target = match self.models[0].1.ids.as_slice() {
            [id] if id == "id" => "(id)",
            [_, _] => "(id, u)",
            _ => "",
        };
        let insert = format!(
            "INSERT INTO t (id, u, a) VALUES ({}, {}, {})",
            self.key(),
            self.word(),
            self.number()
        );
        if target.is_empty() || self.random.one_in(3) {
            return format!("{insert} ON CONFLICT DO NOTHING");
        }
        format!(
            "{insert} ON CONFLICT {target} DO UPDATE SET u = {}, a = excluded.a WHERE {}",
            self.word(),
            self.random.below(3)
        )
    }

    fn update(&mut self) -> String {
        let column = self.column();
        let value = match self.random.below(5) {
            0 => {
                return format!(
                    "UPDATE{} t SET u = {} WHERE {}",
                    self.policy(),
                    self.word(),
                    self.condition()
                );
            }
            1 => {
                return format!(
                    "UPDATE{} t SET a = {}, u = {} WHERE {}",
                    self.policy(),
                    self.number(),
                    self.word(),
                    self.condition()
                );
            }
            2 => return format!("UPDATE t SET p = {} WHERE {}", self.key(), self.condition()),
            3 => column.clone(),
            _ => self.value(),
        };
        format!(
            "UPDATE{} t SET {column} = {value} WHERE {}",
            self.policy(),
            self.condition()
        )
    }

    fn begin_or_end(&mut self) {
        let sql = if self.bench.connections[0].is_autocommit() {
            self.random.pick(&["BEGIN", "BEGIN IMMEDIATE"])
        } else {
            self.random.pick(&["COMMIT", "COMMIT", "ROLLBACK"])
        };
        self.may(0, sql);
    }

    /// Alters the schema between transactions, and mends the capture.
    fn alter(&mut self) {
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
                let sql = self.trigger();
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

    /// Takes what was told, and compares, if nothing is open.
    fn compare(&mut self) {
        if !self.bench.connections.iter().all(Connection::is_autocommit) {
            return;
        }
        self.bench.store.collect_row_changes().unwrap();
        let entries = entries_of(&self.bench.store, &self.tenant, self.told);
        self.told += entries.len() as u64;
        for entry in &entries {
            self.log.push(format!("--> {}", in_short(entry)));
            if entry.action.starts_with("capture_") {
                continue;
            }
            let model = self
                .models
                .iter_mut()
                .find(|(table, _)| Some(*table) == entry.entity_type());
            model.unwrap().1.apply(entry);
        }
        for (table, model) in &self.models {
            let present = Model::read(&self.bench.connections[0], table, &model.ids);
            assert!(
                present == *model,
                "{table} is\n{present:#?}\nand told as\n{model:#?}"
            );
        }
    }

    fn may(&mut self, connection: usize, sql: &str) -> bool {
        let done = self.bench.connections[connection].execute_batch(sql);
        let end = done
            .as_ref()
            .err()
            .map(|error| format!(" -- {error}"))
            .unwrap_or_default();
        self.log.push(format!(
            "{sql};{}{end}",
            if connection == 1 { " -- elsewhere" } else { "" }
        ));
        done.is_ok()
    }

    fn must(&mut self, sql: &str) {
        assert!(self.may(0, sql), "the program is wrong");
    }

    fn policy(&mut self) -> &'static str {
        self.random.pick(&POLICIES)
    }

    fn column(&mut self) -> String {
        format!(
            "\"{}\"",
            self.columns[self.random.below(self.columns.len())]
        )
    }

    fn key(&mut self) -> String {
        match self.random.below(8) {
            0 => "NULL".to_owned(),
            number => number.to_string(),
        }
    }

    fn number(&mut self) -> String {
        self.random.below(7).to_string()
    }

    fn word(&mut self) -> &'static str {
        self.random.pick(&WORDS)
    }

    fn value(&mut self) -> String {
        (self.random.pick(&VALUES)).to_owned()
    }

    fn condition(&mut self) -> String {
        match self.random.below(5) {
            0 => format!("id > {}", self.key()),
            1 => format!("u = {}", self.word()),
            2 => "1".to_owned(),
            3 => format!("id IN ({}, {})", self.key(), self.key()),
            _ => format!("a < {}", self.number()),
        }
    }
}

fn in_short(entry: &AuditEntry) -> String {
    let changes = serde_json::to_string(&entry.changes).unwrap();
    format!("{} {:?} {changes}", entry.action, entry.entity)
}
