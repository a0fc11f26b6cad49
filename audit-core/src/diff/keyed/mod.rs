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
use crate::entry::Change;

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
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be an item of a list with keys",
    label = "`{T}` is neither `Audited`, nor both `PartialEq` and `serde::Serialize`",
    note = "add `#[derive(Audited)]` to `{T}`, if it is yours"
)]
pub trait ItemKind<T> {
    /// Whether two versions of an item differ.
    fn differ(&self, before: &T, after: &T, fields: &FieldDiff) -> bool;

    /// Reports what differs between two versions of an item.
    fn compare(&self, before: &T, after: &T, fields: &mut FieldDiff);

    /// Reports an item with its values.
    fn take(&self, item: &T, fields: &mut FieldSnapshot);
}

#[diagnostic::do_not_recommend]
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

#[diagnostic::do_not_recommend]
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

/// What tells the items of a list apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of an item",
    label = "`{Self}` is not all of `Eq`, `Hash` and `serde::Serialize`",
    note = "name a field that tells the items apart: a UUID, an integer or text"
)]
pub trait ItemKey: Eq + Hash + Serialize {}

#[diagnostic::do_not_recommend]
impl<K: Eq + Hash + Serialize> ItemKey for K {}

/// A list that lends its items one by one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of items",
    label = "`&{Self}` lends no items one by one",
    note = "`#[audit(key = \"...\")]` goes with a `Vec`, a slice, an array or another list; `#[audit(nested)]` with a single record"
)]
pub trait Items<'a> {
    /// What it is a list of.
    type Item: 'a;

    /// Its items, in order.
    fn items(&'a self) -> impl Iterator<Item = &'a Self::Item>;
}

#[diagnostic::do_not_recommend]
impl<'a, C: ?Sized + 'a> Items<'a> for C
where
    &'a C: IntoIterator<Item: Lent<'a>>,
{
    type Item = <<&'a C as IntoIterator>::Item as Lent<'a>>::Item;

    fn items(&'a self) -> impl Iterator<Item = &'a Self::Item> {
        self.into_iter().map(Lent::lent)
    }
}

/// A lent item of a list.
pub trait Lent<'a> {
    /// What is lent.
    type Item: 'a;

    /// The item.
    fn lent(self) -> &'a Self::Item;
}

impl<'a, T> Lent<'a> for &'a T {
    type Item = T;

    fn lent(self) -> &'a T {
        self
    }
}

/// A list of `T`s, for generated code.
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

/// Looks at a list.
pub fn list<'a, C: Items<'a> + ?Sized>(items: &'a C) -> List<'a, C, C::Item> {
    List {
        items,
        of: PhantomData,
    }
}

// The bounds stand on the methods: rustc tells of a missing bound once, and of a missing method again.
impl<'a, C: ?Sized, T> List<'a, C, T> {
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
        C: Items<'a, Item = T>,
        I: ItemKind<T>,
        K: ItemKey + 'a,
        T: 'a,
    {
        if self.is_unchanged(before, kind, &key, fields) {
            return;
        }
        if fields.is_asked_only() {
            return fields.push(String::new(), Change::default());
        }
        let matching = Matching {
            before: before.items.items().map(|item| (key(item), item)).collect(),
            after: self.items.items().map(|item| (key(item), item)).collect(),
            member,
        };
        let start = fields.mark();
        matching.compare(kind, fields);
        fields.put_in(start, field);
    }

    /// Reports all items.
    pub fn take<I>(self, kind: &I, fields: &mut FieldSnapshot, field: &'static str)
    where
        C: Items<'a, Item = T>,
        I: ItemKind<T>,
        T: 'a,
    {
        fields.part(field, |fields| {
            let value = fields.list(self.items.items(), |item, fields| kind.take(item, fields));
            fields.whole(value);
        });
    }

    /// Whether the same keys stand in the same order, and nothing behind them differs. Allocates
    /// nothing.
    fn is_unchanged<I, K>(
        self,
        before: Self,
        kind: &I,
        key: impl Fn(&T) -> &K,
        fields: &FieldDiff,
    ) -> bool
    where
        C: Items<'a, Item = T>,
        I: ItemKind<T>,
        K: Eq,
        T: 'a,
    {
        let (mut old, mut new) = (before.items.items(), self.items.items());
        loop {
            match (old.next(), new.next()) {
                (None, None) => return true,
                (Some(old), Some(new))
                    if key(old) == key(new) && !kind.differ(old, new, fields) => {}
                _ => return false,
            }
        }
    }
}
