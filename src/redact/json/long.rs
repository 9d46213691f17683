//! A string too long to be shown at once, while it goes by.

use super::edit::{Edit, Escapes};
use super::lexer::{Quote, closing_quote};
use super::{JsonError, ValueRedactor};

/// A long string whose opening quote has been passed.
#[derive(Debug)]
pub(super) struct LongString<L> {
    escapes: Escapes,
    long: L,
    /// Offset of its opening quote, for an error.
    start: u64,
    /// Offset in the input up to which nothing will change any more.
    settled: u64,
}

/// Whether the string has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// One past the closing quote.
    End(usize),
    /// Up to here; what follows belongs to it.
    Until(usize),
}

impl<L> LongString<L> {
    /// `start` is the offset of the opening quote.
    pub(super) fn new(long: L, start: u64) -> Self {
        Self { escapes: Escapes::new(start + 1), long, start, settled: start + 1 }
    }

    pub(super) fn settled(&self) -> u64 {
        self.settled
    }

    /// Shows what `buffer` holds of it from `at` on.
    pub(super) fn read<R: ValueRedactor<Long = L>>(
        &mut self,
        redactor: &mut R,
        buffer: &[u8],
        at: usize,
        edits: &mut Vec<Edit>,
    ) -> Result<Seen, JsonError> {
        let wrong = JsonError::Syntax { offset: self.start };
        let (until, seen) = match closing_quote(buffer, at, &mut false).ok_or(wrong)? {
            Quote::At(quote) => (quote, Seen::End(quote + 1)),
            Quote::Beyond(until) => (until, Seen::Until(until)),
        };
        let text = self.escapes.open(&buffer[at..until], matches!(seen, Seen::End(_))).ok_or(wrong)?;
        if !text.is_empty() {
            let mut found = Vec::new();
            let settled = redactor.go_on(&mut self.long, &text, &mut found);
            self.escapes.lead_back(found, edits);
            self.settled = self.escapes.settle(settled);
        }
        Ok(seen)
    }

    /// The end of the string has been read.
    pub(super) fn end<R: ValueRedactor<Long = L>>(mut self, redactor: &mut R, edits: &mut Vec<Edit>) {
        let mut found = Vec::new();
        redactor.end(self.long, &mut found);
        self.escapes.lead_back(found, edits);
    }
}
