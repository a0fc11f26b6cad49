//! What is a change, and how many there may be.

use std::collections::HashMap;

use serde_json::json;

use super::*;

#[test]
fn equal_fields_report_nothing_and_are_not_serialized() {
    struct Unwritable;
    impl PartialEq for Unwritable {
        fn eq(&self, _: &Self) -> bool {
            true
        }
    }
    impl Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("read without need"))
        }
    }
    let mut fields = FieldDiff::new();
    fields.track("a", &Unwritable, &Unwritable);
    fields.redact("b", &1, &1);
    assert!(fields.finish().unwrap().is_empty());
}

#[test]
fn none_and_null_and_absent_are_told_apart() {
    let mut fields = FieldDiff::new();
    fields.track("assignee", &None::<&str>, &Some("ada"));
    fields.track("due", &None::<Option<u8>>, &Some(None));
    let changes = fields.finish().unwrap();
    assert_eq!(
        changes.get("assignee").unwrap(),
        &Change::replaced(Value::Null, json!("ada"))
    );
    assert_eq!(
        changes.get("due").unwrap(),
        &Change::replaced(Value::Null, json!({"$some": null}))
    );
}

#[test]
fn what_reads_the_same_is_no_change() {
    let mut fields = FieldDiff::new();
    fields.track("load", &f64::NAN, &f64::NAN);
    assert!(fields.finish().unwrap().is_empty());
}

#[test]
fn ignored_changes_alone_are_none() {
    let mut fields = FieldDiff::new();
    let mark = fields.mark();
    fields.track("seen", &1, &2);
    fields.ignore(mark);
    fields.ignore(mark);
    assert!(fields.finish().unwrap().is_empty());

    let mut fields = FieldDiff::new();
    let mark = fields.mark();
    fields.track("seen", &1, &2);
    fields.ignore(mark);
    fields.track("status", &1, &2);
    assert_eq!(fields.finish().unwrap().len(), 2);
}

#[test]
fn there_is_an_end_to_changes() {
    let before: HashMap<u32, u32> = (0..20_000).map(|key| (key, 0)).collect();
    let after = before.keys().map(|key| (*key, 1)).collect();
    let mut fields = FieldDiff::new();
    fields.track("counters", &before, &after);
    let changes = fields.finish().unwrap();
    assert_eq!(changes.len(), MOST_CHANGES);
    assert_eq!(changes.extra().unwrap().left_out, 10_000);
}
