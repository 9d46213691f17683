//! The bundle's file, read at given places. All reading passes through here, in blocks, so that memory stays bounded and
//! the file digest can be taken of exactly the bytes that were checked.

use std::fs::File;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::code::Code;
use super::encryption::{self, Identities, Locked, LockedFile, PIECE};
use super::error::{BundleError, Refused};
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
    /// The file itself, where it is encrypted: then `len` and `file` are of its plain text.
    locked: Option<LockedFile>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("path", &self.path).field("len", &self.len).finish_non_exhaustive()
    }
}

impl Source {
    /// Opens a regular file; gives the file too. The kind is asked before opening, because opening a pipe would wait for its writer.
    pub fn open(path: &Path) -> Result<(Self, File), BundleError> {
        let fail = |source| BundleError::Open { path: path.to_owned(), source };
        if !std::fs::metadata(path).map_err(fail)?.is_file() {
            return Err(BundleError::NotAFile(path.to_owned()));
        }
        Self::of_file(path, &File::open(path).map_err(fail)?)
    }

    /// A file that is open already, under the name that it is told by.
    pub fn of_file(path: &Path, file: &File) -> Result<(Self, File), BundleError> {
        let fail = |source| BundleError::Open { path: path.to_owned(), source };
        let (file, same) = (file.try_clone().map_err(fail)?, file.try_clone().map_err(fail)?);
        let metadata = file.metadata().map_err(fail)?;
        if !metadata.is_file() {
            return Err(BundleError::NotAFile(path.to_owned()));
        }
        let (path, file) = (path.to_owned(), Mutex::<Box<dyn ReadSeek>>::new(Box::new(file)));
        Ok((Self { path, len: metadata.len(), file, locked: None }, same))
    }

    pub fn in_memory(bytes: Vec<u8>) -> Self {
        Self {
            path: PathBuf::from("memory"),
            len: bytes.len() as u64,
            file: Mutex::new(Box::new(io::Cursor::new(bytes))),
            locked: None,
        }
    }

    /// The plain text of an encrypted file, which is `file`; of any other, nothing changes.
    pub fn unlocked(self, file: &File, identities: &Identities) -> Result<Self, BundleError> {
        if !self.is_encrypted()? {
            return Ok(self);
        }
        let fail = |source| BundleError::Open { path: self.path.clone(), source };
        let locked = LockedFile::new(file.try_clone().map_err(fail)?, self.len, identities.clone());
        let mut plain = locked.open().map_err(|e| self.locked_out(e))?;
        // This also shows that the end is there.
        let len = plain.seek(SeekFrom::End(0)).map_err(|e| self.locked_out(e.into()))?;
        Ok(Self { path: self.path, len, file: Mutex::new(Box::new(plain)), locked: Some(locked) })
    }

    /// Says so where it is encrypted and nobody has opened it.
    pub fn refuse_encrypted(&self) -> Result<(), BundleError> {
        if !self.is_encrypted()? {
            return Ok(());
        }
        let head = Section::new(self, 0, self.len);
        encryption::check_head(head).map_err(|e| self.locked_out(e))?;
        Err(BundleError::Encrypted(self.path.clone()))
    }

    fn is_encrypted(&self) -> Result<bool, BundleError> {
        let magic = encryption::MAGIC;
        if self.len < magic.len() as u64 {
            return Ok(false);
        }
        let mut first = vec![0; magic.len()];
        self.read_exact_at(&mut first, 0)?;
        Ok(first == magic)
    }

    fn locked_out(&self, why: Locked) -> BundleError {
        match why {
            Locked::WrongKey => BundleError::WrongKey(self.path.clone()),
            Locked::Damaged => Refused::file(Code::BrokenEncryption).into(),
            Locked::Io(source) => BundleError::Read { path: self.path.clone(), source },
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    /// Bytes of the file as it was delivered: encrypted, where it is.
    pub fn delivered_len(&self) -> u64 {
        self.locked.as_ref().map_or(self.len, LockedFile::len)
    }

    /// The file as it was delivered.
    pub fn delivered(&self) -> Box<dyn Read + '_> {
        match &self.locked {
            None => Box::new(Section::new(self, 0, self.len)),
            Some(locked) => Box::new(locked.raw()),
        }
    }

    /// What there is to read, once and in this order, with the digest of the file as it was delivered.
    pub fn front_to_back(&self) -> Result<FrontToBack<'_>, BundleError> {
        Ok(match &self.locked {
            None => FrontToBack::Plain(Section::new(self, 0, self.len).hashed()),
            Some(locked) => {
                let (plain, digest) = locked.open_hashed().map_err(|e| self.locked_out(e))?;
                FrontToBack::Locked { plain: Box::new(plain), digest, block: vec![0; BLOCK] }
            }
        })
    }

    /// The error for a failed read: the system's, or the one of ours that a reader passed on in its clothes.
    pub fn error(&self, source: io::Error) -> BundleError {
        source.downcast::<BundleError>().unwrap_or_else(|source| match source.kind() {
            io::ErrorKind::InvalidData if self.locked.is_some() => Refused::file(Code::BrokenEncryption).into(),
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
            let most = match self.source.locked {
                // Up to where the next piece begins, so that none is decrypted twice.
                Some(_) => (PIECE - self.at % PIECE) as usize,
                None => BLOCK,
            };
            let want = usize::try_from(self.end - self.at).unwrap_or(most).min(most);
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

/// A source that is read once, from its begin to its end.
pub(super) enum FrontToBack<'a> {
    Plain(Section<'a>),
    Locked { plain: Box<encryption::Plain>, digest: Arc<Mutex<Sha256>>, block: Vec<u8> },
}

impl FrontToBack<'_> {
    /// Hands the next block of at most `most` bytes to `take`; gives its length. `most` is not 0.
    pub fn pass(&mut self, most: u64, take: &mut dyn FnMut(&[u8])) -> io::Result<u64> {
        let n = match self {
            Self::Plain(section) => {
                let ready = section.fill_buf()?;
                let n = ready.len().min(usize::try_from(most).unwrap_or(BLOCK));
                take(&ready[..n]);
                section.consume(n);
                n
            }
            Self::Locked { plain, block, .. } => {
                let n = plain.read(&mut block[..usize::try_from(most).unwrap_or(BLOCK).min(BLOCK)])?;
                take(&block[..n]);
                n
            }
        };
        if n == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(n as u64) }
    }

    /// The digest of the file as it was delivered, when all was passed.
    pub fn finish(self) -> io::Result<Sha256Digest> {
        match self {
            Self::Plain(section) => Ok(section.digest()),
            Self::Locked { mut plain, digest, .. } => {
                // The end is checked by reading up to it.
                io::copy(&mut plain, &mut io::sink())?;
                Ok(encryption::finished(&digest))
            }
        }
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
