//! What no pragma tells of a schema, out of its statements: the expressions and the condition of an
//! index, and the expressions of generated columns.

/// What an index is over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct IndexParts {
    /// The columns or expressions, without the direction.
    pub(super) terms: Vec<String>,
    /// The condition of a partial index.
    pub(super) condition: Option<String>,
}

/// Takes a `CREATE INDEX` statement apart that SQLite has accepted.
pub(super) fn index_parts(sql: &str) -> Option<IndexParts> {
    let (terms, rest) = first_list(sql)?;
    let mut rest_tokens = tokens(rest).into_iter();
    let condition = rest_tokens
        .next()
        .filter(|token| token.text.eq_ignore_ascii_case("where"))
        .and_then(|token| rest.get(token.end..))
        .map(|text| text.trim().to_owned());
    Some(IndexParts {
        terms: terms.into_iter().map(without_direction).collect(),
        condition,
    })
}

/// The generated columns in a `CREATE TABLE` statement that SQLite has accepted, each with its
/// expression.
pub(super) fn generated_columns(sql: &str) -> Vec<(String, String)> {
    let definitions = first_list(sql).map_or_else(Vec::new, |(definitions, _)| definitions);
    definitions.into_iter().filter_map(generated).collect()
}

/// Whether a `CREATE TRIGGER` statement that SQLite has accepted says `AFTER`.
pub(super) fn fires_after(sql: &str) -> bool {
    let mut tokens = tokens(sql).into_iter();
    // SQLite leaves out what else may stand before the name.
    let word = tokens.by_ref().nth(3);
    word.is_some_and(|token| token.text.eq_ignore_ascii_case("after"))
}

/// Everything in a text of SQL that can be the name of a column.
pub(super) fn names(sql: &str) -> Vec<String> {
    tokens(sql)
        .into_iter()
        .map(|token| unquoted(token.text))
        .collect()
}

fn generated(definition: &str) -> Option<(String, String)> {
    let tokens = tokens(definition);
    let name = unquoted(tokens.first()?.text);
    let mut depth = 0_usize;
    for token in &tokens {
        match token.text {
            "(" => depth += 1,
            ")" => depth = depth.checked_sub(1)?,
            word if depth == 0 && word.eq_ignore_ascii_case("as") => {
                let (mut expression, _) = first_list(definition.get(token.end..)?)?;
                // A list of one: what commas there are stand deeper.
                return expression.pop().map(|text| (name, text.trim().to_owned()));
            }
            _ => {}
        }
    }
    None
}

/// The items of the first list in parentheses, and what stands behind it.
fn first_list(sql: &str) -> Option<(Vec<&str>, &str)> {
    let mut depth = 0_usize;
    let mut items = Vec::new();
    let mut start = 0;
    for token in tokens(sql) {
        match token.text {
            "(" => {
                depth += 1;
                if depth == 1 {
                    start = token.end;
                }
            }
            ")" if depth == 1 => {
                items.push(sql.get(start..token.start)?);
                return Some((items, sql.get(token.end..)?));
            }
            ")" => depth = depth.checked_sub(1)?,
            "," if depth == 1 => {
                items.push(sql.get(start..token.start)?);
                start = token.end;
            }
            _ => {}
        }
    }
    None
}

fn unquoted(name: &str) -> String {
    let inside = name
        .get(1..name.len().saturating_sub(1))
        .unwrap_or_default();
    match name.chars().next() {
        Some(quote @ ('"' | '`' | '\'')) => {
            inside.replace(&quote.to_string().repeat(2), &quote.to_string())
        }
        Some('[') => inside.to_owned(),
        _ => name.to_owned(),
    }
}

fn without_direction(term: &str) -> String {
    let last = tokens(term).pop();
    let end = last
        .filter(|token| {
            token.text.eq_ignore_ascii_case("asc") || token.text.eq_ignore_ascii_case("desc")
        })
        .map_or(term.len(), |token| token.start);
    term.get(..end).unwrap_or(term).trim().to_owned()
}

struct Token<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

/// Words, quotations and single signs; spaces and comments are left out.
fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, is_space) = measure(rest);
        if !is_space {
            tokens.push(Token {
                text: rest.get(..length).unwrap_or(rest),
                start: at,
                end: at + length,
            });
        }
        at += length;
    }
    tokens
}

/// How long the first token is, and whether it is only there to keep others apart.
fn measure(rest: &str) -> (usize, bool) {
    let end_of = |mark: &str, from: usize| {
        rest.get(from..)
            .and_then(|inside| inside.find(mark))
            .map_or(rest.len(), |end| from + end + mark.len())
    };
    // To SQLite every sign beyond ASCII is a letter.
    let is_word =
        |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '$') || !sign.is_ascii();
    if rest.starts_with("--") {
        return (end_of("\n", 2), true);
    }
    if rest.starts_with("/*") {
        return (end_of("*/", 2), true);
    }
    match rest.chars().next() {
        Some('[') => (end_of("]", 1), false),
        Some(quote @ ('\'' | '"' | '`')) => (quotation(rest, quote), false),
        Some(sign) if sign.is_ascii_whitespace() => (sign.len_utf8(), true),
        Some(sign) if is_word(sign) => {
            let end = rest.find(|sign| !is_word(sign)).unwrap_or(rest.len());
            (end, false)
        }
        Some(sign) => (sign.len_utf8(), false),
        None => (0, true),
    }
}

/// The length of a quotation, in which a doubled quote is one sign.
fn quotation(rest: &str, quote: char) -> usize {
    let mut signs = rest.char_indices().skip(1).peekable();
    while let Some((at, sign)) = signs.next() {
        if sign == quote {
            match signs.peek() {
                Some((_, next)) if *next == quote => {
                    signs.next();
                }
                _ => return at + sign.len_utf8(),
            }
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> (Vec<String>, Option<String>) {
        let parts = index_parts(sql).unwrap();
        (parts.terms, parts.condition)
    }

    #[test]
    fn parts_of_every_form() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(
            of("CREATE UNIQUE INDEX i ON t(a, b DESC)"),
            (texts(&["a", "b"]), None)
        );
        assert_eq!(
            of(
                "CREATE UNIQUE INDEX \"i (\" ON [t(1)] (lower(\"a,b\") COLLATE NOCASE ASC, substr(c, 1, 2))\n WHERE d <> ')' AND e IN (1, 2) -- the end"
            ),
            (
                texts(&["lower(\"a,b\") COLLATE NOCASE", "substr(c, 1, 2)"]),
                Some("d <> ')' AND e IN (1, 2) -- the end".to_owned())
            )
        );
        assert_eq!(
            of(
                "CREATE UNIQUE INDEX i ON t /* where (x) */ (a || 'it''s' /* , */) where a is not null"
            ),
            (
                texts(&["a || 'it''s' /* , */"]),
                Some("a is not null".to_owned())
            )
        );
        assert_eq!(of("CREATE UNIQUE INDEX i ON tä(`ö``(`)").0, ["`ö``(`"]);
    }

    #[test]
    fn generated_columns_of_every_form() {
        let sql = "CREATE TABLE \"t (\" (id INTEGER PRIMARY KEY CHECK (id > (1)), \"a \"\"b\" TEXT COLLATE NOCASE GENERATED ALWAYS AS (lower(x, ',') || ')') STORED, x DEFAULT (1), -- as (no)
            [c d] as ( x + 1 ) UNIQUE, CONSTRAINT u UNIQUE (x))";
        let text = |name: &str, expression: &str| (name.to_owned(), expression.to_owned());
        assert_eq!(
            generated_columns(sql),
            [text("a \"b", "lower(x, ',') || ')'"), text("c d", "x + 1")]
        );
    }

    #[test]
    fn names_of_every_form() {
        assert_eq!(
            names("\"a \"\"b\" > [c d]+`e`-- f\n AND x😀\u{a0}y IN ('g')"),
            [
                "a \"b",
                ">",
                "c d",
                "+",
                "e",
                "AND",
                "x😀\u{a0}y",
                "IN",
                "(",
                "g",
                ")"
            ]
        );
    }

    #[test]
    fn triggers_fire_before_unless_they_say_after() {
        assert!(fires_after(
            "CREATE TRIGGER \"a before b\" after INSERT ON t BEGIN"
        ));
        assert!(!fires_after(
            "CREATE TRIGGER x BEFORE INSERT ON after BEGIN"
        ));
        assert!(!fires_after("CREATE TRIGGER after DELETE ON t BEGIN"));
    }

    #[test]
    fn what_is_no_statement_never_panics() {
        for sql in ["", "(", ")", "((", "'", "a)(", "/*", "--", "ON t('"] {
            drop(index_parts(sql));
            drop(generated_columns(sql));
            fires_after(sql);
        }
        assert_eq!(index_parts("x)(a)"), None);
    }
}
