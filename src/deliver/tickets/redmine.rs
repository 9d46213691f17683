//! Redmine. It ignores what it does not know (a state, a field, a wrong key where strangers may read) with a friendly status,
//! refuses files over its limit after it took all their bytes, and says the digest of what it stored.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Write;

use reqwest::Method;
use reqwest::blocking::Body;
use serde_json::{Value, json};
use url::Url;

use super::super::notifiers::Acknowledgement;
use super::reading::{by_age, id, list, taken, text, time};
use super::rest::{Repeat, Rest};
use super::{DeliverError, Outgoing, StoredFile, TicketApi, TicketRef, TicketState, TicketStatus};
use crate::escalate::Ticket;
use crate::escalate::markup::redmine;
use crate::escalate::ticket_systems::TicketSystemEntry;
use crate::model::{CaseId, Severity, Sha256Digest};

/// How the subject of a duplicate begins after it was closed.
const DUPLICATE: &str = "[duplicate of ";

/// A Redmine.
pub(super) struct Redmine {
    rest: Rest,
    entry: TicketSystemEntry,
    key_is_known: Cell<bool>,
    /// Numbers of custom fields by name, as far as they were asked for.
    numbers: RefCell<BTreeMap<String, u64>>,
}

impl Redmine {
    pub(super) fn new(rest: Rest, entry: TicketSystemEntry) -> Self {
        Self { rest, entry, key_is_known: Cell::new(false), numbers: RefCell::default() }
    }

    fn url(&self, parts: &[&str]) -> Url {
        self.rest.url(parts)
    }

    fn issue(&self, ticket: &TicketRef) -> Url {
        self.url(&["issues", &format!("{}.json", ticket.id)])
    }

    fn reference(&self, id: String) -> TicketRef {
        let location = self.url(&["issues", &id]).to_string();
        TicketRef { system: self.entry.kind.name(), id, location }
    }

    /// With a wrong key one is a stranger, who may look and finds nothing: then a second ticket would be made.
    fn check_key(&self, action: &'static str) -> Result<(), DeliverError> {
        if !self.key_is_known.get() {
            self.rest.get(action, &self.url(&["users", "current.json"]))?;
            self.key_is_known.set(true);
        }
        Ok(())
    }

    /// The number of a custom field, which the policy names or numbers.
    fn number(&self, action: &'static str, field: &str) -> Result<u64, DeliverError> {
        if let Some(number) = field.parse().ok().or_else(|| self.numbers.borrow().get(field).copied()) {
            return Ok(number);
        }
        // The list of all fields is for administrators; the fields of an issue are for everybody.
        let fields = match self.rest.get_if_there(action, &self.url(&["custom_fields.json"])) {
            Ok(Some(answer)) => list(&answer, "/custom_fields").to_vec(),
            Ok(None) | Err(DeliverError::Refused { .. }) => {
                let query = [("status_id", "*"), ("limit", "1"), ("sort", "id:desc")];
                let answer = self.rest.get(action, &self.rest.url_with(&["issues.json"], &query))?;
                list(&answer, "/issues/0/custom_fields").to_vec()
            }
            Err(e) => return Err(e),
        };
        let mut numbers = self.numbers.borrow_mut();
        for of_issue in &fields {
            if let (Some(name), Some(number)) = (text(of_issue, "/name"), of_issue["id"].as_u64()) {
                numbers.insert(name.to_owned(), number);
            }
        }
        let number = numbers.get(field).copied();
        number.ok_or_else(|| {
            let problem =
                format!("there is no field `{field}` that the key may see; name it there, or give its number here");
            self.rest.refuses(action, problem)
        })
    }

    fn case_field(&self, action: &'static str) -> Result<u64, DeliverError> {
        self.number(action, self.entry.fields.get("case_id").expect("the policy is refused without it"))
    }

    fn read(&self, action: &'static str, ticket: &TicketRef, with: &str) -> Result<Value, DeliverError> {
        let mut url = self.issue(ticket);
        if !with.is_empty() {
            url.query_pairs_mut().append_pair("include", with);
        }
        Ok(taken(self.rest.get(action, &url)?, "/issue"))
    }

    fn change(&self, action: &'static str, ticket: &TicketRef, change: &Value) -> Result<(), DeliverError> {
        self.rest.send(action, &Method::PUT, &self.issue(ticket), &json!({ "issue": change })).map(drop)
    }

    fn status_word(&self, status: TicketStatus) -> &str {
        let names = &self.entry.statuses;
        match status {
            TicketStatus::Waiting => names.waiting.as_deref().unwrap_or("Feedback"),
            TicketStatus::Resolved => names.resolved.as_deref().unwrap_or("Resolved"),
            TicketStatus::Open | TicketStatus::Unknown => names.open.as_deref().unwrap_or("In Progress"),
        }
    }

    fn statuses(&self, action: &'static str) -> Result<Vec<Value>, DeliverError> {
        let answer = self.rest.get(action, &self.url(&["issue_statuses.json"]))?;
        Ok(list(&answer, "/issue_statuses").to_vec())
    }
}

fn custom_field(issue: &Value, number: u64) -> Option<&str> {
    let field = list(issue, "/custom_fields").iter().find(|field| field["id"].as_u64() == Some(number))?;
    text(field, "/value")
}

/// The bytes of `exceeds the maximum allowed file size (5242880)`.
fn limit_in(problem: &str) -> Option<u64> {
    let (_, rest) = problem.split_once("maximum allowed file size (")?;
    rest.split(')').next()?.parse().ok()
}

impl TicketApi for Redmine {
    fn find_all(&self, case_id: &CaseId) -> Result<Vec<TicketRef>, DeliverError> {
        const ACTION: &str = "look for the ticket";
        self.check_key(ACTION)?;
        let number = self.case_field(ACTION)?;
        let filter = format!("cf_{number}");
        let query = [(filter.as_str(), case_id.as_str()), ("status_id", "*"), ("sort", "id:asc"), ("limit", "100")];
        let answer = self.rest.get(ACTION, &self.rest.url_with(&["issues.json"], &query))?;
        // Where the field is no filter, the condition is ignored and everything is found.
        let of_case = |issue: &&Value| {
            custom_field(issue, number) == Some(case_id.as_str())
                && !text(issue, "/subject").is_some_and(|subject| subject.starts_with(DUPLICATE))
        };
        let found = self.rest.list(&answer, "/issues")?;
        let mut ids: Vec<String> = found.iter().filter(of_case).filter_map(|issue| id(issue, "/id")).collect();
        if ids.is_empty()
            && !found.is_empty()
            && found.iter().any(|issue| custom_field(issue, number) != Some(case_id.as_str()))
        {
            let problem = "the field of the case id cannot be searched; make it a filter there, and visible to the key";
            return Err(self.rest.refuses(ACTION, problem));
        }
        ids.sort_by(|a, b| by_age(a, b));
        Ok(ids.into_iter().map(|id| self.reference(id)).collect())
    }

    fn make(&self, ticket: &Ticket) -> Result<TicketRef, DeliverError> {
        const ACTION: &str = "make a ticket";
        let mut fields = Vec::new();
        for (_, field, value) in self.entry.facts(ticket) {
            fields.push(json!({ "id": self.number(ACTION, field)?, "value": value }));
        }
        let mut issue = json!({
            "project_id": self.entry.queue(&ticket.queue),
            "subject": ticket.title,
            "description": redmine(&ticket.body),
            "custom_fields": fields,
        });
        if let Some(tracker) = &self.entry.ticket_type {
            let trackers = self.rest.get(ACTION, &self.url(&["trackers.json"]))?;
            let named = list(&trackers, "/trackers").iter().find(|of_site| text(of_site, "/name") == Some(tracker));
            let named = named.ok_or_else(|| self.rest.refuses(ACTION, format!("there is no tracker `{tracker}`")))?;
            issue["tracker_id"] = named["id"].clone();
        }
        let body = json!({ "issue": issue });
        let answer = self.rest.send(ACTION, &Method::POST, &self.url(&["issues.json"]), &body)?.json()?;
        let id = id(&answer, "/issue/id").ok_or_else(|| self.rest.lacks("the ticket's id"))?;
        Ok(self.reference(id))
    }

    fn differences(&self, ticket: &TicketRef, wanted: &Ticket) -> Result<Vec<String>, DeliverError> {
        const ACTION: &str = "read the ticket back";
        let kept = self.read(ACTION, ticket, "")?;
        let mut differences = Vec::new();
        if text(&kept, "/subject") != Some(&wanted.title) {
            differences.push("the title".to_owned());
        }
        // It writes line ends as Windows does.
        let kept_text = text(&kept, "/description").unwrap_or_default().replace("\r\n", "\n");
        if kept_text.trim_end() != redmine(&wanted.body).trim_end() {
            differences.push("the text".to_owned());
        }
        for (_, field, value) in self.entry.facts(wanted) {
            if custom_field(&kept, self.number(ACTION, field)?) != Some(&value) {
                differences.push(format!("the field `{field}`"));
            }
        }
        Ok(differences)
    }

    fn close_duplicate(&self, younger: &TicketRef, older: &TicketRef) -> Result<(), DeliverError> {
        const ACTION: &str = "close a duplicate";
        let subject = text(&self.read(ACTION, younger, "")?, "/subject").unwrap_or_default().to_owned();
        let relation = json!({ "relation": { "issue_to_id": older.id, "relation_type": "duplicates" } });
        match self.rest.send(ACTION, &Method::POST, &self.url(&["issues", &younger.id, "relations.json"]), &relation) {
            // From a run that was killed here.
            Ok(_) | Err(DeliverError::Refused { .. }) => {}
            Err(e) => return Err(e),
        }
        let statuses = self.statuses(ACTION)?;
        let closed = statuses.iter().find(|status| status["is_closed"] == json!(true));
        let closed = closed.ok_or_else(|| self.rest.lacks("a status that closes"))?;
        // In one change: with the subject the ticket is out of sight.
        let subject: String = format!("{DUPLICATE}{}] {subject}", older.id).chars().take(255).collect();
        self.change(ACTION, younger, &json!({ "status_id": closed["id"], "subject": subject }))
    }

    fn most_attachment_bytes(&self) -> Result<Option<u64>, DeliverError> {
        Ok(None) // It has a limit that it tells only when it refuses.
    }

    fn files(&self, ticket: &TicketRef) -> Result<Vec<StoredFile>, DeliverError> {
        let issue = self.read("list the files", ticket, "attachments")?;
        let files = self.rest.list(&issue, "/attachments")?.iter().filter_map(|file| {
            Some(StoredFile {
                id: id(file, "/id")?,
                name: text(file, "/filename")?.to_owned(),
                size: file["filesize"].as_u64(),
            })
        });
        Ok(files.collect())
    }

    fn upload(&self, ticket: &TicketRef, file: &Outgoing<'_>) -> Result<Option<Sha256Digest>, DeliverError> {
        const ACTION: &str = "attach a file";
        let url = self.rest.url_with(&["uploads.json"], &[("filename", file.name)]);
        // What is uploaded and not attached is thrown away there.
        let sent = self.rest.send_file(ACTION, &url, file.size, Repeat::Always, |request| {
            let content = Body::sized(file.open()?, file.size);
            Ok(request.header("content-type", "application/octet-stream").body(content))
        });
        let answer = sent.map_err(|e| match &e {
            DeliverError::Refused { system, problem, .. } => match limit_in(problem) {
                Some(most) => {
                    DeliverError::TooLarge { system: system.clone(), file: file.name.to_owned(), size: file.size, most }
                }
                None => e,
            },
            _ => e,
        })?;
        let answer = answer.json()?;
        let token = text(&answer, "/upload/token").ok_or_else(|| self.rest.lacks("the upload's token"))?;
        let upload = json!({ "token": token, "filename": file.name, "content_type": "application/zip" });
        self.change(ACTION, ticket, &json!({ "uploads": [upload] }))?;
        // It computes this over the bytes as they come in, and stores them under it.
        Ok(token.split_once('.').and_then(|(_, digest)| Sha256Digest::parse(digest).ok()))
    }

    fn download(&self, file: &StoredFile, sink: &mut dyn Write, most: u64) -> Result<bool, DeliverError> {
        let url = self.url(&["attachments", "download", &file.id, &file.name]);
        self.rest.download("read a file back", &url, sink, most).map(|()| true)
    }

    fn has_comment(&self, ticket: &TicketRef, key: &str) -> Result<bool, DeliverError> {
        let issue = self.read("read the comments", ticket, "journals")?;
        let of_key = |notes: &str| notes.lines().any(|line| line.trim() == key);
        Ok(self.rest.list(&issue, "/journals")?.iter().any(|entry| text(entry, "/notes").is_some_and(of_key)))
    }

    fn add_comment(&self, ticket: &TicketRef, key: &str, text: &str) -> Result<(), DeliverError> {
        let notes = redmine(&format!("{}\n\n{key}\n", text.trim_end()));
        self.change("add a comment", ticket, &json!({ "notes": notes }))
    }

    fn write_severity(&self, ticket: &TicketRef, severity: Severity) -> Result<bool, DeliverError> {
        const ACTION: &str = "set the severity";
        let Some(field) = self.entry.fields.get("severity") else { return Ok(false) };
        let field = json!({ "id": self.number(ACTION, field)?, "value": self.entry.severity(severity) });
        self.change(ACTION, ticket, &json!({ "custom_fields": [field] })).map(|()| true)
    }

    fn write_status(&self, ticket: &TicketRef, status: TicketStatus) -> Result<(), DeliverError> {
        const ACTION: &str = "set the state";
        let word = self.status_word(status);
        let statuses = self.statuses(ACTION)?;
        let named = statuses.iter().find(|of_site| text(of_site, "/name") == Some(word));
        let named = named.ok_or_else(|| self.rest.refuses(ACTION, format!("there is no status `{word}`")))?;
        self.change(ACTION, ticket, &json!({ "status_id": named["id"] }))
    }

    fn state(&self, ticket: &TicketRef) -> Result<TicketState, DeliverError> {
        const ACTION: &str = "read the state";
        let issue = self.read(ACTION, ticket, "journals")?;
        let word = text(&issue, "/status/name").ok_or_else(|| self.rest.lacks("the ticket's status"))?.to_owned();
        let closed = issue.pointer("/status/is_closed") == Some(&json!(true));
        let named = [TicketStatus::Waiting, TicketStatus::Resolved].into_iter().find(|s| self.status_word(*s) == word);
        let taken = text(&issue, "/assigned_to/name").and_then(|who| {
            let assigns = |entry: &&Value| {
                list(entry, "/details").iter().any(|detail| text(detail, "/name") == Some("assigned_to_id"))
            };
            let at = list(&issue, "/journals").iter().rev().find(assigns).and_then(|entry| time(entry, "/created_on"));
            let at = at.or_else(|| time(&issue, "/created_on"))?;
            Some(Acknowledgement { by: who.to_owned(), at, way: self.rest.name().to_owned() })
        });
        let severity = match self.entry.fields.get("severity") {
            Some(field) => {
                custom_field(&issue, self.number(ACTION, field)?).and_then(|theirs| self.entry.severity_of(theirs))
            }
            None => None,
        };
        let status = named.unwrap_or(if closed { TicketStatus::Resolved } else { TicketStatus::Open });
        Ok(TicketState { status, word, taken, severity })
    }
}
