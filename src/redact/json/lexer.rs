//! Cuts JSON into tokens, however the input is cut into chunks. Knows no grammar beyond a token's own.

use super::{JsonError, Limits};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One of `{ } [ ] : ,`.
    Mark(u8),
    String,
    Number,
    /// `true`, `false` or `null`.
    Literal,
}

/// One token. `start` and `end` are its place in the chunk, half-open; what came in earlier chunks is in `carried`,
/// which then holds the whole token.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) carried: Option<Vec<u8>>,
    /// Offset of the first byte from the start of the input.
    pub(super) offset: u64,
}

#[derive(Debug, Default)]
pub(super) struct Lexer {
    /// The beginning of a token that the chunk's end cut off.
    carry: Vec<u8>,
    /// The last byte carried is a backslash that escapes what comes next.
    escaped: bool,
    /// Offset of the chunk from the start of the input.
    base: u64,
}

impl Lexer {
    /// The next whole token of `chunk` at or after `at`, which moves behind it. `None` when the chunk is used up.
    pub(super) fn next(&mut self, chunk: &[u8], at: &mut usize, limits: &Limits) -> Result<Option<Token>, JsonError> {
        if self.carry.is_empty() {
            *at += chunk[*at..].iter().take_while(|&&b| is_space(b)).count();
        }
        let start = *at;
        let Some(&first) = self.carry.first().or(chunk.get(start)) else { return Ok(None) };
        let offset = self.offset_at(start);
        let (kind, end) = match first {
            b'{' | b'}' | b'[' | b']' | b':' | b',' => (Kind::Mark(first), Some(start + 1)),
            b'"' => (Kind::String, self.string_end(chunk, start).map_err(|()| JsonError::Syntax { offset })?),
            b'-' | b'0'..=b'9' => (Kind::Number, word_end(chunk, start)),
            b't' | b'f' | b'n' => (Kind::Literal, word_end(chunk, start)),
            _ => return Err(JsonError::Syntax { offset }),
        };
        let in_chunk = &chunk[start..end.unwrap_or(chunk.len())];
        // Whether a token is too long depends on the token alone, not on where the chunks end.
        if self.carry.len() + in_chunk.len() > limits.value {
            return Err(JsonError::TooLong { limit: limits.value });
        }
        let Some(end) = end else {
            self.carry.extend_from_slice(in_chunk);
            *at = chunk.len();
            return Ok(None);
        };
        let carried = (!self.carry.is_empty()).then(|| {
            let mut token = std::mem::take(&mut self.carry);
            token.extend_from_slice(in_chunk);
            token
        });
        let text = carried.as_deref().unwrap_or(in_chunk);
        let well_formed = match kind {
            Kind::Number => is_number(text),
            Kind::Literal => matches!(text, b"true" | b"false" | b"null"),
            Kind::Mark(_) | Kind::String => true,
        };
        if !well_formed {
            return Err(JsonError::Syntax { offset });
        }
        *at = end;
        Ok(Some(Token { kind, start, end, carried, offset }))
    }

    /// Where in `chunk` an unfinished token begins; its end if there is none. What lies before may be passed on.
    pub(super) fn settled(&self, chunk: &[u8]) -> usize {
        chunk.len() - self.carry.len().min(chunk.len())
    }

    /// Counts `chunk` as read.
    pub(super) fn advance(&mut self, chunk: &[u8]) {
        self.base += chunk.len() as u64;
    }

    /// True in the middle of a token.
    pub(super) fn is_inside(&self) -> bool {
        !self.carry.is_empty()
    }

    /// Offset in the input of the token that begins at `at`, or of the one being carried.
    pub(super) fn offset_at(&self, at: usize) -> u64 {
        (self.base + at as u64).saturating_sub(self.carry.len() as u64)
    }

    /// One past the closing quote; `None` when it lies beyond the chunk; an error for a raw control character.
    fn string_end(&mut self, chunk: &[u8], start: usize) -> Result<Option<usize>, ()> {
        let mut at = if self.carry.is_empty() { start + 1 } else { start };
        if self.escaped {
            if at >= chunk.len() {
                return Ok(None);
            }
            self.escaped = false;
            at += usize::from(chunk[at] >= 0x20);
        }
        loop {
            at += chunk[at..].iter().take_while(|&&b| b != b'"' && b != b'\\' && b >= 0x20).count();
            match chunk.get(at) {
                None => return Ok(None),
                Some(b'"') => return Ok(Some(at + 1)),
                Some(b'\\') if at + 1 == chunk.len() => {
                    self.escaped = true;
                    return Ok(None);
                }
                Some(b'\\') if chunk[at + 1] >= 0x20 => at += 2,
                Some(_) => return Err(()),
            }
        }
    }
}

/// The whitespace of RFC 8259.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// One past the last byte of a number or literal; `None` when the chunk ends first, because the next may go on.
fn word_end(chunk: &[u8], start: usize) -> Option<usize> {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
    chunk[start..].iter().position(|b| !is_word(b)).map(|n| start + n)
}

/// RFC 8259, section 6. The text may be of any size or precision: nobody computes with it.
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let n = digits(fraction);
        if n == 0 {
            return false;
        }
        rest = &fraction[n..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent.strip_prefix(b"-").or(exponent.strip_prefix(b"+")).unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::is_number;

    #[test]
    fn numbers_are_judged_by_their_form_only() {
        for good in ["0", "-0", "10", "1e400", "1E+5", "0.10", "-1.5e-7", "123456789012345678901234567890"] {
            assert!(is_number(good.as_bytes()), "{good}");
        }
        for bad in ["", "-", "01", "1.", ".5", "1e", "1e+", "+1", "0x10", "1a", "--1"] {
            assert!(!is_number(bad.as_bytes()), "{bad}");
        }
    }
}
