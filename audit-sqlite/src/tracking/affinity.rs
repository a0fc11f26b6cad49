//! What a column makes of the values that are put into it.

/// The affinity of a column. That of integers is a numeric one, and stores the same.
///
/// See <https://www.sqlite.org/datatype3.html#determination_of_column_affinity>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Affinity {
    Blob,
    Text,
    Integer,
    Real,
    Numeric,
}

impl Affinity {
    /// That of a declared type.
    pub(super) fn of(declared: &str, is_strict: bool) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
        if has(&["INT"]) {
            Self::Integer
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            Self::Text
        } else if declared.is_empty() || has(&["BLOB"]) || is_strict && declared == "ANY" {
            Self::Blob
        } else if has(&["REAL", "FLOA", "DOUB"]) {
            Self::Real
        } else {
            Self::Numeric
        }
    }

    /// What is stored of a value, which is SQL that is computed once.
    pub(super) fn stored(self, value: &str) -> String {
        // A text that is a number is equal to what it is cast to, and no other text is to any number.
        let is_number = "typeof(v) = 'text' AND v = CAST(v AS NUMERIC)";
        let stored = match self {
            Self::Blob => return value.to_owned(),
            Self::Text => {
                "CASE WHEN typeof(v) IN ('integer', 'real') THEN CAST(v AS TEXT) ELSE v END"
                    .to_owned()
            }
            Self::Integer | Self::Numeric => format!(
                "CASE WHEN {is_number} THEN CAST(v AS NUMERIC) WHEN typeof(v) = 'real' AND v = CAST(v AS INTEGER) THEN CAST(v AS INTEGER) ELSE v END"
            ),
            Self::Real => format!(
                "CASE WHEN typeof(v) = 'integer' OR {is_number} THEN CAST(v AS REAL) ELSE v END"
            ),
        };
        format!("(SELECT {stored} FROM (SELECT {value} AS v))")
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn what_is_stored_is_what_sqlite_stores() {
        let connection = Connection::open_in_memory().unwrap();
        for declared in [
            "",
            "BLOB",
            "INTEGER",
            "TEXT",
            "VARCHAR(9)",
            "REAL",
            "NUMERIC",
            "ANY",
            "DATE",
            "CHARINT",
        ] {
            let stored = Affinity::of(declared, false).stored("(a)");
            connection
                .execute_batch(&format!(
                    "DROP TABLE IF EXISTS t; CREATE TABLE t (a, b {declared});
                     INSERT INTO t (a) VALUES (NULL), (7), (-7), (7.0), (0.5), (1e300), (9223372036854775807), ('7'), ('07'), (' 7 '), ('7.0'), ('7e1'), ('0.1'), ('7x'), ('x'), (''), ('9223372036854775808'), (x'37'), (x''), (0.1 + 0.2);
                     UPDATE t SET b = a"
                ))
                .unwrap();
            let others: i64 = connection
                .query_row(
                    &format!("SELECT count(*) FROM t WHERE b IS NOT {stored} OR typeof(b) <> typeof({stored})"),
                    [],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(others, 0, "{declared}");
        }
        assert_eq!(Affinity::of("any", true), Affinity::Blob);
    }
}
