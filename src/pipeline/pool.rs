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
        self.crew.until(|| self.is_over().then_some(()));
    }

    /// Whether nobody waits for its results any more.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
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

/// Whether one source is being asked for something: counts up when it is asked and when it has answered, so that it is odd
/// in between. Only that time counts against a source: a busy machine may take long over what was read.
#[derive(Clone, Default)]
pub(super) struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// Asks the source for something.
    pub(super) fn asking<T>(&self, ask: impl FnOnce() -> T) -> T {
        self.0.fetch_add(1, Ordering::Relaxed);
        let answer = ask();
        self.0.fetch_add(1, Ordering::Relaxed);
        answer
    }

    /// `reader`, whose every read is asking.
    pub(super) fn of(&self, reader: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        Box::new(Asked { reader, pulse: self.clone() })
    }
}

struct Asked {
    reader: Box<dyn Read + Send>,
    pulse: Pulse,
}

impl Read for Asked {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Self { reader, pulse } = self;
        pulse.asking(|| reader.read(buf))
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

    /// Whether the source has been asked and has given no answer for `patience`.
    pub(super) fn is_still(&mut self, patience: Duration) -> bool {
        let now = self.pulse.0.load(Ordering::Relaxed);
        if now != self.seen || now.is_multiple_of(2) {
            self.seen = now;
            self.changed = Instant::now();
            return false;
        }
        self.changed.elapsed() > patience
    }
}

/// A thread that nobody waits for: what it has to say comes over a channel.
pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    // Without a thread the sources stay unanswered and are reported as such.
    let _ = std::thread::Builder::new().name(name.to_owned()).spawn(work);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_time_in_which_a_source_is_asked_counts_against_it() {
        let pulse = Pulse::default();
        let mut watched = Watched::new(pulse.clone());
        let long = Duration::from_millis(30);
        assert!(!watched.is_still(Duration::ZERO), "nobody has asked yet");
        pulse.asking(|| {
            assert!(!watched.is_still(Duration::from_secs(3600)), "it was asked just now");
            std::thread::sleep(long);
            assert!(watched.is_still(Duration::from_millis(1)), "it does not answer");
        });
        std::thread::sleep(long);
        assert!(!watched.is_still(Duration::from_millis(1)), "it has answered, and what was read is worked on");
    }
}
