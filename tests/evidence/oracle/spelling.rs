//! How a secret is written elsewhere.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};

/// `secret`, and its other spellings: inside base64, percent-encoded, with JSON's escapes.
pub fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for before in 0..3_usize {
        // Digits that only bits of the secret decide: 6 bits each, from `before` bytes on.
        let (first, end) = ((before * 8).div_ceil(6), (before + secret.len()) * 8 / 6);
        let padded = [&vec![0; before], secret].concat();
        all.push(BASE64_NOPAD.encode(&padded).as_bytes()[first..end].to_vec());
        all.push(BASE64URL_NOPAD.encode(&padded).as_bytes()[first..end].to_vec());
    }
    let percent = |kept: &str, lower: bool| -> Vec<u8> {
        let escape = |byte: &u8| match *byte {
            byte if byte.is_ascii_alphanumeric() || kept.contains(char::from(byte)) => char::from(byte).to_string(),
            byte if lower => format!("%{byte:02x}"),
            byte => format!("%{byte:02X}"),
        };
        secret.iter().map(escape).collect::<String>().into_bytes()
    };
    all.extend([percent("-._~", false), percent("-._~", true), percent("-._~/:@!$'()*,;", false)]);
    if let Ok(text) = std::str::from_utf8(secret) {
        let quoted = serde_json::Value::from(text).to_string();
        let inside = &quoted[1..quoted.len() - 1];
        all.extend([inside.as_bytes().to_vec(), inside.replace('/', "\\/").into_bytes()]);
    }
    all.retain(|spelling| spelling.len() >= 10);
    all.push(secret.to_vec());
    all
}
