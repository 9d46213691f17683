//! The arithmetic that check digits of many countries share.

/// The digits of `value` when it is exactly `N` of them.
pub(super) fn digits<const N: usize>(value: &[u8]) -> Option<[u32; N]> {
    let value: &[u8; N] = value.try_into().ok()?;
    value.iter().all(u8::is_ascii_digit).then(|| value.map(|b| u32::from(b - b'0')))
}

/// The number that up to nine `digits` write.
pub(super) fn number(digits: &[u32]) -> u32 {
    digits.iter().fold(0, |n, digit| n * 10 + digit)
}

/// Whether all digits are the same, as in numbers that are typed to fill a field.
pub(super) fn monotonous(digits: &[u32]) -> bool {
    digits.iter().all(|d| *d == digits[0])
}

/// The sum of the digits, each times its weight.
pub(super) fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| d * w).sum()
}

/// ISO/IEC 7812-1, annex B: every second digit from the right counts twice.
pub(super) fn luhn(digits: &[u32]) -> bool {
    let doubled = |d: u32| if d > 4 { 2 * d - 9 } else { 2 * d };
    let sum: u32 = digits.iter().rev().enumerate().map(|(n, d)| if n % 2 == 0 { *d } else { doubled(*d) }).sum();
    sum.is_multiple_of(10)
}

/// ISO/IEC 7064, MOD 11,10: the last digit checks the others.
pub(super) fn mod_11_10(digits: &[u32]) -> bool {
    let Some((last, rest)) = digits.split_last() else { return false };
    let product = rest.iter().fold(10, |product, d| {
        let sum = (d + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == *last
}

/// The remainder of a long number, written in `digits`.
pub(super) fn remainder(digits: &[u32], modulus: u64) -> u64 {
    digits.iter().fold(0, |rest, d| (rest * 10 + u64::from(*d)) % modulus)
}

/// Verhoeff's check over the dihedral group of order ten (J. Verhoeff, Error detecting decimal codes, 1969).
pub(super) fn verhoeff(digits: &[u32]) -> bool {
    const PERMUTED: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    // 0..4 are rotations, 5..9 reflections of a pentagon.
    let product = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a - 5 + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let permuted = |digit: u32, times: usize| (0..times % 8).fold(digit, |d, _| PERMUTED[d as usize]);
    digits.iter().rev().enumerate().fold(0, |sum, (n, d)| product(sum, permuted(*d, n))) == 0
}

/// Whether there is such a day; a year of two digits stands for any century, so 29 February passes in each fourth.
pub(super) fn is_date(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (year < 100 || !year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Whether `value` has the form `shape`, in which `A` stands for a letter, `9` for a digit, `X` for either; anything else
/// stands for itself.
pub(super) fn is_shaped(value: &[u8], shape: &str) -> bool {
    value.len() == shape.len()
        && value.iter().zip(shape.bytes()).all(|(b, form)| match form {
            b'A' => b.is_ascii_uppercase(),
            b'9' => b.is_ascii_digit(),
            b'X' => b.is_ascii_uppercase() || b.is_ascii_digit(),
            other => *b == other,
        })
}

/// The value of a character in base 36: 0 to 9, then A is 10.
pub(super) fn base36(byte: u8) -> u32 {
    char::from(byte).to_digit(36).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_examples_of_each_method_pass() {
        assert!(luhn(&[7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 3]));
        assert!(verhoeff(&[2, 3, 6, 3]) && !verhoeff(&[2, 3, 6, 4]));
        assert!(mod_11_10(&[0, 7, 9, 4, 5]) && !mod_11_10(&[0, 7, 9, 4, 6]));
        assert_eq!(remainder(&[1, 0, 0], 97), 3);
    }

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        assert!(is_date(2024, 2, 29) && is_date(0, 2, 29) && is_date(1999, 12, 31));
        assert!(!is_date(1999, 2, 29) && !is_date(2000, 13, 1) && !is_date(2000, 4, 31) && !is_date(2000, 1, 0));
    }

    #[test]
    fn shapes_tell_letters_from_digits() {
        assert!(is_shaped(b"U1H00", "U1X99") && !is_shaped(b"U1h00", "U1X99") && !is_shaped(b"U1H0", "U1X99"));
    }
}
