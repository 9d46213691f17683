//! What differs by system: the only room with `cfg(target_os)` and `unsafe`.
//!
//! Each module is one door. Behind it stand a Unix, a Windows and a third branch, which compiles on the system nobody
//! thought of and says "not supported here".
//!
//! - [`crew`]: threads that lend each other a hand;
//! - [`facts`]: what this machine is;
//! - [`files`]: what may be read, by folder handle, and why the rest isn't;
//! - [`keyring`]: passwords that people keep in the system's keyring;
//! - [`network`]: what this machine is set to on the network;
//! - [`seal`]: an output file that appears whole or not at all;
//! - [`SealedSpool`]: bytes that wait on the disk, readable to this process alone;
//! - [`step_back`]: threads that get what others leave;
//! - [`process`]: child programs with a deadline;
//! - [`process_self`]: this process: hardening, its own folders, what it uses;
//! - [`sockets`]: probes of a path.

pub mod crew;
pub mod facts;
pub mod files;
pub mod keyring;
pub mod network;
mod priority;
pub mod process;
pub mod process_self;
pub mod seal;
mod sealed_spool;
pub mod sockets;

pub use crew::{Crew, Hands, Pending, beside};
pub use files::{Elevation, FileId, NamedRoot, Refusal, Walked, elevation};
pub use priority::step_back;
pub use process::{CommandOutput, CommandSpec, Ended, run, run_into, system_program};
pub use process_self::{config_dir, create_private_dir, harden, open_private, open_private_append, state_dir};
pub use seal::{PartialFile, remove_debris, remove_debris_of};
pub use sealed_spool::{SealedSpool, SpoolReader, Spooled};

/// The systems that casefile knows by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux, whichever C library.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
    /// Anything else: what is portable works, the rest says so.
    Other,
}

/// The system that this program was built for.
#[must_use]
pub fn system() -> System {
    if cfg!(target_os = "linux") {
        System::Linux
    } else if cfg!(target_os = "macos") {
        System::MacOs
    } else if cfg!(windows) {
        System::Windows
    } else {
        System::Other
    }
}
