//! Finds what is to be replaced in one piece of a text, and carries over what the next piece must know.

use std::collections::HashSet;
use std::ops::Range;

use super::columns::{self, Columns};
use super::key_block::key_blocks;
use super::prefilter::{Seen, Sign};
use super::seeds::Seeds;
use super::spans::{Span, Why, settle};
use super::split::Piece;
use super::values::objects;
use super::yaml::{self, YamlState};
use super::{RedactError, Redactor, jwt, placeholder};

/// Bytes that a rule of several lines sees from the start of its first line.
pub(super) const SEVERAL_LINES: usize = 8 << 10;

/// What carries over from one piece to the next of the same text.
#[derive(Debug, Default, Clone)]
pub(super) struct LineState {
    /// Inside a private key block, whose lines go whatever they look like.
    pub(super) in_key_block: bool,
    /// Where in a YAML document.
    pub(super) yaml: YamlState,
    /// Where in a table or a statement of SQL.
    pub(super) columns: Columns,
    /// Bytes of the next window that the last one has already replaced.
    consumed: usize,
    /// Whether a value ran past what the last window could see; it goes on in this one.
    open_value: Option<Why>,
    /// Findings of rules of several lines that lie beyond the piece, counted from its end.
    ahead: Vec<Span>,
    /// How many encodings around this text have been opened.
    pub(super) depth: usize,
    /// Only one line is ever there to be seen: rules of several lines are off.
    pub(super) line_by_line: bool,
}

impl LineState {
    /// What the state before a later piece will most likely be: in the same kind of text, and nothing is pending.
    pub(super) fn guess(&self) -> Self {
        Self {
            consumed: 0,
            open_value: None,
            ahead: Vec::new(),
            yaml: self.yaml.clone(),
            columns: self.columns.clone(),
            ..*self
        }
    }

    /// Whether what was found after `guess` is what would have been found after this.
    pub(super) fn is(&self, guess: &Self) -> bool {
        self.consumed == 0
            && self.open_value.is_none()
            && self.ahead.is_empty()
            && (self.in_key_block, &self.yaml, &self.columns) == (guess.in_key_block, &guess.yaml, &guess.columns)
    }

    /// For a text inside of `depth` encodings.
    pub(super) fn inside(depth: usize, line_by_line: bool) -> Self {
        Self { depth, line_by_line, ..Self::default() }
    }
}

impl Redactor {
    /// The ranges of `piece` that are to be replaced, sorted and disjoint, and the range of the text that they belong to.
    /// In the first pass `seeds` takes the secrets among them.
    pub(super) fn findings(
        &self,
        piece: &Piece<'_>,
        state: &mut LineState,
        seeds: Option<&mut Seeds>,
    ) -> Result<(Vec<Span>, Range<usize>), RedactError> {
        self.findings_with(piece, state, seeds, Vec::new())
    }

    /// The same, together with `spans` that the caller found.
    pub(super) fn findings_with(
        &self,
        piece: &Piece<'_>,
        state: &mut LineState,
        mut seeds: Option<&mut Seeds>,
        mut spans: Vec<Span>,
    ) -> Result<(Vec<Span>, Range<usize>), RedactError> {
        let text = &piece.bytes[..piece.seen];
        let own_start = (piece.own_start + std::mem::take(&mut state.consumed)).min(text.len());
        spans.append(&mut state.ahead);
        let mut literals = self.prefilter.look(text);
        self.find_everywhere(text, &mut literals, &mut spans);
        self.find_by_rules(piece.bytes, piece.seen, &literals, state, &mut spans)?;
        columns::find(&self.set, piece, &mut state.columns, &mut spans);
        if piece.own_start == 0 && literals.has(Sign::Object) {
            objects::find(text, &mut spans);
        }
        self.find_nested(text, piece.own_start > 0, state, &mut spans, seeds.as_deref_mut())?;
        if piece.line_goes_on {
            // Encoded text that is seen in part cannot be closed again: all of it goes.
            spans.iter_mut().filter(|span| span.end == text.len()).for_each(Span::forget_value);
        }
        if let Some(why) = state.open_value.take() {
            let end = text[own_start..].iter().position(|b| b.is_ascii_whitespace() || b"\"'<>,;&".contains(b));
            let end = end.map_or(text.len(), |at| own_start + at);
            spans.push(Span::new(own_start, end, why));
        }
        if piece.own_start == 0 {
            if state.in_key_block || literals.has(Sign::KeyBlock) {
                key_blocks(text, state, &mut spans);
            }
            if state.yaml != YamlState::default() || literals.has(Sign::Yaml) {
                yaml::find(piece.bytes, piece.seen, &mut state.yaml, &mut spans);
            }
        }
        spans.retain(|span| {
            let beyond = span.start >= text.len();
            if beyond {
                state.ahead.push(Span { start: span.start - text.len(), end: span.end - text.len(), ..span.clone() });
            }
            !beyond
        });
        let mut placeholders = Vec::new();
        if literals.has(Sign::Placeholder) {
            placeholder::find(text, &self.set.kinds, &mut placeholders);
            jwt::widen(self, text, &mut placeholders);
        }
        if let Some(seeds) = seeds {
            // Before they are joined: a password in an address is a secret by itself, wherever it stands next.
            let fresh = |span: &&Span| !placeholders.iter().any(|(from, to)| *from < span.end && *to > span.start);
            // The same place may be found raw and with its escapes undone; the latter is the value.
            // Of what was opened, the inside was looked at already; as it stands it may be a secret too.
            let read = |s: &&Span| s.value.is_some() && !matches!(s.why, Why::Opened(_));
            let decoded: HashSet<_> = spans.iter().filter(read).map(|s| (s.start, s.end)).collect();
            let best = |span: &&Span| span.value.is_some() || !decoded.contains(&(span.start, span.end));
            spans.iter().filter(fresh).filter(best).for_each(|span| self.seed(text, span, seeds));
        }
        settle(text, &mut spans, &placeholders);
        spans.retain(|span| span.start < piece.own_end && span.end > own_start);
        let mut end = piece.own_end.max(own_start);
        for span in &mut spans {
            if span.start < own_start {
                span.clip(own_start);
            }
            end = end.max(span.end);
        }
        if piece.line_goes_on && end == text.len() {
            state.open_value = spans.last().map(|span| span.why);
        }
        // A placeholder across the border was left alone by both windows; hand it out whole with this one.
        if let Some((_, to)) = placeholders.iter().find(|(from, to)| *from < end && *to > end) {
            end = *to;
        }
        state.consumed = end - piece.own_end;
        Ok((spans, own_start..end))
    }

    /// What is found in `lines`, each of which is a text by itself, sorted by where it begins, and whether a placeholder may
    /// stand in them. Rules of several lines see one.
    pub(super) fn find_in_lines(&self, lines: &[u8], depth: usize) -> Result<(Vec<Span>, bool), RedactError> {
        let mut spans = Vec::new();
        let mut literals = self.prefilter.look(lines);
        self.find_everywhere(lines, &mut literals, &mut spans);
        self.find_by_rules(lines, lines.len(), &literals, &LineState::inside(depth, true), &mut spans)?;
        columns::find_in_lines(&self.set, lines, &mut spans);
        if literals.has(Sign::Object) {
            objects::find(lines, &mut spans);
        }
        self.find_nested(lines, false, &LineState::inside(depth, false), &mut spans, None)?;
        spans.sort_by_key(|span| span.start);
        Ok((spans, literals.has(Sign::Placeholder)))
    }

    /// Addresses, own names and known secrets: what stands anywhere, without a keyword.
    pub(super) fn find_everywhere(&self, text: &[u8], literals: &mut Seen, spans: &mut Vec<Span>) {
        let mut addresses = Vec::new();
        super::address::find(text, self.privacy, &mut addresses);
        spans.extend(addresses.iter().map(|a| Span::new(a.start, a.end, Why::Address(a.address))));
        self.known.find(text, std::mem::take(&mut literals.names), spans);
        spans.extend(self.seeds.find(text).map(|place| Span {
            start: place.range.start,
            end: place.range.end,
            why: Why::Seed(place.by),
            value: place.seed,
        }));
    }
}
