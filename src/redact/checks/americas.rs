//! Numbers of people in the Americas.

use super::arithmetic::{base36, digits, is_date, is_shaped, luhn, monotonous, number, weighted};
use super::number::Number;

pub(super) const NUMBERS: [Number; 12] = [
    Number::new("us-ssn", 9, 9, social_security),
    Number::new("us-phone", 10, 11, telephone),
    Number::new("us-itin", 9, 9, individual_taxpayer),
    Number::new("us-mbi", 11, 11, medicare_beneficiary),
    Number::new("us-npi", 10, 10, national_provider),
    Number::new("us-dea", 9, 9, drug_enforcement),
    Number::new("ca-sin", 9, 9, social_insurance),
    Number::new("br-cpf", 11, 11, brazilian_person),
    Number::new("br-cnpj", 14, 14, brazilian_company),
    Number::new("mx-curp", 18, 18, mexican),
    Number::new("cl-rut", 8, 9, chilean),
    Number::new("ar-cuit", 11, 11, argentine),
];

/// Social security number: no area 000, 666 or 9xx, no group 00, no serial 0000 (Social Security Administration, since 2011).
fn social_security(value: &[u8]) -> bool {
    digits::<9>(value).is_some_and(|d| {
        let area = number(&d[..3]);
        // Numbers that were printed in advertisements or stand in every manual.
        let known = matches!(value, b"123456789" | b"078051120" | b"987654321");
        !known
            && !monotonous(&d)
            && area != 0
            && area != 666
            && area < 900
            && number(&d[3..5]) != 0
            && number(&d[5..]) != 0
    })
}

/// Telephone number: neither the area nor the exchange begins with 0 or 1 (North American Numbering Plan).
fn telephone(value: &[u8]) -> bool {
    let national = if value.len() == 11 { value.strip_prefix(b"1").unwrap_or_default() } else { value };
    digits::<10>(national).is_some_and(|d| d[0] >= 2 && d[3] >= 2)
}

/// Individual taxpayer identification number: 9 first, fourth and fifth digit 50 to 65, 70 to 88, 90 to 92, 94 to 99
/// (IRS, Internal Revenue Manual 3.21.263).
fn individual_taxpayer(value: &[u8]) -> bool {
    digits::<9>(value).is_some_and(|d| d[0] == 9 && matches!(number(&d[3..5]), 50..=65 | 70..=88 | 90..=92 | 94..=99))
}

/// Medicare beneficiary identifier: letters without S, L, O, I, B, Z (CMS, "Understanding the MBI format").
fn medicare_beneficiary(value: &[u8]) -> bool {
    let letter = |b: u8| b.is_ascii_uppercase() && !b"SLOIBZ".contains(&b);
    value.iter().enumerate().all(|(at, b)| match at {
        0 => matches!(b, b'1'..=b'9'),
        1 | 4 | 7 | 8 => letter(*b),
        2 | 5 => letter(*b) || b.is_ascii_digit(),
        _ => b.is_ascii_digit(),
    })
}

/// National provider identifier: Luhn over 80840 and the number (45 CFR 162.406).
fn national_provider(value: &[u8]) -> bool {
    digits::<10>(value).is_some_and(|d| {
        let mut all = vec![8, 0, 8, 4, 0];
        all.extend_from_slice(&d);
        matches!(d[0], 1 | 2) && luhn(&all)
    })
}

/// DEA registration: two letters (or a letter and 9), six digits, a check digit (Drug Enforcement Administration, Practitioner's
/// Manual).
fn drug_enforcement(value: &[u8]) -> bool {
    let Some(d) = digits::<7>(&value[2..]) else { return false };
    let head = b"ABCDEFGHJKLMPRSTUX".contains(&value[0]) && (value[1].is_ascii_uppercase() || value[1] == b'9');
    head && (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]
}

/// Social insurance number: Luhn, not 0 or 8 first (Employment and Social Development Canada, SIN Code of Practice).
fn social_insurance(value: &[u8]) -> bool {
    digits::<9>(value).is_some_and(|d| !matches!(d[0], 0 | 8) && !monotonous(&d) && luhn(&d))
}

/// CPF: two check digits modulo 11 (Receita Federal, Instrução Normativa 1548/2015).
fn brazilian_person(value: &[u8]) -> bool {
    digits::<11>(value).is_some_and(|d| {
        let check = |sum: u32| (sum * 10 % 11) % 10;
        !monotonous(&d)
            && check(weighted(&d, &[10, 9, 8, 7, 6, 5, 4, 3, 2])) == d[9]
            && check(weighted(&d, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])) == d[10]
    })
}

/// CNPJ: two check digits modulo 11 (Receita Federal, Instrução Normativa 2119/2022).
fn brazilian_company(value: &[u8]) -> bool {
    digits::<14>(value).is_some_and(|d| {
        let check = |sum: u32| if sum % 11 < 2 { 0 } else { 11 - sum % 11 };
        !monotonous(&d)
            && check(weighted(&d, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])) == d[12]
            && check(weighted(&d, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])) == d[13]
    })
}

/// CURP: letters of the names, date of birth, sex, state, consonants, order, check digit (RENAPO, Instructivo Normativo).
fn mexican(value: &[u8]) -> bool {
    if !is_shaped(value, "AAAA999999AAAAAAX9") || !b"HMX".contains(&value[10]) {
        return false;
    }
    let at = |range: std::ops::Range<usize>| value[range].iter().fold(0, |n, b| n * 10 + base36(*b));
    // Ñ stands between N and O, so what follows counts one more.
    let worth = |b: u8| base36(b) + u32::from(b >= b'O');
    let sum: u32 = value[..17].iter().zip(2..=18).map(|(b, n)| worth(*b) * (20 - n)).sum();
    is_date(at(4..6), at(6..8), at(8..10)) && (10 - sum % 10) % 10 == base36(value[17])
}

/// RUT: modulo 11, K for ten (Servicio de Registro Civil).
fn chilean(value: &[u8]) -> bool {
    let Some((check, body)) = value.split_last() else { return false };
    if !body.iter().all(u8::is_ascii_digit) || body[0] == b'0' {
        return false;
    }
    let sum: u32 = body.iter().rev().zip([2, 3, 4, 5, 6, 7].into_iter().cycle()).map(|(b, w)| base36(*b) * w).sum();
    *check
        == match 11 - sum % 11 {
            11 => b'0',
            10 => b'K',
            n => b'0' + n as u8,
        }
}

/// CUIT and CUIL: kind, document, check digit modulo 11 (AFIP, Resolución General 10/1997).
fn argentine(value: &[u8]) -> bool {
    digits::<11>(value).is_some_and(|d| {
        let check = (11 - weighted(&d, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
        matches!(number(&d[..2]), 20 | 23..=27 | 30 | 33 | 34) && check == d[10]
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
            ("us-ssn", "536-22-8721", "666-22-8721"),
            ("us-phone", "1-415-555-0132", "415-155-0132"),
            ("us-itin", "923-71-4408", "923-69-4408"),
            ("us-mbi", "3RK7-QW4-HT29", "3SK7-QW4-HT29"),
            ("us-npi", "1245319599", "1245319598"),
            ("us-dea", "AP5836727", "AP5836728"),
            ("ca-sin", "193-456-787", "193-456-788"),
            ("br-cpf", "390.533.447-05", "390.533.447-06"),
            ("br-cnpj", "16.727.230/0001-97", "16.727.230/0001-98"),
            ("mx-curp", "BOXW310820HNERXN09", "BOXW310820HNERXN08"),
            ("cl-rut", "12.531.909-2", "12.531.909-3"),
            ("ar-cuit", "20-05536168-2", "20-05536168-3"),
        ] {
            assert!(is(name, good), "{name} {good}");
            assert!(!is(name, bad), "{name} {bad}");
        }
    }
}
