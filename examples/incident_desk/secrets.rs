//! Looks for every secret of the input in the audit log: in every cell of every table, and in
//! every byte of its file. The business tables hold some, and are taken out of a copy before.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use audit_sqlite::rusqlite::types::ValueRef;
use audit_sqlite::rusqlite::{self, Connection};
use serde_json::Value;

/// What was looked at and found.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) tables: usize,
    pub(crate) bytes: usize,
    /// The secrets that were found, by their numbers.
    pub(crate) found: BTreeSet<usize>,
    /// Where: a line for each place.
    pub(crate) places: Vec<String>,
    /// Whether what must be there was found: a search that finds nothing at all proves nothing.
    pub(crate) works: bool,
}

type Error = Box<dyn std::error::Error>;

/// Searches a copy of the database, which nobody may have open: reading the bytes of a database
/// file that this process has open would drop its locks.
pub(crate) fn search(
    copy: &Path,
    secrets: &BTreeSet<String>,
    must_be_there: &[&str],
) -> Result<Findings, Error> {
    let needles = Needles::new(secrets.iter().map(String::as_str));
    let controls = Needles::new(must_be_there.iter().copied());
    let mut findings = Findings::default();
    let mut in_tables = BTreeSet::new();
    let connection = Connection::open(copy)?;
    connection
        .execute_batch("DROP TABLE IF EXISTS incidents; DROP TABLE IF EXISTS jobs; VACUUM")?;
    // What the write-ahead log still holds goes into the file.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    for table in tables(&connection)? {
        findings.tables += 1;
        each_cell(&connection, &table, |cell| {
            in_tables.extend(controls.within(cell));
            for number in needles.within(cell) {
                findings.found.insert(number);
                findings
                    .places
                    .push(format!("secret {number} in table {table}"));
            }
        })?;
    }
    connection.close().map_err(|(_, error)| error)?;

    let mut in_files = BTreeSet::new();
    for path in files(copy) {
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            bytes => bytes?,
        };
        findings.bytes += bytes.len();
        in_files.extend(controls.within(&bytes));
        for number in needles.within(&bytes) {
            let place = path.display();
            findings.found.insert(number);
            findings
                .places
                .push(format!("secret {number} in file {place}"));
        }
    }
    let all = must_be_there.len();
    findings.works = all > 0 && in_tables.len() == all && in_files.len() == all;
    Ok(findings)
}

/// The copy, and what SQLite may keep beside it.
fn files(copy: &Path) -> impl Iterator<Item = PathBuf> {
    let suffixes = ["", "-wal", "-shm", "-journal"];
    suffixes.into_iter().map(|suffix| {
        let mut path = copy.as_os_str().to_owned();
        path.push(suffix);
        path.into()
    })
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name")?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn each_cell(
    connection: &Connection,
    table: &str,
    mut look: impl FnMut(&[u8]),
) -> rusqlite::Result<()> {
    let quoted = table.replace('"', "\"\"");
    let mut statement = connection.prepare(&format!("SELECT * FROM \"{quoted}\""))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            match row.get_ref(column)? {
                ValueRef::Null => {}
                ValueRef::Integer(number) => look(number.to_string().as_bytes()),
                ValueRef::Real(number) => look(number.to_string().as_bytes()),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => look(bytes),
            }
        }
    }
    Ok(())
}

/// How many bytes the first look compares. Every needle is longer.
const HEAD: usize = 4;

/// What is looked for, by its first bytes: each as it is, and as it stands inside JSON.
struct Needles(HashMap<Vec<u8>, Vec<(usize, Vec<u8>)>>);

impl Needles {
    fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut needles: HashMap<_, Vec<_>> = HashMap::new();
        for (text, number) in texts.zip(1..) {
            let json = Value::from(text).to_string();
            let ascii: String = json.chars().map(escaped).collect();
            let inner = |json: &str| json.get(1..json.len() - 1).map(str::to_owned);
            let forms = [Some(text.to_owned()), inner(&json), inner(&ascii)];
            for form in forms.into_iter().flatten().map(String::into_bytes) {
                let head = form.get(..HEAD).unwrap_or_default().to_vec();
                needles.entry(head).or_default().push((number, form));
            }
        }
        Self(needles)
    }

    /// The numbers, from 1, of those that these bytes hold.
    fn within(&self, bytes: &[u8]) -> BTreeSet<usize> {
        let mut held = BTreeSet::new();
        for (at, head) in bytes.windows(HEAD).enumerate() {
            let rest = bytes.get(at..).unwrap_or_default();
            let candidates = self.0.get(head).into_iter().flatten();
            let here = candidates.filter(|(_, form)| rest.starts_with(form));
            held.extend(here.map(|(number, _)| *number));
        }
        held
    }
}

/// A character as JSON writers that stay within ASCII write it.
fn escaped(letter: char) -> String {
    if letter.is_ascii() {
        return letter.to_string();
    }
    let mut units = [0; 2];
    let units = letter.encode_utf16(&mut units).iter();
    units.fold(String::new(), |text, unit| format!("{text}\\u{unit:04x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search_for(stored: &str, secret: &str) -> Findings {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch("CREATE TABLE audit_x (a, b)")
            .unwrap();
        let row = ("Nordlys ASA", stored);
        connection
            .execute("INSERT INTO audit_x VALUES (?1, ?2)", row)
            .unwrap();
        drop(connection);
        let secrets = BTreeSet::from([secret.to_owned()]);
        search(&path, &secrets, &["Nordlys ASA"]).unwrap()
    }

    #[test]
    fn a_secret_is_found_in_the_table_and_in_the_file() {
        let findings = search_for("the password is fake-secret-1.", "fake-secret-1");
        assert_eq!(findings.places.len(), 2);
        assert!(findings.works);
    }

    #[test]
    fn a_secret_is_found_as_json_writes_it() {
        for stored in [r#"{"a":"fake-\"ö\""}"#, r#"{"a":"fake-\"\u00f6\""}"#] {
            assert_eq!(search_for(stored, "fake-\"ö\"").places.len(), 2, "{stored}");
        }
    }

    #[test]
    fn a_clean_log_has_no_findings() {
        let findings = search_for("********", "fake-secret-1");
        assert!(findings.found.is_empty() && findings.works);
        assert!(findings.tables == 1 && findings.bytes >= 4096);
    }
}
