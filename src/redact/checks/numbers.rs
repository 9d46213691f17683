//! Numbers of people and their accounts that carry a check of their own.

pub(super) fn digits(value: &[u8]) -> Vec<u32> {
    value.iter().filter(|b| b.is_ascii_digit()).map(|b| u32::from(b - b'0')).collect()
}

pub(super) fn luhn(value: &[u8]) -> bool {
    let digits = digits(value);
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(n, d)| {
            if n % 2 == 0 {
                *d
            } else if *d > 4 {
                2 * d - 9
            } else {
                2 * d
            }
        })
        .sum();
    (12..=19).contains(&digits.len()) && sum.is_multiple_of(10) && digits.iter().any(|d| *d != digits[0])
}

pub(super) fn iban(value: &[u8]) -> bool {
    let compact: Vec<u8> = value.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase).collect();
    if !(15..=34).contains(&compact.len()) {
        return false;
    }
    let (head, tail) = compact.split_at(4);
    let remainder = tail.iter().chain(head).fold(0u32, |rest, b| {
        if b.is_ascii_digit() {
            (rest * 10 + u32::from(b - b'0')) % 97
        } else {
            (rest * 100 + u32::from(b - b'A') + 10) % 97
        }
    });
    remainder == 1
}

pub(super) fn ssn(value: &[u8]) -> bool {
    let d = digits(value);
    if d.len() != 9 {
        return false;
    }
    // Numbers that were printed in advertisements or stand in every manual.
    if value == b"123-45-6789" || value == b"078-05-1120" {
        return false;
    }
    let number = |range: std::ops::Range<usize>| d[range].iter().fold(0, |n, digit| n * 10 + digit);
    let area = number(0..3);
    area != 0 && area != 666 && area < 900 && number(3..5) != 0 && number(5..9) != 0
}
