//! What the type of a record leaves out or hides stays so, whoever tells of its row.

use audit_core::{AuditEntry, Audited, TenantLog};
use audit_sqlite::TrackedTable;
use audit_sqlite::rusqlite::Connection;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Desk, execute, told};

const TABLE: &str =
    "CREATE TABLE patients (id INTEGER PRIMARY KEY, clinic TEXT, full_name TEXT, iban TEXT,
    phone TEXT, diagnosis TEXT, remark TEXT, address TEXT, ward TEXT)";
const INSERT: &str =
    "INSERT INTO patients VALUES (7, 'acme', 'Ada', 'DE8937', '0123456789', 'a rare one',
    'said password=hunter2 to me', '{\"city\":\"Oslo\",\"street\":\"at a friend\"}', '3 b')";
/// What must not be in the log, whoever tells.
const SECRETS: [&str; 6] = [
    "DE8937",
    "DE5512",
    "012345",
    "a rare one",
    "hunter2",
    "at a friend",
];

#[derive(Clone, Audited)]
#[audit(rename_all = "camelCase")]
struct Patient {
    #[audit(id)]
    id: i64,
    #[audit(tenant)]
    clinic: String,
    #[audit(name)]
    full_name: String,
    #[audit(redact)]
    iban: String,
    #[audit(mask = last_four)]
    phone: String,
    #[audit(exclude)]
    diagnosis: String,
    remark: String,
    #[audit(nested)]
    address: Address,
}

#[derive(Clone, Serialize, Audited)]
struct Address {
    city: String,
    #[audit(exclude)]
    street: String,
}

fn last_four(phone: &str) -> String {
    phone.chars().rev().take(4).collect()
}

fn patient() -> Patient {
    Patient {
        id: 7,
        clinic: "acme".to_owned(),
        full_name: "Ada".to_owned(),
        iban: "DE8937".to_owned(),
        phone: "0123456789".to_owned(),
        diagnosis: "a rare one".to_owned(),
        remark: "said password=hunter2 to me".to_owned(),
        address: Address {
            city: "Oslo".to_owned(),
            street: "at a friend".to_owned(),
        },
    }
}

/// A desk with a table of patients, tracked as is said.
fn desk(tracked: TrackedTable) -> Desk {
    let desk = Desk::new();
    execute(&desk.connection, TABLE);
    tracked.track(&desk.connection).unwrap();
    desk
}

/// The table, by somebody who did not think of what the type says, but for its name.
fn unaware() -> TrackedTable {
    TrackedTable::new("patients")
        .entity_type("patient")
        .label("full_name", "fullName")
}

fn assert_no_secret(entries: &[AuditEntry]) {
    let text = serde_json::to_string(entries).unwrap();
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

fn changes(entry: &AuditEntry) -> Value {
    serde_json::to_value(&entry.changes).unwrap()
}

#[test]
fn a_typed_change_gets_nothing_from_its_row_that_the_type_leaves_out_or_hides() {
    for typed_first in [false, true] {
        let mut desk = desk(unaware());
        desk.write(|tx| {
            if typed_first {
                tx.created(&patient()).record().unwrap();
            }
            execute(tx, INSERT);
            if !typed_first {
                tx.created(&patient()).record().unwrap();
            }
        });
        let entries = desk.entries("acme");
        assert_no_secret(&entries);
        let ward = json!({"new": "3 b"});
        if typed_first {
            // Only what the type does not have.
            assert_eq!(
                told(&entries),
                [("create", "ada", false), ("update", "ada", true)]
            );
            assert_eq!(changes(&entries[1]), json!({"ward": ward}));
        } else {
            assert_eq!(told(&entries), [("create", "ada", false)]);
            assert_eq!(entries[0].metadata["capture_adds"], json!(["ward"]));
            assert_eq!(changes(&entries[0])["ward"], ward);
        }
        for entry in &entries {
            assert!(
                !entry.metadata.contains_key("capture_disagrees"),
                "{entry:?}"
            );
        }
    }
}

#[test]
fn a_hidden_column_that_a_trigger_changed_is_told_of_without_its_values() {
    let mut desk = desk(unaware());
    desk.write(|tx| {
        execute(tx, INSERT);
        tx.created(&patient()).record().unwrap();
    });
    let after = Patient {
        remark: "well".to_owned(),
        ..patient()
    };
    desk.write(|tx| {
        execute(
            tx,
            "UPDATE patients SET remark = 'well', iban = 'DE5512', diagnosis = 'none', address = '{}'",
        );
        tx.updated(&patient(), &after).record().unwrap();
    });
    let entries = desk.entries("acme");
    assert_no_secret(&entries);
    assert_eq!(after.diagnosis, "a rare one");
    let hidden = json!({"old": "********", "new": "********"});
    assert_eq!(
        changes(&entries[1]),
        json!({
            "remark": {"old": "said password=******** to me", "new": "well"},
            "iban": hidden,
            "address": hidden,
        })
    );
    assert_eq!(
        entries[1].metadata["capture_adds"],
        json!(["iban", "address"])
    );
}

#[test]
fn a_table_of_a_type_is_tracked_as_the_type_says() {
    let mut desk = desk(TrackedTable::of::<Patient>("patients"));
    // By a program that knows nothing of all this.
    execute(&desk.connection, INSERT);
    execute(
        &desk.connection,
        "UPDATE patients SET full_name = 'Ada L.', iban = 'DE5512', diagnosis = 'none'",
    );
    execute(
        &desk.connection,
        "UPDATE patients SET diagnosis = 'a rare one'",
    );
    desk.store.collect_row_changes().unwrap();
    let entries = desk.entries("acme");
    assert_eq!(entries.len(), 2, "what is left out is no change");
    assert_no_secret(&entries);
    assert_eq!(entries[0].entity_name(), Some("Ada"));
    assert_eq!(
        changes(&entries[1]),
        json!({
            "fullName": {"old": "Ada", "new": "Ada L."},
            "iban": {"old": "********", "new": "********"},
        })
    );
    // And what both tell of is told once, in one history.
    let before = Patient {
        full_name: "Ada L.".to_owned(),
        ..patient()
    };
    desk.write(|tx| {
        execute(tx, "UPDATE patients SET full_name = 'Ada'");
        tx.updated(&before, &patient()).record().unwrap();
    });
    let log: TenantLog = desk.auditor.tenant("acme");
    let history = log.history("patient", 7).entries().page().unwrap().entries;
    assert_eq!(history.len(), 3);
    assert!(
        !history[2].metadata.contains_key("source"),
        "{:?}",
        history[2]
    );
}

#[test]
fn nothing_of_a_type_is_staged_that_it_leaves_out_or_hides() {
    let desk = desk(TrackedTable::of::<Patient>("patients"));
    execute(&desk.connection, INSERT);
    let mut statement = desk
        .connection
        .prepare("SELECT * FROM audit_stage")
        .unwrap();
    let columns = statement.column_count();
    let staged: Vec<String> = statement
        .query_map([], |row| {
            let value = |place| row.get_ref(place).map(|value| format!("{value:?}"));
            (0..columns).map(value).collect::<Result<String, _>>()
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let bytes = |text: &str| {
        format!("{:?}", text.as_bytes())
            .trim_matches(['[', ']'])
            .to_owned()
    };
    assert!(staged[0].contains(&bytes("3 b")), "{staged:?}");
    for secret in ["DE8937", "0123456789", "a rare one", "at a friend"] {
        assert!(
            !staged[0].contains(&bytes(secret)),
            "{secret} in {staged:?}"
        );
    }
}

#[test]
fn what_is_said_of_the_table_is_added_to_what_the_type_says() {
    let tracked = TrackedTable::of::<Patient>("patients")
        .exclude(["ward"])
        .json("address")
        .label("remark", "said");
    let desk = desk(tracked);
    execute(&desk.connection, INSERT);
    desk.store.collect_row_changes().unwrap();
    let entries = desk.entries("acme");
    let fields = entries[0].changes.fields();
    assert_eq!(
        fields,
        [
            "id", "clinic", "fullName", "iban", "phone", "said", "address"
        ]
    );
    let address = changes(&entries[0])["address"]["new"].clone();
    assert_eq!(address["city"], "Oslo", "whoever says so has looked at it");
}

#[test]
fn a_column_that_comes_later_follows_the_type() {
    let desk = Desk::new();
    execute(
        &desk.connection,
        "CREATE TABLE patients (id INTEGER PRIMARY KEY, clinic TEXT)",
    );
    let track = |connection: &Connection| TrackedTable::of::<Patient>("patients").track(connection);
    track(&desk.connection).unwrap();
    for column in ["diagnosis", "iban", "ward"] {
        execute(
            &desk.connection,
            &format!("ALTER TABLE patients ADD COLUMN {column} TEXT"),
        );
    }
    TrackedTable::of::<Patient>("patients")
        .retrack(&desk.connection)
        .unwrap();
    execute(
        &desk.connection,
        "INSERT INTO patients VALUES (7, 'acme', 'a rare one', 'DE8937', '3 b')",
    );
    desk.store.collect_row_changes().unwrap();
    let entries = desk.entries("acme");
    assert_no_secret(&entries);
    assert_eq!(
        entries[0].changes.fields(),
        ["id", "clinic", "iban", "ward"]
    );
    // Said again as at each start, it is the same.
    track(&desk.connection).unwrap();
}

#[test]
fn a_type_that_names_a_few_fields_leaves_out_the_others() {
    #[derive(Audited)]
    #[audit(entity_type = "patient", include(id, ward))]
    struct Bed {
        #[audit(id)]
        id: i64,
        ward: String,
        diagnosis: String,
    }

    let bed = || Bed {
        id: 7,
        ward: "3 b".to_owned(),
        diagnosis: "a rare one".to_owned(),
    };
    assert!(bed().diagnosis.len() > 1);
    let mut desk = desk(unaware().exclude(["iban", "phone", "remark", "address"]));
    desk.write(|tx| {
        execute(tx, INSERT);
        tx.created(&bed()).record().unwrap();
    });
    let entries = desk.entries("acme");
    assert_no_secret(&entries);
    assert_eq!(
        entries[0].metadata["capture_adds"],
        json!(["clinic", "fullName"])
    );
}
