//! Payment cards, bank accounts and bank routing numbers.

use super::arithmetic::{base36, digits, luhn, monotonous, number, weighted};
use super::number::Number;

pub(super) const NUMBERS: [Number; 4] = [
    Number::new("card", 13, 19, card),
    Number::new("card-any", 13, 19, any_card),
    Number::new("iban", 15, 33, iban),
    Number::new("us-routing", 9, 9, routing),
];

/// A card of a network that people pay with, of the usual length, by ISO/IEC 7812-1: these stand out without a label.
fn card(value: &[u8]) -> bool {
    let Some(first) = prefix(value) else { return false };
    let known = match value.len() {
        // American Express; Diners Club; Visa, Mastercard, Discover, JCB, UnionPay, Maestro, Mir, RuPay.
        15 => matches!(first, 3400..=3499 | 3700..=3799),
        14 => matches!(first, 3000..=3059 | 3095 | 3600..=3699 | 3800..=3999),
        16 => {
            matches!(first, 4000..=4999 | 5018..=5099 | 5100..=5899 | 2200..=2204 | 2221..=2720)
                || matches!(first, 3528..=3589 | 6011 | 6221..=6229 | 6240..=6299 | 6304 | 6440..=6599 | 6759..=6763)
        }
        _ => false,
    };
    known && passes_luhn(value)
}

/// A card of any length and network, UATP and Maestro among them: too many other numbers look alike without a label.
fn any_card(value: &[u8]) -> bool {
    prefix(value).is_some_and(|first| {
        (matches!(first, 1000..=1999) && value.len() == 15) || matches!(first, 2200..=2720 | 3000..=6999 | 8100..=8199)
    }) && passes_luhn(value)
}

fn prefix(value: &[u8]) -> Option<u32> {
    digits::<4>(value.get(..4)?).map(|d| number(&d))
}

fn passes_luhn(value: &[u8]) -> bool {
    let digits: Vec<u32> = value.iter().map(|b| base36(*b)).collect();
    value.iter().all(u8::is_ascii_digit) && !monotonous(&digits) && luhn(&digits)
}

/// The countries of the IBAN registry (SWIFT, release 99) with the length of their numbers.
const COUNTRIES: [(&[u8; 2], usize); 89] = [
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// How many characters an account number of the country that `start` begins with has.
pub(in crate::redact) fn iban_length(start: &[u8]) -> Option<usize> {
    let country = [start.first()?.to_ascii_uppercase(), start.get(1)?.to_ascii_uppercase()];
    let at = COUNTRIES.binary_search_by_key(&&country, |(code, _)| *code).ok()?;
    Some(COUNTRIES[at].1)
}

/// International bank account number: the length of its country, remainder 1 modulo 97 (ISO 13616-1).
fn iban(value: &[u8]) -> bool {
    if iban_length(value) != Some(value.len()) || !value[2..4].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let (head, tail) = value.split_at(4);
    let remainder = tail.iter().chain(head).fold(0, |rest, b| {
        let worth = base36(*b);
        (rest * if worth < 10 { 10 } else { 100 } + worth) % 97
    });
    remainder == 1
}

/// Routing number of a bank: the Federal Reserve's districts, weights 3, 7, 1 (American Bankers Association, Routing Number
/// Policy).
fn routing(value: &[u8]) -> bool {
    digits::<9>(value).is_some_and(|d| {
        let district = matches!(number(&d[..2]), 1..=12 | 21..=32 | 61..=72 | 80);
        district && weighted(&d, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(name: &str, value: &str) -> bool {
        Number::by_name(name).expect("a known number").is(value.as_bytes())
    }

    #[test]
    fn valid_numbers_pass_and_wrong_check_digits_do_not() {
        for (name, good, bad) in [
            ("card", "4012 8888 8888 1881", "4012 8888 8888 1882"),
            ("card", "3782-822463-10005", "3782-822463-10006"),
            ("card", "5555555555554444", "1764000000000003"),
            ("card-any", "135410014004955", "135410014004956"),
            ("card-any", "6759649826438453", "0000000000000000"),
            ("iban", "DE89 3704 0044 0532 0130 00", "DE88 3704 0044 0532 0130 00"),
            ("iban", "no93 8601 1117 947", "NO93 8601 1117 9470"),
            ("us-routing", "0260-0959-3", "0260-0959-4"),
        ] {
            assert!(is(name, good), "{name} {good}");
            assert!(!is(name, bad), "{name} {bad}");
        }
    }

    #[test]
    fn countries_are_in_order_so_that_they_can_be_searched() {
        assert!(COUNTRIES.is_sorted());
    }
}
