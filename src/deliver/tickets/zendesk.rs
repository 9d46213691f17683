//! Zendesk. A case is found by the ticket's `external_id`. Files belong to comments, and their content lies at another host,
//! which gets none of our tokens; so a file's size is all that can be read back.

use std::io::Write;

use reqwest::Method;
use reqwest::blocking::Body;
use serde_json::{Value, json};
use url::Url;

use super::super::notifiers::Acknowledgement;
use super::reading::{id, list, taken, text, time};
use super::rest::{Repeat, Rest};
use super::{DeliverError, Outgoing, StoredFile, TicketApi, TicketRef, TicketState, TicketStatus, shortened};
use crate::escalate::Ticket;
use crate::escalate::markup::html;
use crate::escalate::ticket_systems::TicketSystemEntry;
use crate::model::{CaseId, Severity, Sha256Digest};

/// The tag of what was closed as a duplicate.
const DUPLICATE: &str = "casefile_duplicate";

/// Largest file of a comment: 50 MB by the vendor's documentation.
const MOST_BYTES: u64 = 50 * 1000 * 1000;

/// Longest comment, in characters: HTML may take 64 KiB, and what we escape grows to at most five times its length.
const MOST_CHARACTERS: usize = 12_000;

/// Most pages of comments, of 100 each, that are read.
const MOST_PAGES: usize = 50;

/// A Zendesk.
pub(super) struct Zendesk {
    rest: Rest,
    entry: TicketSystemEntry,
}

impl Zendesk {
    pub(super) fn new(rest: Rest, entry: TicketSystemEntry) -> Self {
        Self { rest, entry }
    }

    fn url(&self, parts: &[&str], query: &[(&str, &str)]) -> Url {
        let parts: Vec<&str> = ["api", "v2"].iter().chain(parts).copied().collect();
        if query.is_empty() { self.rest.url(&parts) } else { self.rest.url_with(&parts, query) }
    }

    fn ticket_url(&self, ticket: &TicketRef) -> Url {
        self.url(&["tickets", &format!("{}.json", ticket.id)], &[])
    }

    fn reference(&self, id: String) -> TicketRef {
        let location = self.rest.url(&["agent", "tickets", &id]).to_string();
        TicketRef { system: self.entry.kind.name(), id, location }
    }

    fn read(&self, action: &'static str, ticket: &TicketRef) -> Result<Value, DeliverError> {
        Ok(taken(self.rest.get(action, &self.ticket_url(ticket))?, "/ticket"))
    }

    fn change(&self, action: &'static str, ticket: &TicketRef, change: &Value) -> Result<(), DeliverError> {
        self.rest.send(action, &Method::PUT, &self.ticket_url(ticket), &json!({ "ticket": change })).map(drop)
    }

    /// All comments of a ticket.
    fn comments(&self, action: &'static str, ticket: &TicketRef) -> Result<Vec<Value>, DeliverError> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let page = page.to_string();
            let query = [("per_page", "100"), ("page", page.as_str())];
            let answer = self.rest.get(action, &self.url(&["tickets", &ticket.id, "comments.json"], &query))?;
            let comments = self.rest.list(&answer, "/comments")?;
            all.extend_from_slice(comments);
            // A site may give fewer at a time than we ask for.
            if comments.is_empty() || answer.get("next_page").is_none_or(Value::is_null) {
                break;
            }
        }
        Ok(all)
    }

    /// What a severity is called: the priority has words of its own.
    fn severity_word(&self, field: &str, severity: Severity) -> String {
        let ours = self.entry.severity(severity);
        match (field, severity) {
            ("priority", _) if ours != severity.to_string() => ours,
            ("priority", Severity::Sev1) => "urgent".to_owned(),
            ("priority", Severity::Sev2) => "high".to_owned(),
            ("priority", Severity::Sev3) => "normal".to_owned(),
            ("priority", Severity::Sev4) => "low".to_owned(),
            _ => ours,
        }
    }

    /// Puts a fact into a ticket: into its priority, or into the custom field of that number.
    fn put(&self, ticket: &mut Value, field: &str, value: &str) {
        match field.parse::<u64>() {
            Ok(number) => {
                let fields = ticket["custom_fields"].as_array().cloned().unwrap_or_default();
                let one = json!({ "id": number, "value": value });
                ticket["custom_fields"] = Value::Array(fields.into_iter().chain([one]).collect());
            }
            Err(_) => ticket[field] = json!(value),
        }
    }

    fn status_word(&self, status: TicketStatus) -> &str {
        let names = &self.entry.statuses;
        match status {
            TicketStatus::Waiting => names.waiting.as_deref().unwrap_or("pending"),
            TicketStatus::Resolved => names.resolved.as_deref().unwrap_or("solved"),
            TicketStatus::Open | TicketStatus::Unknown => names.open.as_deref().unwrap_or("open"),
        }
    }
}

fn kept<'a>(ticket: &'a Value, field: &str) -> Option<&'a str> {
    match field.parse::<u64>() {
        Ok(number) => {
            let one = list(ticket, "/custom_fields").iter().find(|one| one["id"].as_u64() == Some(number))?;
            text(one, "/value")
        }
        Err(_) => ticket.get(field)?.as_str(),
    }
}

impl TicketApi for Zendesk {
    fn find_all(&self, case_id: &CaseId) -> Result<Vec<TicketRef>, DeliverError> {
        let query = [("external_id", case_id.as_str()), ("sort_by", "created_at"), ("sort_order", "asc")];
        let answer = self.rest.get("look for the ticket", &self.url(&["tickets.json"], &query))?;
        let of_case = |ticket: &&Value| {
            text(ticket, "/external_id") == Some(case_id.as_str()) && !list(ticket, "/tags").contains(&json!(DUPLICATE))
        };
        let mut found: Vec<&Value> = self.rest.list(&answer, "/tickets")?.iter().filter(of_case).collect();
        found.sort_by_key(|ticket| ticket["id"].as_u64());
        Ok(found.into_iter().filter_map(|ticket| id(ticket, "/id")).map(|id| self.reference(id)).collect())
    }

    fn make(&self, ticket: &Ticket) -> Result<TicketRef, DeliverError> {
        let queue = self.entry.queue(&ticket.queue);
        let mut made = json!({
            "subject": ticket.title,
            "comment": { "html_body": html(&shortened(&ticket.body, MOST_CHARACTERS)), "public": false },
            "external_id": ticket.case_id,
            "tags": ["casefile"],
        });
        match queue.parse::<u64>() {
            Ok(group) => made["group_id"] = json!(group),
            Err(_) => made["tags"] = json!(["casefile", format!("queue_{}", queue.replace([' ', '-'], "_"))]),
        }
        for (fact, field, value) in self.entry.facts(ticket) {
            let value = if fact == "severity" { self.severity_word(field, ticket.severity) } else { value };
            self.put(&mut made, field, &value);
        }
        let body = json!({ "ticket": made });
        let key = format!("casefile-{}", ticket.case_id);
        let answer = self.rest.send_keyed("make a ticket", &self.url(&["tickets.json"], &[]), &body, &key)?.json()?;
        let id = id(&answer, "/ticket/id").ok_or_else(|| self.rest.lacks("the ticket's id"))?;
        Ok(self.reference(id))
    }

    fn differences(&self, ticket: &TicketRef, wanted: &Ticket) -> Result<Vec<String>, DeliverError> {
        let there = self.read("read the ticket back", ticket)?;
        let mut differences = Vec::new();
        if text(&there, "/subject") != Some(&wanted.title) {
            differences.push("the title".to_owned());
        }
        if text(&there, "/external_id") != Some(wanted.case_id.as_str()) {
            differences.push("the `external_id` of the case".to_owned());
        }
        for (fact, field, value) in self.entry.facts(wanted) {
            let value = if fact == "severity" { self.severity_word(field, wanted.severity) } else { value };
            if kept(&there, field) != Some(&value) {
                differences.push(format!("the field `{field}`"));
            }
        }
        Ok(differences)
    }

    fn close_duplicate(&self, younger: &TicketRef, older: &TicketRef) -> Result<(), DeliverError> {
        const ACTION: &str = "close a duplicate";
        let mut tags = list(&self.read(ACTION, younger)?, "/tags").to_vec();
        tags.push(json!(DUPLICATE));
        let text = html(&format!("Duplicate of ticket {}.\n\n{}\n", older.id, older.location));
        self.change(
            ACTION,
            younger,
            &json!({
                "status": self.status_word(TicketStatus::Resolved),
                "tags": tags,
                "comment": { "html_body": text, "public": false },
            }),
        )
    }

    fn most_attachment_bytes(&self) -> Result<Option<u64>, DeliverError> {
        Ok(Some(MOST_BYTES))
    }

    fn files(&self, ticket: &TicketRef) -> Result<Vec<StoredFile>, DeliverError> {
        let comments = self.comments("list the files", ticket)?;
        let files = comments.iter().flat_map(|comment| list(comment, "/attachments")).filter_map(|file| {
            let name = text(file, "/file_name")?.to_owned();
            Some(StoredFile { id: id(file, "/id")?, name, size: file["size"].as_u64() })
        });
        Ok(files.collect())
    }

    fn upload(&self, ticket: &TicketRef, file: &Outgoing<'_>) -> Result<Option<Sha256Digest>, DeliverError> {
        const ACTION: &str = "attach a file";
        let url = self.url(&["uploads.json"], &[("filename", file.name)]);
        // What is uploaded and not attached is thrown away there.
        let answer = self.rest.send_file(ACTION, &url, file.size, Repeat::Always, |request| {
            let content = Body::sized(file.open()?, file.size);
            Ok(request.header("content-type", "application/binary").body(content))
        })?;
        let answer = answer.json()?;
        let token = text(&answer, "/upload/token").ok_or_else(|| self.rest.lacks("the upload's token"))?;
        let about = html(&format!("{}, {} bytes\n", file.name, file.size));
        let comment = json!({ "html_body": about, "public": false, "uploads": [token] });
        self.change(ACTION, ticket, &json!({ "comment": comment }))?;
        Ok(None)
    }

    fn download(&self, _: &StoredFile, _: &mut dyn Write, _: u64) -> Result<bool, DeliverError> {
        Ok(false)
    }

    fn has_comment(&self, ticket: &TicketRef, key: &str) -> Result<bool, DeliverError> {
        let of_key = |comment: &Value| {
            let plain = text(comment, "/plain_body").unwrap_or_default();
            plain.lines().any(|line| line.trim() == key)
                || text(comment, "/html_body").is_some_and(|html| html.contains(&format!("<p>{key}</p>")))
        };
        Ok(self.comments("read the comments", ticket)?.iter().any(of_key))
    }

    fn add_comment(&self, ticket: &TicketRef, key: &str, text: &str) -> Result<(), DeliverError> {
        let text = html(&format!("{}\n\n{key}\n", shortened(text, MOST_CHARACTERS).trim_end()));
        self.change("add a comment", ticket, &json!({ "comment": { "html_body": text, "public": false } }))
    }

    fn write_severity(&self, ticket: &TicketRef, severity: Severity) -> Result<bool, DeliverError> {
        let Some(field) = self.entry.fields.get("severity") else { return Ok(false) };
        let mut change = json!({});
        self.put(&mut change, field, &self.severity_word(field, severity));
        self.change("set the severity", ticket, &change).map(|()| true)
    }

    fn write_status(&self, ticket: &TicketRef, status: TicketStatus) -> Result<(), DeliverError> {
        self.change("set the state", ticket, &json!({ "status": self.status_word(status) }))
    }

    fn state(&self, ticket: &TicketRef) -> Result<TicketState, DeliverError> {
        const ACTION: &str = "read the state";
        let there = self.read(ACTION, ticket)?;
        let word = text(&there, "/status").ok_or_else(|| self.rest.lacks("the ticket's status"))?.to_owned();
        let ours = [TicketStatus::Open, TicketStatus::Waiting, TicketStatus::Resolved];
        let named = ours.into_iter().find(|status| self.status_word(*status) == word);
        let status = named.unwrap_or(match word.as_str() {
            "new" | "open" => TicketStatus::Open,
            "pending" | "hold" => TicketStatus::Waiting,
            "solved" | "closed" => TicketStatus::Resolved,
            _ => TicketStatus::Unknown,
        });
        let taken = match id(&there, "/assignee_id") {
            Some(user) => {
                let answer = self.rest.get(ACTION, &self.url(&["users", &format!("{user}.json")], &[]))?;
                let by = text(&answer, "/user/name").map_or_else(|| format!("user {user}"), str::to_owned);
                // It does not say since when; the last change is the latest that it can be.
                time(&there, "/updated_at").map(|at| Acknowledgement { by, at, way: self.rest.name().to_owned() })
            }
            None => None,
        };
        let field = self.entry.fields.get("severity");
        let severity = field.and_then(|field| {
            let word = kept(&there, field)?;
            Severity::ALL.into_iter().find(|severity| self.severity_word(field, *severity) == word)
        });
        Ok(TicketState { status, word, taken, severity })
    }
}
