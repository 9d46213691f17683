//! The bundle's file, read at given places. All reading passes through here, in blocks, so that memory stays bounded and
//! the file digest can be taken of exactly the bytes that were checked.

use std::fs::File;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::error::BundleError;
use crate::model::Sha256Digest;

/// Bytes read at once.
pub(super) const BLOCK: usize = 64 * 1024;

trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// An open file of known length.
pub(super) struct Source {
    path: PathBuf,
    len: u64,
    file: Mutex<Box<dyn ReadSeek>>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("path", &self.path).field("len", &self.len).finish_non_exhaustive()
    }
}

impl Source {
    /// Opens a regular file. The kind is asked before opening, because opening a pipe would wait for its writer.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let fail = |source| BundleError::Open { path: path.to_owned(), source };
        if !std::fs::metadata(path).map_err(fail)?.is_file() {
            return Err(BundleError::NotAFile(path.to_owned()));
        }
        Self::of_file(path, &File::open(path).map_err(fail)?)
    }

    /// A file that is open already, under the name that it is told by.
    pub fn of_file(path: &Path, file: &File) -> Result<Self, BundleError> {
        let fail = |source| BundleError::Open { path: path.to_owned(), source };
        let file = file.try_clone().map_err(fail)?;
        let metadata = file.metadata().map_err(fail)?;
        if !metadata.is_file() {
            return Err(BundleError::NotAFile(path.to_owned()));
        }
        Ok(Self { path: path.to_owned(), len: metadata.len(), file: Mutex::new(Box::new(file)) })
    }

    pub fn in_memory(bytes: Vec<u8>) -> Self {
        Self {
            path: PathBuf::from("memory"),
            len: bytes.len() as u64,
            file: Mutex::new(Box::new(io::Cursor::new(bytes))),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    /// The error for a failed read: the system's, or the one of ours that a reader passed on in its clothes.
    pub fn error(&self, source: io::Error) -> BundleError {
        source.downcast::<BundleError>().unwrap_or_else(|source| match source.kind() {
            // No stretch reaches over the length that the file had when it was opened.
            io::ErrorKind::UnexpectedEof => BundleError::Changed(self.path.clone()),
            _ => BundleError::Read { path: self.path.clone(), source },
        })
    }

    /// The bytes from `at`, as many as `buffer` holds.
    pub fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> Result<(), BundleError> {
        let mut section = Section::new(self, at, at.saturating_add(buffer.len() as u64));
        section.read_exact(buffer).map_err(|source| self.error(source))
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        // A panic while the lock was held leaves no state behind that the next seek does not set.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at))?;
        loop {
            match file.read(buffer) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

/// The half-open stretch `[at, end)` of a source, as a buffered reader. Can take the digest of every byte that it reads.
pub(super) struct Section<'a> {
    source: &'a Source,
    at: u64,
    end: u64,
    buffer: Vec<u8>,
    used: usize,
    filled: usize,
    digest: Option<Sha256>,
}

impl<'a> Section<'a> {
    pub fn new(source: &'a Source, at: u64, end: u64) -> Self {
        Self { source, at, end, buffer: Vec::new(), used: 0, filled: 0, digest: None }
    }

    /// The same stretch, with the digest of what is read.
    pub fn hashed(mut self) -> Self {
        self.digest = Some(Sha256::new());
        self
    }

    /// The digest of all that was read so far, where one is taken.
    pub fn digest(self) -> Sha256Digest {
        Sha256Digest(self.digest.unwrap_or_default().finalize().into())
    }

    /// Bytes that nobody has consumed yet.
    pub fn left(&self) -> u64 {
        (self.filled - self.used) as u64 + (self.end - self.at)
    }

    /// Hands the next block to `take`.
    pub fn pass(&mut self, take: impl FnOnce(&[u8])) -> io::Result<()> {
        let block = self.fill_buf()?;
        let n = block.len();
        take(block);
        self.consume(n);
        Ok(())
    }
}

impl BufRead for Section<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used == self.filled && self.at < self.end {
            let want = usize::try_from(self.end - self.at).unwrap_or(BLOCK).min(BLOCK);
            // Allocated once and no larger than the stretch: most entries of a large bundle are small.
            self.buffer.resize(want.max(self.buffer.len()), 0);
            let n = self.source.read_at(&mut self.buffer[..want], self.at)?;
            if n == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(digest) = &mut self.digest {
                digest.update(&self.buffer[..n]);
            }
            self.at += n as u64;
            (self.used, self.filled) = (0, n);
        }
        Ok(&self.buffer[self.used..self.filled])
    }

    fn consume(&mut self, n: usize) {
        self.used = self.filled.min(self.used + n);
    }
}

impl Read for Section<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let n = ready.len().min(out.len());
        out[..n].copy_from_slice(&ready[..n]);
        self.consume(n);
        Ok(n)
    }
}

/// Little-endian numbers off the front of a slice. Nothing here can run over its end.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }

    pub fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    pub fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }
}
