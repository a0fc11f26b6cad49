//! Values that are records themselves, and what may hold them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasher, Hash};
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::recorded::record_key;
use super::{Audited, FieldDiff, FieldSnapshot};
use crate::entry::marks;
use crate::entry::path::push_member;
use crate::entry::{AuditedField, Change, EntityId, Tenant};

/// A value whose changes are told field by field: anything [`Audited`], an [`Option`], a list or a
/// map of it, and whatever points to one.
///
/// This is what `#[audit(nested)]` asks for. The items of a list are told by position,
/// `stops[#2].city`; where they have an id of their own, `#[audit(key = "id")]` says more. The
/// values of a map are told by key, `limits.cpu.max`.
///
/// ```
/// use audit_core::{Audited, diff};
///
/// #[derive(Audited)]
/// struct Location { city: String }
///
/// #[derive(Audited)]
/// struct Sensor {
///     #[audit(id)]
///     id: u32,
///     #[audit(nested)]
///     location: Option<Box<Location>>,
/// }
///
/// # let sensor = |city: &str| Sensor { id: 1, location: Some(Box::new(Location { city: city.to_owned() })) };
/// let changes = diff(&sensor("Oslo"), &sensor("Bergen"))?;
/// assert_eq!(changes.get("location.city").unwrap().new, Some("Bergen".into()));
/// # Ok::<(), audit_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be audited field by field",
    label = "`Audited` is not implemented for `{Self}`, nor for what it holds",
    note = "add `#[derive(Audited)]` to it, or drop `nested`: then its old and new value are stored as a whole"
)]
pub trait Nested {
    /// Reports each field that differs between this and `after`.
    fn nested_diff(&self, after: &Self, fields: &mut FieldDiff);

    /// Reports each field with its value.
    fn nested_snapshot(&self, fields: &mut FieldSnapshot);
}

#[diagnostic::do_not_recommend]
impl<T: Audited + ?Sized> Nested for T {
    fn nested_diff(&self, after: &Self, fields: &mut FieldDiff) {
        self.audit_diff(after, fields);
    }

    fn nested_snapshot(&self, fields: &mut FieldSnapshot) {
        self.audit_snapshot(fields);
    }
}

/// A box is what it holds.
impl<T: Audited + ?Sized> Audited for Box<T> {
    const ENTITY_TYPE: &'static str = T::ENTITY_TYPE;
    const FIELDS: &'static [AuditedField] = T::FIELDS;

    fn audit_id(&self) -> Option<EntityId> {
        T::audit_id(self)
    }

    fn audit_name(&self) -> Option<String> {
        T::audit_name(self)
    }

    fn audit_tenant(&self) -> Option<Tenant> {
        T::audit_tenant(self)
    }

    fn audit_diff(&self, after: &Self, fields: &mut FieldDiff) {
        T::audit_diff(self, after, fields);
    }

    fn audit_snapshot(&self, fields: &mut FieldSnapshot) {
        T::audit_snapshot(self, fields);
    }
}

macro_rules! points_to_one {
    ($($pointer:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: Nested + ?Sized> Nested for $pointer {
            fn nested_diff(&self, after: &Self, fields: &mut FieldDiff) {
                T::nested_diff(self, after, fields);
            }

            fn nested_snapshot(&self, fields: &mut FieldSnapshot) {
                T::nested_snapshot(self, fields);
            }
        }
    )*};
}

points_to_one!(Rc<T>, Arc<T>);

#[diagnostic::do_not_recommend]
impl<T: Nested + ToOwned + ?Sized> Nested for Cow<'_, T> {
    fn nested_diff(&self, after: &Self, fields: &mut FieldDiff) {
        T::nested_diff(self, after, fields);
    }

    fn nested_snapshot(&self, fields: &mut FieldSnapshot) {
        T::nested_snapshot(self, fields);
    }
}

#[diagnostic::do_not_recommend]
impl<T: Nested> Nested for Option<T> {
    fn nested_diff(&self, after: &Self, fields: &mut FieldDiff) {
        match (self, after) {
            (Some(before), Some(after)) => {
                let mark = fields.mark();
                before.nested_diff(after, fields);
                if fields.has_changed_since(mark)
                    && let Some(change) = fields.root_change(mark)
                {
                    let values = change.old.iter_mut().chain(&mut change.new);
                    values.for_each(marks::some);
                }
            }
            (None, None) => {}
            _ => fields.whole(self, after),
        }
    }

    fn nested_snapshot(&self, fields: &mut FieldSnapshot) {
        match self {
            Some(value) => {
                value.nested_snapshot(fields);
                fields.some();
            }
            None => fields.whole(Value::Null),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Nested> Nested for [T] {
    fn nested_diff(&self, after: &Self, fields: &mut FieldDiff) {
        by_position(self.iter(), after.iter(), fields);
    }

    fn nested_snapshot(&self, fields: &mut FieldSnapshot) {
        list(self.iter(), fields);
    }
}

#[diagnostic::do_not_recommend]
impl<T: Nested, const N: usize> Nested for [T; N] {
    fn nested_diff(&self, after: &Self, fields: &mut FieldDiff) {
        by_position(self.iter(), after.iter(), fields);
    }

    fn nested_snapshot(&self, fields: &mut FieldSnapshot) {
        list(self.iter(), fields);
    }
}

macro_rules! lists {
    ($($list:ident),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: Nested> Nested for $list<T> {
            fn nested_diff(&self, after: &Self, fields: &mut FieldDiff) {
                by_position(self.iter(), after.iter(), fields);
            }

            fn nested_snapshot(&self, fields: &mut FieldSnapshot) {
                list(self.iter(), fields);
            }
        }
    )*};
}

lists!(Vec, VecDeque);

#[diagnostic::do_not_recommend]
impl<K: Ord + Serialize, T: Nested> Nested for BTreeMap<K, T> {
    fn nested_diff(&self, after: &Self, fields: &mut FieldDiff) {
        by_key(
            self.iter(),
            after.iter(),
            self,
            after,
            BTreeMap::get,
            fields,
        );
    }

    fn nested_snapshot(&self, fields: &mut FieldSnapshot) {
        map(self.iter(), fields);
    }
}

#[diagnostic::do_not_recommend]
impl<K: Eq + Hash + Serialize, T: Nested, S: BuildHasher> Nested for HashMap<K, T, S> {
    fn nested_diff(&self, after: &Self, fields: &mut FieldDiff) {
        by_key(self.iter(), after.iter(), self, after, HashMap::get, fields);
    }

    fn nested_snapshot(&self, fields: &mut FieldSnapshot) {
        map(self.iter(), fields);
    }
}

fn list<'a, T: Nested + 'a>(items: impl Iterator<Item = &'a T>, fields: &mut FieldSnapshot) {
    let value = fields.list(items, T::nested_snapshot);
    fields.whole(value);
}

fn map<'a, K: Serialize + 'a, T: Nested + 'a>(
    members: impl Iterator<Item = (&'a K, &'a T)>,
    fields: &mut FieldSnapshot,
) {
    let mut named = Vec::new();
    for (key, member) in members {
        match record_key(key) {
            Ok(name) => named.push((marks::escaped(name), member)),
            Err(_) => fields.fail("key"),
        }
    }
    let value = fields.members(named.into_iter(), |member, fields| {
        member.nested_snapshot(fields);
    });
    fields.whole(value);
}

/// Compares the items that stand at the same position, and tells of the rest as added or removed.
pub(super) fn by_position<'a, T: Nested + 'a>(
    mut before: impl ExactSizeIterator<Item = &'a T>,
    mut after: impl ExactSizeIterator<Item = &'a T>,
    fields: &mut FieldDiff,
) {
    for position in 0..before.len().max(after.len()) {
        let mark = fields.mark();
        one(before.next(), after.next(), fields);
        fields.put_at(mark, position);
    }
}

/// Compares the values that stand under the same key, in the order of the keys' texts.
fn by_key<'a, M, K: Serialize + 'a, T: Nested + 'a>(
    members: impl Iterator<Item = (&'a K, &'a T)>,
    members_after: impl Iterator<Item = (&'a K, &'a T)>,
    before: &'a M,
    after: &'a M,
    get: impl for<'m> Fn(&'m M, &K) -> Option<&'m T>,
    fields: &mut FieldDiff,
) {
    let stayed = members.map(|(key, value)| (key, Some(value), get(after, key)));
    let came = members_after.filter(|(key, _)| get(before, key).is_none());
    let pairs = stayed.chain(came.map(|(key, value)| (key, None, Some(value))));
    let mut pairs = pairs.filter(|(_, before, after)| match (before, after) {
        (Some(before), Some(after)) => fields.would_change(*before, *after),
        _ => true,
    });
    if fields.is_asked_only() {
        if pairs.next().is_some() {
            fields.push(String::new(), Change::default());
        }
        return;
    }
    let mut differing: Vec<_> = pairs
        .map(|(key, before, after)| (record_key(key).ok().map(marks::escaped), before, after))
        .collect();
    // A hash map has no order of its own.
    differing.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    for (name, before, after) in differing {
        let Some(name) = name else {
            fields.fail("key");
            continue;
        };
        let mark = fields.mark();
        one(before, after, fields);
        let mut steps = String::new();
        push_member(&mut steps, &name);
        fields.prefix(mark, &steps);
    }
}

/// What became of one item.
fn one<T: Nested>(before: Option<&T>, after: Option<&T>, fields: &mut FieldDiff) {
    let change = match (before, after) {
        (Some(before), Some(after)) => return fields.nested("", before, after),
        (Some(gone), None) => {
            Change::removed(fields.snapshot(|fields| gone.nested_snapshot(fields)))
        }
        (None, Some(new)) => Change::added(fields.snapshot(|fields| new.nested_snapshot(fields))),
        (None, None) => return,
    };
    fields.push(String::new(), change);
}
