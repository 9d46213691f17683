//! What stands as an argument where a secret may: of a call, of an option, of a word in a dialogue.

use data_encoding::{BASE64, BASE64_NOPAD};

use super::accounts::is_manual;
use crate::redact::sensitive_names::{is_mixed, is_reference, looks_made};

/// Whether `value` is the password of `user` and not both are a manual's words for them.
pub(super) fn password(user: &[u8], value: &[u8]) -> bool {
    !is_reference(value) && !is_manual(user, value) && !user.eq_ignore_ascii_case(value)
}

/// Whether `value` is what an option takes: not the next option, and not a named argument of a call (`default=`).
pub(super) fn option(value: &[u8]) -> bool {
    let named = value.split_last().is_some_and(|(last, name)| {
        *last == b'=' && !name.is_empty() && name.iter().all(|b| b.is_ascii_lowercase() || *b == b'_')
    });
    !is_reference(value) && !named && (!value.starts_with(b"-") || looks_made(value))
}

/// Whether `name` is that of a header which holds cookies.
pub(super) fn is_cookie(name: Option<&[u8]>) -> bool {
    let cookies = [b"cookie".as_slice(), b"cookie2", b"set-cookie", b"set-cookie2"];
    name.is_some_and(|name| cookies.iter().any(|known| name.eq_ignore_ascii_case(known)))
}

/// Endings of the files that programs name where a password could stand: `PASS login2.test.js`.
const FILES: [&[u8]; 10] = [b".js", b".ts", b".tsx", b".jsx", b".py", b".rb", b".go", b".rs", b".mjs", b".html"];

/// Whether `value` is what somebody types for a password, and no word of a sentence.
pub(super) fn typed(value: &[u8]) -> bool {
    let sign = value.len() >= 6 && value.iter().any(|b| b"#!@%^&*$?+".contains(b));
    let letter = value.iter().any(u8::is_ascii_alphabetic);
    let made = (sign && letter) || looks_made(value);
    (is_mixed(value) || (made && !is_reference(value))) && !FILES.iter().any(|end| value.ends_with(end))
}

/// Whether `value` is base64 of text, of what a client of mail sends to sign in, or of a message of NTLM.
pub(super) fn base64_text(value: &[u8]) -> bool {
    let padded = BASE64.decode(value).ok().or_else(|| BASE64_NOPAD.decode(value).ok());
    padded.is_some_and(|text| {
        let is_text = |b: &u8| matches!(b, 0 | 1 | b'\t' | b'\r' | b'\n' | 0x20..=0x7e);
        text.starts_with(b"NTLMSSP\0") || (text.len() >= 3 && text.iter().all(is_text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_beside_its_user_is_one_but_in_manuals() {
        assert!(password(b"bob", b"hunter2") && password(b"user", b"hunter2") && password(b"bob", b"password"));
        assert!(!password(b"user", b"password") && !password(b"bob", b"${PASSWORD}") && !password(b"bob", b""));
    }

    #[test]
    fn options_take_values_and_no_other_options() {
        for value in ["hunter2", "-S2k3JhT9vLmQ2wZx8", "k3JhT9vLmQ2wZx8R=="] {
            assert!(option(value.as_bytes()), "{value}");
        }
        for value in ["-xtrace", "-long-option-name-here", "default=", "help=", "${TOKEN}"] {
            assert!(!option(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn what_is_typed_is_told_from_words_and_files() {
        assert!(typed(b"hunter2") && typed(b"swordfish!") && typed(b"s3cr3t"));
        assert!(!typed(b"swordfish") && !typed(b"12345") && !typed(b"login2.test.js") && !typed(b"incorrect"));
    }

    #[test]
    fn base64_of_text_is_told_from_words() {
        assert!(base64_text(b"AGJvYgBrM0poVDl2TA==") && base64_text(b"Ym9i") && base64_text(b"azNKaFQ5dkw="));
        assert!(!base64_text(b"OAUTHBEARER") && !base64_text(b"authentication") && !base64_text(b"a b"));
    }
}
