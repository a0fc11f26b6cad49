//! What the changes of an entry say of one path, be it told by itself or as a part of something.

use serde_json::Value;

use crate::diff::apply::look;
use crate::entry::marks::is_incomplete;
use crate::entry::path::{Step, steps};
use crate::entry::{Change, Changes};

/// Whether an entry changed what stands at a path, or may have.
pub(super) fn is_altered(changes: &Changes, way: &[Step<'_>]) -> bool {
    changes.iter().any(|(path, change)| {
        let told: Vec<_> = steps(path).collect();
        if told.starts_with(way) {
            return true;
        }
        inside(&told, way, change).is_some_and(|(old, new)| {
            old != new || old.is_some_and(is_incomplete) || is_hidden(change)
        })
    })
}

/// The values at a path before and after, where the changes of an entry tell of it.
pub(super) fn values<'c>(
    changes: &'c Changes,
    way: &[Step<'_>],
) -> Option<(Option<&'c Value>, Option<&'c Value>)> {
    changes.iter().find_map(|(path, change)| {
        let told: Vec<_> = steps(path).collect();
        inside(&told, way, change)
    })
}

/// What stands at a path inside of what a change tells as a whole.
fn inside<'c>(
    told: &[Step<'_>],
    way: &[Step<'_>],
    change: &'c Change,
) -> Option<(Option<&'c Value>, Option<&'c Value>)> {
    let rest = way.strip_prefix(told)?;
    let at = |side: &'c Option<Value>| side.as_ref().and_then(|value| look(value, rest));
    Some((at(&change.old), at(&change.new)))
}

/// Whether nothing can be said of what is inside.
fn is_hidden(change: &Change) -> bool {
    let mut sides = [&change.old, &change.new].into_iter().flatten();
    sides.any(|value| crate::entry::Obscured::of(value).is_some())
}
