//! Reads every entry of a bundle once, several at a time: expands it, checks it, takes its digest, and lets the rules look
//! at the same bytes while they pass.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::checked::{CheckedStructure, Entry};
use super::entry_reading::{EntryRead, EntryReading, LARGE, Onlooker};
use super::error::BundleError;
use super::examination::Progress;
use super::problem::Problem;
use crate::model::{ArtifactPath, Sha256Digest};

/// The most entries at a time. Reading is bound by the disk beyond that, and an agent's workstation has other work.
const MOST_THREADS: usize = 4;

/// How often the caller is asked whether to go on.
const ASKED: Duration = Duration::from_millis(50);

/// What came of reading everything.
#[derive(Debug)]
pub(super) struct Reading<Seen> {
    /// Of all entries that can be read.
    pub digests: BTreeMap<ArtifactPath, Sha256Digest>,
    /// Of the same: how many lines, without and with a last one that has no newline.
    pub lines: BTreeMap<ArtifactPath, RangeInclusive<u64>>,
    /// A problem for each other.
    pub unreadable: Vec<Problem>,
    /// Of the whole file: of the same bytes that were checked.
    pub file_digest: Sha256Digest,
    /// What was seen, by path.
    pub seen: BTreeMap<ArtifactPath, Seen>,
}

/// What came of an entry, once a thread has read it.
type Answer<Seen, Failed> = OnceLock<Result<EntryRead<Seen>, Failed>>;

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
    let (mut reader, mut at) = (source.front_to_back()?, 0);
    let mut packed = Vec::with_capacity(structure.in_file_order().len());
    let mut stretch = |from: u64, to: u64| {
        let (mut at, mut digest) = (from, Sha256::new());
        while at < to {
            if !go_on() {
                return Err(BundleError::Interrupted);
            }
            let passed = reader.pass(to - at, &mut |bytes| digest.update(bytes));
            at += passed.map_err(|error| source.error(error))?;
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
    Ok(Whole { file: reader.finish().map_err(|error| source.error(error))?, packed })
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
    let (mut digests, mut lines, mut seen) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut unreadable = Vec::new();
    for ((entry, one), packed) in entries.iter().zip(answered).zip(packed) {
        if one.packed != packed {
            return Err(BundleError::Changed(structure.path().to_owned()).into());
        }
        match one.content {
            Ok((digest, counted)) => {
                digests.insert(entry.path().clone(), digest);
                lines.insert(entry.path().clone(), counted);
            }
            Err(problem) => unreadable.push(problem),
        }
        if let Some(one) = one.seen {
            seen.insert(entry.path().clone(), one);
        }
    }
    Ok(Reading { digests, lines, unreadable, file_digest: file, seen })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::ops::ControlFlow;

    use super::super::entry_reading::{Nobody, Open};
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
