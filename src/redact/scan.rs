//! The first pass: decides how a source is to be treated, gathers its secrets, writes nothing.

use std::io::Read;
use std::sync::Arc;

use super::decode::{Decoder, Encoding, is_not_text};
use super::images::Format;
use super::in_order::InOrder;
use super::json::JsonWalker;
use super::lines::LineState;
use super::seeds::Seeds;
use super::split::{Piece, Splitter};
use super::values::ValueRules;
use super::{RedactError, Redactor, kinds};
use crate::archive::Archive;
use crate::platform::Hands;

/// Bytes that decide what a source is.
pub(super) const HEAD: usize = 8 << 10;

/// How files begin that are encrypted with age, also in armour.
const AGE: [&[u8]; 2] = [b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----"];

/// What a collector knows about its source before anyone has read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaHint {
    /// Text, line by line.
    Text,
    /// One JSON document, HAR among them.
    Json,
    /// JSON documents one after the other.
    JsonLines,
    /// A picture.
    Image,
}

impl MediaHint {
    /// By the extension of a file name; text where it tells nothing.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        let is = |extensions: &[&str]| extensions.iter().any(|e| lower.ends_with(e));
        if is(&[".json", ".har"]) {
            Self::Json
        } else if is(&[".ndjson", ".jsonl"]) {
            Self::JsonLines
        } else if is(&[".png", ".jpg", ".jpeg", ".webp"]) {
            Self::Image
        } else {
            Self::Text
        }
    }
}

/// How the second pass is to treat a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// As lines of text.
    Text(Encoding),
    /// As JSON; `lines` for several documents one after the other.
    Json {
        /// Several top-level values.
        lines: bool,
        /// How it is written.
        encoding: Encoding,
    },
    /// As a picture, whose metadata goes.
    Image(Format),
    /// As an archive, which is written anew with each file inside redacted.
    Archive(Archive),
    /// Not at all: it is left out.
    Binary,
    /// Not at all, because it is this.
    Known(&'static str),
}

impl Treatment {
    /// The media type of what comes out, where the bytes tell it better than the name of the source.
    #[must_use]
    pub fn media_type(&self) -> Option<&'static str> {
        match self {
            Self::Image(format) => Some(format.media_type()),
            Self::Archive(archive) => Some(archive.media_type()),
            Self::Text(_) | Self::Json { .. } | Self::Binary | Self::Known(_) => None,
        }
    }

    /// Whether what comes out has lines.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Json { .. })
    }
}

impl Treatment {
    /// What the first bytes of a source say, where it can be read only once: a picture, a text and its encoding, or nothing
    /// that can be redacted.
    pub fn of_head(head: &[u8]) -> Result<Self, RedactError> {
        if AGE.iter().any(|start| head.starts_with(start)) {
            return Err(RedactError::Encrypted);
        }
        if let Some(kind) = kinds::of(head) {
            return Ok(Self::Known(kind));
        }
        if let Some(archive) = Archive::of(head) {
            return Ok(Self::Archive(archive));
        }
        if let Some(format) = Format::of(head) {
            return Ok(Self::Image(format));
        }
        Ok(Encoding::of(head).map_or(Self::Binary, Self::Text))
    }

    /// Whether the result is text that a terminal can show.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        matches!(self, Self::Text(Encoding::Utf8) | Self::Json { encoding: Encoding::Utf8, .. })
    }
}

/// What the first pass learned about a source.
#[derive(Debug)]
pub struct Scan {
    /// How to treat it.
    pub treatment: Treatment,
    /// Its secrets.
    pub seeds: Seeds,
    /// Bytes read.
    pub bytes: u64,
    /// Why it is not treated as its name suggests.
    pub note: Option<&'static str>,
}

impl Redactor {
    /// Reads `open`'s stream to its end. JSON that turns out broken is read again as text, so that it is never passed raw;
    /// hence a function that opens, not a stream.
    pub fn scan(
        self: &Arc<Self>,
        hint: MediaHint,
        open: &mut dyn FnMut() -> std::io::Result<Box<dyn Read + Send>>,
    ) -> Result<Scan, RedactError> {
        self.scan_with(&Hands::default(), hint, open)
    }

    /// The same, together with whoever has time.
    pub fn scan_with(
        self: &Arc<Self>,
        hands: &Hands,
        hint: MediaHint,
        open: &mut dyn FnMut() -> std::io::Result<Box<dyn Read + Send>>,
    ) -> Result<Scan, RedactError> {
        let mut reader = open()?;
        let mut head = Vec::with_capacity(HEAD);
        reader.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        if let Some(kind) = kinds::of(&head) {
            let (treatment, bytes) = (Treatment::Known(kind), head.len() as u64);
            return Ok(Scan { treatment, seeds: Seeds::default(), bytes, note: None });
        }
        if let Some(archive) = Archive::of(&head) {
            return self.scan_as_archive(archive, Box::new(std::io::Cursor::new(head).chain(reader)));
        }
        self.scan_plain(hands, hint, head, reader, open)
    }

    fn scan_as_archive(self: &Arc<Self>, archive: Archive, reader: Box<dyn Read + Send>) -> Result<Scan, RedactError> {
        let mut counted = Counted { reader, bytes: 0 };
        let (seeds, readable) = self.scan_archive(archive, Box::new(&mut counted))?;
        let treatment = if readable { Treatment::Archive(archive) } else { Treatment::Known("a damaged archive") };
        Ok(Scan { treatment, seeds, bytes: counted.bytes, note: None })
    }

    /// As [`Redactor::scan`], for a file that is no archive.
    pub(super) fn scan_file(
        self: &Arc<Self>,
        hint: MediaHint,
        open: &mut dyn FnMut() -> std::io::Result<Box<dyn Read + Send>>,
    ) -> Result<Scan, RedactError> {
        let mut reader = open()?;
        let mut head = Vec::with_capacity(HEAD);
        reader.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        self.scan_plain(&Hands::default(), hint, head, reader, open)
    }

    fn scan_plain(
        self: &Arc<Self>,
        hands: &Hands,
        hint: MediaHint,
        mut head: Vec<u8>,
        mut reader: Box<dyn Read + Send>,
        open: &mut dyn FnMut() -> std::io::Result<Box<dyn Read + Send>>,
    ) -> Result<Scan, RedactError> {
        if AGE.iter().any(|start| head.starts_with(start)) {
            return Err(RedactError::Encrypted);
        }
        let without = |treatment, bytes| Scan { treatment, seeds: Seeds::default(), bytes, note: None };
        let length = head.len() as u64;
        if let Some(format) = Format::of(&head) {
            return Ok(without(Treatment::Image(format), length));
        }
        let Some(mut encoding) = Encoding::of(&head).filter(|_| hint != MediaHint::Image) else {
            return Ok(without(Treatment::Binary, length));
        };
        let mut note = None;
        if matches!(hint, MediaHint::Json | MediaHint::JsonLines) {
            let lines = hint == MediaHint::JsonLines;
            let mut counted = Counted { reader: std::io::Cursor::new(head).chain(reader), bytes: 0 };
            match self.scan_json(&mut counted, encoding, lines) {
                Ok(seeds) => {
                    let treatment = Treatment::Json { lines, encoding };
                    return Ok(Scan { treatment, seeds, bytes: counted.bytes, note: None });
                }
                Err(RedactError::Read(e)) if !is_not_text(&e) => return Err(e.into()),
                Err(_) => note = Some("is not valid JSON, so it was treated as plain text"),
            }
            reader = open()?;
            head = Vec::new();
        }
        loop {
            let mut counted = Counted { reader: std::io::Cursor::new(head).chain(reader), bytes: 0 };
            let Some((seeds, legacy)) = self.scan_text(hands, &mut counted, encoding)? else {
                return Ok(without(Treatment::Binary, counted.bytes));
            };
            if !legacy {
                return Ok(Scan { treatment: Treatment::Text(encoding), seeds, bytes: counted.bytes, note });
            }
            // Read again with each byte as a character, so that names and rules with such letters work.
            encoding = Encoding::Windows1252;
            reader = open()?;
            head = Vec::new();
        }
    }

    /// The secrets of a text, and whether it is in no kind of Unicode; `None` for what is binary after all.
    fn scan_text(
        self: &Arc<Self>,
        hands: &Hands,
        reader: &mut dyn Read,
        encoding: Encoding,
    ) -> Result<Option<(Seeds, bool)>, RedactError> {
        let splitter = Splitter::new(Decoder::new(reader, encoding));
        let mut pieces = InOrder::new(self, splitter, gathered, hands.clone());
        let mut seeds = Seeds::default();
        loop {
            match pieces.next(RedactError::Read) {
                Ok(Some(found)) => seeds.merge(found),
                Ok(None) => return Ok(Some((seeds, pieces.reader().is_legacy()))),
                Err(RedactError::Read(e)) if is_not_text(&e) => return Ok(None),
                Err(e) => return Err(e),
            }
        }
    }

    fn scan_json(
        self: &Arc<Self>,
        reader: &mut dyn Read,
        encoding: Encoding,
        lines: bool,
    ) -> Result<Seeds, RedactError> {
        let mut walker = JsonWalker::new(ValueRules::gathering(Arc::clone(self)), super::stream::documents(lines));
        let mut reader = Decoder::new(reader, encoding);
        let (mut chunk, mut out) = (vec![0; 256 << 10], Vec::new());
        let broken = |_| RedactError::Changed("it is not JSON");
        loop {
            let n = reader.read(&mut chunk)?;
            if n == 0 {
                return walker.finish(&mut out).map_err(broken)?.into_seeds();
            }
            walker.push(&chunk[..n], &mut out).map_err(broken)?;
            out.clear();
        }
    }
}

/// What is done with a piece of a text in the first pass.
fn gathered(redactor: &Redactor, piece: &Piece<'_>, state: &mut LineState) -> Result<Seeds, RedactError> {
    let mut seeds = Seeds::default();
    redactor.gather(piece, state, &mut seeds)?;
    Ok(seeds)
}

struct Counted<R> {
    reader: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.reader.read(buf)?;
        self.bytes += n as u64;
        Ok(n)
    }
}
