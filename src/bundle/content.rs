//! The bytes of one entry, expanded, counted and checked while they pass.

use std::io::{self, BufRead, Read};
use std::ops::RangeInclusive;

use crc32fast::Hasher as Crc;
use flate2::{Decompress, FlushDecompress, Status};
use sha2::{Digest as _, Sha256};

use super::checked::Entry;
use super::code::Code;
use super::error::{BundleError, Refused};
use super::problem::{NotWhole, Problem};
use super::source::{BLOCK, Section, Source};
use crate::model::{ArtifactPath, Sha256Digest};

/// Reads one entry. The read that reaches the end fails unless size, checksum and, where one is expected, digest are
/// right; so whoever reads to the end without an error has read what was sealed. Never yields more than the declared
/// size.
pub struct ArtifactReader<'a> {
    path: ArtifactPath,
    section: Section<'a>,
    inflate: Option<Inflate>,
    packed: u64,
    declared: u64,
    declared_crc: u32,
    expected: Option<Sha256Digest>,
    seen: u64,
    crc: Crc,
    digest: Sha256,
    newlines: u64,
    last: u8,
    checked: bool,
}

struct Inflate {
    state: Decompress,
    ended: bool,
}

impl std::fmt::Debug for ArtifactReader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArtifactReader").field("path", &self.path).field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl<'a> ArtifactReader<'a> {
    /// Reads `entry`. Its expanded bytes are held against `expected`.
    pub(super) fn new(source: &'a Source, entry: &Entry, expected: Option<Sha256Digest>) -> Self {
        let (from, to) = entry.packed_range();
        Self {
            path: entry.path().clone(),
            section: Section::new(source, from, to),
            inflate: entry.is_deflated().then(|| Inflate { state: Decompress::new(false), ended: false }),
            packed: entry.packed_size(),
            declared: entry.size(),
            declared_crc: entry.crc(),
            expected,
            seen: 0,
            crc: Crc::new(),
            digest: Sha256::new(),
            newlines: 0,
            last: b'\n',
            checked: false,
        }
    }

    /// The same, and takes the digest of its packed bytes too.
    pub(super) fn with_packed_digest(mut self) -> Self {
        self.section = self.section.hashed();
        self
    }

    /// Reads to the end with nobody listening; gives the digest of what passed.
    pub(super) fn into_digest(mut self) -> io::Result<Sha256Digest> {
        let mut block = vec![0; usize::try_from(self.declared).unwrap_or(BLOCK).clamp(1, BLOCK)];
        while self.read(&mut block)? > 0 {}
        Ok(self.digest())
    }

    /// The digest of what has passed so far.
    pub(super) fn digest(&self) -> Sha256Digest {
        Sha256Digest(self.digest.clone().finalize().into())
    }

    /// Lines that have passed so far, without and with a last one that has no newline.
    pub(super) fn lines(&self) -> RangeInclusive<u64> {
        self.newlines..=self.newlines + u64::from(self.last != b'\n')
    }

    /// Packed bytes that have passed so far.
    pub(super) fn packed_read(&self) -> u64 {
        self.packed - self.section.left()
    }

    /// The digest of all packed bytes, those that follow the end of what could be expanded too.
    pub(super) fn into_packed_digest(mut self) -> io::Result<Sha256Digest> {
        while self.section.left() > 0 {
            self.section.pass(|_| ())?;
        }
        Ok(self.section.digest())
    }

    fn expand(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(inflate) = &mut self.inflate else {
            return self.section.read(out);
        };
        while !inflate.ended {
            let input = self.section.fill_buf()?;
            let (in_before, out_before) = (inflate.state.total_in(), inflate.state.total_out());
            let status = inflate.state.decompress(input, out, FlushDecompress::None);
            // Both differences are at most the length of a slice.
            let consumed = (inflate.state.total_in() - in_before) as usize;
            let n = (inflate.state.total_out() - out_before) as usize;
            let cut_off = input.is_empty();
            self.section.consume(consumed);
            match status {
                Ok(Status::StreamEnd) => inflate.ended = true,
                Ok(_) if n == 0 && consumed == 0 => {
                    let why = if cut_off { "cut off" } else { "no progress" };
                    return Err(self.refuse(Code::BadStream, why));
                }
                Ok(_) => {}
                Err(_) => return Err(self.refuse(Code::BadStream, "not deflate")),
            }
            if n > 0 {
                return Ok(n);
            }
        }
        Ok(0)
    }

    fn check_end(&self) -> io::Result<()> {
        if self.seen != self.declared {
            let detail = format!("declared {}, found {}", self.declared, self.seen);
            return Err(self.refuse(Code::SizeDiffers, &detail));
        }
        if self.crc.clone().finalize() != self.declared_crc {
            return Err(self.refuse(Code::ChecksumDiffers, "CRC-32"));
        }
        if self.section.left() > 0 {
            return Err(self.refuse(Code::StreamLeftover, &format!("{} bytes", self.section.left())));
        }
        let found = self.digest();
        match self.expected {
            Some(expected) if expected != found => {
                let problem = Problem::DigestDiffers { path: self.path.clone(), expected, found };
                Err(io::Error::new(io::ErrorKind::InvalidData, BundleError::from(NotWhole::one(problem))))
            }
            _ => Ok(()),
        }
    }

    fn refuse(&self, code: Code, detail: &str) -> io::Error {
        let refused = Refused::entry(code, self.path.as_str().as_bytes()).because(detail);
        io::Error::new(io::ErrorKind::InvalidData, BundleError::from(refused))
    }
}

impl Read for ArtifactReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() || self.checked {
            return Ok(0);
        }
        let n = self.expand(out)?;
        self.seen += n as u64;
        if self.seen > self.declared {
            return Err(self.refuse(Code::SizeDiffers, &format!("declared {}, found more", self.declared)));
        }
        self.crc.update(&out[..n]);
        self.digest.update(&out[..n]);
        self.newlines += memchr::memchr_iter(b'\n', &out[..n]).count() as u64;
        self.last = out[..n].last().copied().unwrap_or(self.last);
        if n == 0 {
            self.check_end()?;
            self.checked = true;
        }
        Ok(n)
    }
}
