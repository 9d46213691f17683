//! Bodies in base64: text is decoded, redacted and encoded again as it goes by; pictures lose their metadata.

use data_encoding::BASE64;

use super::ValueRules;
use super::content::{Content, Hints};
use super::gone::note;
use crate::redact::images::{self, Format};
use crate::redact::json::{Edit, apply};

/// Shorter texts are words more often than base64.
const SHORTEST: usize = 16;

/// Characters of a picture that are held so that it can be looked at; larger ones are withheld.
const LARGEST_PICTURE: usize = 4 << 20;

/// What base64 holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Picture(Format),
    Binary,
}

/// What a text that begins with `head` holds if it is base64; `None` if it is not.
pub(super) fn kind(hints: Hints, head: &[u8], whole: bool) -> Option<Kind> {
    let said = hints.base64 == Some(true);
    let padding = head.iter().rev().take(2).take_while(|b| **b == b'=').count();
    let characters = &head[..head.len() - padding];
    let least = if said { 2 } else { SHORTEST };
    if characters.len() < least || !characters.iter().all(|b| is_character(*b)) {
        return None;
    }
    if whole && (characters.len() % 4 == 1 || (padding > 0 && !head.len().is_multiple_of(4))) {
        return None;
    }
    let mut plain = Vec::new();
    decode(&characters[..characters.len() / 4 * 4], &mut plain);
    if whole {
        decode_tail(&characters[characters.len() / 4 * 4..], &mut plain);
    }
    if is_text(&plain) {
        return Some(Kind::Text);
    }
    let may_be_binary =
        said || (hints.body && hints.base64.is_none() && (!whole || head.len().is_multiple_of(4)) && head.len() >= 32);
    match Format::of(&plain) {
        Some(format) if may_be_binary => Some(Kind::Picture(format)),
        _ => may_be_binary.then_some(Kind::Binary),
    }
}

/// UTF-8 without control characters, as far as it goes.
fn is_text(plain: &[u8]) -> bool {
    let cut = match std::str::from_utf8(plain) {
        Ok(_) => plain.len(),
        // The head may end inside a character.
        Err(e) if e.error_len().is_none() => e.valid_up_to(),
        Err(_) => return false,
    };
    let control = |b: &u8| *b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b) || *b == 0x7f;
    cut > 0 && !plain.iter().any(control) && !plain.starts_with(b"%PDF")
}

/// The six bits of each character of either alphabet of RFC 4648; [`NONE`] for other bytes.
const BITS: [u8; 256] = {
    let mut bits = [NONE; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at = 0;
    while at < alphabet.len() {
        bits[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    (bits[b'-' as usize], bits[b'_' as usize]) = (62, 63);
    bits
};

const NONE: u8 = 0xff;

fn is_character(byte: u8) -> bool {
    BITS[usize::from(byte)] != NONE
}

/// Groups of four characters, all of an alphabet.
fn decode(characters: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + characters.len() / 4 * 3, 0);
    for (group, plain) in characters.chunks_exact(4).zip(out[start..].chunks_exact_mut(3)) {
        let bits = group.iter().fold(0u32, |bits, b| bits << 6 | u32::from(BITS[usize::from(*b)] & 63));
        plain.copy_from_slice(&bits.to_be_bytes()[1..]);
    }
}

/// The last two or three characters.
fn decode_tail(characters: &[u8], out: &mut Vec<u8>) {
    let mut group = [b'A'; 4];
    let length = characters.len().min(4);
    group[..length].copy_from_slice(&characters[..length]);
    let mut plain = Vec::with_capacity(3);
    decode(&group, &mut plain);
    out.extend_from_slice(&plain[..length.saturating_sub(1).min(2)]);
}

/// Base64 of a text.
#[derive(Debug)]
pub(in crate::redact) struct Base64 {
    url_safe: bool,
    inner: Content,
    /// Characters of a group that is not whole.
    group: Vec<u8>,
    /// Characters read, padding included.
    read: u64,
    padded: bool,
    /// Text that may still change, and its offset.
    plain: Vec<u8>,
    plain_at: u64,
    /// Set once something has changed: all behind it is encoded anew.
    anew: Option<Anew>,
}

#[derive(Debug)]
struct Anew {
    /// Up to this character what stood there has been replaced.
    done: u64,
    /// Redacted text that is to be encoded.
    plain: Vec<u8>,
}

impl Base64 {
    /// Of a text that begins with `head`, which says which of the two alphabets it uses.
    pub(super) fn new(head: &[u8]) -> Self {
        Self {
            url_safe: head.iter().any(|b| matches!(b, b'-' | b'_')),
            inner: Content::unseen(Hints::default()),
            group: Vec::new(),
            read: 0,
            padded: false,
            plain: Vec::new(),
            plain_at: 0,
            anew: None,
        }
    }

    /// Returns up to where no edits will come, and where in `text` something begins that is no base64; all before that is
    /// then done.
    pub(super) fn push(&mut self, rules: &mut ValueRules, text: &[u8], edits: &mut Vec<Edit>) -> (u64, Option<usize>) {
        let characters = if self.padded { 0 } else { text.iter().take_while(|b| is_character(**b)).count() };
        let padding = text[characters..].iter().take_while(|b| **b == b'=').count();
        self.padded |= padding > 0;
        self.read += (characters + padding) as u64;
        self.group.extend_from_slice(&text[..characters]);
        let whole = self.group.len() / 4 * 4;
        let mut plain = Vec::with_capacity(whole / 4 * 3);
        decode(&self.group[..whole], &mut plain);
        self.group.drain(..whole);
        let mut found = Vec::new();
        self.plain.extend_from_slice(&plain);
        rules.depth += 1;
        let settled = self.inner.push(rules, &plain, &mut found);
        rules.depth -= 1;
        let end = characters + padding;
        if end < text.len() {
            let inner = std::mem::replace(&mut self.inner, Content::gone(None));
            self.end(inner, rules, found, edits);
            return (self.read, Some(end));
        }
        (self.take(&found, settled, false, edits), None)
    }

    pub(super) fn finish(mut self, rules: &mut ValueRules, edits: &mut Vec<Edit>) {
        let inner = std::mem::replace(&mut self.inner, Content::gone(None));
        self.end(inner, rules, Vec::new(), edits);
    }

    fn end(&mut self, mut inner: Content, rules: &mut ValueRules, mut found: Vec<Edit>, edits: &mut Vec<Edit>) {
        let mut tail = Vec::new();
        decode_tail(&self.group, &mut tail);
        self.plain.extend_from_slice(&tail);
        rules.depth += 1;
        inner.push(rules, &tail, &mut found);
        inner.finish(rules, &mut found);
        rules.depth -= 1;
        let all = self.plain_at + self.plain.len() as u64;
        self.take(&found, all, true, edits);
    }

    /// Edits of the text up to `settled` become edits of the base64.
    fn take(&mut self, found: &[Edit], settled: u64, last: bool, edits: &mut Vec<Edit>) -> u64 {
        let third = |n: u64| n - n % 3;
        if self.anew.is_none() {
            // Whole groups before the first change stay as they are.
            let kept = third(found.first().map_or(settled, |edit| edit.start));
            self.plain.drain(..(kept - self.plain_at) as usize);
            self.plain_at = kept;
            if found.is_empty() {
                return kept / 3 * 4;
            }
            self.anew = Some(Anew { done: kept / 3 * 4, plain: Vec::new() });
        }
        let Some(anew) = &mut self.anew else { return 0 };
        let length = (settled - self.plain_at) as usize;
        apply(&self.plain[..length], self.plain_at, found, &mut anew.plain);
        self.plain.drain(..length);
        self.plain_at = settled;
        // The last character read stays for the end, so that there is something to replace.
        let until = if last { self.read } else { self.read.saturating_sub(1) };
        if until > anew.done {
            let whole = if last { anew.plain.len() } else { anew.plain.len() / 3 * 3 };
            let text = encode(&anew.plain[..whole], self.url_safe, self.padded);
            anew.plain.drain(..whole);
            edits.push(Edit { start: anew.done, end: until, text });
            anew.done = until;
        }
        anew.done
    }
}

fn encode(plain: &[u8], url_safe: bool, padded: bool) -> Vec<u8> {
    let mut text = BASE64.encode(plain).into_bytes();
    // What was written without padding stays so, unless nothing tells: then a strict reader is served.
    if url_safe && !padded {
        text.truncate(text.len() - text.iter().rev().take_while(|b| **b == b'=').count());
    }
    if url_safe {
        for byte in &mut text {
            match byte {
                b'+' => *byte = b'-',
                b'/' => *byte = b'_',
                _ => {}
            }
        }
    }
    text
}

/// A picture in base64, held until it is whole.
#[derive(Debug)]
pub(in crate::redact) struct Picture {
    format: Format,
    text: Vec<u8>,
}

impl Picture {
    pub(super) fn new(format: Format) -> Self {
        Self { format, text: Vec::new() }
    }

    /// Takes more of it; gives it back when it is too large.
    pub(super) fn push(&mut self, text: &[u8]) -> Option<Vec<u8>> {
        self.text.extend_from_slice(text);
        (self.text.len() > LARGEST_PICTURE).then(|| std::mem::take(&mut self.text))
    }

    pub(super) fn finish(self, rules: &mut ValueRules, edits: &mut Vec<Edit>) {
        if rules.is_gathering() || self.text.is_empty() {
            return;
        }
        let plain = BASE64.decode(&self.text).ok();
        let stripped = plain.as_deref().and_then(|plain| images::strip(&mut &plain[..], self.format).ok());
        if stripped.is_some() && stripped == plain {
            return;
        }
        rules.counts.add(if stripped.is_some() { "image-metadata" } else { "binary-body" });
        let text = stripped.map_or_else(note, |picture| BASE64.encode(&picture).into_bytes());
        if text != self.text {
            edits.push(Edit { start: 0, end: self.text.len() as u64, text });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(text: &str, base64: Option<bool>, body: bool) -> Option<Kind> {
        kind(Hints { base64, body, ..Hints::default() }, text.as_bytes(), true)
    }

    #[test]
    fn base64_is_known_by_what_it_holds_or_by_what_is_said() {
        let of = |plain: &[u8]| BASE64.encode(plain);
        assert_eq!(kind_of(&of(b"password=hunter2"), None, false), Some(Kind::Text));
        assert_eq!(kind_of(&of(b"hi"), Some(true), true), Some(Kind::Text));
        assert_eq!(kind_of(&of(&[0; 30]), Some(true), true), Some(Kind::Binary));
        assert_eq!(kind_of(&of(&[0; 30]), None, true), Some(Kind::Binary));
        assert_eq!(kind_of(&of(&[0; 30]), None, false), None);
        assert_eq!(kind_of(&of(b"\x89PNG\r\n\x1a\n0123456789"), Some(true), true), Some(Kind::Picture(Format::Png)));
        for text in ["internationalization", "correlation-id-1234", "4bf92f3577b34da6a3ce929d0e0e4736", "a b", ""] {
            assert_eq!(kind_of(text, None, false), None, "{text}");
        }
    }

    #[test]
    fn what_is_encoded_decodes() {
        for length in 0..10u8 {
            let plain: Vec<u8> = (0..length).map(|n| n.wrapping_mul(71)).collect();
            let text = encode(&plain, true, false);
            let mut out = Vec::new();
            decode(&text[..text.len() / 4 * 4], &mut out);
            decode_tail(&text[text.len() / 4 * 4..], &mut out);
            assert_eq!(out, plain);
        }
    }
}
