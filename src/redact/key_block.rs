//! Private key blocks, whose lines go whatever they look like.

use super::lines::LineState;
use super::placeholder;
use super::spans::{Span, Why};

/// One of these stands where a key begins.
pub(super) const SIGNS: [&[u8]; 3] = [b"PRIVATE KEY", b"Static key", b"Private-Lines:"];

/// What the armour of a secret says (RFC 7468, RFC 4716, OpenVPN's static keys).
const SECRET_ARMOUR: [&[u8]; 2] = [b"PRIVATE KEY", b"Static key"];

/// Lines of private keys: from BEGIN to END, or, cut short, to the end of the base64; and those of PuTTY's files, which count
/// them.
pub(super) fn key_blocks(text: &[u8], state: &mut LineState, spans: &mut Vec<Span>) {
    let mut start = 0;
    while start < text.len() {
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at);
        let line = &text[start..end];
        if state.in_key_block {
            match key_line(line) {
                KeyLine::Body(from, to) => {
                    spans.push(Span::new(start + from, start + to, Why::PrivateKey));
                }
                KeyLine::Blank => {}
                KeyLine::Other => state.in_key_block = false,
            }
        }
        if let Some(begins) = begins_key(line) {
            state.in_key_block = begins;
        }
        start = end + 1;
    }
}

/// Whether a block of a secret begins on `line`; `None` when no block of any kind does.
fn begins_key(line: &[u8]) -> Option<bool> {
    let find = |needle: &[u8]| memchr::memmem::find(line, needle);
    if find(b"Private-Lines:").is_some() {
        return Some(true);
    }
    let at = find(b"-----BEGIN ").or_else(|| find(b"---- BEGIN "))?;
    let rest = &line[at..];
    let has = |needle: &[u8]| memchr::memmem::find(rest, needle).is_some();
    // A key on one line, whose end went with it when it was redacted: what follows is no part of it.
    let is_gone = has(b"-REDACTED-private-key-");
    Some(SECRET_ARMOUR.iter().any(|armour| has(armour)) && !has(b"-----END ") && !is_gone)
}

enum KeyLine {
    Body(usize, usize),
    Blank,
    Other,
}

/// Takes the longest word of a line in a key block, so that a log's time stamp before it and a program's quotes and signs
/// around it stay.
fn key_line(line: &[u8]) -> KeyLine {
    let trimmed = line.trim_ascii();
    let headers: [&[u8]; 5] = [b"Proc-Type:", b"DEK-Info:", b"Comment:", b"Subject:", b"#"];
    if trimmed.is_empty() || headers.iter().any(|name| trimmed.starts_with(name)) {
        return KeyLine::Blank;
    }
    let ends = |mark: &[u8]| memchr::memmem::find(line, mark).is_some();
    if ends(b"-----END") || ends(b"---- END") {
        return KeyLine::Other;
    }
    // Whatever is the longest word now.
    if line.split(u8::is_ascii_whitespace).any(was_a_key_line) {
        return KeyLine::Blank;
    }
    let words = line.split(u8::is_ascii_whitespace).scan(0, |at, word| {
        let start = *at;
        *at += word.len() + 1;
        Some((start, word))
    });
    let Some((start, word)) = words.max_by_key(|(_, word)| word.len()) else { return KeyLine::Blank };
    let base64 = word.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=-_\"',\\;".contains(b));
    if base64 && !holds_placeholder(word) && (word.len() == trimmed.len() || word.len() >= 16) {
        KeyLine::Body(start, start + word.len())
    } else {
        KeyLine::Other
    }
}

/// A line of a key that was redacted before.
fn was_a_key_line(word: &[u8]) -> bool {
    word.strip_prefix(placeholder::PREFIX.as_bytes()).is_some_and(|rest| rest.starts_with(b"private-key"))
}

/// A line that was redacted for another reason is no line of a key.
fn holds_placeholder(word: &[u8]) -> bool {
    memchr::memmem::find(word, placeholder::PREFIX.as_bytes()).is_some()
}
