//! The choke point: an entry passes here once, before a store, a hash or a printer sees it.

use std::borrow::Cow;

use crate::entry::{Actor, AuditEntry, limits};
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
    for (path, change) in entry.changes.iter_mut() {
        if let Some(old) = &mut change.old {
            sanitizer.value_at(path, old);
        }
        if let Some(new) = &mut change.new {
            sanitizer.value_at(path, new);
        }
    }
}
