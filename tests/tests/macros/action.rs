//! What an entry of `#[audit_action]` says.

use std::fmt;
use std::net::Ipv4Addr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::sleep;
use std::time::Duration;

use audit_core::{
    Actor, AuditContext, EntityId, Outcome, Secret, ToEntityId, ToOutcome, audit_action,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{audited, one};

#[derive(Debug)]
enum DeskError {
    Forbidden,
    Store(String),
}

impl fmt::Display for DeskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden => f.write_str("not your record"),
            Self::Store(why) => write!(f, "store: {why}"),
        }
    }
}

impl ToOutcome for DeskError {
    fn to_outcome(&self) -> Outcome {
        match self {
            Self::Forbidden => Outcome::Denied,
            Self::Store(_) => Outcome::Failure,
        }
    }
}

#[audit_action(action = "close", entity_type = "incident", entity_id = id)]
fn close(id: u64, answer: Result<u64, DeskError>) -> Result<u64, DeskError> {
    answer.map(|number| number + id)
}

#[test]
fn success_is_recorded_and_the_value_comes_through() {
    let (auditor, context) = audited();
    assert_eq!(context.scope(|| close(7, Ok(1))).unwrap(), 8);
    let entry = one(&auditor);
    assert_eq!(entry.outcome, Outcome::Success);
    assert_eq!(entry.action, "close");
    assert_eq!(entry.entity_type(), Some("incident"));
    assert_eq!(entry.entity_id(), Some(&EntityId::from(7)));
    assert_eq!(entry.entity_name(), None);
    assert_eq!(entry.error, None);
    assert_eq!(entry.cause, None);
    assert!(entry.metadata.is_empty() && entry.changes.is_empty());
}

#[test]
fn an_error_that_says_so_is_denied() {
    let (auditor, context) = audited();
    assert!(
        context
            .scope(|| close(7, Err(DeskError::Forbidden)))
            .is_err()
    );
    let entry = one(&auditor);
    assert_eq!(entry.outcome, Outcome::Denied);
    let error = entry.error.unwrap();
    assert_eq!(
        (&*error.class, &*error.text),
        ("DeskError", "not your record")
    );
}

#[test]
fn a_secret_in_an_error_text_is_masked() {
    let (auditor, context) = audited();
    let why = "cannot log in with password=hunter2 at db".to_owned();
    let answer = context.scope(|| close(7, Err(DeskError::Store(why))));
    // The caller gets the error as it is.
    assert!(answer.unwrap_err().to_string().contains("hunter2"));
    let entry = one(&auditor);
    assert_eq!(entry.outcome, Outcome::Failure);
    let error = entry.error.as_ref().unwrap();
    assert_eq!(error.class, "DeskError");
    assert!(
        error
            .text
            .starts_with("store: cannot log in with password="),
        "{}",
        error.text
    );
    assert!(!serde_json::to_string(&entry).unwrap().contains("hunter2"));
}

#[audit_action(action = "parse")]
fn parse(text: &str) -> Result<u8, std::num::ParseIntError> {
    let number: u8 = text.parse()?;
    Ok(number)
}

#[audit_action(action = "wordless")]
fn wordless() -> Result<(), Wordless> {
    Err(Wordless)
}

struct Wordless;

#[audit_action(action = "boxed")]
fn boxed() -> Result<(), Box<dyn std::error::Error>> {
    Err("no disk")?
}

#[audit_action(action = "generic")]
fn generic<E>(error: E) -> Result<(), E> {
    Err(error)
}

#[audit_action(action = "option")]
fn option(text: &str) -> Option<char> {
    let first = text.chars().next()?;
    if first == 'x' {
        return None;
    }
    Some(first)
}

#[test]
fn a_question_mark_leaves_an_entry() {
    let (auditor, context) = audited();
    assert!(context.scope(|| parse("x")).is_err());
    let entry = one(&auditor);
    assert_eq!(entry.outcome, Outcome::Failure);
    let error = entry.error.unwrap();
    assert_eq!(error.class, "ParseIntError");
    assert_eq!(error.text, "invalid digit found in string");
}

#[test]
fn an_error_without_display_is_a_failure_of_its_class() {
    let (auditor, context) = audited();
    assert!(context.scope(wordless).is_err());
    let entry = one(&auditor);
    assert_eq!(entry.outcome, Outcome::Failure);
    let error = entry.error.unwrap();
    assert_eq!((&*error.class, &*error.text), ("Wordless", ""));
}

#[test]
fn a_boxed_error_tells_its_text() {
    let (auditor, context) = audited();
    assert!(context.scope(boxed).is_err());
    assert_eq!(one(&auditor).error.unwrap().text, "no disk");
}

#[test]
fn an_error_of_a_parameter_type_is_a_failure_of_its_class() {
    // Nothing is known of `E` inside the function, so its `Display` cannot be asked.
    let (auditor, context) = audited();
    assert!(context.scope(|| generic(DeskError::Forbidden)).is_err());
    let entry = one(&auditor);
    assert_eq!(entry.outcome, Outcome::Failure);
    assert_eq!(entry.error.unwrap().class, "DeskError");
}

#[test]
fn nothing_is_a_success_and_an_early_return_is_seen() {
    for text in ["", "x", "y"] {
        let (auditor, context) = audited();
        let first = context.scope(|| option(text));
        assert_eq!(first.is_some(), text == "y");
        assert_eq!(one(&auditor).outcome, Outcome::Success);
    }
}

#[audit_action(action = "burn", entity_type = "house", entity_id = 3, metadata(fuel))]
fn burn(fuel: &str) -> u8 {
    assert!(fuel.is_empty(), "secret plan {fuel}");
    1
}

#[test]
fn a_panic_is_recorded_and_goes_on() {
    let (auditor, context) = audited();
    let panic = catch_unwind(AssertUnwindSafe(|| context.scope(|| burn("oil")))).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "secret plan oil");
    assert!(AuditContext::current().is_none(), "the scope has ended");
    let entry = one(&auditor);
    assert_eq!(entry.outcome, Outcome::Panicked);
    assert_eq!(entry.metadata["fuel"], "oil");
    assert!(entry.duration.is_some());
    assert!(
        !serde_json::to_string(&entry)
            .unwrap()
            .contains("secret plan")
    );
}

#[derive(Debug)]
struct PanicsWhenShown;

impl fmt::Display for PanicsWhenShown {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("shown")
    }
}

#[audit_action(action = "show")]
fn show() -> Result<(), PanicsWhenShown> {
    Err(PanicsWhenShown)
}

#[test]
fn an_error_that_panics_when_shown_is_recorded_and_reaches_the_caller() {
    let (auditor, context) = audited();
    assert!(context.scope(show).is_err());
    let entry = one(&auditor);
    assert_eq!(entry.outcome, Outcome::Failure);
    let error = entry.error.unwrap();
    assert_eq!((&*error.class, &*error.text), ("PanicsWhenShown", ""));
}

#[audit_action(action = "slow")]
fn slow() {
    sleep(Duration::from_millis(15));
}

#[test]
fn who_where_and_how_long_come_from_the_context_and_the_clock() {
    let (auditor, context) = audited();
    let operation = Uuid::from_u128(5);
    let context = context
        .actor(Actor::user(9, "ada"))
        .ip(Ipv4Addr::new(10, 1, 2, 3))
        .user_agent("curl/8")
        .request_id("r-1")
        .request_data("path", "/x")
        .operation(operation);
    context.scope(slow);
    let entry = one(&auditor);
    assert_eq!(entry.actor, Actor::user(9, "ada"));
    assert_eq!(entry.tenant.as_str(), "t");
    assert_eq!(entry.ip_address, Some(Ipv4Addr::new(10, 1, 2, 3).into()));
    assert_eq!(entry.user_agent.as_deref(), Some("curl/8"));
    assert_eq!(entry.request_id.as_deref(), Some("r-1"));
    assert_eq!(entry.request_data["path"], "/x");
    assert_eq!(entry.operation, Some(operation));
    let duration = entry.duration.unwrap();
    assert!(duration >= Duration::from_millis(15), "{duration:?}");
    assert!(duration < Duration::from_secs(5), "{duration:?}");
    // The time is that of the start, not of the end.
    let late = (entry.recorded_at - entry.timestamp).to_std().unwrap();
    assert!(late >= Duration::from_millis(15), "{late:?}");
}

#[audit_action(
    action = "import",
    entity_type = "file",
    entity_name = name,
    metadata(reason, rows = rows.len(), "source.host" = host, r#type, nothing),
)]
fn import(
    name: &str,
    reason: &str,
    rows: Vec<u8>,
    (host, _port): (&str, u16),
    r#type: u8,
    nothing: Option<u8>,
    quiet: &str,
) -> usize {
    let count = rows.len();
    drop((rows, quiet));
    count
}

#[test]
fn named_arguments_are_recorded_and_no_others() {
    let (auditor, context) = audited();
    let quiet = "this must not be seen";
    let count = context.scope(|| {
        import(
            "a.csv",
            "nightly",
            vec![61, 62, 63],
            ("h1", 4711),
            3,
            None,
            quiet,
        )
    });
    assert_eq!(count, 3);
    let entry = one(&auditor);
    assert_eq!(
        Value::Object(entry.metadata.clone()),
        json!({"reason": "nightly", "rows": 3, "source.host": "h1", "type": 3, "nothing": null})
    );
    assert_eq!(entry.entity_name(), Some("a.csv"));
    assert_eq!(entry.entity_id(), None);
    // Of the entry only what the call says: ids and times hold digits of their own.
    let mut json = serde_json::to_value(&entry).unwrap();
    for name in ["id", "timestamp", "recorded_at", "operation", "duration_us"] {
        json[name].take();
    }
    let text = json.to_string();
    for unseen in [quiet, "4711", "61"] {
        assert!(!text.contains(unseen), "{unseen} in {text}");
    }
}

#[audit_action(action = "login", metadata(user, password, payload, wrapped, note))]
fn login(user: &str, password: &str, payload: &Value, wrapped: &Secret<String>, note: &str) {
    let _ = (user, password, payload, wrapped, note);
}

#[test]
fn secrets_in_metadata_are_masked_by_name_by_type_and_by_shape() {
    let (auditor, context) = audited();
    let payload = json!({"apiKey": "hunter3", "author": "ada", "list": [{"session": "hunter4"}]});
    let wrapped = Secret::new("hunter5".to_owned());
    context.scope(|| {
        login(
            "ada",
            "hunter2",
            &payload,
            &wrapped,
            "Bearer hunter6hunter6hunter6",
        );
    });
    let entry = one(&auditor);
    assert_eq!(entry.metadata["user"], "ada");
    assert_eq!(entry.metadata["password"], "********");
    assert_eq!(entry.metadata["payload"]["apiKey"], "********");
    assert_eq!(entry.metadata["payload"]["author"], "ada");
    assert_eq!(entry.metadata["wrapped"], "********");
    let text = serde_json::to_string(&entry).unwrap();
    assert!(!text.contains("hunter"), "{text}");
}

#[test]
fn values_are_taken_before_the_body_runs() {
    #[audit_action(action = "pop", entity_type = "list", entity_id = list.len(), metadata(first = list[0]))]
    fn pop(list: &mut Vec<u8>) {
        list.clear();
    }
    let (auditor, context) = audited();
    context.scope(|| pop(&mut vec![4, 5]));
    let entry = one(&auditor);
    assert_eq!(entry.entity_id(), Some(&EntityId::from(2)));
    assert_eq!(entry.metadata["first"], 4);
}

struct IncidentId(u32);

impl ToEntityId for IncidentId {
    fn to_entity_id(&self) -> EntityId {
        EntityId::from(format!("INC-{}", self.0))
    }
}

#[audit_action(action = "touch", entity_type = "thing", entity_id = id)]
fn touch<I: ToEntityId>(id: I) {
    drop(id);
}

#[test]
fn every_kind_of_id_comes_back_as_it_went_in() {
    fn recorded(id: impl ToEntityId) -> EntityId {
        let (auditor, context) = audited();
        context.scope(|| touch(id));
        one(&auditor).entity_id().unwrap().clone()
    }
    let uuid = Uuid::from_u128(77);
    assert_eq!(recorded(uuid).as_uuid(), Some(uuid));
    assert_eq!(recorded(Box::new(uuid)).as_uuid(), Some(uuid));
    assert_eq!(recorded(i64::MIN).as_i64(), Some(i64::MIN));
    assert_eq!(recorded(u64::MAX).as_u64(), Some(u64::MAX));
    assert_eq!(recorded("7").as_str(), Some("7"));
    assert_eq!(recorded("a b".to_owned()).as_str(), Some("a b"));
    assert_eq!(recorded(IncidentId(5)).as_str(), Some("INC-5"));
}
