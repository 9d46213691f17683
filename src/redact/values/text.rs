//! Text of any length in a value: the engine's windows, with what its structure gives away.

use std::io::{self, Read};
use std::ops::Range;

use super::ValueRules;
use super::content::Hints;
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
