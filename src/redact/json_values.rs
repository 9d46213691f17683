//! The rules on the values of a JSON document: by the name above a value, then by the text of it.

use std::sync::Arc;

use super::json::{Place, Rewrite, ValueRedactor};
use super::lines::LineState;
use super::seeds::Seeds;
use super::sensitive_names::{is_cookie_list, is_reference, is_sensitive_header, is_sensitive_key};
use super::split::Splitter;
use super::stream::Counts;
use super::{RedactError, Redactor};

/// Values up to this size are looked at together with their key, so that rules that want a label see one.
const WITH_KEY: usize = 16 << 10;

/// Gathers secrets in the first pass, replaces them in the second.
pub(super) struct ValueRules {
    redactor: Arc<Redactor>,
    seeds: Option<Seeds>,
    counts: Counts,
    /// The first thing that went wrong; the walker has no place for it, so its driver asks.
    failed: Option<RedactError>,
}

impl ValueRules {
    pub(super) fn gathering(redactor: Arc<Redactor>) -> Self {
        Self { redactor, seeds: Some(Seeds::default()), counts: Counts::new(), failed: None }
    }

    pub(super) fn replacing(redactor: Arc<Redactor>) -> Self {
        Self { redactor, seeds: None, counts: Counts::new(), failed: None }
    }

    /// What was replaced, by rule; an error when a rule failed on any value.
    pub(super) fn into_counts(self) -> Result<Counts, RedactError> {
        self.failed.map_or(Ok(self.counts), Err)
    }

    /// The secrets that were found; an error when a rule failed on any value.
    pub(super) fn into_seeds(self) -> Result<Seeds, RedactError> {
        self.failed.map_or(Ok(self.seeds.unwrap_or_default()), Err)
    }

    /// The kind of secret that the names around a value promise.
    fn named(place: &Place<'_>) -> Option<&'static str> {
        if is_cookie_list(place.path.inner_to_outer()) {
            return Some("cookie");
        }
        let of = |name: &[u8]| is_sensitive_header(name).or_else(|| is_sensitive_key(name));
        place.sibling_name.map_or_else(|| place.key.and_then(of), of)
    }

    fn rewrite(&mut self, label: Option<&[u8]>, text: &[u8]) -> Result<Rewrite, RedactError> {
        match label.filter(|_| text.len() <= WITH_KEY) {
            Some(label) => {
                let mut joined = Vec::with_capacity(label.len() + text.len() + 2);
                joined.extend_from_slice(label);
                joined.extend_from_slice(b": ");
                let start = joined.len();
                joined.extend_from_slice(text);
                self.rewrite_from(&joined, start)
            }
            None => self.rewrite_from(text, 0),
        }
    }

    /// Looks at all of `text`, rewrites what stands from `start` on.
    fn rewrite_from(&mut self, text: &[u8], start: usize) -> Result<Rewrite, RedactError> {
        let mut state = LineState::default();
        let mut splitter = Splitter::new(text);
        let mut out = Vec::new();
        let (mut offset, mut changed) = (0, false);
        while let Some(piece) = splitter.piece()? {
            if let Some(seeds) = &mut self.seeds {
                self.redactor.gather(&piece, &mut state, seeds)?;
                continue;
            }
            let (mut spans, mut own) = self.redactor.findings(&piece, &mut state, None)?;
            let end = own.end;
            // Only the first piece holds the label; nothing in front of the value is written.
            let skip = start.saturating_sub(offset).min(end);
            spans.retain(|span| span.end > skip);
            for span in &mut spans {
                span.start = span.start.max(skip);
            }
            own.start = own.start.max(skip);
            changed |= !spans.is_empty();
            offset += end;
            self.redactor.write_replaced(piece.bytes, own, &spans, &mut out, &mut self.counts);
        }
        Ok(if changed { Rewrite::Replace(String::from_utf8_lossy(&out).into_owned()) } else { Rewrite::Keep })
    }

    /// A value that goes as a whole because of its name.
    fn whole(&mut self, kind: &'static str, text: &[u8]) -> Rewrite {
        if is_no_secret(text) {
            return Rewrite::Keep;
        }
        if let Some(seeds) = &mut self.seeds {
            self.redactor.seed_named(kind, text, seeds);
            return Rewrite::Keep;
        }
        let mut out = Vec::new();
        if self.redactor.replace_named(kind, text, &mut out, &mut self.counts) {
            Rewrite::Replace(String::from_utf8_lossy(&out).into_owned())
        } else {
            Rewrite::Keep
        }
    }

    /// A failure replaces the value, and is reported at the end: the artifact is then left out.
    fn settle(&mut self, result: Result<Rewrite, RedactError>) -> Rewrite {
        result.unwrap_or_else(|e| {
            self.failed.get_or_insert(e);
            Rewrite::Replace("REDACTED-value".to_owned())
        })
    }
}

/// Values under a secret's name that are none: nothing, a reference to one, or a plain number or switch.
fn is_no_secret(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text.len() < 2 || is_reference(text)
}

impl ValueRedactor for ValueRules {
    fn value(&mut self, place: &Place<'_>, text: &[u8]) -> Rewrite {
        if let Some(kind) = Self::named(place) {
            return self.whole(kind, text);
        }
        let result = self.rewrite(place.sibling_name.or(place.key), text);
        self.settle(result)
    }

    fn key(&mut self, text: &[u8]) -> Rewrite {
        let result = self.rewrite(None, text);
        self.settle(result)
    }
}
