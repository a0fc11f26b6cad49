//! What `#[derive(Audited)]` finds.

use std::fmt;

use audit_core::{
    AuditContext, Audited, AuditedService, Auditor, Durability, EntityId, MemoryStore, Outcome,
    diff,
};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{audited, entries, one};

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Open,
    Closed { by: String },
    Merged(u64),
}

/// Must never be read: neither compared nor written.
#[derive(Clone)]
struct Untouchable;

impl PartialEq for Untouchable {
    fn eq(&self, _: &Self) -> bool {
        panic!("an excluded field was compared")
    }
}

impl Serialize for Untouchable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("an excluded field was written")
    }
}

/// May be compared, must never be written.
#[derive(Clone, PartialEq)]
struct Unwritable(u8);

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("a redacted field was written")
    }
}

#[derive(Clone, Audited)]
#[audit(entity_type = "incident")]
struct Incident {
    zone: char,
    #[audit(id)]
    id: Uuid,
    #[audit(name)]
    title: String,
    status: Status,
    assignee: Option<String>,
    #[audit(rename = "severity")]
    level: u8,
    r#type: &'static str,
    #[audit(redact)]
    api_key: Unwritable,
    #[audit(exclude)]
    #[expect(dead_code, reason = "that nobody reads it is the point")]
    password: Untouchable,
}

fn incident() -> Incident {
    Incident {
        zone: 'z',
        id: Uuid::from_u128(7),
        title: "scan".to_owned(),
        status: Status::Open,
        assignee: None,
        level: 3,
        r#type: "a",
        api_key: Unwritable(1),
        password: Untouchable,
    }
}

fn fields() -> Value {
    json!({
        "zone": "z",
        "id": Uuid::from_u128(7).to_string(),
        "title": "scan",
        "status": "open",
        "assignee": null,
        "severity": 3,
        "type": "a",
        "api_key": "********",
    })
}

/// `{"a": 1}` → `{"a": {"new": 1}}`
fn sided(side: &str, fields: Value) -> Value {
    let Value::Object(fields) = fields else {
        unreachable!()
    };
    fields
        .into_iter()
        .map(|(name, value)| (name, json!({side: value})))
        .collect()
}

#[test]
fn a_creation_is_a_snapshot_of_new_values() {
    let (auditor, context) = audited();
    context
        .scope(|| auditor.created(&incident()).record())
        .unwrap();
    let entry = one(&auditor);
    assert_eq!(
        serde_json::to_value(&entry.changes).unwrap(),
        sided("new", fields())
    );
    assert_eq!(entry.action, "create");
    assert_eq!(entry.entity_type(), Some("incident"));
    assert_eq!(entry.entity_id(), Some(&EntityId::from(Uuid::from_u128(7))));
    assert_eq!(entry.entity_name(), Some("scan"));
    assert_eq!(entry.outcome, Outcome::Success);
}

#[test]
fn a_deletion_is_a_snapshot_of_old_values() {
    let (auditor, context) = audited();
    context
        .scope(|| auditor.deleted(&incident()).record())
        .unwrap();
    let entry = one(&auditor);
    assert_eq!(
        serde_json::to_value(&entry.changes).unwrap(),
        sided("old", fields())
    );
    assert_eq!(entry.action, "delete");
}

#[test]
fn an_update_holds_what_differs_and_nothing_else() {
    let (auditor, context) = audited();
    let before = incident();
    let after = Incident {
        title: "rescan".to_owned(),
        status: Status::Closed {
            by: "ada".to_owned(),
        },
        assignee: Some("bob".to_owned()),
        level: 4,
        api_key: Unwritable(2),
        ..before.clone()
    };
    context
        .scope(|| auditor.updated(&before, &after).record())
        .unwrap();
    assert_eq!(
        serde_json::to_value(&one(&auditor).changes).unwrap(),
        json!({
            "title": {"old": "scan", "new": "rescan"},
            "status": {"old": "open", "new": {"closed": {"by": "ada"}}},
            "assignee": {"old": null, "new": "bob"},
            "severity": {"old": 3, "new": 4},
            "api_key": {"old": "********", "new": "********"},
        })
    );
    // Named as it is now.
    assert_eq!(one(&auditor).entity_name(), Some("rescan"));
}

#[test]
fn fields_stand_in_the_order_of_their_declaration() {
    let (auditor, context) = audited();
    context
        .scope(|| auditor.created(&incident()).record())
        .unwrap();
    let text = serde_json::to_string(&one(&auditor)).unwrap();
    let order = [
        "zone", "id", "title", "status", "assignee", "severity", "type", "api_key",
    ];
    assert_eq!(one(&auditor).changes.fields(), order);
    let places: Vec<_> = order
        .iter()
        .map(|name| text.find(&format!("\"{name}\":{{\"new\"")))
        .collect();
    assert!(places.is_sorted() && places[0].is_some(), "{text}");
}

#[test]
fn no_change_is_no_entry() {
    let (auditor, context) = audited();
    let receipt = context
        .scope(|| auditor.updated(&incident(), &incident()).record())
        .unwrap();
    assert_eq!(receipt.durability(), Durability::Unchanged);
    assert_eq!(
        (receipt.entry_id(), receipt.index(), receipt.is_recorded()),
        (None, None, false)
    );
    assert!(entries(&auditor).is_empty());
}

#[test]
fn no_change_needs_no_context() {
    let auditor = Auditor::new(MemoryStore::new());
    let receipt = auditor.updated(&incident(), &incident()).record().unwrap();
    assert_eq!(receipt.durability(), Durability::Unchanged);
    assert!(auditor.created(&incident()).record().is_err());
}

#[test]
fn an_excluded_field_alone_is_no_change_and_a_redacted_one_is() {
    // That `password` is not read is seen by its not panicking.
    assert!(diff(&incident(), &incident()).unwrap().is_empty());
    let after = Incident {
        api_key: Unwritable(9),
        ..incident()
    };
    let changes = diff(&incident(), &after).unwrap();
    assert_eq!(
        serde_json::to_value(changes).unwrap(),
        json!({"api_key": {"old": "********", "new": "********"}})
    );
}

#[test]
fn values_named_like_secrets_are_masked_though_they_are_tracked() {
    #[derive(Audited)]
    struct Login {
        user: String,
        #[audit(rename = "dbPassword")]
        words: String,
        token: String,
    }
    let login = |secret: &str| Login {
        user: "ada".to_owned(),
        words: secret.to_owned(),
        token: secret.to_owned(),
    };
    let (auditor, context) = audited();
    let (before, after) = (login("hunter2"), login("hunter3"));
    context
        .scope(|| auditor.updated(&before, &after).record())
        .unwrap();
    context.scope(|| auditor.created(&after).record()).unwrap();
    let all = entries(&auditor);
    assert!(all[0].changes.touches("token") && !all[0].changes.touches("user"));
    assert!(!serde_json::to_string(&all).unwrap().contains("hunter"));
}

#[test]
fn enums_are_written_as_serde_writes_them() {
    let with = |status| Incident {
        status,
        ..incident()
    };
    let changes = diff(
        &with(Status::Merged(8)),
        &with(Status::Closed {
            by: "ada".to_owned(),
        }),
    )
    .unwrap();
    assert_eq!(
        serde_json::to_value(changes).unwrap(),
        json!({"status": {"old": {"merged": 8}, "new": {"closed": {"by": "ada"}}}})
    );
}

#[derive(Audited)]
struct Tagged<I, T, const N: usize> {
    #[audit(id)]
    id: I,
    #[audit(name)]
    label: T,
    cells: [u8; N],
    #[audit(exclude)]
    cache: fn() -> T,
}

#[test]
fn generic_records_are_named_and_compared() {
    let tagged = |label: &'static str| Tagged::<_, _, 2> {
        id: u64::MAX,
        label,
        cells: [1, 2],
        cache: || "c",
    };
    let (before, after) = (tagged("a"), tagged("b"));
    assert_eq!((before.cache)(), "c");
    let (auditor, context) = audited();
    context
        .scope(|| auditor.updated(&before, &after).record())
        .unwrap();
    let entry = one(&auditor);
    assert_eq!(entry.entity_type(), Some("tagged"));
    assert_eq!(entry.entity_id().unwrap().as_u64(), Some(u64::MAX));
    assert_eq!(entry.entity_name(), Some("b"));
    assert_eq!(entry.changes.fields(), ["label"]);
}

struct Shown(u8);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "number {}", self.0)
    }
}

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
    }
}

#[test]
fn the_name_is_displayed_and_the_value_is_serialized() {
    #[derive(Audited)]
    struct Thing {
        #[audit(name)]
        shown: Shown,
    }
    let (auditor, context) = audited();
    context
        .scope(|| auditor.created(&Thing { shown: Shown(5) }).record())
        .unwrap();
    let entry = one(&auditor);
    assert_eq!(entry.entity_name(), Some("number 5"));
    assert_eq!(entry.entity_id(), None);
    assert_eq!(
        serde_json::to_value(&entry.changes).unwrap(),
        json!({"shown": {"new": 5}})
    );
}

struct Desk {
    auditor: Auditor,
}

impl AuditedService for Desk {
    fn auditor(&self) -> &Auditor {
        &self.auditor
    }
}

#[test]
fn the_mixin_takes_a_snapshot_of_what_comes_and_goes_and_names_the_rest() {
    let (auditor, _) = audited();
    let desk = Desk {
        auditor: auditor.clone(),
    };
    AuditContext::new("t").scope(|| {
        desk.log_action("create", &incident()).record().unwrap();
        desk.log_action("approve", &incident())
            .reason("checked")
            .record()
            .unwrap();
        desk.log_action("delete", &incident()).record().unwrap();
    });
    let all = entries(&auditor);
    let told: Vec<_> = all
        .iter()
        .map(|entry| (entry.action.as_str(), entry.changes.len()))
        .collect();
    assert_eq!(told, [("create", 8), ("approve", 0), ("delete", 8)]);
    assert_eq!(all[1].reason.as_deref(), Some("checked"));
    assert!(all.iter().all(|entry| entry.entity_name() == Some("scan")));
    assert_eq!(
        serde_json::to_value(&all[2].changes).unwrap(),
        sided("old", fields())
    );
}
