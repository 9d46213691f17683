//! Jira: REST 3 with documents and REST 2 with wiki text, as far as we use them.

use data_encoding::BASE64;
use serde_json::{Value, json};
use url::Url;

use super::{Answering, StandIn, State, TOKEN, file_of_form, parts, query, refused};
use crate::deliver::loopback::{Asked, Reply};

/// The Cloud.
pub fn cloud() -> StandIn {
    let basic = format!("Basic {}", BASE64.encode(format!("ann@agent.example:{TOKEN}").as_bytes()));
    StandIn::start(("authorization", basic), answering("3"))
}

/// One's own.
pub fn data_center() -> StandIn {
    StandIn::start(("authorization", format!("Bearer {TOKEN}")), answering("2"))
}

fn answering(version: &str) -> Answering {
    if version == "3" {
        |asked, url, state| answer(asked, url, state, true)
    } else {
        |asked, url, state| answer(asked, url, state, false)
    }
}

/// A text: a document of version 1 in the Cloud, a string elsewhere.
fn rich(cloud: bool) -> Value {
    if !cloud {
        return json!({ "type": "string", "maxLength": 32767 });
    }
    json!({
        "type": "object",
        "required": ["type", "version", "content"],
        "properties": {
            "type": { "const": "doc" },
            "version": { "const": 1 },
            "content": { "type": "array", "items": {
                "type": "object",
                "required": ["type"],
                "properties": { "type": { "enum": ["paragraph", "heading", "bulletList", "codeBlock"] } },
            } },
        },
        "additionalProperties": false,
    })
}

fn answer(asked: &Asked, url: &Url, state: &mut State, cloud: bool) -> Option<Reply> {
    let all = parts(url);
    if let ["secure", "attachment", id, _] = all.as_slice() {
        return (!cloud).then(|| content(state, id))?;
    }
    let version = if cloud { "3" } else { "2" };
    let ["rest", "api", asked_version, call @ ..] = all.as_slice() else { return None };
    if *asked_version != version {
        return None;
    }
    match (asked.method.as_str(), call) {
        ("GET", ["search", "jql"]) if cloud => Some(search(url, state)),
        ("GET", ["search"]) if !cloud => Some(search(url, state)),
        ("GET", ["attachment", "meta"]) => Some(Reply::json(200, &json!({ "enabled": true, "uploadLimit": 1000 }))),
        ("GET", ["attachment", "content", id]) if cloud => content(state, id),
        ("POST", ["issue"]) => Some(make(asked, state, cloud)),
        ("POST", ["issueLink"]) => {
            let end = json!({ "type": "object", "required": ["key"] });
            let schema = json!({
                "type": "object",
                "required": ["type", "inwardIssue", "outwardIssue"],
                "properties": { "inwardIssue": end, "outwardIssue": end, "type": { "required": ["name"] } },
            });
            let linked = state.body(asked, &schema).is_some();
            // A site whose administrator took the kind of link away.
            Some(if linked && state.dropped_field.is_none() { Reply::status(201) } else { refused() })
        }
        (_, ["issue", key, rest @ ..]) => {
            let number = state.ticket("key", key)?;
            issue(asked, url, rest, number, state, cloud)
        }
        _ => None,
    }
}

fn search(url: &Url, state: &State) -> Reply {
    let jql = query(url, "jql").unwrap_or_default();
    let found: Vec<&Value> = state
        .tickets
        .iter()
        .filter(|ticket| {
            let labels = ticket["fields"]["labels"].as_array().expect("a list");
            labels.iter().any(|label| jql == format!("labels = {label} ORDER BY created ASC"))
        })
        .collect();
    Reply::json(200, &json!({ "issues": found }))
}

fn make(asked: &Asked, state: &mut State, cloud: bool) -> Reply {
    let schema = json!({
        "type": "object",
        "required": ["fields"],
        "properties": { "fields": {
            "type": "object",
            "required": ["project", "issuetype", "summary", "description", "labels"],
            "properties": {
                "project": { "type": "object", "required": ["key"] },
                "issuetype": { "type": "object", "required": ["name"] },
                "summary": { "type": "string", "maxLength": 255, "pattern": "^[^\\n\\r]+$" },
                "description": rich(cloud),
                "labels": { "type": "array", "items": { "type": "string", "pattern": "^\\S+$" } },
                "customfield_10031": { "type": "object", "required": ["value"] },
            },
        } },
        "additionalProperties": false,
    });
    let Some(mut ticket) = state.body(asked, &schema) else { return refused() };
    let key = format!("OPS-{}", state.tickets.len() + 1);
    if let Some(dropped) = state.dropped_field {
        ticket["fields"][dropped] = Value::Null;
    }
    ticket["key"] = json!(key);
    ticket["fields"]["status"] = json!({ "name": "To Do", "statusCategory": { "key": "new" } });
    ticket["comments"] = json!([]);
    state.tickets.push(ticket);
    Reply::json(201, &json!({ "id": "1", "key": key }))
}

fn issue(
    asked: &Asked,
    asked_url: &Url,
    rest: &[&str],
    number: usize,
    state: &mut State,
    cloud: bool,
) -> Option<Reply> {
    let transitions = [
        ("11", "In Progress", "indeterminate"),
        ("21", "Waiting for customer", "indeterminate"),
        ("31", "Done", "done"),
    ];
    let status =
        |(_, name, category): (&str, &str, &str)| json!({ "name": name, "statusCategory": { "key": category } });
    Some(match (asked.method.as_str(), rest) {
        ("GET", []) => {
            let mut ticket = state.tickets[number].clone();
            let files = state.files.iter().enumerate().filter(|(_, file)| file.0 == number);
            let files: Vec<Value> = files
                .map(|(id, (_, name, bytes))| json!({ "id": id.to_string(), "filename": name, "size": bytes.len() }))
                .collect();
            ticket["fields"]["attachment"] = json!(files);
            ticket["fields"]["assignee"] = json!({ "displayName": "Kim" });
            ticket["changelog"] = json!({ "histories": [
                { "created": "2026-11-24T10:00:00.000+0100", "items": [{ "field": "assignee" }] },
            ] });
            Reply::json(200, &ticket)
        }
        ("PUT", []) => {
            let schema = json!({ "type": "object", "minProperties": 1, "properties": { "fields": { "type": "object" }, "update": {
                "type": "object", "properties": { "labels": { "type": "array", "items": { "required": ["add"] } } },
            } }, "additionalProperties": false });
            let Some(change) = state.body(asked, &schema) else { return Some(refused()) };
            let fields = state.tickets[number]["fields"].as_object_mut().expect("an object");
            for (name, value) in change["fields"].as_object().into_iter().flatten() {
                fields.insert(name.clone(), value.clone());
            }
            for label in change["update"]["labels"].as_array().into_iter().flatten() {
                fields["labels"].as_array_mut().expect("a list").push(label["add"].clone());
            }
            Reply::status(204)
        }
        ("POST", ["attachments"]) => {
            let file = file_of_form(asked, "file").filter(|_| asked.header("x-atlassian-token") == Some("no-check"));
            let Some((name, bytes)) = file else {
                state.faults.push("no file, or no word against cross-site requests".to_owned());
                return Some(refused());
            };
            state.files.push((number, name, bytes));
            Reply::json(200, &json!([{ "id": (state.files.len() - 1).to_string() }]))
        }
        ("GET", ["comment"]) => {
            // A site that gives one at a time, whatever it is asked for.
            let all = state.tickets[number]["comments"].as_array().expect("a list");
            let start: usize = query(asked_url, "startAt").and_then(|start| start.parse().ok()).unwrap_or(0);
            let page: Vec<&Value> = all.iter().skip(start).take(1).collect();
            Reply::json(200, &json!({ "comments": page, "total": all.len(), "startAt": start, "maxResults": 1 }))
        }
        ("POST", ["comment"]) => {
            let schema = json!({ "type": "object", "required": ["body"], "properties": { "body": rich(cloud) }, "additionalProperties": false });
            let Some(comment) = state.body(asked, &schema) else { return Some(refused()) };
            state.tickets[number]["comments"].as_array_mut().expect("a list").push(comment);
            Reply::json(201, &json!({}))
        }
        ("GET", ["transitions"]) => {
            let all: Vec<Value> =
                transitions.iter().map(|to| json!({ "id": to.0, "name": to.1, "to": status(*to) })).collect();
            Reply::json(200, &json!({ "transitions": all }))
        }
        ("POST", ["transitions"]) => {
            let schema = json!({ "type": "object", "required": ["transition"], "properties": { "transition": { "required": ["id"] } } });
            let Some(change) = state.body(asked, &schema) else { return Some(refused()) };
            let to = transitions.into_iter().find(|to| change["transition"]["id"] == json!(to.0))?;
            state.tickets[number]["fields"]["status"] = status(to);
            Reply::status(204)
        }
        _ => return None,
    })
}

fn content(state: &State, id: &str) -> Option<Reply> {
    let (_, _, bytes) = state.files.get(id.parse::<usize>().ok()?)?;
    Some(Reply::Answer(200, Vec::new(), bytes.clone()))
}
