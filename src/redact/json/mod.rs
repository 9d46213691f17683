//! Rewrites string and number values in JSON and leaves every other byte as it was.
//!
//! Support files hold JSON that no common parser reproduces: `1e400`, lone surrogate escapes, duplicate keys, a byte order
//! mark, an exporter's own spacing. The walker never builds a document. It copies what it reads and asks a
//! [`ValueRedactor`] about each value, so a reviewer can diff the result against the source and see only the redactions.
//!
//! Memory is bounded by the longest value ([`Limits`]), never by the document. What is no JSON is an error: the caller
//! throws the output away and falls back to the rules for plain text.

mod hold;
mod lexer;
mod place;
mod text;
mod walker;

pub use place::{Path, Place, Scalar};
pub use text::{escape_into, unescape};
pub use walker::JsonWalker;

/// What becomes of a value or key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rewrite {
    /// Its bytes stay exactly as they stand in the source, escapes included.
    Keep,
    /// This text stands there instead. The walker quotes and escapes it, so a number becomes a string.
    Replace(String),
}

/// Decides what becomes of each value and key.
///
/// Calls come in document order, but for a `value` member that stands before its `name`: it is decided when the object
/// closes.
pub trait ValueRedactor {
    /// `text` is a string without quotes and escapes (lone surrogates as three bytes each, WTF-8), or a number as written.
    fn value(&mut self, place: &Place<'_>, text: &[u8]) -> Rewrite;

    /// `text` is a member's key, unescaped.
    fn key(&mut self, text: &[u8]) -> Rewrite;
}

impl<R: ValueRedactor + ?Sized> ValueRedactor for &mut R {
    fn value(&mut self, place: &Place<'_>, text: &[u8]) -> Rewrite {
        (**self).value(place, text)
    }

    fn key(&mut self, text: &[u8]) -> Rewrite {
        (**self).key(text)
    }
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
    /// Bytes of one string or number as written. A body in a HAR can be tens of megabytes of base64.
    pub value: usize,
    /// Bytes of one key as written; one is remembered per open object.
    pub key: usize,
    /// Bytes that wait for the `name` beside an earlier `value`. List responses of the Azure API put whole tables below
    /// `value`, so beyond this the value is decided without a name.
    pub hold: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 512, value: 64 << 20, key: 64 << 10, hold: 1 << 20 }
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
    /// A value longer than [`Limits::value`], or a key longer than [`Limits::key`].
    #[error("a JSON string longer than {limit} bytes")]
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
