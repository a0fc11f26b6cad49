//! What `#[audit_action]` adds to a call: an async function, recorded with buffered delivery into
//! a store that discards, switched off, and without the attribute.
//!
//! `cargo bench -p audit-core --bench action` prints a table. Allocations are those of the
//! caller's thread: the delivery thread shares its own among all entries of a group.

#![expect(clippy::print_stdout, reason = "a program that measures")]
#![expect(
    clippy::unwrap_used,
    reason = "a program that measures stops at the first error"
)]

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use audit_core::query::{Count, Filter, GroupBy};
use audit_core::{
    Actor, Appended, AuditContext, AuditEntry, AuditStore, Auditor, Delivery, Durability, Query,
    Result, Tenant, audit_action,
};
use uuid::Uuid;

const ROUNDS: usize = 60;
const CALLS: u32 = 2000;

/// Takes everything and keeps nothing.
struct Discard;

impl AuditStore for Discard {
    fn append(&self, entries: &[AuditEntry]) -> Result<Vec<Appended>> {
        Ok(vec![Appended::Stored { index: 0 }; entries.len()])
    }
    fn open_attempt(&self, _: &AuditEntry) -> Result<()> {
        Ok(())
    }
    fn close_attempt(&self, _: &Tenant, _: Uuid) -> Result<()> {
        Ok(())
    }
    fn entries(&self, _: &Tenant, _: &Query<'_>) -> Result<Vec<AuditEntry>> {
        Ok(Vec::new())
    }
    fn entry(&self, _: &Tenant, _: Uuid) -> Result<Option<AuditEntry>> {
        Ok(None)
    }
    fn count_by(&self, _: &Tenant, _: &Filter, _: GroupBy) -> Result<Vec<Count>> {
        Ok(Vec::new())
    }
    fn count(&self, _: &Tenant, _: &Filter) -> Result<u64> {
        Ok(0)
    }
    fn tenants(&self) -> Result<Vec<Tenant>> {
        Ok(Vec::new())
    }
    fn cursor_key(&self) -> Result<[u8; 32]> {
        Ok([0; 32])
    }
    fn durability(&self) -> Durability {
        Durability::Volatile
    }
}

#[audit_action(action = "close", entity_type = "incident", entity_id = id, metadata(reason))]
async fn close(id: u64, reason: &str) -> Result<u64> {
    work(id, reason).await
}

#[audit_action(action = "peek", entity_type = "incident", entity_id = id, metadata(reason))]
async fn peek(id: u64, reason: &str) -> Result<u64> {
    work(id, reason).await
}

#[audit_action(action = "peek", entity_type = "incident", entity_id = id, metadata(reason))]
fn peek_now(id: u64, reason: &str) -> Result<u64> {
    Ok(id + reason.len() as u64)
}

#[audit_action(action = "peek", entity_type = "incident", entity_id = id)]
#[inline(never)]
fn count_now(id: u64) -> u64 {
    id + 1
}

#[inline(never)]
fn count(id: u64) -> u64 {
    id + 1
}

async fn work(id: u64, reason: &str) -> Result<u64> {
    Ok(std::future::ready(id + reason.len() as u64).await)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::yield_now();
    }
}

/// One call, in the best of many rounds, and the allocations of the last.
fn measure(mut call: impl FnMut()) -> (Duration, u64) {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        (0..CALLS).for_each(|_| call());
        best = best.min(start.elapsed());
    }
    let counted = allocation_counter::measure(|| (0..CALLS).for_each(|_| call()));
    // Rounded up: what is shared by many calls is no call's own.
    let each = counted.count_total.div_ceil(u64::from(CALLS));
    (best / CALLS, each)
}

fn row(what: &str, (time, allocations): (Duration, u64), goal: Option<(Duration, u64)>) {
    let (goal, reached) = match goal {
        Some(goal) if time <= goal.0 && allocations <= goal.1 => {
            (format!("{:?}, {}", goal.0, goal.1), "reached")
        }
        Some(goal) => (format!("{:?}, {}", goal.0, goal.1), "missed"),
        None => (String::new(), ""),
    };
    println!("| {what} | {time:?} | {allocations} | {goal} | {reached} |");
}

fn main() {
    let builder = Auditor::builder(Discard).delivery(Delivery::Buffered);
    let auditor = builder.off(["peek"]).build().unwrap();
    let context = AuditContext::new("acme")
        .actor(Actor::user(7, "ada"))
        .auditor(&auditor);
    let _guard = context.enter();
    let (id, reason) = (black_box(7), black_box("duplicate"));

    println!("| one call | time | allocations | at most | |");
    println!("|---|---|---|---|---|");
    let recorded = measure(|| {
        black_box(run(close(id, reason))).unwrap();
    });
    let goal = (Duration::from_nanos(1500), 12);
    row(
        "async, recorded into a store that discards",
        recorded,
        Some(goal),
    );
    let off = measure(|| {
        black_box(run(peek(id, reason))).unwrap();
    });
    row(
        "async, switched off",
        off,
        Some((Duration::from_nanos(50), 0)),
    );
    let off = measure(|| {
        black_box(peek_now(id, reason)).unwrap();
    });
    row(
        "sync, switched off, a result of 64 bytes",
        off,
        Some((Duration::from_nanos(20), 0)),
    );
    let off = measure(|| {
        black_box(count_now(black_box(id)));
    });
    row(
        "sync, switched off, a number",
        off,
        Some((Duration::from_nanos(10), 0)),
    );
    let plain = measure(|| {
        black_box(run(work(id, reason))).unwrap();
    });
    row("async, without the attribute", plain, None);
    let plain = measure(|| {
        black_box(count(black_box(id)));
    });
    row("sync, without the attribute, a number", plain, None);

    auditor.flush(Duration::from_secs(10)).unwrap();
    let numbers = auditor.statistics();
    assert_eq!((numbers.lost, numbers.failed), (0, 0), "nothing was let go");
}
