//! The walk through a JSON value.

#[cfg(test)]
mod tests;

use std::mem;

use serde_json::{Map, Value};

use super::path::{Rules, Segments};
use super::role::Role;
use super::text::mask_text;
use super::{Detector, MASK, card};
use crate::entry::marks;

/// Deeper than any value that is meant to be read; keeps hostile ones from overflowing the stack, here and in the
/// parser that reads an entry back.
const MOST_LEVELS: usize = 100;

/// A member name of fewer bytes cannot hold a secret that a detector would know.
const FEWEST_NAME_BYTES: usize = 13;

/// A longer string is a text, not the name of a field.
const MOST_NAME_BYTES: usize = 96;

/// Masks what is secret in a value that lives under a path.
///
/// Digests stay only where the recorder has made them: anybody can write what looks like one.
pub(super) fn value(rules: &Rules, value: &mut Value, path: Option<&str>, digests: bool) {
    let trail = path.map(|path| Trail {
        name: path,
        is_path: true,
        above: None,
    });
    Walk { rules, digests }.value(value, trail.as_ref(), 0);
}

/// Masks what is secret in an object.
pub(super) fn map(rules: &Rules, map: &mut Map<String, Value>) {
    let digests = false;
    Walk { rules, digests }.object(map, None, 0);
}

/// Masks a whole value. An absent secret is no secret: null stays.
pub(super) fn mask(value: &mut Value) {
    if value.is_null() || value == MASK {
        return;
    }
    let mut dropped = vec![mem::replace(value, Value::String(MASK.to_owned()))];
    // Dropping a deep value as it is would overflow the stack.
    while let Some(value) = dropped.pop() {
        match value {
            Value::Array(items) => dropped.extend(items),
            Value::Object(members) => dropped.extend(members.into_iter().map(|(_, member)| member)),
            _ => {}
        }
    }
}

/// The names above a value, innermost first.
struct Trail<'a> {
    name: &'a str,
    is_path: bool,
    above: Option<&'a Trail<'a>>,
}

/// The same outermost first, as rules want them.
fn names_above<'a>(mut trail: Option<&'a Trail<'a>>) -> Vec<&'a str> {
    let mut names = Vec::new();
    while let Some(step) = trail {
        if step.is_path {
            let segments: Vec<_> = Segments { rest: step.name }.collect();
            names.extend(segments.into_iter().rev());
        } else {
            names.push(step.name);
        }
        trail = step.above;
    }
    names.reverse();
    names
}

struct Walk<'a> {
    rules: &'a Rules,
    digests: bool,
}

impl Walk<'_> {
    fn mask(&self, value: &mut Value) {
        if !self.digests || !marks::is_digest(value) {
            mask(value);
        }
    }

    fn value(&self, value: &mut Value, trail: Option<&Trail<'_>>, level: usize) {
        match value {
            Value::String(text) => {
                if let Some(masked) = self.text(text) {
                    *text = masked;
                }
            }
            Value::Array(_) | Value::Object(_) if level >= MOST_LEVELS => self.mask(value),
            Value::Array(items) => self.array(items, trail, level),
            Value::Object(members) => self.object(members, trail, level),
            Value::Number(number) => {
                let is_card = number.as_u64().is_some_and(card::is_card_number);
                if is_card && self.rules.detects(Detector::CardNumber) {
                    self.mask(value);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn array(&self, items: &mut [Value], trail: Option<&Trail<'_>>, level: usize) {
        // A header as a pair of strings.
        if let [Value::String(name), content @ Value::String(_)] = items
            && self.is_secret_name(name, trail)
        {
            self.mask(content);
            // A pair of secrets is no header.
            if let Some(masked) = self.text(name) {
                *name = masked;
            }
            return;
        }
        let mut flag = false;
        for item in items {
            if flag && matches!(item, Value::String(text) if !text.starts_with('-')) {
                self.mask(item);
            }
            self.value(item, trail, level + 1);
            // A command line: `["--password", "x"]` among other arguments.
            flag = matches!(item, Value::String(text) if text.starts_with('-') && self.is_secret_name(text, trail));
        }
    }

    fn object(&self, members: &mut Map<String, Value>, trail: Option<&Trail<'_>>, level: usize) {
        let mut secret_key = false;
        let mut holds_content = false;
        let mut holds_name = false;
        let mut secret_name = false;
        for (name, member) in &mut *members {
            secret_name |= name.len() >= FEWEST_NAME_BYTES && self.text(name).is_some();
            match Role::of(name) {
                Role::Plain => {}
                Role::Content => holds_content = true,
                Role::Name => holds_name = true,
            }
            if self.rules.names_secret(name, || names_above(trail)) {
                // Whether `key` is a secret or a name is known only when all members are.
                if name.eq_ignore_ascii_case("key") && member.is_string() {
                    secret_key = true;
                } else {
                    self.mask(member);
                }
                continue;
            }
            self.value(
                member,
                Some(&Trail {
                    name,
                    is_path: false,
                    above: trail,
                }),
                level + 1,
            );
        }
        if holds_content && holds_name {
            self.names_and_contents(members, trail);
        } else if secret_key {
            members
                .iter_mut()
                .filter(|(name, _)| name.eq_ignore_ascii_case("key"))
                .for_each(|(_, member)| self.mask(member));
        }
        if secret_name {
            self.mask_names(members);
        }
    }

    /// Masks the contents of `{"name": "password", "value": "x"}`, whatever the members are called.
    fn names_and_contents(&self, members: &mut Map<String, Value>, trail: Option<&Trail<'_>>) {
        let mut secret = false;
        for (_, member) in members
            .iter_mut()
            .filter(|(name, _)| Role::of(name) == Role::Name)
        {
            if let Value::String(text) = member {
                secret |= self.is_secret_name(text, trail);
                if let Some(masked) = self.text(text) {
                    *text = masked;
                }
            }
        }
        if secret {
            members
                .iter_mut()
                .filter(|(name, _)| Role::of(name) == Role::Content)
                .for_each(|(_, member)| self.mask(member));
        }
    }

    /// Masks secrets in the names themselves, as in a map from web token to user.
    fn mask_names(&self, members: &mut Map<String, Value>) {
        for (name, member) in mem::take(members) {
            let masked = self.text(&name).unwrap_or(name);
            let mut unique = masked.clone();
            // Two secrets have the same mask, but both members stay.
            let mut number = 2;
            while members.contains_key(&unique) {
                unique = format!("{masked} {number}");
                number += 1;
            }
            members.insert(unique, member);
        }
    }

    /// Whether a string is a sensitive name, and not a text that says or hides something itself.
    fn is_secret_name(&self, text: &str, trail: Option<&Trail<'_>>) -> bool {
        let name = text.trim_end_matches(':');
        name.len() <= MOST_NAME_BYTES
            && !name.contains([':', '=', '*'])
            && self.rules.names_secret(name, || names_above(trail))
    }

    fn text(&self, text: &str) -> Option<String> {
        match mask_text(self.rules, text) {
            std::borrow::Cow::Borrowed(_) => None,
            std::borrow::Cow::Owned(masked) => Some(masked),
        }
    }
}
