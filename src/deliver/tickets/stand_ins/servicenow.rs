//! ServiceNow: the tables `incident` and `sys_journal_field` and the attachments, as far as we use them.

use serde_json::{Map, Value, json};
use url::Url;

use super::{StandIn, State, TOKEN, parts, query, refused};
use crate::deliver::loopback::{Asked, Reply};

/// A ServiceNow instance.
pub fn start() -> StandIn {
    StandIn::start(("authorization", format!("Bearer {TOKEN}")), answer)
}

/// A record of `incident`: all values are texts, and a longer description is cut without a word.
fn record_schema(required: &[&str]) -> Value {
    json!({
        "type": "object",
        "required": required,
        "minProperties": 1,
        "additionalProperties": { "type": "string" },
        "properties": {
            "short_description": { "type": "string", "maxLength": 160, "pattern": "^[^\\n\\r]+$" },
            "state": { "enum": ["1", "2", "3", "6", "7"] },
            "work_notes": { "type": "string", "not": { "pattern": "\\[[cC][oO][dD][eE]\\]" } },
        },
    })
}

fn take(state: &mut State, number: usize, change: &Value) {
    for (name, value) in change.as_object().into_iter().flatten() {
        match name.as_str() {
            "work_notes" => state.tickets[number]["notes"].as_array_mut().expect("a list").push(value.clone()),
            "description" => {
                let cut: String = value.as_str().unwrap_or_default().chars().take(4000).collect();
                state.tickets[number]["description"] = json!(cut.replace('\n', "\r\n"));
            }
            name => state.tickets[number][name] = value.clone(),
        }
    }
}

fn answer(asked: &Asked, url: &Url, state: &mut State) -> Option<Reply> {
    let all = parts(url);
    let ["api", "now", call @ ..] = all.as_slice() else { return None };
    Some(match (asked.method.as_str(), call) {
        ("GET", ["table", "incident"]) => {
            let asked = query(url, "sysparm_query")?;
            let case = asked.strip_prefix("correlation_id=")?.split('^').next()?.to_owned();
            let found: Vec<&Value> = state.tickets.iter().filter(|t| t["correlation_id"] == json!(case)).collect();
            Reply::json(200, &json!({ "result": found }))
        }
        ("POST", ["table", "incident"]) => {
            let schema = record_schema(&["short_description", "description", "correlation_id"]);
            let Some(record) = state.body(asked, &schema) else { return Some(refused()) };
            let number = state.tickets.len();
            let sys_id = format!("{number:032x}");
            state.tickets.push(json!({
                "sys_id": sys_id, "state": "1", "notes": [], "assigned_to": "Kim", "sys_updated_on": "2026-11-24 09:00:00",
            }));
            take(state, number, &record);
            Reply::json(201, &json!({ "result": { "sys_id": sys_id, "number": "INC001" } }))
        }
        ("GET", ["table", "sys_journal_field"]) => {
            let asked = query(url, "sysparm_query")?;
            let sys_id = asked.strip_prefix("element_id=")?.split('^').next()?.to_owned();
            let number = state.ticket("sys_id", &sys_id)?;
            let notes = state.tickets[number]["notes"].as_array()?;
            let wanted = asked.split_once("^valueLIKE")?.1;
            let holds = |note: &&Value| note.as_str().is_some_and(|note| note.contains(wanted));
            let notes: Vec<Value> =
                notes.iter().filter(holds).map(|note| json!({ "element_id": sys_id, "value": note })).collect();
            Reply::json(200, &json!({ "result": notes }))
        }
        ("GET", ["table", "incident", sys_id]) => {
            let number = state.ticket("sys_id", sys_id)?;
            let mut shown = Map::new();
            for (name, value) in state.tickets[number].as_object()? {
                shown.insert(name.clone(), json!({ "value": value, "display_value": value }));
            }
            Reply::json(200, &json!({ "result": shown }))
        }
        ("PATCH", ["table", "incident", sys_id]) => {
            let number = state.ticket("sys_id", sys_id)?;
            let Some(change) = state.body(asked, &record_schema(&[])) else { return Some(refused()) };
            if change["state"] == json!("6")
                && (change.get("close_code").is_none() || change.get("close_notes").is_none())
            {
                return Some(Reply::json(403, &json!({ "error": { "message": "Data Policy Exception" } })));
            }
            take(state, number, &change);
            Reply::json(200, &json!({ "result": {} }))
        }
        ("GET", ["attachment"]) => {
            let files = state.files.iter().enumerate().map(|(id, (number, name, bytes))| {
                json!({
                    "sys_id": format!("{id:032x}"), "table_sys_id": format!("{number:032x}"),
                    "file_name": name, "size_bytes": bytes.len().to_string(),
                })
            });
            Reply::json(200, &json!({ "result": files.collect::<Vec<_>>() }))
        }
        ("POST", ["attachment", "file"]) => {
            let number = state.ticket("sys_id", &query(url, "table_sys_id")?)?;
            if query(url, "table_name").as_deref() != Some("incident")
                || asked.header("content-type") != Some("application/zip")
            {
                state.faults.push("a file for another table or of another type".to_owned());
                return Some(refused());
            }
            let kept = state.cut_files.map_or(&asked.body[..], |most| &asked.body[..most.min(asked.body.len())]);
            state.files.push((number, query(url, "file_name")?, kept.to_vec()));
            Reply::json(201, &json!({ "result": { "size_bytes": asked.body.len().to_string() } }))
        }
        ("GET", ["attachment", id, "file"]) => {
            let (_, _, bytes) = state.files.get(usize::from_str_radix(id, 16).ok()?)?;
            Reply::Answer(200, Vec::new(), bytes.clone())
        }
        _ => return None,
    })
}
