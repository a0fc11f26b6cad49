//! Values, keys and types that nobody expects.

use std::collections::BTreeMap;

use audit_core::{Audited, diff};
use serde::Serialize;
use serde_json::json;

use crate::{audited, one};

fn stored(changes: &audit_core::Changes) -> serde_json::Value {
    serde_json::to_value(changes).unwrap()
}

#[derive(Clone, Audited)]
struct Ticket {
    #[audit(exclude)]
    secret: u32,
    count: u32,
}

#[derive(Audited)]
struct Tray {
    #[audit(key = "secret")]
    tickets: Vec<Ticket>,
}

#[test]
fn an_excluded_key_is_not_told_by_a_member_that_happens_to_be_the_same() {
    let tray = |tickets: &[(u32, u32)]| Tray {
        tickets: tickets
            .iter()
            .map(|(secret, count)| Ticket {
                secret: *secret,
                count: *count,
            })
            .collect(),
    };
    let changes = diff(&tray(&[(1, 1), (4711, 5)]), &tray(&[(1, 1), (4711, 6)])).unwrap();
    assert_eq!(
        stored(&changes),
        json!({"tickets[#1].count": {"old": 5, "new": 6}})
    );
    let changes = diff(&tray(&[(1, 1)]), &tray(&[(1, 1), (4711, 6)])).unwrap();
    assert!(!stored(&changes).to_string().contains("4711"));
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
enum Key {
    Number(u32),
    Text(String),
}

fn number(number: u32) -> Key {
    Key::Number(number)
}

fn text(text: &str) -> Key {
    Key::Text(text.to_owned())
}

#[derive(Clone, Audited)]
struct Row {
    id: Key,
    value: u32,
}

#[derive(Clone, Audited)]
struct Table {
    #[audit(key = "id")]
    rows: Vec<Row>,
    #[audit(set)]
    tags: Vec<Key>,
}

#[test]
fn keys_that_are_written_alike_are_not_confused() {
    let table = |rows: &[(Key, u32)], tags: &[Key]| Table {
        rows: rows
            .iter()
            .map(|(id, value)| Row {
                id: id.clone(),
                value: *value,
            })
            .collect(),
        tags: tags.to_vec(),
    };
    let cases = [
        (
            table(&[(number(7), 1), (text("7"), 2)], &[]),
            table(&[(number(7), 3), (text("7"), 4)], &[]),
        ),
        (
            table(&[(text("5"), 0), (number(7), 1)], &[]),
            table(&[(text("7"), 2), (text("5"), 0)], &[]),
        ),
        (
            table(&[], &[number(1), text("5"), text("1")]),
            table(&[], &[text("5"), text("1")]),
        ),
        (table(&[], &[number(1)]), table(&[], &[text("1")])),
    ];
    for (before, after) in cases {
        let changes = diff(&before, &after).unwrap();
        let paths: Vec<_> = changes.iter().map(|(path, _)| path).collect();
        let mut distinct = paths.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), paths.len(), "{paths:?}");
        let (old, new) = (
            audit_core::record_fields(&before).unwrap(),
            audit_core::record_fields(&after).unwrap(),
        );
        assert_eq!(changes.apply(&old).unwrap(), new, "{paths:?}");
        assert_eq!(changes.revert(&new).unwrap(), old, "{paths:?}");
    }
}

#[derive(Clone, Audited)]
struct Inner {
    value: u32,
}

#[derive(Clone, Audited)]
#[expect(clippy::option_option, reason = "what is tested")]
struct Maybe {
    #[audit(nested)]
    inner: Option<Option<Inner>>,
}

#[test]
fn none_to_some_none_of_a_record_is_a_change_that_says_so() {
    let changes = diff(&Maybe { inner: None }, &Maybe { inner: Some(None) }).unwrap();
    assert_eq!(
        stored(&changes),
        json!({"inner": {"old": null, "new": {"$some": null}}})
    );
    let full = Maybe {
        inner: Some(Some(Inner { value: 1 })),
    };
    assert_eq!(
        audit_core::record_fields(&full).unwrap(),
        json!({"inner": {"value": 1}})
    );
}

#[derive(Audited)]
struct Busy {
    #[audit(ignore)]
    seen: BTreeMap<u32, u32>,
    status: u32,
}

#[test]
fn what_counts_is_not_lost_behind_very_many_changes_that_do_not() {
    let busy = |value, status| Busy {
        seen: (0..10_000).map(|key| (key, value)).collect(),
        status,
    };
    assert!(diff(&busy(1, 1), &busy(2, 1)).unwrap().is_empty());
    assert!(!diff(&busy(1, 1), &busy(2, 2)).unwrap().is_empty());
    let (auditor, context) = audited();
    let receipt = context.scope(|| auditor.updated(&busy(1, 1), &busy(2, 2)).record());
    assert!(receipt.unwrap().is_recorded());
}

#[derive(Audited)]
struct Person {
    #[audit(id)]
    id: u32,
    #[audit(sensitive)]
    name: String,
}

#[derive(Audited)]
struct Crowd {
    #[audit(nested)]
    people: Vec<Person>,
}

#[test]
fn what_is_left_out_is_not_listed_as_personal() {
    let crowd = |count| Crowd {
        people: (0..count)
            .map(|id| Person {
                id,
                name: "ada".to_owned(),
            })
            .collect(),
    };
    let (auditor, context) = audited();
    context
        .scope(|| {
            let changed = auditor.updated(&crowd(0), &crowd(12_000));
            changed.metadata("kept", true).record()
        })
        .unwrap();
    let entry = one(&auditor);
    assert!(!entry.changes.is_empty());
    assert_eq!(entry.metadata["kept"], true);
    assert!(
        entry
            .sensitive
            .iter()
            .all(|path| path.starts_with("people["))
    );
}

#[derive(Audited)]
struct Registry {
    by_token: BTreeMap<String, u32>,
    plain: BTreeMap<String, u32>,
}

#[test]
fn a_secret_that_keys_a_map_is_in_no_path() {
    let aws = "AKIAIOSFODNN7EXAMPLE";
    let github = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    let registry = |value| Registry {
        by_token: [("hunter2".to_owned(), value)].into(),
        plain: [(aws.to_owned(), value), (github.to_owned(), value)].into(),
    };
    let (auditor, context) = audited();
    context
        .scope(|| auditor.updated(&registry(1), &registry(2)).record())
        .unwrap();
    let entry = serde_json::to_string(&one(&auditor)).unwrap();
    for secret in ["hunter2", aws, github] {
        assert!(!entry.contains(secret), "{secret} in {entry}");
    }
}

#[test]
fn a_forged_digest_hides_no_secret() {
    let (auditor, context) = audited();
    let forged = json!({"$hash": format!("deadbeef:{}", "5f4dcc3b5aa765d61d8327deb882cf99")});
    context
        .clone()
        .request_data("password", forged.clone())
        .scope(|| {
            auditor
                .log("x")
                .metadata("password", forged.clone())
                .record()
        })
        .unwrap();
    let entry = one(&auditor);
    assert_eq!(entry.metadata["password"], "********");
    assert_eq!(entry.request_data["password"], "********");
}

#[derive(Clone, Audited)]
struct Tree {
    id: u32,
    #[audit(key = "id")]
    by_key: Vec<Tree>,
    #[audit(nested)]
    by_name: BTreeMap<String, Tree>,
}

#[test]
fn comparing_what_holds_itself_takes_no_time_that_doubles_with_each_level() {
    let leaf = |id| Tree {
        id,
        by_key: Vec::new(),
        by_name: BTreeMap::new(),
    };
    let tree = |last| {
        (0..40).fold(leaf(last), |inner, id| {
            let mut outer = leaf(id);
            if id % 2 == 0 {
                outer.by_key.push(inner);
            } else {
                outer.by_name.insert("x".to_owned(), inner);
            }
            outer
        })
    };
    assert!(diff(&tree(100), &tree(100)).unwrap().is_empty());
    assert_eq!(diff(&tree(100), &tree(101)).unwrap().len(), 1);
}

#[derive(Audited)]
struct Prices {
    #[audit(key = "0")]
    list: Vec<(u32, u32)>,
}

#[test]
fn a_tuple_has_a_key_too() {
    let prices = |list: &[(u32, u32)]| Prices {
        list: list.to_vec(),
    };
    let (before, after) = (prices(&[(7, 1), (8, 2)]), prices(&[(8, 2), (7, 3)]));
    let changes = diff(&before, &after).unwrap();
    assert_eq!(
        stored(&changes),
        json!({
            "list[0=8]": {"moved": {"from": 1, "to": 0}},
            "list[0=7]": {"old": [7, 1], "new": [7, 3]},
        })
    );
    let fields = |prices| audit_core::record_fields(prices).unwrap();
    assert_eq!(changes.apply(&fields(&before)).unwrap(), fields(&after));
    assert_eq!(changes.revert(&fields(&after)).unwrap(), fields(&before));
}
