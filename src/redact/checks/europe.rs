//! Numbers of people in the west, south and east of Europe.

use super::arithmetic::{base36, digits, is_date, is_shaped, luhn, mod_11_10, monotonous, number, remainder, weighted};
use super::number::Number;

pub(super) const NUMBERS: [Number; 22] = [
    Number::new("es-nif", 8, 9, spanish_nif),
    Number::new("es-nie", 9, 9, spanish_nie),
    Number::new("it-fiscal-code", 16, 16, italian_fiscal_code),
    Number::new("it-vat", 11, 11, italian_vat),
    Number::new("it-driver-license", 10, 10, italian_driver_license),
    Number::new("uk-nino", 9, 9, british_insurance),
    Number::new("uk-nhs", 10, 10, british_health),
    Number::new("uk-driving-licence", 16, 16, british_driver),
    Number::new("uk-postcode", 5, 7, british_postcode),
    Number::new("uk-vehicle", 5, 7, british_vehicle),
    Number::new("pl-pesel", 11, 11, polish_pesel),
    Number::new("pl-nip", 10, 10, polish_nip),
    Number::new("fr-nir", 15, 15, french_nir),
    Number::new("nl-bsn", 9, 9, dutch_bsn),
    Number::new("be-national-number", 11, 11, belgian),
    Number::new("ch-ahv", 13, 13, swiss),
    Number::new("pt-nif", 9, 9, portuguese),
    Number::new("at-social-security", 10, 10, austrian),
    Number::new("hr-oib", 11, 11, croatian),
    Number::new("ro-cnp", 13, 13, romanian),
    Number::new("bg-egn", 10, 10, bulgarian),
    Number::new("cz-birth-number", 10, 10, czech),
];

const SPANISH: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// Tax number of a citizen: the letter is the number modulo 23 (Spanish Ministry of the Interior, "Cálculo del dígito de
/// control del NIF/NIE").
fn spanish_nif(value: &[u8]) -> bool {
    let Some((letter, rest)) = value.split_last() else { return false };
    rest.iter().all(u8::is_ascii_digit)
        && SPANISH[rest.iter().fold(0, |n, b| n * 10 + base36(*b)) as usize % 23] == *letter
}

/// Number of a foreigner: X, Y and Z stand for 0, 1 and 2 (the same source).
fn spanish_nie(value: &[u8]) -> bool {
    let first = match value[0] {
        b'X' => b'0',
        b'Y' => b'1',
        b'Z' => b'2',
        _ => return false,
    };
    let mut number = [0; 9];
    number.copy_from_slice(value);
    number[0] = first;
    spanish_nif(&number)
}

/// Tax code: letters of the names, year, month, day (plus 40 for women), place, check letter (Decree of 23 December 1976).
/// Where codes collide, letters stand for digits. The check letter is not asked for: a mistyped code still names its owner.
fn italian_fiscal_code(value: &[u8]) -> bool {
    const DIGITS: &[u8; 20] = b"0123456789LMNPQRSTUV";
    let digit = |at: usize| DIGITS.iter().position(|d| *d == value[at]).map(|n| n % 10);
    let (Some(tens), Some(ones)) = (digit(9), digit(10)) else { return false };
    let day = tens * 10 + ones;
    value.iter().enumerate().all(|(at, b)| match at {
        6 | 7 | 9 | 10 | 12..=14 => DIGITS.contains(b),
        8 => b"ABCDEHLMPRST".contains(b),
        _ => b.is_ascii_uppercase(),
    }) && (matches!(day, 1..=31) || matches!(day, 41..=71))
}

/// VAT number: Luhn (Decree of the President 633/1972, article 35).
fn italian_vat(value: &[u8]) -> bool {
    digits::<11>(value).is_some_and(|d| !monotonous(&d) && number(&d[..7]) > 0 && luhn(&d))
}

/// Driving licence: `AA9999999A`, or since 2013 `U1` and seven characters without vowels (Motorizzazione Civile).
fn italian_driver_license(value: &[u8]) -> bool {
    let no_vowel = |b: &u8| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"AEIOQV".contains(b));
    is_shaped(value, "AA9999999A")
        || (value.starts_with(b"U1") && value[2..9].iter().all(no_vowel) && value[9].is_ascii_uppercase())
}

/// National insurance number (HMRC, NIM39110): not D, F, I, Q, U, V first, nor O second, nor BG, GB, KN, NK, NT, TN, ZZ.
fn british_insurance(value: &[u8]) -> bool {
    const NEVER: [&[u8]; 7] = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];
    is_shaped(value, "AA999999A")
        && !b"DFIQUV".contains(&value[0])
        && !b"DFIQUVO".contains(&value[1])
        && !NEVER.contains(&&value[..2])
        && matches!(value[8], b'A'..=b'D')
}

/// NHS number: modulo 11 (NHS Data Dictionary, "NHS NUMBER").
fn british_health(value: &[u8]) -> bool {
    digits::<10>(value).is_some_and(|d| {
        let check = 11 - weighted(&d, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
        !monotonous(&d) && check % 11 == d[9] && check != 10
    })
}

/// Driver number: surname, decade, month (plus 50 for women), day, year, initials, check characters (DVLA, INF1D).
fn british_driver(value: &[u8]) -> bool {
    let name = value[..5].iter().rposition(u8::is_ascii_uppercase).map_or(0, |last| last + 1);
    let padded = value[..name].iter().all(u8::is_ascii_uppercase) && value[name..5].iter().all(|b| *b == b'9');
    let Some(born) = digits::<6>(&value[5..11]) else { return false };
    let (month, day) = (number(&born[1..3]), number(&born[3..5]));
    let initials = value[11..13].iter().all(|b| b.is_ascii_uppercase() || *b == b'9');
    name > 0
        && padded
        && initials
        && is_date(4, if month > 50 { month - 50 } else { month }, day)
        && is_shaped(&value[13..], "XAA")
}

/// Postcode (Royal Mail, BS 7666-2): outward and inward code.
fn british_postcode(value: &[u8]) -> bool {
    if value == b"GIR0AA" {
        return true;
    }
    let (outward, inward) = value.split_at(value.len() - 3);
    let first = |b: u8| b.is_ascii_uppercase() && !b"QVX".contains(&b);
    let second = |b: u8| b.is_ascii_uppercase() && !b"IJZ".contains(&b);
    let area = match outward {
        [a, d] => first(*a) && d.is_ascii_digit(),
        [a, d, e] if d.is_ascii_digit() => first(*a) && (e.is_ascii_digit() || b"ABCDEFGHJKPSTUW".contains(e)),
        [a, b, d] => first(*a) && second(*b) && d.is_ascii_digit(),
        [a, b, d, e] => {
            first(*a) && second(*b) && d.is_ascii_digit() && (e.is_ascii_digit() || b"ABEHMNPRVWXY".contains(e))
        }
        _ => false,
    };
    let last = |b: &u8| b.is_ascii_uppercase() && !b"CIKMOV".contains(b);
    area && inward[0].is_ascii_digit() && inward[1..].iter().all(last)
}

/// Number plate: since 2001 two letters, an age (02 to 29, 51 to 79), three letters; before that a letter for the year
/// first or last (DVLA, INF104).
fn british_vehicle(value: &[u8]) -> bool {
    let letter = |b: u8| b.is_ascii_uppercase() && b != b'I' && b != b'Q';
    let letters = |part: &[u8]| part.iter().all(|b| letter(*b));
    let numerals =
        |part: &[u8]| (1..=3).contains(&part.len()) && part[0] != b'0' && part.iter().all(u8::is_ascii_digit);
    let current = is_shaped(value, "AA99AAA") && letters(&value[..2]) && letters(&value[4..]) && value[1] != b'Z' && {
        let age = base36(value[2]) * 10 + base36(value[3]);
        matches!(age, 2..=29 | 51..=79)
    };
    let n = value.len();
    let year = |b: u8| letter(b) && !b"OUZ".contains(&b);
    let prefix = year(value[0]) && numerals(&value[1..n - 3]) && letters(&value[n - 3..]);
    let suffix = letters(&value[..3]) && numerals(&value[3..n - 1]) && year(value[n - 1]);
    current || prefix || suffix
}

/// PESEL: date of birth with the century in the month, serial number, check digit (Ministry of Digital Affairs, "Co to jest
/// numer PESEL").
fn polish_pesel(value: &[u8]) -> bool {
    digits::<11>(value).is_some_and(|d| {
        let date = is_date(number(&d[..2]), number(&d[2..4]) % 20, number(&d[4..6]));
        date && (10 - weighted(&d, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10 == d[10]
    })
}

/// NIP: modulo 11 (Act on the rules of registration of taxpayers, 1995).
fn polish_nip(value: &[u8]) -> bool {
    digits::<10>(value).is_some_and(|d| !monotonous(&d) && weighted(&d, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == d[9])
}

/// NIR: sex, year, month, place of birth, order, key 97 minus the remainder (INSEE, "Numéro d'inscription au répertoire").
/// 2A and 2B, Corsica, count as 19 and 18.
fn french_nir(value: &[u8]) -> bool {
    let mut plain = [0; 15];
    plain.copy_from_slice(value);
    match &value[5..7] {
        b"2A" => plain[5..7].copy_from_slice(b"19"),
        b"2B" => plain[5..7].copy_from_slice(b"18"),
        _ => {}
    }
    digits::<15>(&plain).is_some_and(|d| {
        let month = number(&d[3..5]);
        let month = matches!(month, 1..=12 | 20 | 30..=42 | 50..=99);
        matches!(d[0], 1..=4 | 7 | 8) && month && 97 - remainder(&d[..13], 97) == u64::from(number(&d[13..]))
    })
}

/// BSN: the eleven test, the last digit counts negative (Logisch ontwerp BSN).
fn dutch_bsn(value: &[u8]) -> bool {
    digits::<9>(value)
        .is_some_and(|d| !monotonous(&d) && weighted(&d, &[9, 8, 7, 6, 5, 4, 3, 2, 10]).is_multiple_of(11))
}

/// National register number: date of birth, order, 97 minus the remainder; a 2 goes before for births since 2000
/// (Royal Decree of 3 April 1984).
fn belgian(value: &[u8]) -> bool {
    digits::<11>(value).is_some_and(|d| {
        let check = u64::from(number(&d[9..]));
        let rest = remainder(&d[..9], 1_000_000_000);
        let month = number(&d[2..4]) % 20;
        month <= 12 && number(&d[4..6]) <= 31 && (97 - rest % 97 == check || 97 - (2_000_000_000 + rest) % 97 == check)
    })
}

/// AHV number: 756 and the check digit of an EAN-13 (Central Compensation Office).
fn swiss(value: &[u8]) -> bool {
    digits::<13>(value).is_some_and(|d| {
        d.starts_with(&[7, 5, 6]) && weighted(&d, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10)
    })
}

/// NIF: modulo 11 (Decree-Law 14/2013).
fn portuguese(value: &[u8]) -> bool {
    digits::<9>(value).is_some_and(|d| {
        let rest = weighted(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
        !matches!(d[0], 0 | 4) && (if rest < 2 { 0 } else { 11 - rest }) == d[8]
    })
}

/// Insurance number: serial number, check digit, date of birth (ASVG, section 30c).
fn austrian(value: &[u8]) -> bool {
    digits::<10>(value).is_some_and(|d| {
        let date = (1..=31).contains(&number(&d[4..6])) && (1..=15).contains(&number(&d[6..8]));
        d[0] != 0 && date && weighted(&d, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 == d[3]
    })
}

/// OIB: ISO 7064 MOD 11,10 (Personal Identification Number Act, 2008).
fn croatian(value: &[u8]) -> bool {
    digits::<11>(value).is_some_and(|d| !monotonous(&d) && mod_11_10(&d))
}

/// CNP: sex and century, date of birth, county, order, check digit modulo 11 (Law 105/1996).
fn romanian(value: &[u8]) -> bool {
    digits::<13>(value).is_some_and(|d| {
        let rest = weighted(&d, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
        let county = number(&d[7..9]);
        let date = is_date(number(&d[1..3]), number(&d[3..5]), number(&d[5..7]));
        (1..=9).contains(&d[0]) && date && matches!(county, 1..=52 | 70) && (if rest == 10 { 1 } else { rest }) == d[12]
    })
}

/// EGN: date of birth with the century in the month, order, check digit modulo 11 (Civil Registration Act).
fn bulgarian(value: &[u8]) -> bool {
    digits::<10>(value).is_some_and(|d| {
        let date = is_date(number(&d[..2]), number(&d[2..4]) % 20, number(&d[4..6]));
        date && weighted(&d, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == d[9]
    })
}

/// Birth number of the Czech and Slovak Republics: divisible by 11; the month of women is greater by 50 (Act 133/2000).
fn czech(value: &[u8]) -> bool {
    digits::<10>(value).is_some_and(|d| {
        let date = is_date(number(&d[..2]), number(&d[2..4]) % 50 % 20, number(&d[4..6]));
        date && remainder(&d, 11) == 0
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
            ("es-nif", "54362315K", "54362315L"),
            ("es-nie", "X-2482300-W", "X-2482300-A"),
            ("it-fiscal-code", "RCCMNL83S18D969H", "RCCMNL83S88D969H"),
            ("it-vat", "00743110157", "00743110158"),
            ("it-driver-license", "U1P52T771K", "U1A52T771K"),
            ("uk-nino", "JG 12 13 16 A", "GB 12 13 16 A"),
            ("uk-nhs", "943 476 5870", "943 476 5871"),
            ("uk-driving-licence", "FOX99751018JA9BC", "FOX99753338JA9BC"),
            ("uk-postcode", "SW1A 2AA", "SW1A 2CA"),
            ("uk-vehicle", "LB07 SEO", "LB35 SEO"),
            ("uk-vehicle", "K9 ABC", "O9 ABC"),
            ("pl-pesel", "02070803628", "02070803629"),
            ("pl-nip", "856-734-62-15", "856-734-62-16"),
            ("fr-nir", "2 95 10 99 126 111 93", "2 95 10 99 126 111 94"),
            ("nl-bsn", "111222333", "111222334"),
            ("be-national-number", "85.07.30-033.28", "85.07.30-033.29"),
            ("ch-ahv", "756.9217.0769.85", "756.9217.0769.84"),
            ("pt-nif", "501442600", "501442601"),
            ("at-social-security", "1237 010180", "1238 010180"),
            ("hr-oib", "33392005961", "33392005962"),
            ("ro-cnp", "1630615123457", "1630615123458"),
            ("bg-egn", "7523169263", "7523169264"),
            ("cz-birth-number", "710319/2745", "710319/2746"),
        ] {
            assert!(is(name, good), "{name} {good}");
            assert!(!is(name, bad), "{name} {bad}");
        }
    }
}
