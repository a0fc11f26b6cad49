//! The smallest set of items that have to move.

/// Of survivors, in their new order, with the position that each had: which of them stay. They are
/// a longest run of ascending old positions, so the others are as few as can be.
///
/// Patience sorting: M. L. Fredman, "On computing the length of longest increasing subsequences",
/// Discrete Mathematics 11 (1975). `O(n log n)`.
pub(super) fn staying(old_positions: &[usize]) -> Vec<bool> {
    // For each length of a run, the item that ends the run of this length with the lowest position.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(old_positions.len());
    let position_of = |item: usize| old_positions.get(item).copied().unwrap_or_default();
    for (item, position) in old_positions.iter().enumerate() {
        let length = match ends.last() {
            // Most lists are nearly in order.
            Some(last) if position_of(*last) < *position => ends.len(),
            _ => ends.partition_point(|end| position_of(*end) < *position),
        };
        before.push(
            length
                .checked_sub(1)
                .and_then(|shorter| ends.get(shorter).copied()),
        );
        match ends.get_mut(length) {
            Some(end) => *end = item,
            None => ends.push(item),
        }
    }
    let mut stays = vec![false; old_positions.len()];
    let mut item = ends.last().copied();
    while let Some(at) = item {
        if let Some(stays) = stays.get_mut(at) {
            *stays = true;
        }
        item = before.get(at).copied().flatten();
    }
    stays
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moved(old_positions: &[usize]) -> Vec<usize> {
        let stays = staying(old_positions);
        let pairs = old_positions.iter().zip(stays);
        pairs
            .filter(|(_, stays)| !stays)
            .map(|(position, _)| *position)
            .collect()
    }

    #[test]
    fn one_item_that_moves_is_one_move() {
        assert_eq!(moved(&[]), [0; 0]);
        assert_eq!(moved(&[0, 1, 2]), [0; 0]);
        assert_eq!(moved(&[2, 0, 1]), [2]);
        assert_eq!(moved(&[1, 2, 0]), [0]);
        assert_eq!(moved(&[2, 1, 0]).len(), 2);
    }

    /// By trying all subsets.
    fn longest(positions: &[usize]) -> usize {
        (0..1_u32 << positions.len())
            .filter_map(|subset| {
                let chosen: Vec<_> = (0..positions.len())
                    .filter(|item| subset & (1 << item) != 0)
                    .map(|item| positions[item])
                    .collect();
                chosen.is_sorted().then_some(chosen.len())
            })
            .max()
            .unwrap_or(0)
    }

    proptest! {
        #[test]
        fn what_stays_ascends_and_nothing_longer_does(
            positions in Just((0..9_usize).collect::<Vec<_>>()).prop_shuffle(),
            len in 0..10_usize,
        ) {
            let positions = &positions[..len.min(9)];
            let stays = staying(positions);
            let staying: Vec<_> = positions.iter().zip(&stays)
                .filter(|(_, stays)| **stays).map(|(position, _)| *position).collect();
            prop_assert!(staying.is_sorted());
            prop_assert_eq!(staying.len(), longest(positions));
        }
    }
}
