//! What our own writing connection may not do, whatever a bug asks of it.

use audit_core::Result;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use crate::error::{Phase, during};

/// The tables whose rows go again: what is not the log, or not yet.
const TRANSIENT: [&str; 5] = [
    "audit_attempt",
    "audit_departed",
    "audit_displaced",
    "audit_stage",
    "audit_tracked",
];

/// Denies a connection to change the schema, to attach files, and to change or delete entries.
///
/// The triggers of the file say the same to everybody, but `DROP TRIGGER` and `REPLACE` get
/// around them; nothing gets around this on our connection. It is asked when a statement is
/// prepared, so that it costs nothing per entry.
///
/// See <https://www.sqlite.org/c3ref/set_authorizer.html>.
pub(crate) fn forbid(connection: &mut Connection) -> Result<()> {
    connection
        .authorizer(Some(|context: AuthContext<'_>| decide(&context.action)))
        .map_err(during(Phase::Open))
}

fn decide(action: &AuthAction<'_>) -> Authorization {
    if matches!(action, AuthAction::Delete { table_name } if TRANSIENT.contains(table_name)) {
        return Authorization::Allow;
    }
    let is_denied = matches!(
        action,
        AuthAction::Update { .. }
            | AuthAction::Delete { .. }
            | AuthAction::Attach { .. }
            | AuthAction::Detach { .. }
            | AuthAction::CreateIndex { .. }
            | AuthAction::CreateTable { .. }
            | AuthAction::CreateTempIndex { .. }
            | AuthAction::CreateTempTable { .. }
            | AuthAction::CreateTempTrigger { .. }
            | AuthAction::CreateTempView { .. }
            | AuthAction::CreateTrigger { .. }
            | AuthAction::CreateView { .. }
            | AuthAction::CreateVtable { .. }
            | AuthAction::DropIndex { .. }
            | AuthAction::DropTable { .. }
            | AuthAction::DropTempIndex { .. }
            | AuthAction::DropTempTable { .. }
            | AuthAction::DropTempTrigger { .. }
            | AuthAction::DropTempView { .. }
            | AuthAction::DropTrigger { .. }
            | AuthAction::DropView { .. }
            | AuthAction::DropVtable { .. }
            | AuthAction::AlterTable { .. }
    );
    if is_denied {
        Authorization::Deny
    } else {
        Authorization::Allow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guarded_connection_only_adds() {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::schema::migrate(&mut connection).unwrap();
        forbid(&mut connection).unwrap();
        for sql in [
            "DELETE FROM audit_entry",
            "UPDATE audit_entry SET time = 0",
            "UPDATE audit_actor SET name = ''",
            "UPDATE audit_attempt SET outcome = 0",
            "UPDATE audit_stage SET time = 0",
            "DELETE FROM audit_meta",
            "DROP TRIGGER audit_entry_no_delete",
            "DROP TABLE audit_entry",
            "ALTER TABLE audit_entry ADD COLUMN x",
            "CREATE TABLE audit_x (x)",
            "CREATE TEMP TABLE audit_entry (x)",
            "CREATE TEMP TRIGGER x AFTER INSERT ON audit_entry BEGIN SELECT 1; END",
            "ATTACH ':memory:' AS other",
            // The shortcut that deletes the displaced row without asking for the right to.
            "REPLACE INTO audit_tenant (n, name, handle) VALUES (1, 'a', x''); DROP VIEW audit_log",
        ] {
            assert!(connection.execute_batch(sql).is_err(), "{sql}");
        }
        connection
            .execute_batch("INSERT INTO audit_span VALUES (1, 1, 1, 1); DELETE FROM audit_attempt; DELETE FROM audit_stage")
            .unwrap();
    }
}
