//! Names and expressions as SQL text.

/// A name, quoted so that it is nothing else.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Any of several conditions. Nested in halves: SQLite limits the depth of an expression, and a
/// table may have 2000 columns.
pub(super) fn any(conditions: &[String]) -> String {
    match conditions {
        [] => "0".to_owned(),
        [one] => one.clone(),
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            format!("({} OR {})", any(left), any(right))
        }
    }
}

/// All of several conditions.
pub(super) fn all(conditions: &[String]) -> String {
    if conditions.is_empty() {
        return "1".to_owned();
    }
    conditions.join(" AND ")
}

/// A list of columns, or of values.
pub(super) fn list<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    items.join(", ")
}

/// One value, or several as a row value.
pub(super) fn row(values: &[String]) -> String {
    match values {
        [one] => one.clone(),
        many => format!("({})", list(many)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_quotation() {
        assert_eq!(identifier("a\"; --"), "\"a\"\"; --\"");
        assert_eq!(literal("it's"), "'it''s'");
    }

    #[test]
    fn many_conditions_are_not_deep() {
        let conditions: Vec<String> = (0..1024).map(|n| n.to_string()).collect();
        let text = any(&conditions);
        let mut depth = 0_usize;
        let deepest = text
            .chars()
            .map(|sign| {
                match sign {
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    _ => {}
                }
                depth
            })
            .max();
        assert_eq!(deepest, Some(10));
    }
}
