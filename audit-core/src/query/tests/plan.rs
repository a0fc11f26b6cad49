//! What to write back.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Log, closed, created, failed, short};
use crate::entry::{AuditEntry, Outcome};
use crate::query::{Refusal, RefusalReason, RevertPlan};
use crate::{ErrorKind, MASK, MissingReason, Obscured};

fn plan_of(log: &Log, number: u128) -> RevertPlan {
    log.history().revert_plan(Uuid::from_u128(number)).unwrap()
}

fn refused(plan: &RevertPlan) -> Vec<(&str, RefusalReason)> {
    let all = plan.refused().iter();
    all.map(|Refusal { path, reason, .. }| (path.as_str(), *reason))
        .collect()
}

fn hidden(path: &str, why: Obscured) -> (&str, RefusalReason) {
    (path, RefusalReason::NotStored(why))
}

fn kind<T: std::fmt::Debug>(result: crate::Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn one_entry_is_taken_back_and_the_rest_stays() {
    let mut log = Log::of(&[created(), closed()]);
    log.add(
        "update",
        json!({"owner": {"old": null, "new": "ada"}}),
        |_| {},
    );
    let present = log.state().unwrap();
    let plan = plan_of(&log, 2);
    assert_eq!(plan.entity().entity_type(), "incident");
    assert_eq!(
        plan.fields().collect::<Vec<_>>(),
        [("status", Some(&json!("open")))]
    );
    let after = plan.apply_to(&present).unwrap().unwrap();
    assert_eq!(
        after,
        json!({"status": "open", "tags": ["a"], "owner": "ada"})
    );

    let error = plan.apply_to(&after).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("`status`"), "{error}");
    assert_eq!(kind(plan.apply_to(None)), ErrorKind::Mismatch);
}

#[test]
fn each_path_that_has_moved_on_is_named() {
    let mut log = Log::new();
    let changes =
        json!({"a": {"old": 1, "new": 2}, "b": {"old": 1, "new": 2}, "c": {"old": 1, "new": 2}});
    log.add("update", changes, |_| {});
    let error = plan_of(&log, 1)
        .apply_to(&json!({"a": 3, "b": 2, "c": 4}))
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`a`, `c`") && !text.contains("`b`"), "{text}");
}

#[test]
fn what_made_or_ended_a_record_is_taken_back_by_the_opposite() {
    let mut log = Log::of(&[created()]);
    let fields = log.state().unwrap();
    let plan = plan_of(&log, 1);
    assert_eq!(plan.apply_to(&fields).unwrap(), None);
    assert_eq!(kind(plan.apply_to(None)), ErrorKind::Mismatch);
    let moved = json!({"status": "closed", "tags": ["a"], "owner": null});
    assert_eq!(kind(plan.apply_to(&moved)), ErrorKind::Mismatch);

    let went = json!({"status": {"old": "open"}, "tags": {"old": ["a"]}, "owner": {"old": null}});
    log.add("unregister", went.clone(), |_| {});
    log.add("register", json!({"status": {"new": "x"}}), |_| {});
    log.add("delete", json!({"status": {"old": "x"}}), |_| {});
    assert_eq!(plan_of(&log, 2).apply_to(None).unwrap(), Some(fields));
    assert_eq!(
        plan_of(&log, 3).apply_to(&json!({"status": "x"})).unwrap(),
        None
    );
    let back = plan_of(&log, 4).apply_to(None).unwrap();
    assert_eq!(back, Some(json!({"status": "x"})));
    assert_eq!(
        kind(plan_of(&log, 4).apply_to(&json!({"status": "y"}))),
        ErrorKind::Mismatch
    );
}

#[test]
fn a_custom_action_that_only_adds_or_takes_away_leaves_the_record_there() {
    let mut log = Log::of(&[created()]);
    log.add("tag", json!({"rank": {"new": 1}}), |_| {});
    let present = log.state().unwrap();
    let back = plan_of(&log, 2).apply_to(&present).unwrap();
    assert_eq!(back, log.history().state_at(0_u64).unwrap());
    log.add("untag", json!({"rank": {"old": 1}}), |_| {});
    assert_eq!(
        plan_of(&log, 3).apply_to(&log.state().unwrap()).unwrap(),
        Some(present)
    );
}

#[test]
fn what_is_not_stored_is_refused_by_path() {
    let mut log = Log::of(&[created()]);
    let hash = json!({"$hash": "k:1"});
    let cut = json!({"$truncated": {"bytes": 9, "head": "x"}});
    let changes = json!({
        "token": {"old": MASK, "new": MASK},
        "mail": {"old": hash, "new": hash},
        "text": {"old": "a", "new": cut},
        "card": {"old": {"$masked": "1"}, "new": {"$masked": "2"}},
        "deep": {"old": {"x": [{"$erased": true}]}, "new": 1},
        "status": {"old": "open", "new": "closed"},
        "tags[b]": {"new": "b"},
        "tags[********]": {"new": "c"},
    });
    log.add("update", changes, |_| {});
    let plan = plan_of(&log, 2);
    let expected = [
        hidden("card", Obscured::Masked),
        hidden("deep", Obscured::Erased),
        hidden("mail", Obscured::Hashed),
        hidden("tags[********]", Obscured::Redacted),
        hidden("text", Obscured::Truncated),
        hidden("token", Obscured::Redacted),
    ];
    assert_eq!(refused(&plan), expected);
    let present = json!({"status": "closed", "tags": ["a", "b", "c"], "token": "hunter2"});
    let error = plan.apply_to(&present).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Irreversible);
    let text = error.to_string();
    assert!(
        text.contains("`mail` (the value is hashed)") && !text.contains("hunter2"),
        "{text}"
    );

    // A list of which a part is refused is left alone.
    let rest = plan.without_refused();
    assert_eq!(rest.fields().count(), 1);
    let after = rest.apply_to(&present).unwrap().unwrap();
    assert_eq!(
        after,
        json!({"status": "open", "tags": ["a", "b", "c"], "token": "hunter2"})
    );
}

#[test]
fn what_changed_nothing_cannot_be_taken_back() {
    let mut log = Log::of(&[
        created(),
        ("access", json!({})),
        ("baseline", json!({"a": {"new": 1}})),
    ]);
    let (action, changes) = closed();
    log.add(action, changes.clone(), failed);
    for number in [2, 3, 4] {
        let result = log.history().revert_plan(Uuid::from_u128(number));
        assert_eq!(kind(result), ErrorKind::Irreversible, "{number}");
    }
    let unknown = log.history().revert_plan(Uuid::from_u128(99));
    assert_eq!(kind(unknown), ErrorKind::NotFound);
    log.add(action, changes, short);
    let plan = plan_of(&log, 5);
    let left_out = RefusalReason::Incomplete(MissingReason::LeftOut);
    assert_eq!(refused(&plan), [("", left_out)]);
    assert_eq!(refused(&plan.without_refused()), [("", left_out)]);
}

fn plan_to(log: &Log, index: u64) -> RevertPlan {
    log.history().revert_plan_to(index).unwrap()
}

#[test]
fn a_record_is_made_what_it_was_at_any_moment() {
    let mut log = Log::of(&[created(), closed()]);
    log.add(
        "update",
        json!({"tags[b]": {"new": "b"}, "owner": {"old": null, "new": "ada"}}),
        |_| {},
    );
    log.add("delete", json!({}), |_| {});
    log.add("create", json!({"status": {"new": "anew"}}), |_| {});
    let history = log.history();
    let is = history.state_at(u64::MAX).unwrap();
    for index in 0..5 {
        let was = history.state_at(index).unwrap();
        assert_eq!(
            plan_to(&log, index).apply_to(is.as_ref()).unwrap(),
            was,
            "{index}"
        );
    }
    assert_eq!(plan_to(&log, 4).fields().count(), 0);
    log.add("delete", json!({}), |_| {});
    for index in 0..6 {
        let was = log.history().state_at(index).unwrap();
        assert_eq!(plan_to(&log, index).apply_to(None).unwrap(), was, "{index}");
    }
}

#[test]
fn nothing_of_the_record_may_have_moved_on() {
    let mut log = Log::of(&[created(), closed()]);
    log.add(
        "update",
        json!({"token": {"old": MASK, "new": MASK}}),
        |_| {},
    );
    let plan = log.history().revert_plan_to(0_u64).unwrap();
    // The token was never told of at first.
    assert!(!plan.refused().is_empty());

    let log = Log::of(&[created(), closed()]);
    let plan = plan_to(&log, 0);
    let present = json!({"status": "closed", "tags": ["a"], "owner": "ada"});
    let error = plan.apply_to(&present).unwrap_err().to_string();
    assert!(error.contains("`owner`"), "{error}");
    // A field that the log has never heard of is none of its business.
    let present = json!({"status": "closed", "tags": ["a"], "owner": null, "extra": 1});
    let after = plan.apply_to(&present).unwrap();
    assert_eq!(
        after,
        Some(json!({"status": "open", "tags": ["a"], "owner": null, "extra": 1}))
    );
}

#[test]
fn masks_that_are_alike_may_hide_values_that_differ() {
    let hash = |digit: &str| json!({"$hash": format!("0123abcd:{}", digit.repeat(32))});
    let mut log = Log::of(&[(
        "create",
        json!({"token": {"new": MASK}, "old": {"new": MASK}, "mail": {"new": hash("1")}, "n": {"new": 1}}),
    )]);
    let changes = json!({"token": {"old": MASK, "new": MASK}, "mail": {"old": hash("1"), "new": hash("2")}, "n": {"old": 1, "new": 2}});
    log.add("update", changes, |_| {});
    let plan = plan_to(&log, 0);
    let expected = [
        hidden("token", Obscured::Redacted),
        hidden("mail", Obscured::Hashed),
    ];
    assert_eq!(refused(&plan), expected);
    let present = json!({"token": MASK, "old": MASK, "mail": {"$hash": "?0"}, "n": 2});
    let after = plan.without_refused().apply_to(&present).unwrap().unwrap();
    assert_eq!(after["n"], 1);
    // Equal digests are equal values.
    log.add(
        "update",
        json!({"mail": {"old": hash("2"), "new": hash("1")}}),
        |_| {},
    );
    assert_eq!(
        refused(&plan_to(&log, 0)),
        [hidden("token", Obscured::Redacted)]
    );
    assert_eq!(
        refused(&plan_to(&log, 1)),
        [hidden("mail", Obscured::Hashed)]
    );
}

#[test]
fn an_incomplete_history_is_refused_by_path() {
    let mut log = Log::of(&[created()]);
    log.add(
        "update",
        json!({"status": {"old": "triaged", "new": "closed"}}),
        |_| {},
    );
    let plan = plan_to(&log, 0);
    let mismatch = RefusalReason::Incomplete(MissingReason::Mismatch);
    assert_eq!(refused(&plan), [("status", mismatch)]);
    let mut log = Log::new();
    let (action, changes) = closed();
    log.add(action, changes, |_| {});
    let beginning = RefusalReason::Incomplete(MissingReason::Beginning);
    assert_eq!(refused(&plan_to(&log, 0)), [("", beginning)]);
    let mut log = Log::new();
    log.add("login", json!({}), |entry: &mut AuditEntry| {
        entry.entity = None;
    });
    log.add("export", json!({}), |entry: &mut AuditEntry| {
        entry.outcome = Outcome::Success;
    });
    let result = log.history().revert_plan_to(0_u64);
    assert_eq!(kind(result), ErrorKind::IncompleteHistory);
}

#[test]
fn a_record_that_never_was_needs_nothing() {
    let log = Log::new();
    let plan = log.history().revert_plan_to(u64::MAX).unwrap();
    assert_eq!(plan.apply_to(None).unwrap(), None);
    assert_eq!(kind(plan.apply_to(&Value::Null)), ErrorKind::Mismatch);
}

#[test]
fn a_creation_that_is_told_twice_is_taken_back_by_either_and_one_over_another_by_none() {
    let mut log = Log::new();
    let operation = |entry: &mut AuditEntry| entry.operation = Some(Uuid::from_u128(9));
    let (action, fields) = created();
    log.add(action, fields.clone(), operation);
    log.add(action, fields, operation);
    let present = log.state().unwrap();
    for number in [1, 2] {
        assert_eq!(plan_of(&log, number).apply_to(&present).unwrap(), None);
    }
    log.add(action, json!({"status": {"new": "anew"}}), |_| {});
    let mismatch = RefusalReason::Incomplete(MissingReason::Mismatch);
    assert_eq!(refused(&plan_of(&log, 3)), [("", mismatch)]);
}

#[test]
fn however_much_differs_is_written_back() {
    let value = |n: u64| {
        (0..12_000)
            .map(|field| (format!("f{field}"), json!(n)))
            .collect::<serde_json::Map<_, _>>()
    };
    let mut log = Log::of(&[("create", json!({"map": {"new": value(1)}}))]);
    log.add(
        "update",
        json!({"map": {"old": value(1), "new": value(2)}}),
        |_| {},
    );
    let present = log.state().unwrap();
    let was = log.history().state_at(0_u64).unwrap();
    assert_eq!(plan_to(&log, 0).apply_to(&present).unwrap(), was);
    assert_eq!(
        log.history().diff_between(0_u64, 1_u64).unwrap().len(),
        12_000
    );
}
