//! Rewrites string and number values in JSON and leaves every other byte as it was.
//!
//! Support files hold JSON that no common parser reproduces: `1e400`, lone surrogate escapes, duplicate keys, a byte order
//! mark, an exporter's own spacing. The walker never builds a document. It shows each value to a [`ValueRedactor`], takes
//! [`Edit`]s of its text, and leads them back to the bytes in the source, so a reviewer can diff the result against the
//! source and see only the redactions, also inside long values and among escapes.
//!
//! Memory is bounded by [`Limits`], never by the document or by its longest value: longer ones are shown bit by bit. What is
//! no JSON is an error: the caller throws the output away and falls back to the rules for plain text.

mod edit;
mod inside;
mod lexer;
mod long;
mod place;
mod text;
mod unescape;
mod walker;

pub use edit::{Edit, apply};
pub use place::{Numbers, Path, Place, Says, Scalar};
pub use text::escape_into;
pub use walker::JsonWalker;
pub(super) use walker::Walk;

/// Decides what becomes of each value and key.
///
/// Calls come in document order, but for a `value` member that stands before its `name`: it is shown when the object closes. Edits are offsets in the text that was shown, in order and disjoint.
pub trait ValueRedactor {
    /// What is remembered of a long string while it goes by.
    type Long: std::fmt::Debug;

    /// `text` is a string without quotes and escapes (lone surrogates as three bytes each, WTF-8), or a number as written,
    /// which becomes a string if any of it is edited.
    fn value(&mut self, place: &Place<'_>, text: &[u8]) -> Vec<Edit>;

    /// The same for a value that decides about no other. The redactor may put it off, so that it can look at many at once.
    fn offer(&mut self, place: &Place<'_>, text: &[u8]) -> Offer {
        Offer::Decided(self.value(place, text))
    }

    /// Decides all values that were put off since the last call, and gives those that are to change: which one it is, counted
    /// from 0 in the order in which they were offered, and its edits.
    fn decide(&mut self) -> Vec<(usize, Vec<Edit>)> {
        Vec::new()
    }

    /// `text` is a member's key, unescaped.
    fn key(&mut self, text: &[u8]) -> Vec<Edit>;

    /// The number of a key that stays as it is, where that is known already: [`ValueRedactor::key`] is not asked then.
    fn known_key(&mut self, _text: &[u8]) -> Option<u32> {
        None
    }

    /// A number by which a name is told again with each value beside or below it, so that it need not be looked up each
    /// time. 0: by its text alone.
    fn number(&mut self, _name: &[u8]) -> u32 {
        0
    }

    /// A string that is longer than [`Limits::value`] begins.
    fn begin(&mut self, place: &Place<'_>) -> Self::Long;

    /// Its text goes on with `text`. Appends edits, in offsets from its start, and returns up to where no more will come; all
    /// edits so far end there or before.
    fn go_on(&mut self, long: &mut Self::Long, text: &[u8], edits: &mut Vec<Edit>) -> u64;

    /// It has ended.
    fn end(&mut self, long: Self::Long, edits: &mut Vec<Edit>);
}

/// What came of a value that was offered.
#[derive(Debug)]
pub enum Offer {
    /// It is decided.
    Decided(Vec<Edit>),
    /// [`ValueRedactor::decide`] will tell.
    PutOff,
}

/// How many documents one input holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Documents {
    /// Exactly one.
    One,
    /// Any number, also none, with whitespace between: NDJSON, or pretty-printed documents one after another.
    Many,
}

/// What the walker holds in memory at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Containers inside each other. Real exports stay under 100; a bomb is all brackets.
    pub depth: usize,
    /// Bytes of one string as written that are shown at once; longer ones go by bit by bit. A longer number is refused.
    pub value: usize,
    /// Bytes of one key as written; one is remembered per open object.
    pub key: usize,
    /// Bytes that wait for the `name` beside an earlier `value`. List responses of the Azure API put whole tables below
    /// `value`, so beyond this the value is decided without a name.
    pub hold: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 512, value: 256 << 10, key: 64 << 10, hold: 1 << 20 }
    }
}

/// Why an input was refused. Offsets count from the start of the input; no text of the input is in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// A byte that JSON does not allow there.
    #[error("not JSON at byte {offset}")]
    Syntax {
        /// Where the token begins that does not fit.
        offset: u64,
    },
    /// The input ended inside a document, or held none.
    #[error("the JSON ends too early")]
    UnexpectedEnd,
    /// Deeper than [`Limits::depth`].
    #[error("JSON nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// A number longer than [`Limits::value`], or a key longer than [`Limits::key`].
    #[error("a JSON number or key longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// The walker had already failed.
    #[error("the JSON was already refused")]
    AlreadyFailed,
}

#[cfg(test)]
mod tests;
