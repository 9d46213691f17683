//! Base64 and hexadecimal that hold text: found in a line, decoded, and encoded again.

use std::ops::Range;

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, Encoding, HEXLOWER, HEXUPPER, Specification};

/// Shorter runs hold less than a password and its label.
const SHORTEST: usize = 16;
/// Shorter runs of hexadecimal digits are hashes and ids, and no text.
const SHORTEST_HEX: usize = 32;
/// Bytes that decide whether the inside is text: of random bytes one in 400 passes.
const HEAD: usize = 9;

/// How a text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoded {
    /// RFC 4648, sections 4 and 5.
    Base64 { url: bool, padded: bool, wide: bool },
    /// RFC 4648, section 8.
    Hex { upper: bool },
}

impl Encoded {
    /// `text` encoded.
    pub(super) fn close(self, text: &[u8]) -> Vec<u8> {
        let bytes = |bytes: &[u8]| match self {
            Self::Base64 { url: false, padded: true, .. } => BASE64.encode(bytes),
            Self::Base64 { url: false, padded: false, .. } => BASE64_NOPAD.encode(bytes),
            Self::Base64 { url: true, padded: true, .. } => BASE64URL.encode(bytes),
            Self::Base64 { url: true, padded: false, .. } => BASE64URL_NOPAD.encode(bytes),
            Self::Hex { upper: true } => HEXUPPER.encode(bytes),
            Self::Hex { upper: false } => HEXLOWER.encode(bytes),
        };
        match self {
            Self::Base64 { wide: true, .. } => {
                let units = String::from_utf8_lossy(text);
                bytes(&units.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
            }
            _ => bytes(text),
        }
        .into_bytes()
    }
}

/// One run of encoded text.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) range: Range<usize>,
    pub(super) form: Encoded,
    pub(super) decoded: Vec<u8>,
}

/// The runs in `text` that hold text. `cut` says that `text` begins inside of something, so that a run at its start may
/// begin in the middle of a group.
pub(super) fn find(text: &[u8], cut: bool, runs: &mut Vec<Run>) {
    let mut at = 0;
    while let Some(shortest) = text.get(at..at + SHORTEST) {
        // All at once, because where a word ends is hard to guess for a processor.
        let others = shortest.iter().enumerate().fold(0u32, |others, (n, b)| others | u32::from(!is_digit(*b)) << n);
        if others != 0 {
            at += (32 - others.leading_zeros()) as usize;
            continue;
        }
        let end = at + SHORTEST;
        let end = text[end..].iter().position(|b| !is_digit(*b)).map_or(text.len(), |n| end + n);
        read(text, at..end, cut && at == 0, runs);
        at = end + 1;
    }
}

/// The digits of both base64 alphabets, hexadecimal among them.
fn is_digit(byte: u8) -> bool {
    static DIGITS: [bool; 256] = {
        let (mut digits, mut byte) = ([false; 256], 0);
        while byte < 256 {
            digits[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'+' | b'/' | b'-' | b'_');
            byte += 1;
        }
        digits
    };
    DIGITS[usize::from(byte)]
}

fn read(text: &[u8], run: Range<usize>, cut: bool, runs: &mut Vec<Run>) {
    if let Some(found) = read_hex(text, run.clone()) {
        return runs.push(found);
    }
    for skip in 0..if cut { 4 } else { 1 } {
        if let Some(found) = read_base64(text, run.start + skip..run.end) {
            return runs.push(found);
        }
    }
    // In a path or after a label: `/cb/eyJhIjox…`, `state-eyJhIjox…`. The middle of a hash has as many chances as it has
    // parts, so that the first bytes alone are no proof here.
    if text[run.clone()].iter().any(|b| b"/-_+".contains(b)) {
        let mut start = run.start;
        for part in text[run].split(|b| b"/-_+".contains(b)) {
            if part.len() >= SHORTEST
                && let Some(found) = read_base64(text, start..start + part.len())
                && is_wholly_text(&found.decoded)
            {
                runs.push(found);
            }
            start += part.len() + 1;
        }
    }
}

fn read_hex(text: &[u8], run: Range<usize>) -> Option<Run> {
    let digits = &text[run.clone()];
    if digits.len() < SHORTEST_HEX || !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let upper = digits.iter().any(u8::is_ascii_uppercase);
    let alphabet = if upper { HEXUPPER } else { HEXLOWER };
    let mut head = [0; HEAD];
    if alphabet.decode_mut(&digits[..2 * HEAD], &mut head).is_err() || !is_text(&head) {
        return None;
    }
    Some(Run { form: Encoded::Hex { upper }, decoded: alphabet.decode(digits).ok()?, range: run })
}

fn read_base64(text: &[u8], run: Range<usize>) -> Option<Run> {
    let digits = text.get(run.clone())?;
    let url = digits.iter().any(|b| matches!(b, b'-' | b'_'));
    if url && digits.iter().any(|b| matches!(b, b'+' | b'/')) {
        return None;
    }
    let alphabet = lenient(url);
    let mut head = [0; HEAD];
    alphabet.decode_mut(digits.get(..HEAD / 3 * 4)?, &mut head).ok()?;
    let wide = head.chunks_exact(2).all(|pair| pair[1] == 0 && is_text(&pair[..1]));
    if !wide && !is_text(&head) {
        return None;
    }
    // One digit too many is no group; it belongs to what follows.
    let length = digits.len() - usize::from(digits.len() % 4 == 1);
    let mut decoded = alphabet.decode(&digits[..length]).ok()?;
    if wide {
        let units: Vec<u16> = decoded.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        if decoded.len() % 2 == 1 {
            return None;
        }
        decoded = String::from_utf16(&units).ok()?.into_bytes();
    }
    let padding = text[run.start + length..].iter().take((4 - length % 4) % 4).take_while(|b| **b == b'=').count();
    let form = Encoded::Base64 { url, padded: length % 4 == 0 || padding > 0, wide };
    Some(Run { range: run.start..run.start + length + padding, form, decoded })
}

/// Base64 as it is found: bits behind the last byte are ignored, as most decoders do.
fn lenient(url: bool) -> &'static Encoding {
    static BOTH: std::sync::OnceLock<[Encoding; 2]> = std::sync::OnceLock::new();
    let both = BOTH.get_or_init(|| {
        ["+/", "-_"].map(|last| {
            let mut specification = Specification::new();
            specification.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
            specification.symbols.push_str(last);
            specification.check_trailing_bits = false;
            specification.encoding().expect("a constant specification")
        })
    });
    &both[usize::from(url)]
}

/// Whether the first bytes are those of a text: printable but for one.
fn is_text(head: &[u8]) -> bool {
    let odd = head.iter().filter(|b| !(b.is_ascii_graphic() || matches!(b, b' ' | b'\t' | b'\r' | b'\n'))).count();
    odd <= usize::from(head.len() >= HEAD) || head.starts_with(b"\xef\xbb\xbf")
}

fn is_wholly_text(decoded: &[u8]) -> bool {
    let odd = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n');
    std::str::from_utf8(decoded).is_ok_and(|text| !text.contains(odd))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, String)> {
        let mut runs = Vec::new();
        find(text.as_bytes(), false, &mut runs);
        runs.iter()
            .map(|run| (text[run.range.clone()].to_owned(), String::from_utf8_lossy(&run.decoded).into_owned()))
            .collect()
    }

    #[test]
    fn the_middle_of_a_hash_is_no_text() {
        // The part after the second plus begins with nine bytes of which one is odd, and goes on with others.
        let hash = "sha512-7GWcTWvj+IIK+iql+ZzlQVUoKH2s0vVhMa23+bbBml/1J1AzYuFZbqD3GE41FoXn1+LaaDuErGaLsVCDTNCMEw==";
        assert_eq!(found(hash), []);
    }

    #[test]
    fn text_is_found_in_every_form_and_closes_to_what_it_was() {
        let text = r#"{"user":"bob","password":"correct horse"}"#;
        for form in [
            Encoded::Base64 { url: false, padded: true, wide: false },
            Encoded::Base64 { url: true, padded: false, wide: false },
            Encoded::Base64 { url: false, padded: true, wide: true },
            Encoded::Hex { upper: false },
            Encoded::Hex { upper: true },
        ] {
            let closed = String::from_utf8(form.close(text.as_bytes())).expect("ASCII");
            for line in [closed.clone(), format!("body={closed};"), format!("\"{closed}\""), format!("x: {closed}")] {
                assert_eq!(found(&line), [(closed.clone(), text.to_owned())], "{line}");
            }
        }
        assert_eq!(found("GET /cb/eyJ1c2VyIjoiYm9iIn0/next/page")[0].1, r#"{"user":"bob"}"#);
    }

    #[test]
    fn what_is_no_text_is_left_alone() {
        for line in [
            "9f71c52d839b5cd527645e42b5134f8b0d6e1a7c",
            "/usr/lib/x86_64-linux-gnu/libcrypto.so",
            "org.apache.catalina.core.StandardEngineValve",
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
        ] {
            assert_eq!(found(line), [], "{line}");
        }
    }
}
