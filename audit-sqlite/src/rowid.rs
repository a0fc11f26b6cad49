//! The one thing that SQLite lets a program do and rusqlite does not offer.

#![expect(unsafe_code, reason = "one call of SQLite, below")]

use rusqlite::{Connection, ffi};

/// Makes `last_insert_rowid()` of a connection what it was before rows of ours went in.
///
/// See <https://www.sqlite.org/c3ref/set_last_insert_rowid.html>.
pub(crate) fn set_last_insert_rowid(connection: &Connection, rowid: i64) {
    // SAFETY: the handle is that of an open connection, which cannot be closed while it is borrowed
    // here, nor be used by another thread, since it is not `Sync`. SQLite takes any number, keeps
    // nothing of ours and calls nobody back.
    unsafe { ffi::sqlite3_set_last_insert_rowid(connection.handle(), rowid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_rowid_is_brought_back() {
        let connection = Connection::open_in_memory().unwrap();
        assert_eq!(connection.last_insert_rowid(), 0);
        for rowid in [7, 0, -1, i64::MIN, i64::MAX] {
            set_last_insert_rowid(&connection, rowid);
            assert_eq!(connection.last_insert_rowid(), rowid);
        }
    }
}
