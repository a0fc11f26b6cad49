//! Work that does not end well: the client leaves, the handler panics, the job fails.

use std::io::Write as _;
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::client::Person;
use crate::desk::{Desk, until, until_an_action_has_begun};

#[test]
fn who_leaves_half_way_cancels_what_was_asked_for() {
    // The SIEM answers when nobody waits for it any more.
    let desk = Desk::open(&["--siem-delay", "3600000"]);
    let lead = desk.person("ingrid.solbakken");
    let id = lead.report("to be forwarded").id();

    let mut stream = TcpStream::connect(desk.address()).unwrap();
    let token = lead.token.as_deref().unwrap();
    let request = format!(
        "POST /incidents/{id}/forward HTTP/1.1\r\nhost: desk\r\nx-request-id: left-early\r\n\
         authorization: Bearer {token}\r\ncontent-length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    until_an_action_has_begun(&desk);
    drop(stream);

    let log = until("both entries are there", || {
        let log = lead.audit(&[("request_id", "left-early")]);
        (log.len() >= 2).then_some(log)
    });
    let [access, forward] = &log[..] else {
        panic!("{log:?}");
    };
    assert_eq!(forward["action"], "forward");
    assert_eq!(forward["outcome"], "cancelled");
    assert_eq!(forward["entity_id"], id);
    assert_eq!(forward["actor_name"], "Ingrid Solbakken");
    assert_eq!(access["action"], "access");
    assert_eq!(access["outcome"], "cancelled");
    assert_eq!(access["entity_name"], "POST /incidents/{id}/forward");
    assert_eq!(access["operation"], forward["operation"]);
}

#[test]
fn a_handler_that_panics_is_told_of_and_harms_nobody_else() {
    let mut desk = Desk::open(&["--drill"]);
    let lead = desk.person("ingrid.solbakken");
    let answer = lead.post("/drill/panic", &Value::Null);
    assert_eq!(answer.status, 500);
    assert_eq!(answer.body, json!({"error": "the desk is in trouble"}));

    let log = until("both entries are there", || {
        let log = lead.audit(&[("request_id", &answer.request_id)]);
        (log.len() >= 2).then_some(log)
    });
    let [access, drill] = &log[..] else {
        panic!("{log:?}");
    };
    assert_eq!(drill["action"], "drill");
    assert_eq!(drill["outcome"], "panicked");
    assert_eq!(access["action"], "access");
    assert_eq!(access["outcome"], "panicked");
    assert_eq!(access["actor_name"], "Ingrid Solbakken");

    assert_eq!(lead.get("/health").body, "up");
    lead.report("life goes on");
    let ended = desk.stop();
    assert!(ended.status.success(), "{}", ended.complaints);
    // Its own message is all that was complained of.
    assert_eq!(ended.complaints.matches("panicked at").count(), 1);
    assert!(!ended.complaints.contains("audit"), "{}", ended.complaints);
}

#[test]
fn a_job_that_fails_twice_leaves_three_attempts_on_behalf_of_who_asked() {
    let desk = Desk::open(&["--drill"]);
    let lead = desk.person("ingrid.solbakken");
    let id = lead.report("waits for the night").id();
    let answer = lead.post("/nightly", &json!({"at_least": "low"}));
    assert_eq!(answer.status, 202);

    let mut attempts = until("the job has ended", || {
        let attempts = lead.audit(&[("action", "run_job")]);
        (attempts.len() == 3).then_some(attempts)
    });
    attempts.reverse();
    let schedule = only(&lead.audit(&[("action", "schedule_nightly")]));
    is_nights_work(&attempts, &schedule);

    // What it changed is its own doing, and so is what came of it.
    let escalation = only(&lead.audit(&[("action", "nightly_escalation")]));
    assert_eq!(escalation["cause"], attempts[2]["id"]);
    assert_eq!(escalation["metadata"]["raised"], 1);
    let raised = only(&lead.audit(&[("changed", "severity"), ("action", "update")]));
    assert_eq!(raised["cause"], escalation["id"]);
    assert_eq!(raised["entity_id"], id);
    assert_eq!(raised["on_behalf_of"], attempts[2]["on_behalf_of"]);
}

#[test]
fn a_job_that_waits_when_the_service_is_stopped_is_done_before_it_ends() {
    let mut desk = Desk::open(&["--drill"]);
    let lead = desk.person("ingrid.solbakken");
    let answer = lead.post("/nightly", &json!({"at_least": "low"}));
    assert_eq!(answer.status, 202);
    desk.stop().well();

    let log = desk.log("Nordlys ASA");
    let of = |action: &str| -> Vec<Value> {
        let entries = log.iter().filter(|entry| entry["action"] == action);
        entries.cloned().collect()
    };
    is_nights_work(&of("run_job"), &only(&of("schedule_nightly")));
}

/// Three attempts at one job, the oldest first.
fn is_nights_work(attempts: &[Value], schedule: &Value) {
    let lead = Person::find("ingrid.solbakken");
    assert_eq!(schedule["outcome"], "success");
    assert_eq!(schedule["actor"], *lead.id);
    let outcomes: Vec<_> = attempts.iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["failure", "failure", "success"]);
    let mut before = &Value::Null;
    for (number, attempt) in (1..).zip(attempts) {
        assert_eq!(attempt["metadata"]["attempt"], number);
        assert_eq!(&attempt["metadata"]["retry_of"], before);
        before = &attempt["id"];
        assert_eq!(attempt["entity_name"], "nightly");
        assert_eq!(attempt["entity_id"], attempts[0]["entity_id"]);
        assert_eq!(attempt["actor_kind"], "system");
        assert_eq!(attempt["on_behalf_of"]["id"], *lead.id);
        assert_eq!(attempt["on_behalf_of"]["name"], *lead.name);
        assert_eq!(attempt["cause"], schedule["id"]);
    }
}

#[track_caller]
fn only(entries: &[Value]) -> Value {
    let [only] = entries else {
        panic!("not one: {entries:?}");
    };
    only.clone()
}
