//! Threads that get what others leave: this program runs on servers that are in trouble already.

#![cfg_attr(
    any(target_os = "linux", target_vendor = "apple", windows),
    allow(unsafe_code, reason = "priorities of threads have no safe interface")
)]

/// Gives this thread the lowest priority for processor and disk, for good. What it starts later has it too. Nobody can
/// refuse this to a thread about itself; where a system does, nothing is lost but manners.
///
/// - Linux: nice 19 and the idle class of I/O, each of one thread (setpriority(2), ioprio_set(2)). Not `SCHED_IDLE`, which on
///   a server that never rests would never come to its end.
/// - macOS: a background thread (setpriority(2), `PRIO_DARWIN_BG`).
/// - Windows: background mode, which also lowers the priority of memory (`SetThreadPriority`).
/// - Elsewhere: nothing, because priorities there are of whole processes.
pub fn step_back() {
    sys::step_back();
}

#[cfg(target_os = "linux")]
mod sys {
    pub(super) fn step_back() {
        const WHO_PROCESS: libc::c_int = 1;
        const CLASS_IDLE: libc::c_int = 3 << 13;
        let _ = rustix::process::setpriority_process(None, 19);
        // SAFETY: takes three numbers and touches no memory; 0 is the thread that calls.
        unsafe { libc::syscall(libc::SYS_ioprio_set, WHO_PROCESS, 0, CLASS_IDLE) };
    }
}

#[cfg(target_vendor = "apple")]
mod sys {
    pub(super) fn step_back() {
        // SAFETY: takes three numbers and touches no memory; 0 is the thread that calls.
        unsafe { libc::setpriority(libc::PRIO_DARWIN_THREAD, 0, libc::PRIO_DARWIN_BG) };
    }
}

#[cfg(windows)]
mod sys {
    use windows_sys::Win32::System::Threading::{GetCurrentThread, SetThreadPriority, THREAD_MODE_BACKGROUND_BEGIN};

    pub(super) fn step_back() {
        // SAFETY: takes the handle that stands for this thread, which needs no closing, and a number.
        unsafe { SetThreadPriority(GetCurrentThread(), THREAD_MODE_BACKGROUND_BEGIN) };
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple", windows)))]
mod sys {
    pub(super) fn step_back() {}
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn only_the_thread_that_steps_back_is_slower() {
        let nice = || rustix::process::getpriority_process(None).expect("a number");
        let before = nice();
        let there = std::thread::spawn(move || {
            super::step_back();
            nice()
        });
        assert_eq!((there.join().expect("ends"), nice()), (19, before));
    }
}
