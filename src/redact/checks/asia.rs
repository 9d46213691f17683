//! Numbers of people in Asia and Africa.

use super::arithmetic::{base36, digits, is_date, is_shaped, luhn, monotonous, number, verhoeff, weighted};
use super::number::Number;

pub(super) const NUMBERS: [Number; 21] = [
    Number::new("in-aadhaar", 12, 12, aadhaar),
    Number::new("in-gstin", 15, 15, gstin),
    Number::new("in-pan", 10, 10, pan),
    Number::new("kr-resident", 13, 13, korean_resident),
    Number::new("kr-foreigner", 13, 13, korean_foreigner),
    Number::new("kr-resident-plain", 13, 13, korean_resident_plain),
    Number::new("kr-foreigner-checked", 13, 13, korean_foreigner_checked),
    Number::new("sg-uen", 9, 10, singaporean_entity),
    Number::new("kr-business", 10, 10, korean_business),
    Number::new("kr-driver-license", 12, 12, korean_driver),
    Number::new("ph-tin", 9, 14, philippine_tin),
    Number::new("sg-nric", 9, 9, singaporean),
    Number::new("th-national-id", 13, 13, thai),
    Number::new("tr-national-id", 11, 11, turkish),
    Number::new("tr-plate", 5, 9, turkish_plate),
    Number::new("tr-phone", 10, 12, turkish_phone),
    Number::new("cn-resident", 18, 18, chinese),
    Number::new("hk-id", 8, 9, hong_kong),
    Number::new("tw-id", 10, 10, taiwanese),
    Number::new("ng-nin", 11, 11, nigerian),
    Number::new("za-id", 13, 13, south_african),
];

/// Aadhaar: twelve digits, not 0 or 1 first, Verhoeff (UIDAI, "A UID Numbering Scheme", 2010).
fn aadhaar(value: &[u8]) -> bool {
    digits::<12>(value).is_some_and(|d| d[0] >= 2 && !monotonous(&d) && verhoeff(&d))
}

/// Number for the goods and services tax: state, PAN, entity, `Z`, check character (GST Council). The check character is not
/// asked for: a mistyped number still holds the owner's PAN.
fn gstin(value: &[u8]) -> bool {
    let state = base36(value[0]) * 10 + base36(value[1]);
    is_shaped(value, "99AAAAA9999AXZX") && value[12] != b'0' && matches!(state, 1..=37 | 97 | 99)
}

/// Permanent account number: the fourth letter tells who holds it (Income Tax Department, rule 114).
fn pan(value: &[u8]) -> bool {
    is_shaped(value, "AAAAA9999A") && b"ABCFGHJLPTEK".contains(&value[3])
}

/// Resident registration number: date of birth, sex and century, serial number with the region first, and a check digit
/// until October 2020 (Enforcement Rule of the Resident Registration Act, article 2).
fn korean_resident(value: &[u8]) -> bool {
    korean(value, 1..=4) && value[7..9] <= b"95"[..]
}

/// The same without a hyphen. Milliseconds since 1970 begin with 14 to 19 for the next decades; among them only the check
/// digit can tell.
fn korean_resident_plain(value: &[u8]) -> bool {
    let clock = matches!(&value[..2], b"14" | b"15" | b"16" | b"17" | b"18" | b"19");
    korean_resident(value) && (!clock || korean_check(value, 11))
}

/// Registration number of a foreigner: 5 to 8 in place of 1 to 4 (Enforcement Rule of the Immigration Act). Those given since
/// October 2020 have no check digit, whatever the date of birth.
fn korean_foreigner(value: &[u8]) -> bool {
    korean(value, 5..=8)
}

fn korean_foreigner_checked(value: &[u8]) -> bool {
    korean(value, 5..=8) && korean_check(value, 13)
}

fn korean(value: &[u8], sex: std::ops::RangeInclusive<u32>) -> bool {
    digits::<13>(value).is_some_and(|d| {
        !monotonous(&d) && sex.contains(&d[6]) && is_date(number(&d[..2]), number(&d[2..4]), number(&d[4..6]))
    })
}

fn korean_check(value: &[u8], base: u32) -> bool {
    digits::<13>(value).is_some_and(|d| (base - weighted(&d, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10 == d[12])
}

/// Business registration number (National Tax Service): weights 1, 3, 7, 1, 3, 7, 1, 3, 5 and the tens of the last product.
fn korean_business(value: &[u8]) -> bool {
    digits::<10>(value).is_some_and(|d| {
        let sum = weighted(&d, &[1, 3, 7, 1, 3, 7, 1, 3, 5]) + d[8] * 5 / 10;
        number(&d[..3]) >= 101 && (10 - sum % 10) % 10 == d[9]
    })
}

/// Driving licence: region 11 to 28, year, serial number, check (Korean National Police Agency).
fn korean_driver(value: &[u8]) -> bool {
    digits::<12>(value).is_some_and(|d| (11..=28).contains(&number(&d[..2])) && !monotonous(&d[2..]))
}

/// Taxpayer identification number: nine digits, the last modulo 11, and a branch of three to five (BIR Form 1902).
fn philippine_tin(value: &[u8]) -> bool {
    let Some(d) = value.get(..9).and_then(digits::<9>) else { return false };
    value[9..].iter().all(u8::is_ascii_digit) && number(&d) > 0 && weighted(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == d[8]
}

/// NRIC and FIN: a letter for the century or status, seven digits, a check letter (Immigration and Checkpoints Authority;
/// National Registration Act 1965).
fn singaporean(value: &[u8]) -> bool {
    let Some(d) = is_shaped(value, "A9999999A").then(|| digits::<7>(&value[1..8])).flatten() else { return false };
    let sum = weighted(&d, &[2, 7, 6, 5, 4, 3, 2]);
    let (add, letters): (u32, &[u8; 11]) = match value[0] {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"KLJNPQRTUWX"),
        _ => return false,
    };
    let rest = (sum + add) % 11;
    letters[if value[0] == b'M' { 10 - rest } else { rest } as usize] == value[8]
}

/// Unique entity number: of a business, of a company by its year, or of others (ACRA; the last form is not checked).
fn singaporean_entity(value: &[u8]) -> bool {
    let Some((letter, rest)) = value.split_last() else { return false };
    if let Some(d) = digits::<8>(rest) {
        return b"XMKECAWLJDB"[(weighted(&d, &[10, 4, 9, 3, 8, 2, 7, 1]) % 11) as usize] == *letter;
    }
    if let Some(d) = digits::<9>(rest) {
        return b"ZKCMDNERGWH"[(weighted(&d, &[10, 8, 6, 4, 9, 7, 5, 3, 1]) % 11) as usize] == *letter;
    }
    is_shaped(value, "A99AX9999A") && b"RST".contains(&value[0])
}

/// Identification number: kind of person, province and district, check digit modulo 11 (Department of Provincial
/// Administration).
fn thai(value: &[u8]) -> bool {
    digits::<13>(value).is_some_and(|d| {
        let sum = weighted(&d, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
        let province = number(&d[1..3]);
        let known = matches!(province, 10..=27 | 30..=58 | 60..=67 | 70..=77 | 80..=86 | 90..=96);
        (1..=8).contains(&d[0]) && known && !monotonous(&d) && (11 - sum % 11) % 10 == d[12]
    })
}

/// Identity number: two check digits (General Directorate of Civil Registration and Citizenship Affairs).
fn turkish(value: &[u8]) -> bool {
    digits::<11>(value).is_some_and(|d| {
        let (odd, even) = (d[0] + d[2] + d[4] + d[6] + d[8], d[1] + d[3] + d[5] + d[7]);
        d[0] != 0 && (odd * 7 + 100 - even) % 10 == d[9] && d[..10].iter().sum::<u32>() % 10 == d[10]
    })
}

/// Number plate: province 01 to 81, one to three letters, two to five digits (Highway Traffic Regulation, article 53).
fn turkish_plate(value: &[u8]) -> bool {
    let letters = value[2..].iter().take_while(|b| b.is_ascii_uppercase()).count();
    let numerals = &value[2 + letters..];
    let province = base36(value[0]) * 10 + base36(value[1]);
    value[..2].iter().all(u8::is_ascii_digit)
        && (1..=81).contains(&province)
        && (1..=3).contains(&letters)
        && (2..=5).contains(&numerals.len())
        && numerals.iter().all(u8::is_ascii_digit)
}

/// Telephone: mobile 50x, 51x, 53x to 56x, 59x, or one of the area codes, and seven digits (Information and Communication
/// Technologies Authority, national numbering plan).
fn turkish_phone(value: &[u8]) -> bool {
    let national = value.strip_prefix(b"90").filter(|rest| rest.len() == 10).unwrap_or(value);
    let national = national.strip_prefix(b"0").unwrap_or(national);
    digits::<10>(national).is_some_and(|d| {
        let area = number(&d[..3]);
        let land = matches!(
            area,
            212 | 216
                | 222
                | 224
                | 226
                | 228
                | 232
                | 236
                | 242
                | 246
                | 248
                | 252
                | 256
                | 258
                | 262
                | 264
                | 266
                | 272
                | 274
                | 276
                | 282
                | 284
                | 286
                | 288
                | 312
                | 318
                | 322
                | 324
                | 326
                | 328
                | 332
                | 338
                | 342
                | 344
                | 346
                | 348
                | 352
                | 354
                | 356
                | 358
                | 362
                | 364
                | 366
                | 368
                | 370
                | 372
                | 374
                | 376
                | 378
                | 380
                | 382
                | 384
                | 386
                | 388
                | 392
                | 412
                | 414
                | 416
                | 422
                | 424
                | 426
                | 428
                | 432
                | 434
                | 436
                | 438
                | 442
                | 446
                | 452
                | 454
                | 456
                | 458
                | 462
                | 464
                | 466
                | 472
                | 474
                | 476
                | 478
                | 482
                | 484
                | 486
                | 488
        );
        let mobile = matches!(area, 500..=519 | 530..=569 | 590..=599);
        (land || mobile) && d[3..].iter().any(|digit| *digit != d[3])
    })
}

/// Resident identity number: region, date of birth, order, ISO 7064 MOD 11-2 (GB 11643-1999).
fn chinese(value: &[u8]) -> bool {
    let Some(d) = digits::<17>(&value[..17]) else { return false };
    let sum = weighted(&d, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let date =
        (1900..2100).contains(&number(&d[6..10])) && is_date(number(&d[6..10]), number(&d[10..12]), number(&d[12..14]));
    (11..=91).contains(&number(&d[..2])) && date && b"10X98765432"[(sum % 11) as usize] == value[17]
}

/// Identity card: one or two letters, six digits, a check character in brackets (Immigration Department).
fn hong_kong(value: &[u8]) -> bool {
    let (body, check) = value.split_at(value.len() - 1);
    let letters = body.len() - 6;
    if !body[..letters].iter().all(u8::is_ascii_uppercase) || !body[letters..].iter().all(u8::is_ascii_digit) {
        return false;
    }
    // A missing first letter counts as a space, 36.
    let start = if letters == 1 { 36 * 9 } else { 0 };
    let sum = start + body.iter().rev().zip(2..).map(|(b, weight)| base36(*b) * weight).sum::<u32>();
    let expected = (11 - sum % 11) % 11;
    check[0] == if expected == 10 { b'A' } else { b'0' + expected as u8 }
}

/// Identity card: a letter for the place, sex, serial number, check digit (Household Registration Act).
fn taiwanese(value: &[u8]) -> bool {
    const PLACES: &[u8; 26] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";
    let Some(d) = digits::<9>(&value[1..]) else { return false };
    let Some(place) = PLACES.iter().position(|letter| *letter == value[0]) else { return false };
    let place = place as u32 + 10;
    let sum = place / 10 + place % 10 * 9 + weighted(&d, &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
    matches!(d[0], 1 | 2 | 8 | 9) && sum.is_multiple_of(10)
}

/// National identification number: Verhoeff (National Identity Management Commission).
fn nigerian(value: &[u8]) -> bool {
    digits::<11>(value).is_some_and(|d| d[0] != 0 && !monotonous(&d) && verhoeff(&d))
}

/// Identity number: date of birth, sex, citizenship 0 to 2, Luhn (Department of Home Affairs).
fn south_african(value: &[u8]) -> bool {
    digits::<13>(value).is_some_and(|d| {
        is_date(number(&d[..2]), number(&d[2..4]), number(&d[4..6])) && d[10] <= 2 && d[11] >= 8 && luhn(&d)
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
            ("in-aadhaar", "2341 2341 2346", "2341 2341 2347"),
            ("in-gstin", "27AAPFU0939F1ZV", "39AAPFU0939F1ZV"),
            ("in-pan", "AAPFU0939F", "AAPDU0939F"),
            ("kr-resident", "971013-1019019", "971313-1019019"),
            ("kr-foreigner", "911013-5678901", "911013-4678901"),
            ("kr-business", "116-82-00276", "116-82-00277"),
            ("kr-driver-license", "13-07-418260-51", "29-07-418260-51"),
            ("ph-tin", "239-418-529-000", "239-418-527-000"),
            ("sg-nric", "S1234567D", "S1234567E"),
            ("sg-nric", "G1234567X", "G1234567A"),
            ("th-national-id", "7100600445638", "7100600445637"),
            ("tr-national-id", "17291716060", "17291716061"),
            ("tr-plate", "34 KLM 912", "82 KLM 912"),
            ("tr-phone", "0532 417 28 90", "0832 417 28 90"),
            ("cn-resident", "11010519491231002X", "110105194912310021"),
            ("hk-id", "C123456(9)", "C123456(7)"),
            ("tw-id", "A123456789", "A123456788"),
            ("za-id", "7202275047087", "7202275047084"),
        ] {
            assert!(is(name, good), "{name} {good}");
            assert!(!is(name, bad), "{name} {bad}");
        }
        let checks = (0..10).filter(|n| is("ng-nin", &format!("2718281828{n}"))).count();
        assert_eq!(checks, 1);
    }
}
