//! Where an escalation goes: ticket systems, the outbox, the journal on disk.
//!
//! A new ticket system is one file with an `impl TicketSystem`. This room carries out; what to write and whether to go
//! at all is decided in `escalate/`.

pub mod acceptance;
pub mod callout;
pub mod handover;
pub mod http;
pub mod journal;
pub mod kept_case;
#[cfg(test)]
pub(crate) mod loopback;
pub mod notifiers;
pub mod outbox;
pub mod recording;
pub mod retry;
pub mod secrets;
pub mod uploads;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::escalate::Ticket;
use crate::model::{CaseId, Sha256Digest};

/// A place where tickets are kept. Every call can be made again after a kill: it finds what it did and doubles nothing.
pub trait TicketSystem {
    /// The ticket of a case, where there is one.
    fn find(&self, case_id: &CaseId) -> Result<Option<TicketRef>, DeliverError>;

    /// Makes the ticket, or finds the one that the case already has, unchanged.
    fn create(&self, ticket: &Ticket) -> Result<TicketRef, DeliverError>;

    /// Attaches the file at `bundle`, reads it back and holds it against `expected`. Only what is whole at the far side
    /// is attached: ticket systems cut long files and still answer "created".
    fn attach(&self, ticket: &TicketRef, bundle: &Path, expected: &Sha256Digest) -> Result<Attached, DeliverError>;

    /// Adds a comment. `key` names it within the ticket: the same key again adds nothing.
    fn comment(&self, ticket: &TicketRef, key: &str, text: &str) -> Result<(), DeliverError>;
}

/// A ticket at its system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TicketRef {
    /// The kind of system, such as `outbox`.
    pub system: &'static str,
    /// The ticket's name there.
    pub id: String,
    /// Where a person finds it: a path or an address.
    pub location: String,
}

/// A file that was attached and read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attached {
    /// Its name at the ticket.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// What was read back.
    pub digest: Sha256Digest,
    /// Whether it was there before this call.
    pub already: bool,
}

/// Why a step to the outside failed.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// No answer, or none that can be used.
    #[error(transparent)]
    Http(#[from] http::HttpError),
    /// The far side says no.
    #[error("{system} refuses to {action}: {problem}")]
    Refused {
        /// Which far side, by its name in the policy.
        system: String,
        /// What was asked for.
        action: &'static str,
        /// What it says, as one harmless line.
        problem: String,
    },
    /// A file or folder of the outbox.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// What was read is not what was meant.
    #[error("{what} has the digest {found}, not {expected}")]
    DigestMismatch {
        /// Which file.
        what: String,
        /// The digest that it should have.
        expected: Sha256Digest,
        /// The digest that it has.
        found: Sha256Digest,
    },
    /// Somebody else is at work on the same ticket.
    #[error("another casefile is at work in {}", .0.display())]
    Busy(PathBuf),
    /// The record of a ticket cannot be read.
    #[error("{} is no ticket record: {problem}", path.display())]
    DamagedRecord {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

impl DeliverError {
    /// Somebody asked to stop.
    #[must_use]
    pub fn interruption() -> Self {
        Self::Io { action: "finish", path: PathBuf::new(), source: std::io::ErrorKind::Interrupted.into() }
    }

    /// Whether it ended because somebody asked to stop.
    #[must_use]
    pub fn is_interruption(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == std::io::ErrorKind::Interrupted)
    }
}
