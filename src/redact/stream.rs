//! An artifact's bytes after the rules, block by block, because it may be 10 GB.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use super::containers::{Rewriter, Tally};
use super::decode::{Decoder, Encoder, Encoding, is_not_text};
use super::in_order::InOrder;
use super::json::{Documents, JsonWalker};
use super::lines::LineState;
use super::scan::Treatment;
use super::split::{Piece, Splitter};
use super::values::ValueRules;
use super::{RedactError, Redactor, images};
use crate::platform::Hands;

/// Bytes that a block grows to before it is handed out, about.
const BLOCK: usize = 512 << 10;

/// Replacements by rule id or kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts(BTreeMap<String, u64>);

impl Counts {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// What they come to, with the encoding seen.
    pub(super) fn summary(self, encoding: Option<&'static str>) -> Summary {
        Summary { redactions: self.0, encoding, notes: Vec::new() }
    }

    pub(super) fn add(&mut self, name: &str) {
        self.add_many(name, 1);
    }

    fn add_many(&mut self, name: &str, many: u64) {
        match self.0.get_mut(name) {
            Some(count) => *count += many,
            None => {
                self.0.insert(name.to_owned(), many);
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.merge_named(&other.0);
    }

    pub(super) fn merge_named(&mut self, other: &BTreeMap<String, u64>) {
        other.iter().for_each(|(name, many)| self.add_many(name, *many));
    }
}

/// A run of redacted bytes that no longer holds any known secret. Only this room can make one.
#[derive(Debug)]
pub struct RedactedBlock(Vec<u8>);

impl RedactedBlock {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What the redaction of an artifact came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Replacements by rule id, or by kind for own names and addresses.
    pub redactions: BTreeMap<String, u64>,
    /// The encoding seen, for texts.
    pub encoding: Option<&'static str>,
    /// What is missing from it: files in an archive that were left out.
    pub notes: Vec<String>,
}

/// One step of a [`Redacted`] stream.
#[derive(Debug)]
pub enum Step {
    /// The next bytes.
    Block(RedactedBlock),
    /// Nothing follows.
    End(Summary),
}

impl Step {
    /// Bytes that were redacted and checked in this room.
    pub(super) fn block(bytes: Vec<u8>) -> Self {
        Self::Block(RedactedBlock(bytes))
    }
}

/// An artifact after the rules. Yields blocks, then one [`Step::End`]; an error means that the artifact must be left out.
pub struct Redacted<'a> {
    steps: Box<dyn Iterator<Item = Result<Step, RedactError>> + 'a>,
}

impl std::fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redacted(…)")
    }
}

impl<'a> Redacted<'a> {
    /// A stream of steps that were made elsewhere, such as on another thread; blocks cannot be made outside this room.
    pub fn from_steps(steps: impl Iterator<Item = Result<Step, RedactError>> + 'a) -> Self {
        Self { steps: Box::new(steps) }
    }
}

impl Iterator for Redacted<'_> {
    type Item = Result<Step, RedactError>;
    fn next(&mut self) -> Option<Self::Item> {
        self.steps.next()
    }
}

/// The walker's word for it.
pub(super) fn documents(lines: bool) -> Documents {
    if lines { Documents::Many } else { Documents::One }
}

/// Looks once more for every known secret before a block leaves this room.
#[derive(Default)]
pub(super) struct LastLook {
    tail: Vec<u8>,
}

impl LastLook {
    /// Before the text is put in another encoding, where no secret could be seen.
    pub(super) fn pass(&mut self, redactor: &Redactor, bytes: &[u8]) -> Result<(), RedactError> {
        Self::within(redactor, bytes)?;
        self.across(redactor, bytes)
    }

    /// Looks into one block.
    fn within(redactor: &Redactor, bytes: &[u8]) -> Result<(), RedactError> {
        if redactor.seeds.stands_in(bytes) { Err(RedactError::SecretLeft) } else { Ok(()) }
    }

    /// Looks across the border between a block and those before it.
    fn across(&mut self, redactor: &Redactor, bytes: &[u8]) -> Result<(), RedactError> {
        let keep = redactor.seeds.longest().saturating_sub(1);
        if keep > 0 {
            self.tail.extend_from_slice(&bytes[..bytes.len().min(keep)]);
            if redactor.seeds.stands_in(&self.tail) {
                return Err(RedactError::SecretLeft);
            }
            self.tail.extend_from_slice(&bytes[bytes.len().min(keep)..]);
            self.tail.drain(..self.tail.len().saturating_sub(keep));
        }
        Ok(())
    }
}

/// The work on one source: what makes the next bytes.
enum Work<'a> {
    Text(Box<TextWork<'a>>),
    Json(Box<JsonWork<'a>>),
    Archive { rewriter: Box<Rewriter<'a>>, tally: Tally, waiting: Vec<u8>, given: usize },
    Image { reader: Box<dyn Read + Send + 'a>, format: images::Format },
    Refused(Option<RedactError>),
    Done,
}

type TextWork<'a> = InOrder<Decoder<Box<dyn Read + Send + 'a>>, Replaced>;

/// A piece of a text after the rules; it holds no known secret.
struct Replaced {
    bytes: Vec<u8>,
    counts: Counts,
}

struct JsonWork<'a> {
    reader: Decoder<Box<dyn Read + Send + 'a>>,
    /// `None` at the end.
    walker: Option<JsonWalker<ValueRules>>,
    chunk: Vec<u8>,
}

struct Stream<'a> {
    redactor: Arc<Redactor>,
    work: Work<'a>,
    last_look: LastLook,
    encoder: Encoder,
    /// The last byte of UTF-16 with an odd number of them.
    odd: Option<u8>,
    counts: Counts,
    /// Of a text.
    encoding: Option<Encoding>,
    notes: Vec<String>,
    ended: bool,
}

impl Redactor {
    /// Redacts `input` as pass 1 found it should be treated. Lazy: each step reads, replaces and checks about half a MiB.
    pub fn redact<'a>(self: &Arc<Self>, treatment: &Treatment, input: Box<dyn Read + Send + 'a>) -> Redacted<'a> {
        self.redact_with(&Hands::default(), treatment, input)
    }

    /// The same, together with whoever has time: then it is some pieces ahead of what is taken from it.
    pub fn redact_with<'a>(
        self: &Arc<Self>,
        hands: &Hands,
        treatment: &Treatment,
        input: Box<dyn Read + Send + 'a>,
    ) -> Redacted<'a> {
        let mut encoding = None;
        let work = match treatment {
            Treatment::Text(seen) => {
                encoding = Some(*seen);
                let splitter = Splitter::new(Decoder::new(input, *seen));
                Work::Text(Box::new(InOrder::new(self, splitter, replaced, hands.clone())))
            }
            Treatment::Json { lines, encoding: seen } => {
                encoding = Some(*seen);
                let walker = JsonWalker::new(ValueRules::replacing(Arc::clone(self)), documents(*lines));
                Work::Json(Box::new(JsonWork {
                    reader: Decoder::new(input, *seen),
                    walker: Some(walker),
                    chunk: vec![0; 256 << 10],
                }))
            }
            Treatment::Archive(archive) => Work::Archive {
                rewriter: Box::new(Rewriter::new(Arc::clone(self), *archive, input)),
                tally: Tally::default(),
                waiting: Vec::new(),
                given: 0,
            },
            Treatment::Image(format) => Work::Image { reader: input, format: *format },
            Treatment::Binary => Work::Refused(Some(RedactError::Binary)),
            Treatment::Known(kind) => Work::Refused(Some(RedactError::Kind(kind))),
        };
        let redactor = Arc::clone(self);
        Redacted::from_steps(Stream {
            redactor,
            work,
            last_look: LastLook::default(),
            encoder: Encoder::new(encoding.unwrap_or(Encoding::Utf8)),
            odd: None,
            counts: Counts::new(),
            encoding,
            notes: Vec::new(),
            ended: false,
        })
    }

    /// Bytes that were made and redacted in this room, as an artifact.
    pub(super) fn finished(&self, bytes: Vec<u8>, counts: Counts) -> Result<Redacted<'static>, RedactError> {
        LastLook::default().pass(self, &bytes)?;
        let block = RedactedBlock(bytes);
        let summary = Summary { redactions: counts.0, encoding: Some("utf-8"), notes: Vec::new() };
        Ok(Redacted::from_steps([Ok(Step::Block(block)), Ok(Step::End(summary))].into_iter()))
    }
}

impl JsonWork<'_> {
    /// The next redacted bytes, in UTF-8; `None` at the end.
    fn bytes(&mut self, counts: &mut Counts) -> Result<Option<Vec<u8>>, RedactError> {
        let Some(mut walker) = self.walker.take() else { return Ok(None) };
        let broken = |_| RedactError::Changed("it is no longer JSON");
        let mut out = Vec::with_capacity(BLOCK + self.chunk.len());
        while out.len() < BLOCK {
            let n = self.reader.read(&mut self.chunk)?;
            if n == 0 {
                *counts = walker.finish(&mut out).map_err(broken)?.into_counts()?;
                return Ok(Some(out));
            }
            walker.push(&self.chunk[..n], &mut out).map_err(broken)?;
        }
        self.walker = Some(walker);
        Ok(Some(out))
    }
}

impl Stream<'_> {
    /// The next redacted bytes, checked, texts in UTF-8; `None` at the end.
    fn bytes(&mut self) -> Result<Option<Vec<u8>>, RedactError> {
        let checked = matches!(self.work, Work::Text(_));
        let bytes = self.unchecked()?;
        if let Some(bytes) = bytes.as_ref().filter(|_| !checked) {
            self.last_look.pass(&self.redactor, bytes)?;
        }
        Ok(bytes)
    }

    fn unchecked(&mut self) -> Result<Option<Vec<u8>>, RedactError> {
        match &mut self.work {
            Work::Text(work) => {
                let Some(replaced) = work.next(binary_after_all)? else {
                    self.odd = work.reader().odd_byte();
                    self.work = Work::Done;
                    return Ok(None);
                };
                self.counts.merge(&replaced.counts);
                self.last_look.across(&self.redactor, &replaced.bytes)?;
                Ok(Some(replaced.bytes))
            }
            Work::Json(work) => {
                let bytes = work.bytes(&mut self.counts)?;
                if bytes.is_none() {
                    self.odd = work.reader.odd_byte();
                    self.work = Work::Done;
                }
                Ok(bytes)
            }
            Work::Archive { rewriter, tally, waiting, given } => {
                while *given == waiting.len() {
                    waiting.clear();
                    *given = 0;
                    if !rewriter.step(tally, waiting)? {
                        self.counts = std::mem::take(&mut tally.counts);
                        self.notes = tally.notes();
                        return Ok(None);
                    }
                }
                let end = waiting.len().min(*given + BLOCK);
                let block = waiting[*given..end].to_vec();
                *given = end;
                Ok(Some(block))
            }
            Work::Image { reader, format } => {
                let stripped = images::strip(reader, *format)?;
                self.work = Work::Done;
                Ok(Some(stripped))
            }
            Work::Refused(error) => Err(error.take().unwrap_or(RedactError::Binary)),
            Work::Done => Ok(None),
        }
    }
}

impl Stream<'_> {
    fn step(&mut self) -> Result<Step, RedactError> {
        if let Some(bytes) = self.bytes()? {
            return Ok(Step::Block(RedactedBlock(self.encoder.encode(bytes))));
        }
        let rest = self.encoder.finish(self.odd.take());
        if !rest.is_empty() {
            return Ok(Step::Block(RedactedBlock(rest)));
        }
        let encoding = self.encoding.map(Encoding::name);
        Ok(Step::End(Summary {
            redactions: std::mem::take(&mut self.counts).0,
            encoding,
            notes: std::mem::take(&mut self.notes),
        }))
    }
}

/// What is done with a piece of a text in the second pass.
fn replaced(redactor: &Redactor, piece: &Piece<'_>, state: &mut LineState) -> Result<Replaced, RedactError> {
    let mut bytes = Vec::with_capacity(piece.own_end - piece.own_start + 256);
    let mut counts = Counts::new();
    redactor.replace(piece, state, &mut bytes, &mut counts)?;
    LastLook::within(redactor, &bytes)?;
    Ok(Replaced { bytes, counts })
}

/// What looked like text at its beginning may not be.
fn binary_after_all(error: std::io::Error) -> RedactError {
    if is_not_text(&error) { RedactError::Binary } else { error.into() }
}

impl Iterator for Stream<'_> {
    type Item = Result<Step, RedactError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let step = self.step();
        self.ended = !matches!(step, Ok(Step::Block(_)));
        Some(step)
    }
}
