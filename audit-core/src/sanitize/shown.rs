//! Paths of changes as they may be seen: keys of maps and elements of sets may be secrets themselves.

use std::borrow::Cow;
use std::collections::HashMap;
use std::mem;

use serde_json::Value;

use crate::MASK;
use crate::entry::Changes;
use crate::entry::path::{self, Step};
use crate::sanitize::Sanitizer;

/// A shorter path cannot hold a secret that a detector would know.
const FEWEST_BYTES: usize = 13;

/// Masks the secrets in the paths of one entry. Two secrets under one path have different masks, so
/// that nothing is told of one that happened to the other.
pub(super) struct Paths<'s> {
    sanitizer: &'s Sanitizer,
    /// The number of each secret, by the path that it stands under.
    numbers: HashMap<String, HashMap<String, usize>>,
}

impl<'s> Paths<'s> {
    pub(super) fn new(sanitizer: &'s Sanitizer) -> Self {
        Self {
            sanitizer,
            numbers: HashMap::new(),
        }
    }

    /// Masks what the paths of changes name.
    pub(super) fn mask(&mut self, changes: &mut Changes) {
        if changes.iter().all(|(path, _)| self.is_clean(path)) {
            return;
        }
        let mut places = HashMap::new();
        for (path, change) in mem::take(changes).into_list() {
            let path = self.shown(&path).unwrap_or(path);
            let place = *places.entry(path.clone()).or_insert(changes.len());
            match changes.at_mut(place) {
                // Beneath a secret nothing is told apart.
                Some(present) => {
                    present.old = one(present.old.take(), change.old);
                    present.new = one(present.new.take(), change.new);
                }
                None => changes.push(path, change),
            }
        }
    }

    /// The path without its secrets, if it names one; nothing of what is beneath a sensitive name.
    pub(super) fn shown(&mut self, path: &str) -> Option<String> {
        if self.is_clean(path) {
            return None;
        }
        let mut shown = String::new();
        for step in path::steps(path) {
            if self.sanitizer.is_sensitive_path(&shown) {
                break;
            }
            let end = shown.len();
            push(&mut shown, &step, None);
            if self.is_secret(&shown) {
                shown.truncate(end);
                let mask = self.mask_of(&shown, &step);
                push(&mut shown, &step, Some(&mask));
                if self.is_secret(&shown) {
                    shown.truncate(end);
                    path::push_member(&mut shown, MASK);
                    break;
                }
            }
        }
        Some(shown)
    }

    fn is_clean(&self, path: &str) -> bool {
        let has_inner = path.contains(['.', '[']);
        let is_beneath = has_inner && self.sanitizer.is_sensitive_path(path);
        !is_beneath && !self.is_secret(path)
    }

    fn is_secret(&self, path: &str) -> bool {
        path.len() >= FEWEST_BYTES && matches!(self.sanitizer.text(path), Cow::Owned(_))
    }

    fn mask_of(&mut self, parent: &str, step: &Step<'_>) -> String {
        let secret = match step {
            Step::Member(name) => name,
            Step::Item { key, .. } => key,
            Step::Position(_) => return MASK.to_owned(),
        };
        let numbers = self.numbers.entry(parent.to_owned()).or_default();
        let next = numbers.len() + 1;
        match numbers.entry(secret.to_string()).or_insert(next) {
            1 => MASK.to_owned(),
            number => format!("{MASK} {number}"),
        }
    }
}

/// Appends a step, or its mask.
fn push(path: &mut String, step: &Step<'_>, mask: Option<&str>) {
    match step {
        Step::Member(name) => path::push_member(path, mask.unwrap_or(name)),
        Step::Position(position) => path::push_position(path, *position),
        Step::Item { member: None, key } => path::push_element(path, mask.unwrap_or(key)),
        Step::Item {
            member: Some(member),
            key,
        } => path::push_item(path, member, mask.unwrap_or(key)),
    }
}

/// What two changes have in common.
fn one(present: Option<Value>, other: Option<Value>) -> Option<Value> {
    match (present, other) {
        (Some(present), Some(other)) if present != other => Some(Value::String(MASK.to_owned())),
        (present, other) => present.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_seen_and_what_is_beneath_a_secret_is_not() {
        let sanitizer = Sanitizer::default();
        let mut paths = Paths::new(&sanitizer);
        for path in ["status", "api_token", "location.city", "notes[7].text"] {
            assert_eq!(paths.shown(path), None, "{path}");
        }
        for (path, seen) in [
            ("notes[7].api_token", "notes[7].api_token"),
            ("by_token.hunter2.name", "by_token"),
            ("tokens[hunter2]", "tokens"),
        ] {
            assert_eq!(paths.shown(path).as_deref(), Some(seen));
        }
    }

    #[test]
    fn two_secrets_stay_two() {
        let sanitizer = Sanitizer::default();
        let mut paths = Paths::new(&sanitizer);
        for (path, seen) in [
            ("by.AKIAIOSFODNN7EXAMPLE.a", "by.********.a"),
            ("by.AKIAIOSFODNN7EXAMPL2.a", "by.******** 2.a"),
            ("by.AKIAIOSFODNN7EXAMPLE.b", "by.********.b"),
            ("to[AKIAIOSFODNN7EXAMPLE]", "to[********]"),
        ] {
            assert_eq!(paths.shown(path).as_deref(), Some(seen));
        }
    }
}
