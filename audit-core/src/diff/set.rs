//! Collections in which order means nothing.

use std::collections::HashMap;

use serde_json::Value;

use super::recorded::key_text;
use super::{FieldDiff, FieldSnapshot, Recordable};
use crate::entry::Change;
use crate::entry::path::push_element;

impl FieldDiff {
    /// Compares a field in which order means nothing: which elements came and which went, at paths
    /// such as `tags[urgent]`.
    ///
    /// Elements that are no texts, numbers or truth values, or that occur twice, are told of as a
    /// whole.
    pub fn set<'a, C, T>(&mut self, field: &'static str, before: &'a C, after: &'a C)
    where
        C: PartialEq + ?Sized,
        &'a C: IntoIterator<Item = &'a T>,
        T: Recordable + 'a,
    {
        if before == after {
            return;
        }
        let (Some(before), Some(after)) = (elements(before), elements(after)) else {
            return self.fail(field);
        };
        let mark = self.mark();
        if are_plain(&before, &after) {
            self.elements(&before, &after, Change::removed);
            self.elements(&after, &before, Change::added);
        } else if before != after {
            let (old, new) = (values(before), values(after));
            self.push(String::new(), Change::replaced(old, new));
        }
        self.put_in(mark, field);
    }

    /// Tells of the elements that the other side has not, and where they are in the sorted list.
    fn elements(&mut self, these: &[Element], others: &[Element], change: fn(Value) -> Change) {
        let others_have = |element: &Element| {
            others
                .binary_search_by(|other| other.text.cmp(&element.text))
                .is_ok()
        };
        let last_common = these.iter().rposition(others_have);
        for (position, element) in these.iter().enumerate() {
            if others_have(element) {
                continue;
            }
            let mut path = String::new();
            push_element(&mut path, &key_text(&element.value));
            let mut change = change(element.value.clone());
            change.at = last_common
                .is_some_and(|last| position < last)
                .then_some(position as u64);
            self.push(path, change);
        }
    }
}

impl FieldSnapshot {
    /// Reports a field in which order means nothing; its elements are sorted.
    pub fn set<'a, C, T>(&mut self, field: &'static str, value: &'a C)
    where
        C: ?Sized,
        &'a C: IntoIterator<Item = &'a T>,
        T: Recordable + 'a,
    {
        match elements(value) {
            Some(elements) => self.push(field, values(elements)),
            None => self.fail(field),
        }
    }
}

struct Element {
    /// Its JSON, by which elements are sorted.
    text: String,
    value: Value,
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

fn elements<'a, C, T>(collection: &'a C) -> Option<Vec<Element>>
where
    C: ?Sized,
    &'a C: IntoIterator<Item = &'a T>,
    T: Recordable + 'a,
{
    let elements = collection.into_iter().map(|element| {
        let value = element.to_recorded().ok()?.value;
        Some(Element {
            text: value.to_string(),
            value,
        })
    });
    let mut elements: Vec<_> = elements.collect::<Option<_>>()?;
    elements.sort_by(|a, b| a.text.cmp(&b.text));
    Some(elements)
}

/// Whether each element can stand in a path by itself: it is no list or object, occurs once, and
/// no other, on either side, is written like it.
fn are_plain(before: &[Element], after: &[Element]) -> bool {
    let twice = |pair: &[Element]| matches!(pair, [a, b] if a == b);
    let mut by_key = HashMap::with_capacity(before.len());
    !before.windows(2).any(twice)
        && !after.windows(2).any(twice)
        && before.iter().chain(after).all(|element| {
            let is_scalar = !element.value.is_object() && !element.value.is_array();
            let known = by_key.entry(key_text(&element.value));
            is_scalar && *known.or_insert(element.text.as_str()) == element.text
        })
}

fn values(elements: Vec<Element>) -> Value {
    Value::Array(elements.into_iter().map(|element| element.value).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn elements_come_and_go_and_order_means_nothing() {
        let mut fields = FieldDiff::new();
        fields.set("tags", &vec!["b", "a", "x.y"], &vec!["c", "x.y", "b"]);
        let changes = fields.finish().unwrap();
        assert_eq!(
            serde_json::to_value(&changes).unwrap(),
            json!({"tags[a]": {"old": "a", "at": 0}, "tags[c]": {"new": "c", "at": 1}})
        );

        let mut fields = FieldDiff::new();
        fields.set("tags", &vec![1, 2], &vec![2, 1]);
        assert!(fields.finish().unwrap().is_empty());
    }

    #[test]
    fn what_occurs_twice_is_told_as_a_whole() {
        let mut fields = FieldDiff::new();
        fields.set("tags", &vec![1, 1], &vec![1]);
        assert_eq!(
            serde_json::to_value(fields.finish().unwrap()).unwrap(),
            json!({"tags": {"old": [1, 1], "new": [1]}})
        );
    }

    #[test]
    fn a_snapshot_is_sorted() {
        let mut fields = FieldSnapshot::created();
        fields.set("tags", &HashSet::from(["b", "c", "a"]));
        assert_eq!(
            serde_json::to_value(fields.finish().unwrap()).unwrap(),
            json!({"tags": {"new": ["a", "b", "c"]}})
        );
    }
}
