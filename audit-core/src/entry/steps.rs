//! Several changes of one record as one.

use super::changes::{Change, Changes, Extra, is_at_or_beneath};

impl Changes {
    /// What these changes and then `next` do together: what changed twice changed once, and what
    /// changed back did not change.
    ///
    /// For stores that see in several steps what somebody tells of as one. Nothing where it cannot
    /// be said path by path: where `next` does not go on from where these end, where one tells of a
    /// part of what the other tells of as a whole, and where items of lists came, went or moved.
    ///
    /// ```
    /// use audit_core::{Change, Changes};
    /// use serde_json::json;
    ///
    /// let step = |old: &str, new: &str| -> Changes {
    ///     [("status".to_owned(), Change::replaced(json!(old), json!(new)))].into_iter().collect()
    /// };
    /// let both = step("open", "triaged").followed_by(&step("triaged", "closed"));
    /// assert_eq!(both, Some(step("open", "closed")));
    /// assert_eq!(step("open", "triaged").followed_by(&step("open", "closed")), None);
    /// ```
    #[must_use]
    pub fn followed_by(&self, next: &Self) -> Option<Self> {
        let mut both = self.clone();
        if let Some(extra) = next.extra() {
            both.extra_mut().join(extra)?;
        }
        for (path, then) in next.iter() {
            if let Some(first) = both.get_mut(path) {
                let was = (first.old.clone(), first.new.clone());
                let is_seen = first.old != first.new && then.old != then.new;
                if is_item(first) || is_item(then) || was.1 != then.old {
                    return None;
                }
                first.new.clone_from(&then.new);
                // What is masked differs, though it looks the same.
                if is_seen && was.0 == then.new {
                    both.retain(|other, _| other != path);
                }
            } else {
                let overlaps =
                    |other: &str| is_at_or_beneath(other, path) || is_at_or_beneath(path, other);
                if is_item(then) || self.iter().any(|(other, _)| overlaps(other)) {
                    return None;
                }
                both.push(path.to_owned(), then.clone());
            }
        }
        Some(both)
    }
}

fn is_item(change: &Change) -> bool {
    change.moved.is_some() || change.at.is_some()
}

impl Extra {
    /// Nothing if there are digests to be made, which go by their places.
    fn join(&mut self, other: &Self) -> Option<()> {
        if !self.digests.is_empty() || !other.digests.is_empty() {
            return None;
        }
        self.digested |= other.digested;
        self.masked.extend(other.masked.iter().cloned());
        self.sensitive.extend(other.sensitive.iter().cloned());
        self.cuts |= other.cuts;
        self.left_out += other.left_out;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    fn changes(value: Value) -> Changes {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn steps_that_can_be_one_are() {
        for (one, two, both) in [
            (
                json!({"a": {"old": 1, "new": 2}}),
                json!({"b": {"old": 1, "new": 2}}),
                json!({"a": {"old": 1, "new": 2}, "b": {"old": 1, "new": 2}}),
            ),
            (
                json!({"a": {"new": 1}, "b": {"new": null}}),
                json!({"b": {"old": null, "new": 7}}),
                json!({"a": {"new": 1}, "b": {"new": 7}}),
            ),
            (
                json!({"a": {"old": 1, "new": 2}, "b": {"old": 1, "new": 2}}),
                json!({"a": {"old": 2, "new": 1}}),
                json!({"b": {"old": 1, "new": 2}}),
            ),
            (
                json!({"a": {"old": "********", "new": "********"}}),
                json!({"a": {"old": "********", "new": "********"}}),
                json!({"a": {"old": "********", "new": "********"}}),
            ),
        ] {
            assert_eq!(changes(one).followed_by(&changes(two)), Some(changes(both)));
        }
    }

    #[test]
    fn steps_that_cannot_be_told_as_one_are_not() {
        for (one, two) in [
            (
                json!({"a": {"old": 1, "new": 2}}),
                json!({"a": {"old": 1, "new": 2}}),
            ),
            (
                json!({"a": {"new": {"b": 1}}}),
                json!({"a.b": {"old": 1, "new": 2}}),
            ),
            (
                json!({"a.b": {"old": 1, "new": 2}}),
                json!({"a": {"old": {}, "new": 2}}),
            ),
            (json!({}), json!({"a[7]": {"old": 1, "at": 0}})),
            (json!({}), json!({"a[7]": {"moved": {"from": 1, "to": 0}}})),
        ] {
            assert_eq!(changes(one).followed_by(&changes(two)), None);
        }
    }

    fn record() -> impl Strategy<Value = Value> {
        let value = prop_oneof![Just(json!(null)), (0..3).prop_map(|n| json!(n))];
        prop::collection::btree_map("[a-c]", value, 0..4)
            .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>()))
    }

    fn between(old: &Value, new: &Value) -> Changes {
        let mut diff = Changes::new();
        for name in ["a", "b", "c"] {
            let change = Change {
                old: old.get(name).cloned(),
                new: new.get(name).cloned(),
                ..Change::default()
            };
            if change.old != change.new {
                diff.insert(name, change);
            }
        }
        diff
    }

    proptest! {
        #[test]
        fn both_together_lead_from_the_first_record_to_the_last(
            one in record(), two in record(), three in record()
        ) {
            let both = between(&one, &two).followed_by(&between(&two, &three)).unwrap();
            let direct = between(&one, &three);
            prop_assert_eq!(both.len(), direct.len());
            for (path, change) in direct.iter() {
                prop_assert_eq!(both.get(path), Some(change));
            }
        }
    }
}
