//! The first pass: decides how a source is to be treated, gathers its secrets, writes nothing.

use std::io::Read;
use std::sync::Arc;

use super::decode::{Decoder, Encoding};
use super::images::Format;
use super::json::JsonWalker;
use super::lines::LineState;
use super::seeds::Seeds;
use super::split::Splitter;
use super::values::ValueRules;
use super::{RedactError, Redactor};

/// Bytes that decide what a source is.
const HEAD: usize = 8 << 10;

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
    /// Not at all: it is left out.
    Binary,
}

impl Treatment {
    /// What the first bytes of a source say, where it can be read only once: a picture, a text and its encoding, or nothing
    /// that can be redacted.
    pub fn of_head(head: &[u8]) -> Result<Self, RedactError> {
        if AGE.iter().any(|start| head.starts_with(start)) {
            return Err(RedactError::Encrypted);
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
        let mut reader = open()?;
        let mut head = Vec::with_capacity(HEAD);
        reader.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        if AGE.iter().any(|start| head.starts_with(start)) {
            return Err(RedactError::Encrypted);
        }
        if hint == MediaHint::Image {
            let treatment = Format::of(&head).map_or(Treatment::Binary, Treatment::Image);
            return Ok(Scan { treatment, seeds: Seeds::default(), bytes: 0, note: None });
        }
        let Some(encoding) = Encoding::of(&head) else {
            return Ok(Scan {
                treatment: Treatment::Binary,
                seeds: Seeds::default(),
                bytes: head.len() as u64,
                note: None,
            });
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
                Err(RedactError::Read(e)) if e.kind() != std::io::ErrorKind::InvalidData => return Err(e.into()),
                Err(_) => note = Some("is not valid JSON, so it was treated as plain text"),
            }
            reader = open()?;
            head = Vec::new();
        }
        let mut counted = Counted { reader: std::io::Cursor::new(head).chain(reader), bytes: 0 };
        let mut splitter = Splitter::new(Decoder::new(&mut counted, encoding));
        let (mut state, mut seeds) = (LineState::default(), Seeds::default());
        loop {
            match splitter.piece() {
                Ok(Some(piece)) => self.gather(&piece, &mut state, &mut seeds)?,
                Ok(None) => break,
                Err(e) if e.kind() == std::io::ErrorKind::InvalidData => {
                    return Ok(Scan {
                        treatment: Treatment::Binary,
                        seeds: Seeds::default(),
                        bytes: counted.bytes,
                        note: None,
                    });
                }
                Err(e) => return Err(e.into()),
            }
        }
        drop(splitter);
        Ok(Scan { treatment: Treatment::Text(encoding), seeds, bytes: counted.bytes, note })
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
