//! A map that forgets what was not used for long, so that memory stays flat.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};

/// Two generations: what is used is in the young one; when that is full it becomes the old one,
/// and the old one is dropped. As good as least-recently-used here, at the price of a plain map.
pub(crate) struct Bounded<K, V, S = RandomState> {
    young: HashMap<K, (V, usize), S>,
    old: HashMap<K, (V, usize), S>,
    bytes: usize,
    max_entries: usize,
    max_bytes: usize,
}

impl<K: Eq + Hash, V: Clone, S: BuildHasher + Default> Bounded<K, V, S> {
    /// Holds at most about so many entries and bytes.
    pub(crate) fn new(max_entries: usize, max_bytes: usize) -> Self {
        Self {
            young: HashMap::default(),
            old: HashMap::default(),
            bytes: 0,
            max_entries: max_entries / 2,
            max_bytes: max_bytes / 2,
        }
    }

    pub(crate) fn get<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some((value, _)) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, (value, bytes)) = self.old.remove_entry(key)?;
        self.insert(key, value.clone(), bytes);
        Some(value)
    }

    pub(crate) fn insert(&mut self, key: K, value: V, bytes: usize) {
        if self.young.len() >= self.max_entries || self.bytes + bytes > self.max_bytes {
            // Swapped, so that neither has to grow anew.
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.young.insert(key, (value, bytes));
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

/// Hashes numbers that we gave ourselves, which nobody can choose so that they collide. Several
/// times faster than the default, and looked up five times for each entry read.
#[derive(Default)]
pub(crate) struct NumberHasher(u64);

/// Makes a [`NumberHasher`].
pub(crate) type Numbers = BuildHasherDefault<NumberHasher>;

impl Hasher for NumberHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number.cast_unsigned());
    }

    fn write_u64(&mut self, number: u64) {
        // An odd constant with well mixed bits, 2^64 divided by the golden ratio.
        self.0 = (self.0.rotate_left(26) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        // The map takes its place from the low bits, and the product is mixed in the high ones.
        self.0.rotate_left(26)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_within_its_bounds_and_keeps_what_is_used() {
        let mut map = Bounded::<_, _, Numbers>::new(100, 10_000);
        for n in 0..10_000 {
            map.insert(n, n, 10);
            assert!(map.len() <= 100);
            if n > 0 {
                assert_eq!(map.get(&1), (n >= 1).then_some(1));
            }
        }
        assert_eq!(map.get(&5), None);
        let mut map = Bounded::<_, _, Numbers>::new(100, 1_000);
        for n in 0..100 {
            map.insert(n, n, 100);
            assert!(map.len() <= 10);
        }
    }
}
