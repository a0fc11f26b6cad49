//! Lists of names and values, where a string says what the member beside it is.

/// What a member may be in an entry of a list of names and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Plain,
    /// Its content names a field.
    Name,
    /// Its content is what the named field holds.
    Content,
}

impl Role {
    pub(super) fn of(name: &str) -> Self {
        let is = |listed: &[&str]| {
            listed
                .iter()
                .any(|listed| name.eq_ignore_ascii_case(listed))
        };
        // The lengths come first, because this is asked for every member of every object.
        match name.as_bytes() {
            [b'k' | b'K'] => Self::Name,
            [b'v' | b'V'] => Self::Content,
            [b'o' | b'n' | b'O' | b'N', _, _] if is(&["old", "new"]) => Self::Content,
            [b'k' | b'K', _, _] if is(&["key"]) => Self::Name,
            [b'v' | b'V', _, _] if is(&["val"]) => Self::Content,
            [b'n' | b'N', _, _, _] if is(&["name"]) => Self::Name,
            [b'f' | b'F', _, _, _] if is(&["from"]) => Self::Content,
            [b't' | b'T', _] if is(&["to"]) => Self::Content,
            [b'f' | b'p' | b'F' | b'P', _, _, _, _] if is(&["field", "param"]) => Self::Name,
            [b'v' | b'a' | b'V' | b'A', _, _, _, _] if is(&["value", "after"]) => Self::Content,
            [b'h' | b'c' | b'H' | b'C', _, _, _, _, _] if is(&["header", "column"]) => Self::Name,
            [b'v' | b'b' | b'V' | b'B', _, _, _, _, _] if is(&["values", "before"]) => {
                Self::Content
            }
            [b'o' | b'n' | b'O' | b'N', _, _, _, _, _, _, _, ..]
                if is(&["oldvalue", "newvalue", "old_value", "new_value"]) =>
            {
                Self::Content
            }
            [
                b'p' | b'a' | b'v' | b'P' | b'A' | b'V',
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                ..,
            ] if is(&["property", "parameter", "attribute", "variable"]) => Self::Name,
            _ => Self::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_by_member_name() {
        for name in [
            "name",
            "Key",
            "k",
            "FIELD",
            "header",
            "column",
            "param",
            "property",
            "parameter",
            "attribute",
            "variable",
        ] {
            assert_eq!(Role::of(name), Role::Name, "{name}");
        }
        for name in [
            "value",
            "Values",
            "v",
            "val",
            "old",
            "NEW",
            "from",
            "to",
            "before",
            "after",
            "oldValue",
            "new_value",
        ] {
            assert_eq!(Role::of(name), Role::Content, "{name}");
        }
        for name in [
            "", "names", "keyboard", "title", "x", "to_do", "valuable", "é",
        ] {
            assert_eq!(Role::of(name), Role::Plain, "{name}");
        }
    }
}
