//! Reading JSON without altering its numbers.

use std::iter;
use std::ops::Range;

use serde_json::{Number, Value};

/// What a text says as JSON; nothing if it is none. A number that would be another after it was
/// read, since it has more digits than fit, is read as the text of its digits.
pub(super) fn read(text: &[u8]) -> Option<Value> {
    let value = serde_json::from_slice(text).ok()?;
    let inexact: Vec<Range<usize>> = numbers(text)
        .filter(|place| !text.get(place.clone()).is_some_and(fits))
        .collect();
    if inexact.is_empty() {
        return Some(value);
    }
    let mut quoted = Vec::with_capacity(text.len() + 2 * inexact.len());
    let mut done = 0;
    for Range { start, end } in inexact {
        quoted.extend_from_slice(text.get(done..start)?);
        quoted.push(b'"');
        quoted.extend_from_slice(text.get(start..end)?);
        quoted.push(b'"');
        done = end;
    }
    quoted.extend_from_slice(text.get(done..)?);
    serde_json::from_slice(&quoted).ok()
}

/// Where the numbers of a valid JSON text stand.
fn numbers(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let is_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    let mut rest = text;
    iter::from_fn(move || {
        while let Some((first, after)) = rest.split_first() {
            match first {
                b'"' => rest = behind_string(after),
                b'-' | b'0'..=b'9' => {
                    let start = text.len() - rest.len();
                    let end = rest.iter().position(|byte| !is_number(byte));
                    let (number, after) = rest.split_at(end.unwrap_or(rest.len()));
                    rest = after;
                    return Some(start..start + number.len());
                }
                _ => rest = after,
            }
        }
        None
    })
}

fn behind_string(mut text: &[u8]) -> &[u8] {
    loop {
        text = match text {
            [b'"', rest @ ..] | rest @ [] => return rest,
            [b'\\', _, rest @ ..] | [_, rest @ ..] => rest,
        };
    }
}

/// Whether a number is the same after it was read: an integer of 64 bits, or a float that is
/// written with the same digits. Where others are as short and as near, that is for us another one.
fn fits(number: &[u8]) -> bool {
    let Ok(number) = str::from_utf8(number) else {
        return false;
    };
    if number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return true;
    }
    // As `serde_json` writes it: Rust itself takes other digits where two are as near.
    let read = number.parse().ok().and_then(Number::from_f64);
    read.is_some_and(|read| Decimal::of(number) == Decimal::of(&read.to_string()))
}

/// A number as its digits, without zeros at either end, and where the point stands.
#[derive(PartialEq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    /// The power of ten behind the last digit.
    power: i64,
}

impl Decimal {
    fn of(number: &str) -> Option<Self> {
        let (number, is_negative) = match number.strip_prefix('-') {
            Some(number) => (number, true),
            None => (number, false),
        };
        let (mantissa, exponent) = match number.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (number, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        let shortened = digits.trim_end_matches('0');
        let zeros = i64::try_from(digits.len() - shortened.len()).ok()?;
        let behind_point = i64::try_from(fraction.len()).ok()?;
        let is_zero = shortened.is_empty();
        Some(Self {
            is_negative,
            digits: shortened.to_owned(),
            power: if is_zero {
                0
            } else {
                exponent.checked_sub(behind_point)?.checked_add(zeros)?
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_the_same_after_reading_is_read() {
        for text in [
            "7",
            "-0",
            "18446744073709551615",
            "0.1",
            "1.10",
            "1e3",
            "-2.5E-7",
            "1000000000000000000000",
            "1e23",
            "1600784843260163.2",
            r#"{"a": [1, {"a": null}], "b": "12345678901234567890123 \" 1.00000000000000000001"}"#,
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read(text.as_bytes()), Some(value), "{text}");
        }
    }

    #[test]
    fn what_reading_would_alter_is_read_as_text() {
        for (text, expected) in [
            ("12345678901234567890123", json!("12345678901234567890123")),
            ("1600784843260163.3", json!("1600784843260163.3")),
            ("-0.10000000000000000555", json!("-0.10000000000000000555")),
            (
                r#"{"a":"\\","b":[36893488147419103233,7],"password":"x"}"#,
                json!({"a": "\\", "b": ["36893488147419103233", 7], "password": "x"}),
            ),
        ] {
            assert_eq!(read(text.as_bytes()), Some(expected), "{text}");
        }
        for text in ["1e400", "{", "", "nil"] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn numbers_that_were_written_are_read(float in prop::num::f64::NORMAL, integer: i64) {
            let text = json!([float, {"x": integer}]).to_string();
            prop_assert_eq!(read(text.as_bytes()), serde_json::from_str(&text).ok());
        }
    }
}
