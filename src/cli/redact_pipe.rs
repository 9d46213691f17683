//! Stdin as `redact` reads it: what comes is there at once, and Ctrl-C ends a wait for more.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// Bytes that are read at once.
pub const CHUNK: usize = 64 << 10;

/// How often a wait looks whether somebody wants to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Stdin, read on a thread of its own, so that Ctrl-C ends a wait for it.
pub struct Pipe {
    receive: Receiver<io::Result<Vec<u8>>>,
    cancel: Arc<AtomicBool>,
    pending: Vec<u8>,
    given: usize,
    ended: bool,
}

impl Pipe {
    /// Begins to read.
    pub fn start(cancel: Arc<AtomicBool>) -> Self {
        let (send, receive) = sync_channel(4);
        // Without a thread nothing comes, and the channel says so.
        let _ = std::thread::Builder::new().name("stdin".to_owned()).spawn(move || {
            let mut stdin = io::stdin().lock();
            loop {
                let mut chunk = vec![0; CHUNK];
                let read = match stdin.read(&mut chunk) {
                    // A signal came; whether it ends us is for others to say.
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                    Ok(n) => {
                        chunk.truncate(n);
                        Ok(chunk)
                    }
                    Err(e) => Err(e),
                };
                let last = read.as_ref().map_or(true, Vec::is_empty);
                if send.send(read).is_err() || last {
                    return;
                }
            }
        });
        Self { receive, cancel, pending: Vec::new(), given: 0, ended: false }
    }
}

impl Read for Pipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.given == self.pending.len() && !self.ended {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(io::Error::other("stopped"));
            }
            match self.receive.recv_timeout(LOOK) {
                Ok(chunk) => {
                    self.pending = chunk?;
                    self.given = 0;
                    self.ended = self.pending.is_empty();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.ended = true,
            }
        }
        let n = buf.len().min(self.pending.len() - self.given);
        buf[..n].copy_from_slice(&self.pending[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}
