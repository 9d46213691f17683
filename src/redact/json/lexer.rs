//! Cuts JSON into tokens. Knows no grammar beyond a token's own, and keeps nothing but how far it has looked.

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

/// One token: its place in the buffer, half-open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Of a string: whether a backslash may stand in it.
    pub(super) escaped: bool,
}

/// What stands at a place in the buffer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found {
    /// A whole token.
    Token(Token),
    /// The opening quote of a string that is longer than [`Limits::value`], whether its end is in sight or not.
    LongString(usize),
    /// Nothing yet: the buffer ends first.
    More,
}

/// Remembers how far an unfinished string has been looked through, so that each byte is looked at once.
#[derive(Debug, Default)]
pub(super) struct Lexer {
    /// Offset in the input up to which the string that begins at `string` holds no end.
    seen: u64,
    string: u64,
}

impl Lexer {
    /// The token of `buffer` at or after `at`, which moves to its first byte. `base` is the offset of the buffer in the input;
    /// `last` says that nothing follows it.
    pub(super) fn next(
        &mut self,
        buffer: &[u8],
        at: &mut usize,
        base: u64,
        last: bool,
        limits: &Limits,
    ) -> Result<Found, JsonError> {
        while buffer.get(*at).is_some_and(|b| is_space(*b)) {
            *at += 1;
        }
        let start = *at;
        let Some(&first) = buffer.get(start) else { return Ok(Found::More) };
        let wrong = JsonError::Syntax { offset: base + start as u64 };
        let mut escaped = false;
        let (kind, end) = match first {
            b'{' | b'}' | b'[' | b']' | b':' | b',' => (Kind::Mark(first), Some(start + 1)),
            b'"' => (Kind::String, self.string_end(buffer, start, base, &mut escaped).ok_or(wrong)?),
            b'-' | b'0'..=b'9' => (Kind::Number, word_end(buffer, start, last)),
            b't' | b'f' | b'n' => (Kind::Literal, word_end(buffer, start, last)),
            _ => return Err(wrong),
        };
        // Whether a token is too long depends on the token alone, not on where the input is cut.
        if end.unwrap_or(buffer.len()) - start > limits.value {
            return match kind {
                Kind::String => Ok(Found::LongString(start)),
                _ => Err(JsonError::TooLong { limit: limits.value }),
            };
        }
        let Some(end) = end else { return Ok(Found::More) };
        let text = &buffer[start..end];
        let well_formed = match kind {
            Kind::Number => is_number(text),
            Kind::Literal => matches!(text, b"true" | b"false" | b"null"),
            Kind::Mark(_) | Kind::String => true,
        };
        if well_formed { Ok(Found::Token(Token { kind, start, end, escaped })) } else { Err(wrong) }
    }

    /// One past the closing quote; `Some(None)` when it lies beyond the buffer; `None` for a raw control character.
    fn string_end(&mut self, buffer: &[u8], start: usize, base: u64, escaped: &mut bool) -> Option<Option<usize>> {
        let offset = base + start as u64;
        let resumed = self.string == offset && self.seen > offset;
        let from = if resumed { (self.seen - base) as usize } else { start + 1 };
        *escaped = resumed;
        match closing_quote(buffer, from, escaped)? {
            Quote::At(end) => Some(Some(end + 1)),
            Quote::Beyond(seen) => {
                (self.string, self.seen) = (offset, base + seen as u64);
                Some(None)
            }
        }
    }
}

/// Where a string ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    /// The closing quote's place.
    At(usize),
    /// Not before this place, at which to go on once more bytes are there: never behind a backslash.
    Beyond(usize),
}

/// The first quote at or after `from` that no backslash escapes; `None` for a raw control character before it. `escaped` is
/// set by a backslash.
pub(super) fn closing_quote(buffer: &[u8], mut from: usize, escaped: &mut bool) -> Option<Quote> {
    loop {
        let at = from + plain_run(&buffer[from..]);
        match buffer.get(at) {
            None => return Some(Quote::Beyond(at)),
            Some(b'"') => return Some(Quote::At(at)),
            Some(b'\\') => *escaped = true,
            Some(_) => return None,
        }
        match buffer.get(at + 1) {
            None => return Some(Quote::Beyond(at)),
            Some(escape) if *escape < 0x20 => return None,
            Some(_) => from = at + 2,
        }
    }
}

/// Bytes before the first quote, backslash or control character. Eight at a time: most strings are short, so that a search
/// that has to be set up costs more than it finds.
fn plain_run(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const fn all(byte: u8) -> u64 {
        ONES * byte as u64
    }
    // Sets the highest bit of a byte that is smaller than `least`, which is at most 128, and perhaps of some above it.
    let below = |word: u64, least: u8| word.wrapping_sub(all(least)) & !word & all(0x80);
    let mut chunks = text.chunks_exact(8);
    let mut at = 0;
    for chunk in &mut chunks {
        let word = u64::from_le_bytes(chunk.try_into().expect("eight bytes"));
        let ends = below(word, 0x20) | below(word ^ all(b'"'), 1) | below(word ^ all(b'\\'), 1);
        if ends != 0 {
            return at + ends.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let ends = |b: &u8| *b < 0x20 || matches!(b, b'"' | b'\\');
    at + chunks.remainder().iter().position(ends).unwrap_or(chunks.remainder().len())
}

/// The whitespace of RFC 8259.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// One past the last byte of a number or literal; `None` when the buffer ends first and more may come.
fn word_end(buffer: &[u8], start: usize, last: bool) -> Option<usize> {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
    let end = buffer[start..].iter().position(|b| !is_word(b)).map(|n| start + n);
    end.or_else(|| last.then_some(buffer.len()))
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
    use super::{Quote, closing_quote, is_number, plain_run};

    #[test]
    fn numbers_are_judged_by_their_form_only() {
        for good in ["0", "-0", "10", "1e400", "1E+5", "0.10", "-1.5e-7", "123456789012345678901234567890"] {
            assert!(is_number(good.as_bytes()), "{good}");
        }
        for bad in ["", "-", "01", "1.", ".5", "1e", "1e+", "+1", "0x10", "1a", "--1"] {
            assert!(!is_number(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn a_string_ends_at_the_first_quote_that_is_not_escaped() {
        let quote = |text: &[u8]| {
            let mut escaped = false;
            (closing_quote(text, 0, &mut escaped), escaped)
        };
        assert_eq!(quote(br#"a\"b\\"c"#), (Some(Quote::At(6)), true));
        assert_eq!(quote(br"ab\"), (Some(Quote::Beyond(2)), true));
        assert_eq!(quote(b"ab\ncd\""), (None, false));
        assert!(!quote("caf\u{e9} \u{80}\u{7f} of any length\"".as_bytes()).1);
    }

    #[test]
    fn a_run_ends_where_it_ends_byte_by_byte() {
        let mut state = 1u32;
        for length in 0..200 {
            let text: Vec<u8> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let byte = (state >> 24) as u8;
                    if byte < 0x20 && state & 0xf00 != 0 { b'x' } else { byte }
                })
                .collect();
            let plainly = text.iter().position(|b| *b < 0x20 || matches!(b, b'"' | b'\\')).unwrap_or(length);
            assert_eq!(plain_run(&text), plainly, "{text:?}");
        }
    }
}
