//! Redacted copies of files and folders: the first pass reads all of them and gathers secrets, the second replaces and
//! writes, each under its own name and with its own compression.

mod find;
mod folders;
mod names;
mod packed;
mod source;

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub use find::{Found, Left, find};
use folders::make_folders;
use packed::{Packed, has_encoder};
pub use source::{Source, begins_with_json_line, by_content};

use super::Pace;
use super::pool::Shift;
use crate::archive::{self, Compression};
use crate::platform::{FileId, Hands, PartialFile, beside};
use crate::redact::{MediaHint, RedactError, Redactor, Scan, Seeds, Step, Summary, Treatment};

/// Why one file has no copy: a sentence fragment for the person whose file it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoCopy {
    /// It was read, and may not be passed on.
    Withheld(String),
    /// It could not be read.
    Failed(String),
}

impl NoCopy {
    /// The word for it, and the reason.
    #[must_use]
    pub fn words(&self) -> (&'static str, &str) {
        match self {
            Self::Withheld(reason) => ("withheld", reason),
            Self::Failed(reason) => ("failed", reason),
        }
    }
}

impl From<RedactError> for NoCopy {
    fn from(error: RedactError) -> Self {
        let reason = error.to_string();
        if matches!(error, RedactError::Read(_)) { Self::Failed(reason) } else { Self::Withheld(reason) }
    }
}

impl From<source::Trouble> for NoCopy {
    fn from(trouble: source::Trouble) -> Self {
        Self::Failed(trouble.to_string())
    }
}

/// Why a run ends before its end.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Somebody wants to stop.
    #[error("stopped")]
    Interrupted,
    /// Something has the name of a copy.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// A copy would take the place of a source.
    #[error("{} is one of the files to be redacted", .0.display())]
    IsSource(PathBuf),
    /// A copy cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The redactor could not be made ready.
    #[error("the redactor {0}")]
    Redactor(RedactError),
}

/// A copy that was made.
#[derive(Debug, Clone, Default)]
pub struct Copied {
    /// Plain bytes of the copy.
    pub bytes: u64,
    /// What was replaced in it.
    pub summary: Summary,
    /// What is to be said about it beside that it was made.
    pub notes: Vec<String>,
    /// Whether something of the source is not in it.
    pub has_gaps: bool,
}

/// How the second pass is to treat a source.
#[derive(Debug)]
pub struct Treated {
    /// What the first pass decided.
    pub treatment: Treatment,
    /// How it is compressed.
    pub compression: Option<Compression>,
    note: Option<&'static str>,
}

/// What the first pass leaves to the second.
#[derive(Debug)]
pub struct Scanned {
    /// A redactor that knows every secret found.
    pub redactor: Arc<Redactor>,
    /// For each source, how it is to be treated, or why it isn't.
    pub treated: Vec<Result<Treated, NoCopy>>,
}

/// What both passes need to know.
pub struct Copies<'a> {
    /// The files.
    pub sources: &'a [Source],
    /// The rules, without secrets yet.
    pub redactor: &'a Arc<Redactor>,
    /// What all of them are; by name and content where nobody says.
    pub hint: Option<MediaHint>,
    /// Threads that work side by side, also on one large file.
    pub threads: usize,
    /// Set when somebody wants to stop.
    pub cancel: &'a Arc<AtomicBool>,
    /// Told of each file that is done with, once in each pass.
    pub watch: &'a (dyn Fn(&Source) + Sync),
    /// Counts the copies that are there to stay.
    pub finished: AtomicUsize,
}

impl Copies<'_> {
    fn stopped(&self) -> Result<(), CopyError> {
        if self.cancel.load(Ordering::Relaxed) { Err(CopyError::Interrupted) } else { Ok(()) }
    }

    /// The first pass. Writes nothing.
    pub fn scan(&self) -> Result<Scanned, CopyError> {
        let scans = side_by_side(self.threads, self.sources.len(), &|n, hands| {
            let scanned = if self.cancel.load(Ordering::Relaxed) {
                Err(NoCopy::Failed("was stopped".to_owned()))
            } else {
                self.scan_one(&self.sources[n], hands)
            };
            (self.watch)(&self.sources[n]);
            scanned
        });
        self.stopped()?;
        let mut seeds = Seeds::default();
        let treated = scans
            .into_iter()
            .map(|scanned| {
                let (Scan { treatment, seeds: found, note, .. }, compression) = scanned?;
                seeds.merge(found);
                Ok(Treated { treatment, compression, note })
            })
            .collect();
        let redactor = Arc::new(self.redactor.with_seeds(&seeds).map_err(CopyError::Redactor)?);
        Ok(Scanned { redactor, treated })
    }

    fn scan_one(&self, source: &Source, hands: &Hands) -> Result<(Scan, Option<Compression>), NoCopy> {
        let (hint, guessed) = match self.hint {
            Some(hint) => (hint, false),
            None => source.hint(self.cancel)?,
        };
        let (mut trouble, mut compression) = (None, None);
        let mut open = || match source.open(true, self.cancel) {
            Ok(open) => {
                compression = open.compression;
                Ok(open.reader)
            }
            Err(e) => {
                trouble = Some(e);
                Err(io::Error::other("refused"))
            }
        };
        let scanned = self.redactor.scan_with(hands, hint, &mut open);
        if let Some(trouble) = trouble {
            return Err(trouble.into());
        }
        let mut scan = scanned?;
        if guessed {
            // A text that was taken for JSON only because of its first bytes is no news.
            scan.note = None;
        }
        Ok((scan, compression))
    }

    /// The second pass of source `n`, into `out`. `observe` sees the plain bytes. An error of `out` is the outer one.
    pub fn copy(
        &self,
        scanned: &Scanned,
        n: usize,
        pack: bool,
        out: &mut dyn Write,
        observe: &mut dyn FnMut(&[u8]),
    ) -> io::Result<Result<Copied, NoCopy>> {
        beside(self.threads, |hands| self.copy_with(hands, scanned, n, pack, out, observe))
    }

    fn copy_with(
        &self,
        hands: &Hands,
        scanned: &Scanned,
        n: usize,
        pack: bool,
        out: &mut dyn Write,
        observe: &mut dyn FnMut(&[u8]),
    ) -> io::Result<Result<Copied, NoCopy>> {
        let (source, treated) = (&self.sources[n], &scanned.treated[n]);
        let treated = match treated {
            Ok(treated) => treated,
            Err(reason) => return Ok(Err(reason.clone())),
        };
        let open = match source.open(false, self.cancel) {
            Ok(open) => open,
            Err(trouble) => return Ok(Err(trouble.into())),
        };
        let mut packed = match open.compression.filter(|compression| pack && has_encoder(*compression)) {
            Some(compression) => Packed::compressed(out, compression)?,
            None => Packed::Plain(out),
        };
        let mut copied =
            Copied { notes: treated.note.iter().map(|note| (*note).to_owned()).collect(), ..Copied::default() };
        for step in scanned.redactor.redact_with(hands, &treated.treatment, open.reader) {
            match step {
                Ok(Step::Block(block)) => {
                    observe(block.bytes());
                    copied.bytes += block.bytes().len() as u64;
                    packed.write_all(block.bytes())?;
                }
                Ok(Step::End(summary)) => copied.summary = summary,
                Err(error) => return Ok(Err(error.into())),
            }
        }
        packed.finish()?;
        let before = copied.notes.len();
        copied.notes.extend(source.fell_short());
        copied.notes.extend_from_slice(&copied.summary.notes);
        copied.has_gaps = copied.notes.len() > before;
        Ok(Ok(copied))
    }

    /// Where each copy stands below the output folder.
    #[must_use]
    pub fn places(&self, scanned: &Scanned) -> Vec<PathBuf> {
        let wishes = self.sources.iter().zip(&scanned.treated).map(|(source, treated)| {
            let compression = treated.as_ref().ok().and_then(|treated| treated.compression);
            let expanded = compression.filter(|compression| !has_encoder(*compression));
            let name = expanded.and_then(|_| archive::expanded_name(&source.wish));
            name.unwrap_or_else(|| source.wish.clone())
        });
        names::places(&scanned.redactor, wishes)
    }

    /// The same before the first pass, for what can be said then: a name may still change by what is found in the files.
    pub fn check_early(&self, folder: &Path, force: bool) -> Result<(), CopyError> {
        let places = names::places(self.redactor, self.sources.iter().map(|source| source.wish.clone()));
        places.iter().try_for_each(|place| self.check_free(&folder.join(place), force))
    }

    /// Refuses what would take the place of a source, or without `force` of anything.
    pub fn check_free(&self, target: &Path, force: bool) -> Result<(), CopyError> {
        let fail = |source| CopyError::Write { path: target.to_owned(), source };
        let there = match fs::symlink_metadata(target) {
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(()),
            Err(e) => return Err(fail(e)),
            Ok(there) => there,
        };
        if there.is_file() {
            let id = fs::File::open(target).and_then(|file| FileId::of(&file)).ok();
            if id.is_some_and(|id| self.sources.iter().any(|source| source.id() == Some(id))) {
                return Err(CopyError::IsSource(target.to_owned()));
            }
        }
        if !force {
            return Err(CopyError::Exists(target.to_owned()));
        }
        if there.is_file() { Ok(()) } else { Err(fail(io::Error::other("what is there is no regular file"))) }
    }

    /// The second pass of source `n` into the file `target`, which appears whole or not at all.
    pub fn copy_to(
        &self,
        scanned: &Scanned,
        n: usize,
        target: &Path,
        force: bool,
        observe: &mut dyn FnMut(&[u8]),
    ) -> Result<Result<Copied, NoCopy>, CopyError> {
        beside(self.threads, |hands| self.copy_to_with(hands, scanned, n, (target, force), observe))
    }

    fn copy_to_with(
        &self,
        hands: &Hands,
        scanned: &Scanned,
        n: usize,
        (target, force): (&Path, bool),
        observe: &mut dyn FnMut(&[u8]),
    ) -> Result<Result<Copied, NoCopy>, CopyError> {
        self.stopped()?;
        self.check_free(target, force)?;
        if scanned.treated[n].is_ok() {
            let fail = |source| CopyError::Write { path: target.to_owned(), source };
            let mut file =
                if force { PartialFile::create_over(target) } else { PartialFile::create(target) }.map_err(fail)?;
            let mut out = BufWriter::with_capacity(256 << 10, file.file());
            let copied = self.copy_with(hands, scanned, n, true, &mut out, observe).map_err(fail)?;
            self.stopped()?;
            let copied = match copied {
                Ok(copied) => copied,
                Err(reason) => return Ok(Err(reason)),
            };
            out.flush().map_err(fail)?;
            drop(out);
            if let Some(modified) = self.sources[n].modified {
                // So that rotated logs keep their order; a file system without times loses nothing else.
                let _ = file.file().set_modified(modified);
            }
            if force { file.publish_over() } else { file.publish() }.map_err(fail)?;
            self.finished.fetch_add(1, Ordering::Relaxed);
            return Ok(Ok(copied));
        }
        self.copy_with(hands, scanned, n, true, &mut io::sink(), observe)
            .map_err(|source| CopyError::Write { path: target.to_owned(), source })
    }

    /// Makes the output folder and those below it, if all places in it are free.
    pub fn prepare(&self, scanned: &Scanned, folder: &Path, places: &[PathBuf], force: bool) -> Result<(), CopyError> {
        places.iter().try_for_each(|place| self.check_free(&folder.join(place), force))?;
        make_folders(folder, places, &scanned.treated)
    }

    /// The second pass of all sources into `folder`. In the order of the sources: where each copy stands, and what became
    /// of it.
    pub fn copy_all(
        &self,
        scanned: &Scanned,
        folder: &Path,
        places: &[PathBuf],
        force: bool,
    ) -> Result<Vec<Result<Copied, NoCopy>>, CopyError> {
        self.prepare(scanned, folder, places, force)?;
        let targets: Vec<PathBuf> = places.iter().map(|place| folder.join(place)).collect();
        let failed: Mutex<Option<CopyError>> = Mutex::new(None);
        let results = side_by_side(self.threads, self.sources.len(), &|n, hands| {
            let give_up = failed.lock().unwrap_or_else(PoisonError::into_inner).is_some();
            let to = (targets[n].as_path(), force);
            let copied = (!give_up).then(|| self.copy_to_with(hands, scanned, n, to, &mut |_| {}));
            (self.watch)(&self.sources[n]);
            match copied {
                Some(Ok(copied)) => Some(copied),
                Some(Err(error)) => {
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    None
                }
                None => None,
            }
        });
        match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(results.into_iter().flatten().collect()),
        }
    }
}

/// `work(0)` to `work(count - 1)` on some threads; the results in order. A thread that finds nothing more to begin lends a
/// hand to the others.
fn side_by_side<T: Send>(threads: usize, count: usize, work: &(dyn Fn(usize, &Hands) -> T + Sync)) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<T>>> = Mutex::new((0..count).map(|_| None).collect());
    let shift = Shift::of(threads.max(1), Pace::Full);
    // The last one to drop it ends the shift, also in a panic.
    let end = Arc::new(shift.guard());
    std::thread::scope(|scope| {
        for end in std::iter::repeat_n(end, threads.max(1)) {
            scope.spawn(|| {
                let hands = shift.crew().hands();
                let still_working = end;
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        break;
                    }
                    let result = work(n, &hands);
                    results.lock().unwrap_or_else(PoisonError::into_inner)[n] = Some(result);
                }
                drop(still_working);
                shift.help();
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
}
