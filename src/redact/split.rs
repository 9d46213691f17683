//! Cuts a stream into pieces that can be redacted one after the other with the same result as in one go.
//!
//! A piece is a run of whole lines, or one window of a line that is longer than [`WINDOW`]. Windows lie on a grid that begins
//! where the line begins, so how the bytes arrive cannot change what is found.

use std::io::{self, Read};

/// Bytes of a long line that one window owns.
pub(super) const WINDOW: usize = 64 << 10;
/// Bytes that a window sees beyond its own, so that a value across its end is seen whole.
pub(super) const OVERLAP: usize = 16 << 10;
/// Bytes that a window sees before its own: labels, word borders.
pub(super) const LEFT: usize = 256;
/// Bytes of whole lines in a piece, about: enough to keep the matchers busy, few enough to hold many at once.
const PIECE: usize = 512 << 10;

/// One piece of a text: `bytes[own_start..own_end]` is its own, the rest is context.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) own_start: usize,
    pub(super) own_end: usize,
    /// Where what all rules see ends. Behind it, at the end of whole lines, stand those that come next, for rules of several
    /// lines: as many bytes as such a rule sees from the start of its first line.
    pub(super) seen: usize,
    /// Whether the line goes on after what this piece sees.
    pub(super) line_goes_on: bool,
}

impl<'a> Piece<'a> {
    /// A text that is there as a whole.
    pub(super) fn whole(bytes: &'a [u8]) -> Self {
        Self { bytes, own_start: 0, own_end: bytes.len(), seen: bytes.len(), line_goes_on: false }
    }

    /// A copy of it.
    pub(super) fn to_owned(&self) -> OwnedPiece {
        let own = (self.own_start, self.own_end);
        OwnedPiece { bytes: self.bytes.to_vec(), own, seen: self.seen, line_goes_on: self.line_goes_on }
    }
}

/// A piece with bytes of its own, to be worked on elsewhere.
#[derive(Debug)]
pub(super) struct OwnedPiece {
    bytes: Vec<u8>,
    own: (usize, usize),
    seen: usize,
    line_goes_on: bool,
}

impl OwnedPiece {
    /// As what works on pieces takes it.
    pub(super) fn piece(&self) -> Piece<'_> {
        let Self { bytes, own: (own_start, own_end), seen, line_goes_on } = self;
        Piece { bytes, own_start: *own_start, own_end: *own_end, seen: *seen, line_goes_on: *line_goes_on }
    }
}

/// Reads pieces from a stream. Memory: about two pieces.
pub(super) struct Splitter<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Where the next piece begins in `buffer`.
    next: usize,
    /// Whether `next` lies inside a long line, of which an earlier window was handed out.
    inside_line: bool,
    ended: bool,
}

impl<R: Read> Splitter<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), next: 0, inside_line: false, ended: false }
    }

    /// Where the text comes from.
    pub(super) fn reader(&self) -> &R {
        &self.reader
    }

    /// The same, to give it more. A reader that has nothing for now says [`io::ErrorKind::WouldBlock`] and is asked again.
    pub(super) fn feed(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The next piece, or `None` at the end.
    pub(super) fn piece(&mut self) -> io::Result<Option<Piece<'_>>> {
        self.discard();
        self.fill(PIECE + WINDOW + OVERLAP)?;
        if self.next == self.buffer.len() {
            return Ok(None);
        }
        let rest = &self.buffer[self.next..];
        if !self.inside_line {
            let short = self.short_lines(rest);
            if short > 0 {
                let start = self.next;
                self.next += short;
                let bytes = &self.buffer[start..self.buffer.len().min(self.next + OVERLAP)];
                return Ok(Some(Piece { bytes, own_start: 0, own_end: short, seen: short, line_goes_on: false }));
            }
        }
        // A window of a long line: what it owns ends at the grid or at the line's end.
        let (line_end, whole) = match memchr::memchr(b'\n', &rest[..rest.len().min(WINDOW + OVERLAP)]) {
            Some(at) => (at + 1, true),
            None => (rest.len().min(WINDOW + OVERLAP), rest.len() <= WINDOW + OVERLAP && self.ended),
        };
        let own = line_end.min(WINDOW);
        let left = if self.inside_line { self.next.min(LEFT) } else { 0 };
        let start = self.next - left;
        let end = self.next + line_end;
        self.next += own;
        self.inside_line = !(whole && own == line_end);
        let bytes = &self.buffer[start..end];
        Ok(Some(Piece { bytes, own_start: left, own_end: left + own, seen: bytes.len(), line_goes_on: !whole }))
    }

    /// Length of the run of whole lines of at most [`WINDOW`] bytes at the start of `rest`, about [`PIECE`] bytes at most.
    fn short_lines(&self, rest: &[u8]) -> usize {
        let mut end = 0;
        while end < PIECE {
            match memchr::memchr(b'\n', &rest[end..rest.len().min(end + WINDOW)]) {
                Some(at) => end += at + 1,
                // A last line without a newline.
                None if self.ended && rest.len() - end <= WINDOW => return rest.len(),
                None => break,
            }
        }
        end
    }

    fn discard(&mut self) {
        let keep = if self.inside_line { LEFT } else { 0 };
        let drop = self.next.saturating_sub(keep);
        if drop > 0 {
            self.buffer.drain(..drop);
            self.next -= drop;
        }
    }

    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        let have = self.buffer.len() - self.next;
        if !self.ended && have < wanted {
            // Not into a buffer of the wanted size: a JSON document has millions of values of a few bytes each.
            let missing = wanted - have;
            let read = self.reader.by_ref().take(missing as u64).read_to_end(&mut self.buffer)?;
            self.ended = read < missing;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn owned(text: &[u8]) -> Vec<u8> {
        let mut splitter = Splitter::new(text);
        let mut all = Vec::new();
        while let Some(piece) = splitter.piece().expect("a slice can be read") {
            all.extend_from_slice(&piece.bytes[piece.own_start..piece.own_end]);
        }
        all
    }

    #[test]
    fn windows_lie_on_a_grid_that_begins_where_the_line_begins() {
        let mut text = b"short\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', 3 * WINDOW + 5));
        text.extend_from_slice(b"\nlast");
        let mut splitter = Splitter::new(text.as_slice());
        let mut owns = Vec::new();
        while let Some(piece) = splitter.piece().expect("reads") {
            owns.push(piece.own_end - piece.own_start);
        }
        assert_eq!(owns, [6, WINDOW, WINDOW, WINDOW, 6, 4]);
    }

    proptest! {
        #[test]
        fn every_byte_is_owned_once(lines in prop::collection::vec((0usize..200_000, any::<u8>()), 0..8), newline: bool) {
            let mut text = Vec::new();
            for (length, byte) in lines {
                text.extend(std::iter::repeat_n(byte, length));
                text.push(b'\n');
            }
            if newline { text.pop(); }
            prop_assert_eq!(owned(&text), text);
        }
    }
}
