//! The outbox in a rehearsal: what would be written beside the tickets is written to the folder of the rehearsal.

use std::path::Path;
use std::sync::Arc;

use super::outbox::{Outbox, attachment_name};
use super::recording::Recording;
use super::{Attached, DeliverError, TicketRef, TicketState, TicketStatus, TicketSystem};
use crate::escalate::Ticket;
use crate::model::{CaseId, Severity, Sha256Digest};

/// An outbox that is read as always, and never written.
#[derive(Debug)]
pub struct RehearsedOutbox {
    outbox: Outbox,
    recording: Arc<Recording>,
}

impl RehearsedOutbox {
    /// `outbox`, whose changes go into `recording`.
    #[must_use]
    pub fn new(outbox: Outbox, recording: Arc<Recording>) -> Self {
        Self { outbox, recording }
    }

    fn write(&self, name: &str, text: &str) -> Result<(), DeliverError> {
        let failed = |source| DeliverError::Io { action: "write in", path: self.recording.folder().to_owned(), source };
        self.recording.write(name, text).map_err(failed)
    }
}

impl TicketSystem for RehearsedOutbox {
    fn find(&self, case_id: &CaseId) -> Result<Option<TicketRef>, DeliverError> {
        self.outbox.find(case_id)
    }

    fn create(&self, ticket: &Ticket) -> Result<TicketRef, DeliverError> {
        self.write("outbox-ticket.md", &ticket.body)?;
        let record = serde_json::json!({ "queue": ticket.queue, "title": ticket.title, "fields": ticket.fields });
        self.write("outbox-ticket.json", &format!("{record:#}\n"))?;
        Ok(self.outbox.reference(&ticket.case_id))
    }

    fn most_attachment_bytes(&self) -> Result<Option<u64>, DeliverError> {
        self.outbox.most_attachment_bytes()
    }

    fn attach(&self, _: &TicketRef, bundle: &Path, expected: &Sha256Digest) -> Result<Attached, DeliverError> {
        let failed = |source| DeliverError::Io { action: "read", path: bundle.to_owned(), source };
        let (name, size) = (attachment_name(bundle), bundle.metadata().map_err(failed)?.len());
        self.write("outbox-attachment.txt", &format!("{name}\n{size} bytes\nSHA-256 {expected}\n"))?;
        Ok(Attached { name, size, digest: *expected, read_back: false, already: false })
    }

    fn comment(&self, _: &TicketRef, key: &str, text: &str) -> Result<(), DeliverError> {
        self.write(&format!("outbox-comment-{key}.md"), text)
    }

    fn set_severity(&self, _: &TicketRef, severity: Severity) -> Result<(), DeliverError> {
        self.write("outbox-severity.txt", &format!("{severity}\n"))
    }

    fn set_status(&self, _: &TicketRef, status: TicketStatus) -> Result<(), DeliverError> {
        let word = serde_json::to_value(status).unwrap_or_default();
        self.write("outbox-status.txt", &format!("{}\n", word.as_str().unwrap_or_default()))
    }

    fn state(&self, ticket: &TicketRef) -> Result<TicketState, DeliverError> {
        self.outbox.state(ticket)
    }
}
