//! Puts back what stands behind the placeholders of a redacted text: on the customer's side, with the vault.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::decode::{Decoder, Encoder, Encoding};
use super::json::escape_into;
use super::placeholder::{ends_token, starts_token};
use super::witness::Entry;

/// Bytes that are looked at together, about.
const BLOCK: usize = 1 << 20;

/// Longer than any placeholder: a kind, its hex, and room.
const LONGEST: usize = 128;

/// What may be a placeholder: a whole word that begins like one, or an address in the ranges that addresses are mapped to.
static CANDIDATE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?-u)REDACTED-[a-z0-9-]+|2[45][0-9](?:\.[0-9]{1,3}){3}|3fff:[0-9a-f:]+";
    Regex::new(pattern).expect("a constant pattern")
});

/// What a text came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Revealed {
    /// Placeholders that were put back.
    pub put_back: u64,
    /// Placeholders and mapped addresses that the vault does not know.
    pub unknown: u64,
    /// Those that stand for several values, so that nobody can say for which here.
    pub ambiguous: u64,
}

/// The entries of a vault, ready to be looked up.
#[derive(Default)]
pub struct Revealer {
    /// The value behind each placeholder; `None` where there are several.
    values: HashMap<Vec<u8>, Option<Vec<u8>>>,
}

impl std::fmt::Debug for Revealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Revealer({} placeholders)", self.values.len())
    }
}

impl Revealer {
    /// Takes one entry of a vault.
    pub fn add(&mut self, entry: Entry) {
        let original = entry.original;
        let place = self.values.entry(entry.placeholder);
        place
            .and_modify(|value| *value = value.take().filter(|v| *v == original))
            .or_insert_with(|| Some(original.clone()));
    }

    /// How many placeholders are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Reads `input` to its end and hands what it was before redaction to `write`, block by block. In `json`, values are
    /// escaped as JSON wants it. A binary input is refused as [`io::ErrorKind::InvalidData`].
    pub fn reveal(
        &self,
        input: Box<dyn Read + Send + '_>,
        json: bool,
        write: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<Revealed> {
        let mut input = input;
        let mut head = Vec::new();
        input.by_ref().take(8 << 10).read_to_end(&mut head)?;
        let binary = || io::Error::new(io::ErrorKind::InvalidData, "is binary data, which holds no placeholders");
        let encoding = Encoding::of(&head).ok_or_else(binary)?;
        let mut reader = Decoder::new(io::Cursor::new(head).chain(input), encoding);
        let mut encoder = Encoder::new(encoding);
        let (mut pending, mut counts) = (Vec::new(), Revealed::default());
        loop {
            let read = reader.by_ref().take(BLOCK as u64).read_to_end(&mut pending)?;
            let ended = read < BLOCK;
            // Up to the last byte that is part of no placeholder, so that none is cut in two.
            let part = |b: &u8| b.is_ascii_alphanumeric() || b"-.:".contains(b);
            let whole = pending.iter().rposition(|b| !part(b)).map_or(0, |at| at + 1);
            let end = if ended || whole == 0 { pending.len() } else { whole };
            let mut out = Vec::with_capacity(end);
            self.put_back(&pending[..end], json, &mut out, &mut counts);
            write(&encoder.encode(out))?;
            pending.drain(..end);
            if ended {
                write(&encoder.finish(reader.odd_byte()))?;
                return Ok(counts);
            }
        }
    }

    fn put_back(&self, text: &[u8], json: bool, out: &mut Vec<u8>, counts: &mut Revealed) {
        let mut at = 0;
        let mut touches = None;
        while let Some(found) = CANDIDATE.find_at(text, at) {
            out.extend_from_slice(&text[at..found.start()]);
            let word = found.as_bytes();
            // A placeholder may be followed by a hyphen and more, an address by a colon; the longest that is known counts.
            let begins = touches == Some(found.start()) || starts_token(text, found.start());
            let known = (1..=word.len().min(LONGEST)).rev().filter(|_| begins).find_map(|length| {
                let end = found.start() + length;
                let ends = ends_token(text, end) || text[end..].starts_with(b"REDACTED-");
                self.values.get(&word[..length]).filter(|_| ends).map(|value| (length, value))
            });
            at = found.end();
            match known {
                Some((length, Some(value))) => {
                    counts.put_back += 1;
                    at = found.start() + length;
                    touches = Some(at);
                    match std::str::from_utf8(value) {
                        Ok(value) if json => {
                            let mut quoted = Vec::new();
                            escape_into(value, &mut quoted);
                            out.extend_from_slice(&quoted);
                        }
                        _ => out.extend_from_slice(value),
                    }
                }
                Some((_, None)) => {
                    counts.ambiguous += 1;
                    out.extend_from_slice(word);
                }
                None => {
                    counts.unknown += u64::from(begins);
                    out.extend_from_slice(word);
                }
            }
        }
        out.extend_from_slice(&text[at..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revealer(entries: &[(&str, &str)]) -> Revealer {
        let mut revealer = Revealer::default();
        for (placeholder, original) in entries {
            let (placeholder, original) = (placeholder.as_bytes().to_vec(), original.as_bytes().to_vec());
            revealer.add(Entry { placeholder, original, kind: "k".to_owned() });
        }
        revealer
    }

    fn revealed(revealer: &Revealer, text: &[u8], json: bool) -> (Vec<u8>, Revealed) {
        let mut all = Vec::new();
        let mut write = |block: &[u8]| {
            all.extend_from_slice(block);
            Ok(())
        };
        let counts = revealer.reveal(Box::new(io::Cursor::new(text.to_vec())), json, &mut write).expect("text");
        (all, counts)
    }

    const ENTRIES: [(&str, &str); 4] = [
        ("REDACTED-pw-0123456789", "hun\"ter2"),
        ("REDACTED-user-aaaaaaaaaa", "alice"),
        ("243.214.253.151", "81.2.69.142"),
        ("3fff:12::2", "2a02:26f0::1"),
    ];

    #[test]
    fn placeholders_and_addresses_are_put_back_as_whole_words() {
        let text =
            b"p=REDACTED-pw-0123456789REDACTED-user-aaaaaaaaaa-x at 243.214.253.151:443, [3fff:12::2]:1 3fff:12::2: \
                     not xREDACTED-pw-0123456789 243.214.253.1512 REDACTED-pw-9999999999";
        let (out, counts) = revealed(&revealer(&ENTRIES), text, false);
        assert_eq!(
            String::from_utf8_lossy(&out),
            "p=hun\"ter2alice-x at 81.2.69.142:443, [2a02:26f0::1]:1 2a02:26f0::1: \
             not xREDACTED-pw-0123456789 243.214.253.1512 REDACTED-pw-9999999999"
        );
        assert_eq!((counts.put_back, counts.unknown, counts.ambiguous), (5, 2, 0));
    }

    #[test]
    fn in_json_values_are_escaped_and_what_stands_for_two_values_stays() {
        let twice = [&ENTRIES[..], &[("243.214.253.151", "81.2.70.142")]].concat();
        let (out, counts) = revealed(&revealer(&twice), b"{\"a\":\"REDACTED-pw-0123456789 243.214.253.151\"}", true);
        assert_eq!(String::from_utf8_lossy(&out), r#"{"a":"hun\"ter2 243.214.253.151"}"#);
        assert_eq!((counts.put_back, counts.ambiguous), (1, 1));
    }

    #[test]
    fn a_placeholder_across_a_block_border_is_put_back_and_binary_is_refused() {
        let revealer = revealer(&ENTRIES);
        for before in [BLOCK - 1, BLOCK - 10, BLOCK - 22, BLOCK] {
            let mut text = vec![b'x'; before - 1];
            text.extend_from_slice(b" REDACTED-pw-0123456789 ");
            assert_eq!(revealed(&revealer, &text, false).1.put_back, 1, "{before}");
        }
        let binary: Box<dyn Read + Send> = Box::new(&b"\x7fELF\0\0\0"[..]);
        let refused = revealer.reveal(binary, false, &mut |_| Ok(())).expect_err("binary");
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
    }
}
