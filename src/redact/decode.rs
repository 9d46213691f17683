//! Text encodings: what a source is written in, and reading it as UTF-8 and writing it back.

use std::io::{self, Read};

use encoding_rs::{CoderResult, UTF_16BE, UTF_16LE};

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, ASCII, or any encoding that keeps ASCII bytes: rules look at bytes, so Latin-1 passes through unharmed.
    Utf8,
    /// UTF-16, little-endian, as Windows writes logs.
    Utf16Le,
    /// UTF-16, big-endian.
    Utf16Be,
}

impl Encoding {
    /// The name in the manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
        }
    }

    /// Guesses from the first bytes: a byte-order mark, or NUL in every other byte. `None`: binary.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xfe, ..] if !head.starts_with(&[0xff, 0xfe, 0, 0]) => return Some(Self::Utf16Le),
            [0xfe, 0xff, ..] => return Some(Self::Utf16Be),
            _ => {}
        }
        if !head.contains(&0) {
            return Some(Self::Utf8);
        }
        let pairs = head.len() / 2;
        let nul = |offset: usize| head.iter().skip(offset).step_by(2).filter(|b| **b == 0).count();
        // Western text in UTF-16 has NUL in nearly every high byte and in no low byte.
        if pairs >= 4 && nul(0) == 0 && nul(1) * 10 >= pairs * 7 {
            Some(Self::Utf16Le)
        } else if pairs >= 4 && nul(1) == 0 && nul(0) * 10 >= pairs * 7 {
            Some(Self::Utf16Be)
        } else {
            None
        }
    }
}

/// Reads a source as UTF-8. A NUL byte in what should be text is an error: it is binary after all.
pub(super) struct Decoder<R> {
    reader: R,
    wide: Option<encoding_rs::Decoder>,
    input: Vec<u8>,
    output: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Decoder<R> {
    pub(super) fn new(reader: R, encoding: Encoding) -> Self {
        let wide = match encoding {
            Encoding::Utf8 => None,
            // The byte-order mark is kept as U+FEFF, so that it is written back.
            Encoding::Utf16Le => Some(UTF_16LE.new_decoder_without_bom_handling()),
            Encoding::Utf16Be => Some(UTF_16BE.new_decoder_without_bom_handling()),
        };
        Self { reader, wide, input: Vec::new(), output: Vec::new(), given: 0, ended: false }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(decoder) = &mut self.wide else {
            let n = self.reader.read(buf)?;
            return if buf[..n].contains(&0) { Err(binary()) } else { Ok(n) };
        };
        while self.given == self.output.len() && !self.ended {
            self.input.resize(64 << 10, 0);
            let n = self.reader.read(&mut self.input)?;
            self.ended = n == 0;
            self.output.resize(decoder.max_utf8_buffer_length(n).unwrap_or(n * 3 + 16), 0);
            let (result, _, written, _) = decoder.decode_to_utf8(&self.input[..n], &mut self.output, self.ended);
            debug_assert_eq!(result, CoderResult::InputEmpty, "the buffer holds the longest result");
            self.output.truncate(written);
            self.given = 0;
        }
        let n = buf.len().min(self.output.len() - self.given);
        buf[..n].copy_from_slice(&self.output[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}

fn binary() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "holds NUL bytes, so it is not text")
}

/// UTF-8 bytes in `encoding`. Blocks end at line ends or at character borders that the decoder made, so nothing is split
/// but what was broken before.
pub(super) fn encode(text: Vec<u8>, encoding: Encoding) -> Vec<u8> {
    let unit: fn(u16) -> [u8; 2] = match encoding {
        Encoding::Utf8 => return text,
        Encoding::Utf16Le => u16::to_le_bytes,
        Encoding::Utf16Be => u16::to_be_bytes,
    };
    String::from_utf8_lossy(&text).encode_utf16().flat_map(unit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_is_known_by_its_mark_or_its_nul_bytes_and_binary_is_refused() {
        let wide: Vec<u8> = "plain text".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(Encoding::of(&wide), Some(Encoding::Utf16Le));
        assert_eq!(Encoding::of(b"\xfe\xff\x00a"), Some(Encoding::Utf16Be));
        assert_eq!(Encoding::of(b"caf\xe9"), Some(Encoding::Utf8));
        assert_eq!(Encoding::of(b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00"), None);
    }

    #[test]
    fn utf_16_reads_as_utf_8_and_is_written_back_to_the_byte() {
        let wide: Vec<u8> = "\u{feff}naïve 🙂\r\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let mut text = Vec::new();
        Decoder::new(wide.as_slice(), Encoding::Utf16Be).read_to_end(&mut text).expect("decodes");
        assert_eq!(encode(text, Encoding::Utf16Be), wide);
    }
}
