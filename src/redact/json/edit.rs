//! What is to stand in place of a range of a text, and how a range of a string leads back to the bytes of its escapes.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;

use super::escape_into;
use super::unescape::{WayBack, unescape};

/// `text` in place of the half-open range `[start, end)` of a source, which is never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
    /// What stands there instead.
    pub text: Vec<u8>,
}

/// Appends `source`, which begins at offset `base`, with `edits` made. They are in order and disjoint.
pub fn apply(source: &[u8], base: u64, edits: &[Edit], out: &mut Vec<u8>) {
    let mut at = 0;
    for edit in edits {
        let start = ((edit.start - base) as usize).max(at);
        out.extend_from_slice(&source[at..start]);
        out.extend_from_slice(&edit.text);
        at = ((edit.end - base) as usize).max(start);
    }
    out.extend_from_slice(&source[at..]);
}

/// Edits of the text of `raw`, the inside of a string whose first byte is at offset `base`, become edits of the string.
pub(super) fn to_raw(raw: &[u8], base: u64, edits: Vec<Edit>, all: &mut Vec<Edit>) {
    let (mut way, mut free) = (WayBack::default(), base);
    let escapes = memchr::memchr(b'\\', raw).is_some();
    for edit in edits {
        let (mut start, mut end) = (edit.start as usize, edit.end as usize);
        if escapes {
            (start, end) = (way.range(raw, start).start, way.range(raw, end - 1).end);
        }
        // Two edits may each take a part of one escape.
        let start = (base + start as u64).max(free);
        free = (base + end as u64).max(start);
        all.push(Edit { start, end: free, text: escaped(edit.text) });
    }
}

/// `text` as the inside of a JSON string.
pub(super) fn escaped(text: Vec<u8>) -> Vec<u8> {
    if text.iter().all(|b| *b >= 0x20 && *b != b'"' && *b != b'\\') {
        return text;
    }
    let mut out = Vec::with_capacity(text.len() + 8);
    escape_into(&String::from_utf8_lossy(&text), &mut out);
    out
}

/// The escapes of a long string: gives its text out bit by bit and leads ranges of it back.
#[derive(Debug)]
pub(super) struct Escapes {
    /// Raw bytes whose escape may not be whole yet.
    tail: Vec<u8>,
    segments: VecDeque<Segment>,
    /// Offset of the decoded text that comes next.
    text: u64,
    /// Offset in the input of the raw bytes that come next.
    raw: u64,
    /// One past the last edit.
    free: u64,
}

#[derive(Debug)]
struct Segment {
    text: u64,
    raw: u64,
    length: usize,
    /// The bytes as written, where an escape is among them.
    written: Option<Vec<u8>>,
    way: WayBack,
}

impl Segment {
    /// The raw bytes of the character at `text` of this segment.
    fn range(&mut self, text: usize) -> Range<usize> {
        match &self.written {
            Some(raw) => self.way.range(raw, text),
            None => text..text + 1,
        }
    }
}

impl Escapes {
    /// At the first byte of a string, which is at offset `raw` of the input.
    pub(super) fn new(raw: u64) -> Self {
        Self { tail: Vec::new(), segments: VecDeque::new(), text: 0, raw, free: raw }
    }

    /// The text of `bytes` and of what was left over, but for an escape that may go on; `None` when an escape is none.
    pub(super) fn open<'a>(&mut self, bytes: &'a [u8], last: bool) -> Option<Cow<'a, [u8]>> {
        if self.tail.is_empty() && memchr::memchr(b'\\', bytes).is_none() {
            self.push(bytes.len(), bytes.len(), None);
            return Some(Cow::Borrowed(bytes));
        }
        self.tail.extend_from_slice(bytes);
        let cut = if last { self.tail.len() } else { whole_escapes(&self.tail) };
        let raw: Vec<u8> = self.tail.drain(..cut).collect();
        let mut text = Vec::with_capacity(cut);
        unescape(&raw, &mut text)?;
        self.push(cut, text.len(), Some(raw));
        Some(Cow::Owned(text))
    }

    fn push(&mut self, raw: usize, length: usize, written: Option<Vec<u8>>) {
        if raw > 0 {
            let way = WayBack::default();
            self.segments.push_back(Segment { text: self.text, raw: self.raw, length, written, way });
        }
        self.text += length as u64;
        self.raw += raw as u64;
    }

    /// Edits of the text become edits of the input, in order.
    pub(super) fn lead_back(&mut self, edits: Vec<Edit>, raw: &mut Vec<Edit>) {
        for edit in edits {
            let start = self.raw_at(edit.start, false).max(self.free);
            let end = self.raw_at(edit.end - 1, true).max(start);
            self.free = end;
            raw.push(Edit { start, end, text: escaped(edit.text) });
        }
    }

    /// Where in the input the text up to `text` ends. What lies before is forgotten.
    pub(super) fn settle(&mut self, text: u64) -> u64 {
        while self.segments.front().is_some_and(|s| s.text + s.length as u64 <= text) {
            self.segments.pop_front();
        }
        if self.segments.is_empty() { self.raw } else { self.raw_at(text, false) }
    }

    /// The first raw byte of the character at `text`, or one past its last. Asked for in ascending order.
    fn raw_at(&mut self, text: u64, end: bool) -> u64 {
        let index = self.segments.partition_point(|s| s.text <= text).saturating_sub(1);
        let Some(segment) = self.segments.get_mut(index) else { return self.raw };
        let range = segment.range((text - segment.text) as usize);
        segment.raw + if end { range.end } else { range.start } as u64
    }
}

/// How much of `raw` ends between two characters, whatever follows.
fn whole_escapes(raw: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &raw[at..]).map(|n| at + n) {
        let rest = &raw[found..];
        let length = match rest.get(1) {
            None => return found,
            // The first half of a pair: the second may follow.
            Some(b'u') if rest.len() >= 4 && rest[2].eq_ignore_ascii_case(&b'd') && is_high(rest[3]) => {
                let alone = rest.len() >= 8 && !rest[6..].starts_with(b"\\u");
                if rest.len() < 12 && !alone {
                    return found;
                }
                6
            }
            Some(b'u') => 6,
            Some(_) => 2,
        };
        if rest.len() < length {
            return found;
        }
        at = found + length;
        // The second half of a pair belongs to the first.
        if length == 6 && rest.len() >= 12 && is_pair(rest) {
            at += 6;
        }
    }
    raw.len()
}

fn is_high(digit: u8) -> bool {
    matches!(digit, b'8' | b'9' | b'a' | b'b' | b'A' | b'B')
}

fn is_pair(rest: &[u8]) -> bool {
    rest[2].eq_ignore_ascii_case(&b'd')
        && is_high(rest[3])
        && rest[6..].starts_with(b"\\u")
        && rest[8].eq_ignore_ascii_case(&b'd')
        && matches!(rest[9].to_ascii_lowercase(), b'c'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edits_lead_back_to_the_escapes_and_nothing_else_changes() {
        let raw = br"say \u0041\/\ud83d\ude00 now";
        let mut text = Vec::new();
        unescape(raw, &mut text).expect("well formed");
        let at = |part: &str| {
            let start = memchr::memmem::find(&text, part.as_bytes()).expect("there") as u64;
            Edit { start, end: start + part.len() as u64, text: b"x\"y".to_vec() }
        };
        let mut edits = Vec::new();
        to_raw(raw, 10, vec![at("A/"), at("😀")], &mut edits);
        let mut out = Vec::new();
        apply(raw, 10, &edits, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), r#"say x\"yx\"y now"#);
    }

    proptest! {
        #[test]
        fn a_string_reads_the_same_however_it_is_cut(
            parts in prop::collection::vec(
                prop::sample::select(vec!["a", "\\\\", "\\u0041", "\\ud83d", "\\ude00", "\\n", "é", "u", "\\/"]), 0..20),
            cut in 1usize..9,
        ) {
            let raw = parts.concat().into_bytes();
            let mut whole = Vec::new();
            unescape(&raw, &mut whole).expect("well formed");
            let (mut escapes, mut text) = (Escapes::new(5), Vec::<u8>::new());
            for piece in raw.chunks(cut) {
                text.extend_from_slice(&escapes.open(piece, false).expect("well formed"));
            }
            text.extend_from_slice(&escapes.open(&[], true).expect("well formed"));
            prop_assert_eq!(text, whole);
            prop_assert_eq!(escapes.settle(escapes.text), 5 + raw.len() as u64);
        }
    }
}
