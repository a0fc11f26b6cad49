//! The choke point: an entry passes here once, before a store, a hash or a printer sees it.

use std::borrow::Cow;
use std::collections::HashSet;

use super::shown::Paths;
use crate::entry::{Actor, AuditEntry, Changes, Extra, limits};
use crate::sanitize::Sanitizer;

/// Masks secrets and brings the entry under its size limit, in this order: what is cut off a
/// value that was masked cannot be a part of a secret.
pub(crate) fn pass(entry: &mut AuditEntry, sanitizer: &Sanitizer, max_bytes: usize) {
    sanitize(entry, sanitizer);
    limits::fit(entry, max_bytes);
}

fn sanitize(entry: &mut AuditEntry, sanitizer: &Sanitizer) {
    let text = |text: &mut String| {
        if let Cow::Owned(masked) = sanitizer.text(text) {
            *text = masked;
        }
    };
    let name = |name: &mut Option<Box<str>>| {
        if let Some(name) = name
            && let Cow::Owned(masked) = sanitizer.text(name)
        {
            *name = masked.into();
        }
    };
    let party = |actor: &mut Actor| {
        name(&mut actor.name);
        if let Some(id) = &mut actor.id {
            id.map_text(|id| sanitizer.text(id));
        }
    };
    party(&mut entry.actor);
    if let Some(principal) = &mut entry.actor.principal {
        party(principal);
    }
    text(&mut entry.action);
    if let Some(entity) = &mut entry.entity {
        name(&mut entity.name);
        if let Some(id) = &mut entity.id {
            id.map_text(|id| sanitizer.text(id));
        }
    }
    entry.user_agent.iter_mut().for_each(text);
    entry.request_id.iter_mut().for_each(text);
    entry.reason.iter_mut().for_each(text);
    if let Some(error) = &mut entry.error {
        text(&mut error.class);
        text(&mut error.text);
    }
    sanitizer.map(&mut entry.request_data);
    sanitizer.map(&mut entry.metadata);
    let extra = entry.changes.take_extra().unwrap_or_default();
    changes(&mut entry.changes, &extra, sanitizer);
    let mut paths = Paths::new(sanitizer);
    paths.mask(&mut entry.changes);
    let mut listed = HashSet::new();
    for path in &extra.sensitive {
        let path = paths.shown(path).unwrap_or_else(|| path.clone());
        if listed.insert(path.clone()) {
            entry.sensitive.push(path);
        }
    }
    if extra.left_out > 0 {
        let all = entry.changes.len() as u64 + extra.left_out;
        limits::left_out(entry, all);
    }
    if extra.cuts {
        limits::cut_fields(entry);
    }
}

fn changes(changes: &mut Changes, extra: &Extra, sanitizer: &Sanitizer) {
    let masked: HashSet<&str> = extra.masked.iter().map(String::as_str).collect();
    for (path, change) in changes.iter_mut() {
        let masked_already = masked.contains(path);
        for value in change.old.iter_mut().chain(change.new.iter_mut()) {
            if masked_already {
                // The type has decided what may be seen; what looks like a secret is not.
                sanitizer.value(value);
            } else if extra.digested {
                sanitizer.value_with_digests(path, value);
            } else {
                sanitizer.value_at(path, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::MASK;
    use crate::entry::Change;

    fn passed(list: &[(&str, Change)]) -> serde_json::Value {
        let mut all: Changes = list
            .iter()
            .map(|(path, change)| ((*path).to_owned(), change.clone()))
            .collect();
        let extra = Extra {
            digested: true,
            ..Extra::default()
        };
        let sanitizer = Sanitizer::default();
        changes(&mut all, &extra, &sanitizer);
        Paths::new(&sanitizer).mask(&mut all);
        serde_json::to_value(&all).unwrap()
    }

    #[test]
    fn a_path_does_not_tell_what_its_value_hides() {
        let change = |old: &str| Change::removed(json!(old));
        assert_eq!(
            passed(&[
                ("tags[urgent]", change("urgent")),
                ("tokens[hunter2]", change("hunter2")),
                ("tokens[hunter3]", Change::added(json!("hunter3"))),
            ]),
            json!({
                "tags[urgent]": {"old": "urgent"},
                "tokens": {"old": MASK, "new": MASK},
            })
        );
        let key = "AKIAIOSFODNN7EXAMPLE";
        let path = format!("keys_by_name[{key}]");
        let shown = passed(&[(path.as_str(), Change::added(json!(1)))]).to_string();
        assert!(!shown.contains(key), "{shown}");
    }

    #[test]
    fn a_digest_is_no_secret_and_what_looks_like_one_is() {
        let digest = json!({"$hash": format!("0123abcd:{}", "0".repeat(32))});
        let change = |value: &serde_json::Value| Change::added(value.clone());
        assert_eq!(
            passed(&[
                ("api_key", change(&digest)),
                ("password", change(&json!({"$hash": "hunter2"})))
            ]),
            json!({"api_key": {"new": digest}, "password": {"new": MASK}})
        );
    }

    #[test]
    fn what_the_type_has_masked_stays() {
        let value = json!({"$masked": "…4242"});
        let mut all: Changes = [("card_secret".to_owned(), Change::added(value.clone()))]
            .into_iter()
            .collect();
        let extra = Extra {
            masked: vec!["card_secret".to_owned()],
            ..Extra::default()
        };
        changes(&mut all, &extra, &Sanitizer::default());
        assert_eq!(all.get("card_secret").unwrap().new, Some(value));
    }
}
