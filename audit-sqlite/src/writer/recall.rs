//! Numbers that are remembered for values, without the values.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};
use std::mem;

use rusqlite::types::ValueRef;

/// 128 bits of a keyed hash. The keys are random and leave the process nowhere, so that nobody can
/// look for two values that share one; by chance it takes some 10^19 values.
pub(super) type Fingerprint = [u64; 2];

/// A map from values to what is known of them, such as their number, that forgets what was not used
/// for long: two generations, of which the old one is dropped when the young one is full. What it
/// needs does not depend on how long the values are.
pub(super) struct Recall<K = i64> {
    keys: [RandomState; 2],
    young: Generation<K>,
    old: Generation<K>,
    /// How many values each generation has at most.
    most: usize,
}

type Generation<K> = HashMap<Fingerprint, K, BuildHasherDefault<Prehashed>>;

impl<K: Copy> Recall<K> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            keys: [RandomState::new(), RandomState::new()],
            young: HashMap::default(),
            old: HashMap::default(),
            most,
        }
    }

    /// What a value is remembered by.
    pub(super) fn fingerprint(&self, tenant: i64, fields: &[ValueRef<'_>]) -> Fingerprint {
        self.keys.each_ref().map(|key| {
            let mut hasher = key.build_hasher();
            hasher.write_i64(tenant);
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
            hasher.finish()
        })
    }

    pub(super) fn get(&mut self, fingerprint: Fingerprint) -> Option<K> {
        if let Some(known) = self.young.get(&fingerprint) {
            return Some(*known);
        }
        let known = self.old.remove(&fingerprint)?;
        self.insert(fingerprint, known);
        Some(known)
    }

    pub(super) fn insert(&mut self, fingerprint: Fingerprint, known: K) {
        if self.young.len() >= self.most {
            // Swapped, so that neither has to grow anew.
            mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(fingerprint, known);
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

/// A fingerprint is a hash already.
#[derive(Default)]
struct Prehashed(u64);

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
        let of = |recall: &Recall, n| recall.fingerprint(1, &[ValueRef::Integer(n)]);
        for n in 0..1_000 {
            let fingerprint = of(&recall, n);
            recall.insert(fingerprint, n);
            assert!(recall.len() <= 200);
            let first = of(&recall, 0);
            assert_eq!(recall.get(first), Some(0));
        }
        let long_ago = of(&recall, 5);
        assert_eq!(recall.get(long_ago), None);
    }

    #[test]
    fn values_differ_by_tenant_kind_and_where_they_end() {
        let recall = Recall::<i64>::new(10);
        let text = |text: &'static str| ValueRef::Text(text.as_bytes());
        let values: [(i64, Vec<ValueRef<'_>>); 7] = [
            (1, vec![text("ab"), text("c")]),
            (1, vec![text("a"), text("bc")]),
            (1, vec![text("abc")]),
            (2, vec![text("abc")]),
            (1, vec![ValueRef::Blob(b"abc")]),
            (1, vec![ValueRef::Integer(7)]),
            (1, vec![ValueRef::Integer(7), text("")]),
        ];
        for (at, (tenant, one)) in values.iter().enumerate() {
            for (other_at, (other_tenant, other)) in values.iter().enumerate() {
                let is_same =
                    recall.fingerprint(*tenant, one) == recall.fingerprint(*other_tenant, other);
                assert_eq!(is_same, at == other_at);
            }
        }
    }
}
