//! Paths of changes: `status`, `location.city`, `notes[7].text`, `limits["a.b"]`, `tags[#2]`.
//!
//! | step | meaning |
//! |---|---|
//! | `city`, `.city` | a member of that name |
//! | `["a.b"]` | a member whose name has signs that would be read as a path; `\` escapes |
//! | `[7]` | the item of a list whose `id` is 7, or the element 7 of a set |
//! | `[code=7]` | the item whose `code` is 7; what is after `=` may be quoted |
//! | `[#2]` | the item at position 2, where items have no key |

use std::borrow::Cow;
use std::fmt::Write as _;

/// The member that keys an item where a path does not name one.
pub(crate) const USUAL_KEY: &str = "id";

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    Member(Cow<'a, str>),
    /// The item whose member, or which itself, is written like this.
    Item {
        member: Option<Cow<'a, str>>,
        key: Cow<'a, str>,
    },
    Position(usize),
}

/// Appends a member to a path.
pub(crate) fn push_member(path: &mut String, name: &str) {
    if name.is_empty() || is_special(name) {
        path.push('[');
        push_quoted(path, name);
        path.push(']');
    } else {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
    }
}

/// Appends an item with a key to a path.
pub(crate) fn push_item(path: &mut String, member: &str, key: &str) {
    path.push('[');
    let plain = !key.is_empty() && !key.starts_with('#') && !is_special(key);
    if member != USUAL_KEY || !plain {
        path.push_str(member);
        path.push('=');
    }
    if plain {
        path.push_str(key);
    } else {
        push_quoted(path, key);
    }
    path.push(']');
}

/// Appends an element of a set to a path.
pub(crate) fn push_element(path: &mut String, element: &str) {
    if element.is_empty() || element.starts_with('#') || is_special(element) {
        push_item(path, "", element);
    } else {
        push_item(path, USUAL_KEY, element);
    }
}

/// Appends a position to a path.
pub(crate) fn push_position(path: &mut String, position: usize) {
    // Writing to a string never fails.
    let _ = write!(path, "[#{position}]");
}

/// Puts steps in front of a path.
pub(crate) fn prefix(path: &mut String, steps: &str) {
    if !path.is_empty() && !path.starts_with('[') && !steps.is_empty() {
        path.insert(0, '.');
    }
    path.insert_str(0, steps);
}

/// Whether a text has signs that would be read as a path.
fn is_special(text: &str) -> bool {
    text.bytes().any(|sign| {
        matches!(sign, b'.' | b'[' | b']' | b'"' | b'\\' | b'=') || sign.is_ascii_control()
    })
}

fn push_quoted(path: &mut String, text: &str) {
    path.push('"');
    for sign in text.chars() {
        if matches!(sign, '"' | '\\') {
            path.push('\\');
        }
        path.push(sign);
    }
    path.push('"');
}

/// The steps of a path. A path that nobody wrote so is read leniently: a bracket that is never
/// closed hides nothing.
pub(crate) fn steps(path: &str) -> Steps<'_> {
    Steps { rest: path }
}

#[derive(Clone, Debug)]
pub(crate) struct Steps<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Steps<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Step<'a>> {
        loop {
            self.rest = self.rest.trim_start_matches('.');
            let Some(inside) = self.rest.strip_prefix('[') else {
                break;
            };
            match bracket(inside) {
                Some((step, rest)) => {
                    self.rest = rest;
                    return Some(step);
                }
                None => self.rest = inside,
            }
        }
        let end = self.rest.find(['.', '[']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!name.is_empty()).then(|| Step::Member(name.into()))
    }
}

/// Reads up to and with the closing bracket.
fn bracket(inside: &str) -> Option<(Step<'_>, &str)> {
    if let Some(text) = inside.strip_prefix('"') {
        let (name, rest) = quoted(text)?;
        return Some((Step::Member(name), rest));
    }
    let end = inside.find([']', '='])?;
    let (head, rest) = inside.split_at_checked(end)?;
    let (member, key, rest) = if let Some(value) = rest.strip_prefix('=') {
        let (key, rest) = if let Some(text) = value.strip_prefix('"') {
            quoted(text)?
        } else {
            let (key, rest) = value.split_once(']')?;
            (Cow::Borrowed(key), rest)
        };
        (Some(head), key, rest)
    } else {
        (None, Cow::Borrowed(head), rest.strip_prefix(']')?)
    };
    let position = key
        .strip_prefix('#')
        .filter(|_| member.is_none())
        .and_then(|number| number.parse().ok());
    let step = match (position, member) {
        (Some(position), _) => Step::Position(position),
        (None, member) => Step::Item {
            member: member.map(Cow::Borrowed),
            key,
        },
    };
    Some((step, rest))
}

/// The text before `"]` and the rest after it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut unescaped: Option<String> = None;
    let mut escaped = false;
    for (index, sign) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if sign == '\\' {
            escaped = true;
            unescaped.get_or_insert_with(|| text.get(..index).unwrap_or_default().to_owned());
            continue;
        } else if sign == '"' {
            let rest = text.get(index + 1..)?.strip_prefix(']')?;
            let text = match unescaped {
                Some(text) => Cow::Owned(text),
                None => Cow::Borrowed(text.get(..index)?),
            };
            return Some((text, rest));
        }
        if let Some(unescaped) = &mut unescaped {
            unescaped.push(sign);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn member(name: &str) -> Step<'_> {
        Step::Member(name.into())
    }

    fn item<'a>(member: Option<&'a str>, key: &'a str) -> Step<'a> {
        Step::Item {
            member: member.map(Cow::Borrowed),
            key: key.into(),
        }
    }

    fn read(path: &str) -> Vec<Step<'_>> {
        steps(path).collect()
    }

    #[test]
    fn every_kind_of_step_is_read() {
        assert_eq!(read("location.city"), [member("location"), member("city")]);
        assert_eq!(
            read(r#"limits["a.b\"\\"].max"#),
            [member("limits"), member(r#"a.b"\"#), member("max")]
        );
        assert_eq!(
            read("notes[7].tags[#2]"),
            [
                member("notes"),
                item(None, "7"),
                member("tags"),
                Step::Position(2)
            ]
        );
        assert_eq!(
            read(r#"rows[code=a b].x[="]"]"#),
            [
                member("rows"),
                item(Some("code"), "a b"),
                member("x"),
                item(Some(""), "]")
            ]
        );
    }

    #[test]
    fn what_nobody_writes_is_read_leniently() {
        assert_eq!(read(""), []);
        assert_eq!(read("..a."), [member("a")]);
        assert_eq!(read("a[b"), [member("a"), member("b")]);
        assert_eq!(read(r#"a["b"#), [member("a"), member("\"b")]);
        assert_eq!(read("a[#x]"), [member("a"), item(None, "#x")]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            names in prop::collection::vec((0..4_u8, ".{0,6}", 0..9_usize), 1..5)
        ) {
            let mut path = String::new();
            let mut expected = Vec::new();
            for (kind, text, position) in &names {
                match kind {
                    0 => {
                        push_member(&mut path, text);
                        expected.push((true, text.clone()));
                    }
                    1 => {
                        push_item(&mut path, "code", text);
                        expected.push((false, text.clone()));
                    }
                    2 => {
                        push_element(&mut path, text);
                        expected.push((false, text.clone()));
                    }
                    _ => {
                        push_position(&mut path, *position);
                        expected.push((false, format!("#{position}")));
                    }
                }
            }
            let found: Vec<_> = steps(&path)
                .map(|step| match step {
                    Step::Member(name) => (true, name.into_owned()),
                    Step::Item { key, .. } => (false, key.into_owned()),
                    Step::Position(position) => (false, format!("#{position}")),
                })
                .collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn reading_never_panics(path in ".*") {
            steps(&path).count();
        }
    }
}
