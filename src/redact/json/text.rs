//! JSON string escapes, both ways.

/// Decodes the inside of a JSON string (without its quotes) into `out`; `None` when an escape is none.
///
/// A surrogate that has no partner becomes its three bytes as if it were a character (WTF-8): browsers write such
/// strings, and a rule should still see the text around them.
#[must_use]
pub fn unescape(raw: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|&b| b == b'\\') {
        out.extend_from_slice(&rest[..at]);
        let escape = *rest.get(at + 1)?;
        rest = &rest[at + 2..];
        match escape {
            b'"' | b'\\' | b'/' => out.push(escape),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let unit = hex4(rest)?;
                rest = &rest[4..];
                let (code, used) = with_partner(unit, rest);
                rest = &rest[used..];
                push_wtf8(code, out);
            }
            _ => return None,
        }
    }
    out.extend_from_slice(rest);
    Some(())
}

/// Appends `text` as the inside of a JSON string.
pub fn escape_into(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for &byte in text.as_bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..=0x1f => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            _ => out.push(byte),
        }
    }
}

/// The code point of a UTF-16 unit and, where it is the first half of a pair, how many bytes of `rest` the second took.
fn with_partner(unit: u32, rest: &[u8]) -> (u32, usize) {
    if (0xd800..0xdc00).contains(&unit)
        && let Some(low) = rest.strip_prefix(b"\\u").and_then(hex4)
        && (0xdc00..0xe000).contains(&low)
    {
        return (0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00), 6);
    }
    (unit, 0)
}

fn hex4(digits: &[u8]) -> Option<u32> {
    digits.get(..4)?.iter().try_fold(0, |value, &digit| Some(value << 4 | char::from(digit).to_digit(16)?))
}

fn push_wtf8(code: u32, out: &mut Vec<u8>) {
    match char::from_u32(code) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        // Only surrogates are no `char`, and they all lie in the three-byte range.
        None => out.extend_from_slice(&[
            0xe0 | (code >> 12) as u8,
            0x80 | (code >> 6 & 0x3f) as u8,
            0x80 | (code & 0x3f) as u8,
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unescaped(raw: &str) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        unescape(raw.as_bytes(), &mut out).map(|()| out)
    }

    #[test]
    fn every_escape_is_decoded() {
        assert_eq!(unescaped(r#"\u0041\/\\\"\b\f\n\r\t"#).as_deref(), Some(&b"A/\\\"\x08\x0c\n\r\t"[..]));
        assert_eq!(unescaped(r"\ud83d\ude00").as_deref(), Some("😀".as_bytes()));
        assert_eq!(unescaped("plain ü").as_deref(), Some("plain ü".as_bytes()));
    }

    #[test]
    fn a_lone_surrogate_keeps_the_text_around_it() {
        assert_eq!(unescaped(r"a\ud83db").as_deref(), Some(&b"a\xed\xa0\xbdb"[..]));
        assert_eq!(unescaped(r"\ude00\ud83d").as_deref(), Some(&b"\xed\xb8\x80\xed\xa0\xbd"[..]));
        assert_eq!(unescaped(r"\ud83dA").as_deref(), Some(&b"\xed\xa0\xbdA"[..]));
    }

    #[test]
    fn a_broken_escape_is_refused() {
        for raw in [r"\x41", r"\u12", r"\u12g4", "\\", r"\u+123"] {
            assert_eq!(unescaped(raw), None, "{raw}");
        }
    }

    #[test]
    fn what_is_escaped_reads_back() {
        let text = "quote \" back \\ nul \0 esc \u{1b} nl \n é 😀";
        let mut raw = Vec::new();
        escape_into(text, &mut raw);
        let mut out = Vec::new();
        assert!(unescape(&raw, &mut out).is_some());
        assert_eq!(out, text.as_bytes());
        assert!(raw.iter().all(|&b| b >= 0x20));
    }
}
