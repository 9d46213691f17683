//! A writer that keeps the compression of the source.

use std::io::{self, Write};

use crate::archive::{Compressed, Compression, compressed};

/// A writer that compresses as the source was compressed, where there is an encoder.
pub(super) enum Packed<'a> {
    Plain(&'a mut dyn Write),
    Compressed(Box<Compressed<&'a mut dyn Write>>),
}

/// Whether what was compressed so can be written so; else the copy is expanded.
pub(super) fn has_encoder(compression: Compression) -> bool {
    compressed(io::sink(), compression).is_some()
}

impl<'a> Packed<'a> {
    pub(super) fn compressed(out: &'a mut dyn Write, compression: Compression) -> io::Result<Self> {
        let writer = compressed(out, compression).ok_or_else(|| io::Error::other("no encoder for this compression"))?;
        Ok(Self::Compressed(Box::new(writer)))
    }

    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.write_all(bytes),
            Self::Compressed(out) => out.write_all(bytes),
        }
    }

    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Compressed(out) => out.finish()?.flush(),
        }
    }
}
