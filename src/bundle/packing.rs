//! An artifact on its way into a bundle: redacted bytes are hashed and deflated, part by part, ahead of the one who writes.
//!
//! Each part is deflated for itself and ends on a byte, so that parts which different threads made stand one after the
//! other as one deflate stream. Only what is redacted can become a part.

use std::cell::RefCell;
use std::collections::VecDeque;

use flate2::{Compress, Compression, FlushCompress};
use sha2::{Digest, Sha256};

use crate::model::Sha256Digest;
use crate::platform::{Hands, Pending};
use crate::redact::{RedactError, Redacted, RedactedBlock, Step, Summary};

/// Bytes from which on a part is large enough. Parts of this size take 0.4 % more than those of 4 MiB, of 128 KiB 2 %; the
/// last 32 KiB of the part before as a dictionary would win half of that.
const ENOUGH: usize = 512 << 10;

/// On logs, level 2 is 1.7 times as fast as level 6 and its result 8 % larger; level 1 takes 37 % more than level 6.
pub const LEVEL: u32 = 2;

/// A deflated part of an entry.
pub struct Part {
    packed: Vec<u8>,
    crc: u32,
    size: u64,
}

/// What ends with a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The part alone.
    Part,
    /// The entry.
    Entry,
}

/// What an artifact came to.
#[derive(Debug)]
pub struct Contents {
    /// Its bytes.
    pub size: u64,
    /// SHA-256 of those bytes.
    pub sha256: Sha256Digest,
    /// What the redactor did.
    pub summary: Summary,
}

/// One step of a [`Packing`].
pub enum Packed {
    /// The next part.
    Part(Part),
    /// Nothing follows.
    End(Contents),
}

/// The parts of an artifact, then one [`Packed::End`]; an error means that the artifact must be left out.
pub struct Packing<'a> {
    redacted: Redacted<'a>,
    hands: Hands,
    observe: &'a mut dyn FnMut(&[u8]),
    digest: Sha256,
    size: u64,
    gathered: Vec<RedactedBlock>,
    begun: VecDeque<Pending<Part>>,
    end: Option<Result<Summary, RedactError>>,
    ended: bool,
}

impl<'a> Packing<'a> {
    /// Packs `redacted` together with whoever has time. `observe` sees each block.
    pub fn new(redacted: Redacted<'a>, hands: Hands, observe: &'a mut dyn FnMut(&[u8])) -> Self {
        Self {
            redacted,
            hands,
            observe,
            digest: Sha256::new(),
            size: 0,
            gathered: Vec::new(),
            begun: VecDeque::new(),
            end: None,
            ended: false,
        }
    }

    /// Takes the next step of the redaction.
    fn advance(&mut self) {
        match self.redacted.next() {
            Some(Ok(Step::Block(block))) => {
                if self.gathered.iter().map(|block| block.bytes().len()).sum::<usize>() >= ENOUGH {
                    self.pack(End::Part);
                }
                self.digest.update(block.bytes());
                self.size += block.bytes().len() as u64;
                (self.observe)(block.bytes());
                self.gathered.push(block);
            }
            Some(Ok(Step::End(summary))) => {
                self.pack(End::Entry);
                self.end = Some(Ok(summary));
            }
            Some(Err(e)) => self.end = Some(Err(e)),
            None => self.end = Some(Err(RedactError::Changed("it ended early"))),
        }
    }

    fn pack(&mut self, end: End) {
        let blocks = std::mem::take(&mut self.gathered);
        let pack = move || Part::of(&blocks.iter().map(RedactedBlock::bytes).collect::<Vec<_>>(), end);
        self.begun.push_back(self.hands.lend(pack));
    }

    /// Whether to go on before the first part is handed out: as long as that is not there.
    fn wants_more(&self) -> bool {
        self.begun.front().is_none_or(|first| self.begun.len() < self.hands.reach() && !first.is_done())
    }
}

impl Iterator for Packing<'_> {
    type Item = Result<Packed, RedactError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.end.is_none() && self.wants_more() {
            self.advance();
        }
        if let Some(first) = self.begun.pop_front() {
            return Some(Ok(Packed::Part(first.wait())));
        }
        if std::mem::replace(&mut self.ended, true) {
            return None;
        }
        Some(self.end.take()?.map(|summary| {
            let sha256 = Sha256Digest(std::mem::take(&mut self.digest).finalize().into());
            Packed::End(Contents { size: self.size, sha256, summary })
        }))
    }
}

thread_local! {
    /// Its tables are a quarter of a MiB: made once a thread, not once a part.
    static DEFLATE: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(LEVEL), false));
}

impl Part {
    /// `blocks` as one part.
    pub(super) fn of(blocks: &[&[u8]], end: End) -> Self {
        let size = blocks.iter().map(|block| block.len()).sum::<usize>();
        let mut crc = crc32fast::Hasher::new();
        // Text becomes a quarter; what does not fit grows.
        let mut packed = Vec::with_capacity(size / 3 + 64);
        DEFLATE.with_borrow_mut(|deflate| {
            deflate.reset();
            for block in blocks {
                crc.update(block);
                drive(deflate, block, FlushCompress::None, &mut packed);
            }
            let flush = if end == End::Entry { FlushCompress::Finish } else { FlushCompress::Sync };
            drive(deflate, &[], flush, &mut packed);
        });
        packed.shrink_to_fit();
        Self { packed, crc: crc.finalize(), size: size as u64 }
    }

    /// How many bytes it has, deflated.
    #[must_use]
    pub fn packed_bytes(&self) -> usize {
        self.packed.len()
    }

    /// The deflated bytes.
    pub(super) fn packed(&self) -> &[u8] {
        &self.packed
    }

    /// CRC-32 of the bytes before.
    pub(super) fn crc(&self) -> u32 {
        self.crc
    }

    /// Bytes before.
    pub(super) fn size(&self) -> u64 {
        self.size
    }
}

/// Feeds all of `input`, and does all of what `flush` says.
fn drive(deflate: &mut Compress, mut input: &[u8], flush: FlushCompress, packed: &mut Vec<u8>) {
    loop {
        // Room left over says that nothing more is to come (zlib's manual, `deflate`).
        packed.reserve(64);
        let before = deflate.total_in();
        let done = deflate.compress_vec(input, packed, flush);
        input = &input[usize::try_from(deflate.total_in() - before).unwrap_or(input.len())..];
        let full = packed.len() == packed.capacity();
        // The only error that there is: called again although nothing was left to do.
        if done.is_err() || input.is_empty() && !full {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Read;

    proptest! {
        #[test]
        fn parts_stand_one_after_the_other_as_one_deflate_stream(
            parts in prop::collection::vec(prop::collection::vec((any::<u8>(), 0usize..3000), 0..5), 1..6),
        ) {
            let (mut whole, mut packed, mut crc) = (Vec::new(), Vec::new(), crc32fast::Hasher::new());
            let last = parts.len() - 1;
            for (n, runs) in parts.into_iter().enumerate() {
                let blocks: Vec<Vec<u8>> =
                    runs.into_iter().map(|(byte, many)| (0..many).map(|n| byte ^ ((n * n) >> 7) as u8).collect()).collect();
                let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
                let part = Part::of(&blocks, if n == last { End::Entry } else { End::Part });
                whole.extend(blocks.concat());
                packed.extend_from_slice(part.packed());
                crc.combine(&crc32fast::Hasher::new_with_initial_len(part.crc(), part.size()));
            }
            let mut back = Vec::new();
            flate2::read::DeflateDecoder::new(packed.as_slice()).read_to_end(&mut back).expect("a deflate stream");
            prop_assert!(back == whole && crc.finalize() == crc32fast::hash(&whole));
        }
    }

    #[test]
    fn what_must_be_withheld_never_comes_to_an_end() {
        use crate::redact::{KnownNames, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet};
        let set = std::sync::Arc::new(RuleSet::load(&[]).expect("the built-in rules"));
        let redactor = Redactor::new(set, Pseudonyms::new(b"key"), &KnownNames::default(), Privacy::Standard);
        let redactor = std::sync::Arc::new(redactor.expect("a redactor"));
        let text = "all is well\n".repeat(300_000);
        let open = || -> Box<dyn Read + Send> { Box::new(std::io::Cursor::new(text.clone())) };
        let scan = redactor.scan(MediaHint::Text, &mut || Ok(open())).expect("text");
        for threads in [1, 4] {
            crate::platform::beside(threads, |hands| {
                let blocks = redactor.redact_with(hands, &scan.treatment, open()).take(3);
                let redacted = Redacted::from_steps(blocks.chain([Err(RedactError::SecretLeft)]));
                let steps: Vec<_> = Packing::new(redacted, hands.clone(), &mut |_| {}).collect();
                assert!(matches!(steps.last(), Some(Err(RedactError::SecretLeft))) && steps.len() == 3);
            });
        }
    }
}
