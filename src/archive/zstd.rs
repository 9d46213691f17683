//! Zstandard with several frames, skippable ones among them, as `zstd --append` and log shippers write it.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::damaged;

/// The largest window that is allocated, as for the `zstd` program without `--long`. A header can ask for terabytes.
const WINDOW: u64 = 128 << 20;

/// Reads all frames of a stream, one after the other, and checks each checksum.
pub(super) struct Frames<R> {
    reader: R,
    decoder: FrameDecoder,
    inside: bool,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn new(reader: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW);
        Self { reader, decoder, inside: false }
    }

    /// Begins the next frame; `false` at the end of the stream.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            if self.reader.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.reader) {
                Ok(()) => {
                    self.inside = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let skipped = io::copy(&mut self.reader.by_ref().take(length.into()), &mut io::sink())?;
                    if skipped < length.into() {
                        return Err(damaged("a zstd frame is cut short"));
                    }
                }
                Err(FrameDecoderError::WindowSizeTooBig { .. }) => {
                    return Err(damaged("asks for a zstd window of more than 128 MiB"));
                }
                Err(_) => return Err(damaged("has no valid zstd header")),
            }
        }
    }

    fn checksum_holds(&self) -> bool {
        self.decoder
            .get_checksum_from_data()
            .is_none_or(|stated| self.decoder.get_calculated_checksum() == Some(stated))
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.inside && !self.begin()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.reader, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(|_| damaged("holds a damaged zstd block"))?;
            }
            let n = self.decoder.read(buf)?;
            if n > 0 {
                return Ok(n);
            }
            if !self.checksum_holds() {
                return Err(damaged("has a wrong zstd checksum"));
            }
            self.inside = false;
        }
    }
}
