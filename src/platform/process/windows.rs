//! Children on Windows: each is put in a job that dies when its last handle is closed, so even our own crash leaves none.
//!
//! A child is in its job a moment after it starts; what it managed to start before that is not. Programs from System32,
//! which is all that runs here, take longer than that to load.

#![allow(unsafe_code, reason = "job objects exist only in the Windows API")]

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::ptr;

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
    TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW};

use super::Ended;
use super::programs::system_folder;

pub(super) fn prepare(command: &mut Command) {
    for name in ["SystemRoot", "SystemDrive", "windir"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    if let Some(folder) = system_folder() {
        command.env("PATH", &folder).current_dir(folder);
    }
    command.creation_flags(CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP);
}

pub(super) fn ended(status: ExitStatus) -> Option<Ended> {
    status.code().map(Ended::Exited)
}

pub(super) struct Group(OwnedHandle);

impl Group {
    pub(super) fn of(child: &Child) -> io::Result<Self> {
        // SAFETY: no name, no attributes; the handle is owned from here on.
        let job = unsafe {
            let job = CreateJobObjectW(ptr::null(), ptr::null());
            if job.is_null() {
                return Err(io::Error::last_os_error());
            }
            OwnedHandle::from_raw_handle(job)
        };
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        let size = u32::try_from(size_of_val(&limits)).unwrap_or(0);
        // SAFETY: both handles are open; the structure has `size` bytes.
        let assigned = unsafe {
            let kind = JobObjectExtendedLimitInformation;
            SetInformationJobObject(job.as_raw_handle(), kind, (&raw const limits).cast(), size) != 0
                && AssignProcessToJobObject(job.as_raw_handle(), child.as_raw_handle()) != 0
        };
        // A child that has ended already cannot be assigned, nor can one in a sandbox that forbids it. Then the child
        // alone is killed.
        let _ = assigned;
        Ok(Self(job))
    }

    #[allow(clippy::unused_self, reason = "the same shape as on Unix")]
    pub(super) fn leader_has_exited(&self, child: &mut Child) -> io::Result<bool> {
        Ok(child.try_wait()?.is_some())
    }

    pub(super) fn kill(&self, child: &mut Child) {
        // SAFETY: the handle is open.
        unsafe { TerminateJobObject(self.0.as_raw_handle(), 1) };
        let _ = child.kill();
    }
}
