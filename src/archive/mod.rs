//! Bounded readers of compressed files. Rotated logs are stored expanded, so that engineers can grep them.

mod compressed;

use std::io::{self, BufRead, Read};

pub use compressed::{Compressed, compressed};

/// The most bytes that [`Compression::of`] looks at.
pub const MAGIC: usize = 10;

/// The most bytes that one compressed file may expand to. Ten times the largest log that the caps let in by default would be
/// 500 MB; 16 GiB leaves room for a raised cap and still ends a bomb.
pub const MAX_EXPANDED: u64 = 16 << 30;

/// The compressions that are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952.
    Gzip,
}

impl Compression {
    /// By the first bytes of a file.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        head.starts_with(&[0x1f, 0x8b, 8]).then_some(Self::Gzip)
    }
}

/// The name of a compressed file once it is expanded: without `.gz`. `None` where the name tells of no compression.
#[must_use]
pub fn expanded_name(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    lower.ends_with(".gz").then(|| name[..name.len() - 3].to_owned())
}

/// `reader` expanded, with an error once more than `budget` bytes came out.
pub fn expand<'a>(
    reader: impl BufRead + Send + 'a,
    compression: Compression,
    budget: u64,
) -> Box<dyn Read + Send + 'a> {
    match compression {
        Compression::Gzip => Box::new(Budget { reader: flate2::bufread::MultiGzDecoder::new(reader), left: budget }),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_bomb_ends_at_the_budget() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&vec![0; 1 << 20]).expect("memory takes it");
        let bomb = gzip.finish().expect("memory takes it");
        assert_eq!(Compression::of(&bomb), Some(Compression::Gzip));
        let mut out = Vec::new();
        assert!(expand(bomb.as_slice(), Compression::Gzip, 1000).read_to_end(&mut out).is_err());
        out.clear();
        assert!(expand(bomb.as_slice(), Compression::Gzip, 1 << 20).read_to_end(&mut out).is_ok());
    }
}
