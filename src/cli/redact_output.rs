//! Where the result of `redact` goes when it is not a folder: stdout, a terminal, one file. A reader that goes away is no
//! failure, and Ctrl-C ends also a write that hangs.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Exit;
use super::message::{Message, plain};
use super::redact::{failure, write_failure};
use super::screen::Escaped;
use crate::pipeline::copies::{Copied, CopyError, NoCopy};
use crate::platform::PartialFile;
use crate::redact::Treatment;

/// What became of one source.
pub type Made = Result<Copied, NoCopy>;

/// How long a write may go on after somebody wants to stop.
const PATIENCE: Duration = Duration::from_millis(700);

/// Set while stdout is being written to.
static WRITING: AtomicBool = AtomicBool::new(false);

/// A flag that Ctrl-C sets; where a write to stdout hangs then, the program ends.
pub fn cancel_on_signal() -> Arc<AtomicBool> {
    let cancel = Arc::new(AtomicBool::new(false));
    let on_signal = Arc::clone(&cancel);
    let _ = ctrlc::set_handler(move || {
        on_signal.store(true, Ordering::Relaxed);
        std::thread::sleep(PATIENCE);
        if WRITING.load(Ordering::Relaxed) {
            std::process::exit(Exit::Interrupted as i32);
        }
    });
    cancel
}

/// Stdout for data.
pub struct Stdout {
    out: io::Stdout,
}

impl Stdout {
    /// The process's own.
    pub fn new() -> Self {
        Self { out: io::stdout() }
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        WRITING.store(true, Ordering::Relaxed);
        let written = self.out.write(bytes);
        WRITING.store(false, Ordering::Relaxed);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        WRITING.store(true, Ordering::Relaxed);
        let flushed = self.out.flush();
        WRITING.store(false, Ordering::Relaxed);
        flushed
    }
}

/// Where one result goes.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    /// To stdout, which may be a terminal.
    Stdout,
    /// Into a file that appears whole or not at all.
    File {
        /// Which.
        path: &'a Path,
        /// Whether it may take the place of another.
        force: bool,
    },
    /// Nowhere: the places are shown.
    Nowhere,
}

impl Target<'_> {
    /// Hands `work` a writer, and whether to keep a compression. `None` when the reader of stdout has gone away: then
    /// nobody needs to be told anything.
    pub fn take(self, work: impl FnOnce(&mut dyn Write, bool) -> io::Result<Made>) -> Result<Option<Made>, Message> {
        match self {
            Self::Nowhere => work(&mut io::sink(), false).map(Some).map_err(|e| stdout_failure(&e)),
            Self::Stdout => match on_stdout(work) {
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(None),
                done => done.map(Some).map_err(|e| stdout_failure(&e)),
            },
            Self::File { path, force } => {
                let fail = |e: io::Error| match e.kind() {
                    io::ErrorKind::AlreadyExists => failure(CopyError::Exists(path.to_owned())),
                    _ => write_failure(path, &e),
                };
                if force && std::fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
                    return Err(fail(io::Error::other("what is there is no regular file")));
                }
                let file = if force { PartialFile::create_over(path) } else { PartialFile::create(path) };
                let mut file = file.map_err(fail)?;
                let mut out = io::BufWriter::with_capacity(64 << 10, file.file());
                let made = work(&mut out, true).and_then(|made| out.flush().map(|()| made)).map_err(fail)?;
                drop(out);
                if made.is_ok() {
                    if force { file.publish_over() } else { file.publish() }.map_err(fail)?;
                }
                Ok(Some(made))
            }
        }
    }
}

/// Hands `work` stdout: escaped and expanded on a terminal, as it is elsewhere. `pack` says whether to keep a compression.
fn on_stdout<T>(work: impl FnOnce(&mut dyn Write, bool) -> io::Result<T>) -> io::Result<T> {
    let mut stdout = io::BufWriter::with_capacity(64 << 10, Stdout::new());
    if io::stdout().is_terminal() {
        let mut escaped = Escaped::new(&mut stdout);
        let done = work(&mut escaped, false)?;
        escaped.finish()?;
        return Ok(done);
    }
    let done = work(&mut stdout, true)?;
    stdout.flush()?;
    Ok(done)
}

/// Refuses to put on a terminal what is no text.
pub fn fit_for_terminal(treatment: &Treatment, what: &str) -> Result<(), Message> {
    if !io::stdout().is_terminal() || treatment.is_plain() {
        return Ok(());
    }
    Err(Message::usage(format!("{what}: the result is not text that a terminal can show"))
        .hint("give it a file with --output, or pipe it on"))
}

/// What to say when stdout cannot be written to.
fn stdout_failure(error: &io::Error) -> Message {
    Message::new(Exit::LocalFailure, format!("cannot write the result: {}", plain(error)))
        .hint("what came out is not all of it")
}
