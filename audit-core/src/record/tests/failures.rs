use super::*;
use crate::testing::Fault;
use crate::{
    AuditStore, Delivery, Durability, ErrorKind, FailurePolicy, Filter, Health, Outcome, Query,
    action,
};

#[test]
fn strict_gives_the_caller_the_error_and_stores_nothing() {
    let (store, auditor) = faulty(|builder| builder);
    store.fault(Fault::Fail(ErrorKind::Full));
    let draft = context().scope(|| auditor.log("export"));
    let error = draft.clone().record().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full);
    assert_eq!(error.entry_id(), Some(draft.entry_id()));
    assert!(matches!(auditor.health(), Health::Failing { .. }));
    let numbers = auditor.statistics();
    assert_eq!(
        (
            numbers.written,
            numbers.failed,
            numbers.lost,
            numbers.queued
        ),
        (0, 1, 0, 0)
    );
    assert_eq!(numbers.last_error.unwrap().kind, ErrorKind::Full);
    store.heal();
    draft.record().unwrap();
    assert_eq!(auditor.health(), Health::Healthy);
    assert_eq!(actions(&auditor), ["export"]);
}

#[test]
fn best_effort_stays_queued_and_keeps_its_order() {
    let problems = Problems::default();
    let (store, auditor) =
        faulty(|builder| problems.listen(builder).policy(FailurePolicy::BestEffort));
    store.fault(Fault::Fail(ErrorKind::Busy));
    for action in ["first", "second"] {
        let receipt = context().scope(|| auditor.log(action).record()).unwrap();
        assert_eq!(receipt.durability(), Durability::Queued);
    }
    assert!(problems.take()[0].contains("1 entry delayed"));
    let strict = context().scope(|| auditor.log("strict").strict().record());
    assert_eq!(strict.unwrap_err().kind(), ErrorKind::Busy);
    store.heal();
    auditor.flush(LONG).unwrap();
    assert_eq!(actions(&auditor), ["first", "second"]);
    assert_eq!(auditor.statistics().lost, 0);
}

#[test]
fn an_action_may_have_a_policy_of_its_own() {
    let (store, auditor) =
        faulty(|builder| builder.action_policy("access", FailurePolicy::BestEffort));
    store.fault(Fault::Fail(ErrorKind::Busy));
    context().scope(|| {
        assert!(auditor.log("access").record().is_ok());
        assert!(auditor.log("access").strict().record().is_err());
        assert!(auditor.log("export").record().is_err());
    });
    store.heal();
}

#[test]
fn what_is_let_go_becomes_a_gap_entry_when_writing_works_again() {
    let problems = Problems::default();
    let (store, auditor) = faulty(|builder| {
        problems
            .listen(builder)
            .delivery(Delivery::Buffered)
            .policy(FailurePolicy::BestEffort)
            .queue(2, 1 << 20)
            .deadline(Duration::from_millis(5))
    });
    store.fault(Fault::Block);
    let mut lost = 0;
    for tenant in ["acme", "acme", "acme", "acme", "globex"] {
        let context = AuditContext::new(tenant);
        let receipt = context.scope(|| auditor.log("export").record()).unwrap();
        lost += u64::from(!receipt.is_recorded());
    }
    assert_eq!((lost, auditor.statistics().lost), (3, 3));
    assert_eq!(problems.take().len(), 3);
    store.heal();
    auditor.flush(LONG).unwrap();
    let of = |tenant: &str| {
        let log = auditor.tenant(tenant);
        log.entries().action(action::GAP).page().unwrap().entries
    };
    let (acme, globex) = (of("acme"), of("globex"));
    assert_eq!((acme.len(), globex.len()), (1, 1));
    assert_eq!(acme[0].metadata["lost"], 2);
    assert_eq!(acme[0].metadata["causes"]["Timeout"], 2);
    assert_eq!(acme[0].outcome, Outcome::Failure);
    assert_eq!(globex[0].metadata["lost"], 1);
    assert_eq!(auditor.statistics().gaps, 2);
    // Told once is told.
    context().scope(|| auditor.log("export").record()).unwrap();
    auditor.flush(LONG).unwrap();
    assert_eq!(of("acme").len(), 1);
}

#[test]
fn an_unknown_result_is_resolved_by_trying_the_same_ids_again() {
    let (store, auditor) = faulty(|builder| builder);
    store.fault_times(Fault::StoredButUnknown, 1);
    let receipt = context().scope(|| auditor.log("export").record()).unwrap();
    assert_eq!(receipt.index(), Some(0));
    store.fault_times(Fault::LostButUnknown, 1);
    context().scope(|| auditor.log("export").record()).unwrap();
    assert_eq!(entries(&auditor).len(), 2);
}

#[test]
fn a_result_that_stays_unknown_is_an_error_and_a_retry_never_stores_twice() {
    let (store, auditor) = faulty(|builder| builder);
    store.fault(Fault::StoredButUnknown);
    let draft = context().scope(|| auditor.log("export"));
    let error = draft.clone().record().unwrap_err();
    assert_eq!(
        (error.kind(), error.entry_id()),
        (ErrorKind::Unknown, Some(draft.entry_id()))
    );
    store.heal();
    assert_eq!(draft.record().unwrap().index(), Some(0));
    assert_eq!(entries(&auditor).len(), 1);
}

#[test]
fn a_store_that_does_not_answer_leaves_the_caller_in_doubt_not_in_waiting() {
    let (store, auditor) = faulty(|builder| builder.deadline(SOON));
    store.fault(Fault::Block);
    let underway = context().scope(|| auditor.log("underway"));
    assert_eq!(
        underway.clone().record().unwrap_err().kind(),
        ErrorKind::Unknown
    );
    // This one never had its turn, so it is certain that it is not stored.
    let behind = context().scope(|| auditor.log("behind"));
    assert_eq!(behind.record().unwrap_err().kind(), ErrorKind::Timeout);
    store.heal();
    auditor.flush(LONG).unwrap();
    underway.record().unwrap();
    assert_eq!(actions(&auditor), ["underway"]);
}

#[test]
fn a_panicking_store_is_an_error_and_the_thread_lives_on() {
    let (store, auditor) = faulty(|builder| builder);
    store.fault(Fault::Panic);
    let error = context()
        .scope(|| auditor.log("export").record())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown);
    store.heal();
    context().scope(|| auditor.log("export").record()).unwrap();
    assert_eq!(entries(&auditor).len(), 1);
}

#[test]
fn a_panicking_callback_does_no_harm() {
    let (store, auditor) = faulty(|builder| {
        builder
            .policy(FailurePolicy::BestEffort)
            .on_problem(|_| panic!("callback"))
    });
    store.fault_times(Fault::Fail(ErrorKind::Busy), 1);
    context().scope(|| auditor.log("export").record()).unwrap();
    auditor.flush(LONG).unwrap();
    assert_eq!(entries(&auditor).len(), 1);
}

#[test]
fn a_missing_context_is_an_error_or_is_counted_and_reported_never_silence() {
    let problems = Problems::default();
    let (_, auditor) = faulty(|builder| problems.listen(builder));
    let error = auditor.log("export").record().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingContext);
    assert!(error.to_string().contains("AuditContext::new(tenant)"));
    let receipt = auditor.log("export").best_effort().record().unwrap();
    assert!(!receipt.is_recorded());
    assert_eq!(auditor.statistics().lost, 1);
    assert!(problems.take()[0].contains(r#"1 entry lost (action "export")"#));
}

#[test]
fn an_id_that_belongs_to_another_entry_is_a_conflict_and_spares_the_others() {
    let (_, auditor) = faulty(|builder| builder);
    context().scope(|| {
        let first = auditor.log("export");
        let id = first.entry_id();
        first.record().unwrap();
        let error = auditor.log("import").id(id).record().unwrap_err();
        assert_eq!(
            (error.kind(), error.entry_id()),
            (ErrorKind::IdConflict, Some(id))
        );
        let drafts = [
            auditor.log("one"),
            auditor.log("import").id(id),
            auditor.log("two"),
        ];
        assert_eq!(
            auditor.batch(drafts).record().unwrap_err().kind(),
            ErrorKind::IdConflict
        );
    });
    assert_eq!(actions(&auditor), ["export", "one", "two"]);
}

#[test]
fn reading_across_tenants_needs_a_reason_and_leaves_an_entry() {
    let (store, auditor) = faulty(|builder| builder);
    context().scope(|| auditor.log("export").record()).unwrap();
    assert_eq!(
        auditor.all_tenants("why").unwrap_err().kind(),
        ErrorKind::MissingContext
    );
    let operator = AuditContext::new("operations").actor(Actor::user(1, "root"));
    operator.scope(|| {
        assert_eq!(
            auditor.all_tenants("  ").unwrap_err().kind(),
            ErrorKind::Invalid
        );
        let all = auditor.all_tenants("quarterly review").unwrap();
        let logs = all.logs().unwrap().map(|log| log.name().to_string());
        assert_eq!(logs.collect::<Vec<_>>(), ["acme", "operations"]);
        // Where the use cannot be recorded, there is none.
        store.fault(Fault::Fail(ErrorKind::Full));
        assert_eq!(
            auditor.all_tenants("again").unwrap_err().kind(),
            ErrorKind::Full
        );
        store.heal();
    });
    let filter = Filter::default();
    let trace = store
        .entries(&"operations".into(), &Query::new(&filter, 10))
        .unwrap();
    assert_eq!(trace.len(), 1);
    assert_eq!(trace[0].reason.as_deref(), Some("quarterly review"));
}

#[test]
fn what_the_store_refuses_for_what_it_is_does_not_hold_up_the_rest() {
    let problems = Problems::default();
    let (store, auditor) = faulty(|builder| problems.listen(builder));
    store.fault_times(Fault::Fail(ErrorKind::Invalid), 1);
    let receipt = context().scope(|| auditor.log("bad").best_effort().record());
    assert_eq!(receipt.unwrap().durability(), Durability::Lost);
    auditor.flush(LONG).unwrap();
    context().scope(|| auditor.log("good").record()).unwrap();
    assert_eq!(actions(&auditor), [action::GAP, "good"]);
    assert!(problems.take()[0].contains("lost"));
    store.fault_times(Fault::Fail(ErrorKind::Invalid), 1);
    let strict = context().scope(|| auditor.log("bad").record());
    assert_eq!(strict.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(auditor.statistics().failed, 1);
}

#[test]
fn a_flush_waits_for_what_is_tried_again_whatever_else_fails_meanwhile() {
    let (store, auditor) = faulty(|builder| builder);
    store.fault(Fault::Fail(ErrorKind::Busy));
    context()
        .scope(|| auditor.log("kept").best_effort().record())
        .unwrap();
    std::thread::scope(|scope| {
        let flush = scope.spawn(|| auditor.flush(SOON * 4));
        for _ in 0..3 {
            context()
                .scope(|| auditor.log("refused").record())
                .unwrap_err();
        }
        assert_eq!(
            flush.join().unwrap().unwrap_err().kind(),
            ErrorKind::Timeout
        );
    });
    store.heal();
    auditor.flush(LONG).unwrap();
    assert_eq!(actions(&auditor), ["kept"]);
}

#[test]
fn closing_ends_the_pause_after_a_failure() {
    let (store, auditor) = faulty(|builder| builder.delivery(Delivery::Buffered));
    store.fault(Fault::Fail(ErrorKind::Busy));
    context().scope(|| auditor.log("kept").record()).unwrap();
    while store.appends() < 6 {
        std::thread::yield_now();
    }
    // The pause is long by now; closing does not sleep through it.
    store.heal();
    auditor.close(LONG).unwrap();
    assert_eq!(actions(&auditor), ["kept"]);
}

#[test]
fn reading_across_tenants_is_recorded_before_it_begins_also_where_delivery_is_buffered() {
    let (store, auditor) = faulty(|builder| builder.delivery(Delivery::Buffered));
    store.fault(Fault::Fail(ErrorKind::Full));
    let refused = context().scope(|| auditor.all_tenants("review"));
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Full);
}
