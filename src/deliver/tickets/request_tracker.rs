//! Request Tracker 5 by REST 2. It answers 200 to changes that it refuses, 201 to a ticket whose fields it did not take, and
//! 201 to a file that it cut or dropped; so only what is read back counts.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::Method;
use reqwest::blocking::multipart::{Form, Part};
use serde_json::{Map, Value, json};

use super::super::http::HttpError;
use super::super::notifiers::Acknowledgement;
use super::reading::{Base64Field, by_age, id, list, text, time};
use super::rest::{Repeat, Rest};
use super::{DeliverError, Outgoing, StoredFile, TicketApi, TicketRef, TicketState, TicketStatus};
use crate::escalate::Ticket;
use crate::escalate::markup::plain;
use crate::escalate::ticket_systems::TicketSystemEntry;
use crate::model::{CaseId, Severity, Sha256Digest};

/// Below the address of the site.
const REST: [&str; 2] = ["REST", "2.0"];

/// Most entries of a list that we ask for at a time; RT gives at most 100.
const PAGE: usize = 100;

/// Most pages of a ticket's history that are read: ten thousand entries.
const MOST_PAGES: usize = 100;

/// Longest text of a ticket that is read back; ours have at most 256 KiB.
const MOST_TEXT_BYTES: u64 = 1024 * 1024;

/// The owner of what nobody took.
const NOBODY: &str = "Nobody";

/// A Request Tracker.
pub(super) struct RequestTracker {
    rest: Rest,
    entry: TicketSystemEntry,
}

impl RequestTracker {
    pub(super) fn new(rest: Rest, entry: TicketSystemEntry) -> Self {
        Self { rest, entry }
    }

    fn url(&self, parts: &[&str], query: &[(&str, &str)]) -> url::Url {
        let parts: Vec<&str> = REST.iter().chain(parts).copied().collect();
        if query.is_empty() { self.rest.url(&parts) } else { self.rest.url_with(&parts, query) }
    }

    fn reference(&self, id: String) -> TicketRef {
        let location = self.rest.url_with(&["Ticket", "Display.html"], &[("id", &id)]).to_string();
        TicketRef { system: self.entry.kind.name(), id, location }
    }

    fn case_field(&self) -> &str {
        self.entry.fields.get("case_id").expect("the policy is refused without it")
    }

    /// RT takes a field that the queue does not have, and drops it; without the case id the ticket would never be found again.
    fn queue_has_case_field(&self, queue: &str) -> Result<(), DeliverError> {
        const ACTION: &str = "make a ticket";
        let found = self.rest.get_if_there(ACTION, &self.url(&["queue", queue], &[]))?;
        let found = found
            .ok_or_else(|| self.rest.refuses(ACTION, format!("there is no queue `{queue}` that the token may use")))?;
        let field = self.case_field();
        if list(&found, "/TicketCustomFields").iter().any(|of_queue| text(of_queue, "/name") == Some(field)) {
            return Ok(());
        }
        Err(self.rest.refuses(ACTION, format!("the queue `{queue}` has no field `{field}` for the case id")))
    }

    fn fields(&self, ticket: &Ticket) -> Map<String, Value> {
        self.entry.facts(ticket).map(|(_, field, value)| (field.to_owned(), json!(for_field(&value)))).collect()
    }

    fn ticket(&self, action: &'static str, ticket: &TicketRef) -> Result<Value, DeliverError> {
        self.rest.get(action, &self.url(&["ticket", &ticket.id], &[]))
    }

    fn change(&self, action: &'static str, ticket: &TicketRef, change: &Value) -> Result<(), DeliverError> {
        self.rest.send(action, &Method::PUT, &self.url(&["ticket", &ticket.id], &[]), change).map(drop)
    }

    /// All entries of a list, page by page.
    fn all(&self, action: &'static str, parts: &[&str], query: &[(&str, &str)]) -> Result<Vec<Value>, DeliverError> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let (size, number) = (PAGE.to_string(), page.to_string());
            let paged: Vec<(&str, &str)> =
                query.iter().copied().chain([("per_page", size.as_str()), ("page", &number)]).collect();
            let answer = self.rest.get(action, &self.url(parts, &paged))?;
            let items = self.rest.list(&answer, "/items")?;
            all.extend_from_slice(items);
            let total = answer.pointer("/total").and_then(Value::as_u64).unwrap_or(0);
            if items.len() < PAGE || all.len() as u64 >= total {
                break;
            }
        }
        Ok(all)
    }

    fn history(&self, action: &'static str, ticket: &TicketRef) -> Result<Vec<Value>, DeliverError> {
        let fields = ("fields", "Type,Field,NewValue,Data,Created");
        self.all(action, &["ticket", &ticket.id, "history"], &[fields])
    }

    /// The text with which the ticket was made: the first thing without a file's name.
    fn first_text(&self, ticket: &TicketRef) -> Result<Option<String>, DeliverError> {
        const ACTION: &str = "read the ticket back";
        let query = [("fields", "Filename,ContentType"), ("per_page", "1")];
        let answer = self.rest.get(ACTION, &self.url(&["ticket", &ticket.id, "attachments"], &query))?;
        let Some(id) = id(&answer, "/items/0/id") else { return Ok(None) };
        let (mut bytes, first) = (Vec::new(), StoredFile { id, name: String::new(), size: None });
        // A text is written in base64 too.
        self.download(&first, &mut bytes, MOST_TEXT_BYTES)?;
        Ok(String::from_utf8(bytes).ok().map(|text| text.replace("\r\n", "\n")))
    }

    fn status_word(&self, status: TicketStatus) -> &str {
        let names = &self.entry.statuses;
        match status {
            TicketStatus::Waiting => names.waiting.as_deref().unwrap_or("stalled"),
            TicketStatus::Resolved => names.resolved.as_deref().unwrap_or("resolved"),
            TicketStatus::Open | TicketStatus::Unknown => names.open.as_deref().unwrap_or("open"),
        }
    }

    fn status_of(&self, word: &str) -> TicketStatus {
        let ours = [TicketStatus::Open, TicketStatus::Waiting, TicketStatus::Resolved];
        if let Some(status) = ours.into_iter().find(|status| self.status_word(*status) == word) {
            return status;
        }
        match word {
            "new" | "open" => TicketStatus::Open,
            "stalled" => TicketStatus::Waiting,
            "resolved" | "rejected" | "deleted" => TicketStatus::Resolved,
            _ => TicketStatus::Unknown,
        }
    }
}

/// A value as a custom field takes it. Of a time that ends in `Z`, RT keeps the day alone.
fn for_field(value: &str) -> String {
    match value.parse::<Timestamp>() {
        Ok(at) => at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => value.to_owned(),
    }
}

/// Whether a field holds what was sent; times are compared as times.
fn same(sent: &str, kept: &str) -> bool {
    sent == kept
        || matches!((sent.parse::<Timestamp>(), kept.parse::<Timestamp>()), (Ok(a), Ok(b)) if a.as_second() == b.as_second())
}

fn custom_field<'a>(ticket: &'a Value, name: &str) -> Option<&'a str> {
    let field = list(ticket, "/CustomFields").iter().find(|field| text(field, "/name") == Some(name))?;
    text(field, "/values/0")
}

/// What a merged or deleted ticket is called, and one that we closed as a duplicate.
fn counts(ticket: &Value) -> bool {
    text(ticket, "/Status").is_some_and(|status| status != "deleted")
        && text(ticket, "/Subject").is_some_and(|subject| !subject.starts_with(DUPLICATE))
}

/// How the subject of a duplicate begins after it was closed.
const DUPLICATE: &str = "[duplicate of ";

impl TicketApi for RequestTracker {
    fn find_all(&self, case_id: &CaseId) -> Result<Vec<TicketRef>, DeliverError> {
        const ACTION: &str = "look for the ticket";
        let field = self.case_field();
        let query = format!("CF.{{{field}}} = '{case_id}'");
        let query = [("query", query.as_str()), ("fields", "Status,Subject,CustomFields"), ("orderby", "id")];
        let mut found = Vec::new();
        for item in self.all(ACTION, &["tickets"], &query)? {
            let id = id(&item, "/id").ok_or_else(|| self.rest.lacks("the ticket's id"))?;
            if !counts(&item) {
                continue;
            }
            // An RT that lists tickets without their fields is asked for each.
            let of_case = match custom_field(&item, field) {
                Some(listed) => listed == case_id.as_str(),
                None => {
                    let ticket = self.ticket(ACTION, &self.reference(id.clone()))?;
                    custom_field(&ticket, field) == Some(case_id.as_str())
                }
            };
            if of_case {
                found.push(id);
            }
        }
        found.sort_by(|a, b| by_age(a, b));
        Ok(found.into_iter().map(|id| self.reference(id)).collect())
    }

    fn make(&self, ticket: &Ticket) -> Result<TicketRef, DeliverError> {
        const ACTION: &str = "make a ticket";
        let queue = self.entry.queue(&ticket.queue);
        self.queue_has_case_field(queue)?;
        let body = json!({
            "Queue": queue,
            "Subject": ticket.title,
            "Content": plain(&ticket.body),
            "ContentType": "text/plain",
            "CustomFields": self.fields(ticket),
        });
        let answer = self.rest.send(ACTION, &Method::POST, &self.url(&["ticket"], &[]), &body)?.json()?;
        let id = id(&answer, "/id").ok_or_else(|| self.rest.lacks("the ticket's id"))?;
        Ok(self.reference(id))
    }

    fn differences(&self, ticket: &TicketRef, wanted: &Ticket) -> Result<Vec<String>, DeliverError> {
        let kept = self.ticket("read the ticket back", ticket)?;
        let mut differences = Vec::new();
        if text(&kept, "/Subject") != Some(&wanted.title) {
            differences.push("the title".to_owned());
        }
        if self.first_text(ticket)?.as_deref().map(str::trim_end) != Some(plain(&wanted.body).trim_end()) {
            differences.push("the text".to_owned());
        }
        for (_, field, value) in self.entry.facts(wanted) {
            if !custom_field(&kept, field).is_some_and(|kept| same(&value, kept)) {
                differences.push(format!("the field `{field}`"));
            }
        }
        Ok(differences)
    }

    fn close_duplicate(&self, younger: &TicketRef, older: &TicketRef) -> Result<(), DeliverError> {
        const ACTION: &str = "close a duplicate";
        let subject = text(&self.ticket(ACTION, younger)?, "/Subject").unwrap_or_default().to_owned();
        let change = json!({ "AddRefersTo": [older.id], "Status": self.status_word(TicketStatus::Resolved) });
        self.change(ACTION, younger, &change)?;
        // Last, because with it the ticket is out of sight.
        self.change(ACTION, younger, &json!({ "Subject": format!("{DUPLICATE}{}] {subject}", older.id) }))
    }

    fn most_attachment_bytes(&self) -> Result<Option<u64>, DeliverError> {
        Ok(None) // It has a limit that it tells nobody.
    }

    fn files(&self, ticket: &TicketRef) -> Result<Vec<StoredFile>, DeliverError> {
        let files = self.all("list the files", &["ticket", &ticket.id, "attachments"], &[("fields", "Filename")])?;
        let named = files.iter().filter_map(|file| {
            let name = text(file, "/Filename").filter(|name| !name.is_empty())?;
            Some(StoredFile { id: id(file, "/id")?, name: name.to_owned(), size: None })
        });
        Ok(named.collect())
    }

    fn upload(&self, ticket: &TicketRef, file: &Outgoing<'_>) -> Result<Option<Sha256Digest>, DeliverError> {
        let about = json!({ "Content": format!("{}, {} bytes", file.name, file.size), "ContentType": "text/plain" });
        let url = self.url(&["ticket", &ticket.id, "comment"], &[]);
        self.rest.send_file("attach a file", &url, file.size, Repeat::IfNothingWasDone, |request| {
            let about = Part::text(about.to_string()).mime_str("application/json").expect("a media type");
            let content = Part::reader_with_length(file.open()?, file.size)
                .file_name(file.name.to_owned())
                .mime_str("application/octet-stream")
                .expect("a media type");
            Ok(request.multipart(Form::new().part("JSON", about).part("Attachments", content)))
        })?;
        Ok(None)
    }

    fn download(&self, file: &StoredFile, sink: &mut dyn Write, most: u64) -> Result<bool, DeliverError> {
        // Base64 in lines, each line break two signs, and some facts about the file.
        let most = most + most / 2 + 64 * 1024;
        let mut field = Base64Field::new("Content", sink);
        let url = self.url(&["attachment", &file.id], &[]);
        match self.rest.download("read a file back", &url, &mut field, most) {
            // What was dropped is a sentence instead of a file.
            Err(DeliverError::Http(HttpError::Sink(e))) if e.kind() == io::ErrorKind::InvalidData => Ok(true),
            Ok(()) if !field.is_done() => Err(self.rest.lacks("the file's content")),
            other => other.map(|()| true),
        }
    }

    fn has_comment(&self, ticket: &TicketRef, key: &str) -> Result<bool, DeliverError> {
        let of_key = |entry: &Value| text(entry, "/Data").is_some_and(|subject| subject.trim() == key);
        Ok(self.history("read the comments", ticket)?.iter().any(of_key))
    }

    fn add_comment(&self, ticket: &TicketRef, key: &str, text: &str) -> Result<(), DeliverError> {
        let body = json!({ "Subject": key, "Content": plain(text), "ContentType": "text/plain" });
        let url = self.url(&["ticket", &ticket.id, "comment"], &[]);
        self.rest.send("add a comment", &Method::POST, &url, &body).map(drop)
    }

    fn write_severity(&self, ticket: &TicketRef, severity: Severity) -> Result<bool, DeliverError> {
        let Some(field) = self.entry.fields.get("severity") else { return Ok(false) };
        let change = json!({ "CustomFields": { field: self.entry.severity(severity) } });
        self.change("set the severity", ticket, &change).map(|()| true)
    }

    fn write_status(&self, ticket: &TicketRef, status: TicketStatus) -> Result<(), DeliverError> {
        self.change("set the state", ticket, &json!({ "Status": self.status_word(status) }))
    }

    fn state(&self, ticket: &TicketRef) -> Result<TicketState, DeliverError> {
        const ACTION: &str = "read the state";
        let kept = self.ticket(ACTION, ticket)?;
        let word = text(&kept, "/Status").ok_or_else(|| self.rest.lacks("the ticket's status"))?.to_owned();
        let owner = text(&kept, "/Owner/id").filter(|owner| *owner != NOBODY && !owner.is_empty());
        let taken = match owner {
            Some(owner) => {
                let is_owner = |entry: &&Value| {
                    text(entry, "/Field") == Some("Owner") && matches!(text(entry, "/Type"), Some("Set" | "SetWatcher"))
                };
                let history = self.history(ACTION, ticket)?;
                let at = history.iter().rev().find(is_owner).and_then(|entry| time(entry, "/Created"));
                let at = at.or_else(|| time(&kept, "/LastUpdated"));
                at.map(|at| Acknowledgement { by: owner.to_owned(), at, way: self.rest.name().to_owned() })
            }
            None => None,
        };
        let severity = self.entry.fields.get("severity").and_then(|field| custom_field(&kept, field));
        Ok(TicketState {
            status: self.status_of(&word),
            word,
            taken,
            severity: severity.and_then(|theirs| self.entry.severity_of(theirs)),
        })
    }
}
