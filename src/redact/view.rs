//! A text as it reads once its escapes are undone, with the way back to the bytes that stand in the source.
//!
//! Rules look at the decoded text; what they find is replaced in the raw one, so every other byte stays as it was and nothing
//! has to be encoded again: placeholders and addresses need no escape anywhere.

use std::ops::Range;

/// Decoded text over a raw one.
#[derive(Debug, Default)]
pub(super) struct View {
    /// The decoded bytes.
    pub(super) text: Vec<u8>,
    /// Where literal runs and escapes begin, in order.
    marks: Vec<Mark>,
    raw_length: usize,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    text: usize,
    raw: usize,
    /// One escape; otherwise a run in which each byte stands for itself.
    escape: bool,
}

impl View {
    /// `raw` with percent-encoding, backslash escapes and character references undone, one level of each; `None` when it holds
    /// none of them. What only looks like an escape stays as it is.
    pub(super) fn opened(raw: &[u8]) -> Option<Self> {
        memchr::memchr3(b'%', b'\\', b'&', raw)?;
        let mut view = Self::default();
        let mut at = 0;
        while let Some(found) = memchr::memchr3(b'%', b'\\', b'&', &raw[at..]).map(|n| at + n) {
            let mut decoded = [0; 4];
            let escape = match raw[found] {
                b'%' => percent(&raw[found..], &mut decoded),
                b'\\' => backslash(&raw[found..], &mut decoded),
                _ => reference(&raw[found..], &mut decoded),
            };
            match escape {
                Some((used, length)) => {
                    view.literal(raw, at, found);
                    view.escape(found, &decoded[..length]);
                    at = found + used;
                }
                None => {
                    view.literal(raw, at, found + 1);
                    at = found + 1;
                }
            }
        }
        view.literal(raw, at, raw.len());
        view.raw_length = raw.len();
        view.marks.iter().any(|mark| mark.escape).then_some(view)
    }

    /// The bytes of the raw text that `range` of the decoded one stands for. An escape is taken whole.
    pub(super) fn raw_range(&self, range: &Range<usize>) -> Range<usize> {
        if range.is_empty() {
            return 0..0;
        }
        let start = self.mark_at(range.start);
        let from =
            self.marks[start].raw + if self.marks[start].escape { 0 } else { range.start - self.marks[start].text };
        let last = self.mark_at(range.end - 1);
        let to = if self.marks[last].escape {
            self.marks.get(last + 1).map_or(self.raw_length, |next| next.raw)
        } else {
            self.marks[last].raw + range.end - self.marks[last].text
        };
        from..to
    }

    fn mark_at(&self, at: usize) -> usize {
        self.marks.partition_point(|mark| mark.text <= at).saturating_sub(1)
    }

    fn literal(&mut self, raw: &[u8], from: usize, to: usize) {
        if from == to {
            return;
        }
        if self.marks.last().is_none_or(|mark| mark.escape) {
            self.marks.push(Mark { text: self.text.len(), raw: from, escape: false });
        }
        self.text.extend_from_slice(&raw[from..to]);
    }

    fn escape(&mut self, raw: usize, decoded: &[u8]) {
        self.marks.push(Mark { text: self.text.len(), raw, escape: true });
        self.text.extend_from_slice(decoded);
    }
}

/// Bytes that an escape takes, and bytes that it stands for.
type Escape = Option<(usize, usize)>;

/// `%41` (RFC 3986, 2.1). NUL is left alone: no text holds it.
fn percent(raw: &[u8], out: &mut [u8; 4]) -> Escape {
    out[0] = u8::try_from(hex(raw.get(1..3)?)?).ok().filter(|byte| *byte != 0)?;
    Some((3, 1))
}

/// `\"`, `\n`, `\u0041`, `\x41`: what JSON, JavaScript, C and shells write inside quotes.
fn backslash(raw: &[u8], out: &mut [u8; 4]) -> Escape {
    match raw.get(1)? {
        b'x' => {
            out[0] = u8::try_from(hex(raw.get(2..4)?)?).ok().filter(|byte| *byte != 0)?;
            Some((4, 1))
        }
        b'\'' | b'&' | b'=' | b'`' | b'$' | b';' => {
            out[0] = raw[1];
            Some((2, 1))
        }
        _ => json_escape(raw, out),
    }
}

/// One escape of a JSON string at the start of `raw`. A lone surrogate becomes three bytes (WTF-8).
pub(super) fn json_escape(raw: &[u8], out: &mut [u8; 4]) -> Escape {
    out[0] = match raw.get(1)? {
        b'"' => b'"',
        b'\\' => b'\\',
        b'/' => b'/',
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => {
            let unit = hex(raw.get(2..6)?)?;
            let low = raw.get(6..12).filter(|next| next.starts_with(b"\\u")).and_then(|next| hex(&next[2..]));
            return match low {
                Some(low) if (0xd800..0xdc00).contains(&unit) && (0xdc00..0xe000).contains(&low) => {
                    Some((12, wtf8(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00), out)))
                }
                _ => Some((6, wtf8(unit, out))),
            };
        }
        _ => return None,
    };
    Some((2, 1))
}

/// `&quot;`, `&#34;`, `&#x22;` (XML 1.0, 4.1 and 4.6; HTML adds many that no value of ours needs).
fn reference(raw: &[u8], out: &mut [u8; 4]) -> Escape {
    const NAMED: [(&[u8], u8); 5] =
        [(b"&quot;", b'"'), (b"&amp;", b'&'), (b"&apos;", b'\''), (b"&lt;", b'<'), (b"&gt;", b'>')];
    if let Some((name, byte)) = NAMED.iter().find(|(name, _)| raw.starts_with(name)) {
        out[0] = *byte;
        return Some((name.len(), 1));
    }
    let digits = raw.strip_prefix(b"&#")?;
    let end = digits.iter().take(8).position(|b| *b == b';')?;
    let code = match &digits[..end] {
        [b'x' | b'X', hexadecimal @ ..] => hex(hexadecimal)?,
        decimal => std::str::from_utf8(decimal).ok()?.parse().ok()?,
    };
    char::from_u32(code).filter(|c| *c != '\0').map(|c| (end + 3, c.encode_utf8(out).len()))
}

fn hex(digits: &[u8]) -> Option<u32> {
    let all = !digits.is_empty() && digits.len() <= 6;
    all.then(|| digits.iter().try_fold(0, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?)))?
}

/// The bytes of a code point; a surrogate takes three, as if it were a character.
fn wtf8(code: u32, out: &mut [u8; 4]) -> usize {
    match char::from_u32(code) {
        Some(c) => c.encode_utf8(out).len(),
        None => {
            out[..3].copy_from_slice(&[
                0xe0 | (code >> 12) as u8,
                0x80 | (code >> 6 & 0x3f) as u8,
                0x80 | (code & 0x3f) as u8,
            ]);
            3
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn back(view: &View, raw: &str, decoded: &str) -> String {
        let text = String::from_utf8_lossy(&view.text).into_owned();
        let at = text.find(decoded).unwrap_or_else(|| panic!("{decoded} in {text}"));
        raw[view.raw_range(&(at..at + decoded.len()))].to_owned()
    }

    #[test]
    fn what_is_found_in_the_decoded_text_leads_back_to_the_raw_bytes() {
        for (raw, decoded, found) in [
            ("a=1&t%6Fken%3Dabc%2Fdef&b", "abc/def", "abc%2Fdef"),
            (r#"{\"password\":\"a\\b\"}"#, r#""password":"a\b""#, r#"\"password\":\"a\\b\""#),
            (r"key=\u0041\u00e9x;", "Aéx", r"\u0041\u00e9x"),
            ("&lt;a b=&#34;c&#x22;&gt;", "\"c\"", "&#34;c&#x22;"),
            (r"\ud83d\ude00 rest", "😀", r"\ud83d\ude00"),
        ] {
            let view = View::opened(raw.as_bytes()).expect("it holds escapes");
            assert_eq!(back(&view, raw, decoded), found);
        }
    }

    #[test]
    fn what_only_looks_like_an_escape_is_text() {
        for raw in ["100% sure", "C:\\Zebra", "a & b; c&d", "%zz %", "\\", "%00", "&#0; &#xd800; &#99999999;", "plain"]
        {
            assert!(View::opened(raw.as_bytes()).is_none(), "{raw}");
        }
        assert!(json_escape(b"\\x", &mut [0; 4]).is_none());
    }

    proptest! {
        #[test]
        fn every_decoded_byte_has_its_own_raw_bytes(raw in "[a-z%\\\\&;#u0-9\"]{0,60}") {
            let Some(view) = View::opened(raw.as_bytes()) else { return Ok(()) };
            let mut end = 0;
            for at in 0..view.text.len() {
                let range = view.raw_range(&(at..at + 1));
                prop_assert!(range.start <= end && range.end >= end && range.end <= raw.len());
                end = range.end;
            }
            prop_assert_eq!(end, raw.len());
            prop_assert_eq!(view.raw_range(&(0..view.text.len())), 0..raw.len());
        }
    }
}
