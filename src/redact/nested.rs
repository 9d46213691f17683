//! Text inside of text: escapes are undone and encodings opened, and the rules look at what is inside.

use super::columns;
use super::encoded::{self, Run};
use super::key_block::key_blocks;
use super::lines::LineState;
use super::prefilter::Sign;
use super::seeds::Seeds;
use super::spans::{Span, Why};
use super::split::Splitter;
use super::values::objects;
use super::view::View;
use super::{RedactError, Redactor};

/// Encodings inside each other that are opened. Real data reaches two: JSON in base64 in a URL.
const DEEPEST: usize = 3;

impl Redactor {
    /// Finds what is hidden in `text` behind escapes and encodings. `cut` says that `text` begins inside of a line.
    pub(super) fn find_nested(
        &self,
        text: &[u8],
        cut: bool,
        state: &LineState,
        spans: &mut Vec<Span>,
        mut seeds: Option<&mut Seeds>,
    ) -> Result<(), RedactError> {
        if state.depth >= DEEPEST {
            return Ok(());
        }
        let mut inner = LineState::inside(state.depth + 1, state.line_by_line);
        let mut at = 0;
        while let Some(found) = memchr::memchr3(b'%', b'\\', b'&', &text[at..]).map(|n| at + n) {
            let start = memchr::memrchr(b'\n', &text[at..found]).map_or(at, |n| at + n + 1);
            let end = memchr::memchr(b'\n', &text[found..]).map_or(text.len(), |n| found + n);
            if let Some(view) = View::opened(&text[start..end]) {
                self.find_in_view(&view, &text[start..end], start, &mut inner, spans, seeds.as_deref_mut())?;
            }
            at = end;
        }
        let mut runs = Vec::new();
        encoded::find(text, cut, &mut runs);
        for run in runs {
            self.open(run, state.depth + 1, spans, seeds.as_deref_mut())?;
        }
        Ok(())
    }

    fn find_in_view(
        &self,
        view: &View,
        raw: &[u8],
        at: usize,
        state: &mut LineState,
        spans: &mut Vec<Span>,
        seeds: Option<&mut Seeds>,
    ) -> Result<(), RedactError> {
        let mut found = Vec::new();
        let mut literals = self.prefilter.look(&view.text);
        self.find_everywhere(&view.text, &mut literals, &mut found);
        self.find_by_rules(&view.text, view.text.len(), &literals, state, &mut found)?;
        columns::find_in_view(&self.set, view, raw, &mut found);
        if literals.has(Sign::Object) {
            objects::find(&view.text, &mut found);
        }
        self.find_nested(&view.text, false, state, &mut found, seeds)?;
        state.in_key_block = false;
        if literals.has(Sign::KeyBlock) {
            key_blocks(&view.text, state, &mut found);
        }
        for span in found {
            let range = view.raw_range(&(span.start..span.end));
            let same = raw[range.clone()] == view.text[span.start..span.end];
            let (why, value) = match (span.why, span.value) {
                (Why::Opened(_), _) if !same => (Why::Named("value"), None),
                (why, Some(value)) => (why, Some(value)),
                (why, None) if same => (why, None),
                (why, None) => (why, Some(view.text[span.start..span.end].into())),
            };
            spans.push(Span { start: at + range.start, end: at + range.end, why, value });
        }
        Ok(())
    }

    /// Looks into a run of encoded text.
    fn open(
        &self,
        run: Run,
        depth: usize,
        spans: &mut Vec<Span>,
        mut seeds: Option<&mut Seeds>,
    ) -> Result<(), RedactError> {
        let mut state = LineState::inside(depth, false);
        let mut splitter = Splitter::new(run.decoded.as_slice());
        let mut found = false;
        while let Some(piece) = splitter.piece()? {
            let (inner, _) = self.findings(&piece, &mut state, seeds.as_deref_mut())?;
            found |= !inner.is_empty();
        }
        if found {
            let value = Some(run.decoded.into());
            spans.push(Span { start: run.range.start, end: run.range.end, why: Why::Opened(run.form), value });
        }
        Ok(())
    }
}
