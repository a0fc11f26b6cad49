//! Plans that are carried out, and told of.

use audit_core::{
    Actor, AuditContext, Audited, Auditor, ErrorKind, Obscured, RefusalReason, action,
    record_fields,
};
use audit_sqlite::SqliteStore;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Deserialize, Audited)]
#[audit(entity_type = "account")]
struct Account {
    #[audit(id)]
    id: u32,
    owner: String,
    limit: u32,
    #[audit(redact)]
    #[serde(default)]
    token: String,
    #[audit(hash)]
    #[serde(default)]
    email: String,
}

/// Neither its token nor its mail can be read back.
#[derive(Debug, PartialEq, Deserialize)]
struct Public {
    owner: String,
}

fn account() -> Account {
    Account {
        id: 1,
        owner: "ada".to_owned(),
        limit: 10,
        token: "t0".to_owned(),
        email: "ada@example.org".to_owned(),
    }
}

fn auditor() -> Auditor {
    Auditor::builder(SqliteStore::in_memory().unwrap())
        .digest_key(&[7; 32])
        .build()
        .unwrap()
}

fn context() -> AuditContext {
    AuditContext::new("acme").actor(Actor::user(1, "grace"))
}

fn updated(auditor: &Auditor, before: &Account, after: &Account) -> Uuid {
    let receipt = context().scope(|| auditor.updated(before, after).record());
    receipt.unwrap().entry_id().unwrap()
}

#[test]
fn what_was_taken_back_names_what_it_takes_back() {
    let auditor = auditor();
    let first = account();
    context()
        .scope(|| auditor.created(&first).record())
        .unwrap();
    let raised = Account {
        limit: 1_000,
        ..first.clone()
    };
    let entry = updated(&auditor, &first, &raised);
    let renamed = Account {
        owner: "eve".to_owned(),
        ..raised.clone()
    };
    updated(&auditor, &raised, &renamed);

    let log = auditor.tenant("acme");
    let plan = log.history("account", 1).revert_plan(entry).unwrap();
    let after = plan
        .apply_to(&record_fields(&renamed).unwrap())
        .unwrap()
        .unwrap();
    assert_eq!(
        (&after["limit"], &after["owner"]),
        (&json!(10), &json!("eve"))
    );
    let present = Account {
        limit: 10,
        ..renamed.clone()
    };
    let receipt = context().scope(|| auditor.reverted(&plan, &renamed, &present).record());

    let written = log
        .entry(receipt.unwrap().entry_id().unwrap())
        .unwrap()
        .unwrap();
    assert_eq!(written.action, action::REVERT);
    assert_eq!(written.metadata["reverts"], json!(entry));
    assert_eq!(written.cause, Some(entry));
    assert_eq!(written.actor.name(), Some("grace"));
    let why: Vec<Uuid> = log
        .why(written.id)
        .unwrap()
        .iter()
        .map(|cause| cause.id)
        .collect();
    assert_eq!(why, [entry]);
    let state = log
        .history("account", 1)
        .state_at(u64::MAX)
        .unwrap()
        .unwrap();
    assert_eq!(
        (&state["limit"], &state["owner"]),
        (&json!(10), &json!("eve"))
    );
    // What was taken back can be taken back.
    let plan = log.history("account", 1).revert_plan(written.id).unwrap();
    let again = plan
        .apply_to(&record_fields(&present).unwrap())
        .unwrap()
        .unwrap();
    assert_eq!(again["limit"], 1_000);

    let nothing = context().scope(|| auditor.reverted(&plan, &present, &present).record());
    assert_eq!(nothing.unwrap().entry_id(), None, "no change, no entry");
}

#[test]
fn secrets_are_refused_and_everything_else_comes_back() {
    let auditor = auditor();
    let first = account();
    let created = context()
        .scope(|| auditor.created(&first).record())
        .unwrap();
    let present = Account {
        owner: "eve".to_owned(),
        token: "t1".to_owned(),
        email: "eve@example.org".to_owned(),
        ..first.clone()
    };
    let entry = updated(&auditor, &first, &present);
    let history = auditor.tenant("acme").history("account", 1);
    let fields = record_fields(&present).unwrap();
    for plan in [
        history.revert_plan(entry).unwrap(),
        history.revert_plan_to(created.index().unwrap()).unwrap(),
    ] {
        let mut refused: Vec<_> = plan
            .refused()
            .iter()
            .map(|refusal| (refusal.path.as_str(), refusal.reason))
            .collect();
        refused.sort_unstable_by_key(|(path, _)| *path);
        let expected = [
            ("email", RefusalReason::NotStored(Obscured::Hashed)),
            ("token", RefusalReason::NotStored(Obscured::Redacted)),
        ];
        assert_eq!(refused, expected);
        let error = plan.apply_to(&fields).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Irreversible);
        let after = plan.without_refused().apply_to(&fields).unwrap().unwrap();
        assert_eq!(after["owner"], "ada");
    }
    let public: Option<Public> = history.as_of(0_u64).unwrap();
    assert_eq!(
        public,
        Some(Public {
            owner: "ada".to_owned()
        })
    );
    let error = history.as_of::<Account>(0_u64).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotStored);
}

#[test]
fn a_record_that_went_comes_back_as_an_entry_that_says_so() {
    let auditor = auditor();
    let first = Account {
        token: String::new(),
        ..account()
    };
    let history = auditor.tenant("acme").history("account", 1);
    context()
        .scope(|| {
            auditor.created(&first).record()?;
            auditor.deleted(&first).record()
        })
        .unwrap();
    let plan = history.revert_plan_to(0_u64).unwrap().without_refused();
    let fields = plan.apply_to(None).unwrap().unwrap();
    assert_eq!(
        (&fields["owner"], fields.get("token")),
        (&json!("ada"), None)
    );
    context()
        .scope(|| auditor.created(&first).reverting(&plan).record())
        .unwrap();
    let last = history.last_change_of("owner").unwrap().unwrap();
    assert_eq!(last.metadata["reverts_to"], json!({"index": 0}));
    assert_eq!(history.state_at(u64::MAX).unwrap().unwrap()["owner"], "ada");
}
