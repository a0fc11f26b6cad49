use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::testing::{FixedClock, SequentialIds};
use crate::{Change, Changes, Durability, ErrorKind, LateActor, LengthUnit, Outcome, Severity};

fn fixed() -> Auditor {
    Auditor::builder(MemoryStore::new())
        .clock(FixedClock::at(
            "2026-01-31T12:00:00.123456789Z".parse().unwrap(),
        ))
        .ids(SequentialIds::new())
        .build()
        .unwrap()
}

#[test]
fn an_entry_holds_what_the_draft_and_the_context_say() {
    let auditor = fixed();
    let operation = Uuid::from_u128(99);
    let context = context()
        .ip([10, 0, 0, 1])
        .user_agent("curl/8")
        .request_id("r-1")
        .request_data("method", "POST")
        .operation(operation);
    let mut changes = Changes::new();
    changes.insert("status", Change::replaced(json!("open"), json!("closed")));
    context.scope(|| {
        auditor
            .log("close")
            .entity("incident", 7)
            .entity_name("port scan")
            .changes(changes)
            .metadata("count", 2)
            .reason("duplicate")
            .severity(Severity::Warning)
            .denied("not yours")
            .caused_by(Uuid::from_u128(42))
            .duration(Duration::from_nanos(1_500_999))
            .record()
            .unwrap()
    });
    let json = serde_json::to_value(&entries(&auditor)[0]).unwrap();
    let expected = json!({
        "id": Uuid::from_u128(1),
        "timestamp": "2026-01-31T12:00:00.123456Z",
        "actor": 7, "actor_name": "ada",
        "action": "close",
        "entity_type": "incident", "entity_id": 7, "entity_name": "port scan",
        "company": "acme",
        "ip_address": "10.0.0.1", "user_agent": "curl/8",
        "request_data": {"method": "POST"},
        "changes": {"status": {"old": "open", "new": "closed"}},
        "metadata": {"count": 2},
        "index": 0,
        "recorded_at": "2026-01-31T12:00:00.123456Z",
        "actor_kind": "user", "on_behalf_of": null,
        "outcome": "denied", "error": {"class": "denied", "text": "not yours"},
        "duration_us": 1500,
        "reason": "duplicate",
        "severity": "warning",
        "request_id": "r-1",
        "operation": operation,
        "cause": Uuid::from_u128(42),
        "truncated": null,
        "sensitive": null,
    });
    assert_eq!(json, expected);
}

#[test]
fn what_a_programmer_sets_wrong_is_an_error_that_says_the_way_out() {
    let auditor = fixed();
    let kinds = context().scope(|| {
        [
            auditor.log("").record(),
            auditor.log("a".repeat(51)).record(),
            auditor.log("a").entity("", 1).record(),
            auditor.log("a").entity_type("t".repeat(51)).record(),
            auditor.log("a").entity("t", "i".repeat(1025)).record(),
            auditor.log("a").entity_name("no entity").record(),
            auditor
                .log("a")
                .metadata("bad", std::collections::HashMap::from([((1, 2), 3)]))
                .record(),
            auditor.log("a").context(&AuditContext::new("")).record(),
            auditor
                .log("a")
                .context(&AuditContext::new("t".repeat(256)))
                .record(),
        ]
        .map(|answer| answer.unwrap_err().kind())
    });
    assert_eq!(kinds, [ErrorKind::Invalid; 9]);
    assert_eq!(entries(&auditor), []);
    // Fifty characters are fifty characters, not bytes.
    context()
        .scope(|| auditor.log("é".repeat(50)).record())
        .unwrap();
}

#[test]
fn json_that_cannot_be_kept_exactly_is_refused_without_showing_it() {
    let auditor = fixed();
    let lone_surrogate = r#"{"secret": "\ud800"}"#;
    let error = auditor
        .log("a")
        .metadata_json("payload", lone_surrogate)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(!error.to_string().contains("secret"));
    assert!(context().request_json(lone_surrogate).is_err());
    assert!(context().request_json("[1]").is_err());
    context()
        .request_json(r#"{"nul": "a\u0000b", "big": 18446744073709551615}"#)
        .unwrap()
        .scope(|| {
            auditor
                .log("a")
                .metadata_json("pair", r#""\ud83e\udd80""#)
                .unwrap()
                .record()
                .unwrap();
        });
    let entry = &entries(&auditor)[0];
    assert_eq!(entry.metadata["pair"], "🦀");
    assert_eq!(entry.request_data["nul"], "a\0b");
    assert_eq!(entry.request_data["big"], u64::MAX);
}

#[test]
fn names_are_cut_on_a_character_boundary_and_marked() {
    let auditor = fixed();
    let long = "🦀".repeat(300);
    let context = AuditContext::new("acme")
        .actor(Actor::user(1, long.clone()))
        .user_agent("é".repeat(5000));
    context
        .scope(|| auditor.log("a").entity("t", 1).entity_name(long).record())
        .unwrap();
    let entry = &entries(&auditor)[0];
    assert_eq!(entry.entity_name().unwrap(), "🦀".repeat(255));
    assert_eq!(entry.actor.name().unwrap(), "🦀".repeat(255));
    assert_eq!(entry.user_agent.as_ref().unwrap().chars().count(), 1024);
    let marks: Vec<_> = entry
        .truncated
        .iter()
        .map(|t| (t.path.as_str(), t.original, t.unit))
        .collect();
    assert_eq!(
        marks,
        [
            ("user_agent", 5000, LengthUnit::Characters),
            ("actor_name", 300, LengthUnit::Characters),
            ("entity_name", 300, LengthUnit::Characters),
        ]
    );
}

#[test]
fn the_largest_values_give_way_first() {
    let auditor = fixed();
    context().scope(|| {
        auditor
            .log("a")
            .metadata("small", "s".repeat(1000))
            .metadata("large", "l".repeat(50_000))
            .metadata("largest", vec!["x".repeat(60_000)])
            .record()
            .unwrap()
    });
    let entry = &entries(&auditor)[0];
    assert!(entry.size() <= crate::DEFAULT_ENTRY_BYTES);
    assert_eq!(entry.metadata["small"].as_str().unwrap().len(), 1000);
    assert_eq!(entry.metadata["large"].as_str().unwrap().len(), 50_000);
    assert!(
        entry.metadata["largest"]["$truncated"]["bytes"]
            .as_u64()
            .unwrap()
            > 60_000
    );
    assert_eq!(entry.truncated.len(), 1);
    assert_eq!(
        (entry.truncated[0].path.as_str(), entry.truncated[0].unit),
        ("metadata/largest", LengthUnit::Bytes)
    );
}

#[test]
fn many_small_values_are_left_out_from_the_end_and_counted() {
    let auditor = fixed();
    let changes: Changes = (0..20_000)
        .map(|number| (format!("field{number}"), Change::added(json!(number))))
        .collect::<Vec<_>>()
        .into_iter()
        .collect();
    context()
        .scope(|| {
            auditor
                .log("a")
                .changes(changes)
                .metadata("kept", 1)
                .record()
        })
        .unwrap();
    let entry = &entries(&auditor)[0];
    assert!(
        entry.size() <= crate::DEFAULT_ENTRY_BYTES,
        "{}",
        entry.size()
    );
    assert!(entry.changes.get("field0").is_some() && entry.changes.get("field19999").is_none());
    assert_eq!(entry.metadata["kept"], 1);
    assert_eq!(
        (entry.truncated[0].original, entry.truncated[0].unit),
        (20_000, LengthUnit::Members)
    );
}

#[test]
fn the_limit_can_be_set_but_not_below_what_is_never_cut() {
    let build = |bytes| {
        Auditor::builder(MemoryStore::new())
            .entry_bytes(bytes)
            .build()
    };
    assert_eq!(build(100).unwrap_err().kind(), ErrorKind::Invalid);
    let auditor = build(32 * 1024).unwrap();
    context()
        .scope(|| auditor.log("a").metadata("x", "x".repeat(40_000)).record())
        .unwrap();
    assert_eq!(entries(&auditor)[0].truncated.len(), 1);
    assert!(
        Auditor::builder(MemoryStore::new())
            .queue(0, 1)
            .build()
            .is_err()
    );
}

#[test]
fn a_late_actor_is_resolved_when_the_entry_is_written() {
    let auditor = fixed();
    let slot = LateActor::new();
    AuditContext::new("acme").late_actor(&slot).scope(|| {
        auditor.log("before").record().unwrap();
        let draft = auditor.log("drafted before, written after");
        slot.set(Actor::user(7, "ada"));
        draft.record().unwrap();
        slot.set(Actor::user(8, "eve"));
        auditor.log("after").record().unwrap();
    });
    let actors: Vec<Actor> = entries(&auditor)
        .into_iter()
        .map(|entry| entry.actor)
        .collect();
    let ada = Actor::user(7, "ada");
    assert_eq!(actors, [Actor::anonymous(), ada.clone(), ada]);
}

#[test]
fn a_scope_is_one_operation_and_a_named_context_is_none() {
    let auditor = fixed();
    context().scope(|| {
        auditor.log("a").record().unwrap();
        AuditContext::new("acme")
            .scope(|| auditor.log("b").record())
            .unwrap();
    });
    auditor.log("c").context(&context()).record().unwrap();
    let operations: Vec<_> = entries(&auditor)
        .iter()
        .map(|entry| entry.operation)
        .collect();
    assert!(operations[0].is_some());
    assert_eq!(operations[0], operations[1]);
    assert_eq!(operations[2], None);
}

#[test]
fn a_batch_is_one_append_with_one_receipt_each() {
    let (store, auditor) = faulty(|builder| builder);
    let receipts = context().scope(|| {
        auditor
            .batch((0..5).map(|number| auditor.log("import").entity("row", number)))
            .record()
    });
    let indexes: Vec<_> = receipts
        .unwrap()
        .iter()
        .map(crate::Receipt::index)
        .collect();
    assert_eq!(indexes, [0, 1, 2, 3, 4].map(Some));
    assert_eq!(store.appends(), 1);
    assert_eq!(auditor.batch([]).record().unwrap(), []);
    // One that cannot be an entry refuses all, before anything is stored.
    context()
        .scope(|| auditor.batch([auditor.log("a"), auditor.log("")]).record())
        .unwrap_err();
    assert_eq!(entries(&auditor).len(), 5);
}

#[tokio::test]
async fn a_batch_can_be_awaited() {
    let auditor = fixed();
    let drafts = context().scope(|| [auditor.log("a"), auditor.log("b")]);
    let receipts = auditor.batch(drafts).await.unwrap();
    assert_eq!(receipts[1].index(), Some(1));
    assert!(
        receipts
            .iter()
            .all(|receipt| receipt.durability() == Durability::Volatile)
    );
    assert_eq!(entries(&auditor)[0].outcome, Outcome::Success);
}
