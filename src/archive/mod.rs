//! Bounded readers and writers of compressed files and archives. Nothing here touches the disk: bytes in, bytes out.
//!
//! Rotated logs are stored expanded, so that engineers can grep them. Archives are read member by member and written anew
//! by the redactor.

mod bzip2;
mod compressed;
mod member;
mod tar;
#[cfg(test)]
mod tests;
mod zip;
mod zstd;

use std::io::{self, BufRead, Read};

pub use compressed::{Compressed, compressed};
pub use member::{Archive, Member, MemberKind, Members, Packer};

/// The most bytes that one compressed file may expand to. Ten times the largest log that the caps let in by default would be
/// 500 MB; 16 GiB leaves room for a raised cap and still ends a bomb.
pub const MAX_EXPANDED: u64 = 16 << 30;

/// KiB that an xz stream may ask for. `xz -9` asks for 65 MiB, and hardly anything writes more; a header can name 4 GiB.
const XZ_MEMORY: u32 = 80 << 10;

/// The most bytes that [`Compression::of`] looks at.
pub const MAGIC: usize = 10;

/// The compressions that are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// The .xz format 1.2.
    Xz,
    /// The format of bzip2 1.0.
    Bzip2,
}

impl Compression {
    /// By the first bytes of a file, at least [`MAGIC`] of them where there are so many.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(&[0x1f, 0x8b, 8]) {
            Some(Self::Gzip)
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Some(Self::Zstd)
        } else if head.starts_with(b"\xfd7zXZ\0") {
            Some(Self::Xz)
        } else if bzip2::is_head(head) {
            Some(Self::Bzip2)
        } else {
            None
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
        }
    }
}

/// The name of a compressed file once it is expanded: without `.gz`, `.zst`, `.xz`, `.bz2`; `.tgz` and its like become
/// `.tar`. `None` where the name tells of no compression.
#[must_use]
pub fn expanded_name(name: &str) -> Option<String> {
    const ENDINGS: [(&str, &str); 10] = [
        (".gz", ""),
        (".zst", ""),
        (".xz", ""),
        (".bz2", ""),
        (".tgz", ".tar"),
        (".tzst", ".tar"),
        (".txz", ".tar"),
        (".tbz2", ".tar"),
        (".tbz", ".tar"),
        (".svgz", ".svg"),
    ];
    let lower = name.to_ascii_lowercase();
    let (ending, instead) = ENDINGS.iter().find(|(ending, _)| lower.len() > ending.len() && lower.ends_with(ending))?;
    let stem = name.get(..name.len() - ending.len())?;
    (!stem.ends_with(['/', '\\'])).then(|| format!("{stem}{instead}"))
}

/// `reader` expanded, all its members and streams, with an error once more than `budget` bytes came out.
pub fn expand<'a>(
    reader: impl BufRead + Send + 'a,
    compression: Compression,
    budget: u64,
) -> Box<dyn Read + Send + 'a> {
    let reader: Box<dyn Read + Send + 'a> = match compression {
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(reader)),
        Compression::Zstd => Box::new(zstd::Frames::new(reader)),
        Compression::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(reader, true, XZ_MEMORY)),
        Compression::Bzip2 => Box::new(bzip2::Streams::new(reader)),
    };
    Box::new(Budget { reader, left: budget })
}

/// What is wrong with the bytes themselves, not with reading them.
fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

struct Budget<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Read for Budget<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buf)?;
        match self.left.checked_sub(n as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::new(io::ErrorKind::FileTooLarge, "expands to more than the limit")),
        }
        Ok(n)
    }
}
