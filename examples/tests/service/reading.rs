//! A company's own log over HTTP.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::client::Person;
use crate::desk::{Desk, until};

#[test]
fn each_filter_finds_what_it_says_and_nothing_else() {
    let desk = Desk::open(&[]);
    let (lead, analyst) = (desk.person("ingrid.solbakken"), desk.person("oystein.dahl"));
    let first = lead.report("first");
    let second = analyst.report("second");
    let note = format!("/incidents/{}/note", second.id());
    let noted = analyst.post(&note, &json!({"text": "looked at"}));
    let premature = format!("/incidents/{}/close", first.id());
    let refused = lead.post(&premature, &json!({"reason": "done"}));
    assert_eq!((noted.status, refused.status), (200, 409));
    let actor = Person::find("oystein.dahl").id;
    let (first, second) = (first.id().to_string(), second.id().to_string());

    let found = |question: &[(&str, &str)]| -> Vec<String> {
        let entries = lead.audit(question);
        let actions = entries.iter().rev().map(|entry| &entry["action"]);
        actions
            .map(|action| action.as_str().unwrap().to_owned())
            .collect()
    };
    let incident = |id| [("entity_type", "incident"), ("entity_id", id)];
    assert_eq!(found(&incident(&first)), ["create", "report", "close"]);
    assert_eq!(
        found(&incident(&second)),
        ["create", "report", "update", "note"]
    );
    assert_eq!(found(&[("entity_type", "account")]), ["login", "login"]);
    assert_eq!(found(&[("action", "note")]), ["note"]);
    assert_eq!(
        found(&[("actor", &actor), ("entity_type", "incident")]),
        ["create", "report", "update", "note"]
    );
    assert_eq!(found(&[("outcome", "failure")]), ["close", "access"]);
    assert_eq!(
        found(&[("changed", "note"), ("action", "update")]),
        ["update"]
    );
    assert_eq!(
        found(&[("request_id", &noted.request_id)]),
        ["update", "note", "access"]
    );
    assert_eq!(found(&[("action", "dance")]), [] as [&str; 0]);
    let close = &lead.audit(&[("action", "close")])[0];
    let time = close["timestamp"].as_str().unwrap();
    // From a time on, and up to but without it.
    assert_eq!(
        found(&[("since", time), ("entity_type", "incident")]),
        ["close"]
    );
    assert!(!found(&[("until", time)]).contains(&"close".to_owned()));
    assert!(found(&[("until", time)]).contains(&"note".to_owned()));
}

#[test]
fn pages_give_each_entry_once_while_others_write() {
    let desk = Desk::open(&[]);
    let (lead, analyst) = (desk.person("ingrid.solbakken"), desk.person("oystein.dahl"));
    for _ in 0..10 {
        analyst.report("before");
    }
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut written = 0;
            while !is_over.load(Ordering::Relaxed) {
                analyst.report("meanwhile");
                written += 1;
            }
            written
        });
        let top = || lead.page(&[("limit", "1")], None).body["entries"][0]["index"].as_u64();
        let entries = lead.audit(&[("limit", "3")]);
        // Newest first, down to the very first, and none is left out or comes twice.
        let indexes: Vec<_> = entries
            .iter()
            .map(|entry| entry["index"].as_u64())
            .collect();
        let expected: Vec<_> = (0..=indexes[0].unwrap()).rev().map(Some).collect();
        assert_eq!(indexes, expected);
        let newer = until("something is written meanwhile", || {
            top().filter(|top| Some(*top) > indexes[0])
        });
        is_over.store(true, Ordering::Relaxed);
        assert!(writer.join().unwrap() > 0 && newer > 30);
    });
}

#[test]
fn a_cursor_is_for_the_question_of_the_company_that_got_it() {
    let desk = Desk::open(&[]);
    let (lead, other) = (desk.person("ingrid.solbakken"), desk.person("zoe.mueller"));
    for client in [&lead, &other] {
        client.report("one");
        client.report("two");
    }
    let question = [("limit", "2"), ("entity_type", "incident")];
    let page = lead.page(&question, None);
    let cursor = page.body["next"].as_str().unwrap();
    assert_eq!(lead.page(&question, Some(cursor)).status, 200);

    let mut edited = cursor.to_owned();
    let last = if edited.pop() == Some('A') { 'B' } else { 'A' };
    edited.insert(edited.len() / 2, last);
    let cut = &cursor[1..];
    let of_another_question = [("limit", "2"), ("action", "create")];
    for refused in [
        other.page(&question, Some(cursor)),
        lead.page(&of_another_question, Some(cursor)),
        lead.page(&question, Some(&edited)),
        lead.page(&question, Some(cut)),
        lead.page(&question, Some("")),
        lead.page(&question, Some("\0")),
        lead.page(&question, Some(&"x".repeat(10_000))),
    ] {
        assert_eq!(refused.status, 400, "{}", refused.body);
        let error = refused.body["error"].as_str().unwrap();
        assert!(error.contains("begin again without a cursor"), "{error}");
    }
}

#[test]
fn a_question_that_makes_no_sense_is_refused_by_the_word() {
    let desk = Desk::open(&[]);
    let lead = desk.person("ingrid.solbakken");
    for (question, named) in [
        (("colour", "red"), "colour"),
        (("company", "Café Müller GmbH"), "company"),
        (("outcome", "fine"), "fine"),
        (("since", "yesterday"), "since"),
        (("limit", "-1"), "limit"),
        (("limit", "many"), "limit"),
        (("limit", "0"), "from 1 to 200"),
        (("limit", "201"), "from 1 to 200"),
        (("entity_id", "7"), "entity_type"),
    ] {
        let refused = lead.page(&[question], None);
        assert_eq!(refused.status, 400, "{question:?}: {}", refused.body);
        let error = refused.body["error"].as_str().unwrap();
        assert!(error.contains(named), "{question:?}: {error}");
    }
    for limit in ["1", "200"] {
        assert_eq!(lead.page(&[("limit", limit)], None).status, 200);
    }
}

#[test]
fn who_is_no_lead_may_not_read_and_the_attempt_is_told_of() {
    let desk = Desk::open(&[]);
    let (lead, analyst) = (desk.person("ingrid.solbakken"), desk.person("oystein.dahl"));
    let refused = analyst.page(&[], None);
    assert_eq!(refused.status, 403);
    let log = lead.audit(&[("request_id", &refused.request_id)]);
    let [access] = &log[..] else {
        panic!("{log:?}");
    };
    assert_eq!(access["entity_name"], "GET /audit");
    assert_eq!(access["outcome"], "denied");
    assert_eq!(access["actor_name"], "Øystein Dahl");
    assert_eq!(access["metadata"]["status"], 403);
}

#[test]
fn what_another_program_changes_is_told_of_by_nobody() {
    let desk = Desk::open(&[]);
    let lead = desk.person("ingrid.solbakken");
    let id = lead.report("as it was").id();
    let other = desk.connection();
    let changed = other
        .execute(
            "UPDATE incidents SET severity = 'critical' WHERE id = ?1",
            [id],
        )
        .unwrap();
    assert_eq!(changed, 1);

    let question = [("changed", "severity"), ("action", "update")];
    let log = until("the change is told of", || {
        let log = lead.audit(&question);
        (!log.is_empty()).then_some(log)
    });
    let [update] = &log[..] else {
        panic!("{log:?}");
    };
    assert_eq!(update["actor_kind"], "unattributed");
    assert_eq!(update["entity_id"], id);
    assert_eq!(
        update["changes"]["severity"],
        json!({"old": "low", "new": "critical"})
    );
    assert_eq!(update["request_id"], Value::Null);
}
