//! The rules on the values of a JSON document: by the names around a value, then by what its text is.

mod arguments;
mod base64;
mod content;
mod cookies;
mod gone;
mod markup;
mod multipart;
pub(super) mod objects;
mod purpose;
mod remembered;
mod text;
mod together;
mod urls;

use std::ops::Range;
use std::sync::Arc;

use super::json::{Edit, Offer, Place, Scalar, ValueRedactor, Walk, apply};
use super::lines::LineState;
use super::seeds::Seeds;
use super::sensitive_names::{is_id_header, is_reference, is_version_header};
use super::spans::{Span, Why, settle};
use super::split::{Piece, WINDOW};
use super::stream::Counts;
use super::view::View;
use super::write::{is_settled, scheme};
use super::{RedactError, Redactor, jwt, placeholder};
use arguments::Before;
use content::{Content, Hints};
use purpose::{Names, Purpose};
use remembered::{JudgedNames, KnownNames, PlainTexts};
use together::Together;

/// Values up to this size are looked at together with their key, so that rules that want a label see one.
const WITH_KEY: usize = 16 << 10;

/// JSON in a string in JSON, base64 in it, and so on: this many times, then the rules for text.
const DEEPEST: usize = 4;

/// Gathers secrets in the first pass, replaces them in the second.
#[derive(Debug)]
pub(super) struct ValueRules {
    redactor: Arc<Redactor>,
    seeds: Option<Seeds>,
    counts: Counts,
    /// How many times what is looked at now was wrapped.
    depth: usize,
    /// What the text before in an array says.
    before: Before,
    known: KnownNames,
    names: JudgedNames,
    plain: PlainTexts,
    /// Values that wait to be decided, by `depth`.
    together: Vec<Together>,
    /// For the line at hand.
    space: Vec<u8>,
    /// For the next documents inside of values.
    spare: Vec<Walk<Content>>,
    /// The first thing that went wrong; the walker has no place for it, so its driver asks.
    failed: Option<RedactError>,
}

impl ValueRules {
    pub(super) fn gathering(redactor: Arc<Redactor>) -> Self {
        Self { seeds: Some(Seeds::default()), ..Self::replacing(redactor) }
    }

    pub(super) fn replacing(redactor: Arc<Redactor>) -> Self {
        Self {
            redactor,
            seeds: None,
            counts: Counts::new(),
            depth: 0,
            before: Before::default(),
            known: KnownNames::new(),
            names: JudgedNames::new(),
            plain: PlainTexts::new(),
            together: Vec::new(),
            space: Vec::new(),
            spare: Vec::new(),
            failed: None,
        }
    }

    /// What was replaced, by rule; an error when a rule failed on any value.
    pub(super) fn into_counts(self) -> Result<Counts, RedactError> {
        self.failed.map_or(Ok(self.counts), Err)
    }

    /// The secrets that were found; an error when a rule failed on any value.
    pub(super) fn into_seeds(self) -> Result<Seeds, RedactError> {
        self.failed.map_or(Ok(self.seeds.unwrap_or_default()), Err)
    }

    fn is_gathering(&self) -> bool {
        self.seeds.is_some()
    }

    /// The findings in `piece` and what was found by its structure as edits. `at` is the offset of its first own byte, and
    /// becomes that of the first one that belongs to no piece yet.
    fn piece(&mut self, piece: &Piece<'_>, state: &mut LineState, found: Vec<Span>, at: &mut u64) -> Vec<Edit> {
        let start = *at;
        match self.redactor.findings_with(piece, state, self.seeds.as_mut(), found) {
            Ok((spans, own)) => {
                *at += own.len() as u64;
                let own_start = own.start;
                let edits = if piece.own_start > 0 || piece.line_goes_on {
                    Ok(self.edits(piece.bytes, own_start, &spans, start))
                } else {
                    self.settled_edits(piece.bytes, own, &spans, start)
                };
                edits.unwrap_or_else(|e| self.refuse(e, start, *at))
            }
            Err(e) => {
                *at += (piece.own_end - piece.own_start) as u64;
                self.refuse(e, start, *at)
            }
        }
    }

    /// A failure replaces what could not be looked at, and is reported at the end: the artifact is then left out.
    fn refuse(&mut self, error: RedactError, start: u64, end: u64) -> Vec<Edit> {
        self.failed.get_or_insert(error);
        if start == end { Vec::new() } else { vec![Edit { start, end, text: b"REDACTED-value".to_vec() }] }
    }

    /// `spans` of `text` as edits, where `text[from]` stands at offset `at`. None while gathering.
    fn edits(&mut self, text: &[u8], from: usize, spans: &[Span], at: u64) -> Vec<Edit> {
        if self.is_gathering() {
            return Vec::new();
        }
        let edit = |span: &Span| {
            let mut new = Vec::new();
            let one = std::slice::from_ref(span);
            self.redactor.write_replaced(text, span.start..span.end, one, &mut new, &mut self.counts);
            let place = |n: usize| at + (n - from) as u64;
            Edit { start: place(span.start), end: place(span.end), text: new }
        };
        spans.iter().map(edit).collect()
    }

    /// The same for whole lines, each of which is looked at again until nothing more is found in it.
    fn settled_edits(
        &mut self,
        text: &[u8],
        own: Range<usize>,
        spans: &[Span],
        at: u64,
    ) -> Result<Vec<Edit>, RedactError> {
        let mut all = Vec::new();
        let mut rest = spans;
        while let Some(first) = rest.first().filter(|_| !self.is_gathering()) {
            let start = memchr::memrchr(b'\n', &text[own.start..first.start]).map_or(own.start, |n| own.start + n + 1);
            let end = memchr::memchr(b'\n', &text[first.end..own.end]).map_or(own.end, |n| first.end + n);
            let (line, later) = rest.split_at(rest.partition_point(|span| span.start < end));
            let base = at + (start - own.start) as u64;
            let mut edits = self.edits(text, start, line, base);
            if is_settled(text, &(start..end), line) {
                all.append(&mut edits);
                rest = later;
                continue;
            }
            let mut once = Vec::with_capacity(end - start + 64);
            apply(&text[start..end], base, &edits, &mut once);
            let settled = self.redactor.looked_again(once.clone(), self.depth, &mut self.counts)?;
            if settled != once {
                edits = difference(&text[start..end], &settled, base);
            }
            all.append(&mut edits);
            rest = later;
        }
        Ok(all)
    }

    /// A text of at most [`WINDOW`] bytes by the rules, behind `label`.
    fn labelled(&mut self, label: Option<&[u8]>, text: &[u8], mut found: Vec<Span>) -> Vec<Edit> {
        let mut state = LineState::inside(self.depth, false);
        let Some(label) = label.filter(|_| text.len() <= WITH_KEY) else {
            return self.piece(&Piece::whole(text), &mut state, found, &mut 0);
        };
        let mut joined = Vec::with_capacity(label.len() + text.len() + 2);
        joined.extend_from_slice(label);
        joined.extend_from_slice(b": ");
        let start = joined.len();
        joined.extend_from_slice(text);
        for span in &mut found {
            (span.start, span.end) = (span.start + start, span.end + start);
        }
        let is_id = is_id_header(label);
        let seeds = self.seeds.as_mut().filter(|_| !is_id);
        self.redactor
            .findings_with(&Piece::whole(&joined), &mut state, seeds, found)
            .and_then(|(spans, own)| self.behind_label(Some(label), &joined, start, spans, own))
            .unwrap_or_else(|e| self.refuse(e, 0, text.len() as u64))
    }

    /// The edits of the text that begins at `start` in `joined`, behind its label. `spans` are settled, and those of `own`.
    fn behind_label(
        &mut self,
        label: Option<&[u8]>,
        joined: &[u8],
        start: usize,
        mut spans: Vec<Span>,
        own: Range<usize>,
    ) -> Result<Vec<Edit>, RedactError> {
        if label.is_some_and(is_id_header) {
            spans.retain(|span| matches!(span.why, Why::Seed(_) | Why::Known(_)));
        } else if label.is_some_and(is_version_header) {
            spans.retain(|span| !matches!(span.why, Why::Address(_)));
        }
        // Nothing in front of the value is written.
        spans.retain(|span| span.end > start);
        spans.iter_mut().filter(|span| span.start < start).for_each(|span| span.clip(start));
        let mut edits = self.settled_edits(joined, own, &spans, 0)?;
        let start = start as u64;
        edits.retain(|edit| edit.end > start);
        for edit in &mut edits {
            (edit.start, edit.end) = (edit.start.saturating_sub(start), edit.end - start);
        }
        Ok(edits)
    }

    /// Replaces `spans`, which were found by name alone.
    fn named(&mut self, text: &[u8], mut spans: Vec<Span>) -> Vec<Edit> {
        spans.retain(|span| !is_no_secret(&text[span.start..span.end]));
        let mut placeholders = Vec::new();
        placeholder::find(text, &self.redactor.set.kinds, &mut placeholders);
        jwt::widen(&self.redactor, text, &mut placeholders);
        if let Some(seeds) = &mut self.seeds {
            let fresh = |span: &&Span| !placeholders.iter().any(|(from, to)| *from < span.end && *to > span.start);
            spans.iter().filter(fresh).for_each(|span| self.redactor.seed(text, span, seeds));
            return Vec::new();
        }
        // A value that is known from elsewhere has its placeholder already, whatever it is called here.
        for span in &mut spans {
            let length = span.end - span.start;
            let mut known = self.redactor.seeds.find(&text[span.start..span.end]);
            if let Some(place) = known.find(|place| place.range == (0..length) && place.seed.is_none()) {
                span.why = Why::Seed(place.by);
            }
        }
        settle(text, &mut spans, &placeholders);
        self.edits(text, 0, &spans, 0)
    }

    /// A value that is to be decided at once.
    fn short(&mut self, place: &Place<'_>, text: &[u8]) -> Vec<Edit> {
        let names = Names::of(place);
        let judged = self.names.of(&names, place.numbers);
        let hints = Hints::of(place, judged.hints);
        match Purpose::of(place, &names, judged.by_name, text) {
            // A count, or "none".
            Purpose::Whole(_) if place.scalar == Scalar::Number && !is_code(text) => Vec::new(),
            Purpose::Text if place.scalar == Scalar::Number && !is_whole_number(text) => Vec::new(),
            Purpose::Text if self.is_plain_line(names.own(), text, hints) => Vec::new(),
            purpose => {
                // What came before comes before it in the seeds too.
                self.look_together();
                match purpose {
                    Purpose::Text if place.scalar == Scalar::Number => self.labelled(names.own(), text, Vec::new()),
                    Purpose::Text => self.content(hints, names.own(), text),
                    named => self.by_name(named, text),
                }
            }
        }
    }

    /// A value that goes, all or in part, whatever the rules say.
    fn by_name(&mut self, purpose: Purpose, text: &[u8]) -> Vec<Edit> {
        match purpose {
            Purpose::Whole(kind) => self.named(text, vec![Span::new(scheme(text), text.len(), Why::Named(kind))]),
            Purpose::Cookies { set } => self.named(text, cookies::values(text, set)),
            Purpose::Text => Vec::new(),
        }
    }

    /// A text that is whole in memory.
    fn content(&mut self, hints: Hints, label: Option<&[u8]>, text: &[u8]) -> Vec<Edit> {
        let mut edits = Vec::new();
        let mut content = Content::of(self, hints, text, true);
        if !content.is_text() || text.len() > WINDOW {
            let was_text = content.is_text();
            content.push(self, text, &mut edits);
            content.finish(self, &mut edits);
            if was_text || !edits.is_empty() || hints.base64 == Some(true) || text.len() > WINDOW {
                return edits;
            }
            // JSON and base64 that hold nothing may still be a value that its label gives away.
            if matches!(text.trim_ascii_start().first(), Some(b'{' | b'[' | b'"')) {
                return edits;
            }
        }
        let found = text::structure(hints, text);
        let inner = self.embedded(text);
        let edits = self.labelled(label, text, found);
        text::combined(edits, inner)
    }

    /// JSON that stands in lines of an event stream, in the scripts of a page, in a form or in an attribute, by itself.
    fn embedded(&mut self, text: &[u8]) -> Vec<text::Embedded> {
        if self.depth >= DEEPEST {
            return Vec::new();
        }
        let mut all = Vec::new();
        for range in markup::embedded_json(text) {
            if let Some(mut edits) = content::json_edits(self, &text[range.clone()]) {
                for edit in &mut edits {
                    (edit.start, edit.end) = (edit.start + range.start as u64, edit.end + range.start as u64);
                }
                all.push(text::Embedded { range, edits });
            }
        }
        for range in markup::escaped_json(text) {
            let apart = |other: &text::Embedded| other.range.end <= range.start || other.range.start >= range.end;
            let Some(view) = View::opened(&text[range.clone()]).filter(|_| all.iter().all(apart)) else { continue };
            let Some(mut edits) = content::json_edits(self, &view.text) else { continue };
            let quote: &[u8] = if text[range.start] == b'%' { b"%22" } else { b"&quot;" };
            for edit in &mut edits {
                let raw = view.raw_range(&(edit.start as usize..edit.end as usize));
                (edit.start, edit.end) = ((range.start + raw.start) as u64, (range.start + raw.end) as u64);
                if edit.text.contains(&b'"') {
                    edit.text = edit.text.split(|b| *b == b'"').collect::<Vec<_>>().join(quote);
                }
            }
            all.push(text::Embedded { range, edits });
        }
        all
    }
}

/// Measurements have a fraction or an exponent; numbers of people, cards and accounts have none.
fn is_whole_number(text: &[u8]) -> bool {
    text.len() >= 4 && !text.iter().any(|b| matches!(b, b'.' | b'e' | b'E'))
}

/// A number that a person types: a PIN or a one-time code.
fn is_code(text: &[u8]) -> bool {
    text.len() >= 4 && text.iter().all(u8::is_ascii_digit)
}

/// One edit that turns `before`, which stands at offset `at`, into `after`.
fn difference(before: &[u8], after: &[u8], at: u64) -> Vec<Edit> {
    let least = before.len().min(after.len());
    let start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let same_end = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    let same_end = same_end.min(least - start);
    let (end, text) = (before.len() - same_end, after[start..after.len() - same_end].to_vec());
    if start < end {
        return vec![Edit { start: at + start as u64, end: at + end as u64, text }];
    }
    if before.is_empty() {
        Vec::new()
    } else {
        vec![Edit { start: at, end: at + before.len() as u64, text: after.to_vec() }]
    }
}

/// Values under a secret's name that are none: nothing, a reference to one, or a plain number or switch.
fn is_no_secret(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text.len() < 2 || is_reference(text)
}

impl ValueRedactor for ValueRules {
    type Long = Content;

    fn value(&mut self, place: &Place<'_>, text: &[u8]) -> Vec<Edit> {
        match self.before.kind(place, text) {
            Some(kind) if text.len() > 1 => {
                self.look_together();
                self.by_name(Purpose::Whole(kind), text)
            }
            _ if text.len() < 2 => Vec::new(),
            _ => self.short(place, text),
        }
    }

    fn offer(&mut self, place: &Place<'_>, text: &[u8]) -> Offer {
        let by_before = self.before.kind(place, text);
        if text.len() < 2 {
            return Offer::Decided(Vec::new());
        }
        let names = Names::of(place);
        let judged = self.names.of(&names, place.numbers);
        let purpose = match by_before {
            Some(kind) => Purpose::Whole(kind),
            None => Purpose::of(place, &names, judged.by_name, text),
        };
        self.put_off(place, text, purpose, Hints::of(place, judged.hints))
    }

    fn decide(&mut self) -> Vec<(usize, Vec<Edit>)> {
        self.decided()
    }

    fn key(&mut self, text: &[u8]) -> Vec<Edit> {
        self.before.forget();
        if text.len() < 4 || self.is_plain_key(text) {
            self.known.add_plain_key(text, self.depth);
            return Vec::new();
        }
        self.look_together();
        self.labelled(None, text, Vec::new())
    }

    fn known_key(&mut self, text: &[u8]) -> Option<u32> {
        self.before.forget();
        self.known.plain_key(text, self.depth)
    }

    fn number(&mut self, name: &[u8]) -> u32 {
        self.known.number(name)
    }

    fn begin(&mut self, place: &Place<'_>) -> Content {
        self.before.forget();
        self.look_together();
        let names = Names::of(place);
        let judged = self.names.of(&names, place.numbers);
        match Purpose::of(place, &names, judged.by_name, b"") {
            Purpose::Whole(kind) => Content::gone(Some(kind)),
            Purpose::Cookies { .. } => Content::gone(Some("cookie")),
            Purpose::Text => Content::unseen(Hints::of(place, judged.hints)),
        }
    }

    fn go_on(&mut self, long: &mut Content, text: &[u8], edits: &mut Vec<Edit>) -> u64 {
        long.push(self, text, edits)
    }

    fn end(&mut self, long: Content, edits: &mut Vec<Edit>) {
        long.finish(self, edits);
    }
}

#[cfg(test)]
mod tests;
