//! What the log does not tell of a record.

use serde_json::json;

use super::{Log, at, closed, created, short};
use crate::MissingReason::{Beginning, Gap, LeftOut, Mismatch, Redacted, Truncated};
use crate::entry::{Entity, Outcome};
use crate::{ErrorKind, MASK};

#[test]
fn before_the_first_change_there_was_a_record_of_which_nothing_is_known() {
    let others = |log: &mut Log| {
        log.add("login", json!({}), |entry| {
            entry.entity = Some(Entity::new("user").identified(1));
        });
    };
    for (action, changes) in [
        closed(),
        ("restore", json!({"status": {"new": "open"}})),
        ("baseline", json!({"status": {"new": "open"}})),
        ("export", json!({})),
        ("delete", json!({})),
    ] {
        let mut log = Log::new();
        others(&mut log);
        log.add(action, changes, |_| {});
        let error = log.history().state_at(0_u64).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IncompleteHistory, "{action}");
        let text = error.to_string();
        assert!(
            text.contains("whole record") && text.contains("index 1"),
            "{text}"
        );
    }
}

#[test]
fn a_history_that_begins_in_the_middle_is_known_in_part() {
    let mut log = Log::of(&[
        closed(),
        (
            "update",
            json!({"place.city": {"old": "Oslo", "new": "Bergen"}}),
        ),
    ]);
    let known = log.history().state_at_lossy(u64::MAX).unwrap();
    assert_eq!(
        known.fields,
        Some(json!({"status": "closed", "place": {"city": "Bergen"}}))
    );
    assert_eq!(log.missing(), [(String::new(), Beginning)]);
    // A baseline tells all.
    log.add("baseline", json!({"status": {"new": "closed"}}), |_| {});
    assert_eq!(log.state(), Some(json!({"status": "closed"})));
}

#[test]
fn what_was_made_or_restored_without_its_fields_is_not_known() {
    for action in ["create", "restore"] {
        let log = Log::of(&[(action, json!({}))]);
        assert_eq!(log.missing(), [(String::new(), Beginning)], "{action}");
    }
    let mut log = Log::of(&[created(), ("delete", json!({}))]);
    assert_eq!(log.state(), None);
    log.add(
        "restore",
        json!({"status": {"old": null, "new": "open"}}),
        |_| {},
    );
    assert_eq!(log.missing(), [(String::new(), Beginning)]);
}

#[test]
fn a_change_that_does_not_fit_shows_that_something_is_missing() {
    let mut log = Log::of(&[created()]);
    let changes = json!({
        "status": {"old": "triaged", "new": "closed"},
        "tags[b]": {"old": "b"},
        "owner": {"old": null, "new": "ada"},
    });
    log.add("update", changes, |_| {});
    let error = log.history().state_at(u64::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::IncompleteHistory);
    let text = error.to_string();
    assert!(
        text.contains("`status`") && text.contains("`tags[b]`"),
        "{text}"
    );
    assert!(
        !text.contains("triaged") && !text.contains("`owner`"),
        "{text}"
    );
    // What is newer than what was known is known.
    let known = log.history().state_at_lossy(u64::MAX).unwrap();
    assert_eq!(
        known.fields,
        Some(json!({"status": "closed", "tags": ["a"], "owner": "ada"}))
    );
    assert!(log.history().state_at(0_u64).unwrap().is_some());
    // It stays so until somebody tells all.
    log.add(
        "update",
        json!({"status": {"old": "closed", "new": "open"}}),
        |_| {},
    );
    assert_eq!(log.missing().len(), 2);
    log.add("delete", json!({}), |_| {});
    assert_eq!(log.state(), None);
}

#[test]
fn a_list_whose_items_cannot_be_placed_stays_as_it_was() {
    let mut log = Log::of(&[("create", json!({"notes": {"new": [{"id": 1}, {"id": 2}]}}))]);
    log.add(
        "update",
        json!({"notes[1]": {"moved": {"from": 0, "to": 9}}}),
        |_| {},
    );
    assert_eq!(log.missing(), [("notes".to_owned(), Mismatch)]);
    let known = log.history().state_at_lossy(u64::MAX).unwrap();
    assert_eq!(known.fields, Some(json!({"notes": [{"id": 1}, {"id": 2}]})));
}

#[test]
fn what_had_no_room_is_missing_until_it_is_told_anew() {
    let cut = json!({"$truncated": {"bytes": 70_000, "head": "x"}});
    let mut log = Log::of(&[(
        "create",
        json!({"data": {"new": cut}, "list": {"new": [{"b": cut}]}, "short": {"new": {"$truncated": {"characters": 9, "head": "x"}}}}),
    )]);
    let missing = [
        ("data".to_owned(), Truncated),
        ("list[#0].b".to_owned(), Truncated),
    ];
    assert_eq!(log.missing(), missing);
    // Inside of it nothing can be told apart.
    log.add("update", json!({"data.x": {"old": 1, "new": 2}}), |_| {});
    assert_eq!(log.missing(), missing);
    let anew = json!({"data": {"old": {"x": 2}, "new": {"x": 3}}, "list": {"old": [], "new": []}});
    log.add("update", anew, |_| {});
    assert_eq!(log.state().unwrap()["data"], json!({"x": 3}));
}

#[test]
fn changes_that_were_left_out_are_missing() {
    let mut log = Log::of(&[created()]);
    let (action, changes) = closed();
    log.add(action, changes.clone(), short);
    assert_eq!(log.missing(), [(String::new(), LeftOut)]);
    let (action, changes) = created();
    let mut log = Log::new();
    log.add(action, changes, short);
    assert_eq!(log.missing(), [(String::new(), LeftOut)]);
    log.add("restore", json!({"status": {"new": "open"}}), |_| {});
    assert_eq!(log.missing(), []);
}

#[test]
fn a_path_that_hides_a_secret_is_missing() {
    let mut log = Log::of(&[("create", json!({"keys": {"new": {"x": 1}}}))]);
    let path = format!("keys[\"{MASK}\"]");
    log.add("update", json!({path.clone(): {"new": 1}}), |_| {});
    assert_eq!(log.missing(), [(path, Redacted)]);
}

#[test]
fn lost_entries_may_have_been_about_any_record() {
    let gap = |log: &mut Log, first: i64, last: i64| {
        log.add("audit_gap", json!({}), |entry| {
            entry.entity = Some(Entity::new("audit_log"));
            entry.outcome = Outcome::Failure;
            entry.metadata.insert("first".to_owned(), json!(at(first)));
            entry.metadata.insert("last".to_owned(), json!(at(last)));
        });
    };
    let mut log = Log::of(&[created(), closed()]);
    // Lost before it was created at 10, told of later.
    gap(&mut log, 1, 9);
    assert_eq!(log.missing(), []);
    gap(&mut log, 15, 16);
    assert_eq!(log.missing(), [(String::new(), Gap)]);
    let history = log.history();
    assert!(history.state_at(at(14)).is_ok() && history.state_at(at(15)).is_err());
    assert!(history.state_at(0_u64).is_ok(), "nothing was lost by then");
    assert!(
        history.state_at(1_u64).is_err(),
        "lost before, told of later"
    );
    log.add("delete", json!({}), |_| {});
    assert_eq!(log.state(), None);
    gap(&mut log, 51, 61);
    assert!(
        log.history().state_at(u64::MAX).is_err(),
        "it may have come back"
    );
    assert_eq!(
        log.tenant()
            .history("incident", 8)
            .state_at(u64::MAX)
            .unwrap(),
        None
    );
}

#[test]
fn a_path_of_any_depth_ends_nothing() {
    let mut log = Log::of(&[created()]);
    let mut path = String::from("a");
    for _ in 0..100 {
        path.push_str(&".a".repeat(200));
        log.add("update", json!({path.clone(): {"new": 1}}), |_| {});
    }
    let known = log.history().state_at_lossy(u64::MAX).unwrap();
    assert_eq!(known.missing.len(), 100);
    assert_eq!(known.fields.unwrap().as_object().unwrap().len(), 3);
}

#[test]
fn what_is_not_always_told_is_no_sign_of_loss() {
    let mut log = Log::of(&[(
        "create",
        json!({"seen": {"new": 1}, "load": {"new": {"cpu": 1}}, "n": {"new": 1}}),
    )]);
    let changes = json!({"seen": {"old": 5, "new": 6}, "load.cpu": {"old": 2, "new": 3}, "n": {"old": 1, "new": 2}});
    let update = log.add("update", changes, |_| {});
    assert_eq!(log.missing().len(), 2);
    let history = log.history().ignoring(["seen", "load"]);
    let state = history.state_at(u64::MAX).unwrap();
    assert_eq!(state, Some(json!({"seen": 6, "load": {"cpu": 3}, "n": 2})));

    let present = json!({"seen": 9, "load": {"cpu": 9}, "n": 2});
    for plan in [history.revert_plan(update), history.revert_plan_to(0_u64)] {
        let after = plan.unwrap().apply_to(&present).unwrap();
        assert_eq!(after, Some(json!({"seen": 9, "load": {"cpu": 9}, "n": 1})));
    }
    let log = Log::of(&[
        created(),
        (
            "update",
            json!({"status": {"old": "x", "new": "y"}, "n": {"old": 1, "new": 2}}),
        ),
    ]);
    let known = log
        .history()
        .ignoring(["status", "stat"])
        .state_at_lossy(u64::MAX)
        .unwrap();
    assert_eq!(known.missing.len(), 1, "n was never told of");
}

#[test]
fn what_was_only_marked_as_deleted_comes_back_as_it_was() {
    let mark = |old: Option<&str>, new: Option<&str>| json!({"deleted": {"old": old, "new": new}});
    let mut log = Log::of(&[("create", json!({"n": {"new": 1}, "deleted": {"new": null}}))]);
    log.add("delete", mark(None, Some("noon")), |_| {});
    assert_eq!(log.state(), None);
    log.add("restore", mark(Some("noon"), None), |_| {});
    assert_eq!(log.state(), Some(json!({"n": 1, "deleted": null})));
    // What does not fit may be another record.
    log.add("delete", mark(None, Some("noon")), |_| {});
    log.add("restore", mark(Some("dawn"), None), |_| {});
    assert_eq!(log.missing(), [(String::new(), Beginning)]);
    // What was not known before it went is not known afterwards.
    let mut log = Log::of(&[("update", mark(Some("dawn"), None))]);
    log.add("delete", mark(None, Some("noon")), |_| {});
    log.add("restore", mark(Some("noon"), None), |_| {});
    assert_eq!(log.missing(), [(String::new(), Beginning)]);
}

#[test]
fn what_is_not_known_is_left_out_and_never_made_up() {
    let log = Log::of(&[(
        "update",
        json!({
            "place.city": {"old": "Oslo", "new": "Bergen"},
            "a.notes[1].text": {"old": "x", "new": "y"},
            "tags[b]": {"new": "b"},
            "gone.x": {"old": 1},
            "gone": {"old": {}, "new": null},
        }),
    )]);
    let known = log.history().state_at_lossy(u64::MAX).unwrap();
    assert_eq!(
        known.fields,
        Some(json!({"place": {"city": "Bergen"}, "gone": null}))
    );
    let missing: Vec<_> = known
        .missing
        .iter()
        .map(|missing| missing.path.as_str())
        .collect();
    assert_eq!(missing, ["", "a.notes[1].text", "tags[b]"]);
}

#[test]
fn much_that_is_missing_is_summed_up() {
    let changes: serde_json::Map<_, _> = (0..1_200)
        .map(|field| (format!("f{field}"), json!({"old": 1, "new": 2})))
        .collect();
    let log = Log::of(&[created(), ("update", json!(changes))]);
    let known = log.history().state_at_lossy(u64::MAX).unwrap();
    assert_eq!(known.missing.len(), 1_000);
    assert_eq!(known.missing[999].path, "");
    let error = log.history().state_at(u64::MAX).unwrap_err().to_string();
    assert!(error.len() < 1_000 && error.contains("and more"), "{error}");
}
