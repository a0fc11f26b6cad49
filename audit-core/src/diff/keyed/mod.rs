//! Lists whose items have a key: what came, went, moved and changed inside.

mod matching;
mod moves;

use std::hash::Hash;
use std::marker::PhantomData;

use serde::Serialize;

use self::matching::Matching;
pub(crate) use self::matching::member;
use super::nested::Nested;
use super::{FieldDiff, FieldSnapshot, Recordable, inside};

/// What the items of a list are: something that is audited field by field, or plain values.
///
/// Generated code finds out by asking `(&&list.probe()).__audit_kind()` with both traits in scope:
/// the first that fits is taken.
#[derive(Debug)]
pub struct ItemProbe<T>(PhantomData<fn() -> T>);

/// Its changes are told field by field, as its type says.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ByFields;

/// Its changes are told by what `serde` makes of it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ByValue;

/// An item that is [`Nested`].
pub trait ViaNested {
    /// How it is compared.
    fn __audit_kind(&self) -> ByFields;
}

impl<T: Nested> ViaNested for &ItemProbe<T> {
    fn __audit_kind(&self) -> ByFields {
        ByFields
    }
}

/// Any other item.
pub trait ViaValue {
    /// How it is compared.
    fn __audit_kind(&self) -> ByValue;
}

impl<T> ViaValue for ItemProbe<T> {
    fn __audit_kind(&self) -> ByValue {
        ByValue
    }
}

/// How items of a list are compared and taken down.
pub trait ItemKind<T> {
    /// Whether two versions of an item differ.
    fn differ(&self, before: &T, after: &T, fields: &FieldDiff) -> bool;

    /// Reports what differs between two versions of an item.
    fn compare(&self, before: &T, after: &T, fields: &mut FieldDiff);

    /// Reports an item with its values.
    fn take(&self, item: &T, fields: &mut FieldSnapshot);
}

impl<T: Nested> ItemKind<T> for ByFields {
    fn differ(&self, before: &T, after: &T, fields: &FieldDiff) -> bool {
        fields.would_change(before, after)
    }

    fn compare(&self, before: &T, after: &T, fields: &mut FieldDiff) {
        fields.nested("", before, after);
    }

    fn take(&self, item: &T, fields: &mut FieldSnapshot) {
        item.nested_snapshot(fields);
    }
}

impl<T: PartialEq + Recordable> ItemKind<T> for ByValue {
    fn differ(&self, before: &T, after: &T, _: &FieldDiff) -> bool {
        before != after
    }

    fn compare(&self, before: &T, after: &T, fields: &mut FieldDiff) {
        if before == after {
            return;
        }
        match (before.to_recorded(), after.to_recorded()) {
            (Ok(before), Ok(after)) => inside::compare_items(before.value, after.value, fields),
            _ => fields.fail("item"),
        }
    }

    fn take(&self, item: &T, fields: &mut FieldSnapshot) {
        match item.to_recorded() {
            Ok(recorded) => fields.whole(recorded.value),
            Err(_) => fields.fail("item"),
        }
    }
}

/// A list, for generated code.
#[derive(Debug)]
pub struct List<'a, C: ?Sized, T> {
    items: &'a C,
    of: PhantomData<fn() -> T>,
}

impl<C: ?Sized, T> Clone for List<'_, C, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized, T> Copy for List<'_, C, T> {}

impl<'a, C, T> List<'a, C, T>
where
    C: ?Sized,
    &'a C: IntoIterator<Item = &'a T>,
    T: 'a,
{
    /// Looks at a list.
    pub fn new(items: &'a C) -> Self {
        Self {
            items,
            of: PhantomData,
        }
    }

    /// Asks what its items are.
    #[must_use]
    pub fn probe(self) -> ItemProbe<T> {
        ItemProbe(PhantomData)
    }

    /// Reports which items came, went, moved and changed since the list was `before`.
    pub fn compare<I, K>(
        self,
        before: Self,
        kind: &I,
        member: &'static str,
        key: impl Fn(&T) -> &K,
        fields: &mut FieldDiff,
        field: &'static str,
    ) where
        I: ItemKind<T>,
        K: Eq + Hash + Serialize + 'a,
    {
        if self.is_unchanged(before, kind, &key, fields) {
            return;
        }
        let matching = Matching {
            before: before.iter().map(|item| (key(item), item)).collect(),
            after: self.iter().map(|item| (key(item), item)).collect(),
            member,
        };
        let start = fields.mark();
        matching.compare(kind, fields);
        fields.put_in(start, field);
    }

    /// Reports all items.
    pub fn take<I: ItemKind<T>>(self, kind: &I, fields: &mut FieldSnapshot, field: &'static str) {
        fields.part(field, |fields| {
            let value = fields.list(self.iter(), |item, fields| kind.take(item, fields));
            fields.whole(value);
        });
    }

    /// Whether the same keys stand in the same order, and nothing behind them differs. Allocates
    /// nothing.
    fn is_unchanged<I: ItemKind<T>, K: Eq>(
        self,
        before: Self,
        kind: &I,
        key: impl Fn(&T) -> &K,
        fields: &FieldDiff,
    ) -> bool {
        let (mut old, mut new) = (before.iter(), self.iter());
        loop {
            match (old.next(), new.next()) {
                (None, None) => return true,
                (Some(old), Some(new))
                    if key(old) == key(new) && !kind.differ(old, new, fields) => {}
                _ => return false,
            }
        }
    }

    fn iter(self) -> impl Iterator<Item = &'a T> {
        self.items.into_iter()
    }
}
