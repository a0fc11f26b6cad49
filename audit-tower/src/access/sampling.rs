//! Requests that are left out, and the entries that tell how many.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use audit_core::{Actor, AuditContext, Auditor, Tenant};
use chrono::{DateTime, Utc};

use super::policy::AccessPolicy;
use super::{ENTITY_TYPE, SUMMARY};
use crate::detached;

/// As many tenants and rules are counted at once; then it is told early.
const MAX_COUNTED: usize = 4096;

/// Counts what is left out, by tenant and rule.
pub(super) struct Tally {
    interval: Duration,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    by_rule: HashMap<(Tenant, usize), Count>,
    /// Since when the oldest of them counts: before it is due, nothing is.
    oldest: Option<Instant>,
}

struct Count {
    seen: u64,
    since: Instant,
    /// The first time and the last time that a request was left out.
    times: Option<(DateTime<Utc>, DateTime<Utc>)>,
    left_out: u64,
}

/// So many requests were left out.
pub(super) struct LeftOut {
    tenant: Tenant,
    rule: usize,
    count: u64,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
}

impl Tally {
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            interval,
            counts: Mutex::default(),
        }
    }

    /// Whether this request of a tenant is one that a rule records; if not, it is counted.
    pub(super) fn picks(
        &self,
        tenant: &Tenant,
        rule: usize,
        one_in: u32,
        now: DateTime<Utc>,
    ) -> bool {
        let mut counts = self.lock();
        let started = Instant::now();
        counts.oldest.get_or_insert(started);
        let count = counts.by_rule.entry((tenant.clone(), rule));
        let count = count.or_insert_with(|| Count {
            seen: 0,
            since: started,
            times: None,
            left_out: 0,
        });
        let is_picked = count.seen.is_multiple_of(u64::from(one_in));
        count.seen += 1;
        if !is_picked {
            count.left_out += 1;
            let (first, last) = count.times.unwrap_or((now, now));
            count.times = Some((first.min(now), last.max(now)));
        }
        is_picked
    }

    /// What is due to be told, or everything.
    pub(super) fn take(&self, all: bool) -> Vec<LeftOut> {
        let mut counts = self.lock();
        let all = all || counts.by_rule.len() > MAX_COUNTED;
        let is_due = |since: Instant| all || since.elapsed() >= self.interval;
        if !counts.oldest.is_some_and(is_due) {
            return Vec::new();
        }
        let due = counts.by_rule.extract_if(|_, count| is_due(count.since));
        let told = due.filter_map(|((tenant, rule), count)| {
            let (first, last) = count.times?;
            Some(LeftOut {
                tenant,
                rule,
                count: count.left_out,
                first,
                last,
            })
        });
        let told = told.collect();
        counts.oldest = counts.by_rule.values().map(|count| count.since).min();
        told
    }

    // Counts stay whole whatever panics.
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LeftOut {
    /// Records it in the log of its tenant.
    pub(super) fn record(self, auditor: &Auditor, policy: &AccessPolicy) {
        let context = AuditContext::new(self.tenant).actor(Actor::system().named("access layer"));
        let draft = auditor
            .log(SUMMARY)
            .context(&context)
            .entity_type(ENTITY_TYPE)
            .entity_name(policy.name_of(self.rule))
            .metadata("left_out", self.count)
            .metadata("first", self.first)
            .metadata("last", self.last);
        detached::record(draft);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn each_tenant_has_its_own_count() {
        let tally = Tally::new(Duration::from_hours(1));
        let picks = |tenant: &str| tally.picks(&tenant.into(), 0, 3, at(0));
        let acme: Vec<_> = (0..7).map(|_| picks("acme")).collect();
        assert_eq!(acme, [true, false, false, true, false, false, true]);
        assert!(picks("umbrella"));
    }

    #[test]
    fn what_is_left_out_is_told_once_with_its_times() {
        let tally = Tally::new(Duration::from_hours(1));
        for second in [9, 5, 7, 6] {
            tally.picks(&"acme".into(), 2, 10, at(second));
        }
        assert!(tally.take(false).is_empty());
        let told = tally.take(true);
        let [left_out] = &told[..] else {
            panic!("{}", told.len())
        };
        assert_eq!((left_out.rule, left_out.count), (2, 3));
        assert_eq!((left_out.first, left_out.last), (at(5), at(7)));
        assert!(tally.take(true).is_empty());
    }

    #[test]
    fn after_the_interval_it_is_due() {
        let tally = Tally::new(Duration::ZERO);
        tally.picks(&"acme".into(), 0, 2, at(0));
        tally.picks(&"acme".into(), 0, 2, at(0));
        assert_eq!(tally.take(false).len(), 1);
    }

    #[test]
    fn too_many_tenants_are_told_early() {
        let tally = Tally::new(Duration::from_hours(1));
        for tenant in 0..=MAX_COUNTED {
            for _ in 0..2 {
                tally.picks(&tenant.to_string().into(), 0, 2, at(0));
            }
        }
        assert_eq!(tally.take(false).len(), MAX_COUNTED + 1);
        assert!(tally.lock().by_rule.is_empty());
        assert_eq!(tally.lock().oldest, None);
    }
}
