//! The service is stopped, or killed, in the middle of its work.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::client::{Answer, Client, Person};
use crate::desk::{Desk, Ended, until, until_an_action_has_begun};

/// Who writes: two threads each.
const WRITERS: [&str; 4] = [
    "ingrid.solbakken",
    "oystein.dahl",
    "zoe.mueller",
    "suzuki.ichiro",
];
const COMPANIES: [&str; 3] = ["Nordlys ASA", "Café Müller GmbH", "東京セキュリティ"];
/// So many writes are answered before the signal comes.
const BEFORE: usize = 60;

/// A write that was answered.
struct Write {
    request: String,
    company: String,
    action: &'static str,
    incident: i64,
}

/// The entries of one request, by action.
type ByAction = BTreeMap<String, Vec<Value>>;

#[test]
fn a_stop_under_load_loses_nothing_and_stores_nothing_twice() {
    a_stop_loses_nothing(&[]);
}

#[test]
fn a_stop_that_comes_with_the_first_sign_of_life_is_heard() {
    for _ in 0..5 {
        Desk::open(&[]).stop().well();
    }
}

#[test]
fn who_does_not_come_to_an_end_does_not_hold_up_a_stop() {
    // The SIEM answers when nobody waits for it any more.
    let arguments = ["--siem-delay", "3600000", "--grace", "1"];
    let mut desk = Desk::open(&[&arguments[..], &["--audit", "buffered"]].concat());
    let lead = desk.person("ingrid.solbakken");
    let id = lead.report("to be forwarded").id();
    let token = lead.token.as_deref().unwrap();
    let head = |path: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: desk\r\ncontent-type: application/json\r\n")
    };
    let forward = format!(
        "{}authorization: Bearer {token}\r\ncontent-length: 0\r\n\r\n",
        head(&format!("/incidents/{id}/forward")),
    );
    let half = format!("{}content-length: 9\r\n\r\n", head("/login"));
    let streams = [head("/login"), half, forward].map(|request| {
        let mut stream = TcpStream::connect(desk.address()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    });
    until_an_action_has_begun(&desk);
    desk.stop().well();
    drop(streams);

    let log = desk.log("Nordlys ASA");
    let ended: Vec<_> = log
        .iter()
        .filter(|entry| entry["outcome"] == "cancelled")
        .map(|entry| [&entry["action"], &entry["entity_name"]])
        .collect();
    let forward = json!("POST /incidents/{id}/forward");
    assert_eq!(
        ended,
        [
            [&json!("forward"), &Value::Null],
            [&json!("access"), &forward]
        ]
    );
}

#[test]
fn what_is_buffered_is_stored_before_the_service_ends() {
    a_stop_loses_nothing(&["--audit", "buffered"]);
}

#[test]
fn what_still_waits_for_the_file_when_the_stop_comes_is_stored() {
    let mut desk = Desk::open(&["--audit", "buffered"]);
    let lead = desk.person("ingrid.solbakken");
    let other = desk.connection();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answers: Vec<_> = (0..30).map(|_| lead.get("/incidents")).collect();
    desk.signal(Signal::TERM);
    assert_eq!(desk.line(), "stopped\n");
    // All that is left to do is to store what is queued, and nobody could until now.
    other.execute_batch("COMMIT").unwrap();
    let ended = desk.ended();
    assert!(ended.status.success());
    assert_eq!(ended.complaints, "");

    let requests = requests(&desk);
    for answer in answers {
        assert_eq!(answer.status, 200);
        assert_eq!(requests[&answer.request_id]["access"].len(), 1);
    }
}

#[test]
fn nothing_is_recorded_where_auditing_is_off() {
    let mut desk = Desk::open(&["--audit", "off"]);
    let (answered, ended) = signal_under_load(&mut desk, Signal::TERM);
    ended.well();
    assert!(rows(&desk).len() >= answered.len() / 2);
    for company in COMPANIES.into_iter().chain(["platform"]) {
        assert_eq!(desk.log(company), [] as [Value; 0]);
    }
}

#[test]
fn a_kill_under_load_loses_nothing_that_was_answered_and_the_next_start_serves_on() {
    let mut desk = Desk::open(&[]);
    let mut answered = Vec::new();
    for _ in 0..3 {
        let (more, ended) = signal_under_load(&mut desk, Signal::KILL);
        assert!(!ended.status.success());
        assert_eq!(ended.complaints, "");
        answered.extend(more);
        desk.open_again();
        every_answer_has_its_entries(&desk, &answered);
        rows_are_entries(&desk);
    }
    let lead = desk.person("ingrid.solbakken");
    let answer = lead.report("after the kills");
    assert_eq!(lead.audit(&[("request_id", &answer.request_id)]).len(), 3);
    desk.stop().well();
    // What was killed on its way may lack its end, and has nothing twice.
    for (request, entries) in requests(&desk) {
        for (action, entries) in entries {
            assert_eq!(entries.len(), 1, "{action} of {request}: {entries:?}");
        }
    }
}

/// Eight threads write until the service does not answer any more.
fn signal_under_load(desk: &mut Desk, signal: Signal) -> (Vec<Write>, Ended) {
    let answered = Mutex::new(Vec::new());
    let count = AtomicUsize::new(0);
    let people = WRITERS.map(|who| (desk.person(who), Person::find(who).company));
    let ended = thread::scope(|scope| {
        for (client, company) in people.iter().chain(&people) {
            scope.spawn(|| {
                let told = |writes: Vec<Write>| {
                    count.fetch_add(writes.len(), Ordering::Relaxed);
                    answered.lock().unwrap().extend(writes);
                };
                while let Some(writes) = write(client, company) {
                    told(writes);
                }
            });
        }
        until("enough is written", || {
            (count.load(Ordering::Relaxed) >= BEFORE).then_some(())
        });
        desk.signal(signal);
        desk.ended()
    });
    (answered.into_inner().unwrap(), ended)
}

/// Reports an incident and notes something on it; nothing where the service has gone.
fn write(client: &Client, company: &str) -> Option<Vec<Write>> {
    let write = |action, answer: &Answer| {
        assert!(matches!(answer.status, 200 | 201), "{}", answer.body);
        Write {
            request: answer.request_id.clone(),
            company: company.to_owned(),
            action,
            incident: answer.id(),
        }
    };
    let reported = client.try_report("under load").ok()?;
    let mut writes = vec![write("report", &reported)];
    let path = format!("/incidents/{}/note", reported.id());
    if let Ok(noted) = client.try_post(&path, &json!({"text": "noted"})) {
        writes.push(write("note", &noted));
    }
    Some(writes)
}

fn every_answer_has_its_entries(desk: &Desk, answered: &[Write]) {
    let requests = requests(desk);
    for write in answered {
        let entries = requests.get(&write.request);
        let entries = entries.unwrap_or_else(|| panic!("nothing of {}", write.request));
        is_whole(&write.request, entries);
        let action = &entries[write.action][0];
        assert_eq!(action["company"], *write.company);
        assert_eq!(action["entity_id"], write.incident);
        assert_eq!(action["outcome"], "success");
    }
}

/// An access entry and, for a write, one of what was done and one of what changed.
fn is_whole(request: &str, entries: &ByAction) {
    let actions: Vec<_> = entries.keys().map(String::as_str).collect();
    let is_known = matches!(
        actions[..],
        ["access", "create", "report"] | ["access", "note", "update"] | ["access", "login"]
    );
    assert!(is_known, "{request}: {actions:?}");
    for (action, entries) in entries {
        assert_eq!(entries.len(), 1, "{action} of {request}: {entries:?}");
    }
}

fn requests(desk: &Desk) -> BTreeMap<String, ByAction> {
    let mut requests = BTreeMap::<String, ByAction>::new();
    for entry in entries(desk) {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        let request = requests.entry(text("request_id")).or_default();
        request.entry(text("action")).or_default().push(entry);
    }
    requests
}

/// What all companies have, each without a gap.
fn entries(desk: &Desk) -> Vec<Value> {
    let mut entries = Vec::new();
    for company in COMPANIES {
        let log = desk.log(company);
        for (expected, entry) in log.iter().enumerate() {
            assert_eq!(entry["index"], expected, "a gap: {entry}");
        }
        entries.extend(log);
    }
    entries
}

/// There is a creation for each row and a row for each creation, and it tells the note that is there.
fn rows_are_entries(desk: &Desk) {
    let mut told = BTreeMap::new();
    for entry in entries(desk) {
        let Some(id) = entry["changes"]
            .as_object()
            .and(entry["entity_id"].as_i64())
        else {
            continue;
        };
        let company = entry["company"].as_str().unwrap().to_owned();
        let note = entry["changes"]["note"]["new"].as_str().unwrap().to_owned();
        let is_first = told.insert(id, (company, note)).is_none();
        assert_eq!(is_first, entry["action"] == "create", "{entry}");
    }
    assert_eq!(told, rows(desk));
}

/// The company and the note of each incident.
fn rows(desk: &Desk) -> BTreeMap<i64, (String, String)> {
    let connection = desk.connection();
    let mut rows = connection
        .prepare("SELECT id, company, note FROM incidents")
        .unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn a_stop_loses_nothing(arguments: &[&str]) {
    let mut desk = Desk::open(arguments);
    let (answered, ended) = signal_under_load(&mut desk, Signal::TERM);
    ended.well();
    every_answer_has_its_entries(&desk, &answered);
    // It answers what it has begun: no request is half there.
    for (request, entries) in requests(&desk) {
        is_whole(&request, &entries);
    }
    rows_are_entries(&desk);
}
