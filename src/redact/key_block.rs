//! Private key blocks, whose lines go whatever they look like.

use super::lines::LineState;
use super::placeholder;
use super::spans::{Span, Why};

/// Lines of PEM private keys (RFC 7468, RFC 1421): from BEGIN to END, or, cut short, to the end of the base64.
pub(super) fn key_blocks(text: &[u8], state: &mut LineState, spans: &mut Vec<Span>) {
    if !state.in_key_block && memchr::memmem::find(text, b"PRIVATE KEY").is_none() {
        return;
    }
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
        if let Some(at) = memchr::memmem::find(line, b"-----BEGIN ") {
            let rest = &line[at..];
            let has_end = memchr::memmem::find(rest, b"-----END ").is_some();
            state.in_key_block = memchr::memmem::find(rest, b"PRIVATE KEY").is_some() && !has_end;
        }
        start = end + 1;
    }
}

enum KeyLine {
    Body(usize, usize),
    Blank,
    Other,
}

/// Takes the last word of a line in a key block, so that a log's time stamp before it stays.
fn key_line(line: &[u8]) -> KeyLine {
    let trimmed = line.trim_ascii();
    let end = line.len() - line.iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
    if trimmed.is_empty() {
        return KeyLine::Blank;
    }
    if trimmed.starts_with(b"Proc-Type:") || trimmed.starts_with(b"DEK-Info:") || trimmed.starts_with(b"Comment:") {
        return KeyLine::Blank;
    }
    let start = line[..end].iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
    let word = &line[start..end];
    let base64 = word.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=-_\"',\\".contains(b));
    let only_word = line[..start].trim_ascii().is_empty();
    if word.starts_with(b"-----END") || word.ends_with(b"-----") || was_a_key_line(word) {
        return if was_a_key_line(word) { KeyLine::Blank } else { KeyLine::Other };
    }
    if base64 && !holds_placeholder(word) && (only_word || word.len() >= 16) {
        KeyLine::Body(start, end)
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
