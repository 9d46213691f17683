//! Writers of compressed files, so that a filtered file keeps the compression that it had.

use std::io::{self, Write};

use super::Compression;

/// Takes plain bytes and writes them compressed to the writer inside. How they are cut does not change the result.
pub struct Compressed<W: Write>(flate2::write::GzEncoder<W>);

/// A writer to which what is written arrives compressed; `None` where there is no encoder.
pub fn compressed<W: Write>(writer: W, compression: Compression) -> Option<Compressed<W>> {
    match compression {
        // No name and no time in the header: the same bytes give the same file.
        Compression::Gzip => Some(Compressed(flate2::write::GzEncoder::new(writer, flate2::Compression::new(6)))),
    }
}

impl<W: Write> std::fmt::Debug for Compressed<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Compressed(…)")
    }
}

impl<W: Write> Compressed<W> {
    /// Writes the end of the stream and gives the writer back. Without it the file is cut short.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

impl<W: Write> Write for Compressed<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    /// Does not cut the compressed stream: that would make the result depend on when it is called.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
