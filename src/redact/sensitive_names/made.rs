//! Tells what a machine made from what a person wrote: `k3JhT9vLmQ2w` from `insert_key_here`.
//!
//! Under a name such as `token` a short or speaking value is a type, a state or a gap in a manual far more often than a secret,
//! and an engineer needs it. Passwords are not judged so: people do choose words.

use super::values::is_uuid;

/// Letters that follow a letter in nearly all pairs of English text, by the first one. In made-up strings every other pair
/// is not among them.
const PAIRS: [&str; 26] = [
    "bcdefgiklmnprstuvwxy",
    "acdeilorsu",
    "acehiklmorstuy",
    "adegilmorsu",
    "abcdefghilmnopqrstuvwxy",
    "aefilorstuy",
    "aceghilmnorsu",
    "aeimnorstuy",
    "abcdefgklmnoprstuvxz",
    "aeiou",
    "aeinosu",
    "acdefilopstuvy",
    "abdeilmnopsu",
    "acdefghiklmnopstuvy",
    "abcdefgiklmnoprstuvwxy",
    "acehiloprstuy",
    "u",
    "abcdefgiklmnoprstuvy",
    "acefghiklmopqrstuwy",
    "acdefhiklmoprstuvwy",
    "abcdefgilmnoprstux",
    "aeioru",
    "aehinorsw",
    "ceiprstx",
    "eimnopst",
    "aei",
];

/// Shorter values than this are looked at by nobody for a secret: `abc123`.
const SHORTEST: usize = 8;

/// True for a value that looks made by a machine: letters and digits mixed, letters that no language has in that order, a long
/// number, a UUID, or many punctuation marks, as generators of passwords write them.
#[must_use]
pub fn looks_made(value: &[u8]) -> bool {
    if value.len() < SHORTEST || is_qualified_name(value) {
        return false;
    }
    let has = |part: &[u8], class: fn(&u8) -> bool| part.iter().any(class);
    let mixed = |part: &&[u8]| has(part, u8::is_ascii_digit) && has(part, u8::is_ascii_alphabetic);
    let parts = || value.split(|b| !b.is_ascii_alphanumeric());
    let marks = value.iter().filter(|b| b"!@#$%^&*~?".contains(b)).count();
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    marks >= 2
        || is_uuid(value)
        || parts().any(is_made)
        || (value.len() >= 20 && digits >= 8 && parts().filter(mixed).count() >= 2)
        || (value.len() >= 16 && digits >= 2 && is_shredded(value))
}

/// `clm50349:AgencyIdentificationCode`: a name in the space of another, as schemas have them.
fn is_qualified_name(value: &[u8]) -> bool {
    let Some(colon) = value.iter().position(|b| *b == b':') else { return false };
    let (space, name) = (&value[..colon], &value[colon + 1..]);
    space.len() <= 12
        && name.len() >= 12
        && space.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && name.iter().all(u8::is_ascii_alphabetic)
        && pieces(name).len() >= 2
        && speaks(name)
}

/// Whether one run of letters and digits looks made.
fn is_made(part: &[u8]) -> bool {
    if part.len() < SHORTEST {
        return false;
    }
    let digits = part.iter().filter(|b| b.is_ascii_digit()).count();
    if digits == part.len() {
        return digits >= 12;
    }
    // A word with a number after it: `test1234`, `sha256`.
    let tail = part.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (word, number) = part.split_at(part.len() - tail);
    if number.len() == digits && digits <= 4 { !speaks(word) } else { digits > 0 }
}

/// Whether `letters` are one word or several in camel case.
fn speaks(letters: &[u8]) -> bool {
    !is_shredded(letters) && pieces(letters).into_iter().all(is_word)
}

/// Whether capitals and other characters cut `text` into bits that are too short for words: three letters and less on average,
/// three and a half in a long one.
pub(super) fn is_shredded(text: &[u8]) -> bool {
    let letters = text.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let bits = pieces(text).len();
    (letters >= 10 && bits * 3 > letters) || (letters >= 16 && bits * 7 > letters * 2)
}

/// True for letters in an order that a word may have. Up to four letters may be any abbreviation.
pub(super) fn is_word(letters: &[u8]) -> bool {
    if letters.len() <= 4 {
        return true;
    }
    let index = |b: &u8| b.to_ascii_lowercase().checked_sub(b'a').map(usize::from).filter(|at| *at < 26);
    let fits = |pair: &[u8]| {
        index(&pair[0]).is_some_and(|first| PAIRS[first].as_bytes().contains(&pair[1].to_ascii_lowercase()))
    };
    let odd = letters.windows(2).filter(|pair| !fits(pair)).count();
    letters.len() <= 24 && (odd <= 1 || odd * 10 <= (letters.len() - 1) * 3)
}

/// The runs of letters in `text`, cut before a capital after a small letter, and after capitals before a word: `APIKeyHere` is
/// `API`, `Key`, `Here`.
pub(super) fn pieces(text: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    for run in text.split(|b| !b.is_ascii_alphabetic()).filter(|run| !run.is_empty()) {
        let mut start = 0;
        for at in 1..run.len() {
            let lower = |n: usize| run.get(n).is_some_and(u8::is_ascii_lowercase);
            if run[at].is_ascii_uppercase() && (lower(at - 1) || (lower(at + 1) && !lower(at - 1))) {
                all.push(&run[start..at]);
                start = at;
            }
        }
        all.push(&run[start..]);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_machine_made_looks_like_nothing_that_people_write() {
        for value in [
            "k3JhT9vLmQ2w",
            "9f71c52d839b5cd5",
            "zyxwvutsrqponmlkjihg",
            "9f71c52d-839b-5cd5-2764-5e42b5134f8b",
            "QWxhZGRpbjpvcGVu",
            "482910375512",
            "h&Gq!zP$",
        ] {
            assert!(looks_made(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn what_people_write_speaks() {
        for value in [
            "short",
            "abc123",
            "insert_key_here",
            "not-a-valid-token",
            "my-token",
            "staging2024",
            "AgencyIdentificationCodeContentType",
            "clm50349:AgencyIdentificationCodeContentType",
            "internationalization",
            "refresh_token_v2",
            "REPLACE_WITH_YOUR_KEY",
            "application/json",
        ] {
            assert!(!looks_made(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn words_are_cut_where_people_see_them() {
        assert_eq!(pieces(b"APIKeyHere-42x"), [b"API".as_slice(), b"Key", b"Here", b"x"]);
    }
}
