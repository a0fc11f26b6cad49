//! Parts of a log.

/// Parts of the log in which something was so, both ends included: in order, and apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Spans(Vec<Span>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    from: u64,
    to: u64,
}

impl Spans {
    pub(super) fn all() -> Self {
        Self(vec![Span {
            from: 0,
            to: u64::MAX,
        }])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn holds(&self, index: u64) -> bool {
        let behind = self.0.partition_point(|span| span.to < index);
        self.0.get(behind).is_some_and(|span| span.from <= index)
    }

    /// From here on it is so, unless it is already. Behind all that is known.
    pub(super) fn open(&mut self, index: u64) {
        if self.0.last().is_none_or(|last| last.to != u64::MAX) {
            let to = u64::MAX;
            self.0.push(Span { from: index, to });
        }
    }

    /// Up to here it is so, if it is. Behind all that is known.
    pub(super) fn close(&mut self, index: u64) {
        if let Some(last) = self.0.last_mut().filter(|last| last.to == u64::MAX) {
            last.to = index;
        }
    }

    /// Where both are so.
    pub(super) fn within(&self, other: &Self) -> Self {
        let mut both = Vec::new();
        let mut others = other.0.iter().peekable();
        for span in &self.0 {
            while let Some(other) = others.peek() {
                let (from, to) = (span.from.max(other.from), span.to.min(other.to));
                if from <= to {
                    both.push(Span { from, to });
                }
                if other.to > span.to {
                    break;
                }
                others.next();
            }
        }
        Self(both)
    }

    /// Adds where the other is so, and says whether that is news.
    pub(super) fn add_all(&mut self, other: &Self) -> bool {
        let before = self.0.clone();
        self.0.extend(&other.0);
        self.0.sort_by_key(|span| span.from);
        let mut merged: Vec<Span> = Vec::with_capacity(self.0.len());
        for span in self.0.drain(..) {
            match merged.last_mut() {
                Some(last) if span.from <= last.to.saturating_add(1) => {
                    last.to = last.to.max(span.to);
                }
                _ => merged.push(span),
            }
        }
        self.0 = merged;
        self.0 != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(all: &[(u64, u64)]) -> Spans {
        let all = all.iter();
        Spans(
            all.map(|(from, to)| Span {
                from: *from,
                to: *to,
            })
            .collect(),
        )
    }

    #[test]
    fn parts_are_joined_and_cut() {
        let mut one = spans(&[(1, 3), (10, 12)]);
        assert!(!one.add_all(&spans(&[(2, 3)])));
        assert!(one.add_all(&spans(&[(4, 5), (20, u64::MAX)])));
        assert_eq!(one, spans(&[(1, 5), (10, 12), (20, u64::MAX)]));
        let cut = one.within(&spans(&[(0, 1), (3, 11), (12, 30)]));
        assert_eq!(cut, spans(&[(1, 1), (3, 5), (10, 11), (12, 12), (20, 30)]));
        assert_eq!(one.within(&Spans::default()), Spans::default());
        for (index, is_in) in [(0, false), (1, true), (5, true), (6, false), (25, true)] {
            assert_eq!(one.holds(index), is_in, "{index}");
        }
    }

    #[test]
    fn a_part_is_open_once() {
        let mut one = Spans::default();
        one.close(1);
        one.open(2);
        one.open(3);
        one.close(4);
        one.close(5);
        one.open(9);
        assert_eq!(one, spans(&[(2, 4), (9, u64::MAX)]));
    }
}
