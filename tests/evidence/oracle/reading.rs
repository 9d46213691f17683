//! Other ways to read a text: with its escapes undone, and what stands in base64 or hexadecimal.

use std::ops::Range;

use data_encoding::{HEXLOWER_PERMISSIVE, Specification};

/// A text, and for each of its bytes the bytes that it was written as.
pub struct Reading {
    text: Vec<u8>,
    written: Vec<Range<usize>>,
}

impl Reading {
    /// `raw` with one level of escapes undone: percent-encoding, backslashes, character references. `None` without any.
    pub fn without_escapes(raw: &[u8]) -> Option<Self> {
        let mut reading = Self { text: Vec::new(), written: Vec::new() };
        let (mut at, mut any) = (0, false);
        while at < raw.len() {
            let (bytes, length) = match escape(&raw[at..]) {
                Some(escape) => {
                    any = true;
                    escape
                }
                None => (vec![raw[at]], 1),
            };
            for byte in bytes {
                reading.text.push(byte);
                reading.written.push(at..at + length);
            }
            at += length;
        }
        any.then_some(reading)
    }

    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where `range` of the text was written.
    pub fn written(&self, range: &Range<usize>) -> Range<usize> {
        self.written[range.start].start..self.written[range.end - 1].end
    }
}

/// What the escape that `raw` begins with stands for, and how long it is.
fn escape(raw: &[u8]) -> Option<(Vec<u8>, usize)> {
    let hex = |from: usize, to: usize| -> Option<u32> {
        let digits = raw.get(from..to)?;
        let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
        all.then(|| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()).flatten()
    };
    let byte = |value: u32| (value != 0).then(|| vec![value as u8]);
    match (raw[0], raw.get(1)) {
        (b'%', _) => Some((byte(hex(1, 3)?)?, 3)),
        (b'\\', Some(b'x')) => Some((byte(hex(2, 4)?)?, 4)),
        (b'\\', Some(b'u')) => {
            let unit = hex(2, 6)?;
            let low = hex(8, 12).filter(|low| raw[6..8] == *b"\\u" && (0xdc00..0xe000).contains(low));
            match low.filter(|_| (0xd800..0xdc00).contains(&unit)) {
                Some(low) => Some((utf8(0x10000 + ((unit - 0xd800) << 10) + low - 0xdc00), 12)),
                None => Some((utf8(unit), 6)),
            }
        }
        (b'\\', Some(letter)) => {
            const MEANINGS: &[(u8, u8)] = &[(b'b', 8), (b'f', 12), (b'n', b'\n'), (b'r', b'\r'), (b't', b'\t')];
            let meaning = MEANINGS.iter().find(|(of, _)| of == letter).map(|(_, meaning)| *meaning);
            let meaning = meaning.or_else(|| b"\"\\/'&=`$;".contains(letter).then_some(*letter))?;
            Some((vec![meaning], 2))
        }
        (b'&', _) => {
            for (name, meaning) in [("quot", '"'), ("amp", '&'), ("apos", '\''), ("lt", '<'), ("gt", '>')] {
                if raw[1..].starts_with(name.as_bytes()) && raw.get(1 + name.len()) == Some(&b';') {
                    return Some((vec![meaning as u8], name.len() + 2));
                }
            }
            let end = raw.iter().take(10).position(|b| *b == b';')?;
            let code = match (raw.get(1)?, raw.get(2)?) {
                (b'#', b'x' | b'X') if end <= 9 => hex(3, end)?,
                (b'#', _) => std::str::from_utf8(&raw[2..end]).ok()?.parse().ok()?,
                _ => return None,
            };
            let character = char::from_u32(code).filter(|c| *c != '\0')?;
            Some((character.to_string().into_bytes(), end + 1))
        }
        _ => None,
    }
}

/// A code point in UTF-8; half a pair as if it were a character.
fn utf8(code: u32) -> Vec<u8> {
    match char::from_u32(code) {
        Some(character) => character.to_string().into_bytes(),
        None => vec![0xe0 | (code >> 12) as u8, 0x80 | (code >> 6 & 0x3f) as u8, 0x80 | (code & 0x3f) as u8],
    }
}

/// A run of base64 or hexadecimal, and the text in it.
pub struct Run {
    pub range: Range<usize>,
    pub decoded: Vec<u8>,
}

/// The runs in `text` that hold text.
pub fn encoded_runs(text: &[u8]) -> Vec<Run> {
    let is_digit = |b: &u8| b.is_ascii_alphanumeric() || b"+/-_".contains(b);
    let mut runs = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let length = text[at..].iter().take_while(|b| is_digit(b)).count();
        let range = at..at + length;
        at += length.max(1);
        if range.len() < 16 {
            continue;
        }
        if let Some(run) = hexadecimal(text, range.clone()).or_else(|| base64(text, range.clone())) {
            runs.push(run);
            continue;
        }
        let mut start = range.start;
        for part in text[range].split(|b| b"/-_+".contains(b)) {
            if part.len() >= 16 {
                let whole = |run: &Run| {
                    std::str::from_utf8(&run.decoded)
                        .is_ok_and(|text| !text.chars().any(|c| c.is_control() && !"\t\r\n".contains(c)))
                };
                runs.extend(base64(text, start..start + part.len()).filter(whole));
            }
            start += part.len() + 1;
        }
    }
    runs
}

fn hexadecimal(text: &[u8], range: Range<usize>) -> Option<Run> {
    let digits = &text[range.clone()];
    let mixed = digits.iter().any(u8::is_ascii_uppercase) && digits.iter().any(u8::is_ascii_lowercase);
    let decoded = HEXLOWER_PERMISSIVE.decode(digits).ok()?;
    (digits.len() >= 32 && !mixed && is_text(&decoded[..9])).then_some(Run { range, decoded })
}

fn base64(text: &[u8], range: Range<usize>) -> Option<Run> {
    let mut specification = Specification::new();
    specification.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
    let url = text[range.clone()].iter().any(|b| b"-_".contains(b));
    specification.symbols.push_str(if url { "-_" } else { "+/" });
    specification.check_trailing_bits = false;
    let length = range.len() - usize::from(range.len() % 4 == 1);
    let digits = &text[range.start..range.start + length];
    let mut decoded = specification.encoding().expect("an alphabet").decode(digits).ok()?;
    let wide = decoded[..8].chunks(2).all(|pair| pair[1] == 0 && is_text(&pair[..1]));
    if wide {
        if decoded.len() % 2 == 1 {
            return None;
        }
        let units: Vec<u16> = decoded.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        decoded = String::from_utf16(&units).ok()?.into_bytes();
    } else if !is_text(&decoded[..9]) {
        return None;
    }
    let missing = (4 - length % 4) % 4;
    let end = range.start + length;
    let padding = text[end..].iter().take(missing).take_while(|b| **b == b'=').count();
    Some(Run { range: range.start..end + padding, decoded })
}

/// Whether a beginning is printable, but for one byte.
fn is_text(head: &[u8]) -> bool {
    let odd = head.iter().filter(|b| !matches!(b, 0x20..=0x7e | b'\t' | b'\r' | b'\n')).count();
    odd <= usize::from(head.len() >= 9) || head.starts_with(b"\xef\xbb\xbf")
}
