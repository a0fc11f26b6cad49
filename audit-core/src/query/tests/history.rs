//! What a record was, and who changed it.

use serde_json::json;
use uuid::Uuid;

use super::{Log, closed, created, failed};
use crate::entry::{Entity, Outcome};
use crate::{ErrorKind, MASK};

#[test]
fn a_state_is_what_was_created_and_has_changed_since() {
    let log = Log::of(&[
        created(),
        ("access", json!({})),
        closed(),
        ("tag", json!({"tags[b]": {"new": "b"}})),
        ("delete", json!({"status": {"old": "closed"}})),
        ("create", json!({"status": {"new": "again"}})),
    ]);
    let history = log.history();
    let states: Vec<_> = (0..6_u64)
        .map(|index| history.state_at(index).unwrap())
        .collect();
    let open = json!({"status": "open", "tags": ["a"], "owner": null});
    let closed = json!({"status": "closed", "tags": ["a"], "owner": null});
    assert_eq!(
        states,
        [
            Some(open.clone()),
            Some(open),
            Some(closed),
            Some(json!({"status": "closed", "tags": ["a", "b"], "owner": null})),
            None,
            Some(json!({"status": "again"})),
        ]
    );
    assert_eq!(history.entries().count().unwrap(), 6);
}

#[test]
fn what_nobody_has_heard_of_is_not_there() {
    let mut log = Log::new();
    assert_eq!(log.state(), None);
    log.add("create", json!({}), failed);
    assert_eq!(log.state(), None);
    let (action, changes) = created();
    log.add(action, changes, |_| {});
    assert_eq!(log.history().state_at(0_u64).unwrap(), None);
    assert_eq!(
        log.tenant()
            .history("incident", "7")
            .state_at(9_u64)
            .unwrap(),
        None
    );
}

#[test]
fn an_action_of_another_name_may_make_and_end_a_record_and_an_update_may_not() {
    let mut log = Log::of(&[("register", json!({"name": {"new": "ada"}}))]);
    assert_eq!(log.state(), Some(json!({"name": "ada"})));
    log.add("promote", json!({"rank": {"new": 1}}), |_| {});
    assert_eq!(log.state(), Some(json!({"name": "ada", "rank": 1})));
    log.add("strip", json!({"rank": {"old": 1}}), |_| {});
    assert_eq!(log.state(), Some(json!({"name": "ada"})));
    log.add("update", json!({"name": {"old": "ada"}}), |_| {});
    assert_eq!(log.state(), Some(json!({})));

    let mut log = Log::of(&[("register", json!({"name": {"new": "ada"}}))]);
    log.add("unregister", json!({"name": {"old": "ada"}}), |_| {});
    assert_eq!(log.state(), None);
    log.add("unregister", json!({"name": {"old": "ada"}}), |_| {});
    assert_eq!(log.state(), None, "it is gone already");
}

#[test]
fn what_did_not_succeed_changed_nothing() {
    for outcome in &Outcome::ALL[1..] {
        let mut log = Log::of(&[created()]);
        for action in ["update", "delete", "create", "close"] {
            let changes = json!({"status": {"old": "open", "new": "closed"}});
            log.add(action, changes, |entry| entry.outcome = *outcome);
        }
        assert_eq!(log.state().unwrap()["status"], "open", "{outcome}");
    }
}

#[test]
fn redacted_values_are_shown_as_they_were_recorded() {
    let hash = |digit: &str| json!({"$hash": format!("0123abcd:{}", digit.repeat(32))});
    let mut log = Log::of(&[(
        "create",
        json!({"token": {"new": MASK}, "mail": {"new": hash("1")}}),
    )]);
    let changes =
        json!({"token": {"old": MASK, "new": MASK}, "mail": {"old": hash("2"), "new": hash("3")}});
    log.add("update", changes, |_| {});
    assert_eq!(log.state(), Some(json!({"token": MASK, "mail": hash("3")})));
}

#[test]
fn neighbours_and_last_changes_are_found() {
    let mut log = Log::of(&[(
        "create",
        json!({"place": {"new": {"city": "Oslo", "zip": 1}}}),
    )]);
    let create = Uuid::from_u128(1);
    let zip = log.add("update", json!({"place.zip": {"old": 1, "new": 2}}), |_| {});
    let denied = log.add("update", json!({"place.zip": {"old": 2, "new": 3}}), failed);
    let whole =
        json!({"place": {"old": {"city": "Oslo", "zip": 2}, "new": {"city": "Bergen", "zip": 2}}});
    let city = log.add("update", whole, |_| {});
    let other = log.add("update", json!({"x": {"new": 1}}), |entry| {
        entry.entity = Some(Entity::new("incident").identified(8));
    });
    let history = log.history();
    let last = |path: &str| history.last_change_of(path).unwrap().map(|entry| entry.id);
    assert_eq!(last("place.zip"), Some(zip));
    assert_eq!(last("place.city"), Some(city));
    assert_eq!(last("place"), Some(city));
    assert_eq!(
        (last("place.street"), last("x"), last("")),
        (None, None, None)
    );

    let next = |id| history.next(id).unwrap().map(|entry| entry.id);
    let previous = |id| history.previous(id).unwrap().map(|entry| entry.id);
    assert_eq!((previous(create), next(create)), (None, Some(zip)));
    assert_eq!((previous(city), next(city)), (Some(denied), None));
    for unknown in [other, Uuid::from_u128(99)] {
        let error = history.next(unknown).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.entry_id(), Some(unknown));
    }
}

#[test]
fn differences_lead_from_one_state_to_the_other_and_back() {
    let log = Log::of(&[
        created(),
        closed(),
        (
            "update",
            json!({"tags[b]": {"new": "b"}, "extra": {"new": {"$$x": 1}}}),
        ),
        ("delete", json!({})),
    ]);
    let history = log.history();
    for (a, b) in [(0_u64, 2_u64), (2, 0), (1, 1)] {
        let changes = history.diff_between(a, b).unwrap();
        let state = |index: u64| history.state_at(index).unwrap().unwrap();
        assert_eq!(changes.apply(&state(a)).unwrap(), state(b));
        assert_eq!(changes.revert(&state(b)).unwrap(), state(a));
    }
    assert!(history.diff_between(1_u64, 1_u64).unwrap().is_empty());
    let went = history.diff_between(2_u64, 3_u64).unwrap();
    assert!(went.len() == 4 && went.iter().all(|(_, change)| change.new.is_none()));
    assert_eq!(went.get("status").unwrap().old, Some(json!("closed")));
}
