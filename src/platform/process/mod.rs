//! Child programs with a deadline: they get no input, no environment but what is stated, no terminal, and no second more.
//!
//! A child that hangs, floods, ignores signals or leaves others behind costs its own section, never the run: it and
//! whatever it started are killed as one group (Unix: its session; Windows: a job object). What starts a session of its
//! own on Unix escapes that, but cannot hold us up: its end of the pipe is abandoned.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

mod programs;
#[cfg(unix)]
#[cfg(test)]
mod tests_unix;
#[cfg(windows)]
#[cfg(test)]
mod tests_windows;

#[cfg(unix)]
#[path = "unix.rs"]
mod sys;
#[cfg(windows)]
#[path = "windows.rs"]
mod sys;
#[cfg(not(any(unix, windows)))]
#[path = "other.rs"]
mod sys;

pub use programs::system_program;

/// How long a finished child's pipes are waited for: what was written is there at once, only a grandchild keeps them open.
const GRACE: Duration = Duration::from_secs(1);

/// How often cancellation, the deadline and the child are looked at. Ctrl-C has a second; a fifth of that for all of it.
const TICK: Duration = Duration::from_millis(20);

const CHUNK: usize = 64 * 1024;

/// A program to run.
#[derive(Debug, Clone)]
pub struct CommandSpec {
    /// The program, by absolute path: no search, no shell.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// When it is killed.
    pub timeout: Duration,
    /// The most bytes that are taken from its stdout; more, and it is killed. Of its stderr as many are kept, and the rest
    /// is dropped.
    pub output_cap: u64,
    /// The whole environment of the child beside `PATH` (system folders) and `LC_ALL=C`, or, on Windows, `SystemRoot`,
    /// `SystemDrive` and `windir`. These come last and win.
    pub environment: Vec<(String, String)>,
}

impl CommandSpec {
    /// The environment of this process, for a child that is the same program. What is no Unicode is left out.
    #[must_use]
    pub fn own_environment() -> Vec<(String, String)> {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal that wasn't ours.
    Signalled(i32),
    /// Killed at its deadline.
    TimedOut,
    /// Killed because it wrote more than it may.
    CapReached,
    /// Killed because the run was cancelled.
    Cancelled,
}

/// What a child left.
#[derive(Debug)]
pub struct CommandOutput {
    /// Its stdout up to the cap; empty when it went to a sink.
    pub stdout: Vec<u8>,
    /// Its stderr up to the cap.
    pub stderr: Vec<u8>,
    /// How it ended.
    pub ended: Ended,
    /// From its start to its end.
    pub duration: Duration,
    /// Bytes of stdout that were read and are over the cap. What a killed child would have written isn't known.
    pub stdout_bytes_dropped: u64,
    /// The same of stderr.
    pub stderr_bytes_dropped: u64,
}

/// Runs a child to its end, its deadline, its cap or a cancellation. An error means that it could not be started.
pub fn run(spec: &CommandSpec, cancel: &AtomicBool) -> io::Result<CommandOutput> {
    let mut stdout = Vec::new();
    let output = run_into(spec, cancel, &mut stdout)?;
    Ok(CommandOutput { stdout, ..output })
}

/// Same, with stdout going to `sink` as it comes. An error of the sink kills the child and is returned.
pub fn run_into(spec: &CommandSpec, cancel: &AtomicBool, sink: &mut dyn Write) -> io::Result<CommandOutput> {
    if !spec.program.is_absolute() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the program is not named by an absolute path"));
    }
    let started = Instant::now();
    let mut command = Command::new(&spec.program);
    command.args(&spec.args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env_clear();
    sys::prepare(&mut command);
    command.envs(spec.environment.iter().map(|(name, value)| (name, value)));
    let mut running = Running::adopt(command.spawn()?)?;
    let (sender, pieces) = sync_channel(4);
    if let Some(stdout) = running.child.stdout.take() {
        read_on_a_thread(stdout, Piece::Out, sender.clone())?;
    }
    if let Some(stderr) = running.child.stderr.take() {
        read_on_a_thread(stderr, Piece::Err, sender)?;
    }
    let mut taken = Taken { sink, cap: spec.output_cap, out: 0, dropped: 0, stderr: Vec::new(), stderr_dropped: 0 };
    let cut = follow(&mut running, &pieces, &mut taken, started + spec.timeout, cancel)?;
    let duration = started.elapsed();
    let status = running.finish();
    if cut == Some(Ended::TimedOut) {
        // What it had written is evidence of what it hung on.
        drain(&pieces, &mut taken)?;
    }
    // Where SIGCHLD is ignored (some supervisors start us so) the system throws the status away.
    let lost = || io::Error::other("the system did not say how the program ended");
    let ended = cut.or_else(|| status.and_then(sys::ended)).ok_or_else(lost)?;
    let Taken { dropped, stderr, stderr_dropped, .. } = taken;
    Ok(CommandOutput {
        stdout: Vec::new(),
        stderr,
        ended,
        duration,
        stdout_bytes_dropped: dropped,
        stderr_bytes_dropped: stderr_dropped,
    })
}

/// Takes output until the child is through (`None`) or must be killed.
fn follow(
    running: &mut Running,
    pieces: &Receiver<Piece>,
    taken: &mut Taken<'_>,
    deadline: Instant,
    cancel: &AtomicBool,
) -> io::Result<Option<Ended>> {
    let mut exited = None;
    loop {
        if cancel.load(Ordering::Relaxed) {
            return Ok(Some(Ended::Cancelled));
        }
        if exited.is_none() && running.has_exited()? {
            exited = Some(Instant::now());
        }
        match exited {
            Some(at) if at.elapsed() >= GRACE => return Ok(None),
            None if Instant::now() >= deadline => return Ok(Some(Ended::TimedOut)),
            _ => {}
        }
        match pieces.recv_timeout(TICK) {
            Ok(piece) => {
                if taken.take(&piece)? {
                    return Ok(Some(Ended::CapReached));
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            // Both pipes are at their end.
            Err(RecvTimeoutError::Disconnected) if exited.is_some() => return Ok(None),
            Err(RecvTimeoutError::Disconnected) => thread::sleep(Duration::from_millis(2)),
        }
    }
}

/// Takes what is in the pipes of a killed child, for as long as [`GRACE`].
fn drain(pieces: &Receiver<Piece>, taken: &mut Taken<'_>) -> io::Result<()> {
    let until = Instant::now() + GRACE;
    while let Ok(piece) = pieces.recv_timeout(until.saturating_duration_since(Instant::now())) {
        if taken.take(&piece)? {
            break;
        }
    }
    Ok(())
}

enum Piece {
    Out(Vec<u8>),
    Err(Vec<u8>),
}

/// The reader ends with its pipe, or with the first piece that nobody takes any more.
fn read_on_a_thread(
    mut pipe: impl Read + Send + 'static,
    piece: fn(Vec<u8>) -> Piece,
    sender: SyncSender<Piece>,
) -> io::Result<()> {
    let reader = move || {
        let mut chunk = vec![0; CHUNK];
        loop {
            match pipe.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(len) if len > 0 && sender.send(piece(chunk[..len].to_vec())).is_ok() => {}
                _ => return,
            }
        }
    };
    thread::Builder::new().name("child output".to_owned()).spawn(reader).map(drop)
}

struct Taken<'a> {
    sink: &'a mut dyn Write,
    cap: u64,
    out: u64,
    dropped: u64,
    stderr: Vec<u8>,
    stderr_dropped: u64,
}

impl Taken<'_> {
    /// Whether the cap of stdout was passed.
    fn take(&mut self, piece: &Piece) -> io::Result<bool> {
        let room = |used: u64, len: usize| len.min(usize::try_from(self.cap.saturating_sub(used)).unwrap_or(len));
        match piece {
            Piece::Err(bytes) => {
                let fits = room(self.stderr.len() as u64, bytes.len());
                self.stderr.extend_from_slice(&bytes[..fits]);
                self.stderr_dropped += (bytes.len() - fits) as u64;
                Ok(false)
            }
            Piece::Out(bytes) => {
                let fits = room(self.out, bytes.len());
                self.sink.write_all(&bytes[..fits])?;
                self.out += fits as u64;
                self.dropped += (bytes.len() - fits) as u64;
                Ok(fits < bytes.len())
            }
        }
    }
}

/// A child with all that it starts. Whatever happens to us, dropping this kills them.
struct Running {
    child: Child,
    group: sys::Group,
    finished: bool,
}

impl Running {
    fn adopt(mut child: Child) -> io::Result<Self> {
        match sys::Group::of(&child) {
            Ok(group) => Ok(Self { child, group, finished: false }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// Without reaping it: its id must stay taken until its group has been killed.
    fn has_exited(&mut self) -> io::Result<bool> {
        self.group.leader_has_exited(&mut self.child)
    }

    /// Kills what is left of the group and reaps the child. `None` if it won't die, as in a hung system call.
    fn finish(&mut self) -> Option<ExitStatus> {
        self.finished = true;
        self.group.kill(&mut self.child);
        let until = Instant::now() + GRACE / 2;
        while Instant::now() < until {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(1)),
                reaped => return reaped.ok().flatten(),
            }
        }
        None
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.finished {
            self.finish();
        }
    }
}
