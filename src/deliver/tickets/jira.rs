//! Jira: the Cloud by REST 3 with documents, one's own by REST 2 with wiki text. A case is found by a label. The Cloud's
//! search lags behind by seconds, so what was just made is read by its key.

use std::io::Write;

use reqwest::Method;
use reqwest::blocking::multipart::{Form, Part};
use serde_json::{Map, Value, json};
use url::Url;

use super::super::notifiers::Acknowledgement;
use super::reading::{id, list, text, time};
use super::rest::{Repeat, Rest};
use super::{DeliverError, Outgoing, StoredFile, TicketApi, TicketRef, TicketState, TicketStatus, shortened};
use crate::escalate::Ticket;
use crate::escalate::markup::{jira_document, jira_wiki};
use crate::escalate::ticket_systems::{Kind, TicketSystemEntry};
use crate::model::{CaseId, Severity, Sha256Digest};

/// The label of what was closed as a duplicate.
const DUPLICATE: &str = "casefile-duplicate";

/// Longest text of a field, in characters; Jira refuses above 32,767.
const MOST_CHARACTERS: usize = 30_000;

/// A Jira.
pub(super) struct Jira {
    rest: Rest,
    entry: TicketSystemEntry,
    cloud: bool,
}

impl Jira {
    pub(super) fn new(rest: Rest, entry: TicketSystemEntry) -> Self {
        let cloud = entry.kind == Kind::JiraCloud;
        Self { rest, entry, cloud }
    }

    fn url(&self, parts: &[&str], query: &[(&str, &str)]) -> Url {
        let version = if self.cloud { "3" } else { "2" };
        let parts: Vec<&str> = ["rest", "api", version].iter().chain(parts).copied().collect();
        if query.is_empty() { self.rest.url(&parts) } else { self.rest.url_with(&parts, query) }
    }

    fn reference(&self, key: String) -> TicketRef {
        let location = self.rest.url(&["browse", &key]).to_string();
        TicketRef { system: self.entry.kind.name(), id: key, location }
    }

    fn rich(&self, text: &str) -> Value {
        let text = shortened(text, MOST_CHARACTERS);
        if self.cloud { jira_document(&text) } else { Value::String(jira_wiki(&text)) }
    }

    fn read(&self, action: &'static str, ticket: &TicketRef, query: &[(&str, &str)]) -> Result<Value, DeliverError> {
        self.rest.get(action, &self.url(&["issue", &ticket.id], query))
    }

    /// A value in the shape of its field: the priority has a name, the severity is an option, the rest is text.
    fn shaped(fact: &str, field: &str, value: &str) -> Value {
        match (fact, field) {
            (_, "priority") => json!({ "name": value }),
            ("severity" | "severity_by_facts", _) => json!({ "value": value }),
            _ => json!(value),
        }
    }

    fn status_named(&self, status: TicketStatus) -> Option<&str> {
        let names = &self.entry.statuses;
        match status {
            TicketStatus::Open => names.open.as_deref(),
            TicketStatus::Waiting => names.waiting.as_deref(),
            TicketStatus::Resolved => names.resolved.as_deref(),
            TicketStatus::Unknown => None,
        }
    }

    fn status_of(&self, word: &str, category: Option<&str>) -> TicketStatus {
        let ours = [TicketStatus::Open, TicketStatus::Waiting, TicketStatus::Resolved];
        if let Some(named) = ours.into_iter().find(|status| self.status_named(*status) == Some(word)) {
            return named;
        }
        match category {
            Some("done") => TicketStatus::Resolved,
            Some(_) if word.to_lowercase().contains("waiting") => TicketStatus::Waiting,
            Some("new" | "indeterminate") => TicketStatus::Open,
            _ => TicketStatus::Unknown,
        }
    }
}

/// The text of a field: a value, or what stands in the option or priority.
fn kept<'a>(issue: &'a Value, field: &str) -> Option<&'a str> {
    let value = issue.get("fields")?.get(field)?;
    value.as_str().or_else(|| text(value, "/value")).or_else(|| text(value, "/name"))
}

/// All lines of a document or wiki text.
fn lines(body: &Value, out: &mut Vec<String>) {
    match body {
        Value::String(text) => out.extend(text.lines().map(str::to_owned)),
        Value::Object(_) => {
            if let Some(text) = text(body, "/text") {
                out.extend(text.lines().map(str::to_owned));
            }
            list(body, "/content").iter().for_each(|inner| lines(inner, out));
        }
        _ => {}
    }
}

impl TicketApi for Jira {
    fn find_all(&self, case_id: &CaseId) -> Result<Vec<TicketRef>, DeliverError> {
        let label = label(case_id);
        let query = format!("labels = \"{label}\" ORDER BY created ASC");
        let query = [("jql", query.as_str()), ("fields", "labels"), ("maxResults", "50")];
        let parts: &[&str] = if self.cloud { &["search", "jql"] } else { &["search"] };
        let answer = self.rest.get("look for the ticket", &self.url(parts, &query))?;
        let of_case = |issue: &&Value| {
            let labels = list(issue, "/fields/labels");
            labels.contains(&json!(label)) && !labels.contains(&json!(DUPLICATE))
        };
        let found = self.rest.list(&answer, "/issues")?.iter().filter(of_case);
        Ok(found.filter_map(|issue| id(issue, "/key")).map(|key| self.reference(key)).collect())
    }

    fn make(&self, ticket: &Ticket) -> Result<TicketRef, DeliverError> {
        const ACTION: &str = "make a ticket";
        let mut fields = Map::new();
        for (fact, field, value) in self.entry.facts(ticket) {
            fields.insert(field.to_owned(), Self::shaped(fact, field, &value));
        }
        let kind = self.entry.ticket_type.as_deref().unwrap_or("Task");
        fields.insert("project".to_owned(), json!({ "key": self.entry.queue(&ticket.queue) }));
        fields.insert("issuetype".to_owned(), json!({ "name": kind }));
        fields.insert("summary".to_owned(), json!(ticket.title));
        fields.insert("description".to_owned(), self.rich(&ticket.body));
        fields.insert("labels".to_owned(), json!(["casefile", label(&ticket.case_id)]));
        let body = json!({ "fields": fields });
        let answer = self.rest.send(ACTION, &Method::POST, &self.url(&["issue"], &[]), &body)?.json()?;
        let key = id(&answer, "/key").ok_or_else(|| self.rest.lacks("the ticket's key"))?;
        Ok(self.reference(key))
    }

    fn differences(&self, ticket: &TicketRef, wanted: &Ticket) -> Result<Vec<String>, DeliverError> {
        let mut fields = vec!["summary", "labels"];
        fields.extend(self.entry.facts(wanted).map(|(_, field, _)| field));
        let issue = self.read("read the ticket back", ticket, &[("fields", &fields.join(","))])?;
        let mut differences = Vec::new();
        if text(&issue, "/fields/summary") != Some(&wanted.title) {
            differences.push("the title".to_owned());
        }
        if !list(&issue, "/fields/labels").contains(&json!(label(&wanted.case_id))) {
            differences.push("the label of the case".to_owned());
        }
        for (_, field, value) in self.entry.facts(wanted) {
            if kept(&issue, field) != Some(&value) {
                differences.push(format!("the field `{field}`"));
            }
        }
        Ok(differences)
    }

    fn close_duplicate(&self, younger: &TicketRef, older: &TicketRef) -> Result<(), DeliverError> {
        const ACTION: &str = "close a duplicate";
        let link = json!({
            "type": { "name": "Duplicate" },
            "inwardIssue": { "key": younger.id },
            "outwardIssue": { "key": older.id },
        });
        match self.rest.send(ACTION, &Method::POST, &self.url(&["issueLink"], &[]), &link) {
            Ok(_) => {}
            // A site may have no such kind of link.
            Err(DeliverError::Refused { .. }) => {
                let key = "casefile-duplicate-of";
                if !self.has_comment(younger, key)? {
                    self.add_comment(younger, key, &format!("Duplicate of {}.\n\n{}\n", older.id, older.location))?;
                }
            }
            Err(e) => return Err(e),
        }
        if self.state(younger)?.status != TicketStatus::Resolved {
            self.write_status(younger, TicketStatus::Resolved)?;
        }
        // Last, because with it the ticket is out of sight.
        let change = json!({ "update": { "labels": [{ "add": DUPLICATE }] } });
        self.rest.send(ACTION, &Method::PUT, &self.url(&["issue", &younger.id], &[]), &change).map(drop)
    }

    fn most_attachment_bytes(&self) -> Result<Option<u64>, DeliverError> {
        let answer = self.rest.get("ask for the largest file", &self.url(&["attachment", "meta"], &[]))?;
        if answer["enabled"] == json!(false) {
            return Ok(Some(0));
        }
        Ok(answer["uploadLimit"].as_u64())
    }

    fn files(&self, ticket: &TicketRef) -> Result<Vec<StoredFile>, DeliverError> {
        let issue = self.read("list the files", ticket, &[("fields", "attachment")])?;
        let files = self.rest.list(&issue, "/fields/attachment")?.iter().filter_map(|file| {
            let name = text(file, "/filename")?.to_owned();
            Some(StoredFile { id: id(file, "/id")?, name, size: file["size"].as_u64() })
        });
        Ok(files.collect())
    }

    fn upload(&self, ticket: &TicketRef, file: &Outgoing<'_>) -> Result<Option<Sha256Digest>, DeliverError> {
        let url = self.url(&["issue", &ticket.id, "attachments"], &[]);
        self.rest.send_file("attach a file", &url, file.size, Repeat::IfNothingWasDone, |request| {
            let content = Part::reader_with_length(file.open()?, file.size)
                .file_name(file.name.to_owned())
                .mime_str("application/octet-stream")
                .expect("a media type");
            // Without this header a form is taken for one that another site tricked a browser into sending.
            Ok(request.header("x-atlassian-token", "no-check").multipart(Form::new().part("file", content)))
        })?;
        Ok(None)
    }

    fn download(&self, file: &StoredFile, sink: &mut dyn Write, most: u64) -> Result<bool, DeliverError> {
        let url = if self.cloud {
            self.url(&["attachment", "content", &file.id], &[("redirect", "false")])
        } else {
            self.rest.url(&["secure", "attachment", &file.id, &file.name])
        };
        self.rest.download_unless_elsewhere("read a file back", &url, sink, most)
    }

    fn has_comment(&self, ticket: &TicketRef, key: &str) -> Result<bool, DeliverError> {
        const MOST_PAGES: usize = 100;
        let mut seen = 0;
        for _ in 0..MOST_PAGES {
            let start = seen.to_string();
            let query = [("startAt", start.as_str()), ("maxResults", "100")];
            let answer = self.rest.get("read the comments", &self.url(&["issue", &ticket.id, "comment"], &query))?;
            let comments = self.rest.list(&answer, "/comments")?;
            for comment in comments {
                let mut found = Vec::new();
                lines(&comment["body"], &mut found);
                if found.iter().any(|line| line.trim() == key) {
                    return Ok(true);
                }
            }
            // A site may give fewer at a time than we ask for.
            seen += comments.len() as u64;
            if comments.is_empty() || answer["total"].as_u64().is_none_or(|total| seen >= total) {
                break;
            }
        }
        Ok(false)
    }

    fn add_comment(&self, ticket: &TicketRef, key: &str, text: &str) -> Result<(), DeliverError> {
        let text = shortened(text, MOST_CHARACTERS - 200);
        let body = json!({ "body": self.rich(&format!("{}\n\n{key}\n", text.trim_end())) });
        let url = self.url(&["issue", &ticket.id, "comment"], &[]);
        self.rest.send("add a comment", &Method::POST, &url, &body).map(drop)
    }

    fn write_severity(&self, ticket: &TicketRef, severity: Severity) -> Result<bool, DeliverError> {
        let Some(field) = self.entry.fields.get("severity") else { return Ok(false) };
        let change = json!({ "fields": { field: Self::shaped("severity", field, &self.entry.severity(severity)) } });
        let url = self.url(&["issue", &ticket.id], &[]);
        self.rest.send("set the severity", &Method::PUT, &url, &change).map(|_| true)
    }

    fn write_status(&self, ticket: &TicketRef, status: TicketStatus) -> Result<(), DeliverError> {
        const ACTION: &str = "set the state";
        let url = self.url(&["issue", &ticket.id, "transitions"], &[]);
        let answer = self.rest.get(ACTION, &url)?;
        let leads = |to: &&Value| {
            let word = text(to, "/to/name").unwrap_or_default();
            match self.status_named(status) {
                Some(named) => named == word,
                None => self.status_of(word, text(to, "/to/statusCategory/key")) == status,
            }
        };
        let transition = list(&answer, "/transitions").iter().find(leads).and_then(|transition| id(transition, "/id"));
        let transition = transition.ok_or_else(|| {
            self.rest.refuses(
                ACTION,
                "its workflow has no such step from here; name the state in the policy under `statuses`",
            )
        })?;
        let body = json!({ "transition": { "id": transition } });
        self.rest.send(ACTION, &Method::POST, &url, &body).map(drop)
    }

    fn state(&self, ticket: &TicketRef) -> Result<TicketState, DeliverError> {
        // A ticket with all its comments may be longer than an answer may be.
        let mut fields = "status,assignee,updated".to_owned();
        if let Some(severity) = self.entry.fields.get("severity") {
            fields = format!("{fields},{severity}");
        }
        let issue = self.read("read the state", ticket, &[("fields", &fields), ("expand", "changelog")])?;
        let word =
            text(&issue, "/fields/status/name").ok_or_else(|| self.rest.lacks("the ticket's status"))?.to_owned();
        let category = text(&issue, "/fields/status/statusCategory/key");
        let taken = text(&issue, "/fields/assignee/displayName").and_then(|who| {
            let assigns =
                |entry: &&Value| list(entry, "/items").iter().any(|item| text(item, "/field") == Some("assignee"));
            // The Cloud lists the newest change first, one's own Jira last.
            let changes = list(&issue, "/changelog/histories").iter().filter(assigns);
            let at = changes.filter_map(|entry| time(entry, "/created")).max();
            let at = at.or_else(|| time(&issue, "/fields/updated"))?;
            Some(Acknowledgement { by: who.to_owned(), at, way: self.rest.name().to_owned() })
        });
        let severity = self.entry.fields.get("severity").and_then(|field| kept(&issue, field));
        let severity = severity.and_then(|theirs| self.entry.severity_of(theirs));
        Ok(TicketState { status: self.status_of(&word, category), word, taken, severity })
    }
}

/// The label by which a case is found.
fn label(case_id: &CaseId) -> String {
    format!("casefile-{case_id}")
}
