//! The rows that are there when tracking begins, as entries.

use std::fmt::Write as _;
use std::ops::{ControlFlow, Range};

use audit_core::Result;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};
use serde::{Deserialize, Serialize};

use super::atomic::atomically;
use super::capture::NEXT;
use super::check::check;
use super::install;
use super::layout::Staged;
use super::plan::Plan;
use super::registry::Tracked;
use super::shape::Shape;
use super::sql::{all, list, row};
use super::table::TrackedTable;
use crate::error::{Phase, corrupt, during};
use crate::schema;

/// How many rows are staged in one transaction.
const BATCH: i64 = 1_000;

/// How far [`TrackedTable::baseline`] has come.
#[derive(Clone, Debug)]
pub struct Baseline {
    rows: u64,
    total: u64,
    is_finished: bool,
}

impl Baseline {
    /// How many rows were looked at, those of earlier calls included.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many rows the table has now.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Whether no row is left.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.is_finished
    }
}

impl TrackedTable {
    /// Records the rows that are there as entries with the action `baseline`, so that the history
    /// of each has a beginning.
    ///
    /// A thousand rows at a time are staged and committed, unless a transaction is open; `progress`
    /// is called after each time and may stop it. Calling it again goes on where it stopped, in
    /// another process, too; calling it when it is finished begins anew, and so does calling it after
    /// a `VACUUM` that has given rows other rowids. Calling
    /// [`SqliteStore::collect_row_changes`](crate::SqliteStore::collect_row_changes) in `progress`
    /// keeps what is staged small.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use audit_sqlite::{SqliteStore, TrackedTable, rusqlite::Connection};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("desk.db");
    /// let store = SqliteStore::open(&path)?;
    /// let connection = Connection::open(&path)?;
    /// connection.execute_batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text);
    ///     INSERT INTO notes VALUES (1, 'seen'), (2, 'done')")?;
    /// TrackedTable::new("notes").tenant_constant("acme").track(&connection)?;
    /// let end = TrackedTable::new("notes").baseline(&connection, |so_far| {
    ///     println!("{} of about {}", so_far.rows(), so_far.total());
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert!(end.is_finished() && end.rows() == 2);
    /// assert_eq!(store.collect_row_changes()?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](audit_core::ErrorKind::Invalid) if the table is not tracked,
    /// [`ErrorKind::StaleCapture`](audit_core::ErrorKind::StaleCapture) if it was altered since or is
    /// paused, and any failure to write.
    pub fn baseline(
        self,
        connection: &Connection,
        mut progress: impl FnMut(&Baseline) -> ControlFlow<()>,
    ) -> Result<Baseline> {
        record(connection, &self.table, &mut progress)
    }
}

/// The last row that was looked at, as it is kept in the file.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Cursor {
    rows: u64,
    /// What tells it apart from others.
    identity: Vec<Part>,
    /// The id of its record, and the number of the schema then: `VACUUM`, which may give rows other
    /// rowids, counts it up.
    id: Vec<Part>,
    schema: i64,
}

#[derive(PartialEq, Serialize, Deserialize)]
enum Part {
    Null,
    Integer(i64),
    /// The bits, since JSON would write another number now and then.
    Real(u64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

/// Stages the rows that are there, batch by batch.
fn record(
    connection: &Connection,
    table: &str,
    progress: &mut dyn FnMut(&Baseline) -> ControlFlow<()>,
) -> Result<Baseline> {
    schema::check(connection)?;
    loop {
        let state = atomically(connection, || batch(connection, table))?;
        if progress(&state).is_break() || state.is_finished {
            return Ok(state);
        }
    }
}

fn batch(connection: &Connection, table: &str) -> Result<Baseline> {
    let failed = during(Phase::Write);
    let mut tracked = install::expect(connection, table)?;
    check(connection, &tracked)?;
    let mut cursor: Cursor = match &tracked.cursor {
        Some(text) => serde_json::from_str(text).map_err(|_| corrupt())?,
        None => Cursor::default(),
    };
    let plan = plan(connection, &tracked)?;
    let select = Select::new(&plan);
    let schema = schema_version(connection)?;
    if cursor.schema != schema && select.has_moved(connection, &cursor)? {
        cursor = Cursor::default();
    }
    cursor.schema = schema;
    let last = select.last(connection, &cursor.identity)?;
    let (is_finished, rows) = match last {
        Some(last) => {
            let sql = select.stage(&plan, tracked.n, !cursor.identity.is_empty());
            let bounds = cursor.identity.iter().chain(&last.identity);
            connection
                .execute(&sql, params_from_iter(bounds))
                .map_err(failed)?;
            cursor.identity = last.identity;
            cursor.id = last.id;
            (last.rows < BATCH, last.rows)
        }
        None => (true, 0),
    };
    cursor.rows += u64::try_from(rows).unwrap_or(0);
    tracked.cursor = if is_finished {
        None
    } else {
        Some(serde_json::to_string(&cursor).map_err(|_| corrupt())?)
    };
    let total: i64 = connection
        .query_row(
            &format!("SELECT count(*) FROM {}", select.table),
            [],
            |row| row.get(0),
        )
        .map_err(failed)?;
    let state = Baseline {
        rows: cursor.rows,
        total: u64::try_from(total).unwrap_or(0),
        is_finished,
    };
    tracked.save(connection)?;
    Ok(state)
}

fn schema_version(connection: &Connection) -> Result<i64> {
    connection
        .query_row("PRAGMA main.schema_version", [], |row| row.get(0))
        .map_err(during(Phase::Read))
}

/// The plan of a capture that is up to date.
fn plan(connection: &Connection, tracked: &Tracked) -> Result<Plan> {
    let shape = Shape::read(connection, &tracked.name)?;
    let is_secret = |name: &str| tracked.secrets.iter().any(|secret| secret == name);
    let mut plan = Plan::new(connection, shape, tracked.options.clone(), &is_secret)?;
    plan.qualify();
    Ok(plan)
}

/// Rows of the table in the order of what tells them apart.
struct Select {
    table: String,
    identity: Vec<String>,
    /// The same, to be compared and ordered by.
    compared: Vec<String>,
    /// The columns of the id, if the identity may be given anew and they are not it.
    id: Vec<String>,
    has_hidden_rowid: bool,
}

/// The last row of a batch, and how many rows the batch has.
struct Last {
    identity: Vec<Part>,
    id: Vec<Part>,
    rows: i64,
}

impl Select {
    fn new(plan: &Plan) -> Self {
        let identity = plan.shape.identity.iter();
        let has_hidden_rowid = plan.shape.has_hidden_rowid;
        let ids = plan.layout.ids.iter();
        let ids = ids.filter_map(|place| plan.columns.get(*place));
        let ids = ids.filter(|id| has_hidden_rowid && !plan.shape.identity.contains(id));
        Self {
            id: ids.map(|id| format!("x.{id}")).collect(),
            has_hidden_rowid,
            table: plan.shape.qualified(),
            identity: identity.map(|one| format!("x.{one}")).collect(),
            compared: plan.shape.compared("x."),
        }
    }

    /// The last row of the batch behind a row.
    fn last(&self, connection: &Connection, after: &[Part]) -> Result<Option<Last>> {
        let failed = during(Phase::Read);
        let behind = match after {
            [] => "1".to_owned(),
            _ => self.compare(">", 1),
        };
        let sql = format!(
            "SELECT {} FROM {} AS x WHERE {behind} ORDER BY {} LIMIT {BATCH}",
            list(&[self.identity.as_slice(), &self.id].concat()),
            self.table,
            list(&self.compared)
        );
        let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
        let mut rows = statement.query(params_from_iter(after)).map_err(failed)?;
        let mut last = None;
        let mut count = 0;
        while let Some(row) = rows.next().map_err(failed)? {
            count += 1;
            let width = self.identity.len();
            last = Some(Last {
                identity: parts(row, 0..width)?,
                id: parts(row, width..width + self.id.len())?,
                rows: count,
            });
        }
        Ok(last)
    }

    /// Whether rows may have changed their places since a row was the last one that was looked at:
    /// that row is gone, or is the row of another record.
    fn has_moved(&self, connection: &Connection, cursor: &Cursor) -> Result<bool> {
        if !self.has_hidden_rowid || cursor.identity.is_empty() {
            return Ok(false);
        }
        if self.id.is_empty() {
            return Ok(true);
        }
        let failed = during(Phase::Read);
        let sql = format!(
            "SELECT {} FROM {} AS x WHERE {}",
            list(&self.id),
            self.table,
            self.compare("=", 1)
        );
        let mut statement = connection.prepare(&sql).map_err(failed)?;
        let mut rows = statement
            .query(params_from_iter(&cursor.identity))
            .map_err(failed)?;
        Ok(match rows.next().map_err(failed)? {
            Some(row) => parts(row, 0..self.id.len())? != cursor.id,
            None => true,
        })
    }

    /// Stages the rows behind one row, if there is one, up to another.
    fn stage(&self, plan: &Plan, source: i64, has_start: bool) -> String {
        let order = list(&self.compared);
        let n = format!("{NEXT} + row_number() OVER (ORDER BY {order})");
        let values = plan.whole_row(source, Staged::Baseline, &n, "x.");
        let mut conditions = Vec::new();
        let mut first = 1;
        if has_start {
            conditions.push(self.compare(">", first));
            first += self.identity.len();
        }
        conditions.push(self.compare("<=", first));
        conditions.extend(plan.condition("x."));
        format!(
            "INSERT INTO audit_stage {} SELECT {} FROM {} AS x WHERE {}",
            values.names(),
            values.expressions(),
            self.table,
            all(&conditions)
        )
    }

    /// Compares a row with parameters, the first of which has a number.
    fn compare(&self, sign: &str, first: usize) -> String {
        let mut parameters = Vec::new();
        for place in 0..self.identity.len() {
            let mut parameter = String::new();
            // Writing to a string never fails.
            let _ = write!(parameter, "?{}", first + place);
            parameters.push(parameter);
        }
        format!("{} {sign} {}", row(&self.compared), row(&parameters))
    }
}

fn parts(row: &Row<'_>, places: Range<usize>) -> Result<Vec<Part>> {
    places
        .map(|place| {
            let value = row.get_ref(place).map_err(during(Phase::Read))?;
            Ok(Part::of(value))
        })
        .collect()
}

impl Part {
    fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number.to_bits()),
            ValueRef::Text(text) => Self::Text(text.to_vec()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }
}

impl ToSql for Part {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(bits) => ValueRef::Real(f64::from_bits(*bits)),
            // As it is: a text in a file may be no UTF-8.
            Self::Text(text) => ValueRef::Text(text),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
