//! ServiceNow by its Table API. A case is found by `correlation_id`. A query that it does not understand finds everything, and
//! a description is cut without a word, so both are looked at once more.

use std::io::Write;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use reqwest::Method;
use reqwest::blocking::Body;
use serde_json::{Value, json};
use url::Url;

use super::super::notifiers::Acknowledgement;
use super::reading::{id, taken, text};
use super::rest::{Repeat, Rest};
use super::{DeliverError, Outgoing, StoredFile, TicketApi, TicketRef, TicketState, TicketStatus, shortened};
use crate::escalate::Ticket;
use crate::escalate::markup::plain;
use crate::escalate::ticket_systems::TicketSystemEntry;
use crate::model::{CaseId, Severity, Sha256Digest};

/// Who the correlation is with, and how that begins after a duplicate was closed.
const OURS: &str = "casefile";
const DUPLICATE: &str = "casefile: duplicate of ";

/// Longest description, in characters: its field has 4,000, and the rest would be cut. The whole text is a work note.
const MOST_DESCRIPTION: usize = 3_800;

/// Longest work note.
const MOST_NOTE: usize = 60_000;

/// Largest file where nobody changed `com.glide.attachment.max_size`.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;

/// A ServiceNow instance.
pub(super) struct ServiceNow {
    rest: Rest,
    entry: TicketSystemEntry,
}

impl ServiceNow {
    pub(super) fn new(rest: Rest, entry: TicketSystemEntry) -> Self {
        Self { rest, entry }
    }

    fn table(&self) -> &str {
        self.entry.ticket_type.as_deref().unwrap_or("incident")
    }

    fn url(&self, parts: &[&str], query: &[(&str, &str)]) -> Url {
        let parts: Vec<&str> = ["api", "now"].iter().chain(parts).copied().collect();
        if query.is_empty() { self.rest.url(&parts) } else { self.rest.url_with(&parts, query) }
    }

    fn reference(&self, sys_id: String) -> TicketRef {
        let record = format!("{}.do", self.table());
        let location = self.rest.url_with(&[&record], &[("sys_id", &sys_id)]).to_string();
        TicketRef { system: self.entry.kind.name(), id: sys_id, location }
    }

    fn read(&self, action: &'static str, ticket: &TicketRef) -> Result<Value, DeliverError> {
        let query = [("sysparm_display_value", "all")];
        Ok(taken(self.rest.get(action, &self.url(&["table", self.table(), &ticket.id], &query))?, "/result"))
    }

    fn change(&self, action: &'static str, ticket: &TicketRef, change: &Value) -> Result<(), DeliverError> {
        let url = self.url(&["table", self.table(), &ticket.id], &[]);
        self.rest.send(action, &Method::PATCH, &url, change).map(drop)
    }

    fn status_value(&self, status: TicketStatus) -> &str {
        let names = &self.entry.statuses;
        match status {
            TicketStatus::Waiting => names.waiting.as_deref().unwrap_or("3"),
            TicketStatus::Resolved => names.resolved.as_deref().unwrap_or("6"),
            TicketStatus::Open | TicketStatus::Unknown => names.open.as_deref().unwrap_or("2"),
        }
    }

    /// A change to the state; its forms demand a reason of one that resolves.
    fn to_status(&self, status: TicketStatus, why: &str) -> Value {
        let mut change = json!({ "state": self.status_value(status) });
        if status == TicketStatus::Resolved {
            change["close_code"] = json!("Solved (Permanently)");
            change["close_notes"] = json!(why);
        }
        change
    }
}

/// The value of a field of a record that was read with its display values.
fn kept<'a>(record: &'a Value, field: &str) -> Option<&'a str> {
    text(record.get(field)?, "/value")
}

/// Times are written without a zone and are UTC.
fn time(record: &Value, field: &str) -> Option<jiff::Timestamp> {
    let at = DateTime::strptime("%Y-%m-%d %H:%M:%S", kept(record, field)?).ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

impl TicketApi for ServiceNow {
    fn find_all(&self, case_id: &CaseId) -> Result<Vec<TicketRef>, DeliverError> {
        let query = format!("correlation_id={case_id}^ORDERBYsys_created_on");
        let query = [
            ("sysparm_query", query.as_str()),
            ("sysparm_fields", "sys_id,correlation_id,correlation_display"),
            ("sysparm_limit", "50"),
        ];
        let answer = self.rest.get("look for the ticket", &self.url(&["table", self.table()], &query))?;
        let of_case = |record: &&Value| {
            text(record, "/correlation_id") == Some(case_id.as_str())
                && !text(record, "/correlation_display").is_some_and(|display| display.starts_with(DUPLICATE))
        };
        let found = self.rest.list(&answer, "/result")?.iter().filter(of_case);
        Ok(found.filter_map(|record| id(record, "/sys_id")).map(|id| self.reference(id)).collect())
    }

    fn make(&self, ticket: &Ticket) -> Result<TicketRef, DeliverError> {
        let body = plain(&ticket.body);
        let mut record = json!({
            "short_description": ticket.title,
            "description": shortened(&body, MOST_DESCRIPTION),
            "work_notes": shortened(&body, MOST_NOTE),
            "correlation_id": ticket.case_id,
            "correlation_display": OURS,
            "assignment_group": self.entry.queue(&ticket.queue),
        });
        for (_, field, value) in self.entry.facts(ticket) {
            record[field] = json!(value);
        }
        let url = self.url(&["table", self.table()], &[]);
        let answer = self.rest.send("make a ticket", &Method::POST, &url, &record)?.json()?;
        let id = id(&answer, "/result/sys_id").ok_or_else(|| self.rest.lacks("the ticket's sys_id"))?;
        Ok(self.reference(id))
    }

    fn differences(&self, ticket: &TicketRef, wanted: &Ticket) -> Result<Vec<String>, DeliverError> {
        let there = self.read("read the ticket back", ticket)?;
        let description = shortened(&plain(&wanted.body), MOST_DESCRIPTION);
        let ours = [
            ("correlation_id", wanted.case_id.as_str()),
            ("short_description", &wanted.title),
            ("description", description.trim_end()),
        ];
        let mut differences: Vec<String> = ours
            .iter()
            .filter(|(field, value)| {
                kept(&there, field).map(|kept| kept.replace("\r\n", "\n").trim_end().to_owned()).as_deref()
                    != Some(value)
            })
            .map(|(field, _)| format!("the field `{field}`"))
            .collect();
        for (_, field, value) in self.entry.facts(wanted) {
            if kept(&there, field) != Some(&value) {
                differences.push(format!("the field `{field}`"));
            }
        }
        Ok(differences)
    }

    fn close_duplicate(&self, younger: &TicketRef, older: &TicketRef) -> Result<(), DeliverError> {
        let mut change = self.to_status(TicketStatus::Resolved, &format!("Duplicate of {}", older.location));
        change["parent_incident"] = json!(older.id);
        change["correlation_display"] = json!(format!("{DUPLICATE}{}", older.id));
        self.change("close a duplicate", younger, &change)
    }

    fn most_attachment_bytes(&self) -> Result<Option<u64>, DeliverError> {
        Ok(Some(MOST_BYTES))
    }

    fn files(&self, ticket: &TicketRef) -> Result<Vec<StoredFile>, DeliverError> {
        let query = format!("table_sys_id={}^table_name={}", ticket.id, self.table());
        let query = [("sysparm_query", query.as_str()), ("sysparm_limit", "1000")];
        let answer = self.rest.get("list the files", &self.url(&["attachment"], &query))?;
        // A query that is not understood would list the files of others.
        let of_ticket = |file: &&Value| text(file, "/table_sys_id") == Some(&ticket.id);
        let files = self.rest.list(&answer, "/result")?.iter().filter(of_ticket).filter_map(|file| {
            let name = text(file, "/file_name")?.to_owned();
            // It writes numbers as texts.
            let size =
                text(file, "/size_bytes").and_then(|size| size.parse().ok()).or_else(|| file["size_bytes"].as_u64());
            Some(StoredFile { id: id(file, "/sys_id")?, name, size })
        });
        Ok(files.collect())
    }

    fn upload(&self, ticket: &TicketRef, file: &Outgoing<'_>) -> Result<Option<Sha256Digest>, DeliverError> {
        let query = [("table_name", self.table()), ("table_sys_id", &ticket.id), ("file_name", file.name)];
        let url = self.url(&["attachment", "file"], &query);
        self.rest.send_file("attach a file", &url, file.size, Repeat::IfNothingWasDone, |request| {
            let content = Body::sized(file.open()?, file.size);
            Ok(request.header("content-type", "application/zip").body(content))
        })?;
        // Its record has a hash, of which the documentation does not say over what; the file itself is read back.
        Ok(None)
    }

    fn download(&self, file: &StoredFile, sink: &mut dyn Write, most: u64) -> Result<bool, DeliverError> {
        let url = self.url(&["attachment", &file.id, "file"], &[]);
        self.rest.download_unless_elsewhere("read a file back", &url, sink, most)
    }

    fn has_comment(&self, ticket: &TicketRef, key: &str) -> Result<bool, DeliverError> {
        // All notes of a long ticket may be more than an answer may hold.
        let query = format!("element_id={}^element=work_notes^valueLIKE{key}", ticket.id);
        let query =
            [("sysparm_query", query.as_str()), ("sysparm_fields", "element_id,value"), ("sysparm_limit", "1000")];
        let answer = self.rest.get("read the comments", &self.url(&["table", "sys_journal_field"], &query))?;
        let of_key = |note: &Value| {
            text(note, "/element_id") == Some(&ticket.id)
                && text(note, "/value").is_some_and(|value| value.lines().any(|line| line.trim() == key))
        };
        Ok(self.rest.list(&answer, "/result")?.iter().any(of_key))
    }

    fn add_comment(&self, ticket: &TicketRef, key: &str, text: &str) -> Result<(), DeliverError> {
        let note = format!("{}\n\n{key}\n", shortened(&plain(text), MOST_NOTE).trim_end());
        self.change("add a comment", ticket, &json!({ "work_notes": note }))
    }

    fn write_severity(&self, ticket: &TicketRef, severity: Severity) -> Result<bool, DeliverError> {
        let Some(field) = self.entry.fields.get("severity") else { return Ok(false) };
        let change = json!({ field: self.entry.severity(severity) });
        self.change("set the severity", ticket, &change).map(|()| true)
    }

    fn write_status(&self, ticket: &TicketRef, status: TicketStatus) -> Result<(), DeliverError> {
        self.change("set the state", ticket, &self.to_status(status, "The last work note says how it was solved."))
    }

    fn state(&self, ticket: &TicketRef) -> Result<TicketState, DeliverError> {
        let there = self.read("read the state", ticket)?;
        let value = kept(&there, "state").ok_or_else(|| self.rest.lacks("the ticket's state"))?;
        let word = text(&there["state"], "/display_value").unwrap_or(value).to_owned();
        let ours = [TicketStatus::Open, TicketStatus::Waiting, TicketStatus::Resolved];
        let named = ours.into_iter().find(|status| self.status_value(*status) == value);
        let status = named.unwrap_or(match value {
            "1" | "2" => TicketStatus::Open,
            "3" => TicketStatus::Waiting,
            "6" | "7" | "8" => TicketStatus::Resolved,
            _ => TicketStatus::Unknown,
        });
        let who = text(&there["assigned_to"], "/display_value").filter(|who| !who.is_empty());
        // It does not say since when; the last change is the latest that it can be.
        let taken = who.and_then(|who| {
            let at = time(&there, "sys_updated_on")?;
            Some(Acknowledgement { by: who.to_owned(), at, way: self.rest.name().to_owned() })
        });
        let severity = self.entry.fields.get("severity").and_then(|field| kept(&there, field));
        Ok(TicketState { status, word, taken, severity: severity.and_then(|theirs| self.entry.severity_of(theirs)) })
    }
}
