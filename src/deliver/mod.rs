//! Where an escalation goes: ticket systems, the outbox, the journal on disk.
//!
//! A new ticket system is one file in `tickets/` with an `impl TicketApi`. This room carries out; what to write and whether
//! to go at all is decided in `escalate/`.

pub mod acceptance;
pub mod callout;
pub mod handover;
pub mod http;
pub mod journal;
pub mod kept_case;
pub mod kept_ticket;
#[cfg(test)]
pub(crate) mod loopback;
pub mod notifiers;
pub mod outbox;
pub mod outbox_rehearsed;
pub mod recording;
pub mod retry;
pub mod secrets;
pub mod tickets;
pub mod uploads;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::escalate::Ticket;
use crate::model::{CaseId, Severity, Sha256Digest};

use notifiers::Acknowledgement;

/// A place where tickets are kept. Every call can be made again after a kill: it finds what it did and doubles nothing.
/// That something was done is judged by reading it back: ticket systems answer "done" to what they refuse or cut.
pub trait TicketSystem {
    /// The ticket of a case, where there is one. Where there are several, the oldest.
    fn find(&self, case_id: &CaseId) -> Result<Option<TicketRef>, DeliverError>;

    /// The same, and where there are several, the younger ones are closed, with a link to the oldest.
    fn settle(&self, case_id: &CaseId) -> Result<Option<TicketRef>, DeliverError> {
        self.find(case_id)
    }

    /// Makes the ticket, or finds the one that the case already has, unchanged. Where another run made one meanwhile, the
    /// younger is closed, with a link to the older.
    fn create(&self, ticket: &Ticket) -> Result<TicketRef, DeliverError>;

    /// The largest file that the system says it takes, in bytes; nothing where it does not say.
    fn most_attachment_bytes(&self) -> Result<Option<u64>, DeliverError>;

    /// Attaches the file at `bundle`, reads it back and holds it against `expected`. Only what is whole at the far side
    /// is attached. A file that is too large is [`DeliverError::TooLarge`]: a link to an upload takes its place.
    fn attach(&self, ticket: &TicketRef, bundle: &Path, expected: &Sha256Digest) -> Result<Attached, DeliverError>;

    /// Leaves the way to a file that was uploaded elsewhere.
    fn link(&self, ticket: &TicketRef, link: &Link) -> Result<(), DeliverError> {
        self.comment(ticket, &format!("link-{}", link.digest.spoken()), &link.text())
    }

    /// Adds a comment. `key` names it within the ticket: the same key again adds nothing.
    fn comment(&self, ticket: &TicketRef, key: &str, text: &str) -> Result<(), DeliverError>;

    /// Sets the severity in its field, where the ticket has one.
    fn set_severity(&self, ticket: &TicketRef, severity: Severity) -> Result<(), DeliverError>;

    /// Sets the state: resolved, and open or waiting for the customer before that.
    fn set_status(&self, ticket: &TicketRef, status: TicketStatus) -> Result<(), DeliverError>;

    /// How the ticket stands now.
    fn state(&self, ticket: &TicketRef) -> Result<TicketState, DeliverError>;

    /// What did not go as it was meant although the ticket stands, a sentence each: a duplicate that was closed, a field
    /// that was not kept. Whoever carries out tells them and ends with "partly done".
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Where a ticket stands, in our words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TicketStatus {
    /// New, or somebody works on it.
    Open,
    /// The customer has to say something.
    Waiting,
    /// Done.
    Resolved,
    /// The system cannot be asked, or says a word that we do not know.
    Unknown,
}

/// How a ticket stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketState {
    /// Where it stands.
    pub status: TicketStatus,
    /// The system's own word for that.
    pub word: String,
    /// Who took it: its owner or assignee, with the time as far as the system tells it.
    pub taken: Option<Acknowledgement>,
    /// The severity in its field.
    pub severity: Option<Severity>,
}

/// A file that was uploaded elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its address.
    pub url: url::Url,
    /// Its name.
    pub file_name: String,
    /// Its size in bytes.
    pub size: u64,
    /// What it must hash to.
    pub digest: Sha256Digest,
}

impl Link {
    /// The text that stands in the ticket: the address is a line by itself.
    #[must_use]
    pub fn text(&self) -> String {
        let name = crate::escalate::plain_text::inline(&self.file_name, 120);
        let Self { url, size, digest, .. } = self;
        format!("Uploaded: {name}, {size} bytes, SHA-256 {digest}.\n\n{url}\n")
    }
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
    /// What was read back, by us or by the system itself; what was sent, where neither could be.
    pub digest: Sha256Digest,
    /// Whether it was read back.
    pub read_back: bool,
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
    /// The far side is overloaded or down; the same may pass later.
    #[error("{system} cannot {action} now (status {status})")]
    Unavailable {
        /// Which far side, by its name in the policy.
        system: String,
        /// What was asked for.
        action: &'static str,
        /// The status of its answer.
        status: u16,
        /// How long it asks us to wait.
        wait: Option<Duration>,
    },
    /// The far side answered that it did something, and reading back shows otherwise.
    #[error("{system} answered that it would {action}, but {problem}")]
    NotKept {
        /// Which far side, by its name in the policy.
        system: String,
        /// What was asked for.
        action: &'static str,
        /// What was read back.
        problem: String,
    },
    /// The file is larger than the far side takes.
    #[error("{system} takes files of at most {most} bytes, and {file} has {size}")]
    TooLarge {
        /// Which far side, by its name in the policy.
        system: String,
        /// Which file.
        file: String,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes; 0 where files are not taken at all.
        most: u64,
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
