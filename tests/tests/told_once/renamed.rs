//! Types whose words are less simple than their tables: other names, functions, fields that share a name.

use audit_core::{AuditEntry, Audited};
use audit_sqlite::{TrackedTable, pause_tracking, resume_tracking};
use serde_json::json;

use super::{Desk, execute};

#[derive(Clone, Audited)]
#[audit(rename_all = "camelCase", entity_type = "person")]
struct Person {
    #[audit(id)]
    id: i64,
    city: String,
    #[audit(exclude)]
    home_street: String,
    #[audit(redact)]
    tax_number: String,
    #[audit(with = domain)]
    mail_to: String,
    first_name: String,
}

fn domain(mail: &str) -> &str {
    mail.split_once('@').map_or(mail, |(_, domain)| domain)
}

const TABLE: &str = "CREATE TABLE person (id INTEGER PRIMARY KEY, city TEXT, home_street TEXT,
    tax_number TEXT, mail_to TEXT, first_name TEXT)";
const INSERT: &str =
    "INSERT INTO person VALUES (7, 'Oslo', 'a-street', 'a-tax', 'private@x.org', 'Ada')";
const UPDATE: &str =
    "UPDATE person SET city = 'Bergen', home_street = 'b-street', mail_to = 'hidden@x.org'";

fn person(city: &str, mail_to: &str) -> Person {
    Person {
        id: 7,
        city: city.to_owned(),
        home_street: "a-street".to_owned(),
        tax_number: "a-tax".to_owned(),
        mail_to: mail_to.to_owned(),
        first_name: "Ada".to_owned(),
    }
}

fn assert_no_secret(entries: &[AuditEntry]) {
    let text = serde_json::to_string(entries).unwrap();
    for secret in ["a-street", "b-street", "a-tax", "private@", "hidden@"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(!text.contains("capture_disagrees"), "{text}");
}

#[test]
fn a_field_with_another_name_is_the_same_field() {
    let before = person("Oslo", "private@x.org");
    assert_eq!(before.home_street, "a-street");
    let after = person("Bergen", "hidden@x.org");
    let unaware = || TrackedTable::new("person");
    for tracked in [unaware, || TrackedTable::of::<Person>("person")] {
        for typed_first in [false, true] {
            let mut desk = Desk::new();
            execute(&desk.connection, TABLE);
            tracked().track(&desk.connection).unwrap();
            desk.write(|tx| {
                if typed_first {
                    tx.created(&before).record().unwrap();
                    execute(tx, INSERT);
                    tx.updated(&before, &after).record().unwrap();
                    execute(tx, UPDATE);
                } else {
                    execute(tx, INSERT);
                    tx.created(&before).record().unwrap();
                    execute(tx, UPDATE);
                    tx.updated(&before, &after).record().unwrap();
                }
            });
            let entries = desk.entries("acme");
            assert_no_secret(&entries);
            let typed = |entry: &&AuditEntry| !entry.metadata.contains_key("source");
            assert_eq!(entries.iter().filter(typed).count(), 2, "{entries:?}");
            let created = entries[0].changes.fields();
            let own = ["id", "city", "taxNumber", "mailTo", "firstName"];
            assert_eq!(created, own, "nothing under its other name");
        }
    }
}

#[test]
fn of_fields_that_share_a_name_the_strictest_holds_for_its_own_column() {
    #[derive(Audited)]
    #[audit(entity_type = "payment")]
    enum Payment {
        Bank {
            #[audit(id)]
            id: i64,
            #[audit(rename = "account", redact)]
            iban: String,
        },
        Card {
            #[audit(id)]
            id: i64,
            #[audit(exclude)]
            account: String,
        },
    }

    let all = [
        Payment::Bank {
            id: 1,
            iban: String::new(),
        },
        Payment::Card {
            id: 2,
            account: String::new(),
        },
    ];
    for payment in &all {
        let (Payment::Bank { id, iban: text } | Payment::Card { id, account: text }) = payment;
        assert!(*id > 0 && text.is_empty());
    }
    let desk = Desk::new();
    execute(
        &desk.connection,
        "CREATE TABLE payment (id INTEGER PRIMARY KEY, iban TEXT, account TEXT, note TEXT)",
    );
    let table = TrackedTable::of::<Payment>("payment").tenant_constant("acme");
    table.track(&desk.connection).unwrap();
    execute(
        &desk.connection,
        "INSERT INTO payment VALUES (7, 'DE-secret', '4711-secret', 'x')",
    );
    desk.store.collect_row_changes().unwrap();
    let changes = serde_json::to_value(&desk.entries("acme")[0].changes).unwrap();
    let expected = json!({"id": {"new": 7}, "account": {"new": "********"}, "note": {"new": "x"}});
    assert_eq!(changes, expected);
}

#[test]
fn a_type_that_leaves_out_its_id_names_its_records_all_the_same() {
    #[derive(Audited)]
    #[audit(entity_type = "bed", include(ward))]
    struct Bed {
        #[audit(id)]
        id: i64,
        ward: String,
        diagnosis: String,
    }

    let bed = Bed {
        id: 7,
        ward: "3 b".to_owned(),
        diagnosis: "a rare one".to_owned(),
    };
    assert_eq!(bed.diagnosis, "a rare one");
    let mut desk = Desk::new();
    let sql = "CREATE TABLE bed (id INTEGER PRIMARY KEY, ward TEXT, diagnosis TEXT)";
    execute(&desk.connection, sql);
    TrackedTable::of::<Bed>("bed")
        .track(&desk.connection)
        .unwrap();
    desk.write(|tx| {
        execute(tx, "INSERT INTO bed VALUES (7, '3 b', 'a rare one')");
        tx.created(&bed).record().unwrap();
    });
    let entries = desk.entries("acme");
    assert_eq!(entries.len(), 1);
    assert!(
        !serde_json::to_string(&entries)
            .unwrap()
            .contains("a rare one")
    );
}

#[test]
fn a_column_of_the_type_may_be_dropped() {
    for column in ["home_street", "tax_number", "first_name"] {
        let desk = Desk::new();
        execute(&desk.connection, TABLE);
        let table = || TrackedTable::of::<Person>("person").tenant_constant("acme");
        table().track(&desk.connection).unwrap();
        pause_tracking(&desk.connection, "migration").unwrap();
        execute(
            &desk.connection,
            &format!("ALTER TABLE person DROP COLUMN {column}"),
        );
        resume_tracking(&desk.connection).unwrap();
        table().retrack(&desk.connection).unwrap();
        execute(
            &desk.connection,
            "INSERT INTO person (id, city) VALUES (7, 'Oslo')",
        );
        desk.store.collect_row_changes().unwrap();
        assert_eq!(
            desk.entries("acme").pop().unwrap().action,
            "create",
            "{column}"
        );
    }
}
