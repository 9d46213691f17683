//! Numbers of people in Denmark, Estonia, Finland, Iceland, Lithuania, Norway and Sweden.

use super::arithmetic::{base36, digits, is_date, luhn, number, weighted};
use super::number::Number;

pub(super) const NUMBERS: [Number; 7] = [
    Number::new("fi-identity-code", 10, 11, finland),
    Number::new("se-personal-number", 10, 12, sweden),
    Number::new("se-organisation", 10, 12, swedish_organisation),
    Number::new("no-birth-number", 11, 11, norway),
    Number::new("dk-cpr", 10, 10, denmark),
    Number::new("is-kennitala", 10, 10, iceland),
    Number::new("baltic-personal-code", 11, 11, baltic),
];

/// Personal identity code: date, sign of the century, serial number, check character modulo 31 (Digital and Population
/// Data Services Agency, "The personal identity code"). Signs `+` and `-` have been dropped, letters are there.
fn finland(value: &[u8]) -> bool {
    const CHECKS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let serial = match (value.len(), value.get(6)) {
        (10, _) => &value[6..9],
        (11, Some(b'A'..=b'F' | b'U'..=b'Y')) => &value[7..10],
        _ => return false,
    };
    let (Some(date), Some(serial)) = (digits::<6>(&value[..6]), digits::<3>(serial)) else { return false };
    let serial = number(&serial);
    let check = CHECKS[((number(&date) * 1000 + serial) % 31) as usize];
    is_date(number(&date[4..]), number(&date[2..4]), number(&date[..2])) && serial >= 2 && value.last() == Some(&check)
}

/// Personal identity number: date of birth (the day plus 60 in a coordination number), serial number, Luhn
/// (Swedish Tax Agency, SKV 704).
fn sweden(value: &[u8]) -> bool {
    let Some(d) = last_ten(value) else { return false };
    let century = value.len() == 10 || matches!(&value[..2], b"18" | b"19" | b"20");
    let day = number(&d[4..6]);
    century && is_date(number(&d[..2]), number(&d[2..4]), if day > 60 { day - 60 } else { day }) && luhn(&d)
}

/// Organisation number: the first digit tells the kind of body, the third is 2 or more, so that it can be
/// no date (Swedish Tax Agency, SKV 709).
fn swedish_organisation(value: &[u8]) -> bool {
    let Some(d) = last_ten(value) else { return false };
    (value.len() == 10 || value.starts_with(b"16")) && matches!(d[0], 2 | 5 | 7..=9) && d[2] >= 2 && luhn(&d)
}

fn last_ten(value: &[u8]) -> Option<[u32; 10]> {
    let all_digits = value.iter().all(u8::is_ascii_digit);
    (all_digits && (value.len() == 10 || value.len() == 12)).then(|| digits(&value[value.len() - 10..])).flatten()
}

/// Birth number and D number: two check digits modulo 11 (Norwegian Tax Administration, "Fødselsnummer").
fn norway(value: &[u8]) -> bool {
    let Some(d) = digits::<11>(value) else { return false };
    let day = number(&d[..2]);
    let date = is_date(number(&d[4..6]), number(&d[2..4]), if day > 40 { day - 40 } else { day });
    let check = |weights: &[u32]| (11 - weighted(&d, weights) % 11) % 11;
    date && check(&[3, 7, 6, 1, 8, 9, 4, 5, 2]) == d[9] && check(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) == d[10]
}

/// Civil registration number: a date and four digits; the check digit is gone since 2007 (CPR Office, "Personnummeret").
fn denmark(value: &[u8]) -> bool {
    digits::<10>(value).is_some_and(|d| is_date(number(&d[4..6]), number(&d[2..4]), number(&d[..2])))
}

/// Kennitala: a date, two digits, a check digit modulo 11, the century (Registers Iceland).
fn iceland(value: &[u8]) -> bool {
    digits::<10>(value).is_some_and(|d| {
        let day = number(&d[..2]);
        let date = is_date(number(&d[4..6]), number(&d[2..4]), if day > 40 { day - 40 } else { day });
        date && matches!(d[9], 0 | 8 | 9) && (11 - weighted(&d, &[3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11 == d[8]
    })
}

/// Personal code of Estonia (EVS 585:2007) and Lithuania: century and sex, date, serial number, check digit modulo 11 in two
/// rounds.
fn baltic(value: &[u8]) -> bool {
    let Some(d) = digits::<11>(value) else { return false };
    let first = weighted(&d, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
    let second = weighted(&d, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11;
    let check = if first < 10 { first } else { second % 10 };
    (1..=8).contains(&d[0])
        && is_date(number(&d[1..3]), number(&d[3..5]), number(&d[5..7]))
        && check == base36(value[10])
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
            ("fi-identity-code", "131052-308T", "131052-308U"),
            ("fi-identity-code", "131052A308T", "321052A308T"),
            ("se-personal-number", "811228-9874", "811228-9875"),
            ("se-personal-number", "19811228-9874", "17811228-9874"),
            ("se-organisation", "556036-0793", "556036-0794"),
            ("no-birth-number", "01010750160", "01010750161"),
            ("dk-cpr", "070761-4285", "320761-4285"),
            ("is-kennitala", "120174-3399", "120174-3389"),
            ("baltic-personal-code", "37605030299", "37605030298"),
        ] {
            assert!(is(name, good), "{name} {good}");
            assert!(!is(name, bad), "{name} {bad}");
        }
    }
}
