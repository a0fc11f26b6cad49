//! The limits: what a careful engineer writes by hand for this one purpose.

use std::collections::HashMap;
use std::path::Path;

use audit_core::{Actor, AuditEntry, Entity, Tenant};
use audit_sqlite::rusqlite::{Connection, Row, params};
use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use crate::data::{USER_AGENT, Work};

pub(crate) fn connect(path: &Path, synchronous: &str) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; PRAGMA cache_size=-65536;"
        ))
        .unwrap();
    connection
}

pub(crate) fn request_data(work: &Work) -> String {
    format!(
        r#"{{"method":"PATCH","path":"{}","request_id":"{}"}}"#,
        work.path, work.request_id
    )
}

pub(crate) fn changes(work: &Work) -> String {
    format!(
        r#"{{"status":{{"old":"{}","new":"{}"}}}}"#,
        work.old, work.new
    )
}

pub(crate) fn metadata(work: &Work) -> String {
    format!(r#"{{"session":"{}","source":"api"}}"#, work.session)
}

fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The fourteen columns as text with three indexes.
pub(crate) struct TextTable;

impl TextTable {
    pub(crate) const COLUMNS: &'static str = "id, timestamp, actor, actor_name, action, entity_type, entity_id, entity_name, company, ip_address, user_agent, request_data, changes, metadata";

    pub(crate) fn create(connection: &Connection) {
        connection
            .execute_batch(
                "CREATE TABLE log (
                    id TEXT NOT NULL, timestamp TEXT NOT NULL, actor TEXT, actor_name TEXT,
                    action TEXT NOT NULL, entity_type TEXT NOT NULL, entity_id TEXT, entity_name TEXT,
                    company TEXT NOT NULL, ip_address TEXT, user_agent TEXT, request_data TEXT,
                    changes TEXT, metadata TEXT)",
            )
            .unwrap();
    }

    pub(crate) fn index(connection: &Connection) {
        connection
            .execute_batch(
                "CREATE INDEX log_time ON log (company, timestamp);
                 CREATE INDEX log_entity ON log (company, entity_type, entity_id, timestamp);
                 CREATE INDEX log_action ON log (company, action, timestamp);",
            )
            .unwrap();
    }

    pub(crate) fn append(connection: &mut Connection, works: &[Work]) {
        let transaction = connection.transaction().unwrap();
        for work in works {
            Self::insert(&transaction, work);
        }
        transaction.commit().unwrap();
    }

    pub(crate) fn insert(connection: &Connection, work: &Work) {
        connection
            .prepare_cached(
                "INSERT INTO log VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
            )
            .unwrap()
            .execute(params![
                Uuid::now_v7().to_string(),
                timestamp(work.time),
                work.actor.to_string(),
                work.actor_name,
                work.action,
                work.entity_type,
                work.entity_id.to_string(),
                work.entity_name,
                work.company.to_string(),
                work.ip.to_string(),
                USER_AGENT,
                request_data(work),
                changes(work),
                metadata(work),
            ])
            .unwrap();
    }

    /// A row as the same structure that the library gives.
    pub(crate) fn read(row: &Row<'_>) -> AuditEntry {
        let text = |column: usize| row.get_ref(column).unwrap().as_str().unwrap();
        let json = |column: usize| serde_json::from_str(text(column)).unwrap();
        let mut entry = AuditEntry::new(
            Uuid::parse_str(text(0)).unwrap(),
            DateTime::parse_from_rfc3339(text(1)).unwrap().to_utc(),
            Tenant::from(text(8)),
            Actor::user(Uuid::parse_str(text(2)).unwrap(), text(3)),
            text(4),
        );
        let id = Uuid::parse_str(text(6)).unwrap();
        entry.entity = Some(Entity::new(text(5)).identified(id).named(text(7)));
        entry.ip_address = Some(text(9).parse().unwrap());
        entry.user_agent = Some(text(10).to_owned());
        entry.request_data = json(11);
        entry.changes = serde_json::from_str(text(12)).unwrap();
        entry.metadata = json(13);
        entry
    }
}

/// A hand-written interned layout with the same indexes as the library's.
pub(crate) struct Interned {
    connection: Connection,
    /// Per tenant: its number, its next index.
    tenants: HashMap<Uuid, (i64, i64)>,
    numbers: HashMap<(i64, &'static str, String), i64>,
    ids: HashMap<(i64, Uuid), i64>,
    last: i64,
}

impl Interned {
    pub(crate) fn new(connection: Connection) -> Self {
        connection
            .execute_batch(
                "CREATE TABLE tenant (n INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;
                 CREATE TABLE word (n INTEGER PRIMARY KEY, tenant INTEGER, kind TEXT, word TEXT, UNIQUE (tenant, kind, word)) STRICT;
                 CREATE TABLE party (n INTEGER PRIMARY KEY, tenant INTEGER, id BLOB, name TEXT, UNIQUE (tenant, id, name)) STRICT;
                 CREATE TABLE log (
                    seq INTEGER PRIMARY KEY, tenant INTEGER, idx INTEGER, id BLOB, time INTEGER,
                    verb INTEGER, entity INTEGER, label INTEGER, actor INTEGER, ip BLOB,
                    agent INTEGER, request_data TEXT, changes TEXT, metadata TEXT) STRICT;
                 CREATE UNIQUE INDEX log_idx ON log (tenant, idx);
                 CREATE UNIQUE INDEX log_id ON log (tenant, id);
                 CREATE INDEX log_entity ON log (tenant, entity);
                 CREATE INDEX log_actor ON log (tenant, actor);
                 CREATE INDEX log_verb ON log (tenant, verb);",
            )
            .unwrap();
        Self {
            connection,
            tenants: HashMap::new(),
            numbers: HashMap::new(),
            ids: HashMap::new(),
            last: 0,
        }
    }

    pub(crate) fn append(&mut self, works: &[Work]) {
        self.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        for work in works {
            self.insert(work);
        }
        self.connection.execute_batch("COMMIT").unwrap();
    }

    fn insert(&mut self, work: &Work) {
        let connection = &self.connection;
        let (tenant, index) = self.tenants.entry(work.company).or_insert_with(|| {
            let mut insert = connection
                .prepare_cached("INSERT INTO tenant (name) VALUES (?1)")
                .unwrap();
            (insert.insert([work.company.to_string()]).unwrap(), 0)
        });
        let (tenant, own) = (*tenant, *index);
        *index += 1;
        let verb = self.number(
            tenant,
            "verb",
            format!("{} {}", work.action, work.entity_type),
        );
        let label = self.number(tenant, "label", work.entity_name.clone());
        let agent = self.number(tenant, "agent", USER_AGENT.to_owned());
        let actor = self.party(tenant, work.actor, &work.actor_name);
        let entity = self.party(tenant, work.entity_id, "");
        self.last += 1;
        self.connection
            .prepare_cached(
                "INSERT INTO log VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
            )
            .unwrap()
            .execute(params![
                self.last,
                tenant,
                own,
                Uuid::now_v7().as_bytes().as_slice(),
                work.time.timestamp_micros(),
                verb,
                entity,
                label,
                actor,
                work.ip.octets().as_slice(),
                agent,
                request_data(work),
                changes(work),
                metadata(work),
            ])
            .unwrap();
    }

    fn number(&mut self, tenant: i64, kind: &'static str, word: String) -> i64 {
        let connection = &self.connection;
        let key = (tenant, kind, word);
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let number = connection
            .prepare_cached("INSERT INTO word (tenant, kind, word) VALUES (?1, ?2, ?3)")
            .unwrap()
            .insert(params![key.0, key.1, key.2])
            .unwrap();
        self.numbers.insert(key, number);
        number
    }

    fn party(&mut self, tenant: i64, id: Uuid, name: &str) -> i64 {
        let connection = &self.connection;
        *self.ids.entry((tenant, id)).or_insert_with(|| {
            connection
                .prepare_cached("INSERT INTO party (tenant, id, name) VALUES (?1, ?2, ?3)")
                .unwrap()
                .insert(params![tenant, id.as_bytes().as_slice(), name])
                .unwrap()
        })
    }
}
