//! Numbers of people and businesses in Australia.

use super::arithmetic::{digits, monotonous, remainder, weighted};
use super::number::Number;

pub(super) const NUMBERS: [Number; 4] = [
    Number::new("au-abn", 11, 11, business),
    Number::new("au-acn", 9, 9, company),
    Number::new("au-tfn", 9, 9, tax_file),
    Number::new("au-medicare", 10, 11, medicare),
];

/// Business number: modulo 89 after one is taken from the first digit (Australian Business Register, "Format of the ABN").
fn business(value: &[u8]) -> bool {
    digits::<11>(value).is_some_and(|d| {
        let sum = weighted(&d, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
        d[0] > 0 && (sum - 10).is_multiple_of(89) && remainder(&d, 1000) > 0
    })
}

/// Company number: weights 8 to 1 (Australian Securities and Investments Commission, "ACN check digit").
fn company(value: &[u8]) -> bool {
    digits::<9>(value)
        .is_some_and(|d| !monotonous(&d) && (10 - weighted(&d, &[8, 7, 6, 5, 4, 3, 2, 1]) % 10) % 10 == d[8])
}

/// Tax file number: modulo 11 (Australian Taxation Office, TFN algorithm).
fn tax_file(value: &[u8]) -> bool {
    digits::<9>(value)
        .is_some_and(|d| !monotonous(&d) && weighted(&d, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11))
}

/// Medicare card: 2 to 6 first, the ninth digit checks the eight before it; the issue and the person follow
/// (Services Australia).
fn medicare(value: &[u8]) -> bool {
    let issue = value.len() == 10 || value.get(10).is_some_and(u8::is_ascii_digit);
    value.get(..10).and_then(digits::<10>).is_some_and(|d| {
        (2..=6).contains(&d[0]) && issue && d[9] > 0 && weighted(&d, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == d[8]
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
            ("au-abn", "53 004 085 616", "53 004 085 617"),
            ("au-acn", "004 085 616", "004 085 617"),
            ("au-tfn", "123 456 782", "123 456 789"),
            ("au-medicare", "2428 77813 2", "2428 77814 2"),
        ] {
            assert!(is(name, good), "{name} {good}");
            assert!(!is(name, bad), "{name} {bad}");
        }
    }
}
