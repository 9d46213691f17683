//! Threads that may hang: a source on a dead network disk must not hold up the others, so its thread is given up.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Pace;
use crate::platform::{Crew, step_back};

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

/// The threads of one pass, until its end.
#[derive(Clone)]
pub(super) struct Shift {
    crew: Crew,
    over: Arc<AtomicBool>,
    pace: Pace,
}

impl Shift {
    pub(super) fn of(threads: usize, pace: Pace) -> Self {
        Self { crew: Crew::new(threads), over: Arc::default(), pace }
    }

    /// Starts a thread that does `work` and then helps others until the pass is over.
    pub(super) fn start(&self, name: &str, work: impl FnOnce() + Send + 'static) {
        let shift = self.clone();
        spawn(name, move || {
            if shift.pace == Pace::Gentle {
                step_back();
            }
            work();
            shift.help();
        });
    }

    /// Works for others until the pass is over.
    pub(super) fn help(&self) {
        self.crew.until(|| self.over.load(Ordering::SeqCst).then_some(()));
    }

    pub(super) fn crew(&self) -> &Crew {
        &self.crew
    }

    /// Sends `message` when there is room for it, and works for others until then; `false` when nobody wants it any more.
    pub(super) fn deliver<T>(&self, send: &SyncSender<T>, message: T) -> bool {
        let mut message = Some(message);
        self.crew.until(|| match send.try_send(message.take()?) {
            Ok(()) => Some(true),
            Err(TrySendError::Disconnected(_)) => Some(false),
            Err(TrySendError::Full(back)) => {
                message = Some(back);
                None
            }
        })
    }

    /// Ends the pass when it is dropped.
    pub(super) fn guard(&self) -> ShiftEnd {
        ShiftEnd(self.clone())
    }
}

/// See [`Shift::guard`].
pub(super) struct ShiftEnd(Shift);

impl Drop for ShiftEnd {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::SeqCst);
        self.0.crew.nudge();
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

/// A thread that nobody waits for: what it has to say comes over a channel.
pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    // Without a thread the sources stay unanswered and are reported as such.
    let _ = std::thread::Builder::new().name(name.to_owned()).spawn(work);
}
