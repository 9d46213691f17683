//! Text of any length in a value: the engine's windows, with what its structure gives away.

use std::io::{self, Read};
use std::ops::Range;

use super::content::{Content, Hints};
use super::{DEEPEST, ValueRules};
use super::{markup, multipart, urls};
use crate::redact::json::Edit;
use crate::redact::lines::LineState;
use crate::redact::spans::Span;
use crate::redact::split::Splitter;

/// Text that goes by.
pub(in crate::redact) struct Text {
    splitter: Splitter<Feed>,
    state: LineState,
    hints: Hints,
    /// Offset of the first byte that no piece has taken.
    at: u64,
    first: bool,
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Text(at {})", self.at)
    }
}

impl Text {
    /// A text that begins at offset `at`.
    pub(super) fn new(hints: Hints, at: u64) -> Self {
        Self { splitter: Splitter::new(Feed::default()), state: LineState::default(), hints, at, first: true }
    }

    pub(super) fn push(&mut self, rules: &mut ValueRules, text: &[u8], edits: &mut Vec<Edit>) -> u64 {
        self.splitter.feed().add(text);
        self.read(rules, edits);
        self.at
    }

    pub(super) fn finish(mut self, rules: &mut ValueRules, edits: &mut Vec<Edit>) {
        self.splitter.feed().ended = true;
        self.read(rules, edits);
    }

    fn read(&mut self, rules: &mut ValueRules, edits: &mut Vec<Edit>) {
        // An error says that the next piece is not whole yet.
        while let Ok(Some(piece)) = self.splitter.piece() {
            let hints = Hints { url: self.hints.url && self.first, ..self.hints };
            self.first = false;
            let seen = &piece.bytes[..piece.seen];
            let found = structure(hints, seen);
            let mut inner = rules.embedded(seen);
            inner.retain(|json| json.range.start >= piece.own_start && json.range.end <= piece.own_end);
            let before = self.at;
            let spans = rules.piece(&piece, &mut self.state, found, &mut self.at);
            let shift = |n: u64| before + n - piece.own_start as u64;
            for json in &mut inner {
                json.edits.iter_mut().for_each(|edit| (edit.start, edit.end) = (shift(edit.start), shift(edit.end)));
                json.range = shift(json.range.start as u64) as usize..shift(json.range.end as u64) as usize;
            }
            edits.extend(combined(spans, inner));
        }
    }
}

/// Gives what it was given, then says that it has nothing for now.
#[derive(Debug, Default)]
struct Feed {
    bytes: Vec<u8>,
    given: usize,
    ended: bool,
}

impl Feed {
    fn add(&mut self, text: &[u8]) {
        self.bytes.drain(..self.given);
        self.given = 0;
        self.bytes.extend_from_slice(text);
    }
}

impl Read for Feed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let rest = &self.bytes[self.given..];
        if rest.is_empty() && !self.ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        self.given += n;
        Ok(n)
    }
}

/// What a text's structure gives away: parameters of URLs and forms, parts, hidden fields, elements.
pub(super) fn structure(hints: Hints, text: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    if hints.url {
        urls::in_reference(text, &mut spans);
    }
    if hints.form || urls::is_form(text) {
        urls::in_form(text, 0, &mut spans);
    }
    urls::in_text(text, &mut spans);
    multipart::find(text, &mut spans);
    markup::find(text, &mut spans);
    spans
}

/// What kinds of bytes stand in a text: one look that tells which other looks are worth their price.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look(u8);

impl Look {
    const TAG: u8 = 1;
    const COLON: u8 = 2;
    const EQUALS: u8 = 4;
    const ESCAPE: u8 = 8;
    const NO_BASE64: u8 = 16;
    const OPEN: u8 = 32;

    const OF: [u8; 256] = {
        let mut of = [Self::NO_BASE64; 256];
        let mut byte = 0;
        while byte < 256 {
            let is_digit = (byte as u8).is_ascii_alphanumeric();
            if is_digit || matches!(byte as u8, b'+' | b'-' | b'/' | b'_') {
                of[byte] = 0;
            }
            byte += 1;
        }
        of[b'<' as usize] |= Self::TAG;
        of[b':' as usize] |= Self::COLON;
        of[b'=' as usize] = Self::EQUALS;
        of[b'%' as usize] |= Self::ESCAPE;
        of[b'{' as usize] |= Self::ESCAPE | Self::OPEN;
        of[b'[' as usize] |= Self::OPEN;
        of[b'"' as usize] |= Self::OPEN;
        of
    };

    pub(super) fn at(text: &[u8]) -> Self {
        Self(text.iter().fold(0, |all, byte| all | Self::OF[usize::from(*byte)]))
    }

    fn has(self, kind: u8) -> bool {
        self.0 & kind != 0
    }

    /// Whether `text`, one line with these bytes, is nothing but text, and its structure gives nothing away.
    pub(super) fn is_plain(self, hints: Hints, depth: usize, text: &[u8]) -> bool {
        let may_be_more = self.has(Self::OPEN) || !self.has(Self::NO_BASE64);
        if may_be_more && depth < DEEPEST && Content::kind(hints, text, true).is_some() {
            return false;
        }
        let structured = (hints.url && matches!(text[0], b'/' | b'?' | b'#'))
            || (self.has(Self::COLON) && has_scheme(text))
            || (self.has(Self::EQUALS) && (hints.form || urls::is_form(text)))
            || self.has(Self::TAG)
            || (self.has(Self::COLON) && text.starts_with(b"data:"))
            || self.has(Self::ESCAPE);
        !structured
            || (structure(hints, text).is_empty()
                && markup::embedded_json(text).is_empty()
                && markup::escaped_json(text).is_empty())
    }
}

fn has_scheme(text: &[u8]) -> bool {
    memchr::memchr_iter(b':', text).any(|colon| text[colon + 1..].starts_with(b"//"))
}

/// JSON inside a text, with its edits.
pub(super) struct Embedded {
    pub(super) range: Range<usize>,
    pub(super) edits: Vec<Edit>,
}

/// Edits of a text and of the JSON in it, where the latter know better.
pub(super) fn combined(mut edits: Vec<Edit>, inner: Vec<Embedded>) -> Vec<Edit> {
    if inner.is_empty() {
        return edits;
    }
    let apart = |edit: &Edit| {
        inner.iter().all(|json| edit.end <= json.range.start as u64 || edit.start >= json.range.end as u64)
    };
    edits.retain(apart);
    edits.extend(inner.into_iter().flat_map(|json| json.edits));
    edits.sort_by_key(|edit| edit.start);
    edits
}
