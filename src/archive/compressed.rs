//! Writers of compressed files, so that a filtered file keeps the compression that it had.

use std::io::{self, Write};

use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::Compression;

/// Bytes that go into an encoder at once. zlib's choices depend on how the bytes arrive, and the same bytes must give the
/// same file.
const BLOCK: usize = 64 << 10;

/// Plain bytes that become one zstd frame. Our encoder takes a whole frame at once; frames follow one another, as any zstd
/// reader accepts.
const FRAME: usize = 4 << 20;

/// Takes plain bytes and writes them compressed to the writer inside. How they are cut does not change the result.
pub struct Compressed<W: Write> {
    encoder: Encoder<W>,
    waiting: Vec<u8>,
    block: usize,
    written: bool,
}

enum Encoder<W: Write> {
    Gzip(Box<flate2::write::GzEncoder<W>>),
    Zstd(W),
    Xz(Box<lzma_rust2::XzWriter<W>>),
}

/// A writer to which what is written arrives compressed; `None` where there is no encoder: bzip2 is read only.
pub fn compressed<W: Write>(writer: W, compression: Compression) -> Option<Compressed<W>> {
    let (encoder, block) = match compression {
        // No name and no time in the header: the same bytes give the same file.
        Compression::Gzip => {
            (Encoder::Gzip(Box::new(flate2::write::GzEncoder::new(writer, flate2::Compression::new(6)))), BLOCK)
        }
        Compression::Zstd => (Encoder::Zstd(writer), FRAME),
        Compression::Xz => {
            let options = lzma_rust2::XzOptions::with_preset(3);
            (Encoder::Xz(Box::new(lzma_rust2::XzWriter::new(writer, options).ok()?)), BLOCK)
        }
        Compression::Bzip2 => return None,
    };
    Some(Compressed { encoder, waiting: Vec::new(), block, written: false })
}

impl<W: Write> std::fmt::Debug for Compressed<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Compressed(…)")
    }
}

impl<W: Write> Compressed<W> {
    /// Writes the end of the stream and gives the writer back. Without it the file is cut short.
    pub fn finish(mut self) -> io::Result<W> {
        // A file of nothing is an empty frame, not an empty file.
        if !self.waiting.is_empty() || !self.written {
            self.encode()?;
        }
        match self.encoder {
            Encoder::Gzip(writer) => writer.finish(),
            Encoder::Zstd(writer) => Ok(writer),
            Encoder::Xz(writer) => writer.finish(),
        }
    }

    /// The writer inside.
    #[must_use]
    pub fn get_ref(&self) -> &W {
        match &self.encoder {
            Encoder::Gzip(writer) => writer.get_ref(),
            Encoder::Zstd(writer) => writer,
            Encoder::Xz(writer) => writer.inner(),
        }
    }

    fn encode(&mut self) -> io::Result<()> {
        self.written = true;
        match &mut self.encoder {
            Encoder::Gzip(writer) => writer.write_all(&self.waiting)?,
            Encoder::Zstd(writer) => {
                writer.write_all(&compress_to_vec(self.waiting.as_slice(), CompressionLevel::Fastest))?;
            }
            Encoder::Xz(writer) => writer.write_all(&self.waiting)?,
        }
        self.waiting.clear();
        Ok(())
    }
}

impl<W: Write> Write for Compressed<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.waiting.len() == self.block {
            self.encode()?;
        }
        let n = buf.len().min(self.block - self.waiting.len());
        self.waiting.extend_from_slice(&buf[..n]);
        Ok(n)
    }

    /// Does not cut the compressed stream: that would make the result depend on when it is called.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Compression, expand, expanded_name};
    use super::*;
    use std::io::Read;

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
