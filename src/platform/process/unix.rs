//! Children on Unix: each is the leader of a session of its own, and so of a process group that can be killed as one.

#![allow(unsafe_code, reason = "a new session is made between fork and exec, which the compiler cannot check")]

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, setsid, waitid};

use super::Ended;
use super::programs::FOLDERS;

pub(super) fn prepare(command: &mut Command) {
    command.env("PATH", FOLDERS.join(":")).env("LC_ALL", "C").current_dir("/");
    // SAFETY: the closure makes two system calls and touches no lock and no memory that another thread may hold.
    unsafe {
        command.pre_exec(|| {
            // No controlling terminal: a child that asks for a password finds nobody to ask.
            setsid()?;
            // The thread that started the child waits for it, so the child outlives neither. Other systems lack this.
            #[cfg(target_os = "linux")]
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            Ok(())
        });
    }
}

pub(super) fn ended(status: ExitStatus) -> Option<Ended> {
    status.code().map(Ended::Exited).or_else(|| status.signal().map(Ended::Signalled))
}

pub(super) struct Group(Pid);

impl Group {
    pub(super) fn of(child: &Child) -> io::Result<Self> {
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        id.map(Self).ok_or_else(|| io::Error::other("a child without a process id"))
    }

    pub(super) fn leader_has_exited(&self, _child: &mut Child) -> io::Result<bool> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(self.0), look) {
            Ok(status) => Ok(status.is_some()),
            Err(Errno::INTR) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The leader isn't reaped yet, so the group's id cannot be another's.
    pub(super) fn kill(&self, child: &mut Child) {
        if kill_process_group(self.0, Signal::KILL).is_err() {
            // macOS refuses a group that is all zombies; then there is nobody to kill but perhaps the child.
            let _ = child.kill();
        }
    }
}
