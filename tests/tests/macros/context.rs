//! Where an action takes its context from, and what it hands on.

use audit_core::{
    Actor, AuditContext, Auditor, InContext, LateActor, audit_action, in_current_context,
};
use tokio::task::yield_now;

use crate::{audited, entries, entries_of, one};

#[audit_action(action = "inner")]
fn inner() {}

#[audit_action(action = "middle")]
async fn middle() {
    yield_now().await;
    inner();
}

#[audit_action(action = "outer")]
fn outer() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(middle());
    inner();
}

#[test]
fn nested_actions_are_caused_by_the_one_around_them() {
    let (auditor, context) = audited();
    context.scope(outer);
    let all = entries(&auditor);
    let actions: Vec<_> = all.iter().map(|entry| entry.action.as_str()).collect();
    // The inner one ends first, so it stands first.
    assert_eq!(actions, ["inner", "middle", "inner", "outer"]);
    let [first, middle, second, outer] = all.as_slice() else {
        unreachable!()
    };
    assert!(first.index < middle.index && second.index < outer.index);
    assert_eq!(first.cause, Some(middle.id));
    assert_eq!(middle.cause, Some(outer.id));
    assert_eq!(second.cause, Some(outer.id));
    assert_eq!(outer.cause, None);
    assert!(outer.operation.is_some());
    assert!(all.iter().all(|entry| entry.operation == outer.operation));
}

#[test]
fn what_is_recorded_by_hand_inside_is_caused_by_the_action() {
    #[audit_action(action = "around")]
    fn around() {
        let auditor = Auditor::current().unwrap();
        auditor.log("by_hand").record().unwrap();
    }
    let (auditor, context) = audited();
    context.scope(around);
    let all = entries(&auditor);
    assert_eq!(all[0].action, "by_hand");
    assert_eq!(all[0].cause, Some(all[1].id));
    // And what comes after it is not.
    context.scope(inner);
    assert_eq!(entries(&auditor)[2].cause, None);
}

#[test]
fn two_scopes_are_two_operations() {
    let (auditor, context) = audited();
    context.scope(inner);
    context.scope(inner);
    let all = entries(&auditor);
    assert_ne!(all[0].operation, all[1].operation);
}

#[test]
fn an_actor_who_becomes_known_inside_is_recorded() {
    #[audit_action(action = "login")]
    fn login(slot: &LateActor) {
        slot.set(Actor::user(1, "ada"));
    }
    let (auditor, context) = audited();
    let slot = LateActor::new();
    context.late_actor(&slot).scope(|| login(&slot));
    assert_eq!(one(&auditor).actor, Actor::user(1, "ada"));
}

#[audit_action(action = "step", metadata(n))]
async fn step(n: u32) {
    for _ in 0..5 {
        yield_now().await;
    }
    let _ = n;
}

#[tokio::test(flavor = "current_thread")]
async fn interleaved_tasks_keep_their_own_tenant() {
    async fn work() {
        for n in 0..20 {
            step(n).await;
            inner();
        }
    }
    let (auditor, _) = audited();
    let context = |tenant: &'static str| AuditContext::new(tenant).auditor(&auditor);
    let a = tokio::spawn(work().in_context(context("a")));
    let b = tokio::spawn(work().in_context(context("b")));
    a.await.unwrap();
    b.await.unwrap();
    for tenant in ["a", "b"] {
        let all = entries_of(&auditor, tenant);
        assert_eq!(all.len(), 40);
        assert!(all.iter().all(|entry| entry.operation == all[0].operation));
        let steps = all
            .iter()
            .filter_map(|entry| entry.metadata.get("n")?.as_u64());
        assert!(steps.eq(0..20), "in its own order");
    }
    let operation = |tenant| entries_of(&auditor, tenant)[0].operation;
    assert_ne!(operation("a"), operation("b"));
}

#[audit_action(action = "spawn")]
async fn spawn(carried: bool) {
    let task = if carried {
        tokio::spawn(step(1).in_current_context())
    } else {
        // Without context it would have nowhere to go, so it gets one of its own.
        tokio::spawn(async {
            assert!(AuditContext::current().is_none());
        })
    };
    task.await.unwrap();
}

#[tokio::test]
async fn what_is_spawned_is_in_the_action_only_when_told_to() {
    let (auditor, context) = audited();
    spawn(true).in_context(context.clone()).await;
    let all = entries(&auditor);
    assert_eq!(all[0].action, "step");
    assert_eq!(all[0].cause, Some(all[1].id));
    assert_eq!(all[0].operation, all[1].operation);

    let (auditor, context) = audited();
    spawn(false).in_context(context).await;
    assert_eq!(one(&auditor).action, "spawn");
}

#[test]
fn a_thread_is_in_the_action_only_when_told_to() {
    #[audit_action(action = "fork")]
    fn fork() {
        let plain = std::thread::spawn(|| AuditContext::current().is_none());
        assert!(plain.join().unwrap());
        std::thread::spawn(in_current_context(inner))
            .join()
            .unwrap();
    }
    let (auditor, context) = audited();
    context.scope(fork);
    let all = entries(&auditor);
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].cause, Some(all[1].id));
}

#[tokio::test]
async fn a_future_runs_in_the_context_of_its_first_poll() {
    // Calling an `async fn` runs nothing of it, so the context of the call does not count.
    let (auditor, context) = audited();
    let elsewhere = AuditContext::new("elsewhere").auditor(&auditor);
    let future = elsewhere.scope(|| step(1));
    future.in_context(context).await;
    assert_eq!(one(&auditor).action, "step");
    assert!(entries_of(&auditor, "elsewhere").is_empty());
}
