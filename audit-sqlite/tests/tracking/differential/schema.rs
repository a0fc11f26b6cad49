//! A random schema: two tables, and what stands in the way of each other in them.

use super::random::Random;

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

const UNIQUE: [&str; 11] = [
    "CREATE UNIQUE INDEX t_u ON t (u)",
    "CREATE UNIQUE INDEX t_u ON t (u COLLATE NOCASE)",
    "CREATE UNIQUE INDEX t_u ON t (a, u)",
    "CREATE UNIQUE INDEX t_u ON t (u DESC) WHERE a > 2 -- some\n",
    "CREATE UNIQUE INDEX t_u ON t (lower(u))",
    "CREATE UNIQUE INDEX t_u ON t (a + 1, substr(u, 1, 1)) WHERE u IS NOT NULL",
    "CREATE UNIQUE INDEX t_u ON t (u); CREATE UNIQUE INDEX t_a ON t (a)",
    "CREATE UNIQUE INDEX t_u ON t (g)",
    "CREATE UNIQUE INDEX t_u ON t (i)",
    "CREATE UNIQUE INDEX t_u ON t (CASE WHEN a > '2' THEN u ELSE h || u END)",
    "CREATE UNIQUE INDEX t_u ON t (CASE WHEN i > 20 THEN u END, h) WHERE a = '1' OR u > 'a'",
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

/// What a program begins with.
pub(crate) struct Schema {
    pub(crate) sql: String,
    /// The columns that make the id of `t`.
    pub(crate) ids: &'static [&'static str],
    pub(crate) foreign_keys: &'static str,
}

impl Schema {
    pub(crate) fn new(random: &mut Random) -> Self {
        let (key, end, ids) = random.pick(&KEYS);
        let (column, constraint) = key.split_once(',').unwrap_or((key, ""));
        let constraint = if constraint.is_empty() {
            String::new()
        } else {
            format!(", {constraint}")
        };
        let (delete, update) = (random.pick(&ACTIONS), random.pick(&ACTIONS));
        let or_replace = random.pick(&["", "", "", "", " ON CONFLICT REPLACE"]);
        let stored = random.pick(&["VIRTUAL", "STORED"]);
        let own = if random.one_in(3) && ids == ["id"] {
            format!(", FOREIGN KEY (p) REFERENCES t (id) ON DELETE {delete}")
        } else {
            String::new()
        };
        let parent = if ids == ["id"] {
            format!(" REFERENCES t (id) ON DELETE {delete} ON UPDATE {update}")
        } else {
            String::new()
        };
        let unique = if random.one_in(2) {
            random.pick(&UNIQUE)
        } else {
            ""
        };
        let users = if random.one_in(3) {
            trigger(
                random,
                &ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>(),
            )
        } else {
            String::new()
        };
        Self {
            sql: format!(
                "CREATE TABLE t ({column}, u TEXT NOT NULL{or_replace} DEFAULT 'b', p, a INTEGER, b REAL CHECK (b IS NULL OR b < 100), c, \"the d\" ANY, g TEXT AS (lower(u) || a) {stored}, i TEXT AS (h || u), h NUMERIC AS (a || '.0') {stored}{constraint}{own}){end};
                 {unique}; CREATE TABLE child (id INTEGER PRIMARY KEY, t_id{parent}, v); {users}"
            ),
            ids,
            foreign_keys: random.pick(&["ON", "OFF"]),
        }
    }
}

/// A trigger of the user.
pub(crate) fn trigger(random: &mut Random, ids: &[String]) -> String {
    let key = match ids {
        [id] => id,
        _ => "id",
    };
    format!("{};", random.pick(&TRIGGERS).replace("rowid_of", key))
}
