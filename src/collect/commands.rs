//! Read-only commands: by absolute path from system folders, without a shell, each with a timeout and an output cap.

use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::held::{Held, Holder};
use super::profile::{Command, Profile};
use super::{Collector, Context, Deadline, Open, OpenError, Opened, Pass, Source, Step};
use crate::model::Outcome;
use crate::model::manifest::{KeptEnd, Truncation};
use crate::platform::{CommandSpec, Elevation, Ended, run_into, system_program};
use crate::redact::MediaHint;

/// Runs the commands of a profile.
#[derive(Debug)]
pub struct Commands {
    profile: Arc<Profile>,
}

impl Commands {
    /// The commands that `profile` names.
    #[must_use]
    pub fn new(profile: Arc<Profile>) -> Self {
        Self { profile }
    }

    fn step(&self, command: &Command, context: &Context) -> Step {
        let what = command.run.join(" ");
        let decided = |reason: &str| {
            Step::decided(what.clone(), &command.purpose, Outcome::Skipped { reason: reason.to_owned() })
        };
        if !Profile::is_builtin_command(context.system, &command.run) {
            if context.elevation == Elevation::Elevated {
                return decided("is a command of the profile, which is never run with elevated rights");
            }
            if !context.allow_commands {
                return decided("is a command of the profile; allow it with --allow-commands");
            }
        }
        let Some(program) = find_program(&command.run[0]) else {
            return decided("is not on this system");
        };
        let spec = CommandSpec {
            program,
            args: command.run[1..].to_vec(),
            timeout: command.timeout,
            output_cap: self.profile.limits.command_output,
            environment: Vec::new(),
        };
        let source = Source {
            path: format!("commands/{}.txt", command.name),
            origin: what.clone(),
            hint: MediaHint::Text,
            media_type: "text/plain",
            size: None,
            modified: None,
            is_log: false,
            open: Arc::new(RunOnce::new(spec, KeptEnd::Oldest, context)),
        };
        Step { what, purpose: command.purpose.clone(), sources: vec![source], decided: None }
    }
}

/// A plain name is looked up in the system's folders; a path must be absolute.
fn find_program(name: &str) -> Option<std::path::PathBuf> {
    let path = std::path::Path::new(name);
    if path.is_absolute() { path.is_file().then(|| path.to_owned()) } else { system_program(name) }
}

impl Collector for Commands {
    fn name(&self) -> &'static str {
        "commands"
    }

    fn plan(&self, context: &Context) -> Vec<Step> {
        self.profile.commands.iter().map(|command| self.step(command, context)).collect()
    }
}

/// A command that runs at the first opening; its output is held for the second.
pub(super) struct RunOnce {
    spec: CommandSpec,
    deadline: Deadline,
    cancel: Arc<AtomicBool>,
    kept: KeptEnd,
    done: Mutex<Option<Done>>,
}

#[derive(Clone)]
struct Done {
    output: Held,
    truncation: Option<Truncation>,
    partial: Option<String>,
    exit_status: Option<i32>,
    duration: Duration,
}

impl RunOnce {
    pub(super) fn new(spec: CommandSpec, kept: KeptEnd, context: &Context) -> Self {
        let (deadline, cancel) = (context.deadline.clone(), Arc::clone(&context.cancel));
        Self { spec, deadline, cancel, kept, done: Mutex::new(None) }
    }

    /// Runs it. Output first, then standard error under a heading of its own, so that one file tells the whole story.
    fn run(&self) -> Result<Done, OpenError> {
        let mut holder = Holder::new();
        let mut written = CountedHolder { holder: &mut holder, bytes: 0, full: false };
        let timeout = self.spec.timeout.min(self.deadline.left());
        if timeout.is_zero() {
            let seconds = self.deadline.length().as_secs();
            return Err(OpenError::Failed(format!("was not started: the {seconds} s for all commands were over")));
        }
        let spec = CommandSpec { timeout, ..self.spec.clone() };
        let result = run_into(&spec, &self.cancel, &mut written);
        let CountedHolder { bytes, full, .. } = written;
        let output = result.map_err(|e| {
            let what = if full { "its output could not be held, nor put aside" } else { "could not be started" };
            OpenError::Failed(format!("{what}: {e}"))
        })?;
        if !output.stderr.is_empty() {
            writeln!(holder, "{}--- standard error", if bytes == 0 { "" } else { "\n" })?;
            holder.write_all(&output.stderr)?;
        }
        let seconds = timeout.as_secs();
        let (exit_status, partial) = match output.ended {
            Ended::Exited(code) => (Some(code), (code != 0).then(|| format!("ended with exit status {code}"))),
            Ended::Signalled(signal) => (None, Some(format!("was ended by signal {signal}"))),
            Ended::TimedOut => (None, Some(format!("was stopped after {seconds} s"))),
            Ended::CapReached => (None, Some(format!("was stopped after {} bytes of output", self.spec.output_cap))),
            Ended::Cancelled => return Err(OpenError::Failed("was stopped".to_owned())),
        };
        let cut = (output.stderr_bytes_dropped > 0)
            .then(|| format!("{} bytes of its standard error are left out", output.stderr_bytes_dropped));
        let reasons: Vec<String> = partial.into_iter().chain(cut).collect();
        let partial = (!reasons.is_empty()).then(|| reasons.join("; "));
        let truncation = matches!(output.ended, Ended::CapReached).then(|| Truncation {
            kept: self.kept,
            bytes_left_out: output.stdout_bytes_dropped,
            limit: format!("at most {} bytes of output", self.spec.output_cap),
        });
        if bytes == 0 && output.stderr.is_empty() && matches!(output.ended, Ended::TimedOut) {
            return Err(OpenError::Failed(format!("gave no output and was stopped after {seconds} s")));
        }
        Ok(Done { output: holder.finish()?, truncation, partial, exit_status, duration: output.duration })
    }
}

struct CountedHolder<'a> {
    holder: &'a mut Holder,
    bytes: u64,
    /// Whether the holder took no more: there is no folder for temporary files, or no room in it.
    full: bool,
}

impl Write for CountedHolder<'_> {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.bytes += buf.len() as u64;
        self.holder.write(buf).inspect_err(|_| self.full = true)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Open for RunOnce {
    fn open(&self, _: Pass) -> Result<Opened, OpenError> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let done = match &*done {
            Some(done) => done.clone(),
            None => done.insert(self.run()?).clone(),
        };
        Ok(Opened {
            reader: done.output.reader()?,
            source_size: done.output.len(),
            truncation: done.truncation,
            partial: done.partial,
            exit_status: done.exit_status,
            duration: done.duration,
        })
    }

    fn runs_something(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_after_the_deadline_is_not_started_and_says_so() {
        let spec = CommandSpec {
            program: "/nowhere/at/all".into(),
            args: Vec::new(),
            timeout: Duration::from_secs(10),
            output_cap: 1,
            environment: Vec::new(),
        };
        let once = RunOnce {
            spec,
            deadline: Deadline::new(Duration::ZERO),
            cancel: Arc::default(),
            kept: KeptEnd::Oldest,
            done: Mutex::new(None),
        };
        let refused = once.open(Pass::Scan).err().map(|e| e.to_string());
        assert_eq!(refused.as_deref(), Some("was not started: the 0 s for all commands were over"));
    }
}
