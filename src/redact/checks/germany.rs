//! Numbers of people in Germany.

use super::arithmetic::{base36, digits, is_shaped, mod_11_10, monotonous, number, weighted};
use super::number::Number;

pub(super) const NUMBERS: [Number; 8] = [
    Number::new("de-tax-id", 11, 11, tax_id),
    Number::new("de-tax-number", 9, 13, tax_number),
    Number::new("de-health-insurance", 10, 10, health_insurance),
    Number::new("de-document", 9, 10, document),
    Number::new("de-social-security", 12, 12, social_security),
    Number::new("de-physician", 9, 9, physician),
    Number::new("de-practice", 9, 9, practice),
    Number::new("de-vat", 11, 11, vat),
];

/// Identification number for taxes: ISO 7064 MOD 11,10, and one of the first ten digits stands twice or three times
/// (Federal Central Tax Office, "Informationen zur Berechnung der Prüfziffer").
fn tax_id(value: &[u8]) -> bool {
    let Some(d) = digits::<11>(value) else { return false };
    let mut counts = [0; 10];
    d[..10].iter().for_each(|digit| counts[*digit as usize] += 1);
    let repeated = counts.iter().filter(|n| **n > 1).count();
    d[0] != 0 && repeated == 1 && counts.iter().all(|n| *n <= 3) && mod_11_10(&d)
}

/// Tax number: 10 or 11 digits as a state writes it, or 13 in the form that all states share, of which the first tell the
/// tax office (ELSTER, "Prüfung der Steuernummer").
fn tax_number(value: &[u8]) -> bool {
    let all_digits = value.iter().all(u8::is_ascii_digit);
    match value.len() {
        9..=11 => all_digits,
        13 => digits::<13>(value).is_some_and(|d| {
            let land = number(&d[..2]);
            let shared =
                d[4] == 0 && matches!(land, 10 | 11 | 21..=24 | 26..=28 | 30..=32 | 40 | 41 | 50..=59 | 90..=99);
            (1..=16).contains(&land) || shared
        }),
        _ => false,
    }
}

/// Health insurance number: a letter, eight digits, a check digit (Fifth Book of the Social Code, section 290).
fn health_insurance(value: &[u8]) -> bool {
    let Some(d) = is_shaped(value, "A999999999").then(|| digits::<9>(&value[1..])).flatten() else { return false };
    let letter = base36(value[0]) - 9;
    let mut all = vec![letter / 10, letter % 10];
    all.extend_from_slice(&d[..8]);
    cross_sums(&all, &[1, 2, 1, 2, 1, 2, 1, 2, 1, 2]) % 10 == d[8]
}

fn cross_sums(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| d * w).map(|p| p / 10 + p % 10).sum()
}

/// Passport and identity card: letters without vowels and digits, the last a check digit with weights 7, 3, 1
/// (ICAO Doc 9303, part 3, section 4.9).
fn document(value: &[u8]) -> bool {
    let known = |b: &u8| b.is_ascii_digit() || b"CFGHJKLMNPRTVWXYZ".contains(b);
    let Some((check, rest)) = value.split_last() else { return false };
    let sum: u32 = rest.iter().zip([7, 3, 1].into_iter().cycle()).map(|(b, w)| base36(*b) * w).sum();
    value[0].is_ascii_uppercase()
        && value.iter().all(known)
        && rest.iter().filter(|b| b.is_ascii_digit()).count() >= 3
        && check.is_ascii_digit()
        && sum % 10 == base36(*check)
}

/// Pension insurance number: area, date of birth, initial, serial number, check digit (VKVV, section 4).
fn social_security(value: &[u8]) -> bool {
    if !is_shaped(value, "99999999A999") {
        return false;
    }
    let letter = base36(value[8]) - 9;
    let mut all: Vec<u32> = value[..8].iter().map(|b| base36(*b)).collect();
    all.extend([letter / 10, letter % 10, base36(value[9]), base36(value[10])]);
    let month = number(&all[4..6]);
    cross_sums(&all, &[2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]) % 10 == base36(value[11])
        && (1..=12).contains(&month)
        && number(&all[..2]) >= 2
}

/// Number of a physician: the seventh digit checks the six before it (KBV, guideline under section 75 (7) of the Fifth Book).
fn physician(value: &[u8]) -> bool {
    digits::<9>(value).is_some_and(|d| {
        !monotonous(&d[..6]) && (10 - weighted(&d[..6], &[4, 9, 4, 9, 4, 9]) % 10) % 10 == d[6] && number(&d[7..]) > 0
    })
}

/// Number of a practice: the first two digits tell the association of physicians (KBV, the same guideline).
fn practice(value: &[u8]) -> bool {
    const ASSOCIATIONS: [u32; 20] = [1, 2, 3, 17, 20, 35, 38, 46, 47, 51, 52, 71, 72, 73, 74, 78, 83, 88, 93, 98];
    digits::<9>(value).is_some_and(|d| ASSOCIATIONS.contains(&number(&d[..2])) && !monotonous(&d[2..]))
}

/// Value added tax: `DE` and nine digits. The check digit is not asked for: such numbers are often mistyped, and they
/// name the company all the same.
fn vat(value: &[u8]) -> bool {
    is_shaped(value, "DE999999999") && value[2..].iter().any(|b| *b != value[2])
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
            ("de-tax-id", "86095742719", "86095742718"),
            ("de-tax-id", "65929970489", "65929970480"),
            ("de-health-insurance", "T123456780", "T123456787"),
            ("de-document", "C23457896", "C23457898"),
            ("de-social-security", "65170839J003", "65170839J009"),
            ("de-social-security", "65170839J003", "65171339J003"),
            ("de-physician", "445566501", "445566801"),
            ("de-practice", "721234567", "991234567"),
            ("de-vat", "DE 211 577 943", "DE 211 577 94"),
            ("de-tax-number", "93815/08152", "93/1"),
            ("de-tax-number", "2893081508152", "6793081508152"),
        ] {
            assert!(is(name, good), "{name} {good}");
            assert!(!is(name, bad), "{name} {bad}");
        }
    }
}
