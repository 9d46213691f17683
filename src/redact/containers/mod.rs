//! Archives: each file inside is treated like a source by its own name and first bytes, and the archive is written anew
//! with the same members in the same order. What can't be redacted is replaced by `NAME.withheld.txt`, which says why.
//!
//! Everything in an archive is hostile. Its names never become paths; what it expands to, how many members it has and how
//! deep it nests are limited, for all archives inside each other together.

mod gather;
mod names;
mod rewrite;
#[cfg(test)]
mod tests;

use std::io::{self, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub(super) use rewrite::Rewriter;

use super::scan::MediaHint;
use super::stream::Counts;
use super::{RedactError, Redactor, Seeds, kinds};
use crate::archive::{Archive, Compression, Members, expand, expanded_name};

/// Archives inside each other. Support archives hold one or two; a bomb holds itself.
const DEPTH: usize = 3;

/// Bytes of one member, as it stands in the archive and as it will: both are held in memory, because a tar names the size
/// of a member before its bytes.
const MEMBER: usize = 64 << 20;

/// Bytes that one artifact may hold in memory, archives inside archives included.
const ROOM: usize = 128 << 20;

/// Bytes to which one artifact may expand. Logs shrink to a tenth or less, so an archive under the default cap for a file comes
/// nowhere near; a bomb does.
const EXPANDED: u64 = 4 << 30;

/// Members of one artifact: a source tree has tens of thousands, a bomb millions.
const MEMBERS: u64 = 100_000;

/// Left-out members that the manifest names one by one.
const NAMED: usize = 5;

/// What one artifact may still cost.
#[derive(Debug)]
struct Allowance {
    bytes: AtomicU64,
    members: AtomicU64,
    spent: AtomicBool,
}

impl Allowance {
    fn new(bytes: u64, members: u64) -> Arc<Self> {
        Arc::new(Self { bytes: AtomicU64::new(bytes), members: AtomicU64::new(members), spent: AtomicBool::new(false) })
    }

    fn take(&self, from: &AtomicU64, amount: u64) -> io::Result<()> {
        // One thread works on an artifact, so nothing comes between. Once it was too much, nothing more is taken.
        match from.load(Ordering::Relaxed).checked_sub(amount).filter(|_| !self.is_spent()) {
            Some(left) => from.store(left, Ordering::Relaxed),
            None => {
                self.spent.store(true, Ordering::Relaxed);
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, "expands to more than the limit"));
            }
        }
        Ok(())
    }

    fn is_spent(&self) -> bool {
        self.spent.load(Ordering::Relaxed)
    }
}

/// Takes what it reads from the allowance.
struct Metered<R> {
    reader: R,
    allowance: Arc<Allowance>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buf)?;
        self.allowance.take(&self.allowance.bytes, n as u64)?;
        Ok(n)
    }
}

/// The artifact itself. Remembers whether reading it failed: then the archive is not damaged, but the disk.
struct Outer<'a> {
    reader: Box<dyn Read + Send + 'a>,
    failed: Arc<AtomicBool>,
}

impl Read for Outer<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buf).inspect_err(|e| {
            if e.kind() != io::ErrorKind::Interrupted {
                self.failed.store(true, Ordering::Relaxed);
            }
        })
    }
}

/// What the work on one archive shares.
#[derive(Clone)]
struct Inside {
    redactor: Arc<Redactor>,
    allowance: Arc<Allowance>,
    depth: usize,
    room: usize,
}

/// One file inside, in memory, opened as often as needed.
struct Leaf {
    bytes: Arc<[u8]>,
    compression: Option<Compression>,
    /// Its name without the ending of the compression.
    name: String,
    head: Vec<u8>,
}

/// What a file inside is.
enum Nature {
    File(MediaHint),
    Archive(Archive),
}

impl Inside {
    fn new(redactor: Arc<Redactor>) -> Self {
        Self { redactor, allowance: Allowance::new(EXPANDED, MEMBERS), depth: 1, room: ROOM }
    }

    /// The same for an archive of `held` bytes inside this one.
    fn deeper(&self, held: usize) -> Self {
        Self { depth: self.depth + 1, room: self.room.saturating_sub(held), ..self.clone() }
    }

    /// The bytes of the present member; `None` when they are too many. In either case nothing of it is left to read.
    fn body(&self, members: &mut Members<'_>) -> io::Result<Option<Arc<[u8]>>> {
        let most = MEMBER.min(self.room / 2);
        let mut metered = Metered { reader: members, allowance: Arc::clone(&self.allowance) };
        let mut bytes = Vec::new();
        metered.by_ref().take(most as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > most {
            io::copy(&mut metered, &mut io::sink())?;
            return Ok(None);
        }
        Ok(Some(bytes.into()))
    }

    fn leaf(&self, name: &str, bytes: Arc<[u8]>) -> Result<Leaf, RedactError> {
        let compression = Compression::of(&bytes);
        let plain = compression.and_then(|_| expanded_name(name)).unwrap_or_else(|| name.to_owned());
        let mut leaf = Leaf { bytes, compression, name: plain, head: Vec::new() };
        let mut head = Vec::new();
        self.open(&leaf).take(super::scan::HEAD as u64).read_to_end(&mut head)?;
        leaf.head = head;
        Ok(leaf)
    }

    fn open(&self, leaf: &Leaf) -> Box<dyn Read + Send> {
        let bytes = Cursor::new(Arc::clone(&leaf.bytes));
        match leaf.compression {
            None => Box::new(bytes),
            Some(compression) => {
                let reader = expand(bytes, compression, u64::MAX);
                Box::new(Metered { reader, allowance: Arc::clone(&self.allowance) })
            }
        }
    }

    /// What is to be done with a file inside; an error says why it is left out.
    fn nature(&self, leaf: &Leaf) -> Result<Nature, RedactError> {
        if let Some(kind) = kinds::of(&leaf.head) {
            return Err(RedactError::Kind(kind));
        }
        match Archive::of(&leaf.head) {
            None => Ok(Nature::File(MediaHint::of_name(&leaf.name))),
            Some(_) if self.depth >= DEPTH => Err(RedactError::Limit("an archive inside three others")),
            Some(archive) => Ok(Nature::Archive(archive)),
        }
    }

    fn members(&self, archive: Archive, leaf: &Leaf) -> Members<'static> {
        Members::new(archive, Box::new(BufReader::new(self.open(leaf))))
    }
}

/// What became of the files inside.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    files: u64,
    left_out: u64,
    named: Vec<String>,
    /// Why reading ended before the end.
    ended: Option<&'static str>,
}

impl Tally {
    fn leave_out(&mut self, name: &str, reason: &str) {
        self.left_out += 1;
        if self.named.len() < NAMED {
            self.named.push(format!("{name} ({reason})"));
        }
    }

    /// Takes over what an archive at `name` inside came to.
    fn absorb(&mut self, name: &str, inner: Self) {
        self.counts.merge(&inner.counts);
        self.files += inner.files;
        self.left_out += inner.left_out;
        let room = NAMED - self.named.len();
        self.named.extend(inner.named.into_iter().take(room).map(|inner| format!("{name}: {inner}")));
        if let Some(why) = inner.ended {
            self.named.push(format!("{name}: what follows in it ({why})"));
            self.named.truncate(NAMED + 1);
            self.left_out += 1;
        }
    }

    /// What the manifest says beside the counts.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.left_out > 0 {
            let more = if self.left_out > self.named.len() as u64 { ", …" } else { "" };
            notes.push(format!(
                "{} of {} files inside were left out: {}{more}",
                self.left_out,
                self.files.max(self.left_out),
                self.named.join(", ")
            ));
        }
        if let Some(why) = self.ended {
            notes.push(format!("what follows after {} files inside was left out: {why}", self.files));
        }
        notes
    }
}

impl Redactor {
    /// The secrets of all files inside, and whether anything could be read.
    pub(super) fn scan_archive(
        self: &Arc<Self>,
        archive: Archive,
        reader: Box<dyn Read + Send + '_>,
    ) -> Result<(Seeds, bool), RedactError> {
        let failed = Arc::new(AtomicBool::new(false));
        let outer = Outer { reader, failed: Arc::clone(&failed) };
        let mut members = Members::new(archive, Box::new(BufReader::with_capacity(64 << 10, outer)));
        let mut seeds = Seeds::default();
        match Inside::new(Arc::clone(self)).gather(&mut members, &mut seeds) {
            Err((_, e)) if failed.load(Ordering::Relaxed) => Err(e.into()),
            Err((files, _)) => Ok((seeds, files > 0)),
            Ok(()) => Ok((seeds, true)),
        }
    }
}
