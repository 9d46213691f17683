//! Text encodings: what a source is written in, reading it as UTF-8 and writing it back to the byte.
//!
//! What is broken in a source stays as broken: lone surrogates pass as three bytes each (WTF-8), an odd last byte is put
//! back at the end, and bytes that are no UTF-8 pass as they are.

use std::io::{self, Read};

use super::looks::{self, WINDOW};

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, ASCII, or a mixture with other bytes: rules look at bytes, so these pass through unharmed.
    Utf8,
    /// Windows-1252, and so Latin-1. Also what is no UTF-8 at all and keeps ASCII: each byte comes back, whatever it means.
    Windows1252,
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
            Self::Windows1252 => "windows-1252",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
        }
    }

    /// Guesses from the first bytes: a byte-order mark, or NUL in every other byte. `None`: binary. Whether a text is UTF-8
    /// is known only at its end, by [`Decoder::is_legacy`].
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        let wide = match head {
            [0xff, 0xfe, ..] if !head.starts_with(&[0xff, 0xfe, 0, 0]) => Some(Self::Utf16Le),
            [0xfe, 0xff, ..] => Some(Self::Utf16Be),
            _ => Self::unmarked_wide(head),
        };
        let binary = match wide {
            Some(encoding) => looks::is_binary_wide(&encoding.units(head)),
            None => looks::is_binary(head),
        };
        (!binary).then(|| wide.unwrap_or(Self::Utf8))
    }

    /// Western text in UTF-16 has NUL in nearly every high byte and in hardly any low byte.
    fn unmarked_wide(head: &[u8]) -> Option<Self> {
        let pairs = head.len() / 2;
        let nul = |offset: usize| head.iter().skip(offset).step_by(2).filter(|b| **b == 0).count();
        let (even, odd) = (nul(0), nul(1));
        let plain = |low: usize, high: usize| pairs >= 4 && low * 50 <= pairs && high * 10 >= pairs * 7;
        if plain(even, odd) {
            Some(Self::Utf16Le)
        } else if plain(odd, even) {
            Some(Self::Utf16Be)
        } else {
            None
        }
    }

    /// Whole UTF-16 units; a byte at the end that is half of one is left out.
    fn units(self, bytes: &[u8]) -> Vec<u16> {
        let unit = if self == Self::Utf16Be { u16::from_be_bytes } else { u16::from_le_bytes };
        bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect()
    }
}

/// Windows-1252 from 0x80 to 0x9f. The five bytes without a character stand for the control characters of that number, so
/// that each byte has one character and comes back.
const WINDOWS_1252: [u16; 32] = [
    0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d,
    0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,
    0x017e, 0x0178,
];

/// Makes UTF-8 of bytes as they come.
pub(super) struct Transcoder {
    encoding: Encoding,
    /// The first half of a surrogate pair.
    high: Option<u16>,
    /// The first byte of a UTF-16 unit.
    odd: Option<u8>,
}

impl Transcoder {
    pub(super) fn new(encoding: Encoding) -> Self {
        Self { encoding, high: None, odd: None }
    }

    /// Appends what `bytes` say to `out`; `false`, and nothing is appended, when they look like binary data.
    pub(super) fn push(&mut self, bytes: &[u8], last: bool, out: &mut Vec<u8>) -> bool {
        match self.encoding {
            Encoding::Utf8 | Encoding::Windows1252 if looks::is_binary(bytes) => return false,
            Encoding::Utf8 => out.extend_from_slice(bytes),
            Encoding::Windows1252 => {
                for byte in bytes {
                    let code = match byte {
                        0x80..=0x9f => u32::from(WINDOWS_1252[usize::from(byte - 0x80)]),
                        byte => u32::from(*byte),
                    };
                    push_code(code, out);
                }
            }
            Encoding::Utf16Le | Encoding::Utf16Be => {
                let carried: Vec<u8> = self.odd.take().into_iter().chain(bytes.iter().copied()).collect();
                let units = self.encoding.units(&carried);
                if looks::is_binary_wide(&units) {
                    return false;
                }
                self.odd = carried.last().copied().filter(|_| carried.len() % 2 == 1);
                self.push_wide(&units, out);
                if last {
                    self.push_high(out);
                }
            }
        }
        true
    }

    /// At the end: the byte that is half a UTF-16 unit, to be written back after everything else.
    pub(super) fn odd_byte(&self) -> Option<u8> {
        self.odd
    }

    fn push_wide(&mut self, units: &[u16], out: &mut Vec<u8>) {
        for unit in units {
            match (self.high, unit) {
                (Some(high), 0xdc00..=0xdfff) => {
                    self.high = None;
                    let code = 0x10000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(*unit) - 0xdc00);
                    push_code(code, out);
                }
                (_, 0xd800..=0xdbff) => {
                    self.push_high(out);
                    self.high = Some(*unit);
                }
                _ => {
                    self.push_high(out);
                    push_code(u32::from(*unit), out);
                }
            }
        }
    }

    fn push_high(&mut self, out: &mut Vec<u8>) {
        if let Some(high) = self.high.take() {
            push_code(u32::from(high), out);
        }
    }
}

/// Reads a source as UTF-8. What turns out to be binary after all is an error.
pub(super) struct Decoder<R> {
    reader: R,
    transcoder: Transcoder,
    input: Vec<u8>,
    output: Vec<u8>,
    given: usize,
    ended: bool,
    beyond_ascii: BeyondAscii,
}

impl<R: Read> Decoder<R> {
    pub(super) fn new(reader: R, encoding: Encoding) -> Self {
        Self {
            reader,
            transcoder: Transcoder::new(encoding),
            input: Vec::new(),
            output: Vec::new(),
            given: 0,
            ended: false,
            beyond_ascii: BeyondAscii::default(),
        }
    }

    /// At the end of what was read as UTF-8: whether it has other bytes than ASCII and none of them is UTF-8.
    pub(super) fn is_legacy(&self) -> bool {
        self.beyond_ascii.invalid && !self.beyond_ascii.valid
    }

    /// At the end: the byte that is half a UTF-16 unit, to be written back after everything else.
    pub(super) fn odd_byte(&self) -> Option<u8> {
        self.transcoder.odd_byte()
    }

    fn next_window(&mut self) -> io::Result<()> {
        self.input.clear();
        self.reader.by_ref().take(WINDOW as u64).read_to_end(&mut self.input)?;
        self.ended = self.input.len() < WINDOW;
        self.given = 0;
        self.output.clear();
        if !self.transcoder.push(&self.input, self.ended, &mut self.output) {
            return Err(binary());
        }
        if self.transcoder.encoding == Encoding::Utf8 {
            self.beyond_ascii.see(&self.input, self.ended);
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.given == self.output.len() && !self.ended {
            self.next_window()?;
        }
        let n = buf.len().min(self.output.len() - self.given);
        buf[..n].copy_from_slice(&self.output[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}

/// What a [`Decoder`] says of binary data, to be told from a reader that found its own bytes damaged.
#[derive(Debug, thiserror::Error)]
#[error("looks like binary data, so it is not text")]
struct NotText;

fn binary() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, NotText)
}

/// Whether `error` says that a text is binary after all.
pub(super) fn is_not_text(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<NotText>())
}

/// Appends a code point, a surrogate too.
fn push_code(code: u32, out: &mut Vec<u8>) {
    let low = |shift: u32| 0x80 | ((code >> shift) & 0x3f) as u8;
    match code {
        0..0x80 => out.push(code as u8),
        0x80..0x800 => out.extend([0xc0 | (code >> 6) as u8, low(0)]),
        0x800..0x10000 => out.extend([0xe0 | (code >> 12) as u8, low(6), low(0)]),
        _ => out.extend([0xf0 | (code >> 18) as u8, low(12), low(6), low(0)]),
    }
}

/// What stands in a text beside ASCII.
#[derive(Default)]
struct BeyondAscii {
    valid: bool,
    invalid: bool,
    /// The begin of a character that the next window may complete.
    tail: Vec<u8>,
}

impl BeyondAscii {
    fn see(&mut self, window: &[u8], last: bool) {
        if self.tail.is_empty() && window.is_ascii() {
            return;
        }
        let mut bytes = std::mem::take(&mut self.tail);
        bytes.extend_from_slice(window);
        let begun = (1..=bytes.len().min(3)).find(|n| bytes[bytes.len() - n] >= 0xc0);
        let begun = begun.filter(|n| !last && *n < character_length(bytes[bytes.len() - n])).unwrap_or(0);
        self.tail = bytes.split_off(bytes.len() - begun);
        for chunk in bytes.utf8_chunks() {
            self.valid |= !chunk.valid().is_ascii();
            self.invalid |= !chunk.invalid().is_empty();
        }
    }
}

/// How long a UTF-8 character is that begins with `lead`; 1 for what begins none.
fn character_length(lead: u8) -> usize {
    match lead {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    }
}

/// Writes redacted UTF-8 back in the encoding of the source. Text may come cut anywhere, also within a character.
pub(super) struct Encoder {
    encoding: Encoding,
    begun: Vec<u8>,
}

impl Encoder {
    pub(super) fn new(encoding: Encoding) -> Self {
        Self { encoding, begun: Vec::new() }
    }

    /// The next part of the text.
    pub(super) fn encode(&mut self, text: Vec<u8>) -> Vec<u8> {
        if self.encoding == Encoding::Utf8 {
            return text;
        }
        let mut bytes = std::mem::take(&mut self.begun);
        bytes.extend_from_slice(&text);
        let mut out = Vec::with_capacity(bytes.len() * 2);
        let mut at = 0;
        while at < bytes.len() {
            let length = character_length(bytes[at]);
            let rest = &bytes[at + 1..];
            let follow = rest.iter().take(length - 1).take_while(|b| **b & 0xc0 == 0x80).count();
            if follow + 1 == length {
                let lead = u32::from(bytes[at]) & [0, 0x7f, 0x1f, 0x0f, 0x07][length];
                let code = rest[..follow].iter().fold(lead, |code, b| (code << 6) | u32::from(b & 0x3f));
                self.push(if length == 1 && bytes[at] >= 0x80 { 0xfffd } else { code }, &mut out);
                at += length;
            } else if follow == rest.len() {
                self.begun = bytes.split_off(at);
                break;
            } else {
                // A rule took a part of a character: what is left of it has no meaning.
                self.push(0xfffd, &mut out);
                at += 1 + follow;
            }
        }
        out
    }

    /// What is still to be written at the end, `odd` being the byte that was half a unit.
    pub(super) fn finish(&mut self, odd: Option<u8>) -> Vec<u8> {
        let mut out = Vec::new();
        if !std::mem::take(&mut self.begun).is_empty() {
            self.push(0xfffd, &mut out);
        }
        out.extend(odd);
        out
    }

    fn push(&self, code: u32, out: &mut Vec<u8>) {
        match self.encoding {
            Encoding::Utf8 => push_code(code, out),
            Encoding::Windows1252 => out.push(match u8::try_from(code) {
                Ok(byte) if !(0x80..0xa0).contains(&byte) => byte,
                _ => {
                    let place = WINDOWS_1252.iter().position(|known| u32::from(*known) == code);
                    place.and_then(|n| u8::try_from(n).ok()).map_or(b'?', |n| 0x80 + n)
                }
            }),
            wide => {
                let mut unit = |unit: u16| {
                    out.extend(if wide == Encoding::Utf16Be { unit.to_be_bytes() } else { unit.to_le_bytes() });
                };
                match u16::try_from(code) {
                    Ok(single) => unit(single),
                    Err(_) => {
                        let beyond = (code - 0x10000) & 0xf_ffff;
                        unit(0xd800 + (beyond >> 10) as u16);
                        unit(0xdc00 + (beyond & 0x3ff) as u16);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Decodes `bytes` and encodes the result in parts of `size` bytes.
    fn there_and_back(bytes: &[u8], encoding: Encoding, size: usize) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let mut decoder = Decoder::new(bytes, encoding);
        let mut text = Vec::new();
        decoder.read_to_end(&mut text)?;
        let mut encoder = Encoder::new(encoding);
        let mut back: Vec<u8> = text.chunks(size).flat_map(|part| encoder.encode(part.to_vec())).collect();
        back.extend(encoder.finish(decoder.odd_byte()));
        Ok((text, back))
    }

    fn wide(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn utf_16_is_known_by_its_mark_or_its_nul_bytes_and_binary_is_refused() {
        assert_eq!(Encoding::of(&wide("plain text", u16::to_le_bytes)), Some(Encoding::Utf16Le));
        assert_eq!(Encoding::of(b"\xfe\xff\x00a"), Some(Encoding::Utf16Be));
        assert_eq!(Encoding::of(b"caf\xe9"), Some(Encoding::Utf8));
        assert_eq!(Encoding::of(b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00"), None);
    }

    #[test]
    fn utf_16_reads_as_utf_8_and_is_written_back_to_the_byte() {
        for (encoding, unit) in
            [(Encoding::Utf16Be, u16::to_be_bytes as fn(u16) -> [u8; 2]), (Encoding::Utf16Le, u16::to_le_bytes)]
        {
            let source = wide("\u{feff}naïve 🙂\r\n", unit);
            let (text, back) = there_and_back(&source, encoding, 1).expect("decodes");
            assert_eq!((text, back), ("\u{feff}naïve 🙂\r\n".as_bytes().to_vec(), source));
        }
    }

    #[test]
    fn lone_surrogates_and_an_odd_last_byte_come_back() {
        let mut source: Vec<u8> = [0x61, 0xd83d, 0x62, 0xde42, 0xd83d, 0xd83d, 0xde42, 0xd800]
            .into_iter()
            .flat_map(u16::to_le_bytes)
            .collect();
        source.push(b'x');
        for size in [1, 2, 3, 100] {
            assert_eq!(there_and_back(&source, Encoding::Utf16Le, size).expect("decodes").1, source);
        }
    }

    #[test]
    fn latin_1_is_known_at_its_end_and_mixed_bytes_are_not_taken_for_it() {
        let legacy = |bytes: &[u8]| {
            let mut decoder = Decoder::new(bytes, Encoding::Utf8);
            io::copy(&mut decoder, &mut io::sink()).expect("reads");
            decoder.is_legacy()
        };
        assert!(legacy(b"Gr\xfc\xdfe\n"));
        assert!(!legacy(b"plain\n") && !legacy("Grüße\n".as_bytes()));
        assert!(!legacy(b"Gr\xc3\xbc\xc3\x9fe \xff\n"));
        // A character across the border of two windows is whole.
        let mut long = vec![b'x'; WINDOW - 1];
        long.extend_from_slice("ü and more".as_bytes());
        assert!(!legacy(&long));
    }

    proptest! {
        #[test]
        fn every_byte_of_windows_1252_comes_back(bytes in prop::collection::vec(0x20u8.., 0..300), size in 1usize..9) {
            // DEL is a control character: many of them are no text.
            prop_assume!(!looks::is_binary(&bytes));
            prop_assert_eq!(there_and_back(&bytes, Encoding::Windows1252, size).expect("text").1, bytes);
        }

        #[test]
        fn every_unit_of_utf_16_comes_back(units in prop::collection::vec(0x20u16..0xe000, 0..300), size in 1usize..9) {
            let bytes: Vec<u8> = units.into_iter().flat_map(u16::to_be_bytes).collect();
            prop_assert_eq!(there_and_back(&bytes, Encoding::Utf16Be, size).expect("text").1, bytes);
        }
    }
}
