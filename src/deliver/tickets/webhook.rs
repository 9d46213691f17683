//! A program of one's own as ticket system: it takes what is posted to one address and tells, when asked there, what it has.
//! docs/tickets.md describes the exchange. It takes no files: a bundle goes to it by link.

use std::io::Write;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use url::Url;

use super::super::notifiers::Acknowledgement;
use super::reading::{id, list, text, time};
use super::rest::Rest;
use super::{DeliverError, Outgoing, StoredFile, TicketApi, TicketRef, TicketState, TicketStatus};
use crate::escalate::Ticket;
use crate::escalate::ticket_systems::TicketSystemEntry;
use crate::model::{CaseId, Severity, Sha256Digest};

/// The version of the exchange.
const SCHEMA: &str = "casefile-webhook/1";

/// A receiver of ours.
pub(super) struct Webhook {
    rest: Rest,
    entry: TicketSystemEntry,
}

impl Webhook {
    pub(super) fn new(rest: Rest, entry: TicketSystemEntry) -> Self {
        Self { rest, entry }
    }

    /// Posts an event; `key` names it, so that the receiver can tell a repetition.
    fn post(&self, action: &'static str, key: &str, mut event: Value) -> Result<Value, DeliverError> {
        event["schema"] = json!(SCHEMA);
        let text = event.to_string();
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.rest.token().reveal().as_bytes()).expect("a key of any length");
        mac.update(text.as_bytes());
        let signature = format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()));
        self.rest.send_signed(action, &text, key, &signature)?.json().map_err(DeliverError::from)
    }

    /// What the receiver has about tickets that `query` names.
    fn tickets(&self, action: &'static str, query: (&str, &str)) -> Result<Vec<Value>, DeliverError> {
        let mut url: Url = self.rest.base().clone();
        url.query_pairs_mut().append_pair(query.0, query.1);
        Ok(self.rest.list(&self.rest.get(action, &url)?, "/tickets")?.to_vec())
    }

    fn ticket(&self, action: &'static str, ticket: &TicketRef) -> Result<Value, DeliverError> {
        let tickets = self.tickets(action, ("id", &ticket.id))?;
        let there = tickets.into_iter().find(|there| id(there, "/id").as_deref() == Some(&ticket.id));
        there.ok_or_else(|| self.rest.lacks("the ticket"))
    }

    fn reference(&self, there: &Value) -> Option<TicketRef> {
        let id = id(there, "/id")?;
        // The address is shown to people and opened by nobody but them.
        let url = text(there, "/url").and_then(|url| Url::parse(url).ok());
        let url = url.filter(|url| matches!(url.scheme(), "https" | "http"));
        let location = url.map_or_else(|| format!("{} ticket {id}", self.rest.name()), |url| url.to_string());
        Some(TicketRef { system: self.entry.kind.name(), id, location })
    }
}

impl TicketApi for Webhook {
    fn find_all(&self, case_id: &CaseId) -> Result<Vec<TicketRef>, DeliverError> {
        let tickets = self.tickets("look for the ticket", ("case_id", case_id.as_str()))?;
        let of_case = |there: &&Value| {
            text(there, "/case_id") == Some(case_id.as_str()) && there.get("duplicate_of").is_none_or(Value::is_null)
        };
        Ok(tickets.iter().filter(of_case).filter_map(|there| self.reference(there)).collect())
    }

    fn make(&self, ticket: &Ticket) -> Result<TicketRef, DeliverError> {
        let event = json!({
            "event": "ticket",
            "case_id": ticket.case_id,
            "queue": self.entry.queue(&ticket.queue),
            "severity": ticket.severity.to_string(),
            "title": ticket.title,
            "text": ticket.body,
            "fields": ticket.fields,
        });
        let answer = self.post("make a ticket", &format!("{}/ticket", ticket.case_id), event)?;
        self.reference(&answer).ok_or_else(|| self.rest.lacks("the ticket's id"))
    }

    fn differences(&self, ticket: &TicketRef, wanted: &Ticket) -> Result<Vec<String>, DeliverError> {
        let there = self.ticket("read the ticket back", ticket)?;
        let severity = wanted.severity.to_string();
        let ours = [("case_id", wanted.case_id.as_str()), ("title", &wanted.title), ("severity", &severity)];
        let other = ours.iter().filter(|(name, value)| there[*name].as_str() != Some(value));
        Ok(other.map(|(name, _)| format!("`{name}`")).collect())
    }

    fn close_duplicate(&self, younger: &TicketRef, older: &TicketRef) -> Result<(), DeliverError> {
        let event = json!({ "event": "duplicate", "id": younger.id, "duplicate_of": older.id });
        self.post("close a duplicate", &format!("{}/duplicate", younger.id), event).map(drop)
    }

    fn most_attachment_bytes(&self) -> Result<Option<u64>, DeliverError> {
        Ok(Some(0))
    }

    fn files(&self, _: &TicketRef) -> Result<Vec<StoredFile>, DeliverError> {
        Ok(Vec::new())
    }

    fn upload(&self, _: &TicketRef, file: &Outgoing<'_>) -> Result<Option<Sha256Digest>, DeliverError> {
        let (system, file_name) = (self.rest.name().to_owned(), file.name.to_owned());
        Err(DeliverError::TooLarge { system, file: file_name, size: file.size, most: 0 })
    }

    fn download(&self, _: &StoredFile, _: &mut dyn Write, _: u64) -> Result<bool, DeliverError> {
        Ok(false)
    }

    fn has_comment(&self, ticket: &TicketRef, key: &str) -> Result<bool, DeliverError> {
        Ok(list(&self.ticket("read the comments", ticket)?, "/comments").contains(&json!(key)))
    }

    fn add_comment(&self, ticket: &TicketRef, key: &str, text: &str) -> Result<(), DeliverError> {
        let event = json!({ "event": "comment", "id": ticket.id, "key": key, "text": text });
        self.post("add a comment", &format!("{}/{key}", ticket.id), event).map(drop)
    }

    fn write_severity(&self, ticket: &TicketRef, severity: Severity) -> Result<bool, DeliverError> {
        let event = json!({ "event": "severity", "id": ticket.id, "severity": severity.to_string() });
        self.post("set the severity", &change_key(ticket, "severity"), event).map(|_| true)
    }

    fn write_status(&self, ticket: &TicketRef, status: TicketStatus) -> Result<(), DeliverError> {
        let event = json!({ "event": "status", "id": ticket.id, "status": status });
        self.post("set the state", &change_key(ticket, "status"), event).map(drop)
    }

    fn state(&self, ticket: &TicketRef) -> Result<TicketState, DeliverError> {
        let there = self.ticket("read the state", ticket)?;
        let word = text(&there, "/status").unwrap_or("unknown").to_owned();
        let status = serde_json::from_value(json!(word)).unwrap_or(TicketStatus::Unknown);
        let taken = text(&there, "/taken_by").filter(|who| !who.is_empty()).and_then(|who| {
            let at = time(&there, "/taken_at")?;
            Some(Acknowledgement { by: who.to_owned(), at, way: self.rest.name().to_owned() })
        });
        let severity = text(&there, "/severity");
        let severity = severity.and_then(|word| Severity::ALL.into_iter().find(|level| level.to_string() == word));
        Ok(TicketState { status, word, taken, severity })
    }
}

/// The key of a change that may be made again later, back and forth: another one each time, and the same for all tries of it.
fn change_key(ticket: &TicketRef, what: &str) -> String {
    let mut random = [0; 8];
    // Without a source of chance two changes may have one key; reading back shows which of them did nothing.
    let _ = getrandom::fill(&mut random);
    format!("{}/{what}/{}", ticket.id, HEXLOWER.encode(&random))
}
