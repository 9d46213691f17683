//! What would be replaced in a text that is in memory, and by which rule: for reports, previews and scores.

use super::lines::LineState;
use super::spans::{Span, Why};
use super::split::Splitter;
use super::{RedactError, Redactor};

/// One place where something is to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// First byte in the text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The id of the rule, or what the engine calls its own finds: `ipv4`, `ipv6`, `host`, `user`, `private-key`, …
    pub rule: String,
    /// The kind in the placeholder; `ipv4` or `ipv6` for an address, which is mapped to another one.
    pub kind: String,
}

impl Redactor {
    /// All findings in `text`, in order and disjoint. No secret of it is searched for elsewhere in it beyond those that this
    /// redactor knows already.
    pub fn find(&self, text: &[u8]) -> Result<Vec<Finding>, RedactError> {
        let (mut found, mut state, mut splitter) = (Vec::new(), LineState::default(), Splitter::new(text));
        let mut done = 0;
        while let Some(piece) = splitter.piece()? {
            let (spans, own) = self.findings(&piece, &mut state, None)?;
            found.extend(spans.iter().map(|span| self.described(span, done, own.start)));
            done += own.len();
        }
        Ok(found)
    }

    fn described(&self, span: &Span, done: usize, own_start: usize) -> Finding {
        let (rule, kind) = self.names_of(span.why);
        let at = |place: usize| done + place - own_start;
        Finding { start: at(span.start), end: at(span.end), rule: rule.to_owned(), kind: kind.to_owned() }
    }

    /// The rule's id and the kind of a finding.
    pub(super) fn names_of(&self, why: Why) -> (&str, &str) {
        match why {
            Why::Rule(n) | Why::Seed(n) => match self.set.rules.get(n) {
                Some(rule) => (&rule.id, &rule.kind),
                None => {
                    let kind = self.own_kind(n);
                    (kind, kind)
                }
            },
            Why::Known(kind) | Why::Named(kind) => (kind, kind),
            Why::PrivateKey => ("private-key", "private-key"),
            Why::Address(address) => (address.family(), address.family()),
            Why::Opened(_) => ("encoded", "encoded"),
        }
    }
}
