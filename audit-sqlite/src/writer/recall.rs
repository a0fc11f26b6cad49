//! Numbers that are remembered for values, without the values.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::mem;

use audit_core::Tenant;
use rusqlite::types::ValueRef;
use siphasher::sip128::{Hasher128 as _, SipHasher13};
use uuid::Uuid;

/// 128 bits of a keyed hash. The keys are random and leave the process nowhere, so that nobody can
/// look for two values that share one; by chance it takes some 10^19 values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fingerprint {
    high: u64,
    low: u64,
}

impl Fingerprint {
    /// That of the same value of a tenant: tenants have different numbers, so that no two get the same one.
    fn of(self, tenant: i64) -> Self {
        Self {
            high: self.high ^ tenant.cast_unsigned(),
            ..self
        }
    }

    /// Half of it, to compare with one other: to look among many takes all of it.
    pub(super) fn half(self) -> u64 {
        self.low
    }
}

/// A fingerprint is a hash already.
impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The half that tenants differ in.
        state.write_u64(self.high);
    }
}

/// What is known of values, by their fingerprints.
pub(super) type ByPrint<K> = HashMap<Fingerprint, K, BuildHasherDefault<Prehashed>>;

/// What fingerprints are taken with.
#[derive(Clone)]
pub(super) struct Prints {
    keyed: SipHasher13,
}

impl Prints {
    pub(super) fn new() -> Self {
        let (one, other) = Uuid::new_v4().as_u64_pair();
        Self {
            keyed: SipHasher13::new_with_keys(one, other),
        }
    }

    /// What a tenant is remembered by.
    pub(super) fn of_tenant(&self, tenant: &Tenant) -> Fingerprint {
        self.of(&[ValueRef::Text(tenant.as_str().as_bytes())])
    }

    /// What a value is remembered by.
    pub(super) fn of(&self, fields: &[ValueRef<'_>]) -> Fingerprint {
        let mut hasher = self.keyed;
        for field in fields {
            let (tag, bytes) = match field {
                ValueRef::Integer(number) => {
                    hasher.write_u8(0);
                    hasher.write_i64(*number);
                    continue;
                }
                ValueRef::Text(text) => (1, *text),
                ValueRef::Blob(bytes) => (2, *bytes),
                _ => (3, &[][..]),
            };
            hasher.write_u8(tag);
            hasher.write_usize(bytes.len());
            hasher.write(bytes);
        }
        let hash = hasher.finish128();
        Fingerprint {
            high: hash.h1,
            low: hash.h2,
        }
    }
}

/// A map from values of tenants to what is known of them, such as their number, that forgets what was not used
/// for long: two generations, of which the old one is dropped when the young one is full. What it
/// needs does not depend on how long the values are.
pub(super) struct Recall<K = i64> {
    young: ByPrint<K>,
    old: ByPrint<K>,
    /// How many values each generation has at most.
    most: usize,
}

impl<K: Copy> Recall<K> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            young: HashMap::default(),
            old: HashMap::default(),
            most,
        }
    }

    pub(super) fn get(&mut self, tenant: i64, print: Fingerprint) -> Option<K> {
        let print = print.of(tenant);
        if let Some(known) = self.young.get(&print) {
            return Some(*known);
        }
        let known = self.old.remove(&print)?;
        self.add(print, known);
        Some(known)
    }

    pub(super) fn insert(&mut self, tenant: i64, print: Fingerprint, known: K) {
        self.add(print.of(tenant), known);
    }

    fn add(&mut self, print: Fingerprint, known: K) {
        if self.young.len() >= self.most {
            // Swapped, so that neither has to grow anew.
            mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(print, known);
    }

    pub(super) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

/// Takes what a fingerprint gives it.
#[derive(Default)]
pub(super) struct Prehashed(u64);

impl Hasher for Prehashed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, half: u64) {
        self.0 ^= half;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_forgets_what_was_not_used_for_long() {
        let mut recall = Recall::new(100);
        let prints = Prints::new();
        let of = |n| prints.of(&[ValueRef::Integer(n)]);
        for n in 0..1_000 {
            recall.insert(1, of(n), n);
            assert!(recall.len() <= 200);
            assert_eq!(recall.get(1, of(0)), Some(0));
        }
        assert_eq!(recall.get(1, of(5)), None);
    }

    #[test]
    fn values_differ_by_tenant_kind_and_where_they_end() {
        let prints = Prints::new();
        let text = |text: &'static str| ValueRef::Text(text.as_bytes());
        let values: [(i64, Vec<ValueRef<'_>>); 8] = [
            (1, vec![text("ab"), text("c")]),
            (1, vec![text("a"), text("bc")]),
            (1, vec![text("abc")]),
            (2, vec![text("abc")]),
            (-2, vec![text("abc")]),
            (1, vec![ValueRef::Blob(b"abc")]),
            (1, vec![ValueRef::Integer(7)]),
            (1, vec![ValueRef::Integer(7), text("")]),
        ];
        let mut recall = Recall::new(100);
        for (at, (tenant, value)) in (0..).zip(&values) {
            let print = prints.of(value);
            assert_eq!(recall.get(*tenant, print), None);
            recall.insert(*tenant, print, at);
        }
        for (at, (tenant, value)) in (0..).zip(&values) {
            assert_eq!(recall.get(*tenant, prints.of(value)), Some(at));
        }
    }
}
