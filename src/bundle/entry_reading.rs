//! Reads one entry of a bundle once: it is expanded, checked and hashed while somebody looks at the same bytes.

use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use super::checked::{CheckedStructure, Entry};
use super::content::ArtifactReader;
use super::error::BundleError;
use super::problem::Problem;
use super::source::BLOCK;
use crate::model::Sha256Digest;

/// Entries at least this large, expanded, are begun first, so that none is left over for one thread at the end; and they are
/// expanded and hashed on another thread than the one that looks.
pub(super) const LARGE: u64 = 8 << 20;

/// Bytes that pass from the one thread to the other at once, and how many such blocks may wait.
const PASSED: usize = 256 << 10;
const WAITING: usize = 4;

/// Opens an artifact for somebody who looks at it. The first time the bytes come from the one pass that checks them.
pub(super) type Open<'o, 'a> = &'o dyn Fn() -> io::Result<Box<dyn Read + Send + 'a>>;

/// Somebody who looks at entries while they are read.
pub(super) trait Onlooker: Sync {
    /// What the look comes to.
    type Seen: Send + Sync;
    /// Why nothing can be looked at any more.
    type Failed: Send + Sync + From<BundleError>;

    /// Looks at an entry; `None` where there is nothing to look for. What was seen of an entry that turns out not to be
    /// readable to its end is dropped.
    fn look<'a>(&self, entry: &Entry, open: Open<'_, 'a>) -> Result<Option<Self::Seen>, Self::Failed>;
}

/// Nobody looks.
pub(super) struct Nobody;

impl Onlooker for Nobody {
    type Seen = ();
    type Failed = BundleError;

    fn look<'a>(&self, _: &Entry, _: Open<'_, 'a>) -> Result<Option<()>, BundleError> {
        Ok(None)
    }
}

/// One entry, read.
pub(super) struct EntryRead<Seen> {
    /// Of its packed bytes.
    pub packed: Sha256Digest,
    /// Its digest and number of lines, or what is wrong with it.
    pub content: Result<(Sha256Digest, RangeInclusive<u64>), Problem>,
    /// What the onlooker saw of it.
    pub seen: Option<Seen>,
}

/// What an onlooker has seen, and the digests of the entry as it was read again for that.
type Shown<Seen, Failed> = Result<(Option<Seen>, Vec<Sha256Digest>), Failed>;

/// The reading of one entry.
pub(super) struct EntryReading<'a> {
    pub structure: &'a CheckedStructure,
    pub entry: &'a Entry,
    /// Set when nobody needs it any more.
    pub stop: &'a AtomicBool,
    /// Counts packed bytes.
    pub done: &'a AtomicU64,
}

impl<'a> EntryReading<'a> {
    /// Reads it to its end, and shows it to `onlooker` meanwhile.
    pub fn read<O: Onlooker>(&self, onlooker: &O) -> Result<EntryRead<O::Seen>, O::Failed> {
        let reader = ArtifactReader::new(self.structure.source(), self.entry, None).with_packed_digest();
        let reader = Checked { reader, end: None };
        if self.entry.size() < LARGE {
            let shared = Mutex::new(reader);
            let seen = self.show(onlooker, Box::new(Shared { reading: self, shared: &shared }));
            let mut reader = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
            let mut block = vec![0; usize::try_from(self.entry.size()).unwrap_or(BLOCK).clamp(1, BLOCK)];
            while self.pass(&mut reader, &mut block) > 0 {}
            return self.end(reader, seen);
        }
        std::thread::scope(|scope| {
            let (send, receive) = sync_channel(WAITING);
            let pump = scope.spawn(|| self.pump(reader, send));
            let seen = self.show(onlooker, Box::new(Passed { receive, block: Vec::new(), used: 0 }));
            match pump.join() {
                Ok(reader) => self.end(reader, seen),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Shows the entry to the onlooker: `first` the first time that it opens it, then the file once more.
    fn show<'r, O: Onlooker>(&'r self, onlooker: &O, first: Box<dyn Read + Send + 'r>) -> Shown<O::Seen, O::Failed> {
        let (first, again) = (Mutex::new(Some(first)), Mutex::new(Vec::new()));
        let open = || -> io::Result<Box<dyn Read + Send + '_>> {
            if let Some(first) = first.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Ok(first);
            }
            let reader = ArtifactReader::new(self.structure.source(), self.entry, None);
            Ok(Box::new(Again { reading: self, reader, digests: &again }))
        };
        let seen = onlooker.look(self.entry, &open)?;
        Ok((seen, again.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Reads on into `block`; 0 at the end, whatever ended it.
    fn pass(&self, reader: &mut Checked<'_>, block: &mut [u8]) -> usize {
        if reader.end.is_some() {
            return 0;
        }
        if self.stop.load(Ordering::Relaxed) {
            reader.end = Some(Err(BundleError::Interrupted));
            return 0;
        }
        let before = reader.reader.packed_read();
        let read = reader.reader.read(block);
        self.done.fetch_add(reader.reader.packed_read() - before, Ordering::Relaxed);
        match read {
            Ok(0) => reader.end = Some(Ok(())),
            Ok(n) => return n,
            Err(error) => reader.end = Some(Err(self.structure.error(error))),
        }
        0
    }

    /// Reads to the end and passes the blocks on, as long as somebody takes them.
    fn pump<'r>(&self, mut reader: Checked<'r>, send: SyncSender<Vec<u8>>) -> Checked<'r> {
        let mut send = Some(send);
        let mut block = vec![0; PASSED];
        loop {
            // Passed on, or cut to what was filled.
            block.resize(PASSED, 0);
            let mut filled = 0;
            while filled < PASSED {
                match self.pass(&mut reader, &mut block[filled..]) {
                    0 => break,
                    n => filled += n,
                }
            }
            if filled == 0 {
                return reader;
            }
            block.truncate(filled);
            send = send.filter(|send| send.send(std::mem::take(&mut block)).is_ok());
        }
    }

    fn end<Seen, Failed: From<BundleError>>(
        &self,
        reader: Checked<'_>,
        seen: Shown<Seen, Failed>,
    ) -> Result<EntryRead<Seen>, Failed> {
        let Checked { reader, end } = reader;
        let digest = reader.digest();
        let content = match end {
            Some(Err(BundleError::Refused(refused))) => {
                Err(Problem::Unreadable { path: self.entry.path().clone(), refused })
            }
            Some(Err(other)) => return Err(other.into()),
            Some(Ok(())) | None => Ok((digest, reader.lines())),
        };
        let packed = reader.into_packed_digest().map_err(|error| self.structure.error(error))?;
        let (seen, again) = match seen {
            // Nobody looks at what cannot be read to its end.
            _ if content.is_err() => (None, Vec::new()),
            Ok(seen) => seen,
            Err(failed) => return Err(failed),
        };
        if again.iter().any(|again| *again != digest) {
            return Err(BundleError::Changed(self.structure.path().to_owned()).into());
        }
        Ok(EntryRead { packed, content, seen })
    }
}

/// An entry on its way, and how it ended.
struct Checked<'a> {
    reader: ArtifactReader<'a>,
    end: Option<Result<(), BundleError>>,
}

impl Checked<'_> {
    /// The end as the onlooker is told it. The error itself is kept.
    fn told(&self) -> io::Result<usize> {
        match self.end {
            Some(Err(_)) => Err(io::Error::other("the entry cannot be read to its end")),
            _ => Ok(0),
        }
    }
}

/// The one pass, read by the onlooker on the same thread.
struct Shared<'r, 'a> {
    reading: &'r EntryReading<'a>,
    shared: &'r Mutex<Checked<'a>>,
}

impl Read for Shared<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut reader = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        match self.reading.pass(&mut reader, out) {
            0 if !out.is_empty() => reader.told(),
            n => Ok(n),
        }
    }
}

/// The one pass, read by another thread. That it ended too early is seen by that thread.
struct Passed {
    receive: Receiver<Vec<u8>>,
    block: Vec<u8>,
    used: usize,
}

impl Read for Passed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.used == self.block.len() {
            match self.receive.recv() {
                Ok(block) => (self.block, self.used) = (block, 0),
                Err(_) => return Ok(0),
            }
        }
        let n = out.len().min(self.block.len() - self.used);
        out[..n].copy_from_slice(&self.block[self.used..][..n]);
        self.used += n;
        Ok(n)
    }
}

/// A second reading, for an onlooker who was wrong about what the entry is. Its digest has to be that of the first.
struct Again<'r, 'a> {
    reading: &'r EntryReading<'a>,
    reader: ArtifactReader<'a>,
    digests: &'r Mutex<Vec<Sha256Digest>>,
}

impl Read for Again<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.reading.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other(BundleError::Interrupted));
        }
        let n = self.reader.read(out)?;
        if n == 0 && !out.is_empty() {
            self.digests.lock().unwrap_or_else(PoisonError::into_inner).push(self.reader.digest());
        }
        Ok(n)
    }
}
