//! A receiver of webhooks, as docs/tickets.md wants it: it checks the signature, and a key that it knows changes nothing.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use url::Url;

use super::{StandIn, State, TOKEN, query, refused};
use crate::deliver::loopback::{Asked, Reply};

/// A receiver.
pub fn start() -> StandIn {
    StandIn::start(("authorization", format!("Bearer {TOKEN}")), answer)
}

fn schema() -> Value {
    let of_ticket = |event: &str, more: Value| {
        let mut properties = json!({
            "schema": { "const": "casefile-webhook/1" }, "event": { "const": event }, "id": { "type": "string" },
        });
        let more = more.as_object().expect("an object").clone();
        let required: Vec<String> = more.keys().cloned().chain(["schema", "event", "id"].map(str::to_owned)).collect();
        properties.as_object_mut().expect("an object").extend(more);
        json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
    };
    let text = json!({ "type": "string" });
    let severity = json!({ "enum": ["SEV1", "SEV2", "SEV3", "SEV4"] });
    let mut ticket = of_ticket(
        "ticket",
        json!({ "case_id": text, "queue": text, "severity": severity, "title": text, "text": text, "fields": { "type": "object" } }),
    );
    ticket["required"].as_array_mut().expect("a list").retain(|name| name != "id");
    json!({ "oneOf": [
        ticket,
        of_ticket("comment", json!({ "key": text, "text": text })),
        of_ticket("severity", json!({ "severity": severity })),
        of_ticket("status", json!({ "status": { "enum": ["open", "waiting", "resolved"] } })),
        of_ticket("duplicate", json!({ "duplicate_of": text })),
    ] })
}

fn answer(asked: &Asked, url: &Url, state: &mut State) -> Option<Reply> {
    if asked.method == "GET" {
        let (name, wanted) = ["case_id", "id"].into_iter().find_map(|name| Some((name, query(url, name)?)))?;
        let found: Vec<&Value> = state.tickets.iter().filter(|ticket| ticket[name] == json!(wanted)).collect();
        return Some(Reply::json(200, &json!({ "tickets": found })));
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(TOKEN.as_bytes()).expect("a key");
    mac.update(&asked.body);
    let signature = format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()));
    let Some(event) = state.body(asked, &schema()) else { return Some(refused()) };
    let Some(key) =
        asked.header("idempotency-key").filter(|_| asked.header("x-casefile-signature") == Some(&signature))
    else {
        state.faults.push("not signed, or without a key".to_owned());
        return Some(refused());
    };
    let again = state.uploads.iter().any(|(known, _)| known == key);
    state.uploads.push((key.to_owned(), Vec::new()));
    let number = match event["event"].as_str()? {
        "ticket" if again => state.ticket("case_id", event["case_id"].as_str()?)?,
        "ticket" => {
            let id = format!("w{}", state.tickets.len() + 1);
            state.tickets.push(json!({
                "id": id, "url": "https://desk.example/1", "case_id": event["case_id"], "title": event["title"],
                "severity": event["severity"], "status": "open", "comments": [],
                "taken_by": "Kim", "taken_at": "2026-11-24T09:00:00Z",
            }));
            state.tickets.len() - 1
        }
        kind => {
            let number = state.ticket("id", event["id"].as_str()?)?;
            match kind {
                _ if again => {}
                "comment" => state.tickets[number]["comments"].as_array_mut()?.push(event["key"].clone()),
                "duplicate" => state.tickets[number]["duplicate_of"] = event["duplicate_of"].clone(),
                other => state.tickets[number][other] = event[other].clone(),
            }
            number
        }
    };
    Some(Reply::json(200, &state.tickets[number]))
}
