//! A ticket system in a rehearsal: what would change something there is asked for once and written down. What only the far
//! side knows (the number of a ticket, of a field, of an upload) is 0; nothing is read back, as nothing was stored.

use std::cell::Cell;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::{DeliverError, Outgoing, TicketApi};
use crate::deliver::http::HttpError;
use crate::deliver::outbox::attachment_name;
use crate::deliver::{Attached, TicketRef, TicketState, TicketStatus, TicketSystem};
use crate::escalate::Ticket;
use crate::escalate::ticket_systems::{Kind, TicketSystemEntry};
use crate::model::{CaseId, Severity, Sha256Digest};

/// The largest file whose request is shown: the client sets aside as much memory as the file is said to be long. No ticket
/// system that we know takes more.
const MOST_SHOWN: u64 = 1024 * 1024 * 1024;

/// A ticket system that is asked as always, by a client that sends nothing.
pub(super) struct Rehearsed {
    pub(super) api: Box<dyn TicketApi>,
    /// The ticket that the case has already, as its journal says.
    pub(super) known: Option<TicketRef>,
    /// The largest file that the policy says it takes.
    pub(super) most_bytes: Option<u64>,
    /// Whether the ticket was looked for.
    pub(super) looked: Cell<bool>,
}

/// What every request is answered: enough for each kind to go on to its next one.
pub(super) fn answer(entry: &TicketSystemEntry) -> Value {
    let fields: Vec<Value> = entry.fields.values().map(|name| json!({ "id": 0, "name": name })).collect();
    let named = [&entry.statuses.open, &entry.statuses.waiting, &entry.statuses.resolved];
    let defaults = ["In Progress", "Feedback", "Resolved"];
    let words = named.into_iter().flatten().map(String::as_str).chain(defaults);
    let statuses: Vec<Value> = words.map(|word| json!({ "id": 0, "name": word })).collect();
    let leads_to = |word: &str, category: &str| json!({ "id": "0", "to": { "name": word, "statusCategory": { "key": category } } });
    let steps = named.into_iter().flatten().map(|word| leads_to(word, "")).chain([
        leads_to("In Progress", "indeterminate"),
        leads_to("Waiting", "indeterminate"),
        leads_to("Done", "done"),
    ]);
    let mut answer = json!({
        "id": 0,
        "key": "REHEARSAL-0",
        "TicketCustomFields": fields,
        "custom_fields": fields,
        "issue": { "id": 0 },
        "issue_statuses": statuses,
        "result": { "sys_id": "0" },
        "ticket": { "id": 0 },
        "transitions": steps.collect::<Vec<_>>(),
        "upload": { "token": "0" },
    });
    if let (Kind::Redmine, Some(tracker)) = (entry.kind, &entry.ticket_type) {
        answer["trackers"] = json!([{ "id": 0, "name": tracker }]);
    }
    answer
}

impl TicketSystem for Rehearsed {
    fn find(&self, case_id: &CaseId) -> Result<Option<TicketRef>, DeliverError> {
        // It is looked for once more at the end of a run, which shows nothing new.
        if self.known.is_some() || self.looked.replace(true) {
            return Ok(self.known.clone());
        }
        match self.api.find_all(case_id) {
            // What answers for every far side at once has no list of tickets.
            Err(DeliverError::Http(HttpError::Unreadable { .. })) => Ok(None),
            found => Ok(found?.into_iter().next()),
        }
    }

    fn create(&self, ticket: &Ticket) -> Result<TicketRef, DeliverError> {
        self.api.make(ticket)
    }

    fn most_attachment_bytes(&self) -> Result<Option<u64>, DeliverError> {
        Ok(self.most_bytes)
    }

    fn attach(&self, ticket: &TicketRef, bundle: &Path, expected: &Sha256Digest) -> Result<Attached, DeliverError> {
        let io = |action, source| DeliverError::Io { action, path: bundle.to_owned(), source };
        let name = attachment_name(bundle);
        let size = bundle.metadata().map_err(|e| io("read", e))?.len();
        if let Some(most) = self.most_bytes.filter(|most| size > *most) {
            return Err(DeliverError::TooLarge { system: ticket.system.to_owned(), file: name, size, most });
        }
        if size > MOST_SHOWN {
            let problem = format!("the bundle has {size} bytes, and a rehearsal shows at most {MOST_SHOWN}");
            return Err(DeliverError::Refused { system: ticket.system.to_owned(), action: "rehearse", problem });
        }
        // In place of the bundle, a line about it: a rehearsal is read by people.
        let mut shown = tempfile::NamedTempFile::new().map_err(|e| io("rehearse", e))?;
        write!(shown, "(here the {size} bytes of {name}, SHA-256 {expected})").map_err(|e| io("rehearse", e))?;
        self.api.upload(ticket, &Outgoing { path: shown.path(), name: &name, size })?;
        Ok(Attached { name, size, digest: *expected, read_back: false, already: false })
    }

    fn comment(&self, ticket: &TicketRef, key: &str, text: &str) -> Result<(), DeliverError> {
        self.api.add_comment(ticket, &super::comment_key(key), text)
    }

    fn set_severity(&self, ticket: &TicketRef, severity: Severity) -> Result<(), DeliverError> {
        self.api.write_severity(ticket, severity).map(drop)
    }

    fn set_status(&self, ticket: &TicketRef, status: TicketStatus) -> Result<(), DeliverError> {
        self.api.write_status(ticket, status)
    }

    fn state(&self, _: &TicketRef) -> Result<TicketState, DeliverError> {
        Ok(TicketState { status: TicketStatus::Unknown, word: String::new(), taken: None, severity: None })
    }
}
