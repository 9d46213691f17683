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
