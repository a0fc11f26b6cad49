//! The business tables. They lie in the file of the audit log, so that a row and its entry commit
//! together; whatever changes an incident is told of, also what goes around this program.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use audit_sqlite::rusqlite::types::Type;
use audit_sqlite::rusqlite::{self, Connection, OptionalExtension as _, Row, named_params};
use audit_sqlite::{AuditedTransaction, SqliteStore, TrackedTable};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::desk::{Incident, NewIncident, Result, Status};

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS incidents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        company TEXT NOT NULL,
        title TEXT NOT NULL,
        status TEXT NOT NULL,
        severity TEXT NOT NULL,
        assignee TEXT,
        note TEXT,
        sensor_token TEXT NOT NULL,
        sample_password TEXT
    ) STRICT;
    CREATE TABLE IF NOT EXISTS jobs (
        id INTEGER PRIMARY KEY,
        company TEXT NOT NULL,
        payload TEXT NOT NULL
    ) STRICT;
";

pub(crate) struct Business {
    store: SqliteStore,
    connection: Mutex<Connection>,
}

impl Business {
    pub(crate) fn open(path: &Path, store: &SqliteStore) -> Result<Self> {
        let connection = Connection::open(path)?;
        // An audited transaction has some twenty statements of its own; the default of 16 would have them
        // all compiled each time.
        connection.set_prepared_statement_cache_capacity(64);
        // A checkpoint moves pages from the log into the file, and syncs twice: a quarter as often as by
        // default.
        connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
        connection.execute_batch(TABLES)?;
        Ok(Self {
            store: store.clone(),
            connection: Mutex::new(connection),
        })
    }

    /// Has every change of an incident told of, whoever makes it.
    pub(crate) fn track(&self) -> Result<()> {
        // What the type of an incident leaves out is left out here, too.
        TrackedTable::of::<Incident>("incidents")
            .tenant("company")
            .track(&self.connection())?;
        Ok(())
    }

    /// Does something in one transaction: rows, what changed in them, and the action around it are
    /// stored together or not at all. What is refused or fails leaves its entry alone.
    pub(crate) fn write<R>(
        &self,
        work: impl FnOnce(&AuditedTransaction<'_>) -> Result<R>,
    ) -> Result<R> {
        let mut connection = self.connection();
        let tx = self.store.begin(&mut connection)?;
        match work(&tx) {
            Ok(done) => {
                tx.commit()?;
                Ok(done)
            }
            Err(error) => {
                tx.rollback()?;
                Err(error)
            }
        }
    }

    /// Looks at something, outside of any transaction.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
        look(&self.connection())
    }

    pub(crate) fn insert(
        tx: &AuditedTransaction<'_>,
        company: &str,
        new: &NewIncident,
    ) -> rusqlite::Result<Incident> {
        let mut incident = Incident {
            id: 0,
            title: new.title.clone(),
            company: company.to_owned(),
            status: Status::Open,
            severity: new.severity,
            assignee: None,
            note: Some(new.summary.clone()),
            sensor_token: new.sensor_token.clone(),
            sample_password: new.sample_password.clone(),
        };
        tx.prepare_cached(
            "INSERT INTO incidents
                (company, title, status, severity, note, sensor_token, sample_password)
             VALUES (:company, :title, :status, :severity, :note, :sensor_token, :sample_password)",
        )?
        .execute(named_params! {
            ":company": incident.company,
            ":title": incident.title,
            ":status": word(&incident.status),
            ":severity": word(&incident.severity),
            ":note": incident.note,
            ":sensor_token": incident.sensor_token,
            ":sample_password": incident.sample_password,
        })?;
        incident.id = tx.last_insert_rowid();
        Ok(incident)
    }

    pub(crate) fn find(connection: &Connection, id: i64) -> rusqlite::Result<Option<Incident>> {
        connection
            .prepare_cached("SELECT * FROM incidents WHERE id = ?1")?
            .query_row([id], incident)
            .optional()
    }

    pub(crate) fn list(connection: &Connection, company: &str) -> rusqlite::Result<Vec<Incident>> {
        connection
            .prepare("SELECT * FROM incidents WHERE company = ?1 ORDER BY id")?
            .query_map([company], incident)?
            .collect()
    }

    pub(crate) fn update(tx: &AuditedTransaction<'_>, incident: &Incident) -> rusqlite::Result<()> {
        tx.prepare_cached(
            "UPDATE incidents
             SET title = :title, status = :status, severity = :severity,
                 assignee = :assignee, note = :note
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": incident.id,
            ":title": incident.title,
            ":status": word(&incident.status),
            ":severity": word(&incident.severity),
            ":assignee": incident.assignee,
            ":note": incident.note,
        })?;
        Ok(())
    }

    pub(crate) fn delete(tx: &AuditedTransaction<'_>, id: i64) -> rusqlite::Result<()> {
        tx.execute("DELETE FROM incidents WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Puts a job into the queue of a company.
    pub(crate) fn enqueue(&self, company: &str, job: &impl Serialize) -> rusqlite::Result<()> {
        let payload = serde_json::to_string(job)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        self.connection().execute(
            "INSERT INTO jobs (company, payload) VALUES (?1, ?2)",
            [company, &payload],
        )?;
        Ok(())
    }

    /// Takes the oldest job out of the queue of a company.
    pub(crate) fn next_job<T: DeserializeOwned>(
        &self,
        company: &str,
    ) -> rusqlite::Result<Option<T>> {
        self.connection()
            .query_row(
                "DELETE FROM jobs
                 WHERE id = (SELECT min(id) FROM jobs WHERE company = ?1)
                 RETURNING payload",
                [company],
                |row| parsed(row.get_ref("payload")?.as_str()?, serde_json::from_str),
            )
            .optional()
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn incident(row: &Row<'_>) -> rusqlite::Result<Incident> {
    Ok(Incident {
        id: row.get("id")?,
        title: row.get("title")?,
        company: row.get("company")?,
        status: parsed(row.get("status")?, from_word)?,
        severity: parsed(row.get("severity")?, from_word)?,
        assignee: row.get("assignee")?,
        note: row.get("note")?,
        sensor_token: row.get("sensor_token")?,
        sample_password: row.get("sample_password")?,
    })
}

/// `Status::InProgress` as `in_progress`, the way serde spells it.
fn word(value: &impl Serialize) -> Option<String> {
    let value = serde_json::to_value(value).ok()?;
    value.as_str().map(str::to_owned)
}

fn from_word<T: DeserializeOwned>(word: String) -> serde_json::Result<T> {
    serde_json::from_value(Value::String(word))
}

fn parsed<S, T>(text: S, parse: impl FnOnce(S) -> serde_json::Result<T>) -> rusqlite::Result<T> {
    parse(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))
}
