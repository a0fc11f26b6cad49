//! Payment card numbers.

use std::ops::Range;

use super::text::{Scan, is_word};

/// Card numbers have 13 to 19 digits.
const FEWEST: usize = 13;
const MOST: usize = 19;

/// Groups of digits with one space or hyphen between; no card has more than seven.
const MOST_GROUPS: usize = 7;

/// A card number that begins with the digit at this offset.
///
/// Long numbers are common, so a number must have a length and prefix that an issuer uses, a valid check digit, and a
/// grouping as printed on cards: this keeps out phone numbers, timestamps and UUIDs.
pub(super) fn find(scan: &Scan<'_>, at: usize) -> Option<Range<usize>> {
    // First of all what most digits fail: those inside words, and those of years.
    if !scan.may_start(at) || !may_begin(scan.byte(at), scan.byte(at + 1)) {
        return None;
    }
    let before = scan.byte_before(at);
    let behind_digit = scan.byte_before(at.saturating_sub(1)).is_ascii_digit();
    if !(is_word(before) || may_touch(before, behind_digit)) {
        return None;
    }
    let mut number = Number::default();
    let mut groups = [0_usize; MOST_GROUPS];
    let separator = separator_after(scan, scan.run(at, |byte| byte.is_ascii_digit()));
    let mut end = at;
    let mut found = None;
    for count in 0..MOST_GROUPS {
        let from = if count == 0 { at } else { end + 1 };
        end = scan.run(from, |byte| byte.is_ascii_digit());
        number.push(scan.bytes.get(from..end)?)?;
        *groups.get_mut(count)? = end - from;
        let groups = groups.get(..=count)?;
        let more = separator.is_some() && separator_after(scan, end) == separator;
        let alone = !more && !behind_digit;
        let next_digit = scan.byte(end + 1).is_ascii_digit();
        if may_touch(scan.byte(end), next_digit) && is_grouped(groups, alone) && number.is_card() {
            found = Some(at..end);
        }
        if !more {
            break;
        }
    }
    found
}

/// Whether a bare number, as JSON has them, is a card number.
///
/// Only lengths that number types hold exactly; ids of 17 and more digits are far more likely than such a card.
pub(super) fn is_card_number(mut value: u64) -> bool {
    if !(10_u64.pow(13)..10_u64.pow(16)).contains(&value) {
        return false;
    }
    let mut digits = [0_u8; 16];
    let mut first = digits.len();
    while value > 0 {
        first -= 1;
        if let Some(digit) = digits.get_mut(first) {
            *digit = b'0' + u8::try_from(value % 10).unwrap_or_default();
        }
        value /= 10;
    }
    let mut number = Number::default();
    digits
        .get(first..)
        .and_then(|digits| number.push(digits))
        .is_some()
        && number.is_card()
}

/// Whether any issuer's numbers begin with these two digits.
fn may_begin(first: u8, second: u8) -> bool {
    match first {
        b'2' => matches!(second, b'2'..=b'7'),
        b'3' => matches!(second, b'0' | b'4'..=b'9'),
        b'6' => matches!(second, b'0' | b'2'..=b'5' | b'7'),
        _ => second.is_ascii_digit(),
    }
}

/// Whether this byte may stand next to a card number; a point may, unless it makes a decimal number of it.
fn may_touch(byte: u8, digit_beyond: bool) -> bool {
    !(is_word(byte) || byte == b'_' || byte == b'.' && digit_beyond)
}

fn separator_after(scan: &Scan<'_>, end: usize) -> Option<u8> {
    let byte = scan.byte(end);
    (matches!(byte, b' ' | b'-') && scan.byte(end + 1).is_ascii_digit()).then_some(byte)
}

/// Whether digits are grouped as cards are; `alone` says that no further group stands before or after.
fn is_grouped(groups: &[usize], alone: bool) -> bool {
    match groups {
        [_] | [4, 6, 4 | 5] | [4, 4, 5] | [4, 4, 4, 1..=4] | [4, 4, 4, 4, 1..=3] | [6, 10 | 13] => {
            true
        }
        [first @ .., last] => alone && *last > 0 && first.iter().all(|&digits| digits > 2),
        [] => false,
    }
}

/// Digits read so far.
#[derive(Debug, Default)]
struct Number {
    digits: [u8; MOST],
    length: usize,
}

impl Number {
    /// Appends ASCII digits; `None` if they become too many.
    fn push(&mut self, digits: &[u8]) -> Option<()> {
        for byte in digits {
            *self.digits.get_mut(self.length)? = byte.wrapping_sub(b'0');
            self.length += 1;
        }
        Some(())
    }

    fn is_card(&self) -> bool {
        self.length >= FEWEST && self.has_issuer() && self.has_check_digit()
    }

    fn has_issuer(&self) -> bool {
        let prefix = self
            .digits
            .iter()
            .take(4)
            .fold(0_u32, |prefix, &digit| prefix * 10 + u32::from(digit));
        match prefix {
            // Visa.
            4000..=4999 => matches!(self.length, 13 | 16 | 19),
            // Mastercard and Mir.
            5100..=5599 | 2200..=2204 | 2221..=2720 => self.length == 16,
            // American Express.
            3400..=3499 | 3700..=3799 => self.length == 15,
            // Diners Club.
            3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => matches!(self.length, 14 | 16),
            // JCB, Discover, UnionPay.
            3528..=3589 | 6011 | 6440..=6599 | 6200..=6299 => {
                matches!(self.length, 16..=19)
            }
            // Maestro.
            5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763 => matches!(self.length, 13..=19),
            _ => false,
        }
    }

    /// The check of Luhn (ISO/IEC 7812-1, annex B).
    fn has_check_digit(&self) -> bool {
        let digits = self.digits.get(..self.length).unwrap_or_default();
        let sum: u32 = digits
            .iter()
            .rev()
            .enumerate()
            .map(|(place, &digit)| match u32::from(digit) << (place % 2) {
                doubled @ 10.. => doubled - 9,
                single => single,
            })
            .sum();
        sum.is_multiple_of(10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::{MASK, Sanitizer};

    const CARDS: [&str; 14] = [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4222222222222",
        "4000 0000 0000 0000 006",
        "378282246310005",
        "3782 822463 10005",
        "5555555555554444",
        "2223 0031 2200 3222",
        "6011-1111-1111-1117",
        "30569309025904",
        "3530111333300000",
        "6200000000000005",
        "6759649826438453",
    ];

    #[test]
    fn cards_in_any_surroundings() {
        let sanitizer = Sanitizer::default();
        for card in CARDS {
            for (before, after) in [
                ("", ""),
                ("paid with ", " today"),
                ("(", ")"),
                ("nr:", ","),
                ("\"", "\""),
                ("é ", "."),
                ("12 ", ""),
                ("x=", "&y"),
            ] {
                let masked = sanitizer.text(&[before, card, after].concat()).into_owned();
                assert_eq!(masked, [before, MASK, after].concat(), "{card}");
            }
        }
        assert_eq!(
            sanitizer.text("4111 1111 1111 1111 5555 5555 5555 4444"),
            "******** ********"
        );
    }

    #[test]
    fn what_only_looks_like_a_card() {
        let sanitizer = Sanitizer::default();
        for text in [
            "4111111111111112",
            "order-x4111111111111111",
            "4111111111111111a",
            "id_4111111111111111",
            "0.4111111111111111",
            "4111111111111111.25",
            "4111  1111  1111  1111",
            "4111 1111-1111 1111",
            "41111111-1111-1111-1111-411111111111",
            "deadbeef-4111-1111-1111-1111deadbeef",
            "1700000000000",
            "1700000000000000",
            "+49 30 901820 4711 22",
            "2024-01-15 12:30:45",
            "20240115123045",
            "9999999999999995",
            "00000000-0000-4000-8000-000000000000",
            "é4111111111111111",
            "411111111111111111111111",
            "4242 42 42 42 42 42 42",
        ] {
            assert_eq!(sanitizer.text(text), text);
        }
    }

    #[test]
    fn bare_numbers() {
        for value in [
            4_111_111_111_111_111,
            378_282_246_310_005,
            30_569_309_025_904,
        ] {
            assert!(is_card_number(value), "{value}");
        }
        for value in [
            0,
            4_111_111_111_111_112,
            1_700_000_000_000_000,
            4_000_000_000_000_000_006,
            u64::MAX,
        ] {
            assert!(!is_card_number(value), "{value}");
        }
    }
}
