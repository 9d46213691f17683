//! Reads every entry of a bundle once, several at a time: expands it, checks it, takes its digest, and lets the rules look
//! at the same bytes while they pass.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::checked::{CheckedStructure, Entry};
use super::content::ArtifactReader;
use super::error::BundleError;
use super::examination::Progress;
use super::problem::Problem;
use super::source::{BLOCK, Section};
use crate::model::{ArtifactPath, Sha256Digest};

/// The most entries at a time. Reading is bound by the disk beyond that, and an agent's workstation has other work.
const MOST_THREADS: usize = 4;

/// Entries at least this large, expanded, are begun first, so that none is left over for one thread at the end; and they are
/// expanded and hashed on another thread than the one that looks.
const LARGE: u64 = 8 << 20;

/// Bytes that pass from the one thread to the other at once, and how many such blocks may wait.
const PASSED: usize = 256 << 10;
const WAITING: usize = 4;

/// How often the caller is asked whether to go on.
const ASKED: Duration = Duration::from_millis(50);

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

/// What came of reading everything.
#[derive(Debug)]
pub(super) struct Reading<Seen> {
    /// Of all entries that can be read.
    pub digests: BTreeMap<ArtifactPath, Sha256Digest>,
    /// A problem for each other.
    pub unreadable: Vec<Problem>,
    /// Of the whole file: of the same bytes that were checked.
    pub file_digest: Sha256Digest,
    /// What was seen, by path.
    pub seen: BTreeMap<ArtifactPath, Seen>,
}

/// One entry, read.
struct EntryRead<Seen> {
    /// Of its packed bytes.
    packed: Sha256Digest,
    content: Result<Sha256Digest, Problem>,
    seen: Option<Seen>,
}

/// What came of an entry, once a thread has read it.
type Answer<Seen, Failed> = OnceLock<Result<EntryRead<Seen>, Failed>>;

/// What an onlooker has seen, and the digests of the entry as it was read again for that.
type Shown<Seen, Failed> = Result<(Option<Seen>, Vec<Sha256Digest>), Failed>;

/// Reads all entries of `structure` and shows them to `onlooker`.
pub(super) fn read_all<O: Onlooker>(
    structure: &CheckedStructure,
    onlooker: &O,
    progress: Progress<'_>,
) -> Result<Reading<O::Seen>, O::Failed> {
    let entries = structure.in_file_order();
    let answers: Vec<Answer<O::Seen, O::Failed>> = entries.iter().map(|_| OnceLock::new()).collect();
    let order = order(entries);
    let (next, stop, packed) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicU64::new(0));
    let work = |_alive: std::sync::mpsc::Sender<()>| {
        while let Some(&n) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let one = EntryReading { structure, entry: &entries[n], stop: &stop, done: &packed };
            let answer = one.read(onlooker);
            // Nobody needs the others any more.
            stop.fetch_or(answer.is_err(), Ordering::Relaxed);
            let _ = answers[n].set(answer);
            if stop.load(Ordering::Relaxed) {
                break;
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_THREADS);
    let whole = std::thread::scope(|scope| {
        let (alive, ended) = channel();
        for _ in 0..threads.min(entries.len()) {
            let alive = alive.clone();
            scope.spawn(|| work(alive));
        }
        drop(alive);
        let mut go_on = || {
            let wanted = progress(packed.load(Ordering::Relaxed)).is_continue();
            stop.fetch_or(!wanted, Ordering::Relaxed);
            !stop.load(Ordering::Relaxed)
        };
        let whole = hash_file(structure, &mut go_on);
        stop.fetch_or(whole.is_err(), Ordering::Relaxed);
        // The channel closes when the last thread has ended.
        while ended.recv_timeout(ASKED) == Err(RecvTimeoutError::Timeout) {
            go_on();
        }
        whole
    });
    join(structure, answers, whole)
}

/// Large entries first, the largest at the front; the others as they stand in the file, which is how a disk likes it.
fn order(entries: &[Entry]) -> Vec<usize> {
    let large = |n: &usize| entries[*n].size() >= LARGE;
    let (mut order, small): (Vec<usize>, Vec<usize>) = (0..entries.len()).partition(large);
    order.sort_by_key(|&n| std::cmp::Reverse(entries[n].size()));
    order.extend(small);
    order
}

/// The digest of the whole file, and of each entry's packed bytes in it.
struct Whole {
    file: Sha256Digest,
    packed: Vec<Sha256Digest>,
}

/// Reads the file once from front to back.
fn hash_file(structure: &CheckedStructure, go_on: &mut dyn FnMut() -> bool) -> Result<Whole, BundleError> {
    let source = structure.source();
    let (mut file, mut at) = (Sha256::new(), 0);
    let mut packed = Vec::with_capacity(structure.in_file_order().len());
    let mut stretch = |from: u64, to: u64| {
        let (mut section, mut digest) = (Section::new(source, from, to), Sha256::new());
        while section.left() > 0 {
            if !go_on() {
                return Err(BundleError::Interrupted);
            }
            let passed = section.pass(|bytes| {
                file.update(bytes);
                digest.update(bytes);
            });
            passed.map_err(|error| source.error(error))?;
        }
        Ok(Sha256Digest(digest.finalize().into()))
    };
    for entry in structure.in_file_order() {
        let (from, to) = entry.packed_range();
        stretch(at, from)?;
        packed.push(stretch(from, to)?);
        at = to;
    }
    stretch(at, source.len())?;
    Ok(Whole { file: Sha256Digest(file.finalize().into()), packed })
}

fn join<Seen, Failed: From<BundleError>>(
    structure: &CheckedStructure,
    answers: Vec<Answer<Seen, Failed>>,
    whole: Result<Whole, BundleError>,
) -> Result<Reading<Seen>, Failed> {
    let mut answered = Vec::with_capacity(answers.len());
    for answer in answers {
        // An entry without an answer stands only behind an error.
        if let Some(answer) = answer.into_inner() {
            answered.push(answer?);
        }
    }
    let Whole { file, packed } = whole?;
    let entries = structure.in_file_order();
    if answered.len() < entries.len() {
        return Err(BundleError::Interrupted.into());
    }
    let (mut digests, mut unreadable, mut seen) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
    for ((entry, one), packed) in entries.iter().zip(answered).zip(packed) {
        if one.packed != packed {
            return Err(BundleError::Changed(structure.path().to_owned()).into());
        }
        match one.content {
            Ok(digest) => drop(digests.insert(entry.path().clone(), digest)),
            Err(problem) => unreadable.push(problem),
        }
        if let Some(one) = one.seen {
            seen.insert(entry.path().clone(), one);
        }
    }
    Ok(Reading { digests, unreadable, file_digest: file, seen })
}

/// The reading of one entry.
struct EntryReading<'a> {
    structure: &'a CheckedStructure,
    entry: &'a Entry,
    stop: &'a AtomicBool,
    done: &'a AtomicU64,
}

impl<'a> EntryReading<'a> {
    fn read<O: Onlooker>(&self, onlooker: &O) -> Result<EntryRead<O::Seen>, O::Failed> {
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
            Some(Ok(())) | None => Ok(digest),
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

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::bundle::test_bundle::{TestBundle, checked, sha256};

    const LOG: &str = "data/logs/large.log";

    /// Reads each entry once in full, and those called `.twice` again.
    struct Reader;

    impl Onlooker for Reader {
        type Seen = (u64, Sha256Digest);
        type Failed = BundleError;

        fn look<'a>(&self, entry: &Entry, open: Open<'_, 'a>) -> Result<Option<Self::Seen>, BundleError> {
            if entry.path().as_str().ends_with(".toml") {
                return Ok(None);
            }
            let mut bytes = Vec::new();
            if entry.path().as_str().ends_with("twice") {
                // Given up half-way, then read anew.
                let _ = open().and_then(|mut first| first.read(&mut [0; 10]));
                bytes.clear();
            }
            let _ = open().and_then(|mut reader| reader.read_to_end(&mut bytes));
            Ok(Some((bytes.len() as u64, sha256(&bytes))))
        }
    }

    fn large() -> TestBundle {
        let mut bundle = TestBundle::new();
        let log: Vec<u8> = (0..LARGE / 8 + 1).flat_map(|n| format!("{n:07}\n").into_bytes()).collect();
        bundle.file(LOG, &log);
        bundle.file("data/logs/large.twice", &log);
        bundle.file("data/logs/small.twice", b"a line that is longer than ten bytes\n");
        bundle
    }

    fn read<O: Onlooker>(zip: Vec<u8>, onlooker: &O) -> Result<Reading<O::Seen>, O::Failed> {
        read_all(&checked(zip).expect("a safe container"), onlooker, &mut |_| ControlFlow::Continue(()))
    }

    #[test]
    fn an_onlooker_sees_the_bytes_that_are_hashed_however_large_and_however_often_it_opens_them() {
        let bundle = large();
        let zip = bundle.zip();
        let seen = read(zip.clone(), &Reader).expect("reads");
        assert_eq!(seen.file_digest, sha256(&zip));
        for (path, bytes) in bundle.files() {
            let at = ArtifactPath::nearest(&path);
            assert_eq!(seen.digests.get(&at), Some(&sha256(&bytes)), "{path}");
            let expected = (!path.ends_with(".toml")).then(|| (bytes.len() as u64, sha256(&bytes)));
            assert_eq!(seen.seen.get(&at), expected.as_ref(), "{path}");
        }
        let unseen = read(zip, &Nobody).expect("reads");
        assert_eq!((unseen.digests, unseen.file_digest), (seen.digests, seen.file_digest));
    }

    #[test]
    fn what_was_seen_of_a_damaged_entry_is_dropped_and_the_others_are_read() {
        let mut zip = large().zip();
        let at = zip.windows(LOG.len()).position(|w| w == LOG.as_bytes()).expect("its name") + 20_000;
        zip[at] ^= 0x55;
        let digest = sha256(&zip);
        let seen = read(zip, &Reader).expect("reads");
        assert_eq!(seen.unreadable.iter().map(|p| p.path().as_str()).collect::<Vec<_>>(), [LOG]);
        assert!(!seen.seen.contains_key(&ArtifactPath::nearest(LOG)));
        assert!(seen.digests.contains_key(&ArtifactPath::nearest("data/logs/large.twice")));
        assert_eq!(seen.file_digest, digest, "of all bytes, the damaged ones too");
    }

    #[test]
    fn large_entries_are_begun_first_and_small_ones_as_they_stand() {
        let structure = large().checked().expect("a safe container");
        let entries = structure.in_file_order();
        let order = order(entries);
        assert!(order[..2].iter().all(|&n| entries[n].size() >= LARGE));
        assert!(order[2..].is_sorted());
        assert_eq!(order.len(), entries.len());
    }
}
