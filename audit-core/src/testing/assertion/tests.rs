use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::json;

use crate::entry::{Actor, Change, Changes, Outcome, Severity};
use crate::record::{Auditor, Delivery, FailurePolicy};
use crate::store::MemoryStore;
use crate::testing::Captured;
use crate::{MASK, assert_audited, assert_nothing_else_audited};

fn failure<R>(assertion: impl FnOnce() -> R) -> String {
    let panic = catch_unwind(AssertUnwindSafe(assertion)).err().unwrap();
    panic.downcast_ref::<String>().unwrap().clone()
}

fn changes(list: &[(&str, Change)]) -> Changes {
    let list = list.iter().cloned();
    list.map(|(path, change)| (path.to_owned(), change))
        .collect()
}

/// An incident is created, closed and exported, and a login fails.
fn day() -> Captured {
    let log = Captured::new();
    let auditor = log.auditor();
    let ada = log
        .context("acme")
        .actor(Actor::user(17, "ada"))
        .request_id("r-1");
    ada.scope(|| {
        let created = auditor
            .log("create")
            .entity("incident", 7)
            .entity_name("port scan");
        let cause = created.record().unwrap().entry_id().unwrap();
        let closed = changes(&[
            ("status", Change::replaced(json!("open"), json!("resolved"))),
            ("notes[3].text", Change::added(json!(1.5))),
            ("api_token", Change::replaced(json!("a"), json!("b"))),
        ]);
        let close = auditor.log("close").entity("incident", 7).changes(closed);
        close.reason("dup").caused_by(cause).record().unwrap();
        let export = auditor
            .log("export")
            .metadata("rows", 3)
            .severity(Severity::Notice);
        export.denied("not an analyst").record().unwrap();
    });
    log.context("globex")
        .scope(|| auditor.log("login_failed").record())
        .unwrap();
    log
}

#[test]
fn every_word_matches() {
    let log = day();
    let created = assert_audited!(
        log,
        action = "create",
        entity_name = "port scan",
        tenant = "acme"
    );
    let old = String::from("open");
    let path = "notes";
    let close = assert_audited!(
        log,
        action = "close",
        entity = 7_u8,
        entity_type = "incident",
        actor = 17,
        request_id = "r-1",
        reason = "dup",
        caused_by = &created,
        changed "status" from old.as_str() to "resolved",
        changed "status" from "open",
        changed "status" to "resolved",
        changed path,
        changed (path.to_owned()),
        unchanged (format!("{path}[4]")),
        changed "notes[3].text" to 0.5 + 1.0,
        changed "api_token" from MASK to "********",
        unchanged "owner",
    );
    assert_eq!(close.index, 1);
    assert_audited!(
        log,
        outcome = "denied",
        severity = Severity::Notice,
        actor = "ada",
        error_class = "denied",
        metadata("row".to_owned() + "s") = 3
    );
    assert_audited!(log, outcome = Outcome::Success, tenant = "globex");
    assert_nothing_else_audited!(log);
}

#[test]
fn an_assertion_without_words_takes_anything() {
    let log = Captured::new();
    assert_eq!(
        failure(|| assert_audited!(log)),
        "no entry was audited with anything\nnothing else was audited"
    );
    log.context("a")
        .scope(|| log.auditor().log("x").record())
        .unwrap();
    assert_eq!(assert_audited!(log,).action, "x");
}

#[test]
fn the_same_assertion_again_takes_another_entry() {
    let log = Captured::new();
    log.context("a").scope(|| {
        for _ in 0..2 {
            log.auditor().log("export").record().unwrap();
        }
    });
    let indexes = [(); 3].map(|()| assert_audited!(log, action = "export").index);
    assert_eq!(indexes, [0, 1, 0]);
    assert_nothing_else_audited!(log);
}

#[test]
fn the_nearest_entry_is_shown_with_how_it_differs() {
    let log = day();
    let text = failure(
        || assert_audited!(log, action = "close", entity = 7, actor = "bob", changed "status" from "open" to "closed", unchanged "notes"),
    );
    assert_eq!(
        text,
        r#"no entry was audited with action = "close", entity = 7, actor = "bob", changed "status" from "open", changed "status" to "closed", unchanged "notes"
nearest, 3 of 6 right:
  acme #1: close incident 7 by user 17 "ada", success
    actor: asked "bob", is user 17 "ada"
    "status" after: asked "closed", is "resolved"
    "notes": asked unchanged, is changed
others:
  acme #0: create incident 7 "port scan" by user 17 "ada", success
  acme #2: export by user 17 "ada", denied
  globex #0: login_failed by anonymous, success"#
    );
}

#[test]
fn a_wrong_number_is_shown_with_what_was_found() {
    let log = day();
    assert_eq!(
        failure(|| assert_audited!(log, entity_type = "incident", times = 1)),
        r#"asked for 1 entry, found 2, with entity_type = "incident"
found:
  acme #0: create incident 7 "port scan" by user 17 "ada", success
  acme #1: close incident 7 by user 17 "ada", success"#
    );
    assert_eq!(
        failure(|| assert_audited!(log, times = 2, tenant = "globex", reason = "x")),
        r#"asked for 2 entries, found 0, with tenant = "globex", reason = "x"
nearest, 1 of 2 right:
  globex #0: login_failed by anonymous, success
    reason: asked "x", is absent
others:
  acme #0: create incident 7 "port scan" by user 17 "ada", success
  acme #1: close incident 7 by user 17 "ada", success
  acme #2: export by user 17 "ada", denied"#
    );
    assert_eq!(assert_audited!(log, tenant = "acme", times = 3).len(), 3);
    assert!(assert_audited!(log, action = "delete", times = 0).is_empty());
    assert_eq!(
        failure(|| assert_nothing_else_audited!(log)),
        "1 entry was audited that no assertion has claimed:\n  globex #0: login_failed by anonymous, success"
    );
}

#[test]
fn many_entries_are_listed_in_part() {
    let log = Captured::new();
    log.context("a").scope(|| {
        for _ in 0..13 {
            log.auditor().log("export").record().unwrap();
        }
    });
    let text = failure(|| assert_nothing_else_audited!(log));
    assert!(text.starts_with("13 entries were audited"), "{text}");
    assert!(text.ends_with("\n  and 3 entries more"), "{text}");
    assert_eq!(text.lines().count(), 12);
}

#[test]
fn no_secret_that_is_asked_for_is_shown() {
    let log = day();
    for text in [
        failure(|| assert_audited!(log, changed "api_token" to "hunter2")),
        failure(|| assert_audited!(log, metadata "password" = "hunter2")),
        failure(|| assert_audited!(log, reason = "password=hunter2")),
    ] {
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains(MASK), "{text}");
        assert!(text.contains("ask for it as it is stored"), "{text}");
    }
}

#[test]
fn a_value_that_is_long_is_cut() {
    let log = day();
    let reason = "ä".repeat(1000);
    let text = failure(|| assert_audited!(log, reason = reason.as_str()));
    assert!(text.chars().count() < 1000, "{text}");
}

#[test]
fn a_name_that_nobody_knows_says_which_are() {
    let log = day();
    let text = failure(|| assert_audited!(log, outcome = "denid"));
    assert!(text.contains("known are success failure denied"), "{text}");
    let text = failure(|| assert_audited!(log, severity = "high"));
    assert!(text.contains("known are info notice"), "{text}");
}

#[test]
fn what_is_queued_is_seen() {
    for delivery in [Delivery::Durable, Delivery::Buffered] {
        for policy in [FailurePolicy::Strict, FailurePolicy::BestEffort] {
            let auditor = Auditor::builder(MemoryStore::new());
            let auditor = auditor.delivery(delivery).policy(policy).build().unwrap();
            let log = Captured::of(&auditor);
            log.context("a").scope(|| {
                for _ in 0..100 {
                    auditor.log("export").record().unwrap();
                }
            });
            assert_audited!(log, action = "export", times = 100);
        }
    }
}

#[test]
fn an_auditor_and_a_tenant_log_are_matched_too() {
    let log = day();
    let auditor = log.auditor();
    assert_audited!(auditor, tenant = "globex");
    assert_audited!(auditor.tenant("acme"), action = "close");
    assert_audited!(auditor.tenant("acme"), tenant = "globex", times = 0);
    // Nothing of this is claimed.
    assert_eq!(log.unclaimed().unwrap().len(), 4);
}
