//! The keyring of the system, where people keep passwords for programs. Read only: how an entry gets there is between a
//! person and the system.
//!
//! - Linux: the desktop session's Secret Service, asked by `secret-tool` (its attributes `service` and `username`);
//! - macOS: the login keychain, asked by `security` (a generic password);
//! - Windows: the Credential Manager (a generic credential named `SERVICE/ACCOUNT`);
//! - elsewhere: none.
//!
//! On Unix the system's own program is asked: only names are on its command line, and the password comes through a pipe.

#[cfg(unix)]
mod program;

#[cfg(unix)]
use program as sys;
#[cfg(windows)]
#[path = "windows.rs"]
mod sys;
#[cfg(not(any(unix, windows)))]
#[path = "other.rs"]
mod sys;

/// Why the keyring does not give a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// This system has none that we can ask.
    #[error("{0}; use env:NAME or file:PATH instead")]
    NoKeyring(&'static str),
    /// It has no such entry, or is locked.
    #[error("the keyring has no such entry, or is locked")]
    NoEntry,
    /// It did not answer in time: perhaps it waits for somebody to unlock it.
    #[error("the keyring does not answer; unlock it first")]
    NoAnswer,
}

/// The password that the keyring of this account has for `account` at `service`.
pub fn password(service: &str, account: &str) -> Result<Vec<u8>, KeyringError> {
    sys::password(service, account)
}
