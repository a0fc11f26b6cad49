//! Rules that span the words of one field.

use crate::{
    audited::{
        model::{Field, Role},
        parse::CAPTURES,
    },
    diag::Diag,
    suggest::list,
    symbol::{
        COMPARE, EXCLUDE, HASH, INCLUDE, KEY, MASK, NESTED, REDACT, SENSITIVE, SET, Symbol, TRACK,
        TRUNCATE, WITH,
    },
};

/// What each capture does with a value: why two of them cannot stand together.
const DOES: [(Symbol, &str); 8] = [
    (TRACK, "stores both values"),
    (REDACT, "stores no value"),
    (MASK, "stores what its function gives"),
    (HASH, "stores a digest"),
    (NESTED, "compares field by field"),
    (KEY, "compares item by item"),
    (SET, "compares items in any order"),
    (WITH, "stores what its function gives"),
];

/// Words that alter a capture, captures that leave nothing to alter, and the way out.
const IN_VAIN: [(Symbol, Symbol, &str); 10] = [
    (
        COMPARE,
        NESTED,
        "what is nested compares itself, put `compare` on the field inside that needs it",
    ),
    (
        COMPARE,
        KEY,
        "the items compare themselves, put `compare` on the field inside that needs it",
    ),
    (
        COMPARE,
        SET,
        "the items of a set are found by their own equality, keep one",
    ),
    (
        TRUNCATE,
        REDACT,
        "no value is stored that could be cut, drop `truncate`",
    ),
    (
        TRUNCATE,
        MASK,
        "what the function of `mask` gives is stored whole, cut it there",
    ),
    (TRUNCATE, HASH, "only a digest is stored, drop `truncate`"),
    (
        TRUNCATE,
        NESTED,
        "put `truncate` on the field inside that needs it",
    ),
    (
        TRUNCATE,
        KEY,
        "put `truncate` on the field inside that needs it",
    ),
    (
        TRUNCATE,
        SET,
        "the items of a set are stored whole, keep one",
    ),
    (
        SENSITIVE,
        REDACT,
        "no value is stored that could be erased, drop `sensitive`",
    ),
];

/// Captures that do not store a value in clear, as they are called of a field.
const HIDING: [(Symbol, &str); 3] = [
    (REDACT, "a redacted"),
    (MASK, "a masked"),
    (HASH, "a hashed"),
];

pub(super) fn conflicts(field: &Field<'_>, diag: &mut Diag) {
    if field.left_out {
        left_out(field, diag);
    } else if field.words.exclude.get().is_some() {
        excluded(field, diag);
    } else {
        contradictions(field, diag);
        in_vain(field, diag);
        in_clear(field, diag);
    }
}

/// With `include`: whether the field says the opposite.
pub(super) fn included(field: &Field<'_>, diag: &mut Diag) {
    if let Some(path) = field.words.exclude.path().filter(|_| !field.left_out) {
        let message = format!("`{EXCLUDE}` on a field that `{INCLUDE}` names: keep one of the two");
        diag.error(path, message);
    }
}

/// With `exhaustive`: whether somebody decided what happens to the field.
pub(super) fn decided(field: &Field<'_>, diag: &mut Diag) {
    let said = CAPTURES.iter().any(|word| field.words.mentions(*word));
    let mentioned = |role: &Role| field.has(*role) || field.words.mentions(role.word());
    if said || Role::ALL.iter().any(mentioned) {
        return;
    }
    let words = list(CAPTURES);
    let roles = list(Role::ALL.map(Role::word));
    let message = format!(
        "`exhaustive` asks what happens to `{}`: say so with one of {words}, or name the record by it with {roles}",
        field.written()
    );
    diag.error(field.place(), message);
}

/// A field that `include` does not name may still name the record.
fn left_out(field: &Field<'_>, diag: &mut Diag) {
    for (word, path) in field.words.given() {
        if word == EXCLUDE || Role::ALL.iter().any(|role| role.word() == word) {
            continue;
        }
        let name = field.written();
        let message = format!(
            "`{word}` on a field that `{INCLUDE}` leaves out: add `{name}` to `{INCLUDE}`, or drop `{word}`"
        );
        diag.error(path, message);
    }
}

fn excluded(field: &Field<'_>, diag: &mut Diag) {
    for (word, path) in field.words.given() {
        let role = Role::ALL.into_iter().find(|role| role.word() == word);
        let message = match role {
            _ if word == EXCLUDE => continue,
            Some(role) => format!(
                "`{word}` on an excluded field: {} is read from it, drop `{EXCLUDE}` or choose another field",
                role.subject()
            ),
            None => format!(
                "`{word}` on an excluded field: an excluded field is never read, keep one of `{EXCLUDE}` and `{word}`"
            ),
        };
        diag.error(path, message);
    }
    tenant_of_the_type(field, EXCLUDE, "is read from it", diag);
}

/// Two captures, save `track` with the function that says what is tracked.
fn contradictions(field: &Field<'_>, diag: &mut Diag) {
    let words = &field.words;
    let tracked_with = words.with.get().is_some();
    let mut captures = words
        .given()
        .filter(|(word, _)| CAPTURES.contains(word) && !(tracked_with && *word == TRACK));
    let Some((first, _)) = captures.next() else {
        return;
    };
    for (word, path) in captures {
        let message = format!(
            "`{word}` with `{first}`: `{first}` {}, `{word}` {}, keep one",
            does(first),
            does(word)
        );
        diag.error(path, message);
    }
}

fn does(capture: Symbol) -> &'static str {
    let found = DOES.iter().find(|(word, _)| *word == capture);
    found.map_or("decides alone", |(_, does)| does)
}

fn in_vain(field: &Field<'_>, diag: &mut Diag) {
    for (word, capture, way_out) in IN_VAIN {
        let words = &field.words;
        if let (Some(path), Some(_)) = (words.path(word), words.path(capture)) {
            diag.error(path, format!("`{word}` with `{capture}`: {way_out}"));
        }
    }
}

/// What names the record is stored in clear.
fn in_clear(field: &Field<'_>, diag: &mut Diag) {
    let hiding = HIDING
        .iter()
        .find(|(word, _)| field.words.path(*word).is_some());
    let Some((capture, called)) = hiding else {
        return;
    };
    for role in Role::ALL {
        let word = role.word();
        let Some(path) = field.words.path(word) else {
            continue;
        };
        let message = format!(
            "`{word}` on {called} field: {} is stored in clear, drop `{capture}` or choose another field",
            role.subject()
        );
        diag.error(path, message);
    }
    tenant_of_the_type(field, *capture, "is stored in clear", diag);
}

/// Where it is the type's `tenant` that names this field, the capture is what stands here.
fn tenant_of_the_type(field: &Field<'_>, capture: Symbol, why: &str, diag: &mut Diag) {
    let tenant = Role::Tenant;
    let Some(path) = field.words.path(capture) else {
        return;
    };
    if field.has(tenant) && field.words.tenant.get().is_none() {
        let message = format!(
            "`{capture}` on the field that `{}` names: {} {why}, drop `{capture}` or choose another field",
            tenant.word(),
            tenant.subject()
        );
        diag.error(path, message);
    }
}
