//! A line that rules look at, with what is found out about it once for all of them.

use std::cell::OnceCell;

use super::literals::Hit;
use super::sensitive_names::telling_words;

/// A line, or several that one rule looks at together.
pub(super) struct Line<'a> {
    pub(super) text: &'a [u8],
    /// Where words stand that can make a name sensitive, ordered by their ends.
    words: OnceCell<Vec<Hit>>,
}

impl<'a> Line<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, words: OnceCell::new() }
    }

    /// Where words stand that can make a name sensitive.
    pub(super) fn words(&self) -> &[Hit] {
        self.words.get_or_init(|| telling_words(self.text))
    }

    /// Whether any name in the line can promise a secret.
    pub(super) fn tells(&self) -> bool {
        !self.words().is_empty()
    }

    /// Where the next name that can promise a secret begins, at `from` or after; names are made of `bytes`.
    pub(super) fn next_name(&self, bytes: &[bool; 256], from: usize) -> Option<usize> {
        let later = self.words().partition_point(|word| word.end <= from);
        let word = self.words()[later..].iter().find(|word| word.start >= from)?;
        let before = self.text[from..word.start].iter().rev().take_while(|byte| bytes[usize::from(**byte)]).count();
        Some(word.start - before)
    }

    /// The end of the name that begins at `at`, unless it can promise a secret.
    pub(super) fn end_of_plain_name(&self, bytes: &[bool; 256], at: usize) -> Option<usize> {
        let length = self.text[at..].iter().take_while(|byte| bytes[usize::from(**byte)]).count();
        let end = at + length.max(1);
        let later = self.words().partition_point(|word| word.end <= at);
        let mut words = self.words()[later..].iter().take_while(|word| word.end <= end);
        (!words.any(|word| word.start >= at)).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_whole_and_those_that_promise_nothing_are_passed_over() {
        let bytes = std::array::from_fn(|byte| (byte as u8).is_ascii_alphanumeric() || byte == usize::from(b'_'));
        let line = Line::new(b"a=1 user_token=2 b=3 Password: x");
        assert_eq!(line.next_name(&bytes, 0), Some(4));
        assert_eq!(line.next_name(&bytes, 6), Some(6));
        assert_eq!(line.next_name(&bytes, 11), Some(21));
        assert_eq!(line.next_name(&bytes, 22), None);
        assert_eq!(line.end_of_plain_name(&bytes, 0), Some(1));
        assert_eq!(line.end_of_plain_name(&bytes, 4), None);
        assert_eq!(line.end_of_plain_name(&bytes, 10), Some(14), "of a part of the word nothing is told");
        assert!(!Line::new(b"nothing here").tells());
    }
}
