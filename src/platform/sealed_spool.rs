//! Bytes that have to wait on the disk for a while: in a file without a name, for its owner alone, encrypted with a key that
//! only memory holds. Whoever takes the disk away learns their number.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};

/// A key is used for one file only, so one nonce is enough.
const NONCE: [u8; 12] = [0; 12];

/// Bytes that are encrypted at once.
const BLOCK: usize = 64 << 10;

/// Takes bytes, one after the other. The cipher ends after 256 GiB.
pub struct SealedSpool {
    file: File,
    cipher: ChaCha20,
    key: [u8; 32],
    length: u64,
    block: Vec<u8>,
}

/// What a [`SealedSpool`] took. Several may read it at once.
#[derive(Clone)]
pub struct Spooled {
    file: Arc<Mutex<File>>,
    key: [u8; 32],
    length: u64,
}

impl SealedSpool {
    /// An empty one in `folder`; without one, where temporary files are.
    pub fn new(folder: Option<&Path>) -> io::Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|e| io::Error::other(e.to_string()))?;
        let file = folder.map_or_else(tempfile::tempfile, tempfile::tempfile_in)?;
        let cipher = ChaCha20::new(&key.into(), &NONCE.into());
        Ok(Self { file, cipher, key, length: 0, block: Vec::new() })
    }

    /// All that was written, to be read.
    #[must_use]
    pub fn finish(self) -> Spooled {
        Spooled { file: Arc::new(Mutex::new(self.file)), key: self.key, length: self.length }
    }
}

impl Write for SealedSpool {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let taken = &buf[..buf.len().min(BLOCK)];
        self.block.clear();
        self.block.extend_from_slice(taken);
        let over = |_| io::Error::other("the spool is over the cipher's range");
        self.cipher.try_apply_keystream(&mut self.block).map_err(over)?;
        self.file.write_all(&self.block)?;
        self.length += taken.len() as u64;
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl std::fmt::Debug for SealedSpool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedSpool({} bytes)", self.length)
    }
}

impl Spooled {
    /// Bytes in it.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// A reader from the begin, which keeps its own place.
    #[must_use]
    pub fn reader(&self) -> SpoolReader {
        SpoolReader { spooled: self.clone(), cipher: ChaCha20::new(&self.key.into(), &NONCE.into()), at: 0 }
    }

    /// The file as it lies on the disk.
    #[cfg(test)]
    pub(crate) fn raw(&self) -> Vec<u8> {
        let mut raw = Vec::new();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut raw)).expect("reads");
        raw
    }
}

impl std::fmt::Debug for Spooled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Spooled({} bytes)", self.length)
    }
}

/// Reads what was spooled.
pub struct SpoolReader {
    spooled: Spooled,
    cipher: ChaCha20,
    at: u64,
}

impl Read for SpoolReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = {
            // The file has one place for all its readers.
            let mut file = self.spooled.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(self.at))?;
            file.read(buf)?
        };
        self.cipher.try_seek(self.at).map_err(|_| io::Error::other("the spool is over the cipher's range"))?;
        self.cipher.apply_keystream(&mut buf[..n]);
        self.at += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spooled_comes_back_to_every_reader_and_is_not_readable_on_the_disk() {
        let mut spool = SealedSpool::new(None).expect("a file");
        let text = b"a secret that must not be on the disk\n".repeat(10_000);
        text.chunks(100_000).for_each(|chunk| spool.write_all(chunk).expect("takes it"));
        let spooled = spool.finish();
        assert_eq!(spooled.len(), text.len() as u64);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut back = Vec::new();
                    spooled.reader().read_to_end(&mut back).expect("reads");
                    assert!(back == text);
                });
            }
        });
        let raw = spooled.raw();
        assert!(raw.len() == text.len() && memchr::memmem::find(&raw, b"secret").is_none());
    }
}
