//! Zendesk: tickets, uploads and comments, as far as we use them.

use data_encoding::BASE64;
use serde_json::{Value, json};
use url::Url;

use super::{StandIn, State, TOKEN, parts, query, refused};
use crate::deliver::loopback::{Asked, Reply};

/// A Zendesk.
pub fn start() -> StandIn {
    let basic = format!("Basic {}", BASE64.encode(format!("ann@agent.example/token:{TOKEN}").as_bytes()));
    StandIn::start(("authorization", basic), answer)
}

/// A change to a ticket, and the ticket that is made.
fn ticket_schema(required: &[&str]) -> Value {
    json!({
        "type": "object",
        "required": ["ticket"],
        "additionalProperties": false,
        "properties": { "ticket": {
            "type": "object",
            "required": required,
            "additionalProperties": false,
            "properties": {
                "subject": { "type": "string", "pattern": "^[^\\n\\r]+$" },
                "external_id": { "type": "string" },
                "priority": { "enum": ["urgent", "high", "normal", "low"] },
                "status": { "enum": ["new", "open", "pending", "hold", "solved", "closed"] },
                "group_id": { "type": "integer" },
                "tags": { "type": "array", "items": { "type": "string", "pattern": "^[a-z0-9_]+$" } },
                "custom_fields": { "type": "array", "items": {
                    "type": "object", "required": ["id", "value"], "properties": { "id": { "type": "integer" } },
                } },
                "comment": {
                    "type": "object",
                    "required": ["html_body", "public"],
                    "additionalProperties": false,
                    "properties": {
                        "html_body": { "type": "string", "minLength": 1, "maxLength": 65536, "not": { "pattern": "\\{\\{|\\{%" } },
                        // What we write is for colleagues.
                        "public": { "const": false },
                        "uploads": { "type": "array", "items": { "type": "string" } },
                    },
                },
            },
        } },
    })
}

fn answer(asked: &Asked, url: &Url, state: &mut State) -> Option<Reply> {
    let all = parts(url);
    let ["api", "v2", call @ ..] = all.as_slice() else { return None };
    Some(match (asked.method.as_str(), call) {
        ("GET", ["tickets.json"]) => {
            let wanted = query(url, "external_id")?;
            let found: Vec<&Value> = state.tickets.iter().filter(|t| t["external_id"] == json!(wanted)).collect();
            Reply::json(200, &json!({ "tickets": found }))
        }
        ("POST", ["tickets.json"]) => {
            let schema = ticket_schema(&["subject", "comment", "external_id"]);
            let Some(mut body) = state.body(asked, &schema) else { return Some(refused()) };
            if asked.header("idempotency-key").is_none() {
                state.faults.push("a ticket is made without a key".to_owned());
            }
            let mut ticket = body["ticket"].take();
            let comment = ticket["comment"].take();
            ticket["id"] = json!(state.tickets.len() + 1);
            ticket["status"] = json!("new");
            ticket["assignee_id"] = json!(77);
            ticket["updated_at"] = json!("2026-11-24T09:00:00Z");
            ticket["comments"] = json!([comment]);
            let answer = json!({ "ticket": ticket });
            state.tickets.push(ticket);
            Reply::json(201, &answer)
        }
        ("GET", ["users", "77.json"]) => Reply::json(200, &json!({ "user": { "name": "Kim" } })),
        ("POST", ["uploads.json"]) => {
            let binary = asked.header("content-type") == Some("application/binary");
            let Some(name) = query(url, "filename").filter(|_| binary) else {
                state.faults.push("an upload without a name or of another type".to_owned());
                return Some(refused());
            };
            state.uploads.push((name, asked.body.clone()));
            Reply::json(201, &json!({ "upload": { "token": format!("up{}", state.uploads.len() - 1) } }))
        }
        ("GET", ["tickets", id, "comments.json"]) => {
            let number = state.ticket("id", id)?;
            let mut comments = state.tickets[number]["comments"].clone();
            let files = state.files.iter().enumerate().filter(|(_, file)| file.0 == number);
            let files: Vec<Value> = files
                .map(|(id, (_, name, bytes))| json!({ "id": id, "file_name": name, "size": bytes.len() }))
                .collect();
            comments.as_array_mut()?.push(json!({ "html_body": "", "attachments": files }));
            // A site that gives two at a time, whatever it is asked for.
            let all = comments.as_array()?;
            let page: usize = query(url, "page")?.parse().ok()?;
            let (from, to) = ((2 * page - 2).min(all.len()), (2 * page).min(all.len()));
            let next = (to < all.len()).then(|| format!("https://desk.example/comments.json?page={}", page + 1));
            Reply::json(200, &json!({ "comments": all[from..to], "next_page": next }))
        }
        (method, ["tickets", id]) => {
            let number = state.ticket("id", id.strip_suffix(".json")?)?;
            if method == "GET" {
                return Some(Reply::json(200, &json!({ "ticket": state.tickets[number] })));
            }
            let Some(body) = state.body(asked, &ticket_schema(&[])) else { return Some(refused()) };
            for (name, value) in body["ticket"].as_object()? {
                match name.as_str() {
                    "comment" => {
                        for upload in value["uploads"].as_array().into_iter().flatten() {
                            let at: usize = upload.as_str()?.strip_prefix("up")?.parse().ok()?;
                            let (name, bytes) = state.uploads.get(at)?.clone();
                            state.files.push((number, name, bytes));
                        }
                        state.tickets[number]["comments"].as_array_mut()?.push(value.clone());
                    }
                    name => state.tickets[number][name] = value.clone(),
                }
            }
            Reply::json(200, &json!({ "ticket": state.tickets[number] }))
        }
        _ => return None,
    })
}
