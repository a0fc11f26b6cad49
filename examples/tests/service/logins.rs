//! Who comes, who is turned away, and who leaves.

use serde_json::{Value, json};

use crate::client::Person;
use crate::desk::Desk;

#[test]
fn who_logs_in_is_in_the_log_of_the_company() {
    let desk = Desk::open(&[]);
    let lead = desk.person("zoe.mueller");
    let person = Person::find("zoe.mueller");
    let log = lead.audit(&[("action", "login")]);
    let [login] = &log[..] else {
        panic!("{log:?}");
    };
    assert_eq!(login["outcome"], "success");
    assert_eq!(login["actor"], *person.id);
    assert_eq!(login["actor_name"], *person.name);
    assert_eq!(login["entity_type"], "account");
    assert_eq!(login["entity_id"], *person.id);
    assert_eq!(login["entity_name"], *person.name);
    assert_eq!(login["company"], *person.company);
    assert_eq!(login["request_data"]["path"], "/login");
}

#[test]
fn a_wrong_password_leaves_the_name_that_was_typed() {
    let desk = Desk::open(&[]);
    let visitor = desk.visitor();
    for name in ["zoe.mueller", "no such person", "żółć\0'; --"] {
        let answer = visitor.try_log_in("Café Müller GmbH", name, "guessed");
        assert_eq!(answer.status, 401);
        // Who is there and who is not is nothing that an answer may tell.
        assert_eq!(answer.body["error"], "unknown name or wrong password");

        let lead = desk.person("zoe.mueller");
        let log = lead.audit(&[("request_id", &answer.request_id)]);
        let [access, login] = &log[..] else {
            panic!("{log:?}");
        };
        assert_eq!(login["action"], "login_failed");
        assert_eq!(login["outcome"], "denied");
        assert_eq!(login["severity"], "notice");
        assert_eq!(login["entity_name"], name);
        assert_eq!(login["actor_kind"], "anonymous");
        assert_eq!(login["actor_name"], name);
        assert_eq!(login["actor"], Value::Null);
        assert_eq!(access["outcome"], "denied");
        assert_eq!(access["metadata"]["status"], 401);
    }
}

#[test]
fn who_has_a_session_elsewhere_is_nobody_at_the_door() {
    let desk = Desk::open(&[]);
    let insider = desk.person("ingrid.solbakken");
    let answer = insider.try_log_in("Café Müller GmbH", "zoe.mueller", "guessed");
    assert_eq!(answer.status, 401);
    assert!(
        insider
            .audit(&[("request_id", &answer.request_id)])
            .is_empty()
    );
    let lead = desk.person("zoe.mueller");
    let log = lead.audit(&[("request_id", &answer.request_id)]);
    assert_eq!(log.len(), 2);
    assert!(log.iter().all(|entry| entry["actor_kind"] == "anonymous"));
}

#[test]
fn a_company_that_does_not_exist_is_in_the_log_of_the_platform() {
    let mut desk = Desk::open(&[]);
    let visitor = desk.visitor();
    let endless = "x".repeat(100_000);
    for company in ["Nordlys", "nordlys asa", "platform", "", "a\0b", &endless] {
        let answer = visitor.try_log_in(company, "ingrid.solbakken", "guessed");
        assert_eq!(answer.status, 401, "{}", answer.body);
    }
    let malformed = visitor.post("/login", &json!({"company": "Nordlys ASA"}));
    assert_eq!(malformed.status, 422);
    desk.stop().well();

    assert_eq!(desk.log("Nordlys ASA"), [] as [Value; 0]);
    let log = desk.log("platform");
    let of = |action: &str| log.iter().filter(|entry| entry["action"] == action).count();
    assert_eq!((of("login_failed"), of("access"), log.len()), (6, 7, 13));
    let mut logins = log.iter().filter(|entry| entry["action"] == "login_failed");
    assert!(logins.all(|login| {
        login["outcome"] == "denied" && login["entity_name"] == "ingrid.solbakken"
    }));
}

#[test]
fn who_logs_out_is_out() {
    let desk = Desk::open(&[]);
    let (lead, analyst) = (desk.person("zoe.mueller"), desk.person("amelie.cote"));
    let answer = analyst.post("/logout", &Value::Null);
    assert_eq!(answer.status, 204);
    let late = analyst.get("/incidents");
    assert_eq!(late.status, 401);
    assert_eq!(late.body["error"], "log in first");
    assert_eq!(analyst.post("/logout", &Value::Null).status, 401);

    let log = lead.audit(&[("action", "logout")]);
    let [logout] = &log[..] else {
        panic!("{log:?}");
    };
    assert_eq!(logout["outcome"], "success");
    assert_eq!(logout["request_id"], *answer.request_id);
    assert_eq!(logout["actor_name"], "Amélie Côté");
    // What came with the old session is nobody's, and in nobody's log but the platform's.
    assert!(lead.audit(&[("request_id", &late.request_id)]).is_empty());
    let platform = desk.log("platform");
    let late = platform
        .iter()
        .find(|entry| entry["request_id"] == *late.request_id);
    assert_eq!(late.unwrap()["actor_kind"], "anonymous");
    assert_eq!(late.unwrap()["outcome"], "denied");
    // Another session goes on.
    assert_eq!(lead.get("/incidents").status, 200);
}

#[test]
fn who_strays_with_a_session_is_somebody() {
    let mut desk = Desk::open(&[]);
    let lead = desk.person("zoe.mueller");
    let astray = lead.get("/nowhere");
    assert_eq!(astray.status, 404);
    let log = lead.audit(&[("request_id", &astray.request_id)]);
    let [access] = &log[..] else {
        panic!("{log:?}");
    };
    assert_eq!(access["actor_name"], "Zoë Müller");
    assert_eq!(access["metadata"]["status"], 404);
    assert_eq!(desk.visitor().get("/nowhere").status, 404);
    desk.stop().well();
    assert_eq!(desk.log("platform").len(), 1);
}

#[test]
fn whatever_is_refused_is_answered_alike() {
    let desk = Desk::open(&[]);
    let lead = desk.person("ingrid.solbakken");
    let id = lead.report("to be refused").id();
    for (answer, status, named) in [
        (
            lead.post("/incidents", &json!({"title": "x"})),
            422,
            "missing field `severity`",
        ),
        (lead.post("/login", &json!("x")), 422, "expected struct"),
        (lead.post("/nightly", &Value::Null), 415, "application/json"),
        (lead.get("/incidents/seven"), 400, "seven"),
        (lead.get("/nowhere"), 404, "Not Found"),
        (
            lead.get(&format!("/incidents/{id}/close")),
            405,
            "Method Not Allowed",
        ),
        (desk.visitor().get("/incidents"), 401, "log in first"),
    ] {
        assert_eq!(answer.status, status, "{}", answer.body);
        let error = answer.body["error"].as_str().unwrap();
        assert!(error.contains(named), "{error}");
    }
}
