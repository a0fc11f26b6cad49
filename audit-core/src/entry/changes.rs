//! Which fields changed, each with its old and its new value.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Where an item of a list went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Move {
    /// The position in the old list.
    pub from: u64,
    /// The position in the new list.
    pub to: u64,
}

/// What happened at one path. Absent is not null: `old` is `None` where there was nothing, and
/// `Some(Value::Null)` where the value was null.
///
/// A value is what `serde` makes of it, as JSON. What JSON has no word for stands as a *mark*, an
/// object with one member that begins with `$`; a recorded member that begins with `$` itself is
/// written with another `$` in front, so that no recorded value can be mistaken for a mark.
///
/// | mark | stands for |
/// |---|---|
/// | `{"$float": "NaN"}`, `"inf"`, `"-inf"` | a float that is not a number |
/// | `{"$integer": "…"}` | an integer beyond 64 bits |
/// | `{"$some": null}` | `Some(None)`, which is not `None` |
/// | `{"$masked": …}` | what a function of `#[audit(mask = …)]` made of a value |
/// | `{"$hash": "key:digest"}` | a value of which only a keyed digest is kept |
/// | `{"$truncated": …}` | a value that was too long or too deep |
/// | `{"$blob": "00ff"}` | bytes of a database column, as hexadecimal digits |
/// | `{"$text": "ff00"}` | a text of a database column that is not UTF-8, the same way |
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Change {
    /// The value before, if there was one.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub old: Option<Value>,
    /// The value after, if there is one.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub new: Option<Value>,
    /// Where an item of a list went, if it moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Move>,
    /// Where an item of a list came in or had been, if that was not at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
}

impl Change {
    /// A value that came.
    #[must_use]
    pub fn added(new: Value) -> Self {
        Self {
            new: Some(new),
            ..Self::default()
        }
    }

    /// A value that went.
    #[must_use]
    pub fn removed(old: Value) -> Self {
        Self {
            old: Some(old),
            ..Self::default()
        }
    }

    /// A value that became another.
    #[must_use]
    pub fn replaced(old: Value, new: Value) -> Self {
        Self {
            old: Some(old),
            new: Some(new),
            ..Self::default()
        }
    }
}

/// Which fields changed: paths such as `status`, `location.city` or `notes[7].text`, in the order
/// of the fields, each with what happened there.
///
/// A creation has only new values, a deletion only old ones.
///
/// ```
/// use audit_core::{Change, Changes};
/// use serde_json::json;
///
/// let mut changes = Changes::new();
/// changes.insert("status", Change::replaced(json!("open"), json!("closed")));
/// assert_eq!(
///     serde_json::to_value(&changes).unwrap(),
///     json!({"status": {"old": "open", "new": "closed"}}),
/// );
/// assert!(changes.touches("status"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Changes {
    list: Vec<(String, Change)>,
    /// Known until they are recorded.
    extra: Option<Box<Extra>>,
}

/// What the recorder has to know of changes beyond what it stores.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extra {
    /// What `{"$hash": "?n"}` stands for, to be digested with the key of the auditor.
    pub(crate) digests: Vec<Plain>,
    /// Whether there are digests in the values, made with the key of the auditor.
    pub(crate) digested: bool,
    /// Paths of values that a function of the record's type has masked already.
    pub(crate) masked: Vec<String>,
    /// Paths of values that are personal.
    pub(crate) sensitive: Vec<String>,
    /// Whether there are texts to be cut.
    pub(crate) cuts: bool,
    /// How many more changes there were than are kept.
    pub(crate) left_out: u64,
}

/// A value that must not be seen.
#[derive(Clone)]
pub(crate) struct Plain(pub(crate) Value);

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plain")
    }
}

/// How many changes there are at most, mostly.
const FEW: usize = 4;

impl Changes {
    /// No changes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what happened at a path; a path that is there already is overwritten.
    pub fn insert(&mut self, path: impl Into<String>, change: Change) {
        let path: String = path.into();
        match self.get_mut(&path) {
            Some(present) => *present = change,
            None => self.list.push((path, change)),
        }
    }

    /// Adds what happened at a path that the caller knows to be new.
    pub(crate) fn push(&mut self, path: String, change: Change) {
        if self.list.len() == FEW {
            // Where more than a few fields differ, most do.
            self.list.reserve(3 * FEW);
        }
        self.list.push((path, change));
    }

    pub(crate) fn path_mut(&mut self, place: usize) -> Option<&mut String> {
        self.list.get_mut(place).map(|(path, _)| path)
    }

    pub(crate) fn extra(&self) -> Option<&Extra> {
        self.extra.as_deref()
    }

    pub(crate) fn extra_mut(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    pub(crate) fn take_extra(&mut self) -> Option<Box<Extra>> {
        self.extra.take()
    }

    pub(crate) fn into_list(self) -> Vec<(String, Change)> {
        self.list
    }

    pub(crate) fn at_mut(&mut self, place: usize) -> Option<&mut Change> {
        self.list.get_mut(place).map(|(_, change)| change)
    }

    /// Keeps only what happened at some paths.
    ///
    /// ```
    /// use audit_core::{Change, Changes};
    ///
    /// let mut changes = Changes::new();
    /// changes.insert("status", Change::added("open".into()));
    /// changes.insert("title", Change::added("scan".into()));
    /// changes.retain(|path, _| path != "title");
    /// assert_eq!(changes.fields(), ["status"]);
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &Change) -> bool) {
        self.list.retain(|(path, change)| keep(path, change));
    }

    pub(crate) fn pop(&mut self) -> Option<(String, Change)> {
        self.list.pop()
    }

    /// What happened at exactly this path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Change> {
        self.list
            .iter()
            .find(|(present, _)| present == path)
            .map(|(_, change)| change)
    }

    /// What happened at exactly this path, to alter it.
    pub fn get_mut(&mut self, path: &str) -> Option<&mut Change> {
        self.list
            .iter_mut()
            .find(|(present, _)| present == path)
            .map(|(_, change)| change)
    }

    /// Whether anything happened at this path or beneath it.
    #[must_use]
    pub fn touches(&self, path: &str) -> bool {
        self.list
            .iter()
            .any(|(present, _)| is_at_or_beneath(present, path))
    }

    /// The fields of the record that changed: the first segment of each path, each once, in order.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let mut fields = Vec::new();
        for (path, _) in &self.list {
            let field = first_segment(path);
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        fields
    }

    /// Each path with what happened there.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Change)> {
        self.list
            .iter()
            .map(|(path, change)| (path.as_str(), change))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Change)> {
        self.list
            .iter_mut()
            .map(|(path, change)| (path.as_str(), change))
    }

    /// How many paths changed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// Two sets of changes are equal if they say the same of the same paths in the same order.
impl PartialEq for Changes {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl FromIterator<(String, Change)> for Changes {
    fn from_iter<I: IntoIterator<Item = (String, Change)>>(changes: I) -> Self {
        let mut all = Self::new();
        for (path, change) in changes {
            all.insert(path, change);
        }
        all
    }
}

impl Serialize for Changes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.list.len()))?;
        for (path, change) in &self.list {
            map.serialize_entry(path, change)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Changes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Changes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from paths to changes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Changes, A::Error> {
                let mut changes = Vec::with_capacity(map.size_hint().unwrap_or(0).min(64));
                while let Some(change) = map.next_entry()? {
                    changes.push(change);
                }
                Ok(Changes {
                    list: changes,
                    extra: None,
                })
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

/// A member that is there, be it null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// `location` of `location.city`, `notes` of `notes[7].text`.
pub(crate) fn first_segment(path: &str) -> &str {
    path.find(['.', '['])
        .and_then(|end| path.get(..end))
        .unwrap_or(path)
}

pub(crate) fn is_at_or_beneath(path: &str, wanted: &str) -> bool {
    path.strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_is_not_null() {
        let text = r#"{"b":{"old":null},"a":{"new":null},"c":{"moved":{"from":2,"to":0}}}"#;
        let changes: Changes = serde_json::from_str(text).unwrap();
        assert_eq!(changes.get("b").unwrap().old, Some(Value::Null));
        assert_eq!(changes.get("b").unwrap().new, None);
        assert_eq!(changes.get("a").unwrap().new, Some(Value::Null));
        assert_eq!(serde_json::to_string(&changes).unwrap(), text);
    }

    #[test]
    fn touching_respects_segments() {
        let mut changes = Changes::new();
        changes.insert("location.city", Change::added(json!(1)));
        changes.insert("notes[7].text", Change::added(json!(1)));
        changes.insert("notes[8]", Change::added(json!(1)));
        assert!(changes.touches("location"));
        assert!(changes.touches("notes[7]"));
        assert!(!changes.touches("loc"));
        assert!(!changes.touches("location.city.name"));
        assert_eq!(changes.fields(), ["location", "notes"]);
    }

    #[test]
    fn a_path_stands_once() {
        let mut changes = Changes::new();
        changes.insert("a", Change::added(json!(1)));
        changes.insert("a", Change::added(json!(2)));
        assert_eq!(changes.len(), 1);
        assert_eq!(changes.get("a").unwrap().new, Some(json!(2)));
    }
}
