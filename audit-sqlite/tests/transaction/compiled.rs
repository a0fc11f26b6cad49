//! What a transaction asks the connection of the caller is compiled once, not each time.

use std::cell::RefCell;
use std::collections::BTreeMap;

use audit_core::{Actor, AuditContext};
use audit_sqlite::TrackedTable;
use audit_sqlite::rusqlite::StatementStatus;
use audit_sqlite::rusqlite::trace::{TraceEvent, TraceEventCodes};

use crate::desk::Desk;

thread_local! {
    static SEEN: RefCell<BTreeMap<String, i32>> = const { RefCell::new(BTreeMap::new()) };
}

/// Notes how often SQLite has compiled each statement of ours anew.
fn note(event: TraceEvent<'_>) {
    if let TraceEvent::Profile(statement, _) = event
        && statement.sql().contains("audit_")
    {
        let anew = statement.get_status(StatementStatus::RePrepare);
        SEEN.with_borrow_mut(|seen| seen.insert(statement.sql().into_owned(), anew));
    }
}

#[test]
fn nothing_of_ours_is_compiled_anew() {
    let mut desk = Desk::new();
    TrackedTable::new("incident")
        .track(&desk.connection)
        .unwrap();
    desk.connection.set_prepared_statement_cache_capacity(96);
    let trace = note as fn(TraceEvent<'_>);
    let codes = TraceEventCodes::SQLITE_TRACE_PROFILE;
    // Whether it says that it has failed depends on the version; then nothing is seen.
    drop(desk.connection.trace_v2(codes, Some(trace)));
    // More than fill a block, of several tenants, actors, actions, records and names.
    for number in 0..600_i64 {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        if number % 10 == 0 {
            tx.execute("INSERT INTO incident (status) VALUES (?1)", [number])
                .unwrap();
        }
        let tenant = format!("tenant {}", number % 2);
        let context = AuditContext::new(tenant)
            .actor(Actor::user(number % 7, "ada"))
            .user_agent(format!("agent {number}"));
        desk.auditor
            .log(format!("action {}", number % 5))
            .entity("incident", number)
            .entity_name(format!("incident {number}"))
            .metadata("number", number)
            .context(&context)
            .record()
            .unwrap();
        tx.commit().unwrap();
        if number % 50 == 0 {
            // Somebody else writes: what is remembered of tenants is asked for anew.
            let entry = desk.auditor.log("look").context(&desk.context);
            entry.record().unwrap();
        }
    }
    let mut seen = SEEN.take();
    assert!(seen.len() > 20, "{seen:#?}");
    // Once, since the schema has changed after they were prepared.
    seen.retain(|_, anew| *anew > 1);
    assert_eq!(seen, BTreeMap::new());
}
