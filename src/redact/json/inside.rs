//! The text of one value or key, and the way of its edits back to the input.

use super::edit::{Edit, apply, escaped, to_raw};
use super::place::Scalar;
use super::unescape::unescape;

/// A value or key as written, and its text.
pub(super) struct Inside<'a> {
    /// Without the quotes.
    raw: &'a [u8],
    text: &'a [u8],
    scalar: Scalar,
}

impl<'a> Inside<'a> {
    /// A number, or a string without a backslash.
    pub(super) fn plain(token: &'a [u8], scalar: Scalar) -> Self {
        let raw = without_quotes(token, scalar);
        Self { raw, text: raw, scalar }
    }

    /// A string whose text is kept in `space`; `None` when an escape is none.
    pub(super) fn escaped(token: &'a [u8], space: &'a mut Vec<u8>) -> Option<Self> {
        let raw = without_quotes(token, Scalar::String);
        space.clear();
        unescape(raw, space)?;
        Some(Self { raw, text: space, scalar: Scalar::String })
    }

    pub(super) fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Appends `edits` of the text to `all`, as edits of the input. `offset` is that of the token.
    pub(super) fn lead_back(&self, edits: Vec<Edit>, offset: u64, all: &mut Vec<Edit>) {
        lead_back(self.raw, self.scalar, edits, offset, all);
    }
}

/// Edits of the text of `token`, which is well formed, become edits of the input.
pub(super) fn lead_back_token(token: &[u8], scalar: Scalar, edits: Vec<Edit>, offset: u64, all: &mut Vec<Edit>) {
    lead_back(without_quotes(token, scalar), scalar, edits, offset, all);
}

/// The inside of a string token; a number as it is.
fn without_quotes(token: &[u8], scalar: Scalar) -> &[u8] {
    if scalar == Scalar::String { &token[1..token.len() - 1] } else { token }
}

fn lead_back(raw: &[u8], scalar: Scalar, mut edits: Vec<Edit>, offset: u64, all: &mut Vec<Edit>) {
    if edits.is_empty() {
        return;
    }
    if scalar == Scalar::String {
        return to_raw(raw, offset + 1, edits, all);
    }
    // A number that is no longer one becomes a string.
    for edit in &mut edits {
        edit.text = escaped(std::mem::take(&mut edit.text));
    }
    let mut text = vec![b'"'];
    apply(raw, 0, &edits, &mut text);
    text.push(b'"');
    all.push(Edit { start: offset, end: offset + raw.len() as u64, text });
}
