//! The text of a JSON string, and the way from a place in the text back to the bytes of the string.
//!
//! Most strings are only looked at. So nothing is remembered of their escapes; when something in one is to change, the
//! string is walked through once more.

use std::ops::Range;

use crate::redact::view::json_escape;

/// Appends what `raw`, the inside of a string, stands for; a lone surrogate becomes three bytes (WTF-8). `None` when an
/// escape is none.
pub(super) fn unescape(raw: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let mut rest = raw;
    while let Some(run) = memchr::memchr(b'\\', rest) {
        text.extend_from_slice(&rest[..run]);
        let mut decoded = [0; 4];
        let (used, length) = json_escape(&rest[run..], &mut decoded)?;
        text.extend_from_slice(&decoded[..length]);
        rest = &rest[run + used..];
    }
    text.extend_from_slice(rest);
    Some(())
}

/// A place in a string and in its text, from where the way goes on. Places are asked for in ascending order.
#[derive(Debug, Default)]
pub(super) struct WayBack {
    raw: usize,
    text: usize,
    /// Bytes from here that stand for themselves, where that is known.
    run: usize,
}

impl WayBack {
    /// The bytes of `raw` that the character, or the part of one, at `text` stands for; behind the last one nothing.
    pub(super) fn range(&mut self, raw: &[u8], text: usize) -> Range<usize> {
        loop {
            if text < self.text + self.run {
                let on = text - self.text;
                (self.raw, self.text, self.run) = (self.raw + on, text, self.run - on);
                return self.raw..self.raw + 1;
            }
            (self.raw, self.text, self.run) = (self.raw + self.run, self.text + self.run, 0);
            let rest = &raw[self.raw..];
            if rest.is_empty() {
                return raw.len()..raw.len();
            }
            match json_escape(rest, &mut [0; 4]).filter(|_| rest[0] == b'\\') {
                Some((used, length)) if text < self.text + length => return self.raw..self.raw + used,
                Some((used, length)) => (self.raw, self.text) = (self.raw + used, self.text + length),
                None => self.run = memchr::memchr(b'\\', &rest[1..]).map_or(rest.len(), |n| n + 1),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(raw: &[u8]) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        unescape(raw, &mut text).map(|()| text)
    }

    #[test]
    fn escapes_are_undone_and_lead_back() {
        let raw = br"say \u0041\/\ud83d\ude00 now";
        let text = text(raw).expect("well formed");
        assert_eq!(String::from_utf8_lossy(&text), "say A/\u{1f600} now");
        let mut way = WayBack::default();
        let parts: Vec<&[u8]> = [0, 4, 5, 6, 9, 10, 11].iter().map(|at| &raw[way.range(raw, *at)]).collect();
        assert_eq!(parts, [b"s".as_slice(), br"\u0041", br"\/", br"\ud83d\ude00", br"\ud83d\ude00", b" ", b"n"]);
        assert_eq!(way.range(raw, text.len()), raw.len()..raw.len());
        assert!(unescape(b"\\x", &mut Vec::new()).is_none());
    }

    proptest! {
        #[test]
        fn every_byte_of_the_text_has_its_own_raw_bytes(
            parts in prop::collection::vec(
                prop::sample::select(vec!["a", "bcd", "\\\\", "\\u0041", "\\ud83d", "\\ude00", "\\n", "\u{e9}"]), 0..12),
        ) {
            let raw = parts.concat().into_bytes();
            let (mut way, mut end) = (WayBack::default(), 0);
            for at in 0..text(&raw).expect("well formed").len() {
                let range = way.range(&raw, at);
                prop_assert!(range.start <= end && range.end >= end);
                end = range.end;
            }
            prop_assert_eq!(end, raw.len());
        }
    }
}
