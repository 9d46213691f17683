//! The ways in which a secret is written elsewhere: inside base64, percent-encoded, with the escapes of JSON.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};

use super::json::escape_into;

/// Spellings shorter than this stand in other texts by chance.
const SHORTEST: usize = 10;

/// Every other spelling of `secret`, without duplicates.
pub(super) fn other_spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for before in 0..3 {
        all.push(inside_base64(secret, before, &BASE64_NOPAD));
        all.push(inside_base64(secret, before, &BASE64URL_NOPAD));
    }
    all.push(percent_encoded(secret, b"0123456789ABCDEF", b"-._~"));
    all.push(percent_encoded(secret, b"0123456789abcdef", b"-._~"));
    all.push(percent_encoded(secret, b"0123456789ABCDEF", b"-._~/:@!$'()*,;"));
    if let Ok(text) = std::str::from_utf8(secret) {
        let mut escaped = Vec::new();
        escape_into(text, &mut escaped);
        all.push(String::from_utf8_lossy(&escaped).replace('/', "\\/").into_bytes());
        all.push(escaped);
    }
    all.retain(|spelling| spelling.len() >= SHORTEST && spelling != secret);
    all.sort();
    all.dedup();
    all
}

/// The digits that `secret` gives whatever stands around it, when it begins `before` bytes into a group of three.
fn inside_base64(secret: &[u8], before: usize, alphabet: &data_encoding::Encoding) -> Vec<u8> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret);
    let digits = alphabet.encode(&bytes).into_bytes();
    let whole = bytes.len() * 8 / 6;
    digits[(before * 8).div_ceil(6)..whole].to_vec()
}

fn percent_encoded(secret: &[u8], hex: &[u8; 16], kept: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(secret.len());
    for byte in secret {
        if byte.is_ascii_alphanumeric() || kept.contains(byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(&[b'%', hex[usize::from(byte >> 4)], hex[usize::from(byte & 15)]]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;

    #[test]
    fn a_secret_is_known_in_base64_wherever_it_begins() {
        let secret = b"correct/horse+battery?";
        let all = other_spellings(secret);
        for (before, after) in [("", ""), ("a", "bc"), ("ab", "c"), ("user:", "\n"), ("{\"p\":\"", "\"}")] {
            let text = BASE64.encode(&[before.as_bytes(), secret, after.as_bytes()].concat());
            assert!(all.iter().any(|s| memchr::memmem::find(text.as_bytes(), s).is_some()), "{before}…{after}: {text}");
        }
    }

    #[test]
    fn a_secret_is_known_with_its_escapes() {
        let all = other_spellings(br#"a"b\c/d e&f=g"#);
        for spelling in
            ["a%22b%5Cc%2Fd%20e%26f%3Dg", "a%22b%5cc%2fd%20e%26f%3dg", r#"a\"b\\c/d e&f=g"#, r#"a\"b\\c\/d e&f=g"#]
        {
            assert!(all.contains(&spelling.as_bytes().to_vec()), "{spelling}");
        }
    }
}
