//! Bytes that cannot be read twice (commands, pipes): held in memory, and beyond a cap in an unnamed file that is encrypted
//! with a key that only memory holds. So no byte that has not passed the rules reaches the disk in a form that anyone can read.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::platform::{SealedSpool, Spooled};

/// Bytes of one source that stay in memory.
const IN_MEMORY: usize = 1 << 20;

/// Bytes of all sources together that stay in memory.
const IN_MEMORY_TOGETHER: usize = 16 << 20;

/// Memory that all held sources of a process share.
static HELD: AtomicUsize = AtomicUsize::new(0);

/// Takes bytes once, gives them back as often as asked.
#[derive(Default)]
pub struct Holder {
    memory: Vec<u8>,
    spool: Option<SealedSpool>,
    length: u64,
}

/// What a [`Holder`] took.
#[derive(Clone)]
pub struct Held {
    memory: Arc<Vec<u8>>,
    spool: Option<Spooled>,
    length: u64,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Held({} bytes)", self.length)
    }
}

impl Holder {
    /// Nothing taken yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn spool(&mut self) -> io::Result<&mut SealedSpool> {
        if self.spool.is_none() {
            self.spool = Some(SealedSpool::new(None)?);
        }
        self.spool.as_mut().ok_or_else(|| io::Error::other("the spool was just made"))
    }

    /// All that was written, to be read.
    pub fn finish(self) -> io::Result<Held> {
        Ok(Held { memory: Arc::new(self.memory), spool: self.spool.map(SealedSpool::finish), length: self.length })
    }
}

impl Write for Holder {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.length += buf.len() as u64;
        let together = HELD.load(Ordering::Relaxed);
        let fits = self.memory.len() + buf.len() <= IN_MEMORY && together + buf.len() <= IN_MEMORY_TOGETHER;
        if self.spool.is_none() && fits {
            HELD.fetch_add(buf.len(), Ordering::Relaxed);
            self.memory.extend_from_slice(buf);
            return Ok(buf.len());
        }
        self.spool()?.write_all(buf)?;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Held {
    /// Bytes held.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// A reader over all of it; several may read at once, because each keeps its own place.
    pub fn reader(&self) -> io::Result<Box<dyn Read + Send>> {
        let memory = io::Cursor::new(SharedBytes(Arc::clone(&self.memory)));
        match &self.spool {
            None => Ok(Box::new(memory)),
            Some(spooled) => Ok(Box::new(memory.chain(spooled.reader()))),
        }
    }
}

struct SharedBytes(Arc<Vec<u8>>);

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_comes_back_twice_whether_it_fits_in_memory_or_not() {
        for length in [0, 10, IN_MEMORY, 3 * IN_MEMORY + 7] {
            let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            let mut holder = Holder::new();
            for chunk in bytes.chunks(4000) {
                holder.write_all(chunk).expect("holds");
            }
            let held = holder.finish().expect("holds");
            for _ in 0..2 {
                let mut back = Vec::new();
                held.reader().expect("opens").read_to_end(&mut back).expect("reads");
                assert!(back == bytes, "{length} bytes");
            }
        }
    }

    #[test]
    fn the_spool_holds_nothing_readable() {
        let mut holder = Holder::new();
        for _ in 0..40_000 {
            holder.write_all(b"a secret that must not be on the disk\n").expect("holds");
        }
        let held = holder.finish().expect("holds");
        let raw = held.spool.as_ref().expect("over the cap").raw();
        assert!(!raw.is_empty() && memchr::memmem::find(&raw, b"secret").is_none());
    }
}
