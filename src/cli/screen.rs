//! What a stranger's bytes look like on a terminal: readable, and unable to steer it.

use std::io::{self, Write};

use crate::model::printable::push_printable;

/// Where data goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// A person's terminal: contents are escaped.
    Terminal,
    /// A file or another program: contents pass as they are.
    Elsewhere,
}

/// Passes text on with everything but line ends and tabs escaped. Characters may be split between writes; what is not
/// UTF-8 becomes U+FFFD.
pub struct Escaped<'a> {
    out: &'a mut dyn Write,
    /// The beginning of a character, at most three bytes.
    split: Vec<u8>,
    /// Whether the last line has no end yet.
    in_line: bool,
}

impl<'a> Escaped<'a> {
    /// Escapes towards `out`.
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self { out, split: Vec::new(), in_line: false }
    }

    /// Writes what a last, incomplete character stands for, and ends the last line, so that what the program says next
    /// stands by itself.
    pub fn finish(mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.split).is_empty() {
            self.out.write_all("\u{fffd}".as_bytes())?;
            self.in_line = true;
        }
        if self.in_line {
            self.out.write_all(b"\n")?;
        }
        self.out.flush()
    }
}

impl Write for Escaped<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut pending = std::mem::take(&mut self.split);
        pending.extend_from_slice(bytes);
        let mut shown = String::with_capacity(pending.len());
        let mut chunks = pending.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            for c in chunk.valid().chars() {
                match c {
                    '\n' | '\t' => shown.push(c),
                    c => push_printable(&mut shown, c),
                }
            }
            let invalid = chunk.invalid();
            if chunks.peek().is_none() && is_beginning(invalid) {
                self.split = invalid.to_vec();
            } else if !invalid.is_empty() {
                shown.push('\u{fffd}');
            }
        }
        self.out.write_all(shown.as_bytes())?;
        self.in_line = shown.chars().next_back().map_or(self.in_line, |last| last != '\n');
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether more bytes could make this a character.
fn is_beginning(invalid: &[u8]) -> bool {
    !invalid.is_empty() && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(writes: &[&[u8]]) -> String {
        let mut out = Vec::new();
        let mut escaped = Escaped::new(&mut out);
        for bytes in writes {
            escaped.write_all(bytes).expect("memory");
        }
        escaped.finish().expect("memory");
        String::from_utf8(out).expect("only text comes out")
    }

    #[test]
    fn terminal_escapes_are_shown_and_lines_stay_lines() {
        assert_eq!(escaped(&[b"a\tb\n\x1b[2J\r\n"]), "a\tb\n\\u{1b}[2J\\u{d}\n");
        assert_eq!(escaped(&["naïve".as_bytes(), b"\xff."]), "naïve\u{fffd}.\n");
        assert_eq!(escaped(&[b"naive\n", b"\xc3"]), "naive\n\u{fffd}\n");
        assert_eq!(escaped(&[]), "");
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_split_makes_no_difference(bytes in proptest::collection::vec(any::<u8>(), 0..60), at in 0usize..60) {
            let at = at.min(bytes.len());
            prop_assert_eq!(escaped(&[&bytes[..at], &bytes[at..]]), escaped(&[&bytes]));
        }
    }
}
