//! Bounded readers and writers of compressed files and archives. Nothing here touches the disk: bytes in, bytes out.
//!
//! Rotated logs are stored expanded, so that engineers can grep them. Archives are read member by member and written anew
//! by the redactor.

mod bzip2;
mod compressed;
mod zstd;

use std::io::{self, BufRead, Read};

pub use compressed::{Compressed, compressed};

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const WRITTEN: [Compression; 3] = [Compression::Gzip, Compression::Zstd, Compression::Xz];

    fn packed(plain: &[u8], compression: Compression) -> Vec<u8> {
        let mut writer = compressed(Vec::new(), compression).expect("has a writer");
        writer.write_all(plain).expect("memory takes it");
        writer.finish().expect("memory takes it")
    }

    fn unpacked(bytes: &[u8], compression: Compression, budget: u64) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        expand(bytes, compression, budget).read_to_end(&mut out).map(|_| out)
    }

    fn log(lines: usize) -> Vec<u8> {
        (0..lines)
            .flat_map(|n| format!("2026-11-23 10:15:{:02} request {} done\n", n % 60, n * 7919).into_bytes())
            .collect()
    }

    #[test]
    fn what_is_packed_here_comes_back_also_in_several_members() {
        for compression in WRITTEN {
            for plain in [Vec::new(), b"one line\n".to_vec(), log(20_000)] {
                let bytes = packed(&plain, compression);
                assert_eq!(Compression::of(&bytes), Some(compression));
                assert!(plain.len() < 100 || bytes.len() < plain.len() / 2, "{compression:?}: {}", bytes.len());
                assert_eq!(unpacked(&bytes, compression, 1 << 30).expect("unpacks"), plain);
                let twice = [bytes.clone(), packed(b"more\n", compression)].concat();
                assert_eq!(unpacked(&twice, compression, 1 << 30).expect("unpacks"), [&plain[..], b"more\n"].concat());
            }
        }
    }

    #[test]
    fn how_the_bytes_are_handed_over_does_not_change_what_is_packed() {
        let plain = log(9_000);
        for compression in WRITTEN {
            let mut writer = compressed(Vec::new(), compression).expect("has a writer");
            plain.chunks(977).for_each(|chunk| writer.write_all(chunk).expect("memory takes it"));
            let bits = writer.finish().expect("memory takes it");
            assert!(bits == packed(&plain, compression), "{compression:?}");
        }
    }

    #[test]
    fn a_bomb_ends_at_the_budget() {
        for compression in WRITTEN {
            let bomb = packed(&vec![0; 1 << 20], compression);
            assert!(unpacked(&bomb, compression, 1000).is_err(), "{compression:?}");
            assert_eq!(unpacked(&bomb, compression, 1 << 20).expect("fits").len(), 1 << 20);
        }
    }

    #[test]
    fn what_is_cut_short_or_changed_is_an_error() {
        let plain = log(3_000);
        for compression in WRITTEN {
            let whole = packed(&plain, compression);
            assert!(unpacked(&whole[..whole.len() - 5], compression, 1 << 30).is_err(), "{compression:?} cut");
            let mut changed = whole.clone();
            let middle = changed.len() / 2;
            changed[middle] ^= 0x10;
            assert!(unpacked(&changed, compression, 1 << 30).is_err(), "{compression:?} changed");
        }
    }

    #[test]
    fn a_header_that_asks_for_gigabytes_is_refused() {
        // A zstd frame whose window descriptor says 2^41 bytes, and one that says 256 MiB.
        for window in [31 << 3, 18 << 3] {
            let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, window, 0x01, 0x00, 0x00];
            assert!(unpacked(&frame, Compression::Zstd, 1 << 30).is_err());
        }
        // An xz block header with a dictionary of 4 GiB: size, flags, filter LZMA2, one property byte, padding, CRC.
        let mut xz = b"\xfd7zXZ\0\0\x04".to_vec();
        let crc = |bytes: &[u8]| {
            let mut crc = flate2::Crc::new();
            crc.update(bytes);
            crc.sum().to_le_bytes()
        };
        xz.extend_from_slice(&crc(&[0, 4]));
        let header = [0x02, 0x00, 0x21, 0x01, 40, 0, 0, 0];
        xz.extend_from_slice(&header);
        xz.extend_from_slice(&crc(&header));
        xz.extend_from_slice(&[1, 0, 0, b'x', 0]);
        let error = unpacked(&xz, Compression::Xz, 1 << 30).expect_err("too much");
        assert!(error.to_string().contains("memory"), "{error}");
    }

    #[test]
    fn names_lose_the_ending_that_tells_of_the_compression() {
        let name = |name| expanded_name(name).unwrap_or_default();
        assert_eq!(name("syslog.2.gz"), "syslog.2");
        assert_eq!(name("a/b.TGZ"), "a/b.tar");
        assert_eq!(name("x.tar.zst"), "x.tar");
        assert_eq!((name("x.log"), name(".gz"), name("dir/.xz")), Default::default());
    }
}
