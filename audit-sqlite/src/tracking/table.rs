//! What a user says about a table.

use audit_core::{Audited, AuditedField, Result, Sanitizer};
use rusqlite::Connection;

use super::install;
use super::options::{Options, RowOperation, TenantRule};
use super::secrets::Names;

/// A table whose every row change is captured in the transaction that makes it: by raw SQL, bulk
/// statements, upserts, `REPLACE`, foreign key cascades and other programs alike.
///
/// Triggers in the file stage each change; when an audited transaction commits, or the store
/// next writes, staged changes become entries. So the table has to be in the file of the store.
/// Tracking is kept in the file: say it once, or at each start; saying something else alters it.
///
/// ```
/// use audit_core::{ActorKind, Auditor};
/// use audit_sqlite::{SqliteStore, TrackedTable, rusqlite::Connection};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("desk.db");
/// let store = SqliteStore::open(&path)?;
/// let connection = Connection::open(&path)?;
/// connection.execute_batch(
///     "CREATE TABLE resources (id INTEGER PRIMARY KEY, company_id TEXT, name TEXT, password TEXT)",
/// )?;
/// TrackedTable::new("resources")
///     .entity_type("resource")
///     .id("id")
///     .name("name")
///     .tenant("company_id")
///     .exclude(["password"])
///     .track(&connection)?;
///
/// // Any program, any way of writing:
/// connection.execute("INSERT INTO resources VALUES (7, 'acme', 'printer', 'hunter2')", [])?;
/// connection.execute("UPDATE resources SET name = 'scanner'", [])?;
///
/// store.collect_row_changes()?;
/// let page = Auditor::new(store).tenant("acme").entries().entity("resource", 7).page()?;
/// let entry = &page.entries[0];
/// assert_eq!(entry.action, "update");
/// assert_eq!(entry.actor.kind(), ActorKind::Unattributed);
/// assert_eq!(entry.changes.get("name").unwrap().new, Some("scanner".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A statement that is prepared anew each time pays for compiling the triggers each time: keep
/// statements prepared (`Connection::prepare_cached`) where many rows are written one by one.
///
/// # What is told
///
/// A row that comes has new values only, one that goes old ones only, one that changes both, where
/// they differ in value or in type: `1`, `1.0` and `'1'` are three values, and `A` and `a` two,
/// whatever the collation. An update that changes nothing is no change. A primary key that changes is one
/// update; the entry has the new id, and a history goes by ids: that of the former one does not know that
/// the record has left it. A row whose tenant changes is deleted to the one tenant and created to the
/// other.
///
/// The time of an entry is when its statement wrote the first row, by SQLite's clock, which has
/// milliseconds: up to one of them early, never late, so that it may be before a time that was taken just
/// before the statement. Where that matters, ask for states by index.
///
/// # What is not seen
///
/// SQLite fires no triggers for `DROP TABLE`, for incremental writes into blobs, for virtual tables,
/// and on a connection that has switched triggers off. Children of a foreign key are told of if
/// their table is tracked itself. A row that a `REPLACE` displaced because of a default that is not
/// a constant is not seen. An `UPDATE OR REPLACE` of a row that refers to the row it displaces leaves a
/// dangling reference in SQLite itself, where an action of the foreign key has just mended it: the entry
/// tells of the action only, and `PRAGMA foreign_key_check` of the row. A `REPLACE` that displaces several rows
/// at once, while cascades of the first displace more than 16 others in the same table, may leave one of them
/// untold; and where the writer has set `recursive_triggers`, SQLite refuses an `UPDATE OR REPLACE` whose
/// cascade writes into the table of the statement, as it does for any table with a delete trigger.
///
/// A temporary trigger stands in no file and fires before those of the file. Where one that says `AFTER`
/// changes the row again, the second change is told before the first, so that histories end with
/// what the row was in between: let such triggers stand in the file.
#[derive(Clone, Debug)]
#[must_use = "nothing is tracked until `track`"]
pub struct TrackedTable {
    pub(super) table: String,
    options: Options,
    /// What the type of the records says.
    fields: &'static [AuditedField],
    /// Nothing where the default says it.
    sanitizer: Option<Sanitizer>,
}

impl TrackedTable {
    /// A table, tracked as a whole: the entity type is its name, the id its primary key, and the
    /// tenant that of the context.
    ///
    /// It knows no type: where there is one for its rows, take [`TrackedTable::of`], or say here again
    /// what is excluded or redacted there, and the entity type that it has.
    ///
    /// Where there is no primary key the id is the rowid, which `VACUUM` may give anew.
    pub fn new(table: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            options: Options::default(),
            fields: &[],
            sanitizer: None,
        }
    }

    /// The table of a type that is [`Audited`]: what the type says holds for its rows, too, whoever
    /// writes them.
    ///
    /// - The entity type is that of the type, so that rows and typed changes have one history, and what is told
    ///   by both is told once.
    /// - Id, name and tenant are the columns of the fields that hold them; a tenant that another table
    ///   holds is said with [`TrackedTable::tenant_through`].
    /// - What is excluded is excluded; what is redacted, masked or hashed is redacted, since SQL can do
    ///   neither.
    /// - A nested record, a list, and what is recorded `with` a function are redacted, for some of it may be left
    ///   out. Where the column holds JSON of which everything may be known, say so with
    ///   [`TrackedTable::json`].
    /// - A field that is recorded under another name is shown under that.
    ///
    /// A column belongs to the field that has its name, in the program or in the log; columns that are of no field are
    /// told of like others, and fields without a column are not minded. What is said of the table besides is
    /// added. It is kept in the file as it was understood: where the type changes, say it again.
    ///
    /// ```
    /// use audit_core::{AuditContext, Audited, Auditor};
    /// use audit_sqlite::{SqliteStore, TrackedTable, rusqlite::Connection};
    ///
    /// #[derive(Audited)]
    /// struct Patient {
    ///     #[audit(id)]
    ///     id: u32,
    ///     #[audit(tenant)]
    ///     clinic: String,
    ///     ward: String,
    ///     #[audit(exclude)]
    ///     diagnosis: String,
    /// }
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("clinic.db");
    /// let store = SqliteStore::open(&path)?;
    /// let connection = Connection::open(&path)?;
    /// connection.execute_batch("CREATE TABLE patients (id INTEGER PRIMARY KEY, clinic, ward, diagnosis)")?;
    /// TrackedTable::of::<Patient>("patients").track(&connection)?;
    ///
    /// connection.execute("INSERT INTO patients VALUES (7, 'north', '3 b', 'not for the log')", [])?;
    /// store.collect_row_changes()?;
    /// let entries = Auditor::new(store).tenant("north").entries().entity("patient", 7).page()?.entries;
    /// assert_eq!(entries[0].changes.fields(), ["id", "clinic", "ward"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of<T: Audited>(table: impl Into<String>) -> Self {
        Self {
            fields: T::FIELDS,
            ..Self::new(table).entity_type(T::ENTITY_TYPE)
        }
    }

    /// The entity type of its entries.
    pub fn entity_type(mut self, entity_type: impl Into<String>) -> Self {
        self.options.entity_type = Some(entity_type.into());
        self
    }

    /// The column that holds the id of the record. An integer, a text and a blob of 16 bytes (a
    /// UUID) come back as they are.
    ///
    /// A history has the ids of one form: a type whose id is a `Uuid` shares it with rows that hold
    /// the 16 bytes, and one whose id is a `String` with rows that hold the text.
    pub fn id(self, column: impl Into<String>) -> Self {
        self.ids([column])
    }

    /// The columns that make the id together: it is the text of a JSON array, such as `["eu",7]`.
    /// One column is itself.
    pub fn ids<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.options.ids = strings(columns);
        self
    }

    /// The column that holds the name of the record.
    pub fn name(mut self, column: impl Into<String>) -> Self {
        self.options.name = Some(column.into());
        self
    }

    /// The column that says whose row it is.
    ///
    /// Where it is NULL, empty or longer than a tenant may be, the tenant is that of the context or,
    /// without one, [`UNKNOWN_TENANT`](crate::UNKNOWN_TENANT).
    pub fn tenant(mut self, column: impl Into<String>) -> Self {
        self.options.tenant = TenantRule::Column(column.into());
        self
    }

    /// The one tenant whose rows they all are.
    pub fn tenant_constant(mut self, tenant: impl Into<String>) -> Self {
        self.options.tenant = TenantRule::Constant(tenant.into());
        self
    }

    /// A column that names a row of another table, and the column there that holds the tenant:
    /// `.tenant_through("company_id", "companies", "slug")`.
    ///
    /// The row is found by what the foreign key names, or by its primary key if none is declared.
    /// Rows that a cascade deletes or changes after it still find it, also if a `REPLACE` has displaced it
    /// or its key is another one now. Where what it says is altered, its rows are not written: what becomes of
    /// them from then on is told to the new tenant, and the old one is not told that they went.
    pub fn tenant_through(
        mut self,
        column: impl Into<String>,
        table: impl Into<String>,
        shown: impl Into<String>,
    ) -> Self {
        self.options.tenant = TenantRule::Through {
            column: column.into(),
            table: table.into(),
            shown: shown.into(),
        };
        self
    }

    /// Only these columns are told of; new ones are not. Id, name and tenant are staged all the same.
    pub fn include<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.options.include = Some(strings(columns));
        self
    }

    /// Columns that are never staged, and whose changes alone are no change. The one that names the
    /// tenant may be among them: it says whose an entry is, and nothing else.
    pub fn exclude<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.options.exclude = strings(columns);
        self
    }

    /// Columns of which it is told that they changed, and never what they hold: the values
    /// are not staged.
    ///
    /// A column that has the name of a secret is redacted without being told to.
    pub fn redact<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.options.redact = strings(columns);
        self
    }

    /// Columns that have the name of a secret and are none, such as `sort_key`.
    pub fn allow<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.options.allow = strings(columns);
        self
    }

    /// Shows a column under another name.
    pub fn label(mut self, column: impl Into<String>, shown: impl Into<String>) -> Self {
        self.options.labels.push((column.into(), shown.into()));
        self
    }

    /// A column that holds JSON as text: what changes inside is told by member, at paths such as
    /// `settings.theme`.
    ///
    /// The text as a whole stands in the staging table until it is taken; what in it has the name
    /// of a secret is masked in the entry. A text that was only written in another way did not
    /// change. A number with more digits than a float keeps is told as the text of its digits.
    pub fn json(mut self, column: impl Into<String>) -> Self {
        self.options.json.push(column.into());
        self
    }

    /// Tells only of rows that meet a condition: SQL over the columns of the row as it is then,
    /// or was, if it was deleted. A part of a program, never of its input.
    ///
    /// ```
    /// # use audit_sqlite::TrackedTable;
    /// let drafts_are_private = TrackedTable::new("posts").when("status <> 'draft'");
    /// ```
    pub fn when(mut self, condition: impl Into<String>) -> Self {
        self.options.when = Some(condition.into());
        self
    }

    /// Tells only of these operations. A row that moves to another tenant goes from the one, if updates or
    /// deletions are told of, and comes to the other, if updates or insertions are.
    ///
    /// Histories of these records do not know that there are others, and cannot say so: the state of a
    /// record is what was told of it, even if it was changed or deleted since. What is left out here is to
    /// be recorded in another way, or not to be asked for.
    pub fn operations(mut self, operations: impl IntoIterator<Item = RowOperation>) -> Self {
        self.options.operations = Some(operations.into_iter().collect());
        self
    }

    /// Where more than so many rows of the table change before they are taken (in one transaction,
    /// mostly), one entry for each action says how many, and how often each field changed:
    /// `bulk_create`, `bulk_update` or `bulk_delete`. Histories of these records are incomplete then, and
    /// say so.
    pub fn summarize_above(mut self, rows: u64) -> Self {
        self.options.summarize_above = Some(rows);
        self
    }

    /// Refuses writes by anybody who is not in an audited transaction: the statement fails. SQLite says
    /// `no such function: audit_is_admitted` to a program that has never begun one on its connection, and
    /// between two of them that the table takes writes only inside of `SqliteStore::begin`. Who tracks a
    /// table so inside of an audited transaction may write to it from the next one on.
    ///
    /// It is a fence and no wall: whoever can write the file can drop the triggers.
    pub fn refuse_foreign_writes(mut self) -> Self {
        self.options.refuse_foreign_writes = true;
        self
    }

    /// Says by its names which columns hold secrets; the default is [`Sanitizer::default`].
    pub fn sanitizer(mut self, sanitizer: Sanitizer) -> Self {
        self.sanitizer = Some(sanitizer);
        self
    }

    /// Begins to capture, or captures as is said now if it is tracked already: in one transaction, or
    /// as a part of the one that is open. A capture that is paused, by another process perhaps, stays so
    /// until [`resume_tracking`](crate::resume_tracking).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](audit_core::ErrorKind::Invalid) for a name that there is not, naming
    /// those that there are, and for options that contradict each other;
    /// [`ErrorKind::Unsupported`](audit_core::ErrorKind::Unsupported) for a view or a virtual table;
    /// [`ErrorKind::StaleCapture`](audit_core::ErrorKind::StaleCapture) if the table that was tracked under
    /// this name has another one now; [`ErrorKind::Store`](audit_core::ErrorKind::Store) if the file has
    /// no audit log; and any failure to write. Then everything is as it was.
    pub fn track(self, connection: &Connection) -> Result<()> {
        install::track(
            connection,
            &self.table,
            self.options,
            self.fields,
            &Names::Said(&self.sanitizer.unwrap_or_default()),
        )
    }

    /// Brings the capture up to date after the table was altered, with the options that are kept in
    /// the file, columns that are secrets by their names included, and those of the type where it is said with [`TrackedTable::of`]. Columns that are new are
    /// told of from now on, unless `include` was said. It does not end a pause.
    ///
    /// # Errors
    ///
    /// Those of [`TrackedTable::track`], such as for an excluded column that has another name now;
    /// then say `track` with the names that there are.
    pub fn retrack(self, connection: &Connection) -> Result<()> {
        let default = Sanitizer::default();
        let names = match &self.sanitizer {
            Some(said) => Names::Said(said),
            None => Names::Kept(&default),
        };
        install::retrack(connection, &self.table, self.fields, &names)
    }

    /// Removes everything that tracking this table has added to the file; the staging table, which all tables
    /// have in common, stays as wide as it is while rows are staged in it. What is staged becomes entries
    /// all the same, and a pause is over for whoever was told of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](audit_core::ErrorKind::Invalid) if it is not tracked, and any failure
    /// to write.
    pub fn untrack(self, connection: &Connection) -> Result<()> {
        install::untrack(connection, &self.table)
    }
}

fn strings<C: Into<String>>(columns: impl IntoIterator<Item = C>) -> Vec<String> {
    columns.into_iter().map(Into::into).collect()
}
