//! Children on the system nobody thought of: only the child itself is killed.

use std::io;
use std::process::{Child, Command, ExitStatus};

use super::Ended;

pub(super) fn prepare(_command: &mut Command) {}

pub(super) fn ended(status: ExitStatus) -> Option<Ended> {
    status.code().map(Ended::Exited)
}

pub(super) struct Group;

impl Group {
    pub(super) fn of(_child: &Child) -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn leader_has_exited(&self, child: &mut Child) -> io::Result<bool> {
        Ok(child.try_wait()?.is_some())
    }

    pub(super) fn kill(&self, child: &mut Child) {
        let _ = child.kill();
    }
}
