//! The parts of a `CREATE INDEX` statement that no pragma tells: expressions and the condition.

/// What an index is over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct IndexParts {
    /// The columns or expressions, without the direction.
    pub(super) terms: Vec<String>,
    /// The condition of a partial index.
    pub(super) condition: Option<String>,
}

/// Takes a statement apart that SQLite has accepted.
pub(super) fn parts(sql: &str) -> Option<IndexParts> {
    let tokens = tokens(sql);
    let mut depth = 0_usize;
    let mut terms = Vec::new();
    let mut start = None;
    let mut rest = tokens.iter();
    for token in rest.by_ref() {
        match token.text {
            "(" => {
                depth += 1;
                if depth == 1 {
                    start = Some(token.end);
                }
            }
            ")" if depth == 1 => {
                terms.push(sql.get(start?..token.start)?);
                break;
            }
            ")" => depth = depth.checked_sub(1)?,
            "," if depth == 1 => {
                terms.push(sql.get(start?..token.start)?);
                start = Some(token.end);
            }
            _ => {}
        }
    }
    let condition = rest
        .next()
        .filter(|token| token.text.eq_ignore_ascii_case("where"))
        .and_then(|token| sql.get(token.end..))
        .map(|text| text.trim().to_owned());
    Some(IndexParts {
        terms: terms.into_iter().map(without_direction).collect(),
        condition,
    })
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
    let is_word = |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | '$');
    if rest.starts_with("--") {
        return (end_of("\n", 2), true);
    }
    if rest.starts_with("/*") {
        return (end_of("*/", 2), true);
    }
    match rest.chars().next() {
        Some('[') => (end_of("]", 1), false),
        Some(quote @ ('\'' | '"' | '`')) => (quotation(rest, quote), false),
        Some(sign) if sign.is_whitespace() => (sign.len_utf8(), true),
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
        let parts = parts(sql).unwrap();
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
    fn what_is_no_statement_never_panics() {
        for sql in ["", "(", ")", "((", "'", "a)(", "/*", "--", "ON t('"] {
            let _ = parts(sql);
        }
        assert_eq!(parts("x)(a)"), None);
    }
}
