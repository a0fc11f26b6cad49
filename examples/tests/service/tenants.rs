//! Companies that use the service at once, and one that reaches for what is another's.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use serde_json::{Value, json};

use crate::client::{Answer, Client, Person};
use crate::desk::Desk;

const NORDLYS: [&str; 3] = ["ingrid.solbakken", "oystein.dahl", "siri.aasen"];
const TOKYO: [&str; 3] = ["sato.hanako", "suzuki.ichiro", "ada.okafor"];
const ROUNDS: usize = 8;

/// Who did what, by the id of the request: the action of the handler, and the person.
type Done = BTreeMap<String, (&'static str, String)>;

#[test]
fn two_companies_at_once_each_have_their_own_log_and_all_of_it() {
    let mut desk = Desk::open(&[]);
    let (nordlys, tokyo) = thread::scope(|scope| {
        let work = |who: &'static str| scope.spawn(|| work(&desk.person(who), who));
        // Collected first, so that they all work at once.
        let nordlys = NORDLYS.map(work);
        let tokyo = TOKYO.map(work);
        let all = |people: [thread::ScopedJoinHandle<'_, Done>; 3]| -> Done {
            people
                .into_iter()
                .flat_map(|one| one.join().unwrap())
                .collect()
        };
        (all(nordlys), all(tokyo))
    });
    assert_eq!(nordlys.len(), 3 * 2 * ROUNDS);

    for (lead, mine) in [(NORDLYS[0], &nordlys), (TOKYO[0], &tokyo)] {
        let log = desk.person(lead).audit(&[]);
        is_whole(&log, mine, &Person::find(lead).company);
    }
    desk.stop().well();
    for (lead, mine) in [(NORDLYS[0], &nordlys), (TOKYO[0], &tokyo)] {
        let company = Person::find(lead).company;
        is_whole(&desk.log(&company), mine, &company);
    }
    assert_eq!(desk.log("platform"), [] as [Value; 0]);
    assert_eq!(desk.log("Café Müller GmbH"), [] as [Value; 0]);
}

fn work(client: &Client, who: &str) -> Done {
    let actor = Person::find(who).id;
    let mut done = Done::new();
    for round in 0..ROUNDS {
        let reported = client.report(&format!("{round} of {who}"));
        let path = format!("/incidents/{}/note", reported.id());
        let noted = client.post(&path, &json!({"text": format!("noted by {who}")}));
        assert_eq!(noted.status, 200, "{}", noted.body);
        done.insert(reported.request_id, ("report", actor.clone()));
        done.insert(noted.request_id, ("note", actor.clone()));
    }
    done
}

/// A log holds all of its company's work, by whom it was done, and nothing of anybody else's.
fn is_whole(log: &[Value], work: &Done, company: &str) {
    let mut found: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for entry in log {
        assert_eq!(entry["company"], company);
        let request = entry["request_id"].as_str().unwrap();
        found.entry(request).or_default().push(entry);
    }
    for (request, (action, actor)) in work {
        let entries = found.remove(request.as_str()).unwrap_or_default();
        let actions: BTreeSet<_> = entries.iter().map(|entry| text(entry, "action")).collect();
        let change = if *action == "report" {
            "create"
        } else {
            "update"
        };
        assert_eq!(actions, BTreeSet::from([*action, change, "access"]));
        assert_eq!(entries.len(), 3, "{entries:?}");
        assert!(entries.iter().all(|entry| entry["actor"] == **actor));
    }
    // What is left are logins, and whoever reads the log.
    for entry in found.values().flatten() {
        let words = [
            text(entry, "action"),
            entry["entity_name"].as_str().unwrap_or(""),
        ];
        assert!(
            matches!(
                words,
                ["login", _] | ["access", "POST /login" | "GET /audit"]
            ),
            "{entry}"
        );
    }
}

#[test]
fn a_record_of_another_company_is_as_unknown_as_one_that_nobody_has() {
    let desk = Desk::open(&[]);
    let (owner, stranger) = (desk.person("ingrid.solbakken"), desk.person("zoe.mueller"));
    let id = owner.report("of Nordlys").id();
    let before = desk.log("Nordlys ASA");

    for (action, answer) in reach(&stranger, id) {
        assert_eq!(answer.status, 404, "{action}: {}", answer.body);
        let unknown = reach(&stranger, 999_999);
        let (_, unknown) = unknown
            .into_iter()
            .find(|(other, _)| *other == action)
            .unwrap();
        assert_eq!(unknown.status, 404);
        let told = answer.body.to_string().replace(&id.to_string(), "ID");
        let told_of_unknown = unknown.body.to_string().replace("999999", "ID");
        assert_eq!(told, told_of_unknown, "{action}");

        let mine = stranger.audit(&[("request_id", &answer.request_id)]);
        assert!(mine.iter().any(|entry| entry["action"] == "access"));
        if action != "show" {
            let attempt = mine.iter().find(|entry| entry["action"] == action).unwrap();
            assert_eq!(attempt["outcome"], "denied", "{attempt}");
            assert_eq!(attempt["entity_id"], id);
            assert_eq!(attempt["actor_name"], "Zoë Müller");
            let theirs = stranger.audit(&[("request_id", &unknown.request_id)]);
            let other = theirs
                .iter()
                .find(|entry| entry["action"] == action)
                .unwrap();
            assert_eq!(attempt["outcome"], other["outcome"]);
            let said = |entry: &Value| entry["error"].to_string();
            assert_eq!(
                said(attempt).replace(&id.to_string(), "ID"),
                said(other).replace("999999", "ID")
            );
        }
    }
    assert_eq!(desk.log("Nordlys ASA"), before);
    let now = owner.get(&format!("/incidents/{id}"));
    assert_eq!(now.body["title"], "of Nordlys");
    assert_eq!(stranger.get("/incidents").body, json!([]));
}

/// Tries everything that can be done to an incident.
fn reach(client: &Client, id: i64) -> Vec<(&'static str, Answer)> {
    let path = format!("/incidents/{id}");
    let because = json!({"reason": "mine"});
    let mut answers = vec![
        ("show", client.get(&path)),
        ("edit", client.patch(&path, &json!({"title": "taken"}))),
        ("remove", client.delete(&path, &because)),
    ];
    for (action, body) in [
        ("triage", json!({"assignee": "zoe.mueller"})),
        ("start", Value::Null),
        ("note", json!({"text": "taken"})),
        ("escalate", because.clone()),
        ("resolve", json!({"resolution": "taken"})),
        ("close", because.clone()),
        ("reopen", because),
        ("forward", Value::Null),
    ] {
        answers.push((action, client.post(&format!("{path}/{action}"), &body)));
    }
    answers
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap_or("")
}
