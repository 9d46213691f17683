//! Threads that may hang: a source on a dead network disk must not hold up the others, so its thread is given up.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Numbers of sources that wait for a thread, in order.
#[derive(Clone)]
pub(super) struct Queue(Arc<Mutex<VecDeque<usize>>>);

impl Queue {
    pub(super) fn new(waiting: impl IntoIterator<Item = usize>) -> Self {
        Self(Arc::new(Mutex::new(waiting.into_iter().collect())))
    }

    pub(super) fn next(&self) -> Option<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Signs of life of one source: counts up with every read, 0 before it starts.
#[derive(Clone, Default)]
pub(super) struct Pulse(Arc<AtomicU64>);

impl Pulse {
    pub(super) fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// `reader`, beating with every read.
    pub(super) fn of(&self, reader: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        Box::new(Beating { reader, pulse: self.clone() })
    }
}

struct Beating {
    reader: Box<dyn Read + Send>,
    pulse: Pulse,
}

impl Read for Beating {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buf)?;
        self.pulse.beat();
        Ok(n)
    }
}

/// Watches one pulse.
pub(super) struct Watched {
    pulse: Pulse,
    seen: u64,
    changed: Instant,
}

impl Watched {
    pub(super) fn new(pulse: Pulse) -> Self {
        Self { pulse, seen: 0, changed: Instant::now() }
    }

    /// Whether it has started and then shown no sign of life for `patience`.
    pub(super) fn is_still(&mut self, patience: Duration) -> bool {
        let now = self.pulse.0.load(Ordering::Relaxed);
        if now != self.seen || now == 0 {
            self.seen = now;
            self.changed = Instant::now();
        }
        self.changed.elapsed() > patience
    }
}
