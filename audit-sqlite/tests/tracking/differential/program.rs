//! Random statements over a random schema.

use std::collections::BTreeMap;

use audit_core::AuditEntry;
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::{SqliteOptions, SqliteStore, Synchronous, TrackedTable};
use tempfile::TempDir;

use super::model::Model;
use super::random::Random;
use super::schema::Schema;
use crate::desk::{blind, entries_of};

/// What a program is run on.
pub(crate) struct Bench {
    store: SqliteStore,
    pub(super) connections: [Connection; 2],
    _folder: TempDir,
}

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

pub(super) struct Program<'a> {
    pub(super) random: &'a mut Random,
    pub(super) log: &'a mut Vec<String>,
    pub(super) bench: &'a Bench,
    tenant: String,
    pub(super) models: [(&'static str, Model); 2],
    /// Columns that hold any value.
    pub(super) columns: Vec<String>,
    told: u64,
    /// How much of the log was compared.
    compared: usize,
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
            compared: 0,
        };
        program.build();
        for _ in 0..8 + program.random.below(18) {
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

    /// Whether a row refers to one that is not there, although foreign keys are enforced.
    fn is_dangling(&self) -> bool {
        let enforced: bool = self.connections[0]
            .query_row("PRAGMA foreign_keys", [], |row| row.get(0))
            .unwrap();
        let dangling = "SELECT EXISTS (SELECT 1 FROM pragma_foreign_key_check)";
        enforced
            && self.connections[0]
                .query_row(dangling, [], |row| row.get(0))
                .unwrap()
    }
}

/// Whether a statement may have written back a reference that its own foreign key had mended.
fn is_replaced(log: &[String]) -> bool {
    log.iter().any(|line| line.starts_with("UPDATE OR REPLACE"))
}

impl Program<'_> {
    fn build(&mut self) {
        let schema = Schema::new(self.random);
        self.models[0].1 = Model::new(schema.ids);
        self.models[1].1 = Model::new(&["id"]);
        let pragma = format!("PRAGMA foreign_keys = {}", schema.foreign_keys);
        for connection in &self.bench.connections {
            connection.execute_batch(&pragma).unwrap();
        }
        self.must(&schema.sql);
        self.log.push(format!("{pragma};"));
        for table in ["t", "child"] {
            TrackedTable::new(table)
                .tenant_constant(&self.tenant)
                .track(&self.bench.connections[0])
                .unwrap();
        }
        self.log.push("-- tracked".to_owned());
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

    /// Takes what was told, and compares, if nothing is open.
    pub(super) fn compare(&mut self) {
        if !self.bench.connections.iter().all(Connection::is_autocommit) {
            return;
        }
        self.bench.store.collect_row_changes().unwrap();
        let is_replaced = is_replaced(&self.log[self.compared..]);
        for (_, model) in &mut self.models {
            model.mended = is_replaced.then(BTreeMap::new);
        }
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
        self.compared = self.log.len();
        let is_dangling = is_replaced && self.bench.is_dangling();
        for (table, model) in &mut self.models {
            let present = Model::read(&self.bench.connections[0], table, &model.ids);
            if is_dangling {
                model.take_references(&present);
            }
            assert!(
                present.rows == model.rows,
                "{table} is\n{present:#?}\nand told as\n{model:#?}"
            );
        }
    }

    pub(super) fn may(&mut self, connection: usize, sql: &str) -> bool {
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

    pub(super) fn must(&mut self, sql: &str) {
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
